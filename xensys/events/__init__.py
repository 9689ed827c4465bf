"""Event channels: ports of this domain, and waiting for them.

    with xen.events.bind_unbound(domid) as port:
        …                                 # tell the other domain port.port
        for ready in xen.events.wait():
            …                             # look at what changed, then
            ready.unmask()
        port.notify()

An event carries nothing: it says "look". It may come once too often (a port
that is bound to another's has one at once), and many become one until the port
is unmasked. So: wait, look at all there is, unmask, and wait again.

Uses devices.evtchn for the ioctls; `_waiting` is about threads, `aio` the same
for asyncio. Names of what is bound to are Xen's (xen/include/public/event_channel.h),
the rules Linux's (drivers/xen/evtchn.c).
"""

from __future__ import annotations

from _operator import index
from errno import EPERM

from xensys.devices._wakeups import NO_WAKEUP, Wakeup
from xensys.devices.evtchn import Evtchn
from xensys.errors import HazardError, XenError
from xensys.events._port import Port
from xensys.events._waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from select import epoll
    from typing import Any, Self, SupportsIndex

    from xensys.kernel import Kernel

__all__ = ["Events", "Port"]

_EPOLLIN = 1


class Events(Waiting):
    """The event channels of one open file of /dev/xen/evtchn; `xen.events`.

    Thread-safe; a context manager. The device is opened when it is first needed.

    Args:
        kernel: whose device.
        family: makes the event_channel_op hypercall, for `Port.status`.
    """

    __slots__ = ()

    def __init__(self, kernel: Kernel, family: Callable[[], Any] | None = None) -> None:
        super().__init__(kernel, family)

    @classmethod
    def adopt(
        cls,
        fd: int,
        kernel: Kernel | None = None,
        *,
        ports: Iterable[SupportsIndex] = (),
        close: bool = True,
        family: Callable[[], Any] | None = None,
    ) -> Self:
        """Use a descriptor that something else opened.

        Its flags stay as they are. If it blocks, whoever else reads from the
        same open file may make us wait for the event that they took.

        Args:
            fd: a descriptor of the device.
            kernel: whose descriptor; this machine's if None.
            ports: numbers that are bound to it already: their events might otherwise be
                nobody's. Each becomes a `Port` of kind "adopted", in `ports`.
            close: whether closing this closes the descriptor, and with it every port.
            family: as above.
        """
        file = Evtchn.adopt(fd, kernel, close=close)
        made = cls(file.kernel, family)
        made._blocking = file.kernel.get_blocking(fd)
        made._file = file
        for port in ports:
            number = index(port)
            made._ports[number] = Port(made, number, "adopted")
        return made

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._state == "closed"

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports that are bound, oldest first."""
        with self._entered():
            return tuple(self._ports.values())

    def bind_unbound(self, remote_domid: int) -> Port:
        """Open a port for another domain to bind to.

        Args:
            remote_domid: who may; it need not exist. DOMID_SELF is we ourselves.
        Raises:
            XenPermissionError: EACCES, restricted, to whomever.
            XenError: ENOSPC, no free port.
        """
        with self._entered():
            number = self._opened().bind_unbound_port(remote_domid)
            return self._add(Port(self, number, "unbound", domid=remote_domid))

    def bind_interdomain(self, domid: int, port: SupportsIndex) -> Port:
        """Bind a new port to one that another domain keeps for us.

        It has an event at once: one that was sent before must not be lost.

        Args:
            domid: the other domain; DOMID_SELF for a port of our own.
            port: that domain's.
        Raises:
            XenPermissionError: EACCES, restricted to another domain.
            NoSuchDomainError: ESRCH.
            XenError: EINVAL, that port waits for nobody, or not for us; ENOSPC.
        """
        far = index(port)
        with self._entered():
            number = self._opened().bind_interdomain(domid, far)
            return self._add(Port(self, number, "interdomain", domid=domid, remote_port=far))

    def bind_virq(self, virq: int) -> Port:
        """Bind a virtual interrupt of vCPU 0, or a global one, to a new port.

        Args:
            virq: VIRQ_*, of `xensys.abi.xen`.
        Raises:
            XenPermissionError: EACCES, restricted.
            XenError: EINVAL, no such VIRQ; EEXIST, this domain has bound it,
                perhaps its kernel or a daemon; EBUSY, a global one that is
                another domain's (Xen 4.21 and later); ENOSPC.
        """
        with self._entered():
            return self._add(Port(self, self._opened().bind_virq(virq), "virq", virq=virq))

    def bind_static(self, port: SupportsIndex, *, hazardous: bool = False) -> Port:
        """Take over a port that Xen made at boot. Since Linux 6.7.

        It is not closed in Xen when it is closed here. Linux does not check that
        it is a static one, and lets restricted files do this, too: any other number
        takes a port from the kernel, or from a process that has it; see
        `Evtchn.bind_static`.

        Args:
            port: as the device tree gives it (Xen 4.17 and later, arm).
            hazardous: must be True: nobody checks that it is one of those.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, not in this kernel.
            XenError: EISCONN, bound here already; ENOMEM, beyond the ports there can
                be; EBUSY, the kernel's, which is lost to it now.
        """
        number = index(port)
        if not hazardous:
            raise HazardError(
                EPERM,
                call="IOCTL_EVTCHN_BIND_STATIC",
                arguments={"port": number},
                hint="not asked of Linux: any port but a static one is taken from the kernel, or from "
                "who has it; pass hazardous=True if you know it to be static",
            )
        with self._entered():
            self._opened().bind_static(number)
            return self._add(Port(self, number, "static"))

    def wait(self, timeout: float | None = None) -> list[Port]:
        """Wait for events, and take them: all that nobody else waits for by port.

        Each port is masked until it is unmasked. They are in order of arrival.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Returns:
            an empty list if the time was up first.
        Raises:
            EventOverflowError: EFBIG, events were lost: see `reset`.
            ValueError: closed, even while we waited.
        EINTR: waits on, once signal handlers have run.
        """
        return self._wait(None, timeout)

    def unmask(self, ports: Iterable[SupportsIndex]) -> None:
        """Let ports have events again, many with one system call.

        Args:
            ports: of this object; their numbers will do.
        Raises:
            ValueError: one of them is not bound here; none is unmasked.
        """
        wanted = [self._own(port) for port in ports]
        self._device.unmask(wanted)

    def reset(self) -> None:
        """Begin anew after an overflow: every port counts as having had an event.

        Events were lost, and with them the word that their ports are masked. So
        all ports are in what `wait` gives next; look at each, and unmask it.

        An overflow takes a program that leaves events unread while it closes
        and binds ports by their numbers: Linux has room for one per open port.
        """
        with self._entered():
            self._opened().reset()
            self._suspect()

    def restrict(self, domid: int) -> None:
        """Give up all new ports but those bound to one domain's, for good.

        Since Linux 4.15. Ports that there are stay as they are, whatever they are
        bound to. Afterwards `bind_interdomain(domid, …)` is all that binds.

        Args:
            domid: 1 … 0x7FEF. The same one again changes nothing.
        Raises:
            XenPermissionError: EACCES, an adopted descriptor that was restricted already.
            XenError: EINVAL, domain 0 or no domain's number, or another one than before.
        """
        self._device.restrict(domid)

    def fileno(self) -> int:
        """A descriptor for selectors: readable when `wait(0)` has something to say.

        Not the device's own: events that another thread has read on its way are
        told, too. It is closed with this object; take it out of selectors first.
        """
        with self._entered():
            self._check_open()
            found = self._epoll
            if found is None:
                found = self._epoll = self._new_epoll()
            return found.fileno()

    def close(self) -> None:
        """Close every port, and the device; a second call does nothing.

        Threads that wait end with an error. The other ends wait to be bound again.
        """
        with self._entered():
            if self._state == "closed":
                return
            forked, self._state = self._state == "forked", "closed"
            file = self._file
            ports = tuple(self._ports.values())
            self._ports.clear()
            self._queue.clear()
            for port in ports:
                port._open = False
            for waiter in (*self._any, *(one for port in ports for one in port._waiting)):
                self._nudge(waiter)
            self._wake.signal()
            if self._epoll is not None:
                self._epoll.close()
                self._epoll = None
            self._wake = self._notify = NO_WAKEUP
        if file is None:
            return
        try:
            if not forked:
                # A child of a fork may keep the file open, and them with it.
                for port in ports:
                    if port.kind == "adopted" and not file.owned:
                        continue
                    try:  # noqa: SIM105  # contextlib is not loaded for this
                        file.unbind(port)
                    except XenError:
                        pass  # the descriptor's end will do it, or has
        finally:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Events, {self._state}, {len(self._ports)} port(s)>"

    def _add(self, port: Port) -> Port:
        """Know a port that was just bound; under the lock."""
        old = self._ports.get(port.port)
        if old is not None:
            # Xen has closed it unbeknown to Linux, by a raw hypercall.
            old._open = False
            self._drop(old)
        self._ports[port.port] = port
        return port

    def _own(self, port: SupportsIndex) -> int:
        number = index(port)
        known = self._ports.get(number)
        if known is None or (isinstance(port, Port) and port is not known):
            self._check_open()
            raise ValueError(f"event channel port {number} is not bound here")
        return number

    def _new_epoll(self) -> epoll:
        """What `fileno` gives: the device and a counter of ours; under the lock."""
        import select

        device = self._opened()
        if not isinstance(self._notify, Wakeup):
            self._notify = Wakeup(self._kernel)
        made = select.epoll()
        try:
            made.register(device.fileno(), _EPOLLIN)
            made.register(self._notify.fd, _EPOLLIN)
        except BaseException:
            made.close()
            raise
        if self._queue:
            self._notify.signal()
        return made
