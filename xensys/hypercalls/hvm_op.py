"""hvm_op: HVM, PVH and arm guests.

Names are those of xen/include/public/hvm/hvm_op.h, less HVMOP_; parameter
numbers are in `xensys.abi.hvm.params`. What HVMOP_altp2m does is a family of its
own: `xen.hvm_op.altp2m`. arm has `get_param`, `set_param` and
`guest_request_vm_event` only.
"""

from __future__ import annotations

from xensys._packing import check
from xensys.abi._base import Packer
from xensys.abi.hvm import hvm_op as abi
from xensys.abi.hvm import params
from xensys.hypercalls._call import HVM_OP, Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from xensys.hypercalls.hvm_altp2m import HvmAltp2m

_PARAM = Packer(abi.xen_hvm_param)
_PAGETABLE_DYING = Packer(abi.xen_hvm_pagetable_dying)
_TIME = Packer(abi.xen_hvm_get_time)
_TRACE = Packer(abi.xen_hvm_xentrace)
_MEM_TYPE = Packer(abi.xen_hvm_get_mem_type)
_UPCALL_VECTOR = Packer(abi.xen_hvm_evtchn_upcall_vector)

#: Bytes that a trace record can have.
_TRACE_EXTRA = 28


class HvmOp:
    """The hvm_op hypercall; `xen.hvm_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_param(self, domid: int, index: int) -> int:
        """A parameter's 64-bit value (HVMOP_get_param).

        Args:
            domid: an HVM, PVH or arm domain; DOMID_SELF for oneself.
            index: HVM_PARAM_*.
        Raises:
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not one's own and no privilege, or a
                parameter that a guest may not read.
            XenError: EINVAL, no such parameter, or a PV domain.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_PARAM.size)
        try:
            _PARAM.pack_into(slot.memory, slot.offset, domid, 0, index, 0)
            self._caller.call(
                HVM_OP,
                "HVMOP_get_param",
                abi.HVMOP_get_param,
                slot.address,
                repeatable=True,
                domid=domid,
                arguments={"index": index},
            )
            value: int = _PARAM.unpack_from(slot.memory, slot.offset)[3]
            return value
        finally:
            buffers.give(slot)

    def set_param(self, domid: int, index: int, value: int, *, hazardous: bool = False) -> None:
        """Set a parameter (HVMOP_set_param).

        Args:
            domid: an HVM, PVH or arm domain.
            index: HVM_PARAM_*.
            value: 64 bits.
            hazardous: must be True for oneself: the running kernel relies on
                its parameters (rings, event ports, the way it takes interrupts).
                Oneself is DOMID_SELF, and 0 in the initial domain; a guest that
                gives its own number is not recognised, as Xen tells it to nobody.
                Must be True for HVM_PARAM_ACPI_S_STATE of any domain, too: 3
                puts it to sleep.
        Raises:
            HazardError: either of these without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not one's own and no privilege, or a
                parameter that a guest may not write.
            XenError: EINVAL, no such parameter or a PV domain; EEXIST, can be
                set once only, and is.
        EINTR: reported.
        """
        if not hazardous:
            # Finer than the tables, which can but name the worst parameter.
            hazardous = index != params.HVM_PARAM_ACPI_S_STATE and not self._caller.is_self(domid)
        buffers = self._caller.buffers
        slot = buffers.take(_PARAM.size)
        try:
            _PARAM.pack_into(slot.memory, slot.offset, domid, 0, index, value)
            self._caller.call(
                HVM_OP,
                "HVMOP_set_param",
                abi.HVMOP_set_param,
                slot.address,
                hazardous=hazardous,
                domid=domid,
                arguments={"index": index, "value": value},
            )
        finally:
            buffers.give(slot)

    @property
    def altp2m(self) -> HvmAltp2m:
        """Alternate p2m views (HVMOP_altp2m; x86, since Xen 4.6)."""
        # Few need it, and it is half as long again as this module.
        from xensys.hypercalls.hvm_altp2m import HvmAltp2m

        return HvmAltp2m(self._caller)

    def flush_tlbs(self) -> None:
        """Flush the TLBs of all of this domain's vCPUs (HVMOP_flush_tlbs; x86).

        Raises:
            NotSupportedError: ENOSYS, arm.
            XenError: EINVAL, this domain is PV.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        self._call("HVMOP_flush_tlbs", 0)

    def pagetable_dying(self, domid: int, gpa: int, *, hazardous: bool = False) -> None:
        """Tell shadow paging that a process is exiting (HVMOP_pagetable_dying; since Xen 4.1, x86).

        Args:
            domid: oneself, and no other.
            gpa: guest-physical address of its top-level page table.
            hazardous: must be True: the kernel's page tables are its own.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            NotSupportedError: EOPNOTSUPP, another domain; ENOSYS, arm.
            XenError: EINVAL, not HVM, or not on shadow paging.
        EINTR: retried.
        """
        self._packed(
            "HVMOP_pagetable_dying",
            _PAGETABLE_DYING,
            (domid, 0, 0, 0, gpa),
            domid=domid,
            hazardous=hazardous,
            arguments={"gpa": gpa},
        )

    def get_time(self) -> int:
        """Xen's system time: ns since it was booted (HVMOP_get_time; since Xen 4.1, x86).

        Raises:
            NotSupportedError: ENOSYS, arm.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        now: int = self._packed("HVMOP_get_time", _TIME, (0,))[0]
        return now

    def xentrace(self, event: int, extra: bytes = b"") -> None:
        """Add a record to Xen's trace, if one is being taken (HVMOP_xentrace; since Xen 4.1, x86).

        Args:
            event: up to 0xFFF; Xen adds the class TRC_GUEST.
            extra: up to 28 bytes, a multiple of 4.
        Raises:
            NotSupportedError: ENOSYS, arm.
            XenError: EINVAL, event or length is none of these.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        check(len(extra), "xen_hvm_xentrace", "extra_bytes", 0, _TRACE_EXTRA)
        arguments = {"event": event, "n_extra": len(extra)}
        padded = extra.ljust(_TRACE_EXTRA, b"\0")
        self._packed("HVMOP_xentrace", _TRACE, (event, len(extra), *padded), arguments=arguments)

    def get_mem_type(self, domid: int, pfn: int) -> int:
        """How accesses to a frame are treated (HVMOP_get_mem_type; since Xen 4.2, x86).

        Args:
            domid: an HVM or PVH domain.
            pfn: its frame number.
        Returns:
            HVMMEM_*: 0 RAM, 1 read-only, 2 emulated or nothing, 4 writes go to
            an ioreq server.
        Raises:
            NotSupportedError: ENOSYS, arm.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not one's own and no privilege.
            XenError: EINVAL, a PV domain.
        EINTR: retried.
        """
        kind: int = self._packed(
            "HVMOP_get_mem_type",
            _MEM_TYPE,
            (domid, 0, 0, 0, pfn),
            domid=domid,
            arguments={"pfn": pfn},
        )[1]
        return kind

    def set_evtchn_upcall_vector(self, vcpu: int, vector: int, *, hazardous: bool = False) -> None:
        """How a vCPU is told of events (HVMOP_set_evtchn_upcall_vector; since Xen 4.6, x86).

        Args:
            vcpu: of this domain.
            vector: 0x10 to 0xFF.
            hazardous: must be True: the kernel has one.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, arm.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, a vector below 0x10, or this domain is PV.
        EINTR: retried.
        """
        self._packed(
            "HVMOP_set_evtchn_upcall_vector",
            _UPCALL_VECTOR,
            (vcpu, vector),
            hazardous=hazardous,
            arguments={"vcpu": vcpu, "vector": vector},
        )

    def guest_request_vm_event(self, *, hazardous: bool = False) -> None:
        """Notify whoever monitors this domain (HVMOP_guest_request_vm_event; since Xen 4.6).

        The vCPU may be paused until the monitor answers. Without one nothing happens.

        Args:
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        self._call("HVMOP_guest_request_vm_event", 0, hazardous=hazardous)

    def _packed(
        self,
        name: str,
        layout: Packer,
        values: tuple[int, ...],
        *,
        domid: int | None = None,
        hazardous: bool = False,
        arguments: Mapping[str, object] | None = None,
    ) -> tuple[int, ...]:
        """Make a call with one structure; returns it as Xen left it."""
        buffers = self._caller.buffers
        slot = buffers.take(layout.size)
        try:
            layout.pack_into(slot.memory, slot.offset, *values)
            self._call(name, slot.address, domid=domid, hazardous=hazardous, arguments=arguments)
            return layout.unpack_from(slot.memory, slot.offset)
        finally:
            buffers.give(slot)

    def _call(
        self,
        name: str,
        address: int,
        *,
        domid: int | None = None,
        hazardous: bool = False,
        arguments: Mapping[str, object] | None = None,
    ) -> None:
        self._caller.call(
            HVM_OP,
            name,
            getattr(abi, name),
            address,
            repeatable=True,
            hazardous=hazardous,
            domid=domid,
            arguments=arguments,
        )
