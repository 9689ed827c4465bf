"""Answers in a daemon's place, on machines without Xen: `python -m _bench.responder SOCKET`.

The cheapest answers that every client takes: what is left is the client's own
cost, and two context switches. No watches: what it says about one is OK and
two events for each write to it, of which the first is the watch's own.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys

from _bench.subjects import CHILDREN, VALUE

_HEADER = struct.Struct("=IIII")
_DIRECTORY, _READ, _WATCH, _START, _WRITE, _EVENT = 1, 2, 4, 6, 11, 15
_OK = b"OK\0"
_ANSWERS = {
    _READ: VALUE,
    _DIRECTORY: b"".join(b"child%d\0" % number for number in range(CHILDREN)),
    _START: b"7\0",
}


class Peer:
    """One client."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.rest = b""
        self.watched: dict[bytes, bytes] = {}

    def serve(self) -> bool:
        """Answer what has come; False if it has left."""
        data = self.connection.recv(65536)
        if not data:
            return False
        self.rest += data
        out = []
        while len(self.rest) >= _HEADER.size:
            kind, number, tx, length = _HEADER.unpack_from(self.rest)
            end = _HEADER.size + length
            if len(self.rest) < end:
                break
            payload, self.rest = self.rest[_HEADER.size : end], self.rest[end:]
            answer = _ANSWERS.get(kind, _OK)
            out.append(_HEADER.pack(kind, number, tx, len(answer)) + answer)
            path = payload.partition(b"\0")[0]
            if kind == _WATCH:
                self.watched[path] = payload
            if kind in (_WATCH, _WRITE) and path in self.watched:
                event = self.watched[path]
                out.append(_HEADER.pack(_EVENT, 0, 0, len(event)) + event)
        self.connection.sendall(b"".join(out))
        return True


def main(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                peer = Peer(listener.accept()[0])
                selector.register(peer.connection, selectors.EVENT_READ, peer)
            elif not key.data.serve():
                selector.unregister(key.fileobj)
                key.data.connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
