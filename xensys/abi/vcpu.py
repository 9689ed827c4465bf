# GENERATED from abi/vcpu.json (vcpu.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Starting and stopping vCPUs, their timers, and pages they share with Xen (HYPERVISOR_vcpu_op).

vcpu.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

# VCPUOP: Commands of vcpu_op; up, down, is_up, stop_* and send_nmi take no structure.
VCPUOP_initialise = 0
VCPUOP_up = 1
VCPUOP_down = 2
VCPUOP_is_up = 3
VCPUOP_get_runstate_info = 4

XEN_RUNSTATE_UPDATE = 0x8000000000000000  # Set in state_entry_time while Xen writes the shared copy (VMASST_TYPE_runstate_update_flag)

# RUNSTATE: What a vCPU does: runs, waits for a processor, waits for an event, or is down or paused.
RUNSTATE_running = 0
RUNSTATE_runnable = 1
RUNSTATE_blocked = 2
RUNSTATE_offline = 3

# VCPUOP, more
VCPUOP_register_runstate_memory_area = 5
VCPUOP_set_periodic_timer = 6
VCPUOP_stop_periodic_timer = 7
VCPUOP_set_singleshot_timer = 8
VCPUOP_stop_singleshot_timer = 9
_VCPU_SSHOTTMR_future = 0  # Bit number of VCPU_SSHOTTMR_future

# VCPU_SSHOTTMR: How a single-shot timer is set; future: ETIME if the time is past, which Xen
# ignores since 4.18.
VCPU_SSHOTTMR_future = 1

# VCPUOP, more
VCPUOP_register_vcpu_info = 10
VCPUOP_send_nmi = 11
VCPUOP_get_physid = 12
VCPUOP_register_vcpu_time_memory_area = 13
VCPUOP_register_runstate_phys_area = 14  # not in 4.17, 4.14
VCPUOP_register_vcpu_time_phys_area = 15  # not in 4.17, 4.14


