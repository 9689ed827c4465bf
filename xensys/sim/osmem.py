"""The real memory system calls that simulated mappings are made of."""

from __future__ import annotations

import ctypes
import os

from xensys.kernel.base import (
    MADV_DONTFORK,
    MAP_FIXED,
    MAP_SHARED,
)

_libc = ctypes.CDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_mmap.restype = ctypes.c_void_p
_munmap = _libc.munmap
_munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_madvise = _libc.madvise
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_fallocate = _libc.fallocate
_fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]

_MAP_FAILED = ctypes.c_void_p(-1).value
_KEEP_SIZE_PUNCH_HOLE = 3


def mmap(address: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
    """mmap(2)."""
    result: int | None = _mmap(address, length, prot, flags, fd, offset)
    if result == _MAP_FAILED:
        raise _last_error()
    return result or 0


def munmap(address: int, length: int) -> None:
    """munmap(2)."""
    if _munmap(address, length):
        raise _last_error()


def madvise(address: int, length: int, advice: int) -> None:
    """madvise(2)."""
    if _madvise(address, length, advice):
        raise _last_error()


def overlay(address: int, length: int, prot: int, fd: int, offset: int) -> None:
    """Put part of a file where a privcmd mapping is, and keep it out of children.

    Linux marks privcmd's mappings VM_DONTCOPY (drivers/xen/privcmd.c).
    """
    mmap(address, length, prot, MAP_SHARED | MAP_FIXED, fd, offset)
    madvise(address, length, MADV_DONTFORK)


def punch(fd: int, offset: int, length: int) -> None:
    """Give a part of a memfd back; it reads as zeros."""
    if _fallocate(fd, _KEEP_SIZE_PUNCH_HOLE, offset, length):
        raise _last_error()


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
