# GENERATED from abi/io/displif.json (io/displif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual displays: display buffers, framebuffers attached to them, and page flips, per connector.

io/displif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# XENDISPL_PROTOCOL: Newest protocol version, as xenstore spells it and as a number.
XENDISPL_PROTOCOL_VERSION = "2"  # otherwise in 4.14
XENDISPL_PROTOCOL_VERSION_INT = 2  # not in 4.14

# XENDISPL_OP: What a request asks for; numbers below 16 are not to be used.
XENDISPL_OP_DBUF_CREATE = 16
XENDISPL_OP_DBUF_DESTROY = 17
XENDISPL_OP_FB_ATTACH = 18
XENDISPL_OP_FB_DETACH = 19
XENDISPL_OP_SET_CONFIG = 20
XENDISPL_OP_PG_FLIP = 21
XENDISPL_OP_GET_EDID = 22  # not in 4.14

# XENDISPL_EVT: What an event reports.
XENDISPL_EVT_PG_FLIP = 0

# XENDISPL_FIELD: Xenstore nodes of a display, and the device's name in their paths.
XENDISPL_DRIVER_NAME = "vdispl"

# XENDISPL_TEXT: How those nodes spell lists and sizes (800x600).
XENDISPL_LIST_SEPARATOR = ","
XENDISPL_RESOLUTION_SEPARATOR = "x"

# XENDISPL_FIELD, more
XENDISPL_FIELD_BE_VERSIONS = "versions"
XENDISPL_FIELD_FE_VERSION = "version"
XENDISPL_FIELD_REQ_RING_REF = "req-ring-ref"
XENDISPL_FIELD_REQ_CHANNEL = "req-event-channel"
XENDISPL_FIELD_EVT_RING_REF = "evt-ring-ref"
XENDISPL_FIELD_EVT_CHANNEL = "evt-event-channel"
XENDISPL_FIELD_RESOLUTION = "resolution"
XENDISPL_FIELD_BE_ALLOC = "be-alloc"
XENDISPL_FIELD_UNIQUE_ID = "unique-id"

# XENDISPL_EDID: Bytes of an EDID block, blocks at most, and bytes that a buffer for EDID must have.
XENDISPL_EDID_BLOCK_SIZE = 128  # not in 4.14
XENDISPL_EDID_BLOCK_COUNT = 256  # not in 4.14
XENDISPL_EDID_MAX_SIZE = 32768  # not in 4.14

# XENDISPL_DBUF_FLG: Whether the back end allocates the buffer, granting it to the front end.
XENDISPL_DBUF_FLG_REQ_ALLOC = 1

# XENDISPL_EVENT_PAGE: The event page: its bytes, where events start, their bytes and number.
XENDISPL_EVENT_PAGE_SIZE = 4096
XENDISPL_IN_RING_OFFS = 64
XENDISPL_IN_RING_SIZE = 4032
XENDISPL_IN_RING_LEN = 63


class xendispl_dbuf_create_req(Struct):
    """Makes a display buffer of granted pages, or has the back end supply them.

    struct xendispl_dbuf_create_req; 40 bytes. otherwise in 4.14.
    """

    _fields_ = (
        ("dbuf_cookie", c_uint64),  # @0 uint64_t: the guest's name for a display buffer; never 0
        ("width", c_uint32),  # @8 uint32_t: pixels
        ("height", c_uint32),  # @12 uint32_t: pixels
        ("bpp", c_uint32),  # @16 uint32_t: bits per pixel
        ("buffer_sz", c_uint32),  # @20 uint32_t: bytes
        ("flags", c_uint32),  # @24 uint32_t
        ("gref_directory", c_uint32),  # @28 grant_ref_t: grant of the first xendispl_page_directory
        ("data_ofs", c_uint32),  # @32 uint32_t: bytes into the buffer at which pixels start
    )
    FORMAT = "<QIIIIIII4x"
    FORMAT_FIELDS = (
        "dbuf_cookie", "width", "height", "bpp", "buffer_sz", "flags", "gref_directory", "data_ofs",
    )

    if TYPE_CHECKING:
        dbuf_cookie: int
        width: int
        height: int
        bpp: int
        buffer_sz: int
        flags: int
        gref_directory: int
        data_ofs: int

        def __init__(
            self, dbuf_cookie: int = ..., width: int = ..., height: int = ..., bpp: int = ...,
            buffer_sz: int = ..., flags: int = ..., gref_directory: int = ..., data_ofs: int = ...,
        ) -> None: ...


