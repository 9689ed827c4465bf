# GENERATED from abi/gntdev.json (gntdev.h, Linux 6.12).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""ioctls of /dev/xen/gntdev: mapping and copying what other domains granted.

gntdev.h of Linux 6.12, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int16, c_uint16, c_uint32, c_uint64

from ._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField, StructArray, StructArrayField

# IOCTL_GNTDEV: ioctl request numbers of /dev/xen/gntdev.
IOCTL_GNTDEV_MAP_GRANT_REF = 0x184700
IOCTL_GNTDEV_UNMAP_GRANT_REF = 0x104701
IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR = 0x184702
IOCTL_GNTDEV_SET_MAX_GRANTS = 0x44703
IOCTL_GNTDEV_SET_UNMAP_NOTIFY = 0x104707
IOCTL_GNTDEV_GRANT_COPY = 0x104708

# UNMAP_NOTIFY: What happens at unmapping; none cancels it.
UNMAP_NOTIFY_CLEAR_BYTE = 1
UNMAP_NOTIFY_SEND_EVENT = 2

# GNTDEV_DMA_FLAG: Memory behind a dma-buf: ordinary pages, or write-combining or coherent DMA
# memory.
GNTDEV_DMA_FLAG_WC = 1
GNTDEV_DMA_FLAG_COHERENT = 2

# IOCTL_GNTDEV, more
IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS = 0x144709
IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED = 0x8470a
IOCTL_GNTDEV_DMABUF_IMP_TO_REFS = 0x14470b
IOCTL_GNTDEV_DMABUF_IMP_RELEASE = 0x8470c


