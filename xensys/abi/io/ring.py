# GENERATED from abi/io/ring.json (io/ring.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/ring.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_uint32

TYPE_CHECKING = False

XEN_PAGE_SHIFT = 12


RING_IDX = c_uint32
