"""Restriction: a `Xen` that is given up but for one domain, and what is refused afterwards."""

from __future__ import annotations

import errno
import os

import pytest

import xensys
from tests.contract.worlds import FRAME
from xensys.devices.evtchn import Evtchn
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd

DOMID_IDLE = 0x7FFF


def opened(world):
    """A Xen with every device open that it can have."""
    xen = world.xen
    xen.version()
    assert not xen.events.wait(0)
    assert xen.grants.gntdev is not None
    assert xen.grants.gntalloc is not None
    assert xen.store.directory("/")
    return xen


def test_says_of_each_device_what_became_of_it(world):
    xen = opened(world)
    said = xen.restrict(world.paused.domid)
    assert said.domid == world.paused.domid
    assert said.devices == {
        "privcmd": "restricted",
        "evtchn": "restricted",
        "hypercall": "absent" if world.fallback else "replaced",
        "gntdev": "replaced",
        "gntalloc": "replaced",
        "xenbus": "replaced",
    }
    assert said.errors == {}
    assert xen.restriction is said
    assert f"restricted to domain {said.domid}" in repr(xen)


def test_that_domains_memory_and_resources_can_still_be_mapped(world):
    xen = opened(world)
    domid = world.paused.domid
    xen.restrict(domid)
    with xen.foreign.map(domid, world.paused.frames(2), write=True) as mapping:
        was = mapping[0:4]
        mapping[0:4] = b"here"
        assert mapping[0:4] == b"here"
        mapping[0:4] = was
    with xen.resources.map(domid, 1, frames=1) as table:
        assert len(table) == FRAME
    assert xen.privcmd.dm_op(domid, ()) == 0


