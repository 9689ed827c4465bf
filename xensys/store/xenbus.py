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

from _operator import index as as_index
from errno import ECONNRESET, EPROTO, ETIMEDOUT

from xensys._packing import check
from xensys.abi.io import xenbus as abi
from xensys.abi.io import xs_wire
from xensys.errors import (
    NodeNotFoundError,
    StoreError,
    StoreTimeoutError,
)
from xensys.hypercalls._records import Record
from xensys.store.protocol import checked_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self, SupportsIndex, TypeAlias

    from xensys.store.client import Store, Transaction, Verbs

    Value: TypeAlias = SupportsIndex | str | bytes

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
]

_NAMES = {
    value: name.removeprefix("XenbusState")
    for name, value in vars(abi).items()
    if name.startswith("XenbusState") and isinstance(value, int)
}
_U32 = 0xFFFF_FFFF
#: Digits of the longest number that is looked at.
_DIGITS = 20
#: Pages of a ring, as a power of two, unless told otherwise.
_MAX_ORDER = 4
#: Bytes of the longest protocol's name; "x86_64-abi" is one.
_PROTOCOL = 32


class State(int):
    """How far an end has got: an int with a name.

    Example:
        >>> CONNECTED
        <State 4 Connected>
    """

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        if value not in _NAMES:
            raise ValueError(f"there is no state {value}")
        return int.__new__(cls, value)

    @property
    def name(self) -> str:
        """As in xenbus.h, without its prefix."""
        return _NAMES[int(self)]

    def __repr__(self) -> str:
        return f"<State {int(self)} {self.name}>"


#: No "state" node, or nothing in it yet.
UNKNOWN = State(abi.XenbusStateUnknown)
INITIALISING = State(abi.XenbusStateInitialising)
INIT_WAIT = State(abi.XenbusStateInitWait)
INITIALISED = State(abi.XenbusStateInitialised)
CONNECTED = State(abi.XenbusStateConnected)
CLOSING = State(abi.XenbusStateClosing)
CLOSED = State(abi.XenbusStateClosed)
RECONFIGURING = State(abi.XenbusStateReconfiguring)
RECONFIGURED = State(abi.XenbusStateReconfigured)

_GONE = (UNKNOWN, CLOSING, CLOSED)


class PeerError(StoreError):
    """EPROTO: what the other end wrote makes no sense. Close the device; it may begin anew."""


class PeerClosedError(StoreError, ConnectionResetError):
    """ECONNRESET: the other end closed while it was waited for. XenStore's own connection is well."""


class Offer(Record):
    """What a frontend has published.

    Attributes:
        ring_refs: grant references of the ring's pages, in order.
        port: its unbound event channel.
        protocol: the layout of its ring ("x86_64-abi" …); None if it did not say.
    """

    __slots__ = ("port", "protocol", "ring_refs")

    ring_refs: tuple[int, ...]
    port: int
    protocol: str | None

    def __init__(self, ring_refs: tuple[int, ...], port: int, protocol: str | None) -> None:
        super().__init__(port, protocol, ring_refs)


