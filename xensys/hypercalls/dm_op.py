"""dm_op: what a device model does to its domain.

Operations go through IOCTL_PRIVCMD_DM_OP (Linux 4.11), which also works on a
handle that is restricted to the domain. Where the kernel lacks it they go
through the hypercall itself. What tells is a call without buffers: ENOTTY or
EINVAL say that there is no such ioctl; EPERM says that there is, and that the
handle is for another domain (libxendevicemodel takes that for a lack).

The ioctl's buffers are ordinary memory, which the kernel pins; the
hypercall's are hypercall memory, copied back when it has succeeded.

Names are those of xen/include/public/hvm/dm_op.h, less XEN_DMOP_. The domain is
always another one (ESRCH for DOMID_SELF, EPERM for one's own number), and HVM,
PVH or arm (EINVAL for a PV domain). Common to all methods:

Raises:
    NoSuchDomainError: ESRCH.
    XenPermissionError: EPERM, no privilege over the domain, one's own domain, or
        an ioreq server that another domain made.
    NotSupportedError: ENOSYS, this Xen has no ioreq servers (CONFIG_IOREQ_SERVER);
        EOPNOTSUPP, not on this architecture, or a later operation than this Xen's.
EINTR: retried if doing it twice is as good as doing it once, else reported.
"""

from __future__ import annotations

from errno import EINTR, EINVAL, ENOTTY, EPERM
from struct import Struct

from xensys._packing import check
from xensys.abi._base import Packer
from xensys.abi._base import Struct as AbiStruct
from xensys.abi._hazards import HAZARDS
from xensys.abi.hvm import dm_op as abi
from xensys.errors import ForkedError, XenError, error_from
from xensys.hypercalls._call import DM_OP, Caller
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xensys.devices.privcmd import Privcmd

#: sizeof(struct xen_dm_op): sent in full, whatever the operation.
SIZE = 32
_HEAD = Struct("<II")
_BUFS = Struct("<QQQQ")
_EXTENT = Packer(abi.xen_dm_op_modified_memory_extent)
#: dm_op_buf_max_size of Linux's driver.
_LINUX_LIMIT = 4096
#: Frames whose bits fill such a buffer.
_LINUX_FRAMES = 8 * _LINUX_LIMIT
#: No error code (X86_EVENT_NO_EC).
_NO_ERROR_CODE = 0xFFFF_FFFF


class _Op:
    """A sub-operation: its name, number and member, which fields of that only Xen fills, and
    whether EINTR may be answered by another try.
    """

    __slots__ = ("answers", "fields", "name", "number", "packer", "repeatable")

    def __init__(
        self, name: str, member: type[AbiStruct], *, repeatable: bool, answers: tuple[str, ...] = ()
    ) -> None:
        self.answers = answers
        self.name = f"XEN_DMOP_{name}"
        self.fields: tuple[str, ...] = member.FORMAT_FIELDS
        self.number: int = getattr(abi, self.name)
        self.packer = Packer(member)
        self.repeatable = repeatable

    def encode(self, *values: int) -> bytearray:
        """The structure as bytes."""
        op = bytearray(SIZE)
        _HEAD.pack_into(op, 0, self.number, 0)
        self.packer.pack_into(op, _HEAD.size, *values)
        return op


