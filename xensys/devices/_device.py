"""What all device handles have in common: a descriptor, its end, and its errors.

A descriptor must not be closed while another thread is inside a system call on
it: its number could be given to another file at once, and the call would reach
that. So the number lives in a `Descriptor`, every call holds a reference to it
for its duration, and the last reference to go closes the file. Closing a
handle therefore means putting another object in the descriptor's place, which
also makes the check for "closed" free: the replacement has no number to give.
A device that knows nothing of restriction is restricted the same way.
"""

from __future__ import annotations

import os
from _warnings import warn
from errno import EACCES, EINTR, EINVAL, ENODEV, ENOENT, ENOTTY, ENXIO, EPERM

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys._packing import check
from xensys.devices._placing import place
from xensys.errors import ForkedError, NoXenError, XenError, XenPermissionError, error_from
from xensys.kernel.base import MAP_SHARED

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Mapping
    from typing import Self

    from xensys.kernel import Kernel
    from xensys.kernel.base import IoctlArgument


class Descriptor:
    """An open file; closed with the last reference."""

    __slots__ = ("_close", "_owned", "fd")

    def __init__(self, kernel: Kernel, fd: int, *, owned: bool) -> None:
        self._close = kernel.close
        self._owned = owned
        self.fd: int = fd

    def __del__(self) -> None:
        if self._owned:
            # EBADF, were it possible, would mean that somebody else closed our
            # descriptor; Python prints what a finalizer raises, as it should.
            self._close(self.fd)


class _Closed(Descriptor):
    """Stands where a descriptor was, once its handle is closed."""

    __slots__ = ()

    def __init__(self) -> None:
        self._owned = False

    @property
    def fd(self) -> int:  # type: ignore[override]  # never has a number: reading it is the check
        raise ValueError("I/O operation on closed device handle")


class _Forked(_Closed):
    """Stands where a descriptor was, in the child of a fork."""

    __slots__ = ("_kept",)

    def __init__(self, kept: Descriptor) -> None:
        super().__init__()
        # The child's copy of the descriptor stays open until its handle is closed.
        self._kept = kept

    @property
    def fd(self) -> int:  # type: ignore[override]  # never has a number: reading it is the check
        raise ForkedError


class _Restricted(_Closed):
    """Stands where the descriptor of a device was that can only be given up, not restricted."""

    __slots__ = ("domid", "path")

    def __init__(self, domid: int, path: str) -> None:
        super().__init__()
        self.domid = domid
        self.path = path

    @property
    def fd(self) -> int:  # type: ignore[override]  # never has a number: reading it is the check
        raise restricted(self.domid, self.path)


_CLOSED = _Closed()

#: The last number that a domain can have (xen/include/public/xen.h, below DOMID_FIRST_RESERVED).
_LAST_DOMID = 0x7FEF


def restricted(domid: int, path: str) -> XenPermissionError:
    """What to raise for a device that was given up in a restriction."""
    return XenPermissionError(
        EPERM,
        via=path,
        domid=domid,
        hint=f"restricted to domain {domid}, for good: this device has no restriction to one domain, "
        "so nothing can be asked of it any more",
    )


def check_domid(domid: int) -> None:
    """What a restriction can be to: a domain's own number."""
    check(domid, "restrict", "domid", 0, _LAST_DOMID)


