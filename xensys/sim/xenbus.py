"""/dev/xen/xenbus: the way to XenStore through a domain's kernel.

Rules from Linux drivers/xen/xenbus/xenbus_dev_frontend.c (files) and
xenbus_xs.c (requests and watches of a whole kernel). All files of a domain
share one connection to the daemon, its ring.
"""

from __future__ import annotations

import os
from errno import E2BIG, EAGAIN, EINVAL

from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorGap
from xensys.sim.store import wire
from xensys.sim.streams import Stream, StreamFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

# The driver's buffer: a message with its header.
_BUFFER = 4096


class Adapter:
    """A watch of one file."""

    __slots__ = ("file", "node", "token")

    def __init__(self, file: XenbusFile, node: bytes, token: bytes) -> None:
        self.file = file
        self.node = node
        self.token = token


class EarlyWrite:
    """A file was written while its last request's reply had not been read.

    Linux has one buffer per file, and a thread of its own sends a request's
    body from there when write(2) has long returned (`msgbuffer`,
    xenbus_dev_request_and_reply()): what is written before the reply is there
    is sent under the header of the request before, or in the middle of its
    body. Here nothing is lost, but it is written down in `Machine.violations`.

    Attributes:
        path: of the file.
        kind: type of the request that was unanswered.
        data: what was written.
    """

    __slots__ = ("data", "kind", "path")

    def __init__(self, path: str, kind: int, data: bytes) -> None:
        self.path = path
        self.kind = kind
        self.data = data

    def __repr__(self) -> str:
        return f"<EarlyWrite: {self.data[:40]!r} to {self.path}, request {self.kind} not answered yet>"


class _Waiting:
    """A request under way; without a file, one of the kernel's own."""

    __slots__ = ("answer", "file", "kind", "message", "req_id")

    def __init__(self, file: XenbusFile | None, kind: int, req_id: int, message: bytes) -> None:
        self.file = file
        self.kind = kind
        self.req_id = req_id
        self.message = message
        self.answer: tuple[int, bytes] | None = None


