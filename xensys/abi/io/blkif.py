# GENERATED from abi/io/blkif.json (io/blkif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual disks: requests of up to 11 segments (more by indirection). A sector is always 512 bytes.

io/blkif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int16, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# BLKIF_OP: What a request asks for; beyond read and write only what the back end's feature-* nodes
# offer.
BLKIF_OP_READ = 0
BLKIF_OP_WRITE = 1
BLKIF_OP_WRITE_BARRIER = 2
BLKIF_OP_FLUSH_DISKCACHE = 3
BLKIF_OP_RESERVED_1 = 4
BLKIF_OP_DISCARD = 5
BLKIF_OP_INDIRECT = 6

# BLKIF_MAX: Segments that fit in a direct request; pages of segments that an indirect one may name.
BLKIF_MAX_SEGMENTS_PER_REQUEST = 11
BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8

# BLKIF_DISCARD: Secure: no copy of the sectors may be recoverable once the response is sent.
BLKIF_DISCARD_SECURE = 1

# BLKIF_RSP: How a request ended; EOPNOTSUPP even from a back end that advertised the feature.
BLKIF_RSP_EOPNOTSUPP = -2
BLKIF_RSP_ERROR = -1
BLKIF_RSP_OKAY = 0

# VDISK: Kind of disk, in the back end's xenstore node info.
VDISK_CDROM = 1
VDISK_REMOVABLE = 2
VDISK_READONLY = 4


class blkif_request_segment(Struct):
    """The part of one granted page that a transfer fills or reads.

    struct blkif_request_segment; 8 bytes.
    """

    _fields_ = (
        ("gref", c_uint32),  # @0 grant_ref_t: grant of the data page
        ("first_sect", c_uint8),  # @4 uint8_t: first sector of 512 bytes in the page, 0 to 7
        ("last_sect", c_uint8),  # @5 uint8_t: last sector in the page, included
    )
    FORMAT = "<IBB2x"
    FORMAT_FIELDS = ("gref", "first_sect", "last_sect")

    if TYPE_CHECKING:
        gref: int
        first_sect: int
        last_sect: int

        def __init__(
            self, gref: int = ..., first_sect: int = ..., last_sect: int = ...,
        ) -> None: ...


class blkif_request(Struct):
    """Read, write, barrier or flush; the other operations lay out the same slot otherwise.

    struct blkif_request; 112 bytes.
    """

    _fields_ = (
        ("operation", c_uint8),  # @0 uint8_t
        ("nr_segments", c_uint8),  # @1 uint8_t: entries of seg in use; 0 for a bare flush
        ("handle", c_uint16),  # @2 uint16_t: virtual device, the last part of its xenstore path
        ("id", c_uint64),  # @8 uint64_t: the front end's; the response repeats it
        ("sector_number", c_uint64),  # @16 uint64_t: first sector on the disk, in sectors of 512 bytes
        ("seg", arr(blkif_request_segment, 11)),  # @24 blkif_request_segment
    )
    FORMAT = "<BBH4xQQIBB2xIBB2xIBB2xIBB2xIBB2xIBB2xIBB2xIBB2xIBB2xIBB2xIBB2x"
    FORMAT_FIELDS = (
        "operation", "nr_segments", "handle", "id", "sector_number", "seg[0].gref",
        "seg[0].first_sect", "seg[0].last_sect", "seg[1].gref", "seg[1].first_sect",
        "seg[1].last_sect", "seg[2].gref", "seg[2].first_sect", "seg[2].last_sect", "seg[3].gref",
        "seg[3].first_sect", "seg[3].last_sect", "seg[4].gref", "seg[4].first_sect",
        "seg[4].last_sect", "seg[5].gref", "seg[5].first_sect", "seg[5].last_sect", "seg[6].gref",
        "seg[6].first_sect", "seg[6].last_sect", "seg[7].gref", "seg[7].first_sect",
        "seg[7].last_sect", "seg[8].gref", "seg[8].first_sect", "seg[8].last_sect", "seg[9].gref",
        "seg[9].first_sect", "seg[9].last_sect", "seg[10].gref", "seg[10].first_sect",
        "seg[10].last_sect",
    )

    if TYPE_CHECKING:
        operation: int
        nr_segments: int
        handle: int
        id: int
        sector_number: int
        seg: StructArrayField[blkif_request_segment]

        def __init__(
            self, operation: int = ..., nr_segments: int = ..., handle: int = ..., id: int = ...,
            sector_number: int = ...,
            seg: Sequence[blkif_request_segment] | StructArray[blkif_request_segment] = ...,
        ) -> None: ...


