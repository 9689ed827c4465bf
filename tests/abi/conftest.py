"""What the tests of the ABI pipeline share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "network: fetches header packages and compilers (apt, pip); slow the first time"
    )


def copy_tree(target: Path) -> Path:
    """Copy what the pipeline reads and writes, so that faults can be planted."""
    for part in ("abi", "tools", "xensys/abi"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, target / part, ignore=ignore)
    (target / "xensys" / "__init__.py").write_text("")
    return target


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the pipeline's part of the project."""
    return copy_tree(tmp_path / "tree")


def run_abi(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the project's tools/abi on a tree."""
    command = [sys.executable, str(ROOT / "tools" / "abi"), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
