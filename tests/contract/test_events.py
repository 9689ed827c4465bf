"""Event channels by /dev/xen/evtchn: the device, and `xen.events` above it."""

from __future__ import annotations

import errno
import os
import selectors
import threading
import time
from contextlib import contextmanager

import pytest

import xensys
from tests.contract.processes import in_child
from tests.contract.worlds import NEVER, PATIENCE, SELF
from xensys.abi import xen as xen_abi
from xensys.devices.evtchn import Evtchn
from xensys.events import Events

VIRQ_DEBUG, VIRQ_DOM_EXC, NR_VIRQS = xen_abi.VIRQ_DEBUG, xen_abi.VIRQ_DOM_EXC, xen_abi.NR_VIRQS


@pytest.fixture
def events(world):
    """`xen.events`; threads of a test wait for each other, so no time may pass at once."""
    machine = getattr(world, "machine", None)
    if machine is not None:
        from xensys.sim.clock import RealClock

        machine.clock = RealClock()
    return world.xen.events


@pytest.fixture
def pair(events):
    """Two ports of ours that are each other's peers, quiet."""
    one = events.bind_unbound(SELF)
    two = events.bind_interdomain(SELF, one)
    assert two.wait(PATIENCE)
    two.unmask()
    assert events.wait(0) == []
    return one, two


@contextmanager
def refused(number):
    """Expect a XenError with this errno."""
    with pytest.raises(xensys.XenError) as caught:
        yield caught
    assert caught.value.errno == number, caught.value


def until(condition):
    """Wait for another thread to have come so far."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Thread(threading.Thread):
    """Its result, or what it raised."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.result, self.error = work, None, None
        self.start()

    def run(self):
        try:
            self.result = self.work()
        except BaseException as error:
            self.error = error

    def end(self):
        self.join(PATIENCE)
        assert not self.is_alive()
        return self


# What ports are bound to


def test_a_new_port_is_unbound_and_knows_for_whom(world, events):
    port = events.bind_unbound(world.running.domid)
    assert (port.kind, port.domid, port.remote_port, port.virq) == (
        "unbound",
        world.running.domid,
        None,
        None,
    )
    assert int(port.port) == port.__index__() > 0
    status = port.status()
    assert (status.kind, status.domid) == ("unbound", world.running.domid)
    assert events.ports == (port,)


def test_who_may_bind_need_not_exist(world, events):
    if world.target.silo:
        # XSM looks the domain up (xen/xsm/silo.c), and the default policy does not.
        with pytest.raises(xensys.NoSuchDomainError):
            events.bind_unbound(NEVER)
        return
    assert events.bind_unbound(NEVER).status().domid == NEVER


def test_a_port_for_oneself_is_for_ones_own_number(events):
    assert events.bind_unbound(SELF).status().domid == 0


def test_both_ends_know_each_other_once_bound(pair):
    one, two = pair
    ends = [(end.status().kind, end.status().domid, end.status().port) for end in pair]
    assert ends == [("interdomain", 0, two.port), ("interdomain", 0, one.port)]
    assert (two.kind, two.domid, two.remote_port) == ("interdomain", SELF, one.port)


def test_a_port_that_is_bound_to_another_has_an_event_at_once(events):
    one = events.bind_unbound(0)
    two = events.bind_interdomain(0, one)
    assert events.wait(PATIENCE) == [two]


def test_closing_an_end_leaves_the_other_unbound(pair):
    one, two = pair
    two.close()
    status = one.status()
    assert (status.kind, status.domid) == ("unbound", 0)
    one.notify()  # to nobody


def test_a_freed_end_can_be_bound_to_again(events, pair):
    one, two = pair
    two.unbind()
    three = events.bind_interdomain(0, one.port)
    assert three.wait(PATIENCE)
    three.notify()
    assert one.wait(PATIENCE)


