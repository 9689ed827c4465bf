"""abi/headers.toml: which public header files no module reads, and why.

Every file below usr/include/xen is read by a Header or has a row there, so that a
header that a new release brings cannot be overlooked.
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from . import data
from .headers import ARCHES, HEADERS
from .places import Failure, Tree

if TYPE_CHECKING:
    from pathlib import Path

Fact = dict[str, Any]

# A new reason is a decision, made here.
REASONS = {
    "copy": "the same declarations as in a header that is read",
    "no-content": "nothing that has a value or a layout",
    "other-architecture": "neither x86_64 nor arm64",
    "removed": "nothing answers to it any more",
    "tools-only": "used by versioned calls alone",
    "versioned": "every release may change it, and refuses callers built for another",
}


def read(tree: Tree) -> Fact:
    """Return the rows of abi/headers.toml by project, and "stands"."""
    path = tree.data / "headers.toml"
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{path}: {error}") from None


def files(include: Path) -> set[str]:
    """Return the public header files of one release, relative to xen/."""
    folder = include / "xen"
    return {str(path.relative_to(folder)) for path in folder.rglob("*.h")}


def check_rows(tree: Tree) -> tuple[list[str], str]:
    """Hold the file against itself and the list of headers; needs no header file."""
    rows = read(tree)
    wrong = [f"headers.toml: unknown part {part}" for part in rows.keys() - {"xen", "linux", "stands"}]
    counts = {"read": 0, "not read": 0}
    for project in ("xen", "linux"):
        taken = _taken(project)
        counts["read"] += len(taken)
        listed = rows.get(project, {})
        counts["not read"] += len(listed)
        for name, row in listed.items():
            if name in taken:
                wrong.append(f"headers.toml: {project} {name} is read, by {taken[name]}")
            if row.get("reason") not in REASONS or not row.get("note") or len(row) != 2:
                wrong.append(f"headers.toml: {project} {name}: a known reason and a note, please")
    facts = data.read_all(tree)
    for header in HEADERS:
        known = facts[header.module]
        names = [n for section in data.SECTIONS[:-1] for n in known[section]]
        fields = [f"{n}.{f['name']}" for n, t in known["types"].items() for f in t.get("fields", ())]
        wrong += [
            f"{header.module}: select has {pattern}, which nothing is called"
            for pattern in header.select
            if not any(fnmatchcase(name, pattern) for name in (*names, *fields))
        ]
    return wrong, f"{counts['read']} header files read, {counts['not read']} listed with a reason"


def _taken(project: str) -> dict[str, str]:
    return {name: h.module for h in HEADERS if h.project == project for name in h.files}


def unaccounted(tree: Tree, project: str, releases: dict[str, set[str]]) -> list[str]:
    """Compare the header files of releases (by name) with what is read and listed."""
    listed = read(tree).get(project, {})
    taken = _taken(project)
    wrong = [
        f"{release}: xen/{name} is neither read nor listed in headers.toml"
        for release, found in releases.items()
        for name in sorted(found - taken.keys() - listed.keys())
    ]
    everything = set().union(*releases.values())
    wrong += [
        f"headers.toml: {project} {name}: no such file in {', '.join(releases)}"
        for name in sorted(listed.keys() - everything)
    ]
    return wrong


def check_releases(tree: Tree) -> tuple[list[str], str]:
    """Hold the differences of other releases against the facts they are against."""
    wrong: list[str] = []
    decided = read(tree).get("stands", {})
    used: set[str] = set()
    known = {header.module: header for header in HEADERS}
    noted = data.later(tree)
    merged = data.read_all(tree)
    names = sorted(path.stem for path in (tree.data / "releases").glob("*.json"))
    for name in names:
        delta = data.read_release(tree, name)
        project = name.partition("-")[0]
        for module, part in delta.items():
            if module in known and part.get("absent") is not True:
                facts = data.read(tree, known[module])
                wrong += [f"{name} {module}: {line}" for line in data.disagreements(facts, part)]
        if delta not in noted:
            continue
        own = [h.module for h in HEADERS if h.project == project]
        wrong += [
            f"{name}: {module} was never looked for in it; extract it again with --headers"
            for module in own
            if module not in delta.get("modules", ())
        ]
        for module in own:
            for section in data.SECTIONS[:-1]:
                part = delta.get(module, {}).get(section, {})
                used |= {
                    f"{module}.{entry}"
                    for entry, fact in part.get("otherwise", {}).items()
                    if not _taken_over(merged[module][section].get(entry), fact)
                }
    undecided, idle = sorted(used - decided.keys()), sorted(decided.keys() - used)
    wrong += [f"{n}: a later release has it otherwise; not decided in headers.toml" for n in undecided]
    wrong += [f"headers.toml: stands: {n} is not otherwise in any later release" for n in idle]
    return wrong, f"{len(names)} other releases, {len(noted)} of them in no package"


def _taken_over(merged: Any, later: Fact) -> bool:
    """Tell whether a merged type has every field as the later release has it."""
    for arch in ARCHES:
        fact, then = data.for_arch(merged, arch), data.for_arch(later, arch)
        if then is None:
            continue
        if fact is None or "fields" not in then:
            return False
        own = [data.bare(field) for field in fact["fields"]]
        if any(data.bare(field) not in own for field in then["fields"]):
            return False
    return True
