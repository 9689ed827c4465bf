"""Which ranges of this process's addresses belong to simulated devices.

Mappings end in ways nobody tells us of: the `mmap.mmap` object that reserved
the range is closed or collected. So the table holds weak references to those
objects, and forgets, whenever it is looked at, what cannot be mapped any more.

Some drivers act when a mapping ends (grants are unmapped, and peers told).
Their `Vma.watch` is told by `sweep()`: at the start of each call of the
kernel's, and as soon as a reservation's object is collected
(`Machine.noticed`), since then another thread may be waiting for the news.
An object that is closed and kept is noticed at the next call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    import weakref
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from xensys.sim.domain import Domain
    from xensys.sim.files import OpenFile

    class Watch(Protocol):
        """What acts when its mappings come and go: vm_operations_struct."""

        def opened(self, vma: Vma) -> None: ...

        def closed(self, vma: Vma) -> None: ...


class Reservation:
    """A range handed out by `reserve()`."""

    __slots__ = ("end", "object", "start")

    def __init__(self, start: int, end: int, memory: weakref.ref[mmap.mmap]) -> None:
        self.start = start
        self.end = end
        self.object = memory

    @property
    def alive(self) -> bool:
        """Whether the range is still the object's."""
        memory = self.object()
        return memory is not None and not memory.closed


class Run:
    """Consecutive 4 KiB pages of a mapping that show consecutive pages of a domain."""

    __slots__ = ("count", "domain", "page", "slot")

    def __init__(self, page: int, count: int, domain: Domain, slot: int) -> None:
        self.page = page
        self.count = count
        self.domain = domain
        self.slot = slot


