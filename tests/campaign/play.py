"""One game: operations through xensys.store.Store, each compared with the model's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from errno import E2BIG, EACCES, EAGAIN, EINVAL, ENOENT, EPERM, errorcode
from typing import Any

from tests.campaign.model import PAYLOAD, Model, Transaction, Watched, read_tree
from tests.campaign.tree import Permissions, Refused
from tests.campaign.worlds import PATIENCE, Place, World
from xensys.errors import (
    NodeNotFoundError,
    StoreError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
)
from xensys.store import Store, Watch
from xensys.store import Transaction as ClientTransaction

__all__ = ["Different", "Enough", "Game", "Player", "Tally"]

_CLASSES: dict[int, type[StoreError]] = {
    ENOENT: NodeNotFoundError,
    EACCES: StorePermissionError,
    EPERM: StorePermissionError,
    EAGAIN: TransactionConflictError,
}
#: Events of one connection that nobody has taken; more might fill its socket.
_MOST_DUE = 60
_TRANSACTIONS, _WATCHES = 3, 5


class Different(AssertionError):
    """The daemon, or the client, did something else than the model."""


class Enough(BaseException):
    """As many operations as were asked for are done. No Exception: nothing is wrong."""


class Tally:
    """What a campaign has done, over all its games.

    Attributes:
        limit: operations after which there is enough; None for no limit.
        every: operations after which to say so; 0 for never.
        operations: verb → how many were compared.
        errors: errno → how many of them were refused so.
        events: that watches were to tell of, and did.
        trees: hashes of the trees that games have had in between.
        enough: the limit was reached, and a game ended in its midst.
        failing: something was different; what comes now is Hypothesis making it smaller.
    """

    def __init__(self, limit: int | None = None, every: int = 0) -> None:
        self.limit = limit
        self.every = every
        self.operations: Counter[str] = Counter()
        self.done = 0
        self.errors: Counter[int] = Counter()
        self.games = 0
        self.begun = self.committed = self.conflicts = 0
        self.watches = self.events = 0
        self.trees: set[int] = set()
        self.failing = self.enough = False

    def count(self, verb: str) -> None:
        """One more is about to be done."""
        if self.failing:
            return
        if self.done == self.limit:
            self.enough = True
            raise Enough
        self.done += 1
        if self.every and not self.done % self.every:
            print(f"… {self.done}", flush=True)
        self.operations[verb] += 1


class Player:
    """One connection.

    Attributes:
        open: transactions, the client's and the model's.
        watches: likewise.
    """

    def __init__(self, place: Place, number: int, store: Store) -> None:
        self.who = place.domid
        self.way = place.way
        self.name = f"{place.way}{place.domid}.{number}"
        self.store = store
        self.limit = PAYLOAD if place.way == "socket" else PAYLOAD - 16
        self.open: list[tuple[ClientTransaction, Transaction]] = []
        self.watches: list[tuple[Watch, Watched]] = []


class Game:
    """Several connections, from an empty top node on.

    Args:
        say: told of each operation.

    Attributes:
        over: something was different.
    """

    def __init__(
        self, world: World, tally: Tally, *, late_events: bool, say: Callable[[str], None]
    ) -> None:
        self.world = world
        self.tally = tally
        self.say = say
        self.over = False
        tally.games += not tally.failing
        world.fresh(late_events)
        self.top = world.top()
        domids, owned = world.known()
        perms: Permissions = (("b", 0),)
        rules, release = world.rules, world.release
        self.model = Model(self.top, perms, rules, release=release, domids=domids, owned=owned)
        self.players = [Player(place, n, world.connect(place)) for n, place in enumerate(world.places)]
        self.players[0].store.mkdir(self.top)
        self.players[0].store.set_permissions(self.top, _texts(perms))

    def close(self) -> None:
        """End it, and leave nothing."""
        for player in self.players:
            # Whatever was different shall be seen, not what came of it.
            with suppress(StoreError, ValueError):
                for watch, _ in player.watches:
                    watch.close()
                for transaction, _ in player.open:
                    transaction.abort()
        with suppress(StoreError, ValueError):
            self.players[0].store.rm(self.top)
        for player in self.players:
            player.store.close()

    # Comparing

    def same(
        self, player: Player, what: str, expected: Callable[[], Any], actual: Callable[[], Any]
    ) -> bool:
        """Do something, with the model and in the world; whether it succeeded in both."""
        self.tally.count(what.partition(" ")[0])
        want: Any
        got: Any = None
        try:
            want = expected()
        except Refused as refused:
            want = refused
        try:
            got = actual()
        except StoreError as error:
            got = Refused(error.errno or 0)
            kind = _CLASSES.get(got.errno, StoreError)
            if type(error) is not kind:
                self._differ(player, what, kind.__name__, f"{type(error).__name__}: {error}")
        except Exception as error:
            self._differ(player, what, want, f"{type(error).__name__}: {error}")
        if want != got:
            self._differ(player, what, want, got)
        if isinstance(want, Refused):
            self.tally.errors[want.errno] += not self.tally.failing
        self.say(f"{player.name}: {what} = {_short(want)}")
        return not isinstance(want, Refused)

    def _differ(self, player: Player, what: str, want: object, got: object) -> None:
        self.tally.failing = self.over = True
        raise Different(f"{player.name}: {what}: the model says {_short(want)}, it was {_short(got)}")

    def ask(
        self,
        player: Player,
        tx: tuple[ClientTransaction, Transaction] | None,
        verb: str,
        path: str,
        *args: Any,
    ) -> bool:
        """A request about a node. The path may be relative to dom0's home."""
        shown = f"{verb} {_short(path)} {_short(args)}" + (f" in {tx[0].id}" if tx else "")
        face = tx[0] if tx else player.store

        def actual() -> Any:
            if verb == "permissions":
                return tuple(map(str, face.get_permissions(path)))
            if verb == "set_permissions":
                return face.set_permissions(path, _texts(args[0]))
            if verb == "read_tree":
                return face.read_tree(path)
            return getattr(face, verb)(path, *args)

        def expected() -> Any:
            return self._answer(player, tx and tx[1], verb, path, *args)

        return self.same(player, shown, expected, actual)

    def _answer(self, player: Player, tx: Transaction | None, verb: str, path: str, *args: Any) -> Any:
        full = path if path[:1] in "/@" else f"/local/domain/{player.who}/{path}"
        length = len(path) + 1 + sum(_length(arg) for arg in args)
        if length > player.limit:
            raise Refused(E2BIG)
        if verb == "exists":
            try:
                self.model.ask(player.who, tx, "read", full)
            except Refused as refused:
                if refused.errno != ENOENT:
                    raise
                return False
            return True
        if verb == "read_tree":
            found = read_tree(lambda v, p: self._answer(player, tx, v, p), full)
            return {path + name[len(full) :]: value for name, value in found.items()}
        answer = self.model.ask(player.who, tx, verb, full, *args)
        if verb == "directory" and player.way == "device" and self.world.rules["parts"] == "ring-4096":
            whole = sum(len(name) + 1 for name in answer)
            if whole > PAYLOAD:
                raise Refused(E2BIG)
        return answer

    def refused_here(self, player: Player, path: str | bytes) -> None:
        """What is no path is not even sent."""

        def no() -> None:
            raise Refused(EINVAL)

        self.same(player, f"bad-path {path!r}", no, lambda: player.store.write(path, b""))

    # Transactions

    def begin(self, player: Player) -> None:
        """One more, if there are not many."""
        if len(player.open) == _TRANSACTIONS:
            return
        begun: list[ClientTransaction] = []
        self.same(player, "begin", lambda: None, lambda: begun.append(player.store.transaction()))
        player.open.append((begun[0], self.model.begin()))
        self.tally.begun += not self.tally.failing

    def end(self, player: Player, number: int, *, commit: bool) -> None:
        """The end of one; of none, nothing."""
        if not player.open:
            return
        client, model = player.open.pop(number % len(player.open))
        if not commit:
            self.same(player, f"abort {client.id}", lambda: None, client.abort)
        elif self.same(
            player, f"commit {client.id}", lambda: self.model.commit(model, player.who), client.commit
        ):
            self.tally.committed += not self.tally.failing
        else:
            self.tally.conflicts += not self.tally.failing
        self._tell()

    def write_tree(self, player: Player, under: str, values: dict[str, bytes | None]) -> None:
        """Many writes, all or none."""

        def expected() -> None:
            tx = self.model.begin()
            for name, value in values.items():
                if value is None:
                    self._answer(player, tx, "mkdir", f"{under}/{name}")
                else:
                    self._answer(player, tx, "write", f"{under}/{name}", value)
            self.model.commit(tx, player.who)

        what = f"write_tree {under} {_short(values)}"
        self.same(player, what, expected, lambda: player.store.write_tree(values, under=under))
        self._tell()

    # Watches

    def watch(self, player: Player, path: str) -> None:
        """One more, if there are not many."""
        if len(player.watches) == _WATCHES:
            return
        own = "" if path[:1] in "/@" else f"/local/domain/{player.who}/"
        clients: list[Watch] = []
        models: list[Watched] = []

        def expected() -> None:
            models.append(self.model.watch(player.who, own + path, len(own)))

        def actual() -> None:
            clients.append(player.store.watch(path))

        if self.same(player, f"watch {path}", expected, actual):
            player.watches.append((clients[0], models[0]))
            self.tally.watches += not self.tally.failing

    def unwatch(self, player: Player, number: int) -> None:
        """The end of one, whose events have been compared."""
        if not player.watches:
            return
        self._take(player, *player.watches[number % len(player.watches)])
        client, model = player.watches.pop(number % len(player.watches))
        self.model.unwatch(model)
        self.same(player, f"unwatch {model.path}", lambda: None, client.close)

    def look(self, player: Player) -> None:
        """Take and compare all of a connection's events."""
        for watch, watched in player.watches:
            self._take(player, watch, watched)

    def _tell(self) -> None:
        """No connection has to hold too many events."""
        for player in self.players:
            if sum(len(watched.due) for _, watched in player.watches) > _MOST_DUE:
                self.look(player)

    def _take(self, player: Player, watch: Watch, watched: Watched) -> None:
        if not watched.due:
            return

        def actual() -> list[str]:
            found: list[str] = []
            with suppress(StoreTimeoutError):
                while len(found) < len(watched.due):
                    found.append(watch.get(PATIENCE).path)
            # What should not have come, if it has.
            with suppress(StoreTimeoutError):
                while not self.world.real or watch.pending:
                    found.append(watch.get(0).path)
            return found

        number = len(watched.due)
        self.same(player, f"events of {watched.path}", lambda: list(watched.due), actual)
        self.tally.events += 0 if self.tally.failing else number
        watched.due.clear()

    # The end

    def settle(self) -> None:
        """All events, with a last one for each watch, and the whole tree."""
        first = self.players[0]
        for player in self.players:
            for _, watched in player.watches:
                # Events of a connection keep their order: what is too many comes before this one.
                if not watched.path.startswith("@"):
                    self.ask(first, None, "write", watched.path, b"last")
            self.look(player)
        self.compare()
        self.world.check()

    def compare(self) -> None:
        """The whole tree, with permissions."""
        store = self.players[0].store

        def expected() -> list[tuple[str, bytes, tuple[str, ...], tuple[str, ...]]]:
            found = []
            for path in self.model.tree.below(self.top):
                entry = self.model.tree.entries[path]
                found.append((path, entry.value, tuple(sorted(entry.children)), _texts(entry.perms)))
            self.tally.trees.add(hash(tuple(sorted(found))))
            return sorted(found)

        def actual() -> list[tuple[str, bytes | None, tuple[str, ...], tuple[str, ...]]]:
            nodes = store.walk(self.top, permissions=True)
            return sorted(
                (
                    node.path,
                    node.value,
                    tuple(sorted(node.children)),
                    tuple(map(str, node.permissions or ())),
                )
                for node in nodes
            )

        self.same(self.players[0], "whole tree", expected, actual)


def _texts(perms: Permissions) -> tuple[str, ...]:
    return tuple(f"{letter}{domid}" for letter, domid in perms)


def _length(arg: Any) -> int:
    """Bytes in a message."""
    return len(arg) if isinstance(arg, bytes) else sum(len(text) + 1 for text in _texts(arg))


def _short(value: object) -> str:
    if isinstance(value, Refused):
        return errorcode.get(value.errno, str(value.errno))
    text = repr(value)
    return text if len(text) < 160 else f"{text[:100]}…{text[-50:]}"
