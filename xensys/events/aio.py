"""Event channels for asyncio.

    async with xensys.events.aio.AsyncEvents(xen.events) as events:
        port = events.bind_unbound(domid)
        async for ready in events:
            …                             # look at what changed, then
            ready.unmask()

Ports are those of `xensys.events`; threads may wait for them at the same time.
Each event goes to one who waits for its port, thread or task, or else to one
who waits for any. Nothing but waiting takes time: binding, notifying and
unmasking are done in the event loop's thread.
"""

from __future__ import annotations

import asyncio
from _thread import get_ident

from xensys.devices._device import _CLOSED, Descriptor
from xensys.errors import XenError
from xensys.events._waiting import Waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self, SupportsIndex

    from xensys.events import Events
    from xensys.events._port import Port

__all__ = ["AsyncEvents"]


class AsyncEvents:
    """An `Events`, for the tasks of one event loop.

    An async iterator of ports that have had an event, one at a time: for any
    number of tasks, each event goes to one. An async context manager, which
    closes the events.

    Args:
        events: what is waited for; others may use it, too.
    """

    def __init__(self, events: Events) -> None:
        self.events = events
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        #: What each task that waits is woken up by.
        self._tasks: dict[Waiter, asyncio.Future[None]] = {}
        #: The file that the loop looks at for us, as long as anybody waits; kept open by this.
        self._descriptor: Descriptor = _CLOSED

    def bind_unbound(self, remote_domid: int) -> Port:
        """See `Events.bind_unbound`."""
        return self.events.bind_unbound(remote_domid)

    def bind_interdomain(self, domid: int, port: SupportsIndex) -> Port:
        """See `Events.bind_interdomain`."""
        return self.events.bind_interdomain(domid, port)

    def bind_virq(self, virq: int) -> Port:
        """See `Events.bind_virq`."""
        return self.events.bind_virq(virq)

    def bind_static(self, port: SupportsIndex, *, hazardous: bool = False) -> Port:
        """See `Events.bind_static`."""
        return self.events.bind_static(port, hazardous=hazardous)

    def unmask(self, ports: Iterable[SupportsIndex]) -> None:
        """See `Events.unmask`."""
        self.events.unmask(ports)

    def reset(self) -> None:
        """See `Events.reset`."""
        self.events.reset()

    async def wait(self, timeout: float | None = None) -> list[Port]:
        """Wait for events, and take them all; see `Events.wait`. Cancelled, it takes none."""
        return await self._wait(None, timeout, most=0)

    async def wait_for(self, port: Port, timeout: float | None = None) -> bool:
        """Wait for an event of one port, and take it; see `Port.wait`. Cancelled, it takes none."""
        return bool(await self._wait(port, timeout, most=0))

    def close(self) -> None:
        """Close the events; a second call does nothing. Tasks and threads that wait end with an error."""
        self.events.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Port:
        try:
            return (await self._wait(None, None, most=1))[0]
        except ValueError:
            if self.events.closed:
                raise StopAsyncIteration from None
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<AsyncEvents of {self.events!r}, {len(self._tasks)} task(s) waiting>"

    async def _wait(self, port: Port | None, timeout: float | None, *, most: int) -> list[Port]:
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout: {timeout}")
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._tasks:
                raise RuntimeError(f"{self!r} is used in another event loop")
            self._loop, self._thread = loop, get_ident()
        events = self.events
        me = Waiter(port, self._told)
        # On the loop's clock, which need not be the kernel's.
        deadline = None if timeout is None else loop.time() + timeout
        expired = False
        try:
            while True:
                with events._entered():
                    events._check(port)
                    taken = events._take(port, me, most=most)
                    if not taken and not expired:
                        events._read()
                        taken = events._take(port, me, most=most)
                    if taken or expired or timeout == 0:
                        return taken
                    events._join(me)
                    future = self._tasks[me] = loop.create_future()
                    self._look()
                if deadline is None:
                    await future
                else:
                    left = max(deadline - loop.time(), 0.0)
                    done, _ = await asyncio.wait((future,), timeout=left)
                    expired = not done
        finally:
            self._tasks.pop(me, None)
            events._leave(me)
            if not self._tasks:
                self._look_away()

    def _told(self, waiter: Waiter) -> None:
        """One of us should look again; in any thread, under the lock of the events."""
        loop = self._loop
        assert loop is not None
        if get_ident() == self._thread:
            self._wake_up(waiter)
        else:
            try:  # noqa: SIM105  # as elsewhere
                loop.call_soon_threadsafe(self._wake_up, waiter)
            except RuntimeError:
                pass  # the loop is closed, and its tasks with it

    def _wake_up(self, waiter: Waiter) -> None:
        future = self._tasks.get(waiter)
        if future is not None and not future.done():
            future.set_result(None)

    def _look(self) -> None:
        """Have the loop tell when there is something to read; under the lock of the events."""
        descriptor = self.events._opened()._descriptor
        if self._descriptor is not descriptor and self._loop is not None:
            self._look_away()
            self._loop.add_reader(descriptor.fd, self._readable)
            self._descriptor = descriptor

    def _look_away(self) -> None:
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor is not _CLOSED and self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(descriptor.fd)

    def _readable(self) -> None:
        """There is something to read; in the loop's thread."""
        events = self.events
        try:
            with events._entered():
                if events._state == "open":
                    events._read()
                    return
        except XenError:
            pass  # each of those that wait finds out for itself
        self._look_away()
        for waiter in tuple(self._tasks):
            self._wake_up(waiter)
