"""Hypercall buffers: memory lent to Xen (DESIGN P1, P2)."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
import warnings

import pytest

import xensys
from tests.contract.processes import in_child
from xensys.abi import memory, version

PAGE = 4096
SIZES = (1, 15, 16, 31, 32, 33, 100, 4095, 4096, 4097, 3 * 4096, 100_000)


def extraversion_into(xen, address: int) -> int:
    return xen.hypercall(17, version.XENVER_extraversion, address)


@pytest.mark.parametrize("size", SIZES)
def test_alloc_gives_zeroed_memory_of_that_size(world, size):
    with world.xen.buffers.alloc(size) as buffer:
        assert len(buffer) == size
        assert buffer[:] == bytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_alloc_is_aligned_to_its_size_and_crosses_no_page_it_need_not(world, size):
    with world.xen.buffers.alloc(size) as buffer:
        aligned_to = PAGE if size > PAGE else 1 << (size - 1).bit_length()
        assert buffer.address % min(aligned_to, PAGE) == 0


@pytest.mark.parametrize("size", SIZES)
def test_memory_is_zeroed_when_it_is_handed_out_again(world, size):
    buffers = world.xen.buffers
    seen = set()
    for _ in range(3):
        with buffers.alloc(size) as buffer:
            assert buffer[:] == bytes(size)
            seen.add(buffer.address)
            buffer[:] = b"\xff" * size
    # It is the same memory, or this shows nothing.
    assert len(seen) < 3


@pytest.mark.parametrize("size", [0, -1])
def test_alloc_of_nothing_is_a_value_error(world, size):
    with pytest.raises(ValueError, match="size"):
        world.xen.buffers.alloc(size)


def test_alloc_of_more_than_there_is_is_ENOMEM(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.buffers.alloc(1 << 60)
    assert caught.value.errno == 12


def test_pool_works_after_a_request_that_was_too_large(world):
    with pytest.raises(xensys.XenError):
        world.xen.buffers.alloc(1 << 60)
    with world.xen.buffers.alloc(16) as buffer:
        assert extraversion_into(world.xen, buffer.address) == 0


def test_slices_copy_in_and_out(world):
    with world.xen.buffers.alloc(16) as buffer:
        buffer[4:8] = b"abcd"
        assert buffer[3:9] == b"\0abcd\0"
        buffer[0] = 255
        assert buffer[0] == 255
        assert buffer[-12] == ord("a")
        assert buffer[::4] == b"\xffa\0\0"


@pytest.mark.parametrize("data", [b"abc", b"abcde", b""], ids=len)
def test_slice_takes_exactly_its_length(world, data):
    with world.xen.buffers.alloc(16) as buffer:
        with pytest.raises(ValueError, match=r".*"):
            buffer[0:4] = data
        assert buffer[:] == bytes(16)


@pytest.mark.parametrize("index", [16, -17, 1 << 40])
def test_index_outside_is_an_index_error(world, index):
    with world.xen.buffers.alloc(16) as buffer:
        with pytest.raises(IndexError):
            buffer[index]
        with pytest.raises(IndexError):
            buffer[index] = 1


def test_slice_takes_any_buffer(world):
    with world.xen.buffers.alloc(16) as buffer:
        buffer[0:4] = bytearray(b"abcd")
        buffer[4:8] = memoryview(b"efgh")
        buffer[8:12] = (ctypes.c_uint32 * 1)(0x6C6B6A69)
        buffer[12:16] = version.xen_feature_info.from_buffer_copy(b"mnopqrst").submap_idx.to_bytes(
            4, "little"
        )
        assert buffer[:] == b"abcdefghijklmnop"


def test_slice_takes_a_structure(world):
    with world.xen.buffers.alloc(8) as buffer:
        buffer[:] = version.xen_feature_info(submap_idx=1, submap=2)
        assert buffer[:] == b"\1\0\0\0\2\0\0\0"


def test_view_is_the_memory_itself(world):
    with world.xen.buffers.alloc(8) as buffer, buffer.view() as view:
        view[:] = b"12345678"
        assert buffer[:] == b"12345678"
        buffer[0:1] = b"x"
        assert view[0] == ord("x")
        assert (view.format, view.itemsize, view.readonly) == ("B", 1, False)


def test_xen_writes_into_the_view(world):
    with world.xen.buffers.alloc(16) as buffer, buffer.view() as view:
        assert extraversion_into(world.xen, buffer.address) == 0
        assert bytes(view).partition(b"\0")[0].decode() == world.xen.xen_version.extraversion()


def test_free_under_a_view_is_a_buffer_error_and_leaves_it_alive(world):
    buffer = world.xen.buffers.alloc(64)
    view = buffer.view()
    with pytest.raises(BufferError, match="in use"):
        buffer.free()
    assert not buffer.freed
    view[0:2] = b"ok"
    assert buffer[0:2] == b"ok"
    view.release()
    buffer.free()
    assert buffer.freed


def test_free_under_a_view_of_a_view_is_a_buffer_error(world):
    buffer = world.xen.buffers.alloc(64)
    view = buffer.view()[8:16].cast("Q")
    with pytest.raises(BufferError):
        buffer.free()
    del view
    buffer.free()


def test_free_under_a_structure_is_a_buffer_error(world):
    buffer = world.xen.buffers.alloc(64)
    info = version.xen_feature_info.from_buffer(buffer.view())
    with pytest.raises(BufferError):
        buffer.free()
    del info
    buffer.free()


def test_free_while_a_handle_field_points_to_it_is_a_buffer_error(world):
    buffers = world.xen.buffers
    buffer = buffers.alloc(64)
    request = buffers.new(memory.xen_memory_map)
    request.buffer = buffer
    with pytest.raises(BufferError):
        buffer.free()
    request.buffer = None
    buffer.free()


def test_leaving_with_under_a_view_is_a_buffer_error(world):
    with pytest.raises(BufferError), world.xen.buffers.alloc(64) as buffer:
        view = buffer.view()
    view.release()
    buffer.free()


def test_leaving_with_by_an_exception_shows_that_exception_even_under_a_view(world):
    kept = []
    with pytest.raises(KeyError), world.xen.buffers.alloc(64) as buffer:  # noqa: PT012
        kept.append(buffer.view())
        raise KeyError
    assert buffer.freed
    kept[0][0] = 1


def test_double_free_is_a_value_error(world):
    buffer = world.xen.buffers.alloc(64)
    buffer.free()
    with pytest.raises(ValueError, match="freed"):
        buffer.free()
    # And the slot is not in the pool twice.
    one, two = world.xen.buffers.alloc(64), world.xen.buffers.alloc(64)
    assert one.address != two.address
    one.free()
    two.free()


def test_use_after_free_is_a_value_error(world):
    buffer = world.xen.buffers.alloc(64)
    buffer.free()
    for use in (
        lambda: buffer[0],
        lambda: buffer[0:4],
        lambda: buffer.__setitem__(0, 1),
        lambda: buffer.__setitem__(slice(0, 2), b"ab"),
        buffer.view,
        lambda: buffer.address,
    ):
        with pytest.raises(ValueError, match="freed"):
            use()
    assert len(buffer) == 64
    assert "freed" in repr(buffer)


def test_slot_under_a_surviving_view_is_not_reused(world):
    buffers = world.xen.buffers
    kept = []
    try:
        with buffers.alloc(64) as buffer:
            kept.append(buffer.view())
            address = buffer.address
            raise KeyError
    except KeyError:
        pass
    others = [buffers.alloc(64) for _ in range(200)]
    assert address not in {other.address for other in others}
    for other in others:
        other[:] = b"\xff" * 64
        other.free()
    assert kept[0].tobytes() == bytes(64)
    kept.clear()
    # With the last view gone it comes back.
    others = [buffers.alloc(64) for _ in range(200)]
    assert address in {other.address for other in others}
    for other in others:
        other.free()


def test_large_slot_under_a_surviving_view_is_not_reused(world):
    buffers = world.xen.buffers
    kept = []
    try:
        with buffers.alloc(2 * PAGE) as buffer:
            kept.append(buffer.view())
            address = buffer.address
            raise KeyError
    except KeyError:
        pass
    others = [buffers.alloc(2 * PAGE) for _ in range(40)]
    assert not any(other.address <= address < other.address + 2 * PAGE for other in others)
    for other in others:
        other.free()
    kept.clear()
    others = [buffers.alloc(2 * PAGE) for _ in range(40)]
    assert any(abs(other.address - address) < 2 * PAGE for other in others)
    for other in others:
        other.free()


def test_leaked_buffer_is_a_resource_warning_and_comes_back(world):
    buffers = world.xen.buffers
    buffer = buffers.alloc(1024)
    address = buffer.address
    with pytest.warns(ResourceWarning, match="never freed"):  # noqa: PT031
        del buffer
        gc.collect()
    others = [buffers.alloc(1024) for _ in range(40)]
    assert address in {other.address for other in others}
    for other in others:
        other.free()


def test_new_structure_is_zeroed_and_in_memory_xen_may_touch(world):
    info = world.xen.buffers.new(version.xen_feature_info)
    assert bytes(info) == bytes(8)
    assert world.xen.hypercall(17, version.XENVER_get_features, info) == 0


def test_new_structure_needs_no_free_and_warns_of_nothing(world):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):
            world.xen.buffers.new(version.xen_compile_info)
        gc.collect()


def test_new_structure_comes_back_when_it_is_gone(world):
    buffers = world.xen.buffers
    seen = {ctypes.addressof(buffers.new(version.xen_compile_info)) for _ in range(50)}
    assert len(seen) < 50


def test_memory_of_a_new_structure_lives_as_long_as_a_part_of_it(world):
    buffers = world.xen.buffers
    whole = buffers.new(memory.xen_reserved_device_memory_map)
    address = ctypes.addressof(whole)
    part = whole.dev
    part.pci.seg = 0x1234
    del whole
    others = [buffers.new(memory.xen_reserved_device_memory_map) for _ in range(200)]
    assert address not in {ctypes.addressof(other) for other in others}
    assert part.pci.seg == 0x1234
    del part
    others += [buffers.new(memory.xen_reserved_device_memory_map) for _ in range(200)]
    assert address in {ctypes.addressof(other) for other in others}


def test_memory_of_a_new_structure_lives_as_long_as_a_view_of_it(world):
    buffers = world.xen.buffers
    whole = buffers.new(version.xen_compile_info)
    address = ctypes.addressof(whole)
    view = memoryview(whole)
    del whole
    others = [buffers.new(version.xen_compile_info) for _ in range(100)]
    assert address not in {ctypes.addressof(other) for other in others}
    view.release()


def test_new_array_of_structures(world):
    entries = world.xen.buffers.new(memory.xen_reserved_device_memory * 300)
    entries[299].nr_pages = 7
    assert entries[299].nr_pages == 7
    assert ctypes.addressof(entries) % PAGE == 0


@pytest.mark.parametrize(
    "value", [1, 0x7000_0000_0000, b"x" * 64, bytearray(64), "text", ctypes.c_uint64(0)],
    ids=["one", "address", "bytes", "bytearray", "text", "simple"],
)  # fmt: skip
def test_handle_field_refuses_what_is_no_hypercall_memory(world, value):
    request = world.xen.buffers.new(memory.xen_memory_map)
    with pytest.raises(TypeError, match="xen_memory_map.buffer"):
        request.buffer = value
    assert request.buffer is None


def test_handle_field_refuses_an_ordinary_structure(world):
    request = world.xen.buffers.new(memory.xen_memory_map)
    with pytest.raises(TypeError, match="not in hypercall memory"):
        request.buffer = version.xen_feature_info()


def test_handle_field_refuses_a_foreign_mapping(world):
    request = world.xen.buffers.new(memory.xen_memory_map)
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping:
        with pytest.raises(TypeError):
            request.buffer = mapping
        with mapping.view() as view, pytest.raises(TypeError):
            request.buffer = view


def test_handle_field_reads_as_the_address(world):
    buffers = world.xen.buffers
    request = buffers.new(memory.xen_memory_map)
    with buffers.alloc(64) as buffer:
        request.buffer = buffer
        assert request.buffer == buffer.address
        request.buffer = None
        assert request.buffer is None


def test_handle_field_keeps_its_memory_from_reuse(world):
    buffers = world.xen.buffers
    request = buffers.new(memory.xen_memory_map)
    entries = buffers.new(ctypes.c_char * 64)
    address = ctypes.addressof(entries)
    request.buffer = entries
    del entries
    others = [buffers.alloc(64) for _ in range(200)]
    assert address not in {other.address for other in others}
    for other in others:
        other.free()
    request.buffer = None
    others = [buffers.alloc(64) for _ in range(200)]
    assert address in {other.address for other in others}
    for other in others:
        other.free()


def test_may_fault_tells_whether_there_is_a_buffer_device(world):
    assert world.xen.buffers.may_fault is world.fallback


def test_nothing_is_opened_before_it_is_needed(world):
    gc.collect()
    before = os.listdir("/proc/self/fd")
    xen = xensys.open(kernel=world.kernel)
    assert os.listdir("/proc/self/fd") == before
    xen.close()


def test_everything_is_closed_by_close(world):
    gc.collect()
    before = os.listdir("/proc/self/fd")
    xen = xensys.open(kernel=world.kernel)
    xen.version()
    xen.foreign.map(world.paused.domid, world.paused.frames(2)).close()
    xen.close()
    assert os.listdir("/proc/self/fd") == before


def test_steady_state_maps_nothing(world):
    buffers = world.xen.buffers
    for size in (16, 4096, 20_000):
        buffers.alloc(size).free()

    def maps() -> int:
        with open("/proc/self/maps") as file:
            return sum(1 for _ in file)

    before = maps()
    for _ in range(100):
        for size in (16, 4096, 20_000):
            buffers.alloc(size).free()
    assert abs(maps() - before) <= 2  # the interpreter's own arenas


def test_buffer_outlives_a_closed_xen(world):
    xen = world.open()
    buffer = xen.buffers.alloc(PAGE)
    buffer[:] = b"x" * PAGE
    xen.close()
    assert buffer[:] == b"x" * PAGE
    buffer.free()


def test_threads_never_share_a_slot(world):
    buffers = world.xen.buffers
    wrong: list[object] = []

    def work(mark: int) -> None:
        try:
            for turn in range(60):
                size = (16, 64, 4096, 9000)[turn % 4]
                with buffers.alloc(size) as buffer:
                    if buffer[:] != bytes(size):
                        wrong.append("not zero")
                    buffer[:] = bytes([mark]) * size
                    structure = buffers.new(version.xen_feature_info)
                    structure.submap = mark
                    if buffer[:] != bytes([mark]) * size or structure.submap != mark:
                        wrong.append("shared")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_child_of_a_fork_may_not_use_buffers_and_does_not_crash(world):
    xen = world.xen
    buffer = xen.buffers.alloc(64)
    buffer[:] = b"p" * 64
    view = buffer.view()
    structure = xen.buffers.new(version.xen_feature_info)
    structure.submap = 5
    idle = xen.buffers.alloc(3 * PAGE)

    def child() -> None:
        for use in (
            lambda: xen.buffers.alloc(16),
            lambda: buffer[0],
            lambda: buffer.address,
            buffer.view,
            idle.view,
            lambda: xen.buffers.new(version.xen_feature_info),
            xen.version,
            lambda: xen.hypercall(17, 0),
            lambda: xen.hypercall(17, version.XENVER_extraversion, buffer),
        ):
            with pytest.raises(xensys.ForkedError):
                use()
        # What was there before the fork can be touched, and is not the parent's.
        assert view.tobytes() == bytes(64)
        view[:] = b"c" * 64
        assert structure.submap == 0
        structure.submap = 6
        xen.close()

    in_child(child)
    assert buffer[:] == b"p" * 64
    assert structure.submap == 5
    assert xen.version() == world.target.xen
    view.release()
    buffer.free()
    idle.free()


def test_child_of_a_fork_may_open_anew(world):
    world.xen.version()

    def child() -> None:
        xen = xensys.open(kernel=world.kernel)
        assert xen.version() == world.target.xen
        with xen.buffers.alloc(PAGE) as buffer:
            assert extraversion_into(xen, buffer.address) == 0
        xen.close()

    in_child(child)
    assert world.xen.version() == world.target.xen


def test_grandchild_may_not_use_its_parents_buffers_either(world):
    def grandchild(xen, view) -> None:
        assert view.tobytes() == bytes(32)
        with pytest.raises(xensys.ForkedError):
            xen.buffers.alloc(16)

    def child() -> None:
        xen = xensys.open(kernel=world.kernel)
        buffer = xen.buffers.alloc(32)
        buffer[:] = b"c" * 32
        view = buffer.view()
        in_child(lambda: grandchild(xen, view))
        assert view.tobytes() == b"c" * 32
        view.release()
        buffer.free()
        xen.close()

    world.xen.version()
    in_child(child)
