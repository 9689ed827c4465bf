# GENERATED from abi/memory.json (memory.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Memory of domains: reservations, the physmap, maps, paging, sharing, resources (HYPERVISOR_memory_op).

memory.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr, fitting
from .physdev import physdev_pci_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

# XENMEM_access: Access that raises no event; rx2rw and n2rwx change at the first violation, in r_pw
# page walks may write.
XENMEM_access_n = 0  # __XEN_TOOLS__
XENMEM_access_r = 1  # __XEN_TOOLS__
XENMEM_access_w = 2  # __XEN_TOOLS__
XENMEM_access_rw = 3  # __XEN_TOOLS__
XENMEM_access_x = 4  # __XEN_TOOLS__
XENMEM_access_rx = 5  # __XEN_TOOLS__
XENMEM_access_wx = 6  # __XEN_TOOLS__
XENMEM_access_rwx = 7  # __XEN_TOOLS__
XENMEM_access_rx2rw = 8  # __XEN_TOOLS__
XENMEM_access_n2rwx = 9  # __XEN_TOOLS__
XENMEM_access_r_pw = 10  # __XEN_TOOLS__; not in 4.17, 4.14
XENMEM_access_default = 11  # __XEN_TOOLS__; otherwise in 4.17, 4.14

# XENMEM: Commands of memory_op.
XENMEM_increase_reservation = 0
XENMEM_decrease_reservation = 1
XENMEM_populate_physmap = 6

# XENMEMF: How memory is allocated, above address bits (7:0) and NUMA node + 1 (15:8) in mem_flags.
XENMEMF_populate_on_demand = 0x10000
XENMEMF_exact_node_request = 0x20000
XENMEMF_vnode = 0x40000

# XENMEM, more
XENMEM_exchange = 11
XENMEM_maximum_ram_page = 2
XENMEM_current_reservation = 3
XENMEM_maximum_reservation = 4
XENMEM_maximum_gpfn = 14
XENMEM_machphys_mfn_list = 5
XENMEM_machphys_compat_mfn_list = 25
XENMEM_machphys_mapping = 12

# XENMAPSPACE: Where a page for a physmap comes from.
XENMAPSPACE_shared_info = 0
XENMAPSPACE_grant_table = 1
XENMAPSPACE_gmfn = 2
XENMAPSPACE_gmfn_range = 3
XENMAPSPACE_gmfn_foreign = 4
XENMAPSPACE_dev_mmio = 5

# XENMEM, more
XENMEM_add_to_physmap = 7

XENMAPIDX_grant_table_status = 0x80000000  # In an index into the grant table: a frame of status words

# XENMEM, more
XENMEM_add_to_physmap_batch = 23
XENMEM_remove_from_physmap = 15
XENMEM_memory_map = 9
XENMEM_machine_memory_map = 10
XENMEM_set_memory_map = 13
XENMEM_set_pod_target = 16
XENMEM_get_pod_target = 17
XENMEM_get_sharing_freed_pages = 18  # __XEN_TOOLS__
XENMEM_get_sharing_shared_pages = 19  # __XEN_TOOLS__
XENMEM_paging_op = 20  # __XEN_TOOLS__

# XENMEM_paging_op: Paging steps: pick a frame, take its memory, give it memory again.
XENMEM_paging_op_nominate = 0  # __XEN_TOOLS__
XENMEM_paging_op_evict = 1  # __XEN_TOOLS__
XENMEM_paging_op_prep = 2  # __XEN_TOOLS__

# XENMEM, more
XENMEM_access_op = 21  # __XEN_TOOLS__

# XENMEM_access_op: What to do with access rights: set a range, ask, set a list.
XENMEM_access_op_set_access = 0  # __XEN_TOOLS__
XENMEM_access_op_get_access = 1  # __XEN_TOOLS__
XENMEM_access_op_set_access_multi = 4  # __XEN_TOOLS__

# XENMEM, more
XENMEM_sharing_op = 22  # __XEN_TOOLS__

