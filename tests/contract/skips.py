"""The one list of tests that may be skipped, and where."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("skips.toml")


class Skip(NamedTuple):
    """One entry: tests, the worlds they cannot run in, and why."""

    tests: tuple[str, ...]
    worlds: tuple[str, ...]
    reason: str


@cache
def listed() -> tuple[Skip, ...]:
    """Every entry of skips.toml."""
    entries = tomllib.loads(FILE.read_text())["skip"]
    return tuple(Skip(tuple(entry["tests"]), tuple(entry["worlds"]), entry["reason"]) for entry in entries)


def reason(nodeid: str, real: bool, target: str) -> str | None:
    """Why this test is not run in that world, or None: it is."""
    place = f"{'real' if real else 'sim'}:{target}"
    name = nodeid.rpartition("/")[2]
    for skip in listed():
        if any(fnmatchcase(place, world) for world in skip.worlds) and any(
            fnmatchcase(name, test) for test in skip.tests
        ):
            return skip.reason
    return None


def matching_nothing(nodeids: list[str]) -> list[str]:
    """Patterns that no test matches: leftovers."""
    names = [nodeid.rpartition("/")[2] for nodeid in nodeids]
    return [
        test
        for skip in listed()
        for test in skip.tests
        if not any(fnmatchcase(name, test) for name in names)
    ]
