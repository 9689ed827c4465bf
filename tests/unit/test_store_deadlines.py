"""`deadline()`, and other times that end: for one thread or task, and for all that it calls."""

from __future__ import annotations

import asyncio
import time

import pytest
import storepeer
from aiopeer import Pair, looped
from storepeer import GUARD, Background, idle

from xensys.errors import StoreTimeoutError
from xensys.store import Store, aio
from xensys.store.xenbus import PeerError

READ, WATCH, UNWATCH, END = 2, 4, 5, 7


@pytest.fixture
def wire():
    store, peer = storepeer.connect(timeout=GUARD)
    with store:
        yield store, peer
    peer.close()


class TestDeadline:
    def test_ends_requests_that_wait(self, wire):
        store, peer = wire
        began = time.monotonic()
        with store.deadline(0.05), pytest.raises(StoreTimeoutError, match="no reply before the deadline"):
            store.read("/a")
        assert 0.04 < time.monotonic() - began < GUARD / 2
        # And no longer than the block.
        peer.message()
        reading = Background(store.read, "/b")
        peer.answer(b"v")
        assert reading.result() == b"v"

    def test_is_one_for_all_calls_of_the_block(self, machine):
        with Store.open(kernel=machine.dom0) as store:
            store.write("/a", "1")
            now = machine.clock.now
            with store.deadline(5):
                assert store.read("/a") == b"1"
                machine.clock.advance(5)
                machine.store.hold()
                with pytest.raises(StoreTimeoutError):
                    store.read("/a")
            assert now is not None

    def test_leaves_other_threads_alone(self, wire):
        store, peer = wire
        with store.deadline(0.02):
            reading = Background(store.read, "/other")
            request = peer.message()
            with pytest.raises(StoreTimeoutError):
                store.read("/mine")
            peer.message()
            time.sleep(0.1)
            assert reading.running
            peer.send(READ, request[1], b"v")
            assert reading.result() == b"v"

    def test_leaves_other_connections_alone(self, wire, machine):
        store, _ = wire
        with Store.open(kernel=machine.dom0) as other, store.deadline(0):
            other.write("/a", "1")
            assert other.read("/a") == b"1"

    def test_takes_the_place_of_the_timeout(self, wire):
        store, peer = wire
        store.timeout = 0
        for seconds in (GUARD, None, 1e300):
            with store.deadline(seconds):
                call = Background(lambda: None)
                call.wait()
                answering = Background(lambda: (time.sleep(0.02), peer.answer(b"v")))
                assert store.read("/a") == b"v"
                answering.result()
        with pytest.raises(StoreTimeoutError, match="no reply within 0 s"):
            store.read("/b")

    def test_within_another_the_earlier_counts(self, wire):
        store, _ = wire
        began = time.monotonic()
        with store.deadline(0.02):
            with store.deadline(GUARD), pytest.raises(StoreTimeoutError):
                store.read("/a")
            with store.deadline(None), pytest.raises(StoreTimeoutError):
                store.read("/a")
        with store.deadline(GUARD), store.deadline(0.02), pytest.raises(StoreTimeoutError):
            store.read("/a")
        assert time.monotonic() - began < GUARD / 2
        assert store._connection.deadlines._of == {}

    def test_counts_for_watches_and_for_waits(self, wire):
        store, peer = wire
        call = Background(store.watch, "/w")
        peer.answer()
        watch = call.result()
        with store.deadline(0.02):
            for wait in (watch.get, lambda: watch.get(GUARD)):
                with pytest.raises(StoreTimeoutError, match="no event before the deadline"):
                    wait()
            with pytest.raises(StoreTimeoutError, match="before the deadline"):
                store.wait_for("/w", timeout=GUARD)
        with store.deadline(GUARD), pytest.raises(StoreTimeoutError, match=r"no event"):
            watch.get(0.01)
        watch._queue.closed = True

    def test_ends_with_its_block_however_that_ends(self, wire):
        store, _ = wire
        with pytest.raises(PeerError), store.deadline(0.02):
            raise PeerError(71)
        assert store._connection.deadlines._of == {}
        block = store.deadline(1)
        with block:
            pass
        with pytest.raises(RuntimeError, match="once"), block:
            pass

    def test_a_transaction_that_runs_out_of_time_is_undone(self):
        store, peer = storepeer.connect(device=True, timeout=GUARD)
        with store:
            begun = Background(store.transaction)
            peer.answer(b"7\0")
            t = begun.result()
            with pytest.raises(StoreTimeoutError), store.deadline(0.02), t:
                t.read("/slow")
            assert t.ended
            slow = peer.message()
            reading = Background(store.read, "/a")
            peer.send(slow[0], slow[1], b"late", 7)
            end = peer.answer()
            assert (end[0], end[2], end[3]) == (END, 7, b"F\0")
            peer.answer(b"v")
            assert reading.result() == b"v"
            assert idle(store)
        peer.close()

    def test_a_watch_whose_end_could_not_be_sent_is_ended_later(self):
        store, peer = storepeer.connect(device=True, timeout=GUARD)
        with store:
            begun = Background(store.watch, "/w")
            peer.answer()
            assert peer.answer()[0] == WATCH
            watch = begun.result()
            with store.deadline(0.02):
                with pytest.raises(StoreTimeoutError):
                    store.read("/slow")
                with pytest.raises(StoreTimeoutError, match="others are still"):
                    watch.close()
            slow = peer.message()
            reading = Background(store.read, "/a")
            peer.send(slow[0], slow[1], b"late")
            peer.answer()
            assert peer.answer()[0] == UNWATCH
            peer.answer(b"v")
            assert reading.result() == b"v"
        peer.close()


