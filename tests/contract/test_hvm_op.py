"""hvm_op: parameters."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi.hvm import params

X86_DEPRECATED = (
    params.HVM_PARAM_PAE_ENABLED,
    params.HVM_PARAM_DM_DOMAIN,
    params.HVM_PARAM_MEMORY_EVENT_CR0,
    params.HVM_PARAM_NESTEDHVM,
    params.HVM_PARAM_BUFIOREQ_EVTCHN,
    params.HVM_PARAM_MEMORY_EVENT_MSR,
)


@pytest.mark.parametrize(
    "index", [params.HVM_PARAM_STORE_PFN, params.HVM_PARAM_CONSOLE_PFN], ids=["store", "console"]
)
def test_get_param_gives_the_frame_of_a_guests_ring(world, index):
    frame = world.xen.hvm_op.get_param(world.running.domid, index)
    assert frame > 0
    # It is one of the guest's own, and can be mapped.
    with world.xen.foreign.map(world.running.domid, [frame]) as ring:
        assert len(ring[:]) == 4096


@pytest.mark.parametrize(
    "index",
    [params.HVM_PARAM_STORE_EVTCHN, params.HVM_PARAM_CONSOLE_EVTCHN],
    ids=["store", "console"],
)
def test_get_param_gives_the_port_of_a_guests_ring(world, index):
    assert world.xen.hvm_op.get_param(world.running.domid, index) > 0


@pytest.mark.parametrize("index", [39, 40, 1 << 31])
def test_get_param_beyond_the_last_is_EINVAL(world, index):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.get_param(world.running.domid, index)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.call == "hvm_op(HVMOP_get_param)"
    assert caught.value.arguments == {"index": index}


def test_set_param_beyond_the_last_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.set_param(world.paused.domid, 39, 0)
    assert caught.value.errno == errno.EINVAL


def test_index_that_does_not_fit_is_an_overflow(world):
    with pytest.raises(OverflowError, match="xen_hvm_param.index"):
        world.xen.hvm_op.get_param(world.running.domid, 1 << 32)


@pytest.mark.parametrize("value", [-1, 1 << 64])
def test_value_that_does_not_fit_is_an_overflow(world, value):
    with pytest.raises(OverflowError, match="xen_hvm_param.value"):
        world.xen.hvm_op.set_param(world.paused.domid, params.HVM_PARAM_STORE_EVTCHN, value)


def test_get_param_of_a_domain_that_never_was_is_ESRCH(world):
    with pytest.raises(xensys.NoSuchDomainError) as caught:
        world.xen.hvm_op.get_param(NEVER, params.HVM_PARAM_STORE_PFN)
    assert caught.value.domid == NEVER


def test_set_param_of_a_domain_that_never_was_is_ESRCH(world):
    with pytest.raises(xensys.NoSuchDomainError):
        world.xen.hvm_op.set_param(NEVER, params.HVM_PARAM_STORE_EVTCHN, 1)


@pytest.mark.parametrize("domid", [SELF, 0])
def test_get_param_of_dom0_is_EINVAL_if_it_is_pv(world, domid):
    if world.target.translated:
        world.xen.hvm_op.get_param(domid, params.HVM_PARAM_CALLBACK_IRQ)
        return
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.get_param(domid, params.HVM_PARAM_CALLBACK_IRQ)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("domid", [SELF, 0])
def test_set_param_of_oneself_is_refused_before_xen_is_asked(world, domid):
    with pytest.raises(xensys.HazardError) as caught:
        world.xen.hvm_op.set_param(domid, params.HVM_PARAM_CALLBACK_IRQ, 0)
    assert caught.value.errno == errno.EPERM
    assert "hazardous=True" in caught.value.hint
    assert caught.value.via == ""


def test_set_param_of_oneself_with_the_flag_reaches_xen(world):
    # A parameter that no domain may set for itself, so that nothing happens.
    expected = errno.EPERM if world.target.translated else errno.EINVAL
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.set_param(SELF, params.HVM_PARAM_STORE_PFN, 1, hazardous=True)
    assert caught.value.errno == expected
    assert "IOCTL_PRIVCMD_HYPERCALL" in caught.value.via


def test_set_param_of_a_guest_is_what_get_param_gives(world):
    hvm_op, domid = world.xen.hvm_op, world.paused.domid
    index = params.HVM_PARAM_CONSOLE_EVTCHN
    before = hvm_op.get_param(domid, index)
    try:
        hvm_op.set_param(domid, index, 0x1234_5678_9ABC)
        assert hvm_op.get_param(domid, index) == 0x1234_5678_9ABC
    finally:
        hvm_op.set_param(domid, index, before)
    assert hvm_op.get_param(domid, index) == before


def test_set_param_that_can_be_set_once_is_EEXIST_for_another_value(world):
    # x86 only; arm knows no such parameter.
    hvm_op, domid = world.xen.hvm_op, world.paused.domid
    index = params.HVM_PARAM_IOREQ_SERVER_PFN
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.XenError) as caught:
            hvm_op.set_param(domid, index, 0x1234)
        assert caught.value.errno == errno.EINVAL
        return
    value = hvm_op.get_param(domid, index) or 0xFEFF0
    hvm_op.set_param(domid, index, value)
    hvm_op.set_param(domid, index, value)
    with pytest.raises(xensys.XenError) as caught:
        hvm_op.set_param(domid, index, value + 1)
    assert caught.value.errno == errno.EEXIST
    assert hvm_op.get_param(domid, index) == value


def test_putting_another_domain_to_sleep_needs_the_flag(world):
    with pytest.raises(xensys.HazardError) as caught:
        world.xen.hvm_op.set_param(world.paused.domid, params.HVM_PARAM_ACPI_S_STATE, 3)
    assert "stop a domain" in caught.value.hint


@pytest.mark.parametrize("index", X86_DEPRECATED)
def test_deprecated_param_is_EINVAL(world, index):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.get_param(world.paused.domid, index)
    assert caught.value.errno == errno.EINVAL
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.set_param(world.paused.domid, index, 0)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("op", [2, 12, 14, 22])
def test_operations_that_are_gone_are_ENOSYS(world, op):
    with world.xen.buffers.alloc(64) as buffer, pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(34, op, buffer)
    assert caught.value.errno == errno.ENOSYS
