"""python3 -m tests.soak [--cycles N | --seconds S] [--real]

Without --real on the simulator. Exit status 1 if something was left behind.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time

from tests.soak.run import Outcome, real, simulated


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--cycles", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, help="as many cycles as that takes")
    parser.add_argument(
        "--real", action="store_true", help="on this machine's Xen, in a box of tools/xenbox"
    )
    arguments = parser.parse_args()
    began = time.monotonic()
    outcome: Outcome = (real if arguments.real else simulated)(arguments.cycles, arguments.seconds)
    gc.collect()
    print(
        f"soak: {outcome.cycles} cycles of {', '.join(outcome.parts)} in {time.monotonic() - began:.0f} s: "
        f"{len(outcome.left)} difference(s)"
    )
    for line in outcome.left:
        print(f"DIFFERENT {line}")
    return 1 if outcome.left or not outcome.cycles else 0


if __name__ == "__main__":
    sys.exit(main())
