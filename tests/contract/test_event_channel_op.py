"""event_channel_op: event channels by hypercall."""

from __future__ import annotations

import errno
from contextlib import contextmanager

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi import event_channel as abi
from xensys.abi import xen as xen_abi
from xensys.hypercalls.event_channel_op import PortStatus

VIRQ_DEBUG, VIRQ_DOM_EXC, NR_VIRQS = xen_abi.VIRQ_DEBUG, xen_abi.VIRQ_DOM_EXC, xen_abi.NR_VIRQS
#: No domain of these worlds has had so many ports.
BEYOND = 0x1_0000


@contextmanager
def refused(number):
    """Expect a XenError with this errno."""
    with pytest.raises(xensys.XenError) as caught:
        yield caught
    assert caught.value.errno == number, caught.value


@pytest.fixture
def op(world):
    return world.xen.event_channel_op


@pytest.fixture
def ports(op):
    """Ports made past the kernel; closed after the test."""
    made: list[int] = []
    yield made
    for port in made:
        if op.status(port).kind != "closed":
            op.close(port, hazardous=True)


def test_a_guests_ports_to_dom0s_daemons(world, op):
    port = world.xen.hvm_op.get_param(world.running.domid, 2)  # HVM_PARAM_STORE_EVTCHN
    status = op.status(port, domid=world.running.domid)
    assert (status.kind, status.domid) == ("interdomain", 0)
    assert op.status(status.port) == PortStatus(
        "interdomain", op.status(status.port).vcpu, domid=world.running.domid, port=port
    )


def test_port_0_is_always_closed(op):
    assert op.status(0) == PortStatus("closed")


def test_a_port_beyond_those_there_ever_were_is_EINVAL(op):
    for port in (BEYOND, 0xFFFF_FFFF):
        with refused(errno.EINVAL) as caught:
            op.status(port)
        assert caught.value.call == "event_channel_op(EVTCHNOP_status)"
        assert caught.value.arguments == {"port": port}


def test_status_of_no_domain_is_ESRCH(op):
    with pytest.raises(xensys.NoSuchDomainError):
        op.status(1, domid=NEVER)


def test_alloc_unbound_for_another_domain(world, op):
    domid = world.paused.domid
    one = op.alloc_unbound(0, domid=domid)
    assert op.status(one, domid=domid) == PortStatus("unbound", domid=0)
    assert op.alloc_unbound(world.running.domid, domid=domid) != one
    # SELF is the caller, not that domain.
    assert op.status(op.alloc_unbound(SELF, domid=domid), domid=domid).domid == 0
    with pytest.raises(xensys.NoSuchDomainError):
        op.alloc_unbound(0, domid=NEVER)


def test_a_domain_has_a_highest_port(world, op):
    with world.throwaway() as guest:
        made = []
        with refused(errno.ENOSPC):
            for _ in range(5000):
                made.append(op.alloc_unbound(0, domid=guest.domid))
        # xl's max_event_channels, by default.
        assert max(made) == 1023
        assert op.status(1023, domid=guest.domid).kind == "unbound"
        with refused(errno.EINVAL):
            op.status(1024, domid=guest.domid)


def test_a_pair_made_past_the_kernel(op, ports):
    ports.append(op.alloc_unbound(SELF, hazardous=True))
    ports.append(op.bind_interdomain(0, ports[0], hazardous=True))
    one, two = ports
    assert op.status(one) == PortStatus("interdomain", domid=0, port=two)
    assert op.status(two) == PortStatus("interdomain", domid=0, port=one)
    with refused(errno.EINVAL):
        op.bind_interdomain(SELF, one, hazardous=True)
    op.bind_vcpu(one, 0, hazardous=True)
    with pytest.raises(xensys.XenNotFoundError):
        op.bind_vcpu(one, 4095, hazardous=True)
    op.close(two, hazardous=True)
    assert op.status(one) == PortStatus("unbound", domid=0)
    op.send(one)  # to nobody
    op.close(one, hazardous=True)
    with refused(errno.EINVAL):
        op.close(one, hazardous=True)
    with refused(errno.EINVAL):
        op.send(one)


def test_an_ipi(op, ports):
    ports.append(op.bind_ipi(0, hazardous=True))
    assert op.status(ports[0]) == PortStatus("ipi")
    with refused(errno.EINVAL):
        op.bind_vcpu(ports[0], 0, hazardous=True)
    with pytest.raises(xensys.XenNotFoundError):
        op.bind_ipi(4095, hazardous=True)


def test_a_virq(op, ports):
    ports.append(op.bind_virq(VIRQ_DEBUG, hazardous=True))
    assert op.status(ports[0]) == PortStatus("virq", virq=VIRQ_DEBUG)
    for virq, vcpu, number in (
        (VIRQ_DEBUG, 0, errno.EEXIST),
        (VIRQ_DOM_EXC, 0, errno.EEXIST),
        (VIRQ_DOM_EXC, 1, errno.EINVAL),
        (NR_VIRQS, 0, errno.EINVAL),
        (0xFFFF_FFFF, 0, errno.EINVAL),
        (VIRQ_DEBUG, 4095, errno.ENOENT),
    ):
        with refused(number):
            op.bind_virq(virq, vcpu=vcpu, hazardous=True)
    with refused(errno.EINVAL):
        op.send(ports[0])
    with refused(errno.EINVAL):
        op.bind_vcpu(ports[0], 0, hazardous=True)


