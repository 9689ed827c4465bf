"""XenBus: how the two ends of a device find each other, connect and part.

    from xensys.store import xenbus

    backend = xenbus.Backend(store, "vbd", frontend_domid=3, index=51712)
    while True:
        offer = backend.accept()                       # ring references and event port
        ring = ...                                     # map offer.ring_refs, bind offer.port
        backend.connected()
        backend.wait_while(xenbus.CONNECTED)           # until it closes, vanishes or begins anew
        ...                                            # unmap, unbind
        backend.close(timeout=10)

    frontend = xenbus.Frontend(store, "vbd", index=51712)
    frontend.connect({"ring-ref": ref, "event-channel": port}, timeout=10)

With asyncio the same under `await`: see `aio_xenbus`.

Each end has a directory of its own, and in it a node "state"; it reads the
other's. Both directories are made by a toolstack. References and ports are
numbers here, or whatever has `__index__`: who grants, maps and binds is above.

    frontend        backend
    Initialising    InitWait         the backend has said what it can do
    Initialised                      rings and ports are published
                    Connected        they are mapped and bound
    Connected
    Closing/Closed  Closing/Closed   either begins, the frontend is the first to be Closed

Some frontends (vif) go to Connected where others go to Initialised. A frontend
that was Closed begins anew with Initialising, and so does one whose driver died
and came back.

What the other end wrote may be anything. It is copied once and then checked;
what makes no sense is a `PeerError`, and no wait lasts longer than its timeout,
however often the other end changes its mind. Rules are those of
xen/include/public/io/xenbus.h and Linux drivers/xen/xenbus/xenbus_client.c.
"""

