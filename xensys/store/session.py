"""One connection to xenstored, without I/O: who waits for what.

A session gives requests their ids, finds the call that a reply belongs to and
the queue that a watch event is for, and turns the connection's death into one
error for everybody. It never blocks, reads no clock and takes no lock: the
driver (`connection` for threads; an event loop) does that, and passes bytes.

    call = session.begin(request)      → write session.errands(), then call.message
    session.feed(bytes), .end(), .fail()   → what has become ready, for the driver to wake up
    call.result()                      once call.ready

What a peer may do, and what comes of it:

    a reply of another type than asked for     EPROTO, to that call alone
    a reply to an id that was never used       the connection is finished: whoever waits might wait for ever
    a reply to an id nobody waits for any more dropped and counted (`late`); what it created is undone
    id 0 for WATCH and UNWATCH                 the oldest of these; older Linux sends 0 (xenbus_write_watch)
    an event for an unknown token, or no event dropped and counted (`strays`)
    an end of the stream, anywhere             the connection is finished
    a message that is too long                 the connection is finished, after the messages before it
"""

from __future__ import annotations

from errno import ECONNABORTED, ECONNRESET, EIO, EPROTO

from xensys.abi.io import xs_wire as abi
from xensys.errors import StoreConnectionError, StoreError
from xensys.store.protocol import NAMES, SOCKET_LIMIT, Decoder, Request, parse_watch_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xensys.store.protocol import Message, ReadableBuffer
    from xensys.store.watches import EventQueue

__all__ = ["Call", "Session", "Waitable"]

_IDS = 1 << 32
_RECONNECT = "connect anew (`reconnect()`); transactions are lost, watches are set up again"


