"""argo_op (39): messages between domains. xen/common/argo.c.

Debian builds Xen without it. `Machine(argo="on")` is a Xen that has it and was
booted with argo=1, "mac-permissive" one with argo=1,mac-permissive=1, "off" one
with neither.
"""

from __future__ import annotations

import os
import struct
from errno import (
    EACCES,
    EAGAIN,
    EBUSY,
    ECONNREFUSED,
    EEXIST,
    EINVAL,
    EMSGSIZE,
    ENOENT,
    ENOSPC,
    EOPNOTSUPP,
    EPERM,
    ESRCH,
)
from weakref import WeakKeyDictionary

from xensys.sim.guestmemory import FRAME
from xensys.sim.silo import keeps_apart
from xensys.sim.xen.access import check_silo, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from xensys.sim.domain import Domain
    from xensys.sim.machine import Machine
    from xensys.sim.xen.access import Caller

REGISTER, UNREGISTER, SENDV, NOTIFY = 1, 2, 3, 4
#: What `Machine(argo=…)` may be, beside None.
MODES = ("off", "on", "mac-permissive")
VIRQ_ARGO = 11
DOMID_ANY = 0x7FF4
_MAX_RINGS, _MAX_NOTIFY, _MAX_PENDING, _MAX_IOV = 128, 256, 32, 8
_MAX_RING = 1 << 24
_HEAD, _SLOT, _MESSAGE = 64, 16, 16
_MAX_MESSAGE = _MAX_RING - _MESSAGE - _SLOT
_EXISTS, _SHARED, _EMPTY, _SUFFICIENT, _EMSGSIZE, _EBUSY = 1, 2, 4, 8, 16, 32
_ENTRY = struct.Struct("<IHHHHII")
#: Where frames of processes' memory are numbered from: above all that domains have.
_LENT = 1 << 40


class Ring:
    """A ring that a domain has registered."""

    def __init__(self, partner: int, length: int, pages: list[Page]) -> None:
        self.partner = partner
        self.length = length
        self.pages = pages
        self.tx = 0
        #: domid → bytes it waits for.
        self.pending: dict[int, int] = {}

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of its memory, which the owner may have changed."""
        return b"".join(page.read(at, part) for page, at, part in self._pieces(offset, size))

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes there."""
        done = 0
        for page, at, part in self._pieces(offset, len(data)):
            page.write(at, data[done : done + part])
            done += part

    def rx(self) -> int:
        """rx_ptr, as get_sanitized_ring() makes it."""
        rx = _rounded(struct.unpack("<I", self.read(0, 4))[0]) & 0xFFFF_FFFF
        return rx if rx < self.length else 0

    def room(self) -> int:
        """ringbuf_payload_space()."""
        free = self.rx() - self.tx
        if free <= 0:
            free += self.length
        return max(free - _MESSAGE - _SLOT, 0)

    def largest(self) -> int:
        """Bytes of the longest message for it."""
        return self.length - _MESSAGE - _SLOT

    def _pieces(self, offset: int, size: int) -> Iterator[tuple[Page, int, int]]:
        while size:
            index, at = divmod(offset, FRAME)
            part = min(size, FRAME - at)
            yield self.pages[index], at, part
            offset += part
            size -= part


class Page:
    """A page of a ring: of a domain's memory, or of a process that runs in it."""

    def __init__(self, machine: Machine, fd: int, position: int) -> None:
        self._machine = machine
        self._fd = fd
        self._position = position

    def read(self, at: int, size: int) -> bytes:
        """Copy out."""
        if self._fd < 0:
            return self._machine.user.read(self._position + at, size)
        return os.pread(self._fd, size, self._position + at)

    def write(self, at: int, data: bytes) -> None:
        """Copy in."""
        if self._fd < 0:
            self._machine.user.write(self._position + at, data)
        else:
            os.pwrite(self._fd, data, self._position + at)


