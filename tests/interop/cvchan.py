"""C's libxenvchan as a process that does what it is told, and the other side of that.

    with C() as c:
        c.serve(domid, path, left, right)
        c.write(b"hello")

The process has one vchan. It reads commands as lines of JSON and answers each
with one. Nothing of xensys is in it but the generator of bytes below.
"""

from __future__ import annotations

import ctypes
import glob
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

_MIB = 1 << 20


def stream(seed: str, total: int, piece: int = _MIB) -> Iterator[bytes]:
    """Bytes that nobody would write by mistake, the same ones for the same seed."""
    block = hashlib.shake_128(seed.encode()).digest(_MIB)
    doubled = block * 2
    at = 0
    while at < total:
        # No two MiB are alike: each begins elsewhere in the block.
        turn = at // piece * 7919 % _MIB
        yield doubled[turn : turn + min(piece, total - at, _MIB)]
        at += min(piece, total - at, _MIB)


def checksum(seed: str, total: int, piece: int = _MIB) -> str:
    """Of `stream`."""
    digest = hashlib.sha256()
    for data in stream(seed, total, piece):
        digest.update(data)
    return digest.hexdigest()


# --- the process ---


class _Ring(ctypes.Structure):
    """struct libxenvchan_ring of tools/include/libxenvchan.h."""

    _fields_ = (("shr", ctypes.c_void_p), ("buffer", ctypes.c_void_p), ("order", ctypes.c_int))


class _Control(ctypes.Structure):
    """struct libxenvchan."""

    _fields_ = (
        ("gnt", ctypes.c_void_p),
        ("ring", ctypes.c_void_p),
        ("event", ctypes.c_void_p),
        ("event_port", ctypes.c_uint32),
        ("is_server", ctypes.c_uint, 1),
        ("server_persist", ctypes.c_uint, 1),
        ("blocking", ctypes.c_uint, 1),
        ("read", _Ring),
        ("write", _Ring),
        ("xs_path", ctypes.c_char_p),
    )


def _load() -> Any:
    (path, *_) = sorted(glob.glob("/usr/lib/*/libxenvchan.so.4.*"))
    library = ctypes.CDLL(path, use_errno=True)
    pointer = ctypes.POINTER(_Control)
    for name in ("server_init", "client_init"):
        getattr(library, f"libxenvchan_{name}").restype = pointer
    library.libxenvchan_server_init.argtypes = (
        ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t,
    )  # fmt: skip
    library.libxenvchan_client_init.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
    for name in ("send", "recv", "write", "read"):
        getattr(library, f"libxenvchan_{name}").argtypes = (pointer, ctypes.c_void_p, ctypes.c_size_t)
    for name in ("close", "data_ready", "buffer_space", "is_open", "wait"):
        getattr(library, f"libxenvchan_{name}").argtypes = (pointer,)
    library.libxenvchan_close.restype = None
    return library


class _Process:
    def __init__(self) -> None:
        self.library = _load()
        self.control: Any = None

    def serve(self, domid: int, path: str, left: int, right: int, persist: bool, blocking: bool) -> bool:
        self.control = self.library.libxenvchan_server_init(None, domid, path.encode(), left, right)
        return self._made(persist, blocking)

    def connect(self, domid: int, path: str, blocking: bool) -> bool:
        self.control = self.library.libxenvchan_client_init(None, domid, path.encode())
        return self._made(False, blocking)

    def _made(self, persist: bool, blocking: bool) -> bool:
        if not self.control:
            return False
        self.control.contents.server_persist = persist
        self.control.contents.blocking = blocking
        return True

    def write(self, data: str) -> int:
        raw = bytes.fromhex(data)
        return int(self.library.libxenvchan_write(self.control, raw, len(raw)))

    def send(self, data: str) -> int:
        raw = bytes.fromhex(data)
        return int(self.library.libxenvchan_send(self.control, raw, len(raw)))

    def read(self, size: int) -> tuple[int, str]:
        return self._read(self.library.libxenvchan_read, size)

    def recv(self, size: int) -> tuple[int, str]:
        return self._read(self.library.libxenvchan_recv, size)

    def _read(self, how: Any, size: int) -> tuple[int, str]:
        buffer = ctypes.create_string_buffer(size)
        got = int(how(self.control, buffer, size))
        return got, buffer.raw[: max(got, 0)].hex()

    def pour(self, seed: str, total: int, piece: int) -> int:
        """Write a stream; how many bytes."""
        done = 0
        for data in stream(seed, total, piece):
            got = int(self.library.libxenvchan_write(self.control, data, len(data)))
            if got != len(data):
                return done
            done += got
        return done

    def drain(self, total: int, piece: int) -> str:
        """Read so much; its checksum."""
        digest, left = hashlib.sha256(), total
        buffer = ctypes.create_string_buffer(piece)
        view = memoryview(buffer)
        while left:
            got = int(self.library.libxenvchan_read(self.control, buffer, min(piece, left)))
            if got <= 0:
                return f"{left} bytes short"
            digest.update(view[:got])
            left -= got
        return digest.hexdigest()

    def data_ready(self) -> int:
        return int(self.library.libxenvchan_data_ready(self.control))

    def buffer_space(self) -> int:
        return int(self.library.libxenvchan_buffer_space(self.control))

    def is_open(self) -> int:
        return int(self.library.libxenvchan_is_open(self.control))

    def wait(self) -> int:
        return int(self.library.libxenvchan_wait(self.control))

    def close(self) -> None:
        self.library.libxenvchan_close(self.control)
        self.control = None


def main() -> None:
    """Do what the lines say until there are no more."""
    process = _Process()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(process, name)(*arguments)), flush=True)


# --- the other side ---


class C:
    """The process. Every command may be begun (`begin`) and its answer fetched later (`answer`)."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "tests.interop.cvchan"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def begin(self, name: str, *arguments: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self, timeout: float = 1800.0) -> Any:
        out: IO[bytes] | None = self._process.stdout
        assert out is not None
        assert select.select([out], [], [], timeout)[0], "C's end does not answer"
        line = out.readline()
        assert line, f"C's end is gone, {self._process.wait()}"
        return json.loads(line)

    def do(self, name: str, *arguments: object) -> Any:
        self.begin(name, *arguments)
        return self.answer()

    def serve(
        self, domid: int, path: str, left: int, right: int, *, persist: bool = False, blocking: bool = True
    ) -> None:
        assert self.do("serve", domid, path, left, right, persist, blocking), "libxenvchan_server_init"

    def connect(self, domid: int, path: str, *, blocking: bool = True) -> None:
        assert self.do("connect", domid, path, blocking), "libxenvchan_client_init"

    def write(self, data: bytes) -> int:
        return int(self.do("write", data.hex()))

    def send(self, data: bytes) -> int:
        return int(self.do("send", data.hex()))

    def read(self, size: int) -> tuple[int, bytes]:
        return self.bytes_of(self.do("read", size))

    def recv(self, size: int) -> tuple[int, bytes]:
        return self.bytes_of(self.do("recv", size))

    @staticmethod
    def bytes_of(answer: Any) -> tuple[int, bytes]:
        return int(answer[0]), bytes.fromhex(answer[1])

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> C:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            # What it was told last it may not have lived to hear.
            with suppress(BrokenPipeError):
                pipe.close()


if __name__ == "__main__":
    main()
