"""Random operations on XenStore, compared with a model; a command.

    python3 -m tests.campaign.store --operations 200000 --processes 2
    tools/xenbox run --target amd64-4.20 --no-guests -- \\
        python3 -m tests.campaign.store --real --operations 5000

On the simulator, or with --real on the daemon of the machine it runs on. Runs
until so many operations have been compared, and says how many. The first
difference ends it, with the shortest way to it that Hypothesis found and a
line to reproduce it with. Exit status 1 then.
"""

from __future__ import annotations

import argparse
import errno
import random
import subprocess
import sys
import time
import traceback

from hypothesis import Phase, reproduce_failure, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.campaign.machine import SETTINGS, campaign
from tests.campaign.play import Tally
from tests.campaign.worlds import RealWorld, SimWorld, World

__all__ = ["main", "run"]


def run(
    world: World,
    operations: int,
    first_seed: int,
    *,
    options: settings = SETTINGS,
    reproduce: tuple[str, bytes] | None = None,
) -> Tally:
    """Compare so many operations.

    Raises:
        Different: something was not as in the model; with Hypothesis' notes.
    """
    tally = Tally(None if reproduce else operations, 500 if world.real else 0)
    number = first_seed
    try:
        while not tally.enough:
            machine = seed(number)(campaign(world, tally))
            if reproduce:
                machine = reproduce_failure(*reproduce)(machine)
            run_state_machine_as_test(machine, settings=options)
            if reproduce:
                return tally
            # Games of one seed become alike; and Hypothesis remembers all it has seen.
            number += 1
        return tally
    except BaseException:
        # Hypothesis may find it odd that a game ended so early.
        if tally.enough and not tally.failing:
            return tally
        raise


def summary(tally: Tally, seconds: float) -> str:
    """The closing line, in the form of test runners'."""
    verbs = ", ".join(f"{count} {verb}" for verb, count in tally.operations.most_common())
    errors = ", ".join(f"{count} {errno.errorcode[number]}" for number, count in tally.errors.most_common())
    return (
        f"{verbs}\n{errors}\n"
        f"{tally.done} operations compared in {tally.games} games, {len(tally.trees)} different trees, "
        f"{tally.begun} transactions ({tally.committed} committed, {tally.conflicts} refused at the end), "
        f"{tally.watches} watches, {tally.events} events, {seconds:.1f} s"
    )


def main(argv: list[str] | None = None) -> int:
    """Run a campaign; 0 if all was as in the model."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.campaign.store",
        description="Random operations on XenStore, compared with a model.",
    )
    parser.add_argument("--operations", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--processes", type=int, default=1, help="that share the operations")
    parser.add_argument("--real", action="store_true", help="the daemon of this machine (dom0)")
    parser.add_argument("--daemon", choices=["c", "oxenstored"], help="with --real: refuse any other")
    parser.add_argument("--way", choices=["socket", "device"], help="default: connections of both kinds")
    parser.add_argument("--release", default="4.20", help="of the simulator")
    parser.add_argument("--as-found", action="store_true", help="look for no shorter way to a failure")
    parser.add_argument("--reproduce", nargs=2, metavar=("VERSION", "BLOB"), help="what a failure said")
    arguments = parser.parse_args(argv)
    number = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    if arguments.processes > 1:
        return _share_out(arguments, number)
    print(f"seed {number}", flush=True)
    world: World
    if arguments.real:
        world = RealWorld(arguments.daemon, arguments.way)
        print(f"the daemon is {world.daemon}, of Xen {'.'.join(map(str, world.release))}", flush=True)
    else:
        major, minor = map(int, arguments.release.split("."))
        world = SimWorld((major, minor), arguments.way)
    reproduce = arguments.reproduce and (arguments.reproduce[0], arguments.reproduce[1].encode())
    phases = (Phase.explicit, Phase.generate) if arguments.as_found else SETTINGS.phases
    began = time.monotonic()
    try:
        tally = run(
            world,
            arguments.operations,
            number,
            options=settings(SETTINGS, phases=phases),
            reproduce=reproduce,
        )
    except Exception:
        traceback.print_exc()
        seconds = time.monotonic() - began
        print(f"different, after {seconds:.1f} s; --seed {number} finds it again", flush=True)
        return 1
    print(summary(tally, time.monotonic() - began), flush=True)
    return 0


def _share_out(arguments: argparse.Namespace, number: int) -> int:
    """The same, in several processes."""
    if arguments.real or arguments.reproduce:
        print("--processes is for the simulator", file=sys.stderr)
        return 2
    count = arguments.processes
    share = -(-arguments.operations // count)
    command = [sys.executable, "-m", "tests.campaign.store", "--release", arguments.release]
    command += ["--operations", str(share)] + (["--way", arguments.way] if arguments.way else [])
    command += ["--as-found"] if arguments.as_found else []
    # Far apart, as each process goes on to the next seeds.
    running = [subprocess.Popen([*command, "--seed", str(number + n * 100_000)]) for n in range(count)]
    return max(process.wait() for process in running)


if __name__ == "__main__":
    sys.exit(main())
