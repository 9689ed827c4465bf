# GENERATED from abi/io/libxenvchan.json (io/libxenvchan.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""vchan: a pipe of bytes both ways between two domains. The server grants the memory.

io/libxenvchan.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# VCHAN_NOTIFY: Which moves of the other end should be followed by an event; cleared when one is
# sent.
VCHAN_NOTIFY_WRITE = 1
VCHAN_NOTIFY_READ = 2


class ring_shared(Struct):
    """Indexes of one direction.

    struct ring_shared; 8 bytes.
    """

    _fields_ = (
        ("cons", c_uint32),  # @0 uint32_t: bytes read, free-running
        ("prod", c_uint32),  # @4 uint32_t: bytes written, free-running
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("cons", "prod")

    if TYPE_CHECKING:
        cons: int
        prod: int

        def __init__(self, cons: int = ..., prod: int = ...) -> None: ...


class vchan_interface(Struct):
    """The page that both ends map: indexes, sizes, who is there, grants of the rings.

    struct vchan_interface; 24 bytes.
    """

    _fields_ = (
        ("left", ring_shared),  # @0 ring_shared: client to server
        ("right", ring_shared),  # @8 ring_shared: server to client
        ("left_order", c_uint16),  # @16 uint16_t: log2 of bytes; 10, 11: in this page at 1024, 2048
        ("right_order", c_uint16),  # @18 uint16_t: log2 of bytes; 10, 11: in this page at 1024, 2048
        ("cli_live", c_uint8),  # @20 uint8_t: 0 gone, 1 connected, 2 not yet there
        ("srv_live", c_uint8),  # @21 uint8_t: 0 gone, 1 connected
        ("cli_notify", c_uint8),  # @22 uint8_t: what the server wants events about
        ("srv_notify", c_uint8),  # @23 uint8_t: what the client wants events about
        ("grants", arr(c_uint32, 0)),  # @24 uint32_t: pages of left, then of right, if of order 12 or more
    )

    if TYPE_CHECKING:
        left: ring_shared
        right: ring_shared
        left_order: int
        right_order: int
        cli_live: int
        srv_live: int
        cli_notify: int
        srv_notify: int
        grants: IntArrayField

        def __init__(
            self, left: ring_shared = ..., right: ring_shared = ..., left_order: int = ...,
            right_order: int = ..., cli_live: int = ..., srv_live: int = ..., cli_notify: int = ...,
            srv_notify: int = ..., grants: Sequence[int] | IntArray = ...,
        ) -> None: ...
