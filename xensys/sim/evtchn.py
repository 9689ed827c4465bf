"""/dev/xen/evtchn: its ioctls, read, write and poll, with every check in the driver's order.

Rules come from Linux drivers/xen/evtchn.c and drivers/xen/events/events_base.c.

One difference shows to who polls the descriptor itself: after an overflow it
can be read and written, where Linux says POLLERR and nothing else.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from errno import EACCES, EAGAIN, EFBIG, EINVAL, EISCONN, ENOMEM, ENOSYS, ENOTCONN

from xensys.kernel.linux import poll
from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.files import DOMID_INVALID
from xensys.sim.streams import Stream, StreamFile
from xensys.sim.xen.access import DOMID_SELF, Caller, KernelMemory, check_silo, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.files import OpenFile
    from xensys.sim.kernel import SimKernel

BIND_VIRQ = 0x0004_4500
BIND_INTERDOMAIN = 0x0008_4501
BIND_UNBOUND_PORT = 0x0004_4502
UNBIND = 0x0004_4503
NOTIFY = 0x0004_4504
RESET = 0x0000_4505
RESTRICT_DOMID = 0x0002_4506
BIND_STATIC = 0x0004_4507

NAMES = {
    BIND_VIRQ: "BIND_VIRQ",
    BIND_INTERDOMAIN: "BIND_INTERDOMAIN",
    BIND_UNBOUND_PORT: "BIND_UNBOUND_PORT",
    UNBIND: "UNBIND",
    NOTIFY: "NOTIFY",
    RESET: "RESET",
    RESTRICT_DOMID: "RESTRICT_DOMID",
    BIND_STATIC: "BIND_STATIC",
}
_STATIC_SINCE = (6, 7)
_DOMID_FIRST_RESERVED = 0x7FF0
_MOST_CHANNELS = 1 << 17
_FIRST_RING = 64


class _Bound:
    """A port of a file: whether it is unmasked, and whether it outlives the file."""

    __slots__ = ("enabled", "static")

    def __init__(self, *, static: bool) -> None:
        self.enabled = True
        self.static = static


class EventFile(StreamFile):
    """One open file of the device.

    Attributes:
        kernel: whose file it is.
        ring: ports that wait to be read.
        ring_size: how many there is room for.
        overflow: whether one too many came.
    """

    def __init__(self, kernel: SimKernel, path: str, flags: int) -> None:
        # The kernel's end holds one byte as long as there is something to read.
        super().__init__("evtchn", path, flags, Stream(duplex=True))
        self.kernel = kernel
        self.ring: deque[int] = deque()
        self.ring_size = 0
        self.overflow = False
        self._ports: dict[int, _Bound] = {}
        self._signalled = False
        self.stream.on_close = self._release

    # Events

    def takes(self, port: int) -> bool:
        """Whether the port is unmasked."""
        return self._ports[port].enabled

    def interrupt(self, port: int) -> None:
        """evtchn_interrupt(): the port is masked, and waits to be read."""
        self._ports[port].enabled = False
        if len(self.ring) < self.ring_size:
            self.ring.append(port)
        else:
            self.overflow = True
        self._signal()

    def read(self, fd: int, length: int) -> bytes:
        """evtchn_read()."""
        count = min(length, self.kernel.page_size) // 4
        if not count:
            return b""
        while True:
            if self.overflow:
                refuse(EFBIG)
            if self.ring:
                break
            if not os.get_blocking(fd):
                refuse(EAGAIN)
            with self.kernel.xen_machine.unlocked():
                poll((fd,), (), None)
        ports = [self.ring.popleft() for _ in range(min(count, len(self.ring)))]
        self._signal(fd)
        return struct.pack(f"={len(ports)}I", *ports)

    def write(self, data: bytes, fd: int) -> int:
        """evtchn_write(): unmask ports; those that are not this file's, or not masked, are passed over."""
        count = min(len(data), self.kernel.page_size) // 4
        for port in struct.unpack_from(f"={count}I", data):
            bound = self._ports.get(port)
            if bound is not None and not bound.enabled:
                bound.enabled = True
                self.kernel.xen_machine.event_channels.deliver(self.kernel.domain, port)
        return 4 * count

    def pump(self) -> None:
        """There is nothing to hand over: `read` does."""

    # Ports

    def has(self, port: int) -> bool:
        """Whether a port is bound to this file."""
        return port in self._ports

    def bind(self, port: int, *, static: bool = False) -> int:
        """evtchn_bind_to_user(); returns the port."""
        if port in self.kernel.domain.event_users:
            raise SimulatorMisuse(f"port {port} was closed in Xen, unbeknown to Linux that has it bound")
        self._ports[port] = _Bound(static=static)
        if len(self._ports) > self.ring_size:
            # Doubled once, and that is enough: ports come one at a time.
            self.ring_size = 2 * self.ring_size or _FIRST_RING
        kernel = self.kernel
        kernel.domain.event_users[port] = self
        kernel.xen_machine.event_channels.deliver(kernel.domain, port)
        return port

    def unbind(self, port: int) -> None:
        """evtchn_unbind_from_user(). What the port left in the ring stays there."""
        bound = self._ports.pop(port)
        kernel = self.kernel
        if kernel.domain.event_users.get(port) is self:
            del kernel.domain.event_users[port]
        channels = kernel.xen_machine.event_channels
        if bound.static or channels.is_held(kernel.domain, port):
            return
        if not kernel.domain.dying and channels.status(kernel.domain, port) is not None:
            channels.close(kernel.domain, port)

    def reset(self) -> None:
        """Empty the ring; ports stay masked or not as they are."""
        self.ring.clear()
        self.overflow = False
        self._signal()

    def _release(self) -> None:
        for port in sorted(self._ports):
            self.unbind(port)

    def _signal(self, fd: int | None = None) -> None:
        """Make the descriptor readable, or not; `fd` is one, if it is known."""
        wanted = bool(self.ring) or self.overflow
        if wanted and not self._signalled:
            self.stream.put(b"!")
        elif self._signalled and not wanted:
            self.stream.take_back(fd)
        self._signalled = wanted


