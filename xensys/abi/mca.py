# GENERATED from abi/mca.json (arch-x86/xen-mca.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Machine checks: fetching what Xen logged, and injecting errors for tests (HYPERVISOR_mca).

arch-x86/xen-mca.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr
from ._common.xen import xenctl_bitmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import (
        HandleField,
        IntArray,
        IntArrayField,
        StructArray,
        StructArrayField,
        XenMemory,
    )

__HYPERVISOR_mca = 48  # Number of the hypercall: x86's use of arch_0; x86_64 only
HYPERVISOR_mca = __HYPERVISOR_mca
XEN_MCA_INTERFACE_VERSION = 32292867  # What interface_version has to be in every operation, else EACCES; x86_64 only

# XEN_MC_request: What to fetch: corrected errors (NONURGENT) or machine checks (URGENT); with ACK
# the log is given back.
XEN_MC_NONURGENT = 1  # x86_64 only
XEN_MC_URGENT = 2  # x86_64 only
XEN_MC_ACK = 4  # x86_64 only

# XEN_MC_answer: How a fetch went, in the same flags; of them Xen sets FETCHFAILED and NODATA.
XEN_MC_OK = 0  # x86_64 only
XEN_MC_FETCHFAILED = 1  # x86_64 only
XEN_MC_NODATA = 2  # x86_64 only
XEN_MC_NOMATCH = 4  # x86_64 only
XEN_MC_CANNOTHANDLE = 8  # x86_64 only
XEN_MC_NOTDELIVERED = 16  # x86_64 only

# XEN_MC_VCPUID: A vCPU number that is none.
XEN_MC_VCPUID_INVALID = 0xffff  # x86_64 only

VIRQ_MCA = 16  # Virtual interrupt that tells the control domain of new logs; x86_64 only

# MC_TYPE: Kind of a log's record.
MC_TYPE_GLOBAL = 0  # x86_64 only
MC_TYPE_BANK = 1  # x86_64 only
MC_TYPE_EXTENDED = 2  # x86_64 only
MC_TYPE_RECOVERY = 3  # x86_64 only

# MC_FLAG: How bad an error is, and how it was found: polled, after a reset, by CMCI or by #MC.
MC_FLAG_CORRECTABLE = 1  # x86_64 only
MC_FLAG_UNCORRECTABLE = 2  # x86_64 only
MC_FLAG_RECOVERABLE = 4  # x86_64 only
MC_FLAG_POLLED = 8  # x86_64 only
MC_FLAG_RESET = 16  # x86_64 only
MC_FLAG_CMCI = 32  # x86_64 only
MC_FLAG_MCE = 64  # x86_64 only

# REC_ACTION: How recovery ended.
REC_ACTION_RECOVERED = 1  # x86_64 only
REC_ACTION_NONE = 2  # x86_64 only
REC_ACTION_NEED_RESET = 4  # x86_64 only

# MC_ACTION: What was done to recover; Xen takes pages out of use, nothing else.
MC_ACTION_PAGE_OFFLINE = 1  # x86_64 only
MC_ACTION_CPU_OFFLINE = 2  # x86_64 only
MC_ACTION_CACHE_SHRINK = 4  # x86_64 only

# MCA_sizes: Bytes of a log and of a recovery record's union, entries of arrays.
MAX_UNION_SIZE = 16  # x86_64 only
MCINFO_HYPERCALLSIZE = 0x400  # x86_64 only
MCINFO_MAXSIZE = 768  # x86_64 only

# MCINFO_FLAGS: A log for whose records there was not room enough.
MCINFO_FLAGS_UNCOMPLETE = 1  # x86_64 only

# MCA_sizes, more
__MC_MSR_ARRAYSIZE = 8  # x86_64 only
MC_MSR_ARRAYSIZE = __MC_MSR_ARRAYSIZE
MC_NCAPS = 7  # x86_64 only

# MC_CAPS: Index of a word in mc_cpu_caps: which CPUID register, or Linux's own bits.
MC_CAPS_STD_EDX = 0  # x86_64 only
MC_CAPS_AMD_EDX = 1  # x86_64 only
MC_CAPS_TM = 2  # x86_64 only
MC_CAPS_LINUX = 3  # x86_64 only
MC_CAPS_STD_ECX = 4  # x86_64 only
MC_CAPS_VIA = 5  # x86_64 only
MC_CAPS_AMD_ECX = 6  # x86_64 only

