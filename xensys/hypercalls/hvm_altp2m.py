"""hvm_op(HVMOP_altp2m): a guest's frames seen in more than one way.

A domain has up to ten views, each a translation of its frame numbers with access
rights of its own; view 0 is the ordinary one. Which view a vCPU is in can be
switched from outside, or by the guest itself. Used by tools that watch guests.

x86 only, on processors whose hardware can (Intel's), where Xen was booted with
altp2m=1 and the domain's configuration says altp2m=…; else EOPNOTSUPP, or EINVAL
if only the domain's does not. Names are those of xen/include/public/hvm/hvm_op.h,
less HVMOP_altp2m_.
"""

from __future__ import annotations

import ctypes
from struct import Struct as Layout

from xensys._packing import check
from xensys.abi._base import Packer
from xensys.abi.hvm import hvm_op as abi
from xensys.hypercalls._call import HVM_OP, Caller
from xensys.hypercalls._records import Record
from xensys.memory.frames import as_frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xensys.abi._base import Struct
    from xensys.memory.frames import Frames

_SIZE = ctypes.sizeof(abi.xen_hvm_altp2m_op)
_HEAD = Layout("<IIHHI")
#: Made when first needed: that is for few programs.
_packers: dict[type[Struct], Packer] = {}

#: What takes a frame's own entry out of a view.
INVALID_GFN = (1 << 64) - 1


class SuppressVeErrors(Record):
    """What went wrong with a range of frames.

    Attributes:
        first_error: errno of the first frame that failed; 0 if none did.
        first_error_gfn: that frame.
    """

    __slots__ = ("first_error", "first_error_gfn")

    first_error: int
    first_error_gfn: int


