"""`Store.deadline`: a time by which a group of calls is to be done.

It holds for who set it, a thread or a task, on one connection, and takes the
place of the store's own timeout there. Of several, one in the other, the
earliest counts; a call's own timeout counts where it is earlier still.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import EllipsisType
    from typing import Self

__all__ = ["Deadlines"]

#: Seconds that stand for ever.
_EVER = 1e9


class Deadlines:
    """Those in force on one connection.

    Args:
        now: the clock.
        who: tells who is calling.
    """

    __slots__ = ("_now", "_of", "_who")

    def __init__(self, now: Callable[[], float], who: Callable[[], Hashable]) -> None:
        self._now = now
        self._who = who
        #: Who → until when; None for ever. Changed by single operations, each on one's own.
        self._of: dict[Hashable, float | None] = {}

    def until(
        self, timeout: float | EllipsisType | None, usual: float | None, also: float | None = None
    ) -> float | None:
        """When a call has to end; None: it may wait.

        Args:
            timeout: seconds; `...` for what is in force or, without that, usual.
            also: another time that it must not pass.
        """
        end = also
        if self._of:
            who = self._who()
            if who in self._of:
                end = _earlier(end, self._of[who])
                if timeout is ...:
                    return end
        seconds = usual if timeout is ... else timeout
        if seconds is None or seconds > _EVER:
            return end
        return _earlier(end, self._now() + seconds)

    def told(self, timeout: float | EllipsisType | None, usual: float | None) -> str:
        """How an error says until when there was time."""
        if self._of and self._who() in self._of:
            return "before the deadline"
        return f"within {usual if timeout is ... else timeout} s"


class _Block:
    """What `with store.deadline(…)` and `async with` have in common."""

    __slots__ = ("_deadlines", "_outer", "_seconds", "_who")

    def __init__(self, deadlines: Deadlines, seconds: float | None) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._who: Hashable = None
        #: What was in force before, if anything was.
        self._outer: list[float | None] = []

    def _begin(self) -> None:
        all_of = self._deadlines
        if self._who is not None:
            raise RuntimeError("a deadline is used once; ask for another one")
        self._who = who = all_of._who()
        seconds = self._seconds
        end = None if seconds is None or seconds > _EVER else all_of._now() + seconds
        if who in all_of._of:
            self._outer.append(all_of._of[who])
            end = _earlier(end, self._outer[0])
        all_of._of[who] = end

    def _end(self) -> None:
        if self._outer:
            self._deadlines._of[self._who] = self._outer[0]
        else:
            self._deadlines._of.pop(self._who, None)


class Block(_Block):
    """For `with`."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()


class AsyncBlock(_Block):
    """For `async with`."""

    __slots__ = ()

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end()


def _earlier(one: float | None, other: float | None) -> float | None:
    if one is None:
        return other
    return one if other is None else min(one, other)
