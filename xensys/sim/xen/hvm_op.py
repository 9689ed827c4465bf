"""hvm_op (34): xen/arch/x86/hvm/hvm.c and xen/arch/arm/hvm.c. For altp2m see `altp2m`."""

from __future__ import annotations

import struct
from errno import EEXIST, EINVAL, ENODEV, ENOENT, ENOSYS, EOPNOTSUPP, EPERM

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen import altp2m
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

SET_PARAM, GET_PARAM = 0, 1
GUEST_REQUEST_VM_EVENT = 24
_NR_PARAMS = 39

# xen/include/public/hvm/params.h
CALLBACK_IRQ, STORE_PFN, STORE_EVTCHN, PAE_ENABLED = 0, 1, 2, 4
IOREQ_PFN, BUFIOREQ_PFN, VIRIDIAN, TIMER_MODE = 5, 6, 9, 10
HPET_ENABLED, IDENT_PT, DM_DOMAIN, ACPI_S_STATE = 11, 12, 13, 14
VM86_TSS, VPT_ALIGN, CONSOLE_PFN, CONSOLE_EVTCHN = 15, 16, 17, 18
ACPI_IOPORTS_LOCATION, MONITOR_RING_PFN = 19, 28
TRIPLE_FAULT_REASON, IOREQ_SERVER_PFN, NR_IOREQ_SERVER_PAGES = 31, 32, 33
VM_GENERATION_ID_ADDR, ALTP2M, X87_FIP_WIDTH, VM86_TSS_SIZED, MCA_CAP = 34, 35, 36, 37, 38

_DEPRECATED = frozenset((PAE_ENABLED, DM_DOMAIN, 20, 21, 22, 23, 24, 25, 26, 30))
_SELF_MAY_SET = frozenset(
    (
        CALLBACK_IRQ,
        VM86_TSS,
        VM86_TSS_SIZED,
        ACPI_IOPORTS_LOCATION,
        VM_GENERATION_ID_ADDR,
        STORE_EVTCHN,
        CONSOLE_EVTCHN,
        X87_FIP_WIDTH,
    )
)
_SELF_MAY_GET = _SELF_MAY_SET | {STORE_PFN, CONSOLE_PFN, ALTP2M}
_WRITE_ONCE = frozenset(
    (VIRIDIAN, IOREQ_PFN, BUFIOREQ_PFN, IOREQ_SERVER_PFN, NR_IOREQ_SERVER_PAGES, MCA_CAP)
)
# Setting these changes more of the domain than a number.
_UNMODELLED = frozenset((ACPI_S_STATE, ACPI_IOPORTS_LOCATION, MCA_CAP))

_ARM_SELF_MAY_GET = frozenset((CALLBACK_IRQ, STORE_PFN, STORE_EVTCHN, CONSOLE_PFN, CONSOLE_EVTCHN))
_ARM_PARAMS = _ARM_SELF_MAY_GET | {MONITOR_RING_PFN}

_TRACE_EXTRA = 28
_LOWEST_VECTOR = 0x10
# HVMMEM_*
_RAM_RW, _MMIO_DM = 0, 2
_TSS_SIZE = 104
_TSS_LIMIT = _TSS_SIZE + 0x100 // 8 + 0x10000 // 8 + 1


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """hvm_op(op, arg)."""
    op, arg = args[0], args[1]
    arm = caller.domain.kind == "arm"
    if op in (SET_PARAM, GET_PARAM):
        return _arm_param(caller, op, arg) if arm else _x86_param(caller, op, arg)
    if op == GUEST_REQUEST_VM_EVENT:
        if arg:
            refuse(EINVAL)
        # Nobody monitors a domain here: there is nobody to be notified.
        return 0
    handler = None if arm else _X86.get(op)
    if handler is None:
        refuse(ENOSYS)
    return handler(caller, arg)


def _x86_param(caller: Caller, op: int, arg: int) -> int:
    domid, index, value = struct.unpack("<HxxIQ", caller.read(arg, 16))
    if index >= _NR_PARAMS:
        refuse(EINVAL)
    domain = caller.any_domain(domid)
    if not domain.translated:
        refuse(EINVAL)
    caller.require_target(domain)
    if op == GET_PARAM:
        _check_get(caller, domain, index)
        caller.write(arg + 8, struct.pack("<Q", _value(domain, index)))
    else:
        _check_set(caller, domain, index, value)
        _set(domain, index, value)
    return 0


def _check_get(caller: Caller, domain: Domain, index: int) -> None:
    if index in _DEPRECATED:
        refuse(EINVAL)
    if domain is caller.domain and index not in _SELF_MAY_GET:
        refuse(EPERM)