class Argo:
    """What Xen knows of rings."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._rings: WeakKeyDictionary[Domain, dict[tuple[int, int], Ring]] = WeakKeyDictionary()
        # Xen counts a ring that is registered again once more.
        self.counts: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()
        self._lent: WeakKeyDictionary[Domain, dict[int, int]] = WeakKeyDictionary()

    def frame_of(self, domain: Domain, address: int) -> int:
        """The number of the frame that is at an address of this process, as /proc/self/pagemap tells.

        The page must be memory of the hypercall device: no other stays in place.
        """
        frame = _LENT + address // FRAME
        self._lent.setdefault(domain, {})[frame] = address // FRAME * FRAME
        return frame

    def rings(self, domain: Domain) -> dict[tuple[int, int], Ring]:
        """A domain's rings by (port, partner); without those whose partner is gone."""
        rings = self._rings.setdefault(domain, {})
        for key in [*rings]:
            partner = self._machine.domains.get(key[1])
            if key[1] != DOMID_ANY and partner is None:
                del rings[key]
                self.counts[domain] -= 1
        return rings

    def ring_for(self, domain: Domain, port: int, sender: int) -> Ring | None:
        """Which of a domain's rings takes what a sender sends to a port."""
        rings = self.rings(domain)
        return rings.get((port, sender)) or rings.get((port, DOMID_ANY))

    def page(self, domain: Domain, gfn: int) -> Page:
        """find_ring_mfn(): memory of the domain's own."""
        lent = self._lent.get(domain, {}).get(gfn)
        if lent is not None:
            return Page(self._machine, -1, lent)
        slot = domain.memory.slot(gfn)
        if slot is None:
            refuse(EINVAL)
        if domain.is_paged(gfn):
            refuse(EAGAIN)
        return Page(self._machine, domain.memory.fd, slot * FRAME)

    def signal(self, domid: int) -> None:
        """VIRQ_ARGO; nothing if the domain is gone."""
        domain = self._machine.domains.get(domid)
        if domain is not None:
            self._machine.event_channels.raise_virq(domain, VIRQ_ARGO)


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """argo_op(cmd, arg1, arg2, arg3, arg4)."""
    cmd, arg1, arg2, arg3, arg4 = args[:5]
    if arg3 >> 32 or arg4 >> 32:
        refuse(EINVAL)
    if caller.machine.argo == "off":
        refuse(EOPNOTSUPP)
    cmd &= 0xFFFF_FFFF
    argo = caller.machine.hypervisor.argo
    if cmd == REGISTER:
        if arg3 > _MAX_RING // FRAME:
            refuse(EINVAL)
        _register(caller, argo, arg1, arg2, arg3, arg4)
        return 0
    if cmd == SENDV:
        return _sendv(caller, argo, arg1, arg2, arg3, arg4)
    if cmd not in (UNREGISTER, NOTIFY):
        refuse(EOPNOTSUPP)
    if arg2 or arg3 or arg4:
        refuse(EINVAL)
    if cmd == NOTIFY:
        _notify(caller, argo, arg1)
        return 0
    port, partner, pad = struct.unpack("<IHH", caller.read(arg1, 8))
    if pad:
        refuse(EINVAL)
    if argo.rings(caller.domain).pop((port, partner), None) is None:
        refuse(ENOENT)
    argo.counts[caller.domain] -= 1
    return 0


