"""vcpu_op: what asks; what belongs to the kernel is refused, or tried on vCPUs that are not there."""

from __future__ import annotations

import errno

import pytest

import xensys
from xensys.abi import vcpu as abi

#: More vCPUs than any domain can have.
NO_VCPU = 1 << 20


@pytest.fixture
def vcpu_op(world):
    return world.xen.vcpu_op


def test_the_first_vcpu_is_up_on_x86(world, vcpu_op):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.XenError) as caught:
            vcpu_op.is_up(0)
        assert caught.value.errno == errno.EINVAL
        return
    assert vcpu_op.is_up(0) is True


def test_a_vcpu_has_spent_its_time_with_something_on_x86(world, vcpu_op):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.XenError) as caught:
            vcpu_op.get_runstate_info(0)
        assert caught.value.errno == errno.EINVAL
        return
    first = vcpu_op.get_runstate_info(0)
    second = vcpu_op.get_runstate_info(0)
    assert first.state in range(4)
    assert len(first.time) == 4
    assert first.time[abi.RUNSTATE_running] > 0
    assert sum(second.time) > sum(first.time)
    assert first.state_entry_time <= world.xen.hvm_op.get_time()


def test_physid_is_for_pinned_vcpus_only(vcpu_op):
    with pytest.raises(xensys.XenError) as caught:
        vcpu_op.get_physid(0)
    assert caught.value.errno == errno.EINVAL


def test_the_kernels_vcpu_info_stays_where_it_is(world, vcpu_op):
    # Linux has registered its own for each vCPU; and the frame is none.
    with pytest.raises(xensys.XenError) as caught:
        vcpu_op.register_vcpu_info(0, (1 << 40) - 1, 0, hazardous=True)
    expected = errno.EBUSY if world.target.xen >= (4, 18) else errno.EINVAL
    assert caught.value.errno == expected


def test_areas_by_address_are_checked(world, vcpu_op):
    # Bad ones only: across two pages, and misaligned.
    for name in ("register_runstate_phys_area", "register_vcpu_time_phys_area"):
        for address in (0x1FF8, 0x1001):
            with pytest.raises(xensys.XenError) as caught:
                getattr(vcpu_op, name)(0, address, hazardous=True)
            if world.target.arch != "x86_64":
                assert caught.value.errno == errno.EINVAL
            elif world.target.xen < (4, 18):
                assert caught.value.errno == errno.ENOSYS
            else:
                assert caught.value.errno == errno.ENXIO


def test_a_period_below_a_millisecond_is_EINVAL(vcpu_op):
    with pytest.raises(xensys.XenError) as caught:
        vcpu_op.set_periodic_timer(0, 999_999, hazardous=True)
    assert caught.value.errno == errno.EINVAL


CALLS = {
    "initialise": lambda op, vcpu, buffer, **flag: op.initialise(vcpu, buffer, **flag),
    "up": lambda op, vcpu, buffer, **flag: op.up(vcpu, **flag),
    "down": lambda op, vcpu, buffer, **flag: op.down(vcpu, **flag),
    "is_up": lambda op, vcpu, buffer, **flag: op.is_up(vcpu),
    "get_runstate_info": lambda op, vcpu, buffer, **flag: op.get_runstate_info(vcpu),
    "register_runstate_memory_area": lambda op, vcpu, buffer, **flag: op.register_runstate_memory_area(
        vcpu, buffer, **flag
    ),
    "set_periodic_timer": lambda op, vcpu, buffer, **flag: op.set_periodic_timer(vcpu, 10**9, **flag),
    "stop_periodic_timer": lambda op, vcpu, buffer, **flag: op.stop_periodic_timer(vcpu, **flag),
    "set_singleshot_timer": lambda op, vcpu, buffer, **flag: op.set_singleshot_timer(vcpu, 1, **flag),
    "stop_singleshot_timer": lambda op, vcpu, buffer, **flag: op.stop_singleshot_timer(vcpu, **flag),
    "register_vcpu_info": lambda op, vcpu, buffer, **flag: op.register_vcpu_info(vcpu, 1, 0, **flag),
    "send_nmi": lambda op, vcpu, buffer, **flag: op.send_nmi(vcpu, **flag),
    "get_physid": lambda op, vcpu, buffer, **flag: op.get_physid(vcpu),
    "register_vcpu_time_memory_area": lambda op, vcpu, buffer, **flag: op.register_vcpu_time_memory_area(
        vcpu, buffer, **flag
    ),
    "register_runstate_phys_area": lambda op, vcpu, buffer, **flag: op.register_runstate_phys_area(
        vcpu, None, **flag
    ),
    "register_vcpu_time_phys_area": lambda op, vcpu, buffer, **flag: op.register_vcpu_time_phys_area(
        vcpu, None, **flag
    ),
}
SAFE = {"is_up", "get_runstate_info", "get_physid"}


@pytest.mark.parametrize("name", CALLS)
def test_a_vcpu_that_is_not_there_is_ENOENT(world, vcpu_op, name):
    with world.xen.buffers.alloc(64) as buffer, pytest.raises(xensys.XenNotFoundError) as caught:
        CALLS[name](vcpu_op, NO_VCPU, buffer, hazardous=True)
    assert caught.value.call == f"vcpu_op(VCPUOP_{name})"
    assert caught.value.arguments["vcpuid"] == NO_VCPU


@pytest.mark.parametrize("name", sorted(CALLS.keys() - SAFE))
def test_what_can_do_harm_is_not_asked_without_the_flag(world, vcpu_op, name):
    with world.xen.buffers.alloc(64) as buffer, pytest.raises(xensys.HazardError) as caught:
        CALLS[name](vcpu_op, 0, buffer)
    assert caught.value.call == f"vcpu_op(VCPUOP_{name})"
    assert caught.value.via == ""


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda op: op.is_up(1 << 32), "vcpu_op.vcpuid"),
        (lambda op: op.is_up(-1), "vcpu_op.vcpuid"),
        (lambda op: op.set_periodic_timer(0, 1 << 64, hazardous=True), "period_ns"),
        (lambda op: op.set_singleshot_timer(0, 0, 1 << 32, hazardous=True), "flags"),
        (lambda op: op.register_vcpu_info(0, 0, 1 << 32, hazardous=True), "offset"),
        (lambda op: op.register_runstate_phys_area(0, (1 << 64) - 1, hazardous=True), "address"),
    ],
)
def test_what_does_not_fit_is_an_overflow_that_names_it(vcpu_op, call, field):
    with pytest.raises(OverflowError, match=field):
        call(vcpu_op)


def test_an_area_is_hypercall_memory(vcpu_op):
    with pytest.raises(TypeError):
        vcpu_op.register_runstate_memory_area(0, bytearray(64), hazardous=True)


def test_time_goes_on_on_x86(world):
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            world.xen.hvm_op.get_time()
        return
    first = world.xen.hvm_op.get_time()
    assert 0 < first < world.xen.hvm_op.get_time()
