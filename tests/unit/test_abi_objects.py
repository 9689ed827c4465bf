"""Every generated structure as an object: repr, equality, copies, pickles, borrowed memory."""

from __future__ import annotations

import copy
import ctypes
import gc
import pickle
import random
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from abiclasses import CLASSES, EVERY, leaves
from hypothesis import given, settings
from hypothesis import strategies as st

from xensys.abi import event_channel, memory, privcmd, version
from xensys.abi._base import Struct, arr
from xensys.abi.hvm import ioreq
from xensys.abi.io import xs_wire

if TYPE_CHECKING:
    from collections.abc import Callable

#: Characters that no repr exceeds, whatever is in the structure. The longest are
#: rings of text: 12421 for xencons_interface, 3 KiB of characters that print as four each.
LONGEST = 16_000

PATTERNS: dict[str, Callable[[int], bytes]] = {
    "zeros": bytes,
    "ones": lambda size: b"\xff" * size,
    "largest": lambda size: (b"\xff" * 7 + b"\x7f") * (size // 8) + b"\x7f" * (size % 8),
    "smallest": lambda size: (bytes(7) + b"\x80") * (size // 8) + b"\x80" * (size % 8),
    "quotes": lambda size: b"'\"" * (size // 2) + b"\\" * (size % 2),
}


def has_handles(cls: Any) -> bool:
    return any(leaf.kind == "handle" for leaf in leaves(cls))


@EVERY
def test_repr_names_every_field_and_is_bounded(cls: Any) -> None:
    size = ctypes.sizeof(cls)
    noise = random.Random(cls.__name__)
    for raw in (*(made(size) for made in PATTERNS.values()), noise.randbytes(size), noise.randbytes(size)):
        text = repr(cls.from_buffer_copy(raw))
        assert len(text) <= LONGEST
        assert text.isprintable()
        assert text.startswith(f"{cls.__name__}(")
        place = 0
        for name in cls._shown_:
            assert not name.startswith("_hole")
            place = text.index(f"{name}=", place) + 1  # in C's order


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_repr_of_any_bytes(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from([c for c in CLASSES.values() if ctypes.sizeof(c) < 300]))
    raw = data.draw(st.binary(min_size=ctypes.sizeof(cls), max_size=ctypes.sizeof(cls)))
    assert len(repr(cls.from_buffer_copy(raw))) <= LONGEST


@EVERY
def test_equality_is_of_type_and_bytes(cls: Any) -> None:
    size = ctypes.sizeof(cls)
    raw = random.Random(cls.__name__).randbytes(size)
    value = cls.from_buffer_copy(raw)
    assert value == cls.from_buffer_copy(raw)
    assert (value != cls.from_buffer_copy(raw)) is False
    for place in {0, size // 2, size - 1} if size else ():
        other = bytearray(raw)
        other[place] ^= 1
        assert value != cls.from_buffer_copy(other)
    alike = type(cls)("alike", (cls,), {}).from_buffer_copy(raw)
    assert bytes(alike) == raw
    assert value != alike
    assert value != raw
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)


@EVERY
def test_copies_and_pickles_are_the_bytes_and_never_a_handle(cls: Any) -> None:
    raw = random.Random(cls.__name__).randbytes(ctypes.sizeof(cls))
    value = cls.from_buffer_copy(raw)
    refused = f"cannot copy or pickle {cls.__name__}: .*guest handles"
    pickles = [lambda n=n: pickle.loads(pickle.dumps(value, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    for way in (lambda: copy.copy(value), lambda: copy.deepcopy(value), *pickles):
        if has_handles(cls):
            for held in (value, cls()):  # whether or not there is one in it now
                with pytest.raises(TypeError, match=refused):
                    copy.copy(held)
            with pytest.raises(TypeError, match=refused):
                way()
            continue
        made = way()
        assert type(made) is cls
        assert bytes(made) == raw
        if raw:
            ctypes.memset(ctypes.addressof(made), raw[0] ^ 1, 1)
            assert bytes(value) == raw  # memory of its own


def test_there_are_structures_of_both_kinds() -> None:
    assert sum(map(has_handles, CLASSES.values())) >= 20
    assert not has_handles(privcmd.privcmd_hypercall)


def test_ctypes_own_pickle_puts_no_address_into_a_handle() -> None:
    """What an older xensys, or an attacker's pickle, could hold."""
    arg: Any = memory.xen_memory_reservation()
    with pytest.raises(TypeError):
        arg.__setstate__({}, b"\x10" * 32)
    assert arg.extent_start is None
    with pytest.raises(TypeError):
        arg.__setstate__(({}, b"\x10" * 32))
    assert bytes(arg) == bytes(32)


def test_arrays_are_not_copied_with_their_structure() -> None:
    call = privcmd.privcmd_hypercall(arg=(1, 2, 3))
    page = ioreq.buffered_iopage()
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        for array in (call.arg, page.buf_ioreq):
            with pytest.raises(TypeError, match=r"list\(\) gives its items"):
                way(array)
    array: Any = call.arg
    with pytest.raises(TypeError):
        array.__setstate__({}, b"\x10" * 40)
    assert list(call.arg) == [1, 2, 3, 0, 0]


class TestBorrowedMemory:
    @EVERY
    def test_too_small(self, cls: Any) -> None:
        size = ctypes.sizeof(cls)
        for memory_of in (cls.from_buffer, cls.from_buffer_copy):
            if size:
                with pytest.raises(ValueError, match=f"at least {size} bytes"):
                    memory_of(bytearray(size - 1))
            with pytest.raises(ValueError, match=f"at least {size + 1} bytes"):
                memory_of(bytearray(size), 1)
            with pytest.raises(ValueError, match="negative"):
                memory_of(bytearray(size), -1)
        with pytest.raises(TypeError, match="not writable"):
            cls.from_buffer(bytes(size + 1))

    def test_shares_and_keeps_the_buffer(self) -> None:
        raw = bytearray(32)
        arg = memory.xen_add_to_physmap.from_buffer(raw, 8)
        arg.gpfn = 0x1234
        assert raw[24:26] == b"\x34\x12"
        with pytest.raises(BufferError):
            raw.append(0)
        with pytest.raises(OverflowError, match=r"xen_add_to_physmap\.gpfn"):
            arg.gpfn = 1 << 64
        assert raw[24:32] == b"\x34\x12" + bytes(6)

    def test_a_field_outlives_its_structure(self) -> None:
        status = event_channel.evtchn_status()
        inner = status.u.interdomain
        inner.port = 7
        del status
        gc.collect()
        assert inner.port == 7

    def test_text_of_a_ring_is_all_of_it(self) -> None:
        raw = bytes(range(256)) * 8 + bytes(28)
        ring = xs_wire.xenstore_domain_interface.from_buffer_copy(raw.ljust(4096, b"\0"))
        assert ring.req == raw[:1024]
        assert ring.rsp == raw[1024:2048]


class Memory:
    """Hypercall memory as the memory layer hands it out."""

    def __init__(self) -> None:
        self.memory = (ctypes.c_char * 64)()

    def _xen_export_(self) -> ctypes.Array[ctypes.c_char]:
        return self.memory


class TestKeptMemory:
    """Whoever has the handle keeps the memory, however it came there."""

    @pytest.mark.parametrize("way", ["structure", "view", "tuple", "constructor", "array", "slice"])
    def test_through(self, way: str) -> None:
        class Many(Struct):
            _fields_ = (("many", arr(memory.xen_memory_reservation, 2)),)

        many: Any = Many()
        exchange: Any = memory.xen_memory_exchange()
        source: Any = memory.xen_memory_exchange()
        buffer = Memory()
        address = ctypes.addressof(buffer.memory)
        seen = weakref.ref(buffer.memory)
        source.in_.extent_start = buffer
        if way == "structure":
            exchange.in_ = memory.xen_memory_reservation(buffer)
        elif way == "view":
            exchange.in_ = source.in_
        elif way == "tuple":
            exchange.in_ = (buffer, 1)
        elif way == "constructor":
            exchange = memory.xen_memory_exchange(source.in_)
        elif way == "array":
            many.many = [source.in_]
        else:
            many.many[1:] = [(buffer,)]
        del source, buffer
        gc.collect()
        assert seen() is not None
        holder = exchange.in_ if way not in ("array", "slice") else many.many[way == "slice"]
        assert holder.extent_start == address
        del exchange, many, holder
        gc.collect()
        assert seen() is None


def test_version_strings_pickle() -> None:
    info = version.xen_compile_info(compiler=b"gcc")
    assert pickle.loads(pickle.dumps(info)).compiler == b"gcc"
