"""abi/macros.toml: function-like macros as Python functions, held against the real ones."""

from __future__ import annotations

import ast
import random
import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from .headers import HEADERS

if TYPE_CHECKING:
    from .places import Tree

Fact = dict[str, Any]
REASONS = {"declares", "memory", "pastes", "spelling"}
_SAMPLES = 24


class Macro(NamedTuple):
    """One macro.

    Attributes:
        name: as in C.
        does: one sentence.
        args: (name, lowest, highest).
        python: an expression of the arguments.
        width: bits of the result that are compared.
    """

    name: str
    does: str
    args: tuple[tuple[str, int, int], ...]
    python: str
    width: int

    def samples(self) -> list[tuple[int, ...]]:
        """Return argument tuples: the corners, single bits, and noise that is always the same."""
        noise = random.Random(self.name)
        found = [tuple(low for _, low, _ in self.args), tuple(high for _, _, high in self.args)]
        while len(found) < _SAMPLES:
            found.append(tuple(noise.randint(low, high) for _, low, high in self.args))
        for place, (_, low, high) in enumerate(self.args):
            for bit in range(high.bit_length()):
                if low <= 1 << bit <= high:
                    found.append((*found[0][:place], 1 << bit, *found[0][place + 1 :]))
        return found


def _range(limits: Any) -> tuple[int, int]:
    if isinstance(limits, int):
        return 0, (1 << limits) - 1
    low, high = limits
    return int(low), int(high)


def read(tree: Tree) -> tuple[dict[str, list[Macro]], dict[str, list[str]]]:
    """Return the macros by module, and the patterns of those without a Python form."""
    text = tomllib.loads((tree.data / "macros.toml").read_text())
    found = {
        module: [
            Macro(
                name,
                row["does"],
                tuple((arg, *_range(limits)) for arg, limits in row["args"].items()),
                row["python"],
                row.get("width", 64),
            )
            for name, row in rows.items()
        ]
        for module, rows in text["macros"].items()
    }
    return found, text["without"]


def listed(fact: Fact) -> list[str]:
    """Return the function-like macros of a header's facts."""
    return [name for name, why in fact["unevaluated"].items() if "function-like" in str(why)]


def evaluate(macros: list[Macro], constants: dict[str, int]) -> dict[str, Any]:
    """Return the macros of one header as Python functions."""
    names: dict[str, Any] = dict(constants)
    for macro in macros:
        arguments = ", ".join(arg for arg, _, _ in macro.args)
        names[macro.name] = eval(f"lambda {arguments}: {macro.python}", names)
    return names


def constants_of(fact: Fact) -> dict[str, int]:
    """Return a header's numbers, of whichever architecture has them."""
    return {
        name: (next(iter(c["arch"].values())) if "arch" in c else c)["value"]
        for name, c in fact["constants"].items()
    }


def check(tree: Tree, facts: dict[str, Fact]) -> tuple[list[str], str]:
    """Return (differences, what was counted)."""
    macros, without = read(tree)
    wrong: list[str] = [f"macros: no such reason {reason!r}" for reason in set(without) - REASONS]
    patterns = dict.fromkeys((p for own in without.values() for p in own), 0)
    total = 0
    for header in HEADERS:
        names = listed(facts[header.module])
        own = {macro.name: macro for macro in macros.get(header.module, [])}
        total += len(own)
        wrong += [f"macros: {header.module} has no {name}" for name in own if name not in names]
        for name in names:
            hits = [p for p in patterns if fnmatchcase(f"{header.module}:{name}", p)]
            for pattern in hits:
                patterns[pattern] += 1
            if bool(hits) == (name in own):
                wrong.append(f"macros: {header.module}:{name} is {'twice' if hits else 'nowhere'}")
        wrong += _expressions(header.module, list(own.values()), facts[header.module])
    wrong += [f"macros: unknown module {m}" for m in set(macros) - {h.module for h in HEADERS}]
    wrong += [f"macros: {pattern!r} matches nothing" for pattern, hits in patterns.items() if not hits]
    hidden = sum(patterns.values())
    return wrong, f"{total} function-like macros as Python, {hidden} without a Python form"


def _expressions(module: str, macros: list[Macro], fact: Fact) -> list[str]:
    wrong = []
    known = {*fact["constants"], "int", *(macro.name for macro in macros)}
    for macro in macros:
        used = {n.id for n in ast.walk(ast.parse(macro.python)) if isinstance(n, ast.Name)}
        if unknown := used - known - {arg for arg, _, _ in macro.args}:
            wrong.append(f"macros: {module}:{macro.name} uses {sorted(unknown)}")
        if not macro.does.endswith("."):
            wrong.append(f"macros: {module}:{macro.name}: does is no sentence")
    return wrong


def assertions(macros: list[Macro], fact: Fact) -> list[str]:
    """Return C lines that hold the macros of a header, where it has them, against Python."""
    names = evaluate(macros, constants_of(fact))
    lines: list[str] = []
    for macro in macros:
        lines.append(f"#ifdef {macro.name}")
        mask = f"{(1 << macro.width) - 1:#x}ULL"
        for values in macro.samples():
            call = f"{macro.name}({', '.join(_literal(v) for v in values)})"
            try:
                expected = names[macro.name](*values)
            except NameError as error:  # a constant that this view lacks: so must the macro
                lines.append(f'_Static_assert(0, "xensys: {macro.name} is there: {error.name} is not");')
                break
            lines.append(
                f"_Static_assert(((unsigned long long)({call}) & {mask}) == {expected}ULL, "
                f'"xensys: {call} == {expected}");'
            )
        lines.append("#endif")
    return lines


def _literal(value: int) -> str:
    return str(value) if value < 1 << 31 else f"{value}U" if value < 1 << 32 else f"{value}UL"


def emit(macros: list[Macro], public: Any) -> list[str]:
    """Return the Python functions of a module, as text."""
    chunks = []
    for macro in macros:
        arguments = ", ".join(f"{arg}: int" for arg, _, _ in macro.args)
        lines = [f"def {public(macro.name)}({arguments}) -> int:"]
        ranges = ", ".join(f"{arg} in {low}..{_shown(high)}" for arg, low, high in macro.args)
        lines += [f'    """{macro.does}', "", f"    Macro {macro.name}; {ranges}.", '    """']
        checks = [
            (arg, f'fitting({arg}, {low}, {_shown(high)}, "{macro.name}({arg})")')
            for arg, low, high in macro.args
        ]
        if macro.python == checks[0][0]:
            lines.append(f"    return {checks[0][1]}")
        else:
            lines += [f"    {arg} = {check}" for arg, check in checks]
            lines.append(f"    return {_renamed(macro.python, public)}")
        if public(macro.name) != macro.name:
            lines += ["", "", f"{macro.name} = {public(macro.name)}"]
        chunks.append("\n".join(lines))
    return chunks


def _shown(value: int) -> str:
    return str(value) if value < 1024 else f"{value:#x}"


def _renamed(python: str, public: Any) -> str:
    names = {n.id for n in ast.walk(ast.parse(python)) if isinstance(n, ast.Name)}
    for name in names:
        python = python.replace(name, public(name)) if public(name) != name else python
    return python
