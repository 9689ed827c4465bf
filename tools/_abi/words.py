"""abi/words: what each declaration means, in our words, and which names a field's values have."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from .headers import ARCHES, HEADERS
from .places import Failure

if TYPE_CHECKING:
    from .model import Model
    from .places import Tree

Fact = dict[str, Any]

KINDS = ("values", "flags", "bits", "numbers")
_LONGEST = 120  # characters of a sentence: a line of a docstring
_SECTIONS = {"doc", "types", "groups", "constants", "fields"}


class Group(NamedTuple):
    """Constants that belong together.

    Attributes:
        kind: "values" (a field holds one of them), "flags" (a union of them),
            "bits" (flags given by the numbers of their bits), "numbers"
            (sizes, limits: never what a field is decoded to).
        doc: what the names are about.
        names: in the header's order.
        parts: the enumerated parts of a flags word: (mask, names, shift).
    """

    kind: str
    doc: str
    names: tuple[str, ...]
    parts: tuple[tuple[str | int, tuple[str, ...], int], ...] = ()


class Words:
    """The words of one module, with their patterns resolved.

    Attributes:
        doc: what the header is about.
        types: a sentence per structure.
        groups: by name.
        constants: a sentence per constant that is in no group.
        group_of: the group of each constant.
        names: (structure, field) -> "module:GROUP".
        field_docs: (structure, field) -> what it holds.
    """

    def __init__(self, module: str, text: Fact, facts: Fact) -> None:
        self.module = module
        self.wrong: list[str] = []
        self.doc: str = text.get("doc", "")
        self.types: dict[str, str] = dict(text.get("types", {}))
        self.constants: dict[str, str] = dict(text.get("constants", {}))
        self.groups: dict[str, Group] = {}
        self.group_of: dict[str, str] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.field_docs: dict[tuple[str, str], str] = {}
        if unknown := set(text) - _SECTIONS:
            self._say(f"unknown sections {sorted(unknown)}")
        for name, group in text.get("groups", {}).items():
            self._group(name, group, list(facts["constants"]))
        fields = [(t, f["name"]) for t, fact in facts["types"].items() for f in fields_of(fact)]
        entries = list(text.get("fields", {}).items())
        entries.sort(key=lambda entry: "*" not in entry[0])  # the exact ones have the last word
        for pattern, entry in entries:
            self._field(pattern, entry, fields)

    def _say(self, what: str) -> None:
        self.wrong.append(f"words of {self.module}: {what}")

    def _group(self, name: str, group: Fact, constants: list[str]) -> None:
        if unknown := set(group) - {"kind", "doc", "names", "parts"}:
            self._say(f"group {name}: unknown keys {sorted(unknown)}")
        kind = group.get("kind", "")
        if kind not in KINDS:
            self._say(f"group {name}: kind {kind!r}")
        found = self._matching(f"group {name}", group.get("names", []), constants)
        parts = []
        for part in group.get("parts", []):
            mask = part.get("mask", "")
            if mask not in constants and not isinstance(mask, int):
                self._say(f"group {name}: no mask {mask!r}")
            inside = self._matching(f"group {name}", part.get("names", []), constants)
            parts.append((mask, inside, part.get("shift", 0)))
        if parts and kind != "flags":
            self._say(f"group {name}: parts of {kind}")
        for constant in found:
            if constant in self.group_of:
                self._say(f"{constant} is in groups {self.group_of[constant]} and {name}")
            self.group_of[constant] = name
        self.groups[name] = Group(kind, group.get("doc", ""), found, tuple(parts))

    def _matching(self, what: str, patterns: list[str], constants: list[str]) -> tuple[str, ...]:
        found: list[str] = []
        for pattern in patterns:
            away = pattern.startswith("!")
            hits = [c for c in constants if fnmatchcase(c, pattern.removeprefix("!"))]
            if away:
                hits = [c for c in hits if c in found]
                found = [c for c in found if c not in hits]
            else:
                found += [c for c in hits if c not in found]
            if not hits:
                self._say(f"{what}: {pattern!r} matches nothing")
        return tuple(found)

    def _field(self, pattern: str, entry: Fact, fields: list[tuple[str, str]]) -> None:
        hits = [(t, f) for t, f in fields if fnmatchcase(f"{t}.{f}", pattern)]
        if not hits:
            self._say(f"no field {pattern!r}")
        if unknown := set(entry) - {"names", "doc"}:
            self._say(f"field {pattern}: unknown keys {sorted(unknown)}")
        for hit in hits:
            if "names" in entry:
                reference = entry["names"]
                self.names[hit] = reference if ":" in reference else f"{self.module}:{reference}"
            if "doc" in entry:
                self.field_docs[hit] = entry["doc"]


def fields_of(fact: Fact) -> list[Fact]:
    """Return the fields of a structure on every architecture that has it."""
    if "arch" not in fact:
        found: list[Fact] = fact["fields"]
        return found
    seen: dict[str, Fact] = {}
    for one in fact["arch"].values():
        seen.update({f["name"]: f for f in one["fields"]})
    return list(seen.values())


def read_all(tree: Tree, facts: dict[str, Fact]) -> dict[str, Words]:
    """Return every module's words.

    Raises:
        Failure: a file is no TOML.
    """
    found = {}
    for header in HEADERS:
        path = tree.data / "words" / f"{header.module}.toml"
        try:
            text = tomllib.loads(path.read_text()) if path.exists() else {}
        except tomllib.TOMLDecodeError as error:
            raise Failure(f"{path}: {error}") from None
        found[header.module] = Words(header.module, text, facts[header.module])
    return found


def values(model: Model, module: str, name: str) -> dict[str, int]:
    """Return a constant's value on each architecture that has it."""
    fact = model.facts[module]["constants"].get(name, {"arch": {}})
    per_arch = fact["arch"] if "arch" in fact else dict.fromkeys(ARCHES, fact)
    return {arch: one["value"] for arch, one in per_arch.items()}


