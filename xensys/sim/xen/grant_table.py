"""grant_table_op (20): xen/common/grant_table.c.

What a caller maps by these hypercalls itself (its kernel does so for gntdev,
see `xensys.sim.gntdev`) is pinned and counted, and gives a handle; where in the
caller's addresses it would appear is not modelled: a translated caller's
frame, or a PV caller's page table entry.
"""

from __future__ import annotations

import struct
from errno import EBUSY, EFAULT, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, ERANGE

from xensys.sim.errors import SimulatorGap
from xensys.sim.grants import (
    BAD_DEV_ADDR,
    BAD_DOMAIN,
    BAD_GNTREF,
    BAD_HANDLE,
    BAD_PAGE,
    BAD_VIRT_ADDR,
    EAGAIN,
    GENERAL_ERROR,
    GTF_ACCEPT_TRANSFER,
    GTF_PERMIT_ACCESS,
    GTF_READING,
    GTF_TRANSITIVE,
    GTF_TYPE_MASK,
    GTF_WRITING,
    MAP_DEVICE,
    MAP_HOST,
    OKAY,
    PERMISSION_DENIED,
    RESERVED_ENTRIES,
    Entry,
    Refused,
)
from xensys.sim.guestmemory import FRAME
from xensys.sim.osmem import punch
from xensys.sim.silo import keeps_apart
from xensys.sim.xen.access import refuse
from xensys.sim.xen.grant_copy import Copier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

MAP, UNMAP, SETUP_TABLE, TRANSFER, COPY, QUERY_SIZE = 0, 1, 2, 4, 5, 6
UNMAP_AND_REPLACE, SET_VERSION, GET_STATUS_FRAMES, GET_VERSION = 7, 8, 9, 10
SWAP_GRANT_REF, CACHE_FLUSH = 11, 12

# xen/arch/x86/hvm/hypercall.c lets only these through.
_HVM_ALLOWS = frozenset((0, 1, 2, 5, 6, 8, 10, 11))
_SOURCE_GREF, _DEST_GREF = 1, 2
_CLEAN, _INVAL = 1, 2
_TRANSFER_COMMITTED, _TRANSFER_COMPLETED = 4, 8
# Machine frames of translated domains and of Xen's own pages are made up: high
# up, where no PV domain's are.
_TABLE_FRAMES = 0xF00_0000


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """grant_table_op(cmd, uop, count); cmd and count are 32 bits wide."""
    cmd, uop, count = args[0] & 0xFFFF_FFFF, args[1], args[2] & 0xFFFF_FFFF
    if caller.domain.kind in ("pvh", "hvm") and cmd not in _HVM_ALLOWS:
        refuse(ENOSYS)
    if count >= 1 << 31:
        refuse(EINVAL)
    # Above bit 11 is for continuations of cache_flush.
    opaque, cmd = cmd & ~0xFFF, cmd & 0xFFF
    if opaque and cmd != CACHE_FLUSH:
        refuse(EINVAL)
    once = _ONCE.get(cmd)
    if once is not None:
        return once(caller, uop, count)
    found = _EACH.get(cmd)
    if found is None:
        refuse(ENOSYS)
    size, work = found
    # guest_handle_okay(): not addresses of Xen's.
    if uop + size * count > 1 << 63:
        refuse(EFAULT)
    for index in range(count):
        work(caller, uop + size * index)
    return 0


def _target(caller: Caller, domid: int) -> Domain | int:
    """The domain, or the status that says why not."""
    try:
        domain = caller.any_domain(domid)
    except OSError:
        return BAD_DOMAIN
    try:
        caller.require_target(domain)
    except OSError:
        return PERMISSION_DENIED
    return domain


# Once per call


def _query_size(caller: Caller, uop: int, count: int) -> int:
    if count != 1:
        refuse(EINVAL)
    raw = bytearray(caller.read(uop, 16))
    domain = _target(caller, struct.unpack_from("<H", raw)[0])
    if isinstance(domain, int):
        struct.pack_into("<h", raw, 12, domain)
    else:
        frames = len(domain.grant_slots)
        struct.pack_into("<IIh", raw, 4, frames, domain.max_grant_frames, OKAY)
    caller.write(uop, bytes(raw))
    return 0


def _setup_table(caller: Caller, uop: int, count: int) -> int:
    if count != 1:
        refuse(EINVAL)
    domid, frames, array = struct.unpack_from("<HxxIxxxxxxxxQ", caller.read(uop, 24))
    domain = _target(caller, domid)
    status = OKAY
    if isinstance(domain, int):
        status = domain
    elif frames > domain.max_grant_frames:
        status = GENERAL_ERROR
    else:
        domain.grants.grow(frames)
        status = _give_frames(caller, array, _table_frames(domain, frames, 0))
    caller.write(uop + 8, struct.pack("<h", status))
    return 0


