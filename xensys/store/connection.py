"""One connection to xenstored, used by many threads: requests, watches, selectors, its end.

Who waits, reads and wakes whom is in `_waiting`. Messages are written whole,
by one thread at a time.
"""

from __future__ import annotations

from errno import EAGAIN, ECONNABORTED, EINTR, EIO, ETIMEDOUT

from xensys.devices._device import _CLOSED
from xensys.devices._wakeups import NO_WAKEUP, Wakeup
from xensys.errors import (
    StoreConnectionError,
    StoreError,
    StoreTimeoutError,
    XenError,
    error_from,
)
from xensys.store import plans
from xensys.store._waiting import REENTRANT, Waiter, Waiting
from xensys.store.session import GIVEN_UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from select import epoll
    from types import EllipsisType

    from xensys.store.protocol import Request
    from xensys.store.session import Call
    from xensys.store.transports import Transport
    from xensys.store.watches import Event, EventQueue

__all__ = ["Connection"]

#: How often `dispatch` reads at most: whoever sends without end does not keep it.
_READS = 16


class Connection(Waiting):
    """A transport and a session, for threads.

    Args:
        transport: how bytes travel.
        reopen: makes another transport, for `reconnect`; None if there is none.
        timeout: seconds a request may take; None waits.
    """

    __slots__ = ("_reopen",)

    def __init__(
        self, transport: Transport, reopen: Callable[[], Transport] | None, timeout: float | None
    ) -> None:
        super().__init__(transport, timeout)
        self._reopen = reopen

    # Requests

    def exchange(
        self,
        request: Request,
        timeout: float | EllipsisType | None = ...,
        epoch: int | None = None,
        *,
        until: float | None = None,
    ) -> bytes:
        """Send a request and wait for its reply.

        Args:
            timeout: seconds; None waits. Unless given what is in force, see `Store.deadline`.
            epoch: the connection it must go through; None for any.
            until: when it has to end at the latest.
        """
        deadline = self.deadlines.until(timeout, self.timeout, until)
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
                f"no reply {self.deadlines.told(timeout, self.timeout)}",
                hint="it may have been carried out, or be carried out yet",
            )
        return call.result()

    def next_event(self, queue: EventQueue, timeout: float | None) -> Event:
        """The next event of a watch; see `Watch.get`."""
        deadline = self.deadlines.until(timeout, None)
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
                text = f"no event {self.deadlines.told(timeout, None)}"
                raise StoreTimeoutError(ETIMEDOUT, text, path=queue.watched)
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
            if self._leader is not None:
                self._wake.signal()  # it may be this queue's, too
            return True

    def forget(self, queue: EventQueue) -> None:
        """End a queue whose watch could not be set up."""
        self.unsubscribe(queue)

    def unwatch(self, queue: EventQueue) -> None:
        """Tell the daemon that a watch has ended, if it can be told."""
        if self._state != "open" or self._session.dead or queue.error is not None:
            return
        try:
            plans.drive(plans.unwatch(queue.path, queue.token), self.exchange)
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
            self._session.later(queue.unwatch())
        return True

    def undo(self, request: Request, epoch: int) -> bool:
        """Send a request with the next one; for finalizers. Whether it makes sense to."""
        if self._state != "open" or self._session.dead or epoch != self._session.epoch:
            return False
        self._session.later(request, epoch)
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

                try:
                    notify = Wakeup(self.kernel)
                    watched = epoll()
                    watched.register(notify.fd, EPOLLIN)
                    watched.register(self._transport.descriptor.fd, EPOLLIN)
                except XenError:  # ForkedError
                    raise
                except OSError as error:
                    raise error_from(error.errno or EIO, call=f"epoll({self.path})") from None
                self._notify, self._epoll = notify, watched
                if self._pending():
                    notify.signal()
            return self._epoll.fileno()

    def dispatch(self) -> int:
        """See `Store.dispatch`."""
        me = Waiter()
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
                if not self._step(me, self.kernel.monotonic()):
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
            self._notify.clear()
            return self._pending()

    def _pending(self) -> int:
        # Listed first: a finalizer may take one out meanwhile.
        return sum(len(queue) for queue in list(self._session.queues.values()))

    # Beginning anew, and the end

    def reconnect(self) -> bool:
        """See `Store.reconnect`."""
        with self._entered():
            self._check_open()
            if not self._session.dead and not (self._session.overdue and self._reopen):
                return False
            if self._reopen is None:
                raise self._session.death()
            epoch = self._session.epoch
            if not self._session.dead:
                self._finish(ECONNABORTED, GIVEN_UP, epoch=epoch)
        transport = self._reopen()
        wake = self._new_wake(transport)
        # From here on the connection is either this one, or finished: an exception, which may be
        # a signal handler's, finds it dead as before, or ends it below.
        whole = False
        try:
            with self._entered():
                if self._state != "open" or self._session.epoch != epoch:
                    # Another thread was quicker, to close or to connect.
                    whole = True
                    transport.close()
                    self._check_open()
                    return False
                if self._epoll is not None:
                    self._select(self._epoll, transport)
                old, self._transport = self._transport, transport
                old.close()
                # Who still waits for the old one must look again; who comes now sees no signal of its end.
                self._wake.signal()
                self._wake = wake
                self._session.restart(transport.limit, transport.reply_limit)
                # Those that end meanwhile are set up all the same, and ended below.
                queues = list(self._session.queues.values())
            for queue in queues:
                self._watch_again(queue, epoch + 1)
            whole = True
        finally:
            if not whole:
                with self._lock:
                    if self._state == "open":
                        # Watches that are not set up must not look as if they were.
                        self._finish(ECONNABORTED, "connecting anew was interrupted", epoch=epoch + 1)
        return True

    def _select(self, watched: epoll, transport: Transport) -> None:
        """Have selectors told of another transport, and not of this one; under the lock."""
        from select import EPOLLIN

        try:
            watched.register(transport.descriptor.fd, EPOLLIN)
        except OSError as error:
            transport.close()
            raise error_from(error.errno or EIO, call=f"epoll_ctl({transport.path})") from None
        try:  # noqa: SIM105  # contextlib is not loaded for this
            watched.unregister(self._transport.descriptor.fd)
        except (OSError, ValueError):
            pass  # closed: so an earlier attempt was interrupted

    def _watch_again(self, queue: EventQueue, epoch: int) -> None:
        queue.error = None
        try:
            plans.drive(
                plans.watch(queue.path, queue.token, queue.depth),
                lambda request: self.exchange(request, epoch=epoch),
            )
        except (StoreConnectionError, StoreTimeoutError):
            raise  # a daemon that does not answer would be waited for once for each of them
        except StoreError as error:
            with self._entered():
                queue.error = error.with_traceback(None)
                self._rouse((queue,))
        if queue.closed and queue.error is None:
            # Ended by another thread before the daemon knew of it.
            self.undo(queue.unwatch(), epoch)

    def restrict(self, domid: int) -> None:
        """See `Store.restrict`."""
        with self._entered():
            if self.restricted_to is None:
                self._check_open()
                self.restricted_to = domid
            elif self.restricted_to != domid:
                self._check_open()
            fd = None if self._transport.closed else self._transport.descriptor
        try:
            if fd is not None:
                # Also where the descriptor is somebody else's, and stays.
                self.kernel.revoke(fd.fd)
        finally:
            del fd
            self.close()

    def close(self) -> None:
        """See `Store.close`."""
        if self._state == "forked":
            # The child's copies; the parent's other ends must not be told.
            self._state = "closed"
            self._transport.descriptor = _CLOSED
            self._wake = self._notify = NO_WAKEUP
            self._close_epoll()
            return
        with self._entered():
            if self._state == "closed":
                return
            self._state = "closed"
            text = "the connection was closed by this process"
            try:
                hint = "a request that was on its way may have been carried out"
                self._finish(ECONNABORTED, text, hint, epoch=self._session.epoch)
            finally:
                self._transport.close()
                self._wake = self._notify = NO_WAKEUP
                self._close_epoll()

    def _close_epoll(self) -> None:
        watched, self._epoll = self._epoll, None
        if watched is not None:
            watched.close()

    # Writing

    def _send(self, request: Request, deadline: float | None, epoch: int | None) -> Call:
        """Write a request, when its turn has come."""
        through = self._session.epoch if epoch is None else epoch
        try:
            with self._entered():
                self._session.ask_first(request)
            while True:
                call = self._send_next(request, deadline, epoch)
                if call is not None:
                    return call
        except BaseException as error:
            # The others say that it was refused, or that the connection has ended.
            if isinstance(error, StoreTimeoutError) or not isinstance(error, OSError | ValueError):
                self._session.unsent(request, through)
            raise

    def _send_next(self, request: Request, deadline: float | None, epoch: int | None) -> Call | None:
        """Write what comes next: this request, or what must go first (None)."""
        me = Waiter()
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
                    writer = self._writer if self._writer is not me else None
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
                        raise RuntimeError(REENTRANT)
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
            unsent = list(errands)
            try:
                for errand in errands:
                    self._write(me, transport, errand, deadline)
                    del unsent[0]
                    with self._entered():
                        session.written(errand)
            except BaseException:
                with self._lock:
                    if call is not None:
                        session.withdraw(call)
                    session.put_back(unsent)
                raise
            if call is not None and not call.ready:  # the connection may have ended just now
                self._write(me, transport, call, deadline)
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

    def _write(self, me: Waiter, transport: Transport, call: Call, deadline: float | None) -> None:
        """Write one whole message; what is left half written ends the connection.

        Errors of an errand concern nobody, unless there is no room for it.
        """
        view = memoryview(call.message)
        errand = call.abandoned
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
                        whole = True
                        if transport.is_fatal(number):
                            # Unless it is finished already, for a better reason.
                            text = f"writing to xenstored failed: {error.strerror}"
                            with self._entered():
                                self._finish(number, text, epoch=call.epoch)
                            return
                        with self._entered():
                            self._session.withdraw(call)
                        if errand:
                            return
                        raise call.request.refusal(number, hint="the kernel's driver refused it") from None
                    untouched = before
                    done = 0
                if done == len(view):
                    whole = True
                    return
                view = view[done:]
                if not done and not self._room(me, deadline, call.epoch):
                    if call.ready or self.dead:
                        whole = True
                        return
                    if untouched:
                        hint = "this was not sent"
                    else:
                        hint = "half of it was: the connection is finished, as nothing can follow that"
                    text = "xenstored takes no more bytes"
                    if errand:
                        raise StoreTimeoutError(ETIMEDOUT, text, hint=hint)
                    raise call.request.refusal(ETIMEDOUT, text, hint=hint)
        finally:
            if not whole:
                text = "a message was cut short: its sender ran out of time or was interrupted"
                with self._lock:
                    if untouched:
                        if not errand:
                            self._session.withdraw(call)
                    else:
                        self._finish(EIO, text, epoch=call.epoch)

    def _room(self, me: Waiter, deadline: float | None, epoch: int) -> bool:
        """Wait until there may be room to write; False if the time is up or the connection finished."""
        with self._entered():
            if self._session.dead or self._session.epoch != epoch or self._state != "open":
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
                text = f"waiting for xenstored failed: {error.strerror}"
                with self._entered():
                    self._finish(error.errno or EIO, text, epoch=epoch)
                return False
            in_time = bool(woken or writable)
        return in_time and not self.dead and self._session.epoch == epoch
