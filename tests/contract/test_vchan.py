"""vchan within dom0: both ends here, over real grants and ports of domain 0's own."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import select
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import xensys
from tests.contract.worlds import PATIENCE, World
from xensys.store.permissions import Permission
from xensys.store.xenbus import PeerError
from xensys.vchan import RingError, Vchan, VchanClosedError, VchanTimeoutError, _blocking, aio

OURSELVES = 0
#: Offsets in the shared page (io/libxenvchan.h).
LEFT_CONS, LEFT_PROD, RIGHT_CONS, RIGHT_PROD = 0, 4, 8, 12
LEFT_ORDER, RIGHT_ORDER, CLI_LIVE, SRV_LIVE, GRANTS = 16, 18, 20, 21, 24
#: A timeout that is meant to pass.
SHORT = 0.3


@pytest.fixture
def xen(world: World) -> xensys.Xen:
    # Both ends are here, in two threads: no time may pass at once in the simulated world.
    world.store("socket")
    return world.xen


@contextmanager
def pair(xen: xensys.Xen, place: str, **how: Any) -> Iterator[tuple[Vchan, Vchan]]:
    """(server, client), connected."""
    with (
        Vchan.listen(xen, OURSELVES, place, **how) as server,
        Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client,
    ):
        server.accept(timeout=PATIENCE)
        yield server, client


def die(end: Vchan) -> None:
    """What the kernel does for an end whose process is killed; it says nothing itself."""
    own = end._own
    own.channel = None
    for mapping in (*own.rings, own.page):
        assert mapping is not None
        mapping.close(revoke=True)
    own.events.close()


def poke(end: Vchan, offset: int, value: int, width: str = "<I") -> None:
    """Write to the shared page, as an end may do that means no good."""
    assert end._own.page is not None
    raw = struct.pack(width, value)
    end._own.page[offset : offset + len(raw)] = raw


SIZES = [
    pytest.param(1024, 2048, 1024, 2048, id="both-in-the-page"),
    pytest.param(2048, 1024, 2048, 1024, id="both-in-the-page-large-first"),
    pytest.param(2048, 2048, 2048, 4096, id="one-in-the-page"),
    pytest.param(8192, 1, 8192, 2048, id="the-other-one-in-the-page"),
    pytest.param(4097, 4096, 8192, 4096, id="pages"),
    pytest.param(262144, 65536, 262144, 65536, id="many-pages"),
]


@pytest.mark.parametrize(("read_size", "write_size", "left", "right"), SIZES)
def test_bytes_go_both_ways(
    xen: xensys.Xen, place: str, read_size: int, write_size: int, left: int, right: int
) -> None:
    with pair(xen, place, read_size=read_size, write_size=write_size) as (server, client):
        assert (server.read_size, server.write_size) == (left, right)
        assert (client.read_size, client.write_size) == (right, left)
        for sender, receiver in ((server, client), (client, server)):
            for length in (1, sender.write_size - 1, sender.write_size):
                data = os.urandom(length)
                assert sender.send(data, timeout=PATIENCE) == length
                assert sender.buffer_space() == sender.write_size - length
                assert receiver.data_ready() == length
                assert receiver.recv(length, timeout=PATIENCE) == data
                assert receiver.data_ready() == 0
                assert sender.buffer_space() == sender.write_size


@pytest.mark.parametrize(("read_size", "write_size"), [(1024, 2048), (4096, 65536)])
def test_many_times_the_ring_both_ways_at_once(
    xen: xensys.Xen, place: str, read_size: int, write_size: int
) -> None:
    total = 40 * max(read_size, write_size)
    digests: dict[str, str] = {}

    def write(end: Vchan, name: str) -> None:
        digest, left = hashlib.sha256(), total
        while left:
            data = os.urandom(min(left, 1 + left % 9973))
            assert end.write(data, timeout=PATIENCE) == len(data)
            digest.update(data)
            left -= len(data)
        digests[f"{name} wrote"] = digest.hexdigest()

    def read(end: Vchan, name: str) -> None:
        digest, left = hashlib.sha256(), total
        while left:
            data = end.read(min(left, 7001), timeout=PATIENCE)
            assert data
            digest.update(data)
            left -= len(data)
        digests[f"{name} read"] = digest.hexdigest()

    with pair(xen, place, read_size=read_size, write_size=write_size) as (server, client):
        threads = [
            threading.Thread(target=work, args=(end, name))
            for work in (write, read)
            for end, name in ((server, "server"), (client, "client"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert set(digests) == {"server wrote", "server read", "client wrote", "client read"}
    assert digests["server wrote"] == digests["client read"]
    assert digests["client wrote"] == digests["server read"]


def test_packets_are_all_or_nothing(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place, read_size=1024, write_size=2048) as (server, client):
        client.send(b"0" * 1000)
        assert not client.try_send(b"1" * 100)
        assert client.try_send(b"1" * 24)
        assert not client.try_send(b"2")
        with pytest.raises(VchanTimeoutError) as late:
            client.send(b"2" * 100, timeout=SHORT)
        assert late.value.done == 0
        assert server.try_recv(1024) == b"0" * 1000 + b"1" * 24
        assert server.try_recv(1) is None
        client.send(b"abc")
        assert server.try_recv(4) is None
        with pytest.raises(VchanTimeoutError):
            server.recv(4, timeout=SHORT)
        assert server.recv(3) == b"abc"
        for call in (lambda: client.send(bytes(1025)), lambda: server.recv(1025)):
            with pytest.raises(OverflowError, match="vchan"):
                call()


def test_a_partial_write_says_how_much(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place, read_size=1024, write_size=2048) as (server, client):
        with pytest.raises(VchanTimeoutError) as late:
            client.write(b"x" * 5000, timeout=SHORT)
        assert late.value.done == 1024
        assert late.value.errno == errno.ETIMEDOUT
        assert client.try_write(b"y") == 0
        assert server.read(100) == b"x" * 100
        assert client.try_write(b"y" * 200) == 100
        into = bytearray(2000)
        assert server.readinto(into) == 1024
        assert into[:1024] == b"x" * 924 + b"y" * 100
        assert server.try_readinto(into) is None
        assert server.try_read(1) is None


def test_nothing_comes_in_time(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place) as (server, client):
        for end in (server, client):
            before = time.monotonic()
            with pytest.raises(VchanTimeoutError):
                end.read(1, timeout=SHORT)
            assert SHORT - 0.05 <= time.monotonic() - before < PATIENCE
            with pytest.raises(VchanTimeoutError):
                end.recv(1, timeout=0)


def test_the_end_comes_after_what_was_written(xen: xensys.Xen, place: str) -> None:
    for leaver in (0, 1):
        with pair(xen, place) as ends:
            left, other = ends[leaver], ends[1 - leaver]
            assert other.is_open
            assert other.connected
            left.write(b"last words")
            left.close()
            assert left.closed
            assert not other.is_open
            assert not other.connected
            assert other.read(4, timeout=PATIENCE) == b"last"
            with pytest.raises(VchanClosedError) as short:
                other.recv(7, timeout=PATIENCE)
            assert short.value.errno == errno.ECONNRESET
            assert other.recv(6) == b" words"
            assert other.read(1, timeout=PATIENCE) == b""
            assert other.readinto(bytearray(1)) == 0
            assert list(other) == []
            for write in (other.write, other.send):
                with pytest.raises(VchanClosedError) as closed:
                    write(b"x")
                assert closed.value.errno == errno.EPIPE


def test_who_waits_learns_of_the_end(xen: xensys.Xen, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # By the kernel's word, and not by looking whether the other port is still there.
    monkeypatch.setattr(_blocking, "ALIVE", 10 * PATIENCE)
    for leaver in (0, 1):
        for bye in (Vchan.close, die):
            with pair(xen, place, read_size=1024, write_size=1024) as ends:
                left, other = ends[leaver], ends[1 - leaver]
                got: list[object] = []

                def read(end: Vchan = other, got: list[object] = got) -> None:
                    got.append(end.read(1, timeout=PATIENCE))

                def write(end: Vchan = other, got: list[object] = got) -> None:
                    try:
                        end.write(bytes(10_000), timeout=PATIENCE)
                    except VchanClosedError as error:
                        got.append(error.done)

                threads = [threading.Thread(target=work) for work in (read, write)]
                for thread in threads:
                    thread.start()
                time.sleep(SHORT)
                assert got == []
                room = other.write_size
                bye(left)
                for thread in threads:
                    thread.join(PATIENCE)
                assert sorted(got, key=str) == [room, b""]


def test_a_server_that_persists_has_one_client_after_the_other(xen: xensys.Xen, place: str) -> None:
    with Vchan.listen(xen, OURSELVES, place, persist=True) as server:
        for number in range(3):
            for bye in (Vchan.close, die):
                assert not server.connected
                with Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client:
                    server.accept(timeout=PATIENCE)
                    client.write(b"from %d" % number)
                    assert server.recv(6, timeout=PATIENCE) == b"from %d" % number
                    server.write(b"to %d" % number)
                    assert client.recv(4, timeout=PATIENCE) == b"to %d" % number
                    bye(client)
                assert server.is_open
                with pytest.raises(VchanTimeoutError):
                    server.read(1, timeout=SHORT)
        with pytest.raises(VchanTimeoutError):
            server.accept(timeout=SHORT)


def test_what_is_written_before_a_client_comes_waits_for_it(xen: xensys.Xen, place: str) -> None:
    with Vchan.listen(xen, OURSELVES, place) as server:
        assert server.is_open
        assert not server.connected
        with pytest.raises(VchanTimeoutError):
            server.accept(timeout=SHORT)
        server.write(b"welcome")
        with Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client:
            assert client.read(100, timeout=PATIENCE) == b"welcome"


def test_a_client_waits_for_its_server(xen: xensys.Xen, place: str) -> None:
    with pytest.raises(xensys.StoreTimeoutError):
        Vchan.connect(xen, OURSELVES, place, timeout=SHORT)
    servers: list[Vchan] = []

    def listen() -> None:
        time.sleep(SHORT)
        servers.append(Vchan.listen(xen, OURSELVES, place))

    thread = threading.Thread(target=listen)
    thread.start()
    with Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client:
        thread.join()
        servers[0].write(b"x")
        assert client.read(1, timeout=PATIENCE) == b"x"
    servers[0].close()


def test_the_nodes(xen: xensys.Xen, place: str, world: World) -> None:
    store = xen.store
    with Vchan.listen(xen, world.running.domid, place) as server:
        assert sorted(store.directory(place)) == ["event-channel", "ring-ref"]
        for name in ("event-channel", "ring-ref"):
            assert int(store.read(f"{place}/{name}")) > 0
            assert store.get_permissions(f"{place}/{name}") == (
                Permission(0),
                Permission(world.running.domid, read=True),
            )
        assert int(store.read(f"{place}/event-channel")) == server.port
    assert not store.exists(place)
    store.mkdir(place)
    Vchan.listen(xen, OURSELVES, place).close()
    assert store.directory(place) == ()
    store.write(f"{place}/mine", b"")
    Vchan.listen(xen, OURSELVES, place).close()
    assert store.directory(place) == ("mine",)
    # A second server has put its own there: the first one leaves those alone.
    first = Vchan.listen(xen, OURSELVES, place)
    with Vchan.listen(xen, OURSELVES, place) as second:
        first.close()
        assert int(store.read(f"{place}/event-channel")) == second.port
    assert store.directory(place) == ("mine",)


@pytest.mark.parametrize("name", ["ring-ref", "event-channel"])
@pytest.mark.parametrize("value", [b"", b"0", b"-1", b"4294967296", b"x", b"1 ", b"1" * 60])
def test_nodes_that_make_no_sense(xen: xensys.Xen, place: str, name: str, value: bytes) -> None:
    with Vchan.listen(xen, OURSELVES, place):
        xen.store.write(f"{place}/{name}", value)
        with pytest.raises(PeerError):
            Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)


@pytest.mark.parametrize("name", ["ring-ref", "event-channel"])
@pytest.mark.parametrize("value", [1_000_000, 0xFFFF_FFFF])
def test_nodes_that_lead_nowhere(xen: xensys.Xen, place: str, name: str, value: int) -> None:
    with Vchan.listen(xen, OURSELVES, place):
        xen.store.write(f"{place}/{name}", str(value))
        with pytest.raises(xensys.XenError) as error:
            Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
        assert error.value.errno == errno.EINVAL


@pytest.mark.parametrize(
    ("left", "right"),
    [(0, 12), (12, 0), (9, 12), (12, 21), (10, 10), (11, 11), (0xFFFF, 12), (12, 0x8000), (10, 20)],
)
def test_orders_that_make_no_sense(xen: xensys.Xen, place: str, left: int, right: int) -> None:
    with Vchan.listen(xen, OURSELVES, place) as server:
        poke(server, LEFT_ORDER, left, "<H")
        poke(server, RIGHT_ORDER, right, "<H")
        with pytest.raises(RingError) as error:
            Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
        assert error.value.errno == errno.EPROTO


def test_grants_that_lead_nowhere(xen: xensys.Xen, place: str) -> None:
    for place_of_ref in (GRANTS, GRANTS + 4):
        with Vchan.listen(xen, OURSELVES, place, read_size=4096, write_size=4096) as server:
            poke(server, place_of_ref, 0xFFFF_FFF0)
            with pytest.raises(xensys.XenError) as error:
                Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
            assert error.value.errno == errno.EINVAL


@pytest.mark.parametrize("index", [4097, 0x8000_0000, 0xFFFF_FFFF])
def test_indexes_that_make_no_sense(xen: xensys.Xen, place: str, index: int) -> None:
    with pair(xen, place) as (server, client):
        poke(client, LEFT_PROD, index)
        for read in (
            lambda: server.read(1, timeout=PATIENCE),
            lambda: server.try_read(1),
            server.data_ready,
        ):
            with pytest.raises(RingError):
                read()
        poke(client, RIGHT_CONS, index)
        for write in (lambda: server.write(b"x", timeout=PATIENCE), server.buffer_space):
            with pytest.raises(RingError):
                write()
        poke(server, LEFT_CONS, index)
        with pytest.raises(RingError):
            client.send(b"x", timeout=PATIENCE)
        poke(server, RIGHT_PROD, index)
        with pytest.raises(RingError):
            client.recv(1, timeout=PATIENCE)


def test_orders_and_grants_that_change_later_are_nothing_to_us(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place) as (server, client):
        for end in (server, client):
            poke(end, LEFT_ORDER, 0xFFFF, "<H")
            poke(end, RIGHT_ORDER, 3, "<H")
            poke(end, GRANTS, 0xFFFF_FFFF)
        client.send(b"q" * 4096)
        assert server.recv(4096) == b"q" * 4096


def test_a_peer_that_never_notifies_costs_a_timeout_and_nothing_else(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place) as (server, client):
        assert client._own.channel is not None
        client._own.channel._notify_them = lambda: None
        timer = threading.Timer(SHORT, client.write, (b"unheard",))
        timer.start()
        # It looks once more before it gives up.
        assert server.read(10, timeout=3 * SHORT) == b"unheard"
        timer.join()


def test_a_peer_that_notifies_all_the_time_does_not_hold_us(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place) as (server, client):
        stop = threading.Event()
        assert client._own.port is not None
        notify = client._own.port.notify

        def storm() -> None:
            while not stop.is_set():
                notify()

        thread = threading.Thread(target=storm)
        thread.start()
        try:
            before = time.monotonic()
            with pytest.raises(VchanTimeoutError):
                server.read(1, timeout=2 * SHORT)
            assert time.monotonic() - before < PATIENCE
        finally:
            stop.set()
            thread.join()


def test_a_selector_tells_what_was_asked_for(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place) as (server, client):
        assert server.try_read(100) is None
        while server.wait(0):
            pass
        assert not select.select([server], [], [], 0)[0]
        client.write(b"ping")
        assert select.select([server], [], [], PATIENCE)[0]
        assert server.wait(0)
        assert server.try_read(100) == b"ping"
        assert server.try_read(100) is None
        assert not server.wait(SHORT)
        client.close()
        assert select.select([server], [], [], PATIENCE)[0]
        assert server.wait(0)
        assert server.try_read(100) == b""


def test_closing_ends_the_waits_of_other_threads(xen: xensys.Xen, place: str) -> None:
    with pair(xen, place, read_size=1024, write_size=1024) as (server, client):
        # So that no index is what it is in an empty page.
        client.write(b"x" * 10)
        server.read(10)
        server.write(b"x" * 10)
        client.read(10)
        # And for whoever writes there is no room, whichever comes first.
        server.write(bytes(1024))
        ends: list[str] = []

        def run(work: Any) -> None:
            try:
                work()
            except ValueError:
                ends.append("closed")

        def wait_on() -> None:
            # What was there before is an event, too.
            while True:
                server.wait()

        works = [
            lambda: server.read(1),
            lambda: server.recv(2),
            lambda: server.write(bytes(5000)),
            lambda: server.send(bytes(10)),
            wait_on,
        ]
        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        time.sleep(SHORT)
        server.close()
        for thread in threads:
            thread.join(PATIENCE)
        assert ends == ["closed"] * len(works)


# --- asyncio ---


def test_asyncio_both_ways_at_once(xen: xensys.Xen, place: str) -> None:
    total = 300_000

    async def write(end: aio.Vchan) -> str:
        digest, left = hashlib.sha256(), total
        while left:
            data = os.urandom(min(left, 1 + left % 9973))
            assert await end.write(data, timeout=PATIENCE) == len(data)
            digest.update(data)
            left -= len(data)
        return digest.hexdigest()

    async def read(end: aio.Vchan) -> str:
        digest, left = hashlib.sha256(), total
        while left:
            data = await end.read(min(left, 7001), timeout=PATIENCE)
            digest.update(data)
            left -= len(data)
        return digest.hexdigest()

    async def main() -> list[str]:
        async with (
            await aio.Vchan.listen(xen, OURSELVES, place, read_size=8192) as server,
            await aio.Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client,
        ):
            await server.accept(timeout=PATIENCE)
            return await asyncio.gather(write(server), read(client), write(client), read(server))

    one, two, three, four = asyncio.run(main())
    assert one == two
    assert three == four
    assert not xen.store.exists(place)


def test_asyncio_the_end(xen: xensys.Xen, place: str) -> None:
    async def main() -> None:
        async with await aio.Vchan.listen(xen, OURSELVES, place) as server:
            client = await aio.Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
            with pytest.raises(VchanTimeoutError):
                await server.read(1, timeout=SHORT)
            with pytest.raises(VchanTimeoutError) as late:
                await server.write(bytes(10_000), timeout=SHORT)
            assert late.value.done == 4096
            pieces: list[bytes] = []

            async def take() -> None:
                async for piece in server:
                    pieces.append(piece)

            task = asyncio.create_task(take())
            await asyncio.sleep(SHORT)
            await client.send(b"one")
            await asyncio.sleep(SHORT)
            await client.send(b"two")
            await client.close()
            await asyncio.wait_for(task, PATIENCE)
            assert b"".join(pieces) == b"onetwo"
            with pytest.raises(VchanClosedError):
                await server.send(b"x")

    asyncio.run(main())
