"""What a device model has to do with in a guest, in either world: its accesses, interrupts and memory."""

from __future__ import annotations

import re
import select
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.contract import realguests
from tests.contract.worlds import PATIENCE, World
from xensys.ioreq import Ioreq, IoreqServer

#: Where nothing else is: (kind of range, first, bytes of an access). What Linux lets a
#: program of root's reach without a driver: on x86 a port, on arm a word of memory.
PLACES = {"x86_64": ("port", 0x500, 1), "arm64": ("memory", 0x0B00_0000, 4)}
#: Of an x86 Linux, the vector by which one processor has another look for work. A guest with
#: one has no other cause for it, and it is counted.
RESCHEDULE_VECTOR = 0xFD
_SPIS = 32


class Guests:
    """A guest whose accesses a test begins; `Access.result` waits for their end."""

    def __init__(self, world: World) -> None:
        self._machine = getattr(world, "machine", None)
        self.peer: Any = world.peer()
        self.domid: int = self.peer.domid
        self.kind, self.first, self.size = PLACES[world.target.arch]

    def begin(self, offset: int, value: int | None = None) -> Access:
        """Read, or write `value`; whoever emulates it has yet to answer."""
        address = self.first + offset
        if self._machine is not None:
            domain = self._machine.domains[self.domid]
            return _Simulated(domain.io(self.kind, address, self.size, value), value)
        return _Real(self.peer, self.kind, address, self.size, value)

    def begin_write_to_own(self, page: int, gfn: int, offset: int, value: int) -> Access:
        """Write a word of the guest's own memory, of which the agent holds this page."""
        if self._machine is not None:
            domain = self._machine.domains[self.domid]
            return _Simulated(domain.io("memory", gfn * 4096 + offset, 4, value), value)
        return _Real(self.peer, "page", page, offset, value)

    def rescheduled(self) -> int:
        """How often its processor has been told to look for work."""
        if self._machine is not None:
            domain = self._machine.domains[self.domid]
            messages = [what[2] for what in domain.interrupts if what[0] == "msi"]
            return sum(data & 0xFF == RESCHEDULE_VECTOR for data in messages)
        return int(self.peer.interrupts("RES"))


def serve(world: World, server: IoreqServer, count: int) -> list[Ioreq]:
    """The next requests, so many; each is still to be answered."""
    found: list[Ioreq] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < deadline, f"the guest has made only {found}"
        for port in world.xen.events.wait(1):
            found += server.requests()
            port.unmask()
    return found


class Access:
    """One access."""

    @property
    def done(self) -> bool:
        """Whether the guest goes on."""
        raise NotImplementedError

    def result(self) -> int:
        """What it read, or wrote."""
        raise NotImplementedError


class _Simulated(Access):
    def __init__(self, access: Any, wrote: int | None) -> None:
        self._access = access
        self._wrote = wrote

    @property
    def done(self) -> bool:
        return bool(self._access.done)

    def result(self) -> int:
        value = int(self._access.value)
        return value if self._wrote is None else self._wrote


class _Real(Access):
    def __init__(self, peer: Any, *access: Any) -> None:
        self._peer = peer
        self._pending = peer.begin("access", *access)

    @property
    def done(self) -> bool:
        return bool(select.select([self._peer._process.stdout], [], [], 0)[0])

    def result(self) -> int:
        return int(self._pending.result())


@contextmanager
def guest_with_spis(world: World) -> Iterator[int]:
    """The domid of an arm guest that has shared interrupts: its toolstack gives it a virtio device."""
    machine = getattr(world, "machine", None)
    if machine is not None:
        domain = machine.add_domain(paused=True)
        domain.spis = _SPIS
        try:
            yield domain.domid
        finally:
            domain.destroy()
        return
    device = "backend=0,type=virtio,device22,transport=mmio,grant_usage=false"
    domid = realguests.create("--paused", "--config", f'virtio = [ "{device}" ]')
    try:
        yield domid
    finally:
        realguests.helper("destroy", str(domid))


