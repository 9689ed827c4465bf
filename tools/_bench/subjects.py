"""Who is measured: one class each, with the same methods.

Each method does a thing a number of times, over one connection that was made
before; the watch has one of its own, as with libxenstore it brings a thread,
which the other calls would pay for.

    read, write    a short value
    directory      of CHILDREN names
    transaction    begin, write, commit
    watch          write to a watched node, and take the event: there and back
    threads        reads by THREADS threads (asyncio: tasks)
"""

from __future__ import annotations

import asyncio
import glob
import os
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET, DEVICE = "socket", "device"
SCENARIOS = ("read", "write", "directory", "transaction", "watch", "threads")
THREADS = 8
CHILDREN = 20
#: Of `NODES`, where everything is.
BASE = "/tool/bench"
VALUE = b"a value of XenStore's"
_HEADER = struct.Struct("=IIII")
_READ, _DIRECTORY, _WATCH, _START, _END, _WRITE = 2, 1, 4, 6, 7, 11


class Missing(Exception):
    """This subject cannot be had here; why."""


def in_threads(count: int, work: Callable[[int, int], None]) -> None:
    """Share calls among threads; what one of them raises is raised."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number, count // THREADS)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Floor:
    """write(2) and read(2) of bytes made before: no client in Python is faster, one request at a time.

    It looks at nothing but lengths, and the number of a transaction. No threads.
    """

    def __init__(self, kind: str, path: str) -> None:
        self._kind, self._path = kind, path
        self._keep: list[socket.socket] = []
        self._fd = self._open()
        self._watched: int | None = None

    def _open(self) -> int:
        if self._kind == DEVICE:
            return os.open(self._path, os.O_RDWR)
        ours = socket.socket(socket.AF_UNIX)
        ours.connect(self._path)
        self._keep.append(ours)
        return ours.fileno()

    @staticmethod
    def _message(kind: int, payload: bytes, tx: int = 0) -> bytes:
        return _HEADER.pack(kind, 1, tx, len(payload)) + payload

    def _exchange(self, message: bytes, count: int) -> None:
        fd, write, whole = self._fd, os.write, self._whole
        for _ in range(count):
            write(fd, message)
            whole(fd)

    @staticmethod
    def _whole(fd: int) -> bytes:
        """One message; the C daemon writes header and payload one after the other."""
        data = os.read(fd, 65536)
        while len(data) < 16 or len(data) < 16 + int.from_bytes(data[12:16], sys.byteorder):
            data += os.read(fd, 65536)
        return data

    def read(self, count: int) -> None:
        self._exchange(self._message(_READ, f"{BASE}/node\0".encode()), count)

    def write(self, count: int) -> None:
        self._exchange(self._message(_WRITE, f"{BASE}/written\0".encode() + VALUE), count)

    def directory(self, count: int) -> None:
        self._exchange(self._message(_DIRECTORY, f"{BASE}/directory\0".encode()), count)

    def transaction(self, count: int) -> None:
        fd, write, whole, message = self._fd, os.write, self._whole, self._message
        start, payload = message(_START, b"\0"), f"{BASE}/transaction\0".encode() + VALUE
        for _ in range(count):
            write(fd, start)
            tx = int(whole(fd)[16:-1])
            write(fd, message(_WRITE, payload, tx))
            whole(fd)
            write(fd, message(_END, b"T\0", tx))
            whole(fd)

    def watch(self, count: int) -> None:
        node = f"{BASE}/watched\0".encode()
        event = 16 + len(node) + 2
        if self._watched is None:
            self._watched = self._open()
            os.write(self._watched, self._message(_WATCH, node + b"1\0"))
            self._take(self._watched, 16 + 3 + event)
        message = self._message(_WRITE, node + VALUE)
        fd = self._watched
        for _ in range(count):
            os.write(fd, message)
            self._take(fd, 16 + 3 + event)

    @staticmethod
    def _take(fd: int, length: int) -> None:
        while length > 0:
            length -= len(os.read(fd, 65536))


class Xensys:
    """xensys.store."""

    def __init__(self, kind: str, path: str) -> None:
        from xensys import store

        self._open: Callable[[], Any] = lambda: store.open(path)
        self._store = self._open()
        self._watch: Any = None

    def read(self, count: int) -> None:
        read = self._store.read
        for _ in range(count):
            read(f"{BASE}/node")

    def write(self, count: int) -> None:
        for _ in range(count):
            self._store.write(f"{BASE}/written", VALUE)

    def directory(self, count: int) -> None:
        for _ in range(count):
            self._store.directory(f"{BASE}/directory")

    def transaction(self, count: int) -> None:
        for _ in range(count):
            with self._store.transaction() as transaction:
                transaction.write(f"{BASE}/transaction", VALUE)

    def watch(self, count: int) -> None:
        if self._watch is None:
            self._other = self._open()
            self._watch = self._other.watch(f"{BASE}/watched")
            self._watch.get()
        for _ in range(count):
            self._other.write(f"{BASE}/watched", VALUE)
            self._watch.get()

    def threads(self, count: int) -> None:
        in_threads(count, lambda _, share: self.read(share))


class XensysAio:
    """xensys.store.aio, in a loop that runs for each turn."""

    def __init__(self, kind: str, path: str) -> None:
        from xensys.store import aio

        self._loop = asyncio.new_event_loop()
        self._aio, self._path = aio, path
        self._store = self._loop.run_until_complete(self._open())
        self._watch: Any = None

    async def _open(self) -> Any:
        return await self._aio.open(self._path)

    def read(self, count: int) -> None:
        self._loop.run_until_complete(self._read(count))

    async def _read(self, count: int) -> None:
        for _ in range(count):
            await self._store.read(f"{BASE}/node")

    def write(self, count: int) -> None:
        async def run() -> None:
            for _ in range(count):
                await self._store.write(f"{BASE}/written", VALUE)

        self._loop.run_until_complete(run())

    def directory(self, count: int) -> None:
        async def run() -> None:
            for _ in range(count):
                await self._store.directory(f"{BASE}/directory")

        self._loop.run_until_complete(run())

    def transaction(self, count: int) -> None:
        async def run() -> None:
            for _ in range(count):
                async with self._store.transaction() as transaction:
                    await transaction.write(f"{BASE}/transaction", VALUE)

        self._loop.run_until_complete(run())

    def watch(self, count: int) -> None:
        async def run() -> None:
            if self._watch is None:
                self._other = await self._open()
                self._watch = await self._other.watch(f"{BASE}/watched")
                await self._watch.get()
            for _ in range(count):
                await self._other.write(f"{BASE}/watched", VALUE)
                await self._watch.get()

        self._loop.run_until_complete(run())

    def threads(self, count: int) -> None:
        async def run() -> None:
            await asyncio.gather(*(self._read(count // THREADS) for _ in range(THREADS)))

        self._loop.run_until_complete(run())


class LowLevel:
    """xen.lowlevel.xs: the toolstack's own binding, in C."""

    def __init__(self, kind: str, path: str) -> None:
        # What libxenstore opens instead of looking for a socket; a device will do.
        os.environ["XENSTORED_PATH"] = path
        for place in glob.glob("/usr/lib/xen-*/lib/python"):
            sys.path.append(place)
        try:
            from xen.lowlevel import xs  # type: ignore[import-not-found]
        except ImportError as error:
            raise Missing(f"xen.lowlevel.xs: {error}") from None
        self._make: Callable[[], Any] = xs.xs
        self._xs = xs.xs()
        self._watched: Any = None

    def read(self, count: int) -> None:
        read = self._xs.read
        for _ in range(count):
            read("", f"{BASE}/node")

    def write(self, count: int) -> None:
        for _ in range(count):
            self._xs.write("", f"{BASE}/written", VALUE)

    def directory(self, count: int) -> None:
        for _ in range(count):
            self._xs.ls("", f"{BASE}/directory")

    def transaction(self, count: int) -> None:
        for _ in range(count):
            tx = self._xs.transaction_start()
            self._xs.write(tx, f"{BASE}/transaction", VALUE)
            if not self._xs.transaction_end(tx):
                raise RuntimeError("a conflict, with nobody there")

    def watch(self, count: int) -> None:
        if self._watched is None:
            self._watched = self._make()
            self._watched.watch(f"{BASE}/watched", "1")
            self._watched.read_watch()
        for _ in range(count):
            self._watched.write("", f"{BASE}/watched", VALUE)
            self._watched.read_watch()

    def threads(self, count: int) -> None:
        in_threads(count, lambda _, share: self.read(share))


