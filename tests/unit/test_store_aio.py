"""The asyncio client: cancellation, deadlines, deaths, loops, forks. Its verbs: test_store_aio_shared."""

from __future__ import annotations

import ast
import asyncio
import copy
import errno
import functools
import gc
import inspect
import os
import pickle
import random
import selectors
import socket
import struct
import threading
from pathlib import Path

import pytest

from xensys.errors import (
    ForkedError,
    StoreConnectionError,
    StoreError,
    StorePermissionError,
    StoreTimeoutError,
    XenError,
)
from xensys.kernel.linux import LinuxKernel
from xensys.store import aio, plans
from xensys.store import client as sync
from xensys.store import watches as sync_watches
from xensys.store.aio_connection import Connection
from xensys.store.transports import DEVICE_TIMEOUT, DeviceTransport, SocketTransport

PACKAGE = Path(__file__).resolve().parents[2] / "xensys"

READ, WATCH, UNWATCH, START, END, WRITE, EVENT, ERROR = 2, 4, 5, 6, 7, 11, 15, 16
HEADER = struct.Struct("<4I")

#: Seconds after which a test is taken for hung.
GUARD = 60


def looped(test):
    """Run a test in a loop of its own, in debug mode; nothing may be left to the loop's handler."""

    @functools.wraps(test)
    def run(*args, **options):
        problems = []

        async def guarded():
            loop = asyncio.get_running_loop()
            loop.slow_callback_duration = GUARD
            loop.set_exception_handler(lambda _, context: problems.append(context))
            async with asyncio.timeout(GUARD):
                await test(*args, **options)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left
            # What finalizers have asked of the loop.
            await asyncio.sleep(0)

        asyncio.run(guarded(), debug=True)
        gc.collect()
        assert problems == []

    return run


