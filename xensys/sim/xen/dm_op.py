"""dm_op (41). xen/common/dm.c, xen/arch/x86/hvm/dm.c, xen/arch/arm/dm.c."""

from __future__ import annotations

import struct
from errno import (
    E2BIG,
    EAGAIN,
    EBUSY,
    EEXIST,
    EFAULT,
    EINVAL,
    ENODATA,
    ENOENT,
    ENOSPC,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
    ERANGE,
    ESRCH,
)

from xensys.sim import ioreq
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.xen import physmap
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

    Buffers: TypeAlias = list[tuple[int, int]]
    # Returns the structure if it is to be copied back.
    Handler: TypeAlias = "Callable[[Caller, Domain, bytes, Buffers], bytes | None]"

_RAM_RW, _RAM_RO, _MMIO_DM, _UNUSED = 0, 1, 2, 3
_CACHE_KINDS = (0, 1, 4, 5, 6, 7)
_DELETE = 0xFFFF_FFFF
_ALL_ONES = (1 << 64) - 1
_ADDRESS_BITS = 52 - 12
_PINNED = 64
_LOCAL_IRQS = 32


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """dm_op(domid, nr_bufs, bufs)."""
    _check_built(caller)
    domid, nr_bufs, bufs = args[0] & 0xFFFF, args[1] & 0xFFFF_FFFF, args[2]
    if nr_bufs > 2:
        refuse(E2BIG)
    if not nr_bufs:
        # Seen in 4.20.4-pre; released 4.20.0 goes by what is on its stack.
        if caller.machine.xen >= (4, 20):
            refuse(ENODATA)
        raise SimulatorMisuse("dm_op without buffers: older Xen goes by what is on its stack")
    return _dm_op(caller, domid, list(struct.iter_unpack("<QQ", caller.read(bufs, 16 * nr_bufs))))


def from_kernel(caller: Caller, domid: int, buffers: Buffers) -> int:
    """The same, with buffers that a kernel has pinned; at least one."""
    _check_built(caller)
    if len(buffers) > 2:
        refuse(E2BIG)
    return _dm_op(caller, domid, buffers)


def _check_built(caller: Caller) -> None:
    if not caller.machine.ioreq_server:
        refuse(ENOSYS)


def _dm_op(caller: Caller, domid: int, buffers: Buffers) -> int:
    arm = caller.machine.arch == "arm64"
    domain = caller.remote_domain(domid)
    if not arm and not domain.translated:
        refuse(EINVAL)
    if not caller.is_device_model_of(domain):
        refuse(EPERM)
    address, length = buffers[0]
    if length < 8:
        refuse(EFAULT)
    op, pad = struct.unpack("<II", caller.read(address, 8))
    known = _ARM if arm else _X86
    last = 20 if caller.machine.xen >= (4, 15) else 18
    if op > last:
        refuse(EOPNOTSUPP)
    size, handler = known.get(op, (0, None))
    if length < 8 + size:
        refuse(EFAULT)
    data = caller.read(address + 8, size) if size else b""
    if pad:
        refuse(EINVAL)
    if handler is None:
        refuse(EOPNOTSUPP)
    back = handler(caller, domain, data, buffers)
    if back is not None:
        caller.write(address + 8, back)
    return 0


# ioreq servers: xen/common/ioreq.c


