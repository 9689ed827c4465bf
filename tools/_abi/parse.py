"""One header, one release, one architecture: facts as the compiler sees them.

The form of a fact is described in abi/README.md. Types are reduced to a code:
u8…u64, s8…s64, char, handle:T, pointer:T, struct:NAME, union:NAME.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import clang
from .headers import TRIPLES, Header, flags, prelude, selected, sources
from .places import Failure

if TYPE_CHECKING:
    from .releases import Release

Fact = dict[str, Any]

_HANDLES = ("__guest_handle_64_", "__guest_handle_")


class Parser:
    """Reads one translation unit; `facts()` is all it is for."""

    def __init__(self, header: Header, release: Release, linux: Release, arch: str, *, tools: bool) -> None:
        self.cindex = clang.load()
        self.header = header
        self.what = f"{release.name} {header.module} {arch}{' tools' if tools else ''}"
        self.files = {str(path) for path in sources(header, release)}
        # clang speaks of char as it is on the target: unsigned on arm64. Xen's
        # text fields are bytes either way.
        self.arguments = [f"--target={TRIPLES[arch]}", "-ferror-limit=0"]
        self.arguments += flags(header, release, linux, tools=tools)
        self.text = prelude(header)
        self.names: dict[int, str] = {}  # declaration hash -> our name
        self.spelled: dict[str, str] = {}  # our name -> "typedef" or "unnamed", if no tag
        self.types: dict[str, Fact] = {}

    def facts(self) -> Fact:
        """Return {"constants", "typedefs", "types", "unevaluated"}, in header order."""
        unit = clang.parse(self.cindex, self.text, self.arguments, macros=True)
        clang.require_clean(self.cindex, unit, self.what)
        kinds = self.cindex.CursorKind
        own = [c for c in unit.cursor.get_children() if self._ours(c)]
        macros: list[str] = []
        functions: list[str] = []
        for cursor in own:
            if cursor.kind == kinds.MACRO_DEFINITION:
                like = self.cindex.conf.lib.clang_Cursor_isMacroFunctionLike(cursor)
                if not like and len(list(cursor.get_tokens())) == 1:
                    continue  # an include guard or a mark: it has no value
                into = functions if like else macros
                if cursor.spelling not in into:
                    into.append(cursor.spelling)
        self._name_records(own)
        constants: Fact = {}
        typedefs: Fact = {}
        for cursor in own:
            if cursor.kind in (kinds.STRUCT_DECL, kinds.UNION_DECL) and cursor.is_definition():
                name = self.names.get(cursor.hash)
                if name is not None and not name.startswith(_HANDLES):
                    self._record(cursor, name)
            elif cursor.kind == kinds.ENUM_DECL:
                for child in cursor.get_children():
                    constants[child.spelling] = {"value": child.enum_value}
                    if cursor.spelling and not cursor.is_anonymous():
                        constants[child.spelling]["enum"] = cursor.spelling
            elif cursor.kind == kinds.TYPEDEF_DECL:
                code = self._typedef(cursor)
                if code is not None:
                    typedefs[cursor.spelling] = code
        values, rest = self._evaluate([name for name in macros if name not in constants])
        constants.update(values)
        found = {
            "constants": constants,
            "typedefs": typedefs,
            "types": self.types,
            "unevaluated": {**rest, **dict.fromkeys(functions, "function-like")},
        }
        return selected(self.header, found)

    def _ours(self, cursor: Any) -> bool:
        file = cursor.location.file
        return file is not None and str(Path(file.name)) in self.files

    # -- structures -----------------------------------------------------

    def _name_records(self, own: list[Any]) -> None:
        kinds = self.cindex.CursorKind
        for cursor in own:
            record = cursor.kind in (kinds.STRUCT_DECL, kinds.UNION_DECL)
            if record and not self._unnamed(cursor):
                self.names[cursor.hash] = cursor.spelling
        for cursor in own:  # typedef struct { … } name_t;
            if cursor.kind == kinds.TYPEDEF_DECL and not cursor.spelling.startswith(_HANDLES):
                target = cursor.underlying_typedef_type.get_canonical()
                if target.kind == self.cindex.TypeKind.RECORD:
                    declaration = target.get_declaration()
                    # clang names such a record after its first typedef
                    tagged = self.names.get(declaration.hash)
                    if tagged is None and (
                        self._unnamed(declaration) or declaration.spelling == cursor.spelling
                    ):
                        self.names[declaration.hash] = cursor.spelling
                        self.spelled[cursor.spelling] = "typedef"

    def _unnamed(self, declaration: Any) -> bool:
        # A record that only a typedef names is spelled without struct or union.
        spelled = declaration.type.spelling
        return "(" in spelled or not spelled.startswith(("struct ", "union "))

    def _record(self, cursor: Any, name: str) -> None:
        kinds = self.cindex.CursorKind
        ctype = cursor.type
        size = ctype.get_size()
        if size < 0:
            raise Failure(f"{self.what}: {name} has no size ({size})")
        fields: list[Fact] = []
        spare = 0
        for child in cursor.get_children():  # a tag in here is a tag of the whole file
            record = child.kind in (kinds.STRUCT_DECL, kinds.UNION_DECL)
            if record and child.is_definition() and not self._unnamed(child):
                self.names[child.hash] = child.spelling
                self._record(child, child.spelling)
        for child in ctype.get_fields():
            declaration = self._element(child.type).get_declaration()
            anonymous = not child.spelling or "(" in child.spelling
            # Another header's record keeps the name it has there.
            own = self._ours(declaration) or declaration.spelling in self.header.copies
            nameless = declaration.hash not in self.names and (own or self._unnamed(declaration))
            if nameless and self._is_record(child.type):
                label = f"anon{spare}" if anonymous else child.spelling
                nested = f"_{name.lstrip('_')}_{label}" if anonymous else f"{name}_{label}"
                self.names[declaration.hash] = nested
                self.spelled[nested] = "unnamed"
                self._record(declaration, nested)
            label = child.spelling
            if anonymous:
                label = f"_anon{spare}"
                spare += 1
            field: Fact = {"name": label, **self._type(child.type)}
            if anonymous:
                field["anonymous"] = True
            bits = child.get_field_offsetof()
            if child.is_bitfield():
                field["bits"] = [bits, child.get_bitfield_width()]
            else:
                if bits % 8:
                    raise Failure(f"{self.what}: {name}.{label} at bit {bits}")
                field["offset"] = bits // 8
                field["size"] = max(child.type.get_size(), 0)
            fields.append(field)
        kind = "union" if cursor.kind == kinds.UNION_DECL else "struct"
        self.types[name] = {
            "kind": kind,
            "size": size,
            "align": ctype.get_align(),
            "fields": fields,
        }
        if name in self.spelled:  # how C can name it: not by a tag
            self.types[name]["named_by"] = self.spelled[name]

    def _element(self, ctype: Any) -> Any:
        kinds = self.cindex.TypeKind
        canonical = ctype.get_canonical()
        while canonical.kind in (kinds.CONSTANTARRAY, kinds.INCOMPLETEARRAY):
            canonical = canonical.element_type.get_canonical()
        return canonical

    def _is_record(self, ctype: Any) -> bool:
        if ctype.spelling.startswith(_HANDLES):
            return False
        return bool(self._element(ctype).kind == self.cindex.TypeKind.RECORD)

    # -- types ----------------------------------------------------------

    def _type(self, ctype: Any) -> Fact:
        """Return {"code", "type", maybe "array"} of a field."""
        kinds = self.cindex.TypeKind
        lengths: list[int] = []
        while True:
            canonical = ctype.get_canonical()
            if canonical.kind == kinds.CONSTANTARRAY:
                lengths.append(canonical.element_count)
            elif canonical.kind == kinds.INCOMPLETEARRAY:
                lengths.append(0)
            else:
                break
            # Step along the sugared type where there is one, to keep C's own name.
            element = ctype.element_type if ctype.kind == canonical.kind else None
            ctype = element if element is not None else canonical.element_type
        code = self._code(ctype)
        spelled = ctype.spelling
        if code.startswith("handle:"):
            spelled = f"XEN_GUEST_HANDLE({code[7:]})"
        elif "(" in spelled:
            spelled = code.split(":")[0]
        fact: Fact = {"code": code, "type": spelled.replace("struct ", "").replace("union ", "")}
        if lengths:
            fact["array"] = lengths
        return fact

    def _code(self, ctype: Any) -> str:
        kinds = self.cindex.TypeKind
        for prefix in _HANDLES:
            if ctype.spelling.startswith(prefix):
                return f"handle:{ctype.spelling[len(prefix) :]}"
        canonical = ctype.get_canonical()
        kind = canonical.kind
        if kind in (kinds.CHAR_S, kinds.CHAR_U):
            return "char"
        if kind in (kinds.UCHAR, kinds.USHORT, kinds.UINT, kinds.ULONG, kinds.ULONGLONG):
            return f"u{canonical.get_size() * 8}"
        if kind in (kinds.SCHAR, kinds.SHORT, kinds.INT, kinds.LONG, kinds.LONGLONG):
            return f"s{canonical.get_size() * 8}"
        if kind == kinds.BOOL:
            return "u8"
        if kind == kinds.ENUM:
            return self._code(canonical.get_declaration().enum_type)
        if kind == kinds.POINTER:
            sugared = ctype if ctype.kind == kinds.POINTER else canonical
            return f"pointer:{sugared.get_pointee().spelling}"
        if kind == kinds.RECORD:
            declaration = canonical.get_declaration()
            what = "union" if declaration.kind == self.cindex.CursorKind.UNION_DECL else "struct"
            name = self.names.get(declaration.hash, declaration.spelling)
            if not name or "(" in name:
                raise Failure(f"{self.what}: a record without a name: {ctype.spelling}")
            return f"{what}:{name}"
        raise Failure(f"{self.what}: no code for the type {ctype.spelling!r} ({kind})")

    def _typedef(self, cursor: Any) -> Fact | None:
        kinds = self.cindex.TypeKind
        if cursor.spelling.startswith(_HANDLES):
            return None
        target = cursor.underlying_typedef_type
        canonical = target.get_canonical()
        if canonical.kind in (kinds.FUNCTIONPROTO, kinds.FUNCTIONNOPROTO, kinds.POINTER):
            return None
        if canonical.kind == kinds.RECORD:
            code = self._code(target)
            return None if code.split(":")[1] == cursor.spelling else {"code": code}
        return self._type(target)

    # -- constants ------------------------------------------------------

    def _evaluate(self, names: list[str]) -> tuple[Fact, Fact]:
        """Have the compiler evaluate object-like macros; the rest with a reason.

        One declaration per macro, each on its own line: a line with an error
        is no value. The lines that are left must compile without any error.
        """
        if not names:
            return {}, {}
        unit, names, rest = self._settle(names, "__auto_type xensys_{0} = ({0});")
        kinds = self.cindex.TypeKind
        strings: list[str] = []
        numbers: list[str] = []
        declared = {c.spelling: c for c in unit.cursor.get_children()}
        for name in names:
            ctype = declared[f"xensys_{name}"].type.get_canonical()
            if ctype.kind == kinds.POINTER:
                pointee = ctype.get_pointee().get_canonical().kind
                if pointee in (kinds.CHAR_S, kinds.CHAR_U):
                    strings.append(name)
                    continue
            if ctype.kind in (kinds.RECORD, kinds.POINTER, kinds.DOUBLE, kinds.FLOAT):
                rest[name] = "not a number"
                continue
            numbers.append(name)
        values: Fact = {}
        if numbers:
            unit, numbers, failed = self._settle(numbers, "enum {{ xensys_{0} = ({0}) }};")
            rest.update(dict.fromkeys(failed, "not constant"))
            for cursor in unit.cursor.get_children():
                if cursor.kind == self.cindex.CursorKind.ENUM_DECL:
                    for child in cursor.get_children():
                        if child.spelling.startswith("xensys_"):
                            values[child.spelling[7:]] = {"value": child.enum_value}
        values.update(self._strings(strings))
        # The header's order, not the order of evaluation.
        return {name: values[name] for name in names if name in values}, rest

    def _settle(self, names: list[str], form: str) -> tuple[Any, list[str], Fact]:
        rest: Fact = {}
        while True:
            text = self.text + "".join(f"{form.format(name)}\n" for name in names)
            unit = clang.parse(self.cindex, text, self.arguments)
            first = self.text.count("\n") + 1
            bad: set[int] = set()
            for error in clang.errors(self.cindex, unit):
                place = error.location
                # An error inside a macro's expansion is reported where it is used.
                if place.file is None or place.file.name != "xensys.c" or place.line < first:
                    raise Failure(f"{self.what}: {place.file}:{place.line}: {error.spelling}")
                bad.add(place.line - first)
            if not bad:
                return unit, names, rest
            rest.update({names[index]: "not a value" for index in sorted(bad)})
            names = [name for index, name in enumerate(names) if index not in bad]

    def _strings(self, names: list[str]) -> Fact:
        """Return string constants, read one character at a time by the compiler."""
        lengths = self._enum({name: f"sizeof({name}) - 1" for name in names})
        places = [(name, index) for name in names for index in range(lengths[name])]
        found = self._enum({f"{name}_{index}": f"({name})[{index}]" for name, index in places})
        text = dict.fromkeys(names, "")
        for name, index in places:
            text[name] += chr(found[f"{name}_{index}"])
        return {name: {"value": value} for name, value in text.items()}

    def _enum(self, expressions: dict[str, str]) -> dict[str, int]:
        """Have the compiler evaluate constant expressions, all of which must be good."""
        if not expressions:
            return {}
        body = ", ".join(f"xensys_{name} = {text}" for name, text in expressions.items())
        unit = clang.parse(self.cindex, f"{self.text}enum {{ {body} }};\n", self.arguments)
        clang.require_clean(self.cindex, unit, self.what)
        return {name[7:]: value for name, value in self._last_enum(unit).items()}

    def _last_enum(self, unit: Any) -> dict[str, int]:
        last = [
            cursor
            for cursor in unit.cursor.get_children()
            if cursor.kind == self.cindex.CursorKind.ENUM_DECL
        ][-1]
        return {child.spelling: int(child.enum_value) for child in last.get_children()}
