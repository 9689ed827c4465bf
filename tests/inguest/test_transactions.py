"""A guest's transactions, against dom0's changes and its own."""

from __future__ import annotations

import errno

import pytest

from tests.inguest.refusals import Raw, Threads, refused
from xensys.errors import TransactionConflictError

READ, END = 2, 7


def test_a_transaction_is_seen_by_nobody_until_its_end(world, store, other, dom0, place):
    store.write(f"{place}/old", b"1")
    path = f"{world.home}/{place}"
    with store.transaction() as t:
        t.write(f"{place}/old", b"2")
        t.write(f"{place}/new", b"3")
        assert dom0.read(f"{path}/old") == b"1"
        assert not dom0.exists(f"{path}/new")
        assert other.directory(place) == ("old",)
    assert dom0.read(f"{path}/old") == b"2"
    assert other.read(f"{place}/new") == b"3"


@pytest.mark.parametrize("how", ["abort", "exception", "close"])
def test_an_undone_transaction_leaves_nothing(world, store, other, place, how):
    store.write(place, b"1")
    t = store.transaction()
    if how == "abort":
        t.write(place, b"2")
        t.abort()
    elif how == "close":
        t.write(place, b"2")
        store.close()
    else:

        def fail():
            with t:
                t.write(place, b"2")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
    assert other.read_tree(place) == {place: b"1"}
    with other.transaction() as again:
        again.write(place, b"3")
    assert other.read(place) == b"3"


CONFLICTS = {
    "both-write": (lambda t, p: t.write(f"{p}/a", b"t"), lambda d, p: d.write(f"{p}/a", b"o")),
    "it-read": (lambda t, p: t.read(f"{p}/a"), lambda d, p: d.write(f"{p}/a", b"o")),
    "it-read-what-was-removed": (lambda t, p: t.read(f"{p}/a"), lambda d, p: d.rm(f"{p}/a")),
    "it-found-nothing": (lambda t, p: t.exists(f"{p}/none"), lambda d, p: d.write(f"{p}/none", b"")),
    "it-listed": (lambda t, p: t.directory(p), lambda d, p: d.write(f"{p}/none", b"")),
    "permissions": (lambda t, p: t.read(f"{p}/a"), lambda d, p: d.set_permissions(f"{p}/a", ["r0"])),
}


@pytest.mark.parametrize("case", sorted(CONFLICTS))
def test_dom0s_change_is_a_conflict(world, store, dom0, place, case):
    inside, outside = CONFLICTS[case]
    store.write(f"{place}/a", b"0")
    t = store.transaction()
    inside(t, place)
    t.write(f"{place}/mine", b"")
    outside(dom0, f"{world.home}/{place}")
    with refused(errno.EAGAIN, TransactionConflictError):
        t.commit()
    assert t.ended
    assert not store.exists(f"{place}/mine")


def test_what_dom0_does_elsewhere_is_none(world, store, dom0, place):
    store.write(f"{place}/a/b", b"0")
    with store.transaction() as t:
        assert t.read(f"{place}/a/b") == b"0"
        dom0.write(f"{world.home}/{place}/c", b"")
        assert dom0.read(f"{world.home}/{place}/a/b") == b"0"
    assert t.ended
    assert not t.conflicted


def test_two_openings_of_the_device_conflict(store, other, place):
    store.write(place, b"0")
    first, second = store.transaction(), other.transaction()
    first.write(place, b"1")
    second.write(place, b"2")
    second.commit()
    with refused(errno.EAGAIN, TransactionConflictError):
        first.commit()
    assert store.read(place) == b"2"


def test_a_transaction_belongs_to_its_opening(world, store):
    # Linux looks; to the daemon both are the same connection.
    with store.transaction() as t, Raw(world) as stranger:
        assert stranger.ask(READ, b"domid\0", tx=t.id) == "ENOENT"
        assert stranger.ask(END, b"F\0", tx=t.id) == "ENOENT"
        assert t.exists("domid")


def test_attempts_go_on_until_one_succeeds(world, store, dom0, place):
    store.write(place, b"0")
    seen = []
    for t in store.attempts():
        with t:
            seen.append(t.read(place))
            if len(seen) < 3:
                dom0.write(f"{world.home}/{place}", f"{len(seen)}".encode())
            t.write(place, b"done")
    assert seen == [b"0", b"1", b"2"]
    assert dom0.read(f"{world.home}/{place}") == b"done"


@pytest.mark.parametrize("shared", [True, False], ids=["one-opening", "each-its-own"])
def test_threads_that_count_lose_nothing(world, store, place, shared):
    each, many = 5, 4
    stores = [store if shared else world.store() for _ in range(many)]
    store.write(place, b"0")

    def count(mine):
        for _ in range(each):
            mine.in_transaction(lambda t: t.write(place, str(int(t.read(place)) + 1)), count=200)

    threads = Threads()
    for mine in stores:
        threads.start(count, mine)
    threads.finish()
    assert store.read(place) == f"{each * many}".encode()


def test_there_are_some_ten_at_a_time(store, other):
    begun = []
    try:
        with refused(errno.ENOSPC):
            for _ in range(20):
                begun.append(store.transaction())
        assert 10 <= len(begun) <= 11
        # Of all openings together: to the daemon a guest is one connection.
        with refused(errno.ENOSPC):
            other.transaction()
    finally:
        for t in begun:
            t.abort()
    other.transaction().abort()


def test_a_transaction_has_1024_nodes(store, place):
    store.mkdir(place)
    t = store.transaction()
    asked = 0
    with refused(errno.ENOSPC):
        for asked in range(1100):
            t.exists(f"{place}/{asked}")
    assert 1000 < asked <= 1025
    t.abort()
    assert store.directory(place) == ()
