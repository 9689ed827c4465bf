"""Frame numbers in every form."""

from __future__ import annotations

import ctypes
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xensys.memory.frames import as_frames

FRAME_NUMBERS = st.lists(st.integers(0, (1 << 64) - 1), min_size=1, max_size=50)


@given(FRAME_NUMBERS)
def test_all_forms_give_the_same(frames):
    expected = array("Q", frames)
    forms = [
        frames,
        tuple(frames),
        iter(frames),
        array("Q", frames),
        memoryview(array("Q", frames)),
        (ctypes.c_uint64 * len(frames))(*frames),
    ]
    for form in forms:
        made = as_frames(form)  # type: ignore[arg-type]  # iterators, too, by the way
        assert made == expected
        assert made.typecode == "Q"


@given(st.integers(0, 1 << 52), st.integers(1, 300), st.sampled_from([1, -1, 7]))
def test_ranges(start, count, step):
    frames = range(start + 10_000, start + 10_000 + count * step, step)
    assert list(as_frames(frames)) == list(frames)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1))
def test_signed_buffers_take_what_is_not_negative(numbers):
    frames = array("q", numbers)
    bad = [index for index, number in enumerate(numbers) if number < 0]
    if not bad:
        assert list(as_frames(frames)) == numbers
        return
    with pytest.raises(OverflowError, match=rf"frames\[{bad[0]}\]"):
        as_frames(frames)


@given(st.lists(st.integers(-(1 << 70), 1 << 70), min_size=1))
def test_first_that_does_not_fit_is_named(numbers):
    bad = [index for index, number in enumerate(numbers) if not 0 <= number < 1 << 64]
    if not bad:
        assert list(as_frames(numbers)) == numbers
        return
    with pytest.raises(OverflowError, match=rf"frames\[{bad[0]}\]: {numbers[bad[0]]} "):
        as_frames(numbers)


def test_always_a_copy():
    frames = array("Q", [1, 2])
    made = as_frames(frames)
    frames[0] = 9
    assert list(made) == [1, 2]
    # And the original is not pinned by it.
    frames.append(3)


def test_buffer_that_is_not_contiguous():
    assert list(as_frames(memoryview(array("Q", range(10)))[::3])) == [0, 3, 6, 9]


def test_numbers_with_an_index():
    class Frame:
        def __index__(self):
            return 5

    assert list(as_frames([Frame(), True])) == [5, 1]


def test_buffer_of_the_other_byte_order_is_refused():
    class Big(ctypes.BigEndianStructure):
        _fields_ = [("frame", ctypes.c_uint64)]

    with pytest.raises(TypeError, match="frames"):
        as_frames((Big * 2)())
