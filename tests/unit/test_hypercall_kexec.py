"""kexec_op: what is packed, and who may."""

from __future__ import annotations

import errno
import struct

import pytest
from simraw import BAD, Raw, refused

import xensys
from xensys.abi import kexec as abi
from xensys.hypercalls.kexec_op import KexecRange, KexecSegment
from xensys.sim import Machine, SimulatorGap

OP = 37


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


def test_a_crash_area_and_the_notes_that_come_with_it(machine, xen):
    machine.hypervisor.kexec.crash_area = (1 << 30, 64 << 20)
    assert xen.kexec_op.get_range(abi.KEXEC_RANGE_MA_CRASH) == KexecRange(1 << 30, 64 << 20)
    first, second = (xen.kexec_op.get_range(abi.KEXEC_RANGE_MA_CPU, nr) for nr in (0, 1))
    assert 0 < first.start < second.start
    with pytest.raises(xensys.XenError) as caught:
        xen.kexec_op.get_range(abi.KEXEC_RANGE_MA_CPU, 2)
    assert caught.value.errno == errno.ERANGE


def loaded(machine, xen, *arguments, **options):
    """The bytes of xen_kexec_load, its table and its sources, as Xen finds them."""
    seen = {}

    class Stop(Exception):
        pass

    def look(caller, arg):
        load = caller.read(arg, 24)
        kind, _, arch, count, table, entry = struct.unpack("<BBHIQQ", load)
        rows = list(struct.iter_unpack("<4Q", caller.read(table, 32 * count)))
        seen.update(kind=kind, arch=arch, entry=entry, rows=rows)
        seen["data"] = [caller.read(row[0], row[1]) if row[0] else None for row in rows]
        raise OSError(errno.ENOMEM, "")

    from xensys.sim.xen import kexec

    real, kexec._load = kexec._load, look
    try:
        with pytest.raises(xensys.XenError) as caught:
            xen.kexec_op.load(*arguments, hazardous=True, **options)
        assert caught.value.errno == errno.ENOMEM
    finally:
        kexec._load = real
    return seen


def test_load_gives_xen_its_segments(machine, xen):
    segments = [
        KexecSegment(0x10_0000, 4096, b"code"),
        KexecSegment(0x20_0000, 8192),
        KexecSegment(0x30_0000, 4096, bytearray(5000)),
        KexecSegment(0x40_0000, 4096, b""),
    ]
    seen = loaded(machine, xen, abi.KEXEC_TYPE_CRASH, segments, 0x10_0010, arch=3)
    assert (seen["kind"], seen["arch"], seen["entry"]) == (1, 3, 0x10_0010)
    assert [row[1:] for row in seen["rows"]] == [
        (4, 0x10_0000, 4096),
        (0, 0x20_0000, 8192),
        (5000, 0x30_0000, 4096),
        (0, 0x40_0000, 4096),
    ]
    assert seen["data"] == [b"code", None, bytes(5000), b""]
    assert loaded(machine, xen, 0, [], 0)["rows"] == []


def test_load_of_what_is_not_modelled_says_so(xen):
    with pytest.raises(SimulatorGap):
        xen.kexec_op.load(0, [], 0, hazardous=True)


def test_values_that_do_not_fit(xen):
    op = xen.kexec_op
    for call, name in (
        (lambda: op.status(256), "xen_kexec_status.type"),
        (lambda: op.unload(-1, hazardous=True), "xen_kexec_unload.type"),
        (lambda: op.kexec(1 << 31, hazardous=True), "xen_kexec_exec.type"),
        (lambda: op.get_range(0, 1 << 31), "xen_kexec_range.nr"),
        (lambda: op.load(0, [], 1 << 64, hazardous=True), "xen_kexec_load.entry_maddr"),
        (lambda: op.load(0, [KexecSegment(-1, 0)], 0, hazardous=True), "xen_kexec_segment.dest_maddr"),
    ):
        with pytest.raises(OverflowError, match=name):
            call()


def test_the_old_interface_takes_hypercall_memory_alone(machine, xen):
    op = xen.kexec_op
    for call in (op.load_v1, op.unload_v1):
        with pytest.raises(TypeError, match="hypercall memory"):
            call(abi.xen_kexec_load_v1(), hazardous=True)
        with pytest.raises(xensys.HazardError):
            call(xen.buffers.new(abi.xen_kexec_load_v1))
    image = xen.buffers.new(abi.xen_kexec_load_v1)
    op.unload_v1(image, hazardous=True)
    assert op.status(0) is True
    with pytest.raises(SimulatorGap):
        op.load_v1(image, hazardous=True)


def test_bad_pointers(raw):
    for op in range(1, 7):
        with refused(errno.EFAULT):
            raw.call(OP, op, BAD)
    with refused(errno.EFAULT):
        raw.call(OP, 0, BAD)


@pytest.mark.parametrize("op", range(8))
def test_who_may(machine, op):
    pv = Raw(machine.add_domain(kind="pv").kernel(unrestricted=True))
    with refused(errno.EPERM):
        pv.call(OP, op, 0)
    pvh = Raw(machine.domains[1].kernel(unrestricted=True))
    with refused(errno.ENOSYS):
        pvh.call(OP, op, 0)
    with refused(errno.ENOSYS):
        Raw(Machine(dom0="pvh").dom0).call(OP, op, 0)


def test_EINTR(machine, xen):
    fail = machine.dom0.faults.fail
    fail("hypercall", op="kexec_op", cmd=6, errno=errno.EINTR, times=2)
    assert xen.kexec_op.status(0) is False
    fail("hypercall", op="kexec_op", cmd=5, errno=errno.EINTR)
    with pytest.raises(xensys.XenInterruptedError):
        xen.kexec_op.unload(0, hazardous=True)
    assert xen.kexec_op.status(0) is False