# What is repeatable is what abi/tables calls idempotent.
_CREATE = _Op("create_ioreq_server", abi.xen_dm_op_create_ioreq_server, repeatable=False, answers=("id",))
_INFO = _Op(
    "get_ioreq_server_info",
    abi.xen_dm_op_get_ioreq_server_info,
    repeatable=True,
    answers=("bufioreq_port", "ioreq_gfn", "bufioreq_gfn"),
)
_MAP_IO = _Op("map_io_range_to_ioreq_server", abi.xen_dm_op_ioreq_server_range, repeatable=True)
_UNMAP_IO = _Op("unmap_io_range_from_ioreq_server", abi.xen_dm_op_ioreq_server_range, repeatable=True)
_STATE = _Op("set_ioreq_server_state", abi.xen_dm_op_set_ioreq_server_state, repeatable=True)
_DESTROY = _Op("destroy_ioreq_server", abi.xen_dm_op_destroy_ioreq_server, repeatable=True)
_TRACK = _Op("track_dirty_vram", abi.xen_dm_op_track_dirty_vram, repeatable=False)
_INTX = _Op("set_pci_intx_level", abi.xen_dm_op_set_pci_intx_level, repeatable=True)
_ISA = _Op("set_isa_irq_level", abi.xen_dm_op_set_isa_irq_level, repeatable=True)
_LINK = _Op("set_pci_link_route", abi.xen_dm_op_set_pci_link_route, repeatable=True)
_MODIFIED = _Op("modified_memory", abi.xen_dm_op_modified_memory, repeatable=True)
_MEM_TYPE = _Op("set_mem_type", abi.xen_dm_op_set_mem_type, repeatable=False)
_EVENT = _Op("inject_event", abi.xen_dm_op_inject_event, repeatable=True)
_MSI = _Op("inject_msi", abi.xen_dm_op_inject_msi, repeatable=True)
_MAP_TYPE = _Op(
    "map_mem_type_to_ioreq_server",
    abi.xen_dm_op_map_mem_type_to_ioreq_server,
    repeatable=False,
    answers=("opaque",),
)
_SHUTDOWN = _Op("remote_shutdown", abi.xen_dm_op_remote_shutdown, repeatable=True)
_RELOCATE = _Op("relocate_memory", abi.xen_dm_op_relocate_memory, repeatable=False)
_PIN = _Op("pin_memory_cacheattr", abi.xen_dm_op_pin_memory_cacheattr, repeatable=True)
_IRQ = _Op("set_irq_level", abi.xen_dm_op_set_irq_level, repeatable=True)
_VCPUS = _Op("nr_vcpus", abi.xen_dm_op_nr_vcpus, repeatable=True, answers=("vcpus",))


def encoded_set_isa_irq_level(isa_irq: int, level: bool) -> bytes:
    """What IOCTL_PRIVCMD_IRQFD is to issue: `DmOp.set_isa_irq_level`."""
    return bytes(_ISA.encode(isa_irq, level))


def encoded_set_irq_level(irq: int, level: bool) -> bytes:
    """What IOCTL_PRIVCMD_IRQFD is to issue: `DmOp.set_irq_level`."""
    return bytes(_IRQ.encode(irq, level, 0, 0, 0))


def encoded_inject_msi(address: int, data: int) -> bytes:
    """What IOCTL_PRIVCMD_IRQFD is to issue: `DmOp.inject_msi`."""
    return bytes(_MSI.encode(data, 0, address))


class IoreqServerInfo(Record):
    """Where an ioreq server's requests come.

    Attributes:
        bufioreq_port: port of the domain, to be bound interdomain, that tells of the
            buffered ring; 0 if the server has none.
        ioreq_gfn, bufioreq_gfn: frames of the domain that are its pages; None unless asked for.
    """

    __slots__ = ("bufioreq_gfn", "bufioreq_port", "ioreq_gfn")

    bufioreq_port: int
    ioreq_gfn: int | None
    bufioreq_gfn: int | None

    def __init__(self, bufioreq_port: int, ioreq_gfn: int | None, bufioreq_gfn: int | None) -> None:
        super().__init__(bufioreq_gfn, bufioreq_port, ioreq_gfn)


