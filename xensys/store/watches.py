"""Watches: being told that something changed at a node or beneath it.

Start at `Store.watch()`. An event says "look again" and no more: it carries
no value, several changes may come as one, and some come though nothing
changed (the first one does, so that a watch and a first look are one loop).

Queues are bounded, as a guest can make events faster than anybody can read
them. In a full queue events of the same path become one; when that does not
help, the oldest is dropped and counted.
"""

from __future__ import annotations

from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting
from xensys.abi.io import xs_wire as abi
from xensys.store.protocol import Request
from xensys.store.session import Waitable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Self

    from xensys.errors import StoreError
    from xensys.store.client import Store
else:
    # Where `collections` has it from, without the rest of that.
    from _collections import deque

__all__ = ["QUEUE_LIMIT", "Event", "EventQueue", "Watch"]

#: Events that a queue holds unless told otherwise.
QUEUE_LIMIT = 1024


class Event(tuple[str, str]):
    """Something may have changed. Compared by value; never changes.

    Attributes:
        path: where; relative if the watch's was. A change far up, as the
            removal of a parent, is told as one of the watched node.
        watched: the path that the watch was asked for.
    """

    __slots__ = ()

    def __new__(cls, path: str, watched: str) -> Self:
        return tuple.__new__(cls, (path, watched))

    def __getnewargs__(self) -> tuple[str, str]:
        return self[0], self[1]

    @property
    def path(self) -> str:
        """Where; relative if the watch's path was."""
        return self[0]

    @property
    def watched(self) -> str:
        """The path that the watch was asked for."""
        return self[1]

    def __repr__(self) -> str:
        return f"Event({self[0]!r}, watched={self[1]!r})"


class EventQueue(Waitable):
    """The events of one watch that nobody has taken yet; no I/O, no lock.

    Attributes:
        path, token, depth: as the daemon was told.
        watched: the path as text.
        limit: most events it holds.
        merged: events that became one with another, for want of room.
        dropped: events that were lost, for want of room.
        closed: the watch has ended.
        error: why the watch could not be set up again after a reconnection.
    """

    __slots__ = (
        "_count", "_paths", "closed", "depth", "dropped", "error", "limit", "merged", "path", "token",
        "watched",
    )  # fmt: skip

    def __init__(
        self, path: bytes, token: bytes, depth: int | None = None, limit: int = QUEUE_LIMIT
    ) -> None:
        super().__init__()
        if limit < 1:
            raise ValueError(f"a queue needs room for one event at least, not {limit}")
        self.path = path
        self.token = token
        self.depth = depth
        self.limit = limit
        self.merged = 0
        self.dropped = 0
        self.closed = False
        self.error: StoreError | None = None
        self.watched = path.decode("ascii", "surrogateescape")
        self._paths: deque[bytes] = deque()
        #: How often each path is in the queue.
        self._count: dict[bytes, int] = {}

    @property
    def ready(self) -> bool:
        """Whether there is an event to take, or none will come."""
        return bool(self._paths) or self.closed or self.error is not None

    def __len__(self) -> int:
        return len(self._paths)

    def push(self, path: bytes) -> None:
        """An event came."""
        paths, count = self._paths, self._count
        if len(paths) >= self.limit:
            if path in count:
                # The one in the queue makes its reader look as well.
                self.merged += 1
                return
            if len(count) < len(paths):
                self.merged += len(paths) - len(count)
                # The last of each stays: in the order of latest news.
                paths = self._paths = deque(reversed(dict.fromkeys(reversed(paths))))
                self._count = count = dict.fromkeys(paths, 1)
            else:
                self.dropped += 1
                del count[paths.popleft()]
        paths.append(path)
        count[path] = count.get(path, 0) + 1

    def pop(self) -> Event | None:
        """The oldest event; None if there is none."""
        if not self._paths:
            return None
        path = self._paths.popleft()
        left = self._count.pop(path) - 1
        if left:
            self._count[path] = left
        return Event(path.decode("ascii", "surrogateescape"), self.watched)

    def unwatch(self) -> Request:
        """The request that ends this watch."""
        return Request(abi.XS_UNWATCH, b"%b\0%b\0" % (self.path, self.token), 0, self.path)

    def __repr__(self) -> str:
        return f"<EventQueue {self.watched!r}, {len(self)} pending, {self.dropped} dropped>"


class Watch(OneOfAKind):
    """A watch that is set up; an iterator of its events. Made by `Store.watch()`.

    May be used from many threads: each event goes to one of them. A context
    manager: the watch ends with it. One that is dropped without that is a
    ResourceWarning, and is ended with the next request of its store.

    Iterating waits for events without end. It stops when this watch is closed;
    when the connection ends it raises, after the events that came before.
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

    def get(self, timeout: float | None = None) -> Event:
        """The next event; waits for it.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Raises:
            StoreTimeoutError: none came in time.
            StoreConnectionError: the connection has ended, and all events are taken.
            StoreError: the watch could not be set up again after a reconnection.
        """
        return self._store._connection.next_event(self._queue, timeout)

    def close(self) -> None:
        """End the watch (XS_UNWATCH); a second call does nothing.

        Waiting threads end at once. Events that nobody took are gone.

        Raises:
            StoreTimeoutError: the daemon does not answer; the watch has ended for us.
        """
        connection = self._store._connection
        if connection.unsubscribe(self._queue):
            connection.unwatch(self._queue)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        try:
            return self.get()
        except ValueError:
            if self._queue.closed:
                raise StopIteration from None
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        queue = getattr(self, "_queue", None)
        if queue is None or queue.closed or is_exiting():
            return
        # No lock and no I/O here: a collection may start anywhere.
        if self._store._connection.drop(queue):
            warn(f"watch never closed: {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.pending} events pending"
        return f"<Watch {self.path!r}, {state}>"
