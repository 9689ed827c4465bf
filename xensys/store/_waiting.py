"""Waiting for one connection to xenstored, in many threads; the lower half of `connection`.

There is no thread of ours. Of the threads that wait for something, one is the
leader: it waits for the descriptor, reads, and feeds the session; the others
sleep, each on a lock of its own, until they are roused. A leader that has
what it wants rouses another one to lead. Messages are written whole, by one
thread at a time.

Always true here:

* `_lock` is held for moments, never while anything waits.
* Whoever leaves makes sure that somebody leads, if anybody sleeps.
* A descriptor's number is used only while its `Descriptor` is referenced.
* Bytes that were read reach the session, or the connection is finished.

A signal handler may make calls of its own while the thread it interrupts
waits here; it leads in that thread's place. If it interrupts the few moments
between, it gets RuntimeError, as from Python's buffered files.
"""

from __future__ import annotations

from _thread import RLock, allocate_lock, get_ident
from errno import EAGAIN, EINTR, EIO, EPERM

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.devices._device import _CLOSED, Descriptor, _Closed
from xensys.devices._wakeups import NO_WAKEUP, NoWakeup, Wakeup, after_fork
from xensys.errors import ForkedError, StorePermissionError, XenError
from xensys.store._deadlines import Deadlines
from xensys.store.session import Call, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from select import epoll

    from xensys.kernel import Kernel
    from xensys.store.session import Waitable
    from xensys.store.transports import Transport

REENTRANT = "reentrant call of a XenStore connection, from a signal handler or a finalizer"


def given_up(domid: int, path: str) -> StorePermissionError:
    """What to raise for a connection that was given up in a restriction."""
    return StorePermissionError(
        EPERM,
        via=path,
        domid=domid,
        hint=f"restricted to domain {domid}, for good: a connection to XenStore cannot be restricted, "
        "so this one was closed",
    )


class Waiter:
    """One thread's wait.

    Attributes:
        thread: which.
        thing: what it sleeps for.
        sleep: a lock it holds; roused when somebody else releases that.
        parked: it leads, and is in the system call that waits: nothing is half done.
        outer: the wait of the same thread that it came on top of, in a signal handler.
        overtaken: such a handler has read since this was set to False.
        descriptor, wake, target: what it reads from, is woken up by and writes to. Here
            and in no frame, which an exception's traceback would keep, and them open.
    """

    __slots__ = (
        "descriptor", "outer", "overtaken", "parked", "sleep", "target", "thing", "thread", "wake",
    )  # fmt: skip

    def __init__(self) -> None:
        self.thread = get_ident()
        self.thing: Waitable | None = None
        self.sleep = allocate_lock()
        self.sleep.acquire()
        self.parked = False
        self.outer: Waiter | None = None
        self.overtaken = False
        self.descriptor: Descriptor = _CLOSED
        self.wake: Wakeup | NoWakeup = NO_WAKEUP
        self.target: Descriptor = _CLOSED


