"""The data of all headers together: who refers to whom, what is alike on both
architectures, and which releases lack what."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import data
from .data import bare
from .headers import ARCHES, HEADERS, Header
from .layout import element
from .places import Failure, Tree
from .releases import RELEASES, Release

Fact = dict[str, Any]


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
    """Everything that `generate` and `check` need, read from abi/.

    `facts` are the newest packaged release's with what later releases bring (see
    `data.merge_later`); `packaged` are the former alone.
    """

    def __init__(self, tree: Tree) -> None:
        self.packaged = {header.module: data.read(tree, header) for header in HEADERS}
        noted = data.later(tree)
        self.facts = {h.module: data.merge_later(h, self.packaged[h.module], noted) for h in HEADERS}
        self.deltas = {
            release.name: data.read_release(tree, release.name)
            for release in RELEASES
            if data.release_path(tree, release.name).exists()
        }
        self.deltas |= {delta["release"]: delta for delta in noted}
        # Newest first, those that no package has included.
        self.releases = [_release(delta["release"]) for delta in reversed(noted)] + list(RELEASES)
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
        """Return the packaged releases that do not have it, newest first ("4.17").

        So a packaged name's first release is known only to lie between two of them;
        the exact one is the `since` of the tables.
        """
        return [
            release.version
            for release in RELEASES
            if release.project == header.project and self._then(release, header, section, name) is None
        ]

    def changed(self, header: Header, section: str, name: str, arch: str = "") -> list[str]:
        """Return the releases that have it otherwise (layout or value), newest first.

        Of a structure that grew in a release that no package has, the packaged ones;
        of anything else that changed there, that release. With `arch`, on that one.
        """

        def seen(fact: Any) -> Any:
            return bare(data.for_arch(fact, arch) if arch else fact)

        now = seen(self.facts[header.module][section][name])
        found = []
        for release in self.releases:
            if release.project == header.project:
                then = self._then(release, header, section, name)
                if then is not None and (own := seen(then)) is not None and own != now:
                    found.append(release.version)
        return found

    def since(self, header: Header, section: str, name: str, field: str = "") -> str | None:
        """Return the release that brought a name or a field, if no package has it ("4.21").

        None: the newest packaged release has it; see `lacking` for the others. Such a
        release was read from its git tag: what it brought was not compiled here.
        """
        return self._mark("since", header, section, name, field)

    def until(self, header: Header, section: str, name: str) -> str | None:
        """Return the first release that no longer has a name ("4.22"), or None."""
        return self._mark("until", header, section, name)

    def noted(self, header: Header, section: str, name: str, field: str = "") -> bool:
        """Tell whether the name, field or a structure's layout is in no package.

        It was then read from a git tag, and no compiler has been asked here.
        """
        if self._mark("noted", header, section, name, field):
            return True
        facts = self.of(header, section, name).values() if not field else ()
        return any("noted" in entry for fact in facts for entry in fact.get("fields", ()))

    def sizes(self, header: Header, name: str, arch: str = "") -> dict[str, int]:
        """Return what a structure that grew measured before: {"4.20": 2076}.

        By the last release of that size; empty if the newest package has its layout.
        With `arch`, on that one.
        """
        found: dict[str, int] = {}
        for own, fact in self.of(header, "types", name).items():
            if arch in ("", own):
                found |= fact.get("sizes", {})
        return found

    def _then(self, release: Release, header: Header, section: str, name: str) -> Any:
        """Return a fact as one release has it, or None."""
        delta = self.deltas.get(release.name, {}).get(header.module, {})
        if delta.get("absent") is True:
            return None
        part = delta.get(section, {})
        if name in part.get("absent", ()):
            return None
        if name in part.get("only", {}):
            return data.without_place(part["only"][name])
        if name in part.get("otherwise", {}):
            return part["otherwise"][name]
        return self.packaged[header.module][section].get(name)

    def _mark(self, mark: str, header: Header, section: str, name: str, field: str = "") -> str | None:
        for fact in self.of(header, section, name).values():
            where = [f for f in fact.get("fields", ()) if f["name"] == field] if field else [fact]
            for entry in where:
                if mark in entry:
                    return str(entry[mark])
        return None


def _release(name: str) -> Release:
    project, _, version = name.partition("-")
    return Release(name, project, version)
