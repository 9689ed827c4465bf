"""Every way into every generated structure refuses what does not fit, and leaves things as they were."""

from __future__ import annotations

import ctypes
from collections import namedtuple
from typing import Any

import pytest
from abiclasses import CLASSES, EVERY, Leaf, by_name_only, leaves, read, write
from hypothesis import given, settings
from hypothesis import strategies as st

from xensys.abi._base import HANDLE, Struct, Union, arr

INTEGERS = {
    name: found
    for name, cls in CLASSES.items()
    if (found := [leaf for leaf in leaves(cls) if leaf.kind in ("int", "bits")])
}


def neutral(cls: Any, name: str) -> Any:
    """Return what leaves a field of a new structure as it is."""
    if name in cls._handles_:
        return None
    value = getattr(cls(), name)
    return list(value) if isinstance(value, ctypes.Array) else value


def by_position(cls: Any, name: str, value: Any) -> tuple[Any, ...]:
    """Return a structure's fields in C's order, all neutral but one."""
    return tuple(value if shown == name else neutral(cls, shown) for shown in cls._shown_)


def item_ways(array: Any, place: int, wrong: Any) -> dict[str, Any]:
    """Return the ways to store one item of an array of integers."""
    items = [0] * len(array)
    items[place] = wrong
    return {
        "item from the end": lambda: array.__setitem__(place - len(array), wrong),
        "slice": lambda: array.__setitem__(slice(place, place + 1), [wrong]),
        "backwards": lambda: array.__setitem__(slice(None, None, -1), items[::-1]),
        "array type": lambda: type(array)(*items),
    }


def ways_in(value: Any, leaf: Leaf, wrong: Any) -> dict[str, Any]:
    """Return every way to store `wrong` in one integer, as functions without arguments."""
    ways = {"store": lambda: write(value, leaf.path, wrong)}
    holder = read(value, leaf.path[:-1])
    if isinstance(leaf.path[-1], int):
        ways |= item_ways(holder, leaf.path[-1], wrong)
    path = list(leaf.path)
    new: Any = wrong
    while isinstance(path[-1], int):  # what the field itself would be given
        place = path.pop()
        array = read(value, tuple(path))
        nested = isinstance(array[0], ctypes.Array)
        new = [[0] * len(array[0]) if nested else 0] * place + [new]
    name = path.pop()
    outer = tuple(path)
    holder = read(value, outer)
    cls = type(holder)
    if new is not wrong:
        ways["array"] = lambda: setattr(holder, name, new)
        ways["array from a tuple"] = lambda: setattr(holder, name, tuple(new))
    ways["keyword"] = lambda: cls(**{name: new})
    if by_name_only(cls) or issubclass(cls, ctypes.Union):
        return ways
    fields = by_position(cls, name, new)
    ways["position"] = lambda: cls(*fields)
    if outer:
        named: Any = namedtuple("named", [f"f{i}" for i in range(len(fields))])
        ways["tuple"] = lambda: write(value, outer, fields)
        ways["namedtuple"] = lambda: write(value, outer, named(*fields))
    if outer and isinstance(outer[-1], int):
        array_of, at = read(value, outer[:-1]), outer[-1]
        ways["tuple in a slice"] = lambda: array_of.__setitem__(slice(at, at + 1), [fields])
        ways["array of tuples"] = lambda: write(value, outer[:-1], [fields])
    return ways


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_what_does_not_fit_is_refused_on_every_way_in(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(INTEGERS)))
    leaf = data.draw(st.sampled_from(INTEGERS[name]))
    check_every_way_in(CLASSES[name], leaf, data.draw(out_of_range(leaf)))


def out_of_range(leaf: Leaf) -> st.SearchStrategy[int]:
    return st.one_of(
        st.sampled_from([leaf.low - 1, leaf.high + 1, 1 << 64, -(1 << 63) - 1, 1 << 1000]),
        st.integers(max_value=leaf.low - 1),
        st.integers(min_value=leaf.high + 1),
    )


