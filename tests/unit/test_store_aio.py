"""The asynchronous client: the same names, requests, deadlines."""

from __future__ import annotations

import ast
import asyncio
import errno
import inspect
import os
import selectors
import socket

import pytest
from aiopeer import END, PACKAGE, READ, UNWATCH, Narrow, Pair, Peer, cancelled, drain, fill, looped, start

from xensys.errors import (
    StoreConnectionError,
    StoreError,
    StoreTimeoutError,
    XenError,
)
from xensys.kernel.linux import LinuxKernel
from xensys.store import aio
from xensys.store import client as sync
from xensys.store import watches as sync_watches
from xensys.store.transports import DEVICE_TIMEOUT

# The two faces

#: What only one of the two has, and why.
REVIEWED = {
    ("Store", "fileno"): "the loop waits for the descriptor",
    ("Store", "dispatch"): "the loop reads",
    ("Store", "restrict"): "a Xen object gives its own connection up, and that is no asynchronous one",
}
PAIRS = [(sync.Store, aio.Store), (sync.Transaction, aio.Transaction), (sync_watches.Watch, aio.Watch)]
#: What is not awaited itself: it gives something to be awaited, entered or iterated.
NOT_COROUTINES = {"open", "adopt", "transaction", "attempts", "watch", "walk", "deadline"}


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


class TestTwins:
    @pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind.__name__)
    def test_have_the_same_names(self, one, two):
        differences = {(one.__name__, name) for name in public(one) ^ public(two)}
        assert differences == {pair for pair in REVIEWED if pair[0] == one.__name__}

    @pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind.__name__)
    def test_have_the_same_parameters(self, one, two):
        compared = 0
        for name in public(one) & public(two):
            ours, theirs = inspect.getattr_static(one, name), inspect.getattr_static(two, name)
            assert isinstance(ours, property) == isinstance(theirs, property), name
            if isinstance(ours, property):
                assert (ours.fset is None) == (theirs.fset is None), name
            elif callable(getattr(one, name)):
                parameters = [
                    [
                        (p.name, p.kind, p.default)
                        for p in inspect.signature(getattr(kind, name)).parameters.values()
                    ]
                    for kind in (one, two)
                ]
                assert parameters[0] == parameters[1], name
                compared += 1
        assert compared > 1

    def test_of_open_too(self):
        parameters = [
            [(p.name, p.kind, p.default) for p in inspect.signature(module.open).parameters.values()]
            for module in (sync, aio)
        ]
        assert parameters[0] == parameters[1]

    @pytest.mark.parametrize("kind", [two for _, two in PAIRS], ids=lambda kind: kind.__name__)
    def test_everything_else_is_awaited(self, kind):
        for name in public(kind):
            value = getattr(kind, name)
            if callable(value):
                assert inspect.iscoroutinefunction(value) == (name not in NOT_COROUTINES), name

    def test_a_planted_difference_is_found(self):
        class Planted(aio.Store):
            __slots__ = ()

            async def read(self, path, extra=None):
                pass

        with pytest.raises(AssertionError, match="read"):
            self.test_have_the_same_parameters(sync.Store, Planted)

    def test_only_these_modules_import_asyncio(self):
        found = set()
        for path in (PACKAGE / "store").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                if any(name.split(".")[0] == "asyncio" for name in names):
                    found.add(path.name)
        assert found
        assert all(name.startswith("aio") for name in found)


class TestOpenings:
    @looped
    async def test_are_awaited_or_entered(self, machine):
        store = await aio.open(kernel=machine.dom0)
        async with aio.Store.open(kernel=machine.dom0) as other:
            await other.write("/t", "1")
            watch = await store.watch("/t")
            assert (await watch.get()).path == "/t"
            await watch.close()
            transaction = await store.transaction()
            await transaction.abort()
        assert other.closed
        assert await store.read("/t") == b"1"
        await store.close()

    @looped
    async def test_never_awaited_is_a_warning(self, machine):
        async with aio.open(kernel=machine.dom0) as store:
            for what in (store.watch, lambda _: store.transaction(), lambda _: aio.open()):
                with pytest.warns(RuntimeWarning, match="never awaited"):
                    what("/t")

    @looped
    async def test_are_good_for_one_time(self, machine):
        async with aio.open(kernel=machine.dom0) as store:
            opening = store.transaction()
            async with opening:
                pass
            with pytest.raises(RuntimeError, match="already"):
                await opening

    def test_open_nothing_before(self, machine):
        opening = aio.open(kernel=machine.dom0)
        assert repr(opening) == "<Opening open()>"

        async def main():
            async with opening as store:
                return await store.directory("/")

        assert asyncio.run(main())

    @looped
    async def test_what_is_wrong_is_told_at_once(self, machine):
        with pytest.raises(ValueError, match="-1"):
            aio.Store.adopt(-1)
        async with aio.open(kernel=machine.dom0) as store:
            with pytest.raises(StoreError):
                store.watch("/bad//path")
            with pytest.raises(OverflowError):
                store.attempts(0)

    @looped
    async def test_a_guest_has_its_device_with_a_deadline(self, machine):
        async with aio.open(kernel=machine.domains[1].kernel()) as guest:
            assert guest.path == "/dev/xen/xenbus"
            assert guest.timeout == DEVICE_TIMEOUT
            await guest.write("data/x", "1")
            async with guest.watch("data") as watch:
                assert await watch.get(5) == ("data", "data")
                await guest.write("data/x", "2")
                assert await watch.get(5) == ("data/x", "data")
        async with aio.open(kernel=machine.dom0) as store:
            assert store.timeout is None


