# GENERATED from abi/io/sndif.json (io/sndif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual sound cards: one ring of requests and one of events per stream, samples in a shared buffer.

io/sndif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XENSND_PROTOCOL_VERSION = 2  # Newest protocol version

# XENSND_PCM_FORMAT: How a sample is encoded; floats run from -1.0 to 1.0.
XENSND_PCM_FORMAT_S8 = 0
XENSND_PCM_FORMAT_U8 = 1
XENSND_PCM_FORMAT_S16_LE = 2
XENSND_PCM_FORMAT_S16_BE = 3
XENSND_PCM_FORMAT_U16_LE = 4
XENSND_PCM_FORMAT_U16_BE = 5
XENSND_PCM_FORMAT_S24_LE = 6
XENSND_PCM_FORMAT_S24_BE = 7
XENSND_PCM_FORMAT_U24_LE = 8
XENSND_PCM_FORMAT_U24_BE = 9
XENSND_PCM_FORMAT_S32_LE = 10
XENSND_PCM_FORMAT_S32_BE = 11
XENSND_PCM_FORMAT_U32_LE = 12
XENSND_PCM_FORMAT_U32_BE = 13
XENSND_PCM_FORMAT_F32_LE = 14
XENSND_PCM_FORMAT_F32_BE = 15
XENSND_PCM_FORMAT_F64_LE = 16
XENSND_PCM_FORMAT_F64_BE = 17
XENSND_PCM_FORMAT_IEC958_SUBFRAME_LE = 18
XENSND_PCM_FORMAT_IEC958_SUBFRAME_BE = 19
XENSND_PCM_FORMAT_MU_LAW = 20
XENSND_PCM_FORMAT_A_LAW = 21
XENSND_PCM_FORMAT_IMA_ADPCM = 22
XENSND_PCM_FORMAT_MPEG = 23
XENSND_PCM_FORMAT_GSM = 24

# XENSND_OP: What a request asks for; volumes are int32 per channel, 0.001 dB, mute switches a byte
# each.
XENSND_OP_OPEN = 0
XENSND_OP_CLOSE = 1
XENSND_OP_READ = 2
XENSND_OP_WRITE = 3
XENSND_OP_SET_VOLUME = 4
XENSND_OP_GET_VOLUME = 5
XENSND_OP_MUTE = 6
XENSND_OP_UNMUTE = 7
XENSND_OP_TRIGGER = 8
XENSND_OP_HW_PARAM_QUERY = 9

# XENSND_OP_TRIGGER: What XENSND_OP_TRIGGER does to a stream.
XENSND_OP_TRIGGER_START = 0
XENSND_OP_TRIGGER_PAUSE = 1
XENSND_OP_TRIGGER_STOP = 2
XENSND_OP_TRIGGER_RESUME = 3

# XENSND_EVT: What an event reports.
XENSND_EVT_CUR_POS = 0

# XENSND_FIELD: Xenstore nodes of a card, device or stream, and the card's name in their paths.
XENSND_DRIVER_NAME = "vsnd"

# XENSND_TEXT: How those nodes spell lists and directions, and the longest items in lists.
XENSND_LIST_SEPARATOR = ","

# XENSND_FIELD, more
XENSND_FIELD_BE_VERSIONS = "versions"
XENSND_FIELD_FE_VERSION = "version"
XENSND_FIELD_VCARD_SHORT_NAME = "short-name"
XENSND_FIELD_VCARD_LONG_NAME = "long-name"
XENSND_FIELD_RING_REF = "ring-ref"
XENSND_FIELD_EVT_CHNL = "event-channel"
XENSND_FIELD_EVT_RING_REF = "evt-ring-ref"
XENSND_FIELD_EVT_EVT_CHNL = "evt-event-channel"
XENSND_FIELD_DEVICE_NAME = "name"
XENSND_FIELD_TYPE = "type"
XENSND_FIELD_STREAM_UNIQUE_ID = "unique-id"
XENSND_FIELD_CHANNELS_MIN = "channels-min"
XENSND_FIELD_CHANNELS_MAX = "channels-max"
XENSND_FIELD_SAMPLE_RATES = "sample-rates"
XENSND_FIELD_SAMPLE_FORMATS = "sample-formats"
XENSND_FIELD_BUFFER_SIZE = "buffer-size"

