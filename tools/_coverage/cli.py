"""The commands of tools/coverage."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path

from _coverage import evidence, page, rows
from _coverage.evidence import ROOT

PAGE = ROOT / "docs" / "coverage.md"


def main() -> int:
    """Do what was asked for; 0 if all is well."""
    parser = argparse.ArgumentParser(prog="tools/coverage", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate", help="write docs/coverage.md")
    commands.add_parser(
        "check", help="is it what the tables, methods and records say? is every gap explained?"
    )
    record = commands.add_parser(
        "record", help="take outcome files of test runs (tools/test --results DIR)"
    )
    record.add_argument(
        "files", nargs="+", type=Path, help="contract-WORLD-TARGET-PART.json, or directories of them"
    )
    limits = commands.add_parser("limits", help="list what is not *worked* on real Xen")
    limits.add_argument("--readme", action="store_true", help="in the form of README's limits")
    arguments = parser.parse_args()
    if arguments.command == "record":
        return _record(arguments.files)
    if arguments.command == "limits":
        return _limits(readme=arguments.readme)
    text = page.page(rows.rows(), evidence.recorded(), evidence.by_hand())
    if arguments.command == "generate":
        PAGE.write_text(text)
        return 0
    wrong = problems()
    for line in wrong:
        print(f"coverage: {line}")
    return 1 if wrong else 0


def problems(readme: str | None = None) -> list[str]:
    """What is not as it must be, a line each.

    Args:
        readme: its text; the repository's if None.
    """
    everything, runs, hand = rows.rows(), evidence.recorded(), evidence.by_hand()
    wrong: list[str] = []
    if not PAGE.exists() or PAGE.read_text() != page.page(everything, runs, hand):
        wrong.append("docs/coverage.md is not current: run tools/coverage generate")
    names = {row.name for row in everything}
    for row in everything:
        if bool(row.methods) == (row.name in hand.unwrapped):
            have = "has a method" if row.methods else "has no method"
            wrong.append(f"{row.name} {have}, and coverage.toml's [unwrapped] says otherwise")
    for family in rows.left_out():
        if family not in hand.raw:
            wrong.append(f"{family} has no class, and coverage.toml's [raw] gives no reason")
    wrong += [
        f"coverage.toml: there is no {name}"
        for name in (*hand.effect, *hand.unwrapped)
        if name not in names
    ]
    wrong += [
        f"coverage.toml: {family} has a class" for family in hand.raw if family not in rows.left_out()
    ]
    if any(run.startswith("real:") for run in runs):
        wrong += _unexplained(everything, runs, hand)
        wrong += _unnamed(
            readme if readme is not None else (ROOT / "README.md").read_text(), everything, runs, hand
        )
    return wrong


def _unexplained(
    everything: tuple[rows.Row, ...], runs: evidence.Recorded, hand: evidence.ByHand
) -> list[str]:
    return [
        f"{row.name} was never run on real Xen, and coverage.toml's [never] says not why"
        for row in everything
        if (verdict := evidence.judge(row, "real", runs, hand)).state == "never run" and not verdict.detail
    ] + [
        f"{name}: coverage.toml names {test}, in which it was not carried out"
        for name, test in hand.effect.items()
        for row in everything
        if row.name == name and (verdict := evidence.judge(row, "real", runs, hand)).state != "worked"
    ]


def _unnamed(
    readme: str, everything: tuple[rows.Row, ...], runs: evidence.Recorded, hand: evidence.ByHand
) -> list[str]:
    """Rows that are not *worked* must stand in README's limits, by name."""
    limits = readme.partition("\n## Limits")[2].partition("\n## ")[0]
    found = page.not_worked(everything, runs, hand)
    return [
        f"{name} is {state} on real Xen, and README's limits do not name it"
        for state, those in found.items()
        for name in those
        if name not in limits
    ]


def _record(places: list[Path]) -> int:
    files = [
        file
        for place in places
        for file in (sorted(place.glob("contract-*.json")) if place.is_dir() else [place])
    ]
    into = evidence.recorded()
    taken = evidence.merge(files, into, evidence.by_hand().effect)
    text = json.dumps(into, indent=1, sort_keys=True) + "\n"
    evidence.RECORDED.write_text(text)
    print("recorded:", ", ".join(taken) or "nothing")
    return 0 if taken else 1


#: What README says of each state.
_SAID = {
    "accepted": "carried out, and no test looks at what that has done",
    "refused": "only ever refused here, as documented",
    "refused otherwise": "only ever refused here, with an errno that nothing names",
    "never run": "never asked for on real Xen",
}


def _limits(*, readme: bool) -> int:
    found = page.not_worked(rows.rows(), evidence.recorded(), evidence.by_hand())
    for state, those in found.items():
        if readme:
            if those:
                text = f"*{len(those)} {_SAID[state]}:* {', '.join(those)}."
                print(textwrap.fill(text, 118, break_long_words=False), end="\n\n")
            continue
        print(f"{state} ({len(those)})")
        for name, detail in those.items():
            print(f"  {name}" + (f": {detail}" if detail else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
