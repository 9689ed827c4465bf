"""The simulated hypervisor's answers, by raw hypercall."""

from __future__ import annotations

import struct
from errno import (
    E2BIG,
    EACCES,
    EEXIST,
    EFAULT,
    EINVAL,
    ENOBUFS,
    ENODATA,
    ENOENT,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
    ESRCH,
)

import pytest
from simraw import BAD, DOMID_SELF, Raw, refused

from xensys.sim import Machine, SimulatorGap

PAGE = 4096
UNKNOWN = 0x7FEF
MEMORY_OP, XEN_VERSION, GRANT_TABLE_OP, HVM_OP = 12, 17, 20, 34


def text(raw, length=1024):
    return raw.page[:length].split(b"\0")[0].decode()


class TestXenVersion:
    def test_version(self, raw):
        assert raw.call(XEN_VERSION, 0) == 4 << 16 | 20

    @pytest.mark.parametrize(
        ("cmd", "size", "name"),
        [
            (1, 16, "extraversion"),
            (3, 1024, "capabilities"),
            (4, 64, "changeset"),
            (9, 1024, "commandline"),
        ],
    )
    def test_texts(self, raw, machine, cmd, size, name):
        raw.page[:] = b"\xff" * len(raw.page)
        assert raw.call(XEN_VERSION, cmd, raw.at) == 0
        assert text(raw) == getattr(machine, name)
        assert raw.page[size - 1] == 0
        assert raw.page[size] == 0xFF

    def test_long_text_is_cut(self, raw, machine):
        machine.extraversion = "x" * 40
        raw.call(XEN_VERSION, 1, raw.at)
        assert raw.page[:17] == b"x" * 15 + b"\0\0"

    def test_compile_info(self, raw, machine):
        assert raw.call(XEN_VERSION, 2, raw.at) == 0
        assert text(raw, 64) == machine.compiler
        assert raw.page[64:80].rstrip(b"\0") == b"xensys"
        assert raw.page[112:116] == b"Thu "

    def test_features(self, raw, arm):
        assert raw.call(XEN_VERSION, 6, raw.struct("<II", 0, 0)) == 0
        bits = struct.unpack_from("<I", raw.page, 4)[0]
        assert bits & 1 << 11
        assert not bits & 1 << 2
        arm.call(XEN_VERSION, 6, arm.struct("<II", 0, 0))
        assert struct.unpack_from("<I", arm.page, 4)[0] & 1 << 2
        with refused(EINVAL):
            raw.call(XEN_VERSION, 6, raw.struct("<II", 1, 0))

    def test_pagesize(self, raw):
        assert raw.call(XEN_VERSION, 7, 0) == 4096
        with refused(EINVAL):
            raw.call(XEN_VERSION, 7, raw.at)

    def test_guest_handle(self, domu, machine):
        assert domu.call(XEN_VERSION, 8, domu.at) == 0
        assert domu.page[:16] == machine.domains[1].uuid

    def test_platform_parameters(self, raw, domu):
        raw.call(XEN_VERSION, 5, raw.at)
        assert struct.unpack_from("<Q", raw.page)[0] == 0xFFFF_8000_0000_0000
        domu.call(XEN_VERSION, 5, domu.at)
        assert struct.unpack_from("<Q", domu.page)[0] == 0

    def test_build_id(self, raw, machine):
        assert raw.call(XEN_VERSION, 10, 0) == 20
        with refused(ENOBUFS):
            raw.call(XEN_VERSION, 10, raw.struct("<I", 19))
        assert raw.call(XEN_VERSION, 10, raw.struct("<I", 20)) == 20
        assert raw.page[4:24] == machine.build_id
        machine.build_id = b""
        with refused(ENODATA):
            raw.call(XEN_VERSION, 10, 0)

    @pytest.mark.parametrize(
        ("cmd", "name"),
        [(11, "extraversion"), (12, "capabilities"), (13, "changeset"), (14, "commandline")],
    )
    def test_forms_of_4_20(self, raw, machine, cmd, name):
        expected = getattr(machine, name).encode()
        raw.page[:] = b"\xff" * len(raw.page)
        assert raw.call(XEN_VERSION, cmd, 0) == len(expected)
        assert raw.call(XEN_VERSION, cmd, raw.struct("<I", 1024)) == len(expected)
        assert raw.page[4 : 4 + len(expected) + 1] == expected + b"\xff"
        with refused(ENOBUFS):
            raw.call(XEN_VERSION, cmd, raw.struct("<I", len(expected) - 1))
        setattr(machine, name, "x" * ((64 << 10) + 1))
        with refused(E2BIG):
            raw.call(XEN_VERSION, cmd, 0)

    @pytest.mark.parametrize("cmd", [11, 12, 13, 14])
    def test_older_xen_lacks_them(self, cmd):
        with refused(ENOSYS):
            Raw(Machine(xen=(4, 19)).dom0).call(XEN_VERSION, cmd, 0)

    def test_what_a_guest_is_denied(self, domu):
        assert domu.call(XEN_VERSION, 9, domu.at) == 0
        assert text(domu) == "<denied>"
        for cmd in (10, 14):
            with refused(EPERM):
                domu.call(XEN_VERSION, cmd, 0)
        assert domu.call(XEN_VERSION, 11, 0) > 0

    def test_unknown(self, raw):
        with refused(ENOSYS):
            raw.call(XEN_VERSION, 15, 0)

    @pytest.mark.parametrize("cmd", [1, 2, 3, 4, 5, 6, 8, 9])
    def test_bad_pointer(self, raw, cmd):
        for address in (0, BAD, 1 << 63, (1 << 64) - 1):
            with refused(EFAULT):
                raw.call(XEN_VERSION, cmd, address)


