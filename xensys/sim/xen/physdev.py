"""physdev_op (33): physical interrupts and PCI devices.

xen/arch/x86/physdev.c, irq.c, io_apic.c, hvm/hypercall.c and
xen/drivers/pci/physdev.c. The machine has one I/O APIC of 24 wires, and no PCI
device until one is added; interrupts never come.
"""

from __future__ import annotations

import struct
from errno import (
    EBUSY,
    EDOM,
    EEXIST,
    EINVAL,
    ENODEV,
    ENOSPC,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
)
from weakref import WeakKeyDictionary

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

_GSIS = 24
#: Interrupts that Xen keeps: the timer, the cascade, and its own serial line.
_XENS = frozenset((0, 2, 4))
_IRQS = 256
_IOAPIC = 0xFEC0_0000
_MSI, _GSI, _MSI_SEG, _MULTI_MSI = 0, 1, 3, 4
#: What a pirq that was only set aside stands for.
_ALLOCATED = -1
_ADDRESSES = 1 << 47


class Physdev:
    """What Xen knows of interrupts and devices.

    Attributes:
        devices: (segment, bus, devfn) of the PCI devices it was told of.
        set_up: GSIs whose trigger mode was said.
    """

    def __init__(self) -> None:
        self.devices: set[tuple[int, int, int]] = set()
        self.set_up: set[int] = set()
        self._pirqs: WeakKeyDictionary[Domain, dict[int, int]] = WeakKeyDictionary()
        self._eoi_pages: WeakKeyDictionary[Domain, int] = WeakKeyDictionary()

    def pirqs(self, domain: Domain) -> dict[int, int]:
        """A domain's pirqs: to interrupts, or _ALLOCATED."""
        return self._pirqs.setdefault(domain, {})

    def limit(self, domain: Domain) -> int:
        """How many pirqs a domain has room for (nr_pirqs)."""
        return 414 if domain.privileged else _GSIS + 32

    def free_pirq(self, domain: Domain, kind: int) -> int:
        """get_free_pirq()."""
        used = self.pirqs(domain)
        low = range(16, _GSIS) if kind == _GSI else range(0)
        numbers = (*low, *range(self.limit(domain) - 1, _GSIS - 1, -1))
        free = next((pirq for pirq in numbers if pirq not in used), None)
        if free is None:
            refuse(ENOSPC)
        return int(free)

    def set_eoi_page(self, domain: Domain, gmfn: int) -> None:
        """Remember a page; there is one at most."""
        if domain.memory.slot(gmfn) is None:
            refuse(EINVAL)
        if domain in self._eoi_pages:
            refuse(EBUSY)
        self._eoi_pages[domain] = gmfn


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """physdev_op(cmd, arg)."""
    cmd, arg = args[0] & 0xFFFF_FFFF, args[1]
    domain = caller.domain
    if domain.kind == "arm" or (domain.translated and _hidden(caller, cmd)):
        refuse(ENOSYS)
    method = _METHODS.get(cmd)
    if method is None or (cmd == 32 and caller.machine.xen < (4, 20)):
        refuse(ENOSYS)
    return method(caller, caller.machine.hypervisor.physdev, cmd, arg)


def _hidden(caller: Caller, cmd: int) -> bool:
    """hvm_physdev_op(): what a domain that is not PV does not have."""
    has_pirqs = caller.domain.kind == "hvm"
    modern = caller.machine.xen >= (4, 20)
    if cmd in (13, 14):
        return not (has_pirqs or modern)
    if cmd in (12, 5, 23):
        return not has_pirqs
    if cmd in (24, 25, 26, 29) or (modern and cmd in (21, 32)):
        return not caller.domain.privileged
    return True


def _privileged(caller: Caller) -> None:
    if not caller.domain.privileged:
        refuse(EPERM)


