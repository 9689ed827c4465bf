"""Ioreq servers, and the guest's side of them. xen/common/ioreq.c, xen/arch/x86/hvm/ioreq.c.

A test makes a guest access something by `domain.io(…)`, and goes on: as a
vCPU that waits, the access is done once the device model has answered and notified.
"""

from __future__ import annotations

import os
import struct
from errno import EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM
from functools import partial

from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.guestmemory import FRAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from xensys.sim.domain import Domain

SERVERS = 8
RANGES = 256
PORT, MEMORY, PCI = 0, 1, 2
BUFIOREQ_OFF, BUFIOREQ_LEGACY, BUFIOREQ_ATOMIC = 0, 1, 2
_PIO, _COPY, _PCI_CONFIG = 0, 1, 2
_NONE, _READY, _INPROCESS, _RESP_READY = 0, 1, 2, 3
_SLOTS = 511
_IOREQ_PFN, _BUFIOREQ_PFN, _IOREQ_SERVER_PFN, _NR_IOREQ_SERVER_PAGES = 5, 6, 32, 33
_KINDS = {"port": (_PIO, PORT), "memory": (_COPY, MEMORY), "pci": (_PCI_CONFIG, PCI)}
#: HVMMEM_ioreq_server.
TYPE_IOREQ_SERVER = 4


def _refuse(errno: int) -> NoReturn:
    raise OSError(errno, os.strerror(errno))


class RangeSet:
    """xen/common/rangeset.c: inclusive ranges, at most so many; neighbours become one."""

    def __init__(self, limit: int) -> None:
        self.ranges: list[tuple[int, int]] = []
        self._limit = limit

    def overlaps(self, first: int, last: int) -> bool:
        """Whether any of it is in."""
        return any(start <= last and first <= end for start, end in self.ranges)

    def contains(self, first: int, last: int) -> bool:
        """Whether all of it is in."""
        return any(start <= first and last <= end for start, end in self.ranges)

    def add(self, first: int, last: int) -> None:
        """Put in what does not overlap; OSError(ENOMEM)."""
        # What follows directly on a range makes that longer; anything else needs a new one.
        before = next((r for r in self.ranges if r[1] + 1 == first), None)
        if before is None and len(self.ranges) >= self._limit:
            _refuse(ENOMEM)
        if before is not None:
            self.ranges.remove(before)
            first = before[0]
        after = next((r for r in self.ranges if last + 1 == r[0]), None)
        if after is not None:
            self.ranges.remove(after)
            last = after[1]
        self.ranges.append((first, last))
        self.ranges.sort()

    def remove(self, first: int, last: int) -> None:
        """Take out what is in; OSError(ENOMEM)."""
        start, end = next(r for r in self.ranges if r[0] <= first and last <= r[1])
        if start < first and last < end and len(self.ranges) >= self._limit:
            _refuse(ENOMEM)
        self.ranges.remove((start, end))
        if start < first:
            self.ranges.append((start, first - 1))
        if last < end:
            self.ranges.append((last + 1, end))
        self.ranges.sort()