def _check_set(caller: Caller, domain: Domain, index: int, value: int) -> None:
    if index == ALTP2M:
        refuse(EEXIST)
    if index in _DEPRECATED:
        refuse(EINVAL)
    if domain is caller.domain and index not in _SELF_MAY_SET:
        refuse(EPERM)
    current = domain.hvm_params.get(index, 0)
    if index in _WRITE_ONCE and current and value != current:
        refuse(EEXIST)


def _value(domain: Domain, index: int) -> int:
    if index == VM86_TSS:
        return domain.hvm_params.get(VM86_TSS_SIZED, 0) & 0xFFFF_FFFF
    return domain.hvm_params.get(index, 0)


def _set(domain: Domain, index: int, value: int) -> None:
    """hvm_set_param(), as far as it is a matter of numbers."""
    if index in _UNMODELLED:
        raise SimulatorGap(f"hvm_op(set_param, index {index})")
    if index == VIRIDIAN:
        # Built without CONFIG_VIRIDIAN.
        refuse(ENODEV)
    bad = {
        TIMER_MODE: value > 3,
        TRIPLE_FAULT_REASON: value > 5,
        NR_IOREQ_SERVER_PAGES: not 0 < value <= 64,
        X87_FIP_WIDTH: value not in (0, 4, 8),
        VM86_TSS: value > 0xFFFF_FFFF,
        VM86_TSS_SIZED: value >> 32 < _TSS_SIZE,
    }.get(index, False)
    if bad:
        refuse(EINVAL)
    if index == VM86_TSS:
        if value:
            value |= 128 << 32
        index = VM86_TSS_SIZED
    elif index == VM86_TSS_SIZED and value >> 32 > _TSS_LIMIT:
        value = value & 0xFFFF_FFFF | _TSS_LIMIT << 32
    if index in (IOREQ_PFN, BUFIOREQ_PFN) and value:
        domain.old_ioreq_pages.add(index)
    elif index == NR_IOREQ_SERVER_PAGES:
        domain.ioreq_gfns.clear()
    domain.hvm_params[index] = value


def _arm_param(caller: Caller, op: int, arg: int) -> int:
    # Other than on x86 the index is looked at last.
    domid, index, value = struct.unpack("<HxxIQ", caller.read(arg, 16))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    if index not in _ARM_PARAMS:
        refuse(EINVAL)
    own = domain is caller.domain
    if op == GET_PARAM:
        if own and index not in _ARM_SELF_MAY_GET:
            refuse(EPERM)
        caller.write(arg + 8, struct.pack("<Q", domain.hvm_params.get(index, 0)))
    else:
        if own:
            refuse(EPERM)
        domain.hvm_params[index] = value
    return 0


def _flush_tlbs(caller: Caller, arg: int) -> int:
    if arg or not caller.domain.translated:
        refuse(EINVAL)
    return 0


def _pagetable_dying(caller: Caller, arg: int) -> int:
    (domid,) = struct.unpack_from("<H", caller.read(arg, 16))
    if caller.any_domain(domid) is not caller.domain:
        refuse(EOPNOTSUPP)
    # Every domain here is on hardware-assisted paging.
    refuse(EINVAL)


def _get_time(caller: Caller, arg: int) -> int:
    caller.write(arg, struct.pack("<Q", int(caller.machine.clock.now() * 1e9)))
    return 0


def _xentrace(caller: Caller, arg: int) -> int:
    event, extra = struct.unpack_from("<HH", caller.read(arg, 32))
    odd = extra % 4 and caller.machine.xen >= (4, 18)
    if odd or extra > _TRACE_EXTRA or event >> 12:
        refuse(EINVAL)
    return 0


def _get_mem_type(caller: Caller, arg: int) -> int:
    domid, _, _, _, pfn = struct.unpack("<HHHHQ", caller.read(arg, 16))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    if not domain.translated:
        refuse(EINVAL)
    kind = _MMIO_DM if domain.memory.slot(pfn) is None else domain.mem_types.get(pfn, _RAM_RW)
    caller.write(arg + 2, struct.pack("<H", kind))
    return 0


def _set_upcall_vector(caller: Caller, arg: int) -> int:
    if not caller.domain.translated:
        refuse(EINVAL)
    vcpu, vector = struct.unpack("<IBxxx", caller.read(arg, 8))
    if vector < _LOWEST_VECTOR:
        refuse(EINVAL)
    if vcpu >= caller.domain.vcpus:
        refuse(ENOENT)
    return 0


_X86: dict[int, Callable[[Caller, int], int]] = {
    5: _flush_tlbs,
    9: _pagetable_dying,
    10: _get_time,
    11: _xentrace,
    15: _get_mem_type,
    23: _set_upcall_vector,
    25: altp2m.call,
}
