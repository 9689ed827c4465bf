"""/dev/xen/hypercall: drivers/xen/privcmd-buf.c, which can be mapped and nothing else."""

from __future__ import annotations

import os
from errno import EINVAL

from xensys.kernel.base import MAP_FIXED, MAP_PRIVATE, MAP_SHARED
from xensys.sim import osmem
from xensys.sim.drivers import Driver
from xensys.sim.vmas import Vma

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.files import OpenFile
    from xensys.sim.kernel import SimKernel


class HypercallDriver(Driver):
    """The hypercall buffer device."""

    name = "hypercall"
    paths = ("/dev/xen/hypercall",)

    def mmap(
        self,
        kernel: SimKernel,
        file: OpenFile,
        address: int,
        length: int,
        prot: int,
        flags: int,
        offset: int,
    ) -> Vma:
        # A shared mapping of a file opened read-only loses VM_SHARED (mm/mmap.c).
        if not (flags & MAP_SHARED and file.writable):
            raise OSError(EINVAL, os.strerror(EINVAL))
        _check_limit(kernel, file, length)
        # arm64: Xen may not write to a page that was only ever read, as it
        # is still read-only in the page table. A private mapping is the one
        # kind for which /proc/self/pagemap tells the difference. The price:
        # a forked child of an arm64 machine gets copies and not the pages.
        private = kernel.machine == "arm64"
        sort = MAP_PRIVATE if private else MAP_SHARED
        fd = os.memfd_create("xensim:hypercall-pages", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, length)
            start = osmem.mmap(address, length, prot, flags & MAP_FIXED | sort, fd, 0)
        finally:
            os.close(fd)
        return Vma(start, start + length, prot, "hypercall", file, None, private=private)


def _check_limit(kernel: SimKernel, file: OpenFile, length: int) -> None:
    """The limit per open file that the driver's first version had."""
    if kernel.hypercall_page_limit is None:
        return
    used = sum(vma.end - vma.start for vma in kernel.xen_machine.vmas.live() if vma.file is file)
    if (used + length) // kernel.page_size > kernel.hypercall_page_limit:
        raise OSError(EINVAL, os.strerror(EINVAL))
