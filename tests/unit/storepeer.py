"""A xenstored by hand: the other end of a connection, as a test wants it."""

from __future__ import annotations

import socket
import struct
import threading
import time

from xensys.kernel import host
from xensys.store.client import Store
from xensys.store.connection import Connection
from xensys.store.transports import DeviceTransport, SocketTransport

#: Seconds after which a test is taken for hung; nothing should come near it.
GUARD = 60

_HEADER = struct.Struct("<4I")


class Peer:
    """Reads requests, and answers what it is told to."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(GUARD)

    def message(self):
        """The next request: type, id, transaction, payload."""
        kind, req_id, tx, length = _HEADER.unpack(self._exactly(_HEADER.size))
        return kind, req_id, tx, self._exactly(length)

    def _exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.sock.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(self, kind, req_id, payload, tx=0):
        self.sock.sendall(_HEADER.pack(kind, req_id, tx, len(payload)) + payload)

    def answer(self, payload=b"OK\0"):
        """Take a request and grant it."""
        request = self.message()
        self.send(request[0], request[1], payload)
        return request

    def quiet(self):
        """Whether nothing has come that was not taken."""
        self.sock.setblocking(False)
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.sock.settimeout(GUARD)

    def event(self, path, token):
        self.send(15, 0, b"%b\0%b\0" % (path, token))

    def close(self):
        self.sock.close()


class Background:
    """A call in a thread of its own."""

    def __init__(self, call, *args):
        self.value = None
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(call, args), daemon=True)
        self._thread.start()

    def _run(self, call, args):
        try:
            self.value = call(*args)
        except BaseException as error:
            self.error = error

    @property
    def running(self):
        return self._thread.is_alive()

    def wait(self):
        """Until it has returned, however it did."""
        self._thread.join(GUARD)
        assert not self._thread.is_alive(), "hung"
        return self

    def result(self):
        self.wait()
        if self.error is not None:
            raise self.error
        return self.value


def connect(kernel=None, *, device=False, timeout=None, room=None):
    """A store and its peer; the store's descriptor does not block, as one it had opened."""
    ours, theirs = socket.socketpair()
    if room is not None:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
    kind = DeviceTransport if device else SocketTransport
    transport = kind(kernel or host(), ours.detach(), "a socket pair")
    return Store(Connection(transport, None, timeout)), Peer(theirs)


def sleepers(store):
    """How many threads wait for a reply or an event, the one that reads among them."""
    connection = store._connection
    with connection._lock:
        return len(connection._sleepers) + (connection._leader is not None)


def until(condition):
    deadline = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < deadline, "hung"
        time.sleep(0.001)


def idle(store):
    """Nobody waits, leads or writes."""
    connection = store._connection
    with connection._lock:
        assert connection._leader is None
        assert connection._writer is None
        assert not connection._sleepers
        assert not connection._writers
        assert connection._session.outstanding == 0
    return True


class Alarm(Exception):
    """What a signal handler raises."""
