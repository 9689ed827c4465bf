"""argo_op: messages through rings that Xen writes; the targets "-full" have it, others answer ENOSYS."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract import argopages
from tests.contract.worlds import NEVER, PATIENCE, SELF
from xensys.abi.xen import VIRQ_ARGO
from xensys.hypercalls.argo_op import DOMID_ANY, ArgoRing, RingData, ring_pages

PORT = 0x51
LENGTH = 8192 - 64


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def op(world):
    return world.xen.argo_op


CALLS = {
    "register_ring": lambda op, **flag: op.register_ring(PORT, 0, [1], 64, **flag),
    "unregister_ring": lambda op, **flag: op.unregister_ring(PORT, 0, **flag),
    "sendv": lambda op: op.sendv(0, PORT, [b"hello"]),
    "notify": lambda op: op.notify(),
}
HAZARDS = ("register_ring", "unregister_ring")


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_need_the_flag(op, name):
    with pytest.raises(xensys.HazardError) as caught:
        CALLS[name](op)
    assert caught.value.via == ""


@pytest.mark.parametrize("name", CALLS)
def test_without_CONFIG_ARGO_it_is_ENOSYS(world, op, name):
    if argopages.is_built(world):
        assert op.notify() == []
        return
    flag = {"hazardous": True} if name in HAZARDS else {}
    with pytest.raises(xensys.NotSupportedError) as caught:
        CALLS[name](op, **flag)
    assert caught.value.errno == errno.ENOSYS
    assert caught.value.call == f"argo_op(XEN_ARGO_OP_{name})"


def is_there(world):
    """Whether this Xen has argo; where not, make sure of it."""
    if argopages.is_built(world):
        return True
    with refused(errno.ENOSYS):
        world.xen.argo_op.notify()
    return False


def test_nobody_listens(world, op):
    if not is_there(world):
        return
    for domid in (0, world.paused.domid):
        with refused(errno.ECONNREFUSED):
            op.sendv(domid, PORT, [b"hello"])
    for domid in (NEVER, SELF):
        with pytest.raises(xensys.NoSuchDomainError):
            op.sendv(domid, PORT, [b"hello"])
    nothing = RingData(0, 0)
    assert op.notify([(0, PORT, 1), (NEVER, PORT, 1), (world.paused.domid, PORT, 0)]) == [nothing] * 3
    with refused(errno.EACCES):
        op.notify([(0, PORT, 1)] * 257)
    with refused(errno.EINVAL):
        op.sendv(0, PORT, [b"x"] * 9)
    with pytest.raises(xensys.XenNotFoundError):
        op.unregister_ring(PORT, 0, hazardous=True)


def test_a_ring_that_cannot_be(world, op):
    if not is_there(world):
        return
    for frames, length in (([1], 32), ([1], 63), ([1, 2], 64), ([], 64), ([1], 4096)):
        with refused(errno.EINVAL):
            op.register_ring(PORT, 0, frames, length, hazardous=True)
    # No frame of ours: 1 TiB further than any machine of ours has memory.
    with refused(errno.EINVAL):
        op.register_ring(PORT, 0, [1 << 44], 64, hazardous=True)
    with pytest.raises(xensys.NoSuchDomainError):
        op.register_ring(PORT, NEVER, [1], 64, hazardous=True)


def test_messages_to_oneself(world, op):
    if not is_there(world) or not argopages.has_frames(world):
        return
    with argopages.ring(world, LENGTH) as (memory, frames):
        assert len(frames) == ring_pages(LENGTH) == 2
        op.register_ring(PORT, 0, frames, LENGTH, fail_exist=True, hazardous=True)
        try:
            with refused(errno.EEXIST):
                op.register_ring(PORT, 0, frames, LENGTH, fail_exist=True, hazardous=True)
            reader = ArgoRing(memory, LENGTH)
            assert reader.receive() is None
            room = LENGTH - 32
            (known,) = op.notify([(0, PORT, 100)])
            assert (known.exists, known.empty, known.sufficient, known.shared) == (True, True, True, False)
            assert known.max_message_size == room
            assert op.sendv(0, PORT, [b"hello ", b"", b"world"], source_port=7, message_type=9) == 11
            assert op.sendv(0, PORT, []) == 0
            message = reader.receive()
            assert (message.domid, message.port, message.message_type) == (0, 7, 9)
            assert message.data == b"hello world"
            assert reader.receive().data == b""
            assert reader.receive() is None
            with refused(errno.EMSGSIZE):
                op.sendv(0, PORT, [bytes(room + 1)])
            # Round and round: every place of the wrap.
            for size in range(0, 5000, 37):
                text = bytes(index * 7 + size & 0xFF for index in range(size))
                assert op.sendv(0, PORT, [text[:10], text[10:]]) == size
                assert [each.data for each in reader] == [text]
            assert op.sendv(0, PORT, [bytes(room)]) == room
            with refused(errno.EAGAIN):
                op.sendv(0, PORT, [b"x"])
            (known,) = op.notify([(0, PORT, 1)])
            assert (known.empty, known.sufficient, known.too_long) == (False, False, False)
            assert op.notify([(0, PORT, room + 1)])[0].too_long
            assert len(reader.receive().data) == room
            assert op.sendv(0, PORT, [b"x"]) == 1
            reader.close()
        finally:
            op.unregister_ring(PORT, 0, hazardous=True)
        with refused(errno.ECONNREFUSED):
            op.sendv(0, PORT, [b"x"])


def test_a_ring_for_all(world, op):
    # These targets are booted with mac-permissive=1.
    if not is_there(world) or not argopages.has_frames(world):
        return
    with argopages.ring(world, LENGTH) as (memory, frames):
        op.register_ring(PORT, DOMID_ANY, frames, LENGTH, hazardous=True)
        try:
            assert op.notify([(0, PORT, 1)])[0].shared
            op.sendv(0, PORT, [b"from one of all"])
            reader = ArgoRing(memory, LENGTH)
            assert reader.receive().data == b"from one of all"
            reader.close()
        finally:
            op.unregister_ring(PORT, DOMID_ANY, hazardous=True)


def test_a_signal_tells_of_messages_and_of_room(world, op):
    if not is_there(world) or not argopages.has_frames(world):
        return
    with argopages.ring(world, LENGTH) as (memory, frames), world.xen.events.bind_virq(VIRQ_ARGO) as port:
        op.register_ring(PORT, 0, frames, LENGTH, hazardous=True)
        try:
            reader = ArgoRing(memory, LENGTH)
            op.sendv(0, PORT, [bytes(LENGTH - 32)])
            assert port.wait(PATIENCE)
            port.unmask()
            with refused(errno.EAGAIN):
                op.sendv(0, PORT, [b"x"])
            reader.receive()
            op.notify()
            assert port.wait(PATIENCE)
            op.sendv(0, PORT, [b"x"])
            reader.close()
        finally:
            op.unregister_ring(PORT, 0, hazardous=True)
