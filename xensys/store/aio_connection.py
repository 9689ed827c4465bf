"""One connection to xenstored, used by the tasks of one event loop.

The loop reads as soon as something comes, whoever waits for it, and writes as
soon as there is room. Tasks wait for futures, which replies, events, the end
of the connection and timers resolve; whoever is woken looks for itself.

Always true here:

* A message is begun when the one before it is whole. Once begun it is finished,
  whatever becomes of the task that sent it; one not begun is taken back.
* Who is cancelled waits for nothing any more: what is to be undone is sent, and
  its reply dropped when it comes.
* The loop forgets a descriptor before it is closed: its number may be another
  file's next.
* In a forked child the loop is left alone, as it shares its epoll with the parent.
* Bytes that were read reach the session, or the connection is finished.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections import deque
from errno import EAGAIN, ECONNABORTED, EINTR, EIO, ETIMEDOUT

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.devices._device import _CLOSED
from xensys.errors import ForkedError, StoreConnectionError, StoreError, StoreTimeoutError, error_from
from xensys.store import plans
from xensys.store._deadlines import Deadlines
from xensys.store.session import GIVEN_UP, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import EllipsisType
    from typing import TypeVar

    from xensys.kernel import Kernel
    from xensys.store.plans import Plan
    from xensys.store.protocol import Request
    from xensys.store.session import Call, Waitable
    from xensys.store.transports import Transport
    from xensys.store.watches import Event, EventQueue

    _T = TypeVar("_T")

__all__ = ["Connection"]


class _Outgoing:
    """A message to be written.

    Attributes:
        rest: what is left of it.
        call: what it is for; None for what nobody waits for.
        wire: its call, whoever waits.
        begun: some of it has been written.
    """

    __slots__ = ("begun", "call", "rest", "wire")

    def __init__(self, wire: Call, call: Call | None) -> None:
        self.rest = memoryview(wire.message)
        self.call = call
        self.wire = wire
        self.begun = False


class Connection(OneOfAKind):
    """A transport and a session, for the event loop that is running.

    Args:
        transport: how bytes travel.
        reopen: makes another transport, for `reconnect`; None if there is none.
        timeout: seconds a request may take; None waits.
    """

    __slots__ = (
        "__weakref__", "_loop", "_outbox", "_registered", "_reopen", "_session", "_state", "_transport",
        "_waits_for_room", "deadlines", "kernel", "timeout",
    )  # fmt: skip

    def __init__(
        self, transport: Transport, reopen: Callable[[], Transport] | None, timeout: float | None
    ) -> None:
        self.kernel: Kernel = transport.kernel
        self.timeout = timeout
        self._loop = asyncio.get_running_loop()
        #: Those of `Store.deadline`.
        self.deadlines = Deadlines(self._loop.time, asyncio.current_task)
        self._reopen = reopen
        self._transport = transport
        self._session = Session(transport.limit, transport.reply_limit, serial=transport.serial)
        self._state = "open"
        self._outbox: deque[_Outgoing] = deque()
        #: The number that the loop knows us by.
        self._registered: int | None = None
        self._waits_for_room = False
        self._register()
        watch_fork(self)

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

    async def run(self, plan: Plan[_T], epoch: int | None = None, *, until: float | None = None) -> _T:
        """Carry out a plan; see `plans.drive`.

        Args:
            until: when it has to end at the latest.
            epoch: the connection it must go through. Unless given, any, but a
                transaction stays with the one that it was begun on.
        """
        begun = self._session.epoch
        try:
            request = next(plan)
            while True:
                through = begun if epoch is None and request.tx_id else epoch
                try:
                    payload = await self.exchange(request, epoch=through, until=until)
                except (CancelledError, GeneratorExit):
                    self._wind_up(plan, begun)
                    raise
                except BaseException as error:
                    request = plan.throw(error)
                else:
                    request = plan.send(payload)
        except StopIteration as end:
            result: _T = end.value
            return result

    def _wind_up(self, plan: Plan[object], epoch: int) -> None:
        """Tell a plan that it is cancelled, and send what it asks for then without waiting."""
        # Not a GeneratorExit: upon that it would not even ask.
        error = CancelledError()
        try:
            while True:
                self.post(plan.throw(error), epoch)
        except (CancelledError, StopIteration):
            pass

    async def exchange(
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
        self._check_open()
        deadline = self.deadlines.until(timeout, self.timeout, until)
        session = self._session
        if epoch is not None and epoch != session.epoch:
            raise session.lost(request)
        epoch = session.epoch
        session.ask_first(request)
        call = session.begin(request)
        self._queue_errands()
        out = _Outgoing(call, call)
        self._outbox.append(out)
        self._flush()
        try:
            in_time = call.ready or await self._wait(call, deadline)
        except GeneratorExit:
            # Perhaps a collection, in the middle of anything.
            self._later(self._forget, out, call, epoch)
            raise
        except BaseException:
            self._forget(out, call, epoch)
            raise
        if not in_time:
            waiting = out in self._outbox
            self._forget(out, call, epoch)
            if not waiting:
                text = f"no reply {self.deadlines.told(timeout, self.timeout)}"
                hint = "it may have been carried out, or be carried out yet"
            else:
                text = "xenstored takes no more bytes"
                hint = "half of it was sent, and the rest will be" if out.begun else "this was not sent"
            raise request.refusal(ETIMEDOUT, text, hint=hint)
        return call.result()

    def _forget(self, out: _Outgoing, call: Call, epoch: int) -> None:
        """Nobody waits for this call any more."""
        session = self._session
        if epoch != session.epoch:
            return
        if out in self._outbox and not out.begun:
            self._outbox.remove(out)
            session.withdraw(call)
            session.unsent(call.request, epoch)
            self._later(self._send_errands)
        else:
            session.abandon(call)
            self._send_errands()

    # What nobody waits for

    def post(self, request: Request, epoch: int) -> bool:
        """Send a request soon and drop its reply; for finalizers too. Whether it makes sense to."""
        if self._state != "open" or self._session.dead or epoch != self._session.epoch:
            return False
        self._session.later(request, epoch)
        # Later: this may be a collection in the middle of anything, or in another thread.
        self._later(self._send_errands)
        return True

    def _later(self, function: Callable[..., object], *arguments: object) -> bool:
        """Have the loop call a function; False if it has ended."""
        if self._state == "forked":
            return False
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # closed
            return False
        return True

    def _queue_errands(self) -> None:
        self._outbox += [_Outgoing(call, None) for call in self._session.errands()]

    def _send_errands(self) -> None:
        if self._state == "open" and self._session.undo:
            self._queue_errands()
            self._flush()

    # Watches

    async def next_event(self, queue: EventQueue, timeout: float | None) -> Event:
        """The next event of a watch; see `Watch.get`."""
        self._check_loop()
        deadline = self.deadlines.until(timeout, None)
        waited = looked = False
        while True:
            if queue.closed:
                raise ValueError("this watch is closed")
            # A close that came later is an error of the connection, as for all that wait.
            if not waited or self._state == "forked":
                self._check_open()
            event = queue.pop()
            if event is not None:
                return event
            self._session.check(queue)
            if timeout is not None and timeout <= 0 and not looked:
                # Not every loop looks at descriptors before it looks at the clock.
                looked = True
                self._look()
                continue
            if not await self._wait(queue, deadline):
                text = f"no event {self.deadlines.told(timeout, None)}"
                raise StoreTimeoutError(ETIMEDOUT, text, path=queue.watched)
            waited = True

    def new_token(self) -> bytes:
        """A token for a watch."""
        self._check_open()
        return self._session.new_token()

    def subscribe(self, queue: EventQueue) -> None:
        """Events with this token go to this queue; before WATCH, as an event may come before its reply."""
        self._session.queues[queue.token] = queue

    def unsubscribe(self, queue: EventQueue) -> bool:
        """End a queue; False if that was done before."""
        if self._state == "forked" or queue.closed:
            return False
        self._check_loop()
        self.forget(queue)
        self._rouse((queue,))
        return True

    def forget(self, queue: EventQueue) -> None:
        """End a queue that nobody waits for."""
        queue.closed = True
        self._session.queues.pop(queue.token, None)

    async def unwatch(self, queue: EventQueue) -> None:
        """Tell the daemon that a watch has ended, if it can be told."""
        if self._state != "open" or self._session.dead or queue.error is not None:
            return
        try:
            await self.run(plans.unwatch(queue.path, queue.token))
        except StoreTimeoutError:
            raise
        except StoreError:
            pass  # an ended connection has ended its watches; an unknown watch has ended

    def drop(self, queue: EventQueue) -> bool:
        """End a watch without waiting; for finalizers too. Whether there was any."""
        self.forget(queue)
        if self._state != "open":
            return False
        if queue.error is None:
            self.post(queue.unwatch(), self._session.epoch)
        return True

    # Beginning anew, and the end

    async def reconnect(self) -> bool:
        """See `Store.reconnect`."""
        self._check_open()
        session = self._session
        if not session.dead and not (session.overdue and self._reopen):
            return False
        if self._reopen is None:
            raise session.death()
        if not session.dead:
            self._finish(ECONNABORTED, GIVEN_UP)
        transport = self._reopen()
        self._transport.close()
        self._transport = transport
        session.restart(transport.limit, transport.reply_limit)
        epoch = session.epoch
        whole = False
        try:
            self._register()
            # Those that end meanwhile are set up all the same, and ended below.
            for queue in list(session.queues.values()):
                queue.error = None
                try:
                    await self.run(plans.watch(queue.path, queue.token, queue.depth), epoch)
                except (StoreConnectionError, StoreTimeoutError):
                    raise  # a daemon that does not answer would be waited for once for each of them
                except StoreError as error:
                    queue.error = error.with_traceback(None)
                    self._rouse((queue,))
                if queue.closed and queue.error is None:
                    # Ended by another task before the daemon knew of it.
                    self.post(queue.unwatch(), epoch)
            whole = True
        finally:
            if not whole and self._state == "open" and session.epoch == epoch:
                # Watches that are not set up must not look as if they were.
                self._finish(ECONNABORTED, "connecting anew was interrupted")
        return True

    def close(self) -> None:
        """See `Store.close`."""
        if self._state == "forked":
            # The child's copies; the parent's other end must not be told.
            self._state = "closed"
            self._transport.descriptor = _CLOSED
        elif self._state == "open":
            if not self._loop.is_closed():
                self._check_loop()
            self._shut()

    def discard(self) -> None:
        """Close it, for finalizers: soon, and in the loop's thread."""
        if not self._later(self._shut):
            self._shut()

    def _shut(self) -> None:
        if self._state != "open":
            return
        self._state = "closed"
        text = "the connection was closed by this process"
        self._finish(ECONNABORTED, text, "a request that was on its way may have been carried out")
        self._transport.close()

    def _finish(self, errno: int, text: str, *hint: str) -> None:
        """End the session for everybody."""
        touched = self._session.fail(errno, text, *hint)
        self._unregister()
        self._rouse(touched)

    def _forked(self) -> None:
        if self._state == "open":
            self._transport.forked()
            self._state = "forked"
        self._registered = None
        self._outbox.clear()

    # The loop

    def _check_loop(self) -> None:
        if self._state == "forked":
            raise ForkedError
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is not self._loop:
            raise RuntimeError("this XenStore connection belongs to another event loop, or its thread")

    def _check_open(self) -> None:
        self._check_loop()
        if self._state == "closed":
            raise ValueError("I/O operation on closed XenStore connection")

    async def _wait(self, thing: Waitable, deadline: float | None) -> bool:
        """Wait until there is news of a thing or the connection; False if the time was up."""
        future: asyncio.Future[bool] = self._loop.create_future()
        timer = None if deadline is None else self._loop.call_at(deadline, _resolve, future, False)
        thing.waiting.append(future)
        try:
            # A reply may have come between the timer and us.
            return await future or thing.ready
        finally:
            if timer is not None:
                timer.cancel()
            if future in thing.waiting:
                thing.waiting.remove(future)

    def _rouse(self, things: tuple[Waitable, ...] | list[Waitable]) -> None:
        """Wake up who waits for these."""
        for thing in things:
            # Emptied and not exchanged: joined watches have one list in common.
            futures, thing.waiting[:] = list(thing.waiting), []
            if not self._loop.is_closed():
                for future in futures:
                    _resolve(future, True)

    def _register(self) -> None:
        number = self._transport.descriptor.fd
        try:
            self._loop.add_reader(number, self._readable)
        except OSError as error:
            self._transport.close()
            raise error_from(
                error.errno or EIO, call=f"epoll_ctl({self.path})", hint="this can not be waited for"
            ) from None
        self._registered = number

    def _unregister(self) -> None:
        number, self._registered = self._registered, None
        self._outbox.clear()
        self._waits_for_room = False
        if number is not None and not self._loop.is_closed():
            self._loop.remove_reader(number)
            self._loop.remove_writer(number)

    def _look(self) -> None:
        """Read what is there, if anything."""
        number = self._registered
        if number is not None and self.kernel.wait((number,), (), 0)[0]:
            self._readable()

    def _readable(self) -> None:
        """The loop has found that there is something to read."""
        if self._registered is None:
            return
        transport, session = self._transport, self._session
        descriptor = transport.descriptor
        complete = False
        try:
            try:
                data = transport.read(descriptor.fd)
            except OSError as error:
                complete = True
                if error.errno not in (EAGAIN, EINTR):
                    self._finish(error.errno or EIO, f"reading from xenstored failed: {error.strerror}")
                return
            touched = session.feed(data) if data else session.end()
            complete = True
        finally:
            if not complete:
                # A signal handler has raised: perhaps bytes are lost.
                self._finish(EINTR, "reading was interrupted by an exception")
        if session.dead:
            self._unregister()
        self._rouse(touched)
        self._send_errands()
        if session.serial and self._outbox:
            self._flush()

    def _flush(self) -> None:
        """Write what is to be written, as far as there is room."""
        transport, outbox = self._transport, self._outbox
        descriptor = transport.descriptor
        while outbox and self._registered is not None and self._session.blocker is None:
            out = outbox[0]
            complete = False
            try:
                try:
                    done = transport.write(descriptor.fd, out.rest)
                except OSError as error:
                    complete = True
                    number = error.errno or EIO
                    if number == EINTR:
                        continue
                    if number == EAGAIN:
                        break
                    if transport.is_fatal(number):
                        self._finish(number, f"writing to xenstored failed: {error.strerror}")
                        return
                    outbox.popleft()
                    if out.call is not None:
                        self._session.withdraw(out.call)
                        refusal = out.call.request.refusal(number, hint="the kernel's driver refused it")
                        out.call.refuse(refusal)
                        self._rouse((out.call,))
                    continue
                out.begun = out.begun or done > 0
                out.rest = out.rest[done:]
                if not out.rest:
                    outbox.popleft()
                    self._session.written(out.wire)
                complete = True
            finally:
                if not complete:
                    self._finish(EIO, "a message was cut short: its sender was interrupted")
        stuck = bool(outbox) and self._session.blocker is None
        if self._registered is not None and self._waits_for_room != stuck:
            self._waits_for_room = stuck
            if stuck:
                self._loop.add_writer(self._registered, self._flush)
            else:
                self._loop.remove_writer(self._registered)


def _resolve(future: asyncio.Future[bool], news: bool) -> None:
    if not future.done():
        future.set_result(news)