class Peer:
    """Reads requests, and answers what it is told to."""

    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)

    async def message(self):
        """The next request: type, id, transaction, payload."""
        kind, req_id, tx, length = HEADER.unpack(await self._exactly(HEADER.size))
        return kind, req_id, tx, await self._exactly(length)

    async def _exactly(self, length):
        loop, data = asyncio.get_running_loop(), b""
        while len(data) < length:
            more = await loop.sock_recv(self.sock, length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    async def silent(self):
        """Whether nothing has come, after all that was to be done now has been."""
        for _ in range(5):
            await asyncio.sleep(0)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False

    def send(self, kind, req_id, payload, tx=0):
        message = HEADER.pack(kind, req_id, tx, len(payload)) + payload
        assert self.sock.send(message) == len(message)

    async def answer(self, payload=b"OK\0"):
        """Take a request and grant it."""
        request = await self.message()
        self.send(request[0], request[1], payload)
        return request

    def event(self, path, token):
        self.send(EVENT, 0, b"%b\0%b\0" % (path, token))

    def close(self):
        self.sock.close()


class Pair:
    """A store and its peer."""

    def __init__(self, *, kernel=None, device=False, timeout=None, room=None):
        ours, theirs = socket.socketpair()
        if room is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        kind = DeviceTransport if device else SocketTransport
        transport = kind(kernel or LinuxKernel(), ours.detach(), "a socket pair")
        self.store = aio.Store(Connection(transport, None, timeout))
        self.peer = Peer(theirs)

    async def __aenter__(self):
        return self.store, self.peer

    async def __aexit__(self, *_):
        await self.store.close()
        self.peer.close()
        session = self.store._connection._session
        assert session._calls == {}

    async def watch(self, path="/w", **options):
        """A watch that the peer has granted, and its token."""
        asked = asyncio.create_task(self._watch(path, options))
        request = await self.peer.answer()
        assert request[0] == WATCH
        return await asked, request[3].split(b"\0")[1]

    async def _watch(self, path, options):
        return await self.store.watch(path, **options)


def start(awaitable):
    """A task; what is awaited may be an `Opening`."""

    async def wait():
        return await awaitable

    return asyncio.create_task(awaitable if inspect.iscoroutine(awaitable) else wait())


async def cancelled(task):
    """Cancel a task that waits, and see it end at once, whatever the peer does."""
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()


class Narrow(LinuxKernel):
    """Takes as many bytes as there is room for. Linux's own sockets take a message whole or not at all."""

    room = 1 << 40

    def write(self, fd, data):
        if not self.room:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        done = super().write(fd, data[: self.room])
        self.room -= done
        return done


async def fill(store):
    """Write until there is room no more; the tasks, whose last one is not sent at all."""
    tasks = []
    while not store._connection._outbox:
        tasks.append(start(store.write(f"/full/{len(tasks)}", b"x" * 3000)))
        await asyncio.sleep(0)
    assert len(tasks) < 1000
    return tasks


async def drain(peer, tasks):
    """Answer all of those."""
    seen = []
    for _ in tasks:
        seen.append(await peer.answer())
    await asyncio.gather(*tasks)
    return seen


# The two faces

#: What only one of the two has, and why.
REVIEWED = {
    ("Store", "fileno"): "the loop waits for the descriptor",
    ("Store", "dispatch"): "the loop reads",
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


class TestCancellation:
    @looped
    async def test_drops_the_reply_when_it_comes(self):
        async with Pair() as (store, peer):
            task = start(store.read("/a"))
            late = await peer.message()
            await cancelled(task)
            reading = start(store.read("/b"))
            request = await peer.message()
            peer.send(READ, late[1], b"late")
            peer.send(READ, request[1], b"right")
            assert await reading == b"right"
            assert store._connection._session.late == 1

    @looped
    async def test_together_with_the_reply(self):
        async with Pair() as (store, peer):
            task = start(store.read("/a"))
            await peer.answer(b"v")
            store._connection._readable()
            await cancelled(task)
            task = start(store.transaction())
            await peer.answer(b"7\0")
            store._connection._readable()
            await cancelled(task)
            assert (await peer.answer())[::2] == (END, 7)

    @looped
    async def test_takes_back_what_was_not_begun_and_finishes_what_was(self):
        kernel = Narrow()
        async with Pair(kernel=kernel) as (store, peer):
            kernel.room = 20
            tasks = [start(store.write(f"/{n}", b"x" * n)) for n in range(4)]
            await asyncio.sleep(0)
            outbox = store._connection._outbox
            assert [out.begun for out in outbox] == [True, False, False]
            await cancelled(tasks[1])
            await cancelled(tasks[2])
            kernel.room = 1000
            assert (await peer.answer())[3] == b"/0\0"
            assert (await peer.answer())[3] == b"/1\0x"
            assert (await peer.answer())[3] == b"/3\0xxx"
            await tasks[0]
            await tasks[3]
            assert store._connection._session.late == 1
            assert store._connection._session._calls == {}

    @looped
    async def test_of_a_transactions_begin_undoes_it(self):
        async with Pair() as (store, peer):
            task = start(store.transaction())
            _, req_id, _, _ = await peer.message()
            await cancelled(task)
            assert await peer.silent()
            peer.send(START, req_id, b"12\0")
            assert (await peer.answer())[::2] == (END, 12)

    @pytest.mark.parametrize("how", ["write_tree", "setdefault", "pop", "update"])
    @looped
    async def test_gives_a_plans_transaction_back_without_waiting(self, how):
        arguments = {
            "write_tree": ({"/a": "1"},),
            "update": ({"/a": "1"},),
            "pop": ("/a",),
            "setdefault": ("/a", "1"),
        }
        async with Pair() as (store, peer):
            task = start(getattr(store, how)(*arguments[how]))
            await peer.answer(b"5\0")
            await peer.message()
            await cancelled(task)
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 5, b"F\0")
            assert await peer.silent()

    @looped
    async def test_within_a_transaction_undoes_it_without_waiting(self):
        async with Pair() as (store, peer):
            inside = asyncio.Event()

            async def work():
                async with store.transaction():
                    inside.set()
                    await asyncio.sleep(GUARD)

            task = start(work())
            await peer.answer(b"9\0")
            await inside.wait()
            await cancelled(task)
            request = await peer.message()
            assert (request[0], request[2], request[3]) == (END, 9, b"F\0")

    @looped
    async def test_of_a_commit(self):
        async with Pair(room=4096) as (store, peer):
            for full in (False, True):
                begun = start(store.transaction())
                await peer.answer(b"9\0")
                transaction = await begun
                tasks = await fill(store) if full else []
                task = start(transaction.commit())
                await asyncio.sleep(0)
                await cancelled(task)
                await drain(peer, tasks)
                # It was on its way; or it was not, and is taken back for good.
                request = await peer.answer()
                assert (request[0], request[2], request[3]) == (END, 9, b"F\0" if full else b"T\0")
                assert await peer.silent()
                assert transaction.ended

    @looped
    async def test_of_a_watch_to_be_ends_it(self):
        async with Pair() as (store, peer):
            task = start(store.watch("/w"))
            _, req_id, _, payload = await peer.message()
            await cancelled(task)
            assert store._connection._session.queues == {}
            peer.send(WATCH, req_id, b"OK\0")
            assert (await peer.answer())[::3] == (UNWATCH, payload)

    @looped
    async def test_within_a_watch_ends_it_without_waiting(self):
        async with Pair() as (store, peer):

            async def work():
                async with store.watch("/w") as watch:
                    async for _ in watch:
                        pass

            task = start(work())
            await peer.answer()
            await asyncio.sleep(0)
            await cancelled(task)
            assert (await peer.answer())[0] == UNWATCH
            assert store._connection._session.queues == {}

    @looped
    async def test_of_a_watchs_end_ends_it(self):
        async with (pair := Pair(room=4096)) as (store, peer):
            watch, token = await pair.watch()
            tasks = await fill(store)
            closing = start(watch.close())
            await asyncio.sleep(0)
            await cancelled(closing)
            await drain(peer, tasks)
            assert (await peer.answer())[::3] == (UNWATCH, b"/w\0" + token + b"\0")

    @looped
    async def test_takes_no_event(self):
        async with (pair := Pair()) as (store, peer):
            watch, token = await pair.watch()
            one, two = start(watch.get()), start(watch.get())
            await asyncio.sleep(0)
            peer.event(b"/w/x", token)
            store._connection._readable()
            await cancelled(one)
            assert (await two).path == "/w/x"
            third = start(watch.get())
            await asyncio.sleep(0)
            peer.event(b"/w/y", token)
            store._connection._readable()
            await cancelled(third)
            assert (await watch.get(0)).path == "/w/y"
            watch._queue.closed = True

    @looped
    async def test_of_wait_for_leaves_nothing(self):
        async with Pair() as (store, peer):
            task = start(store.wait_for("/a"))
            token = (await peer.answer())[3].split(b"\0")[1]
            peer.event(b"/a", token)
            assert (await peer.message())[0] == READ
            await cancelled(task)
            assert (await peer.answer())[0] == UNWATCH
            assert store._connection._session.queues == {}

    @looped
    async def test_asyncios_own_deadlines_do(self):
        async with Pair() as (store, _):
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.01):
                    await store.read("/a")
            assert not isinstance(caught.value, StoreTimeoutError)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.wait_for("/b"), 0.01)
            assert store.connected

    @looped
    async def test_a_coroutine_that_is_thrown_away_does_no_harm(self):
        async with Pair() as (store, peer):
            coroutine = store.write_tree({"/a": "1"})
            task = asyncio.create_task(coroutine)
            await peer.answer(b"5\0")
            await peer.message()
            coroutine.close()  # as when its loop ends without it
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 5, b"F\0")
            task.cancel()
            with pytest.raises((RuntimeError, asyncio.CancelledError)):
                await task
            coroutine = store._connection.run(plans.transaction_start())
            task = asyncio.create_task(coroutine)
            _, req_id, _, _ = await peer.message()
            coroutine.close()
            await asyncio.sleep(0)
            peer.send(START, req_id, b"8\0")
            assert (await peer.answer())[::2] == (END, 8)
            task.cancel()
            with pytest.raises((RuntimeError, asyncio.CancelledError)):
                await task

    @pytest.mark.parametrize("device", [False, True])
    @pytest.mark.parametrize("seed", range(4))
    @looped
    async def test_at_any_moment_leaves_nothing_in_the_daemon(self, machine, device, seed):
        chance = random.Random(seed)
        kernel = machine.domains[1].kernel() if device else machine.dom0
        home = "data" if device else "/t"
        before = machine.store.ring(1).watches[:] if device else []
        async with aio.open(kernel=kernel) as store:

            async def work():
                path = f"{home}/{chance.randrange(5)}"
                match chance.randrange(6 if not device else 5):
                    case 0:
                        await store.write_tree({path: "1", path + "/b": "2"})
                    case 1:
                        await store.in_transaction(lambda t: t.setdefault(path, "1"))
                    case 2:
                        async with store.transaction() as t:
                            await t.write(path, "2")
                            await asyncio.sleep(0)
                            await t.read(path)
                    case 3:
                        await store.pop(path, None)
                    case 4:
                        await store.read_tree(home)
                    case 5:
                        async with store.watch(path) as watch:
                            await watch.get()
                            await watch.get()

            await store.write(home, "")
            for _ in range(30):
                if not device and chance.random() < 0.5:
                    machine.store.hold()
                tasks = [start(work()) for _ in range(5)]
                for _ in range(chance.randrange(6)):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=GUARD)
                machine.store.let_go()
            # What was thrown away comes back and is undone.
            while store._connection._session._calls or store._connection._session.undo:
                await store.exists(home)
            session = store._connection._session
            assert (session.queues, session.outstanding, session.strays >= 0) == ({}, 0, True)
            for connection in machine.store.connections:
                assert connection.transactions == {}
            left = machine.store.ring(1).watches if device else [
                watch for connection in machine.store.connections if connection.domain is None
                for watch in connection.watches
            ]  # fmt: skip
            assert list(left) == before
        machine.store.check()


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