# XENMEM_sharing_op: Sharing steps: nominate, share, debug, fork.
XENMEM_sharing_op_nominate_gfn = 0  # __XEN_TOOLS__
XENMEM_sharing_op_nominate_gref = 1  # __XEN_TOOLS__
XENMEM_sharing_op_share = 2  # __XEN_TOOLS__
XENMEM_sharing_op_debug_gfn = 3  # __XEN_TOOLS__
XENMEM_sharing_op_debug_mfn = 4  # __XEN_TOOLS__
XENMEM_sharing_op_debug_gref = 5  # __XEN_TOOLS__
XENMEM_sharing_op_add_physmap = 6  # __XEN_TOOLS__
XENMEM_sharing_op_audit = 7  # __XEN_TOOLS__
XENMEM_sharing_op_range_share = 8  # __XEN_TOOLS__
XENMEM_sharing_op_fork = 9  # __XEN_TOOLS__
XENMEM_sharing_op_fork_reset = 10  # __XEN_TOOLS__

# XENMEM_SHARING_OP_HANDLE: What share returns for a stale source or client handle; they look like
# -ECHILD and -EBADF.
XENMEM_SHARING_OP_S_HANDLE_INVALID = -10  # __XEN_TOOLS__
XENMEM_SHARING_OP_C_HANDLE_INVALID = -9  # __XEN_TOOLS__

XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG = 0x4000000000000000  # In source_gfn or client_gfn: a grant reference, not a frame; __XEN_TOOLS__

# XENMEM_FORK: The first two are for fork, the RESET ones for fork_reset.
XENMEM_FORK_WITH_IOMMU_ALLOWED = 1  # __XEN_TOOLS__
XENMEM_FORK_BLOCK_INTERRUPTS = 2  # __XEN_TOOLS__
XENMEM_FORK_RESET_STATE = 4  # __XEN_TOOLS__; not in 4.14
XENMEM_FORK_RESET_MEMORY = 8  # __XEN_TOOLS__; not in 4.14

# XENMEM, more
XENMEM_claim_pages = 24  # __XEN_TOOLS__
XENMEM_reserved_device_memory_map = 27  # __XEN_TOOLS__

# XENMEM_RDM: Which reserved ranges are asked for: without a flag, those of one device.
XENMEM_RDM_ALL = 1  # __XEN_TOOLS__

# XENMEM, more
XENMEM_acquire_resource = 28

# XENMEM_resource: What frames of another domain are acquired.
XENMEM_resource_ioreq_server = 0
XENMEM_resource_grant_table = 1
XENMEM_resource_vmtrace_buf = 2  # not in 4.14

# XENMEM_resource_grant_table_id: Which frames of a grant table: the entries, or version 2's status
# words.
XENMEM_resource_grant_table_id_shared = 0
XENMEM_resource_grant_table_id_status = 1

XENMEM_resource_ioreq_server_frame_bufioreq = 0  # Frame of the buffered ring; those of synchronous requests follow

# XENMEM, more
XENMEM_get_vnumainfo = 26


class xen_memory_reservation(Struct):
    """Extents of memory to allocate, to give back, or to put under guest frames.

    struct xen_memory_reservation; 32 bytes.
    """

    _fields_ = (
        ("extent_start", HANDLE),  # @0 XEN_GUEST_HANDLE(xen_pfn_t): first frame of each extent; NULL for claim_pages
        ("nr_extents", c_uint64),  # @8 xen_ulong_t
        ("extent_order", c_uint32),  # @16 unsigned int: an extent is 2**extent_order 4 KiB frames
        ("mem_flags", c_uint32),  # @20 unsigned int: bits 7:0 widest address (0: any), 15:8 NUMA node + 1 (0: any)
        ("domid", c_uint16),  # @24 domid_t
    )
    FORMAT = "<QQIIH6x"
    FORMAT_FIELDS = ("extent_start", "nr_extents", "extent_order", "mem_flags", "domid")

    if TYPE_CHECKING:
        extent_start: HandleField
        nr_extents: int
        extent_order: int
        mem_flags: int
        domid: int

        def __init__(
            self, extent_start: XenMemory | None = ..., nr_extents: int = ...,
            extent_order: int = ..., mem_flags: int = ..., domid: int = ...,
        ) -> None: ...


