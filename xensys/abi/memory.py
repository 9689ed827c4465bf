# GENERATED from abi/memory.json (memory.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""memory.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

# enum xenmem_access_t
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
XENMEM_increase_reservation = 0
XENMEM_decrease_reservation = 1
XENMEM_populate_physmap = 6
XENMEMF_populate_on_demand = 0x10000
XENMEMF_exact_node_request = 0x20000
XENMEMF_vnode = 0x40000
XENMEM_exchange = 11
XENMEM_maximum_ram_page = 2
XENMEM_current_reservation = 3
XENMEM_maximum_reservation = 4
XENMEM_maximum_gpfn = 14
XENMEM_machphys_mfn_list = 5
XENMEM_machphys_compat_mfn_list = 25
XENMEM_machphys_mapping = 12
XENMAPSPACE_shared_info = 0
XENMAPSPACE_grant_table = 1
XENMAPSPACE_gmfn = 2
XENMAPSPACE_gmfn_range = 3
XENMAPSPACE_gmfn_foreign = 4
XENMAPSPACE_dev_mmio = 5
XENMEM_add_to_physmap = 7
XENMAPIDX_grant_table_status = 0x80000000
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
XENMEM_paging_op_nominate = 0  # __XEN_TOOLS__
XENMEM_paging_op_evict = 1  # __XEN_TOOLS__
XENMEM_paging_op_prep = 2  # __XEN_TOOLS__
XENMEM_access_op = 21  # __XEN_TOOLS__
XENMEM_access_op_set_access = 0  # __XEN_TOOLS__
XENMEM_access_op_get_access = 1  # __XEN_TOOLS__
XENMEM_access_op_set_access_multi = 4  # __XEN_TOOLS__
XENMEM_sharing_op = 22  # __XEN_TOOLS__
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
XENMEM_SHARING_OP_S_HANDLE_INVALID = -10  # __XEN_TOOLS__
XENMEM_SHARING_OP_C_HANDLE_INVALID = -9  # __XEN_TOOLS__
XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG = 0x4000000000000000  # __XEN_TOOLS__
XENMEM_FORK_WITH_IOMMU_ALLOWED = 1  # __XEN_TOOLS__
XENMEM_FORK_BLOCK_INTERRUPTS = 2  # __XEN_TOOLS__
XENMEM_FORK_RESET_STATE = 4  # __XEN_TOOLS__; not in 4.14
XENMEM_FORK_RESET_MEMORY = 8  # __XEN_TOOLS__; not in 4.14
XENMEM_claim_pages = 24  # __XEN_TOOLS__
XENMEM_reserved_device_memory_map = 27  # __XEN_TOOLS__
XENMEM_RDM_ALL = 1  # __XEN_TOOLS__
XENMEM_acquire_resource = 28
XENMEM_resource_ioreq_server = 0
XENMEM_resource_grant_table = 1
XENMEM_resource_vmtrace_buf = 2  # not in 4.14
XENMEM_resource_grant_table_id_shared = 0
XENMEM_resource_grant_table_id_status = 1
XENMEM_resource_ioreq_server_frame_bufioreq = 0
XENMEM_get_vnumainfo = 26


