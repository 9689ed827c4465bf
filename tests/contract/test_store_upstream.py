"""What Xen's own test of XenStore claims (tools/tests/xenstore), claimed by us.

One test of ours for each of theirs. Theirs does "rm dir" with a single child,
for its loop ends after the first write that succeeds; ours makes all ten.
"""

from __future__ import annotations

import os
import random

import pytest

from xensys.errors import TransactionConflictError

CHILDREN = "abcdefghij"
#: How often a transaction is begun anew before the test gives up.
LOOPS = 100


def content(child, size):
    """A child's data: its letter, over and over."""
    return child.encode() * size


@pytest.fixture
def base(store):
    """A relative path, as theirs: beneath /local/domain/0."""
    top = "contract-upstream"
    path = f"{top}/{os.getpid()}"
    store.write(path, b"")
    yield path
    store.rm(path)
    for t in store.attempts():
        with t:
            if not t.directory(top):
                t.rm(top)


def read(store, base, size):
    store.write(f"{base}/a", content("a", size))
    assert store.read(f"{base}/a") == content("a", size)


def write(store, base, size):
    for _ in range(2):  # of a new node, and of an old one
        store.write(f"{base}/a", content("a", size))
        assert store.read(f"{base}/a") == content("a", size)


def directory(store, base, _):
    for child in CHILDREN:
        store.write(f"{base}/{child}", content(child, 1))
    found = store.directory(base)
    assert len(found) == len(CHILDREN)
    assert set(found) == set(CHILDREN)


def remove(store, base, children):
    for child in CHILDREN[:children]:
        store.write(f"{base}/{child}", content(child, 1))
    store.rm(base)
    assert not store.exists(base)
    assert not any(store.exists(f"{base}/{child}") for child in CHILDREN)


def ended(t, commit):
    """Whether the transaction could be ended so."""
    if not commit:
        t.abort()
        return True
    try:
        t.commit()
    except TransactionConflictError:
        return False
    return True


def empty_transaction(store, base, commit):
    assert any(ended(store.transaction(), commit) for _ in range(LOOPS))


def read_modify_write(store, base, commit):
    path = f"{base}/a"
    store.write(path, b"a")

    def attempt():
        t = store.transaction()
        assert t.read(path) == b"a"
        t.write(path, b"b")
        assert t.read(path) == b"b"
        assert store.read(path) == b"a"
        return ended(t, commit)

    assert any(attempt() for _ in range(LOOPS))
    assert store.read(path) == (b"b" if commit else b"a")


def conflict(store, base, _):
    path = f"{base}/a"
    store.write(path, b"a")
    t = store.transaction()
    assert t.read(path) == b"a"
    store.write(path, b"b")
    assert t.read(path) == b"a"
    t.write(path, b"c")
    assert t.read(path) == b"c"
    with pytest.raises(TransactionConflictError):
        t.commit()
    assert store.read(path) == b"b"


#: Theirs by name → ours, and its parameter.
TESTS = {
    "read 1": (read, 1),
    "read 2000": (read, 2000),
    "write 1": (write, 1),
    "write 2000": (write, 2000),
    "dir": (directory, None),
    "rm node": (remove, 0),
    "rm dir": (remove, len(CHILDREN)),
    "ta empty": (empty_transaction, True),
    "ta empty x": (empty_transaction, False),
    "ta rmw": (read_modify_write, True),
    "ta rmw x": (read_modify_write, False),
    "ta err": (conflict, None),
}


def run(store, base, name):
    """As theirs begins each: the base is there, and empty."""
    call, parameter = TESTS[name]
    store.rm(base)
    store.write(base, b"")
    call(store, base, parameter)


@pytest.mark.parametrize("name", TESTS, ids=lambda name: name.replace(" ", "-"))
def test_one(store, base, name):
    run(store, base, name)


def test_each_several_times(store, base):
    for name in TESTS:
        for _ in range(3):
            run(store, base, name)


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order(store, base, seed):
    for name in random.Random(seed).choices(list(TESTS), k=60):
        run(store, base, name)
