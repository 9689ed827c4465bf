"""Foreign maps: which frames, in which form, and what fails (DESIGN P3)."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import random
import resource
import secrets
from array import array

import pytest

import xensys
from tests.contract.worlds import FRAME, NEVER, SELF

COUNTS = (1, 255, 256, 257)


def stamp(world, frames) -> None:
    """Give each frame of the paused guest its own number to begin with."""
    with world.xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
        for index, frame in enumerate(frames):
            at = index * FRAME
            mapping[at : at + 8] = frame.to_bytes(8, "little")
            mapping[at + FRAME - 8 : at + FRAME] = (~frame & (1 << 64) - 1).to_bytes(8, "little")


def stamps(mapping) -> list[int]:
    """The frame numbers that `stamp` wrote, read back in the order of the mapping."""
    found = []
    for at in range(0, len(mapping), FRAME):
        frame = int.from_bytes(mapping[at : at + 8], "little")
        assert mapping[at + FRAME - 8 : at + FRAME] == (~frame & (1 << 64) - 1).to_bytes(8, "little")
        found.append(frame)
    return found


@pytest.mark.parametrize("count", COUNTS)
def test_map_contiguous_frames(world, count):
    frames = world.paused.frames(count)
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        assert len(mapping) == count * FRAME
        assert stamps(mapping) == list(frames)
        assert (mapping.domid, list(mapping.frames)) == (world.paused.domid, list(frames))


@pytest.mark.parametrize("count", COUNTS)
def test_map_reversed_frames(world, count):
    frames = world.paused.frames(count)
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, frames[::-1]) as mapping:
        assert stamps(mapping) == list(frames)[::-1]


@pytest.mark.parametrize("count", COUNTS)
def test_map_random_order(world, count):
    frames = list(world.paused.frames(count))
    stamp(world, frames)
    random.Random(count).shuffle(frames)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        assert stamps(mapping) == frames


@pytest.mark.parametrize("count", COUNTS)
def test_map_one_frame_over_and_over(world, count):
    frame = world.paused.first + 3
    stamp(world, [frame])
    with world.xen.foreign.map(world.paused.domid, [frame] * count) as mapping:
        assert stamps(mapping) == [frame] * count


@pytest.mark.parametrize("count", COUNTS)
def test_map_frames_that_lie_apart(world, count):
    last = world.paused.populated - 1
    step = max(last // count, 1)
    frames = [world.paused.first + index * step for index in range(count)]
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        assert stamps(mapping) == frames


def test_repeated_frames_are_the_same_memory(world):
    frame = world.paused.first
    with world.xen.foreign.map(world.paused.domid, [frame, frame + 1, frame], write=True) as mapping:
        mapping[0:4] = b"once"
        assert mapping[2 * FRAME : 2 * FRAME + 4] == b"once"
        mapping[2 * FRAME : 2 * FRAME + 4] = b"more"
        assert mapping[0:4] == b"more"


@pytest.mark.parametrize("count", [65535, 65536])
def test_map_65536_frames(world, count):
    frames = world.running.many(count)
    with world.xen.foreign.map(world.running.domid, frames) as mapping:
        assert len(mapping) == count * FRAME
        for index in (0, 1, 255, 256, 32767, 32768, count - 1):
            one = world.xen.foreign.map(world.running.domid, [frames[index]])
            with one:
                assert mapping[index * FRAME : (index + 1) * FRAME] == one[:]
        # Every page can be touched.
        assert len(mapping[::FRAME]) == count


@pytest.mark.needs("scattered-65536")
def test_map_65536_scattered_frames(world):
    frames = list(world.running.many(65536))
    random.Random(1).shuffle(frames)
    with world.xen.foreign.map(world.running.domid, frames) as mapping:
        assert len(mapping[::FRAME]) == 65536


FORMS = {
    "range": lambda frames: frames,
    "list": list,
    "tuple": tuple,
    "array": lambda frames: array("Q", frames),
    "array-of-signed": lambda frames: array("q", frames),
    "array-of-long": lambda frames: array("L", frames),
    "memoryview": lambda frames: memoryview(array("Q", frames)),
    "memoryview-with-step": lambda frames: memoryview(
        array("Q", [n for frame in frames for n in (frame, 0)])
    )[::2],
    "memoryview-of-bytes": lambda frames: memoryview(array("Q", frames).tobytes()).cast("Q"),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_may_be_given_as(world, form):
    frames = world.paused.frames(5)
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, FORMS[form](frames)) as mapping:
        assert stamps(mapping) == list(frames)


def test_frames_may_be_given_as_ctypes_array(world):
    import ctypes

    frames = world.paused.frames(5)
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, (ctypes.c_uint64 * 5)(*frames)) as mapping:
        assert stamps(mapping) == list(frames)


@pytest.mark.parametrize(
    "frames", [5, b"12345678", array("I", [1, 2]), array("d", [1.0]), ["1"], [1.5], "12", None],
    ids=["int", "bytes", "32-bit", "double", "text-in-list", "float-in-list", "text", "none"],
)  # fmt: skip
def test_frames_of_another_type_are_a_type_error(world, frames):
    with pytest.raises(TypeError, match="frames"):
        world.xen.foreign.map(world.paused.domid, frames)


@pytest.mark.parametrize(
    "frames", [[0, -1], [0, 1 << 64], array("q", [0, -1])], ids=["negative", "large", "signed-array"]
)
def test_frame_that_does_not_fit_is_an_overflow_that_says_where(world, frames):
    with pytest.raises(OverflowError, match=r"frames\[1\]"):
        world.xen.foreign.map(world.paused.domid, frames)


@pytest.mark.parametrize("frames", [[], (), range(0), array("Q")], ids=["list", "tuple", "range", "array"])
def test_no_frames_are_a_value_error(world, frames):
    with pytest.raises(ValueError, match="none given"):
        world.xen.foreign.map(world.paused.domid, frames)


@pytest.mark.parametrize("domid", [-1, 1 << 16])
def test_domid_that_does_not_fit_is_an_overflow(world, domid):
    with pytest.raises(OverflowError, match=r"privcmd_mmapbatch_v2\.dom"):
        world.xen.foreign.map(domid, [0])


def test_frames_are_copied_before_they_are_used(world):
    frames = array("Q", world.paused.frames(3))
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        frames[0] = 0
        assert mapping.frames[0] == world.paused.first


# --- what fails ---------------------------------------------------------------


def with_holes(world, count: int, holes: tuple[int, ...]) -> list[int]:
    frames = list(world.paused.frames(count))
    for index in holes:
        frames[index] = world.paused.hole + index
    return frames


HOLES = {"first": (0,), "middle": (3,), "last": (6,), "several": (0, 2, 3, 6)}


@pytest.mark.parametrize("where", HOLES)
def test_map_with_a_hole_raises_with_an_errno_per_frame_and_maps_nothing(world, where):
    frames = with_holes(world, 7, HOLES[where])
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames)
    error = caught.value
    assert error.errno == errno.EINVAL
    assert error.errors == {frames[index]: errno.EINVAL for index in HOLES[where]}
    assert error.failed == tuple((index, frames[index], errno.EINVAL) for index in HOLES[where])
    assert error.requested == 7
    assert error.domid == world.paused.domid
    assert error.call == "IOCTL_PRIVCMD_MMAPBATCH_V2"
    assert f"{len(HOLES[where])} of 7 frames failed" in str(error)
    assert world.mapped_ranges() == []


@pytest.mark.parametrize("beyond", [1 << 40, 1 << 51, 1 << 63, 0xFFFF_FF00_0000_0000])
def test_a_number_that_is_no_frames_is_not_taken_for_another(world, beyond):
    # The bits beyond those of a page table entry; what is left of them is a frame that is there.
    first = world.paused.first
    wrong = beyond | first
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, [first, wrong])
    assert caught.value.errors == {wrong: errno.EINVAL}
    with world.xen.foreign.map(world.paused.domid, [first, wrong, first], partial=True) as found:
        assert found.failed == ((1, wrong, errno.EINVAL),)
        assert [index for index, _ in found.runs] == [0, 2]
    assert world.mapped_ranges() == []


def test_foreign_map_error_pickles(world):
    frames = with_holes(world, 4, (1, 2))
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert (again.errors, again.failed) == (caught.value.errors, caught.value.failed)


def test_repeated_hole_is_listed_at_each_place(world):
    frames = with_holes(world, 4, (1,))
    frames[3] = frames[1]
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames)
    assert [index for index, _, _ in caught.value.failed] == [1, 3]


def test_map_of_nothing_but_holes_fails_for_each(world):
    frames = range(world.paused.hole, world.paused.hole + 300)
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames)
    assert list(caught.value.errors) == list(frames)
    assert world.mapped_ranges() == []


def test_largest_frame_number_fails_as_any_other(world):
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, [world.paused.first, (1 << 64) - 1])
    assert list(caught.value.errors) == [(1 << 64) - 1]


@pytest.mark.parametrize("partial", [False, True], ids=["all", "partial"])
def test_map_of_a_domain_that_never_was_raises_or_tells_an_errno_per_frame(world, partial):
    if partial:
        with world.xen.foreign.map(NEVER, range(300), partial=True) as found:
            assert found.errors == dict.fromkeys(range(300), errno.ESRCH)
            assert found.runs == ()
            with pytest.raises(xensys.ForeignMapError):
                found[0]
        return
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(NEVER, range(300))
    assert caught.value.errors == dict.fromkeys(range(300), errno.ESRCH)
    assert "is domain" in caught.value.hint
    assert world.mapped_ranges() == []


def test_map_of_a_dead_domain_raises_with_an_errno_per_frame(world):
    domid = world.dead_domid
    assert world.wait_until_gone(domid)
    frames = world.paused.frames(10)
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(domid, frames)
    assert list(caught.value.errors) == list(frames)
    assert caught.value.errno == errno.ESRCH
    assert world.mapped_ranges() == []


def test_map_of_dom0_by_its_number_is_no_foreign_map(world):
    expected = errno.EPERM if world.target.translated else errno.ESRCH
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(0, [1])
    assert caught.value.errno == expected


def test_failed_map_leaves_the_handle_usable(world):
    for _ in range(3):
        with pytest.raises(xensys.ForeignMapError):
            world.xen.foreign.map(world.paused.domid, with_holes(world, 3, (1,)))
        with world.xen.foreign.map(world.paused.domid, world.paused.frames(3)) as mapping:
            assert len(mapping[:]) == 3 * FRAME


# --- partial maps -------------------------------------------------------------


@pytest.mark.parametrize("where", HOLES)
def test_partial_map_gives_runs_and_errors(world, where):
    holes = HOLES[where]
    frames = with_holes(world, 7, holes)
    good = [frames[index] for index in range(7) if index not in holes]
    stamp(world, good)
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert len(found) == 7 * FRAME
        assert found.errors == {frames[index]: errno.EINVAL for index in holes}
        assert found.failed == tuple((index, frames[index], errno.EINVAL) for index in holes)
        covered = []
        for index, run in found.runs:
            covered += range(index, index + len(run) // FRAME)
            assert stamps(run) == frames[index : index + len(run) // FRAME]
        assert covered == [index for index in range(7) if index not in holes]
        # Offsets count as if every frame were there.
        for index, frame in enumerate(frames):
            at = index * FRAME
            if index in holes:
                for access in (
                    lambda at=at: found[at],
                    lambda at=at: found[at : at + 1],
                    lambda at=at: found[at + FRAME - 1],
                    lambda at=at: found.view(at, 1),
                ):
                    with pytest.raises(xensys.ForeignMapError) as caught:
                        access()
                    assert caught.value.errors == {frame: errno.EINVAL}
            else:
                assert int.from_bytes(found[at : at + 8], "little") == frame
                with found.view(at, 8) as view:
                    assert int.from_bytes(view, "little") == frame
    assert world.mapped_ranges() == []


def test_partial_map_without_holes_is_one_run(world):
    frames = world.paused.frames(20)
    stamp(world, frames)
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert found.errors == {}
        assert [index for index, _ in found.runs] == [0]
        assert stamps(found.runs[0][1]) == list(frames)
        assert len(found[:]) == 20 * FRAME


def test_partial_access_across_a_hole_raises_and_names_it(world):
    frames = with_holes(world, 6, (2, 3))
    with world.xen.foreign.map(world.paused.domid, frames, partial=True, write=True) as found:
        for access in (
            lambda: found[:],
            lambda: found[2 * FRAME - 1 : 2 * FRAME + 1],
            lambda: found.view(0, 6 * FRAME),
            lambda: found.__setitem__(slice(FRAME, 5 * FRAME), bytes(4 * FRAME)),
        ):
            with pytest.raises(xensys.ForeignMapError) as caught:
                access()
            assert frames[2] in caught.value.errors
            assert caught.value.errno == errno.EINVAL


def test_partial_write_across_a_hole_writes_nothing(world):
    frames = with_holes(world, 3, (1,))
    with world.xen.foreign.map(world.paused.domid, frames, partial=True, write=True) as found:
        found[FRAME - 4 : FRAME] = b"keep"
        with pytest.raises(xensys.ForeignMapError):
            found[FRAME - 4 : FRAME + 4] = b"spoilt!!"
        assert found[FRAME - 4 : FRAME] == b"keep"


def test_partial_map_up_to_a_hole_can_be_read(world):
    frames = with_holes(world, 6, (2, 3))
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert len(found[0 : 2 * FRAME]) == 2 * FRAME
        assert len(found[4 * FRAME :]) == 2 * FRAME
        assert found[2 * FRAME : 2 * FRAME] == b""


@pytest.mark.parametrize("index", [7 * FRAME, -7 * FRAME - 1])
def test_partial_index_outside_is_an_index_error(world, index):
    frames = with_holes(world, 7, (3,))
    with (
        world.xen.foreign.map(world.paused.domid, frames, partial=True) as found,
        pytest.raises(IndexError),
    ):
        found[index]


def test_partial_map_read_only_refuses_writes(world):
    frames = with_holes(world, 3, (2,))
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        with pytest.raises(TypeError, match="read-only"):
            found[0:4] = b"nope"
        with found.view(0, 4) as view:
            assert view.readonly


def test_partial_map_closes_every_run(world):
    frames = with_holes(world, 7, (1, 3, 5))
    found = world.xen.foreign.map(world.paused.domid, frames, partial=True)
    assert len(found.runs) == 4
    assert not found.closed
    found.close()
    assert found.closed
    assert world.mapped_ranges() == []
    found.close()
    with pytest.raises(ValueError, match="closed"):
        found[0]


def test_partial_close_under_a_view_is_a_buffer_error(world):
    frames = with_holes(world, 3, (1,))
    found = world.xen.foreign.map(world.paused.domid, frames, partial=True)
    view = found.view(0, 8)
    with pytest.raises(BufferError):
        found.close()
    view.release()
    found.close()


def test_partial_find_looks_into_every_run(world):
    frames = with_holes(world, 5, (1, 3))
    with world.xen.foreign.map(world.paused.domid, frames, partial=True, write=True) as found:
        needle = b"needle-" + os.urandom(8).hex().encode()
        found[4 * FRAME + 100 : 4 * FRAME + 100 + len(needle)] = needle
        assert found.find(needle) == 4 * FRAME + 100
        assert found.find(needle, 4 * FRAME + 101) == -1
        assert found.find(needle, -FRAME) == 4 * FRAME + 100
        assert found.find(needle, -FRAME + 101) == -1
        found[4 * FRAME + 100 : 4 * FRAME + 100 + len(needle)] = bytes(len(needle))


def test_partial_map_of_every_other_frame(world):
    frames = list(world.paused.frames(64))
    for index in range(1, 64, 2):
        frames[index] = world.paused.hole + index
    stamp(world, frames[::2])
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert len(found.runs) == 32
        assert [frame for _, run in found.runs for frame in stamps(run)] == frames[::2]


# --- what is in it ------------------------------------------------------------


def test_word_of_the_running_guest_is_found(world):
    guest, found = world.running, 0
    assert len(guest.word) >= 16
    step = 4096
    for first in range(guest.first, guest.first + guest.populated, step):
        frames = range(first, min(first + step, guest.first + guest.populated))
        with world.xen.foreign.map(guest.domid, frames) as mapping:
            at = mapping.find(guest.word)
            while at >= 0:
                found += at % FRAME == 0
                at = mapping.find(guest.word, at + 1)
    assert found >= 1


def test_what_is_written_through_one_mapping_is_seen_through_another(world):
    frames = world.paused.frames(2)
    foreign = world.xen.foreign
    with (
        foreign.map(world.paused.domid, frames, write=True) as one,
        foreign.map(world.paused.domid, frames[::-1]) as two,
    ):
        text = os.urandom(16)
        one[FRAME + 5 : FRAME + 21] = text
        assert two[5:21] == text
        with one.view(FRAME + 5, 16) as view:
            view[0] ^= 0xFF
        assert two[5] == text[0] ^ 0xFF


def test_what_is_written_is_there_after_close(world):
    frames = world.paused.frames(1)
    text = os.urandom(32)
    with world.xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
        mapping[100:132] = text
    with world.open().foreign.map(world.paused.domid, frames) as mapping:
        assert mapping[100:132] == text


def test_read_only_map_refuses_every_way_of_writing(world):
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping:
        assert not mapping.writable
        before = mapping[0:16]
        with pytest.raises(TypeError, match="read-only"):
            mapping[0:4] = b"nope"
        with pytest.raises(TypeError, match="read-only"):
            mapping[0] = 1
        with mapping.view() as view:
            assert view.readonly
            with pytest.raises(TypeError):
                view[0] = 1
            with pytest.raises(TypeError):  # noqa: PT012
                import ctypes

                ctypes.c_char.from_buffer(view)
        assert mapping[0:16] == before


def test_access_forms(world):
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(2), write=True) as mapping:
        mapping[0:8] = b"abcdefgh"
        assert mapping[0] == ord("a")
        assert mapping[-2 * FRAME] == ord("a")
        assert mapping[0:8:2] == b"aceg"
        assert mapping[7:None:-1] == b"hgfedcba"
        assert mapping[5:2] == b""
        mapping[1] = ord("X")
        assert mapping[:3] == b"aXc"
        mapping[2:6:2] = b"YZ"
        assert mapping[0:8] == b"aXYdZfgh"
        assert mapping.find(b"YdZ") == 2
        assert mapping.find(b"YdZ", 3) == -1
        assert mapping.find(b"YdZ", 0, 4) == -1
        assert mapping.find(b"YdZ", -2 * FRAME) == 2
        assert mapping.find(b"YdZ", -2 * FRAME + 3) == -1
        assert mapping.find(b"YdZ", 0, -2 * FRAME + 4) == -1
        assert mapping.find(b"YdZ", 5 * FRAME) == -1
        # Nothing that a guest's kernel may have there already.
        over = secrets.token_bytes(16)
        mapping[FRAME - 8 : FRAME + 8] = bytearray(over)
        assert mapping.find(over) == FRAME - 8
        with mapping.view(FRAME - 8, 16) as view:
            assert bytes(view) == over


@pytest.mark.parametrize("index", [FRAME, -FRAME - 1, 1 << 62])
def test_index_outside_is_an_index_error(world, index):
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1), write=True) as mapping:
        with pytest.raises(IndexError):
            mapping[index]
        with pytest.raises(IndexError):
            mapping[index] = 0


@pytest.mark.parametrize("data", [b"abc", b"abcde", b""], ids=len)
def test_slice_takes_exactly_its_length(world, data):
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1), write=True) as mapping:
        mapping[0:6] = bytes(6)
        with pytest.raises(ValueError, match="as long as"):
            mapping[0:4] = data
        assert mapping[0:6] == bytes(6)


@pytest.mark.parametrize(
    ("offset", "length"), [(0, FRAME + 1), (FRAME, 1), (-1, 1), (0, -1), (FRAME + 1, None), (5, -6)]
)
def test_view_outside_is_an_index_error(world, offset, length):
    with (
        world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping,
        pytest.raises(IndexError),
    ):
        mapping.view(offset, length)


def test_maps_use_no_descriptor_each(world):
    foreign = world.xen.foreign
    foreign.map(world.paused.domid, world.paused.frames(1)).close()
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    mappings = [foreign.map(world.paused.domid, world.paused.frames(1)) for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) == before
    for mapping in mappings:
        mapping.close()


def test_maps_work_when_no_descriptor_is_left(world):
    foreign = world.xen.foreign
    frames = world.paused.frames(4)
    foreign.map(world.paused.domid, frames).close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):  # noqa: PT012
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        with foreign.map(world.paused.domid, frames) as mapping:
            assert len(mapping[:]) == 4 * FRAME
        with foreign.map(world.paused.domid, frames, partial=True) as found:
            assert len(found[:]) == 4 * FRAME
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_mapping_of_dom0_itself_is_refused_under_self_too_unless_pv(world):
    # A PV domain's own machine frames are its own affair: DOMID_SELF there
    # means no foreign domain at all, and frame numbers of the machine.
    if not world.target.translated:
        return
    with pytest.raises(xensys.ForeignMapError):
        world.xen.foreign.map(SELF, [1])
