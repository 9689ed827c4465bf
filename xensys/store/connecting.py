"""XenBus with real grants and ports: the two ends of a device, connected.

    from xensys.store import connecting, xenbus

    frontend = xenbus.Frontend(xen.store, "echo", index=0)
    with connecting.connect(frontend, xen.grants, xen.events, prepare=init) as channel:
        channel.port.notify()
        ...                                        # channel.memory, what init returned: channel.ring

    backend = xenbus.Backend(xen.store, "echo", frontend_domid=3, index=0)
    with connecting.accept(backend, xen.grants, xen.events) as channel:
        ...

The frontend shares its pages and opens a port for the backend's domain; the
backend maps and binds them, and then says Connected. Whatever fails, nothing
stays shared, mapped or bound. With asyncio: `connect_async` and `accept_async`,
for ends of `aio_xenbus`.

What lies in the pages was written by the other end: copy, then check, then use.
"""

from __future__ import annotations

from xensys.store._handshake import CONNECTED, INITIALISED, ring_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

    from xensys.events import Events, Port
    from xensys.memory.grant import GrantMapping, Grants, Share
    from xensys.store import aio_xenbus, xenbus
    from xensys.store._handshake import Offer, State, Value

    Prepare = Callable[[Share], Any]

__all__ = ["Channel", "accept", "accept_async", "connect", "connect_async"]

#: As long as the other end's memory stays there for us, its domain cannot go away.
_PAGES = 1


class Channel:
    """Memory and a port that two ends share. A context manager: closes both.

    Attributes:
        memory: a `Share` of the frontend, a `GrantMapping` of the backend.
        port: bound to the other end's.
        ring: what `prepare` made of the memory; None if there was none.
    """

    __slots__ = ("memory", "port", "ring")

    def __init__(self, memory: Share | GrantMapping, port: Port, ring: Any = None) -> None:
        self.memory = memory
        self.port = port
        self.ring = ring

    def close(self, *, revoke: bool = True) -> None:
        """Unbind, then unmap; a second call does nothing.

        Args:
            revoke: also if there are views, as those of a ring.
        Raises:
            BufferError: there are views, and not `revoke`; the port is closed.
        """
        try:
            self.port.close()
        finally:
            self.memory.close(revoke=revoke)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Channel {self.memory!r}, {self.port!r}>"


def connect(
    frontend: xenbus.Frontend,
    grants: Grants,
    events: Events,
    *,
    pages: int = _PAGES,
    prepare: Prepare | None = None,
    values: Mapping[str, Value] | None = None,
    ring: str = "ring-ref",
    port: str = "event-channel",
    announce: State = INITIALISED,
    timeout: float | None = None,
) -> Channel:
    """Share pages and a port with the backend, publish them, and wait until it has them.

    Args:
        pages: of 4 KiB, a power of two.
        prepare: called with the memory before anybody sees it, as `FrontRing.init`.
        values: more nodes to publish, e.g. "protocol".
        ring, port: names of the nodes.
        announce, timeout: as for `Frontend.connect`.
    Raises:
        ValueError: not a power of two.
        As `Frontend.connect`, `Grants.share` and `Events.bind_unbound`.
    """
    channel, nodes = _offer(frontend.peer_domid, grants, events, pages, prepare, values, ring, port)
    try:
        frontend.connect(nodes, announce=announce, timeout=timeout)
    except BaseException:
        channel.close()
        raise
    return channel


async def connect_async(
    frontend: aio_xenbus.Frontend,
    grants: Grants,
    events: Events,
    *,
    pages: int = _PAGES,
    prepare: Prepare | None = None,
    values: Mapping[str, Value] | None = None,
    ring: str = "ring-ref",
    port: str = "event-channel",
    announce: State = INITIALISED,
    timeout: float | None = None,
) -> Channel:
    """`connect`, awaited."""
    domid = await frontend.peer_domid
    channel, nodes = _offer(domid, grants, events, pages, prepare, values, ring, port)
    try:
        await frontend.connect(nodes, announce=announce, timeout=timeout)
    except BaseException:
        channel.close()
        raise
    return channel


def accept(
    backend: xenbus.Backend,
    grants: Grants,
    events: Events,
    *,
    values: Mapping[str, Value] | None = None,
    ring: str = "ring-ref",
    port: str = "event-channel",
    max_order: int = 4,
    timeout: float | None = None,
) -> Channel:
    """Wait for the frontend's pages and port, map and bind them, and say Connected.

    Args: as for `Backend.accept`.
    Raises:
        GrantMapError: what it published cannot be mapped.
        XenError: EINVAL, its port waits for nobody, or not for us.
        As `Backend.accept`.
    """
    offer = backend.accept(values, ring=ring, port=port, max_order=max_order, timeout=timeout)
    channel = _take(backend.frontend_domid, offer, grants, events)
    try:
        backend.switch(CONNECTED)
    except BaseException:
        channel.close()
        raise
    return channel


async def accept_async(
    backend: aio_xenbus.Backend,
    grants: Grants,
    events: Events,
    *,
    values: Mapping[str, Value] | None = None,
    ring: str = "ring-ref",
    port: str = "event-channel",
    max_order: int = 4,
    timeout: float | None = None,
) -> Channel:
    """`accept`, awaited."""
    offer = await backend.accept(values, ring=ring, port=port, max_order=max_order, timeout=timeout)
    channel = _take(backend.frontend_domid, offer, grants, events)
    try:
        await backend.switch(CONNECTED)
    except BaseException:
        channel.close()
        raise
    return channel


def _offer(
    domid: int,
    grants: Grants,
    events: Events,
    pages: int,
    prepare: Prepare | None,
    values: Mapping[str, Value] | None,
    ring: str,
    port: str,
) -> tuple[Channel, dict[str, Value]]:
    """Pages and a port for the backend's domain, and the nodes that tell of them."""
    memory = grants.share(domid, pages, write=True)
    try:
        nodes: dict[str, Value] = {**ring_nodes(memory.refs, ring), **(values or {})}
        # Before it is published: from then on the other end writes there too.
        made = None if prepare is None else prepare(memory)
        bound = events.bind_unbound(domid)
    except BaseException:
        memory.close(revoke=True)
        raise
    nodes[port] = bound
    return Channel(memory, bound, made), nodes


def _take(domid: int, offer: Offer, grants: Grants, events: Events) -> Channel:
    """What a frontend has offered, mapped and bound."""
    memory = grants.map(domid, offer.ring_refs, write=True)
    try:
        bound = events.bind_interdomain(domid, offer.port)
    except BaseException:
        memory.close(revoke=True)
        raise
    return Channel(memory, bound)
