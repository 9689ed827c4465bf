# GENERATED from abi/hvm/hvm_op.json (hvm/hvm_op.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""HVM guests: parameters, memory types, alternate p2m views (HYPERVISOR_hvm_op).

hvm/hvm_op.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import HandleField, IntArray, IntArrayField, XenMemory

# HVMMEM: How a guest's accesses to a frame are treated.
HVMMEM_ram_rw = 0
HVMMEM_ram_ro = 1
HVMMEM_mmio_dm = 2
HVMMEM_unused = 3
HVMMEM_ioreq_server = 4

# HVMOP: Sub-operations of HYPERVISOR_hvm_op.
HVMOP_set_param = 0
HVMOP_get_param = 1
HVMOP_flush_tlbs = 5
HVMOP_pagetable_dying = 9
HVMOP_get_time = 10
HVMOP_xentrace = 11
HVMOP_set_mem_access = 12  # __XEN_TOOLS__
HVMOP_get_mem_access = 13  # __XEN_TOOLS__
HVMOP_get_mem_type = 15

# HVM_IOREQSRV_BUFIOREQ: Whether an ioreq server has a buffered ring, and whether Xen moves its
# pointers atomically.
HVM_IOREQSRV_BUFIOREQ_OFF = 0  # __XEN_TOOLS__
HVM_IOREQSRV_BUFIOREQ_LEGACY = 1  # __XEN_TOOLS__
HVM_IOREQSRV_BUFIOREQ_ATOMIC = 2  # __XEN_TOOLS__

# HVMOP, more
HVMOP_set_evtchn_upcall_vector = 23  # x86_64 only
HVMOP_guest_request_vm_event = 24
HVMOP_altp2m = 25

HVMOP_ALTP2M_INTERFACE_VERSION = 1  # What version has to be in every altp2m operation, else EINVAL

# HVMOP_altp2m: Operations on alternate p2m views: second translations of a guest's frames, switched
# per vCPU.
HVMOP_altp2m_get_domain_state = 1
HVMOP_altp2m_set_domain_state = 2
HVMOP_altp2m_vcpu_enable_notify = 3
HVMOP_altp2m_create_p2m = 4
HVMOP_altp2m_destroy_p2m = 5
HVMOP_altp2m_switch_p2m = 6
HVMOP_altp2m_set_mem_access = 7
HVMOP_altp2m_change_gfn = 8
HVMOP_altp2m_set_mem_access_multi = 9
HVMOP_altp2m_set_suppress_ve = 10
HVMOP_altp2m_get_suppress_ve = 11
HVMOP_altp2m_get_mem_access = 12
HVMOP_altp2m_vcpu_disable_notify = 13
HVMOP_altp2m_get_p2m_idx = 14
HVMOP_altp2m_set_suppress_ve_multi = 15
HVMOP_altp2m_set_visibility = 16


class xen_hvm_param(Struct):
    """Reads or sets one of a domain's HVM parameters.

    struct xen_hvm_param; 16 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("pad", c_uint16),  # @2 uint16_t
        ("index", c_uint32),  # @4 uint32_t
        ("value", c_uint64),  # @8 uint64_t: what the parameter holds: a frame, port, address, flags or number
    )
    FORMAT = "<HHIQ"
    FORMAT_FIELDS = ("domid", "pad", "index", "value")

    if TYPE_CHECKING:
        domid: int
        pad: int
        index: int
        value: int

        def __init__(
            self, domid: int = ..., pad: int = ..., index: int = ..., value: int = ...,
        ) -> None: ...


class xen_hvm_altp2m_suppress_ve(Struct):
    """Reads or sets whether violations on one frame of a view exit to Xen instead of raising #VE.

    struct xen_hvm_altp2m_suppress_ve; 16 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("suppress_ve", c_uint8),  # @2 uint8_t: 1: violations exit to Xen; 0: the guest gets #VE
        ("pad1", c_uint8),  # @3 uint8_t: must be 0
        ("pad2", c_uint32),  # @4 uint32_t: must be 0
        ("gfn", c_uint64),  # @8 uint64_t: 4 KiB frame
    )
    FORMAT = "<HBBIQ"
    FORMAT_FIELDS = ("view", "suppress_ve", "pad1", "pad2", "gfn")

    if TYPE_CHECKING:
        view: int
        suppress_ve: int
        pad1: int
        pad2: int
        gfn: int

        def __init__(
            self, view: int = ..., suppress_ve: int = ..., pad1: int = ..., pad2: int = ...,
            gfn: int = ...,
        ) -> None: ...


