"""`tools/abi check`: is everything that is written down still true?

headers   every public header file is read, or listed with a reason
releases  what other releases have otherwise fits the facts it is against
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
from typing import TYPE_CHECKING, Any

from . import checkout, counts, coverage, data, fetch, generate, macros, oracle, tables, words
from .headers import ARCHES, HEADERS, Header, exists
from .model import Model
from .places import Failure, Tree
from .releases import RELEASES, Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Fact = dict[str, Any]


class Report:
    """Counts and differences, printed as they come."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.counted: dict[str, str] = {}

    def note(self, stage: str, counted: str) -> None:
        """Print what was counted, where nothing can differ."""
        self.counted[stage.rstrip("/")] = counted
        print(f"{stage:10} {counted}")

    def add(self, stage: str, differences: list[str], counted: str) -> None:
        """Print one stage's result."""
        self.counted[stage] = counted
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


def check_headers(tree: Tree, report: Report, later: Sequence[Release]) -> None:
    """Account for every header file of the newest releases."""
    wrong: list[str] = []
    counted = []
    for project in ("xen", "linux"):
        newest = next(r for r in RELEASES if r.project == project)
        own = [newest, *(r for r in later if r.project == project)]
        found = {release.name: coverage.files(fetch.include(release)) for release in own}
        wrong += coverage.unaccounted(tree, project, found)
        counted += [f"{len(files)} of {name}" for name, files in found.items()]
    report.add("files", wrong, f"{', '.join(counted)} accounted for")


def check_data(tree: Tree, report: Report, later: Sequence[Release]) -> None:
    """Extract again and compare."""
    from . import extract

    files = extract.extract(tree, later)
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


def views(header: Header) -> tuple[bool, ...]:
    """Return with which of the tools' guard a header is compiled."""
    if header.project == "linux":
        return (False,)
    return (True,) if header.tools_only else (False, True)


def check_compiler(tree: Tree, report: Report, stage: str, releases: Sequence[Release]) -> None:
    """Compile every header of some releases, in every architecture and view."""
    jobs = [
        (header, release, arch, tools)
        for release in releases
        for header in HEADERS
        if header.project == release.project and exists(header, release)
        for arch in header.arches
        for tools in views(header)
    ]
    functions, _ = macros.read(tree)
    for arch in ARCHES:
        oracle.compiler(arch)

    def run(job: tuple[Header, Release, str, bool]) -> tuple[Counter[str], list[str]]:
        header, release, arch, tools = job
        older = _older(tree, header, release)
        here = functions.get(header.module, [])
        return oracle.compare(header, release, older, arch, tools=tools, functions=here)

    found_here: Counter[str] = Counter()
    wrong: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for found, differences in pool.map(run, jobs):
            found_here += found
            wrong += differences
    names = sorted({release.name for _, release, _, _ in jobs})
    print(
        f"compiled   {len(jobs)} views of {len({h.module for h, *_ in jobs})} headers, "
        f"{len(names)} releases ({', '.join(names)}), {' and '.join(ARCHES)}"
    )
    listed = ", ".join(f"{found_here[k]} {k}" for k in ("structures", "fields", "constants"))
    report.add(stage, wrong, f"{len(jobs)} views, {listed} checked")


def _print_noted(tree: Tree, opened: Sequence[Release]) -> None:
    """Say what each release that no package has brings, unless it is compiled here too."""
    for delta in data.later(tree):
        if delta["release"] in {release.name for release in opened}:
            continue
        modules = [delta[name] for name in delta["modules"] if name in delta]
        parts = [part for module in modules if module.get("absent") is not True for part in module.values()]
        new, other, gone = (sum(len(p.get(k, ())) for p in parts) for k in ("only", "otherwise", "absent"))
        source = delta["source"]
        print(
            f"noted      {delta['release']}: {new} names new, {other} otherwise, {gone} gone; "
            f"{source['tag']} {source['commit'][:12]}, not compiled here"
        )


def check(
    tree: Tree, *, quick: bool, headers: Mapping[str, Path] | None = None, write_counts: bool = False
) -> int:
    """Run every stage; return the exit status.

    `headers` are places of releases that no package has (see checkout).
    """
    with checkout.opened(tree, dict(headers or {})) as later:
        return _check(tree, later, quick=quick, write_counts=write_counts)


def _check(tree: Tree, later: Sequence[Release], *, quick: bool, write_counts: bool) -> int:
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
    report.note(
        "abi/",
        f"{len(facts)} headers, {structures} structures, {fields} fields, {constants} constants",
    )
    report.add("headers", *coverage.check_rows(tree))
    report.add("releases", *coverage.check_releases(tree))
    _print_noted(tree, later)
    if not quick:
        fetch.fetch_all()
        for release in RELEASES:
            if not fetch.present(release):
                print(f"gap        {release.name} is not to be had: its differences stand unchecked")
        check_headers(tree, report, later)
        check_data(tree, report, later)
    check_generated(tree, report)
    check_layout(tree, report)
    report.add("tables", *tables.check(tree, facts))
    report.add("macros", *macros.check(tree, facts))
    model = Model(tree)
    report.add("words", *words.check(model, words.read_all(tree, model.facts)))
    complete = False
    if not quick:
        here = [release for release in RELEASES if fetch.present(release)]
        check_compiler(tree, report, "compiler", here)
        for release in later:
            check_compiler(tree, report, release.name, [release])
        complete = len(here) == len(RELEASES)
    report.differences += counts.check(tree, report.counted, complete=complete, write=write_counts)
    print(f"{len(report.differences)} differences")
    return 1 if report.differences else 0
