"""The pytest fixtures, used as a user's test suite would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SUITE = """
def test_machine(xensys_machine, xensys_kernel):
    assert xensys_machine.dom0 is xensys_kernel
    xensys_machine.domains[1].destroy()

def test_machine_is_fresh(xensys_machine):
    assert xensys_machine.domains[1].name == "demo"

def test_xen(xensys_xen, xensys_machine):
    assert xensys_xen.simulated
    assert xensys_xen.version() >= (4, 20)
    assert xensys_machine.violations == []
"""


def run(tmp_path, *arguments):
    loaded = "xensys.testing.plugin"
    try:
        from importlib.metadata import entry_points

        installed = any(e.value == loaded for e in entry_points(group="pytest11"))
    except ImportError:
        installed = False
    plugin = [] if installed else ["-p", loaded]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            *plugin,
            *arguments,
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_fixtures(tmp_path):
    (tmp_path / "test_theirs.py").write_text(SUITE)
    result = run(tmp_path, "test_theirs.py")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout


def test_nothing_of_ours_is_imported_before_it_is_asked_for(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n"
        "def test_light():\n"
        "    ours = {m for m in sys.modules if m.startswith('xensys')}\n"
        "    assert ours <= {'xensys', 'xensys.testing', 'xensys.testing.plugin', 'xensys._typing'}, ours\n"
    )
    result = run(tmp_path, "test_theirs.py")
    assert result.returncode == 0, result.stdout + result.stderr


def test_fixtures_are_listed_with_their_documentation(tmp_path):
    result = run(tmp_path, "--fixtures")
    for name in ("xensys_machine", "xensys_kernel", "xensys_xen"):
        assert name in result.stdout
    assert "A fresh simulated machine" in result.stdout
