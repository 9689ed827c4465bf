"""physdev_op: physical interrupts, I/O ports and PCI devices (x86).

Nearly all of it is for the kernel of the hardware domain, which uses it itself:
those need hazardous=True. All is for PV domains; HVM and PVH have `map_pirq` and
`unmap_pirq` (PVH since Xen 4.20); `eoi`, `irq_status_query` and `get_free_pirq`
if they have pirqs; and as the hardware domain `setup_gsi` (since 4.20),
`pci_mmcfg_reserved`, `pci_device_*` and `dbgp_op`. Everything else, and all of it
on arm64, raises NotSupportedError (ENOSYS).

A pirq is a domain's own number of a physical interrupt, a GSI the number of a
wire of the machine's I/O APICs.

Names are those of xen/include/public/physdev.h, less PHYSDEVOP_; rests on
xen/arch/x86/physdev.c and xen/drivers/pci/physdev.c.
"""

from __future__ import annotations

from xensys.abi import physdev as abi
from xensys.hypercalls._call import PHYSDEV_OP
from xensys.hypercalls._records import Record
from xensys.hypercalls.physdev_op_pci import PhysdevPci, Shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.memory.buffers import Buffer

_EOI = Shape(abi.physdev_eoi)
_GMFN = Shape(abi.physdev_pirq_eoi_gmfn)
_STATUS = Shape(abi.physdev_irq_status_query)
_IOPL = Shape(abi.physdev_set_iopl)
_IOBITMAP = Shape(abi.physdev_set_iobitmap)
_APIC = Shape(abi.physdev_apic)
_IRQ = Shape(abi.physdev_irq)
_MAP = Shape(abi.physdev_map_pirq)
_UNMAP = Shape(abi.physdev_unmap_pirq)
_GSI = Shape(abi.physdev_setup_gsi)
_FREE = Shape(abi.physdev_get_free_pirq)
#: What Xen makes sure of is there: a bit for each of 65536 ports, and a byte (IOBMP_BYTES).
_IOBITMAP_BYTES = 8192


class IrqStatus(Record):
    """What is to be done about an interrupt.

    Attributes:
        needs_eoi: whether `eoi` must follow each one; Xen says so always.
        shared: whether other domains get it, too.
    """

    __slots__ = ("needs_eoi", "shared")

    needs_eoi: bool
    shared: bool

    def __init__(self, needs_eoi: bool, shared: bool) -> None:
        super().__init__(needs_eoi, shared)


class MappedPirq(Record):
    """A mapped interrupt.

    Attributes:
        pirq: the domain's number of it; for several MSIs the first one's.
        entry_nr: how many, for MAP_PIRQ_TYPE_MULTI_MSI.
    """

    __slots__ = ("entry_nr", "pirq")

    pirq: int
    entry_nr: int

    def __init__(self, pirq: int, entry_nr: int) -> None:
        super().__init__(entry_nr, pirq)


