"""physdev_op: a PV dom0 has all of it, arm64 nothing. Only what leaves the machine as it is."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi import physdev as abi
from xensys.hypercalls.physdev_op import IrqStatus, MappedPirq

#: A PCI device that Xen never heard of.
NOBODY = (0x7FFF, 200, 8)
#: A wire that no driver of dom0's uses: that of the second IDE channel.
WIRE = 15
HAZARDS = {
    "IRQ_UNMASK_NOTIFY": lambda op, **flag: op.irq_unmask_notify(**flag),
    "set_iopl": lambda op, **flag: op.set_iopl(4, **flag),
    "set_iobitmap": lambda op, **flag: op.set_iobitmap(None, 0, **flag),
    "apic_write": lambda op, **flag: op.apic_write(0, 0, 0, **flag),
    "eoi": lambda op, **flag: op.eoi(1 << 20, **flag),
    "map_pirq": lambda op, **flag: op.map_pirq(SELF, 9, 0, **flag),
    "unmap_pirq": lambda op, **flag: op.unmap_pirq(SELF, 1 << 20, **flag),
    "manage_pci_add": lambda op, **flag: op.manage_pci_add(200, 8, **flag),
    "manage_pci_remove": lambda op, **flag: op.manage_pci_remove(200, 8, **flag),
    "manage_pci_add_ext": lambda op, **flag: op.manage_pci_add_ext(200, 8, physfn=(200, 0), **flag),
    "pirq_eoi_gmfn_v1": lambda op, **flag: op.pirq_eoi_gmfn_v1(1 << 50, **flag),
    "pirq_eoi_gmfn_v2": lambda op, **flag: op.pirq_eoi_gmfn_v2(1 << 50, **flag),
    "restore_msi": lambda op, **flag: op.restore_msi(200, 8, **flag),
    "restore_msi_ext": lambda op, **flag: op.restore_msi_ext(*NOBODY, **flag),
    "setup_gsi": lambda op, **flag: op.setup_gsi(-1, 0, 0, **flag),
    "get_free_pirq": lambda op, **flag: op.get_free_pirq(abi.MAP_PIRQ_TYPE_GSI, **flag),
    "pci_mmcfg_reserved": lambda op, **flag: op.pci_mmcfg_reserved(0x1000, 0x7FFF, 0, 255, **flag),
    "pci_device_add": lambda op, **flag: op.pci_device_add(*NOBODY, physfn=(200, 0), **flag),
    "pci_device_remove": lambda op, **flag: op.pci_device_remove(*NOBODY, **flag),
    "pci_device_reset": lambda op, **flag: op.pci_device_reset(*NOBODY, abi.PCI_DEVICE_RESET_FLR, **flag),
    "dbgp_op": lambda op, **flag: op.dbgp_op(abi.PHYSDEVOP_DBGP_RESET_DONE, **flag),
    "prepare_msix": lambda op, **flag: op.prepare_msix(*NOBODY, **flag),
    "release_msix": lambda op, **flag: op.release_msix(*NOBODY, **flag),
}
CALLS = {
    "irq_status_query": lambda op: op.irq_status_query(1),
    "apic_read": lambda op: op.apic_read(0, 0),
    "alloc_irq_vector": lambda op: op.alloc_irq_vector(9),
    **{name: (lambda op, call=call: call(op, hazardous=True)) for name, call in HAZARDS.items()},
}
#: What these very arguments come to; what is not here works.
EXPECTED = {
    "apic_read": errno.EINVAL,
    "apic_write": errno.EINVAL,
    "set_iopl": errno.EINVAL,
    "eoi": errno.EINVAL,
    "map_pirq": errno.EINVAL,
    "unmap_pirq": errno.EINVAL,
    "manage_pci_add_ext": errno.ENODEV,
    "manage_pci_remove": errno.ENODEV,
    "pirq_eoi_gmfn_v1": errno.EINVAL,
    "pirq_eoi_gmfn_v2": errno.EINVAL,
    "restore_msi": errno.ENODEV,
    "restore_msi_ext": errno.ENODEV,
    "setup_gsi": errno.EINVAL,
    "pci_mmcfg_reserved": errno.ENODEV,
    "pci_device_add": errno.ENODEV,
    "pci_device_remove": errno.ENODEV,
    "pci_device_reset": errno.ENODEV,
    "prepare_msix": errno.ENODEV,
    "release_msix": errno.ENODEV,
}
#: These would change the calling vCPU, or add a device: on x86 not done.
CHANGING = {"set_iobitmap", "manage_pci_add"}
#: A virtual function whose owner is not known: before Xen 4.20 both are added.
VIRTUAL = {"manage_pci_add_ext", "pci_device_add"}


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def op(world):
    return world.xen.physdev_op


def is_pv(world):
    """Whether there is such a hypercall; where not, make sure of it."""
    if not world.target.translated:
        return True
    with refused(errno.ENOSYS):
        world.xen.physdev_op.irq_status_query(0)
    return False


@pytest.mark.parametrize("name", CALLS)
def test_every_operation_answers(world, op, name):
    expected = EXPECTED.get(name, 0)
    if world.target.translated or (name == "pci_device_reset" and world.target.xen < (4, 20)):
        expected = errno.ENOSYS
    elif name in CHANGING or (name in VIRTUAL and world.target.xen < (4, 20)):
        return
    if not expected:
        CALLS[name](op)
        return
    with pytest.raises(xensys.XenError) as caught:
        CALLS[name](op)
    assert caught.value.errno == expected
    assert caught.value.call == f"physdev_op(PHYSDEVOP_{name})"


def test_a_virtual_function_of_a_device_that_is_not_known(world, op):
    if not is_pv(world):
        return
    segment, bus, _ = NOBODY
    owner = segment, bus, 0
    if world.target.xen < (4, 20):
        CALLS["pci_device_add"](op)
        for device in (NOBODY, owner):
            op.pci_device_remove(*device, hazardous=True)
    else:
        with refused(errno.ENODEV):
            CALLS["pci_device_add"](op)
    for device in (NOBODY, owner):
        with refused(errno.ENODEV):
            op.pci_device_remove(*device, hazardous=True)


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_need_the_flag(op, name):
    with pytest.raises(xensys.HazardError) as caught:
        HAZARDS[name](op)
    assert caught.value.via == ""


def test_irq_status_query_of_every_pirq(world, op):
    if not is_pv(world):
        return
    # A pirq need not be mapped to have a status.
    for irq in (0, 1, WIRE, 24, 100):
        assert op.irq_status_query(irq) == IrqStatus(needs_eoi=True, shared=False)
    for irq in (1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1):
        with refused(errno.EINVAL):
            op.irq_status_query(irq)
    with pytest.raises(OverflowError, match=r"physdev_irq_status_query\.irq"):
        op.irq_status_query(1 << 32)


def test_alloc_irq_vector_gives_back_what_it_is_given(world, op):
    if not is_pv(world):
        return
    for irq in (0, 9, (1 << 32) - 1):
        assert op.alloc_irq_vector(irq) == irq


def test_apic_read_of_the_machines_io_apic(world, op):
    if not is_pv(world):
        return
    version = op.apic_read(0xFEC0_0000, 1)
    # QEMU's has 24 wires.
    assert version >> 16 & 0xFF == 23
    assert op.apic_read(0xFEC0_0000, 0) == 0
    for base in (0, 0xFEC0_1000):
        with refused(errno.EINVAL):
            op.apic_read(base, 1)


def test_get_free_pirq_gives_no_number_twice(world, op):
    if not is_pv(world):
        return
    first = op.get_free_pirq(abi.MAP_PIRQ_TYPE_MSI, hazardous=True)
    second = op.get_free_pirq(abi.MAP_PIRQ_TYPE_MSI, hazardous=True)
    assert 24 <= second < first
    assert op.get_free_pirq(abi.MAP_PIRQ_TYPE_GSI, hazardous=True) >= 16
    # Set aside is not mapped: it can be ended, and not be given back.
    op.eoi(first, hazardous=True)
    with refused(errno.EINVAL):
        op.unmap_pirq(SELF, first, hazardous=True)


def test_a_wire_is_mapped_for_a_guest_and_unmapped(world, op):
    if not is_pv(world):
        return
    domid = world.paused.domid
    mapped = op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, WIRE)
    try:
        assert 16 <= mapped.pirq < 24
        # It has one number in a domain: asked again it is the same, and no other will do.
        assert op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, WIRE) == mapped
        with refused(errno.EEXIST):
            op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, WIRE, pirq=mapped.pirq + 1)
    finally:
        op.unmap_pirq(domid, mapped.pirq, hazardous=True)
    with refused(errno.EINVAL):
        op.unmap_pirq(domid, mapped.pirq, hazardous=True)
    wanted = op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, WIRE, pirq=21)
    op.unmap_pirq(domid, 21, hazardous=True)
    assert wanted == MappedPirq(21, 0)


def test_map_pirq_refuses(world, op):
    if not is_pv(world):
        return
    domid = world.paused.domid
    for kind in (abi.MAP_PIRQ_TYPE_UNKNOWN, 9, -1):
        with refused(errno.EINVAL):
            op.map_pirq(domid, kind, WIRE)
    for index in (-1, 24, 100_000):
        with refused(errno.EINVAL):
            op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, index)
    with refused(errno.EINVAL):
        op.map_pirq(domid, abi.MAP_PIRQ_TYPE_GSI, WIRE, pirq=1 << 20)
    with pytest.raises(xensys.NoSuchDomainError):
        op.map_pirq(NEVER, 9, 0)
    with pytest.raises(xensys.NoSuchDomainError):
        op.unmap_pirq(NEVER, 1, hazardous=True)
    # Before the domain is looked at.
    with refused(errno.EINVAL):
        op.map_pirq(NEVER, abi.MAP_PIRQ_TYPE_MULTI_MSI, -1, table_base=4096)


def test_map_pirq_of_an_msi_of_no_device(world, op):
    if not is_pv(world):
        return
    domid = world.paused.domid
    for kind in (abi.MAP_PIRQ_TYPE_MSI_SEG, abi.MAP_PIRQ_TYPE_MULTI_MSI):
        with refused(errno.ENODEV):
            op.map_pirq(domid, kind, -1, segment=0xFFFF, bus=200, devfn=8, entry_nr=1)
    for entry_nr, number in ((0, errno.EDOM), (33, errno.EDOM), (2, errno.EOPNOTSUPP)):
        with refused(number):
            op.map_pirq(domid, abi.MAP_PIRQ_TYPE_MULTI_MSI, -1, entry_nr=entry_nr)
    with pytest.raises(OverflowError, match="segment"):
        op.map_pirq(domid, abi.MAP_PIRQ_TYPE_MSI_SEG, -1, segment=1 << 16)
    with pytest.raises(ValueError, match="segment"):
        op.map_pirq(domid, abi.MAP_PIRQ_TYPE_MSI, -1, segment=1)


def test_what_xen_looks_at_first(world, op):
    if not is_pv(world):
        return
    with refused(errno.EINVAL):
        op.pci_mmcfg_reserved(0x1000, 0x7FFF, 0, 255, 2, hazardous=True)
    with pytest.raises(ValueError, match="bitmap"):
        op.set_iobitmap(None, 1, hazardous=True)
    with world.xen.buffers.alloc(8192) as bitmap, refused(errno.EINVAL):
        op.set_iobitmap(bitmap, 65537, hazardous=True)
    with world.xen.buffers.alloc(8191) as bitmap, pytest.raises(ValueError, match="8192"):
        op.set_iobitmap(bitmap, 1, hazardous=True)
    if world.target.xen >= (4, 20):
        with refused(errno.EINVAL):
            op.pci_device_reset(*NOBODY, 4, hazardous=True)


@pytest.mark.parametrize("cmd", [0, 1, 11, 18, 22, 33])
def test_numbers_that_are_no_operations(world, cmd):
    with refused(errno.ENOSYS):
        world.xen.hypercall(33, cmd, 0)


def test_bad_pointers(world):
    if not is_pv(world):
        return
    for cmd in (5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31):
        with refused(errno.EFAULT):
            world.xen.hypercall(33, cmd, 0)