class xen_hvm_altp2m_suppress_ve_multi(Struct):
    """Sets the suppress-#VE bit of many frames of a view, one after the other.

    struct xen_hvm_altp2m_suppress_ve_multi; 32 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("suppress_ve", c_uint8),  # @2 uint8_t: 1: violations exit to Xen; 0: the guest gets #VE
        ("pad1", c_uint8),  # @3 uint8_t: must be 0
        ("first_error", c_int32),  # @4 int32_t: 0 going in; negative errno of the first frame that failed
        ("first_gfn", c_uint64),  # @8 uint64_t: 4 KiB frame; moved on as frames are done
        ("last_gfn", c_uint64),  # @16 uint64_t: last frame of the range, inclusive
        ("first_error_gfn", c_uint64),  # @24 uint64_t: frame to which first_error belongs
    )
    FORMAT = "<HBBiQQQ"
    FORMAT_FIELDS = (
        "view", "suppress_ve", "pad1", "first_error", "first_gfn", "last_gfn", "first_error_gfn",
    )

    if TYPE_CHECKING:
        view: int
        suppress_ve: int
        pad1: int
        first_error: int
        first_gfn: int
        last_gfn: int
        first_error_gfn: int

        def __init__(
            self, view: int = ..., suppress_ve: int = ..., pad1: int = ..., first_error: int = ...,
            first_gfn: int = ..., last_gfn: int = ..., first_error_gfn: int = ...,
        ) -> None: ...


class xen_hvm_pagetable_dying(Struct):
    """Hints that the caller is about to free a page table that shadow paging tracks.

    struct xen_hvm_pagetable_dying; 16 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("pad", arr(c_uint16, 3)),  # @2 uint16_t
        ("gpa", c_uint64),  # @8 uint64_t: guest-physical address of the top-level table, bytes
    )
    FORMAT = "<HHHHQ"
    FORMAT_FIELDS = ("domid", "pad[0]", "pad[1]", "pad[2]", "gpa")

    if TYPE_CHECKING:
        domid: int
        pad: IntArrayField
        gpa: int

        def __init__(
            self, domid: int = ..., pad: Sequence[int] | IntArray = ..., gpa: int = ...,
        ) -> None: ...


