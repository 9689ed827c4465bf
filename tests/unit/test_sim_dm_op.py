"""The simulated Xen's dm_op, called with raw bytes: what is refused, in Xen's order, and what happens."""

from __future__ import annotations

import ctypes
import struct
from errno import (
    E2BIG,
    EACCES,
    EAGAIN,
    EBUSY,
    EEXIST,
    EFAULT,
    EINVAL,
    ENODATA,
    ENOENT,
    ENOMEM,
    ENOSPC,
    ENOSYS,
    EOPNOTSUPP,
    EOVERFLOW,
    EPERM,
    ERANGE,
    ESRCH,
)

import pytest
from simraw import BAD, DOMID_SELF, Raw, refused

from xensys.sim import Machine, SimulatorGap, SimulatorMisuse
from xensys.sim.ioreq import RangeSet

DM_OP = 0x00105005
PAGE = 4096


class Model:
    """A device model: raw dm_ops of one domain, by the ioctl."""

    def __init__(self, raw, domid=1):
        self.raw = raw
        self.domid = domid

    def __call__(self, number, layout="", *values, pad=0, size=None, second=None):
        op = bytearray(32)
        struct.pack_into("<II", op, 0, number, pad)
        struct.pack_into("<" + layout, op, 8, *values)
        buffers = [op[: len(op) if size is None else size]] + ([] if second is None else [second])
        exports = [(ctypes.c_char * len(buffer)).from_buffer(buffer) for buffer in buffers]
        vector = (ctypes.c_uint64 * 4)()
        for index, export in enumerate(exports):
            vector[2 * index : 2 * index + 2] = [ctypes.addressof(export), len(export)]
        arg = struct.pack("<HHxxxxQ", self.domid, len(buffers), ctypes.addressof(vector))
        result = self.raw.ioctl(DM_OP, bytearray(arg))
        assert result == 0
        return struct.unpack_from("<" + layout, buffers[0], 8)

    def create(self, handling=0):
        return self(1, "B3sH", handling, bytes(3), 0)[2]


@pytest.fixture
def model(raw):
    return Model(raw)


@pytest.fixture
def arm_model():
    return Model(Raw(Machine(arch="arm64", ioreq_server=True).dom0))