class xen_memory_exchange(Struct):
    """Swaps extents of a PV domain for others of the same total size.

    struct xen_memory_exchange; 72 bytes.
    """

    _fields_ = (
        ("in_", xen_memory_reservation),  # @0 xen_memory_reservation: extents given away
        ("out", xen_memory_reservation),  # @32 xen_memory_reservation: in: guest frames to fill; out: their machine frames
        ("nr_exchanged", c_uint64),  # @64 xen_ulong_t: in: 0; out: extents of `in` that are gone
    )
    FORMAT = "<QQIIH6xQQIIH6xQ"
    FORMAT_FIELDS = (
        "in_.extent_start", "in_.nr_extents", "in_.extent_order", "in_.mem_flags", "in_.domid",
        "out.extent_start", "out.nr_extents", "out.extent_order", "out.mem_flags", "out.domid",
        "nr_exchanged",
    )

    if TYPE_CHECKING:
        in_: xen_memory_reservation
        out: xen_memory_reservation
        nr_exchanged: int

        def __init__(
            self, in_: xen_memory_reservation = ..., out: xen_memory_reservation = ...,
            nr_exchanged: int = ...,
        ) -> None: ...


class xen_memory_domain(Struct):
    """The domain whose memory limits are asked for.

    struct xen_memory_domain; 2 bytes. not in 4.14.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("domid",)

    if TYPE_CHECKING:
        domid: int

        def __init__(self, domid: int = ...) -> None: ...


class xen_machphys_mfn_list(Struct):
    """Where the machine-to-physical table lies in memory, in 2 MiB pieces (x86).

    struct xen_machphys_mfn_list; 24 bytes.
    """

    _fields_ = (
        ("max_extents", c_uint32),  # @0 unsigned int: in: entries of extent_start
        ("extent_start", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_pfn_t): out: first machine frame of each 2 MiB; 0: a gap
        ("nr_extents", c_uint32),  # @16 unsigned int: out: entries filled
    )
    FORMAT = "<I4xQI4x"
    FORMAT_FIELDS = ("max_extents", "extent_start", "nr_extents")

    if TYPE_CHECKING:
        max_extents: int
        extent_start: HandleField
        nr_extents: int

        def __init__(
            self, max_extents: int = ..., extent_start: XenMemory | None = ...,
            nr_extents: int = ...,
        ) -> None: ...


class xen_machphys_mapping(Struct):
    """Where a PV guest sees the machine-to-physical table, and its last frame (x86).

    struct xen_machphys_mapping; 24 bytes.
    """

    _fields_ = (
        ("v_start", c_uint64),  # @0 xen_ulong_t: virtual address
        ("v_end", c_uint64),  # @8 xen_ulong_t: virtual address past the end
        ("max_mfn", c_uint64),  # @16 xen_ulong_t: last machine frame in the table
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("v_start", "v_end", "max_mfn")

    if TYPE_CHECKING:
        v_start: int
        v_end: int
        max_mfn: int

        def __init__(self, v_start: int = ..., v_end: int = ..., max_mfn: int = ...) -> None: ...


class xen_add_to_physmap(Struct):
    """Puts one page into a domain's physmap; a run of them with gmfn_range.

    struct xen_add_to_physmap; 24 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("size", c_uint16),  # @2 uint16_t: frames, for gmfn_range only
        ("space", c_uint32),  # @4 unsigned int
        ("idx", c_uint64),  # @8 xen_ulong_t: index in that space: a grant table frame, a guest frame
        ("gpfn", c_uint64),  # @16 xen_pfn_t: guest frame where the page shall be
    )
    FORMAT = "<HHIQQ"
    FORMAT_FIELDS = ("domid", "size", "space", "idx", "gpfn")

    if TYPE_CHECKING:
        domid: int
        size: int
        space: int
        idx: int
        gpfn: int

        def __init__(
            self, domid: int = ..., size: int = ..., space: int = ..., idx: int = ...,
            gpfn: int = ...,
        ) -> None: ...


class xen_add_to_physmap_batch_extra(Union):
    """What a space needs beside the index: the owner of foreign frames.

    union xen_add_to_physmap_batch_extra; 2 bytes.
    """

    _fields_ = (
        ("foreign_domid", c_uint16),  # @0 domid_t: owner of the frames, with gmfn_foreign
        ("res0", c_uint16),  # @0 uint16_t: 0 with every other space
    )

    if TYPE_CHECKING:
        foreign_domid: int
        res0: int

        def __init__(self, foreign_domid: int = ..., res0: int = ...) -> None: ...


