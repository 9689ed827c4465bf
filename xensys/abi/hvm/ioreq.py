# GENERATED from abi/hvm/ioreq.json (hvm/ioreq.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""The pages on which Xen hands a guest's I/O accesses to its device models.

hvm/ioreq.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from .._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import StructArray, StructArrayField

# IOREQ: Direction of an access, as the guest sees it.
IOREQ_READ = 1
IOREQ_WRITE = 0

# STATE_IOREQ: Whose turn it is on a slot: nobody's, a request for the device model, at work, an
# answer for Xen.
STATE_IOREQ_NONE = 0
STATE_IOREQ_READY = 1
STATE_IOREQ_INPROCESS = 2
STATE_IORESP_READY = 3

# IOREQ_TYPE: What is accessed: a port, memory (COPY), PCI configuration; or a notice about the
# clock or map caches.
IOREQ_TYPE_PIO = 0
IOREQ_TYPE_COPY = 1
IOREQ_TYPE_PCI_CONFIG = 2
IOREQ_TYPE_TIMEOFFSET = 7
IOREQ_TYPE_INVALIDATE = 8

IOREQ_BUFFER_SLOT_NUM = 511  # Slots of the buffered ring, 8 bytes each

# ACPI_BLK: I/O ports and lengths in bytes of the ACPI blocks, for each value of
# HVM_PARAM_ACPI_IOPORTS_LOCATION.
ACPI_PM1A_EVT_BLK_ADDRESS_V0 = 0x1f40
ACPI_PM1A_CNT_BLK_ADDRESS_V0 = 0x1f44
ACPI_PM_TMR_BLK_ADDRESS_V0 = 0x1f48
ACPI_GPE0_BLK_ADDRESS_V0 = 0x1f68
ACPI_GPE0_BLK_LEN_V0 = 8
ACPI_PM1A_EVT_BLK_ADDRESS_V1 = 0xb000
ACPI_PM1A_CNT_BLK_ADDRESS_V1 = 0xb004
ACPI_PM_TMR_BLK_ADDRESS_V1 = 0xb008
ACPI_GPE0_BLK_ADDRESS_V1 = 0xafe0
ACPI_GPE0_BLK_LEN_V1 = 4
ACPI_PM1A_EVT_BLK_ADDRESS = 0x1f40
ACPI_PM1A_CNT_BLK_ADDRESS = 0x1f44
ACPI_PM_TMR_BLK_ADDRESS = 0x1f48
ACPI_GPE0_BLK_ADDRESS = 0x1f68
ACPI_GPE0_BLK_LEN = 8


class ioreq(Struct):
    """One access that waits for a device model, or its answer: a slot for each vCPU.

    struct ioreq; 32 bytes.
    """

    _fields_ = (
        ("addr", c_uint64),  # @0 uint64_t: port, guest-physical address, or segment<<48|bus<<40|device<<35|function<<32|offset
        ("data", c_uint64),  # @8 uint64_t: the value, or the guest-physical address of the values; for TIMEOFFSET seconds the clock moved
        ("count", c_uint32),  # @16 uint32_t: repetitions (rep prefix), 1 without
        ("size", c_uint32),  # @20 uint32_t: bytes of each access
        ("vp_eport", c_uint32),  # @24 uint32_t: port of the guest for this vCPU, to be bound interdomain
        ("_pad0", c_uint16),  # @28 uint16_t
        ("_bits6", c_uint8),  # @30 bit-fields
        ("type", c_uint8),  # @31 uint8_t
    )
    _bits_ = (
        ("state", "_bits6", 0, 4, False),  # bits 240..243 uint8_t: written last, after a barrier
        ("data_is_ptr", "_bits6", 4, 1, False),  # bits 244..244 uint8_t: 1: data is an address in guest memory
        ("dir", "_bits6", 5, 1, False),  # bits 245..245 uint8_t
        ("df", "_bits6", 6, 1, False),  # bits 246..246 uint8_t: direction flag: 1 if repetitions go down in memory
        ("_pad1", "_bits6", 7, 1, False),  # bits 247..247 uint8_t
    )

    if TYPE_CHECKING:
        addr: int
        data: int
        count: int
        size: int
        vp_eport: int
        _pad0: int
        type: int
        state: int
        data_is_ptr: int
        dir: int
        df: int
        _pad1: int

        def __init__(
            self, *, addr: int = ..., data: int = ..., count: int = ..., size: int = ...,
            vp_eport: int = ..., _pad0: int = ..., type: int = ..., state: int = ...,
            data_is_ptr: int = ..., dir: int = ..., df: int = ..., _pad1: int = ...,
        ) -> None: ...


class shared_iopage(Struct):
    """Synchronous page: as many ioreqs as the guest has vCPUs, the first of them declared.

    struct shared_iopage; 32 bytes.
    """

    _fields_ = (
        ("vcpu_ioreq", arr(ioreq, 1)),  # @0 ioreq
    )

    if TYPE_CHECKING:
        vcpu_ioreq: StructArrayField[ioreq]

        def __init__(self, vcpu_ioreq: Sequence[ioreq] | StructArray[ioreq] = ...) -> None: ...


class buf_ioreq(Struct):
    """One write in the buffered ring, which the guest does not wait for.

    struct buf_ioreq; 8 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("_bits1", arr(c_uint8, 3)),  # @1 bit-fields
        ("data", c_uint32),  # @4 uint32_t: the value; its upper half in the data of the next slot
    )
    _bits_ = (
        ("pad", "_bits1", 0, 1, False),  # bits 8..8 uint8_t
        ("dir", "_bits1", 1, 1, False),  # bits 9..9 uint8_t
        ("size", "_bits1", 2, 2, False),  # bits 10..11 uint8_t: log2 of the bytes; 8-byte accesses take two slots
        ("addr", "_bits1", 4, 20, False),  # bits 12..31 uint32_t: port or guest-physical address, below 1 MiB
    )

    if TYPE_CHECKING:
        type: int
        data: int
        pad: int
        dir: int
        size: int
        addr: int

        def __init__(
            self, *, type: int = ..., data: int = ..., pad: int = ..., dir: int = ...,
            size: int = ..., addr: int = ...,
        ) -> None: ...


if TYPE_CHECKING:
    _type_buf_ioreq = buf_ioreq


class buffered_iopage(Struct):
    """Ring of writes that need no answer: two counters, 511 slots.

    struct buffered_iopage; 4096 bytes.
    """

    _fields_ = (
        ("read_pointer", c_uint32),  # @0 uint32_t: slots read so far; the slot is the rest by 511 (ATOMIC: Xen takes multiples of 511 off both)
        ("write_pointer", c_uint32),  # @4 uint32_t: slots written so far, by Xen
        ("buf_ioreq", arr(buf_ioreq, 511)),  # @8 buf_ioreq_t
    )

    if TYPE_CHECKING:
        read_pointer: int
        write_pointer: int
        buf_ioreq: StructArrayField[_type_buf_ioreq]

        def __init__(
            self, read_pointer: int = ..., write_pointer: int = ...,
            buf_ioreq: Sequence[_type_buf_ioreq] | StructArray[_type_buf_ioreq] = ...,
        ) -> None: ...


ioreq_t = ioreq
shared_iopage_t = shared_iopage
buf_ioreq_t = buf_ioreq
buffered_iopage_t = buffered_iopage
