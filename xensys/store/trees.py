"""Plans for whole trees of nodes: walks, and many values at once; see `plans`."""

from __future__ import annotations

from xensys.abi.io import xs_wire as abi
from xensys.errors import NodeNotFoundError, StorePermissionError
from xensys.store.plans import (
    ATTEMPTS,
    directory,
    drive,
    get_perms,
    in_transaction,
    mkdir,
    read,
    set_perms,
    write,
)
from xensys.store.protocol import Request, checked_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from xensys.store.permissions import Permission
    from xensys.store.plans import Path, Plan, ReadableBuffer

__all__ = ["Node", "Walk", "drive_walk", "write_tree"]


class Node:
    """A node that a walk has come to.

    Attributes:
        path: as `Walk` was given the first, with the names of those beneath.
        value: bytes; None if it may not be read.
        children: names; none if it may not be read.
        permissions: if the walk was to look them up, else None.
    """

    __slots__ = ("children", "path", "permissions", "value")

    def __init__(
        self,
        path: str,
        value: bytes | None,
        children: tuple[str, ...] = (),
        permissions: tuple[Permission, ...] | None = None,
    ) -> None:
        self.path = path
        self.value = value
        self.children = children
        self.permissions = permissions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # mutable, as it has slots

    def __repr__(self) -> str:
        return f"<Node {self.path} = {self.value!r}, {len(self.children)} children>"


class Walk:
    """All nodes from one on down, parents before their children.

    Each step is a plan of its own, as a plan cannot give several results:
    `drive_walk()` makes an iterator of them. A node that vanishes meanwhile is
    left out with all beneath it; one that comes may be seen or not. For a
    picture of one moment, walk within a transaction.

    Args:
        path: where to begin.
        permissions: whether to look them up as well.
        tx: a transaction.
    """

    __slots__ = ("_permissions", "_todo", "_top", "_tx")

    def __init__(self, path: Path, *, permissions: bool = False, tx: int = 0) -> None:
        self._top = checked_path(path, abi.XS_DIRECTORY, tx_id=tx).decode("ascii")
        self._todo = [self._top]
        self._permissions = permissions
        self._tx = tx

    def step(self) -> Plan[Node | None]:
        """The next node; None after the last.

        After an error the walk can go on, without the node that had it and all
        beneath it.

        Raises:
            NodeNotFoundError: ENOENT, the first node is not there.
            StorePermissionError: EACCES, the first node may not be read.
        """
        while self._todo:
            path = self._todo.pop()
            first = path is self._top
            try:
                node = yield from self._look(path)
            except NodeNotFoundError:
                if first:
                    raise
                continue
            except StorePermissionError:
                if first:
                    raise
                return Node(path, None)
            under = path if path == "/" else f"{path}/"
            self._todo += [under + name for name in reversed(node.children)]
            return node
        return None

    def _look(self, path: str) -> Plan[Node]:
        value = yield from read(path, tx=self._tx)
        permissions = None
        if self._permissions:
            permissions = yield from get_perms(path, tx=self._tx)
        children = yield from directory(path, tx=self._tx)
        return Node(path, value, children, permissions)


def drive_walk(walk: Walk, exchange: Callable[[Request], bytes]) -> Iterator[Node]:
    """The nodes of a walk, each looked up when asked for; see `drive`."""
    while (node := drive(walk.step(), exchange)) is not None:
        yield node


def write_tree(
    values: Mapping[str, ReadableBuffer | None],
    *,
    under: Path | None = None,
    permissions: Iterable[Permission | str] | None = None,
    tx: int = 0,
    attempts: int = ATTEMPTS,
) -> Plan[None]:
    """Write many values, all of them or none: in a transaction of its own, or in yours.

    All arguments are checked before anything is sent. Nodes that are not
    named stay as they are.

    Args:
        values: path → value, in the order they shall be written; None makes
            the node only.
        under: what the paths are relative to.
        permissions: set on `under` before anything is written, so that nodes made
            beneath inherit them.
        tx: your transaction, which you end.
        attempts: see `in_transaction`.
    Raises:
        TransactionConflictError: EAGAIN, the last attempt failed as well.
    """
    requests: list[Request] = []
    prefix = b""
    if under is not None:
        prefix = checked_path(under, abi.XS_WRITE, tx_id=tx)
    if permissions is not None:
        if under is None:
            raise ValueError("permissions are set on `under`, which is missing")
        # These plans are one request each and use nothing of its reply: as lists they are that request.
        requests += mkdir(prefix, tx=tx)
        requests += set_perms(prefix, permissions, tx=tx)
    if prefix and prefix != b"/":
        prefix += b"/"
    for path, value in values.items():
        if prefix and path.startswith("/"):
            raise ValueError(f"{path!r} is to be relative to {under!r}, and is not")
        # Made bytes before it is checked, so that it is checked as a whole.
        joined = prefix + path.encode("utf-8", "surrogatepass")
        requests += mkdir(joined, tx=tx) if value is None else write(joined, value, tx=tx)

    def body(tx: int) -> Plan[None]:
        for request in requests:
            yield Request(request.kind, request.payload, tx, request.path)

    if tx:
        yield from body(tx)
    else:
        yield from in_transaction(body, attempts=attempts)
