"""An ioreq server of our own: its ranges, its pages, its ports, and its end."""

from __future__ import annotations

from _thread import RLock
from _warnings import warn
from errno import EBUSY, ENODEV, ENOSYS, EOPNOTSUPP, EPERM
from struct import pack

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys._packing import check
from xensys.errors import (
    ForkedError,
    HazardError,
    NoSuchDomainError,
    NotSupportedError,
    XenError,
    XenNotFoundError,
    error_from,
)
from xensys.ioreq import requests
from xensys.ioreq.eventfds import DEASSIGN, Ioeventfd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from xensys.events import Port
    from xensys.ioreq.model import DeviceModel
    from xensys.ioreq.requests import BufferedIoreq, Ioreq
    from xensys.memory.resource import ResourceMapping

KINDS = {"port": 0, "memory": 1, "pci": 2}
#: XENMEM_resource_ioreq_server, and which of its frames is what.
_RESOURCE = 0
_BUFFERED_FRAME, _FRAME = 0, 1
#: Slots in the one synchronous page that Xen has.
_MOST_VCPUS = 128
#: Seconds in which a vCPU that runs at all takes an answer, and the first and longest pause
#: between looks.
_PATIENCE, _SHORT, _LONG = 5.0, 0.0005, 0.05


class IoreqServer(OneOfAKind):
    """A receiver of some of a domain's I/O. Made by `DeviceModel.create_ioreq_server`.

    A context manager. A process that ends without closing it leaves it in Xen, and vCPUs
    that wait for ever. Methods may be called from many threads.

    Attributes:
        domid: the domain.
        id: the server's number.
        ports: a port for each vCPU, once it has been enabled; None for one that is not there.
        buffered_port: the port of the buffered ring, if there is one, once it has been enabled.
    """

    __slots__ = (
        "__weakref__",
        "_buffered_page",
        "_error",
        "_ioeventfds",
        "_lock",
        "_model",
        "_page",
        "_state",
        "_taken",
        "buffered_port",
        "domid",
        "id",
        "ports",
    )

    def __init__(self, model: DeviceModel, ident: int, *, buffered: bool) -> None:
        self._state = "made"
        self._model = model
        self._lock = RLock()
        self._taken: dict[int, Ioreq] = {}
        self._error: XenError | None = None
        self._ioeventfds: list[Ioeventfd] = []
        self.domid = model.domid
        self.id = ident
        self.ports: tuple[Port | None, ...] = ()
        self.buffered_port: Port | None = None
        # Before the server is enabled: only then does Xen put the ports into the page.
        resources = model._resources
        self._page = resources.map(self.domid, _RESOURCE, ident, first=_FRAME, frames=1, write=True)
        self._buffered_page: ResourceMapping | None = None
        if buffered:
            try:
                self._buffered_page = resources.map(
                    self.domid, _RESOURCE, ident, first=_BUFFERED_FRAME, frames=1, write=True
                )
            except BaseException:
                self._page.close()
                raise
        self._state = "open"
        watch_fork(self)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._state == "closed"

    # What it is for

    def map_io_range(self, kind: str, first: int, last: int) -> None:
        """Take a range of the domain's I/O.

        Args:
            kind: "port", "memory" (guest-physical addresses) or "pci" (see `sbdf`).
            first, last: inclusive. An access is ours if all of it lies in one range. Where
                servers overlap, the one with the higher number gets it.
        Raises: as `DmOp.map_io_range_to_ioreq_server`.
        """
        self._check_open()
        self._model._dm_op().map_io_range_to_ioreq_server(self.domid, self.id, _kind(kind), first, last)

    def unmap_io_range(self, kind: str, first: int, last: int) -> None:
        """Take no more of it; raises as `DmOp.unmap_io_range_from_ioreq_server`."""
        self._check_open()
        self._model._dm_op().unmap_io_range_from_ioreq_server(self.domid, self.id, _kind(kind), first, last)

    def map_mem_type(self, mem_type: int = 4, flags: int = 2) -> None:
        """Take writes to frames of type HVMMEM_ioreq_server; `flags` 0 ends it. x86 only.

        Raises: as `DmOp.map_mem_type_to_ioreq_server`.
        """
        self._check_open()
        self._model._dm_op().map_mem_type_to_ioreq_server(self.domid, self.id, mem_type, flags)

    def enable(self) -> None:
        """Let requests come. The first time binds the ports, on `xen.events`.

        A port that has just been bound has an event, whether there is a request or not.

        Raises:
            XenError: what binding a port raises; the server is off then.
        """
        with self._lock:
            self._check_open()
            self._model._dm_op().set_ioreq_server_state(self.domid, self.id, True)
            if self.ports:
                return
            try:
                self._bind()
            except BaseException:
                self.disable()
                raise

    def disable(self) -> None:
        """Let no more requests come; those that are there are still to be answered."""
        self._check_open()
        self._model._dm_op().set_ioreq_server_state(self.domid, self.id, False)

    def _bind(self) -> None:
        numbers = [requests.port_of(self._page, vcpu) for vcpu in range(self._vcpus())]
        events = self._model._events()
        bound: list[Port | None] = []
        try:
            for number in numbers:
                bound.append(events.bind_interdomain(self.domid, number) if number else None)
            if self._buffered_page is not None:
                info = self._model._dm_op().get_ioreq_server_info(self.domid, self.id)
                self.buffered_port = events.bind_interdomain(self.domid, info.bufioreq_port)
        except BaseException:
            for port in bound:
                if port is not None:
                    port.close()
            raise
        self.ports = tuple(bound)

    def _vcpus(self) -> int:
        try:
            return min(self._model._dm_op().nr_vcpus(self.domid), _MOST_VCPUS)
        except NotSupportedError:  # before Xen 4.15: those that have a port
            numbers = [requests.port_of(self._page, vcpu) for vcpu in range(_MOST_VCPUS)]
            return max((vcpu + 1 for vcpu, number in enumerate(numbers) if number), default=0)

    # Requests

    def requests(self) -> list[Ioreq]:
        """Take what vCPUs wait for; each is to be answered.

        Raises:
            XenError: EPROTO, a request that Xen does not make; it has been answered with
                all ones where that can be. Raised when no other request is there to be
                returned, so that none is lost.
            ValueError: the server was never enabled.
        """
        with self._lock:
            self._check_open()
            if not self.ports:
                raise ValueError("the ioreq server was never enabled")
            taken: list[Ioreq] = []
            if self._error is None:
                for vcpu, port in enumerate(self.ports):
                    if port is not None and vcpu not in self._taken:
                        self._take(vcpu, port, taken)
            if taken:
                return taken
            error, self._error = self._error, None
            if error is not None:
                raise error
            return taken

    def _take(self, vcpu: int, port: Port, taken: list[Ioreq]) -> None:
        try:
            request = requests.take(self._page, vcpu)
        except XenError as error:
            self._error = self._error or error
            try:
                requests.answer(self._page, vcpu, requests.NOTHING)
            except ValueError:  # no state that could be answered
                return
            port.notify()
            return
        if request is not None:
            self._taken[vcpu] = request
            taken.append(request)

    def answer(self, request: Ioreq, data: int = 0) -> None:
        """Answer a request; its vCPU goes on.

        Args:
            request: from `requests`.
            data: what the guest reads; of no effect for a write.
        Raises:
            ValueError: it has been answered, or is another server's.
            OverflowError: `data` does not fit in 64 bits.
        """
        with self._lock:
            self._check_open()
            vcpu = request.vcpu
            if self._taken.get(vcpu) is not request:
                raise ValueError("not a request that waits for this server's answer")
            port = self.ports[vcpu]
            assert port is not None
            requests.answer(self._page, vcpu, data)
            del self._taken[vcpu]
            port.notify()

    def buffered_requests(self) -> list[BufferedIoreq]:
        """Take the writes that are in the ring, oldest first.

        Raises:
            XenError: EPROTO, pointers or a request that Xen does not write; the ring is
                empty then, and what was in it lost.
            ValueError: the server has no ring.
        """
        with self._lock:
            self._check_open()
            if self._buffered_page is None:
                raise ValueError("the ioreq server has no buffered ring")
            return requests.drain(self._buffered_page)

    # Eventfds

    def ioeventfd(
        self,
        address: int,
        queue: int,
        *,
        length: int = 4,
        eventfd: int | None = None,
        hazardous: bool = False,
    ) -> Ioeventfd:
        """Have the kernel answer a virtio-mmio device's queue notices, and signal an eventfd.

        IOCTL_PRIVCMD_IOEVENTFD; since Linux 6.7. On a translated domain only: a PV one's
        kernel would follow a pointer that is none. Such requests are not seen by
        `requests` any more.

        Args:
            address: guest-physical, of the device's registers (QueueNotify is 0x50 further on).
            queue: index of the virtqueue.
            length: bytes of the write: 1, 2, 4 or 8.
            eventfd: whom to signal; None makes a new one.
            hazardous: must be True: the kernel keeps using the server's page even when this
                process has died without closing, and the page is somebody else's by then.
        Raises:
            HazardError: not `hazardous`.
            NotSupportedError: EOPNOTSUPP, on a PV domain (not asked), or not in this kernel; ENOTTY.
            XenError: EINVAL, no eventfd, or such a length; EBUSY, the eventfd is in use.
            ValueError: the server was never enabled.
        """
        check(address, "privcmd_ioeventfd", "addr", 0, (1 << 64) - 1)
        if not hazardous:
            raise HazardError(
                EPERM,
                call="IOCTL_PRIVCMD_IOEVENTFD",
                domid=self.domid,
                hint="a process that dies meanwhile leaves the kernel a page that is gone; "
                "pass hazardous=True if yours does not",
            )
        with self._lock:
            self._check_open()
            if not self.ports or None in self.ports:
                raise ValueError("the ioreq server was never enabled, or a vCPU has no port")
            if not self._translated():
                raise error_from(
                    EOPNOTSUPP,
                    call="IOCTL_PRIVCMD_IOEVENTFD",
                    domid=self.domid,
                    hint="not asked of the kernel: on a PV domain it would crash",
                )
            made = Ioeventfd(
                self._model._kernel,
                self.domid,
                eventfd,
                self._assign,
                self._forget,
                address=address,
                length=length,
                queue=queue,
            )
            self._ioeventfds.append(made)
        import atexit

        atexit.register(made.close)
        return made

    def _translated(self) -> bool:
        """What the driver says to a mapping of nothing."""
        try:
            self._model._privcmd().mmap(self.domid, ())
        except NotSupportedError as error:
            return error.errno == ENOSYS
        return False

    def _assign(self, fd: int, address: int, length: int, queue: int, flags: int) -> None:
        ports = [0 if port is None else port.port for port in self.ports]
        try:
            self._model._privcmd().ioeventfd(
                self.domid,
                fd,
                ioreq=self._page.address,
                ports=pack(f"={len(ports)}I", *ports),
                address=address,
                length=length,
                queue=queue,
                flags=flags,
                hazardous=True,
            )
        except XenError as error:
            if flags != DEASSIGN or error.errno != ENODEV:
                raise

    def _forget(self, ioeventfd: Ioeventfd) -> None:
        import atexit

        atexit.unregister(ioeventfd.close)
        with self._lock:
            if ioeventfd in self._ioeventfds:
                self._ioeventfds.remove(ioeventfd)

    # The end

    def close(self) -> None:
        """Destroy it; a second call does nothing. vCPUs that wait read all ones.

        They must take that before the server goes: Xen wakes nobody who still waits then.
        So this lasts as long as that takes.

        A domain that is gone has taken it along. To be called before the `Xen` it was made
        from is closed. In a forked child the parent's goes on.

        Raises:
            XenError: EBUSY, a vCPU does not run (its domain is paused) and has had an answer
                for 5 seconds: the server is off but still there, and
                `DeviceModel.destroy_ioreq_server` can have it once the vCPU has run; or
                what else Xen answered. Pages and ports are let go all the same.
        """
        with self._lock:
            if self._state == "forked":
                self._state = "closed"
            if self._state != "open":
                return
            # The kernel must have forgotten the page before it is unmapped.
            for ioeventfd in tuple(self._ioeventfds):
                ioeventfd.close()
            self._state = "closed"
            try:
                if self.ports:
                    self._give_up()
                self._model._dm_op().destroy_ioreq_server(self.domid, self.id)
            except (NoSuchDomainError, XenNotFoundError):  # gone, with its domain
                return
            finally:
                self._let_go()

    def _give_up(self) -> None:
        """Have vCPUs that wait go on, and wait until they have.

        One that waits in Xen is woken by its port alone, which goes with the server; and if
        on arm it were woken by another server's, Xen would look at a page that is gone.
        """
        kernel, dm_op = self._model._kernel, self._model._dm_op()
        deadline, pause = kernel.monotonic() + _PATIENCE, _SHORT
        dm_op.set_ioreq_server_state(self.domid, self.id, False)
        while True:
            ports = [
                port
                for vcpu, port in enumerate(self.ports)
                if port is not None and requests.give_up(self._page, vcpu)
            ]
            if not ports:
                return
            if kernel.monotonic() >= deadline:
                # A domain that has died takes nothing, and has no such server.
                dm_op.set_ioreq_server_state(self.domid, self.id, False)
                raise error_from(
                    EBUSY,
                    call="IoreqServer.close",
                    domid=self.domid,
                    arguments={"id": self.id},
                    hint="a vCPU has not taken its answer: is the domain paused?",
                )
            for port in ports:
                port.notify()
            kernel.sleep(pause)
            pause = min(2 * pause, _LONG)

    def _let_go(self) -> None:
        for port in (*self.ports, self.buffered_port):
            if port is not None:
                port.close()
        self._page.close()
        if self._buffered_page is not None:
            self._buffered_page.close()
        self._taken.clear()

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state != "open":
            raise ValueError("ioreq server is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_state", "") == "open" and not is_exiting():
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)
            # Else vCPUs would wait for an answer that nobody can give.
            self.close()

    def __repr__(self) -> str:
        return f"<IoreqServer {self.id} of domain {self.domid}, {self._state}>"

    def _forked(self) -> None:
        if self._state == "open":
            self._state = "forked"
        self._lock = RLock()


def _kind(kind: str) -> int:
    try:
        return KINDS[kind]
    except KeyError:
        raise ValueError(f"kind: {kind!r}: there are {', '.join(KINDS)}") from None
