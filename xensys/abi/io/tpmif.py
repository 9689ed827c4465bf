# GENERATED from abi/io/tpmif.json (io/tpmif.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Virtual TPMs: one command at a time in a shared page; also the ring of version 1, no longer in use.

io/tpmif.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# TPMIF_STATE: Whose turn it is: the front end sets SUBMIT and CANCEL, the back end FINISH and IDLE.
TPMIF_STATE_IDLE = 0
TPMIF_STATE_SUBMIT = 1
TPMIF_STATE_FINISH = 2
TPMIF_STATE_CANCEL = 3

TPMIF_TX_RING_SIZE = 1  # Slots of version 1's ring


class tpmif_tx_request(Struct):
    """Version 1: a granted page with a packet.

    struct tpmif_tx_request; 16 bytes.
    """

    _fields_ = (
        ("addr", c_uint64),  # @0 unsigned long: machine address of the packet
        ("ref", c_uint32),  # @8 grant_ref_t: grant of its page
        ("unused", c_uint16),  # @12 uint16_t
        ("size", c_uint16),  # @14 uint16_t: bytes
    )
    FORMAT = "<QIHH"
    FORMAT_FIELDS = ("addr", "ref", "unused", "size")

    if TYPE_CHECKING:
        addr: int
        ref: int
        unused: int
        size: int

        def __init__(
            self, addr: int = ..., ref: int = ..., unused: int = ..., size: int = ...,
        ) -> None: ...


class tpmif_ring(Struct):
    """Version 1: one slot.

    struct tpmif_ring; 16 bytes.
    """

    _fields_ = (
        ("req", tpmif_tx_request),  # @0 tpmif_tx_request
    )
    FORMAT = "<QIHH"
    FORMAT_FIELDS = ("req.addr", "req.ref", "req.unused", "req.size")

    if TYPE_CHECKING:
        req: tpmif_tx_request

        def __init__(self, req: tpmif_tx_request = ...) -> None: ...


class tpmif_tx_interface(Struct):
    """Version 1: the shared page.

    struct tpmif_tx_interface; 16 bytes.
    """

    _fields_ = (
        ("ring", arr(tpmif_ring, 1)),  # @0 tpmif_ring
    )
    FORMAT = "<QIHH"
    FORMAT_FIELDS = (
        "ring[0].req.addr", "ring[0].req.ref", "ring[0].req.unused", "ring[0].req.size",
    )

    if TYPE_CHECKING:
        ring: StructArrayField[tpmif_ring]

        def __init__(self, ring: Sequence[tpmif_ring] | StructArray[tpmif_ring] = ...) -> None: ...


class tpmif_shared_page(Struct):
    """Version 2: head of the shared page; the command, then its answer, follows the grants.

    struct tpmif_shared_page; 8 bytes.
    """

    _fields_ = (
        ("length", c_uint32),  # @0 uint32_t: bytes of the command or answer
        ("state", c_uint8),  # @4 uint8_t
        ("locality", c_uint8),  # @5 uint8_t: TPM locality of this command
        ("pad", c_uint8),  # @6 uint8_t
        ("nr_extra_pages", c_uint8),  # @7 uint8_t: pages that continue this one
        ("extra_pages", arr(c_uint32, 0)),  # @8 uint32_t: their grants
    )

    if TYPE_CHECKING:
        length: int
        state: int
        locality: int
        pad: int
        nr_extra_pages: int
        extra_pages: IntArrayField

        def __init__(
            self, length: int = ..., state: int = ..., locality: int = ..., pad: int = ...,
            nr_extra_pages: int = ..., extra_pages: Sequence[int] | IntArray = ...,
        ) -> None: ...


tpmif_tx_request_t = tpmif_tx_request
TPMIF_RING_IDX = c_uint32
tpmif_ring_t = tpmif_ring
tpmif_tx_interface_t = tpmif_tx_interface
tpmif_shared_page_t = tpmif_shared_page