# XENSND_TEXT, more
XENSND_STREAM_TYPE_PLAYBACK = "p"
XENSND_STREAM_TYPE_CAPTURE = "c"
XENSND_SAMPLE_RATE_MAX_LEN = 11
XENSND_SAMPLE_FORMAT_MAX_LEN = 24

# XENSND_PCM_FORMAT_STR: Sample formats as the xenstore node sample-formats spells them.
XENSND_PCM_FORMAT_S8_STR = "s8"
XENSND_PCM_FORMAT_U8_STR = "u8"
XENSND_PCM_FORMAT_S16_LE_STR = "s16_le"
XENSND_PCM_FORMAT_S16_BE_STR = "s16_be"
XENSND_PCM_FORMAT_U16_LE_STR = "u16_le"
XENSND_PCM_FORMAT_U16_BE_STR = "u16_be"
XENSND_PCM_FORMAT_S24_LE_STR = "s24_le"
XENSND_PCM_FORMAT_S24_BE_STR = "s24_be"
XENSND_PCM_FORMAT_U24_LE_STR = "u24_le"
XENSND_PCM_FORMAT_U24_BE_STR = "u24_be"
XENSND_PCM_FORMAT_S32_LE_STR = "s32_le"
XENSND_PCM_FORMAT_S32_BE_STR = "s32_be"
XENSND_PCM_FORMAT_U32_LE_STR = "u32_le"
XENSND_PCM_FORMAT_U32_BE_STR = "u32_be"
XENSND_PCM_FORMAT_F32_LE_STR = "float_le"
XENSND_PCM_FORMAT_F32_BE_STR = "float_be"
XENSND_PCM_FORMAT_F64_LE_STR = "float64_le"
XENSND_PCM_FORMAT_F64_BE_STR = "float64_be"
XENSND_PCM_FORMAT_IEC958_SUBFRAME_LE_STR = "iec958_subframe_le"
XENSND_PCM_FORMAT_IEC958_SUBFRAME_BE_STR = "iec958_subframe_be"
XENSND_PCM_FORMAT_MU_LAW_STR = "mu_law"
XENSND_PCM_FORMAT_A_LAW_STR = "a_law"
XENSND_PCM_FORMAT_IMA_ADPCM_STR = "ima_adpcm"
XENSND_PCM_FORMAT_MPEG_STR = "mpeg"
XENSND_PCM_FORMAT_GSM_STR = "gsm"

# XENSND_EVENT_PAGE: The event page: its bytes, where events start, their bytes and number.
XENSND_EVENT_PAGE_SIZE = 4096
XENSND_IN_RING_OFFS = 64
XENSND_IN_RING_SIZE = 4032
XENSND_IN_RING_LEN = 63


class xensnd_open_req(Struct):
    """Opens a stream and hands over the pages of its buffer.

    struct xensnd_open_req; 20 bytes.
    """

    _fields_ = (
        ("pcm_rate", c_uint32),  # @0 uint32_t: Hz
        ("pcm_format", c_uint8),  # @4 uint8_t
        ("pcm_channels", c_uint8),  # @5 uint8_t: from channels-min to channels-max
        ("reserved", c_uint16),  # @6 uint16_t
        ("buffer_sz", c_uint32),  # @8 uint32_t: bytes
        ("gref_directory", c_uint32),  # @12 grant_ref_t: grant of the first xensnd_page_directory
        ("period_sz", c_uint32),  # @16 uint32_t: bytes between XENSND_EVT_CUR_POS events; 0: none
    )
    FORMAT = "<IBBHIII"
    FORMAT_FIELDS = (
        "pcm_rate", "pcm_format", "pcm_channels", "reserved", "buffer_sz", "gref_directory",
        "period_sz",
    )

    if TYPE_CHECKING:
        pcm_rate: int
        pcm_format: int
        pcm_channels: int
        reserved: int
        buffer_sz: int
        gref_directory: int
        period_sz: int

        def __init__(
            self, pcm_rate: int = ..., pcm_format: int = ..., pcm_channels: int = ...,
            reserved: int = ..., buffer_sz: int = ..., gref_directory: int = ...,
            period_sz: int = ...,
        ) -> None: ...


