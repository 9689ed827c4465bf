"""Transactions: what each has seen and changed, and how one ends.

Rules from tools/xenstored/transaction.c. A transaction works on copies, made
as nodes are first touched. It conflicts if any node it touched, if only by
reading or by finding it absent, has another generation when it ends.
"""

from __future__ import annotations

from errno import EAGAIN, EBUSY, EINVAL, ENOENT, ENOMEM, ENOSPC

from xensys.sim.errors import SimulatorGap
from xensys.sim.store.nodes import NO_GENERATION, Node
from xensys.sim.store.wire import Refused, one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store
    from xensys.sim.store.nodes import Permissions


class Accessed:
    """A node that a transaction has touched.

    Attributes:
        generation: at first sight; NO_GENERATION if it was not there.
        node: the transaction's own copy; None if it is not there, for the transaction.
        modified: written or deleted in the transaction.
        permissions: as at first sight.
        fire: whether the end tells watches of it; exact: only those on this very node.
    """

    __slots__ = ("exact", "fire", "generation", "modified", "node", "permissions")

    def __init__(self, node: Node | None) -> None:
        self.generation = NO_GENERATION if node is None else node.generation
        self.node = node
        self.permissions: Permissions | None = None if node is None else node.permissions
        self.modified = False
        self.fire = False
        self.exact = False


class Transaction:
    """One of a connection's transactions.

    Attributes:
        accessed: path → what it saw there, in the order of first touch.
        entries: domid → nodes more (or less) that it will own.
        node_created: at least one was.
        failed: its commit is bound to fail.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.accessed: dict[bytes, Accessed] = {}
        self.entries: dict[int, int] = {}
        self.node_created = False
        self.failed = False

    def queue(self, name: bytes, *, exact: bool) -> None:
        """Remember an event for the end; one for a subtree outweighs an exact one."""
        seen = self.accessed[name]
        seen.exact = exact and (seen.exact or not seen.fire)
        seen.fire = True


def start(store: Store, conn: Connection, payload: bytes) -> None:
    """TRANSACTION_START; what the request says is ignored."""
    if conn.transaction is not None:
        raise Refused(EBUSY)
    if conn.unprivileged:
        domain = store.accounted(conn.domid)
        if store.quotas.full(domain, "transactions", domain.transactions):
            raise Refused(ENOSPC)
    store.generation += 1
    number = conn.next_transaction
    # Wraps at 32 bits; 0 means no transaction at all.
    while number == 0 or number in conn.transactions:
        number = (number + 1) & 0xFFFF_FFFF
    conn.next_transaction = (number + 1) & 0xFFFF_FFFF
    conn.transactions[number] = Transaction(number)
    store.accounted(conn.domid).transactions += 1
    conn.reply(b"%d\0" % number)


def end(store: Store, conn: Connection, payload: bytes) -> None:
    """TRANSACTION_END: whatever comes of it, the transaction is gone (but for a malformed request)."""
    verdict = one(payload)
    if verdict not in (b"T", b"F"):
        raise Refused(EINVAL)
    transaction = conn.transaction
    if transaction is None:
        raise Refused(ENOENT)
    conn.transaction = None
    del conn.transactions[transaction.number]
    store.accounted(conn.domid).transactions -= 1
    if verdict == b"T":
        if transaction.failed:
            raise Refused(ENOMEM)
        _check_entries(store, conn, transaction)
        _commit(store, conn, transaction)
    conn.reply_ok()


def _check_entries(store: Store, conn: Connection, transaction: Transaction) -> None:
    """That nobody comes to own too many nodes; looked at before conflicts are."""
    created = transaction.node_created and conn.unprivileged
    for domid, change in transaction.entries.items():
        if domid == 0:
            continue
        domain = store.accounted(domid)
        after = domain.entries + change
        # Here 4.20 refuses the number that it allows outside of transactions.
        limit = store.quotas.of(domain, "nodes")
        if store.release >= (4, 22):
            if created and limit and change >= 0 and after >= limit:
                raise Refused(ENOSPC)
            continue
        if after < 0 and store.release < (4, 18):
            raise SimulatorGap(
                "nodes removed in a transaction and outside: an assertion ends 4.17's daemon"
            )
        # Less than none, as others have removed them too: a conflict by another
        # name, and a huge number where it is compared as an unsigned one.
        if (created or store.release < (4, 18)) and (after >= limit or after < 0):
            raise Refused(ENOSPC)
        if after < 0:
            raise Refused(ENOMEM)


def _commit(store: Store, conn: Connection, transaction: Transaction) -> None:
    for name, seen in transaction.accessed.items():
        now = store.nodes.get(name)
        if seen.generation != (NO_GENERATION if now is None else now.generation):
            raise Refused(EAGAIN)
    for name, seen in transaction.accessed.items():
        if not seen.modified:
            continue
        if seen.node is not None:
            store.generation += 1
            seen.node.generation = store.generation
            store.nodes[name] = seen.node
        elif seen.generation != NO_GENERATION:
            del store.nodes[name]
        if seen.fire:
            store.fire(conn, name, None, exact=seen.exact, permissions=seen.permissions)
    for domid, change in transaction.entries.items():
        domain = store.accounted(domid)
        domain.entries = max(domain.entries + change, 0)