def _irq_unmask_notify(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    return 0


def _irq_status_query(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    (irq,) = struct.unpack("<i", caller.read(arg, 8)[:4])
    if not 0 <= irq < physdev.limit(caller.domain):
        refuse(EINVAL)
    mapped = physdev.pirqs(caller.domain).get(irq, 0)
    if caller.domain.translated and mapped <= 0:
        refuse(EINVAL)
    # needs_eoi, and nothing is shared here.
    caller.write(arg, struct.pack("<iI", irq, 1))
    return 0


def _set_iopl(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    if struct.unpack("<I", caller.read(arg, 4))[0] > 3:
        refuse(EINVAL)
    return 0


def _set_iobitmap(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    bitmap, ports = struct.unpack("<QI4x", caller.read(arg, 16))
    # An address that could be the guest's, not one that is.
    if _ADDRESSES - 8192 < bitmap < 0xFFFF_8800_0000_0000 or ports > 65536:
        refuse(EINVAL)
    return 0


def _apic(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    base, reg, value = struct.unpack("<QII", caller.read(arg, 16))
    _privileged(caller)
    found = base == _IOAPIC
    if cmd == 9:
        if not found:
            refuse(EINVAL)
        if reg >= 0x10 and not reg & 1:
            raise SimulatorGap(f"physdev_op(apic_write, reg {reg:#x})")
        return 0
    if found:
        # The version, with the number of the last wire; a route that is masked.
        value = 0x17_0020 if reg == 1 else 0 if reg < 0x10 or reg & 1 else 0x1_0000
    caller.write(arg, struct.pack("<QII", base, reg, value))
    if not found:
        refuse(EINVAL)
    return 0


def _alloc_irq_vector(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    irq, _ = struct.unpack("<II", caller.read(arg, 8))
    _privileged(caller)
    caller.write(arg, struct.pack("<II", irq, irq))
    return 0


def _eoi(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    (irq,) = struct.unpack("<I", caller.read(arg, 4))
    if irq >= physdev.limit(caller.domain) or irq not in physdev.pirqs(caller.domain):
        refuse(EINVAL)
    return 0


def _eoi_gmfn(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    (gmfn,) = struct.unpack("<Q", caller.read(arg, 8))
    physdev.set_eoi_page(caller.domain, gmfn)
    return 0


def _map_pirq(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    raw = bytearray(caller.read(arg, 40))
    domid, kind, index, pirq, bus, devfn, count, table = struct.unpack("<H2xiiiiii4xQ", raw)
    if kind == _MULTI_MSI and table:
        refuse(EINVAL)
    domain = caller.any_domain(domid)
    if domain is caller.domain and domain.kind == "hvm":
        raise SimulatorGap("physdev_op(map_pirq) of an HVM domain for itself")
    try:
        if not caller.is_device_model_of(domain):
            refuse(EPERM)
        if kind == _GSI:
            pirq = _map_gsi(caller, physdev, domain, index, pirq)
        elif kind in (_MSI, _MSI_SEG, _MULTI_MSI):
            _map_msi(physdev, domain, kind, index, pirq, bus, devfn, count)
        else:
            refuse(EINVAL)
    finally:
        if kind == _MSI_SEG:
            kind = _MSI
        struct.pack_into("<ii", raw, 4, kind, index)
        struct.pack_into("<i", raw, 12, pirq)
        caller.write(arg, bytes(raw))
    return 0


def _map_gsi(caller: Caller, physdev: Physdev, domain: Domain, index: int, pirq: int) -> int:
    """allocate_and_map_gsi_pirq()."""
    if not 0 <= index < _GSIS:
        refuse(EINVAL)
    irq: int = physdev.pirqs(caller.domain).get(index, 0)
    if irq <= 0:
        if not caller.domain.privileged:
            refuse(EINVAL)
        irq = index
    pirqs = physdev.pirqs(domain)
    current = next((number for number, each in pirqs.items() if each == irq), 0)
    if pirq < 0:
        pirq = current or physdev.free_pirq(domain, _GSI)
    elif current and pirq != current:
        refuse(EEXIST)
    if irq in _XENS:
        refuse(EPERM)
    if pirq >= physdev.limit(domain) or irq <= 0:
        refuse(EINVAL)
    if pirqs.get(pirq, 0) <= 0:
        # One that stands for another interrupt stays as it is: no error to Xen.
        pirqs[pirq] = irq
    return pirq


def _map_msi(
    physdev: Physdev, domain: Domain, kind: int, index: int, pirq: int, bus: int, devfn: int, count: int
) -> None:
    """allocate_and_map_msi_pirq()."""
    if kind != _MULTI_MSI and index != -1 and not _GSIS <= index < _IRQS:
        refuse(EINVAL)
    if kind == _MULTI_MSI and pirq < 0:
        if not 0 < count <= 32:
            refuse(EDOM)
        if count != 1:
            # No interrupt remapping.
            refuse(EOPNOTSUPP)
    if pirq < 0:
        pirq = physdev.free_pirq(domain, _MSI)
    if pirq >= physdev.limit(domain):
        refuse(EINVAL)
    segment = bus >> 16 & 0xFFFF if kind != _MSI else 0
    # A domain's own: that of all others is none.
    if not domain.privileged or (segment, bus & 0xFF, devfn & 0xFF) not in physdev.devices:
        refuse(ENODEV)
    raise SimulatorGap("physdev_op(map_pirq) of an MSI")


def _unmap_pirq(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    domid, pirq = struct.unpack("<H2xi", caller.read(arg, 8))
    domain = caller.any_domain(domid)
    if domain is caller.domain and domain.kind == "hvm":
        raise SimulatorGap("physdev_op(unmap_pirq) of an HVM domain for itself")
    if not caller.is_device_model_of(domain):
        refuse(EPERM)
    if physdev.pirqs(domain).get(pirq, 0) <= 0:
        refuse(EINVAL)
    del physdev.pirqs(domain)[pirq]
    return 0


def _setup_gsi(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    (gsi,) = struct.unpack("<i", caller.read(arg, 8)[:4])
    if not 0 <= gsi < _GSIS:
        refuse(EINVAL)
    _privileged(caller)
    if gsi in physdev.set_up:
        refuse(EEXIST)
    physdev.set_up.add(gsi)
    return 0


def _get_free_pirq(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    (kind,) = struct.unpack("<i", caller.read(arg, 8)[:4])
    pirq = physdev.free_pirq(caller.domain, kind)
    physdev.pirqs(caller.domain)[pirq] = _ALLOCATED
    caller.write(arg, struct.pack("<iI", kind, pirq))
    return 0


def _add(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    """The three ways to tell of a device."""
    owner: tuple[int, int] | None = None
    segment = 0
    if cmd == 15:
        bus, devfn = caller.read(arg, 2)
    elif cmd == 20:
        bus, devfn, is_extfn, is_virtfn, *of = struct.unpack("<BB2xIIBB2x", caller.read(arg, 16))
        if is_extfn > 1 or is_virtfn > 1:
            refuse(EINVAL)
        owner = (of[0], of[1]) if is_virtfn else None
    else:
        segment, bus, devfn, flags, *of = struct.unpack("<HBBIBB2x", caller.read(arg, 12))
        owner = (of[0], of[1]) if flags & 2 else None
        if flags & 4:
            caller.read(arg + 12, 4)
    _privileged(caller)
    if owner is not None and (segment, *owner) not in physdev.devices:
        if caller.machine.xen >= (4, 20):
            refuse(ENODEV)
        physdev.devices.add((segment, *owner))
    physdev.devices.add((segment, bus, devfn))
    return 0


def _device(caller: Caller, arg: int, *, short: bool = False) -> tuple[int, int, int]:
    """Which device: two bytes, or with its segment."""
    if short:
        bus, devfn = caller.read(arg, 2)
        return 0, bus, devfn
    segment, bus, devfn = struct.unpack("<HBB", caller.read(arg, 4))
    return segment, bus, devfn


def _remove(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    device = _device(caller, arg, short=cmd == 16)
    _privileged(caller)
    if device not in physdev.devices:
        refuse(ENODEV)
    physdev.devices.discard(device)
    return 0


def _restore_msi(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    # No device uses MSI here; privilege is looked at after the device.
    if _device(caller, arg, short=cmd == 19) not in physdev.devices:
        refuse(ENODEV)
    _privileged(caller)
    return 0


def _msix(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    device = _device(caller, arg)
    _privileged(caller)
    if device in physdev.devices:
        raise SimulatorGap("physdev_op(prepare_msix) of a device: Xen crashes if it has no MSI-X")
    refuse(ENODEV)


def _reset(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    segment, bus, devfn, flags = struct.unpack("<HBBI", caller.read(arg, 8))
    if flags & ~3:
        refuse(EINVAL)
    _privileged(caller)
    if (segment, bus, devfn) not in physdev.devices:
        refuse(ENODEV)
    return 0


def _mmcfg_reserved(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    _privileged(caller)
    flags = struct.unpack("<QHBBI", caller.read(arg, 16))[4]
    # Xen knows of no such area: an old PC.
    refuse(EINVAL if flags & ~1 else ENODEV)


def _dbgp_op(caller: Caller, physdev: Physdev, cmd: int, arg: int) -> int:
    _privileged(caller)
    caller.read(arg, 6)
    return 0


if TYPE_CHECKING:
    _Method = Callable[[Caller, Physdev, int, int], int]

_METHODS: dict[int, _Method] = {
    4: _irq_unmask_notify,
    5: _irq_status_query,
    6: _set_iopl,
    7: _set_iobitmap,
    8: _apic,
    9: _apic,
    10: _alloc_irq_vector,
    12: _eoi,
    13: _map_pirq,
    14: _unmap_pirq,
    15: _add,
    16: _remove,
    17: _eoi_gmfn,
    19: _restore_msi,
    20: _add,
    21: _setup_gsi,
    23: _get_free_pirq,
    24: _mmcfg_reserved,
    25: _add,
    26: _remove,
    27: _restore_msi,
    28: _eoi_gmfn,
    29: _dbgp_op,
    30: _msix,
    31: _msix,
    32: _reset,
}
