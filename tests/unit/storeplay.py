"""A daemon's answers to plans, played: from a script, or from a tree of nodes."""

from __future__ import annotations

from collections.abc import Callable

from xensys.abi.io import xs_wire as abi
from xensys.store.plans import drive
from xensys.store.protocol import NAMES, Request

OK = b"OK\0"
START = (abi.XS_TRANSACTION_START, b"\0", 0)


class Played:
    """Answers requests from a list: (kind, payload, tx) → reply, an error's name, or an exception."""

    def __init__(self, *script: tuple[int, bytes, int, object]) -> None:
        self.script = list(script)

    def __call__(self, request: Request) -> bytes:
        assert self.script, f"nobody expects {request!r}"
        kind, payload, tx, reply = self.script.pop(0)
        assert (NAMES[request.kind], request.payload, request.tx_id) == (NAMES[kind], payload, tx)
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, str):
            raise request.error(reply.encode() + b"\0")
        assert isinstance(reply, bytes)
        return reply

    def run(self, plan):  # type: ignore[no-untyped-def]
        try:
            return drive(plan, self)
        finally:
            assert not self.script, "more was expected"


class Tree:
    """Nodes in a dict, answered as the C daemon does it (tools/xenstored/core.c)."""

    def __init__(self, nodes: dict[str, bytes], *, payload_max: int = 4096, parts: bool = True) -> None:
        self.nodes = nodes
        self.unreadable: set[str] = set()
        self.payload_max = payload_max
        self.parts = parts
        self.generation = 1
        self.asked: list[str] = []
        self.before: Callable[[Request], None] = lambda _: None

    def children(self, path: str) -> bytes:
        under = path if path == "/" else path + "/"
        names = [p[len(under) :] for p in self.nodes if p.startswith(under) and p != "/"]
        return b"".join(name.encode() + b"\0" for name in names if name and "/" not in name)

    def part(self, path: str, offset: int) -> bytes:
        names = self.children(path)
        head = b"%d\0" % self.generation
        if offset >= len(names):
            return head + b"\0"
        room = self.payload_max - len(head) - 1
        length = 0
        while True:
            name = names[offset + length : names.index(b"\0", offset + length)]
            if length + len(name) >= room:
                return head + names[offset : offset + length]
            length += len(name) + 1
            if offset + length == len(names):
                return head + names[offset:] + b"\0"

    def __call__(self, request: Request) -> bytes:
        self.before(request)
        path, *rest = request.payload.rstrip(b"\0").split(b"\0")
        node = path.decode()
        self.asked.append(f"{NAMES[request.kind]} {node}")
        if node not in self.nodes:
            raise request.error(b"ENOENT\0")
        if node in self.unreadable:
            raise request.error(b"EACCES\0")
        if request.kind == abi.XS_READ:
            return self.nodes[node]
        if request.kind == abi.XS_GET_PERMS:
            return b"n0\0"
        if request.kind == abi.XS_DIRECTORY:
            names = self.children(node)
            if len(names) > self.payload_max:
                raise request.error(b"E2BIG\0")
            return names
        assert request.kind == abi.XS_DIRECTORY_PART
        if not self.parts:
            raise request.error(b"ENOSYS\0")
        reply = self.part(node, int(rest[0]))
        assert len(reply) <= self.payload_max
        return reply
