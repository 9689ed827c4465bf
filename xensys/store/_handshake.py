"""XenBus: what each end does, for both faces; see `xenbus`, which explains it.

Scripts (see `_scripts`): the synchronous and the asyncio face carry out the same.
"""

from __future__ import annotations

from _operator import index as as_index
from errno import ECONNRESET, EPROTO, ETIMEDOUT

from xensys._packing import check
from xensys.abi.io import xenbus as abi
from xensys.abi.io import xs_wire
from xensys.errors import NodeNotFoundError, StoreError, StoreTimeoutError
from xensys.hypercalls._records import Record
from xensys.store.protocol import checked_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self, SupportsIndex, TypeAlias

    from xensys.store._scripts import Script

    Value: TypeAlias = SupportsIndex | str | bytes
    _Wish: TypeAlias = Callable[["State"], bool]

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


class EndLogic:
    """One end of a device.

    Attributes:
        store: where its nodes are.
        device: the kind: "vbd", "vif" …
        index: which one of these.
        path: its directory.
    """

    __slots__ = ("_peer", "device", "index", "path")

    #: Names of the nodes that say where the other end is.
    _peer_node = ""
    _peer_domid_node = ""
    #: Either store.
    store: Any

    def __init__(self, device: str, index: int, path: str) -> None:
        self.device = device
        self.index = index
        self.path = path
        self._peer: str | None = None

    def _now(self) -> float:
        raise NotImplementedError

    def _within(self, body: Callable[[Any], Script[Any]]) -> Any:
        """A script of one transaction, to be yielded."""
        raise NotImplementedError

    def _peer_home(self) -> Script[str]:
        raise NotImplementedError

    def _peer_domid(self) -> Script[int]:
        return _number(self.store, f"{self.path}/{self._peer_domid_node}", 0, 0x7FEF)

    def _peer_path(self) -> Script[str]:
        if self._peer is None:
            node = f"{self.path}/{self._peer_node}"
            raw: bytes = yield self.store.read(node)
            home = yield from self._peer_home()
            try:
                text = checked_path(raw, xs_wire.XS_READ).decode("ascii")
            except StoreError:
                text = ""
            # A guest can write its own directory: it must not lead whoever reads it elsewhere.
            if not text.startswith(home):
                raise _peer_error(node, raw, f"a path beneath {home} is needed")
            self._peer = text
        return self._peer

    def _own_state(self) -> Script[State]:
        return _state(self.store, self.path)

    def _peer_state(self) -> Script[State]:
        path = yield from self._peer_path()
        return (yield from _state(self.store, path))

    def _switch(self, state: State, values: Mapping[str, Value] | None = None) -> Script[None]:
        if not isinstance(state, State):
            raise TypeError(f"a State is needed, not {type(state).__name__}")
        return self._tell(state, values)

    def _tell(self, state: State | None, values: Mapping[str, Value] | None) -> Script[None]:
        nodes = {} if values is None else {name: _as_bytes(name, value) for name, value in values.items()}
        node = f"{self.path}/state"

        def body(t: Any) -> Script[None]:
            known = yield t.read(node)
            for name, value in nodes.items():
                yield t.write(f"{self.path}/{name}", value)
            if state is not None and known != b"%d" % state:
                yield t.write(node, b"%d" % state)

        yield self._within(body)

    def _wait_for_peer(
        self, states: tuple[State, ...], timeout: float | None, on_its_way: bool = False
    ) -> Script[State]:
        return self._wait(
            lambda state: state in states, timeout, _list(states), give_up=True, alive=on_its_way
        )

    def _wait_while(self, states: tuple[State, ...], timeout: float | None) -> Script[State]:
        others = [State(value) for value in _NAMES if value not in states]
        return self._wait(lambda state: state not in states, timeout, _list(tuple(others)))

    def _peer_value(self, name: str, limit: int) -> Script[bytes]:
        path = yield from self._peer_path()
        node = f"{path}/{name}"
        value: bytes = yield self.store.read(node)
        if len(value) > limit:
            raise _peer_error(node, value, f"{limit} bytes are allowed")
        return value

    def _peer_numbers(self, names: tuple[str, ...], low: int, high: int) -> Script[tuple[int, ...]]:
        peer = yield from self._peer_path()

        def body(t: Any) -> Script[tuple[int, ...]]:
            found = []
            for name in names:
                found.append((yield from _number(t, f"{peer}/{name}", low, high)))
            return tuple(found)

        found: tuple[int, ...] = yield self._within(body)
        return found

    def _close(self, first: tuple[State, ...], timeout: float | None) -> Script[None]:
        """Closing, wait for the other, Closed. Its time may run out, its word be nonsense."""
        if (yield from self._own_state()) == CLOSED:
            return
        yield from self._switch(CLOSING)
        try:
            yield from self._wait(lambda state: state in first, timeout, _list(first))
        except Exception:
            yield from self._switch(CLOSED)
            raise
        yield from self._switch(CLOSED)

    def _wait(
        self, wished: _Wish, timeout: float | None, what: str, *, give_up: bool = False, alive: bool = False
    ) -> Script[State]:
        left = _Left(self._now, timeout)
        path = yield from self._peer_path()
        node = f"{path}/state"
        watch = yield self.store.watch(node)
        try:
            while True:
                state = yield from self._peer_state()
                if wished(state):
                    break
                if state not in _GONE:
                    alive = True
                elif alive and give_up:
                    raise PeerClosedError(
                        ECONNRESET,
                        f"the other end is {state.name}, and {what} was waited for",
                        path=node,
                    )
                try:
                    rest = left()
                    # Asked each time: a peer that writes all the time must not hold us here.
                    if rest == 0:
                        raise StoreTimeoutError(ETIMEDOUT)
                    yield watch.get(rest)
                except StoreTimeoutError:
                    raise StoreTimeoutError(
                        ETIMEDOUT,
                        f"the other end was {state.name} and not {what} within {timeout} s",
                        path=node,
                    ) from None
                for _ in range(watch.pending):
                    yield watch.get(0)  # one look does for all of them
        except Exception:
            yield watch.close()
            raise
        except BaseException:
            # A task that is cancelled or thrown away: nobody is there to wait for a reply.
            self.store._connection.drop(watch._queue)
            raise
        yield watch.close()
        return state


