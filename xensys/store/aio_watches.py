"""The asyncio client's watches; see `aio` and, for what a watch is, `watches`."""

from __future__ import annotations

from _warnings import warn
from asyncio import CancelledError

from xensys._lifetime import OneOfAKind, is_exiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from xensys.store.aio import Store
    from xensys.store.watches import Event, EventQueue

__all__ = ["Watch"]


class Watch(OneOfAKind):
    """A watch that is set up; an async iterator of its events. Made by `Store.watch()`.

    For any number of tasks: each event goes to one of them. As `watches.Watch` otherwise.
    """

    __slots__ = ("__weakref__", "_queue", "_store")

    def __init__(self, store: Store, queue: EventQueue) -> None:
        self._store = store
        self._queue = queue

    @property
    def path(self) -> str:
        """What is watched, as asked for."""
        return self._queue.watched

    @property
    def pending(self) -> int:
        """Events that have been read and wait here; `get(0)` also looks at the connection."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """Events that were lost because nobody took them. After a loss, look at all of it."""
        return self._queue.dropped

    @property
    def merged(self) -> int:
        """Events that became one with another of the same path because nobody took them."""
        return self._queue.merged

    @property
    def closed(self) -> bool:
        """Whether this watch has ended."""
        return self._queue.closed

    async def get(self, timeout: float | None = None) -> Event:
        """The next event; waits for it. Cancelled, it takes none."""
        return await self._store._connection.next_event(self._queue, timeout)

    async def close(self) -> None:
        """End the watch (XS_UNWATCH); a second call does nothing. Waiting tasks end at once."""
        connection = self._store._connection
        if connection.unsubscribe(self._queue):
            await connection.unwatch(self._queue)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.get()
        except ValueError:
            if self._queue.closed:
                raise StopAsyncIteration from None
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, CancelledError | GeneratorExit):
            connection = self._store._connection
            if connection.unsubscribe(self._queue):
                connection.drop(self._queue)
        else:
            await self.close()

    def __del__(self) -> None:
        queue = getattr(self, "_queue", None)
        if queue is None or queue.closed or is_exiting():
            return
        if self._store._connection.drop(queue):
            warn(f"watch never closed: {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.pending} events pending"
        return f"<Watch {self.path!r}, {state}>"
