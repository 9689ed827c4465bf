"""/dev/xen/gntalloc: its ioctls and mmap, with every check in the driver's order.

A page is a frame of the domain's own memory, mapped really. Rules come from
Linux drivers/xen/gntalloc.c.
"""

from __future__ import annotations

import os
import struct
from errno import EINVAL, ENOENT, ENOMEM, ENOSPC, ENOTTY
from weakref import WeakKeyDictionary

from xensys.kernel.base import MAP_FIXED, MAP_SHARED
from xensys.sim import osmem
from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.gntdev import CLEAR_BYTE, SEND_EVENT, Notify, hold_port, place
from xensys.sim.guestmemory import FRAME
from xensys.sim.streams import Stream, StreamFile
from xensys.sim.vmas import Run, Vma
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.domain import Domain
    from xensys.sim.files import OpenFile
    from xensys.sim.kernel import SimKernel

ALLOC_GREF = 0x0018_4705
DEALLOC_GREF = 0x0010_4706
SET_UNMAP_NOTIFY = 0x0010_4707

NAMES = {
    ALLOC_GREF: "ALLOC_GREF",
    DEALLOC_GREF: "DEALLOC_GREF",
    SET_UNMAP_NOTIFY: "SET_UNMAP_NOTIFY",
}
#: The module's parameter: pages that all files of a kernel may have together.
LIMIT = 1024
# The largest block that kmalloc() gives, on x86_64 and arm64 with 4 KiB pages.
_KMALLOC_MAX = 4 << 20
_WRITABLE = 1


class Gref:
    """A granted page: struct gntalloc_gref."""

    def __init__(self, kernel: SimKernel, index: int, gfn: int, ref: int) -> None:
        self.kernel = kernel
        self.index = index
        self.gfn = gfn
        self.ref = ref
        self.users = 1
        self.notify = Notify()

    def put(self, pages: Pages) -> None:
        """One user less; the last one ends the grant (__del_gref())."""
        self.users -= 1
        if self.users:
            return
        domain = self.kernel.domain
        pages.used -= 1
        if domain.dying:
            return
        slot = domain.memory.slot(self.gfn)
        if self.notify.flags & CLEAR_BYTE and slot is not None:
            os.pwrite(domain.memory.fd, b"\0", slot * FRAME + self.notify.at)
        self.notify.send(self.kernel.xen_machine, domain)
        domain.grants.end_when_unused(self.ref, self.gfn)


class Pages:
    """What is the same for all files of a kernel.

    Attributes:
        used: how many pages they have.
    """

    def __init__(self) -> None:
        self.used = 0


class _Mapping:
    """A mapping and what was split off it: struct gntalloc_vma_private_data."""

    def __init__(self, pages: Pages, grefs: list[Gref]) -> None:
        self.pages = pages
        self.grefs = grefs
        self.users = 1

    def opened(self, vma: Vma) -> None:
        self.users += 1

    def closed(self, vma: Vma) -> None:
        self.users -= 1
        if not self.users:
            for gref in self.grefs:
                gref.put(self.pages)


class GntallocFile(StreamFile):
    """One open file of the device.

    Attributes:
        owner: whose file it is.
        index: where its next page will be, bytes.
        grefs: in order.
    """

    def __init__(self, kernel: SimKernel, path: str, flags: int, pages: Pages) -> None:
        # Nothing comes out of it: the stream tells when it is closed.
        super().__init__("gntalloc", path, flags, Stream(duplex=True))
        self.owner = kernel.domain
        self.pages = pages
        self.index = 0
        self.grefs: list[Gref] = []
        self.stream.on_close = self._release

    def pump(self) -> None:
        """There is nothing to hand over."""

    def find(self, index: int, count: int) -> list[Gref] | None:
        """find_grefs(): pages one after the other; none at all are never found."""
        for first, gref in enumerate(self.grefs):
            if gref.index == index:
                found = self.grefs[first : first + count]
                wanted = [index + FRAME * number for number in range(count)]
                return found if found and [each.index for each in found] == wanted else None
        return None

    def _release(self) -> None:
        grefs, self.grefs = self.grefs, []
        for gref in grefs:
            gref.put(self.pages)


