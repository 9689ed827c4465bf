"""What an end of a vchan is made of, and what its two faces have in common.

A server shares a page and the rings, and binds an unbound port; a client maps
and binds what it has been told of. Each has an open evtchn file of its own,
so that its descriptor is readable for nothing but this vchan.
"""

from __future__ import annotations

from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys.errors import ForkedError, XenError
from xensys.events import Events
from xensys.vchan import _channel, _page
from xensys.vchan._channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    from _typeshed import ReadableBuffer, WriteableBuffer

    from xensys.events import Port
    from xensys.hypercalls.event_channel_op import EventChannelOp
    from xensys.kernel import Kernel
    from xensys.memory.grant import Grants
    from xensys.memory.mapping import Mapping
    from xensys.store import Store
    from xensys.vchan._channel import Steps

    _T = TypeVar("_T")

    class Parts(Protocol):
        """What is needed of a `Xen`."""

        @property
        def kernel(self) -> Kernel: ...
        @property
        def store(self) -> Store: ...
        @property
        def grants(self) -> Grants: ...
        @property
        def event_channel_op(self) -> EventChannelOp: ...


#: Seconds of waiting after which it is worth a look whether the other end's domain lives.
ALIVE = 5.0


class Belongings(OneOfAKind):
    """Everything that must be given back: a port, the shared page, and the rings that are not in it."""

    __slots__ = ("_may_look", "channel", "events", "page", "port", "ref", "rings")

    def __init__(self, xen: Parts) -> None:
        self.events = Events(xen.kernel, lambda: xen.event_channel_op)
        self.port: Port | None = None
        self.page: Mapping | None = None
        self.rings: list[Mapping] = []
        self.channel: Channel | None = None
        #: A server's: of its page.
        self.ref = 0
        self._may_look = True

    def share(self, xen: Parts, domid: int, left: int, right: int, *, persist: bool) -> None:
        """Be a server: of rings of these orders."""
        grants = xen.grants  # first: a `Xen` that is restricted refuses
        port = self.port = self.events.bind_unbound(domid)
        page = self.page = grants.share(domid, write=True, notify_byte=_page.SRV_LIVE, notify_port=port)
        refs: list[tuple[int, ...]] = []
        for order in (left, right):
            refs.append(())
            if _page.pages(order):
                ring = grants.share(domid, _page.pages(order), write=True)
                self.rings.append(ring)
                refs[-1] = tuple(ring.refs)
        geometry = _page.Geometry(left, right, *refs)
        with page.view() as view:
            _page.prepare(view, geometry)
        self.ref = page.refs[0]
        self._open_channel(geometry, server=True, persist=persist)

    def map(self, xen: Parts, domid: int, ref: int, port: int, timeout: float | None) -> None:
        """Be a client: of a server's page and port.

        Raises:
            RingError: what is in the page makes no sense.
        """
        grants = xen.grants  # first: a `Xen` that is restricted refuses
        bound = self.port = self.events.bind_interdomain(domid, port)
        page = self.page = grants.map(
            domid,
            [ref],
            write=True,
            notify_byte=_page.CLI_LIVE,
            notify_port=bound,
            timeout=timeout,
        )
        with page.view() as view:
            geometry = _page.judge(view)
        for refs, write in ((geometry.left_refs, True), (geometry.right_refs, False)):
            if refs:
                self.rings.append(grants.map(domid, refs, write=write, timeout=timeout))
        self._open_channel(geometry, server=False)
        assert self.channel is not None
        self.channel.join()

    def _open_channel(self, geometry: _page.Geometry, *, server: bool, persist: bool = False) -> None:
        assert self.page is not None
        assert self.port is not None
        own = iter(self.rings)
        views: list[memoryview] = []
        for order in (geometry.left_order, geometry.right_order):
            views.append(next(own).view() if _page.pages(order) else self.page.view(*_page.in_page(order)))
        left, right = views
        self.channel = Channel(
            self.page.view(),
            *((left, right) if server else (right, left)),
            server=server,
            notify=self.port.notify,
            persist=persist,
        )

    def buried(self) -> bool:
        """Whether the other end's domain turns out to have died; it is gone then.

        Nobody tells: an end that closes, or whose process dies, clears its byte and sends
        an event; with a domain that is destroyed its port alone goes, and without one.
        """
        channel, port = self.channel, self.port
        if channel is None or port is None or not self._may_look:
            return False
        try:
            for _ in range(2):
                # Twice: a client may go, and another one come, between two looks.
                if not channel.present or port.status().kind == "interdomain":
                    return False
        except XenError:
            # No hypercalls for us: in a domU, or restricted. Then timeouts must do.
            self._may_look = False
            return False
        if not channel.present:
            return False
        channel.bury()
        return True

    def release(self, *, tell: bool = True) -> None:
        """Give everything back, however far it had got; unless forked, tell the other end."""
        channel, self.channel = self.channel, None
        try:
            if channel is not None and tell:
                channel.leave()
        finally:
            self._unmap([*self.rings, self.page])

    def _unmap(self, mappings: list[Mapping | None]) -> None:
        # The page last: the kernel notifies the other end when it goes, which may need the port.
        if not mappings:
            self.events.close()
            return
        first, *rest = mappings
        try:
            if first is not None:
                # Another thread may be copying: it finds zeros, and then that this is closed.
                first.close(revoke=True)
        finally:
            self._unmap(rest)


