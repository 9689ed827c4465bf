# GENERATED from abi/io/kbdif.json (io/kbdif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Keyboard, pointer and touch: the back end writes input events to a page of the guest.

io/kbdif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int16, c_int32, c_uint8, c_uint32

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# XENKBD_TYPE: What an input event reports.
XENKBD_TYPE_MOTION = 1
XENKBD_TYPE_RESERVED = 2
XENKBD_TYPE_KEY = 3
XENKBD_TYPE_POS = 4
XENKBD_TYPE_MTOUCH = 5

# XENKBD_MT_EV: Steps of a touch; syn closes a set of events that belong together.
XENKBD_MT_EV_DOWN = 0
XENKBD_MT_EV_UP = 1
XENKBD_MT_EV_MOTION = 2
XENKBD_MT_EV_SYN = 3
XENKBD_MT_EV_SHAPE = 4
XENKBD_MT_EV_ORIENT = 5

# XENKBD_FIELD: Xenstore nodes of an input device, and the device's name in their paths.
XENKBD_DRIVER_NAME = "vkbd"
XENKBD_FIELD_FEAT_DSBL_KEYBRD = "feature-disable-keyboard"
XENKBD_FIELD_FEAT_DSBL_POINTER = "feature-disable-pointer"
XENKBD_FIELD_FEAT_ABS_POINTER = "feature-abs-pointer"
XENKBD_FIELD_FEAT_RAW_POINTER = "feature-raw-pointer"
XENKBD_FIELD_FEAT_MTOUCH = "feature-multi-touch"
XENKBD_FIELD_REQ_ABS_POINTER = "request-abs-pointer"
XENKBD_FIELD_REQ_RAW_POINTER = "request-raw-pointer"
XENKBD_FIELD_REQ_MTOUCH = "request-multi-touch"
XENKBD_FIELD_RING_GREF = "page-gref"
XENKBD_FIELD_EVT_CHANNEL = "event-channel"
XENKBD_FIELD_WIDTH = "width"
XENKBD_FIELD_HEIGHT = "height"
XENKBD_FIELD_MT_WIDTH = "multi-touch-width"
XENKBD_FIELD_MT_HEIGHT = "multi-touch-height"
XENKBD_FIELD_MT_NUM_CONTACTS = "multi-touch-num-contacts"
XENKBD_FIELD_UNIQUE_ID = "unique-id"
XENKBD_FIELD_RING_REF = "page-ref"

# XENKBD_IN: Back end's events: bytes of one and of all, how many fit, where in the page.
XENKBD_IN_EVENT_SIZE = 40

# XENKBD_OUT: Front end's events: bytes of one and of all, how many fit, where in the page.
XENKBD_OUT_EVENT_SIZE = 40

# XENKBD_IN, more
XENKBD_IN_RING_SIZE = 2048
XENKBD_IN_RING_LEN = 51
XENKBD_IN_RING_OFFS = 0x400

# XENKBD_OUT, more
XENKBD_OUT_RING_SIZE = 1024
XENKBD_OUT_RING_LEN = 25
XENKBD_OUT_RING_OFFS = 0xc00


class xenkbd_motion(Struct):
    """The pointer moved by so much.

    struct xenkbd_motion; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("rel_x", c_int32),  # @4 int32_t: steps to the right
        ("rel_y", c_int32),  # @8 int32_t: steps down
        ("rel_z", c_int32),  # @12 int32_t: steps of the wheel, positive towards the user
    )
    FORMAT = "<B3xiii"
    FORMAT_FIELDS = ("type", "rel_x", "rel_y", "rel_z")

    if TYPE_CHECKING:
        type: int
        rel_x: int
        rel_y: int
        rel_z: int

        def __init__(
            self, type: int = ..., rel_x: int = ..., rel_y: int = ..., rel_z: int = ...,
        ) -> None: ...


class xenkbd_key(Struct):
    """A key or a button went down or up.

    struct xenkbd_key; 8 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("pressed", c_uint8),  # @1 uint8_t: 1 down, 0 up
        ("keycode", c_uint32),  # @4 uint32_t: Linux's KEY_* or BTN_* number
    )
    FORMAT = "<BB2xI"
    FORMAT_FIELDS = ("type", "pressed", "keycode")

    if TYPE_CHECKING:
        type: int
        pressed: int
        keycode: int

        def __init__(self, type: int = ..., pressed: int = ..., keycode: int = ...) -> None: ...


