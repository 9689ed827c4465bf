# GENERATED from abi/xen.json (xen.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What every guest shares with Xen: hypercall numbers, domain ids, time, shared info, start of day.

xen.h of Xen 4.20, arm64. What is alike elsewhere is in _common.xen.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, arr
from .._common import xen as _common
from .._common.xen import *

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XEN_LEGACY_MAX_VCPUS = 1  # vCPUs whose vcpu_info is in shared_info; the others register one
_VGCF_online = 0  # __XEN_TOOLS__
VGCF_online = 1  # The vCPU is to run at once; bit 5 on x86, bit 0 on Arm; __XEN_TOOLS__


class arch_vcpu_info(Struct):
    """What one architecture adds to vcpu_info.

    struct arch_vcpu_info; 0 bytes.
    """

    _fields_ = ()


class vcpu_guest_context(Struct):
    """All of a vCPU's state to start it with: PV on x86, every guest on Arm.

    struct vcpu_guest_context; 352 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t: VGCF_*; VGCF_online is another bit on each architecture
        ("user_regs", vcpu_guest_core_regs),  # @8 vcpu_guest_core_regs
        ("sctlr", c_uint64),  # @320 uint64_t
        ("ttbcr", c_uint64),  # @328 uint64_t: TCR_EL1 of a 64-bit guest
        ("ttbr0", c_uint64),  # @336 uint64_t
        ("ttbr1", c_uint64),  # @344 uint64_t
    )

    if TYPE_CHECKING:
        flags: int
        user_regs: vcpu_guest_core_regs
        sctlr: int
        ttbcr: int
        ttbr0: int
        ttbr1: int

        def __init__(
            self, flags: int = ..., user_regs: vcpu_guest_core_regs = ..., sctlr: int = ...,
            ttbcr: int = ..., ttbr0: int = ..., ttbr1: int = ...,
        ) -> None: ...


class arch_shared_info(Struct):
    """What one architecture adds to shared_info: on x86 a PV guest's p2m and NMI reason.

    struct arch_shared_info; 0 bytes.
    """

    _fields_ = ()


class xen_arch_domainconfig(Struct):
    """What one architecture asks at a domain's creation.

    struct xen_arch_domainconfig; 16 bytes. __XEN_TOOLS__; otherwise in 4.21, 4.20, 4.17, 4.14; 12 bytes up to 4.20.
    """

    _fields_ = (
        ("gic_version", c_uint8),  # @0 uint8_t: NATIVE becomes what it is
        ("sve_vl", c_uint8),  # @1 uint8_t: SVE vector length in units of 128 bits; 0: none
        ("tee_type", c_uint16),  # @2 uint16_t
        ("nr_spis", c_uint32),  # @4 uint32_t: shared peripheral interrupts (SPI)
        ("clock_frequency", c_uint32),  # @8 uint32_t: out: timer's Hz to put in the device tree; 0: none needed
        ("arm_sci_type", c_uint8),  # @12 uint8_t; since 4.21
        ("v8r_el1_msa", c_uint8),  # @13 uint8_t; since 4.22
        ("pad", c_uint16),  # @14 uint16_t; since 4.22
    )
    FORMAT = "<BBHIIBBH"
    FORMAT_FIELDS = (
        "gic_version", "sve_vl", "tee_type", "nr_spis", "clock_frequency", "arm_sci_type",
        "v8r_el1_msa", "pad",
    )

    if TYPE_CHECKING:
        gic_version: int
        sve_vl: int
        tee_type: int
        nr_spis: int
        clock_frequency: int
        arm_sci_type: int
        v8r_el1_msa: int
        pad: int

        def __init__(
            self, gic_version: int = ..., sve_vl: int = ..., tee_type: int = ...,
            nr_spis: int = ..., clock_frequency: int = ..., arm_sci_type: int = ...,
            v8r_el1_msa: int = ..., pad: int = ...,
        ) -> None: ...


class vcpu_info(Struct):
    """A vCPU's pending events and its clock; Xen and guest both write it.

    struct vcpu_info; 48 bytes.
    """

    _fields_ = (
        ("evtchn_upcall_pending", c_uint8),  # @0 uint8_t: boolean: some port is pending
        ("pad0", c_uint8),  # @1 uint8_t
        ("evtchn_pending_sel", c_uint64),  # @8 xen_ulong_t: bit n: look at word n of evtchn_pending
        ("arch", arch_vcpu_info),  # @16 arch_vcpu_info
        ("time", vcpu_time_info),  # @16 vcpu_time_info_t
    )
    FORMAT = "<BB6xQIIQQIbBBB"
    FORMAT_FIELDS = (
        "evtchn_upcall_pending", "pad0", "evtchn_pending_sel", "time.version", "time.pad0",
        "time.tsc_timestamp", "time.system_time", "time.tsc_to_system_mul", "time.tsc_shift",
        "time.flags", "time.pad1[0]", "time.pad1[1]",
    )

    if TYPE_CHECKING:
        evtchn_upcall_pending: int
        pad0: int
        evtchn_pending_sel: int
        arch: arch_vcpu_info
        time: vcpu_time_info

        def __init__(
            self, evtchn_upcall_pending: int = ..., pad0: int = ..., evtchn_pending_sel: int = ...,
            arch: arch_vcpu_info = ..., time: vcpu_time_info = ...,
        ) -> None: ...


if TYPE_CHECKING:
    _type_vcpu_info = vcpu_info


class shared_info(Struct):
    """The page of a domain that Xen keeps: vCPUs, two-level event bits, wall clock.

    struct shared_info; 1088 bytes.
    """

    _fields_ = (
        ("vcpu_info", arr(vcpu_info, 1)),  # @0 vcpu_info
        ("evtchn_pending", arr(c_uint64, 64)),  # @48 xen_ulong_t: a bit per port
        ("evtchn_mask", arr(c_uint64, 64)),  # @560 xen_ulong_t: a bit per port
        ("wc_version", c_uint32),  # @1072 uint32_t: odd while Xen writes
        ("wc_sec", c_uint32),  # @1076 uint32_t: Unix time at system time 0, s, low half
        ("wc_nsec", c_uint32),  # @1080 uint32_t: its fraction, ns
        ("wc_sec_hi", c_uint32),  # @1084 uint32_t: high half of wc_sec
        ("arch", arch_shared_info),  # @1088 arch_shared_info
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