class blkif_request_discard(Struct):
    """How a request slot looks when its operation is BLKIF_OP_DISCARD.

    struct blkif_request_discard; 32 bytes.
    """

    _fields_ = (
        ("operation", c_uint8),  # @0 uint8_t: BLKIF_OP_DISCARD
        ("flag", c_uint8),  # @1 uint8_t
        ("handle", c_uint16),  # @2 uint16_t: virtual device, the last part of its xenstore path
        ("id", c_uint64),  # @8 uint64_t: the front end's; the response repeats it
        ("sector_number", c_uint64),  # @16 uint64_t: first sector on the disk, in sectors of 512 bytes
        ("nr_sectors", c_uint64),  # @24 uint64_t: sectors of 512 bytes
    )
    FORMAT = "<BBH4xQQQ"
    FORMAT_FIELDS = ("operation", "flag", "handle", "id", "sector_number", "nr_sectors")

    if TYPE_CHECKING:
        operation: int
        flag: int
        handle: int
        id: int
        sector_number: int
        nr_sectors: int

        def __init__(
            self, operation: int = ..., flag: int = ..., handle: int = ..., id: int = ...,
            sector_number: int = ..., nr_sectors: int = ...,
        ) -> None: ...


class blkif_request_indirect(Struct):
    """How a request slot looks when its segments lie in granted pages of their own.

    struct blkif_request_indirect; 64 bytes.
    """

    _fields_ = (
        ("operation", c_uint8),  # @0 uint8_t: BLKIF_OP_INDIRECT
        ("indirect_op", c_uint8),  # @1 uint8_t: read or write
        ("nr_segments", c_uint16),  # @2 uint16_t: at most feature-max-indirect-segments
        ("id", c_uint64),  # @8 uint64_t: the front end's; the response repeats it
        ("sector_number", c_uint64),  # @16 uint64_t: first sector on the disk, in sectors of 512 bytes
        ("handle", c_uint16),  # @24 uint16_t: virtual device, the last part of its xenstore path
        ("indirect_grefs", arr(c_uint32, 8)),  # @28 grant_ref_t: pages of 512 blkif_request_segment each
    )
    FORMAT = "<BBH4xQQH2xIIIIIIII4x"
    FORMAT_FIELDS = (
        "operation", "indirect_op", "nr_segments", "id", "sector_number", "handle",
        "indirect_grefs[0]", "indirect_grefs[1]", "indirect_grefs[2]", "indirect_grefs[3]",
        "indirect_grefs[4]", "indirect_grefs[5]", "indirect_grefs[6]", "indirect_grefs[7]",
    )

    if TYPE_CHECKING:
        operation: int
        indirect_op: int
        nr_segments: int
        id: int
        sector_number: int
        handle: int
        indirect_grefs: IntArrayField

        def __init__(
            self, operation: int = ..., indirect_op: int = ..., nr_segments: int = ...,
            id: int = ..., sector_number: int = ..., handle: int = ...,
            indirect_grefs: Sequence[int] | IntArray = ...,
        ) -> None: ...


class blkif_response(Struct):
    """The end of one request, found by id: responses come in any order.

    struct blkif_response; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's; the response repeats it
        ("operation", c_uint8),  # @8 uint8_t: repeated from the request
        ("status", c_int16),  # @10 int16_t
    )
    FORMAT = "<QBxh4x"
    FORMAT_FIELDS = ("id", "operation", "status")

    if TYPE_CHECKING:
        id: int
        operation: int
        status: int

        def __init__(self, id: int = ..., operation: int = ..., status: int = ...) -> None: ...


class blkif_sring_entry(Union):
    """A slot of the request ring: a request, or the response that took its place.

    union blkif_sring_entry; 112 bytes.
    """

    _fields_ = (
        ("req", blkif_request),  # @0 blkif_request
        ("rsp", blkif_response),  # @0 blkif_response
    )

    if TYPE_CHECKING:
        req: blkif_request
        rsp: blkif_response

        def __init__(self, req: blkif_request = ..., rsp: blkif_response = ...) -> None: ...


class blkif_sring_pvt_netif(Struct):
    """struct blkif_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class blkif_sring_pvt_tapif_user(Struct):
    """struct blkif_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class blkif_sring_pvt(Union):
    """union blkif_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", blkif_sring_pvt_netif),  # @0 struct
        ("tapif_user", blkif_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: blkif_sring_pvt_netif
        tapif_user: blkif_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: blkif_sring_pvt_netif = ..., tapif_user: blkif_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class blkif_sring(Struct):
    """The shared request ring: indexes, then slots up to the end of the last page.

    struct blkif_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", blkif_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(blkif_sring_entry, 0)),  # @64 blkif_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: blkif_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[blkif_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: blkif_sring_pvt = ..., pad: Sequence[int] | IntArray = ...,
            ring: Sequence[blkif_sring_entry] | StructArray[blkif_sring_entry] = ...,
        ) -> None: ...


class blkif_front_ring(Struct):
    """What the front end keeps of the request ring for itself; not shared.

    struct blkif_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 blkif_sring *: the shared ring, as mapped here
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


class blkif_back_ring(Struct):
    """What the back end keeps of the request ring for itself; not shared.

    struct blkif_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 blkif_sring *: the shared ring, as mapped here
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


blkif_request_t = blkif_request
blkif_request_discard_t = blkif_request_discard
blkif_request_indirect_t = blkif_request_indirect
blkif_response_t = blkif_response
blkif_sring_t = blkif_sring
blkif_front_ring_t = blkif_front_ring
blkif_back_ring_t = blkif_back_ring