class xenkbd_position(Struct):
    """The pointer is there; sent instead of motion after request-abs-pointer.

    struct xenkbd_position; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("abs_x", c_int32),  # @4 int32_t: pixels; 0 to 0x7fff after request-raw-pointer
        ("abs_y", c_int32),  # @8 int32_t: pixels; 0 to 0x7fff after request-raw-pointer
        ("rel_z", c_int32),  # @12 int32_t: steps of the wheel, positive towards the user
    )
    FORMAT = "<B3xiii"
    FORMAT_FIELDS = ("type", "abs_x", "abs_y", "rel_z")

    if TYPE_CHECKING:
        type: int
        abs_x: int
        abs_y: int
        rel_z: int

        def __init__(
            self, type: int = ..., abs_x: int = ..., abs_y: int = ..., rel_z: int = ...,
        ) -> None: ...


class xenkbd_mtouch_u_pos(Struct):
    """Where a finger is: down and motion.

    struct xenkbd_mtouch_u_pos; 8 bytes.
    """

    _fields_ = (
        ("abs_x", c_int32),  # @0 int32_t: pixels
        ("abs_y", c_int32),  # @4 int32_t: pixels
    )
    FORMAT = "<ii"
    FORMAT_FIELDS = ("abs_x", "abs_y")

    if TYPE_CHECKING:
        abs_x: int
        abs_y: int

        def __init__(self, abs_x: int = ..., abs_y: int = ...) -> None: ...


class xenkbd_mtouch_u_shape(Struct):
    """The ellipse that a finger covers.

    struct xenkbd_mtouch_u_shape; 8 bytes.
    """

    _fields_ = (
        ("major", c_uint32),  # @0 uint32_t: pixels, the longer diameter
        ("minor", c_uint32),  # @4 uint32_t: pixels, the shorter diameter
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("major", "minor")

    if TYPE_CHECKING:
        major: int
        minor: int

        def __init__(self, major: int = ..., minor: int = ...) -> None: ...


class xenkbd_mtouch_u(Union):
    """What changed, by event_type; nothing for up and syn.

    union xenkbd_mtouch_u; 8 bytes.
    """

    _fields_ = (
        ("pos", xenkbd_mtouch_u_pos),  # @0 struct
        ("shape", xenkbd_mtouch_u_shape),  # @0 struct
        ("orientation", c_int16),  # @0 int16_t: degrees of the long axis, clockwise from Y, -180 to 180
    )

    if TYPE_CHECKING:
        pos: xenkbd_mtouch_u_pos
        shape: xenkbd_mtouch_u_shape
        orientation: int

        def __init__(
            self, pos: xenkbd_mtouch_u_pos = ..., shape: xenkbd_mtouch_u_shape = ...,
            orientation: int = ...,
        ) -> None: ...


class xenkbd_mtouch(Struct):
    """One step in the life of a finger: down, any number of changes, up.

    struct xenkbd_mtouch; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("event_type", c_uint8),  # @1 uint8_t
        ("contact_id", c_uint8),  # @2 uint8_t: finger, below multi-touch-num-contacts; free after up
        ("reserved", arr(c_uint8, 5)),  # @3 uint8_t
        ("u", xenkbd_mtouch_u),  # @8 union
    )

    if TYPE_CHECKING:
        type: int
        event_type: int
        contact_id: int
        reserved: IntArrayField
        u: xenkbd_mtouch_u

        def __init__(
            self, type: int = ..., event_type: int = ..., contact_id: int = ...,
            reserved: Sequence[int] | IntArray = ..., u: xenkbd_mtouch_u = ...,
        ) -> None: ...


class xenkbd_in_event(Union):
    """One event from back end to front end; unknown ones are ignored.

    union xenkbd_in_event; 40 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("motion", xenkbd_motion),  # @0 xenkbd_motion
        ("key", xenkbd_key),  # @0 xenkbd_key
        ("pos", xenkbd_position),  # @0 xenkbd_position
        ("mtouch", xenkbd_mtouch),  # @0 xenkbd_mtouch
        ("pad", arr(c_char, 40)),  # @0 char
    )

    if TYPE_CHECKING:
        type: int
        motion: xenkbd_motion
        key: xenkbd_key
        pos: xenkbd_position
        mtouch: xenkbd_mtouch
        pad: bytes

        def __init__(
            self, type: int = ..., motion: xenkbd_motion = ..., key: xenkbd_key = ...,
            pos: xenkbd_position = ..., mtouch: xenkbd_mtouch = ..., pad: bytes = ...,
        ) -> None: ...


class xenkbd_out_event(Union):
    """One event from front end to back end; none is defined.

    union xenkbd_out_event; 40 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t: none defined
        ("pad", arr(c_char, 40)),  # @0 char
    )

    if TYPE_CHECKING:
        type: int
        pad: bytes

        def __init__(self, type: int = ..., pad: bytes = ...) -> None: ...


class xenkbd_page(Struct):
    """Head of the shared page: event indexes. The events lie at XENKBD_IN_RING_OFFS.

    struct xenkbd_page; 16 bytes.
    """

    _fields_ = (
        ("in_cons", c_uint32),  # @0 uint32_t: events the front end has taken, free-running
        ("in_prod", c_uint32),  # @4 uint32_t: events the back end has written, free-running
        ("out_cons", c_uint32),  # @8 uint32_t: events the back end has taken, free-running
        ("out_prod", c_uint32),  # @12 uint32_t: events the front end has written, free-running
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("in_cons", "in_prod", "out_cons", "out_prod")

    if TYPE_CHECKING:
        in_cons: int
        in_prod: int
        out_cons: int
        out_prod: int

        def __init__(
            self, in_cons: int = ..., in_prod: int = ..., out_cons: int = ..., out_prod: int = ...,
        ) -> None: ...
