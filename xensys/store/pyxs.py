r"""For programs that use pyxs 0.4: its `Client`, on top of `xensys.store`.

    from xensys.store import pyxs          # was: import pyxs

    with pyxs.Client() as client:
        client[b"/local/domain/0/name"] = b"Ziggy"
        client.transaction()
        client.write(b"/tool/a", b"1")
        client.commit()                    # False: others got in the way, do it again

Paths, values, permissions and tokens are bytes here, as there; text is a
TypeError. Errors are xensys's own: `PyXSError` is another name for
`xensys.errors.StoreError`, so that `except pyxs.PyXSError` and
`error.args[0] == errno.ENOENT` go on working.

What is different, each time for the better:

    no thread                  and so nothing to `terminate()`, and `os.fork()` is noticed
    Client() in a guest        looks for the socket, then for the device
    monitors                   work over XenBus, too
    values                     any bytes (there: printable ASCII), and given back as they are:
                               NULs at their end stay
    long directories           are read in parts
    walk()                     a node that vanishes is left out; topdown=False holds for all levels
    delete(b"/")               is refused before it is sent
    for dom0 only              the daemon says so (EACCES); there, the client did (EPERM)
    a bad path or permission   InvalidPath, InvalidPermission as there; paths may be as long as
                               the daemon takes them

New programs had better use `xensys.store` itself; docs/porting.md says what
becomes what.
"""

from __future__ import annotations

from errno import EALREADY, EBUSY, EINVAL, EIO, ENOENT, EPERM

from xensys._lifetime import OneOfAKind
from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
    StoreConnectionError,
    StoreError,
    StorePermissionError,
    TransactionConflictError,
    XenError,
)
from xensys.store._joined import JoinedWatches
from xensys.store.client import Store
from xensys.store.permissions import Permission
from xensys.store.protocol import checked_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from xensys.store.client import Transaction
    from xensys.store.trees import Node

    _list = list

__all__ = [
    "Client",
    "ConnectionError",
    "Event",
    "InvalidPath",
    "InvalidPermission",
    "Monitor",
    "PyXSError",
    "Router",
    "UnixSocketConnection",
    "XenBusConnection",
]

PyXSError = StoreError
ConnectionError = StoreConnectionError


class InvalidPath(StoreError, ValueError):
    """EINVAL: no path of XenStore's. Nothing was sent."""


class InvalidPermission(StoreError, ValueError):
    """EINVAL: not one of n, r, w, b and a domid. Nothing was sent."""


class Event(tuple[bytes, bytes]):
    """A change: (path, token). Compared by value; never changes."""

    __slots__ = ()

    def __new__(cls, path: bytes, token: bytes) -> Self:
        return tuple.__new__(cls, (path, token))

    def __getnewargs__(self) -> tuple[bytes, bytes]:
        return self[0], self[1]

    @property
    def path(self) -> bytes:
        """Where."""
        return self[0]

    @property
    def token(self) -> bytes:
        """What `Monitor.watch` was given."""
        return self[1]

    def __repr__(self) -> str:
        return f"Event({self[0]!r}, {self[1]!r})"


class UnixSocketConnection:
    """Where to connect to: xenstored's socket.

    Args:
        path: None looks where `xensys.store.open` does.
    """

    def __init__(self, path: str | None = None) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"


class XenBusConnection(UnixSocketConnection):
    """Where to connect to: this domain's xenbus device.

    Args:
        path: None is /dev/xen/xenbus.
    """

    def __init__(self, path: str | None = None) -> None:
        super().__init__(path or "/dev/xen/xenbus")


class Router(OneOfAKind):
    """A connection that several clients share.

    Args:
        connection: where it leads.
        store: one to be used instead of connecting; closing the router leaves it open.
    """

    __slots__ = ("_borrowed", "_store", "connection")

    def __init__(
        self, connection: UnixSocketConnection | None = None, *, store: Store | None = None
    ) -> None:
        self.connection = connection
        self._borrowed = store is not None
        self._store = store

    @property
    def is_connected(self) -> bool:
        """Whether it is connected."""
        return self._store is not None and self._store.connected

    @property
    def store(self) -> Store:
        """The connection.

        Raises:
            ConnectionError: not connected yet, or not any more.
        """
        store = self._store
        if store is None or store.closed:
            raise StoreConnectionError(ENOENT, "not connected: use the client in a `with`, or connect()")
        return store

    def start(self) -> None:
        """Connect, if that was not done.

        Raises:
            ConnectionError: xenstored is not there, or not for this user.
        """
        if self._store is not None and not self._store.closed:
            return
        if self._borrowed:
            raise StoreConnectionError(ENOENT, "the store that was given is closed")
        path = None if self.connection is None else self.connection.path
        try:
            self._store = Store.open(path)
        except StoreError:
            raise
        except XenError as error:
            # There is one class for this there.
            raise StoreConnectionError(
                error.errno or EIO, str(error.strerror), call=error.call, hint=error.hint
            ) from error

    def terminate(self) -> None:
        """Close the connection, for all who share it."""
        if self._store is not None and not self._borrowed:
            self._store.close()

    def __repr__(self) -> str:
        return f"Router({self.connection if self._store is None else self._store!r})"


