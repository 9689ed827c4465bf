"""`abi`: what a name or a number of the ABI is."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from xensys.abi import ARCHES
from xensys.abi._base import MACHINE
from xensys.cli import abi_lookup

if TYPE_CHECKING:
    import argparse

Answer = dict[str, Any]
_TABLES = {"hypercalls": "hypercall", "hvm_params": "parameter of HVMOP_set_param and get_param"}
_ITEMS = 400  # lines of a list: whoever wants all of it takes --json
_HOLDERS = 12  # fields in a line; 60 hold a domid


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "abi",
        help="what a name or a number of the ABI is",
        description="Looks up a structure, constant, sub-operation, header, group, pattern or number.",
    )
    parser.add_argument(
        "what",
        metavar="NAME|NUMBER",
        help="xen_add_to_physmap, XENMEM_add_to_physmap, 0x305000, memory, memory:XENMAPSPACE, '*physmap*'",
    )
    parser.add_argument("--arch", choices=ARCHES, default=MACHINE, help="whose layouts (this machine's)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print everything that goes by that name or number; 1 if nothing does."""
    answers = abi_lookup.find(arguments.what, arguments.arch)
    if arguments.json:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
    elif answers:
        print("\n\n".join("\n".join(_SHOW[answer["kind"]](answer)) for answer in answers))
    if not answers:
        similar = abi_lookup.similar(arguments.what)
        hint = f"; is it {' or '.join(similar)}?" if similar else ""
        print(f"xensys: nothing in the ABI is called {arguments.what!r}{hint}", file=sys.stderr)
        return 1
    return 0


def _head(answer: Answer, what: str) -> list[str]:
    header = answer["header"]
    if "since" in answer and not answer.get("compiled", True):
        header = f"{header.partition(',')[0]}, Xen {answer['since']}"
    lines = [f"{what} {answer['name']}   {header}   xensys.abi.{answer['module']}"]
    if doc := answer.get("doc"):
        lines.append(doc)
    if notes := _notes(answer):
        lines.append("; ".join(notes))
    return lines


def _notes(answer: Answer) -> list[str]:
    notes = ["the stable members only"] if answer.get("partial") else []
    if since := answer.get("since"):
        notes.append(f"since {since}" + ("" if answer.get("compiled", True) else " (not compiled here)"))
    if answer.get("not_in"):
        notes.append(f"not in {', '.join(answer['not_in'])}")
    if answer.get("otherwise_in"):
        notes.append(f"otherwise in {', '.join(answer['otherwise_in'])}")
    if until := answer.get("until"):
        notes.append(f"gone in {until}")
    if answer.get("tools"):
        notes.append("declared for __XEN_TOOLS__ only")
    if answer.get("arch"):
        notes.append(f"{answer['arch']} only")
    return notes


