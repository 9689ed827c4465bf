# GENERATED from abi/io/netif.json (io/netif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual network cards: a ring for packets out (tx), one for packets in (rx), one for control.

io/netif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int16, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XEN_NETIF_NR_SLOTS_MIN = 18  # Slots that every back end takes for one packet
_XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 0

# XEN_NETIF_CTRL_HASH_TYPE: Which headers are hashed, in SET_HASH_FLAGS.
XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 1
_XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1
XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 2
_XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 2
XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 4
_XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 3
XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 8

# XEN_NETIF_CTRL_HASH_ALGORITHM: How headers are hashed; none: the back end chooses the queue.
XEN_NETIF_CTRL_HASH_ALGORITHM_NONE = 0
XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ = 1

# XEN_NETIF_CTRL_TYPE: Control messages. The meaning of data depends on them: see the header.
XEN_NETIF_CTRL_TYPE_INVALID = 0
XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS = 1
XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS = 2
XEN_NETIF_CTRL_TYPE_SET_HASH_KEY = 3
XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE = 4
XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE = 5
XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING = 6
XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM = 7
XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE = 8
XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING = 9
XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING = 10

# XEN_NETIF_CTRL_STATUS: How a control message ended; positive numbers, unlike a packet's.
XEN_NETIF_CTRL_STATUS_SUCCESS = 0
XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED = 1
XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER = 2
XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW = 3
_XEN_NETIF_CTRLF_GREF_readonly = 0

# XEN_NETIF_CTRLF_GREF: How a grant that stays mapped is mapped.
XEN_NETIF_CTRLF_GREF_readonly = 1
_NETTXF_csum_blank = 0

# NETTXF: About a packet sent: its checksum, and which slots follow.
NETTXF_csum_blank = 1
_NETTXF_data_validated = 1
NETTXF_data_validated = 2
_NETTXF_more_data = 2
NETTXF_more_data = 4
_NETTXF_extra_info = 3
NETTXF_extra_info = 8

XEN_NETIF_MAX_TX_SIZE = 65535  # Most bytes of a packet sent: what size can say

# XEN_NETIF_EXTRA_TYPE: What an extra slot says; multicast only to the back end.
XEN_NETIF_EXTRA_TYPE_NONE = 0
XEN_NETIF_EXTRA_TYPE_GSO = 1
XEN_NETIF_EXTRA_TYPE_MCAST_ADD = 2
XEN_NETIF_EXTRA_TYPE_MCAST_DEL = 3
XEN_NETIF_EXTRA_TYPE_HASH = 4

XEN_NETIF_EXTRA_TYPE_MAX = 5  # Extra types there are, the invalid NONE included
_XEN_NETIF_EXTRA_FLAG_MORE = 0

# XEN_NETIF_EXTRA_FLAG: Whether another extra slot follows this one.
XEN_NETIF_EXTRA_FLAG_MORE = 1

# XEN_NETIF_GSO_TYPE: Protocol by which a large packet is cut.
XEN_NETIF_GSO_TYPE_NONE = 0
XEN_NETIF_GSO_TYPE_TCPV4 = 1
XEN_NETIF_GSO_TYPE_TCPV6 = 2
_NETRXF_data_validated = 0

# NETRXF: About a packet received: its checksum, and which slots follow. Bits differ from NETTXF.
NETRXF_data_validated = 1
_NETRXF_csum_blank = 1
NETRXF_csum_blank = 2
_NETRXF_more_data = 2
NETRXF_more_data = 4
_NETRXF_extra_info = 3
NETRXF_extra_info = 8
_NETRXF_gso_prefix = 4
NETRXF_gso_prefix = 16

# NETIF_RSP: How a packet's slot ended; NULL answers an extra slot.
NETIF_RSP_DROPPED = -2
NETIF_RSP_ERROR = -1
NETIF_RSP_OKAY = 0
NETIF_RSP_NULL = 1


class xen_netif_ctrl_request(Struct):
    """A control message: hashing of packets onto queues, or grants kept mapped.

    struct xen_netif_ctrl_request; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("type", c_uint16),  # @2 uint16_t
        ("data", arr(c_uint32, 3)),  # @4 uint32_t: by type; unused ones 0
    )
    FORMAT = "<HHIII"
    FORMAT_FIELDS = ("id", "type", "data[0]", "data[1]", "data[2]")

    if TYPE_CHECKING:
        id: int
        type: int
        data: IntArrayField

        def __init__(
            self, id: int = ..., type: int = ..., data: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_netif_ctrl_response(Struct):
    """The end of a control message.

    struct xen_netif_ctrl_response; 12 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("type", c_uint16),  # @2 uint16_t: the request's
        ("status", c_uint32),  # @4 uint32_t
        ("data", c_uint32),  # @8 uint32_t: by type, on success
    )
    FORMAT = "<HHII"
    FORMAT_FIELDS = ("id", "type", "status", "data")

    if TYPE_CHECKING:
        id: int
        type: int
        status: int
        data: int

        def __init__(
            self, id: int = ..., type: int = ..., status: int = ..., data: int = ...,
        ) -> None: ...