class xen_add_to_physmap_batch(Struct):
    """Puts pages into a domain's physmap, with an errno for each.

    struct xen_add_to_physmap_batch; 32 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("space", c_uint16),  # @2 uint16_t
        ("size", c_uint16),  # @4 uint16_t: entries of idxs, gpfns and errs
        ("u", xen_add_to_physmap_batch_extra),  # @6 xen_add_to_physmap_batch_extra
        ("idxs", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_ulong_t): index in that space, of each page
        ("gpfns", HANDLE),  # @16 XEN_GUEST_HANDLE(xen_pfn_t): guest frame where each page shall be
        ("errs", HANDLE),  # @24 XEN_GUEST_HANDLE(int): out: 0 or a negative errno for each; the call itself may return 0
    )

    if TYPE_CHECKING:
        domid: int
        space: int
        size: int
        u: xen_add_to_physmap_batch_extra
        idxs: HandleField
        gpfns: HandleField
        errs: HandleField

        def __init__(
            self, domid: int = ..., space: int = ..., size: int = ...,
            u: xen_add_to_physmap_batch_extra = ..., idxs: XenMemory | None = ...,
            gpfns: XenMemory | None = ..., errs: XenMemory | None = ...,
        ) -> None: ...


class xen_remove_from_physmap(Struct):
    """Takes the page at one guest frame out of a domain's physmap.

    struct xen_remove_from_physmap; 16 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("gpfn", c_uint64),  # @8 xen_pfn_t
    )
    FORMAT = "<H6xQ"
    FORMAT_FIELDS = ("domid", "gpfn")

    if TYPE_CHECKING:
        domid: int
        gpfn: int

        def __init__(self, domid: int = ..., gpfn: int = ...) -> None: ...


class xen_memory_map(Struct):
    """A buffer for E820 entries: a domain's memory map or the host's (x86).

    struct xen_memory_map; 16 bytes.
    """

    _fields_ = (
        ("nr_entries", c_uint32),  # @0 unsigned int: in: room; out: entries copied, or (no buffer) needed
        ("buffer", HANDLE),  # @8 XEN_GUEST_HANDLE(void): E820 entries of 20 bytes: address and length (u64), type (u32)
    )
    FORMAT = "<I4xQ"
    FORMAT_FIELDS = ("nr_entries", "buffer")

    if TYPE_CHECKING:
        nr_entries: int
        buffer: HandleField

        def __init__(self, nr_entries: int = ..., buffer: XenMemory | None = ...) -> None: ...


class xen_foreign_memory_map(Struct):
    """The E820 entries that a domain is to be told of (x86).

    struct xen_foreign_memory_map; 24 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("map", xen_memory_map),  # @8 xen_memory_map
    )
    FORMAT = "<H6xI4xQ"
    FORMAT_FIELDS = ("domid", "map.nr_entries", "map.buffer")

    if TYPE_CHECKING:
        domid: int
        map: xen_memory_map

        def __init__(self, domid: int = ..., map: xen_memory_map = ...) -> None: ...


class xen_pod_target(Struct):
    """How much memory a populate-on-demand domain shall have, and has (x86 HVM).

    struct xen_pod_target; 40 bytes.
    """

    _fields_ = (
        ("target_pages", c_uint64),  # @0 uint64_t: in: 4 KiB pages wanted, for set
        ("tot_pages", c_uint64),  # @8 uint64_t: out: 4 KiB pages allocated
        ("pod_cache_pages", c_uint64),  # @16 uint64_t: out: pages kept for frames not yet touched
        ("pod_entries", c_uint64),  # @24 uint64_t: out: guest frames without memory so far
        ("domid", c_uint16),  # @32 domid_t
    )
    FORMAT = "<QQQQH6x"
    FORMAT_FIELDS = ("target_pages", "tot_pages", "pod_cache_pages", "pod_entries", "domid")

    if TYPE_CHECKING:
        target_pages: int
        tot_pages: int
        pod_cache_pages: int
        pod_entries: int
        domid: int

        def __init__(
            self, target_pages: int = ..., tot_pages: int = ..., pod_cache_pages: int = ...,
            pod_entries: int = ..., domid: int = ...,
        ) -> None: ...


class xen_mem_paging_op(Struct):
    """One step in paging a guest frame out or in.

    struct xen_mem_paging_op; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("domain", c_uint16),  # @2 domid_t
        ("buffer", HANDLE),  # @8 XEN_GUEST_HANDLE(const_uint8): prep: a page of content, or NULL
        ("gfn", c_uint64),  # @16 uint64_t
    )
    FORMAT = "<BxH4xQQ"
    FORMAT_FIELDS = ("op", "domain", "buffer", "gfn")

    if TYPE_CHECKING:
        op: int
        domain: int
        buffer: HandleField
        gfn: int

        def __init__(
            self, op: int = ..., domain: int = ..., buffer: XenMemory | None = ..., gfn: int = ...,
        ) -> None: ...


