# GENERATED from abi/grant_table.json (grant_table.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Grant tables: a domain lets others map or copy pages of its own (HYPERVISOR_grant_table_op).

grant_table.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int16, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

# GNTTAB_RESERVED: Entries that the toolstack fills: the console's page and xenstore's, of 8 kept
# for it.
GNTTAB_NR_RESERVED_ENTRIES = 8
GNTTAB_RESERVED_CONSOLE = 0
GNTTAB_RESERVED_XENSTORE = 1

# GTF: Type and state of an entry; reading and writing are set by Xen while the page is in use.
GTF_invalid = 0
GTF_permit_access = 1
GTF_accept_transfer = 2
GTF_transitive = 3

GTF_type_mask = 3  # The type of an entry
_GTF_readonly = 2

# GTF, more
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

# GTF_transfer: In an accept_transfer entry, in place of readonly and reading: Xen has begun, and
# frame is written.
GTF_transfer_committed = 4
_GTF_transfer_completed = 3
GTF_transfer_completed = 8

# GNTTABOP: Commands of grant_table_op, on an array of structures; each has one of its name.
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

# GNTCOPY: Which ends of a copy are granted pages; the others are the caller's frames.
GNTCOPY_source_gref = 1
_GNTCOPY_dest_gref = 1
GNTCOPY_dest_gref = 2

# GNTTAB_CACHE: What to do with cache lines: write back, drop; Xen refuses SOURCE_GREF.
GNTTAB_CACHE_CLEAN = 1
GNTTAB_CACHE_INVAL = 2
GNTTAB_CACHE_SOURCE_GREF = 0x80000000
_GNTMAP_device_map = 0

# GNTMAP: How to map: for devices, for processors, read-only, for the application too, host_addr is
# a PTE's.
GNTMAP_device_map = 1
_GNTMAP_host_map = 1
GNTMAP_host_map = 2
_GNTMAP_readonly = 2
GNTMAP_readonly = 4
_GNTMAP_application_map = 3
GNTMAP_application_map = 8
_GNTMAP_contains_pte = 4
GNTMAP_contains_pte = 16

# GNTMAP_BIT: Bit numbers of the GNTMAP_* flags; guest_avail0 is the lowest of those for the PTE.
_GNTMAP_guest_avail0 = 16

GNTMAP_guest_avail_mask = 0xffff0000  # Bits for the PTE that are the guest's to use (XENFEAT_gnttab_map_avail_bits)