class IoreqServer:
    """An ioreq server.

    Attributes:
        domain: whose I/O it takes.
        emulator: the domid that made it.
        number: its id.
        handling: HVM_IOREQSRV_BUFIOREQ_*.
        enabled: whether it takes any.
        ports: of each vCPU, in the domain; Xen's own.
        bufioreq_port: of the buffered ring; 0 if there is none.
        ranges: of ports, memory and PCI functions.
    """

    def __init__(self, domain: Domain, emulator: int, number: int, handling: int) -> None:
        self.domain = domain
        self.emulator = emulator
        self.number = number
        self.handling = handling
        self.enabled = False
        self.ranges = [RangeSet(RANGES) for _ in range(3)]
        self._ioreq_slot: int | None = None
        self._bufioreq_slot: int | None = None
        # Where those are the domain's own, its frames' numbers.
        self._gfn: int | None = None
        self._bufioreq_gfn: int | None = None
        channels = domain.machine.event_channels
        self.ports: list[int] = []
        self.bufioreq_port = 0
        try:
            for vcpu in range(domain.vcpus):
                notified = partial(wake, domain, vcpu)
                self.ports.append(channels.alloc_for_xen(domain, emulator, notified, vcpu))
                if not vcpu and handling:
                    self.bufioreq_port = channels.alloc_for_xen(domain, emulator, notified)
        except OSError:
            self._free_ports()
            raise

    @property
    def ioreq_slot(self) -> int:
        """The page of the synchronous requests; there from now on. Not while that is the domain's own."""
        self._allocate()
        assert self._ioreq_slot is not None
        return self._ioreq_slot

    @property
    def bufioreq_slot(self) -> int | None:
        """The page of the buffered ring, if it has one; there from now on."""
        self._allocate()
        return self._bufioreq_slot

    def enable(self) -> None:
        """Ports are told in the page, if there is one; a page made later has none.

        Pages that are the domain's own leave its memory.
        """
        if self.enabled:
            return
        memory = self.domain.memory
        for gfn, slot in self._own_pages():
            if memory.slot(gfn) != slot:
                self.domain.crash()
            else:
                memory.place(gfn, None)
            os.pwrite(self._fd, bytes(FRAME), slot * FRAME)
        self.enabled = True
        if self._ioreq_slot is not None:
            for vcpu, port in enumerate(self.ports):
                os.pwrite(self._fd, struct.pack("<I", port), self._slot_at(vcpu) + 24)

    def disable(self) -> None:
        """Pages that were the domain's own come back into its memory, empty."""
        if self.enabled:
            for gfn, slot in self._own_pages():
                os.pwrite(self._fd, bytes(FRAME), slot * FRAME)
                self.domain.memory.place(gfn, slot)
        self.enabled = False

    def gfns(self) -> tuple[int | None, int | None]:
        """The pages as frames of the domain's; there from now on. OSError."""
        if self.domain.kind == "arm":
            _refuse(EOPNOTSUPP)
        if self._gfn is None:
            if self._ioreq_slot is not None:
                # Acquired as a resource: never a frame of the domain.
                _refuse(EPERM)
            self._gfn, self._ioreq_slot = self._aside()
        if self.handling and self._bufioreq_gfn is None:
            try:
                self._bufioreq_gfn, self._bufioreq_slot = self._aside()
            except OSError:
                self._give_back(self._gfn)
                self._gfn = self._ioreq_slot = None
                raise
        return self._gfn, self._bufioreq_gfn

    def _own_pages(self) -> list[tuple[int, int]]:
        """(frame, slot) of each page that is the domain's own."""
        pages = ((self._gfn, self._ioreq_slot), (self._bufioreq_gfn, self._bufioreq_slot))
        return [(gfn, slot) for gfn, slot in pages if gfn is not None and slot is not None]

    def _aside(self) -> tuple[int, int]:
        """hvm_map_ioreq_gfn(): a frame of those that were set aside, and its page."""
        domain = self.domain
        if domain.dying:
            _refuse(EINVAL)
        base = domain.hvm_params.get(_IOREQ_SERVER_PFN, 0)
        pages = domain.hvm_params.get(_NR_IOREQ_SERVER_PAGES, 0)
        gfn = next((base + i for i in range(pages) if base + i not in domain.ioreq_gfns), None)
        if gfn is not None:
            domain.ioreq_gfns.add(gfn)
        else:
            gfn = self._old_gfn()
        slot = domain.memory.slot(gfn)
        if slot is None or domain.is_paged(gfn):
            paged = slot is not None
            self._give_back(gfn)
            _refuse(ENOENT if paged else EINVAL)
        return gfn, slot

    def _old_gfn(self) -> int:
        """hvm_alloc_legacy_ioreq_gfn(). Before 4.20.2 it took what was *not* marked as free."""
        domain = self.domain
        mistaken = domain.machine.xen < (4, 20)
        for param in (_IOREQ_PFN, _BUFIOREQ_PFN):
            free = param in domain.old_ioreq_pages
            domain.old_ioreq_pages.discard(param)
            if free != mistaken:
                return domain.hvm_params.get(param, 0)
        _refuse(ENOMEM)

    def _give_back(self, gfn: int) -> None:
        """hvm_free_ioreq_gfn()."""
        for param in (_IOREQ_PFN, _BUFIOREQ_PFN):
            if gfn == self.domain.hvm_params.get(param, 0):
                self.domain.old_ioreq_pages.add(param)
                return
        self.domain.ioreq_gfns.discard(gfn)

    def destroy(self) -> None:
        """Give back what it has; a vCPU that waits does so for ever."""
        self.disable()
        self._free_ports()
        for gfn in (self._bufioreq_gfn, self._gfn):
            if gfn is not None:
                self._give_back(gfn)
        if self.domain.ioreq_mem_server is self:
            self.domain.ioreq_mem_server = None
            reset_type(self.domain)
        del self.domain.ioreq_servers[self.number]

    # Requests

    @property
    def page(self) -> int | None:
        """The slot of the synchronous page, if that is there."""
        return self._ioreq_slot

    def read_slot(self, vcpu: int) -> bytes:
        """A vCPU's 32 bytes."""
        return os.pread(self._fd, 32, self._slot_at(vcpu))

    def set_state(self, vcpu: int, state: int) -> None:
        """The lower half of byte 30."""
        at = self._slot_at(vcpu) + 30
        (old,) = os.pread(self._fd, 1, at)
        os.pwrite(self._fd, bytes((old & 0xF0 | state,)), at)

    def send(self, vcpu: int, request: bytes) -> bool:
        """ioreq_send(); False: the page is not as Xen left it."""
        if self.page is None:
            raise SimulatorMisuse("an enabled ioreq server without a page: Xen would crash")
        old = self.read_slot(vcpu)
        if old[30] & 0xF or struct.unpack_from("<I", old, 24)[0] != self.ports[vcpu]:
            return False
        raw = bytearray(request)
        struct.pack_into("<I", raw, 24, self.ports[vcpu])
        os.pwrite(self._fd, bytes(raw), self._slot_at(vcpu))
        self.set_state(vcpu, _READY)
        if not self.domain.machine.ioeventfds.take(self, vcpu):
            self.domain.machine.event_channels.notify_from_xen(self.domain, self.ports[vcpu])
        return True

    def send_buffered(self, kind: int, address: int, size: int, value: int) -> bool:
        """ioreq_send_buffered() for a write; False: it is for the normal path."""
        slot = self._bufioreq_slot
        if slot is None or address > 0xFFFFF or size not in (1, 2, 4, 8):
            return False
        at = slot * FRAME
        wide = size == 8
        read, write = struct.unpack("<II", os.pread(self._fd, 8, at))
        if (write - read) & 0xFFFF_FFFF >= _SLOTS - wide:
            return False
        head = kind | (size.bit_length() - 1) << 10 | address << 12
        for word in (value, value >> 32)[: 1 + wide]:
            entry = struct.pack("<II", head, word & 0xFFFF_FFFF)
            os.pwrite(self._fd, entry, at + 8 + 8 * (write % _SLOTS))
            write = write + 1 & 0xFFFF_FFFF
        if self.handling == BUFIOREQ_ATOMIC and read >= _SLOTS:
            turns = read // _SLOTS * _SLOTS
            read, write = read - turns, write - turns & 0xFFFF_FFFF
            os.pwrite(self._fd, struct.pack("<I", read), at)
        os.pwrite(self._fd, struct.pack("<I", write), at + 4)
        self.domain.machine.event_channels.notify_from_xen(self.domain, self.bufioreq_port)
        return True

    @property
    def _fd(self) -> int:
        return self.domain.memory.fd

    def _slot_at(self, vcpu: int) -> int:
        assert self._ioreq_slot is not None
        return self._ioreq_slot * FRAME + 32 * vcpu

    def _allocate(self) -> None:
        if self._gfn is not None:
            # ioreq_server_alloc_pages() refuses (EPERM), and frees a page that is not its own.
            raise SimulatorMisuse("frames of a domain's acquired as a resource: Xen would free them")
        if self._ioreq_slot is None:
            self._ioreq_slot = self.domain.memory.new_slot()
            if self.handling:
                self._bufioreq_slot = self.domain.memory.new_slot()

    def _free_ports(self) -> None:
        channels = self.domain.machine.event_channels
        for port in (*self.ports, *([self.bufioreq_port] if self.bufioreq_port else [])):
            channels.free_from_xen(self.domain, port)