def _table(rows: list[list[str]], right: int = 0) -> list[str]:
    """Return rows as aligned columns, the first `right` of them numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if place < right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _structure(answer: Answer) -> list[str]:
    typedef = f"{answer['typedef']}: " if "typedef" in answer else ""
    lines = _head(answer, f"{typedef}{answer['record']}")
    lines += [f"{answer['size']} bytes, aligned to {answer['align']}, {answer['on']}", ""]
    rows = [["offset", "size", "type", "field", ""]]
    for field in answer["fields"]:
        length = "".join(f"[{n or ''}]" for n in field.get("array", []))
        about = [field.get("doc", ""), field.get("names", "")]
        if since := field.get("since"):
            about.append(f"since {since}")
        size = f"{field['bits']} bits" if "bits" in field else str(field["size"])
        place = f"{field['offset']}.{field['bit']}" if "bits" in field else str(field["offset"])
        name = "  " * field["depth"] + field["name"] + length
        rows.append([place, size, field["type"], name, "; ".join(filter(None, about))])
    lines += _table(rows, right=2)
    if answer["used_by"]:
        lines += ["", "used by", *_operation_table(answer["used_by"])]
    if answer["in"]:
        lines += ["", f"part of {', '.join(answer['in'])}"]
    return lines


def _operation_table(rows: list[Answer]) -> list[str]:
    cells = [["sub-operation", "table", "nr", "dir", "since", "who", "arch", "hazard"]]
    for row in rows:
        cells.append([
            row["name"], row["table"], str(row["nr"]), row.get("dir", ""), row.get("since", ""),
            row.get("who", ""), ", ".join(row.get("arch", ())), _plain(row.get("hazard", "")),
        ])  # fmt: skip
    return _table(cells)


def _operation(answer: Answer) -> list[str]:
    kind = _TABLES.get(answer["table"], f"sub-operation of {answer['table']}")
    lines = [f"{answer['name']} = {answer['nr']}   {kind}", answer["does"], ""]
    order = (
        "call", "arg", "args", "dir", "member", "count", "arrays", "null", "via", "result", "width",
        "guest", "type", "who", "arch", "guests", "since", "status", "class", "family", "pv", "hvm", "arm",
        "hazard", "idempotent", "config", "errors", "source",
    )  # fmt: skip
    rows = []
    for key in order:
        value = answer.get(key)
        if isinstance(value, dict) and len(value) > 2:
            rows += [["" if n else key, f"{k}: {v}"] for n, (k, v) in enumerate(value.items())]
        elif value not in (None, ""):
            rows.append([key, _plain(value)])
    return lines + _table(rows)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        if not value:
            return "none"
        if isinstance(value[0], dict):
            return " | ".join(" ".join(f"{k}={v}" for k, v in item.items()) for item in value)
        return ", ".join(map(str, value))
    return str(value)


def _constant(answer: Answer) -> list[str]:
    value = answer["value"]
    shown = json.dumps(value) if not isinstance(value, int) else _number(value)
    lines = _head({**answer, "name": f"{answer['name']} = {shown}"}, "constant")
    if group := answer.get("group"):
        lines.append(f"one of {answer['module']}:{group}: {answer['group_doc']}")
    if ioctl := answer.get("ioctl"):
        lines.append(
            f"ioctl: type {ioctl['type']!r}, nr {ioctl['nr']}, {ioctl['size']} bytes, "
            f"direction {ioctl['direction']}"
        )
    if held := answer.get("held_by"):
        lines.append(_held_by(held))
    return lines


def _held_by(fields: list[str]) -> str:
    more = f" and {len(fields) - _HOLDERS} more" if len(fields) > _HOLDERS else ""
    return f"held by {', '.join(fields[:_HOLDERS])}{more}"


def _number(value: int) -> str:
    return f"{value} = {value:#x}" if abs(value) > 9 else str(value)


def _group(answer: Answer) -> list[str]:
    lines = [f"group {answer['name']}   {answer['header']}   {answer['of']}", answer["doc"], ""]
    lines += _table([[_number(c["value"]), c["name"], "; ".join(_notes(c))] for c in answer["constants"]])
    if answer["held_by"]:
        lines += ["", _held_by(answer["held_by"])]
    return lines


def _module(answer: Answer) -> list[str]:
    lines = _head(answer, "header")
    for title, names in answer["holds"].items():
        if names:
            lines += ["", f"{title} ({len(names)})", *[f"  {name}" for name in names[:_ITEMS]]]
    return lines


def _macro(answer: Answer) -> list[str]:
    call = f"{answer['name']}({', '.join(answer['args'])})"
    return _head({**answer, "name": call}, "macro")


def _typedef(answer: Answer) -> list[str]:
    return [*_head(answer, "typedef"), f"is {answer['type']}"]


def _names(answer: Answer) -> list[str]:
    rows = [[name["name"], name["kind"], name["module"], name.get("doc", "")] for name in answer["found"]]
    more = [f"  … {len(rows) - _ITEMS} more"] if len(rows) > _ITEMS else []
    count = f"{len(rows)} name" + ("s" if len(rows) > 1 else "")
    like = f"of value {_number(answer['value'])}" if "value" in answer else f"like {answer['name']}"
    return [f"{count} {like}", *_table(rows[:_ITEMS]), *more]


_SHOW = {
    "structure": _structure,
    "operation": _operation,
    "constant": _constant,
    "group": _group,
    "header": _module,
    "macro": _macro,
    "names": _names,
    "typedef": _typedef,
}
