"""The simulated hypervisor: which hypercalls there are, for whom."""

from __future__ import annotations

import os
from errno import ENOSYS
from weakref import WeakKeyDictionary

from xensys.abi import xen as abi
from xensys.sim.errors import SimulatorGap
from xensys.sim.xen import (
    argo,
    console_io,
    dm_op,
    domctl,
    event_channel,
    grant_table,
    hvm_op,
    hypfs,
    kexec,
    memory_op,
    multicall,
    physdev,
    sched,
    vcpu,
    version,
    xenpmu,
)
from xensys.sim.xen.access import Caller
from xensys.sim.xen.features import features
from xensys.sim.xen.resources import Resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

# Those that some build of Xen has; arch_2 to arch_7 are numbers and nothing else.
NAMES = {
    number: name.removeprefix("HYPERVISOR_")
    for name, number in vars(abi).items()
    if name.startswith("HYPERVISOR_") and number < abi.HYPERVISOR_arch_2
}

# xen/include/hypercall-defs.c: what each kind of domain lacks.
_NOT_HVM = frozenset((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 14, 16, 19, 22, 23, 25, 28, 30, 37, 48))
_NOT_ARM = _NOT_HVM - {6, 16, 19} | {15, 26, 31, 40, 49}
# Not compiled in here: xsm (FLASK), tmem.
_NOT_BUILT = frozenset((27, 38))


class Hypervisor:
    """Dispatches hypercalls."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.resources = Resources(machine)
        self.argo = argo.Argo(machine)
        self.hypfs = hypfs.Hypfs(machine)
        self.kexec = kexec.Kexec()
        self.physdev = physdev.Physdev()
        self.pmu = xenpmu.Pmu()
        self._unique_ids: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()
        self._next_unique_id = 0x5351_0000_0000_0001

    def call(self, kernel: SimKernel, op: int, args: tuple[int, ...]) -> int:
        """Do a hypercall.

        Returns: its result, as an unsigned or signed 64-bit number.
        Raises: OSError for -errno; SimulatorGap for what is not modelled.
        """
        name = self.name(op)
        with self.machine.traced("hypercall", op=name, args=args) as call:
            later = kernel.faults.before("hypercall", op=(op, name), cmd=args[0])
            call.result = self.dispatch(Caller(kernel, None, name), op, args)
            kernel.faults.after(later)
            return call.result

    def features(self, domain: Domain) -> int:
        """XENFEAT_* bits of submap 0."""
        return features(self.machine, domain)

    def unique_id(self, domain: Domain) -> int:
        """A number that no other domain has or will have."""
        if domain not in self._unique_ids:
            self._unique_ids[domain] = self._next_unique_id
            self._next_unique_id += 1
        return self._unique_ids[domain]

    def dm_op(self, caller: Caller, domid: int, buffers: list[tuple[int, int]]) -> int:
        """Do a dm_op whose buffers the caller's kernel has pinned."""
        return dm_op.from_kernel(caller, domid, buffers)

    def name(self, op: int) -> str:
        """What a hypercall is called."""
        return NAMES.get(op, str(op))

    def dispatch(self, caller: Caller, op: int, args: tuple[int, ...]) -> int:
        """Do a hypercall that is on record already; returns and raises as `call`."""
        if self._missing(caller.domain, op):
            _refuse(ENOSYS)
        handler = _HANDLERS.get(op)
        if handler is not None:
            return handler(caller, args)
        raise SimulatorGap(f"hypercall {caller.name}{args}")

    def _missing(self, domain: Domain, op: int) -> bool:
        if op not in NAMES or op in _NOT_BUILT:
            # tmem was there until 4.12.
            return op != 38 or self.machine.xen >= (4, 13)
        if op == 31 and self.machine.xen >= (4, 22):
            return True
        if op == 39 and (self.machine.argo is None or self.machine.xen < (4, 12)):
            return True
        if op == 42 and self.machine.xen < (4, 14):
            return True
        if domain.kind == "pv":
            return False
        return op in (_NOT_ARM if domain.kind == "arm" else _NOT_HVM)


if TYPE_CHECKING:
    _Handler = Callable[[Caller, tuple[int, ...]], int]

_HANDLERS: dict[int, _Handler] = {
    12: memory_op.call,
    13: multicall.call,
    17: version.call,
    18: console_io.call,
    20: grant_table.call,
    24: vcpu.call,
    29: sched.call,
    32: event_channel.call,
    33: physdev.call,
    34: hvm_op.call,
    36: domctl.call,
    37: kexec.call,
    39: argo.call,
    40: xenpmu.call,
    41: dm_op.call,
    42: hypfs.call,
}


def _refuse(errno: int) -> None:
    raise OSError(errno, os.strerror(errno))
