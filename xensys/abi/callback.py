# GENERATED from abi/callback.json (callback.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Where Xen enters a PV kernel: events, failed returns, system calls, NMIs (HYPERVISOR_callback_op, x86).

callback.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint16, c_uint64

from ._base import Struct

TYPE_CHECKING = False

# CALLBACKTYPE: Kinds of entry into a guest kernel; syscall and syscall32 are by the application's
# width.
CALLBACKTYPE_event = 0
CALLBACKTYPE_failsafe = 1
CALLBACKTYPE_syscall = 2
CALLBACKTYPE_sysenter_deprecated = 3
CALLBACKTYPE_nmi = 4
CALLBACKTYPE_sysenter = 5
CALLBACKTYPE_syscall32 = 7
_CALLBACKF_mask_events = 0  # Bit number of CALLBACKF_mask_events

# CALLBACKF: How the handler is entered; event and NMI handlers are always entered with events
# masked.
CALLBACKF_mask_events = 1

# CALLBACKOP: Commands of callback_op.
CALLBACKOP_register = 0
CALLBACKOP_unregister = 1


class callback_register(Struct):
    """Names the handler of one kind of entry into the guest kernel.

    struct callback_register; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint16),  # @0 uint16_t
        ("flags", c_uint16),  # @2 uint16_t
        ("address", c_uint64),  # @8 xen_callback_t: virtual address of the handler
    )
    FORMAT = "<HH4xQ"
    FORMAT_FIELDS = ("type", "flags", "address")

    if TYPE_CHECKING:
        type: int
        flags: int
        address: int

        def __init__(self, type: int = ..., flags: int = ..., address: int = ...) -> None: ...


class callback_unregister(Struct):
    """Drops a handler; Xen lets only the NMI handler go.

    struct callback_unregister; 4 bytes.
    """

    _fields_ = (
        ("type", c_uint16),  # @0 uint16_t
        ("_unused", c_uint16),  # @2 uint16_t
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("type", "_unused")

    if TYPE_CHECKING:
        type: int
        _unused: int

        def __init__(self, type: int = ..., _unused: int = ...) -> None: ...


callback_register_t = callback_register
callback_unregister_t = callback_unregister
