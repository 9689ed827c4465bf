"""Linux, by system call."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap as _mmap
import os
import time
from _signal import (  # type: ignore[import-not-found]  # signal loads enum, and this has no stub
    SIG_IGN,
    SIGPIPE,
    getsignal,
)

from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_NORESERVE,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
    Kernel,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from xensys.kernel.base import IoctlArgument, ReadableBuffer, WritableBuffer

# ioctl's own number, to reach it through syscall(2): the C library's ioctl()
# returns int and would cut results above 2**31 - 1.
_SYS_IOCTL = {"x86_64": 16, "arm64": 29}
_ARCHITECTURE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

# include/linux/socket.h, the same everywhere.
_MSG_NOSIGNAL = 0x4000
_S_IFMT, _S_IFSOCK = 0o170000, 0o140000

# poll(2): events that say something whether asked for or not.
_POLLIN, _POLLOUT, _POLLERR, _POLLHUP, _POLLNVAL = 0x01, 0x04, 0x08, 0x10, 0x20
_LONGEST_POLL = 0x7FFF_FFFF

_MAP_FAILED = ctypes.c_void_p(-1).value


class LinuxKernel(Kernel):
    """The kernel of the machine we run on."""

    # Kept here for finalizers: a handle may outlive the names in module `os`.
    _os_close = staticmethod(os.close)

    def __init__(self) -> None:
        uname = os.uname()
        self.machine = _ARCHITECTURE.get(uname.machine, uname.machine)
        self.page_size = _mmap.PAGESIZE
        # CDLL(None) is this process: glibc or musl, whichever Python runs on.
        libc = ctypes.CDLL(None, use_errno=True)
        self._mmap = libc.mmap
        self._mmap.argtypes = [
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_long,
        ]
        self._mmap.restype = ctypes.c_void_p
        self._munmap = libc.munmap
        self._munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._madvise = libc.madvise
        self._madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self._send = libc.send
        self._send.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
        self._send.restype = ctypes.c_ssize_t
        self._syscall = libc.syscall
        self._syscall.restype = ctypes.c_long
        number = _SYS_IOCTL.get(self.machine)
        self._sys_ioctl = None if number is None else ctypes.c_long(number)

    def open(self, path: str, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC)

    def close(self, fd: int) -> None:
        self._os_close(fd)

    def ioctl(self, fd: int, request: int, arg: IoctlArgument) -> int:
        result: int = fcntl.ioctl(fd, request, arg, True)
        return result

    def ioctl_long(self, fd: int, request: int, arg: WritableBuffer) -> int:
        if self._sys_ioctl is None:
            return self.ioctl(fd, request, arg)
        raw = (ctypes.c_char * len(arg)).from_buffer(arg)
        result: int = self._syscall(self._sys_ioctl, ctypes.c_int(fd), ctypes.c_ulong(request), raw)
        if result == -1:
            raise _last_error()
        return result

    def connect(self, path: str) -> int:
        import socket  # too heavy for those who never connect

        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            # A program's socket.setdefaulttimeout() is not meant for us.
            connection.setblocking(True)
            connection.connect(path)
        except OSError as error:
            connection.close()
            if error.errno is None:  # Python's own complaint: longer than sun_path
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path) from None
            raise
        except BaseException:  # a signal handler's
            connection.close()
            raise
        return connection.detach()

    def is_socket(self, path: str) -> bool:
        return os.stat(path).st_mode & _S_IFMT == _S_IFSOCK

    def read(self, fd: int, length: int) -> bytes:
        return os.read(fd, length)

    def write(self, fd: int, data: ReadableBuffer) -> int:
        # What write(2) to a socket whose other end is gone does to a process that does not ignore it.
        harmless = getsignal(SIGPIPE) == SIG_IGN
        if harmless or os.fstat(fd).st_mode & _S_IFMT != _S_IFSOCK:
            return os.write(fd, data)
        raw = bytes(data)
        while True:
            done: int = self._send(fd, raw, len(raw), _MSG_NOSIGNAL)
            if done >= 0:
                return done
            if ctypes.get_errno() != errno.EINTR:
                raise _last_error()

    def wait(
        self, readers: Iterable[int], writers: Iterable[int] = (), timeout: float | None = None
    ) -> tuple[list[int], list[int]]:
        return poll(readers, writers, timeout)

    def eventfd(self) -> int:
        return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def get_blocking(self, fd: int) -> bool:
        return os.get_blocking(fd)

    def set_blocking(self, fd: int, blocking: bool) -> None:
        os.set_blocking(fd, blocking)

    def mmap(self, address: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        result: int | None = self._mmap(address, length, prot, flags, fd, offset)
        if result == _MAP_FAILED:
            raise _last_error()
        return result or 0

    def munmap(self, address: int, length: int) -> None:
        if self._munmap(address, length):
            raise _last_error()

    def madvise(self, address: int, length: int, advice: int) -> None:
        if self._madvise(address, length, advice):
            raise _last_error()

    def reserve(self, length: int, *, writable: bool) -> _mmap.mmap:
        prot = PROT_READ | PROT_WRITE if writable else PROT_READ
        return _mmap.mmap(-1, length, flags=MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, prot=prot)

    def read_file(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def access(self, path: str) -> int:
        try:
            os.stat(path)
        except OSError as error:
            return error.errno or 0
        # access(2) asks for the real user; the drivers look at the effective one.
        if os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            return 0
        return errno.EACCES

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


#: Kept for the next time: one costs more to make than to use.
_pollers: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}
_MOST_POLLERS = 16


def _poller(readers: tuple[int, ...], writers: tuple[int, ...]) -> Any:
    import select

    wanted = dict.fromkeys(readers, _POLLIN)
    for fd in writers:
        wanted[fd] = wanted.get(fd, 0) | _POLLOUT
    poller = select.poll()
    for fd, events in wanted.items():
        if fd < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        poller.register(fd, events)
    return poller


def poll(
    readers: Iterable[int], writers: Iterable[int], timeout: float | None
) -> tuple[list[int], list[int]]:
    """poll(2) on descriptors, as `Kernel.wait` has it."""
    key = tuple(readers), tuple(writers)
    # Taken out while it is used: two threads cannot use one.
    poller = _pollers.pop(key, None) or _poller(*key)
    deadline = None if timeout is None else time.monotonic() + max(timeout, 0.0)
    while True:
        milliseconds = None
        if deadline is not None:
            # Rounded up: a wait that ends early makes its caller spin. Python
            # itself waits on after EINTR.
            left = max(deadline - time.monotonic(), 0.0)
            milliseconds = min(-int(-left * 1000 // 1), _LONGEST_POLL)
        found = dict(poller.poll(milliseconds))
        if found or (deadline is not None and time.monotonic() >= deadline):
            break
    # Only numbers are in it, which may be other files the next time.
    if len(_pollers) < _MOST_POLLERS:
        _pollers[key] = poller
    if any(events & _POLLNVAL for events in found.values()):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    ended = _POLLERR | _POLLHUP
    return (
        [fd for fd in key[0] if found.get(fd, 0) & (_POLLIN | ended)],
        [fd for fd in key[1] if found.get(fd, 0) & (_POLLOUT | ended)],
    )


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
