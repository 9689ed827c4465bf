"""One connection, many threads: who writes, and who waits for room. Guards are for hangs only."""

from __future__ import annotations

import errno
import os

import pytest
import storepeer
from storepeer import GUARD, Background, idle, until

from xensys.errors import StoreConnectionError, StoreTimeoutError
from xensys.kernel.linux import LinuxKernel
from xensys.store._waiting import Waiter

READ, WATCH, TRANSACTION_END, WRITE, EVENT = 2, 4, 7, 11, 15


class TestWriting:
    def test_short_writes_are_resumed(self):
        class Trickling(LinuxKernel):
            count = 0

            def write(self, fd, data):
                if len(data) == 8:  # an eventfd's
                    return super().write(fd, data)
                self.count += 1
                if self.count % 3 == 0:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                return super().write(fd, bytes(data)[:3])

        store, peer = storepeer.connect(Trickling())
        with store:
            calls = [Background(store.write, f"/{n}", b"%d" % n * 50) for n in range(5)]
            for _ in calls:
                assert peer.answer()[0] == WRITE
            for call in calls:
                call.result()
        peer.close()

    def test_one_that_could_not_begin_in_time_harms_nothing(self):
        class Full(LinuxKernel):
            full = True

            def write(self, fd, data):
                if self.full and len(data) > 8:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                return super().write(fd, data)

            def wait(self, readers, writers=(), timeout=None):
                return super().wait(readers, () if self.full else writers, timeout)

        kernel = Full()
        store, peer = storepeer.connect(kernel, timeout=0.05)
        with store:
            with pytest.raises(StoreTimeoutError, match="takes no more bytes.*\n?.*not sent"):
                store.read("/a")
            kernel.full = False
            store.timeout = None
            call = Background(store.read, "/b")
            assert peer.answer(b"v")[3] == b"/b\0"
            assert call.result() == b"v"
            assert idle(store)
        peer.close()

    def test_one_cut_short_by_its_deadline_ends_the_connection(self):
        class Half(LinuxKernel):
            written = 0

            def write(self, fd, data):
                if len(data) > 8:
                    if self.written:
                        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                    self.written = super().write(fd, bytes(data)[:10])
                    return self.written
                return super().write(fd, data)

            def wait(self, readers, writers=(), timeout=None):
                return super().wait(readers, (), timeout)

        store, peer = storepeer.connect(Half(), timeout=0.05)
        with store:
            with pytest.raises(StoreTimeoutError, match="the connection is finished"):
                store.read("/a")
            with pytest.raises(StoreConnectionError, match="cut short"):
                store.read("/b")
        peer.close()

    def test_those_who_wait_for_their_turn_have_deadlines_too(self):
        store, peer = storepeer.connect(room=4096)
        with store:
            calls = [Background(store.write, "/a", b"x" * 4000) for _ in range(50)]
            until(lambda: store._connection._stuck)
            store.timeout = 0.05
            with pytest.raises(StoreTimeoutError, match="not sent"):
                store.read("/late")
            for _ in calls:
                assert peer.answer()[0] == WRITE
            for call in calls:
                call.result()
            assert idle(store)
        peer.close()

    def test_a_peer_that_answers_before_it_reads_on_makes_no_deadlock(self):
        """Both directions full: who waits for room reads meanwhile."""
        store, peer = storepeer.connect(room=4096)
        with store:
            call = Background(store.watch, "/w")
            token = peer.answer()[3].split(b"\0")[1]
            watch = call.result()

            def serve():
                for _ in range(60):
                    for n in range(40):
                        peer.event(b"/w/" + b"%d" % n * 30, token)
                    peer.answer()

            serving = Background(serve)
            calls = [Background(store.write, "/a", b"x" * 4000) for _ in range(59)]
            store.write("/b", b"x" * 4000)
            for one in calls:
                one.result()
            serving.result()
            assert watch.pending
            watch._queue.closed = True
        peer.close()

    def test_one_that_waits_for_room_alone_reads_as_well(self):
        store, peer = storepeer.connect(room=4096)
        with store:
            call = Background(store.watch, "/w")
            token = peer.answer()[3].split(b"\0")[1]
            watch = call.result()
            store.timeout = 0.01
            unsent = 0
            while not unsent:
                with pytest.raises(StoreTimeoutError) as caught:
                    store.write("/a", b"x" * 1000)
                unsent = "not sent" in str(caught.value)
            store.timeout = GUARD
            assert idle(store)

            def serve():
                for n in range(2000):
                    peer.event(b"/w/" + b"%d" % n * 30, token)
                while peer.answer()[3] != b"/b\0v":
                    pass

            serving = Background(serve)
            store.write("/b", "v")
            serving.result()
            assert watch.pending
            watch._queue.closed = True
        peer.close()


class TestTurns:
    """Who may write next; the queue by itself, as no scheduling of threads shows it for certain."""

    @pytest.fixture
    def queue(self, wire):
        store, _ = wire
        connection = store._connection

        def waiters(*threads):
            made = [Waiter() for _ in threads]
            for one, thread in zip(made, threads, strict=True):
                one.thread = thread
            connection._writer, *rest = made
            connection._writers = dict.fromkeys(rest)
            return made

        yield connection, waiters
        connection._writer = None
        connection._writers = {}

    def test_it_is_the_next_ones_before_it_has_woken_up(self, queue):
        connection, waiters = queue
        first, second, third = waiters(1, 2, 3)
        connection._leave(first)
        assert connection._writer is second
        assert second.sleep.acquire(blocking=False)
        assert list(connection._writers) == [third]
        connection._leave(second)
        assert connection._writer is third

    def test_one_that_gives_up_hands_it_on(self, queue):
        connection, waiters = queue
        first, second, third = waiters(1, 2, 3)
        connection._leave(second)
        connection._leave(first)
        assert connection._writer is third
        connection._leave(third)
        assert connection._writer is None

    def test_of_one_thread_it_is_the_signal_handlers(self, queue):
        connection, waiters = queue
        first, below, other, handler = waiters(1, 2, 3, 2)
        connection._leave(first)
        assert connection._writer is handler
        connection._leave(handler)
        assert connection._writer is below
        connection._leave(below)
        assert connection._writer is other
