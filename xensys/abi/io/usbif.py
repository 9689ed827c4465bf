# GENERATED from abi/io/usbif.json (io/usbif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual USB host controllers: transfers on one ring (urb), plugging and unplugging on another (conn).

io/usbif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# USB_VER: What a controller is, in the back end's node usb-ver; 3.0 is not supported.
USB_VER_UNKNOWN = 0
USB_VER_USB11 = 1
USB_VER_USB20 = 2
USB_VER_USB30 = 3

# USBIF_PIPE_PARTS: Where a pipe has port, device, endpoint and type: shift right first, then mask.
USBIF_PIPE_PORT_MASK = 31

# USBIF_PIPE: Single bits of a pipe: cancel a transfer; read from the device.
USBIF_PIPE_UNLINK = 32
USBIF_PIPE_DIR = 128

# USBIF_PIPE_PARTS, more
USBIF_PIPE_DEV_MASK = 127
USBIF_PIPE_DEV_SHIFT = 8
USBIF_PIPE_EP_MASK = 15
USBIF_PIPE_EP_SHIFT = 15
USBIF_PIPE_TYPE_MASK = 3
USBIF_PIPE_TYPE_SHIFT = 30

# USBIF_PIPE_TYPE: Kind of transfer: a pipe's two topmost bits.
USBIF_PIPE_TYPE_ISOC = 0
USBIF_PIPE_TYPE_INT = 1
USBIF_PIPE_TYPE_CTRL = 2
USBIF_PIPE_TYPE_BULK = 3

# USBIF_SIZES: Segments per request, highest port, bytes of a ring, slots of each ring.
USBIF_MAX_SEGMENTS_PER_REQUEST = 16
USBIF_MAX_PORTNR = 31
USBIF_RING_SIZE = 4096

# USBIF_TRANSFER: How a transfer is carried out. SHORT_NOT_OK: fewer bytes than asked for are an
# error.
USBIF_SHORT_NOT_OK = 1

# USBIF_STATUS: How a transfer ended; negated Linux errno numbers.
USBIF_STATUS_OK = 0  # not in 4.14
USBIF_STATUS_NODEV = -19  # not in 4.14
USBIF_STATUS_INVAL = -22  # not in 4.14
USBIF_STATUS_STALL = -32  # not in 4.14
USBIF_STATUS_IOERROR = -71  # not in 4.14
USBIF_STATUS_BABBLE = -75  # not in 4.14
USBIF_STATUS_SHUTDOWN = -108  # not in 4.14

# USBIF_SIZES, more
USB_URB_RING_SIZE = 16

# USBIF_SPEED: Speed of a plugged device; none: it was pulled out.
USBIF_SPEED_NONE = 0
USBIF_SPEED_LOW = 1
USBIF_SPEED_FULL = 2
USBIF_SPEED_HIGH = 3

# USBIF_SIZES, more
USB_CONN_RING_SIZE = 512


