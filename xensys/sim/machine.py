"""The simulated machine: one Xen, dom0, and guests."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager

from xensys._lifetime import before_others
from xensys.sim.clock import Clock, RealClock
from xensys.sim.domain import KINDS, Domain
from xensys.sim.errors import SimulatorMisuse
from xensys.sim.eventfds import Ioeventfds, Irqfds
from xensys.sim.files import FileTable
from xensys.sim.guestmemory import FRAME, GuestMemory
from xensys.sim.streams import StreamFile
from xensys.sim.usermemory import UserMemory
from xensys.sim.vmas import VmaTable
from xensys.sim.xen import Hypervisor
from xensys.sim.xen.argo import MODES as ARGO_MODES
from xensys.sim.xen.event_channel import EventChannels
from xensys.sim.xenbus import EarlyWrite, Xenbus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from xensys.sim.kernel import SimKernel
    from xensys.sim.store import Store

MIB = 1 << 20
_HANDLE = bytes.fromhex("5351000000004000800000000000")

_CAPABILITIES = {
    "x86_64": "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
    "arm64": "xen-3.0-aarch64 xen-3.0-armv7l ",
}


def _e820(memory: int) -> list[tuple[int, int, int]]:
    """(address, size, type) rows as dom0 gets them: RAM is 1, all that it may map else is 2.

    RAM up to 3 GiB, and what is more above 4 GiB.
    """
    low = min(memory, 3 << 30)
    rows = [(0, 0x9F000, 1), (0x9F000, 0x61000, 2), (MIB, low - MIB, 1), (low, (4 << 30) - low, 2)]
    if memory > low:
        rows.append((4 << 30, memory - low, 1))
    return rows


class Call:
    """One line of a trace.

    Attributes:
        kind: "open", "ioctl", "mmap", …, "hypercall".
        details: what was asked.
        result: what was returned; None if it failed.
        error: the errno, or 0.
    """

    __slots__ = ("details", "error", "kind", "result")

    def __init__(self, kind: str, details: dict[str, Any]) -> None:
        self.kind = kind
        self.details = details
        self.result: object = None
        self.error = 0

    def __repr__(self) -> str:
        what = ", ".join(f"{name}={value!r}" for name, value in self.details.items())
        outcome = f"errno {self.error}" if self.error else repr(self.result)
        return f"{self.kind}({what}) = {outcome}"


class Violation:
    """A hypercall argument outside the memory that Xen may safely touch (promise P1).

    Attributes:
        hypercall: e.g. "xen_version".
        address, length: bytes.
        write: whether Xen was to write there.
    """

    __slots__ = ("address", "hypercall", "length", "write")

    def __init__(self, hypercall: str, address: int, length: int, *, write: bool) -> None:
        self.hypercall = hypercall
        self.address = address
        self.length = length
        self.write = write

    def __repr__(self) -> str:
        verb = "writes" if self.write else "reads"
        return f"<Violation: {self.hypercall} {verb} {self.length} bytes at {self.address:#x}>"


class Machine:
    """A machine with Xen on it, in this process.

    Without arguments: Xen 4.20 and Linux 6.12 on x86_64, a PV dom0, and two PVH
    guests: domain 1, "demo", runs; domain 2, "paused", never started.

    Args:
        xen: release, e.g. (4, 17); None for a machine without Xen. Decides
            which sub-operations exist and how resources are sized.
        extraversion: what follows the release, e.g. ".4-pre".
        arch: "x86_64" or "arm64".
        dom0: "pv" or "pvh"; ignored on arm64, where every domain is translated.
        page_size: of dom0's Linux: 4096, or 65536 as on some arm64 kernels.
        guests: whether to create the two guests.
        machine_memory: bytes of RAM. Its number of pages is what
            XENMEM_maximum_ram_page answers.
        strict: record hypercall arguments that are not in hypercall-buffer
            memory, in `violations`.
        trace: record calls in `log`.
        real_time: use the host's clock instead of a virtual one.
        ioreq_server: whether Xen was built with CONFIG_IOREQ_SERVER; default:
            on x86_64, as in Debian's builds.
        silo: whether Xen's XSM policy is SILO, which keeps guests apart; default:
            on arm64, as in Debian's builds.
        argo: None: Xen was built without CONFIG_ARGO, as by Debian; "off": it was
            not booted with argo=1; "on"; "mac-permissive": any domain may send to a ring.
        vpmu: whether Xen was booted with vpmu=1.
        altp2m: whether Xen was booted with altp2m=1, on a processor that can (x86_64).
            What a domain may do with it its HVM_PARAM_ALTP2M says (`hvm_params[35]`).
        via_proc: read and write the caller's memory through /proc/self/mem.
        linux, hypercall_device, privcmd_nodes, xenbus_nodes, store_sockets,
            node_errors, root, files, hypercall_page_limit, splittable,
            paged_is_enoent, unknown_ioctl: of dom0's kernel, see `SimKernel`.

    Attributes:
        dom0: dom0's kernel: `xensys.open(kernel=machine.dom0)`.
        domains: domid → Domain, the living ones.
        violations: see `strict`.
        log: see `trace`.
        store: the simulated xenstored, see `xensys.sim.store`.
        clock: `clock.advance(seconds)` moves the virtual time.
        console: bytes that were written to Xen's console; `console_input`: typed there.
        cpus: how many the machine has.

    Example:
        >>> from xensys.sim import Machine
        >>> machine = Machine()
        >>> guest = machine.domains[1]
        >>> guest.memory.read(0x1000, 5)
        b'Hello'
    """

    def __init__(
        self,
        *,
        xen: tuple[int, int] | None = (4, 20),
        extraversion: str = ".0-sim",
        arch: str = "x86_64",
        dom0: str = "pv",
        page_size: int = 4096,
        guests: bool = True,
        machine_memory: int = 16 << 30,
        strict: bool = True,
        trace: bool = False,
        real_time: bool = False,
        ioreq_server: bool | None = None,
        silo: bool | None = None,
        altp2m: bool = False,
        argo: str | None = None,
        vpmu: bool = False,
        via_proc: bool = False,
        **kernel: Any,
    ) -> None:
        if arch not in _CAPABILITIES:
            raise SimulatorMisuse(f"arch={arch!r}: there are {', '.join(_CAPABILITIES)}")
        if dom0 not in ("pv", "pvh"):
            raise SimulatorMisuse(f'dom0={dom0!r}: there are "pv" and "pvh"')
        self.has_xen = xen is not None
        self.xen: tuple[int, int] = (0, 0) if xen is None else xen
        self.extraversion = extraversion
        self.arch = arch
        self.machine_pages = machine_memory // FRAME
        self.strict = strict
        self.trace = trace
        self.ioreq_server = arch == "x86_64" if ioreq_server is None else ioreq_server
        self.silo = arch == "arm64" if silo is None else silo
        if argo is not None and argo not in ARGO_MODES:
            raise SimulatorMisuse(f"argo={argo!r}: there are None, {', '.join(ARGO_MODES)}")
        self.argo = argo
        self.vpmu = vpmu
        self.cpus = 2
        self.console = bytearray()
        self.console_input = bytearray()
        self.altp2m = altp2m and arch == "x86_64"
        self.capabilities = _CAPABILITIES[arch]
        self.changeset = "Thu Mar 6 12:00:00 2025 +0000 git:0123456789-dirty"
        self.compiler = "gcc (Simulated 14.2.0-19) 14.2.0"
        self.compile_by = "xensys"
        self.compile_domain = "simulator.invalid"
        self.compile_date = "Thu Mar  6 12:00:00 UTC 2025"
        self.commandline = "placeholder dom0_mem=1024M console=vga"
        self.build_id = bytes.fromhex("5351a7e0c0ffee00112233445566778899aabbcc")
        self.e820 = _e820(machine_memory)
        self.domains: dict[int, Domain] = {}
        self.violations: list[Violation | EarlyWrite] = []
        self.log: list[Call] = []
        self.clock = RealClock() if real_time else Clock()
        self.user = UserMemory(via_proc=via_proc)
        self.open_files = FileTable()
        self.vmas = VmaTable()
        self.hypervisor = Hypervisor(self)
        self.event_channels = EventChannels(self)
        self.irqfds = Irqfds(self)
        self.ioeventfds = Ioeventfds(self)
        #: Whether kernels have CONFIG_XEN_PRIVCMD_EVENTFD: irqfds and ioeventfds. Debian's have not.
        self.privcmd_eventfd = False
        #: What pciback holds: segment, bus, device and function in one → GSI, or None for no
        #: legacy interrupt. None: it is not loaded, or (arm) there is no CONFIG_XEN_ACPI.
        self.pci_gsis: dict[int, int | None] | None = None
        self._dead: list[Domain] = []
        self._store: Store | None = None
        self._xenbus: dict[int, Xenbus] = {}
        self._next_domid = 0
        self._lock = threading.RLock()
        #: Calls that the thread with the lock is inside of, and whether a mapping ended meanwhile.
        self._depth = 0
        self._unnoticed = False
        # An empty file: what is mapped from it is SIGBUS to touch, like a page
        # of privcmd's that has no frame.
        self.sigbus_fd = os.memfd_create("xensim:sigbus", os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self.sigbus_fd).atexit = False
        _machines.add(self)

        kind = "arm" if arch == "arm64" else dom0
        first = self.add_domain(kind=kind, memory=8 * MIB, name="Domain-0")
        self.dom0: SimKernel = first.kernel(page_size=page_size, **kernel)
        if guests and self.has_xen:
            self._add_guests()

    def add_domain(
        self,
        *,
        kind: str | None = None,
        memory: int = 16 * MIB,
        name: str = "",
        maximum: int | None = None,
        domid: int | None = None,
        paused: bool = False,
        grant_frames: int = 64,
        grant_version: int = 1,
        vcpus: int = 1,
        vmtrace_frames: int = 0,
    ) -> Domain:
        """Create a domain.

        Args:
            kind: "pv", "pvh", "hvm" (x86_64) or "arm"; the default is a guest
                of the machine's architecture, PVH or arm.
            memory: bytes, populated from frame 0 (arm: 0x40000; PV, whose
                frames are machine frames: from domid * 0x100000 on).
            maximum: bytes it may own at most; default: `memory` and 1 MiB.
            domid: default: the next free one.
            paused: never started.
            grant_frames: at most (max_grant_frames).
            grant_version: 1 or 2.
            vmtrace_frames: size of each vCPU's vmtrace buffer; 0: it has none.
        """
        if kind is None:
            kind = "arm" if self.arch == "arm64" else "pvh"
        if kind not in KINDS or (kind == "arm") != (self.arch == "arm64"):
            raise SimulatorMisuse(f"kind={kind!r} on {self.arch}")
        if memory % FRAME:
            raise SimulatorMisuse(f"memory={memory} is not a multiple of {FRAME}")
        with self._lock:
            if domid is None:
                domid = self._next_domid
            if not 0 <= domid < 0x7FF0 or domid in self.domains:
                raise SimulatorMisuse(f"domid={domid}")
            self._next_domid = max(self._next_domid, domid + 1)
            domain = Domain(
                self,
                domid=domid,
                kind=kind,
                name=name or f"domain-{domid}",
                memory=GuestMemory(f"domain-{domid}", (maximum or memory + MIB) // FRAME),
                paused=paused,
                grant_frames=grant_frames,
                grant_version=grant_version,
                vcpus=vcpus,
                vmtrace_frames=vmtrace_frames,
                handle=bytes(16) if domid == 0 else _HANDLE + domid.to_bytes(2, "big"),
            )
            if memory:
                domain.memory.populate(domain.first_gfn, memory // FRAME)
            self.domains[domid] = domain
            self.event_channels.domain_created(domain)
            self._xenbus.pop(domid, None)
            if self._store is not None:
                self._store.domain_created(domid)
            return domain

    @property
    def store(self) -> Store:
        """The simulated xenstored; see `xensys.sim.store`."""
        with self._lock:
            if self._store is None:
                if not self.has_xen:
                    raise SimulatorMisuse("a machine without Xen has no XenStore")
                # Only those who use it pay for its tree.
                from xensys.sim.store import Store

                self._store = Store(self)
            return self._store

    def xenbus(self, domid: int) -> Xenbus:
        """A domain's kernel's connection to the store."""
        bus = self._xenbus.get(domid)
        if bus is None:
            bus = self._xenbus[domid] = Xenbus(self, domid)
        return bus

    def zombies(self) -> list[Domain]:
        """Destroyed domains that stay because others still map their frames."""
        with self._lock:
            self._reap()
            return list(self._dead)

    def find(self, domid: int) -> Domain | None:
        """The domain as Xen finds it by its number: living, or a zombie."""
        living = self.domains.get(domid)
        if living is not None:
            return living
        self._reap()
        return next((domain for domain in self._dead if domain.domid == domid), None)

    def mapped_frames(self, domain: Domain) -> int:
        """How many of a domain's frames other domains have mapped, counted per mapping."""
        with self._lock:
            return sum(run.count for vma in self.vmas.live() for run in vma.runs if run.domain is domain)

    def features_of(self, domain: Domain) -> int:
        """The XENFEAT bits that a domain is told."""
        return self.hypervisor.features(domain)

    # For the other parts of the simulator

    def bury(self, domain: Domain, *, tidy: bool = True) -> None:
        """Take a destroyed domain out of the living."""
        with self._lock:
            if self.domains.get(domain.domid) is domain:
                del self.domains[domain.domid]
                self._dead.append(domain)
                self.event_channels.domain_died(domain)
                # What its own processes had mapped went with them.
                for vma in self.vmas.live():
                    if vma.watch is not None and getattr(vma.file, "owner", None) is domain:
                        vma.runs = []
                domain.grants.release_all()
                if self._store is not None:
                    self._store.domain_died(domain.domid, domain.uuid, tidy=tidy)
                self._reap()

    def shut_down(self, domain: Domain) -> None:
        """Tell the store that a domain has shut down."""
        if self._store is not None:
            self._store.domain_shut_down(domain.domid)

    def slot_in_use(self, domain: Domain, slot: int) -> bool:
        """Whether somebody maps this page."""
        return any(
            run.domain is domain and run.slot <= slot < run.slot + run.count
            for vma in self.vmas.live()
            for run in vma.runs
        )

    @contextmanager
    def traced(self, kind: str, **details: object) -> Iterator[Call]:
        """Hold the machine still for a call, and write it down if asked to."""
        call = Call(kind, details)
        try:
            with self._lock:
                self._depth += 1
                try:
                    if self._depth == 1:
                        self.vmas.sweep()
                    if self.trace:
                        self.log.append(call)
                    yield call
                except OSError as error:
                    call.error = error.errno or 0
                    raise
                finally:
                    self._depth -= 1
        finally:
            if self._unnoticed:
                self._notice()

    def noticed(self, _: object = None) -> None:
        """A mapping may be gone; called by finalizers, so at any point of any thread."""
        self._unnoticed = True
        self._notice()

    def _notice(self) -> None:
        # Never waits: whoever holds the lock now looks when letting go of it.
        while self._unnoticed and self._lock.acquire(blocking=False):
            try:
                if self._depth:
                    return
                self._unnoticed = False
                self._depth += 1
                try:
                    self.vmas.sweep()
                finally:
                    self._depth -= 1
            finally:
                self._lock.release()

    def pump(self) -> None:
        """Give clients of the store what waited for room, and find those that are gone."""
        for file in self.open_files.known():
            if isinstance(file, StreamFile) and not file.forked and not file.stream.check():
                file.pump()

    def after_fork(self) -> None:
        """In a forked child: a lock's owner may be no more, and the store's clients are the parent's."""
        self._lock = threading.RLock()
        self._depth = 0
        self.vmas.forget_watches()
        self.clock.after_fork()
        for file in self.open_files.known():
            if isinstance(file, StreamFile):
                file.forked = True
                file.stream.close()
        for bus in self._xenbus.values():
            bus.after_fork()
        if self._store is not None:
            self._store.after_fork()

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Let other calls run while this one waits."""
        depth, self._depth = self._depth, 0
        self._lock.release()
        try:
            if self._unnoticed:
                self._notice()
            yield
        finally:
            self._lock.acquire()
            self._depth = depth

    def _reap(self) -> None:
        for domain in tuple(self._dead):
            if not self.mapped_frames(domain):
                self._dead.remove(domain)
                domain.memory.close()

    def _add_guests(self) -> None:
        demo = self.add_domain(name="demo", memory=16 * MIB)
        start = demo.first_gfn * FRAME
        demo.memory.write(start + 0x1000, b"Hello from a simulated guest.\0")
        for page in range(2, 64):
            demo.memory.write(start + page * FRAME, f"frame {page:#x} of demo\0".encode())
        self.add_domain(name="paused", memory=4 * MIB, paused=True)

    def __repr__(self) -> str:
        what = f"Xen {self.xen[0]}.{self.xen[1]}" if self.has_xen else "no Xen"
        return f"<Machine {self.arch}, {what}, {len(self.domains)} domains>"


_machines: weakref.WeakSet[Machine] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for machine in list(_machines):
        machine.after_fork()


# What ends in the child calls the simulated kernel, whichever of us was imported first.
before_others(_after_fork_in_child)
