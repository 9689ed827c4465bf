"""The simulated store's tree, for tests and for the simulated toolstack."""

from __future__ import annotations

from contextlib import contextmanager

from xensys.sim.errors import SimulatorMisuse
from xensys.sim.store import requests, wire
from xensys.sim.store.nodes import Node, join, permission_strings
from xensys.sim.store.wire import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from xensys.sim.machine import Machine
    from xensys.sim.store.access import Access
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Handler, Store
    from xensys.sim.store.domains import StoreDomain
    from xensys.sim.store.nodes import Permissions


class Tree:
    """Part of `Store`: nodes by their paths. Acts as dom0's toolstack: without limits, watches are told.

    Attributes:
        nodes: path → node, as bytes.
    """

    _machine: Machine
    _tools: Connection
    alive: bool
    nodes: dict[bytes, Node]
    domains: dict[int, StoreDomain]
    access: Access

    @property
    def _whole(self) -> Store:
        raise NotImplementedError

    def write(self, path: str, value: bytes | str = b"") -> None:
        """Write a node."""
        data = value.encode() if isinstance(value, str) else value
        self._tool(requests.write, path.encode() + b"\0" + data)

    def read(self, path: str) -> bytes:
        """A node's value; KeyError if it is not there."""
        return self._node(path).data

    def ls(self, path: str) -> list[str]:
        """A node's children; KeyError if it is not there."""
        return [name.decode() for name in self._node(path).children]

    def permissions(self, path: str) -> list[str]:
        """A node's permissions, as ["n0", "r5"]; KeyError if it is not there."""
        found = permission_strings(self._node(path).permissions)
        return [text.decode() for text in wire.strings(found)]

    def set_permissions(self, path: str, *entries: str) -> None:
        """Set a node's permissions."""
        payload = b"".join(text.encode() + b"\0" for text in (path, *entries))
        self._tool(requests.set_permissions, payload)

    def rm(self, path: str) -> None:
        """Remove a node."""
        self._tool(requests.remove, path.encode() + b"\0")

    def put_node(self, path: str, value: str, permissions: Permissions | None) -> None:
        """A node with its value and permissions, for the toolstack's part of the simulator."""
        name = path.encode()
        node = self.access.read(None, name)
        if node is None:
            node = self.access.create(self._tools, name, b"")
        node.data = value.encode()
        if permissions is not None:
            self.access.add_entries(self._tools, node.owner, -1)
            node.permissions = permissions
            self.access.add_entries(self._tools, node.owner, 1)
        self.access.write(None, node)
        self._whole.fire(None, name, node, exact=False)

    def remove_node(self, path: str) -> None:
        """A node with all below it, likewise."""
        self.access.remove(self._tools, path.encode())

    def _node(self, path: str) -> Node:
        node = self.nodes.get(path.encode())
        if node is None:
            raise KeyError(path)
        return node

    def _tool(self, handler: Handler, payload: bytes) -> None:
        with self._machine.traced("store"):
            if not self.alive:
                raise SimulatorMisuse("the store is dead")
            try:
                with self._as_tools() as tools:
                    handler(self._whole, tools, payload)
            except Refused as refused:
                path = wire.strings(payload)[0].decode()
                raise SimulatorMisuse(f"{path}: {wire.error_name(refused.errno)[:-1].decode()}") from None
            self._whole.run()

    @contextmanager
    def _as_tools(self) -> Iterator[Connection]:
        """The toolstack's own connection, with a request under way."""
        with self._tools.inside():
            yield self._tools

    def check(self) -> None:
        """That the tree is one; CONTROL "check", and for the simulator's own tests."""
        reached = {b"@releaseDomain", b"@introduceDomain"}
        waiting = [b"/"]
        owned: dict[int, int] = {}
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting += [join(name, child) for child in self.nodes[name].children]
        for name in reached:
            owner = self.nodes[name].owner
            owned[owner] = owned.get(owner, 0) + 1
        if reached != set(self.nodes):
            raise SimulatorMisuse(f"orphans: {sorted(set(self.nodes) - reached)}")
        counted = {domid: domain.entries for domid, domain in self.domains.items() if domain.entries}
        if counted != owned:
            raise SimulatorMisuse(f"nodes per domain: {counted}, really {owned}")