class TestRequests:
    @looped
    async def test_of_many_tasks_are_under_way_at_a_time(self):
        async with (pair := Pair()) as (store, peer):
            tasks = [start(store.read(f"/{n}")) for n in range(20)]
            requests = [await peer.message() for _ in tasks]
            for kind, req_id, _, path in requests[::-1]:
                peer.send(kind, req_id, path)
            assert await asyncio.gather(*tasks) == [b"/%d\0" % n for n in range(20)]
            assert pair.store.connected

    @looped
    async def test_events_are_read_though_nobody_asks(self):
        async with (pair := Pair()) as (_, peer):
            watch, token = await pair.watch()
            peer.event(b"/w/x", token)
            while not watch.pending:
                await asyncio.sleep(0.001)
            assert (await watch.get(0)).path == "/w/x"
            closing = start(watch.close())
            assert (await peer.answer())[0] == UNWATCH
            await closing

    @pytest.mark.parametrize("device", [False, True])
    @looped
    async def test_whatever_pieces_they_travel_in(self, device):
        class Trickle(LinuxKernel):
            """One byte at a time; each second call finds nothing or is interrupted."""

            count = 0

            def _now_and_then(self):
                self.count += 1
                if self.count % 3:
                    number = errno.EAGAIN if self.count % 3 == 1 else errno.EINTR
                    raise OSError(number, os.strerror(number))

            def read(self, fd, length):
                self._now_and_then()
                return super().read(fd, 1)

            def write(self, fd, data):
                self._now_and_then()
                return super().write(fd, bytes(data[:1]))

        async with Pair(kernel=Trickle(), device=device) as (store, peer):
            tasks = [start(store.write(f"/{n}", b"v" * n)) for n in range(5)]
            for n in range(5):
                assert (await peer.answer())[3] == b"/%d\0" % n + b"v" * n
            await asyncio.gather(*tasks)

    @looped
    async def test_without_room_are_sent_when_there_is(self):
        async with Pair(room=4096) as (store, peer):
            tasks = await fill(store)
            tasks += [start(store.write(f"/more/{n}", b"y" * 3000)) for n in range(10)]
            seen = await drain(peer, tasks)
            assert [request[1] for request in seen] == list(range(1, len(tasks) + 1))
            fd = store._connection._registered
            assert asyncio.get_running_loop()._selector.get_map()[fd].events == selectors.EVENT_READ

    @looped
    async def test_refused_by_the_device_end_alone(self):
        class Refusing(LinuxKernel):
            def write(self, fd, data):
                if b"/refused" in bytes(data):
                    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
                return super().write(fd, data)

        async with Pair(kernel=Refusing(), device=True) as (store, peer):
            with pytest.raises(StoreError, match="driver refused") as caught:
                await store.read("/refused")
            assert caught.value.errno == errno.EINVAL
            reading = start(store.read("/a"))
            await peer.answer(b"v")
            assert await reading == b"v"
        async with Pair(kernel=Refusing()) as (store, peer):
            with pytest.raises(StoreConnectionError, match="writing"):
                await store.read("/refused")
            assert not store.connected

    @looped
    async def test_through_the_device_go_one_at_a_time(self):
        """Its one buffer is used after the write: a second request would go under the first's header."""
        async with Pair(device=True) as (store, peer):
            tasks = [start(store.read(f"/{n}")) for n in range(8)]
            for n in range(8):
                kind, req_id, _, path = await peer.message()
                assert path == b"/%d\0" % n
                assert await peer.silent()
                peer.send(kind, req_id, b"%d" % n)
            assert await asyncio.gather(*tasks) == [b"%d" % n for n in range(8)]
            fd = store._connection._registered
            assert asyncio.get_running_loop()._selector.get_map()[fd].events == selectors.EVENT_READ

    @looped
    async def test_through_the_device_wait_for_one_that_was_cancelled(self):
        async with Pair(device=True) as (store, peer):
            gone = start(store.transaction())
            first = await peer.message()
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            reading = start(store.read("/a"))
            assert await peer.silent()
            peer.send(first[0], first[1], b"7\0")
            # What is asked and what is to be undone, one after the other's reply.
            seen = {}
            for _ in range(2):
                kind, req_id, tx, body = await peer.message()
                assert await peer.silent()
                seen[kind] = tx, body
                peer.send(kind, req_id, b"v")
            assert seen == {READ: (0, b"/a\0"), END: (7, b"F\0")}
            assert await reading == b"v"

    @pytest.mark.parametrize("where", ["read", "write"])
    @looped
    async def test_interrupted_in_the_middle_finish_the_connection(self, where):
        class Interrupted(LinuxKernel):
            """A signal handler raises."""

        def interrupt(*_):
            raise ZeroDivisionError

        kernel = Interrupted()
        async with Pair(kernel=kernel) as (store, _):
            setattr(kernel, where, interrupt)

            async def use():
                if where == "write":
                    await store.read("/a")
                store._connection._readable()

            with pytest.raises(ZeroDivisionError):
                await use()
            assert not store.connected
            with pytest.raises(StoreConnectionError, match="interrupted"):
                await store.read("/b")


