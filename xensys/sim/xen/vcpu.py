"""vcpu_op (24): xen/common/domain.c, xen/arch/x86/domain.c, xen/arch/arm/domain.c."""

from __future__ import annotations

import ctypes
import struct
from errno import EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ENOSYS, ENXIO, ETIME
from weakref import WeakKeyDictionary

from xensys.sim.guestmemory import FRAME
from xensys.sim.xen.access import refuse
from xensys.sim.xen.sched import POWEROFF, shut_down

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

_RUNNING = 0
_RUNSTATE = struct.Struct("<ixxxxQQQQQ")
_TIME_INFO = struct.Struct("<IIQQIbBH")
_CONTEXT = {"pv": 5168}
_HVM_CONTEXT = 216
_VCPU_INFO = 64
_ARM_KNOWS = frozenset((5, 10))
_MILLISECOND = 1_000_000
_LONGEST = (1 << 62) - 1
_SSHOTTMR_FUTURE = 1
_NOWHERE = (1 << 64) - 1
#: A process runs on the first vCPU here.
_CURRENT = 0

# Each domain's vCPUs that are down.
_down: WeakKeyDictionary[Domain, set[int]] = WeakKeyDictionary()


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """vcpu_op(cmd, vcpuid, arg); cmd is an int, vcpuid an unsigned one."""
    cmd = ctypes.c_int(args[0] & 0xFFFF_FFFF).value
    vcpu, arg = args[1] & 0xFFFF_FFFF, args[2]
    if vcpu >= caller.domain.vcpus:
        refuse(ENOENT)
    if caller.domain.kind == "arm" and cmd not in _ARM_KNOWS:
        refuse(EINVAL)
    handler = _OPERATIONS.get(cmd)
    if handler is None or (cmd in (14, 15) and caller.machine.xen < (4, 18)):
        refuse(ENOSYS)
    return handler(caller, vcpu, arg)


def system_time(caller: Caller) -> int:
    """NOW(): ns."""
    return int(caller.machine.clock.now() * 1e9)


def _initialise(caller: Caller, vcpu: int, arg: int) -> int:
    # Every vCPU here was initialised by its kernel.
    caller.read(arg, _CONTEXT.get(caller.domain.kind, _HVM_CONTEXT))
    refuse(EEXIST)


def _up(caller: Caller, vcpu: int, arg: int) -> int:
    _down.setdefault(caller.domain, set()).discard(vcpu)
    return 0


def _take_down(caller: Caller, vcpu: int, arg: int) -> int:
    down = _down.setdefault(caller.domain, set())
    if set(range(caller.domain.vcpus)) - down <= {vcpu}:
        shut_down(caller.domain, POWEROFF)
    else:
        down.add(vcpu)
    return 0


def _is_up(caller: Caller, vcpu: int, arg: int) -> int:
    return int(vcpu not in _down.get(caller.domain, ()))


def _runstate(caller: Caller, vcpu: int) -> bytes:
    # Since time began it has run, or been offline.
    offline = vcpu in _down.get(caller.domain, ())
    now = system_time(caller)
    times = (0, 0, 0, now) if offline else (now, 0, 0, 0)
    return _RUNSTATE.pack(3 if offline else _RUNNING, 0, *times)


def _time_info(caller: Caller, vcpu: int) -> bytes:
    now = system_time(caller)
    return _TIME_INFO.pack(2, 0, now, now, 0x8000_0000, 1, 1, 0)


def _get_runstate_info(caller: Caller, vcpu: int, arg: int) -> int:
    caller.write(arg, _runstate(caller, vcpu))
    return 0


def _register_runstate(caller: Caller, vcpu: int, arg: int) -> int:
    return _at_address(caller, arg, _runstate(caller, vcpu))


def _register_time(caller: Caller, vcpu: int, arg: int) -> int:
    return _at_address(caller, arg, _time_info(caller, vcpu))


def _at_address(caller: Caller, arg: int, content: bytes) -> int:
    """Show something at a virtual address; whether that went well, Xen does not ask."""
    (address,) = struct.unpack("<Q", caller.read(arg, 8))
    try:
        caller.write(address, content)
    except OSError as error:
        if error.errno != EFAULT:
            raise
    return 0


def _runstate_phys(caller: Caller, vcpu: int, arg: int) -> int:
    return _in_memory(caller, arg, _runstate(caller, vcpu))


def _time_phys(caller: Caller, vcpu: int, arg: int) -> int:
    return _in_memory(caller, arg, _time_info(caller, vcpu))


def _in_memory(caller: Caller, arg: int, content: bytes) -> int:
    (address,) = struct.unpack("<Q", caller.read(arg, 8))
    if address == _NOWHERE:
        return 0
    _check_area(caller.domain, address, len(content))
    caller.domain.memory.write(address, content)
    return 0


def _check_area(domain: Domain, address: int, size: int) -> None:
    """map_guest_area()"""
    if address // FRAME != (address + size - 1) // FRAME or address % 8:
        refuse(ENXIO)
    if domain.memory.slot(address // FRAME) is None:
        refuse(EINVAL)


def _periodic(caller: Caller, vcpu: int, arg: int) -> int:
    (period,) = struct.unpack("<Q", caller.read(arg, 8))
    if not _MILLISECOND <= period <= _LONGEST:
        refuse(EINVAL)
    return 0


def _nothing(caller: Caller, vcpu: int, arg: int) -> int:
    # The caller's kernel has a timer; that it stops shows nowhere.
    return 0


def _singleshot(caller: Caller, vcpu: int, arg: int) -> int:
    if vcpu != _CURRENT:
        refuse(EINVAL)
    when, flags = struct.unpack("<QIxxxx", caller.read(arg, 16))
    old = caller.machine.xen < (4, 18)
    if old and flags & _SSHOTTMR_FUTURE and when < system_time(caller):
        refuse(ETIME)
    return 0


def _stop_singleshot(caller: Caller, vcpu: int, arg: int) -> int:
    if vcpu != _CURRENT:
        refuse(EINVAL)
    return 0


def _register_info(caller: Caller, vcpu: int, arg: int) -> int:
    _frame, offset, _ = struct.unpack("<QII", caller.read(arg, 16))
    # Every kernel here has registered one.
    if caller.machine.xen >= (4, 18):
        refuse(EBUSY)
    if offset > FRAME - _VCPU_INFO or offset % 8:
        refuse(ENXIO)
    refuse(EINVAL)


def _send_nmi(caller: Caller, vcpu: int, arg: int) -> int:
    if arg:
        refuse(EINVAL)
    return 0


def _get_physid(caller: Caller, vcpu: int, arg: int) -> int:
    # For dom0_vcpus_pin only.
    refuse(EINVAL)


if TYPE_CHECKING:
    _Operation = Callable[[Caller, int, int], int]

_OPERATIONS: dict[int, _Operation] = {
    0: _initialise,
    1: _up,
    2: _take_down,
    3: _is_up,
    4: _get_runstate_info,
    5: _register_runstate,
    6: _periodic,
    7: _nothing,
    8: _singleshot,
    9: _stop_singleshot,
    10: _register_info,
    11: _send_nmi,
    12: _get_physid,
    13: _register_time,
    14: _runstate_phys,
    15: _time_phys,
}