class FrontendLogic(EndLogic):
    """The end within the guest."""

    __slots__ = ()

    _peer_node = "backend"
    _peer_domid_node = "backend-id"
    domid: int | None

    @staticmethod
    def _path(device: str, index: int, domid: int | None) -> str:
        check(index, "Frontend", "index", 0, _U32)
        if domid is None:
            return f"device/{device}/{index}"
        check(domid, "Frontend", "domid", 0, 0x7FEF)
        return f"/local/domain/{domid}/device/{device}/{index}"

    def _peer_home(self) -> Script[str]:
        domid = yield from self._peer_domid()
        home = f"/local/domain/{domid}/backend/{self.device}/"
        return home if self.domid is None else f"{home}{self.domid}/"

    def _connect(self, values: Mapping[str, Value], announce: State, timeout: float | None) -> Script[None]:
        left = _Left(self._now, timeout)
        nodes = {name: _as_bytes(name, value) for name, value in values.items()}
        if (yield from self._own_state()) not in (UNKNOWN, INITIALISING, CLOSED):
            yield from self._part(left())
        yield from self._switch(INITIALISING)
        yield from self._wait_for_peer((INIT_WAIT,), left())
        yield from self._switch(announce, nodes)
        yield from self._wait_for_peer((CONNECTED,), left(), on_its_way=True)
        yield from self._switch(CONNECTED)

    def _part(self, timeout: float | None) -> Script[None]:
        return self._close((CLOSING, CLOSED, UNKNOWN), timeout)


