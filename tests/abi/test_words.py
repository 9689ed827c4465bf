"""abi/words and abi/macros.toml: complete, and faults in them are found."""

from __future__ import annotations

import ast
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _abi.macros import Macro


@pytest.fixture(scope="module")
def judge() -> Callable[[Path], list[str]]:
    """Return a function that says what the pipeline has against a tree's words and macros.

    What they are held against is the project's own data.
    """
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import macros, words
        from _abi.model import Model
        from _abi.places import Tree
    finally:
        sys.path.remove(str(ROOT / "tools"))
    model = Model(Tree())

    def found(root: Path) -> list[str]:
        tree = Tree(root)
        wrong, _ = words.check(model, words.read_all(tree, model.facts))
        return wrong + macros.check(tree, model.facts)[0]

    return found


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """A copy of the words and macros alone."""
    shutil.copytree(ROOT / "abi" / "words", tmp_path / "abi" / "words")
    shutil.copy2(ROOT / "abi" / "macros.toml", tmp_path / "abi")
    return tmp_path


def test_every_declaration_has_words(judge: Any, said: Path) -> None:
    assert judge(ROOT) == []
    assert judge(said) == []


MEMORY = "words/memory.toml"
GROUP = "no group of values or flags"
NODE = "[macros.memory.XENMEMF_node]"
EVT = '"trace:TRC_SCHED_CLASS_EVT"'


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (MEMORY, "\nxen_add_to_physmap ", "\nxen_add_to_phsymap ", "no structure xen_add_to_phsymap"),
        (MEMORY, "\nxen_add_to_physmap ", "\n# xen_add_to_physmap ", "xen_add_to_physmap: missing"),
        (MEMORY, '"XENMAPSPACE_*"', '"XENMAPSPACE_gmfn*"', "XENMAPSPACE_grant_table: missing"),
        (MEMORY, '"XENMAPSPACE_*"', '"XENMAPSPAC_*"', "matches nothing"),
        (MEMORY, '"xen_add_to_physmap.space"', '"xen_add_to_physmap.spac"', "no field"),
        (MEMORY, 'names = "XENMAPSPACE"', 'names = "XENMAPSPCE"', GROUP),
        (MEMORY, '"values"', '"value"', "kind 'value'"),
        ("macros.toml", '"x + 1 << 8"', '"y + 1 << 8"', "uses ['y']"),
        ("macros.toml", NODE, NODE.replace("node", "nod"), "memory has no XENMEMF_nod"),
        ("macros.toml", NODE, NODE.replace("node", "nod"), "XENMEMF_node is nowhere"),
        ("macros.toml", EVT, '"trace:TRC_*"', "is twice"),
        ("macros.toml", EVT, '"trace:TRCE_*"', "matches nothing"),
        ("macros.toml", "pastes = [", "copies = [", "no such reason 'copies'"),
    ],
)
def test_planted_fault_is_found(
    judge: Any, said: Path, file: str, old: str, new: str, complaint: str
) -> None:
    path = said / "abi" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = judge(said)
    assert any(complaint in line for line in found), found


def test_quick_check_judges_words(tree: Path, abi: Any) -> None:
    path = tree / "abi/words/version.toml"
    path.write_text(path.read_text().replace("\ndoc ", "\n# doc ", 1))
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "words of version: doc: missing" in done.stdout


def macros() -> list[tuple[str, Macro]]:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import macros as pipeline
        from _abi.headers import HEADERS, python_module
        from _abi.places import Tree

        modules = {header.module: python_module(header) for header in HEADERS}
        return [(modules[m], macro) for m, own in pipeline.read(Tree())[0].items() for macro in own]
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.mark.parametrize(("module", "macro"), macros(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_macro_takes_its_range_and_nothing_else(module: str, macro: Macro) -> None:
    from importlib import import_module

    function: Any = getattr(import_module(f"xensys.abi.{module}"), macro.name)
    for values in macro.samples():
        assert isinstance(function(*values), int)
    for place, (name, low, high) in enumerate(macro.args):
        for wrong in (low - 1, high + 1):
            values = list(macro.samples()[0])
            values[place] = wrong
            with pytest.raises(OverflowError, match=rf"{macro.name}\({name}\): {wrong} does not fit"):
                function(*values)


@pytest.mark.network
def test_compiler_refuses_a_wrong_macro() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import data, extract, fetch, oracle
        from _abi import macros as pipeline
        from _abi.headers import HEADERS
        from _abi.places import Tree

        fetch.fetch_all()
        header = next(h for h in HEADERS if h.module == "memory")
        facts, release = data.read(Tree(), header), extract.newest("xen")
        right = pipeline.read(Tree())[0]["memory"]
        for functions, good in ((right, True), ([right[2]._replace(python="x + 2 << 8")], False)):
            _, found = oracle.compare(header, release, facts, "arm64", tools=True, functions=functions)
            assert (found == []) is good, found
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_docstrings_say_what_the_words_say() -> None:
    text = (ROOT / "xensys/abi/memory.py").read_text()
    classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    docs = {node.name: ast.get_docstring(node) or "" for node in classes}
    first, _, rest = docs["xen_add_to_physmap"].partition("\n\n")
    assert first.endswith(".")
    assert rest.startswith("struct xen_add_to_physmap; 24 bytes.")