class xen_mem_access_op(Struct):
    """Sets or asks which accesses to frames are allowed and which raise an event.

    struct xen_mem_access_op; 32 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("access", c_uint8),  # @1 uint8_t
        ("domid", c_uint16),  # @2 domid_t
        ("nr", c_uint32),  # @4 uint32_t: frames from pfn, or entries of pfn_list
        ("pfn", c_uint64),  # @8 uint64_t: guest frame; all ones: the domain's default
        ("pfn_list", HANDLE),  # @16 XEN_GUEST_HANDLE(const_uint64)
        ("access_list", HANDLE),  # @24 XEN_GUEST_HANDLE(const_uint8): an XENMEM_access_* byte for each of pfn_list
    )
    FORMAT = "<BBHIQQQ"
    FORMAT_FIELDS = ("op", "access", "domid", "nr", "pfn", "pfn_list", "access_list")

    if TYPE_CHECKING:
        op: int
        access: int
        domid: int
        nr: int
        pfn: int
        pfn_list: HandleField
        access_list: HandleField

        def __init__(
            self, op: int = ..., access: int = ..., domid: int = ..., nr: int = ..., pfn: int = ...,
            pfn_list: XenMemory | None = ..., access_list: XenMemory | None = ...,
        ) -> None: ...


class mem_sharing_op_nominate_u(Union):
    """union mem_sharing_op_nominate_u; 8 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t
        ("grant_ref", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        gfn: int
        grant_ref: int

        def __init__(self, gfn: int = ..., grant_ref: int = ...) -> None: ...


class mem_sharing_op_nominate(Struct):
    """Makes a page sharable, and returns its handle.

    struct mem_sharing_op_nominate; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("u", mem_sharing_op_nominate_u),  # @0 union
        ("handle", c_uint64),  # @8 uint64_t: out: stands for the page as it is now
    )

    if TYPE_CHECKING:
        u: mem_sharing_op_nominate_u
        handle: int

        def __init__(self, u: mem_sharing_op_nominate_u = ..., handle: int = ...) -> None: ...


class mem_sharing_op_share(Struct):
    """Makes two nominated pages, or a page and a hole, one.

    struct mem_sharing_op_share; 40 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("source_gfn", c_uint64),  # @0 uint64_t: guest frame, or a grant reference with its flag
        ("source_handle", c_uint64),  # @8 uint64_t
        ("client_gfn", c_uint64),  # @16 uint64_t: guest frame, or a grant reference with its flag
        ("client_handle", c_uint64),  # @24 uint64_t
        ("client_domain", c_uint16),  # @32 domid_t
    )
    FORMAT = "<QQQQH6x"
    FORMAT_FIELDS = ("source_gfn", "source_handle", "client_gfn", "client_handle", "client_domain")

    if TYPE_CHECKING:
        source_gfn: int
        source_handle: int
        client_gfn: int
        client_handle: int
        client_domain: int

        def __init__(
            self, source_gfn: int = ..., source_handle: int = ..., client_gfn: int = ...,
            client_handle: int = ..., client_domain: int = ...,
        ) -> None: ...


