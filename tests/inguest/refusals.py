"""What tests lean on: refusals, threads whose failures become the test's, bytes as no client sends them."""

from __future__ import annotations

import errno
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.inguest.dom0 import PATIENCE
from tests.inguest.worlds import DEVICE, World
from xensys.errors import StoreError


@contextmanager
def refused(number: int, kind: type[StoreError] = StoreError) -> Iterator[pytest.ExceptionInfo[StoreError]]:
    """The block must get this errno, as exactly this class."""
    with pytest.raises(StoreError) as caught:
        yield caught
    error = caught.value
    assert error.errno is not None
    assert (errno.errorcode[error.errno], type(error)) == (errno.errorcode[number], kind)


class Threads:
    """Calls, each in a thread of its own; the first error is raised at the end."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._results: list[Any] = []

    def start(self, call: Callable[..., Any], *args: Any, **options: Any) -> None:
        thread = threading.Thread(target=self._run, args=(call, args, options), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, call: Callable[..., Any], args: Any, options: Any) -> None:
        try:
            self._results.append(call(*args, **options))
        except BaseException as error:
            self._errors.append(error)

    def finish(self) -> list[Any]:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "hung"
        if self._errors:
            raise self._errors[0]
        return self._results


class Raw:
    """Messages to the device and from it, as they are."""

    _HEADER = struct.Struct("<4I")
    _ERROR = 16

    def __init__(self, world: World) -> None:
        self._kernel = world.kernel
        self._fd = self._kernel.open(DEVICE, os.O_RDWR)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self._kernel.close(self._fd)

    def send(self, data: bytes) -> None:
        assert self._kernel.write(self._fd, data) == len(data)

    def ask(self, kind: int, payload: bytes, *, tx: int = 0, req: int = 77) -> bytes | str:
        """The answer: its payload, or the name of an error as text."""
        self.send(self._HEADER.pack(kind, req, tx, len(payload)) + payload)
        data = b""
        while len(data) < 16 or len(data) < 16 + self._HEADER.unpack_from(data)[3]:
            assert self._kernel.wait((self._fd,), (), PATIENCE)[0], "no answer"
            data += self._kernel.read(self._fd, 65536)
        got, got_req, got_tx, length = self._HEADER.unpack_from(data)
        assert (got_req, got_tx, len(data)) == (req, tx, 16 + length)
        if got == self._ERROR:
            return data[16:-1].decode()
        assert got == kind
        return data[16:]
