# GENERATED from abi/kexec.json (kexec.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Loading another kernel, and jumping to it at reboot or crash (HYPERVISOR_kexec_op).

kexec.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import HANDLE, Struct, Union

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base import HandleField, XenMemory

KEXEC_XEN_NO_PAGES = 17  # Pages in the list of the first interface's image; x86_64 only

# KEXEC_TYPE: What an image is for: reboot, or crash.
KEXEC_TYPE_DEFAULT = 0
KEXEC_TYPE_CRASH = 1

# KEXEC_CMD: Sub-operations of HYPERVISOR_kexec_op.
KEXEC_CMD_kexec = 0
KEXEC_CMD_kexec_load_v1 = 1
KEXEC_CMD_kexec_unload_v1 = 2

# KEXEC_RANGE: Areas of machine memory; x86's Xen knows CRASH, XEN, CPU and VMCOREINFO, others give
# EINVAL.
KEXEC_RANGE_MA_CRASH = 0
KEXEC_RANGE_MA_XEN = 1
KEXEC_RANGE_MA_CPU = 2
KEXEC_RANGE_MA_XENHEAP = 3
KEXEC_RANGE_MA_BOOT_PARAM = 4
KEXEC_RANGE_MA_EFI_MEMMAP = 5
KEXEC_RANGE_MA_VMCOREINFO = 6

# KEXEC_CMD, more
KEXEC_CMD_kexec_get_range = 3
KEXEC_CMD_kexec_load = 4
KEXEC_CMD_kexec_unload = 5
KEXEC_CMD_kexec_status = 6


class xen_kexec_exec(Struct):
    """Leaves Xen and starts a loaded image.

    struct xen_kexec_exec; 4 bytes.
    """

    _fields_ = (
        ("type", c_int32),  # @0 int
    )
    FORMAT = "<i"
    FORMAT_FIELDS = ("type",)

    if TYPE_CHECKING:
        type: int

        def __init__(self, type: int = ...) -> None: ...


class xen_kexec_range(Struct):
    """Asks for an area of machine memory that a crash kernel has to know.

    struct xen_kexec_range; 24 bytes.
    """

    _fields_ = (
        ("range", c_int32),  # @0 int
        ("nr", c_int32),  # @4 int: CPU, for KEXEC_RANGE_MA_CPU
        ("size", c_uint64),  # @8 unsigned long: bytes
        ("start", c_uint64),  # @16 unsigned long: machine address, bytes
    )
    FORMAT = "<iiQQ"
    FORMAT_FIELDS = ("range", "nr", "size", "start")

    if TYPE_CHECKING:
        range: int
        nr: int
        size: int
        start: int

        def __init__(
            self, range: int = ..., nr: int = ..., size: int = ..., start: int = ...,
        ) -> None: ...


class xen_kexec_segment_buf(Union):
    """union xen_kexec_segment_buf; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(const_void): NULL: nothing is copied, the range is only mapped for the image
        ("_pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        _pad: int

        def __init__(self, h: XenMemory | None = ..., _pad: int = ...) -> None: ...


class xen_kexec_segment(Struct):
    """One piece of an image and its destination; what its source does not fill is zeroed.

    struct xen_kexec_segment; 32 bytes.
    """

    _fields_ = (
        ("buf", xen_kexec_segment_buf),  # @0 union
        ("buf_size", c_uint64),  # @8 uint64_t: bytes of the source
        ("dest_maddr", c_uint64),  # @16 uint64_t: machine address, bytes
        ("dest_size", c_uint64),  # @24 uint64_t: bytes at the destination
    )

    if TYPE_CHECKING:
        buf: xen_kexec_segment_buf
        buf_size: int
        dest_maddr: int
        dest_size: int

        def __init__(
            self, buf: xen_kexec_segment_buf = ..., buf_size: int = ..., dest_maddr: int = ...,
            dest_size: int = ...,
        ) -> None: ...


class xen_kexec_load_segments(Union):
    """union xen_kexec_load_segments; 8 bytes."""

    _fields_ = (
        ("h", HANDLE),  # @0 XEN_GUEST_HANDLE(xen_kexec_segment_t)
        ("_pad", c_uint64),  # @0 uint64_t
    )

    if TYPE_CHECKING:
        h: HandleField
        _pad: int

        def __init__(self, h: XenMemory | None = ..., _pad: int = ...) -> None: ...


class xen_kexec_load(Struct):
    """Loads an image from segments.

    struct xen_kexec_load; 24 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("_pad", c_uint8),  # @1 uint8_t
        ("arch", c_uint16),  # @2 uint16_t: ELF machine: EM_386 (3) or EM_X86_64 (62)
        ("nr_segments", c_uint32),  # @4 uint32_t: at most 15
        ("segments", xen_kexec_load_segments),  # @8 union
        ("entry_maddr", c_uint64),  # @16 uint64_t: machine address of the entry point
    )

    if TYPE_CHECKING:
        type: int
        _pad: int
        arch: int
        nr_segments: int
        segments: xen_kexec_load_segments
        entry_maddr: int

        def __init__(
            self, type: int = ..., _pad: int = ..., arch: int = ..., nr_segments: int = ...,
            segments: xen_kexec_load_segments = ..., entry_maddr: int = ...,
        ) -> None: ...


class xen_kexec_unload(Struct):
    """Drops a loaded image.

    struct xen_kexec_unload; 1 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("type",)

    if TYPE_CHECKING:
        type: int

        def __init__(self, type: int = ...) -> None: ...


class xen_kexec_status(Struct):
    """Asks whether an image is loaded: the result is 1 or 0.

    struct xen_kexec_status; 1 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("type",)

    if TYPE_CHECKING:
        type: int

        def __init__(self, type: int = ...) -> None: ...


xen_kexec_exec_t = xen_kexec_exec
xen_kexec_range_t = xen_kexec_range
xen_kexec_segment_t = xen_kexec_segment
xen_kexec_load_t = xen_kexec_load
xen_kexec_unload_t = xen_kexec_unload
xen_kexec_status_t = xen_kexec_status

__all__ = [
    "KEXEC_RANGE_MA_BOOT_PARAM", "KEXEC_RANGE_MA_CPU", "KEXEC_RANGE_MA_CRASH",
    "KEXEC_RANGE_MA_EFI_MEMMAP", "KEXEC_RANGE_MA_VMCOREINFO", "KEXEC_RANGE_MA_XEN",
    "KEXEC_RANGE_MA_XENHEAP", "KEXEC_TYPE_CRASH", "KEXEC_TYPE_DEFAULT", "KEXEC_XEN_NO_PAGES",
    "KEXEC_CMD_kexec", "KEXEC_CMD_kexec_get_range", "KEXEC_CMD_kexec_load",
    "KEXEC_CMD_kexec_load_v1", "KEXEC_CMD_kexec_status", "KEXEC_CMD_kexec_unload",
    "KEXEC_CMD_kexec_unload_v1", "xen_kexec_exec", "xen_kexec_exec_t", "xen_kexec_load",
    "xen_kexec_load_segments", "xen_kexec_load_t", "xen_kexec_range", "xen_kexec_range_t",
    "xen_kexec_segment", "xen_kexec_segment_buf", "xen_kexec_segment_t", "xen_kexec_status",
    "xen_kexec_status_t", "xen_kexec_unload", "xen_kexec_unload_t",
]