class End(OneOfAKind):
    """Either end of a vchan; what its synchronous and its asyncio face have in common.

    Attributes:
        domid: the other end's domain.
        path: where in XenStore the two find each other.
        server: whether this is the server's end.
    """

    __slots__ = ("__weakref__", "_own", "_state", "domid", "path", "server")

    def __init__(self, own: Belongings, domid: int, path: str, *, server: bool) -> None:
        self._own = own
        self._state = "open"
        self.domid = domid
        self.path = path
        self.server = server
        watch_fork(self)

    @property
    def closed(self) -> bool:
        """Whether this end is closed."""
        return self._state == "closed"

    @property
    def is_open(self) -> bool:
        """Whether more can come: False once the other end has gone (libxenvchan_is_open).

        What it had written before can still be read. True for a server that no client has
        come to yet, and always for one that persists.
        """
        return not self._channel().gone()

    @property
    def connected(self) -> bool:
        """Whether the other end is there at this moment."""
        return self._channel().present

    @property
    def read_size(self) -> int:
        """Bytes of the ring that we read from; the longest packet that can be received."""
        return self._channel().reader.size

    @property
    def write_size(self) -> int:
        """Bytes of the ring that we write to; the longest packet that can be sent."""
        return self._channel().writer.size

    @property
    def port(self) -> int:
        """Our event channel."""
        self._channel()
        assert self._own.port is not None
        return self._own.port.port

    def data_ready(self) -> int:
        """Bytes that can be read now; an event tells of more (libxenvchan_data_ready).

        0 while another thread or task reads: that has the first right to them.

        Raises:
            RingError: the other end's index makes no sense.
        """
        return self._try(_channel.data_ready(self._channel()), writes=False) or 0

    def buffer_space(self) -> int:
        """Bytes that can be written now; an event tells of more (libxenvchan_buffer_space).

        0 while another thread or task writes.

        Raises:
            RingError: the other end's index makes no sense.
        """
        return self._try(_channel.buffer_space(self._channel()), writes=True) or 0

    def fileno(self) -> int:
        """A descriptor for selectors: readable when the other end has done something.

        Of the moves that this end has asked for: it does so whenever it could not do all
        that it was told to. So first use the vchan, and wait when there was nothing.
        `wait(0)` makes it unreadable again (libxenvchan_fd_for_select).
        """
        self._channel()
        return self._own.events.fileno()

    def try_read(self, size: int) -> bytes | None:
        """`read` without waiting; None if there is nothing, b"" at the end."""
        return self._try(_channel.reading(self._channel(), size), writes=False)

    def try_recv(self, size: int) -> bytes | None:
        """`recv` without waiting; None if there is not as much."""
        return self._try(_channel.receiving(self._channel(), size), writes=False)

    def try_readinto(self, buffer: WriteableBuffer) -> int | None:
        """`readinto` without waiting; None if there is nothing."""
        with memoryview(buffer) as given, given.cast("B") as raw:
            return self._try(_channel.reading_into(self._channel(), raw), writes=False)

    def try_write(self, data: ReadableBuffer) -> int:
        """`write` without waiting; how many bytes: fewer, or none, if there is no room."""
        with memoryview(data) as given, given.cast("B") as raw:
            return self._try(_channel.writing_some(self._channel(), raw), writes=True) or 0

    def try_send(self, data: ReadableBuffer) -> bool:
        """`send` without waiting; False if there is no room for all of it, and nothing was written."""
        with memoryview(data) as given, given.cast("B") as raw:
            return self._try(_channel.sending(self._channel(), raw), writes=True) is not None

    def __del__(self) -> None:
        if getattr(self, "_state", "closed") == "open" and not is_exiting():
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        what = "server" if self.server else "client"
        return f"<{type(self).__name__} {what}, domain {self.domid}, {self.path}, {self._state}>"

    def _try(self, steps: Steps[_T], *, writes: bool) -> _T | None:
        """Do it now or not at all; None if it would have to wait."""
        raise NotImplementedError

    def _first(self, steps: Steps[_T]) -> _T | None:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            self._check_open()
            return result
        return None

    def _channel(self) -> Channel:
        channel = self._own.channel
        if self._state != "open" or channel is None:
            self._check_open()
            raise ValueError("I/O operation on closed vchan")
        return channel

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state == "closed":
            raise ValueError("I/O operation on closed vchan")

    def _forked(self) -> None:
        if self._state == "open":
            self._state = "forked"
