"""Shared rings: the layout as in C, the notification rule, and indexes no honest end can have."""

from __future__ import annotations

import copy
import ctypes
import errno
import mmap
import pickle
import struct

import pytest

from xensys.abi.io import blkif
from xensys.memory.rings import BackRing, FrontRing, RingError

M = 0xFFFF_FFFF
PAGE = 4096


def page(length: int = PAGE) -> mmap.mmap:
    return mmap.mmap(-1, length)


def indexes(memory: mmap.mmap) -> tuple[int, ...]:
    """req_prod, req_event, rsp_prod, rsp_event."""
    return struct.unpack_from("<IIII", memory)


def plant(memory: mmap.mmap, *, req_prod: int | None = None, rsp_prod: int | None = None) -> None:
    for offset, value in ((0, req_prod), (8, rsp_prod)):
        if value is not None:
            struct.pack_into("<I", memory, offset, value & M)


def pair(memory: mmap.mmap, request: int = 8, response: int = 4) -> tuple[FrontRing, BackRing]:
    return FrontRing.init(memory, request, response), BackRing(memory, request, response)


# --- layout ---


def test_init_writes_what_SHARED_RING_INIT_does() -> None:
    memory = page()
    memory[:] = b"\xff" * PAGE
    FrontRing.init(memory, 8, 4)
    assert memory[:64] == struct.pack("<IIII", 0, 1, 0, 1) + bytes(48)
    # The entries are left as they are.
    assert memory[64:] == b"\xff" * (PAGE - 64)


@pytest.mark.parametrize(
    ("length", "request_size", "response", "entries"),
    [
        (4096, 112, 16, 32),  # blkif, as in every block device
        (4096, 12, 8, 256),  # netif transmit
        (4096, 8, 8, 256),  # netif receive
        (65536, 112, 16, 512),
        (64 + 7, 7, 1, 1),
        (64 + 4032, 4032, 1, 1),
        (4096, 1, 1, 2048),
    ],
)
def test_it_has_as_many_entries_as_in_C(
    length: int, request_size: int, response: int, entries: int
) -> None:
    ring = FrontRing.init(page(length), request_size, response)
    assert ring.size == entries
    assert ring.free_requests == entries


def test_an_entry_is_a_C_union_of_its_types() -> None:
    class Request(ctypes.Structure):
        _fields_ = (("a", ctypes.c_uint8 * 9),)

    class Response(ctypes.Structure):
        _fields_ = (("b", ctypes.c_uint64),)

    memory = page()
    front = FrontRing.init(memory, Request, Response)
    assert front.size == 128  # of 16 bytes, not of 9
    front.put_request(Request((ctypes.c_uint8 * 9)(*b"first one")))
    front.put_request(Request((ctypes.c_uint8 * 9)(*b"secondone")))
    assert memory[64:73] == b"first one"
    assert memory[80:89] == b"secondone"


def test_entries_may_be_structures_of_the_abi() -> None:
    memory = page()
    front = FrontRing.init(memory, blkif.blkif_request, blkif.blkif_response)
    back = BackRing(memory, blkif.blkif_request, blkif.blkif_response)
    assert front.size == 32
    front.put_request(blkif.blkif_request(operation=1, id=0x1234_5678_9ABC, sector_number=7))
    assert front.push_requests()
    taken = back.take_request()
    assert isinstance(taken, blkif.blkif_request)
    assert (taken.operation, taken.id, taken.sector_number) == (1, 0x1234_5678_9ABC, 7)
    # It is a copy: what the front end writes later does not reach it.
    memory[64:] = bytes(PAGE - 64)
    assert taken.id == 0x1234_5678_9ABC
    back.put_response(blkif.blkif_response(id=taken.id, status=-1))
    back.push_responses()
    answer = front.take_response()
    assert (answer.id, answer.status) == (0x1234_5678_9ABC, -1)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 71])
def test_too_little_memory(length: int) -> None:
    with pytest.raises(ValueError, match="too few|no room"):
        FrontRing.init(bytearray(length), 8, 8)
    with pytest.raises(ValueError, match="too few|no room"):
        BackRing(bytearray(length), 8, 8)


def test_unaligned_memory() -> None:
    with memoryview(page()) as whole, pytest.raises(ValueError, match="aligned"):
        FrontRing.init(whole[2:], 8, 8)


def test_read_only_memory() -> None:
    with pytest.raises(TypeError, match="can be written"):
        BackRing(memoryview(bytes(PAGE)), 8, 8)


