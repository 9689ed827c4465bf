"""/dev/xen/evtchn: event channels whose events a program reads.

One method per ioctl, and the two things that are read and written: ports with
an event pending, and ports to unmask. None of them has any policy; waiting,
and what a port is bound to, is `xensys.events`' work.

A port belongs to the open file that bound it: closing the file closes its
ports, and the other ends wait to be bound again. Duplicated and inherited
descriptors share the file, and take each other's events.

Rules come from Linux include/uapi/xen/evtchn.h and drivers/xen/evtchn.c.
"""

from __future__ import annotations

from _operator import index
from errno import EAGAIN, EFBIG, EINTR
from struct import Struct

from xensys._packing import check, packed
from xensys.devices._device import Device
from xensys.devices._ioctls import EVTCHN
from xensys.errors import XenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import SupportsIndex

_U16 = Struct("<H")
_U32 = Struct("<I")
_BIND_INTERDOMAIN = Struct("<II")

_NOTIFY = EVTCHN["notify"][0]
_PORT_MAX = 0xFFFF_FFFF

#: What one read or write can be at most (PAGE_SIZE where that is smallest), in ports.
BATCH = 1024

_FULL_HINT = "events were lost: reset(), then look at every port, and unmask it"


class Evtchn(Device):
    """A handle on the event channel device."""

    __slots__ = ()

    PATHS = ("/dev/xen/evtchn",)
    MISSING_HINT = "this is no Xen domain, or the xen-evtchn module is not loaded"

    @property
    def owned(self) -> bool:
        """Whether closing the handle closes the descriptor."""
        return self._descriptor._owned

    def bind_virq(self, virq: int) -> int:
        """Bind a virtual interrupt to a new port, on vCPU 0 (IOCTL_EVTCHN_BIND_VIRQ).

        Args:
            virq: VIRQ_*.
        Returns:
            the new port.
        Raises:
            XenPermissionError: EACCES, the handle is restricted.
            XenError: EINVAL, no such VIRQ; EEXIST, this domain has bound it,
                perhaps its kernel; EBUSY, a global one that is another domain's
                (Xen 4.21 and later); ENOSPC, no free port.
        """
        return self._bind("bind_virq", "virq", virq)

    def bind_interdomain(self, domid: int, port: SupportsIndex) -> int:
        """Bind a new port to one that another domain keeps for us (IOCTL_EVTCHN_BIND_INTERDOMAIN).

        The new port has an event pending at once: one that was sent before must not be lost.

        Args:
            domid: the other domain; DOMID_SELF for a port of our own.
            port: that domain's.
        Returns:
            the new local port.
        Raises:
            XenPermissionError: EACCES, the handle is restricted to another domain.
            NoSuchDomainError: ESRCH.
            XenError: EINVAL, that port waits for nobody, or not for us; ENOSPC.
        """
        # Linux takes 32 bits, and passes on the lower 16.
        check(domid, "ioctl_evtchn_bind_interdomain", "remote_domain", 0, 0xFFFF)
        number = index(port)
        arg = packed(
            _BIND_INTERDOMAIN,
            "ioctl_evtchn_bind_interdomain",
            ("remote_domain", "remote_port"),
            (domid, number),
        )
        return self._ioctl(
            "IOCTL_EVTCHN_BIND_INTERDOMAIN",
            EVTCHN["bind_interdomain"][0],
            arg,
            domid=domid,
            arguments={"port": number},
        )

    def bind_unbound_port(self, remote_domid: int) -> int:
        """Open a port for another domain to bind to (IOCTL_EVTCHN_BIND_UNBOUND_PORT).

        Args:
            remote_domid: who may; it need not exist. DOMID_SELF is we ourselves.
        Returns:
            the new port.
        Raises:
            XenPermissionError: EACCES, the handle is restricted, to whomever.
            XenError: ENOSPC, no free port.
        """
        check(remote_domid, "ioctl_evtchn_bind_unbound_port", "remote_domain", 0, 0xFFFF)
        return self._bind("bind_unbound_port", "remote_domain", remote_domid)

    def bind_static(self, port: SupportsIndex) -> None:
        """Take over a port that Xen made at boot (IOCTL_EVTCHN_BIND_STATIC).

        Since Linux 6.7. Such a port is not closed by `unbind`, nor with the file.

        Linux looks neither whether the port is a static one, nor whether the handle
        is restricted. Any other number does harm (drivers/xen/events/events_base.c):
        a port that the kernel uses, xenstored's say, cannot be shared, and Linux
        closes it while it undoes its half of the binding; one of another open file
        has two users who count as one, so the first to let go takes it from the other.

        Args:
            port: as the device tree gives it (Xen 4.17 and later, arm).
        Raises:
            NotSupportedError: ENOSYS, not in this kernel.
            XenError: EISCONN, bound through this handle already; ENOMEM, beyond
                the ports there can be; EBUSY, the kernel's, which is lost to it now.
        """
        # The one of them that returns 0, and no port.
        self._bind("bind_static", "port", index(port), structure="ioctl_evtchn_bind")

    def unbind(self, port: SupportsIndex) -> None:
        """Close a port (IOCTL_EVTCHN_UNBIND).

        An event of it that has not been read stays to be read.

        Raises:
            XenError: ENOTCONN, not bound through this handle; EINVAL, beyond
                the ports that this domain has.
        """
        number = index(port)
        arg = packed(_U32, "ioctl_evtchn_unbind", ("port",), (number,))
        self._ioctl("IOCTL_EVTCHN_UNBIND", EVTCHN["unbind"][0], arg, arguments={"port": number})

    def notify(self, port: SupportsIndex) -> None:
        """Signal the other end (IOCTL_EVTCHN_NOTIFY).

        Success means accepted: the driver does not look at what Xen said. Where
        nobody is at the other end, nothing happens.

        Raises:
            XenError: ENOTCONN, not bound through this handle.
        EINTR: retried; at worst there is one event more.
        """
        number = index(port)
        if not 0 <= number <= _PORT_MAX:
            check(number, "ioctl_evtchn_notify", "port", 0, _PORT_MAX)
        arg = bytearray(number.to_bytes(4, "little"))
        self._ioctl("IOCTL_EVTCHN_NOTIFY", _NOTIFY, arg, arguments={"port": number}, retry=True)

    def reset(self) -> None:
        """Forget what waits to be read, and an overflow (IOCTL_EVTCHN_RESET).

        Ports whose events are forgotten stay masked until they are unmasked.

        EINTR: retried.
        """
        self._ioctl("IOCTL_EVTCHN_RESET", EVTCHN["reset"][0], bytearray(1), retry=True)

    def restrict_domid(self, domid: int) -> None:
        """Give up all new ports but those bound to one domain's, for good (IOCTL_EVTCHN_RESTRICT_DOMID).

        Holds for the open file: duplicated and inherited descriptors are
        restricted too. Afterwards `bind_interdomain` to that domain is all that
        binds (and `bind_static`, of which Linux did not think); ports that there
        are stay as they are, whatever they are bound to.

        Args:
            domid: 1 … 0x7FEF.
        Raises:
            XenPermissionError: EACCES, restricted already, if only to the same domain.
            XenError: EINVAL, domain 0 or no domain's number.
        """
        arg = packed(_U16, "ioctl_evtchn_restrict_domid", ("domid",), (domid,))
        self._ioctl("IOCTL_EVTCHN_RESTRICT_DOMID", EVTCHN["restrict_domid"][0], arg, domid=domid)
        self._only = domid

    def restrict(self, domid: int) -> None:
        """As `restrict_domid`, but for a second call with the same domain, which changes nothing."""
        if self._only is None:
            self.restrict_domid(domid)
        else:
            self._refuse_other(domid)

    def read(self, most: int = BATCH) -> list[int]:
        """Ports with an event, in order of arrival; each is masked from then on.

        Waits for one, unless the descriptor has O_NONBLOCK: then there may be none.

        Args:
            most: how many to take at once.
        Raises:
            EventOverflowError: EFBIG, there came more than there was room for.
        EINTR: retried, once signal handlers have run.
        """
        descriptor = self._descriptor
        while True:
            try:
                data = self._kernel.read(descriptor.fd, 4 * most)
            except OSError as error:
                if isinstance(error, XenError):  # ForkedError
                    raise
                if error.errno == EAGAIN:
                    return []
                if error.errno == EINTR:
                    continue
                hint = _FULL_HINT if error.errno == EFBIG else ""
                raise error_from(error.errno or 0, call="read", via=self._path, hint=hint) from None
            if len(data) == 4:
                return [int.from_bytes(data, "little")]
            return memoryview(data).cast("I").tolist()

    def unmask(self, ports: Iterable[SupportsIndex]) -> None:
        """Let ports have events again; one that came meanwhile is there at once.

        Ports that are not bound through this handle, or are not masked, are passed over.

        Raises:
            XenError: ENOMEM.
        EINTR: retried.
        """
        numbers = [index(port) for port in ports]
        try:
            data = b"".join([number.to_bytes(4, "little") for number in numbers])
        except OverflowError:
            for number in numbers:
                check(number, "evtchn write", "port", 0, _PORT_MAX)
            raise
        descriptor = self._descriptor
        while data:
            try:
                done = self._kernel.write(descriptor.fd, data)
            except OSError as error:
                if isinstance(error, XenError):  # ForkedError
                    raise
                if error.errno == EINTR:
                    continue
                raise error_from(
                    error.errno or 0, call="write", via=self._path, arguments={"ports": numbers}
                ) from None
            # Whole ports only, and at most a page of them.
            data = data[done & ~3 :]

    def _bind(self, name: str, field: str, value: int, *, structure: str = "") -> int:
        """An ioctl that takes one number and returns a port."""
        arg = packed(_U32, structure or f"ioctl_evtchn_{name}", (field,), (value,))
        return self._ioctl(f"IOCTL_EVTCHN_{name.upper()}", EVTCHN[name][0], arg, arguments={field: value})
