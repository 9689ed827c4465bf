"""The soak in either world: some cycles to settle, the state, the soak, the state again."""

from __future__ import annotations

import gc
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import xensys
from tests.soak import state
from tests.soak.cycles import Soak

if TYPE_CHECKING:
    from collections.abc import Callable

#: Cycles before the first look: what is opened lazily and kept is there by then.
_SETTLING = 3
#: Real time: seconds that Linux has to end what it puts off.
_PATIENCE = 10.0


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        cycles, parts: how many of what.
        left: what is not as it was.
    """

    cycles: int
    parts: tuple[str, ...]
    left: list[str]


def soak(
    xen: xensys.xen.Xen,
    domid: int,
    frames: range,
    grants: Callable[[], Any],
    cycles: int,
    seconds: float | None = None,
    *,
    plant: Callable[[Soak], None] | None = None,
) -> Outcome:
    """Cycles, and what they have left.

    Args:
        grants: the grant tables, to be compared.
        plant: called once in between; for a test of this.
    """
    work = Soak(xen, domid, frames)
    for _ in range(_SETTLING):
        work.cycle()
    gc.collect()
    before = state.snapshot(xen, grants)
    work.done = 0
    end = None if seconds is None else time.monotonic() + seconds
    while work.done < cycles if end is None else time.monotonic() < end:
        work.cycle()
    if plant is not None:
        plant(work)
    gc.collect()
    patience = time.monotonic() + (0 if xen.simulated else _PATIENCE)
    while True:
        left = state.differences(before, state.snapshot(xen, grants))
        if not left or time.monotonic() >= patience:
            return Outcome(work.done, work.parts, left)
        time.sleep(1)


def simulated(cycles: int, seconds: float | None = None, **plant: Any) -> Outcome:
    """On the simulator."""
    from xensys.sim import Machine

    machine = Machine()
    with xensys.open(kernel=machine.dom0) as xen:
        outcome = soak(xen, 2, range(4), lambda: state.simulated_dump(machine), cycles, seconds, **plant)
        if machine.violations:
            outcome.left.append(f"memory that Xen must not be given: {machine.violations[:3]}")
    return outcome


def real(cycles: int, seconds: float | None = None) -> Outcome:
    """On real Xen, with the guest that was never started."""
    from tests.contract.worlds import RealWorld, target

    domid = int(os.environ["XENBOX_PAUSED_DOMID"])
    world = RealWorld(target(), fallback=False)
    first = world.paused.first
    with xensys.open() as xen:
        return soak(xen, domid, range(first, first + 4), state.xens_dump, cycles, seconds)
