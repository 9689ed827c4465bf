"""hvm_op as the simulator shows it: altp2m on a machine that can, and what only a guest may."""

from __future__ import annotations

import errno
import struct

import pytest
from simraw import DOMID_SELF, Raw, refused

import xensys
from xensys.hypercalls.hvm_altp2m import SuppressVeErrors
from xensys.sim import Machine
from xensys.sim.xen import altp2m as core

HVM_OP = 34
ALTP2M_PARAM = 35
MIXED, EXTERNAL, LIMITED = 1, 2, 3
N, R, RW, RWX = 0, 1, 3, 7


@pytest.fixture
def machine():
    return Machine(altp2m=True)


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


@pytest.fixture
def op(machine, xen):
    """Of a domain whose views are switched on."""
    machine.domains[1].hvm_params[ALTP2M_PARAM] = MIXED
    xen.hvm_op.altp2m.set_domain_state(1, True)
    return xen.hvm_op.altp2m


class TestGuestsOwn:
    @pytest.fixture
    def mine(self, machine):
        with xensys.Xen(machine.domains[1].kernel(unrestricted=True)) as mine:
            yield mine.hvm_op

    def test_tlbs(self, mine, raw):
        mine.flush_tlbs()
        with refused(errno.EINVAL):
            raw.call(HVM_OP, 5, 0)

    def test_upcall_vector(self, mine):
        mine.set_evtchn_upcall_vector(0, 0xF3, hazardous=True)
        with refused(errno.EINVAL):
            mine.set_evtchn_upcall_vector(0, 0xF, hazardous=True)
        with refused(errno.ENOENT):
            mine.set_evtchn_upcall_vector(1, 0x10, hazardous=True)
        with pytest.raises(OverflowError, match="xen_hvm_evtchn_upcall_vector.vector"):
            mine.set_evtchn_upcall_vector(0, 0x100, hazardous=True)

    def test_pagetables(self, mine):
        with refused(errno.EINVAL):
            mine.pagetable_dying(DOMID_SELF, 0, hazardous=True)
        with refused(errno.EOPNOTSUPP):
            mine.pagetable_dying(2, 0, hazardous=True)
        with refused(errno.ESRCH):
            mine.pagetable_dying(0x7FEF, 0, hazardous=True)

    def test_types_of_its_own_frames(self, mine):
        assert mine.get_mem_type(DOMID_SELF, 1) == 0
        with refused(errno.EPERM):
            mine.get_mem_type(2, 1)

    def test_time(self, machine, mine):
        first = mine.get_time()
        machine.clock.advance(1)
        assert 1e9 <= mine.get_time() - first < 1.1e9


def test_types_set_by_a_device_model(machine, xen):
    machine.domains[1].mem_types[5] = 1
    assert [xen.hvm_op.get_mem_type(1, frame) for frame in (4, 5, 1 << 28)] == [0, 1, 2]


def test_bad_pointers(raw):
    for cmd in (9, 10, 11, 15, 25):
        with refused(errno.EFAULT):
            raw.call(HVM_OP, cmd, 0x10)
    with refused(errno.EINVAL):
        raw.call(HVM_OP, 24, raw.at)


class TestState:
    def test_on_and_off(self, op):
        assert op.get_domain_state(1)
        assert op.create_p2m(1) == 1
        op.set_domain_state(1, False)
        assert not op.get_domain_state(1)
        with refused(errno.EOPNOTSUPP):
            op.create_p2m(1)
        op.set_domain_state(1, True)
        # The views went.
        assert op.create_p2m(1) == 1

    def test_a_disabled_domain(self, machine, xen):
        op = xen.hvm_op.altp2m
        with refused(errno.EINVAL):
            op.get_domain_state(2)
        with refused(errno.EOPNOTSUPP):
            op.create_p2m(2)
        with refused(errno.ESRCH):
            op.get_domain_state(0x7FEF)
        with refused(errno.EOPNOTSUPP):
            op.get_domain_state(0)

    def test_a_machine_that_cannot(self):
        with xensys.Xen(Machine().dom0) as here, refused(errno.EOPNOTSUPP):
            here.hvm_op.altp2m.get_domain_state(1)

    @pytest.mark.parametrize(
        ("mode", "state", "notify"),
        [
            (MIXED, 0, 0),
            (EXTERNAL, errno.EPERM, errno.EPERM),
            (LIMITED, errno.EPERM, 0),
            (9, errno.EPERM, errno.EPERM),
        ],
    )
    def test_who_may_what(self, machine, mode, state, notify):
        guest = machine.domains[1]
        guest.hvm_params[ALTP2M_PARAM] = mode
        core.of(guest).switch(True)
        with xensys.Xen(guest.kernel(unrestricted=True)) as mine:
            op = mine.hvm_op.altp2m
            for expected, call in (
                (state, lambda: op.get_domain_state(1)),
                (notify, lambda: op.vcpu_enable_notify(1, 0, 5)),
            ):
                got = 0
                try:
                    call()
                except xensys.XenError as error:
                    got = error.errno
                assert got == expected

    def test_versions_and_pads(self, machine, op, raw):
        for head in ((2, 1, 1, 0, 0), (1, 1, 1, 1, 0), (1, 1, 1, 0, 1)):
            with refused(errno.EINVAL):
                raw.call(HVM_OP, 25, raw.struct("<IIHHI", *head))
        for cmd in (0, 17):
            with refused(errno.EOPNOTSUPP):
                raw.call(HVM_OP, 25, raw.struct("<IIHHI", 1, cmd, 1, 0, 0))


