"""A small model of XenStore: what each request is answered, and whom it is told.

Independent of xensys.sim.store, and built differently (`tree`). Written from
tools/xenstored/{core,transaction,watch,domain}.c and tools/ocaml/xenstored/
{process,store,transaction,connections}.ml. Where the two daemons differ, the
model asks `rules`, which come from tests/daemons/differences.toml.

Not modelled: quotas that a campaign does not reach (nodes, watches, memory).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from errno import E2BIG, EACCES, EAGAIN, EINVAL, EIO, ENOENT, ENOMEM, ENOSPC, EPERM
from itertools import pairwise
from typing import Any

from tests.campaign.tree import Entry, Permissions, Refused, Replayed, Touched, Tree, above, base, lineage

__all__ = ["PAYLOAD", "Model", "Transaction", "Watched"]

PAYLOAD = 4096
READ, WRITE, OWNER = 1, 2, 4
_LETTERS = {"n": 0, "r": READ, "w": WRITE, "b": READ | WRITE}
#: A guest's quotas, as xs_wire.h and domain.c have them.
_NODE_SIZE, _ENTRIES, _PATH = 2048, 5, 2048

Transaction = Touched | Replayed


class Watched:
    """A watch, and what it has to be told.

    Attributes:
        path: absolute.
        relative: bytes of it that its owner is spared.
        who: its owner's domid.
        due: paths of events, oldest first.
    """

    def __init__(self, who: int, path: str, relative: int) -> None:
        self.who = who
        self.path = path
        self.relative = relative
        self.due: list[str] = [path[relative:]]

    def tell(self, path: str) -> None:
        """An event."""
        self.due.append(path[self.relative :])


class Model:
    """A store's tree from one node on, and what is watched there.

    Args:
        top: that node; made with `perms`.
        rules: as in differences.toml: name of a difference → what the daemon does.
        release: the daemon's.
        domids: domains that there are.
        owned: domid → nodes elsewhere that it owns.
    """

    def __init__(
        self,
        top: str,
        perms: Permissions,
        rules: Mapping[str, Any],
        *,
        release: tuple[int, int],
        domids: frozenset[int],
        owned: Mapping[int, int],
    ) -> None:
        self.top = top
        self.rules = rules
        self.release = release
        self.domids = domids
        self.owned = owned
        self.replays = rules["transactions"] == "replayed"
        self.tree = Tree(top, {top: Entry(b"", perms)}, copies_path=self.replays)
        self.watches: list[Watched] = []

    # Requests

    def ask(self, who: int, tx: Transaction | None, verb: str, path: str, *args: Any) -> Any:
        """What a request is answered.

        Raises:
            Refused: an errno.
        """
        outcome: Any
        try:
            outcome = getattr(self, f"_{verb}")(who, tx, path, *args)
        except Refused as refused:
            outcome = refused
        if isinstance(tx, Replayed):
            tx.record.append((verb, (path, *args), outcome))
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    def _read(self, who: int, tx: Transaction | None, path: str) -> bytes:
        return self._readable(who, tx, path).value

    def _directory(self, who: int, tx: Transaction | None, path: str) -> tuple[str, ...]:
        names = self._readable(who, tx, path).children
        return names if self.rules["order"] == "creation" else tuple(sorted(names))

    def _permissions(self, who: int, tx: Transaction | None, path: str) -> tuple[str, ...]:
        if path.startswith("@"):
            if self.release < (4, 18):
                raise Refused(EINVAL)
            if who:
                raise Refused(EACCES)
            return ("n0",)
        return tuple(f"{letter}{domid}" for letter, domid in self._readable(who, tx, path).perms)

    def _write(self, who: int, tx: Transaction | None, path: str, value: bytes) -> None:
        self._check_length(who, path)
        view = self._view(tx)
        entry = self._writable(who, view, path)
        most = self.rules["value"]
        if most and len(value) > most:
            # The parents stay, and nobody is told (process.ml, do_write).
            if entry is None:
                self._make_parents(who, tx, path)
            raise Refused(E2BIG)
        if entry is None:
            if self.replays:
                self._make_parents(who, tx, path)
            self._create(who, tx, path, value)
        elif self.replays and entry.value == value:
            self._view(tx).renew_above(path)  # type: ignore[union-attr]
        else:
            self._put(who, tx, path, entry.but(value=value))
        if isinstance(tx, Replayed):
            tx.wrote(path if entry is not None else above(path))
        self._changed(tx, "write", path)

    def _mkdir(self, who: int, tx: Transaction | None, path: str) -> None:
        self._check_length(who, path)
        if self._writable(who, self._view(tx), path) is None:
            if self.replays:
                self._make_parents(who, tx, path)
            self._create(who, tx, path, b"")
            if isinstance(tx, Replayed):
                tx.wrote(above(path))
            self._changed(tx, "write", path)

    def _rm(self, who: int, tx: Transaction | None, path: str) -> None:
        self._check_length(who, path)
        view = self._view(tx)
        if self._writable(who, view, path) is None:
            if view.get(above(path)) is None:
                raise Refused(ENOENT)
            return
        before = self.tree.copied() if tx is None and self.replays else None
        parent = view.get(above(path))
        if parent is None:
            raise Refused(EINVAL)
        pending: Counter[int] = Counter()
        self._cut(tx, path, path, parent.perms, pending)
        if base(path) not in parent.children:
            raise Refused(EIO)
        children = tuple(name for name in parent.children if name != base(path))
        view.put(above(path), parent.but(children=children))
        if isinstance(tx, Touched):
            tx.owners.update(pending)
        if isinstance(tx, Replayed):
            tx.wrote(above(path))
        if self.replays:
            self._changed(tx, "rm", path, before)

    def _set_permissions(self, who: int, tx: Transaction | None, path: str, perms: Permissions) -> None:
        if who and len(perms) > _ENTRIES:
            raise Refused(ENOSPC)
        if perms[0][1] not in self.domids and self.rules["owner"] == "must-exist":
            raise Refused(ENOENT)
        self._check_length(who, path)
        old = self._find(who, self._view(tx), path, WRITE | OWNER)
        if who and perms[0][1] != old.owner:
            raise Refused(EPERM)
        self._put(who, tx, path, old.but(perms=perms))
        if isinstance(tx, Touched):
            tx.owners.update({old.owner: -1})
            tx.owners.update({perms[0][1]: 1})
        if isinstance(tx, Replayed):
            tx.wrote(path)
        self._changed(tx, "permissions", path, old=old.perms)

    # Transactions

    def begin(self) -> Transaction:
        """A transaction."""
        return Replayed(self.tree) if self.replays else Touched(self.tree)

    def commit(self, tx: Transaction, who: int) -> None:
        """Its end.

        Raises:
            Refused: nothing was done; EAGAIN, there was a conflict.
        """
        if isinstance(tx, Replayed):
            self._commit_replayed(tx, who)
        else:
            self._commit_touched(tx)

    def _commit_touched(self, tx: Touched) -> None:
        if tx.failed:
            raise Refused(ENOMEM)
        for domid, change in tx.owners.items():
            live = sum(entry.owner == domid for entry in self.tree.entries.values())
            if domid and self.owned.get(domid, 0) + live + change < 0:
                raise Refused(ENOMEM)
        if tx.conflicts:
            raise Refused(EAGAIN)
        for path, first in tx.seen.items():
            if path not in tx.changed:
                continue
            entry = tx.now[path]
            # What was made and taken away again never was.
            if entry is not None:
                self.tree.entries[path] = entry.but()
            elif first is not None:
                del self.tree.entries[path]
            if path in tx.fires:
                now, parent = self.tree.get(path), self._get_or_top(above(path))
                perms = [] if first is None else [first.perms]
                if now is not None:
                    perms += [now.perms] if parent is None else [now.perms, parent.perms]
                self._fire(path, perms, exact=tx.fires[path])

    def _commit_replayed(self, tx: Replayed, who: int) -> None:
        if not tx.changes:
            return
        live = self.tree
        if tx.old.entries[self.top] is live.entries[self.top]:
            live.entries = dict(tx.tree.entries)
        elif tx.merges_into(live):
            tx.merge_into(live)
        else:
            again = Replayed(live)
            for verb, args, outcome in tx.record:
                try:
                    now = getattr(self, f"_{verb}")(who, again, *args)
                except Refused as refused:
                    now = refused
                if now != outcome:
                    raise Refused(EAGAIN)
            live.entries = again.tree.entries
        changes = tx.changes
        if self.rules["commit-events"] == "each-node-once":
            changes = list(dict.fromkeys(changes))
        for kind, path in changes:
            self._fire_by_path(kind, path, tx.old if kind == "rm" else tx.tree)

    # Watches

    def watch(self, who: int, path: str, relative: int) -> Watched:
        """Set one; its first event is due."""
        if self.rules["watched-path"] == "checked" and not path.startswith("@"):
            self._check_length(who, path)
        new = Watched(who, path, relative)
        self.watches.append(new)
        return new

    def unwatch(self, watched: Watched) -> None:
        """Take it back."""
        self.watches.remove(watched)

    def _changed(
        self,
        tx: Transaction | None,
        kind: str,
        path: str,
        before: Tree | None = None,
        old: Permissions | None = None,
    ) -> None:
        """Tell of a change, or remember to."""
        if isinstance(tx, Touched):
            tx.fire(path, exact=False)
        elif isinstance(tx, Replayed):
            tx.changes.append((kind, path))
        elif self.replays:
            self._fire_by_path(kind, path, before or self.tree)
        else:
            entry, parent = self.tree.entries[path], self._get_or_top(above(path))
            perms = [entry.perms] + ([] if parent is None else [parent.perms])
            self._fire(path, perms if old is None else [*perms, old], exact=False)

    def _fire(self, path: str, perms: list[Permissions], *, exact: bool) -> None:
        """The C daemon: who watches and may read what was there, is there or is above, is told."""
        for watched in self.watches:
            near = path == watched.path or (not exact and path.startswith(f"{watched.path}/"))
            if near and any(_rights(watched.who, one) & READ for one in perms):
                watched.tell(path)

    def _fire_by_path(self, kind: str, path: str, tree: Tree) -> None:
        """oxenstored, for dom0: told if the parent is there, also of what was not there itself."""

        for watched in self.watches:
            if path == watched.path or path.startswith(f"{watched.path}/"):
                if path == self.top or above(path) in tree.entries:
                    watched.tell(path)
            elif kind == "rm" and watched.path.startswith(f"{path}/"):
                there = self.rules["removal"] == "of-what-was-there"
                if (watched.path if there else above(watched.path)) in tree.entries:
                    watched.tell(watched.path)

    # Nodes

    def _view(self, tx: Transaction | None) -> Tree | Touched:
        if tx is None:
            return self.tree
        return tx.tree if isinstance(tx, Replayed) else tx

    def _get_or_top(self, path: str) -> Entry | None:
        return self.tree.get(path) if path.startswith(self.top) else self.tree.entries[self.top]

    def _check_length(self, who: int, path: str) -> None:
        parts = path.split("/", 4)
        local = len(parts) == 5 and parts[:3] == ["", "local", "domain"]
        length = len(parts[4]) if local else len(path)
        most = self.rules["path"] or (_PATH if who or self.release < (4, 18) else 0)
        if most and length > most:
            raise Refused(EINVAL)

    def _find(self, who: int, view: Tree | Touched, path: str, need: int) -> Entry:
        """A node that may be used so; absence is told only to those with the right above it."""
        entry = view.get(path)
        if entry is not None and _rights(who, entry.perms) & need == need:
            return entry
        for higher in lineage(path, self.top)[1:]:
            nearest = view.get(higher)
            if nearest is not None:
                break
        else:
            # The top itself, which dom0 made in a node of dom0's.
            nearest = Entry(b"", (("n", 0),))
        told = _rights(who, nearest.perms) & need
        raise Refused((ENOENT if entry is None else EACCES) if told else EACCES)

    def _readable(self, who: int, tx: Transaction | None, path: str) -> Entry:
        self._check_length(who, path)
        entry = self._find(who, self._view(tx), path, READ)
        if isinstance(tx, Replayed):
            tx.read(path)
        return entry

    def _writable(self, who: int, view: Tree | Touched, path: str) -> Entry | None:
        try:
            return self._find(who, view, path, WRITE)
        except Refused as refused:
            if refused.errno != ENOENT:
                raise
            return None

    def _put(self, who: int, tx: Transaction | None, path: str, entry: Entry) -> None:
        if who and _size(entry) > _NODE_SIZE:
            if isinstance(tx, Touched):
                tx.failed = True
            raise Refused(ENOSPC)
        self._view(tx).put(path, entry)

    def _make_parents(self, who: int, tx: Transaction | None, path: str) -> None:
        """oxenstored makes them one by one, from the top on."""
        for higher in reversed(lineage(path, self.top)[1:]):
            if self._view(tx).get(higher) is None:
                self._create(who, tx, higher, b"")
                if isinstance(tx, Replayed):
                    tx.wrote(above(higher))

    def _create(self, who: int, tx: Transaction | None, path: str, value: bytes) -> None:
        view = self._view(tx)
        missing = [path]
        while (there := view.get(above(missing[-1]))) is None:
            missing.append(above(missing[-1]))
        perms = there.perms
        if who:
            perms = ((perms[0][0], who), *perms[1:])
        made = [(missing[0], Entry(value, perms))]
        made += [(up, Entry(b"", perms, (base(down),))) for down, up in pairwise(missing)]
        grown = there.but(children=(*there.children, base(missing[-1])))
        if who and any(_size(entry) > _NODE_SIZE for entry in (grown, *(entry for _, entry in made))):
            if isinstance(tx, Touched):
                tx.failed = True
            raise Refused(ENOSPC)
        for name, entry in made:
            view.put(name, entry)
            if isinstance(tx, Touched):
                tx.owners.update({entry.owner: 1})
        view.put(above(missing[-1]), grown)

    def _cut(
        self, tx: Transaction | None, top: str, path: str, parent: Permissions, pending: Counter[int]
    ) -> None:
        """Remove all beneath a node, deepest first, then the node."""
        view = self._view(tx)
        entry = view.get(path)
        if entry is None:
            # Seen at other times than its parent, in a transaction that is bound to conflict.
            raise Refused(EIO)
        for name in entry.children:
            self._cut(tx, top, f"{path}/{name}", entry.perms, pending)
            entry = entry.but(children=entry.children[1:])
            view.put(path, entry)
        view.put(path, None)
        pending[entry.owner] -= 1
        if isinstance(tx, Touched):
            tx.fire(path, exact=path != top)
        elif not self.replays:
            self._fire(path, [entry.perms, parent], exact=path != top)


def _rights(who: int, perms: Permissions) -> int:
    if who in (0, perms[0][1]):
        return READ | WRITE | OWNER
    return _LETTERS[next((letter for letter, domid in perms[1:] if domid == who), perms[0][0])]


def _size(entry: Entry) -> int:
    """Bytes of struct node_hdr and what follows it in the data base."""
    return 16 + 8 * len(entry.perms) + len(entry.value) + sum(len(name) + 1 for name in entry.children)


#: Whatever gives the outcomes of a plan's requests.
Ask = Callable[..., Any]


def read_tree(ask: Ask, path: str) -> dict[str, bytes | None]:
    """The client's verb of this name, from the requests it makes."""

    def walk(path: str, *, first: bool) -> Iterator[tuple[str, bytes | None]]:
        try:
            value = ask("read", path)
            names = ask("directory", path)
        except Refused as refused:
            if first:
                raise
            if refused.errno == EACCES:
                yield path, None
            elif refused.errno != ENOENT:
                raise
            return
        yield path, value
        for name in names:
            yield from walk(f"{path}/{name}", first=False)

    return dict(walk(path, first=True))
