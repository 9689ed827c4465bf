"""domctl: the part of it that is stable.

All other sub-operations change with every Xen release and are for the raw
door. These have interface version 0 and are there from Xen 4.21 on; an older
one refuses the version (EACCES) before it looks at anything else.

Names are those of xen/include/public/domctl.h, less XEN_DOMCTL_.
"""

from __future__ import annotations

from ctypes import sizeof
from struct import Struct

from xensys._packing import check
from xensys.abi import domctl as abi
from xensys.hypercalls._call import DOMCTL, Caller
from xensys.hypercalls._records import Record

_HEAD = Struct("<IIH")
_STATE = Struct(abi.xen_domctl_get_domain_state.FORMAT)
_SIZE = sizeof(abi.xen_domctl)
_UNION = _SIZE - sizeof(abi.xen_domctl_u)
_DOMID_INVALID = 0x7FF4
_NAME = "XEN_DOMCTL_get_domain_state"


class DomainState(Record):
    """How a domain is.

    Attributes:
        domid: whose state this is.
        state: bits, XEN_DOMCTL_GETDOMSTATE_STATE_*; 0 if it is no more.
        caps: bits, XEN_DOMCTL_GETDOMSTATE_CAP_*.
        unique_id: differs between all domains since the host was booted.
    """

    __slots__ = ("caps", "domid", "state", "unique_id")

    domid: int
    state: int
    caps: int
    unique_id: int

    def __init__(self, domid: int, state: int, caps: int, unique_id: int) -> None:
        super().__init__(caps, domid, state, unique_id)


class Domctl:
    """The stable part of the domctl hypercall; `xen.domctl`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_domain_state(self, domid: int, *, hazardous: bool = False) -> DomainState:
        """How a domain is (XEN_DOMCTL_get_domain_state; since Xen 4.21).

        Args:
            domid: a domain's number; DOMID_INVALID for the next one that has changed.
            hazardous: must be True for DOMID_INVALID: that is how xenstored learns
                of deaths, and what another one is told, it never is.
        Raises:
            HazardError: DOMID_INVALID without the flag.
            NoSuchDomainError: ESRCH.
            XenNotFoundError: ENOENT, DOMID_INVALID and none has changed.
            XenPermissionError: EACCES, an older Xen; or DOMID_INVALID, and not this
                domain has bound VIRQ_DOM_EXC. EPERM, only for the control domain,
                the XenStore domain and the domain's device model.
        EINTR: retried, but for DOMID_INVALID.
        """
        check(domid, "xen_domctl", "domain", 0, 0xFFFF)
        changed = domid == _DOMID_INVALID
        buffers = self._caller.buffers
        slot = buffers.take(_SIZE)
        try:
            _HEAD.pack_into(slot.memory, slot.offset, abi.XEN_DOMCTL_get_domain_state, 0, domid)
            self._caller.call(
                DOMCTL,
                _NAME,
                slot.address,
                repeatable=not changed,
                # Asking about one domain takes nothing from anybody.
                hazardous=hazardous or not changed,
                domid=domid,
            )
            found = _HEAD.unpack_from(slot.memory, slot.offset)[2]
            state, caps, _, unique_id = _STATE.unpack_from(slot.memory, slot.offset + _UNION)
            return DomainState(found, state, caps, unique_id)
        finally:
            buffers.give(slot)
