"""The simulated Xen's ioreq servers: pages in a domain's own memory, and vCPUs whose server goes."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM

import pytest
from simraw import Raw, refused
from test_sim_dm_op import Model

from xensys.sim import Machine, SimulatorGap, SimulatorMisuse
from xensys.sim.ioreq import wake


@pytest.fixture
def model(raw):
    return Model(raw)


@pytest.fixture
def arm_model():
    return Model(Raw(Machine(arch="arm64", ioreq_server=True).dom0))


def test_who_waits_when_a_server_goes_does_so_for_ever(model, raw, machine):
    guest, number = machine.domains[1], model.create()
    raw.resource(1, 0, number, 1, 1, raw.fresh(1))
    model(3, "HHIQQ", number, 0, 1, 0x9000_0000, 0x9000_0FFF)
    model(5, "HBB", number, 1, 0)
    access = guest.io("memory", 0x9000_0000, 4)
    # Answered, but not told.
    guest.ioreq_servers[number].set_state(0, 3)
    assert not access.done
    model(6, "HH", number, 0)
    assert not access.done
    with pytest.raises(SimulatorMisuse, match="waits"):
        assert access.value


def test_a_vcpu_that_is_woken_after_its_server_went(model, arm_model):
    for each, what in [(model, SimulatorGap), (arm_model, SimulatorMisuse)]:
        guest = each.raw.kernel.domain.machine.domains[1]
        number = each.create()
        each.raw.resource(1, 0, number, 1, 1, each.raw.fresh(1))
        each(3, "HHIQQ", number, 0, 1, 0x9000_0000, 0x9000_0FFF)
        each(5, "HBB", number, 1, 0)
        access = guest.io("memory", 0x9000_0000, 4)
        each(6, "HH", number, 0)
        with pytest.raises(what):
            wake(guest, 0)
        assert not access.done


def info(model, number):
    """The two frames."""
    return model(2, "HHIQQ", number, 0, 0, 0, 0)[3:]


def test_pages_in_the_domains_memory(model, arm_model, raw, machine):
    guest, number = machine.domains[1], model.create(1)
    guest.hvm_params.update({32: 0xF00, 33: 3})
    guest.memory.write(0xF00 << 12, b"was here")
    slots = [guest.memory.slot(gfn) for gfn in (0xF00, 0xF01)]
    for _ in range(2):
        assert info(model, number) == (0xF00, 0xF01)
    # They are the domain's until the server is enabled.
    assert guest.memory.read(0xF00 << 12, 8) == b"was here"
    model(5, "HBB", number, 1, 0)
    assert [guest.memory.slot(gfn) for gfn in (0xF00, 0xF01)] == [None, None]
    assert struct.unpack_from("<I", guest.ioreq_servers[number].read_slot(0), 24)[0]
    # What Xen frees when it is asked for a second one, as a resource, is the domain's.
    with pytest.raises(SimulatorMisuse, match="free them"):
        raw.resource(1, 0, number, 1, 1, raw.fresh(1))
    # They come back empty, and can be had again when the server is gone.
    model(6, "HH", number, 0)
    assert [guest.memory.slot(gfn) for gfn in (0xF00, 0xF01)] == slots
    assert guest.memory.read(0xF00 << 12, 8) == bytes(8)
    assert info(model, model.create(0)) == (0xF00, 0)
    raw.resource(1, 0, other := model.create(), 1, 1, raw.fresh(1))
    with refused(EPERM):
        info(model, other)
    with refused(EOPNOTSUPP):
        arm_model(2, "HHIQQ", arm_model.create(), 0, 0, 0, 0)


def set_aside(raw):
    """HVM_PARAM_IOREQ_PFN and _BUFIOREQ_PFN, as toolstacks do."""
    for index, value in [(5, 0xF10), (6, 0xF11)]:
        struct.pack_into("<HHIQ", raw.page, 0, 1, 0, index, value)
        assert raw.call(34, 0, raw.at) == 0


def test_pages_in_the_memory_of_a_domain_that_has_set_none_aside(model):
    with refused(ENOMEM):
        info(model, model.create())


def test_the_two_old_pages(model, raw):
    set_aside(raw)
    first, second = model.create(1), model.create()
    assert info(model, first) == (0xF10, 0xF11)
    with refused(ENOMEM):
        info(model, second)
    model(6, "HH", first, 0)
    assert info(model, second) == (0xF10, 0)
    # One is left, which is one too few; it is given back.
    both = model.create(1)
    with refused(ENOMEM):
        info(model, both)
    assert info(model, model.create()) == (0xF11, 0)


def test_the_two_old_pages_of_an_older_xen():
    raw = Raw(Machine(xen=(4, 17)).dom0)
    model, guest = Model(raw), raw.kernel.domain.machine.domains[1]
    first, second = model.create(1), model.create()
    # Parameters that nobody has set: frame 0 is had by all.
    assert info(model, first) == (0, 0)
    assert info(model, second) == (0, 0)
    model(5, "HBB", second, 1, 0)
    # The other one's page is no longer there to be removed.
    model(5, "HBB", first, 1, 0)
    assert guest.shutdown_reason == 3


def test_the_two_old_pages_of_an_older_xen_while_they_are_free():
    raw = Raw(Machine(xen=(4, 17)).dom0)
    model = Model(raw)
    set_aside(raw)
    number = model.create(1)
    with refused(ENOMEM):
        info(model, number)
    assert info(model, number) == (0xF10, 0xF10)
    model(6, "HH", number, 0)
    assert info(model, model.create(0)) == (0xF11, 0)


def test_no_such_page(model, machine):
    guest, number = machine.domains[1], model.create(1)
    guest.hvm_params.update({32: 0xF00, 33: 2})
    guest.memory.punch([0xF01])
    with refused(EINVAL):
        info(model, number)
    assert not guest.ioreq_gfns
    guest.page_out([0xF00])
    with refused(ENOENT):
        info(model, number)
    assert not guest.ioreq_gfns
