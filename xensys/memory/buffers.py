"""Memory lent to the hypervisor: the pool of hypercall buffers.

Xen reads and writes hypercall arguments through this process's addresses and
cannot wait for a page fault, so they live in memory that Linux keeps in place
(see `slabs`). Making such memory costs as much as many hypercalls; the pool
therefore keeps what it has, and in steady state makes no system call.

Requests up to a page are rounded up to a power of two and aligned to it, so
none crosses a page; larger ones are whole pages.

Always true here:

* Memory is zeroed when it is handed out, all of it, by writing.
* A slot is handed out again only when nothing can reach it any more: the last
  view of it and the last structure in it are gone.
* A thread that takes or gives back a small slot takes no lock: lists do it.
"""

from __future__ import annotations

import ctypes
from _thread import RLock
from _warnings import warn
from _weakref import ref
from errno import EINVAL

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys._typing import overload
from xensys.errors import ForkedError, XenError
from xensys.memory.areas import untrack
from xensys.memory.slabs import PAGE, Slab

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from typing import Any, Self, TypeVar

    from _typeshed import ReadableBuffer

    from xensys.devices.hypercall import HypercallMemory
    from xensys.kernel import Kernel

    _Structure = TypeVar("_Structure", bound="ctypes.Structure | ctypes.Union | ctypes.Array[Any]")

#: The smallest slot, as a power of two: 32 bytes.
_SMALLEST = 5
#: The largest slot that shares a page: one page.
_LARGEST = 12
#: Pages of the first slab, and of the largest that is not for one big request.
#: 64 is all that a handle of the device's first version would give.
_FIRST_SLAB = 8
_LARGEST_SLAB = 64
#: Idle pages beyond this go back to the kernel, slab by slab.
_MAX_IDLE = 256


class Slot:
    """A piece of a slab.

    Attributes:
        memory, offset: where its bytes are, for pack_into and slices.
        address: where they are, for Xen.
        size: bytes.
    """

    __slots__ = ("_slab", "address", "memory", "offset", "size")

    def __init__(self, slab: Slab, offset: int, size: int) -> None:
        self._slab = slab
        self.memory: mmap.mmap = slab.memory
        self.offset = offset
        self.address = slab.address + offset
        self.size = size


