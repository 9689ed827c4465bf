# GENERATED from abi/io/console.json (io/console.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""The console page: two rings of bytes between a guest and its console daemon.

io/console.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False

# XENCONSOLE: Whether somebody serves the page; toolstacks before 4.21 leave 0, connected, there.
XENCONSOLE_DISCONNECTED = 1  # since 4.21, not compiled here
XENCONSOLE_CONNECTED = 0  # since 4.21, not compiled here


class xencons_interface(Struct):
    """The console page: what is typed (in) and what the guest prints (out).

    struct xencons_interface; 3092 bytes. otherwise in 4.20, 4.17, 4.14; 3088 bytes up to 4.20.
    """

    _fields_ = (
        ("in_", arr(c_char, 1024)),  # @0 char: from the back end, at index modulo 1024
        ("out", arr(c_char, 2048)),  # @1024 char: from the guest, at index modulo 2048
        ("in_cons", c_uint32),  # @3072 XENCONS_RING_IDX: bytes the guest has read, free-running
        ("in_prod", c_uint32),  # @3076 XENCONS_RING_IDX: bytes the back end has written, free-running
        ("out_cons", c_uint32),  # @3080 XENCONS_RING_IDX: bytes the back end has read, free-running
        ("out_prod", c_uint32),  # @3084 XENCONS_RING_IDX: bytes the guest has written, free-running
        ("connection", c_uint8),  # @3088 uint8_t; set by toolstack and back end; since 4.21
    )

    if TYPE_CHECKING:
        in_: bytes
        out: bytes
        in_cons: int
        in_prod: int
        out_cons: int
        out_prod: int
        connection: int

        def __init__(
            self, in_: bytes = ..., out: bytes = ..., in_cons: int = ..., in_prod: int = ...,
            out_cons: int = ..., out_prod: int = ..., connection: int = ...,
        ) -> None: ...


XENCONS_RING_IDX = c_uint32
