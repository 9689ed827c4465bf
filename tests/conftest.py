"""What all tiers of tests share: next to nothing."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell without job control starts what it puts into the background: processes that
        # tests start and interrupt would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    path = config.getoption("--contract-outcomes")
    if path:
        # What the tests did goes into the same file; see there.
        from pathlib import Path

        from tests.recording import Recorder

        config.pluginmanager.register(Recorder(Path(path)), "recording")


def pytest_addoption(parser: pytest.Parser) -> None:
    # Here and not in tests/contract: options must be known before that is collected.
    parser.addoption(
        "--contract-outcomes",
        metavar="FILE",
        help="write what became of each contract test, as JSON for tests.contract.compare",
    )
