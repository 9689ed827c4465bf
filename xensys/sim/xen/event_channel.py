"""Event channels: xen/common/event_channel.c, and as far as it answers errors, event_fifo.c.

`EventChannels` is what Xen does; the other parts of the simulator use it too.
`call` is the hypercall.
"""

from __future__ import annotations

import struct
from errno import (
    EACCES,
    EBUSY,
    EEXIST,
    EINVAL,
    ENOENT,
    ENOSPC,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
)
from weakref import WeakKeyDictionary

from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.xen.access import DOMID_SELF, check_silo, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from xensys.sim.domain import Domain
    from xensys.sim.machine import Machine
    from xensys.sim.xen.access import Caller

    class User(Protocol):
        """An open evtchn file that has bound a port."""

        def takes(self, port: int) -> bool:
            """Whether an event would reach it now: it has unmasked the port."""
            ...

        def interrupt(self, port: int) -> None: ...


# xen/include/public/event_channel.h, EVTCHNSTAT_*.
CLOSED, UNBOUND, INTERDOMAIN, PIRQ, VIRQ, IPI = range(6)

_NR_VIRQS = 24
_VCPU_VIRQS = frozenset((0, 1, 7, 13))  # TIMER, DEBUG, XENOPROF, XENPMU
_PER_DOMAIN_VIRQS = frozenset((11,))  # ARGO
_VIRQ_TIMER, _VIRQ_CONSOLE, _VIRQ_DOM_EXC, _VIRQ_PCPU_STATE = 0, 2, 3, 9

_FIFO_CHANNELS, _TWO_LEVEL_CHANNELS = 1 << 17, 4096
_PER_BUCKET = 64  # EVTCHNS_PER_BUCKET, of 64 bytes each
_PRIORITY_LOWEST = 15


class Channel:
    """A port that is not free.

    Attributes:
        state: UNBOUND, INTERDOMAIN, PIRQ, VIRQ or IPI.
        remote_domid: UNBOUND: who may bind.
        remote, remote_port: INTERDOMAIN: the other end.
        number: of the PIRQ or VIRQ.
        vcpu: whom it notifies.
        pending: whether an event waits to be delivered.
        consumer: called for an event, instead of the domain, where Xen itself has this end.
    """

    __slots__ = (
        "consumer",
        "number",
        "pending",
        "remote",
        "remote_domid",
        "remote_port",
        "state",
        "vcpu",
    )

    def __init__(self, state: int, *, vcpu: int = 0, number: int = 0, remote_domid: int = 0) -> None:
        self.state = state
        self.vcpu = vcpu
        self.number = number
        self.remote_domid = remote_domid
        self.remote: Domain | None = None
        self.remote_port = 0
        self.pending = False
        self.consumer: Callable[[], None] | None = None


class _Table:
    """A domain's ports.

    Attributes:
        ports: port → channel, those in use.
        valid: ports that there is memory for; never shrinks.
        fifo: whether its kernel uses the FIFO layout.
        held: port → references beyond its binder's (the kernel's evtchn_get()).
        kernel: ports that the kernel, or a daemon of its user space, has had from the start.
    """

    __slots__ = ("fifo", "held", "kernel", "ports", "valid")

    def __init__(self, *, fifo: bool) -> None:
        self.ports: dict[int, Channel] = {}
        self.valid = _PER_BUCKET
        self.fifo = fifo
        self.held: dict[int, int] = {}
        self.kernel: set[int] = set()