class TestWholeCall:
    def by_hypercall(self, raw, domid, buffers, count=None):
        at = raw.at
        for index, (address, length) in enumerate(buffers):
            struct.pack_into("<QQ", raw.page, 512 + 16 * index, address, length)
        return raw.call(41, domid, len(buffers) if count is None else count, at + 512)

    def op(self, raw, number, pad=0, length=32):
        raw.page[:64] = bytes(64)
        struct.pack_into("<II", raw.page, 0, number, pad)
        return raw.at, length

    def test_none_is_ENODATA(self, raw):
        with refused(ENODATA):
            raw.call(41, 1, 0, 0)

    def test_none_is_anything_in_an_older_one(self):
        with pytest.raises(SimulatorMisuse, match="stack"):
            Raw(Machine(xen=(4, 17)).dom0).call(41, 1, 0, 0)

    def test_order(self, raw, machine):
        pv = machine.add_domain(kind="pv").domid
        missing = machine.domains[1].kernel(unrestricted=True)
        machine.add_domain(domid=9)
        with refused(E2BIG):
            self.by_hypercall(raw, 99, [], count=3)
        with refused(EFAULT):
            raw.call(41, 99, 1, BAD)
        with refused(ESRCH):
            self.by_hypercall(raw, 99, [(BAD, 0)])
        with refused(ESRCH):
            self.by_hypercall(raw, DOMID_SELF, [(BAD, 0)])
        with refused(EPERM):
            self.by_hypercall(raw, 0, [(BAD, 0)])
        with refused(EINVAL):
            self.by_hypercall(raw, pv, [(BAD, 0)])
        guest = Raw(missing)
        with refused(EPERM):
            self.by_hypercall(guest, 9, [(BAD, 0)])
        with refused(EFAULT):
            self.by_hypercall(raw, 1, [(BAD, 7)])
        with refused(EFAULT):
            self.by_hypercall(raw, 1, [(BAD, 32)])
        with refused(EOPNOTSUPP):
            self.by_hypercall(raw, 1, [self.op(raw, 21, pad=1, length=8)])
        with refused(EFAULT):
            self.by_hypercall(raw, 1, [self.op(raw, 20, pad=1, length=11)])
        with refused(EINVAL):
            self.by_hypercall(raw, 1, [self.op(raw, 20, pad=1, length=12)])
        with refused(EINVAL):
            self.by_hypercall(raw, 1, [self.op(raw, 0, pad=1, length=8)])
        for number in (0, 19):
            with refused(EOPNOTSUPP):
                self.by_hypercall(raw, 1, [self.op(raw, number)])
        assert self.by_hypercall(raw, 1, [self.op(raw, 20, length=12)]) == 0
        assert struct.unpack_from("<I", raw.page, 8) == (1,)

    def test_a_device_model_domain_may(self, machine):
        machine.domains[2].target = 1
        Model(Raw(machine.domains[2].kernel(unrestricted=True))).create()

    def test_by_release(self):
        old = Model(Raw(Machine(xen=(4, 14)).dom0))
        for number in (19, 20):
            with refused(EOPNOTSUPP):
                old(number, "I", 0)
        old(18, "QQII", 0, 1, 6, 0)

    def test_not_built(self):
        raw = Raw(Machine(ioreq_server=False).dom0)
        with refused(ENOSYS):
            raw.call(41, 99, 3, BAD)
        with refused(ENOSYS):
            Model(raw)(20, "I", 0)

    def test_three_buffers_pass_linux_and_not_xen(self, raw):
        vector = (ctypes.c_uint64 * 6)()
        op = (ctypes.c_char * 32)()
        vector[:] = [ctypes.addressof(op), 32] * 3
        with refused(E2BIG):
            raw.ioctl(DM_OP, bytearray(struct.pack("<HHxxxxQ", 1, 3, ctypes.addressof(vector))))

    def test_on_arm_what_is_x86s_is_EOPNOTSUPP(self, arm_model):
        for number in range(7, 19):
            with refused(EOPNOTSUPP):
                arm_model(number)
        assert arm_model(20, "I", 0) == (1,)

    def test_read_only_answer_is_EFAULT(self, raw):
        self.op(raw, 20)
        raw.page[512 : 512 + 16] = struct.pack("<QQ", raw.at, 32)
        assert raw.call(41, 1, 1, raw.at + 512) == 0


