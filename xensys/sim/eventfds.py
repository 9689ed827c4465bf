"""IOCTL_PRIVCMD_IRQFD and IOCTL_PRIVCMD_IOEVENTFD, with the host's own eventfds.

Linux's driver learns at once that an eventfd has been signalled. This one has
no thread, and looks when somebody could see the difference: `Irqfds.pump()`.
An eventfd is known by the number that /proc gives its counter, which stays
when descriptors are duplicated and closed.
"""

from __future__ import annotations

import os
import struct
from errno import EBADF, EBUSY, EFAULT, EINVAL, ENODEV

from xensys.sim.errors import SimulatorMisuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from xensys.sim.ioreq import IoreqServer
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

_VCPUS = 4096
#: VIRTIO_MMIO_QUEUE_NOTIFY.
_QUEUE_NOTIFY = 0x50
_COPY, _READY, _RESP_READY = 1, 1, 3


def _refuse(errno: int) -> NoReturn:
    raise OSError(errno, os.strerror(errno))


def eventfd_id(fd: int) -> int:
    """The eventfd behind a descriptor; OSError: EBADF, or EINVAL for anything else."""
    try:
        with open(f"/proc/self/fdinfo/{fd}") as file:
            text = file.read()
    except FileNotFoundError:
        _refuse(EBADF)
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "eventfd-id":
            return int(value)
    _refuse(EINVAL)


def _descriptor_of(number: int, likely: int) -> int | None:
    """Some descriptor of an eventfd; None: they are all closed."""
    for fd in (likely, *map(int, os.listdir("/proc/self/fd"))):
        try:
            if eventfd_id(fd) == number:
                return fd
        except OSError:
            continue
    return None


class _Irqfd:
    __slots__ = ("domid", "fd", "kernel", "number", "op")

    def __init__(self, kernel: SimKernel, domid: int, fd: int, number: int, op: bytes) -> None:
        self.kernel = kernel
        self.domid = domid
        self.fd = fd
        self.number = number
        self.op = op


class Irqfds:
    """The irqfds of a machine; `machine.irqfds`.

    Attributes:
        failed: how many operations Xen refused; the kernel only logs that.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._all: list[_Irqfd] = []
        self.failed = 0

    def __len__(self) -> int:
        self.pump()
        return len(self._all)

    def assign(self, kernel: SimKernel, domid: int, fd: int, op: bytes) -> None:
        """OSError: EBADF, EINVAL, EBUSY."""
        number = eventfd_id(fd)
        self.pump()
        if any(irqfd.number == number and irqfd.kernel is kernel for irqfd in self._all):
            _refuse(EBUSY)
        self._all.append(_Irqfd(kernel, domid, fd, number, op))
        self.pump()

    def deassign(self, kernel: SimKernel, fd: int) -> None:
        """Nothing, if it is not assigned; OSError: EBADF, EINVAL."""
        number = eventfd_id(fd)
        self.pump()
        self._all = [irqfd for irqfd in self._all if irqfd.number != number or irqfd.kernel is not kernel]

    def pump(self) -> None:
        """Issue what has been signalled; forget whose descriptors are all closed."""
        from xensys.sim.xen.access import Caller

        for irqfd in tuple(self._all):
            fd = _descriptor_of(irqfd.number, irqfd.fd)
            if fd is None:
                self._all.remove(irqfd)
                continue
            irqfd.fd = fd
            if not _drain(fd):
                continue
            caller = Caller(irqfd.kernel, _Fixed(irqfd.op), "dm_op")
            try:
                self._machine.hypervisor.dm_op(caller, irqfd.domid, [(0, len(irqfd.op))])
            except OSError:
                self.failed += 1


class _Fixed:
    """A kernel's copy of an operation, at address 0; what Xen writes back nobody reads."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, address: int, length: int) -> bytes:
        return self._data[address : address + length]

    def write(self, address: int, data: bytes) -> None:
        return


def _drain(fd: int) -> bool:
    """eventfd_ctx_do_read(): whether it was signalled; not any more."""
    import select

    poller = select.poll()
    poller.register(fd, select.POLLIN)
    if not poller.poll(0):
        return False
    os.read(fd, 8)
    return True


class _Ioeventfd:
    __slots__ = ("address", "fd", "length", "number", "queue")

    def __init__(self, number: int, fd: int, address: int, length: int, queue: int) -> None:
        self.number = number
        self.fd = fd
        self.address = address
        self.length = length
        self.queue = queue


