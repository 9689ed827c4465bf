"""Xen's own test of XenStore and ours, beside each other on the daemon of this box.

    tools/xenbox run --target TARGET -- python3 -m tests.daemons.yardstick

Both go over the socket and over the device. Exit status 1 if either fails, or if
the binary's list of tests and `test_store_upstream.TESTS` are not the same: then
there is one that ours does not re-express, or that has gone.
"""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.contract.test_store_upstream import TESTS
from tests.contract.worlds import WAYS
from tests.daemons import serving

OURS = "tests/contract/test_store_upstream.py::test_one"
#: Seconds for one run of theirs, which takes one; of ours, some ten. dom0 is emulated.
PATIENCE, OUR_PATIENCE = 120, 600


class Yardstick:
    """Upstream's binary.

    Attributes:
        program: where it is.
        libraries: where libxenstore is; it is not among the system's.
    """

    def __init__(self) -> None:
        self.program = _one("/usr/lib/xen-*/bin/test-xenstore")
        self.libraries = os.path.dirname(
            _one("/usr/lib/xen-*/lib/**/libxenstore.so.4", "/usr/lib/**/libxenstore.so.4")
        )

    def names(self) -> list[str]:
        """Its tests, in its order."""
        done = self._run("-l")
        if done.returncode:
            raise SystemExit(f"yardstick: {self.program} -l: {done.stdout}{done.stderr}")
        return [line.partition(":")[0].strip() for line in done.stdout.splitlines() if ":" in line]

    def measure(self, way: str) -> dict[str, str]:
        """What it says of each of its tests, over that way; it stops at the first that fails."""
        done = self._run(XENSTORED_PATH=WAYS[way])
        said = dict(re.findall(r"^(.+?) *: *(.*)$", done.stdout, re.MULTILINE))
        if done.returncode:
            print(f"{self.program} over the {way}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return said

    def _run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            env={**os.environ, "LD_LIBRARY_PATH": self.libraries, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


def ours() -> tuple[int, dict[str, str]]:
    """pytest's exit status, and what became of each of our tests by its id."""
    with tempfile.TemporaryDirectory() as place:
        outcomes = Path(place) / "outcomes.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", OURS, "--contract-outcomes", str(outcomes)],
            timeout=OUR_PATIENCE,
            check=False,
        )
        found = json.loads(outcomes.read_text()) if outcomes.exists() else {}
    return done.returncode, {nodeid: entry["outcome"] for nodeid, entry in found.items()}


def our_word(outcomes: dict[str, str], way: str, name: str) -> str:
    """What became of our test of that name over that way."""
    wanted = {way, name.replace(" ", "-")}
    words = [
        word
        for nodeid, word in outcomes.items()
        if (found := re.search(r"::test_one\[(socket|device)-(.*)\]$", nodeid))
        and set(found.groups()) == wanted
    ]
    return words[0] if len(words) == 1 else "not run"


def main() -> int:
    """Measure both; 0 if all is as it should be."""
    yardstick, before = Yardstick(), serving.servers()
    names = yardstick.names()
    wrong = [f"only upstream has the test {name!r}" for name in names if name not in TESTS]
    wrong += [f"upstream has no test {name!r}" for name in TESTS if name not in names]
    theirs = {way: yardstick.measure(way) for way in WAYS}
    began = time.monotonic()
    status, outcomes = ours()
    seconds = time.monotonic() - began
    print(f"{'':12}" + "".join(f"{f'{who}, {way}':>20}" for way in WAYS for who in ("upstream", "ours")))
    for name in names:
        line = f"{name:12}"
        for way in WAYS:
            word, our = theirs[way].get(name, "not run"), our_word(outcomes, way, name)
            line += f"{word:>20}{our:>20}"
            if not re.fullmatch(r"\d+ ns", word):
                wrong.append(f"upstream's {name!r} over the {way}: {word}")
            if our != "passed":
                wrong.append(f"our {name!r} over the {way}: {our}")
        print(line)
    if status:
        wrong.append(f"{OURS}: status {status}")
    if serving.servers() != before:
        wrong.append(f"the daemon was {before} and is {serving.servers()}")
    print(f"yardstick: {serving.daemon()}, {len(names)} tests; ours took {seconds:.0f} s in all")
    for line in wrong:
        print(f"yardstick: {line}")
    return 1 if wrong else 0


def _one(*patterns: str) -> str:
    """The first file that a pattern finds."""
    for pattern in patterns:
        found = sorted(glob.glob(pattern, recursive=True))
        if found:
            return found[0]
    raise SystemExit(f"yardstick: not installed: {' '.join(patterns)}")


if __name__ == "__main__":
    sys.exit(main())
