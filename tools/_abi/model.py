"""The data of all headers together: who refers to whom, what is alike on both
architectures, and which releases lack what."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import data
from .headers import ARCHES, HEADERS, Header
from .layout import element
from .places import Failure, Tree
from .releases import RELEASES

Fact = dict[str, Any]


def bare(fact: Any) -> Any:
    """Return a fact without what does not change the layout: C's spelling of types."""
    if isinstance(fact, dict):
        drop = ("type", "tools", "without_tools", "enum", "named_by")
        return {k: bare(v) for k, v in fact.items() if k not in drop}
    if isinstance(fact, list):
        return [bare(item) for item in fact]
    return fact


class Entity(NamedTuple):
    """A constant, typedef or structure, with the facts of each architecture."""

    section: str
    name: str
    facts: dict[str, Fact]  # by architecture
    split: bool  # has to be emitted once per architecture

    @property
    def first(self) -> Fact:
        """The first architecture's fact: the fact, where they are alike."""
        return next(iter(self.facts.values()))


class Model:
    """Everything that `generate` and `check` need, read from abi/."""

    def __init__(self, tree: Tree) -> None:
        self.facts = data.read_all(tree)
        self.deltas = {
            release.name: data.read_release(tree, release.name)
            for release in RELEASES
            if data.release_path(tree, release.name).exists()
        }
        self.home: dict[tuple[str, str], str] = {}  # (project, type name) -> module
        for header in HEADERS:
            for name in self.facts[header.module]["types"]:
                self.home.setdefault((header.project, name), header.module)
        self._split: set[tuple[str, str]] = set()  # (module, type name)
        self._settle()
        self.entities = {header.module: self._entities(header) for header in HEADERS}

    def of(self, header: Header, section: str, name: str) -> dict[str, Fact]:
        """Return a fact per architecture."""
        fact = self.facts[header.module][section][name]
        found = {arch: data.for_arch(fact, arch) for arch in ARCHES}
        return {arch: value for arch, value in found.items() if value is not None}

    def module_of(self, header: Header, name: str) -> str:
        """Return the module in which a structure that `header` uses is defined."""
        if name in self.facts[header.module]["types"]:
            return header.module
        module = self.home.get((header.project, name))
        if module is None:
            raise Failure(f"{header.module}: nobody defines {name}")
        return module

    def references(self, header: Header, section: str, fact: Fact) -> list[tuple[str, str]]:
        """Return the (module, structure) pairs that a fact names."""
        if section == "constants":
            return []
        codes = [f["code"] for f in fact["fields"]] if section == "types" else [fact["code"]]
        named = [element(code) for code in codes]
        return [(self.module_of(header, n), n) for kind, n in named if kind in ("struct", "union")]

    def _settle(self) -> None:
        """Find what has to be emitted per architecture: it differs, or what it uses does."""
        changed = True
        while changed:
            changed = False
            for header in HEADERS:
                for name in self.facts[header.module]["types"]:
                    if (header.module, name) in self._split:
                        continue
                    if self._differs(header, "types", name):
                        self._split.add((header.module, name))
                        changed = True

    def _differs(self, header: Header, section: str, name: str) -> bool:
        facts = self.of(header, section, name)
        values = list(facts.values())
        if any(bare(value) != bare(values[0]) for value in values):
            return True
        used = [pair for value in values for pair in self.references(header, section, value)]
        return any(pair in self._split for pair in used)

    def _entities(self, header: Header) -> list[Entity]:
        found: list[Entity] = []
        for section in ("constants", "types", "typedefs"):
            for name in self.facts[header.module][section]:
                facts = self.of(header, section, name)
                split = self._differs(header, section, name)
                found.append(Entity(section, name, facts, split))
        return found

    def is_split(self, module: str) -> bool:
        """Tell whether a module has parts per architecture."""
        return any(entity.split for entity in self.entities[module])

    def split_type(self, module: str, name: str) -> bool:
        """Tell whether a structure is emitted per architecture."""
        return (module, name) in self._split

    def types_of(self, header: Header, arch: str) -> dict[str, Fact]:
        """Return every structure that `header` can name, on one architecture."""
        found: dict[str, Fact] = {}
        for other in HEADERS:
            if other.project == header.project:
                for name in self.facts[other.module]["types"]:
                    if other.module == header.module or name not in found:
                        facts = self.of(other, "types", name)
                        found[name] = facts.get(arch, next(iter(facts.values())))
        return found

    def lacking(self, header: Header, section: str, name: str) -> list[str]:
        """Return the packaged releases that do not have it, newest first ("4.17")."""
        found = []
        for release in RELEASES:
            delta = self.deltas.get(release.name)
            if release.project != header.project or delta is None:
                continue
            part = delta.get(header.module, {})
            if part.get("absent") is True or name in part.get(section, {}).get("absent", ()):
                found.append(release.version)
        return found

    def changed(self, header: Header, section: str, name: str) -> list[str]:
        """Return the packaged releases that have it otherwise (layout or value)."""
        found = []
        newest = bare(self.facts[header.module][section][name])
        for release in RELEASES:
            delta = self.deltas.get(release.name, {})
            part = delta.get(header.module, {}) if release.project == header.project else {}
            older = part.get(section, {}).get("otherwise", {}) if part.get("absent") is not True else {}
            if name in older and bare(older[name]) != newest:
                found.append(release.version)
        return found
