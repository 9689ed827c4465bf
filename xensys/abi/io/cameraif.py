# GENERATED from abi/io/cameraif.json (io/cameraif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual cameras, after V4L2: buffers of the guest go round by index, frames are announced by event.

io/cameraif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XENCAMERA_PROTOCOL_VERSION = "1"  # The one version so far, as a back end lists it in versions

# XENCAMERA_OP: What a request asks for.
XENCAMERA_OP_CONFIG_SET = 0
XENCAMERA_OP_CONFIG_GET = 1
XENCAMERA_OP_CONFIG_VALIDATE = 2
XENCAMERA_OP_FRAME_RATE_SET = 3
XENCAMERA_OP_BUF_GET_LAYOUT = 4
XENCAMERA_OP_BUF_REQUEST = 5
XENCAMERA_OP_BUF_CREATE = 6
XENCAMERA_OP_BUF_DESTROY = 7
XENCAMERA_OP_BUF_QUEUE = 8
XENCAMERA_OP_BUF_DEQUEUE = 9
XENCAMERA_OP_CTRL_ENUM = 10
XENCAMERA_OP_CTRL_SET = 11
XENCAMERA_OP_CTRL_GET = 12
XENCAMERA_OP_STREAM_START = 13
XENCAMERA_OP_STREAM_STOP = 14

# XENCAMERA_CTRL: Picture controls.
XENCAMERA_CTRL_BRIGHTNESS = 0
XENCAMERA_CTRL_CONTRAST = 1
XENCAMERA_CTRL_SATURATION = 2
XENCAMERA_CTRL_HUE = 3

XENCAMERA_MAX_CTRL = 4  # Controls there are: their types are below this

# XENCAMERA_CTRL_FLG: What can be done with a control; volatile: its value changes by itself.
XENCAMERA_CTRL_FLG_RO = 1
XENCAMERA_CTRL_FLG_WO = 2
XENCAMERA_CTRL_FLG_VOLATILE = 4

# XENCAMERA_COLORSPACE: Which primaries the colours are relative to.
XENCAMERA_COLORSPACE_DEFAULT = 0
XENCAMERA_COLORSPACE_SMPTE170M = 1
XENCAMERA_COLORSPACE_REC709 = 2
XENCAMERA_COLORSPACE_SRGB = 3
XENCAMERA_COLORSPACE_OPRGB = 4
XENCAMERA_COLORSPACE_BT2020 = 5
XENCAMERA_COLORSPACE_DCI_P3 = 6

# XENCAMERA_XFER_FUNC: How light became a number; default: as the colour space has it.
XENCAMERA_XFER_FUNC_DEFAULT = 0
XENCAMERA_XFER_FUNC_709 = 1
XENCAMERA_XFER_FUNC_SRGB = 2
XENCAMERA_XFER_FUNC_OPRGB = 3
XENCAMERA_XFER_FUNC_NONE = 4
XENCAMERA_XFER_FUNC_DCI_P3 = 5
XENCAMERA_XFER_FUNC_SMPTE2084 = 6

# XENCAMERA_YCBCR_ENC: How RGB became luma and chroma; of no meaning for formats that have none.
XENCAMERA_YCBCR_ENC_IGNORE = 0
XENCAMERA_YCBCR_ENC_601 = 1
XENCAMERA_YCBCR_ENC_709 = 2
XENCAMERA_YCBCR_ENC_XV601 = 3
XENCAMERA_YCBCR_ENC_XV709 = 4
XENCAMERA_YCBCR_ENC_BT2020 = 5
XENCAMERA_YCBCR_ENC_BT2020_CONST_LUM = 6

# XENCAMERA_QUANTIZATION: Whether samples use all of their range (0 to 255) or the part that video
# does (16 to 235).
XENCAMERA_QUANTIZATION_DEFAULT = 0
XENCAMERA_QUANTIZATION_FULL_RANGE = 1
XENCAMERA_QUANTIZATION_LIM_RANGE = 2

