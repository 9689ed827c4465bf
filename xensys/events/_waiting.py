"""Waiting for the events of one evtchn file, in many threads; the lower half of `Events`.

There is no thread of ours. Of the threads that wait, one is the leader: it
waits for the descriptor; the others sleep, each on a lock of its own. Who reads
gives each event to who waits for its port, or else puts the port in the queue,
for who waits for any. A leader that has what it wants rouses another to lead.

Always true here:

* `_lock` is held for moments, never while anything waits. Ports are bound,
  read and closed under it, so that no event is read whose port is not known.
* A closed port's events are out of the file before its number can come again.
* A port whose event was lost, or may have been, is in the queue: an event too
  many costs its owner a look, one too few a hang.
* Whoever leaves makes sure that somebody leads, if anybody sleeps.

A signal handler may make calls of its own while the thread it interrupts waits
here. If it interrupts the few moments between, it gets RuntimeError, as from
Python's buffered files.
"""

from __future__ import annotations

from _thread import RLock, allocate_lock, get_ident
from errno import EINTR, EIO

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.devices._wakeups import NO_WAKEUP, NoWakeup, Wakeup, after_fork
from xensys.devices.evtchn import BATCH, Evtchn
from xensys.errors import ForkedError, XenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from select import epoll
    from typing import Any

    from xensys.devices._device import Descriptor
    from xensys.events._port import Port
    from xensys.kernel import Kernel

REENTRANT = "reentrant call of Events, from a signal handler or a finalizer"


class Waiter:
    """One thread's wait; or, with `tell`, that of an event loop's task.

    Attributes:
        thread: which.
        port: what for; None for any that nobody else waits for.
        got: the port has had its event.
        tell: called, in any thread and under the lock, when it should look again; else None.
        parked: it leads, and is about to be, or is, in the system call that waits.
        sleep: a lock it holds; roused when somebody else releases that.
        outer: the wait of the same thread that it leads on top of, in a signal handler.
        held: the descriptors that it waits for. Here and in no frame, which an exception's
            traceback would keep, and them open.
    """

    __slots__ = ("got", "held", "outer", "parked", "port", "sleep", "tell", "thread")

    def __init__(self, port: Port | None, tell: Callable[[Waiter], None] | None = None) -> None:
        self.thread = get_ident()
        self.port = port
        self.got = False
        self.tell = tell
        self.parked = False
        self.sleep = allocate_lock()
        self.sleep.acquire()
        self.outer: Waiter | None = None
        self.held: tuple[Descriptor, Wakeup] | None = None


