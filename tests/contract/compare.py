"""Compare what became of the contract tests in two worlds.

    python3 -m tests.contract.compare SIM.json REAL.json

Ids must be the same, and outcomes too. One difference is allowed: a test that
one world skips, for a reason that skips.toml gives, and the other passes.
Exit status 1 if anything else differs, or if a test failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.contract import skips

Outcomes = dict[str, dict[str, str]]


def differences(one: Outcomes, other: Outcomes) -> list[str]:
    """What must not be, a line each."""
    reasons = {skip.reason for skip in skips.listed()}
    bad = [f"only in the first: {test}" for test in sorted(one.keys() - other.keys())]
    bad += [f"only in the second: {test}" for test in sorted(other.keys() - one.keys())]
    for test in sorted(one.keys() & other.keys()):
        a, b = one[test], other[test]
        outcomes = {a["outcome"], b["outcome"]}
        for side in (a, b):
            if side["outcome"] == "skipped" and side["reason"] not in reasons:
                bad.append(f"skipped for an unlisted reason: {test}: {side['reason']}")
        if "failed" in outcomes:
            said = a["reason"] if a["outcome"] == "failed" else b["reason"]
            bad.append(f"{a['outcome']} / {b['outcome']}: {test}: {said}")
        elif not outcomes <= {"passed", "skipped"}:
            bad.append(f"{a['outcome']} / {b['outcome']}: {test}")
    return bad


def main(argv: list[str]) -> int:
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    one, other = (json.loads(Path(name).read_text()) for name in argv)
    for name, outcomes in zip(argv, (one, other), strict=True):
        counts: dict[str, int] = {}
        for said in outcomes.values():
            counts[said["outcome"]] = counts.get(said["outcome"], 0) + 1
        print(f"{name}: {len(outcomes)} tests, {counts}")
    for test in sorted(one.keys() & other.keys()):
        a, b = one[test], other[test]
        if "skipped" in (a["outcome"], b["outcome"]):
            reason = a["reason"] or b["reason"]
            print(f"  {a['outcome']} / {b['outcome']}: {test.rpartition('/')[2]}: {reason}")
    bad = differences(one, other)
    for line in bad:
        print(f"DIFFERENT {line}")
    if not one or not other:
        print("DIFFERENT no tests at all")
        return 1
    print(f"{len(bad)} difference(s)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
