"""Frame numbers, in the form the driver takes them: 64-bit words in a row."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from _typeshed import ReadableBuffer

    Frames: TypeAlias = "range | Sequence[int] | ReadableBuffer"

_HIGHEST = (1 << 40) - 1
_EIGHT_BYTES = frozenset(("Q", "L", "N", "q", "l", "n", "<Q", "<L", "<q", "<l", "=Q", "=q", "@Q", "@L"))


def as_frames(frames: Frames) -> array[int]:
    """Frame numbers as an array of unsigned 64-bit items; always a copy.

    The driver reads it while another thread might write to the original, which
    may also be memory that the driver cannot read.

    Args:
        frames: a range, a sequence of integers, or any buffer of 8-byte integers.
    Raises:
        TypeError: none of these.
        OverflowError: a number that does not fit 64 bits, by position.
        ValueError: no frames at all.
    """
    if isinstance(frames, range):
        result = _from_integers(frames)
    else:
        try:
            view = memoryview(frames)  # type: ignore[arg-type]  # that is the question
        except TypeError:
            result = _from_integers(frames)  # type: ignore[arg-type]  # no buffer: a sequence, then
        else:
            with view:
                if view.itemsize != 8 or view.format not in _EIGHT_BYTES:
                    raise TypeError(
                        f"frames: a buffer of 8-byte integers is needed, not of format {view.format!r}"
                    )
                raw = view.tobytes()
                # Signed ones are looked at one by one: none of Xen's is negative.
                signed = view.format[-1] in "qln"
                result = _from_integers(array("q", raw)) if signed else array("Q", raw)
    if not result:
        raise ValueError("frames: none given")
    return result


def frames_that_fit(frames: array[int]) -> array[int]:
    """The same; in place of each number that no frame can have, the highest one, which is not there.

    A PV kernel puts a number into a page table entry as it is (Linux
    arch/x86/xen/mmu_pv.c), where bits from the 40th on are flags, or nothing:
    another frame would be mapped.
    """
    raw = frames.tobytes()
    if not (raw[5::8].strip(b"\0") or raw[6::8].strip(b"\0") or raw[7::8].strip(b"\0")):
        return frames
    return array("Q", [min(frame, _HIGHEST) for frame in frames])


def _from_integers(frames: Sequence[int]) -> array[int]:
    try:
        return array("Q", frames)
    except OverflowError:
        for index, frame in enumerate(frames):
            if not 0 <= frame < 1 << 64:
                raise OverflowError(
                    f"frames[{index}]: {frame} does not fit in 0..{(1 << 64) - 1}"
                ) from None
        raise
    except TypeError:
        raise TypeError(
            f"frames: a range, a sequence of integers or a buffer of 8-byte integers is needed, "
            f"not {type(frames).__name__}"
        ) from None