def lines(world: World, domid: int) -> list[tuple[Any, ...]]:
    """The PCI lines of an x86 guest that are up, and where links lead, as Xen's console tells.

    ("intx", device, pin) of each, and ("link", link, irq) of each that leads anywhere.
    """
    machine = getattr(world, "machine", None)
    up: dict[tuple[Any, ...], bool] = {}
    if machine is not None:
        for kind, *what, last in machine.domains[domid].interrupts:
            up[(kind, *what, *([last] if kind == "link" else []))] = bool(last)
            for irq in range(16):
                if kind == "link" and irq != last:
                    up[kind, *what, irq] = False
        return sorted(what for what, is_up in up.items() if is_up and what[0] in ("intx", "link"))
    said = _dump("I")
    found = re.search(rf"Domain {domid}:\n.*?PCI 0x(\w{{16}})(\w{{16}}) ISA \w+ ROUTE ([\d ]+)\n", said)
    assert found, said
    pins = int(found[2], 16) << 64 | int(found[1], 16)
    routes = list(map(int, found[3].split()))
    intx = [("intx", pin // 4, pin % 4) for pin in range(128) if pins >> pin & 1]
    return [*intx, *(("link", link, irq) for link, irq in enumerate(routes) if irq)]


#: XEN_DOMCTL_INTERFACE_VERSION, which nobody but such a test depends on.
_DOMCTL = {(4, 17): 0x15, (4, 20): 0x17}
_DOMCTL_OP, _SHADOW_OP = 36, 10
_OFF, _ENABLE_LOGDIRTY, _PEEK = 0, 2, 12
#: cmd, version, domid; op, mode, mb, bitmap, pages, two counts; to the structure's end.
_SHADOW = struct.Struct("<IIHxxxxxx III4xQQII 88x")


@contextmanager
def migrating(world: World, domid: int, frames: int) -> Iterator[Callable[[], set[int]]]:
    """Have Xen log what is written of a domain, as for its migration.

    Gives what asks which of its first so many frames have been written so far.
    """
    machine = getattr(world, "machine", None)
    if machine is not None:
        domain = machine.domains[domid]
        domain.log_dirty = set()
        yield lambda: set(domain.log_dirty)
        domain.log_dirty = None
        return

    def shadow_op(op: int, bitmap: int = 0) -> None:
        version = _DOMCTL[world.target.xen]
        with world.xen.buffers.alloc(_SHADOW.size) as domctl:
            pages = frames if bitmap else 0
            domctl[:] = _SHADOW.pack(_SHADOW_OP, version, domid, op, 0, 0, bitmap, pages, 0, 0)
            world.xen.hypercall(_DOMCTL_OP, domctl)

    def written() -> set[int]:
        with world.xen.buffers.alloc(frames // 8) as bitmap:
            shadow_op(_PEEK, bitmap.address)
            found = int.from_bytes(bitmap[:], "little")
        return {gfn for gfn in range(frames) if found >> gfn & 1}

    shadow_op(_ENABLE_LOGDIRTY)
    try:
        yield written
    finally:
        shadow_op(_OFF)


def waiting_spis(world: World, domid: int) -> list[int]:
    """The shared interrupts that an arm guest's processor has yet to take."""
    machine = getattr(world, "machine", None)
    if machine is not None:
        raised = machine.domains[domid].interrupts
        return sorted({what[1] for what in raised if what[0] == "spi" and what[2]})
    said = _dump("q")
    start = said.index(f"General information for domain {domid}:")
    end = said.find("General information for domain", start + 1)
    mine = said[start : end if end > 0 else len(said)]
    return sorted(int(irq) for irq in re.findall(r"Inflight irq=(\d+)", mine) if int(irq) >= _SPIS)


def _dump(key: str) -> str:
    """What Xen says when a key of its console is pressed."""
    environment = realguests.toolstack_environment()
    subprocess.run(["xl", "debug-keys", key], env=environment, check=True)
    command = ["xl", "dmesg"]
    done = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, errors="replace"
    )
    said = re.sub(r"^\(XEN\) (\[[^\]]*\] )?", "", done.stdout, flags=re.MULTILINE)
    return said[said.rindex(f"'{key}' pressed") :]
