"""A domain's memory: sparse frames in one memfd.

A frame number leads to a *slot*, a page of the file. At first they are the
same; a frame that is given back and populated again gets a new slot, so that
whoever still maps the old page keeps it, as on Xen.
"""

from __future__ import annotations

import os
import weakref
from bisect import bisect_right

from xensys.sim import osmem
from xensys.sim.errors import SimulatorMisuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FRAME = 4096


class GuestMemory:
    """Sparse memory, by guest frame number or byte address.

    Attributes:
        fd: the memfd.
        total: frames the domain owns (tot_pages in Xen).
        maximum: how many it may own (max_pages).
    """

    def __init__(self, name: str, maximum: int) -> None:
        self.fd = os.memfd_create(f"xensim:{name}", os.MFD_CLOEXEC)
        self._close = weakref.finalize(self, os.close, self.fd)
        self._close.atexit = False
        self.total = 0
        self.maximum = maximum
        # Populated [start, end) runs whose slots equal their frame numbers,
        # sorted; and the exceptions.
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._moved: dict[int, int] = {}
        self._removed: set[int] = set()
        self._next_slot = 0
        self._size = 0
        #: Frames written by `write`, if anybody wants to know.
        self.written: set[int] | None = None
        #: Whether a slot is mapped by someone; set by the machine.
        self.in_use: Callable[[int], bool] = lambda slot: False

    def populate(self, first: int, count: int = 1) -> None:
        """Back frames with fresh zero pages; those that have one lose it."""
        if count <= 0:
            return
        self.total += count
        end = first + count
        if self._overlaps_any(first, end):
            for gfn in range(first, end):
                self._moved[gfn] = self.new_slot()
                self._removed.discard(gfn)
            return
        self._grow(end)
        at = bisect_right(self._starts, first)
        if at and self._ends[at - 1] == first:
            self._ends[at - 1] = end
        else:
            self._starts.insert(at, first)
            self._ends.insert(at, end)

    def new_slot(self) -> int:
        """A page of its own, behind no frame number (yet)."""
        # Far above anything that frame numbers claim: the file is sparse.
        if not self._next_slot:
            self._next_slot = 1 << 36
        slot = self._next_slot
        self._next_slot += 1
        self._grow(slot + 1)
        return slot

    def remove(self, gfn: int) -> bool:
        """Take a frame away; False if there was none."""
        slot = self.slot(gfn)
        if slot is None:
            return False
        if self._moved.pop(gfn, None) is None or self._in_run(gfn):
            self._removed.add(gfn)
        self.total -= 1
        if not self.in_use(slot):
            osmem.punch(self.fd, slot * FRAME, FRAME)
        return True

    def move(self, gfn: int, to: int) -> bool:
        """Give a page another frame number, whose own page goes; False if there is none."""
        slot = self.slot(gfn)
        if slot is None:
            return False
        if gfn != to:
            self.remove(to)
            if self._moved.pop(gfn, None) is None or self._in_run(gfn):
                self._removed.add(gfn)
            self._moved[to] = slot
            self._removed.discard(to)
        return True

    def place(self, gfn: int, slot: int | None) -> None:
        """Have a frame number lead to a page, or to none; no page comes or goes by it."""
        if slot is not None:
            self._moved[gfn] = slot
            self._removed.discard(gfn)
        elif self._moved.pop(gfn, None) is None or self._in_run(gfn):
            self._removed.add(gfn)

    def placed_at(self, slot: int) -> int | None:
        """At which frame number a page is that `new_slot` made; None for nowhere."""
        return next((gfn for gfn, page in self._moved.items() if page == slot), None)

    def punch(self, gfns: Iterable[int]) -> None:
        """Make holes: take several frames away.

        Raises:
            SimulatorMisuse: one of them is not populated.
        """
        for gfn in gfns:
            if not self.remove(gfn):
                raise SimulatorMisuse(f"frame {gfn:#x} is not populated")

    def slot(self, gfn: int) -> int | None:
        """The page of the file that a frame is, or None."""
        moved = self._moved.get(gfn)
        if moved is not None:
            return moved
        if gfn in self._removed or not self._in_run(gfn):
            return None
        return gfn

    def identity_run(self, first: int, count: int) -> bool:
        """Whether these frames are all populated, each at its own slot."""
        at = bisect_right(self._starts, first) - 1
        if at < 0 or first + count > self._ends[at]:
            return False
        if not self._moved and not self._removed:
            return True
        return not any(first <= gfn < first + count for gfn in (*self._moved, *self._removed))

    def populated(self) -> Iterator[int]:
        """Every populated frame number, in ascending order."""
        extra = sorted(gfn for gfn in self._moved if not self._in_run(gfn))
        at = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            while at < len(extra) and extra[at] < start:
                yield extra[at]
                at += 1
            for gfn in range(start, end):
                if gfn not in self._removed or gfn in self._moved:
                    yield gfn
        yield from extra[at:]

    def highest(self) -> int:
        """The highest populated frame number; -1 if there is none."""
        top = max(self._ends[-1] if self._ends else 0, max(self._moved, default=-1) + 1)
        for gfn in range(top - 1, -1, -1):
            if self.slot(gfn) is not None:
                return gfn
        return -1

    def read(self, gpa: int, length: int) -> bytes:
        """Copy out of guest-physical memory.

        Raises:
            SimulatorMisuse: not all of it is populated.
        """
        parts: list[bytes] = []
        for slot, offset, size in self._pieces(gpa, length):
            part = os.pread(self.fd, size, slot * FRAME + offset)
            parts.append(part)
        return b"".join(parts)

    def write(self, gpa: int, data: bytes) -> None:
        """Copy into guest-physical memory; raises as `read` does."""
        if self.written is not None and data:
            self.written.update(range(gpa // FRAME, (gpa + len(data) - 1) // FRAME + 1))
        at = 0
        for slot, offset, size in self._pieces(gpa, len(data)):
            os.pwrite(self.fd, data[at : at + size], slot * FRAME + offset)
            at += size

    def close(self) -> None:
        """Let the file go; what is mapped stays mapped."""
        self._close()
        self.fd = -1

    def _pieces(self, gpa: int, length: int) -> Iterator[tuple[int, int, int]]:
        while length > 0:
            gfn, offset = divmod(gpa, FRAME)
            slot = self.slot(gfn)
            if slot is None:
                raise SimulatorMisuse(f"frame {gfn:#x} is not populated")
            size = min(length, FRAME - offset)
            yield slot, offset, size
            gpa += size
            length -= size

    def _in_run(self, gfn: int) -> bool:
        at = bisect_right(self._starts, gfn) - 1
        return at >= 0 and gfn < self._ends[at]

    def _overlaps_any(self, first: int, end: int) -> bool:
        at = bisect_right(self._starts, end - 1) - 1
        if at >= 0 and self._ends[at] > first:
            return True
        return any(first <= gfn < end for gfn in self._moved)

    def _grow(self, slots: int) -> None:
        if slots > self._size:
            self._size = slots
            os.ftruncate(self.fd, slots * FRAME)
