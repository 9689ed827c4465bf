"""The object that ties it together.

Start at `open()`. A `Xen` opens each device when it is first needed, so a
program that never makes a hypercall never opens privcmd.
"""

from __future__ import annotations

from _thread import RLock
from errno import EINVAL, ENOENT
from importlib import import_module

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.errors import ForkedError, NotSupportedError, NoXenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from xensys._restrict import Restriction
    from xensys.devices.hypercall import HypercallMemory
    from xensys.devices.privcmd import Privcmd
    from xensys.domains import Domains
    from xensys.events import Events
    from xensys.hypercalls._call import Caller, Word
    from xensys.hypercalls.argo_op import ArgoOp
    from xensys.hypercalls.console_io import ConsoleIo
    from xensys.hypercalls.dm_op import DmOp
    from xensys.hypercalls.domctl import Domctl
    from xensys.hypercalls.event_channel_op import EventChannelOp
    from xensys.hypercalls.grant_table_op import GrantTableOp
    from xensys.hypercalls.hvm_op import HvmOp
    from xensys.hypercalls.hypfs import Hypfs
    from xensys.hypercalls.hypfs_op import HypfsOp
    from xensys.hypercalls.kexec_op import KexecOp
    from xensys.hypercalls.memory_op import MemoryOp
    from xensys.hypercalls.multicall import Multicall
    from xensys.hypercalls.physdev_op import PhysdevOp
    from xensys.hypercalls.sched_op import SchedOp
    from xensys.hypercalls.vcpu_op import VcpuOp
    from xensys.hypercalls.xen_version import Version, XenVersion
    from xensys.hypercalls.xenpmu_op import XenpmuOp
    from xensys.ioreq import DeviceModel
    from xensys.kernel import Kernel
    from xensys.memory.buffers import BufferPool
    from xensys.memory.foreign import ForeignMemory
    from xensys.memory.grant import Grants
    from xensys.memory.living import Maps
    from xensys.memory.resource import Resources
    from xensys.store import Store

# Any of these makes an open() worth it; each is opened when it is needed.
_TRACES_OF_XEN = (
    "/dev/xen/privcmd",
    "/proc/xen/privcmd",
    "/dev/xen/xenbus",
    "/proc/xen/xenbus",
    "/dev/xen/evtchn",
    "/dev/xen/gntdev",
)


def open(kernel: Kernel | None = None, *, timeout: float | None = None) -> Xen:
    """Xen, as seen from this domain.

    Devices are opened on first use. Without a `kernel` this is the machine we
    run on, and never a simulated one; but for XENSYS_KERNEL=sim in the
    environment, which warns.

    Args:
        kernel: another kernel, e.g. `xensys.sim.Machine().dom0`.
        timeout: seconds that opening a device may take; None waits. In a domU
            privcmd opens only once XenStore answers.
    Raises:
        NoXenError: there is no trace of Xen here.
    """
    if kernel is None:
        from xensys.kernel import chosen

        kernel = chosen()
    if all(kernel.access(path) == ENOENT for path in _TRACES_OF_XEN):
        raise NoXenError(
            ENOENT,
            call="open(/dev/xen/privcmd)",
            hint="this is no Xen domain, or its modules (xen-privcmd, …) are not loaded; "
            "`python3 -m xensys doctor` tells more, `xensys.sim` simulates a machine",
        )
    return Xen(kernel, timeout=timeout)


