"""memory_op as the simulator shows it: what real machines are not asked, and each refusal."""

from __future__ import annotations

import errno
import struct
from contextlib import suppress

import pytest
from simraw import DOMID_SELF, Raw, refused

import xensys
from xensys.abi import memory as abi
from xensys.hypercalls.memory_op import Extents
from xensys.sim import Machine, SimulatorGap
from xensys.sim.xen import physmap

MEMORY_OP = 12
ALL_ONES = (1 << 64) - 1


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


@pytest.fixture
def op(xen):
    return xen.memory_op


def pv_guest(machine, **more):
    return machine.add_domain(kind="pv", memory=1 << 20, **more)


class TestReservations:
    def test_pv_is_told_its_machine_frames(self, machine, op):
        guest = pv_guest(machine)
        before = op.current_reservation(guest.domid)
        more = op.increase_reservation(guest.domid, 3)
        assert more.done == len(set(more.frames)) == 3
        assert set(more.frames) <= set(guest.memory.populated())
        grown = op.populate_physmap(guest.domid, [7, 9], order=1)
        assert grown.done == 2
        # Machine frames, and not what was passed in.
        assert not set(grown.frames) & {7, 9}
        assert all(frame % 2 == 0 for frame in grown.frames)
        assert op.current_reservation(guest.domid) == before + 3 + 4

    def test_oneself_with_the_flag(self, machine, op):
        before = op.current_reservation()
        assert op.increase_reservation(DOMID_SELF, 1, hazardous=True).done == 1
        frame = op.populate_physmap(0, [1], hazardous=True).frames[0]
        assert op.current_reservation() == before + 2
        assert op.decrease_reservation(0, [frame], hazardous=True) == Extents(1, (frame,))
        assert op.current_reservation() == before + 1

    def test_order_of_what_a_guest_may_ask(self, machine):
        guest = machine.domains[1]
        guest.memory.maximum = 1 << 30
        with xensys.Xen(guest.kernel(unrestricted=True)) as mine:
            ask = mine.memory_op.populate_physmap
            assert ask(DOMID_SELF, [1 << 20], order=10, hazardous=True).done == 0
            assert ask(DOMID_SELF, [1 << 20], order=9, hazardous=True).done == 1
            # Another's memory is not its to change, and no errno says so.
            assert ask(2, [1 << 20]).done == 0

    def test_dying_domain_gets_nothing(self, machine, op):
        guest = machine.add_domain()
        guest.dying = True
        assert op.populate_physmap(guest.domid, [1 << 20]).done == 0
        assert op.increase_reservation(guest.domid, 1).done == 0

    @pytest.mark.parametrize(
        ("flags", "done"),
        [
            (40, 1),
            (12, 0),
            (1, 0),
            (abi.XENMEMF_node(0), 1),
            (abi.XENMEMF_exact_node(0), 1),
            (abi.XENMEMF_node(63), 1),
            (abi.XENMEMF_exact_node(63), 0),
            (abi.XENMEMF_node(64), 0),
            (abi.XENMEMF_vnode | abi.XENMEMF_node(200), 1),
        ],
    )
    def test_flags(self, op, flags, done):
        assert op.populate_physmap(1, [1 << 20], mem_flags=flags).done == done

    def test_on_demand(self, machine, op):
        flag = abi.XENMEMF_populate_on_demand
        with pytest.raises(SimulatorGap):
            op.populate_physmap(1, [1 << 20], mem_flags=flag)
        assert op.populate_physmap(0, [1], mem_flags=flag, hazardous=True).done == 0
        assert op.populate_physmap(pv_guest(machine).domid, [1], mem_flags=flag) == Extents(1, (1,))

    def test_an_exact_node_is_not_a_guests_to_choose(self, machine):
        with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as mine:
            ask = mine.memory_op.populate_physmap
            where = [1 << 20]
            assert ask(1, where, mem_flags=abi.XENMEMF_node(5)).done == 1
            assert ask(1, where, mem_flags=abi.XENMEMF_exact_node(0)).done == 0

    def test_what_was_there_is_nowhere_but_still_owned(self, machine, op):
        guest = machine.domains[1]
        guest.memory.write(0x5000, b"old")
        before = op.current_reservation(1)
        assert op.populate_physmap(1, [5]).done == 1
        assert guest.memory.read(0x5000, 3) == bytes(3)
        assert op.current_reservation(1) == before + 1

    def test_a_claim_of_others_stands_in_the_way(self):
        machine = Machine(machine_memory=64 << 20)
        first, second = machine.domains[1], machine.domains[2]
        first.memory.maximum = second.memory.maximum = 1 << 20
        raw = Raw(machine.dom0)
        used = sum(domain.memory.total for domain in machine.domains.values())
        free = (64 << 20 >> 12) - used

        def claim(domid, pages):
            at = raw.struct("<QQIIHxxxxxx", 0, pages, 0, 0, domid)
            return raw.call(MEMORY_OP, abi.XENMEM_claim_pages, at)

        with refused(errno.ENOMEM):
            claim(1, first.memory.total + free + 1)
        assert claim(1, first.memory.total + free) == 0
        assert physmap.claimed(first) == free
        with xensys.Xen(machine.dom0) as xen:
            assert xen.memory_op.populate_physmap(2, [1 << 20]).done == 0
            assert xen.memory_op.populate_physmap(1, [1 << 20]).done == 1
            assert physmap.claimed(first) == free - 1
            assert claim(1, 0) == 0
            assert xen.memory_op.populate_physmap(2, [1 << 20]).done == 1

    def test_claims_are_for_the_control_domain(self, machine, domu):
        with refused(errno.EPERM):
            domu.call(MEMORY_OP, 24, domu.struct("<QQIIHxxxxxx", 0, 1, 0, 0, 2))
        for odd in ((1, 1, 0, 0, 2), (0, 1, 1, 0, 2), (0, 1, 0, 1, 2), (0, 1, 0, 0, 0x7FEF)):
            with refused(errno.EINVAL):
                domu.call(MEMORY_OP, 24, domu.struct("<QQIIHxxxxxx", *odd))

    def test_arms_dom0_keeps_its_pages(self):
        machine = Machine(arch="arm64")
        with xensys.Xen(machine.dom0) as xen:
            op = xen.memory_op
            before = op.current_reservation()
            frame = machine.domains[0].first_gfn
            assert op.decrease_reservation(0, [frame], hazardous=True).done == 1
            # Direct-mapped: it must get the same page again.
            assert op.current_reservation() == before
            with pytest.raises(SimulatorGap):
                op.populate_physmap(0, [frame], hazardous=True)

    def test_interrupted_it_is_not_repeated(self, machine, op):
        for name, args in (
            ("increase_reservation", (1, 1)),
            ("populate_physmap", (1, [1 << 20])),
            ("decrease_reservation", (1, [5])),
        ):
            fault = machine.dom0.faults.fail("hypercall", errno.EINTR, op="memory_op")
            before = op_count = machine.domains[1].memory.total
            with pytest.raises(xensys.XenInterruptedError):
                getattr(op, name)(*args, hazardous=True)
            assert fault.fired == 1
            assert machine.domains[1].memory.total == before == op_count
            machine.dom0.faults.clear()


