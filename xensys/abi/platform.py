# GENERATED from abi/platform.json (platform.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""The host's hardware, run by the control domain: clock, EFI, CPUs, power, microcode (HYPERVISOR_platform_op).

platform.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int16, c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct, Union, arr
from ._common.xen import dom0_vga_console_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import HandleField, IntArray, IntArrayField, XenMemory

XENPF_INTERFACE_VERSION = 50331649  # What version has to be in every platform operation, else EACCES

# XENPF: Sub-operations of HYPERVISOR_platform_op.
XENPF_settime32 = 17
XENPF_settime64 = 62
XENPF_settime = 62
XENPF_add_memtype = 31
XENPF_del_memtype = 32
XENPF_read_memtype = 33
XENPF_microcode_update = 35
XENPF_platform_quirk = 39

# QUIRK: Quirks of a chipset.
QUIRK_NOIRQBALANCING = 1
QUIRK_IOAPIC_BAD_REGSEL = 2
QUIRK_IOAPIC_GOOD_REGSEL = 3

# XENPF, more
XENPF_efi_runtime_call = 49

# XEN_EFI: EFI runtime services; Xen answers ENOSYS to the two for capsules.
XEN_EFI_get_time = 1
XEN_EFI_set_time = 2
XEN_EFI_get_wakeup_time = 3
XEN_EFI_set_wakeup_time = 4
XEN_EFI_get_next_high_monotonic_count = 5
XEN_EFI_get_variable = 6
XEN_EFI_set_variable = 7
XEN_EFI_get_next_variable_name = 8
XEN_EFI_query_variable_info = 9
XEN_EFI_query_capsule_capabilities = 10
XEN_EFI_update_capsule = 11

# XEN_EFI_GET_TIME: misc after get_time: setting the clock zeroes what is finer than its resolution.
XEN_EFI_GET_TIME_SET_CLEARS_NS = 1

# XEN_EFI_GET_WAKEUP_TIME: misc after get_wakeup_time: whether the alarm is set, and whether it went
# off unacknowledged.
XEN_EFI_GET_WAKEUP_TIME_ENABLED = 1
XEN_EFI_GET_WAKEUP_TIME_PENDING = 2

# XEN_EFI_SET_WAKEUP_TIME: misc of set_wakeup_time: whether to set the alarm, and whether to leave
# its time as it is.
XEN_EFI_SET_WAKEUP_TIME_ENABLE = 1
XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY = 2

# XEN_EFI_VARIABLE: Attributes of an EFI variable; misc of get_variable and set_variable.
XEN_EFI_VARIABLE_NON_VOLATILE = 1
XEN_EFI_VARIABLE_BOOTSERVICE_ACCESS = 2
XEN_EFI_VARIABLE_RUNTIME_ACCESS = 4

# XEN_EFI_VARINFO: misc of query_variable_info: answer with what Xen read while it booted.
XEN_EFI_VARINFO_BOOT_SNAPSHOT = 1

# XENPF, more
XENPF_firmware_info = 50

# XEN_FW: What to tell of the firmware.
XEN_FW_DISK_INFO = 1
XEN_FW_DISK_MBR_SIGNATURE = 2
XEN_FW_VBEDDC_INFO = 3
XEN_FW_EFI_INFO = 4

# XEN_FW_EFI: What to tell of EFI: index of XEN_FW_EFI_INFO.
XEN_FW_EFI_VERSION = 0
XEN_FW_EFI_CONFIG_TABLE = 1
XEN_FW_EFI_VENDOR = 2
XEN_FW_EFI_MEM_INFO = 3
XEN_FW_EFI_RT_VERSION = 4
XEN_FW_EFI_PCI_ROM = 5
XEN_FW_EFI_APPLE_PROPERTIES = 6

# XEN_FW, more
XEN_FW_KBD_SHIFT_FLAGS = 5

# XENPF, more
XENPF_enter_acpi_sleep = 51

# XENPF_ACPI_SLEEP: Whether sleep goes through the sleep control register instead of PM1 control.
XENPF_ACPI_SLEEP_EXTENDED = 1

# XENPF, more
XENPF_change_freq = 52
XENPF_getidletime = 53
XENPF_set_processor_pminfo = 54

# XEN_PROCESSOR_PM: What Xen takes care of: idle, performance or throttling states; start_info's
# flags under SIF_PM_MASK.
XEN_PROCESSOR_PM_CX = 1
XEN_PROCESSOR_PM_PX = 2
XEN_PROCESSOR_PM_TX = 4

# XEN_PM: What is handed over of a CPU: idle, performance or throttling states, its _PDC, its CPPC
# limits.
XEN_PM_CX = 0
XEN_PM_PX = 1
XEN_PM_TX = 2
XEN_PM_PDC = 3
XEN_PM_CPPC = 4  # since 4.21, not compiled here

# XEN_PX: Which of ACPI's objects are given of a CPU's performance states; all but _PPC once, it
# alone later on.
XEN_PX_PCT = 1
XEN_PX_PSS = 2
XEN_PX_PPC = 4
XEN_PX_PSD = 8

# XEN_CPPC: Which of ACPI's objects are given for CPPC; Xen starts it once both came together.
XEN_CPPC_PSD = 1  # since 4.21, not compiled here
XEN_CPPC_CPC = 2  # since 4.21, not compiled here

# XEN_CPUPERF_SHARED_TYPE: Who coordinates CPUs that share a frequency: the hardware, all of them,
# any of them.
XEN_CPUPERF_SHARED_TYPE_HW = 1  # not in 4.14
XEN_CPUPERF_SHARED_TYPE_ALL = 2  # not in 4.14
XEN_CPUPERF_SHARED_TYPE_ANY = 3  # not in 4.14

# XENPF, more
XENPF_get_cpuinfo = 55

# XEN_PCPU_FLAGS: Whether a CPU is online, or not there at all.
XEN_PCPU_FLAGS_ONLINE = 1
XEN_PCPU_FLAGS_INVALID = 2

# XENPF, more
XENPF_get_cpu_version = 48
XENPF_cpu_online = 56
XENPF_cpu_offline = 57
XENPF_cpu_hotadd = 58
XENPF_mem_hotadd = 59
XENPF_core_parking = 60

# XEN_CORE_PARKING: Whether to set or to read the number of parked CPUs.
XEN_CORE_PARKING_SET = 1
XEN_CORE_PARKING_GET = 2

# XENPF, more
XENPF_resource_op = 61

# XEN_RESOURCE_OP: What to do with a resource; Xen has a short list of MSRs, others give EPERM.
XEN_RESOURCE_OP_MSR_READ = 0
XEN_RESOURCE_OP_MSR_WRITE = 1

# XENPF, more
XENPF_get_symbol = 63
XENPF_get_dom0_console = 64  # not in 4.17, 4.14
XENPF_get_ucode_revision = 65  # not in 4.17, 4.14
XENPF_microcode_update2 = 66  # not in 4.17, 4.14

# XENPF_UCODE: Whether to load microcode that is not newer.
XENPF_UCODE_FORCE = 1  # not in 4.17, 4.14


