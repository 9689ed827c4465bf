"""A guest's watches. That nothing came is seen from a later event: those of a guest keep their order."""

from __future__ import annotations

import errno
from contextlib import ExitStack

import pytest

from tests.inguest.dom0 import PATIENCE
from tests.inguest.refusals import Threads, refused
from xensys.errors import StoreTimeoutError
from xensys.store import Event


def until(watch, last):
    """Where the next events are, up to this one, which is left out."""
    found = []
    while (event := watch.get(PATIENCE)).path != last:
        found.append(event.path)
    return found


def test_the_first_event_comes_at_once(world, store, place):
    for path in (place, f"{place}/none", f"{world.home}/{place}", "/none-such", "/tool"):
        with store.watch(path) as watch:
            assert watch.get(PATIENCE) == Event(path, watched=path)


def test_of_ones_own_changes_and_dom0s(world, store, other, dom0, place):
    store.mkdir(place)
    full = f"{world.home}/{place}"
    with store.watch(place) as relative, other.watch(full) as absolute:
        until(relative, place)
        until(absolute, full)
        store.write(f"{place}/a", b"")
        dom0.write(f"{full}/b/c", b"")
        dom0.set_permissions(f"{full}/b", [f"n{world.domid}"])
        dom0.rm(f"{full}/b")
        for path in ("a", "b/c", "b", "b"):
            # As the watch was given, so are its events.
            assert relative.get(PATIENCE) == Event(f"{place}/{path}", watched=place)
            assert absolute.get(PATIENCE) == Event(f"{full}/{path}", watched=full)


def test_of_what_may_not_be_read_nothing_is_told(store, dom0, theirs):
    with store.watch(theirs) as watch:
        assert watch.get(PATIENCE).path == theirs
        dom0.write(f"{theirs}/secret", b"1")
        dom0.write(theirs, b"")
        dom0.write(f"{theirs}/open", b"")
        # Whoever may read it afterwards is told.
        dom0.set_permissions(f"{theirs}/open", ["r0"])
        assert watch.get(PATIENCE).path == f"{theirs}/open"
        dom0.write(f"{theirs}/secret", b"2")
        dom0.write(f"{theirs}/open", b"1")
        assert watch.get(PATIENCE).path == f"{theirs}/open"
        # And who might before.
        dom0.set_permissions(f"{theirs}/open", ["n0"])
        assert watch.get(PATIENCE).path == f"{theirs}/open"
        dom0.write(f"{theirs}/open", b"2")
        dom0.set_permissions(theirs, ["r0"])
        assert watch.get(PATIENCE).path == theirs


def test_events_of_a_transaction_come_when_it_succeeds(store, other, place):
    store.mkdir(place)
    with other.watch(place) as watch:
        until(watch, place)
        with store.transaction() as t:
            t.write(f"{place}/a", b"")
            t.write(f"{place}/b", b"")
            with pytest.raises(StoreTimeoutError):
                watch.get(0.2)
        assert {watch.get(PATIENCE).path for _ in range(2)} == {f"{place}/a", f"{place}/b"}
        t = store.transaction()
        t.write(f"{place}/c", b"")
        t.abort()
        store.write(f"{place}/last", b"")
        assert until(watch, f"{place}/last") == []


def test_special_watches_tell_those_who_may_know(world, store, dom0, place):
    store.mkdir(place)
    names = ("@introduceDomain", "@releaseDomain")
    stack = ExitStack()
    arrived, gone, marks = (stack.enter_context(store.watch(path)) for path in (*names, f"{place}/mark"))
    for watch, name in ((arrived, names[0]), (gone, names[1]), (marks, f"{place}/mark")):
        # It may be set by anybody, with its first event.
        assert watch.get(PATIENCE).path == name

    def restore():
        # As the daemon begins; 4.17 tells nobody what they are.
        for name in names:
            dom0.set_permissions(name, ["n0"])

    def live_and_die():
        dom0.destroy_domain(dom0.create_domain())
        dom0.write(f"{world.home}/{place}/mark", b"")
        marks.get(PATIENCE)

    with stack:
        live_and_die()
        for watch in (arrived, gone):
            with pytest.raises(StoreTimeoutError):
                watch.get(0)
        stack.callback(restore)
        for name in names:
            dom0.set_permissions(name, ["n0", f"r{world.domid}"])
        # To be let in is a change, too, or is none: only what follows counts.
        dom0.write(f"{world.home}/{place}/mark", b"")
        marks.get(PATIENCE)
        for watch in (arrived, gone):
            while True:
                try:
                    watch.get(0)
                except StoreTimeoutError:
                    break
        live_and_die()
        assert arrived.get(PATIENCE).path == names[0]
        assert gone.get(PATIENCE).path == names[1]


def test_there_are_128(store, other):
    watches = []
    try:
        with refused(errno.E2BIG):
            for number in range(200):
                watches.append(store.watch(f"data/{number}"))
        # Linux's drivers have some of them.
        assert 100 < len(watches) <= 129
        # For all openings together; and all else goes on.
        with refused(errno.E2BIG):
            other.watch("data/more")
        assert store.exists("domid")
        watches.pop().close()
        with other.watch("data/more") as watch:
            assert watch.get(PATIENCE).path == "data/more"
    finally:
        for watch in watches:
            watch.close()


def test_closed_watches_are_silent(store, place):
    store.mkdir(place)
    watch = store.watch(place)
    with store.watch(place) as kept:
        until(kept, place)
        watch.close()
        store.write(f"{place}/a", b"")
        assert kept.get(PATIENCE).path == f"{place}/a"
    with pytest.raises(ValueError, match="closed"):
        watch.get(0)


def test_wait_for(world, store, dom0, place):
    threads = Threads()
    threads.start(store.wait_for, f"{place}/a", lambda value: value == b"3", timeout=PATIENCE)
    for value in (b"1", b"2", b"3"):
        dom0.write(f"{world.home}/{place}/a", value)
    assert threads.finish() == [b"3"]
    threads = Threads()
    threads.start(store.wait_for, f"{place}/a", lambda value: value is None, timeout=PATIENCE)
    dom0.rm(f"{world.home}/{place}")
    assert threads.finish() == [None]
    with pytest.raises(StoreTimeoutError):
        store.wait_for(f"{place}/none", timeout=0.3)
    assert not store.exists(f"{place}/none")


def test_threads_wait_while_others_work(world, store, dom0, place):
    threads = Threads()
    for number in range(6):
        threads.start(store.wait_for, f"{place}/{number}", bool, timeout=PATIENCE)
    for number in range(6):
        store.write(f"{place}/other", b"")
        dom0.write(f"{world.home}/{place}/{number}", f"{number}".encode())
    assert sorted(threads.finish()) == [f"{number}".encode() for number in range(6)]
