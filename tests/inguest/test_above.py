"""What is built on XenStore, in a guest: a front end, the list of domains, the command line."""

from __future__ import annotations

import errno
import json
import secrets

import pytest

from tests.inguest.dom0 import PATIENCE
from tests.inguest.refusals import refused
from xensys.errors import NodeNotFoundError, StorePermissionError, StoreTimeoutError
from xensys.store import xenbus

# A front end


@pytest.fixture
def device(dom0):
    """The kind of a device that dom0's toolstack has made: number 0."""
    kind = f"contract{secrets.token_hex(4)}"
    dom0.make_device(kind, 0)
    yield kind
    dom0.remove_device(kind, 0)


def test_a_front_end_connects_parts_and_connects_again(store, dom0, device):
    front = xenbus.Frontend(store, device, 0)
    assert front.state == xenbus.INITIALISING
    dom0.serve(device, 0, 2)
    for turn in range(2):
        values = {"ring-ref": 100 + turn, "event-channel": 7 + turn, "protocol": "x86_64-abi"}
        front.connect(values, timeout=PATIENCE)
        assert front.state == front.peer_state == xenbus.CONNECTED
        assert front.peer_domid == 0
        assert front.peer_numbers("feature-contract") == (1,)
        front.close(timeout=PATIENCE)
        assert front.state == xenbus.CLOSED
    assert dom0.served() == [[[100 + turn], 7 + turn, "x86_64-abi"] for turn in range(2)]


def test_a_back_end_that_does_not_come_is_waited_for_in_vain(store, dom0, device):
    front = xenbus.Frontend(store, device, 0)
    with pytest.raises(StoreTimeoutError):
        front.connect({"ring-ref": 1, "event-channel": 2}, timeout=0.5)
    assert front.state == xenbus.INITIALISING


def test_a_back_end_that_closes(world, store, dom0, device):
    back = f"/local/domain/0/backend/{device}/{world.domid}/0"
    dom0.write(f"{back}/state", b"6")
    front = xenbus.Frontend(store, device, 0)
    with pytest.raises((xenbus.PeerClosedError, StoreTimeoutError)):
        front.connect({"ring-ref": 1, "event-channel": 2}, timeout=1)
    # The back end's directory is not ours.
    with refused(errno.EACCES, StorePermissionError):
        store.write(f"{back}/state", b"4")


def test_a_device_that_no_toolstack_made(store):
    front = xenbus.Frontend(store, "contract-none", 0)
    with refused(errno.ENOENT, NodeNotFoundError):
        front.connect({"ring-ref": 1}, timeout=PATIENCE)


# Domains


def test_domains(world):
    domains = world.xen().domains
    # A guest may not list them; what it may know is itself.
    with refused(errno.EACCES, StorePermissionError):
        list(domains)
    with refused(errno.EACCES, StorePermissionError):
        domains.watch().get(PATIENCE)
    own = domains[world.domid]
    assert own.domid == world.domid
    assert own.name == world.xen().store.read_text(f"{world.home}/name")
    for name in ("uuid", "state", "reservation", "maximum"):
        assert (getattr(own, name) is None) == (name in own.unknown), name


# The command line


def test_the_command_line_reads_writes_and_removes(world, store, place):
    assert world.cli("store", "write", f"{place}/a", "value", f"{place}/b", r"\x00\n") == (0, "")
    assert store.read(f"{place}/b") == b"\0\n"
    status, said = world.cli("store", "read", f"{place}/a")
    assert (status, said.strip()) == (0, "value")
    status, said = world.cli("store", "ls", place)
    assert (status, said.split()) == (0, ["a", "b"])
    status, said = world.cli("store", "read", "--json", f"{place}/a")
    assert status == 0
    assert "value" in json.dumps(json.loads(said))
    assert world.cli("store", "rm", f"{place}/a") == (0, "")
    assert not store.exists(f"{place}/a")


def test_the_command_line_says_what_may_not_be(world, theirs, place):
    status, said = world.cli("store", "read", theirs)
    assert status == 1
    assert "EACCES" in said or "Permission denied" in said
    status, said = world.cli("store", "read", f"{place}/none")
    assert status == 1
    assert f"{place}/none" in said


def test_the_command_line_watches(world, place):
    status, said = world.cli("store", "watch", place, "--count", "1", "--timeout", "60")
    assert (status, said.strip()) == (0, place)


def test_the_command_line_shows_the_tree_of_home(world):
    status, said = world.cli("store", "tree", world.home)
    assert "domid" in said
    assert str(world.domid) in said
    assert status in (0, 1), said