class usbif_request_segment(Struct):
    """The part of one granted page that a transfer fills or reads.

    struct usbif_request_segment; 8 bytes.
    """

    _fields_ = (
        ("gref", c_uint32),  # @0 grant_ref_t: grant of the data page
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


class usbif_urb_request_u_isoc(Struct):
    """Isochronous transfers.

    struct usbif_urb_request_u_isoc; 8 bytes.
    """

    _fields_ = (
        ("interval", c_uint16),  # @0 uint16_t: milliseconds; Linux: units of 125 us at high speed
        ("start_frame", c_uint16),  # @2 uint16_t: USB frame number
        ("number_of_packets", c_uint16),  # @4 uint16_t
        ("nr_frame_desc_segs", c_uint16),  # @6 uint16_t: entries after those: packet descriptors
    )
    FORMAT = "<HHHH"
    FORMAT_FIELDS = ("interval", "start_frame", "number_of_packets", "nr_frame_desc_segs")

    if TYPE_CHECKING:
        interval: int
        start_frame: int
        number_of_packets: int
        nr_frame_desc_segs: int

        def __init__(
            self, interval: int = ..., start_frame: int = ..., number_of_packets: int = ...,
            nr_frame_desc_segs: int = ...,
        ) -> None: ...


class usbif_urb_request_u_intr(Struct):
    """Interrupt transfers.

    struct usbif_urb_request_u_intr; 8 bytes.
    """

    _fields_ = (
        ("interval", c_uint16),  # @0 uint16_t: milliseconds; Linux: units of 125 us at high speed
        ("pad", arr(c_uint16, 3)),  # @2 uint16_t
    )
    FORMAT = "<HHHH"
    FORMAT_FIELDS = ("interval", "pad[0]", "pad[1]", "pad[2]")

    if TYPE_CHECKING:
        interval: int
        pad: IntArrayField

        def __init__(self, interval: int = ..., pad: Sequence[int] | IntArray = ...) -> None: ...


class usbif_urb_request_u_unlink(Struct):
    """Cancelling: USBIF_PIPE_UNLINK is set.

    struct usbif_urb_request_u_unlink; 8 bytes.
    """

    _fields_ = (
        ("unlink_id", c_uint16),  # @0 uint16_t: id of the request to cancel
        ("pad", arr(c_uint16, 3)),  # @2 uint16_t
    )
    FORMAT = "<HHHH"
    FORMAT_FIELDS = ("unlink_id", "pad[0]", "pad[1]", "pad[2]")

    if TYPE_CHECKING:
        unlink_id: int
        pad: IntArrayField

        def __init__(self, unlink_id: int = ..., pad: Sequence[int] | IntArray = ...) -> None: ...


class usbif_urb_request_u(Union):
    """union usbif_urb_request_u; 8 bytes."""

    _fields_ = (
        ("ctrl", arr(c_uint8, 8)),  # @0 uint8_t: setup packet of a control transfer
        ("isoc", usbif_urb_request_u_isoc),  # @0 struct
        ("intr", usbif_urb_request_u_intr),  # @0 struct
        ("unlink", usbif_urb_request_u_unlink),  # @0 struct
    )

    if TYPE_CHECKING:
        ctrl: IntArrayField
        isoc: usbif_urb_request_u_isoc
        intr: usbif_urb_request_u_intr
        unlink: usbif_urb_request_u_unlink

        def __init__(
            self, ctrl: Sequence[int] | IntArray = ..., isoc: usbif_urb_request_u_isoc = ...,
            intr: usbif_urb_request_u_intr = ..., unlink: usbif_urb_request_u_unlink = ...,
        ) -> None: ...


class usbif_urb_request(Struct):
    """A USB transfer, or the cancelling of one.

    struct usbif_urb_request; 148 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("nr_buffer_segs", c_uint16),  # @2 uint16_t: entries of seg with data
        ("pipe", c_uint32),  # @4 uint32_t: also port, device, endpoint, type
        ("transfer_flags", c_uint16),  # @8 uint16_t
        ("buffer_length", c_uint16),  # @10 uint16_t: bytes of all segments with data
        ("u", usbif_urb_request_u),  # @12 union
        ("seg", arr(usbif_request_segment, 16)),  # @20 usbif_request_segment
    )

    if TYPE_CHECKING:
        id: int
        nr_buffer_segs: int
        pipe: int
        transfer_flags: int
        buffer_length: int
        u: usbif_urb_request_u
        seg: StructArrayField[usbif_request_segment]

        def __init__(
            self, id: int = ..., nr_buffer_segs: int = ..., pipe: int = ...,
            transfer_flags: int = ..., buffer_length: int = ..., u: usbif_urb_request_u = ...,
            seg: Sequence[usbif_request_segment] | StructArray[usbif_request_segment] = ...,
        ) -> None: ...


class usbif_urb_response(Struct):
    """The end of a transfer.

    struct usbif_urb_response; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("start_frame", c_uint16),  # @2 uint16_t: isochronous only
        ("status", c_int32),  # @4 int32_t
        ("actual_length", c_int32),  # @8 int32_t: bytes transferred
        ("error_count", c_int32),  # @12 int32_t: isochronous packets that failed
    )
    FORMAT = "<HHiii"
    FORMAT_FIELDS = ("id", "start_frame", "status", "actual_length", "error_count")

    if TYPE_CHECKING:
        id: int
        start_frame: int
        status: int
        actual_length: int
        error_count: int

        def __init__(
            self, id: int = ..., start_frame: int = ..., status: int = ...,
            actual_length: int = ..., error_count: int = ...,
        ) -> None: ...