def _register(caller: Caller, argo: Argo, reg: int, gfns: int, npages: int, flags: int) -> None:
    domain = caller.domain
    if flags & ~1:
        refuse(EINVAL)
    port, partner, pad, length = struct.unpack("<IHHI", caller.read(reg, 12))
    if not 3 * _SLOT <= length <= _MAX_RING or length % _SLOT or pad:
        refuse(EINVAL)
    if -(-(length + _HEAD) // FRAME) != npages:
        refuse(EINVAL)
    if partner == DOMID_ANY:
        if caller.machine.argo != "mac-permissive":
            refuse(EPERM)
    else:
        other = caller.machine.find(partner)
        if other is None:
            refuse(ESRCH)
        check_silo(domain, domain, other)
        if other.dying:
            # argo_destroy() was before the zombie's end.
            refuse(ECONNREFUSED)
    rings = argo.rings(domain)
    if argo.counts.get(domain, 0) >= _MAX_RINGS:
        refuse(ENOSPC)
    known = rings.get((port, partner))
    if known is not None and (flags or known.length != length):
        refuse(EEXIST)
    # From here on what there was is gone, whatever follows.
    rings.pop((port, partner), None)
    frames = [struct.unpack("<Q", caller.read(gfns + 8 * at, 8))[0] for at in range(npages)]
    ring = Ring(partner, length, [argo.page(domain, frame) for frame in frames])
    rx, tx = struct.unpack("<II", ring.read(0, 8))
    if tx >= length or tx % _SLOT:
        tx = _rounded(rx)
        tx = tx if tx < length else 0
        ring.write(4, struct.pack("<I", tx))
    ring.tx = tx
    if known is not None:
        ring.pending = known.pending
    rings[port, partner] = ring
    argo.counts[domain] = argo.counts.get(domain, 0) + 1


def _sendv(caller: Caller, argo: Argo, addresses: int, iovs: int, niov: int, kind: int) -> int:
    fields = struct.unpack("<IHHIHH", caller.read(addresses, 16))
    source_port, source, source_pad, port, domid, pad = fields
    if niov > _MAX_IOV:
        refuse(EINVAL)
    pieces = list(struct.iter_unpack("<QII", caller.read(iovs, 16 * niov)))
    if source_pad or pad:
        refuse(EINVAL)
    us = caller.domain.domid
    if source not in (DOMID_ANY, us):
        refuse(EPERM)
    target = caller.machine.find(domid)
    if target is None:
        refuse(ESRCH)
    check_silo(caller.domain, caller.domain, target)
    ring = None if target.dying else argo.ring_for(target, port, us)
    if ring is None:
        refuse(ECONNREFUSED)
    length = _length(pieces)
    if ring.length <= _MESSAGE + _rounded(length):
        refuse(EMSGSIZE)
    free = ring.rx() - ring.tx
    if free <= 0:
        free += ring.length
    if _rounded(length) + _MESSAGE >= free:
        _wait_for_room(ring, us, length)
        refuse(EAGAIN)
    _insert(caller, ring, struct.pack("<IIHHI", length + _MESSAGE, source_port, us, 0, kind), pieces)
    argo.signal(domid)
    return length


def _length(pieces: list[tuple[int, ...]]) -> int:
    """iov_count()."""
    total = 0
    for _, size, pad in pieces:
        if pad or size > _MAX_MESSAGE:
            refuse(EINVAL)
        total += size
        if total > _MAX_MESSAGE:
            refuse(EMSGSIZE)
    return total


def _insert(caller: Caller, ring: Ring, header: bytes, pieces: list[tuple[int, ...]]) -> None:
    """ringbuf_insert(); a bad pointer leaves what was copied, but not the index."""
    data = header
    for address, size, _ in pieces:
        data += caller.read(address, size)
    at, rest = ring.tx, data
    while rest:
        part = rest[: ring.length - at]
        ring.write(_HEAD + at, part)
        rest = rest[len(part) :]
        at = (at + len(part)) % ring.length
    ring.tx = _rounded(at) % ring.length
    ring.write(4, struct.pack("<I", ring.tx))


def _wait_for_room(ring: Ring, domid: int, size: int) -> None:
    """pending_requeue(); OSError(EBUSY) if too many wait."""
    if domid not in ring.pending and len(ring.pending) >= _MAX_PENDING:
        refuse(EBUSY)
    ring.pending[domid] = max(ring.pending.get(domid, 0), size)


def _notify(caller: Caller, argo: Argo, data: int) -> None:
    for ring in argo.rings(caller.domain).values():
        room = ring.room()
        for domid, wanted in [*ring.pending.items()]:
            if room and room >= wanted:
                del ring.pending[domid]
                argo.signal(domid)
    if not data:
        return
    count, _ = struct.unpack("<II", caller.read(data, 8))
    if count > _MAX_NOTIFY:
        refuse(EACCES)
    for at in range(count):
        _answer(caller, argo, data + 8 + at * _ENTRY.size)


def _answer(caller: Caller, argo: Argo, at: int) -> None:
    """fill_ring_data(); what it says of the size is as asked where there is no ring."""
    port, domid, _, _, _, wanted, largest = _ENTRY.unpack(caller.read(at, _ENTRY.size))
    flags = 0
    us = caller.domain.domid
    target = caller.machine.domains.get(domid)
    if target is not None and keeps_apart(caller.domain, caller.domain, target):
        target = None
    ring = None if target is None else argo.ring_for(target, port, us)
    if ring is not None:
        largest = ring.largest()
        room = ring.room()
        flags = _EXISTS | (_SHARED if ring.partner == DOMID_ANY else 0)
        if wanted > largest:
            flags |= _EMSGSIZE
        elif room >= wanted:
            ring.pending.pop(us, None)
            flags |= _SUFFICIENT
        else:
            try:
                _wait_for_room(ring, us, wanted)
            except OSError:
                flags |= _EBUSY
        if room == largest:
            flags |= _EMPTY
    caller.write(at + 8, struct.pack("<H", flags))
    caller.write(at + 16, struct.pack("<I", largest))


def _rounded(size: int) -> int:
    return -(-size // _SLOT) * _SLOT
