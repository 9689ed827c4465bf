"""One row of a hand-kept table against its schema and the extracted data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import data
from .headers import ARCHES

if TYPE_CHECKING:
    from collections.abc import Iterator

Fact = dict[str, Any]

# From harmless to worst. What is safe towards another domain is in abi/README.md.
HAZARDS = ("safe", "kernel-owned", "stops-the-machine")

# Every word a row may use: a new one is a decision, made here.
VOCABULARY: dict[str, set[Any]] = {
    "dir": {"in", "out", "inout"},
    # What the call returns if it does not fail; "per-operation": its sub-operations' rows say.
    "result": {
        "zero", "version", "bytes", "pages", "page-number", "extents-done", "id", "boolean",
        "count", "port", "value", "does-not-return", "per-operation",
    },
    "width": {32, 64},
    # "policy": FLASK's loaded policy says, and without FLASK there is no such call.
    "who": {"anyone", "self", "TARGET", "XS_PRIV", "DM_PRIV", "PRIV", "hardware", "console", "policy"},
    "arch": set(ARCHES),
    "guests": {"any", "PV", "HVM", "translated"},
    "status": {"stable", "tools-only"},
    "hazard": set(HAZARDS),
    "class": {"stable", "pv-kernel", "versioned", "removed", "internal", "arch"},
    "reason": {"removed", "tools-only", "hypervisor-internal"},
    # Parameters (kind = "parameters") have a few words of their own.
    "parameter status": {"stable", "deprecated", "tools-only"},
    "guest": {"read-write", "read", "none"},
    "type": {"frame", "port", "address", "flags", "number", "boolean", "enum"},
}  # fmt: skip
# Results that can pass 2**31 - 1.
WIDE = {"pages", "page-number", "extents-done", "value"}
_WORDS = ("result", "width", "who", "guests", "status")
_SCALARS = {f"{sign}{bits}" for sign in "us" for bits in (8, 16, 32, 64)} | {"char"}
_LINUX = ("privcmd", "evtchn", "gntdev", "gntalloc")
_LONGEST = 100
RELEASE = re.compile(r"\d\.\d+")


class Schema:
    """The keys of one kind of row."""

    def __init__(self, required: str, optional: str, words: dict[str, str]) -> None:
        self.required = set(required.split())
        self.optional = set(optional.split())
        self.words = words  # key -> list in VOCABULARY

    def check(self, row: Fact) -> Iterator[str]:
        """Yield what is wrong with a row's keys and words."""
        if missing := self.required - set(row):
            yield f"without {sorted(missing)}"
        if extra := set(row) - self.required - self.optional:
            yield f"unknown keys {sorted(extra)}"
        for key, words in self.words.items():
            value = row.get(key)
            if key in row and (isinstance(value, bool | list | dict) or value not in VOCABULARY[words]):
                yield f"{key} = {value!r} is not in the vocabulary"
        yield from _common(row)


OPERATION = Schema(
    "nr does result width who arch guests since status hazard idempotent source",
    "arg dir member count args arrays null via config errors",
    {key: key for key in (*_WORDS, "dir")},
)
PARAMETER = Schema(
    "nr does guest arch since status hazard source",
    "type",
    {"guest": "guest", "type": "type", "status": "parameter status"},
)
HYPERCALL = Schema(
    "nr does args result width pv hvm arm class since source",
    "family hazard config",
    {"result": "result", "width": "width", "class": "class"},
)


def sentence(text: Any) -> bool:
    """Tell whether `text` is one short sentence."""
    return isinstance(text, str) and 10 <= len(text) <= _LONGEST and text[0].isupper() and text[-1] == "."


def _common(row: Fact) -> Iterator[str]:
    if "does" in row and not sentence(row["does"]):
        yield f"does = {row['does']!r} is not a sentence of at most {_LONGEST} characters"
    if "since" in row and not RELEASE.fullmatch(str(row["since"])):
        yield f"since = {row['since']!r}"
    if "source" in row and not row["source"]:
        yield "a claim without a source"
    if "hazard" in row:
        hazard = row["hazard"]
        if isinstance(hazard, dict) and set(hazard) != {"self", "other"}:
            yield f"hazard of {sorted(hazard)}, should be of self and other"
        for word in hazard.values() if isinstance(hazard, dict) else [hazard]:
            if word not in VOCABULARY["hazard"]:
                yield f"hazard {word!r} is not in the vocabulary"
    if "arch" in row:
        arch = row["arch"]
        if not isinstance(arch, list) or not arch or not set(arch) <= VOCABULARY["arch"]:
            yield f"arch = {arch!r}"
    for key in ("idempotent", "null", "pv", "hvm", "arm"):
        if key in row and not isinstance(row[key], bool):
            yield f"{key} = {row[key]!r} is not true or false"
    if row.get("width") in (32, 64) and row.get("result") not in (None, "per-operation"):
        wide = row["result"] in WIDE
        if wide != (row["width"] == 64):
            yield f"width {row['width']} with result {row['result']!r}"


