# GENERATED from abi/gntalloc.json (gntalloc.h, Linux 6.12).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""ioctls of /dev/xen/gntalloc: pages of this domain granted to another.

gntalloc.h of Linux 6.12, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint16, c_uint32, c_uint64

from ._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# IOCTL_GNTALLOC: ioctl request numbers of /dev/xen/gntalloc.
IOCTL_GNTALLOC_ALLOC_GREF = 0x184705

# GNTALLOC_FLAG: What the peer may do with the pages; reading is always allowed.
GNTALLOC_FLAG_WRITABLE = 1

# IOCTL_GNTALLOC, more
IOCTL_GNTALLOC_DEALLOC_GREF = 0x104706
IOCTL_GNTALLOC_SET_UNMAP_NOTIFY = 0x104707

# UNMAP_NOTIFY: What happens when the page is given up; none cancels it.
UNMAP_NOTIFY_CLEAR_BYTE = 1
UNMAP_NOTIFY_SEND_EVENT = 2


class _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex(Struct):
    """an anonymous struct; 0 bytes. not in 6.1, 5.10."""

    _fields_ = ()


class _ioctl_gntalloc_alloc_gref_anon0_anon0(Struct):
    """an anonymous struct; 0 bytes. not in 6.1, 5.10."""

    _fields_ = (
        ("__empty_gref_ids_flex", _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex),  # @0 struct
        ("gref_ids_flex", arr(c_uint32, 0)),  # @0 __u32: grant references, as many as count says
    )

    if TYPE_CHECKING:
        empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex
        gref_ids_flex: IntArrayField

        def __init__(
            self,
            empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex = ...,
            gref_ids_flex: Sequence[int] | IntArray = ...,
        ) -> None: ...


class _ioctl_gntalloc_alloc_gref_anon0(Union):
    """an anonymous union; 4 bytes. not in 6.1, 5.10."""

    _fields_ = (
        ("gref_ids", arr(c_uint32, 1)),  # @0 __u32: grant references, as many as count says
        ("_anon0", _ioctl_gntalloc_alloc_gref_anon0_anon0),  # @0 struct
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        gref_ids: IntArrayField
        empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex
        gref_ids_flex: IntArrayField

        def __init__(
            self, *, gref_ids: Sequence[int] | IntArray = ...,
            empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex = ...,
            gref_ids_flex: Sequence[int] | IntArray = ...,
        ) -> None: ...


class ioctl_gntalloc_alloc_gref(Struct):
    """Allocates zeroed pages and grants them at once; mmap then maps them.

    struct ioctl_gntalloc_alloc_gref; 24 bytes. otherwise in 6.1, 5.10.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 __u16: domain that may map the pages
        ("flags", c_uint16),  # @2 __u16
        ("count", c_uint32),  # @4 __u32: 4 KiB pages
        ("index", c_uint64),  # @8 __u64: offset for mmap, bytes
        ("_anon0", _ioctl_gntalloc_alloc_gref_anon0),  # @16 union
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        domid: int
        flags: int
        count: int
        index: int
        gref_ids: IntArrayField
        empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex
        gref_ids_flex: IntArrayField

        def __init__(
            self, *, domid: int = ..., flags: int = ..., count: int = ..., index: int = ...,
            gref_ids: Sequence[int] | IntArray = ...,
            empty_gref_ids_flex: _ioctl_gntalloc_alloc_gref_anon0_anon0___empty_gref_ids_flex = ...,
            gref_ids_flex: Sequence[int] | IntArray = ...,
        ) -> None: ...


class ioctl_gntalloc_dealloc_gref(Struct):
    """Gives pages up; a grant ends when no mapping of the page is left.

    struct ioctl_gntalloc_dealloc_gref; 16 bytes.
    """

    _fields_ = (
        ("index", c_uint64),  # @0 __u64: offset that the allocation returned, bytes
        ("count", c_uint32),  # @8 __u32: 4 KiB pages
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("index", "count")

    if TYPE_CHECKING:
        index: int
        count: int

        def __init__(self, index: int = ..., count: int = ...) -> None: ...


class ioctl_gntalloc_unmap_notify(Struct):
    """What to do when a page is given up, so that the peer learns of a crash.

    struct ioctl_gntalloc_unmap_notify; 16 bytes.
    """

    _fields_ = (
        ("index", c_uint64),  # @0 __u64: offset of a byte in the file: the one to clear
        ("action", c_uint32),  # @8 __u32
        ("event_channel_port", c_uint32),  # @12 __u32: local port, for UNMAP_NOTIFY_SEND_EVENT
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("index", "action", "event_channel_port")

    if TYPE_CHECKING:
        index: int
        action: int
        event_channel_port: int

        def __init__(
            self, index: int = ..., action: int = ..., event_channel_port: int = ...,
        ) -> None: ...
