"""The calling process's memory, read and written as a kernel would.

Every pointer that the simulated machine is given goes through here, so that a
bad one is EFAULT and never a crash of the interpreter.
"""

from __future__ import annotations

import ctypes
import os
from errno import EFAULT, ENOSYS, EPERM

from xensys.sim.errors import SimulatorMisuse


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


_libc = ctypes.CDLL(None, use_errno=True)
_ADDRESS_LIMIT = 1 << 63
_CHUNK = 1 << 20


def _vm_call(name: str) -> ctypes._NamedFuncPointer | None:
    # process_vm_* take pid, local vector and count, remote vector and count, flags.
    function: ctypes._NamedFuncPointer | None = getattr(_libc, name, None)
    if function is not None:
        vector = ctypes.POINTER(_IoVec)
        function.argtypes = [
            ctypes.c_int,
            vector,
            ctypes.c_ulong,
            vector,
            ctypes.c_ulong,
            ctypes.c_ulong,
        ]
        function.restype = ctypes.c_ssize_t
    return function


_readv = _vm_call("process_vm_readv")
_writev = _vm_call("process_vm_writev")


class UserMemory:
    """Access by address, with EFAULT where a kernel would give it.

    Uses process_vm_readv/writev on our own pid; where a sandbox forbids them,
    /proc/self/mem, which needs a look at /proc/self/maps before each write
    because it overrides write protection.
    """

    def __init__(self, *, via_proc: bool = False) -> None:
        self._via_proc = via_proc or _readv is None or _writev is None

    @property
    def via_proc(self) -> bool:
        """Whether /proc/self/mem is used."""
        return self._via_proc

    def read(self, address: int, length: int) -> bytes:
        """Copy in; OSError(EFAULT) unless all of it is readable."""
        if length == 0:
            return b""
        if address <= 0 or address + length > _ADDRESS_LIMIT:
            raise _fault()
        if length > _CHUNK:
            # An absurd count must meet the end of memory before it fills ours.
            return b"".join(
                self.read(address + at, min(_CHUNK, length - at)) for at in range(0, length, _CHUNK)
            )
        if not self._via_proc:
            buffer = ctypes.create_string_buffer(length)
            if self._vm(_readv, buffer, address, length):
                return buffer.raw
        return self._proc_read(address, length)

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Copy out; OSError(EFAULT) unless all of it is writable."""
        length = len(data)
        if length == 0:
            return
        if address <= 0 or address + length > _ADDRESS_LIMIT:
            raise _fault()
        if not self._via_proc:
            buffer = ctypes.create_string_buffer(bytes(data), length)
            if self._vm(_writev, buffer, address, length):
                return
        self._proc_write(address, bytes(data))

    def _vm(
        self,
        function: ctypes._NamedFuncPointer | None,
        buffer: ctypes.Array[ctypes.c_char],
        address: int,
        length: int,
    ) -> bool:
        """One transfer; False if the system call itself is forbidden here."""
        if function is None:
            return False
        local = _IoVec(ctypes.addressof(buffer), length)
        remote = _IoVec(address, length)
        done = function(os.getpid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        if done == length:
            return True
        # A short count means that a later page is missing. EPERM and ENOSYS are
        # a sandbox's answer: we may always look at ourselves.
        if done < 0 and ctypes.get_errno() in (EPERM, ENOSYS):
            self._via_proc = True
            return False
        raise _fault()

    def _proc_read(self, address: int, length: int) -> bytes:
        fd = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(fd, length, address)
        except OSError:
            raise _fault() from None
        finally:
            os.close(fd)
        if len(data) != length:
            raise _fault()
        return data

    def _proc_write(self, address: int, data: bytes) -> None:
        if not _writable(address, len(data)):
            raise _fault()
        fd = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            done = os.pwrite(fd, data, address)
        except OSError:
            raise _fault() from None
        finally:
            os.close(fd)
        if done != len(data):
            raise _fault()


def written_pages(address: int, length: int) -> list[bool]:
    """For each page of a private file mapping, whether it was ever written.

    /proc/self/pagemap, bit 61: the page is still the file's, so at most read;
    bits 62 and 63: swapped out, present.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    first = address // page
    count = (address + length - 1) // page - first + 1
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        entries = os.pread(pagemap.fileno(), 8 * count, 8 * first)
    if len(entries) != 8 * count:
        raise SimulatorMisuse("no /proc/self/pagemap: the arm64 personality needs it")
    words = memoryview(entries).cast("Q")
    return [bool(word >> 62 & 3) and not word >> 61 & 1 for word in words]


def _writable(address: int, length: int) -> bool:
    at, end = address, address + length
    with open("/proc/self/maps") as maps:
        for line in maps:
            bounds, protection, _ = line.split(maxsplit=2)
            low, high = (int(text, 16) for text in bounds.split("-"))
            if low <= at < high:
                if protection[1] != "w":
                    return False
                at = high
                if at >= end:
                    return True
    return False


def _fault() -> OSError:
    return OSError(EFAULT, os.strerror(EFAULT))
