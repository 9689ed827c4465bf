"""The machine's clock: virtual, so that waiting costs nothing, or the real one."""

from __future__ import annotations

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: A virtual clock moves on by this much, in seconds, each time it is read: a
#: loop that waits for a deadline without sleeping ends, and the same way every time.
TICK = 1e-6


class Alarm:
    """Something that happens at a time, unless `cancel` comes first."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """It shall not happen."""
        self.call = None


class Clock:
    """Seconds on a monotonic clock that only `sleep` and reading it move."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 1000.0
        self._alarms: list[Alarm] = []

    def alarm(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Have something done in so many seconds, by whoever lets that time pass or sees it pass."""
        with self._lock:
            alarm = Alarm(self._time() + seconds, call)
            self._alarms.append(alarm)
        return alarm

    def now(self) -> float:
        """The time; reading it takes `TICK`."""
        with self._lock:
            self._now += TICK
            now = self._now
        if self._alarms:
            self._ring()
        return now

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        with self._lock:
            self._now += max(seconds, 0.0)
        self._ring()

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

    def _time(self) -> float:
        return self._now

    def _ring(self) -> None:
        """Do what is due, in order; not under the lock, as it may look at the clock."""
        with self._lock:
            now = self._time()
            due = sorted((alarm for alarm in self._alarms if alarm.when <= now), key=_when)
            self._alarms = [alarm for alarm in self._alarms if alarm.when > now and alarm.call]
        for alarm in due:
            if alarm.call is not None:
                alarm.call()


class RealClock(Clock):
    """The host's clock."""

    def now(self) -> float:
        if self._alarms:
            self._ring()
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self._ring()

    def _time(self) -> float:
        return time.monotonic()

    def patience(self, timeout: float | None, grace: float) -> float | None:
        return timeout

    def waited(self, timeout: float) -> None:
        pass


def _when(alarm: Alarm) -> float:
    return alarm.when
