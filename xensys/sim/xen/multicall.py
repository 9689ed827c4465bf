"""multicall (13): xen/common/multicall.c."""

from __future__ import annotations

import ctypes
import struct
from errno import EFAULT, EINVAL
from weakref import WeakSet

from xensys.sim.xen.access import Caller, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain

_ENTRY = struct.Struct("<8Q")
_RESULT_OFFSET = 8
#: A PV domain's array of entries ends below it: access_ok().
_ADDRESS_LIMIT = 1 << 47

# Domains that are in the middle of one; each has but one vCPU here at a time.
_inside: WeakSet[Domain] = WeakSet()


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """multicall(calls, nr)."""
    address, count = args[0], args[1]
    domain = caller.domain
    if domain in _inside:
        refuse(EINVAL)
    # Of translated domains nothing is asked beforehand.
    if domain.kind == "pv" and address + count * _ENTRY.size > _ADDRESS_LIMIT:
        refuse(EFAULT)
    _inside.add(domain)
    try:
        for index in range(count):
            at = address + _ENTRY.size * index
            op, _, *words = _ENTRY.unpack(caller.read(at, _ENTRY.size))
            result = _one(caller, op, tuple(words[:5]))
            caller.write(at + _RESULT_OFFSET, struct.pack("<q", ctypes.c_int64(result).value))
    finally:
        _inside.discard(domain)
    return 0


def _one(caller: Caller, op: int, words: tuple[int, ...]) -> int:
    hypervisor = caller.machine.hypervisor
    try:
        return hypervisor.dispatch(Caller(caller.kernel, None, hypervisor.name(op)), op, words)
    except OSError as error:
        return -(error.errno or EINVAL)
