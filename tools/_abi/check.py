"""`tools/abi check`: is everything that is written down still true?

data      what the headers say, extracted again, is what abi/ holds
generated what abi/ says is what xensys/abi holds
layout    what ctypes made of it has the sizes and offsets of the data
compiler  a C compiler with the real headers agrees with the data
tables    hand-kept rows name things that exist
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import data, fetch, generate, oracle, tables
from .headers import ARCHES, HEADERS, Header, exists
from .places import Failure, Tree
from .releases import RELEASES, Release

Fact = dict[str, Any]


class Report:
    """Counts and differences, printed as they come."""

    def __init__(self) -> None:
        self.differences: list[str] = []

    def add(self, stage: str, differences: list[str], counted: str) -> None:
        """Print one stage's result."""
        print(f"{stage:10} {counted}: {len(differences)} differences")
        for line in differences[:40]:
            print(f"           {line}")
        if len(differences) > 40:
            print(f"           … and {len(differences) - 40} more")
        self.differences += differences


def _first_difference(old: str, new: str) -> str:
    for number, (a, b) in enumerate(zip(old.splitlines(), new.splitlines(), strict=False), 1):
        if a != b:
            return f"line {number}: {a.strip()!r}, should be {b.strip()!r}"
    return f"{len(old.splitlines())} lines, should be {len(new.splitlines())}"


def _compare_files(tree: Tree, files: dict[Path, str]) -> list[str]:
    wrong = []
    for path, text in files.items():
        name = path.relative_to(tree.root)
        if not path.is_file():
            wrong.append(f"{name}: missing")
        elif (old := path.read_text()) != text:
            wrong.append(f"{name}: {_first_difference(old, text)}")
    return wrong


def check_data(tree: Tree, report: Report) -> None:
    """Extract again and compare."""
    from . import extract

    files = extract.extract(tree)
    report.add("data", _compare_files(tree, files), f"{len(files)} files extracted again")


def check_generated(tree: Tree, report: Report) -> None:
    """Generate again and compare; nothing stale may lie about."""
    files = generate.generate(tree)
    wrong = _compare_files(tree, files)
    wrong += [f"{p.relative_to(tree.root)}: no longer made" for p in generate.stale(tree, files)]
    report.add("generated", wrong, f"{len(files)} files generated again")


def check_layout(tree: Tree, report: Report) -> None:
    """Have ctypes tell what it made of the generated files, in a process of its own."""
    program = Path(__file__).resolve().parent / "measure.py"
    command = [sys.executable, "-I", "-B", str(program), str(tree.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise Failure(f"the generated modules cannot be measured:\n{done.stderr.strip()}")
    *wrong, counted = done.stdout.splitlines() or ["nothing measured"]
    if done.stderr:
        wrong.append(done.stderr.strip())
    report.add("layout", wrong, counted)


def _older(tree: Tree, header: Header, release: Release) -> Fact:
    facts = data.read(tree, header)
    if facts["release"] == release.name:
        return facts
    delta = data.read_release(tree, release.name).get(header.module, {})
    return data.apply(facts, {} if delta.get("absent") is True else delta)


def check_compiler(tree: Tree, report: Report) -> None:
    """Compile every header of every release, architecture and view."""
    jobs = [
        (header, release, arch, tools)
        for release in RELEASES
        if fetch.present(release)
        for header in HEADERS
        if header.project == release.project and exists(header, release)
        for arch in header.arches
        for tools in ((False, True) if header.project == "xen" else (False,))
    ]
    for arch in ARCHES:
        oracle.compiler(arch)

    def run(job: tuple[Header, Release, str, bool]) -> tuple[Counter[str], list[str]]:
        header, release, arch, tools = job
        return oracle.compare(header, release, _older(tree, header, release), arch, tools=tools)

    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for found, differences in pool.map(run, jobs):
            counts += found
            wrong += differences
    releases = sorted({release.name for _, release, _, _ in jobs})
    print(
        f"compiled   {len(jobs)} views of {len({h.module for h, *_ in jobs})} headers, "
        f"{len(releases)} releases ({', '.join(releases)}), {' and '.join(ARCHES)}"
    )
    listed = ", ".join(f"{counts[k]} {k}" for k in ("structures", "fields", "constants"))
    report.add("compiler", wrong, f"{listed} checked")


def check(tree: Tree, *, quick: bool) -> int:
    """Run every stage; return the exit status."""
    report = Report()
    facts = data.read_all(tree)
    structures = sum(len(f["types"]) for f in facts.values())
    fields = sum(
        len(seen["fields"])
        for f in facts.values()
        for t in f["types"].values()
        if (seen := next(s for a in ARCHES if (s := data.for_arch(t, a)) is not None))
    )
    constants = sum(len(f["constants"]) for f in facts.values())
    print(
        f"abi/       {len(facts)} headers, {structures} structures, {fields} fields, {constants} constants"
    )
    if not quick:
        fetch.fetch_all()
        for release in RELEASES:
            if not fetch.present(release):
                print(f"gap        {release.name} is not to be had: its differences stand unchecked")
        check_data(tree, report)
    check_generated(tree, report)
    check_layout(tree, report)
    report.add("tables", *tables.check(tree, facts))
    if not quick:
        check_compiler(tree, report)
    print(f"{len(report.differences)} differences")
    return 1 if report.differences else 0
