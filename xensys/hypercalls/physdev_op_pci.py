"""physdev_op: the part about PCI devices, and how all of it is called.

For the kernel of the hardware domain; see `physdev_op`.
"""

from __future__ import annotations

from xensys.abi import physdev as abi
from xensys.abi._base import Packer, Struct
from xensys.hypercalls._call import PHYSDEV_OP, Caller


class Shape(Packer):
    """A structure, with the names of its fields for errors."""

    __slots__ = ("fields",)

    def __init__(self, cls: type[Struct]) -> None:
        super().__init__(cls)
        self.fields = cls.FORMAT_FIELDS


# These have a union or an array of no length, so that the generator gives them no format.
class physdev_pci_device_add(abi.physdev_pci_device_add):  # by that name errors call it
    FORMAT = "<HBBIBB2xI"
    FORMAT_FIELDS = ("seg", "bus", "devfn", "flags", "physfn.bus", "physfn.devfn", "optarr[0]")


class physdev_dbgp_op(abi.physdev_dbgp_op):
    FORMAT = "<BBHBB"
    FORMAT_FIELDS = ("op", "bus", "u.pci.seg", "u.pci.bus", "u.pci.devfn")


_MANAGE = Shape(abi.physdev_manage_pci)
_MANAGE_EXT = Shape(abi.physdev_manage_pci_ext)
_RESTORE = Shape(abi.physdev_restore_msi)
_MMCFG = Shape(abi.physdev_pci_mmcfg_reserved)
_DEVICE = Shape(abi.physdev_pci_device)
_RESET = Shape(abi.pci_device_reset)
_ADD = Shape(physdev_pci_device_add)
_DBGP = Shape(physdev_dbgp_op)


