"""Shared rings and vchan against an end that may write anything anywhere, at any time.

What may come of that is a RingError or nothing: no other exception, no call
that does not return, and never a byte more than a ring holds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from xensys.memory.rings import BackRing, FrontRing, RingError
from xensys.vchan import VchanClosedError, _channel, _page
from xensys.vchan._channel import Channel
from xensys.vchan._page import Geometry

M = 0xFFFF_FFFF
SIZE = 64 + 8 * 8

WORDS = st.one_of(
    st.integers(0, M),
    st.integers(0, 20),
    st.integers(M - 20, M),
    st.sampled_from([0x7FFF_FFFF, 0x8000_0000, 0x8000_0001]),
)
#: Bytes: where the other end writes, and what.
SCRIBBLES = st.tuples(st.just("scribble"), st.sampled_from([0, 4, 8, 12]) | st.integers(0, SIZE - 4), WORDS)
#: The index that matters, moved by a little: what an honest end could do, or nearly.
NUDGES = st.tuples(st.just("nudge"), st.integers(-3, 12), st.just(0))


@settings(max_examples=300)
@given(
    start=WORDS,
    steps=st.lists(
        SCRIBBLES
        | NUDGES
        | st.tuples(
            st.sampled_from(["put", "push", "take", "loop", "check", "count"]), st.just(0), st.just(0)
        ),
        max_size=40,
    ),
)
def test_a_front_end_and_a_hostile_back_end(start: int, steps: list[tuple[str, int, int]]) -> None:
    memory = bytearray(SIZE)
    struct.pack_into("<IIII", memory, 0, start, start + 1 & M, start, start + 1 & M)
    ring = FrontRing.attach(memory, 8, 8)
    pushed = put = taken = 0
    for what, first, second in steps:
        try:
            if what == "scribble":
                struct.pack_into("<I", memory, first, second)
            elif what == "nudge":
                struct.pack_into("<I", memory, 8, start + taken + first & M)
            elif what == "put":
                if not ring.full:
                    ring.put_request(bytes(8))
                    put += 1
            elif what == "push":
                pushed = put
                ring.push_requests()
            elif what == "take":
                taken += ring.take_response() is not None
            elif what == "loop":
                taken += len(list(ring.responses()))
            elif what == "check":
                ring.final_check_for_responses()
            else:
                assert ring.unconsumed_responses() <= pushed - taken
        except RingError:
            assert ring.dead
            return
        assert 0 <= taken <= pushed <= put
        assert put - taken == ring.outstanding <= ring.size == 8
        assert ring.free_requests == 8 - ring.outstanding


@settings(max_examples=300)
@given(
    start=WORDS,
    steps=st.lists(
        SCRIBBLES
        | NUDGES
        | st.tuples(
            st.sampled_from(["answer", "push", "take", "loop", "check", "count"]), st.just(0), st.just(0)
        ),
        max_size=40,
    ),
)
def test_a_back_end_and_a_hostile_front_end(start: int, steps: list[tuple[str, int, int]]) -> None:
    memory = bytearray(SIZE)
    struct.pack_into("<IIII", memory, 0, start, start + 1 & M, start, start + 1 & M)
    ring = BackRing.attach(memory, 8, 8)
    pushed = answered = taken = 0
    for what, first, second in steps:
        try:
            if what == "scribble":
                struct.pack_into("<I", memory, first, second)
            elif what == "nudge":
                struct.pack_into("<I", memory, 0, start + taken + first & M)
            elif what == "answer":
                if ring.unanswered:
                    ring.put_response(bytes(8))
                    answered += 1
            elif what == "push":
                pushed = answered
                ring.push_responses()
            elif what == "take":
                taken += ring.take_request() is not None
            elif what == "loop":
                taken += len(list(ring.requests()))
            elif what == "check":
                ring.final_check_for_requests()
            else:
                assert ring.unconsumed_requests() <= pushed + 8 - taken
        except RingError:
            assert ring.dead
            return
        # A back end is never more than a ring ahead of what the front end knows of.
        assert 0 <= pushed <= answered <= taken <= pushed + 8
        assert ring.unanswered == taken - answered


@settings(max_examples=300)
@given(st.lists(st.sampled_from(["put", "push", "take", "answer", "back", "read"]), max_size=200), WORDS)
def test_two_honest_ends_never_quarrel(steps: list[str], start: int) -> None:
    memory = bytearray(SIZE)
    struct.pack_into("<IIII", memory, 0, start, start + 1 & M, start, start + 1 & M)
    front, back = FrontRing.attach(memory, 8, 8), BackRing.attach(memory, 8, 8)
    put = got = 0
    for what in steps:
        if what == "put" and not front.full:
            front.put_request(struct.pack("<Q", put))
            put += 1
        elif what == "push":
            front.push_requests()
        elif what == "take":
            back.take_request()
        elif what == "answer" and back.unanswered:
            # The slot holds the request still: a response is put over its own one.
            back.put_response(memory[64 + (back._rsp_prod & 7) * 8 :][:8])
        elif what == "back":
            back.push_responses()
        elif what == "read":
            for response in front.responses():
                assert response == struct.pack("<Q", got)
                got += 1


@given(st.binary(max_size=64), st.integers(0, 255))
def test_a_page_of_anything(raw: bytes, rest: int) -> None:
    _judge(bytearray(raw) + bytes([rest]) * (4096 - len(raw)))


@given(st.integers(0, 0xFFFF) | st.integers(9, 21), st.integers(0, 0xFFFF) | st.integers(9, 21))
def test_a_page_with_any_orders(left: int, right: int) -> None:
    raw = bytearray(4096)
    struct.pack_into("<HH", raw, 16, left, right)
    _judge(raw)


def _judge(raw: bytearray) -> None:
    try:
        found = _page.judge(memoryview(raw))
    except RingError:
        return
    assert len(found.left_refs) == _page.pages(found.left_order) <= 256
    assert len(found.right_refs) == _page.pages(found.right_order) <= 256
    assert found.left_order != found.right_order or found.left_order >= 12
    rings = [_page.in_page(order) for order in (found.left_order, found.right_order) if order < 12]
    assert all(at + length <= 4096 for at, length in rings)
    end = 24 + 4 * (len(found.left_refs) + len(found.right_refs))
    assert all(end <= at for at, _ in rings)


#: What a vchan's end may be asked to do.
DO: dict[str, Callable[[Channel], Any]] = {
    "read": lambda one: _channel.reading(one, 700),
    "into": lambda one: _channel.reading_into(one, memoryview(bytearray(500))),
    "recv": lambda one: _channel.receiving(one, 300),
    "write": lambda one: _channel.writing(one, memoryview(bytes(1500))),
    "some": lambda one: _channel.writing_some(one, memoryview(bytes(1500))),
    "send": lambda one: _channel.sending(one, memoryview(bytes(900))),
    "ready": _channel.data_ready,
    "space": _channel.buffer_space,
    "accept": _channel.accepting,
}


@settings(max_examples=300)
@given(
    server=st.booleans(),
    persist=st.booleans(),
    steps=st.lists(
        st.tuples(st.just("scribble"), st.integers(0, 5) | st.integers(0, 1023), WORDS)
        | st.tuples(st.just("nudge"), st.integers(0, 3), st.integers(0, 2100))
        | st.tuples(st.sampled_from(sorted(DO)), st.just(0), st.just(0)),
        max_size=40,
    ),
)
def test_a_vchan_and_a_hostile_end(server: bool, persist: bool, steps: list[tuple[str, int, int]]) -> None:
    page = memoryview(bytearray(4096))
    _page.prepare(page, Geometry(10, 11))
    rings = [page[1024:2048], page[2048:4096]]
    read, write = rings if server else reversed(rings)
    told: list[int] = []
    one = Channel(page, read, write, server=server, notify=lambda: told.append(1), persist=persist)
    dead = 0
    for what, first, second in steps:
        if what == "scribble":
            struct.pack_into("<I", page, 4 * first, second)
        elif what == "nudge":
            old = struct.unpack_from("<I", page, 4 * first)[0]
            struct.pack_into("<I", page, 4 * first, old + second & M)
        else:
            # A step either ends, or waits for the other end: it never goes round by itself.
            before = len(told)
            try:
                next(DO[what](one))
            except (StopIteration, VchanClosedError):
                pass
            except RingError:
                dead += 1
                assert one.reader.dead or one.writer.dead
            assert len(told) - before <= 2
            assert one.writer.size - (one.writer._mine - one.writer._theirs & M) >= 0
            assert (one.reader._theirs - one.reader._mine & M) <= one.reader.size
