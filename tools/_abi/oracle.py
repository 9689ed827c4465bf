"""A C compiler, given the real headers, judges the data.

Independent of the parser that made the data: gcc for x86_64 and its cross
compiler for arm64. Sizes, offsets, signedness and constants are static
assertions; bit-fields, which have no offset in C, are stored into and looked
at in the object file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import data, macros
from .extract import newest
from .headers import Header, flags, prelude
from .layout import element
from .places import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .macros import Macro
    from .releases import Release

Fact = dict[str, Any]

COMPILERS = {"x86_64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
_PACKAGES = {"x86_64": "gcc", "arm64": "gcc-aarch64-linux-gnu"}
_SLOT = 256  # bytes an object with one bit-field set takes in its section


def compiler(arch: str, *, install: bool = True) -> str:
    """Return the compiler for `arch`, installing its package if it is missing.

    Raises:
        Failure: it is not here and apt could not install it.
    """
    name = COMPILERS[arch]
    if shutil.which(name):
        return name
    package = _PACKAGES[arch]
    if install and shutil.which("apt-get"):
        print(f"installing {package}, for {name}")
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            subprocess.run(["apt-get", "-q", "update"], capture_output=True, check=False)
            subprocess.run(command, capture_output=True, check=False)
        if shutil.which(name):
            return name
    raise Failure(f"{name} is missing: apt-get install {package}")


class Source:
    """The C file that holds one view of one header against the data."""

    def __init__(self, header: Header, facts: Fact) -> None:
        self.facts = facts
        self.lines = [prelude(header)]
        self.counts: Counter[str] = Counter()
        self.bits: list[tuple[str, int, int, int]] = []  # what, size, position, width
        for name, fact in facts["constants"].items():
            self._constant(name, fact["value"])
        for name, fact in facts["types"].items():
            if fact.get("named_by") != "unnamed":
                self._record(name, fact)
        for name, fact in facts["typedefs"].items():
            self._typedef(name, fact)

    def text(self) -> str:
        """Return the C source."""
        return "\n".join(self.lines) + "\n"

    def macros(self, functions: Sequence[Macro]) -> None:
        """Hold function-like macros against their Python forms."""
        self.counts["macros"] += len(functions)
        self.lines += macros.assertions(list(functions), self.facts)

    def _assert(self, condition: str, what: str) -> None:
        self.lines.append(f"_Static_assert({condition}, {json.dumps('xensys: ' + what)});")

    def _constant(self, name: str, value: int | str) -> None:
        self.counts["constants"] += 1
        if isinstance(value, str):
            self._assert(f"sizeof({name}) == {len(value.encode()) + 1}", f"{name}: length")
            literal = json.dumps(value)
            self._assert(f"__builtin_strcmp({name}, {literal}) == 0", f"{name} == {literal}")
            return
        # By sign and by bits: -1 == 0xFFFFFFFFU holds in C.
        bits = f"{value & 0xFFFF_FFFF_FFFF_FFFF:#x}ULL"
        sign = int(value < 0)
        self._assert(
            f"(unsigned long long)({name}) == {bits} && (({name}) < 0) == {sign}",
            f"{name} == {value}",
        )

    def _typedef(self, name: str, fact: Fact) -> None:
        self.counts["typedefs"] += 1
        kind, target = element(fact["code"])
        if kind in ("struct", "union"):
            known = self.facts["types"].get(target)
            size = known["size"] if known else None
        elif kind in ("handle", "pointer"):
            size = 8
        else:
            size = {"char": 1}.get(kind) or int(kind[1:]) // 8
        if size is not None:
            for length in fact.get("array", ()):
                size *= length
            self._assert(f"sizeof({name}) == {size}", f"sizeof {name} == {size}")

    def _record(self, name: str, fact: Fact) -> None:
        ctype = name if fact.get("named_by") == "typedef" else f"{fact['kind']} {name}"
        self.counts["structures"] += 1
        self._assert(f"sizeof({ctype}) == {fact['size']}", f"sizeof {name} == {fact['size']}")
        self._assert(f"_Alignof({ctype}) == {fact['align']}", f"alignof {name} == {fact['align']}")
        self._fields(ctype, "", 0, fact)

    def _fields(self, root: str, path: str, base: int, fact: Fact) -> None:
        for field in fact["fields"]:
            kind, target = element(field["code"])
            nested = self.facts["types"].get(target) if kind in ("struct", "union") else None
            if field.get("anonymous"):
                if nested is None:
                    raise Failure(f"{root}: the data lacks {target}")
                self._fields(root, path, base + field["offset"], nested)
                continue
            self.counts["fields"] += 1
            member = path + field["name"]
            what = f"{root}.{member}"
            if "bits" in field:
                self._bit_field(root, member, base, field)
                continue
            offset = base + field["offset"]
            self._assert(f"__builtin_offsetof({root}, {member}) == {offset}", f"{what} @{offset}")
            place = f"(({root} *)0)->{member}"
            array = field.get("array", [])
            if 0 not in array:
                self._assert(f"sizeof({place}) == {field['size']}", f"{what}: size {field['size']}")
            first = place + "[0]" * len(array)
            if re.fullmatch(r"[us]\d+", kind):
                self._assert(f"sizeof({first}) == {int(kind[1:]) // 8}", f"{what}: is {kind}")
                sign = int(kind[0] == "s")
                self._assert(f"((__typeof__({first}))-1 < 0) == {sign}", f"{what}: is {kind}")
            if nested is not None and nested.get("named_by") == "unnamed":
                self.counts["structures"] += 1
                size = f"sizeof({first}) == {nested['size']}"
                self._assert(size, f"sizeof {what} == {nested['size']}")
                self._fields(root, member + "[0]" * len(array) + ".", offset, nested)

    def _bit_field(self, root: str, member: str, base: int, field: Fact) -> None:
        position, width = field["bits"]
        if "." in member or not field["name"]:
            raise Failure(f"{root}.{member}: a nested bit-field has no check yet")
        number = len(self.bits)
        self.bits.append((f"{root}.{member}", _SLOT, 8 * base + position, width))
        self.lines.append(
            f"const union {{ {root} s; char raw[{_SLOT}]; }} xensys_bits_{number} __attribute__(("
            f'section("xensys_bits"), aligned({_SLOT}), used)) = {{ .s = {{ .{member} = -1 }} }};'
        )

    def bits_differ(self, blob: bytes) -> list[str]:
        """Compare the section of set bit-fields with the data."""
        wrong = []
        if len(blob) != _SLOT * len(self.bits):
            return [f"{len(blob)} bytes of bit-fields, {_SLOT * len(self.bits)} expected"]
        for number, (what, size, position, width) in enumerate(self.bits):
            found = int.from_bytes(blob[number * size : (number + 1) * size], "little")
            if found != ((1 << width) - 1) << position:
                wrong.append(f"{what}: not bits {position}..{position + width - 1}")
        return wrong


def view(facts: Fact, arch: str, *, tools: bool) -> Fact:
    """Return a header's facts as one architecture sees them, with or without tools."""
    seen: Fact = {}
    for section in data.SECTIONS[:-1]:
        seen[section] = {}
        for name, fact in facts[section].items():
            own = data.for_arch(fact, arch)
            own = None if own is None else data.view(own, tools=tools)
            if own is not None:
                seen[section][name] = own
    return seen


