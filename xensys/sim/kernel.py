"""A Linux kernel in a domain of the simulated machine, as far as xensys calls it."""

from __future__ import annotations

import ctypes
import mmap as _mmap
import os
import weakref
from errno import EACCES, EINVAL, ENODEV, ENOMEM, ENOTTY

from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_LOCKED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import Pin
from xensys.sim import files, osmem
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.evtchn import EvtchnDriver
from xensys.sim.faults import FaultPlan
from xensys.sim.gate import Gate
from xensys.sim.gntalloc import GntallocDriver
from xensys.sim.gntdev import GntdevDriver
from xensys.sim.hypercall import HypercallDriver
from xensys.sim.privcmd import PrivcmdDriver
from xensys.sim.streamcalls import StreamCalls
from xensys.sim.vmas import Reservation, Vma
from xensys.sim.xenbus import XenbusDriver
from xensys.sim.xenbus_backend import XenbusBackendDriver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xensys.kernel.base import IoctlArgument, WritableBuffer
    from xensys.sim.domain import Domain
    from xensys.sim.drivers import Driver
    from xensys.sim.files import OpenFile
    from xensys.sim.machine import Machine

_HOST_PAGE = os.sysconf("SC_PAGE_SIZE")
_MAP_POPULATE = 0x8000
STORE_SOCKETS = ("/run/xenstored/socket", "/var/run/xenstored/socket")

_DRIVERS: tuple[Driver, ...] = (
    PrivcmdDriver(),
    HypercallDriver(),
    XenbusDriver(),
    EvtchnDriver(),
    GntdevDriver(),
    GntallocDriver(),
    XenbusBackendDriver(),
)
_BY_NAME = {driver.name: driver for driver in _DRIVERS}
_BY_PATH = {path: driver for driver in _DRIVERS for path in driver.paths}
#: Nodes that `SimKernel` has arguments for; those of the other drivers are there.
_CHOSEN = frozenset((*PrivcmdDriver.paths, *HypercallDriver.paths, *XenbusDriver.paths))


