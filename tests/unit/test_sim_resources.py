"""Resources, the table of hypercalls, and the memory that hypercalls are given."""

from __future__ import annotations

import ctypes
import struct
from errno import (
    E2BIG,
    EFAULT,
    EINVAL,
    ENOENT,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
    ESRCH,
)

import pytest
from simraw import BAD, DOMID_SELF, Raw, refused

from xensys.kernel.pointers import address_of
from xensys.sim import Machine, SimulatorGap

PAGE = 4096
UNKNOWN = 0x7FEF
MEMORY_OP, XEN_VERSION, GRANT_TABLE_OP, HVM_OP = 12, 17, 20, 34


class TestResources:
    @pytest.mark.parametrize("kind", [{"dom0": "pv"}, {"dom0": "pvh"}, {"arch": "arm64"}], ids=str)
    def test_grant_table(self, kind):
        machine = Machine(**kind)
        guest = machine.add_domain(grant_frames=40)
        raw = Raw(machine.dom0)
        assert raw.resource(guest.domid, 1, 0, 0, 0, 0) == 40
        area = raw.area(40)
        raw.resource(guest.domid, 1, 0, 0, 40, address_of(area))
        area[39 * PAGE : 39 * PAGE + 4] = b"last"
        again = raw.area(1)
        raw.resource(guest.domid, 1, 0, 39, 1, address_of(again))
        assert again[:4] == b"last"
        raw.call(GRANT_TABLE_OP, 6, raw.struct("<HxxIIh2x", guest.domid, 0, 0, 99), 1)
        assert struct.unpack_from("<IIh", raw.page, 4) == (40, 40, 0)
        assert machine.mapped_frames(guest) == 41

    def test_refusals(self, raw, machine):
        area = raw.fresh(2)
        for domid, kind, number, idx, num, address, answer in [
            (1, 1, 0, 0, 1, 0, EINVAL),
            (1, 1, 0, 0, 0, area, EINVAL),
            (UNKNOWN, 1, 0, 0, 0, 0, ESRCH),
            (DOMID_SELF, 1, 0, 0, 0, 0, ESRCH),
            (0, 1, 0, 0, 0, 0, EPERM),
            (1, 3, 0, 0, 0, 0, EINVAL),
            (1, 1, 2, 0, 0, 0, EINVAL),
            (1, 2, 0, 0, 0, 0, EINVAL),
            (1, 1, 0, 0, 1, raw.at, EINVAL),
        ]:
            with refused(answer):
                raw.resource(domid, kind, number, idx, num, address)
        for kind, number, idx, num, answer in [
            (1, 0, 64, 1, EINVAL),
            (1, 0, 0xFFFF_FFFF, 1, EINVAL),
            (1, 1, 0, 1, EINVAL),
            (0, 0, 0, 1, ENOENT),
            (0, 1 << 16, 0, 1, EINVAL),
        ]:
            with refused(answer):
                raw.resource(1, kind, number, idx, num, raw.fresh(1))

    def test_a_refused_mapping_is_used_up(self, raw):
        area = raw.area(1)
        with refused(ENOENT):
            raw.resource(1, 0, 0, 0, 1, address_of(area))
        assert raw.batch(1, address_of(area), [1]) == (0, [0])

    def test_ioreq_server(self, raw, machine):
        guest = machine.domains[1]
        assert raw.resource(1, 0, 0, 0, 0, 0) == 2
        number = guest.create_ioreq_server()
        raw.resource(1, 0, number, 0, 2, raw.fresh(2))
        bare = guest.create_ioreq_server(bufioreq=False)
        with refused(ENOENT):
            raw.resource(1, 0, bare, 0, 1, raw.fresh(1))
        raw.resource(1, 0, bare, 1, 1, raw.fresh(1))
        with refused(EINVAL):
            raw.resource(1, 0, number, 1, 2, raw.fresh(2))
        other = guest.create_ioreq_server(emulator=2)
        with refused(EPERM):
            raw.resource(1, 0, other, 0, 1, raw.fresh(1))

    def test_vmtrace(self, machine, raw):
        guest = machine.add_domain(vmtrace_frames=4)
        assert raw.resource(guest.domid, 2, 0, 0, 0, 0) == 4
        raw.resource(guest.domid, 2, 0, 1, 3, raw.fresh(3))
        with refused(ENOENT):
            raw.resource(guest.domid, 2, 1, 0, 1, raw.fresh(1))
        with refused(EINVAL):
            raw.resource(guest.domid, 2, 0, 2, 3, raw.fresh(3))

    def test_status_frames_need_version_2(self, raw, machine):
        assert raw.resource(1, 1, 1, 0, 0, 0) == 8
        guest = machine.add_domain(grant_version=2)
        raw.resource(guest.domid, 1, 1, 0, 1, raw.fresh(1))

    def test_up_to_4_14(self):
        raw = Raw(Machine(xen=(4, 14)).dom0)
        assert raw.resource(UNKNOWN, 9, 0, 0, 0, 0) == 32
        with refused(E2BIG):
            raw.resource(1, 1, 0, 0, 33, raw.fresh(33))
        raw.resource(1, 1, 0, 0, 32, raw.fresh(32))
        with refused(EOPNOTSUPP):
            raw.resource(1, 2, 0, 0, 1, raw.fresh(1))

    def test_by_raw_hypercall(self, raw):
        assert raw.call(MEMORY_OP, 28, raw.struct("<HHIIIQQ", 1, 1, 0, 0, 0, 0, 0)) == 0
        assert struct.unpack_from("<I", raw.page, 8)[0] == 64
        for kind, count, pad, frame, frames in [
            (1, 0, 1, 0, 0),
            (1, 1, 0, 0, 0),
            (1, 0, 0, 1 << 32, 0),
            (3, 0, 0, 0, 0),
        ]:
            with refused(EINVAL):
                raw.call(MEMORY_OP, 28, raw.struct("<HHIIIQQ", 1, kind, 0, count, pad, frame, frames))

    def test_not_for_guests(self, domu):
        with refused(EPERM):
            domu.resource(2, 1, 0, 0, 0, 0)