@pytest.mark.parametrize("size", [0, -1, 1 << 40])
def test_an_entry_has_a_sane_size(size: int) -> None:
    with pytest.raises(OverflowError, match=r"ring\.request"):
        FrontRing.init(page(), size, 8)
    with pytest.raises(OverflowError, match=r"ring\.response"):
        FrontRing.init(page(), 8, size)


# --- use ---


def test_a_round_trip() -> None:
    memory = page()
    front, back = pair(memory)
    for number in range(5):
        front.put_request(struct.pack("<Q", number))
    assert back.unconsumed_requests() == 0, "not pushed yet"
    assert front.push_requests(), "the back end asked for the first one"
    assert [struct.unpack("<Q", one)[0] for one in back.requests()] == [0, 1, 2, 3, 4]
    assert back.unanswered == 5
    for number in range(5):
        back.put_response(struct.pack("<I", number * 10))
    assert front.unconsumed_responses() == 0, "not pushed yet"
    assert back.push_responses()
    assert front.outstanding == 5
    assert [struct.unpack("<I", one)[0] for one in front.responses()] == [0, 10, 20, 30, 40]
    assert front.outstanding == 0
    assert front.take_response() is None
    assert back.take_request() is None


def test_round_and_round_past_the_end_of_the_indexes() -> None:
    memory = page(64 + 4 * 8)
    start = M - 5
    plant(memory, req_prod=start, rsp_prod=start)
    front, back = FrontRing.attach(memory, 8, 8), BackRing.attach(memory, 8, 8)
    assert front.size == 4
    for number in range(40):
        front.put_request(struct.pack("<Q", number))
        front.push_requests()
        assert back.take_request() == struct.pack("<Q", number)
        back.put_response(struct.pack("<Q", ~number & M))
        back.push_responses()
        assert front.take_response() == struct.pack("<Q", ~number & M)
    assert indexes(memory)[0] == (start + 40) & M == 34


def test_a_full_ring() -> None:
    memory = page(64 + 4 * 8)
    front, back = pair(memory, 8, 8)
    for number in range(4):
        assert front.free_requests == 4 - number
        assert not front.full
        front.put_request(bytes([number] * 8))
    assert front.full
    with pytest.raises(BlockingIOError) as caught:
        front.put_request(bytes(8))
    assert caught.value.errno == errno.EAGAIN
    front.push_requests()
    assert back.unconsumed_requests() == 4
    # A slot is free again with the response, not as the request is taken.
    assert back.take_request() == bytes(8)
    assert front.full
    back.put_response(b"answered")
    back.push_responses()
    assert front.full
    assert front.take_response() == b"answered"
    assert front.free_requests == 1


def test_a_response_needs_a_request() -> None:
    memory = page()
    front, back = pair(memory)
    with pytest.raises(ValueError, match="has its response"):
        back.put_response(bytes(4))
    front.put_request(bytes(8))
    front.push_requests()
    with pytest.raises(ValueError, match="has its response"):
        back.put_response(bytes(4))
    back.take_request()
    back.put_response(bytes(4))
    with pytest.raises(ValueError, match="has its response"):
        back.put_response(bytes(4))


@pytest.mark.parametrize("length", [0, 7, 9])
def test_entries_are_as_long_as_they_are(length: int) -> None:
    front, _ = pair(page())
    with pytest.raises(ValueError, match="a request has 8 bytes, not"):
        front.put_request(bytes(length))
    with pytest.raises(TypeError):
        front.put_request(8)  # type: ignore[arg-type]
    assert front.outstanding == 0


def test_taking_inside_the_loop_is_no_second_time() -> None:
    front, back = pair(page())
    for number in range(6):
        front.put_request(bytes([number] * 8))
    front.push_requests()
    seen = []
    for one in back.requests():
        seen.append(one[0])
        if one[0] == 1:
            seen += [other[0] for other in back.requests()]
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_loop_is_no_longer_than_what_was_there_as_it_began() -> None:
    memory = page()
    front, back = pair(memory)
    for _ in range(3):
        front.put_request(bytes(8))
    front.push_requests()
    count = 0
    for _ in back.requests():
        count += 1
        # A front end that never stops.
        front.put_request(bytes(8))
        front.push_requests()
    assert count == 3
    assert back.unconsumed_requests() == 3


# --- notification ---


def test_notification_is_held_off_until_it_is_asked_for() -> None:
    front, back = pair(page())
    front.put_request(bytes(8))
    assert front.push_requests()
    front.put_request(bytes(8))
    assert not front.push_requests(), "the back end has not asked again"
    assert back.final_check_for_requests(), "there is work already"
    assert len(list(back.requests())) == 2
    assert not back.final_check_for_requests()
    assert not front.push_requests(), "nothing new"
    front.put_request(bytes(8))
    assert front.push_requests()


