# GENERATED from abi/xen.json (xen.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What every guest shares with Xen: hypercall numbers, domain ids, time, shared info, start of day.

xen.h of Xen 4.20, x86_64. What is alike elsewhere is in _common.xen.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint32, c_uint64

from .._base import Struct, arr
from .._common import xen as _common
from .._common.xen import *

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XEN_LEGACY_MAX_VCPUS = 32  # vCPUs whose vcpu_info is in shared_info; the others register one
_VGCF_online = 5
VGCF_online = 32  # The vCPU is to run at once; bit 5 on x86, bit 0 on Arm


class arch_vcpu_info(Struct):
    """What one architecture adds to vcpu_info.

    struct arch_vcpu_info; 16 bytes.
    """

    _fields_ = (
        ("cr2", c_uint64),  # @0 unsigned long: address of the last page fault (PV)
        ("pad", c_uint64),  # @8 unsigned long
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("cr2", "pad")

    if TYPE_CHECKING:
        cr2: int
        pad: int

        def __init__(self, cr2: int = ..., pad: int = ...) -> None: ...


class vcpu_guest_context(Struct):
    """All of a vCPU's state to start it with: PV on x86, every guest on Arm.

    struct vcpu_guest_context; 5168 bytes.
    """

    _fields_ = (
        ("fpu_ctxt", vcpu_guest_context_fpu_ctxt),  # @0 struct: FXSAVE image
        ("flags", c_uint64),  # @512 unsigned long: VGCF_*; VGCF_online is another bit on each architecture
        ("user_regs", cpu_user_regs),  # @520 cpu_user_regs
        ("trap_ctxt", arr(trap_info, 256)),  # @720 trap_info: handler of each exception
        ("ldt_base", c_uint64),  # @4816 unsigned long: virtual address
        ("ldt_ents", c_uint64),  # @4824 unsigned long: descriptors
        ("gdt_frames", arr(c_uint64, 16)),  # @4832 unsigned long: machine frames
        ("gdt_ents", c_uint64),  # @4960 unsigned long: descriptors
        ("kernel_ss", c_uint64),  # @4968 unsigned long: selector of the kernel's stack
        ("kernel_sp", c_uint64),  # @4976 unsigned long: where the kernel's stack starts at entry
        ("ctrlreg", arr(c_uint64, 8)),  # @4984 unsigned long: CR0 to CR7; [3] kernel page table, [1] user page table
        ("debugreg", arr(c_uint64, 8)),  # @5048 unsigned long: DR0 to DR7
        ("event_callback_eip", c_uint64),  # @5112 unsigned long: virtual address of the handler
        ("failsafe_callback_eip", c_uint64),  # @5120 unsigned long: virtual address of the handler
        ("syscall_callback_eip", c_uint64),  # @5128 unsigned long: virtual address of the handler
        ("vm_assist", c_uint64),  # @5136 unsigned long: bit n: VMASST_TYPE_* n
        ("fs_base", c_uint64),  # @5144 uint64_t
        ("gs_base_kernel", c_uint64),  # @5152 uint64_t
        ("gs_base_user", c_uint64),  # @5160 uint64_t
    )

    if TYPE_CHECKING:
        fpu_ctxt: vcpu_guest_context_fpu_ctxt
        flags: int
        user_regs: cpu_user_regs
        trap_ctxt: StructArrayField[trap_info]
        ldt_base: int
        ldt_ents: int
        gdt_frames: IntArrayField
        gdt_ents: int
        kernel_ss: int
        kernel_sp: int
        ctrlreg: IntArrayField
        debugreg: IntArrayField
        event_callback_eip: int
        failsafe_callback_eip: int
        syscall_callback_eip: int
        vm_assist: int
        fs_base: int
        gs_base_kernel: int
        gs_base_user: int

        def __init__(
            self, fpu_ctxt: vcpu_guest_context_fpu_ctxt = ..., flags: int = ...,
            user_regs: cpu_user_regs = ...,
            trap_ctxt: Sequence[trap_info] | StructArray[trap_info] = ..., ldt_base: int = ...,
            ldt_ents: int = ..., gdt_frames: Sequence[int] | IntArray = ..., gdt_ents: int = ...,
            kernel_ss: int = ..., kernel_sp: int = ..., ctrlreg: Sequence[int] | IntArray = ...,
            debugreg: Sequence[int] | IntArray = ..., event_callback_eip: int = ...,
            failsafe_callback_eip: int = ..., syscall_callback_eip: int = ..., vm_assist: int = ...,
            fs_base: int = ..., gs_base_kernel: int = ..., gs_base_user: int = ...,
        ) -> None: ...


class arch_shared_info(Struct):
    """What one architecture adds to shared_info: on x86 a PV guest's p2m and NMI reason.

    struct arch_shared_info; 48 bytes.
    """

    _fields_ = (
        ("max_pfn", c_uint64),  # @0 unsigned long: entries of the p2m
        ("pfn_to_mfn_frame_list_list", c_uint64),  # @8 xen_pfn_t: frame of the p2m tree's top; 0: not set yet, all ones: see p2m_vaddr
        ("nmi_reason", c_uint64),  # @16 unsigned long
        ("p2m_cr3", c_uint64),  # @24 unsigned long: page table in which p2m_vaddr is valid; 0: no linear p2m
        ("p2m_vaddr", c_uint64),  # @32 unsigned long: where the linear p2m is mapped, virtual address
        ("p2m_generation", c_uint64),  # @40 unsigned long: odd while the guest changes the p2m's mapping
    )
    FORMAT = "<QQQQQQ"
    FORMAT_FIELDS = (
        "max_pfn", "pfn_to_mfn_frame_list_list", "nmi_reason", "p2m_cr3", "p2m_vaddr",
        "p2m_generation",
    )

    if TYPE_CHECKING:
        max_pfn: int
        pfn_to_mfn_frame_list_list: int
        nmi_reason: int
        p2m_cr3: int
        p2m_vaddr: int
        p2m_generation: int

        def __init__(
            self, max_pfn: int = ..., pfn_to_mfn_frame_list_list: int = ..., nmi_reason: int = ...,
            p2m_cr3: int = ..., p2m_vaddr: int = ..., p2m_generation: int = ...,
        ) -> None: ...


class xen_arch_domainconfig(Struct):
    """What one architecture asks at a domain's creation.

    struct xen_arch_domainconfig; 8 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("emulation_flags", c_uint32),  # @0 uint32_t
        ("misc_flags", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("emulation_flags", "misc_flags")

    if TYPE_CHECKING:
        emulation_flags: int
        misc_flags: int

        def __init__(self, emulation_flags: int = ..., misc_flags: int = ...) -> None: ...


class vcpu_info(Struct):
    """A vCPU's pending events and its clock; Xen and guest both write it.

    struct vcpu_info; 64 bytes.
    """

    _fields_ = (
        ("evtchn_upcall_pending", c_uint8),  # @0 uint8_t: boolean: some port is pending
        ("evtchn_upcall_mask", c_uint8),  # @1 uint8_t: boolean: no upcall now (PV)
        ("evtchn_pending_sel", c_uint64),  # @8 xen_ulong_t: bit n: look at word n of evtchn_pending
        ("arch", arch_vcpu_info),  # @16 arch_vcpu_info
        ("time", vcpu_time_info),  # @32 vcpu_time_info_t
    )
    FORMAT = "<BB6xQQQIIQQIbBBB"
    FORMAT_FIELDS = (
        "evtchn_upcall_pending", "evtchn_upcall_mask", "evtchn_pending_sel", "arch.cr2", "arch.pad",
        "time.version", "time.pad0", "time.tsc_timestamp", "time.system_time",
        "time.tsc_to_system_mul", "time.tsc_shift", "time.flags", "time.pad1[0]", "time.pad1[1]",
    )

    if TYPE_CHECKING:
        evtchn_upcall_pending: int
        evtchn_upcall_mask: int
        evtchn_pending_sel: int
        arch: arch_vcpu_info
        time: vcpu_time_info

        def __init__(
            self, evtchn_upcall_pending: int = ..., evtchn_upcall_mask: int = ...,
            evtchn_pending_sel: int = ..., arch: arch_vcpu_info = ..., time: vcpu_time_info = ...,
        ) -> None: ...


if TYPE_CHECKING:
    _type_vcpu_info = vcpu_info


class shared_info(Struct):
    """The page of a domain that Xen keeps: vCPUs, two-level event bits, wall clock.

    struct shared_info; 3136 bytes.
    """

    _fields_ = (
        ("vcpu_info", arr(vcpu_info, 32)),  # @0 vcpu_info
        ("evtchn_pending", arr(c_uint64, 64)),  # @2048 xen_ulong_t: a bit per port
        ("evtchn_mask", arr(c_uint64, 64)),  # @2560 xen_ulong_t: a bit per port
        ("wc_version", c_uint32),  # @3072 uint32_t: odd while Xen writes
        ("wc_sec", c_uint32),  # @3076 uint32_t: Unix time at system time 0, s, low half
        ("wc_nsec", c_uint32),  # @3080 uint32_t: its fraction, ns
        ("wc_sec_hi", c_uint32),  # @3084 uint32_t: high half of wc_sec
        ("arch", arch_shared_info),  # @3088 arch_shared_info
    )

    if TYPE_CHECKING:
        vcpu_info: StructArrayField[_type_vcpu_info]
        evtchn_pending: IntArrayField
        evtchn_mask: IntArrayField
        wc_version: int
        wc_sec: int
        wc_nsec: int
        wc_sec_hi: int
        arch: arch_shared_info

        def __init__(
            self, vcpu_info: Sequence[_type_vcpu_info] | StructArray[_type_vcpu_info] = ...,
            evtchn_pending: Sequence[int] | IntArray = ...,
            evtchn_mask: Sequence[int] | IntArray = ..., wc_version: int = ..., wc_sec: int = ...,
            wc_nsec: int = ..., wc_sec_hi: int = ..., arch: arch_shared_info = ...,
        ) -> None: ...


arch_vcpu_info_t = arch_vcpu_info
vcpu_guest_context_t = vcpu_guest_context
arch_shared_info_t = arch_shared_info
vcpu_info_t = vcpu_info
shared_info_t = shared_info

__all__ = [
    "XEN_LEGACY_MAX_VCPUS", "VGCF_online", "_VGCF_online", "arch_shared_info", "arch_shared_info_t",
    "arch_vcpu_info", "arch_vcpu_info_t", "shared_info", "shared_info_t", "vcpu_guest_context",
    "vcpu_guest_context_t", "vcpu_info", "vcpu_info_t", "xen_arch_domainconfig",
]
__all__ += _common.__all__
