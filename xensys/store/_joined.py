"""Several watches that are waited for together: each event says whose it is.

A daemon's connection wakes up who waits for one queue. Here every watch has a
queue of its own, so that it is set up again after a reconnection as any other,
but these pass their events on to one that is read.
"""

from __future__ import annotations

from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting
from xensys.abi.io import xs_wire as abi
from xensys.store import plans
from xensys.store._scripts import run
from xensys.store.protocol import checked_path
from xensys.store.watches import QUEUE_LIMIT, Event, EventQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from xensys.errors import StoreError
    from xensys.store._scripts import Script
    from xensys.store.client import Store
    from xensys.store.plans import Path

__all__ = ["Joined", "JoinedWatches"]


class _Pool(EventQueue):
    """All their events. Its "paths" have the token of the watch in front: so only its own are merged."""

    __slots__ = ("members",)

    def __init__(self, limit: int) -> None:
        #: token → queue.
        self.members: dict[bytes, _Member] = {}
        super().__init__(b"", b"", None, limit)

    @property
    def error(self) -> StoreError | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Of those that could not be set up again the first one's."""
        return next((member.error for member in tuple(self.members.values()) if member.error), None)

    @error.setter
    def error(self, error: object) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        pass  # it is no watch


class _Member(EventQueue):
    """One watch's queue, which holds nothing."""

    __slots__ = ("_pool", "tag")

    def __init__(self, path: bytes, token: bytes, pool: _Pool, tag: object) -> None:
        super().__init__(path, token)
        self._pool = pool
        #: What its events come with.
        self.tag = tag
        # Who waits for the pool is woken up by this one.
        self.waiting = pool.waiting

    def push(self, path: bytes) -> None:
        """See `EventQueue`."""
        self._pool.push(b"%b\0%b" % (self.token, path))

    def __len__(self) -> int:
        # One of them speaks for all when a selector asks how much there is to take.
        first = next(iter(self._pool.members.values()), None)
        return len(self._pool) if first is self else 0


class Joined(OneOfAKind):
    """What the two faces have in common; `_go` carries out a script."""

    __slots__ = ("__weakref__", "_pool", "_store")

    def __init__(self, store: Any, limit: int) -> None:
        self._store = store
        self._pool = _Pool(limit)

    @property
    def pending(self) -> int:
        """Events that have been read and wait here."""
        return len(self._pool)

    @property
    def closed(self) -> bool:
        """Whether they have ended."""
        return self._pool.closed

    def _now(self) -> float:
        raise NotImplementedError

    def _add(self, path: Path, tag: object) -> Script[bytes]:
        connection, pool = self._store._connection, self._pool
        if pool.closed:
            raise ValueError("these watches are closed")
        queue = _Member(
            checked_path(path, abi.XS_WATCH), connection.new_token(), pool, path if tag is None else tag
        )
        pool.members[queue.token] = queue
        try:
            # Before the request: an event may come before its reply.
            connection.subscribe(queue)
            yield self._store._run(plans.watch(queue.path, queue.token))
        except BaseException:
            pool.members.pop(queue.token, None)
            if not self._store.closed:
                connection.forget(queue)
            raise
        return queue.token

    def _remove(self, token: bytes) -> Script[None]:
        queue = self._pool.members.pop(token, None)
        connection = self._store._connection
        if queue is not None and connection.unsubscribe(queue):
            yield connection.unwatch(queue)

    def _get(self, timeout: float | None) -> Script[tuple[Any, Event]]:
        deadline = None if timeout is None else self._now() + timeout
        while True:
            left = None if deadline is None else max(deadline - self._now(), 0.0)
            event: Event = yield self._store._connection.next_event(self._pool, left)
            token, _, path = event.path.partition("\0")
            member = self._pool.members.get(token.encode())
            # Of a watch that has ended since there may be some left.
            if member is not None:
                return member.tag, Event(path, member.watched)

    def _close(self) -> Script[None]:
        if not self._pool.closed:
            self._store._connection.unsubscribe(self._pool)
        for token in tuple(self._pool.members):
            yield from self._remove(token)

    def _drop(self) -> bool:
        """End all of them without waiting, as a finalizer may; whether there was any."""
        pool = self._pool
        pool.closed = True
        dropped = [self._store._connection.drop(queue) for queue in tuple(pool.members.values())]
        return any(dropped)

    def __del__(self) -> None:
        pool = getattr(self, "_pool", None)
        if pool is None or pool.closed or is_exiting():
            return
        # No lock and no I/O here: a collection may start anywhere.
        if self._drop():
            warn(f"watches never closed: {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.pending} events pending"
        return f"<JoinedWatches {[member.watched for member in self._pool.members.values()]}, {state}>"


class JoinedWatches(Joined):
    """Watches that are waited for together. Thread-safe; a context manager.

    Dropped without `close()` it is a ResourceWarning, and its watches are ended
    with the next request of its store.
    """

    __slots__ = ()

    def __init__(self, store: Store, *paths: Path, limit: int = QUEUE_LIMIT) -> None:
        """Set up watches, all or none.

        Args:
            paths: to be watched from the beginning; more can be added.
            limit: events that are kept for a reader who does not come.
        """
        super().__init__(store, limit)
        try:
            for path in paths:
                self.add(path)
        except BaseException:
            self.close()
            raise

    def _now(self) -> float:
        return self._store.kernel.monotonic()  # type: ignore[no-any-return]

    def add(self, path: Path, tag: object = None) -> bytes:
        """Watch one more path; a token for `remove`.

        Args:
            tag: what its events come with; its own path as given unless it is told.
        Raises:
            StoreError: as `Store.watch`.
        """
        return run(self._add(path, tag))

    def remove(self, token: bytes) -> None:
        """End the watch with this token; its events that nobody took are gone."""
        run(self._remove(token))

    def get(self, timeout: float | None = None) -> tuple[Any, Event]:
        """The next event, with its watch's tag; waits for it.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Raises:
            StoreTimeoutError: none came in time.
            StoreConnectionError: the connection has ended, and all events are taken.
            StoreError: a watch could not be set up again after a reconnection.
        """
        return run(self._get(timeout))

    def close(self) -> None:
        """End all of them; a second call does nothing. Waiting threads end with an error."""
        run(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
