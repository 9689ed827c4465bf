# GENERATED from abi/hvm/start_info.json (arch-x86/hvm/start_info.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What a PVH guest finds at boot: its modules, command line, ACPI tables and memory map.

arch-x86/hvm/start_info.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint32, c_uint64

from .._base import Struct

TYPE_CHECKING = False

XEN_HVM_START_MAGIC_VALUE = 0x336ec578  # First word of hvm_start_info

# XEN_HVM_MEMMAP_TYPE: What a range of memory is, numbered as ACPI's address range types.
XEN_HVM_MEMMAP_TYPE_RAM = 1
XEN_HVM_MEMMAP_TYPE_RESERVED = 2
XEN_HVM_MEMMAP_TYPE_ACPI = 3
XEN_HVM_MEMMAP_TYPE_NVS = 4
XEN_HVM_MEMMAP_TYPE_UNUSABLE = 5
XEN_HVM_MEMMAP_TYPE_DISABLED = 6
XEN_HVM_MEMMAP_TYPE_PMEM = 7


class hvm_start_info(Struct):
    """Start of day of a PVH guest; ebx holds its guest-physical address.

    struct hvm_start_info; 56 bytes.
    """

    _fields_ = (
        ("magic", c_uint32),  # @0 uint32_t: XEN_HVM_START_MAGIC_VALUE
        ("version", c_uint32),  # @4 uint32_t: 0 or 1; the memmap fields exist from 1
        ("flags", c_uint32),  # @8 uint32_t
        ("nr_modules", c_uint32),  # @12 uint32_t: entries at modlist_paddr
        ("modlist_paddr", c_uint64),  # @16 uint64_t: guest-physical address, bytes; 0: none
        ("cmdline_paddr", c_uint64),  # @24 uint64_t: guest-physical address, bytes; 0: none
        ("rsdp_paddr", c_uint64),  # @32 uint64_t: guest-physical address, bytes; 0: none
        ("memmap_paddr", c_uint64),  # @40 uint64_t: guest-physical address, bytes; 0: none
        ("memmap_entries", c_uint32),  # @48 uint32_t: entries at memmap_paddr; 0: no map
        ("reserved", c_uint32),  # @52 uint32_t: 0
    )
    FORMAT = "<IIIIQQQQII"
    FORMAT_FIELDS = (
        "magic", "version", "flags", "nr_modules", "modlist_paddr", "cmdline_paddr", "rsdp_paddr",
        "memmap_paddr", "memmap_entries", "reserved",
    )

    if TYPE_CHECKING:
        magic: int
        version: int
        flags: int
        nr_modules: int
        modlist_paddr: int
        cmdline_paddr: int
        rsdp_paddr: int
        memmap_paddr: int
        memmap_entries: int
        reserved: int

        def __init__(
            self, magic: int = ..., version: int = ..., flags: int = ..., nr_modules: int = ...,
            modlist_paddr: int = ..., cmdline_paddr: int = ..., rsdp_paddr: int = ...,
            memmap_paddr: int = ..., memmap_entries: int = ..., reserved: int = ...,
        ) -> None: ...


class hvm_modlist_entry(Struct):
    """One module loaded beside the kernel: an initial RAM disk, for one.

    struct hvm_modlist_entry; 32 bytes.
    """

    _fields_ = (
        ("paddr", c_uint64),  # @0 uint64_t: guest-physical address, bytes
        ("size", c_uint64),  # @8 uint64_t: bytes
        ("cmdline_paddr", c_uint64),  # @16 uint64_t: guest-physical address, bytes; 0: none
        ("reserved", c_uint64),  # @24 uint64_t: 0
    )
    FORMAT = "<QQQQ"
    FORMAT_FIELDS = ("paddr", "size", "cmdline_paddr", "reserved")

    if TYPE_CHECKING:
        paddr: int
        size: int
        cmdline_paddr: int
        reserved: int

        def __init__(
            self, paddr: int = ..., size: int = ..., cmdline_paddr: int = ..., reserved: int = ...,
        ) -> None: ...


class hvm_memmap_table_entry(Struct):
    """One range of the guest's memory map.

    struct hvm_memmap_table_entry; 24 bytes.
    """

    _fields_ = (
        ("addr", c_uint64),  # @0 uint64_t: guest-physical address, bytes
        ("size", c_uint64),  # @8 uint64_t: bytes
        ("type", c_uint32),  # @16 uint32_t
        ("reserved", c_uint32),  # @20 uint32_t: 0
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("addr", "size", "type", "reserved")

    if TYPE_CHECKING:
        addr: int
        size: int
        type: int
        reserved: int

        def __init__(
            self, addr: int = ..., size: int = ..., type: int = ..., reserved: int = ...,
        ) -> None: ...
