"""What was seen of each row: recorded outcomes, and what is kept by hand beside them.

docs/coverage.json   recorded by tests/recording.py in test runs; `tools/coverage record` merges
                     the outcome files of `tools/test --results` into it
docs/coverage.toml   by hand: which test looks at an effect, why something was never run

Nothing here is taken on trust: a test that coverage.toml names must have passed, with
that operation carried out in it, or the row is not *worked*.
"""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _coverage.rows import Row

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "docs" / "coverage.json"
BY_HAND = ROOT / "docs" / "coverage.toml"

#: world:target:part → name in C → outcome → tests, the fewest words first.
Recorded = dict[str, dict[str, dict[str, list[str]]]]
#: Tests kept for each outcome: one is shown, more are for whoever wants another.
_KEEP = 3
_FILE = re.compile(r"contract-(real|sim)-(.+)-([a-z]+)\.json")


class ByHand(NamedTuple):
    """docs/coverage.toml.

    Attributes:
        effect: name → pattern of the test that looks at its effect.
        never: pattern of names → why it was never run on real Xen.
        unwrapped: name → why it has no method.
        raw: family → why it is left to the raw door.
    """

    effect: dict[str, str]
    never: dict[str, str]
    unwrapped: dict[str, str]
    raw: dict[str, str]


def by_hand() -> ByHand:
    """docs/coverage.toml, read."""
    said = tomllib.loads(BY_HAND.read_text())
    return ByHand(*(said.get(part, {}) for part in ByHand._fields))


def recorded() -> Recorded:
    """docs/coverage.json, read; empty if nothing was recorded."""
    found: Recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    return found


def merge(files: Iterable[Path], into: Recorded, effects: dict[str, str]) -> list[str]:
    """Put outcome files in place of what was recorded of the same runs.

    Returns:
        The runs that were taken.
    Raises:
        ValueError: a file's name says not what run it is of.
    """
    taken: list[str] = []
    for path in files:
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path}: not called contract-WORLD-TARGET-PART.json")
        run = ":".join(match.groups())
        into[run] = _condense(json.loads(path.read_text()), effects)
        taken.append(run)
    return taken


def _condense(outcomes: dict[str, Any], effects: dict[str, str]) -> dict[str, dict[str, list[str]]]:
    tests: dict[str, dict[str, set[str]]] = {}
    for test, entry in outcomes.items():
        if entry["outcome"] != "passed":
            continue
        short = test.rpartition("/")[2].partition("[")[0]
        for name, said in entry.get("did", {}).items():
            for outcome in said:
                tests.setdefault(name, {}).setdefault(outcome, set()).add(short)
    return {
        name: {
            outcome: _best(name, those, effects.get(name, "")) for outcome, those in sorted(said.items())
        }
        for name, said in sorted(tests.items())
    }


def _best(name: str, tests: set[str], effect: str) -> list[str]:
    """A few of many tests: the one named by hand, those whose file and name are about it."""
    words = set(re.findall(r"[a-z0-9]+", name.lower())) - {"ioctl", "op", "xen"}

    def distance(test: str) -> tuple[int, int, str]:
        named = 0 if effect and fnmatchcase(test, effect) else 1
        return named, -len(words & set(re.findall(r"[a-z0-9]+", test.lower()))), test

    return sorted(tests, key=distance)[:_KEEP]


class Verdict(NamedTuple):
    """What is known of a row in one world.

    Attributes:
        state: "worked", "accepted" (no test looks at the effect), "refused" (as
            documented), "refused otherwise", or "never run".
        where: the targets it was seen on.
        detail: the test; the errnos; or why not.
    """

    state: str
    where: tuple[str, ...]
    detail: str


def judge(row: Row, world: str, runs: Recorded, hand: ByHand) -> Verdict:
    """The best that was seen of a row in a world ("real" or "sim")."""
    well: dict[str, list[str]] = {}
    refusals: dict[str, set[str]] = {}
    for run, names in runs.items():
        kind, target, _ = run.split(":")
        if kind != world or row.name not in names:
            continue
        for outcome, tests in names[row.name].items():
            if outcome == "ok":
                well.setdefault(target, []).extend(tests)
            else:
                refusals.setdefault(outcome, set()).add(target)
    if well:
        return _carried_out(row, well, hand)
    if refusals:
        where = tuple(sorted(set().union(*refusals.values())))
        undocumented = {code for code in refusals if code.startswith("E")} - row.documented
        state = "refused otherwise" if undocumented else "refused"
        return Verdict(state, where, ", ".join(sorted(refusals)))
    return Verdict("never run", (), _why(row, hand))


def _carried_out(row: Row, well: dict[str, list[str]], hand: ByHand) -> Verdict:
    effect = hand.effect.get(row.name, "")
    tests = {
        target: [test for test in those if fnmatchcase(test, effect)] for target, those in well.items()
    }
    looked_at = {target: those for target, those in tests.items() if those}
    if looked_at:
        return Verdict("worked", tuple(sorted(looked_at)), next(iter(looked_at.values()))[0])
    first = next(iter(well.values()))[0]
    if row.answers and not effect:
        return Verdict("worked", tuple(sorted(well)), first)
    return Verdict("accepted", tuple(sorted(well)), first)


def _why(row: Row, hand: ByHand) -> str:
    for pattern, why in hand.never.items():
        if fnmatchcase(row.name, pattern):
            return why
    return ""
