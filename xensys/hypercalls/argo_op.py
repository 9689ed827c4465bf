"""argo_op: messages between domains, which Xen copies into the receiver's ring (since Xen 4.12).

Sending needs nothing but the address; so does asking about room. To receive, a
domain gives Xen pages as a ring (`ArgoOp.register_ring`) and reads it with
`ArgoRing`; VIRQ_ARGO tells of messages and of room.

Names are those of xen/include/public/argo.h, less XEN_ARGO_OP_; rests on
xen/common/argo.c. A Xen built without CONFIG_ARGO, as distributions' are, raises
NotSupportedError (ENOSYS), and one that was not booted with argo=1, too
(EOPNOTSUPP). XenError (ENODEV) is for a domain that was made without argo.
"""

from __future__ import annotations

from errno import EPROTO
from struct import Struct

from xensys._lifetime import OneOfAKind
from xensys._packing import check
from xensys.abi import argo as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import ARGO_OP, Caller
from xensys.hypercalls._records import Record
from xensys.memory.rings import RingError, bytes_of, fence, words_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

    from _typeshed import ReadableBuffer

    from xensys.memory.buffers import Buffer
    from xensys.memory.rings import Memory

_REGISTER = Packer(abi.xen_argo_register_ring)
_UNREGISTER = Packer(abi.xen_argo_unregister_ring)
_SEND = Packer(abi.xen_argo_send_addr)
_IOV = Packer(abi.xen_argo_iov)
_ENTRY = Packer(abi.xen_argo_ring_data_ent)
_DATA = Struct("<II")
_HEADER = Struct("<IIHHI")
_FRAME = Struct("<Q")
_PAGE = 4096
_SLOT = abi.XEN_ARGO_MSG_SLOT_SIZE
#: The indexes, before the messages.
_HEAD = 64

#: In place of a partner: any domain; needs argo=1,mac-permissive=1 on Xen's command line.
DOMID_ANY = abi.XEN_ARGO_DOMID_ANY


class RingData(Record):
    """What Xen says of a ring of another domain's.

    Attributes:
        exists: whether we may send to it; all else is about one that does.
        shared: whether others may, too.
        empty: whether all is read.
        sufficient: whether there is the room that was asked for. If not, Xen
            signals VIRQ_ARGO when there is, unless one of these two holds.
        too_long: so much would never fit.
        busy: too many wait for room already.
        max_message_size: bytes that fit when it is empty.
    """

    __slots__ = ("busy", "empty", "exists", "max_message_size", "shared", "sufficient", "too_long")

    busy: bool
    empty: bool
    exists: bool
    max_message_size: int
    shared: bool
    sufficient: bool
    too_long: bool

    def __init__(self, flags: int, max_message_size: int) -> None:
        exists = bool(flags & abi.XEN_ARGO_RING_EXISTS)
        super().__init__(
            bool(flags & abi.XEN_ARGO_RING_EBUSY),
            bool(flags & abi.XEN_ARGO_RING_EMPTY),
            exists,
            # Xen leaves there what was there.
            max_message_size if exists else 0,
            bool(flags & abi.XEN_ARGO_RING_SHARED),
            bool(flags & abi.XEN_ARGO_RING_SUFFICIENT),
            bool(flags & abi.XEN_ARGO_RING_EMSGSIZE),
        )