def check_every_way_in(cls: Any, leaf: Leaf, wrong: int) -> None:
    value = cls.from_buffer_copy(b"\x5a" * ctypes.sizeof(cls))
    before = bytes(value)
    for way, way_in in ways_in(value, leaf, wrong).items():
        with pytest.raises(OverflowError) as error:
            way_in()
        message = str(error.value)
        assert f"{wrong} does not fit in {leaf.low}..{leaf.high}" in message, way
        title, _, field = leaf.name.partition(".")
        assert message.startswith(f"{title}.{field.partition('[')[0]}"), way
        assert bytes(value) == before, way
    for refused in (1.5, float("nan"), "1", None, b"1", ctypes.c_uint8(1), 1j):
        for way, way_in in ways_in(value, leaf, refused).items():
            with pytest.raises(TypeError, match="an integer is needed, not"):
                way_in()
            assert bytes(value) == before, way
    for right in (leaf.low, leaf.high):
        write(value, leaf.path, right)
        assert read(value, leaf.path) == right


@EVERY
def test_the_first_and_last_integer_of_every_structure(cls: Any) -> None:
    found = [leaf for leaf in leaves(cls) if leaf.kind in ("int", "bits")]
    for leaf in {found[0], found[-1]} if found else ():
        check_every_way_in(cls, leaf, leaf.high + 1)


@EVERY
def test_misspelt_and_deleted(cls: Any) -> None:
    value = cls.from_buffer_copy(b"\xa5" * ctypes.sizeof(cls))
    before = bytes(value)
    places = {leaf.path[:-1] for leaf in leaves(cls)}
    for path in sorted(places, key=len)[:40]:
        holder = read(value, path)
        if isinstance(holder, ctypes.Array):
            with pytest.raises(TypeError):
                del holder[0]
            with pytest.raises(TypeError):
                del holder[:]
            for index in (len(holder), -len(holder) - 1):
                with pytest.raises(IndexError):
                    holder[index] = 0
            with pytest.raises(AttributeError):
                holder.nosuch = 1
            continue
        with pytest.raises(AttributeError, match="nosuch"):
            holder.nosuch = 1
        with pytest.raises(AttributeError, match="nosuch"):
            holder.nosuch  # noqa: B018
        with pytest.raises(AttributeError, match="nosuch"):
            type(holder)(nosuch=1)
        for name in type(holder)._shown_:
            with pytest.raises(AttributeError):
                delattr(holder, name)
        assert not hasattr(holder, "__dict__")
    assert bytes(value) == before


@EVERY
def test_no_field_is_of_a_kind_that_nothing_checks(cls: Any) -> None:
    def known(ctype: Any) -> bool:
        if issubclass(ctype, ctypes.Array):
            return ctype._type_ is ctypes.c_char or (ctype._type_ is not HANDLE and known(ctype._type_))
        return ctype is HANDLE or issubclass(ctype, Struct | Union) or ctype.__name__ in SIMPLE

    for name, ctype in cls._fields_:
        assert known(ctype), name


SIMPLE = {f"c_{sign}{kind}" for sign in ("", "u") for kind in ("byte", "short", "int", "long")}


class Inner(Struct):
    _fields_ = (("pairs", arr(arr(ctypes.c_uint16, 2), 3)), ("last", ctypes.c_uint8))


class Outer(Struct):
    _fields_ = (("inner", Inner), ("list", arr(Inner, 2)))


class TestArraysOfArrays:
    """No header has them yet; a later one may."""

    def test_every_way_in(self) -> None:
        for leaf in leaves(Outer):
            check_every_way_in(Outer, leaf, leaf.high + 1)

    @pytest.mark.parametrize("kind", [list, tuple])
    def test_items_are_sequences(self, kind: Any) -> None:
        value: Any = Inner(pairs=[[1, 2], (3, 4)])
        value.pairs[2] = kind([5, 6])
        value.pairs[0:1] = [kind([7])]
        assert [list(pair) for pair in value.pairs] == [[7, 0], [3, 4], [5, 6]]

    def test_too_many_items(self) -> None:
        value: Any = Inner()
        for way_in in (
            lambda: setattr(value, "pairs", [[1, 2, 3]]),
            lambda: value.pairs.__setitem__(0, [1, 2, 3]),
            lambda: value.pairs.__setitem__(slice(0, 1), [(1, 2, 3)]),
        ):
            with pytest.raises(OverflowError, match=r"^Inner\.pairs\[0\]: 3 items do not fit in 2$"):
                way_in()
        with pytest.raises(OverflowError, match=r"^Inner\.pairs: 4 items do not fit in 3$"):
            value.pairs = [[0, 0]] * 4
        with pytest.raises(TypeError, match=r"^Inner\.pairs\[1\]: a sequence is needed, not int$"):
            value.pairs[1] = 5
        assert bytes(value) == bytes(14)