class mem_sharing_op_range(Struct):
    """Shares frames of two domains that have the same numbers.

    struct mem_sharing_op_range; 32 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("first_gfn", c_uint64),  # @0 uint64_t
        ("last_gfn", c_uint64),  # @8 uint64_t: guest frame, inclusive
        ("opaque", c_uint64),  # @16 uint64_t: 0; Xen keeps its place here
        ("client_domain", c_uint16),  # @24 domid_t
        ("_pad", arr(c_uint16, 3)),  # @26 uint16_t
    )
    FORMAT = "<QQQHHHH"
    FORMAT_FIELDS = (
        "first_gfn", "last_gfn", "opaque", "client_domain", "_pad[0]", "_pad[1]", "_pad[2]",
    )

    if TYPE_CHECKING:
        first_gfn: int
        last_gfn: int
        opaque: int
        client_domain: int
        _pad: IntArrayField

        def __init__(
            self, first_gfn: int = ..., last_gfn: int = ..., opaque: int = ...,
            client_domain: int = ..., _pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class mem_sharing_op_debug_u(Union):
    """union mem_sharing_op_debug_u; 8 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t
        ("mfn", c_uint64),  # @0 uint64_t
        ("gref", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        gfn: int
        mfn: int
        gref: int

        def __init__(self, gfn: int = ..., mfn: int = ..., gref: int = ...) -> None: ...


class mem_sharing_op_debug(Struct):
    """Prints what Xen knows of a shared page to its console.

    struct mem_sharing_op_debug; 8 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("u", mem_sharing_op_debug_u),  # @0 union
    )

    if TYPE_CHECKING:
        u: mem_sharing_op_debug_u

        def __init__(self, u: mem_sharing_op_debug_u = ...) -> None: ...


class mem_sharing_op_fork(Struct):
    """Makes a domain a fork of a parent, or takes a fork back to it.

    struct mem_sharing_op_fork; 8 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("parent_domain", c_uint16),  # @0 domid_t
        ("flags", c_uint16),  # @2 uint16_t
        ("pad", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("parent_domain", "flags", "pad")

    if TYPE_CHECKING:
        parent_domain: int
        flags: int
        pad: int

        def __init__(self, parent_domain: int = ..., flags: int = ..., pad: int = ...) -> None: ...


class xen_mem_sharing_op_u(Union):
    """union xen_mem_sharing_op_u; 40 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("nominate", mem_sharing_op_nominate),  # @0 mem_sharing_op_nominate
        ("share", mem_sharing_op_share),  # @0 mem_sharing_op_share
        ("range", mem_sharing_op_range),  # @0 mem_sharing_op_range
        ("debug", mem_sharing_op_debug),  # @0 mem_sharing_op_debug
        ("fork", mem_sharing_op_fork),  # @0 mem_sharing_op_fork
    )

    if TYPE_CHECKING:
        nominate: mem_sharing_op_nominate
        share: mem_sharing_op_share
        range: mem_sharing_op_range
        debug: mem_sharing_op_debug
        fork: mem_sharing_op_fork

        def __init__(
            self, nominate: mem_sharing_op_nominate = ..., share: mem_sharing_op_share = ...,
            range: mem_sharing_op_range = ..., debug: mem_sharing_op_debug = ...,
            fork: mem_sharing_op_fork = ...,
        ) -> None: ...


class xen_mem_sharing_op(Struct):
    """One step in sharing memory between domains.

    struct xen_mem_sharing_op; 48 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("domain", c_uint16),  # @2 domid_t
        ("u", xen_mem_sharing_op_u),  # @8 union
    )

    if TYPE_CHECKING:
        op: int
        domain: int
        u: xen_mem_sharing_op_u

        def __init__(
            self, op: int = ..., domain: int = ..., u: xen_mem_sharing_op_u = ...,
        ) -> None: ...


class xen_reserved_device_memory(Struct):
    """A range that a device needs at its host address (RMRR, IVMD).

    struct xen_reserved_device_memory; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("start_pfn", c_uint64),  # @0 xen_pfn_t: 4 KiB frame
        ("nr_pages", c_uint64),  # @8 xen_ulong_t: 4 KiB frames
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("start_pfn", "nr_pages")

    if TYPE_CHECKING:
        start_pfn: int
        nr_pages: int

        def __init__(self, start_pfn: int = ..., nr_pages: int = ...) -> None: ...


class xen_reserved_device_memory_map_dev(Union):
    """union xen_reserved_device_memory_map_dev; 4 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("pci", physdev_pci_device),  # @0 physdev_pci_device_t
    )

    if TYPE_CHECKING:
        pci: physdev_pci_device

        def __init__(self, pci: physdev_pci_device = ...) -> None: ...


