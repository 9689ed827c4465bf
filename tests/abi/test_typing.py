"""mypy --strict and pyright on the installed wheel: right uses pass, each wrong line fails in both.

What is checked is what a user gets: a wheel built from this tree, installed in
a clean environment, seen from outside the repository.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from xensys.abi._base import Struct, Union
from xensys.abi._index import ALL_MODULES, SPLIT

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
RIGHT = "typing_right.py"
WRONG = "typing_wrong.py"
#: Generated: each field of each class.
EVERY_RIGHT = "every_right.py"
EVERY_WRONG = "every_wrong.py"
#: Right until a change is planted in what it uses.
PLANTED = "planted.py"
PLANT = "from xensys.abi import memory\n\nmemory.xen_add_to_physmap().gpfn = 1\n"

Found = dict[tuple[str, int], str]
CHECKERS = pytest.mark.parametrize("checker", ["mypy", "pyright"])


class Place(NamedTuple):
    """A folder outside the repository, and an environment with the package in it.

    Attributes:
        python: the environment's interpreter.
        packages: its site-packages.
    """

    folder: Path
    python: Path
    packages: Path


def environment(folder: Path) -> Place:
    """Make an empty virtual environment below a new folder."""
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    (packages,) = (folder / "venv" / "lib").glob("python3*/site-packages")
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nwarn_unreachable = true\n")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}\n')
    return Place(folder, folder / "venv" / "bin" / "python", packages)


def run(place: Place, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the place, with nothing that leads back to the source tree."""
    settings = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MYPYPATH", "VIRTUAL_ENV")}
    settings["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [str(part) for part in command],
        cwd=place.folder,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built once."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("xensys-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A clean environment with the wheel, and the two programs beside it."""
    place = environment(tmp_path_factory.mktemp("user"))
    command = [sys.executable, "-m", "pip", "--python", place.python, "install", "-q", "--no-deps", wheel]
    done = run(place, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (RIGHT, WRONG):
        shutil.copy2(HERE / name, place.folder)
    for name, text in zip((EVERY_RIGHT, EVERY_WRONG), every_field(), strict=True):
        (place.folder / name).write_text(text)
    (place.folder / PLANTED).write_text(PLANT)
    return place


@pytest.fixture
def spoilt(installed: Place, tmp_path: Path) -> Place:
    """Another environment with a copy of what was installed, to plant changes in."""
    place = environment(tmp_path)
    shutil.copytree(installed.packages, place.packages, dirs_exist_ok=True)
    (place.folder / PLANTED).write_text(PLANT)
    # What mypy knows of the standard library. One cache for all places would not do: it also
    # keeps what was missing in another.
    if (known := installed.folder / ".mypy_cache").exists():
        shutil.copytree(known, place.folder / ".mypy_cache")
    return place


def mypy(place: Place, *programs: str) -> Found:
    """Return mypy's errors by (file name, line)."""
    if importlib.util.find_spec("mypy") is None:
        pytest.fail("mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--no-pretty"]
    done = run(place, *command, "--python-executable", place.python, *programs)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: Found = {}
    for line in done.stdout.splitlines():
        if match := re.match(r"(.*?):(\d+): error: (.*)", line):
            found.setdefault((match[1], int(match[2])), match[3])
    assert bool(found) == bool(done.returncode), done.stdout
    return found


def pyright(place: Place, *programs: str) -> Found:
    """Return pyright's errors by (file name, line)."""
    program = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.fail("pyright is not installed")
    done = run(place, program, "--outputjson", "--pythonpath", place.python, *programs)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(programs), report["summary"]
    found: Found = {}
    for entry in report["generalDiagnostics"]:
        if entry["severity"] == "error":
            line = entry["range"]["start"]["line"] + 1
            found.setdefault((Path(entry["file"]).name, line), entry["message"])
    return found


def check(checker: str, place: Place, *programs: str) -> Found:
    return mypy(place, *programs) if checker == "mypy" else pyright(place, *programs)


@pytest.fixture(scope="module")
def verdict(installed: Place) -> Callable[[str], Found]:
    """What a checker says of all programs in the clean environment: asked once, as that takes long."""

    @functools.cache
    def said(checker: str) -> Found:
        return check(checker, installed, RIGHT, WRONG, EVERY_RIGHT, EVERY_WRONG, PLANTED)

    return said


def marked(text: str) -> set[int]:
    return {n for n, line in enumerate(text.splitlines(), 1) if "# wrong: " in line}


@CHECKERS
def test_nothing_else_is_wrong(verdict: Callable[[str], Found], checker: str) -> None:
    assert {k: v for k, v in verdict(checker).items() if k[0] not in (WRONG, EVERY_WRONG)} == {}


@CHECKERS
def test_right_uses_pass_and_every_wrong_line_fails(verdict: Callable[[str], Found], checker: str) -> None:
    found = {line for name, line in verdict(checker) if name == WRONG}
    wrong = marked((HERE / WRONG).read_text())
    assert len(wrong) >= 110
    assert wrong - found == set(), "accepted"
    assert found - wrong == set(), "refused, but not marked"


def test_right_uses_run(installed: Place) -> None:
    program = (
        "import typing_right as right, xensys; here = right.Buffer()\n"
        "assert xensys.__file__.startswith(__import__('sys').prefix)\n"
        "for use in (right.fields, right.positional, right.nested, right.unions, right.anonymous,\n"
        "            right.arrays, right.arrays_of_structures, right.text, right.bits, right.packing,\n"
        "            right.places, right.lazily):\n"
        "    use()\n"
        "right.every_family(here)\n"
        "right.ctypes_still_work(right.positional())\n"
        "machine = xensys.sim.Machine()\n"
        "with xensys.open(kernel=machine.dom0) as xen:\n"
        "    print(len(right.use(xen)), right.errors)\n"
    )
    done = run(installed, installed.python, "-c", program)
    assert done.returncode == 0, done.stderr


def classes() -> Iterator[tuple[str, Any]]:
    """Return every public generated class, with the module that defines it."""
    modules = [f"xensys.abi.{name}" for name in ALL_MODULES if name not in SPLIT]
    modules += [f"xensys.abi._{part}.{name}" for part in ("common", "x86_64", "arm64") for name in SPLIT]
    for name in modules:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Struct | Union) and value.__module__ == name:
                yield name, value


