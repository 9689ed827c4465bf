"""argo_op between dom0 and a guest: messages into the guest's ring, and where dom0 can have one, back.

A PV dom0 does not know its frames' numbers, so there only the guest listens.
"""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract import argopages
from tests.contract.worlds import PATIENCE
from tests.twodomains.peers import PeerError
from xensys.abi.xen import VIRQ_ARGO
from xensys.hypercalls.argo_op import DOMID_ANY, ArgoRing

DOM0 = 0
PORT, OTHER = 0x52, 0x53
#: Two pages.
LENGTH = 8192 - 64
#: The longest message: one slot stays free, and there is a header.
ROOM = LENGTH - 32


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def op(world):
    return world.xen.argo_op


@pytest.fixture
def peer(world, op):
    """The guest, or None: this Xen has no argo."""
    if argopages.is_built(world):
        return world.peer()
    with refused(errno.ENOSYS):
        op.sendv(world.paused.domid, PORT, [b"hello"])
    return None


def text(size):
    return bytes(index * 7 + size & 0xFF for index in range(size))


def test_dom0_sends_and_the_guest_reads(op, peer):
    if peer is None:
        return
    with refused(errno.ECONNREFUSED):
        op.sendv(peer.domid, PORT, [b"too early"])
    ring = peer.argo_ring(PORT, DOM0, LENGTH)
    assert peer.argo_receive(ring) is None
    sent = op.sendv(peer.domid, PORT, [b"hello ", b"", b"guest"], source_port=7, message_type=9)
    assert sent == 11
    assert op.sendv(peer.domid, PORT, []) == 0
    assert peer.argo_receive(ring) == [DOM0, 7, 9, b"hello guest"]
    assert peer.argo_receive(ring) == [DOM0, 0, 0, b""]
    assert peer.argo_receive(ring) is None
    with refused(errno.ECONNREFUSED):
        op.sendv(peer.domid, OTHER, [b"nobody there"])
    peer.release(ring)
    with refused(errno.ECONNREFUSED):
        op.sendv(peer.domid, PORT, [b"too late"])


def test_messages_of_all_sizes_go_round_the_ring(op, peer):
    if peer is None:
        return
    ring = peer.argo_ring(PORT, DOM0, LENGTH)
    for size in (*range(1000, 1040, 3), 4096, 5000, ROOM - 1, ROOM, 1):
        message = text(size)
        assert op.sendv(peer.domid, PORT, [message[:10], message[10:]]) == size
        assert peer.argo_receive(ring) == [DOM0, 0, 0, message]
    for index in range(20):
        op.sendv(peer.domid, PORT, [text(index)])
    assert [peer.argo_receive(ring)[3] for _ in range(20)] == [text(index) for index in range(20)]
    with refused(errno.EMSGSIZE):
        op.sendv(peer.domid, PORT, [bytes(ROOM + 1)])
    assert peer.argo_receive(ring) is None


def test_room_is_told_of(op, peer):
    if peer is None:
        return
    (known,) = op.notify([(peer.domid, PORT, 1)])
    assert not known.exists
    ring = peer.argo_ring(PORT, DOM0, LENGTH)
    (known,) = op.notify([(peer.domid, PORT, 100)])
    assert (known.exists, known.empty, known.sufficient, known.shared) == (True, True, True, False)
    assert known.max_message_size == ROOM
    op.sendv(peer.domid, PORT, [bytes(1000)])
    enough, too_much = op.notify([(peer.domid, PORT, ROOM - 1024), (peer.domid, PORT, ROOM + 1)])
    assert (enough.empty, enough.sufficient, enough.too_long) == (False, True, False)
    assert (too_much.sufficient, too_much.too_long) == (False, True)
    peer.argo_receive(ring)


def test_both_are_signalled(world, op, peer):
    """The guest of a message, dom0 of room for the next."""
    if peer is None:
        return
    theirs, _ = peer.bind_virq(VIRQ_ARGO)
    ring = peer.argo_ring(PORT, DOM0, LENGTH)
    with world.xen.events.bind_virq(VIRQ_ARGO) as port:
        waits = peer.begin("wait", theirs)
        op.sendv(peer.domid, PORT, [bytes(ROOM)])
        assert waits.result() is True
        with refused(errno.EAGAIN):
            op.sendv(peer.domid, PORT, [b"more"])
        assert world.xen.events.wait(0) == []
        assert len(peer.argo_receive(ring)[3]) == ROOM
        # Xen looks for who waits when the ring's owner says that it has read.
        assert peer.argo_notify([]) == []
        assert world.xen.events.wait(PATIENCE) == [port]
        assert op.sendv(peer.domid, PORT, [b"more"]) == 4
    assert peer.argo_receive(ring)[3] == b"more"


def test_a_ring_for_all_and_one_for_dom0(op, peer):
    # These targets are booted with mac-permissive=1.
    if peer is None:
        return
    shared = peer.argo_ring(PORT, DOMID_ANY, LENGTH)
    assert op.notify([(peer.domid, PORT, 1)])[0].shared
    op.sendv(peer.domid, PORT, [b"to all's"])
    own = peer.argo_ring(PORT, DOM0, LENGTH)
    assert not op.notify([(peer.domid, PORT, 1)])[0].shared
    op.sendv(peer.domid, PORT, [b"to ours"])
    assert peer.argo_receive(shared)[3] == b"to all's"
    assert peer.argo_receive(shared) is None
    assert peer.argo_receive(own)[3] == b"to ours"


def test_a_ring_of_the_guests_for_somebody_else(world, op, peer):
    if peer is None:
        return
    if world.target.silo:
        # Guests are kept apart.
        with pytest.raises(PeerError) as caught:
            peer.argo_ring(PORT, world.paused.domid, LENGTH)
        assert caught.value.errno == errno.EPERM
        return
    ring = peer.argo_ring(PORT, world.paused.domid, LENGTH)
    assert not op.notify([(peer.domid, PORT, 1)])[0].exists
    with refused(errno.ECONNREFUSED):
        op.sendv(peer.domid, PORT, [b"not for us"])
    assert peer.argo_receive(ring) is None


def test_the_guest_sends_and_dom0_reads_and_answers(world, op, peer):
    if peer is None:
        return
    if not argopages.has_frames(world):
        # dom0 cannot listen; the guest is told so.
        with pytest.raises(PeerError) as caught:
            peer.argo_send(DOM0, PORT, [b"hello"])
        assert caught.value.errno == errno.ECONNREFUSED
        return
    theirs = peer.argo_ring(OTHER, DOM0, LENGTH)
    with argopages.ring(world, LENGTH) as (memory, frames), world.xen.events.bind_virq(VIRQ_ARGO) as port:
        op.register_ring(PORT, peer.domid, frames, LENGTH, fail_exist=True, hazardous=True)
        try:
            reader = ArgoRing(memory, LENGTH)
            assert peer.argo_notify([(DOM0, PORT, 10)]) == [[True, True, True, ROOM]]
            assert peer.argo_send(DOM0, PORT, [b"hello ", b"dom0"], source_port=OTHER, message_type=3) == 10
            assert world.xen.events.wait(PATIENCE) == [port]
            message = reader.receive()
            assert (message.domid, message.port, message.message_type) == (peer.domid, OTHER, 3)
            assert message.data == b"hello dom0"
            op.sendv(message.domid, message.port, [message.data.upper()], source_port=PORT)
            assert peer.argo_receive(theirs) == [DOM0, PORT, 0, b"HELLO DOM0"]
            assert reader.receive() is None
            reader.close()
        finally:
            op.unregister_ring(PORT, peer.domid, hazardous=True)