def compare(
    header: Header,
    release: Release,
    facts: Fact,
    arch: str,
    *,
    tools: bool,
    functions: Sequence[Macro] = (),
) -> tuple[Counter[str], list[str]]:
    """Compile one header against its facts; return counts and differences."""
    source = Source(header, view(facts, arch, tools=tools))
    source.macros(functions)
    where = f"{release.name} {header.module} {arch}{' tools' if tools else ''}"
    name = compiler(arch)
    with tempfile.TemporaryDirectory(prefix="xensys-abi-") as work:
        c_file, object_file, bits = (Path(work) / n for n in ("xensys.c", "xensys.o", "bits"))
        c_file.write_text(source.text())
        options = flags(header, release, newest("linux"), tools=tools)
        command = [name, *options, "-w", "-fno-toplevel-reorder", "-fmax-errors=20"]
        command += ["-c", str(c_file), "-o", str(object_file)]
        env = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if done.returncode:
            found = re.findall(r"static assertion failed: \"xensys: (.*)\"", done.stderr)
            # A name that the header lacks; the assertion on it then says nothing of its own.
            lacks = r"error: (?!static assertion|expression in static)(.*?)(?:; did you mean.*)?\n"
            found += dict.fromkeys(re.findall(lacks, done.stderr))
            return source.counts, [f"{where}: {w}" for w in found or [done.stderr[-1500:]]]
        if source.bits:
            tool = name.replace("gcc", "objcopy")
            only = [tool, "-O", "binary", "-j", "xensys_bits", str(object_file), str(bits)]
            subprocess.run(only, check=True)
            wrong = source.bits_differ(bits.read_bytes())
            return source.counts, [f"{where}: {w}" for w in wrong]
    return source.counts, []
