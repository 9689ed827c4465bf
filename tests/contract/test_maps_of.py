"""Maps of a domain: listed, and let go when it dies."""

from __future__ import annotations

import pytest

import xensys
from tests.contract.worlds import FRAME


def test_foreign_and_resource_mappings_are_listed_by_domain(world):
    xen = world.xen
    domid = world.paused.domid
    assert xen.maps_of(domid) == ()
    with (
        xen.foreign.map(domid, world.paused.frames(3)) as one,
        xen.foreign.map(world.running.domid, world.running.frames(1)) as other,
        xen.resources.map(domid, 1, frames=1) as table,
    ):
        maps = xen.maps_of(domid)
        assert set(maps) == {one, table}
        assert maps.pages == 4
        assert maps.domid == domid
        assert set(xen.maps_of(world.running.domid)) == {other}
        assert "2 mapping(s), 4 page(s)" in repr(maps)
    assert xen.maps_of(domid) == ()


def test_each_run_of_a_partial_mapping_is_listed(world):
    xen = world.xen
    frames = [*world.paused.frames(2), world.paused.hole, *world.paused.frames(1)]
    with xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert set(xen.maps_of(world.paused.domid)) == {run for _, run in found.runs}
        assert len(found.runs) == 2
    assert xen.maps_of(world.paused.domid) == ()


def test_what_is_forgotten_is_not_listed(world):
    xen = world.xen
    mapping = xen.foreign.map(world.paused.domid, world.paused.frames(1))
    with pytest.warns(ResourceWarning):
        del mapping
    assert xen.maps_of(world.paused.domid) == ()


def test_close_refuses_views_and_release_takes_them(world):
    xen = world.xen
    domid = world.paused.domid
    one = xen.foreign.map(domid, world.paused.frames(1))
    two = xen.foreign.map(domid, world.paused.frames(1))
    view = one.view()
    with pytest.raises(BufferError):
        xen.maps_of(domid).close()
    assert not one.closed
    assert two.closed
    assert xen.release(domid) == 1
    assert one.closed
    assert bytes(view[:]) == bytes(FRAME)
    view.release()
    assert xen.release(domid) == 0
    assert world.mapped_ranges() == []


def test_a_dead_domain_is_a_zombie_until_it_is_released(world):
    xen = world.xen
    with world.throwaway() as guest:
        mapping = xen.foreign.map(guest.domid, guest.frames(2))
        view = mapping.view()
        guest.destroy()
        assert set(xen.maps_of(guest.domid)) == {mapping}
        # It is there for as long as its memory is held.
        assert xen.memory_op.current_reservation(guest.domid) >= 2
        assert xen.release(guest.domid) == 1
        assert world.wait_until_gone(guest.domid)
        assert bytes(view[:]) == bytes(2 * FRAME)
        view.release()
    assert xen.maps_of(guest.domid) == ()


def test_a_watch_releases_the_dead(world):
    xen = world.xen
    with world.throwaway() as guest, xen.domains.watch() as watch:
        kept = xen.foreign.map(world.paused.domid, world.paused.frames(1))
        mapping = xen.foreign.map(guest.domid, guest.frames(1))
        guest.destroy()
        released: dict[int, int] = {}
        for _ in range(20):
            released |= watch.release_dead(timeout=5)
            if guest.domid in released:
                break
        assert released == {guest.domid: 1}
        assert mapping.closed
        assert not kept.closed
        assert world.wait_until_gone(guest.domid)
        kept.close()


def test_maps_of_a_closed_xen_is_a_value_error(world):
    xen = world.open()
    xen.close()
    with pytest.raises(ValueError, match="closed"):
        xen.maps_of(1)
    assert xensys.probe(world.kernel).xen