class TestViews:
    def test_ten_and_no_more(self, op):
        assert [op.create_p2m(1) for _ in range(9)] == list(range(1, 10))
        with refused(errno.EINVAL):
            op.create_p2m(1)
        op.destroy_p2m(1, 4)
        assert op.create_p2m(1) == 4

    def test_one_in_use_stays(self, op):
        view = op.create_p2m(1)
        assert op.get_p2m_idx(1, 0) == 0
        op.switch_p2m(1, view)
        assert op.get_p2m_idx(1, 0) == view
        for number in (view, 0, 8, 99):
            with refused(errno.EBUSY):
                op.destroy_p2m(1, number)
        op.switch_p2m(1, 0)
        op.destroy_p2m(1, view)
        with refused(errno.EINVAL):
            op.switch_p2m(1, view)
        with refused(errno.EINVAL):
            op.get_p2m_idx(1, 1)

    def test_one_that_is_not_visible(self, op):
        view = op.create_p2m(1)
        op.set_visibility(1, view, False)
        with refused(errno.EINVAL):
            op.switch_p2m(1, view)
        op.set_visibility(1, view, True)
        op.switch_p2m(1, view)
        with refused(errno.EINVAL):
            op.set_visibility(1, 9, True)

    def test_making_one_is_not_repeated(self, machine, op):
        machine.dom0.faults.fail("hypercall", errno.EINTR, op="hvm_op")
        with pytest.raises(xensys.XenInterruptedError):
            op.create_p2m(1)


class TestRights:
    def test_of_a_frame(self, op):
        view = op.create_p2m(1, RW)
        with refused(errno.ESRCH):
            op.get_mem_access(1, view, 5)
        op.set_mem_access(1, view, 5, R)
        assert op.get_mem_access(1, view, 5) == R
        assert op.get_mem_access(1, 0, 5) == RWX
        # A frame that is not there is passed over.
        op.set_mem_access(1, view, 1 << 28, R)
        with refused(errno.ESRCH):
            op.get_mem_access(1, view, 1 << 28)

    def test_of_many(self, op):
        view = op.create_p2m(1)
        op.set_mem_access_multi(1, view, [4, 5, 6], [N, R, RW])
        assert [op.get_mem_access(1, view, frame) for frame in (4, 5, 6)] == [N, R, RW]
        with refused(errno.EINVAL):
            op.set_mem_access_multi(1, view, [4, 5, 6], [RWX, 99, RWX])
        assert [op.get_mem_access(1, view, frame) for frame in (4, 5, 6)] == [RWX, R, RW]
        with pytest.raises(ValueError, match="2 frames, and 1"):
            op.set_mem_access_multi(1, view, [4, 5], [R])
        with pytest.raises(OverflowError, match="access_list"):
            op.set_mem_access_multi(1, view, [4], [256])

    def test_default(self, op):
        everything = (1 << 64) - 1
        op.set_mem_access(1, 0, everything, R)
        assert op.get_mem_access(1, 0, everything) == R
        view = op.create_p2m(1, 11)
        assert op.get_mem_access(1, view, everything) == R
        for bad in (12, 99):
            with refused(errno.EINVAL):
                op.set_mem_access(1, 0, 5, bad)
            with refused(errno.EINVAL):
                op.create_p2m(1, bad)

    def test_default_was_10_before_4_20(self):
        machine = Machine(altp2m=True, xen=(4, 17))
        machine.domains[1].hvm_params[ALTP2M_PARAM] = MIXED
        with xensys.Xen(machine.dom0) as xen:
            op = xen.hvm_op.altp2m
            op.set_domain_state(1, True)
            op.set_mem_access(1, 0, 5, 10)
            assert op.get_mem_access(1, 0, 5) == RWX
            with refused(errno.EINVAL):
                op.set_mem_access(1, 0, 5, 11)


