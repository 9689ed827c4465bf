"""sched_op (29): xen/common/sched/core.c and domain.c."""

from __future__ import annotations

import ctypes
import os
import struct
from errno import EBUSY, EINVAL, ENOSPC, ENOSYS, EPERM, ESRCH
from weakref import WeakKeyDictionary

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.clock import Alarm
    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

POWEROFF, REBOOT, SUSPEND, CRASH, WATCHDOG = 0, 1, 2, 3, 4

_TIMERS = 2
_MAX_POLLED = 128
_NR_CPUS = {"x86_64": 256, "arm64": 128}

# Each domain's shutdown code, its running watchdogs by id, and the processor it is pinned to.
_latched: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()
_watchdogs: WeakKeyDictionary[Domain, dict[int, Alarm]] = WeakKeyDictionary()
_pinned: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """sched_op(cmd, arg); cmd is an int."""
    cmd, arg = ctypes.c_int(args[0] & 0xFFFF_FFFF).value, args[1]
    handler = _OPERATIONS.get(cmd)
    if handler is None:
        refuse(ENOSYS)
    return handler(caller, arg)


def shut_down(domain: Domain, reason: int) -> None:
    """domain_shutdown(): the first reason stays; of the hardware domain it is the machine's end."""
    reason = _latched.setdefault(domain, reason & 0xFF)
    if domain.shut_down:
        return
    if domain.domid:
        domain.shutdown(reason)
    else:
        # Nobody is left to be told.
        domain.paused = domain.shut_down = True
        domain.shutdown_reason = reason


def _yield(caller: Caller, arg: int) -> int:
    os.sched_yield()
    return 0


def _block(caller: Caller, arg: int) -> int:
    # The timer of the caller's own kernel wakes it.
    return 0


def _shutdown(caller: Caller, arg: int) -> int:
    (reason,) = struct.unpack("<I", caller.read(arg, 4))
    shut_down(caller.domain, reason)
    _no_return(caller.domain)
    return 0


def _shutdown_code(caller: Caller, arg: int) -> int:
    (reason,) = struct.unpack("<I", caller.read(arg, 4))
    _latched.setdefault(caller.domain, reason & 0xFF)
    return 0


def _poll(caller: Caller, arg: int) -> int:
    address, count, _timeout = struct.unpack("<QIxxxxQ", caller.read(arg, 24))
    if count > _MAX_POLLED:
        refuse(EINVAL)
    ports = struct.unpack(f"<{count}I", caller.read(address, 4 * count))
    channels = caller.machine.event_channels
    for port in ports:
        # evtchn_port_poll()
        if not channels.is_valid(caller.domain, port):
            refuse(EINVAL)
    # Whether or not one is pending: the timer of the caller's own kernel wakes it.
    return 0


def _remote_shutdown(caller: Caller, arg: int) -> int:
    domid, reason = struct.unpack("<HxxI", caller.read(arg, 8))
    domain = caller.machine.find(domid)
    if domain is None:
        refuse(ESRCH)
    if not caller.is_device_model_of(domain):
        refuse(EPERM)
    shut_down(domain, reason)
    if domain is caller.domain or not domain.domid:
        _no_return(domain)
    return 0


def _watchdog(caller: Caller, arg: int) -> int:
    number, timeout = struct.unpack("<II", caller.read(arg, 8))
    if number > _TIMERS:
        refuse(EINVAL)
    domain = caller.domain
    clock = caller.machine.clock
    running = _watchdogs.setdefault(domain, {})
    if number == 0:
        free = next((index for index in range(1, _TIMERS + 1) if index not in running), None)
        if free is None:
            refuse(ENOSPC)
        running[free] = clock.alarm(timeout, _bite(domain))
        return free
    if number not in running:
        refuse(EINVAL)
    running[number].cancel()
    if timeout:
        running[number] = clock.alarm(timeout, _bite(domain))
    else:
        del running[number]
    return 0


def _bite(domain: Domain) -> Callable[[], None]:
    """What a watchdog does when it runs out; the timer stays in use."""

    def bite() -> None:
        if domain.shut_down or domain.dying:
            return
        with domain.machine.traced("watchdog", domid=domain.domid):
            shut_down(domain, WATCHDOG)

    return bite


def _pin_override(caller: Caller, arg: int) -> int:
    domain, machine = caller.domain, caller.machine
    if domain.domid != 0:
        refuse(EPERM)
    (pcpu,) = struct.unpack("<i", caller.read(arg, 4))
    if pcpu >= _NR_CPUS[machine.arch]:
        refuse(EINVAL)
    pinned = domain in _pinned
    if pcpu < 0:
        if not pinned:
            refuse(EINVAL)
        del _pinned[domain]
        return 0
    # This machine has as many processors as dom0 has vCPUs.
    if pcpu >= domain.vcpus:
        refuse(EINVAL)
    if pinned:
        refuse(EBUSY)
    _pinned[domain] = pcpu
    return 0


def _no_return(domain: Domain) -> None:
    """A domain that has stopped runs no code: nothing can be returned to it."""
    if not domain.domid:
        raise SimulatorGap(f"the machine has stopped: dom0 has shut down, reason {domain.shutdown_reason}")


if TYPE_CHECKING:
    _Operation = Callable[[Caller, int], int]

_OPERATIONS: dict[int, _Operation] = {
    0: _yield,
    1: _block,
    2: _shutdown,
    3: _poll,
    4: _remote_shutdown,
    5: _shutdown_code,
    6: _watchdog,
    7: _pin_override,
}
