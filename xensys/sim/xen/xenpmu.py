"""xenpmu_op (40): performance counters. xen/arch/x86/cpu/vpmu.c.

Off, as without vpmu= on Xen's command line; `machine.vpmu = True` turns on what
can be had without counters: the settings. No vCPU has one.
"""

from __future__ import annotations

import struct
from errno import EINVAL, ENOENT, EOPNOTSUPP, EPERM

from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.xen.access import Caller

MODE_GET, MODE_SET, FEATURE_GET, FEATURE_SET, INIT, FINISH, LVTPC_SET, FLUSH = range(8)
_PARAMS = struct.Struct("<IIQII")


class Pmu:
    """The settings of the whole host."""

    def __init__(self) -> None:
        self.mode = 1
        self.features = 0


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """xenpmu_op(op, arg)."""
    op, arg = args[0] & 0xFFFF_FFFF, args[1]
    domain = caller.domain
    if not caller.machine.vpmu or domain.translated:
        refuse(EOPNOTSUPP)
    if op not in (INIT, FINISH, LVTPC_SET, FLUSH) and not domain.privileged:
        refuse(EPERM)
    major = val = vcpu = 0
    if op in (MODE_SET, FEATURE_SET, INIT, FINISH):
        major, _, val, vcpu, _ = _PARAMS.unpack(caller.read(arg, _PARAMS.size))
        if major:
            refuse(EINVAL)
    pmu = caller.machine.hypervisor.pmu
    if op == MODE_SET:
        if val not in (0, 1, 2, 4):
            refuse(EINVAL)
        pmu.mode = val
    elif op == MODE_GET:
        caller.write(arg, _PARAMS.pack(0, 1, pmu.mode, 0, 0))
    elif op == FEATURE_SET:
        if val & ~7:
            refuse(EINVAL)
        pmu.features = val
    elif op == FEATURE_GET:
        caller.write(arg + 8, struct.pack("<Q", pmu.features))
    elif op == INIT:
        if vcpu >= domain.vcpus:
            refuse(EINVAL)
        refuse(ENOENT)
    elif op != FINISH:
        # LVTPC_SET and FLUSH: no vCPU has a page. And there are no others.
        refuse(EINVAL)
    return 0
