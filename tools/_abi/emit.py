"""Facts -> the text of one generated module."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from typing import TYPE_CHECKING, Any

from . import macros
from .headers import ARCHES, HEADERS, Header, python_module
from .layout import CTYPES, Layout, element, packed, plan
from .places import Failure

if TYPE_CHECKING:
    from .model import Entity, Model
    from .words import Words

Fact = dict[str, Any]
_BY_MODULE = {header.module: header for header in HEADERS}
_DECIMAL = ("_LEN", "_SIZE", "_MAX", "_NR", "_COUNT", "_LENGTH", "_VERSION", "_PAGES")


def public(name: str) -> str:
    """Return a `__NAME` as NAME: inside a class Python would mangle the former."""
    return name[2:] if name.startswith("__") else name


class Planner:
    """Lays structures out on one architecture, what they contain first."""

    def __init__(self, model: Model, arch: str) -> None:
        self.model = model
        self.arch = arch
        self._plans: dict[tuple[str, str], Layout] = {}
        self._aligns: dict[str, dict[str, int]] = {"xen": {}, "linux": {}}

    def plan(self, header: Header, name: str, fact: Fact) -> Layout:
        """Return the layout of a structure of `header`."""
        key = (header.module, name)
        if key not in self._plans:
            for module, used in self.model.references(header, "types", fact):
                home = _BY_MODULE[module]
                facts = self.model.of(home, "types", used)
                self.plan(home, used, facts.get(self.arch, next(iter(facts.values()))))
            self._plans[key] = plan(name, fact, self._aligns[header.project])
        return self._plans[key]


class Module:
    """The text of one generated file."""

    def __init__(
        self,
        model: Model,
        words: Words,
        planner: Planner,
        header: Header,
        part: str,
        entities: list[Entity],
        functions: list[macros.Macro],
    ) -> None:
        self.functions = functions
        self.model = model
        self.words = words
        self.planner = planner
        self.header = header
        self.part = part  # "" (both architectures), "_common", "_x86_64" or "_arm64"
        self.arch = planner.arch
        self.entities = entities
        self.names: list[str] = []
        self.ctypes: set[str] = set()
        self.base: set[str] = set()
        self.typed: set[str] = set()
        self.imports: dict[str, set[str]] = {}
        self.types = model.types_of(header, self.arch)

    # -- names ----------------------------------------------------------

    def _dots(self) -> str:
        depth = python_module(self.header).count(".") + (2 if self.part else 1)
        return "." * depth

    def _class(self, module: str, name: str) -> str:
        """Return how this file names a structure, importing it if need be."""
        home = _BY_MODULE[module]
        if module == self.header.module and (
            not self.part or self.part == "_common" or self.model.split_type(module, name)
        ):
            return public(name)
        if module == self.header.module:
            return public(name)  # by the star import of the common part
        where = python_module(home)
        if self.model.split_type(module, name):
            where = f"_{self.arch}.{where}"
        elif self.model.is_split(module):
            where = f"_common.{where}"
        self.imports.setdefault(where, set()).add(public(name))
        return public(name)

    def _define(self, name: str) -> None:
        if name in self.names:
            raise Failure(f"{self.header.module}: {name} is defined twice")
        self.names.append(name)

    # -- parts ----------------------------------------------------------

    def text(self) -> str:
        """Return the whole file."""
        chunks = [self._constants(), *self._structures(), self._typedefs(), *self._functions()]
        body = "\n\n\n".join(chunk for chunk in chunks if chunk)
        return self._head() + body + self._tail()

    def _functions(self) -> list[str]:
        for macro in self.functions:
            self.base.add("fitting")
            for name in {macro.name, public(macro.name)}:
                self._define(name)
        return macros.emit(self.functions, public)

    def _release(self) -> str:
        return str(self.model.facts[self.header.module]["release"])

    def _head(self) -> str:
        release = self._release().replace("xen-", "Xen ").replace("linux-", "Linux ")
        arches = " and ".join(ARCHES) if self.part in ("", "_common") else self.arch
        source = f"{self.header.files[0]} of {release}, {arches}."
        if self.model.is_split(self.header.module) and self.part != "_common":
            source += f" What is alike elsewhere is in _common.{python_module(self.header)}."
        doc = f"{self.words.doc}\n\n{source}\n" if self.words.doc else source
        lines = [
            f"# GENERATED from abi/{self.header.module}.json ({self.header.files[0]}, {release}).",
            "# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.",
            f'"""{doc}"""',
            "",
            "from __future__ import annotations",
            "",
        ]
        if self.ctypes:
            lines += [_import("ctypes", self.ctypes), ""]
        dots = self._dots()
        local = [_import(f"{dots}{where}", names) for where, names in sorted(self.imports.items())]
        if self.part.startswith("_x") or self.part.startswith("_a"):
            package, _, last = python_module(self.header).rpartition(".")
            path = f"{dots}_common{'.' + package if package else ''}"
            local += [f"from {path} import {last} as _common", f"from {path}.{last} import *"]
        if self.base:
            local.append(_import(f"{dots}_base", self.base))
        lines += [*sorted(local), ""] if local else []
        if self.ctypes or self.base:
            lines += ["TYPE_CHECKING = False"]
            if self.typed:
                lines += ["if TYPE_CHECKING:"]
                if "Sequence" in self.typed:
                    lines += ["    from collections.abc import Sequence", ""]
                if rest := self.typed - {"Sequence"}:
                    lines += [textwrap.indent(_import(f"{dots}_base", rest), "    ")]
            lines += [""]
        return "\n".join(lines) + "\n"

    def _tail(self) -> str:
        if not self.part:
            return "\n"
        names = [json.dumps(name) for name in sorted(self.names, key=_isort)]
        text = _wrap("__all__ = [", names, "]", "    ")
        if self.part != "_common":
            text += "\n__all__ += _common.__all__"
        return f"\n\n{text}\n"

    def _note(self, section: str, name: str, fact: Fact) -> str:
        notes = ["the stable members only"] if fact.get("partial") else []
        if fact.get("tools"):
            notes.append("__XEN_TOOLS__")
        facts = self.model.of(self.header, section, name)
        if len(facts) == 1:
            notes.append(f"{next(iter(facts))} only")
        if since := self.model.since(self.header, section, name):
            notes.append(f"since {since}, not compiled here")
        elif lacking := self.model.lacking(self.header, section, name):
            notes.append(f"not in {', '.join(lacking)}")
        if until := self.model.until(self.header, section, name):
            notes.append(f"gone in {until}")
        arch = self.arch if self.part in (f"_{a}" for a in ARCHES) else ""
        if changed := self.model.changed(self.header, section, name, arch):
            notes.append(f"otherwise in {', '.join(changed)}")
        if section == "types":
            sizes = self.model.sizes(self.header, name, arch).items()
            notes += [f"{size} bytes up to {release}" for release, size in sizes]
        return "; ".join(notes)

    def _fact(self, entity: Entity) -> Fact:
        return entity.facts[self.arch] if entity.split else entity.first

    def _constants(self) -> str:
        lines: list[str] = []
        group: str | None = None
        explained: set[str] = set()
        taken = self.model.facts[self.header.module]["constants"]  # a real name goes first
        for entity in self.entities:
            if entity.section != "constants" or (entity.split and self.arch not in entity.facts):
                continue
            fact = self._fact(entity)
            name, value = entity.name, fact["value"]
            own = self.words.group_of.get(name)
            bit_number = name[0] == "_" and name[1:] in taken  # _X and X in turn: one run of X
            if own != group and not bit_number:
                group = own
                lines += self._heading(group, explained, first=not lines)
            shown = json.dumps(value) if isinstance(value, str) else _number(name, value)
            said = self.words.constants.get(name, "").removesuffix(".")
            note = "; ".join(filter(None, (said, self._note("constants", name, fact))))
            self._define(name)
            lines.append(f"{name} = {shown}" + (f"  # {note}" if note else ""))
            if name.startswith("__") and public(name) not in taken:
                self._define(public(name))
                lines.append(f"{public(name)} = {name}")
        return "\n".join(lines)

    def _heading(self, name: str | None, explained: set[str], *, first: bool) -> list[str]:
        """Return the lines above the constants of a group."""
        lines = [] if first else [""]
        if name is None or (group := self.words.groups.get(name)) is None:
            return lines
        if name in explained:
            return [*lines, f"# {name}, more"]
        explained.add(name)
        text = f"{name}: {group.doc}"
        return lines + textwrap.wrap(text, 100, initial_indent="# ", subsequent_indent="# ")

    def _structures(self) -> list[str]:
        own = {e.name: e for e in self.entities if e.section == "types" and self.arch_has(e)}
        done: set[str] = set()
        chunks: list[str] = []

        def visit(entity: Entity) -> None:
            if entity.name in done:
                return
            done.add(entity.name)
            fact = self._fact(entity)
            for module, used in self.model.references(self.header, "types", fact):
                if module == self.header.module and used in own:
                    visit(own[used])
            chunks.append(self._structure(entity.name, fact))

        for entity in own.values():
            visit(entity)
        return chunks

    def arch_has(self, entity: Entity) -> bool:
        """Tell whether an entity belongs into this file's architecture."""
        return not entity.split or self.arch in entity.facts

    def _structure(self, name: str, fact: Fact) -> str:
        layout = self.planner.plan(self.header, name, fact)
        kind = "Struct" if fact["kind"] == "struct" else "Union"
        self.base.add(kind)
        self._define(public(name))
        note = self._note("types", name, fact)
        tag = f"{fact['kind']} {name}" if name[0] != "_" else f"an anonymous {fact['kind']}"
        doc = f"{tag}; {fact['size']} bytes." + (f" {note}." if note else "")
        if said := self.words.types.get(name):
            doc = f"{said}\n\n    {doc}\n    "
        lines = [f"class {public(name)}({kind}):", f'    """{doc}"""', ""]
        rows = []
        for field in layout.fields:
            ctype = self._ctype(field.code, field.array)
            about = self._about(name, field.name, f"@{field.offset} {field.note}")
            rows.append(f'        ("{field.name}", {ctype}),  # {about}')
        lines += ["    _fields_ = (", *rows, "    )"] if rows else ["    _fields_ = ()"]
        if anonymous := [field.name for field in layout.fields if field.anonymous]:
            lines.append(f"    _anon_ = ({', '.join(map(json.dumps, anonymous))},)")
        if layout.bits:
            lines.append("    _bits_ = (")
            for bit in layout.bits:
                entry = f'"{bit.name}", "{bit.store}", {bit.shift}, {bit.width}, {bit.signed}'
                lines.append(f"        ({entry}),  # {self._about(name, bit.name, bit.note)}")
            lines.append("    )")
        if kind == "Struct" and (found := packed(fact, self.types)):
            lines.append(f'    FORMAT = "{found[0]}"')
            names = [json.dumps(n) for n in found[1]]
            trailing = "," if len(names) == 1 else ""
            lines.append(_wrap("    FORMAT_FIELDS = (", names, f"{trailing})", "        "))
        typing, shadowed = self._typing(fact, layout)
        if typing:
            lines += ["", "    if TYPE_CHECKING:", *typing]
        if shadowed:  # a field has the name of a type that the class uses
            renamed = [f"    {_alias(name)} = {name}" for name in shadowed]
            lines = ["if TYPE_CHECKING:", *renamed, "", "", *lines]
        return "\n".join(lines)

    def _about(self, structure: str, field: str, note: str) -> str:
        """Return the comment beside a field: C's type and what the field holds."""
        c_name = field[:-1] if keyword.iskeyword(field[:-1]) else field
        said = self.words.field_docs.get((structure, c_name), "").removesuffix(".")
        since = self.model.since(self.header, "types", structure, c_name)
        newer = f"since {since}" if since else ""
        return f"{note}: {said}" if said and not newer else "; ".join(filter(None, (note, said, newer)))

    def _ctype(self, code: str, array: tuple[int, ...]) -> str:
        kind, name = element(code)
        if kind in ("struct", "union"):
            text = self._class(self.model.module_of(self.header, name), name)
        elif kind == "handle":
            self.base.add("HANDLE")
            text = "HANDLE"
        else:
            text = "c_uint64" if kind == "pointer" else CTYPES[kind]
            self.ctypes.add(text)
        for length in reversed(array):
            self.base.add("arr")
            text = f"arr({text}, {length})"
        return text

    # -- what type checkers see ----------------------------------------

    def _typing(self, fact: Fact, layout: Layout) -> tuple[list[str], list[str]]:
        """Return the class body that checkers see, and the types its fields hide."""
        rows = self._typed_fields(fact, layout)
        if not rows:
            return [], []
        fields = {name for name, _, _ in rows}
        words = {w for _, *texts in rows for text in texts for w in re.findall(r"\w+", text)}
        shadowed = sorted(fields & words)
        if shadowed:
            hidden = re.compile(rf"\b({'|'.join(shadowed)})\b")

            def renamed(text: str) -> str:
                return hidden.sub(lambda match: _alias(match[1]), text)

            rows = [(name, renamed(reads), renamed(takes)) for name, reads, takes in rows]
        lines = [f"        {name}: {reads}" for name, reads, _ in rows]
        named = [f"{name}: {takes} = ..." for name, _, takes in rows]
        star = ["*"] if layout.bits or any(f.anonymous for f in layout.fields) else []
        start = "        def __init__("
        init = _wrap(start, ["self", *star, *named], ") -> None: ...", "            ")
        return [*lines, "", init], shadowed

    def _typed_fields(self, fact: Fact, layout: Layout) -> list[tuple[str, str, str]]:
        """Return (name, type read, type taken) of every public field."""
        rows: list[tuple[str, str, str]] = []
        for field in layout.fields:
            if field.hidden:
                continue
            if field.anonymous:
                inner_name = element(field.code)[1]
                inner = self.types[inner_name]
                inner_layout = self.planner.plan(self.header, inner_name, inner)
                rows += self._typed_fields(inner, inner_layout)
                continue
            rows.append((public(field.name), *self._typed(field.code, field.array)))
        rows += [(bit.name, "int", "int") for bit in layout.bits]
        return rows

    def _typed(self, code: str, array: tuple[int, ...]) -> tuple[str, str]:
        kind, name = element(code)
        if kind in ("struct", "union"):
            single = self._class(self.model.module_of(self.header, name), name)
        elif kind == "handle":
            self.typed |= {"HandleField", "XenMemory"}
            single = "int | None"
            if not array:
                return "HandleField", "XenMemory | None"
        else:
            single = "int"
        if not array:
            return single, single
        if kind == "char" and len(array) == 1:
            return "bytes", "bytes"
        if kind in ("struct", "union", "handle") or len(array) > 1:
            self.typed |= {"StructArray", "StructArrayField", "Sequence"}
            for _ in array[1:]:
                self.typed.add("IntArray")
                single = "IntArray"
            return f"StructArrayField[{single}]", f"Sequence[{single}] | StructArray[{single}]"
        self.typed |= {"IntArray", "IntArrayField", "Sequence"}
        return "IntArrayField", "Sequence[int] | IntArray"

    def _typedefs(self) -> str:
        lines: list[str] = []
        for entity in self.entities:
            if entity.section != "typedefs" or not self.arch_has(entity):
                continue
            fact = self._fact(entity)
            name = public(entity.name)
            if name in self.names:
                continue  # typedef struct x x;
            text = self._ctype(fact["code"], tuple(fact.get("array", ())))
            self._define(name)
            lines.append(f"{name} = {text}")
        return "\n".join(lines)


