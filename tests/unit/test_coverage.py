"""docs/coverage.md: every stable row has a method, and nothing is said that was not seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from _coverage import cli, evidence, page, rows  # noqa: E402  (tools is no package of tests)
from _coverage.evidence import ByHand  # noqa: E402

NOTHING = ByHand({}, {}, {}, {})


def row(name: str) -> rows.Row:
    return next(each for each in rows.rows() if each.name == name)


def test_every_stable_operation_and_ioctl_has_a_method_or_a_reason():
    hand = evidence.by_hand()
    assert [each.name for each in rows.rows() if not each.methods and each.name not in hand.unwrapped] == []
    assert len(rows.rows()) >= 219


def test_every_family_is_wrapped_or_left_to_the_raw_door_with_a_reason():
    assert evidence.by_hand().raw.keys() == rows.left_out().keys()


def test_the_page_is_current_and_every_gap_is_explained():
    assert cli.problems() == []


def test_methods_are_those_that_name_the_operation():
    assert row("XENMEM_maximum_gpfn").methods == ("xen.memory_op.maximum_gpfn",)
    assert row("HVMOP_altp2m_create_p2m").methods == ("xen.hvm_op.altp2m.create_p2m",)
    assert row("KEXEC_CMD_kexec_status").methods == ("xen.kexec_op.status",)
    assert row("SCHEDOP_yield").methods == ("xen.sched_op.yield_",)
    assert row("IOCTL_PRIVCMD_MMAPBATCH_V2").methods == ("Privcmd.mmapbatch_v2",)


def test_a_method_that_is_taken_away_is_missed(monkeypatch):
    from xensys.hypercalls.memory_op import MemoryOp

    monkeypatch.delattr(MemoryOp, "maximum_gpfn")
    rows.rows.cache_clear()
    try:
        assert "XENMEM_maximum_gpfn has no method, and coverage.toml's [unwrapped] says otherwise" in (
            cli.problems()
        )
    finally:
        rows.rows.cache_clear()


# --- evidence -------------------------------------------------------------------

TEST = "tests/contract/test_x.py::test_{}"


def runs(tmp_path, did, *, world="real", outcome="passed", effects=()):
    path = tmp_path / f"contract-{world}-arm64-4.20-plain.json"
    path.write_text(json.dumps({TEST.format("one[p]"): {"outcome": outcome, "reason": "", "did": did}}))
    into: evidence.Recorded = {}
    assert evidence.merge([path], into, dict(effects)) == [f"{world}:arm64-4.20:plain"]
    return into


def verdict(tmp_path, name, said, hand=NOTHING, **kind):
    recorded = runs(tmp_path, {name: said}, effects=hand.effect, **kind)
    found = evidence.judge(row(name), "real", recorded, hand)
    return found.state, found.detail, found.where


def test_what_gives_something_back_has_worked(tmp_path):
    assert verdict(tmp_path, "XENMEM_maximum_gpfn", ["ESRCH", "ok"]) == (
        "worked", "test_x.py::test_one", ("arm64-4.20",),
    )  # fmt: skip


def test_what_gives_nothing_back_is_accepted_until_a_test_is_named_that_did_it(tmp_path):
    name = "XENMEM_add_to_physmap"
    assert verdict(tmp_path, name, ["ok"])[0] == "accepted"
    named = NOTHING._replace(effect={name: "test_x.py::test_o*"})
    assert verdict(tmp_path, name, ["ok"], named)[0] == "worked"
    wrong = NOTHING._replace(effect={name: "test_y.py::*"})
    assert verdict(tmp_path, name, ["ok"], wrong)[0] == "accepted"
    # Nor where it was only refused there.
    assert verdict(tmp_path, name, ["EPERM"], named)[0].startswith("refused")


def test_a_refusal_is_documented_or_not(tmp_path):
    name = "XENMEM_get_pod_target"
    assert verdict(tmp_path, name, ["ESRCH"])[:2] == ("refused", "ESRCH")
    assert verdict(tmp_path, name, ["EXDEV", "ESRCH"])[:2] == ("refused otherwise", "ESRCH, EXDEV")


def test_doing_nothing_is_no_success(tmp_path):
    assert verdict(tmp_path, "XENMEM_populate_physmap", ["none"])[0].startswith("refused")


def test_failed_tests_and_the_simulator_are_no_evidence_of_real_xen(tmp_path):
    assert verdict(tmp_path, "XENMEM_maximum_gpfn", ["ok"], outcome="failed")[0] == "never run"
    assert verdict(tmp_path, "XENMEM_maximum_gpfn", ["ok"], world="sim")[0] == "never run"


def test_never_run_is_never_run_for_a_reason(tmp_path):
    hand = NOTHING._replace(never={"XENMEM_*": "because"})
    assert verdict(tmp_path, "XENMEM_maximum_gpfn", [], hand) == ("never run", "because", ())


def test_rows_that_have_not_worked_must_stand_in_the_limits(tmp_path):
    recorded = runs(tmp_path, {"XENMEM_maximum_gpfn": ["ok"]})
    some = (row("XENMEM_maximum_gpfn"), row("SCHEDOP_block"))
    assert page.not_worked(some, recorded, NOTHING) == {"never run": {"SCHEDOP_block": ""}}
    said = cli._unnamed("\n## Limits\nnothing\n## Next\nSCHEDOP_block", some, recorded, NOTHING)
    assert said == ["SCHEDOP_block is never run on real Xen, and README's limits do not name it"]
    assert cli._unnamed("\n## Limits\n`SCHEDOP_block` …", some, recorded, NOTHING) == []


def test_a_file_that_does_not_say_what_it_is_of_is_refused(tmp_path):
    with pytest.raises(ValueError, match="contract-WORLD"):
        evidence.merge([tmp_path / "outcomes.json"], {}, {})


# --- the recorder ---------------------------------------------------------------


def test_the_recorder_writes_down_what_a_test_did(tmp_path):
    import subprocess

    (tmp_path / "test_it.py").write_text(
        "import pytest, xensys\n"
        "from xensys.sim import Machine\n"
        "def test_one():\n"
        "    with xensys.open(kernel=Machine().dom0) as xen:\n"
        "        xen.memory_op.maximum_gpfn(1)\n"
        "        with pytest.raises(xensys.NoSuchDomainError):\n"
        "            xen.memory_op.maximum_gpfn(77)\n"
        "        batch = xen.multicall.batch()\n"
        "        batch.add(17, 0)\n"
        "        batch.run(hazardous=True)\n"
        "        xen.events.bind_unbound(1).close()\n"
    )
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_it.py")]
    command += ["--contract-outcomes", str(out), "-p", "tests.conftest"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ((_, entry),) = json.loads(out.read_text()).items()
    assert entry["outcome"] == "passed"
    did = entry["did"]
    assert did["XENMEM_maximum_gpfn"] == ["ESRCH", "ok"]
    assert did["XENVER_version"] == ["ok"]
    assert did["IOCTL_EVTCHN_BIND_UNBOUND_PORT"] == ["ok"]
    assert did["IOCTL_EVTCHN_UNBIND"] == ["ok"]