def _create(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes:
    handling, pad, _ = struct.unpack("<B3sH", data)
    if any(pad):
        refuse(EINVAL)
    ioreq.check_handling(domain, handling)
    number = next((i for i in range(ioreq.SERVERS) if i not in domain.ioreq_servers), None)
    if number is None:
        refuse(ENOSPC)
    server = ioreq.IoreqServer(domain, caller.domain.domid, number, handling)
    domain.ioreq_servers[number] = server
    return struct.pack("<B3sH", handling, pad, number)


def _info(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes:
    number, flags, port, ioreq_gfn, bufioreq_gfn = struct.unpack("<HHIQQ", data)
    if flags & ~1:
        refuse(EINVAL)
    server = ioreq.find(domain, number, caller.domain)
    if not flags:
        found, buffered = server.gfns()
        assert found is not None
        ioreq_gfn, bufioreq_gfn = found, bufioreq_gfn if buffered is None else buffered
    if server.handling:
        port = server.bufioreq_port
    return struct.pack("<HHIQQ", number, flags, port, ioreq_gfn, bufioreq_gfn)


def _range(caller: Caller, domain: Domain, data: bytes) -> tuple[ioreq.RangeSet, int, int]:
    number, pad, kind, first, last = struct.unpack("<HHIQQ", data)
    if pad or first > last:
        refuse(EINVAL)
    server = ioreq.find(domain, number, caller.domain)
    if kind > ioreq.PCI:
        refuse(EINVAL)
    return server.ranges[kind], first, last


def _map_io(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    ranges, first, last = _range(caller, domain, data)
    if ranges.overlaps(first, last):
        refuse(EEXIST)
    ranges.add(first, last)


def _unmap_io(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    ranges, first, last = _range(caller, domain, data)
    if not ranges.contains(first, last):
        refuse(ENOENT)
    ranges.remove(first, last)


def _set_state(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    number, enabled, pad = struct.unpack("<HBB", data)
    if pad:
        refuse(EINVAL)
    server = ioreq.find(domain, number, caller.domain)
    if enabled:
        server.enable()
    else:
        server.disable()


def _destroy(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    number, pad = struct.unpack("<HH", data)
    if pad:
        refuse(EINVAL)
    ioreq.find(domain, number, caller.domain).destroy()


def _map_type(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes:
    number, kind, flags, opaque = struct.unpack("<HHIQ", data)
    if opaque:
        raise SimulatorMisuse("map_mem_type_to_ioreq_server with opaque: that is Xen's own")
    if kind != ioreq.TYPE_IOREQ_SERVER or flags & ~2:
        refuse(EINVAL)
    server = ioreq.find(domain, number, caller.domain)
    if flags:
        if domain.ioreq_mem_server is not None:
            refuse(EBUSY)
        domain.ioreq_mem_server = server
    else:
        if domain.ioreq_mem_server is not server:
            refuse(EINVAL)
        domain.ioreq_mem_server = None
        ioreq.reset_type(domain)
    return data


# Memory: xen/arch/x86/hvm/dm.c


def _track(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    nr, pad, first = struct.unpack("<IIQ", data)
    if pad or len(buffers) < 2 or nr > 1 << 18:
        refuse(EINVAL)
    if domain.dying:
        refuse(ESRCH)
    address, length = buffers[1]
    size = -(-nr // 8)
    if size > length:
        refuse(EINVAL)
    memory = domain.memory
    if not nr:
        domain.vram = memory.written = None
        return
    dirty = memory.written
    if domain.vram != (first, nr) or dirty is None:
        domain.vram = first, nr
        bitmap = b"\xff" * size
    else:
        bits = sum(1 << gfn - first for gfn in dirty if first <= gfn < first + nr)
        bitmap = bits.to_bytes(size, "little")
    memory.written = set()
    caller.write(address, bitmap)


def _modified(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes | None:
    count, done = struct.unpack("<II", data)
    if len(buffers) != 2 and caller.machine.xen >= (4, 20):
        # Since 4.20.3 (d05f4c9832).
        refuse(EINVAL)
    if domain.log_dirty is None:
        return None
    if len(buffers) < 2:
        raise SimulatorMisuse("modified_memory with one buffer: older Xen reads what is on its stack")
    address, length = buffers[1]
    if length // 16 < count:
        refuse(EINVAL)
    while count:
        nr, pad, first = struct.unpack("<IIQ", caller.read(address + 16 * (count - 1), 16))
        end = first + nr & (1 << 64) - 1
        if pad or end <= first or end > domain.memory.highest() or done >= nr:
            refuse(EINVAL)
        domain.log_dirty.update(
            gfn for gfn in range(first + done, end) if domain.memory.slot(gfn) is not None
        )
        count, done = count - 1, 0
    return None


def _set_type(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes:
    nr, kind, pad, first = struct.unpack("<IHHQ", data)
    last = first + nr - 1 & (1 << 64) - 1
    if pad or first > last or last > domain.memory.highest():
        refuse(EINVAL)
    if kind > ioreq.TYPE_IOREQ_SERVER or kind == _UNUSED:
        refuse(EINVAL)
    if kind == ioreq.TYPE_IOREQ_SERVER and domain.ioreq_mem_server is None:
        refuse(EINVAL)
    for gfn in range(first, first + nr):
        if domain.is_paged(gfn):
            refuse(EAGAIN)
        if not _may_change(domain, gfn, kind):
            refuse(EINVAL)
        if kind:
            domain.mem_types[gfn] = kind
        else:
            domain.mem_types.pop(gfn, None)
    return data


def _may_change(domain: Domain, gfn: int, kind: int) -> bool:
    """allow_p2m_type_change()."""
    old = domain.mem_types.get(gfn, _RAM_RW)
    if domain.memory.slot(gfn) is None:
        return kind == _MMIO_DM
    if kind == ioreq.TYPE_IOREQ_SERVER:
        return old == _RAM_RW
    if old == ioreq.TYPE_IOREQ_SERVER:
        return kind == _RAM_RW
    return old in (_RAM_RW, _RAM_RO) or kind == old == _MMIO_DM


def _relocate(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    size, pad, source, target = struct.unpack("<IIQQ", data)
    if pad or target == _ALL_ONES:
        refuse(EINVAL)
    physmap.move_range(caller, domain, source, target, size)


def _pin(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    first, last, kind, pad = struct.unpack("<QQII", data)
    if pad or last < first or (first | last) >> _ADDRESS_BITS:
        refuse(EINVAL)
    if kind == _DELETE:
        if domain.pinned.pop((first, last), None) is None:
            refuse(ENOENT)
        return
    if kind not in _CACHE_KINDS:
        refuse(EINVAL)
    if (first, last) not in domain.pinned:
        if any(start <= last and first <= end for start, end in domain.pinned):
            refuse(EBUSY)
        if len(domain.pinned) >= _PINNED:
            refuse(ENOSPC)
    domain.pinned[first, last] = kind


# Interrupts


def _raised(domain: Domain, what: str) -> None:
    """Say aloud what makes Xen write over its own pointers: vpic_irq_positive_edge()."""
    if domain.kind == "pvh":
        raise SimulatorMisuse(f"{what} of a PVH domain, which has no interrupt controller: Xen would crash")


def _intx(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    segment, bus, device, intx, level = struct.unpack("<HBBBB", data)
    if segment or bus or device > 31 or intx > 3 or level > 1:
        refuse(EINVAL)
    if level and domain.links.get(device + intx & 3):
        _raised(domain, f"pin {intx} of device {device}")
    domain.interrupt("intx", device, intx, level)


def _isa(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    irq, level = struct.unpack("<BB", data)
    if irq > 15 or level > 1:
        refuse(EINVAL)
    if level:
        _raised(domain, f"ISA interrupt {irq}")
    domain.interrupt("isa", irq, level)


def _link(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    link, irq = struct.unpack("<BB", data)
    if link > 3 or irq > 15:
        refuse(EINVAL)
    if domain.kind == "pvh" and irq and domain.links.get(link, 0) != irq:
        up = {(what[1], what[2]): what[3] for what in domain.interrupts if what[0] == "intx"}
        for (device, intx), level in up.items():
            if level and int(device) + int(intx) & 3 == link:
                _raised(domain, f"link {link}")
    domain.links[link] = irq
    domain.interrupt("link", link, irq)


def _event(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    vcpu, vector, kind, _, pad0, _, pad1, _ = struct.unpack("<IBBBBIIQ", data)
    if pad0 or pad1 or vcpu >= domain.vcpus:
        refuse(EINVAL)
    if vcpu in domain.injected:
        refuse(EBUSY)
    what = "event", vcpu, vector, kind
    if domain.paused:
        domain.injected[vcpu] = what
    else:
        domain.interrupt(*what)


def _msi(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    value, pad, address = struct.unpack("<IIQ", data)
    if pad:
        refuse(EINVAL)
    if not value & 0xFF:
        if not (address >> 32 & 0xFFFF_FF00 | address >> 12 & 0xFF):
            refuse(ERANGE)
        raise SimulatorGap("inject_msi to a pirq")
    mode = value >> 8 & 7
    if mode > 1:
        refuse(EINVAL)
    if mode == 1:
        raise SimulatorGap("inject_msi to the vCPU of lowest priority")
    domain.interrupt("msi", address, value)


def _irq(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    irq, level, pad = struct.unpack("<IB3s", data)
    if not _LOCAL_IRQS <= irq < _LOCAL_IRQS + domain.spis or level > 1 or any(pad):
        refuse(EINVAL)
    domain.interrupt("spi", irq, level)


# The domain


def _shutdown(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> None:
    # Xen keeps the reason's low byte (d->shutdown_code is that wide).
    domain.shutdown(data[0])


def _vcpus(caller: Caller, domain: Domain, data: bytes, buffers: Buffers) -> bytes:
    return struct.pack("<I", domain.vcpus)


_BOTH: dict[int, tuple[int, Handler]] = {
    1: (6, _create),
    2: (24, _info),
    3: (24, _map_io),
    4: (24, _unmap_io),
    5: (4, _set_state),
    6: (4, _destroy),
    20: (4, _vcpus),
}
_ARM: dict[int, tuple[int, Handler]] = {**_BOTH, 19: (8, _irq)}
_X86: dict[int, tuple[int, Handler]] = {
    **_BOTH,
    7: (16, _track),
    8: (6, _intx),
    9: (2, _isa),
    10: (2, _link),
    11: (8, _modified),
    12: (16, _set_type),
    13: (24, _event),
    14: (16, _msi),
    15: (16, _map_type),
    16: (4, _shutdown),
    17: (24, _relocate),
    18: (24, _pin),
}
