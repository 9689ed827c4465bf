"""Shared rings of requests and responses, as PV devices have them.

    ring = FrontRing.init(share, request=blkif_request, response=blkif_response)
    ring.put_request(request)
    if ring.push_requests():
        port.notify()
    for response in ring.responses():                # bytes, or of the type given
        ...
    if not ring.final_check_for_responses():
        port.wait()

    ring = BackRing(mapping, request=blkif_request, response=blkif_response)
    for request in ring.requests():
        ring.put_response(answer(request))
    if ring.push_responses():
        port.notify()

Layout and rules are those of xen/include/public/io/ring.h; each method names
the macro it stands for. `byterings` has rings of plain bytes.

The other end is not trusted. Its index is copied once, judged, and then used:
one that cannot be (more requests than the ring holds, more responses than
there were requests, an index that goes back) is a RingError, after which the
ring is dead. Entries are copied out before anybody looks at them. One's own
indexes are kept here; the other end may scribble over the shared ones, and
misses notifications if it does. No loop here is longer than the ring.

What is ordered, and what is not. The macros have barriers, which Python has
not. Of what CPython does, this is relied on:

* An index is read and written as an item of a memoryview of format "I", aligned:
  a memcpy of constant size 4 in Objects/memoryobject.c, which compilers make one
  load or store. (struct's "<I" goes byte by byte, and must not be used.)
* Compilers cannot exchange what two bytecodes do.
* The processor can. `fence` is a full barrier, in place of each xen_mb(), xen_rmb()
  and xen_wmb(): it takes and releases a lock that nobody else knows, twice. On
  x86_64 taking it is a LOCK CMPXCHG, which orders everything. On arm64 releasing
  it is a store-release (STLXR, CASAL, LDADDL …) and taking it again a load-acquire
  (LDAXR, CASA …), and all that is before a release is seen before all that is
  after the next acquire: the Arm ARM's barrier-ordered-before has [L];po;[A].
  (A release alone, or an acquire alone, or a system call as such would not do.)

Not guaranteed: that entries are copied in one piece (they never are), and
anything at all in a Python whose locks are made of something else. One thread at
a time may use a ring.
"""

from __future__ import annotations

from _thread import allocate_lock
from errno import EAGAIN, EPROTO

from xensys._lifetime import OneOfAKind
from xensys._packing import check
from xensys.abi.io.ring import RD32
from xensys.errors import XenError
from xensys.kernel.pointers import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    import mmap
    from collections.abc import Iterator
    from typing import Any, NoReturn, Self, TypeAlias

    from _typeshed import ReadableBuffer

    from xensys.memory.mapping import Mapping

    #: Memory that is shared: a mapping or a share, or any other writable buffer.
    Memory: TypeAlias = "Mapping | memoryview | bytearray | mmap.mmap"
    #: An entry: its size, or its type (of xensys.abi, or another ctypes one).
    Entry: TypeAlias = "int | type[ctypes.Structure] | type[ctypes.Union]"

__all__ = ["BackRing", "FrontRing", "RingError", "bytes_of", "fence", "words_of"]

#: Bytes before the first entry (struct <name>_sring).
HEADER = 64
_U32 = 0xFFFF_FFFF
# Places of the indexes, in words.
_REQ_PROD, _REQ_EVENT, _RSP_PROD, _RSP_EVENT = range(4)


class RingError(XenError):
    """EPROTO: the other end's indexes make no sense. The ring is dead: let it go, and begin anew."""


def fence() -> None:
    """A full memory barrier (xen_mb); why it is one: see this module."""
    # A lock of its own: one that others know could be held by whom we interrupt.
    lock = allocate_lock()
    lock.acquire()
    lock.release()
    lock.acquire()


def bytes_of(memory: Memory) -> memoryview:
    """Shared memory as a writable view of bytes; a mapping's stays open for as long as that lives.

    Raises:
        TypeError: it cannot be written.
    """
    # Mappings are buffers themselves from Python 3.12 on only.
    view = getattr(memory, "view", None)
    whole = memoryview(memory) if view is None else view()
    try:
        if whole.readonly:
            raise TypeError("a ring needs memory that can be written")
        return whole.cast("B")
    finally:
        whole.release()