class xendispl_page_directory(Struct):
    """A page of grants of a buffer's pages, chained to the next one.

    struct xendispl_page_directory; 4 bytes. otherwise in 4.17, 4.14.
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


class xendispl_dbuf_destroy_req(Struct):
    """Gives a display buffer up.

    struct xendispl_dbuf_destroy_req; 8 bytes.
    """

    _fields_ = (
        ("dbuf_cookie", c_uint64),  # @0 uint64_t: the guest's name for a display buffer; never 0
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("dbuf_cookie",)

    if TYPE_CHECKING:
        dbuf_cookie: int

        def __init__(self, dbuf_cookie: int = ...) -> None: ...


class xendispl_fb_attach_req(Struct):
    """Lays a framebuffer over a display buffer, with a pixel format.

    struct xendispl_fb_attach_req; 32 bytes.
    """

    _fields_ = (
        ("dbuf_cookie", c_uint64),  # @0 uint64_t: the guest's name for a display buffer; never 0
        ("fb_cookie", c_uint64),  # @8 uint64_t: the guest's name for a framebuffer; never 0
        ("width", c_uint32),  # @16 uint32_t: pixels
        ("height", c_uint32),  # @20 uint32_t: pixels
        ("pixel_format", c_uint32),  # @24 uint32_t: four-character code, as DRM has them
    )
    FORMAT = "<QQIII4x"
    FORMAT_FIELDS = ("dbuf_cookie", "fb_cookie", "width", "height", "pixel_format")

    if TYPE_CHECKING:
        dbuf_cookie: int
        fb_cookie: int
        width: int
        height: int
        pixel_format: int

        def __init__(
            self, dbuf_cookie: int = ..., fb_cookie: int = ..., width: int = ..., height: int = ...,
            pixel_format: int = ...,
        ) -> None: ...


class xendispl_fb_detach_req(Struct):
    """Ends a framebuffer; its display buffer stays.

    struct xendispl_fb_detach_req; 8 bytes.
    """

    _fields_ = (
        ("fb_cookie", c_uint64),  # @0 uint64_t: the guest's name for a framebuffer; never 0
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("fb_cookie",)

    if TYPE_CHECKING:
        fb_cookie: int

        def __init__(self, fb_cookie: int = ...) -> None: ...


class xendispl_set_config_req(Struct):
    """Turns a connector on with a framebuffer to show; all zeros reset it.

    struct xendispl_set_config_req; 32 bytes.
    """

    _fields_ = (
        ("fb_cookie", c_uint64),  # @0 uint64_t: the framebuffer to show; 0, with all else 0: reset
        ("x", c_uint32),  # @8 uint32_t: pixels
        ("y", c_uint32),  # @12 uint32_t: pixels
        ("width", c_uint32),  # @16 uint32_t: pixels
        ("height", c_uint32),  # @20 uint32_t: pixels
        ("bpp", c_uint32),  # @24 uint32_t: bits per pixel
    )
    FORMAT = "<QIIIII4x"
    FORMAT_FIELDS = ("fb_cookie", "x", "y", "width", "height", "bpp")

    if TYPE_CHECKING:
        fb_cookie: int
        x: int
        y: int
        width: int
        height: int
        bpp: int

        def __init__(
            self, fb_cookie: int = ..., x: int = ..., y: int = ..., width: int = ...,
            height: int = ..., bpp: int = ...,
        ) -> None: ...


class xendispl_page_flip_req(Struct):
    """Shows another framebuffer; an event tells when that is done.

    struct xendispl_page_flip_req; 8 bytes.
    """

    _fields_ = (
        ("fb_cookie", c_uint64),  # @0 uint64_t: the guest's name for a framebuffer; never 0
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("fb_cookie",)

    if TYPE_CHECKING:
        fb_cookie: int

        def __init__(self, fb_cookie: int = ...) -> None: ...


class xendispl_get_edid_req(Struct):
    """Has the monitor's EDID written to granted pages (protocol version 2).

    struct xendispl_get_edid_req; 8 bytes. not in 4.14.
    """

    _fields_ = (
        ("buffer_sz", c_uint32),  # @0 uint32_t: bytes, XENDISPL_EDID_MAX_SIZE or more
        ("gref_directory", c_uint32),  # @4 grant_ref_t: grant of the first xendispl_page_directory
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("buffer_sz", "gref_directory")

    if TYPE_CHECKING:
        buffer_sz: int
        gref_directory: int

        def __init__(self, buffer_sz: int = ..., gref_directory: int = ...) -> None: ...


class xendispl_get_edid_resp(Struct):
    """How much EDID was written.

    struct xendispl_get_edid_resp; 4 bytes. not in 4.14.
    """

    _fields_ = (
        ("edid_sz", c_uint32),  # @0 uint32_t: bytes
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("edid_sz",)

    if TYPE_CHECKING:
        edid_sz: int

        def __init__(self, edid_sz: int = ...) -> None: ...


class xendispl_pg_flip_evt(Struct):
    """The framebuffer asked for is on the screen now.

    struct xendispl_pg_flip_evt; 8 bytes.
    """

    _fields_ = (
        ("fb_cookie", c_uint64),  # @0 uint64_t: the guest's name for a framebuffer; never 0
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("fb_cookie",)

    if TYPE_CHECKING:
        fb_cookie: int

        def __init__(self, fb_cookie: int = ...) -> None: ...


class xendispl_req_op(Union):
    """union xendispl_req_op; 56 bytes. otherwise in 4.14."""

    _fields_ = (
        ("dbuf_create", xendispl_dbuf_create_req),  # @0 xendispl_dbuf_create_req
        ("dbuf_destroy", xendispl_dbuf_destroy_req),  # @0 xendispl_dbuf_destroy_req
        ("fb_attach", xendispl_fb_attach_req),  # @0 xendispl_fb_attach_req
        ("fb_detach", xendispl_fb_detach_req),  # @0 xendispl_fb_detach_req
        ("set_config", xendispl_set_config_req),  # @0 xendispl_set_config_req
        ("pg_flip", xendispl_page_flip_req),  # @0 xendispl_page_flip_req
        ("get_edid", xendispl_get_edid_req),  # @0 xendispl_get_edid_req
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        dbuf_create: xendispl_dbuf_create_req
        dbuf_destroy: xendispl_dbuf_destroy_req
        fb_attach: xendispl_fb_attach_req
        fb_detach: xendispl_fb_detach_req
        set_config: xendispl_set_config_req
        pg_flip: xendispl_page_flip_req
        get_edid: xendispl_get_edid_req
        reserved: IntArrayField

        def __init__(
            self, dbuf_create: xendispl_dbuf_create_req = ...,
            dbuf_destroy: xendispl_dbuf_destroy_req = ..., fb_attach: xendispl_fb_attach_req = ...,
            fb_detach: xendispl_fb_detach_req = ..., set_config: xendispl_set_config_req = ...,
            pg_flip: xendispl_page_flip_req = ..., get_edid: xendispl_get_edid_req = ...,
            reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xendispl_req(Struct):
    """A request, 64 bytes whatever its operation; buffer requests go to connector 0's ring.

    struct xendispl_req; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("operation", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("op", xendispl_req_op),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: IntArrayField
        op: xendispl_req_op

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: Sequence[int] | IntArray = ...,
            op: xendispl_req_op = ...,
        ) -> None: ...