class TestExchange:
    def test_frames_are_swapped(self, machine, op):
        guest = pv_guest(machine)
        start = guest.first_gfn
        before = op.current_reservation(guest.domid)
        done = op.exchange(guest.domid, range(start, start + 4), [0], order=0, new_order=2, hazardous=True)
        assert done.done == 4
        assert len(done.frames) == 1
        assert done.frames[0] % 4 == 0
        held = set(guest.memory.populated())
        assert not held & set(range(start, start + 4))
        assert set(range(done.frames[0], done.frames[0] + 4)) <= held
        assert op.current_reservation(guest.domid) == before

    def test_from_large_to_small(self, machine, op):
        guest = pv_guest(machine)
        done = op.exchange(
            guest.domid, [guest.first_gfn], [1, 2, 3, 4], order=2, new_order=0, hazardous=True
        )
        assert done.done == 1
        assert len(set(done.frames)) == 4

    def test_half_way_it_tells_how_far(self, machine, op):
        guest = pv_guest(machine)
        start = guest.first_gfn
        with pytest.raises(xensys.XenError) as caught:
            op.exchange(guest.domid, [start, 1 << 30, start + 1], [1, 2, 3], hazardous=True)
        assert caught.value.errno == errno.EINVAL
        assert caught.value.arguments["nr_exchanged"] == 1
        assert guest.memory.slot(start) is None
        assert guest.memory.slot(start + 1) is not None

    def test_a_page_in_use_stays(self, machine, xen):
        guest = pv_guest(machine)
        with xen.foreign.map(guest.domid, [guest.first_gfn]), pytest.raises(xensys.XenError) as caught:
            xen.memory_op.exchange(guest.domid, [guest.first_gfn], [1], hazardous=True)
        assert caught.value.errno == errno.EINVAL

    @pytest.mark.parametrize(
        ("number", "args", "more"),
        [
            (errno.EPERM, ([1], [1]), {"order": 19, "new_order": 19}),
            (errno.ESRCH, ([1], [1]), {"domid": 0x7FEF}),
            (errno.EINVAL, ([1], [1]), {"mem_flags": abi.XENMEMF_node(64)}),
            (errno.ENOMEM, ([1], [1]), {"mem_flags": abi.XENMEMF_exact_node(1)}),
        ],
    )
    def test_refusals(self, op, number, args, more):
        domid = more.pop("domid", 0)
        with pytest.raises(xensys.XenError) as caught:
            op.exchange(domid, *args, hazardous=True, **more)
        assert caught.value.errno == number
        assert caught.value.arguments["nr_exchanged"] == 0


