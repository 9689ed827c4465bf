"""`doctor`: what is in the way between this process and Xen, and what to do about it.

Opens no device but those that answer at once, so that it never hangs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xensys
from xensys.errors import XenError

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("doctor", help="which devices are there, and what stands in the way")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--sim", action="store_true", help="examine a simulated machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine, print, and return 0 if hypercalls can be made."""
    kernel = xensys.sim.Machine().dom0 if arguments.sim else None
    found = xensys.probe(kernel)
    hypercalls, reason = _try_hypercall(found, kernel)
    if arguments.json:
        import json

        print(json.dumps(_as_json(found, hypercalls, reason), indent=2))
        return 0 if hypercalls else 1
    if found.xen:
        which = {True: "the initial domain", False: "a guest", None: "a domain (which, xenfs would tell)"}
        kind = f" {found.guest_type}" if found.guest_type else ""
        simulated = "simulated " if found.simulated else ""
        version = found.version or "of unknown release"
        print(
            f"{simulated}Xen {version} on {found.architecture}; this is {which[found.initial_domain]}{kind}"
        )
    else:
        print(f"no Xen here ({found.architecture}); `python3 -m xensys demo` simulates a machine")
    for device in found.devices:
        print(f"  {device.path:<26} {device.advice or 'usable'}")
    print(f"hypercalls: {'work' if hypercalls else reason}")
    return 0 if hypercalls else 1


def _try_hypercall(found: xensys.Probe, kernel: Any) -> tuple[bool, str]:
    """Whether a harmless hypercall gets through, and if not, why."""
    device = found.device("privcmd")
    if not device.usable:
        return False, f"no: {device.path} is {device.advice}"
    if found.initial_domain is not True and found.restricted is not False:
        if found.restricted:
            return False, (
                "no: privcmd is restricted in this domU (XSA-482); the administrator can boot "
                "with xen_privcmd.unrestricted=1"
            )
        # Opening might wait for XenStore, for ever.
        return False, "not tried: in a guest, opening privcmd may wait for XenStore"
    try:
        with xensys.open(kernel, timeout=5.0) as xen:
            xen.xen_version.version()
    except XenError as error:
        return False, f"no: {error}"
    return True, ""


def _as_json(found: xensys.Probe, hypercalls: bool, reason: str) -> dict[str, object]:
    return {
        "xen": found.xen,
        "simulated": found.simulated,
        "version": found.version,
        "architecture": found.architecture,
        "guest_type": found.guest_type,
        "initial_domain": found.initial_domain,
        "restricted": found.restricted,
        "hypercalls": hypercalls,
        "reason": reason,
        "devices": {
            device.path: {"usable": device.usable, "errno": device.errno, "advice": device.advice}
            for device in found.devices
        },
    }