class Access:
    """A vCPU's access; it waits until `done`.

    Attributes:
        server: who was given it; None: nobody.
        done: whether the vCPU goes on.
        woken: whether it is to look at its page, once the domain runs.
    """

    def __init__(self, domain: Domain, server: IoreqServer | None, vcpu: int, *, waits: bool) -> None:
        self.server = server
        self.done = not waits
        self.woken = False
        self._domain = domain
        self._vcpu = vcpu
        self._state = _NONE
        # What is read where nothing is.
        self._value = (1 << 64) - 1

    def run(self) -> None:
        """wait_for_io(). What no emulator may do crashes the domain."""
        server = self.server
        self.woken = False
        if self.done or server is None:
            return
        if self._domain.ioreq_servers.get(server.number) is not server:
            if self._domain.kind == "arm":
                raise SimulatorMisuse("a vCPU woken after its ioreq server went: Xen would crash")
            raise SimulatorGap("a vCPU woken after its ioreq server went: it goes on with what was there")
        raw = server.read_slot(self._vcpu)
        state = raw[30] & 0xF
        # x86 begins anew whenever the vCPU is woken.
        before, self._state = self._state, state if self._domain.kind == "arm" else _NONE
        if state == _RESP_READY:
            server.set_state(self._vcpu, _NONE)
            (self._value,) = struct.unpack_from("<Q", raw, 8)
        elif state > _RESP_READY or _NONE < state < before:
            self._domain.crash()
        elif state:
            return
        self.done = True

    @property
    def value(self) -> int:
        """What the vCPU has read; all ones where nobody answered."""
        if not self.done:
            raise SimulatorMisuse("the vCPU still waits")
        return self._value