class TestPages:
    def test_another_page_at_a_frame(self, machine, op):
        view = op.create_p2m(1)
        op.set_mem_access(1, view, 6, R)
        op.change_gfn(1, view, 5, 6)
        assert core.of(machine.domains[1]).views[view].entries[5] == 6
        assert op.get_mem_access(1, view, 5) == R
        op.change_gfn(1, view, 5, None)
        with refused(errno.ESRCH):
            op.get_mem_access(1, view, 5)
        for old, new in ((1 << 28, 5), (5, 1 << 28)):
            with refused(errno.ESRCH):
                op.change_gfn(1, view, old, new)
        with refused(errno.EINVAL):
            op.change_gfn(1, 9, 5, 6)

    def test_exceptions(self, op):
        view = op.create_p2m(1)
        op.set_suppress_ve(1, view, 5, False)
        assert op.get_suppress_ve(1, view, 5) is False
        assert op.get_suppress_ve(1, 0, 5) is True
        op.set_suppress_ve(1, view, 5, True)
        assert op.get_suppress_ve(1, view, 5) is True
        for call in (
            lambda: op.set_suppress_ve(1, view, 1 << 28, True),
            lambda: op.get_suppress_ve(1, view, 7),
        ):
            with refused(errno.ESRCH):
                call()

    def test_exceptions_of_a_range(self, machine, op):
        last = machine.domains[1].memory.highest()
        view = op.create_p2m(1)
        assert op.set_suppress_ve_multi(1, view, 4, 9, False) == SuppressVeErrors(0, 0)
        assert op.get_suppress_ve(1, view, 9) is False
        done = op.set_suppress_ve_multi(1, view, last - 1, last + 2, False)
        assert done == SuppressVeErrors(errno.ESRCH, last + 1)
        with refused(errno.EINVAL):
            op.set_suppress_ve_multi(1, view, 2, 1, True)

    def test_notification(self, machine, op):
        op.vcpu_enable_notify(1, 0, 5)
        with refused(errno.EEXIST):
            op.vcpu_enable_notify(1, 0, 6)
        op.vcpu_disable_notify(1, 0)
        op.vcpu_enable_notify(1, 0, 6)
        for vcpu, frame in ((1, 5), (1, 1 << 28)):
            with refused(errno.EINVAL):
                op.vcpu_enable_notify(1, vcpu, frame)
        with refused(errno.EINVAL):
            op.vcpu_disable_notify(1, 1)

    def test_pads(self, op, raw):
        for cmd, layout, values in (
            (3, "<IIQ", (0, 1, 5)),
            (7, "<HHIQ", (0, 7, 1, 5)),
            (8, "<HHIQQ", (0, 1, 0, 5, 6)),
            (9, "<HHIQQQ", (0, 1, 0, 0, 0, 0)),
            (9, "<HHIQQQ", (0, 0, 1, 2, 0, 0)),
            (10, "<HBBIQ", (0, 0, 1, 0, 5)),
            (11, "<HBBIQ", (0, 0, 0, 1, 5)),
            (12, "<HHIQ", (0, 0, 1, 5)),
            (15, "<HBBiQQQ", (0, 0, 1, 0, 1, 2, 0)),
            (16, "<HBB", (0, 0, 1)),
        ):
            raw.struct("<IIHHI", 1, cmd, 1, 0, 0)
            struct.pack_into(layout, raw.page, 16, *values)
            with refused(errno.EINVAL):
                raw.call(HVM_OP, 25, raw.at)


def test_arm_has_but_three(arm):
    for cmd in (5, 9, 10, 11, 15, 23, 25):
        with refused(errno.ENOSYS):
            arm.call(HVM_OP, cmd, 0)
    assert arm.call(HVM_OP, 24, 0) == 0


def test_restricted_and_closed(machine):
    xen = xensys.Xen(machine.domains[1].kernel())
    op = xen.hvm_op
    with pytest.raises(xensys.XenPermissionError):
        op.flush_tlbs()
    with pytest.raises(xensys.XenPermissionError):
        op.altp2m.get_domain_state(1)
    xen.close()
    for call in (op.flush_tlbs, op.get_time, lambda: op.altp2m.get_domain_state(1)):
        with pytest.raises(ValueError):
            call()


def test_raw_and_typed_agree(machine, op):
    raw = Raw(machine.dom0)
    raw.struct("<IIHHI", 1, 1, 1, 0, 0)
    assert raw.call(HVM_OP, 25, raw.at) == 0
    assert raw.page[16] == 1
