"""XSM's SILO policy: guests have nothing to do with each other (xen/xsm/silo.c)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain


def keeps_apart(caller: Domain, one: Domain, other: Domain) -> bool:
    """Whether the policy is in force, and forbids these two to share: silo_mode_dom_check()."""
    if one is other or not caller.machine.silo:
        return False
    return not (caller.privileged or one.privileged or other.privileged)