class Waitable:
    """Something that a driver can wait for.

    Attributes:
        waiting: who waits for it. The driver's own; a session never looks at it.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    @property
    def ready(self) -> bool:
        """Whether there is no need to wait any more."""
        raise NotImplementedError


class Call(Waitable):
    """A request on its way.

    Attributes:
        request: what was asked.
        req_id: its number on this connection.
        message: its bytes.
        epoch: the connection it was begun on.
        abandoned: nobody waits for its reply any more.
    """

    __slots__ = ("_error", "_payload", "abandoned", "epoch", "message", "req_id", "request")

    def __init__(self, request: Request, req_id: int, message: bytes, epoch: int) -> None:
        super().__init__()
        self.request = request
        self.epoch = epoch
        self.req_id = req_id
        self.message = message
        self.abandoned = False
        self._payload: bytes | None = None
        self._error: StoreError | None = None

    @property
    def ready(self) -> bool:
        """Whether the reply is there, or will never be."""
        return self._payload is not None or self._error is not None

    def result(self) -> bytes:
        """The reply's payload.

        Raises:
            StoreError: what the daemon said, or what became of the connection.
        """
        if self._error is not None:
            raise self._error
        assert self._payload is not None, "not ready"
        return self._payload

    def succeed(self, payload: bytes) -> None:
        """The reply is there."""
        self._payload = payload

    def refuse(self, error: StoreError) -> None:
        """There is an error in its place."""
        self._error = error

    def __repr__(self) -> str:
        return f"<Call {self.req_id}, {self.request!r}{', ready' if self.ready else ''}>"


class Session:
    """One connection's state. Not thread-safe: the driver lets one in at a time.

    But for `queues` and `undo`, which finalizers use: these are changed by
    single operations on a dict or list only (and `undo` by `put_back`).

    Args:
        limit: bytes of the longest message that may be sent, header included.
        reply_limit: bytes of the longest payload that may come.
        serial: nothing may be written while a request is unanswered. Linux's device has one
            buffer per open file, and sends a request's body from there some time after the
            write: the next one would be sent under its header (xenbus_dev_request_and_reply();
            seen on 6.12 as wrong values).

    Attributes:
        serial: see above.
        queues: token → queue of the watch that has it.
        undo: requests that nobody waits for, to be sent when something is, each with
            the epoch it is for; see `later`.
        epoch: which connection this is; each `restart` adds one.
        late: replies that came when nobody waited for them any more.
        strays: events that belonged to no watch, or made no sense.
    """

    __slots__ = (
        "_calls", "_death", "_decoder", "_last_id", "_last_token", "_limit", "_sent", "_wrapped",
        "epoch", "late", "queues", "serial", "strays", "undo",
    )  # fmt: skip

    def __init__(
        self,
        limit: int = SOCKET_LIMIT,
        reply_limit: int = abi.XENSTORE_PAYLOAD_MAX,
        *,
        serial: bool = False,
    ) -> None:
        self.serial = serial
        self.queues: dict[bytes, EventQueue] = {}
        self.epoch = 0
        self.late = 0
        self.strays = 0
        self._last_token = 0
        self._start(limit, reply_limit)

    def _start(self, limit: int, reply_limit: int) -> None:
        self.undo: list[tuple[int, Request]] = []
        self._limit = limit
        self._decoder = Decoder(reply_limit)
        self._calls: dict[int, Call] = {}
        self._sent: Call | None = None
        self._last_id = 0
        self._wrapped = False
        #: errno, text and hint.
        self._death: tuple[int, str, str] | None = None

    @property
    def dead(self) -> bool:
        """Whether the connection is finished."""
        return self._death is not None

    @property
    def outstanding(self) -> int:
        """How many requests wait for their replies."""
        return sum(not call.abandoned for call in self._calls.values())

    # Requests

    def begin(self, request: Request) -> Call:
        """Give a request its id. To be written next, after the `errands()`.

        Raises:
            StoreConnectionError: the connection is finished.
            StoreError: E2BIG, longer than the limit.
        """
        if self._death is not None:
            raise self.death(request)
        req_id = self._last_id
        while True:
            # Never 0, which means "lost" (see above).
            req_id = req_id % (_IDS - 1) + 1
            if req_id not in self._calls:
                break
        call = Call(request, req_id, request.encode(req_id, self._limit), self.epoch)
        self._wrapped = self._wrapped or req_id < self._last_id
        self._last_id = req_id
        self._calls[req_id] = call
        return call

    def later(self, request: Request, epoch: int | None = None) -> None:
        """Send a request with the next one; for finalizers too.

        Args:
            epoch: the connection it is for, and for no later one; this one unless given.
        """
        self.ask_first(request, epoch)
        self.undo.append((self.epoch if epoch is None else epoch, request))

    def ask_first(self, request: Request, epoch: int | None = None) -> None:
        """Have the daemon answer something before a request that cannot be given up.

        Linux's device carries out WATCH and UNWATCH within write(2): with nobody to answer
        neither a deadline nor a signal ends that, and the process cannot even be killed.
        """
        probe = (self.epoch if epoch is None else epoch, _PROBE)
        if self.serial and request.kind in _IN_WRITE and self.undo[-1:] != [probe]:
            self.undo.append(probe)

    def errands(self) -> list[Call]:
        """Calls to be written before the next one: what is to be undone. One, if it is serial.

        Those that are not written after all are `put_back`.
        """
        calls: list[Call] = []
        while self.undo and self._death is None and not (self.serial and calls):
            epoch, request = self.undo.pop(0)
            # Not of this one: a finalizer may have looked before a restart and asked after it.
            if epoch == self.epoch:
                call = self.begin(request)
                call.abandoned = True
                calls.append(call)
        return calls

    def put_back(self, errands: list[Call]) -> None:
        """Nothing of these was sent: they are to be."""
        for call in errands:
            self.withdraw(call)
        self.undo[:0] = [(call.epoch, call.request) for call in errands]

    @property
    def blocker(self) -> Call | None:
        """The call that has to be answered before anything else may be written; None if none has."""
        return self._sent

    @property
    def overdue(self) -> bool:
        """Whether nothing may be written before a reply that nobody waits for any more."""
        return self._sent is not None and self._sent.abandoned

    def written(self, call: Call) -> None:
        """The whole of this call's message has been written."""
        if self.serial and self._has(call):
            self._sent = call

    def withdraw(self, call: Call) -> None:
        """Nothing of this call was sent, and nothing will be."""
        if self._has(call):
            del self._calls[call.req_id]

    def unsent(self, request: Request, epoch: int) -> None:
        """Nobody waits any more for a request that was not sent: what was to end must end all the same."""
        if self._death is None:
            if request.kind == abi.XS_TRANSACTION_END:
                self.later(Request(request.kind, b"F\0", request.tx_id), epoch)
            elif request.kind == abi.XS_UNWATCH:
                self.later(request, epoch)

    def abandon(self, call: Call) -> None:
        """Nobody waits for this call any more; it may be carried out yet."""
        if call.ready:
            self._undo(call)
        elif call is self._sent or call.request.kind in _CREATING:
            call.abandoned = True
        else:
            self.withdraw(call)

    def _has(self, call: Call) -> bool:
        # By itself and not by its number, which may be another's after a restart.
        return self._calls.get(call.req_id) is call

    # Watches

    def new_token(self) -> bytes:
        """A token that no watch of this session has; short, as it travels with each event."""
        self._last_token += 1
        return b"%x" % self._last_token

    # What comes

    def feed(self, data: ReadableBuffer) -> list[Waitable]:
        """Take bytes that came.

        Returns:
            Calls and queues that became ready; of a finished connection all.
        """
        touched: list[Waitable] = []
        if self._death is None:
            try:
                for message in self._decoder.feed(data):
                    self._take(message, touched)
                    if self.dead:
                        break
            except StoreConnectionError as error:
                touched += self.fail(error.errno or EPROTO, str(error.strerror))
        return touched

    def end(self) -> list[Waitable]:
        """The stream has ended."""
        text = "xenstored closed the connection"
        if self._decoder.pending:
            text += f", {self._decoder.pending} bytes into a message"
        return self.fail(ECONNRESET, text)

    def fail(self, errno: int, message: str, hint: str = _RECONNECT) -> list[Waitable]:
        """Finish the connection, for this reason; a second one changes nothing.

        Returns:
            Everything that anybody may wait for.
        """
        if self._death is not None:
            return []
        self._death = errno, message, hint
        calls, self._calls = self._calls, {}
        self._sent = None
        for call in calls.values():
            call.refuse(self.death(call.request))
        self.undo.clear()
        return [*calls.values(), *list(self.queues.values())]

    def death(self, request: Request | None = None) -> StoreConnectionError:
        """A new error that says why the connection is finished."""
        assert self._death is not None
        errno, message, hint = self._death
        if request is None:
            return StoreConnectionError(errno, message, hint=hint)
        return _ended(request, errno, message, hint)

    def lost(self, request: Request) -> StoreConnectionError:
        """What becomes of a request for a connection before this one."""
        text = "this transaction was lost with the connection it was begun on"
        return _ended(request, ECONNABORTED, text, "begin it again")

    def check(self, queue: EventQueue) -> None:
        """Whether events may come to a queue yet.

        Raises:
            StoreError: why none will: of the connection, or of setting the watch up again.
        """
        if self.dead:
            raise self.death()
        if queue.error is not None:
            error = queue.error
            raise type(error)(error.errno or EIO, str(error.strerror), name=error.name, path=error.path)

    def restart(self, limit: int, reply_limit: int) -> None:
        """Begin anew, on another connection. Queues stay; calls and transactions are lost."""
        assert self._death is not None, "calls would be lost"
        self.epoch += 1
        self._start(limit, reply_limit)

    def _take(self, message: Message, touched: list[Waitable]) -> None:
        kind = message.kind
        if kind == abi.XS_WATCH_EVENT:
            self._event(message, touched)
            return
        call = self._calls.pop(message.req_id, None)
        if call is None:
            call = self._unnumbered(message)
            if call is None:
                if message.req_id and (self._wrapped or message.req_id <= self._last_id):
                    self.late += 1
                else:
                    name = NAMES.get(kind, kind)
                    text = f"xenstored sent {name} with id {message.req_id}, which was never used"
                    touched += self.fail(EPROTO, text)
                return
        if call is self._sent:
            self._sent = None
        request = call.request
        if kind == request.kind:
            call.succeed(message.payload)
        elif kind == abi.XS_ERROR:
            call.refuse(request.error(message.payload))
        else:
            text = f"the daemon's reply has the wrong type: {NAMES.get(kind, kind)}"
            call.refuse(request.refusal(EPROTO, text))
        if call.abandoned:
            self.late += 1
            self._undo(call)
        if self.serial or not call.abandoned:
            touched.append(call)

    def _unnumbered(self, message: Message) -> Call | None:
        """The oldest call that a reply without an id can belong to, which is waited for no more."""
        if message.req_id == 0 and message.kind in (abi.XS_WATCH, abi.XS_UNWATCH):
            for call in self._calls.values():
                if call.request.kind == message.kind:
                    return self._calls.pop(call.req_id)
        return None

    def _event(self, message: Message, touched: list[Waitable]) -> None:
        try:
            path, token = parse_watch_event(message.payload)
        except StoreError:
            self.strays += 1
            return
        queue = self.queues.get(token)
        if queue is None:
            self.strays += 1
            return
        queue.push(path)
        touched.append(queue)

    def _undo(self, call: Call) -> None:
        """What an abandoned call has created would stay in the daemon for as long as we do."""
        payload = call._payload
        request = call.request
        if payload is None or call.epoch != self.epoch:
            return
        if request.kind == abi.XS_TRANSACTION_START:
            digits = payload.removesuffix(b"\0")
            if digits.isdigit() and len(digits) <= 10 and 0 < int(digits) < _IDS:
                self.later(Request(abi.XS_TRANSACTION_END, b"F\0", int(digits)))
        elif request.kind == abi.XS_WATCH:
            path, token = request.payload.split(b"\0", 2)[:2]
            self.later(Request(abi.XS_UNWATCH, b"%b\0%b\0" % (path, token), 0, path))


def _ended(request: Request, errno: int, message: str, hint: str) -> StoreConnectionError:
    """The end of a connection, as an error of one request."""
    about = request.refusal(errno)
    return StoreConnectionError(
        errno,
        message,
        path=about.path,
        transaction=about.transaction,
        call=about.call,
        arguments=about.arguments,
        hint=hint,
    )


#: Why a connection that lives is ended by `reconnect`.
GIVEN_UP = "given up for a new one: xenstored had not answered a request within its time"
_CREATING = frozenset((abi.XS_TRANSACTION_START, abi.XS_WATCH))
_IN_WRITE = frozenset((abi.XS_WATCH, abi.XS_UNWATCH))
#: Anybody may ask it, and no daemon takes long.
_PROBE = Request(abi.XS_GET_DOMAIN_PATH, b"0\0")