class Waiting(OneOfAKind):
    """An evtchn file, its ports, and the threads that wait for them."""

    __slots__ = (
        "__weakref__", "_any", "_blocking", "_epoll", "_family", "_file", "_kernel", "_leader", "_lock",
        "_notify", "_ports", "_queue", "_sleepers", "_state", "_wake",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, family: Callable[[], Any] | None) -> None:
        self._kernel = kernel
        self._family = family
        self._state = "open"
        self._file: Evtchn | None = None
        #: Whether the descriptor is somebody else's, and blocks: then it is not read unseen.
        self._blocking = False
        #: What wakes the leader up; made when there first is one that must wait.
        self._wake: Wakeup | NoWakeup = NO_WAKEUP
        #: For selectors, once anybody asks: readable when the file is, or the queue is not empty.
        self._epoll: epoll | None = None
        self._notify: Wakeup | NoWakeup = NO_WAKEUP
        self._idle()
        watch_fork(self)

    def _idle(self) -> None:
        self._lock = RLock()
        self._leader: Waiter | None = None
        self._sleepers: dict[Waiter, None] = {}
        self._ports: dict[int, Port] = {}
        #: Ports that have had an event which nobody waited for.
        self._queue: dict[Port, None] = {}
        #: Who waits for any.
        self._any: list[Waiter] = []

    @property
    def _device(self) -> Evtchn:
        """The open file; opened now if it was not yet."""
        file = self._file
        if file is None:
            with self._entered():
                file = self._opened()
        return file

    def _opened(self) -> Evtchn:
        """`_device`, under the lock."""
        self._check_open()
        if self._file is None:
            file = Evtchn.open(self._kernel)
            try:
                # Ours alone; so an event that somebody else took makes nobody wait.
                self._kernel.set_blocking(file.fileno(), False)
            except BaseException:
                file.close()
                raise
            self._file = file
        return self._file

    def _entered(self) -> RLock:
        """The lock, to be held for moments."""
        lock = self._lock
        if lock._is_owned():  # type: ignore[attr-defined]  # there, though typeshed has it not
            raise RuntimeError(REENTRANT)
        return lock

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state == "closed":
            raise ValueError("I/O operation on closed Events")

    def _forked(self) -> None:
        if self._state == "open":
            for port in self._ports.values():
                port._open = False
            self._wake, self._notify = after_fork(self._wake), after_fork(self._notify)
            if self._epoll is not None:
                self._epoll.close()
                self._epoll = None
            self._state = "forked"
        # Those who waited are no more, and one may have held the lock.
        self._idle()

    def _ask(self) -> Any:
        """The event_channel_op hypercall."""
        if self._family is None:
            raise ValueError("made without the event_channel_op hypercall: use xen.events")
        return self._family()

    def _unbind(self, port: Port) -> None:
        """Close a port; nothing, if it is closed or a parent process's."""
        with self._entered():
            if not port._open:
                return
            # First, so that whatever happens then it is closed for everybody.
            port._open = False
            try:
                self._device_unbind(port)
            finally:
                self._drop(port)

    def _device_unbind(self, port: Port) -> None:
        """Close it, and take what it has left in the file; under the lock."""
        device = self._opened()
        device.unbind(port.port)
        try:  # noqa: SIM105  # contextlib is not loaded for this
            # What it has left there is not to reach the next one of that number.
            # And unread it would take room that Linux counts per open port.
            self._read()
        except XenError:
            pass  # an overflow stays until a reset: who waits is told

    def _drop(self, port: Port) -> None:
        """Forget a port; who waits for it finds out. Under the lock."""
        if self._ports.get(port.port) is port:
            del self._ports[port.port]
        self._queue.pop(port, None)
        for waiter in tuple(port._waiting):
            self._nudge(waiter)

    # Events

    def _read(self) -> None:
        """Take what there is, and give it to whom it is for; under the lock."""
        device = self._opened()
        complete = False
        try:
            while not self._blocking or self._kernel.wait((device.fileno(),), (), 0)[0]:
                found = device.read()
                if not found:
                    break
                for number in found:
                    port = self._ports.get(number)
                    if port is not None:
                        self._arrived(port)
                if len(found) < BATCH:
                    break
            complete = True
        except OSError:
            complete = True  # nothing was read
            raise
        finally:
            if not complete:
                # A signal handler has raised: perhaps events are lost.
                self._suspect()

    def _arrived(self, port: Port) -> None:
        """A port has had an event; under the lock."""
        for waiter in port._waiting:
            if not waiter.got:
                waiter.got = True
                self._nudge(waiter)
                return
        if port in self._queue:
            return
        self._queue[port] = None
        if self._any:
            self._nudge(self._any[0])
        self._notify.signal()

    def _suspect(self) -> None:
        """Events may have been lost: every port might have had one. Under the lock."""
        for port in self._ports.values():
            self._arrived(port)

    def _nudge(self, waiter: Waiter) -> None:
        """Have a waiter look again; under the lock. Who is about to look anyway needs no more."""
        if waiter.tell is not None:
            waiter.tell(waiter)
        elif waiter in self._sleepers:
            del self._sleepers[waiter]
            waiter.sleep.release()
        elif waiter.parked:
            self._wake.signal()

    # Waiting

    def _take(self, port: Port | None, me: Waiter | None, *, most: int = 0) -> list[Port]:
        """What a waiter waits for, if it is there; under the lock.

        Args:
            most: of the queue; 0 for all of it.
        """
        if me is not None and me.got and port is not None:
            me.got = False
            return [port]
        if not self._queue:
            return []
        if port is not None:
            taken = [port] if port in self._queue else []
        else:
            taken = list(self._queue)[: most or None]
        for one in taken:
            del self._queue[one]
        if not self._queue:
            if taken:
                self._notify.clear()
        elif port is None and len(self._any) > 1:
            # There is some for the next one, too.
            self._nudge(self._any[1])
        return taken

    def _check(self, port: Port | None) -> None:
        self._check_open()
        if port is not None:
            port._check_open()

    def _wait(self, port: Port | None, timeout: float | None) -> list[Port]:
        """Wait for an event of a port, or of any that nobody else waits for; [] if the time was up."""
        deadline = None
        if timeout is not None and timeout != 0:
            if not timeout > 0:
                raise ValueError(f"timeout: {timeout}")
            deadline = self._kernel.monotonic() + timeout
        with self._entered():
            self._check(port)
            taken = self._take(port, None)
            if not taken:
                # What is there already costs no second system call.
                self._read()
                taken = self._take(port, None)
            if taken or timeout == 0:
                return taken
        return self._wait_long(port, deadline)

    def _join(self, me: Waiter) -> None:
        """Begin to be one of those that wait; under the lock."""
        waiting = self._any if me.port is None else me.port._waiting
        if me not in waiting:
            waiting.append(me)

    def _wait_long(self, port: Port | None, deadline: float | None) -> list[Port]:
        me = Waiter(port)
        expired = False
        try:
            while True:
                with self._entered():
                    self._check(port)
                    self._join(me)
                    taken = self._take(port, me)
                    if taken or expired:
                        return taken
                    lead = self._lead(me)
                    if not lead:
                        self._sleepers[me] = None
                expired = not (self._step(me, deadline) if lead else self._sleep(me, deadline))
        finally:
            try:
                self._leave(me)
            except BaseException:
                # A signal handler's. The others must not wait for us for ever.
                self._leave(me)
                raise

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self._kernel.monotonic(), 0.0)

    def _sleep(self, me: Waiter, deadline: float | None) -> bool:
        """Sleep until roused; False if the time was up first."""
        left = self._left(deadline)
        return me.sleep.acquire(timeout=-1 if left is None else left)

    def _lead(self, me: Waiter) -> bool:
        """Become the leader if there is none, or be it still; under the lock."""
        leader = self._leader
        if leader is None:
            self._leader = me
        elif leader is not me:
            if leader.thread != me.thread:
                return False
            # We are in a signal handler, and the one that leads cannot go on before we do.
            me.outer = leader
            self._leader = me
        if not isinstance(self._wake, Wakeup):
            self._wake = Wakeup(self._kernel)
        me.held = self._opened()._descriptor, self._wake
        me.parked = True
        return True

    def _step(self, me: Waiter, deadline: float | None) -> bool:
        """Lead once: wait, read, and give to others what is theirs; False if the time was up first."""
        assert me.held is not None  # by `_lead`
        try:
            file, wake = (descriptor.fd for descriptor in me.held)
            ready, _ = self._kernel.wait((file, wake), (), self._left(deadline))
        except XenError:  # ForkedError
            raise
        except OSError as error:
            if error.errno == EINTR:
                return True
            raise error_from(error.errno or EIO, call="poll", via="/dev/xen/evtchn") from None
        finally:
            me.parked = False
        with self._entered():
            if wake in ready and self._state == "open":
                me.held[1].clear()
            if self._state == "open" and file in ready:
                self._read()
        return bool(ready)

    def _leave(self, me: Waiter) -> None:
        """Stop leading and sleeping, and let others."""
        me.held = None
        with self._entered():
            self._sleepers.pop(me, None)
            port = me.port
            waiting = self._any if port is None else port._waiting
            if me in waiting:
                waiting.remove(me)
            if port is None:
                if self._queue and self._any:
                    # We may have been told of it, and leave without.
                    self._nudge(self._any[0])
            elif me.got:
                # It came as we gave up, by an error.
                me.got = False
                if port._open:
                    self._arrived(port)
            if self._leader is me:
                self._leader = me.outer
                if me.outer is not None:
                    # What it waits for may have come meanwhile.
                    self._wake.signal()
            if self._leader is None and self._sleepers:
                first = next(iter(self._sleepers))
                # Of one thread's the last: a signal handler's, which the others lie beneath.
                self._nudge([one for one in self._sleepers if one.thread == first.thread][-1])
