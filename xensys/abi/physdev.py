# GENERATED from abi/physdev.json (physdev.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Physical interrupts, I/O ports and PCI devices, mostly for the hardware domain (HYPERVISOR_physdev_op).

physdev.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

# PHYSDEVOP: Commands of physdev_op.
PHYSDEVOP_eoi = 12
PHYSDEVOP_pirq_eoi_gmfn_v1 = 17
PHYSDEVOP_pirq_eoi_gmfn_v2 = 28
PHYSDEVOP_irq_status_query = 5
_XENIRQSTAT_needs_eoi = 0

# XENIRQSTAT: What is known of a physical interrupt; Xen always sets needs_eoi.
XENIRQSTAT_needs_eoi = 1
_XENIRQSTAT_shared = 1
XENIRQSTAT_shared = 2

# PHYSDEVOP, more
PHYSDEVOP_set_iopl = 6
PHYSDEVOP_set_iobitmap = 7
PHYSDEVOP_apic_read = 8
PHYSDEVOP_apic_write = 9
PHYSDEVOP_alloc_irq_vector = 10
PHYSDEVOP_free_irq_vector = 11

# MAP_PIRQ_TYPE: Kinds of interrupt to map; SEG and MULTI take a PCI segment, MULTI several vectors.
MAP_PIRQ_TYPE_MSI = 0
MAP_PIRQ_TYPE_GSI = 1
MAP_PIRQ_TYPE_UNKNOWN = 2
MAP_PIRQ_TYPE_MSI_SEG = 3
MAP_PIRQ_TYPE_MULTI_MSI = 4

# PHYSDEVOP, more
PHYSDEVOP_map_pirq = 13
PHYSDEVOP_unmap_pirq = 14
PHYSDEVOP_manage_pci_add = 15
PHYSDEVOP_manage_pci_remove = 16
PHYSDEVOP_restore_msi = 19
PHYSDEVOP_manage_pci_add_ext = 20
PHYSDEVOP_setup_gsi = 21
PHYSDEVOP_get_free_pirq = 23

# XEN_PCI_MMCFG: What firmware says of a configuration space region.
XEN_PCI_MMCFG_RESERVED = 1

# PHYSDEVOP, more
PHYSDEVOP_pci_mmcfg_reserved = 24

# XEN_PCI_DEV: An extended (ARI) function, a virtual function with physfn, a proximity domain in
# optarr.
XEN_PCI_DEV_EXTFN = 1
XEN_PCI_DEV_VIRTFN = 2
XEN_PCI_DEV_PXM = 4

# PHYSDEVOP, more
PHYSDEVOP_pci_device_add = 25
PHYSDEVOP_pci_device_remove = 26
PHYSDEVOP_restore_msi_ext = 27
PHYSDEVOP_prepare_msix = 30
PHYSDEVOP_release_msix = 31
PHYSDEVOP_pci_device_reset = 32  # not in 4.17, 4.14

# PCI_DEVICE_RESET: How a PCI device was reset.
PCI_DEVICE_RESET_COLD = 0  # not in 4.17, 4.14
PCI_DEVICE_RESET_WARM = 1  # not in 4.17, 4.14
PCI_DEVICE_RESET_HOT = 2  # not in 4.17, 4.14
PCI_DEVICE_RESET_FLR = 3  # not in 4.17, 4.14

PCI_DEVICE_RESET_MASK = 3  # The kind of reset in flags; Xen refuses other bits; not in 4.17, 4.14

# PHYSDEVOP_DBGP_RESET: Before and after the controller's reset.
PHYSDEVOP_DBGP_RESET_PREPARE = 1
PHYSDEVOP_DBGP_RESET_DONE = 2

# PHYSDEVOP_DBGP_BUS: Whether the controller is named by its PCI address.
PHYSDEVOP_DBGP_BUS_UNKNOWN = 0
PHYSDEVOP_DBGP_BUS_PCI = 1

# PHYSDEVOP, more
PHYSDEVOP_dbgp_op = 29
PHYSDEVOP_IRQ_UNMASK_NOTIFY = 4
PHYSDEVOP_pirq_eoi_gmfn = 28


