"""`xensys.events` where only the simulator can provoke it: faults, signals, threads in numbers."""

from __future__ import annotations

import copy
import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import xensys
from xensys.devices.evtchn import Evtchn
from xensys.events import Events
from xensys.sim import Machine

SELF = 0x7FF0
PATIENCE = 60


@pytest.fixture
def machine():
    return Machine(real_time=True)


@pytest.fixture
def events(machine):
    with xensys.open(kernel=machine.dom0) as xen:
        yield xen.events


@pytest.fixture
def pair(events):
    one = events.bind_unbound(SELF)
    two = events.bind_interdomain(SELF, one)
    assert events.wait() == [two]
    two.unmask()
    return one, two


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def idle(events):
    """Nobody waits, and nothing of their waits is left."""
    assert events._leader is None
    assert not events._sleepers
    assert not events._any
    assert not any(port._waiting for port in events.ports)
    return True


class Thread(threading.Thread):
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


def test_nothing_is_opened_before_it_is_needed():
    machine = Machine(trace=True)
    with xensys.open(kernel=machine.dom0) as xen:
        assert xen.events.ports == ()
        assert not [call for call in machine.log if call.kind == "open"]
        xen.events.bind_unbound(1)
    assert [call.details["path"] for call in machine.log if call.kind == "open"] == ["/dev/xen/evtchn"]


def test_an_event_that_is_there_costs_one_system_call(machine, events, pair):
    one, two = pair
    for wait in (one.wait, events.wait):
        two.notify()
        machine.trace = True
        assert wait()
        machine.trace = False
        assert [call.kind for call in machine.log] == ["read"]
        machine.log.clear()
        one.unmask()


def test_importing_it_loads_nothing_heavy():
    heavy = (
        "asyncio", "threading", "selectors", "select", "contextlib", "collections", "functools", "re",
        "enum", "typing", "dataclasses", "logging", "socket", "signal",
    )  # fmt: skip
    code = f"import sys, xensys.events, xensys.xen; print([n for n in {heavy} if n in sys.modules])"
    path = os.path.dirname(os.path.dirname(xensys.__file__))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("where", ["fast", "leading"])
def test_an_exception_in_a_read_loses_no_event(machine, events, pair, where):
    one, two = pair

    def interrupt():
        raise KeyboardInterrupt

    machine.dom0.faults.do("read", interrupt, after=True, nth=1 if where == "fast" else 2, device="evtchn")
    if where == "fast":
        two.notify()
        with pytest.raises(KeyboardInterrupt):
            one.wait()
    else:
        # The first read finds nothing and fails; the second is the leader's.
        machine.dom0.faults.clear()
        thread = Thread(one.wait)
        until(lambda: events._leader is not None)
        machine.dom0.faults.do("read", interrupt, after=True, device="evtchn")
        two.notify()
        assert isinstance(thread.end().error, KeyboardInterrupt)
    assert idle(events)
    # Which port it was nobody knows: one event too many for the other.
    assert set(events.wait(0)) == {one, two}
    events.unmask([one, two])
    two.notify()
    assert one.wait(PATIENCE)