class Xenbus:
    """A domain's kernel's end of its ring.

    Attributes:
        generation: how often the domain has been saved and restored.
        late_events: events reach files after the replies they were sent before,
            and a first event before the reply to its WATCH. In Linux two threads
            hand them on, and either order happens.
        event_header: req_id and tx_id of events in files: Linux leaves them unset.
    """

    def __init__(self, machine: Machine, domid: int) -> None:
        self._machine = machine
        self._domid = domid
        self.generation = 0
        self.late_events = False
        self.event_header = (0, 0)
        self._next_request = 0
        self._next_watch = 0
        self._waiting: dict[int, _Waiting] = {}
        self._watches: dict[bytes, Adapter] = {}
        self._late: list[bytes] | None = None

    @property
    def unanswered(self) -> int:
        """Requests that the daemon has not answered."""
        return len(self._waiting)

    def request(self, file: XenbusFile, kind: int, req_id: int, tx_id: int, payload: bytes) -> None:
        """Pass a file's request on; the reply comes to the file."""
        self._send(file, kind, req_id, tx_id, payload)

    def overwritten(self, misdeed: EarlyWrite) -> None:
        """A file's buffer was written while its content was still to be sent."""
        if self._machine.strict:
            self._machine.violations.append(misdeed)

    def register(self, adapter: Adapter) -> None:
        """Set a watch, under a token that no other file can have."""
        token = b"%X" % (0xFFFF_8880_0000_0000 + 64 * self._next_watch)
        self._next_watch += 1
        self._watches[token] = adapter
        try:
            self._wait_for(wire.WATCH, adapter.node + b"\0" + token + b"\0")
        except BaseException:
            del self._watches[token]
            raise

    def unregister(self, adapter: Adapter) -> None:
        """Take a watch back; what the daemon says to that is only logged."""
        for token, known in tuple(self._watches.items()):
            if known is adapter:
                del self._watches[token]
                self._send(None, wire.UNWATCH, 0, 0, adapter.node + b"\0" + token + b"\0")

    @property
    def hung(self) -> bool:
        """Whether a request of the kernel's own would not come back."""
        store = self._machine.store
        return store.held or store.ring(self._domid) is None

    def take(self, data: bytes) -> int:
        """A message from the daemon."""
        kind, req_id, tx_id, _ = wire.HEADER.unpack_from(data)
        payload = data[wire.HEADER.size :]
        if kind == wire.WATCH_EVENT:
            if self._late is not None:
                self._late.append(payload)
            else:
                self._event(payload)
            return len(data)
        waiting = self._waiting.pop(req_id, None)
        if waiting is None:
            return len(data)
        if waiting.file is None:
            waiting.answer = (kind, payload)
        else:
            waiting.file.answered(waiting.kind, kind, waiting.req_id, tx_id, payload)
        return len(data)

    def resend(self) -> None:
        """A new daemon finds in the ring what the old one left there."""
        ring = self._machine.store.ring(self._domid)
        if ring is not None:
            for waiting in tuple(self._waiting.values()):
                ring.feed(waiting.message)

    def save_and_restore(self) -> None:
        """The domain was saved and restored: known to the daemon anew, its watches set again."""
        with self._machine.traced("store"):
            self.generation += 1
            self._waiting.clear()
            self._machine.store.introduce(self._domid)
            for token, adapter in tuple(self._watches.items()):
                self._wait_for(wire.WATCH, adapter.node + b"\0" + token + b"\0")

    def after_fork(self) -> None:
        """In a forked child: all files are the parent's."""
        self._waiting.clear()
        for token in self._watches:
            ring = self._machine.store.ring(self._domid)
            if ring is not None:
                ring.watches[:] = [watch for watch in ring.watches if watch.token != token]
        self._watches.clear()

    def _send(
        self, file: XenbusFile | None, kind: int, req_id: int, tx_id: int, payload: bytes
    ) -> _Waiting:
        number = self._next_request
        self._next_request = (number + 1) & 0xFFFF_FFFF
        message = wire.message(kind, number, tx_id, payload)
        waiting = self._waiting[number] = _Waiting(file, kind, req_id, message)
        store = self._machine.store
        ring = store.ring(self._domid)
        if ring is None:
            return waiting
        if self.late_events:
            self._late = []
        ring.feed(message)
        try:
            store.run()
        finally:
            late, self._late = self._late, None
            for event in late or ():
                self._event(event)
        return waiting

    def _wait_for(self, kind: int, payload: bytes) -> None:
        """A request of the kernel's own, which sleeps until it is answered."""
        if self.hung:
            raise SimulatorGap("WATCH on xenbus while the daemon does not answer: the write never returns")
        answered = self._send(None, kind, 0, 0, payload).answer
        if answered is None:
            raise SimulatorGap("WATCH on xenbus that waits for others to read their events")
        answer, text = answered
        if answer == wire.ERROR:
            number = wire.errno_of(text)
            raise OSError(number, os.strerror(number))

    def _event(self, payload: bytes) -> None:
        path, token = wire.strings(payload)[:2]
        adapter = self._watches.get(token)
        if adapter is not None:
            body = path + b"\0" + adapter.token + b"\0"
            adapter.file.put(wire.message(wire.WATCH_EVENT, *self.event_header, body))


