# GENERATED from abi/hvm/dm_op.json (hvm/dm_op.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What a device model does to its guest: ioreq servers, interrupts, memory types (HYPERVISOR_dm_op).

hvm/dm_op.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import HANDLE, Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import HandleField, IntArray, IntArrayField, XenMemory

# XEN_DMOP: Sub-operations of HYPERVISOR_dm_op.
XEN_DMOP_create_ioreq_server = 1
XEN_DMOP_get_ioreq_server_info = 2
_XEN_DMOP_no_gfns = 0  # Bit number of XEN_DMOP_no_gfns

# XEN_DMOP_get_ioreq_server_info_flags: What to leave out of an ioreq server's description; no_gfns
# also keeps its pages out of guest memory.
XEN_DMOP_no_gfns = 1

# XEN_DMOP, more
XEN_DMOP_map_io_range_to_ioreq_server = 3
XEN_DMOP_unmap_io_range_from_ioreq_server = 4

# XEN_DMOP_IO_RANGE: What a range of an ioreq server counts: I/O ports, bytes of memory, or PCI
# functions.
XEN_DMOP_IO_RANGE_PORT = 0
XEN_DMOP_IO_RANGE_MEMORY = 1
XEN_DMOP_IO_RANGE_PCI = 2

# XEN_DMOP, more
XEN_DMOP_set_ioreq_server_state = 5
XEN_DMOP_destroy_ioreq_server = 6
XEN_DMOP_track_dirty_vram = 7
XEN_DMOP_set_pci_intx_level = 8
XEN_DMOP_set_isa_irq_level = 9
XEN_DMOP_set_pci_link_route = 10
XEN_DMOP_modified_memory = 11
XEN_DMOP_set_mem_type = 12
XEN_DMOP_inject_event = 13

# XEN_DMOP_EVENT: Kind of injected event, numbered as VT-x does.
XEN_DMOP_EVENT_ext_int = 0
XEN_DMOP_EVENT_nmi = 2
XEN_DMOP_EVENT_hw_exc = 3
XEN_DMOP_EVENT_sw_int = 4
XEN_DMOP_EVENT_pri_sw_exc = 5
XEN_DMOP_EVENT_sw_exc = 6

# XEN_DMOP, more
XEN_DMOP_inject_msi = 14
XEN_DMOP_map_mem_type_to_ioreq_server = 15

# XEN_DMOP_IOREQ_MEM_ACCESS: Accesses to a memory type that go to the ioreq server; none unmaps it.
# Xen takes WRITE alone.
XEN_DMOP_IOREQ_MEM_ACCESS_READ = 1
XEN_DMOP_IOREQ_MEM_ACCESS_WRITE = 2

# XEN_DMOP, more
XEN_DMOP_remote_shutdown = 16
XEN_DMOP_relocate_memory = 17
XEN_DMOP_pin_memory_cacheattr = 18

# XEN_DMOP_MEM_CACHEATTR: Cache attribute of pinned memory, numbered as in x86's MTRRs and PAT;
# DELETE unpins.
XEN_DMOP_MEM_CACHEATTR_UC = 0
XEN_DMOP_MEM_CACHEATTR_WC = 1
XEN_DMOP_MEM_CACHEATTR_WT = 4
XEN_DMOP_MEM_CACHEATTR_WP = 5
XEN_DMOP_MEM_CACHEATTR_WB = 6
XEN_DMOP_MEM_CACHEATTR_UCM = 7
XEN_DMOP_DELETE_MEM_CACHEATTR = 0xffffffff

# XEN_DMOP, more
XEN_DMOP_set_irq_level = 19  # not in 4.14
XEN_DMOP_nr_vcpus = 20  # not in 4.14


