"""Faults to plant in the simulator, each of which a campaign must find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xensys.sim.store import requests, transactions, watches, wire
from xensys.sim.store.access import Access
from xensys.sim.store.connection import Connection
from xensys.sim.store.nodes import Node

__all__ = ["FAULTS"]

_Patch = pytest.MonkeyPatch


def lost_watch_event(patch: _Patch) -> None:
    """An event of a node two levels beneath the watched one never comes."""
    real = watches._below

    def below(store: Any, name: bytes, watched: bytes) -> bool:
        return real(store, name, watched) and name.count(b"/") - watched.count(b"/") < 2

    patch.setattr(watches, "_below", below)


def missed_conflict(patch: _Patch) -> None:
    """A transaction does not mind that something it only read has been changed."""
    real = transactions._commit

    def commit(store: Any, conn: Any, transaction: Any) -> None:
        for name, seen in transaction.accessed.items():
            if not seen.modified and name in store.nodes:
                seen.generation = store.nodes[name].generation
        real(store, conn, transaction)

    patch.setattr(transactions, "_commit", commit)


def inherited_owner(patch: _Patch) -> None:
    """What a guest makes belongs to the owner of the node above."""
    real = Access.create

    def create(self: Access, conn: Connection, name: bytes, data: bytes) -> Node:
        node = real(self, conn, name, data)
        if conn.unprivileged and node.parent is not None:
            node.permissions = ((node.parent.owner, node.permissions[0][1]), *node.permissions[1:])
            self.write(conn, node)
        return node

    patch.setattr(Access, "create", create)


def skipped_child(patch: _Patch) -> None:
    """The second part of a large directory begins one name too late."""
    real = requests.directory_part

    def part(store: Any, conn: Any, payload: bytes) -> None:
        path, offset, _ = payload.split(b"\0")
        node = store.nodes.get(path)
        if int(offset) and node is not None:
            names = node.child_list()
            offset = b"%d" % (names.index(b"\0", int(offset)) + 1)
        real(store, conn, path + b"\0" + offset + b"\0")

    patch.setitem(_handlers(), wire.DIRECTORY_PART, _instead(wire.DIRECTORY_PART, part))


def shortened_value(patch: _Patch) -> None:
    """The last byte of a value that fills a message is lost."""
    real = requests.write

    def write(store: Any, conn: Any, payload: bytes) -> None:
        real(store, conn, payload[:-1] if len(payload) == 4096 else payload)

    patch.setitem(_handlers(), wire.WRITE, _instead(wire.WRITE, write))


def _handlers() -> dict[int, Any]:
    from xensys.sim.store import daemon

    return daemon._HANDLERS


def _instead(kind: int, handler: Callable[..., None]) -> tuple[Any, ...]:
    return (handler, *_handlers()[kind][1:])


#: Name → what plants it.
FAULTS: dict[str, Callable[[_Patch], None]] = {
    fault.__name__: fault
    for fault in (
        lost_watch_event,
        missed_conflict,
        inherited_owner,
        skipped_child,
        shortened_value,
    )
}
