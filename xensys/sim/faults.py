"""Things that go wrong on demand, at a call that the test names and counts.

Example:
    >>> import errno
    >>> from xensys.sim import Machine
    >>> machine = Machine()
    >>> fault = machine.dom0.faults.fail("open", errno.ENOMEM, path="/dev/xen/privcmd")
    >>> machine.dom0.open("/dev/xen/privcmd", 2)
    Traceback (most recent call last):
        ...
    OSError: [Errno 12] Cannot allocate memory
    >>> fault.fired
    1
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: What can be made to fail, and what each can be told apart by.
KINDS: dict[str, tuple[str, ...]] = {
    "open": ("path",),
    "close": ("fd",),
    "ioctl": ("request", "device"),
    "mmap": ("device", "length", "fixed"),
    "munmap": ("address", "length"),
    "madvise": ("advice", "length"),
    "reserve": ("length",),
    "hypercall": ("op", "cmd"),
    "frame": ("domid", "gfn"),
    "sleep": ("seconds",),
    "connect": ("path",),
    "read": ("device",),
    "write": ("device",),
    "wait": ("timeout",),
    "eventfd": (),
}


class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: one of `KINDS`.
        match: what a call must look like.
        nth: counting from 1, the first matching call that is hit.
        times: how many calls from there on are hit; None for all of them.
        errno: what they fail with; 0 if they only run `action`.
        action: run at each hit, without arguments.
        after: whether `action` runs after the call has done its work.
        most: bytes that a read or write transfers at most; None for no limit.
        seen: matching calls so far.
        fired: hits so far.
    """

    def __init__(
        self,
        kind: str,
        match: dict[str, object],
        nth: int,
        times: int | None,
        *,
        errno: int = 0,
        action: Callable[[], object] | None = None,
        after: bool = False,
        most: int | None = None,
    ) -> None:
        self.kind = kind
        self.match = match
        self.nth = nth
        self.times = times
        self.errno = errno
        self.action = action
        self.after = after
        self.most = most
        self.seen = 0
        self.fired = 0

    def hit(self, details: dict[str, object]) -> bool:
        """Count a call; whether this fault strikes."""
        for name, value in self.match.items():
            found = details.get(name)
            # A tuple holds several names of one thing.
            if value not in found if isinstance(found, tuple) else value != found:
                return False
        self.seen += 1
        if self.seen < self.nth:
            return False
        if self.times is not None and self.seen >= self.nth + self.times:
            return False
        self.fired += 1
        return True


class FaultPlan:
    """The faults of one kernel."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def fail(self, kind: str, errno: int, *, nth: int = 1, times: int | None = 1, **match: object) -> Fault:
        """Let calls fail, before they do anything.

        Args:
            kind: "open", "close", "ioctl", "mmap", "munmap", "madvise",
                "reserve", "hypercall", "frame" (one frame of a foreign map),
                "sleep", "connect", "read", "write", "wait" or "eventfd".
            errno: positive; of a frame it becomes that frame's error.
            nth: which matching call is the first to fail, counting from 1.
            times: how many do from there on; None for all.
            match: what tells the calls apart. open: path. ioctl: request (its
                number, or its name as in "HYPERCALL") and device (its node's
                name, "privcmd"). mmap: device (or None), length, fixed.
                hypercall: op (number, or a name as in "memory_op") and cmd (its
                first argument). frame: domid, gfn. connect: path. read and
                write: device ("xenstored" for its socket, "xenbus"; None for
                descriptors that are not the simulator's). wait: timeout.
        """
        return self._add(Fault(kind, match, nth, times, errno=errno))

    def do(
        self,
        kind: str,
        action: Callable[[], object],
        *,
        nth: int = 1,
        times: int | None = 1,
        after: bool = False,
        **match: object,
    ) -> Fault:
        """Let something happen before (or after) calls, e.g. `domain.destroy`.

        Args: as for `fail`; `action` is called without arguments. With
        kind="frame" it happens in the middle of a foreign map.
        """
        return self._add(Fault(kind, match, nth, times, action=action, after=after))

    def shorten(
        self, kind: str, most: int, *, nth: int = 1, times: int | None = 1, **match: object
    ) -> Fault:
        """Let a read or write transfer at most `most` bytes; else as `fail`."""
        if kind not in ("read", "write"):
            raise ValueError(f"only reads and writes can be short, not {kind!r}")
        return self._add(Fault(kind, match, nth, times, after=True, most=most))

    def remove(self, fault: Fault) -> None:
        """Take a fault out of the plan."""
        self._faults.remove(fault)

    def clear(self) -> None:
        """Take all of them out."""
        self._faults.clear()

    def before(self, kind: str, **details: object) -> list[Fault]:
        """Count a call; raises if it is to fail.

        Returns:
            the faults to run when the call has been done, for `after`.
        """
        later: list[Fault] = []
        for fault in tuple(self._faults):
            if fault.kind != kind or not fault.hit(details):
                continue
            if fault.after:
                later.append(fault)
                continue
            if fault.action is not None:
                fault.action()
            if fault.errno:
                raise OSError(fault.errno, os.strerror(fault.errno))
        return later

    def after(self, later: list[Fault]) -> None:
        """Run what waited for the call to be done."""
        for fault in later:
            if fault.action is not None:
                fault.action()

    def at_most(self, later: list[Fault], length: int) -> int:
        """How many bytes are left of a transfer's."""
        return min([length, *(fault.most for fault in later if fault.most is not None)])

    def any_of(self, kind: str) -> bool:
        """Whether there are faults of this kind at all."""
        return any(fault.kind == kind for fault in self._faults)

    def _add(self, fault: Fault) -> Fault:
        known = KINDS.get(fault.kind)
        if known is None:
            raise ValueError(f"no such kind of call: {fault.kind!r}; there are {', '.join(KINDS)}")
        unknown = set(fault.match) - set(known)
        if unknown:
            raise ValueError(f"{fault.kind} calls have {known}, not {sorted(unknown)}")
        self._faults.append(fault)
        return fault
