"""Every generated structure: bytes -> fields -> bytes is exact, for every bit that belongs to a field."""

from __future__ import annotations

import ctypes
import gc
import random
from typing import TYPE_CHECKING, Any

import pytest
from abiclasses import CLASSES, EVERY, by_name_only, covered, is_struct, leaves, read, write

import xensys
from xensys.sim import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xensys.memory.buffers import Buffer


@pytest.fixture(scope="module")
def memory() -> Iterator[dict[int, Buffer | None]]:
    """What a handle may hold, by address: hypercall memory of a simulated machine, and NULL."""
    with xensys.open(kernel=Machine().dom0) as xen:
        made = [xen.buffers.alloc(size) for size in (1, 64, 4096, 10000)]
        yield {0: None, **{buffer.address: buffer for buffer in made}}
        gc.collect()
        for buffer in made:
            buffer.free()


def contents(cls: Any) -> list[bytes]:
    """Any bytes, their opposite, none and all: every bit is 0 and 1, alone and with the others."""
    size = ctypes.sizeof(cls)
    chance = random.Random(cls.__name__).randbytes(size)
    return [chance, bytes(255 - byte for byte in chance), bytes(size), b"\xff" * size]


def with_handles(cls: Any, raw: bytes, addresses: list[int]) -> bytes:
    """Put addresses of hypercall memory where the structure has handles."""
    changed = bytearray(raw)
    taken: set[int] = set()
    for leaf in leaves(cls):
        if leaf.kind == "handle" and leaf.offset not in taken:
            assert taken.isdisjoint(range(leaf.offset - 7, leaf.offset + 8)), "overlapping handles"
            taken.add(leaf.offset)
            address = addresses[len(taken) % len(addresses)]
            changed[leaf.offset : leaf.offset + 8] = address.to_bytes(8, "little")
    return bytes(changed)


def number(value: Any) -> int:
    return int.from_bytes(bytes(value), "little")


def by_leaves(source: Any, memory: dict[int, Any], *, backwards: bool = False) -> Any:
    """Set every attribute and item by itself."""
    target = type(source)()
    for leaf in list(leaves(type(source)))[:: -1 if backwards else 1]:
        value = read(source, leaf.path)
        write(target, leaf.path, memory[value or 0] if leaf.kind == "handle" else value)
    return target


def as_value(source: Any, name: str, memory: dict[int, Any]) -> Any:
    """Return a field as one would assign it: arrays as lists, structures as they are."""
    value = getattr(source, name)
    if name in type(source)._handles_:
        return memory[value or 0]
    return list(value) if isinstance(value, ctypes.Array) else value


def as_tuple(value: Any, memory: dict[int, Any]) -> Any:
    """Return a structure as nested tuples, where it takes its fields by position."""
    cls = type(value)
    if isinstance(value, ctypes.Array):
        return tuple(as_tuple(item, memory) for item in value)
    if not is_struct(cls) or by_name_only(cls) or issubclass(cls, ctypes.Union):
        return value
    return tuple(
        memory[getattr(value, name) or 0]
        if name in cls._handles_
        else as_tuple(getattr(value, name), memory)
        for name in cls._shown_
    )


@EVERY
def test_every_bit_of_every_field_comes_back(cls: Any, memory: dict[int, Buffer | None]) -> None:
    addresses = list(memory)
    for turn, content in enumerate(contents(cls)):
        raw = with_handles(cls, content, [*addresses[turn:], *addresses[:turn]])
        comes_back(cls, raw, memory)


def comes_back(cls: Any, raw: bytes, memory: dict[int, Buffer | None]) -> None:
    source = cls.from_buffer_copy(raw)
    wanted = number(raw) & covered(cls)
    assert number(by_leaves(source, memory)) == wanted  # and holes stay zero
    # What one bit-field does to the next is seen only if the next is not set again.
    if any(leaf.kind == "bits" for leaf in leaves(cls)):
        assert number(by_leaves(source, memory, backwards=True)) == wanted

    values = {name: as_value(source, name, memory) for name in cls._shown_}
    for name, value in values.items():
        ways = [cls(), cls(), cls(**{name: value})]
        setattr(ways[0], name, value)
        if name not in cls._handles_:
            setattr(ways[1], name, as_tuple(getattr(source, name), memory))
            assert number(ways[1]) & covered(cls, name) == number(raw) & covered(cls, name), name
        for way in ways[::2]:
            assert number(way) & covered(cls, name) == number(raw) & covered(cls, name), name
    if not issubclass(cls, ctypes.Union):  # there a later member's holes lie over an earlier one
        assert number(cls(**values)) & covered(cls) == wanted
        if not by_name_only(cls):
            assert number(cls(*values.values())) & covered(cls) == wanted
    assert bytes(source) == raw  # reading changes nothing


@EVERY
def test_integers_read_as_the_bytes_say(cls: Any) -> None:
    raw = random.Random(cls.__name__).randbytes(ctypes.sizeof(cls))
    source = cls.from_buffer_copy(raw)
    for leaf in leaves(cls):
        stored = raw[leaf.offset : leaf.offset + leaf.size]
        value = read(source, leaf.path)
        if leaf.kind in ("int", "bits"):
            unsigned = (number(stored) & leaf.bits) // (leaf.bits & -leaf.bits)
            assert value == unsigned - (leaf.high - leaf.low + 1) * (unsigned > leaf.high), leaf
        elif leaf.kind == "handle":
            assert value == (number(stored) or None), leaf
        else:
            assert value.ljust(leaf.size, b"\0") == stored, leaf


def test_all_of_every_structure_is_compared() -> None:
    # A field that no leaf covers would go unseen.
    total = sum(8 * ctypes.sizeof(cls) for cls in CLASSES.values())
    assert sum(covered(cls).bit_count() for cls in CLASSES.values()) > 0.95 * total
    kinds = {leaf.kind for cls in CLASSES.values() for leaf in leaves(cls)}
    assert kinds == {"int", "bits", "text", "handle"}
    assert sum(ctypes.sizeof(cls) >= 300 for cls in CLASSES.values()) >= 20
