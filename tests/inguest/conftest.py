"""The `world` of a guest's test, and the export of outcomes (as in tests/contract)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inguest import worlds
from xensys.store import Store

_HERE = Path(__file__).parent
_outcomes: dict[str, dict[str, str]] = {}


@pytest.fixture
def world() -> Iterator[worlds.World]:
    """The guest; see worlds."""
    made = worlds.make()
    yield made
    made.close()


@pytest.fixture
def dom0(world: worlds.World) -> worlds.Dom0:
    """Does in dom0 what a test asks for."""
    return world.dom0


@pytest.fixture
def store(world: worlds.World) -> Store:
    """The guest's device, opened."""
    return world.store()


@pytest.fixture
def other(world: worlds.World) -> Store:
    """The same device, opened once more."""
    return world.store()


@pytest.fixture
def place(world: worlds.World) -> Iterator[str]:
    """A path where the guest may do as it likes; nothing is there before, and nothing after."""
    path = f"data/{secrets.token_hex(6)}"
    yield path
    with Store.open(kernel=world.kernel, timeout=worlds.PATIENCE) as store:
        store.rm(path)


@pytest.fixture
def theirs(world: worlds.World) -> Iterator[str]:
    """A path of dom0's, which the guest may not even see; gone afterwards."""
    path = f"/inguest-{secrets.token_hex(6)}"
    world.dom0.write(path, b"theirs")
    yield path
    world.dom0.rm(path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if _HERE not in item.path.parents:
        return report
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"nothing is skipped here: {report.longrepr}"
    known = _outcomes.setdefault(item.nodeid, {"outcome": "passed", "reason": ""})
    if report.failed and known["outcome"] != "failed":
        known["outcome"] = "failed"
        known["reason"] = f"{report.when}: {str(report.longrepr).strip().splitlines()[-1]}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--contract-outcomes")
    # For a session of its own: one that runs tests/contract, too, writes those.
    if path and _outcomes:
        Path(path).write_text(json.dumps(_outcomes, indent=1, sort_keys=True) + "\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kind = "a guest of real Xen" if worlds.contract.is_real() else "a simulated guest"
    terminalreporter.write_line(f"inside a guest: {kind}, {worlds.contract.target().name}")
