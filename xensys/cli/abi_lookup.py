"""What `abi` finds: the generated facts and tables, searched by name, pattern or number.

Answers are plain dictionaries with a "kind", so that --json prints what the
text was made from.
"""

from __future__ import annotations

import difflib
import functools
import json
import pkgutil
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from xensys.abi._operations import FAMILIES, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = dict[str, Any]
_DIRECTIONS = {0: "none", 1: "write", 2: "read", 3: "read and write"}


@functools.cache
def _facts() -> dict[str, Any]:
    text = pkgutil.get_data("xensys.abi", "_facts.json")
    if text is None:
        raise FileNotFoundError("xensys/abi/_facts.json is not installed")
    found: dict[str, Any] = json.loads(text)
    return found


def find(what: str, arch: str) -> list[Answer]:
    """Return everything that goes by a name or number.

    Args:
        what: a name of C, a header's module ("hvm.params"), "module:GROUP", a
            shell pattern, or a number in any of Python's bases.
        arch: whose layouts.
    """
    number = _number(what)
    if number is not None:
        return _by_number(number, arch)
    what = what.removeprefix("struct ").removeprefix("union ")
    if "*" in what or "?" in what:
        found = [entry for entry in _everything() if fnmatchcase(entry["name"], what)]
        return [{"kind": "names", "name": what, "found": found}] if found else []
    if ":" in what:
        return _groups(what)
    found = [*_operations(what, arch), *_named(what, arch)]
    if not found:  # a group without its module: shared prefixes, as people say them
        found = [group for module in _facts() for group in _groups(f"{module}:{what}")]
    return found


def similar(what: str) -> list[str]:
    """Return up to three names that a person may have meant."""
    return difflib.get_close_matches(what, {entry["name"] for entry in _everything()}, 3, 0.75)


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def _everything() -> Iterator[Answer]:
    """Every name there is, with its kind and module."""
    for module, facts in _facts().items():
        yield {"name": module, "kind": "header", "module": module, "doc": facts["doc"]}
        for section, kind in (
            ("types", "structure"), ("constants", "constant"), ("typedefs", "typedef"), ("macros", "macro"),
        ):  # fmt: skip
            for name, fact in facts[section].items():
                seen = next(iter(fact.values())) if kind == "structure" else fact
                yield {"name": name, "kind": kind, "module": module, "doc": seen.get("doc", "")}


# -- by name ------------------------------------------------------------------


def _named(name: str, arch: str) -> Iterator[Answer]:
    for module, facts in _facts().items():
        if name in (module, module.replace(".", "/"), facts["header"]):
            yield _module(module, facts)
        for spelled in (name, f"__{name}"):  # each __NAME exists as NAME too
            if spelled in facts["constants"]:
                yield _constant(module, spelled)
                if "IOCTL" in spelled:
                    yield from _argument(module, spelled, arch)
        plain = name.removeprefix("__")
        if plain in facts["types"]:
            yield from _structure(module, plain, arch)
        if plain in facts["typedefs"] and plain not in facts["types"]:
            yield from _typedef(module, plain, arch)
        if plain in facts["macros"]:
            yield {"kind": "macro", "name": plain, **_where(module), **facts["macros"][plain]}


def _where(module: str) -> Answer:
    facts = _facts()[module]
    release = facts["release"].replace("xen-", "Xen ").replace("linux-", "Linux ")
    return {"module": module, "header": f"<{facts['header']}>, {release}"}


def _module(module: str, facts: Answer) -> Answer:
    holds = {
        "structures": list(facts["types"]),
        "groups of constants": [f"{module}:{group}" for group in facts["groups"]],
        "constants": list(facts["constants"]),
        "types": list(facts["typedefs"]),
        "macros": list(facts["macros"]),
    }
    return {"kind": "header", "name": module, **_where(module), "doc": facts["doc"], "holds": holds}


