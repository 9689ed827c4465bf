"""Pages of domains: who gets some, and at which frame number. xen/common/memory.c, page_alloc.c, p2m.c.

The calls of memory_op that change something; `memory_op` dispatches to them.
"""

from __future__ import annotations

import os
import struct
from errno import (
    EACCES,
    EBUSY,
    EFAULT,
    EINVAL,
    ENOENT,
    ENOMEM,
    ENOSYS,
    EOPNOTSUPP,
    EOVERFLOW,
    EPERM,
    ESRCH,
)
from weakref import WeakKeyDictionary

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refuse
from xensys.sim.xen.resources import may_map_foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.machine import Machine
    from xensys.sim.xen.access import Caller

INCREASE_RESERVATION, DECREASE_RESERVATION, POPULATE_PHYSMAP = 0, 1, 6
SHARED_INFO, GRANT_TABLE, GMFN, GMFN_RANGE, GMFN_FOREIGN, DEV_MMIO = range(6)

_RESERVATION = struct.Struct("<QQIIHxxxxxx")
_EXCHANGE = struct.Struct("<QQIIHxxxxxxQQIIHxxxxxxQ")
_NR_EXCHANGED = 64
_EXTENT_LIMIT = 0xFFFF_FFFF >> 6
_MAX_ORDER = 18
_ALL_ONES = (1 << 64) - 1
_STATUS_FRAME = 0x8000_0000
_POPULATE_ON_DEMAND, _EXACT_NODE, _VNODE = 1 << 16, 1 << 17, 1 << 18
_NO_NODE = 0xFF
_RAM_RW, _MMIO_DM = 0, 2
_NODES = {"x86_64": 64, "arm64": 1}

# Each domain's shared_info page, its claim in pages, and the numbers of its pages as machine frames.
_shared_info: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()
_claims: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()
_machine_frames: WeakKeyDictionary[Domain, dict[int, int]] = WeakKeyDictionary()


def max_order(caller: Caller) -> int:
    """The largest extent: CONFIG_CTLDOM_MAX_ORDER and CONFIG_DOMU_MAX_ORDER as built by default."""
    return _MAX_ORDER if caller.domain.domid == 0 else 9


def machine_frame(domain: Domain, slot: int) -> int:
    """The machine frame of a page that is at no frame number of a PV domain: from the top down."""
    known = _machine_frames.setdefault(domain, {})
    if slot not in known:
        taken = sum(len(frames) for frames in _machine_frames.values())
        known[slot] = domain.machine.machine_pages - 1 - taken
    return known[slot]


# --- how much ------------------------------------------------------------------


def reservation(caller: Caller, op: int, arg: int, start: int) -> int:
    """The three that never fail: they return how many extents are done."""
    count: int
    try:
        address, count, order, flags, domid = _RESERVATION.unpack(caller.read(arg, 32))
        if count > _EXTENT_LIMIT or start >= count:
            return start
        domain = caller.any_domain(domid)
        exact_elsewhere = _check_flags(caller, flags)
        caller.require_target(domain)
    except OSError:
        return start
    on_demand = op == POPULATE_PHYSMAP and flags & _POPULATE_ON_DEMAND
    if order > (_MAX_ORDER if on_demand else max_order(caller)):
        return start
    if exact_elsewhere and op != DECREASE_RESERVATION:
        return start
    if on_demand:
        return _populate_on_demand(caller, domain, count, start)
    step = {
        INCREASE_RESERVATION: _increase,
        DECREASE_RESERVATION: _decrease,
        POPULATE_PHYSMAP: _populate,
    }[op]
    for index in range(start, count):
        try:
            done = step(caller, domain, address and address + 8 * index, 1 << order)
        except OSError:
            done = False
        if not done:
            return index
    return count


def _check_flags(caller: Caller, flags: int) -> bool:
    """construct_memop_from_reservation(); whether memory is wanted of a node that has none."""
    bits = flags & 0xFF
    if bits and bits < caller.machine.machine_pages.bit_length() + 12:
        if bits <= 12:
            refuse(EINVAL)
        if bits < 32:
            raise SimulatorGap(f"memory_op with memory below 2**{bits}")
    # No domain here has a virtual NUMA topology, and the machine has one node.
    if flags & _VNODE:
        return False
    node = (flags >> 8) - 1 & 0xFF
    if node == _NO_NODE:
        return False
    if not caller.domain.privileged:
        if flags & _EXACT_NODE:
            refuse(EINVAL)
        return False
    if node >= _NODES[caller.machine.arch]:
        refuse(EINVAL)
    return bool(flags & _EXACT_NODE and node)