class Facts:
    """The extracted data, asked by name and, where it differs, by architecture."""

    def __init__(self, facts: dict[str, Fact]) -> None:
        self.all = facts

    def constant(self, header: str, name: str) -> Fact | None:
        """Return a constant's fact as the first architecture that has it sees it."""
        merged = self.all.get(header, {}).get("constants", {}).get(name)
        if merged is None:
            return None
        fact: Fact = next(seen for arch in ARCHES if (seen := data.for_arch(merged, arch)))
        return fact

    def arches(self, header: str, name: str) -> set[str]:
        """Return the architectures that have a constant."""
        fact = self.all[header]["constants"][name]
        return {arch for arch in ARCHES if data.for_arch(fact, arch) is not None}

    def type(self, header: str, name: str, arch: str) -> Fact | None:
        """Return a structure, union or typedef, preferably of the family's own header."""
        for facts in [self.all[header], *self.all.values()]:
            for section in ("types", "typedefs"):
                fact: Fact | None = data.for_arch(facts[section].get(name), arch)
                if fact is not None:
                    return fact
        return None

    def record(self, header: str, name: str, arch: str) -> Fact | None:
        """Return what has fields behind a name, through typedefs."""
        fact = self.type(header, name, arch)
        while fact is not None and "fields" not in fact:
            kind, _, target = fact["code"].partition(":")
            if kind not in ("struct", "union"):
                return None
            fact = self.type(header, target, arch)
        return fact

    def field(self, header: str, name: str, path: str, arch: str) -> Fact | None:
        """Return the field that a dotted path leads to."""
        first, _, rest = path.partition(".")
        record = self.record(header, name, arch)
        for field in self._flat(header, record, arch) if record else ():
            if field["name"] == first:
                kind, _, target = field["code"].partition(":")
                if not rest:
                    return field
                return self.field(header, target, rest, arch) if kind in ("struct", "union") else None
        return None

    def _flat(self, header: str, record: Fact, arch: str) -> Iterator[Fact]:
        for field in record["fields"]:
            if field.get("anonymous"):
                inner = self.record(header, field["code"].partition(":")[2], arch)
                if inner is not None:
                    yield from self._flat(header, inner, arch)
            else:
                yield field

    def is_type(self, header: str, name: str) -> bool:
        """Tell whether some architecture has this structure or typedef."""
        return any(self.type(header, name, arch) is not None for arch in ARCHES)


class Argument:
    """Where a family's rows find their argument."""

    def __init__(self, header: str, args: list[Fact], selector: str, container: str) -> None:
        self.header = header
        self.args = args  # of the hypercall; empty for a family within another's row
        self.selector = selector
        self.container = container  # the structure whose field is the selector, or ""


