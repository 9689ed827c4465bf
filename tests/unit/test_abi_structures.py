"""Every field and array of every generated structure refuses what does not fit; FORMAT is the layout.

Round trips are in test_abi_round_trip, the less usual ways in in test_abi_ways_in.
"""

from __future__ import annotations

import ctypes
import random
from typing import Any

import pytest
from abiclasses import CLASSES, EVERY, title_of

from xensys.abi._base import _INTEGERS, Packer


def limits(cls: Any, name: str) -> tuple[int, int] | None:
    """Return the range of an integer field or bit-field, or None."""
    for entry, ctype in cls._fields_:
        if entry.removeprefix("__") == name.removeprefix("__"):
            return _INTEGERS[ctype][:2] if ctype in _INTEGERS else None
    for bit, _, _, width, signed in getattr(cls, "_bits_", ()):
        if bit == name:
            return (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    return None


def leaves(cls: Any) -> list[str]:
    return [name for name in cls._shown_ if limits(cls, name) is not None]


def test_there_are_many() -> None:
    assert len(CLASSES) >= 587


@EVERY
def test_what_does_not_fit_is_refused(cls: Any) -> None:
    value = cls()
    for name in leaves(cls):
        low, high = limits(cls, name) or (0, 0)
        for wrong in (low - 1, high + 1):
            for way_in in (
                lambda: setattr(value, name, wrong),  # noqa: B023
                lambda: cls(**{name: wrong}),  # noqa: B023
            ):
                with pytest.raises(OverflowError) as error:
                    way_in()
                message = str(error.value)
                assert f".{name}: {wrong} does not fit in {low}..{high}" in message
        for right in (low, high, 0):
            setattr(value, name, right)
            assert getattr(value, name) == right
            assert getattr(cls(**{name: right}), name) == right
        for wrong_type in (1.5, "1", None, b"1"):
            with pytest.raises(TypeError, match=f".{name}: an integer is needed"):
                setattr(value, name, wrong_type)


def int_arrays() -> list[tuple[Any, str, Any]]:
    return [
        (cls, name.removeprefix("__"), ctype)
        for cls in CLASSES.values()
        for name, ctype in cls._fields_
        if issubclass(ctype, ctypes.Array)
        and ctype._type_ in _INTEGERS
        and ctype._length_
        and name in (*cls._shown_, f"__{name.removeprefix('__')}")
        and name.removeprefix("__") in cls._shown_
    ]


def test_every_way_into_arrays_is_checked() -> None:
    found = int_arrays()
    assert len(found) > 100
    for cls, name, ctype in found:
        low, high, _ = _INTEGERS[ctype._type_]
        value = cls()
        array = getattr(value, name)
        last = ctype._length_ - 1
        for wrong in (low - 1, high + 1):
            label = f"{title_of(cls)}.{name}[{last}]: {wrong} does not fit"
            items = [0] * last + [wrong]
            ways = {
                "item": lambda: array.__setitem__(last, wrong),  # noqa: B023
                "slice": lambda: array.__setitem__(slice(None), items),  # noqa: B023
                "assignment": lambda: setattr(value, name, items),  # noqa: B023
                "array constructor": lambda: ctype(*items),  # noqa: B023
                "keyword": lambda: cls(**{name: items}),  # noqa: B023
            }
            for way, way_in in ways.items():
                with pytest.raises(OverflowError) as error:
                    way_in()
                assert label.replace("__", "") in str(error.value).replace("__", ""), way
        with pytest.raises(OverflowError, match=f"{ctype._length_ + 1} items do not fit"):
            setattr(value, name, [0] * (ctype._length_ + 1))
        setattr(value, name, [high] * ctype._length_)
        assert list(getattr(value, name)) == [high] * ctype._length_


def packable() -> dict[str, Any]:
    return {name: cls for name, cls in CLASSES.items() if hasattr(cls, "FORMAT")}


def leaf(value: Any, path: str) -> Any:
    """Return what FORMAT_FIELDS names: "map.nr_entries", "arg[2]"."""
    for part in path.replace("[", ".[").split("."):
        value = value[int(part[1:-1])] if part.startswith("[") else getattr(value, part)
    return value


@pytest.mark.parametrize("cls", packable().values(), ids=packable().keys())
def test_format_is_the_layout(cls: Any) -> None:
    packer = Packer(cls)
    assert packer.size == ctypes.sizeof(cls)
    noise = random.Random(cls.__name__)
    raw = noise.randbytes(packer.size)
    source = cls.from_buffer_copy(raw)
    values = packer.unpack_from(raw, 0)
    assert len(values) == len(cls.FORMAT_FIELDS)
    for path, value in zip(cls.FORMAT_FIELDS, values, strict=True):
        assert (leaf(source, path) or 0) == value, path
    again = bytearray(packer.size + 16)
    packer.pack_into(again, 8, *values)
    assert packer.unpack_from(again, 8) == values
    for place, code in enumerate(code for code in cls.FORMAT if code in "BHIQbhiq"):
        wrong = list(values)
        wrong[place] = 1 << {"b": 8, "h": 16, "i": 32, "q": 64}[code.lower()]
        with pytest.raises(OverflowError) as error:
            packer.pack_into(again, 0, *wrong)
        assert f"{title_of(cls)}.{cls.FORMAT_FIELDS[place]}: " in str(error.value)


def test_no_pack_and_no_ctypes_bit_fields() -> None:
    for cls in CLASSES.values():
        assert not hasattr(cls, "_pack_")
        assert all(len(entry) == 2 for entry in cls._fields_)
