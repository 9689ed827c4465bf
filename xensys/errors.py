"""The error family.

    OSError
      XenError                 errno, and what was asked of whom
        XenPermissionError     also PermissionError: EPERM, EACCES
          HazardError          refused by us: the call needs hazardous=True
        NotSupportedError      ENOSYS, EOPNOTSUPP, ENOTTY: this Xen or kernel lacks it
        NoSuchDomainError      also ProcessLookupError: ESRCH
        XenNotFoundError       also FileNotFoundError: ENOENT
          NoXenError           a device node is not there at all
          EntryNotFoundError   also KeyError: no such entry in Xen's own file tree
        XenTimeoutError        also TimeoutError: ETIMEDOUT, or our own deadline
        XenInterruptedError    also InterruptedError: EINTR that was not retried
        ForeignMapError        frames that could not be mapped, each with its errno
        GrantMapError          grants that could not be mapped; which, if asked to find out
        GrantCopyError         copies to or from grants that failed, each with Xen's status
        EventOverflowError     EFBIG: events were lost; reset, and look at every port
        ForkedError            also ValueError: made before os.fork(), used after it
        StoreError             from XenStore: errno, the daemon's own word, path and transaction
          NodeNotFoundError         ENOENT; also XenNotFoundError and KeyError
          StorePermissionError      EACCES, EPERM; also XenPermissionError
          StoreNotSupportedError    ENOSYS; also NotSupportedError
          TransactionConflictError  EAGAIN: others changed what was used; begin again
          StoreConnectionError      also ConnectionError: this connection is finished
          StoreTimeoutError         also XenTimeoutError

There is a subclass only where a caller would act differently. A value that
does not fit is an OverflowError, a closed handle a ValueError, live views
stand in the way of a close as BufferError: Python's own, as for files.

Everything here pickles.
"""

from __future__ import annotations

import errno as _errno
from os import strerror as _strerror

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EntryNotFoundError",
    "EventOverflowError",
    "ForeignMapError",
    "ForkedError",
    "GrantCopyError",
    "GrantMapError",
    "HazardError",
    "NoSuchDomainError",
    "NoXenError",
    "NodeNotFoundError",
    "NotSupportedError",
    "StoreConnectionError",
    "StoreError",
    "StoreNotSupportedError",
    "StorePermissionError",
    "StoreTimeoutError",
    "TransactionConflictError",
    "XenError",
    "XenInterruptedError",
    "XenNotFoundError",
    "XenPermissionError",
    "XenTimeoutError",
    "error_from",
]


