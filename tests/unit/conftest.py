"""What the simulator's own tests share."""

from __future__ import annotations

import pytest
from simraw import Raw

from xensys.sim import Machine


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def guest(machine):
    return machine.domains[1]


@pytest.fixture
def raw(machine):
    """dom0's view, which must break none of P1's rules."""
    raw = Raw(machine.dom0)
    yield raw
    assert machine.violations == []


@pytest.fixture
def domu(machine):
    """A guest's own view."""
    return Raw(machine.domains[1].kernel(unrestricted=True))


@pytest.fixture
def arm():
    return Raw(Machine(arch="arm64").dom0)