class End:
    """One end of a device; use `Frontend` or `Backend`. Holds nothing that needs closing.

    Attributes:
        store: where its nodes are.
        device: the kind: "vbd", "vif" …
        index: which one of these.
        path: its directory.
    """

    __slots__ = ("_peer", "device", "index", "path", "store")

    #: Names of the nodes that say where the other end is.
    _peer_node = ""
    _peer_domid_node = ""

    def __init__(self, store: Store, device: str, index: int, path: str) -> None:
        self.store = store
        self.device = device
        self.index = index
        self.path = path
        self._peer: str | None = None

    # Where

    @property
    def peer_domid(self) -> int:
        """The other end's domain, as the toolstack wrote it.

        Raises:
            NodeNotFoundError: the device is not there.
            PeerError: it is no domid.
        """
        return self._number(self.store, f"{self.path}/{self._peer_domid_node}", 0, 0x7FEF)

    @property
    def peer_path(self) -> str:
        """The other end's directory; looked up once.

        Raises:
            NodeNotFoundError: the device is not there.
            PeerError: it is not within the other end's domain.
        """
        if self._peer is None:
            node = f"{self.path}/{self._peer_node}"
            raw = self.store.read(node)
            home = self._peer_home()
            try:
                text = checked_path(raw, xs_wire.XS_READ).decode("ascii")
            except StoreError:
                text = ""
            # A guest can write its own directory: it must not lead whoever reads it elsewhere.
            if not text.startswith(home):
                raise _peer_error(node, raw, f"a path beneath {home} is needed")
            self._peer = text
        return self._peer

    def _peer_home(self) -> str:
        raise NotImplementedError

    # States

    @property
    def state(self) -> State:
        """How far this end is; UNKNOWN if there is no node.

        Raises:
            PeerError: the node has something else.
        """
        return self._state(self.store, self.path)

    @property
    def peer_state(self) -> State:
        """How far the other end is; UNKNOWN if there is no node.

        Raises:
            PeerError: the node has something else.
            StorePermissionError: EACCES, it may not be read.
        """
        return self._state(self.store, self.peer_path)

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
        if not isinstance(state, State):
            raise TypeError(f"a State is needed, not {type(state).__name__}")
        self._tell(state, values)

    def publish(self, values: Mapping[str, Value]) -> None:
        """Write values, and leave the state as it is; see `switch`."""
        self._tell(None, values)

    def _tell(self, state: State | None, values: Mapping[str, Value] | None) -> None:
        nodes = {} if values is None else {name: _as_bytes(name, value) for name, value in values.items()}
        node = f"{self.path}/state"

        def body(t: Transaction) -> None:
            known = t.read(node)
            for name, value in nodes.items():
                t.write(f"{self.path}/{name}", value)
            if state is not None and known != b"%d" % state:
                t.write(node, b"%d" % state)

        self.store.in_transaction(body)

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
        return self._wait(
            lambda state: state in states, timeout, _list(states), give_up=True, alive=on_its_way
        )

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
        others = [State(value) for value in _NAMES if value not in states]
        return self._wait(lambda state: state not in states, timeout, _list(tuple(others)))

    # What the other end has written

    def peer_value(self, name: str, limit: int = 4096) -> bytes:
        """A value of the other end's.

        Args:
            limit: bytes of the longest that makes sense.
        Raises:
            NodeNotFoundError: it is not there.
            PeerError: it is longer.
        """
        node = f"{self.peer_path}/{name}"
        value = self.store.read(node)
        if len(value) > limit:
            raise _peer_error(node, value, f"{limit} bytes are allowed")
        return value

    def peer_numbers(self, *names: str, low: int = 0, high: int = _U32) -> tuple[int, ...]:
        """Numbers of the other end's, all of one moment.

        Raises:
            NodeNotFoundError: one is not there.
            PeerError: one is not a number in low..high.
            TransactionConflictError: EAGAIN, it went on changing them.
        """
        peer = self.peer_path
        return self.store.in_transaction(
            lambda t: tuple(self._number(t, f"{peer}/{name}", low, high) for name in names)
        )

    # Parting

    def _close(self, first: tuple[State, ...], timeout: float | None) -> None:
        """Closing, wait for the other, Closed. Its time may run out, its word be nonsense."""
        if self.state == CLOSED:
            return
        self.switch(CLOSING)
        try:
            self._wait(lambda state: state in first, timeout, _list(first))
        finally:
            self.switch(CLOSED)

    # Inside

    def _wait(
        self, wished: _Wish, timeout: float | None, what: str, *, give_up: bool = False, alive: bool = False
    ) -> State:
        now = self.store.kernel.monotonic
        deadline = None if timeout is None else now() + timeout
        node = f"{self.peer_path}/state"
        with self.store.watch(node) as watch:
            while True:
                state = self.peer_state
                if wished(state):
                    return state
                if state not in _GONE:
                    alive = True
                elif alive and give_up:
                    raise PeerClosedError(
                        ECONNRESET,
                        f"the other end is {state.name}, and {what} was waited for",
                        path=node,
                    )
                # Asked each time: a peer that writes all the time must not hold us here.
                left = None if deadline is None else deadline - now()
                try:
                    if left is not None and left <= 0:
                        raise StoreTimeoutError(ETIMEDOUT)
                    watch.get(left)
                except StoreTimeoutError:
                    raise StoreTimeoutError(
                        ETIMEDOUT,
                        f"the other end was {state.name} and not {what} within {timeout} s",
                        path=node,
                    ) from None
                for _ in range(watch.pending):
                    watch.get(0)  # one look does for all of them

    def _state(self, verbs: Verbs, path: str) -> State:
        node = f"{path}/state"
        try:
            raw = verbs.read(node)
        except NodeNotFoundError:
            return UNKNOWN
        if not raw:
            # As it is made, before anything is written.
            return UNKNOWN
        number = _parsed(raw)
        if number not in _NAMES:
            raise _peer_error(node, raw, "a state is needed")
        return State(number)

    def _number(self, verbs: Verbs, node: str, low: int, high: int) -> int:
        raw = verbs.read(node)
        number = _parsed(raw)
        if number is None or not low <= number <= high:
            raise _peer_error(node, raw, f"a number in {low}..{high} is needed")
        return number

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


