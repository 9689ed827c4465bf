"""The simulated xenstored against a small model of its own: random requests, by several clients.

The model keeps whole copies of trees where the simulator keeps generations and
touched nodes, so the two can hardly be wrong in the same way.
"""

from __future__ import annotations

import copy
import os
import random

import pytest
from storeraw import (
    DIRECTORY_PART,
    SOCKET,
    XENBUS,
    Answer,
    Client,
)

from xensys.sim import Machine

ROUNDS = int(os.environ.get("XENSYS_STORE_ROUNDS", "40"))
STEPS = 60

PATHS = ["/m", "/m/a", "/m/b", "/m/a/x", "/m/a/y", "/m/b/x", "/m/a/x/deep", "/m/c"]
PERMS = [["n0"], ["r0"], ["b0"], ["n0", "b1"], ["n0", "r1", "b2"], ["n1"], ["n1", "r2"], ["w2", "n1"]]


class Entry:
    def __init__(self, perms, value=b""):
        self.perms = perms
        self.value = value
        self.children = []
        self.stamp = object()  # a new one with every write

    def copied(self):
        # Copies share the stamp: it says which write this is of.
        return copy.copy(self)


def parent(path):
    return path.rpartition("/")[0] or "/"


class Model:
    """Everything from "/" down, as path → Entry."""

    def __init__(self):
        self.tree = {"/": Entry(["n0"])}
        self.put()

    def put(self):
        """An empty "/m", the one part of the tree that the game is about."""
        self.tree["/m"] = Entry(["n0"])
        self.tree["/"].children = ["m"]
        self.tree["/"].stamp = object()

    def may(self, who, path, tree):
        """The letters that `who` has at a node."""
        perms = tree[path].perms
        if who == 0 or int(perms[0][1:]) == who:
            return "rwo"
        letter = next((entry[0] for entry in perms[1:] if int(entry[1:]) == who), perms[0][0])
        return {"n": "", "r": "r", "w": "w", "b": "rw"}[letter]

    def check(self, who, path, tree, need):
        """As the daemon does: absence is told only to those who have the right above it."""
        if path in tree and set(need) <= set(self.may(who, path, tree)):
            return
        above = path
        while True:
            above = parent(above)
            if above in tree:
                break
        errno = "EACCES" if path in tree else "ENOENT"
        raise Answer(errno if set(need) & set(self.may(who, above, tree)) else "EACCES")


class Transaction:
    def __init__(self, model):
        self.model = model
        self.view = {}  # path → what it sees: Entry, or None for absent
        self.seen = {}  # path → stamp at first sight, or None

    def tree(self):
        return View(self)


class View:
    """A transaction's tree: its own copy of what it has touched, else the real thing."""

    def __init__(self, transaction):
        self.transaction = transaction

    def touch(self, path):
        transaction = self.transaction
        if path not in transaction.view:
            entry = transaction.model.tree.get(path)
            transaction.seen[path] = None if entry is None else entry.stamp
            own = None if entry is None else entry.copied()
            if own is not None:
                own.children = list(own.children)
            transaction.view[path] = own
        return transaction.view[path]

    def __contains__(self, path):
        return self.touch(path) is not None

    def __getitem__(self, path):
        return self.touch(path)

    def __setitem__(self, path, entry):
        self.touch(path)
        self.transaction.view[path] = entry

    def __delitem__(self, path):
        self.transaction.view[path] = None


class Player:
    """One simulated client, and what the model expects of it."""

    def __init__(self, model, client, who):
        self.model = model
        self.client = client
        self.who = who
        self.transactions = {}

    def expected(self, tx):
        if tx:
            return self.transactions[tx].tree()
        return self.model.tree

    # What the model says

    def read(self, tree, path):
        self.model.check(self.who, path, tree, "r")
        return tree[path].value

    def ls(self, tree, path):
        self.model.check(self.who, path, tree, "r")
        return list(tree[path].children)

    def perms(self, tree, path):
        self.model.check(self.who, path, tree, "r")
        return list(tree[path].perms)

    def make(self, tree, path):
        missing = [path]
        while parent(missing[-1]) not in tree:
            missing.append(parent(missing[-1]))
        for name in reversed(missing):
            above = tree[parent(name)]
            perms = list(above.perms)
            if self.who:
                perms[0] = f"{perms[0][0]}{self.who}"
            above.children = [*above.children, name.rpartition("/")[2]]
            above.stamp = object()
            tree[name] = Entry(perms)

    def write(self, tree, path, value):
        try:
            self.model.check(self.who, path, tree, "w")
        except Answer as answer:
            if answer.args[0] != "ENOENT":
                raise
            self.make(tree, path)
        tree[path].value = value
        tree[path].stamp = object()

    def mkdir(self, tree, path):
        try:
            self.model.check(self.who, path, tree, "w")
        except Answer as answer:
            if answer.args[0] != "ENOENT":
                raise
            self.make(tree, path)

    def rm(self, tree, path):
        try:
            self.model.check(self.who, path, tree, "w")
        except Answer as answer:
            if answer.args[0] != "ENOENT" or parent(path) not in tree:
                raise
            return
        above = tree[parent(path)]  # looked at first
        if above is None:
            raise Answer("EINVAL")
        self.cut(tree, path)
        name = path.rpartition("/")[2]
        if name not in above.children:
            raise Answer("EIO")
        above.children = list(above.children)
        above.children.remove(name)
        above.stamp = object()

    def cut(self, tree, path):
        entry = tree[path]
        while entry.children:
            child = f"{path}/{entry.children[0]}"
            # A transaction sees each node as of when it first looked at it: a
            # family need not fit together, and is bound to conflict.
            if child not in tree:
                raise Answer("EIO")
            self.cut(tree, child)
            entry.children = entry.children[1:]
            entry.stamp = object()
        del tree[path]

    def set_perms(self, tree, path, perms):
        self.model.check(self.who, path, tree, "wo")
        entry = tree[path]
        if self.who and int(perms[0][1:]) != int(entry.perms[0][1:]):
            raise Answer("EPERM")
        entry.perms = list(perms)
        entry.stamp = object()


