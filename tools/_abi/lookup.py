"""Generated modules for looking things up: names of values, sub-operations, layouts.

    _names.py       what repr decodes numbers with
    _operations.py  the hand-kept tables
    _hazards.py     of those tables, what every hypercall is checked against
    _facts.json     what `python3 -m xensys abi` prints and no class knows

None of them is loaded by importing a header's module.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import macros, tables, words
from .emit import public
from .headers import HEADERS, python_module
from .layout import python_name

if TYPE_CHECKING:
    from .model import Model
    from .places import Tree

Fact = dict[str, Any]
_MODULES = {header.module: python_module(header) for header in HEADERS}


def _head(source: str, doc: str) -> str:
    return (
        f"# GENERATED from {source}.\n"
        "# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.\n"
        f'"""{doc}"""\n\nfrom __future__ import annotations\n\n'
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any\n"
    )


def _text(value: Any) -> str:
    """Return a value as Python's formatter would write it, on one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_text, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def names(model: Model, said: dict[str, words.Words]) -> str:
    """Return the text of _names.py."""
    text = _head("abi/words", "What a field's number is called: for repr and `xensys.abi.decode`.")
    text += "\n# Values: {number: name}. Flags: (bits, name) by size, then (mask, {number: name}).\n"
    text += "GROUPS: dict[str, tuple[Any, ...]] = {\n"
    for module, own in said.items():
        for name, group in own.groups.items():
            if group.kind != "numbers":
                key = f"{_MODULES[module]}:{name}"
                text += f"    {_text(key)}: {_text(words.resolve(model, module, group))},\n"
    text += "}\n\n# Structure: {field: group}.\nFIELDS: dict[str, dict[str, str]] = {\n"
    for module, own in said.items():
        for structure in model.facts[module]["types"]:
            if structure[0] == "_" and "_anon" in structure:
                continue  # its fields are those of what it is in
            if found := _named(model, module, structure, own):
                rows = {field: _python_group(group) for field, group in found.items()}
                text += f"    {_text(f'{_MODULES[module]}.{public(structure)}')}: {_text(rows)},\n"
    return text + "}\n"


def _python_group(reference: str) -> str:
    module, _, name = reference.partition(":")
    return f"{_MODULES.get(module, module)}:{name}"


def _named(model: Model, module: str, structure: str, own: words.Words) -> dict[str, str]:
    """Return field -> group, members of anonymous structures included."""
    fact = model.facts[module]["types"][structure]
    found: dict[str, str] = {}
    for field in words.fields_of(fact):
        if field.get("anonymous"):
            found |= _named(model, module, field["code"].partition(":")[2], own)
        elif (key := (structure, field["name"])) in own.names:
            found[public(python_name(field["name"]))] = own.names[key]
    return found


def operations(tree: Tree) -> str:
    """Return the text of _operations.py."""
    text = _head("abi/tables", "What no header states about hypercalls and their sub-operations.")
    text += "\n# Family, then name. The keys are explained in abi/README.md.\n"
    text += "FAMILIES: dict[str, dict[str, Any]] = {\n"
    found = tables.read(tree)
    for family, table in found.items():
        if "family" in table:
            head = {k: v for k, v in table["family"].items() if k not in ("values", "prefix", "prefixes")}
            text += f"    {_text(family)}: {_text(head)},\n"
    text += "}\n\nOPERATIONS: dict[str, dict[str, dict[str, Any]]] = {\n"
    for family, table in found.items():
        if family in table:
            text += f"    {_text(family)}: {{\n"
            for name, row in table[family].items():
                text += f"        {_text(public(name))}: {_text(row)},\n"
            text += "    },\n"
    return text + "}\n"


def hazards(tree: Tree) -> str:
    """Return the text of _hazards.py."""
    text = _head(
        "abi/tables", "Sub-operations that can do harm: name -> how, to oneself and to another domain."
    )
    text = text.replace("    from typing import Any\n", "    from typing import Final\n")
    text += "\n# Empty where it does none.\nHAZARDS: Final[dict[str, tuple[str, str]]] = {\n"
    for family, table in tables.read(tree).items():
        for name, row in table.get(family, {}).items():
            hazard = row.get("hazard", "safe")
            both = (hazard["self"], hazard["other"]) if isinstance(hazard, dict) else (hazard, hazard)
            if both != ("safe", "safe"):
                text += f"    {_text(public(name))}: {_text(tuple(h.replace('safe', '') for h in both))},\n"
    return text + "}\n"


