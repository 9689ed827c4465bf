"""Foreign maps: when they may be touched, and when they go (DESIGN P4)."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time

import pytest

import xensys
from tests.contract.processes import in_child
from tests.contract.worlds import FRAME


def fresh(world, count: int = 1, *, write: bool = True, mark: bytes = b"mark"):
    """A mapping of the paused guest whose pages begin with `mark`."""
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(count), write=True) as m:
        for at in range(0, len(m), FRAME):
            m[at : at + len(mark)] = mark
    return world.xen.foreign.map(world.paused.domid, world.paused.frames(count), write=write)


def uses(mapping) -> list:
    return [
        lambda: mapping[0],
        lambda: mapping[0:4],
        lambda: mapping.__setitem__(0, 1),
        lambda: mapping.__setitem__(slice(0, 2), b"ab"),
        mapping.view,
        lambda: mapping.find(b"x"),
        lambda: mapping.address,
        lambda: mapping.writable,
    ]


def test_use_after_close_is_a_value_error(world):
    mapping = fresh(world)
    mapping.close()
    assert mapping.closed
    for use in uses(mapping):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert "closed" in repr(mapping)
    assert len(mapping) == FRAME


def test_close_unmaps(world):
    mapping = fresh(world, 3)
    assert len(world.mapped_ranges()) >= 1
    mapping.close()
    assert world.mapped_ranges() == []


def test_close_twice_is_nothing(world):
    mapping = fresh(world)
    mapping.close()
    mapping.close()
    mapping.close(revoke=True)


def test_close_under_a_view_is_a_buffer_error_and_leaves_it_open(world):
    mapping = fresh(world)
    view = mapping.view()
    with pytest.raises(BufferError, match="revoke"):
        mapping.close()
    assert not mapping.closed
    assert bytes(view[0:4]) == b"mark"
    mapping[0:4] = b"live"
    assert bytes(view[0:4]) == b"live"
    view.release()
    mapping.close()
    assert world.mapped_ranges() == []


def test_close_under_a_slice_of_a_view_is_a_buffer_error(world):
    mapping = fresh(world)
    view = mapping.view()
    part = view[8:16]
    view.release()
    with pytest.raises(BufferError):
        mapping.close()
    del part
    mapping.close()


def test_revoke_gives_the_memory_back_and_leaves_zeros_under_views(world):
    mapping = fresh(world, 2)
    view = mapping.view()
    part = view[FRAME : FRAME + 4]
    mapping.close(revoke=True)
    assert mapping.closed
    assert world.mapped_ranges() == []
    assert view.tobytes() == bytes(2 * FRAME)
    assert bytes(part) == bytes(4)
    for use in uses(mapping):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_what_is_written_to_a_view_after_revoke_is_not_the_guests(world):
    mapping = fresh(world)
    view = mapping.view()
    mapping.close(revoke=True)
    view[0:4] = b"lost"
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as again:
        assert again[0:4] == b"mark"


def test_read_only_view_is_still_read_only_after_revoke(world):
    mapping = fresh(world, write=False)
    view = mapping.view()
    mapping.close(revoke=True)
    assert view.readonly
    assert bytes(view) == bytes(FRAME)


def test_revoke_without_views_is_a_close(world):
    mapping = fresh(world)
    mapping.close(revoke=True)
    assert world.mapped_ranges() == []


def test_addresses_are_freed_with_the_last_view_after_revoke(world):
    def holds(address: int) -> bool:
        with open("/proc/self/maps") as maps:
            ranges = [line.split()[0].split("-") for line in maps]
        return any(int(start, 16) <= address < int(end, 16) for start, end in ranges)

    mapping = fresh(world, 1000)
    view = mapping.view()
    middle = mapping.address + 500 * FRAME
    mapping.close(revoke=True)
    assert holds(middle)
    view.release()
    del view
    assert not holds(middle)


def test_leaving_with_by_an_exception_revokes_and_shows_that_exception(world):
    kept = []
    with pytest.raises(KeyError), fresh(world) as mapping:  # noqa: PT012
        kept.append(mapping.view())
        raise KeyError
    assert mapping.closed
    assert world.mapped_ranges() == []
    assert kept[0].tobytes() == bytes(FRAME)


def test_leaving_with_under_a_view_is_a_buffer_error(world):
    with pytest.raises(BufferError), fresh(world) as mapping:
        view = mapping.view()
    view.release()
    mapping.close()


def test_forgotten_mapping_is_a_resource_warning_and_is_unmapped(world):
    mapping = fresh(world)
    with pytest.warns(ResourceWarning, match="unclosed"):  # noqa: PT031
        del mapping
        gc.collect()
    assert world.mapped_ranges() == []


def test_view_of_a_forgotten_mapping_stays_good(world):
    mapping = fresh(world)
    view = mapping.view()
    with pytest.warns(ResourceWarning, match="unclosed"):  # noqa: PT031
        del mapping
        gc.collect()
    assert bytes(view[0:4]) == b"mark"
    view.release()
    del view
    gc.collect()
    assert world.mapped_ranges() == []


def test_mapping_outlives_the_closed_xen(world):
    xen = world.open()
    mapping = xen.foreign.map(world.paused.domid, world.paused.frames(1))
    xen.close()
    assert len(mapping[:]) == FRAME
    mapping.close()
    with pytest.raises(ValueError, match="closed"):
        xen.foreign.map(world.paused.domid, world.paused.frames(1))


def test_memoryview_of_a_mapping_from_python_3_12_on(world):
    mapping = fresh(world)
    if sys.version_info >= (3, 12):
        with memoryview(mapping) as view:
            assert bytes(view[0:4]) == b"mark"
            with pytest.raises(BufferError):
                mapping.close()
    else:
        with pytest.raises(TypeError):
            memoryview(mapping)
    mapping.close()


# --- the guest dies -----------------------------------------------------------


def test_mapping_of_a_guest_that_dies_stays_readable_and_keeps_it_a_zombie(world):
    with world.throwaway() as guest:
        frames = guest.frames(8)
        mapping = world.xen.foreign.map(guest.domid, frames, write=True)
        mapping[0:4] = b"last"
        guest.destroy()
        assert mapping[0:4] == b"last"
        mapping[0:4] = b"more"
        assert mapping[0:4] == b"more"
        # Xen still knows it by its number, as long as somebody maps it.
        assert world.xen.memory_op.current_reservation(guest.domid) >= 0
        with pytest.raises(xensys.ForeignMapError) as caught:
            world.xen.foreign.map(guest.domid, frames)
        assert list(caught.value.errors) == list(frames)
        mapping.close()
        assert world.wait_until_gone(guest.domid)


def test_revoked_mapping_of_a_dead_guest_lets_it_go(world):
    with world.throwaway() as guest:
        mapping = world.xen.foreign.map(guest.domid, guest.frames(8))
        view = mapping.view()
        guest.destroy()
        mapping.close(revoke=True)
        assert world.wait_until_gone(guest.domid)
        assert view.tobytes() == bytes(8 * FRAME)


# --- fork ---------------------------------------------------------------------


def test_child_of_a_fork_may_not_use_a_mapping(world):
    mapping = fresh(world)

    def child() -> None:
        for use in uses(mapping):
            with pytest.raises(xensys.ForkedError):
                use()
        with pytest.raises(xensys.ForkedError):
            world.xen.foreign.map(world.paused.domid, world.paused.frames(1))
        mapping.close()

    in_child(child)
    assert mapping[0:4] == b"mark"
    mapping.close()


def test_view_in_the_child_of_a_fork_is_zeros_and_not_the_guests_memory(world):
    mapping = fresh(world, 3)
    view = mapping.view()

    def child() -> None:
        assert view.tobytes() == bytes(3 * FRAME)
        view[0:4] = b"kids"
        assert bytes(view[0:4]) == b"kids"

    in_child(child)
    assert bytes(view[0:4]) == b"mark"
    view.release()
    mapping.close()


def test_read_only_view_in_the_child_of_a_fork(world):
    mapping = fresh(world, write=False)
    view = mapping.view()

    def child() -> None:
        assert view.readonly
        assert view.tobytes() == bytes(FRAME)

    in_child(child)
    view.release()
    mapping.close()


def test_partial_mapping_in_the_child_of_a_fork(world):
    frames = [world.paused.first, world.paused.hole, world.paused.first + 1]
    found = world.xen.foreign.map(world.paused.domid, frames, partial=True)
    view = found.view(2 * FRAME, 8)

    def child() -> None:
        with pytest.raises(xensys.ForkedError):
            found[0]
        assert bytes(view) == bytes(8)
        found.close()

    in_child(child)
    assert len(found[0:8]) == 8
    view.release()
    found.close()


def test_revoked_view_in_the_child_of_a_fork(world):
    mapping = fresh(world)
    view = mapping.view()
    mapping.close(revoke=True)
    view[0:2] = b"ab"

    def child() -> None:
        # Ordinary memory by now, so it is copied as such.
        assert bytes(view[0:2]) == b"ab"

    in_child(child)


def test_child_that_lets_everything_go_disturbs_nothing(world):
    mapping = fresh(world, 16)
    view = mapping.view()
    buffer = world.xen.buffers.alloc(64)
    holder = [mapping, view, buffer, world.xen]

    def child() -> None:
        holder.clear()
        gc.collect()
        again = xensys.open(kernel=world.kernel)
        with again.foreign.map(world.paused.domid, world.paused.frames(16)) as mine:
            assert mine[0:4] == b"mark"
        again.close()

    in_child(child)
    assert bytes(view[0:4]) == b"mark"
    assert mapping[15 * FRAME : 15 * FRAME + 4] == b"mark"
    buffer.free()
    holder.clear()
    view.release()
    mapping.close()


def test_grandchild_may_not_use_its_parents_mapping_either(world):
    def child() -> None:
        xen = xensys.open(kernel=world.kernel)
        mapping = xen.foreign.map(world.paused.domid, world.paused.frames(2))
        view = mapping.view()

        def grandchild() -> None:
            with pytest.raises(xensys.ForkedError):
                mapping[0]
            assert view.tobytes() == bytes(2 * FRAME)

        in_child(grandchild)
        assert bytes(view[0:4]) == b"mark"
        view.release()
        mapping.close()
        xen.close()

    fresh(world, 2).close()
    in_child(child)


# --- threads ------------------------------------------------------------------


def test_threads_map_and_close_at_once(world):
    xen = world.xen
    frames = list(world.paused.frames(64))
    with xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
        for index, frame in enumerate(frames):
            mapping[index * FRAME : index * FRAME + 8] = frame.to_bytes(8, "little")
    wrong: list[object] = []

    def work(start: int) -> None:
        try:
            for turn in range(15):
                mine = frames[start + turn : start + turn + 4]
                with xen.foreign.map(world.paused.domid, mine) as mapping:
                    for index, frame in enumerate(mine):
                        at = index * FRAME
                        if int.from_bytes(mapping[at : at + 8], "little") != frame:
                            wrong.append((frame, mapping[at : at + 8]))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert world.mapped_ranges() == []


@pytest.mark.parametrize("revoke", [False, True], ids=["close", "revoke"])
def test_close_while_another_thread_reads_is_a_value_error_there(world, revoke):
    mapping = fresh(world, 4)
    ended: list[BaseException] = []
    started = threading.Event()

    def read() -> None:
        try:
            while True:
                assert len(mapping[0 : 4 * FRAME]) == 4 * FRAME
                mapping.find(b"nowhere")
                started.set()
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert started.wait(60)
    mapping.close(revoke=revoke)
    thread.join(60)
    assert [type(error) for error in ended] == [ValueError]
    assert world.mapped_ranges() == []


def test_close_of_the_handle_while_another_thread_is_in_a_call(world):
    xen = world.open()
    expected = xen.xen_version.version()
    ended: list[BaseException] = []
    wrong: list[object] = []
    started = threading.Event()

    def call() -> None:
        try:
            while True:
                if xen.xen_version.version() != expected:
                    wrong.append("wrong answer")
                with xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping:
                    if len(mapping[:]) != FRAME:
                        wrong.append("wrong length")
                started.set()
        except BaseException as error:
            ended.append(error)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert started.wait(60)
    time.sleep(0.01)
    xen.close()
    # A number freed too early would be given to one of these.
    others = [os.open("/dev/null", os.O_RDWR) for _ in range(8)]
    for thread in threads:
        thread.join(60)
    for fd in others:
        os.close(fd)
    assert wrong == []
    assert [type(error) for error in ended] == [ValueError, ValueError]
    assert world.mapped_ranges() == []
