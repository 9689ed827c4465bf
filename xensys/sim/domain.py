"""A domain of the simulated machine."""

from __future__ import annotations

from xensys.sim import ioreq
from xensys.sim.errors import SimulatorMisuse
from xensys.sim.grants import GrantTable
from xensys.sim.guestmemory import FRAME, GuestMemory
from xensys.sim.ioreq import IoreqServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from xensys.sim.evtchn import EventFile
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

KINDS = ("pv", "pvh", "hvm", "arm")

# xen/include/public/hvm/params.h
_STORE_PFN, _STORE_EVTCHN, _CONSOLE_PFN, _CONSOLE_EVTCHN = 1, 2, 17, 18


class Paged:
    """Why a frame is not there."""

    __slots__ = ("calls", "until")

    def __init__(self, calls: int | None, until: float | None) -> None:
        self.calls = calls
        self.until = until


class Domain:
    """A domain; made by `Machine.add_domain`.

    Attributes:
        machine, domid, kind, name, vcpus: as created.
        uuid: 16 bytes.
        memory: its frames: `read(gpa, n)`, `write(gpa, data)`,
            `populate(gfn, count)`, `punch(gfns)`, `populated()`.
        first_gfn: where its memory starts.
        target: the domid it is the device model of, or None.
        hvm_params: HVM_PARAM_* index → value, for translated domains.
        grant_slots: the pages of its grant table so far.
        grants: what is in that table, and what it has mapped of others', see
            `xensys.sim.grants.GrantTable`.
        e820: (address, size, type) rows; empty where no toolstack set a map.
        max_event_port: the highest port it may have (xl's max_event_channels).
        event_users: port → the open evtchn file that has bound it.
        ioreq_servers: its ioreq servers by number.
        ioreq_gfns: which of the frames set aside for their pages they have.
        old_ioreq_pages: HVM_PARAM_IOREQ_PFN and _BUFIOREQ_PFN, where Xen has marked that as free.
        interrupts: what device models have done to its interrupts, in order:
            ("isa", irq, level), ("intx", device, pin, level), ("link", link, irq),
            ("msi", address, data), ("spi", irq, level), ("event", vcpu, vector, type).
        links: PCI interrupt link → ISA interrupt, once it was set.
        injected: vCPU → the event that it takes when it runs next.
        mem_types: frame → HVMMEM_*, where that is not ram_rw.
        log_dirty: frames that device models said they wrote, while it migrates; None: it
            does not, and Xen does not listen.
        spis: arm: how many shared peripheral interrupts it has, from 32 on; none unless
            the toolstack found a device that needs one.
        pinned: (first frame, last frame) → how they are cached.
        shutdown_reason: SHUTDOWN_*, where others have shut it down.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        domid: int,
        kind: str,
        name: str,
        memory: GuestMemory,
        paused: bool,
        grant_frames: int,
        grant_version: int,
        vcpus: int,
        vmtrace_frames: int,
        handle: bytes,
    ) -> None:
        self.machine = machine
        self.domid = domid
        self.kind = kind
        self.name = name
        self.memory = memory
        self.uuid = handle
        self.vcpus = vcpus
        self.paused = paused
        self.dying = False
        self.shut_down = False
        self.target: int | None = None
        self.max_grant_frames = grant_frames
        self.grant_version = grant_version
        self.vmtrace_frames = vmtrace_frames
        self.first_gfn = {"arm": 0x40000, "pv": domid * 0x100000}.get(kind, 0)
        memory.in_use = lambda slot: machine.slot_in_use(self, slot)
        self.grant_slots: list[int] = [memory.new_slot()]
        self.status_slots: list[int] = []
        self.grants = GrantTable(self)
        self.ioreq_servers: dict[int, IoreqServer] = {}
        self.ioreq_mem_server: IoreqServer | None = None
        self.ioreq_gfns: set[int] = set()
        self.old_ioreq_pages: set[int] = set()
        self.waiting: dict[int, ioreq.Access] = {}
        self._interrupts: list[tuple[str | int, ...]] = []
        self.links: dict[int, int] = {}
        self.injected: dict[int, tuple[str | int, ...]] = {}
        self.mem_types: dict[int, int] = {}
        self.log_dirty: set[int] | None = None
        self.vram: tuple[int, int] | None = None
        self.spis = 0
        self.pinned: dict[tuple[int, int], int] = {}
        self.shutdown_reason: int | None = None
        self.hvm_params: dict[int, int] = {}
        self.max_event_port = 1023 if domid else (1 << 17) - 1
        self.event_users: dict[int, EventFile] = {}
        self.e820: list[tuple[int, int, int]] = []
        self._vmtrace: dict[int, int] = {}
        self._paged: dict[int, Paged] = {}
        if self.translated and domid:
            top = self.first_gfn + 0xFEFF
            self.hvm_params.update(
                {_STORE_PFN: top, _STORE_EVTCHN: 1, _CONSOLE_PFN: top - 1, _CONSOLE_EVTCHN: 2}
            )
            if kind != "arm":
                self.e820 = [(0, memory.maximum * FRAME, 1)]

    @property
    def translated(self) -> bool:
        """Whether its frame numbers are its own (all domains but PV ones)."""
        return self.kind != "pv"

    @property
    def privileged(self) -> bool:
        """Whether it is the control domain."""
        return self.domid == 0

    def kernel(self, **personality: Any) -> SimKernel:
        """The kernel of this domain: the machine as seen from inside it.

        Args: see `SimKernel`. By default a domU's privcmd is restricted, as
        since XSA-482.
        """
        from xensys.sim.kernel import SimKernel

        return SimKernel(self.machine, self, **personality)

    def pause(self) -> None:
        """Stop its vCPUs; nothing else changes."""
        self.paused = True

    def unpause(self) -> None:
        """Let its vCPUs run."""
        self.paused = False
        for vcpu in sorted(self.injected):
            self._interrupts.append(self.injected.pop(vcpu))
        for access in self.waiting.values():
            if access.woken:
                access.run()

    def shutdown(self, reason: int | None = None) -> None:
        """Stop it for good, as a guest does that powers off; the toolstack has yet to destroy it.

        Args:
            reason: SHUTDOWN_*, where others shut it down.
        """
        with self.machine.traced("shutdown", domid=self.domid):
            if not self.shut_down:
                self.shutdown_reason = reason
            self.paused = self.shut_down = True
            self.machine.shut_down(self)

    def crash(self) -> None:
        """Xen's answer to what can only be a mistake (SHUTDOWN_crash)."""
        self.shutdown(3)

    def destroy(self, *, tidy: bool = True) -> None:
        """Kill it. While others map its frames it stays as a zombie: `machine.zombies()`.

        Args:
            tidy: the toolstack removes its nodes from XenStore first, as `xl
                destroy` does; else only those that it owns go, with it.
        """
        if self.domid == 0:
            raise SimulatorMisuse("dom0 cannot be destroyed")
        self.dying = True
        for server in [*self.ioreq_servers.values()]:
            server.destroy()
        self.machine.bury(self, tidy=tidy)

    def page_out(
        self, gfns: Iterable[int], *, for_calls: int | None = None, until: float | None = None
    ) -> None:
        """Page frames out (x86 HVM memory paging).

        Args:
            for_calls: how many attempts to map each of them find it missing.
            until: the time on the machine's clock from which on it is back.
                Without either it stays out until `page_in`.
        """
        if not self.translated or self.kind == "arm":
            raise SimulatorMisuse("only x86 HVM and PVH domains are paged")
        for gfn in gfns:
            if self.memory.slot(gfn) is None:
                raise SimulatorMisuse(f"frame {gfn:#x} is not populated")
            self._paged[gfn] = Paged(for_calls, until)

    def page_in(self, gfns: Iterable[int]) -> None:
        """Bring frames back."""
        for gfn in gfns:
            self._paged.pop(gfn, None)

    def create_ioreq_server(self, *, bufioreq: bool = True, emulator: int = 0) -> int:
        """Make an ioreq server, as the device model `emulator` would; returns its id."""
        if not self.machine.ioreq_server:
            raise SimulatorMisuse("this Xen has no CONFIG_IOREQ_SERVER")
        number = next(i for i in range(8) if i not in self.ioreq_servers)
        handling = ioreq.BUFIOREQ_LEGACY if bufioreq else ioreq.BUFIOREQ_OFF
        self.ioreq_servers[number] = IoreqServer(self, emulator, number, handling)
        return number

    def io(
        self,
        kind: str,
        address: int,
        size: int,
        value: int | None = None,
        *,
        vcpu: int = 0,
        count: int = 1,
        data_is_ptr: bool = False,
        buffered: bool = False,
    ) -> ioreq.Access:
        """Make a vCPU access something that a device model may emulate.

        Args:
            kind: "port", "memory" (guest-physical), or "pci" (segment << 48 | bus << 40 |
                device << 35 | function << 32 | offset).
            address, size: of the access.
            value: what it writes; None: it reads.
            vcpu: which one.
            count, data_is_ptr: of a repeated access, to or from memory at `value`.
            buffered: whether Xen puts a write into the ring, if it can.
        Returns:
            the access: `done` once the device model has answered, then `value`.
        """
        return ioreq.access(
            self,
            kind,
            address,
            size,
            value,
            vcpu=vcpu,
            count=count,
            data_is_ptr=data_is_ptr,
            buffered=buffered,
        )

    @property
    def interrupts(self) -> list[tuple[str | int, ...]]:
        """See above; what eventfds have been signalled for is in it by now."""
        self.machine.irqfds.pump()
        return self._interrupts

    def interrupt(self, *what: str | int) -> None:
        """Write down an interrupt."""
        self._interrupts.append(what)

    def vmtrace_slot(self, vcpu: int) -> int:
        """The first page of a vCPU's trace buffer."""
        if vcpu not in self._vmtrace:
            slots = [self.memory.new_slot() for _ in range(self.vmtrace_frames)]
            self._vmtrace[vcpu] = slots[0]
        return self._vmtrace[vcpu]

    def anything_paged(self) -> bool:
        """Whether some frame may be paged out."""
        return bool(self._paged)

    def is_paged(self, gfn: int) -> bool:
        """Whether an attempt to map this frame, made now, finds it paged out."""
        paged = self._paged.get(gfn)
        if paged is None:
            return False
        if paged.until is not None and self.machine.clock.now() >= paged.until:
            del self._paged[gfn]
            return False
        if paged.calls is not None:
            if paged.calls == 0:
                del self._paged[gfn]
                return False
            paged.calls -= 1
        return True

    def __repr__(self) -> str:
        state = "dying" if self.dying else "paused" if self.paused else "running"
        return f"<Domain {self.domid} {self.name!r}, {self.kind}, {state}>"