class Client:
    """XenStore, as pyxs has it. At most one transaction at a time; a context manager.

    Args:
        unix_socket_path: the daemon's socket; or
        xen_bus_path: the xenbus device; or
        router: a connection that others use as well.
        store: in addition to pyxs's: a connection of xensys's, which stays open.
    """

    def __init__(
        self,
        unix_socket_path: str | None = None,
        xen_bus_path: str | None = None,
        router: Router | None = None,
        *,
        store: Store | None = None,
    ) -> None:
        if router is None:
            if unix_socket_path or not xen_bus_path:
                router = Router(UnixSocketConnection(unix_socket_path), store=store)
            else:
                router = Router(XenBusConnection(xen_bus_path), store=store)
        self.router = router
        self._transaction: Transaction | None = None

    @property
    def tx_id(self) -> int:
        """The number of the transaction; 0 if there is none."""
        return 0 if self._transaction is None else self._transaction.id

    @property
    def SU(self) -> bool:
        """Whether this is the control domain."""
        try:
            return self.router.store.kernel.read_file("/proc/xen/capabilities").startswith(b"control_d")
        except OSError:
            return False

    def connect(self) -> None:
        """Connect; again does nothing.

        Raises:
            ConnectionError: xenstored is not there, or not for this user.
        """
        self.router.start()

    def close(self) -> None:
        """Undo the transaction if there is one, and close the connection, for all who share it."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None and not transaction.ended:
            try:  # noqa: SIM105  # contextlib is not loaded for this
                transaction.abort()
            except (StoreError, ValueError):
                pass  # gone with the connection
        self.router.terminate()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        uncommitted = self.tx_id
        self.close()
        if uncommitted and kind is None:
            raise StoreError(EBUSY, "uncommitted transaction", transaction=uncommitted)

    def __copy__(self) -> Self:
        return type(self)(router=self.router)

    # Nodes

    def read(self, path: bytes, default: bytes | None = None) -> bytes:
        """The value of a node.

        Args:
            default: what to return if it is not there; None raises.
        Raises:
            PyXSError: ENOENT, no such node; EACCES.
        """
        raw = _path(path, abi.XS_READ)
        try:
            return self._verbs.read(raw)
        except NodeNotFoundError:
            if default is None:
                raise
            return default

    def write(self, path: bytes, value: bytes) -> None:
        """Set the value of a node; it and its parents are made if need be."""
        raw = _path(path, abi.XS_WRITE)
        self._verbs.write(raw, _bytes(value, "a value"))

    def mkdir(self, path: bytes) -> None:
        """Make a node and its parents, if it is not there."""
        self._verbs.mkdir(_path(path, abi.XS_MKDIR))

    def delete(self, path: bytes) -> None:
        """Remove a node and all beneath it, if it is there.

        Raises:
            PyXSError: ENOENT, not even its parent is there; EPERM, b"/".
        """
        raw = _path(path, abi.XS_RM)
        try:
            self._verbs.rm(raw)
        except HazardError as error:
            raise StorePermissionError(EPERM, str(error.strerror), path="/", call=error.call) from None

    __getitem__ = read
    __setitem__ = write
    __delitem__ = delete

    def list(self, path: bytes) -> list[bytes]:
        """The names of a node's children."""
        return [_raw(name) for name in self._verbs.directory(_path(path, abi.XS_DIRECTORY))]

    def exists(self, path: bytes) -> bool:
        """Whether there is such a node."""
        return self._verbs.exists(_path(path, abi.XS_READ))

    def get_perms(self, path: bytes) -> _list[bytes]:
        """Who may do what, as [b"n0", b"r5"]."""
        permissions = self._verbs.get_permissions(_path(path, abi.XS_GET_PERMS))
        return [str(entry).encode() for entry in permissions]

    def set_perms(self, path: bytes, perms: _list[bytes]) -> None:
        """Say who may do what.

        Raises:
            InvalidPermission: an entry is none, or there is none.
        """
        raw = _path(path, abi.XS_SET_PERMS)
        entries = []
        for entry in perms:
            try:
                entries.append(Permission.parse(_bytes(entry, "a permission").decode("latin-1")))
            except ValueError as error:
                raise InvalidPermission(EINVAL, str(error)) from None
        if not entries:
            raise InvalidPermission(EINVAL, "no permission at all")
        self._verbs.set_permissions(raw, entries)

    def walk(self, top: bytes, topdown: bool = True) -> Iterator[tuple[bytes, bytes, _list[bytes]]]:
        """A node and all beneath it: (path, value, names of the children).

        A value that may not be read is b"".

        Args:
            topdown: parents before their children; else after them.
        """
        nodes = self._verbs.walk(_path(top, abi.XS_DIRECTORY))
        if topdown:
            for node in nodes:
                yield _triple(node)
            return
        # Those whose children are not all there yet. No recursion: guests make deep trees.
        above: _list[Node] = []
        for node in nodes:
            while above and not node.path.startswith(above[-1].path.rstrip("/") + "/"):
                yield _triple(above.pop())
            above.append(node)
        while above:
            yield _triple(above.pop())

    # Domains

    def get_domain_path(self, domid: int) -> bytes:
        """A domain's home, b"/local/domain/<domid>"."""
        return _raw(self.router.store.get_domain_path(domid))

    def is_domain_introduced(self, domid: int) -> bool:
        """Whether xenstored serves a domain."""
        return self.router.store.is_introduced(domid)

    def introduce_domain(self, domid: int, mfn: int, eventchn: int) -> None:
        """Tell xenstored to serve a domain.

        Raises:
            ValueError: domain 0.
        """
        if not domid:
            raise ValueError("domain 0 cannot be introduced")
        self.router.store.introduce(domid, mfn, eventchn)

    def release_domain(self, domid: int) -> None:
        """Tell xenstored not to serve a domain any more."""
        self.router.store.release(domid)

    def resume_domain(self, domid: int) -> None:
        """Have its next shutdown told again."""
        self.router.store.resume(domid)

    def set_target(self, domid: int, target: int) -> None:
        """Give a domain the rights of another one."""
        self.router.store.set_target(domid, target)

    # Transactions

    def transaction(self) -> int:
        """Begin a transaction: all nodes' methods are part of it until it is ended.

        Returns:
            Its number.
        Raises:
            PyXSError: EALREADY, there is one.
        """
        if self._transaction is not None:
            raise StoreError(EALREADY, "this client is in a transaction", transaction=self.tx_id)
        self._transaction = self.router.store.transaction()
        return self._transaction.id

    def commit(self) -> bool:
        """Carry the transaction out; False if others got in the way and nothing was done."""
        try:
            self._end().commit()
        except TransactionConflictError:
            return False
        return True

    def rollback(self) -> None:
        """Undo the transaction."""
        self._end().abort()

    def monitor(self) -> Monitor:
        """What tells of changes; to be closed before the client is.

        Raises:
            ConnectionError: not connected.
        """
        return Monitor(self)

    def __repr__(self) -> str:
        return f"Client({self.router.connection})"

    def _end(self) -> Transaction:
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            raise StoreError(ENOENT, "there is no transaction")
        return transaction

    @property
    def _verbs(self) -> Store | Transaction:
        store = self.router.store
        return store if self._transaction is None else self._transaction


