# GENERATED from abi/vcpu.json (vcpu.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""vcpu.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_int32, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

VCPUOP_initialise = 0
VCPUOP_up = 1
VCPUOP_down = 2
VCPUOP_is_up = 3
VCPUOP_get_runstate_info = 4
XEN_RUNSTATE_UPDATE = 0x8000000000000000
RUNSTATE_running = 0
RUNSTATE_runnable = 1
RUNSTATE_blocked = 2
RUNSTATE_offline = 3
VCPUOP_register_runstate_memory_area = 5
VCPUOP_set_periodic_timer = 6
VCPUOP_stop_periodic_timer = 7
VCPUOP_set_singleshot_timer = 8
VCPUOP_stop_singleshot_timer = 9
_VCPU_SSHOTTMR_future = 0
VCPU_SSHOTTMR_future = 1
VCPUOP_register_vcpu_info = 10
VCPUOP_send_nmi = 11
VCPUOP_get_physid = 12
VCPUOP_register_vcpu_time_memory_area = 13
VCPUOP_register_runstate_phys_area = 14  # not in 4.17, 4.14
VCPUOP_register_vcpu_time_phys_area = 15  # not in 4.17, 4.14


class vcpu_runstate_info(Struct):
    """struct vcpu_runstate_info; 48 bytes."""

    _fields_ = (
        ("state", c_int32),  # @0 int
        ("state_entry_time", c_uint64),  # @8 uint64_t
        ("time", arr(c_uint64, 4)),  # @16 uint64_t
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
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(vcpu_runstate_info_t)
        ("v", c_uint64),  # @0 vcpu_runstate_info *
        ("p", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        v: int
        p: int

        def __init__(self, h: XenMemory | None = ..., v: int = ..., p: int = ...) -> None: ...


class vcpu_register_runstate_memory_area(Struct):
    """struct vcpu_register_runstate_memory_area; 8 bytes."""

    _fields_ = (
        ("addr", vcpu_register_runstate_memory_area_addr),  # @0 union
    )

    if TYPE_CHECKING:
        addr: vcpu_register_runstate_memory_area_addr

        def __init__(self, addr: vcpu_register_runstate_memory_area_addr = ...) -> None: ...


class vcpu_set_periodic_timer(Struct):
    """struct vcpu_set_periodic_timer; 8 bytes."""

    _fields_ = (
        ("period_ns", c_uint64),  # @0 uint64_t
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("period_ns",)

    if TYPE_CHECKING:
        period_ns: int

        def __init__(self, period_ns: int = ...) -> None: ...


class vcpu_set_singleshot_timer(Struct):
    """struct vcpu_set_singleshot_timer; 16 bytes."""

    _fields_ = (
        ("timeout_abs_ns", c_uint64),  # @0 uint64_t
        ("flags", c_uint32),  # @8 uint32_t
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("timeout_abs_ns", "flags")

    if TYPE_CHECKING:
        timeout_abs_ns: int
        flags: int

        def __init__(self, timeout_abs_ns: int = ..., flags: int = ...) -> None: ...


class vcpu_register_vcpu_info(Struct):
    """struct vcpu_register_vcpu_info; 16 bytes."""

    _fields_ = (
        ("mfn", c_uint64),  # @0 uint64_t
        ("offset", c_uint32),  # @8 uint32_t
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
    """struct vcpu_get_physid; 8 bytes."""

    _fields_ = (
        ("phys_id", c_uint64),  # @0 uint64_t
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("phys_id",)

    if TYPE_CHECKING:
        phys_id: int

        def __init__(self, phys_id: int = ...) -> None: ...


class vcpu_register_time_memory_area_addr(Union):
    """union vcpu_register_time_memory_area_addr; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(vcpu_time_info_t)
        ("v", c_uint64),  # @0 vcpu_time_info *
        ("p", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        v: int
        p: int

        def __init__(self, h: XenMemory | None = ..., v: int = ..., p: int = ...) -> None: ...


class vcpu_register_time_memory_area(Struct):
    """struct vcpu_register_time_memory_area; 8 bytes."""

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