def _constant(module: str, name: str) -> Answer:
    facts = _facts()[module]
    fact = facts["constants"][name]
    answer = {"kind": "constant", "name": name, **_where(module), **fact}
    if group := fact.get("group"):
        answer["group_doc"] = facts["groups"][group]["doc"]
        answer["held_by"] = _held_by(f"{module}:{group}")
    value = fact["value"]
    if "IOCTL" in name and isinstance(value, int):
        answer["ioctl"] = {
            "type": chr(value >> 8 & 0xFF),
            "nr": value & 0xFF,
            "size": value >> 16 & 0x3FFF,
            "direction": _DIRECTIONS[value >> 30 & 3],
        }
    return answer


def _groups(what: str) -> list[Answer]:
    spelled, _, name = what.partition(":")
    module = spelled.replace("/", ".")
    facts = _facts().get(module)
    if facts is None or name not in facts["groups"]:
        return []
    what = f"{module}:{name}"
    group = facts["groups"][name]
    constants = [{"name": n, **c} for n, c in facts["constants"].items() if c.get("group") == name]
    answer = {"kind": "group", "name": what, **_where(module), "of": group["kind"], "doc": group["doc"]}
    return [{**answer, "constants": constants, "held_by": _held_by(what)}]


def _held_by(group: str) -> list[str]:
    """Return the fields whose values have a group's names."""
    found: dict[str, None] = {}
    for facts in _facts().values():
        for name, per_arch in facts["types"].items():
            for layout in per_arch.values():
                for field in layout["fields"]:
                    if field.get("names") == group:
                        found[f"{name}.{field['name']}"] = None
    return list(found)


# -- structures ---------------------------------------------------------------


def _layout(per_arch: Answer, arch: str) -> tuple[Answer, str] | None:
    if "any" in per_arch:
        return per_arch["any"], "x86_64 and arm64"
    return (per_arch[arch], arch) if arch in per_arch else None


def _structure(module: str, name: str, arch: str) -> Iterator[Answer]:
    per_arch = _facts()[module]["types"][name]
    # What only the other architecture has is better shown than denied, and its members with it.
    if _layout(per_arch, arch) is None:
        arch = next(iter(per_arch))
    seen = _layout(per_arch, arch)
    if seen is None:
        return
    layout, on = seen
    notes = {k: v for k, v in layout.items() if k not in ("kind", "fields")}
    yield {
        "kind": "structure",
        "record": layout["kind"],
        "name": name,
        **_where(module),
        **notes,
        "on": on,
        "fields": list(_fields(layout, 0, 0, arch)),
        "used_by": _used_by(name, module),
        "in": _part_of(f"{module}.{name}"),
    }