def test_a_wait_that_ends_by_an_exception_gives_its_event_to_others(machine, events, pair):
    one, two = pair

    def interrupt():
        # The event is given to the one who waits, whose system call then ends badly.
        machine.dom0.faults.clear()
        two.notify()
        assert other.wait(0) is False
        assert one not in events._queue
        raise KeyboardInterrupt

    other = events.bind_unbound(SELF)
    machine.dom0.faults.do("wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        one.wait()
    assert idle(events)
    assert events.wait(0) == [one]


@pytest.mark.parametrize("kind", ["read", "wait"])
def test_eintr_is_no_news(machine, events, pair, kind):
    one, two = pair
    machine.dom0.faults.fail(kind, errno.EINTR, times=3)
    thread = Thread(one.wait)
    time.sleep(0.01)
    two.notify()
    assert thread.end().result is True


def test_a_signal_handler_may_wait_while_its_thread_does(events, pair):
    one, two = pair
    found = []

    def handler(*_):
        one.notify()
        found.append(two.wait(PATIENCE))
        two.unmask()
        two.notify()

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert one.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found == [True]
    assert idle(events)


def test_a_call_in_the_middle_of_another_is_refused(machine, events, pair):
    def reenter():
        with pytest.raises(RuntimeError, match="reentrant"):
            events.wait(0)
        raise KeyboardInterrupt

    machine.dom0.faults.do("read", reenter, device="evtchn")
    with pytest.raises(KeyboardInterrupt):
        events.wait(0)
    assert set(events.wait(0)) == set(pair)


def test_a_leader_that_leaves_makes_another_lead(events, pair):
    one, two = pair
    leader = Thread(lambda: two.wait(0.2))
    until(lambda: events._leader is not None)
    follower = Thread(one.wait)
    until(lambda: events._sleepers)
    assert leader.end().result is False
    two.notify()
    assert follower.end().result is True
    assert idle(events)


def test_followers_keep_their_time(events, pair):
    leader = Thread(pair[0].wait)
    until(lambda: events._leader is not None)
    assert not pair[1].wait(0.05)
    assert events.wait(0.05) == []
    pair[1].notify()
    leader.end()
    assert idle(events)


def test_two_who_wait_for_any_get_one_event_each(events):
    ones = [events.bind_unbound(SELF) for _ in range(2)]
    twos = [events.bind_interdomain(SELF, one) for one in ones]
    assert len(events.wait()) == 2
    threads = [Thread(events.wait) for _ in range(2)]
    until(lambda: len(events._any) == 2)
    twos[0].notify()
    until(lambda: sum(thread.is_alive() for thread in threads) == 1)
    twos[1].notify()
    assert sorted(thread.end().result[0].port for thread in threads) == [one.port for one in ones]


def test_two_who_wait_for_one_port_get_one_event_each(events, pair):
    one, two = pair
    threads = [Thread(one.wait) for _ in range(2)]
    until(lambda: len(one._waiting) == 2)
    two.notify()
    until(lambda: sum(thread.is_alive() for thread in threads) == 1)
    one.unmask()
    two.notify()
    assert all(thread.end().result for thread in threads)
    assert idle(events)


def test_many_threads_play_ping_pong(events):
    pairs = []
    for _ in range(6):
        one = events.bind_unbound(SELF)
        pairs.append((one, events.bind_interdomain(SELF, one)))
    assert len(events.wait()) == 6
    events.unmask(events.ports)

    def side(port, *, begins):
        if begins:
            port.notify()
        for turn in range(100):
            assert port.wait(PATIENCE)
            port.unmask()
            if not begins or turn < 99:
                port.notify()

    threads = [Thread(lambda port=one: side(port, begins=True)) for one, _ in pairs]
    threads += [Thread(lambda port=two: side(port, begins=False)) for _, two in pairs]
    for thread in threads:
        assert thread.end().error is None
    assert idle(events)
    assert events.wait(0) == []


def test_ports_come_and_go_while_others_wait(events, pair):
    one, two = pair
    thread = Thread(one.wait)
    until(lambda: one._waiting)
    for _ in range(100):
        extra = events.bind_unbound(SELF)
        far = events.bind_interdomain(SELF, extra)
        assert far.wait(PATIENCE)
        extra.close()
        far.close()
    assert thread.is_alive()
    two.notify()
    assert thread.end().result is True


def test_events_of_a_closed_port_reach_nobody(machine, events, pair):
    one, two = pair
    two.notify()
    until(lambda: machine.open_files.find(events._device.fileno()).ring)
    one.close()
    assert not machine.open_files.find(events._device.fileno()).ring
    again = events.bind_unbound(SELF)
    assert again.port == one.port
    assert events.wait(0) == []


def test_closing_ports_with_events_unread_never_overflows(events):
    for _ in range(300):
        one = events.bind_unbound(SELF)
        two = events.bind_interdomain(SELF, one)
        two.close()
        one.close()
    assert events.wait(0) == []


def test_a_port_that_xen_closed_is_closed_here_with_an_error(machine, events, pair):
    one, two = pair
    machine.dom0.faults.fail("ioctl", errno.ENOTCONN, request="UNBIND")
    with pytest.raises(xensys.XenError) as caught:
        one.close()
    assert caught.value.errno == errno.ENOTCONN
    assert one.closed
    assert events.ports == (two,)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM])
def test_what_cannot_be_opened_now_can_be_later(machine, number):
    with xensys.open(kernel=machine.dom0) as xen:
        machine.dom0.faults.fail("open", number, path="/dev/xen/evtchn")
        with pytest.raises(xensys.XenError) as caught:
            xen.events.bind_unbound(1)
        assert caught.value.errno == number
        port = xen.events.bind_unbound(1)
        machine.dom0.faults.fail("eventfd", number)
        with pytest.raises(xensys.XenError) as caught:
            port.wait(1)
        assert caught.value.errno == number
        assert idle(xen.events)
        assert not port.wait(0.01)
        machine.dom0.faults.fail("eventfd", number)
        with pytest.raises(xensys.XenError):
            xen.events.fileno()
        assert xen.events.fileno() >= 0


def test_a_failed_wait_is_an_error_and_the_next_one_works(machine, events, pair):
    machine.dom0.faults.fail("wait", errno.ENOMEM)
    with pytest.raises(xensys.XenError) as caught:
        pair[0].wait()
    assert caught.value.errno == errno.ENOMEM
    assert idle(events)
    pair[1].notify()
    assert pair[0].wait()