class physdev_eoi(Struct):
    """Says that a physical interrupt has been handled.

    struct physdev_eoi; 4 bytes.
    """

    _fields_ = (
        ("irq", c_uint32),  # @0 uint32_t: the caller's physical interrupt (pirq)
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("irq",)

    if TYPE_CHECKING:
        irq: int

        def __init__(self, irq: int = ...) -> None: ...


class physdev_pirq_eoi_gmfn(Struct):
    """A page in which Xen marks, by a bit each, the interrupts that need an eoi call.

    struct physdev_pirq_eoi_gmfn; 8 bytes.
    """

    _fields_ = (
        ("gmfn", c_uint64),  # @0 xen_pfn_t: frame of the page; bit n is pirq n
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("gmfn",)

    if TYPE_CHECKING:
        gmfn: int

        def __init__(self, gmfn: int = ...) -> None: ...


class physdev_irq_status_query(Struct):
    """Whether a physical interrupt needs an eoi call, and is shared.

    struct physdev_irq_status_query; 8 bytes.
    """

    _fields_ = (
        ("irq", c_uint32),  # @0 uint32_t: the caller's physical interrupt (pirq)
        ("flags", c_uint32),  # @4 uint32_t: out
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("irq", "flags")

    if TYPE_CHECKING:
        irq: int
        flags: int

        def __init__(self, irq: int = ..., flags: int = ...) -> None: ...


class physdev_set_iopl(Struct):
    """Sets the I/O privilege level of the calling vCPU (PV).

    struct physdev_set_iopl; 4 bytes.
    """

    _fields_ = (
        ("iopl", c_uint32),  # @0 uint32_t: 0 to 3
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("iopl",)

    if TYPE_CHECKING:
        iopl: int

        def __init__(self, iopl: int = ...) -> None: ...


class physdev_set_iobitmap(Struct):
    """Sets which I/O ports the calling vCPU may use (PV).

    struct physdev_set_iobitmap; 16 bytes.
    """

    _fields_ = (
        ("bitmap", HANDLE),  # @0 XEN_GUEST_HANDLE(uint8): bit n set: port n is forbidden
        ("nr_ports", c_uint32),  # @8 uint32_t: ports in the bitmap; those above are forbidden
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("bitmap", "nr_ports")

    if TYPE_CHECKING:
        bitmap: HandleField
        nr_ports: int

        def __init__(self, bitmap: XenMemory | None = ..., nr_ports: int = ...) -> None: ...


class physdev_apic(Struct):
    """Reads or writes a register of an I/O APIC.

    struct physdev_apic; 16 bytes.
    """

    _fields_ = (
        ("apic_physbase", c_uint64),  # @0 unsigned long: physical address of the I/O APIC
        ("reg", c_uint32),  # @8 uint32_t: register index
        ("value", c_uint32),  # @12 uint32_t: apic_write in, apic_read out
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("apic_physbase", "reg", "value")

    if TYPE_CHECKING:
        apic_physbase: int
        reg: int
        value: int

        def __init__(self, apic_physbase: int = ..., reg: int = ..., value: int = ...) -> None: ...


class physdev_irq(Struct):
    """Asks for an interrupt line's vector; Xen answers with the line's own number.

    struct physdev_irq; 8 bytes.
    """

    _fields_ = (
        ("irq", c_uint32),  # @0 uint32_t
        ("vector", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("irq", "vector")

    if TYPE_CHECKING:
        irq: int
        vector: int

        def __init__(self, irq: int = ..., vector: int = ...) -> None: ...


class physdev_map_pirq(Struct):
    """Makes a host interrupt, by GSI or MSI, a physical interrupt of a domain.

    struct physdev_map_pirq; 40 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("type", c_int32),  # @4 int
        ("index", c_int32),  # @8 int: GSI; MSI: host interrupt, -1: a new one; MULTI_MSI: not used
        ("pirq", c_int32),  # @12 int: in: wanted, or -1; out: given
        ("bus", c_int32),  # @16 int: PCI bus; with SEG and MULTI the segment in bits 31:16
        ("devfn", c_int32),  # @20 int: device << 3 | function
        ("entry_nr", c_int32),  # @24 int: MSI-X entry; MULTI_MSI: vectors wanted, then given
        ("table_base", c_uint64),  # @32 uint64_t: MSI-X: physical address of the BAR with the table; 0: MSI
    )
    FORMAT = "<H2xiiiiii4xQ"
    FORMAT_FIELDS = ("domid", "type", "index", "pirq", "bus", "devfn", "entry_nr", "table_base")

    if TYPE_CHECKING:
        domid: int
        type: int
        index: int
        pirq: int
        bus: int
        devfn: int
        entry_nr: int
        table_base: int

        def __init__(
            self, domid: int = ..., type: int = ..., index: int = ..., pirq: int = ...,
            bus: int = ..., devfn: int = ..., entry_nr: int = ..., table_base: int = ...,
        ) -> None: ...


class physdev_unmap_pirq(Struct):
    """Takes a physical interrupt from a domain.

    struct physdev_unmap_pirq; 8 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("pirq", c_int32),  # @4 int
    )
    FORMAT = "<H2xi"
    FORMAT_FIELDS = ("domid", "pirq")

    if TYPE_CHECKING:
        domid: int
        pirq: int

        def __init__(self, domid: int = ..., pirq: int = ...) -> None: ...


class physdev_manage_pci(Struct):
    """Tells Xen of a PCI device in segment 0 that came or went.

    struct physdev_manage_pci; 2 bytes.
    """

    _fields_ = (
        ("bus", c_uint8),  # @0 uint8_t
        ("devfn", c_uint8),  # @1 uint8_t: device << 3 | function
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("bus", "devfn")

    if TYPE_CHECKING:
        bus: int
        devfn: int

        def __init__(self, bus: int = ..., devfn: int = ...) -> None: ...


class physdev_restore_msi(Struct):
    """Has Xen write a device's MSI state again (segment 0).

    struct physdev_restore_msi; 2 bytes.
    """

    _fields_ = (
        ("bus", c_uint8),  # @0 uint8_t
        ("devfn", c_uint8),  # @1 uint8_t: device << 3 | function
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("bus", "devfn")

    if TYPE_CHECKING:
        bus: int
        devfn: int

        def __init__(self, bus: int = ..., devfn: int = ...) -> None: ...


class physdev_manage_pci_ext_physfn(Struct):
    """struct physdev_manage_pci_ext_physfn; 2 bytes."""

    _fields_ = (
        ("bus", c_uint8),  # @0 uint8_t
        ("devfn", c_uint8),  # @1 uint8_t: device << 3 | function
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("bus", "devfn")

    if TYPE_CHECKING:
        bus: int
        devfn: int

        def __init__(self, bus: int = ..., devfn: int = ...) -> None: ...


class physdev_manage_pci_ext(Struct):
    """Tells Xen of a PCI device in segment 0 that may be a virtual function.

    struct physdev_manage_pci_ext; 16 bytes.
    """

    _fields_ = (
        ("bus", c_uint8),  # @0 uint8_t
        ("devfn", c_uint8),  # @1 uint8_t: device << 3 | function
        ("is_extfn", c_uint32),  # @4 uint32_t: boolean
        ("is_virtfn", c_uint32),  # @8 uint32_t: boolean
        ("physfn", physdev_manage_pci_ext_physfn),  # @12 struct
    )
    FORMAT = "<BB2xIIBB2x"
    FORMAT_FIELDS = ("bus", "devfn", "is_extfn", "is_virtfn", "physfn.bus", "physfn.devfn")

    if TYPE_CHECKING:
        bus: int
        devfn: int
        is_extfn: int
        is_virtfn: int
        physfn: physdev_manage_pci_ext_physfn

        def __init__(
            self, bus: int = ..., devfn: int = ..., is_extfn: int = ..., is_virtfn: int = ...,
            physfn: physdev_manage_pci_ext_physfn = ...,
        ) -> None: ...


class physdev_op_u(Union):
    """union physdev_op_u; 16 bytes."""

    _fields_ = (
        ("irq_status_query", physdev_irq_status_query),  # @0 physdev_irq_status_query_t
        ("set_iopl", physdev_set_iopl),  # @0 physdev_set_iopl_t
        ("set_iobitmap", physdev_set_iobitmap),  # @0 physdev_set_iobitmap_t
        ("apic_op", physdev_apic),  # @0 physdev_apic_t
        ("irq_op", physdev_irq),  # @0 physdev_irq_t
    )

    if TYPE_CHECKING:
        irq_status_query: physdev_irq_status_query
        set_iopl: physdev_set_iopl
        set_iobitmap: physdev_set_iobitmap
        apic_op: physdev_apic
        irq_op: physdev_irq

        def __init__(
            self, irq_status_query: physdev_irq_status_query = ...,
            set_iopl: physdev_set_iopl = ..., set_iobitmap: physdev_set_iobitmap = ...,
            apic_op: physdev_apic = ..., irq_op: physdev_irq = ...,
        ) -> None: ...


class physdev_op(Struct):
    """Command and argument of the old one-argument hypercall.

    struct physdev_op; 24 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("u", physdev_op_u),  # @8 union
    )

    if TYPE_CHECKING:
        cmd: int
        u: physdev_op_u

        def __init__(self, cmd: int = ..., u: physdev_op_u = ...) -> None: ...


class physdev_setup_gsi(Struct):
    """How an interrupt line is triggered, before it is first used.

    struct physdev_setup_gsi; 8 bytes.
    """

    _fields_ = (
        ("gsi", c_int32),  # @0 int
        ("triggering", c_uint8),  # @4 uint8_t: 0 edge, 1 level
        ("polarity", c_uint8),  # @5 uint8_t: 0 active high, 1 active low
    )
    FORMAT = "<iBB2x"
    FORMAT_FIELDS = ("gsi", "triggering", "polarity")

    if TYPE_CHECKING:
        gsi: int
        triggering: int
        polarity: int

        def __init__(self, gsi: int = ..., triggering: int = ..., polarity: int = ...) -> None: ...


class physdev_get_free_pirq(Struct):
    """Asks for a number that no physical interrupt of the caller has.

    struct physdev_get_free_pirq; 8 bytes.
    """

    _fields_ = (
        ("type", c_int32),  # @0 int: GSI or MSI
        ("pirq", c_uint32),  # @4 uint32_t: out
    )
    FORMAT = "<iI"
    FORMAT_FIELDS = ("type", "pirq")

    if TYPE_CHECKING:
        type: int
        pirq: int

        def __init__(self, type: int = ..., pirq: int = ...) -> None: ...


class physdev_pci_mmcfg_reserved(Struct):
    """Whether firmware reserves a region of PCI configuration space, so that Xen may use it.

    struct physdev_pci_mmcfg_reserved; 16 bytes.
    """

    _fields_ = (
        ("address", c_uint64),  # @0 uint64_t: physical address, for bus 0
        ("segment", c_uint16),  # @8 uint16_t
        ("start_bus", c_uint8),  # @10 uint8_t
        ("end_bus", c_uint8),  # @11 uint8_t: inclusive
        ("flags", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<QHBBI"
    FORMAT_FIELDS = ("address", "segment", "start_bus", "end_bus", "flags")

    if TYPE_CHECKING:
        address: int
        segment: int
        start_bus: int
        end_bus: int
        flags: int

        def __init__(
            self, address: int = ..., segment: int = ..., start_bus: int = ..., end_bus: int = ...,
            flags: int = ...,
        ) -> None: ...


class physdev_pci_device_add_physfn(Struct):
    """struct physdev_pci_device_add_physfn; 2 bytes."""

    _fields_ = (
        ("bus", c_uint8),  # @0 uint8_t
        ("devfn", c_uint8),  # @1 uint8_t: device << 3 | function
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("bus", "devfn")

    if TYPE_CHECKING:
        bus: int
        devfn: int

        def __init__(self, bus: int = ..., devfn: int = ...) -> None: ...


class physdev_pci_device_add(Struct):
    """Tells Xen of a PCI device, with its physical function and proximity domain.

    struct physdev_pci_device_add; 12 bytes.
    """

    _fields_ = (
        ("seg", c_uint16),  # @0 uint16_t
        ("bus", c_uint8),  # @2 uint8_t
        ("devfn", c_uint8),  # @3 uint8_t: device << 3 | function
        ("flags", c_uint32),  # @4 uint32_t
        ("physfn", physdev_pci_device_add_physfn),  # @8 struct: with VIRTFN: bus and devfn it belongs to
        ("optarr", arr(c_uint32, 0)),  # @12 uint32_t: [0] with PXM: proximity domain
    )

    if TYPE_CHECKING:
        seg: int
        bus: int
        devfn: int
        flags: int
        physfn: physdev_pci_device_add_physfn
        optarr: IntArrayField

        def __init__(
            self, seg: int = ..., bus: int = ..., devfn: int = ..., flags: int = ...,
            physfn: physdev_pci_device_add_physfn = ..., optarr: Sequence[int] | IntArray = ...,
        ) -> None: ...


class physdev_pci_device(Struct):
    """A PCI device: segment, bus, device and function.

    struct physdev_pci_device; 4 bytes.
    """

    _fields_ = (
        ("seg", c_uint16),  # @0 uint16_t
        ("bus", c_uint8),  # @2 uint8_t
        ("devfn", c_uint8),  # @3 uint8_t: device << 3 | function
    )
    FORMAT = "<HBB"
    FORMAT_FIELDS = ("seg", "bus", "devfn")

    if TYPE_CHECKING:
        seg: int
        bus: int
        devfn: int

        def __init__(self, seg: int = ..., bus: int = ..., devfn: int = ...) -> None: ...


class pci_device_reset(Struct):
    """Tells Xen that a PCI device was reset, and how.

    struct pci_device_reset; 8 bytes. not in 4.17, 4.14.
    """

    _fields_ = (
        ("dev", physdev_pci_device),  # @0 physdev_pci_device_t
        ("flags", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<HBBI"
    FORMAT_FIELDS = ("dev.seg", "dev.bus", "dev.devfn", "flags")

    if TYPE_CHECKING:
        dev: physdev_pci_device
        flags: int

        def __init__(self, dev: physdev_pci_device = ..., flags: int = ...) -> None: ...


class physdev_dbgp_op_u(Union):
    """union physdev_dbgp_op_u; 4 bytes."""

    _fields_ = (
        ("pci", physdev_pci_device),  # @0 physdev_pci_device_t
    )

    if TYPE_CHECKING:
        pci: physdev_pci_device

        def __init__(self, pci: physdev_pci_device = ...) -> None: ...


class physdev_dbgp_op(Struct):
    """Brackets a reset of the USB controller that Xen's debug port is on.

    struct physdev_dbgp_op; 6 bytes.
    """

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("bus", c_uint8),  # @1 uint8_t
        ("u", physdev_dbgp_op_u),  # @2 union
    )

    if TYPE_CHECKING:
        op: int
        bus: int
        u: physdev_dbgp_op_u

        def __init__(self, op: int = ..., bus: int = ..., u: physdev_dbgp_op_u = ...) -> None: ...


physdev_eoi_t = physdev_eoi
physdev_pirq_eoi_gmfn_t = physdev_pirq_eoi_gmfn
physdev_irq_status_query_t = physdev_irq_status_query
physdev_set_iopl_t = physdev_set_iopl
physdev_set_iobitmap_t = physdev_set_iobitmap
physdev_apic_t = physdev_apic
physdev_irq_t = physdev_irq
physdev_map_pirq_t = physdev_map_pirq
physdev_unmap_pirq_t = physdev_unmap_pirq
physdev_manage_pci_t = physdev_manage_pci
physdev_restore_msi_t = physdev_restore_msi
physdev_manage_pci_ext_t = physdev_manage_pci_ext
physdev_op_t = physdev_op
physdev_setup_gsi_t = physdev_setup_gsi
physdev_get_free_pirq_t = physdev_get_free_pirq
physdev_pci_mmcfg_reserved_t = physdev_pci_mmcfg_reserved
physdev_pci_device_add_t = physdev_pci_device_add
physdev_pci_device_t = physdev_pci_device
physdev_dbgp_op_t = physdev_dbgp_op
