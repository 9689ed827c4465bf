"""XenBus with asyncio: `xenbus`, awaited.

    from xensys.store import aio, aio_xenbus

    async with aio.open() as store:
        backend = aio_xenbus.Backend(store, "vbd", frontend_domid=3, index=51712)
        offer = await backend.accept(timeout=10)
        ...
        await backend.connected()
        await backend.wait_while(aio_xenbus.CONNECTED)

Names, arguments, results and errors are those of `xenbus`, where each is
explained. What asks XenStore is awaited, attributes too: `await backend.state`.
A task may be cancelled anywhere: a transaction that it was in is undone, its
watch ended; the state that it had told stays told.
"""

from __future__ import annotations

import asyncio

from xensys.store._handshake import (
    _MAX_ORDER,
    _U32,
    CLOSED,
    CLOSING,
    CONNECTED,
    INIT_WAIT,
    INITIALISED,
    INITIALISING,
    RECONFIGURED,
    RECONFIGURING,
    UNKNOWN,
    BackendLogic,
    EndLogic,
    FrontendLogic,
    Offer,
    PeerClosedError,
    PeerError,
    State,
    backends,
    numbers,
    ring_nodes,
)
from xensys.store._scripts import run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from typing import Any, Self

    from xensys.store._handshake import Value
    from xensys.store._scripts import Script
    from xensys.store.aio import Store

__all__ = [
    "CLOSED",
    "CLOSING",
    "CONNECTED",
    "INITIALISED",
    "INITIALISING",
    "INIT_WAIT",
    "RECONFIGURED",
    "RECONFIGURING",
    "UNKNOWN",
    "Backend",
    "End",
    "Frontend",
    "Offer",
    "PeerClosedError",
    "PeerError",
    "State",
    "ring_nodes",
]


class End(EndLogic):
    """One end of a device; use `Frontend` or `Backend`. Holds nothing that needs closing."""

    __slots__ = ("store",)

    def __init__(self, store: Store, device: str, index: int, path: str) -> None:
        super().__init__(device, index, path)
        self.store = store

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _within(self, body: Callable[[Any], Script[Any]]) -> Any:
        return self.store.in_transaction(lambda t: run_async(body(t)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    @property
    def peer_domid(self) -> Awaitable[int]:
        """The other end's domain, as the toolstack wrote it."""
        return run_async(self._peer_domid())

    @property
    def peer_path(self) -> Awaitable[str]:
        """The other end's directory; looked up once."""
        return run_async(self._peer_path())

    @property
    def state(self) -> Awaitable[State]:
        """How far this end is; UNKNOWN if there is no node."""
        return run_async(self._own_state())

    @property
    def peer_state(self) -> Awaitable[State]:
        """How far the other end is; UNKNOWN if there is no node."""
        return run_async(self._peer_state())

    async def switch(self, state: State, values: Mapping[str, Value] | None = None) -> None:
        """Publish values and tell one's state: all of it or, on any error, nothing."""
        await run_async(self._switch(state, values))

    async def publish(self, values: Mapping[str, Value]) -> None:
        """Write values, and leave the state as it is; see `switch`."""
        await run_async(self._tell(None, values))

    async def wait_for_peer(
        self, *states: State, timeout: float | None = None, on_its_way: bool = False
    ) -> State:
        """Wait until the other end is in one of these states."""
        return await run_async(self._wait_for_peer(states, timeout, on_its_way))

    async def wait_while(self, *states: State, timeout: float | None = None) -> State:
        """Wait for as long as the other end is in one of these states."""
        return await run_async(self._wait_while(states, timeout))

    async def peer_value(self, name: str, limit: int = 4096) -> bytes:
        """A value of the other end's."""
        return await run_async(self._peer_value(name, limit))

    async def peer_numbers(self, *names: str, low: int = 0, high: int = _U32) -> tuple[int, ...]:
        """Numbers of the other end's, all of one moment."""
        return await run_async(self._peer_numbers(names, low, high))


class Frontend(FrontendLogic, End):
    """The end within the guest."""

    __slots__ = ("domid",)

    def __init__(self, store: Store, device: str, index: int, *, domid: int | None = None) -> None:
        End.__init__(self, store, device, index, self._path(device, index, domid))
        self.domid = domid

    async def connect(
        self,
        values: Mapping[str, Value],
        *,
        announce: State = INITIALISED,
        timeout: float | None = None,
    ) -> None:
        """Connect to the backend, also again after it or this end was closed."""
        await run_async(self._connect(values, announce, timeout))

    async def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the backend does."""
        await run_async(self._part(timeout))


class Backend(BackendLogic, End):
    """The end that serves a guest."""

    __slots__ = ("domid", "frontend_domid")

    def __init__(
        self, store: Store, device: str, frontend_domid: int, index: int, *, domid: int | None = 0
    ) -> None:
        End.__init__(self, store, device, index, self._path(device, frontend_domid, index, domid))
        self.domid = domid
        self.frontend_domid = frontend_domid

    @classmethod
    async def find(cls, store: Store, device: str, *, domid: int | None = 0) -> AsyncIterator[Self]:
        """The backends of a kind that a toolstack has made."""
        top = backends(device, domid)
        for guest in await run_async(numbers(store, top)):
            for index in await run_async(numbers(store, f"{top}/{guest}")):
                yield cls(store, device, guest, index, domid=domid)

    async def accept(
        self,
        values: Mapping[str, Value] | None = None,
        *,
        ring: str = "ring-ref",
        port: str = "event-channel",
        max_order: int = _MAX_ORDER,
        timeout: float | None = None,
    ) -> Offer:
        """Wait for the frontend to publish, also again after it has closed."""
        return await run_async(self._accept(values, ring, port, max_order, timeout))

    async def connected(self) -> None:
        """The rings are mapped, the port is bound: tell the frontend."""
        await self.switch(CONNECTED)

    async def read_offer(
        self, *, ring: str = "ring-ref", port: str = "event-channel", max_order: int = _MAX_ORDER
    ) -> Offer:
        """What the frontend has published, all of one moment."""
        return await run_async(self._read_offer(ring, port, max_order))

    async def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the frontend does."""
        await run_async(self._part(timeout))