class XenError(OSError):
    """A refusal by Xen or by one of its Linux drivers.

    Which of the two refused cannot be told from most errnos: Xen's numbers are
    Linux's, and the driver passes Xen's on (xen/include/public/errno.h).

    Attributes:
        errno: the kernel's number, unchanged.
        call: what was asked, in Xen's or Linux's own names, e.g.
            "memory_op(XENMEM_maximum_gpfn)"; empty if not known.
        via: the ioctl and device it went through; empty if none.
        domid: the domain it was about, or None.
        arguments: the decoded arguments, in call order.
        hint: what to do, where the evidence supports a hint; else empty.
    """

    call: str = ""
    via: str = ""
    domid: int | None = None
    arguments: Mapping[str, object] = {}
    hint: str = ""

    def __init__(
        self,
        errno: int = 0,
        message: str | None = None,
        *,
        call: str = "",
        via: str = "",
        domid: int | None = None,
        arguments: Mapping[str, object] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(errno, _strerror(errno) if message is None else message)
        if call:
            self.call = call
        if via:
            self.via = via
        if domid is not None:
            self.domid = domid
        if arguments:
            self.arguments = dict(arguments)
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        text = f"[Errno {self.errno}] {self.strerror}" if self.errno else str(self.strerror)
        if self.call:
            text += f": {self.call}"
        details = dict(self.arguments)
        if self.domid is not None and "domid" not in details:
            details = {"domid": self.domid, **details}
        if details:
            text += "\n  with " + ", ".join(f"{k}={_show(k, v)}" for k, v in details.items())
        if self.via:
            text += f"\n  through {self.via}"
        if self.hint:
            text += f"\n  hint: {self.hint}"
        return text


class XenPermissionError(XenError, PermissionError):
    """EPERM or EACCES: not privileged for that domain, or the handle is restricted."""


class HazardError(XenPermissionError):
    """Not asked of Xen at all: the call can harm the running kernel or stop the machine."""


class NotSupportedError(XenError):
    """ENOSYS, EOPNOTSUPP or ENOTTY: this Xen, kernel or build does not have it."""


class NoSuchDomainError(XenError, ProcessLookupError):
    """ESRCH: no domain with that domid, or it is gone."""


class XenNotFoundError(XenError, FileNotFoundError):
    """ENOENT: no such device node, ioreq server, vCPU or entry."""


class NoXenError(XenNotFoundError):
    """The device nodes are not there: not a Xen domain, or its driver is not loaded."""


class EntryNotFoundError(XenNotFoundError, KeyError):
    """ENOENT: no such entry in Xen's own file tree (hypfs)."""


class XenTimeoutError(XenError, TimeoutError):
    """A deadline has passed; what was waited for may still happen."""


class XenInterruptedError(XenError, InterruptedError):
    """EINTR, in a call that must not be repeated blindly."""


class EventOverflowError(XenError):
    """EFBIG: more events than an evtchn file has room for; nothing can be read before a reset."""


class ForkedError(XenError, ValueError):
    """A handle or mapping made before `os.fork()` was used in the child.

    A child shares its parent's open files but must not use them; open anew.
    """

    def __init__(self, errno: int = _errno.EBADF, message: str | None = None, **context: object) -> None:
        text = "made before os.fork(): open it again in this process" if message is None else message
        super().__init__(errno, text, **context)  # type: ignore[arg-type]  # passed on unread


class ForeignMapError(XenError):
    """Frames of another domain that could not be mapped. Nothing stays mapped.

    Attributes:
        errno: that of the first frame that failed.
        errors: frame → errno, in the order asked for.
        failed: (index in the request, frame, errno) of each failure.
        requested: how many frames were asked for.
    """

    errors: dict[int, int]
    failed: tuple[tuple[int, int, int], ...]
    requested: int

    def __init__(
        self,
        errno: int = 0,
        message: str | None = None,
        *,
        failed: tuple[tuple[int, int, int], ...] = (),
        requested: int = 0,
        **context: object,
    ) -> None:
        self.failed = failed
        self.errors = {frame: number for _, frame, number in failed}
        self.requested = requested
        super().__init__(errno, message, **context)  # type: ignore[arg-type]  # passed on unread

    def __str__(self) -> str:
        text = super().__str__()
        if self.failed:
            some = ", ".join(
                f"{frame:#x}: {_errno.errorcode.get(number, number)}"
                for _, frame, number in self.failed[:8]
            )
            more = ", …" if len(self.failed) > 8 else ""
            text += f"\n  {len(self.failed)} of {self.requested} frames failed ({some}{more})"
        return text


class GrantMapError(XenError):
    """Grants that could not be mapped. Nothing stays mapped.

    Linux does not say which of them failed, nor why: EINVAL stands for a bad
    reference, a domain that is gone, and for what the granter does not permit.

    Attributes:
        errno: the driver's.
        failed: (index in the request, domid, reference) of each grant that
            cannot be mapped; empty unless `diagnose=True` was asked for.
        requested: how many grants were asked for.
    """

    failed: tuple[tuple[int, int, int], ...]
    requested: int

    def __init__(
        self,
        errno: int = 0,
        message: str | None = None,
        *,
        failed: tuple[tuple[int, int, int], ...] = (),
        requested: int = 0,
        **context: object,
    ) -> None:
        self.failed = failed
        self.requested = requested
        super().__init__(errno, message, **context)  # type: ignore[arg-type]  # passed on unread

    def __str__(self) -> str:
        text = super().__str__()
        if self.failed:
            some = ", ".join(f"{ref} of domain {domid}" for _, domid, ref in self.failed[:8])
            more = ", …" if len(self.failed) > 8 else ""
            text += f"\n  {len(self.failed)} of {self.requested} grants failed ({some}{more})"
        return text


class GrantCopyError(XenError):
    """Copies to or from granted pages that failed; others may have been done.

    Attributes:
        errno: the kernel's; or what says most nearly the same as the first
            failed segment's status.
        statuses: per segment: 0 if it was copied, Xen's GNTST_* (below 0) if it
            was not, and None where that is not known, as the kernel gave up
            first: it may have been copied, or in part.
    """

    statuses: tuple[int | None, ...]

    def __init__(
        self,
        errno: int = 0,
        message: str | None = None,
        *,
        statuses: tuple[int | None, ...] = (),
        **context: object,
    ) -> None:
        self.statuses = statuses
        super().__init__(errno, message, **context)  # type: ignore[arg-type]  # passed on unread

    def __str__(self) -> str:
        text = super().__str__()
        bad = [f"{index}: {status}" for index, status in enumerate(self.statuses) if status]
        if bad:
            more = ", …" if len(bad) > 8 else ""
            count = len(self.statuses)
            text += f"\n  {len(bad)} of {count} segments failed (GNTST {', '.join(bad[:8])}{more})"
        return text


class StoreError(XenError):
    """A refusal by xenstored, or by us where every xenstored would refuse.

    Attributes:
        errno: what the error's name stands for; EINVAL for a name nobody knows.
        name: the name the daemon sent ("ENOENT"); empty if we refused, or the
            connection did.
        path: the node it was about, in full; empty if none.
        transaction: the transaction it was in; 0 if none.
    """

    name: str = ""
    path: str = ""
    transaction: int = 0

    def __init__(
        self,
        errno: int = 0,
        message: str | None = None,
        *,
        name: str = "",
        path: str = "",
        transaction: int = 0,
        **context: object,
    ) -> None:
        super().__init__(errno, message, **context)  # type: ignore[arg-type]  # passed on unread
        if name:
            self.name = name
        if path:
            self.path = path
        if transaction:
            self.transaction = transaction


class NodeNotFoundError(StoreError, XenNotFoundError, KeyError):
    """ENOENT: no such node in XenStore."""


class StorePermissionError(StoreError, XenPermissionError):
    """EACCES or EPERM: the node's permissions, or a request for the control domain only."""


class StoreNotSupportedError(StoreError, NotSupportedError):
    """ENOSYS: this xenstored does not know the request."""


class TransactionConflictError(StoreError):
    """EAGAIN: others changed what was used, and nothing was done. Begin again."""


class StoreConnectionError(StoreError, ConnectionError):
    """The connection to xenstored is gone, or what came from it made no sense.

    Watches and transactions went with it.
    """


class StoreTimeoutError(StoreError, XenTimeoutError):
    """A deadline has passed; the request may have been carried out."""


_CLASSES: dict[int, type[XenError]] = {
    _errno.EPERM: XenPermissionError,
    _errno.EACCES: XenPermissionError,
    _errno.ENOSYS: NotSupportedError,
    _errno.EOPNOTSUPP: NotSupportedError,
    _errno.ENOTTY: NotSupportedError,
    _errno.ESRCH: NoSuchDomainError,
    _errno.ENOENT: XenNotFoundError,
    _errno.EFBIG: EventOverflowError,
    _errno.ETIMEDOUT: XenTimeoutError,
    _errno.EINTR: XenInterruptedError,
}


def error_from(
    errno: int,
    *,
    call: str = "",
    via: str = "",
    domid: int | None = None,
    arguments: Mapping[str, object] | None = None,
    hint: str = "",
) -> XenError:
    """The member of the family that belongs to an errno."""
    return _CLASSES.get(errno, XenError)(
        errno, call=call, via=via, domid=domid, arguments=arguments, hint=hint
    )


def _show(name: str, value: object) -> str:
    """Domids, ports, transactions and counts in decimal; frames, addresses and flags in hex."""
    decimal = name.startswith(("dom", "port", "n", "transaction", "vcpu"))
    if type(value) is int and value > 9 and not decimal:
        return f"{value:#x}"
    return repr(value)
