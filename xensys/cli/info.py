"""`info`: what this Xen is, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xensys
from xensys.errors import XenError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("info", help="what this Xen is")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--sim", action="store_true", help="ask a simulated machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask everything that may be asked without a privilege, and print the answers."""
    kernel = xensys.sim.Machine().dom0 if arguments.sim else None
    with xensys.open(kernel) as xen:
        facts = collect(xen)
    if arguments.json:
        import json

        print(json.dumps(facts, indent=2))
    else:
        width = max(map(len, facts))
        for name, value in facts.items():
            text = " ".join(value) if isinstance(value, list) else value
            print(f"{name:<{width}}  {text}")
    return 0


def collect(xen: xensys.Xen) -> dict[str, Any]:
    """What Xen says of itself; what it refuses to say is given as the reason."""
    version = xen.xen_version
    memory = xen.memory_op
    questions: dict[str, Callable[[], object]] = {
        "version": lambda: str(xen.version()),
        "features": lambda: sorted(xen.features()),
        "capabilities": lambda: list(version.capabilities()),
        "changeset": version.changeset,
        "compiler": lambda: version.compile_info().compiler,
        "compiled": lambda: version.compile_info().compile_date,
        "build_id": lambda: version.build_id().hex(),
        "command_line": version.commandline,
        "page_size": version.pagesize,
        "uuid": lambda: _uuid(version.guest_handle()),
        "machine_pages": memory.maximum_ram_page,
        "own_pages": memory.current_reservation,
    }
    facts: dict[str, Any] = {"simulated": xen.simulated}
    for name, ask in questions.items():
        try:
            facts[name] = ask()
        except XenError as error:
            facts[name] = f"({error.strerror}: {error.call})"
    return facts


def _uuid(raw: bytes) -> str:
    import uuid

    return str(uuid.UUID(bytes=raw))