class xenpf_settime32(Struct):
    """Sets the wall clock, with seconds that end in 2106.

    struct xenpf_settime32; 16 bytes.
    """

    _fields_ = (
        ("secs", c_uint32),  # @0 uint32_t: s since 1970 (UTC) at system_time
        ("nsecs", c_uint32),  # @4 uint32_t: ns in that second
        ("system_time", c_uint64),  # @8 uint64_t: ns since the host booted
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("secs", "nsecs", "system_time")

    if TYPE_CHECKING:
        secs: int
        nsecs: int
        system_time: int

        def __init__(self, secs: int = ..., nsecs: int = ..., system_time: int = ...) -> None: ...


class xenpf_settime64(Struct):
    """Sets the wall clock: what it read at a given system time.

    struct xenpf_settime64; 24 bytes.
    """

    _fields_ = (
        ("secs", c_uint64),  # @0 uint64_t: s since 1970 (UTC) at system_time
        ("nsecs", c_uint32),  # @8 uint32_t: ns in that second
        ("mbz", c_uint32),  # @12 uint32_t: must be 0
        ("system_time", c_uint64),  # @16 uint64_t: ns since the host booted
    )
    FORMAT = "<QIIQ"
    FORMAT_FIELDS = ("secs", "nsecs", "mbz", "system_time")

    if TYPE_CHECKING:
        secs: int
        nsecs: int
        mbz: int
        system_time: int

        def __init__(
            self, secs: int = ..., nsecs: int = ..., mbz: int = ..., system_time: int = ...,
        ) -> None: ...


class xenpf_add_memtype(Struct):
    """Gives a range of machine memory a cache type through a free MTRR.

    struct xenpf_add_memtype; 32 bytes.
    """

    _fields_ = (
        ("mfn", c_uint64),  # @0 xen_pfn_t: first 4 KiB machine frame
        ("nr_mfns", c_uint64),  # @8 uint64_t: 4 KiB frames
        ("type", c_uint32),  # @16 uint32_t: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB
        ("handle", c_uint32),  # @20 uint32_t: 0
        ("reg", c_uint32),  # @24 uint32_t: number of the MTRR
    )
    FORMAT = "<QQIII4x"
    FORMAT_FIELDS = ("mfn", "nr_mfns", "type", "handle", "reg")

    if TYPE_CHECKING:
        mfn: int
        nr_mfns: int
        type: int
        handle: int
        reg: int

        def __init__(
            self, mfn: int = ..., nr_mfns: int = ..., type: int = ..., handle: int = ...,
            reg: int = ...,
        ) -> None: ...


class xenpf_del_memtype(Struct):
    """Frees an MTRR.

    struct xenpf_del_memtype; 8 bytes.
    """

    _fields_ = (
        ("handle", c_uint32),  # @0 uint32_t: 0
        ("reg", c_uint32),  # @4 uint32_t: number of the MTRR
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("handle", "reg")

    if TYPE_CHECKING:
        handle: int
        reg: int

        def __init__(self, handle: int = ..., reg: int = ...) -> None: ...


class xenpf_read_memtype(Struct):
    """Reads an MTRR.

    struct xenpf_read_memtype; 32 bytes.
    """

    _fields_ = (
        ("reg", c_uint32),  # @0 uint32_t: number of the MTRR
        ("mfn", c_uint64),  # @8 xen_pfn_t: first 4 KiB machine frame
        ("nr_mfns", c_uint64),  # @16 uint64_t: 4 KiB frames
        ("type", c_uint32),  # @24 uint32_t: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB
    )
    FORMAT = "<I4xQQI4x"
    FORMAT_FIELDS = ("reg", "mfn", "nr_mfns", "type")

    if TYPE_CHECKING:
        reg: int
        mfn: int
        nr_mfns: int
        type: int

        def __init__(
            self, reg: int = ..., mfn: int = ..., nr_mfns: int = ..., type: int = ...,
        ) -> None: ...


class xenpf_microcode_update(Struct):
    """Loads microcode into every CPU, if it is newer.

    struct xenpf_microcode_update; 16 bytes.
    """

    _fields_ = (
        ("data", HANDLE),  # @0 XEN_GUEST_HANDLE(const_void)
        ("length", c_uint32),  # @8 uint32_t: bytes
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("data", "length")

    if TYPE_CHECKING:
        data: HandleField
        length: int

        def __init__(self, data: XenMemory | None = ..., length: int = ...) -> None: ...


class xenpf_platform_quirk(Struct):
    """Tells Xen of a quirk of the chipset.

    struct xenpf_platform_quirk; 4 bytes.
    """

    _fields_ = (
        ("quirk_id", c_uint32),  # @0 uint32_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("quirk_id",)

    if TYPE_CHECKING:
        quirk_id: int

        def __init__(self, quirk_id: int = ...) -> None: ...


class xenpf_efi_time(Struct):
    """A date and time as EFI has it.

    struct xenpf_efi_time; 16 bytes.
    """

    _fields_ = (
        ("year", c_uint16),  # @0 uint16_t
        ("month", c_uint8),  # @2 uint8_t
        ("day", c_uint8),  # @3 uint8_t
        ("hour", c_uint8),  # @4 uint8_t
        ("min", c_uint8),  # @5 uint8_t
        ("sec", c_uint8),  # @6 uint8_t
        ("ns", c_uint32),  # @8 uint32_t: ns in the second
        ("tz", c_int16),  # @12 int16_t: minutes that UTC is ahead; 2047: not known
        ("daylight", c_uint8),  # @14 uint8_t: bit 0: there is daylight saving time; bit 1: it is in force
    )
    FORMAT = "<HBBBBBxIhBx"
    FORMAT_FIELDS = ("year", "month", "day", "hour", "min", "sec", "ns", "tz", "daylight")

    if TYPE_CHECKING:
        year: int
        month: int
        day: int
        hour: int
        min: int
        sec: int
        ns: int
        tz: int
        daylight: int

        def __init__(
            self, year: int = ..., month: int = ..., day: int = ..., hour: int = ...,
            min: int = ..., sec: int = ..., ns: int = ..., tz: int = ..., daylight: int = ...,
        ) -> None: ...


class xenpf_efi_guid(Struct):
    """A GUID as EFI has it, the first three parts little-endian.

    struct xenpf_efi_guid; 16 bytes.
    """

    _fields_ = (
        ("data1", c_uint32),  # @0 uint32_t
        ("data2", c_uint16),  # @4 uint16_t
        ("data3", c_uint16),  # @6 uint16_t
        ("data4", arr(c_uint8, 8)),  # @8 uint8_t
    )
    FORMAT = "<IHHBBBBBBBB"
    FORMAT_FIELDS = (
        "data1", "data2", "data3", "data4[0]", "data4[1]", "data4[2]", "data4[3]", "data4[4]",
        "data4[5]", "data4[6]", "data4[7]",
    )

    if TYPE_CHECKING:
        data1: int
        data2: int
        data3: int
        data4: IntArrayField

        def __init__(
            self, data1: int = ..., data2: int = ..., data3: int = ...,
            data4: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_get_time(Struct):
    """struct xenpf_efi_runtime_call_u_get_time; 24 bytes."""

    _fields_ = (
        ("time", xenpf_efi_time),  # @0 xenpf_efi_time
        ("resolution", c_uint32),  # @16 uint32_t: ticks of the clock per s
        ("accuracy", c_uint32),  # @20 uint32_t: error in 1e-6 parts per million
    )
    FORMAT = "<HBBBBBxIhBxII"
    FORMAT_FIELDS = (
        "time.year", "time.month", "time.day", "time.hour", "time.min", "time.sec", "time.ns",
        "time.tz", "time.daylight", "resolution", "accuracy",
    )

    if TYPE_CHECKING:
        time: xenpf_efi_time
        resolution: int
        accuracy: int

        def __init__(
            self, time: xenpf_efi_time = ..., resolution: int = ..., accuracy: int = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_get_variable(Struct):
    """struct xenpf_efi_runtime_call_u_get_variable; 40 bytes."""

    _fields_ = (
        ("name", HANDLE),  # @0 XEN_GUEST_HANDLE(void): UCS-2 with a 0 at its end
        ("size", c_uint64),  # @8 xen_ulong_t: bytes of data; what is needed, if too few
        ("data", HANDLE),  # @16 XEN_GUEST_HANDLE(void)
        ("vendor_guid", xenpf_efi_guid),  # @24 xenpf_efi_guid
    )
    FORMAT = "<QQQIHHBBBBBBBB"
    FORMAT_FIELDS = (
        "name", "size", "data", "vendor_guid.data1", "vendor_guid.data2", "vendor_guid.data3",
        "vendor_guid.data4[0]", "vendor_guid.data4[1]", "vendor_guid.data4[2]",
        "vendor_guid.data4[3]", "vendor_guid.data4[4]", "vendor_guid.data4[5]",
        "vendor_guid.data4[6]", "vendor_guid.data4[7]",
    )

    if TYPE_CHECKING:
        name: HandleField
        size: int
        data: HandleField
        vendor_guid: xenpf_efi_guid

        def __init__(
            self, name: XenMemory | None = ..., size: int = ..., data: XenMemory | None = ...,
            vendor_guid: xenpf_efi_guid = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_get_next_variable_name(Struct):
    """struct xenpf_efi_runtime_call_u_get_next_variable_name; 32 bytes."""

    _fields_ = (
        ("size", c_uint64),  # @0 xen_ulong_t: bytes of name; what is needed, if too few
        ("name", HANDLE),  # @8 XEN_GUEST_HANDLE(void): UCS-2: the last name, empty for the first; replaced by the next
        ("vendor_guid", xenpf_efi_guid),  # @16 xenpf_efi_guid
    )
    FORMAT = "<QQIHHBBBBBBBB"
    FORMAT_FIELDS = (
        "size", "name", "vendor_guid.data1", "vendor_guid.data2", "vendor_guid.data3",
        "vendor_guid.data4[0]", "vendor_guid.data4[1]", "vendor_guid.data4[2]",
        "vendor_guid.data4[3]", "vendor_guid.data4[4]", "vendor_guid.data4[5]",
        "vendor_guid.data4[6]", "vendor_guid.data4[7]",
    )

    if TYPE_CHECKING:
        size: int
        name: HandleField
        vendor_guid: xenpf_efi_guid

        def __init__(
            self, size: int = ..., name: XenMemory | None = ..., vendor_guid: xenpf_efi_guid = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_query_variable_info(Struct):
    """struct xenpf_efi_runtime_call_u_query_variable_info; 32 bytes."""

    _fields_ = (
        ("attr", c_uint32),  # @0 uint32_t
        ("max_store_size", c_uint64),  # @8 uint64_t: bytes
        ("remain_store_size", c_uint64),  # @16 uint64_t: bytes
        ("max_size", c_uint64),  # @24 uint64_t: bytes
    )
    FORMAT = "<I4xQQQ"
    FORMAT_FIELDS = ("attr", "max_store_size", "remain_store_size", "max_size")

    if TYPE_CHECKING:
        attr: int
        max_store_size: int
        remain_store_size: int
        max_size: int

        def __init__(
            self, attr: int = ..., max_store_size: int = ..., remain_store_size: int = ...,
            max_size: int = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_query_capsule_capabilities(Struct):
    """struct xenpf_efi_runtime_call_u_query_capsule_capabilities; 32 bytes."""

    _fields_ = (
        ("capsule_header_array", HANDLE),  # @0 XEN_GUEST_HANDLE(void)
        ("capsule_count", c_uint64),  # @8 xen_ulong_t
        ("max_capsule_size", c_uint64),  # @16 uint64_t: bytes
        ("reset_type", c_uint32),  # @24 uint32_t
    )
    FORMAT = "<QQQI4x"
    FORMAT_FIELDS = ("capsule_header_array", "capsule_count", "max_capsule_size", "reset_type")

    if TYPE_CHECKING:
        capsule_header_array: HandleField
        capsule_count: int
        max_capsule_size: int
        reset_type: int

        def __init__(
            self, capsule_header_array: XenMemory | None = ..., capsule_count: int = ...,
            max_capsule_size: int = ..., reset_type: int = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u_update_capsule(Struct):
    """struct xenpf_efi_runtime_call_u_update_capsule; 24 bytes."""

    _fields_ = (
        ("capsule_header_array", HANDLE),  # @0 XEN_GUEST_HANDLE(void)
        ("capsule_count", c_uint64),  # @8 xen_ulong_t
        ("sg_list", c_uint64),  # @16 uint64_t: machine address, bytes
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("capsule_header_array", "capsule_count", "sg_list")

    if TYPE_CHECKING:
        capsule_header_array: HandleField
        capsule_count: int
        sg_list: int

        def __init__(
            self, capsule_header_array: XenMemory | None = ..., capsule_count: int = ...,
            sg_list: int = ...,
        ) -> None: ...


class xenpf_efi_runtime_call_u(Union):
    """union xenpf_efi_runtime_call_u; 40 bytes."""

    _fields_ = (
        ("get_time", xenpf_efi_runtime_call_u_get_time),  # @0 struct
        ("set_time", xenpf_efi_time),  # @0 xenpf_efi_time
        ("get_wakeup_time", xenpf_efi_time),  # @0 xenpf_efi_time
        ("set_wakeup_time", xenpf_efi_time),  # @0 xenpf_efi_time
        ("get_variable", xenpf_efi_runtime_call_u_get_variable),  # @0 struct
        ("set_variable", xenpf_efi_runtime_call_u_get_variable),  # @0 struct
        ("get_next_variable_name", xenpf_efi_runtime_call_u_get_next_variable_name),  # @0 struct
        ("query_variable_info", xenpf_efi_runtime_call_u_query_variable_info),  # @0 struct
        ("query_capsule_capabilities", xenpf_efi_runtime_call_u_query_capsule_capabilities),  # @0 struct
        ("update_capsule", xenpf_efi_runtime_call_u_update_capsule),  # @0 struct
    )

    if TYPE_CHECKING:
        get_time: xenpf_efi_runtime_call_u_get_time
        set_time: xenpf_efi_time
        get_wakeup_time: xenpf_efi_time
        set_wakeup_time: xenpf_efi_time
        get_variable: xenpf_efi_runtime_call_u_get_variable
        set_variable: xenpf_efi_runtime_call_u_get_variable
        get_next_variable_name: xenpf_efi_runtime_call_u_get_next_variable_name
        query_variable_info: xenpf_efi_runtime_call_u_query_variable_info
        query_capsule_capabilities: xenpf_efi_runtime_call_u_query_capsule_capabilities
        update_capsule: xenpf_efi_runtime_call_u_update_capsule

        def __init__(
            self, get_time: xenpf_efi_runtime_call_u_get_time = ..., set_time: xenpf_efi_time = ...,
            get_wakeup_time: xenpf_efi_time = ..., set_wakeup_time: xenpf_efi_time = ...,
            get_variable: xenpf_efi_runtime_call_u_get_variable = ...,
            set_variable: xenpf_efi_runtime_call_u_get_variable = ...,
            get_next_variable_name: xenpf_efi_runtime_call_u_get_next_variable_name = ...,
            query_variable_info: xenpf_efi_runtime_call_u_query_variable_info = ...,
            query_capsule_capabilities: xenpf_efi_runtime_call_u_query_capsule_capabilities = ...,
            update_capsule: xenpf_efi_runtime_call_u_update_capsule = ...,
        ) -> None: ...


class xenpf_efi_runtime_call(Struct):
    """Calls one of EFI's runtime services.

    struct xenpf_efi_runtime_call; 56 bytes.
    """

    _fields_ = (
        ("function", c_uint32),  # @0 uint32_t
        ("misc", c_uint32),  # @4 uint32_t: flags of the function; for get_next_high_monotonic_count the count
        ("status", c_uint64),  # @8 xen_ulong_t: EFI's status: 0, or an error with the top bit set
        ("u", xenpf_efi_runtime_call_u),  # @16 union
    )

    if TYPE_CHECKING:
        function: int
        misc: int
        status: int
        u: xenpf_efi_runtime_call_u

        def __init__(
            self, function: int = ..., misc: int = ..., status: int = ...,
            u: xenpf_efi_runtime_call_u = ...,
        ) -> None: ...


class xenpf_efi_info_cfg(Struct):
    """struct xenpf_efi_info_cfg; 16 bytes."""

    _fields_ = (
        ("addr", c_uint64),  # @0 uint64_t: machine address of EFI's configuration table, bytes
        ("nent", c_uint32),  # @8 uint32_t: entries of the table
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("addr", "nent")

    if TYPE_CHECKING:
        addr: int
        nent: int

        def __init__(self, addr: int = ..., nent: int = ...) -> None: ...


class xenpf_efi_info_vendor(Struct):
    """struct xenpf_efi_info_vendor; 16 bytes."""

    _fields_ = (
        ("revision", c_uint32),  # @0 uint32_t
        ("bufsz", c_uint32),  # @4 uint32_t: bytes of name
        ("name", HANDLE),  # @8 XEN_GUEST_HANDLE(void): UCS-2 with a 0 at its end
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("revision", "bufsz", "name")

    if TYPE_CHECKING:
        revision: int
        bufsz: int
        name: HandleField

        def __init__(
            self, revision: int = ..., bufsz: int = ..., name: XenMemory | None = ...,
        ) -> None: ...


class xenpf_efi_info_mem(Struct):
    """struct xenpf_efi_info_mem; 32 bytes."""

    _fields_ = (
        ("addr", c_uint64),  # @0 uint64_t: machine address that is asked about, bytes
        ("size", c_uint64),  # @8 uint64_t: bytes; cut to those of the same type
        ("attr", c_uint64),  # @16 uint64_t: EFI_MEMORY_* attributes
        ("type", c_uint32),  # @24 uint32_t: EFI's memory type
    )
    FORMAT = "<QQQI4x"
    FORMAT_FIELDS = ("addr", "size", "attr", "type")

    if TYPE_CHECKING:
        addr: int
        size: int
        attr: int
        type: int

        def __init__(
            self, addr: int = ..., size: int = ..., attr: int = ..., type: int = ...,
        ) -> None: ...


class xenpf_efi_info_pci_rom(Struct):
    """struct xenpf_efi_info_pci_rom; 24 bytes."""

    _fields_ = (
        ("segment", c_uint16),  # @0 uint16_t
        ("bus", c_uint8),  # @2 uint8_t
        ("devfn", c_uint8),  # @3 uint8_t: device<<3|function
        ("vendor", c_uint16),  # @4 uint16_t: PCI vendor id
        ("devid", c_uint16),  # @6 uint16_t: PCI device id
        ("address", c_uint64),  # @8 uint64_t: machine address, bytes
        ("size", c_uint64),  # @16 xen_ulong_t: bytes
    )
    FORMAT = "<HBBHHQQ"
    FORMAT_FIELDS = ("segment", "bus", "devfn", "vendor", "devid", "address", "size")

    if TYPE_CHECKING:
        segment: int
        bus: int
        devfn: int
        vendor: int
        devid: int
        address: int
        size: int

        def __init__(
            self, segment: int = ..., bus: int = ..., devfn: int = ..., vendor: int = ...,
            devid: int = ..., address: int = ..., size: int = ...,
        ) -> None: ...


class xenpf_efi_info_apple_properties(Struct):
    """struct xenpf_efi_info_apple_properties; 16 bytes."""

    _fields_ = (
        ("address", c_uint64),  # @0 uint64_t: machine address, bytes
        ("size", c_uint64),  # @8 xen_ulong_t: bytes
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("address", "size")

    if TYPE_CHECKING:
        address: int
        size: int

        def __init__(self, address: int = ..., size: int = ...) -> None: ...


class xenpf_efi_info(Union):
    """What Xen kept of EFI; the member goes by the request's index.

    union xenpf_efi_info; 32 bytes.
    """

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t: major<<16|minor
        ("cfg", xenpf_efi_info_cfg),  # @0 struct
        ("vendor", xenpf_efi_info_vendor),  # @0 struct
        ("mem", xenpf_efi_info_mem),  # @0 struct
        ("pci_rom", xenpf_efi_info_pci_rom),  # @0 struct
        ("apple_properties", xenpf_efi_info_apple_properties),  # @0 struct
    )

    if TYPE_CHECKING:
        version: int
        cfg: xenpf_efi_info_cfg
        vendor: xenpf_efi_info_vendor
        mem: xenpf_efi_info_mem
        pci_rom: xenpf_efi_info_pci_rom
        apple_properties: xenpf_efi_info_apple_properties

        def __init__(
            self, version: int = ..., cfg: xenpf_efi_info_cfg = ...,
            vendor: xenpf_efi_info_vendor = ..., mem: xenpf_efi_info_mem = ...,
            pci_rom: xenpf_efi_info_pci_rom = ...,
            apple_properties: xenpf_efi_info_apple_properties = ...,
        ) -> None: ...


class xenpf_firmware_info_u_disk_info(Struct):
    """struct xenpf_firmware_info_u_disk_info; 16 bytes."""

    _fields_ = (
        ("device", c_uint8),  # @0 uint8_t: BIOS drive number
        ("version", c_uint8),  # @1 uint8_t: major version of the BIOS's disk extensions
        ("interface_support", c_uint16),  # @2 uint16_t: bits of int 13h, AH=41h
        ("legacy_max_cylinder", c_uint16),  # @4 uint16_t: highest number, from int 13h, AH=08h
        ("legacy_max_head", c_uint8),  # @6 uint8_t: highest number, from int 13h, AH=08h
        ("legacy_sectors_per_track", c_uint8),  # @7 uint8_t: highest number, from int 13h, AH=08h
        ("edd_params", HANDLE),  # @8 XEN_GUEST_HANDLE(void): buffer for int 13h, AH=48h; its first u16 holds its bytes
    )
    FORMAT = "<BBHHBBQ"
    FORMAT_FIELDS = (
        "device", "version", "interface_support", "legacy_max_cylinder", "legacy_max_head",
        "legacy_sectors_per_track", "edd_params",
    )

    if TYPE_CHECKING:
        device: int
        version: int
        interface_support: int
        legacy_max_cylinder: int
        legacy_max_head: int
        legacy_sectors_per_track: int
        edd_params: HandleField

        def __init__(
            self, device: int = ..., version: int = ..., interface_support: int = ...,
            legacy_max_cylinder: int = ..., legacy_max_head: int = ...,
            legacy_sectors_per_track: int = ..., edd_params: XenMemory | None = ...,
        ) -> None: ...


class xenpf_firmware_info_u_disk_mbr_signature(Struct):
    """struct xenpf_firmware_info_u_disk_mbr_signature; 8 bytes."""

    _fields_ = (
        ("device", c_uint8),  # @0 uint8_t: BIOS drive number
        ("mbr_signature", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<B3xI"
    FORMAT_FIELDS = ("device", "mbr_signature")

    if TYPE_CHECKING:
        device: int
        mbr_signature: int

        def __init__(self, device: int = ..., mbr_signature: int = ...) -> None: ...


class xenpf_firmware_info_u_vbeddc_info(Struct):
    """struct xenpf_firmware_info_u_vbeddc_info; 16 bytes."""

    _fields_ = (
        ("capabilities", c_uint8),  # @0 uint8_t: DDC capabilities from int 10h, AX=4F15h
        ("edid_transfer_time", c_uint8),  # @1 uint8_t: s to read one EDID block
        ("edid", HANDLE),  # @8 XEN_GUEST_HANDLE(uint8): buffer of 128 bytes
    )
    FORMAT = "<BB6xQ"
    FORMAT_FIELDS = ("capabilities", "edid_transfer_time", "edid")

    if TYPE_CHECKING:
        capabilities: int
        edid_transfer_time: int
        edid: HandleField

        def __init__(
            self, capabilities: int = ..., edid_transfer_time: int = ...,
            edid: XenMemory | None = ...,
        ) -> None: ...


class xenpf_firmware_info_u(Union):
    """union xenpf_firmware_info_u; 32 bytes."""

    _fields_ = (
        ("disk_info", xenpf_firmware_info_u_disk_info),  # @0 struct
        ("disk_mbr_signature", xenpf_firmware_info_u_disk_mbr_signature),  # @0 struct
        ("vbeddc_info", xenpf_firmware_info_u_vbeddc_info),  # @0 struct
        ("efi_info", xenpf_efi_info),  # @0 xenpf_efi_info
        ("kbd_shift_flags", c_uint8),  # @0 uint8_t: from int 16h, AH=02h
    )

    if TYPE_CHECKING:
        disk_info: xenpf_firmware_info_u_disk_info
        disk_mbr_signature: xenpf_firmware_info_u_disk_mbr_signature
        vbeddc_info: xenpf_firmware_info_u_vbeddc_info
        efi_info: xenpf_efi_info
        kbd_shift_flags: int

        def __init__(
            self, disk_info: xenpf_firmware_info_u_disk_info = ...,
            disk_mbr_signature: xenpf_firmware_info_u_disk_mbr_signature = ...,
            vbeddc_info: xenpf_firmware_info_u_vbeddc_info = ..., efi_info: xenpf_efi_info = ...,
            kbd_shift_flags: int = ...,
        ) -> None: ...


class xenpf_firmware_info(Struct):
    """Asks for what Xen learnt of the firmware while it booted.

    struct xenpf_firmware_info; 40 bytes.
    """

    _fields_ = (
        ("type", c_uint32),  # @0 uint32_t
        ("index", c_uint32),  # @4 uint32_t: number of the disk, or XEN_FW_EFI_*; else 0
        ("u", xenpf_firmware_info_u),  # @8 union
    )

    if TYPE_CHECKING:
        type: int
        index: int
        u: xenpf_firmware_info_u

        def __init__(
            self, type: int = ..., index: int = ..., u: xenpf_firmware_info_u = ...,
        ) -> None: ...


class xenpf_enter_acpi_sleep(Struct):
    """Puts the host to sleep or turns it off.

    struct xenpf_enter_acpi_sleep; 12 bytes.
    """

    _fields_ = (
        ("val_a", c_uint16),  # @0 uint16_t: PM1a control value, or sleep type A
        ("val_b", c_uint16),  # @2 uint16_t: PM1b control value, or sleep type B
        ("sleep_state", c_uint32),  # @4 uint32_t: n of Sn
        ("flags", c_uint32),  # @8 uint32_t
    )
    FORMAT = "<HHII"
    FORMAT_FIELDS = ("val_a", "val_b", "sleep_state", "flags")

    if TYPE_CHECKING:
        val_a: int
        val_b: int
        sleep_state: int
        flags: int

        def __init__(
            self, val_a: int = ..., val_b: int = ..., sleep_state: int = ..., flags: int = ...,
        ) -> None: ...


class xenpf_change_freq(Struct):
    """Reports a CPU's new frequency, where dom0 governs it (cpufreq=dom0-kernel).

    struct xenpf_change_freq; 16 bytes.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t: must be 0
        ("cpu", c_uint32),  # @4 uint32_t: Xen's number of the CPU
        ("freq", c_uint64),  # @8 uint64_t: Hz
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("flags", "cpu", "freq")

    if TYPE_CHECKING:
        flags: int
        cpu: int
        freq: int

        def __init__(self, flags: int = ..., cpu: int = ..., freq: int = ...) -> None: ...


class xenpf_getidletime(Struct):
    """Asks how long CPUs were idle, where dom0 governs their frequency.

    struct xenpf_getidletime; 32 bytes.
    """

    _fields_ = (
        ("cpumap_bitmap", HANDLE),  # @0 XEN_GUEST_HANDLE(uint8): CPUs to ask about; cleared where there is none
        ("cpumap_nr_cpus", c_uint32),  # @8 uint32_t: bits of the map
        ("idletime", HANDLE),  # @16 XEN_GUEST_HANDLE(uint64): u64 for each CPU of the map: ns idle since the host booted
        ("now", c_uint64),  # @24 uint64_t: ns since the host booted
    )
    FORMAT = "<QI4xQQ"
    FORMAT_FIELDS = ("cpumap_bitmap", "cpumap_nr_cpus", "idletime", "now")

    if TYPE_CHECKING:
        cpumap_bitmap: HandleField
        cpumap_nr_cpus: int
        idletime: HandleField
        now: int

        def __init__(
            self, cpumap_bitmap: XenMemory | None = ..., cpumap_nr_cpus: int = ...,
            idletime: XenMemory | None = ..., now: int = ...,
        ) -> None: ...


class xen_power_register(Struct):
    """A register, as ACPI's generic address structure describes it.

    struct xen_power_register; 24 bytes.
    """

    _fields_ = (
        ("space_id", c_uint32),  # @0 uint32_t: ACPI address space: 0 memory, 1 port, 0x7f fixed hardware
        ("bit_width", c_uint32),  # @4 uint32_t: bits
        ("bit_offset", c_uint32),  # @8 uint32_t: bits
        ("access_size", c_uint32),  # @12 uint32_t: 1, 2, 3, 4 for 8, 16, 32, 64 bits; 0: not said
        ("address", c_uint64),  # @16 uint64_t: address in that space
    )
    FORMAT = "<IIIIQ"
    FORMAT_FIELDS = ("space_id", "bit_width", "bit_offset", "access_size", "address")

    if TYPE_CHECKING:
        space_id: int
        bit_width: int
        bit_offset: int
        access_size: int
        address: int

        def __init__(
            self, space_id: int = ..., bit_width: int = ..., bit_offset: int = ...,
            access_size: int = ..., address: int = ...,
        ) -> None: ...


class xen_processor_csd(Struct):
    """CPUs whose idle state depends on one another (ACPI _CSD).

    struct xen_processor_csd; 12 bytes.
    """

    _fields_ = (
        ("domain", c_uint32),  # @0 uint32_t
        ("coord_type", c_uint32),  # @4 uint32_t: 0xfc all by software, 0xfd any by software, 0xfe by hardware
        ("num", c_uint32),  # @8 uint32_t: CPUs of that group
    )
    FORMAT = "<III"
    FORMAT_FIELDS = ("domain", "coord_type", "num")

    if TYPE_CHECKING:
        domain: int
        coord_type: int
        num: int

        def __init__(self, domain: int = ..., coord_type: int = ..., num: int = ...) -> None: ...


class xen_processor_cx(Struct):
    """One idle state of a CPU (ACPI _CST).

    struct xen_processor_cx; 48 bytes.
    """

    _fields_ = (
        ("reg", xen_power_register),  # @0 xen_power_register
        ("type", c_uint8),  # @24 uint8_t: n of Cn
        ("latency", c_uint32),  # @28 uint32_t: us to enter and leave, at worst
        ("power", c_uint32),  # @32 uint32_t: mW on average
        ("dpcnt", c_uint32),  # @36 uint32_t: entries of dp
        ("dp", HANDLE),  # @40 XEN_GUEST_HANDLE(xen_processor_csd_t)
    )
    FORMAT = "<IIIIQB3xIIIQ"
    FORMAT_FIELDS = (
        "reg.space_id", "reg.bit_width", "reg.bit_offset", "reg.access_size", "reg.address", "type",
        "latency", "power", "dpcnt", "dp",
    )

    if TYPE_CHECKING:
        reg: xen_power_register
        type: int
        latency: int
        power: int
        dpcnt: int
        dp: HandleField

        def __init__(
            self, reg: xen_power_register = ..., type: int = ..., latency: int = ...,
            power: int = ..., dpcnt: int = ..., dp: XenMemory | None = ...,
        ) -> None: ...


class xen_processor_flags(Struct):
    """Properties of a CPU's idle states, as Linux's ACPI driver has them.

    struct xen_processor_flags; 4 bytes.
    """

    _fields_ = (
        ("_bits0", c_uint8),  # @0 bit-fields
        ("_hole1", arr(c_uint8, 3)),  # @1 hole
    )
    _bits_ = (
        ("bm_control", "_bits0", 0, 1, False),  # bits 0..0 uint32_t: 1: bus mastering can be barred in C3
        ("bm_check", "_bits0", 1, 1, False),  # bits 1..1 uint32_t: 1: bus masters have to be idle before C3
        ("has_cst", "_bits0", 2, 1, False),  # bits 2..2 uint32_t: 1: the states come from _CST
        ("power_setup_done", "_bits0", 3, 1, False),  # bits 3..3 uint32_t
        ("bm_rld_set", "_bits0", 4, 1, False),  # bits 4..4 uint32_t: 1: bus masters wake the CPU from C3
    )

    if TYPE_CHECKING:
        bm_control: int
        bm_check: int
        has_cst: int
        power_setup_done: int
        bm_rld_set: int

        def __init__(
            self, *, bm_control: int = ..., bm_check: int = ..., has_cst: int = ...,
            power_setup_done: int = ..., bm_rld_set: int = ...,
        ) -> None: ...


class xen_processor_power(Struct):
    """Idle states of a CPU.

    struct xen_processor_power; 16 bytes.
    """

    _fields_ = (
        ("count", c_uint32),  # @0 uint32_t: entries of states
        ("flags", xen_processor_flags),  # @4 xen_processor_flags
        ("states", HANDLE),  # @8 XEN_GUEST_HANDLE(xen_processor_cx_t)
    )

    if TYPE_CHECKING:
        count: int
        flags: xen_processor_flags
        states: HandleField

        def __init__(
            self, count: int = ..., flags: xen_processor_flags = ...,
            states: XenMemory | None = ...,
        ) -> None: ...


class xen_pct_register(Struct):
    """Control or status register of performance states (ACPI _PCT).

    struct xen_pct_register; 16 bytes.
    """

    _fields_ = (
        ("descriptor", c_uint8),  # @0 uint8_t: tag of ACPI's register resource, 0x82
        ("length", c_uint16),  # @2 uint16_t: bytes that follow it in that resource
        ("space_id", c_uint8),  # @4 uint8_t: ACPI address space: 0 memory, 1 port, 0x7f fixed hardware
        ("bit_width", c_uint8),  # @5 uint8_t: bits
        ("bit_offset", c_uint8),  # @6 uint8_t: bits
        ("reserved", c_uint8),  # @7 uint8_t
        ("address", c_uint64),  # @8 uint64_t: address in that space
    )
    FORMAT = "<BxHBBBBQ"
    FORMAT_FIELDS = (
        "descriptor", "length", "space_id", "bit_width", "bit_offset", "reserved", "address",
    )

    if TYPE_CHECKING:
        descriptor: int
        length: int
        space_id: int
        bit_width: int
        bit_offset: int
        reserved: int
        address: int

        def __init__(
            self, descriptor: int = ..., length: int = ..., space_id: int = ...,
            bit_width: int = ..., bit_offset: int = ..., reserved: int = ..., address: int = ...,
        ) -> None: ...


class xen_processor_px(Struct):
    """One performance state of a CPU (ACPI _PSS).

    struct xen_processor_px; 48 bytes.
    """

    _fields_ = (
        ("core_frequency", c_uint64),  # @0 uint64_t: MHz
        ("power", c_uint64),  # @8 uint64_t: mW
        ("transition_latency", c_uint64),  # @16 uint64_t: us
        ("bus_master_latency", c_uint64),  # @24 uint64_t: us
        ("control", c_uint64),  # @32 uint64_t: what to write to enter the state
        ("status", c_uint64),  # @40 uint64_t: what the status register then reads
    )
    FORMAT = "<QQQQQQ"
    FORMAT_FIELDS = (
        "core_frequency", "power", "transition_latency", "bus_master_latency", "control", "status",
    )

    if TYPE_CHECKING:
        core_frequency: int
        power: int
        transition_latency: int
        bus_master_latency: int
        control: int
        status: int

        def __init__(
            self, core_frequency: int = ..., power: int = ..., transition_latency: int = ...,
            bus_master_latency: int = ..., control: int = ..., status: int = ...,
        ) -> None: ...


class xen_psd_package(Struct):
    """CPUs whose performance state depends on one another (ACPI _PSD).

    struct xen_psd_package; 40 bytes.
    """

    _fields_ = (
        ("num_entries", c_uint64),  # @0 uint64_t
        ("revision", c_uint64),  # @8 uint64_t
        ("domain", c_uint64),  # @16 uint64_t
        ("coord_type", c_uint64),  # @24 uint64_t: 0xfc all by software, 0xfd any by software, 0xfe by hardware
        ("num_processors", c_uint64),  # @32 uint64_t
    )
    FORMAT = "<QQQQQ"
    FORMAT_FIELDS = ("num_entries", "revision", "domain", "coord_type", "num_processors")

    if TYPE_CHECKING:
        num_entries: int
        revision: int
        domain: int
        coord_type: int
        num_processors: int

        def __init__(
            self, num_entries: int = ..., revision: int = ..., domain: int = ...,
            coord_type: int = ..., num_processors: int = ...,
        ) -> None: ...


class xen_processor_performance(Struct):
    """Performance states of a CPU, or what changed of them.

    struct xen_processor_performance; 104 bytes.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("platform_limit", c_uint32),  # @4 uint32_t: index of the fastest state allowed now (ACPI _PPC)
        ("control_register", xen_pct_register),  # @8 xen_pct_register
        ("status_register", xen_pct_register),  # @24 xen_pct_register
        ("state_count", c_uint32),  # @40 uint32_t: entries of states
        ("states", HANDLE),  # @48 XEN_GUEST_HANDLE(xen_processor_px_t)
        ("domain_info", xen_psd_package),  # @56 xen_psd_package
        ("shared_type", c_uint32),  # @96 uint32_t
    )
    FORMAT = "<IIBxHBBBBQBxHBBBBQI4xQQQQQQI4x"
    FORMAT_FIELDS = (
        "flags", "platform_limit", "control_register.descriptor", "control_register.length",
        "control_register.space_id", "control_register.bit_width", "control_register.bit_offset",
        "control_register.reserved", "control_register.address", "status_register.descriptor",
        "status_register.length", "status_register.space_id", "status_register.bit_width",
        "status_register.bit_offset", "status_register.reserved", "status_register.address",
        "state_count", "states", "domain_info.num_entries", "domain_info.revision",
        "domain_info.domain", "domain_info.coord_type", "domain_info.num_processors", "shared_type",
    )

    if TYPE_CHECKING:
        flags: int
        platform_limit: int
        control_register: xen_pct_register
        status_register: xen_pct_register
        state_count: int
        states: HandleField
        domain_info: xen_psd_package
        shared_type: int

        def __init__(
            self, flags: int = ..., platform_limit: int = ...,
            control_register: xen_pct_register = ..., status_register: xen_pct_register = ...,
            state_count: int = ..., states: XenMemory | None = ...,
            domain_info: xen_psd_package = ..., shared_type: int = ...,
        ) -> None: ...


class xen_processor_cppc_cpc(Struct):
    """struct xen_processor_cppc_cpc; 24 bytes. since 4.21, not compiled here."""

    _fields_ = (
        ("highest_perf", c_uint32),  # @0 uint32_t: the CPU's own scale, up to 255
        ("nominal_perf", c_uint32),  # @4 uint32_t: the CPU's own scale, up to 255
        ("lowest_nonlinear_perf", c_uint32),  # @8 uint32_t: the CPU's own scale, up to 255
        ("lowest_perf", c_uint32),  # @12 uint32_t: the CPU's own scale, up to 255
        ("lowest_mhz", c_uint32),  # @16 uint32_t: MHz; 0: not known
        ("nominal_mhz", c_uint32),  # @20 uint32_t: MHz; 0: not known
    )
    FORMAT = "<IIIIII"
    FORMAT_FIELDS = (
        "highest_perf", "nominal_perf", "lowest_nonlinear_perf", "lowest_perf", "lowest_mhz",
        "nominal_mhz",
    )

    if TYPE_CHECKING:
        highest_perf: int
        nominal_perf: int
        lowest_nonlinear_perf: int
        lowest_perf: int
        lowest_mhz: int
        nominal_mhz: int

        def __init__(
            self, highest_perf: int = ..., nominal_perf: int = ...,
            lowest_nonlinear_perf: int = ..., lowest_perf: int = ..., lowest_mhz: int = ...,
            nominal_mhz: int = ...,
        ) -> None: ...


class xen_processor_cppc(Struct):
    """Limits of a CPU that sets its speed by itself within bounds (ACPI _CPC).

    struct xen_processor_cppc; 72 bytes. since 4.21, not compiled here.
    """

    _fields_ = (
        ("flags", c_uint8),  # @0 uint8_t
        ("pad", arr(c_uint8, 3)),  # @1 uint8_t: must be 0
        ("cpc", xen_processor_cppc_cpc),  # @4 struct
        ("shared_type", c_uint32),  # @28 uint32_t: Xen takes HW alone
        ("domain_info", xen_psd_package),  # @32 xen_psd_package
    )
    FORMAT = "<BBBBIIIIIIIQQQQQ"
    FORMAT_FIELDS = (
        "flags", "pad[0]", "pad[1]", "pad[2]", "cpc.highest_perf", "cpc.nominal_perf",
        "cpc.lowest_nonlinear_perf", "cpc.lowest_perf", "cpc.lowest_mhz", "cpc.nominal_mhz",
        "shared_type", "domain_info.num_entries", "domain_info.revision", "domain_info.domain",
        "domain_info.coord_type", "domain_info.num_processors",
    )

    if TYPE_CHECKING:
        flags: int
        pad: IntArrayField
        cpc: xen_processor_cppc_cpc
        shared_type: int
        domain_info: xen_psd_package

        def __init__(
            self, flags: int = ..., pad: Sequence[int] | IntArray = ...,
            cpc: xen_processor_cppc_cpc = ..., shared_type: int = ...,
            domain_info: xen_psd_package = ...,
        ) -> None: ...


class xenpf_set_processor_pminfo_u(Union):
    """union xenpf_set_processor_pminfo_u; 104 bytes. otherwise in 4.20, 4.17, 4.14."""

    _fields_ = (
        ("power", xen_processor_power),  # @0 xen_processor_power
        ("perf", xen_processor_performance),  # @0 xen_processor_performance
        ("pdc", HANDLE),  # @0 XEN_GUEST_HANDLE(uint32): u32 buffer of _PDC: revision, count, bits that Xen adds to
        ("cppc_data", xen_processor_cppc),  # @0 xen_processor_cppc_t; since 4.21
    )

    if TYPE_CHECKING:
        power: xen_processor_power
        perf: xen_processor_performance
        pdc: HandleField
        cppc_data: xen_processor_cppc

        def __init__(
            self, power: xen_processor_power = ..., perf: xen_processor_performance = ...,
            pdc: XenMemory | None = ..., cppc_data: xen_processor_cppc = ...,
        ) -> None: ...


class xenpf_set_processor_pminfo(Struct):
    """Hands Xen what ACPI says of a CPU's power states.

    struct xenpf_set_processor_pminfo; 112 bytes.
    """

    _fields_ = (
        ("id", c_uint32),  # @0 uint32_t: ACPI's id of the CPU
        ("type", c_uint32),  # @4 uint32_t
        ("u", xenpf_set_processor_pminfo_u),  # @8 union
    )

    if TYPE_CHECKING:
        id: int
        type: int
        u: xenpf_set_processor_pminfo_u

        def __init__(
            self, id: int = ..., type: int = ..., u: xenpf_set_processor_pminfo_u = ...,
        ) -> None: ...


class xenpf_pcpuinfo(Struct):
    """Asks whether a CPU is there and online, and for its firmware ids.

    struct xenpf_pcpuinfo; 20 bytes.
    """

    _fields_ = (
        ("xen_cpuid", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("max_present", c_uint32),  # @4 uint32_t: highest number of a CPU that is there
        ("flags", c_uint32),  # @8 uint32_t
        ("apic_id", c_uint32),  # @12 uint32_t
        ("acpi_id", c_uint32),  # @16 uint32_t
    )
    FORMAT = "<IIIII"
    FORMAT_FIELDS = ("xen_cpuid", "max_present", "flags", "apic_id", "acpi_id")

    if TYPE_CHECKING:
        xen_cpuid: int
        max_present: int
        flags: int
        apic_id: int
        acpi_id: int

        def __init__(
            self, xen_cpuid: int = ..., max_present: int = ..., flags: int = ...,
            apic_id: int = ..., acpi_id: int = ...,
        ) -> None: ...


class xenpf_pcpu_version(Struct):
    """Asks for a CPU's vendor, family, model and stepping; zeros if it is not online.

    struct xenpf_pcpu_version; 32 bytes.
    """

    _fields_ = (
        ("xen_cpuid", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("max_present", c_uint32),  # @4 uint32_t: highest number of a CPU that is there
        ("vendor_id", arr(c_char, 12)),  # @8 char
        ("family", c_uint32),  # @20 uint32_t
        ("model", c_uint32),  # @24 uint32_t
        ("stepping", c_uint32),  # @28 uint32_t
    )

    if TYPE_CHECKING:
        xen_cpuid: int
        max_present: int
        vendor_id: bytes
        family: int
        model: int
        stepping: int

        def __init__(
            self, xen_cpuid: int = ..., max_present: int = ..., vendor_id: bytes = ...,
            family: int = ..., model: int = ..., stepping: int = ...,
        ) -> None: ...


class xenpf_cpu_ol(Struct):
    """Takes a CPU online or offline.

    struct xenpf_cpu_ol; 4 bytes.
    """

    _fields_ = (
        ("cpuid", c_uint32),  # @0 uint32_t: Xen's number of the CPU
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("cpuid",)

    if TYPE_CHECKING:
        cpuid: int

        def __init__(self, cpuid: int = ...) -> None: ...


class xenpf_cpu_hotadd(Struct):
    """Announces a CPU that was plugged in.

    struct xenpf_cpu_hotadd; 12 bytes.
    """

    _fields_ = (
        ("apic_id", c_uint32),  # @0 uint32_t
        ("acpi_id", c_uint32),  # @4 uint32_t
        ("pxm", c_uint32),  # @8 uint32_t: ACPI proximity domain
    )
    FORMAT = "<III"
    FORMAT_FIELDS = ("apic_id", "acpi_id", "pxm")

    if TYPE_CHECKING:
        apic_id: int
        acpi_id: int
        pxm: int

        def __init__(self, apic_id: int = ..., acpi_id: int = ..., pxm: int = ...) -> None: ...


class xenpf_mem_hotadd(Struct):
    """Announces memory that was plugged in.

    struct xenpf_mem_hotadd; 24 bytes.
    """

    _fields_ = (
        ("spfn", c_uint64),  # @0 uint64_t: first 4 KiB machine frame
        ("epfn", c_uint64),  # @8 uint64_t: frame after the last
        ("pxm", c_uint32),  # @16 uint32_t: ACPI proximity domain
        ("flags", c_uint32),  # @20 uint32_t: not looked at
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("spfn", "epfn", "pxm", "flags")

    if TYPE_CHECKING:
        spfn: int
        epfn: int
        pxm: int
        flags: int

        def __init__(
            self, spfn: int = ..., epfn: int = ..., pxm: int = ..., flags: int = ...,
        ) -> None: ...


class xenpf_core_parking(Struct):
    """Sets or reads how many CPUs are parked to save power.

    struct xenpf_core_parking; 8 bytes.
    """

    _fields_ = (
        ("type", c_uint32),  # @0 uint32_t
        ("idle_nums", c_uint32),  # @4 uint32_t: CPUs
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("type", "idle_nums")

    if TYPE_CHECKING:
        type: int
        idle_nums: int

        def __init__(self, type: int = ..., idle_nums: int = ...) -> None: ...


class xenpf_resource_entry_u(Union):
    """union xenpf_resource_entry_u; 4 bytes."""

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("ret", c_int32),  # @0 int32_t: negative errno, in the entry that failed
    )

    if TYPE_CHECKING:
        cmd: int
        ret: int

        def __init__(self, cmd: int = ..., ret: int = ...) -> None: ...


class xenpf_resource_entry(Struct):
    """One access to a machine resource, done in order.

    struct xenpf_resource_entry; 24 bytes.
    """

    _fields_ = (
        ("u", xenpf_resource_entry_u),  # @0 union
        ("rsvd", c_uint32),  # @4 uint32_t: must be 0
        ("idx", c_uint64),  # @8 uint64_t: number of the MSR
        ("val", c_uint64),  # @16 uint64_t: value; for the TSC ns of system time
    )

    if TYPE_CHECKING:
        u: xenpf_resource_entry_u
        rsvd: int
        idx: int
        val: int

        def __init__(
            self, u: xenpf_resource_entry_u = ..., rsvd: int = ..., idx: int = ..., val: int = ...,
        ) -> None: ...


class xenpf_resource_op(Struct):
    """Accesses to resources of one CPU; the result is the number of those done.

    struct xenpf_resource_op; 16 bytes.
    """

    _fields_ = (
        ("nr_entries", c_uint32),  # @0 uint32_t: accesses, at most 3
        ("cpu", c_uint32),  # @4 uint32_t: CPU on which they are done
        ("entries", HANDLE),  # @8 XEN_GUEST_HANDLE(xenpf_resource_entry_t)
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("nr_entries", "cpu", "entries")

    if TYPE_CHECKING:
        nr_entries: int
        cpu: int
        entries: HandleField

        def __init__(
            self, nr_entries: int = ..., cpu: int = ..., entries: XenMemory | None = ...,
        ) -> None: ...


class xenpf_symdata(Struct):
    """Reads the next symbol of Xen's own symbol table.

    struct xenpf_symdata; 32 bytes.
    """

    _fields_ = (
        ("namelen", c_uint32),  # @0 uint32_t: bytes of name; then bytes of the symbol with its 0, copied or not
        ("symnum", c_uint32),  # @4 uint32_t: number of the symbol; then of the next, or the same at the end
        ("name", HANDLE),  # @8 XEN_GUEST_HANDLE(char)
        ("address", c_uint64),  # @16 uint64_t: address in Xen
        ("type", c_uint8),  # @24 char: letter as nm prints it
    )

    if TYPE_CHECKING:
        namelen: int
        symnum: int
        name: HandleField
        address: int
        type: int

        def __init__(
            self, namelen: int = ..., symnum: int = ..., name: XenMemory | None = ...,
            address: int = ..., type: int = ...,
        ) -> None: ...


class xenpf_ucode_revision(Struct):
    """Asks for a CPU's signature and microcode revision.

    struct xenpf_ucode_revision; 16 bytes. not in 4.17, 4.14.
    """

    _fields_ = (
        ("cpu", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("signature", c_uint32),  # @4 uint32_t: eax of CPUID leaf 1
        ("pf", c_uint32),  # @8 uint32_t: Intel's platform flags
        ("revision", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("cpu", "signature", "pf", "revision")

    if TYPE_CHECKING:
        cpu: int
        signature: int
        pf: int
        revision: int

        def __init__(
            self, cpu: int = ..., signature: int = ..., pf: int = ..., revision: int = ...,
        ) -> None: ...


class xenpf_microcode_update2(Struct):
    """Loads microcode into every CPU, with flags.

    struct xenpf_microcode_update2; 16 bytes. not in 4.17, 4.14.
    """

    _fields_ = (
        ("flags", c_uint32),  # @0 uint32_t
        ("length", c_uint32),  # @4 uint32_t: bytes
        ("data", HANDLE),  # @8 XEN_GUEST_HANDLE(const_void)
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("flags", "length", "data")

    if TYPE_CHECKING:
        flags: int
        length: int
        data: HandleField

        def __init__(
            self, flags: int = ..., length: int = ..., data: XenMemory | None = ...,
        ) -> None: ...


class xen_platform_op_u(Union):
    """union xen_platform_op_u; 128 bytes. otherwise in 4.17, 4.14."""

    _fields_ = (
        ("settime", xenpf_settime64),  # @0 xenpf_settime_t
        ("settime32", xenpf_settime32),  # @0 xenpf_settime32_t
        ("settime64", xenpf_settime64),  # @0 xenpf_settime64_t
        ("add_memtype", xenpf_add_memtype),  # @0 xenpf_add_memtype_t
        ("del_memtype", xenpf_del_memtype),  # @0 xenpf_del_memtype_t
        ("read_memtype", xenpf_read_memtype),  # @0 xenpf_read_memtype_t
        ("microcode", xenpf_microcode_update),  # @0 xenpf_microcode_update_t
        ("platform_quirk", xenpf_platform_quirk),  # @0 xenpf_platform_quirk_t
        ("efi_runtime_call", xenpf_efi_runtime_call),  # @0 xenpf_efi_runtime_call_t
        ("firmware_info", xenpf_firmware_info),  # @0 xenpf_firmware_info_t
        ("enter_acpi_sleep", xenpf_enter_acpi_sleep),  # @0 xenpf_enter_acpi_sleep_t
        ("change_freq", xenpf_change_freq),  # @0 xenpf_change_freq_t
        ("getidletime", xenpf_getidletime),  # @0 xenpf_getidletime_t
        ("set_pminfo", xenpf_set_processor_pminfo),  # @0 xenpf_set_processor_pminfo_t
        ("pcpu_info", xenpf_pcpuinfo),  # @0 xenpf_pcpuinfo_t
        ("pcpu_version", xenpf_pcpu_version),  # @0 xenpf_pcpu_version_t
        ("cpu_ol", xenpf_cpu_ol),  # @0 xenpf_cpu_ol_t
        ("cpu_add", xenpf_cpu_hotadd),  # @0 xenpf_cpu_hotadd_t
        ("mem_add", xenpf_mem_hotadd),  # @0 xenpf_mem_hotadd_t
        ("core_parking", xenpf_core_parking),  # @0 xenpf_core_parking_t
        ("resource_op", xenpf_resource_op),  # @0 xenpf_resource_op_t
        ("symdata", xenpf_symdata),  # @0 xenpf_symdata_t
        ("dom0_console", dom0_vga_console_info),  # @0 xenpf_dom0_console_t
        ("ucode_revision", xenpf_ucode_revision),  # @0 xenpf_ucode_revision_t
        ("microcode2", xenpf_microcode_update2),  # @0 xenpf_microcode_update2_t
        ("pad", arr(c_uint8, 128)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        settime: xenpf_settime64
        settime32: xenpf_settime32
        settime64: xenpf_settime64
        add_memtype: xenpf_add_memtype
        del_memtype: xenpf_del_memtype
        read_memtype: xenpf_read_memtype
        microcode: xenpf_microcode_update
        platform_quirk: xenpf_platform_quirk
        efi_runtime_call: xenpf_efi_runtime_call
        firmware_info: xenpf_firmware_info
        enter_acpi_sleep: xenpf_enter_acpi_sleep
        change_freq: xenpf_change_freq
        getidletime: xenpf_getidletime
        set_pminfo: xenpf_set_processor_pminfo
        pcpu_info: xenpf_pcpuinfo
        pcpu_version: xenpf_pcpu_version
        cpu_ol: xenpf_cpu_ol
        cpu_add: xenpf_cpu_hotadd
        mem_add: xenpf_mem_hotadd
        core_parking: xenpf_core_parking
        resource_op: xenpf_resource_op
        symdata: xenpf_symdata
        dom0_console: dom0_vga_console_info
        ucode_revision: xenpf_ucode_revision
        microcode2: xenpf_microcode_update2
        pad: IntArrayField

        def __init__(
            self, settime: xenpf_settime64 = ..., settime32: xenpf_settime32 = ...,
            settime64: xenpf_settime64 = ..., add_memtype: xenpf_add_memtype = ...,
            del_memtype: xenpf_del_memtype = ..., read_memtype: xenpf_read_memtype = ...,
            microcode: xenpf_microcode_update = ..., platform_quirk: xenpf_platform_quirk = ...,
            efi_runtime_call: xenpf_efi_runtime_call = ...,
            firmware_info: xenpf_firmware_info = ...,
            enter_acpi_sleep: xenpf_enter_acpi_sleep = ..., change_freq: xenpf_change_freq = ...,
            getidletime: xenpf_getidletime = ..., set_pminfo: xenpf_set_processor_pminfo = ...,
            pcpu_info: xenpf_pcpuinfo = ..., pcpu_version: xenpf_pcpu_version = ...,
            cpu_ol: xenpf_cpu_ol = ..., cpu_add: xenpf_cpu_hotadd = ...,
            mem_add: xenpf_mem_hotadd = ..., core_parking: xenpf_core_parking = ...,
            resource_op: xenpf_resource_op = ..., symdata: xenpf_symdata = ...,
            dom0_console: dom0_vga_console_info = ..., ucode_revision: xenpf_ucode_revision = ...,
            microcode2: xenpf_microcode_update2 = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_platform_op(Struct):
    """A platform operation, selected by cmd.

    struct xen_platform_op; 136 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("interface_version", c_uint32),  # @4 uint32_t: XENPF_INTERFACE_VERSION
        ("u", xen_platform_op_u),  # @8 union
    )

    if TYPE_CHECKING:
        cmd: int
        interface_version: int
        u: xen_platform_op_u

        def __init__(
            self, cmd: int = ..., interface_version: int = ..., u: xen_platform_op_u = ...,
        ) -> None: ...


xenpf_settime32_t = xenpf_settime32
xenpf_settime64_t = xenpf_settime64
xenpf_settime_t = xenpf_settime64
xenpf_add_memtype_t = xenpf_add_memtype
xenpf_del_memtype_t = xenpf_del_memtype
xenpf_read_memtype_t = xenpf_read_memtype
xenpf_microcode_update_t = xenpf_microcode_update
xenpf_platform_quirk_t = xenpf_platform_quirk
xenpf_efi_runtime_call_t = xenpf_efi_runtime_call
xenpf_firmware_info_t = xenpf_firmware_info
xenpf_enter_acpi_sleep_t = xenpf_enter_acpi_sleep
xenpf_change_freq_t = xenpf_change_freq
xenpf_getidletime_t = xenpf_getidletime
xen_processor_csd_t = xen_processor_csd
xen_processor_cx_t = xen_processor_cx
xen_processor_px_t = xen_processor_px
xen_processor_performance_t = xen_processor_performance
xen_processor_cppc_t = xen_processor_cppc
xenpf_set_processor_pminfo_t = xenpf_set_processor_pminfo
xenpf_pcpuinfo_t = xenpf_pcpuinfo
xenpf_pcpu_version_t = xenpf_pcpu_version
xenpf_cpu_ol_t = xenpf_cpu_ol
xenpf_cpu_hotadd_t = xenpf_cpu_hotadd
xenpf_mem_hotadd_t = xenpf_mem_hotadd
xenpf_core_parking_t = xenpf_core_parking
xenpf_resource_entry_t = xenpf_resource_entry
xenpf_resource_op_t = xenpf_resource_op
xenpf_symdata_t = xenpf_symdata
xenpf_dom0_console_t = dom0_vga_console_info
xenpf_ucode_revision_t = xenpf_ucode_revision
xenpf_microcode_update2_t = xenpf_microcode_update2
xen_platform_op_t = xen_platform_op