class xen_reserved_device_memory_map(Struct):
    """Asks for the ranges that devices need at their host addresses.

    struct xen_reserved_device_memory_map; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("nr_entries", c_uint32),  # @4 unsigned int: in: room; out: ranges there are (ENOBUFS if too many)
        ("buffer", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_reserved_device_memory_t)
        ("dev", xen_reserved_device_memory_map_dev),  # @16 union
    )

    if TYPE_CHECKING:
        flags: int
        nr_entries: int
        buffer: HandleField
        dev: xen_reserved_device_memory_map_dev

        def __init__(
            self, flags: int = ..., nr_entries: int = ..., buffer: XenMemory | None = ...,
            dev: xen_reserved_device_memory_map_dev = ...,
        ) -> None: ...


class xen_mem_acquire_resource(Struct):
    """Maps frames that belong to another domain's ioreq server, grant table or trace.

    struct xen_mem_acquire_resource; 32 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("type", c_uint16),  # @2 uint16_t
        ("id", c_uint32),  # @4 uint32_t: ioreq server, kind of grant table frame, or vCPU
        ("nr_frames", c_uint32),  # @8 uint32_t: in: frames; out: how many there are, if asked with 0 and no list
        ("pad", c_uint32),  # @12 uint32_t: 0
        ("frame", c_uint64),  # @16 uint64_t: first frame, counted in the resource
        ("frame_list", HANDLE),  # @24 XEN_GUEST_HANDLE(xen_pfn_t): PV caller: machine frames out; else guest frames to map at
    )
    FORMAT = "<HHIIIQQ"
    FORMAT_FIELDS = ("domid", "type", "id", "nr_frames", "pad", "frame", "frame_list")

    if TYPE_CHECKING:
        domid: int
        type: int
        id: int
        nr_frames: int
        pad: int
        frame: int
        frame_list: HandleField

        def __init__(
            self, domid: int = ..., type: int = ..., id: int = ..., nr_frames: int = ...,
            pad: int = ..., frame: int = ..., frame_list: XenMemory | None = ...,
        ) -> None: ...


class xen_vmemrange(Struct):
    """A range of guest memory, and the virtual node that it is on.

    struct xen_vmemrange; 24 bytes.
    """

    _fields_ = (
        ("start", c_uint64),  # @0 uint64_t: guest-physical address in bytes
        ("end", c_uint64),  # @8 uint64_t: guest-physical address in bytes, exclusive
        ("flags", c_uint32),  # @16 unsigned int: 0: none is defined
        ("nid", c_uint32),  # @20 unsigned int: virtual node
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("start", "end", "flags", "nid")

    if TYPE_CHECKING:
        start: int
        end: int
        flags: int
        nid: int

        def __init__(
            self, start: int = ..., end: int = ..., flags: int = ..., nid: int = ...,
        ) -> None: ...


class xen_vnuma_topology_info_vdistance(Union):
    """union xen_vnuma_topology_info_vdistance; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(uint)
        ("pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        pad: int

        def __init__(self, h: XenMemory | None = ..., pad: int = ...) -> None: ...


class xen_vnuma_topology_info_vcpu_to_vnode(Union):
    """union xen_vnuma_topology_info_vcpu_to_vnode; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(uint)
        ("pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        pad: int

        def __init__(self, h: XenMemory | None = ..., pad: int = ...) -> None: ...


class xen_vnuma_topology_info_vmemrange(Union):
    """union xen_vnuma_topology_info_vmemrange; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(xen_vmemrange_t)
        ("pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        pad: int

        def __init__(self, h: XenMemory | None = ..., pad: int = ...) -> None: ...


class xen_vnuma_topology_info(Struct):
    """Buffers for a domain's virtual NUMA nodes, and how many entries each has.

    struct xen_vnuma_topology_info; 40 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("pad", c_uint16),  # @2 uint16_t
        ("nr_vnodes", c_uint32),  # @4 unsigned int: in: room; out: what there is (ENOBUFS if too little)
        ("nr_vcpus", c_uint32),  # @8 unsigned int: in: room; out: what there is (ENOBUFS if too little)
        ("nr_vmemranges", c_uint32),  # @12 unsigned int: in: room; out: what there is (ENOBUFS if too little)
        ("vdistance", xen_vnuma_topology_info_vdistance),  # @16 union: out: nr_vnodes * nr_vnodes distances, a row per node
        ("vcpu_to_vnode", xen_vnuma_topology_info_vcpu_to_vnode),  # @24 union: out: the node of each vCPU
        ("vmemrange", xen_vnuma_topology_info_vmemrange),  # @32 union: out: nr_vmemranges ranges
    )

    if TYPE_CHECKING:
        domid: int
        pad: int
        nr_vnodes: int
        nr_vcpus: int
        nr_vmemranges: int
        vdistance: xen_vnuma_topology_info_vdistance
        vcpu_to_vnode: xen_vnuma_topology_info_vcpu_to_vnode
        vmemrange: xen_vnuma_topology_info_vmemrange

        def __init__(
            self, domid: int = ..., pad: int = ..., nr_vnodes: int = ..., nr_vcpus: int = ...,
            nr_vmemranges: int = ..., vdistance: xen_vnuma_topology_info_vdistance = ...,
            vcpu_to_vnode: xen_vnuma_topology_info_vcpu_to_vnode = ...,
            vmemrange: xen_vnuma_topology_info_vmemrange = ...,
        ) -> None: ...


xen_memory_reservation_t = xen_memory_reservation
xen_memory_exchange_t = xen_memory_exchange
xen_machphys_mfn_list_t = xen_machphys_mfn_list
xen_machphys_mapping_t = xen_machphys_mapping
xen_add_to_physmap_t = xen_add_to_physmap
xen_add_to_physmap_batch_t = xen_add_to_physmap_batch
xen_remove_from_physmap_t = xen_remove_from_physmap
xen_memory_map_t = xen_memory_map
xen_foreign_memory_map_t = xen_foreign_memory_map
xen_pod_target_t = xen_pod_target
xen_mem_paging_op_t = xen_mem_paging_op
xenmem_access_t = c_uint32
xen_mem_access_op_t = xen_mem_access_op
xen_mem_sharing_op_t = xen_mem_sharing_op
xen_reserved_device_memory_t = xen_reserved_device_memory
xen_reserved_device_memory_map_t = xen_reserved_device_memory_map
xen_mem_acquire_resource_t = xen_mem_acquire_resource
xen_vmemrange_t = xen_vmemrange
xen_vnuma_topology_info_t = xen_vnuma_topology_info


def XENMEMF_address_bits(x: int) -> int:
    """The mem_flags bits that limit machine addresses to so many bits.

    Macro XENMEMF_address_bits; x in 0..255.
    """
    return fitting(x, 0, 255, "XENMEMF_address_bits(x)")


def XENMEMF_get_address_bits(x: int) -> int:
    """The limit that mem_flags set on machine addresses, in bits; 0 for none.

    Macro XENMEMF_get_address_bits; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "XENMEMF_get_address_bits(x)")
    return x & 0xFF


def XENMEMF_node(x: int) -> int:
    """The mem_flags bits that ask for memory of a NUMA node.

    Macro XENMEMF_node; x in 0..254.
    """
    x = fitting(x, 0, 254, "XENMEMF_node(x)")
    return x + 1 << 8


def XENMEMF_get_node(x: int) -> int:
    """The NUMA node that mem_flags ask for; 255 for none.

    Macro XENMEMF_get_node; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "XENMEMF_get_node(x)")
    return (x >> 8) - 1 & 0xFF


