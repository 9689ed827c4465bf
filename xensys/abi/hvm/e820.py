# GENERATED from abi/hvm/e820.json (hvm/e820.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Where an HVM guest's firmware leaves its memory map, and where memory below 4 GiB ends.

hvm/e820.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# HVM_E820: Guest-physical address of the page with the memory map, and byte offsets in it: entry
# count, entries.
HVM_E820_PAGE = 0x90000
HVM_E820_NR_OFFSET = 488
HVM_E820_OFFSET = 720

# HVM_BELOW_4G: Default end of RAM and extent of the device hole below 4 GiB, in bytes.
HVM_BELOW_4G_RAM_END = 0xf0000000
HVM_BELOW_4G_MMIO_START = 0xf0000000
HVM_BELOW_4G_MMIO_LENGTH = 268435456
