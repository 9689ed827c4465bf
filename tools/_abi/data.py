"""The data in abi/: its form, reading and writing.

    abi/<module>.json          facts of the newest release, both architectures
    abi/releases/<name>.json   what another release has otherwise: an older packaged
                               one, or a later one that no package has

One field or constant per line, in the header's order, so that a diff reads
like a diff of the header.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .headers import ARCHES, HEADERS, Header
from .places import Failure, Tree
from .releases import RELEASES, ordered

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


def difference(newest: Fact, other: Fact, *, places: bool = False) -> Fact:
    """Return what `other` has otherwise: absent there, only there, changed.

    With `places`, a name that is only there says which one it is `"after"` in the header.
    """
    delta: Fact = {}
    for section in SECTIONS[:-1]:
        new, own = newest[section], other[section]
        part: Fact = {}
        if absent := [name for name in new if name not in own]:
            part["absent"] = absent
        if only := {n: f for n, f in own.items() if n not in new}:
            names = [None, *own]
            if places:
                only = {n: {**f, "after": names[names.index(n) - 1]} for n, f in only.items()}
            part["only"] = only
        if otherwise := {n: f for n, f in own.items() if n in new and new[n] != f}:
            part["otherwise"] = otherwise
        if part:
            delta[section] = part
    return delta


def apply(newest: Fact, delta: Fact) -> Fact:
    """Return the other release's facts: the inverse of difference()."""
    other: Fact = {}
    for section in SECTIONS[:-1]:
        part = delta.get(section, {})
        gone = set(part.get("absent", ()))
        kept = {n: f for n, f in newest[section].items() if n not in gone}
        kept.update(part.get("otherwise", {}))
        for name, fact in part.get("only", {}).items():
            kept = _inserted(kept, fact.get("after", ""), name, without_place(fact))
        other[section] = kept
    return other


def without_place(fact: Fact) -> Fact:
    """Return a fact that is only in another release as it would be here."""
    return {key: value for key, value in fact.items() if key != "after"}


def _inserted(facts: Fact, after: str | None, name: str, fact: Any) -> Fact:
    """Return the facts with one more: behind `after`, in front (None) or at the end."""
    names = list(facts)
    place = 0 if after is None else names.index(after) + 1 if after in facts else len(names)
    names.insert(place, name)
    return {n: fact if n == name else facts[n] for n in names}


def disagreements(newest: Fact, delta: Fact) -> list[str]:
    """Return what a difference claims that the facts it is against contradict."""
    wrong: list[str] = []
    for section in SECTIONS[:-1]:
        part, facts = delta.get(section, {}), newest[section]
        absent, only = part.get("absent", ()), part.get("only", ())
        wrong += [f"{n}: absent, which is not in the facts" for n in absent if n not in facts]
        wrong += [f"{n}: only there, which is in the facts" for n in only if n in facts]
        for name, fact in part.get("otherwise", {}).items():
            if name not in facts:
                wrong.append(f"{name}: otherwise, which is not in the facts")
            elif facts[name] == fact:
                wrong.append(f"{name}: otherwise, which is the same")
    return wrong


# -- releases that no package has -----------------------------------------


def bare(fact: Any) -> Any:
    """Return a fact without what does not change the layout: spellings and marks."""
    if isinstance(fact, dict):
        return {k: bare(v) for k, v in fact.items() if k not in _NOT_LAYOUT}
    if isinstance(fact, list):
        return [bare(item) for item in fact]
    return fact


_MARKS = ("since", "noted", "until", "sizes")
_NOT_LAYOUT = ("type", "tools", "without_tools", "enum", "named_by", "partial", *_MARKS)


def merge_later(header: Header, newest: Fact, later: list[Fact]) -> Fact:
    """Return the newest packaged facts with what later releases bring.

    `later` is in order of release. A name or a field of theirs carries `"since"` and
    `"noted": true` (no package has it, so nothing was compiled here); a name that is
    gone carries `"until"`, the first release without it; a structure that grew at its
    end has the later layout and, in `"sizes"`, by release, the sizes before. Anything
    else that changed stays as the package has it.
    """
    own = [delta for delta in later if delta["release"].startswith(f"{header.project}-")]
    per_arch: dict[str, Fact] = {arch: {} for arch in header.arches}
    for arch in header.arches:
        for section in SECTIONS:
            part = newest[section].items()
            per_arch[arch][section] = {n: f for n, fact in part if (f := for_arch(fact, arch)) is not None}
    first = newest["release"]
    before = _version(newest["release"])
    for delta in own:
        version = _version(delta["release"])
        part = delta.get(header.module, {})
        gone: Fact = {section: {} for section in SECTIONS}
        facts = gone if part.get("absent") is True else apply(newest, part)
        if newest.get("absent") and first == newest["release"] and any(facts.values()):
            first = delta["release"]
        for arch in header.arches:
            for section in SECTIONS[:-1]:
                known = facts[section].items()
                then = {n: f for n, fact in known if (f := for_arch(fact, arch)) is not None}
                per_arch[arch][section] = _overlaid(per_arch[arch][section], then, version, before)
        before = version
    head = {key: value for key, value in newest.items() if key not in SECTIONS}
    return {**head, "release": first, **merge_arches(per_arch)}