def every_field() -> tuple[str, str]:
    """Write two programs that name each field of each class: rightly, and wrongly."""
    imports, right, wrong = set(), [], []
    for number, (module, cls) in enumerate(classes()):
        alias = module.replace(".", "_")
        imports.add(f"import {module} as {alias}")
        made = f"{alias}.{cls.__name__}"
        for text in (right, wrong):  # one function each: pyright is slow in long ones
            text.append(f"def use{number}(v: {made}) -> None:")
        right.append(f"    v = {made}()")
        wrong.append("    v.nosuch = 1  # wrong: no such field")
        wrong.append(f"    {made}(nosuch=1)  # wrong: no such field")
        for name in cls._shown_:
            right.append(f"    v.{name} = {'None' if name in cls._handles_ else f'v.{name}'}")
            wrong.append(f'    v.{name} = "1"  # wrong: a text')
            wrong.append(f'    {made}({name}="1")  # wrong: a text by keyword')
            field = getattr(cls(), name)
            if isinstance(field, ctypes.Array):
                wrong.append(f'    v.{name}[0] = "1"  # wrong: a text for an item')
                wrong.append(f"    v.{name}[1:] = [None]  # wrong: None for an item")
                right.append(f"    v.{name}[1:] = [v.{name}[0], *v.{name}]")
                right.append(f"    v.{name}[0] = v.{name}[1:][0]")
            elif isinstance(field, int | bytes):
                right.append(f"    {made}({name}=v.{name} + {type(field)()!r})")
    head = "\n".join(["from __future__ import annotations", *sorted(imports)])
    return f"{head}\n" + "\n".join(right) + "\n", f"{head}\n" + "\n".join(wrong) + "\n"


@CHECKERS
def test_every_field_of_every_class(
    installed: Place, verdict: Callable[[str], Found], checker: str
) -> None:
    wrong = (installed.folder / EVERY_WRONG).read_text()
    lines = wrong.splitlines()
    assert len(marked(wrong)) > 5000
    refused = {line for name, line in verdict(checker) if name == EVERY_WRONG}
    assert [lines[n - 1] for n in sorted(marked(wrong) - refused)] == [], "accepted"
    assert [lines[n - 1] for n in sorted(refused - marked(wrong))] == [], "refused, but not marked"


@CHECKERS
def test_the_installed_copy_is_what_is_seen(spoilt: Place, checker: str) -> None:
    # Unchanged it is right: test_nothing_else_is_wrong.
    module = spoilt.packages / "xensys" / "abi" / "memory.py"
    text = module.read_text()
    assert "        gpfn: int\n" in text
    module.write_text(text.replace("        gpfn: int\n", "        gpfn_of_the_wheel: int\n"))
    assert set(check(checker, spoilt, PLANTED)) == {(PLANTED, 3)}


@CHECKERS
def test_without_the_installed_copy_there_is_nothing(spoilt: Place, checker: str) -> None:
    shutil.rmtree(spoilt.packages / "xensys")
    assert (PLANTED, 1) in check(checker, spoilt, PLANTED)


def test_the_marker_of_typed_packages_is_there_and_needed(spoilt: Place) -> None:
    (spoilt.packages / "xensys" / "py.typed").unlink()
    assert "py.typed" in mypy(spoilt, PLANTED)[PLANTED, 1]