class xen_netif_gref(Struct):
    """A row of the table that names grants to keep mapped, or to unmap.

    struct xen_netif_gref; 8 bytes.
    """

    _fields_ = (
        ("ref", c_uint32),  # @0 grant_ref_t: grant to map or unmap
        ("flags", c_uint16),  # @4 uint16_t
        ("status", c_uint16),  # @6 uint16_t: set by an unmap, not by a map
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("ref", "flags", "status")

    if TYPE_CHECKING:
        ref: int
        flags: int
        status: int

        def __init__(self, ref: int = ..., flags: int = ..., status: int = ...) -> None: ...


class xen_netif_ctrl_sring_entry(Union):
    """A slot of the control ring: a request, or the response that took its place.

    union xen_netif_ctrl_sring_entry; 16 bytes.
    """

    _fields_ = (
        ("req", xen_netif_ctrl_request),  # @0 xen_netif_ctrl_request
        ("rsp", xen_netif_ctrl_response),  # @0 xen_netif_ctrl_response
    )

    if TYPE_CHECKING:
        req: xen_netif_ctrl_request
        rsp: xen_netif_ctrl_response

        def __init__(
            self, req: xen_netif_ctrl_request = ..., rsp: xen_netif_ctrl_response = ...,
        ) -> None: ...


class xen_netif_ctrl_sring_pvt_netif(Struct):
    """struct xen_netif_ctrl_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class xen_netif_ctrl_sring_pvt_tapif_user(Struct):
    """struct xen_netif_ctrl_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class xen_netif_ctrl_sring_pvt(Union):
    """union xen_netif_ctrl_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", xen_netif_ctrl_sring_pvt_netif),  # @0 struct
        ("tapif_user", xen_netif_ctrl_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: xen_netif_ctrl_sring_pvt_netif
        tapif_user: xen_netif_ctrl_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: xen_netif_ctrl_sring_pvt_netif = ...,
            tapif_user: xen_netif_ctrl_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_netif_ctrl_sring(Struct):
    """The shared control ring: indexes, then slots up to the end of the last page.

    struct xen_netif_ctrl_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", xen_netif_ctrl_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(xen_netif_ctrl_sring_entry, 0)),  # @64 xen_netif_ctrl_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: xen_netif_ctrl_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[xen_netif_ctrl_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: xen_netif_ctrl_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[xen_netif_ctrl_sring_entry] | StructArray[xen_netif_ctrl_sring_entry] = ...,
        ) -> None: ...


