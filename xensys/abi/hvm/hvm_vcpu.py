# GENERATED from abi/hvm/hvm_vcpu.json (hvm/hvm_vcpu.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Registers with which VCPUOP_initialise starts a vCPU of an x86 HVM or PVH guest.

hvm/hvm_vcpu.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# VCPU_HVM_MODE: Which half of the register union is meant.
VCPU_HVM_MODE_32B = 0
VCPU_HVM_MODE_64B = 1


class vcpu_hvm_x86_32(Struct):
    """Start of a vCPU in 32-bit or compatibility mode, its segments included.

    struct vcpu_hvm_x86_32; 120 bytes.
    """

    _fields_ = (
        ("eax", c_uint32),  # @0 uint32_t
        ("ecx", c_uint32),  # @4 uint32_t
        ("edx", c_uint32),  # @8 uint32_t
        ("ebx", c_uint32),  # @12 uint32_t
        ("esp", c_uint32),  # @16 uint32_t
        ("ebp", c_uint32),  # @20 uint32_t
        ("esi", c_uint32),  # @24 uint32_t
        ("edi", c_uint32),  # @28 uint32_t
        ("eip", c_uint32),  # @32 uint32_t
        ("eflags", c_uint32),  # @36 uint32_t
        ("cr0", c_uint32),  # @40 uint32_t
        ("cr3", c_uint32),  # @44 uint32_t
        ("cr4", c_uint32),  # @48 uint32_t
        ("pad1", c_uint32),  # @52 uint32_t: must be 0
        ("efer", c_uint64),  # @56 uint64_t: MSR EFER: 0, NXE, or LME with LMA for compatibility mode
        ("cs_base", c_uint32),  # @64 uint32_t: linear address, bytes
        ("ds_base", c_uint32),  # @68 uint32_t: linear address, bytes
        ("ss_base", c_uint32),  # @72 uint32_t: linear address, bytes
        ("es_base", c_uint32),  # @76 uint32_t: linear address, bytes
        ("tr_base", c_uint32),  # @80 uint32_t: linear address, bytes
        ("cs_limit", c_uint32),  # @84 uint32_t: segment's last byte
        ("ds_limit", c_uint32),  # @88 uint32_t: segment's last byte
        ("ss_limit", c_uint32),  # @92 uint32_t: segment's last byte
        ("es_limit", c_uint32),  # @96 uint32_t: segment's last byte
        ("tr_limit", c_uint32),  # @100 uint32_t: segment's last byte
        ("cs_ar", c_uint16),  # @104 uint16_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
        ("ds_ar", c_uint16),  # @106 uint16_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
        ("ss_ar", c_uint16),  # @108 uint16_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
        ("es_ar", c_uint16),  # @110 uint16_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
        ("tr_ar", c_uint16),  # @112 uint16_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
        ("pad2", arr(c_uint16, 3)),  # @114 uint16_t: must be 0
    )
    FORMAT = "<IIIIIIIIIIIIIIQIIIIIIIIIIHHHHHHHH"
    FORMAT_FIELDS = (
        "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cr0", "cr3",
        "cr4", "pad1", "efer", "cs_base", "ds_base", "ss_base", "es_base", "tr_base", "cs_limit",
        "ds_limit", "ss_limit", "es_limit", "tr_limit", "cs_ar", "ds_ar", "ss_ar", "es_ar", "tr_ar",
        "pad2[0]", "pad2[1]", "pad2[2]",
    )

    if TYPE_CHECKING:
        eax: int
        ecx: int
        edx: int
        ebx: int
        esp: int
        ebp: int
        esi: int
        edi: int
        eip: int
        eflags: int
        cr0: int
        cr3: int
        cr4: int
        pad1: int
        efer: int
        cs_base: int
        ds_base: int
        ss_base: int
        es_base: int
        tr_base: int
        cs_limit: int
        ds_limit: int
        ss_limit: int
        es_limit: int
        tr_limit: int
        cs_ar: int
        ds_ar: int
        ss_ar: int
        es_ar: int
        tr_ar: int
        pad2: IntArrayField

        def __init__(
            self, eax: int = ..., ecx: int = ..., edx: int = ..., ebx: int = ..., esp: int = ...,
            ebp: int = ..., esi: int = ..., edi: int = ..., eip: int = ..., eflags: int = ...,
            cr0: int = ..., cr3: int = ..., cr4: int = ..., pad1: int = ..., efer: int = ...,
            cs_base: int = ..., ds_base: int = ..., ss_base: int = ..., es_base: int = ...,
            tr_base: int = ..., cs_limit: int = ..., ds_limit: int = ..., ss_limit: int = ...,
            es_limit: int = ..., tr_limit: int = ..., cs_ar: int = ..., ds_ar: int = ...,
            ss_ar: int = ..., es_ar: int = ..., tr_ar: int = ...,
            pad2: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vcpu_hvm_x86_64(Struct):
    """Start of a vCPU in long mode, with flat segments.

    struct vcpu_hvm_x86_64; 112 bytes.
    """

    _fields_ = (
        ("rax", c_uint64),  # @0 uint64_t
        ("rcx", c_uint64),  # @8 uint64_t
        ("rdx", c_uint64),  # @16 uint64_t
        ("rbx", c_uint64),  # @24 uint64_t
        ("rsp", c_uint64),  # @32 uint64_t
        ("rbp", c_uint64),  # @40 uint64_t
        ("rsi", c_uint64),  # @48 uint64_t
        ("rdi", c_uint64),  # @56 uint64_t
        ("rip", c_uint64),  # @64 uint64_t
        ("rflags", c_uint64),  # @72 uint64_t
        ("cr0", c_uint64),  # @80 uint64_t
        ("cr3", c_uint64),  # @88 uint64_t
        ("cr4", c_uint64),  # @96 uint64_t
        ("efer", c_uint64),  # @104 uint64_t: MSR EFER, with LME and LMA
    )
    FORMAT = "<QQQQQQQQQQQQQQ"
    FORMAT_FIELDS = (
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "rip", "rflags", "cr0", "cr3",
        "cr4", "efer",
    )

    if TYPE_CHECKING:
        rax: int
        rcx: int
        rdx: int
        rbx: int
        rsp: int
        rbp: int
        rsi: int
        rdi: int
        rip: int
        rflags: int
        cr0: int
        cr3: int
        cr4: int
        efer: int

        def __init__(
            self, rax: int = ..., rcx: int = ..., rdx: int = ..., rbx: int = ..., rsp: int = ...,
            rbp: int = ..., rsi: int = ..., rdi: int = ..., rip: int = ..., rflags: int = ...,
            cr0: int = ..., cr3: int = ..., cr4: int = ..., efer: int = ...,
        ) -> None: ...


class vcpu_hvm_context_cpu_regs(Union):
    """union vcpu_hvm_context_cpu_regs; 120 bytes."""

    _fields_ = (
        ("x86_32", vcpu_hvm_x86_32),  # @0 xen_vcpu_hvm_x86_32_t
        ("x86_64", vcpu_hvm_x86_64),  # @0 xen_vcpu_hvm_x86_64_t
    )

    if TYPE_CHECKING:
        x86_32: vcpu_hvm_x86_32
        x86_64: vcpu_hvm_x86_64

        def __init__(
            self, x86_32: vcpu_hvm_x86_32 = ..., x86_64: vcpu_hvm_x86_64 = ...,
        ) -> None: ...


class vcpu_hvm_context(Struct):
    """Registers of a vCPU that is to be brought up.

    struct vcpu_hvm_context; 128 bytes.
    """

    _fields_ = (
        ("mode", c_uint32),  # @0 uint32_t
        ("pad", c_uint32),  # @4 uint32_t: must be 0
        ("cpu_regs", vcpu_hvm_context_cpu_regs),  # @8 union
    )

    if TYPE_CHECKING:
        mode: int
        pad: int
        cpu_regs: vcpu_hvm_context_cpu_regs

        def __init__(
            self, mode: int = ..., pad: int = ..., cpu_regs: vcpu_hvm_context_cpu_regs = ...,
        ) -> None: ...


xen_vcpu_hvm_x86_32_t = vcpu_hvm_x86_32
xen_vcpu_hvm_x86_64_t = vcpu_hvm_x86_64
vcpu_hvm_context_t = vcpu_hvm_context
