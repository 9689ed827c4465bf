"""Maps of a domain: granted ones, and the simulator's zombies."""

from __future__ import annotations

import asyncio

import pytest

import xensys
from xensys.sim import Machine
from xensys.store import aio

#: Seconds after which a test is taken for hung.
GUARD = 60


@pytest.fixture
def machine():
    return Machine()


def test_granted_mappings_are_listed_for_every_granter(machine):
    one, two = machine.domains[1], machine.domains[2]
    refs = [one.grants.give(0, one.first_gfn), two.grants.give(0, two.first_gfn)]
    with xensys.open(kernel=machine.dom0) as xen, xen.grants.map([1, 2], refs) as both:
        assert tuple(xen.maps_of(1)) == (both,)
        assert tuple(xen.maps_of(2)) == (both,)
        assert xen.maps_of(1).pages == 1


def test_zombies_go_with_the_last_release(machine):
    guest = machine.domains[1]
    ref = guest.grants.give(0, guest.first_gfn)
    with xensys.open(kernel=machine.dom0) as xen:
        held = [xen.foreign.map(1, range(4)), xen.grants.map(1, [ref]), xen.resources.map(1, 1, frames=1)]
        guest.destroy()
        assert machine.zombies() == [guest]
        assert xen.release(1) == len(held)
        assert machine.zombies() == []
        assert xen.maps_of(1) == ()


def test_a_domid_that_is_used_again_is_told_apart_by_being_released(machine):
    with xensys.open(kernel=machine.dom0) as xen, xen.domains.watch() as watch:
        mapping = xen.foreign.map(1, range(1))
        machine.domains[1].destroy()
        assert watch.release_dead() == {1: 1}
        assert mapping.closed
        machine.add_domain(domid=1)
        with xen.foreign.map(1, range(1)) as new:
            assert watch.release_dead() == {}
            assert not new.closed


def test_an_asynchronous_watch_lets_go_of_the_dead_too(machine):
    async def work():
        with xensys.open(kernel=machine.dom0) as xen:
            async with aio.open(kernel=machine.dom0) as store, xen.domains.aio(store).watch() as watch:
                mapping = xen.foreign.map(1, range(1))
                assert await watch.release_dead() == {}
                machine.domains[1].destroy()
                assert await watch.release_dead(GUARD) == {1: 1}
                assert mapping.closed

    asyncio.run(work())
