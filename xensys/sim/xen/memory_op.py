"""memory_op (12): xen/common/memory.c, xen/arch/*/mm.c."""

from __future__ import annotations

import ctypes
import struct
from errno import EINVAL, ENOSYS, EOPNOTSUPP, EPERM

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen import physmap
from xensys.sim.xen.access import refusal, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.xen.access import Caller

_E820_MAX = 1024
_MACH2PHYS_START, _MACH2PHYS_END = 0xFFFF_8000_0000_0000, 0xFFFF_8040_0000_0000


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """memory_op(cmd, arg): bits 0-5 of cmd are the operation, the rest where to start."""
    cmd, arg = args[0], args[1]
    op, start = cmd & 0x3F, cmd >> 6
    if op == 12 and caller.domain.kind in ("pvh", "hvm"):
        refuse(ENOSYS)
    if op in (physmap.INCREASE_RESERVATION, physmap.DECREASE_RESERVATION, physmap.POPULATE_PHYSMAP):
        return physmap.reservation(caller, op, arg, start)
    if op in _COMMON:
        if start and op not in (7, 23, 28):
            refuse(EINVAL)
        if start:
            raise SimulatorGap(f"memory_op({op}) continued at {start}")
        return _COMMON[op](caller, op, arg)
    # The architecture's part takes cmd as a whole.
    if caller.domain.kind == "arm":
        if ctypes.c_int(cmd).value in (18, 19):
            return 0
        refuse(ENOSYS)
    handler = _X86.get(cmd)
    if handler is not None:
        return handler(caller, op, arg)
    if cmd == 21:
        raise SimulatorGap(f"memory_op({cmd})")
    # 8 is gone; 20 and 22 need CONFIG_MEM_PAGING and CONFIG_MEM_SHARING.
    raise refusal(ENOSYS)


def _maximum_ram_page(caller: Caller, op: int, arg: int) -> int:
    return caller.machine.machine_pages


def _domain_number(caller: Caller, op: int, arg: int) -> int:
    domid: int
    (domid,) = struct.unpack("<H", caller.read(arg, 2))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    if op == 3:
        return domain.memory.total
    if op == 4:
        return domain.memory.maximum
    highest = domain.memory.highest()
    # A PV domain reports how many frame numbers it uses, less one.
    return max(highest - (0 if domain.translated else domain.first_gfn), 0)


def _get_vnumainfo(caller: Caller, op: int, arg: int) -> int:
    domid, pad = struct.unpack_from("<HH", caller.read(arg, 40))
    if pad:
        refuse(EINVAL)
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    # No domain here has a virtual NUMA topology.
    refuse(EOPNOTSUPP)


def _reserved_device_memory_map(caller: Caller, op: int, arg: int) -> int:
    raw = bytearray(caller.read(arg, 24))
    (flags,) = struct.unpack_from("<I", raw)
    if flags & ~1:
        refuse(EINVAL)
    # This machine's firmware reserves nothing for devices.
    struct.pack_into("<I", raw, 4, 0)
    caller.write(arg, bytes(raw))
    return 0


def _acquire_resource(caller: Caller, op: int, arg: int) -> int:
    """By raw hypercall; through MMAP_RESOURCE it is the kernel that calls."""
    raw = caller.read(arg, 32)
    domid, kind, number, count, pad, frame, frames = struct.unpack("<HHIIIQQ", raw)
    if pad and caller.machine.xen >= (4, 13):
        refuse(EINVAL)
    if frame >> 32 or frame + count >> 32:
        refuse(EINVAL)
    resources = caller.machine.hypervisor.resources
    if frames == 0:
        size = resources.size(caller, domid, kind, number)
        if count:
            refuse(EINVAL)
        caller.write(arg + 8, struct.pack("<I", size))
        return 0
    if count == 0:
        resources.size(caller, domid, kind, number)
        refuse(EINVAL)
    slots = resources.acquire(caller, domid, kind, number, frame, count)
    if caller.domain.translated:
        caller.read(frames, 8 * count)
        raise SimulatorGap("memory_op(XENMEM_acquire_resource) into frames of one's own: use MMAP_RESOURCE")
    domain = caller.remote_domain(domid)
    caller.write(
        frames, struct.pack(f"<{count}Q", *(physmap.machine_frame(domain, slot) for slot in slots))
    )
    return 0


