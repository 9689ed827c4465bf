"""vchan without Xen: the page's layout, and two ends over a few bytearrays."""

from __future__ import annotations

import errno
import pickle
import struct
from collections.abc import Generator
from typing import Any

import pytest

from xensys.abi.io.libxenvchan import VCHAN_NOTIFY_READ, VCHAN_NOTIFY_WRITE, vchan_interface
from xensys.memory.rings import RingError
from xensys.vchan import VchanClosedError, VchanTimeoutError, _channel, _page
from xensys.vchan._channel import Channel
from xensys.vchan._page import Geometry

K = 1024


# --- the page ---


@pytest.mark.parametrize(
    ("left", "right", "chosen"),
    [
        # As tools/libs/vchan/init.c chooses.
        (0, 0, (10, 11)),
        (1, 2048, (10, 11)),
        (1024, 2048, (10, 11)),
        (1025, 1024, (11, 10)),
        (2048, 1024, (11, 10)),
        (2048, 1025, (11, 12)),
        (2048, 2048, (11, 12)),
        (1024, 2049, (11, 12)),
        (1, 1 << 20, (11, 20)),
        (2049, 1024, (12, 11)),
        (4096, 2048, (12, 11)),
        (4097, 2049, (13, 12)),
        (4096, 4096, (12, 12)),
        (8192, 8193, (13, 14)),
        (1 << 20, 1 << 20, (20, 20)),
    ],
)
def test_sizes_become_orders(left: int, right: int, chosen: tuple[int, int]) -> None:
    assert _page.orders(left, right) == chosen


@pytest.mark.parametrize(("left", "right"), [((1 << 20) + 1, 1), (1, (1 << 20) + 1), (-1, 1)])
def test_sizes_that_no_vchan_has(left: int, right: int) -> None:
    with pytest.raises(OverflowError, match=r"vchan\.(read|write)_size"):
        _page.orders(left, right)


def test_a_new_page() -> None:
    page = memoryview(bytearray(b"\xff" * 4096))
    _page.prepare(page, Geometry(13, 12, (7, 8), (0xFFFF_FFFF,)))
    head = vchan_interface.from_buffer_copy(page)
    assert (head.left.cons, head.left.prod, head.right.cons, head.right.prod) == (0, 0, 0, 0)
    assert (head.left_order, head.right_order) == (13, 12)
    assert (head.cli_live, head.srv_live, head.cli_notify, head.srv_notify) == (2, 1, 1, 0)
    assert bytes(page[24:36]) == struct.pack("<III", 7, 8, 0xFFFF_FFFF)
    assert not any(page[36:])


@pytest.mark.parametrize("left", range(10, 21))
@pytest.mark.parametrize("right", range(10, 21))
def test_what_a_server_writes_a_client_believes(left: int, right: int) -> None:
    counts = _page.pages(left), _page.pages(right)
    geometry = Geometry(left, right, range(1, 1 + counts[0]), range(1001, 1001 + counts[1]))
    page = memoryview(bytearray(4096))
    _page.prepare(page, geometry)
    # Both at one place; or a ring of 1 MiB with one at 1024, where its grants would be.
    if left == right < 12 or {left, right} == {10, 20}:
        with pytest.raises(RingError):
            _page.judge(page)
    else:
        assert _page.judge(page) == geometry


@pytest.mark.parametrize(
    ("left", "right"), [(0, 12), (9, 12), (12, 9), (21, 12), (12, 21), (0xFFFF, 0xFFFF), (10, 10)]
)
def test_orders_that_make_no_sense(left: int, right: int) -> None:
    page = memoryview(bytearray(4096))
    struct.pack_into("<HH", page, 16, left, right)
    with pytest.raises(RingError) as error:
        _page.judge(page)
    assert error.value.errno == errno.EPROTO


# --- two ends ---


class Two:
    """A server and a client over the same memory, and how often each was notified."""

    def __init__(self, left: int = 12, right: int = 12, *, persist: bool = False) -> None:
        self.page = memoryview(bytearray(4096))
        self.rings: list[memoryview] = []
        for order in (left, right):
            if order < 12:
                at, length = _page.in_page(order)
                self.rings.append(self.page[at : at + length])
            else:
                self.rings.append(memoryview(bytearray(1 << order)))
        _page.prepare(
            self.page,
            Geometry(left, right, [1] * _page.pages(left), [1] * _page.pages(right)),
        )
        self.told = {"server": 0, "client": 0}
        self.server = self._end("client", server=True, persist=persist)
        self.client = self.join()

    def join(self) -> Channel:
        client = self._end("server", server=False)
        client.join()
        return client

    def _end(self, other: str, *, server: bool, persist: bool = False) -> Channel:
        def notify() -> None:
            self.told[other] += 1

        read, write = self.rings if server else reversed(self.rings)
        return Channel(self.page, read, write, server=server, notify=notify, persist=persist)

    def heard(self, who: str) -> int:
        """How often since the last time."""
        count, self.told[who] = self.told[who], 0
        return count


