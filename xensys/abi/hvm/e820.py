# GENERATED from abi/hvm/e820.json (hvm/e820.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""hvm/e820.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

HVM_E820_PAGE = 0x90000
HVM_E820_NR_OFFSET = 488
HVM_E820_OFFSET = 720
HVM_BELOW_4G_RAM_END = 0xf0000000
HVM_BELOW_4G_MMIO_START = 0xf0000000
HVM_BELOW_4G_MMIO_LENGTH = 268435456