class Buffer(OneOfAKind):
    """Memory of this process that Xen may read and write during a hypercall.

    Slices copy: `b[0:8]` is bytes, `b[0:8] = data` writes. `view()` copies
    nothing; `memoryview(b)` is the same from Python 3.12 on. As a context
    manager a buffer is freed on exit.
    """

    __slots__ = ("__weakref__", "_export", "_pool", "_size", "_slot")

    def __init__(self, pool: BufferPool, slot: Slot, size: int) -> None:
        self._pool = pool
        self._slot: Slot | None = slot
        self._size = size
        self._export: ctypes.Array[ctypes.c_char] | None = None

    @property
    def address(self) -> int:
        """Where Xen finds it."""
        return self._live().address

    @property
    def freed(self) -> bool:
        """Whether it was freed."""
        return self._slot is None

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: int | slice) -> int | bytes:
        """Copy bytes out."""
        with self.view() as view:
            return bytes(view[key]) if isinstance(key, slice) else view[key]

    @overload
    def __setitem__(self, key: int, value: int) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: ReadableBuffer) -> None: ...

    def __setitem__(self, key: int | slice, value: int | ReadableBuffer) -> None:
        """Copy bytes in; a slice must be as long as what it is given."""
        with self.view() as view:
            if isinstance(key, slice):
                with memoryview(value) as data:  # type: ignore[arg-type]  # a slice takes a buffer
                    view[key] = data.cast("B") if data.format != "B" else data
            else:
                view[key] = value  # type: ignore[assignment]  # memoryview checks it

    def view(self) -> memoryview:
        """The memory itself, without a copy; while views live, `free` refuses."""
        return memoryview(self._xen_export_()).cast("B")

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.view()

    def free(self) -> None:
        """Give the memory back to the pool.

        Raises:
            BufferError: there are views or structures in it, or a hypercall is using it.
            ValueError: it was freed before.
        """
        self._end(detach=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # The frame that failed often still holds a view; a BufferError here
            # would hide its exception. The slot goes back with that view.
            if self._slot is not None:
                self._end(detach=True)
        elif self._slot is not None:
            self.free()

    def __del__(self) -> None:
        if getattr(self, "_slot", None) is None or is_exiting():
            return
        if not self._pool.forked:
            try:
                warn(f"buffer never freed: {self!r}", ResourceWarning, 2, self)
            finally:
                self._abandon()

    def __repr__(self) -> str:
        slot = self._slot
        return f"<Buffer {self._size} bytes, {'freed' if slot is None else f'at {slot.address:#x}'}>"

    def _xen_export_(self) -> ctypes.Array[ctypes.c_char]:
        """The memory as a ctypes array; whoever holds it keeps the slot from reuse."""
        export = self._export
        if export is None:
            with self._pool.lock:
                slot = self._live()
                export = self._export
                if export is None:
                    export = (ctypes.c_char * self._size).from_buffer(slot.memory, slot.offset)
                    self._export = export
        if self._pool.forked:
            raise ForkedError
        return export

    def _live(self) -> Slot:
        slot = self._slot
        if slot is None:
            raise ValueError("buffer was freed")
        if self._pool.forked:
            raise ForkedError
        return slot

    def _abandon(self) -> None:
        """Let go without a lock: a collection may start in a thread that holds it."""
        slot, self._slot = self._slot, None
        export, self._export = self._export, None
        if slot is None:
            return
        if export is None:
            # Something that dies at once, to come back as all lent slots do.
            export = (ctypes.c_char * self._size).from_buffer(slot.memory, slot.offset)
        self._pool.lend(slot, export)

    def _end(self, *, detach: bool) -> None:
        pool = self._pool
        with pool.lock:
            slot = self._slot
            if slot is None:
                raise ValueError("buffer was freed already")
            export, self._export = self._export, None
            if export is not None:
                watch = ref(export)
                del export
                still = watch()
                if still is not None:
                    if not detach:
                        self._export = still
                        raise BufferError(f"{self!r} is in use: views, structures or a hypercall")
                    self._slot = None
                    pool.lend(slot, still)
                    return
            self._slot = None
        pool.give(slot)


class BufferPool(OneOfAKind):
    """Allocates hypercall buffers; `xen.buffers`. Thread-safe."""

    __slots__ = (
        "__weakref__",
        "_closed",
        "_device",
        "_free",
        "_kernel",
        "_lent",
        "_lock",
        "_open_device",
        "_returned",
        "_slabs",
        "forked",
    )

    def __init__(self, kernel: Kernel, open_device: Callable[[], HypercallMemory | None]) -> None:
        """Nothing is opened or mapped before the first request.

        Args:
            kernel: where to map.
            open_device: gives the buffer device, or None where the kernel has none.
        """
        self._kernel = kernel
        self._open_device = open_device
        self._device: tuple[HypercallMemory | None] | None = None
        self._slabs: list[Slab] = []
        # Free slots by size: index n holds those of 2**n bytes.
        self._free: list[list[Slot]] = [[] for _ in range(_LARGEST + 1)]
        # Slots whose last export died in a place where no lock may be taken.
        self._returned: list[Slot] = []
        self._lent: dict[int, ref[ctypes.Array[ctypes.c_char]]] = {}
        self._closed = False
        self.forked = False
        self._lock = RLock()
        watch_fork(self)

    @property
    def lock(self) -> RLock:
        """Held over every change of the slabs.

        Raises:
            RuntimeError: this thread holds it, so this is a finalizer or a
                signal handler that cut in; waiting would never end.
        """
        lock = self._lock
        if lock._is_owned():  # type: ignore[attr-defined]  # threading relies on it, typeshed lacks it
            raise RuntimeError("reentrant use of a buffer pool, by a finalizer or a signal handler")
        return lock

    @property
    def may_fault(self) -> bool:
        """Whether Xen can see a passing EFAULT in this memory: no buffer device."""
        device = self._device
        if device is None:
            with self.lock:
                return self._backing() is None
        return device[0] is None

    def alloc(self, size: int) -> Buffer:
        """Zeroed memory of `size` bytes that Xen may touch.

        Up to a page it is aligned to its size, rounded up to a power of two;
        above that to a page.

        Raises:
            XenError: ENOMEM; EAGAIN or EPERM without a buffer device, if
                memory may not be locked.
            NoXenError: this is no Xen domain.
        """
        if size <= 0:
            raise ValueError(f"size: {size}")
        return Buffer(self, self.take(size), size)

    def new(self, kind: type[_Structure]) -> _Structure:
        """A zeroed structure (or array) in place, in memory that Xen may touch.

        Its memory returns to the pool when it and everything that refers into
        it are gone; there is nothing to free.

        Args:
            kind: a generated structure, or any ctypes structure, union or array type.

        Example:
            >>> param = xen.buffers.new(xensys.abi.hvm.params.xen_hvm_param)
        """
        size = ctypes.sizeof(kind)
        slot = self.take(max(size, 1))
        export = (ctypes.c_char * max(size, 1)).from_buffer(slot.memory, slot.offset)
        made = kind.from_buffer(export)
        self.lend(slot, export)
        return made  # type: ignore[return-value]  # from_buffer gives its own class

    def take(self, size: int) -> Slot:
        """A zeroed slot of at least `size` bytes, for our own layers; `give` it back."""
        if self._closed or self.forked:
            self._check_open()
        order = (size - 1).bit_length()
        if order > _LARGEST:
            slot = self._take_pages(-(-size // PAGE))
            slot.memory[slot.offset : slot.offset + slot.size] = bytes(slot.size)
            return slot
        if order < _SMALLEST:
            order = _SMALLEST
        try:
            slot = self._free[order].pop()
        except IndexError:
            slot = self._carve(order)
        slot.memory[slot.offset : slot.offset + slot.size] = _ZEROS[order]
        return slot

    def give(self, slot: Slot) -> None:
        """A slot from `take` that nothing reaches any more, free again."""
        if slot.size > PAGE:
            with self.lock:
                if not self._closed:
                    self._give_pages(slot)
            return
        free = self._free[slot.size.bit_length() - 1]
        if not self._closed:
            free.append(slot)
        if slot.size * len(free) > _MAX_IDLE * PAGE:
            self._trim(free, slot.size)

    def lend(self, slot: Slot, export: ctypes.Array[ctypes.c_char]) -> None:
        """Have a slot come back by itself when the last reference to `export` is gone."""
        key = id(export)
        lent = self._lent
        returned = self._returned if slot.size > PAGE else self._free[slot.size.bit_length() - 1]

        def back(_: object) -> None:
            # Runs wherever a reference may be dropped, the lock held or not:
            # nothing here but single operations on lists and dictionaries.
            lent.pop(key, None)
            returned.append(slot)

        untrack(export)
        lent[key] = ref(export, back)

    def holds(self, address: int, length: int) -> bool:
        """Whether address…address+length is memory of this pool."""
        return any(
            slab.address <= address and address + length <= slab.address + slab.pages * PAGE
            for slab in self._slabs
        )

    def restrict(self, domid: int) -> bool | None:
        """Ask the device for no more memory, for good; what there is stays. See `Device.restrict`.

        Returns:
            whether there is a device; None if it was not asked for yet.
        """
        with self.lock:
            if self._device is None:
                return None
            (device,) = self._device
            if device is not None:
                device.restrict(domid)
            return device is not None

    def close(self) -> None:
        """Let the memory go; what is still viewed stays until its last view is gone."""
        with self.lock:
            self._closed = True
            slabs, self._slabs = self._slabs, []
            for slots in self._free:
                slots.clear()
            self._returned.clear()
        for slab in slabs:
            slab.retire()
        device, self._device = self._device, None
        if device is not None and device[0] is not None:
            device[0].close()

    def _backing(self) -> HypercallMemory | None:
        """The device, opened now if it was not yet; None if there is none. Needs the lock."""
        self._check_open()
        if self._device is None:
            self._device = (self._open_device(),)
        return self._device[0]

    def _check_open(self) -> None:
        if self.forked:
            raise ForkedError
        if self._closed:
            raise ValueError("buffer pool is closed")

    def _carve(self, order: int) -> Slot:
        """Cut a page into slots of 2**order bytes; one is handed out."""
        page = self._take_pages(1)
        size = 1 << order
        slab = page._slab
        slots = [Slot(slab, at, size) for at in range(page.offset, page.offset + PAGE, size)]
        first = slots.pop(0)
        self._free[order].extend(slots)
        return first

    def _take_pages(self, count: int) -> Slot:
        with self.lock:
            self._check_open()
            while self._returned:
                self._give_pages(self._returned.pop())
            for slab in self._slabs:
                start = slab.take(count)
                if start is not None:
                    return Slot(slab, start * PAGE, count * PAGE)
            pages = min(_FIRST_SLAB << len(self._slabs), _LARGEST_SLAB)
            slab = self._new_slab(max(pages, count))
            self._slabs.append(slab)
            start = slab.take(count)
            assert start is not None
            return Slot(slab, start * PAGE, count * PAGE)

    def _new_slab(self, pages: int) -> Slab:
        device = self._backing()
        try:
            return Slab(self._kernel, device, pages)
        except XenError as error:
            if error.errno != EINVAL or device is None or not self._slabs:
                raise
        # The device's first version gives 64 pages to an open file, and no more.
        # Closing it takes nothing from what is mapped.
        fresh = self._open_device()
        self._device = (fresh,)
        device.close()
        return Slab(self._kernel, fresh, pages)

    def _give_pages(self, slot: Slot) -> None:
        slab = slot._slab
        slab.give(slot.offset // PAGE, slot.size // PAGE)
        idle = sum(each.idle for each in self._slabs)
        if slab.idle == slab.pages and idle > _MAX_IDLE and len(self._slabs) > 1:
            self._slabs.remove(slab)
            slab.retire()

    def _trim(self, free: list[Slot], size: int) -> None:
        """Make whole pages again of those whose slots are all free."""
        with self.lock:
            if self._closed or size * len(free) <= _MAX_IDLE * PAGE:
                return
            pages: dict[int, list[Slot]] = {}
            # Popped one by one: other threads go on taking and giving.
            for _ in range(len(free)):
                try:
                    slot = free.pop()
                except IndexError:
                    break
                pages.setdefault(slot.address & ~(PAGE - 1), []).append(slot)
            keep = _MAX_IDLE // 2
            for slots in pages.values():
                if len(slots) * size == PAGE and keep <= 0:
                    first = slots[0]
                    self._give_pages(Slot(first._slab, first.offset & ~(PAGE - 1), PAGE))
                else:
                    keep -= len(slots) * size == PAGE
                    free.extend(slots)

    def _forked(self) -> None:
        self.forked = True
        # A thread that is no more may have held it.
        self._lock = RLock()


_ZEROS = [bytes(1 << order) for order in range(_LARGEST + 1)]