class PhysdevOp(PhysdevPci):
    """The physdev_op hypercall; `xen.physdev_op`."""

    __slots__ = ()

    # Interrupts

    def irq_status_query(self, irq: int) -> IrqStatus:
        """Whether a pirq of ours needs an `eoi`, and is shared (PHYSDEVOP_irq_status_query).

        Args:
            irq: a pirq; it need not be mapped in a PV domain.
        Raises:
            XenError: EINVAL, beyond the last; in an HVM domain also not mapped.
            NotSupportedError: ENOSYS, see above.
        EINTR: retried.
        """
        flags: int = self._call("irq_status_query", _STATUS, irq, 0, repeatable=True)[1]
        return IrqStatus(bool(flags & abi.XENIRQSTAT_needs_eoi), bool(flags & abi.XENIRQSTAT_shared))

    def irq_unmask_notify(self, *, hazardous: bool = False) -> None:
        """End the interrupts whose ports are unmasked (PHYSDEVOP_IRQ_UNMASK_NOTIFY; a relic).

        Args:
            hazardous: must be True: the kernel ends its interrupts itself.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._caller.call(
            PHYSDEV_OP,
            "PHYSDEVOP_IRQ_UNMASK_NOTIFY",
            abi.PHYSDEVOP_IRQ_UNMASK_NOTIFY,
            hazardous=hazardous,
        )

    def eoi(self, irq: int, *, hazardous: bool = False) -> None:
        """Say that an interrupt has been handled (PHYSDEVOP_eoi).

        Args:
            irq: a pirq of ours.
            hazardous: must be True: the kernel says so when it has.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, no such pirq.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        self._call("eoi", _EOI, irq, hazardous=hazardous)

    def pirq_eoi_gmfn_v1(self, gmfn: int, *, hazardous: bool = False) -> None:
        """Give Xen a page of bits, and have `eoi` unmask the port (PHYSDEVOP_pirq_eoi_gmfn_v1).

        Args, Raises, EINTR: as `pirq_eoi_gmfn_v2`.
        """
        self._call("pirq_eoi_gmfn_v1", _GMFN, gmfn, hazardous=hazardous)

    def pirq_eoi_gmfn_v2(self, gmfn: int, *, hazardous: bool = False) -> None:
        """Give Xen a page of bits: the pirqs that need an `eoi` (PHYSDEVOP_pirq_eoi_gmfn_v2).

        Args:
            gmfn: 4 KiB frame of a page of ours; in a PV domain a machine frame.
            hazardous: must be True: Linux has given one, and Xen would go on
                writing to this one for as long as the domain lives.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, no writable page there; EBUSY, one is set.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("pirq_eoi_gmfn_v2", _GMFN, gmfn, hazardous=hazardous)

    def get_free_pirq(self, kind: int, *, hazardous: bool = False) -> int:
        """Set a free pirq of ours aside (PHYSDEVOP_get_free_pirq; since Xen 4.1).

        There is no way to give it back but to map it and unmap it.

        Args:
            kind: MAP_PIRQ_TYPE_GSI for one below the machine's number of GSIs, if
                one is free; else from the end.
            hazardous: must be True: the kernel allots from the same numbers.
        Raises:
            HazardError: without the flag.
            XenError: ENOSPC, none is free; ENOMEM.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported; one may be lost.
        """
        pirq: int = self._call("get_free_pirq", _FREE, kind, 0, hazardous=hazardous)[1]
        return pirq

    def map_pirq(
        self,
        domid: int,
        kind: int,
        index: int,
        *,
        pirq: int = -1,
        segment: int = 0,
        bus: int = 0,
        devfn: int = 0,
        entry_nr: int = 0,
        table_base: int = 0,
        hazardous: bool = False,
    ) -> MappedPirq:
        """Make an interrupt of the machine a pirq of a domain (PHYSDEVOP_map_pirq).

        Args:
            domid: the domain; DOMID_SELF for oneself.
            kind: MAP_PIRQ_TYPE_GSI, _MSI_SEG or _MULTI_MSI (or _MSI, in segment 0).
            index: the GSI; for MSI -1, for a new interrupt; not used by _MULTI_MSI.
            pirq: wanted, or -1.
            segment, bus, devfn: the PCI device that an MSI is of.
            entry_nr: entry of its MSI-X table; for _MULTI_MSI how many MSIs.
            table_base: MSI-X: physical address of the BAR with the table; 0: MSI.
            hazardous: must be True for oneself: the kernel maps its own.
        Raises:
            HazardError: oneself, without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not the domain's device model; or the
                interrupt is not ours to give.
            XenError: EINVAL, unknown kind, no such GSI, or not one of ours, or a
                table_base with _MULTI_MSI; EEXIST, it is another pirq; ENOSPC;
                ENODEV, no such device of the domain's; ENFILE, fewer MSIs than
                that; EDOM, no such number of MSIs; EOPNOTSUPP, more than one
                without interrupt remapping; EBUSY.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported; it may be mapped.
        """
        if kind in (abi.MAP_PIRQ_TYPE_MSI_SEG, abi.MAP_PIRQ_TYPE_MULTI_MSI):
            if not 0 <= segment <= 0xFFFF:
                raise OverflowError(f"physdev_map_pirq.bus: segment {segment} does not fit in 0..65535")
            if not 0 <= bus <= 0xFF:
                raise OverflowError(f"physdev_map_pirq.bus: bus {bus} does not fit in 0..255")
            bus |= segment << 16
            # The field is signed, and C's conversion keeps the bits.
            bus -= bus >> 31 << 32
        elif segment:
            raise ValueError(f"segment {segment}: only MAP_PIRQ_TYPE_MSI_SEG and _MULTI_MSI have one")
        values = (domid, kind, index, pirq, bus, devfn, entry_nr, table_base)
        result = self._call(
            "map_pirq",
            _MAP,
            *values,
            hazardous=hazardous,
            domid=domid,
        )
        return MappedPirq(result[3], result[6])

    def unmap_pirq(self, domid: int, pirq: int, *, hazardous: bool = False) -> None:
        """Take a pirq from a domain (PHYSDEVOP_unmap_pirq).

        Args:
            domid: the domain; DOMID_SELF for oneself.
            pirq: as `map_pirq` returned it.
            hazardous: must be True: whoever has bound it gets no more interrupts.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not the domain's device model.
            XenError: EINVAL, not mapped; EBUSY, not the first of several MSIs.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        self._call("unmap_pirq", _UNMAP, domid, pirq, hazardous=hazardous, domid=domid)

    def setup_gsi(self, gsi: int, triggering: int, polarity: int, *, hazardous: bool = False) -> None:
        """Say how a wire is triggered, before its first use (PHYSDEVOP_setup_gsi).

        Args:
            gsi: the wire.
            triggering: 0 edge, 1 level.
            polarity: 0 active high, 1 active low.
            hazardous: must be True: the kernel knows this from firmware.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, no such wire; EEXIST, it has been said.
            NotSupportedError: ENOSYS, see above.
        EINTR: reported.
        """
        self._call("setup_gsi", _GSI, gsi, triggering, polarity, hazardous=hazardous)

    def apic_read(self, apic_physbase: int, reg: int) -> int:
        """Read a register of an I/O APIC (PHYSDEVOP_apic_read).

        Args:
            apic_physbase: its physical address.
            reg: which register; 0 is its id, 1 its version and number of wires.
        Raises:
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, no I/O APIC there.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: retried.
        """
        value: int = self._call("apic_read", _APIC, apic_physbase, reg, 0, repeatable=True)[2]
        return value

    def apic_write(self, apic_physbase: int, reg: int, value: int, *, hazardous: bool = False) -> None:
        """Write a register of an I/O APIC, as far as Xen lets us (PHYSDEVOP_apic_write).

        Args:
            apic_physbase: its physical address.
            reg: which register; of others than lower halves of routes Xen ignores it.
            value: 32 bits.
            hazardous: must be True: this is where interrupts go.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, no I/O APIC there, or a value that Xen does not take.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("apic_write", _APIC, apic_physbase, reg, value, hazardous=hazardous)

    def alloc_irq_vector(self, irq: int) -> int:
        """A wire's vector, which is its own number: does nothing (PHYSDEVOP_alloc_irq_vector).

        Raises:
            XenPermissionError: EPERM, not dom0.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: retried.
        """
        vector: int = self._call("alloc_irq_vector", _IRQ, irq, 0, repeatable=True)[1]
        return vector

    # I/O ports

    def set_iopl(self, iopl: int, *, hazardous: bool = False) -> None:
        """Set the I/O privilege level of the calling vCPU (PHYSDEVOP_set_iopl).

        Args:
            iopl: 0 to 3.
            hazardous: must be True: the kernel keeps it per thread, and which vCPU
                we run on is chance.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, above 3.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        self._call("set_iopl", _IOPL, iopl, hazardous=hazardous)

    def set_iobitmap(self, bitmap: Buffer | None, nr_ports: int, *, hazardous: bool = False) -> None:
        """Set which I/O ports the calling vCPU may use (PHYSDEVOP_set_iobitmap).

        Xen keeps the address and reads there whenever a port is used, by whatever
        process runs on that vCPU then.

        Args:
            bitmap: 8192 bytes, bit n set: port n is forbidden; None, with no ports, for none.
            nr_ports: bits in it; those above are forbidden.
            hazardous: must be True: the kernel sets it per thread, and which vCPU
                we run on is chance.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, more than 65536 ports.
            NotSupportedError: ENOSYS, no PV domain.
        EINTR: reported.
        """
        if bitmap is not None and len(bitmap) < _IOBITMAP_BYTES:
            raise ValueError(f"bitmap: {_IOBITMAP_BYTES} bytes are needed, not {len(bitmap)}")
        if bitmap is None and nr_ports:
            raise ValueError(f"nr_ports: {nr_ports} without a bitmap")
        address = 0 if bitmap is None else bitmap.address
        self._call("set_iobitmap", _IOBITMAP, address, nr_ports, hazardous=hazardous)