def wake(domain: Domain, vcpu: int) -> None:
    """An event at any port that Xen has for a vCPU: it looks at the page again."""
    waiting = domain.waiting.get(vcpu)
    if waiting is None:
        return
    waiting.woken = True
    if not domain.paused:
        waiting.run()


def select(domain: Domain, kind: int, address: int, size: int, *, write: bool) -> IoreqServer | None:
    """Who gets an access; the later of two servers."""
    if kind == MEMORY and write and domain.mem_types.get(address // FRAME) == TYPE_IOREQ_SERVER:
        return domain.ioreq_mem_server
    for number in sorted(domain.ioreq_servers, reverse=True):
        server = domain.ioreq_servers[number]
        last = address >> 32 if kind == PCI else address + size - 1
        first = address >> 32 if kind == PCI else address
        if server.enabled and server.ranges[kind].contains(first, last):
            return server
    return None


def access(
    domain: Domain,
    kind: str,
    address: int,
    size: int,
    value: int | None,
    *,
    vcpu: int,
    count: int,
    data_is_ptr: bool,
    buffered: bool,
) -> Access:
    """See `Domain.io`."""
    if kind not in _KINDS or not 0 <= vcpu < domain.vcpus or not domain.translated:
        raise SimulatorMisuse(f"{domain}: no {kind!r} access of vCPU {vcpu}")
    waiting = domain.waiting.get(vcpu)
    if waiting is not None and not waiting.done:
        raise SimulatorMisuse(f"vCPU {vcpu} of {domain} waits for its last access")
    number, sort = _KINDS[kind]
    with domain.machine.traced("io", domid=domain.domid, space=kind, address=address):
        server = select(domain, sort, address, size, write=value is not None)
        if server is None:
            return Access(domain, None, vcpu, waits=False)
        if buffered and value is not None and server.send_buffered(number, address, size, value):
            return Access(domain, server, vcpu, waits=False)
        flags = data_is_ptr << 4 | (value is None) << 5
        raw = struct.pack(
            "<QQIIIHBB", address, (value or 0) & (1 << 64) - 1, count, size, 0, 0, flags, number
        )
        sent = server.send(vcpu, raw)
        made = domain.waiting[vcpu] = Access(domain, server if sent else None, vcpu, waits=sent)
        made.run()
        return made


def reset_type(domain: Domain) -> None:
    """Frames of type ioreq_server become ordinary ones."""
    for gfn in [gfn for gfn, kind in domain.mem_types.items() if kind == TYPE_IOREQ_SERVER]:
        del domain.mem_types[gfn]


def find(domain: Domain, number: int, emulator: Domain) -> IoreqServer:
    """The server, for who made it; OSError."""
    server = domain.ioreq_servers.get(number)
    if server is None:
        _refuse(ENOENT)
    if server.emulator != emulator.domid:
        _refuse(EPERM)
    return server


def check_handling(domain: Domain, handling: int) -> None:
    """Whether there is such a way to handle the buffered ring; OSError."""
    if handling > BUFIOREQ_ATOMIC or (handling and domain.kind == "arm"):
        _refuse(EINVAL)
