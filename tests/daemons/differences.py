"""What oxenstored does otherwise than the C daemon: the reader of differences.toml.

The contract consults it (tests/contract/conftest.py), in two ways:

    [[contract]]  a test asks for the daemon's word (`Daemon.says`) and claims it
    [[fails]]     a test claims what oxenstored has not: there it must fail so

Neither can go stale: a word that does not hold fails its test, one that no test
asks for fails the run, and so does a listed test that passes or is not there.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.daemons.serving import OXENSTORED, XENSTORED

FILE = Path(__file__).with_name("differences.toml")
_KEYS = {
    "contract": {"name", "c", "oxenstored", "says", "source"},
    "fails": {"name", "tests", "with", "says", "source"},
}


class Failure(NamedTuple):
    """Tests that fail on oxenstored.

    Attributes:
        name: of the entry.
        tests: patterns of "file::test".
        error: an expression that the failure's message matches.
        says: why.
    """

    name: str
    tests: tuple[str, ...]
    error: str
    says: str


class Daemon:
    """The daemon under test, and its word where the two differ.

    Attributes:
        name: `serving.XENSTORED` or `serving.OXENSTORED`.
    """

    def __init__(self, name: str) -> None:
        if name not in (XENSTORED, OXENSTORED):
            raise LookupError(f"a daemon that differences.toml does not tell of: {name}")
        self.name = name
        self._asked: set[str] = set()

    def says(self, name: str) -> Any:
        """What this one does: the value of an entry of [[contract]]."""
        self._asked.add(name)
        return _words()[name][self.name]

    def failure(self, nodeid: str) -> Failure | None:
        """How this test must fail here, or None: it must not."""
        if self.name != OXENSTORED:
            return None
        test = nodeid.rpartition("/")[2]
        for failure in failures():
            if any(fnmatchcase(test, pattern) for pattern in failure.tests):
                return failure
        return None

    def asked_by_nobody(self) -> list[str]:
        """Entries that no test has asked for: leftovers."""
        return sorted(set(_words()) - self._asked)


def judge(failure: Failure, error: str | None) -> str | None:
    """What is wrong with how a listed test ended, or None: it failed as it must.

    Args:
        error: its failure's message; None if it passed.
    """
    if error is None:
        return f"differences.toml, {failure.name}: does not fail on oxenstored any more"
    if not re.search(failure.error, error):
        return f"differences.toml, {failure.name}: fails otherwise than by {failure.error!r}: {error}"
    return None


def matching_nothing(nodeids: list[str]) -> list[str]:
    """Patterns of [[fails]] that no test matches: leftovers."""
    names = [nodeid.rpartition("/")[2] for nodeid in nodeids]
    return [
        pattern
        for failure in failures()
        for pattern in failure.tests
        if not any(fnmatchcase(name, pattern) for name in names)
    ]


@cache
def failures() -> tuple[Failure, ...]:
    """Every entry of [[fails]]."""
    return tuple(
        Failure(entry["name"], tuple(entry["tests"]), entry["with"], entry["says"])
        for entry in _entries("fails")
    )


@cache
def _words() -> dict[str, dict[str, Any]]:
    words: dict[str, dict[str, Any]] = {}
    for entry in _entries("contract"):
        if entry["c"] == entry["oxenstored"]:
            raise ValueError(f"differences.toml, {entry['name']}: no difference")
        if entry["name"] in words:
            raise ValueError(f"differences.toml, {entry['name']}: twice")
        words[entry["name"]] = {XENSTORED: entry["c"], OXENSTORED: entry["oxenstored"]}
    return words


def _entries(table: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads(FILE.read_text())[table]
    for entry in entries:
        if set(entry) != _KEYS[table]:
            odd = sorted(set(entry) ^ _KEYS[table])
            raise ValueError(f"differences.toml, [[{table}]] {entry.get('name')}: {odd}")
    return entries