class TestDeath:
    @pytest.mark.parametrize(
        ("what", "text"),
        [
            (b"", "xenstored closed the connection"),
            (b"\x02\0\0", "3 bytes into a message"),
            (HEADER.pack(READ, 1, 0, 1 << 30), "announced"),
            (HEADER.pack(READ, 77, 0, 0), "never used"),
        ],
    )
    @looped
    async def test_wakes_every_task_with_the_cause(self, what, text):
        async with (pair := Pair()) as (store, peer):
            watch, _ = await pair.watch()
            tasks = [
                start(store.read("/a")),
                start(store.transaction()),
                start(watch.get()),
                start(watch.get()),
            ]
            for _ in range(2):
                await peer.message()
            peer.sock.send(what)
            peer.close()
            for task in tasks:
                with pytest.raises(StoreConnectionError, match=text):
                    await task
            assert not store.connected
            assert "disconnected" in repr(store)
            with pytest.raises(StoreConnectionError, match=text):
                await store.read("/b")
            with pytest.raises(StoreConnectionError):
                await store.reconnect()
            await watch.close()

    @looped
    async def test_events_from_before_are_not_lost(self):
        async with (pair := Pair()) as (_, peer):
            watch, token = await pair.watch()
            for n in range(3):
                peer.event(b"/w/%d" % n, token)
            peer.close()
            seen = []

            async def loop():
                async for event in watch:
                    seen.append(event.path)

            with pytest.raises(StoreConnectionError):
                await loop()
            assert seen == ["/w/0", "/w/1", "/w/2"]
            await watch.close()

    @pytest.mark.parametrize("reset", [False, True])
    @looped
    async def test_of_the_simulated_daemon_and_its_return(self, machine, reset):
        async with aio.open(kernel=machine.dom0) as store:
            async with store.watch("/t") as watch:
                await watch.get()
                transaction = await store.transaction()
                waiting = start(watch.get())
                await asyncio.sleep(0)
                machine.store.kill(reset=reset)
                with pytest.raises(StoreConnectionError):
                    await waiting
                with pytest.raises(StoreConnectionError):
                    await store.reconnect()
                machine.store.restart()
                assert await store.reconnect() is True
                assert await store.reconnect() is False
                assert await watch.get(5) == ("/t", "/t")
                await store.write("/t/x", "1")
                assert await watch.get(5) == ("/t/x", "/t")
                with pytest.raises(StoreConnectionError, match="lost"):
                    await transaction.commit()
            assert store.connected


