"""event_channel_op: event channels as Xen has them, of this domain and of others.

Names are those of xen/include/public/event_channel.h, less EVTCHNOP_; rules are
those of xen/common/event_channel.c and event_fifo.c.

For ports of one's own use `xen.events`. What is bound or closed here goes past
the running kernel: its events reach nobody, and a port that the kernel has
bound must not go away under it. So all but `send`, `status` and
`alloc_unbound` for another domain need `hazardous=True`.
"""

from __future__ import annotations

from _operator import index
from struct import Struct

from xensys._packing import check
from xensys.abi import event_channel as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import DOMID_SELF, EVENT_CHANNEL_OP, Caller
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

_ALLOC_UNBOUND = Packer(abi.evtchn_alloc_unbound)
_BIND_INTERDOMAIN = Packer(abi.evtchn_bind_interdomain)
_BIND_VIRQ = Packer(abi.evtchn_bind_virq)
_BIND_PIRQ = Packer(abi.evtchn_bind_pirq)
_BIND_IPI = Packer(abi.evtchn_bind_ipi)
_CLOSE = Packer(abi.evtchn_close)
_SEND = Packer(abi.evtchn_send)
_BIND_VCPU = Packer(abi.evtchn_bind_vcpu)
_UNMASK = Packer(abi.evtchn_unmask)
_RESET = Packer(abi.evtchn_reset)
_INIT_CONTROL = Packer(abi.evtchn_init_control)
_EXPAND_ARRAY = Packer(abi.evtchn_expand_array)
_SET_PRIORITY = Packer(abi.evtchn_set_priority)

# evtchn_status, with its union as a peer's domain and port (tests compare with the class).
_STATUS = Struct("<HxxIIIHxxI")
_WILL_SHARE = abi.BIND_PIRQ__WILL_SHARE

_KINDS = ("closed", "unbound", "interdomain", "pirq", "virq", "ipi")


class PortStatus(Record):
    """What a port is bound to.

    Attributes:
        kind: "closed", "unbound", "interdomain", "pirq", "virq" or "ipi".
        vcpu: whom it notifies.
        domid: "unbound": who may bind to it; "interdomain": whose the other end is; else None.
        port: "interdomain": the other end's number; else None.
        pirq, virq: which interrupt; None for any other kind.
    """

    __slots__ = ("domid", "kind", "pirq", "port", "vcpu", "virq")

    kind: str
    vcpu: int
    domid: int | None
    port: int | None
    pirq: int | None
    virq: int | None

    def __init__(
        self,
        kind: str,
        vcpu: int = 0,
        *,
        domid: int | None = None,
        port: int | None = None,
        pirq: int | None = None,
        virq: int | None = None,
    ) -> None:
        super().__init__(domid, kind, pirq, port, vcpu, virq)


