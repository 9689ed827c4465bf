"""Watches: set, taken back, and told of changes.

Rules from tools/xenstored/watch.c.
"""

from __future__ import annotations

from errno import E2BIG, EEXIST, EINVAL, ENOENT, ENOSPC

from xensys.sim.errors import SimulatorGap
from xensys.sim.store.connection import Watch
from xensys.sim.store.nodes import READ, Node, is_child, parent_of
from xensys.sim.store.wire import Refused, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store
    from xensys.sim.store.nodes import Permissions


def watch(store: Store, conn: Connection, payload: bytes) -> None:
    """WATCH: the reply, then at once a first event, whether the node is there or may be read or not."""
    path, token = _path_and_token(store, payload)
    name = store.access.path(conn, path, special=True)
    if any(old.name == name and old.token == token for old in conn.watches):
        raise Refused(EEXIST)
    domain = store.accounted(conn.domid)
    if conn.unprivileged and store.quotas.full(domain, "watches", domain.watches):
        raise Refused(ENOSPC if store.release >= (4, 22) else E2BIG)
    relative = not path.startswith((b"/", b"@"))
    new = Watch(name, token, len(conn.base) + 1 if relative else 0)
    conn.watches.append(new)
    domain.watches += 1
    conn.reply_ok()
    conn.event(name[new.prefix :], token, None)


def unwatch(store: Store, conn: Connection, payload: bytes) -> None:
    """UNWATCH."""
    given = strings(payload)
    if len(given) != 2:
        raise Refused(EINVAL)
    name = store.access.path(conn, given[0], special=True)
    for old in conn.watches:
        if old.name == name and old.token == given[1]:
            conn.watches.remove(old)
            store.accounted(conn.domid).watches -= 1
            conn.reply_ok()
            return
    raise Refused(ENOENT)


def delete_all(store: Store, conn: Connection) -> None:
    """Take all of a connection's watches back."""
    domain = store.domains.get(conn.domid)
    if domain is not None:
        domain.watches -= len(conn.watches)
    conn.watches.clear()


def fire(
    store: Store,
    conn: Connection | None,
    name: bytes,
    node: Node | None,
    *,
    exact: bool,
    permissions: Permissions | None = None,
) -> None:
    """Tell everybody who watches a node, or something above it, and may read it.

    Args:
        conn: who changed it; in a transaction the event waits for its end.
        node: its working copy if at hand, also of one just deleted.
        exact: tell only those who watch this very node.
        permissions: what it had before; those who lose it are told, too.
    """
    if conn is not None and conn.transaction is not None:
        conn.transaction.queue(name, exact=exact)
        return
    for watcher in tuple(store.connections):
        if not watcher.watches or not _permitted(store, watcher, name, node, permissions):
            continue
        for one in watcher.watches:
            if name == one.name if exact else _below(store, name, one.name):
                watcher.event(name[one.prefix :], one.token, conn)


def _below(store: Store, name: bytes, watched: bytes) -> bool:
    # Before 4.22 "/" is above special nodes, too.
    if watched == b"/" and name.startswith(b"@") and store.release >= (4, 22):
        return False
    return is_child(name, watched)


def _permitted(
    store: Store, watcher: Connection, name: bytes, node: Node | None, permissions: Permissions | None
) -> bool:
    """Whether the node, or its parent, can be read by a watcher, or could be before."""
    access = store.access
    if permissions is not None and access.allowed(watcher, permissions) & READ:
        return True
    if node is None:
        node = access.read(watcher, name)
        if node is None:
            return False
    if access.allowed(watcher, node.permissions) & READ:
        return True
    parent = node.parent or access.read(watcher, parent_of(node.name))
    return parent is not None and bool(access.allowed(watcher, parent.permissions) & READ)


def _path_and_token(store: Store, payload: bytes) -> tuple[bytes, bytes]:
    given = strings(payload)
    if len(given) >= 3 and store.release >= (4, 22):
        raise SimulatorGap("WATCH with a depth (4.22)")
    if len(given) != 2:
        raise Refused(EINVAL)
    return given[0], given[1]
