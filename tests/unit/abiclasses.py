"""The generated classes and what they are made of: what the tests of xensys.abi share.

Fields are found from the data that the classes state (`_fields_`, `_bits_`,
`_anon_`), not by asking the descriptors under test.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from xensys.abi._base import _INTEGERS, HANDLE, Struct, Union
from xensys.abi._index import ALL_MODULES, SPLIT

if TYPE_CHECKING:
    from collections.abc import Iterator


def generated() -> dict[str, Any]:
    """Return every generated class by its full name."""
    names = [f"xensys.abi.{name}" for name in ALL_MODULES]
    names += [f"xensys.abi._{arch}.{name}" for arch in ("x86_64", "arm64") for name in SPLIT]
    found: dict[str, Any] = {}
    for name in names:
        for value in vars(importlib.import_module(name)).values():
            ours = isinstance(value, type) and issubclass(value, Struct | Union)
            if ours and value not in (Struct, Union):
                found[f"{value.__module__}.{value.__name__}"] = value
    return found


CLASSES = generated()
EVERY = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES.keys())


def _titles() -> dict[Any, str]:
    """Return what errors call an anonymous structure or union: as the one around it."""
    outer = {}
    for cls in CLASSES.values():
        types = dict(cls._fields_)
        outer.update({types[name]: cls for name in getattr(cls, "_anon_", ())})
    titles = {}
    for inner in outer:
        cls = inner
        while cls in outer:
            cls = outer[cls]
        titles[inner] = cls.__name__
    return titles


TITLES = _titles()


def title_of(cls: Any) -> str:
    return TITLES.get(cls, cls.__name__)


class Leaf(NamedTuple):
    """A field, item or bit-field with nothing below it.

    Attributes:
        path: attribute names and indexes that lead there.
        kind: "int", "bits", "text" or "handle".
        name: as errors call it.
        offset, size: bytes; of the storage, for bit-fields.
        low, high: range of an integer.
        bits: the bits of the storage that belong to it.
    """

    path: tuple[str | int, ...]
    kind: str
    name: str
    offset: int
    size: int
    low: int = 0
    high: int = 0
    bits: int = 0


def is_struct(ctype: Any) -> bool:
    return issubclass(ctype, ctypes.Structure | ctypes.Union)


def by_name_only(cls: Any) -> bool:
    return bool(getattr(cls, "_bits_", ()) or getattr(cls, "_anon_", ()))


def _below(ctype: Any, name: str, offset: int, path: tuple[str | int, ...]) -> Iterator[Leaf]:
    size = ctypes.sizeof(ctype)
    if ctype in _INTEGERS:
        low, high, _ = _INTEGERS[ctype]
        yield Leaf(path, "int", name, offset, size, low, high, (1 << 8 * size) - 1)
    elif ctype is HANDLE:
        yield Leaf(path, "handle", name, offset, size, bits=(1 << 64) - 1)
    elif is_struct(ctype):
        yield from walk(ctype, offset, path)
    elif ctype._type_ is ctypes.c_char:
        yield Leaf(path, "text", name, offset, size, bits=(1 << 8 * size) - 1)
    else:
        step = ctypes.sizeof(ctype._type_)
        for i in range(ctype._length_):
            yield from _below(ctype._type_, f"{name}[{i}]", offset + i * step, (*path, i))


def walk(
    cls: Any, offset: int = 0, path: tuple[str | int, ...] = (), title: str | None = None
) -> Iterator[Leaf]:
    """Return every leaf of a structure or union; of a union, every member's."""
    title = title or title_of(cls)
    raw = {name: getattr(cls, name).offset for name, _ in cls._fields_}
    types = dict(cls._fields_)
    bits = getattr(cls, "_bits_", ())
    stores = {store for _, store, _, _, _ in bits}
    for name, ctype in cls._fields_:
        place = offset + raw[name]
        if name in getattr(cls, "_anon_", ()):
            yield from walk(ctype, place, path, title)
        elif name not in stores and not name.startswith("_hole"):
            plain = name.removeprefix("__")
            yield from _below(ctype, f"{title}.{plain}", place, (*path, plain))
    for name, store, shift, width, signed in bits:
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
        size = ctypes.sizeof(types[store])
        mask = ((1 << width) - 1) << shift
        yield Leaf((*path, name), "bits", f"{title}.{name}", offset + raw[store], size, low, high, mask)


@cache
def leaves(cls: Any) -> tuple[Leaf, ...]:
    return tuple(walk(cls))


@cache
def covered(cls: Any, field: str | None = None) -> int:
    """Return the bits that belong to one field or to any, as a little-endian mask."""
    mask = 0
    for leaf in leaves(cls):
        if field in (None, leaf.path[0]):
            mask |= leaf.bits << 8 * leaf.offset
    return mask


def read(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = getattr(value, part) if isinstance(part, str) else value[part]
    return value


def write(value: Any, path: tuple[str | int, ...], new: Any) -> None:
    holder = read(value, path[:-1])
    last = path[-1]
    if isinstance(last, str):
        setattr(holder, last, new)
    else:
        holder[last] = new