class TestReconnection:
    @pytest.fixture
    def path(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as self.server:
            self.server.bind(path)
            self.server.listen()
            self.server.setblocking(False)
            yield path

    async def accept(self):
        return Peer((await asyncio.get_running_loop().sock_accept(self.server))[0])

    @looped
    async def test_sets_up_watches_again_and_keeps_their_errors(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            watches = []
            for n in range(3):
                made = start(store.watch(f"/{n}", depth=n or None))
                request = await peer.answer()
                watches.append((await made, request[3]))
            waiting = start(watches[0][0].get())
            await asyncio.sleep(0)
            peer.close()
            with pytest.raises(StoreConnectionError, match="reconnect"):
                await waiting
            again = start(store.reconnect())
            peer = await self.accept()
            assert (await peer.answer())[3] == watches[0][1]
            request = await peer.message()
            assert request[3] == watches[1][1]
            peer.send(ERROR, request[1], b"EACCES\0")
            # One that is closed meanwhile is taken back.
            request = await peer.message()
            assert request[3] == watches[2][1]
            await cancelled_or_done(start(watches[2][0].close()), peer)
            peer.send(WATCH, request[1], b"OK\0")
            assert await again is True
            assert (await peer.answer())[0] == UNWATCH
            for _ in range(2):
                with pytest.raises(StorePermissionError):
                    await watches[1][0].get()
            for watch, _ in watches:
                await cancelled_or_done(start(watch.close()), peer)
            peer.close()

    @looped
    async def test_interrupted_is_to_be_done_again(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            made = start(store.watch("/w"))
            token = (await peer.answer())[3].split(b"\0")[1]
            watch = await made
            peer.close()
            with pytest.raises(StoreConnectionError):
                await watch.get()
            again = start(store.reconnect())
            peer = await self.accept()
            await peer.message()
            await cancelled(again)
            assert not store.connected
            with pytest.raises(StoreConnectionError, match="interrupted"):
                await watch.get()
            peer.close()
            again = start(store.reconnect())
            peer = await self.accept()
            await peer.answer()
            assert await again is True
            peer.event(b"/w", token)
            assert (await watch.get()).path == "/w"
            await cancelled_or_done(start(watch.close()), peer)
            peer.close()

    @looped
    async def test_what_comes_of_the_old_connection_does_not_reach_the_new_one(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            connection = store._connection
            running = start(connection.run(plans.in_transaction(lambda tx: plans.write("/a", b"1", tx=tx))))
            begun = start(store.transaction())
            for tx in (b"3\0", b"4\0"):
                await peer.answer(tx)
            # All this before those two can run again.
            connection._readable()
            connection._finish(errno.ECONNRESET, "gone")
            with pytest.raises(StopIteration):
                store.reconnect().send(None)
            begun.cancel()
            with pytest.raises(StoreConnectionError, match="it was begun on"):
                await running
            with pytest.raises(asyncio.CancelledError):
                await begun
            replaced = await self.accept()
            assert await replaced.silent()
            peer.close()
            replaced.close()


async def cancelled_or_done(task, peer):
    """Wait for a task, and answer what it asks."""
    while not task.done():
        if not await peer.silent():
            await peer.answer()
    await task


class TestClosing:
    @looped
    async def test_ends_what_others_wait_for(self):
        async with (pair := Pair()) as (store, _):
            watch, _ = await pair.watch()

            async def loop():
                async for _ in watch:
                    pass

            tasks = [start(store.read("/a")), start(watch.get()), start(loop())]
            for _ in range(3):
                await asyncio.sleep(0)
            await store.close()
            for task in tasks:
                with pytest.raises(StoreConnectionError, match="closed by this process") as caught:
                    await task
                assert caught.value.errno == errno.ECONNABORTED

    @looped
    async def test_of_a_watch_ends_those_who_wait_for_it(self):
        async with (pair := Pair()) as (_, peer):
            watch, _ = await pair.watch()

            async def loop():
                return [event async for event in watch]

            getting, looping = start(watch.get()), start(loop())
            await asyncio.sleep(0)
            closing = start(watch.close())
            assert (await peer.answer())[0] == UNWATCH
            await closing
            await watch.close()
            with pytest.raises(ValueError, match="closed"):
                await getting
            assert await looping == []
            assert "closed" in repr(watch)

    @looped
    async def test_twice_does_nothing_and_use_raises(self, machine):
        store = await aio.open(kernel=machine.dom0)
        watch = await store.watch("/tool")
        transaction = await store.transaction()
        await store.close()
        await store.close()
        assert store.closed
        assert not store.connected
        for call in (
            lambda: store.read("/"), lambda: store.watch("/"), store.transaction, store.reconnect,
            watch.get, lambda: anext(watch), transaction.commit, transaction.commit,
        ):  # fmt: skip
            with pytest.raises(ValueError, match="closed|ended"):
                await call()
        await watch.close()
        assert repr(store) == "<Store /run/xenstored/socket, closed>"

    def test_leaves_no_descriptor_and_none_in_the_loop(self, machine):
        @looped
        async def use(way):
            loop = asyncio.get_running_loop()
            before = set(loop._selector.get_map())
            store = await aio.open(kernel=machine.dom0)
            tasks = [start(store.read("/tool"))]
            await asyncio.gather(*tasks, return_exceptions=True)
            assert set(loop._selector.get_map()) != before
            if way == "close":
                await store.close()
            elif way == "forget":
                with pytest.warns(ResourceWarning, match="unclosed <Store"):
                    del store
                await asyncio.sleep(0)
            elif way == "death":
                machine.store.kill()
                with pytest.raises(StoreConnectionError):
                    await store.read("/")
                machine.store.restart()
                assert set(loop._selector.get_map()) == before
                await store.close()
            assert set(loop._selector.get_map()) == before

        def count():
            gc.collect()
            return len(os.listdir("/proc/self/fd"))

        use("close")
        before = count()
        for way in ("close", "forget", "death"):
            use(way)
            assert count() == before

    @looped
    async def test_forgotten_watches_and_transactions_are_undone_soon(self):
        async with (pair := Pair()) as (store, peer):
            watch, token = await pair.watch()
            await asyncio.sleep(0)  # until then the loop refers to the task that made it
            with pytest.warns(ResourceWarning, match="watch never closed: <Watch '/w'"):
                del watch
            assert (await peer.answer())[::3] == (UNWATCH, b"/w\0" + token + b"\0")
            begun = start(store.transaction())
            await peer.answer(b"4\0")
            await begun
            await asyncio.sleep(0)
            with pytest.warns(ResourceWarning, match="transaction never ended"):
                del begun
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 4, b"F\0")
            # In another thread.
            watch, token = await pair.watch()
            await asyncio.sleep(0)
            box = [watch]
            del watch
            with pytest.warns(ResourceWarning, match="never closed"):
                in_thread(box.clear)
            assert (await peer.answer())[0] == UNWATCH

    def test_forgotten_by_a_loop_that_has_ended(self, machine):
        kept = []

        async def main():
            kept.append(await aio.open(kernel=machine.dom0))

        asyncio.run(main(), debug=True)
        fd = kept[0]._connection._transport.descriptor.fd
        with pytest.warns(ResourceWarning, match="unclosed <Store"):
            kept.clear()
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    def test_after_its_loop_has_ended_works_from_anywhere(self, machine):
        async def main():
            store = await aio.open(kernel=machine.dom0)
            return store, await store.watch("/tool")

        store, watch = asyncio.run(main())
        asyncio.run(store.close())
        assert store.closed
        watch._queue.closed = True

    @looped
    async def test_cannot_be_copied(self, machine):
        async with aio.open(kernel=machine.dom0) as store, store.transaction() as t, store.watch("/t") as w:
            for thing in (store, t, w):
                for way in (copy.copy, copy.deepcopy, pickle.dumps):
                    with pytest.raises(TypeError):
                        way(thing)


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


class TestLoops:
    def test_another_one_or_none_or_another_thread_is_an_error(self, machine):
        async def use(store, watch, transaction):
            for call in (
                lambda: store.read("/tool"), store.transaction, lambda: store.watch("/"), store.reconnect,
                watch.get, lambda: anext(watch), transaction.abort, store.close, watch.close,
            ):  # fmt: skip
                with pytest.raises(RuntimeError, match="another event loop"):
                    await call()
            return True

        @looped
        async def main():
            async with (
                aio.open(kernel=machine.dom0) as store,
                store.watch("/tool") as watch,
            ):
                results = []
                transactions = [await store.transaction() for _ in range(2)]
                in_thread(lambda: results.append(asyncio.run(use(store, watch, transactions[0]))))
                assert results == [True]
                reading = store.read("/tool")
                errors = []

                def without_loop():
                    try:
                        reading.send(None)
                    except RuntimeError as error:
                        errors.append(error)

                in_thread(without_loop)
                assert "another event loop" in str(errors[0])
                assert (await store.exists("/tool")) is True
                await transactions[1].abort()
                # commit() and abort() have ended it, even so.
                assert transactions[0].ended

        main()

    def test_open_needs_one(self, machine):
        opening = aio.open(kernel=machine.dom0)
        with pytest.raises(RuntimeError, match="no running event loop"):
            opening.__await__().send(None)


class TestFork:
    def test_a_child_may_not_use_it_and_does_no_harm(self, machine):
        @looped
        async def main():
            async with (pair := Pair()) as (store, peer):
                watch, token = await pair.watch()
                begun = start(store.transaction())
                await peer.answer(b"3\0")
                transaction = await begun
                waiting = start(watch.get())
                await asyncio.sleep(0)
                pid = os.fork()
                if not pid:
                    status = 1
                    try:
                        status = child(store, watch, transaction)
                    finally:
                        os._exit(status)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                # Nothing was sent, and the loop still reads.
                peer.event(b"/w/x", token)
                assert (await waiting).path == "/w/x"
                ending = start(transaction.abort())
                assert (await peer.answer())[0] == END
                await ending
                closing = start(watch.close())
                await peer.answer()
                await closing

        def step(awaitable):
            steps = awaitable.__await__() if hasattr(awaitable, "__await__") else awaitable
            steps.send(None)

        def child(store, watch, transaction):
            for use in (
                lambda: store.read("/"), store.transaction, watch.get, store.reconnect, transaction.commit,
                lambda: store.watch("/"), lambda: anext(watch),
            ):  # fmt: skip
                try:
                    step(use())
                except ForkedError:
                    continue
                return 2
            for end in (watch.close, store.close):
                try:
                    step(end())
                except StopIteration:
                    continue
                return 3
            return 0 if store.closed else 4

        main()

    def test_a_new_loop_in_the_child_has_its_own(self, tmp_path):
        async def main():
            async with aio.open(kernel=LinuxKernel(), path=path) as store:
                pid = os.fork()
                if not pid:
                    os._exit(0 if in_child(store) else 1)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                assert store.connected

        def in_child(store):
            async def inside():
                with pytest.raises(ForkedError):
                    await store.read("/")
                await store.close()
                async with aio.open(kernel=LinuxKernel(), path=path) as own:
                    return own.connected

            asyncio._set_running_loop(None)
            return asyncio.run(inside())

        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(4)
            asyncio.run(main())


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