class SimKernel(StreamCalls):
    """The simulated kernel of one domain.

    Made by `Machine` (as `machine.dom0`) and by `Domain.kernel()`.

    Attributes:
        xen_machine: the machine it runs on.
        domain: the domain it is the kernel of.
        faults: what is to go wrong, see `xensys.sim.faults`.
        linux: release, e.g. (6, 12). Decides which ioctls exist: DM_OP and
            RESTRICT from 4.11, MMAP_RESOURCE from 4.18, its size query from
            5.11, IRQFD from 6.6, IOEVENTFD from 6.7, PCIDEV_GET_GSI from 6.13.
        nodes: device nodes that exist. Discard one to have it as before its
            module is loaded.
        store_sockets: paths at which xenstored listens: in dom0, unless told otherwise.
        node_errors: path → errno for nodes that refuse to be opened.
        root: whether the caller may open nodes; else EACCES.
        files: path → content, for small files; these come before the generated ones.
        hypercall_page_limit: pages per open file of /dev/xen/hypercall; the
            driver's first version had 64 (EINVAL beyond), later ones None.
        splittable: whether privcmd mappings may be unmapped in part, as
            before 2026; else EINVAL.
        unrestricted, target: what XSA-482's fix makes of a privcmd file in a
            domU: pinned to `target`, or DOMID_IDLE if None, unless
            `unrestricted` (the parameter xen_privcmd.unrestricted=1, or an
            older kernel). The initial domain is always unrestricted.
        paged_is_enoent: hypothetical: a translated domain's kernel sees -ENOENT
            for a paged-out frame, from the whole hypercall. No released Xen
            does that (x86 p2m_add_foreign gives -EINVAL, arm has no paging); it
            is the one way into the driver's retry path, whose page index is wrong.
        unknown_ioctl: what privcmd answers to an ioctl it does not know.
    """

    simulated = True

    def __init__(
        self,
        machine: Machine,
        domain: Domain,
        *,
        linux: tuple[int, int] = (6, 12),
        hypercall_device: bool = True,
        privcmd_nodes: Iterable[str] = PrivcmdDriver.paths,
        xenbus_nodes: Iterable[str] = XenbusDriver.paths,
        store_sockets: Iterable[str] | None = None,
        node_errors: Mapping[str, int] | None = None,
        root: bool = True,
        files: Mapping[str, bytes] | None = None,
        hypercall_page_limit: int | None = None,
        page_size: int = 4096,
        splittable: bool = False,
        unrestricted: bool = False,
        target: int | None = None,
        paged_is_enoent: bool = False,
        unknown_ioctl: int = ENOTTY,
    ) -> None:
        if page_size not in (4096, 65536):
            raise SimulatorMisuse("page_size is 4096 or 65536")
        if page_size != 4096 and machine.arch != "arm64":
            raise SimulatorMisuse(f"no {machine.arch} kernel has pages of {page_size} bytes")
        if _HOST_PAGE != 4096:
            raise SimulatorGap(f"on a host with pages of {_HOST_PAGE} bytes")
        self.xen_machine = machine
        self.domain = domain
        self.machine = machine.arch
        self.page_size = page_size
        self.linux = linux
        self.nodes = set(privcmd_nodes) if machine.has_xen else set()
        self.store_sockets: set[str] = set()
        if machine.has_xen:
            self.nodes.update(xenbus_nodes)
            if hypercall_device:
                self.nodes.update(HypercallDriver.paths)
            for driver in _DRIVERS:
                if driver.present(self):
                    self.nodes.update(path for path in driver.paths if path not in _CHOSEN)
            if store_sockets is None:
                store_sockets = STORE_SOCKETS if domain.domid == 0 else ()
            self.store_sockets.update(store_sockets)
        self.node_errors = dict(node_errors or {})
        self.root = root
        self.files = dict(files or {})
        self.hypercall_page_limit = hypercall_page_limit
        self.splittable = splittable
        self.unrestricted = unrestricted
        self.target = target
        self.paged_is_enoent = paged_is_enoent
        self.unknown_ioctl = unknown_ioctl
        self.faults = FaultPlan()
        self._gates: dict[str, Gate] = {}

    # Devices

    def hold_open(self, path: str = PrivcmdDriver.paths[0]) -> Gate:
        """Make opens of `path` wait, as a domU's privcmd does until XenStore answers.

        Returns:
            what lets them go on; `gate.waiting` counts who waits.
        """
        gate = self._gates[path] = Gate()
        return gate

    def open(self, path: str, flags: int) -> int:
        with self.xen_machine.traced("open", path=path) as call:
            later = self.faults.before("open", path=path)
            driver = _BY_PATH.get(path)
            if driver is None:
                fd = self._open_other(path, flags)
            else:
                refusal = files.node_errno(self, path)
                if refusal:
                    raise OSError(refusal, os.strerror(refusal), path)
                gate = self._gates.get(path)
                if gate is not None:
                    with self.xen_machine.unlocked():
                        gate.pass_through()
                fd = driver.open(self, path, flags)
            call.result = fd
            self.faults.after(later)
            return fd

    def close(self, fd: int) -> None:
        with self.xen_machine.traced("close", fd=fd):
            later = self.faults.before("close", fd=fd)
            os.close(fd)
            self.xen_machine.pump()
            self.faults.after(later)

    def ioctl(self, fd: int, request: int, arg: IoctlArgument) -> int:
        result = ctypes.c_int(self._ioctl(fd, request, arg)).value
        if result < 0:
            # What libc and Python make of it: -1 would be an error with a stale errno.
            raise OSError(0, f"a result that does not fit a C int ({result}) is taken for an error")
        return result

    def ioctl_long(self, fd: int, request: int, arg: WritableBuffer) -> int:
        return ctypes.c_int64(self._ioctl(fd, request, arg)).value

    def _ioctl(self, fd: int, request: int, arg: IoctlArgument) -> int:
        machine = self.xen_machine
        with machine.traced("ioctl", fd=fd, request=f"{request:#x}") as call:
            file = machine.open_files.find(fd)
            call.details["device"] = file.device
            driver = _BY_NAME.get(file.device)
            if driver is None:  # a socket
                raise OSError(ENOTTY, os.strerror(ENOTTY))
            name = call.details["request"] = driver.ioctls.get(request, f"{request:#x}")
            later = self.faults.before("ioctl", request=(request, name), device=file.device)
            if isinstance(arg, int):
                result = driver.ioctl_number(self, file, request, arg)
            else:
                result = driver.ioctl(self, file, request, arg)
            call.result = result
            self.faults.after(later)
            return result

    # Memory

    def mmap(self, address: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        machine = self.xen_machine
        asked = {"address": address, "length": length, "prot": prot, "flags": flags, "fd": fd}
        with machine.traced("mmap", **asked) as call:
            anonymous = bool(flags & MAP_ANONYMOUS)
            file = None if anonymous else self._mappable(fd)
            device = None if file is None else file.device
            call.details["device"] = device
            fixed = bool(flags & MAP_FIXED)
            later = self.faults.before("mmap", device=device, length=length, fixed=fixed)
            if length <= 0 or (fixed and address % self.page_size) or offset % self.page_size:
                raise OSError(EINVAL, os.strerror(EINVAL))
            if fixed:
                self._refuse_split(address, self._round(length))
            if file is None:
                result = self._mmap_anonymous(address, length, prot, flags)
            else:
                result = self._mmap_device(file, address, self._round(length), prot, flags, offset)
            call.result = result
            self.faults.after(later)
            return result

    def munmap(self, address: int, length: int) -> None:
        with self.xen_machine.traced("munmap", address=address, length=length):
            later = self.faults.before("munmap", address=address, length=length)
            if address % self.page_size or length <= 0:
                raise OSError(EINVAL, os.strerror(EINVAL))
            self._refuse_split(address, self._round(length))
            osmem.munmap(address, self._round(length))
            self.xen_machine.vmas.cut(address, address + self._round(length))
            self.faults.after(later)

    def madvise(self, address: int, length: int, advice: int) -> None:
        with self.xen_machine.traced("madvise", address=address, length=length, advice=advice):
            later = self.faults.before("madvise", advice=advice, length=length)
            if address % self.page_size or length < 0:
                raise OSError(EINVAL, os.strerror(EINVAL))
            self._refuse_split(address, self._round(length))
            osmem.madvise(address, length, advice)
            self.faults.after(later)

    def reserve(self, length: int, *, writable: bool) -> _mmap.mmap:
        machine = self.xen_machine
        with machine.traced("reserve", length=length):
            later = self.faults.before("reserve", length=length)
            if length % self.page_size:
                raise SimulatorMisuse(f"reserve({length}): not a multiple of {self.page_size}")
            memory, start = self._aligned(length, writable)
            machine.vmas.reserve(Reservation(start, start + length, weakref.ref(memory, machine.noticed)))
            self.faults.after(later)
            return memory

    # The rest

    def read_file(self, path: str) -> bytes:
        with self.xen_machine.traced("read_file", path=path):
            return files.content(self, path)

    def access(self, path: str) -> int:
        with self.xen_machine.traced("access", path=path):
            if path in self.store_sockets or (path not in _BY_PATH and files.known(self, path)):
                return self.node_errors.get(path, 0 if self.root else EACCES)
            return files.node_errno(self, path)

    def monotonic(self) -> float:
        return self.xen_machine.clock.now()

    def sleep(self, seconds: float) -> None:
        with self.xen_machine.traced("sleep", seconds=seconds):
            later = self.faults.before("sleep", seconds=seconds)
        self.xen_machine.clock.sleep(seconds)
        self.faults.after(later)

    def __repr__(self) -> str:
        return f"<SimKernel of {self.domain!r}>"

    # Inside

    def round_up(self, length: int) -> int:
        """Bytes, rounded up to this kernel's pages."""
        return self._round(length)

    def _round(self, length: int) -> int:
        return -(-length // self.page_size) * self.page_size

    def _has_file(self, path: str) -> bool:
        return files.known(self, path)

    def _open_other(self, path: str, flags: int) -> int:
        if path == "/dev/null":
            return os.open(path, flags | os.O_CLOEXEC)
        if path.startswith(("/dev/xen/", "/proc/xen/")):
            refusal = files.node_errno(self, path)
            if refusal:
                raise OSError(refusal, os.strerror(refusal), path)
        raise SimulatorGap(f"open({path!r})")

    def _mmap_anonymous(self, address: int, length: int, prot: int, flags: int) -> int:
        locked = bool(flags & MAP_LOCKED)
        if locked:
            # The simulated caller is root: our own RLIMIT_MEMLOCK is not its.
            # Like mlock, populating writes to private writable pages.
            flags = flags & ~MAP_LOCKED | _MAP_POPULATE
        result = osmem.mmap(address, length, prot, flags, -1, 0)
        end = result + self._round(length)
        table = self.xen_machine.vmas
        table.cut(result, end)
        if locked:
            reservation = table.reservation_at(result, end)
            table.add(Vma(result, end, prot, "locked", None, reservation))
        return result

    def _mmap_device(
        self, file: OpenFile, address: int, length: int, prot: int, flags: int, offset: int
    ) -> int:
        driver = _BY_NAME.get(file.device)
        if driver is None:  # a socket
            raise OSError(ENODEV, os.strerror(ENODEV))
        if prot & PROT_WRITE and flags & MAP_SHARED and not file.writable:
            raise OSError(EACCES, os.strerror(EACCES))
        table = self.xen_machine.vmas
        try:
            vma = driver.mmap(self, file, address, length, prot, flags, offset)
        except OSError:
            if flags & MAP_FIXED:
                # What was there is unmapped before the driver is asked, and
                # stays so if it refuses (mmap_region() in Linux mm/vma.c).
                osmem.munmap(address, length)
                table.cut(address, address + length)
            raise
        vma.reservation = table.reservation_at(vma.start, vma.end)
        table.add(vma)
        return vma.start

    def _mappable(self, fd: int) -> OpenFile:
        try:
            return self.xen_machine.open_files.find(fd)
        except OSError as error:
            if error.errno != ENOTTY:
                raise
            raise SimulatorGap(f"mmap of descriptor {fd}, which is none of its own") from None

    def _refuse_split(self, start: int, length: int) -> None:
        if self.splittable:
            return
        end = start + length
        for vma in self.xen_machine.vmas.overlapping(start, end):
            if vma.kind == "privcmd" and (vma.start < start or end < vma.end):
                raise OSError(EINVAL, os.strerror(EINVAL))

    def _aligned(self, length: int, writable: bool) -> tuple[_mmap.mmap, int]:
        """An anonymous mapping that starts at one of this kernel's page borders."""
        prot = PROT_READ | PROT_WRITE if writable else PROT_READ
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        # Linux places a mapping right below the last one: one of the right size
        # in between moves the next. They are freed when this returns.
        spacers: list[_mmap.mmap] = []
        for _ in range(64):
            memory = _mmap.mmap(-1, length, flags=flags, prot=prot)
            with Pin(memory) as pin:
                start = pin.address
            if start % self.page_size == 0:
                return memory, start
            memory.close()
            spacers.append(_mmap.mmap(-1, start % self.page_size, flags=flags, prot=prot))
        raise OSError(ENOMEM, os.strerror(ENOMEM))