class HvmAltp2m:
    """The altp2m part of hvm_op; `xen.hvm_op.altp2m`.

    In all of these:

    Args:
        domid: an HVM or PVH domain.
        hazardous: must be True for oneself, where it is an argument.
    Raises:
        HazardError: oneself without the flag.
        NoSuchDomainError: ESRCH, no such domain.
        NotSupportedError: EOPNOTSUPP, this Xen, processor or domain has none, or
            it is not switched on (but for get_domain_state and
            set_domain_state); ENOSYS, arm.
        XenPermissionError: EPERM, the domain's mode does not let us.
        XenError: EINVAL, the domain's mode is "disabled".
    EINTR: retried, but for `create_p2m`: reported.
    """

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_domain_state(self, domid: int) -> bool:
        """Whether it is switched on (HVMOP_altp2m_get_domain_state)."""
        return bool(self._do("get_domain_state", domid, abi.xen_hvm_altp2m_domain_state, (0,))[0])

    def set_domain_state(self, domid: int, state: bool, *, hazardous: bool = False) -> None:
        """Switch it on or off (HVMOP_altp2m_set_domain_state); off, all views go.

        Raises:
            XenError: EINVAL, the domain has nested HVM.
        """
        self._do(
            "set_domain_state", domid, abi.xen_hvm_altp2m_domain_state, (bool(state),), hazardous=hazardous
        )

    def vcpu_enable_notify(self, domid: int, vcpu_id: int, gfn: int, *, hazardous: bool = False) -> None:
        """Give a vCPU a page for virtualization exceptions (HVMOP_altp2m_vcpu_enable_notify).

        Raises:
            NotSupportedError: EOPNOTSUPP, the processor has no such exceptions.
            XenError: EINVAL, no such vCPU, or no plain RAM there; EEXIST, it has one.
        """
        values = (vcpu_id, 0, gfn)
        self._do(
            "vcpu_enable_notify", domid, abi.xen_hvm_altp2m_vcpu_enable_notify, values, hazardous=hazardous
        )

    def vcpu_disable_notify(self, domid: int, vcpu_id: int, *, hazardous: bool = False) -> None:
        """Take that page away (HVMOP_altp2m_vcpu_disable_notify; since Xen 4.12).

        Raises:
            NotSupportedError: EOPNOTSUPP, the processor has no such exceptions.
            XenError: EINVAL, no such vCPU.
        """
        self._do(
            "vcpu_disable_notify",
            domid,
            abi.xen_hvm_altp2m_vcpu_disable_notify,
            (vcpu_id,),
            hazardous=hazardous,
        )

    def create_p2m(self, domid: int, default_access: int = 0) -> int:
        """Make a view (HVMOP_altp2m_create_p2m).

        Args:
            default_access: XENMEM_access_* for frames that the view says nothing of.
        Returns:
            Its index.
        Raises:
            XenError: EINVAL, unknown access, or no view is free.
        """
        values = (0, default_access)
        return self._do("create_p2m", domid, abi.xen_hvm_altp2m_view, values, repeatable=False)[0]

    def destroy_p2m(self, domid: int, view: int, *, hazardous: bool = False) -> None:
        """Remove a view (HVMOP_altp2m_destroy_p2m).

        Raises:
            XenError: EBUSY, view 0, no such view, or a vCPU is in it.
        """
        self._do("destroy_p2m", domid, abi.xen_hvm_altp2m_view, (view, 0), hazardous=hazardous)

    def switch_p2m(self, domid: int, view: int, *, hazardous: bool = False) -> None:
        """Put all vCPUs into a view (HVMOP_altp2m_switch_p2m).

        Raises:
            XenError: EINVAL, no such view, or it is not visible.
        """
        self._do("switch_p2m", domid, abi.xen_hvm_altp2m_view, (view, 0), hazardous=hazardous)

    def set_mem_access(
        self, domid: int, view: int, gfn: int, access: int, *, hazardous: bool = False
    ) -> None:
        """Set a frame's access rights in a view (HVMOP_altp2m_set_mem_access).

        Args:
            gfn: the frame; all ones for the default of view 0.
            access: XENMEM_access_*.
        Raises:
            XenError: EINVAL, no such view or unknown access.
        """
        values = (view, access, 0, gfn)
        self._do("set_mem_access", domid, abi.xen_hvm_altp2m_mem_access, values, hazardous=hazardous)

    def set_mem_access_multi(
        self,
        domid: int,
        view: int,
        gfns: Frames,
        access: Sequence[int],
        *,
        hazardous: bool = False,
    ) -> None:
        """Set the access rights of many frames (HVMOP_altp2m_set_mem_access_multi; since Xen 4.11).

        Args:
            gfns: the frames.
            access: XENMEM_access_* of each.
        Raises:
            XenError: EINVAL, no such view or an unknown access; the frames
                before that one are done.
        """
        given = as_frames(gfns)
        if len(access) != len(given):
            raise ValueError(f"{len(given)} frames, and {len(access)} access rights")
        for right in access:
            check(right, "xen_hvm_altp2m_set_mem_access_multi", "access_list", 0, 0xFF)
        raw, rights = given.tobytes(), bytes(access)
        buffers = self._caller.buffers
        frames, accesses = buffers.take(len(raw)), buffers.take(len(rights))
        try:
            frames.memory[frames.offset : frames.offset + len(raw)] = raw
            accesses.memory[accesses.offset : accesses.offset + len(rights)] = rights
            values = (view, 0, len(given), 0, frames.address, accesses.address)
            self._do(
                "set_mem_access_multi",
                domid,
                abi.xen_hvm_altp2m_set_mem_access_multi,
                values,
                hazardous=hazardous,
            )
        finally:
            buffers.give(accesses)
            buffers.give(frames)

    def get_mem_access(self, domid: int, view: int, gfn: int) -> int:
        """A frame's access rights in a view: XENMEM_access_* (HVMOP_altp2m_get_mem_access; since Xen 4.12).

        Raises:
            NoSuchDomainError: ESRCH, also for a frame that is not there.
            XenError: EINVAL, no such view.
        """
        return self._do("get_mem_access", domid, abi.xen_hvm_altp2m_mem_access, (view, 0, 0, gfn))[1]

    def change_gfn(
        self, domid: int, view: int, old_gfn: int, new_gfn: int | None, *, hazardous: bool = False
    ) -> None:
        """Have a frame number lead to another's page in a view (HVMOP_altp2m_change_gfn).

        Args:
            old_gfn: the number.
            new_gfn: whose page; None takes the view's own entry away again.
        Raises:
            NoSuchDomainError: ESRCH, also for a frame that is not there.
            XenError: EINVAL, no such view.
        """
        values = (view, 0, 0, old_gfn, INVALID_GFN if new_gfn is None else new_gfn)
        self._do("change_gfn", domid, abi.xen_hvm_altp2m_change_gfn, values, hazardous=hazardous)

    def set_suppress_ve(
        self, domid: int, view: int, gfn: int, suppress: bool, *, hazardous: bool = False
    ) -> None:
        """Whether violations of a frame exit to Xen (HVMOP_altp2m_set_suppress_ve; since Xen 4.12).

        Those that do not are exceptions in the guest.

        Args:
            suppress: True: to Xen.
        Raises:
            NoSuchDomainError: ESRCH, also for a frame that is not there.
            XenError: EINVAL, no such view.
        """
        values = (view, bool(suppress), 0, 0, gfn)
        self._do("set_suppress_ve", domid, abi.xen_hvm_altp2m_suppress_ve, values, hazardous=hazardous)

    def get_suppress_ve(self, domid: int, view: int, gfn: int) -> bool:
        """Whether violations of a frame exit to Xen (HVMOP_altp2m_get_suppress_ve; since Xen 4.12).

        Raises:
            NoSuchDomainError: ESRCH, also for a frame that the view has no entry for.
            XenError: EINVAL, no such view.
        """
        return bool(
            self._do("get_suppress_ve", domid, abi.xen_hvm_altp2m_suppress_ve, (view, 0, 0, 0, gfn))[1]
        )

    def set_suppress_ve_multi(
        self,
        domid: int,
        view: int,
        first_gfn: int,
        last_gfn: int,
        suppress: bool,
        *,
        hazardous: bool = False,
    ) -> SuppressVeErrors:
        """`set_suppress_ve` of a range (HVMOP_altp2m_set_suppress_ve_multi; since Xen 4.14).

        Args:
            first_gfn, last_gfn: both are part of it.
        Returns:
            What went wrong: the call succeeds even if every frame failed.
        Raises:
            XenError: EINVAL, no such view, or first_gfn above last_gfn.
        """
        values = (view, bool(suppress), 0, 0, first_gfn, last_gfn, 0)
        left = self._do(
            "set_suppress_ve_multi",
            domid,
            abi.xen_hvm_altp2m_suppress_ve_multi,
            values,
            hazardous=hazardous,
        )
        return SuppressVeErrors(-left[3], left[6])

    def get_p2m_idx(self, domid: int, vcpu_id: int) -> int:
        """The view that a vCPU is in (HVMOP_altp2m_get_p2m_idx; since Xen 4.13).

        Raises:
            XenError: EINVAL, no such vCPU.
        """
        return self._do("get_p2m_idx", domid, abi.xen_hvm_altp2m_get_vcpu_p2m_idx, (vcpu_id, 0))[1]

    def set_visibility(self, domid: int, view: int, visible: bool, *, hazardous: bool = False) -> None:
        """Let the domain switch into a view, or not (HVMOP_altp2m_set_visibility; since Xen 4.14).

        Raises:
            XenError: EINVAL, no such view.
        """
        values = (view, bool(visible), 0)
        self._do("set_visibility", domid, abi.xen_hvm_altp2m_set_visibility, values, hazardous=hazardous)

    def _do(
        self,
        command: str,
        domid: int,
        kind: type[Struct],
        values: tuple[int, ...],
        *,
        hazardous: bool = False,
        repeatable: bool = True,
    ) -> tuple[int, ...]:
        """Make a call; returns the command's part of the structure as Xen left it."""
        name = f"HVMOP_altp2m_{command}"
        layout = _packers.get(kind)
        if layout is None:
            layout = _packers[kind] = Packer(kind)
        check(domid, "xen_hvm_altp2m_op", "domain", 0, 0xFFFF)
        buffers = self._caller.buffers
        slot = buffers.take(_SIZE)
        try:
            version = abi.HVMOP_ALTP2M_INTERFACE_VERSION
            _HEAD.pack_into(slot.memory, slot.offset, version, getattr(abi, name), domid, 0, 0)
            layout.pack_into(slot.memory, slot.offset + _HEAD.size, *values)
            arguments: Mapping[str, object] = {
                field: value
                for field, value in zip(kind.FORMAT_FIELDS, values, strict=True)
                if not field.startswith("pad")
            }
            self._caller.call(
                HVM_OP,
                name,
                abi.HVMOP_altp2m,
                slot.address,
                repeatable=repeatable,
                hazardous=hazardous,
                domid=domid,
                arguments=arguments,
            )
            return layout.unpack_from(slot.memory, slot.offset + _HEAD.size)
        finally:
            buffers.give(slot)
