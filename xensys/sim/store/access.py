"""Reading and writing nodes for somebody: permissions, transactions, accounting.

Rules from tools/xenstored/core.c (read_node, write_node, get_node,
construct_node, rm_node) and transaction.c (access_node).
"""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ENOENT, ENOSPC

from xensys.sim.store.nodes import (
    ALL,
    IGNORE,
    NONE,
    Node,
    base_of,
    canonical,
    join,
    parent_of,
)
from xensys.sim.store.transactions import Accessed
from xensys.sim.store.wire import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store
    from xensys.sim.store.nodes import Permissions

#: 4.22: an entry for everybody.
DOMID_ANY = 0x7FF5


class Access:
    """The store's data base, as its clients see it. `None` for a connection is the daemon itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # Single nodes

    def read(self, conn: Connection | None, name: bytes) -> Node | None:
        """A working copy; None if there is no such node. Reading counts in a transaction."""
        store = self._store
        transaction = None if conn is None else conn.transaction
        seen = None if transaction is None else transaction.accessed.get(name)
        held = store.nodes.get(name) if seen is None else seen.node
        node = None if held is None else held.copy()
        if node is not None:
            node.permissions = self._adjusted(node)
        if conn is not None and transaction is not None and seen is None:
            self._see(conn, name, node)
        return node

    def write(self, conn: Connection | None, node: Node, *, quota: bool = True) -> None:
        """Put a working copy in; ENOSPC if it has become too large."""
        store = self._store
        store.generation += 1
        node.generation = store.generation
        transaction = None if conn is None else conn.transaction
        seen = None
        if conn is not None and transaction is not None:
            seen = transaction.accessed.get(node.name) or self._see(conn, node.name, None)
            seen.modified = True
        node.permissions = self._adjusted(node)
        if (
            quota
            and conn is not None
            and conn.unprivileged
            and store.quotas.exceeded(conn.domain, "node-size", node.size)
        ):
            if transaction is not None:
                transaction.failed = True
            raise Refused(ENOSPC)
        if seen is not None:
            seen.node = node.copy()
        else:
            store.nodes[node.name] = node.copy()

    def delete(self, conn: Connection | None, node: Node) -> None:
        """Take one node out; the rest of its family is the caller's business."""
        store = self._store
        store.generation += 1
        if conn is not None and conn.transaction is not None:
            seen = conn.transaction.accessed[node.name]
            seen.modified = True
            seen.node = None
        else:
            del store.nodes[node.name]

    def _see(self, conn: Connection, name: bytes, node: Node | None) -> Accessed:
        transaction = conn.transaction
        assert transaction is not None
        count = len(transaction.accessed) + 1
        if conn.unprivileged and self._store.quotas.exceeded(conn.domain, "transaction-nodes", count):
            transaction.failed = True
            raise Refused(ENOSPC)
        seen = transaction.accessed[name] = Accessed(None if node is None else node.copy())
        return seen

    def _adjusted(self, node: Node) -> Permissions:
        """Entries for domains that are gone, or younger than the node, count no more."""
        first, *others = node.permissions
        return (first, *((domid, self._bits(domid, bits, node)) for domid, bits in others))

    def _bits(self, domid: int, bits: int, node: Node) -> int:
        if domid == DOMID_ANY and self._store.release >= (4, 22):
            return bits
        domain = self._store.domains.get(domid)
        if domain is not None and domain.generation <= node.generation:
            return bits
        return bits | IGNORE

    # Permissions

    def allowed(self, conn: Connection | None, permissions: Permissions) -> int:
        """What a connection may do: READ, WRITE, OWNER."""
        if conn is None or not conn.unprivileged:
            return ALL
        if self._means(conn, permissions[0][0]):
            return ALL
        for domid, bits in permissions[1:]:
            if not bits & IGNORE and self._means(conn, domid):
                return bits & ALL
        return permissions[0][1] & ALL

    def _means(self, conn: Connection, domid: int) -> bool:
        if domid == conn.domid or (conn.target is not None and domid == conn.target.domid):
            return True
        return domid == DOMID_ANY and self._store.release >= (4, 22)

    def path(self, conn: Connection, path: bytes, *, special: bool = False) -> bytes:
        """A request's path, absolute; EINVAL."""
        name, counted = canonical(path, conn.base, special=special)
        release = self._store.release
        # 4.17 knows one limit for all, later ones know none for the control domain.
        # Its node names cannot be special ones, which are no longer than the limit.
        if release < (4, 18):
            if counted > self._store.quotas.of(None, "path-max"):
                raise Refused(EINVAL)
        elif conn.unprivileged and self._store.quotas.exceeded(conn.domain, "path-max", counted):
            raise Refused(EINVAL)
        return name

    def get(self, conn: Connection, name: bytes, need: int) -> Node:
        """A node that the connection may use so.

        ENOENT or EACCES; and no ENOENT for those who may not know: what counts
        for them is the nearest ancestor that exists.
        """
        node = self.read(conn, name)
        if node is not None and self.allowed(conn, node.permissions) & need == need:
            return node
        errno = ENOENT if node is None else EACCES
        raise Refused(errno if self._ask_parents(conn, name) & need else EACCES)

    def _ask_parents(self, conn: Connection, name: bytes) -> int:
        while True:
            name = parent_of(name)
            node = self.read(conn, name)
            if node is not None:
                return self.allowed(conn, node.permissions)
            if name == b"/":
                return NONE

    # Families

    def create(self, conn: Connection, name: bytes, data: bytes) -> Node:
        """A node that is not there, and what parents it lacks."""
        missing = [name]
        while True:
            above = parent_of(missing[-1])
            existing = self.read(conn, above)
            if existing is not None:
                break
            if above == b"/":
                raise Refused(ENOENT)
            missing.append(above)
        made: list[Node] = []
        parent = existing
        for path in reversed(missing):
            parent.children.append(base_of(path))
            permissions = parent.permissions
            if conn.unprivileged:
                permissions = ((conn.domid, permissions[0][1]), *permissions[1:])
            node = Node(path, 0, permissions, b"", [])
            node.parent = parent
            made.append(node)
            parent = node
        parent.data = data
        if conn.transaction is not None:
            conn.transaction.node_created = True
        # From the bottom up: the new ones first, then the parent that was there.
        written: list[Node] = []
        try:
            for node in reversed(made):
                domain = self._store.accounted(conn.domid)
                if conn.unprivileged and self._store.quotas.full(
                    domain, "nodes", self.entries(conn, conn.domid)
                ):
                    raise Refused(ENOSPC)
                self.write(conn, node)
                written.append(node)
                self.add_entries(conn, node.owner, 1)
            self.write(conn, existing)
        except Refused:
            for node in written:
                self._uncreate(conn, node)
            raise
        return parent

    def _uncreate(self, conn: Connection, node: Node) -> None:
        if conn.transaction is None:
            self._store.nodes.pop(node.name, None)
        else:
            conn.transaction.accessed[node.name].node = None
            conn.transaction.failed = True

    def remove(self, conn: Connection | None, name: bytes) -> None:
        """A node with everything below it; events for the deepest ones come first."""
        parent = self.read(conn, parent_of(name))
        if parent is None:
            raise Refused(EINVAL)
        root = self.read(conn, name)
        if root is None:
            raise Refused(ENOENT)
        walk = [root]
        while walk:
            node = walk[-1]
            if node.children:
                child = self.read(conn, join(node.name, node.children[0]))
                if child is None:
                    # A transaction that saw node and child at different times.
                    raise Refused(EIO)
                child.parent = node
                walk.append(child)
                continue
            walk.pop()
            self.delete(conn, node)
            self.add_entries(conn, node.owner, -1)
            self._store.fire(conn, node.name, node, exact=node.name != name)
            if walk:
                del walk[-1].children[0]
                if conn is not None and conn.transaction is not None:
                    # Seen only if a later child ends the removal half-way.
                    self.write(conn, walk[-1], quota=False)
        base = base_of(name)
        if base not in parent.children:
            raise Refused(EIO)
        parent.children.remove(base)
        self.write(conn, parent, quota=False)

    # How many nodes a domain owns

    def entries(self, conn: Connection, domid: int) -> int:
        """As the request that is being handled sees it."""
        count = self._store.accounted(domid).entries + conn.pending.get(domid, 0)
        if conn.transaction is not None:
            count += conn.transaction.entries.get(domid, 0)
        return max(count, 0)

    def add_entries(self, conn: Connection | None, domid: int, change: int) -> None:
        """Count; provisionally until the request has been answered with success."""
        if conn is not None:
            conn.pending[domid] = conn.pending.get(domid, 0) + change
        else:
            domain = self._store.accounted(domid)
            domain.entries = max(domain.entries + change, 0)

    def settle(self, conn: Connection) -> None:
        """The request succeeded: what it counted becomes the transaction's, or everybody's."""
        for domid, change in conn.pending.items():
            if conn.transaction is not None:
                entries = conn.transaction.entries
                entries[domid] = entries.get(domid, 0) + change
            else:
                domain = self._store.accounted(domid)
                domain.entries = max(domain.entries + change, 0)
        conn.pending.clear()