class EvtchnDriver(Driver):
    """drivers/xen/evtchn.c."""

    name = "evtchn"
    paths = ("/dev/xen/evtchn",)
    ioctls = NAMES

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        file = EventFile(kernel, path, flags)
        kernel.xen_machine.open_files.add(file.stream.fd, file)
        return file.stream.fd

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        assert isinstance(file, EventFile)
        if file.forked:
            raise SimulatorGap("evtchn of a parent process used in its forked child")
        method = _METHODS.get(request)
        if method is None or (request == BIND_STATIC and kernel.linux < _STATIC_SINCE):
            refuse(ENOSYS)
        self.check_argument(request, arg)
        layout, function, only_unrestricted = method
        if only_unrestricted and file.restricted != DOMID_INVALID:
            refuse(EACCES)
        return function(kernel, file, struct.unpack_from(layout, arg))


def _bind_virq(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    # Always vCPU 0's.
    return file.bind(kernel.xen_machine.event_channels.bind_virq(kernel.domain, values[0], 0))


def _bind_interdomain(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    remote_domid, remote_port = values
    if file.restricted not in (DOMID_INVALID, remote_domid):
        refuse(EACCES)
    caller = Caller(kernel, KernelMemory(kernel), "event_channel_op")
    remote = caller.any_domain(remote_domid & 0xFFFF)
    channels = kernel.xen_machine.event_channels
    return file.bind(channels.bind_interdomain(kernel.domain, remote, remote_port))


def _bind_unbound_port(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    remote_domid = values[0] & 0xFFFF
    if remote_domid == DOMID_SELF:
        remote_domid = kernel.domain.domid
    machine = kernel.xen_machine
    check_silo(kernel.domain, kernel.domain, machine.find(remote_domid))
    return file.bind(machine.event_channels.alloc_unbound(kernel.domain, remote_domid))


def _bind_static(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    port = values[0]
    if file.has(port):
        refuse(EISCONN)
    if port >= _MOST_CHANNELS:
        refuse(ENOMEM)
    if port in kernel.domain.event_users:
        # Linux lets both have it, and then counts one reference where there are two.
        raise SimulatorMisuse(f"BIND_STATIC of port {port}, which another file has: Linux breaks both")
    channels = kernel.xen_machine.event_channels
    if channels.is_kernels(kernel.domain, port):
        raise SimulatorMisuse(f"BIND_STATIC of port {port}, which the kernel itself uses")
    file.bind(port, static=True)
    return 0  # and not the port, as the others do


def _unbind(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    port = values[0]
    if port >= kernel.xen_machine.event_channels.nr_channels(kernel.domain):
        refuse(EINVAL)
    if not file.has(port):
        refuse(ENOTCONN)
    file.unbind(port)
    return 0


def _notify(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    port = values[0]
    if not file.has(port):
        refuse(ENOTCONN)
    try:
        kernel.xen_machine.event_channels.send(kernel.domain, port)
    except OSError:
        # The driver does not look at what Xen said.
        return 0
    return 0


def _reset(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    file.reset()
    return 0


def _restrict_domid(kernel: SimKernel, file: EventFile, values: Sequence[int]) -> int:
    domid = values[0]
    if domid == 0 or domid >= _DOMID_FIRST_RESERVED:
        refuse(EINVAL)
    file.restricted = domid
    return 0


if TYPE_CHECKING:
    _Method = Callable[[SimKernel, EventFile, Sequence[int]], int]

#: The argument, what is done, and whether a restricted file may.
_METHODS: dict[int, tuple[str, _Method, bool]] = {
    BIND_VIRQ: ("=I", _bind_virq, True),
    BIND_INTERDOMAIN: ("=II", _bind_interdomain, False),
    BIND_UNBOUND_PORT: ("=I", _bind_unbound_port, True),
    UNBIND: ("=I", _unbind, False),
    NOTIFY: ("=I", _notify, False),
    RESET: ("=", _reset, False),
    RESTRICT_DOMID: ("=H", _restrict_domid, True),
    # Nobody looks whether the file is restricted.
    BIND_STATIC: ("=I", _bind_static, False),
}
