"""vcpu_op as the simulator shows it: what belongs to a kernel, done to a simulated one."""

from __future__ import annotations

import errno
import struct

import pytest
from simraw import Raw, refused

import xensys
from xensys.abi import vcpu as abi
from xensys.sim import Machine

VCPU_OP = 24


@pytest.fixture
def guest(machine):
    return machine.add_domain(vcpus=3)


@pytest.fixture
def xen(machine, guest):
    with xensys.Xen(guest.kernel(unrestricted=True)) as xen:
        yield xen
    assert machine.violations == []


@pytest.fixture
def op(xen):
    return xen.vcpu_op


def test_vcpus_go_down_and_come_up(guest, op):
    op.down(1, hazardous=True)
    assert [op.is_up(vcpu) for vcpu in range(3)] == [True, False, True]
    assert op.get_runstate_info(1).state == abi.RUNSTATE_offline
    op.up(1, hazardous=True)
    assert op.is_up(1)
    assert op.get_runstate_info(1).state == abi.RUNSTATE_running
    assert not guest.shut_down


def test_the_last_one_down_powers_off(guest, op):
    for vcpu in (0, 2):
        op.down(vcpu, hazardous=True)
    assert not guest.shut_down
    op.down(1, hazardous=True)
    assert (guest.shut_down, guest.shutdown_reason) == (True, 0)


def test_runstate_goes_on(machine, op):
    first = op.get_runstate_info(0)
    machine.clock.advance(2)
    second = op.get_runstate_info(0)
    assert 2e9 <= sum(second.time) - sum(first.time) < 2.1e9


def test_all_are_initialised(xen, op):
    context = xen.buffers.alloc(5200)
    with refused(errno.EEXIST):
        op.initialise(1, context, hazardous=True)
    context.free()


def test_areas_at_addresses_are_filled(machine, xen, op):
    area = xen.buffers.new(abi.vcpu_runstate_info)
    op.register_runstate_memory_area(0, area, hazardous=True)
    assert area.time[0] > 0
    buffer = xen.buffers.alloc(32)
    op.register_vcpu_time_memory_area(0, buffer, hazardous=True)
    assert struct.unpack("<IIQQIbBH", buffer[:])[3] > 0
    buffer.free()
    op.register_runstate_memory_area(0, None, hazardous=True)


def test_areas_in_memory_are_filled(guest, op):
    op.register_runstate_phys_area(0, 0x5008, hazardous=True)
    assert struct.unpack("<ixxxxQQQQQ", guest.memory.read(0x5008, 48))[2] > 0
    op.register_vcpu_time_phys_area(0, 0x6000, hazardous=True)
    assert guest.memory.read(0x6000, 32) != bytes(32)
    for call in (op.register_runstate_phys_area, op.register_vcpu_time_phys_area):
        call(0, None, hazardous=True)
        with refused(errno.ENXIO):
            call(0, 0x5004, hazardous=True)
        with refused(errno.ENXIO):
            call(0, 0x5FF0, hazardous=True)
        with refused(errno.EINVAL):
            call(0, 1 << 40, hazardous=True)


def test_older_xen_has_no_areas_by_address():
    with xensys.Xen(Machine(xen=(4, 17)).dom0) as old:
        for call in (old.vcpu_op.register_runstate_phys_area, old.vcpu_op.register_vcpu_time_phys_area):
            with refused(errno.ENOSYS):
                call(0, None, hazardous=True)


def test_timers(machine, op):
    op.set_periodic_timer(1, 1_000_000, hazardous=True)
    op.stop_periodic_timer(1, hazardous=True)
    for period in (0, 999_999, 1 << 62):
        with refused(errno.EINVAL):
            op.set_periodic_timer(0, period, hazardous=True)
    op.set_singleshot_timer(0, 1, abi.VCPU_SSHOTTMR_future, hazardous=True)
    op.stop_singleshot_timer(0, hazardous=True)
    for call in (
        lambda: op.set_singleshot_timer(1, 1, hazardous=True),
        lambda: op.stop_singleshot_timer(1, hazardous=True),
    ):
        with refused(errno.EINVAL):
            call()


def test_what_is_past_was_refused_once():
    with xensys.Xen(Machine(xen=(4, 17)).dom0) as old:
        op = old.vcpu_op
        with refused(errno.ETIME):
            op.set_singleshot_timer(0, 1, abi.VCPU_SSHOTTMR_future, hazardous=True)
        op.set_singleshot_timer(0, 1, hazardous=True)
        op.set_singleshot_timer(0, 1 << 63, abi.VCPU_SSHOTTMR_future, hazardous=True)


@pytest.mark.parametrize(
    ("xen", "offset", "number"),
    [
        ((4, 20), 0, errno.EBUSY),
        ((4, 17), 0, errno.EINVAL),
        ((4, 17), 4096 - 63, errno.ENXIO),
        ((4, 17), 4, errno.ENXIO),
    ],
)
def test_vcpu_info_is_registered(xen, offset, number):
    with xensys.Xen(Machine(xen=xen).dom0) as here, refused(number):
        here.vcpu_op.register_vcpu_info(0, 1, offset, hazardous=True)


def test_nmi(raw, op):
    op.send_nmi(0, hazardous=True)
    with refused(errno.EINVAL):
        raw.call(VCPU_OP, 11, 0, raw.at)


def test_arm_knows_two(arm):
    machine = Machine(arch="arm64")
    raw = Raw(machine.dom0)
    for cmd in (0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 99):
        with refused(errno.EINVAL):
            raw.call(VCPU_OP, cmd, 0, raw.at)
        # Which vCPU is looked at first.
        with refused(errno.ENOENT):
            raw.call(VCPU_OP, cmd, 1, raw.at)
    raw.struct("<Q", raw.at + 64)
    assert raw.call(VCPU_OP, 5, 0, raw.at) == 0
    with refused(errno.EBUSY):
        raw.call(VCPU_OP, 10, 0, raw.at)


def test_unknown_and_bad_pointers(raw):
    for cmd in (16, 1 << 31):
        with refused(errno.ENOSYS):
            raw.call(VCPU_OP, cmd, 0, 0)
    for cmd in (0, 4, 5, 6, 8, 10, 13, 14, 15):
        with refused(errno.EFAULT):
            raw.call(VCPU_OP, cmd, 0, 0x10)


def test_interrupted_it_is_repeated(xen, op):
    fault = xen.kernel.faults.fail("hypercall", errno.EINTR, op="vcpu_op", times=3)
    assert op.is_up(0)
    assert fault.fired == 3


def test_a_failed_call_keeps_no_buffer(xen, op):
    buffer = xen.buffers.alloc(5200)
    with pytest.raises(xensys.XenError) as caught:
        op.initialise(0, buffer, hazardous=True)
    # Its traceback has the frames of the call.
    assert caught.value.errno == errno.EEXIST
    assert caught.tb is not None
    buffer.free()


def test_restricted_and_closed(machine):
    xen = xensys.Xen(machine.domains[1].kernel())
    op = xen.vcpu_op
    with pytest.raises(xensys.XenPermissionError):
        op.is_up(0)
    xen.close()
    with pytest.raises(ValueError):
        op.is_up(0)
    with pytest.raises(ValueError):
        op.get_runstate_info(0)