class xensnd_page_directory(Struct):
    """A page of grants of a buffer's pages, chained to the next one.

    struct xensnd_page_directory; 4 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("gref_dir_next_page", c_uint32),  # @0 grant_ref_t: grant of the next directory page; 0: none
        ("gref", arr(c_uint32, 0)),  # @4 grant_ref_t: grants of the buffer's 4 KiB pages
    )

    if TYPE_CHECKING:
        gref_dir_next_page: int
        gref: IntArrayField

        def __init__(
            self, gref_dir_next_page: int = ..., gref: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xensnd_rw_req(Struct):
    """The part of the buffer that holds samples, volumes or mute switches.

    struct xensnd_rw_req; 8 bytes.
    """

    _fields_ = (
        ("offset", c_uint32),  # @0 uint32_t: bytes into the buffer
        ("length", c_uint32),  # @4 uint32_t: bytes
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("offset", "length")

    if TYPE_CHECKING:
        offset: int
        length: int

        def __init__(self, offset: int = ..., length: int = ...) -> None: ...


class xensnd_trigger_req(Struct):
    """Starts, pauses, resumes or stops a stream.

    struct xensnd_trigger_req; 1 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("type",)

    if TYPE_CHECKING:
        type: int

        def __init__(self, type: int = ...) -> None: ...