class TestMemoryOp:
    def test_maximum_ram_page(self, raw):
        assert raw.call(MEMORY_OP, 2, 0) == 16 << 30 >> 12

    def test_result_wider_than_an_int(self):
        raw = Raw(Machine(machine_memory=(1 << 33 | 5) * PAGE).dom0)
        assert raw.call(MEMORY_OP, 2, 0) == 1 << 33 | 5
        assert raw.call(MEMORY_OP, 2, 0, long=False) == 5
        raw = Raw(Machine(machine_memory=0x8000_0000 * PAGE).dom0)
        assert raw.call(MEMORY_OP, 2, 0) == 0x8000_0000
        with pytest.raises(OSError, match="does not fit"):
            raw.call(MEMORY_OP, 2, 0, long=False)

    @pytest.mark.parametrize(("cmd", "answer"), [(3, 4096), (4, 4352), (14, 4095)])
    def test_about_a_domain(self, raw, domu, cmd, answer):
        assert raw.call(MEMORY_OP, cmd, raw.struct("<H", 1)) == answer
        assert domu.call(MEMORY_OP, cmd, domu.struct("<H", DOMID_SELF)) == answer
        assert raw.call(MEMORY_OP, cmd, raw.struct("<H", DOMID_SELF)) > 0
        with refused(ESRCH):
            raw.call(MEMORY_OP, cmd, raw.struct("<H", UNKNOWN))
        with refused(EPERM):
            domu.call(MEMORY_OP, cmd, domu.struct("<H", 2))
        with refused(EFAULT):
            raw.call(MEMORY_OP, cmd, BAD)
        with refused(EINVAL):
            raw.call(MEMORY_OP, cmd | 1 << 6, raw.struct("<H", 1))

    def test_holes_do_not_count(self, raw, machine):
        machine.domains[1].memory.punch([0xFFF, 5])
        assert raw.call(MEMORY_OP, 3, raw.struct("<H", 1)) == 4094
        assert raw.call(MEMORY_OP, 14, raw.struct("<H", 1)) == 0xFFE

    def test_sharing_counts(self, raw, arm):
        assert raw.call(MEMORY_OP, 18) == raw.call(MEMORY_OP, 19) == 0
        assert arm.call(MEMORY_OP, 18) == 0

    @pytest.mark.parametrize("cmd", [8, 20, 22, 29, 63])
    def test_unknown(self, raw, cmd):
        with refused(ENOSYS):
            raw.call(MEMORY_OP, cmd, raw.at)

    def test_memory_map(self, raw, domu, arm):
        with refused(ENOSYS):
            raw.call(MEMORY_OP, 9, raw.struct("<IxxxxQ", 4, raw.at + 64))
        assert domu.call(MEMORY_OP, 9, domu.struct("<IxxxxQ", 4, domu.at + 64)) == 0
        assert struct.unpack_from("<I", domu.page)[0] == 1
        assert struct.unpack_from("<QQI", domu.page, 64) == (0, 4352 * PAGE, 1)
        with refused(ENOSYS):
            arm.call(MEMORY_OP, 9, arm.at)

    def test_machphys(self, raw, domu, arm):
        assert raw.call(MEMORY_OP, 12, raw.at) == 0
        assert struct.unpack_from("<3Q", raw.page)[2] == (16 << 30 >> 12) - 1
        assert raw.call(MEMORY_OP, 5, raw.struct("<IxxxxQIxxxx", 0, 0, 9)) == 0
        assert raw.call(MEMORY_OP, 5, raw.struct("<IxxxxQIxxxx", 99, raw.at + 64, 0)) == 0
        assert struct.unpack_from("<I", raw.page, 16)[0] == 16
        frames = struct.unpack_from("<17Q", raw.page, 64)
        assert (len(set(frames[:16])), frames[16]) == (16, 0)
        with refused(EOPNOTSUPP):
            raw.call(MEMORY_OP, 25, raw.at)
        with refused(ENOSYS):
            domu.call(MEMORY_OP, 12, domu.at)
        with refused(ENOSYS):
            arm.call(MEMORY_OP, 5, arm.at)

    def test_machine_memory_map(self, raw, domu, arm):
        assert raw.call(MEMORY_OP, 10, raw.struct("<IxxxxQ", 0, 0)) == 0
        assert struct.unpack_from("<I", raw.page)[0] == 5
        with refused(EINVAL):
            raw.call(MEMORY_OP, 10, raw.struct("<IxxxxQ", 4, raw.at + 64))
        assert raw.call(MEMORY_OP, 10, raw.struct("<IxxxxQ", 9, raw.at + 64)) == 0
        assert struct.unpack_from("<QQI", raw.page, 64 + 4 * 20) == (4 << 30, 13 << 30, 1)
        with refused(EPERM):
            domu.call(MEMORY_OP, 10, domu.at)
        with refused(ENOSYS):
            arm.call(MEMORY_OP, 10, arm.at)

    def test_reserved_device_memory_map(self, raw):
        assert raw.call(MEMORY_OP, 27, raw.struct("<IIQQ", 1, 5, 0, 0)) == 0
        assert struct.unpack_from("<I", raw.page, 4)[0] == 0
        with refused(EINVAL):
            raw.call(MEMORY_OP, 27, raw.struct("<IIQQ", 2, 0, 0, 0))

    def test_get_vnumainfo(self, raw):
        with refused(EINVAL):
            raw.call(MEMORY_OP, 26, raw.struct("<HH36x", 1, 1))
        with refused(ESRCH):
            raw.call(MEMORY_OP, 26, raw.struct("<HH36x", UNKNOWN, 0))
        with refused(EOPNOTSUPP):
            raw.call(MEMORY_OP, 26, raw.struct("<HH36x", 1, 0))

    def test_pod_target(self, raw, domu):
        assert raw.call(MEMORY_OP, 17, raw.struct("<4QH6x", 0, 0, 9, 9, 1)) == 0
        assert struct.unpack_from("<4Q", raw.page) == (0, 4096, 0, 0)
        with refused(EPERM):
            domu.call(MEMORY_OP, 17, domu.struct("<4QH6x", 0, 0, 0, 0, 1))

    @pytest.mark.parametrize("cmd", [21])
    def test_gaps_are_loud(self, raw, cmd):
        raw.page[32:34] = struct.pack("<H", 1)
        with pytest.raises(SimulatorGap, match="memory_op"):
            raw.call(MEMORY_OP, cmd, raw.at)


