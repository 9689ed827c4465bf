"""Process-wide events that end things: `os.fork()` and the interpreter's exit.

Everything that must not be used in a forked child registers itself with
`watch_fork` and is told through its `_forked()` method, in the child, before
any other Python code runs there (but for hooks registered earlier).

Lowest layer: imports nothing of ours.
"""

from __future__ import annotations

import atexit
import os
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, Protocol

    class Watched(Protocol):
        """Something that must learn of a fork."""

        def _forked(self) -> None: ...


# Changed by single dictionary operations only, and os.fork() runs with Python's
# other threads halted, so a child never sees it half changed.
_watched: dict[int, ref[Watched]] = {}
_first: list[Callable[[], None]] = []
_generation = 0
_exiting = False


def watch_fork(thing: Watched) -> None:
    """Call `thing._forked()` in every forked child; holds no reference to it."""
    key = id(thing)

    def forget(dead: ref[Watched]) -> None:
        # An id is reused only once this has run.
        if _watched.get(key) is dead:
            _watched.pop(key, None)

    _watched[key] = ref(thing, forget)


class OneOfAKind:
    """Something of which there can be no copy: it owns what must end once."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        # What both `copy` and `pickle` ask.
        raise TypeError(f"cannot copy or pickle {type(self).__name__!r} object")


def fork_generation() -> int:
    """A number that differs between a process and its forked children."""
    return _generation


def is_exiting() -> bool:
    """Whether the interpreter is on its way out, when leaks are no news."""
    return _exiting


def before_others(hook: Callable[[], None]) -> None:
    """Call this in every forked child, before all that `watch_fork` tells of it; for good."""
    _first.append(hook)


def _after_fork_in_child() -> None:
    global _generation, _watched
    _generation += 1
    for hook in _first:
        _tell(hook)
    # Exchanged and not copied: a large copy would be put where a mapping was.
    watched, _watched = _watched, {}
    for reference in watched.values():
        thing = reference()
        if thing is not None:
            _tell(thing._forked)


def _tell(hook: Callable[[], None]) -> None:
    try:
        hook()
    except BaseException:
        # A signal handler's; lost, as all that fork hooks raise. The rest must be told.
        hook()


def _at_exit() -> None:
    global _exiting
    _exiting = True


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
