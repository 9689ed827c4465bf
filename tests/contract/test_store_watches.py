"""XenStore's watches, over the socket and over the device.

Through the device two threads of the kernel hand on replies and events: an
event may come after the reply to a request that was made after its cause.
That nothing came is seen from the event of a later change, for events of one
connection keep their order.
"""

from __future__ import annotations

import secrets
import select
import threading
import time
from contextlib import suppress

import pytest

from tests.contract.worlds import PATIENCE
from xensys.errors import StoreConnectionError, StoreTimeoutError, TransactionConflictError
from xensys.store import Event


def paths(watch, count):
    """Where the next events are."""
    return [watch.get(PATIENCE).path for _ in range(count)]


def until(watch, last):
    """Where the next events are, up to this one, which is left out."""
    found = []
    while (event := watch.get(PATIENCE)).path != last:
        found.append(event.path)
    return found


@pytest.fixture
def watching(store, place):
    """A watch of the place; its first event has been taken."""
    store.mkdir(place)
    with store.watch(place) as watch:
        assert paths(watch, 1) == [place]
        yield watch


def test_the_first_event_comes_at_once(store, place):
    store.write(f"{place}/there", b"")
    for path in (f"{place}/there", f"{place}/none", f"{place}/none/none", place):
        with store.watch(path) as watch:
            assert watch.get(PATIENCE) == Event(path, watched=path)


def test_an_event_of_the_node_and_of_all_beneath(store, other, watching, place):
    for path in (place, f"{place}/a", f"{place}/a/b", f"{place}/a/b/c/d/e", f"{place}/a"):
        other.write(path, b"x")
        assert watching.get(PATIENCE) == Event(path, watched=place)


def test_no_event_of_what_is_elsewhere(store, other, place):
    with store.watch(f"{place}/a") as watch:
        assert paths(watch, 1) == [f"{place}/a"]
        # Beside it, above it, and with a name that begins as its own.
        for path in (f"{place}/b", place, f"{place}/ab", f"{place}/ab/c"):
            other.write(path, b"x")
        other.write(f"{place}/a/last", b"")
        assert until(watch, f"{place}/a/last") == []


