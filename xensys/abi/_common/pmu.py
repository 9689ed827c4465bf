# GENERATED from abi/pmu.json (pmu.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Performance counters of PV and PVH guests (HYPERVISOR_xenpmu_op).

pmu.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# PMU: How a sample was taken, and whether the counters wait in the page until XENPMU_flush.
PMU_CACHED = 1  # x86_64 only
PMU_SAMPLE_USER = 2  # x86_64 only
PMU_SAMPLE_REAL = 4  # x86_64 only
PMU_SAMPLE_PV = 8  # x86_64 only

# XENPMU_PAD_SZ: Bytes kept for registers and for counter MSRs.
XENPMU_REGS_PAD_SZ = 64  # x86_64 only
XENPMU_CTXT_PAD_SZ = 128  # x86_64 only

# XENPMU_VER: Version of the interface; Xen refuses another major one with EINVAL.
XENPMU_VER_MAJ = 0
XENPMU_VER_MIN = 1

# XENPMU: Sub-operations of HYPERVISOR_xenpmu_op.
XENPMU_mode_get = 0
XENPMU_mode_set = 1
XENPMU_feature_get = 2
XENPMU_feature_set = 3
XENPMU_init = 4
XENPMU_finish = 5
XENPMU_lvtpc_set = 6
XENPMU_flush = 7

# XENPMU_MODE: Who may profile whom; single bits, but one at a time.
XENPMU_MODE_OFF = 0
XENPMU_MODE_SELF = 1
XENPMU_MODE_HV = 2
XENPMU_MODE_ALL = 4

# XENPMU_FEATURE: What of Intel's counters guests get; AMD's take no notice.
XENPMU_FEATURE_INTEL_BTS = 1
XENPMU_FEATURE_IPC_ONLY = 2
XENPMU_FEATURE_ARCH_ONLY = 4


