# GENERATED from abi/io/ring.json (io/ring.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Rings of requests and responses: here what is left without the macros that make their types.

io/ring.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint32

from .._base import fitting

TYPE_CHECKING = False

XEN_PAGE_SHIFT = 12  # log2 of a page in every ring protocol, 4 KiB, whatever pages the guest has


RING_IDX = c_uint32


def RD2(x: int) -> int:
    """The largest power of two up to a number of 2 bits.

    Macro __RD2; x in 0..3.
    """
    x = fitting(x, 0, 3, "__RD2(x)")
    return 0 if not x else 1 << x.bit_length() - 1


__RD2 = RD2


def RD4(x: int) -> int:
    """The largest power of two up to a number of 4 bits.

    Macro __RD4; x in 0..15.
    """
    x = fitting(x, 0, 15, "__RD4(x)")
    return 0 if not x else 1 << x.bit_length() - 1


__RD4 = RD4


def RD8(x: int) -> int:
    """The largest power of two up to a number of 8 bits.

    Macro __RD8; x in 0..255.
    """
    x = fitting(x, 0, 255, "__RD8(x)")
    return 0 if not x else 1 << x.bit_length() - 1


__RD8 = RD8


def RD16(x: int) -> int:
    """The largest power of two up to a number of 16 bits.

    Macro __RD16; x in 0..0xffff.
    """
    x = fitting(x, 0, 0xffff, "__RD16(x)")
    return 0 if not x else 1 << x.bit_length() - 1


__RD16 = RD16


def RD32(x: int) -> int:
    """The largest power of two up to a number of 32 bits: how rings are sized.

    Macro __RD32; x in 0..0x7fffffff.
    """
    x = fitting(x, 0, 0x7fffffff, "__RD32(x)")
    return 0 if not x else 1 << x.bit_length() - 1


__RD32 = RD32


def XEN_FLEX_RING_SIZE(order: int) -> int:
    """Bytes of one direction of a flex ring of 2**order pages.

    Macro XEN_FLEX_RING_SIZE; order in 0..31.
    """
    order = fitting(order, 0, 31, "XEN_FLEX_RING_SIZE(order)")
    return 1 << order + 11
