"""Addresses of Python buffers.

The drivers take pointers; Python's ioctl takes buffers. `Pin` holds a buffer
still for as long as a pointer to it is out.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from _typeshed import ReadableBuffer

    AnyBuffer: TypeAlias = ReadableBuffer


class _PyBuffer(ctypes.Structure):
    """Py_buffer, part of Python's stable ABI since 3.11."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_PyBUF_SIMPLE = 0
_PyBUF_WRITABLE = 1

_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, ctypes.c_void_p, ctypes.c_int]
_get_buffer.restype = ctypes.c_int
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [ctypes.c_void_p]
_release_buffer.restype = None


class Pin:
    """A buffer that cannot move, shrink or go away while this object lives.

    Attributes:
        address: where its first byte is.
        length: bytes.

    Raises:
        BufferError, TypeError: not a contiguous buffer, or read-only where
            `writable` was asked for.
    """

    __slots__ = ("_raw", "address", "length")

    def __init__(self, buffer: AnyBuffer, *, writable: bool = False) -> None:
        self._raw: _PyBuffer | None = None
        raw = _PyBuffer()
        # ctypes.pythonapi raises whatever exception GetBuffer has set.
        _get_buffer(buffer, ctypes.addressof(raw), _PyBUF_WRITABLE if writable else _PyBUF_SIMPLE)
        self._raw = raw
        self.address: int = raw.buf or 0
        self.length: int = raw.len

    def release(self) -> None:
        """Let the buffer go; a second call does nothing."""
        raw, self._raw = self._raw, None
        if raw is not None:
            _release_buffer(ctypes.addressof(raw))

    def __enter__(self) -> Pin:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


def address_of(buffer: AnyBuffer) -> int:
    """Where a buffer's first byte is now; only useful while something else pins it."""
    with Pin(buffer) as pin:
        return pin.address