def _version(release: str) -> str:
    return release.partition("-")[2]


def _overlaid(facts: Fact, then: Fact, version: str, before: str) -> Fact:
    """Return one section's facts with what the release `version` has."""
    merged = dict(facts)
    last: str | None = None
    for name, fact in then.items():
        if name not in merged:
            merged = _inserted(merged, last, name, {**fact, "since": version, "noted": True})
        elif "until" in merged[name]:  # it is back
            merged[name] = {k: v for k, v in merged[name].items() if k != "until"}
        if "fields" in fact and (found := grown(merged[name], fact, version, before)):
            merged[name] = found
        last = name
    for name in merged.keys() - then.keys():
        if "until" not in merged[name]:
            merged[name] = {**merged[name], "until": version}
    return merged


def grown(old: Fact, new: Fact, version: str, before: str) -> Fact | None:
    """Return a type as `version` has it, if all it did since is grow at its end.

    A union may also gain members anywhere. None: it did not change, or otherwise.
    """
    if bare(old) == bare(new) or old["kind"] != new["kind"]:
        return None
    if new["size"] < old["size"] or new["align"] < old["align"] or "without_tools" in {*old, *new}:
        return None
    known = {field["name"]: field for field in old["fields"]}
    if old["kind"] == "struct" and [f["name"] for f in new["fields"][: len(known)]] != list(known):
        return None
    if not known.keys() <= {field["name"] for field in new["fields"]}:
        return None
    end = max((_end(field) for field in old["fields"]), default=0)
    fields: list[Fact] = []
    for field in new["fields"]:
        if field["name"] in known:
            last = old["kind"] == "union" or field["name"] == old["fields"][-1]["name"]
            if not _same_field(known[field["name"]], field, may_grow=last):
                return None
            fields.append({**field, **_marks(known[field["name"]])})
        elif old["kind"] == "struct" and _start(field) < end:
            return None
        else:
            fields.append({**field, "since": version, "noted": True})
    sizes = dict(old.get("sizes", {}))
    if new["size"] != old["size"]:
        sizes[before] = old["size"]
    return {**new, "fields": fields, **_marks(old), **({"sizes": sizes} if sizes else {})}


def _marks(fact: Fact) -> Fact:
    return {key: fact[key] for key in _MARKS if key in fact}


def _start(field: Fact) -> int:
    """Return the first bit of a field."""
    return int(field["bits"][0] if "bits" in field else 8 * field["offset"])


def _end(field: Fact) -> int:
    return _start(field) + int(field["bits"][1] if "bits" in field else 8 * field["size"])


def _same_field(old: Fact, new: Fact, *, may_grow: bool) -> bool:
    nested = old["code"].startswith(("struct:", "union:")) and "array" not in old
    if nested and may_grow and new.get("size", 0) > old["size"]:  # what it is of grew itself
        new = {**new, "size": old["size"]}
    return bool(bare(old) == bare(new))


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
    """Return the file of another release's differences."""
    return tree.data / "releases" / f"{name}.json"


def read(tree: Tree, header: Header) -> Fact:
    """Return one header's facts from abi/."""
    try:
        found: Fact = json.loads(path(tree, header).read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{path(tree, header)}: {error}") from None
    return found


def read_all(tree: Tree) -> dict[str, Fact]:
    """Return every header's facts, by module, with what later releases bring.

    What a compiler here was asked about is `read()` and `read_release()`.
    """
    noted = later(tree)
    return {header.module: merge_later(header, read(tree, header), noted) for header in HEADERS}


def later(tree: Tree) -> list[Fact]:
    """Return the differences of the releases that no package has, in order of release."""
    packaged = {release.name for release in RELEASES}
    names = [path.stem for path in sorted((tree.data / "releases").glob("*.json"))]
    found = [read_release(tree, name) for name in names if name not in packaged]
    for delta in found:
        newest = next(r for r in RELEASES if delta["release"].startswith(f"{r.project}-"))
        if delta.get("compiled_here") is not False or not delta.get("source"):
            raise Failure(f"{delta['release']}: neither packaged nor with a source")
        if ordered(_version(delta["release"])) <= ordered(newest.version):
            raise Failure(f"{delta['release']}: not later than {newest.name}; remove its file")
    return sorted(found, key=lambda delta: ordered(_version(delta["release"])))


def read_release(tree: Tree, name: str) -> Fact:
    """Return another release's differences, by module."""
    try:
        found: Fact = json.loads(release_path(tree, name).read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{release_path(tree, name)}: {error}") from None
    return found
