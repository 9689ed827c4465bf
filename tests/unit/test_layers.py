"""Imports point downwards only; read from the syntax trees, also inside functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "xensys"

#: Part of the package → how high it stands. A module may import its own part and lower ones.
HEIGHT = {
    "_typing": 0,
    "_lifetime": 0,
    "_packing": 0,
    "abi": 1,
    "errors": 1,
    "kernel": 2,
    "devices": 3,
    "memory": 4,
    "events": 4,
    "hypercalls": 5,
    "store": 6,
    "vchan": 6,
    "ioreq": 6,
    "_probe": 7,
    "_restrict": 7,
    "domains": 7,
    "xen": 7,
    "": 8,  # xensys/__init__.py itself
    "testing": 9,
    "cli": 9,
    "__main__": 10,
}

#: Plugged in at the kernel: they may use that and what is below, and nobody may use them …
PLUGGED = {"sim": HEIGHT["kernel"], "trace": HEIGHT["kernel"]}

#: … but for these, each for a reason.
ALLOWED = {
    ("", "sim"): "resolved lazily as xensys.sim",
    ("", "testing"): "resolved lazily as xensys.testing",
    ("testing", "sim"): "fixtures make simulated machines",
    ("kernel", "sim"): "XENSYS_KERNEL=sim, a user's explicit wish",
}


def part_of(module: str) -> str:
    """The second component of a dotted name: "xensys.kernel.linux" → "kernel"."""
    return [*module.split("."), ""][1]


def imports(path: Path, package: str) -> list[tuple[int, str]]:
    """(line, module) of each xensys module that a file imports, however it says it."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            if base == "xensys":
                for alias in node.names:
                    inside = (PACKAGE / alias.name).is_dir() or (PACKAGE / f"{alias.name}.py").exists()
                    found.append((node.lineno, f"xensys.{alias.name}" if inside else "xensys"))
            else:
                found.append((node.lineno, base))
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("__import__", "import_module")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            found.append((node.lineno, str(node.args[0].value)))
    return [(line, name) for line, name in found if name == "xensys" or name.startswith("xensys.")]


def violations(root: Path) -> list[str]:
    """Every import that points upwards, or sideways into what is plugged in."""
    bad: list[str] = []
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        dotted = ".".join(("xensys", *relative.with_suffix("").parts)).removesuffix(".__init__")
        package = dotted if path.name == "__init__.py" else dotted.rpartition(".")[0]
        own = part_of(dotted)
        height = PLUGGED.get(own, HEIGHT.get(own))
        assert height is not None, f"{relative}: give {own!r} a place in the layers"
        for line, name in imports(path, package):
            other = part_of(name)
            if other == own or (own, other) in ALLOWED:
                continue
            if other in PLUGGED or HEIGHT.get(other, 99) > height:
                bad.append(f"{relative}:{line} imports {name}")
    return bad


def test_imports_point_downwards() -> None:
    files = list(PACKAGE.rglob("*.py"))
    assert len(files) > 60, "the walk has lost its way"
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("kernel/linux.py", "from xensys.devices import privcmd\n"),
        ("kernel/linux.py", "def f():\n    import xensys.memory.foreign\n"),
        ("devices/privcmd.py", "def f():\n    from ..memory import buffers\n"),
        ("memory/foreign.py", "from xensys import sim\n"),
        ("hypercalls/hvm_op.py", "x = __import__('xensys.sim')\n"),
        ("store/plans.py", "def f():\n    from xensys.xen import Xen\n"),
        ("memory/grant.py", "from xensys.store.protocol import Request\n"),
        ("sim/kernel.py", "from xensys.devices._ioctls import PRIVCMD\n"),
        ("errors.py", "import xensys\n"),
    ],
)
def test_a_planted_upward_import_is_found(tmp_path: Path, where: str, text: str) -> None:
    planted = tmp_path / "xensys" / where
    planted.parent.mkdir(parents=True)
    planted.write_text(text)
    assert len(violations(tmp_path / "xensys")) == 1
