"""vchan for programs: the asyncio face.

    from xensys.vchan import aio

    async with await aio.Vchan.connect(xen, 3, "/local/domain/3/data/vchan", timeout=30) as pipe:
        await pipe.write(b"hello")
        async for data in pipe:
            ...

Names, arguments, results and errors are those of the synchronous face, where
each is explained (`xensys.vchan.Vchan`). What differs:

* What can wait is awaited, and so are `listen`, `connect` and `close`. The
  `try_…` methods, `data_ready` and `buffer_space` are not.
* An end belongs to the event loop it was made in, for any number of tasks: one
  reads at a time, and one writes, in the order in which they asked.
* Deadlines are the loop's. A task may be cancelled while it waits: nothing was
  read then; what `write` had written by then stays written.
* XenStore is asked over a connection of its own, unless one is given.

What holds up the loop: the system calls that share, map and bind, which do not wait.
"""

from __future__ import annotations

import asyncio
from errno import ETIMEDOUT

from xensys.store import aio as store_aio
from xensys.store._scripts import run_async
from xensys.vchan import _channel, _nodes, _page
from xensys.vchan._channel import VchanClosedError, VchanTimeoutError
from xensys.vchan._end import ALIVE, Belongings, End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Self, TypeVar

    from _typeshed import ReadableBuffer, WriteableBuffer

    from xensys.vchan._channel import Steps
    from xensys.vchan._end import Parts

    _T = TypeVar("_T")

__all__ = ["Vchan", "VchanClosedError", "VchanTimeoutError"]

#: Bytes that an iteration asks for at once.
_CHUNK = 65536