class xen_hvm_get_time(Struct):
    """Takes Xen's system time.

    struct xen_hvm_get_time; 8 bytes.
    """

    _fields_ = (
        ("now", c_uint64),  # @0 uint64_t: ns since the host booted
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("now",)

    if TYPE_CHECKING:
        now: int

        def __init__(self, now: int = ...) -> None: ...


class xen_hvm_xentrace(Struct):
    """Adds a record of the guest's own to Xen's trace buffer.

    struct xen_hvm_xentrace; 32 bytes.
    """

    _fields_ = (
        ("event", c_uint16),  # @0 uint16_t: at most 0xfff; Xen adds the class TRC_GUEST
        ("extra_bytes", c_uint16),  # @2 uint16_t: bytes of extra in use: a multiple of 4, at most 28
        ("extra", arr(c_uint8, 28)),  # @4 uint8_t
    )
    FORMAT = "<HHBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
    FORMAT_FIELDS = (
        "event", "extra_bytes", "extra[0]", "extra[1]", "extra[2]", "extra[3]", "extra[4]",
        "extra[5]", "extra[6]", "extra[7]", "extra[8]", "extra[9]", "extra[10]", "extra[11]",
        "extra[12]", "extra[13]", "extra[14]", "extra[15]", "extra[16]", "extra[17]", "extra[18]",
        "extra[19]", "extra[20]", "extra[21]", "extra[22]", "extra[23]", "extra[24]", "extra[25]",
        "extra[26]", "extra[27]",
    )

    if TYPE_CHECKING:
        event: int
        extra_bytes: int
        extra: IntArrayField

        def __init__(
            self, event: int = ..., extra_bytes: int = ..., extra: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_hvm_get_mem_type(Struct):
    """Asks how accesses to one frame are treated.

    struct xen_hvm_get_mem_type; 16 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
        ("mem_type", c_uint16),  # @2 uint16_t
        ("pad", arr(c_uint16, 2)),  # @4 uint16_t
        ("pfn", c_uint64),  # @8 uint64_t: 4 KiB frame of the guest
    )
    FORMAT = "<HHHHQ"
    FORMAT_FIELDS = ("domid", "mem_type", "pad[0]", "pad[1]", "pfn")

    if TYPE_CHECKING:
        domid: int
        mem_type: int
        pad: IntArrayField
        pfn: int

        def __init__(
            self, domid: int = ..., mem_type: int = ..., pad: Sequence[int] | IntArray = ...,
            pfn: int = ...,
        ) -> None: ...


class xen_hvm_evtchn_upcall_vector(Struct):
    """Has one vCPU's event channel upcalls delivered on a vector of its local APIC.

    struct xen_hvm_evtchn_upcall_vector; 8 bytes. x86_64 only.
    """

    _fields_ = (
        ("vcpu", c_uint32),  # @0 uint32_t
        ("vector", c_uint8),  # @4 uint8_t: interrupt vector of the local APIC, at least 16
    )
    FORMAT = "<IB3x"
    FORMAT_FIELDS = ("vcpu", "vector")

    if TYPE_CHECKING:
        vcpu: int
        vector: int

        def __init__(self, vcpu: int = ..., vector: int = ...) -> None: ...


class xen_hvm_altp2m_domain_state(Struct):
    """Whether alternate p2m views are switched on for the domain.

    struct xen_hvm_altp2m_domain_state; 1 bytes.
    """

    _fields_ = (
        ("state", c_uint8),  # @0 uint8_t: 0 off, else on
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("state",)

    if TYPE_CHECKING:
        state: int

        def __init__(self, state: int = ...) -> None: ...


class xen_hvm_altp2m_vcpu_enable_notify(Struct):
    """Gives a vCPU its information page for #VE, which turns #VE on.

    struct xen_hvm_altp2m_vcpu_enable_notify; 16 bytes.
    """

    _fields_ = (
        ("vcpu_id", c_uint32),  # @0 uint32_t
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("gfn", c_uint64),  # @8 uint64_t: 4 KiB frame
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("vcpu_id", "pad", "gfn")

    if TYPE_CHECKING:
        vcpu_id: int
        pad: int
        gfn: int

        def __init__(self, vcpu_id: int = ..., pad: int = ..., gfn: int = ...) -> None: ...


class xen_hvm_altp2m_vcpu_disable_notify(Struct):
    """Takes the #VE information page from a vCPU, which turns #VE off.

    struct xen_hvm_altp2m_vcpu_disable_notify; 4 bytes.
    """

    _fields_ = (
        ("vcpu_id", c_uint32),  # @0 uint32_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("vcpu_id",)

    if TYPE_CHECKING:
        vcpu_id: int

        def __init__(self, vcpu_id: int = ...) -> None: ...


class xen_hvm_altp2m_view(Struct):
    """Creates, destroys or switches to a view.

    struct xen_hvm_altp2m_view; 4 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("hvmmem_default_access", c_uint16),  # @2 uint16_t: for create: access of frames that are not set otherwise
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("view", "hvmmem_default_access")

    if TYPE_CHECKING:
        view: int
        hvmmem_default_access: int

        def __init__(self, view: int = ..., hvmmem_default_access: int = ...) -> None: ...


class xen_hvm_altp2m_mem_access(Struct):
    """Reads or sets which accesses to one frame a view allows.

    struct xen_hvm_altp2m_mem_access; 16 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("access", c_uint16),  # @2 uint16_t
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("gfn", c_uint64),  # @8 uint64_t: 4 KiB frame
    )
    FORMAT = "<HHIQ"
    FORMAT_FIELDS = ("view", "access", "pad", "gfn")

    if TYPE_CHECKING:
        view: int
        access: int
        pad: int
        gfn: int

        def __init__(
            self, view: int = ..., access: int = ..., pad: int = ..., gfn: int = ...,
        ) -> None: ...


class xen_hvm_altp2m_set_mem_access_multi(Struct):
    """Sets which accesses a view allows to each frame of a list.

    struct xen_hvm_altp2m_set_mem_access_multi; 32 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("pad", c_uint16),  # @2 uint16_t: must be 0
        ("nr", c_uint32),  # @4 uint32_t: entries of pfn_list and of access_list
        ("opaque", c_uint64),  # @8 uint64_t: must be 0; Xen keeps here how far it got
        ("pfn_list", HANDLE),  # @16 XEN_GUEST_HANDLE(const_uint64)
        ("access_list", HANDLE),  # @24 XEN_GUEST_HANDLE(const_uint8): one byte for each frame: XENMEM_access_*
    )
    FORMAT = "<HHIQQQ"
    FORMAT_FIELDS = ("view", "pad", "nr", "opaque", "pfn_list", "access_list")

    if TYPE_CHECKING:
        view: int
        pad: int
        nr: int
        opaque: int
        pfn_list: HandleField
        access_list: HandleField

        def __init__(
            self, view: int = ..., pad: int = ..., nr: int = ..., opaque: int = ...,
            pfn_list: XenMemory | None = ..., access_list: XenMemory | None = ...,
        ) -> None: ...


class xen_hvm_altp2m_change_gfn(Struct):
    """Lets a frame number show another frame's page in one view.

    struct xen_hvm_altp2m_change_gfn; 24 bytes.
    """

    _fields_ = (
        ("view", c_uint16),  # @0 uint16_t: index of the view; 0 is made when altp2m is switched on
        ("pad1", c_uint16),  # @2 uint16_t: must be 0
        ("pad2", c_uint32),  # @4 uint32_t: must be 0
        ("old_gfn", c_uint64),  # @8 uint64_t: 4 KiB frame whose translation changes
        ("new_gfn", c_uint64),  # @16 uint64_t: frame whose page it shows; all ones: as in the host's p2m again
    )
    FORMAT = "<HHIQQ"
    FORMAT_FIELDS = ("view", "pad1", "pad2", "old_gfn", "new_gfn")

    if TYPE_CHECKING:
        view: int
        pad1: int
        pad2: int
        old_gfn: int
        new_gfn: int

        def __init__(
            self, view: int = ..., pad1: int = ..., pad2: int = ..., old_gfn: int = ...,
            new_gfn: int = ...,
        ) -> None: ...


class xen_hvm_altp2m_get_vcpu_p2m_idx(Struct):
    """Asks in which view a vCPU runs.

    struct xen_hvm_altp2m_get_vcpu_p2m_idx; 8 bytes.
    """

    _fields_ = (
        ("vcpu_id", c_uint32),  # @0 uint32_t
        ("altp2m_idx", c_uint16),  # @4 uint16_t: index of the view
    )
    FORMAT = "<IH2x"
    FORMAT_FIELDS = ("vcpu_id", "altp2m_idx")

    if TYPE_CHECKING:
        vcpu_id: int
        altp2m_idx: int

        def __init__(self, vcpu_id: int = ..., altp2m_idx: int = ...) -> None: ...


class xen_hvm_altp2m_set_visibility(Struct):
    """Lets the guest's VMFUNC switch to a view, or not.

    struct xen_hvm_altp2m_set_visibility; 4 bytes.
    """

    _fields_ = (
        ("altp2m_idx", c_uint16),  # @0 uint16_t: index of the view
        ("visible", c_uint8),  # @2 uint8_t: 0: VMFUNC cannot switch to it
        ("pad", c_uint8),  # @3 uint8_t: must be 0
    )
    FORMAT = "<HBB"
    FORMAT_FIELDS = ("altp2m_idx", "visible", "pad")

    if TYPE_CHECKING:
        altp2m_idx: int
        visible: int
        pad: int

        def __init__(self, altp2m_idx: int = ..., visible: int = ..., pad: int = ...) -> None: ...


class xen_hvm_altp2m_op_u(Union):
    """union xen_hvm_altp2m_op_u; 64 bytes."""

    _fields_ = (
        ("domain_state", xen_hvm_altp2m_domain_state),  # @0 xen_hvm_altp2m_domain_state
        ("enable_notify", xen_hvm_altp2m_vcpu_enable_notify),  # @0 xen_hvm_altp2m_vcpu_enable_notify
        ("view", xen_hvm_altp2m_view),  # @0 xen_hvm_altp2m_view: index of the view; 0 is made when altp2m is switched on
        ("mem_access", xen_hvm_altp2m_mem_access),  # @0 xen_hvm_altp2m_mem_access
        ("change_gfn", xen_hvm_altp2m_change_gfn),  # @0 xen_hvm_altp2m_change_gfn
        ("set_mem_access_multi", xen_hvm_altp2m_set_mem_access_multi),  # @0 xen_hvm_altp2m_set_mem_access_multi
        ("suppress_ve", xen_hvm_altp2m_suppress_ve),  # @0 xen_hvm_altp2m_suppress_ve: 1: violations exit to Xen; 0: the guest gets #VE
        ("suppress_ve_multi", xen_hvm_altp2m_suppress_ve_multi),  # @0 xen_hvm_altp2m_suppress_ve_multi
        ("disable_notify", xen_hvm_altp2m_vcpu_disable_notify),  # @0 xen_hvm_altp2m_vcpu_disable_notify
        ("get_vcpu_p2m_idx", xen_hvm_altp2m_get_vcpu_p2m_idx),  # @0 xen_hvm_altp2m_get_vcpu_p2m_idx
        ("set_visibility", xen_hvm_altp2m_set_visibility),  # @0 xen_hvm_altp2m_set_visibility
        ("pad", arr(c_uint8, 64)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        domain_state: xen_hvm_altp2m_domain_state
        enable_notify: xen_hvm_altp2m_vcpu_enable_notify
        view: xen_hvm_altp2m_view
        mem_access: xen_hvm_altp2m_mem_access
        change_gfn: xen_hvm_altp2m_change_gfn
        set_mem_access_multi: xen_hvm_altp2m_set_mem_access_multi
        suppress_ve: xen_hvm_altp2m_suppress_ve
        suppress_ve_multi: xen_hvm_altp2m_suppress_ve_multi
        disable_notify: xen_hvm_altp2m_vcpu_disable_notify
        get_vcpu_p2m_idx: xen_hvm_altp2m_get_vcpu_p2m_idx
        set_visibility: xen_hvm_altp2m_set_visibility
        pad: IntArrayField

        def __init__(
            self, domain_state: xen_hvm_altp2m_domain_state = ...,
            enable_notify: xen_hvm_altp2m_vcpu_enable_notify = ..., view: xen_hvm_altp2m_view = ...,
            mem_access: xen_hvm_altp2m_mem_access = ...,
            change_gfn: xen_hvm_altp2m_change_gfn = ...,
            set_mem_access_multi: xen_hvm_altp2m_set_mem_access_multi = ...,
            suppress_ve: xen_hvm_altp2m_suppress_ve = ...,
            suppress_ve_multi: xen_hvm_altp2m_suppress_ve_multi = ...,
            disable_notify: xen_hvm_altp2m_vcpu_disable_notify = ...,
            get_vcpu_p2m_idx: xen_hvm_altp2m_get_vcpu_p2m_idx = ...,
            set_visibility: xen_hvm_altp2m_set_visibility = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_hvm_altp2m_op(Struct):
    """Any operation on a domain's alternate p2m views, selected by cmd.

    struct xen_hvm_altp2m_op; 80 bytes.
    """

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t: HVMOP_ALTP2M_INTERFACE_VERSION
        ("cmd", c_uint32),  # @4 uint32_t
        ("domain", c_uint16),  # @8 domid_t
        ("pad1", c_uint16),  # @10 uint16_t: must be 0
        ("pad2", c_uint32),  # @12 uint32_t: must be 0
        ("u", xen_hvm_altp2m_op_u),  # @16 union
    )

    if TYPE_CHECKING:
        version: int
        cmd: int
        domain: int
        pad1: int
        pad2: int
        u: xen_hvm_altp2m_op_u

        def __init__(
            self, version: int = ..., cmd: int = ..., domain: int = ..., pad1: int = ...,
            pad2: int = ..., u: xen_hvm_altp2m_op_u = ...,
        ) -> None: ...


xen_hvm_param_t = xen_hvm_param
hvmmem_type_t = c_uint32
xen_hvm_pagetable_dying_t = xen_hvm_pagetable_dying
xen_hvm_get_time_t = xen_hvm_get_time
xen_hvm_xentrace_t = xen_hvm_xentrace
xen_hvm_get_mem_type_t = xen_hvm_get_mem_type
xen_hvm_evtchn_upcall_vector_t = xen_hvm_evtchn_upcall_vector
xen_hvm_altp2m_domain_state_t = xen_hvm_altp2m_domain_state
xen_hvm_altp2m_vcpu_enable_notify_t = xen_hvm_altp2m_vcpu_enable_notify
xen_hvm_altp2m_vcpu_disable_notify_t = xen_hvm_altp2m_vcpu_disable_notify
xen_hvm_altp2m_view_t = xen_hvm_altp2m_view
xen_hvm_altp2m_mem_access_t = xen_hvm_altp2m_mem_access
xen_hvm_altp2m_change_gfn_t = xen_hvm_altp2m_change_gfn
xen_hvm_altp2m_op_t = xen_hvm_altp2m_op