def _get_status_frames(caller: Caller, uop: int, count: int) -> int:
    if count != 1:
        refuse(EINVAL)
    frames, domid, _status, array = struct.unpack("<IHhQ", caller.read(uop, 16))
    domain = _target(caller, domid)
    if isinstance(domain, int):
        status = domain
    elif frames > len(domain.status_slots):
        status = GENERAL_ERROR
    else:
        status = _give_frames(caller, array, _table_frames(domain, frames, 1))
    caller.write(uop + 6, struct.pack("<h", status))
    return 0


def _table_frames(domain: Domain, count: int, number: int) -> list[int]:
    """Frame numbers of a table's pages, as the caller may be told them."""
    if domain.translated:
        # Never put into its memory map here, as by XENMEM_add_to_physmap.
        return [(1 << 64) - 1] * count
    first = _TABLE_FRAMES + domain.domid * 0x1_0000 + number * 0x8000
    return list(range(first, first + count))


def _give_frames(caller: Caller, array: int, frames: list[int]) -> int:
    try:
        if frames:
            caller.write(array, struct.pack(f"<{len(frames)}Q", *frames))
    except OSError:
        return BAD_VIRT_ADDR
    return OKAY


def _get_version(caller: Caller, uop: int, count: int) -> int:
    (domid,) = struct.unpack_from("<H", caller.read(uop, 8))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    caller.write(uop + 4, struct.pack("<I", domain.grant_version))
    return 0


def _set_version(caller: Caller, uop: int, count: int) -> int:
    (version,) = struct.unpack("<I", caller.read(uop, 4))
    domain = caller.domain
    errno = _change_version(domain, version)
    caller.write(uop, struct.pack("<I", domain.grant_version))
    if errno:
        refuse(errno)
    return 0


def _change_version(domain: Domain, version: int) -> int:
    """gnttab_set_version(); 0 or an errno."""
    table = domain.grants
    if version not in (1, 2):
        return EINVAL
    if version == 2 and domain.kind == "arm":  # GNTTAB_MAX_VERSION
        return ENOSYS
    if version == domain.grant_version:
        return 0
    if any(ref >= RESERVED_ENTRIES for ref in table.active):
        return EBUSY
    kept: list[tuple[Entry, int]] = []
    for ref in range(RESERVED_ENTRIES):
        entry = table.entry(ref)
        kind = entry.flags & GTF_TYPE_MASK
        if version == 1 and (kind == GTF_TRANSITIVE or (kind == GTF_PERMIT_ACCESS and entry.frame >> 32)):
            return ERANGE
        if version == 1 and kind != GTF_PERMIT_ACCESS:
            entry = Entry(0, 0, 0)
        kept.append((entry, table.status(ref) if entry.flags else 0))
    for slot in (*domain.grant_slots, *domain.status_slots):
        punch(domain.memory.fd, slot * FRAME, FRAME)
    domain.grant_version = version
    if version == 1:
        domain.status_slots.clear()
    else:
        table.grow_status()
    for ref, (entry, status) in enumerate(kept):
        entry.flags &= ~(GTF_READING | GTF_WRITING)
        table.write(ref, entry)
        table.set_status(ref, status)
    return 0


# Once per entry


def _map(caller: Caller, at: int) -> None:
    raw = bytearray(caller.read(at, 32))
    address, flags, ref, domid = struct.unpack_from("<QIIH", raw)
    domain = caller.domain
    try:
        handle = domain.grants.map(caller.machine.find(domid), ref, flags)
    except Refused as refused:
        struct.pack_into("<h", raw, 18, refused.status)
    else:
        if domain.kind == "pv" and flags & MAP_HOST:
            domain.grants.unmap(handle.number)
            raise SimulatorGap("grant_table_op(map_grant_ref) into a PV domain's page tables")
        handle.host_addr = address
        struct.pack_into("<hIQ", raw, 18, OKAY, handle.number, handle.slot * FRAME)
    caller.write(at, bytes(raw))


def _unmap(caller: Caller, at: int) -> None:
    host, bus, number = struct.unpack_from("<QQI", caller.read(at, 24))
    table = caller.domain.grants
    status = OKAY
    handle = table.handles.get(number)
    if handle is None:
        status = BAD_HANDLE
    elif host and handle.flags & MAP_HOST and host != handle.host_addr:
        status = GENERAL_ERROR
    elif bus and handle.flags & MAP_DEVICE and bus != handle.slot * FRAME:
        status = BAD_DEV_ADDR
    else:
        # An address of 0 leaves that mapping; the handle lives as long as one is left.
        handle.flags &= ~((MAP_HOST if host else 0) | (MAP_DEVICE if bus else 0))
        if not handle.flags & (MAP_HOST | MAP_DEVICE):
            table.unmap(number)
    caller.write(at + 20, struct.pack("<h", status))


def _unmap_and_replace(caller: Caller, at: int) -> None:
    # arm has no mappings to replace (replace_grant_host_mapping()).
    (handle,) = struct.unpack_from("<I", caller.read(at, 24), 16)
    table = caller.domain.grants
    status = OKAY
    if handle not in table.handles:
        status = BAD_HANDLE
    elif caller.domain.kind == "arm":
        status = GENERAL_ERROR
    else:
        raise SimulatorGap("grant_table_op(unmap_and_replace) of a mapping")
    caller.write(at + 20, struct.pack("<h", status))