@pytest.fixture
def two() -> Two:
    return Two()


def once(steps: Generator[None, None, Any]) -> Any:
    """The result; "waits" if it has to."""
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    return "waits"


def test_joining_notifies_the_server_and_asks_for_writes(two: Two) -> None:
    assert two.heard("server") == 1
    assert two.page[_page.CLI_LIVE] == 1
    assert two.page[_page.SRV_NOTIFY] == VCHAN_NOTIFY_WRITE


@pytest.mark.parametrize(("left", "right"), [(10, 11), (11, 10), (11, 12), (12, 11), (13, 12)])
def test_the_rings_do_not_overlap(left: int, right: int) -> None:
    two = Two(left, right)
    assert once(_channel.sending(two.client, memoryview(b"L" * (1 << left)))) == 1 << left
    assert once(_channel.sending(two.server, memoryview(b"R" * (1 << right)))) == 1 << right
    assert once(_channel.receiving(two.server, 1 << left)) == b"L" * (1 << left)
    assert once(_channel.receiving(two.client, 1 << right)) == b"R" * (1 << right)
    assert two.page[_page.CLI_LIVE] == two.page[_page.SRV_LIVE] == 1


def test_the_indexes_are_where_C_looks_for_them(two: Two) -> None:
    once(_channel.writing(two.client, memoryview(b"abc")))
    once(_channel.writing(two.server, memoryview(b"defgh")))
    once(_channel.reading(two.server, 1))
    once(_channel.reading(two.client, 2))
    # left.cons, left.prod, right.cons, right.prod
    assert struct.unpack_from("<IIII", two.page) == (1, 3, 2, 5)


def test_only_who_waits_is_notified(two: Two) -> None:
    two.heard("server")
    once(_channel.writing(two.client, memoryview(b"1")))
    assert two.heard("server") == 1, "a server asks from the beginning"
    assert once(_channel.reading(two.server, 10)) == b"1"
    assert two.heard("client") == 0, "the client does not wait for room"
    once(_channel.writing(two.client, memoryview(b"2")))
    assert two.heard("server") == 0, "the server got what it wanted, and does not wait"
    assert once(_channel.reading(two.server, 10)) == b"2"
    steps = _channel.reading(two.server, 10)
    assert once(steps) == "waits"
    once(_channel.writing(two.client, memoryview(b"3")))
    assert two.heard("server") == 1
    assert once(steps) == b"3"
    assert two.page[_page.CLI_NOTIFY] == 0


def test_who_waits_for_room_is_notified(two: Two) -> None:
    two.heard("client")
    steps = _channel.writing(two.client, memoryview(bytes(4097)))
    assert once(steps) == "waits"
    assert two.page[_page.SRV_NOTIFY] & VCHAN_NOTIFY_READ
    once(_channel.reading(two.server, 100))
    assert two.heard("client") == 1
    assert once(steps) == 4097
    assert not two.page[_page.SRV_NOTIFY] & VCHAN_NOTIFY_READ


def test_a_wish_is_made_again_for_each_wait(two: Two) -> None:
    # C clears a bit that it has answered, be the answer what we waited for or not.
    steps = _channel.receiving(two.server, 10)
    assert once(steps) == "waits"
    for _ in range(3):
        two.page[_page.CLI_NOTIFY] = 0
        assert once(steps) == "waits"
        assert two.page[_page.CLI_NOTIFY] == VCHAN_NOTIFY_WRITE


def test_what_comes_between_the_look_and_the_wish_is_seen(two: Two, monkeypatch: Any) -> None:
    """The other end moves just before it could know that it should notify us."""
    ask = Channel.ask

    def late(channel: Channel, bit: int) -> None:
        two.page[_page.CLI_NOTIFY] = 0
        two.heard("server")
        once(_channel.writing(two.client, memoryview(b"just now")))
        assert two.heard("server") == 0
        ask(channel, bit)

    monkeypatch.setattr(Channel, "ask", late)
    assert once(_channel.reading(two.server, 100)) == b"just now"


def test_the_other_ends_wishes_are_never_touched(two: Two) -> None:
    """To clear one bit without an atomic instruction could lose another."""
    for wishes in range(4):
        two.page[_page.SRV_NOTIFY] = wishes
        two.heard("client")
        once(_channel.writing(two.server, memoryview(b"x")))
        assert two.heard("client") == bool(wishes & VCHAN_NOTIFY_WRITE)
        once(_channel.writing(two.client, memoryview(b"x")))
        two.page[_page.SRV_NOTIFY] = wishes
        once(_channel.reading(two.server, 1))
        assert two.heard("client") == bool(wishes & VCHAN_NOTIFY_READ)
        assert two.page[_page.SRV_NOTIFY] == wishes


