"""memory_op: the part that only reads."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi import memory as abi

MEMORY_OP = 12
COUNTS = ("current_reservation", "maximum_reservation", "maximum_gpfn")


def test_maximum_ram_page_is_more_than_dom0_has(world):
    memory_op = world.xen.memory_op
    assert memory_op.maximum_ram_page() > memory_op.current_reservation()


def test_maximum_ram_page_is_the_same_by_the_raw_door(world):
    xen = world.xen
    assert xen.hypercall(MEMORY_OP, abi.XENMEM_maximum_ram_page, None) == (xen.memory_op.maximum_ram_page())


@pytest.mark.parametrize("name", COUNTS)
def test_count_of_oneself_is_positive(world, name):
    assert getattr(world.xen.memory_op, name)() > 0
    assert getattr(world.xen.memory_op, name)(SELF) > 0


@pytest.mark.parametrize("name", COUNTS)
def test_count_of_dom0_by_number_is_that_of_oneself(world, name):
    method = getattr(world.xen.memory_op, name)
    assert method(0) == method(SELF)


@pytest.mark.parametrize("name", COUNTS)
def test_count_of_a_guest_is_positive(world, name):
    assert getattr(world.xen.memory_op, name)(world.paused.domid) > 0


@pytest.mark.parametrize("name", COUNTS)
def test_count_of_a_domain_that_never_was_is_ESRCH(world, name):
    with pytest.raises(xensys.NoSuchDomainError) as caught:
        getattr(world.xen.memory_op, name)(NEVER)
    assert caught.value.errno == errno.ESRCH
    assert caught.value.call == f"memory_op(XENMEM_{name})"
    assert caught.value.domid == NEVER
    assert isinstance(caught.value, ProcessLookupError)


@pytest.mark.parametrize("name", COUNTS)
def test_count_of_a_dead_domain_is_ESRCH(world, name):
    domid = world.dead_domid
    assert world.wait_until_gone(domid)
    with pytest.raises(xensys.NoSuchDomainError):
        getattr(world.xen.memory_op, name)(domid)


@pytest.mark.parametrize("domid", [-1, 1 << 16])
def test_count_of_a_domid_that_does_not_fit_is_an_overflow(world, domid):
    with pytest.raises(OverflowError, match="xen_memory_domain.domid"):
        world.xen.memory_op.current_reservation(domid)


def test_a_guest_has_no_more_than_it_may(world):
    memory_op = world.xen.memory_op
    domid = world.paused.domid
    assert memory_op.current_reservation(domid) <= memory_op.maximum_reservation(domid)
    assert memory_op.current_reservation(domid) >= world.paused.populated


def test_maximum_gpfn_of_a_guest_is_no_less_than_its_frames(world):
    last = world.paused.first + world.paused.populated - 1
    assert world.xen.memory_op.maximum_gpfn(world.paused.domid) >= last


def test_nothing_is_shared_on_this_machine(world):
    memory_op = world.xen.memory_op
    assert memory_op.get_sharing_freed_pages() == 0
    assert memory_op.get_sharing_shared_pages() == 0


def test_memory_map_of_dom0_is_ENOSYS_as_no_toolstack_set_one(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.memory_op.memory_map()
    assert caught.value.errno == errno.ENOSYS


def test_machine_memory_map_starts_with_ram_at_0_on_x86_else_is_ENOSYS(world):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            world.xen.memory_op.machine_memory_map()
        return
    entries = world.xen.memory_op.machine_memory_map()
    assert (entries[0].addr, entries[0].type) == (0, 1)
    ram = sum(entry.size for entry in entries if entry.type == 1)
    # What lies above the last RAM does not count, and there may be holes.
    assert ram >> 12 <= world.xen.memory_op.maximum_ram_page()


def test_machphys_mfn_list_gives_frames_on_x86_else_is_ENOSYS(world):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            world.xen.memory_op.machphys_mfn_list()
        return
    frames = world.xen.memory_op.machphys_mfn_list()
    # Where the machine has no memory Xen repeats the last one: not all differ.
    assert frames
    assert all(frames)
    assert world.xen.memory_op.machphys_mfn_list(1) == frames[:1]


def test_machphys_mapping_is_for_pv_only(world):
    if world.target.translated:
        with pytest.raises(xensys.NotSupportedError) as caught:
            world.xen.memory_op.machphys_mapping()
        assert caught.value.errno == errno.ENOSYS
        return
    mapping = world.xen.memory_op.machphys_mapping()
    assert mapping.v_start < mapping.v_end
    assert mapping.max_mfn > 0


def test_pod_target_of_a_guest_without_pod_has_no_entries(world):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            world.xen.memory_op.get_pod_target(world.paused.domid)
        return
    target = world.xen.memory_op.get_pod_target(world.paused.domid)
    assert (target.pod_cache_pages, target.pod_entries) == (0, 0)
    assert target.tot_pages == world.xen.memory_op.current_reservation(world.paused.domid)


def test_pod_target_of_a_domain_that_never_was_is_ESRCH_on_x86(world):
    expected = errno.ESRCH if world.target.arch == "x86_64" else errno.ENOSYS
    with pytest.raises(xensys.XenError) as caught:
        world.xen.memory_op.get_pod_target(NEVER)
    assert caught.value.errno == expected


def test_no_device_reserves_memory_here(world):
    assert world.xen.memory_op.reserved_device_memory_map() == ()
    assert world.xen.memory_op.reserved_device_memory_map(0) == ()


def test_reserved_device_memory_map_of_a_bus_that_does_not_fit_is_an_overflow(world):
    with pytest.raises(OverflowError, match="seg"):
        world.xen.memory_op.reserved_device_memory_map(1 << 32)


def test_dom0_has_no_virtual_numa(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.memory_op.get_vnumainfo()
    assert caught.value.errno == errno.EOPNOTSUPP


def test_vnumainfo_of_a_domain_that_never_was_is_ESRCH(world):
    with pytest.raises(xensys.NoSuchDomainError):
        world.xen.memory_op.get_vnumainfo(NEVER)


def test_populate_physmap_with_null_is_0_and_no_error(world):
    assert world.xen.hypercall(MEMORY_OP, abi.XENMEM_populate_physmap, None) == 0


def test_populate_physmap_of_a_domain_that_never_was_is_0_and_no_error(world):
    # The reservation calls say how many extents are done, and never why not.
    xen = world.xen
    frames = xen.buffers.new(abi.xen_memory_reservation)
    frames.domid = NEVER
    frames.nr_extents = 1
    with xen.buffers.alloc(8) as extent:
        frames.extent_start = extent
        assert xen.hypercall(MEMORY_OP, abi.XENMEM_populate_physmap, frames) == 0
        frames.extent_start = None


def test_translate_gpfn_list_is_gone(world):
    with pytest.raises(xensys.NotSupportedError):
        world.xen.hypercall(MEMORY_OP, 8, None)


def test_unknown_sub_operation_is_ENOSYS(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(MEMORY_OP, 63, None)
    assert caught.value.errno == errno.ENOSYS
