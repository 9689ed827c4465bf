"""What XenStore's contract tests share: refusals, threads, and messages as they are on the wire."""

from __future__ import annotations

import errno
import os
import re
import struct
import threading
from contextlib import contextmanager

import pytest

from tests.contract.worlds import PATIENCE, WAYS
from xensys.errors import (
    StoreError,
)
from xensys.store import DEVICE_LIMIT, SOCKET_LIMIT

DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, START, END = range(1, 8)
WRITE, MKDIR, RM, SET_PERMS, EVENT, ERROR = range(11, 17)
RESET_WATCHES, DIRECTORY_PART = 21, 22

HEADER = struct.Struct("<4I")
#: Bytes of payload that one message may have.
ROOM = {"socket": SOCKET_LIMIT - HEADER.size, "device": DEVICE_LIMIT - HEADER.size}

ALL_BYTES = bytes(range(256))


@contextmanager
def refused(number, kind=StoreError, *, name=None):
    """The block must get this errno from the daemon, as exactly this class."""
    with pytest.raises(StoreError) as caught:
        yield caught
    error = caught.value
    assert (errno.errorcode[error.errno], type(error)) == (errno.errorcode[number], kind)
    assert error.name == (errno.errorcode[number] if name is None else name)


def written(store, path, value, daemon):
    """Write what may be longer than the daemon allows; whether it is there."""
    if len(value) <= daemon.says("value-limit"):
        store.write(path, value)
        return True
    with refused(errno.E2BIG):
        store.write(path, value)
    return False


@contextmanager
def write_fails(number):
    """The block's write must fail so: the kernel's own refusal."""
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as caught:
        yield
    assert caught.value.errno == number


class Threads:
    """Calls, each in a thread of its own; the first error is raised at the end."""

    def __init__(self):
        self._threads = []
        self._errors = []
        self.results = []

    def start(self, call, *args, **options):
        thread = threading.Thread(target=self._run, args=(call, args, options), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, call, args, options):
        try:
            self.results.append(call(*args, **options))
        except BaseException as error:
            self._errors.append(error)

    def finish(self):
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "hung"
        if self._errors:
            raise self._errors[0]
        return self.results


class Raw:
    """Bytes to the daemon and from it, as no client of ours would send them."""

    def __init__(self, world, way):
        self._kernel = world.kernel
        path = WAYS[way]
        opened = self._kernel.connect(path) if way == "socket" else self._kernel.open(path, os.O_RDWR)
        self._fd = opened
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._kernel.close(self._fd)

    def send(self, data):
        assert self._kernel.write(self._fd, data) == len(data)

    def receive(self):
        """The next message: type, id, transaction, payload; None at the end of the stream."""
        while True:
            if len(self._rest) >= HEADER.size:
                kind, req_id, tx, length = HEADER.unpack_from(self._rest)
                end = HEADER.size + length
                if len(self._rest) >= end:
                    payload, self._rest = self._rest[HEADER.size : end], self._rest[end:]
                    return kind, req_id, tx, payload
            assert self._kernel.wait((self._fd,), (), PATIENCE)[0], "no answer"
            data = self._kernel.read(self._fd, 65536)
            if not data:
                assert not self._rest
                return None
            self._rest += data

    def ask(self, kind, payload=b"", *, tx=0, req=77):
        """The answer: its payload, or the name of an error as text."""
        self.send(HEADER.pack(kind, req, tx, len(payload)) + payload)
        while True:
            message = self.receive()
            assert message is not None, "the connection has ended"
            if message[0] != EVENT:
                break
        got, got_req, got_tx, answer = message
        assert (got_req, got_tx) == (req, tx)
        if got == ERROR:
            assert answer.endswith(b"\0")
            return answer[:-1].decode()
        assert got == kind
        return answer