def _fields(layout: Answer, base: int, depth: int, arch: str) -> Iterator[Answer]:
    """Yield the fields of a structure, members without a tag in place, and its holes."""
    end = 0  # bits of this structure that are accounted for
    for field in layout["fields"]:
        start, width = field.get("bits") or (8 * field["offset"], 8 * field["size"])
        if layout["kind"] == "struct" and start > end:
            yield from _hole(base, end, start, depth)
        end = max(end, start + width)
        shown = {"depth": depth, **field}
        if "bits" in field:
            shown |= {"offset": base + start // 8, "bit": start % 8, "bits": width}
        else:
            shown["offset"] = base + field["offset"]
        inner = _unnamed(field, layout, arch)
        if not field["name"].startswith("_anon"):
            yield shown
        if inner is not None:
            deeper = depth if field["name"].startswith("_anon") else depth + 1
            yield from _fields(inner, base + field["offset"], deeper, arch)
    if layout["kind"] == "struct":
        yield from _hole(base, end, 8 * layout["size"], depth)


def _hole(base: int, start: int, end: int, depth: int) -> Iterator[Answer]:
    if end - start >= 8:
        offset, size = base + (start + 7) // 8, end // 8 - (start + 7) // 8
        yield {"name": "(hole)", "type": "", "offset": offset, "size": size, "depth": depth}


def _unnamed(field: Answer, layout: Answer, arch: str) -> Answer | None:
    """Return the layout of a member that C gives no tag, to be shown in place."""
    if "of" not in field or "array" in field:
        return None
    module, _, name = field["of"].rpartition(".")
    seen = _layout(_facts()[module]["types"][name], arch)
    unnamed = seen is not None and seen[0].get("unnamed", False)
    return seen[0] if seen is not None and unnamed else None


def _part_of(name: str) -> list[str]:
    found: dict[str, None] = {}
    for facts in _facts().values():
        for outer, per_arch in facts["types"].items():
            for layout in per_arch.values():
                if any(field.get("of") == name for field in layout["fields"]):
                    found[outer] = None
    return list(found)


def _typedef(module: str, name: str, arch: str) -> Iterator[Answer]:
    fact = _facts()[module]["typedefs"][name]
    if "of" in fact:
        target, _, structure = fact["of"].rpartition(".")
        for answer in _structure(target, structure, arch):
            yield {**answer, "typedef": name}
        return
    length = "".join(f"[{n}]" for n in fact.get("array", []))
    yield {"kind": "typedef", "name": name, **_where(module), "type": fact["type"] + length}


# -- sub-operations -----------------------------------------------------------


def _rows() -> Iterator[tuple[str, str, Answer]]:
    for family, rows in OPERATIONS.items():
        for name, row in rows.items():
            yield family, name, row


def _used_by(structure: str, module: str) -> list[Answer]:
    """Return the sub-operations that take a structure, directly, in an array or in a union."""
    spelled = {structure, f"{structure}_t"}
    spelled |= {
        n for n, t in _facts()[module]["typedefs"].items() if t.get("of") == f"{module}.{structure}"
    }
    found = []
    for family, name, row in _rows():
        used = {row.get("arg")} | {arg.get("type") for arg in row.get("args", ())}
        if used & spelled:
            found.append({"name": name, "table": family, **row})
    return found


def _operations(name: str, arch: str) -> Iterator[Answer]:
    for family, row_name, row in _rows():
        if row_name != name.removeprefix("__"):
            continue
        head = FAMILIES.get(family, {})
        call = head.get("hypercall") or f"by {head['within']}" if head else ""
        yield {"kind": "operation", "name": row_name, "table": family, "call": call, **row}
        argument = row.get("arg", "none")
        if argument != "none":
            yield from (a for a in _named(argument, arch) if a["kind"] in ("structure", "typedef"))


# -- by number ----------------------------------------------------------------


def _by_number(number: int, arch: str) -> list[Answer]:
    """Return ioctls and hypercalls in full, everything else with that value as a list."""
    answers: list[Answer] = []
    rest = []
    for module, facts in _facts().items():
        for name, fact in facts["constants"].items():
            held = fact["value"].values() if isinstance(fact["value"], dict) else [fact["value"]]
            if number not in held:
                continue
            if "IOCTL" in name:
                answers += [_constant(module, name), *_argument(module, name, arch)]
            elif name.startswith("__HYPERVISOR_"):
                answers += [a for a in _operations(name, arch) if a.get("table") == "hypercalls"]
            else:
                doc = fact.get("doc") or facts["groups"].get(fact.get("group"), {}).get("doc", "")
                rest.append({"name": name, "kind": "constant", "module": module, "doc": doc})
    if rest:
        answers.append({"kind": "names", "name": str(number), "value": number, "found": rest})
    return answers


def _argument(module: str, ioctl: str, arch: str) -> Iterator[Answer]:
    """Yield the structure that an ioctl takes: it goes by the ioctl's name."""
    low = ioctl.lower()
    for name in (low, low.removeprefix("ioctl_")):
        if name in _facts()[module]["types"]:
            yield from _structure(module, name, arch)