class Monitor:
    """Tells of changes; made by `Client.monitor()`. A context manager, which ends its watches.

    Attributes:
        client: whose it is.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._watches = JoinedWatches(client.router.store)
        #: (path, token) as given → token on the wire.
        self._tokens: dict[tuple[bytes, bytes], bytes] = {}

    @property
    def watched(self) -> set[bytes]:
        """The paths that are watched."""
        return {path for path, _ in self._tokens}

    def watch(self, wpath: bytes, token: bytes) -> None:
        """Watch a path. One event comes at once.

        Args:
            wpath: or b"@introduceDomain", b"@releaseDomain".
            token: comes with each event.
        Raises:
            PyXSError: EEXIST, both again; ENOSPC, too many.
        """
        raw = _path(wpath, abi.XS_WATCH)
        _bytes(token, "a token")
        if (raw, token) in self._tokens:
            from errno import EEXIST

            raise StoreError(EEXIST, path=raw.decode("ascii", "surrogateescape"))
        self._tokens[raw, token] = self._watches.add(raw, token)

    def unwatch(self, wpath: bytes, token: bytes) -> None:
        """End a watch.

        Raises:
            PyXSError: ENOENT, there is no such one.
        """
        wire = self._tokens.pop((_path(wpath, abi.XS_UNWATCH), token), None)
        if wire is None:
            raise StoreError(ENOENT, "no such watch", path=wpath.decode("ascii", "surrogateescape"))
        self._watches.remove(wire)

    def wait(self, unwatched: bool = False) -> Iterator[Event]:
        """The events, without end; waits for each.

        Args:
            unwatched: of no effect: events of watches that have ended never come.
        Raises:
            ConnectionError: the connection has ended.
        """
        while True:
            token, event = self._watches.get()
            yield Event(_raw(event.path), token)

    def close(self) -> None:
        """End all watches; nothing can be watched with it any more."""
        self._tokens.clear()
        self._watches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Monitor of {self.client!r}, {len(self._tokens)} watches>"


def _path(path: bytes, kind: int) -> bytes:
    """A path that xenstored would take."""
    raw = _bytes(path, "a path")
    try:
        return checked_path(raw, kind)
    except StoreError as error:
        raise InvalidPath(EINVAL, str(error.strerror), path=error.path, call=error.call) from None


def _bytes(value: bytes, what: str) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"{what} is bytes here, not {type(value).__name__}")
    return value


def _raw(text: str) -> bytes:
    return text.encode("ascii", "surrogateescape")


def _triple(node: Node) -> tuple[bytes, bytes, list[bytes]]:
    return _raw(node.path), node.value or b"", [_raw(name) for name in node.children]
