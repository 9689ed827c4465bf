"""The data in abi/: its form, reading and writing.

    abi/<module>.json          facts of the newest release, both architectures
    abi/releases/<name>.json   what an older release has otherwise

One field or constant per line, in the header's order, so that a diff reads
like a diff of the header.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .headers import ARCHES, HEADERS, Header
from .places import Failure, Tree

if TYPE_CHECKING:
    from pathlib import Path

Fact = dict[str, Any]
SECTIONS = ("constants", "typedefs", "types", "unevaluated")


def merge_tools(plain: Fact, tools: Fact) -> Fact:
    """Join the two views of a header.

    What only __XEN_TOOLS__ shows is marked `"tools": true`; what it shows
    otherwise (x86's cpu_user_regs) carries the other view as `"without_tools"`.

    Raises:
        Failure: the guard hides something from the tools.
    """
    for section in SECTIONS[:-1]:
        for name, fact in plain[section].items():
            if name not in tools[section]:
                raise Failure(f"{name}: hidden by __XEN_TOOLS__")
            if tools[section][name] != fact:
                tools[section][name] = {**tools[section][name], "without_tools": fact}
        for name, fact in tools[section].items():
            if name not in plain[section]:
                tools[section][name] = {**fact, "tools": True}
    return tools


def view(fact: Fact, *, tools: bool) -> Fact | None:
    """Return one architecture's fact as seen with or without __XEN_TOOLS__."""
    if tools:
        return fact
    if fact.get("tools"):
        return None
    seen: Fact = fact.get("without_tools", fact)
    return seen


def merge_arches(per_arch: dict[str, Fact]) -> Fact:
    """Join the architectures: a fact that is equal on all of them is written once."""
    arches = list(per_arch)
    merged: Fact = {}
    for section in SECTIONS:
        names: list[str] = []
        for arch in arches:
            place = 0
            for name in per_arch[arch][section]:
                if name in names:
                    place = names.index(name) + 1
                else:  # keep the header's order: after its own predecessor
                    names.insert(place, name)
                    place += 1
        merged[section] = {}
        for name in names:
            facts = {a: f for a in arches if (f := per_arch[a][section].get(name)) is not None}
            first = next(iter(facts.values()))
            alike = len(facts) == len(ARCHES) and all(fact == first for fact in facts.values())
            merged[section][name] = first if alike else {"arch": facts}
    return merged


def for_arch(fact: Any, arch: str) -> Any:
    """Return a merged fact as one architecture has it, or None."""
    if isinstance(fact, dict) and "arch" in fact:
        return fact["arch"].get(arch)
    return fact


def difference(newest: Fact, older: Fact) -> Fact:
    """Return what `older` has otherwise: absent there, only there, changed."""
    delta: Fact = {}
    for section in SECTIONS[:-1]:
        new, old = newest[section], older[section]
        part: Fact = {}
        if absent := [name for name in new if name not in old]:
            part["absent"] = absent
        if otherwise := {n: f for n, f in old.items() if new.get(n) != f}:
            part["otherwise"] = otherwise
        if part:
            delta[section] = part
    return delta


def apply(newest: Fact, delta: Fact) -> Fact:
    """Return the older release's facts: the inverse of difference()."""
    older: Fact = {}
    for section in SECTIONS[:-1]:
        part = delta.get(section, {})
        gone = set(part.get("absent", ()))
        older[section] = {n: f for n, f in newest[section].items() if n not in gone}
        older[section].update(part.get("otherwise", {}))
    return older


# -- files ----------------------------------------------------------------


def _one_line(value: Any) -> bool:
    if isinstance(value, dict):
        return not any(isinstance(v, dict | list) and not _flat(v) for v in value.values())
    return True


def _flat(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, int) for v in value)


def dumps(value: Any, indent: int = 0) -> str:
    """Return JSON with one field, constant or small object per line."""
    pad = " " * indent
    if isinstance(value, dict) and value and not _one_line(value):
        rows = [f"{pad} {json.dumps(k)}: {dumps(v, indent + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{pad}}}"
    if isinstance(value, list) and value and not _flat(value):
        rows = [f"{pad} {dumps(v, indent + 1)}" for v in value]
        return "[\n" + ",\n".join(rows) + f"\n{pad}]"
    return json.dumps(value, ensure_ascii=False)


def path(tree: Tree, header: Header) -> Path:
    """Return the data file of a header."""
    return tree.data / f"{header.module}.json"


def release_path(tree: Tree, name: str) -> Path:
    """Return the file of an older release's differences."""
    return tree.data / "releases" / f"{name}.json"


def read(tree: Tree, header: Header) -> Fact:
    """Return one header's facts from abi/."""
    try:
        found: Fact = json.loads(path(tree, header).read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{path(tree, header)}: {error}") from None
    return found


def read_all(tree: Tree) -> dict[str, Fact]:
    """Return every header's facts, by module."""
    return {header.module: read(tree, header) for header in HEADERS}


def read_release(tree: Tree, name: str) -> Fact:
    """Return an older release's differences, by module."""
    try:
        found: Fact = json.loads(release_path(tree, name).read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{release_path(tree, name)}: {error}") from None
    return found