def test_the_last_bytes_of_who_has_gone_are_read(two: Two) -> None:
    """It writes and goes between our look at its being there and that at its bytes."""
    ready = two.server.reader.ready

    class Reader:
        size = 4096
        take = two.server.reader.take
        left = False

        def ready(self) -> int:
            found = ready()
            if not self.left:
                self.left = True
                once(_channel.writing(two.client, memoryview(b"bye")))
                two.client.leave()
            return found

    two.server.reader = Reader()  # type: ignore[assignment]
    assert once(_channel.reading(two.server, 10)) == b"bye"
    assert once(_channel.reading(two.server, 10)) == b""


def test_gone_is_gone(two: Two) -> None:
    two.client.leave()
    assert two.server.gone()
    two.page[_page.CLI_LIVE] = 1
    assert two.server.gone(), "the end that was reported stays the end"
    assert not two.server.present
    assert once(_channel.reading(two.server, 1)) == b""


def test_a_server_that_persists_does_not_see_its_clients_go() -> None:
    two = Two(persist=True)
    two.client.leave()
    assert not two.server.gone()
    assert not two.server.present
    steps = _channel.reading(two.server, 10)
    assert once(steps) == "waits"
    accepting = _channel.accepting(two.server)
    assert once(accepting) == "waits"
    client = two.join()
    assert once(accepting) is None
    once(_channel.writing(client, memoryview(b"next")))
    assert once(steps) == b"next"


def test_a_client_goes_on_where_its_predecessor_has_left() -> None:
    two = Two(persist=True)
    once(_channel.writing(two.client, memoryview(b"unread")))
    once(_channel.writing(two.server, memoryview(b"old")))
    once(_channel.reading(two.client, 1))
    client = two.join()
    once(_channel.writing(client, memoryview(b"+new")))
    assert once(_channel.reading(two.server, 100)) == b"unread+new"
    assert once(_channel.reading(client, 100)) == b"ld"


def test_waiting_for_the_first_client() -> None:
    two = Two()
    two.page[_page.CLI_LIVE] = _page.NOT_YET
    assert two.server.waiting
    assert not two.server.present
    assert not two.server.gone()
    accepting = _channel.accepting(two.server)
    assert once(accepting) == "waits"
    two.join()
    assert once(accepting) is None


@pytest.mark.parametrize("live", [3, 77, 255])
def test_whatever_else_it_says_it_is_there(two: Two, live: int) -> None:
    two.page[_page.CLI_LIVE] = live
    assert two.server.present
    assert not two.server.gone()


# --- sizes ---


@pytest.mark.parametrize("size", [-1, 1 << 63])
def test_sizes_to_read_that_are_none(two: Two, size: int) -> None:
    with pytest.raises(OverflowError, match=r"vchan\.size"):
        once(_channel.reading(two.server, size))


def test_nothing_is_done_at_once(two: Two) -> None:
    assert once(_channel.reading(two.server, 0)) == b""
    assert once(_channel.receiving(two.server, 0)) == b""
    assert once(_channel.reading_into(two.server, memoryview(b""))) == 0
    assert once(_channel.writing(two.server, memoryview(b""))) == 0
    assert once(_channel.sending(two.server, memoryview(b""))) == 0
    assert once(_channel.writing_some(two.server, memoryview(b""))) == 0


def test_a_packet_is_no_longer_than_the_ring(two: Two) -> None:
    with pytest.raises(OverflowError, match=r"vchan\.data: 4097 does not fit in 0\.\.4096"):
        once(_channel.sending(two.server, memoryview(bytes(4097))))
    with pytest.raises(OverflowError, match=r"vchan\.size: 4097 does not fit in 0\.\.4096"):
        once(_channel.receiving(two.server, 4097))


def test_the_errors_pickle_with_what_was_done(two: Two) -> None:
    steps = _channel.writing(two.server, memoryview(bytes(5000)))
    assert once(steps) == "waits"
    with pytest.raises(VchanTimeoutError) as late:
        steps.throw(VchanTimeoutError(errno.ETIMEDOUT, call="vchan"))
    steps = _channel.writing(two.client, memoryview(bytes(5000)))
    assert once(steps) == "waits"
    two.server.leave()
    with pytest.raises(VchanClosedError) as closed:
        once(steps)
    for error in (late.value, closed.value):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.done, again.errno) == (type(error), 4096, error.errno)
    assert isinstance(late.value, TimeoutError)
    assert isinstance(closed.value, ConnectionError)
