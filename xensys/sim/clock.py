"""The machine's clock: virtual, so that waiting costs nothing, or the real one."""

from __future__ import annotations

import threading
import time

#: A virtual clock moves on by this much, in seconds, each time it is read: a
#: loop that waits for a deadline without sleeping ends, and the same way every time.
TICK = 1e-6


class Clock:
    """Seconds on a monotonic clock that only `sleep` and reading it move."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 1000.0

    def now(self) -> float:
        """The time; reading it takes `TICK`."""
        with self._lock:
            self._now += TICK
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        with self._lock:
            self._now += max(seconds, 0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        Clock.sleep(self, seconds)

    def patience(self, timeout: float | None, grace: float) -> float | None:
        """How many real seconds to wait for something; None for as long as it takes."""
        return None if timeout is None else min(timeout, grace)

    def waited(self, timeout: float) -> None:
        """A timeout has run out."""
        Clock.sleep(self, timeout)

    def after_fork(self) -> None:
        """In a forked child: another thread may have held the lock, and is no more."""
        self._lock = threading.Lock()


class RealClock(Clock):
    """The host's clock."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def patience(self, timeout: float | None, grace: float) -> float | None:
        return timeout

    def waited(self, timeout: float) -> None:
        pass