def test_another_domains_are_refused_and_the_error_says_why(world):
    xen = opened(world)
    xen.restrict(world.paused.domid)
    other = world.running.domid
    for use in (
        lambda: xen.foreign.map(other, world.running.frames(1)),
        lambda: xen.foreign.map(other, world.running.frames(1), partial=True),
        lambda: xen.resources.size(other, 1),
        lambda: xen.privcmd.dm_op(other, ()),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            use()
        assert caught.value.errno == errno.EPERM
        assert f"restricted to domain {world.paused.domid}" in caught.value.hint
    assert world.mapped_ranges() == []


def test_hypercalls_are_refused_even_about_that_domain(world):
    xen = opened(world)
    domid = world.paused.domid
    xen.restrict(domid)
    for use in (
        xen.version,
        lambda: xen.memory_op.current_reservation(domid),
        lambda: xen.grant_table_op.query_size(domid),
        lambda: xen.event_channel_op.status(1),
        lambda: xen.hypercall(17, 0),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            use()
        assert caught.value.errno == errno.EPERM
        assert f"restricted to domain {domid}" in caught.value.hint
        assert isinstance(caught.value, PermissionError)


def test_grants_and_xenstore_are_refused_and_never_with_ENOTTY(world):
    xen = opened(world)
    grants, store = xen.grants, xen.store
    watch = store.watch("/local")
    domid = world.paused.domid
    xen.restrict(domid)
    for use in (
        lambda: grants.map(domid, [1]),
        lambda: grants.share(domid),
        lambda: grants.copy_from(domid, 1, 0, 16),
        lambda: xen.grants.share(domid),
        lambda: store.read("/local"),
        lambda: store.transaction(),
        lambda: store.watch("/tool"),
        lambda: xen.store.read("/local"),
        lambda: xen.domains.get(0),
        lambda: watch.get(0),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            use()
        assert caught.value.errno == errno.EPERM
        assert f"restricted to domain {domid}" in caught.value.hint
    watch.close()


def test_new_ports_are_refused_but_to_that_domain(world):
    xen = opened(world)
    old = xen.events.bind_unbound(0x7FF0)
    domid = world.paused.domid
    xen.restrict(domid)
    for use in (
        lambda: xen.events.bind_unbound(domid),
        lambda: xen.events.bind_virq(1),
        lambda: xen.events.bind_interdomain(world.running.domid, 1),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            use()
        assert caught.value.errno == errno.EACCES
        assert f"restricted to domain {domid}" in caught.value.hint
    with pytest.raises(xensys.XenError) as caught:
        # Let through by Linux; Xen has no such port waiting for us.
        xen.events.bind_interdomain(domid, 4000)
    assert caught.value.errno == errno.EINVAL
    # What there was stays.
    old.notify()
    old.close()


def test_what_is_opened_afterwards_is_restricted_or_refused(world):
    xen = world.xen
    domid = world.paused.domid
    assert xen.restrict(domid).devices == {
        "privcmd": "restricted when opened",
        "evtchn": "restricted when opened",
        "hypercall": "refused",
        "gntdev": "refused",
        "gntalloc": "refused",
        "xenbus": "refused",
    }
    assert xen.privcmd.restricted
    assert xen.restriction.devices["privcmd"] == "restricted"
    with pytest.raises(xensys.XenPermissionError, match=f"restricted to domain {domid}"):
        xen.privcmd.dm_op(world.running.domid, ())
    with pytest.raises(xensys.XenPermissionError, match=f"restricted to domain {domid}"):
        xen.events.bind_unbound(domid)
    assert xen.restriction.devices["evtchn"] == "restricted"
    for use in (
        xen.version,
        lambda: xen.buffers.alloc(16),
        lambda: xen.grants,
        lambda: xen.store,
    ):
        with pytest.raises(xensys.XenPermissionError, match=f"restricted to domain {domid}"):
            use()
    with xen.foreign.map(domid, world.paused.frames(1)) as mapping:
        assert len(mapping) == FRAME


def test_the_same_domain_again_is_nothing_and_another_is_EINVAL(world):
    xen = opened(world)
    first = xen.restrict(world.paused.domid)
    assert xen.restrict(world.paused.domid) is first
    with pytest.raises(xensys.XenError) as caught:
        xen.restrict(world.running.domid)
    assert caught.value.errno == errno.EINVAL
    assert f"domain {world.paused.domid} already" in caught.value.hint
    assert xen.restriction is first


def test_a_handle_that_is_bound_elsewhere_makes_it_fail_and_change_nothing(world):
    handle = Privcmd.open(world.kernel)
    handle.restrict(world.running.domid)
    from xensys.xen import Xen

    with Xen(world.kernel, privcmd=handle) as xen:
        before = xen.store.directory("/")
        with pytest.raises(xensys.XenError) as caught:
            xen.restrict(world.paused.domid)
        assert caught.value.errno == errno.EINVAL
        assert xen.restriction is None
        assert xen.store.directory("/") == before
        assert xen.restrict(world.running.domid).devices["privcmd"] == "restricted"


def test_mappings_stay_and_can_be_closed(world):
    xen = opened(world)
    domid = world.paused.domid
    foreign = xen.foreign.map(world.running.domid, world.running.frames(1))
    share = xen.grants.share(domid, write=True)
    share[0:4] = b"mine"
    said = foreign[0:64]
    buffer = None if world.fallback else xen.buffers.alloc(64)
    xen.restrict(domid)
    assert share[0:4] == b"mine"
    assert len(said) == len(foreign[0:64])
    if buffer is not None:
        buffer[0:4] = b"stay"
        assert buffer[0:4] == b"stay"
        buffer.free()
    share.close()
    foreign.close()
    assert world.mapped_ranges() == []


def test_another_xen_is_not_touched(world):
    other = world.open()
    other.version()
    opened(world).restrict(world.paused.domid)
    assert other.version() == world.target.xen
    assert other.store.directory("/")


@pytest.mark.parametrize("domid", [-1, 0x7FF0, 0x7FF4, 1 << 16])
def test_what_is_no_domains_number_is_an_overflow(world, domid):
    with pytest.raises(OverflowError, match="restrict.domid"):
        world.xen.restrict(domid)
    assert world.xen.restriction is None


# --- one handle ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [HypercallMemory, Gntdev, Gntalloc])
def test_a_device_without_restriction_is_replaced_by_dev_null(world, kind):
    if kind is HypercallMemory and world.fallback:
        return  # there is none
    handle = kind.open(world.kernel)
    fd = handle.fileno()
    keep = os.dup(fd)
    handle.restrict(world.paused.domid)
    assert handle.restricted_to == world.paused.domid
    with pytest.raises(xensys.XenPermissionError, match=f"restricted to domain {world.paused.domid}"):
        handle.fileno()
    assert "given up" in repr(handle)
    handle.restrict(world.paused.domid)
    with pytest.raises(xensys.XenError) as caught:
        handle.restrict(world.running.domid)
    assert caught.value.errno == errno.EINVAL
    handle.close()
    with pytest.raises(ValueError, match="closed"):
        handle.fileno()
    os.close(keep)


def test_an_adopted_descriptor_becomes_dev_nulls(world):
    owner = Gntdev.open(world.kernel)
    borrowed = Gntdev.adopt(owner.fileno(), world.kernel, close=False)
    borrowed.restrict(world.paused.domid)
    assert os.path.samestat(os.fstat(owner.fileno()), os.stat("/dev/null"))
    assert not os.get_inheritable(owner.fileno())
    owner.close()


def test_evtchn_is_restricted_by_its_driver(world):
    with Evtchn.open(world.kernel) as handle:
        handle.restrict(world.paused.domid)
        assert handle.restricted_to == world.paused.domid
        handle.restrict(world.paused.domid)
        with pytest.raises(xensys.XenPermissionError) as caught:
            handle.restrict_domid(world.paused.domid)
        assert caught.value.errno == errno.EACCES
        with pytest.raises(xensys.XenError) as refused:
            handle.restrict(world.running.domid)
        assert refused.value.errno == errno.EINVAL


def test_evtchn_cannot_be_restricted_to_dom0_so_it_is_lost(world):
    xen = opened(world)
    said = xen.restrict(0)
    assert said.devices["evtchn"] == "lost"
    assert said.errors == {"evtchn": errno.EINVAL}
    with pytest.raises(xensys.XenPermissionError, match="which this device refused"):
        xen.events.bind_unbound(0)
    assert said.devices["privcmd"] == "restricted"


def test_privcmd_tells_whether_it_is_restricted_and_what_to(world):
    with Privcmd.open(world.kernel) as handle:
        assert not handle.restricted
        assert handle.allows(world.paused.domid)
        assert handle.restricted_to is None
        handle.restrict(world.paused.domid)
        assert handle.restricted
        assert handle.restricted_to == world.paused.domid
        assert handle.allows(world.paused.domid)
        assert not handle.allows(world.running.domid)
        assert not handle.allows(DOMID_IDLE)
        # Somebody else's handle on the same file does not know, and asks.
        with Privcmd.adopt(os.dup(handle.fileno()), world.kernel) as other:
            assert other.restricted_to is None
            assert other.restricted


def test_device_model_works_for_its_domain_and_for_no_other(world):
    """A throwaway as the one domain: what a device model needs is left, and that it dies is seen."""
    with world.throwaway() as guest:
        xen = opened(world)
        xen.restrict(guest.domid)
        with xen.foreign.map(guest.domid, guest.frames(4), write=True) as memory:
            memory[0:8] = b"emulated"
            assert memory[0:8] == b"emulated"
        guest.destroy()
        with pytest.raises(xensys.ForeignMapError):
            xen.foreign.map(guest.domid, guest.frames(1))