class TestAsyncioDeadline:
    @looped
    async def test_is_the_tasks_own(self):
        async with Pair(timeout=GUARD) as (store, peer):
            other = asyncio.create_task(store.read("/other"))
            request = await peer.message()
            async with store.deadline(0.02):
                inner = asyncio.create_task(store.read("/inner"))
                with pytest.raises(StoreTimeoutError, match="before the deadline"):
                    await store.read("/mine")
                await peer.message()
                await peer.message()
            assert not other.done()
            assert not inner.done()
            peer.send(READ, request[1], b"v")
            assert await other == b"v"
            inner.cancel()
            with pytest.raises(asyncio.CancelledError):
                await inner
            assert store._connection.deadlines._of == {}

    @looped
    async def test_takes_the_place_of_the_timeout_and_the_earlier_counts(self):
        async with Pair(timeout=0.01) as (store, peer):
            async with store.deadline(GUARD):
                reading = asyncio.current_task()
                assert reading is not None

                async def later():
                    await asyncio.sleep(0.03)
                    await peer.answer(b"v")

                answering = asyncio.create_task(later())
                assert await store.read("/a") == b"v"
                await answering
                async with store.deadline(0.01):
                    with pytest.raises(StoreTimeoutError):
                        await store.read("/a")
            with pytest.raises(StoreTimeoutError, match=r"no reply within 0\.01 s"):
                await store.read("/a")

    @looped
    async def test_counts_for_watches(self, machine):
        async with aio.open(kernel=machine.dom0) as store, store.watch("/w") as watch:
            await watch.get()
            async with store.deadline(0.01):
                with pytest.raises(StoreTimeoutError, match="before the deadline"):
                    await watch.get()
                with pytest.raises(StoreTimeoutError):
                    await store.wait_for("/w", lambda value: value == b"2", timeout=GUARD)


class Flood:
    """A node that changes with every look at it."""

    def __init__(self, machine):
        self.machine = machine
        self.looks = 0

    def __call__(self, value):
        self.looks += 1
        assert self.looks < 1000, "held"
        self.machine.clock.advance(0.1)
        self.machine.store.write("/flood", str(self.looks))
        return False


class TestWaitFor:
    def test_a_node_that_changes_all_the_time_holds_nobody(self, machine):
        flood = Flood(machine)
        with Store.open(kernel=machine.dom0) as store:
            with pytest.raises(StoreTimeoutError, match="not as wished within 2 s"):
                store.wait_for("/flood", flood, timeout=2)
            assert 15 < flood.looks < 30
            with pytest.raises(StoreTimeoutError):
                store.wait_for("/flood", flood, timeout=0)

    @looped
    async def test_nor_in_a_loop(self, machine):
        flood = Flood(machine)
        async with aio.open(kernel=machine.dom0) as store:
            with pytest.raises(StoreTimeoutError, match="not as wished"):
                await store.wait_for("/flood", flood, timeout=0.05)