class xen_netif_ctrl_front_ring(Struct):
    """What the front end keeps of the control ring for itself; not shared.

    struct xen_netif_ctrl_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_netif_ctrl_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("req_prod_pvt", "rsp_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        req_prod_pvt: int
        rsp_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, req_prod_pvt: int = ..., rsp_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class xen_netif_ctrl_back_ring(Struct):
    """What the back end keeps of the control ring for itself; not shared.

    struct xen_netif_ctrl_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_netif_ctrl_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("rsp_prod_pvt", "req_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        rsp_prod_pvt: int
        req_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, rsp_prod_pvt: int = ..., req_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class netif_tx_request(Struct):
    """A piece of a packet that the guest sends.

    struct netif_tx_request; 12 bytes.
    """

    _fields_ = (
        ("gref", c_uint32),  # @0 grant_ref_t: grant of the page that holds the data
        ("offset", c_uint16),  # @4 uint16_t: bytes into that page
        ("flags", c_uint16),  # @6 uint16_t
        ("id", c_uint16),  # @8 uint16_t: the front end's; the response repeats it
        ("size", c_uint16),  # @10 uint16_t: bytes: first slot the packet, others the piece
    )
    FORMAT = "<IHHHH"
    FORMAT_FIELDS = ("gref", "offset", "flags", "id", "size")

    if TYPE_CHECKING:
        gref: int
        offset: int
        flags: int
        id: int
        size: int

        def __init__(
            self, gref: int = ..., offset: int = ..., flags: int = ..., id: int = ...,
            size: int = ...,
        ) -> None: ...


class netif_extra_info_u_gso(Struct):
    """The packet is to be cut into segments.

    struct netif_extra_info_u_gso; 6 bytes.
    """

    _fields_ = (
        ("size", c_uint16),  # @0 uint16_t: payload bytes per segment; for TCP the MSS
        ("type", c_uint8),  # @2 uint8_t
        ("pad", c_uint8),  # @3 uint8_t
        ("features", c_uint16),  # @4 uint16_t: none defined
    )
    FORMAT = "<HBBH"
    FORMAT_FIELDS = ("size", "type", "pad", "features")

    if TYPE_CHECKING:
        size: int
        type: int
        pad: int
        features: int

        def __init__(
            self, size: int = ..., type: int = ..., pad: int = ..., features: int = ...,
        ) -> None: ...


class netif_extra_info_u_mcast(Struct):
    """A multicast address to start or stop receiving.

    struct netif_extra_info_u_mcast; 6 bytes.
    """

    _fields_ = (
        ("addr", arr(c_uint8, 6)),  # @0 uint8_t: Ethernet address
    )
    FORMAT = "<BBBBBB"
    FORMAT_FIELDS = ("addr[0]", "addr[1]", "addr[2]", "addr[3]", "addr[4]", "addr[5]")

    if TYPE_CHECKING:
        addr: IntArrayField

        def __init__(self, addr: Sequence[int] | IntArray = ...) -> None: ...


class netif_extra_info_u_hash(Struct):
    """The packet's hash, as computed by the sender.

    struct netif_extra_info_u_hash; 6 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("algorithm", c_uint8),  # @1 uint8_t
        ("value", arr(c_uint8, 4)),  # @2 uint8_t: least significant byte first
    )
    FORMAT = "<BBBBBB"
    FORMAT_FIELDS = ("type", "algorithm", "value[0]", "value[1]", "value[2]", "value[3]")

    if TYPE_CHECKING:
        type: int
        algorithm: int
        value: IntArrayField

        def __init__(
            self, type: int = ..., algorithm: int = ..., value: Sequence[int] | IntArray = ...,
        ) -> None: ...


class netif_extra_info_u(Union):
    """union netif_extra_info_u; 6 bytes."""

    _fields_ = (
        ("gso", netif_extra_info_u_gso),  # @0 struct
        ("mcast", netif_extra_info_u_mcast),  # @0 struct
        ("hash", netif_extra_info_u_hash),  # @0 struct
        ("pad", arr(c_uint16, 3)),  # @0 uint16_t
    )

    if TYPE_CHECKING:
        gso: netif_extra_info_u_gso
        mcast: netif_extra_info_u_mcast
        hash: netif_extra_info_u_hash
        pad: IntArrayField

        def __init__(
            self, gso: netif_extra_info_u_gso = ..., mcast: netif_extra_info_u_mcast = ...,
            hash: netif_extra_info_u_hash = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class netif_extra_info(Struct):
    """A slot between a packet's first piece and the next that says more about it.

    struct netif_extra_info; 8 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("flags", c_uint8),  # @1 uint8_t
        ("u", netif_extra_info_u),  # @2 union
    )

    if TYPE_CHECKING:
        type: int
        flags: int
        u: netif_extra_info_u

        def __init__(
            self, type: int = ..., flags: int = ..., u: netif_extra_info_u = ...,
        ) -> None: ...


class netif_tx_response(Struct):
    """The end of a transmit request: its page may be used again.

    struct netif_tx_response; 4 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("status", c_int16),  # @2 int16_t
    )
    FORMAT = "<Hh"
    FORMAT_FIELDS = ("id", "status")

    if TYPE_CHECKING:
        id: int
        status: int

        def __init__(self, id: int = ..., status: int = ...) -> None: ...


class netif_rx_request(Struct):
    """A page that the guest offers for a packet to come.

    struct netif_rx_request; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("pad", c_uint16),  # @2 uint16_t
        ("gref", c_uint32),  # @4 grant_ref_t: grant of the page to fill
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("id", "pad", "gref")

    if TYPE_CHECKING:
        id: int
        pad: int
        gref: int

        def __init__(self, id: int = ..., pad: int = ..., gref: int = ...) -> None: ...


