"""hvm_op: parameters of HVM, PVH and arm guests.

Names are those of xen/include/public/hvm/hvm_op.h, less HVMOP_; parameter
numbers are in `xensys.abi.hvm.params`.
"""

from __future__ import annotations

from xensys.abi._base import Packer
from xensys.abi.hvm import hvm_op as abi
from xensys.abi.hvm import params
from xensys.hypercalls._call import HVM_OP, Caller

_PARAM = Packer(abi.xen_hvm_param)


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
