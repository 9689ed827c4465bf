"""P8: the checks prove themselves. Each planted fault turns the contract red; without one it is green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted import FOUND_BY

ROOT = Path(__file__).resolve().parents[2]


def contract(plant: str, outcomes: Path, *files: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Run files of the contract with a fault in it; (exit status, outcomes)."""
    settings = {**os.environ, "XENSYS_PLANT": plant}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.planted", "--exitfirst"),
            *(f"tests/contract/{file}" for file in files),
            *("--contract-outcomes", str(outcomes)),
        ],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, json.loads(outcomes.read_text()) if outcomes.exists() else {}


def test_without_a_fault_the_contract_is_green(tmp_path: Path) -> None:
    """In the files that have to turn red; all of it is a stage of its own (tools/test)."""
    status, outcomes = contract("", tmp_path / "outcomes.json", *FOUND_BY)
    assert status == 0
    assert {name.partition("::")[0] for name in outcomes} == {f"tests/contract/{file}" for file in FOUND_BY}
    assert len(outcomes) > 180


@pytest.mark.parametrize(
    ("plant", "file"),
    sorted((plant.__name__, file) for file, plants in FOUND_BY.items() for plant in plants),
)
def test_a_planted_fault_turns_the_contract_red(tmp_path: Path, plant: str, file: str) -> None:
    status, outcomes = contract(plant, tmp_path / "outcomes.json", file)
    # A crash of the interpreter is red too: touching a hole is SIGBUS. Any other status is pytest's
    # own: no tests, a wrong argument.
    assert status == 1 or status < 0, status
    if status == 1:
        assert any(result["outcome"] == "failed" for result in outcomes.values())


def test_different_outcomes_turn_the_comparison_red(tmp_path: Path) -> None:
    same = {"tests/contract/a.py::b": {"outcome": "passed", "reason": ""}}
    other = {"tests/contract/a.py::b": {"outcome": "failed", "reason": "call: no"}}
    extra = {**same, "tests/contract/a.py::c": {"outcome": "passed", "reason": ""}}
    files = {}
    for name, content in (("same", same), ("other", other), ("extra", extra)):
        files[name] = tmp_path / f"{name}.json"
        files[name].write_text(json.dumps(content))
    compare = [sys.executable, "-m", "tests.contract.compare"]
    for name, status in (("same", 0), ("other", 1), ("extra", 1)):
        done = subprocess.run(
            [*compare, files["same"], files[name]], cwd=ROOT, check=False, capture_output=True
        )
        assert done.returncode == status, done.stdout