class TestServers:
    def test_eight(self, model):
        assert [model.create() for _ in range(8)] == list(range(8))
        with refused(ENOSPC):
            model.create()
        model(6, "HH", 3, 0)
        assert model.create() == 3

    def test_create_refusals(self, model, arm_model):
        with refused(EINVAL):
            model(1, "B3sH", 3, bytes(3), 0)
        with refused(EINVAL):
            model(1, "B3sH", 0, b"\0\0\1", 0)
        with refused(EINVAL):
            arm_model(1, "B3sH", 1, bytes(3), 0)
        assert [model.create(handling) for handling in (0, 1, 2)] == [0, 1, 2]
        assert arm_model.create() == 0

    def test_ports_are_xens_own_and_go_with_it(self, model, machine):
        machine.add_domain(domid=9, vcpus=3)
        model.domid = 9
        channels = machine.event_channels
        before = [channels.status(machine.domains[9], port) is None for port in range(12)]
        number = model.create(1)
        ports = machine.domains[9].ioreq_servers[number].ports
        assert len(set(ports)) == 3
        assert model(2, "HHIQQ", number, 1, 0, 0, 0)[2] not in (0, *ports)
        model(6, "HH", number, 0)
        assert [channels.status(machine.domains[9], port) is None for port in range(12)] == before

    def test_no_ports_left_is_ENOSPC_and_no_server(self, model, machine):
        guest = machine.domains[1]
        guest.max_event_port = machine.event_channels.alloc_unbound(guest, 0)
        with refused(ENOSPC):
            model.create()
        assert guest.ioreq_servers == {}

    @pytest.mark.parametrize(
        ("number", "layout", "values"),
        [
            (2, "HHIQQ", (0, 1, 0, 0, 0)),
            (3, "HHIQQ", (0, 0, 0, 1, 2)),
            (4, "HHIQQ", (0, 0, 0, 1, 2)),
            (5, "HBB", (0, 1, 0)),
            (6, "HH", (0, 0)),
            (15, "HHIQ", (0, 4, 2, 0)),
        ],
    )
    def test_somebody_elses_is_EPERM_and_none_ENOENT(self, model, machine, number, layout, values):
        with refused(ENOENT):
            model(number, layout, *values)
        machine.domains[1].create_ioreq_server(emulator=2)
        with refused(EPERM):
            model(number, layout, *values)

    def test_pads_and_flags_come_before_the_server(self, model):
        for number, layout, values in [
            (2, "HHIQQ", (0, 2, 0, 0, 0)),
            (3, "HHIQQ", (0, 1, 0, 1, 2)),
            (3, "HHIQQ", (0, 0, 0, 2, 1)),
            (4, "HHIQQ", (0, 1, 0, 1, 2)),
            (4, "HHIQQ", (0, 0, 0, 2, 1)),
            (5, "HBB", (0, 1, 1)),
            (6, "HH", (0, 1)),
            (15, "HHIQ", (0, 3, 2, 0)),
            (15, "HHIQ", (0, 4, 1, 0)),
        ]:
            with refused(EINVAL):
                model(number, layout, *values)

    def test_ranges(self, model):
        number = model.create()
        with refused(EINVAL):
            model(3, "HHIQQ", number, 0, 3, 1, 2)
        model(3, "HHIQQ", number, 0, 0, 0x500, 0x507)
        for first, last in [(0x500, 0x500), (0x507, 0x507), (0x4FF, 0x508), (0x502, 0x503)]:
            with refused(EEXIST):
                model(3, "HHIQQ", number, 0, 0, first, last)
        model(3, "HHIQQ", number, 0, 1, 0x500, 0x507)  # memory is another thing
        model(3, "HHIQQ", model.create(), 0, 0, 0x500, 0x507)  # and so is another server
        with refused(ENOENT):
            model(4, "HHIQQ", number, 0, 0, 0x500, 0x508)
        model(4, "HHIQQ", number, 0, 0, 0x502, 0x503)
        with refused(ENOENT):
            model(4, "HHIQQ", number, 0, 0, 0x500, 0x507)

    def test_256_ranges(self, model):
        number = model.create()
        for index in range(256):
            model(3, "HHIQQ", number, 0, 1, 16 * index, 16 * index + 7)
        with refused(ENOMEM):
            model(3, "HHIQQ", number, 0, 1, 1 << 20, 1 << 20)
        model(3, "HHIQQ", number, 0, 1, 8, 9)  # what goes on where one ends is no new one
        with refused(ENOMEM):
            model(4, "HHIQQ", number, 0, 1, 3, 4)  # two out of one
        model(3, "HHIQQ", number, 0, 0, 1, 1)

    def test_ports_are_in_the_page_if_it_came_before_the_server_was_enabled(self, model, raw, machine):
        servers = machine.domains[1].ioreq_servers
        early, late = model.create(), model.create()
        raw.resource(1, 0, early, 1, 1, raw.fresh(1))
        for number in (early, late):
            model(5, "HBB", number, 1, 0)
        raw.resource(1, 0, late, 1, 1, raw.fresh(1))
        ports = [struct.unpack_from("<I", servers[n].read_slot(0), 24)[0] for n in (early, late)]
        assert ports == [servers[early].ports[0], 0]


def test_range_sets_join_neighbours():
    ranges = RangeSet(3)
    for first, last in [(0, 1), (4, 5), (2, 3)]:
        ranges.add(first, last)
    assert ranges.ranges == [(0, 5)]
    ranges.remove(0, 0)
    ranges.remove(5, 5)
    ranges.remove(2, 3)
    assert ranges.ranges == [(1, 1), (4, 4)]