class Game:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.machine = Machine()
        self.model = Model()
        kernels = [(self.machine.dom0, SOCKET, 0), (self.machine.dom0, XENBUS, 0)]
        kernels += [(self.machine.domains[domid].kernel(), XENBUS, domid) for domid in (1, 2)]
        self.players = [Player(self.model, Client(kernel, path), who) for kernel, path, who in kernels]
        self.machine.store.write("/m")
        self.log = []

    def step(self):
        choose = self.random.choice
        player = choose(self.players)
        tx = choose([0, 0, *player.transactions])
        path = choose(PATHS)
        name = choose(
            ["read", "ls", "perms", "write", "write", "mkdir", "rm", "set_perms", "start", "end", "end"]
        )
        if name == "start":
            if len(player.transactions) < 3:
                number = player.client.start()
                player.transactions[number] = Transaction(self.model)
                self.log.append((player.who, name, number))
            return
        if name == "end":
            if tx:
                self.end(player, tx)
            return
        args = {"write": (b"%d" % self.random.randrange(99),), "set_perms": (choose(PERMS),)}.get(name, ())
        tree = player.expected(tx)
        want = self.outcome(lambda: getattr(player, name)(tree, path, *args))
        sent = (*args[0],) if name == "set_perms" else args
        got = self.outcome(lambda: getattr(player.client, name)(path, *sent, tx=tx))
        self.log.append((player.who, name, path, args, tx, want))
        assert got == want, self.log[-12:]

    def end(self, player, tx):
        transaction = player.transactions.pop(tx)
        verdict = self.random.choice("TTTF")
        want = None
        if verdict == "T":
            tree = self.model.tree
            now = {path: tree[path].stamp if path in tree else None for path in transaction.seen}
            if now != transaction.seen:
                want = "EAGAIN"
            else:
                for path, entry in transaction.view.items():
                    if entry is None:
                        tree.pop(path, None)
                    elif entry.stamp is not transaction.seen[path]:
                        tree[path] = entry
        got = self.outcome(lambda: player.client.end(tx, verdict))
        self.log.append((player.who, "end", tx, verdict, want))
        assert got == want, self.log[-12:]

    @staticmethod
    def outcome(call):
        try:
            return call()
        except Answer as answer:
            return answer.args[0]

    def compare(self):
        client = self.players[0].client
        real = {}
        waiting = ["/m"]
        while waiting:
            path = waiting.pop()
            children = client.ls(path)
            real[path] = (client.read(path), children, client.perms(path))
            waiting += [f"{path}/{name}" for name in children]
            whole = client.ask(DIRECTORY_PART, path, "0").partition(b"\0")[2]
            assert whole == b"".join(name.encode() + b"\0" for name in children) + b"\0"
        model = {
            path: (entry.value, entry.children, entry.perms)
            for path, entry in self.model.tree.items()
            if path != "/"
        }
        assert real == model, self.log[-12:]
        self.machine.store.check()


def play(seeds):
    for seed in seeds:
        play_one(Game(seed))


def play_one(game):
    for turn in range(STEPS * 4):
        game.step()
        if turn % STEPS == 0:
            if "/m" not in game.model.tree:
                game.machine.store.write("/m")
                game.model.put()
            game.compare()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_requests(seed):
    play([seed])


def test_events_of_random_changes():
    """Whoever may read what changes, and watches it, is told once; order and relative paths included."""
    for seed in range(12):
        chance = random.Random(seed)
        machine = Machine()
        store = machine.store
        dom0, watcher = Client(machine.dom0), Client(machine.dom0)
        watched = {}
        for number in range(8):
            path = chance.choice(PATHS)
            token = f"t{number}"
            watched[token] = path
            watcher.watch(path, token)
        watcher.take()
        there = {path.decode() for path in store.nodes}
        for _ in range(60):
            path, removal = chance.choice(PATHS), chance.random() < 0.3
            if not removal:
                dom0.write(path, b"")
                want = [f"{path} {t}" for t, w in watched.items() if path == w or path.startswith(w + "/")]
            elif path in there:
                dom0.rm(path)
                gone = {node for node in there if node.startswith(path + "/")}
                below = sorted(f"{node} {t}" for node in gone for t, w in watched.items() if node == w)
                top = [f"{path} {t}" for t, w in watched.items() if path == w or path.startswith(w + "/")]
                got = watcher.take()
                assert sorted(got[: len(below)]) == below
                assert got[len(below) :] == top
                want = []
            else:
                continue
            assert watcher.take() == want
            there = {node.decode() for node in store.nodes}


def test_the_model_itself_notices(monkeypatch):
    """A planted error in the simulator must be found."""
    from xensys.sim.store import access

    real = access.Access.remove

    def forgetful(self, conn, name):
        real(self, conn, name)
        if conn is not None and conn.transaction is None and name != b"/m":
            self._store.nodes[b"/m"].data = b"oops"

    monkeypatch.setattr(access.Access, "remove", forgetful)
    with pytest.raises((AssertionError, KeyError)):
        play(range(5))