def test_the_same_the_other_way() -> None:
    front, back = pair(page())
    for _ in range(3):
        front.put_request(bytes(8))
    front.push_requests()
    list(back.requests())
    back.put_response(bytes(4))
    assert back.push_responses()
    back.put_response(bytes(4))
    assert not back.push_responses()
    assert front.final_check_for_responses()
    assert len(list(front.responses())) == 2
    assert not front.final_check_for_responses()
    back.put_response(bytes(4))
    assert back.push_responses()


def test_after_says_how_many_may_come_unheard() -> None:
    front, back = pair(page())
    assert not back.final_check_for_requests(after=3)
    told = []
    for _ in range(4):
        front.put_request(bytes(8))
        told.append(front.push_requests())
    assert told == [False, False, True, False]
    for after in (0, front.size + 1):
        with pytest.raises(OverflowError, match="after"):
            back.final_check_for_requests(after=after)
        with pytest.raises(OverflowError, match="after"):
            front.final_check_for_responses(after=after)


@pytest.mark.parametrize("event", [0, 1, 2, 3, 0x8000_0000, M])
def test_the_notification_rule_is_Xens(event: int) -> None:
    """(RING_IDX)(new - event) < (RING_IDX)(new - old), whatever the other end wrote."""
    for old, new in ((0, 1), (1, 3)):
        memory = page()
        front = FrontRing.init(memory, 8, 8)
        for _ in range(old):
            front.put_request(bytes(8))
        front.push_requests()
        for _ in range(new - old):
            front.put_request(bytes(8))
        struct.pack_into("<I", memory, 4, event)
        assert front.push_requests() is ((new - event & M) < (new - old & M))


# --- hostile indexes ---


def dead(ring: FrontRing | BackRing) -> None:
    """Everything that looks at the ring raises from now on, and closing it works."""
    assert ring.dead
    assert "dead" in repr(ring)
    calls = (
        [
            ring.unconsumed_responses,
            ring.take_response,
            ring.push_requests,
            ring.final_check_for_responses,
            lambda: ring.put_request(bytes(8)),
            lambda: list(ring.responses()),
        ]
        if isinstance(ring, FrontRing)
        else [
            ring.unconsumed_requests,
            ring.take_request,
            ring.push_responses,
            ring.final_check_for_requests,
            lambda: ring.put_response(bytes(4)),
            lambda: list(ring.requests()),
        ]
    )
    for call in calls:
        with pytest.raises(RingError) as caught:
            call()
        assert caught.value.errno == errno.EPROTO
    ring.close()


@pytest.mark.parametrize("ahead", [1, 2, 512, 0x8000_0000, M - 3])
def test_more_responses_than_requests(ahead: int) -> None:
    memory = page()
    front, _ = pair(memory)
    for _ in range(3):
        front.put_request(bytes(8))
    front.push_requests()
    plant(memory, rsp_prod=3 + ahead)
    with pytest.raises(RingError, match="responses"):
        front.unconsumed_responses()
    plant(memory, rsp_prod=0)  # it does not come back to life
    dead(front)


def test_a_request_put_and_not_pushed_has_no_response() -> None:
    memory = page()
    front, _ = pair(memory)
    front.put_request(bytes(8))
    plant(memory, rsp_prod=1)
    with pytest.raises(RingError):
        front.take_response()
    dead(front)


def test_responses_that_go_back() -> None:
    memory = page()
    front, _ = pair(memory)
    front.put_request(bytes(8))
    front.put_request(bytes(8))
    front.push_requests()
    plant(memory, rsp_prod=2)
    assert len(list(front.responses())) == 2
    plant(memory, rsp_prod=1)
    with pytest.raises(RingError):
        front.take_response()
    dead(front)


@pytest.mark.parametrize("extra", [1, 2, 0x4000_0000, 0x8000_0000])
def test_more_requests_than_the_ring_holds(extra: int) -> None:
    memory = page()
    _, back = pair(memory)
    plant(memory, req_prod=back.size)
    assert back.unconsumed_requests() == back.size
    plant(memory, req_prod=back.size + extra)
    with pytest.raises(RingError, match="requests"):
        back.take_request()
    dead(back)


def test_requests_that_go_back() -> None:
    memory = page()
    front, back = pair(memory)
    for _ in range(4):
        front.put_request(bytes(8))
    front.push_requests()
    assert back.unconsumed_requests() == 4
    plant(memory, req_prod=3)
    with pytest.raises(RingError):
        back.unconsumed_requests()
    dead(back)


