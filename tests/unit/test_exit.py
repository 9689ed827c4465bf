"""P4: an interpreter on its way out says nothing, whatever was left open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SETUP = """
import xensys
from xensys.sim import Machine
machine = Machine()
xen = xensys.open(kernel=machine.dom0)
"""


def leftovers(code: str, *, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SETUP + code],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "xen.version()",
        "buffer = xen.buffers.alloc(100)",
        "buffer = xen.buffers.alloc(100); view = buffer.view()",
        "mapping = xen.foreign.map(1, range(4)); view = mapping.view()",
        "mapping = xen.foreign.map(1, range(4))\nclass C: pass\nc = C(); c.me = c; c.m = mapping",
        "part = xen.foreign.map(1, [0, 1 << 30], partial=True)",
        "table = xen.resources.map(1, 1)",
        "from xensys.abi.version import xen_feature_info as f; s = xen.buffers.new(f)",
        "import threading\nthreading.Thread(target=xen.version).start()",
    ],
)
def test_exit_is_silent(code: str) -> None:
    assert leftovers(code) == ""


def test_a_handle_that_outlives_the_os_module_is_closed_in_silence() -> None:
    """Who keeps it is taken apart last of all, when that module's names are gone."""
    assert (
        leftovers(
            "import builtins, os\n"
            "from xensys.devices.privcmd import Privcmd\n"
            "builtins.kept = os.kept = Privcmd.adopt(os.open('/dev/null', os.O_RDWR))"
        )
        == ""
    )


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("xen.foreign.map(1, range(4))", "unclosed <ForeignMapping domain 1"),
        ("xen.buffers.alloc(100)", "buffer never freed"),
        ("from xensys.devices.privcmd import Privcmd; Privcmd.open(machine.dom0)", "unclosed <Privcmd"),
    ],
)
def test_a_leak_while_running_is_a_resource_warning(code: str, what: str) -> None:
    said = leftovers(code + "\nimport gc; gc.collect()")
    assert "ResourceWarning" in said
    assert what in said
