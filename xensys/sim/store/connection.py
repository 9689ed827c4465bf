"""One client of the simulated daemon: a socket, or a domain's ring.

Rules from tools/xenstored/core.c: handle_input, send_reply, send_event,
free_buffered_data. A client's requests are handled as they are written, so a
reply is there when the write returns.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from errno import E2BIG

from xensys.sim.store import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xensys.sim.store.daemon import Store
    from xensys.sim.store.domains import StoreDomain
    from xensys.sim.store.transactions import Transaction


class Watch:
    """One watch.

    Attributes:
        name: what is watched, absolute.
        prefix: how much of an event's path its owner is spared.
    """

    __slots__ = ("name", "prefix", "token")

    def __init__(self, name: bytes, token: bytes, prefix: int) -> None:
        self.name = name
        self.token = token
        self.prefix = prefix


class Request:
    """A request, until its reply and all events that it caused have been taken."""

    __slots__ = ("answered", "domain", "events", "kind", "req_id", "tx_id")

    def __init__(self, kind: int, req_id: int, tx_id: int) -> None:
        self.kind = kind
        self.req_id = req_id
        self.tx_id = tx_id
        self.events = 0
        self.answered = False
        self.domain: StoreDomain | None = None

    def taken(self) -> None:
        """Some of what it caused has been taken."""
        if self.answered and not self.events and self.domain is not None:
            self.domain.outstanding -= 1
            self.domain = None


class _Message:
    __slots__ = ("cause", "data", "event", "sent")

    def __init__(self, data: bytes, cause: Request | None, *, event: bool) -> None:
        self.data = data
        self.cause = cause
        self.event = event
        self.sent = 0


class Connection:
    """A client.

    Attributes:
        domid: who it is; sockets are the control domain's.
        domain: of a ring, the daemon's record of the domain; None for a socket.
        target: the connection whose rights it has too (SET_TARGET).
        watches, transactions: what it has set up.
        transaction: of the request that is being handled.
        pending: domid → nodes more that the request being handled gives it.
        ignored: it broke the protocol, or is gone.
    """

    def __init__(
        self, store: Store, domid: int, domain: StoreDomain | None, sink: Callable[[bytes], int]
    ) -> None:
        """`sink` takes bytes and returns how many of them; fewer if there is no room."""
        self.store = store
        self.domid = domid
        self.domain = domain
        self.target: Connection | None = None
        self.base = b"/local/domain/%d" % domid
        self.watches: list[Watch] = []
        self.transactions: dict[int, Transaction] = {}
        self.next_transaction = 0
        self.transaction: Transaction | None = None
        self.pending: dict[int, int] = {}
        self.ignored = False
        #: Bytes after which a socket is closed; None for never.
        self.fuse: int | None = None
        self.on_drop: Callable[[bool], None] = lambda reset: None
        self._sink = sink
        self._incoming = bytearray()
        self._outgoing: deque[_Message] = deque()
        self._request: Request | None = None

    @property
    def unprivileged(self) -> bool:
        """Whether rights and limits mean anything for it."""
        return self.domid != 0

    @property
    def queued(self) -> int:
        """Messages that wait to be taken."""
        return len(self._outgoing)

    # In

    def feed(self, data: bytes) -> None:
        """Bytes from the client; `store.run()` handles them."""
        if not self.ignored:
            self._incoming += data

    def step(self) -> bool:
        """Handle one request; False if there is none, or it has to wait."""
        if self.ignored or len(self._incoming) < wire.HEADER.size:
            return False
        domain = self.domain
        if self.unprivileged and domain is not None:
            limit = self.store.quotas.of(domain, "outstanding")
            if domain.outstanding >= limit and (limit or self.store.release < (4, 22)):
                return False
        kind, req_id, tx_id, length = wire.HEADER.unpack_from(self._incoming)
        if length > wire.PAYLOAD_MAX:
            self.store.ignore(self, unread=len(self._incoming) > wire.HEADER.size)
            return True
        end = wire.HEADER.size + length
        if len(self._incoming) < end:
            return False
        payload = bytes(self._incoming[wire.HEADER.size : end])
        del self._incoming[:end]
        self._request = Request(kind, req_id, tx_id)
        try:
            self.store.handle(self, kind, tx_id, payload)
        finally:
            self._request = None
            self.transaction = None
            self.pending.clear()
        return True

    @contextmanager
    def inside(self) -> Iterator[None]:
        """As if a request of its were being handled: what it does is counted at the end."""
        self._request = Request(0, 0, 0)
        try:
            yield
            self.store.access.settle(self)
        finally:
            self._request = None
            self.pending.clear()
            self._outgoing.clear()

    # Out

    def reply(self, payload: bytes, kind: int | None = None) -> None:
        """Answer the request that is being handled."""
        self.store.access.settle(self)
        if len(payload) > wire.PAYLOAD_MAX:
            self.error(E2BIG)
            return
        request = self._request
        assert request is not None
        kind = request.kind if kind is None else kind
        request.answered = False
        if self.unprivileged and self.domain is not None:
            request.domain = self.domain
            self.domain.outstanding += 1
        message = wire.message(kind, request.req_id, request.tx_id, payload)
        self._outgoing.append(_Message(message, request, event=False))

    def reply_ok(self) -> None:
        """Just success."""
        self.reply(b"OK\0")

    def error(self, errno: int) -> None:
        """Answer with an error; what the request counted is forgotten."""
        self.pending.clear()
        self.reply(wire.error_name(errno), wire.ERROR)

    def event(self, path: bytes, token: bytes, cause: Connection | None) -> None:
        """Tell of a change, unless the very same is still to be taken."""
        payload = path + b"\0" + token + b"\0"
        if len(payload) > wire.PAYLOAD_MAX:
            return
        message = wire.message(wire.WATCH_EVENT, 0, 0, payload)
        repeated = any(waiting.event and waiting.data == message for waiting in self._outgoing)
        # Special events count each; before 4.17 so do all.
        if repeated and not path.startswith(b"@") and self.store.release >= (4, 17):
            return
        request = cause._request if cause is not None and cause.unprivileged else None
        if request is not None:
            request.events += 1
        self._outgoing.append(_Message(message, request, event=True))

    def flush(self) -> bool:
        """Hand out what the client takes; whether anything was taken."""
        moved = False
        while self._sending():
            message = self._outgoing[0]
            if not message.sent and self.store.tamper is not None:
                message.data = self.store.tamper(self, message.data)
            room = message.data[message.sent :]
            if self.fuse is not None:
                room = room[: self.fuse]
            done = self._sink(room)
            if self.ignored:  # the client was found to be gone
                break
            message.sent += done
            moved = moved or done > 0
            if self.fuse is not None:
                self.fuse -= done
                if self.fuse <= 0:
                    self.store.drop(self, reset=False)
                    break
            if message.sent < len(message.data):
                break
            self._outgoing.popleft()
            self._done(message)
        return moved

    def _sending(self) -> bool:
        return bool(self._outgoing) and not self.ignored and not self.store.held

    def forget_messages(self) -> None:
        """Drop all that was received or is to be sent."""
        self._incoming.clear()
        while self._outgoing:
            self._done(self._outgoing.popleft())

    def _done(self, message: _Message) -> None:
        cause = message.cause
        if cause is None:
            return
        if message.event:
            cause.events -= 1
        else:
            cause.answered = True
        cause.taken()

    def __repr__(self) -> str:
        what = "socket" if self.domain is None else "ring"
        return f"<Connection: {what} of domain {self.domid}>"
