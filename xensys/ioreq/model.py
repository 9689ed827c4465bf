"""Everything that a device model may do to one domain."""

from __future__ import annotations

from xensys._packing import check
from xensys.hypercalls import dm_op as encoding
from xensys.ioreq.eventfds import Irqfd
from xensys.ioreq.server import IoreqServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xensys.devices.privcmd import Privcmd
    from xensys.events import Events
    from xensys.hypercalls.dm_op import DmOp, IoreqServerInfo
    from xensys.kernel import Kernel
    from xensys.memory.resource import Resources

#: HVM_IOREQSRV_BUFIOREQ_LEGACY: why not _ATOMIC, see `xensys.ioreq.requests`.
_BUFIOREQ_LEGACY = 1


class DeviceModel:
    """What a device model may do to a domain: `xen.device_model(domid)`.

    The methods of `DmOp`, which say what they do and raise, for this domain; and
    objects for what lasts: `create_ioreq_server`, `irqfd`. Holds nothing to be closed.

    Attributes:
        domid: the domain.
    """

    __slots__ = ("_dm_op", "_events", "_kernel", "_privcmd", "_resources", "domid")

    def __init__(
        self,
        kernel: Kernel,
        domid: int,
        dm_op: Callable[[], DmOp],
        privcmd: Callable[[], Privcmd],
        resources: Resources,
        events: Callable[[], Events],
    ) -> None:
        check(domid, "device_model", "domid", 0, 0xFFFF)
        self._kernel = kernel
        self._dm_op = dm_op
        self._privcmd = privcmd
        self._resources = resources
        self._events = events
        self.domid = domid

    # What lasts

    def create_ioreq_server(self, *, buffered: bool = False) -> IoreqServer:
        """Make an ioreq server, with its pages mapped; it gets nothing before `enable()`.

        Args:
            buffered: whether it has a ring for writes that a guest does not wait for
                (x86: there Xen uses it for a few of its own devices).
        Raises:
            XenError: ENOSPC, the domain has 8; EINVAL, `buffered` on arm; what mapping a
                resource raises: there is no server then.
        """
        dm_op = self._dm_op()
        ident = dm_op.create_ioreq_server(self.domid, _BUFIOREQ_LEGACY if buffered else 0)
        try:
            return IoreqServer(self, ident, buffered=buffered)
        except BaseException:
            dm_op.destroy_ioreq_server(self.domid, ident)
            raise

    def irqfd(
        self,
        *,
        irq: int | None = None,
        isa_irq: int | None = None,
        msi: tuple[int, int] | None = None,
        level: bool = True,
        eventfd: int | None = None,
        hazardous: bool = False,
    ) -> Irqfd:
        """An eventfd each signal of which is an interrupt (IOCTL_PRIVCMD_IRQFD; since Linux 6.6).

        Exactly one of `irq`, `isa_irq` and `msi` says which. That it is one Xen takes
        is not checked before the first signal, whose failure only the kernel's log tells.

        Args:
            irq: arm: a shared peripheral interrupt, see `set_irq_level`.
            isa_irq: x86: see `set_isa_irq_level`.
            msi: x86: (address, data), see `inject_msi`.
            level: for a line: what a signal sets it to.
            eventfd: whom to listen to; it stays the caller's. None makes a new one.
            hazardous: must be True for `isa_irq`, see there.
        Raises:
            HazardError: `isa_irq`, and not `hazardous`.
            NotSupportedError: ENOTTY or EOPNOTSUPP, not in this kernel.
            XenPermissionError: EPERM, the handle is restricted to another domain.
            XenError: EBADF, EINVAL, no eventfd; EBUSY, the eventfd is used for another one.
        EINTR: reported.
        """
        if [irq, isa_irq, msi].count(None) != 2:
            raise TypeError("exactly one of irq, isa_irq and msi is needed")
        if irq is not None:
            op = encoding.encoded_set_irq_level(irq, level)
        elif isa_irq is not None:
            if not hazardous:
                self._dm_op()._refuse_isa_irq(self.domid)
            op = encoding.encoded_set_isa_irq_level(isa_irq, level)
        else:
            assert msi is not None
            op = encoding.encoded_inject_msi(*msi)
        return Irqfd(self._kernel, self.domid, eventfd, self._privcmd, op)

    # DmOp's methods

    def get_ioreq_server_info(self, ident: int, *, gfns: bool = False) -> IoreqServerInfo:
        """See `DmOp.get_ioreq_server_info`."""
        return self._dm_op().get_ioreq_server_info(self.domid, ident, gfns=gfns)

    def map_io_range_to_ioreq_server(self, ident: int, kind: int, start: int, end: int) -> None:
        """See `DmOp.map_io_range_to_ioreq_server`."""
        self._dm_op().map_io_range_to_ioreq_server(self.domid, ident, kind, start, end)

    def unmap_io_range_from_ioreq_server(self, ident: int, kind: int, start: int, end: int) -> None:
        """See `DmOp.unmap_io_range_from_ioreq_server`."""
        self._dm_op().unmap_io_range_from_ioreq_server(self.domid, ident, kind, start, end)

    def set_ioreq_server_state(self, ident: int, enabled: bool) -> None:
        """See `DmOp.set_ioreq_server_state`."""
        self._dm_op().set_ioreq_server_state(self.domid, ident, enabled)

    def destroy_ioreq_server(self, ident: int) -> None:
        """See `DmOp.destroy_ioreq_server`."""
        self._dm_op().destroy_ioreq_server(self.domid, ident)

    def map_mem_type_to_ioreq_server(self, ident: int, mem_type: int, flags: int) -> None:
        """See `DmOp.map_mem_type_to_ioreq_server`."""
        self._dm_op().map_mem_type_to_ioreq_server(self.domid, ident, mem_type, flags)

    def track_dirty_vram(self, first_pfn: int, nr: int) -> bytes:
        """See `DmOp.track_dirty_vram`."""
        return self._dm_op().track_dirty_vram(self.domid, first_pfn, nr)

    def modified_memory(self, extents: Sequence[tuple[int, int]]) -> None:
        """See `DmOp.modified_memory`."""
        self._dm_op().modified_memory(self.domid, extents)

    def set_mem_type(self, mem_type: int, first_pfn: int, nr: int = 1) -> None:
        """See `DmOp.set_mem_type`."""
        self._dm_op().set_mem_type(self.domid, mem_type, first_pfn, nr)

    def relocate_memory(self, src_gfn: int, dst_gfn: int, size: int, *, hazardous: bool = False) -> None:
        """See `DmOp.relocate_memory`."""
        self._dm_op().relocate_memory(self.domid, src_gfn, dst_gfn, size, hazardous=hazardous)

    def pin_memory_cacheattr(self, start: int, end: int, kind: int) -> None:
        """See `DmOp.pin_memory_cacheattr`."""
        self._dm_op().pin_memory_cacheattr(self.domid, start, end, kind)

    def set_pci_intx_level(
        self, device: int, intx: int, level: bool, *, segment: int = 0, bus: int = 0
    ) -> None:
        """See `DmOp.set_pci_intx_level`."""
        self._dm_op().set_pci_intx_level(self.domid, device, intx, level, segment=segment, bus=bus)

    def set_isa_irq_level(self, isa_irq: int, level: bool, *, hazardous: bool = False) -> None:
        """See `DmOp.set_isa_irq_level`."""
        self._dm_op().set_isa_irq_level(self.domid, isa_irq, level, hazardous=hazardous)

    def set_pci_link_route(self, link: int, isa_irq: int, *, hazardous: bool = False) -> None:
        """See `DmOp.set_pci_link_route`."""
        self._dm_op().set_pci_link_route(self.domid, link, isa_irq, hazardous=hazardous)

    def inject_event(
        self,
        vcpuid: int,
        vector: int,
        kind: int,
        *,
        error_code: int | None = None,
        insn_len: int = 0,
        cr2: int = 0,
        hazardous: bool = False,
    ) -> None:
        """See `DmOp.inject_event`."""
        self._dm_op().inject_event(
            self.domid,
            vcpuid,
            vector,
            kind,
            error_code=error_code,
            insn_len=insn_len,
            cr2=cr2,
            hazardous=hazardous,
        )

    def inject_msi(self, address: int, data: int) -> None:
        """See `DmOp.inject_msi`."""
        self._dm_op().inject_msi(self.domid, address, data)

    def set_irq_level(self, irq: int, level: bool) -> None:
        """See `DmOp.set_irq_level`."""
        self._dm_op().set_irq_level(self.domid, irq, level)

    def remote_shutdown(self, reason: int, *, hazardous: bool = False) -> None:
        """See `DmOp.remote_shutdown`."""
        self._dm_op().remote_shutdown(self.domid, reason, hazardous=hazardous)

    def nr_vcpus(self) -> int:
        """See `DmOp.nr_vcpus`."""
        return self._dm_op().nr_vcpus(self.domid)

    def __repr__(self) -> str:
        return f"<DeviceModel of domain {self.domid}>"
