# GENERATED from abi/grant_table.json (grant_table.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""grant_table.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_int16, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

GNTTAB_NR_RESERVED_ENTRIES = 8
GNTTAB_RESERVED_CONSOLE = 0
GNTTAB_RESERVED_XENSTORE = 1
GTF_invalid = 0
GTF_permit_access = 1
GTF_accept_transfer = 2
GTF_transitive = 3
GTF_type_mask = 3
_GTF_readonly = 2
GTF_readonly = 4
_GTF_reading = 3
GTF_reading = 8
_GTF_writing = 4
GTF_writing = 16
_GTF_PWT = 5
GTF_PWT = 32
_GTF_PCD = 6
GTF_PCD = 64
_GTF_PAT = 7
GTF_PAT = 128
_GTF_sub_page = 8
GTF_sub_page = 256
_GTF_transfer_committed = 2
GTF_transfer_committed = 4
_GTF_transfer_completed = 3
GTF_transfer_completed = 8
GNTTABOP_map_grant_ref = 0
GNTTABOP_unmap_grant_ref = 1
GNTTABOP_setup_table = 2
GNTTABOP_dump_table = 3
GNTTABOP_transfer = 4
GNTTABOP_copy = 5
GNTTABOP_query_size = 6
GNTTABOP_unmap_and_replace = 7
GNTTABOP_set_version = 8
GNTTABOP_get_status_frames = 9
GNTTABOP_get_version = 10
GNTTABOP_swap_grant_ref = 11
GNTTABOP_cache_flush = 12
_GNTCOPY_source_gref = 0
GNTCOPY_source_gref = 1
_GNTCOPY_dest_gref = 1
GNTCOPY_dest_gref = 2
GNTTAB_CACHE_CLEAN = 1
GNTTAB_CACHE_INVAL = 2
GNTTAB_CACHE_SOURCE_GREF = 0x80000000
_GNTMAP_device_map = 0
GNTMAP_device_map = 1
_GNTMAP_host_map = 1
GNTMAP_host_map = 2
_GNTMAP_readonly = 2
GNTMAP_readonly = 4
_GNTMAP_application_map = 3
GNTMAP_application_map = 8
_GNTMAP_contains_pte = 4
GNTMAP_contains_pte = 16
_GNTMAP_guest_avail0 = 16
GNTMAP_guest_avail_mask = 0xffff0000
GNTST_okay = 0
GNTST_general_error = -1
GNTST_bad_domain = -2
GNTST_bad_gntref = -3
GNTST_bad_handle = -4
GNTST_bad_virt_addr = -5
GNTST_bad_dev_addr = -6
GNTST_no_device_space = -7
GNTST_permission_denied = -8
GNTST_bad_page = -9
GNTST_bad_copy_arg = -10
GNTST_address_too_big = -11
GNTST_eagain = -12
GNTST_no_space = -13  # not in 4.14


