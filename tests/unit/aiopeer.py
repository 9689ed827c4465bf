"""The daemon's side of an asynchronous connection, played by a test; and loops that check themselves."""

from __future__ import annotations

import asyncio
import errno
import functools
import gc
import inspect
import os
import socket
import struct
import threading
from pathlib import Path

from xensys.kernel.linux import LinuxKernel
from xensys.store import aio
from xensys.store.aio_connection import Connection
from xensys.store.transports import DeviceTransport, SocketTransport

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


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


async def cancelled_or_done(task, peer):
    """Wait for a task, and answer what it asks."""
    while not task.done():
        if not await peer.silent():
            await peer.answer()
    await task
