"""What the synchronous store and its transactions have in common; see `client`."""

from __future__ import annotations

from xensys.store import plans, trees
from xensys.store.mapping import MappingFace, as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xensys.store.permissions import Permission
    from xensys.store.plans import Path, ReadableBuffer
    from xensys.store.trees import Node

__all__ = ["Verbs"]


class Verbs(MappingFace):
    """What can be asked of XenStore, within a transaction and without."""

    __slots__ = ()

    def read(self, path: Path) -> bytes:
        """The value of a node (XS_READ).

        Raises:
            NodeNotFoundError: ENOENT, no such node.
            StorePermissionError: EACCES, it may not be read.
        """
        return self._run(plans.read(path, tx=self._tx))

    def read_text(self, path: Path, errors: str = "strict") -> str:
        """The value of a node as UTF-8 text.

        Args:
            errors: as for bytes.decode(); "replace" takes whatever a guest wrote.
        Raises:
            UnicodeDecodeError: it is not, under "strict".
        """
        return self.read(path).decode("utf-8", errors)

    def write(self, path: Path, value: ReadableBuffer | str) -> None:
        """Set the value of a node; it and its parents are made if need be (XS_WRITE).

        Raises:
            StorePermissionError: EACCES, it may not be written.
            StoreError: ENOSPC or E2BIG, a quota; E2BIG without a `name`, it does not fit in a message.
        """
        self._run(plans.write(path, as_bytes(value), tx=self._tx))

    def mkdir(self, path: Path) -> None:
        """Make a node and its parents, if it is not there (XS_MKDIR)."""
        self._run(plans.mkdir(path, tx=self._tx))

    def rm(self, path: Path, *, hazardous: bool = False) -> None:
        """Remove a node and all beneath it, if it is there (XS_RM).

        Args:
            hazardous: needed for "/".
        Raises:
            NodeNotFoundError: ENOENT, not even its parent is there (C xenstored).
        """
        self._run(plans.rm(path, tx=self._tx, hazardous=hazardous))

    def exists(self, path: Path) -> bool:
        """Whether there is such a node.

        Raises:
            StorePermissionError: EACCES, that may not be known.
        """
        return self._run(plans.exists(path, tx=self._tx))

    def directory(self, path: Path) -> tuple[str, ...]:
        """The names of a node's children, however many (XS_DIRECTORY, XS_DIRECTORY_PART)."""
        return self._run(plans.directory(path, tx=self._tx))

    def get_permissions(self, path: Path) -> tuple[Permission, ...]:
        """Who may do what; the first entry has the owner (XS_GET_PERMS)."""
        return self._run(plans.get_perms(path, tx=self._tx))

    def set_permissions(self, path: Path, permissions: Iterable[Permission | str]) -> None:
        """Say who may do what (XS_SET_PERMS).

        Args:
            permissions: the owner's first; text ("r5") will do.
        """
        self._run(plans.set_perms(path, permissions, tx=self._tx))

    def walk(self, path: Path, *, permissions: bool = False) -> Iterator[Node]:
        """A node and all beneath it, parents first, looked up as the loop goes on.

        What vanishes meanwhile is left out. In a transaction it is all of one moment.

        Args:
            permissions: whether to look them up as well.
        """
        return trees.drive_walk(trees.Walk(path, permissions=permissions, tx=self._tx), self._exchange)

    def read_tree(self, path: Path) -> dict[str, bytes | None]:
        """The values of a node and of all beneath it: path → value, None if it may not be read.

        `write_tree` takes the result. For a picture of one moment, ask a transaction.
        """
        return {node.path: node.value for node in self.walk(path)}

    def write_tree(
        self,
        values: Mapping[str, ReadableBuffer | str | None],
        *,
        under: Path | None = None,
        permissions: Iterable[Permission | str] | None = None,
    ) -> None:
        """Write many values: all of them or, on any error, none.

        Args:
            values: path → value, in the order they shall be written; None makes
                the node only.
            under: what the paths are relative to.
            permissions: set on `under` first, so that nodes made beneath inherit them.
        Raises:
            TransactionConflictError: EAGAIN, others got in the way each time.
        """
        raw = {path: None if value is None else as_bytes(value) for path, value in values.items()}
        self._run(trees.write_tree(raw, under=under, permissions=permissions, tx=self._tx))