class grant_entry_v1(Struct):
    """struct grant_entry_v1; 8 bytes."""

    _fields_ = (
        ("flags", c_uint16),  # @0 uint16_t
        ("domid", c_uint16),  # @2 domid_t
        ("frame", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("flags", "domid", "frame")

    if TYPE_CHECKING:
        flags: int
        domid: int
        frame: int

        def __init__(self, flags: int = ..., domid: int = ..., frame: int = ...) -> None: ...


class grant_entry_header(Struct):
    """struct grant_entry_header; 4 bytes."""

    _fields_ = (
        ("flags", c_uint16),  # @0 uint16_t
        ("domid", c_uint16),  # @2 domid_t
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("flags", "domid")

    if TYPE_CHECKING:
        flags: int
        domid: int

        def __init__(self, flags: int = ..., domid: int = ...) -> None: ...


class grant_entry_v2_full_page(Struct):
    """struct grant_entry_v2_full_page; 16 bytes."""

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("pad0", c_uint32),  # @4 uint32_t
        ("frame", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<HHIQ"
    FORMAT_FIELDS = ("hdr.flags", "hdr.domid", "pad0", "frame")

    if TYPE_CHECKING:
        hdr: grant_entry_header
        pad0: int
        frame: int

        def __init__(
            self, hdr: grant_entry_header = ..., pad0: int = ..., frame: int = ...,
        ) -> None: ...


class grant_entry_v2_sub_page(Struct):
    """struct grant_entry_v2_sub_page; 16 bytes."""

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("page_off", c_uint16),  # @4 uint16_t
        ("length", c_uint16),  # @6 uint16_t
        ("frame", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<HHHHQ"
    FORMAT_FIELDS = ("hdr.flags", "hdr.domid", "page_off", "length", "frame")

    if TYPE_CHECKING:
        hdr: grant_entry_header
        page_off: int
        length: int
        frame: int

        def __init__(
            self, hdr: grant_entry_header = ..., page_off: int = ..., length: int = ...,
            frame: int = ...,
        ) -> None: ...


class grant_entry_v2_transitive(Struct):
    """struct grant_entry_v2_transitive; 12 bytes."""

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("trans_domid", c_uint16),  # @4 domid_t
        ("pad0", c_uint16),  # @6 uint16_t
        ("gref", c_uint32),  # @8 grant_ref_t
    )
    FORMAT = "<HHHHI"
    FORMAT_FIELDS = ("hdr.flags", "hdr.domid", "trans_domid", "pad0", "gref")

    if TYPE_CHECKING:
        hdr: grant_entry_header
        trans_domid: int
        pad0: int
        gref: int

        def __init__(
            self, hdr: grant_entry_header = ..., trans_domid: int = ..., pad0: int = ...,
            gref: int = ...,
        ) -> None: ...


class grant_entry_v2(Union):
    """union grant_entry_v2; 16 bytes."""

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("full_page", grant_entry_v2_full_page),  # @0 struct
        ("sub_page", grant_entry_v2_sub_page),  # @0 struct
        ("transitive", grant_entry_v2_transitive),  # @0 struct
        ("__spacer", arr(c_uint32, 4)),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        hdr: grant_entry_header
        full_page: grant_entry_v2_full_page
        sub_page: grant_entry_v2_sub_page
        transitive: grant_entry_v2_transitive
        spacer: IntArrayField

        def __init__(
            self, hdr: grant_entry_header = ..., full_page: grant_entry_v2_full_page = ...,
            sub_page: grant_entry_v2_sub_page = ..., transitive: grant_entry_v2_transitive = ...,
            spacer: Sequence[int] | IntArray = ...,
        ) -> None: ...


class gnttab_map_grant_ref(Struct):
    """struct gnttab_map_grant_ref; 32 bytes."""

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t
        ("flags", c_uint32),  # @8 uint32_t
        ("ref", c_uint32),  # @12 grant_ref_t
        ("dom", c_uint16),  # @16 domid_t
        ("status", c_int16),  # @18 int16_t
        ("handle", c_uint32),  # @20 grant_handle_t
        ("dev_bus_addr", c_uint64),  # @24 uint64_t
    )
    FORMAT = "<QIIHhIQ"
    FORMAT_FIELDS = ("host_addr", "flags", "ref", "dom", "status", "handle", "dev_bus_addr")

    if TYPE_CHECKING:
        host_addr: int
        flags: int
        ref: int
        dom: int
        status: int
        handle: int
        dev_bus_addr: int

        def __init__(
            self, host_addr: int = ..., flags: int = ..., ref: int = ..., dom: int = ...,
            status: int = ..., handle: int = ..., dev_bus_addr: int = ...,
        ) -> None: ...


class gnttab_unmap_grant_ref(Struct):
    """struct gnttab_unmap_grant_ref; 24 bytes."""

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t
        ("dev_bus_addr", c_uint64),  # @8 uint64_t
        ("handle", c_uint32),  # @16 grant_handle_t
        ("status", c_int16),  # @20 int16_t
    )
    FORMAT = "<QQIh2x"
    FORMAT_FIELDS = ("host_addr", "dev_bus_addr", "handle", "status")

    if TYPE_CHECKING:
        host_addr: int
        dev_bus_addr: int
        handle: int
        status: int

        def __init__(
            self, host_addr: int = ..., dev_bus_addr: int = ..., handle: int = ...,
            status: int = ...,
        ) -> None: ...


class gnttab_setup_table(Struct):
    """struct gnttab_setup_table; 24 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("nr_frames", c_uint32),  # @4 uint32_t
        ("status", c_int16),  # @8 int16_t
        ("frame_list", HANDLE),  # @16 XEN_GUEST_HANDLE(xen_pfn_t)
    )
    FORMAT = "<H2xIh6xQ"
    FORMAT_FIELDS = ("dom", "nr_frames", "status", "frame_list")

    if TYPE_CHECKING:
        dom: int
        nr_frames: int
        status: int
        frame_list: HandleField

        def __init__(
            self, dom: int = ..., nr_frames: int = ..., status: int = ...,
            frame_list: XenMemory | None = ...,
        ) -> None: ...


class gnttab_dump_table(Struct):
    """struct gnttab_dump_table; 4 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("status", c_int16),  # @2 int16_t
    )
    FORMAT = "<Hh"
    FORMAT_FIELDS = ("dom", "status")

    if TYPE_CHECKING:
        dom: int
        status: int

        def __init__(self, dom: int = ..., status: int = ...) -> None: ...


class gnttab_transfer(Struct):
    """struct gnttab_transfer; 24 bytes."""

    _fields_ = (
        ("mfn", c_uint64),  # @0 xen_pfn_t
        ("domid", c_uint16),  # @8 domid_t
        ("ref", c_uint32),  # @12 grant_ref_t
        ("status", c_int16),  # @16 int16_t
    )
    FORMAT = "<QH2xIh6x"
    FORMAT_FIELDS = ("mfn", "domid", "ref", "status")

    if TYPE_CHECKING:
        mfn: int
        domid: int
        ref: int
        status: int

        def __init__(
            self, mfn: int = ..., domid: int = ..., ref: int = ..., status: int = ...,
        ) -> None: ...


class gnttab_copy_ptr_u(Union):
    """union gnttab_copy_ptr_u; 8 bytes."""

    _fields_ = (
        ("ref", c_uint32),  # @0 grant_ref_t
        ("gmfn", c_uint64),  # @0 xen_pfn_t
    )

    if TYPE_CHECKING:
        ref: int
        gmfn: int

        def __init__(self, ref: int = ..., gmfn: int = ...) -> None: ...


class gnttab_copy_ptr(Struct):
    """struct gnttab_copy_ptr; 16 bytes."""

    _fields_ = (
        ("u", gnttab_copy_ptr_u),  # @0 union
        ("domid", c_uint16),  # @8 domid_t
        ("offset", c_uint16),  # @10 uint16_t
    )

    if TYPE_CHECKING:
        u: gnttab_copy_ptr_u
        domid: int
        offset: int

        def __init__(
            self, u: gnttab_copy_ptr_u = ..., domid: int = ..., offset: int = ...,
        ) -> None: ...


class gnttab_copy(Struct):
    """struct gnttab_copy; 40 bytes."""

    _fields_ = (
        ("source", gnttab_copy_ptr),  # @0 gnttab_copy_ptr
        ("dest", gnttab_copy_ptr),  # @16 gnttab_copy_ptr
        ("len", c_uint16),  # @32 uint16_t
        ("flags", c_uint16),  # @34 uint16_t
        ("status", c_int16),  # @36 int16_t
    )

    if TYPE_CHECKING:
        source: gnttab_copy_ptr
        dest: gnttab_copy_ptr
        len: int
        flags: int
        status: int

        def __init__(
            self, source: gnttab_copy_ptr = ..., dest: gnttab_copy_ptr = ..., len: int = ...,
            flags: int = ..., status: int = ...,
        ) -> None: ...


class gnttab_query_size(Struct):
    """struct gnttab_query_size; 16 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("nr_frames", c_uint32),  # @4 uint32_t
        ("max_nr_frames", c_uint32),  # @8 uint32_t
        ("status", c_int16),  # @12 int16_t
    )
    FORMAT = "<H2xIIh2x"
    FORMAT_FIELDS = ("dom", "nr_frames", "max_nr_frames", "status")

    if TYPE_CHECKING:
        dom: int
        nr_frames: int
        max_nr_frames: int
        status: int

        def __init__(
            self, dom: int = ..., nr_frames: int = ..., max_nr_frames: int = ..., status: int = ...,
        ) -> None: ...


class gnttab_unmap_and_replace(Struct):
    """struct gnttab_unmap_and_replace; 24 bytes."""

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t
        ("new_addr", c_uint64),  # @8 uint64_t
        ("handle", c_uint32),  # @16 grant_handle_t
        ("status", c_int16),  # @20 int16_t
    )
    FORMAT = "<QQIh2x"
    FORMAT_FIELDS = ("host_addr", "new_addr", "handle", "status")

    if TYPE_CHECKING:
        host_addr: int
        new_addr: int
        handle: int
        status: int

        def __init__(
            self, host_addr: int = ..., new_addr: int = ..., handle: int = ..., status: int = ...,
        ) -> None: ...


class gnttab_set_version(Struct):
    """struct gnttab_set_version; 4 bytes."""

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("version",)

    if TYPE_CHECKING:
        version: int

        def __init__(self, version: int = ...) -> None: ...


class gnttab_get_status_frames(Struct):
    """struct gnttab_get_status_frames; 16 bytes."""

    _fields_ = (
        ("nr_frames", c_uint32),  # @0 uint32_t
        ("dom", c_uint16),  # @4 domid_t
        ("status", c_int16),  # @6 int16_t
        ("frame_list", HANDLE),  # @8 XEN_GUEST_HANDLE(uint64_t)
    )
    FORMAT = "<IHhQ"
    FORMAT_FIELDS = ("nr_frames", "dom", "status", "frame_list")

    if TYPE_CHECKING:
        nr_frames: int
        dom: int
        status: int
        frame_list: HandleField

        def __init__(
            self, nr_frames: int = ..., dom: int = ..., status: int = ...,
            frame_list: XenMemory | None = ...,
        ) -> None: ...


class gnttab_get_version(Struct):
    """struct gnttab_get_version; 8 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("pad", c_uint16),  # @2 uint16_t
        ("version", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("dom", "pad", "version")

    if TYPE_CHECKING:
        dom: int
        pad: int
        version: int

        def __init__(self, dom: int = ..., pad: int = ..., version: int = ...) -> None: ...


class gnttab_swap_grant_ref(Struct):
    """struct gnttab_swap_grant_ref; 12 bytes."""

    _fields_ = (
        ("ref_a", c_uint32),  # @0 grant_ref_t
        ("ref_b", c_uint32),  # @4 grant_ref_t
        ("status", c_int16),  # @8 int16_t
    )
    FORMAT = "<IIh2x"
    FORMAT_FIELDS = ("ref_a", "ref_b", "status")

    if TYPE_CHECKING:
        ref_a: int
        ref_b: int
        status: int

        def __init__(self, ref_a: int = ..., ref_b: int = ..., status: int = ...) -> None: ...


class gnttab_cache_flush_a(Union):
    """union gnttab_cache_flush_a; 8 bytes."""

    _fields_ = (
        ("dev_bus_addr", c_uint64),  # @0 uint64_t
        ("ref", c_uint32),  # @0 grant_ref_t
    )

    if TYPE_CHECKING:
        dev_bus_addr: int
        ref: int

        def __init__(self, dev_bus_addr: int = ..., ref: int = ...) -> None: ...


class gnttab_cache_flush(Struct):
    """struct gnttab_cache_flush; 16 bytes."""

    _fields_ = (
        ("a", gnttab_cache_flush_a),  # @0 union
        ("offset", c_uint16),  # @8 uint16_t
        ("length", c_uint16),  # @10 uint16_t
        ("op", c_uint32),  # @12 uint32_t
    )

    if TYPE_CHECKING:
        a: gnttab_cache_flush_a
        offset: int
        length: int
        op: int

        def __init__(
            self, a: gnttab_cache_flush_a = ..., offset: int = ..., length: int = ...,
            op: int = ...,
        ) -> None: ...


grant_ref_t = c_uint32
grant_entry_v1_t = grant_entry_v1
grant_entry_header_t = grant_entry_header
grant_entry_v2_t = grant_entry_v2
grant_status_t = c_uint16
grant_handle_t = c_uint32
gnttab_map_grant_ref_t = gnttab_map_grant_ref
gnttab_unmap_grant_ref_t = gnttab_unmap_grant_ref
gnttab_setup_table_t = gnttab_setup_table
gnttab_dump_table_t = gnttab_dump_table
gnttab_transfer_t = gnttab_transfer
gnttab_copy_t = gnttab_copy
gnttab_query_size_t = gnttab_query_size
gnttab_unmap_and_replace_t = gnttab_unmap_and_replace
gnttab_set_version_t = gnttab_set_version
gnttab_get_status_frames_t = gnttab_get_status_frames
gnttab_get_version_t = gnttab_get_version
gnttab_swap_grant_ref_t = gnttab_swap_grant_ref
gnttab_cache_flush_t = gnttab_cache_flush
