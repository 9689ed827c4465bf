"""Where hypercall buffers come from: a few large ranges that Xen may touch.

A slab is a range of /dev/xen/hypercall or, where the kernel lacks that device,
of anonymous memory prepared as libxencall does: locked, kept out of forked
children, and written once after that (a fork in another thread may have made
its pages copy-on-write just before). Such memory can still be unreachable for a
moment while Linux moves a page, which Xen reports as EFAULT: `may_fault`.

Nothing here is thread-safe; `buffers` holds a lock around it.
"""

from __future__ import annotations

from _thread import allocate_lock
from _weakref import ref
from errno import EAGAIN, ENOMEM, EPERM

from xensys._lifetime import watch_fork
from xensys.abi import _base
from xensys.abi._base import add_region, remove_region
from xensys.devices._placing import place
from xensys.errors import XenError, error_from
from xensys.kernel.base import (
    MADV_DONTFORK,
    MAP_ANONYMOUS,
    MAP_LOCKED,
    MAP_PRIVATE,
)
from xensys.memory.areas import Area

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap

    from xensys.devices.hypercall import HypercallMemory
    from xensys.kernel import Kernel

PAGE = 4096


class Slab:
    """A range of pages that Xen may touch, given out in runs.

    Attributes:
        memory: its bytes.
        address: where they are.
        pages: how many 4 KiB pages.
        idle: how many of them are free.
    """

    __slots__ = ("_area", "_free", "address", "idle", "memory", "pages")

    def __init__(self, kernel: Kernel, device: HypercallMemory | None, pages: int) -> None:
        page = kernel.page_size
        length = -(-pages * PAGE // page) * page
        try:
            area = Area(kernel, length, writable=True)
        except (OSError, OverflowError):
            raise error_from(ENOMEM, call="mmap", arguments={"length": length}) from None
        try:
            if device is None:
                _lock_anonymous(kernel, area)
            else:
                device.map_over(area.memory)
            _keep_from_children(kernel, area)
        except BaseException:
            area.drop()
            raise
        # Every page written: breaks copy-on-write left by a fork before the
        # advice, and arm64 refuses Xen a page that was never written.
        area.memory[:] = bytes(length)
        self._area = area
        self.memory: mmap.mmap = area.memory
        self.address = area.address
        self.pages = length // PAGE
        self.idle = self.pages
        self._free = [(0, self.pages)]
        _regions.add(area)

    def take(self, count: int) -> int | None:
        """The first page of `count` free ones in a row, or None."""
        for at, (start, length) in enumerate(self._free):
            if length >= count:
                if length == count:
                    del self._free[at]
                else:
                    self._free[at] = (start + count, length - count)
                self.idle -= count
                return start
        return None

    def give(self, start: int, count: int) -> None:
        """Pages that `take` gave, free again."""
        self.idle += count
        merged: list[tuple[int, int]] = []
        for run in sorted([*self._free, (start, count)]):
            if merged and merged[-1][0] + merged[-1][1] == run[0]:
                merged[-1] = (merged[-1][0], merged[-1][1] + run[1])
            else:
                merged.append(run)
        self._free = merged

    def retire(self) -> None:
        """Take part in nothing any more; the pages go with the last view of them."""
        _regions.remove(self.address)


class _Regions:
    """Which ranges are hypercall memory: from a slab's making to its retirement.

    Memory also goes without a retirement: with a pool that nobody closed, and
    with its parent's in a forked child. Its addresses may then be used again at
    once, so they are forgotten before the next range is added.
    """

    __slots__ = ("__weakref__", "_gone", "_lock", "_watched")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._gone: list[int] = []
        self._watched: dict[int, ref[mmap.mmap]] = {}
        watch_fork(self)

    def add(self, area: Area) -> None:
        address, watched, gone = area.address, self._watched, self._gone

        def forget(_: object) -> None:
            # Runs wherever memory may be freed, the lock held or not: nothing
            # here but single operations on lists and dictionaries.
            watched.pop(address, None)
            gone.append(address)

        with self._lock:
            while gone:
                remove_region(gone.pop())
            add_region(address, area.length)
            watched[address] = ref(area.memory, forget)

    def remove(self, address: int) -> None:
        with self._lock:
            # Whoever retires a slab holds its memory, so it is not among the gone.
            if self._watched.pop(address, None) is not None:
                remove_region(address)

    def _forked(self) -> None:
        # A thread that is no more may have held them.
        self._lock = allocate_lock()
        _base._regions_lock = allocate_lock()
        # What its parent lent to Xen is ordinary memory here.
        self._watched.clear()
        self._gone.clear()
        _base._regions = ((), ())
        watch_fork(self)


_regions = _Regions()


def _lock_anonymous(kernel: Kernel, area: Area) -> None:
    try:
        place(kernel, area.memory, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1)
    except OSError as error:
        hint = ""
        if error.errno in (EAGAIN, EPERM, ENOMEM):
            hint = "this kernel has no /dev/xen/hypercall, so memory must be locked: raise RLIMIT_MEMLOCK"
        raise XenError(
            error.errno or 0, call="mmap(MAP_LOCKED)", arguments={"length": area.length}, hint=hint
        ) from None


def _keep_from_children(kernel: Kernel, area: Area) -> None:
    """A child that shared these pages would overwrite its parent's arguments in flight."""
    try:
        kernel.madvise(area.address, area.length, MADV_DONTFORK)
    except OSError as error:
        raise error_from(error.errno or 0, call="madvise(MADV_DONTFORK)") from None