class XenbusFile(StreamFile):
    """An open /dev/xen/xenbus.

    Its descriptor is the reading end of a pipe, which is polled as the device
    is; F_GETFL does not show the flags that it was opened with.
    """

    def __init__(self, bus: Xenbus, path: str, flags: int) -> None:
        super().__init__("xenbus", path, flags, Stream(duplex=False))
        self._bus = bus
        self._buffer = bytearray()
        self._staged: list[bytes] | None = None
        # Of the last request its type, and how much is to be read until its reply has been.
        self._asked: int | None = None
        self._answer_ends: int | None = None
        self._watches: list[Adapter] = []
        # tx_id → the bus's generation when it was started.
        self._transactions: dict[int, int] = {}
        self.stream.on_close = self._release

    def put(self, data: bytes) -> None:
        """Queue something to be read."""
        if self._staged is not None:
            self._staged.append(data)
        else:
            self.stream.put(data)

    def write(self, data: bytes, fd: int) -> int:
        if not data:
            return 0
        self._check_turn(data)
        if len(self._buffer) + len(data) > _BUFFER:
            self._buffer.clear()
            raise OSError(EINVAL, os.strerror(EINVAL))
        self._buffer += data
        if len(self._buffer) < wire.HEADER.size:
            return len(data)
        kind, req_id, tx_id, length = wire.HEADER.unpack_from(self._buffer)
        if wire.HEADER.size + length > _BUFFER:
            self._buffer.clear()
            raise OSError(E2BIG, os.strerror(E2BIG))
        if len(self._buffer) < wire.HEADER.size + length:
            return len(data)
        payload = bytes(self._buffer[wire.HEADER.size : wire.HEADER.size + length])
        # What follows the message in the same write is lost, whether it succeeds or not.
        self._buffer.clear()
        self._asked, self._answer_ends = kind, None
        if kind in (wire.WATCH, wire.UNWATCH):
            self._write_watch(kind, req_id, tx_id, payload)
        else:
            self._write_request(kind, req_id, tx_id, payload)
        return len(data)

    def _check_turn(self, data: bytes) -> None:
        """Write down what overwrites a request."""
        asked, ends = self._asked, self._answer_ends
        if asked is None or (ends is not None and self.stream.taken_so_far >= ends):
            self._asked = None
        elif asked not in (wire.WATCH, wire.UNWATCH):
            # Those two are done when the write returns.
            self._bus.overwritten(EarlyWrite(self.path, asked, data))

    def _answer(self, message: bytes) -> None:
        """Queue the reply to the request that was written last."""
        self.put(message)
        self._answer_ends = self.stream.put_so_far

    def _write_watch(self, kind: int, req_id: int, tx_id: int, payload: bytes) -> None:
        given = wire.strings(payload)
        if len(given) < 2:
            self.put(wire.message(wire.ERROR, req_id, tx_id, b"EINVAL\0"))
            return
        node, token = given[:2]
        ok = wire.message(kind, req_id, tx_id, b"OK\0")
        if kind == wire.WATCH:
            adapter = Adapter(self, node, token)
            # With `late_events` the other thread is faster: its event comes before this reply.
            staged: list[bytes] | None = [] if self._staged is None and not self._bus.late_events else None
            self._staged = staged
            try:
                self._bus.register(adapter)
            finally:
                self._staged = None
            self._watches.insert(0, adapter)
            self.put(ok)
            for event in staged or ():
                self.put(event)
            return
        for adapter in self._watches:
            if adapter.node == node and adapter.token == token:
                if self._bus.hung:
                    raise SimulatorGap(
                        "UNWATCH on xenbus while the daemon does not answer: the write never returns"
                    )
                self._watches.remove(adapter)
                self._bus.unregister(adapter)
                break
        self.put(ok)

    def _write_request(self, kind: int, req_id: int, tx_id: int, payload: bytes) -> None:
        if kind != wire.TRANSACTION_START:
            if tx_id and tx_id not in self._transactions:
                self._answer(wire.message(wire.ERROR, req_id, tx_id, b"ENOENT\0"))
                return
            if kind == wire.TRANSACTION_END:
                if payload not in (b"T\0", b"F\0"):
                    self._answer(wire.message(wire.ERROR, req_id, tx_id, b"EINVAL\0"))
                    return
                # Of no transaction: the daemon is asked, and its reply lost (see `answered`).
                if tx_id and self._transactions[tx_id] != self._bus.generation:
                    del self._transactions[tx_id]
                    if payload == b"T\0":
                        self._answer(wire.message(wire.ERROR, req_id, tx_id, b"EAGAIN\0"))
                    else:
                        self._answer(wire.message(kind, req_id, tx_id, b"OK\0"))
                    return
        self._bus.request(self, kind, req_id, tx_id, payload)

    def answered(self, asked: int, kind: int, req_id: int, tx_id: int, payload: bytes) -> None:
        """The daemon's reply to a request of this file's."""
        if asked == wire.TRANSACTION_START and kind != wire.ERROR:
            self._transactions[int(payload[:-1])] = self._bus.generation
        elif asked == wire.TRANSACTION_END and self._transactions.pop(tx_id, None) is None:
            # xenbus_dev_queue_reply() finds no transaction, and warns: nothing reaches the file.
            return
        self._answer(wire.message(kind, req_id, tx_id, payload))

    def check_read(self, length: int, *, blocking: bool, readable: bool) -> None:
        if length == 0 and (blocking or readable):
            raise SimulatorGap("a read of 0 bytes from xenbus, which never returns")
        if length == 0:
            raise OSError(EAGAIN, os.strerror(EAGAIN))

    def _release(self) -> None:
        """The last descriptor is closed: transactions are given up, watches taken back."""
        for tx_id, generation in tuple(self._transactions.items()):
            if generation == self._bus.generation:
                self._bus.request(self, wire.TRANSACTION_END, 0, tx_id, b"F\0")
        self._transactions.clear()
        for adapter in self._watches:
            self._bus.unregister(adapter)
        self._watches.clear()


class XenbusDriver(Driver):
    """drivers/xen/xenbus/xenbus_dev_frontend.c."""

    name = "xenbus"
    paths = ("/dev/xen/xenbus", "/proc/xen/xenbus")

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        machine = kernel.xen_machine
        file = XenbusFile(machine.xenbus(kernel.domain.domid), path, flags)
        if flags & os.O_NONBLOCK:
            os.set_blocking(file.stream.fd, False)
        machine.open_files.add(file.stream.fd, file)
        return file.stream.fd