class Vchan(End):
    """One end of a vchan, for the tasks of one event loop; an async context manager.

    Use `listen` or `connect`. In a forked child it raises ForkedError.
    """

    __slots__ = ("_directory", "_loop", "_reading", "_store", "_waiting", "_writing", "_xen")

    def __init__(
        self,
        xen: Parts,
        own: Belongings,
        domid: int,
        path: str,
        store: store_aio.Store | None,
        *,
        server: bool,
    ) -> None:
        super().__init__(own, domid, path, server=server)
        self._xen = xen
        self._store = store
        self._loop = asyncio.get_running_loop()
        #: Whether the directory of our nodes is to be removed with them.
        self._directory: bool | None = None
        self._reading, self._writing = asyncio.Lock(), asyncio.Lock()
        #: What tasks wait for; done with the next event.
        self._waiting: asyncio.Future[None] | None = None
        self._loop.add_reader(own.events.fileno(), self._look)

    @classmethod
    async def listen(
        cls,
        xen: Parts,
        domid: int,
        path: str,
        *,
        read_size: int = 4096,
        write_size: int = 4096,
        persist: bool = False,
        store: store_aio.Store | None = None,
    ) -> Self:
        """Be the server.

        Args:
            store: a connection to XenStore, used until the end is closed; None makes one
                when it is needed.
        """
        left, right = _page.orders(read_size, write_size)
        own = Belongings(xen)
        try:
            own.share(xen, domid, left, right, persist=persist)
            assert own.port is not None
            ref, port = own.ref, own.port.port

            async def publish(xs: store_aio.Store) -> bool:
                return await xs.in_transaction(
                    lambda t: run_async(_nodes.publishing(t, path, domid, ref, port))
                )

            existed = await _with_store(xen, store, publish)
            made = cls(xen, own, domid, path, store, server=True)
            made._directory = not existed
        except BaseException:
            own.release()
            raise
        return made

    @classmethod
    async def connect(
        cls,
        xen: Parts,
        domid: int,
        path: str,
        *,
        timeout: float | None = None,
        store: store_aio.Store | None = None,
    ) -> Self:
        """Be the client of a server in another domain, or in our own.

        Args:
            store: a connection to XenStore; None makes one for the moment.
        """

        async def look_up(xs: store_aio.Store) -> tuple[int, int]:
            await xs.wait_for(f"{path}/{_nodes.PORT}", timeout=timeout)
            return await xs.in_transaction(lambda t: run_async(_nodes.looking_up(t, path)))

        ref, port = await _with_store(xen, store, look_up)
        own = Belongings(xen)
        try:
            # Not to hold up the loop: a page that is paged out is an error here.
            own.map(xen, domid, ref, port, 0)
            made = cls(xen, own, domid, path, None, server=False)
        except BaseException:
            own.release()
            raise
        return made

    async def accept(self, *, timeout: float | None = None) -> None:
        """Wait until a client is there."""
        await self._drive(_channel.accepting(self._channel()), asyncio.Lock(), timeout)

    async def read(self, size: int, *, timeout: float | None = None) -> bytes:
        """What is there, once something is; b"" at the end."""
        return await self._drive(_channel.reading(self._channel(), size), self._reading, timeout)

    async def readinto(self, buffer: WriteableBuffer, *, timeout: float | None = None) -> int:
        """`read` into a buffer; how many bytes, 0 at the end."""
        with memoryview(buffer) as given, given.cast("B") as raw:
            return await self._drive(_channel.reading_into(self._channel(), raw), self._reading, timeout)

    async def recv(self, size: int, *, timeout: float | None = None) -> bytes:
        """Exactly so many bytes, in one go."""
        return await self._drive(_channel.receiving(self._channel(), size), self._reading, timeout)

    async def write(self, data: ReadableBuffer, *, timeout: float | None = None) -> int:
        """Write all of it, in as many pieces as there is room for."""
        with memoryview(data) as given, given.cast("B") as raw:
            return await self._drive(_channel.writing(self._channel(), raw), self._writing, timeout)

    async def send(self, data: ReadableBuffer, *, timeout: float | None = None) -> int:
        """Write all of it in one go."""
        with memoryview(data) as given, given.cast("B") as raw:
            return await self._drive(_channel.sending(self._channel(), raw), self._writing, timeout)

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait until the other end has done something that we asked to be told of."""
        self._channel()
        return await self._pause(self._next(), None if timeout is None else self._loop.time() + timeout)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces as they come, until the other end has gone."""
        while data := await self.read(_CHUNK):
            yield data

    async def close(self) -> None:
        """Close this end; a second call does nothing. Tasks that wait in it end with ValueError."""
        if self._state == "closed":
            return
        forked = self._state == "forked"
        self._state = "closed"
        port = 0 if self._own.port is None else self._own.port.port
        if not forked:
            self._loop.remove_reader(self._own.events.fileno())
        try:
            self._own.release(tell=not forked)
        finally:
            self._wake()
            if not forked:
                await self._withdraw(port)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Inside

    async def _withdraw(self, port: int) -> None:
        """Take a server's nodes out of XenStore."""
        directory = self._directory
        if directory is None:
            return
        path, ref = self.path, self._own.ref

        async def withdraw(xs: store_aio.Store) -> None:
            await xs.in_transaction(
                lambda t: run_async(_nodes.withdrawing(t, path, ref, port, directory=directory))
            )

        await _with_store(self._xen, self._store, withdraw)

    def _look(self) -> None:
        """The descriptor is readable: wake up everybody."""
        error: BaseException | None = None
        try:
            self._own.events.unmask(self._own.events.wait(0))
        except (OSError, ValueError) as caught:
            if self._waiting is None:
                raise
            # Whoever waits gets it; nobody would, if the loop did.
            error = caught
        self._wake(error)

    def _wake(self, error: BaseException | None = None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)

    def _next(self) -> asyncio.Future[None]:
        """Done with the next event; one for all who ask before that."""
        if self._waiting is None or self._waiting.done():
            self._waiting = self._loop.create_future()
        return self._waiting

    async def _pause(self, event: asyncio.Future[None], deadline: float | None) -> bool:
        """Wait for an event; False if the time was up first."""
        while not event.done():
            left = ALIVE if deadline is None else min(ALIVE, max(deadline - self._loop.time(), 0.0))
            # Not wait_for(), which would cancel what others wait for, too.
            await asyncio.wait((event,), timeout=left)
            if event.done():
                break
            if left < ALIVE:
                return False
            # A domain that is destroyed says nothing: look for it now and then.
            if self._own.buried():
                self._wake()
        event.result()
        return True

    async def _drive(self, steps: Steps[_T], lock: asyncio.Lock, timeout: float | None) -> _T:
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("a vchan belongs to the event loop it was made in")
        deadline = None if timeout is None else self._loop.time() + timeout
        if not await self._turn(lock, deadline):
            raise self._late(timeout)
        try:
            in_time = True
            while True:
                # Before the look: an event that comes after it counts.
                event = self._next()
                self._check_open()
                next(steps)
                if not in_time:
                    # That was once more, as the other end may have forgotten to notify us.
                    steps.throw(self._late(timeout))
                in_time = await self._pause(event, deadline)
                # A peer that moves all the time must not hold us here.
                in_time = in_time and (deadline is None or self._loop.time() < deadline)
        except StopIteration as end:
            result: _T = end.value
            return result
        finally:
            lock.release()

    async def _turn(self, lock: asyncio.Lock, deadline: float | None) -> bool:
        """Take a lock; False if the time was up first."""
        if deadline is None or not lock.locked():
            return await lock.acquire()
        try:
            async with asyncio.timeout_at(deadline):
                return await lock.acquire()
        except TimeoutError:
            return False

    def _try(self, steps: Steps[_T], *, writes: bool) -> _T | None:
        lock = self._writing if writes else self._reading
        return None if lock.locked() else self._first(steps)

    def _late(self, timeout: float | None) -> VchanTimeoutError:
        return VchanTimeoutError(ETIMEDOUT, f"not within {timeout} s", call=f"vchan {self.path[-72:]}")


async def _with_store(
    xen: Parts, store: store_aio.Store | None, use: Callable[[store_aio.Store], Awaitable[_T]]
) -> _T:
    if store is not None:
        return await use(store)
    async with store_aio.open(kernel=xen.kernel) as own:
        return await use(own)