def words_of(memory: memoryview, length: int) -> memoryview:
    """The first `length` bytes as 32-bit words, each of which is read and written at once.

    Raises:
        ValueError: too short, or not aligned.
    """
    if memory.nbytes < length:
        raise ValueError(f"{memory.nbytes} bytes are too few: {length} are needed before the first entry")
    if address_of(memory) % 4:
        raise ValueError("a ring must be aligned to 4 bytes")
    with memory[:length] as head:
        return head.cast("I")


class _Ring(OneOfAKind):
    """What both ends have in common.

    Attributes:
        size: how many entries it has (RING_SIZE): a power of two.
    """

    __slots__ = ("_dead", "_entries", "_entry", "_indexes", "_request", "_response", "_stride", "size")

    _end = ""

    def __init__(self, memory: Memory, request: Entry, response: Entry) -> None:
        #: What was wrong with the other end's indexes.
        self._dead = ""
        self._request = _of_type(request)
        self._response = _of_type(response)
        sizes = [_measure(request, "request"), _measure(response, "response")]
        align = max(size[1] for size in sizes)
        self._entry = (sizes[0][0], sizes[1][0])
        # A C union of the two.
        self._stride = -(-max(self._entry) // align) * align
        whole = bytes_of(memory)
        try:
            self._indexes: memoryview | None = words_of(whole, HEADER)
            self.size = RD32((whole.nbytes - HEADER) // self._stride)
            if not self.size:
                raise ValueError(f"{whole.nbytes} bytes have no room for an entry of {self._stride}")
            self._entries = whole[HEADER:]
        finally:
            whole.release()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._indexes is None

    @property
    def dead(self) -> bool:
        """Whether a RingError has ended it."""
        return bool(self._dead)

    def close(self) -> None:
        """Let the memory go, which can be unmapped then. It is not changed. A second call does nothing."""
        indexes, self._indexes = self._indexes, None
        if indexes is not None:
            indexes.release()
            self._entries.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "dead" if self.dead else "open"
        return f"<{type(self).__name__} of {self.size} entries, {state}>"

    def _live(self) -> memoryview:
        if self._dead:
            raise RingError(EPROTO, self._dead, call=type(self).__name__)
        indexes = self._indexes
        if indexes is None:
            raise ValueError("this ring is closed")
        return indexes

    def _die(self, what: str) -> NoReturn:
        self._dead = what
        raise RingError(EPROTO, what, call=type(self).__name__)

    def _clear(self) -> None:
        """SHARED_RING_INIT."""
        indexes = self._live()
        for place in range(HEADER // 4):
            indexes[place] = 0
        indexes[_REQ_EVENT] = indexes[_RSP_EVENT] = 1

    def _put(self, index: int, data: ReadableBuffer, length: int, name: str) -> None:
        at = (index & self.size - 1) * self._stride
        with memoryview(data) as given:
            # A copy, as a view of a structure is none of bytes.
            raw = given.tobytes()
        if len(raw) != length:
            raise ValueError(f"a {name} has {length} bytes, not {len(raw)}")
        self._entries[at : at + length] = raw

    def _copy(self, index: int, length: int, kind: Any) -> Any:
        """RING_COPY_REQUEST, RING_COPY_RESPONSE: out of the other end's reach."""
        at = (index & self.size - 1) * self._stride
        raw = bytes(self._entries[at : at + length])
        return raw if kind is None else kind.from_buffer_copy(raw)

    def _push(self, place: int, event: int, old: int, new: int) -> bool:
        """RING_PUSH_…_AND_CHECK_NOTIFY."""
        indexes = self._live()
        fence()  # entries before the index
        indexes[place] = new
        fence()  # the index before we look whether we have to tell
        return (new - indexes[event] & _U32) < (new - old & _U32)


class FrontRing(_Ring):
    """The front end's side: puts requests, takes responses. Use `init` or `attach`.

    Not thread-safe. A context manager: closing it lets its memory be unmapped.
    """

    __slots__ = ("_pushed", "_req_prod", "_rsp_cons")

    def __init__(self, memory: Memory, request: Entry, response: Entry) -> None:
        super().__init__(memory, request, response)
        self._req_prod = self._pushed = self._rsp_cons = 0

    @classmethod
    def init(cls, memory: Memory, request: Entry, response: Entry) -> Self:
        """Make memory a ring, and be its front end (XEN_FRONT_RING_INIT).

        Args:
            memory: all of it, one page or more; a `Share`, usually.
            request, response: their sizes in bytes, or their types.
        Raises:
            ValueError: no room for one entry, or not aligned.
            TypeError: the memory cannot be written.
        """
        made = cls(memory, request, response)
        made._clear()
        return made

    @classmethod
    def attach(cls, memory: Memory, request: Entry, response: Entry) -> Self:
        """Be the front end of a ring that is in use, in place of one that is gone (FRONT_RING_ATTACH).

        It goes on where the indexes in the ring are: responses that are there count as
        taken, and requests without one stay `outstanding`. Their responses come, and are
        to be known by what is in them.

        Raises:
            RingError: more requests outstanding than the ring holds.
        """
        made = cls(memory, request, response)
        indexes = made._live()
        requests, responses = indexes[_REQ_PROD], indexes[_RSP_PROD]
        if (requests - responses & _U32) > made.size:
            made.close()
            raise RingError(
                EPROTO,
                f"requests {requests:#x}, responses {responses:#x}, ring of {made.size}",
                call="attach",
            )
        made._req_prod = made._pushed = requests
        made._rsp_cons = responses
        return made

    @property
    def free_requests(self) -> int:
        """How many requests there is room for (RING_FREE_REQUESTS)."""
        return self.size - (self._req_prod - self._rsp_cons & _U32)

    @property
    def full(self) -> bool:
        """Whether there is room for none (RING_FULL)."""
        return not self.free_requests

    @property
    def outstanding(self) -> int:
        """Requests put, whose responses were not taken yet."""
        return self._req_prod - self._rsp_cons & _U32

    def put_request(self, data: ReadableBuffer) -> None:
        """Put a request behind the last one; the other end sees it after `push_requests`.

        Args:
            data: as long as a request is; bytes, or a structure.
        Raises:
            BlockingIOError: EAGAIN, the ring is full.
        """
        self._live()
        if self.full:
            raise BlockingIOError(EAGAIN, f"all {self.size} entries of the ring are in use")
        self._put(self._req_prod, data, self._entry[0], "request")
        self._req_prod = self._req_prod + 1 & _U32

    def push_requests(self) -> bool:
        """Show the other end what was put (RING_PUSH_REQUESTS_AND_CHECK_NOTIFY).

        Returns:
            Whether it must be notified.
        """
        old, self._pushed = self._pushed, self._req_prod
        return self._push(_REQ_PROD, _REQ_EVENT, old, self._req_prod)

    def unconsumed_responses(self) -> int:
        """How many responses wait to be taken (XEN_RING_NR_UNCONSUMED_RESPONSES).

        Raises:
            RingError: more than there are requests (RING_RESPONSE_PROD_OVERFLOW, and stricter).
        """
        produced = self._live()[_RSP_PROD]
        fence()  # the index before the entries
        count = produced - self._rsp_cons & _U32
        if count > (self._pushed - self._rsp_cons & _U32):
            self._die(f"responses up to {produced:#x}, taken {self._rsp_cons:#x}, asked {self._pushed:#x}")
        return count

    def take_response(self) -> Any:
        """The next response: a copy (RING_COPY_RESPONSE); None if there is none."""
        if not self.unconsumed_responses():
            return None
        return self._next_response()

    def responses(self) -> Iterator[Any]:
        """The responses that are there now, each taken as the loop comes to it."""
        end = self.unconsumed_responses() + self._rsp_cons
        # Who takes others inside the loop may have gone past its end.
        while 0 < (end - self._rsp_cons & _U32) <= self.size:
            yield self._next_response()

    def _next_response(self) -> Any:
        self._live()
        response = self._copy(self._rsp_cons, self._entry[1], self._response)
        self._rsp_cons = self._rsp_cons + 1 & _U32
        return response

    def final_check_for_responses(self, after: int = 1) -> bool:
        """Ask to be notified, and whether there is something to do at once all the same
        (RING_FINAL_CHECK_FOR_RESPONSES). To be called before waiting.

        Args:
            after: which response from now on shall be told of: 1, the next one.
        """
        check(after, "FrontRing", "after", 1, self.size)
        if self.unconsumed_responses():
            return True
        self._live()[_RSP_EVENT] = self._rsp_cons + after & _U32
        fence()  # the wish before another look
        return self.unconsumed_responses() > 0


class BackRing(_Ring):
    """The back end's side of a new ring: takes requests, puts responses (BACK_RING_INIT).

    Args:
        memory: all of it, one page or more; a `GrantMapping`, usually.
        request, response: their sizes in bytes, or their types.

    Not thread-safe. A context manager: closing it lets its memory be unmapped.

    Raises:
        ValueError: no room for one entry, or not aligned.
        TypeError: the memory cannot be written.
    """

    __slots__ = ("_pushed", "_req_cons", "_req_seen", "_rsp_prod")

    def __init__(self, memory: Memory, request: Entry, response: Entry) -> None:
        super().__init__(memory, request, response)
        self._rsp_prod = self._pushed = self._req_cons = 0
        self._req_seen = 0

    @classmethod
    def attach(cls, memory: Memory, request: Entry, response: Entry) -> Self:
        """Be the back end of a ring that is in use, in place of one that is gone (BACK_RING_ATTACH).

        It goes on at the last response that was shown, as Linux's back ends do: requests
        that the one before has taken and not answered are taken once more. That is right
        if it answered in order, or in order of arrival; who does not must first let all
        requests be answered.

        Raises:
            RingError: more requests than the ring holds.
        """
        made = cls(memory, request, response)
        responses = made._live()[_RSP_PROD]
        made._rsp_prod = made._pushed = made._req_cons = made._req_seen = responses
        try:
            made.unconsumed_requests()
        except RingError:
            made.close()
            raise
        return made

    @property
    def unanswered(self) -> int:
        """Requests taken, whose responses were not put yet."""
        return self._req_cons - self._rsp_prod & _U32

    def unconsumed_requests(self) -> int:
        """How many requests wait to be taken (XEN_RING_NR_UNCONSUMED_REQUESTS).

        Raises:
            RingError: more than the ring holds (RING_REQUEST_PROD_OVERFLOW), or fewer
                than there were.
        """
        produced = self._live()[_REQ_PROD]
        fence()  # the index before the entries
        # Room counts from what the front end has been shown: it may reuse no more than that.
        if (produced - self._pushed & _U32) > self.size or (produced - self._pushed & _U32) < (
            self._req_seen - self._pushed & _U32
        ):
            self._die(f"requests up to {produced:#x}, seen {self._req_seen:#x}, answered {self._pushed:#x}")
        self._req_seen = produced
        return produced - self._req_cons & _U32

    def take_request(self) -> Any:
        """The next request: a copy (RING_COPY_REQUEST); None if there is none."""
        if not self.unconsumed_requests():
            return None
        return self._next_request()

    def requests(self) -> Iterator[Any]:
        """The requests that are there now, each taken as the loop comes to it."""
        end = self.unconsumed_requests() + self._req_cons
        # Who takes others inside the loop may have gone past its end.
        while 0 < (end - self._req_cons & _U32) <= self.size:
            yield self._next_request()

    def _next_request(self) -> Any:
        self._live()
        request = self._copy(self._req_cons, self._entry[0], self._request)
        self._req_cons = self._req_cons + 1 & _U32
        return request

    def put_response(self, data: ReadableBuffer) -> None:
        """Put a response behind the last one; the other end sees it after `push_responses`.

        Args:
            data: as long as a response is; bytes, or a structure.
        Raises:
            ValueError: there is no request that has none.
        """
        self._live()
        if not self.unanswered:
            raise ValueError("each request that was taken has its response")
        self._put(self._rsp_prod, data, self._entry[1], "response")
        self._rsp_prod = self._rsp_prod + 1 & _U32

    def push_responses(self) -> bool:
        """Show the other end what was put (RING_PUSH_RESPONSES_AND_CHECK_NOTIFY).

        Returns:
            Whether it must be notified.
        """
        old, self._pushed = self._pushed, self._rsp_prod
        return self._push(_RSP_PROD, _RSP_EVENT, old, self._rsp_prod)

    def final_check_for_requests(self, after: int = 1) -> bool:
        """Ask to be notified, and whether there is something to do at once all the same
        (RING_FINAL_CHECK_FOR_REQUESTS). To be called before waiting.

        Args:
            after: which request from now on shall be told of: 1, the next one.
        """
        check(after, "BackRing", "after", 1, self.size)
        if self.unconsumed_requests():
            return True
        self._live()[_REQ_EVENT] = self._req_cons + after & _U32
        fence()  # the wish before another look
        return self.unconsumed_requests() > 0


def _of_type(entry: Entry) -> Any:
    return None if hasattr(entry, "__index__") else entry


def _measure(entry: Entry, name: str) -> tuple[int, int]:
    """(size, alignment) of an entry."""
    from ctypes import alignment, sizeof

    if isinstance(entry, type):
        return sizeof(entry), alignment(entry)
    check(entry, "ring", name, 1, 0x1000_0000)
    return int(entry), 1