class xen_dm_op_create_ioreq_server(Struct):
    """Creates an ioreq server: a receiver of the guest's I/O accesses.

    struct xen_dm_op_create_ioreq_server; 6 bytes.
    """

    _fields_ = (
        ("handle_bufioreq", c_uint8),  # @0 uint8_t
        ("pad", arr(c_uint8, 3)),  # @1 uint8_t: must be 0
        ("id", c_uint16),  # @4 ioservid_t: id of the ioreq server, the target's own numbering
    )
    FORMAT = "<BBBBH"
    FORMAT_FIELDS = ("handle_bufioreq", "pad[0]", "pad[1]", "pad[2]", "id")

    if TYPE_CHECKING:
        handle_bufioreq: int
        pad: IntArrayField
        id: int

        def __init__(
            self, handle_bufioreq: int = ..., pad: Sequence[int] | IntArray = ..., id: int = ...,
        ) -> None: ...


class xen_dm_op_get_ioreq_server_info(Struct):
    """Asks for an ioreq server's port, and for its pages' place in guest memory.

    struct xen_dm_op_get_ioreq_server_info; 24 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 ioservid_t: id of the ioreq server, the target's own numbering
        ("flags", c_uint16),  # @2 uint16_t
        ("bufioreq_port", c_uint32),  # @4 evtchn_port_t: port of the target, to be bound interdomain
        ("ioreq_gfn", c_uint64),  # @8 uint64_t: guest's frame of the synchronous page, unless no_gfns
        ("bufioreq_gfn", c_uint64),  # @16 uint64_t: guest's frame of the buffered ring, unless no_gfns
    )
    FORMAT = "<HHIQQ"
    FORMAT_FIELDS = ("id", "flags", "bufioreq_port", "ioreq_gfn", "bufioreq_gfn")

    if TYPE_CHECKING:
        id: int
        flags: int
        bufioreq_port: int
        ioreq_gfn: int
        bufioreq_gfn: int

        def __init__(
            self, id: int = ..., flags: int = ..., bufioreq_port: int = ..., ioreq_gfn: int = ...,
            bufioreq_gfn: int = ...,
        ) -> None: ...


class xen_dm_op_ioreq_server_range(Struct):
    """Adds a range of ports, memory or PCI functions to an ioreq server, or takes it away.

    struct xen_dm_op_ioreq_server_range; 24 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 ioservid_t: id of the ioreq server, the target's own numbering
        ("pad", c_uint16),  # @2 uint16_t: must be 0
        ("type", c_uint32),  # @4 uint32_t
        ("start", c_uint64),  # @8 uint64_t: first port, byte address, or segment<<16|bus<<8|device<<3|function
        ("end", c_uint64),  # @16 uint64_t: last one, inclusive
    )
    FORMAT = "<HHIQQ"
    FORMAT_FIELDS = ("id", "pad", "type", "start", "end")

    if TYPE_CHECKING:
        id: int
        pad: int
        type: int
        start: int
        end: int

        def __init__(
            self, id: int = ..., pad: int = ..., type: int = ..., start: int = ..., end: int = ...,
        ) -> None: ...


class xen_dm_op_set_ioreq_server_state(Struct):
    """Starts or stops the delivery of requests to an ioreq server.

    struct xen_dm_op_set_ioreq_server_state; 4 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 ioservid_t: id of the ioreq server, the target's own numbering
        ("enabled", c_uint8),  # @2 uint8_t: 0 stopped, else running
        ("pad", c_uint8),  # @3 uint8_t: must be 0
    )
    FORMAT = "<HBB"
    FORMAT_FIELDS = ("id", "enabled", "pad")

    if TYPE_CHECKING:
        id: int
        enabled: int
        pad: int

        def __init__(self, id: int = ..., enabled: int = ..., pad: int = ...) -> None: ...


class xen_dm_op_destroy_ioreq_server(Struct):
    """Removes an ioreq server and its ranges.

    struct xen_dm_op_destroy_ioreq_server; 4 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 ioservid_t: id of the ioreq server, the target's own numbering
        ("pad", c_uint16),  # @2 uint16_t: must be 0
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("id", "pad")

    if TYPE_CHECKING:
        id: int
        pad: int

        def __init__(self, id: int = ..., pad: int = ...) -> None: ...


