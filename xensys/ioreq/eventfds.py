"""Eventfds that Linux's driver serves by itself: interrupts to a guest, and notices from it.

Rules come from Linux drivers/xen/privcmd.c (CONFIG_XEN_PRIVCMD_EVENTFD).
"""

from __future__ import annotations

from _thread import RLock
from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys.errors import ForkedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from xensys.devices.privcmd import Privcmd
    from xensys.kernel import Kernel

_ONE = (1).to_bytes(8, "little")
DEASSIGN = 1


class _Eventfd(OneOfAKind):
    """An eventfd that the driver knows, until it is closed. A context manager."""

    __slots__ = ("__weakref__", "_fd", "_forked_away", "_kernel", "_lock", "_owned", "domid")

    def __init__(self, kernel: Kernel, domid: int, fd: int | None) -> None:
        self._kernel = kernel
        self._lock = RLock()
        self._forked_away = False
        self._fd: int | None = None
        self.domid = domid
        self._owned = fd is None
        opened = kernel.eventfd() if fd is None else fd
        try:
            self._tell(opened, 0)
        except BaseException:
            if fd is None:
                kernel.close(opened)
            raise
        self._fd = opened
        watch_fork(self)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._fd is None

    def fileno(self) -> int:
        """The eventfd."""
        fd = self._fd
        if self._forked_away:
            raise ForkedError
        if fd is None:
            raise ValueError(f"{type(self).__name__} is closed")
        return fd

    def close(self) -> None:
        """End it; a second call does nothing. In a forked child the parent's goes on.

        Raises:
            XenError: what the driver answered; it is closed all the same.
        EINTR: retried.
        """
        with self._lock:
            fd, self._fd = self._fd, None
            if fd is None:
                return
            try:
                if not self._forked_away:
                    self._end(fd)
            finally:
                if self._owned:
                    self._kernel.close(fd)

    def _tell(self, fd: int, flags: int) -> None:
        """The ioctl."""
        raise NotImplementedError

    def _end(self, fd: int) -> None:
        self._tell(fd, DEASSIGN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", None) is None or is_exiting():
            return
        warn(f"unclosed {self!r}", ResourceWarning, 2, self)
        self.close()

    def __repr__(self) -> str:
        fd = getattr(self, "_fd", None)
        state = "closed" if fd is None else f"fd {fd}"
        return f"<{type(self).__name__} of domain {self.domid}, {state}>"

    def _forked(self) -> None:
        self._forked_away = True
        self._lock = RLock()


class Irqfd(_Eventfd):
    """An eventfd each signal of which is an interrupt to a domain; see `DeviceModel.irqfd`.

    Whoever has its descriptor may signal it: vhost workers, other processes.
    The kernel empties it. Whether Xen takes the interrupt nobody is told.

    Attributes:
        domid: the domain.
    """

    __slots__ = ("_op", "_privcmd")

    def __init__(
        self,
        kernel: Kernel,
        domid: int,
        fd: int | None,
        privcmd: Callable[[], Privcmd],
        op: bytes,
    ) -> None:
        self._privcmd = privcmd
        self._op = op
        super().__init__(kernel, domid, fd)

    def signal(self) -> None:
        """Interrupt the domain."""
        self._kernel.write(self.fileno(), _ONE)

    def _tell(self, fd: int, flags: int) -> None:
        self._privcmd().irqfd(self.domid, fd, self._op, flags=flags)


class Ioeventfd(_Eventfd):
    """An eventfd that a guest's notices of one virtqueue signal; see `IoreqServer.ioeventfd`.

    Attributes:
        domid: the domain.
        address, length: of the virtio-mmio device, and of the writes that count.
        queue: index of the virtqueue.
    """

    __slots__ = ("_assign", "_on_close", "address", "length", "queue")

    def __init__(
        self,
        kernel: Kernel,
        domid: int,
        fd: int | None,
        assign: Callable[[int, int, int, int, int], None],
        on_close: Callable[[Ioeventfd], None],
        *,
        address: int,
        length: int,
        queue: int,
    ) -> None:
        self._assign = assign
        self._on_close = on_close
        self.address = address
        self.length = length
        self.queue = queue
        super().__init__(kernel, domid, fd)

    def read(self) -> int:
        """How many notices there were since the last time; 0 if none."""
        try:
            data = self._kernel.read(self.fileno(), 8)
        except BlockingIOError:
            return 0
        return int.from_bytes(data, "little")

    def wait(self, timeout: float | None = None) -> int:
        """Wait for notices; how many there were, 0 if the time was up first.

        Args:
            timeout: seconds; None waits.
        """
        self._kernel.wait((self.fileno(),), (), timeout)
        return self.read()

    def _tell(self, fd: int, flags: int) -> None:
        self._assign(fd, self.address, self.length, self.queue, flags)

    def _end(self, fd: int) -> None:
        try:
            self._tell(fd, DEASSIGN)
        finally:
            self._on_close(self)
