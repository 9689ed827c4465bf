# GENERATED from abi/io/usbif.json (io/usbif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/usbif.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# enum usb_spec_version
USB_VER_UNKNOWN = 0
USB_VER_USB11 = 1
USB_VER_USB20 = 2
USB_VER_USB30 = 3
USBIF_PIPE_PORT_MASK = 31
USBIF_PIPE_UNLINK = 32
USBIF_PIPE_DIR = 128
USBIF_PIPE_DEV_MASK = 127
USBIF_PIPE_DEV_SHIFT = 8
USBIF_PIPE_EP_MASK = 15
USBIF_PIPE_EP_SHIFT = 15
USBIF_PIPE_TYPE_MASK = 3
USBIF_PIPE_TYPE_SHIFT = 30
USBIF_PIPE_TYPE_ISOC = 0
USBIF_PIPE_TYPE_INT = 1
USBIF_PIPE_TYPE_CTRL = 2
USBIF_PIPE_TYPE_BULK = 3
USBIF_MAX_SEGMENTS_PER_REQUEST = 16
USBIF_MAX_PORTNR = 31
USBIF_RING_SIZE = 4096
USBIF_SHORT_NOT_OK = 1
USBIF_STATUS_OK = 0  # not in 4.14
USBIF_STATUS_NODEV = -19  # not in 4.14
USBIF_STATUS_INVAL = -22  # not in 4.14
USBIF_STATUS_STALL = -32  # not in 4.14
USBIF_STATUS_IOERROR = -71  # not in 4.14
USBIF_STATUS_BABBLE = -75  # not in 4.14
USBIF_STATUS_SHUTDOWN = -108  # not in 4.14
USB_URB_RING_SIZE = 16
USBIF_SPEED_NONE = 0
USBIF_SPEED_LOW = 1
USBIF_SPEED_FULL = 2
USBIF_SPEED_HIGH = 3
USB_CONN_RING_SIZE = 512


class usbif_request_segment(Struct):
    """struct usbif_request_segment; 8 bytes."""

    _fields_ = (
        ("gref", c_uint32),  # @0 grant_ref_t
        ("offset", c_uint16),  # @4 uint16_t
        ("length", c_uint16),  # @6 uint16_t
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("gref", "offset", "length")

    if TYPE_CHECKING:
        gref: int
        offset: int
        length: int

        def __init__(self, gref: int = ..., offset: int = ..., length: int = ...) -> None: ...


class usbif_urb_request_u_isoc(Struct):
    """struct usbif_urb_request_u_isoc; 8 bytes."""

    _fields_ = (
        ("interval", c_uint16),  # @0 uint16_t
        ("start_frame", c_uint16),  # @2 uint16_t
        ("number_of_packets", c_uint16),  # @4 uint16_t
        ("nr_frame_desc_segs", c_uint16),  # @6 uint16_t
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
    """struct usbif_urb_request_u_intr; 8 bytes."""

    _fields_ = (
        ("interval", c_uint16),  # @0 uint16_t
        ("pad", arr(c_uint16, 3)),  # @2 uint16_t
    )
    FORMAT = "<HHHH"
    FORMAT_FIELDS = ("interval", "pad[0]", "pad[1]", "pad[2]")

    if TYPE_CHECKING:
        interval: int
        pad: IntArrayField

        def __init__(self, interval: int = ..., pad: Sequence[int] | IntArray = ...) -> None: ...


class usbif_urb_request_u_unlink(Struct):
    """struct usbif_urb_request_u_unlink; 8 bytes."""

    _fields_ = (
        ("unlink_id", c_uint16),  # @0 uint16_t
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
        ("ctrl", arr(c_uint8, 8)),  # @0 uint8_t
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
    """struct usbif_urb_request; 148 bytes."""

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t
        ("nr_buffer_segs", c_uint16),  # @2 uint16_t
        ("pipe", c_uint32),  # @4 uint32_t
        ("transfer_flags", c_uint16),  # @8 uint16_t
        ("buffer_length", c_uint16),  # @10 uint16_t
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
    """struct usbif_urb_response; 16 bytes."""

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t
        ("start_frame", c_uint16),  # @2 uint16_t
        ("status", c_int32),  # @4 int32_t
        ("actual_length", c_int32),  # @8 int32_t
        ("error_count", c_int32),  # @12 int32_t
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
    """union usbif_urb_sring_entry; 148 bytes."""

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
    """struct usbif_urb_sring; 64 bytes. otherwise in 4.17, 4.14."""

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX
        ("req_event", c_uint32),  # @4 RING_IDX
        ("rsp_prod", c_uint32),  # @8 RING_IDX
        ("rsp_event", c_uint32),  # @12 RING_IDX
        ("pvt", usbif_urb_sring_pvt),  # @16 union
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(usbif_urb_sring_entry, 0)),  # @64 usbif_urb_sring_entry
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
    """struct usbif_urb_front_ring; 24 bytes."""

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX
        ("rsp_cons", c_uint32),  # @4 RING_IDX
        ("nr_ents", c_uint32),  # @8 unsigned int
        ("sring", c_uint64),  # @16 usbif_urb_sring *
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
    """struct usbif_urb_back_ring; 24 bytes."""

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX
        ("req_cons", c_uint32),  # @4 RING_IDX
        ("nr_ents", c_uint32),  # @8 unsigned int
        ("sring", c_uint64),  # @16 usbif_urb_sring *
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
    """struct usbif_conn_request; 2 bytes."""

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class usbif_conn_response(Struct):
    """struct usbif_conn_response; 4 bytes."""

    _fields_ = (
        ("id", c_uint16),  # @0 uint16_t
        ("portnum", c_uint8),  # @2 uint8_t
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
    """union usbif_conn_sring_entry; 4 bytes."""

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
    """struct usbif_conn_sring; 64 bytes. otherwise in 4.17, 4.14."""

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX
        ("req_event", c_uint32),  # @4 RING_IDX
        ("rsp_prod", c_uint32),  # @8 RING_IDX
        ("rsp_event", c_uint32),  # @12 RING_IDX
        ("pvt", usbif_conn_sring_pvt),  # @16 union
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(usbif_conn_sring_entry, 0)),  # @64 usbif_conn_sring_entry
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
    """struct usbif_conn_front_ring; 24 bytes."""

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX
        ("rsp_cons", c_uint32),  # @4 RING_IDX
        ("nr_ents", c_uint32),  # @8 unsigned int
        ("sring", c_uint64),  # @16 usbif_conn_sring *
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
    """struct usbif_conn_back_ring; 24 bytes."""

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX
        ("req_cons", c_uint32),  # @4 RING_IDX
        ("nr_ents", c_uint32),  # @8 unsigned int
        ("sring", c_uint64),  # @16 usbif_conn_sring *
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
