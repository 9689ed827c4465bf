# GENERATED from abi/io/vscsiif.json (io/vscsiif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual SCSI hosts: command blocks of the guest, carried out on a device of the back end.

io/vscsiif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# VSCSIIF_ACT: What a request asks for; SG_PRESET is obsolete.
VSCSIIF_ACT_SCSI_CDB = 1
VSCSIIF_ACT_SCSI_ABORT = 2
VSCSIIF_ACT_SCSI_RESET = 3
VSCSIIF_ACT_SCSI_SG_PRESET = 4

# VSCSIIF_SIZES: Segments per request, page and list; bytes of a command, of sense data, of a page.
VSCSIIF_SG_TABLESIZE = 26
VSCSIIF_MAX_COMMAND_SIZE = 16
VSCSIIF_SENSE_BUFFERSIZE = 96
VSCSIIF_PAGE_SIZE = 4096
VSCSIIF_SG_PER_PAGE = 512

# VSCSIIF_SG: In nr_segments: seg names pages of segments; only if the back end has feature-sg-
# grant.
VSCSIIF_SG_GRANT = 128

# VSCSIIF_SIZES, more
VSCSIIF_SG_LIST_SIZE = 31

# XEN_VSCSIIF_RSLT_HOST: What the host made of a command: bits 16 to 23 of rslt. Bits 0 to 7 are the
# SCSI status.
XEN_VSCSIIF_RSLT_HOST_OK = 0  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_NO_CONNECT = 1  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_BUS_BUSY = 2  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_TIME_OUT = 3  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_BAD_TARGET = 4  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_ABORT = 5  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_PARITY = 6  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_ERROR = 7  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_RESET = 8  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_BAD_INTR = 9  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_PASSTHROUGH = 10  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_SOFT_ERROR = 11  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_IMM_RETRY = 12  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_REQUEUE = 13  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_TRANSPORT_DISRUPTED = 14  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_TRANSPORT_FAILFAST = 15  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_TARGET_FAILURE = 16  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_NEXUS_FAILURE = 17  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_ALLOC_FAILURE = 18  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_MEDIUM_ERROR = 19  # not in 4.14
XEN_VSCSIIF_RSLT_HOST_TRANSPORT_MARGINAL = 20  # not in 4.14

# XEN_VSCSIIF_RSLT_RESET: All of rslt, after an abort or a reset.
XEN_VSCSIIF_RSLT_RESET_SUCCESS = 0x2002  # not in 4.14
XEN_VSCSIIF_RSLT_RESET_FAILED = 0x2003  # not in 4.14


