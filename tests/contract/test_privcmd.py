"""The privcmd handle: each ioctl by itself, without the layers above."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from array import array
from contextlib import contextmanager

import pytest

import xensys
from tests.contract.worlds import FRAME, NEVER
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd
from xensys.kernel.pointers import address_of
from xensys.xen import Xen


@pytest.fixture
def privcmd(world):
    with Privcmd.open(world.kernel) as handle:
        yield handle


@contextmanager
def empty_range(world, privcmd, frames: int, *, writable: bool = False):
    """Addresses with the device mapped over them, and nothing in it yet."""
    memory = world.kernel.reserve(frames * FRAME, writable=writable)
    try:
        address = address_of(memory)
        privcmd.map_over(memory)
        yield address, memory
    finally:
        memory.close()


def test_handle_says_where_it_was_opened(world, privcmd):
    assert privcmd.path == "/dev/xen/privcmd"
    assert privcmd.kernel is world.kernel
    assert not privcmd.closed
    assert privcmd.fileno() >= 0
    assert f"fd {privcmd.fileno()}" in repr(privcmd)


def test_descriptor_is_close_on_exec(world, privcmd):
    assert not os.get_inheritable(privcmd.fileno())


def test_closed_handle_raises_value_error(world):
    handle = Privcmd.open(world.kernel)
    spare = world.kernel.reserve(FRAME, writable=False)
    handle.close()
    assert handle.closed
    for use in (
        handle.fileno,
        lambda: handle.hypercall(17, 0),
        lambda: handle.hypercall_long(17, 0),
        lambda: handle.mmapbatch_v2(1, 0, array("Q", [1]), bytearray(4)),
        lambda: handle.mmapbatch(1, 0, array("Q", [1])),
        lambda: handle.mmap(1, ()),
        lambda: handle.mmap_resource(1, 1, 0, 0, 0, 0),
        lambda: handle.restrict(1),
        lambda: handle.dm_op(1, ()),
        lambda: handle.map_over(spare),
    ):
        with pytest.raises(ValueError, match="closed"):
            use()
    handle.close()
    assert "closed" in repr(handle)


def test_forgotten_handle_is_a_resource_warning(world):
    handle = Privcmd.open(world.kernel)
    fd = handle.fileno()
    with pytest.warns(ResourceWarning, match="unclosed"):
        del handle
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


# --- HYPERCALL ----------------------------------------------------------------


def test_hypercall_result_is_xens(world, privcmd):
    number = privcmd.hypercall(17, 0)
    assert (number >> 16, number & 0xFFFF) == world.target.xen


def test_hypercall_error_is_a_plain_oserror(world, privcmd):
    with pytest.raises(OSError) as caught:
        privcmd.hypercall(63)
    assert caught.value.errno == errno.ENOSYS
    assert not isinstance(caught.value, xensys.XenError)


# --- MMAPBATCH_V2 -------------------------------------------------------------


def test_v2_maps_and_says_so_of_each_frame(world, privcmd):
    frames = array("Q", world.paused.frames(4))
    errors = bytearray(b"\xff" * 16)
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch_v2(world.paused.domid, address, frames, errors)
        assert errors == bytes(16)
        with world.xen.foreign.map(world.paused.domid, frames) as mapping:
            assert memory[:] == mapping[:]


def test_v2_returns_0_although_frames_failed(world, privcmd):
    frames = array("Q", world.paused.frames(4))
    frames[1] = world.paused.hole
    errors = array("i", [7] * 4)
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch_v2(world.paused.domid, address, frames, errors)
        assert list(errors) == [0, -errno.EINVAL, 0, 0]
        assert len(memory[0:FRAME]) == FRAME
        assert len(memory[2 * FRAME :]) == 2 * FRAME


@pytest.mark.parametrize("given", [3, 5])
def test_v2_for_another_length_than_the_ranges_is_EINVAL(world, privcmd, given):
    frames = array("Q", world.paused.frames(given))
    with empty_range(world, privcmd, 4) as (address, _):
        with pytest.raises(xensys.XenError) as caught:
            privcmd.mmapbatch_v2(world.paused.domid, address, frames, bytearray(4 * given))
        assert caught.value.errno == errno.EINVAL
        assert caught.value.arguments == {"num": given, "addr": address}


def test_v2_not_from_the_start_of_the_range_is_EINVAL(world, privcmd):
    frames = array("Q", world.paused.frames(3))
    with empty_range(world, privcmd, 4) as (address, _):
        with pytest.raises(xensys.XenError) as caught:
            privcmd.mmapbatch_v2(world.paused.domid, address + FRAME, frames, bytearray(12))
        assert caught.value.errno == errno.EINVAL


def test_v2_a_second_time_over_what_is_mapped_is_EINVAL(world, privcmd):
    frames = array("Q", world.paused.frames(4))
    errors = bytearray(16)
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch_v2(world.paused.domid, address, frames, errors)
        before = memory[:]
        for start, stop in ((0, 4), (1, 2)):
            with pytest.raises(xensys.XenError) as caught:
                privcmd.mmapbatch_v2(
                    world.paused.domid,
                    address + start * FRAME,
                    frames[start:stop],
                    bytearray(4 * (stop - start)),
                )
            assert caught.value.errno == errno.EINVAL
        assert memory[:] == before


def test_v2_fills_a_hole_later_if_pv_and_cannot_where_translated(world, privcmd):
    # Linux makes a page table entry for a failed frame too on translated domains.
    frames = array("Q", world.paused.frames(4))
    good = frames[1]
    frames[1] = world.paused.hole
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch_v2(world.paused.domid, address, frames, bytearray(16))
        errors = array("i", [7])
        arguments = (world.paused.domid, address + FRAME, array("Q", [good]), errors)
        if world.target.translated:
            with pytest.raises(xensys.XenError) as caught:
                privcmd.mmapbatch_v2(*arguments)
            assert caught.value.errno == errno.EINVAL
            return
        privcmd.mmapbatch_v2(*arguments)
        assert list(errors) == [0]
        with world.xen.foreign.map(world.paused.domid, [good]) as mapping:
            assert memory[FRAME : 2 * FRAME] == mapping[:]


def test_v2_at_an_address_that_is_not_the_devices_is_EINVAL(world, privcmd):
    with mmap.mmap(-1, FRAME) as memory, pytest.raises(xensys.XenError) as caught:
        privcmd.mmapbatch_v2(
            world.paused.domid, address_of(memory), array("Q", [world.paused.first]), bytearray(4)
        )
    assert caught.value.errno == errno.EINVAL


def test_v2_of_no_frames_is_EINVAL(world, privcmd):
    with (
        empty_range(world, privcmd, 1) as (address, _),
        pytest.raises(xensys.XenError) as caught,
    ):
        privcmd.mmapbatch_v2(world.paused.domid, address, array("Q"), bytearray())
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("length", [0, 4, 12, 5])
def test_v2_with_errors_of_another_length_is_refused_here(world, privcmd, length):
    # The driver clears 4 bytes for each frame there, whatever the length is.
    errors = bytearray(b"\xff" * length)
    with empty_range(world, privcmd, 2) as (address, _), pytest.raises(ValueError, match="bytes"):
        privcmd.mmapbatch_v2(world.paused.domid, address, array("Q", world.paused.frames(2)), errors)
    assert errors == b"\xff" * length


def test_v2_into_read_only_memory_is_refused_here(world, privcmd):
    with empty_range(world, privcmd, 1) as (address, _), pytest.raises(BufferError):
        privcmd.mmapbatch_v2(world.paused.domid, address, array("Q", [world.paused.first]), b"\0\0\0\0")


def test_v2_of_a_domain_that_never_was_marks_every_frame(world, privcmd):
    errors = array("i", [0] * 3)
    with empty_range(world, privcmd, 3) as (address, _):
        privcmd.mmapbatch_v2(NEVER, address, array("Q", [1, 2, 3]), errors)
    assert list(errors) == [-errno.ESRCH] * 3


# --- MMAPBATCH ----------------------------------------------------------------


def test_v1_maps(world, privcmd):
    frames = array("Q", world.paused.frames(4))
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch(world.paused.domid, address, frames)
        assert list(frames) == list(world.paused.frames(4))
        with world.xen.foreign.map(world.paused.domid, frames) as mapping:
            assert memory[:] == mapping[:]


def test_v1_marks_the_frames_that_failed(world, privcmd):
    hole = world.paused.hole
    frames = array("Q", world.paused.frames(4))
    frames[2] = hole
    with empty_range(world, privcmd, 4) as (address, memory):
        privcmd.mmapbatch(world.paused.domid, address, frames)
        expected = list(world.paused.frames(4))
        expected[2] = hole | 0xF000_0000
        assert list(frames) == expected
        assert len(memory[0 : 2 * FRAME]) == 2 * FRAME


def test_v1_for_another_length_than_the_ranges_is_EINVAL(world, privcmd):
    with (
        empty_range(world, privcmd, 4) as (address, _),
        pytest.raises(xensys.XenError) as caught,
    ):
        privcmd.mmapbatch(world.paused.domid, address, array("Q", world.paused.frames(3)))
    assert caught.value.errno == errno.EINVAL


# --- MMAP ---------------------------------------------------------------------


def test_mmap_of_nothing_tells_pv_from_translated(world, privcmd):
    if not world.target.translated:
        privcmd.mmap(world.paused.domid, ())
        return
    with pytest.raises(xensys.NotSupportedError) as caught:
        privcmd.mmap(world.paused.domid, ())
    assert caught.value.errno == errno.ENOSYS
    assert caught.value.call == "IOCTL_PRIVCMD_MMAP"


def test_mmap_maps_frames_in_a_row_if_pv(world, privcmd):
    frames = world.paused.frames(3)
    with empty_range(world, privcmd, 3) as (address, memory):
        entries = [(address, frames[0], 2), (address + 2 * FRAME, frames[2], 1)]
        if world.target.translated:
            with pytest.raises(xensys.NotSupportedError):
                privcmd.mmap(world.paused.domid, entries)
            return
        privcmd.mmap(world.paused.domid, entries)
        with world.xen.foreign.map(world.paused.domid, frames) as mapping:
            assert memory[:] == mapping[:]


def test_mmap_not_from_the_start_of_the_range_is_EINVAL(world, privcmd):
    with (
        empty_range(world, privcmd, 2) as (address, _),
        pytest.raises(xensys.XenError) as caught,
    ):
        privcmd.mmap(world.paused.domid, [(address + FRAME, world.paused.first, 1)])
    assert caught.value.errno == (errno.ENOSYS if world.target.translated else errno.EINVAL)


# --- MMAP_RESOURCE ------------------------------------------------------------


def test_mmap_resource_of_nothing_at_nowhere_is_the_size(world, privcmd):
    size = privcmd.mmap_resource(world.paused.domid, 1, 0, 0, 0, 0)
    assert size == world.xen.resources.size(world.paused.domid, 1, 0)


def test_mmap_resource_with_exactly_one_zero_is_EINVAL(world, privcmd):
    with empty_range(world, privcmd, 1) as (address, _):
        for num, at in ((0, address), (1, 0)):
            with pytest.raises(xensys.XenError) as caught:
                privcmd.mmap_resource(world.paused.domid, 1, 0, 0, num, at)
            assert caught.value.errno == errno.EINVAL


def test_mmap_resource_at_an_address_that_is_not_the_devices_is_EINVAL(world, privcmd):
    with mmap.mmap(-1, FRAME) as memory, pytest.raises(xensys.XenError) as caught:
        privcmd.mmap_resource(world.paused.domid, 1, 0, 0, 1, address_of(memory))
    assert caught.value.errno == errno.EINVAL


# --- DM_OP --------------------------------------------------------------------


def test_dm_op_without_buffers_is_0(world, privcmd):
    assert privcmd.dm_op(world.paused.domid, ()) == 0


def test_dm_op_with_too_many_buffers_is_E2BIG(world, privcmd):
    with pytest.raises(xensys.XenError) as caught:
        privcmd.dm_op(world.paused.domid, [bytearray(8) for _ in range(17)])
    assert caught.value.errno == errno.E2BIG


def test_dm_op_with_too_large_a_buffer_is_E2BIG(world, privcmd):
    with pytest.raises(xensys.XenError) as caught:
        privcmd.dm_op(world.paused.domid, [bytearray(4097)])
    assert caught.value.errno == errno.E2BIG


# --- RESTRICT -----------------------------------------------------------------


def test_restrict_again_to_the_same_domain_is_nothing(world, privcmd):
    privcmd.restrict(world.paused.domid)
    privcmd.restrict(world.paused.domid)


def test_restrict_to_another_domain_is_EINVAL(world, privcmd):
    privcmd.restrict(world.paused.domid)
    with pytest.raises(xensys.XenError) as caught:
        privcmd.restrict(world.running.domid)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.call == "IOCTL_PRIVCMD_RESTRICT"


def test_restrict_holds_for_that_handle_alone(world, privcmd):
    privcmd.restrict(world.paused.domid)
    with Privcmd.open(world.kernel) as other:
        assert other.hypercall(17, 0) > 0


def test_restrict_holds_for_duplicates_too(world, privcmd):
    with Privcmd.adopt(os.dup(privcmd.fileno()), world.kernel) as twin:
        privcmd.restrict(world.paused.domid)
        with pytest.raises(OSError) as caught:
            twin.hypercall(17, 0)
    assert caught.value.errno == errno.EPERM


def test_hypercalls_of_a_restricted_handle_are_EPERM_and_the_error_says_why(world):
    handle = Privcmd.open(world.kernel)
    xen = Xen(world.kernel, privcmd=handle)
    with xen:
        handle.restrict(world.paused.domid)
        for call in (
            xen.version,
            xen.memory_op.maximum_ram_page,
            xen.grant_table_op.query_size,
            lambda: xen.hvm_op.get_param(world.paused.domid, 1),
            lambda: xen.hypercall(17, 0),
        ):
            with pytest.raises(xensys.XenPermissionError) as caught:
                call()
            assert caught.value.errno == errno.EPERM
            assert "restricted" in caught.value.hint
            assert f"restricted to domain {world.paused.domid}" in str(caught.value)
            assert isinstance(caught.value, PermissionError)


def test_restricted_handle_still_maps_its_domain(world):
    handle = Privcmd.open(world.kernel)
    with Xen(world.kernel, privcmd=handle) as xen:
        handle.restrict(world.paused.domid)
        frames = world.paused.frames(3)
        with xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
            assert len(mapping[:]) == 3 * FRAME
        holes = [frames[0], world.paused.hole, frames[2]]
        with xen.foreign.map(world.paused.domid, holes, partial=True) as found:
            assert list(found.errors) == [world.paused.hole]
        assert xen.resources.size(world.paused.domid, 1, 0) > 0
        xen.resources.map(world.paused.domid, 1, 0, frames=1).close()
        assert handle.dm_op(world.paused.domid, ()) == 0


def test_restricted_handle_maps_no_other_domain(world):
    handle = Privcmd.open(world.kernel)
    with Xen(world.kernel, privcmd=handle) as xen:
        handle.restrict(world.paused.domid)
        other = world.running
        for call in (
            lambda: xen.foreign.map(other.domid, other.frames(1)),
            lambda: xen.foreign.map(other.domid, other.frames(1), partial=True),
            lambda: xen.resources.size(other.domid, 1, 0),
            lambda: xen.resources.map(other.domid, 1, 0, frames=1),
            lambda: handle.dm_op(other.domid, ()),
        ):
            with pytest.raises(xensys.XenPermissionError) as caught:
                call()
            assert caught.value.errno == errno.EPERM
            assert caught.value.domid == other.domid
    assert world.mapped_ranges() == []


def test_map_made_before_restrict_stays(world):
    handle = Privcmd.open(world.kernel)
    with Xen(world.kernel, privcmd=handle) as xen:
        mapping = xen.foreign.map(world.running.domid, world.running.frames(1))
        handle.restrict(world.paused.domid)
        assert len(mapping[:]) == FRAME
        mapping.close()


@pytest.mark.parametrize("domid", [-1, 1 << 16])
def test_restrict_to_what_does_not_fit_is_an_overflow(world, privcmd, domid):
    with pytest.raises(OverflowError, match="domid"):
        privcmd.restrict(domid)


# --- adopt() ------------------------------------------------------------------


def test_adopted_descriptor_works_and_keeps_its_flags(world, privcmd):
    fd = os.dup(privcmd.fileno())
    os.set_inheritable(fd, True)
    os.set_blocking(fd, False)
    with Privcmd.adopt(fd, world.kernel) as handle:
        assert handle.fileno() == fd
        assert handle.hypercall(17, 0) > 0
        assert os.get_inheritable(fd)
        assert not os.get_blocking(fd)
        assert handle.path == f"descriptor {fd}"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_adopted_descriptor_is_left_open_if_so_asked(world, privcmd):
    fd = os.dup(privcmd.fileno())
    with Privcmd.adopt(fd, world.kernel, close=False) as handle:
        assert handle.hypercall(17, 0) > 0
    os.fstat(fd)
    os.close(fd)


def test_adopting_no_descriptor_is_a_value_error(world):
    with pytest.raises(ValueError, match="not a descriptor"):
        Privcmd.adopt(-1, world.kernel)


def test_whole_xen_on_an_adopted_descriptor(world, privcmd):
    handle = Privcmd.adopt(os.dup(privcmd.fileno()), world.kernel)
    with Xen(world.kernel, privcmd=handle) as xen:
        assert xen.version() == world.target.xen
        xen.foreign.map(world.paused.domid, world.paused.frames(1)).close()
    assert handle.closed


# --- the buffer device --------------------------------------------------------


def test_buffer_device_is_there_unless_this_is_the_fallback(world):
    if world.fallback:
        with pytest.raises(xensys.NoXenError) as caught:
            HypercallMemory.open(world.kernel)
        assert caught.value.errno == errno.ENOENT
        assert isinstance(caught.value, FileNotFoundError)
        return
    with HypercallMemory.open(world.kernel) as device:
        memory = world.kernel.reserve(2 * FRAME, writable=True)
        device.map_over(memory)
        assert memory[:] == bytes(2 * FRAME)
        memory.close()


# --- threads and forks --------------------------------------------------------


def test_handle_closed_in_another_thread(world):
    handle = Privcmd.open(world.kernel)
    thread = threading.Thread(target=handle.close)
    thread.start()
    thread.join()
    with pytest.raises(ValueError, match="closed"):
        handle.hypercall(17, 0)


def test_handle_in_the_child_of_a_fork(world, privcmd):
    from tests.contract.processes import in_child

    fd = privcmd.fileno()

    def child() -> None:
        for use in (privcmd.fileno, lambda: privcmd.hypercall(17, 0), lambda: privcmd.restrict(1)):
            with pytest.raises(xensys.ForkedError):
                use()
        os.fstat(fd)
        assert "parent" in repr(privcmd)
        privcmd.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
        with Privcmd.open(world.kernel) as again:
            assert again.hypercall(17, 0) > 0

    in_child(child)
    assert privcmd.hypercall(17, 0) > 0
