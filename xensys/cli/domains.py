"""`domains`: which domains there are, and what can be known of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import xensys
from xensys.domains import Domain

if TYPE_CHECKING:
    import argparse

_COLUMNS = ("domid", "name", "state", "reservation", "maximum", "uuid")
_HEADS = ("domid", "name", "state", "MiB", "max MiB", "uuid")
_RIGHT = frozenset((0, 3, 4))


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("domains", help="which domains there are")
    parser.add_argument("--all", action="store_true", help="also those that XenStore does not know (slow)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--sim", action="store_true", help="ask a simulated machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List them, and say why what is not known is not."""
    kernel = xensys.sim.Machine().dom0 if arguments.sim else None
    with xensys.open(kernel) as xen:
        found = list(xen.domains.scan() if arguments.all else xen.domains)
    if arguments.json:
        import json

        print(json.dumps([_as_json(domain) for domain in found], indent=2))
        return 0
    rows = [_HEADS, *(_row(domain) for domain in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    for row in rows:
        cells = [
            cell.rjust(width) if place in _RIGHT else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    # Once for all domains that have it: on most machines it is the same for each.
    reasons: dict[tuple[str, str], list[int]] = {}
    for domain in found:
        for name, reason in domain.unknown.items():
            if name in _COLUMNS:
                reasons.setdefault((name, reason), []).append(domain.domid)
    if reasons:
        print()
    for (name, reason), domids in reasons.items():
        whose = "" if len(domids) == len(found) else f" of {', '.join(map(str, domids))}"
        print(f"no {name}{whose}: {reason}")
    return 0


def _row(domain: Domain) -> tuple[str, ...]:
    return tuple(_cell(domain, name) for name in _COLUMNS)


def _cell(domain: Domain, name: str) -> str:
    value = getattr(domain, name)
    if value is None:
        return "-"
    if name == "maximum" and value == Domain.NO_LIMIT:
        return "no limit"
    if name in ("reservation", "maximum"):
        return f"{value / 256:.0f}"
    # A name is its toolstack's, and perhaps its guest's: it must not move the cursor.
    return "".join(
        c if c.isprintable() and (c.isascii() or _utf8()) else c.encode("unicode_escape").decode()
        for c in str(value)
    )


def _utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _as_json(domain: Domain) -> dict[str, Any]:
    names = ("domid", "name", "uuid", "state", "roles", "unique_id", "reservation", "maximum")
    found: dict[str, Any] = {name: getattr(domain, name) for name in names}
    if domain.roles is not None:
        found["roles"] = sorted(domain.roles)
    return {**found, "unknown": domain.unknown}
