"""The simulated xenstored: its data base, its clients, its life and death.

Rules from tools/xenstored/core.c and domain.c. It has no thread: what a client
writes is handled before the write returns.

Not modelled: the quota "memory" and the write rate limit (which only delay or
refuse a guest that does too much), and the 20 seconds after which a guest's
untaken events are dropped.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, ENOENT, ENOSYS

from xensys.sim.errors import SimulatorGap
from xensys.sim.store import control, domains, requests, toolstack, transactions, watches, wire
from xensys.sim.store.access import DOMID_ANY, Access
from xensys.sim.store.connection import Connection
from xensys.sim.store.domains import StoreDomain
from xensys.sim.store.nodes import NONE, READ, Node, join
from xensys.sim.store.quotas import Quotas
from xensys.sim.store.tree import Tree
from xensys.sim.store.wire import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.sim.machine import Machine
    from xensys.sim.store.nodes import Permissions

    Handler: TypeAlias = Callable[["Store", Connection, bytes], None]

# (handler, for the control domain only, first release)
_ALWAYS = (0, 0)
_HANDLERS: dict[int, tuple[Handler, bool, tuple[int, int]]] = {
    wire.CONTROL: (control.control, True, _ALWAYS),
    wire.DIRECTORY: (requests.directory, False, _ALWAYS),
    wire.READ: (requests.read, False, _ALWAYS),
    wire.GET_PERMS: (requests.get_permissions, False, _ALWAYS),
    wire.WATCH: (watches.watch, False, _ALWAYS),
    wire.UNWATCH: (watches.unwatch, False, _ALWAYS),
    wire.TRANSACTION_START: (transactions.start, False, _ALWAYS),
    wire.TRANSACTION_END: (transactions.end, False, _ALWAYS),
    wire.INTRODUCE: (domains.introduce, True, _ALWAYS),
    wire.RELEASE: (domains.release, True, _ALWAYS),
    wire.GET_DOMAIN_PATH: (domains.get_domain_path, False, _ALWAYS),
    wire.WRITE: (requests.write, False, _ALWAYS),
    wire.MKDIR: (requests.mkdir, False, _ALWAYS),
    wire.RM: (requests.remove, False, _ALWAYS),
    wire.SET_PERMS: (requests.set_permissions, False, _ALWAYS),
    wire.IS_DOMAIN_INTRODUCED: (domains.is_domain_introduced, True, _ALWAYS),
    wire.RESUME: (domains.resume, True, _ALWAYS),
    wire.SET_TARGET: (domains.set_target, True, _ALWAYS),
    wire.RESET_WATCHES: (domains.reset_watches, False, _ALWAYS),
    wire.DIRECTORY_PART: (requests.directory_part, False, (4, 9)),
    wire.GET_FEATURE: (domains.get_feature, False, (4, 21)),
    wire.SET_FEATURE: (domains.set_feature, True, (4, 21)),
    wire.GET_QUOTA: (domains.get_quota, True, (4, 22)),
    wire.SET_QUOTA: (domains.set_quota, True, (4, 22)),
}
# The transaction in the header of these is ignored.
_NO_TRANSACTION = (wire.WATCH, wire.UNWATCH)


class Store(Tree):
    """A machine's xenstored, with the tree that a toolstack has put in.

    Made by `Machine` (as `machine.store`). Its methods for nodes are `Tree`'s.

    Attributes:
        release: of the daemon, as the machine's Xen.
        alive: whether it runs.
        connections: its clients, oldest first.
        quotas: the limits; `quotas.hard["watches"] = 3`.
        held: whether it keeps its replies and events to itself for now.
        tamper: called with (connection, message) for each message on its way
            out; what it returns is sent instead.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.release = machine.xen
        self.alive = True
        self.held = False
        self.tamper: Callable[[Connection, bytes], bytes] | None = None
        self.log_switches = {"obj", "io"}
        self._running = False
        self._again = False
        self._reset()
        self._start()
        for domain in tuple(machine.domains.values()):
            self.domain_created(domain.domid)

    @property
    def _whole(self) -> Store:
        return self

    def _reset(self) -> None:
        self.quotas = Quotas(self.release)
        self.generation = 0
        self.nodes: dict[bytes, Node] = {}
        self.domains: dict[int, StoreDomain] = {}
        self.connections: list[Connection] = []
        self.access = Access(self)
        self._tools = Connection(self, 0, None, len)

    def _start(self) -> None:
        """An empty tree, as setup_structure() makes it, and dom0."""
        self.accounted(0)
        release_permissions: Permissions = ((0, NONE),)
        if self.release >= (4, 22):
            release_permissions = ((0, NONE), (DOMID_ANY, READ))
        for name, child in ((b"/", b"tool"), (b"/tool", b"xenstored"), (b"/tool/xenstored", None)):
            children = [] if child is None else [child]
            self.access.write(None, Node(name, 0, ((0, NONE),), b"", children))
        self.access.write(None, Node(b"@releaseDomain", 0, release_permissions, b"", []))
        self.access.write(None, Node(b"@introduceDomain", 0, ((0, NONE),), b"", []))
        self.domains[0].entries = 5
        self._attach(0)

    # Handling requests

    def run(self) -> None:
        """Handle what clients have written, one request of each at a time, until nothing moves."""
        if self._running:
            self._again = True
            return
        self._running = True
        try:
            moved = True
            while moved:
                moved = self._again = False
                for conn in tuple(self.connections):
                    stepped = conn.step() if self.alive else False
                    flushed = conn.flush()
                    moved = moved or stepped or flushed or self._again
        finally:
            self._running = False

    def handle(self, conn: Connection, kind: int, tx_id: int, payload: bytes) -> None:
        """One request, answered through the connection."""
        known = _HANDLERS.get(kind)
        if known is None or self.release < known[2]:
            conn.error(ENOSYS)
            return
        handler, privileged, _ = known
        if conn.unprivileged and (privileged or (kind == wire.GET_FEATURE and self.release < (4, 22))):
            conn.error(EACCES)
            return
        if tx_id and kind not in _NO_TRANSACTION:
            conn.transaction = conn.transactions.get(tx_id)
            if conn.transaction is None:
                conn.error(ENOENT)
                return
        try:
            handler(self, conn, payload)
        except Refused as refused:
            conn.error(refused.errno)

    def fire(
        self,
        conn: Connection | None,
        name: bytes,
        node: Node | None,
        *,
        exact: bool,
        permissions: Permissions | None = None,
    ) -> None:
        """See `watches.fire`."""
        watches.fire(self, conn, name, node, exact=exact, permissions=permissions)

    def _fire_special(self, name: bytes, domid: int | None) -> None:
        node = self.access.read(None, name)
        if node is None:
            return
        self.fire(None, name, node, exact=True)
        if domid is not None and self.release >= (4, 22):
            self.fire(None, name + b"/%d" % domid, node, exact=True)

    # Clients

    def accept(self, sink: Callable[[bytes], int]) -> Connection:
        """A new client on the socket."""
        conn = Connection(self, 0, None, sink)
        self.connections.append(conn)
        return conn

    def ring(self, domid: int) -> Connection | None:
        """A domain's ring; None if the daemon does not serve it."""
        domain = self.domains.get(domid)
        return None if domain is None or not self.alive else domain.connection

    def drop(self, conn: Connection, *, reset: bool) -> None:
        """Close a socket; its watches and transactions go with it."""
        if conn in self.connections:
            self.connections.remove(conn)
        watches.delete_all(self, conn)
        self.delete_transactions(conn)
        conn.ignored = True
        conn.forget_messages()
        conn.on_drop(reset)

    def ignore(self, conn: Connection, *, unread: bool) -> None:
        """A client broke the protocol: a socket is closed, a ring is not looked at any more."""
        if conn.domain is None:
            # What it sent and the daemon did not read makes it ECONNRESET.
            self.drop(conn, reset=unread)
            return
        watches.delete_all(self, conn)
        self.delete_transactions(conn)
        conn.ignored = True
        conn.forget_messages()

    def delete_transactions(self, conn: Connection) -> None:
        """Without committing any."""
        domain = self.domains.get(conn.domid)
        # In 4.20 do_reset_watches and a lost client forget to count them down.
        if domain is not None and (self.release >= (4, 22) or conn.domain is None):
            domain.transactions -= len(conn.transactions)
        conn.transactions.clear()

    # Domains

    def accounted(self, domid: int) -> StoreDomain:
        """The record of a domain, made if need be."""
        domain = self.domains.get(domid)
        if domain is None:
            features = domains.features_of(self.release)
            domain = self.domains[domid] = StoreDomain(domid, self.generation, features)
            if self.release >= (4, 22):
                domain.quotas = dict(self.quotas.hard)
        return domain

    def refers_to(self, domid: int) -> bool:
        """Whether a permission's domid is somebody's; if so, the daemon knows the domain from now on."""
        if domid == DOMID_ANY and self.release >= (4, 22):
            return True
        if domid not in self.domains and domid not in self._machine.domains:
            return False
        self.accounted(domid)
        return True

    def introduce(self, domid: int) -> None:
        """INTRODUCE, as for the connection's part."""
        if domid not in self._machine.domains:
            # Its ring page cannot be mapped.
            raise Refused(EINVAL)
        domain = self.accounted(domid)
        if not domain.introduced:
            self._attach(domid)
            self._fire_special(b"@introduceDomain", domid)
        conn = domain.connection
        assert conn is not None
        watches.delete_all(self, conn)
        self.delete_transactions(conn)
        conn.forget_messages()

    def _attach(self, domid: int) -> None:
        domain = self.accounted(domid)
        domain.introduced = True
        domain.shutdown = False
        conn = Connection(self, domid, domain, lambda data: self._machine.xenbus(domid).take(data))
        domain.connection = conn
        self.connections.append(conn)

    def release_domain(self, domid: int) -> None:
        """Forget a domain: its ring, and the nodes it owns with all below them."""
        domain = self.domains.get(domid)
        if domain is None:
            return
        conn = domain.connection
        if conn is not None:
            domain.connection = None
            self.drop(conn, reset=False)
            for other in self.connections:
                if other.target is conn:
                    other.target = None
        self._remove_owned(domid)
        del self.domains[domid]
        if domain.introduced:
            self._fire_special(b"@releaseDomain", domid)

    def _remove_owned(self, domid: int) -> None:
        for special in (b"@releaseDomain", b"@introduceDomain"):
            if self.nodes[special].owner == domid:
                raise SimulatorGap(f"{special.decode()} is owned by a domain that goes away")
        waiting = [b"/"]
        while waiting:
            name = waiting.pop()
            node = self.nodes.get(name)
            if node is None:
                continue
            if node.owner == domid and name != b"/":
                self.access.remove(None, name)
            else:
                waiting += [join(name, child) for child in reversed(node.children)]

    # What the machine tells

    def domain_created(self, domid: int) -> None:
        """The toolstack makes a domain's nodes, and introduces it."""
        if not self.alive:
            return
        domain = self._machine.domains[domid]
        with self._as_tools():
            toolstack.create(self, domain)
            if domid:
                self.introduce(domid)
        self.run()

    def domain_died(self, domid: int, uuid: bytes, *, tidy: bool) -> None:
        """A domain is gone; `tidy`: the toolstack has removed its nodes before."""
        if not self.alive:
            return
        with self._as_tools():
            if tidy:
                toolstack.remove(self, domid, uuid)
            self.release_domain(domid)
        self.run()

    def domain_shut_down(self, domid: int) -> None:
        """A domain has shut down but is still there: watches are told once."""
        domain = self.domains.get(domid)
        if not self.alive or domain is None or not domain.introduced or domain.shutdown:
            return
        domain.shutdown = True
        self._fire_special(b"@releaseDomain", domid)
        self.run()

    # Life and death

    def hold(self) -> None:
        """Keep replies and events back from now on; requests are handled."""
        self.held = True

    def let_go(self) -> None:
        """Send what was kept back."""
        with self._machine.traced("store"):
            self.held = False
            self.run()

    def kill(self, *, reset: bool = False) -> None:
        """End the daemon: sockets are closed, requests on rings stay unanswered.

        Args:
            reset: clients find ECONNRESET, as if it had left requests unread; else the end of the stream.
        """
        with self._machine.traced("store"):
            self.alive = False
            for conn in tuple(self.connections):
                self.drop(conn, reset=reset)
            for domain in self.domains.values():
                domain.connection = None
                domain.watches = domain.transactions = domain.outstanding = 0

    def restart(self, *, keep: bool = False) -> None:
        """Start it again; nobody's watches and transactions are left.

        Args:
            keep: the tree is as it was, and all living domains are served.
                Else it is an empty one and, before 4.21, only dom0 is served.
        """
        with self._machine.traced("store"):
            if self.alive:
                self.kill()
            self.alive = True
            self.held = False
            if keep:
                known = [domid for domid, domain in self.domains.items() if domain.introduced]
                self.connections.clear()
                for domid in known:
                    if domid in self._machine.domains:
                        self._attach(domid)
                    else:
                        self.release_domain(domid)
            else:
                self._reset()
                self._start()
                if self.release >= (4, 21):
                    for domid in tuple(self._machine.domains):
                        if domid:
                            self._attach(domid)
            for conn in tuple(self.connections):
                self._machine.xenbus(conn.domid).resend()
            self.run()

    def after_fork(self) -> None:
        """In a forked child: the clients on sockets are the parent's."""
        self._running = False
        for conn in tuple(self.connections):
            if conn.domain is None:
                conn.on_drop = lambda reset: None
                self.drop(conn, reset=False)

    def __repr__(self) -> str:
        state = "alive" if self.alive else "dead"
        return f"<Store {state}, {len(self.nodes)} nodes, {len(self.connections)} connections>"
