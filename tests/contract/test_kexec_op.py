"""kexec_op: a PV dom0 has it, nobody else. No image is ever loaded here."""

from __future__ import annotations

import errno

import pytest

import xensys
from xensys.abi import kexec as abi
from xensys.hypercalls.kexec_op import KexecRange, KexecSegment

OP = 37
KINDS = [abi.KEXEC_TYPE_DEFAULT, abi.KEXEC_TYPE_CRASH]
HAZARDS = {
    "kexec": lambda op, **flag: op.kexec(7, **flag),
    "load": lambda op, **flag: op.load(0, [KexecSegment(0, 4096, b"x")] * 16, 0, **flag),
    "unload": lambda op, **flag: op.unload(7, **flag),
}


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def op(world):
    """The family; a domain without it has the one test that says so."""
    return world.xen.kexec_op


@pytest.fixture(autouse=True)
def only_pv(request, world):
    """Everywhere else every method is ENOSYS, whatever its arguments."""
    if not world.target.translated:
        yield
        return
    op = world.xen.kexec_op
    for call in (
        lambda: op.get_range(abi.KEXEC_RANGE_MA_XEN),
        lambda: op.status(abi.KEXEC_TYPE_CRASH),
        *(lambda call=call: call(op, hazardous=True) for call in HAZARDS.values()),
    ):
        with pytest.raises(xensys.NotSupportedError) as caught:
            call()
        assert caught.value.errno == errno.ENOSYS
    yield


def is_pv(world):
    return not world.target.translated


def test_get_range_of_xen_and_its_notes(world, op):
    if not is_pv(world):
        return
    for area in (abi.KEXEC_RANGE_MA_XEN, abi.KEXEC_RANGE_MA_VMCOREINFO):
        found = op.get_range(area)
        assert found.size >= 4096
        assert found.start > 0
    assert op.get_range(abi.KEXEC_RANGE_MA_VMCOREINFO).size == 4096


def test_get_range_without_a_crash_area(world, op):
    if not is_pv(world):
        return
    assert op.get_range(abi.KEXEC_RANGE_MA_CRASH) == KexecRange(0, 0)
    with refused(errno.EINVAL):
        op.get_range(abi.KEXEC_RANGE_MA_CPU, 0)
    for nr in (-1, 4096):
        with refused(errno.ERANGE):
            op.get_range(abi.KEXEC_RANGE_MA_CPU, nr)


@pytest.mark.parametrize("area", [-1, 3, 4, 5, 7])
def test_get_range_of_another_area_is_EINVAL(world, op, area):
    if not is_pv(world):
        return
    with refused(errno.EINVAL):
        op.get_range(area)


@pytest.mark.parametrize("kind", KINDS)
def test_status_follows_loads_and_unloads_and_is_fooled_by_an_unload_of_nothing(world, op, kind):
    if not is_pv(world):
        return
    assert op.status(kind) is False
    op.unload(kind, hazardous=True)
    try:
        assert op.status(kind) is True
    finally:
        op.unload(kind, hazardous=True)
    assert op.status(kind) is False


@pytest.mark.parametrize("kind", KINDS)
def test_kexec_of_nothing_is_ENOENT(world, op, kind):
    if not is_pv(world):
        return
    assert op.status(kind) is False
    with pytest.raises(xensys.XenNotFoundError):
        op.kexec(kind, hazardous=True)


def test_unknown_kind_is_EINVAL(world, op):
    if not is_pv(world):
        return
    for call in (op.status, lambda kind: op.unload(kind, hazardous=True)):
        with refused(errno.EINVAL):
            call(2)
    with refused(errno.EINVAL):
        op.kexec(2, hazardous=True)


def test_load_of_16_segments_is_EINVAL(world, op):
    if not is_pv(world):
        return
    with refused(errno.EINVAL):
        HAZARDS["load"](op, hazardous=True)


def test_the_old_interface_is_there(world, op):
    if not is_pv(world):
        return
    image = world.xen.buffers.new(abi.xen_kexec_load_v1)
    image.type = 7
    with refused(errno.EINVAL):
        op.unload_v1(image, hazardous=True)


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_need_the_flag(op, name):
    with pytest.raises(xensys.HazardError) as caught:
        HAZARDS[name](op)
    assert caught.value.via == ""


def test_unknown_command(world):
    if not is_pv(world):
        return
    if world.target.xen < (4, 20):
        assert world.xen.hypercall(OP, 7, 0) == 0
        return
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(OP, 7, 0)
    assert caught.value.errno == errno.EOPNOTSUPP