def _populate_on_demand(caller: Caller, domain: Domain, count: int, start: int) -> int:
    if domain is caller.domain or domain.kind == "arm":
        return start
    if domain.translated:
        raise SimulatorGap("memory_op(XENMEM_populate_physmap) on demand")
    return count


def _increase(caller: Caller, domain: Domain, place: int, frames: int) -> bool:
    if not _affordable(domain, frames):
        return False
    if domain.translated:
        _allocated(domain, frames)
        domain.memory.total += frames
        return True
    first = _new_machine_frames(domain, frames)
    if place:
        caller.write(place, struct.pack("<Q", first))
    return True


def _populate(caller: Caller, domain: Domain, place: int, frames: int) -> bool:
    (gfn,) = struct.unpack("<Q", caller.read(place, 8))
    if domain.kind == "arm" and domain.domid == 0:
        raise SimulatorGap("memory_op(XENMEM_populate_physmap) on a direct-mapped domain")
    if not _affordable(domain, frames):
        return False
    if not domain.translated:
        # Where it appears is the domain's own affair: it is told the machine frame.
        caller.write(place, struct.pack("<Q", _new_machine_frames(domain, frames)))
        return True
    _allocated(domain, frames)
    # What was there stays the domain's, and is nowhere any more.
    domain.memory.populate(gfn, frames)
    return True


def _decrease(caller: Caller, domain: Domain, place: int, frames: int) -> bool:
    (gfn,) = struct.unpack("<Q", caller.read(place, 8))
    for frame in range(gfn, gfn + frames):
        slot = domain.memory.slot(frame)
        if slot is None:
            return False
        if domain.kind == "arm" and domain.domid == 0:
            # Direct-mapped: it must get the same page back.
            domain.memory.place(frame, None)
        elif slot in _special(domain):
            domain.memory.place(frame, None)
        else:
            domain.memory.remove(frame)
    return True


def _vacate(domain: Domain, gfn: int) -> None:
    """What is at a frame number makes room: a page of Xen's is unhooked, else it is freed."""
    slot = domain.memory.slot(gfn)
    if slot is None:
        return
    if slot in _special(domain):
        domain.memory.place(gfn, None)
    elif domain.kind == "arm":
        # Still the domain's, and nowhere any more.
        domain.memory.place(gfn, None)
    else:
        domain.memory.remove(gfn)


def _affordable(domain: Domain, frames: int) -> bool:
    """assign_pages() and alloc_heap_pages(): neither the domain's maximum nor a claim is in the way."""
    if domain.dying or domain.memory.total + frames > domain.memory.maximum:
        return False
    own = _claims.get(domain, 0)
    return own >= frames or _outstanding(domain.machine) + frames <= _available(domain.machine)


def _allocated(domain: Domain, frames: int) -> None:
    """What a domain gets counts against its claim."""
    left = _claims.pop(domain, 0) - frames
    if left > 0:
        _claims[domain] = left


