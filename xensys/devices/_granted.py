"""What gntdev and gntalloc have in common: a device mapped at an offset, by a driver that may refuse.

Linux unmaps what a MAP_FIXED mapping replaces before it asks the driver, and
leaves the gap if the driver refuses (mmap_region() in mm/vma.c). The object
that reserved the range would later unmap whatever another thread was given
there meanwhile. So the gap is filled again at once, and never over somebody
else's mapping.
"""

from __future__ import annotations

import ctypes

from xensys.devices._device import Device
from xensys.errors import XenError, error_from
from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap


class GrantDevice(Device):
    """A handle on one of the two grant devices."""

    __slots__ = ()

    def map_over(self, memory: mmap.mmap, index: int) -> None:
        """Map pages of the device in place of anonymous memory.

        Args:
            memory: a `Kernel.reserve()` as long as what is at `index`; it also
                says whether to map for writing.
            index: offset that the device has returned, bytes.
        Raises:
            XenError: what the driver says; `memory` is zeros again, or `is_lost`.
        """
        descriptor = self._descriptor
        with memoryview(memory) as view:
            prot = PROT_READ if view.readonly else PROT_READ | PROT_WRITE
            length, address = view.nbytes, address_of(view)
            try:
                self._kernel.mmap(address, length, prot, MAP_SHARED | MAP_FIXED, descriptor.fd, index)
            except XenError:  # ForkedError
                raise
            except OSError as error:
                self._mend(memory, address, length, prot)
                raise error_from(
                    error.errno or 0,
                    call="mmap",
                    via=self._path,
                    arguments={"length": length, "index": index},
                ) from None

    def _mend(self, memory: mmap.mmap, address: int, length: int, prot: int) -> None:
        """Put zero pages into the gap that a refused mapping leaves."""
        flags = MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        try:
            got = self._kernel.mmap(address, length, prot, flags, -1, 0)
        except OSError:
            # EEXIST: something is there. If Linux refused before it came to the
            # driver, that is our own memory still; it may as well be another
            # thread's. It must stay, so the object that would unmap it must too.
            _keep_for_good(memory)
            return
        if got != address:  # Linux before 4.17 takes the flag for a hint
            self._kernel.munmap(got, length)
            _keep_for_good(memory)


#: Objects whose addresses may be somebody else's; they are never freed, so nor are their ids.
_lost: set[int] = set()


def is_lost(memory: mmap.mmap) -> bool:
    """Whether something else may lie at this memory's addresses: it must never be closed then."""
    return id(memory) in _lost


def _keep_for_good(memory: mmap.mmap) -> None:
    _lost.add(id(memory))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))