class Waiting(OneOfAKind):
    """A transport and a session, and the threads that wait for them.

    Args:
        transport: how bytes travel.
        timeout: seconds a request may take; None waits.
    """

    __slots__ = (
        "__weakref__", "_epoll", "_leader", "_lock", "_notify", "_session", "_sleepers", "_state",
        "_stuck", "_transport", "_wake", "_writer", "_writers", "deadlines", "kernel", "restricted_to",
        "timeout",
    )  # fmt: skip

    def __init__(self, transport: Transport, timeout: float | None) -> None:
        self.kernel: Kernel = transport.kernel
        self.timeout = timeout
        #: Those of `Store.deadline`.
        self.deadlines = Deadlines(self.kernel.monotonic, get_ident)
        self._transport = transport
        self._session = Session(transport.limit, transport.reply_limit, serial=transport.serial)
        self._state = "open"
        #: The domain in whose favour it was given up; see `Store.restrict`.
        self.restricted_to: int | None = None
        self._wake: Wakeup | NoWakeup = self._new_wake(transport)
        #: For selectors, once anybody asks: readable when there is something to dispatch.
        self._epoll: epoll | None = None
        self._notify: Wakeup | NoWakeup = NO_WAKEUP
        self._idle()
        watch_fork(self)

    def _idle(self) -> None:
        self._lock = RLock()
        self._leader: Waiter | None = None
        self._sleepers: dict[Waiter, None] = {}
        #: Who is writing, who waits to, and whether the one who is has found no room.
        self._writer: Waiter | None = None
        self._writers: dict[Waiter, None] = {}
        self._stuck = False

    @property
    def state(self) -> str:
        """ "open", "closed" or "forked"."""
        return self._state

    @property
    def path(self) -> str:
        """Where it leads."""
        return self._transport.path

    @property
    def epoch(self) -> int:
        """Which connection this is; each `reconnect` adds one."""
        return self._session.epoch

    @property
    def dead(self) -> bool:
        """Whether it has ended by itself."""
        return self._session.dead

    def _new_wake(self, transport: Transport) -> Wakeup:
        """A wake-up for those who wait for this transport, which is closed if there can be none."""
        try:
            return Wakeup(self.kernel)
        except BaseException:
            transport.close()
            raise

    def _forked(self) -> None:
        if self._state == "open":
            self._transport.forked()
            self._wake, self._notify = after_fork(self._wake), after_fork(self._notify)
            self._state = "forked"
        # Those who waited and wrote are no more, and may have held the lock.
        self._idle()

    # Inside

    def _entered(self) -> RLock:
        """The lock, to be held for moments."""
        lock = self._lock
        if lock._is_owned():  # type: ignore[attr-defined]  # there, though typeshed has it not
            raise RuntimeError(REENTRANT)
        return lock

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self.restricted_to is not None:
            raise given_up(self.restricted_to, self.path)
        if self._state == "closed":
            raise ValueError("I/O operation on closed XenStore connection")

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self.kernel.monotonic(), 0.0)

    def _sleep(self, me: Waiter, deadline: float | None) -> bool:
        """Sleep until roused; False if the time was up first."""
        left = self._left(deadline)
        return me.sleep.acquire(timeout=-1 if left is None else left)

    def _rouse(self, things: tuple[Waitable, ...] | list[Waitable]) -> None:
        """Wake up who sleeps for these; under the lock."""
        for thing in things:
            waiting: list[Waiter] = thing.waiting
            while waiting:
                self._rouse_one(waiting.pop())

    def _rouse_one(self, waiter: Waiter) -> None:
        if waiter in self._sleepers:
            del self._sleepers[waiter]
            waiter.sleep.release()

    def _finish(self, errno: int, text: str, *hint: str, epoch: int) -> None:
        """End the session for everybody, if it is still this connection's; under the lock."""
        if self._session.epoch == epoch:
            self._rouse(self._session.fail(errno, text, *hint))
            self._end_waits()

    def _end_waits(self) -> None:
        """Who is in a system call looks again, and finds out; under the lock.

        Who waits to write is roused by the one before.
        """
        self._wake.signal()
        self._notify.signal()

    def _rouse_writer(self, waiter: Waiter) -> None:
        if waiter in self._writers:
            del self._writers[waiter]
            # Its turn it is, whoever comes first: who writes again at once would always be before it.
            self._writer = waiter
            waiter.sleep.release()

    def _abandon(self, call: Call) -> None:
        with self._entered():
            self._session.abandon(call)

    # Waiting

    def _wait(self, thing: Waitable, deadline: float | None) -> bool:
        """Wait until a thing is ready or the connection is finished; False if the time was up."""
        me = Waiter()
        expired = False
        try:
            while True:
                with self._entered():
                    if thing.ready or self._session.dead:
                        return True
                    if self._state == "forked":
                        raise ForkedError
                    if expired:
                        return False
                    lead = self._lead(me)
                    if not lead:
                        me.thing = thing
                        if me not in thing.waiting:
                            thing.waiting.append(me)
                        self._sleepers[me] = None
                in_time = self._step(me, deadline) if lead else self._sleep(me, deadline)
                expired = not in_time
        finally:
            try:
                self._leave(me)
            except BaseException:
                # A signal handler's. The others must not wait for us for ever.
                self._leave(me)
                raise

    def _lead(self, me: Waiter) -> bool:
        """Become the leader if there is none, or be it still; under the lock."""
        leader = self._leader
        if leader is None or leader is me:
            self._leader = me
            return True
        if leader.thread != me.thread:
            return False
        # We are in a signal handler that runs on top of the leader.
        if not leader.parked:
            raise RuntimeError(REENTRANT)
        leader.overtaken = True
        me.outer = leader
        self._leader = me
        return True

    def _leave(self, me: Waiter) -> None:
        """Stop leading, writing and sleeping, and let others."""
        me.descriptor = me.target = _CLOSED
        me.wake = NO_WAKEUP
        with self._entered():
            self._sleepers.pop(me, None)
            if me.thing is not None and me in me.thing.waiting:
                me.thing.waiting.remove(me)
            if self._leader is me:
                self._leader = me.outer
                if me.outer is not None:
                    # What it waits for may have come meanwhile.
                    self._wake.signal()
            self._writers.pop(me, None)
            if self._writer is me:
                self._writer = None
                self._stuck = False
            if self._writer is None and self._writers:
                first = next(iter(self._writers))
                # Of one thread's the last: a signal handler's, which the others lie beneath.
                self._rouse_writer([one for one in self._writers if one.thread == first.thread][-1])
            if self._leader is None:
                if self._sleepers:
                    self._rouse_one(next(iter(self._sleepers)))
                elif self._stuck:
                    # The writer waits for room that may come only if somebody reads.
                    self._wake.signal()

    def _step(self, me: Waiter, deadline: float | None, *, room: bool = False) -> bool:
        """Lead once: wait, read, and rouse whom it concerns.

        Args:
            room: come back when there is room to write, too.
        Returns:
            False if the time was up first.
        """
        epoch = self._session.epoch
        transport = self._transport
        me.descriptor, me.wake = transport.descriptor, self._wake
        if isinstance(me.descriptor, _Closed) or isinstance(me.wake, _Closed):
            return True  # closed since; the caller looks again
        fd, wake = me.descriptor.fd, me.wake.fd
        me.overtaken = False
        me.parked = True
        try:
            readable, writable = self.kernel.wait((fd, wake), (fd,) if room else (), self._left(deadline))
        except XenError:  # ForkedError
            raise
        except OSError as error:
            if error.errno == EINTR:
                return True
            text = f"waiting for xenstored failed: {error.strerror}"
            with self._entered():
                self._finish(error.errno or EIO, text, epoch=epoch)
            return True
        finally:
            me.parked = False
        if me.overtaken:
            # The handler has read what was there, perhaps what we wait for.
            with self._entered():
                self._take_signal(me)
            return True
        if not readable and not writable:
            return False
        if wake in readable:
            with self._entered():
                self._take_signal(me)
        if fd in readable:
            self._read(transport, fd, epoch)
        return True

    def _take_signal(self, me: Waiter) -> None:
        """Have the wake-up wake nobody else; under the lock. That of the end is for all."""
        if self._wake is me.wake and not self._session.dead:
            me.wake.clear()

    def _read(self, transport: Transport, fd: int, epoch: int) -> None:
        complete = False
        try:
            try:
                data = transport.read(fd)
            except XenError:  # ForkedError
                complete = True
                raise
            except OSError as error:
                complete = True
                if error.errno not in (EAGAIN, EINTR):
                    text = f"reading from xenstored failed: {error.strerror}"
                    with self._entered():
                        self._finish(error.errno or EIO, text, epoch=epoch)
                return
            with self._entered():
                if self._session.epoch == epoch:
                    alive = not self._session.dead
                    touched = self._session.feed(data) if data else self._session.end()
                    self._rouse(touched)
                    if alive and self.dead:
                        self._end_waits()
                    elif self._epoll is not None and any(type(thing) is not Call for thing in touched):
                        self._notify.signal()
                complete = True
        finally:
            if not complete:
                # A signal handler has raised: perhaps bytes are lost.
                with self._lock:
                    self._finish(EINTR, "reading was interrupted by an exception", epoch=epoch)
