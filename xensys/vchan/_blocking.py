"""vchan for programs: the synchronous face. See `xensys.vchan`, which explains it."""

from __future__ import annotations

from _thread import TIMEOUT_MAX, RLock, allocate_lock, get_ident
from errno import ETIMEDOUT

from xensys.store._scripts import run
from xensys.vchan import _channel, _nodes, _page
from xensys.vchan._channel import VchanTimeoutError
from xensys.vchan._end import ALIVE, Belongings, End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Iterator
    from typing import Any, Self, TypeVar

    from _typeshed import ReadableBuffer, WriteableBuffer

    from xensys.vchan._channel import Steps
    from xensys.vchan._end import Parts

    _T = TypeVar("_T")

__all__ = ["Vchan"]

_REENTRANT = "reentrant call of a vchan, from a signal handler or a finalizer"
#: Bytes that an iteration asks for at once.
_CHUNK = 65536


class Vchan(End):
    """One end of a vchan. Thread-safe; a context manager. Use `listen` or `connect`.

    One thread reads at a time, and one writes; others wait for their turn. In a
    forked child it raises ForkedError. A signal handler that calls what the thread it
    interrupts is in gets RuntimeError.
    """

    __slots__ = (
        "_directory", "_leader", "_lock", "_reading", "_seen", "_sleepers", "_writing", "_xen",
    )  # fmt: skip

    def __init__(self, xen: Parts, own: Belongings, domid: int, path: str, *, server: bool) -> None:
        super().__init__(own, domid, path, server=server)
        self._xen = xen
        #: Whether the directory of our nodes is to be removed with them.
        self._directory: bool | None = None
        self._idle()

    def _idle(self) -> None:
        self._reading, self._writing = RLock(), RLock()
        #: Held for moments.
        self._lock = RLock()
        #: Events so far; who waits for the next one, and who does so for all.
        self._seen = 0
        self._sleepers: list[LockType] = []
        self._leader: int | None = None

    @classmethod
    def listen(
        cls,
        xen: Parts,
        domid: int,
        path: str,
        *,
        read_size: int = 4096,
        write_size: int = 4096,
        persist: bool = False,
    ) -> Self:
        """Be the server: share memory with a domain, and say so in XenStore (libxenvchan_server_init).

        Returns at once. What is written before a client comes waits for it in the ring;
        `accept` waits for one.

        Args:
            xen: an open `Xen`.
            domid: the only domain that can connect; our own for a vchan within it.
            path: a directory in XenStore, made if need be, that the client knows.
            read_size, write_size: bytes of the rings at least, up to 1 MiB; a power of two
                is used. One of up to 1 KiB and one of up to 2 KiB share a page.
            persist: stay open when the client goes, and let another one come. It finds what
                its predecessor has left in the rings, which begin nowhere anew.
        Raises:
            XenError: ENOSPC, no grants left; what events, grants and XenStore refuse.
            OverflowError: a ring of more than 1 MiB.
        """
        left, right = _page.orders(read_size, write_size)
        own = Belongings(xen)
        try:
            own.share(xen, domid, left, right, persist=persist)
            assert own.port is not None
            ref, port = own.ref, own.port.port
            existed = xen.store.in_transaction(lambda t: run(_nodes.publishing(t, path, domid, ref, port)))
            made = cls(xen, own, domid, path, server=True)
            made._directory = not existed
        except BaseException:
            own.release()
            raise
        return made

    @classmethod
    def connect(cls, xen: Parts, domid: int, path: str, *, timeout: float | None = None) -> Self:
        """Be the client of a server in another domain, or in our own (libxenvchan_client_init).

        A vchan has one client at a time; two at once find each other's bytes.

        Args:
            xen: an open `Xen`.
            domid: the server's domain.
            path: the directory that it has told XenStore of.
            timeout: seconds to wait for it to do so; None waits.
        Raises:
            StoreTimeoutError: it has not.
            PeerError: EPROTO, what it wrote there makes no sense.
            RingError: EPROTO, nor does what is in the page.
            XenError: EINVAL, there is no such grant or port (any more).
        """
        now = xen.kernel.monotonic
        deadline = None if timeout is None else now() + timeout
        store = xen.store
        store.wait_for(f"{path}/{_nodes.PORT}", timeout=timeout)
        ref, port = store.in_transaction(lambda t: run(_nodes.looking_up(t, path)))
        own = Belongings(xen)
        try:
            left = None if deadline is None else max(deadline - now(), 0.0)
            own.map(xen, domid, ref, port, left)
            made = cls(xen, own, domid, path, server=False)
        except BaseException:
            own.release()
            raise
        return made

    def accept(self, *, timeout: float | None = None) -> None:
        """Wait until a client is there; a client's end has its server from the beginning.

        Of a server that persists: until one is there at this moment.

        Args:
            timeout: seconds; None waits.
        Raises:
            VchanTimeoutError: none has come.
        """
        # Who reads already waits for the same, and need not be waited for.
        self._drive(_channel.accepting(self._channel()), RLock(), timeout)

    def read(self, size: int, *, timeout: float | None = None) -> bytes:
        """What is there, once something is (libxenvchan_read).

        Args:
            size: bytes at most.
            timeout: seconds; None waits.
        Returns:
            b"" once the other end has gone, and all that it had written is read.
        Raises:
            VchanTimeoutError: nothing came.
            RingError: the other end's index makes no sense.
            ValueError: this end is closed, or was while we waited.
        EINTR: waits on, once signal handlers have run.
        """
        return self._drive(_channel.reading(self._channel(), size), self._reading, timeout)

    def readinto(self, buffer: WriteableBuffer, *, timeout: float | None = None) -> int:
        """`read` into a buffer; how many bytes, 0 at the end."""
        with memoryview(buffer) as given, given.cast("B") as raw:
            return self._drive(_channel.reading_into(self._channel(), raw), self._reading, timeout)

    def recv(self, size: int, *, timeout: float | None = None) -> bytes:
        """Exactly so many bytes, in one go (libxenvchan_recv). Until they are there none is taken.

        Args:
            size: bytes, no more than `read_size`.
            timeout: seconds; None waits.
        Raises:
            VchanClosedError: ECONNRESET, the other end has gone before. What there is `read` gives.
            VchanTimeoutError: they did not come.
            RingError: the other end's index makes no sense.
            OverflowError: more than the ring can hold.
        """
        return self._drive(_channel.receiving(self._channel(), size), self._reading, timeout)

    def write(self, data: ReadableBuffer, *, timeout: float | None = None) -> int:
        """Write all of it, in as many pieces as there is room for (libxenvchan_write).

        Args:
            data: bytes, any number.
            timeout: seconds; None waits.
        Returns:
            How many bytes: all.
        Raises:
            VchanClosedError: EPIPE, the other end has gone; `done` bytes had been written.
            VchanTimeoutError: there was no room in time; `done` bytes are written, and stay.
            RingError: the other end's index makes no sense.
            ValueError: this end is closed, or was while we waited.
        """
        with memoryview(data) as given, given.cast("B") as raw:
            return self._drive(_channel.writing(self._channel(), raw), self._writing, timeout)

    def send(self, data: ReadableBuffer, *, timeout: float | None = None) -> int:
        """Write all of it in one go (libxenvchan_send). Until there is room none is written.

        Args:
            data: bytes, no more than `write_size`.
            timeout: seconds; None waits.
        Raises:
            VchanClosedError: EPIPE, the other end has gone.
            VchanTimeoutError: there was no room in time.
            RingError: the other end's index makes no sense.
            OverflowError: more than the ring can hold.
        """
        with memoryview(data) as given, given.cast("B") as raw:
            return self._drive(_channel.sending(self._channel(), raw), self._writing, timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the other end has done something that we asked to be told of (libxenvchan_wait).

        It has to be asked: by a `try_…` that found nothing, by `data_ready` or `buffer_space`.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Returns:
            False if the time was up first. True may be said too often.
        """
        self._channel()
        now = self._xen.kernel.monotonic
        return self._pause(self._seen, None if timeout is None else now() + timeout)

    def __iter__(self) -> Iterator[bytes]:
        """Pieces as they come, until the other end has gone."""
        while data := self.read(_CHUNK):
            yield data

    def close(self) -> None:
        """Close this end; a second call does nothing. What was written can still be read.

        Threads that wait in it end with ValueError. A server's nodes are removed from
        XenStore, but for a directory that was there before, or is not empty.

        Raises:
            StoreError: the nodes are still there; everything else is closed.
        """
        with self._moment():
            if self._state == "closed":
                return
            forked = self._state == "forked"
            self._state = "closed"
            sleepers, self._sleepers = self._sleepers, []
        port = 0 if self._own.port is None else self._own.port.port
        try:
            self._own.release(tell=not forked)
        finally:
            for sleeper in sleepers:
                sleeper.release()
            if not forked:
                self._withdraw(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Inside

    def _withdraw(self, port: int) -> None:
        """Take a server's nodes out of XenStore."""
        directory = self._directory
        if directory is not None:
            path, ref = self.path, self._own.ref
            self._xen.store.in_transaction(
                lambda t: run(_nodes.withdrawing(t, path, ref, port, directory=directory))
            )

    def _moment(self) -> RLock:
        lock = self._lock
        if lock._is_owned():  # type: ignore[attr-defined]  # there, though typeshed has it not
            raise RuntimeError(_REENTRANT)
        return lock

    def _take(self, lock: Any, timeout: float) -> bool:
        if lock._is_owned():
            # A signal handler's, on top of the very operation that it wants.
            raise RuntimeError(_REENTRANT)
        taken: bool = lock.acquire(timeout=timeout)
        return taken

    def _drive(self, steps: Steps[_T], lock: Any, timeout: float | None) -> _T:
        """Carry out an operation, waiting where it says so."""
        now = self._xen.kernel.monotonic
        deadline = None if timeout is None else now() + timeout
        if not self._take(lock, -1 if timeout is None else min(max(timeout, 0), TIMEOUT_MAX)):
            raise self._late(timeout)
        try:
            in_time = True
            while True:
                # Before the look: an event that comes after it counts.
                seen = self._seen
                self._check_open()
                if in_time:
                    next(steps)
                else:
                    # Once more: the other end may have forgotten to notify us.
                    next(steps)
                    steps.throw(self._late(timeout))
                # A peer that moves all the time must not hold us here.
                in_time = self._pause(seen, deadline) and (deadline is None or now() < deadline)
        except StopIteration as end:
            result: _T = end.value
            # Closed by another thread meanwhile: these may be zeros.
            self._check_open()
            return result
        finally:
            lock.release()

    def _try(self, steps: Steps[_T], *, writes: bool) -> _T | None:
        lock = self._writing if writes else self._reading
        if not self._take(lock, 0):
            return None
        try:
            return self._first(steps)
        finally:
            lock.release()

    def _pause(self, seen: int, deadline: float | None) -> bool:
        """Wait for an event after the `seen` first ones; False if the time was up first."""
        now = self._xen.kernel.monotonic
        port = self._own.port
        assert port is not None
        sleep: LockType | None = None
        while True:
            left = None if deadline is None else max(deadline - now(), 0.0)
            with self._moment():
                self._check_open()
                if self._seen != seen:
                    return True
                lead = self._leader is None
                if lead:
                    self._leader = get_ident()
                elif self._leader == get_ident():
                    raise RuntimeError(_REENTRANT)
                else:
                    sleep = allocate_lock()
                    sleep.acquire()
                    self._sleepers.append(sleep)
            if sleep is not None and not lead:
                roused = sleep.acquire(timeout=-1 if left is None else min(left, TIMEOUT_MAX))
                if roused:
                    continue
                with self._moment():
                    if sleep in self._sleepers:
                        self._sleepers.remove(sleep)
                    return self._seen != seen
            came = False
            # A domain that is destroyed says nothing: look for it now and then.
            long = left is None or left > ALIVE
            try:
                came = port.wait(ALIVE if long else left)
                if came:
                    port.unmask()
                elif long:
                    came = self._own.buried()
            finally:
                with self._moment():
                    self._leader = None
                    self._seen += came
                    sleepers, self._sleepers = self._sleepers, []
                for sleeper in sleepers:
                    sleeper.release()
            if not came and not long:
                return False

    def _late(self, timeout: float | None) -> VchanTimeoutError:
        return VchanTimeoutError(ETIMEDOUT, f"not within {timeout} s", call=f"vchan {self.path[-72:]}")

    def _forked(self) -> None:
        super()._forked()
        # Those who waited are no more, and may have held them.
        self._idle()