# XEN_MC: Sub-operations of HYPERVISOR_mca.
XEN_MC_fetch = 1  # x86_64 only
XEN_MC_notifydomain = 2  # x86_64 only
XEN_MC_physcpuinfo = 3  # x86_64 only
XEN_MC_msrinject = 4  # x86_64 only

# MCA_sizes, more
MC_MSRINJ_MAXMSRS = 8  # x86_64 only

# MC_MSRINJ_F: Whether Xen only pretends the values, and whether addresses are those of a domain.
MC_MSRINJ_F_INTERPOSE = 1  # x86_64 only
MC_MSRINJ_F_GPADDR = 2  # x86_64 only

# XEN_MC, more
XEN_MC_mceinject = 5  # x86_64 only
XEN_MC_inject_v2 = 6  # __XEN_TOOLS__; x86_64 only

XEN_MC_INJECT_TYPE_MASK = 7  # Bits of inject_v2's flags that say what to raise; __XEN_TOOLS__; x86_64 only

# XEN_MC_INJECT: What to raise, and whether on all online CPUs instead of those of the map.
XEN_MC_INJECT_TYPE_MCE = 0  # __XEN_TOOLS__; x86_64 only
XEN_MC_INJECT_TYPE_CMCI = 1  # __XEN_TOOLS__; x86_64 only
XEN_MC_INJECT_TYPE_LMCE = 2  # __XEN_TOOLS__; x86_64 only
XEN_MC_INJECT_CPU_BROADCAST = 8  # __XEN_TOOLS__; x86_64 only


class mcinfo_common(Struct):
    """Start of every record of a log.

    struct mcinfo_common; 4 bytes. x86_64 only.
    """

    _fields_ = (
        ("type", c_uint16),  # @0 uint16_t
        ("size", c_uint16),  # @2 uint16_t: bytes of the record: the next one is there
    )
    FORMAT = "<HH"
    FORMAT_FIELDS = ("type", "size")

    if TYPE_CHECKING:
        type: int
        size: int

        def __init__(self, type: int = ..., size: int = ...) -> None: ...


class mcinfo_global(Struct):
    """Record of a log: where the error struck, and the CPU's global status.

    struct mcinfo_global; 32 bytes. x86_64 only.
    """

    _fields_ = (
        ("common", mcinfo_common),  # @0 xen_mcinfo_common_t
        ("mc_domid", c_uint16),  # @4 uint16_t
        ("mc_vcpuid", c_uint16),  # @6 uint16_t
        ("mc_socketid", c_uint32),  # @8 uint32_t
        ("mc_coreid", c_uint16),  # @12 uint16_t
        ("mc_core_threadid", c_uint16),  # @14 uint16_t
        ("mc_apicid", c_uint32),  # @16 uint32_t
        ("mc_flags", c_uint32),  # @20 uint32_t
        ("mc_gstatus", c_uint64),  # @24 uint64_t: MSR MCG_STATUS
    )
    FORMAT = "<HHHHIHHIIQ"
    FORMAT_FIELDS = (
        "common.type", "common.size", "mc_domid", "mc_vcpuid", "mc_socketid", "mc_coreid",
        "mc_core_threadid", "mc_apicid", "mc_flags", "mc_gstatus",
    )

    if TYPE_CHECKING:
        common: mcinfo_common
        mc_domid: int
        mc_vcpuid: int
        mc_socketid: int
        mc_coreid: int
        mc_core_threadid: int
        mc_apicid: int
        mc_flags: int
        mc_gstatus: int

        def __init__(
            self, common: mcinfo_common = ..., mc_domid: int = ..., mc_vcpuid: int = ...,
            mc_socketid: int = ..., mc_coreid: int = ..., mc_core_threadid: int = ...,
            mc_apicid: int = ..., mc_flags: int = ..., mc_gstatus: int = ...,
        ) -> None: ...