class TestDeadlines:
    @looped
    async def test_end_the_call_that_had_it(self):
        async with Pair() as (store, peer):
            waiting = start(store.read("/slow"))
            slow = await peer.message()
            store.timeout = 0.02
            with pytest.raises(StoreTimeoutError, match="may have been carried out") as caught:
                await store.read("/a")
            assert isinstance(caught.value, TimeoutError)
            assert caught.value.path == "/a"
            peer.send(READ, slow[1], b"v")
            assert await waiting == b"v"
            assert store.connected

    @looped
    async def test_leave_no_timer(self):
        def timers():
            return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]

        async with Pair(timeout=1000) as (store, peer):
            before = len(timers())
            reading = start(store.read("/a"))
            await peer.message()
            assert len(timers()) == before + 1
            await cancelled(reading)
            assert len(timers()) == before

    @looped
    async def test_of_what_is_not_sent(self):
        async with Pair(room=4096) as (store, peer):
            store.timeout = None
            tasks = await fill(store)
            store.timeout = 0.02
            with pytest.raises(StoreTimeoutError, match="this was not sent"):
                await store.write("/late", b"x")
            store.timeout = None
            seen = await drain(peer, tasks)
            assert not any(request[3].startswith(b"/late") for request in seen)
            assert await peer.silent()

    @looped
    async def test_of_what_is_half_sent(self):
        kernel = Narrow()
        async with Pair(kernel=kernel) as (store, peer):
            kernel.room = 10
            store.timeout = 0.02
            with pytest.raises(StoreTimeoutError, match="half of it"):
                await store.write("/half", b"x")
            kernel.room = 1000
            assert (await peer.answer())[3] == b"/half\0x"
            store.timeout = None
            reading = start(store.read("/a"))
            await peer.answer(b"v")
            assert await reading == b"v"

    @pytest.mark.parametrize("timeout", [0, -1, 1e-9])
    @looped
    async def test_over_at_once_still_look(self, timeout):
        async with (pair := Pair()) as (_, peer):
            watch, token = await pair.watch()
            with pytest.raises(StoreTimeoutError):
                await watch.get(timeout)
            peer.event(b"/w", token)
            assert (await watch.get(timeout)).path == "/w"
            peer.event(b"/w/2", token)
            peer.close()
            assert (await watch.get(timeout)).path == "/w/2"
            with pytest.raises(StoreConnectionError):
                await watch.get(timeout)
            watch._queue.closed = True

    @looped
    async def test_of_the_device_when_the_daemon_says_nothing(self, machine):
        async with aio.open(kernel=machine.domains[1].kernel(), timeout=0.02) as guest:
            machine.store.hold()
            with pytest.raises(StoreTimeoutError):
                await guest.read("name")
            machine.store.let_go()
            assert await guest.read("name") == b"demo"


class TestAdopting:
    @looped
    async def test_keeps_the_flags(self):
        ours, theirs = socket.socketpair()
        peer = Peer(theirs)
        with ours, theirs:
            async with aio.Store.adopt(ours.fileno(), close=False) as store:
                assert store.path == f"descriptor {ours.fileno()}"
                reading = start(store.read("/a"))
                await peer.answer(b"v")
                assert await reading == b"v"
                assert os.get_blocking(ours.fileno())
                # Blocking, and without room: a write must not be tried.
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                tasks = await fill(store)
                await drain(peer, tasks)
            os.fstat(ours.fileno())

    @looped
    async def test_what_cannot_be_waited_for_is_refused(self, tmp_path):
        with open(tmp_path / "file", "wb") as file:
            with pytest.raises(XenError, match="waited for") as caught:
                await aio.Store.adopt(file.fileno(), device=True, close=False)
            assert caught.value.errno == errno.EPERM
