# GENERATED from abi/hvm/hvm_info_table.json (hvm/hvm_info_table.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""hvm/hvm_info_table.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint32

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

HVM_INFO_PFN = 159
HVM_INFO_OFFSET = 0x800
HVM_INFO_PADDR = 0x9f800
HVM_MAX_VCPUS = 128


class hvm_info_table(Struct):
    """struct hvm_info_table; 48 bytes."""

    _fields_ = (
        ("signature", arr(c_char, 8)),  # @0 char
        ("length", c_uint32),  # @8 uint32_t
        ("checksum", c_uint8),  # @12 uint8_t
        ("apic_mode", c_uint8),  # @13 uint8_t
        ("nr_vcpus", c_uint32),  # @16 uint32_t
        ("low_mem_pgend", c_uint32),  # @20 uint32_t
        ("reserved_mem_pgstart", c_uint32),  # @24 uint32_t
        ("high_mem_pgend", c_uint32),  # @28 uint32_t
        ("vcpu_online", arr(c_uint8, 16)),  # @32 uint8_t
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
