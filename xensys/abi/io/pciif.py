# GENERATED from abi/io/pciif.json (io/pciif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""PCI passthrough to PV guests: config space, MSI and error handling through one shared page.

io/pciif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint16, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import StructArray, StructArrayField

XEN_PCI_MAGIC = "7"  # Version of this page, in the front end's node magic
_XEN_PCIF_active = 0

# XEN_PCI_FLAGS: PCIF_active: op waits for the back end. PCIB_active: aer_op for the front end, if
# that has a handler.
XEN_PCIF_active = 1
_XEN_PCIB_AERHANDLER = 1
XEN_PCIB_AERHANDLER = 2
_XEN_PCIB_active = 2
XEN_PCIB_active = 4

# XEN_PCI_OP: What is asked: conf and msi of the back end, aer of the front end.
XEN_PCI_OP_conf_read = 0
XEN_PCI_OP_conf_write = 1
XEN_PCI_OP_enable_msi = 2
XEN_PCI_OP_disable_msi = 3
XEN_PCI_OP_enable_msix = 4
XEN_PCI_OP_disable_msix = 5
XEN_PCI_OP_aer_detected = 6
XEN_PCI_OP_aer_resume = 7
XEN_PCI_OP_aer_mmio = 8
XEN_PCI_OP_aer_slotreset = 9
XEN_PCI_OP_enable_multi_msi = 10

# XEN_PCI_ERR: How an operation ended.
XEN_PCI_ERR_success = 0
XEN_PCI_ERR_dev_not_found = -1
XEN_PCI_ERR_invalid_offset = -2
XEN_PCI_ERR_access_denied = -3
XEN_PCI_ERR_not_implemented = -4
XEN_PCI_ERR_op_failed = -5

SH_INFO_MAX_VEC = 128  # MSI-X entries that one operation can name


class xen_msix_entry(Struct):
    """One MSI-X table entry and the interrupt it got.

    struct xen_msix_entry; 4 bytes.
    """

    _fields_ = (
        ("vector", c_uint16),  # @0 uint16_t: pirq, out
        ("entry", c_uint16),  # @2 uint16_t: row of the device's MSI-X table, in
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("vector", "entry")

    if TYPE_CHECKING:
        vector: int
        entry: int

        def __init__(self, vector: int = ..., entry: int = ...) -> None: ...


class xen_pci_op(Struct):
    """The request that the front end has under way; the answer overwrites it.

    struct xen_pci_op; 548 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("err", c_int32),  # @4 int32_t
        ("domain", c_uint32),  # @8 uint32_t: PCI segment
        ("bus", c_uint32),  # @12 uint32_t
        ("devfn", c_uint32),  # @16 uint32_t: device << 3 | function
        ("offset", c_int32),  # @20 int32_t: bytes into config space
        ("size", c_int32),  # @24 int32_t: bytes: 1, 2 or 4
        ("value", c_uint32),  # @28 uint32_t: read or to write; MSI: pirq out; MSI-X: entries in use
        ("info", c_uint32),  # @32 uint32_t: not used by Linux
        ("msix_entries", arr(xen_msix_entry, 128)),  # @36 xen_msix_entry
    )

    if TYPE_CHECKING:
        cmd: int
        err: int
        domain: int
        bus: int
        devfn: int
        offset: int
        size: int
        value: int
        info: int
        msix_entries: StructArrayField[xen_msix_entry]

        def __init__(
            self, cmd: int = ..., err: int = ..., domain: int = ..., bus: int = ...,
            devfn: int = ..., offset: int = ..., size: int = ..., value: int = ..., info: int = ...,
            msix_entries: Sequence[xen_msix_entry] | StructArray[xen_msix_entry] = ...,
        ) -> None: ...


class xen_pcie_aer_op(Struct):
    """The error that the back end has the guest's driver handle; its answer overwrites it.

    struct xen_pcie_aer_op; 20 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("err", c_int32),  # @4 int32_t: Linux: in pci_channel_state_t, out pci_ers_result_t
        ("domain", c_uint32),  # @8 uint32_t: PCI segment
        ("bus", c_uint32),  # @12 uint32_t
        ("devfn", c_uint32),  # @16 uint32_t: device << 3 | function
    )
    FORMAT = "<IiIII"
    FORMAT_FIELDS = ("cmd", "err", "domain", "bus", "devfn")

    if TYPE_CHECKING:
        cmd: int
        err: int
        domain: int
        bus: int
        devfn: int

        def __init__(
            self, cmd: int = ..., err: int = ..., domain: int = ..., bus: int = ...,
            devfn: int = ...,
        ) -> None: ...


class xen_pci_sharedinfo(Struct):
    """The shared page: who is waiting for whom, one operation each way.

    struct xen_pci_sharedinfo; 572 bytes.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("op", xen_pci_op),  # @4 xen_pci_op
        ("aer_op", xen_pcie_aer_op),  # @552 xen_pcie_aer_op
    )

    if TYPE_CHECKING:
        flags: int
        op: xen_pci_op
        aer_op: xen_pcie_aer_op

        def __init__(
            self, flags: int = ..., op: xen_pci_op = ..., aer_op: xen_pcie_aer_op = ...,
        ) -> None: ...
