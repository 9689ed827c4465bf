"""What the tests of the ABI pipeline share."""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import importlib
import io
import pickle
import py_compile
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="package", autouse=True)
def parsed_once() -> Iterator[None]:
    """Parse no TOML text twice: a planted fault changes one file of a hundred."""
    parse = tomllib.loads
    kept: dict[str, bytes] = {}

    def loads(text: str) -> Any:
        if text not in kept:
            kept[text] = pickle.dumps(parse(text))
        return pickle.loads(kept[text])  # anew each time: nobody sees another's changes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", loads)
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pipeline reads and writes, with bytecode for those who import it."""
    whole = tmp_path_factory.mktemp("abi") / "tree"
    for part in ("abi", "xensys/abi"):
        shutil.copytree(ROOT / part, whole / part, ignore=shutil.ignore_patterns("__pycache__"))
    (whole / "xensys" / "__init__.py").write_text("")
    # By content, not by time and size: a fault may be as long as what it replaces.
    by_content = py_compile.PycInvalidationMode.CHECKED_HASH
    assert compileall.compile_dir(whole / "xensys", quiet=1, invalidation_mode=by_content)
    return whole


@pytest.fixture
def tree(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the pipeline's part of the project, so that faults can be planted."""
    return Path(shutil.copytree(prepared, tmp_path / "tree", copy_function=shutil.copyfile))


def run_abi(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the project's tools/abi on a tree."""
    command = [sys.executable, str(ROOT / "tools" / "abi"), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Done(NamedTuple):
    """What became of a command that `abi` ran."""

    returncode: int
    stdout: str
    stderr: str


def digest(data: Path) -> str:
    """Name the content of abi/, of all that is generated from it."""
    found = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        # Counts are for comparing; nothing is made from them.
        if path.is_file() and path != data / "counts.json":
            content = path.read_bytes()
            found.update(f"{path.relative_to(data)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


@pytest.fixture(scope="session")
def abi() -> Callable[..., Done]:
    """Return run_abi() within this process, which generates once from the same data.

    What is generated is compared and measured anew each time. A process of its own
    is what test_quick_check_is_green and the first planted fault have.
    """
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import cli, generate
    finally:
        sys.path.remove(str(ROOT / "tools"))
    make = generate.generate
    kept: dict[str, dict[Path, str]] = {}

    def made(tree: Any) -> dict[Path, str]:
        key = digest(tree.data)
        if key not in kept:
            kept[key] = {path.relative_to(tree.root): text for path, text in make(tree).items()}
        return {tree.root / path: text for path, text in kept[key].items()}

    def run(root: Path, *arguments: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generate, "generate", made)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = cli.main(["--root", str(root), *arguments])
        return Done(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """Every header's facts, by module."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import data
        from _abi.places import Tree

        return data.read_all(Tree())
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a module of the tool."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return lambda name: importlib.import_module(f"_abi.{name}")


@pytest.fixture
def red(abi: Any) -> Any:
    """Return a function that says whether the quick check of a tree fails, and in these words."""

    def judge(root: Path, *expected: str) -> None:
        done = abi(root, "check", "--quick")
        assert done.returncode == 1, done.stdout
        for text in expected:
            assert text in done.stdout + done.stderr, done.stdout + done.stderr

    return judge