class BackendLogic(EndLogic):
    """The end that serves a guest."""

    __slots__ = ()

    _peer_node = "frontend"
    _peer_domid_node = "frontend-id"
    frontend_domid: int

    @staticmethod
    def _path(device: str, frontend_domid: int, index: int, domid: int | None) -> str:
        check(index, "Backend", "index", 0, _U32)
        check(frontend_domid, "Backend", "frontend_domid", 0, 0x7FEF)
        return f"{backends(device, domid)}/{frontend_domid}/{index}"

    def _peer_home(self) -> Script[str]:
        # What we were told, and not what is written: a wrong node must not lead to another guest.
        yield from ()
        return f"/local/domain/{self.frontend_domid}/"

    def _accept(
        self,
        values: Mapping[str, Value] | None,
        ring: str,
        port: str,
        max_order: int,
        timeout: float | None,
    ) -> Script[Offer]:
        left = _Left(self._now, timeout)
        state = yield from self._own_state()
        if state in (INITIALISED, CONNECTED, RECONFIGURING, RECONFIGURED, CLOSING):
            yield from self._part(left())
            state = yield from self._own_state()
        began = state == CLOSED
        if began:
            # Its Closed is of the time before; with Initialising it begins anew.
            yield from self._wait_for_peer((INITIALISING,), left())
        yield from self._switch(INIT_WAIT, values)
        yield from self._wait_for_peer((INITIALISED, CONNECTED), left(), on_its_way=began)
        return (yield from self._read_offer(ring, port, max_order))

    def _read_offer(self, ring: str, port: str, max_order: int) -> Script[Offer]:
        peer = yield from self._peer_path()

        def body(t: Any) -> Script[Offer]:
            try:
                order = yield from _number(t, f"{peer}/ring-page-order", 0, max_order)
            except NodeNotFoundError:
                names = [ring]
            else:
                single = order == 0 and (yield t.exists(f"{peer}/{ring}"))
                names = [ring] if single else [f"{ring}{page}" for page in range(1 << order)]
            refs = []
            for name in names:
                refs.append((yield from _number(t, f"{peer}/{name}", 0, _U32)))
            if len(set(refs)) != len(refs):
                raise _peer_error(f"{peer}/{ring}", b"", "a page is there twice")
            number = yield from _number(t, f"{peer}/{port}", 1, _U32)
            protocol = yield from _protocol(t, f"{peer}/protocol")
            return Offer(tuple(refs), number, protocol)

        offer: Offer = yield self._within(body)
        return offer

    def _part(self, timeout: float | None) -> Script[None]:
        # One that is Initialising has begun anew already: it was Closed when nobody looked.
        return self._close((CLOSED, UNKNOWN, INITIALISING), timeout)


def _state(verbs: Any, path: str) -> Script[State]:
    node = f"{path}/state"
    try:
        raw: bytes = yield verbs.read(node)
    except NodeNotFoundError:
        return UNKNOWN
    if not raw:
        # As it is made, before anything is written.
        return UNKNOWN
    number = _parsed(raw)
    if number not in _NAMES:
        raise _peer_error(node, raw, "a state is needed")
    return State(number)


def _number(verbs: Any, node: str, low: int, high: int) -> Script[int]:
    raw: bytes = yield verbs.read(node)
    number = _parsed(raw)
    if number is None or not low <= number <= high:
        raise _peer_error(node, raw, f"a number in {low}..{high} is needed")
    return number


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


class _Left:
    """What is left of a timeout."""

    __slots__ = ("_at", "_now")

    def __init__(self, now: Callable[[], float], timeout: float | None) -> None:
        self._now = now
        self._at = None if timeout is None else self._now() + timeout

    def __call__(self) -> float | None:
        return None if self._at is None else max(self._at - self._now(), 0.0)


def backends(device: str, domid: int | None) -> str:
    if domid is None:
        return f"backend/{device}"
    check(domid, "Backend", "domid", 0, 0x7FEF)
    return f"/local/domain/{domid}/backend/{device}"


def numbers(store: Any, path: str) -> Script[list[int]]:
    """The children whose names are numbers."""
    try:
        names = yield store.directory(path)
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


def _protocol(verbs: Any, node: str) -> Script[str | None]:
    try:
        raw: bytes = yield verbs.read(node)
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
