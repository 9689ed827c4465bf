"""What the asyncio client's store and its transactions have in common; see `aio`."""

from __future__ import annotations

from xensys.errors import NodeNotFoundError
from xensys.store import plans, trees
from xensys.store.mapping import _MISSING, _remove, _set_default, as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from typing import Self, TypeVar

    from xensys.store.permissions import Permission
    from xensys.store.plans import Path, Plan, ReadableBuffer
    from xensys.store.trees import Node

    _T = TypeVar("_T")
    _D = TypeVar("_D")

__all__ = ["Verbs"]


class Verbs:
    """What can be asked of XenStore, within a transaction and without."""

    __slots__ = ()

    _tx: int

    async def _run(self, plan: Plan[_T]) -> _T:
        raise NotImplementedError

    async def _whole(self, body: Callable[[int], Plan[_T]]) -> _T:
        """Carry out a plan as one transaction, or as part of this one."""
        return await self._run(body(self._tx) if self._tx else plans.in_transaction(body))

    async def read(self, path: Path) -> bytes:
        """The value of a node (XS_READ)."""
        return await self._run(plans.read(path, tx=self._tx))

    async def read_text(self, path: Path, errors: str = "strict") -> str:
        """The value of a node as UTF-8 text."""
        return (await self.read(path)).decode("utf-8", errors)

    async def write(self, path: Path, value: ReadableBuffer | str) -> None:
        """Set the value of a node; it and its parents are made if need be (XS_WRITE)."""
        await self._run(plans.write(path, as_bytes(value), tx=self._tx))

    async def mkdir(self, path: Path) -> None:
        """Make a node and its parents, if it is not there (XS_MKDIR)."""
        await self._run(plans.mkdir(path, tx=self._tx))

    async def rm(self, path: Path, *, hazardous: bool = False) -> None:
        """Remove a node and all beneath it, if it is there (XS_RM)."""
        await self._run(plans.rm(path, tx=self._tx, hazardous=hazardous))

    async def exists(self, path: Path) -> bool:
        """Whether there is such a node."""
        return await self._run(plans.exists(path, tx=self._tx))

    async def directory(self, path: Path) -> tuple[str, ...]:
        """The names of a node's children, however many (XS_DIRECTORY, XS_DIRECTORY_PART)."""
        return await self._run(plans.directory(path, tx=self._tx))

    async def get_permissions(self, path: Path) -> tuple[Permission, ...]:
        """Who may do what; the first entry has the owner (XS_GET_PERMS)."""
        return await self._run(plans.get_perms(path, tx=self._tx))

    async def set_permissions(self, path: Path, permissions: Iterable[Permission | str]) -> None:
        """Say who may do what (XS_SET_PERMS)."""
        await self._run(plans.set_perms(path, permissions, tx=self._tx))

    def walk(self, path: Path, *, permissions: bool = False) -> AsyncIterator[Node]:
        """A node and all beneath it, parents first, looked up as the loop goes on."""
        return _Nodes(trees.Walk(path, permissions=permissions, tx=self._tx), self)

    async def read_tree(self, path: Path) -> dict[str, bytes | None]:
        """The values of a node and of all beneath it: path → value, None if it may not be read."""
        return {node.path: node.value async for node in self.walk(path)}

    async def write_tree(
        self,
        values: Mapping[str, ReadableBuffer | str | None],
        *,
        under: Path | None = None,
        permissions: Iterable[Permission | str] | None = None,
    ) -> None:
        """Write many values: all of them or, on any error, none."""
        raw = {path: None if value is None else as_bytes(value) for path, value in values.items()}
        await self._run(trees.write_tree(raw, under=under, permissions=permissions, tx=self._tx))

    # As of a mapping

    async def get(self, path: Path, default: _D | None = None) -> bytes | _D | None:
        """The value of a node, or the default if it is not there."""
        try:
            return await self.read(path)
        except NodeNotFoundError:
            return default

    async def setdefault(self, path: Path, value: ReadableBuffer | str) -> bytes:
        """The value of a node, which is first made with this value if it is not there."""
        raw = as_bytes(value)
        return await self._whole(lambda tx: _set_default(path, raw, tx))

    async def pop(self, path: Path, default: bytes | list[bytes] | None = _MISSING) -> bytes | None:
        """Remove a node and all beneath it; its value."""
        try:
            return await self._whole(lambda tx: _remove(path, tx))
        except NodeNotFoundError:
            if isinstance(default, list):
                raise
            return default

    async def update(self, values: Mapping[str, ReadableBuffer | str]) -> None:
        """Set many values: all of them or, on any error, none."""
        raw = {path: as_bytes(value) for path, value in values.items()}
        await self._run(trees.write_tree(raw, tx=self._tx))

    def __aiter__(self) -> AsyncIterator[str]:
        """The paths of all nodes from "/" on, parents first, read as the loop goes on."""
        return _Paths(trees.Walk("/", tx=self._tx), self)


class _Steps:
    """The steps of a walk; no generator, as nothing is to be done if it is left early."""

    __slots__ = ("_run", "_walk")

    def __init__(self, walk: trees.Walk, verbs: Verbs) -> None:
        self._walk = walk
        self._run = verbs._run

    def __aiter__(self) -> Self:
        return self

    async def _step(self) -> Node:
        node = await self._run(self._walk.step())
        if node is None:
            raise StopAsyncIteration
        return node


class _Nodes(_Steps):
    __slots__ = ()

    async def __anext__(self) -> Node:
        return await self._step()


class _Paths(_Steps):
    __slots__ = ()

    async def __anext__(self) -> str:
        return (await self._step()).path
