# GENERATED from abi/io/console.json (io/console.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/console.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_char, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False

class xencons_interface(Struct):
    """struct xencons_interface; 3088 bytes."""

    _fields_ = (
        ("in_", arr(c_char, 1024)),  # @0 char
        ("out", arr(c_char, 2048)),  # @1024 char
        ("in_cons", c_uint32),  # @3072 XENCONS_RING_IDX
        ("in_prod", c_uint32),  # @3076 XENCONS_RING_IDX
        ("out_cons", c_uint32),  # @3080 XENCONS_RING_IDX
        ("out_prod", c_uint32),  # @3084 XENCONS_RING_IDX
    )

    if TYPE_CHECKING:
        in_: bytes
        out: bytes
        in_cons: int
        in_prod: int
        out_cons: int
        out_prod: int

        def __init__(
            self, in_: bytes = ..., out: bytes = ..., in_cons: int = ..., in_prod: int = ...,
            out_cons: int = ..., out_prod: int = ...,
        ) -> None: ...


XENCONS_RING_IDX = c_uint32
