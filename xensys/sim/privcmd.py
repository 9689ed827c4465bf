"""/dev/xen/privcmd: its ioctls, with every check in the driver's order.

Rules come from Linux drivers/xen/privcmd.c, drivers/xen/xlate_mmu.c
(translated domains) and arch/x86/xen/mmu_pv.c.
"""

from __future__ import annotations

import os
import struct
from errno import E2BIG, EFAULT, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM

from xensys.kernel.base import MADV_DONTFORK, MAP_FIXED, MAP_SHARED
from xensys.sim import foreign, osmem
from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorMisuse
from xensys.sim.files import DOMID_INVALID, OpenFile
from xensys.sim.vmas import Vma
from xensys.sim.xen.access import Caller, KernelMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeAlias

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.kernel import SimKernel

DOMID_IDLE = 0x7FFF

HYPERCALL = 0x0030_5000
MMAP = 0x0010_5002
MMAPBATCH = 0x0018_5003
MMAPBATCH_V2 = 0x0020_5004
DM_OP = 0x0010_5005
RESTRICT = 0x0002_5006
MMAP_RESOURCE = 0x0020_5007
IRQFD = 0x4018_5008
IOEVENTFD = 0x4030_5009
PCIDEV_GET_GSI = 0x0008_500A

NAMES = {
    HYPERCALL: "HYPERCALL",
    MMAP: "MMAP",
    MMAPBATCH: "MMAPBATCH",
    MMAPBATCH_V2: "MMAPBATCH_V2",
    DM_OP: "DM_OP",
    RESTRICT: "RESTRICT",
    MMAP_RESOURCE: "MMAP_RESOURCE",
    IRQFD: "IRQFD",
    IOEVENTFD: "IOEVENTFD",
    PCIDEV_GET_GSI: "PCIDEV_GET_GSI",
}
# First Linux release that has it.
_SINCE = {
    DM_OP: (4, 11),
    RESTRICT: (4, 11),
    MMAP_RESOURCE: (4, 18),
    IRQFD: (6, 6),
    IOEVENTFD: (6, 7),
    # Mainline 6.13; seen in Debian's 6.12.107.
    PCIDEV_GET_GSI: (6, 12),
}

_DM_OP_MAX_BUFS = 16
_DM_OP_BUF_MAX_SIZE = 4096


class PrivcmdDriver(Driver):
    """drivers/xen/privcmd.c."""

    name = "privcmd"
    paths = ("/dev/xen/privcmd", "/proc/xen/privcmd")
    ioctls = NAMES

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        pinned = DOMID_INVALID
        if kernel.domain.domid and not kernel.unrestricted:
            pinned = DOMID_IDLE if kernel.target is None else kernel.target
        return kernel.xen_machine.open_files.open(OpenFile(self.name, path, flags, pinned))

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        method = _METHODS.get(request)
        if method is None or kernel.linux < _SINCE.get(request, (0, 0)):
            refuse(kernel.unknown_ioctl)
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
        sigbus = kernel.xen_machine.sigbus_fd
        result = osmem.mmap(address, length, prot, flags & MAP_FIXED | MAP_SHARED, sigbus, 0)
        osmem.madvise(result, length, MADV_DONTFORK)
        return Vma(result, result + length, prot, "privcmd", file, None)


def refuse(errno: int) -> NoReturn:
    """Fail with an errno."""
    raise OSError(errno, os.strerror(errno))


def _check_domain(file: OpenFile, domid: int) -> None:
    if file.restricted not in (DOMID_INVALID, domid):
        refuse(EPERM)