class EventChannels:
    """The event channels of a machine; `machine.event_channels`.

    Methods raise OSError with the errno that Xen returns. A port's events go to
    `domain.event_users[port]`, the evtchn file that has it; others stay pending.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._tables: WeakKeyDictionary[Domain, _Table] = WeakKeyDictionary()
        # Daemons' ends in dom0 of what a new guest is given: (guest, port in dom0).
        self._daemons: list[tuple[Domain, int]] = []

    # What Xen does for domains

    def alloc_unbound(self, domain: Domain, remote_domid: int) -> int:
        """A new port for `remote_domid` to bind to. Errors: EINVAL, ENOSPC."""
        port = self._free_port(domain)
        self._tables[domain].ports[port] = Channel(UNBOUND, remote_domid=remote_domid)
        return port

    def bind_interdomain(self, domain: Domain, remote: Domain, remote_port: int) -> int:
        """A new port, joined to an unbound one; it is pending at once. Errors: EINVAL, EPERM, ENOSPC."""
        port = self._free_port(domain)
        other = self._table(remote).ports.get(remote_port)
        if other is None or other.state != UNBOUND or other.remote_domid != domain.domid:
            refuse(EINVAL)
        check_silo(domain, domain, remote)
        own = self._table(domain).ports[port] = Channel(INTERDOMAIN)
        own.remote, own.remote_port = remote, remote_port
        other.state, other.remote, other.remote_port = INTERDOMAIN, domain, port
        self._set_pending(domain, port)
        return port

    def bind_virq(self, domain: Domain, virq: int, vcpu: int = 0) -> int:
        """A new port for a virtual interrupt. Errors: EINVAL, ENOENT, EEXIST, EBUSY, ENOSPC."""
        if not 0 <= virq < _NR_VIRQS:
            refuse(EINVAL)
        if virq not in _VCPU_VIRQS and vcpu:
            refuse(EINVAL)
        if not 0 <= vcpu < domain.vcpus:
            refuse(ENOENT)
        owned = virq in _VCPU_VIRQS or virq in _PER_DOMAIN_VIRQS or domain.privileged
        if not owned and self.machine.xen >= (4, 21):
            refuse(EBUSY)
        if self._virq_port(domain, virq, vcpu):
            refuse(EEXIST)
        port = self._free_port(domain)
        self._tables[domain].ports[port] = Channel(VIRQ, number=virq, vcpu=vcpu)
        return port

    def bind_ipi(self, domain: Domain, vcpu: int) -> int:
        """A new port for events from vCPU to vCPU. Errors: ENOENT, ENOSPC."""
        if not 0 <= vcpu < domain.vcpus:
            refuse(ENOENT)
        port = self._free_port(domain)
        self._tables[domain].ports[port] = Channel(IPI, vcpu=vcpu)
        return port

    def bind_pirq(self, domain: Domain, pirq: int) -> int:
        """A new port for a physical interrupt. Errors: EOPNOTSUPP, EINVAL, EPERM, EEXIST, ENOSPC."""
        if self.machine.arch == "arm64":
            refuse(EOPNOTSUPP)
        if pirq >= (1024 if domain.privileged else 56):
            refuse(EINVAL)
        if domain.kind == "pv" and not domain.privileged:
            refuse(EPERM)
        taken = self._table(domain).ports.values()
        if any(channel.state == PIRQ and channel.number == pirq for channel in taken):
            refuse(EEXIST)
        port = self._free_port(domain)
        if domain.kind == "pv":
            # No interrupt of the hardware is mapped for it here (pirq_guest_bind()).
            refuse(EINVAL)
        self._tables[domain].ports[port] = Channel(PIRQ, number=pirq)
        return port

    def close(self, domain: Domain, port: int, *, by_guest: bool = True) -> None:
        """Free a port; the other end waits to be bound again. Errors: EINVAL."""
        channel = self._table(domain).ports.get(port)
        if channel is None or (channel.consumer is not None and by_guest):
            refuse(EINVAL)
        del self._tables[domain].ports[port]
        if channel.remote is not None:
            other = self._table(channel.remote).ports[channel.remote_port]
            other.state, other.remote, other.remote_port = UNBOUND, None, 0
            other.remote_domid = domain.domid

    def send(self, domain: Domain, port: int) -> None:
        """Notify the other end. Errors: EINVAL, neither interdomain, IPI nor unbound."""
        channel = self._table(domain).ports.get(port)
        if channel is None or channel.consumer is not None:
            refuse(EINVAL)
        if channel.remote is not None:
            self._set_pending(channel.remote, channel.remote_port)
        elif channel.state == IPI:
            self._set_pending(domain, port)
        elif channel.state != UNBOUND:
            refuse(EINVAL)

    def raise_virq(self, domain: Domain, virq: int, vcpu: int = 0) -> None:
        """A virtual interrupt happens; nothing, if no port is bound to it."""
        with self.machine.traced("virq", domid=domain.domid, virq=virq):
            port = self._virq_port(domain, virq, vcpu)
            if port:
                self._set_pending(domain, port)

    def status(self, domain: Domain, port: int) -> Channel | None:
        """What a port is; None if it is closed. Errors: EINVAL, beyond the ports there are."""
        if not self.is_valid(domain, port):
            refuse(EINVAL)
        return self._tables[domain].ports.get(port)

    def is_valid(self, domain: Domain, port: int) -> bool:
        """Whether Xen has memory for this port."""
        return 0 <= port < self._table(domain).valid

    def bind_vcpu(self, domain: Domain, port: int, vcpu: int) -> None:
        """Choose whom a port notifies. Errors: ENOENT, EINVAL."""
        if not 0 <= vcpu < domain.vcpus:
            refuse(ENOENT)
        channel = self._table(domain).ports.get(port)
        if channel is None or channel.consumer is not None or channel.state == IPI:
            refuse(EINVAL)
        if channel.state == VIRQ and channel.number in _VCPU_VIRQS:
            refuse(EINVAL)
        channel.vcpu = vcpu

    def unmask(self, domain: Domain, port: int) -> None:
        """Deliver what waits. Errors: EINVAL, beyond the ports there are."""
        if not self.is_valid(domain, port):
            refuse(EINVAL)
        self.deliver(domain, port)

    def reset(self, caller: Domain, domain: Domain, *, resuming: bool = False) -> None:
        """Close every port of a domain but Xen's own. Errors: EINVAL, not paused; EBUSY."""
        if domain is not caller and (not domain.paused or domain.shut_down):
            refuse(EINVAL)
        if resuming:
            # Nothing is under way: resets of this Xen are never interrupted.
            refuse(EBUSY)
        table = self._table(domain)
        for port, channel in sorted(table.ports.items()):
            if channel.consumer is None:
                self.close(domain, port)
        table.fifo = False
        table.kernel.clear()

    # Xen's own ends

    def alloc_for_xen(
        self, domain: Domain, remote_domid: int, consumer: Callable[[], None], vcpu: int = 0
    ) -> int:
        """A port of `domain` whose events Xen takes (alloc_unbound_xen_event_channel())."""
        port = self.alloc_unbound(domain, remote_domid)
        channel = self._tables[domain].ports[port]
        channel.consumer, channel.vcpu = consumer, vcpu
        return port

    def notify_from_xen(self, domain: Domain, port: int) -> None:
        """Xen notifies who is at the other end of its own port; nothing, if nobody is."""
        channel = self._table(domain).ports.get(port)
        if channel is not None and channel.remote is not None:
            self._set_pending(channel.remote, channel.remote_port)

    def free_from_xen(self, domain: Domain, port: int) -> None:
        """Xen closes its own port."""
        if port in self._table(domain).ports:
            self.close(domain, port, by_guest=False)

    # What a domain's kernel does with its ports

    def nr_channels(self, domain: Domain) -> int:
        """xen_evtchn_nr_channels(): ports that the kernel has event words for, page by page."""
        highest = max(self._table(domain).ports, default=0)
        return (highest // 1024 + 1) * 1024

    def hold(self, domain: Domain, port: int) -> None:
        """evtchn_get(): keep an evtchn file's port from being closed.

        Errors: EINVAL, no such port, or the kernel's own; ENOENT, not bound.
        """
        if not 0 <= port < _FIFO_CHANNELS:
            refuse(EINVAL)
        table = self._table(domain)
        if port in table.kernel:
            refuse(EINVAL)
        held = table.held
        if port not in domain.event_users and port not in held:
            refuse(ENOENT)
        held[port] = held.get(port, 0) + 1

    def release(self, domain: Domain, port: int) -> None:
        """evtchn_put(): the last reference closes it."""
        held = self._table(domain).held
        if port not in held:
            raise SimulatorMisuse(f"port {port} of domain {domain.domid} is not held")
        held[port] -= 1
        if not held[port]:
            del held[port]
            if port not in domain.event_users and port in self._tables[domain].ports:
                self.close(domain, port)

    def is_kernels(self, domain: Domain, port: int) -> bool:
        """Whether the kernel uses this port itself."""
        return port in self._table(domain).kernel

    def is_held(self, domain: Domain, port: int) -> bool:
        """Whether something other than its binder needs this port."""
        return port in self._table(domain).held

    def deliver(self, domain: Domain, port: int) -> None:
        """Interrupt who has bound a port, if an event is pending."""
        channel = self._table(domain).ports.get(port)
        user = domain.event_users.get(port)
        if channel is not None and channel.pending and user is not None and user.takes(port):
            channel.pending = False
            user.interrupt(port)

    # Domains come and go

    def domain_created(self, domain: Domain) -> None:
        """Give a new domain what its kernel, or the toolstack, binds at start of day."""
        table = self._tables[domain] = _Table(fifo=not domain.paused)
        dom0 = self.machine.domains.get(0)
        if domain.domid == 0:
            if domain.kind != "arm":
                self.bind_virq(domain, _VIRQ_TIMER)
                for _ in range(5):
                    self.bind_ipi(domain, 0)
                self.bind_virq(domain, _VIRQ_PCPU_STATE)
            self.bind_virq(domain, _VIRQ_CONSOLE)
            # xenstored's end, and the kernel's.
            self.bind_interdomain(domain, domain, self.alloc_unbound(domain, 0))
            self.bind_virq(domain, _VIRQ_DOM_EXC)
            for channel in table.ports.values():
                channel.pending = False
            table.kernel.update(table.ports)
        elif dom0 is not None:
            # XenStore's port and the console's: 1 and 2, as HVM_PARAM_*_EVTCHN say.
            for _ in range(2):
                port = self.alloc_unbound(domain, 0)
                far = self.bind_interdomain(dom0, domain, port)
                self._tables[dom0].ports[far].pending = False
                self._tables[dom0].kernel.add(far)
                table.kernel.add(port)
                self._daemons.append((domain, far))

    def domain_died(self, domain: Domain) -> None:
        """evtchn_destroy(): every port is closed; the other ends wait to be bound again."""
        for port in sorted(self._table(domain).ports, reverse=True):
            self.close(domain, port, by_guest=False)
        domain.event_users.clear()
        dom0 = self.machine.domains.get(0)
        for guest, port in tuple(self._daemons):
            if guest is domain and dom0 is not None:
                self._daemons.remove((guest, port))
                self._tables[dom0].kernel.discard(port)
                self.close(dom0, port)

    # Inside

    def _table(self, domain: Domain) -> _Table:
        return self._tables[domain]

    def is_fifo(self, domain: Domain) -> bool:
        """Whether a domain's kernel uses the FIFO layout."""
        return self._table(domain).fifo

    def _free_port(self, domain: Domain) -> int:
        if domain.dying:
            refuse(EINVAL)
        table = self._table(domain)
        most = _FIFO_CHANNELS if table.fifo else _TWO_LEVEL_CHANNELS
        port = 1  # 0 is reserved
        while port in table.ports:
            port += 1
        if port > domain.max_event_port or port >= most:
            refuse(ENOSPC)
        if port >= table.valid:
            table.valid = (port // _PER_BUCKET + 1) * _PER_BUCKET
        return port

    def _virq_port(self, domain: Domain, virq: int, vcpu: int) -> int:
        for port, channel in self._table(domain).ports.items():
            here = virq not in _VCPU_VIRQS or channel.vcpu == vcpu
            if channel.state == VIRQ and channel.number == virq and here:
                return port
        return 0

    def _set_pending(self, domain: Domain, port: int) -> None:
        channel = self._table(domain).ports[port]
        if channel.consumer is not None:
            channel.consumer()
            return
        channel.pending = True
        self.deliver(domain, port)


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """event_channel_op(cmd, arg); cmd is 32 bits wide."""
    method = _METHODS.get(args[0] & 0xFFFF_FFFF)
    if method is None:
        refuse(ENOSYS)
    method(caller, args[1])
    return 0


def _alloc_unbound(caller: Caller, arg: int) -> None:
    domid, remote_domid, _ = struct.unpack("<HHI", caller.read(arg, 8))
    domain = caller.any_domain(domid)
    if remote_domid == DOMID_SELF:
        remote_domid = caller.domain.domid
    channels = caller.machine.event_channels
    port = channels.alloc_unbound(domain, remote_domid)
    try:
        check_silo(caller.domain, domain, caller.machine.find(remote_domid))
        caller.require_target(domain)
    except OSError:
        channels.close(domain, port)
        raise
    caller.write(arg + 4, struct.pack("<I", port))


def _bind_interdomain(caller: Caller, arg: int) -> None:
    domid, remote_port, _ = struct.unpack("<HxxII", caller.read(arg, 12))
    remote = caller.any_domain(domid)
    port = caller.machine.event_channels.bind_interdomain(caller.domain, remote, remote_port)
    caller.write(arg + 8, struct.pack("<I", port))


def _bind_virq(caller: Caller, arg: int) -> None:
    virq, vcpu, _ = struct.unpack("<iiI", caller.read(arg, 12))
    port = caller.machine.event_channels.bind_virq(caller.domain, virq, vcpu)
    caller.write(arg + 8, struct.pack("<I", port))


def _bind_pirq(caller: Caller, arg: int) -> None:
    pirq, _, _ = struct.unpack("<III", caller.read(arg, 12))
    port = caller.machine.event_channels.bind_pirq(caller.domain, pirq)
    caller.write(arg + 8, struct.pack("<I", port))


def _bind_ipi(caller: Caller, arg: int) -> None:
    vcpu, _ = struct.unpack("<II", caller.read(arg, 8))
    port = caller.machine.event_channels.bind_ipi(caller.domain, vcpu)
    caller.write(arg + 4, struct.pack("<I", port))


def _close(caller: Caller, arg: int) -> None:
    (port,) = struct.unpack("<I", caller.read(arg, 4))
    caller.machine.event_channels.close(caller.domain, port)


def _send(caller: Caller, arg: int) -> None:
    (port,) = struct.unpack("<I", caller.read(arg, 4))
    caller.machine.event_channels.send(caller.domain, port)


def _status(caller: Caller, arg: int) -> None:
    raw = bytearray(caller.read(arg, 24))
    domid, port = struct.unpack_from("<HxxI", raw)
    domain = caller.any_domain(domid)
    channel = caller.machine.event_channels.status(domain, port)
    caller.require_target(domain)
    if channel is None:
        struct.pack_into("<II", raw, 8, CLOSED, 0)
    else:
        struct.pack_into("<II", raw, 8, channel.state, channel.vcpu)
        if channel.state == UNBOUND:
            struct.pack_into("<H", raw, 16, channel.remote_domid)
        elif channel.remote is not None:
            struct.pack_into("<HxxI", raw, 16, channel.remote.domid, channel.remote_port)
        elif channel.state in (PIRQ, VIRQ):
            struct.pack_into("<I", raw, 16, channel.number)
    caller.write(arg, bytes(raw))


def _bind_vcpu(caller: Caller, arg: int) -> None:
    port, vcpu = struct.unpack("<II", caller.read(arg, 8))
    caller.machine.event_channels.bind_vcpu(caller.domain, port, vcpu)


def _unmask(caller: Caller, arg: int) -> None:
    (port,) = struct.unpack("<I", caller.read(arg, 4))
    caller.machine.event_channels.unmask(caller.domain, port)


def _reset(caller: Caller, arg: int, *, resuming: bool = False) -> None:
    (domid,) = struct.unpack("<H", caller.read(arg, 2))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    caller.machine.event_channels.reset(caller.domain, domain, resuming=resuming)


def _reset_cont(caller: Caller, arg: int) -> None:
    _reset(caller, arg, resuming=True)


def _init_control(caller: Caller, arg: int) -> None:
    _, offset, vcpu = struct.unpack("<QII8x", caller.read(arg, 24))
    if vcpu >= caller.domain.vcpus:
        refuse(ENOENT)
    # A control block has 72 bytes, lies in one page and is aligned.
    if offset > 4096 - 72 or offset % 8:
        refuse(EINVAL)
    if caller.machine.event_channels.is_fifo(caller.domain):
        refuse(EINVAL)  # every vCPU's is registered
    raise SimulatorGap("event_channel_op(init_control)")


def _expand_array(caller: Caller, arg: int) -> None:
    (gfn,) = struct.unpack("<Q", caller.read(arg, 8))
    if not caller.machine.event_channels.is_fifo(caller.domain):
        refuse(EOPNOTSUPP)
    if caller.domain.memory.slot(gfn) is None:
        refuse(EINVAL)
    raise SimulatorGap("event_channel_op(expand_array)")


def _set_priority(caller: Caller, arg: int) -> None:
    port, priority = struct.unpack("<II", caller.read(arg, 8))
    channels = caller.machine.event_channels
    channel = channels.status(caller.domain, port)
    if not channels.is_fifo(caller.domain):
        refuse(ENOSYS)
    if channel is None or channel.consumer is not None:
        refuse(EACCES)
    if priority > _PRIORITY_LOWEST:
        refuse(EINVAL)


_METHODS: dict[int, Callable[[Caller, int], None]] = {
    0: _bind_interdomain,
    1: _bind_virq,
    2: _bind_pirq,
    3: _close,
    4: _send,
    5: _status,
    6: _alloc_unbound,
    7: _bind_ipi,
    8: _bind_vcpu,
    9: _unmask,
    10: _reset,
    11: _init_control,
    12: _expand_array,
    13: _set_priority,
    14: _reset_cont,
}
