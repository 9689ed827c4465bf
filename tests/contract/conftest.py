"""The `world` of a test, the skips that are allowed, and the export of outcomes."""

from __future__ import annotations

import gc
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import skips, worlds
from xensys.store import Store

# XenStore's part is not proved on real Xen yet (issue 4, README's limits): it runs on
# the simulator, where its files are named (tools/_test/stages.py).
collect_ignore_glob = ["test_store*.py"]

_HERE = Path(__file__).parent
_outcomes: dict[str, dict[str, str]] = {}
_stale: list[str] = []


@pytest.fixture
def world() -> Iterator[worlds.World]:
    """The machine under test; see worlds."""
    made = worlds.make()
    yield made
    made.close()
    if made.misdeeds():
        # A reference cycle (a caught exception's frames) may hold what would
        # otherwise be gone.
        gc.collect()
    assert made.misdeeds() == []


@pytest.fixture(params=sorted(worlds.WAYS))
def way(request: pytest.FixtureRequest) -> str:
    """How dom0 gets to XenStore; see worlds.WAYS."""
    name: str = request.param
    return name


@pytest.fixture
def store(world: worlds.World, way: str) -> Store:
    """A connection to XenStore."""
    return world.store(way)


@pytest.fixture
def other(world: worlds.World, way: str) -> Store:
    """Somebody else's, on the same way."""
    return world.store(way)


@pytest.fixture
def place(world: worlds.World) -> Iterator[str]:
    """A path of the test's own: nothing is there before, and what it leaves is removed."""
    path = f"/contract-{secrets.token_hex(6)}"
    yield path
    with Store.open(worlds.WAYS["socket"], kernel=world.kernel, timeout=worlds.PATIENCE) as store:
        store.rm(path)


def _ours(item: pytest.Item) -> bool:
    return _HERE in item.path.parents


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if _ours(item)]
    # Last of all: what the process has become by then.
    last = [item for item in ours if item.path.name == "test_last.py"]
    items[:] = [item for item in items if item not in last] + last
    whole = not config.option.keyword and not config.option.markexpr
    whole = whole and all("::" not in argument for argument in config.args)
    modules = {path.name for path in _HERE.glob("test_*.py")}
    if whole and modules == {item.path.name for item in ours}:
        _stale.extend(skips.matching_nothing([item.nodeid for item in ours]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if not _ours(item):
        return
    listed = skips.reason(item.nodeid, worlds.is_real(), worlds.target().name)
    kind = worlds.RealWorld if worlds.is_real() else worlds.SimWorld
    lacking: list[str] = []
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    if needed:
        made = kind(worlds.target(), fallback=worlds.is_fallback())
        lacking = [name for name in needed if not made.has(name)]
    if lacking and listed is None:
        pytest.fail(f"needs {', '.join(lacking)}, and skips.toml does not allow a skip here")
    if listed is not None and not lacking:
        pytest.fail("skips.toml lists this test, but everything it needs is here")
    if listed is not None:
        pytest.skip(listed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if not _ours(item):
        return report
    listed = skips.reason(item.nodeid, worlds.is_real(), worlds.target().name)
    if report.skipped and (listed is None or report.when != "setup"):
        report.outcome = "failed"
        report.longrepr = f"skipped other than by skips.toml: {report.longrepr}"
    known = _outcomes.setdefault(item.nodeid, {"outcome": "passed", "reason": ""})
    if report.failed and known["outcome"] != "failed":
        known["outcome"] = "failed"
        known["reason"] = f"{report.when}: {str(report.longrepr).strip().splitlines()[-1]}"
    elif report.skipped:
        known.update(outcome="skipped", reason=listed)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--contract-outcomes")
    if path:
        text = json.dumps(_outcomes, indent=1, sort_keys=True)
        Path(path).write_text(text + "\n")
    if _stale and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    world = "real Xen" if worlds.is_real() else "simulated"
    fallback = ", no buffer device" if worlds.is_fallback() else ""
    terminalreporter.write_line(f"contract: {world}, {worlds.target().name}{fallback}")
    for entry in _stale:
        terminalreporter.write_line(f"FAILED skips.toml: matches no test: {entry}", red=True)
