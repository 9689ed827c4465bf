"""/dev/xen/xenbus_backend of dom0. Linux drivers/xen/xenbus/xenbus_dev_backend.c."""

from __future__ import annotations

import os
from errno import EEXIST, EINVAL, ENODEV, ENOTTY
from weakref import WeakKeyDictionary

from xensys.kernel.base import MAP_FIXED, MAP_PRIVATE, MAP_SHARED
from xensys.sim import osmem
from xensys.sim.drivers import Driver
from xensys.sim.errors import SimulatorMisuse
from xensys.sim.vmas import Vma

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.files import OpenFile
    from xensys.sim.kernel import SimKernel

EVTCHN, SETUP = 0x4200, 0x4201
_NAMES = {EVTCHN: "EVTCHN", SETUP: "SETUP"}


class XenbusBackendDriver(Driver):
    """The driver; there is one in dom0 only.

    A kernel without a XenStore socket is one whose xenstored is yet to come: SETUP works.
    Not modelled: the page is granted to nobody, and holds no messages.
    """

    name = "xenbus_backend"
    paths = ("/dev/xen/xenbus_backend",)
    ioctls = _NAMES

    def __init__(self) -> None:
        # What SETUP made, and the page, of each kernel.
        self._ports: WeakKeyDictionary[SimKernel, int] = WeakKeyDictionary()
        self._pages: WeakKeyDictionary[SimKernel, _Page] = WeakKeyDictionary()

    def present(self, kernel: SimKernel) -> bool:
        return kernel.domain.domid == 0

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        if request == EVTCHN:
            port = self._ports.get(kernel) or _first_port(kernel)
            if not port:
                _refuse(ENODEV)
            return port
        if request != SETUP:
            _refuse(ENOTTY)
        raise SimulatorMisuse("SETUP takes a number, and would have taken a pointer for one")

    def ioctl_number(self, kernel: SimKernel, file: OpenFile, request: int, arg: int) -> int:
        if request != SETUP:
            return super().ioctl_number(kernel, file, request, arg)
        if kernel.store_sockets:
            _refuse(EEXIST)
        channels = kernel.xen_machine.event_channels
        self._ports[kernel] = port = channels.alloc_unbound(kernel.domain, arg & 0xFFFF)
        return port

    def mmap(
        self,
        kernel: SimKernel,
        file: OpenFile,
        address: int,
        length: int,
        prot: int,
        flags: int,
        offset: int,
    ) -> Vma:
        if length > kernel.page_size or offset:
            _refuse(EINVAL)
        page = self._pages.get(kernel)
        if page is None:
            page = self._pages[kernel] = _Page(kernel.page_size)
        sort = flags & (MAP_FIXED | MAP_SHARED | MAP_PRIVATE)
        start = osmem.mmap(address, length, prot, sort, page.fd, 0)
        return Vma(start, start + length, prot, self.name, file, None)


class _Page:
    """The ring."""

    def __init__(self, size: int) -> None:
        self.fd = os.memfd_create("xensim:xenstore-ring", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, size)

    def __del__(self) -> None:
        os.close(self.fd)


def _first_port(kernel: SimKernel) -> int:
    """The kernel's end of the channel that dom0 has with itself."""
    channels = kernel.xen_machine.event_channels
    domain = kernel.domain
    for port in range(1, channels.nr_channels(domain)):
        channel = channels.status(domain, port)
        if channel is not None and channel.remote is domain and channels.is_kernels(domain, port):
            return port
    return 0


def _refuse(errno: int) -> NoReturn:
    raise OSError(errno, os.strerror(errno))