class TestMemory:
    def track(self, model, first, nr, second):
        model(7, "IIQ", nr, 0, first, second=second)
        return bytes(second)

    def test_dirty_vram(self, model, guest):
        assert self.track(model, 16, 10, bytearray(3)) == b"\xff\xff\0"
        assert self.track(model, 16, 10, bytearray(2)) == b"\0\0"
        guest.memory.write(17 * PAGE - 1, b"ab")
        guest.memory.write(25 * PAGE, b"a")
        guest.memory.write(26 * PAGE, b"a")
        assert self.track(model, 16, 10, bytearray(2)) == b"\x03\x02"
        assert self.track(model, 16, 10, bytearray(2)) == b"\0\0"
        assert self.track(model, 16, 9, bytearray(2)) == b"\xff\xff"
        assert self.track(model, 0, 0, bytearray(b"xx")) == b"xx"
        assert guest.memory.written is None

    def test_dirty_vram_refusals(self, model, guest):
        for values, second in [
            ((8, 1, 0), bytearray(1)),
            ((8, 0, 0), None),
            ((9, 0, 0), bytearray(1)),
            (((1 << 18) + 1, 0, 0), bytearray(PAGE)),
        ]:
            with refused(EINVAL):
                model(7, "IIQ", *values, second=second)
        guest.dying = True
        with refused(ESRCH):
            model(7, "IIQ", 8, 0, 0, second=bytearray(1))

    def test_modified_memory(self, model, guest):
        bad = bytearray(struct.pack("<IIQ", 0, 1, 5))
        model(11, "II", 1, 0, second=bad)  # nobody listens
        guest.log_dirty = set()
        good = struct.pack("<IIQIIQ", 2, 0, 5, 1, 0, 9)
        model(11, "II", 2, 0, second=bytearray(good))
        assert guest.log_dirty == {5, 6, 9}
        guest.log_dirty.clear()
        for raw in (bad, struct.pack("<IIQ", 0, 0, 5), struct.pack("<IIQ", 2, 0, (1 << 64) - 1)):
            with refused(EINVAL):
                model(11, "II", 1, 0, second=bytearray(raw))
        with refused(EINVAL):
            model(11, "II", 3, 0, second=bytearray(good))
        # The last extent comes first.
        with refused(EINVAL):
            model(11, "II", 2, 0, second=bytearray(bytes(bad) + good[:16]))
        assert guest.log_dirty == {5, 6}

    def test_set_mem_type(self, model, guest, raw):
        model(12, "IHHQ", 2, 1, 0, 8)
        assert guest.mem_types == {8: 1, 9: 1}
        model(12, "IHHQ", 2, 0, 0, 8)
        assert guest.mem_types == {}
        model(12, "IHHQ", 1, 2, 0, 8)
        from xensys.kernel.pointers import address_of

        area = raw.area(2)
        assert raw.batch(1, address_of(area), [8, 9]) == (0, [-EINVAL, 0])
        with refused(EINVAL):
            model(12, "IHHQ", 1, 0, 0, 8)

    def test_set_mem_type_refusals(self, model, guest):
        top = guest.memory.highest()
        for values in [(1, 5, 0, 8), (1, 3, 0, 8), (1, 0, 1, 8), (0, 0, 0, 8), (1, 0, 0, top + 1)]:
            with refused(EINVAL):
                model(12, "IHHQ", *values)
        with refused(EINVAL):  # no server has that type
            model(12, "IHHQ", 1, 4, 0, 8)
        guest.memory.punch([20])
        with refused(EINVAL):
            model(12, "IHHQ", 1, 1, 0, 20)
        model(12, "IHHQ", 1, 2, 0, 20)
        guest.page_out([21])
        with refused(EAGAIN):
            model(12, "IHHQ", 2, 1, 0, 20 + 1)

    def test_what_came_before_a_refusal_is_done(self, model, guest):
        guest.memory.punch([20])
        with refused(EINVAL):
            model(12, "IHHQ", 4, 1, 0, 18)
        assert guest.mem_types == {18: 1, 19: 1}

    def test_type_of_an_ioreq_server(self, model, guest):
        first, second = model.create(), model.create()
        with refused(EINVAL):
            model(15, "HHIQ", first, 4, 0, 0)
        model(15, "HHIQ", first, 4, 2, 0)
        for number in (first, second):
            with refused(EBUSY):
                model(15, "HHIQ", number, 4, 2, 0)
        model(12, "IHHQ", 1, 4, 0, 8)
        with refused(EINVAL):
            model(12, "IHHQ", 1, 1, 0, 8)
        with refused(EINVAL):
            model(15, "HHIQ", second, 4, 0, 0)
        model(15, "HHIQ", first, 4, 0, 0)
        assert guest.mem_types == {}
        model(15, "HHIQ", second, 4, 2, 0)
        model(6, "HH", second, 0)
        model(15, "HHIQ", first, 4, 2, 0)

    def test_relocate(self, model, guest):
        guest.memory.write(8 * PAGE, b"moves")
        total = guest.memory.total
        model(17, "IIQQ", 1, 0, 8, 9)
        assert guest.memory.read(9 * PAGE, 5) == b"moves"
        assert guest.memory.slot(8) is None
        assert guest.memory.total == total - 1
        with refused(EACCES):
            model(17, "IIQQ", 1, 0, 8, 10)
        with refused(EINVAL):
            model(17, "IIQQ", 1, 1, 9, 10)
        with refused(EINVAL):
            model(17, "IIQQ", 1, 0, 9, (1 << 64) - 1)
        for source, target in [(9, (1 << 64) - 2), ((1 << 64) - 1, 9)]:
            with refused(EOVERFLOW):
                model(17, "IIQQ", 2, 0, source, target)
        model(17, "IIQQ", 2, 0, 9, 1 << 20)
        assert guest.memory.read(1 << 32, 5) == b"moves"

    @pytest.mark.parametrize(("source", "target"), [(100, 102), (102, 100)])
    def test_relocate_onto_itself_loses_nothing(self, model, guest, source, target):
        for index in range(4):
            guest.memory.write((source + index) * PAGE, b"%d" % index)
        model(17, "IIQQ", 4, 0, source, target)
        moved = [guest.memory.read((target + index) * PAGE, 1) for index in range(4)]
        assert moved == [b"0", b"1", b"2", b"3"]

    def test_relocate_only_ordinary_memory(self, model, guest):
        model(12, "IHHQ", 1, 1, 0, 8)
        with refused(EACCES):
            model(17, "IIQQ", 1, 0, 8, 9)
        guest.page_out([10])
        with refused(EACCES):
            model(17, "IIQQ", 1, 0, 10, 9)
        # What it lands on is nothing of that any more.
        model(17, "IIQQ", 1, 0, 9, 8)
        model(17, "IIQQ", 1, 0, 8, 9)

    def test_relocate_in_an_older_xen(self):
        raw = Raw(Machine(xen=(4, 17)).dom0)
        model, memory = Model(raw), raw.kernel.domain.machine.domains[1].memory
        with refused(EINVAL):
            model(17, "IIQQ", 1, 0, 1 << 20, 9)
        for index in range(3):
            memory.write((100 + index) * PAGE, b"%d" % index)
        model(12, "IHHQ", 1, 1, 0, 100)
        model(17, "IIQQ", 1, 0, 100, 99)
        assert memory.read(99 * PAGE, 1) == b"0"
        # Upwards onto itself, it moves the first one again and again.
        model(17, "IIQQ", 2, 0, 101, 102)
        assert memory.read(103 * PAGE, 1) == b"1"

    def test_pin(self, model, guest):
        model(18, "QQII", 8, 15, 6, 0)
        model(18, "QQII", 8, 15, 0, 0)
        assert guest.pinned == {(8, 15): 0}
        with refused(EBUSY):
            model(18, "QQII", 15, 16, 6, 0)
        for values in [(8, 7, 6, 0), (8, 9, 2, 0), (8, 9, 6, 1), (0, 1 << 40, 6, 0)]:
            with refused(EINVAL):
                model(18, "QQII", *values)
        with refused(ENOENT):
            model(18, "QQII", 8, 14, 0xFFFFFFFF, 0)
        for index in range(63):
            model(18, "QQII", 16 + index, 16 + index, 6, 0)
        with refused(ENOSPC):
            model(18, "QQII", 0, 0, 6, 0)
        model(18, "QQII", 8, 15, 0xFFFFFFFF, 0)
        assert len(guest.pinned) == 63


