"""sched_op as the simulator shows it: domains that stop, watchdogs on the virtual clock."""

from __future__ import annotations

import errno
import time

import pytest
from simraw import DOMID_SELF, refused

import xensys
from xensys.abi import sched as abi
from xensys.sim import Machine, SimulatorGap
from xensys.store import Store

SCHED_OP = 29


@pytest.fixture
def op(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen.sched_op
    assert machine.violations == []


@pytest.fixture
def mine(machine):
    """A guest's own."""
    with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as xen:
        yield xen.sched_op


class TestShutdown:
    def test_of_oneself(self, guest, mine):
        mine.shutdown(abi.SHUTDOWN_reboot, hazardous=True)
        assert (guest.shut_down, guest.shutdown_reason) == (True, abi.SHUTDOWN_reboot)

    def test_of_another_tells_the_store(self, machine, guest, op):
        store = Store.open("/run/xenstored/socket", kernel=machine.dom0)
        with store, store.watch("@releaseDomain") as released:
            assert released.get(5).path == "@releaseDomain"
            op.remote_shutdown(1, abi.SHUTDOWN_crash, hazardous=True)
            assert released.get(5).path == "@releaseDomain"
        assert (guest.shut_down, guest.shutdown_reason) == (True, abi.SHUTDOWN_crash)

    def test_the_first_reason_stays(self, guest, op, mine):
        mine.shutdown_code(abi.SHUTDOWN_suspend, hazardous=True)
        assert not guest.shut_down
        mine.shutdown_code(abi.SHUTDOWN_crash, hazardous=True)
        op.remote_shutdown(1, abi.SHUTDOWN_poweroff, hazardous=True)
        assert guest.shutdown_reason == abi.SHUTDOWN_suspend
        op.remote_shutdown(1, abi.SHUTDOWN_crash, hazardous=True)
        assert guest.shutdown_reason == abi.SHUTDOWN_suspend

    def test_eight_bits_of_a_reason_count(self, guest, op):
        op.remote_shutdown(1, 0x101, hazardous=True)
        assert guest.shutdown_reason == 1

    def test_a_guest_stops_no_other(self, machine, mine):
        with refused(errno.EPERM):
            mine.remote_shutdown(2, 0, hazardous=True)
        machine.domains[1].target = 2
        mine.remote_shutdown(2, 0, hazardous=True)
        assert machine.domains[2].shut_down

    @pytest.mark.parametrize("call", ["shutdown", "remote_shutdown"])
    def test_of_dom0_is_the_end_of_the_machine(self, machine, op, call):
        arguments = (1,) if call == "shutdown" else (0, 1)
        with pytest.raises(SimulatorGap, match="the machine has stopped"):
            getattr(op, call)(*arguments, hazardous=True)
        assert machine.domains[0].shutdown_reason == 1

    def test_interrupted_it_is_repeated(self, machine, guest, op):
        fault = machine.dom0.faults.fail("hypercall", errno.EINTR, op="sched_op", times=3)
        op.remote_shutdown(1, 0, hazardous=True)
        assert fault.fired == 3
        assert guest.shut_down


class TestWatchdog:
    def test_it_stops_the_domain_when_its_time_has_come(self, machine, guest, mine):
        assert mine.watchdog(0, 30, hazardous=True) == 1
        machine.clock.advance(29.9)
        assert not guest.shut_down
        machine.clock.advance(0.2)
        assert (guest.shut_down, guest.shutdown_reason) == (True, abi.SHUTDOWN_watchdog)

    def test_fed_it_waits_anew(self, machine, guest, mine):
        mine.watchdog(0, 30, hazardous=True)
        machine.clock.advance(20)
        mine.watchdog(1, 30, hazardous=True)
        machine.clock.advance(20)
        assert not guest.shut_down
        machine.clock.advance(11)
        assert guest.shut_down

    def test_stopped_it_does_nothing_and_its_number_is_free(self, machine, guest, mine):
        assert mine.watchdog(0, 30, hazardous=True) == 1
        assert mine.watchdog(0, 40, hazardous=True) == 2
        mine.watchdog(1, 0, hazardous=True)
        mine.watchdog(2, 0, hazardous=True)
        machine.clock.advance(100)
        assert not guest.shut_down
        assert mine.watchdog(0, 30, hazardous=True) == 1

    def test_seeing_the_time_pass_is_enough(self, machine, guest, mine):
        mine.watchdog(0, 0, hazardous=True)
        assert machine.clock.now() > 0
        assert guest.shut_down

    def test_on_the_hosts_clock(self):
        machine = Machine(real_time=True)
        guest = machine.domains[1]
        with xensys.Xen(guest.kernel(unrestricted=True)) as xen:
            xen.sched_op.watchdog(0, 0, hazardous=True)
            machine.clock.sleep(0.001)
            assert guest.shut_down
            assert machine.clock.now() <= time.monotonic()

    def test_of_a_domain_that_is_gone(self, machine, guest, mine):
        mine.watchdog(0, 30, hazardous=True)
        guest.destroy()
        machine.clock.advance(31)
        assert guest.shutdown_reason is None

    def test_of_dom0(self, machine, op):
        op.watchdog(0, 5, hazardous=True)
        machine.clock.advance(6)
        assert machine.domains[0].shutdown_reason == abi.SHUTDOWN_watchdog

    def test_starting_one_is_not_repeated_but_feeding_is(self, machine, mine):
        kernel = mine._caller._privcmd().kernel
        fault = kernel.faults.fail("hypercall", errno.EINTR, op="sched_op")
        with pytest.raises(xensys.XenInterruptedError):
            mine.watchdog(0, 30, hazardous=True)
        assert fault.fired == 1
        assert mine.watchdog(0, 30, hazardous=True) == 1
        fault = kernel.faults.fail("hypercall", errno.EINTR, op="sched_op", times=2)
        assert mine.watchdog(1, 0, hazardous=True) == 0
        assert fault.fired == 2


class TestTheRest:
    def test_block_comes_back(self, op):
        assert op.block(hazardous=True) is None

    def test_ports_are_looked_at(self, machine, op):
        port = machine.event_channels.alloc_unbound(machine.domains[0], 1)
        op.poll([port], hazardous=True)
        op.poll([], until=1, hazardous=True)
        with refused(errno.EINVAL):
            op.poll([port, 1 << 20], hazardous=True)
        op.poll([port] * 128, hazardous=True)
        with refused(errno.EINVAL):
            op.poll([port] * 129, hazardous=True)

    def test_pins(self, op, mine):
        with refused(errno.EPERM):
            mine.pin_override(0, hazardous=True)
        op.pin_override(0, hazardous=True)
        with refused(errno.EBUSY):
            op.pin_override(0, hazardous=True)
        op.pin_override(-1, hazardous=True)
        with refused(errno.EINVAL):
            op.pin_override(-1, hazardous=True)
        for processor in (1, 255, 256, (1 << 31) - 1):
            with refused(errno.EINVAL):
                op.pin_override(processor, hazardous=True)

    def test_pin_override_is_not_repeated(self, machine, op):
        machine.dom0.faults.fail("hypercall", errno.EINTR, op="sched_op")
        with pytest.raises(xensys.XenInterruptedError):
            op.pin_override(0, hazardous=True)

    def test_bad_pointers(self, raw):
        for cmd in (2, 3, 4, 5, 6, 7):
            with refused(errno.EFAULT):
                raw.call(SCHED_OP, cmd, 0x10)
        raw.struct("<QIxxxxQ", 0x10, 1, 0)
        with refused(errno.EFAULT):
            raw.call(SCHED_OP, 3, raw.at)

    def test_rank_comes_before_the_pointer(self, domu):
        with refused(errno.EPERM):
            domu.call(SCHED_OP, 7, 0x10)

    def test_negative_command(self, raw):
        with refused(errno.ENOSYS):
            raw.call(SCHED_OP, (1 << 32) - 1, 0)

    def test_restricted_and_closed(self, machine):
        kernel = machine.domains[1].kernel()
        xen = xensys.Xen(kernel)
        with pytest.raises(xensys.XenPermissionError) as caught:
            xen.sched_op.yield_()
        assert "restricted" in caught.value.hint
        op = xen.sched_op
        xen.close()
        with pytest.raises(ValueError):
            op.yield_()
        with pytest.raises(ValueError):
            op.watchdog(0, 1, hazardous=True)

    def test_no_number_means_oneself(self, op):
        with refused(errno.ESRCH):
            op.remote_shutdown(DOMID_SELF, 0, hazardous=True)
