"""C's layout of one structure -> ctypes fields that have the same layout.

ctypes lays fields out as the ABI does, so most fields go over as they are.
Three kinds need help, as neither `_pack_` nor ctypes' bit-fields are used:
bit-fields become checked views of the integer (or bytes) that holds them,
misaligned fields of packed structures become views of bytes, and holes that
ctypes would not leave by itself are filled.
"""

from __future__ import annotations

import keyword
from typing import Any, NamedTuple

from .places import Failure

Fact = dict[str, Any]

SCALARS = {f"{sign}{8 * size}": size for sign in "us" for size in (1, 2, 4, 8)} | {"char": 1}
CTYPES = {
    **{f"u{8 * size}": f"c_uint{8 * size}" for size in (1, 2, 4, 8)},
    **{f"s{8 * size}": f"c_int{8 * size}" for size in (1, 2, 4, 8)},
    "char": "c_char",
}
_STRUCT_CODES = {
    "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "char": "c",
    "s8": "b", "s16": "h", "s32": "i", "s64": "q",
}  # fmt: skip
_PACK_LIMIT = 64  # more values than this and nobody packs it by hand


class Field(NamedTuple):
    """One entry of `_fields_`."""

    name: str
    code: str  # as in abi/, or "u8" for storage
    array: tuple[int, ...]
    offset: int
    note: str  # C's type, for the comment
    anonymous: bool = False
    hidden: bool = False


class Bits(NamedTuple):
    """One entry of `_bits_`."""

    name: str
    store: str
    shift: int
    width: int
    signed: bool
    note: str


class Layout(NamedTuple):
    """What a class needs to be laid out as in C."""

    fields: list[Field]
    bits: list[Bits]
    align: int  # as ctypes will have it: at most C's


def python_name(name: str) -> str:
    """Return the field's name in Python: a keyword gets a trailing underscore."""
    return f"{name}_" if keyword.iskeyword(name) else name


def element(code: str) -> tuple[str, str]:
    """Split "struct:NAME" into its kind and name; scalars have no name."""
    kind, _, name = code.partition(":")
    return kind, name


def _align(code: str, aligns: dict[str, int]) -> int:
    kind, name = element(code)
    if kind in ("struct", "union"):
        return aligns[name]
    if kind in ("handle", "pointer"):
        return 8
    return SCALARS[kind]