def ring_pages(length: int) -> int:
    """How many 4 KiB pages a ring takes that has `length` bytes for messages."""
    return -(-(length + _HEAD) // _PAGE)


class ArgoOp:
    """The argo_op hypercall; `xen.argo_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def register_ring(
        self,
        port: int,
        partner: int,
        frames: Sequence[int],
        length: int,
        *,
        fail_exist: bool = False,
        hazardous: bool = False,
    ) -> None:
        """Give Xen pages of ours as a ring for messages (XEN_ARGO_OP_register_ring).

        Xen writes there until the ring is unregistered: the pages must be ours, and
        stay where they are, for so long. Linux tells nobody but root the frames of
        its memory (/proc/self/pagemap), and as Xen knows them only where the domain
        is translated (HVM, PVH, arm): memory from `buffers` stays in place there. A
        PV kernel keeps its machine frames to itself.

        Args:
            port: a number of our own choosing.
            partner: the domid that may send to it; DOMID_ANY for all.
            frames: `ring_pages(length)` 4 KiB frames, in order.
            length: bytes for messages, a multiple of 16 in 48..2**24.
            fail_exist: refuse if there is such a ring; else it gets these pages, and
                goes on from the indexes in them.
            hazardous: must be True: see above.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            NoSuchDomainError: ESRCH, no such partner.
            XenPermissionError: EPERM, DOMID_ANY without mac-permissive, or a policy that
                keeps the partner apart (XSM's SILO: guests from each other).
            XenError: EINVAL, a length that is none, not as many frames, or one that
                is no ordinary memory of ours; EEXIST, with fail_exist, or another
                length; ENOSPC, 128 rings; ECONNREFUSED, the partner has no argo;
                EAGAIN, the frames are logged for migration, or paged out; ENOMEM.
        EINTR: reported.
        """
        flags = abi.XEN_ARGO_REGISTER_FLAG_FAIL_EXIST if fail_exist else 0
        buffers = self._caller.buffers
        taken = [buffers.take(_REGISTER.size)]
        try:
            reg = taken[0]
            _REGISTER.pack_into(reg.memory, reg.offset, port, partner, 0, length)
            table = buffers.take(max(len(frames), 1) * _FRAME.size)
            taken.append(table)
            for at, frame in enumerate(frames):
                check(frame, "argo_op", f"frames[{at}]", 0, (1 << 64) - 1)
                _FRAME.pack_into(table.memory, table.offset + at * _FRAME.size, frame)
            self._caller.call(
                ARGO_OP,
                "XEN_ARGO_OP_register_ring",
                abi.XEN_ARGO_OP_register_ring,
                reg.address,
                table.address,
                len(frames),
                flags,
                hazardous=hazardous,
                domid=partner,
                arguments={"port": port, "nframes": len(frames), "nbytes": length},
            )
        finally:
            for slot in taken:
                buffers.give(slot)

    def unregister_ring(self, port: int, partner: int, *, hazardous: bool = False) -> None:
        """Take a ring's pages back from Xen (XEN_ARGO_OP_unregister_ring).

        Args:
            port, partner: as registered.
            hazardous: must be True: the ring may be the kernel's.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such ring.
            NotSupportedError: see above.
        EINTR: reported.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_UNREGISTER.size)
        try:
            _UNREGISTER.pack_into(slot.memory, slot.offset, port, partner, 0)
            self._caller.call(
                ARGO_OP,
                "XEN_ARGO_OP_unregister_ring",
                abi.XEN_ARGO_OP_unregister_ring,
                slot.address,
                hazardous=hazardous,
                domid=partner,
                arguments={"port": port},
            )
        finally:
            buffers.give(slot)

    def sendv(
        self,
        domid: int,
        port: int,
        pieces: Sequence[ReadableBuffer],
        *,
        source_port: int = 0,
        message_type: int = 0,
    ) -> int:
        """Send one message, put together from pieces (XEN_ARGO_OP_sendv).

        Args:
            domid, port: whose ring, and which. Xen takes one that is for us alone
                before one that is for all.
            pieces: up to 8, copied; none for an empty message.
            source_port: told to the receiver; nobody checks it.
            message_type: 32 bits, told to the receiver.
        Returns:
            Bytes sent: all of them.
        Raises:
            NotSupportedError: see above.
            NoSuchDomainError: ESRCH.
            XenError: ECONNREFUSED, no such ring for us; EAGAIN, no room now, and
                VIRQ_ARGO tells when there is; EBUSY, no room, and too many wait;
                EMSGSIZE, it would never fit; EINVAL, more than 8 pieces, or one of
                16 MiB; ENOMEM.
        EINTR: reported; a message must not be sent twice.
        """
        parts = [memoryview(piece).tobytes() for piece in pieces]
        # Of an empty piece Xen complains in its log, whoever may read that.
        parts = [part for part in parts if part]
        buffers = self._caller.buffers
        taken = [buffers.take(_SEND.size)]
        try:
            address = taken[0]
            _SEND.pack_into(address.memory, address.offset, source_port, DOMID_ANY, 0, port, domid, 0)
            check(message_type, "argo_op", "message_type", 0, 0xFFFF_FFFF)
            iovs = buffers.take(max(len(parts), 1) * _IOV.size)
            taken.append(iovs)
            for at, part in enumerate(parts):
                source = buffers.take(len(part))
                taken.append(source)
                source.memory[source.offset : source.offset + len(part)] = part
                _IOV.pack_into(iovs.memory, iovs.offset + at * _IOV.size, source.address, len(part), 0)
            return self._caller.call(
                ARGO_OP,
                "XEN_ARGO_OP_sendv",
                abi.XEN_ARGO_OP_sendv,
                address.address,
                iovs.address,
                len(parts),
                message_type,
                domid=domid,
                arguments={"port": port, "nbytes": sum(map(len, parts))},
            )
        finally:
            for slot in taken:
                buffers.give(slot)

    def notify(self, rings: Sequence[tuple[int, int, int]] = ()) -> list[RingData]:
        """Ask about rings' room, and wake who waits for room in ours (XEN_ARGO_OP_notify).

        Args:
            rings: (domid, port, bytes wanted) of each, up to 256. Where there is not
                so much room, Xen signals VIRQ_ARGO when there is.
        Returns:
            What is known of each, in that order.
        Raises:
            NotSupportedError: see above.
            XenPermissionError: EACCES, more than 256.
            XenError: ENOMEM.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_DATA.size + len(rings) * _ENTRY.size)
        try:
            start = slot.offset + _DATA.size
            _DATA.pack_into(slot.memory, slot.offset, len(rings), 0)
            for at, (domid, port, wanted) in enumerate(rings):
                _ENTRY.pack_into(slot.memory, start + at * _ENTRY.size, port, domid, 0, 0, 0, wanted, 0)
            self._caller.call(
                ARGO_OP,
                "XEN_ARGO_OP_notify",
                abi.XEN_ARGO_OP_notify,
                slot.address if rings else 0,
                repeatable=True,
                arguments={"nrings": len(rings)},
            )
            found: list[RingData] = []
            for at in range(len(rings)):
                entry = _ENTRY.unpack_from(slot.memory, start + at * _ENTRY.size)
                found.append(RingData(entry[3], entry[6]))
            return found
        finally:
            buffers.give(slot)


class ArgoMessage(Record):
    """A message as it came.

    Attributes:
        domid: who sent it, as Xen says.
        port: what the sender says is its port.
        message_type: as the sender gave it.
        data: bytes.
    """

    __slots__ = ("data", "domid", "message_type", "port")

    domid: int
    port: int
    message_type: int
    data: bytes

    def __init__(self, domid: int, port: int, message_type: int, data: bytes) -> None:
        super().__init__(data, domid, message_type, port)


class ArgoRing(OneOfAKind):
    """The receiver's end of a ring: reads what Xen has put there.

    It is Xen that writes, but in memory that we share with it: what is read is
    copied once, and judged before it is used. For one thread at a time.
    """

    __slots__ = ("_length", "_memory", "_rx", "_words", "dead")

    def __init__(self, memory: Memory | Buffer, length: int) -> None:
        """Begin where the ring's rx_ptr is.

        Args:
            memory: the ring, writable; its first byte is that of its first frame.
            length: bytes for messages, as registered.
        Raises:
            ValueError: a length that is none, or memory too small for it.
            RingError: EPROTO, an rx_ptr that cannot be.
        """
        if length % _SLOT or not 3 * _SLOT <= length <= abi.XEN_ARGO_MAX_RING_SIZE:
            raise ValueError(f"length: {length}")
        whole = bytes_of(memory)  # type: ignore[arg-type]  # a buffer has view(), as a mapping has
        if len(whole) < _HEAD + length:
            raise ValueError(f"memory: {_HEAD + length} bytes are needed, not {len(whole)}")
        self._memory = whole
        self._length = length
        self._words = words_of(whole, 8)
        #: Whether its indexes or messages made no sense: it must be registered anew.
        self.dead = False
        self._rx = self._words[0]
        if self._rx % _SLOT or self._rx >= length:
            self._die(f"rx_ptr {self._rx} in a ring of {length} bytes")

    def receive(self) -> ArgoMessage | None:
        """The next message, or None: wait for VIRQ_ARGO.

        Its room is free again at once; who waits for that is told by
        `ArgoOp.notify`, so call that when you have read.

        Raises:
            RingError: EPROTO, indexes or a message that cannot be. The ring is dead.
        """
        if self.dead:
            raise RingError(EPROTO, "this ring is dead", call="ArgoRing.receive")
        length, rx = self._length, self._rx
        tx = self._words[1]
        if tx % _SLOT or tx >= length:
            self._die(f"tx_ptr {tx} in a ring of {length} bytes")
        filled = (tx - rx) % length
        if not filled:
            return None
        # What is in the ring was written before tx_ptr was.
        fence()
        size, port, domid, _, kind = _HEADER.unpack(self._copy(rx, _HEADER.size))
        taken = -(-size // _SLOT) * _SLOT
        if size < _HEADER.size or taken > filled:
            self._die(f"a message of {size} bytes, and {filled} are there")
        data = self._copy((rx + _HEADER.size) % length, size - _HEADER.size)
        # All is copied before Xen may write there again.
        fence()
        self._rx = self._words[0] = (rx + taken) % length
        return ArgoMessage(domid, port, kind, data)

    def __iter__(self) -> Iterator[ArgoMessage]:
        """The messages that are there; never more than the ring holds at a time."""
        for _ in range(self._length // _SLOT):
            message = self.receive()
            if message is None:
                return
            yield message

    def close(self) -> None:
        """Let go of the memory; a second call does nothing. Unregister the ring first."""
        self.dead = True
        self._words.release()
        self._memory.release()

    def __repr__(self) -> str:
        return f"<ArgoRing of {self._length} bytes{', dead' if self.dead else ''}>"

    def _copy(self, at: int, size: int) -> bytes:
        """Bytes of the ring, which goes on at its start."""
        start = _HEAD + at
        first = bytes(self._memory[start : start + min(size, self._length - at)])
        return first + bytes(self._memory[_HEAD : _HEAD + size - len(first)])

    def _die(self, what: str) -> NoReturn:
        self.dead = True
        raise RingError(EPROTO, f"the ring makes no sense: {what}", call="ArgoRing")
