# GENERATED from abi/argo.json (argo.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Messages between domains that Xen itself copies into the receiver's ring (HYPERVISOR_argo_op).

argo.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import (
        HandleField,
        IntArray,
        IntArrayField,
        StructArray,
        StructArrayField,
        XenMemory,
    )

# XEN_ARGO_DOMID: In place of a domain id: any sender to a ring, or, as a message's source, the
# caller.
XEN_ARGO_DOMID_ANY = 0x7ff4

XEN_ARGO_MAX_RING_SIZE = 16777216  # Longest ring in bytes, its header not counted
XEN_ARGO_MAXIOV = 8  # Most pieces of one message
XEN_ARGO_MSG_SLOT_SIZE = 16  # Bytes to a multiple of which messages in a ring are padded

# XEN_ARGO_RING: What Xen says of a destination ring; SUFFICIENT and EMSGSIZE are about
# space_required.
XEN_ARGO_RING_EXISTS = 1
XEN_ARGO_RING_SHARED = 2
XEN_ARGO_RING_EMPTY = 4
XEN_ARGO_RING_SUFFICIENT = 8
XEN_ARGO_RING_EMSGSIZE = 16
XEN_ARGO_RING_EBUSY = 32

# XEN_ARGO_OP: Commands of argo_op.
XEN_ARGO_OP_register_ring = 1

# XEN_ARGO_REGISTER_FLAG: Fourth argument of register_ring; without FAIL_EXIST a ring of that name
# is replaced.
XEN_ARGO_REGISTER_FLAG_FAIL_EXIST = 1

# XEN_ARGO_OP, more
XEN_ARGO_OP_unregister_ring = 2
XEN_ARGO_OP_sendv = 3
XEN_ARGO_OP_notify = 4


