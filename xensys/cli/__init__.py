"""The command line: `python3 -m xensys COMMAND`.

One module per command, each with `add(subparsers)`; loaded only here.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the program's name; those of this process if None.
    Returns:
        The exit status: 0, or 1 if something stood in the way.
    """
    from xensys.cli import abi, demo, doctor, domains, info, store

    parser = argparse.ArgumentParser(prog="xensys", description="Xen from pure Python.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (demo, info, doctor, abi, store, domains):
        module.add(commands)
    parsed = parser.parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()  # a full disk is told of here, not at the interpreter's exit
    except BrokenPipeError:
        # The reader has had enough; nothing more can be said, not even at exit.
        sys.stderr.close()
        return 1
    except (OSError, ValueError, OverflowError) as error:
        print(f"xensys: {error}", file=sys.stderr)
        return 1
    return status
