"""Speaks the XenStore protocol to a SimKernel in raw bytes, with nothing of xensys' upper layers."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager

import pytest

CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, START, END = range(8)
INTRODUCE, RELEASE, GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, EVENT, ERROR = range(8, 17)
IS_INTRODUCED, RESUME, SET_TARGET = 17, 18, 19
RESET_WATCHES, DIRECTORY_PART, GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA = range(21, 27)

SOCKET = "/run/xenstored/socket"
XENBUS = "/dev/xen/xenbus"


class Answer(Exception):
    """An ERROR reply."""


@contextmanager
def says(name):
    """The block must get this ERROR reply."""
    with pytest.raises(Answer) as caught:
        yield
    assert caught.value.args[0] == name


def packed(kind, payload=b"", *, tx=0, req=0):
    """A message."""
    return struct.pack("<4I", kind, req, tx, len(payload)) + payload


def unpacked(data):
    """(type, req_id, tx_id, payload) of each message in `data`, and what is left over."""
    found = []
    while len(data) >= 16:
        kind, req, tx, length = struct.unpack_from("<4I", data)
        if len(data) < 16 + length:
            break
        found.append((kind, req, tx, data[16 : 16 + length]))
        data = data[16 + length :]
    return found, data


class Client:
    """One open socket or xenbus file. Never blocks: what should be there must be there."""

    def __init__(self, kernel, path=SOCKET):
        self.kernel = kernel
        self.fd = kernel.connect(path) if path.endswith("socket") else kernel.open(path, os.O_RDWR)
        self.events = []
        self._rest = b""
        self._next = 100

    def close(self):
        self.kernel.close(self.fd)

    def raw(self, data):
        assert self.kernel.write(self.fd, data) == len(data)

    def ready(self):
        return bool(self.kernel.wait([self.fd], (), 0)[0])

    def messages(self):
        """All that can be read now."""
        found = []
        while self.ready():
            data = self.kernel.read(self.fd, 65536)
            if not data:
                break
            more, self._rest = unpacked(self._rest + data)
            found += more
        return found

    def transact(self, kind, payload=b"", *, tx=0):
        """The one reply, checked against the request; events are put aside."""
        self._next += 1
        self.raw(packed(kind, payload, tx=tx, req=self._next))
        replies = []
        for message in self.messages():
            if message[0] == EVENT:
                self.events.append(self._event(message))
            else:
                replies.append(message)
        assert len(replies) == 1, replies
        got, req, got_tx, answer = replies[0]
        assert (req, got_tx) == (self._next, tx)
        if got == ERROR:
            assert answer[-1:] == b"\0"
            raise Answer(answer[:-1].decode())
        assert got == kind
        return answer

    def ask(self, kind, *texts, tail=b"", tx=0):
        """As `transact`, of strings and what follows them."""
        coded = [text.encode() if isinstance(text, str) else text for text in texts]
        return self.transact(kind, b"".join(text + b"\0" for text in coded) + tail, tx=tx)

    def take(self):
        """The events since the last look, as "path token"."""
        self.events += [self._event(message) for message in self.messages()]
        events, self.events = self.events, []
        return events

    @staticmethod
    def _event(message):
        kind, req, tx, payload = message
        assert (kind, req, tx) == (EVENT, 0, 0), message
        path, token, rest = payload.split(b"\0")
        assert rest == b""
        return f"{path.decode()} {token.decode()}"

    # Shorter

    def read(self, path, **tx):
        return self.ask(READ, path, **tx)

    def write(self, path, value=b"", **tx):
        assert self.ask(WRITE, path, tail=value, **tx) == b"OK\0"

    def mkdir(self, path, **tx):
        assert self.ask(MKDIR, path, **tx) == b"OK\0"

    def rm(self, path, **tx):
        assert self.ask(RM, path, **tx) == b"OK\0"

    def ls(self, path, **tx):
        data = self.ask(DIRECTORY, path, **tx)
        assert data[-1:] in (b"", b"\0")
        return [name.decode() for name in data.split(b"\0")[:-1]]

    def perms(self, path, **tx):
        return [text.decode() for text in self.ask(GET_PERMS, path, **tx).split(b"\0")[:-1]]

    def set_perms(self, path, *entries, **tx):
        assert self.ask(SET_PERMS, path, *entries, **tx) == b"OK\0"

    def watch(self, path, token):
        assert self.ask(WATCH, path, token) == b"OK\0"

    def start(self):
        answer = self.ask(START, "")
        assert answer[-1:] == b"\0"
        return int(answer[:-1])

    def end(self, tx, verdict="T"):
        assert self.ask(END, verdict, tx=tx) == b"OK\0"


def guest_of(machine, domid=1):
    """A guest's own view, through its xenbus."""
    return Client(machine.domains[domid].kernel(), XENBUS)