class TestDispatch:
    @pytest.mark.parametrize("op", [11, 27, 38, 39, 43, 47, 50, 63, 1 << 40])
    def test_no_such_hypercall(self, raw, op):
        with refused(ENOSYS):
            raw.call(op)

    @pytest.mark.parametrize("op", [0, 1, 25, 48])
    def test_pv_only(self, raw, domu, op):
        with pytest.raises(SimulatorGap):
            raw.call(op)
        with refused(ENOSYS):
            domu.call(op)

    @pytest.mark.parametrize("op", [15, 26, 40, 41, 49])
    def test_not_on_arm(self, arm, op):
        with refused(ENOSYS):
            arm.call(op)

    @pytest.mark.parametrize("op", [7, 35])
    def test_gaps_are_loud(self, raw, op):
        with pytest.raises(SimulatorGap):
            raw.call(op, 0)

    def test_by_release(self):
        assert_missing = Raw(Machine(xen=(4, 22)).dom0)
        with refused(ENOSYS):
            assert_missing.call(31)
        with pytest.raises(SimulatorGap):
            Raw(Machine(xen=(4, 21)).dom0).call(31)
        with refused(ENOSYS):
            Raw(Machine(xen=(4, 13)).dom0).call(42)

    def test_multicall(self, raw):
        calls = [(XEN_VERSION, 0, 0), (MEMORY_OP, 2, 0), (63, 0, 0), (13, 0, 0)]
        for index, call in enumerate(calls):
            struct.pack_into("<8Q", raw.page, 64 * index, call[0], 0xAA, *call[1:], 0, 0, 0, 0)
        assert raw.call(13, raw.at, len(calls)) == 0
        results = [struct.unpack_from("<q", raw.page, 64 * index + 8)[0] for index in range(4)]
        assert results == [4 << 16 | 20, 16 << 30 >> 12, -ENOSYS, -EINVAL]
        with refused(EFAULT):
            raw.call(13, BAD, 1)
        assert raw.call(13, BAD, 0) == 0


class TestStrict:
    def test_ordinary_memory_works_and_is_recorded(self, machine):
        raw = Raw(machine.dom0)
        memory = ctypes.create_string_buffer(16)
        assert raw.call(XEN_VERSION, 1, ctypes.addressof(memory)) == 0
        assert memory.value == b".0-sim"
        [violation] = machine.violations
        assert (violation.hypercall, violation.address, violation.length, violation.write) == (
            "xen_version",
            ctypes.addressof(memory),
            16,
            True,
        )

    def test_a_structure_that_runs_out_of_its_buffer(self, machine):
        raw = Raw(machine.dom0)
        two = raw.kernel.reserve(2 * PAGE, writable=True)
        one = raw.kernel.open("/dev/xen/hypercall", 2)
        raw.kernel.mmap(address_of(two), PAGE, 3, 0x11, one, 0)
        assert raw.call(XEN_VERSION, 1, address_of(two) + PAGE - 8) == 0
        assert len(machine.violations) == 1

    def test_foreign_memory(self, machine):
        raw = Raw(machine.dom0)
        area = raw.map(1, [1])
        assert raw.call(XEN_VERSION, 1, address_of(area)) == 0
        assert len(machine.violations) == 1

    def test_bad_pointers_are_no_violation(self, machine):
        raw = Raw(machine.dom0)
        with refused(EFAULT):
            raw.call(XEN_VERSION, 1, BAD)
        assert machine.violations == []

    def test_off(self):
        machine = Machine(strict=False)
        memory = ctypes.create_string_buffer(16)
        Raw(machine.dom0).call(XEN_VERSION, 1, ctypes.addressof(memory))
        assert machine.violations == []
