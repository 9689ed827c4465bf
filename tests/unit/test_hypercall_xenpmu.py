"""xenpmu_op, with a simulated Xen that was booted with vpmu=1."""

from __future__ import annotations

import errno

import pytest
from simraw import Raw, refused

import xensys
from xensys.abi import pmu as abi
from xensys.hypercalls.xenpmu_op import PmuMode
from xensys.sim import Machine


@pytest.fixture
def machine():
    return Machine(vpmu=True)


@pytest.fixture
def op(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen.xenpmu_op
    assert machine.violations == []


def fails(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


def test_modes(op):
    assert op.mode_get() == PmuMode(abi.XENPMU_MODE_SELF, (0, 1))
    for mode in (abi.XENPMU_MODE_ALL, abi.XENPMU_MODE_HV, abi.XENPMU_MODE_OFF):
        op.mode_set(mode, hazardous=True)
        assert op.mode_get().mode == mode
    for mode in (3, 8, 1 << 63):
        with fails(errno.EINVAL):
            op.mode_set(mode, hazardous=True)
    assert op.mode_get().mode == abi.XENPMU_MODE_OFF


def test_features(op):
    op.feature_set(abi.XENPMU_FEATURE_ARCH_ONLY | abi.XENPMU_FEATURE_INTEL_BTS, hazardous=True)
    assert op.feature_get() == 5
    with fails(errno.EINVAL):
        op.feature_set(8, hazardous=True)
    assert op.feature_get() == 5


def test_pages(op):
    with fails(errno.EINVAL):
        op.init(1, 0, hazardous=True)
    with pytest.raises(xensys.XenNotFoundError):
        op.init(0, 0, hazardous=True)
    op.finish(99, hazardous=True)
    for call in (op.lvtpc_set, op.flush):
        with fails(errno.EINVAL):
            call(hazardous=True)


def test_another_version_an_unknown_operation_and_bad_pointers(machine):
    raw = Raw(machine.dom0)
    for op in (1, 3, 4, 5):
        with refused(errno.EINVAL):
            raw.call(40, op, raw.struct("<IIQII", 1, 0, 0, 0, 0))
        with refused(errno.EFAULT):
            raw.call(40, op, 0)
    for op in (0, 2):
        with refused(errno.EFAULT):
            raw.call(40, op, 0)
    with refused(errno.EINVAL):
        raw.call(40, 8, raw.at)


def test_a_guest_has_its_own_counters_and_no_settings(machine):
    guest = Raw(machine.add_domain(kind="pv").kernel(unrestricted=True))
    for op in (0, 1, 2, 3, 8):
        with refused(errno.EPERM):
            guest.call(40, op, guest.at)
    guest.page[:] = bytes(len(guest.page))
    assert guest.call(40, 5, guest.at) == 0
    translated = Raw(machine.domains[1].kernel(unrestricted=True))
    for op in range(9):
        with refused(errno.EOPNOTSUPP):
            translated.call(40, op, translated.at)


def test_EINTR(machine, op):
    machine.dom0.faults.fail("hypercall", op="xenpmu_op", cmd=0, errno=errno.EINTR, times=2)
    assert op.mode_get().mode == 1
    machine.dom0.faults.fail("hypercall", op="xenpmu_op", cmd=1, errno=errno.EINTR)
    with pytest.raises(xensys.XenInterruptedError):
        op.mode_set(0, hazardous=True)