class xen_dm_op_track_dirty_vram(Struct):
    """Reports which frames of video memory were written since the last call, in the second buffer.

    struct xen_dm_op_track_dirty_vram; 16 bytes.
    """

    _fields_ = (
        ("nr", c_uint32),  # @0 uint32_t: 4 KiB frames, at most 1 GiB of them; the bitmap has one bit for each
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("first_pfn", c_uint64),  # @8 uint64_t: first 4 KiB frame of the guest
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("nr", "pad", "first_pfn")

    if TYPE_CHECKING:
        nr: int
        pad: int
        first_pfn: int

        def __init__(self, nr: int = ..., pad: int = ..., first_pfn: int = ...) -> None: ...


class xen_dm_op_set_pci_intx_level(Struct):
    """Raises or lowers an INTx line of an emulated PCI device.

    struct xen_dm_op_set_pci_intx_level; 6 bytes.
    """

    _fields_ = (
        ("domain", c_uint16),  # @0 uint16_t: PCI segment, must be 0
        ("bus", c_uint8),  # @2 uint8_t: must be 0
        ("device", c_uint8),  # @3 uint8_t: 0 to 31
        ("intx", c_uint8),  # @4 uint8_t: 0 to 3 for INTA to INTD
        ("level", c_uint8),  # @5 uint8_t: 1 asserted, 0 not
    )
    FORMAT = "<HBBBB"
    FORMAT_FIELDS = ("domain", "bus", "device", "intx", "level")

    if TYPE_CHECKING:
        domain: int
        bus: int
        device: int
        intx: int
        level: int

        def __init__(
            self, domain: int = ..., bus: int = ..., device: int = ..., intx: int = ...,
            level: int = ...,
        ) -> None: ...


class xen_dm_op_set_isa_irq_level(Struct):
    """Raises or lowers an ISA interrupt line.

    struct xen_dm_op_set_isa_irq_level; 2 bytes.
    """

    _fields_ = (
        ("isa_irq", c_uint8),  # @0 uint8_t: 0 to 15
        ("level", c_uint8),  # @1 uint8_t: 1 asserted, 0 not
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("isa_irq", "level")

    if TYPE_CHECKING:
        isa_irq: int
        level: int

        def __init__(self, isa_irq: int = ..., level: int = ...) -> None: ...


class xen_dm_op_set_pci_link_route(Struct):
    """Connects a PCI interrupt link to an ISA IRQ.

    struct xen_dm_op_set_pci_link_route; 2 bytes.
    """

    _fields_ = (
        ("link", c_uint8),  # @0 uint8_t: 0 to 3
        ("isa_irq", c_uint8),  # @1 uint8_t: 0 to 15; 0 disconnects the link
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("link", "isa_irq")

    if TYPE_CHECKING:
        link: int
        isa_irq: int

        def __init__(self, link: int = ..., isa_irq: int = ...) -> None: ...


class xen_dm_op_modified_memory(Struct):
    """Marks memory as written by the device model; its extents are the second buffer.

    struct xen_dm_op_modified_memory; 8 bytes.
    """

    _fields_ = (
        ("nr_extents", c_uint32),  # @0 uint32_t: entries of the second buffer, taken from the last on; what was left, if interrupted
        ("opaque", c_uint32),  # @4 uint32_t: must be 0; Xen keeps here how far it got
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("nr_extents", "opaque")

    if TYPE_CHECKING:
        nr_extents: int
        opaque: int

        def __init__(self, nr_extents: int = ..., opaque: int = ...) -> None: ...


class xen_dm_op_modified_memory_extent(Struct):
    """One run of frames that the device model wrote.

    struct xen_dm_op_modified_memory_extent; 16 bytes.
    """

    _fields_ = (
        ("nr", c_uint32),  # @0 uint32_t: 4 KiB frames
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("first_pfn", c_uint64),  # @8 uint64_t: first 4 KiB frame of the guest
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("nr", "pad", "first_pfn")

    if TYPE_CHECKING:
        nr: int
        pad: int
        first_pfn: int

        def __init__(self, nr: int = ..., pad: int = ..., first_pfn: int = ...) -> None: ...


class xen_dm_op_set_mem_type(Struct):
    """Changes how the guest's accesses to a run of frames are treated.

    struct xen_dm_op_set_mem_type; 16 bytes.
    """

    _fields_ = (
        ("nr", c_uint32),  # @0 uint32_t: 4 KiB frames; what is left, if interrupted
        ("mem_type", c_uint16),  # @4 uint16_t
        ("pad", c_uint16),  # @6 uint16_t: must be 0
        ("first_pfn", c_uint64),  # @8 uint64_t: first 4 KiB frame of the guest
    )
    FORMAT = "<IHHQ"
    FORMAT_FIELDS = ("nr", "mem_type", "pad", "first_pfn")

    if TYPE_CHECKING:
        nr: int
        mem_type: int
        pad: int
        first_pfn: int

        def __init__(
            self, nr: int = ..., mem_type: int = ..., pad: int = ..., first_pfn: int = ...,
        ) -> None: ...


class xen_dm_op_inject_event(Struct):
    """Injects an interrupt or exception into a vCPU when it runs next; EBUSY while one waits.

    struct xen_dm_op_inject_event; 24 bytes.
    """

    _fields_ = (
        ("vcpuid", c_uint32),  # @0 uint32_t
        ("vector", c_uint8),  # @4 uint8_t: interrupt or exception vector
        ("type", c_uint8),  # @5 uint8_t
        ("insn_len", c_uint8),  # @6 uint8_t: bytes of the instruction that raises it; 0 for external events
        ("pad0", c_uint8),  # @7 uint8_t: must be 0
        ("error_code", c_uint32),  # @8 uint32_t: all ones: none is pushed
        ("pad1", c_uint32),  # @12 uint32_t: must be 0
        ("cr2", c_uint64),  # @16 uint64_t: faulting address for #PF, pending debug state for #DB
    )
    FORMAT = "<IBBBBIIQ"
    FORMAT_FIELDS = ("vcpuid", "vector", "type", "insn_len", "pad0", "error_code", "pad1", "cr2")

    if TYPE_CHECKING:
        vcpuid: int
        vector: int
        type: int
        insn_len: int
        pad0: int
        error_code: int
        pad1: int
        cr2: int

        def __init__(
            self, vcpuid: int = ..., vector: int = ..., type: int = ..., insn_len: int = ...,
            pad0: int = ..., error_code: int = ..., pad1: int = ..., cr2: int = ...,
        ) -> None: ...


class xen_dm_op_inject_msi(Struct):
    """Delivers a message-signalled interrupt of an emulated device.

    struct xen_dm_op_inject_msi; 16 bytes.
    """

    _fields_ = (
        ("data", c_uint32),  # @0 uint32_t: message data
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("addr", c_uint64),  # @8 uint64_t: message address, 0xfeexxxxx
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("data", "pad", "addr")

    if TYPE_CHECKING:
        data: int
        pad: int
        addr: int

        def __init__(self, data: int = ..., pad: int = ..., addr: int = ...) -> None: ...


class xen_dm_op_map_mem_type_to_ioreq_server(Struct):
    """Sends accesses to memory of one type to an ioreq server, or ends that.

    struct xen_dm_op_map_mem_type_to_ioreq_server; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint16),  # @0 ioservid_t: id of the ioreq server, the target's own numbering
        ("type", c_uint16),  # @2 uint16_t: HVMMEM_ioreq_server is the only one taken
        ("flags", c_uint32),  # @4 uint32_t
        ("opaque", c_uint64),  # @8 uint64_t: must be 0; Xen keeps here how far it got
    )
    FORMAT = "<HHIQ"
    FORMAT_FIELDS = ("id", "type", "flags", "opaque")

    if TYPE_CHECKING:
        id: int
        type: int
        flags: int
        opaque: int

        def __init__(
            self, id: int = ..., type: int = ..., flags: int = ..., opaque: int = ...,
        ) -> None: ...


class xen_dm_op_remote_shutdown(Struct):
    """Shuts the guest down with a reason, as SCHEDOP_remote_shutdown does.

    struct xen_dm_op_remote_shutdown; 4 bytes.
    """

    _fields_ = (
        ("reason", c_uint32),  # @0 uint32_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("reason",)

    if TYPE_CHECKING:
        reason: int

        def __init__(self, reason: int = ...) -> None: ...


class xen_dm_op_relocate_memory(Struct):
    """Moves a run of the guest's frames to other frame numbers.

    struct xen_dm_op_relocate_memory; 24 bytes.
    """

    _fields_ = (
        ("size", c_uint32),  # @0 uint32_t: 4 KiB frames; changed by the call, as are the other fields
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("src_gfn", c_uint64),  # @8 uint64_t: first frame that moves
        ("dst_gfn", c_uint64),  # @16 uint64_t: frame number that it gets
    )
    FORMAT = "<IIQQ"
    FORMAT_FIELDS = ("size", "pad", "src_gfn", "dst_gfn")

    if TYPE_CHECKING:
        size: int
        pad: int
        src_gfn: int
        dst_gfn: int

        def __init__(
            self, size: int = ..., pad: int = ..., src_gfn: int = ..., dst_gfn: int = ...,
        ) -> None: ...


class xen_dm_op_pin_memory_cacheattr(Struct):
    """Fixes the cache attribute of a range of guest memory, or frees it again.

    struct xen_dm_op_pin_memory_cacheattr; 24 bytes.
    """

    _fields_ = (
        ("start", c_uint64),  # @0 uint64_t: first 4 KiB frame of the guest
        ("end", c_uint64),  # @8 uint64_t: last frame, inclusive
        ("type", c_uint32),  # @16 uint32_t
        ("pad", c_uint32),  # @20 uint32_t: must be 0
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("start", "end", "type", "pad")

    if TYPE_CHECKING:
        start: int
        end: int
        type: int
        pad: int

        def __init__(
            self, start: int = ..., end: int = ..., type: int = ..., pad: int = ...,
        ) -> None: ...


class xen_dm_op_set_irq_level(Struct):
    """Raises or lowers a shared peripheral interrupt of an arm guest.

    struct xen_dm_op_set_irq_level; 8 bytes. not in 4.14.
    """

    _fields_ = (
        ("irq", c_uint32),  # @0 uint32_t: interrupt number of the guest's GIC: SPIs, 32 and up
        ("level", c_uint8),  # @4 uint8_t: 1 asserted, 0 not
        ("pad", arr(c_uint8, 3)),  # @5 uint8_t: must be 0
    )
    FORMAT = "<IBBBB"
    FORMAT_FIELDS = ("irq", "level", "pad[0]", "pad[1]", "pad[2]")

    if TYPE_CHECKING:
        irq: int
        level: int
        pad: IntArrayField

        def __init__(
            self, irq: int = ..., level: int = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_dm_op_nr_vcpus(Struct):
    """Asks how many vCPUs the guest was created with.

    struct xen_dm_op_nr_vcpus; 4 bytes. not in 4.14.
    """

    _fields_ = (
        ("vcpus", c_uint32),  # @0 uint32_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("vcpus",)

    if TYPE_CHECKING:
        vcpus: int

        def __init__(self, vcpus: int = ...) -> None: ...


class xen_dm_op_u(Union):
    """union xen_dm_op_u; 24 bytes. otherwise in 4.14."""

    _fields_ = (
        ("create_ioreq_server", xen_dm_op_create_ioreq_server),  # @0 xen_dm_op_create_ioreq_server_t
        ("get_ioreq_server_info", xen_dm_op_get_ioreq_server_info),  # @0 xen_dm_op_get_ioreq_server_info_t
        ("map_io_range_to_ioreq_server", xen_dm_op_ioreq_server_range),  # @0 xen_dm_op_ioreq_server_range_t
        ("unmap_io_range_from_ioreq_server", xen_dm_op_ioreq_server_range),  # @0 xen_dm_op_ioreq_server_range_t
        ("set_ioreq_server_state", xen_dm_op_set_ioreq_server_state),  # @0 xen_dm_op_set_ioreq_server_state_t
        ("destroy_ioreq_server", xen_dm_op_destroy_ioreq_server),  # @0 xen_dm_op_destroy_ioreq_server_t
        ("track_dirty_vram", xen_dm_op_track_dirty_vram),  # @0 xen_dm_op_track_dirty_vram_t
        ("set_pci_intx_level", xen_dm_op_set_pci_intx_level),  # @0 xen_dm_op_set_pci_intx_level_t
        ("set_isa_irq_level", xen_dm_op_set_isa_irq_level),  # @0 xen_dm_op_set_isa_irq_level_t
        ("set_irq_level", xen_dm_op_set_irq_level),  # @0 xen_dm_op_set_irq_level_t
        ("set_pci_link_route", xen_dm_op_set_pci_link_route),  # @0 xen_dm_op_set_pci_link_route_t
        ("modified_memory", xen_dm_op_modified_memory),  # @0 xen_dm_op_modified_memory_t
        ("set_mem_type", xen_dm_op_set_mem_type),  # @0 xen_dm_op_set_mem_type_t
        ("inject_event", xen_dm_op_inject_event),  # @0 xen_dm_op_inject_event_t
        ("inject_msi", xen_dm_op_inject_msi),  # @0 xen_dm_op_inject_msi_t
        ("map_mem_type_to_ioreq_server", xen_dm_op_map_mem_type_to_ioreq_server),  # @0 xen_dm_op_map_mem_type_to_ioreq_server_t
        ("remote_shutdown", xen_dm_op_remote_shutdown),  # @0 xen_dm_op_remote_shutdown_t
        ("relocate_memory", xen_dm_op_relocate_memory),  # @0 xen_dm_op_relocate_memory_t
        ("pin_memory_cacheattr", xen_dm_op_pin_memory_cacheattr),  # @0 xen_dm_op_pin_memory_cacheattr_t
        ("nr_vcpus", xen_dm_op_nr_vcpus),  # @0 xen_dm_op_nr_vcpus_t
    )

    if TYPE_CHECKING:
        create_ioreq_server: xen_dm_op_create_ioreq_server
        get_ioreq_server_info: xen_dm_op_get_ioreq_server_info
        map_io_range_to_ioreq_server: xen_dm_op_ioreq_server_range
        unmap_io_range_from_ioreq_server: xen_dm_op_ioreq_server_range
        set_ioreq_server_state: xen_dm_op_set_ioreq_server_state
        destroy_ioreq_server: xen_dm_op_destroy_ioreq_server
        track_dirty_vram: xen_dm_op_track_dirty_vram
        set_pci_intx_level: xen_dm_op_set_pci_intx_level
        set_isa_irq_level: xen_dm_op_set_isa_irq_level
        set_irq_level: xen_dm_op_set_irq_level
        set_pci_link_route: xen_dm_op_set_pci_link_route
        modified_memory: xen_dm_op_modified_memory
        set_mem_type: xen_dm_op_set_mem_type
        inject_event: xen_dm_op_inject_event
        inject_msi: xen_dm_op_inject_msi
        map_mem_type_to_ioreq_server: xen_dm_op_map_mem_type_to_ioreq_server
        remote_shutdown: xen_dm_op_remote_shutdown
        relocate_memory: xen_dm_op_relocate_memory
        pin_memory_cacheattr: xen_dm_op_pin_memory_cacheattr
        nr_vcpus: xen_dm_op_nr_vcpus

        def __init__(
            self, create_ioreq_server: xen_dm_op_create_ioreq_server = ...,
            get_ioreq_server_info: xen_dm_op_get_ioreq_server_info = ...,
            map_io_range_to_ioreq_server: xen_dm_op_ioreq_server_range = ...,
            unmap_io_range_from_ioreq_server: xen_dm_op_ioreq_server_range = ...,
            set_ioreq_server_state: xen_dm_op_set_ioreq_server_state = ...,
            destroy_ioreq_server: xen_dm_op_destroy_ioreq_server = ...,
            track_dirty_vram: xen_dm_op_track_dirty_vram = ...,
            set_pci_intx_level: xen_dm_op_set_pci_intx_level = ...,
            set_isa_irq_level: xen_dm_op_set_isa_irq_level = ...,
            set_irq_level: xen_dm_op_set_irq_level = ...,
            set_pci_link_route: xen_dm_op_set_pci_link_route = ...,
            modified_memory: xen_dm_op_modified_memory = ...,
            set_mem_type: xen_dm_op_set_mem_type = ..., inject_event: xen_dm_op_inject_event = ...,
            inject_msi: xen_dm_op_inject_msi = ...,
            map_mem_type_to_ioreq_server: xen_dm_op_map_mem_type_to_ioreq_server = ...,
            remote_shutdown: xen_dm_op_remote_shutdown = ...,
            relocate_memory: xen_dm_op_relocate_memory = ...,
            pin_memory_cacheattr: xen_dm_op_pin_memory_cacheattr = ...,
            nr_vcpus: xen_dm_op_nr_vcpus = ...,
        ) -> None: ...


class xen_dm_op(Struct):
    """A device model operation, selected by op: the first of the hypercall's buffers.

    struct xen_dm_op; 32 bytes.
    """

    _fields_ = (
        ("op", c_uint32),  # @0 uint32_t
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("u", xen_dm_op_u),  # @8 union
    )

    if TYPE_CHECKING:
        op: int
        pad: int
        u: xen_dm_op_u

        def __init__(self, op: int = ..., pad: int = ..., u: xen_dm_op_u = ...) -> None: ...


class xen_dm_op_buf(Struct):
    """One buffer of a device model operation.

    struct xen_dm_op_buf; 16 bytes.
    """

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(void)
        ("size", c_uint64),  # @8 xen_ulong_t: bytes
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("h", "size")

    if TYPE_CHECKING:
        h: HandleField
        size: int

        def __init__(self, h: XenMemory | None = ..., size: int = ...) -> None: ...


ioservid_t = c_uint16
xen_dm_op_create_ioreq_server_t = xen_dm_op_create_ioreq_server
xen_dm_op_get_ioreq_server_info_t = xen_dm_op_get_ioreq_server_info
xen_dm_op_ioreq_server_range_t = xen_dm_op_ioreq_server_range
xen_dm_op_set_ioreq_server_state_t = xen_dm_op_set_ioreq_server_state
xen_dm_op_destroy_ioreq_server_t = xen_dm_op_destroy_ioreq_server
xen_dm_op_track_dirty_vram_t = xen_dm_op_track_dirty_vram
xen_dm_op_set_pci_intx_level_t = xen_dm_op_set_pci_intx_level
xen_dm_op_set_isa_irq_level_t = xen_dm_op_set_isa_irq_level
xen_dm_op_set_pci_link_route_t = xen_dm_op_set_pci_link_route
xen_dm_op_modified_memory_t = xen_dm_op_modified_memory
xen_dm_op_set_mem_type_t = xen_dm_op_set_mem_type
xen_dm_op_inject_event_t = xen_dm_op_inject_event
xen_dm_op_inject_msi_t = xen_dm_op_inject_msi
xen_dm_op_map_mem_type_to_ioreq_server_t = xen_dm_op_map_mem_type_to_ioreq_server
xen_dm_op_remote_shutdown_t = xen_dm_op_remote_shutdown
xen_dm_op_relocate_memory_t = xen_dm_op_relocate_memory
xen_dm_op_pin_memory_cacheattr_t = xen_dm_op_pin_memory_cacheattr
xen_dm_op_set_irq_level_t = xen_dm_op_set_irq_level
xen_dm_op_nr_vcpus_t = xen_dm_op_nr_vcpus
xen_dm_op_buf_t = xen_dm_op_buf


def XEN_DMOP_PCI_SBDF(s: int, b: int, d: int, f: int) -> int:
    """A PCI function as map_io_range_to_ioreq_server takes it.

    Macro XEN_DMOP_PCI_SBDF; s in 0..0xffff, b in 0..255, d in 0..31, f in 0..7.
    """
    s = fitting(s, 0, 0xffff, "XEN_DMOP_PCI_SBDF(s)")
    b = fitting(b, 0, 255, "XEN_DMOP_PCI_SBDF(b)")
    d = fitting(d, 0, 31, "XEN_DMOP_PCI_SBDF(d)")
    f = fitting(f, 0, 7, "XEN_DMOP_PCI_SBDF(f)")
    return s << 16 | b << 8 | d << 3 | f
