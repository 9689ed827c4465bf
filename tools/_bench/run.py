"""The turns, and the report.

In each turn of a scenario every subject does about as long a piece of work, one
after the other, each time in another order; ratios are taken within turns.
"""

from __future__ import annotations

import json
import os
import platform
import select
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _bench import rivals
from _bench.ratios import FEWEST, Turn, calls_for, compare, order
from _bench.subjects import BASE, CHILDREN, DEVICE, SCENARIOS, SOCKET, SUBJECTS, THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
#: Seconds after which a subject hangs: what has happened to it is told, and the others go on.
PATIENCE = 30.0
#: Whom the ratios are of.
OURS = ("xensys", "xensys.aio")


class Child:
    """A process with one subject (see `child`)."""

    def __init__(self, name: str, kind: str, path: str, environment: dict[str, str]) -> None:
        self.name = name
        self.why_not: dict[str, str] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "_bench.child", name, kind, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def _line(self) -> str:
        """Its next line; a reason if there is none. It answers with one line at a time."""
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], PATIENCE)[0]:
            self._process.kill()
            return f"missing {self.name} has not answered within {PATIENCE:.0f} s"
        return out.readline().strip() or f"missing {self.name} died"

    def ready(self) -> bool:
        """Whether there is such a subject here."""
        line = self._line()
        if line != "ready":
            self.why_not = dict.fromkeys(SCENARIOS, line.removeprefix("missing "))
        return line == "ready"

    def turn(self, scenario: str, calls: int) -> Turn | None:
        """Do it so often; None if it cannot."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{scenario} {calls}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer below is that it has died
        line = self._line()
        try:
            return Turn(calls, float(line))
        except ValueError:
            self.why_not.setdefault(scenario, line.removeprefix("missing "))
            return None

    def end(self) -> None:
        """It has done its work."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait()


def prepare(path: str) -> None:
    """Make the nodes; by our own client, which is not what is measured here."""
    from xensys import store

    with store.open(path) as xs:
        for name in ("node", "written", "watched", "transaction"):
            xs.write(f"{BASE}/{name}", b"a value of XenStore's")
        for number in range(CHILDREN):
            xs.write(f"{BASE}/directory/child{number}", b"")


def tidy(path: str) -> None:
    """Take them away."""
    from xensys import store

    with store.open(path) as xs:
        xs.rm(BASE)


def measure(children: Sequence[Child], scenario: str, rounds: int, seconds: float) -> dict[str, list[Turn]]:
    """All turns of those who can do it."""
    able: dict[str, tuple[Child, int]] = {}
    for child in children:
        # Once to warm up, once to learn how often fits in the time.
        for calls in (FEWEST * THREADS, FEWEST * THREADS):
            tried = child.turn(scenario, calls)
        if tried is not None:
            tried = child.turn(scenario, calls_for(tried, seconds / 4))
        if tried is not None:
            calls = calls_for(tried, seconds)
            able[child.name] = child, max(calls - calls % THREADS, THREADS)
    turns: dict[str, list[Turn]] = {name: [] for name in able}
    for number in range(rounds):
        for name in order(list(able), number):
            child, calls = able[name]
            turn = child.turn(scenario, calls)
            if turn is not None:
                turns[name].append(turn)
    # Who failed meanwhile has had fewer turns, and is told of as missing.
    return {name: had for name, had in turns.items() if len(had) == rounds}


def store_bench(
    kinds: Sequence[str], scenarios: Sequence[str], rounds: int, seconds: float, *, sim: bool
) -> dict[str, Any]:
    """The whole of `tools/bench store`, on this machine.

    Returns:
        What `--json` prints: per transport and scenario the ratios, and who is missing why.
    """
    result: dict[str, Any] = {
        "what": "answers of a small process" if sim else "xenstored",
        "machine": f"{platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "rounds": rounds,
        "seconds": seconds,
        "ratios": {},
        "missing": {},
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = {SOCKET: "/run/xenstored/socket", DEVICE: "/dev/xen/xenbus"}
        if sim:
            places = {SOCKET: str(folder / "socket")}
            kinds = (SOCKET,)
            stack.callback(_end, _responder(places[SOCKET]))
        environment = _environment(folder)
        for kind in kinds:
            path = places[kind]
            if not sim:
                prepare(path)
                stack.callback(tidy, path)
            children = []
            started = [Child(name, kind, path, environment) for name in SUBJECTS]
            for child in started:
                stack.callback(child.end)
            for child in started:
                if child.ready():
                    children.append(child)
                else:
                    result["missing"][f"{kind} {child.name}"] = child.why_not[SCENARIOS[0]]
            for scenario in scenarios:
                print(f"bench: {kind}, {scenario}", file=sys.stderr, flush=True)
                turns = measure(children, scenario, rounds, seconds)
                result["ratios"][f"{kind} {scenario}"] = {
                    ours: {other: ratio._asdict() for other, ratio in compare(turns, ours).items()}
                    for ours in OURS
                    if ours in turns
                }
                for child in children:
                    if scenario in child.why_not:
                        result["missing"][f"{kind} {scenario} {child.name}"] = child.why_not[scenario]
            for child in children:
                child.end()
    return result


def _environment(folder: Path) -> dict[str, str]:
    here = dict(os.environ)
    here["PYTHONPATH"] = os.pathsep.join((str(ROOT / "tools"), str(ROOT)))
    # What a box was handed; else what pip brings.
    text = here.pop("XENSYS_BENCH_PYXS_WHEEL", None)
    if text is None and "XENSYS_BENCH_PYXS" not in here:
        try:
            text = rivals.packed()
        except OSError as error:
            print(f"bench: {error}", file=sys.stderr)
    if text is not None:
        here["XENSYS_BENCH_PYXS"] = str(rivals.unpack(text, folder / "pyxs"))
    return here


def _responder(path: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "_bench.responder", path],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def report(result: dict[str, Any]) -> str:
    """For a person: one line for each transport and scenario and subject of ours."""
    others = [name for name in SUBJECTS if name != OURS[0]]
    width = max(len(name) for name in ("22.22 (22.22–22.22)", *others)) + 1
    lines = [
        f"{result['what']}; {result['machine']}; {result['rounds']} turns of {result['seconds']} s each",
        "How many times as fast as …: the median of the turns (their quartiles)",
        "",
        f"{'':32}" + "".join(f"{name:>{width}}" for name in others),
    ]
    for what, ratios in result["ratios"].items():
        for ours, against in ratios.items():
            cells = []
            for other in others:
                found = against.get(other)
                text = f"{found['median']:.2f} ({found['low']:.2f}–{found['high']:.2f})" if found else "–"
                cells.append(f"{text:>{width}}")
            lines.append(f"{what:20} {ours:11}" + "".join(cells))
    # Each reason once.
    reasons: dict[str, list[str]] = {}
    for where, why in result["missing"].items():
        reasons.setdefault(why, []).append(where)
    lines += [f"missing: {why} ({len(where)} ×: {where[0]} …)" for why, where in reasons.items()]
    return "\n".join(lines)


def as_json(result: dict[str, Any]) -> str:
    """For a program."""
    return json.dumps(result, indent=1, ensure_ascii=False, sort_keys=True)