class Xen(OneOfAKind):
    """Xen, as seen from this domain. Thread-safe; a context manager.

    Attributes:
        kernel: the operating system it is reached through.
    """

    __slots__ = (
        "__weakref__", "_lock", "_parts", "_privcmd", "_restriction", "_state", "_timeout", "kernel",
    )  # fmt: skip

    def __init__(
        self, kernel: Kernel, *, timeout: float | None = None, privcmd: Privcmd | None = None
    ) -> None:
        """Nothing is opened yet; usually made by `xensys.open()`.

        Args:
            kernel: the operating system to go through.
            timeout: seconds that opening a device may take; None waits.
            privcmd: a handle to use instead of opening one; closed with this object.
        """
        self.kernel = kernel
        self._timeout = timeout
        self._privcmd = privcmd
        self._parts: dict[str, Any] = {}
        self._restriction: Restriction | None = None
        self._state = "open"
        self._lock = RLock()
        watch_fork(self)

    @property
    def simulated(self) -> bool:
        """Whether this is a simulated machine."""
        return self.kernel.simulated

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._state == "closed"

    @property
    def privcmd(self) -> Privcmd:
        """The privcmd handle; opened now if it was not yet."""
        handle = self._privcmd
        if handle is None:
            from xensys.devices.privcmd import Privcmd

            self._check_open()
            # Not under the lock: this may wait for XenStore, and close() must not.
            opened = Privcmd.open(self.kernel, timeout=self._timeout)
            try:
                with self._lock:
                    if self._state == "open" and self._privcmd is None:
                        if self._restriction is not None:
                            opened.restrict(self._restriction.domid)
                            self._restriction.devices["privcmd"] = "restricted"
                        self._privcmd = opened
                    handle = self._privcmd
            finally:
                if handle is not opened:
                    # Another thread was quicker, to open or to close; or it cannot be restricted.
                    opened.close()
            if handle is None:
                self._check_open()
                raise AssertionError
        return handle

    @property
    def buffers(self) -> BufferPool:
        """Memory that Xen may touch."""
        part: BufferPool = self._parts.get("buffers") or self._make_buffers()
        return part

    @property
    def foreign(self) -> ForeignMemory:
        """Other domains' memory, by frame number."""
        part = self._parts.get("foreign")
        if part is None:
            from xensys.memory.foreign import ForeignMemory

            part = self._keep("foreign", ForeignMemory(self.kernel, lambda: self.privcmd))
        result: ForeignMemory = part
        return result

    @property
    def resources(self) -> Resources:
        """Other domains' grant tables, ioreq pages and trace buffers."""
        part = self._parts.get("resources")
        if part is None:
            from xensys.memory.resource import Resources

            part = self._keep("resources", Resources(self.kernel, lambda: self.privcmd))
        result: Resources = part
        return result

    @property
    def store(self) -> Store:
        """XenStore; connected to now if it was not yet. Closed with this object."""
        part = self._parts.get("store")
        if part is None:
            from xensys.store.client import Store

            self._check_open()
            self._check_unrestricted("store")
            opened = Store.open(kernel=self.kernel)
            try:
                part = self._keep("store", opened)
            finally:
                if part is not opened:
                    # Another thread was quicker, to connect or to close.
                    opened.close()
        result: Store = part  # pyright: ignore[reportAssignmentType]  # `_keep` gives what it got
        return result

    @property
    def domains(self) -> Domains:
        """The domains there are."""
        part = self._parts.get("domains")
        if part is None:
            from xensys.domains import Domains

            part = self._keep("domains", Domains(self))
        result: Domains = part
        return result

    @property
    def argo_op(self) -> ArgoOp:
        """The argo_op hypercall: messages between domains (since Xen 4.12)."""
        part: ArgoOp = self._family("argo_op", "ArgoOp")
        return part

    @property
    def console_io(self) -> ConsoleIo:
        """The console_io hypercall."""
        part: ConsoleIo = self._family("console_io", "ConsoleIo")
        return part

    @property
    def dm_op(self) -> DmOp:
        """The dm_op hypercall: what a device model may do to its domain; see `device_model`."""
        part: DmOp = self._family("dm_op", "DmOp")
        return part

    @property
    def domctl(self) -> Domctl:
        """The stable part of the domctl hypercall."""
        part: Domctl = self._family("domctl", "Domctl")
        return part

    @property
    def event_channel_op(self) -> EventChannelOp:
        """The event_channel_op hypercall; for ports of one's own see `events`."""
        part: EventChannelOp = self._family("event_channel_op", "EventChannelOp")
        return part

    @property
    def grant_table_op(self) -> GrantTableOp:
        """The grant_table_op hypercall; to map and share memory see `grants`."""
        part: GrantTableOp = self._family("grant_table_op", "GrantTableOp")
        return part

    @property
    def hvm_op(self) -> HvmOp:
        """The hvm_op hypercall."""
        part: HvmOp = self._family("hvm_op", "HvmOp")
        return part

    @property
    def hypfs_op(self) -> HypfsOp:
        """The hypfs_op hypercall: Xen's parameters as files (since Xen 4.14)."""
        part: HypfsOp = self._family("hypfs_op", "HypfsOp")
        return part

    @property
    def hypfs(self) -> Hypfs:
        """Xen's own file tree, to read (since Xen 4.14); to write: `hypfs_op.tree(hazardous=True)`."""
        return self.hypfs_op.tree()

    @property
    def kexec_op(self) -> KexecOp:
        """The kexec_op hypercall, as far as it asks."""
        part: KexecOp = self._family("kexec_op", "KexecOp")
        return part

    @property
    def memory_op(self) -> MemoryOp:
        """The memory_op hypercall."""
        part: MemoryOp = self._family("memory_op", "MemoryOp")
        return part

    @property
    def physdev_op(self) -> PhysdevOp:
        """The physdev_op hypercall: interrupts and devices of the hardware domain."""
        part: PhysdevOp = self._family("physdev_op", "PhysdevOp")
        return part

    @property
    def sched_op(self) -> SchedOp:
        """The sched_op hypercall."""
        part: SchedOp = self._family("sched_op", "SchedOp")
        return part

    @property
    def vcpu_op(self) -> VcpuOp:
        """The vcpu_op hypercall."""
        part: VcpuOp = self._family("vcpu_op", "VcpuOp")
        return part

    @property
    def xen_version(self) -> XenVersion:
        """The xen_version hypercall."""
        part: XenVersion = self._family("xen_version", "XenVersion")
        return part

    @property
    def xenpmu_op(self) -> XenpmuOp:
        """The xenpmu_op hypercall: performance counters (x86)."""
        part: XenpmuOp = self._family("xenpmu_op", "XenpmuOp")
        return part

    @property
    def multicall(self) -> Multicall:
        """The multicall hypercall: many in one."""
        part: Multicall = self._family("multicall", "Multicall")
        return part

    @property
    def events(self) -> Events:
        """Event channels: ports of this domain, on one open file. Closed with this object."""
        part = self._parts.get("events")
        if part is None:
            from xensys.events import Events

            part = self._keep("events", Events(self.kernel, lambda: self.event_channel_op))
        result: Events = part
        return result

    @property
    def grants(self) -> Grants:
        """Memory that domains have granted each other. Closed with this object; mappings stay."""
        part = self._parts.get("grants")
        if part is None:
            from xensys.memory.grant import Grants

            self._check_unrestricted("grants")
            part = self._keep("grants", Grants(self.kernel))
        result: Grants = part
        return result

    def device_model(self, domid: int) -> DeviceModel:
        """What a device model may do to a domain.

        Args:
            domid: an HVM, PVH or arm domain other than our own.
        """
        from xensys.ioreq import DeviceModel

        self._check_open()
        return DeviceModel(
            self.kernel,
            domid,
            lambda: self.dm_op,
            lambda: self.privcmd,
            self.resources,
            lambda: self.events,
        )

    def maps_of(self, domid: int) -> Maps:
        """What is mapped of a domain's memory through this object: foreign, granted, resources.

        A dead domain stays a zombie, with all its memory, until the last of them is closed.

        Example:
            >>> with xen.foreign.map(1, range(4)) as m:
            ...     xen.maps_of(1)
            <Maps of domain 1: 1 mapping(s), 4 page(s)>
        """
        from xensys.memory.living import Maps

        self._check_open()
        parts = [self._parts.get(name) for name in ("foreign", "grants", "resources")]
        return Maps.of(domid, *(part.maps() for part in parts if part is not None))

    def release(self, domid: int) -> int:
        """Let go of all that is mapped of a domain's memory; views see zero pages from then on.

        For domains that have died see `domains.watch()` and its `release_dead()`.

        Returns:
            how many mappings there were.
        """
        maps = self.maps_of(domid)
        maps.close(revoke=True)
        return len(maps)

    def restrict(self, domid: int) -> Restriction:
        """Give up everything that is not about one domain, for good; see `xensys._restrict`.

        Afterwards that domain's memory and resources can be mapped, `device_model`
        works for it, and `events` bind to its ports; hypercalls, grants and
        XenStore answer XenPermissionError. Mappings and ports that there are stay.

        Args:
            domid: 0 … 0x7FEF. The same one again changes nothing.
        Returns:
            what became of each device. Those that should have been restricted
            and could not be are "lost": closed, and the reason in `errors`.
        Raises:
            XenError: EINVAL, restricted to another domain already, by us or (a
                domU's privcmd: XSA-482) by the kernel; ENOTTY, Linux before
                4.11. Nothing has changed then.

        Example:
            >>> xen.restrict(1).devices["privcmd"]
            'restricted when opened'
        """
        from xensys._restrict import Restriction, restrict
        from xensys.devices._device import check_domid

        check_domid(domid)
        with self._lock:
            self._check_open()
            known = self._restriction
            if known is None:
                # From here on nothing is opened that cannot be restricted, by no thread.
                self._restriction = Restriction(domid, {}, {})
                try:
                    known = restrict(domid, self._privcmd, self._parts)
                except BaseException:
                    self._restriction = None
                    raise
                self._restriction = known
            elif known.domid != domid:
                raise error_from(
                    EINVAL,
                    call="restrict",
                    domid=domid,
                    hint=f"restricted to domain {known.domid} already, for good",
                )
            return known

    @property
    def restriction(self) -> Restriction | None:
        """What `restrict()` has come to; None if it was not called."""
        return self._restriction

    def version(self) -> Version:
        """Xen's release (XENVER_version and XENVER_extraversion).

        Raises:
            XenPermissionError: EPERM, a restricted privcmd handle.

        Example:
            >>> xen.version() >= (4, 17)
            True
        """
        from xensys.hypercalls.xen_version import Version

        family = self.xen_version
        major, minor = family.version()
        extra = family.extraversion()
        if len(extra) == 15:  # as long as that form can be: perhaps cut
            try:
                extra = family.extraversion2()
            except NotSupportedError:
                return Version(major, minor, extra)
        return Version(major, minor, extra)

    def features(self) -> frozenset[str]:
        """Names of the XENFEAT_* bits this domain sees, without the prefix, e.g. "dom0"."""
        from xensys.abi import features as abi

        word = self.xen_version.get_features(0)
        return frozenset(
            name.removeprefix("XENFEAT_")
            for name, bit in vars(abi).items()
            if name.startswith("XENFEAT_")
            and name != "XENFEAT_NR_SUBMAPS"
            and type(bit) is int
            and word >> bit & 1
        )

    def hypercall(self, op: int, *args: Word) -> int:
        """Any hypercall at all: the raw door. Nothing is checked.

        A wrong argument can harm the running kernel or stop the machine. The
        tools-only hypercalls (most of domctl, sysctl) change with every Xen release.

        Args:
            op: hypercall number, __HYPERVISOR_*.
            args: up to five words. Integers go as they are; for a buffer, or a
                structure made by `buffers.new()`, its address.
        Returns:
            Xen's result, all 64 bits of it.
        Raises:
            XenError: a result in -4095..-1.
        EINTR: reported.
        """
        return self._caller().raw(op, args)

    def close(self) -> None:
        """Close the devices; a second call does nothing. Mappings stay."""
        with self._lock:
            if self._state == "closed":
                return
            self._state = "closed"
            privcmd, self._privcmd = self._privcmd, None
            parts = [self._parts.get(name) for name in ("store", "events", "grants")]
            parts += [privcmd, self._parts.get("buffers")]
            self._parts.clear()
        for part in parts:
            if part is not None:
                part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = "simulated " if self.simulated else ""
        only = "" if self._restriction is None else f", restricted to domain {self._restriction.domid}"
        return f"<{kind}Xen, {self._state}{only}>"

    def _caller(self) -> Caller:
        part = self._parts.get("caller")
        if part is None:
            from xensys.hypercalls._call import Caller

            part = self._keep("caller", Caller(lambda: self.privcmd, self.buffers))
        result: Caller = part
        return result

    def _make_buffers(self) -> BufferPool:
        from xensys.memory.buffers import BufferPool

        made: BufferPool = self._keep("buffers", BufferPool(self.kernel, self._open_buffer_device))
        return made

    def _open_buffer_device(self) -> HypercallMemory | None:
        """The buffer device; None on a kernel from before 4.18, which has privcmd alone."""
        from xensys.devices.hypercall import HypercallMemory
        from xensys.devices.privcmd import Privcmd

        self._check_unrestricted("buffers")
        try:
            return HypercallMemory.open(self.kernel)
        except NoXenError as error:
            # Only ENOENT means "old kernel", and only if this is Xen at all.
            if error.errno != ENOENT:
                raise
            # Asked, not opened: that might wait for XenStore, and the pool waits for us.
            if all(self.kernel.access(path) == ENOENT for path in Privcmd.PATHS):
                places = ", ".join(Privcmd.PATHS)
                raise NoXenError(ENOENT, call=f"open({places})", hint=Privcmd.MISSING_HINT) from None
            return None

    def _family(self, module: str, name: str) -> Any:
        """The part that is a hypercall family: a module of that name, and its class."""
        part = self._parts.get(module)
        if part is None:
            family = getattr(import_module(f"xensys.hypercalls.{module}"), name)
            part = self._keep(module, family(self._caller()))
        return part

    def _keep(self, name: str, part: object) -> Any:
        """Remember a part; the first one made by any thread is everybody's."""
        with self._lock:
            self._check_open()
            if self._restriction is not None and name not in self._parts:
                from xensys._restrict import restrict_late

                restrict_late(name, part, self._restriction)
            return self._parts.setdefault(name, part)

    def _check_unrestricted(self, name: str) -> None:
        restriction = self._restriction
        if restriction is not None:
            from xensys._restrict import refuse

            raise refuse(name, restriction)

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state == "closed":
            raise ValueError("this Xen object is closed")

    def _forked(self) -> None:
        if self._state == "open":
            self._state = "forked"
        # The parts raise by themselves; a thread that is no more may have held this.
        self._lock = RLock()