class vcpu_runstate_info(Struct):
    """What a vCPU does now, since when, and how long it has done each thing so far.

    struct vcpu_runstate_info; 48 bytes.
    """

    _fields_ = (
        ("state", c_int32),  # @0 int
        ("state_entry_time", c_uint64),  # @8 uint64_t: system time in ns; bit 63 may be XEN_RUNSTATE_UPDATE
        ("time", arr(c_uint64, 4)),  # @16 uint64_t: ns in each RUNSTATE_*, by its number
    )
    FORMAT = "<i4xQQQQQ"
    FORMAT_FIELDS = ("state", "state_entry_time", "time[0]", "time[1]", "time[2]", "time[3]")

    if TYPE_CHECKING:
        state: int
        state_entry_time: int
        time: IntArrayField

        def __init__(
            self, state: int = ..., state_entry_time: int = ...,
            time: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vcpu_register_runstate_memory_area_addr(Union):
    """union vcpu_register_runstate_memory_area_addr; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(vcpu_runstate_info_t): virtual address (memory_area commands)
        ("v", c_uint64),  # @0 vcpu_runstate_info *: the same as a C pointer
        ("p", c_uint64),  # @0 uint64_t: guest-physical address (phys_area commands); all ones ends it
    )

    if TYPE_CHECKING:
        h: HandleField
        v: int
        p: int

        def __init__(self, h: XenMemory | None = ..., v: int = ..., p: int = ...) -> None: ...


class vcpu_register_runstate_memory_area(Struct):
    """Where Xen keeps a copy of the vCPU's run state in the guest's memory.

    struct vcpu_register_runstate_memory_area; 8 bytes.
    """

    _fields_ = (
        ("addr", vcpu_register_runstate_memory_area_addr),  # @0 union
    )

    if TYPE_CHECKING:
        addr: vcpu_register_runstate_memory_area_addr

        def __init__(self, addr: vcpu_register_runstate_memory_area_addr = ...) -> None: ...


class vcpu_set_periodic_timer(Struct):
    """Lets VIRQ_TIMER come again and again.

    struct vcpu_set_periodic_timer; 8 bytes.
    """

    _fields_ = (
        ("period_ns", c_uint64),  # @0 uint64_t: ns, a millisecond or more
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("period_ns",)

    if TYPE_CHECKING:
        period_ns: int

        def __init__(self, period_ns: int = ...) -> None: ...


class vcpu_set_singleshot_timer(Struct):
    """Lets VIRQ_TIMER come once, at a time.

    struct vcpu_set_singleshot_timer; 16 bytes.
    """

    _fields_ = (
        ("timeout_abs_ns", c_uint64),  # @0 uint64_t: absolute system time in ns
        ("flags", c_uint32),  # @8 uint32_t
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("timeout_abs_ns", "flags")

    if TYPE_CHECKING:
        timeout_abs_ns: int
        flags: int

        def __init__(self, timeout_abs_ns: int = ..., flags: int = ...) -> None: ...


class vcpu_register_vcpu_info(Struct):
    """Moves a vCPU's vcpu_info out of the shared info page; once per vCPU.

    struct vcpu_register_vcpu_info; 16 bytes.
    """

    _fields_ = (
        ("mfn", c_uint64),  # @0 uint64_t: frame as the guest counts them: machine frame for PV, else guest frame
        ("offset", c_uint32),  # @8 uint32_t: bytes into the frame; must not cross its end
        ("rsvd", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("mfn", "offset", "rsvd")

    if TYPE_CHECKING:
        mfn: int
        offset: int
        rsvd: int

        def __init__(self, mfn: int = ..., offset: int = ..., rsvd: int = ...) -> None: ...


class vcpu_get_physid(Struct):
    """Which physical CPU a pinned vCPU is on, by the firmware's ids.

    struct vcpu_get_physid; 8 bytes.
    """

    _fields_ = (
        ("phys_id", c_uint64),  # @0 uint64_t: x86: APIC id in the low half, ACPI id in the high half
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("phys_id",)

    if TYPE_CHECKING:
        phys_id: int

        def __init__(self, phys_id: int = ...) -> None: ...


class vcpu_register_time_memory_area_addr(Union):
    """union vcpu_register_time_memory_area_addr; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(vcpu_time_info_t): virtual address (memory_area commands)
        ("v", c_uint64),  # @0 vcpu_time_info *: the same as a C pointer
        ("p", c_uint64),  # @0 uint64_t: guest-physical address (phys_area commands); all ones ends it
    )

    if TYPE_CHECKING:
        h: HandleField
        v: int
        p: int

        def __init__(self, h: XenMemory | None = ..., v: int = ..., p: int = ...) -> None: ...


class vcpu_register_time_memory_area(Struct):
    """Where Xen keeps a second copy of the vCPU's time parameters.

    struct vcpu_register_time_memory_area; 8 bytes.
    """

    _fields_ = (
        ("addr", vcpu_register_time_memory_area_addr),  # @0 union
    )

    if TYPE_CHECKING:
        addr: vcpu_register_time_memory_area_addr

        def __init__(self, addr: vcpu_register_time_memory_area_addr = ...) -> None: ...


vcpu_runstate_info_t = vcpu_runstate_info
vcpu_register_runstate_memory_area_t = vcpu_register_runstate_memory_area
vcpu_set_periodic_timer_t = vcpu_set_periodic_timer
vcpu_set_singleshot_timer_t = vcpu_set_singleshot_timer
vcpu_register_vcpu_info_t = vcpu_register_vcpu_info
vcpu_get_physid_t = vcpu_get_physid
vcpu_register_time_memory_area_t = vcpu_register_time_memory_area


def xen_vcpu_physid_to_x86_apicid(physid: int) -> int:
    """The APIC id in what VCPUOP_get_physid returns.

    Macro xen_vcpu_physid_to_x86_apicid; physid in 0..0xffffffffffffffff.
    """
    physid = fitting(physid, 0, 0xffffffffffffffff, "xen_vcpu_physid_to_x86_apicid(physid)")
    return physid & 0xFFFFFFFF


def xen_vcpu_physid_to_x86_acpiid(physid: int) -> int:
    """The ACPI id in what VCPUOP_get_physid returns.

    Macro xen_vcpu_physid_to_x86_acpiid; physid in 0..0xffffffffffffffff.
    """
    physid = fitting(physid, 0, 0xffffffffffffffff, "xen_vcpu_physid_to_x86_acpiid(physid)")
    return physid >> 32