class scsiif_request_segment(Struct):
    """A part of one granted page: data, or (VSCSIIF_SG_GRANT) more segments.

    struct scsiif_request_segment; 8 bytes.
    """

    _fields_ = (
        ("gref", c_uint32),  # @0 grant_ref_t: grant of the page
        ("offset", c_uint16),  # @4 uint16_t: bytes into the page
        ("length", c_uint16),  # @6 uint16_t: bytes
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("gref", "offset", "length")

    if TYPE_CHECKING:
        gref: int
        offset: int
        length: int

        def __init__(self, gref: int = ..., offset: int = ..., length: int = ...) -> None: ...


class vscsiif_request(Struct):
    """A SCSI command, or the abort of one, or a reset.

    struct vscsiif_request; 252 bytes.
    """

    _fields_ = (
        ("rqid", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("act", c_uint8),  # @2 uint8_t
        ("cmd_len", c_uint8),  # @3 uint8_t: bytes of cmnd in use
        ("cmnd", arr(c_uint8, 16)),  # @4 uint8_t: command block
        ("timeout_per_command", c_uint16),  # @20 uint16_t: seconds; obsolete
        ("channel", c_uint16),  # @22 uint16_t: channel, id, lun: the device, as its node v-dev has it
        ("id", c_uint16),  # @24 uint16_t
        ("lun", c_uint16),  # @26 uint16_t
        ("ref_rqid", c_uint16),  # @28 uint16_t: rqid of the command to abort
        ("sc_data_direction", c_uint8),  # @30 uint8_t: 1 to the device, 2 from it, 3 no data
        ("nr_segments", c_uint8),  # @31 uint8_t: entries of seg in use
        ("seg", arr(scsiif_request_segment, 26)),  # @32 vscsiif_segment_t
        ("reserved", arr(c_uint32, 3)),  # @240 uint32_t
    )

    if TYPE_CHECKING:
        rqid: int
        act: int
        cmd_len: int
        cmnd: IntArrayField
        timeout_per_command: int
        channel: int
        id: int
        lun: int
        ref_rqid: int
        sc_data_direction: int
        nr_segments: int
        seg: StructArrayField[scsiif_request_segment]
        reserved: IntArrayField

        def __init__(
            self, rqid: int = ..., act: int = ..., cmd_len: int = ...,
            cmnd: Sequence[int] | IntArray = ..., timeout_per_command: int = ...,
            channel: int = ..., id: int = ..., lun: int = ..., ref_rqid: int = ...,
            sc_data_direction: int = ..., nr_segments: int = ...,
            seg: Sequence[scsiif_request_segment] | StructArray[scsiif_request_segment] = ...,
            reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vscsiif_sg_list(Struct):
    """Segments for a command to come; obsolete.

    struct vscsiif_sg_list; 252 bytes.
    """

    _fields_ = (
        ("rqid", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("act", c_uint8),  # @2 uint8_t
        ("nr_segments", c_uint8),  # @3 uint8_t: entries of seg in use
        ("seg", arr(scsiif_request_segment, 31)),  # @4 vscsiif_segment_t
    )

    if TYPE_CHECKING:
        rqid: int
        act: int
        nr_segments: int
        seg: StructArrayField[scsiif_request_segment]

        def __init__(
            self, rqid: int = ..., act: int = ..., nr_segments: int = ...,
            seg: Sequence[scsiif_request_segment] | StructArray[scsiif_request_segment] = ...,
        ) -> None: ...


class vscsiif_response(Struct):
    """The end of a request, with sense data if the device gave any.

    struct vscsiif_response; 252 bytes.
    """

    _fields_ = (
        ("rqid", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("act", c_uint8),  # @2 uint8_t: obsolete
        ("sense_len", c_uint8),  # @3 uint8_t: bytes of sense_buffer in use
        ("sense_buffer", arr(c_uint8, 96)),  # @4 uint8_t
        ("rslt", c_int32),  # @100 int32_t: status, or host result << 16
        ("residual_len", c_uint32),  # @104 uint32_t: bytes asked for and not transferred
        ("reserved", arr(c_uint32, 36)),  # @108 uint32_t
    )

    if TYPE_CHECKING:
        rqid: int
        act: int
        sense_len: int
        sense_buffer: IntArrayField
        rslt: int
        residual_len: int
        reserved: IntArrayField

        def __init__(
            self, rqid: int = ..., act: int = ..., sense_len: int = ...,
            sense_buffer: Sequence[int] | IntArray = ..., rslt: int = ..., residual_len: int = ...,
            reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vscsiif_sring_entry(Union):
    """A slot of the request ring: a request, or the response that took its place.

    union vscsiif_sring_entry; 252 bytes.
    """

    _fields_ = (
        ("req", vscsiif_request),  # @0 vscsiif_request
        ("rsp", vscsiif_response),  # @0 vscsiif_response
    )

    if TYPE_CHECKING:
        req: vscsiif_request
        rsp: vscsiif_response

        def __init__(self, req: vscsiif_request = ..., rsp: vscsiif_response = ...) -> None: ...


class vscsiif_sring_pvt_netif(Struct):
    """struct vscsiif_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class vscsiif_sring_pvt_tapif_user(Struct):
    """struct vscsiif_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class vscsiif_sring_pvt(Union):
    """union vscsiif_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", vscsiif_sring_pvt_netif),  # @0 struct
        ("tapif_user", vscsiif_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: vscsiif_sring_pvt_netif
        tapif_user: vscsiif_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: vscsiif_sring_pvt_netif = ...,
            tapif_user: vscsiif_sring_pvt_tapif_user = ..., pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vscsiif_sring(Struct):
    """The shared request ring: indexes, then slots up to the end of the last page.

    struct vscsiif_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", vscsiif_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(vscsiif_sring_entry, 0)),  # @64 vscsiif_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: vscsiif_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[vscsiif_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: vscsiif_sring_pvt = ..., pad: Sequence[int] | IntArray = ...,
            ring: Sequence[vscsiif_sring_entry] | StructArray[vscsiif_sring_entry] = ...,
        ) -> None: ...


class vscsiif_front_ring(Struct):
    """What the front end keeps of the request ring for itself; not shared.

    struct vscsiif_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 vscsiif_sring *: the shared ring, as mapped here
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


class vscsiif_back_ring(Struct):
    """What the back end keeps of the request ring for itself; not shared.

    struct vscsiif_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 vscsiif_sring *: the shared ring, as mapped here
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


vscsiif_segment_t = scsiif_request_segment
vscsiif_request_t = vscsiif_request
vscsiif_sg_list_t = vscsiif_sg_list
vscsiif_response_t = vscsiif_response
vscsiif_sring_t = vscsiif_sring
vscsiif_front_ring_t = vscsiif_front_ring
vscsiif_back_ring_t = vscsiif_back_ring


def XEN_VSCSIIF_RSLT_STATUS(x: int) -> int:
    """The SCSI device's own status in a response's rslt.

    Macro XEN_VSCSIIF_RSLT_STATUS; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "XEN_VSCSIIF_RSLT_STATUS(x)")
    return x & 0xFF


def XEN_VSCSIIF_RSLT_HOST(x: int) -> int:
    """The host adapter's status in a response's rslt (XEN_VSCSIIF_RSLT_HOST_*).

    Macro XEN_VSCSIIF_RSLT_HOST; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "XEN_VSCSIIF_RSLT_HOST(x)")
    return (x & 0xFF0000) >> 16