class Device(OneOfAKind):
    """A handle on one of Linux's Xen device files.

    Use `open()` or `adopt()`. Handles may be used from many threads. As a
    context manager a handle closes on exit.
    """

    __slots__ = ("__weakref__", "_descriptor", "_kernel", "_only", "_path")

    #: Where the device may be, in order of preference.
    PATHS: tuple[str, ...] = ()
    #: What to do if the device is not there.
    MISSING_HINT = ""

    def __init__(self, kernel: Kernel, fd: int, path: str, *, owned: bool = True) -> None:
        self._kernel = kernel
        self._path = path
        self._only: int | None = None
        self._descriptor: Descriptor = Descriptor(kernel, fd, owned=owned)
        watch_fork(self)

    @classmethod
    def open(cls, kernel: Kernel | None = None) -> Self:
        """Open the device.

        Args:
            kernel: whose device; this machine's if None.
        Raises:
            NoXenError: the node does not exist, or has no driver behind it.
            XenPermissionError: EACCES or EPERM, not for this user.
        """
        if kernel is None:
            from xensys.kernel import host

            kernel = host()
        path, fd = cls._open_first(kernel, cls.PATHS)
        return cls(kernel, fd, path)

    @classmethod
    def _open_first(cls, kernel: Kernel, paths: tuple[str, ...]) -> tuple[str, int]:
        """Open the first of `paths` whose driver is there, as libxencall does."""
        missing = ENOENT
        for path in paths:
            try:
                return path, kernel.open(path, os.O_RDWR)
            except OSError as error:
                # ENXIO, ENODEV: a node whose driver is not loaded or not at home.
                if error.errno not in (ENOENT, ENXIO, ENODEV):
                    hint = ""
                    if error.errno in (EPERM, EACCES):
                        hint = "these nodes are root's (mode 0600): run as root, or adopt() a descriptor"
                    raise error_from(error.errno or 0, call=f"open({path})", hint=hint) from None
                missing = error.errno
        raise NoXenError(missing, call=f"open({', '.join(paths)})", hint=cls.MISSING_HINT)

    @classmethod
    def adopt(cls, fd: int, kernel: Kernel | None = None, *, close: bool = True) -> Self:
        """Use a descriptor that something else opened.

        Its flags stay as they are (close-on-exec and non-blocking among them).

        Args:
            fd: a descriptor of this device.
            kernel: whose descriptor; this machine's if None.
            close: whether closing the handle closes the descriptor.
        """
        if kernel is None:
            from xensys.kernel import host

            kernel = host()
        if fd < 0:
            raise ValueError(f"not a descriptor: {fd}")
        return cls(kernel, fd, f"descriptor {fd}", owned=close)

    @property
    def path(self) -> str:
        """The node this handle was opened at; for an adopted one "descriptor N"."""
        return self._path

    @property
    def kernel(self) -> Kernel:
        """The kernel this handle belongs to."""
        return self._kernel

    @property
    def closed(self) -> bool:
        """Whether the handle is closed."""
        return self._descriptor is _CLOSED

    @property
    def restricted_to(self) -> int | None:
        """The domain that this handle was restricted to through this object; None if it was not."""
        return self._only

    def fileno(self) -> int:
        """The descriptor's number."""
        return self._descriptor.fd

    def restrict(self, domid: int) -> None:
        """Give up all that is not about one domain, for good; here that is everything.

        This device's driver has no restriction. So /dev/null takes the place of
        the descriptor, whoever opened it, and what was mapped stays. Duplicated
        and inherited descriptors are not reached.

        Args:
            domid: 0 … 0x7FEF.
        Raises:
            XenError: EINVAL, restricted to another domain already; EMFILE or
                ENFILE, an adopted descriptor that could not be replaced: it is
                still what it was, for others.
        """
        check_domid(domid)
        if self._only is not None:
            self._refuse_other(domid)
            return
        descriptor = self._descriptor
        fd = descriptor.fd
        # First: a thread that has the number already gets to /dev/null, and nobody gets it from now on.
        self._only = domid
        self._descriptor = _Restricted(domid, self._path)
        try:
            self._kernel.revoke(fd)
        except OSError as error:
            if descriptor._owned:
                return  # closed with the last call that is inside the kernel
            raise error_from(
                error.errno or 0,
                call="dup2(/dev/null)",
                via=self._path,
                hint="this descriptor is somebody else's, and for them as it was; only this handle is done",
            ) from None

    def _refuse_other(self, domid: int) -> None:
        """A restriction cannot be taken back."""
        if self._only != domid:
            raise error_from(
                EINVAL,
                call="restrict",
                via=self._path,
                domid=domid,
                hint=f"this handle is restricted to domain {self._only} already, for good",
            )

    def close(self) -> None:
        """Close the handle; a second call does nothing.

        Calls in other threads that are inside the kernel finish first: the
        descriptor is closed with the last of them. Mappings made through the
        handle stay.
        """
        self._descriptor = _CLOSED

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # An interpreter on its way out collects everything; that is no leak.
        descriptor = getattr(self, "_descriptor", _CLOSED)
        if isinstance(descriptor, _Closed) or is_exiting():
            return
        if descriptor._owned:
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        descriptor = getattr(self, "_descriptor", _CLOSED)
        if isinstance(descriptor, _Forked):
            state = "of a parent process"
        elif isinstance(descriptor, _Restricted):
            state = f"given up: restricted to domain {descriptor.domid}"
        elif isinstance(descriptor, _Closed):
            state = "closed"
        else:
            state = f"fd {descriptor.fd}"
        return f"<{type(self).__name__} {self._path}, {state}>"

    def _forked(self) -> None:
        if not isinstance(self._descriptor, _Closed):
            self._descriptor = _Forked(self._descriptor)

    def _ioctl(
        self,
        name: str,
        request: int,
        arg: IoctlArgument,
        *,
        domid: int | None = None,
        arguments: Mapping[str, object] | None = None,
        retry: bool = False,
    ) -> int:
        """Issue an ioctl; `retry` says that EINTR may be answered by trying again."""
        descriptor = self._descriptor
        while True:
            try:
                return self._kernel.ioctl(descriptor.fd, request, arg)
            except OSError as error:
                if isinstance(error, XenError):  # ForkedError
                    raise
                if error.errno == EINTR and retry:
                    continue
                raise error_from(
                    error.errno or 0,
                    call=name,
                    via=self._path,
                    domid=domid,
                    arguments=arguments,
                    hint=self._restriction_hint(error.errno),
                ) from None

    def _restriction_hint(self, errno: int | None) -> str:
        """What to say of an errno that a restriction may be the cause of."""
        if errno == ENOTTY:
            now = self._descriptor
            if isinstance(now, _Restricted):
                # Given up while this call was on its way: it has met /dev/null.
                raise restricted(now.domid, now.path) from None
        if self._only is not None and errno in (EPERM, EACCES):
            return f"this handle is restricted to domain {self._only}, for good"
        return ""

    def _map_over(self, memory: mmap.mmap, index: int | None = None) -> None:
        """Map the device, from offset `index` on, in place of memory that was reserved for it."""
        descriptor = self._descriptor
        fd = descriptor.fd
        try:
            place(self._kernel, memory, MAP_SHARED, fd, index or 0)
        except OSError as error:
            now = self._descriptor
            if isinstance(now, _Restricted):
                raise restricted(now.domid, now.path) from None
            arguments = {"length": len(memory)}
            if index is not None:
                arguments["index"] = index
            raise error_from(error.errno or 0, call="mmap", via=self._path, arguments=arguments) from None