def _transfer(caller: Caller, at: int) -> None:
    if caller.domain.kind == "arm":  # no CONFIG_PV
        refuse(EOPNOTSUPP)
    gfn, domid, ref = struct.unpack_from("<QHxxI", caller.read(at, 24))
    status = _give_away(caller, gfn, domid, ref)
    caller.write(at + 16, struct.pack("<h", status))


def _give_away(caller: Caller, gfn: int, domid: int, ref: int) -> int:
    """One page of gnttab_transfer(); it is gone unless the status is bad_page."""
    domain = caller.domain
    if domain.memory.slot(gfn) is None:
        return BAD_PAGE
    data = domain.memory.read(gfn * FRAME, FRAME)
    domain.memory.remove(gfn)
    receiver = caller.machine.find(domid)
    if receiver is None:
        return BAD_DOMAIN
    if keeps_apart(domain, domain, receiver):
        return PERMISSION_DENIED
    if receiver.dying or receiver.memory.total >= receiver.memory.maximum:
        return GENERAL_ERROR
    if ref >= receiver.grants.entries:
        return GENERAL_ERROR
    entry = receiver.grants.entry(ref)
    if entry.flags != GTF_ACCEPT_TRANSFER or entry.domid != domain.domid:
        return GENERAL_ERROR
    if not receiver.translated:
        raise SimulatorGap(f"grant_table_op(transfer) to domain {domid}, a PV one")
    receiver.memory.populate(entry.frame)
    receiver.memory.write(entry.frame * FRAME, data)
    entry.flags |= _TRANSFER_COMMITTED | _TRANSFER_COMPLETED
    receiver.grants.write(ref, entry)
    return OKAY


def _copy(caller: Caller, at: int) -> None:
    raw = caller.read(at, 40)
    length, flags = struct.unpack_from("<HH", raw, 32)

    def side(bit: int, place: int) -> Copier:
        frame, domid, offset = struct.unpack_from("<QHH", raw, place)
        if flags & bit:
            return Copier.of_grant(caller.kernel, domid, frame & 0xFFFF_FFFF, offset)
        return Copier.of_frame(caller.kernel, domid, frame, offset)

    status = Copier.copy(side(_SOURCE_GREF, 0), side(_DEST_GREF, 16), length)
    caller.write(at + 36, struct.pack("<h", status))


def _swap_grant_ref(caller: Caller, at: int) -> None:
    first, second = struct.unpack_from("<II", caller.read(at, 12))
    table = caller.domain.grants
    status = OKAY
    if first >= table.entries or second >= table.entries:
        status = BAD_GNTREF
    elif first != second:
        if first in table.active or second in table.active:
            status = EAGAIN
        else:
            one, other = table.raw(first), table.raw(second)
            table.put_raw(first, other)
            table.put_raw(second, one)
    caller.write(at + 8, struct.pack("<h", status))


def _cache_flush(caller: Caller, uop: int, count: int) -> int:
    # x86 has it for PV domains only; HVM ones have been refused above.
    domain = caller.domain
    for index in range(count):
        address, offset, length, op = struct.unpack("<QHHI", caller.read(uop + 16 * index, 16))
        if offset >= FRAME or length > FRAME or offset + length > FRAME or op & ~(_CLEAN | _INVAL):
            refuse(EINVAL)
        if not length or not op:
            continue
        # A machine address; a translated domain's own are made up here as
        # everywhere, so that only what it has mapped can be told.
        frame = address // FRAME
        if any(handle.slot == frame for handle in domain.grants.handles.values()):
            if domain.kind != "arm" and op == _INVAL:
                refuse(EOPNOTSUPP)
            continue
        owner = _owner(caller, frame)
        if owner is None:
            refuse(EINVAL)
        if owner is not domain:
            refuse(EPERM)
        if domain.kind != "arm" and op == _INVAL:
            refuse(EOPNOTSUPP)
    return 0


def _owner(caller: Caller, frame: int) -> Domain | None:
    """Whose a machine frame is; only PV domains' are known."""
    for domain in caller.machine.domains.values():
        if not domain.translated and domain.memory.slot(frame) is not None:
            return domain
    return None


_ONCE: dict[int, Callable[[Caller, int, int], int]] = {
    SETUP_TABLE: _setup_table,
    QUERY_SIZE: _query_size,
    SET_VERSION: _set_version,
    GET_STATUS_FRAMES: _get_status_frames,
    GET_VERSION: _get_version,
    CACHE_FLUSH: _cache_flush,
}

#: Bytes of an entry, and what is done with each; 3 (dump_table) was never implemented.
_EACH: dict[int, tuple[int, Callable[[Caller, int], None]]] = {
    MAP: (32, _map),
    UNMAP: (24, _unmap),
    TRANSFER: (24, _transfer),
    COPY: (40, _copy),
    UNMAP_AND_REPLACE: (24, _unmap_and_replace),
    SWAP_GRANT_REF: (12, _swap_grant_ref),
}