class xen_pmu_amd_ctxt(Struct):
    """Counter MSRs of an AMD CPU; they follow at the offsets given.

    struct xen_pmu_amd_ctxt; 8 bytes. x86_64 only.
    """

    _fields_ = (
        ("counters", c_uint32),  # @0 uint32_t: offset from this structure, bytes
        ("ctrls", c_uint32),  # @4 uint32_t: offset from this structure, bytes
        ("regs", arr(c_uint64, 0)),  # @8 uint64_t: room for the counter MSRs
    )

    if TYPE_CHECKING:
        counters: int
        ctrls: int
        regs: IntArrayField

        def __init__(
            self, counters: int = ..., ctrls: int = ..., regs: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pmu_cntr_pair(Struct):
    """A counter MSR of Intel's and the MSR that selects its event.

    struct xen_pmu_cntr_pair; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("counter", c_uint64),  # @0 uint64_t
        ("control", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("counter", "control")

    if TYPE_CHECKING:
        counter: int
        control: int

        def __init__(self, counter: int = ..., control: int = ...) -> None: ...


class xen_pmu_intel_ctxt(Struct):
    """Counter MSRs of an Intel CPU; the counters follow at the offsets given.

    struct xen_pmu_intel_ctxt; 64 bytes. x86_64 only.
    """

    _fields_ = (
        ("fixed_counters", c_uint32),  # @0 uint32_t: offset from this structure, bytes
        ("arch_counters", c_uint32),  # @4 uint32_t: offset from this structure, bytes
        ("global_ctrl", c_uint64),  # @8 uint64_t: MSR_CORE_PERF_GLOBAL_*
        ("global_ovf_ctrl", c_uint64),  # @16 uint64_t: MSR_CORE_PERF_GLOBAL_*
        ("global_status", c_uint64),  # @24 uint64_t: MSR_CORE_PERF_GLOBAL_*
        ("fixed_ctrl", c_uint64),  # @32 uint64_t: MSR_CORE_PERF_FIXED_CTR_CTRL
        ("ds_area", c_uint64),  # @40 uint64_t: linear address of the debug store
        ("pebs_enable", c_uint64),  # @48 uint64_t
        ("debugctl", c_uint64),  # @56 uint64_t
        ("regs", arr(c_uint64, 0)),  # @64 uint64_t: room for the counter MSRs
    )

    if TYPE_CHECKING:
        fixed_counters: int
        arch_counters: int
        global_ctrl: int
        global_ovf_ctrl: int
        global_status: int
        fixed_ctrl: int
        ds_area: int
        pebs_enable: int
        debugctl: int
        regs: IntArrayField

        def __init__(
            self, fixed_counters: int = ..., arch_counters: int = ..., global_ctrl: int = ...,
            global_ovf_ctrl: int = ..., global_status: int = ..., fixed_ctrl: int = ...,
            ds_area: int = ..., pebs_enable: int = ..., debugctl: int = ...,
            regs: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pmu_regs(Struct):
    """Where the sampled code was.

    struct xen_pmu_regs; 32 bytes. x86_64 only.
    """

    _fields_ = (
        ("ip", c_uint64),  # @0 uint64_t
        ("sp", c_uint64),  # @8 uint64_t
        ("flags", c_uint64),  # @16 uint64_t
        ("cs", c_uint16),  # @24 uint16_t
        ("ss", c_uint16),  # @26 uint16_t
        ("cpl", c_uint8),  # @28 uint8_t: privilege level, 0 to 3
        ("pad", arr(c_uint8, 3)),  # @29 uint8_t
    )
    FORMAT = "<QQQHHBBBB"
    FORMAT_FIELDS = ("ip", "sp", "flags", "cs", "ss", "cpl", "pad[0]", "pad[1]", "pad[2]")

    if TYPE_CHECKING:
        ip: int
        sp: int
        flags: int
        cs: int
        ss: int
        cpl: int
        pad: IntArrayField

        def __init__(
            self, ip: int = ..., sp: int = ..., flags: int = ..., cs: int = ..., ss: int = ...,
            cpl: int = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pmu_arch_r(Union):
    """union xen_pmu_arch_r; 64 bytes. x86_64 only."""

    _fields_ = (
        ("regs", xen_pmu_regs),  # @0 xen_pmu_regs_t
        ("pad", arr(c_uint8, 64)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        regs: xen_pmu_regs
        pad: IntArrayField

        def __init__(
            self, regs: xen_pmu_regs = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pmu_arch_l(Union):
    """union xen_pmu_arch_l; 8 bytes. x86_64 only."""

    _fields_ = (
        ("lapic_lvtpc", c_uint32),  # @0 uint32_t: local APIC's performance counter entry; of what is written only the mask bit counts
        ("pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        lapic_lvtpc: int
        pad: int

        def __init__(self, lapic_lvtpc: int = ..., pad: int = ...) -> None: ...


class xen_pmu_arch_c(Union):
    """union xen_pmu_arch_c; 128 bytes. x86_64 only."""

    _fields_ = (
        ("amd", xen_pmu_amd_ctxt),  # @0 xen_pmu_amd_ctxt_t
        ("intel", xen_pmu_intel_ctxt),  # @0 xen_pmu_intel_ctxt_t
        ("pad", arr(c_uint8, 128)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        amd: xen_pmu_amd_ctxt
        intel: xen_pmu_intel_ctxt
        pad: IntArrayField

        def __init__(
            self, amd: xen_pmu_amd_ctxt = ..., intel: xen_pmu_intel_ctxt = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pmu_arch(Struct):
    """x86's part of a sample: registers, local APIC entry, counters.

    struct xen_pmu_arch; 208 bytes. x86_64 only.
    """

    _fields_ = (
        ("r", xen_pmu_arch_r),  # @0 union
        ("pmu_flags", c_uint64),  # @64 uint64_t
        ("l", xen_pmu_arch_l),  # @72 union
        ("c", xen_pmu_arch_c),  # @80 union
    )

    if TYPE_CHECKING:
        r: xen_pmu_arch_r
        pmu_flags: int
        l: xen_pmu_arch_l
        c: xen_pmu_arch_c

        def __init__(
            self, r: xen_pmu_arch_r = ..., pmu_flags: int = ..., l: xen_pmu_arch_l = ...,
            c: xen_pmu_arch_c = ...,
        ) -> None: ...


class xen_pmu_params_version(Struct):
    """struct xen_pmu_params_version; 8 bytes."""

    _fields_ = (
        ("maj", c_uint32),  # @0 uint32_t
        ("min", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("maj", "min")

    if TYPE_CHECKING:
        maj: int
        min: int

        def __init__(self, maj: int = ..., min: int = ...) -> None: ...


class xen_pmu_params(Struct):
    """Argument of every operation: interface version, a value, a vCPU.

    struct xen_pmu_params; 24 bytes.
    """

    _fields_ = (
        ("version", xen_pmu_params_version),  # @0 struct
        ("val", c_uint64),  # @8 uint64_t: mode or features; for init the guest's 4 KiB frame of the xen_pmu_data page
        ("vcpu", c_uint32),  # @16 uint32_t: vCPU, for init and finish
        ("pad", c_uint32),  # @20 uint32_t
    )
    FORMAT = "<IIQII"
    FORMAT_FIELDS = ("version.maj", "version.min", "val", "vcpu", "pad")

    if TYPE_CHECKING:
        version: xen_pmu_params_version
        val: int
        vcpu: int
        pad: int

        def __init__(
            self, version: xen_pmu_params_version = ..., val: int = ..., vcpu: int = ...,
            pad: int = ...,
        ) -> None: ...


class xen_pmu_data_pmu(Struct):
    """struct xen_pmu_data_pmu; 1 bytes. arm64 only."""

    _fields_ = (
        ("dummy", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("dummy",)

    if TYPE_CHECKING:
        dummy: int

        def __init__(self, dummy: int = ...) -> None: ...


xen_pmu_amd_ctxt_t = xen_pmu_amd_ctxt
xen_pmu_cntr_pair_t = xen_pmu_cntr_pair
xen_pmu_intel_ctxt_t = xen_pmu_intel_ctxt
xen_pmu_regs_t = xen_pmu_regs
xen_pmu_arch_t = xen_pmu_arch
xen_pmu_params_t = xen_pmu_params

__all__ = [
    "PMU_CACHED", "PMU_SAMPLE_PV", "PMU_SAMPLE_REAL", "PMU_SAMPLE_USER", "XENPMU_CTXT_PAD_SZ",
    "XENPMU_FEATURE_ARCH_ONLY", "XENPMU_FEATURE_INTEL_BTS", "XENPMU_FEATURE_IPC_ONLY",
    "XENPMU_MODE_ALL", "XENPMU_MODE_HV", "XENPMU_MODE_OFF", "XENPMU_MODE_SELF",
    "XENPMU_REGS_PAD_SZ", "XENPMU_VER_MAJ", "XENPMU_VER_MIN", "XENPMU_feature_get",
    "XENPMU_feature_set", "XENPMU_finish", "XENPMU_flush", "XENPMU_init", "XENPMU_lvtpc_set",
    "XENPMU_mode_get", "XENPMU_mode_set", "xen_pmu_amd_ctxt", "xen_pmu_amd_ctxt_t", "xen_pmu_arch",
    "xen_pmu_arch_c", "xen_pmu_arch_l", "xen_pmu_arch_r", "xen_pmu_arch_t", "xen_pmu_cntr_pair",
    "xen_pmu_cntr_pair_t", "xen_pmu_data_pmu", "xen_pmu_intel_ctxt", "xen_pmu_intel_ctxt_t",
    "xen_pmu_params", "xen_pmu_params_t", "xen_pmu_params_version", "xen_pmu_regs",
    "xen_pmu_regs_t",
]