def _hypercall(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    if file.restricted != DOMID_INVALID:
        refuse(EPERM)
    op, *args = struct.unpack_from("<6Q", arg)
    return kernel.xen_machine.hypervisor.call(kernel, op, tuple(args))


def _restrict(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    (domid,) = struct.unpack_from("<H", arg)
    if file.restricted == DOMID_INVALID:
        file.restricted = domid
    elif file.restricted != domid:
        refuse(EINVAL)
    return 0


def _mmap(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    if kernel.domain.translated:
        refuse(ENOSYS)
    num, domid, entry = struct.unpack_from("<iHxxQ", arg)
    _check_domain(file, domid)
    user = kernel.xen_machine.user
    # A negative count becomes a huge unsigned one, and runs into a bad pointer.
    if num < 0:
        refuse(EFAULT)
    raw = user.read(entry, 24 * num)
    if num == 0:
        return 0
    entries = list(struct.iter_unpack("<3Q", raw))
    first = entries[0][0]
    table = kernel.xen_machine.vmas
    # find_vma() is asked without a look at whose mapping it is; a foreign one
    # that happens to start there has no vm_private_data of this driver's. Only
    # our own can be told apart here.
    vma = table.containing(first)
    if vma is None or vma.kind != "privcmd" or first != vma.start or vma.used:
        refuse(EINVAL)
    vma.used = True
    at = vma.start
    for va, mfn, pages in entries:
        if pages > (1 << 63) - 1 >> 12 or va != at or va + (pages << 12) > vma.end:
            refuse(EINVAL)
        gfns = list(range(mfn, mfn + pages))
        # Not one error per frame here: the first one ends it.
        errors = foreign.map_frames(kernel, vma, (at - vma.start) // 4096, domid, gfns, stop=True)
        bad = next((error for error in errors if error), 0)
        if bad:
            refuse(-bad)
        at += pages << 12
    return 0


def _mmapbatch(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    num, domid, address, arr = struct.unpack_from("<IHxxQQ", arg)
    return _batch(kernel, file, num, domid, address, arr, None)


def _mmapbatch_v2(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    num, domid, address, arr, err = struct.unpack_from("<IHxxQQQ", arg)
    return _batch(kernel, file, num, domid, address, arr, err)


def _batch(
    kernel: SimKernel, file: OpenFile, num: int, domid: int, address: int, arr: int, err: int | None
) -> int:
    user = kernel.xen_machine.user
    # access_ok(): not an address of the kernel's.
    if err is not None and err + 4 * num > 1 << 47:
        refuse(EFAULT)
    if err is None and arr + 8 * num > 1 << 47:
        refuse(EFAULT)
    _check_domain(file, domid)
    per_page = kernel.page_size // 4096
    pages = -(-num // per_page)
    # Unsigned in the driver, whatever the version: a "negative" count is huge,
    # and runs out of readable memory.
    if num == 0:
        refuse(EINVAL)
    raw = user.read(arr, 8 * num)
    if err is not None:
        user.write(err, bytes(4 * num))
    table = kernel.xen_machine.vmas
    vma = table.containing(address)
    if vma is None or vma.kind != "privcmd":
        refuse(EINVAL)
    length = pages * kernel.page_size
    first = (address - vma.start) // 4096
    if not vma.used:
        if address != vma.start or address + length != vma.end:
            refuse(EINVAL)
        vma.used = True
    else:
        if address + length > vma.end:
            refuse(EINVAL)
        if vma.taken(first, length // 4096):
            refuse(EINVAL)
    gfns = memoryview(raw).cast("Q")
    errors = foreign.map_frames(kernel, vma, first, domid, gfns)
    if not any(errors):
        return 0
    if err is not None:
        user.write(err, struct.pack(f"<{num}i", *errors))
    else:
        marked = [
            gfn | (0x8000_0000 if error == -ENOENT else 0xF000_0000 if error else 0)
            for gfn, error in zip(gfns, errors, strict=True)
        ]
        user.write(arr, struct.pack(f"<{num}Q", *marked))
    if not kernel.domain.translated and _last_of_a_block_is_paged(errors):
        refuse(ENOENT)
    return 0


def _last_of_a_block_is_paged(errors: list[int]) -> bool:
    """Whether the driver learns that a frame is paged out, and fails with ENOENT.

    It maps blocks of 512 frames and goes by each block's result. xen_remap_pfn()
    returns the error of a block's *last* frame, if that one failed, and else a
    count: frames that are paged out elsewhere only show in err[]. A translated
    domain's xen_xlate_remap_gfn_array() always returns a count.
    """
    return any(errors[min(end, len(errors)) - 1] == -ENOENT for end in range(512, len(errors) + 512, 512))


def _dm_op(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    domid, num, ubufs = struct.unpack_from("<HHxxxxQ", arg)
    _check_domain(file, domid)
    if num == 0:
        return 0
    if num > _DM_OP_MAX_BUFS:
        refuse(E2BIG)
    machine = kernel.xen_machine
    buffers = list(struct.iter_unpack("<QQ", machine.user.read(ubufs, 16 * num)))
    for address, size in buffers:
        if size > _DM_OP_BUF_MAX_SIZE:
            refuse(E2BIG)
        if address + size > 1 << 47:
            refuse(EFAULT)
    for address, size in buffers:
        # The driver pins the pages for writing; those of a device cannot be.
        if any(vma.kind != "locked" for vma in machine.vmas.overlapping(address, address + size)):
            refuse(EFAULT)
        machine.user.write(address, machine.user.read(address, size))
    caller = Caller(kernel, KernelMemory(kernel), "dm_op")
    return machine.hypervisor.dm_op(caller, domid, buffers)


def _mmap_resource(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    domid, kind, number, idx, num, address = struct.unpack_from("<HxxIIIQQ", arg)
    _check_domain(file, domid)
    machine = kernel.xen_machine
    if kernel.linux < (5, 11):
        # Without a size query: address 0 is in no mapping of the driver's.
        if not address:
            refuse(EINVAL)
    elif bool(address) != bool(num):
        refuse(EINVAL)
    resources = machine.hypervisor.resources
    caller = Caller(kernel, KernelMemory(kernel), "memory_op")
    if not address:
        frames = resources.size(caller, domid, kind & 0xFFFF, number)
        struct.pack_into("<Q", arg, 16, frames)
        return 0
    vma = machine.vmas.containing(address)
    if vma is None or vma.kind != "privcmd":
        refuse(EINVAL)
    if num > 1 << 28:
        refuse(ENOMEM)
    if vma.used:
        if kernel.domain.translated:
            raise SimulatorMisuse("MMAP_RESOURCE over a used mapping: a BUG in a translated kernel")
        if vma.taken((address - vma.start) // 4096, num):
            raise SimulatorMisuse("MMAP_RESOURCE over mapped pages: a BUG in remap_area_pfn_pte_fn")
    vma.used = True
    slots = resources.acquire(caller, domid, kind & 0xFFFF, number, idx, num & 0xFFFF_FFFF)
    if address + num * 4096 > vma.end:
        raise SimulatorMisuse("MMAP_RESOURCE beyond the end of its mapping")
    domain = machine.find(domid)
    assert domain is not None  # acquire() found it
    foreign.show_slots(kernel, vma, (address - vma.start) // 4096, domain, slots)
    return 0


def _irqfd(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    if not kernel.xen_machine.privcmd_eventfd:
        refuse(EOPNOTSUPP)
    dm_op, size, fd, flags, domid = struct.unpack_from("<QIIIHxx", arg)
    if flags & ~1:
        refuse(EINVAL)
    _check_domain(file, domid)
    irqfds = kernel.xen_machine.irqfds
    if flags:
        irqfds.deassign(kernel, fd)
        return 0
    # kzalloc(): at most KMALLOC_MAX_SIZE.
    if size > 1 << 22:
        refuse(ENOMEM)
    irqfds.assign(kernel, domid, fd, kernel.xen_machine.user.read(dm_op, size))
    return 0


def _ioeventfd(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    if not kernel.xen_machine.privcmd_eventfd:
        refuse(EOPNOTSUPP)
    flags, domid = struct.unpack_from("<IHxx", arg, 40)
    if flags & ~1:
        refuse(EINVAL)
    _check_domain(file, domid)
    ioeventfds = kernel.xen_machine.ioeventfds
    if flags:
        ioeventfds.deassign(kernel, bytes(arg[:48]))
    else:
        ioeventfds.assign(kernel, bytes(arg[:48]))
    return 0


def _get_gsi(kernel: SimKernel, file: OpenFile, arg: WritableBuffer) -> int:
    gsis = kernel.xen_machine.pci_gsis
    if gsis is None:
        # CONFIG_XEN_ACPI is x86's; there pciback may be a module that nobody has loaded.
        refuse(EINVAL if kernel.xen_machine.arch == "arm64" else EOPNOTSUPP)
    (sbdf,) = struct.unpack_from("<I", arg)
    if sbdf not in gsis:
        refuse(ENODEV)
    gsi = gsis[sbdf]
    if gsi is None:
        refuse(ENOENT)
    struct.pack_into("<I", arg, 4, gsi)
    return 0


if TYPE_CHECKING:
    _Method: TypeAlias = Callable[[SimKernel, OpenFile, WritableBuffer], int]

_METHODS: dict[int, _Method] = {
    HYPERCALL: _hypercall,
    MMAP: _mmap,
    MMAPBATCH: _mmapbatch,
    MMAPBATCH_V2: _mmapbatch_v2,
    DM_OP: _dm_op,
    RESTRICT: _restrict,
    MMAP_RESOURCE: _mmap_resource,
    IRQFD: _irqfd,
    IOEVENTFD: _ioeventfd,
    PCIDEV_GET_GSI: _get_gsi,
}