class TestPhysmap:
    def test_the_shared_page(self, machine, op):
        guest = machine.domains[1]
        op.add_to_physmap(1, abi.XENMAPSPACE_shared_info, 0, 1 << 20, hazardous=True)
        guest.memory.write(1 << 32, b"shared")
        op.add_to_physmap(1, abi.XENMAPSPACE_shared_info, 0, 1 << 21, hazardous=True)
        assert guest.memory.read(1 << 33, 6) == b"shared"
        assert guest.memory.slot(1 << 20) is None
        with refused(errno.EINVAL):
            op.add_to_physmap(1, abi.XENMAPSPACE_shared_info, 1, 1 << 20, hazardous=True)

    def test_the_table_grows_to_what_is_asked(self, machine, xen):
        op, guest = xen.memory_op, machine.domains[1]
        assert xen.grant_table_op.query_size(1).nr_frames == 1
        op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, 3, 1 << 20, hazardous=True)
        assert xen.grant_table_op.query_size(1).nr_frames == 4
        last = guest.max_grant_frames
        op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, last - 1, 1 << 20, hazardous=True)
        with refused(errno.EINVAL):
            op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, last, 1 << 20, hazardous=True)

    def test_status_frames_are_of_version_2(self, machine, op):
        status = abi.XENMAPIDX_grant_table_status
        newer = machine.add_domain(grant_version=2)
        op.add_to_physmap(newer.domid, abi.XENMAPSPACE_grant_table, status, 1 << 20, hazardous=True)
        assert newer.memory.slot(1 << 20) == newer.status_slots[0]
        with refused(errno.EINVAL):
            op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, status, 1 << 20, hazardous=True)

    def test_a_page_of_xens_makes_room_without_being_freed(self, machine, op):
        guest = machine.domains[1]
        before = op.current_reservation(1)
        op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, 0, 1 << 20, hazardous=True)
        assert op.decrease_reservation(1, [1 << 20], hazardous=True).done == 1
        assert op.current_reservation(1) == before
        op.add_to_physmap(1, abi.XENMAPSPACE_grant_table, 0, 1 << 20, hazardous=True)
        op.add_to_physmap(1, abi.XENMAPSPACE_gmfn, 5, 1 << 20, hazardous=True)
        assert op.current_reservation(1) == before
        assert guest.memory.slot(5) is None

    def test_a_range_moves_upwards_over_itself(self, machine, op):
        guest = machine.domains[1]
        for frame in range(4):
            guest.memory.write((0x100 + frame) << 12, bytes([frame]))
        op.add_to_physmap(1, abi.XENMAPSPACE_gmfn_range, 0x101, 0x100, size=3, hazardous=True)
        assert [guest.memory.read((0x100 + frame) << 12, 1)[0] for frame in range(3)] == [1, 2, 3]
        for idx, gpfn in ((ALL_ONES - 1, 0), (0, ALL_ONES - 1)):
            with refused(errno.EOVERFLOW):
                op.add_to_physmap(1, abi.XENMAPSPACE_gmfn_range, idx, gpfn, size=3, hazardous=True)

    def test_unknown_spaces(self, op):
        with refused(errno.EINVAL):
            op.add_to_physmap(1, 9, 0, 1 << 20, hazardous=True)
        with xensys.Xen(Machine(arch="arm64").dom0) as arm:
            with refused(errno.ENOSYS):
                arm.memory_op.add_to_physmap(1, 9, 0, 1 << 20, hazardous=True)
            with pytest.raises(SimulatorGap):
                arm.memory_op.add_to_physmap(DOMID_SELF, 5, 0, 1 << 20, hazardous=True)

    def test_arm_wants_a_page_of_xens_removed_first_and_frees_nothing(self):
        machine = Machine(arch="arm64")
        guest = machine.domains[1]
        with xensys.Xen(machine.dom0) as arm:
            op, first = arm.memory_op, guest.first_gfn
            before = op.current_reservation(1)
            op.add_to_physmap(1, 1, 0, first, hazardous=True)
            assert guest.memory.slot(first) == guest.grant_slots[0]
            assert op.current_reservation(1) == before
            for space in (0, 1):
                op.add_to_physmap(1, space, space, first + 1 + space, hazardous=True)
                with refused(errno.EBUSY):
                    op.add_to_physmap(1, space, space, first + 8, hazardous=True)
            op.remove_from_physmap(1, first, hazardous=True)
            op.add_to_physmap(1, 1, 0, first + 8, hazardous=True)

    def test_a_guest_changes_itself_and_nobody_else(self, machine):
        with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as mine:
            op = mine.memory_op
            op.add_to_physmap(DOMID_SELF, 1, 0, 1 << 20, hazardous=True)
            op.remove_from_physmap(DOMID_SELF, 1 << 20, hazardous=True)
            for call in (
                lambda: op.add_to_physmap(2, 1, 0, 1 << 20, hazardous=True),
                lambda: op.add_to_physmap_batch(2, 1, [0], [1 << 20], hazardous=True),
                lambda: op.remove_from_physmap(2, 1, hazardous=True),
                lambda: op.set_memory_map(2, []),
                lambda: op.set_pod_target(2, 1, hazardous=True),
                lambda: op.exchange(2, [1], [1], hazardous=True),
            ):
                with refused(errno.EPERM):
                    call()

    def test_foreign_entries(self, machine, op):
        space = abi.XENMAPSPACE_gmfn_foreign

        def errors(foreign, frame):
            return op.add_to_physmap_batch(
                1, space, [frame], [1 << 20], foreign_domid=foreign, hazardous=True
            )

        assert errors(0x7FEF, 0) == (errno.ESRCH,)
        assert errors(1, 0) == (errno.EINVAL,)
        assert errors(0, 0) == (errno.EPERM,)
        assert errors(2, 1 << 28) == (errno.EINVAL,)
        with pytest.raises(SimulatorGap):
            errors(2, 0)

    @pytest.mark.parametrize(
        ("xen", "arch", "mode", "number"),
        [
            ((4, 12), "x86_64", 0, 0),
            ((4, 13), "x86_64", 0, errno.EACCES),
            ((4, 18), "x86_64", 0, errno.EACCES),
            ((4, 19), "x86_64", 0, 0),
            ((4, 19), "x86_64", 1, errno.EACCES),
            ((4, 14), "arm64", 0, errno.EACCES),
            ((4, 15), "arm64", 0, 0),
        ],
    )
    def test_who_may_acquire(self, xen, arch, mode, number):
        machine = Machine(xen=xen, arch=arch)
        guest = machine.domains[1]
        guest.target = 2
        guest.hvm_params[35] = mode
        with xensys.Xen(guest.kernel(unrestricted=True)) as mine:
            got = 0
            try:
                mine.memory_op.acquire_resource_size(2, abi.XENMEM_resource_grant_table)
            except xensys.XenError as error:
                got = error.errno
            assert got == number

    def test_mmio_of_arm_has_no_other_domain(self):
        with xensys.Xen(Machine(arch="arm64").dom0) as arm, refused(errno.EOPNOTSUPP):
            arm.memory_op.add_to_physmap_batch(0, 5, [0], [1], foreign_domid=1, hazardous=True)

    def test_an_interrupted_batch_tells_how_far_it_got(self, machine, op):
        def interrupt():
            raise InterruptedError(errno.EINTR, "interrupted")

        fault = machine.dom0.faults.do("hypercall", interrupt, after=True, op="memory_op")
        with pytest.raises(xensys.XenInterruptedError) as caught:
            op.add_to_physmap_batch(1, 1, [0], [1 << 20], hazardous=True)
        assert fault.fired == 1
        assert caught.value.arguments["errs"] == (0,)