class Vma:
    """One mapping, as a kernel's vm_area_struct.

    Attributes:
        kind: "privcmd", "gntdev", "gntalloc", "hypercall" or "locked" (the
            fallback's anonymous memory).
        reservation: whose life it shares; None if it ends by munmap only.
        used: privcmd: a mapping ioctl has filled it (vm_private_data is set).
        runs: privcmd: what it shows.
        dead_pages: privcmd, translated domains: pages that failed and still
            have a page table entry, so that a retry finds them taken.
        shows: translated domains: which page of the physmap each page shows,
            where that differs from its own position.
        private: hypercall: it is a private mapping, see `SimKernel.mmap`.
        watch: who is to be told when it is split, or gone; or None.
        first: gntdev, gntalloc: which page of what `watch` is this starts at.
    """

    def __init__(
        self,
        start: int,
        end: int,
        prot: int,
        kind: str,
        file: OpenFile | None,
        reservation: Reservation | None,
        *,
        private: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.prot = prot
        self.kind = kind
        self.file = file
        self.reservation = reservation
        self.private = private
        self.used = False
        self.runs: list[Run] = []
        self.dead_pages: set[int] = set()
        self.shows: dict[int, int] = {}
        self.watch: Watch | None = None
        self.first = 0

    @property
    def pages(self) -> int:
        """Its length in 4 KiB pages."""
        return (self.end - self.start) // 4096

    @property
    def alive(self) -> bool:
        """Whether the range can still be mapped."""
        return self.reservation is None or self.reservation.alive

    def taken(self, page: int, count: int) -> bool:
        """Whether any page of this range has a page table entry."""
        end = page + count
        if any(run.page < end and page < run.page + run.count for run in self.runs):
            return True
        return any(page <= dead < end for dead in self.dead_pages)

    def forget(self, page: int, count: int) -> None:
        """Drop what these pages show."""
        end = page + count
        kept: list[Run] = []
        for run in self.runs:
            run_end = run.page + run.count
            if run_end <= page or end <= run.page:
                kept.append(run)
                continue
            if run.page < page:
                kept.append(Run(run.page, page - run.page, run.domain, run.slot))
            if end < run_end:
                kept.append(Run(end, run_end - end, run.domain, run.slot + end - run.page))
        self.runs = kept
        self.dead_pages = {dead for dead in self.dead_pages if not page <= dead < end}


class VmaTable:
    """All mappings and reservations of one machine."""

    def __init__(self) -> None:
        self._vmas: list[Vma] = []
        self._reservations: list[Reservation] = []
        self._watched = 0
        self._ended: list[Vma] = []

    def reserve(self, reservation: Reservation) -> None:
        """Note a new reservation; older claims on its addresses must be over."""
        self.cut(reservation.start, reservation.end)
        self._reservations = [
            other
            for other in self._reservations
            if other.alive and not (other.start < reservation.end and reservation.start < other.end)
        ]
        self._reservations.append(reservation)

    def reservation_at(self, start: int, end: int) -> Reservation | None:
        """The live reservation that contains this range."""
        for reservation in self._reservations:
            if reservation.start <= start and end <= reservation.end and reservation.alive:
                return reservation
        return None

    def add(self, vma: Vma) -> None:
        """Note a mapping; what was at its addresses is gone."""
        self.cut(vma.start, vma.end)
        self._append(vma)

    def live(self) -> Iterator[Vma]:
        """Every mapping that is still there."""
        self._keep(lambda vma: vma.alive)
        return iter(tuple(self._vmas))

    def sweep(self) -> None:
        """Tell those who watch about mappings that are gone."""
        if not self._watched and not self._ended:
            return
        self._keep(lambda vma: vma.alive)
        while self._ended:
            vma = self._ended.pop(0)
            if vma.watch is not None:
                vma.watch.closed(vma)

    def forget_watches(self) -> None:
        """In a forked child: what happens to its mappings is nobody's news."""
        self._ended.clear()
        self._watched = 0
        for vma in self._vmas:
            vma.watch = None

    def at_or_after(self, address: int) -> Vma | None:
        """The first mapping that ends above `address`: Linux's find_vma().

        Knows simulated mappings only: any other one lies where callers find
        this one not to contain the address.
        """
        candidates = [vma for vma in self.live() if vma.end > address]
        return min(candidates, key=lambda vma: vma.start, default=None)

    def containing(self, address: int) -> Vma | None:
        """The mapping that `address` lies in."""
        for vma in self.live():
            if vma.start <= address < vma.end:
                return vma
        return None

    def overlapping(self, start: int, end: int) -> list[Vma]:
        """The mappings that share addresses with this range."""
        return [vma for vma in self.live() if vma.start < end and start < vma.end]

    def split_at(self, address: int) -> None:
        """Make `address` a border between two mappings, where it lies inside one."""
        vma = self.containing(address)
        if vma is None or vma.start == address:
            return
        pages = (address - vma.start) // 4096
        tail = Vma(address, vma.end, vma.prot, vma.kind, vma.file, vma.reservation)
        tail.used, tail.private = vma.used, vma.private
        tail.watch, tail.first = vma.watch, vma.first + pages
        for run in vma.runs:
            past = run.page + run.count - pages
            if past > 0:
                skip = max(pages - run.page, 0)
                tail.runs.append(
                    Run(run.page + skip - pages, run.count - skip, run.domain, run.slot + skip)
                )
        tail.dead_pages = {page - pages for page in vma.dead_pages if page >= pages}
        vma.forget(pages, (vma.end - address) // 4096)
        vma.end = address
        self._append(tail)
        if tail.watch is not None:
            tail.watch.opened(tail)

    def cut(self, start: int, end: int) -> None:
        """Take a range of addresses out of every mapping."""
        if not any(vma.start < end and start < vma.end for vma in self._vmas):
            return
        self._keep(lambda vma: vma.alive)
        self.split_at(start)
        self.split_at(end)
        self._keep(lambda vma: not (start <= vma.start and vma.end <= end))

    def _append(self, vma: Vma) -> None:
        self._vmas.append(vma)
        self._watched += vma.watch is not None

    def _keep(self, wanted: Callable[[Vma], bool]) -> None:
        kept = [vma for vma in self._vmas if wanted(vma)]
        if self._watched and len(kept) < len(self._vmas):
            # Not asked again: another thread may have let go of one meanwhile.
            still = set(map(id, kept))
            for vma in self._vmas:
                if vma.watch is not None and id(vma) not in still:
                    self._ended.append(vma)
                    self._watched -= 1
        self._vmas = kept