class EventChannelOp:
    """The event_channel_op hypercall; `xen.event_channel_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def alloc_unbound(self, remote_domid: int, *, domid: int = DOMID_SELF, hazardous: bool = False) -> int:
        """Open a port of a domain, for another domain to bind to (EVTCHNOP_alloc_unbound).

        Args:
            remote_domid: who may bind; DOMID_SELF is the caller.
            domid: whose port; of oneself it needs `hazardous`.
        Returns:
            the port.
        Raises:
            HazardError: for oneself without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, another domain, and no privilege.
            XenError: ENOSPC, no free port; EINVAL, the domain is dying.
        EINTR: reported.
        """
        values = self._do(
            "EVTCHNOP_alloc_unbound",
            _ALLOC_UNBOUND,
            (domid, remote_domid, 0),
            hazardous=hazardous,
            domid=domid,
        )
        return values[2]

    def bind_interdomain(
        self, remote_domid: int, remote_port: SupportsIndex, *, hazardous: bool = False
    ) -> int:
        """Bind a new port of ours to one that another domain keeps for us (EVTCHNOP_bind_interdomain).

        The new port is pending at once.

        Args:
            remote_domid: the other domain.
            remote_port: that domain's.
        Returns:
            the new local port.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            XenError: EINVAL, that port waits for nobody, or not for us; ENOSPC.
        EINTR: reported.
        """
        port = index(remote_port)
        values = self._do(
            "EVTCHNOP_bind_interdomain",
            _BIND_INTERDOMAIN,
            (remote_domid, port, 0),
            hazardous=hazardous,
            domid=remote_domid,
        )
        return values[2]

    def bind_virq(self, virq: int, *, vcpu: int = 0, hazardous: bool = False) -> int:
        """Bind a virtual interrupt to a new port (EVTCHNOP_bind_virq).

        Args:
            virq: VIRQ_*.
            vcpu: whose; 0 for a global one.
        Returns:
            the port.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, no such VIRQ, or a global one and not vCPU 0; EEXIST,
                bound already; EBUSY, another domain's (Xen 4.21 and later); ENOSPC.
        EINTR: reported.
        """
        return self._do("EVTCHNOP_bind_virq", _BIND_VIRQ, (virq, vcpu, 0), hazardous=hazardous)[2]

    def bind_pirq(self, pirq: int, *, will_share: bool = False, hazardous: bool = False) -> int:
        """Bind a physical interrupt to a new port (EVTCHNOP_bind_pirq). x86.

        Args:
            pirq: as physdev_op gave it.
            will_share: others may bind it, too.
        Returns:
            the port.
        Raises:
            HazardError: without the flag.
            NotSupportedError: EOPNOTSUPP, on arm.
            XenPermissionError: EPERM, a PV domain without access to it.
            XenError: EINVAL, no such interrupt; EEXIST, bound already; ENOSPC.
        EINTR: reported.
        """
        flags = _WILL_SHARE if will_share else 0
        return self._do("EVTCHNOP_bind_pirq", _BIND_PIRQ, (pirq, flags, 0), hazardous=hazardous)[2]

    def bind_ipi(self, vcpu: int, *, hazardous: bool = False) -> int:
        """Open a port for events from one vCPU of ours to another (EVTCHNOP_bind_ipi).

        Args:
            vcpu: who is notified.
        Returns:
            the port.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: ENOSPC.
        EINTR: reported.
        """
        return self._do("EVTCHNOP_bind_ipi", _BIND_IPI, (vcpu, 0), hazardous=hazardous)[1]

    def close(self, port: SupportsIndex, *, hazardous: bool = False) -> None:
        """Close a port of ours (EVTCHNOP_close).

        Raises:
            HazardError: without the flag.
            XenError: EINVAL, no such port, closed, or Xen's own.
        EINTR: retried.
        """
        self._do("EVTCHNOP_close", _CLOSE, (index(port),), hazardous=hazardous, repeatable=True)

    def send(self, port: SupportsIndex) -> None:
        """Signal the other end of a port of ours (EVTCHNOP_send).

        Where nobody is at the other end, nothing happens. Unlike
        `Port.notify()` this works for ports that the kernel, or another
        program, has bound, and tells what Xen says.

        Raises:
            XenError: EINVAL, no such port, or neither interdomain nor IPI.
        EINTR: retried; at worst there is one event more.
        """
        self._do("EVTCHNOP_send", _SEND, (index(port),), repeatable=True)

    def status(self, port: SupportsIndex, *, domid: int = DOMID_SELF) -> PortStatus:
        """What a port is bound to (EVTCHNOP_status).

        Args:
            port: of that domain; 0 is always closed.
            domid: whose.
        Raises:
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, another domain, and no privilege.
            XenError: EINVAL, higher than any port that the domain ever had
                (in buckets of 64).
        EINTR: retried.

        Example:
            >>> xen.event_channel_op.status(1, domid=1)
            PortStatus(domid=0, kind='interdomain', pirq=None, port=16, vcpu=0, virq=None)
        """
        number = index(port)
        check(domid, "evtchn_status", "dom", 0, 0xFFFF)
        check(number, "evtchn_status", "port", 0, 0xFFFF_FFFF)
        buffers = self._caller.buffers
        slot = buffers.take(_STATUS.size)
        try:
            _STATUS.pack_into(slot.memory, slot.offset, domid, number, 0, 0, 0, 0)
            self._caller.call(
                EVENT_CHANNEL_OP,
                "EVTCHNOP_status",
                abi.EVTCHNOP_status,
                slot.address,
                repeatable=True,
                domid=domid,
                arguments={"port": number},
            )
            _, _, state, vcpu, peer, peer_port = _STATUS.unpack_from(slot.memory, slot.offset)
            # A PIRQ's or VIRQ's number lies over the peer's domain, 32 bits of it.
            whole = int.from_bytes(slot.memory[slot.offset + 16 : slot.offset + 20], "little")
        finally:
            buffers.give(slot)
        kind = _KINDS[state] if state < len(_KINDS) else str(state)
        return PortStatus(
            kind,
            vcpu,
            domid=peer if kind in ("unbound", "interdomain") else None,
            port=peer_port if kind == "interdomain" else None,
            pirq=whole if kind == "pirq" else None,
            virq=whole if kind == "virq" else None,
        )

    def bind_vcpu(self, port: SupportsIndex, vcpu: int, *, hazardous: bool = False) -> None:
        """Choose the vCPU that a port of ours notifies (EVTCHNOP_bind_vcpu).

        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, no such port, an IPI, a VIRQ of a vCPU, or Xen's own.
        EINTR: retried.
        """
        self._do(
            "EVTCHNOP_bind_vcpu", _BIND_VCPU, (index(port), vcpu), hazardous=hazardous, repeatable=True
        )

    def unmask(self, port: SupportsIndex, *, hazardous: bool = False) -> None:
        """Unmask a port of ours in Xen, and deliver what waits (EVTCHNOP_unmask). Since Xen 4.0.

        Raises:
            HazardError: without the flag.
            XenError: EINVAL, no such port.
        EINTR: retried.
        """
        self._do("EVTCHNOP_unmask", _UNMASK, (index(port),), hazardous=hazardous, repeatable=True)

    def reset(self, domid: int = DOMID_SELF, *, hazardous: bool = False) -> None:
        """Close every port of a domain, and leave the FIFO layout (EVTCHNOP_reset).

        Args:
            domid: oneself, or a domain that the toolstack has paused.
        Raises:
            HazardError: without the flag, whoever's.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, another domain, and no privilege.
            XenError: EINVAL, another domain, and not paused; EBUSY, under way
                already; EAGAIN, a port was made meanwhile.
        EINTR: reported.
        """
        self._do("EVTCHNOP_reset", _RESET, (domid,), hazardous=hazardous, domid=domid)

    def init_control(self, control_gfn: int, offset: int, vcpu: int, *, hazardous: bool = False) -> int:
        """Give Xen a vCPU's FIFO control block; the first turns the FIFO layout on (EVTCHNOP_init_control).

        Since Xen 4.4.

        Args:
            control_gfn: frame of the control block.
            offset: bytes into the frame, a multiple of 8.
            vcpu: whose.
        Returns:
            how many bits of an event word are its link.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not aligned, no such frame, or has one already; ENOMEM.
        EINTR: reported.
        """
        padding = (0,) * 8
        values = self._do(
            "EVTCHNOP_init_control",
            _INIT_CONTROL,
            (control_gfn, offset, vcpu, *padding),
            hazardous=hazardous,
        )
        return values[3]

    def expand_array(self, array_gfn: int, *, hazardous: bool = False) -> None:
        """Add a page of event words to the FIFO layout's array (EVTCHNOP_expand_array). Since Xen 4.4.

        Args:
            array_gfn: frame; Xen's from then on.
        Raises:
            HazardError: without the flag.
            NotSupportedError: EOPNOTSUPP, not the FIFO layout.
            XenError: ENOSPC, the array has its full size; EINVAL, no such frame.
        EINTR: reported.
        """
        self._do("EVTCHNOP_expand_array", _EXPAND_ARRAY, (array_gfn,), hazardous=hazardous)

    def set_priority(self, port: SupportsIndex, priority: int, *, hazardous: bool = False) -> None:
        """Choose the FIFO queue that a port's events go to (EVTCHNOP_set_priority). Since Xen 4.4.

        Args:
            port: of ours.
            priority: 0 first … 15 last; 7 is the default.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, not the FIFO layout.
            XenPermissionError: EACCES, the port is closed or Xen's own.
            XenError: EINVAL, no such port or priority.
        EINTR: retried.
        """
        self._do(
            "EVTCHNOP_set_priority",
            _SET_PRIORITY,
            (index(port), priority),
            hazardous=hazardous,
            repeatable=True,
        )

    def _do(
        self,
        name: str,
        packer: Packer,
        values: tuple[int, ...],
        *,
        hazardous: bool = False,
        repeatable: bool = False,
        domid: int | None = None,
    ) -> tuple[int, ...]:
        """Make the call with a structure of these values; what Xen left of it."""
        buffers = self._caller.buffers
        slot = buffers.take(packer.size)
        try:
            packer.pack_into(slot.memory, slot.offset, *values)
            self._caller.call(
                EVENT_CHANNEL_OP,
                name,
                getattr(abi, name),
                slot.address,
                hazardous=hazardous,
                repeatable=repeatable,
                domid=domid,
                arguments={field: values[i] for i, field in enumerate(packer._names) if field[0] != "_"},
            )
            result: tuple[int, ...] = packer.unpack_from(slot.memory, slot.offset)
            return result
        finally:
            buffers.give(slot)