class xensnd_query_hw_param_rates(Struct):
    """struct xensnd_query_hw_param_rates; 8 bytes."""

    _fields_ = (
        ("min", c_uint32),  # @0 uint32_t
        ("max", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("min", "max")

    if TYPE_CHECKING:
        min: int
        max: int

        def __init__(self, min: int = ..., max: int = ...) -> None: ...


class xensnd_query_hw_param_channels(Struct):
    """struct xensnd_query_hw_param_channels; 8 bytes."""

    _fields_ = (
        ("min", c_uint32),  # @0 uint32_t
        ("max", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("min", "max")

    if TYPE_CHECKING:
        min: int
        max: int

        def __init__(self, min: int = ..., max: int = ...) -> None: ...


class xensnd_query_hw_param_buffer(Struct):
    """struct xensnd_query_hw_param_buffer; 8 bytes."""

    _fields_ = (
        ("min", c_uint32),  # @0 uint32_t
        ("max", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("min", "max")

    if TYPE_CHECKING:
        min: int
        max: int

        def __init__(self, min: int = ..., max: int = ...) -> None: ...


class xensnd_query_hw_param_period(Struct):
    """struct xensnd_query_hw_param_period; 8 bytes."""

    _fields_ = (
        ("min", c_uint32),  # @0 uint32_t
        ("max", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("min", "max")

    if TYPE_CHECKING:
        min: int
        max: int

        def __init__(self, min: int = ..., max: int = ...) -> None: ...


class xensnd_query_hw_param(Struct):
    """Ranges wanted, answered with ranges that are left; repeat until one is.

    struct xensnd_query_hw_param; 40 bytes.
    """

    _fields_ = (
        ("formats", c_uint64),  # @0 uint64_t: a bit 1 << XENSND_PCM_FORMAT_* for each
        ("rates", xensnd_query_hw_param_rates),  # @8 struct: Hz
        ("channels", xensnd_query_hw_param_channels),  # @16 struct
        ("buffer", xensnd_query_hw_param_buffer),  # @24 struct: frames (a sample of every channel)
        ("period", xensnd_query_hw_param_period),  # @32 struct: frames
    )
    FORMAT = "<QIIIIIIII"
    FORMAT_FIELDS = (
        "formats", "rates.min", "rates.max", "channels.min", "channels.max", "buffer.min",
        "buffer.max", "period.min", "period.max",
    )

    if TYPE_CHECKING:
        formats: int
        rates: xensnd_query_hw_param_rates
        channels: xensnd_query_hw_param_channels
        buffer: xensnd_query_hw_param_buffer
        period: xensnd_query_hw_param_period

        def __init__(
            self, formats: int = ..., rates: xensnd_query_hw_param_rates = ...,
            channels: xensnd_query_hw_param_channels = ...,
            buffer: xensnd_query_hw_param_buffer = ..., period: xensnd_query_hw_param_period = ...,
        ) -> None: ...


class xensnd_cur_pos_evt(Struct):
    """How far the stream has got.

    struct xensnd_cur_pos_evt; 8 bytes.
    """

    _fields_ = (
        ("position", c_uint64),  # @0 uint64_t: bytes played or captured so far
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("position",)

    if TYPE_CHECKING:
        position: int

        def __init__(self, position: int = ...) -> None: ...


class xensnd_req_op(Union):
    """union xensnd_req_op; 56 bytes."""

    _fields_ = (
        ("open", xensnd_open_req),  # @0 xensnd_open_req
        ("rw", xensnd_rw_req),  # @0 xensnd_rw_req
        ("trigger", xensnd_trigger_req),  # @0 xensnd_trigger_req
        ("hw_param", xensnd_query_hw_param),  # @0 xensnd_query_hw_param
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        open: xensnd_open_req
        rw: xensnd_rw_req
        trigger: xensnd_trigger_req
        hw_param: xensnd_query_hw_param
        reserved: IntArrayField

        def __init__(
            self, open: xensnd_open_req = ..., rw: xensnd_rw_req = ...,
            trigger: xensnd_trigger_req = ..., hw_param: xensnd_query_hw_param = ...,
            reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xensnd_req(Struct):
    """A request, 64 bytes whatever its operation.

    struct xensnd_req; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("operation", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("op", xensnd_req_op),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: IntArrayField
        op: xensnd_req_op

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: Sequence[int] | IntArray = ...,
            op: xensnd_req_op = ...,
        ) -> None: ...


class xensnd_resp_resp(Union):
    """union xensnd_resp_resp; 56 bytes."""

    _fields_ = (
        ("hw_param", xensnd_query_hw_param),  # @0 xensnd_query_hw_param
        ("reserved1", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        hw_param: xensnd_query_hw_param
        reserved1: IntArrayField

        def __init__(
            self, hw_param: xensnd_query_hw_param = ..., reserved1: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xensnd_resp(Struct):
    """The end of a request, 64 bytes.

    struct xensnd_resp; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("operation", c_uint8),  # @2 uint8_t: the request's
        ("reserved", c_uint8),  # @3 uint8_t
        ("status", c_int32),  # @4 int32_t: 0 or a negated XEN_E* number
        ("resp", xensnd_resp_resp),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: int
        status: int
        resp: xensnd_resp_resp

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: int = ..., status: int = ...,
            resp: xensnd_resp_resp = ...,
        ) -> None: ...


class xensnd_evt_op(Union):
    """union xensnd_evt_op; 56 bytes."""

    _fields_ = (
        ("cur_pos", xensnd_cur_pos_evt),  # @0 xensnd_cur_pos_evt
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        cur_pos: xensnd_cur_pos_evt
        reserved: IntArrayField

        def __init__(
            self, cur_pos: xensnd_cur_pos_evt = ..., reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xensnd_evt(Struct):
    """Something that happened without a request, 64 bytes.

    struct xensnd_evt; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: for the front end, if it likes
        ("type", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("op", xensnd_evt_op),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        type: int
        reserved: IntArrayField
        op: xensnd_evt_op

        def __init__(
            self, id: int = ..., type: int = ..., reserved: Sequence[int] | IntArray = ...,
            op: xensnd_evt_op = ...,
        ) -> None: ...


class xen_sndif_sring_entry(Union):
    """A slot of the request ring: a request, or the response that took its place.

    union xen_sndif_sring_entry; 64 bytes.
    """

    _fields_ = (
        ("req", xensnd_req),  # @0 xensnd_req
        ("rsp", xensnd_resp),  # @0 xensnd_resp
    )

    if TYPE_CHECKING:
        req: xensnd_req
        rsp: xensnd_resp

        def __init__(self, req: xensnd_req = ..., rsp: xensnd_resp = ...) -> None: ...


class xen_sndif_sring_pvt_netif(Struct):
    """struct xen_sndif_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class xen_sndif_sring_pvt_tapif_user(Struct):
    """struct xen_sndif_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class xen_sndif_sring_pvt(Union):
    """union xen_sndif_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", xen_sndif_sring_pvt_netif),  # @0 struct
        ("tapif_user", xen_sndif_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: xen_sndif_sring_pvt_netif
        tapif_user: xen_sndif_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: xen_sndif_sring_pvt_netif = ...,
            tapif_user: xen_sndif_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_sndif_sring(Struct):
    """The shared request ring: indexes, then slots up to the end of the last page.

    struct xen_sndif_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", xen_sndif_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(xen_sndif_sring_entry, 0)),  # @64 xen_sndif_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: xen_sndif_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[xen_sndif_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: xen_sndif_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[xen_sndif_sring_entry] | StructArray[xen_sndif_sring_entry] = ...,
        ) -> None: ...


class xen_sndif_front_ring(Struct):
    """What the front end keeps of the request ring for itself; not shared.

    struct xen_sndif_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_sndif_sring *: the shared ring, as mapped here
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


class xen_sndif_back_ring(Struct):
    """What the back end keeps of the request ring for itself; not shared.

    struct xen_sndif_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_sndif_sring *: the shared ring, as mapped here
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


class xensnd_event_page(Struct):
    """Head of a stream's event page, filled by the back end; the events follow it.

    struct xensnd_event_page; 64 bytes.
    """

    _fields_ = (
        ("in_cons", c_uint32),  # @0 uint32_t: events taken by the front end, free-running
        ("in_prod", c_uint32),  # @4 uint32_t: events written by the back end, free-running
        ("reserved", arr(c_uint8, 56)),  # @8 uint8_t
    )
    FORMAT = "<IIBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
    FORMAT_FIELDS = (
        "in_cons", "in_prod", "reserved[0]", "reserved[1]", "reserved[2]", "reserved[3]",
        "reserved[4]", "reserved[5]", "reserved[6]", "reserved[7]", "reserved[8]", "reserved[9]",
        "reserved[10]", "reserved[11]", "reserved[12]", "reserved[13]", "reserved[14]",
        "reserved[15]", "reserved[16]", "reserved[17]", "reserved[18]", "reserved[19]",
        "reserved[20]", "reserved[21]", "reserved[22]", "reserved[23]", "reserved[24]",
        "reserved[25]", "reserved[26]", "reserved[27]", "reserved[28]", "reserved[29]",
        "reserved[30]", "reserved[31]", "reserved[32]", "reserved[33]", "reserved[34]",
        "reserved[35]", "reserved[36]", "reserved[37]", "reserved[38]", "reserved[39]",
        "reserved[40]", "reserved[41]", "reserved[42]", "reserved[43]", "reserved[44]",
        "reserved[45]", "reserved[46]", "reserved[47]", "reserved[48]", "reserved[49]",
        "reserved[50]", "reserved[51]", "reserved[52]", "reserved[53]", "reserved[54]",
        "reserved[55]",
    )

    if TYPE_CHECKING:
        in_cons: int
        in_prod: int
        reserved: IntArrayField

        def __init__(
            self, in_cons: int = ..., in_prod: int = ..., reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


xen_sndif_sring_t = xen_sndif_sring
xen_sndif_front_ring_t = xen_sndif_front_ring
xen_sndif_back_ring_t = xen_sndif_back_ring
