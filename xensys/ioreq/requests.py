"""The pages on which Xen hands a guest's accesses to its device model.

Layouts and states are those of xen/include/public/hvm/ioreq.h. The state of a
synchronous request is one byte, so that a single store changes it; `fence`
keeps it from being seen before what it announces (see `xensys.memory.rings`).

The buffered ring's pointers count slots, and wrap at 2**32, which is no
multiple of its 511 slots: at that moment (2**32 writes) slots are passed over,
and if then more than 31 are unread, some are lost. Xen's other way
(HVM_IOREQSRV_BUFIOREQ_ATOMIC) takes whole turns off both pointers while we may
be moving ours, which takes an atomic addition; Python has none.

Lowest layer of this package: no I/O.
"""

from __future__ import annotations

from errno import EPROTO
from struct import Struct

from xensys._packing import check
from xensys.abi.hvm import ioreq as abi
from xensys.errors import XenError, error_from
from xensys.hypercalls._records import Record
from xensys.memory.rings import fence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Page(Protocol):
        """Mapped memory: slices copy, an item is one byte."""

        def __getitem__(self, key: slice, /) -> bytes: ...

        def __setitem__(self, key: slice, value: bytes, /) -> None: ...


#: sizeof(ioreq_t).
SIZE = 32
_REQUEST = Struct("<QQIIIHBB")
_DATA = Struct("<Q")
_STATE_AT = 30
_STATE = 0x0F
_IS_POINTER, _READS, _BACKWARDS = 0x10, 0x20, 0x40
_POINTERS = Struct("<II")
_POINTER = Struct("<I")
_ENTRY = Struct("<II")
_SLOTS = abi.IOREQ_BUFFER_SLOT_NUM
_MASK = 0xFFFF_FFFF
#: What a guest reads where nothing is.
NOTHING = 0xFFFF_FFFF_FFFF_FFFF


class Ioreq(Record):
    """An access that a vCPU waits for.

    Attributes:
        vcpu: which one.
        kind: IOREQ_TYPE_PIO 0, a port; _COPY 1, memory; _PCI_CONFIG 2; _TIMEOFFSET 7,
            the guest has moved its clock by `data` seconds; _INVALIDATE 8, mappings of
            its memory are stale. Perhaps others with later releases: answer them, too.
        address: port or guest-physical address; for PCI segment << 48 | bus << 40 |
            device << 35 | function << 32 | offset.
        size: bytes of each access: 1, 2, 4 or 8.
        count: how many (rep prefix).
        reads: whether the guest reads, and gets the answer's data.
        data: what it writes; with `data_is_pointer` where in its memory the values are.
        data_is_pointer: see `data`: not to be trusted more than any address of a guest's.
        backwards: whether repeated accesses go down in memory.
    """

    __slots__ = (
        "address",
        "backwards",
        "count",
        "data",
        "data_is_pointer",
        "kind",
        "reads",
        "size",
        "vcpu",
    )

    vcpu: int
    kind: int
    address: int
    size: int
    count: int
    reads: bool
    data: int
    data_is_pointer: bool
    backwards: bool


class BufferedIoreq(Record):
    """A write that the guest does not wait for.

    Attributes:
        kind, address, size, data: as `Ioreq` has them; addresses are below 1 MiB.
        reads: never True with Xen as it is.
    """

    __slots__ = ("address", "data", "kind", "reads", "size")

    kind: int
    address: int
    size: int
    data: int
    reads: bool


def sbdf(segment: int, bus: int, device: int, function: int) -> int:
    """A PCI function in one number, as ranges of ioreq servers and PCIDEV_GET_GSI have it."""
    check(segment, "sbdf", "segment", 0, 0xFFFF)
    check(bus, "sbdf", "bus", 0, 0xFF)
    check(device, "sbdf", "device", 0, 0x1F)
    check(function, "sbdf", "function", 0, 7)
    return segment << 16 | bus << 8 | device << 3 | function


def state_of(page: Page, vcpu: int) -> int:
    """Whose turn it is on a vCPU's slot: STATE_IOREQ_*."""
    at = vcpu * SIZE + _STATE_AT
    return page[at : at + 1][0] & _STATE


def port_of(page: Page, vcpu: int) -> int:
    """The port of a vCPU, in the guest's numbering; 0 before the server is enabled."""
    raw = page[vcpu * SIZE : (vcpu + 1) * SIZE]
    port: int = _REQUEST.unpack(raw)[4]
    return port