class xendispl_resp_op(Union):
    """union xendispl_resp_op; 56 bytes. not in 4.14."""

    _fields_ = (
        ("get_edid", xendispl_get_edid_resp),  # @0 xendispl_get_edid_resp
        ("reserved1", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        get_edid: xendispl_get_edid_resp
        reserved1: IntArrayField

        def __init__(
            self, get_edid: xendispl_get_edid_resp = ..., reserved1: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xendispl_resp(Struct):
    """The end of a request, 64 bytes.

    struct xendispl_resp; 64 bytes. otherwise in 4.14.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the request's
        ("operation", c_uint8),  # @2 uint8_t: the request's
        ("reserved", c_uint8),  # @3 uint8_t
        ("status", c_int32),  # @4 int32_t: 0 or a negated XEN_E* number
        ("op", xendispl_resp_op),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        operation: int
        reserved: int
        status: int
        op: xendispl_resp_op

        def __init__(
            self, id: int = ..., operation: int = ..., reserved: int = ..., status: int = ...,
            op: xendispl_resp_op = ...,
        ) -> None: ...


class xendispl_evt_op(Union):
    """union xendispl_evt_op; 56 bytes."""

    _fields_ = (
        ("pg_flip", xendispl_pg_flip_evt),  # @0 xendispl_pg_flip_evt
        ("reserved", arr(c_uint8, 56)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        pg_flip: xendispl_pg_flip_evt
        reserved: IntArrayField

        def __init__(
            self, pg_flip: xendispl_pg_flip_evt = ..., reserved: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xendispl_evt(Struct):
    """Something that happened without a request, 64 bytes.

    struct xendispl_evt; 64 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: for the front end, if it likes
        ("type", c_uint8),  # @2 uint8_t
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("op", xendispl_evt_op),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        type: int
        reserved: IntArrayField
        op: xendispl_evt_op

        def __init__(
            self, id: int = ..., type: int = ..., reserved: Sequence[int] | IntArray = ...,
            op: xendispl_evt_op = ...,
        ) -> None: ...


class xen_displif_sring_entry(Union):
    """A slot of the request ring: a request, or the response that took its place.

    union xen_displif_sring_entry; 64 bytes.
    """

    _fields_ = (
        ("req", xendispl_req),  # @0 xendispl_req
        ("rsp", xendispl_resp),  # @0 xendispl_resp
    )

    if TYPE_CHECKING:
        req: xendispl_req
        rsp: xendispl_resp

        def __init__(self, req: xendispl_req = ..., rsp: xendispl_resp = ...) -> None: ...


class xen_displif_sring_pvt_netif(Struct):
    """struct xen_displif_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class xen_displif_sring_pvt_tapif_user(Struct):
    """struct xen_displif_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class xen_displif_sring_pvt(Union):
    """union xen_displif_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", xen_displif_sring_pvt_netif),  # @0 struct
        ("tapif_user", xen_displif_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: xen_displif_sring_pvt_netif
        tapif_user: xen_displif_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: xen_displif_sring_pvt_netif = ...,
            tapif_user: xen_displif_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_displif_sring(Struct):
    """The shared request ring: indexes, then slots up to the end of the last page.

    struct xen_displif_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", xen_displif_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(xen_displif_sring_entry, 0)),  # @64 xen_displif_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: xen_displif_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[xen_displif_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: xen_displif_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[xen_displif_sring_entry] | StructArray[xen_displif_sring_entry] = ...,
        ) -> None: ...


class xen_displif_front_ring(Struct):
    """What the front end keeps of the request ring for itself; not shared.

    struct xen_displif_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_displif_sring *: the shared ring, as mapped here
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


class xen_displif_back_ring(Struct):
    """What the back end keeps of the request ring for itself; not shared.

    struct xen_displif_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_displif_sring *: the shared ring, as mapped here
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


class xendispl_event_page(Struct):
    """Head of a connector's event page, filled by the back end; the events follow it.

    struct xendispl_event_page; 64 bytes.
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


xen_displif_sring_t = xen_displif_sring
xen_displif_front_ring_t = xen_displif_front_ring
xen_displif_back_ring_t = xen_displif_back_ring
