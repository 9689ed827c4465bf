"""An open() that waits until it is told."""

from __future__ import annotations

import os
import threading


class Gate:
    """Holds calls up; made by `SimKernel.hold_open`."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting = 0
        self._open = False
        self._errno = 0

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        with self._condition:
            return self._waiting

    def wait_for_waiter(self, timeout: float = 10.0) -> bool:
        """Wait, in real seconds, until some call waits; whether one does."""
        with self._condition:
            return self._condition.wait_for(lambda: self._waiting > 0, timeout)

    def release(self, errno: int = 0) -> None:
        """Let all calls go on, now and later; with an errno, they fail with it."""
        with self._condition:
            self._errno = errno
            self._open = True
            self._condition.notify_all()

    def pass_through(self) -> None:
        """Wait here; raises OSError if released with an errno."""
        with self._condition:
            self._waiting += 1
            self._condition.notify_all()
            try:
                while not self._open:
                    self._condition.wait()
            finally:
                self._waiting -= 1
            if self._errno:
                raise OSError(self._errno, os.strerror(self._errno))
