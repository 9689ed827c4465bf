"""Rings of bytes in shared memory: one direction, one end each.

    writer = ByteWriter(words, prod, cons, data)     # words: a view of the indexes, "I"
    if writer.room() >= len(message):
        writer.put(message)
    reader = ByteReader(words, prod, cons, data)
    reader.take(min(size, reader.ready()))

The indexes are 32-bit counts that run freely; the data's length is a power of
two. vchan's rings are of this kind (xen/include/public/io/libxenvchan.h), and
so are the flex rings of xen/include/public/io/ring.h, once their `cons` and
`prod` words are found.

Whom to trust, and what is ordered: as in `rings`. One's own index is read once,
when an end is made (of a ring that is in use it goes on where that is), and is
kept here from then on. Nothing waits here, and nobody is notified.
"""

from __future__ import annotations

from errno import EPROTO

from xensys._lifetime import OneOfAKind
from xensys.memory.rings import RingError, fence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["ByteReader", "ByteWriter"]

_U32 = 0xFFFF_FFFF


class _End(OneOfAKind):
    """One end of one direction.

    Args:
        words: 32-bit words of shared memory, from `rings.words_of`.
        prod, cons: which of them are the two indexes.
        data: the ring itself.

    Attributes:
        size: bytes that the ring holds.
    """

    __slots__ = ("_cons", "_data", "_dead", "_mine", "_prod", "_theirs", "_words", "size")

    _own_is_prod = False

    def __init__(self, words: memoryview, prod: int, cons: int, data: memoryview) -> None:
        self.size = data.nbytes
        if self.size & self.size - 1 or not self.size:
            raise ValueError(f"a ring of {self.size} bytes: a power of two is needed")
        self._words = words
        self._data = data
        self._prod = prod
        self._cons = cons
        self._dead = ""
        produced, consumed = words[prod], words[cons]
        if (produced - consumed & _U32) > self.size:
            self._die(produced, consumed)
        self._mine, self._theirs = (produced, consumed) if self._own_is_prod else (consumed, produced)

    @property
    def dead(self) -> bool:
        """Whether a RingError has ended it."""
        return bool(self._dead)

    def _die(self, produced: int, consumed: int) -> NoReturn:
        self._dead = f"written up to {produced:#x}, read up to {consumed:#x}, ring of {self.size} bytes"
        raise RingError(EPROTO, self._dead, call=type(self).__name__)

    def _filled(self) -> int:
        """How much is in the ring, by the other end's index of this moment."""
        if self._dead:
            raise RingError(EPROTO, self._dead, call=type(self).__name__)
        if self._own_is_prod:
            theirs = self._words[self._cons]
            filled = self._mine - theirs & _U32
            # An index may move on, up to ours, and never back.
            valid = filled <= (self._mine - self._theirs & _U32)
        else:
            theirs = self._words[self._prod]
            filled = theirs - self._mine & _U32
            valid = (self._theirs - self._mine & _U32) <= filled <= self.size
        if not valid:
            self._die(*(self._mine, theirs) if self._own_is_prod else (theirs, self._mine))
        self._theirs = theirs
        fence()  # the index before the data
        return filled


class ByteWriter(_End):
    """The end that writes."""

    __slots__ = ()

    _own_is_prod = True

    def room(self) -> int:
        """How many bytes can be put now.

        Raises:
            RingError: the reader's index makes no sense.
        """
        return self.size - self._filled()

    def put(self, data: memoryview) -> None:
        """Write bytes, and show them to the reader. No more than there was `room` for.

        Args:
            data: a view of bytes (format "B"), of one dimension.
        """
        length = data.nbytes
        if length > self.size - (self._mine - self._theirs & _U32):
            raise ValueError(f"no room for {length} bytes")
        start = self._mine & self.size - 1
        first = min(length, self.size - start)
        self._data[start : start + first] = data[:first]
        if first < length:
            self._data[: length - first] = data[first:]
        fence()  # the data before the index
        self._mine = self._mine + length & _U32
        self._words[self._prod] = self._mine


class ByteReader(_End):
    """The end that reads."""

    __slots__ = ()

    def ready(self) -> int:
        """How many bytes can be taken now.

        Raises:
            RingError: the writer's index makes no sense.
        """
        return self._filled()

    def take(self, length: int) -> bytes:
        """Copy bytes out, and let the writer have their place. No more than were `ready`."""
        start, first = self._span(length)
        data = bytes(self._data[start : start + first])
        if first < length:
            data += self._data[: length - first]
        self._taken(length)
        return data

    def take_into(self, buffer: memoryview) -> None:
        """`take`, into a view of bytes (format "B"), as many as it has."""
        length = buffer.nbytes
        start, first = self._span(length)
        buffer[:first] = self._data[start : start + first]
        if first < length:
            buffer[first:] = self._data[: length - first]
        self._taken(length)

    def _span(self, length: int) -> tuple[int, int]:
        """(where the next bytes are, how many of them before the ring's end)."""
        if length > (self._theirs - self._mine & _U32):
            raise ValueError(f"{length} bytes are not there")
        start = self._mine & self.size - 1
        return start, min(length, self.size - start)

    def _taken(self, length: int) -> None:
        fence()  # the data is ours before its place is the writer's
        self._mine = self._mine + length & _U32
        self._words[self._cons] = self._mine