class TestReservations:
    def change(self, raw, cmd, domid, gfns, *, order=0, address=None):
        struct.pack_into(f"<{len(gfns)}Q", raw.page, 64, *gfns)
        where = raw.at + 64 if address is None else address
        return raw.call(MEMORY_OP, cmd, raw.struct("<QQIIH6x", where, len(gfns), order, 0, domid))

    @pytest.mark.parametrize("cmd", [0, 1, 6])
    def test_never_fail(self, raw, domu, cmd):
        assert raw.call(MEMORY_OP, cmd, 0) == 0
        assert self.change(raw, cmd, UNKNOWN, [1]) == 0
        assert self.change(domu, cmd, 2, [1]) == 0
        assert self.change(raw, cmd, 1, []) == 0
        assert raw.call(MEMORY_OP, cmd, raw.struct("<QQIIH6x", 0, 1 << 26, 0, 0, 1)) == 0

    def test_populate_and_decrease(self, raw, machine):
        memory = machine.domains[1].memory
        assert self.change(raw, 6, 1, [0x5000, 0x5001]) == 2
        assert memory.slot(0x5001) is not None
        assert self.change(raw, 1, 1, [0x5000, 0x7777, 0x5001]) == 1
        assert memory.slot(0x5000) is None
        assert memory.slot(0x5001) is not None

    def test_no_further_than_the_maximum(self, raw):
        assert self.change(raw, 6, 1, range(0x5000, 0x5000 + 300)) == 256

    def test_bad_list(self, raw):
        assert self.change(raw, 6, 1, [0x5000], address=BAD) == 0

    def test_remove_from_physmap(self, raw, domu):
        assert raw.call(MEMORY_OP, 15, raw.struct("<H6xQ", 1, 7)) == 0
        with refused(ENOENT):
            raw.call(MEMORY_OP, 15, raw.struct("<H6xQ", 1, 7))
        with refused(EACCES):
            raw.call(MEMORY_OP, 15, raw.struct("<H6xQ", 0, 7))
        with refused(EPERM):
            domu.call(MEMORY_OP, 15, domu.struct("<H6xQ", 2, 7))

    def test_add_to_physmap(self, raw):
        with refused(ENOSYS):
            raw.call(MEMORY_OP, 7, raw.struct("<HHIQQ", 1, 0, 4, 0, 0))
        with refused(EOPNOTSUPP):
            raw.call(MEMORY_OP, 23, raw.struct("<HHHH24x", 1, 3, 1, 0))