class netif_rx_response(Struct):
    """A piece of a packet that arrived; it lies in the slot of its request.

    struct netif_rx_response; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("offset", c_uint16),  # @2 uint16_t: bytes into the page at which data start
        ("flags", c_uint16),  # @4 uint16_t
        ("status", c_int16),  # @6 int16_t: bytes of this piece, or a NETIF_RSP below 0
    )
    FORMAT = "<HHHh"
    FORMAT_FIELDS = ("id", "offset", "flags", "status")

    if TYPE_CHECKING:
        id: int
        offset: int
        flags: int
        status: int

        def __init__(
            self, id: int = ..., offset: int = ..., flags: int = ..., status: int = ...,
        ) -> None: ...


class netif_tx_sring_entry(Union):
    """A slot of the transmit ring: a request, or the response that took its place.

    union netif_tx_sring_entry; 12 bytes.
    """

    _fields_ = (
        ("req", netif_tx_request),  # @0 netif_tx_request
        ("rsp", netif_tx_response),  # @0 netif_tx_response
    )

    if TYPE_CHECKING:
        req: netif_tx_request
        rsp: netif_tx_response

        def __init__(self, req: netif_tx_request = ..., rsp: netif_tx_response = ...) -> None: ...


class netif_tx_sring_pvt_netif(Struct):
    """struct netif_tx_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class netif_tx_sring_pvt_tapif_user(Struct):
    """struct netif_tx_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class netif_tx_sring_pvt(Union):
    """union netif_tx_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", netif_tx_sring_pvt_netif),  # @0 struct
        ("tapif_user", netif_tx_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: netif_tx_sring_pvt_netif
        tapif_user: netif_tx_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: netif_tx_sring_pvt_netif = ...,
            tapif_user: netif_tx_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class netif_tx_sring(Struct):
    """The shared transmit ring: indexes, then slots up to the end of the last page.

    struct netif_tx_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", netif_tx_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(netif_tx_sring_entry, 0)),  # @64 netif_tx_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: netif_tx_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[netif_tx_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: netif_tx_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[netif_tx_sring_entry] | StructArray[netif_tx_sring_entry] = ...,
        ) -> None: ...


class netif_tx_front_ring(Struct):
    """What the front end keeps of the transmit ring for itself; not shared.

    struct netif_tx_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 netif_tx_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("req_prod_pvt", "rsp_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        req_prod_pvt: int
        rsp_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, req_prod_pvt: int = ..., rsp_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class netif_tx_back_ring(Struct):
    """What the back end keeps of the transmit ring for itself; not shared.

    struct netif_tx_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 netif_tx_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("rsp_prod_pvt", "req_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        rsp_prod_pvt: int
        req_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, rsp_prod_pvt: int = ..., req_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class netif_rx_sring_entry(Union):
    """A slot of the receive ring: a request, or the response that took its place.

    union netif_rx_sring_entry; 8 bytes.
    """

    _fields_ = (
        ("req", netif_rx_request),  # @0 netif_rx_request
        ("rsp", netif_rx_response),  # @0 netif_rx_response
    )

    if TYPE_CHECKING:
        req: netif_rx_request
        rsp: netif_rx_response

        def __init__(self, req: netif_rx_request = ..., rsp: netif_rx_response = ...) -> None: ...


class netif_rx_sring_pvt_netif(Struct):
    """struct netif_rx_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class netif_rx_sring_pvt_tapif_user(Struct):
    """struct netif_rx_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class netif_rx_sring_pvt(Union):
    """union netif_rx_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", netif_rx_sring_pvt_netif),  # @0 struct
        ("tapif_user", netif_rx_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: netif_rx_sring_pvt_netif
        tapif_user: netif_rx_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: netif_rx_sring_pvt_netif = ...,
            tapif_user: netif_rx_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class netif_rx_sring(Struct):
    """The shared receive ring: indexes, then slots up to the end of the last page.

    struct netif_rx_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", netif_rx_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(netif_rx_sring_entry, 0)),  # @64 netif_rx_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: netif_rx_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[netif_rx_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: netif_rx_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[netif_rx_sring_entry] | StructArray[netif_rx_sring_entry] = ...,
        ) -> None: ...


class netif_rx_front_ring(Struct):
    """What the front end keeps of the receive ring for itself; not shared.

    struct netif_rx_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 netif_rx_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("req_prod_pvt", "rsp_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        req_prod_pvt: int
        rsp_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, req_prod_pvt: int = ..., rsp_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class netif_rx_back_ring(Struct):
    """What the back end keeps of the receive ring for itself; not shared.

    struct netif_rx_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 netif_rx_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("rsp_prod_pvt", "req_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        rsp_prod_pvt: int
        req_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, rsp_prod_pvt: int = ..., req_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


xen_netif_ctrl_sring_t = xen_netif_ctrl_sring
xen_netif_ctrl_front_ring_t = xen_netif_ctrl_front_ring
xen_netif_ctrl_back_ring_t = xen_netif_ctrl_back_ring
netif_tx_request_t = netif_tx_request
netif_extra_info_t = netif_extra_info
netif_tx_response_t = netif_tx_response
netif_rx_request_t = netif_rx_request
netif_rx_response_t = netif_rx_response
netif_tx_sring_t = netif_tx_sring
netif_tx_front_ring_t = netif_tx_front_ring
netif_tx_back_ring_t = netif_tx_back_ring
netif_rx_sring_t = netif_rx_sring
netif_rx_front_ring_t = netif_rx_front_ring
netif_rx_back_ring_t = netif_rx_back_ring
