"""One connection to xenstored, used by many threads.

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

from _thread import TIMEOUT_MAX, RLock, allocate_lock, get_ident
from errno import EAGAIN, ECONNABORTED, EINTR, EIO, ETIMEDOUT

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.devices._device import _CLOSED, Descriptor, _Closed, _Forked
from xensys.errors import ForkedError, StoreConnectionError, StoreError, StoreTimeoutError, XenError
from xensys.store import plans
from xensys.store.session import Call, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from select import epoll

    from xensys.kernel import Kernel
    from xensys.store.protocol import Request
    from xensys.store.session import Waitable
    from xensys.store.transports import Transport
    from xensys.store.watches import Event, EventQueue

__all__ = ["Connection"]

_REENTRANT = "reentrant call of a XenStore connection, from a signal handler or a finalizer"
_ONE = (1).to_bytes(8, "little")
#: How often `dispatch` reads at most: whoever sends without end does not keep it.
_READS = 16


class _Waiter:
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
        self.outer: _Waiter | None = None
        self.overtaken = False
        self.descriptor: Descriptor = _CLOSED
        self.wake: Descriptor = _CLOSED
        self.target: Descriptor = _CLOSED


class Connection(OneOfAKind):
    """A transport and a session, for threads.

    Args:
        transport: how bytes travel.
        reopen: makes another transport, for `reconnect`; None if there is none.
        timeout: seconds a request may take; None waits.
    """

    __slots__ = (
        "__weakref__", "_epoll", "_leader", "_lock", "_notify", "_reopen", "_session", "_sleepers",
        "_state", "_stuck", "_transport", "_wake", "_writer", "_writers", "kernel", "timeout",
    )  # fmt: skip

    def __init__(
        self, transport: Transport, reopen: Callable[[], Transport] | None, timeout: float | None
    ) -> None:
        self.kernel: Kernel = transport.kernel
        self.timeout = timeout
        self._reopen = reopen
        self._transport = transport
        self._session = Session(transport.limit, transport.reply_limit, serial=transport.serial)
        self._state = "open"
        self._wake = Descriptor(self.kernel, self.kernel.eventfd(), owned=True)
        #: For selectors, once anybody asks: readable when there is something to dispatch.
        self._epoll: epoll | None = None
        self._notify: Descriptor = _CLOSED
        self._idle()
        watch_fork(self)

    def _idle(self) -> None:
        self._lock = RLock()
        self._leader: _Waiter | None = None
        self._sleepers: dict[_Waiter, None] = {}
        #: Who is writing, who waits to, and whether the one who is has found no room.
        self._writer: _Waiter | None = None
        self._writers: dict[_Waiter, None] = {}
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

    # Requests

    def exchange(self, request: Request, timeout: float | None, epoch: int | None = None) -> bytes:
        """Send a request and wait for its reply.

        Args:
            timeout: seconds; None waits.
            epoch: the connection it must go through; None for any.
        """
        deadline = self._deadline(timeout)
        call = self._send(request, deadline, epoch)
        try:
            in_time = call.ready or self._wait(call, deadline)
        except BaseException:
            self._abandon(call)
            raise
        if not in_time:
            self._abandon(call)
            raise request.refusal(
                ETIMEDOUT,
                f"no reply within {timeout} s",
                hint="it may have been carried out, or be carried out yet",
            )
        return call.result()

    def next_event(self, queue: EventQueue, timeout: float | None) -> Event:
        """The next event of a watch; see `Watch.get`."""
        deadline = self._deadline(timeout)
        waited = False
        while True:
            with self._entered():
                if queue.closed:
                    raise ValueError("this watch is closed")
                # A close that came later is an error of the connection, as for all that wait.
                if not waited or self._state == "forked":
                    self._check_open()
                event = queue.pop()
                if event is not None:
                    return event
                self._session.check(queue)
            if not self._wait(queue, deadline):
                raise StoreTimeoutError(ETIMEDOUT, f"no event within {timeout} s", path=queue.watched)
            waited = True

    # Watches

    def subscribe(self, queue: EventQueue) -> None:
        """Events with this token go to this queue; before WATCH, as an event may come before its reply."""
        with self._entered():
            self._check_open()
            self._session.queues[queue.token] = queue

    def new_token(self) -> bytes:
        """A token for a watch."""
        with self._entered():
            return self._session.new_token()

    def unsubscribe(self, queue: EventQueue) -> bool:
        """End a queue; False if that was done before."""
        if self._state == "forked":
            return False
        with self._entered():
            if queue.closed:
                return False
            queue.closed = True
            self._session.queues.pop(queue.token, None)
            self._rouse((queue,))
            if self._leader is not None and not isinstance(self._wake, _Closed):
                self._signal(self._wake)  # it may be this queue's, too
            return True

    def unwatch(self, queue: EventQueue) -> None:
        """Tell the daemon that a watch has ended, if it can be told."""
        if self._state != "open" or self._session.dead or queue.error is not None:
            return
        try:
            plans.drive(
                plans.unwatch(queue.path, queue.token), lambda request: self.exchange(request, self.timeout)
            )
        except StoreTimeoutError:
            raise
        except StoreError:
            pass  # an ended connection has ended its watches; an unknown watch has ended
        except ValueError:
            if self._state == "open":
                raise

    def drop(self, queue: EventQueue) -> bool:
        """End the watch of a finalizer: no lock, no I/O. Whether there was any."""
        queue.closed = True
        if self._state != "open":
            return False
        self._session.queues.pop(queue.token, None)
        if not self._session.dead:
            self._session.undo.append(queue.unwatch())
        return True

    def undo(self, request: Request, epoch: int) -> bool:
        """Send a request with the next one; for finalizers. Whether it makes sense to."""
        if self._state != "open" or self._session.dead or epoch != self._session.epoch:
            return False
        self._session.undo.append(request)
        return True

    # Selectors

    def fileno(self) -> int:
        """See `Store.fileno`."""
        with self._entered():
            self._check_open()
            if self._epoll is None:
                # Not a call to the machine's Xen, so not the kernel's business: this is for the
                # caller's own select(). The connection alone would not do, as another thread's
                # call may read a watch's event from it.
                from select import EPOLLIN, epoll

                notify = Descriptor(self.kernel, self.kernel.eventfd(), owned=True)
                watched = epoll()
                watched.register(notify.fd, EPOLLIN)
                watched.register(self._transport.descriptor.fd, EPOLLIN)
                self._notify, self._epoll = notify, watched
                if self._pending():
                    self._signal(self._notify)
            return self._epoll.fileno()

    def dispatch(self) -> int:
        """See `Store.dispatch`."""
        me = _Waiter()
        try:
            for _ in range(_READS):
                with self._entered():
                    self._check_open()
                    if self._session.dead:
                        if not self._pending():
                            raise self._session.death()
                        break
                    if not self._lead(me):
                        break  # another thread reads, or will
                if not self._step(me, self._deadline(0)):
                    break
        finally:
            try:
                self._leave(me)
            except BaseException:
                # A signal handler's. The others must not wait for us for ever.
                self._leave(me)
                raise
        with self._entered():
            # What was told of until now is counted here; of what comes later it is told again.
            if not isinstance(self._notify, _Closed):
                self._clear(self._notify)
            return self._pending()

    def _pending(self) -> int:
        # Listed first: a finalizer may take one out meanwhile.
        return sum(len(queue) for queue in list(self._session.queues.values()))

    # Beginning anew, and the end

    def reconnect(self) -> bool:
        """See `Store.reconnect`."""
        with self._entered():
            self._check_open()
            if not self._session.dead:
                return False
            if self._reopen is None:
                raise self._session.death()
            epoch = self._session.epoch
        transport = self._reopen()
        wake = Descriptor(self.kernel, self.kernel.eventfd(), owned=True)
        with self._entered():
            if self._state != "open" or self._session.epoch != epoch:
                # Another thread was quicker, to close or to connect.
                transport.close()
                self._check_open()
                return False
            old, self._transport = self._transport, transport
            if self._epoll is not None:
                from select import EPOLLIN

                self._epoll.unregister(old.descriptor.fd)
                self._epoll.register(transport.descriptor.fd, EPOLLIN)
            old.close()
            # Who still waits for the old one must look again; who comes now sees no signal of its end.
            self._signal(self._wake)
            self._wake = wake
            self._session.restart(transport.limit, transport.reply_limit)
            # Those that end meanwhile are set up all the same, and ended below.
            queues = list(self._session.queues.values())
        for queue in queues:
            queue.error = None
            try:
                plans.drive(
                    plans.watch(queue.path, queue.token, queue.depth),
                    lambda request: self.exchange(request, self.timeout, epoch + 1),
                )
            except StoreConnectionError:
                raise
            except StoreError as error:
                with self._entered():
                    queue.error = error.with_traceback(None)
                    self._rouse((queue,))
            if queue.closed and queue.error is None:
                # Ended by another thread before the daemon knew of it.
                self.undo(queue.unwatch(), epoch + 1)
        return True

    def close(self) -> None:
        """See `Store.close`."""
        if self._state == "forked":
            # The child's copies; the parent's other ends must not be told.
            self._state = "closed"
            self._transport.descriptor = self._wake = self._notify = _CLOSED
            self._close_epoll()
            return
        with self._entered():
            if self._state == "closed":
                return
            self._state = "closed"
            text = "the connection was closed by this process"
            try:
                self._finish(ECONNABORTED, text, "a request that was on its way may have been carried out")
            finally:
                self._transport.close()
                self._wake = self._notify = _CLOSED
                self._close_epoll()

    def _close_epoll(self) -> None:
        watched, self._epoll = self._epoll, None
        if watched is not None:
            watched.close()

    def _forked(self) -> None:
        if self._state == "open":
            self._transport.forked()
            for name in ("_wake", "_notify"):
                descriptor = getattr(self, name)
                if not isinstance(descriptor, _Closed):
                    setattr(self, name, _Forked(descriptor))
            self._state = "forked"
        # Those who waited and wrote are no more, and may have held the lock.
        self._idle()

    # Inside

    def _entered(self) -> RLock:
        """The lock, to be held for moments."""
        lock = self._lock
        if lock._is_owned():  # type: ignore[attr-defined]  # there, though typeshed has it not
            raise RuntimeError(_REENTRANT)
        return lock

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state == "closed":
            raise ValueError("I/O operation on closed XenStore connection")

    def _deadline(self, timeout: float | None) -> float | None:
        if timeout is None or timeout > TIMEOUT_MAX:
            return None
        return self.kernel.monotonic() + timeout

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self.kernel.monotonic(), 0.0)

    def _sleep(self, me: _Waiter, deadline: float | None) -> bool:
        """Sleep until roused; False if the time was up first."""
        left = self._left(deadline)
        return me.sleep.acquire(timeout=-1 if left is None else left)

    def _rouse(self, things: tuple[Waitable, ...] | list[Waitable]) -> None:
        """Wake up who sleeps for these; under the lock."""
        for thing in things:
            waiting: list[_Waiter] = thing.waiting
            while waiting:
                self._rouse_one(waiting.pop())

    def _rouse_one(self, waiter: _Waiter) -> None:
        if waiter in self._sleepers:
            del self._sleepers[waiter]
            waiter.sleep.release()

    def _signal(self, descriptor: Descriptor) -> None:
        """Make a waiter's system call return."""
        try:  # noqa: SIM105  # contextlib is not loaded for this
            self.kernel.write(descriptor.fd, _ONE)
        except BlockingIOError:
            pass  # as full as it can be: it is signalled

    def _clear(self, descriptor: Descriptor) -> None:
        try:  # noqa: SIM105  # contextlib is not loaded for this
            self.kernel.read(descriptor.fd, 8)
        except BlockingIOError:
            pass  # another thread did

    def _finish(self, errno: int, text: str, *hint: str) -> None:
        """End the session for everybody; under the lock."""
        self._rouse(self._session.fail(errno, text, *hint))
        self._end_waits()

    def _end_waits(self) -> None:
        """Who is in a system call looks again, and finds out; under the lock.

        Who waits to write is roused by the one before.
        """
        if not isinstance(self._wake, _Closed):
            self._signal(self._wake)
        self._tell_selectors()

    def _tell_selectors(self) -> None:
        if not isinstance(self._notify, _Closed):
            self._signal(self._notify)

    def _rouse_writer(self, waiter: _Waiter) -> None:
        if waiter in self._writers:
            del self._writers[waiter]
            waiter.sleep.release()

    def _abandon(self, call: Call) -> None:
        with self._entered():
            self._session.abandon(call)

    # Waiting

    def _wait(self, thing: Waitable, deadline: float | None) -> bool:
        """Wait until a thing is ready or the connection is finished; False if the time was up."""
        me = _Waiter()
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

    def _lead(self, me: _Waiter) -> bool:
        """Become the leader if there is none, or be it still; under the lock."""
        leader = self._leader
        if leader is None or leader is me:
            self._leader = me
            return True
        if leader.thread != me.thread:
            return False
        # We are in a signal handler that runs on top of the leader.
        if not leader.parked:
            raise RuntimeError(_REENTRANT)
        leader.overtaken = True
        me.outer = leader
        self._leader = me
        return True

    def _leave(self, me: _Waiter) -> None:
        """Stop leading, writing and sleeping, and let others."""
        me.descriptor = me.wake = me.target = _CLOSED
        with self._entered():
            self._sleepers.pop(me, None)
            if me.thing is not None and me in me.thing.waiting:
                me.thing.waiting.remove(me)
            if self._leader is me:
                self._leader = me.outer
                if me.outer is not None and not isinstance(self._wake, _Closed):
                    # What it waits for may have come meanwhile.
                    self._signal(self._wake)
            self._writers.pop(me, None)
            if self._writer is me:
                self._writer = None
                self._stuck = False
            if self._writer is None and self._writers:
                self._rouse_writer(next(iter(self._writers)))
            if self._leader is None:
                if self._sleepers:
                    self._rouse_one(next(iter(self._sleepers)))
                elif self._stuck and not isinstance(self._wake, _Closed):
                    # The writer waits for room that may come only if somebody reads.
                    self._signal(self._wake)

    def _step(self, me: _Waiter, deadline: float | None, *, room: bool = False) -> bool:
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
            with self._entered():
                self._finish(error.errno or EIO, f"waiting for xenstored failed: {error.strerror}")
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

    def _take_signal(self, me: _Waiter) -> None:
        """Have the wake-up wake nobody else; under the lock. That of the end is for all."""
        if self._wake is me.wake and not self._session.dead:
            self._clear(me.wake)

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
                    with self._entered():
                        if self._session.epoch == epoch:
                            self._finish(
                                error.errno or EIO, f"reading from xenstored failed: {error.strerror}"
                            )
                return
            with self._entered():
                if self._session.epoch == epoch:
                    alive = not self._session.dead
                    touched = self._session.feed(data) if data else self._session.end()
                    self._rouse(touched)
                    if alive and self.dead:
                        self._end_waits()
                    elif self._epoll is not None and any(type(thing) is not Call for thing in touched):
                        self._tell_selectors()
                complete = True
        finally:
            if not complete:
                # A signal handler has raised: perhaps bytes are lost.
                with self._lock:
                    if self._session.epoch == epoch:
                        self._finish(EINTR, "reading was interrupted by an exception")

    # Writing

    def _send(self, request: Request, deadline: float | None, epoch: int | None) -> Call:
        """Write a request, when its turn has come."""
        while True:
            call = self._send_next(request, deadline, epoch)
            if call is not None:
                return call

    def _send_next(self, request: Request, deadline: float | None, epoch: int | None) -> Call | None:
        """Write what comes next: this request, or what must go first (None)."""
        me = _Waiter()
        expired = False
        try:
            while True:
                blocker = None
                with self._entered():
                    self._check_open()
                    session = self._session
                    if epoch is not None and epoch != session.epoch:
                        raise session.lost(request)
                    if session.dead:
                        raise session.death(request)
                    writer = self._writer
                    blocker = session.blocker
                    if writer is None and blocker is None:
                        self._writer = me
                        # An errand alone, if there is room for one message only.
                        call = None if session.serial and session.undo else session.begin(request)
                        errands = session.errands()
                        transport = self._transport
                        me.target = transport.descriptor
                        break
                    if writer is not None and writer.thread == me.thread:
                        raise RuntimeError(_REENTRANT)
                    if expired:
                        raise request.refusal(
                            ETIMEDOUT, "others are still sending or unanswered", hint="this was not sent"
                        )
                    if writer is not None:
                        self._writers[me] = None
                if writer is not None:
                    expired = not self._sleep(me, deadline)
                elif blocker is not None:
                    expired = not self._wait(blocker, deadline)
            try:
                for errand in errands:
                    self._write(me, transport, errand.message, deadline, None)
                    with self._entered():
                        session.written(errand)
            except BaseException:
                if call is not None:
                    with self._lock:
                        session.withdraw(call)
                raise
            if call is not None and not call.ready:  # the connection may have ended just now
                self._write(me, transport, call.message, deadline, call)
                with self._entered():
                    session.written(call)
            return call
        finally:
            try:
                self._leave(me)
            except BaseException:
                # A signal handler's. The others must not wait for us for ever.
                self._leave(me)
                raise

    def _write(
        self,
        me: _Waiter,
        transport: Transport,
        message: bytes,
        deadline: float | None,
        call: Call | None,
    ) -> None:
        """Write one whole message; what is left half written ends the connection.

        Args:
            call: what it is for; None for an errand, whose errors concern nobody.
        """
        view = memoryview(message)
        whole = False
        untouched = True
        try:
            while True:
                before, untouched = untouched, False
                try:
                    done = transport.write(me.target.fd, view)
                except XenError:  # ForkedError
                    raise
                except OSError as error:
                    number = error.errno or EIO
                    if number not in (EAGAIN, EINTR):
                        if transport.is_fatal(number):
                            with self._entered():
                                self._finish(number, f"writing to xenstored failed: {error.strerror}")
                            whole = True  # it is finished already, for a better reason
                            return
                        whole = True
                        if call is None:
                            return
                        with self._entered():
                            self._session.withdraw(call)
                        raise call.request.refusal(number, hint="the kernel's driver refused it") from None
                    untouched = before
                    done = 0
                if done == len(view):
                    whole = True
                    return
                view = view[done:]
                if not done and not self._room(me, deadline):
                    if self.dead:
                        whole = True
                        return
                    about = call.request if call is not None else None
                    if untouched:
                        hint = "this was not sent"
                    else:
                        hint = "half of it was: the connection is finished, as nothing can follow that"
                    if about is None:
                        raise StoreTimeoutError(ETIMEDOUT, "xenstored takes no more bytes", hint=hint)
                    raise about.refusal(ETIMEDOUT, "xenstored takes no more bytes", hint=hint)
        finally:
            if not whole:
                with self._lock:
                    if untouched:
                        if call is not None:
                            self._session.withdraw(call)
                    else:
                        self._finish(
                            EIO, "a message was cut short: its sender ran out of time or was interrupted"
                        )

    def _room(self, me: _Waiter, deadline: float | None) -> bool:
        """Wait until there may be room to write; False if the time is up or the connection finished."""
        with self._entered():
            if self._session.dead or self._state != "open":
                return False
            # A peer that waits for us to read makes no room.
            lead = self._lead(me)
            self._stuck = True
            me.wake = self._wake
        if lead:
            in_time = self._step(me, deadline, room=True)
        else:
            try:
                woken, writable = self.kernel.wait((me.wake.fd,), (me.target.fd,), self._left(deadline))
            except XenError:  # ForkedError
                raise
            except OSError as error:
                with self._entered():
                    self._finish(error.errno or EIO, f"waiting for xenstored failed: {error.strerror}")
                return False
            in_time = bool(woken or writable)
        return in_time and not self.dead
