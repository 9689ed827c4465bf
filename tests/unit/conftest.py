"""What the simulator's own tests share."""

from __future__ import annotations

import gc

import pytest
import storepeer
from simraw import Raw
from storeraw import SOCKET, XENBUS, Client

from xensys.sim import Machine
from xensys.store import Store


def pytest_collection_finish():
    """Have collections look at what tests make, and not at 12,000 of them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory):
    """Interpreters that tests start leave each other what they have compiled: that takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


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


@pytest.fixture
def dom0(machine):
    """Bytes between dom0 and the simulated xenstored, which must be in order afterwards."""
    client = Client(machine.dom0)
    yield client
    machine.store.check()


@pytest.fixture
def bus(machine):
    """The same over the kernel's device."""
    return Client(machine.dom0, XENBUS)


@pytest.fixture(params=[SOCKET, XENBUS], ids=["socket", "xenbus"])
def either(machine, request):
    """Each of the two."""
    return Client(machine.dom0, request.param)


@pytest.fixture
def xs(machine):
    """dom0's XenStore."""
    with Store.open(kernel=machine.dom0) as store:
        yield store


@pytest.fixture
def wire():
    """A client, and its daemon by hand."""
    store, peer = storepeer.connect()
    with store:
        yield store, peer
    peer.close()