class xen_argo_iov(Struct):
    """One piece of a message to send.

    struct xen_argo_iov; 16 bytes.
    """

    _fields_ = (
        ("iov_hnd", HANDLE),  # @0 XEN_GUEST_HANDLE(uint8)
        ("iov_len", c_uint32),  # @8 uint32_t: bytes
        ("pad", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("iov_hnd", "iov_len", "pad")

    if TYPE_CHECKING:
        iov_hnd: HandleField
        iov_len: int
        pad: int

        def __init__(
            self, iov_hnd: XenMemory | None = ..., iov_len: int = ..., pad: int = ...,
        ) -> None: ...


class xen_argo_addr(Struct):
    """An endpoint: a domain and a port of its own choosing.

    struct xen_argo_addr; 8 bytes.
    """

    _fields_ = (
        ("aport", c_uint32),  # @0 xen_argo_port_t
        ("domain_id", c_uint16),  # @4 domid_t
        ("pad", c_uint16),  # @6 uint16_t
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("aport", "domain_id", "pad")

    if TYPE_CHECKING:
        aport: int
        domain_id: int
        pad: int

        def __init__(self, aport: int = ..., domain_id: int = ..., pad: int = ...) -> None: ...


class xen_argo_send_addr(Struct):
    """From whom and to whom a message goes.

    struct xen_argo_send_addr; 16 bytes.
    """

    _fields_ = (
        ("src", xen_argo_addr),  # @0 xen_argo_addr_t
        ("dst", xen_argo_addr),  # @8 xen_argo_addr_t
    )
    FORMAT = "<IHHIHH"
    FORMAT_FIELDS = (
        "src.aport", "src.domain_id", "src.pad", "dst.aport", "dst.domain_id", "dst.pad",
    )

    if TYPE_CHECKING:
        src: xen_argo_addr
        dst: xen_argo_addr

        def __init__(self, src: xen_argo_addr = ..., dst: xen_argo_addr = ...) -> None: ...


class xen_argo_ring(Struct):
    """Head of the receiver's ring; the messages follow.

    struct xen_argo_ring; 64 bytes.
    """

    _fields_ = (
        ("rx_ptr", c_uint32),  # @0 uint32_t: byte offset in ring up to which the receiver has read
        ("tx_ptr", c_uint32),  # @4 uint32_t: byte offset in ring where Xen writes next; equal to rx_ptr: empty
        ("reserved", arr(c_uint8, 56)),  # @8 uint8_t
        ("ring", arr(c_uint8, 0)),  # @64 uint8_t
    )

    if TYPE_CHECKING:
        rx_ptr: int
        tx_ptr: int
        reserved: IntArrayField
        ring: IntArrayField

        def __init__(
            self, rx_ptr: int = ..., tx_ptr: int = ..., reserved: Sequence[int] | IntArray = ...,
            ring: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_argo_register_ring(Struct):
    """Opens a ring for messages to a port, from one domain or from any.

    struct xen_argo_register_ring; 12 bytes.
    """

    _fields_ = (
        ("aport", c_uint32),  # @0 xen_argo_port_t
        ("partner_id", c_uint16),  # @4 domid_t: who may send; ANY needs mac-permissive in Xen's argo= option
        ("pad", c_uint16),  # @6 uint16_t
        ("len", c_uint32),  # @8 uint32_t: bytes of the ring without its 64-byte header, a multiple of 16
    )
    FORMAT = "<IHHI"
    FORMAT_FIELDS = ("aport", "partner_id", "pad", "len")

    if TYPE_CHECKING:
        aport: int
        partner_id: int
        pad: int
        len: int

        def __init__(
            self, aport: int = ..., partner_id: int = ..., pad: int = ..., len: int = ...,
        ) -> None: ...


class xen_argo_unregister_ring(Struct):
    """Closes a ring.

    struct xen_argo_unregister_ring; 8 bytes.
    """

    _fields_ = (
        ("aport", c_uint32),  # @0 xen_argo_port_t
        ("partner_id", c_uint16),  # @4 domid_t: who may send; ANY needs mac-permissive in Xen's argo= option
        ("pad", c_uint16),  # @6 uint16_t
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("aport", "partner_id", "pad")

    if TYPE_CHECKING:
        aport: int
        partner_id: int
        pad: int

        def __init__(self, aport: int = ..., partner_id: int = ..., pad: int = ...) -> None: ...


class xen_argo_ring_data_ent(Struct):
    """Asks about one destination ring: is it there, and is there room.

    struct xen_argo_ring_data_ent; 20 bytes.
    """

    _fields_ = (
        ("ring", xen_argo_addr),  # @0 xen_argo_addr_t
        ("flags", c_uint16),  # @8 uint16_t
        ("pad", c_uint16),  # @10 uint16_t
        ("space_required", c_uint32),  # @12 uint32_t: in: payload bytes; if short of room, Xen notifies (VIRQ_ARGO) when there is
        ("max_message_size", c_uint32),  # @16 uint32_t: out: payload bytes that an empty ring takes
    )
    FORMAT = "<IHHHHII"
    FORMAT_FIELDS = (
        "ring.aport", "ring.domain_id", "ring.pad", "flags", "pad", "space_required",
        "max_message_size",
    )

    if TYPE_CHECKING:
        ring: xen_argo_addr
        flags: int
        pad: int
        space_required: int
        max_message_size: int

        def __init__(
            self, ring: xen_argo_addr = ..., flags: int = ..., pad: int = ...,
            space_required: int = ..., max_message_size: int = ...,
        ) -> None: ...


class xen_argo_ring_data(Struct):
    """Asks about several destination rings.

    struct xen_argo_ring_data; 8 bytes.
    """

    _fields_ = (
        ("nent", c_uint32),  # @0 uint32_t
        ("pad", c_uint32),  # @4 uint32_t
        ("data", arr(xen_argo_ring_data_ent, 0)),  # @8 xen_argo_ring_data_ent_t
    )

    if TYPE_CHECKING:
        nent: int
        pad: int
        data: StructArrayField[xen_argo_ring_data_ent]

        def __init__(
            self, nent: int = ..., pad: int = ...,
            data: Sequence[xen_argo_ring_data_ent] | StructArray[xen_argo_ring_data_ent] = ...,
        ) -> None: ...


class xen_argo_ring_message_header(Struct):
    """Before each message in a ring: its length, sender and type.

    struct xen_argo_ring_message_header; 16 bytes.
    """

    _fields_ = (
        ("len", c_uint32),  # @0 uint32_t: bytes, these 16 included, padding not
        ("source", xen_argo_addr),  # @4 xen_argo_addr_t
        ("message_type", c_uint32),  # @12 uint32_t: as the sender gave it; Xen does not look
        ("data", arr(c_uint8, 0)),  # @16 uint8_t
    )

    if TYPE_CHECKING:
        len: int
        source: xen_argo_addr
        message_type: int
        data: IntArrayField

        def __init__(
            self, len: int = ..., source: xen_argo_addr = ..., message_type: int = ...,
            data: Sequence[int] | IntArray = ...,
        ) -> None: ...


xen_argo_port_t = c_uint32
xen_argo_gfn_t = c_uint64
xen_argo_iov_t = xen_argo_iov
xen_argo_addr_t = xen_argo_addr
xen_argo_send_addr_t = xen_argo_send_addr
xen_argo_ring_t = xen_argo_ring
xen_argo_register_ring_t = xen_argo_register_ring
xen_argo_unregister_ring_t = xen_argo_unregister_ring
xen_argo_ring_data_ent_t = xen_argo_ring_data_ent
xen_argo_ring_data_t = xen_argo_ring_data
