"""Restriction: everything that a `Xen` holds, given up but for one domain.

For a device model that serves one guest, and must not be worth breaking into.
What it means for each device is what its driver can do:

    privcmd     IOCTL_PRIVCMD_RESTRICT: no hypercalls; memory, resources and dm_op of that domain alone
    evtchn      IOCTL_EVTCHN_RESTRICT_DOMID: new ports only to that domain's; ports that there are stay,
                and so does BIND_STATIC, at which Linux does not look
    hypercall, gntdev, gntalloc, xenbus (or xenstored's socket)
                know no restriction: /dev/null takes the descriptor's place

What is mapped stays mapped. What is not open yet will be restricted when it is
opened, or refused; nothing is opened to be given up. There is no way back.

This is about what goes through one object. A process that may open the
devices can open them anew: give that up first (root, capabilities, a mount
namespace without the nodes), and open before what is needed after.

Behaviour follows libxentoolcore's xentoolcore_restrict_all(), but for two
things: grant allocation (gntalloc) is not forgotten, and what cannot be
restricted is given up rather than left as it was.
"""

from __future__ import annotations

from os import strerror

from xensys.devices._device import restricted
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xensys.devices.privcmd import Privcmd
    from xensys.errors import XenPermissionError

#: The driver restricts it.
RESTRICTED = "restricted"
#: /dev/null has taken its place.
REPLACED = "replaced"
#: Not open yet: restricted as soon as it is opened.
LATER = "restricted when opened"
#: Not open yet, and will not be.
REFUSED = "refused"
#: This kernel has no such device.
ABSENT = "absent"
#: It should have been restricted and could not be, so it is closed.
LOST = "lost"

#: What becomes of a part of `Xen` that is not there yet.
UNOPENED = {"events": LATER, "buffers": REFUSED, "grants": REFUSED, "store": REFUSED}
#: What device is behind a part, where it is one.
_DEVICE = {"events": "evtchn", "buffers": "hypercall", "store": "xenbus"}
_NODES = {
    "grants": "/dev/xen/gntdev, /dev/xen/gntalloc",
    "store": "XenStore",
    "buffers": "/dev/xen/hypercall",
    "events": "/dev/xen/evtchn",
}


class Restriction(Record):
    """What a restriction has come to.

    Attributes:
        domid: the domain that is left.
        devices: name → "restricted", "replaced", "restricted when opened",
            "refused", "absent" or "lost".
        errors: name → errno that stood in the way, for those that are lost.
    """

    __slots__ = ("devices", "domid", "errors")

    def __init__(self, domid: int, devices: dict[str, str], errors: dict[str, int]) -> None:
        super().__init__(devices, domid, errors)

    domid: int
    devices: dict[str, str]
    errors: dict[str, int]


def restrict(domid: int, privcmd: Privcmd | None, parts: dict[str, Any]) -> Restriction:
    """Restrict what is open.

    Args:
        parts: those of `Xen`, by name; what is lost is taken out of them.
    Raises:
        XenError: privcmd's driver refuses; nothing has changed.
    """
    devices = {"privcmd": LATER}
    errors: dict[str, int] = {}
    # First, as it is the one that can still say no: to another domain than before.
    if privcmd is not None:
        privcmd.restrict(domid)
        devices["privcmd"] = RESTRICTED
    for name, unopened in UNOPENED.items():
        part = parts.get(name)
        device = _DEVICE.get(name, name)
        try:
            devices[device] = unopened if part is None else restrict_part(name, part, domid)
        except OSError as error:
            # Never left as it was: closed is the least that it can be.
            devices[device] = LOST
            errors[device] = error.errno or 0
            parts.pop(name).close()
    grants = devices.pop("grants")
    devices["gntdev"] = devices["gntalloc"] = grants
    if "grants" in errors:
        errors["gntdev"] = errors["gntalloc"] = errors.pop("grants")
    return Restriction(domid, devices, errors)


def restrict_part(name: str, part: Any, domid: int) -> str:
    """Restrict one part of `Xen`; what became of its device.

    Raises:
        XenError: it could not be.
    """
    had = part.restrict(domid)
    if name == "buffers" and not had:
        return REFUSED if had is None else ABSENT
    return RESTRICTED if UNOPENED[name] == LATER else REPLACED


def restrict_late(name: str, part: Any, restriction: Restriction) -> None:
    """See that a part of `Xen` that comes after the restriction is under it.

    Raises:
        XenPermissionError: it must not be there.
        XenError: it could not be restricted, and is closed.
    """
    if name in ("grants", "store") or (name == "events" and restriction.devices["evtchn"] == LOST):
        raise refuse(name, restriction)
    if name == "events":
        try:
            restriction.devices["evtchn"] = restrict_part(name, part, restriction.domid)
        except OSError as error:
            restriction.devices["evtchn"] = LOST
            restriction.errors["evtchn"] = error.errno or 0
            part.close()
            raise


def refuse(name: str, restriction: Restriction) -> XenPermissionError:
    """What to raise for a part that must not be opened any more."""
    error = restricted(restriction.domid, _NODES[name])
    lost = restriction.errors.get(_DEVICE.get(name, name))
    if lost is not None:
        why = f"which this device refused: {strerror(lost)}"
        error.hint = f"restricted to domain {restriction.domid}, for good, {why}"
    return error