class Frontend(End):
    """The end within the guest.

    Args:
        store: of the guest.
        device: "vbd", "vif" …
        index: which one of these.
        domid: the guest's number; None is oneself, by a relative path.
    """

    __slots__ = ("domid",)

    _peer_node = "backend"
    _peer_domid_node = "backend-id"

    def __init__(self, store: Store, device: str, index: int, *, domid: int | None = None) -> None:
        check(index, "Frontend", "index", 0, _U32)
        home = ""
        if domid is not None:
            check(domid, "Frontend", "domid", 0, 0x7FEF)
            home = f"/local/domain/{domid}/"
        self.domid = domid
        super().__init__(store, device, index, f"{home}device/{device}/{index}")

    def _peer_home(self) -> str:
        home = f"/local/domain/{self.peer_domid}/backend/{self.device}/"
        return home if self.domid is None else f"{home}{self.domid}/"

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
        left = _Deadline(self.store, timeout)
        nodes = {name: _as_bytes(name, value) for name, value in values.items()}
        if self.state not in (UNKNOWN, INITIALISING, CLOSED):
            self._close((CLOSING, CLOSED, UNKNOWN), left())
        self.switch(INITIALISING)
        self.wait_for_peer(INIT_WAIT, timeout=left())
        self.switch(announce, nodes)
        self.wait_for_peer(CONNECTED, timeout=left(), on_its_way=True)
        self.switch(CONNECTED)

    def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the backend does.

        Args:
            timeout: seconds that the backend has to follow; None waits.
        Raises:
            StoreTimeoutError: it did not.
            PeerError: it wrote nonsense.
        """
        self._close((CLOSING, CLOSED, UNKNOWN), timeout)


class Backend(End):
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

    _peer_node = "frontend"
    _peer_domid_node = "frontend-id"

    def __init__(
        self, store: Store, device: str, frontend_domid: int, index: int, *, domid: int | None = 0
    ) -> None:
        check(index, "Backend", "index", 0, _U32)
        check(frontend_domid, "Backend", "frontend_domid", 0, 0x7FEF)
        self.domid = domid
        self.frontend_domid = frontend_domid
        path = f"{_backends(device, domid)}/{frontend_domid}/{index}"
        super().__init__(store, device, index, path)

    @classmethod
    def find(cls, store: Store, device: str, *, domid: int | None = 0) -> Iterator[Self]:
        """The backends of a kind that a toolstack has made.

        To be told of new ones, watch "<home>/backend/<device>".
        """
        top = _backends(device, domid)
        for guest in _numbers(store, top):
            for index in _numbers(store, f"{top}/{guest}"):
                yield cls(store, device, guest, index, domid=domid)

    def _peer_home(self) -> str:
        # What we were told, and not what is written: a wrong node must not lead to another guest.
        return f"/local/domain/{self.frontend_domid}/"

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
        left = _Deadline(self.store, timeout)
        if self.state in (INITIALISED, CONNECTED, RECONFIGURING, RECONFIGURED, CLOSING):
            self.close(left())
        began = self.state == CLOSED
        if began:
            # Its Closed is of the time before; with Initialising it begins anew.
            self.wait_for_peer(INITIALISING, timeout=left())
        self.switch(INIT_WAIT, values)
        self.wait_for_peer(INITIALISED, CONNECTED, timeout=left(), on_its_way=began)
        return self.read_offer(ring=ring, port=port, max_order=max_order)

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
        peer = self.peer_path

        def body(t: Transaction) -> Offer:
            try:
                order = self._number(t, f"{peer}/ring-page-order", 0, max_order)
            except NodeNotFoundError:
                names = [ring]
            else:
                single = order == 0 and t.exists(f"{peer}/{ring}")
                names = [ring] if single else [f"{ring}{page}" for page in range(1 << order)]
            refs = tuple(self._number(t, f"{peer}/{name}", 0, _U32) for name in names)
            if len(set(refs)) != len(refs):
                raise _peer_error(f"{peer}/{ring}", b"", "a page is there twice")
            number = self._number(t, f"{peer}/{port}", 1, _U32)
            return Offer(refs, number, _protocol(t, f"{peer}/protocol"))

        return self.store.in_transaction(body)

    def close(self, timeout: float | None = None) -> None:
        """Part: this end is Closed then, whatever the frontend does.

        Args:
            timeout: seconds that the frontend has to be Closed first; None waits.
        Raises:
            StoreTimeoutError: it was not.
            PeerError: it wrote nonsense.
        """
        # One that is Initialising has begun anew already: it was Closed when nobody looked.
        self._close((CLOSED, UNKNOWN, INITIALISING), timeout)


def ring_nodes(refs: tuple[SupportsIndex, ...], ring: str = "ring-ref") -> dict[str, SupportsIndex]:
    """The nodes for a ring of these pages: "ring-ref", or "ring-page-order" and "ring-ref0" ….

    Args:
        refs: grant references; as many as a power of two.
    """
    order = len(refs).bit_length() - 1
    if len(refs) != 1 << max(order, 0):
        raise ValueError(f"a ring has a power of two of pages, not {len(refs)}")
    if order == 0:
        return {ring: refs[0]}
    return {"ring-page-order": order} | {f"{ring}{page}": ref for page, ref in enumerate(refs)}


if TYPE_CHECKING:
    from collections.abc import Callable

    _Wish: TypeAlias = Callable[[State], bool]


class _Deadline:
    """What is left of a timeout."""

    __slots__ = ("_at", "_now")

    def __init__(self, store: Store, timeout: float | None) -> None:
        self._now = store.kernel.monotonic
        self._at = None if timeout is None else self._now() + timeout

    def __call__(self) -> float | None:
        return None if self._at is None else max(self._at - self._now(), 0.0)


def _backends(device: str, domid: int | None) -> str:
    if domid is None:
        return f"backend/{device}"
    check(domid, "Backend", "domid", 0, 0x7FEF)
    return f"/local/domain/{domid}/backend/{device}"


def _numbers(store: Store, path: str) -> list[int]:
    """The children whose names are numbers."""
    try:
        names = store.directory(path)
    except NodeNotFoundError:
        return []
    found = [_parsed(name.encode("ascii", "surrogateescape")) for name in names]
    return sorted(number for number in found if number is not None and number <= _U32)


def _parsed(raw: bytes) -> int | None:
    """A decimal number as drivers write it; None if it is none.

    A NUL at its end is let pass, for there are frontends that write it.
    """
    digits = raw.removesuffix(b"\0")
    # bytes.isdigit() knows ASCII's only.
    return int(digits) if digits.isdigit() and len(digits) <= _DIGITS else None


def _protocol(verbs: Verbs, node: str) -> str | None:
    try:
        raw = verbs.read(node)
    except NodeNotFoundError:
        return None
    text = raw.removesuffix(b"\0").decode("ascii", "replace")
    if len(raw) > _PROTOCOL or not text.isascii() or not text.isprintable():
        raise _peer_error(node, raw, "a protocol's name is needed")
    return text


def _as_bytes(name: str, value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    check(value, "XenBus", name, 0, _U32)
    return b"%d" % as_index(value)


def _peer_error(node: str, raw: bytes, needed: str) -> PeerError:
    shown = repr(raw) if len(raw) <= 40 else f"{raw[:40]!r}… ({len(raw)} bytes)"
    return PeerError(EPROTO, f"{shown} in {node[-100:]}: {needed}", path=node)


def _list(states: tuple[State, ...]) -> str:
    return " or ".join(state.name for state in states)
