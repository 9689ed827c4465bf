"""What a kernel can be asked to do: the interface that the simulator implements too.

Descriptors are real numbers in every implementation: a simulated device hands
out a descriptor that can be polled, passed to `select` and closed.
Addresses are those of this process in every implementation: a simulated
mapping is a real mapping, of other memory.
"""

from __future__ import annotations

import abc
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap as _mmap
    from collections.abc import Iterable
    from typing import TypeAlias

    WritableBuffer: TypeAlias = "bytearray | memoryview | _mmap.mmap"
    ReadableBuffer: TypeAlias = "bytes | bytearray | memoryview"
    #: Few ioctls take a number where the others take a pointer.
    IoctlArgument: TypeAlias = "WritableBuffer | int"

# Linux's numbers, the same on x86_64 and arm64 (include/uapi/asm-generic/mman*.h).
# The mmap module lacks some of them on some Python versions.
PROT_NONE = 0
PROT_READ = 1
PROT_WRITE = 2
MAP_SHARED = 0x01
MAP_PRIVATE = 0x02
MAP_FIXED = 0x10
MAP_ANONYMOUS = 0x20
MAP_LOCKED = 0x2000
MAP_NORESERVE = 0x4000
MAP_FIXED_NOREPLACE = 0x100000
MADV_DONTFORK = 10
MADV_DOFORK = 11


class Kernel(abc.ABC):
    """System calls, as far as xensys needs them.

    All methods raise `OSError` with the kernel's errno, and none of them
    converts one errno into another.

    Attributes:
        simulated: True if this is not the kernel of the machine we run on.
        machine: architecture as Xen names it, "x86_64" or "arm64"; other
            machines keep the name `uname` gives.
        page_size: bytes per page of this kernel (4096, or 65536 on some arm64).
    """

    simulated: bool = False
    machine: str
    page_size: int

    @abc.abstractmethod
    def open(self, path: str, flags: int) -> int:
        """Open `path`; the descriptor is close-on-exec. EINTR: retried after signal handlers ran."""

    @abc.abstractmethod
    def close(self, fd: int) -> None:
        """Close a descriptor."""

    def revoke(self, fd: int) -> None:
        """Put /dev/null in place of the file behind a descriptor, for whoever has its number (dup2).

        System calls that are inside the kernel go on with the old file. The
        close-on-exec flag stays as it is. EINTR: retried after signal handlers ran.
        """
        null = self.open("/dev/null", os.O_RDWR)
        try:
            os.dup2(null, fd, os.get_inheritable(fd))
        finally:
            self.close(null)

    @abc.abstractmethod
    def ioctl(self, fd: int, request: int, arg: IoctlArgument) -> int:
        """An ioctl whose result fits a C int; `arg` is read and written in place.

        What the driver wrote to `arg` is lost if it failed (Python copies small
        buffers back only on success). EINTR: reported (before Python 3.14 always;
        later versions retry once signal handlers have run).
        """

    @abc.abstractmethod
    def ioctl_long(self, fd: int, request: int, arg: WritableBuffer) -> int:
        """An ioctl whose result may be any 64-bit number not in -4095..-1. EINTR: reported."""

    @abc.abstractmethod
    def connect(self, path: str) -> int:
        """A stream connection to the Unix socket at `path`; the descriptor is close-on-exec and blocks.

        EINTR: retried after signal handlers ran.

        Raises:
            OSError: ENOENT, no such path; ECONNREFUSED, nobody listens, or not
                a socket; ENAMETOOLONG, more than a socket's address can hold.
        """

    @abc.abstractmethod
    def is_socket(self, path: str) -> bool:
        """Whether `path` leads to a socket, to be connected to and not opened; OSError as stat has it."""

    @abc.abstractmethod
    def read(self, fd: int, length: int) -> bytes:
        """At most `length` bytes; b"" is the end of a stream.

        Blocks unless the descriptor has O_NONBLOCK (EAGAIN). EINTR: retried
        after signal handlers ran.
        """

    @abc.abstractmethod
    def write(self, fd: int, data: ReadableBuffer) -> int:
        """Write some of `data`; how much is the result, and the rest is the caller's business.

        A socket whose peer is gone is EPIPE, never a SIGPIPE. EINTR: retried
        after signal handlers ran.
        """

    @abc.abstractmethod
    def wait(
        self, readers: Iterable[int], writers: Iterable[int] = (), timeout: float | None = None
    ) -> tuple[list[int], list[int]]:
        """Wait until a descriptor can be read or written without blocking.

        A descriptor whose other end is gone, or that has an error pending, is
        ready for whatever it was asked for: the read or write tells.

        Args:
            timeout: seconds on the monotonic clock; None waits, 0 only looks.

        Returns:
            the ready ones of `readers` and of `writers`, in the order given;
            both are empty if the time was up first. EINTR: waits on, for what
            is left of `timeout`, after signal handlers ran.

        Raises:
            OSError: EBADF, one of them is not open.
        """

    @abc.abstractmethod
    def eventfd(self) -> int:
        """A counter to wake up a `wait` with, close-on-exec and O_NONBLOCK.

        Eight bytes (a native 64-bit number) written to it are added; a read
        of 8 gives the sum and sets it to 0, EAGAIN if it is that already.
        """

    @abc.abstractmethod
    def get_blocking(self, fd: int) -> bool:
        """Whether the descriptor lacks O_NONBLOCK."""

    @abc.abstractmethod
    def set_blocking(self, fd: int, blocking: bool) -> None:
        """Clear or set O_NONBLOCK, for everybody who shares this open file.

        Only for descriptors of one's own: adopted ones keep their flags.
        """

    @abc.abstractmethod
    def mmap(self, address: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
        """Map at (or, without MAP_FIXED, near) `address`; returns the address."""

    @abc.abstractmethod
    def munmap(self, address: int, length: int) -> None:
        """Unmap exactly this range."""

    @abc.abstractmethod
    def madvise(self, address: int, length: int, advice: int) -> None:
        """Advise the kernel about this range."""

    @abc.abstractmethod
    def reserve(self, length: int, *, writable: bool) -> _mmap.mmap:
        """Address space to map a device over, as an object that exports it safely.

        Views of the result keep its addresses from being unmapped and reused,
        and are read-only unless `writable`; when the last one is gone, Python
        unmaps the range whole. That is all of the lifetime tracking that
        mappings need (see xensys.memory.mapping).

        Args:
            length: bytes, a multiple of the page size.
        """

    @abc.abstractmethod
    def read_file(self, path: str) -> bytes:
        """The content of one of the small files that tell what machine this is."""

    @abc.abstractmethod
    def access(self, path: str) -> int:
        """0 if `path` could be opened for reading and writing, else the errno; never blocks."""

    @abc.abstractmethod
    def monotonic(self) -> float:
        """Seconds on the monotonic clock."""

    @abc.abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time pass."""