def take(page: Page, vcpu: int) -> Ioreq | None:
    """Take a vCPU's request, if there is one: READY becomes INPROCESS.

    Raises:
        XenError: EPROTO, what is there Xen does not write. Of a request that is
            none the state is INPROCESS too, for it to be answered; any other is left as it is.
    """
    state = state_of(page, vcpu)
    if state != abi.STATE_IOREQ_READY:
        if state > abi.STATE_IORESP_READY:
            raise _malformed(vcpu, "state", state)
        return None
    fence()  # the state before what it announces
    raw = page[vcpu * SIZE : (vcpu + 1) * SIZE]
    _set_state(page, vcpu, raw[_STATE_AT], abi.STATE_IOREQ_INPROCESS)
    address, data, count, size, _, _, flags, kind = _REQUEST.unpack(raw)
    if size not in (1, 2, 4, 8):
        raise _malformed(vcpu, "size", size)
    if not count and kind != abi.IOREQ_TYPE_INVALIDATE:
        raise _malformed(vcpu, "count", count)
    return Ioreq(
        address,
        bool(flags & _BACKWARDS),
        count,
        data,
        bool(flags & _IS_POINTER),
        kind,
        bool(flags & _READS),
        size,
        vcpu,
    )


def answer(page: Page, vcpu: int, data: int) -> None:
    """Answer a request that was taken: INPROCESS becomes RESP_READY.

    Raises:
        OverflowError: `data` does not fit in 64 bits.
        ValueError: none was taken, or it has been answered.
    """
    check(data, "ioreq", "data", 0, NOTHING)
    at = vcpu * SIZE
    raw = page[at : at + SIZE]
    if raw[_STATE_AT] & _STATE != abi.STATE_IOREQ_INPROCESS:
        raise ValueError(f"vCPU {vcpu} waits for no answer")
    page[at + 8 : at + 16] = _DATA.pack(data)
    fence()  # the data before the state
    _set_state(page, vcpu, raw[_STATE_AT], abi.STATE_IORESP_READY)


def give_up(page: Page, vcpu: int) -> bool:
    """Answer whatever a vCPU waits for with all ones; False if it waits for nothing any more."""
    at = vcpu * SIZE
    old = page[at + _STATE_AT : at + _STATE_AT + 1][0]
    state = old & _STATE
    if state in (abi.STATE_IOREQ_READY, abi.STATE_IOREQ_INPROCESS):
        page[at + 8 : at + 16] = _DATA.pack(NOTHING)
        fence()  # as in `answer`
        _set_state(page, vcpu, old, abi.STATE_IORESP_READY)
    elif state > abi.STATE_IORESP_READY:
        # None of Xen's; to a vCPU that does wait this is all ones, too.
        _set_state(page, vcpu, old, abi.STATE_IOREQ_NONE)
        return False
    return state != abi.STATE_IOREQ_NONE


def _set_state(page: Page, vcpu: int, old: int, state: int) -> None:
    at = vcpu * SIZE + _STATE_AT
    page[at : at + 1] = bytes((old & ~_STATE | state,))


def drain(page: Page) -> list[BufferedIoreq]:
    """Take all there is in the buffered ring.

    Raises:
        XenError: EPROTO, pointers or a request that Xen does not write. The ring is
            empty then; what was in it is lost.
    """
    read, write = _POINTERS.unpack(page[0:8])
    count = write - read & _MASK
    if count > _SLOTS:
        _release(page, write)
        raise _malformed(None, "write_pointer - read_pointer", count)
    fence()  # the pointer before the slots
    taken: list[BufferedIoreq] = []
    while count:
        head, data = _entry(page, read)
        read, count = read + 1 & _MASK, count - 1
        size = 1 << (head >> 10 & 3)
        if size == 8:
            if not count:
                _release(page, write)
                raise _malformed(None, "slots of an 8-byte access", 1)
            data |= _entry(page, read)[1] << 32
            read, count = read + 1 & _MASK, count - 1
        taken.append(BufferedIoreq(head >> 12, data, head & 0xFF, bool(head >> 9 & 1), size))
    if taken:
        _release(page, read)
    return taken


def _entry(page: Page, position: int) -> tuple[int, int]:
    at = _POINTERS.size + position % _SLOTS * _ENTRY.size
    head, data = _ENTRY.unpack(page[at : at + _ENTRY.size])
    return head, data


def _release(page: Page, read: int) -> None:
    fence()  # the slots are read before Xen may fill them again
    page[0:4] = _POINTER.pack(read)


def _malformed(vcpu: int | None, field: str, value: int) -> XenError:
    where: dict[str, object] = {} if vcpu is None else {"vcpu": vcpu}
    return error_from(
        EPROTO,
        call="ioreq page" if vcpu is not None else "buffered ioreq page",
        arguments={**where, field: value},
        hint="Xen writes nothing like it: somebody else writes to this page",
    )
