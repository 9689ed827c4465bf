"""Only where there is a real Xen, and C's library with it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

import xensys

_HERE = Path(__file__).parent
#: Seconds after which something that must happen has not: dom0 is emulated.
PATIENCE = 300.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "XENBOX_TARGET" in os.environ:
        return
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="C's library needs a real Xen: see tests/interop"))


@pytest.fixture
def xen() -> Iterator[xensys.Xen]:
    """This machine's Xen."""
    with xensys.open() as opened:
        yield opened


@pytest.fixture
def place(xen: xensys.Xen) -> Iterator[str]:
    """A path of the test's own."""
    path = f"/interop-{secrets.token_hex(6)}"
    yield path
    xen.store.rm(path)
