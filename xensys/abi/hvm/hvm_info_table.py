# GENERATED from abi/hvm/hvm_info_table.json (hvm/hvm_info_table.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Table by which the toolstack tells an HVM guest's firmware about vCPUs and memory.

hvm/hvm_info_table.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

# HVM_INFO: Where the table lies: 4 KiB frame, byte offset in it, guest-physical address.
HVM_INFO_PFN = 159
HVM_INFO_OFFSET = 0x800
HVM_INFO_PADDR = 0x9f800

HVM_MAX_VCPUS = 128  # vCPUs that fit into the table's bitmap: the most that an HVM guest can have


class hvm_info_table(Struct):
    """vCPUs and memory of an HVM guest, at a fixed place in its memory.

    struct hvm_info_table; 48 bytes.
    """

    _fields_ = (
        ("signature", arr(c_char, 8)),  # @0 char: HVM INFO
        ("length", c_uint32),  # @8 uint32_t: bytes of the table
        ("checksum", c_uint8),  # @12 uint8_t: makes the table's bytes add up to 0 modulo 256
        ("apic_mode", c_uint8),  # @13 uint8_t: 1: the firmware is to describe APICs even for one vCPU
        ("nr_vcpus", c_uint32),  # @16 uint32_t
        ("low_mem_pgend", c_uint32),  # @20 uint32_t: 4 KiB frames: end of RAM below 4 GiB
        ("reserved_mem_pgstart", c_uint32),  # @24 uint32_t: 4 KiB frame at which the range reserved up to 4 GiB starts; 0: none
        ("high_mem_pgend", c_uint32),  # @28 uint32_t: 4 KiB frames: end of RAM above 4 GiB; 0: none
        ("vcpu_online", arr(c_uint8, 16)),  # @32 uint8_t: a bit for each vCPU that is online at boot
    )

    if TYPE_CHECKING:
        signature: bytes
        length: int
        checksum: int
        apic_mode: int
        nr_vcpus: int
        low_mem_pgend: int
        reserved_mem_pgstart: int
        high_mem_pgend: int
        vcpu_online: IntArrayField

        def __init__(
            self, signature: bytes = ..., length: int = ..., checksum: int = ...,
            apic_mode: int = ..., nr_vcpus: int = ..., low_mem_pgend: int = ...,
            reserved_mem_pgstart: int = ..., high_mem_pgend: int = ...,
            vcpu_online: Sequence[int] | IntArray = ...,
        ) -> None: ...
