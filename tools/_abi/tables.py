"""The hand-kept tables in abi/tables: read, and held against the extracted data.

    NAME.toml        one family: rows of sub-operations, or of parameters
    hypercalls.toml  a row for every hypercall number
    exclusions.toml  the few constants that have no row, and why

Always true here: a constant with a family's prefix is a row, a value or
excluded, never two of them; the words and keys of rows are in table_rows.py.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from . import data
from .headers import ARCHES
from .releases import RELEASES, ordered
from .table_rows import (
    HAZARDS,
    PARAMETER,
    RELEASE,
    VOCABULARY,
    Argument,
    Facts,
    argument_type,
    hypercall,
    operation,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .places import Tree

Fact = dict[str, Any]

# Exclusions are for what is no sub-operation of a running Xen any more, not a way to be done
# early: one more is a decision, made here.
CAP = 10
_NUMBER = "__HYPERVISOR_"
_NO_NUMBER = ("__HYPERVISOR_VIRT_*",)  # bounds of Xen's address space
_FAMILY_KEYS = {"header", "prefix", "prefixes", "values", "selector", "kind", "hypercall", "args", "within"}


def folder(tree: Tree) -> Path:
    """Return where the tables are."""
    return tree.data / "tables"


def read(tree: Tree) -> dict[str, Fact]:
    """Return every table by family name."""
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted(folder(tree).glob("*.toml"))}


def check(tree: Tree, facts: dict[str, Fact]) -> tuple[list[str], str]:
    """Return (differences, what was counted)."""
    found = read(tree)
    newest, *rest = [release for release in RELEASES if release.project == "xen"]
    packaged = {newest.version: {}, **{r.version: data.read_release(tree, r.name) for r in rest}}
    tables = _Tables(found, Facts(facts), packaged)
    tables.check()
    counted = tables.counted
    return tables.wrong, (
        f"{counted['rows']} rows of {counted['families']} families, "
        f"{counted['numbers']} hypercall numbers; constants: {counted['row']} rows, "
        f"{counted['value']} values, {counted['excluded']} excluded (at most {CAP})"
    )


class _Family:
    """One table's head: where its numbers and its rows' arguments are."""

    def __init__(self, name: str, table: Fact) -> None:
        self.name = name
        self.head: Fact = table.get("family", {})
        self.rows: dict[str, Fact] = table.get(name, {})
        self.header: str = self.head.get("header", "")
        self.parameters = self.head.get("kind") == "parameters"
        self.selector: str = self.head.get("selector", "")
        self.args: list[Fact] = self.head.get("args", [])
        one, several = self.head.get("prefix"), self.head.get("prefixes", [])
        self.prefixes: list[str] = [one, *several] if one else several


def sides(row: Fact) -> dict[str, str]:
    """Return a row's hazard for the caller itself and for another domain."""
    hazard = row.get("hazard", "")
    return hazard if isinstance(hazard, dict) else {"self": hazard, "other": hazard}


def matches(name: str, patterns: list[str]) -> bool:
    """Tell whether shell patterns, taken in order, name it; "!PATTERN" takes away again."""
    named = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            named = not pattern.startswith("!")
    return named


