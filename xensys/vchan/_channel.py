"""One end of a vchan, without I/O: what both faces do, and a test with two of them and no Xen.

An operation is a generator (`reading`, `writing` …). It yields whenever
nothing more can be done before the other end does something, having asked to
be notified of it; whoever drives it waits for an event, or for its deadline,
and goes on. What it returns is the result.

Requests for notification. Each end has a byte in the page, whose bits the other
end sets, to be told of the next write or read. C sets and clears them with one
atomic instruction, which Python has not got. What is safe without one:

* Bits of our own wishes we set and clear. C only clears those, atomically; what
  we may do to it is set a bit again that it has just cleared, which costs an
  event too many.
* Bits of the other end's wishes we only read. To clear one could lose another
  that is being set at this moment, and its owner would wait for ever. So who
  has asked us once (C does not take it back) is told each time from then on.
"""

from __future__ import annotations

from _thread import RLock
from errno import ECONNRESET, EPIPE

from xensys._packing import check
from xensys.abi.io.libxenvchan import VCHAN_NOTIFY_READ, VCHAN_NOTIFY_WRITE
from xensys.errors import XenError, XenTimeoutError
from xensys.memory.byterings import ByteReader, ByteWriter
from xensys.memory.rings import fence, words_of
from xensys.vchan import _page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias, TypeVar

    _T = TypeVar("_T")
    #: Yields to wait; returns the result.
    Steps: TypeAlias = Generator[None, None, _T]

#: No operation is about more than this.
_MOST = (1 << 63) - 1


class VchanClosedError(XenError, ConnectionError):
    """EPIPE or ECONNRESET: the other end has closed, or died.

    Attributes:
        done: bytes that had been written before.
    """

    done: int = 0


class VchanTimeoutError(XenTimeoutError):
    """ETIMEDOUT: the other end was not quick enough.

    Attributes:
        done: bytes that had been written before. They stay written.
    """

    done: int = 0


class Channel:
    """One end.

    Args:
        page: the shared page.
        read, write: the ring we read from, and the one we write to.
        server: which end we are.
        persist: a server's: it outlives its clients.
        notify: sends the other end an event.

    Attributes:
        reader, writer: our ends of the rings.
    """

    __slots__ = (
        "_asked", "_asking", "_gone", "_live", "_my_live", "_notify_them", "_page", "_server",
        "_their_wishes", "_wishes", "_words", "persist", "reader", "writer",
    )  # fmt: skip

    def __init__(
        self,
        page: memoryview,
        read: memoryview,
        write: memoryview,
        *,
        server: bool,
        notify: Callable[[], None],
        persist: bool = False,
    ) -> None:
        self._page = page
        self._words = words_of(page, _page.INDEXES)
        left, right = _page.LEFT, _page.RIGHT
        self.reader = ByteReader(self._words, *(left if server else right), read)
        self.writer = ByteWriter(self._words, *(right if server else left), write)
        self.persist = persist
        self._server = server
        self._notify_them = notify
        self._my_live, self._live = _page.CLI_LIVE, _page.SRV_LIVE
        #: Where the other end finds our wishes: named after who looks there.
        self._wishes, self._their_wishes = _page.SRV_NOTIFY, _page.CLI_NOTIFY
        if server:
            self._my_live, self._live = self._live, self._my_live
            self._wishes, self._their_wishes = self._their_wishes, self._wishes
        self._gone = False
        self._asked = VCHAN_NOTIFY_WRITE
        # Reader and writer may be two threads.
        self._asking = RLock()

    def join(self) -> None:
        """A client has come: say so."""
        page = self._page
        page[self._wishes] = self._asked
        fence()  # all else before the server may see us
        page[self._my_live] = _page.HERE
        fence()
        self._notify_them()

    def leave(self) -> None:
        """Say that we are gone, and wake up the other end."""
        self._page[self._my_live] = _page.GONE
        fence()
        self._notify_them()

    @property
    def waiting(self) -> bool:
        """Whether no client has come yet."""
        return self._server and self._page[self._live] == _page.NOT_YET

    @property
    def present(self) -> bool:
        """Whether the other end is there at this moment."""
        return not self._gone and self._page[self._live] not in (_page.GONE, _page.NOT_YET)

    def gone(self) -> bool:
        """Whether the other end has gone for good. To be asked before looking for data."""
        if not self._gone and not self.persist and self._page[self._live] == _page.GONE:
            # It cannot come back: what we have told our caller must stay true.
            self._gone = True
        fence()
        return self._gone

    def bury(self) -> None:
        """Say in its place that the other end is gone."""
        self._page[self._live] = _page.GONE

    def ask(self, bit: int) -> None:
        """Have the other end notify us of its next move of this kind."""
        self._wish(self._asked | bit, bit)
        fence()  # the wish before another look at the indexes

    def unask(self, bit: int) -> None:
        """No need any more."""
        if self._asked & bit:
            self._wish(self._asked & ~bit, bit)

    def _wish(self, wished: int, bit: int) -> None:
        lock = self._asking
        if lock._is_owned():  # type: ignore[attr-defined]  # there, though typeshed has it not
            raise RuntimeError("reentrant call of a vchan, from a signal handler or a finalizer")
        with lock:
            self._asked = self._asked & ~bit | wished & bit
            self._page[self._wishes] = self._asked

    def moved(self, bit: int) -> None:
        """We have written or read: notify the other end, if it wants to know."""
        fence()  # the index before we look whether we have to tell
        if self._page[self._their_wishes] & bit:
            self._notify_them()