from __future__ import annotations

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
from xensys.store._scripts import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Self

    from xensys.store._handshake import Value
    from xensys.store._scripts import Script
    from xensys.store.client import Store

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
    """One end of a device; use `Frontend` or `Backend`. Holds nothing that needs closing.

    Attributes:
        store: where its nodes are.
        device: the kind: "vbd", "vif" …
        index: which one of these.
        path: its directory.
    """

    __slots__ = ("store",)

    def __init__(self, store: Store, device: str, index: int, path: str) -> None:
        super().__init__(device, index, path)
        self.store = store

    def _now(self) -> float:
        now: float = self.store.kernel.monotonic()
        return now

    def _within(self, body: Callable[[Any], Script[Any]]) -> Any:
        return self.store.in_transaction(lambda t: run(body(t)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    # Where

    @property
    def peer_domid(self) -> int:
        """The other end's domain, as the toolstack wrote it.

        Raises:
            NodeNotFoundError: the device is not there.
            PeerError: it is no domid.
        """
        return run(self._peer_domid())

    @property
    def peer_path(self) -> str:
        """The other end's directory; looked up once.

        Raises:
            NodeNotFoundError: the device is not there.
            PeerError: it is not within the other end's domain.
        """
        return run(self._peer_path())

    # States

    @property
    def state(self) -> State:
        """How far this end is; UNKNOWN if there is no node.

        Raises:
            PeerError: the node has something else.
        """
        return run(self._own_state())

    @property
    def peer_state(self) -> State:
        """How far the other end is; UNKNOWN if there is no node.

        Raises:
            PeerError: the node has something else.
            StorePermissionError: EACCES, it may not be read.
        """
        return run(self._peer_state())

    def switch(self, state: State, values: Mapping[str, Value] | None = None) -> None:
        """Publish values and tell one's state: all of it or, on any error, nothing.

        Args:
            state: the new state.
            values: node, relative to `path` → number, text or bytes.
        Raises:
            NodeNotFoundError: ENOENT, the toolstack has removed the device; nothing
                is made in its place.
            OverflowError: a number does not fit in 32 bits.
            TransactionConflictError: EAGAIN, others got in the way each time.
        """
        run(self._switch(state, values))

    def publish(self, values: Mapping[str, Value]) -> None:
        """Write values, and leave the state as it is; see `switch`."""
        run(self._tell(None, values))

    def wait_for_peer(
        self, *states: State, timeout: float | None = None, on_its_way: bool = False
    ) -> State:
        """Wait until the other end is in one of these states.

        Args:
            timeout: seconds; None waits.
            on_its_way: it was seen alive before. Unless it was, one that is
                Closed now is so from an earlier time, and may begin anew.
        Returns:
            The state.
        Raises:
            PeerClosedError: it was on its way, and has closed or is gone.
            PeerError: it wrote what is no state.
            StoreTimeoutError: it was not in time.
        """
        return run(self._wait_for_peer(states, timeout, on_its_way))

    def wait_while(self, *states: State, timeout: float | None = None) -> State:
        """Wait for as long as the other end is in one of these states.

        Args:
            timeout: seconds; None waits.
        Returns:
            Its next state. UNKNOWN: its nodes are gone, as when its domain died.
        Raises:
            PeerError: it wrote what is no state.
            StoreTimeoutError: it was still there.
        """
        return run(self._wait_while(states, timeout))

    # What the other end has written

    def peer_value(self, name: str, limit: int = 4096) -> bytes:
        """A value of the other end's.

        Args:
            limit: bytes of the longest that makes sense.
        Raises:
            NodeNotFoundError: it is not there.
            PeerError: it is longer.
        """
        return run(self._peer_value(name, limit))

    def peer_numbers(self, *names: str, low: int = 0, high: int = _U32) -> tuple[int, ...]:
        """Numbers of the other end's, all of one moment.

        Raises:
            NodeNotFoundError: one is not there.
            PeerError: one is not a number in low..high.
            TransactionConflictError: EAGAIN, it went on changing them.
        """
        return run(self._peer_numbers(names, low, high))


class Frontend(FrontendLogic, End):
    """The end within the guest.

    Args:
        store: of the guest.
        device: "vbd", "vif" …
        index: which one of these.
        domid: the guest's number; None is oneself, by a relative path.
    """

    __slots__ = ("domid",)

    def __init__(self, store: Store, device: str, index: int, *, domid: int | None = None) -> None:
        End.__init__(self, store, device, index, self._path(device, index, domid))
        self.domid = domid

    def connect(
        self,
        values: Mapping[str, Value],
        *,
        announce: State = INITIALISED,
        timeout: float | None = None,
    ) -> None:
        """Connect to the backend, also again after it or this end was closed.

        What an earlier run of this driver left behind is closed first.

        Args:
            values: node → reference, port, text; see `ring_nodes` for several pages.
            announce: the state that says they are published: CONNECTED for vif.
            timeout: seconds for all of it; None waits.
        Raises:
            PeerClosedError: the backend closed while it was waited for.
            PeerError: it wrote nonsense.
            StoreTimeoutError: it was not ready in time.
            NodeNotFoundError: the device is not there.
        """
        run(self._connect(values, announce, timeout))

    def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the backend does.

        Args:
            timeout: seconds that the backend has to follow; None waits.
        Raises:
            StoreTimeoutError: it did not.
            PeerError: it wrote nonsense.
        """
        run(self._part(timeout))


class Backend(BackendLogic, End):
    """The end that serves a guest.

    Args:
        store: of the backend's domain.
        device: "vbd", "vif" …
        frontend_domid: the guest.
        index: which one of its devices.
        domid: the backend's own number; None is oneself, by a relative path,
            which is right through the device only.
    """

    __slots__ = ("domid", "frontend_domid")

    def __init__(
        self, store: Store, device: str, frontend_domid: int, index: int, *, domid: int | None = 0
    ) -> None:
        End.__init__(self, store, device, index, self._path(device, frontend_domid, index, domid))
        self.domid = domid
        self.frontend_domid = frontend_domid

    @classmethod
    def find(cls, store: Store, device: str, *, domid: int | None = 0) -> Iterator[Self]:
        """The backends of a kind that a toolstack has made.

        To be told of new ones, watch "<home>/backend/<device>".
        """
        top = backends(device, domid)
        for guest in run(numbers(store, top)):
            for index in run(numbers(store, f"{top}/{guest}")):
                yield cls(store, device, guest, index, domid=domid)

    def accept(
        self,
        values: Mapping[str, Value] | None = None,
        *,
        ring: str = "ring-ref",
        port: str = "event-channel",
        max_order: int = _MAX_ORDER,
        timeout: float | None = None,
    ) -> Offer:
        """Wait for the frontend to publish, also again after it has closed.

        What an earlier run of this driver left behind is closed first: rings
        published for that one are not taken. Then map, bind, and call
        `connected()`, or `close()`.

        Args:
            values: node → what the backend can do, published before.
            ring, port: names of the frontend's nodes; several pages are
                "ring-page-order" and "ring-ref0" ….
            max_order: the largest ring that is taken, as a power of two of pages.
            timeout: seconds for all of it; None waits.
        Raises:
            PeerClosedError: the frontend closed while it was waited for.
            PeerError: it wrote nonsense.
            NodeNotFoundError: it did not publish what its state says, or the device is not there.
            TransactionConflictError: EAGAIN, it went on changing what it published.
            StoreTimeoutError: it was not ready in time.
        """
        return run(self._accept(values, ring, port, max_order, timeout))

    def connected(self) -> None:
        """The rings are mapped, the port is bound: tell the frontend."""
        self.switch(CONNECTED)

    def read_offer(
        self, *, ring: str = "ring-ref", port: str = "event-channel", max_order: int = _MAX_ORDER
    ) -> Offer:
        """What the frontend has published, all of one moment.

        Raises:
            NodeNotFoundError: it did not.
            PeerError: it makes no sense.
            TransactionConflictError: EAGAIN, it went on changing it.
        """
        return run(self._read_offer(ring, port, max_order))

    def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the frontend does.

        Args:
            timeout: seconds that the frontend has to be Closed first; None waits.
        Raises:
            StoreTimeoutError: it was not.
            PeerError: it wrote nonsense.
        """
        run(self._part(timeout))
