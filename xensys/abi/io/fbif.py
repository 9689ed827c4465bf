# GENERATED from abi/io/fbif.json (io/fbif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""The simple framebuffer: the guest's memory is shared, events say what changed.

io/fbif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int32, c_uint8, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# XENFB_TYPE_OUT: Events of the front end.
XENFB_TYPE_UPDATE = 2
XENFB_TYPE_RESIZE = 3

# XENFB_OUT: Front end's events: bytes of one and of all, how many fit, where in the page.
XENFB_OUT_EVENT_SIZE = 40

# XENFB_TYPE_IN: Events of the back end.
XENFB_TYPE_REFRESH_PERIOD = 1

XENFB_NO_REFRESH = 0  # A period: nobody looks, drawing can stop

# XENFB_IN: Back end's events: bytes of one and of all, how many fit, where in the page.
XENFB_IN_EVENT_SIZE = 40
XENFB_IN_RING_SIZE = 1024
XENFB_IN_RING_LEN = 25
XENFB_IN_RING_OFFS = 0x400

# XENFB_OUT, more
XENFB_OUT_RING_SIZE = 2048
XENFB_OUT_RING_LEN = 51
XENFB_OUT_RING_OFFS = 0x800


class xenfb_update(Struct):
    """A rectangle has changed; sent if the back end set request-update.

    struct xenfb_update; 20 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("x", c_int32),  # @4 int32_t: pixels
        ("y", c_int32),  # @8 int32_t: pixels
        ("width", c_int32),  # @12 int32_t: pixels
        ("height", c_int32),  # @16 int32_t: pixels
    )
    FORMAT = "<B3xiiii"
    FORMAT_FIELDS = ("type", "x", "y", "width", "height")

    if TYPE_CHECKING:
        type: int
        x: int
        y: int
        width: int
        height: int

        def __init__(
            self, type: int = ..., x: int = ..., y: int = ..., width: int = ..., height: int = ...,
        ) -> None: ...


class xenfb_resize(Struct):
    """The framebuffer has another shape now; sent if the back end set feature-resize.

    struct xenfb_resize; 24 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("width", c_int32),  # @4 int32_t: pixels
        ("height", c_int32),  # @8 int32_t: pixels
        ("stride", c_int32),  # @12 int32_t: bytes from one line to the next
        ("depth", c_int32),  # @16 int32_t: bits per pixel
        ("offset", c_int32),  # @20 int32_t: bytes into the shared memory at which the picture starts
    )
    FORMAT = "<B3xiiiii"
    FORMAT_FIELDS = ("type", "width", "height", "stride", "depth", "offset")

    if TYPE_CHECKING:
        type: int
        width: int
        height: int
        stride: int
        depth: int
        offset: int

        def __init__(
            self, type: int = ..., width: int = ..., height: int = ..., stride: int = ...,
            depth: int = ..., offset: int = ...,
        ) -> None: ...


class xenfb_out_event(Union):
    """One event from front end to back end.

    union xenfb_out_event; 40 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("update", xenfb_update),  # @0 xenfb_update
        ("resize", xenfb_resize),  # @0 xenfb_resize
        ("pad", arr(c_char, 40)),  # @0 char
    )

    if TYPE_CHECKING:
        type: int
        update: xenfb_update
        resize: xenfb_resize
        pad: bytes

        def __init__(
            self, type: int = ..., update: xenfb_update = ..., resize: xenfb_resize = ...,
            pad: bytes = ...,
        ) -> None: ...


class xenfb_refresh_period(Struct):
    """How often the back end would like to see the picture drawn.

    struct xenfb_refresh_period; 8 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("period", c_uint32),  # @4 uint32_t: milliseconds, or XENFB_NO_REFRESH
    )
    FORMAT = "<B3xI"
    FORMAT_FIELDS = ("type", "period")

    if TYPE_CHECKING:
        type: int
        period: int

        def __init__(self, type: int = ..., period: int = ...) -> None: ...


class xenfb_in_event(Union):
    """One event from back end to front end; unknown ones are ignored.

    union xenfb_in_event; 40 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("refresh_period", xenfb_refresh_period),  # @0 xenfb_refresh_period
        ("pad", arr(c_char, 40)),  # @0 char
    )

    if TYPE_CHECKING:
        type: int
        refresh_period: xenfb_refresh_period
        pad: bytes

        def __init__(
            self, type: int = ..., refresh_period: xenfb_refresh_period = ..., pad: bytes = ...,
        ) -> None: ...


class xenfb_page(Struct):
    """Head of the shared page: event indexes, the first mode, where the pixels are.

    struct xenfb_page; 2088 bytes.
    """

    _fields_ = (
        ("in_cons", c_uint32),  # @0 uint32_t: events the front end has taken, free-running
        ("in_prod", c_uint32),  # @4 uint32_t: events the back end has written, free-running
        ("out_cons", c_uint32),  # @8 uint32_t: events the back end has taken, free-running
        ("out_prod", c_uint32),  # @12 uint32_t: events the front end has written, free-running
        ("width", c_int32),  # @16 int32_t: pixels
        ("height", c_int32),  # @20 int32_t: pixels
        ("line_length", c_uint32),  # @24 uint32_t: bytes from one line to the next
        ("mem_length", c_uint32),  # @28 uint32_t: bytes of the framebuffer
        ("depth", c_uint8),  # @32 uint8_t: bits per pixel
        ("pd", arr(c_uint64, 256)),  # @40 unsigned long: frames of pages that list the frames of the pixels
    )

    if TYPE_CHECKING:
        in_cons: int
        in_prod: int
        out_cons: int
        out_prod: int
        width: int
        height: int
        line_length: int
        mem_length: int
        depth: int
        pd: IntArrayField

        def __init__(
            self, in_cons: int = ..., in_prod: int = ..., out_cons: int = ..., out_prod: int = ...,
            width: int = ..., height: int = ..., line_length: int = ..., mem_length: int = ...,
            depth: int = ..., pd: Sequence[int] | IntArray = ...,
        ) -> None: ...
