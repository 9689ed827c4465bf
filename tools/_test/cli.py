"""`tools/test`: runs the stages, says how long each took, and fails if one failed."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _test import environment
from _test.stages import STAGES, Run, Stage


def main() -> int:
    """Run what was asked for; 0 if everything passed."""
    parser = argparse.ArgumentParser(
        prog="tools/test",
        description="Lint, types, unit tests, and the contract on the simulator and on real Xen in QEMU.",
        epilog="Stages: " + "; ".join(f"{stage.name}: {stage.does}" for stage in STAGES),
    )
    parser.add_argument(
        "--quick", action="store_true", help="without QEMU and header packages: a few minutes"
    )
    parser.add_argument("--stage", action="append", metavar="NAME", help="only this stage; may be repeated")
    parser.add_argument("--results", type=Path, help="keep outcome files here")
    arguments = parser.parse_args()

    chosen = _choose(arguments.quick, arguments.stage)
    with tempfile.TemporaryDirectory(prefix="xensys-results-") as scratch:
        results = arguments.results.resolve() if arguments.results else Path(scratch)
        results.mkdir(parents=True, exist_ok=True)
        return _run(chosen, results)


def _choose(quick: bool, names: list[str] | None) -> list[Stage]:
    known = {stage.name: stage for stage in STAGES}
    if names:
        unknown = [name for name in names if name not in known]
        if unknown:
            sys.exit(f"tools/test: no stage {', '.join(unknown)}; there are {', '.join(known)}")
        return [known[name] for name in names]
    return [stage for stage in STAGES if stage.quick or not quick]


def _run(chosen: list[Stage], results: Path) -> int:
    timings: list[tuple[str, float, bool]] = []
    began = time.monotonic()
    run = Run(environment.ensure(), results)
    timings.append(("environment", time.monotonic() - began, True))
    for stage in chosen:
        print(f"\n=== {stage.name}: {stage.does}", flush=True)
        began = time.monotonic()
        try:
            stage.run(run)
            passed = True
        except (subprocess.CalledProcessError, SystemExit) as error:
            print(f"tools/test: {stage.name}: {error}", flush=True)
            passed = False
        timings.append((stage.name, time.monotonic() - began, passed))
    print()
    for name, seconds, passed in timings:
        print(f"{name:<12} {seconds:7.1f} s  {'passed' if passed else 'FAILED'}")
    failed = sum(not passed for _, _, passed in timings)
    # In the form that test runners close with, for whoever reads only the end.
    print(f"stages: {len(timings) - failed} passed, {failed} failed")
    return 1 if failed else 0
