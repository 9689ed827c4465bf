"""tools/bench: its arithmetic, and a run in miniature with answers that are no daemon's."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from _bench import cli, ratios, rivals, run  # noqa: E402
from _bench.ratios import Ratio, Turn  # noqa: E402


def turns(*rates: float) -> list[Turn]:
    """One second each."""
    return [Turn(1000, 1000 / rate) for rate in rates]


class TestRatio:
    def test_it_is_of_rates_and_above_1_is_faster(self):
        assert ratios.ratio([Turn(200, 1.0)], [Turn(100, 1.0)]).median == 2.0
        assert ratios.ratio([Turn(100, 1.0)], [Turn(100, 0.25)]).median == 0.25

    def test_turns_are_paired_so_a_machine_that_slows_down_changes_nothing(self):
        slowing = [100.0, 50.0, 10.0, 1.0]
        found = ratios.ratio(turns(*(3 * rate for rate in slowing)), turns(*slowing))
        assert found.median == pytest.approx(3.0)
        assert found.low == pytest.approx(3.0)
        assert found.high == pytest.approx(3.0)

    def test_one_bad_turn_moves_neither_median_nor_quartiles_far(self):
        found = ratios.ratio(turns(2, 2, 2, 2, 2, 2, 2, 2, 200), turns(*[1] * 9))
        assert (found.median, found.low, found.high, found.turns) == (2.0, 2.0, 2.0, 9)

    def test_quartiles(self):
        assert ratios.quartiles([1, 2, 3, 4, 5]) == (2, 4)
        assert ratios.quartiles([7]) == (7, 7)

    @pytest.mark.parametrize("other", [[], turns(1, 2)])
    def test_turns_that_are_no_pairs_are_refused(self, other):
        with pytest.raises(ValueError, match="paired"):
            ratios.ratio([] if not other else turns(1), other)

    def test_no_time_at_all_is_refused_and_not_infinite(self):
        with pytest.raises(ValueError, match="coarse"):
            _ = Turn(5, 0.0).rate

    def test_text(self):
        assert str(Ratio(1.234, 1.0, 2.0, 9)) == "1.23 (1.00–2.00)"

    def test_compare_leaves_out_oneself(self):
        found = ratios.compare({"a": turns(4), "b": turns(2), "c": turns(8)}, "a")
        assert {name: ratio.median for name, ratio in found.items()} == {"b": 2.0, "c": 0.5}


class TestTurns:
    @pytest.mark.parametrize(
        ("tried", "seconds", "calls"),
        [
            (Turn(100, 1.0), 0.5, 50),
            (Turn(100, 1.0), 0.0001, ratios.FEWEST),
            (Turn(1_000_000, 0.001), 60, ratios.MOST),
        ],
    )
    def test_how_many_calls_take_so_long(self, tried, seconds, calls):
        assert ratios.calls_for(tried, seconds) == calls

    def test_everybody_is_first_equally_often_and_the_order_is_turned_round(self):
        names = ["a", "b", "c"]
        orders = [ratios.order(names, turn) for turn in range(6)]
        assert all(sorted(order) == names for order in orders)
        assert [order[0] for order in orders] == ["a", "b", "c", "c", "a", "b"]
        followers = {(one, two) for order in orders for one, two in itertools.pairwise(order)}
        assert followers == {(one, two) for one in names for two in names if one != two}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What `tools/bench store --sim` finds, in miniature."""
    folder = tmp_path_factory.mktemp("bench")
    # A pyxs that cannot be imported: what is missing must be told, and stop nobody.
    (folder / "pyxs").mkdir()
    (folder / "pyxs" / "__init__.py").write_text("raise ImportError('planted')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XENSYS_BENCH_PYXS", str(folder))
        return run.store_bench(("socket",), ("read", "watch", "threads"), 2, 0.01, sim=True)


class TestRun:
    def test_every_scenario_has_ratios_of_both_ours(self, measured):
        assert set(measured["ratios"]) == {"socket read", "socket watch", "socket threads"}
        for ratio in measured["ratios"].values():
            assert set(ratio) == set(run.OURS)
        assert set(measured["ratios"]["socket read"]["xensys"]) >= {"floor", "xensys.aio"}
        assert all(
            against["turns"] == 2 and against["median"] > 0
            for ours in measured["ratios"]["socket read"].values()
            for against in ours.values()
        )

    def test_who_is_missing_is_told_with_the_reason(self, measured):
        assert "planted" in measured["missing"]["socket pyxs"]
        assert "no threads" in measured["missing"]["socket threads floor"]

    def test_the_report_has_it_all(self, measured):
        text = run.report(measured)
        assert "socket watch" in text
        assert "planted" in text
        assert json.loads(run.as_json(measured)) == measured


class TestCommandLine:
    def test_it_can_be_asked_for_help(self):
        done = subprocess.run(
            [sys.executable, ROOT / "tools" / "bench", "store", "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0
        assert "pyxs" in done.stdout

    @pytest.mark.parametrize("words", [["--rounds", "0"], ["--seconds", "0"], ["--scenario", "love"]])
    def test_what_makes_no_sense_is_refused(self, words, capsys):
        with pytest.raises(SystemExit) as end:
            cli.main(["store", *words])
        assert end.value.code == 2
        assert words[0] in capsys.readouterr().err

    def test_without_xenstored_it_fails_and_says_so(self, monkeypatch, capsys):
        def refuse(*_: object, **__: object) -> None:
            raise FileNotFoundError("no such daemon")

        monkeypatch.setattr(run, "store_bench", refuse)
        assert cli.main(["store"]) == 1
        assert "no such daemon" in capsys.readouterr().err

    @pytest.mark.parametrize("words", [["--target", "t", "--json", "f"], ["--target=t", "--json=f"]])
    def test_a_box_gets_the_other_options(self, words, monkeypatch, tmp_path):
        told: list[list[str]] = []

        def fake(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
            told.append([str(word) for word in command])
            return subprocess.CompletedProcess(command, 3)

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(rivals, "packed", lambda: "V0hFRUw=")
        monkeypatch.setattr(cli.subprocess, "run", fake)
        assert cli.main(["store", *words, "--short"]) == 3
        (command,) = told
        inside = command[command.index("--") + 1 :]
        assert inside == ["python3", "tools/bench", "store", "--short", "--json", "/tmp/bench.json"]
        assert command[command.index("--target") + 1] == "t"
        assert "XENSYS_BENCH_PYXS_WHEEL=V0hFRUw=" in command


class TestRivals:
    def test_a_wheel_survives_the_way_into_a_box(self, tmp_path, monkeypatch):
        import zipfile

        wheel = tmp_path / "pyxs-0.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("pyxs/__init__.py", "answer = 42\n")
        monkeypatch.setattr(rivals, "fetch", lambda: wheel)
        place = rivals.unpack(rivals.packed(), tmp_path / "there")
        assert (place / "pyxs" / "__init__.py").read_text() == "answer = 42\n"

    def test_what_pip_says_is_passed_on(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        monkeypatch.setattr(rivals, "PYXS", "no such package!")
        with pytest.raises(OSError, match="pip download no such package!: "):
            rivals.fetch()
