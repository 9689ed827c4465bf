"""P8: the checks prove themselves. Each planted fault turns the contract red; without one it is green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted import PLANTS

ROOT = Path(__file__).resolve().parents[2]


def contract(plant: str, outcomes: Path) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the contract with a fault in it; (exit status, outcomes)."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.planted", "tests/contract"),
            *("--exitfirst", "--contract-outcomes", str(outcomes)),
        ],
        cwd=ROOT,
        env={**os.environ, "XENSYS_PLANT": plant, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, json.loads(outcomes.read_text()) if outcomes.exists() else {}


def test_without_a_fault_the_contract_is_green(tmp_path: Path) -> None:
    status, outcomes = contract("", tmp_path / "outcomes.json")
    assert status == 0
    assert len(outcomes) > 300


@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_a_planted_fault_turns_the_contract_red(tmp_path: Path, plant: str) -> None:
    status, outcomes = contract(plant, tmp_path / "outcomes.json")
    # A crash of the interpreter is red too: touching a hole is SIGBUS.
    assert status != 0
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
