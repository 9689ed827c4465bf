"""mypy --strict and pyright: right uses pass, each wrong line fails in both."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

HERE = Path(__file__).resolve().parent
RIGHT = HERE / "typing_right.py"
WRONG = HERE / "typing_wrong.py"


def mypy(*paths: Path, cache: Path) -> dict[tuple[str, int], str]:
    """Return mypy's errors by (file name, line)."""
    if importlib.util.find_spec("mypy") is None:
        pytest.fail("mypy is not installed")
    config = cache / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\nwarn_unreachable = true\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--no-pretty"]
    command += ["--cache-dir", str(cache / "mypy"), "--follow-imports", "silent"]
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[tuple[str, int], str] = {}
    for line in done.stdout.splitlines():
        if match := re.match(r"(.*?):(\d+): error: (.*)", line):
            found.setdefault((Path(match[1]).name, int(match[2])), match[3])
    return found


def pyright(*paths: Path) -> dict[tuple[str, int], str]:
    """Return pyright's errors by (file name, line)."""
    program = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.fail("pyright is not installed")
    command = [program, "--outputjson", "--pythonpath", sys.executable, *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[tuple[str, int], str] = {}
    for entry in json.loads(done.stdout)["generalDiagnostics"]:
        if entry["severity"] == "error":
            line = entry["range"]["start"]["line"] + 1
            found.setdefault((Path(entry["file"]).name, line), entry["message"])
    return found


def wrong_lines() -> set[tuple[str, int]]:
    lines = WRONG.read_text().splitlines()
    return {(WRONG.name, n) for n, line in enumerate(lines, 1) if "# wrong: " in line}


def both(tmp_path: Path, checker: str) -> dict[tuple[str, int], str]:
    if checker == "mypy":
        return mypy(RIGHT, WRONG, cache=tmp_path)
    return pyright(RIGHT, WRONG)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_right_uses_pass_and_every_wrong_line_fails(tmp_path: Path, checker: str) -> None:
    found = both(tmp_path, checker)
    assert {k: v for k, v in found.items() if k[0] == RIGHT.name} == {}
    assert len(wrong_lines()) >= 40
    assert wrong_lines() - set(found) == set(), "accepted"
    assert set(found) - wrong_lines() == set(), "refused, but not marked"