class TestGrantTableOp:
    def query(self, raw, domid, count=1):
        result = raw.call(GRANT_TABLE_OP, 6, raw.struct("<HxxIIh2x", domid, 0, 0, 99), count)
        return result, struct.unpack_from("<IIh", raw.page, 4)

    def test_query_size(self, raw, domu):
        assert self.query(raw, DOMID_SELF) == (0, (1, 64, 0))
        assert self.query(raw, 1) == (0, (1, 64, 0))
        assert self.query(raw, UNKNOWN) == (0, (0, 0, -2))
        assert self.query(domu, 2) == (0, (0, 0, -8))
        assert self.query(domu, 1) == (0, (1, 64, 0))

    @pytest.mark.parametrize("count", [0, 2, 1 << 31, 0xFFFF_FFFF])
    def test_count(self, raw, count):
        with refused(EINVAL):
            self.query(raw, 1, count)

    def test_arguments_are_32_bits(self, raw):
        assert self.query(raw, 1, 1 << 32 | 1)[0] == 0

    def test_bad_pointer(self, raw):
        with refused(EFAULT):
            raw.call(GRANT_TABLE_OP, 6, BAD, 1)

    def test_get_version(self, raw, domu):
        assert raw.call(GRANT_TABLE_OP, 10, raw.struct("<HHI", 1, 0, 0), 1) == 0
        assert struct.unpack_from("<I", raw.page, 4)[0] == 1
        with refused(ESRCH):
            raw.call(GRANT_TABLE_OP, 10, raw.struct("<HHI", UNKNOWN, 0, 0), 1)
        with refused(EPERM):
            domu.call(GRANT_TABLE_OP, 10, domu.struct("<HHI", 2, 0, 0), 1)

    @pytest.mark.parametrize("cmd", [3, 4, 7, 9, 12, 13])
    def test_not_for_hvm(self, domu, cmd):
        with refused(ENOSYS):
            domu.call(GRANT_TABLE_OP, cmd, domu.at, 1)

    @pytest.mark.parametrize("cmd", [3, 13])
    def test_unknown(self, raw, cmd):
        with refused(ENOSYS):
            raw.call(GRANT_TABLE_OP, cmd, raw.at, 1)