def _set_memory_map(caller: Caller, op: int, arg: int) -> int:
    domid, count, buffer = struct.unpack("<HxxxxxxIxxxxQ", caller.read(arg, 24))
    if count > _E820_MAX:
        refuse(EINVAL)
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    domain.e820 = list(struct.iter_unpack("<QQI", caller.read(buffer, 20 * count)))
    return 0


def _memory_map(caller: Caller, op: int, arg: int) -> int:
    room, buffer = struct.unpack("<IxxxxQ", caller.read(arg, 16))
    rows = caller.domain.e820
    if not rows:
        refuse(ENOSYS)
    count = min(room, len(rows))
    caller.write(buffer, b"".join(struct.pack("<QQI", *row) for row in rows[:count]))
    caller.write(arg, struct.pack("<I", count))
    return 0


def _machine_memory_map(caller: Caller, op: int, arg: int) -> int:
    if not caller.domain.privileged:
        refuse(EPERM)
    room, buffer = struct.unpack("<IxxxxQ", caller.read(arg, 16))
    rows = caller.machine.e820
    if buffer:
        if room < len(rows):
            refuse(EINVAL)
        caller.write(buffer, b"".join(struct.pack("<QQI", *row) for row in rows))
    caller.write(arg, struct.pack("<I", len(rows)))
    return 0


def _machphys_mfn_list(caller: Caller, op: int, arg: int) -> int:
    # One frame number for each 2 MiB of the table, which has 8 bytes per page of
    # the machine and lies at the end of its memory.
    room, start, _ = struct.unpack("<IxxxxQIxxxx", caller.read(arg, 24))
    pages = caller.machine.machine_pages
    size = -(-pages * 8 // (2 << 20))
    count = min(room, size)
    for index in range(count):
        caller.write(start + 8 * index, struct.pack("<Q", pages - (size - index) * 512))
    caller.write(arg + 16, struct.pack("<I", count))
    return 0


def _machphys_compat_mfn_list(caller: Caller, op: int, arg: int) -> int:
    # 32-bit PV guests are off unless asked for on Xen's command line.
    refuse(EOPNOTSUPP)


def _machphys_mapping(caller: Caller, op: int, arg: int) -> int:
    last = caller.machine.machine_pages - 1
    if caller.domain.domid != 0:
        last = (_MACH2PHYS_END - _MACH2PHYS_START) // 8 - 1
    caller.write(arg, struct.pack("<QQQ", _MACH2PHYS_START, _MACH2PHYS_END, last))
    return 0


def _pod_target(caller: Caller, op: int, arg: int) -> int:
    raw = bytearray(caller.read(arg, 40))
    (domid,) = struct.unpack_from("<H", raw, 32)
    domain = caller.any_domain(domid)
    if not domain.translated:
        refuse(EINVAL)
    if not caller.domain.privileged:
        refuse(EPERM)
    # Without populate-on-demand entries, and nobody here has any, setting changes nothing.
    if op == 16 and struct.unpack_from("<Q", raw)[0] > domain.memory.maximum:
        refuse(EINVAL)
    struct.pack_into("<QQQ", raw, 8, domain.memory.total, 0, 0)
    caller.write(arg, bytes(raw))
    return 0


def _sharing_count(caller: Caller, op: int, arg: int) -> int:
    return 0


_COMMON: dict[int, Callable[[Caller, int, int], int]] = {
    2: _maximum_ram_page,
    3: _domain_number,
    4: _domain_number,
    7: physmap.add_to_physmap,
    11: physmap.exchange,
    14: _domain_number,
    15: physmap.remove_from_physmap,
    23: physmap.add_to_physmap_batch,
    24: physmap.claim_pages,
    26: _get_vnumainfo,
    27: _reserved_device_memory_map,
    28: _acquire_resource,
}

_X86: dict[int, Callable[[Caller, int, int], int]] = {
    5: _machphys_mfn_list,
    9: _memory_map,
    10: _machine_memory_map,
    12: _machphys_mapping,
    13: _set_memory_map,
    16: _pod_target,
    17: _pod_target,
    18: _sharing_count,
    19: _sharing_count,
    25: _machphys_compat_mfn_list,
}