class Pair(Union):
    _fields_ = (("low", ctypes.c_uint8), ("all", arr(ctypes.c_uint16, 2)))


class Pairs(Union):
    _fields_ = (("_anon0", Pair), ("word", ctypes.c_uint32), ("pointer", HANDLE))
    _anon_ = ("_anon0",)


class Whole(Struct):
    _fields_ = (("_anon0", Pairs), ("end", ctypes.c_uint32))
    _anon_ = ("_anon0",)


class Two(Struct):
    _fields_ = (("low", ctypes.c_uint8), ("all", arr(ctypes.c_uint16, 2)))


class TestAnonymous:
    def test_errors_name_the_structure_that_one_sees(self) -> None:
        value: Any = Whole()
        for name, wrong in (("low", 256), ("word", -1), ("end", 1 << 32)):
            with pytest.raises(OverflowError, match=rf"^Whole\.{name}: {wrong} does not fit"):
                setattr(value, name, wrong)
            with pytest.raises(TypeError, match=rf"^Whole\.{name}: an integer is needed"):
                Whole(**{name: "1"})
        for way_in in (
            lambda: value.all.__setitem__(1, 1 << 16),
            lambda: setattr(value, "all", [0, 1 << 16]),
        ):
            with pytest.raises(OverflowError, match=r"^Whole\.all\[1\]: 65536"):
                way_in()
        with pytest.raises(TypeError, match=r"^Whole\.pointer: a guest handle"):
            value.pointer = 5

    def test_handles_read_as_addresses_in_repr(self) -> None:
        raw = (0x7000_0000).to_bytes(8, "little") + bytes(8)
        assert "pointer=0x70000000" in repr(Whole.from_buffer_copy(raw))


class TestArrays:
    @pytest.mark.parametrize("value", [{1, 2}, frozenset((1,)), {1: 2}, iter([1]), 5, None])
    def test_takes_what_has_an_order_and_a_length(self, value: Any) -> None:
        array: Any = Inner()
        with pytest.raises(TypeError, match=r"^Inner\.pairs: a sequence is needed, not"):
            array.pairs = value

    def test_a_sequence_that_lies_about_its_length(self) -> None:
        class Liar(list[int]):
            def __len__(self) -> int:
                return 1

        pair: Any = Two()
        with pytest.raises(OverflowError, match=r"^Two\.all: 3 items do not fit in 2$"):
            pair.all = Liar([1, 2, 3])

    def test_of_itself(self) -> None:
        pair: Any = Two(all=[1, 2])
        pair.all = pair.all
        pair.all = pair.all[::-1]
        assert list(pair.all) == [2, 1]


def test_an_integer_that_lies_about_its_size() -> None:
    class Liar(int):
        def __le__(self, other: object) -> bool:
            return True

        __ge__ = __le__

    value: Any = Two()
    with pytest.raises(OverflowError, match=r"^Two\.low: 256 does not fit in 0\.\.255"):
        value.low = Liar(256)


@pytest.mark.parametrize("value", [1 << 20000, -(1 << 20000)], ids=["above", "below"])
def test_an_integer_that_python_refuses_to_print(value: int) -> None:
    for way_in in (lambda: Two(low=value), lambda: Two(all=[value])):  # type: ignore[call-arg]
        with pytest.raises(OverflowError, match=r"an integer of 20001 bits does not fit in 0\.\."):
            way_in()