def resolve(model: Model, module: str, group: Group) -> tuple[Any, ...]:
    """Return what repr decodes with: ("values", {number: name}) or (kind, pairs, parts).

    Raises:
        Failure: a name has two values, a value two meanings on two architectures.
    """

    def one(name: str) -> int:
        found = set(values(model, module, name).values())
        if len(found) != 1 or not isinstance(number := found.pop(), int):
            raise Failure(f"words of {module}: {name} is no one number on all architectures")
        return number

    def table(names: tuple[str, ...], shift: int = 0) -> dict[int, str]:
        found: dict[int, str] = {}
        for name in names:
            first = found.setdefault(one(name) << shift, name)  # the first spelling goes
            if values(model, module, first).keys().isdisjoint(values(model, module, name)):
                raise Failure(f"words of {module}: {first} and {name}: one number, two architectures")
        return found

    if group.kind == "values":
        return ("values", table(group.names))
    parts = tuple(
        (mask if isinstance(mask, int) else one(mask), table(names, shift))
        for mask, names, shift in group.parts
    )
    inside = {name for _, names, _ in group.parts for name in names}
    own = [name for name in reversed(group.names) if name not in inside]
    bits = {1 << one(name) if group.kind == "bits" else one(name): name for name in own}
    # Names of several bits first: they say more.
    ordered = sorted(bits.items(), key=lambda pair: (-pair[0].bit_count(), pair[0]))
    return (group.kind, tuple(ordered), parts)


class _Check:
    """All words against all facts."""

    def __init__(self, model: Model, words: dict[str, Words]) -> None:
        self.model = model
        self.words = words
        self.wrong: list[str] = []
        self.counts = {"types": 0, "groups": 0, "constants": 0, "named fields": 0}

    def run(self) -> None:
        for module, own in self.words.items():
            self.wrong += own.wrong
            facts = self.model.facts[module]
            self._sentence(f"{module}: doc", own.doc)
            for name, fact in facts["types"].items():
                named = next(iter(fact["arch"].values())) if "arch" in fact else fact
                if named.get("named_by") != "unnamed" or name in own.types:
                    self.counts["types"] += 1
                    self._sentence(f"{module}: {name}", own.types.get(name, ""))
            for name in set(own.types) - set(facts["types"]):
                self.wrong.append(f"words of {module}: no structure {name}")
            self._constants(module, own, facts)
            for (structure, field), reference in own.names.items():
                self._reference(f"{module}: {structure}.{field}", facts, structure, field, reference)

    def _sentence(self, what: str, text: str) -> None:
        if not text:
            self.wrong.append(f"words of {what}: missing")
        elif not text.endswith(".") or len(text) > _LONGEST or not text[0].isascii():
            self.wrong.append(f"words of {what}: no sentence of at most {_LONGEST} characters")
        elif "\n" in text or '"' in text or "\\" in text:
            self.wrong.append(f"words of {what}: a character that a docstring cannot have")

    def _constants(self, module: str, own: Words, facts: Fact) -> None:
        for name in facts["constants"]:
            self.counts["constants"] += 1
            if (name in own.group_of) == (name in own.constants):
                twice = "twice" if name in own.constants else "missing"
                self.wrong.append(f"words of {module}: {name}: {twice}")
        for name, text in own.constants.items():
            if name not in facts["constants"]:
                self.wrong.append(f"words of {module}: no constant {name}")
            self._sentence(f"{module}: {name}", text)
        for name, group in own.groups.items():
            self.counts["groups"] += 1
            self._sentence(f"{module}: group {name}", group.doc)
            if group.kind != "numbers":
                try:
                    resolve(self.model, module, group)
                except Failure as failure:
                    self.wrong.append(str(failure))

    def _reference(self, what: str, facts: Fact, structure: str, field: str, reference: str) -> None:
        self.counts["named fields"] += 1
        module, _, name = reference.partition(":")
        other = self.words.get(module)
        group = other.groups.get(name) if other else None
        if group is None or group.kind == "numbers":
            self.wrong.append(f"words of {what}: no group of values or flags {reference}")
        codes = {f["code"] for f in fields_of(facts["types"][structure]) if f["name"] == field}
        if not all(code == "char" or (code[0] in "us" and code[1:].isdigit()) for code in codes):
            self.wrong.append(f"words of {what}: {', '.join(sorted(codes))} has no names")


def check(model: Model, words: dict[str, Words]) -> tuple[list[str], str]:
    """Return (differences, what was counted)."""
    found = _Check(model, words)
    found.run()
    return found.wrong, ", ".join(f"{n} {what}" for what, n in found.counts.items())
