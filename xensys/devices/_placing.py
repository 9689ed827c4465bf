"""Mapping in place of reserved memory, which Linux or the driver may refuse.

Linux unmaps what a MAP_FIXED mapping replaces before it asks the driver, and
leaves the gap if anything fails from then on (mm/vma.c,
vms_abort_munmap_vmas(); mmap_region() in mm/mmap.c before 6.12). The object
that reserved the range would later unmap whatever another thread was given
there meanwhile. So the gap is filled again at once, and never over somebody
else's mapping.
"""

from __future__ import annotations

import ctypes
from errno import EACCES, EAGAIN, EBADF, ENODEV, EPERM

from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
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


#: What Linux says before it unmaps anything (do_mmap() in mm/mmap.c), and no Xen driver says.
_EARLY = (EACCES, EAGAIN, EBADF, ENODEV)


def place(kernel: Kernel, memory: mmap.mmap, flags: int, fd: int, offset: int = 0) -> None:
    """Map something in place of anonymous memory that the caller made for it.

    Taking the object rather than an address, this can replace nobody else's
    memory.

    Args:
        memory: a `Kernel.reserve()`; it also says whether to map for writing.
        flags, fd, offset: as for mmap(), without MAP_FIXED.
    Raises:
        OSError: what Linux says. `memory` is zeros; or, where something else may
            lie at its addresses now, kept for good.
    """
    with memoryview(memory) as view:
        prot = PROT_READ if view.readonly else PROT_READ | PROT_WRITE
        address, length = address_of(view), view.nbytes
        try:
            kernel.mmap(address, length, prot, flags | MAP_FIXED, fd, offset)
        except OSError as error:
            # EPERM of no file: nothing may be locked.
            early = error.errno in _EARLY or (error.errno == EPERM and fd < 0)
            if not early and not fill(kernel, address, length, prot):
                keep_for_good(memory)
            raise


def fill(kernel: Kernel, address: int, length: int, prot: int) -> bool:
    """Put zero pages at addresses where nothing is; whether that could be done."""
    flags = MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    try:
        got = kernel.mmap(address, length, prot, flags, -1, 0)
    except OSError:
        # EEXIST: something is there. It may be another thread's, and must stay,
        # though it is our own memory still if Linux had refused early.
        return False
    if got == address:
        return True
    kernel.munmap(got, length)  # Linux before 4.17 takes the flag for a hint
    return False


def keep_for_good(memory: mmap.mmap) -> None:
    """Let nobody unmap this memory's addresses, which may be somebody else's.

    Neither its end, which never comes, nor `close()`: that says BufferError, as
    for every memory with a view.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(memoryview(memory)))