def test_requests_behind_those_taken_are_no_endless_loop() -> None:
    # What RING_HAS_UNCONSUMED_REQUESTS of C takes for a full ring.
    memory = page()
    front, back = pair(memory)
    for _ in range(4):
        front.put_request(bytes(8))
    front.push_requests()
    list(back.requests())
    plant(memory, req_prod=2)
    with pytest.raises(RingError):
        list(back.requests())
    dead(back)


def test_requests_over_responses_not_pushed_are_too_many() -> None:
    # The front end cannot know of them, so it may not have reused their slots.
    memory = page()
    front, back = pair(memory)
    for _ in range(4):
        front.put_request(bytes(8))
    front.push_requests()
    list(back.requests())
    for _ in range(4):
        back.put_response(bytes(4))
    plant(memory, req_prod=back.size + 1)
    with pytest.raises(RingError):
        back.unconsumed_requests()


def test_scribbled_own_indexes_do_not_move_us() -> None:
    memory = page()
    front, back = pair(memory)
    front.put_request(b"request1")
    front.push_requests()
    back.take_request()
    plant(memory, req_prod=0x7777, rsp_prod=0)
    front.put_request(b"request2")
    front.push_requests()
    assert indexes(memory)[0] == 2
    assert back.take_request() == b"request2"
    plant(memory, rsp_prod=0x7777)
    back.put_response(b"one.")
    back.push_responses()
    assert indexes(memory)[2] == 1


# --- attaching ---


def test_a_back_end_that_comes_back_takes_what_was_not_answered() -> None:
    memory = page()
    front, back = pair(memory)
    for number in range(5):
        front.put_request(bytes([number] * 8))
    front.push_requests()
    list(back.requests())
    back.put_response(b"r000")
    back.put_response(b"r111")
    back.push_responses()
    back.put_response(b"lost")
    back.close()
    again = BackRing.attach(memory, 8, 4)
    assert again.unconsumed_requests() == 3
    # The lost response lies in the slot of a request, which was answered in its place.
    assert [one[4] for one in again.requests()] == [2, 3, 4]
    for _ in range(3):
        again.put_response(b"new.")
    again.push_responses()
    assert list(front.responses()) == [b"r000", b"r111", b"new.", b"new.", b"new."]


def test_a_front_end_that_comes_back_waits_for_what_is_outstanding() -> None:
    memory = page()
    front, back = pair(memory)
    for number in range(4):
        front.put_request(bytes([number] * 8))
    front.push_requests()
    list(back.requests())
    back.put_response(b"r000")
    back.push_responses()
    front.put_request(b"unseen!!")
    front.close()
    again = FrontRing.attach(memory, 8, 4)
    assert again.outstanding == 3
    assert again.free_requests == again.size - 3
    assert again.take_response() is None
    again.put_request(b"anew....")
    again.push_requests()
    assert back.take_request() == b"anew...."
    for answer in (b"r111", b"r222", b"r333", b"anew"):
        back.put_response(answer)
    back.push_responses()
    assert list(again.responses()) == [b"r111", b"r222", b"r333", b"anew"]


@pytest.mark.parametrize("kind", [FrontRing, BackRing])
@pytest.mark.parametrize(("requests", "responses"), [(257 + 5, 5), (5, 6), (0, 1), (M, 0), (1 << 31, 0)])
def test_attaching_to_nonsense(kind: type[FrontRing], requests: int, responses: int) -> None:
    memory = page()
    plant(memory, req_prod=requests, rsp_prod=responses)
    with pytest.raises(RingError):
        kind.attach(memory, 8, 8)
    memory.close()  # no view of it was left


# --- lifetime ---


def test_a_ring_holds_its_memory_until_it_is_closed() -> None:
    memory = page()
    front = FrontRing.init(memory, 8, 8)
    with pytest.raises(BufferError):
        memory.close()
    front.close()
    front.close()
    assert front.closed
    assert "closed" in repr(front)
    memory.close()
    for call in (front.push_requests, front.take_response, lambda: front.put_request(bytes(8))):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_a_context_manager() -> None:
    memory = page()
    with FrontRing.init(memory, 8, 8), BackRing(memory, 8, 8) as back:
        assert not back.closed
    memory.close()


def test_there_can_be_no_copy() -> None:
    front, back = pair(page())
    for one in (front, back):
        for copied in (copy.copy, pickle.dumps):
            with pytest.raises(TypeError, match="copy or pickle"):
                copied(one)


def test_the_error_pickles() -> None:
    memory = page()
    _, back = pair(memory)
    plant(memory, req_prod=0x1000)
    with pytest.raises(RingError) as caught:
        back.take_request()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.errno) == (RingError, str(caught.value), errno.EPROTO)
