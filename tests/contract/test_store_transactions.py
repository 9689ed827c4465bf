"""XenStore: transactions."""

from __future__ import annotations

import errno

import pytest

from tests.contract.storekit import DIRECTORY, END, READ, START, WRITE, Raw, Threads, refused
from xensys.errors import (
    TransactionConflictError,
)
from xensys.store import Permission

# Transactions


def test_a_transaction_is_seen_by_nobody_until_its_end(store, other, place):
    store.write(f"{place}/old", b"1")
    store.write(f"{place}/gone", b"")
    with store.transaction() as t:
        t.write(f"{place}/old", b"2")
        t.write(f"{place}/new", b"3")
        t.rm(f"{place}/gone")
        t.set_permissions(f"{place}/old", ["r0"])
        assert t.read_tree(place) == {place: b"", f"{place}/old": b"2", f"{place}/new": b"3"}
        for outside in (store, other):
            assert outside.read_tree(place) == {place: b"", f"{place}/old": b"1", f"{place}/gone": b""}
            assert outside.get_permissions(f"{place}/old") == (Permission(0),)
    assert other.read_tree(place) == {place: b"", f"{place}/old": b"2", f"{place}/new": b"3"}
    assert other.get_permissions(f"{place}/old") == (Permission(0, read=True),)


@pytest.mark.parametrize("how", ["abort", "exception"])
def test_an_undone_transaction_leaves_nothing(store, other, place, how):
    store.write(place, b"1")
    t = store.transaction()
    if how == "abort":
        t.write(place, b"2")
        t.write(f"{place}/new", b"")
        t.abort()
    else:

        def fail():
            with t:
                t.write(place, b"2")
                t.write(f"{place}/new", b"")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
    assert t.ended
    assert other.read_tree(place) == {place: b"1"}


def test_a_transaction_sees_the_moment_at_which_it_first_looked(store, other, place):
    store.write(f"{place}/a", b"1")
    t = store.transaction()
    assert t.read(f"{place}/a") == b"1"
    other.write(f"{place}/a", b"2")
    assert t.read(f"{place}/a") == b"1"
    assert store.read(f"{place}/a") == b"2"
    t.abort()


CONFLICTS = {
    "both-write": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/a", b"o")),
    "it-read": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.write(f"{p}/a", b"o")),
    "same-value": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.write(f"{p}/a", o.read(f"{p}/a"))),
    "it-read-what-was-removed": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.rm(f"{p}/a")),
    "it-found-nothing": (lambda t, p: t.exists(f"{p}/none"), lambda o, p: o.write(f"{p}/none", b"")),
    "it-listed": (lambda t, p: t.directory(p), lambda o, p: o.mkdir(f"{p}/none")),
    "both-make-children": (lambda t, p: t.mkdir(f"{p}/x"), lambda o, p: o.mkdir(f"{p}/y")),
    "it-removed-above": (lambda t, p: t.rm(f"{p}/a"), lambda o, p: o.write(f"{p}/a/c", b"o")),
    "permissions": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.set_permissions(f"{p}/a", ["r0"])),
}


@pytest.mark.parametrize("case", sorted(CONFLICTS))
def test_a_transaction_conflicts_with_what_others_do(store, other, place, case, daemon):
    inside, outside = CONFLICTS[case]
    store.write(f"{place}/a/b", b"")
    store.write(f"{place}/a", b"0")
    t = store.transaction()
    inside(t, place)
    t.write(f"{place}/a/b", b"t")
    outside(other, place)
    after = other.read_tree(place)
    if case not in daemon.says("conflicts"):
        t.commit()
        assert not t.conflicted
        assert other.read(f"{place}/a/b") == b"t"
        return
    with refused(errno.EAGAIN, TransactionConflictError):
        t.commit()
    assert t.ended
    assert t.conflicted
    assert other.read_tree(place) == after
    with pytest.raises(ValueError, match="ended"):
        t.read(place)


HARMONIES = {
    "others-read": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.read(f"{p}/a")),
    "elsewhere": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/b", b"o")),
    "below": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/a/c", b"o")),
    "above": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(p, b"o")),
    "mkdir-of-what-is-there": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.mkdir(f"{p}/a")),
}


@pytest.mark.parametrize("case", sorted(HARMONIES))
def test_a_transaction_does_not_conflict_with_what_is_not_its_own(store, other, place, case):
    inside, outside = HARMONIES[case]
    for path in ("a", "a/c", "b"):
        store.write(f"{place}/{path}", b"0")
    with store.transaction() as t:
        inside(t, place)
        outside(other, place)
    assert t.ended
    assert not t.conflicted


