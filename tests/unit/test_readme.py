"""The README is true: its examples run, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xensys
import xensys.store
from xensys.sim import Machine

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_first_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine()
    real = xensys.open
    monkeypatch.setattr(xensys, "open", lambda: real(kernel=machine.dom0))
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "4.20.0-sim"
    assert said[2] == "{1099511627776: 22}"
    assert int(said[3]) > 0
    assert machine.violations == []


def test_simulator_example_raises_what_it_says() -> None:
    with pytest.raises(xensys.ForeignMapError):
        exec(compile(blocks("python")[1], "README.md", "exec"), {"xensys": xensys})


def test_xenstore_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine()
    real = xensys.store.open
    monkeypatch.setattr(xensys.store, "open", lambda: real(kernel=machine.dom0))
    exec(compile(blocks("python")[2], "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "0 Domain-0"
    assert said[-2:] == ["Event('/tool', watched='/tool')", "False"]
    assert machine.store.read("/tool/count") == b"2"


def test_two_domains_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[3], "README.md", "exec"), {})
    assert capsys.readouterr().out == "[<Port 3, unbound for 0>] b'hello'\n"


def test_every_command_is_there() -> None:
    commands = [
        line[2:].split("#")[0].strip() for block in blocks("console") for line in block.splitlines()
    ]
    assert len(commands) >= 6
    for command in commands:
        words = command.split()
        if words[0].startswith("tools/"):
            assert (ROOT / words[0]).stat().st_mode & 0o111, command
        else:
            assert words[:2] == ["python3", "-m"], command
            assert words[2] in ("xensys", "tests.soak"), command


def test_every_file_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
