"""dm_op: what a guest, or Xen's own console, says of what was done to it.

Where the guest runs, it is its agent (tests/twodomains) that looks.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager

import pytest

import xensys
from tests.contract.accesses import (
    RESCHEDULE_VECTOR,
    Guests,
    guest_with_spis,
    lines,
    migrating,
    serve,
    waiting_spis,
)
from tests.contract.worlds import PATIENCE

RAM_RW, IOREQ = 0, 4
#: Where a message is sent so that the first processor gets it, as an edge.
APIC, EDGE = 0xFEE0_0000, 0x4000


@contextmanager
def refused(number):
    with pytest.raises(xensys.XenError) as caught:
        yield
    assert caught.value.errno == number


def is_x86(world):
    """Whether this is x86; elsewhere the operations are not there, as test_dm_op.py shows."""
    return world.target.arch == "x86_64"


def until(world, condition):
    """Wait for what another processor is to do."""
    deadline = world.kernel.monotonic() + PATIENCE
    while not condition():
        assert world.kernel.monotonic() < deadline
        world.kernel.sleep(0.05)


def test_a_message_interrupts_the_guest(world):
    if not is_x86(world):
        return
    guest = Guests(world)
    before = guest.rescheduled()
    for _ in range(3):
        world.xen.dm_op.inject_msi(guest.domid, APIC, EDGE | RESCHEDULE_VECTOR)
        now = before + 1
        until(world, lambda now=now: guest.rescheduled() >= now)
        assert guest.rescheduled() == now
        before = now


def test_what_the_guest_writes_is_dirty(world):
    if not is_x86(world):
        return
    dm_op, guest = world.xen.dm_op, Guests(world)
    page, gfn = guest.peer.live_page()
    try:
        assert dm_op.track_dirty_vram(guest.domid, gfn, 1) == b"\xff"
        # Of a guest that runs Xen may say so once more, whoever has written.
        assert dm_op.track_dirty_vram(guest.domid, gfn, 1) in (b"\0", b"\1")
        for number in range(3):
            assert dm_op.track_dirty_vram(guest.domid, gfn, 1) == b"\0"
            guest.peer.write(page, 0, b"%d" % number)
            assert dm_op.track_dirty_vram(guest.domid, gfn, 1) == b"\1"
    finally:
        assert dm_op.track_dirty_vram(guest.domid, 0, 0) == b""


def test_what_an_emulator_has_written_is_migrated(world):
    if not is_x86(world):
        return
    with world.throwaway() as guest:
        model = world.xen.device_model(guest.domid)
        first = guest.first + 0x200
        model.modified_memory([(first, 1)])  # nobody listens
        with migrating(world, guest.domid, 0x1000) as written:
            before = written()
            assert not before & set(range(first, first + 16))
            model.modified_memory([(first + 2, 3), (first + 9, 1)])
            assert written() - before == {first + 2, first + 3, first + 4, first + 9}
            with refused(errno.EINVAL):
                model.modified_memory([(guest.hole, 1)])


def test_writes_to_a_frame_of_its_type_reach_the_server(world):
    if not is_x86(world):
        return
    guest = Guests(world)
    model = world.xen.device_model(guest.domid)
    page, gfn = guest.peer.live_page()
    guest.peer.write(page, 0, b"as it was")
    with model.create_ioreq_server() as server:
        server.enable()
        server.map_mem_type()
        model.set_mem_type(IOREQ, gfn)
        # Whoever reads does so as ever.
        assert guest.peer.read(page, 0, 9) == b"as it was"
        access = guest.begin_write_to_own(page, gfn, 4, 0xDEAD_BEEF)
        (request,) = serve(world, server, 1)
        assert (request.kind, request.address, request.size) == (1, gfn * 4096 + 4, 4)
        assert (request.reads, request.data_is_pointer, request.data) == (False, False, 0xDEAD_BEEF)
        server.answer(request)
        assert access.result() == 0xDEAD_BEEF
        assert guest.peer.read(page, 0, 9) == b"as it was"
        # The type goes with the server that it leads to.
        server.map_mem_type(flags=0)
    guest.peer.write(page, 0, b"as it is!")
    assert guest.peer.read(page, 0, 9) == b"as it is!"


def test_lines_are_what_xens_own_dump_says(world):
    if not is_x86(world):
        return
    with world.throwaway() as guest:
        model = world.xen.device_model(guest.domid)
        assert lines(world, guest.domid) == []
        model.set_pci_intx_level(3, 1, True)
        model.set_pci_intx_level(31, 3, True)
        assert lines(world, guest.domid) == [("intx", 3, 1), ("intx", 31, 3)]
        model.set_pci_intx_level(3, 1, False)
        # Not one that a device is on: a PVH guest has nothing that it could lead to.
        model.set_pci_link_route(1, 5, hazardous=True)
        assert lines(world, guest.domid) == [("intx", 31, 3), ("link", 1, 5)]
        model.set_pci_link_route(1, 0)
        model.set_pci_intx_level(31, 3, False)
        assert lines(world, guest.domid) == []


def test_a_shared_interrupt_waits_for_its_guest(world):
    if is_x86(world) or not world.target.ioreq:
        return
    with guest_with_spis(world) as domid:
        model = world.xen.device_model(domid)
        assert waiting_spis(world, domid) == []
        model.set_irq_level(40, True)
        model.set_irq_level(33, True)
        assert waiting_spis(world, domid) == [33, 40]
        # To let go of one changes nothing: it has been seen.
        model.set_irq_level(40, False)
        assert waiting_spis(world, domid) == [33, 40]
        for irq in (31, 64):
            with refused(errno.EINVAL):
                model.set_irq_level(irq, True)
