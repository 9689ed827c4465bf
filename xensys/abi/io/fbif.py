# GENERATED from abi/io/fbif.json (io/fbif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/fbif.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_char, c_int32, c_uint8, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

XENFB_TYPE_UPDATE = 2
XENFB_TYPE_RESIZE = 3
XENFB_OUT_EVENT_SIZE = 40
XENFB_TYPE_REFRESH_PERIOD = 1
XENFB_NO_REFRESH = 0
XENFB_IN_EVENT_SIZE = 40
XENFB_IN_RING_SIZE = 1024
XENFB_IN_RING_LEN = 25
XENFB_IN_RING_OFFS = 0x400
XENFB_OUT_RING_SIZE = 2048
XENFB_OUT_RING_LEN = 51
XENFB_OUT_RING_OFFS = 0x800


class xenfb_update(Struct):
    """struct xenfb_update; 20 bytes."""

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("x", c_int32),  # @4 int32_t
        ("y", c_int32),  # @8 int32_t
        ("width", c_int32),  # @12 int32_t
        ("height", c_int32),  # @16 int32_t
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
    """struct xenfb_resize; 24 bytes."""

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("width", c_int32),  # @4 int32_t
        ("height", c_int32),  # @8 int32_t
        ("stride", c_int32),  # @12 int32_t
        ("depth", c_int32),  # @16 int32_t
        ("offset", c_int32),  # @20 int32_t
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
    """union xenfb_out_event; 40 bytes."""

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
    """struct xenfb_refresh_period; 8 bytes."""

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("period", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<B3xI"
    FORMAT_FIELDS = ("type", "period")

    if TYPE_CHECKING:
        type: int
        period: int

        def __init__(self, type: int = ..., period: int = ...) -> None: ...


class xenfb_in_event(Union):
    """union xenfb_in_event; 40 bytes."""

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
    """struct xenfb_page; 2088 bytes."""

    _fields_ = (
        ("in_cons", c_uint32),  # @0 uint32_t
        ("in_prod", c_uint32),  # @4 uint32_t
        ("out_cons", c_uint32),  # @8 uint32_t
        ("out_prod", c_uint32),  # @12 uint32_t
        ("width", c_int32),  # @16 int32_t
        ("height", c_int32),  # @20 int32_t
        ("line_length", c_uint32),  # @24 uint32_t
        ("mem_length", c_uint32),  # @28 uint32_t
        ("depth", c_uint8),  # @32 uint8_t
        ("pd", arr(c_uint64, 256)),  # @40 unsigned long
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