# GNTST: How one operation went; the hypercall's own result is about the array.
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
    """A grant: who may use which frame, and how; 8 bytes, one word of flags for both sides.

    struct grant_entry_v1; 8 bytes.
    """

    _fields_ = (
        ("flags", c_uint16),  # @0 uint16_t
        ("domid", c_uint16),  # @2 domid_t: who may use the grant
        ("frame", c_uint32),  # @4 uint32_t: 4 KiB frame shared, or to receive into
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("flags", "domid", "frame")

    if TYPE_CHECKING:
        flags: int
        domid: int
        frame: int

        def __init__(self, flags: int = ..., domid: int = ..., frame: int = ...) -> None: ...


class grant_entry_header(Struct):
    """What entries of both versions begin with.

    struct grant_entry_header; 4 bytes.
    """

    _fields_ = (
        ("flags", c_uint16),  # @0 uint16_t
        ("domid", c_uint16),  # @2 domid_t: who may use the grant
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("flags", "domid")

    if TYPE_CHECKING:
        flags: int
        domid: int

        def __init__(self, flags: int = ..., domid: int = ...) -> None: ...


class grant_entry_v2_full_page(Struct):
    """A whole page, to share or to receive.

    struct grant_entry_v2_full_page; 16 bytes.
    """

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("pad0", c_uint32),  # @4 uint32_t
        ("frame", c_uint64),  # @8 uint64_t: 4 KiB frame shared, or to receive into
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
    """Part of a page, for copies only.

    struct grant_entry_v2_sub_page; 16 bytes.
    """

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("page_off", c_uint16),  # @4 uint16_t: bytes
        ("length", c_uint16),  # @6 uint16_t: bytes
        ("frame", c_uint64),  # @8 uint64_t: 4 KiB frame shared, or to receive into
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
    """Another domain's grant, passed on for copies only.

    struct grant_entry_v2_transitive; 12 bytes.
    """

    _fields_ = (
        ("hdr", grant_entry_header),  # @0 grant_entry_header_t
        ("trans_domid", c_uint16),  # @4 domid_t: whose page it is
        ("pad0", c_uint16),  # @6 uint16_t
        ("gref", c_uint32),  # @8 grant_ref_t: entry in that domain's table
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
    """A grant of version 2; Xen's own marks are in a status word elsewhere.

    union grant_entry_v2; 16 bytes.
    """

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
    """Maps a page that another domain grants.

    struct gnttab_map_grant_ref; 32 bytes.
    """

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t: where to map: guest-physical, PV virtual, or machine address of a PTE
        ("flags", c_uint32),  # @8 uint32_t
        ("ref", c_uint32),  # @12 grant_ref_t
        ("dom", c_uint16),  # @16 domid_t: who grants
        ("status", c_int16),  # @18 int16_t
        ("handle", c_uint32),  # @20 grant_handle_t: out: to unmap with
        ("dev_bus_addr", c_uint64),  # @24 uint64_t: out: machine address of the page
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
    """Ends a mapping of a granted page.

    struct gnttab_unmap_grant_ref; 24 bytes.
    """

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t: where it is mapped; 0: leave that mapping
        ("dev_bus_addr", c_uint64),  # @8 uint64_t: as map gave it; 0: leave the device mapping
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
    """Grows a grant table, and returns the frames of its entries.

    struct gnttab_setup_table; 24 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("nr_frames", c_uint32),  # @4 uint32_t: frames wanted, and entries of frame_list
        ("status", c_int16),  # @8 int16_t
        ("frame_list", HANDLE),  # @16 XEN_GUEST_HANDLE(xen_pfn_t): out: frames of the entries
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
    """Prints a grant table to Xen's console.

    struct gnttab_dump_table; 4 bytes.
    """

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
    """Gives a page to a domain that has granted to accept one (PV only).

    struct gnttab_transfer; 24 bytes.
    """

    _fields_ = (
        ("mfn", c_uint64),  # @0 xen_pfn_t: frame given away; gone on any error but bad_page
        ("domid", c_uint16),  # @8 domid_t: receiver
        ("ref", c_uint32),  # @12 grant_ref_t: its accept_transfer entry
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
    """One end of a copy: a granted page or one's own, and an offset.

    struct gnttab_copy_ptr; 16 bytes.
    """

    _fields_ = (
        ("u", gnttab_copy_ptr_u),  # @0 union
        ("domid", c_uint16),  # @8 domid_t: who grants, or whose frame: then only DOMID_SELF
        ("offset", c_uint16),  # @10 uint16_t: bytes into the page
    )

    if TYPE_CHECKING:
        u: gnttab_copy_ptr_u
        domid: int
        offset: int

        def __init__(
            self, u: gnttab_copy_ptr_u = ..., domid: int = ..., offset: int = ...,
        ) -> None: ...


class gnttab_copy(Struct):
    """Copies bytes between two pages, neither of which need be mapped.

    struct gnttab_copy; 40 bytes.
    """

    _fields_ = (
        ("source", gnttab_copy_ptr),  # @0 gnttab_copy_ptr
        ("dest", gnttab_copy_ptr),  # @16 gnttab_copy_ptr
        ("len", c_uint16),  # @32 uint16_t: bytes; must not leave either page
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
    """How many frames of entries a grant table has, and may have.

    struct gnttab_query_size; 16 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("nr_frames", c_uint32),  # @4 uint32_t: out: frames of entries now
        ("max_nr_frames", c_uint32),  # @8 uint32_t: out: frames of entries at most
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
    """Ends a mapping, and leaves another page's mapping in its place (PV).

    struct gnttab_unmap_and_replace; 24 bytes.
    """

    _fields_ = (
        ("host_addr", c_uint64),  # @0 uint64_t: virtual address of the mapping to end
        ("new_addr", c_uint64),  # @8 uint64_t: virtual address whose mapping moves here
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
    """Chooses the caller's entry format; no grant may be in use.

    struct gnttab_set_version; 4 bytes.
    """

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t: in: 1 or 2; out: the version in force
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("version",)

    if TYPE_CHECKING:
        version: int

        def __init__(self, version: int = ...) -> None: ...


class gnttab_get_status_frames(Struct):
    """The frames that hold the status words of version 2.

    struct gnttab_get_status_frames; 16 bytes.
    """

    _fields_ = (
        ("nr_frames", c_uint32),  # @0 uint32_t: entries of frame_list
        ("dom", c_uint16),  # @4 domid_t
        ("status", c_int16),  # @6 int16_t
        ("frame_list", HANDLE),  # @8 XEN_GUEST_HANDLE(uint64_t): out: frames of the status words
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
    """Which entry format a domain has.

    struct gnttab_get_version; 8 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("pad", c_uint16),  # @2 uint16_t
        ("version", c_uint32),  # @4 uint32_t: out: 1 or 2
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("dom", "pad", "version")

    if TYPE_CHECKING:
        dom: int
        pad: int
        version: int

        def __init__(self, dom: int = ..., pad: int = ..., version: int = ...) -> None: ...


class gnttab_swap_grant_ref(Struct):
    """Exchanges two entries of the caller that are not in use.

    struct gnttab_swap_grant_ref; 12 bytes.
    """

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
        ("dev_bus_addr", c_uint64),  # @0 uint64_t: machine address of the page
        ("ref", c_uint32),  # @0 grant_ref_t
    )

    if TYPE_CHECKING:
        dev_bus_addr: int
        ref: int

        def __init__(self, dev_bus_addr: int = ..., ref: int = ...) -> None: ...


class gnttab_cache_flush(Struct):
    """Cleans or drops cache lines of a page that is one's own or mapped (Arm).

    struct gnttab_cache_flush; 16 bytes.
    """

    _fields_ = (
        ("a", gnttab_cache_flush_a),  # @0 union
        ("offset", c_uint16),  # @8 uint16_t: bytes into the page
        ("length", c_uint16),  # @10 uint16_t: bytes
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