class TestHvmOp:
    def get(self, raw, domid, index):
        assert raw.call(HVM_OP, 1, raw.struct("<HxxIQ", domid, index, 77)) == 0
        return struct.unpack_from("<Q", raw.page, 8)[0]

    def set(self, raw, domid, index, value):
        return raw.call(HVM_OP, 0, raw.struct("<HxxIQ", domid, index, value))

    def test_get_and_set(self, raw):
        assert self.get(raw, 1, 1) == 0xFEFF
        assert self.set(raw, 1, 28, 5) == 0
        assert self.get(raw, 1, 28) == 5

    def test_refusals_in_order(self, raw, domu):
        with refused(EFAULT):
            raw.call(HVM_OP, 1, BAD)
        with refused(EINVAL):
            self.get(raw, UNKNOWN, 39)
        with refused(ESRCH):
            self.get(raw, UNKNOWN, 1)
        with refused(EINVAL):
            self.get(raw, 0, 1)
        with refused(EPERM):
            self.get(domu, 2, 4)
        with refused(EINVAL):
            self.get(raw, 1, 4)

    @pytest.mark.parametrize("index", range(39))
    def test_what_a_guest_may(self, domu, index):
        deprecated = {4, 13, *range(20, 27), 30}
        may_set = {0, 2, 15, 18, 19, 34, 36, 37}
        may_get = may_set | {1, 17, 35}
        if index in may_get:
            self.get(domu, DOMID_SELF, index)
        else:
            with refused(EINVAL if index in deprecated else EPERM):
                self.get(domu, DOMID_SELF, index)
        if index == 19:
            with pytest.raises(SimulatorGap):
                self.set(domu, DOMID_SELF, index, 1)
        elif index in may_set:
            assert self.set(domu, DOMID_SELF, index, 104 << 32 if index == 37 else 4) == 0
        else:
            with refused(EEXIST if index == 35 else EINVAL if index in deprecated else EPERM):
                self.set(domu, DOMID_SELF, index, 1)

    @pytest.mark.parametrize("index", [5, 6, 32, 33])
    def test_write_once(self, raw, index):
        assert self.set(raw, 1, index, 5) == 0
        assert self.set(raw, 1, index, 5) == 0
        with refused(EEXIST):
            self.set(raw, 1, index, 6)

    @pytest.mark.parametrize(("index", "value"), [(10, 4), (31, 6), (33, 0), (33, 65), (36, 5), (37, 1)])
    def test_bad_values(self, raw, index, value):
        with refused(EINVAL):
            self.set(raw, 1, index, value)

    def test_on_arm(self, arm):
        domain = arm.kernel.xen_machine.domains[1]
        guest = Raw(domain.kernel(unrestricted=True))
        assert self.get(guest, DOMID_SELF, 1) == domain.hvm_params[1]
        with refused(EPERM):
            self.set(guest, DOMID_SELF, 1, 5)
        with refused(EPERM):
            self.get(guest, DOMID_SELF, 28)
        with refused(EINVAL):
            self.get(arm, 1, 5)
        with refused(ESRCH):
            self.get(arm, UNKNOWN, 39)
        assert self.set(arm, 1, 0, 9) == 0

    def test_others(self, raw, arm):
        for op in (2, 14, 22, 26):
            with refused(ENOSYS):
                raw.call(HVM_OP, op, raw.at)
        with refused(ENOSYS):
            arm.call(HVM_OP, 15, arm.at)
