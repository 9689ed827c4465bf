"""physdev_op: what is packed, devices that come and go, and which domain has what."""

from __future__ import annotations

import errno
import struct

import pytest
from simraw import DOMID_SELF, Raw, refused

import xensys
from xensys.abi import physdev as abi
from xensys.hypercalls.physdev_op import MappedPirq
from xensys.sim import Machine, SimulatorGap

OP = 33
#: Everything there is, by number.
ALL = (4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32)
GSI = abi.MAP_PIRQ_TYPE_GSI


def fails(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


@pytest.fixture
def op(xen):
    return xen.physdev_op


class TestDevices:
    def test_they_come_and_go(self, machine, op):
        devices = machine.hypervisor.physdev.devices
        op.pci_device_add(1, 2, 3, hazardous=True)
        op.pci_device_add(1, 2, 4, physfn=(2, 3), is_extfn=True, pxm=7, hazardous=True)
        op.manage_pci_add(5, 6, hazardous=True)
        op.manage_pci_add_ext(5, 7, physfn=(5, 6), hazardous=True)
        assert devices == {(1, 2, 3), (1, 2, 4), (0, 5, 6), (0, 5, 7)}
        op.restore_msi(5, 6, hazardous=True)
        op.restore_msi_ext(1, 2, 3, hazardous=True)
        op.pci_device_reset(1, 2, 3, abi.PCI_DEVICE_RESET_WARM, hazardous=True)
        for device in ((1, 2, 3), (1, 2, 4)):
            op.pci_device_remove(*device, hazardous=True)
        for device in ((5, 6), (5, 7)):
            op.manage_pci_remove(*device, hazardous=True)
        assert devices == set()

    def test_a_virtual_function_of_nobody(self, op):
        for call in (
            lambda: op.pci_device_add(1, 2, 4, physfn=(2, 3), hazardous=True),
            lambda: op.manage_pci_add_ext(2, 4, physfn=(2, 3), hazardous=True),
        ):
            with fails(errno.ENODEV):
                call()

    def test_flags_of_add(self, raw):
        raw.page[0:16] = struct.pack("<HBBIBB2xI", 1, 2, 3, 2, 9, 9, 0)
        with refused(errno.ENODEV):
            raw.call(OP, 25, raw.at)
        raw.page[0:16] = struct.pack("<BBxxIIBBxx", 2, 4, 2, 0, 0, 0)
        with refused(errno.EINVAL):
            raw.call(OP, 20, raw.at)

    def test_values_that_do_not_fit(self, op):
        for call, name in (
            (lambda: op.pci_device_add(1 << 16, 0, 0, hazardous=True), "physdev_pci_device_add.seg"),
            (lambda: op.pci_device_add(0, 0, 0, pxm=-1, hazardous=True), "physdev_pci_device_add.optarr"),
            (lambda: op.pci_device_remove(0, 256, 0, hazardous=True), "physdev_pci_device.bus"),
            (lambda: op.manage_pci_add(0, 256, hazardous=True), "physdev_manage_pci.devfn"),
            (lambda: op.dbgp_op(1, device=(0, 256, 0), hazardous=True), "physdev_dbgp_op.u.pci.bus"),
            (lambda: op.pci_device_reset(0, 0, 0, 1 << 32, hazardous=True), "pci_device_reset.flags"),
            (lambda: op.map_pirq(1, GSI, 1 << 31), "physdev_map_pirq.index"),
            (lambda: op.map_pirq(1, abi.MAP_PIRQ_TYPE_MSI_SEG, -1, bus=256), "physdev_map_pirq.bus"),
            (lambda: op.set_iopl(-1, hazardous=True), "physdev_set_iopl.iopl"),
            (lambda: op.setup_gsi(1, 256, 0, hazardous=True), "physdev_setup_gsi.triggering"),
        ):
            with pytest.raises(OverflowError, match=name):
                call()

    def test_prepare_msix_of_a_device_is_a_gap(self, op):
        op.manage_pci_add(1, 1, hazardous=True)
        with pytest.raises(SimulatorGap):
            op.prepare_msix(0, 1, 1, hazardous=True)


class TestPirqs:
    def test_of_oneself(self, op):
        first = op.map_pirq(DOMID_SELF, GSI, 9, pirq=9, hazardous=True)
        assert first == MappedPirq(9, 0)
        op.eoi(9, hazardous=True)
        # 9 is taken, and now stands for wire 9 in a guest's mapping, too.
        assert op.map_pirq(1, GSI, 9).pirq == 16
        op.unmap_pirq(0, 9, hazardous=True)
        with fails(errno.EINVAL):
            op.eoi(9, hazardous=True)

    def test_oneself_by_any_number_needs_the_flag(self, op):
        for domid in (DOMID_SELF, 0):
            with pytest.raises(xensys.HazardError):
                op.map_pirq(domid, GSI, 9)

    def test_a_number_that_is_taken_stays_what_it_is(self, op):
        op.map_pirq(1, GSI, 5, pirq=20)
        # Xen finds nothing wrong, and does nothing.
        assert op.map_pirq(1, GSI, 6, pirq=20).pirq == 20
        assert op.map_pirq(1, GSI, 5).pirq == 20

    @pytest.mark.parametrize("wire", [2, 4])
    def test_what_is_xens_is_not_ours_to_give(self, op, wire):
        with pytest.raises(xensys.XenPermissionError):
            op.map_pirq(1, GSI, wire)

    def test_none_is_free(self, machine, op):
        for _ in range(390):
            op.get_free_pirq(abi.MAP_PIRQ_TYPE_MSI, hazardous=True)
        with fails(errno.ENOSPC):
            op.get_free_pirq(abi.MAP_PIRQ_TYPE_MSI, hazardous=True)
        assert [op.get_free_pirq(GSI, hazardous=True) for _ in range(8)] == list(range(16, 24))
        with fails(errno.ENOSPC):
            op.get_free_pirq(GSI, hazardous=True)

    def test_several_msis(self, op):
        def multi(**more):
            return op.map_pirq(1, abi.MAP_PIRQ_TYPE_MULTI_MSI, -1, **more)

        for count, number in ((0, errno.EDOM), (33, errno.EDOM), (2, errno.EOPNOTSUPP), (1, errno.ENODEV)):
            with fails(number):
                multi(entry_nr=count)
        with fails(errno.EINVAL):
            multi(entry_nr=1, table_base=1)

    def test_an_msi_of_a_device_is_a_gap(self, op):
        op.pci_device_add(0xFFFF, 2, 3, hazardous=True)
        with pytest.raises(SimulatorGap):
            op.map_pirq(0, abi.MAP_PIRQ_TYPE_MSI_SEG, -1, segment=0xFFFF, bus=2, devfn=3, hazardous=True)
        with fails(errno.ENODEV):
            op.map_pirq(0, abi.MAP_PIRQ_TYPE_MSI, -1, bus=2, devfn=3, hazardous=True)

    def test_setup_gsi_once(self, op):
        op.setup_gsi(17, 1, 1, hazardous=True)
        with fails(errno.EEXIST):
            op.setup_gsi(17, 1, 1, hazardous=True)
        with fails(errno.EINVAL):
            op.setup_gsi(24, 1, 1, hazardous=True)


class TestPages:
    def test_one_at_most(self, machine, op):
        frame = machine.domains[0].first_gfn
        op.pirq_eoi_gmfn_v2(frame, hazardous=True)
        for call in (op.pirq_eoi_gmfn_v1, op.pirq_eoi_gmfn_v2):
            with fails(errno.EBUSY):
                call(frame, hazardous=True)

    def test_iobitmap(self, xen, op):
        op.set_iobitmap(None, 0, hazardous=True)
        with xen.buffers.alloc(8192) as bitmap:
            op.set_iobitmap(bitmap, 65536, hazardous=True)
            op.set_iobitmap(None, 0, hazardous=True)

    def test_iobitmap_beyond_all_addresses(self, raw):
        for address in ((1 << 47) - 8191, 1 << 47, 0xFFFF_87FF_FFFF_FFFF):
            with refused(errno.EINVAL):
                raw.call(OP, 7, raw.struct("<QI4x", address, 1))


class TestIoApic:
    def test_write(self, op):
        op.apic_write(0xFEC0_0000, 1, 0, hazardous=True)
        with pytest.raises(SimulatorGap):
            op.apic_write(0xFEC0_0000, 0x10, 0, hazardous=True)
        with fails(errno.EINVAL):
            op.apic_write(0xFEC0_0001, 0x10, 0, hazardous=True)

    def test_dbgp_op(self, op):
        assert op.dbgp_op(abi.PHYSDEVOP_DBGP_RESET_PREPARE, hazardous=True) is False
        assert op.dbgp_op(2, device=(0, 1, 2), hazardous=True) is False


class TestWho:
    """Which domain has which operation: by what a null pointer comes to."""

    def outcomes(self, raw):
        found = {}
        for cmd in ALL:
            try:
                raw.call(OP, cmd, 0)
                found[cmd] = 0
            except OSError as error:
                found[cmd] = error.errno
        return found

    def test_pv_dom0(self, raw):
        assert self.outcomes(raw) == dict.fromkeys(ALL, errno.EFAULT) | {4: 0}

    def test_pv_guest(self, machine):
        pv = Raw(machine.add_domain(kind="pv").kernel(unrestricted=True))
        found = self.outcomes(pv)
        assert {cmd for cmd, number in found.items() if number == errno.EPERM} == {24, 29}
        pv.page[:] = bytes(len(pv.page))
        refusals = {8: errno.EPERM, 9: errno.EPERM, 10: errno.EPERM, 15: errno.EPERM, 21: errno.EPERM}
        refusals |= {26: errno.EPERM, 25: errno.EPERM, 19: errno.ENODEV, 30: errno.EPERM, 32: errno.EPERM}
        for cmd, number in refusals.items():
            with refused(number):
                pv.call(OP, cmd, pv.at)
        # Its own interrupts it has; others' it may not touch, nor give itself any.
        assert pv.call(OP, 5, pv.at) == 0
        for domid, number in ((0, errno.EPERM), (DOMID_SELF, errno.EPERM), (0x7FEF, errno.ESRCH)):
            with refused(number):
                pv.call(OP, 14, pv.struct("<Hxxi", domid, 1))

    @pytest.mark.parametrize(
        ("xen", "there"),
        [((4, 20), {13, 14, 21, 24, 25, 26, 29, 32}), ((4, 17), {24, 25, 26, 29})],
    )
    def test_pvh_dom0(self, xen, there):
        found = self.outcomes(Raw(Machine(dom0="pvh", xen=xen).dom0))
        assert {cmd for cmd, number in found.items() if number != errno.ENOSYS} == there

    @pytest.mark.parametrize(("kind", "there"), [("pvh", {13, 14}), ("hvm", {5, 12, 13, 14, 23})])
    def test_translated_guest(self, machine, kind, there):
        found = self.outcomes(Raw(machine.add_domain(kind=kind).kernel(unrestricted=True)))
        assert {cmd for cmd, number in found.items() if number != errno.ENOSYS} == there

    def test_hvm_guest_and_its_pirqs(self, machine):
        hvm = Raw(machine.add_domain(kind="hvm").kernel(unrestricted=True))
        with refused(errno.EINVAL):
            hvm.call(OP, 5, hvm.struct("<II", 5, 0))
        assert hvm.call(OP, 23, hvm.struct("<iI", 0, 0)) == 0
        for cmd, layout in ((13, "<H2xiiiiii4xQ"), (14, "<H2xi")):
            values = (DOMID_SELF, *[1] * 7)[: 2 if cmd == 14 else 8]
            with pytest.raises(SimulatorGap):
                hvm.call(OP, cmd, hvm.struct(layout, *values))

    def test_arm64(self, arm):
        assert set(self.outcomes(arm).values()) == {errno.ENOSYS}


def test_what_map_pirq_leaves_of_a_refusal(raw):
    at = raw.struct("<H2xiiiiii4xQ", 1, abi.MAP_PIRQ_TYPE_MSI_SEG, -1, -1, 0, 0, 5, 0)
    with refused(errno.ENODEV):
        raw.call(OP, 13, at)
    # Xen calls it MSI from then on, and copies that out.
    assert struct.unpack_from("<H2xiiiiii4xQ", raw.page) == (1, 0, -1, -1, 0, 0, 5, 0)


def test_EINTR(machine, op):
    fail = machine.dom0.faults.fail
    fail("hypercall", op="physdev_op", cmd=5, errno=errno.EINTR, times=2)
    assert op.irq_status_query(1).needs_eoi
    fail("hypercall", op="physdev_op", cmd=23, errno=errno.EINTR)
    with pytest.raises(xensys.XenInterruptedError):
        op.get_free_pirq(GSI, hazardous=True)
