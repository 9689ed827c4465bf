"""hvm_op: parameters, types of frames, and what is refused."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi.hvm import hvm_op as abi
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


def test_types_of_a_guests_frames_on_x86(world):
    hvm_op, guest = world.xen.hvm_op, world.paused
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            hvm_op.get_mem_type(guest.domid, guest.first)
        return
    assert hvm_op.get_mem_type(guest.domid, guest.first) == abi.HVMMEM_ram_rw
    assert hvm_op.get_mem_type(guest.domid, guest.hole) == abi.HVMMEM_mmio_dm
    with pytest.raises(xensys.NoSuchDomainError):
        hvm_op.get_mem_type(NEVER, 0)
    with pytest.raises(xensys.XenError) as caught:
        hvm_op.get_mem_type(SELF, 0)
    assert caught.value.errno == errno.EINVAL


def test_a_trace_record_is_taken_on_x86(world):
    hvm_op = world.xen.hvm_op
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.NotSupportedError):
            hvm_op.xentrace(0x123)
        return
    hvm_op.xentrace(0x123)
    hvm_op.xentrace(0xFFF, b"12345678" * 3 + b"1234")
    wrong = [(0x1000, b"")]
    if world.target.xen >= (4, 18):
        wrong.append((1, b"123"))  # before, any number of bytes
    for event, extra in wrong:
        with pytest.raises(xensys.XenError) as caught:
            hvm_op.xentrace(event, extra)
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(OverflowError, match="extra_bytes"):
        hvm_op.xentrace(1, bytes(32))


def test_what_is_for_hvm_callers_is_EINVAL_for_a_pv_dom0(world):
    hvm_op = world.xen.hvm_op
    expected = errno.EINVAL if world.target.arch == "x86_64" else errno.ENOSYS
    for call in (
        hvm_op.flush_tlbs,
        lambda: hvm_op.set_evtchn_upcall_vector(0, 0xF3, hazardous=True),
        lambda: hvm_op.pagetable_dying(SELF, 0, hazardous=True),
    ):
        with pytest.raises(xensys.XenError) as caught:
            call()
        assert caught.value.errno == expected


def test_pagetables_die_in_oneself_only(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hvm_op.pagetable_dying(world.paused.domid, 0, hazardous=True)
    expected = errno.EOPNOTSUPP if world.target.arch == "x86_64" else errno.ENOSYS
    assert caught.value.errno == expected


def test_an_event_for_a_monitor_that_is_not_there_is_none(world):
    world.xen.hvm_op.guest_request_vm_event(hazardous=True)


HARMFUL = {
    "pagetable_dying": lambda op: op.pagetable_dying(SELF, 0),
    "set_evtchn_upcall_vector": lambda op: op.set_evtchn_upcall_vector(0, 0xF3),
    "guest_request_vm_event": lambda op: op.guest_request_vm_event(),
}
ALTP2M = {
    "get_domain_state": lambda op, domid, **flag: op.get_domain_state(domid),
    "set_domain_state": lambda op, domid, **flag: op.set_domain_state(domid, True, **flag),
    "vcpu_enable_notify": lambda op, domid, **flag: op.vcpu_enable_notify(domid, 0, 1, **flag),
    "vcpu_disable_notify": lambda op, domid, **flag: op.vcpu_disable_notify(domid, 0, **flag),
    "create_p2m": lambda op, domid, **flag: op.create_p2m(domid),
    "destroy_p2m": lambda op, domid, **flag: op.destroy_p2m(domid, 1, **flag),
    "switch_p2m": lambda op, domid, **flag: op.switch_p2m(domid, 0, **flag),
    "set_mem_access": lambda op, domid, **flag: op.set_mem_access(domid, 0, 1, 7, **flag),
    "set_mem_access_multi": lambda op, domid, **flag: op.set_mem_access_multi(domid, 0, [1], [7], **flag),
    "get_mem_access": lambda op, domid, **flag: op.get_mem_access(domid, 0, 1),
    "change_gfn": lambda op, domid, **flag: op.change_gfn(domid, 1, 1, 2, **flag),
    "set_suppress_ve": lambda op, domid, **flag: op.set_suppress_ve(domid, 0, 1, True, **flag),
    "get_suppress_ve": lambda op, domid, **flag: op.get_suppress_ve(domid, 0, 1),
    "set_suppress_ve_multi": lambda op, domid, **flag: op.set_suppress_ve_multi(
        domid, 0, 1, 2, True, **flag
    ),
    "get_p2m_idx": lambda op, domid, **flag: op.get_p2m_idx(domid, 0),
    "set_visibility": lambda op, domid, **flag: op.set_visibility(domid, 1, True, **flag),
}
ALTP2M_SAFE = {"get_domain_state", "create_p2m", "get_mem_access", "get_suppress_ve", "get_p2m_idx"}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_can_do_harm_is_not_asked_without_the_flag(world, name):
    with pytest.raises(xensys.HazardError) as caught:
        HARMFUL[name](world.xen.hvm_op)
    assert caught.value.call == f"hvm_op(HVMOP_{name})"
    assert caught.value.via == ""


@pytest.mark.parametrize("name", sorted(ALTP2M.keys() - ALTP2M_SAFE))
def test_altp2m_of_oneself_is_not_asked_without_the_flag(world, name):
    with pytest.raises(xensys.HazardError) as caught:
        ALTP2M[name](world.xen.hvm_op.altp2m, SELF)
    assert caught.value.call == f"hvm_op(HVMOP_altp2m_{name})"
    assert caught.value.via == ""


@pytest.mark.parametrize("name", ALTP2M)
def test_altp2m_is_refused_where_the_processor_has_none(world, name):
    # These targets have AMD's virtualization, or arm's; Intel's could.
    expected = errno.EOPNOTSUPP if world.target.arch == "x86_64" else errno.ENOSYS
    with pytest.raises(xensys.NotSupportedError) as caught:
        ALTP2M[name](world.xen.hvm_op.altp2m, world.paused.domid)
    assert caught.value.errno == expected
    assert caught.value.domid == world.paused.domid
