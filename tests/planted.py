"""Faults to plant, each of which some check must find: a pytest plugin.

    XENSYS_PLANT=leaked_map python3 -m pytest -p tests.planted tests/contract

Used by tests/unit/test_planted.py; does nothing without the variable.
"""

from __future__ import annotations

import errno
import os

_kept: list[object] = []


def wrong_errno() -> None:
    """The simulator takes unknown domains for missing entries."""
    import xensys.sim.xen.access as access

    access.ESRCH = errno.ENOENT  # type: ignore[misc]  # the point


def wrong_frame_errno() -> None:
    """The simulator fails missing frames with another errno than the driver."""
    import xensys.sim.foreign as foreign

    foreign.EINVAL = errno.EFAULT  # type: ignore[misc]  # the point


def leaked_map() -> None:
    """A map that failed is not undone."""
    from xensys.memory.areas import Area

    Area.drop = lambda self: _kept.append(self)  # type: ignore[method-assign]


def unread_errors() -> None:
    """The per-frame errors are not looked at, as in most of the rivals."""
    import xensys.memory.foreign as foreign

    foreign._failures = lambda errors: []


def unsafe_argument() -> None:
    """Hypercall arguments lie in ordinary memory."""
    import mmap

    from xensys.kernel.pointers import address_of
    from xensys.memory.buffers import BufferPool

    class Slot:
        def __init__(self, size: int) -> None:
            self.memory = mmap.mmap(-1, max(size, 4096))
            self.offset = 0
            self.address = address_of(self.memory)
            self.size = size

    BufferPool.take = lambda self, size: Slot(size)  # type: ignore[method-assign, return-value, assignment]
    BufferPool.give = lambda self, slot: None  # type: ignore[method-assign]


def unzeroed_buffer() -> None:
    """Memory is handed out as its last user left it."""
    import xensys.memory.buffers as buffers

    class Nothing(bytes):
        pass

    take = buffers.BufferPool.take

    def dirty(self: buffers.BufferPool, size: int) -> buffers.Slot:
        slot = take(self, size)
        slot.memory[slot.offset : slot.offset + slot.size] = b"\xa5" * slot.size
        return slot

    buffers.BufferPool.take = dirty  # type: ignore[method-assign]


def close_unchecked() -> None:
    """A closed mapping goes on answering."""
    from xensys.memory.mapping import Mapping

    Mapping.close = lambda self, *, revoke=False: None  # type: ignore[method-assign]


def unforked() -> None:
    """Nothing learns of a fork."""
    import xensys._lifetime as lifetime

    lifetime._watched = type("Deaf", (dict,), {"__setitem__": lambda *a: None})()


#: Faults, by the file of the contract that has to find them.
FOUND_BY = {
    "test_buffers.py": (unsafe_argument, unzeroed_buffer, close_unchecked, unforked),
    "test_foreign.py": (wrong_errno, wrong_frame_errno, leaked_map, unread_errors),
}
PLANTS = {plant.__name__: plant for plants in FOUND_BY.values() for plant in plants}

_wanted = os.environ.get("XENSYS_PLANT")
if _wanted:
    PLANTS[_wanted]()