class mcinfo_bank(Struct):
    """Record of a log: what one bank reported.

    struct mcinfo_bank; 48 bytes. x86_64 only.
    """

    _fields_ = (
        ("common", mcinfo_common),  # @0 xen_mcinfo_common_t
        ("mc_bank", c_uint16),  # @4 uint16_t
        ("mc_domid", c_uint16),  # @6 uint16_t
        ("mc_status", c_uint64),  # @8 uint64_t: MSR MCi_STATUS
        ("mc_addr", c_uint64),  # @16 uint64_t: MSR MCi_ADDR: machine address, if mc_status says so
        ("mc_misc", c_uint64),  # @24 uint64_t: MSR MCi_MISC
        ("mc_ctrl2", c_uint64),  # @32 uint64_t: MSR MCi_CTL2
        ("mc_tsc", c_uint64),  # @40 uint64_t: TSC of the CPU when it was logged
    )
    FORMAT = "<HHHHQQQQQ"
    FORMAT_FIELDS = (
        "common.type", "common.size", "mc_bank", "mc_domid", "mc_status", "mc_addr", "mc_misc",
        "mc_ctrl2", "mc_tsc",
    )

    if TYPE_CHECKING:
        common: mcinfo_common
        mc_bank: int
        mc_domid: int
        mc_status: int
        mc_addr: int
        mc_misc: int
        mc_ctrl2: int
        mc_tsc: int

        def __init__(
            self, common: mcinfo_common = ..., mc_bank: int = ..., mc_domid: int = ...,
            mc_status: int = ..., mc_addr: int = ..., mc_misc: int = ..., mc_ctrl2: int = ...,
            mc_tsc: int = ...,
        ) -> None: ...


class mcinfo_msr(Struct):
    """An MSR and its value.

    struct mcinfo_msr; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("reg", c_uint64),  # @0 uint64_t
        ("value", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("reg", "value")

    if TYPE_CHECKING:
        reg: int
        value: int

        def __init__(self, reg: int = ..., value: int = ...) -> None: ...


class mcinfo_extended(Struct):
    """Record of a log: further MSRs.

    struct mcinfo_extended; 520 bytes. x86_64 only.
    """

    _fields_ = (
        ("common", mcinfo_common),  # @0 xen_mcinfo_common_t
        ("mc_msrs", c_uint32),  # @4 uint32_t: entries of mc_msr in use
        ("mc_msr", arr(mcinfo_msr, 32)),  # @8 xen_mcinfo_msr_t
    )

    if TYPE_CHECKING:
        common: mcinfo_common
        mc_msrs: int
        mc_msr: StructArrayField[mcinfo_msr]

        def __init__(
            self, common: mcinfo_common = ..., mc_msrs: int = ...,
            mc_msr: Sequence[mcinfo_msr] | StructArray[mcinfo_msr] = ...,
        ) -> None: ...


class page_offline_action(Struct):
    """Page that Xen took out of use.

    struct page_offline_action; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("mfn", c_uint64),  # @0 uint64_t: 4 KiB machine frame
        ("status", c_uint64),  # @8 uint64_t: PG_OFFLINE_* of sysctl.h
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("mfn", "status")

    if TYPE_CHECKING:
        mfn: int
        status: int

        def __init__(self, mfn: int = ..., status: int = ...) -> None: ...


class cpu_offline_action(Struct):
    """CPU that Xen took offline.

    struct cpu_offline_action; 8 bytes. x86_64 only.
    """

    _fields_ = (
        ("mc_socketid", c_uint32),  # @0 uint32_t
        ("mc_coreid", c_uint16),  # @4 uint16_t
        ("mc_core_threadid", c_uint16),  # @6 uint16_t
    )
    FORMAT = "<IHH"
    FORMAT_FIELDS = ("mc_socketid", "mc_coreid", "mc_core_threadid")

    if TYPE_CHECKING:
        mc_socketid: int
        mc_coreid: int
        mc_core_threadid: int

        def __init__(
            self, mc_socketid: int = ..., mc_coreid: int = ..., mc_core_threadid: int = ...,
        ) -> None: ...