class usbif_urb_sring_entry(Union):
    """A slot of the urb ring: a request, or the response that took its place.

    union usbif_urb_sring_entry; 148 bytes.
    """

    _fields_ = (
        ("req", usbif_urb_request),  # @0 usbif_urb_request
        ("rsp", usbif_urb_response),  # @0 usbif_urb_response
    )

    if TYPE_CHECKING:
        req: usbif_urb_request
        rsp: usbif_urb_response

        def __init__(self, req: usbif_urb_request = ..., rsp: usbif_urb_response = ...) -> None: ...


class usbif_urb_sring_pvt_netif(Struct):
    """struct usbif_urb_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class usbif_urb_sring_pvt_tapif_user(Struct):
    """struct usbif_urb_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class usbif_urb_sring_pvt(Union):
    """union usbif_urb_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", usbif_urb_sring_pvt_netif),  # @0 struct
        ("tapif_user", usbif_urb_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: usbif_urb_sring_pvt_netif
        tapif_user: usbif_urb_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: usbif_urb_sring_pvt_netif = ...,
            tapif_user: usbif_urb_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class usbif_urb_sring(Struct):
    """The shared urb ring: indexes, then slots up to the end of the last page.

    struct usbif_urb_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", usbif_urb_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(usbif_urb_sring_entry, 0)),  # @64 usbif_urb_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: usbif_urb_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[usbif_urb_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: usbif_urb_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[usbif_urb_sring_entry] | StructArray[usbif_urb_sring_entry] = ...,
        ) -> None: ...


class usbif_urb_front_ring(Struct):
    """What the front end keeps of the urb ring for itself; not shared.

    struct usbif_urb_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 usbif_urb_sring *: the shared ring, as mapped here
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


class usbif_urb_back_ring(Struct):
    """What the back end keeps of the urb ring for itself; not shared.

    struct usbif_urb_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 usbif_urb_sring *: the shared ring, as mapped here
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


class usbif_conn_request(Struct):
    """Carries nothing: a slot for the back end to report a plug event in.

    struct usbif_conn_request; 2 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class usbif_conn_response(Struct):
    """A device was plugged into a port, or pulled out.

    struct usbif_conn_response; 4 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t: the front end's; the response repeats it
        ("portnum", c_uint8),  # @2 uint8_t: 1 to 31
        ("speed", c_uint8),  # @3 uint8_t
    )
    FORMAT = "<HBB"
    FORMAT_FIELDS = ("id", "portnum", "speed")

    if TYPE_CHECKING:
        id: int
        portnum: int
        speed: int

        def __init__(self, id: int = ..., portnum: int = ..., speed: int = ...) -> None: ...


class usbif_conn_sring_entry(Union):
    """A slot of the conn ring: a request, or the response that took its place.

    union usbif_conn_sring_entry; 4 bytes.
    """

    _fields_ = (
        ("req", usbif_conn_request),  # @0 usbif_conn_request
        ("rsp", usbif_conn_response),  # @0 usbif_conn_response
    )

    if TYPE_CHECKING:
        req: usbif_conn_request
        rsp: usbif_conn_response

        def __init__(
            self, req: usbif_conn_request = ..., rsp: usbif_conn_response = ...,
        ) -> None: ...


class usbif_conn_sring_pvt_netif(Struct):
    """struct usbif_conn_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class usbif_conn_sring_pvt_tapif_user(Struct):
    """struct usbif_conn_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class usbif_conn_sring_pvt(Union):
    """union usbif_conn_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", usbif_conn_sring_pvt_netif),  # @0 struct
        ("tapif_user", usbif_conn_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: usbif_conn_sring_pvt_netif
        tapif_user: usbif_conn_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: usbif_conn_sring_pvt_netif = ...,
            tapif_user: usbif_conn_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class usbif_conn_sring(Struct):
    """The shared conn ring: indexes, then slots up to the end of the last page.

    struct usbif_conn_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", usbif_conn_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(usbif_conn_sring_entry, 0)),  # @64 usbif_conn_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: usbif_conn_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[usbif_conn_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: usbif_conn_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[usbif_conn_sring_entry] | StructArray[usbif_conn_sring_entry] = ...,
        ) -> None: ...


class usbif_conn_front_ring(Struct):
    """What the front end keeps of the conn ring for itself; not shared.

    struct usbif_conn_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 usbif_conn_sring *: the shared ring, as mapped here
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


class usbif_conn_back_ring(Struct):
    """What the back end keeps of the conn ring for itself; not shared.

    struct usbif_conn_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 usbif_conn_sring *: the shared ring, as mapped here
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