def _new_machine_frames(domain: Domain, frames: int) -> int:
    """Populate a PV domain: frames in a row, aligned to how many they are."""
    _allocated(domain, frames)
    top = max(domain.memory.highest() + 1, domain.first_gfn)
    first = -(-top // frames) * frames
    domain.memory.populate(first, frames)
    return first


def _available(machine: Machine) -> int:
    return machine.machine_pages - sum(domain.memory.total for domain in machine.domains.values())


def _outstanding(machine: Machine) -> int:
    return sum(claim for domain, claim in _claims.items() if domain in machine.domains.values())


def claim_pages(caller: Caller, op: int, arg: int) -> int:
    """domain_set_outstanding_pages()"""
    address, pages, order, flags, domid = _RESERVATION.unpack(caller.read(arg, 32))
    if address or order or flags:
        refuse(EINVAL)
    domain = caller.machine.find(domid)
    if domain is None:
        refuse(EINVAL)
    if not caller.domain.privileged:
        refuse(EPERM)
    if pages == 0:
        _claims.pop(domain, None)
        return 0
    total = domain.memory.total
    if domain in _claims or not total < pages <= domain.memory.maximum:
        refuse(EINVAL)
    if pages - total > _available(caller.machine) - _outstanding(caller.machine):
        refuse(ENOMEM)
    _claims[domain] = pages - total
    return 0


def claimed(domain: Domain) -> int:
    """Pages that a domain may still have of its claim."""
    return _claims.get(domain, 0)


def exchange(caller: Caller, op: int, arg: int) -> int:
    """memory_exchange()"""
    given, count, order, _, domid, wanted, new_count, new_order, flags, new_domid, done = _EXCHANGE.unpack(
        caller.read(arg, _EXCHANGE.size)
    )
    failure = 0
    try:
        if max(order, new_order) > max_order(caller):
            refuse(EPERM)
        if done > count or domid != new_domid:
            refuse(EINVAL)
        if count << order > _ALL_ONES or new_count << new_order > _ALL_ONES:
            refuse(EINVAL)
        if count << order != new_count << new_order:
            refuse(EINVAL)
        if done == count:
            return 0
        if _check_flags(caller, flags & ~0xFF):
            refuse(ENOMEM)
        domain = caller.any_domain(domid)
        caller.require_target(domain)
        chunk = 1 << max(order, new_order)
        per_in, per_out = chunk >> order, chunk >> new_order
        while done < count:
            old = [
                first + offset
                for (first,) in struct.iter_unpack("<Q", caller.read(given + 8 * done, 8 * per_in))
                for offset in range(1 << order)
            ]
            for frame in old:
                _check_steal(domain, frame)
            for frame in old:
                domain.memory.remove(frame)
            at = done // per_in * per_out
            for index in range(at, at + per_out):
                new = _new_machine_frames(domain, 1 << new_order)
                caller.write(wanted + 8 * index, struct.pack("<Q", new))
            done += per_in
    except OSError as error:
        failure = error.errno or EFAULT
    caller.write(arg + _NR_EXCHANGED, struct.pack("<Q", done))
    if failure:
        raise OSError(failure, os.strerror(failure))
    return 0


def _check_steal(domain: Domain, frame: int) -> None:
    """steal_page()"""
    slot = domain.memory.slot(frame)
    if slot is None:
        refuse(EINVAL)
    if domain.translated:
        refuse(EOPNOTSUPP)
    if domain.memory.in_use(slot):
        refuse(EINVAL)


# --- where ---------------------------------------------------------------------


def add_to_physmap(caller: Caller, op: int, arg: int) -> int:
    """XENMEM_add_to_physmap"""
    domid, size, space, idx, gpfn = struct.unpack("<HHIQQ", caller.read(arg, 24))
    if space == GMFN_FOREIGN:
        refuse(ENOSYS)
    domain = caller.any_domain(domid)
    _check_permission(caller, domain, space)
    if gpfn == _ALL_ONES:
        refuse(EINVAL)
    if space != GMFN_RANGE:
        _add_one(caller, domain, space, idx, gpfn)
        return 0
    move_range(caller, domain, idx, gpfn, size)
    return 0


def add_to_physmap_batch(caller: Caller, op: int, arg: int) -> int:
    """XENMEM_add_to_physmap_batch"""
    domid, space, size, foreign, idxs, gpfns, errs = struct.unpack("<HHHHQQQ", caller.read(arg, 32))
    if space == GMFN_RANGE:
        refuse(EOPNOTSUPP)
    domain = caller.any_domain(domid)
    _check_permission(caller, domain, space)
    if size == 0:
        return 0
    if space == DEV_MMIO and foreign:
        refuse(EOPNOTSUPP)
    for index in range(size):
        (idx,) = struct.unpack("<Q", caller.read(idxs + 8 * index, 8))
        (gpfn,) = struct.unpack("<Q", caller.read(gpfns + 8 * index, 8))
        if gpfn == _ALL_ONES:
            refuse(EINVAL)
        error = 0
        try:
            if space == GMFN_FOREIGN:
                _add_foreign(caller, domain, foreign, idx)
            else:
                _add_one(caller, domain, space, idx, gpfn)
        except OSError as refusal:
            error = refusal.errno or EINVAL
        caller.write(errs + 4 * index, struct.pack("<i", -error))
    return 0


def remove_from_physmap(caller: Caller, op: int, arg: int) -> int:
    """XENMEM_remove_from_physmap: it stays the domain's page, only its place is gone."""
    domid, gfn = struct.unpack("<HxxxxxxQ", caller.read(arg, 16))
    domain = caller.any_domain(domid)
    if not domain.translated:
        refuse(EACCES)
    caller.require_target(domain)
    if domain.memory.slot(gfn) is None:
        refuse(ENOENT)
    domain.memory.place(gfn, None)
    return 0


def _check_permission(caller: Caller, domain: Domain, space: int) -> None:
    """xatp_permission_check()"""
    if not domain.translated:
        refuse(EACCES)
    if space == DEV_MMIO and not (domain.domid == 0 and domain is caller.domain):
        refuse(EACCES)
    caller.require_target(domain)


def move_range(caller: Caller, domain: Domain, source: int, target: int, size: int) -> None:
    """xenmem_add_to_physmap() with a range, also for dm_op's relocate_memory"""
    if max(source, target) + size > _ALL_ONES:
        refuse(EOVERFLOW)
    indexes = range(size)
    # Since 4.20.3 (04747ce00c) none is lost of ranges that overlap.
    backwards = caller.machine.xen >= (4, 20) and source < target < source + size
    for index in reversed(indexes) if backwards else indexes:
        _add_one(caller, domain, GMFN, source + index, target + index)


def _add_one(caller: Caller, domain: Domain, space: int, idx: int, gfn: int) -> None:
    """xenmem_add_to_physmap_one()"""
    arm = domain.kind == "arm"
    if space == DEV_MMIO and arm:
        raise SimulatorGap("memory_op(XENMEM_add_to_physmap), space dev_mmio")
    if arm and space not in (SHARED_INFO, GRANT_TABLE):
        refuse(ENOSYS)
    find: Callable[[Domain, int], int] | None = {
        SHARED_INFO: _shared_info_page,
        GRANT_TABLE: _grant_page,
        GMFN: _own_page,
    }.get(space)
    if find is None:
        refuse(EINVAL)
    if space == GMFN:
        _check_movable(caller, domain, idx)
    slot = find(domain, idx)
    memory = domain.memory
    old = idx if space == GMFN else _where(domain, slot)
    if arm and old is not None:
        # It has to be removed from there first.
        refuse(EBUSY)
    if memory.slot(gfn) != slot:
        _vacate(domain, gfn)
    if old is not None and old != gfn:
        memory.place(old, None)
    memory.place(gfn, slot)
    if space == GMFN:
        # What comes is ordinary memory, whatever went.
        domain.mem_types.pop(idx, None)
        domain.mem_types.pop(gfn, None)


def _check_movable(caller: Caller, domain: Domain, gfn: int) -> None:
    kind = domain.mem_types.get(gfn, _RAM_RW)
    there = domain.memory.slot(gfn) is not None and not domain.is_paged(gfn)
    # Since 4.20.3 (219510a9d6) ordinary memory alone.
    if caller.machine.xen >= (4, 20) and (kind != _RAM_RW or not there):
        refuse(EACCES)
    if kind == _MMIO_DM or not there:
        refuse(EINVAL)


def _add_foreign(caller: Caller, domain: Domain, domid: int, gfn: int) -> None:
    """p2m_add_foreign(), and arm's own"""
    if domain.kind != "arm" and not may_map_foreign(domain):
        refuse(EPERM)
    other = caller.machine.find(domid)
    if other is None:
        refuse(ESRCH)
    if other is domain:
        refuse(EINVAL)
    if other is caller.domain and domain.kind != "arm":
        refuse(EPERM)
    caller.require_target(other)
    if other.memory.slot(gfn) is None:
        refuse(EINVAL)
    raise SimulatorGap("memory_op(XENMEM_add_to_physmap_batch), space gmfn_foreign")


def _shared_info_page(domain: Domain, idx: int) -> int:
    if idx:
        refuse(EINVAL)
    if domain not in _shared_info:
        _shared_info[domain] = domain.memory.new_slot()
    return _shared_info[domain]


def _grant_page(domain: Domain, idx: int) -> int:
    """gnttab_map_frame(): asking for more makes the table grow."""
    if domain.grant_version == 2 and idx & _STATUS_FRAME:
        idx = idx & ~_STATUS_FRAME & 0xFFFF_FFFF
        # As many frames of the table as fill this many with status words.
        frames, slots = (idx + 1) * 8, domain.status_slots
    else:
        idx &= 0xFFFF_FFFF
        frames, slots = idx + 1, domain.grant_slots
    if idx >= len(slots) and frames <= domain.max_grant_frames:
        domain.grants.grow(frames)
        domain.grants.grow_status()
    if idx >= len(slots):
        refuse(EINVAL)
    return slots[idx]


def _own_page(domain: Domain, idx: int) -> int:
    slot = domain.memory.slot(idx)
    if slot is None:
        refuse(EINVAL)
    return slot


def _special(domain: Domain) -> set[int]:
    """Pages of Xen's own heap that a domain may see."""
    special = {*domain.grant_slots, *domain.status_slots}
    if domain in _shared_info:
        special.add(_shared_info[domain])
    return special


def _where(domain: Domain, slot: int) -> int | None:
    """At which frame number a page of Xen's is."""
    return domain.memory.placed_at(slot)
