"""XenStore: waiting, threads, and use after close."""

from __future__ import annotations

import gc
import os
import threading

import pytest

import xensys
from tests.contract.storekit import Threads
from tests.contract.worlds import PATIENCE, WAYS
from xensys.errors import (
    NodeNotFoundError,
    StoreConnectionError,
    StoreTimeoutError,
)

# Waiting


def test_wait_for_what_is_there(store, place):
    store.write(place, b"x")
    assert store.wait_for(place, timeout=PATIENCE) == b"x"
    assert store.wait_for(place, lambda value: value == b"x", timeout=PATIENCE) == b"x"


def test_wait_for_what_comes_and_goes(store, other, place):
    threads = Threads()
    step = threading.Event()

    def act():
        assert step.wait(PATIENCE)
        for value in (b"1", b"2", b"3"):
            other.write(f"{place}/a", value)
        assert other.wait_for(f"{place}/seen", timeout=PATIENCE) == b""
        other.rm(f"{place}/a")

    threads.start(act)
    asked = []

    def third(value):
        asked.append(value)
        step.set()
        return value == b"3"

    assert store.wait_for(f"{place}/a", third, timeout=PATIENCE) == b"3"
    assert asked[0] is None
    store.mkdir(f"{place}/seen")
    assert store.wait_for(f"{place}/a", lambda value: value is None, timeout=PATIENCE) is None
    threads.finish()


def test_wait_for_is_over_in_time(store, place):
    with pytest.raises(StoreTimeoutError):
        store.wait_for(place, timeout=0.3)
    store.write(place, b"x")
    with pytest.raises(StoreTimeoutError):
        store.wait_for(place, lambda value: value == b"y", timeout=0.3)
    # Nothing of it is left.
    assert store.read(place) == b"x"


def test_wait_for_a_whole_removed_tree(store, other, place):
    store.write(f"{place}/a/b", b"x")
    threads = Threads()
    threads.start(store.wait_for, f"{place}/a/b", lambda value: value is None, timeout=PATIENCE)
    other.rm(f"{place}/a")
    assert threads.finish() == [None]


# Threads


def test_many_threads_use_one_connection(store, place):
    def work(number):
        mine = f"{place}/{number}"
        for turn in range(25):
            value = f"{number}.{turn}".encode() * (number + 1)
            store.write(f"{mine}/value", value)
            assert store.read(f"{mine}/value") == value
            assert store.directory(mine) == ("value",)
            with pytest.raises(NodeNotFoundError) as caught:
                store.read(f"{mine}/none-{turn}")
            assert caught.value.path == f"{mine}/none-{turn}"
        with store.transaction() as t:
            t.write(f"{mine}/value", b"done")
        return number

    threads = Threads()
    # Together in the same directory, before: or making it would be a conflict.
    for number in range(8):
        store.mkdir(f"{place}/{number}")
        threads.start(work, number)
    assert sorted(threads.finish()) == list(range(8))
    assert {store.read(f"{place}/{number}/value") for number in range(8)} == {b"done"}


def test_threads_wait_while_others_work(store, place):
    threads = Threads()
    for number in range(8):
        threads.start(store.wait_for, f"{place}/{number}", bool, timeout=PATIENCE)
    for number in range(8):
        for _ in range(5):
            store.write(f"{place}/other", b"")
        store.write(f"{place}/{number}", f"{number}")
    assert sorted(threads.finish()) == [f"{number}".encode() for number in range(8)]


# Use after close


def test_after_close_every_verb_is_a_ValueError(world, store, place):
    t = store.transaction()
    watch = store.watch(place)
    store.close()
    store.close()
    assert store.closed
    assert not store.connected
    for call in (
        lambda: store.read(place),
        lambda: store.write(place, b""),
        lambda: store.mkdir(place),
        lambda: store.rm(place),
        lambda: store.exists(place),
        lambda: store.directory(place),
        lambda: store.get_permissions(place),
        lambda: store.set_permissions(place, ["n0"]),
        lambda: list(store.walk(place)),
        lambda: store.write_tree({place: b""}),
        lambda: store.transaction(),
        lambda: store.watch(place),
        lambda: store.wait_for(place),
        lambda: store.is_introduced(0),
        lambda: store.control("help"),
        lambda: store.fileno(),
        lambda: store.dispatch(),
        lambda: store.reconnect(),
        lambda: t.read(place),
        lambda: t.commit(),
        lambda: watch.get(0),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    watch.close()


def test_close_ends_the_calls_of_other_threads(world, way, place):
    store = world.store(way)
    started = threading.Barrier(5)

    def wait(number):
        with store.watch(f"{place}/{number}") as watch:
            watch.get(PATIENCE)
            started.wait(PATIENCE)
            watch.get()

    failures = []

    def fails(number):
        try:
            wait(number)
        except (StoreConnectionError, ValueError) as error:
            failures.append(type(error))

    threads = Threads()
    for number in range(4):
        threads.start(fails, number)
    started.wait(PATIENCE)
    store.close()
    threads.finish()
    assert len(failures) == 4


def test_close_leaves_no_descriptor(world, way, place):
    def descriptors():
        gc.collect()  # of tests that failed before
        return len(os.listdir("/proc/self/fd"))

    world.store(way).close()
    before = descriptors()
    for _ in range(3):
        store = world.store(way)
        store.fileno()
        kept = store.watch(place), store.transaction()
        store.close()
        del kept
    assert descriptors() == before


def test_of_a_xen(world, place):
    with xensys.open(kernel=world.kernel) as xen:
        xen.store.write(place, b"x")
        assert xen.store.read(place) == b"x"
        assert xen.store.path == WAYS["socket"]
