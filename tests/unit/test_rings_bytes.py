"""Rings of bytes; and of all rings, what is ordered with what."""

from __future__ import annotations

import errno
import mmap
import struct
import sys
from typing import Any

import pytest

from xensys.abi.io.ring import XEN_FLEX_RING_SIZE
from xensys.memory import byterings, rings
from xensys.memory.byterings import ByteReader, ByteWriter
from xensys.memory.rings import BackRing, FrontRing, RingError, fence, words_of

M = 0xFFFF_FFFF


def page() -> mmap.mmap:
    return mmap.mmap(-1, 4096)


def pair(memory: mmap.mmap, request: int = 8, response: int = 4) -> tuple[FrontRing, BackRing]:
    return FrontRing.init(memory, request, response), BackRing(memory, request, response)


# --- rings of bytes ---


def byte_ring(size: int = 16, start: int = 0) -> tuple[memoryview, bytearray, ByteWriter, ByteReader]:
    """Indexes (prod, cons), data, both ends."""
    head = bytearray(struct.pack("<II", start, start))
    words = words_of(memoryview(head), 8)
    data = bytearray(size)
    view = memoryview(data)
    return words, data, ByteWriter(words, 0, 1, view), ByteReader(words, 0, 1, view)


def test_bytes_come_out_as_they_went_in_also_round_the_end() -> None:
    words, data, writer, reader = byte_ring(16, M - 20)
    sent, got = b"", b""
    for number in range(200):
        piece = bytes([number % 256] * (number % 17))
        writer.room()
        writer.put(memoryview(piece)[:16])
        sent += piece[:16]
        size = reader.ready()
        if number % 2:
            got += reader.take(size)
        else:
            into = bytearray(size)
            reader.take_into(memoryview(into))
            got += into
        assert writer.room() == 16
    assert got == sent
    assert len(data) == 16
    assert words[0] == words[1] == (M - 20 + len(sent)) & M


def test_a_byte_ring_can_be_filled_to_the_last_byte() -> None:
    _, data, writer, reader = byte_ring(8, 5)
    assert writer.room() == 8
    writer.put(memoryview(b"01234567"))
    assert bytes(data) == b"34567012"
    assert writer.room() == 0
    with pytest.raises(ValueError, match="no room"):
        writer.put(memoryview(b"8"))
    assert reader.ready() == 8
    assert reader.take(3) == b"012"
    with pytest.raises(ValueError, match="not there"):
        reader.take(6)
    assert writer.room() == 3


def test_a_flex_ring_is_two_byte_rings() -> None:
    """DEFINE_XEN_FLEX_RING_AND_INTF: in_cons, in_prod, and at 64 out_cons, out_prod."""
    page_of_indexes, data = memoryview(bytearray(4096)), memoryview(bytearray(2 * 4096))
    half = XEN_FLEX_RING_SIZE(1)
    words = words_of(page_of_indexes, 128)
    front_out, back_out = ByteWriter(words, 17, 16, data[half:]), ByteReader(words, 17, 16, data[half:])
    back_in, front_in = ByteWriter(words, 1, 0, data[:half]), ByteReader(words, 1, 0, data[:half])
    front_out.put(memoryview(b"request"))
    assert struct.unpack_from("<II", page_of_indexes, 64) == (0, 7)
    assert bytes(data[half : half + 7]) == b"request"
    assert back_out.take(back_out.ready()) == b"request"
    back_in.put(memoryview(b"response"))
    assert struct.unpack_from("<II", page_of_indexes, 0) == (0, 8)
    assert front_in.take(front_in.ready()) == b"response"
    assert bytes(data[:8]) == b"response"