class mcinfo_recovery_action_info(Union):
    """union mcinfo_recovery_action_info; 16 bytes. x86_64 only."""

    _fields_ = (
        ("page_retire", page_offline_action),  # @0 xen_page_offline_action_t
        ("cpu_offline", cpu_offline_action),  # @0 xen_cpu_offline_action_t
        ("pad", arr(c_uint8, 16)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        page_retire: page_offline_action
        cpu_offline: cpu_offline_action
        pad: IntArrayField

        def __init__(
            self, page_retire: page_offline_action = ..., cpu_offline: cpu_offline_action = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class mcinfo_recovery(Struct):
    """Record of a log: what Xen did about the error.

    struct mcinfo_recovery; 24 bytes. x86_64 only.
    """

    _fields_ = (
        ("common", mcinfo_common),  # @0 xen_mcinfo_common_t
        ("mc_bank", c_uint16),  # @4 uint16_t
        ("action_flags", c_uint8),  # @6 uint8_t
        ("action_types", c_uint8),  # @7 uint8_t
        ("action_info", mcinfo_recovery_action_info),  # @8 union
    )

    if TYPE_CHECKING:
        common: mcinfo_common
        mc_bank: int
        action_flags: int
        action_types: int
        action_info: mcinfo_recovery_action_info

        def __init__(
            self, common: mcinfo_common = ..., mc_bank: int = ..., action_flags: int = ...,
            action_types: int = ..., action_info: mcinfo_recovery_action_info = ...,
        ) -> None: ...


class mc_info(Struct):
    """One log: a number of mcinfo records, one after the other.

    struct mc_info; 768 bytes. x86_64 only.
    """

    _fields_ = (
        ("mi_nentries", c_uint32),  # @0 uint32_t: records in mi_data
        ("flags", c_uint32),  # @4 uint32_t
        ("mi_data", arr(c_uint64, 95)),  # @8 uint64_t: records, each with mcinfo_common at its start
    )

    if TYPE_CHECKING:
        mi_nentries: int
        flags: int
        mi_data: IntArrayField

        def __init__(
            self, mi_nentries: int = ..., flags: int = ..., mi_data: Sequence[int] | IntArray = ...,
        ) -> None: ...


class mcinfo_logical_cpu(Struct):
    """Description of one online CPU (thread).

    struct mcinfo_logical_cpu; 304 bytes. x86_64 only.
    """

    _fields_ = (
        ("mc_cpunr", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("mc_chipid", c_uint32),  # @4 uint32_t
        ("mc_coreid", c_uint16),  # @8 uint16_t
        ("mc_threadid", c_uint16),  # @10 uint16_t
        ("mc_apicid", c_uint32),  # @12 uint32_t
        ("mc_clusterid", c_uint32),  # @16 uint32_t
        ("mc_ncores", c_uint32),  # @20 uint32_t
        ("mc_ncores_active", c_uint32),  # @24 uint32_t
        ("mc_nthreads", c_uint32),  # @28 uint32_t
        ("mc_cpuid_level", c_int32),  # @32 int32_t: highest CPUID leaf
        ("mc_family", c_uint32),  # @36 uint32_t
        ("mc_vendor", c_uint32),  # @40 uint32_t: from Xen 4.22 on as Linux counts: 0 Intel, 2 AMD, 9 Hygon; up to 4.21: 1, 2, 16
        ("mc_model", c_uint32),  # @44 uint32_t
        ("mc_step", c_uint32),  # @48 uint32_t
        ("mc_vendorid", arr(c_char, 16)),  # @52 char
        ("mc_brandid", arr(c_char, 64)),  # @68 char
        ("mc_cpu_caps", arr(c_uint32, 7)),  # @132 uint32_t: CPUID words, by MC_CAPS_*
        ("mc_cache_size", c_uint32),  # @160 uint32_t: KiB of the last cache level
        ("mc_cache_alignment", c_uint32),  # @164 uint32_t: bytes of a cache line
        ("mc_nmsrvals", c_int32),  # @168 int32_t: entries of mc_msrvalues in use
        ("mc_msrvalues", arr(mcinfo_msr, 8)),  # @176 xen_mcinfo_msr_t
    )

    if TYPE_CHECKING:
        mc_cpunr: int
        mc_chipid: int
        mc_coreid: int
        mc_threadid: int
        mc_apicid: int
        mc_clusterid: int
        mc_ncores: int
        mc_ncores_active: int
        mc_nthreads: int
        mc_cpuid_level: int
        mc_family: int
        mc_vendor: int
        mc_model: int
        mc_step: int
        mc_vendorid: bytes
        mc_brandid: bytes
        mc_cpu_caps: IntArrayField
        mc_cache_size: int
        mc_cache_alignment: int
        mc_nmsrvals: int
        mc_msrvalues: StructArrayField[mcinfo_msr]

        def __init__(
            self, mc_cpunr: int = ..., mc_chipid: int = ..., mc_coreid: int = ...,
            mc_threadid: int = ..., mc_apicid: int = ..., mc_clusterid: int = ...,
            mc_ncores: int = ..., mc_ncores_active: int = ..., mc_nthreads: int = ...,
            mc_cpuid_level: int = ..., mc_family: int = ..., mc_vendor: int = ...,
            mc_model: int = ..., mc_step: int = ..., mc_vendorid: bytes = ...,
            mc_brandid: bytes = ..., mc_cpu_caps: Sequence[int] | IntArray = ...,
            mc_cache_size: int = ..., mc_cache_alignment: int = ..., mc_nmsrvals: int = ...,
            mc_msrvalues: Sequence[mcinfo_msr] | StructArray[mcinfo_msr] = ...,
        ) -> None: ...


class xen_mc_fetch(Struct):
    """Takes the oldest log of a kind, or confirms that one was dealt with.

    struct xen_mc_fetch; 24 bytes. x86_64 only.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t: going in XEN_MC_NONURGENT or URGENT, perhaps ACK; coming out XEN_MC_OK to NOMATCH
        ("_pad0", c_uint32),  # @4 uint32_t
        ("fetch_id", c_uint64),  # @8 uint64_t: of the log fetched, to be given back with ACK; 0: none
        ("data", HANDLE),  # @16 XEN_GUEST_HANDLE(mc_info_t)
    )
    FORMAT = "<IIQQ"
    FORMAT_FIELDS = ("flags", "_pad0", "fetch_id", "data")

    if TYPE_CHECKING:
        flags: int
        _pad0: int
        fetch_id: int
        data: HandleField

        def __init__(
            self, flags: int = ..., _pad0: int = ..., fetch_id: int = ...,
            data: XenMemory | None = ...,
        ) -> None: ...


class xen_mc_notifydomain(Struct):
    """Was to tell a guest of an error; Xen answers EINVAL.

    struct xen_mc_notifydomain; 8 bytes. x86_64 only.
    """

    _fields_ = (
        ("mc_domid", c_uint16),  # @0 uint16_t
        ("mc_vcpuid", c_uint16),  # @2 uint16_t
        ("flags", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("mc_domid", "mc_vcpuid", "flags")

    if TYPE_CHECKING:
        mc_domid: int
        mc_vcpuid: int
        flags: int

        def __init__(self, mc_domid: int = ..., mc_vcpuid: int = ..., flags: int = ...) -> None: ...


class xen_mc_physcpuinfo(Struct):
    """Describes the online CPUs, or counts them if info is NULL.

    struct xen_mc_physcpuinfo; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("ncpus", c_uint32),  # @0 uint32_t: room in info; then CPUs described, or online
        ("_pad0", c_uint32),  # @4 uint32_t
        ("info", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_mc_logical_cpu_t)
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("ncpus", "_pad0", "info")

    if TYPE_CHECKING:
        ncpus: int
        _pad0: int
        info: HandleField

        def __init__(
            self, ncpus: int = ..., _pad0: int = ..., info: XenMemory | None = ...,
        ) -> None: ...


class xen_mc_msrinject(Struct):
    """Writes machine check MSRs of a CPU, or has Xen read these values from them.

    struct xen_mc_msrinject; 144 bytes. x86_64 only.
    """

    _fields_ = (
        ("mcinj_cpunr", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("mcinj_flags", c_uint32),  # @4 uint32_t
        ("mcinj_count", c_uint32),  # @8 uint32_t: entries of mcinj_msr in use
        ("mcinj_domid", c_uint16),  # @12 domid_t: domain to whose memory the values refer, with MC_MSRINJ_F_GPADDR
        ("_pad0", c_uint16),  # @14 uint16_t
        ("mcinj_msr", arr(mcinfo_msr, 8)),  # @16 xen_mcinfo_msr_t
    )
    FORMAT = "<IIIHHQQQQQQQQQQQQQQQQ"
    FORMAT_FIELDS = (
        "mcinj_cpunr", "mcinj_flags", "mcinj_count", "mcinj_domid", "_pad0", "mcinj_msr[0].reg",
        "mcinj_msr[0].value", "mcinj_msr[1].reg", "mcinj_msr[1].value", "mcinj_msr[2].reg",
        "mcinj_msr[2].value", "mcinj_msr[3].reg", "mcinj_msr[3].value", "mcinj_msr[4].reg",
        "mcinj_msr[4].value", "mcinj_msr[5].reg", "mcinj_msr[5].value", "mcinj_msr[6].reg",
        "mcinj_msr[6].value", "mcinj_msr[7].reg", "mcinj_msr[7].value",
    )

    if TYPE_CHECKING:
        mcinj_cpunr: int
        mcinj_flags: int
        mcinj_count: int
        mcinj_domid: int
        _pad0: int
        mcinj_msr: StructArrayField[mcinfo_msr]

        def __init__(
            self, mcinj_cpunr: int = ..., mcinj_flags: int = ..., mcinj_count: int = ...,
            mcinj_domid: int = ..., _pad0: int = ...,
            mcinj_msr: Sequence[mcinfo_msr] | StructArray[mcinfo_msr] = ...,
        ) -> None: ...


class xen_mc_mceinject(Struct):
    """Raises a machine check on a CPU.

    struct xen_mc_mceinject; 4 bytes. x86_64 only.
    """

    _fields_ = (
        ("mceinj_cpunr", c_uint32),  # @0 unsigned int: Xen's number of the CPU
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("mceinj_cpunr",)

    if TYPE_CHECKING:
        mceinj_cpunr: int

        def __init__(self, mceinj_cpunr: int = ...) -> None: ...


class xen_mc_inject_v2(Struct):
    """Raises a machine check or a corrected-error interrupt on several CPUs.

    struct xen_mc_inject_v2; 24 bytes. __XEN_TOOLS__; x86_64 only.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("cpumap", xenctl_bitmap),  # @8 xenctl_bitmap_t
    )
    FORMAT = "<I4xQI4x"
    FORMAT_FIELDS = ("flags", "cpumap.bitmap", "cpumap.nr_bits")

    if TYPE_CHECKING:
        flags: int
        cpumap: xenctl_bitmap

        def __init__(self, flags: int = ..., cpumap: xenctl_bitmap = ...) -> None: ...


class xen_mc_u(Union):
    """union xen_mc_u; 144 bytes. x86_64 only."""

    _fields_ = (
        ("mc_fetch", xen_mc_fetch),  # @0 xen_mc_fetch_t
        ("mc_notifydomain", xen_mc_notifydomain),  # @0 xen_mc_notifydomain_t
        ("mc_physcpuinfo", xen_mc_physcpuinfo),  # @0 xen_mc_physcpuinfo_t
        ("mc_msrinject", xen_mc_msrinject),  # @0 xen_mc_msrinject_t
        ("mc_mceinject", xen_mc_mceinject),  # @0 xen_mc_mceinject_t
        ("mc_inject_v2", xen_mc_inject_v2),  # @0 xen_mc_inject_v2_t
    )

    if TYPE_CHECKING:
        mc_fetch: xen_mc_fetch
        mc_notifydomain: xen_mc_notifydomain
        mc_physcpuinfo: xen_mc_physcpuinfo
        mc_msrinject: xen_mc_msrinject
        mc_mceinject: xen_mc_mceinject
        mc_inject_v2: xen_mc_inject_v2

        def __init__(
            self, mc_fetch: xen_mc_fetch = ..., mc_notifydomain: xen_mc_notifydomain = ...,
            mc_physcpuinfo: xen_mc_physcpuinfo = ..., mc_msrinject: xen_mc_msrinject = ...,
            mc_mceinject: xen_mc_mceinject = ..., mc_inject_v2: xen_mc_inject_v2 = ...,
        ) -> None: ...


class xen_mc(Struct):
    """A machine check operation, selected by cmd.

    struct xen_mc; 152 bytes. x86_64 only.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("interface_version", c_uint32),  # @4 uint32_t: XEN_MCA_INTERFACE_VERSION
        ("u", xen_mc_u),  # @8 union
    )

    if TYPE_CHECKING:
        cmd: int
        interface_version: int
        u: xen_mc_u

        def __init__(
            self, cmd: int = ..., interface_version: int = ..., u: xen_mc_u = ...,
        ) -> None: ...


xen_mcinfo_common_t = mcinfo_common
xen_mcinfo_msr_t = mcinfo_msr
xen_page_offline_action_t = page_offline_action
xen_cpu_offline_action_t = cpu_offline_action
mc_info_t = mc_info
xen_mc_logical_cpu_t = mcinfo_logical_cpu
xen_mc_fetch_t = xen_mc_fetch
xen_mc_notifydomain_t = xen_mc_notifydomain
xen_mc_physcpuinfo_t = xen_mc_physcpuinfo
xen_mc_msrinject_t = xen_mc_msrinject
xen_mc_mceinject_t = xen_mc_mceinject
xen_mc_inject_v2_t = xen_mc_inject_v2
xen_mc_t = xen_mc