class _Tables:
    """All tables against all facts."""

    def __init__(self, found: dict[str, Fact], facts: Facts, packaged: dict[str, Fact]) -> None:
        self.found = found
        self.facts = facts
        self.packaged = packaged
        self.wrong: list[str] = []
        self.counted: Counter[str] = Counter()
        special = ("hypercalls", "exclusions")
        self.families = {n: _Family(n, t) for n, t in found.items() if n not in special}

    def check(self) -> None:
        """Fill `wrong` and `counted`."""
        for name, family in self.families.items():
            extra = set(self.found[name]) - {"family", name}
            self._all(name, [f"unknown tables {sorted(extra)}"] if extra else [])
            if self._head(family):
                self._rows(family)
        self._hypercalls()
        self._coverage()

    def _all(self, where: str, wrong: list[str]) -> None:
        self.wrong += [f"{where}: {what}" for what in dict.fromkeys(wrong)]

    # -- families -------------------------------------------------------

    def _head(self, family: _Family) -> bool:
        """Check a table's [family]; False if nothing can be held against it."""
        head, wrong = family.head, []
        if extra := set(head) - _FAMILY_KEYS:
            wrong.append(f"family: unknown keys {sorted(extra)}")
        if family.header not in self.facts.all:
            self._all(family.name, [*wrong, f"no header {family.header!r}"])
            return False
        if not family.prefixes:
            wrong.append("family without prefix or prefixes")
        if head.get("kind") not in (None, "parameters"):
            wrong.append(f"kind = {head['kind']!r}")
        if not family.rows:
            wrong.append("no rows")
        if ("within" in head) == ("hypercall" in head):
            wrong.append("either hypercall or within")
        elif "within" in head:
            wrong += self._within(family)
            wrong += self._hazards(family)
        else:
            wrong += self._called(family)
        constants = self.facts.all[family.header]["constants"]
        for pattern in head.get("values", []):
            hits = [n for n in constants if fnmatchcase(n, pattern.removeprefix("!"))]
            if not any(n.startswith(tuple(family.prefixes)) for n in hits):
                wrong.append(f"values: {pattern} names no constant")
        self._all(family.name, wrong)
        return True

    def _within(self, family: _Family) -> list[str]:
        container = self._container(family)
        if not container:
            return [f"within = {family.head['within']!r} is no row with a structure"]
        field = self.facts.field(family.header, container, family.selector, ARCHES[0])
        wrong = [] if field else [f"selector: {container} has no field {family.selector!r}"]
        if "args" in family.head:
            wrong.append("args are for a hypercall's own table")
        return wrong

    def _hazards(self, family: _Family) -> list[str]:
        """The row that a family is within is what a caller's gate sees first: the worst of them all."""
        name, _, row = str(family.head["within"]).partition(".")
        outer = self.families[name].rows.get(row, {}) if name in self.families else {}
        wrong: list[str] = []
        for inner, own in family.rows.items():
            for side, word in sides(own).items():
                least = sides(outer).get(side, HAZARDS[-1])
                if word in HAZARDS and least in HAZARDS and HAZARDS.index(word) > HAZARDS.index(least):
                    wrong.append(f"{inner} is {word} ({side}), {family.head['within']} only {least}")
        return wrong

    def _called(self, family: _Family) -> list[str]:
        wrong: list[str] = []
        name = family.head["hypercall"]
        row = self.found.get("hypercalls", {}).get("hypercalls", {}).get(name)
        if row is None:
            wrong.append(f"hypercalls.toml has no {name!r}")
        else:
            if row.get("family") != family.name:
                wrong.append(f"hypercalls.toml gives {name} the family {row.get('family')!r}")
            if row.get("args") != family.args:
                wrong.append(f"args, {row.get('args')} in hypercalls.toml")
        for arg in family.args:
            wrong += argument_type(arg.get("type", ""), family.header, self.facts)
        if "." in family.selector:  # in a structure behind a handle
            structure, _, path = family.selector.partition(".")
            if not any(self.facts.field(family.header, structure, path, arch) for arch in ARCHES):
                wrong.append(f"selector: no field {family.selector!r}")
        elif family.selector not in [arg.get("name") for arg in family.args]:
            wrong.append(f"selector: no argument {family.selector!r}")
        return wrong

    def _container(self, family: _Family) -> str:
        """Return the structure that holds the family's selector, if one does."""
        if "within" not in family.head:
            return family.selector.partition(".")[0] if "." in family.selector else ""
        name, _, row = str(family.head["within"]).partition(".")
        outer = self.families.get(name)
        arg: str = outer.rows.get(row, {}).get("arg", "none") if outer else "none"
        return "" if arg == "none" else arg

    def _rows(self, family: _Family) -> None:
        place = Argument(family.header, family.args, family.selector, self._container(family))
        self.counted["families"] += 1
        for name, row in family.rows.items():
            self.counted["rows"] += 1
            wrong = self._number(family, name, row)
            if family.parameters:
                wrong += PARAMETER.check(row)
            else:
                wrong += operation(row, place, self.facts)
            self._all(f"{family.name}.{name}", wrong)

    def _number(self, family: _Family, name: str, row: Fact) -> list[str]:
        fact = self.facts.constant(family.header, name)
        if fact is None:
            return [f"{family.header}.h has no {name!r}"]
        wrong: list[str] = []
        if not name.startswith(tuple(family.prefixes)):
            wrong.append(f"without the prefix {family.prefixes}")
        if fact["value"] != row.get("nr"):
            wrong.append(f"nr {row.get('nr')}, {fact['value']} in the header")
        if more := set(row.get("arch", [])) & set(ARCHES) - self.facts.arches(family.header, name):
            wrong.append(f"arch: no {sorted(more)} in the header")
        return wrong + self._since(family.header, name, str(row.get("since")))

    def _since(self, header: str, name: str, since: str) -> list[str]:
        """Hold a release against the headers: there from then on, and not before."""
        wrong: list[str] = []
        if not RELEASE.fullmatch(since):
            return wrong  # said already
        merged = self.facts.all[header]["constants"][name]
        marked = merged.get("since") or (self.facts.constant(header, name) or {}).get("since")
        if marked and marked != since:
            wrong.append(f"since {since}, {marked} in the headers")
        for version, delta in self.packaged.items():
            own = delta.get(header, {})
            lacking = own.get("absent") is True or name in own.get("constants", {}).get("absent", [])
            if lacking != (ordered(since) > ordered(version)) and not marked:
                wrong.append(f"since {since}, and {'not ' if lacking else ''}in {version}'s header")
        return wrong

    # -- hypercalls -----------------------------------------------------

    def _hypercalls(self) -> None:
        table = self.found.get("hypercalls", {})
        rows = table.get("hypercalls", {})
        if set(table) - {"hypercalls"}:
            self.wrong.append(f"hypercalls: unknown tables {sorted(set(table) - {'hypercalls'})}")
        numbers = [
            n
            for n in self.facts.all["xen"]["constants"]
            if n.startswith(_NUMBER) and not matches(n, list(_NO_NUMBER))
        ]
        self.counted["numbers"] = len(numbers)
        self.wrong += [f"hypercalls: no row for {n}" for n in numbers if n not in rows]
        for name, row in rows.items():
            wrong = list(hypercall(row, self.facts))
            fact = self.facts.constant("xen", name)
            if name not in numbers or fact is None:
                wrong.append(f"xen.h has no hypercall {name!r}")
            elif fact["value"] != row.get("nr"):
                wrong.append(f"nr {row.get('nr')}, {fact['value']} in the header")
            if "family" in row:
                wrong += self._family_of(name, row)
            self._all(f"hypercalls.{name}", wrong)

    def _family_of(self, name: str, row: Fact) -> list[str]:
        family = self.families.get(row["family"])
        if family is None or family.head.get("hypercall") != name:
            return [f"family {row['family']!r} is not this hypercall's"]
        width = max((own.get("width", 32) for own in family.rows.values()), default=32)
        return [] if row.get("width") == width else [f"width {row.get('width')}, {width} in its table"]

    # -- coverage -------------------------------------------------------

    def _coverage(self) -> None:
        """Every constant with a family's prefix: a row, a value or excluded, once."""
        owners = self._owners()
        table = self.found.get("exclusions", {})
        exclusions = table.get("exclude", [])
        self._all("exclusions", [f"unknown tables {sorted(table)}"] if set(table) - {"exclude"} else [])
        hidden: Counter[int] = Counter()
        for (header, name), family in owners.items():
            by = [
                index
                for index, own in enumerate(exclusions)
                if own.get("header") == header and fnmatchcase(name, own.get("name", ""))
            ]
            value = matches(name, family.head.get("values", []))
            kinds = ["row"] * (name in family.rows) + ["value"] * value
            hidden.update(() if kinds else by)
            kinds += ["excluded"] * bool(by)
            if not kinds:
                self.wrong.append(f"{family.name}: no row for {name}")
            elif len(kinds) > 1:
                self.wrong.append(f"{family.name}: {name} is {' and '.join(kinds)}")
            else:
                self.counted[kinds[0]] += 1
        for index, own in enumerate(exclusions):
            where = f"exclusions.{own.get('name')}"
            wrong = [] if set(own) == {"header", "name", "reason", "source"} else [f"keys {sorted(own)}"]
            if own.get("reason") not in VOCABULARY["reason"]:
                wrong.append(f"reason = {own.get('reason')!r} is not in the vocabulary")
            if not own.get("source"):
                wrong.append("a claim without a source")
            if not hidden[index]:
                wrong.append("hides nothing")
            self._all(where, wrong)
        if (total := self.counted["excluded"]) > CAP:
            self.wrong.append(f"exclusions: {total} constants, at most {CAP}")

    def _owners(self) -> dict[tuple[str, str], _Family]:
        """Return the family of every constant that has one: the longest prefix wins."""
        claims: dict[tuple[str, str], _Family] = {}
        for family in self.families.values():
            for prefix in family.prefixes:
                if (family.header, prefix) in claims:
                    other = claims[family.header, prefix].name
                    self.wrong.append(f"{family.name}: {other} has the prefix {prefix} too")
                claims[family.header, prefix] = family
        owners: dict[tuple[str, str], _Family] = {}
        for header, prefix in sorted(claims, key=lambda claim: len(claim[1])):
            for name in self.facts.all.get(header, {}).get("constants", {}):
                if name.startswith(prefix):
                    owners[header, name] = claims[header, prefix]
        return owners
