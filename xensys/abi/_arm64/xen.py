# GENERATED from abi/xen.json (xen.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""xen.h of Xen 4.20, arm64. What is alike elsewhere is in _common.xen."""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, arr
from .._common import xen as _common
from .._common.xen import *

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

XEN_LEGACY_MAX_VCPUS = 1
_VGCF_online = 0  # __XEN_TOOLS__
VGCF_online = 1  # __XEN_TOOLS__


class arch_vcpu_info(Struct):
    """struct arch_vcpu_info; 0 bytes."""

    _fields_ = ()


class vcpu_guest_context(Struct):
    """struct vcpu_guest_context; 352 bytes. __XEN_TOOLS__; otherwise in 4.14."""

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("user_regs", vcpu_guest_core_regs),  # @8 vcpu_guest_core_regs
        ("sctlr", c_uint64),  # @320 uint64_t
        ("ttbcr", c_uint64),  # @328 uint64_t
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
    """struct arch_shared_info; 0 bytes."""

    _fields_ = ()


class xen_arch_domainconfig(Struct):
    """struct xen_arch_domainconfig; 12 bytes. __XEN_TOOLS__; otherwise in 4.17, 4.14."""

    _fields_ = (
        ("gic_version", c_uint8),  # @0 uint8_t
        ("sve_vl", c_uint8),  # @1 uint8_t
        ("tee_type", c_uint16),  # @2 uint16_t
        ("nr_spis", c_uint32),  # @4 uint32_t
        ("clock_frequency", c_uint32),  # @8 uint32_t
    )
    FORMAT = "<BBHII"
    FORMAT_FIELDS = ("gic_version", "sve_vl", "tee_type", "nr_spis", "clock_frequency")

    if TYPE_CHECKING:
        gic_version: int
        sve_vl: int
        tee_type: int
        nr_spis: int
        clock_frequency: int

        def __init__(
            self, gic_version: int = ..., sve_vl: int = ..., tee_type: int = ...,
            nr_spis: int = ..., clock_frequency: int = ...,
        ) -> None: ...


class vcpu_info(Struct):
    """struct vcpu_info; 48 bytes."""

    _fields_ = (
        ("evtchn_upcall_pending", c_uint8),  # @0 uint8_t
        ("pad0", c_uint8),  # @1 uint8_t
        ("evtchn_pending_sel", c_uint64),  # @8 xen_ulong_t
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
    """struct shared_info; 1088 bytes."""

    _fields_ = (
        ("vcpu_info", arr(vcpu_info, 1)),  # @0 vcpu_info
        ("evtchn_pending", arr(c_uint64, 64)),  # @48 xen_ulong_t
        ("evtchn_mask", arr(c_uint64, 64)),  # @560 xen_ulong_t
        ("wc_version", c_uint32),  # @1072 uint32_t
        ("wc_sec", c_uint32),  # @1076 uint32_t
        ("wc_nsec", c_uint32),  # @1080 uint32_t
        ("wc_sec_hi", c_uint32),  # @1084 uint32_t
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
