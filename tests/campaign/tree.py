"""The model's nodes, and the two ways in which daemons see them within a transaction.

Nodes never change: whoever writes puts a new one in its place, so that "has
this been written since?" is asked with `is`. No generations, no counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

__all__ = ["Entry", "Permissions", "Refused", "Replayed", "Touched", "Tree", "above", "base", "lineage"]

#: ("b", 0), ("r", 5): the first one has the owner.
Permissions = tuple[tuple[str, int], ...]


class Refused(Exception):
    """An outcome that is an errno; equal to others of the same."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and other.errno == self.errno

    __hash__ = None  # type: ignore[assignment]  # nobody needs it


class Entry:
    """A node as it was written once."""

    __slots__ = ("children", "perms", "value")

    def __init__(self, value: bytes, perms: Permissions, children: tuple[str, ...] = ()) -> None:
        self.value = value
        self.perms = perms
        self.children = children

    @property
    def owner(self) -> int:
        """Its owner."""
        return self.perms[0][1]

    def but(self, **changes: Any) -> Entry:
        """A new one that differs in this."""
        new = Entry(self.value, self.perms, self.children)
        for name, value in changes.items():
            setattr(new, name, value)
        return new


def above(path: str) -> str:
    """A path's parent's."""
    return path.rpartition("/")[0]


def base(path: str) -> str:
    """A path's last name."""
    return path.rpartition("/")[2]


class Tree:
    """The nodes from a top one on. The top one is always there.

    Attributes:
        entries: path → node.
        copies_path: a write makes new nodes of all above it too (oxenstored); else
            only what is written is new.
    """

    def __init__(self, top: str, entries: dict[str, Entry], *, copies_path: bool) -> None:
        self.top = top
        self.entries = entries
        self.copies_path = copies_path

    def get(self, path: str) -> Entry | None:
        """A node; None if it is not there."""
        return self.entries.get(path)

    def put(self, path: str, entry: Entry | None) -> None:
        """Write one, or with None take it away."""
        if entry is None:
            del self.entries[path]
        else:
            self.entries[path] = entry
        self.renew_above(path)

    def renew_above(self, path: str) -> None:
        """What else becomes new with a write."""
        if not self.copies_path:
            return
        while path != self.top:
            path = above(path)
            found = self.entries.get(path)
            if found is not None:
                self.entries[path] = found.but()

    def below(self, path: str) -> Iterator[str]:
        """The paths of a node and all beneath it, as far as it goes, parents first."""
        entry = self.get(path)
        if entry is not None:
            yield path
            for name in entry.children:
                yield from self.below(f"{path}/{name}")

    def copied(self) -> Tree:
        """One that can be written to without this one's changing."""
        return Tree(self.top, dict(self.entries), copies_path=self.copies_path)


class Touched:
    """A transaction of the C daemon: nodes as they were when it first looked at each.

    Attributes:
        seen: path → node at first sight, None if there was none; in that order.
        fires: path → whether only those who watch this very node are told.
        owners: domid → nodes more that it will own.
        failed: its commit is bound to fail.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.seen: dict[str, Entry | None] = {}
        self.now: dict[str, Entry | None] = {}
        self.changed: set[str] = set()
        self.fires: dict[str, bool] = {}
        self.owners: Counter[int] = Counter()
        self.failed = False

    def get(self, path: str) -> Entry | None:
        """As `Tree.get`; and it is looked at."""
        if path not in self.seen:
            self.seen[path] = self.now[path] = self.tree.get(path)
        return self.now[path]

    def put(self, path: str, entry: Entry | None) -> None:
        """As `Tree.put`, for the transaction alone."""
        assert path in self.seen
        self.now[path] = entry
        self.changed.add(path)

    def fire(self, path: str, *, exact: bool) -> None:
        """An event for the end."""
        self.fires[path] = exact and self.fires.get(path, True)

    @property
    def conflicts(self) -> bool:
        """Whether something it looked at has been written since."""
        return any(self.tree.get(path) is not entry for path, entry in self.seen.items())


class Replayed:
    """A transaction of oxenstored: a copy of all, and a record of what was done with it.

    Attributes:
        old: all as it was at the beginning.
        tree: all as it is for the transaction.
        record: (verb, arguments, outcome) of each request.
        changes: ("write", path) and so on, in that order.
        read_low, write_low: what is above all that was read, and written; None: nothing was.
    """

    def __init__(self, live: Tree) -> None:
        self.old = live.copied()
        self.tree = live.copied()
        self.record: list[tuple[str, tuple[Any, ...], object]] = []
        self.changes: list[tuple[str, str]] = []
        self.read_low: str | None = None
        self.write_low: str | None = None

    def read(self, path: str) -> None:
        """It was read with success."""
        self.read_low = _common(self.read_low, path)

    def wrote(self, path: str) -> None:
        """It was written to, or something directly beneath it came or went."""
        self.write_low = _common(self.write_low, path)

    def merges_into(self, live: Tree) -> bool:
        """Whether it can be put in as it is (transaction.ml, can_coalesce)."""
        lows = (self.read_low, self.write_low)
        return all(path is None or self._undisturbed(live, path) for path in lows)

    def _undisturbed(self, live: Tree, path: str) -> bool:
        before, now = self.old.get(path), live.get(path)
        if before is None and now is None:
            # A parent that is not there, in one of them, is an exception there: no.
            return self.old.get(above(path)) is not None and live.get(above(path)) is not None
        if before is not now:
            return False
        return all(self.old.entries[p].perms == live.entries[p].perms for p in lineage(path, live.top))

    def merge_into(self, live: Tree) -> None:
        """Put it in: of all it has, what is beneath `write_low`."""
        path = self.write_low
        if path is None or self.tree.get(path) is None:
            return
        for gone in list(live.below(path)):
            del live.entries[gone]
        for there in self.tree.below(path):
            live.entries[there] = self.tree.entries[there]
        if path != live.top:
            parent = live.entries[above(path)]
            if base(path) not in parent.children:
                live.entries[above(path)] = parent.but(children=(*parent.children, base(path)))
        live.renew_above(path)


def lineage(path: str, top: str) -> list[str]:
    """A path and those above it, up to the top."""
    found = [path]
    while found[-1] != top:
        found.append(above(found[-1]))
    return found


def _common(one: str | None, other: str) -> str:
    if one is None:
        return other
    names = []
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        names.append(left)
    return "/".join(names)
