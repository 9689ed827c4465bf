"""The `world` of a test, the skips that are allowed, and the export of outcomes."""

from __future__ import annotations

import gc
import json
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.contract import skips, storekit, worlds
from tests.daemons import differences, serving
from xensys.store import Store

#: What can be different without the buffers' device: who takes some, one of each way to do so.
_OF_BUFFERS = {
    *("test_buffers", "test_foreign", "test_foreign_lifetime", "test_hvm_op", "test_memory_op"),
    *("test_multicall", "test_peer_bugs", "test_privcmd", "test_probe", "test_raw_door", "test_resources"),
    *("test_xen_version", "test_last"),
}
#: Guests that run Python are made where the newest Xen is.
_TWO_DOMAINS = ["test_two_domains.py", "test_argo_two_domains.py", "test_dm_op_guest.py"]

_HERE = Path(__file__).parent
collect_ignore = [] if worlds.target().xen >= (4, 20) else _TWO_DOMAINS
if worlds.is_fallback():
    collect_ignore = [path.name for path in _HERE.glob("test_*.py") if path.stem not in _OF_BUFFERS]

_outcomes: dict[str, dict[str, str]] = {}
_stale: list[str] = []
_WHOLE_STORE = pytest.StashKey[bool]()
#: XenStore's tests; these ask for every difference between the daemons.
_STORE = {path.name for path in _HERE.glob("test_store*.py")}


@cache
def _daemon() -> differences.Daemon:
    """Who serves XenStore; the simulator does as the C daemon."""
    return differences.Daemon(serving.daemon() if worlds.is_real() else serving.XENSTORED)


@pytest.fixture
def daemon() -> differences.Daemon:
    """The daemon under test, for what daemons do differently; see tests/daemons."""
    return _daemon()


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
def raw(world: worlds.World, way: str) -> Iterator[storekit.Raw]:
    """Bytes to the daemon and from it."""
    with storekit.Raw(world, way) as client:
        yield client


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
    left_out = {Path(path).name for path in config.option.ignore or ()}
    if not worlds.is_fallback():
        left_out.update(collect_ignore)
    modules = {path.name for path in _HERE.glob("test_*.py")} - left_out
    collected = {item.path.name for item in ours}
    ids = [item.nodeid for item in ours]
    if whole and modules == collected:
        _stale.extend(f"skips.toml: matches no test: {entry}" for entry in skips.matching_nothing(ids))
    if whole and collected >= _STORE:
        entries = differences.matching_nothing(ids)
        _stale.extend(f"differences.toml: matches no test: {entry}" for entry in entries)
        config.stash[_WHOLE_STORE] = True


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
    _as_differences_say(item, call, report)
    known = _outcomes.setdefault(item.nodeid, {"outcome": "passed", "reason": ""})
    if report.failed and known["outcome"] != "failed":
        known["outcome"] = "failed"
        known["reason"] = f"{report.when}: {str(report.longrepr).strip().splitlines()[-1]}"
    elif report.skipped:
        known.update(outcome="skipped", reason=listed)
    return report


def _as_differences_say(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """On oxenstored a test that differences.toml lists must fail as it says."""
    failure = None
    if report.when == "call" and item.path.name in _STORE:
        failure = _daemon().failure(item.nodeid)
    if failure is None:
        return
    error = None if call.excinfo is None else f"{call.excinfo.typename}: {call.excinfo.value}"
    wrong = differences.judge(failure, error)
    report.outcome = "passed" if wrong is None else "failed"
    if wrong is not None:
        report.longrepr = f"{wrong}\n{report.longrepr or ''}\n{wrong}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash.get(_WHOLE_STORE, False) and session.exitstatus == 0:
        names = _daemon().asked_by_nobody()
        _stale.extend(f"differences.toml: no test asks for {name}" for name in names)
    path = session.config.getoption("--contract-outcomes")
    if path:
        text = json.dumps(_outcomes, indent=1, sort_keys=True)
        Path(path).write_text(text + "\n")
    if _stale and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    world = "real Xen" if worlds.is_real() else "simulated"
    fallback = ", no buffer device" if worlds.is_fallback() else ""
    serves = f", {_daemon().name}" if _daemon.cache_info().currsize else ""
    terminalreporter.write_line(f"contract: {world}, {worlds.target().name}{fallback}{serves}")
    for entry in _stale:
        terminalreporter.write_line(f"FAILED {entry}", red=True)