class _Builder:
    def __init__(self, name: str, fact: Fact, aligns: dict[str, int]) -> None:
        self.name = name
        self.fact = fact
        self.aligns = aligns
        self.fields: list[Field] = []
        self.bits: list[Bits] = []
        self.end = 0
        self.widest = 1

    def build(self) -> Layout:
        union = self.fact["kind"] == "union"
        run: list[Fact] = []
        for field in self.fact["fields"]:
            if "bits" in field:
                run.append(field)
                continue
            self._flush(run, union)
            run = []
            self._plain(field, union)
        self._flush(run, union)
        size = self.fact["size"]
        rounded = -(-self.end // self.widest) * self.widest
        if rounded != size:
            if size < self.end or union:
                raise Failure(f"{self.name}: {size} bytes in C, {rounded} as ctypes would have it")
            self._fill(size)
        return Layout(self.fields, self.bits, self.widest)

    def _plain(self, field: Fact, union: bool) -> None:
        offset, size, code = field["offset"], field["size"], field["code"]
        align = _align(code, self.aligns)
        array = tuple(field.get("array", ()))
        kind = element(code)[0]
        if offset % align or align > self.fact["align"]:
            if kind not in SCALARS or array or kind == "char":
                raise Failure(f"{self.name}.{field['name']}: misaligned, and not an integer")
            store = f"_bytes{len(self.bits)}"
            self._add(Field(store, "u8", (size,), offset, "misaligned", hidden=True), size, 1, union)
            name = python_name(field["name"])
            note = f"@{offset} {field['type']}"
            self.bits.append(Bits(name, store, 0, 8 * size, kind[0] == "s", note))
            return
        if kind == "char" and not array:
            code = "u8"
        if kind == "char" and len(array) > 1:
            code = "u8"
        entry = Field(
            python_name(field["name"]),
            code,
            array,
            offset,
            field["type"],
            anonymous=bool(field.get("anonymous")),
        )
        self._add(entry, size, align, union)

    def _add(self, field: Field, size: int, align: int, union: bool) -> None:
        if not union:
            if -(-self.end // align) * align != field.offset:
                self._fill(field.offset)
            self.end = field.offset + size
        else:
            self.end = max(self.end, size)
        self.widest = max(self.widest, align)
        self.fields.append(field)

    def _fill(self, offset: int) -> None:
        gap = offset - self.end
        if gap <= 0:
            raise Failure(f"{self.name}: a field at {offset} cannot be laid out")
        name = f"_hole{len(self.fields)}"
        self.fields.append(Field(name, "u8", (gap,), self.end, "hole", hidden=True))
        self.end = offset

    def _flush(self, run: list[Fact], union: bool) -> None:
        """Give a run of adjacent bit-fields the bytes that hold them."""
        if union and len(run) > 1:
            for field in run:
                self._flush([field], union)
            return
        if not run:
            return
        first = run[0]["bits"][0] // 8
        last = run[-1]["bits"]
        after = -(-(last[0] + last[1]) // 8)
        size = after - first
        store = f"_bits{len(self.fields)}"
        whole = f"u{8 * size}"
        if whole in SCALARS and first % size == 0 and size <= self.fact["align"]:
            entry, align = Field(store, whole, (), first, "bit-fields", hidden=True), size
        else:
            entry, align = Field(store, "u8", (size,), first, "bit-fields", hidden=True), 1
        self._add(entry, size, align, union)
        for field in run:
            position, width = field["bits"]
            if not field["name"] or not width:
                continue
            note = f"bits {position}..{position + width - 1} {field['type']}"
            signed = field["code"][0] == "s"
            shift = position - 8 * first
            self.bits.append(Bits(python_name(field["name"]), store, shift, width, signed, note))


def plan(name: str, fact: Fact, aligns: dict[str, int]) -> Layout:
    """Return how ctypes has to lay a structure out; notes its alignment in `aligns`."""
    layout = _Builder(name, fact, aligns).build()
    aligns[name] = layout.align
    return layout


def packed(fact: Fact, types: dict[str, Fact]) -> tuple[str, list[str]] | None:
    """Return (struct format, names) of a structure of plain values, or None."""
    values: list[tuple[int, str, str]] = []
    if not _flatten(fact, types, 0, "", values) or not values:
        return None
    text, end = "<", 0
    for offset, code, _ in values:
        if offset != end:
            text += f"{offset - end}x" if offset - end > 1 else "x"
        text += code
        end = offset + {"B": 1, "b": 1, "H": 2, "h": 2, "I": 4, "i": 4}.get(code, 8)
    if end != fact["size"]:
        text += f"{fact['size'] - end}x" if fact["size"] - end > 1 else "x"
    return text, [name for _, _, name in values]


def _flatten(
    fact: Fact, types: dict[str, Fact], base: int, prefix: str, values: list[tuple[int, str, str]]
) -> bool:
    if fact["kind"] == "union":
        return False
    for field in fact["fields"]:
        if "bits" in field or field.get("anonymous"):
            return False
        kind, name = element(field["code"])
        label = prefix + python_name(field["name"])
        dims = field.get("array", [])
        count = 1
        for dim in dims:
            count *= dim
        if count == 0 or len(dims) > 1 or kind == "char":
            return False  # a flexible array has no format
        step = field["size"] // count
        for place in range(count):
            own = f"{label}[{place}]" if dims else label
            offset = base + field["offset"] + place * step
            if kind in ("struct", "union"):
                if name not in types or not _flatten(types[name], types, offset, f"{own}.", values):
                    return False
            elif kind in ("handle", "pointer"):
                values.append((offset, "Q", own))
            else:
                values.append((offset, _STRUCT_CODES[kind], own))
            if len(values) > _PACK_LIMIT:
                return False
    return True