class ioctl_gntdev_grant_ref(Struct):
    """One grant of another domain.

    struct ioctl_gntdev_grant_ref; 8 bytes.
    """

    _fields_ = (
        ("domid", c_uint32),  # @0 __u32
        ("ref", c_uint32),  # @4 __u32: grant reference of that domain
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("domid", "ref")

    if TYPE_CHECKING:
        domid: int
        ref: int

        def __init__(self, domid: int = ..., ref: int = ...) -> None: ...


class ioctl_gntdev_map_grant_ref(Struct):
    """Reserves a place in the file for grants, which mmap then maps.

    struct ioctl_gntdev_map_grant_ref; 24 bytes.
    """

    _fields_ = (
        ("count", c_uint32),  # @0 __u32: grants, 4 KiB each
        ("pad", c_uint32),  # @4 __u32
        ("index", c_uint64),  # @8 __u64: offset for mmap, bytes
        ("refs", arr(ioctl_gntdev_grant_ref, 1)),  # @16 ioctl_gntdev_grant_ref: as many as count says
    )
    FORMAT = "<IIQII"
    FORMAT_FIELDS = ("count", "pad", "index", "refs[0].domid", "refs[0].ref")

    if TYPE_CHECKING:
        count: int
        pad: int
        index: int
        refs: StructArrayField[ioctl_gntdev_grant_ref]

        def __init__(
            self, count: int = ..., pad: int = ..., index: int = ...,
            refs: Sequence[ioctl_gntdev_grant_ref] | StructArray[ioctl_gntdev_grant_ref] = ...,
        ) -> None: ...


class ioctl_gntdev_unmap_grant_ref(Struct):
    """Gives such a place up; the grants end with the last mapping.

    struct ioctl_gntdev_unmap_grant_ref; 16 bytes.
    """

    _fields_ = (
        ("index", c_uint64),  # @0 __u64: offset that the reservation returned, bytes
        ("count", c_uint32),  # @8 __u32: grants, as in the reservation
        ("pad", c_uint32),  # @12 __u32
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("index", "count", "pad")

    if TYPE_CHECKING:
        index: int
        count: int
        pad: int

        def __init__(self, index: int = ..., count: int = ..., pad: int = ...) -> None: ...


class ioctl_gntdev_get_offset_for_vaddr(Struct):
    """Asks to which place in the file a mapping belongs.

    struct ioctl_gntdev_get_offset_for_vaddr; 24 bytes.
    """

    _fields_ = (
        ("vaddr", c_uint64),  # @0 __u64: virtual address in the mapping, bytes
        ("offset", c_uint64),  # @8 __u64: offset of the whole reservation, bytes
        ("count", c_uint32),  # @16 __u32: grants of the whole reservation
        ("pad", c_uint32),  # @20 __u32
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("vaddr", "offset", "count", "pad")

    if TYPE_CHECKING:
        vaddr: int
        offset: int
        count: int
        pad: int

        def __init__(
            self, vaddr: int = ..., offset: int = ..., count: int = ..., pad: int = ...,
        ) -> None: ...


class ioctl_gntdev_set_max_grants(Struct):
    """Limits the grants of a file; Linux no longer has it and answers ENOTTY.

    struct ioctl_gntdev_set_max_grants; 4 bytes.
    """

    _fields_ = (
        ("count", c_uint32),  # @0 __u32
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("count",)

    if TYPE_CHECKING:
        count: int

        def __init__(self, count: int = ...) -> None: ...


class ioctl_gntdev_unmap_notify(Struct):
    """What to do when a page is unmapped, so that the granter learns of a crash.

    struct ioctl_gntdev_unmap_notify; 16 bytes.
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


class gntdev_grant_copy_segment_source_foreign(Struct):
    """A place in a granted page.

    struct gntdev_grant_copy_segment_source_foreign; 8 bytes.
    """

    _fields_ = (
        ("ref", c_uint32),  # @0 grant_ref_t: grant reference of that domain
        ("offset", c_uint16),  # @4 __u16: byte in the granted page
        ("domid", c_uint16),  # @6 domid_t
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("ref", "offset", "domid")

    if TYPE_CHECKING:
        ref: int
        offset: int
        domid: int

        def __init__(self, ref: int = ..., offset: int = ..., domid: int = ...) -> None: ...


class gntdev_grant_copy_segment_source(Union):
    """union gntdev_grant_copy_segment_source; 8 bytes."""

    _fields_ = (
        ("virt", c_uint64),  # @0 void *: address of the caller's memory; may cross pages
        ("foreign", gntdev_grant_copy_segment_source_foreign),  # @0 struct
    )

    if TYPE_CHECKING:
        virt: int
        foreign: gntdev_grant_copy_segment_source_foreign

        def __init__(
            self, virt: int = ..., foreign: gntdev_grant_copy_segment_source_foreign = ...,
        ) -> None: ...


class gntdev_grant_copy_segment(Struct):
    """One copy between a grant and memory of the caller, or between two grants.

    struct gntdev_grant_copy_segment; 24 bytes.
    """

    _fields_ = (
        ("source", gntdev_grant_copy_segment_source),  # @0 union
        ("dest", gntdev_grant_copy_segment_source),  # @8 union
        ("len", c_uint16),  # @16 __u16: bytes; a granted page must not be left
        ("flags", c_uint16),  # @18 __u16
        ("status", c_int16),  # @20 __s16: the first failure of the segment
    )

    if TYPE_CHECKING:
        source: gntdev_grant_copy_segment_source
        dest: gntdev_grant_copy_segment_source
        len: int
        flags: int
        status: int

        def __init__(
            self, source: gntdev_grant_copy_segment_source = ...,
            dest: gntdev_grant_copy_segment_source = ..., len: int = ..., flags: int = ...,
            status: int = ...,
        ) -> None: ...


class ioctl_gntdev_grant_copy(Struct):
    """Copies segments in one call.

    struct ioctl_gntdev_grant_copy; 16 bytes.
    """

    _fields_ = (
        ("count", c_uint32),  # @0 unsigned int: segments
        ("segments", c_uint64),  # @8 gntdev_grant_copy_segment *
    )
    FORMAT = "<I4xQ"
    FORMAT_FIELDS = ("count", "segments")

    if TYPE_CHECKING:
        count: int
        segments: int

        def __init__(self, count: int = ..., segments: int = ...) -> None: ...


class ioctl_gntdev_dmabuf_exp_from_refs(Struct):
    """Makes a dma-buf of grants.

    struct ioctl_gntdev_dmabuf_exp_from_refs; 20 bytes.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 __u32
        ("count", c_uint32),  # @4 __u32: grants
        ("fd", c_uint32),  # @8 __u32: the dma-buf, as a file descriptor
        ("domid", c_uint32),  # @12 __u32
        ("refs", arr(c_uint32, 1)),  # @16 __u32: grant references, as many as count says
    )
    FORMAT = "<IIIII"
    FORMAT_FIELDS = ("flags", "count", "fd", "domid", "refs[0]")

    if TYPE_CHECKING:
        flags: int
        count: int
        fd: int
        domid: int
        refs: IntArrayField

        def __init__(
            self, flags: int = ..., count: int = ..., fd: int = ..., domid: int = ...,
            refs: Sequence[int] | IntArray = ...,
        ) -> None: ...


class ioctl_gntdev_dmabuf_exp_wait_released(Struct):
    """Waits until nobody uses such a dma-buf any more.

    struct ioctl_gntdev_dmabuf_exp_wait_released; 8 bytes.
    """

    _fields_ = (
        ("fd", c_uint32),  # @0 __u32: the dma-buf, as a file descriptor
        ("wait_to_ms", c_uint32),  # @4 __u32: ms, then ETIMEDOUT
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("fd", "wait_to_ms")

    if TYPE_CHECKING:
        fd: int
        wait_to_ms: int

        def __init__(self, fd: int = ..., wait_to_ms: int = ...) -> None: ...


class ioctl_gntdev_dmabuf_imp_to_refs(Struct):
    """Grants the pages of a dma-buf to another domain.

    struct ioctl_gntdev_dmabuf_imp_to_refs; 20 bytes.
    """

    _fields_ = (
        ("fd", c_uint32),  # @0 __u32: the dma-buf, as a file descriptor
        ("count", c_uint32),  # @4 __u32: grants
        ("domid", c_uint32),  # @8 __u32
        ("reserved", c_uint32),  # @12 __u32: must be 0
        ("refs", arr(c_uint32, 1)),  # @16 __u32: grant references, as many as count says
    )
    FORMAT = "<IIIII"
    FORMAT_FIELDS = ("fd", "count", "domid", "reserved", "refs[0]")

    if TYPE_CHECKING:
        fd: int
        count: int
        domid: int
        reserved: int
        refs: IntArrayField

        def __init__(
            self, fd: int = ..., count: int = ..., domid: int = ..., reserved: int = ...,
            refs: Sequence[int] | IntArray = ...,
        ) -> None: ...


class ioctl_gntdev_dmabuf_imp_release(Struct):
    """Ends the grants of a dma-buf.

    struct ioctl_gntdev_dmabuf_imp_release; 8 bytes.
    """

    _fields_ = (
        ("fd", c_uint32),  # @0 __u32: the dma-buf, as a file descriptor
        ("reserved", c_uint32),  # @4 __u32: must be 0
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("fd", "reserved")

    if TYPE_CHECKING:
        fd: int
        reserved: int

        def __init__(self, fd: int = ..., reserved: int = ...) -> None: ...