@pytest.mark.parametrize("size", [0, 3, 12])
def test_a_byte_ring_is_a_power_of_two(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        byte_ring(size)


@pytest.mark.parametrize(("prod", "cons"), [(17, 0), (0, 1), (5, 6), (M, 0), (1 << 31, 0)])
def test_byte_indexes_that_cannot_be_at_the_beginning(prod: int, cons: int) -> None:
    head = bytearray(struct.pack("<II", prod, cons))
    words, data = words_of(memoryview(head), 8), memoryview(bytearray(16))
    for kind in (ByteReader, ByteWriter):
        with pytest.raises(RingError) as caught:
            kind(words, 0, 1, data)
        assert caught.value.errno == errno.EPROTO


@pytest.mark.parametrize("prod", [17 + 4, 7, 4, 3, 1 << 31, M])
def test_a_writer_that_lies(prod: int) -> None:
    words, _, writer, reader = byte_ring(16)
    writer.put(memoryview(b"12345678"))
    assert reader.ready() == 8
    assert reader.take(4) == b"1234"
    words[0] = prod
    with pytest.raises(RingError):
        reader.ready()
    words[0] = 8
    assert reader.dead
    with pytest.raises(RingError):
        reader.ready()


@pytest.mark.parametrize("cons", [9, 3, 1 << 31, M])
def test_a_reader_that_lies(cons: int) -> None:
    words, _, writer, reader = byte_ring(16)
    writer.put(memoryview(b"12345678"))
    reader.ready()
    reader.take(4)
    assert writer.room() == 12
    words[1] = cons
    with pytest.raises(RingError):
        writer.room()
    words[1] = 4
    assert writer.dead
    with pytest.raises(RingError):
        writer.room()


# --- order ---


def test_the_indexes_are_whole_words() -> None:
    """format "I" is what makes an access one load or store; "<I" would go byte by byte."""
    for words in (words_of(memoryview(bytearray(64)), 64), FrontRing.init(page(), 8, 8)._indexes):
        assert words is not None
        assert (words.format, words.itemsize) == ("I", 4)


class Recorded:
    """Stands for a view, and writes down what is done to it, in order."""

    def __init__(self, log: list[str], name: str, view: memoryview) -> None:
        self.log, self.name, self.view = log, name, view
        self.nbytes = view.nbytes

    def _what(self, key: int | slice) -> str:
        return self.name if isinstance(key, slice) else f"{self.name}{key}"

    def __getitem__(self, key: int | slice) -> object:
        self.log.append(f"load {self._what(key)}")
        return self.view[key]

    def __setitem__(self, key: int | slice, value: object) -> None:
        self.log.append(f"store {self._what(key)}")
        self.view[key] = value  # type: ignore[index, assignment]

    def release(self) -> None:
        self.view.release()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    entries: list[str] = []
    for module in (rings, byterings):
        monkeypatch.setattr(module, "fence", lambda: entries.append("fence"))
    return entries


def recorded(ring: Any, log: list[str]) -> Any:
    ring._indexes = Recorded(log, "index", ring._indexes)
    ring._entries = Recorded(log, "entries", ring._entries)
    return ring


REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT = (f"index{number}" for number in range(4))


def test_barriers_are_where_the_macros_have_them(log: list[str]) -> None:
    front, back = (recorded(ring, log) for ring in pair(page()))

    def did(*steps: str) -> None:
        assert log == list(steps)
        log.clear()

    front.put_request(bytes(8))
    did("store entries")
    front.push_requests()
    did("fence", f"store {REQ_PROD}", "fence", f"load {REQ_EVENT}")
    back.take_request()
    did(f"load {REQ_PROD}", "fence", "load entries")
    back.put_response(bytes(4))
    back.push_responses()
    did("store entries", "fence", f"store {RSP_PROD}", "fence", f"load {RSP_EVENT}")
    front.take_response()
    did(f"load {RSP_PROD}", "fence", "load entries")
    back.final_check_for_requests()
    did(f"load {REQ_PROD}", "fence", f"store {REQ_EVENT}", "fence", f"load {REQ_PROD}", "fence")
    front.final_check_for_responses()
    did(f"load {RSP_PROD}", "fence", f"store {RSP_EVENT}", "fence", f"load {RSP_PROD}", "fence")


def test_barriers_of_a_byte_ring(log: list[str]) -> None:
    words, data, writer, reader = byte_ring(16)
    for end in (writer, reader):
        view: Any = Recorded(log, "index", words)
        end._words = view
        view = Recorded(log, "data", memoryview(data))
        end._data = view
    writer.room()
    writer.put(memoryview(b"1234"))
    # prod is word 0, cons word 1.
    assert log == ["load index1", "fence", "store data", "fence", "store index0"]
    log.clear()
    reader.ready()
    reader.take(4)
    assert log == ["load index0", "fence", "load data", "fence", "store index1"]


def test_a_fence_releases_a_lock_and_then_acquires_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Lock:
        def acquire(self) -> None:
            done.append("acquire")

        def release(self) -> None:
            done.append("release")

    monkeypatch.setattr(rings, "allocate_lock", Lock)
    fence()
    assert done == ["acquire", "release", "acquire"]


def test_a_fence_needs_nothing_that_a_signal_handler_could_hold() -> None:
    # Reentrant at each of its steps: a handler that runs between them makes one of its own.
    calls = []

    def trace(frame: object, event: str, arg: object) -> object:
        code = getattr(frame, "f_code", None)
        if event == "line" and code is fence.__code__ and len(calls) < 20:
            calls.append(1)
            sys.settrace(None)
            fence()
            sys.settrace(trace)  # type: ignore[arg-type]
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        fence()
    finally:
        sys.settrace(None)
    assert len(calls) >= 4
