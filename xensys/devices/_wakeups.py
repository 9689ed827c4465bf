"""What makes another thread's system call return: an eventfd.

A wake-up may be missing: not made yet, closed, or a parent process's. Then
there is a stand-in, which has no number and is signalled in vain.
"""

from __future__ import annotations

from errno import EIO

from xensys.devices._device import Descriptor, _Closed, _Forked
from xensys.errors import XenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.kernel import Kernel

_ONE = (1).to_bytes(8, "little")


class Wakeup(Descriptor):
    """An eventfd; closed with the last reference.

    Raises:
        XenError: EMFILE, ENFILE or ENOMEM, there can be none.
    """

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Kernel) -> None:
        # Before what may fail: the finalizer looks.
        self._owned = False
        try:
            fd = kernel.eventfd()
        except XenError:  # ForkedError
            raise
        except OSError as error:
            raise error_from(error.errno or EIO, call="eventfd()") from None
        super().__init__(kernel, fd, owned=True)
        self._kernel = kernel

    def signal(self) -> None:
        """Make it readable, so that who waits for it returns."""
        try:  # noqa: SIM105  # contextlib is not loaded for this
            self._kernel.write(self.fd, _ONE)
        except BlockingIOError:
            pass  # as full as it can be: it is signalled

    def clear(self) -> None:
        """Have it wake nobody else."""
        try:  # noqa: SIM105  # contextlib is not loaded for this
            self._kernel.read(self.fd, 8)
        except BlockingIOError:
            pass  # another thread did


class NoWakeup(_Closed):
    """Stands where there is none."""

    __slots__ = ()

    def signal(self) -> None:
        """Nobody waits."""

    def clear(self) -> None:
        """Nothing was signalled."""


class _ForkedWakeup(_Forked, NoWakeup):
    """Stands where one was, in the child of a fork."""

    __slots__ = ()


NO_WAKEUP = NoWakeup()


def after_fork(wakeup: Wakeup | NoWakeup) -> Wakeup | NoWakeup:
    """What is to stand for it in the child."""
    return _ForkedWakeup(wakeup) if isinstance(wakeup, Wakeup) else wakeup