class DmOp:
    """The dm_op hypercall; `xen.dm_op`. What all methods raise is said in this module's text."""

    __slots__ = ("_caller", "_found")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        # The handle that was asked for the ioctl, and its answer.
        self._found: tuple[Privcmd, bool] | None = None

    # ioreq servers

    def create_ioreq_server(self, domid: int, handle_bufioreq: int = 0) -> int:
        """Make a receiver of a domain's I/O (XEN_DMOP_create_ioreq_server).

        `xensys.ioreq.DeviceModel` makes an object of it that cleans up.

        Args:
            domid: the domain.
            handle_bufioreq: HVM_IOREQSRV_BUFIOREQ_*: 0 no buffered ring; 1 a ring whose
                read pointer only we change; 2 one whose pointers Xen changes too, by
                compare-and-exchange, so that a reader needs atomic additions, which
                Python has not.
        Returns:
            The server's number.
        Raises:
            XenError: ENOSPC, the domain has 8; EINVAL, no such value (arm: not 0).
        """
        out = self._issue(_CREATE, domid, (handle_bufioreq, 0, 0, 0, 0))
        ident: int = _CREATE.packer.unpack_from(out, 8)[4]
        return ident

    def get_ioreq_server_info(self, domid: int, ident: int, *, gfns: bool = False) -> IoreqServerInfo:
        """Where an ioreq server's requests come (XEN_DMOP_get_ioreq_server_info).

        Args:
            domid, ident: the server.
            gfns: have frames of the domain's made its pages, and tell which; they leave its
                memory while the server is enabled, and are cleared. ENOMEM: none set aside are
                left (the toolstack sets aside two). Before Xen 4.20.2 the first attempt
                gives ENOMEM, and later ones frames that another server may have. Pages
                that were mapped as a resource stay what they are (EPERM); never ask for
                both in the other order: Xen refuses, and frees the domain's frames. Not on arm.
        Raises:
            XenNotFoundError: ENOENT, no such server.
            XenError: EINVAL, before Xen 4.11 unless `gfns`.
        """
        flags = 0 if gfns else abi.XEN_DMOP_no_gfns
        out = self._issue(_INFO, domid, (ident, flags, 0, 0, 0))
        _, _, port, ioreq, bufioreq = _INFO.packer.unpack_from(out, 8)
        return IoreqServerInfo(port, ioreq if gfns else None, bufioreq if gfns and port else None)

    def map_io_range_to_ioreq_server(self, domid: int, ident: int, kind: int, start: int, end: int) -> None:
        """Send a range of I/O to an ioreq server (XEN_DMOP_map_io_range_to_ioreq_server).

        Args:
            domid, ident: the server.
            kind: XEN_DMOP_IO_RANGE_PORT 0, _MEMORY 1 (guest-physical addresses) or _PCI 2
                (segment << 16 | bus << 8 | device << 3 | function).
            start, end: first and last, inclusive.
        Raises:
            XenNotFoundError: ENOENT, no such server.
            XenError: EEXIST, overlaps a range that it has; ENOMEM, it has 256; EINVAL,
                start above end, or no such kind.
        """
        self._issue(_MAP_IO, domid, (ident, 0, kind, start, end))

    def unmap_io_range_from_ioreq_server(
        self, domid: int, ident: int, kind: int, start: int, end: int
    ) -> None:
        """Take a range of I/O from an ioreq server (XEN_DMOP_unmap_io_range_from_ioreq_server).

        Args: as for `map_io_range_to_ioreq_server`.
        Raises:
            XenNotFoundError: ENOENT, no such server, or not all of the range is its own.
            XenError: EINVAL, start above end, or no such kind; ENOMEM, it has 256 ranges
                and this would make one more of them.
        """
        self._issue(_UNMAP_IO, domid, (ident, 0, kind, start, end))

    def set_ioreq_server_state(self, domid: int, ident: int, enabled: bool) -> None:
        """Turn an ioreq server on or off (XEN_DMOP_set_ioreq_server_state).

        Turning it on puts the ports of the domain's vCPUs into its page, if that has
        been mapped by then, and not later.

        Raises:
            XenNotFoundError: ENOENT, no such server.
        """
        self._issue(_STATE, domid, (ident, enabled, 0))

    def destroy_ioreq_server(self, domid: int, ident: int) -> None:
        """Remove an ioreq server and its ranges (XEN_DMOP_destroy_ioreq_server).

        A vCPU that still waits for an answer of it waits for ever: the port that would
        wake it is gone, too. `IoreqServer.close` answers first.

        Raises:
            XenNotFoundError: ENOENT, no such server.
        """
        self._issue(_DESTROY, domid, (ident, 0))

    def map_mem_type_to_ioreq_server(self, domid: int, ident: int, mem_type: int, flags: int) -> None:
        """Send writes to frames of one type to an ioreq server (XEN_DMOP_map_mem_type_to_ioreq_server).

        x86 with nested paging only.

        Args:
            domid, ident: the server.
            mem_type: HVMMEM_ioreq_server (4).
            flags: XEN_DMOP_IOREQ_MEM_ACCESS_WRITE (2), or 0 to end it: frames of that
                type become ordinary ones.
        Raises:
            XenNotFoundError: ENOENT, no such server.
            XenError: EINVAL, another type or flag, or 0 for a server that has it not;
                EBUSY, another server has it.
        """
        self._issue(_MAP_TYPE, domid, (ident, mem_type, flags, 0))

    # memory

    def track_dirty_vram(self, domid: int, first_pfn: int, nr: int) -> bytes:
        """Which frames of video memory were written since the last call (XEN_DMOP_track_dirty_vram).

        x86 only. Xen tracks one range of a domain. The first call for a range calls all
        of it dirty. More than 32768 frames do not fit what Linux's driver takes: those go
        through the hypercall, which a restricted handle may not make.

        Args:
            domid: the domain.
            first_pfn: first 4 KiB frame.
            nr: how many, at most 262144; 0 ends it.
        Returns:
            A bit for each frame, lowest bit of the first byte first.
        Raises:
            XenError: EINVAL, too many; ENOMEM.
        """
        bitmap = bytearray(max(-(-nr // 8), 1)) if 0 <= nr <= 1 << 32 else bytearray(1)
        self._issue(_TRACK, domid, (nr, 0, first_pfn), bitmap)
        return bytes(bitmap[: -(-nr // 8)])

    def modified_memory(self, domid: int, extents: Sequence[tuple[int, int]]) -> None:
        """Say which frames the device model wrote, for migration (XEN_DMOP_modified_memory).

        x86 only. What Linux's driver takes is 256 extents a call: more are several calls,
        and after an error those before it have been made. Telling Xen twice does no harm.
        Xen says of no extent that it was the bad one, and looks at none while nobody migrates
        the domain.

        Args:
            domid: the domain.
            extents: (first 4 KiB frame, how many) each.
        Raises:
            XenError: EINVAL, an extent that is empty, wraps, or ends beyond the
                highest frame; the errors' `arguments` say which 256 it is in.
        """
        step = _LINUX_LIMIT // _EXTENT.size
        for start in range(0, max(len(extents), 1), step):
            part = extents[start : start + step]
            raw = bytearray(max(len(part), 1) * _EXTENT.size)
            for index, (first, count) in enumerate(part):
                _EXTENT.pack_into(raw, index * _EXTENT.size, count, 0, first)
            self._issue(
                _MODIFIED, domid, (len(part), 0), raw, arguments={"first": start, "nr_extents": len(part)}
            )

    def set_mem_type(self, domid: int, mem_type: int, first_pfn: int, nr: int = 1) -> None:
        """Change how accesses to frames are treated (XEN_DMOP_set_mem_type).

        x86 only.

        Args:
            domid: the domain.
            mem_type: HVMMEM_ram_rw 0, HVMMEM_ram_ro 1, HVMMEM_mmio_dm 2 (for good: no
                other type can follow), HVMMEM_ioreq_server 4 (from and to ram_rw only).
            first_pfn, nr: the 4 KiB frames.
        Raises:
            XenError: EINVAL, no such type or frames, or no change from the type it has; frames
                before that one are changed. EAGAIN, a frame is paged out or shared.
        """
        self._issue(_MEM_TYPE, domid, (nr, mem_type, 0, first_pfn))

    def relocate_memory(
        self, domid: int, src_gfn: int, dst_gfn: int, size: int, *, hazardous: bool = False
    ) -> None:
        """Move frames to other frame numbers (XEN_DMOP_relocate_memory; since Xen 4.11).

        x86 only.

        Args:
            domid: the domain.
            src_gfn, dst_gfn: first of the frames, before and after.
            size: how many.
            hazardous: must be True: what was at the new numbers is lost.
        Raises:
            HazardError: not `hazardous`.
            XenPermissionError: EACCES, a frame is not there, or is not ordinary memory; others
                may have moved.
            XenError: EINVAL, the same before Xen 4.20.3; EOVERFLOW, such numbers cannot be.
        """
        self._issue(_RELOCATE, domid, (size, 0, src_gfn, dst_gfn), hazardous=hazardous)

    def pin_memory_cacheattr(self, domid: int, start: int, end: int, kind: int) -> None:
        """Fix how frames are cached, or undo that (XEN_DMOP_pin_memory_cacheattr; since Xen 4.11).

        x86 only.

        Args:
            domid: the domain.
            start, end: first and last frame.
            kind: XEN_DMOP_MEM_CACHEATTR_*, or XEN_DMOP_DELETE_MEM_CACHEATTR.
        Raises:
            XenNotFoundError: ENOENT, to be undone, and never was done.
            XenError: EINVAL, no such kind or range; EBUSY, overlaps another range; ENOSPC,
                the domain has 64.
        """
        self._issue(_PIN, domid, (start, end, kind, 0))

    # interrupts

    def set_pci_intx_level(
        self, domid: int, device: int, intx: int, level: bool, *, segment: int = 0, bus: int = 0
    ) -> None:
        """Drive a PCI interrupt pin (XEN_DMOP_set_pci_intx_level). x86 only.

        Args:
            domid: the domain.
            device: 0 to 31.
            intx: 0 to 3, for INTA to INTD.
            level: whether it is asserted.
            segment, bus: Xen takes 0 alone.
        Raises:
            XenError: EINVAL, no such pin.
        """
        self._issue(_INTX, domid, (segment, bus, device, intx, level))

    def set_isa_irq_level(self, domid: int, isa_irq: int, level: bool, *, hazardous: bool = False) -> None:
        """Drive an ISA interrupt line (XEN_DMOP_set_isa_irq_level). x86 only.

        Args:
            domid: the domain.
            isa_irq: 0 to 15.
            level: whether it is asserted.
            hazardous: must be True, and `domid` an HVM domain: Xen up to 4.20 dies of a
                PVH domain's, which has no interrupt controllers.
        Raises:
            HazardError: not `hazardous`.
            XenError: EINVAL, no such line.
        """
        self._issue(_ISA, domid, (isa_irq, level), hazardous=hazardous)

    def set_pci_link_route(self, domid: int, link: int, isa_irq: int, *, hazardous: bool = False) -> None:
        """Route a PCI interrupt link to an ISA interrupt (XEN_DMOP_set_pci_link_route). x86 only.

        Args:
            domid: the domain.
            link: 0 to 3.
            isa_irq: 1 to 15; 0 to none.
            hazardous: must be True unless `isa_irq` is 0, and `domid` an HVM domain: with a
                PVH domain's link that leads somewhere, `set_pci_intx_level` is the end of
                Xen up to 4.20, as `set_isa_irq_level` is.
        Raises:
            HazardError: not `hazardous`.
            XenError: EINVAL, no such link or interrupt.
        """
        # A link that leads nowhere is what there is from the start.
        self._issue(_LINK, domid, (link, isa_irq), hazardous=hazardous or not isa_irq)

    def inject_event(
        self,
        domid: int,
        vcpuid: int,
        vector: int,
        kind: int,
        *,
        error_code: int | None = None,
        insn_len: int = 0,
        cr2: int = 0,
        hazardous: bool = False,
    ) -> None:
        """Have a vCPU take an interrupt or exception when it runs next (XEN_DMOP_inject_event).

        x86 only.

        Args:
            domid, vcpuid: whose vCPU.
            vector: of the interrupt or exception.
            kind: XEN_DMOP_EVENT_*.
            error_code: what is pushed; None: nothing.
            insn_len: bytes of the instruction that raises it.
            cr2: for a page fault its address.
            hazardous: must be True: a kernel that does not expect it may die of it.
        Raises:
            HazardError: not `hazardous`.
            XenError: EBUSY, one waits already; EINVAL, no such vCPU.
        """
        code = _NO_ERROR_CODE if error_code is None else error_code
        self._issue(_EVENT, domid, (vcpuid, vector, kind, insn_len, 0, code, 0, cr2), hazardous=hazardous)

    def inject_msi(self, domid: int, address: int, data: int) -> None:
        """Deliver a message-signalled interrupt (XEN_DMOP_inject_msi). x86 only.

        Args:
            domid: the domain.
            address, data: as the guest put them into the device; a vector of 0 stands
                for the pirq in `address`.
        Raises:
            NoSuchDomainError: ESRCH, also: nobody takes an interrupt for the lowest priority.
            XenError: ERANGE, neither vector nor pirq; EINVAL, no such way to deliver,
                or a pirq of another kind.
        """
        self._issue(_MSI, domid, (data, 0, address))

    def set_irq_level(self, domid: int, irq: int, level: bool) -> None:
        """Drive a shared peripheral interrupt (XEN_DMOP_set_irq_level; since Xen 4.15). arm only.

        Args:
            domid: the domain.
            irq: 32 and up.
            level: whether it is asserted.
        Raises:
            XenError: EINVAL, no such interrupt, or one that Xen uses.
        """
        self._issue(_IRQ, domid, (irq, level, 0, 0, 0))

    # the domain

    def remote_shutdown(self, domid: int, reason: int, *, hazardous: bool = False) -> None:
        """Shut the domain down (XEN_DMOP_remote_shutdown). x86 only.

        Args:
            domid: the domain.
            reason: SHUTDOWN_*, in `xensys.abi.sched`.
            hazardous: must be True.
        Raises:
            HazardError: not `hazardous`.
        """
        self._issue(_SHUTDOWN, domid, (reason,), hazardous=hazardous)

    def nr_vcpus(self, domid: int) -> int:
        """How many vCPUs the domain was made for (XEN_DMOP_nr_vcpus; since Xen 4.15)."""
        out = self._issue(_VCPUS, domid, (0,))
        count: int = _VCPUS.packer.unpack_from(out, 8)[0]
        return count

    # how

    def _refuse_isa_irq(self, domid: int) -> None:
        """Refuse IOCTL_PRIVCMD_IRQFD what `set_isa_irq_level` refuses; HazardError."""
        self._caller.refuse_harm(DM_OP, _ISA.name, domid)

    def _issue(
        self,
        op: _Op,
        domid: int,
        values: tuple[int, ...],
        second: bytearray | None = None,
        *,
        hazardous: bool = False,
        arguments: Mapping[str, object] | None = None,
    ) -> bytearray:
        """Do it; returns the structure as it came back, and fills `second`."""
        check(domid, "privcmd_dm_op", "dom", 0, 0xFFFF)
        first = op.encode(*values)
        if arguments is None:
            arguments = {
                name: value
                for name, value in zip(op.fields, values, strict=True)
                if not name.startswith("pad") and name not in op.answers
            }
        if op.name in HAZARDS and not hazardous:
            self._caller.refuse_harm(DM_OP, op.name, domid, arguments)
        privcmd = self._caller._privcmd()
        large = second is not None and len(second) > _LINUX_LIMIT
        if large or not self._has_ioctl(privcmd, domid):
            self._by_hypercall(op, domid, first, second, hazardous, arguments)
            return first
        buffers = [first] if second is None else [first, second]
        while True:
            try:
                privcmd.dm_op(domid, buffers)
            except ForkedError:
                raise
            except XenError as error:
                if error.errno == EINTR and op.repeatable:
                    continue
                raise error_from(
                    error.errno or 0,
                    call=f"dm_op({op.name})",
                    via=f"IOCTL_PRIVCMD_DM_OP on {privcmd.path}",
                    domid=domid,
                    arguments=arguments,
                    hint=error.hint,
                ) from None
            return first

    def _has_ioctl(self, privcmd: Privcmd, domid: int) -> bool:
        found = self._found
        if found is not None and found[0] is privcmd:
            return found[1]
        answer = True
        try:
            privcmd.dm_op(domid, ())
        except ForkedError:
            raise
        except XenError as error:
            if error.errno in (ENOTTY, EINVAL):
                answer = False
            elif error.errno != EPERM:
                # Says nothing of the next call; this one says it better.
                return True
        self._found = privcmd, answer
        return answer

    def _by_hypercall(
        self,
        op: _Op,
        domid: int,
        first: bytearray,
        second: bytearray | None,
        hazardous: bool,
        arguments: Mapping[str, object],
    ) -> None:
        buffers = self._caller.buffers
        # One after the other in one slot, so that one is all there is to give back.
        after = _BUFS.size + SIZE
        extra = 0 if second is None else len(second)
        slot = buffers.take(after + extra)
        try:
            memory, at = slot.memory, slot.offset
            memory[at + _BUFS.size : at + after] = bytes(first)
            if second is not None:
                memory[at + after : at + after + extra] = bytes(second)
            _BUFS.pack_into(memory, at, slot.address + _BUFS.size, SIZE, slot.address + after, extra)
            self._caller.call(
                DM_OP,
                op.name,
                domid,
                1 if second is None else 2,
                slot.address,
                repeatable=op.repeatable,
                hazardous=hazardous,
                domid=domid,
                arguments=arguments,
            )
            first[:] = memory[at + _BUFS.size : at + after]
            if second is not None:
                second[:] = memory[at + after : at + after + extra]
        finally:
            buffers.give(slot)
