"""The daemon's socket, as a client in dom0 has it."""

from __future__ import annotations

import os
import socket

from xensys.sim.streams import Stream, StreamFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.daemon import Store


class StoreSocket(StreamFile):
    """A connection to the socket; its descriptor is a real socket.

    Attributes:
        connection: the daemon's side.
    """

    def __init__(self, store: Store, path: str) -> None:
        super().__init__("xenstored", path, os.O_RDWR, Stream(duplex=True))
        self._store = store
        self.connection = store.accept(self.stream.send)
        self.connection.on_drop = self._dropped
        self.stream.on_close = self._release

    def write(self, data: bytes, fd: int) -> int:
        if self.connection.ignored:
            # Linux knows best what a socket without a peer says.
            with socket.socket(fileno=os.dup(fd)) as dead:
                return dead.send(data, socket.MSG_NOSIGNAL)
        self.connection.feed(data)
        self._store.run()
        return len(data)

    def pump(self) -> None:
        # Messages wait in the daemon, where they count against their causes.
        self._store.run()

    def _dropped(self, reset: bool) -> None:
        self.stream.close(reset=reset)

    def _release(self) -> None:
        self._store.drop(self.connection, reset=False)
        self._store.run()
