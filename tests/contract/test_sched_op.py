"""sched_op: what can be done without harm; the rest is refused."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, PATIENCE, SELF
from xensys.abi import sched as abi

SCHED_OP = 29
LONG = 1_000_000


def test_yield_comes_back(world):
    assert world.xen.sched_op.yield_() is None


def test_remote_shutdown_stops_a_domain_and_its_toolstack_is_told(world):
    # Suspended, as then nobody destroys it.
    reason = abi.SHUTDOWN_suspend
    with world.throwaway() as guest:
        store = world.store("socket")
        home = f"/local/domain/{guest.domid}"
        assert store.exists(home)
        with store.watch("@releaseDomain") as released:
            assert released.get(PATIENCE).path == "@releaseDomain"
            world.xen.sched_op.remote_shutdown(guest.domid, reason, hazardous=True)
            assert released.get(PATIENCE).path == "@releaseDomain"
        # It has its memory still, and a second time changes nothing.
        assert world.xen.memory_op.current_reservation(guest.domid) > 0
        world.xen.sched_op.remote_shutdown(guest.domid, reason, hazardous=True)


@pytest.mark.parametrize("domid", [NEVER, SELF])
def test_remote_shutdown_of_no_domain_is_ESRCH(world, domid):
    with pytest.raises(xensys.NoSuchDomainError) as caught:
        world.xen.sched_op.remote_shutdown(domid, 0, hazardous=True)
    assert caught.value.domid == domid
    assert caught.value.arguments == {"reason": 0}


def test_watchdogs_are_two_and_end_when_told(world):
    watchdog = world.xen.sched_op.watchdog
    started = []
    try:
        started.append(watchdog(0, LONG, hazardous=True))
        started.append(watchdog(0, LONG, hazardous=True))
        assert started == [1, 2]
        with pytest.raises(xensys.XenError) as caught:
            watchdog(0, LONG, hazardous=True)
        assert caught.value.errno == errno.ENOSPC
        assert watchdog(2, 2 * LONG, hazardous=True) == 0
    finally:
        for number in started:
            assert watchdog(number, 0, hazardous=True) == 0
    for number in (1, 2, 3, 1 << 31):
        with pytest.raises(xensys.XenError) as caught:
            watchdog(number, LONG, hazardous=True)
        assert caught.value.errno == errno.EINVAL


def test_more_ports_than_128_are_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.sched_op.poll([0] * 129, hazardous=True)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.arguments == {"nr_ports": 129, "timeout": 0}


def test_pin_to_a_processor_that_cannot_be_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.sched_op.pin_override((1 << 31) - 1, hazardous=True)
    assert caught.value.errno == errno.EINVAL


def test_to_end_a_pin_that_is_none_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.sched_op.pin_override(-1, hazardous=True)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("op", [8, 1 << 30])
def test_unknown_sub_operation_is_ENOSYS(world, op):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(SCHED_OP, op, None)
    assert caught.value.errno == errno.ENOSYS


HARMFUL = {
    "block": lambda op, domid: op.block(),
    "shutdown": lambda op, domid: op.shutdown(0),
    "poll": lambda op, domid: op.poll([]),
    "remote_shutdown": lambda op, domid: op.remote_shutdown(domid, 0),
    "shutdown_code": lambda op, domid: op.shutdown_code(0),
    "watchdog": lambda op, domid: op.watchdog(0, LONG),
    "pin_override": lambda op, domid: op.pin_override(0),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_can_do_harm_is_not_asked_without_the_flag(world, name):
    with pytest.raises(xensys.HazardError) as caught:
        HARMFUL[name](world.xen.sched_op, world.paused.domid)
    assert caught.value.call == f"sched_op(SCHEDOP_{name})"
    assert caught.value.via == ""


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda op: op.shutdown(1 << 32, hazardous=True), "sched_shutdown.reason"),
        (lambda op: op.remote_shutdown(1 << 16, 0, hazardous=True), "sched_remote_shutdown.domain_id"),
        (lambda op: op.watchdog(0, -1, hazardous=True), "sched_watchdog.timeout"),
        (lambda op: op.watchdog(1 << 32, 1, hazardous=True), "sched_watchdog.id"),
        (lambda op: op.pin_override(1 << 31, hazardous=True), "sched_pin_override.pcpu"),
        (lambda op: op.poll([1 << 32], hazardous=True), "sched_poll.ports"),
        (lambda op: op.poll([], until=1 << 64, hazardous=True), "sched_poll.timeout"),
    ],
)
def test_what_does_not_fit_is_an_overflow_that_names_it(world, call, field):
    with pytest.raises(OverflowError, match=field):
        call(world.xen.sched_op)