def test_a_pirq_that_is_none(world, op):
    if world.target.arch == "arm64":
        with pytest.raises(xensys.NotSupportedError) as caught:
            op.bind_pirq(1, hazardous=True)
        assert caught.value.errno == errno.EOPNOTSUPP
    else:
        with refused(errno.EINVAL):
            op.bind_pirq(0xFFFF_FFFF, will_share=True, hazardous=True)


def test_unmask(op, ports):
    ports.append(op.alloc_unbound(SELF, hazardous=True))
    op.unmask(ports[0], hazardous=True)
    with refused(errno.EINVAL):
        op.unmask(BEYOND, hazardous=True)


def test_set_priority(op, ports):
    ports.append(op.alloc_unbound(SELF, hazardous=True))
    for priority in (0, 15, 7):
        op.set_priority(ports[0], priority, hazardous=True)
    with refused(errno.EINVAL):
        op.set_priority(ports[0], 16, hazardous=True)
    with pytest.raises(xensys.XenPermissionError) as caught:
        op.set_priority(0, 7, hazardous=True)
    assert caught.value.errno == errno.EACCES
    with refused(errno.EINVAL):
        op.set_priority(BEYOND, 7, hazardous=True)


def test_init_control_as_far_as_it_is_refused(op):
    with pytest.raises(xensys.XenNotFoundError):
        op.init_control(0, 0, 4095, hazardous=True)
    for offset in (4, 4096 - 64, 0xFFFF_FFF8):
        with refused(errno.EINVAL):
            op.init_control(0, offset, 0, hazardous=True)


def test_expand_array_by_no_frame_is_EINVAL(op):
    with refused(errno.EINVAL):
        op.expand_array(1 << 40, hazardous=True)


def test_reset_of_a_domain_that_the_toolstack_has_paused(world, op):
    with world.throwaway() as guest:
        port = op.alloc_unbound(0, domid=guest.domid)
        op.reset(guest.domid, hazardous=True)
        assert op.status(port, domid=guest.domid) == PortStatus("closed")
    with refused(errno.EINVAL):
        op.reset(world.running.domid, hazardous=True)
    with pytest.raises(xensys.NoSuchDomainError):
        op.reset(NEVER, hazardous=True)


HAZARDS = {
    "alloc_unbound": lambda op: op.alloc_unbound(0),
    "alloc_unbound_by_number": lambda op: op.alloc_unbound(0, domid=0),
    "bind_interdomain": lambda op: op.bind_interdomain(0, 1),
    "bind_virq": lambda op: op.bind_virq(VIRQ_DEBUG),
    "bind_pirq": lambda op: op.bind_pirq(1),
    "bind_ipi": lambda op: op.bind_ipi(0),
    "close": lambda op: op.close(1),
    "bind_vcpu": lambda op: op.bind_vcpu(1, 0),
    "unmask": lambda op: op.unmask(1),
    "reset": lambda op: op.reset(),
    "reset_another": lambda op: op.reset(NEVER),
    "init_control": lambda op: op.init_control(0, 0, 0),
    "expand_array": lambda op: op.expand_array(0),
    "set_priority": lambda op: op.set_priority(1, 7),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_what_the_kernel_relies_on_needs_the_flag(op, name):
    before = [op.status(port) for port in range(64)]
    with pytest.raises(xensys.HazardError, match="hazardous=True"):
        HAZARDS[name](op)
    assert [op.status(port) for port in range(64)] == before


def test_every_sub_operation_has_its_method(op):
    names = {name.removeprefix("EVTCHNOP_") for name in vars(abi) if name.startswith("EVTCHNOP_")}
    assert all(callable(getattr(op, name)) for name in names)
    assert len(names) == 14


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("evtchn_status.port", lambda op: op.status(1 << 32)),
        ("evtchn_status.dom", lambda op: op.status(1, domid=1 << 16)),
        ("evtchn_send.port", lambda op: op.send(-1)),
        ("evtchn_alloc_unbound.remote_dom", lambda op: op.alloc_unbound(1 << 16, domid=NEVER)),
        ("evtchn_bind_virq.vcpu", lambda op: op.bind_virq(0, vcpu=-1, hazardous=True)),
        ("evtchn_reset.dom", lambda op: op.reset(-1, hazardous=True)),
        ("evtchn_init_control.control_gfn", lambda op: op.init_control(1 << 64, 0, 0, hazardous=True)),
    ],
)
def test_what_does_not_fit_is_an_overflow(op, field, call):
    with pytest.raises(OverflowError, match=field):
        call(op)