def XENMEMF_exact_node(n: int) -> int:
    """The mem_flags bits that insist on memory of a NUMA node.

    Macro XENMEMF_exact_node; n in 0..254.
    """
    n = fitting(n, 0, 254, "XENMEMF_exact_node(n)")
    return XENMEMF_node(n) | XENMEMF_exact_node_request


def XENMEM_SHARING_OP_FIELD_IS_GREF(field: int) -> int:
    """Not zero if a sharing handle field holds a grant reference.

    Macro XENMEM_SHARING_OP_FIELD_IS_GREF; field in 0..0xffffffffffffffff.
    """
    field = fitting(field, 0, 0xffffffffffffffff, "XENMEM_SHARING_OP_FIELD_IS_GREF(field)")
    return field & XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG


def XENMEM_SHARING_OP_FIELD_GET_GREF(field: int) -> int:
    """The grant reference in a sharing handle field.

    Macro XENMEM_SHARING_OP_FIELD_GET_GREF; field in 0..0xffffffffffffffff.
    """
    field = fitting(field, 0, 0xffffffffffffffff, "XENMEM_SHARING_OP_FIELD_GET_GREF(field)")
    return field & ~XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG


def XENMEM_resource_ioreq_server_frame_ioreq(n: int) -> int:
    """The frame number of the n-th page of synchronous requests of an ioreq server.

    Macro XENMEM_resource_ioreq_server_frame_ioreq; n in 0..0xffff.
    """
    n = fitting(n, 0, 0xffff, "XENMEM_resource_ioreq_server_frame_ioreq(n)")
    return 1 + n
