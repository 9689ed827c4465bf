"""/dev/xen/gntdev: its ioctls and mmap, with every check in the driver's order.

Rules come from Linux drivers/xen/gntdev.c and grant-table.c. The grants that a
mapping shows are the granter's pages, mapped really.

Not here: dma-bufs. As in a kernel without CONFIG_XEN_GNTDEV_DMABUF, which
Debian's are, their ioctls are ENOTTY.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from errno import EFAULT, EINVAL, ENOENT, ENOTTY

from xensys.kernel.base import MADV_DONTFORK, MAP_FIXED, MAP_SHARED, PROT_WRITE
from xensys.sim import grants, osmem
from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.grants import EAGAIN, MAP_HOST, MAP_READONLY, Refused
from xensys.sim.guestmemory import FRAME
from xensys.sim.streams import Stream, StreamFile
from xensys.sim.vmas import Run, Vma
from xensys.sim.xen.access import refuse
from xensys.sim.xen.grant_copy import Copier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.domain import Domain
    from xensys.sim.files import OpenFile
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

MAP_GRANT_REF = 0x0018_4700
UNMAP_GRANT_REF = 0x0010_4701
GET_OFFSET_FOR_VADDR = 0x0018_4702
SET_MAX_GRANTS = 0x0004_4703
SET_UNMAP_NOTIFY = 0x0010_4707
GRANT_COPY = 0x0010_4708
DMABUF_EXP_FROM_REFS = 0x0014_4709
DMABUF_EXP_WAIT_RELEASED = 0x0008_470A
DMABUF_IMP_TO_REFS = 0x0014_470B
DMABUF_IMP_RELEASE = 0x0008_470C

NAMES = {
    MAP_GRANT_REF: "MAP_GRANT_REF",
    UNMAP_GRANT_REF: "UNMAP_GRANT_REF",
    GET_OFFSET_FOR_VADDR: "GET_OFFSET_FOR_VADDR",
    SET_MAX_GRANTS: "SET_MAX_GRANTS",
    SET_UNMAP_NOTIFY: "SET_UNMAP_NOTIFY",
    GRANT_COPY: "GRANT_COPY",
    DMABUF_EXP_FROM_REFS: "DMABUF_EXP_FROM_REFS",
    DMABUF_EXP_WAIT_RELEASED: "DMABUF_EXP_WAIT_RELEASED",
    DMABUF_IMP_TO_REFS: "DMABUF_IMP_TO_REFS",
    DMABUF_IMP_RELEASE: "DMABUF_IMP_RELEASE",
}
_COPY_SINCE = (4, 8)
#: The module's parameter: grants of one request.
LIMIT = 64 * 1024
CLEAR_BYTE, SEND_EVENT = 1, 2
# Tries that the kernel makes for a page that is paged out, 1, 2, … ms apart.
_EAGAIN_TRIES = 255
_COPY_BATCH = 16
_SOURCE_GREF, _DEST_GREF = 1, 2


class Notify:
    """What is to happen at the end: struct unmap_notify."""

    __slots__ = ("at", "flags", "port")

    def __init__(self) -> None:
        self.flags = 0
        self.at = 0
        self.port = 0

    def replace(self, machine: Machine, domain: Domain, flags: int, at: int, port: int) -> None:
        """Take a new order; the caller holds its port already."""
        old_flags, old_port = self.flags, self.port
        self.flags, self.at, self.port = flags, at, port
        if old_flags & SEND_EVENT:
            machine.event_channels.release(domain, old_port)

    def send(self, machine: Machine, domain: Domain) -> None:
        """Signal the port, and let it go."""
        if self.flags & SEND_EVENT:
            self.flags &= ~SEND_EVENT
            # The kernel does not look at what Xen says to that.
            with suppress(OSError):
                machine.event_channels.send(domain, self.port)
            machine.event_channels.release(domain, self.port)


class GrantMap:
    """Grants that were asked for together: struct gntdev_grant_map."""

    def __init__(self, file: GntdevFile, wanted: list[tuple[int, int]]) -> None:
        self.file = file
        self.wanted = wanted
        self.index = 0
        self.users = 1
        self.in_use = False
        self.readonly = False
        self.handles: list[int | None] = [None] * len(wanted)
        self.notify = Notify()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.wanted)

    def opened(self, vma: Vma) -> None:
        """gntdev_vma_open(): part of the mapping is a mapping of its own now."""
        self.users += 1

    def closed(self, vma: Vma) -> None:
        """gntdev_vma_close(); a PV domain unmaps first, told by the memory manager."""
        if not self.file.owner.translated:
            self.unmap(vma.first, vma.pages)
        self.put()

    def put(self) -> None:
        """gntdev_put_map()."""
        self.users -= 1
        if self.users:
            return
        self.unmap(0, self.count)
        if not self.file.owner.dying:
            self.notify.send(self.file.kernel.xen_machine, self.file.owner)

    def map(self, flags: int) -> bool:
        """gntdev_map_grant_pages(); whether all of them could be mapped."""
        kernel = self.file.kernel
        table = kernel.domain.grants
        good = True
        for page, (domid, ref) in enumerate(self.wanted):
            for delay in range(1, _EAGAIN_TRIES + 1):
                try:
                    granter = kernel.xen_machine.find(domid & 0xFFFF)
                    self.handles[page] = table.map(granter, ref, flags).number
                except Refused as refused:
                    if refused.status == EAGAIN:
                        kernel.xen_machine.clock.sleep(delay / 1000)
                        continue
                    good = False
                break
            else:
                good = False
        return good

    def unmap(self, first: int, count: int) -> None:
        """unmap_grant_pages()."""
        table = self.file.owner.grants
        for page in range(first, first + count):
            number = self.handles[page]
            if number is None:
                continue
            self.handles[page] = None
            handle = table.handles.get(number)
            if handle is None:
                continue  # the domain is dead, and Xen has unmapped it
            if self.notify.flags & CLEAR_BYTE and self.notify.at // FRAME == page:
                self.notify.flags &= ~CLEAR_BYTE
                memory = handle.granter.memory
                if memory.fd >= 0:
                    os.pwrite(memory.fd, b"\0", handle.slot * FRAME + self.notify.at % FRAME)
            table.unmap(number)

    def runs(self) -> list[Run]:
        """What the mapping shows."""
        runs: list[Run] = []
        for page, number in enumerate(self.handles):
            assert number is not None  # all of them could be mapped
            handle = self.file.owner.grants.handles[number]
            last = runs[-1] if runs else None
            if last and last.domain is handle.granter and last.slot + last.count == handle.slot:
                last.count += 1
            else:
                runs.append(Run(page, 1, handle.granter, handle.slot))
        return runs


class GntdevFile(StreamFile):
    """One open file of the device.

    Attributes:
        kernel: whose file it is.
        owner: its domain.
        maps: in the order of their offsets.
    """

    def __init__(self, kernel: SimKernel, path: str, flags: int) -> None:
        # Nothing comes out of it: the stream tells when it is closed.
        super().__init__("gntdev", path, flags, Stream(duplex=True))
        self.kernel = kernel
        self.owner = kernel.domain
        self.maps: list[GrantMap] = []
        self.stream.on_close = self._release

    def pump(self) -> None:
        """There is nothing to hand over."""

    def add(self, map: GrantMap) -> int:
        """gntdev_add_map(): first fit; a gap must be larger than what goes into it."""
        for place, other in enumerate(self.maps):
            if map.index + map.count < other.index:
                self.maps.insert(place, map)
                return map.index
            map.index = other.index + other.count
        self.maps.append(map)
        return map.index

    def find(self, index: int, count: int) -> GrantMap | None:
        """gntdev_find_map_index(); 0 stands for any count."""
        for map in self.maps:
            if map.index == index and count in (0, map.count):
                return map
        return None

    def _release(self) -> None:
        maps, self.maps = self.maps, []
        for map in maps:
            map.put()


class GntdevDriver(Driver):
    """drivers/xen/gntdev.c."""

    name = "gntdev"
    paths = ("/dev/xen/gntdev",)
    ioctls = NAMES

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        file = GntdevFile(kernel, path, flags)
        kernel.xen_machine.open_files.add(file.stream.fd, file)
        return file.stream.fd

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        assert isinstance(file, GntdevFile)
        if file.forked:
            raise SimulatorGap("gntdev of a parent process used in its forked child")
        method = _METHODS.get(request)
        if method is None or (request == GRANT_COPY and kernel.linux < _COPY_SINCE):
            refuse(ENOTTY)
        self.check_argument(request, arg)
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
        assert isinstance(file, GntdevFile)
        _check_pages(kernel)
        if prot & PROT_WRITE and not flags & MAP_SHARED:
            refuse(EINVAL)
        map = file.find(offset // FRAME, length // FRAME)
        if map is None or map.in_use:
            refuse(EINVAL)
        map.in_use = True
        map.users += 1
        map.readonly = not prot & PROT_WRITE
        if not map.map(MAP_HOST | (MAP_READONLY if map.readonly else 0)):
            if not kernel.domain.translated:
                map.unmap(0, map.count)
            map.put()
            refuse(EINVAL)
        machine = kernel.xen_machine
        start = osmem.mmap(address, length, prot, flags & MAP_FIXED | MAP_SHARED, machine.sigbus_fd, 0)
        vma = Vma(start, start + length, prot, "gntdev", file, None)
        vma.runs = map.runs()
        vma.watch = map
        place(vma, inherited=kernel.domain.translated)
        return vma


def place(vma: Vma, *, inherited: bool) -> None:
    """Put what a mapping shows where it is.

    Args:
        inherited: whether forked children have it too.
    """
    for run in vma.runs:
        start = vma.start + run.page * FRAME
        fd = run.domain.memory.fd
        osmem.mmap(start, run.count * FRAME, vma.prot, MAP_SHARED | MAP_FIXED, fd, run.slot * FRAME)
    if not inherited:
        osmem.madvise(vma.start, vma.end - vma.start, MADV_DONTFORK)


def _check_pages(kernel: SimKernel) -> None:
    if kernel.page_size != FRAME:
        raise SimulatorGap(f"grants with pages of {kernel.page_size} bytes")


def _map_grant_ref(kernel: SimKernel, file: GntdevFile, arg: WritableBuffer) -> int:
    _check_pages(kernel)
    (count,) = struct.unpack_from("<I", arg)
    if not 0 < count <= LIMIT:
        refuse(EINVAL)
    if len(arg) < 16 + 8 * count:
        # The array goes on behind the structure: a real kernel reads whatever is there.
        raise SimulatorMisuse(f"MAP_GRANT_REF of {count} grants in a buffer of {len(arg)} bytes")
    wanted = [struct.unpack_from("<II", arg, 16 + 8 * index) for index in range(count)]
    index = file.add(GrantMap(file, wanted))
    struct.pack_into("<Q", arg, 8, index * FRAME)
    return 0


def _unmap_grant_ref(kernel: SimKernel, file: GntdevFile, arg: WritableBuffer) -> int:
    offset, count = struct.unpack_from("<QI", arg)
    map = file.find(offset // FRAME, count)
    if map is None:
        refuse(ENOENT)
    file.maps.remove(map)
    map.put()
    return 0


def _get_offset_for_vaddr(kernel: SimKernel, file: GntdevFile, arg: WritableBuffer) -> int:
    (address,) = struct.unpack_from("<Q", arg)
    vma = kernel.xen_machine.vmas.containing(address)
    # Any file's will do: the driver only looks at whose mapping it is.
    if vma is None or not isinstance(vma.watch, GrantMap):
        refuse(EINVAL)
    struct.pack_into("<QI", arg, 8, vma.watch.index * FRAME, vma.watch.count)
    return 0


def _set_unmap_notify(kernel: SimKernel, file: GntdevFile, arg: WritableBuffer) -> int:
    offset, action, port = struct.unpack_from("<QII", arg)
    machine = kernel.xen_machine
    if action & ~(CLEAR_BYTE | SEND_EVENT):
        refuse(EINVAL)
    if action & SEND_EVENT:
        hold_port(kernel, port)
    map = next((m for m in file.maps if m.index <= offset // FRAME < m.index + m.count), None)
    errno = 0
    if map is None:
        errno = ENOENT
    elif action & CLEAR_BYTE and map.in_use and map.readonly:
        errno = EINVAL
    if errno or map is None:
        if action & SEND_EVENT:
            machine.event_channels.release(kernel.domain, port)
        refuse(errno)
    map.notify.replace(machine, kernel.domain, action, offset - map.index * FRAME, port)
    return 0


def hold_port(kernel: SimKernel, port: int) -> None:
    """evtchn_get(), whose every refusal the drivers make EINVAL."""
    try:
        kernel.xen_machine.event_channels.hold(kernel.domain, port)
    except OSError:
        refuse(EINVAL)


def _grant_copy(kernel: SimKernel, file: GntdevFile, arg: WritableBuffer) -> int:
    count, segments = struct.unpack_from("<IxxxxQ", arg)
    user = kernel.xen_machine.user
    batch = _Batch(kernel)
    for index in range(count):
        at = segments + 24 * index
        batch.segment(user.read(at, 24), at + 20)
    batch.flush()
    return 0


class _Batch:
    """Copies that go to Xen together: struct gntdev_copy_batch."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.ops: list[tuple[Callable[[], int], int]] = []

    def segment(self, raw: bytes, status: int) -> None:
        """gntdev_grant_copy_seg()."""
        user = self.kernel.xen_machine.user
        length, flags = struct.unpack_from("<HH", raw, 16)
        if not flags & (_SOURCE_GREF | _DEST_GREF):
            refuse(EINVAL)
        for bit, side in ((_SOURCE_GREF, 0), (_DEST_GREF, 8)):
            if flags & bit and struct.unpack_from("<H", raw, side + 4)[0] + length > FRAME:
                refuse(EINVAL)
        user.write(status, bytes(2))
        copied = 0
        while copied < length:
            if len(self.ops) >= _COPY_BATCH:
                self.flush()
            size = length - copied
            for bit, side in ((_SOURCE_GREF, 0), (_DEST_GREF, 8)):
                if not flags & bit:
                    (virt,) = struct.unpack_from("<Q", raw, side)
                    size = min(size, FRAME - (virt + copied) % FRAME)
                    self._pin(virt + copied, write=bit == _DEST_GREF)
            self.ops.append((self._operation(raw, flags, copied, size), status))
            copied += size

    def flush(self) -> None:
        """gntdev_copy()."""
        user = self.kernel.xen_machine.user
        ops, self.ops = self.ops, []
        for operation, at in ops:
            status = operation()
            if status and not any(user.read(at, 2)):
                user.write(at, struct.pack("<h", status))

    def _pin(self, address: int, *, write: bool) -> None:
        """get_user_pages_fast(): not pages of a device's mapping that has no page structures."""
        machine = self.kernel.xen_machine
        vma = machine.vmas.containing(address)
        if vma is not None and vma.kind in ("privcmd", "gntdev"):
            refuse(EFAULT)
        byte = machine.user.read(address, 1)
        if write:
            machine.user.write(address, byte)

    def _operation(self, raw: bytes, flags: int, copied: int, size: int) -> Callable[[], int]:
        def side(bit: int, at: int) -> Copier:
            if flags & bit:
                ref, offset, domid = struct.unpack_from("<IHH", raw, at)
                return Copier.of_grant(self.kernel, domid, ref, offset + copied)
            (virt,) = struct.unpack_from("<Q", raw, at)
            return Copier.of_process(self.kernel, virt + copied)

        def work() -> int:
            return Copier.copy(side(_SOURCE_GREF, 0), side(_DEST_GREF, 8), size)

        def with_patience() -> int:
            for delay in range(1, _EAGAIN_TRIES + 1):
                status = work()
                if status != EAGAIN:
                    return status
                self.kernel.xen_machine.clock.sleep(delay / 1000)
            return grants.BAD_PAGE

        return with_patience


if TYPE_CHECKING:
    _Method: TypeAlias = Callable[[SimKernel, GntdevFile, WritableBuffer], int]

_METHODS: dict[int, _Method] = {
    MAP_GRANT_REF: _map_grant_ref,
    UNMAP_GRANT_REF: _unmap_grant_ref,
    GET_OFFSET_FOR_VADDR: _get_offset_for_vaddr,
    SET_UNMAP_NOTIFY: _set_unmap_notify,
    GRANT_COPY: _grant_copy,
}