def test_one_hears_of_ones_own_changes(store, watching, place):
    store.write(f"{place}/a", b"")
    assert paths(watching, 1) == [f"{place}/a"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("same value", ["/a"]),
        ("mkdir", ["/new"]),
        ("mkdir of what is there", []),
        ("rm", ["/a"]),
        ("rm of nothing", []),
        ("permissions", ["/a"]),
        ("parents that are made", ["/x/y/z"]),
        ("read", []),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_is_a_change(store, other, watching, place, change, expected):
    other.write(f"{place}/a/b", b"1")
    other.write(f"{place}/mark", b"")
    until(watching, f"{place}/mark")
    match change:
        case "same value":
            other.write(f"{place}/a", b"")
        case "mkdir":
            other.mkdir(f"{place}/new")
        case "mkdir of what is there":
            other.mkdir(f"{place}/a")
        case "rm":
            # With what is beneath, of which only those hear who watch it.
            other.rm(f"{place}/a")
        case "rm of nothing":
            other.rm(f"{place}/none")
        case "permissions":
            other.set_permissions(f"{place}/a", ["r0"])
        case "parents that are made":
            other.write(f"{place}/x/y/z", b"")
        case "read":
            other.read_tree(place)
    other.write(f"{place}/last", b"")
    assert until(watching, f"{place}/last") == [place + path for path in expected]


def test_the_removal_of_a_parent_is_an_event_of_the_node(store, other, place, daemon):
    other.write(f"{place}/a/b/c", b"")
    with store.watch(f"{place}/a/b") as watch, store.watch(f"{place}/a/none") as none:
        assert paths(watch, 1) == [f"{place}/a/b"]
        assert paths(none, 1) == [f"{place}/a/none"]
        other.rm(f"{place}/a")
        assert paths(watch, 1) == [f"{place}/a/b"]
        # And no event of what was not there before.
        if daemon.says("a-removal-tells-of-absent-children"):
            assert paths(none, 1) == [f"{place}/a/none"]
        other.write(f"{place}/a/none", b"")
        assert paths(none, 1) == [f"{place}/a/none"]
        other.write(f"{place}/a/none/last", b"")
        assert until(none, f"{place}/a/none/last") == []


def test_the_removal_of_a_tree_tells_each_watch_of_its_own_node(store, other, place):
    tree = [f"{place}/a", f"{place}/a/b", f"{place}/a/b/c"]
    other.write(tree[-1], b"")
    watches = [store.watch(path) for path in tree]
    for watch, path in zip(watches, tree, strict=True):
        assert paths(watch, 1) == [path]
    other.rm(tree[0])
    for watch, path in zip(watches, tree, strict=True):
        assert paths(watch, 1) == [path]
    other.write(f"{tree[-1]}/last", b"")
    for watch in watches:
        assert until(watch, f"{tree[-1]}/last") == []
        watch.close()


def test_events_come_in_the_order_of_the_changes(store, other, watching, place):
    written = [f"{place}/{number:03}-{secrets.token_hex(4)}" for number in range(300)]
    for path in written:
        other.write(path, b"")
    assert paths(watching, len(written)) == written


def test_events_of_changes_by_many_keep_the_order_of_each(world, way, watching, place):
    def write(number):
        mine = world.store(way)
        for turn in range(50):
            mine.write(f"{place}/{number}-{turn}", b"")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    found = paths(watching, 150)
    for thread in threads:
        thread.join(PATIENCE)
    for number in range(3):
        assert [path for path in found if path.startswith(f"{place}/{number}-")] == [
            f"{place}/{number}-{turn}" for turn in range(50)
        ]


def test_a_value_is_there_when_its_event_comes(store, other, watching, place):
    for number in range(50):
        other.write(f"{place}/{number}", f"{number}")
        assert store.read(watching.get(PATIENCE).path) == f"{number}".encode()


def test_relative_paths_stay_relative(store, other):
    name = f"contract-{secrets.token_hex(6)}"
    try:
        with store.watch(name) as relative, store.watch(f"/local/domain/0/{name}") as absolute:
            assert relative.get(PATIENCE) == Event(name, watched=name)
            assert paths(absolute, 1) == [f"/local/domain/0/{name}"]
            for change in (f"{name}/a", f"/local/domain/0/{name}/b"):
                other.write(change, b"")
            assert relative.get(PATIENCE) == Event(f"{name}/a", watched=name)
            assert relative.get(PATIENCE) == Event(f"{name}/b", watched=name)
            assert paths(absolute, 2) == [f"/local/domain/0/{name}/{child}" for child in "ab"]
    finally:
        store.rm(name)


def test_two_watches_of_one_path_each_hear_of_it(store, other, watching, place):
    with store.watch(place) as second:
        assert paths(second, 1) == [place]
        other.write(f"{place}/a", b"")
        assert paths(second, 1) == [f"{place}/a"]
        assert paths(watching, 1) == [f"{place}/a"]
    other.write(f"{place}/b", b"")
    assert paths(watching, 1) == [f"{place}/b"]


def test_two_connections_each_hear_of_it(world, way, store, other, place):
    with store.watch(place) as mine, other.watch(place) as theirs:
        for watch in (mine, theirs):
            assert paths(watch, 1) == [place]
        world.store(way).write(place, b"")
        for watch in (mine, theirs):
            assert paths(watch, 1) == [place]


def test_watches_within_watches(store, other, place):
    nested = [place, f"{place}/a", f"{place}/a/b"]
    watches = [store.watch(path) for path in nested]
    for watch, path in zip(watches, nested, strict=True):
        assert paths(watch, 1) == [path]
    other.write(f"{place}/a/b/c", b"")
    for watch, path in zip(watches, nested, strict=True):
        assert watch.get(PATIENCE) == Event(f"{place}/a/b/c", watched=path)
        watch.close()


def test_a_thousand_watches(store, other, place):
    count = 1000
    watches = [store.watch(f"{place}/{number}") for number in range(count)]
    for number, watch in enumerate(watches):
        assert paths(watch, 1) == [f"{place}/{number}"]
    changed = [7, 999, 0, 500]
    for number in changed:
        other.write(f"{place}/{number}/deep", b"")
    for number in changed:
        assert paths(watches[number], 1) == [f"{place}/{number}/deep"]
    other.mkdir(f"{place}/998")
    assert paths(watches[998], 1) == [f"{place}/998"]
    assert [watch.pending for watch in watches] == [0] * count
    # All of them hear of one change in which all take part.
    with other.transaction() as t:
        for number in range(0, count, 100):
            t.write(f"{place}/{number}", b"")
    for number in range(0, count, 100):
        assert paths(watches[number], 1) == [f"{place}/{number}"]
    for watch in watches:
        watch.close()


# Transactions


def test_a_transaction_is_told_of_at_its_end(store, other, watching, place, daemon):
    # Making it later would change its parent, as the transaction does.
    other.write(f"{place}/outside", b"")
    assert paths(watching, 1) == [f"{place}/outside"]
    with other.transaction() as t:
        t.write(f"{place}/a", b"1")
        t.write(f"{place}/b/c", b"1")
        t.write(f"{place}/a", b"2")
        other.write(f"{place}/outside", b"")
        assert paths(watching, 1) == [f"{place}/outside"]
    other.write(f"{place}/last", b"")
    found = until(watching, f"{place}/last")
    if daemon.says("a-commit-tells-of") == "each change":
        assert found == [f"{place}/a", f"{place}/b/c", f"{place}/a"]
    else:
        # However often it was written; not in a promised order.
        assert sorted(found) == [f"{place}/a", f"{place}/b/c"]


def test_an_undone_transaction_is_not_told_of(store, other, watching, place):
    t = other.transaction()
    t.write(f"{place}/a", b"")
    t.abort()
    other.write(f"{place}/a", b"1")
    t = other.transaction()
    assert t.read(f"{place}/a") == b"1"
    t.write(f"{place}/b", b"")
    other.write(f"{place}/a", b"2")
    with pytest.raises(TransactionConflictError):
        t.commit()
    other.write(f"{place}/last", b"")
    assert until(watching, f"{place}/last") == [f"{place}/a", f"{place}/a"]


# Slow consumers


def test_a_full_queue_loses_the_oldest_and_says_so(store, other, place):
    store.mkdir(place)
    with store.watch(place, limit=8) as slow, store.watch(f"{place}/99") as witness:
        assert paths(witness, 1) == [f"{place}/99"]
        for number in range(100):
            other.write(f"{place}/{number}", b"")
        # Who reads for this one reads for the slow one too.
        assert paths(witness, 1) == [f"{place}/99"]
        deadline = time.monotonic() + PATIENCE
        while slow.pending + slow.dropped < 101 and time.monotonic() < deadline:
            store.read(place)
        assert (slow.pending, slow.dropped, slow.merged) == (8, 93, 0)
        assert paths(slow, 8) == [f"{place}/{number}" for number in range(92, 100)]
        # The connection is as good as before.
        other.write(f"{place}/99", b"")
        assert paths(slow, 1) == [f"{place}/99"]


def test_who_does_not_read_holds_up_nobody(world, way, other, place, daemon):
    sleeper = world.store(way)
    watch = sleeper.watch(place, limit=100_000)
    # More than any socket or ring holds, if each of them is told.
    count, size = 3000 if way == "socket" else 600, 60
    done = []

    def write():
        for number in range(count):
            other.write(f"{place}/{'n' * size}/{number % (count // 2)}", f"{number}")
            done.append(number)

    def write_until_closed():
        with suppress(StoreConnectionError, ValueError):
            write()

    # Of the device the kernel reads, whether anybody reads from it or not.
    if way == "socket" and daemon.says("who-does-not-read-holds-up-who-writes"):
        writer = threading.Thread(target=write_until_closed)
        writer.start()
        before = -1
        while before < len(done) or not done:
            before = len(done)
            time.sleep(3)
        assert 2048 < len(done) < count
        # Neither is served again before something else happens: no more is asked of them.
        sleeper.close()
        other.close()
        writer.join(PATIENCE)
        assert not writer.is_alive()
        return
    write()
    # The socket's events wait in the daemon, where two of the same become one.
    found = paths(watch, 1 + count // 2)
    assert len(set(found)) == 1 + count // 2
    assert sleeper.read(f"{place}/{'n' * size}/{count // 2 - 1}") == f"{count - 1}".encode()
    watch.close()


def test_one_hot_node_is_one_event_or_more_and_the_last_is_seen(store, other, place):
    with store.watch(place) as watch:
        assert paths(watch, 1) == [place]
        for number in range(500):
            other.write(place, f"{number}")
        seen = b""
        events = 0
        while seen != b"499":
            assert watch.get(PATIENCE).path == place
            events += 1
            seen = store.read(place)
        assert 1 <= events <= 500


# Ends


def test_a_closed_watch_hears_no_more(store, other, place):
    watch = store.watch(place)
    with store.watch(place) as witness:
        assert paths(watch, 1) == [place]
        assert paths(witness, 1) == [place]
        watch.close()
        watch.close()
        assert watch.closed
        other.write(f"{place}/a", b"")
        assert paths(witness, 1) == [f"{place}/a"]
        assert watch.pending == 0
        with pytest.raises(ValueError, match="closed"):
            watch.get(0)
        assert list(watch) == []


def test_the_same_path_can_be_watched_again(store, other, place):
    for number in range(20):
        with store.watch(place) as watch:
            assert paths(watch, 1) == [place]
            other.write(f"{place}/{number}", b"")
            assert paths(watch, 1) == [f"{place}/{number}"]


def test_closing_ends_who_waits(store, place):
    watch = store.watch(place)
    assert paths(watch, 1) == [place]
    found = []
    reader = threading.Thread(target=lambda: found.append(list(watch)))
    reader.start()
    store.write(f"{place}/a", b"")
    while not watch.closed:
        time.sleep(0.05)
        watch.close()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert [event.path for events in found for event in events] in ([f"{place}/a"], [])


def test_closing_the_connection_ends_who_waits(world, way, place):
    store = world.store(way)
    watch = store.watch(place)
    assert paths(watch, 1) == [place]
    found = []
    waiting = threading.Event()

    def wait():
        waiting.set()
        try:
            watch.get(PATIENCE)
        except (StoreConnectionError, ValueError) as error:
            found.append(error)

    reader = threading.Thread(target=wait)
    reader.start()
    waiting.wait(PATIENCE)
    store.close()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert len(found) == 1


def test_a_forgotten_watch_is_a_warning_and_is_ended(store, other, place):
    with pytest.warns(ResourceWarning, match="never closed"):
        store.watch(place)
    other.write(place, b"")
    store.read(place)
    with store.watch(place) as watch:
        assert paths(watch, 1) == [place]


def test_no_event_in_time(store, watching):
    for timeout in (0, 0.2):
        with pytest.raises(StoreTimeoutError):
            watching.get(timeout)


def test_a_selector_tells_of_events(store, other, watching, place):
    poll = select.poll()
    poll.register(store.fileno(), select.POLLIN)
    while poll.poll(300):
        assert store.dispatch() == 0
    other.write(f"{place}/a", b"")
    deadline = time.monotonic() + PATIENCE
    pending = 0
    while not pending and time.monotonic() < deadline:
        assert poll.poll(PATIENCE * 1000)
        pending = store.dispatch()
    assert pending == 1
    assert watching.get(0).path == f"{place}/a"


# Domains that come and go


def test_domains_that_come_and_go(world, store):
    with (
        store.watch("@introduceDomain") as introduced,
        store.watch("@releaseDomain") as released,
    ):
        assert introduced.get(PATIENCE) == Event("@introduceDomain", watched="@introduceDomain")
        assert released.get(PATIENCE) == Event("@releaseDomain", watched="@releaseDomain")
        with world.throwaway() as guest:
            while not store.is_introduced(guest.domid):
                introduced.get(PATIENCE)
            # It may have been introduced before we looked; its event is there all the same.
            home = f"/local/domain/{guest.domid}"
            assert store.exists(home)
            introduced_so_far = drained(introduced)
            assert set(introduced_so_far) <= {"@introduceDomain"}
            drained(released)
            with store.watch(f"{home}/name") as name:
                assert paths(name, 1) == [f"{home}/name"]
                guest.destroy()
                assert f"{home}/name" in paths(name, 1)
            while store.is_introduced(guest.domid):
                assert released.get(PATIENCE).path == "@releaseDomain"
            assert store.wait_for(home, lambda value: value is None, timeout=PATIENCE) is None
            assert drained(introduced) == []


def test_each_introduction_and_release_is_an_event(world, store):
    with (
        store.watch("@introduceDomain") as introduced,
        store.watch("@releaseDomain") as released,
        store.watch("/") as everything,
    ):
        for watch in (introduced, released, everything):
            paths(watch, 1)
        with world.throwaway() as guest:
            assert paths(introduced, 1) == ["@introduceDomain"]
            guest.destroy()
            assert paths(released, 1) == ["@releaseDomain"]
        # Only those hear of it who watch for it.
        assert not any(path.startswith("@") for path in drained(everything))


def drained(watch):
    """The paths of all events that come within a moment."""
    found = []
    while True:
        try:
            found.append(watch.get(0.3).path)
        except StoreTimeoutError:
            return found


# A guest


@pytest.fixture
def talker(world):
    return world.talker()


def test_a_guest_and_dom0_watch_each_other(store, talker):
    guest = talker.store
    base = f"data/{secrets.token_hex(6)}"
    try:
        with guest.watch(base) as ours, store.watch(f"{talker.home}/{base}") as theirs:
            assert ours.get(PATIENCE) == Event(base, watched=base)
            assert paths(theirs, 1) == [f"{talker.home}/{base}"]
            guest.write(f"{base}/a", b"")
            assert paths(theirs, 1) == [f"{talker.home}/{base}/a"]
            assert paths(ours, 1) == [f"{base}/a"]
            store.write(f"{talker.home}/{base}/b", b"")
            assert paths(ours, 1) == [f"{base}/b"]
    finally:
        guest.rm(base)


def test_a_guest_hears_only_of_what_it_may_read(store, talker, place):
    guest = talker.store
    store.mkdir(place)
    with guest.watch(place) as watch:
        # There or not, to be read or not: the first one says nothing.
        assert paths(watch, 1) == [place]
        store.write(f"{place}/secret", b"")
        store.write(f"{place}/public", b"")
        store.set_permissions(f"{place}/public", ["r0"])
        assert paths(watch, 1) == [f"{place}/public"]
        store.write(f"{place}/secret", b"2")
        store.write(f"{place}/public", b"2")
        assert paths(watch, 1) == [f"{place}/public"]
        # That it may not read it any more is the last it hears.
        store.set_permissions(f"{place}/public", ["n0"])
        assert paths(watch, 1) == [f"{place}/public"]
        store.write(f"{place}/public", b"3")
        store.write(f"{place}/last", b"")
        store.set_permissions(f"{place}/last", ["r0"])
        assert paths(watch, 1) == [f"{place}/last"]


def test_a_guest_does_not_hear_of_other_domains(world, store, talker):
    guest = talker.store
    marker = f"data/{secrets.token_hex(6)}"
    with guest.watch("@introduceDomain") as introduced, guest.watch(marker) as mark:
        assert paths(introduced, 1) == ["@introduceDomain"]
        assert paths(mark, 1) == [marker]
        with world.throwaway():
            pass
        store.mkdir(f"{talker.home}/{marker}")
        assert paths(mark, 1) == [marker]
        assert introduced.pending == 0
        guest.rm(marker)
