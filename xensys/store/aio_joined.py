"""Watches of the asyncio client that are waited for together; see `_joined`."""

from __future__ import annotations

import asyncio

from xensys.store._joined import Joined
from xensys.store._scripts import run_async
from xensys.store.watches import QUEUE_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xensys.store.aio import Store
    from xensys.store.plans import Path
    from xensys.store.watches import Event

__all__ = ["JoinedWatches"]


class JoinedWatches(Joined):
    """Watches that are waited for together, by any number of tasks; see `_joined.JoinedWatches`."""

    __slots__ = ()

    def __init__(self, store: Store, *, limit: int = QUEUE_LIMIT) -> None:
        super().__init__(store, limit)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def add(self, path: Path, tag: object = None) -> bytes:
        """Watch one more path; a token for `remove`."""
        return await run_async(self._add(path, tag))

    async def remove(self, token: bytes) -> None:
        """End the watch with this token; its events that nobody took are gone."""
        await run_async(self._remove(token))

    async def get(self, timeout: float | None = None) -> tuple[Any, Event]:
        """The next event, with its watch's tag; waits for it. Cancelled, it takes none."""
        return await run_async(self._get(timeout))

    async def close(self) -> None:
        """End all of them; a second call does nothing. Waiting tasks end with an error."""
        await run_async(self._close())

    def discard(self) -> None:
        """End all of them without waiting."""
        if not self.closed:
            self._store._connection.unsubscribe(self._pool)
            self._drop()
