"""Run alone: compare what ctypes made of the generated modules with abi/.

    python -I -B measure.py ROOT

Prints differences, then a line of counts; exit status 1 if there are any.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from pathlib import Path
from typing import Any

Fact = dict[str, Any]


class Measure:
    """Differences between one tree's data and its generated modules."""

    def __init__(self, root: Path) -> None:
        sys.path[:0] = [str(root), str(Path(__file__).resolve().parents[1])]
        self.headers = importlib.import_module("_abi.headers")
        self.emit = importlib.import_module("_abi.emit")
        self.layout = importlib.import_module("_abi.layout")
        self.data = importlib.import_module("_abi.data")
        places = importlib.import_module("_abi.places")
        self.model = importlib.import_module("_abi.model").Model(places.Tree(root))
        self.wrong: list[str] = []
        self.counts = {"structures": 0, "fields": 0, "constants": 0}
        loaded = importlib.import_module("xensys.abi").__file__
        if loaded is None or root not in Path(loaded).parents:
            raise SystemExit(f"measuring {loaded}, not {root}")

    def run(self) -> int:
        """Measure every module on every architecture."""
        for header in self.headers.HEADERS:
            module = self.headers.python_module(header)
            split = self.model.is_split(header.module)
            for arch in self.headers.ARCHES:
                if not split and arch != "x86_64":
                    continue
                where = f"xensys.abi._{arch}.{module}" if split else f"xensys.abi.{module}"
                self._module(importlib.import_module(where), header, arch)
        counted = ", ".join(f"{n} {k}" for k, n in self.counts.items())
        print("\n".join([*self.wrong, f"{counted} measured through ctypes"]))
        return 1 if self.wrong else 0

    def _module(self, module: Any, header: Any, arch: str) -> None:
        for entity in self.model.entities[header.module]:
            fact = entity.facts.get(arch)
            if fact is None:
                if entity.split:
                    continue
                fact = entity.first
            name = self.emit.public(entity.name)
            where = f"{module.__name__}.{name}"
            if not hasattr(module, name):
                self.wrong.append(f"{where} is missing")
            elif entity.section == "constants":
                self.counts["constants"] += 1
                if getattr(module, entity.name) != fact["value"]:
                    self.wrong.append(f"{where}: {getattr(module, entity.name)!r}, {fact['value']!r}")
            elif entity.section == "types":
                self._structure(getattr(module, name), where, fact)

    def _structure(self, cls: Any, where: str, fact: Fact) -> None:
        self.counts["structures"] += 1
        if ctypes.sizeof(cls) != fact["size"]:
            self.wrong.append(f"{where}: {ctypes.sizeof(cls)} bytes, {fact['size']} in C")
        for field in fact["fields"]:
            self.counts["fields"] += 1
            name = self.layout.python_name(field["name"])
            what = f"{where}.{name}"
            own = getattr(cls, name, None)
            if own is None:
                self.wrong.append(f"{what} is missing")
            elif "bits" in field:
                self._bit_field(cls, name, what, field["bits"])
            elif getattr(own, "offset", None) is not None and self._stored(cls, name):
                if own.offset != field["offset"]:
                    self.wrong.append(f"{what}: @{own.offset}, @{field['offset']} in C")
                if own.size != field["size"]:
                    self.wrong.append(f"{what}: {own.size} bytes, {field['size']} in C")
            else:  # misaligned in C: a view of bytes
                self._bit_field(cls, name, what, [8 * field["offset"], 8 * field["size"]])

    def _stored(self, cls: Any, name: str) -> bool:
        return any(entry[0] == name for entry in cls._fields_)

    def _bit_field(self, cls: Any, name: str, what: str, bits: list[int]) -> None:
        """Set all of its bits and look where they are."""
        position, width = bits
        value = cls()
        try:
            setattr(value, name, (1 << width) - 1)
        except OverflowError:
            setattr(value, name, -1)
        found = int.from_bytes(bytes(value), "little")
        if found != ((1 << width) - 1) << position:
            self.wrong.append(f"{what}: not bits {position}..{position + width - 1}")


if __name__ == "__main__":
    sys.exit(Measure(Path(sys.argv[1]).resolve()).run())
