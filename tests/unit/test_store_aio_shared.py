"""The synchronous client's tests, through the asyncio client: a loop in a thread takes each call.

What is not run here, and why, is in the classes below: `test_… = None`.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import types

import pytest
import storepeer
import test_store_client as client
import test_store_ends as ends
import test_store_watches as watches

from xensys.kernel import host
from xensys.store import aio
from xensys.store.aio_connection import Connection
from xensys.store.transports import DeviceTransport, SocketTransport


class Loop:
    """An event loop in a thread, and what went wrong in it."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_debug(True)
        self.loop.slow_callback_duration = storepeer.GUARD
        self.problems = []
        self.loop.set_exception_handler(lambda loop, context: self.problems.append(context))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, call, *args, **options):
        """What a call gives, awaited if need be."""
        box = []

        async def inside():
            # Through the box, so that nothing in this thread refers to it for longer than the caller does.
            try:
                value = call(*args, **options)
                box.append((await value if inspect.isawaitable(value) else value, None))
            except BaseException as error:
                box.append((None, error))

        inner = inside()
        asyncio.run_coroutine_threadsafe(inner, self.loop).result()
        del inner
        value, error = box.pop()
        if error is None:
            return self.wrap(value)
        try:
            raise error
        finally:
            del error

    def wrap(self, value):
        if isinstance(value, aio.Store | aio.Transaction | aio.Watch):
            return Bridged(self, value)
        return self.iterate(value) if hasattr(value, "__anext__") else value

    def iterate(self, iterator):
        end = object()
        while (item := self.run(anext, iterator, end)) is not end:
            yield item

    def stop(self):
        async def rest():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(rest(), self.loop).result(storepeer.GUARD)
        asyncio.run_coroutine_threadsafe(self.loop.shutdown_default_executor(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(storepeer.GUARD)
        self.loop.close()
        assert self.problems == []


class Bridged:
    """An asyncio object that looks like its synchronous twin."""

    def __init__(self, loop, thing):
        vars(self).update(_loop=loop, _thing=thing)

    def __getattr__(self, name):
        value = getattr(self._thing, name)
        if name.startswith("_") or not callable(value):
            return self._loop.wrap(value)
        if name == "in_transaction":
            return self._in_transaction
        return lambda *args, **options: self._loop.run(value, *args, **options)

    def _in_transaction(self, function, **options):
        async def threaded(transaction):
            # The function waits for the loop, which must not wait for it.
            given = Bridged(self._loop, transaction)
            return await asyncio.get_running_loop().run_in_executor(None, function, given)

        return self._loop.run(self._thing.in_transaction, threaded, **options)

    def __setattr__(self, name, value):
        setattr(self._thing, name, value)

    def __enter__(self):
        self._loop.run(self._thing.__aenter__)
        return self

    def __exit__(self, *error):
        return self._loop.run(self._thing.__aexit__, *error)

    def __iter__(self):
        return self if isinstance(self._thing, aio.Watch) else self._loop.run(self._thing.__aiter__)

    def __next__(self):
        try:
            return self._loop.run(self._thing.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __repr__(self):
        return repr(self._thing)

    # What has no twin, in terms of what has.

    def __getitem__(self, path):
        return self.read(path)

    def __setitem__(self, path, value):
        self.write(path, value)

    def __delitem__(self, path):
        self.pop(path)

    def __contains__(self, path):
        return self.exists(path)


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(autouse=True)
def bridge(loop, monkeypatch):
    """Have the tests' modules find the asyncio client."""

    def opened(*args, **options):
        return loop.run(lambda: aio.open(*args, **options))

    def adopted(*args, **options):
        return loop.run(lambda: aio.Store.adopt(*args, **options))

    def connect(kernel=None, *, device=False, timeout=None):
        ours, theirs = socket.socketpair()
        kind = DeviceTransport if device else SocketTransport
        transport = kind(kernel or host(), ours.detach(), "a socket pair")
        return loop.run(lambda: aio.Store(Connection(transport, None, timeout))), storepeer.Peer(theirs)

    def sleepers(store):
        session = store._connection._session
        return sum(len(thing.waiting) for thing in [*session._calls.values(), *session.queues.values()])

    store = types.SimpleNamespace(open=opened, adopt=adopted)
    monkeypatch.setattr(client, "Store", store)
    monkeypatch.setattr(client, "store_package", store)
    monkeypatch.setattr(ends, "Store", store)
    monkeypatch.setattr(watches, "Store", store)
    monkeypatch.setattr(storepeer, "connect", connect)
    monkeypatch.setattr(storepeer, "sleepers", sleepers)
    return opened


@pytest.fixture
def xs(machine, bridge):
    with bridge(kernel=machine.dom0) as store:
        yield store


@pytest.fixture(name="other")
def _other(machine, bridge):
    with bridge(kernel=machine.dom0) as store:
        yield store


@pytest.fixture
def wire(bridge):
    store, peer = storepeer.connect()
    with store:
        yield store, peer
    peer.close()


class TestVerbs(client.TestVerbs):
    pass


class TestTransactions(client.TestTransactions):
    pass


class TestMapping(client.TestMapping):
    pass


class TestWaitFor(client.TestWaitFor):
    pass


class TestTimeouts(client.TestTimeouts):
    pass


class TestOpening(client.TestOpening):
    # A regular file: epoll does not take it. See test_store_aio.
    test_a_path_that_is_no_socket_is_opened = None


class TestClosing:
    # The others are about threads' locks, fileno(), or copies and forks of the bridge. See test_store_aio.
    test_forgotten_is_a_warning = ends.TestClosing.test_forgotten_is_a_warning


class TestEvents(watches.TestEvents):
    pass


class TestWatchClosing(watches.TestClosing):
    pass


class TestReaders(watches.TestReaders):
    pass


class TestReconnection(watches.TestReconnection):
    # Uses fileno(). See test_store_aio.
    test_sets_up_watches_again_and_loses_transactions = None