class TestInterrupts:
    def test_lines(self, model, guest):
        model(8, "HBBBB", 0, 0, 31, 3, 1)
        model(9, "BB", 15, 0)
        model(10, "BB", 3, 15)
        model(14, "IIQ", 0x4031, 0, 0xFEE00000)
        assert guest.interrupts == [
            ("intx", 31, 3, 1),
            ("isa", 15, 0),
            ("link", 3, 15),
            ("msi", 0xFEE00000, 0x4031),
        ]

    def test_what_raises_an_isa_interrupt_of_a_pvh_domain(self, model, guest, raw, machine):
        with pytest.raises(SimulatorMisuse, match="ISA interrupt 5 of a PVH"):
            model(9, "BB", 5, 1)
        model(10, "BB", 2, 5)
        model(8, "HBBBB", 0, 0, 3, 0, 1)  # this is on link 3
        with pytest.raises(SimulatorMisuse, match="pin 3 of device 31 of a PVH"):
            model(8, "HBBBB", 0, 0, 31, 3, 1)
        with pytest.raises(SimulatorMisuse, match="link 3 of a PVH"):
            model(10, "BB", 3, 5)
        model(8, "HBBBB", 0, 0, 3, 0, 0)
        model(10, "BB", 3, 5)
        other = machine.add_domain(kind="hvm")
        hvm = Model(raw, other.domid)
        hvm(10, "BB", 2, 5)
        hvm(8, "HBBBB", 0, 0, 31, 3, 1)
        hvm(9, "BB", 5, 1)
        assert other.interrupts == [("link", 2, 5), ("intx", 31, 3, 1), ("isa", 5, 1)]

    def test_refusals(self, model, guest):
        for number, layout, values in [
            (8, "HBBBB", (1, 0, 0, 0, 1)),
            (8, "HBBBB", (0, 1, 0, 0, 1)),
            (8, "HBBBB", (0, 0, 32, 0, 1)),
            (8, "HBBBB", (0, 0, 0, 4, 1)),
            (8, "HBBBB", (0, 0, 0, 0, 2)),
            (9, "BB", (16, 0)),
            (9, "BB", (0, 2)),
            (10, "BB", (4, 0)),
            (10, "BB", (0, 16)),
            (14, "IIQ", (0x31, 1, 0xFEE00000)),
            (14, "IIQ", (0x231, 0, 0xFEE00000)),
        ]:
            with refused(EINVAL):
                model(number, layout, *values)
        with refused(ERANGE):
            model(14, "IIQ", 0, 0, 0xFEE00000)
        with pytest.raises(SimulatorGap):
            model(14, "IIQ", 0, 0, 0xFEE01000)
        with pytest.raises(SimulatorGap):
            model(14, "IIQ", 0x131, 0, 0xFEE00000)
        assert guest.interrupts == []

    def test_spis(self, arm_model):
        guest = arm_model.raw.kernel.xen_machine.domains[1]
        with refused(EINVAL):
            arm_model(19, "IB3s", 33, 1, bytes(3))
        guest.spis = 32
        arm_model(19, "IB3s", 33, 1, bytes(3))
        for values in [(31, 1, bytes(3)), (64, 1, bytes(3)), (33, 2, bytes(3)), (33, 1, b"\0\0\1")]:
            with refused(EINVAL):
                arm_model(19, "IB3s", *values)
        assert guest.interrupts == [("spi", 33, 1)]

    def test_events(self, model, machine):
        running, paused = machine.domains[1], machine.domains[2]
        event = (0, 33, 0, 0, 0, 0, 0, 0)
        model(13, "IBBBBIIQ", *event)
        model(13, "IBBBBIIQ", *event)
        assert running.interrupts == [("event", 0, 33, 0)] * 2
        model.domid = 2
        model(13, "IBBBBIIQ", *event)
        with refused(EBUSY):
            model(13, "IBBBBIIQ", *event)
        assert paused.interrupts == []
        paused.unpause()
        assert paused.interrupts == [("event", 0, 33, 0)]
        for values in [(1, 33, 0, 0, 0, 0, 0, 0), (0, 33, 0, 0, 1, 0, 0, 0), (0, 33, 0, 0, 0, 0, 1, 0)]:
            with refused(EINVAL):
                model(13, "IBBBBIIQ", *values)


def test_remote_shutdown(model, guest):
    model(16, "I", 2)
    assert guest.shut_down
    assert guest.shutdown_reason == 2
    model(16, "I", 3)
    assert guest.shutdown_reason == 2