# XENCAMERA_EVT: What an event reports.
XENCAMERA_EVT_FRAME_AVAIL = 0
XENCAMERA_EVT_CTRL_CHANGE = 1

# XENCAMERA_FIELD: Xenstore nodes of a camera, and the device's name in their paths.
XENCAMERA_DRIVER_NAME = "vcamera"

# XENCAMERA_TEXT: How those nodes spell lists, sizes, rates, controls and big-endian formats.
XENCAMERA_LIST_SEPARATOR = ","
XENCAMERA_RESOLUTION_SEPARATOR = "x"
XENCAMERA_FRACTION_SEPARATOR = "/"

# XENCAMERA_FIELD, more
XENCAMERA_FIELD_BE_VERSIONS = "versions"
XENCAMERA_FIELD_FE_VERSION = "version"
XENCAMERA_FIELD_REQ_RING_REF = "req-ring-ref"
XENCAMERA_FIELD_REQ_CHANNEL = "req-event-channel"
XENCAMERA_FIELD_EVT_RING_REF = "evt-ring-ref"
XENCAMERA_FIELD_EVT_CHANNEL = "evt-event-channel"
XENCAMERA_FIELD_MAX_BUFFERS = "max-buffers"
XENCAMERA_FIELD_CONTROLS = "controls"
XENCAMERA_FIELD_FORMATS = "formats"
XENCAMERA_FIELD_FRAME_RATES = "frame-rates"
XENCAMERA_FIELD_BE_ALLOC = "be-alloc"
XENCAMERA_FIELD_UNIQUE_ID = "unique-id"

# XENCAMERA_TEXT, more
XENCAMERA_CTRL_BRIGHTNESS_STR = "brightness"
XENCAMERA_CTRL_CONTRAST_STR = "contrast"
XENCAMERA_CTRL_SATURATION_STR = "saturation"
XENCAMERA_CTRL_HUE_STR = "hue"
XENCAMERA_FOURCC_BIGENDIAN_STR = "-BE"

XENCAMERA_MAX_PLANE = 4  # Most planes a buffer may have

# XENCAMERA_EVENT_PAGE: The event page: its bytes, where events start, their bytes and number.
XENCAMERA_EVENT_PAGE_SIZE = 4096
XENCAMERA_IN_RING_OFFS = 64
XENCAMERA_IN_RING_SIZE = 4032
XENCAMERA_IN_RING_LEN = 63


class xencamera_config_req(Struct):
    """Format and size to set, or to try: the response says what was chosen.

    struct xencamera_config_req; 12 bytes.
    """

    _fields_ = (
        ("pixel_format", c_uint32),  # @0 uint32_t: V4L2's four-character code
        ("width", c_uint32),  # @4 uint32_t: pixels
        ("height", c_uint32),  # @8 uint32_t: pixels
    )
    FORMAT = "<III"
    FORMAT_FIELDS = ("pixel_format", "width", "height")

    if TYPE_CHECKING:
        pixel_format: int
        width: int
        height: int

        def __init__(
            self, pixel_format: int = ..., width: int = ..., height: int = ...,
        ) -> None: ...


