"""Requests about nodes.

Rules from tools/xenstored/core.c: do_read, do_write, do_mkdir, do_rm,
do_get_perms, do_set_perms, send_directory, send_directory_part. Events of a
change are queued before the reply to the request that made it.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOSPC, EPERM

from xensys.sim.store import nodes, wire
from xensys.sim.store.nodes import IGNORE, OWNER, READ, WRITE
from xensys.sim.store.wire import PAYLOAD_MAX, Refused, one, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store
    from xensys.sim.store.nodes import Node


def _named(store: Store, conn: Connection, payload: bytes, need: int, *, special: bool = False) -> Node:
    return store.access.get(conn, store.access.path(conn, one(payload), special=special), need)


def read(store: Store, conn: Connection, payload: bytes) -> None:
    """READ."""
    conn.reply(_named(store, conn, payload, READ).data)


def directory(store: Store, conn: Connection, payload: bytes) -> None:
    """DIRECTORY; a list that is too long becomes E2BIG in reply()."""
    conn.reply(_named(store, conn, payload, READ).child_list())


def directory_part(store: Store, conn: Connection, payload: bytes) -> None:
    """DIRECTORY_PART: whole names as long as they fit, and an empty one at the end."""
    given = strings(payload)
    if len(given) != 2:
        raise Refused(EINVAL)
    node = store.access.get(conn, store.access.path(conn, given[0]), READ)
    offset = wire.atoi(given[1])
    generation = b"%d\0" % node.generation
    names = node.child_list()
    if offset >= len(names):
        conn.reply(generation + b"\0")
        return
    # One byte is kept for the empty name.
    room = PAYLOAD_MAX - len(generation) - 1
    rest = names[offset:]
    if len(rest) <= room:
        conn.reply(generation + rest + b"\0")
    else:
        conn.reply(generation + rest[: rest.rfind(b"\0", 0, room) + 1])


def write(store: Store, conn: Connection, payload: bytes) -> None:
    """WRITE: missing parents are made, too, but no event tells of them."""
    path, nul, data = payload.partition(b"\0")
    if not nul:
        raise Refused(EINVAL)
    name = store.access.path(conn, path)
    try:
        node = store.access.get(conn, name, WRITE)
    except Refused as refused:
        if refused.errno != ENOENT:
            raise
        node = store.access.create(conn, name, data)
    else:
        node.data = data
        store.access.write(conn, node)
    store.fire(conn, name, node, exact=False)
    conn.reply_ok()


def mkdir(store: Store, conn: Connection, payload: bytes) -> None:
    """MKDIR: of a node that is there, nothing but success for those who may write to it."""
    name = store.access.path(conn, one(payload))
    try:
        store.access.get(conn, name, WRITE)
    except Refused as refused:
        if refused.errno != ENOENT:
            raise
        node = store.access.create(conn, name, b"")
        store.fire(conn, name, node, exact=False)
    conn.reply_ok()


def remove(store: Store, conn: Connection, payload: bytes) -> None:
    """RM: of a node that is not there, success if its parent is."""
    name = store.access.path(conn, one(payload))
    try:
        store.access.get(conn, name, WRITE)
    except Refused as refused:
        if refused.errno != ENOENT or store.access.read(conn, nodes.parent_of(name)) is None:
            raise
        conn.reply_ok()
        return
    if name == b"/":
        raise Refused(EINVAL)
    store.access.remove(conn, name)
    conn.reply_ok()


def get_permissions(store: Store, conn: Connection, payload: bytes) -> None:
    """GET_PERMS; before 4.18 the special nodes' permissions can only be set."""
    node = _named(store, conn, payload, READ, special=store.release >= (4, 18))
    conn.reply(nodes.permission_strings(node.permissions))


def set_permissions(store: Store, conn: Connection, payload: bytes) -> None:
    """SET_PERMS: of what the request has wrong, the list is looked at before the node."""
    path, *texts = strings(payload) or [b""]
    if not texts:
        raise Refused(EINVAL)
    if conn.unprivileged and store.quotas.exceeded(conn.domain, "node-permissions", len(texts)):
        raise Refused(ENOSPC)
    wanted = tuple(
        (domid, bits if store.refers_to(domid) else bits | IGNORE)
        for domid, bits in nodes.parse_permissions(texts)
    )
    if wanted[0][1] & IGNORE:
        raise Refused(ENOENT)
    name = store.access.path(conn, path, special=True)
    node = store.access.get(conn, name, WRITE | OWNER)
    if conn.unprivileged and wanted[0][0] != node.owner:
        raise Refused(EPERM)
    before = node.permissions
    store.access.add_entries(conn, node.owner, -1)
    node.permissions = wanted
    store.access.add_entries(conn, node.owner, 1)
    store.access.write(conn, node)
    store.fire(conn, name, node, exact=False, permissions=before)
    conn.reply_ok()
