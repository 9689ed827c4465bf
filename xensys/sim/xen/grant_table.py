"""grant_table_op (20), as far as it only asks: xen/common/grant_table.c."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOSYS

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refusal, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.xen.access import Caller

QUERY_SIZE = 6
GET_VERSION = 10
_CACHE_FLUSH = 12

_OKAY = 0
_BAD_DOMAIN = -2
_PERMISSION_DENIED = -8

# xen/arch/x86/hvm/hypercall.c lets only these through.
_HVM_ALLOWS = frozenset((0, 1, 2, 5, 6, 8, 10, 11))
# Sub-operations that exist; 3 (dump_table) was never implemented.
_KNOWN = frozenset((0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11))


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """grant_table_op(cmd, uop, count); cmd and count are 32 bits wide."""
    cmd, uop, count = args[0] & 0xFFFF_FFFF, args[1], args[2] & 0xFFFF_FFFF
    if caller.domain.kind in ("pvh", "hvm") and cmd not in _HVM_ALLOWS:
        refuse(ENOSYS)
    if count >= 1 << 31:
        refuse(EINVAL)
    # Above bit 11 is for continuations of cache_flush.
    opaque, cmd = cmd & ~0xFFF, cmd & 0xFFF
    if opaque and cmd != _CACHE_FLUSH:
        refuse(EINVAL)
    if cmd == QUERY_SIZE:
        return _query_size(caller, uop, count)
    if cmd == GET_VERSION:
        return _get_version(caller, uop)
    if cmd in _KNOWN or (cmd == _CACHE_FLUSH and caller.domain.kind == "arm"):
        raise SimulatorGap(f"grant_table_op({cmd})")
    raise refusal(ENOSYS)


def _query_size(caller: Caller, uop: int, count: int) -> int:
    if count != 1:
        refuse(EINVAL)
    raw = bytearray(caller.read(uop, 16))
    (domid,) = struct.unpack_from("<H", raw)
    try:
        domain = caller.any_domain(domid)
    except OSError:
        struct.pack_into("<h", raw, 12, _BAD_DOMAIN)
    else:
        try:
            caller.require_target(domain)
        except OSError:
            struct.pack_into("<h", raw, 12, _PERMISSION_DENIED)
        else:
            frames = len(domain.grant_slots)
            struct.pack_into("<IIh", raw, 4, frames, domain.max_grant_frames, _OKAY)
    caller.write(uop, bytes(raw))
    return 0


def _get_version(caller: Caller, uop: int) -> int:
    (domid,) = struct.unpack_from("<H", caller.read(uop, 8))
    domain = caller.any_domain(domid)
    caller.require_target(domain)
    caller.write(uop + 4, struct.pack("<I", domain.grant_version))
    return 0
