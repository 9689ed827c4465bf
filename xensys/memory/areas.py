"""Ranges of our own addresses with a device mapped over them.

A device is mapped over an anonymous `mmap.mmap` object, which then serves as
the exporter of every view. Python's own rules for such objects are the ones
wanted here: `close()` refuses while a view lives, a read-only one gives only
read-only views, and the range is unmapped, whole, when the object and the last
view of it are gone. No descriptor is duplicated for it, as mapping a file with
`mmap.mmap` would.

What Python does not know is fork: privcmd's mappings are not copied into a
child (VM_DONTCOPY in Linux drivers/xen/privcmd.c), and the hypercall buffers
must not be. The child still has the objects and their views, so the first
thing it does is put zero pages where the mappings were.
"""

from __future__ import annotations

import ctypes
from _weakref import ref

from xensys._lifetime import watch_fork
from xensys.devices._placing import fill, keep_for_good
from xensys.errors import error_from
from xensys.kernel import host
from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap

    from xensys.kernel import Kernel


class Area:
    """A range of addresses, ours until the last view of it is gone.

    Attributes:
        memory: the exporter of the range's views.
        address, length: bytes.
        writable: whether views may write.
    """

    __slots__ = ("_record", "address", "length", "memory", "writable")

    def __init__(self, kernel: Kernel, length: int, *, writable: bool) -> None:
        if kernel.simulated:
            host()  # for the guard: to import it in a fresh child would fill the very addresses
        self.memory: mmap.mmap = kernel.reserve(length, writable=writable)
        untrack(self.memory)
        self.address = address_of(self.memory)
        self.length = length
        self.writable = writable
        self._record = _Record(self)
        _records[id(self.memory)] = self._record

    def revoke(self, kernel: Kernel) -> None:
        """Put zero pages in place of the device, at once; views see those from now on.

        Raises:
            XenError: ENOMEM; the device is still there.
        """
        prot = PROT_READ | PROT_WRITE if self.writable else PROT_READ
        flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        try:
            # A view keeps the addresses ours meanwhile.
            with memoryview(self.memory):
                kernel.mmap(self.address, self.length, prot, flags, -1, 0)
        except ValueError:
            return  # closed already: a close that was interrupted, or one from a signal handler
        except OSError as error:
            raise error_from(error.errno or 0, call="mmap", arguments={"length": self.length}) from None
        self._record.copied_by_fork = True

    def drop(self) -> None:
        """Unmap it, where nobody has a view; not if it may be somebody else's: see `keep_for_good`."""
        try:
            self.memory.close()
        except BufferError:
            # A forked child, too, must leave it alone.
            _records.pop(id(self.memory), None)


def untrack(leaf: object) -> None:
    """Hide an object that is in no cycle from the collector.

    In a collection weak references die before finalizers run, and a finalizer
    may bring the object back; without one they die with the object.
    """
    ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(leaf))


class _Record:
    """What a forked child must know of an area; lives as long as its memory object."""

    __slots__ = ("address", "copied_by_fork", "length", "memory", "writable")

    def __init__(self, area: Area) -> None:
        self.address = area.address
        self.length = area.length
        self.writable = area.writable
        self.copied_by_fork = False
        key = id(area.memory)

        def forget(_: object) -> None:
            # An id is reused only once this has run.
            _records.pop(key, None)

        self.memory = ref(area.memory, forget)


_records: dict[int, _Record] = {}


class _ForkGuard:
    """Makes every address that a fork left without memory safe to touch again."""

    def _forked(self) -> None:
        global _records
        # Simulated or not, the addresses are this process's.
        kernel = host()
        # Nothing below needs to be told of the next fork: it copies zero pages.
        records, _records = _records, {}
        for record in records.values():
            memory = record.memory()
            if memory is None or memory.closed or record.copied_by_fork:
                continue
            prot = PROT_READ | PROT_WRITE if record.writable else PROT_READ
            if not fill(kernel, record.address, record.length, prot):
                # Another fork hook may have mapped something there. It must stay.
                keep_for_good(memory)
        watch_fork(self)


# Registered before any mapping can be: hooks run in this order, and a mapping
# that lets its area go must find zero pages there.
_guard = _ForkGuard()
watch_fork(_guard)