class Pyxs:
    """pyxs, whose directory is in $XENSYS_BENCH_PYXS. Its clients share a router, one for each thread."""

    def __init__(self, kind: str, path: str) -> None:
        place = os.environ.get("XENSYS_BENCH_PYXS")
        if not place:
            raise Missing("pyxs: no copy of it here (see tools/bench store --help)")
        sys.path.insert(0, place)
        try:
            from pyxs.client import Client, Router  # type: ignore[import-not-found]
            from pyxs.connection import (  # type: ignore[import-not-found]
                UnixSocketConnection,
                XenBusConnection,
            )
        except ImportError as error:
            raise Missing(f"pyxs does not run on Python {sys.version.split()[0]}: {error}") from None
        connection = XenBusConnection if kind == DEVICE else UnixSocketConnection
        self._client_of, self._router = Client, Router(connection(path))
        self._clients = [self._connected(Client(router=self._router)) for _ in range(THREADS)]
        self._client = self._clients[0]
        self._another: Callable[[], Any] = lambda: self._connected(Client(router=Router(connection(path))))
        self._watcher: Any = None

    @staticmethod
    def _connected(client: Any) -> Any:
        client.connect()
        return client

    def read(self, count: int) -> None:
        read = self._client.read
        for _ in range(count):
            read(f"{BASE}/node".encode())

    def write(self, count: int) -> None:
        for _ in range(count):
            self._client.write(f"{BASE}/written".encode(), VALUE)

    def directory(self, count: int) -> None:
        for _ in range(count):
            self._client.list(f"{BASE}/directory".encode())

    def transaction(self, count: int) -> None:
        for _ in range(count):
            self._client.transaction()
            self._client.write(f"{BASE}/transaction".encode(), VALUE)
            self._client.commit()

    def watch(self, count: int) -> None:
        if self._watcher is None:
            watcher = self._another()
            monitor = watcher.monitor()
            monitor.watch(f"{BASE}/watched".encode(), b"1")
            self._events = monitor.wait()
            next(self._events)
            self._watcher = watcher
        for _ in range(count):
            self._watcher.write(f"{BASE}/watched".encode(), VALUE)
            next(self._events)

    def threads(self, count: int) -> None:
        def work(number: int, share: int) -> None:
            for _ in range(share):
                self._clients[number].read(f"{BASE}/node".encode())

        in_threads(count, work)


#: In the report's order.
SUBJECTS: dict[str, Callable[[str, str], Any]] = {
    "floor": Floor,
    "xensys": Xensys,
    "xensys.aio": XensysAio,
    "xen.lowlevel.xs": LowLevel,
    "pyxs": Pyxs,
}