usbif_urb_request_t = usbif_urb_request
usbif_urb_response_t = usbif_urb_response
usbif_urb_sring_t = usbif_urb_sring
usbif_urb_front_ring_t = usbif_urb_front_ring
usbif_urb_back_ring_t = usbif_urb_back_ring
usbif_conn_request_t = usbif_conn_request
usbif_conn_response_t = usbif_conn_response
usbif_conn_sring_t = usbif_conn_sring
usbif_conn_front_ring_t = usbif_conn_front_ring
usbif_conn_back_ring_t = usbif_conn_back_ring


def usbif_pipeportnum(pipe: int) -> int:
    """The port in a pipe value.

    Macro usbif_pipeportnum; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeportnum(pipe)")
    return pipe & USBIF_PIPE_PORT_MASK


def usbif_setportnum_pipe(pipe: int, portnum: int) -> int:
    """A pipe value with a port added.

    Macro usbif_setportnum_pipe; pipe in 0..0xffffffff, portnum in 0..31.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_setportnum_pipe(pipe)")
    portnum = fitting(portnum, 0, 31, "usbif_setportnum_pipe(portnum)")
    return pipe | portnum


def usbif_pipeunlink(pipe: int) -> int:
    """Not zero if the request cancels another one.

    Macro usbif_pipeunlink; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeunlink(pipe)")
    return pipe & USBIF_PIPE_UNLINK


def usbif_pipesubmit(pipe: int) -> int:
    """1 if the request starts a transfer, else 0.

    Macro usbif_pipesubmit; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipesubmit(pipe)")
    return int(not usbif_pipeunlink(pipe))


def usbif_setunlink_pipe(pipe: int) -> int:
    """A pipe value marked as cancelling.

    Macro usbif_setunlink_pipe; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_setunlink_pipe(pipe)")
    return pipe | USBIF_PIPE_UNLINK


def usbif_pipein(pipe: int) -> int:
    """Not zero if data goes to the front end.

    Macro usbif_pipein; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipein(pipe)")
    return pipe & USBIF_PIPE_DIR


def usbif_pipeout(pipe: int) -> int:
    """1 if data goes to the device, else 0.

    Macro usbif_pipeout; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeout(pipe)")
    return int(not usbif_pipein(pipe))


def usbif_pipedevice(pipe: int) -> int:
    """The device's address in a pipe value.

    Macro usbif_pipedevice; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipedevice(pipe)")
    return pipe >> USBIF_PIPE_DEV_SHIFT & USBIF_PIPE_DEV_MASK


def usbif_pipeendpoint(pipe: int) -> int:
    """The endpoint in a pipe value.

    Macro usbif_pipeendpoint; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeendpoint(pipe)")
    return pipe >> USBIF_PIPE_EP_SHIFT & USBIF_PIPE_EP_MASK


def usbif_pipetype(pipe: int) -> int:
    """The kind of transfer in a pipe value (USBIF_PIPE_TYPE_*).

    Macro usbif_pipetype; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipetype(pipe)")
    return pipe >> USBIF_PIPE_TYPE_SHIFT & USBIF_PIPE_TYPE_MASK


def usbif_pipeisoc(pipe: int) -> int:
    """1 for an isochronous transfer, else 0.

    Macro usbif_pipeisoc; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeisoc(pipe)")
    return int(usbif_pipetype(pipe) == USBIF_PIPE_TYPE_ISOC)


def usbif_pipeint(pipe: int) -> int:
    """1 for an interrupt transfer, else 0.

    Macro usbif_pipeint; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipeint(pipe)")
    return int(usbif_pipetype(pipe) == USBIF_PIPE_TYPE_INT)


def usbif_pipectrl(pipe: int) -> int:
    """1 for a control transfer, else 0.

    Macro usbif_pipectrl; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipectrl(pipe)")
    return int(usbif_pipetype(pipe) == USBIF_PIPE_TYPE_CTRL)


def usbif_pipebulk(pipe: int) -> int:
    """1 for a bulk transfer, else 0.

    Macro usbif_pipebulk; pipe in 0..0xffffffff.
    """
    pipe = fitting(pipe, 0, 0xffffffff, "usbif_pipebulk(pipe)")
    return int(usbif_pipetype(pipe) == USBIF_PIPE_TYPE_BULK)