def test_an_overflow_reaches_every_thread(machine, events, pair):
    threads = [Thread(pair[0].wait), Thread(pair[1].wait), Thread(events.wait)]
    until(lambda: events._leader is not None and len(events._sleepers) == 2)
    machine.dom0.faults.fail("read", errno.EFBIG, times=None, device="evtchn")
    pair[0].notify()
    for thread in threads:
        assert isinstance(thread.end().error, xensys.EventOverflowError)
    machine.dom0.faults.clear()
    events.reset()
    assert set(events.wait(0)) == set(pair)
    assert idle(events)


def test_a_reset_reaches_who_waits(events, pair):
    thread = Thread(pair[0].wait)
    until(lambda: pair[0]._waiting)
    events.reset()
    assert thread.end().result is True
    assert events.wait(0) == [pair[1]]


def test_a_guest_that_dies_under_a_wait_ends_nothing(machine, events):
    guest = machine.domains[1]
    port = events.bind_unbound(1)
    machine.event_channels.bind_interdomain(guest, machine.domains[0], port.port)
    thread = Thread(lambda: port.wait(0.2))
    until(lambda: port._waiting)
    guest.destroy()
    assert thread.end().result is False
    assert port.status().kind == "unbound"
    port.notify()


def test_an_adopted_descriptor_that_is_not_ours_keeps_what_was_on_it(machine):
    with Evtchn.open(machine.dom0) as device:
        theirs = device.bind_unbound_port(SELF)
        adopted = Events.adopt(device.fileno(), machine.dom0, ports=[theirs], close=False)
        ours = adopted.bind_unbound(SELF)
        with pytest.raises(ValueError, match=r"xen\.events"):
            ours.status()
        adopted.close()
        device.notify(theirs)
        with pytest.raises(xensys.XenError):
            device.notify(ours.port)
    with pytest.raises(ValueError, match="descriptor"):
        Events.adopt(-1, machine.dom0)


def test_a_number_that_came_again_past_linux_closes_the_old_port(machine, events):
    old = events.bind_unbound(SELF)
    # What another program's raw hypercall can do.
    machine.event_channels.close(machine.domains[0], old.port)
    del machine.domains[0].event_users[old.port]
    new = events.bind_unbound(SELF)
    assert new.port == old.port
    assert old.closed
    assert events.ports == (new,)


def test_neither_can_be_copied_and_both_say_what_they_are(events, pair):
    for thing in (events, pair[0]):
        with pytest.raises(TypeError, match="cannot copy"):
            copy.copy(thing)
    assert repr(events) == "<Events, open, 2 port(s)>"
    assert repr(pair[0]) == f"<Port {pair[0].port}, unbound for {SELF}>"
    assert repr(pair[1]) == f"<Port {pair[1].port}, interdomain with {SELF}:{pair[0].port}>"
    virq = events.bind_virq(1)
    with virq:
        assert repr(virq) == f"<Port {virq.port}, virq 1>"
    assert repr(virq).endswith("closed>")


def test_cycles_leave_everything_as_it_was(machine, events, pair):
    table = machine.event_channels._tables[machine.domains[0]].ports
    events.wait(0.001)
    events.fileno()

    def state():
        gc.collect()
        return len(os.listdir("/proc/self/fd")), set(table), dict(machine.domains[0].event_users)

    before = state()
    for turn in range(1000):
        with events.bind_unbound(SELF) as one, events.bind_interdomain(SELF, one) as two:
            if turn % 2:
                assert two.wait(0)
            two.notify()
    assert state() == before
    assert events.wait(0) == []


def test_an_unclosed_one_is_told_and_a_closed_one_is_silent():
    code = (
        "import xensys; from xensys.sim import Machine; m = Machine()\n"
        "xen = xensys.open(kernel=m.dom0); port = xen.events.bind_unbound(1); port.wait(0.001)\n"
        "xen.events.fileno()\n"
    )
    for end, said in (("xen.close(); del xen, port\n", 0), ("pass\n", 0), ("del xen, port\n", 1)):
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", code + end + "import gc; gc.collect()"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.count("ResourceWarning: unclosed <Evtchn") == said, done.stderr
        if not said:
            assert done.stderr == ""


def test_bind_static_needs_the_flag_and_asks_nothing_without(machine):
    with xensys.open(kernel=machine.dom0) as xen:
        machine.trace = True
        with pytest.raises(xensys.HazardError) as caught:
            xen.events.bind_static(7)
        assert caught.value.call == "IOCTL_EVTCHN_BIND_STATIC"
        assert not [call for call in machine.log if call.kind == "ioctl"]
