"""kexec_op (37): what would run in Xen's place. xen/common/kexec.c.

No image can be loaded here; where one would be, and the flags that Xen keeps of
that, are as in Xen.
"""

from __future__ import annotations

import struct
from errno import EINVAL, ENOENT, EOPNOTSUPP, EPERM, ERANGE

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.xen.access import Caller

KEXEC, LOAD_V1, UNLOAD_V1, GET_RANGE, LOAD, UNLOAD, STATUS = range(7)
_DEFAULT, _CRASH = 0, 1
_SEGMENT_MAX = 16
_MA_CRASH, _MA_XEN, _MA_CPU, _MA_VMCOREINFO = 0, 1, 2, 6
_XEN = (0xAFC0_0000, 0x40_0000)
_VMCOREINFO = (0xAFF0_1000, 4096)
_NOTES = (0xAFE0_0000, 0x4F0)


class Kexec:
    """What Xen remembers of images.

    Attributes:
        crash_area: (start, size) in bytes, as crashkernel= sets it aside.
        second: kinds whose next image goes to the second of two places.
    """

    def __init__(self) -> None:
        self.crash_area = (0, 0)
        self.second: set[int] = set()


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """kexec_op(op, arg)."""
    op, arg = args[0], args[1]
    if not caller.domain.privileged:
        refuse(EPERM)
    if op == GET_RANGE:
        return _get_range(caller, arg)
    if op in (STATUS, UNLOAD):
        kind = caller.read(arg, 1)[0]
    elif op == KEXEC:
        kind = struct.unpack("<i", caller.read(arg, 4))[0]
    elif op == UNLOAD_V1:
        # struct xen_kexec_load_v1; the number is cut to what xen_kexec_unload has.
        kind = caller.read(arg, 160)[0]
    elif op == LOAD:
        _load(caller, arg)
        return 0
    elif op == LOAD_V1:
        caller.read(arg, 160)
        raise SimulatorGap("kexec_op(load_v1)")
    elif caller.machine.xen < (4, 20):
        # Nobody thought of it: what xsm_kexec() returned.
        return 0
    else:
        refuse(EOPNOTSUPP)
    if kind not in (_DEFAULT, _CRASH):
        refuse(EINVAL)
    second = caller.machine.hypervisor.kexec.second
    if op == STATUS:
        # It asks which place comes next, and not what is in it.
        return int(kind in second)
    if op == KEXEC:
        refuse(ENOENT)
    # Whether there was an image or not: the other place is next.
    second ^= {kind}
    return 0


def _load(caller: Caller, arg: int) -> None:
    count, segments = struct.unpack_from("<4xIQ", caller.read(arg, 24))
    if count >= _SEGMENT_MAX:
        refuse(EINVAL)
    caller.read(segments, 32 * count)
    raise SimulatorGap("kexec_op(load)")


def _get_range(caller: Caller, arg: int) -> int:
    area, nr = struct.unpack_from("<ii", caller.read(arg, 24))
    if area == _MA_CRASH:
        start, size = caller.machine.hypervisor.kexec.crash_area
    elif area == _MA_CPU:
        cpus = caller.machine.cpus
        if not 0 <= nr < cpus:
            refuse(ERANGE)
        # Without crashkernel= there are no notes (kexec_init()).
        if not caller.machine.hypervisor.kexec.crash_area[1]:
            refuse(EINVAL)
        start, size = _NOTES[0] + 0x1000 * nr, _NOTES[1]
    elif area == _MA_VMCOREINFO:
        start, size = _VMCOREINFO
    elif area == _MA_XEN:
        start, size = _XEN
    else:
        refuse(EINVAL)
    caller.write(arg + 8, struct.pack("<QQ", size, start))
    return 0