def facts(model: Model, said: dict[str, words.Words], functions: dict[str, list[macros.Macro]]) -> str:
    """Return the text of _facts.json: one structure or constant per line."""
    modules: dict[str, Any] = {}
    for header in HEADERS:
        own, mine = said[header.module], model.facts[header.module]
        types: dict[str, Any] = {}
        for name in mine["types"]:
            types[public(name)] = {
                arch: _layout(model, header, name, fact, own, arch)
                for arch, fact in model.of(header, "types", name).items()
            }
        constants = {name: _constant(model, header, name, own) for name in mine["constants"]}
        modules[_MODULES[header.module]] = {
            "header": f"xen/{header.files[0]}",
            "release": mine["release"],
            "doc": own.doc,
            "groups": {n: {"kind": g.kind, "doc": g.doc} for n, g in own.groups.items()},
            "types": {n: _alike(t) for n, t in types.items()},
            "constants": constants,
            "typedefs": {public(n): _typedef(model, header, n) for n in mine["typedefs"]},
            "macros": {
                public(macro.name): {"args": [arg for arg, _, _ in macro.args], "doc": macro.does}
                for macro in functions.get(header.module, [])
            },
        }
    return _dumps(modules, 3) + "\n"


def _typedef(model: Model, header: Any, name: str) -> Fact:
    fact = next(iter(model.of(header, "typedefs", name).values()))
    kind, _, target = fact["code"].partition(":")
    found: Fact = {"type": kind}
    if kind in ("struct", "union"):
        found["of"] = f"{_MODULES[model.module_of(header, target)]}.{public(target)}"
    if "array" in fact:
        found["array"] = fact["array"]
    return found


def _alike(per_arch: dict[str, Any]) -> dict[str, Any]:
    """Write what is the same on both architectures once, under "any"."""
    found = list(per_arch.values())
    if len(found) == 2 and found[0] == found[1]:
        return {"any": found[0]}
    return per_arch


def _notes(
    model: Model, header: Any, section: str, name: str, fact: Fact, arch: str = ""
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if fact.get("tools"):
        found["tools"] = True
    if since := model.since(header, section, name):
        found |= {"since": since, "compiled": False}
    elif lacking := model.lacking(header, section, name):
        found["not_in"] = lacking
    if changed := model.changed(header, section, name, arch):
        found["otherwise_in"] = changed
    if until := model.until(header, section, name):
        found["until"] = until
    return found


def _layout(model: Model, header: Any, name: str, fact: Fact, own: words.Words, arch: str) -> Fact:
    found: Fact = {"kind": fact["kind"], "size": fact["size"], "align": fact["align"]}
    if doc := own.types.get(name):
        found["doc"] = doc
    if fact.get("named_by") == "unnamed":
        found["unnamed"] = True
    if fact.get("partial"):
        found["partial"] = True
    found |= _notes(model, header, "types", name, fact, arch)
    found["fields"] = [_field(model, header, name, field, own) for field in fact["fields"]]
    return found


def _field(model: Model, header: Any, structure: str, field: Fact, own: words.Words) -> Fact:
    found: Fact = {"name": public(python_name(field["name"])), "type": field["type"]}
    if "bits" in field:
        found["bits"] = field["bits"]
    else:
        found |= {"offset": field["offset"], "size": field["size"]}
    if "array" in field:
        found["array"] = field["array"]
    kind, _, target = field["code"].partition(":")
    if kind in ("struct", "union"):
        module = _MODULES[model.module_of(header, target)]
        found["of"] = f"{module}.{public(target)}"
    key = structure, field["name"]
    if key in own.names:
        found["names"] = _python_group(own.names[key])
    if key in own.field_docs:
        found["doc"] = own.field_docs[key]
    if since := model.since(header, "types", structure, field["name"]):
        found["since"] = since
    return found


def _constant(model: Model, header: Any, name: str, own: words.Words) -> Fact:
    per_arch = model.of(header, "constants", name)
    found = {fact["value"] for fact in per_arch.values()}
    value = found.pop() if len(found) == 1 else {a: f["value"] for a, f in per_arch.items()}
    row: Fact = {"value": value}
    if len(per_arch) == 1:
        row["arch"] = next(iter(per_arch))
    if group := own.group_of.get(name):
        row["group"] = group
    elif doc := own.constants.get(name):
        row["doc"] = doc
    return row | _notes(model, header, "constants", name, next(iter(per_arch.values())))


def _dumps(value: Any, depth: int, indent: int = 0) -> str:
    """Return JSON with everything below `depth` on one line."""
    if depth == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    pad = " " * indent
    rows = [f"{pad} {json.dumps(k)}: {_dumps(v, depth - 1, indent + 1)}" for k, v in value.items()]
    return "{\n" + ",\n".join(rows) + f"\n{pad}}}"