def _alias(name: str) -> str:
    return f"_type_{name}"


def _number(name: str, value: int) -> str:
    if value < 1024 or name.upper().endswith(_DECIMAL):
        return str(value)
    return f"{value:#x}"


def _isort(name: str) -> tuple[bool, bool, list[tuple[int, str]]]:
    """Order names as the linter does: CONSTANTS, Classes, the rest; numbers as numbers."""
    parts = re.split(r"(\d+)", name)
    natural = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
    return not name.isupper(), not name.lstrip("_")[:1].isupper(), natural


def _import(where: str, names: set[str]) -> str:
    ordered = sorted(names, key=_isort)
    line = f"from {where} import {', '.join(ordered)}"
    if len(line) <= 96:
        return line
    return f"from {where} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _wrap(start: str, items: list[str], end: str, indent: str) -> str:
    """Join items on one line if they fit, else filled lines."""
    line = start + ", ".join(items) + end
    if len(line) <= 100:
        return line
    filled = textwrap.fill(
        ", ".join(item.replace(" ", "\0") for item in items) + ",",
        width=100,
        initial_indent=indent or "    ",
        subsequent_indent=indent or "    ",
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " ")
    closing = indent[:-4] if indent else ""
    return f"{start}\n{filled}\n{closing}{end.lstrip(',')}"