class GntallocDriver(Driver):
    """drivers/xen/gntalloc.c."""

    name = "gntalloc"
    paths = ("/dev/xen/gntalloc",)
    ioctls = NAMES

    def __init__(self) -> None:
        self._pages: WeakKeyDictionary[Domain, Pages] = WeakKeyDictionary()

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        file = GntallocFile(kernel, path, flags, self._pages.setdefault(kernel.domain, Pages()))
        kernel.xen_machine.open_files.add(file.stream.fd, file)
        return file.stream.fd

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        assert isinstance(file, GntallocFile)
        if file.forked:
            raise SimulatorGap("gntalloc of a parent process used in its forked child")
        method = _METHODS.get(request)
        if method is None:
            refuse(ENOTTY)
        self.check_argument(request, arg)
        # What Linux does by a timer, if a peer had a page mapped for too long.
        kernel.domain.grants.retry_deferred()
        return method(kernel, file, arg)

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
        assert isinstance(file, GntallocFile)
        if not flags & MAP_SHARED:
            refuse(EINVAL)
        grefs = file.find(offset, length // FRAME)
        if grefs is None:
            refuse(ENOENT)
        sigbus = kernel.xen_machine.sigbus_fd
        start = osmem.mmap(address, length, prot, flags & MAP_FIXED | MAP_SHARED, sigbus, 0)
        vma = Vma(start, start + length, prot, "gntalloc", file, None)
        for page, gref in enumerate(grefs):
            gref.users += 1
            slot = kernel.domain.memory.slot(gref.gfn)
            if slot is None:
                raise SimulatorMisuse(f"frame {gref.gfn:#x}, which the kernel has granted, was taken away")
            vma.runs.append(Run(page, 1, kernel.domain, slot))
        vma.watch = _Mapping(file.pages, grefs)
        place(vma, inherited=True)
        return vma


def _alloc_gref(kernel: SimKernel, file: GntallocFile, arg: WritableBuffer) -> int:
    if kernel.page_size != FRAME:
        raise SimulatorGap(f"grants with pages of {kernel.page_size} bytes")
    domid, flags, count = struct.unpack_from("<HHI", arg)
    if 4 * count > _KMALLOC_MAX:
        refuse(ENOMEM)
    if file.pages.used + count > LIMIT:
        refuse(ENOSPC)
    if len(arg) < 16 + 4 * count:
        raise SimulatorMisuse(f"ALLOC_GREF of {count} pages in a buffer of {len(arg)} bytes")
    index = file.index
    file.index += count * FRAME
    made: list[Gref] = []
    table = kernel.domain.grants
    try:
        for number in range(count):
            gfn = table.take_page()
            try:
                ref = table.give(domid, gfn, readonly=not flags & _WRITABLE)
            except OSError:
                table.free_page(gfn)
                raise
            made.append(Gref(kernel, index + number * FRAME, gfn, ref))
            file.pages.used += 1
    except OSError:
        for gref in made:
            gref.put(file.pages)
        raise
    file.grefs += made
    struct.pack_into("<Q", arg, 8, index)
    struct.pack_into(f"<{count}I", arg, 16, *(gref.ref for gref in made))
    return 0


def _dealloc_gref(kernel: SimKernel, file: GntallocFile, arg: WritableBuffer) -> int:
    index, count = struct.unpack_from("<QI", arg)
    grefs = file.find(index, count)
    if grefs is None:
        refuse(EINVAL)
    for gref in grefs:
        file.grefs.remove(gref)
        gref.put(file.pages)
    return 0


def _set_unmap_notify(kernel: SimKernel, file: GntallocFile, arg: WritableBuffer) -> int:
    index, action, port = struct.unpack_from("<QII", arg)
    grefs = file.find(index & ~(FRAME - 1), 1)
    if grefs is None:
        refuse(ENOENT)
    if action & ~(CLEAR_BYTE | SEND_EVENT):
        refuse(EINVAL)
    if action & SEND_EVENT:
        hold_port(kernel, port)
    grefs[0].notify.replace(kernel.xen_machine, kernel.domain, action, index % FRAME, port)
    return 0


if TYPE_CHECKING:
    _Method: TypeAlias = Callable[[SimKernel, GntallocFile, WritableBuffer], int]

_METHODS: dict[int, _Method] = {
    ALLOC_GREF: _alloc_gref,
    DEALLOC_GREF: _dealloc_gref,
    SET_UNMAP_NOTIFY: _set_unmap_notify,
}
