"""The command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from _bench import rivals, run
from _bench.subjects import DEVICE, SCENARIOS, SOCKET

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
Ratios only, and never a verdict: exit status 0 if it could measure, 1 if not.
pyxs is downloaded by pip into the cache (see tools/xenbox --help) and installed
nowhere; without it that column is empty, and why is said.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="bench", description="How fast, as ratios.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    store = commands.add_parser(
        "store",
        help="xensys.store beside xen.lowlevel.xs and pyxs, on one daemon",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    store.add_argument("--target", help="in a box of tools/xenbox, in place of this machine")
    store.add_argument(
        "--sim",
        action="store_true",
        help="answers of a small process in place of a daemon's: no Xen needed",
    )
    store.add_argument("--rounds", type=_count, default=9, help="turns for each (default 9)")
    store.add_argument(
        "--seconds", type=_seconds, default=0.1, help="about how long a turn takes (default 0.1)"
    )
    store.add_argument(
        "--short", action="store_true", help="reads and threads only, 5 turns of 0.05 s: for CI"
    )
    store.add_argument("--transport", choices=(SOCKET, DEVICE), action="append", help="default: both")
    store.add_argument("--scenario", choices=SCENARIOS, action="append", help="default: all")
    store.add_argument(
        "--json", type=Path, metavar="FILE", help="write the numbers there, too; - prints them"
    )
    arguments = parser.parse_args(argv)
    if arguments.target:
        return _in_box(arguments, list(sys.argv[1:] if argv is None else argv))
    try:
        result = run.store_bench(
            arguments.transport or (SOCKET, DEVICE),
            arguments.scenario or (("read", "threads") if arguments.short else SCENARIOS),
            5 if arguments.short else arguments.rounds,
            0.05 if arguments.short else arguments.seconds,
            sim=arguments.sim,
        )
    except (OSError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if arguments.json == Path("-"):
        print(run.as_json(result))
        return 0
    if arguments.json:
        arguments.json.write_text(run.as_json(result) + "\n")
    print(run.report(result))
    return 0


def _in_box(arguments: argparse.Namespace, argv: list[str]) -> int:
    """The same command in a box, with pyxs in an environment variable: the box has no network."""
    rest = list(argv)
    for option in ("--target", "--json"):
        for index, word in enumerate(rest):
            if word == option:
                del rest[index : index + 2]
                break
            if word.startswith(f"{option}="):
                del rest[index]
                break
    box = ["--target", arguments.target, "--no-guests"]
    try:
        box += ["--env", f"XENSYS_BENCH_PYXS_WHEEL={rivals.packed()}"]
    except OSError as error:
        print(f"bench: {error}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        inside = [sys.executable, str(run.ROOT / "tools" / "xenbox"), "run", *box]
        if arguments.json and arguments.json != Path("-"):
            inside += ["--collect", f"/tmp/bench.json={Path(folder) / 'bench.json'}"]
            rest += ["--json", "/tmp/bench.json"]
        elif arguments.json:
            rest += ["--json", "-"]
        status = subprocess.run([*inside, "--", "python3", "tools/bench", *rest], check=False).returncode
        if not status and arguments.json and arguments.json != Path("-"):
            arguments.json.write_text((Path(folder) / "bench.json").read_text())
    return status


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= 60:
        raise argparse.ArgumentTypeError("more than 0, at most 60")
    return number
