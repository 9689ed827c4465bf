"""memory_op: what changes who has what memory, and where; done to a domain that is thrown away."""

from __future__ import annotations

import errno
import os

import pytest

import xensys
from tests.contract.worlds import FRAME, NEVER, SELF
from xensys.abi import memory as abi
from xensys.hypercalls.memory_op import Extents

MEMORY_OP = 12
ALL_ONES = (1 << 64) - 1
#: A frame number without memory, not far from where a guest's is.
ELSEWHERE = 0x8000


def mapped(world, domid, frame):
    """Whether a frame can be mapped."""
    with world.xen.foreign.map(domid, [frame], partial=True) as mapping:
        return not mapping.errors


def write(world, domid, frame, data):
    with world.xen.foreign.map(domid, [frame], write=True) as mapping:
        mapping[: len(data)] = data


def read(world, domid, frame, length):
    with world.xen.foreign.map(domid, [frame]) as mapping:
        return mapping[:length]


def test_memory_is_taken_and_given_back(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, frame = guest.domid, guest.first + 8
        before = memory_op.current_reservation(domid)
        write(world, domid, frame, b"still here")
        assert memory_op.decrease_reservation(domid, [frame], hazardous=True) == Extents(1, (frame,))
        assert memory_op.current_reservation(domid) == before - 1
        assert not mapped(world, domid, frame)
        assert mapped(world, domid, frame + 1)
        assert memory_op.populate_physmap(domid, [frame]) == Extents(1, (frame,))
        assert memory_op.current_reservation(domid) == before
        write(world, domid, frame, b"new memory")
        assert read(world, domid, frame, 10) == b"new memory"


def test_a_larger_extent_is_as_many_frames(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, start = guest.domid, guest.first + ELSEWHERE
        before = memory_op.current_reservation(domid)
        done = memory_op.populate_physmap(domid, [start, start + 4], order=2)
        assert done == Extents(2, (start, start + 4))
        assert memory_op.current_reservation(domid) == before + 8
        assert all(mapped(world, domid, frame) for frame in range(start, start + 8))
        assert memory_op.decrease_reservation(domid, [start], order=2, hazardous=True).done == 1
        assert [mapped(world, domid, start + offset) for offset in (0, 3, 4, 7)] == [
            False,
            False,
            True,
            True,
        ]


def test_a_hole_ends_it_and_what_was_done_is_told(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, frame = guest.domid, guest.first + 8
        before = memory_op.current_reservation(domid)
        frames = [frame, frame + ELSEWHERE, frame + 1]
        assert memory_op.decrease_reservation(domid, frames, hazardous=True) == Extents(1, (frame,))
        assert memory_op.current_reservation(domid) == before - 1
        assert mapped(world, domid, frame + 1)


def test_more_than_a_domain_may_have_is_done_in_part(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, start = guest.domid, guest.first + ELSEWHERE
        room = memory_op.maximum_reservation(domid) - memory_op.current_reservation(domid)
        wanted = range(start, start + room + 3)
        assert memory_op.populate_physmap(domid, wanted) == Extents(room, tuple(wanted[:room]))
        assert memory_op.current_reservation(domid) == memory_op.maximum_reservation(domid)


def test_memory_without_a_place_is_just_counted(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        before = memory_op.current_reservation(guest.domid)
        assert memory_op.increase_reservation(guest.domid, 2) == Extents(2, (0, 0))
        assert memory_op.current_reservation(guest.domid) == before + 2


def test_nothing_is_done_to_a_domain_that_never_was_and_no_errno_says_so(world):
    memory_op = world.xen.memory_op
    assert memory_op.increase_reservation(NEVER, 1) == Extents(0, ())
    assert memory_op.decrease_reservation(NEVER, [1], hazardous=True) == Extents(0, ())
    assert memory_op.populate_physmap(NEVER, [1]) == Extents(0, ())


def test_an_extent_too_large_is_not_done(world):
    assert world.xen.memory_op.populate_physmap(world.paused.domid, [0], order=19).done == 0


def test_a_page_that_is_removed_is_still_the_domains(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, frame = guest.domid, guest.first + 8
        before = memory_op.current_reservation(domid)
        memory_op.remove_from_physmap(domid, frame, hazardous=True)
        assert not mapped(world, domid, frame)
        assert memory_op.current_reservation(domid) == before
        with pytest.raises(xensys.XenNotFoundError) as caught:
            memory_op.remove_from_physmap(domid, frame, hazardous=True)
        assert caught.value.errno == errno.ENOENT
        assert caught.value.arguments == {"gpfn": frame}


def test_a_frame_of_the_grant_table_is_put_into_memory(world):
    xen = world.xen
    with world.throwaway() as guest:
        domid, place = guest.domid, guest.first + ELSEWHERE
        xen.memory_op.add_to_physmap(domid, abi.XENMAPSPACE_grant_table, 0, place, hazardous=True)
        mark = os.urandom(8)
        with xen.resources.map(domid, abi.XENMEM_resource_grant_table, 0, frames=1, write=True) as table:
            # Entry 511: nobody's.
            table[511 * 8 :] = mark
            assert read(world, domid, place, FRAME) == table[:]
            table[511 * 8 :] = bytes(8)


def test_a_frame_of_the_grant_table_is_at_one_place_only(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, place = guest.domid, guest.first + ELSEWHERE
        memory_op.add_to_physmap(domid, abi.XENMAPSPACE_grant_table, 0, place, hazardous=True)
        if world.target.arch == "x86_64":
            # It moves.
            memory_op.add_to_physmap(domid, abi.XENMAPSPACE_grant_table, 0, place + 1, hazardous=True)
            assert [mapped(world, domid, place + at) for at in (0, 1)] == [False, True]
            return
        with pytest.raises(xensys.XenError) as caught:
            memory_op.add_to_physmap(domid, abi.XENMAPSPACE_grant_table, 0, place + 1, hazardous=True)
        assert caught.value.errno == errno.EBUSY
        memory_op.remove_from_physmap(domid, place, hazardous=True)
        memory_op.add_to_physmap(domid, abi.XENMAPSPACE_grant_table, 0, place + 1, hazardous=True)
        assert [mapped(world, domid, place + at) for at in (0, 1)] == [False, True]


def test_a_page_moves_on_x86(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, old, new = guest.domid, guest.first + 8, guest.first + ELSEWHERE
        mark = os.urandom(16)
        write(world, domid, old, mark)
        if world.target.arch != "x86_64":
            with pytest.raises(xensys.NotSupportedError):
                memory_op.add_to_physmap(domid, abi.XENMAPSPACE_gmfn, old, new, hazardous=True)
            return
        before = memory_op.current_reservation(domid)
        memory_op.add_to_physmap(domid, abi.XENMAPSPACE_gmfn, old, new, hazardous=True)
        assert not mapped(world, domid, old)
        assert read(world, domid, new, 16) == mark
        assert memory_op.current_reservation(domid) == before
        # What is at the new place is freed.
        memory_op.add_to_physmap(domid, abi.XENMAPSPACE_gmfn, new, old + 1, hazardous=True)
        assert read(world, domid, old + 1, 16) == mark
        assert memory_op.current_reservation(domid) == before - 1


def test_pages_move_in_a_row_on_x86(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        domid, old, new = guest.domid, guest.first + 8, guest.first + ELSEWHERE
        marks = [os.urandom(16) for _ in range(3)]
        for at, mark in enumerate(marks):
            write(world, domid, old + at, mark)
        space = abi.XENMAPSPACE_gmfn_range
        if world.target.arch != "x86_64":
            with pytest.raises(xensys.NotSupportedError):
                memory_op.add_to_physmap(domid, space, old, new, size=3, hazardous=True)
            return
        memory_op.add_to_physmap(domid, space, old, new, size=3, hazardous=True)
        assert [read(world, domid, new + at, 16) for at in range(3)] == marks
        assert not any(mapped(world, domid, old + at) for at in range(3))
        assert mapped(world, domid, old + 3)
        # What has gone cannot go again.
        with pytest.raises(xensys.XenError) as caught:
            memory_op.add_to_physmap(domid, space, old, new, size=1, hazardous=True)
        assert caught.value.errno == (errno.EACCES if world.target.xen >= (4, 20) else errno.EINVAL)


def test_pages_move_to_a_place_that_overlaps_on_x86(world):
    if world.target.arch != "x86_64":
        return
    with world.throwaway() as guest:
        domid, old = guest.domid, guest.first + 8
        marks = [os.urandom(16) for _ in range(3)]
        for at, mark in enumerate(marks):
            write(world, domid, old + at, mark)
        space = abi.XENMAPSPACE_gmfn_range
        world.xen.memory_op.add_to_physmap(domid, space, old, old + 1, size=3, hazardous=True)
        if world.target.xen >= (4, 20):
            assert [read(world, domid, old + 1 + at, 16) for at in range(3)] == marks
            assert not mapped(world, domid, old)
        else:
            # The second page is freed to make room for the first, which then goes on.
            assert read(world, domid, old + 3, 16) == marks[0]
            assert not any(mapped(world, domid, old + at) for at in range(3))


def test_each_entry_of_a_batch_has_its_errno(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        place = guest.first + ELSEWHERE
        errors = memory_op.add_to_physmap_batch(
            guest.domid,
            abi.XENMAPSPACE_grant_table,
            [0, 1 << 20],
            [place, place + 1],
            hazardous=True,
        )
        assert errors == (0, errno.EINVAL)
        assert [mapped(world, guest.domid, place + at) for at in (0, 1)] == [True, False]


def test_a_batch_that_ends_early_tells_how_far_it_got(world):
    with world.throwaway() as guest:
        with pytest.raises(xensys.XenError) as caught:
            world.xen.memory_op.add_to_physmap_batch(
                guest.domid,
                abi.XENMAPSPACE_grant_table,
                [0, 1, 2],
                [guest.first + ELSEWHERE, ALL_ONES, guest.first + ELSEWHERE + 1],
                hazardous=True,
            )
        assert caught.value.errno == errno.EINVAL
        assert caught.value.arguments["errs"] == (0,)


def test_a_batch_of_foreign_frames_has_each_its_errno(world):
    # Into a guest, not into dom0; and none that would work.
    with world.throwaway() as guest:
        place = guest.first + ELSEWHERE
        errors = world.xen.memory_op.add_to_physmap_batch(
            guest.domid,
            abi.XENMAPSPACE_gmfn_foreign,
            [guest.first],
            [place],
            foreign_domid=NEVER,
            hazardous=True,
        )
        # Up to 4.18 x86 lets the hardware domain alone have such entries.
        old = world.target.arch == "x86_64" and world.target.xen < (4, 19)
        assert errors == (errno.EPERM if old else errno.ESRCH,)


@pytest.mark.parametrize(
    ("space", "number"),
    [(abi.XENMAPSPACE_gmfn_range, errno.EOPNOTSUPP), (abi.XENMAPSPACE_dev_mmio, errno.EACCES)],
    ids=["gmfn_range", "dev_mmio"],
)
def test_spaces_that_a_batch_does_not_take(world, space, number):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.add_to_physmap_batch(world.paused.domid, space, [0], [1], hazardous=True)
    assert caught.value.errno == number


def test_foreign_frames_are_for_batches_only(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.memory_op.add_to_physmap(
            world.paused.domid, abi.XENMAPSPACE_gmfn_foreign, 0, 1, hazardous=True
        )
    assert caught.value.errno == errno.ENOSYS


def test_the_frame_number_of_no_frame_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.add_to_physmap(
            world.paused.domid, abi.XENMAPSPACE_grant_table, 0, ALL_ONES, hazardous=True
        )
    assert caught.value.errno == errno.EINVAL


def test_a_pv_domain_has_no_physmap(world):
    if world.target.translated:
        # dom0 has one; what is asked for must not work there.
        expected, space = errno.ENOSYS, abi.XENMAPSPACE_gmfn_foreign
    else:
        expected, space = errno.EACCES, abi.XENMAPSPACE_grant_table
        with pytest.raises(xensys.XenPermissionError):
            world.xen.memory_op.remove_from_physmap(SELF, 1, hazardous=True)
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.add_to_physmap(SELF, space, 0, 1, hazardous=True)
    assert caught.value.errno == expected


def test_a_translated_domain_exchanges_nothing(world):
    with world.throwaway() as guest:
        with pytest.raises(xensys.XenError) as caught:
            world.xen.memory_op.exchange(guest.domid, [guest.first], [guest.first], hazardous=True)
        assert caught.value.errno == errno.EOPNOTSUPP
        assert caught.value.arguments["nr_exchanged"] == 0
        assert mapped(world, guest.domid, guest.first)


def test_an_exchange_of_unlike_sizes_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.exchange(world.paused.domid, [1, 2], [1], hazardous=True)
    assert caught.value.errno == errno.EINVAL


def test_a_memory_map_of_1024_ranges_can_be_set_on_x86(world):
    rows = [(at << 20, 1 << 20, 1) for at in range(1025)]
    with world.throwaway() as guest:
        if world.target.arch != "x86_64":
            with pytest.raises(xensys.NotSupportedError):
                world.xen.memory_op.set_memory_map(guest.domid, rows[:2])
            return
        world.xen.memory_op.set_memory_map(guest.domid, rows[:1024])
        with pytest.raises(xensys.XenError) as caught:
            world.xen.memory_op.set_memory_map(guest.domid, rows)
        assert caught.value.errno == errno.EINVAL


def test_a_pod_target_of_a_domain_without_pod_changes_nothing(world):
    memory_op = world.xen.memory_op
    with world.throwaway() as guest:
        pages = memory_op.current_reservation(guest.domid)
        if world.target.arch != "x86_64":
            with pytest.raises(xensys.NotSupportedError):
                memory_op.set_pod_target(guest.domid, pages, hazardous=True)
            return
        target = memory_op.set_pod_target(guest.domid, pages - 1, hazardous=True)
        assert target == memory_op.get_pod_target(guest.domid)
        assert target.tot_pages == pages
        above = memory_op.maximum_reservation(guest.domid) + 1
        with pytest.raises(xensys.XenError) as caught:
            memory_op.set_pod_target(guest.domid, above, hazardous=True)
        assert caught.value.errno == errno.EINVAL


def test_the_size_of_a_resource_is_what_the_ioctl_says(world):
    kind = abi.XENMEM_resource_grant_table
    domid = world.paused.domid
    size = world.xen.memory_op.acquire_resource_size(domid, kind)
    assert size == world.xen.resources.size(domid, kind, 0) > 0


def test_frames_of_a_resource_are_machine_frames_if_we_are_pv(world):
    if world.target.translated:
        # There they would take the place of dom0's own memory.
        with pytest.raises(xensys.NoSuchDomainError):
            world.xen.memory_op.acquire_resource(
                NEVER, abi.XENMEM_resource_grant_table, 0, 0, [1], hazardous=True
            )
        return
    kind = abi.XENMEM_resource_grant_table
    acquire = world.xen.memory_op.acquire_resource
    frames = acquire(world.paused.domid, kind, 0, 0, 2, hazardous=True)
    assert len(set(frames)) == 2
    assert all(0 < frame < world.xen.memory_op.maximum_ram_page() for frame in frames)
    assert acquire(world.paused.domid, kind, 0, 1, 1, hazardous=True) == frames[1:]


@pytest.mark.parametrize(("domid", "number"), [(SELF, errno.ESRCH), (NEVER, errno.ESRCH), (0, errno.EPERM)])
def test_resources_are_of_others(world, domid, number):
    kind = abi.XENMEM_resource_grant_table
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.acquire_resource_size(domid, kind)
    assert caught.value.errno == number
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.acquire_resource(domid, kind, 0, 0, 1, hazardous=True)
    assert caught.value.errno == number


def test_frames_beyond_a_resource_are_EINVAL(world):
    kind = abi.XENMEM_resource_grant_table
    size = world.xen.memory_op.acquire_resource_size(world.paused.domid, kind)
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.acquire_resource(world.paused.domid, kind, 0, size, 1, hazardous=True)
    assert caught.value.errno == errno.EINVAL


def test_a_claim_is_staked_once_and_let_go(world):
    # By the raw door: it is for toolstacks, and not in the stable class.
    xen = world.xen
    claim = xen.buffers.new(abi.xen_memory_reservation)

    def claimed(pages):
        claim.nr_extents = pages
        try:
            return xen.hypercall(MEMORY_OP, abi.XENMEM_claim_pages, claim)
        except xensys.XenError as error:
            return -error.errno

    with world.throwaway() as guest:
        claim.domid = guest.domid
        pages = xen.memory_op.current_reservation(guest.domid)
        assert claimed(pages) == -errno.EINVAL
        assert claimed(pages + 2) == 0
        assert claimed(pages + 2) == -errno.EINVAL
        # What it gets now counts against it.
        assert xen.memory_op.populate_physmap(guest.domid, [guest.first + ELSEWHERE]).done == 1
        assert claimed(0) == 0
        assert claimed(pages + 2) == 0
        assert claimed(0) == 0
        assert claimed(xen.memory_op.maximum_reservation(guest.domid) + 1) == -errno.EINVAL


HARMFUL = {
    "increase_reservation": lambda op, domid: op.increase_reservation(SELF, 1),
    "decrease_reservation": lambda op, domid: op.decrease_reservation(domid, [1]),
    "populate_physmap": lambda op, domid: op.populate_physmap(SELF, [1]),
    "exchange": lambda op, domid: op.exchange(domid, [1], [1]),
    "add_to_physmap": lambda op, domid: op.add_to_physmap(domid, 1, 0, 1),
    "add_to_physmap_batch": lambda op, domid: op.add_to_physmap_batch(domid, 1, [0], [1]),
    "remove_from_physmap": lambda op, domid: op.remove_from_physmap(domid, 1),
    "set_memory_map": lambda op, domid: op.set_memory_map(0, []),
    "set_pod_target": lambda op, domid: op.set_pod_target(domid, 1),
    "acquire_resource": lambda op, domid: op.acquire_resource(domid, 1, 0, 0, 1),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_can_do_harm_is_not_asked_without_the_flag(world, name):
    before = world.xen.memory_op.current_reservation(world.paused.domid)
    with pytest.raises(xensys.HazardError) as caught:
        HARMFUL[name](world.xen.memory_op, world.paused.domid)
    assert caught.value.call == f"memory_op(XENMEM_{name})"
    assert "hazardous=True" in caught.value.hint
    assert caught.value.via == ""
    assert world.xen.memory_op.current_reservation(world.paused.domid) == before


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda op: op.increase_reservation(1 << 16, 1), "xen_memory_reservation.domid"),
        (lambda op: op.increase_reservation(1, 1 << 26), "xen_memory_reservation.nr_extents"),
        (lambda op: op.increase_reservation(1, -1), "xen_memory_reservation.nr_extents"),
        (lambda op: op.populate_physmap(1, [1], order=1 << 32), "xen_memory_reservation.extent_order"),
        (lambda op: op.populate_physmap(1, [1], mem_flags=-1), "xen_memory_reservation.mem_flags"),
        (lambda op: op.populate_physmap(1, [1 << 64]), r"frames\[0\]"),
        (lambda op: op.add_to_physmap(1, 1, 0, -1, hazardous=True), "xen_add_to_physmap.gpfn"),
        (lambda op: op.add_to_physmap(1, 1, 0, 0, size=1 << 16, hazardous=True), "xen_add_to_physmap.size"),
        (
            lambda op: op.add_to_physmap_batch(1, 1 << 16, [0], [1], hazardous=True),
            "xen_add_to_physmap_batch.space",
        ),
        (
            lambda op: op.add_to_physmap_batch(1, 1, range(1 << 16), range(1 << 16), hazardous=True),
            "xen_add_to_physmap_batch.size",
        ),
        (lambda op: op.remove_from_physmap(1, 1 << 64, hazardous=True), "xen_remove_from_physmap.gpfn"),
        (lambda op: op.set_pod_target(1, -1, hazardous=True), "xen_pod_target.target_pages"),
        (lambda op: op.acquire_resource_size(1, 1 << 32), "xen_mem_acquire_resource.type"),
        (
            lambda op: op.acquire_resource(1, 1, 0, 1 << 64, 1, hazardous=True),
            "xen_mem_acquire_resource.frame",
        ),
        (
            lambda op: op.acquire_resource(1, 1, 0, 0, 0, hazardous=True),
            "xen_mem_acquire_resource.nr_frames",
        ),
        (lambda op: op.exchange(1 << 16, [1], [1], hazardous=True), "xen_memory_exchange"),
    ],
)
def test_what_does_not_fit_is_an_overflow_that_names_it(world, call, field):
    with pytest.raises(OverflowError, match=field):
        call(world.xen.memory_op)


def test_a_batch_needs_a_place_for_each(world):
    with pytest.raises(ValueError, match="2 idxs, and 1 gpfns"):
        world.xen.memory_op.add_to_physmap_batch(1, 1, [0, 1], [1], hazardous=True)
