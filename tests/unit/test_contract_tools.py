"""What judges the contract tests: each rule shown to refuse what it is there for."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.contract import compare, conftest, skips, worlds

REASON = skips.listed()[0].reason


def outcome(kind: str, reason: str = "") -> dict[str, str]:
    return {"outcome": kind, "reason": reason}


GOOD = {"t.py::a": outcome("passed"), "t.py::b": outcome("passed")}

BAD = {
    "an id is missing": {"t.py::a": outcome("passed")},
    "an id more": {**GOOD, "t.py::c": outcome("passed")},
    "one failed": {**GOOD, "t.py::b": outcome("failed", "call: E")},
    "skipped for no listed reason": {**GOOD, "t.py::b": outcome("skipped", "I felt like it")},
    "an outcome nobody knows": {**GOOD, "t.py::b": outcome("xfailed")},
}


def test_equal_worlds_are_equal():
    assert compare.differences(GOOD, GOOD) == []


def test_a_listed_skip_in_one_world_is_no_difference():
    other = {**GOOD, "t.py::b": outcome("skipped", REASON)}
    assert compare.differences(GOOD, other) == []
    assert compare.differences(other, GOOD) == []


@pytest.mark.parametrize("what", BAD)
def test_difference_is_seen_from_either_side(what):
    assert compare.differences(GOOD, BAD[what]) != []
    assert compare.differences(BAD[what], GOOD) != []


def test_failing_in_both_worlds_is_no_agreement():
    failed = {"t.py::a": outcome("failed", "call: E")}
    assert compare.differences(failed, failed) != []


@pytest.mark.parametrize(("other", "status"), [(GOOD, 0), (BAD["one failed"], 1), ({}, 1)])
def test_exit_status(tmp_path: Path, other, status, capsys):
    (tmp_path / "sim.json").write_text(json.dumps(GOOD))
    (tmp_path / "real.json").write_text(json.dumps(other))
    assert compare.main([str(tmp_path / "sim.json"), str(tmp_path / "real.json")]) == status
    assert "sim.json: 2 tests" in capsys.readouterr().out


def test_no_tests_at_all_is_no_agreement(tmp_path: Path):
    (tmp_path / "a.json").write_text("{}")
    assert compare.main([str(tmp_path / "a.json")] * 2) == 1


class Item:
    """As much of a test as the set-up rule looks at."""

    path = Path(conftest.__file__).with_name("test_x.py")
    nodeid = "tests/contract/test_x.py::test_y"

    def __init__(self, *needs: str) -> None:
        self._needs = needs

    def iter_markers(self, name):
        return [SimpleNamespace(args=self._needs)]


@pytest.fixture
def simulated(monkeypatch):
    monkeypatch.delenv("XENBOX_TARGET", raising=False)
    monkeypatch.setenv("XENSYS_CONTRACT_TARGET", "amd64-4.20")


@pytest.mark.parametrize(
    ("needs", "listed", "expected"),
    [
        (("paging",), None, None),
        (("scattered-65536",), None, pytest.fail.Exception),
        (("scattered-65536",), REASON, pytest.skip.Exception),
        (("paging",), REASON, pytest.fail.Exception),
        ((), REASON, pytest.fail.Exception),
        ((), None, None),
    ],
    ids=["there", "unlisted", "listed", "listed-but-there", "listed-for-nothing", "nothing"],
)
def test_skips_are_those_of_the_list_and_no_others(simulated, monkeypatch, needs, listed, expected):
    monkeypatch.setattr(skips, "reason", lambda *_: listed)
    if expected is None:
        conftest.pytest_runtest_setup(Item(*needs))
        return
    with pytest.raises(expected):
        conftest.pytest_runtest_setup(Item(*needs))


def test_leftovers_in_the_list_are_found():
    assert skips.matching_nothing(["tests/contract/test_x.py::test_y"])


def test_world_tells_a_planted_leak(simulated):
    world = worlds.make()
    mapping = world.xen.foreign.map(world.paused.domid, world.paused.frames(1))
    world.close()
    assert any("still mapped" in said for said in world.misdeeds())
    mapping.close()
    assert world.misdeeds() == []


def test_world_tells_memory_that_xen_must_not_be_given(simulated):
    world = worlds.make()
    memory = bytearray(64)
    from xensys.kernel.pointers import address_of

    world.xen.hypercall(17, 1, address_of(memory))
    world.close()
    assert any("must not be given" in said for said in world.misdeeds())