class PhysdevPci:
    """What `PhysdevOp` has of PCI devices."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def manage_pci_add(self, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Tell Xen of a PCI device in segment 0 (PHYSDEVOP_manage_pci_add).

        Args:
            bus, devfn: the device; devfn is device << 3 | function.
            hazardous: must be True: the kernel tells Xen of its devices.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: what the IOMMU has against it.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("manage_pci_add", _MANAGE, bus, devfn, hazardous=hazardous)

    def manage_pci_remove(self, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Tell Xen that a PCI device in segment 0 is gone (PHYSDEVOP_manage_pci_remove).

        Args, Raises, EINTR: as `pci_device_remove`; for PV domains only.
        """
        self._call("manage_pci_remove", _MANAGE, bus, devfn, hazardous=hazardous)

    def manage_pci_add_ext(
        self,
        bus: int,
        devfn: int,
        *,
        is_extfn: bool = False,
        physfn: tuple[int, int] | None = None,
        hazardous: bool = False,
    ) -> None:
        """Tell Xen of a PCI device in segment 0 (PHYSDEVOP_manage_pci_add_ext).

        Args:
            bus, devfn: the device.
            is_extfn: whether devfn is one number (ARI).
            physfn: (bus, devfn) of the function that this virtual one belongs to.
            hazardous: must be True: the kernel tells Xen of its devices.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: ENODEV, no such physfn; what the IOMMU has against it.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        owner = physfn or (0, 0)
        self._call(
            "manage_pci_add_ext",
            _MANAGE_EXT,
            bus,
            devfn,
            bool(is_extfn),
            physfn is not None,
            *owner,
            hazardous=hazardous,
        )

    def pci_device_add(
        self,
        segment: int,
        bus: int,
        devfn: int,
        *,
        is_extfn: bool = False,
        physfn: tuple[int, int] | None = None,
        pxm: int | None = None,
        hazardous: bool = False,
    ) -> None:
        """Tell Xen of a PCI device (PHYSDEVOP_pci_device_add; since Xen 4.2).

        Args:
            segment, bus, devfn: the device.
            is_extfn: whether devfn is one number (ARI).
            physfn: (bus, devfn) of the function that this virtual one belongs to.
            pxm: its proximity domain, as ACPI counts them.
            hazardous: must be True: the kernel tells Xen of its devices.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: ENODEV, no such physfn; what the IOMMU has against it.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        flags = (
            (abi.XEN_PCI_DEV_EXTFN if is_extfn else 0)
            | (abi.XEN_PCI_DEV_VIRTFN if physfn is not None else 0)
            | (abi.XEN_PCI_DEV_PXM if pxm is not None else 0)
        )
        owner = physfn or (0, 0)
        values = (segment, bus, devfn, flags, *owner, pxm or 0)
        self._call("pci_device_add", _ADD, *values, hazardous=hazardous)

    def pci_device_remove(self, segment: int, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Tell Xen that a PCI device is gone (PHYSDEVOP_pci_device_remove; since Xen 4.2).

        Args:
            segment, bus, devfn: the device.
            hazardous: must be True: Xen lets go of it, and of its interrupts.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: ENODEV, Xen knows of none; EBUSY, it has virtual functions.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        self._call("pci_device_remove", _DEVICE, segment, bus, devfn, hazardous=hazardous)

    def pci_device_reset(
        self, segment: int, bus: int, devfn: int, kind: int, *, hazardous: bool = False
    ) -> None:
        """Tell Xen that a PCI device was reset (PHYSDEVOP_pci_device_reset; since Xen 4.20).

        Args:
            segment, bus, devfn: the device.
            kind: PCI_DEVICE_RESET_*.
            hazardous: must be True: Xen forgets what it emulates of the device.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, unknown kind; ENODEV, Xen knows of no such device.
            NotSupportedError: ENOSYS, see above, or older Xen.
        EINTR: reported.
        """
        self._call("pci_device_reset", _RESET, segment, bus, devfn, kind, hazardous=hazardous)

    def pci_mmcfg_reserved(
        self,
        address: int,
        segment: int,
        start_bus: int,
        end_bus: int,
        flags: int = abi.XEN_PCI_MMCFG_RESERVED,
        *,
        hazardous: bool = False,
    ) -> None:
        """Tell Xen whether firmware reserves PCI configuration space (PHYSDEVOP_pci_mmcfg_reserved).

        Args:
            address: physical address of bus 0's.
            segment, start_bus, end_bus: the area; end_bus is in it.
            flags: XEN_PCI_MMCFG_RESERVED, or 0: Xen must not use it.
            hazardous: must be True: the kernel knows this from firmware.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, other flags; ENODEV, Xen knows of no such area; EIO, of another address.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        values = (address, segment, start_bus, end_bus, flags)
        self._call("pci_mmcfg_reserved", _MMCFG, *values, hazardous=hazardous)

    def restore_msi(self, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Have Xen write an MSI setup again, in segment 0 (PHYSDEVOP_restore_msi).

        Args, Raises, EINTR: as `restore_msi_ext`.
        """
        self._call("restore_msi", _RESTORE, bus, devfn, hazardous=hazardous)

    def restore_msi_ext(self, segment: int, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Have Xen write a device's MSI setup again, after a sleep (PHYSDEVOP_restore_msi_ext).

        Args:
            segment, bus, devfn: the device.
            hazardous: must be True: the kernel does so when it is time.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: ENODEV, Xen knows of none; ENXIO, its memory is off; EOPNOTSUPP, no MSI here.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("restore_msi_ext", _DEVICE, segment, bus, devfn, hazardous=hazardous)

    def prepare_msix(self, segment: int, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Tell Xen that an MSI-X device's memory stays where it is (PHYSDEVOP_prepare_msix).

        Args:
            segment, bus, devfn: the device. Xen 4.20 does not look whether it has
                MSI-X at all, and crashes over one that has not.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: ENODEV, Xen knows of none; EBUSY, its MSI-X is in use, or (release) not prepared.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("prepare_msix", _DEVICE, segment, bus, devfn, hazardous=hazardous)

    def release_msix(self, segment: int, bus: int, devfn: int, *, hazardous: bool = False) -> None:
        """Tell Xen that an MSI-X device's memory may move (PHYSDEVOP_release_msix).

        Args, Raises, EINTR: as `prepare_msix`.
        """
        self._call("release_msix", _DEVICE, segment, bus, devfn, hazardous=hazardous)

    def dbgp_op(
        self, op: int, *, device: tuple[int, int, int] | None = None, hazardous: bool = False
    ) -> bool:
        """Tell Xen that the USB debug port's controller is reset (PHYSDEVOP_dbgp_op).

        Args:
            op: PHYSDEVOP_DBGP_RESET_PREPARE or PHYSDEVOP_DBGP_RESET_DONE.
            device: (segment, bus, devfn) of the controller; None if it is no PCI device.
            hazardous: must be True: Xen's own console may be there.
        Returns:
            Whether Xen uses the port again; always False where it has none.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not the hardware domain.
            NotSupportedError: ENOSYS, unknown op; or see above.
        EINTR: reported.
        """
        bus = abi.PHYSDEVOP_DBGP_BUS_UNKNOWN if device is None else abi.PHYSDEVOP_DBGP_BUS_PCI
        return bool(self._do("dbgp_op", _DBGP, op, bus, *(device or (0, 0, 0)), hazardous=hazardous)[0])

    def _call(
        self,
        name: str,
        shape: Shape,
        *values: int,
        repeatable: bool = False,
        hazardous: bool = False,
        domid: int | None = None,
    ) -> tuple[int, ...]:
        """A call with one structure of these values; returns them as Xen left them."""
        return self._do(name, shape, *values, repeatable=repeatable, hazardous=hazardous, domid=domid)[1]

    def _do(
        self,
        name: str,
        shape: Shape,
        *values: int,
        repeatable: bool = False,
        hazardous: bool = False,
        domid: int | None = None,
    ) -> tuple[int, tuple[int, ...]]:
        """As `_call`, with Xen's result in front."""
        buffers = self._caller.buffers
        slot = buffers.take(shape.size)
        try:
            shape.pack_into(slot.memory, slot.offset, *values)
            name = f"PHYSDEVOP_{name}"
            result = self._caller.call(
                PHYSDEV_OP,
                name,
                getattr(abi, name),
                slot.address,
                repeatable=repeatable,
                hazardous=hazardous,
                domid=domid,
                arguments=dict(zip(shape.fields, values, strict=True)),
            )
            return result, shape.unpack_from(slot.memory, slot.offset)
        finally:
            buffers.give(slot)