def reading(channel: Channel, size: int) -> Steps[bytes]:
    """What is there, `size` bytes at most; b"" at the end."""
    check(size, "vchan", "size", 0, _MOST)
    if not size:
        return b""
    ready = yield from _some(channel)
    if not ready:
        return b""
    data = channel.reader.take(min(size, ready))
    channel.moved(VCHAN_NOTIFY_READ)
    return data


def reading_into(channel: Channel, buffer: memoryview) -> Steps[int]:
    """`reading`, into a buffer; how many bytes."""
    if not buffer.nbytes:
        return 0
    ready = yield from _some(channel)
    length = min(buffer.nbytes, ready)
    if length:
        channel.reader.take_into(buffer[:length])
        channel.moved(VCHAN_NOTIFY_READ)
    return length


def receiving(channel: Channel, size: int) -> Steps[bytes]:
    """Exactly `size` bytes, in one piece."""
    check(size, "vchan", "size", 0, channel.reader.size)
    asked = False
    while True:
        gone = channel.gone()
        ready = channel.reader.ready()
        if ready >= size:
            break
        if gone:
            text = f"the other end is gone; {ready} of {size} bytes are there"
            raise VchanClosedError(ECONNRESET, text, call="vchan recv")
        if asked:
            yield
        else:
            channel.ask(VCHAN_NOTIFY_WRITE)
        asked = not asked
    if not size:
        return b""
    channel.unask(VCHAN_NOTIFY_WRITE)
    data = channel.reader.take(size)
    channel.moved(VCHAN_NOTIFY_READ)
    return data


def writing(channel: Channel, data: memoryview) -> Steps[int]:
    """All of `data`, in as many pieces as there is room; how many bytes."""
    done, length = 0, data.nbytes
    try:
        while True:
            room = yield from _room(channel, min(1, length - done))
            if done == length:
                return done
            part = min(room, length - done)
            channel.writer.put(data[done : done + part])
            done += part
            channel.moved(VCHAN_NOTIFY_WRITE)
    except (VchanClosedError, VchanTimeoutError) as error:
        error.done = done
        raise


def sending(channel: Channel, data: memoryview) -> Steps[int]:
    """All of `data`, in one piece."""
    length = data.nbytes
    check(length, "vchan", "data", 0, channel.writer.size)
    yield from _room(channel, length)
    if length:
        channel.writer.put(data)
        channel.moved(VCHAN_NOTIFY_WRITE)
    return length


def writing_some(channel: Channel, data: memoryview) -> Steps[int]:
    """As much of `data` as there is room for."""
    length = data.nbytes
    room = yield from _room(channel, min(1, length))
    part = min(room, length)
    if part:
        channel.writer.put(data[:part])
        channel.moved(VCHAN_NOTIFY_WRITE)
    return part


def data_ready(channel: Channel) -> Steps[int]:
    """How much there is to read. Does not wait."""
    yield from ()
    channel.ask(VCHAN_NOTIFY_WRITE)
    return channel.reader.ready()


def buffer_space(channel: Channel) -> Steps[int]:
    """How much room there is to write. Does not wait."""
    yield from ()
    channel.ask(VCHAN_NOTIFY_READ)
    return channel.writer.room()


def accepting(channel: Channel) -> Steps[None]:
    """Until a client is there, or has been."""
    # Its coming is told by an event in any case.
    while channel.waiting or (channel.persist and not channel.present):
        yield


def _some(channel: Channel) -> Steps[int]:
    """How much there is to read; 0 at the end only."""
    asked = False
    while True:
        gone = channel.gone()
        ready = channel.reader.ready()
        if ready:
            channel.unask(VCHAN_NOTIFY_WRITE)
            return ready
        if gone:
            return 0
        # The other end clears a bit that it has answered: ask each time.
        if asked:
            yield
        else:
            channel.ask(VCHAN_NOTIFY_WRITE)
        asked = not asked


def _room(channel: Channel, length: int) -> Steps[int]:
    """How much can be written, `length` bytes at least."""
    asked = False
    while True:
        if channel.gone():
            raise VchanClosedError(EPIPE, "the other end is gone", call="vchan write")
        room = channel.writer.room()
        if room >= length:
            channel.unask(VCHAN_NOTIFY_READ)
            return room
        if asked:
            yield
        else:
            channel.ask(VCHAN_NOTIFY_READ)
        asked = not asked
