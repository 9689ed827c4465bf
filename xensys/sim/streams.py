"""Real descriptors that the simulator writes to, so that poll and asyncio can wait for them."""

from __future__ import annotations

import os
import select
import socket
import weakref
from array import array
from errno import EAGAIN, EPIPE
from fcntl import ioctl
from termios import FIONREAD

from xensys.kernel.linux import poll
from xensys.sim.files import DOMID_INVALID, OpenFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 16
# Looked for before each write: a pipe that nobody reads is a SIGPIPE.
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Stream:
    """Our end of something that a caller holds the other end of.

    Attributes:
        fd: the caller's end, close-on-exec; who closes it is up to the caller.
        on_close: called once, when the caller's last descriptor is found to be gone.
    """

    def __init__(self, *, duplex: bool) -> None:
        """`duplex`: a socket; else a pipe, which like xenbus is never ready for writing."""
        if duplex:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            theirs.setblocking(True)
            self._ours, self.fd = ours.detach(), theirs.detach()
        else:
            self.fd, self._ours = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._ours, False)
        self._duplex = duplex
        stat = os.fstat(self.fd)
        self._theirs = stat.st_dev, stat.st_ino
        self.on_close: Callable[[], None] = lambda: None
        self._queue = bytearray()
        #: Bytes that were ever put.
        self.put_so_far = 0
        self._closing = weakref.finalize(self, os.close, self._ours)
        self._closing.atexit = False

    @property
    def open(self) -> bool:
        """Whether our end is."""
        return self._closing.alive

    def send(self, data: bytes) -> int:
        """Hand over what there is room for."""
        if not self.open or self.check():
            return len(data)
        try:
            return os.write(self._ours, data) if data else 0
        except OSError as error:
            if error.errno == EAGAIN:
                return 0
            if error.errno == EPIPE:
                self.gone()
                return len(data)
            raise

    def put(self, data: bytes) -> None:
        """Hand over, now or as soon as there is room."""
        self._queue += data
        self.put_so_far += len(data)
        self.flush()

    def flush(self) -> None:
        """Hand over what waits for room."""
        while self._queue:
            done = self.send(bytes(self._queue[:_CHUNK]))
            del self._queue[:done]
            if done < _CHUNK:
                break

    @property
    def queued(self) -> int:
        """Bytes that wait for room."""
        return len(self._queue)

    @property
    def taken_so_far(self) -> int:
        """Bytes of what was `put` that the caller has read; of a pipe only."""
        unread = array("i", [0])
        if self.open:
            ioctl(self._ours, FIONREAD, unread)
        return self.put_so_far - len(self._queue) - unread[0]

    def check(self) -> bool:
        """Whether the caller's end is gone."""
        if not self.open:
            return False
        poller = select.poll()
        poller.register(self._ours, 0)
        if not any(events & _GONE for _, events in poller.poll(0)):
            return False
        self.gone()
        return True

    def gone(self) -> None:
        """The caller's end is gone."""
        if self.open:
            self.close()
            self.on_close()

    def take_back(self, fd: int | None = None) -> None:
        """Read, in the caller's place, the byte that says that there is something.

        Args:
            fd: a descriptor that is known to be the caller's end.
        """
        if fd is None:
            fd = next(self._ends(), None)
        if fd is not None and poll((fd,), (), 0)[0]:
            os.read(fd, 1)

    def _ends(self) -> Iterator[int]:
        """The caller's descriptors: most likely the first one, if it was not duplicated."""
        for fd in (self.fd, *map(int, os.listdir("/proc/self/fd"))):
            try:
                stat = os.fstat(fd)
            except OSError:  # closed, or the directory's own
                continue
            if (stat.st_dev, stat.st_ino) == self._theirs:
                yield fd

    def close(self, *, reset: bool = False) -> None:
        """Close our end: the caller reads what is on its way, then the end, or first ECONNRESET."""
        if not self.open:
            return
        self._queue.clear()
        if reset and self._duplex:
            # A socket closed with something unread says so to its peer.
            try:
                stat = os.fstat(self.fd)
                if (stat.st_dev, stat.st_ino) == self._theirs:
                    os.write(self.fd, b"!")
            except OSError:  # closed by its owner
                pass
        self._closing()


class StreamFile(OpenFile):
    """An open file with a real descriptor that the simulator writes to."""

    def __init__(self, device: str, path: str, flags: int, stream: Stream) -> None:
        super().__init__(device, path, flags, DOMID_INVALID)
        self.stream = stream
        self.forked = False

    def write(self, data: bytes, fd: int) -> int:
        """What write(2) does; returns how much it took."""
        raise NotImplementedError

    def read(self, fd: int, length: int) -> bytes | None:
        """What read(2) does; None leaves it to the descriptor."""
        return None

    def check_read(self, length: int, *, blocking: bool, readable: bool) -> None:
        """Before a read: OSError, if it is not to be left to the descriptor."""

    def pump(self) -> None:
        """After a read: there is room again."""
        self.stream.flush()
