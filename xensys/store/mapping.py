"""XenStore as a mapping of paths to values: `store["/vm/name"]`.

A face for `Store` and `Transaction`, made of their other calls. What takes
several requests is one transaction of its own, so that nothing can come
between them; within a transaction it is part of that.
"""

from __future__ import annotations

from xensys.errors import NodeNotFoundError
from xensys.store import plans, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    from xensys.store.plans import Path, Plan, ReadableBuffer
    from xensys.store.protocol import Request

    _T = TypeVar("_T")
    _D = TypeVar("_D")

__all__ = ["MappingFace"]

_MISSING: list[bytes] = []  # no default was given


class MappingFace:
    """Paths to values. There is no len(): it would read all of XenStore."""

    __slots__ = ()

    _tx: int

    def _run(self, plan: Plan[_T]) -> _T:
        raise NotImplementedError

    def _exchange(self, request: Request) -> bytes:
        raise NotImplementedError

    def _whole(self, body: Callable[[int], Plan[_T]]) -> _T:
        """Carry out a plan as one transaction, or as part of this one."""
        return self._run(body(self._tx) if self._tx else plans.in_transaction(body))

    def __getitem__(self, path: Path) -> bytes:
        """The value of a node.

        Raises:
            NodeNotFoundError: ENOENT, which is a KeyError too.
        """
        return self._run(plans.read(path, tx=self._tx))

    def __setitem__(self, path: Path, value: ReadableBuffer | str) -> None:
        """Set the value of a node; it and its parents are made if need be."""
        self._run(plans.write(path, as_bytes(value), tx=self._tx))

    def __delitem__(self, path: Path) -> None:
        """Remove a node and all beneath it.

        Raises:
            NodeNotFoundError: ENOENT, it is not there (`rm` does not mind).
        """
        self._whole(lambda tx: _remove(path, tx))

    def __contains__(self, path: Path) -> bool:
        """Whether there is such a node."""
        return self._run(plans.exists(path, tx=self._tx))

    def __iter__(self) -> Iterator[str]:
        """The paths of all nodes from "/" on, parents first, read as the loop goes on."""
        for node in trees.drive_walk(trees.Walk("/", tx=self._tx), self._exchange):
            yield node.path

    def get(self, path: Path, default: _D | None = None) -> bytes | _D | None:
        """The value of a node, or the default if it is not there."""
        try:
            return self[path]
        except NodeNotFoundError:
            return default

    def setdefault(self, path: Path, value: ReadableBuffer | str) -> bytes:
        """The value of a node, which is first made with this value if it is not there."""
        raw = as_bytes(value)
        return self._whole(lambda tx: _set_default(path, raw, tx))

    def pop(self, path: Path, default: bytes | list[bytes] | None = _MISSING) -> bytes | None:
        """Remove a node and all beneath it; its value.

        Args:
            default: what to return if it is not there.
        Raises:
            NodeNotFoundError: ENOENT, it is not there, and there is no default.
        """
        try:
            return self._whole(lambda tx: _remove(path, tx))
        except NodeNotFoundError:
            if isinstance(default, list):
                raise
            return default

    def update(self, values: Mapping[str, ReadableBuffer | str]) -> None:
        """Set many values: all of them or, on any error, none."""
        raw = {path: as_bytes(value) for path, value in values.items()}
        self._run(trees.write_tree(raw, tx=self._tx))


def as_bytes(value: ReadableBuffer | str) -> ReadableBuffer:
    """A value as it travels; text is UTF-8."""
    return value.encode() if isinstance(value, str) else value


def _remove(path: Path, tx: int) -> Plan[bytes]:
    value = yield from plans.read(path, tx=tx)
    yield from plans.rm(path, tx=tx)
    return value


def _set_default(path: Path, value: ReadableBuffer, tx: int) -> Plan[bytes]:
    try:
        return (yield from plans.read(path, tx=tx))
    except NodeNotFoundError:
        yield from plans.write(path, value, tx=tx)
        return bytes(value)
