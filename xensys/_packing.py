"""Packed arguments whose overflow errors say which field it was.

The hot way to fill a structure is one `struct.Struct.pack_into`. It refuses
what does not fit, but not by name; this module finds the name afterwards.

Lowest layer: imports nothing of ours.
"""

from __future__ import annotations

from _operator import index
from struct import Struct
from struct import error as StructError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_RANGES = {
    code: (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if code.islower() else (0, (1 << bits) - 1)
    for code, bits in zip("bBhHiIqQ", (8, 8, 16, 16, 32, 32, 64, 64), strict=True)
}


def packed(layout: Struct, name: str, fields: Sequence[str], values: Sequence[int]) -> bytearray:
    """A structure as bytes.

    Args:
        layout: its format; integers and padding only, one letter each.
        name, fields: what it and its fields are called, for errors.
        values: one integer per field.
    Raises:
        OverflowError: names the structure, the field and its range.
        TypeError: not an integer.
    """
    out = bytearray(layout.size)
    pack_into(layout, out, 0, name, fields, values)
    return out


def pack_into(
    layout: Struct,
    out: bytearray,
    offset: int,
    name: str,
    fields: Sequence[str],
    values: Sequence[int],
) -> None:
    """`packed`, into part of a larger buffer."""
    try:
        layout.pack_into(out, offset, *values)
    except StructError:
        explain(layout.format, name, fields, values)
        raise  # not a matter of range: the caller's format and fields disagree


def explain(layout: str, name: str, fields: Sequence[str], values: Sequence[Any]) -> None:
    """Raise the error that says which value does not fit, if one does not."""
    codes = [code for code in layout if code in _RANGES]
    for code, field, value in zip(codes, fields, values, strict=True):
        check(value, name, field, *_RANGES[code])


def check(value: Any, name: str, field: str, low: int, high: int) -> None:
    """Raise TypeError or OverflowError unless `value` is an integer in low..high."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}.{field}: an integer is needed, not {type(value).__name__}") from None
    if not low <= number <= high:
        raise OverflowError(f"{name}.{field}: {number} does not fit in {low}..{high}")
