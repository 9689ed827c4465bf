"""The command line, on a machine without Xen and on simulated ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    os.path.exists("/dev/xen/privcmd"), reason="this host is Xen: the contract runs the same commands there"
)


def xensys(*arguments: str, status: int = 0, **env: str) -> str:
    """Run a command in development mode; it must write nothing to stderr unless it fails."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "xensys", *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    if status == 0:
        assert done.stderr == ""
    return done.stdout + done.stderr


def test_demo_says_that_the_machine_is_simulated() -> None:
    shown = xensys("demo")
    assert "SIMULATED machine (there is no Xen here)" in shown
    assert "found 'Hello from a simulated guest.'" in shown
    assert "EINVAL" in shown
    assert "BufferError" in shown


def test_demo_ignores_a_box_environment_when_simulated() -> None:
    shown = xensys("demo", XENBOX_WORD="no such word", XENBOX_RUNNING_DOMID="77")
    assert "The memory of domain 1:" in shown


def test_doctor_without_xen_says_what_to_do() -> None:
    shown = xensys("doctor", status=1)
    assert "no Xen here" in shown
    assert "load the module (xen-privcmd)" in shown


def test_doctor_on_a_simulated_machine() -> None:
    facts = json.loads(xensys("doctor", "--sim", "--json"))
    assert facts["hypercalls"] is True
    assert facts["simulated"] is True
    assert facts["devices"]["/dev/xen/privcmd"] == {"usable": True, "errno": 0, "advice": ""}


def test_info_without_xen_fails_with_advice() -> None:
    assert "no Xen domain" in xensys("info", status=1)


def test_info_as_json() -> None:
    facts = json.loads(xensys("info", "--sim", "--json"))
    assert facts["simulated"] is True
    assert facts["version"].startswith("4.20")
    assert "dom0" in facts["features"]
    assert facts["page_size"] == 4096


def test_environment_selects_the_simulator_and_warns() -> None:
    code = "import xensys; x = xensys.open(); assert x.simulated; xensys.open()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "XENSYS_KERNEL": "sim"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.count("this is a simulated Xen") == 1


def test_unknown_kernel_in_the_environment_is_refused() -> None:
    assert "XENSYS_KERNEL=smi" in xensys("info", status=1, XENSYS_KERNEL="smi")


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "xensys", "demo"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
