# GENERATED from abi/nmi.json (nmi.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""A vCPU's NMI handler, and why an NMI came (HYPERVISOR_nmi_op, x86 PV).

nmi.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint64

from ._base import Struct

TYPE_CHECKING = False

_XEN_NMIREASON_io_error = 0

# XEN_NMIREASON: Why hardware raised an NMI, in arch_shared_info.nmi_reason; the first two are bits
# 6 and 7 of port 0x61.
XEN_NMIREASON_io_error = 1
_XEN_NMIREASON_pci_serr = 1
XEN_NMIREASON_pci_serr = 2
_XEN_NMIREASON_unknown = 2
XEN_NMIREASON_unknown = 4

# XENNMI: Commands of nmi_op.
XENNMI_register_callback = 0
XENNMI_unregister_callback = 1


class xennmi_callback(Struct):
    """Where Xen enters the guest when it passes an NMI on.

    struct xennmi_callback; 16 bytes.
    """

    _fields_ = (
        ("handler_address", c_uint64),  # @0 unsigned long: virtual address in the guest kernel
        ("pad", c_uint64),  # @8 unsigned long
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("handler_address", "pad")

    if TYPE_CHECKING:
        handler_address: int
        pad: int

        def __init__(self, handler_address: int = ..., pad: int = ...) -> None: ...


xennmi_callback_t = xennmi_callback