class xencamera_frame_rate_req(Struct):
    """Frames per second as a fraction; refused while streaming.

    struct xencamera_frame_rate_req; 8 bytes.
    """

    _fields_ = (
        ("frame_rate_numer", c_uint32),  # @0 uint32_t: Hz = frame_rate_numer / frame_rate_denom
        ("frame_rate_denom", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("frame_rate_numer", "frame_rate_denom")

    if TYPE_CHECKING:
        frame_rate_numer: int
        frame_rate_denom: int

        def __init__(self, frame_rate_numer: int = ..., frame_rate_denom: int = ...) -> None: ...


class xencamera_buf_request(Struct):
    """How many buffers: wanted, then granted; 0 frees them all.

    struct xencamera_buf_request; 1 bytes.
    """

    _fields_ = (
        ("num_bufs", c_uint8),  # @0 uint8_t: at most the node max-buffers
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("num_bufs",)

    if TYPE_CHECKING:
        num_bufs: int

        def __init__(self, num_bufs: int = ...) -> None: ...


class xencamera_buf_create_req(Struct):
    """Hands over the pages of one buffer.

    struct xencamera_buf_create_req; 24 bytes.
    """

    _fields_ = (
        ("index", c_uint8),  # @0 uint8_t: below the num_bufs that was granted
        ("reserved", arr(c_uint8, 3)),  # @1 uint8_t
        ("plane_offset", arr(c_uint32, 4)),  # @4 uint32_t: bytes from the start of the buffer
        ("gref_directory", c_uint32),  # @20 grant_ref_t: grant of the first xencamera_page_directory
    )
    FORMAT = "<BBBBIIIII"
    FORMAT_FIELDS = (
        "index", "reserved[0]", "reserved[1]", "reserved[2]", "plane_offset[0]", "plane_offset[1]",
        "plane_offset[2]", "plane_offset[3]", "gref_directory",
    )

    if TYPE_CHECKING:
        index: int
        reserved: IntArrayField
        plane_offset: IntArrayField
        gref_directory: int

        def __init__(
            self, index: int = ..., reserved: Sequence[int] | IntArray = ...,
            plane_offset: Sequence[int] | IntArray = ..., gref_directory: int = ...,
        ) -> None: ...


class xencamera_page_directory(Struct):
    """A page of grants of a buffer's pages, chained to the next one.

    struct xencamera_page_directory; 4 bytes. otherwise in 4.17, 4.14.
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


class xencamera_index(Struct):
    """Names one buffer, or one control to enumerate.

    struct xencamera_index; 1 bytes.
    """

    _fields_ = (
        ("index", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("index",)

    if TYPE_CHECKING:
        index: int

        def __init__(self, index: int = ...) -> None: ...


class xencamera_ctrl_value(Struct):
    """A control and its value: to set, as read, or as an event.

    struct xencamera_ctrl_value; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("reserved", arr(c_uint8, 7)),  # @1 uint8_t
        ("value", c_int64),  # @8 int64_t
    )
    FORMAT = "<BBBBBBBBq"
    FORMAT_FIELDS = (
        "type", "reserved[0]", "reserved[1]", "reserved[2]", "reserved[3]", "reserved[4]",
        "reserved[5]", "reserved[6]", "value",
    )

    if TYPE_CHECKING:
        type: int
        reserved: IntArrayField
        value: int

        def __init__(
            self, type: int = ..., reserved: Sequence[int] | IntArray = ..., value: int = ...,
        ) -> None: ...


class xencamera_get_ctrl_req(Struct):
    """Asks for the value of one control.

    struct xencamera_get_ctrl_req; 1 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("type",)

    if TYPE_CHECKING:
        type: int

        def __init__(self, type: int = ...) -> None: ...


class xencamera_config_resp(Struct):
    """The configuration in force, or what the one tried would become.

    struct xencamera_config_resp; 44 bytes.
    """

    _fields_ = (
        ("pixel_format", c_uint32),  # @0 uint32_t: V4L2's four-character code
        ("width", c_uint32),  # @4 uint32_t: pixels
        ("height", c_uint32),  # @8 uint32_t: pixels
        ("colorspace", c_uint32),  # @12 uint32_t
        ("xfer_func", c_uint32),  # @16 uint32_t
        ("ycbcr_enc", c_uint32),  # @20 uint32_t
        ("quantization", c_uint32),  # @24 uint32_t
        ("displ_asp_ratio_numer", c_uint32),  # @28 uint32_t: shape of the picture, width to height
        ("displ_asp_ratio_denom", c_uint32),  # @32 uint32_t
        ("frame_rate_numer", c_uint32),  # @36 uint32_t: Hz = frame_rate_numer / frame_rate_denom
        ("frame_rate_denom", c_uint32),  # @40 uint32_t
    )
    FORMAT = "<IIIIIIIIIII"
    FORMAT_FIELDS = (
        "pixel_format", "width", "height", "colorspace", "xfer_func", "ycbcr_enc", "quantization",
        "displ_asp_ratio_numer", "displ_asp_ratio_denom", "frame_rate_numer", "frame_rate_denom",
    )

    if TYPE_CHECKING:
        pixel_format: int
        width: int
        height: int
        colorspace: int
        xfer_func: int
        ycbcr_enc: int
        quantization: int
        displ_asp_ratio_numer: int
        displ_asp_ratio_denom: int
        frame_rate_numer: int
        frame_rate_denom: int

        def __init__(
            self, pixel_format: int = ..., width: int = ..., height: int = ...,
            colorspace: int = ..., xfer_func: int = ..., ycbcr_enc: int = ...,
            quantization: int = ..., displ_asp_ratio_numer: int = ...,
            displ_asp_ratio_denom: int = ..., frame_rate_numer: int = ...,
            frame_rate_denom: int = ...,
        ) -> None: ...


class xencamera_buf_get_layout_resp(Struct):
    """Sizes of a buffer and its planes in the current configuration.

    struct xencamera_buf_get_layout_resp; 40 bytes.
    """

    _fields_ = (
        ("num_planes", c_uint8),  # @0 uint8_t
        ("reserved", arr(c_uint8, 3)),  # @1 uint8_t
        ("size", c_uint32),  # @4 uint32_t: bytes of a whole buffer
        ("plane_size", arr(c_uint32, 4)),  # @8 uint32_t: bytes, padding included
        ("plane_stride", arr(c_uint32, 4)),  # @24 uint32_t: bytes from one line to the next
    )
    FORMAT = "<BBBBIIIIIIIII"
    FORMAT_FIELDS = (
        "num_planes", "reserved[0]", "reserved[1]", "reserved[2]", "size", "plane_size[0]",
        "plane_size[1]", "plane_size[2]", "plane_size[3]", "plane_stride[0]", "plane_stride[1]",
        "plane_stride[2]", "plane_stride[3]",
    )

    if TYPE_CHECKING:
        num_planes: int
        reserved: IntArrayField
        size: int
        plane_size: IntArrayField
        plane_stride: IntArrayField

        def __init__(
            self, num_planes: int = ..., reserved: Sequence[int] | IntArray = ..., size: int = ...,
            plane_size: Sequence[int] | IntArray = ...,
            plane_stride: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xencamera_ctrl_enum_resp(Struct):
    """What one control is and the range of its value.

    struct xencamera_ctrl_enum_resp; 40 bytes.
    """

    _fields_ = (
        ("index", c_uint8),  # @0 uint8_t: the one asked for
        ("type", c_uint8),  # @1 uint8_t
        ("reserved", arr(c_uint8, 2)),  # @2 uint8_t
        ("flags", c_uint32),  # @4 uint32_t
        ("min", c_int64),  # @8 int64_t
        ("max", c_int64),  # @16 int64_t
        ("step", c_int64),  # @24 int64_t: smallest change of the value
        ("def_val", c_int64),  # @32 int64_t
    )
    FORMAT = "<BBBBIqqqq"
    FORMAT_FIELDS = (
        "index", "type", "reserved[0]", "reserved[1]", "flags", "min", "max", "step", "def_val",
    )

    if TYPE_CHECKING:
        index: int
        type: int
        reserved: IntArrayField
        flags: int
        min: int
        max: int
        step: int
        def_val: int

        def __init__(
            self, index: int = ..., type: int = ..., reserved: Sequence[int] | IntArray = ...,
            flags: int = ..., min: int = ..., max: int = ..., step: int = ..., def_val: int = ...,
        ) -> None: ...


class xencamera_frame_avail_evt(Struct):
    """A buffer has been filled and can be dequeued.

    struct xencamera_frame_avail_evt; 12 bytes.
    """

    _fields_ = (
        ("index", c_uint8),  # @0 uint8_t: the buffer filled
        ("reserved", arr(c_uint8, 3)),  # @1 uint8_t
        ("used_sz", c_uint32),  # @4 uint32_t: bytes of the frame; compressed ones need less than size
        ("seq_num", c_uint32),  # @8 uint32_t: a gap tells of dropped frames, if the hardware notices
    )
    FORMAT = "<BBBBII"
    FORMAT_FIELDS = ("index", "reserved[0]", "reserved[1]", "reserved[2]", "used_sz", "seq_num")

    if TYPE_CHECKING:
        index: int
        reserved: IntArrayField
        used_sz: int
        seq_num: int

        def __init__(
            self, index: int = ..., reserved: Sequence[int] | IntArray = ..., used_sz: int = ...,
            seq_num: int = ...,
        ) -> None: ...


class xencamera_req_req(Union):
    """union xencamera_req_req; 56 bytes."""

    _fields_ = (
        ("config", xencamera_config_req),  # @0 xencamera_config_req
        ("frame_rate", xencamera_frame_rate_req),  # @0 xencamera_frame_rate_req
        ("buf_request", xencamera_buf_request),  # @0 xencamera_buf_request
        ("buf_create", xencamera_buf_create_req),  # @0 xencamera_buf_create_req
        ("index", xencamera_index),  # @0 xencamera_index
        ("ctrl_value", xencamera_ctrl_value),  # @0 xencamera_ctrl_value
        ("get_ctrl", xencamera_get_ctrl_req),  # @0 xencamera_get_ctrl_req
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        config: xencamera_config_req
        frame_rate: xencamera_frame_rate_req
        buf_request: xencamera_buf_request
        buf_create: xencamera_buf_create_req
        index: xencamera_index
        ctrl_value: xencamera_ctrl_value
        get_ctrl: xencamera_get_ctrl_req
        reserved: IntArrayField

        def __init__(
            self, config: xencamera_config_req = ..., frame_rate: xencamera_frame_rate_req = ...,
            buf_request: xencamera_buf_request = ..., buf_create: xencamera_buf_create_req = ...,
            index: xencamera_index = ..., ctrl_value: xencamera_ctrl_value = ...,
            get_ctrl: xencamera_get_ctrl_req = ..., reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xencamera_req(Struct):
    """A request, 64 bytes whatever its operation.

    struct xencamera_req; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("operation", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("req", xencamera_req_req),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: IntArrayField
        req: xencamera_req_req

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: Sequence[int] | IntArray = ...,
            req: xencamera_req_req = ...,
        ) -> None: ...


class xencamera_resp_resp(Union):
    """union xencamera_resp_resp; 56 bytes."""

    _fields_ = (
        ("config", xencamera_config_resp),  # @0 xencamera_config_resp
        ("buf_layout", xencamera_buf_get_layout_resp),  # @0 xencamera_buf_get_layout_resp
        ("buf_request", xencamera_buf_request),  # @0 xencamera_buf_request
        ("ctrl_enum", xencamera_ctrl_enum_resp),  # @0 xencamera_ctrl_enum_resp
        ("ctrl_value", xencamera_ctrl_value),  # @0 xencamera_ctrl_value
        ("reserved1", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        config: xencamera_config_resp
        buf_layout: xencamera_buf_get_layout_resp
        buf_request: xencamera_buf_request
        ctrl_enum: xencamera_ctrl_enum_resp
        ctrl_value: xencamera_ctrl_value
        reserved1: IntArrayField

        def __init__(
            self, config: xencamera_config_resp = ...,
            buf_layout: xencamera_buf_get_layout_resp = ...,
            buf_request: xencamera_buf_request = ..., ctrl_enum: xencamera_ctrl_enum_resp = ...,
            ctrl_value: xencamera_ctrl_value = ..., reserved1: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xencamera_resp(Struct):
    """The end of a request, 64 bytes.

    struct xencamera_resp; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("operation", c_uint8),  # @2 uint8_t: the request's
        ("reserved", c_uint8),  # @3 uint8_t
        ("status", c_int32),  # @4 int32_t: 0 or a negated XEN_E* number
        ("resp", xencamera_resp_resp),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: int
        status: int
        resp: xencamera_resp_resp

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: int = ..., status: int = ...,
            resp: xencamera_resp_resp = ...,
        ) -> None: ...


class xencamera_evt_evt(Union):
    """union xencamera_evt_evt; 56 bytes."""

    _fields_ = (
        ("frame_avail", xencamera_frame_avail_evt),  # @0 xencamera_frame_avail_evt
        ("ctrl_value", xencamera_ctrl_value),  # @0 xencamera_ctrl_value
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        frame_avail: xencamera_frame_avail_evt
        ctrl_value: xencamera_ctrl_value
        reserved: IntArrayField

        def __init__(
            self, frame_avail: xencamera_frame_avail_evt = ...,
            ctrl_value: xencamera_ctrl_value = ..., reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xencamera_evt(Struct):
    """Something that happened without a request, 64 bytes.

    struct xencamera_evt; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: for the front end, if it likes
        ("type", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("evt", xencamera_evt_evt),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        type: int
        reserved: IntArrayField
        evt: xencamera_evt_evt

        def __init__(
            self, id: int = ..., type: int = ..., reserved: Sequence[int] | IntArray = ...,
            evt: xencamera_evt_evt = ...,
        ) -> None: ...


class xen_cameraif_sring_entry(Union):
    """A slot of the request ring: a request, or the response that took its place.

    union xen_cameraif_sring_entry; 64 bytes.
    """

    _fields_ = (
        ("req", xencamera_req),  # @0 xencamera_req
        ("rsp", xencamera_resp),  # @0 xencamera_resp
    )

    if TYPE_CHECKING:
        req: xencamera_req
        rsp: xencamera_resp

        def __init__(self, req: xencamera_req = ..., rsp: xencamera_resp = ...) -> None: ...


class xen_cameraif_sring_pvt_netif(Struct):
    """struct xen_cameraif_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class xen_cameraif_sring_pvt_tapif_user(Struct):
    """struct xen_cameraif_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class xen_cameraif_sring_pvt(Union):
    """union xen_cameraif_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", xen_cameraif_sring_pvt_netif),  # @0 struct
        ("tapif_user", xen_cameraif_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: xen_cameraif_sring_pvt_netif
        tapif_user: xen_cameraif_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: xen_cameraif_sring_pvt_netif = ...,
            tapif_user: xen_cameraif_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_cameraif_sring(Struct):
    """The shared request ring: indexes, then slots up to the end of the last page.

    struct xen_cameraif_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", xen_cameraif_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(xen_cameraif_sring_entry, 0)),  # @64 xen_cameraif_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: xen_cameraif_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[xen_cameraif_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: xen_cameraif_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[xen_cameraif_sring_entry] | StructArray[xen_cameraif_sring_entry] = ...,
        ) -> None: ...


class xen_cameraif_front_ring(Struct):
    """What the front end keeps of the request ring for itself; not shared.

    struct xen_cameraif_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_cameraif_sring *: the shared ring, as mapped here
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


class xen_cameraif_back_ring(Struct):
    """What the back end keeps of the request ring for itself; not shared.

    struct xen_cameraif_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_cameraif_sring *: the shared ring, as mapped here
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


class xencamera_event_page(Struct):
    """Head of the event page, filled by the back end; the events follow it.

    struct xencamera_event_page; 64 bytes.
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


xen_cameraif_sring_t = xen_cameraif_sring
xen_cameraif_front_ring_t = xen_cameraif_front_ring
xen_cameraif_back_ring_t = xen_cameraif_back_ring