def test_a_transaction_conflicts_across_the_two_ways(world, place):
    for mine, others in (("socket", "device"), ("device", "socket")):
        store, other = world.store(mine), world.store(others)
        store.write(place, b"0")
        t = store.transaction()
        assert t.read(place) == b"0"
        t.write(place, b"1")
        other.write(place, b"2")
        with refused(errno.EAGAIN, TransactionConflictError):
            t.commit()
        assert store.read(place) == b"2"


def test_of_two_transactions_the_first_to_end_wins(store, other, place):
    store.write(place, b"0")
    first, second = store.transaction(), other.transaction()
    for t in (first, second):
        assert t.read(place) == b"0"
    first.write(place, b"1")
    second.write(place, b"2")
    second.commit()
    with refused(errno.EAGAIN, TransactionConflictError):
        first.commit()
    assert store.read(place) == b"2"


def test_many_transactions_of_one_connection(store, place):
    store.write(place, b"")
    begun = [store.transaction() for _ in range(30)]
    assert len({t.id for t in begun}) == 30
    for number, t in enumerate(begun):
        assert t.read(place) == b""
        t.write(place, f"{number}")
    assert [t.read(place) for t in begun] == [f"{number}".encode() for number in range(30)]
    begun[17].commit()
    for t in (*begun[:17], *begun[18:]):
        with refused(errno.EAGAIN, TransactionConflictError):
            t.commit()
    assert store.read(place) == b"17"


def test_attempts_go_on_until_one_succeeds(store, other, place):
    store.write(place, b"0")
    seen = []
    for t in store.attempts():
        with t:
            seen.append(t.read(place))
            if len(seen) < 3:
                other.write(place, f"{len(seen)}")
            t.write(place, b"done")
    assert seen == [b"0", b"1", b"2"]
    assert other.read(place) == b"done"


def test_attempts_give_up_in_the_end(store, other, place):
    count = iter(range(10))

    def touch(t):
        t.read(place)
        t.write(place, b"mine")
        other.write(place, f"theirs {next(count)}")

    store.write(place, b"")
    with refused(errno.EAGAIN, TransactionConflictError):
        store.in_transaction(touch, count=3)
    assert store.read(place) == b"theirs 2"


@pytest.mark.parametrize("shared", [True, False], ids=["one-connection", "each-its-own"])
def test_threads_that_count_lose_nothing(world, way, place, shared):
    each, many = 5, 4
    first = world.store(way)
    stores = [first if shared else world.store(way) for _ in range(many)]
    first.write(place, b"0")

    def count(store):
        for _ in range(each):
            store.in_transaction(lambda t: t.write(place, str(int(t.read(place)) + 1)), count=200)

    threads = Threads()
    for store in stores:
        threads.start(count, store)
    threads.finish()
    assert first.read(place) == f"{each * many}".encode()


def test_an_open_transaction_ends_with_its_connection(world, way, other, place):
    store = world.store(way)
    other.write(place, b"1")
    t = store.transaction()
    t.write(place, b"2")
    store.close()
    assert other.read(place) == b"1"
    with other.transaction() as again:
        again.write(place, b"3")
    assert other.read(place) == b"3"
    with pytest.raises(ValueError, match="closed"):
        t.commit()


def test_raw_a_transaction_that_is_none(raw, way, place, daemon):
    path = place.encode() + b"\0"
    # Linux knows its own.
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    for kind, payload in (
        (READ, path),
        (WRITE, path + b"v"),
        (DIRECTORY, path),
        (END, b"T\0"),
        (END, b"F\0"),
    ):
        assert raw.ask(kind, payload, tx=0x7777_7777) == unknown


def test_raw_the_end_of_a_transaction_says_T_or_F(raw, store, way, place, daemon):
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    assert raw.ask(WRITE, place.encode() + b"\0v", tx=tx) == b"OK\0"
    for verdict in (b"X\0", b"TT\0", b"\0", b""):
        assert raw.ask(END, verdict, tx=tx) == "EINVAL"
    # It is still there. Linux lets no other than the two pass.
    if way == "socket" and daemon.says("a-T-without-its-NUL") == "OK":
        assert raw.ask(END, b"T", tx=tx) == b"OK\0"
    else:
        assert raw.ask(END, b"T", tx=tx) == "EINVAL"
        assert raw.ask(END, b"T\0", tx=tx) == b"OK\0"
    assert store.read(place) == b"v"
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    assert raw.ask(END, b"T\0", tx=tx) == unknown


def test_raw_a_transaction_belongs_to_its_connection(world, way, raw, place, daemon):
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    with Raw(world, way) as stranger:
        assert stranger.ask(END, b"F\0", tx=tx) == unknown
    assert raw.ask(END, b"F\0", tx=tx) == b"OK\0"


def test_raw_a_transaction_within_a_transaction(raw):
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    assert raw.ask(START, b"\0", tx=tx) == "EBUSY"
    assert raw.ask(END, b"F\0", tx=tx) == b"OK\0"
