"""How bytes get to xenstored and back: its Unix socket, or Linux's xenbus device.

`open_transport()` looks in the places libxenstore looks in, in its order:

    $XENSTORED_PATH                     alone, if it is set; what it is says stat()
    $XENSTORED_RUNDIR/socket            or /run/xenstored/socket, /var/run/xenstored/socket
    /dev/xen/xenbus, /proc/xen/xenbus   goes to xenstored through this domain's kernel

Unlike libxenstore it stops at a socket that is there and refuses: in dom0 the
device would open, with nobody to answer.

What differs between the two:

                     socket                       device
    longest message  16 + 4096 bytes              4096 bytes with its header
    daemon's death   the stream ends              is not told: hence DEVICE_TIMEOUT
    a bad message    ends the connection          is an error of that write
    in flight        as many as you like          one: its buffer is used after the write
    poll             tells of room to write       never does; it takes a message at once
"""

from __future__ import annotations

import os
from errno import EACCES, EAGAIN, ECONNREFUSED, EINVAL, ENODEV, ENOENT, ENXIO, EPERM

from xensys._lifetime import OneOfAKind
from xensys.abi.io import xs_wire as abi
from xensys.devices._device import _CLOSED, Descriptor, _Closed, _Forked
from xensys.errors import NoXenError, StoreConnectionError, error_from
from xensys.store.protocol import DEVICE_LIMIT, SOCKET_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.kernel import Kernel

__all__ = [
    "DEVICE_PATHS",
    "DEVICE_TIMEOUT",
    "SOCKET_PATHS",
    "DeviceTransport",
    "SocketTransport",
    "Transport",
    "open_transport",
]

#: Where the daemon's socket may be.
SOCKET_PATHS = ("/run/xenstored/socket", "/var/run/xenstored/socket")
#: Where Linux's device may be.
DEVICE_PATHS = ("/dev/xen/xenbus", "/proc/xen/xenbus")
#: Seconds a request may take through the device, unless told otherwise. While a
#: daemon is restarted ("live update") requests wait, for less than this.
DEVICE_TIMEOUT = 30.0

#: Bytes asked for at a time.
_CHUNK = 1 << 16


class Transport(OneOfAKind):
    """A descriptor that carries XenStore's messages.

    Attributes:
        kernel: whose descriptor.
        path: where it leads; for an adopted one "descriptor N".
        descriptor: it; who uses the number keeps a reference meanwhile.
        limit: bytes of the longest message, header included.
        reply_limit: bytes of the longest payload that may come.
        serial: nothing may be written while a request is unanswered; see `Session`.
        timeout: seconds a request may take, unless told otherwise; None waits.
    """

    __slots__ = ("_adopted", "descriptor", "kernel", "path")

    limit = SOCKET_LIMIT
    reply_limit: int = abi.XENSTORE_PAYLOAD_MAX
    serial = False
    timeout: float | None = None

    def __init__(
        self, kernel: Kernel, fd: int, path: str, *, adopted: bool = False, close: bool = True
    ) -> None:
        """Use an open descriptor.

        Args:
            adopted: it is somebody else's, and its flags stay as they are.
            close: whether closing this closes it.
        """
        self.kernel = kernel
        self.path = path
        self._adopted = adopted
        self.descriptor: Descriptor = Descriptor(kernel, fd, owned=close)
        if not adopted:
            # A descriptor can be found ready and have nothing after all.
            kernel.set_blocking(fd, False)

    @property
    def closed(self) -> bool:
        """Whether it is closed, or of a parent process."""
        return isinstance(self.descriptor, _Closed)

    def read(self, fd: int) -> bytes:
        """Some of what has come; b"" is the end. To be called when it can be read.

        Raises:
            OSError: EAGAIN, nothing after all; else as read(2) has it.
        """
        # Never for 0 bytes: Linux's device waits for a message even then.
        return self.kernel.read(fd, _CHUNK)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Write some of a message; how much.

        Raises:
            OSError: EAGAIN, no room now; else as write(2) has it.
        """
        return self.kernel.write(fd, data)

    def is_fatal(self, errno: int) -> bool:
        """Whether this error of a write ends the connection, and not only the request."""
        return True

    def close(self) -> None:
        """Close it; the last call that is using the descriptor does so."""
        self.descriptor = _CLOSED

    def forked(self) -> None:
        """Must not be used in this process."""
        if not self.closed:
            self.descriptor = _Forked(self.descriptor)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


class SocketTransport(Transport):
    """xenstored's Unix socket."""

    __slots__ = ()

    #: oxenstored sends directories of any size through its socket; this is a bound on what we hold.
    reply_limit = 1 << 20

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """See `Transport`."""
        # A descriptor that blocks would wait in write(2), where no deadline ends it.
        # One that poll(2) finds writable has room for a message and more (Linux unix_writable()).
        if self._adopted and not self.kernel.wait((), (fd,), 0)[1]:
            raise BlockingIOError(EAGAIN, os.strerror(EAGAIN))
        return self.kernel.write(fd, data)


class DeviceTransport(Transport):
    """Linux's /dev/xen/xenbus."""

    __slots__ = ()

    limit = DEVICE_LIMIT
    serial = True
    timeout = DEVICE_TIMEOUT

    def is_fatal(self, errno: int) -> bool:
        """See `Transport`."""
        # The driver forgets a message it refuses, and takes the next (Linux xenbus_file_write()).
        return False


def open_transport(kernel: Kernel, path: str | None = None) -> Transport:
    """Connect to xenstored.

    Args:
        path: a socket or a device; None looks in the places above.
    Raises:
        NoXenError: ENOENT, there is neither; ENXIO, ENODEV: nothing behind the device.
        StoreConnectionError: ECONNREFUSED, the daemon is not running.
        XenPermissionError: EACCES or EPERM, not for this user.
        XenError: any other errno.
    """
    path = path or os.environ.get("XENSTORED_PATH") or None
    if path is not None:
        places: list[tuple[str, bool | None]] = [(path, None)]
    else:
        directory = os.environ.get("XENSTORED_RUNDIR")
        sockets = (f"{directory}/socket",) if directory else SOCKET_PATHS
        places = [*((place, True) for place in sockets), *((place, False) for place in DEVICE_PATHS)]
    first: OSError | None = None
    where = ""
    for place, socket in places:
        try:
            # What somebody named is looked at; a device's node may be a socket in no world.
            if socket is None:
                socket = kernel.is_socket(place)
            if socket:
                return SocketTransport(kernel, kernel.connect(place), place)
            return DeviceTransport(kernel, kernel.open(place, os.O_RDWR), place)
        except OSError as error:
            if first is None or (first.errno == ENOENT != error.errno):
                first, where = error, place
            if socket and error.errno != ENOENT:
                # There was a daemon. dom0's device would open, and nobody would answer.
                break
    assert first is not None
    number = first.errno or EINVAL
    tried = ", ".join(place for place, _ in places)
    if number == ENOENT:
        raise NoXenError(
            ENOENT,
            call=f"open({tried})",
            hint="in dom0: is xenstored running? In other domains: is there a xenbus device "
            "(Linux's xenbus_dev_frontend, part of every Xen kernel)?",
        )
    if number in (ENXIO, ENODEV):
        raise NoXenError(number, call=f"open({where})", hint="this kernel is not a Xen domain's")
    if number == ECONNREFUSED:
        raise StoreConnectionError(number, call=f"connect({where})", hint="xenstored is not running")
    hint = ""
    if number in (EPERM, EACCES):
        hint = "xenstored's socket and the xenbus device are root's: run as root"
    raise error_from(number, call=f"open({where})", hint=hint)