class _Page:
    """What the driver has of one ioreq page."""

    __slots__ = ("all", "domid", "kernel", "ports", "slot", "uioreq", "vcpus")

    def __init__(
        self, kernel: SimKernel, uioreq: int, domid: int, vcpus: int, slot: int, ports: list[int]
    ) -> None:
        self.kernel = kernel
        self.uioreq = uioreq
        self.domid = domid
        self.vcpus = vcpus
        self.slot = slot
        self.ports = ports
        self.all: list[_Ioeventfd] = []


class Ioeventfds:
    """The ioeventfds of a machine; `machine.ioeventfds`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._pages: list[_Page] = []

    def __len__(self) -> int:
        return sum(len(page.all) for page in self._pages)

    def assign(self, kernel: SimKernel, arg: bytes) -> None:
        """OSError: EINVAL, EBADF, EBUSY, EFAULT."""
        uioreq, ports, address, length, fd, vcpus, queue, _, domid = struct.unpack("<QQQIIIIIHxx", arg)
        if address + length >= 1 << 64 or length not in (1, 2, 4, 8) or not 0 < vcpus <= _VCPUS:
            _refuse(EINVAL)
        number = eventfd_id(fd)
        page = self._page(kernel, uioreq)
        if page is None:
            page = self._new_page(kernel, uioreq, ports, domid, vcpus)
        elif (page.domid, page.vcpus) != (domid, vcpus):
            _refuse(EINVAL)
        elif any(known.number == number for known in page.all):
            _refuse(EBUSY)
        page.all.append(_Ioeventfd(number, fd, address, length, queue))

    def deassign(self, kernel: SimKernel, arg: bytes) -> None:
        """OSError: ENODEV, EBADF, EINVAL."""
        uioreq, _, _, _, fd, vcpus, _, _, domid = struct.unpack("<QQQIIIIIHxx", arg)
        number = eventfd_id(fd)
        page = self._page(kernel, uioreq)
        known = None
        if page is not None and (page.domid, page.vcpus) == (domid, vcpus):
            known = next((one for one in page.all if one.number == number), None)
        if page is None or known is None:
            _refuse(ENODEV)
        page.all.remove(known)
        if not page.all:
            self._pages.remove(page)

    def take(self, server: IoreqServer, vcpu: int) -> bool:
        """ioeventfd_interrupt(): whether a request is one of ours, and answered."""
        raw = server.read_slot(vcpu)
        address, data, _, size = struct.unpack_from("<QQII", raw)
        if raw[30] & 0x2F != _READY or raw[31] != _COPY:
            return False
        for page in self._pages:
            if page.slot != server.page or page.domid != server.domain.domid or vcpu >= page.vcpus:
                continue
            for one in page.all:
                if (address, size, data & 0xFFFF) == (one.address + _QUEUE_NOTIFY, one.length, one.queue):
                    fd = _descriptor_of(one.number, one.fd)
                    if fd is not None:
                        os.write(fd, (1).to_bytes(8, "little"))
                    server.set_state(vcpu, _RESP_READY)
                    return True
        return False

    def _page(self, kernel: SimKernel, uioreq: int) -> _Page | None:
        return next((p for p in self._pages if p.kernel is kernel and p.uioreq == uioreq), None)

    def _new_page(self, kernel: SimKernel, uioreq: int, ports: int, domid: int, vcpus: int) -> _Page:
        """alloc_ioreq(), which trusts its caller: what would take the kernel down is said aloud."""
        machine = self._machine
        if not kernel.domain.translated:
            raise SimulatorMisuse("IOEVENTFD on a PV domain: the kernel follows no pointer to pages")
        vma = machine.vmas.containing(uioreq)
        if vma is None:
            if _mapped(machine, uioreq):
                raise SimulatorMisuse("IOEVENTFD with an address that is no resource's")
            _refuse(EFAULT)
        run = next((run for run in vma.runs if run.page == 0), None)
        if vma.kind != "privcmd" or run is None:
            raise SimulatorMisuse("IOEVENTFD with an address that is no resource's")
        if run.domain.domid != domid or not any(
            server.page == run.slot for server in run.domain.ioreq_servers.values()
        ):
            raise SimulatorMisuse("IOEVENTFD with a page that is no live ioreq server's")
        numbers = list(struct.unpack(f"<{vcpus}I", machine.user.read(ports, 4 * vcpus)))
        for number in numbers:
            # bind_evtchn_to_irqhandler_lateeoi() shares what the evtchn device has bound.
            if number not in kernel.domain.event_users:
                raise SimulatorMisuse(f"IOEVENTFD with port {number}, which this kernel has not bound")
        page = _Page(kernel, uioreq, domid, vcpus, run.slot, numbers)
        self._pages.append(page)
        return page


def _mapped(machine: Machine, address: int) -> bool:
    try:
        machine.user.read(address, 1)
    except OSError:
        return False
    return True