def operation(row: Fact, place: Argument, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with a sub-operation's row, its number apart."""
    yield from OPERATION.check(row)
    if "via" in row and not any(facts.constant(header, row["via"]) for header in _LINUX):
        yield f"no Linux header has {row['via']!r}"
    yield from _errors(row, facts)
    arches = [arch for arch in row.get("arch", []) if arch in ARCHES]
    if "args" in row:
        yield from _several(row, place, facts)
    elif "arg" not in row:
        yield "without arg or args"
    elif row["arg"] == "none":
        if extra := set(row) & {"dir", "arrays", "member", "count", "null"}:
            yield f"{', '.join(sorted(extra))} without an argument"
    else:
        if "dir" not in row:
            yield "an argument without dir"
        for arch in arches:
            yield from _argument(row, place, facts, arch)


def _errors(row: Fact, facts: Facts) -> Iterator[str]:
    errors = row.get("errors", {})
    if not isinstance(errors, dict):
        yield f"errors = {errors!r}"
        return
    for name, when in errors.items():
        if facts.constant("errno", f"XEN_{name}") is None:
            yield f"errors: Xen has no {name}"
        if not isinstance(when, str) or not 0 < len(when) <= _LONGEST:
            yield f"errors: {name} = {when!r}"


def _argument(row: Fact, place: Argument, facts: Facts, arch: str) -> Iterator[str]:
    name, header = row["arg"], place.header
    if "member" in row:
        yield from _member(row, place, facts, arch)
    elif facts.type(header, name, arch) is None:
        yield f"no structure or typedef {name}"
        return
    elif not place.args and name != place.container:
        yield f"arg = {name!r} is neither a member nor {place.container}"
    if "count" in row:
        counts = {arg["name"] for arg in place.args} - {place.selector}
        if row["count"] not in counts:
            yield f"the hypercall has no argument {row['count']!r}"
    for array in row.get("arrays", []):
        yield from _array(array, header, name, facts, arch)


def _array(array: Fact, header: str, name: str, facts: Facts, arch: str) -> Iterator[str]:
    """Yield what is wrong with an array behind a handle, or in a buffer of its own (dm_op)."""
    keys = set(array)
    if keys == {"buffer", "type", "count", "dir"}:
        yield from (f"array: {wrong}" for wrong in argument_type(array["type"], header, facts))
        if type(array["buffer"]) is not int or array["buffer"] < 1:
            yield f"array: buffer = {array['buffer']!r}"
    elif keys == {"field", "count", "dir"}:
        field = facts.field(header, name, array["field"], arch)
        if field is None:
            yield f"{name} has no field {array['field']}"
        elif not field["code"].startswith(("handle:", "pointer:")) and field.get("array") != [0]:
            yield f"{name}.{array['field']} is no handle"
    else:
        yield f"array of {sorted(keys)}, should be of field (or buffer and type), count and dir"
        return
    if array["dir"] not in VOCABULARY["dir"]:
        yield f"array dir = {array['dir']!r} is not in the vocabulary"
    factors, _, divisor = array["count"].partition("/")  # rounded up: bits in bytes
    if divisor and not divisor.isdecimal():
        yield f"array count = {array['count']!r}"
    for count in factors.split("*"):
        if count.isdecimal():
            continue
        field = facts.field(header, name, count, arch)
        if field is None:
            yield f"{name} has no field {count}"
        elif field["code"] not in _SCALARS:
            yield f"{name}.{count} is no number"


def _member(row: Fact, place: Argument, facts: Facts, arch: str) -> Iterator[str]:
    if not place.container:
        yield "a member, and no structure that it is in"
        return
    field = facts.field(place.header, place.container, row["member"], arch)
    if field is None:
        yield f"{place.container} has no field {row['member']}"
        return
    kind, _, target = field["code"].partition(":")
    real = target if kind in ("struct", "union") else kind
    parent, _, _ = row["member"].rpartition(".")
    union = facts.field(place.header, place.container, parent, arch) if parent else None
    if union is None or not union["code"].startswith("union:"):
        yield f"{place.container}.{row['member']} is in no union"
    if row["arg"] not in (real, field["type"]):
        yield f"{row['member']} is a {real}, not a {row['arg']}"


def _several(row: Fact, place: Argument, facts: Facts) -> Iterator[str]:
    if extra := set(row) & {"arg", "dir", "member", "count"}:
        yield f"{', '.join(sorted(extra))} beside args"
    given = row["args"]
    left = sum(1 for arg in place.args if arg["name"] != place.selector)
    if not place.args or not 0 < len(given) <= left:
        yield f"{len(given)} args, the hypercall has {left} without {place.selector}"
    names = {arg.get("name") for arg in given}
    for arg in given:
        where = f"args: {arg.get('name')!r}"
        if not {"name", "type"} <= set(arg) <= {"name", "type", "dir", "count"}:
            yield f"{where}: keys {sorted(arg)}"
            continue
        yield from (f"{where}: {wrong}" for wrong in argument_type(arg["type"], place.header, facts))
        if "dir" in arg and arg["dir"] not in VOCABULARY["dir"]:
            yield f"{where}: dir = {arg['dir']!r} is not in the vocabulary"
        if "count" in arg and arg["count"] not in names:
            yield f"{where}: no argument {arg['count']!r}"
        if "count" in arg and "dir" not in arg:
            yield f"{where}: an array without dir"
    types = {arg.get("name"): arg.get("type", "") for arg in given}
    for array in row.get("arrays", []):  # behind a handle in one of the arguments' structures
        name, _, path = array.get("field", "").partition(".")
        counter, _, count = array.get("count", "").partition(".")
        if name not in types or counter != name:
            yield f"arrays: {array.get('field')!r} and {array.get('count')!r} are not in one argument"
            continue
        inner = {**array, "field": path, "count": count}
        for arch in row.get("arch", []):
            yield from _array(inner, place.header, types[name], facts, arch)


def argument_type(name: str, header: str, facts: Facts) -> Iterator[str]:
    """Yield a complaint unless `name` is a number's code, "handle", "domid" or a type of the data."""
    if name not in _SCALARS | {"handle", "domid"} and not facts.is_type(header, name):
        yield f"no type {name}"


def hypercall(row: Fact, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with a row of hypercalls.toml, number and family apart."""
    yield from HYPERCALL.check(row)
    args = row.get("args", [])
    if len(args) > 5:
        yield f"{len(args)} arguments; a hypercall has five"
    for arg in args:
        if set(arg) != {"name", "type"}:
            yield f"args: keys {sorted(arg)}"
        else:
            yield from (f"args: {wrong}" for wrong in argument_type(arg["type"], "xen", facts))
    answered = [key for key in ("pv", "hvm", "arm") if row.get(key)]
    if row.get("class") == "removed" and answered:
        yield f"removed, and answered for {answered}"
    if row.get("class") == "pv-kernel" and not row.get("pv"):
        yield "pv-kernel, and not answered for PV"
    if "family" in row and "hazard" in row:
        yield "family and hazard: each sub-operation has its own"
    if row.get("class") in ("stable", "pv-kernel") and not row.keys() & {"family", "hazard"}:
        yield "without family or hazard"
    if row.get("class") == "stable" and "family" not in row and any(a.get("name") == "cmd" for a in args):
        yield "sub-operations without a table"
    if ("family" in row) != (row.get("result") == "per-operation"):
        yield f"result = {row.get('result')!r} with{'' if 'family' in row else 'out'} a family"