class xen_memory_reservation(Struct):
    """struct xen_memory_reservation; 32 bytes."""

    _fields_ = (
        ("extent_start", HANDLE),  # @0 XEN_GUEST_HANDLE(xen_pfn_t)
        ("nr_extents", c_uint64),  # @8 xen_ulong_t
        ("extent_order", c_uint32),  # @16 unsigned int
        ("mem_flags", c_uint32),  # @20 unsigned int
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
    """struct xen_memory_exchange; 72 bytes."""

    _fields_ = (
        ("in_", xen_memory_reservation),  # @0 xen_memory_reservation
        ("out", xen_memory_reservation),  # @32 xen_memory_reservation
        ("nr_exchanged", c_uint64),  # @64 xen_ulong_t
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
    """struct xen_memory_domain; 2 bytes. not in 4.14."""

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("domid",)

    if TYPE_CHECKING:
        domid: int

        def __init__(self, domid: int = ...) -> None: ...


class xen_machphys_mfn_list(Struct):
    """struct xen_machphys_mfn_list; 24 bytes."""

    _fields_ = (
        ("max_extents", c_uint32),  # @0 unsigned int
        ("extent_start", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_pfn_t)
        ("nr_extents", c_uint32),  # @16 unsigned int
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
    """struct xen_machphys_mapping; 24 bytes."""

    _fields_ = (
        ("v_start", c_uint64),  # @0 xen_ulong_t
        ("v_end", c_uint64),  # @8 xen_ulong_t
        ("max_mfn", c_uint64),  # @16 xen_ulong_t
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("v_start", "v_end", "max_mfn")

    if TYPE_CHECKING:
        v_start: int
        v_end: int
        max_mfn: int

        def __init__(self, v_start: int = ..., v_end: int = ..., max_mfn: int = ...) -> None: ...


class xen_add_to_physmap(Struct):
    """struct xen_add_to_physmap; 24 bytes."""

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("size", c_uint16),  # @2 uint16_t
        ("space", c_uint32),  # @4 unsigned int
        ("idx", c_uint64),  # @8 xen_ulong_t
        ("gpfn", c_uint64),  # @16 xen_pfn_t
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
    """union xen_add_to_physmap_batch_extra; 2 bytes."""

    _fields_ = (
        ("foreign_domid", c_uint16),  # @0 domid_t
        ("res0", c_uint16),  # @0 uint16_t
    )

    if TYPE_CHECKING:
        foreign_domid: int
        res0: int

        def __init__(self, foreign_domid: int = ..., res0: int = ...) -> None: ...


class xen_add_to_physmap_batch(Struct):
    """struct xen_add_to_physmap_batch; 32 bytes."""

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("space", c_uint16),  # @2 uint16_t
        ("size", c_uint16),  # @4 uint16_t
        ("u", xen_add_to_physmap_batch_extra),  # @6 xen_add_to_physmap_batch_extra
        ("idxs", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_ulong_t)
        ("gpfns", HANDLE),  # @16 XEN_GUEST_HANDLE(xen_pfn_t)
        ("errs", HANDLE),  # @24 XEN_GUEST_HANDLE(int)
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
    """struct xen_remove_from_physmap; 16 bytes."""

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
    """struct xen_memory_map; 16 bytes."""

    _fields_ = (
        ("nr_entries", c_uint32),  # @0 unsigned int
        ("buffer", HANDLE),  # @8 XEN_GUEST_HANDLE(void)
    )
    FORMAT = "<I4xQ"
    FORMAT_FIELDS = ("nr_entries", "buffer")

    if TYPE_CHECKING:
        nr_entries: int
        buffer: HandleField

        def __init__(self, nr_entries: int = ..., buffer: XenMemory | None = ...) -> None: ...


class xen_foreign_memory_map(Struct):
    """struct xen_foreign_memory_map; 24 bytes."""

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
    """struct xen_pod_target; 40 bytes."""

    _fields_ = (
        ("target_pages", c_uint64),  # @0 uint64_t
        ("tot_pages", c_uint64),  # @8 uint64_t
        ("pod_cache_pages", c_uint64),  # @16 uint64_t
        ("pod_entries", c_uint64),  # @24 uint64_t
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
    """struct xen_mem_paging_op; 24 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("domain", c_uint16),  # @2 domid_t
        ("buffer", HANDLE),  # @8 XEN_GUEST_HANDLE(const_uint8)
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
    """struct xen_mem_access_op; 32 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("op", c_uint8),  # @0 uint8_t
        ("access", c_uint8),  # @1 uint8_t
        ("domid", c_uint16),  # @2 domid_t
        ("nr", c_uint32),  # @4 uint32_t
        ("pfn", c_uint64),  # @8 uint64_t
        ("pfn_list", HANDLE),  # @16 XEN_GUEST_HANDLE(const_uint64)
        ("access_list", HANDLE),  # @24 XEN_GUEST_HANDLE(const_uint8)
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
    """struct mem_sharing_op_nominate; 16 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("u", mem_sharing_op_nominate_u),  # @0 union
        ("handle", c_uint64),  # @8 uint64_t
    )

    if TYPE_CHECKING:
        u: mem_sharing_op_nominate_u
        handle: int

        def __init__(self, u: mem_sharing_op_nominate_u = ..., handle: int = ...) -> None: ...


class mem_sharing_op_share(Struct):
    """struct mem_sharing_op_share; 40 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("source_gfn", c_uint64),  # @0 uint64_t
        ("source_handle", c_uint64),  # @8 uint64_t
        ("client_gfn", c_uint64),  # @16 uint64_t
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
    """struct mem_sharing_op_range; 32 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("first_gfn", c_uint64),  # @0 uint64_t
        ("last_gfn", c_uint64),  # @8 uint64_t
        ("opaque", c_uint64),  # @16 uint64_t
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
    """struct mem_sharing_op_debug; 8 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("u", mem_sharing_op_debug_u),  # @0 union
    )

    if TYPE_CHECKING:
        u: mem_sharing_op_debug_u

        def __init__(self, u: mem_sharing_op_debug_u = ...) -> None: ...


class mem_sharing_op_fork(Struct):
    """struct mem_sharing_op_fork; 8 bytes. __XEN_TOOLS__."""

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
    """struct xen_mem_sharing_op; 48 bytes. __XEN_TOOLS__."""

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
    """struct xen_reserved_device_memory; 16 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("start_pfn", c_uint64),  # @0 xen_pfn_t
        ("nr_pages", c_uint64),  # @8 xen_ulong_t
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("start_pfn", "nr_pages")

    if TYPE_CHECKING:
        start_pfn: int
        nr_pages: int

        def __init__(self, start_pfn: int = ..., nr_pages: int = ...) -> None: ...


class xen_reserved_device_memory_map_dev_pci(Struct):
    """struct xen_reserved_device_memory_map_dev_pci; 4 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("seg", c_uint16),  # @0 uint16_t
        ("bus", c_uint8),  # @2 uint8_t
        ("devfn", c_uint8),  # @3 uint8_t
    )
    FORMAT = "<HBB"
    FORMAT_FIELDS = ("seg", "bus", "devfn")

    if TYPE_CHECKING:
        seg: int
        bus: int
        devfn: int

        def __init__(self, seg: int = ..., bus: int = ..., devfn: int = ...) -> None: ...


class xen_reserved_device_memory_map_dev(Union):
    """union xen_reserved_device_memory_map_dev; 4 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("pci", xen_reserved_device_memory_map_dev_pci),  # @0 physdev_pci_device_t
    )

    if TYPE_CHECKING:
        pci: xen_reserved_device_memory_map_dev_pci

        def __init__(self, pci: xen_reserved_device_memory_map_dev_pci = ...) -> None: ...


class xen_reserved_device_memory_map(Struct):
    """struct xen_reserved_device_memory_map; 24 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("nr_entries", c_uint32),  # @4 unsigned int
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
    """struct xen_mem_acquire_resource; 32 bytes."""

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("type", c_uint16),  # @2 uint16_t
        ("id", c_uint32),  # @4 uint32_t
        ("nr_frames", c_uint32),  # @8 uint32_t
        ("pad", c_uint32),  # @12 uint32_t
        ("frame", c_uint64),  # @16 uint64_t
        ("frame_list", HANDLE),  # @24 XEN_GUEST_HANDLE(xen_pfn_t)
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
    """struct xen_vmemrange; 24 bytes."""

    _fields_ = (
        ("start", c_uint64),  # @0 uint64_t
        ("end", c_uint64),  # @8 uint64_t
        ("flags", c_uint32),  # @16 unsigned int
        ("nid", c_uint32),  # @20 unsigned int
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
    """struct xen_vnuma_topology_info; 40 bytes."""

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("pad", c_uint16),  # @2 uint16_t
        ("nr_vnodes", c_uint32),  # @4 unsigned int
        ("nr_vcpus", c_uint32),  # @8 unsigned int
        ("nr_vmemranges", c_uint32),  # @12 unsigned int
        ("vdistance", xen_vnuma_topology_info_vdistance),  # @16 union
        ("vcpu_to_vnode", xen_vnuma_topology_info_vcpu_to_vnode),  # @24 union
        ("vmemrange", xen_vnuma_topology_info_vmemrange),  # @32 union
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