def test_the_other_end_of_a_dead_guest_is_unbound(world, events):
    with world.throwaway() as guest:
        far = world.xen.event_channel_op.alloc_unbound(0, domid=guest.domid)
        port = events.bind_interdomain(guest.domid, far)
        assert port.status().port == far
        guest.destroy()
        assert world.wait_until_gone(guest.domid)
        status = port.status()
        assert (status.kind, status.domid) == ("unbound", guest.domid)
        port.notify()


@pytest.mark.parametrize("virq", [NR_VIRQS, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_no_such_virq_is_EINVAL(events, virq):
    with refused(errno.EINVAL):
        events.bind_virq(virq)


def test_a_virq_that_somebody_has_is_EEXIST(events):
    with refused(errno.EEXIST) as caught:
        events.bind_virq(VIRQ_DOM_EXC)  # xenstored's
    assert caught.value.call == "IOCTL_EVTCHN_BIND_VIRQ"
    assert caught.value.arguments == {"virq": VIRQ_DOM_EXC}


def test_a_free_virq_is_bound_once_and_comes(world, events):
    with events.bind_virq(VIRQ_DEBUG) as port:
        assert (port.kind, port.virq) == ("virq", VIRQ_DEBUG)
        status = port.status()
        assert (status.kind, status.virq, status.vcpu) == ("virq", VIRQ_DEBUG, 0)
        with refused(errno.EEXIST):
            events.bind_virq(VIRQ_DEBUG)
        port.notify()  # of which Xen thinks nothing; the driver does not tell
        assert not port.wait(0)
        world.raise_debug_virq()
        assert port.wait(PATIENCE)
    events.bind_virq(VIRQ_DEBUG).close()


def test_bind_interdomain_to_no_domain_is_ESRCH(world, events):
    for domid in (NEVER, world.dead_domid):
        with pytest.raises(xensys.NoSuchDomainError) as caught:
            events.bind_interdomain(domid, 1)
        assert caught.value.domid == domid


def test_bind_interdomain_to_a_port_that_is_not_for_us_is_EINVAL(world, events, pair):
    for port in (pair[0], events.bind_unbound(world.running.domid), 0, 0xFFFF_FFFF):
        with refused(errno.EINVAL):
            events.bind_interdomain(SELF, port)


@pytest.mark.parametrize("port", [-1, 1 << 32])
def test_a_port_that_does_not_fit_is_an_overflow(world, events, port):
    with pytest.raises(OverflowError, match="ioctl_evtchn_bind_interdomain.remote_port"):
        events.bind_interdomain(0, port)
    with Evtchn.open(world.kernel) as device:
        for what in (device.notify, device.unbind, device.bind_static, lambda n: device.unmask([n])):
            with pytest.raises(OverflowError, match="port: "):
                what(port)


@pytest.mark.parametrize("domid", [-1, 1 << 16])
def test_a_domid_that_does_not_fit_is_an_overflow(events, domid):
    # Linux would take it, and pass its lower 16 bits on.
    with pytest.raises(OverflowError, match="remote_domain"):
        events.bind_interdomain(domid, 1)
    with pytest.raises(OverflowError, match="remote_domain"):
        events.bind_unbound(domid)
    with pytest.raises(OverflowError, match="domid"):
        events.restrict(domid)


# Events


def test_events_go_both_ways(pair):
    one, two = pair
    for near, far in ((one, two), (two, one)):
        for _ in range(3):
            near.notify()
            assert far.wait(PATIENCE)
            assert not near.wait(0)
            far.unmask()


def test_many_events_are_one_until_the_port_is_unmasked(events, pair):
    one, two = pair
    for _ in range(5):
        two.notify()
    assert events.wait(PATIENCE) == [one]
    for _ in range(5):
        two.notify()
    assert events.wait(0) == []
    one.unmask()
    assert one.wait(PATIENCE)
    one.unmask()
    assert not one.wait(0.05)


def test_one_read_gives_many(events):
    ones = [events.bind_unbound(SELF) for _ in range(100)]
    twos = [events.bind_interdomain(SELF, one) for one in ones]
    found = []
    while len(found) < len(twos):
        found += events.wait(PATIENCE)
    # Not in order: Linux spreads them over its CPUs.
    assert len(found) == len(twos)
    assert set(found) == set(twos)
    events.unmask(twos)
    for two in reversed(twos):
        two.notify()
    found = []
    while len(found) < len(ones):
        found += events.wait(PATIENCE)
    assert len(found) == len(ones)
    assert set(found) == set(ones)
    events.unmask(one.port for one in ones)
    assert events.wait(0) == []


def test_unmask_of_what_is_not_ours_unmasks_nothing(events, pair):
    one, two = pair
    two.notify()
    assert one.wait(PATIENCE)
    two.notify()
    closed = events.bind_unbound(SELF)
    closed.close()
    for bad in (0, closed, 0xFFFF_FFFF):
        with pytest.raises(ValueError, match="not bound here"):
            events.unmask([one, bad])
    assert not one.wait(0)
    one.unmask()
    assert one.wait(PATIENCE)


def test_the_hypercall_signals_too(world, pair):
    one, two = pair
    world.xen.event_channel_op.send(two)
    assert one.wait(PATIENCE)


def test_a_wait_that_is_over_in_time_says_so(pair, events):
    before = time.monotonic()
    assert not pair[0].wait(0.05)
    assert events.wait(0.05) == []
    assert time.monotonic() - before >= 0.1
    for bad in (-1, float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            events.wait(bad)


def test_each_thread_gets_the_event_of_its_port_and_the_queue_the_rest(events):
    ones = [events.bind_unbound(SELF) for _ in range(8)]
    twos = [events.bind_interdomain(SELF, one) for one in ones]
    for two in twos:
        assert two.wait(PATIENCE)
    threads = [Thread(one.wait) for one in ones[:6]]
    until(lambda: all(one._waiting for one in ones[:6]))
    for two in reversed(twos):
        two.notify()
    rest = []
    while len(rest) < 2:
        rest += events.wait(PATIENCE)
    assert set(rest) == set(ones[6:])
    assert all(thread.end().result is True for thread in threads)


def test_a_waiter_wakes_up_for_an_event(events, pair):
    one, two = pair
    thread = Thread(events.wait)
    until(lambda: events._any)
    two.notify()
    assert thread.end().result == [one]


def test_close_ends_waits(events, pair):
    threads = [Thread(pair[0].wait), Thread(events.wait), Thread(pair[1].wait)]
    until(lambda: events._any and all(port._waiting for port in pair))
    events.close()
    for thread in threads:
        assert isinstance(thread.end().error, ValueError)
    for what in (
        events.wait,
        events.fileno,
        pair[0].notify,
        pair[0].unmask,
        lambda: events.bind_unbound(0),
    ):
        with pytest.raises(ValueError, match="closed"):
            what()
    pair[0].close()
    events.close()
    assert pair[0].closed
    assert events.closed


def test_closing_a_port_ends_the_waits_for_it_alone(events, pair):
    one, two = pair
    for_one, for_two = Thread(one.wait), Thread(two.wait)
    until(lambda: one._waiting and two._waiting)
    one.close()
    error = for_one.end().error
    assert isinstance(error, ValueError)
    assert str(one.port) in str(error)
    assert for_two.is_alive()
    two.close()
    for_two.end()


def the_same_number(events, number):
    """A new port of a number that was another's: the lowest free one, once Xen has done with it."""
    others = []
    deadline = time.monotonic() + PATIENCE
    while (port := events.bind_unbound(SELF)).port != number:
        others.append(port)
        assert time.monotonic() < deadline
    for other in others:
        other.close()
    return port


def test_a_number_that_comes_again_is_another_port(events, pair):
    one, two = pair
    two.notify()
    one.close()
    again = the_same_number(events, one.port)
    assert events.wait(0.05) == []
    assert not again.wait(0)
    with pytest.raises(ValueError, match="closed"):
        one.wait(0)
    with pytest.raises(ValueError, match="not bound here"):
        events.unmask([one])
    one.close()
    assert not again.closed
    three = events.bind_interdomain(SELF, again)
    three.notify()
    assert again.wait(PATIENCE)


def test_a_selector_sees_events_and_what_another_thread_has_read(events, pair):
    one, two = pair
    with selectors.DefaultSelector() as selector:
        selector.register(events.fileno(), selectors.EVENT_READ)
        assert selector.select(0) == []
        two.notify()
        assert selector.select(PATIENCE)
        assert events.wait(0) == [one]
        one.unmask()
        assert selector.select(0) == []
        # The thread takes two's event for itself, and on its way one's for the rest.
        thread = Thread(two.wait)
        until(lambda: two._waiting)
        two.notify()
        assert selector.select(PATIENCE)
        one.notify()
        assert thread.end().result
        assert selector.select(PATIENCE)
        assert one.wait(0)
        assert selector.select(0) == []


# The device


def test_notify_and_unbind_of_another_files_port_are_ENOTCONN(world, pair):
    with Evtchn.open(world.kernel) as other:
        for port in (pair[0], 0):
            for what, call in ((other.notify, "NOTIFY"), (other.unbind, "UNBIND")):
                with refused(errno.ENOTCONN) as caught:
                    what(port)
                assert caught.value.call == f"IOCTL_EVTCHN_{call}"
        with refused(errno.ENOTCONN):
            other.notify(0xFFFF_FFFF)
        with refused(errno.EINVAL):
            other.unbind(0xFFFF_FFFF)
        other.unmask([pair[0], 0, 0xFFFF_FFFF])  # passed over
    assert pair[0].status().kind == "interdomain"


def test_unbind_twice_is_ENOTCONN(world):
    with Evtchn.open(world.kernel) as device:
        port = device.bind_unbound_port(0)
        device.unbind(port)
        with refused(errno.ENOTCONN):
            device.unbind(port)


def test_an_ioctl_that_is_none_is_ENOSYS(world):
    with Evtchn.open(world.kernel) as device, pytest.raises(OSError) as caught:
        world.kernel.ioctl(device.fileno(), 0x0000_45FF, bytearray(4))
    assert caught.value.errno == errno.ENOSYS


def test_a_static_port(world, events):
    port = world.xen.event_channel_op.alloc_unbound(SELF, hazardous=True)
    try:
        if world.target.linux < (6, 7):
            with pytest.raises(xensys.NotSupportedError) as caught:
                events.bind_static(port, hazardous=True)
            assert caught.value.errno == errno.ENOSYS
            return
        static = events.bind_static(port, hazardous=True)
        assert (static.port, static.kind) == (port, "static")
        with refused(errno.EISCONN):
            events.bind_static(port, hazardous=True)
        peer = events.bind_interdomain(SELF, static)
        peer.notify()
        assert static.wait(PATIENCE)
        static.close()
        assert world.xen.event_channel_op.status(port).kind == "interdomain"
        peer.close()
        with refused(errno.ENOMEM):
            events.bind_static(1 << 17, hazardous=True)
    finally:
        world.xen.event_channel_op.close(port, hazardous=True)


def test_restricted_to_a_domain(world, events, pair):
    domid = world.running.domid
    for bad in (0, SELF, 0x7FFF, 0xFFFF):
        with refused(errno.EINVAL):
            events.restrict(bad)
    far = world.xen.event_channel_op.alloc_unbound(0, domid=domid)
    other = world.xen.event_channel_op.alloc_unbound(0, domid=world.paused.domid)
    events.restrict(domid)
    events.restrict(domid)
    for other_domid in (world.paused.domid, 0):
        with refused(errno.EINVAL):
            events.restrict(other_domid)
    with Evtchn.adopt(os.dup(events._device.fileno()), world.kernel) as same_file:
        for again in (domid, world.paused.domid, 0):
            with pytest.raises(xensys.XenPermissionError) as caught:
                same_file.restrict_domid(again)
            assert caught.value.errno == errno.EACCES
    for what in (
        lambda: events.bind_unbound(domid),
        lambda: events.bind_virq(NR_VIRQS),
        lambda: events.bind_interdomain(world.paused.domid, other),
        lambda: events.bind_interdomain(SELF, 1),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            what()
        assert caught.value.errno == errno.EACCES
    if world.target.linux >= (6, 7):
        # Of which Linux did not think: this goes on to the next check.
        with refused(errno.ENOMEM):
            events.bind_static(1 << 17, hazardous=True)
    assert events.bind_interdomain(domid, far).status().domid == domid
    # What there was stays, whatever it is bound to.
    pair[1].notify()
    assert pair[0].wait(PATIENCE)


def test_overflow_is_an_error_until_a_reset(world, events):
    # Unbinding leaves an unread event where it is, but takes its room.
    with Evtchn.open(world.kernel) as device:
        kept = device.bind_unbound_port(SELF)
        far = device.bind_interdomain(SELF, kept)
        for _ in range(300):
            one = device.bind_unbound_port(SELF)
            two = device.bind_interdomain(SELF, one)
            world.let_deliver()
            device.unbind(two)
            device.unbind(one)
        adopted = Events.adopt(device.fileno(), world.kernel, ports=(kept, far), close=False)
        assert {(port.port, port.kind) for port in adopted.ports} == {(kept, "adopted"), (far, "adopted")}
        for what in (lambda: adopted.wait(PATIENCE), lambda: adopted.wait(0), adopted.ports[0].wait):
            with pytest.raises(xensys.EventOverflowError) as caught:
                what()
            assert caught.value.errno == errno.EFBIG
            assert "reset()" in caught.value.hint
        assert world.kernel.wait([device.fileno()], [device.fileno()], 0)[0], "an error is news"
        adopted.reset()
        # `far` is masked, though its event is forgotten: it is told, and so are all.
        assert set(adopted.wait(0)) == set(adopted.ports)
        assert adopted.wait(0) == []
        adopted.unmask(adopted.ports)
        device.notify(kept)
        assert [port.port for port in adopted.wait(PATIENCE)] == [far]
        adopted.close()
        device.notify(kept)  # the descriptor is not its own, nor are the ports


def test_adopted_descriptors_keep_their_flags(world, events):
    with Evtchn.open(world.kernel) as device:
        assert world.kernel.get_blocking(device.fileno())
        with Events.adopt(os.dup(device.fileno()), world.kernel) as adopted:
            one = adopted.bind_unbound(SELF)
            two = adopted.bind_interdomain(SELF, one)
            assert world.kernel.get_blocking(device.fileno())
            assert adopted.wait(PATIENCE) == [two]
            assert adopted.wait(0) == []  # where a read would block
        with refused(errno.ENOTCONN):
            device.notify(one.port)


def test_a_forked_child_has_none_of_it(world, events, pair):
    one, two = pair
    events.fileno()

    def child():
        for what in (
            events.wait,
            one.wait,
            one.notify,
            one.unmask,
            one.status,
            events.fileno,
            events.reset,
            lambda: events.restrict(1),
            lambda: events.bind_unbound(0),
            lambda: events.unmask([one]),
        ):
            with pytest.raises(xensys.ForkedError):
                what()
        one.close()
        events.close()

    in_child(child)
    two.notify()
    assert one.wait(PATIENCE)
    assert one.status().kind == "interdomain"


def test_a_child_that_lives_on_does_not_keep_ports_open(world, events, pair):
    end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end[1])
        os.read(end[0], 1)
        os._exit(0)
    try:
        events.close()
        assert world.xen.event_channel_op.status(pair[0]).kind == "closed"
    finally:
        os.close(end[1])
        os.close(end[0])
        os.waitpid(pid, 0)


def test_closing_the_file_closes_every_port(world, events):
    with Evtchn.open(world.kernel) as device:
        ports = [device.bind_unbound_port(SELF) for _ in range(70)]
    assert {world.xen.event_channel_op.status(port).kind for port in ports} == {"closed"}
