"""The hand-kept tables in abi/tables: read, and held against the extracted data."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from .places import Tree

Fact = dict[str, Any]

# Every word a row may use: a new one is a decision, made here.
VOCABULARY: dict[str, set[Any]] = {
    "dir": {"in", "out", "inout"},
    "result": {"zero", "version", "bytes", "pages", "page-number", "extents-done"},
    "width": {32, 64},
    "who": {"anyone", "TARGET", "XS_PRIV", "DM_PRIV", "PRIV"},
    "guests": {"any", "PV", "HVM", "translated"},
    "status": {"stable", "tools-only"},
    "hazard": {"safe", "kernel-owned", "stops-the-machine"},
}
_REQUIRED = {
    "nr", "arg", "result", "width", "who", "arch", "guests", "since", "status", "hazard", "source",
}  # fmt: skip
_OPTIONAL = {"dir", "arrays", "null", "via"}


def folder(tree: Tree) -> Path:
    """Return where the tables are."""
    return tree.data / "tables"


def read(tree: Tree) -> dict[str, Fact]:
    """Return every table by family name."""
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted(folder(tree).glob("*.toml"))}


def check(tree: Tree, facts: dict[str, Fact]) -> tuple[list[str], str]:
    """Return (differences, what was counted)."""
    wrong: list[str] = []
    rows = 0
    found = read(tree)
    for family, table in found.items():
        own = _Family(family, table, facts)
        wrong += own.wrong
        rows += own.rows
    if not rows:
        wrong.append("no hand-kept rows")
    return wrong, f"{rows} rows of {len(found)} families"


class _Family:
    """One table's rows against one header's facts."""

    def __init__(self, family: str, table: Fact, facts: dict[str, Fact]) -> None:
        self.wrong: list[str] = []
        self.facts = facts
        head = table.get("family", {})
        self.header = head.get("header", "")
        if self.header not in facts:
            self.wrong.append(f"{family}: no header {self.header!r}")
            return
        self._is_constant("xen", head.get("hypercall", ""), family)
        entries = table.get(family, {})
        self.rows = len(entries)
        if extra := set(table) - {"family", family}:
            self.wrong.append(f"{family}: unknown tables {sorted(extra)}")
        for name, row in entries.items():
            self._row(f"{family}.{name}", name, row)
        constants = facts[self.header]["constants"]
        prefix = head.get("prefix", "")
        if not head.get("partial"):
            listed = {n for n in constants if n.startswith(prefix) and n not in entries}
            self.wrong += [f"{family}: no row for {n}" for n in sorted(listed)]

    rows = 0

    def _is_constant(self, header: str, name: str, where: str) -> int | None:
        fact = self.facts[header]["constants"].get(name)
        if fact is None:
            self.wrong.append(f"{where}: {header}.h has no {name!r}")
            return None
        value: int | None = fact.get("value")
        return value

    def _row(self, where: str, name: str, row: Fact) -> None:
        keys = set(row)
        if missing := _REQUIRED - keys:
            self.wrong.append(f"{where}: without {sorted(missing)}")
        if extra := keys - _REQUIRED - _OPTIONAL:
            self.wrong.append(f"{where}: unknown keys {sorted(extra)}")
        value = self._is_constant(self.header, name, where)
        if value is not None and value != row.get("nr"):
            self.wrong.append(f"{where}: nr {row.get('nr')}, {value} in the header")
        for key in ("result", "width", "who", "guests", "status", "dir"):
            if key in row and row[key] not in VOCABULARY[key]:
                self.wrong.append(f"{where}: {key} = {row[key]!r} is not in the vocabulary")
        hazard = row.get("hazard", "safe")
        for word in hazard.values() if isinstance(hazard, dict) else [hazard]:
            if word not in VOCABULARY["hazard"]:
                self.wrong.append(f"{where}: hazard {word!r} is not in the vocabulary")
        if not set(row.get("arch", [])) <= {"x86_64", "arm64"} or not row.get("arch"):
            self.wrong.append(f"{where}: arch = {row.get('arch')!r}")
        if not re.fullmatch(r"\d\.\d+", str(row.get("since", ""))):
            self.wrong.append(f"{where}: since = {row.get('since')!r}")
        if not row.get("source"):
            self.wrong.append(f"{where}: a claim without a source")
        if "via" in row:
            self._is_constant("privcmd", row["via"], where)
        self._argument(where, row)

    def _argument(self, where: str, row: Fact) -> None:
        name = row.get("arg", "none")
        if name == "none":
            if "dir" in row or "arrays" in row:
                self.wrong.append(f"{where}: dir or arrays without an argument")
            return
        if "dir" not in row:
            self.wrong.append(f"{where}: an argument without dir")
        fact = self._type(name)
        if fact is None:
            self.wrong.append(f"{where}: no structure or typedef {name}")
            return
        for array in row.get("arrays", []):
            if array.get("dir") not in VOCABULARY["dir"]:
                self.wrong.append(f"{where}: array dir = {array.get('dir')!r}")
            if not self._has(fact, array["field"]):
                self.wrong.append(f"{where}: {name} has no field {array['field']}")
            for count in array["count"].split("*"):
                if not self._has(fact, count):
                    self.wrong.append(f"{where}: {name} has no field {count}")

    def _type(self, name: str) -> Fact | None:
        for facts in [self.facts[self.header], *self.facts.values()]:
            for section in ("types", "typedefs"):
                if name in facts[section]:
                    found: Fact = facts[section][name]
                    return found
        return None

    def _has(self, fact: Fact, path: str) -> bool:
        first, _, rest = path.partition(".")
        for field in fact.get("fields", []):
            if field["name"] == first:
                inner = self._type(field["code"].partition(":")[2]) if rest else None
                return not rest or (inner is not None and self._has(inner, rest))
        return False
