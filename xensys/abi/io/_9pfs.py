# GENERATED from abi/io/9pfs.json (io/9pfs.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""A host directory for a guest: 9P messages through rings of bytes, one or more per device.

io/9pfs.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint32, c_uint64

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

class xen_9pfs_data_intf(Struct):
    """The page that describes one ring: its indexes and the grants of its data pages.

    struct xen_9pfs_data_intf; 132 bytes.
    """

    _fields_ = (
        ("in_cons", c_uint32),  # @0 RING_IDX: bytes the front end has read, free-running
        ("in_prod", c_uint32),  # @4 RING_IDX: bytes the back end has written, free-running
        ("pad1", arr(c_uint8, 56)),  # @8 uint8_t
        ("out_cons", c_uint32),  # @64 RING_IDX: bytes the back end has read, free-running
        ("out_prod", c_uint32),  # @68 RING_IDX: bytes the front end has written, free-running
        ("pad2", arr(c_uint8, 56)),  # @72 uint8_t
        ("ring_order", c_uint32),  # @128 RING_IDX: log2 of the 4 KiB data pages; each half has half of them
        ("ref", arr(c_uint32, 0)),  # @132 grant_ref_t: grants of the data pages, 1 << ring_order of them
    )

    if TYPE_CHECKING:
        in_cons: int
        in_prod: int
        pad1: IntArrayField
        out_cons: int
        out_prod: int
        pad2: IntArrayField
        ring_order: int
        ref: IntArrayField

        def __init__(
            self, in_cons: int = ..., in_prod: int = ..., pad1: Sequence[int] | IntArray = ...,
            out_cons: int = ..., out_prod: int = ..., pad2: Sequence[int] | IntArray = ...,
            ring_order: int = ..., ref: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_9pfs_data(Struct):
    """Where one end has mapped the two halves of a ring; not shared.

    struct xen_9pfs_data; 16 bytes.
    """

    _fields_ = (
        ("in_", c_uint64),  # @0 unsigned char *: first half: replies, back end to front end
        ("out", c_uint64),  # @8 unsigned char *: second half: requests, front end to back end
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("in_", "out")

    if TYPE_CHECKING:
        in_: int
        out: int

        def __init__(self, in_: int = ..., out: int = ...) -> None: ...
