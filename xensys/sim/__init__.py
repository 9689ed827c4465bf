"""A machine with Xen, simulated in this process.

Example:
    >>> from xensys.sim import Machine
    >>> machine = Machine()
    >>> machine
    <Machine x86_64, Xen 4.20, 3 domains>
    >>> machine.dom0.read_file("/proc/xen/capabilities")
    b'control_d\\n'

`xensys.open(kernel=machine.dom0)` is a program's way in. The simulator answers
at the level of the ioctls, from the very bytes that a real kernel would get;
its foreign maps are real mappings, of memfds. What it does not model raises
`SimulatorGap` and is never answered with an errno.

Not modelled yet: dm_op and ioreq servers (but for
their pages).
"""

from __future__ import annotations

from xensys.sim.domain import Domain
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.faults import Fault, FaultPlan
from xensys.sim.gate import Gate
from xensys.sim.kernel import SimKernel
from xensys.sim.machine import Call, Machine, Violation

__all__ = [
    "Call",
    "Domain",
    "Fault",
    "FaultPlan",
    "Gate",
    "Machine",
    "SimKernel",
    "SimulatorGap",
    "SimulatorMisuse",
    "Violation",
    "default_machine",
]

_default: Machine | None = None


def default_machine() -> Machine:
    """The machine that XENSYS_KERNEL=sim stands for: one per process."""
    global _default
    if _default is None:
        _default = Machine()
    return _default