class TestTheRest:
    def test_a_memory_map_is_what_the_guest_reads(self, machine, op):
        rows = [(0, 1 << 20, 1), (1 << 20, 4096, 2)]
        op.set_memory_map(1, rows)
        with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as mine:
            assert [(e.addr, e.size, e.type) for e in mine.memory_op.memory_map()] == rows
            # By itself, with the flag.
            mine.memory_op.set_memory_map(DOMID_SELF, rows[:1], hazardous=True)
            assert len(mine.memory_op.memory_map()) == 1
        op.set_memory_map(1, [])
        with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as mine, refused(errno.ENOSYS):
            mine.memory_op.memory_map()

    def test_pod_of_a_pv_domain(self, machine, op):
        with refused(errno.EINVAL):
            op.set_pod_target(pv_guest(machine).domid, 1, hazardous=True)
        with refused(errno.ESRCH):
            op.set_pod_target(0x7FEF, 1, hazardous=True)

    def test_resource_frames(self, machine, op):
        kind = abi.XENMEM_resource_grant_table
        first = op.acquire_resource(1, kind, 0, 0, 64, hazardous=True)
        assert len(set(first)) == 64
        assert op.acquire_resource(2, kind, 0, 0, 1, hazardous=True)[0] not in first
        assert op.acquire_resource(1, kind, 0, 63, 1, hazardous=True) == first[63:]
        with refused(errno.EINVAL):
            op.acquire_resource(1, kind, 0, 64, 1, hazardous=True)
        with refused(errno.ENOENT):
            op.acquire_resource(1, abi.XENMEM_resource_ioreq_server, 0, 0, 1, hazardous=True)

    def test_resource_frames_of_an_old_xen(self):
        with xensys.Xen(Machine(xen=(4, 14)).dom0) as old:
            kind = abi.XENMEM_resource_grant_table
            assert old.memory_op.acquire_resource_size(1, kind) == 32
            assert len(old.memory_op.acquire_resource(1, kind, 0, 0, 32, hazardous=True)) == 32
            with refused(errno.E2BIG):
                old.memory_op.acquire_resource(1, kind, 0, 0, 33, hazardous=True)

    def test_an_unknown_kind_before_4_20_is_no_huge_one(self):
        with xensys.Xen(Machine(xen=(4, 17)).dom0) as old, refused(errno.EOPNOTSUPP):
            old.memory_op.acquire_resource_size(1, 9)
        with xensys.Xen(Machine().dom0) as new, refused(errno.EINVAL):
            new.memory_op.acquire_resource_size(1, 9)

    def test_a_translated_callers_frames_are_a_gap(self):
        with xensys.Xen(Machine(dom0="pvh").dom0) as pvh, pytest.raises(SimulatorGap):
            pvh.memory_op.acquire_resource(1, 1, 0, 0, [1], hazardous=True)

    def test_asking_a_size_needs_no_flag_and_changes_nothing(self, machine, op):
        assert op.acquire_resource_size(1, abi.XENMEM_resource_grant_table) == 64
        assert len(machine.domains[1].grant_slots) == 1

    def test_bad_pointers(self, raw):
        for cmd in (7, 13, 15, 16, 23, 24, 28):
            with refused(errno.EFAULT):
                raw.call(MEMORY_OP, cmd, 0x10)
        for cmd in (0, 1, 6):
            assert raw.call(MEMORY_OP, cmd, 0x10) == 0
        # A list that is not there.
        assert raw.call(MEMORY_OP, 6, raw.struct("<QQIIHxxxxxx", 0x10, 1, 0, 0, 1)) == 0
        raw.struct("<HHHHQQQ", 1, 1, 1, 0, 0x10, 0x10, 0x10)
        with refused(errno.EFAULT):
            raw.call(MEMORY_OP, 23, raw.at)

    def test_restricted(self, machine):
        with xensys.Xen(machine.domains[1].kernel()) as mine:
            with pytest.raises(xensys.XenPermissionError) as caught:
                mine.memory_op.populate_physmap(2, [1])
            assert "restricted" in caught.value.hint

    def test_closed(self, machine):
        xen = xensys.Xen(machine.dom0)
        op = xen.memory_op
        xen.close()
        for call in (
            lambda: op.populate_physmap(1, [1]),
            lambda: op.add_to_physmap_batch(1, 1, [0], [1], hazardous=True),
            lambda: op.acquire_resource_size(1, 1),
        ):
            with pytest.raises(ValueError):
                call()

    def test_slots_come_back(self, xen, op):
        """After errors too, nothing of the pool is lost."""
        for _ in range(3):
            for call in (
                lambda: op.populate_physmap(1, range(0x7FEF, 0x7FEF + 2000)),
                lambda: op.add_to_physmap_batch(1, 1, [1 << 30] * 600, [ALL_ONES] * 600, hazardous=True),
                lambda: op.acquire_resource(0x7FEF, 1, 0, 0, 700, hazardous=True),
                lambda: op.exchange(1, [1], [1], hazardous=True),
            ):
                with suppress(xensys.XenError):
                    call()
        kept = sum(len(free) for free in xen.buffers._free)
        slabs = len(xen.buffers._slabs)
        for _ in range(50):
            op.populate_physmap(0x7FEF, range(2000))
        assert sum(len(free) for free in xen.buffers._free) == kept
        assert len(xen.buffers._slabs) == slabs


def test_records_show_what_they_are():
    assert repr(Extents(1, (5,))) == "Extents(done=1, frames=(5,))"
    assert Extents(1, (5,)) != Extents(1, (6,))
    assert struct.calcsize("<HHHHQQQ") == 32
