"""One connection, many threads: races, deaths, deadlines, signals. Guards are for hangs only."""

from __future__ import annotations

import errno
import os
import random
import socket
import struct
import threading
import time

import pytest
import storepeer
from storepeer import GUARD, Background, idle, until

from xensys.errors import StoreConnectionError, StoreError, StoreTimeoutError
from xensys.kernel.linux import LinuxKernel
from xensys.store import Store

READ, WATCH, TRANSACTION_END, WRITE, EVENT = 2, 4, 7, 11, 15


class TestManyAtATime:
    def test_replies_in_the_opposite_order_reach_their_threads(self, wire):
        store, peer = wire
        calls = [Background(store.read, f"/{n}") for n in range(20)]
        requests = [peer.message() for _ in calls]
        until(lambda: storepeer.sleepers(store) == 20)
        for kind, req_id, _, path in requests[::-1]:
            peer.send(kind, req_id, path)
        assert [call.result() for call in calls] == [b"/%d\0" % n for n in range(20)]
        assert idle(store)

    def test_the_leader_hands_on_when_it_has_its_reply(self, wire):
        store, peer = wire
        first = Background(store.read, "/first")
        one = peer.message()
        until(lambda: store._connection._leader is not None)
        second = Background(store.read, "/second")
        two = peer.message()
        until(lambda: storepeer.sleepers(store) == 2)
        peer.send(READ, one[1], b"1")
        assert first.result() == b"1"
        peer.send(READ, two[1], b"2")
        assert second.result() == b"2"

    def test_the_leader_hands_on_when_its_time_is_up(self, wire):
        store, peer = wire
        call = Background(lambda: store.watch("/w"))
        peer.answer()
        watch = call.result()
        leader = Background(watch.get, 0.2)
        until(lambda: store._connection._leader is not None)
        follower = Background(store.read, "/a")
        request = peer.message()
        with pytest.raises(StoreTimeoutError):
            leader.result()
        peer.send(READ, request[1], b"v")
        assert follower.result() == b"v"
        watch._queue.closed = True

    def test_a_follower_whose_time_is_up_ends_alone(self, wire):
        store, peer = wire
        leader = Background(store.read, "/a")
        request = peer.message()
        until(lambda: store._connection._leader is not None)
        store.timeout = 0.05
        with pytest.raises(StoreTimeoutError):
            store.read("/b")
        assert leader.running
        peer.send(READ, request[1], b"v")
        assert leader.result() == b"v"

    @pytest.mark.parametrize("seed", range(3))
    def test_anything_goes(self, seed):
        """Threads with and without deadlines, a peer that answers late, never and in any order."""
        chance = random.Random(seed)
        store, peer = storepeer.connect()

        def serve():
            held = []
            try:
                while True:
                    held.append(peer.message())
                    chance.shuffle(held)
                    while held and chance.random() < 0.7:
                        kind, req_id, _, path = held.pop()
                        peer.send(kind, req_id, path)
                        if chance.random() < 0.1:
                            peer.event(b"/x", b"nobody")
            except (EOFError, OSError):
                return

        def work(number):
            own = random.Random(seed * 100 + number)
            done = 0
            for step in range(150):
                timeout = own.choice((None, 0, 0.0005, 0.005, 0.05)) if number else 0.05
                path = f"/{number}/{step}"
                if timeout is None:
                    timeout = 0.5  # the peer holds some back until others ask
                try:
                    raw = exchange(path, timeout)
                except StoreTimeoutError:
                    continue
                assert raw == path.encode() + b"\0"
                done += 1
            return done

        from xensys.store.protocol import Request

        def exchange(path, timeout):
            raw = path.encode()
            return store._connection.exchange(Request(READ, raw + b"\0", 0, raw), timeout)

        serving = Background(serve)
        workers = [Background(work, number) for number in range(8)]
        assert sum(worker.result() for worker in workers) > 100
        assert idle(store)
        store.close()
        peer.sock.shutdown(socket.SHUT_RDWR)
        serving.wait()
        peer.close()

    def test_the_simulated_daemon_serves_many(self, machine):
        with Store.open(kernel=machine.dom0) as store, store.watch("/t") as watch:

            def work(number):
                for step in range(50):
                    store.write(f"/t/{number}", str(step))
                    assert store.read(f"/t/{number}") == str(step).encode()
                    assert store.exists("/t")

            for worker in [Background(work, number) for number in range(8)]:
                worker.result()
            assert watch.get(1)
            assert idle(store)

    def test_watches_come_and_go_meanwhile(self, machine):
        with Store.open(kernel=machine.dom0) as store:

            def work(number):
                for step in range(20):
                    with store.watch(f"/t/{number}") as watch:
                        watch.get(GUARD)
                        store.write(f"/t/{number}", str(step))
                        watch.get(GUARD)

            for worker in [Background(work, number) for number in range(8)]:
                worker.result()
            assert store._connection._session.queues == {}
            assert idle(store)


ENDS = {
    "end": (b"", "closed the connection", errno.ECONNRESET),
    "half a header": (b"\x02\0\0", "3 bytes into a message", errno.ECONNRESET),
    "half a message": (struct.pack("<4I", 2, 1, 0, 9) + b"ab", "18 bytes into", errno.ECONNRESET),
    "too long a message": (struct.pack("<4I", 2, 1, 0, 1 << 31), "2147483648 bytes", errno.EPROTO),
    "an unknown id": (struct.pack("<4I", 2, 9999, 0, 0), "id 9999", errno.EPROTO),
    "an id of 0": (struct.pack("<4I", 2, 0, 0, 0), "id 0", errno.EPROTO),
    "noise": (b"\xff" * 1000, "4294967295 bytes", errno.EPROTO),
}


class TestDeaths:
    @pytest.mark.parametrize("way", ENDS)
    def test_wake_all_who_wait_and_say_why(self, wire, way):
        data, text, number = ENDS[way]
        store, peer = wire
        call = Background(store.watch, "/w")
        peer.answer()
        watch = call.result()
        waiting = [Background(store.read, f"/{n}") for n in range(6)]
        for _ in range(6):
            peer.message()
        waiting += [Background(watch.get) for _ in range(6)]
        until(lambda: storepeer.sleepers(store) == 12)
        peer.sock.sendall(data)
        if number == errno.ECONNRESET:
            peer.close()
        errors = []
        for one in waiting:
            one.wait()
            assert isinstance(one.error, StoreConnectionError)
            assert one.error.errno == number
            assert text in str(one.error)
            errors.append(one.error)
        assert len({id(error) for error in errors}) == 12
        assert sorted(error.path for error in errors) == [""] * 6 + [f"/{n}" for n in range(6)]
        with pytest.raises(StoreConnectionError, match=text):
            store.read("/later")
        assert not store.connected
        assert idle(store)
        watch.close()

    def test_found_out_while_writing(self, wire):
        store, peer = wire
        peer.sock.shutdown(socket.SHUT_RD)
        with pytest.raises(StoreConnectionError, match="writing to xenstored failed") as caught:
            store.write("/a", "v")
        assert caught.value.errno == errno.EPIPE
        assert caught.value.path == "/a"

    def test_found_out_while_writing_wake_those_who_wait(self, wire):
        store, peer = wire
        waiting = [Background(store.read, f"/{n}") for n in range(3)]
        for _ in range(3):
            peer.message()
        until(lambda: storepeer.sleepers(store) == 3)
        peer.sock.shutdown(socket.SHUT_RD)
        with pytest.raises(StoreConnectionError):
            store.write("/a", "v")
        for one in waiting:
            one.wait()
            assert isinstance(one.error, StoreConnectionError)
        assert idle(store)

    def test_a_failing_read_or_wait(self):
        class Failing(LinuxKernel):
            failing = None

            def read(self, fd, length):
                if self.failing == "read" and length != 8:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return super().read(fd, length)

            def wait(self, readers, writers=(), timeout=None):
                if self.failing == "wait":
                    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
                return super().wait(readers, writers, timeout)

        for way, number in (("read", errno.EIO), ("wait", errno.ENOMEM)):
            kernel = Failing()
            store, peer = storepeer.connect(kernel)
            with store:
                kernel.failing = way
                call = Background(store.read, "/a")
                peer.answer(b"v")
                with pytest.raises(StoreConnectionError) as caught:
                    call.result()
                assert caught.value.errno == number
            peer.close()

    def test_a_device_refuses_a_message_and_goes_on(self):
        class Refusing(LinuxKernel):
            refuse = 0

            def write(self, fd, data):
                if self.refuse:
                    number, self.refuse = self.refuse, 0
                    raise OSError(number, os.strerror(number))
                return super().write(fd, data)

        kernel = Refusing()
        store, peer = storepeer.connect(kernel, device=True, timeout=GUARD)
        with store:
            kernel.refuse = errno.EINVAL
            with pytest.raises(StoreError, match="refused") as caught:
                store.read("/b")
            assert (caught.value.errno, caught.value.path) == (errno.EINVAL, "/b")
            assert not isinstance(caught.value, StoreConnectionError)
            waiting = Background(store.read, "/a")
            peer.answer(b"v")
            assert waiting.result() == b"v"
            assert store._connection._session.outstanding == 0
        peer.close()


class TestOneAtATime:
    """Linux's device has one buffer per file: a second request would go under the first one's header."""

    def test_the_next_request_waits_for_the_reply(self):
        store, peer = storepeer.connect(device=True, timeout=GUARD)
        with store:
            calls = [Background(store.read, f"/{number}") for number in range(8)]
            for _ in calls:
                kind, req_id, _, path = peer.message()
                time.sleep(0.02)
                assert peer.quiet()
                peer.send(kind, req_id, path)
            assert [call.result() for call in calls] == [b"/%d\0" % number for number in range(8)]
        peer.close()

    def test_so_it_does_for_one_that_nobody_waits_for(self):
        store, peer = storepeer.connect(device=True, timeout=GUARD)
        with store:
            store.timeout = 0.05
            with pytest.raises(StoreTimeoutError, match="no reply"):
                store.read("/late")
            with pytest.raises(StoreTimeoutError) as caught:
                store.read("/next")
            assert "this was not sent" in caught.value.hint
            store.timeout = GUARD
            call = Background(store.read, "/then")
            kind, req_id, _, path = peer.message()
            assert path == b"/late\0"
            time.sleep(0.05)
            assert peer.quiet()
            peer.send(kind, req_id, b"too late")
            assert peer.answer(b"now")[3] == b"/then\0"
            assert call.result() == b"now"
        peer.close()

    def test_what_is_to_be_undone_goes_first_and_alone(self):
        store, peer = storepeer.connect(device=True, timeout=GUARD)
        with store:
            store.timeout = 0.05
            with pytest.raises(StoreTimeoutError):
                store.transaction()
            store.timeout = GUARD
            call = Background(store.read, "/a")
            start = peer.message()
            peer.send(start[0], start[1], b"7\0")
            end = peer.message()
            assert (end[0], end[2], end[3]) == (TRANSACTION_END, 7, b"F\0")
            time.sleep(0.05)
            assert peer.quiet()
            peer.send(end[0], end[1], b"OK\0")
            peer.answer(b"v")
            assert call.result() == b"v"
        peer.close()

    def test_a_socket_takes_many(self):
        store, peer = storepeer.connect(timeout=GUARD)
        with store:
            calls = [Background(store.read, f"/{number}") for number in range(4)]
            requests = [peer.message() for _ in calls]
            for kind, req_id, _, path in reversed(requests):
                peer.send(kind, req_id, path)
            assert [call.result() for call in calls] == [b"/%d\0" % number for number in range(4)]
        peer.close()


class TestClosing:
    def test_wakes_all_who_wait(self, wire):
        store, peer = wire
        call = Background(store.watch, "/w")
        peer.answer()
        watch = call.result()
        waiting = [Background(store.read, f"/{n}") for n in range(4)]
        waiting += [Background(watch.get), Background(lambda: list(watch))]
        until(lambda: storepeer.sleepers(store) == 6)
        store.close()
        for one in waiting:
            one.wait()
            assert isinstance(one.error, StoreConnectionError)
            assert one.error.errno == errno.ECONNABORTED
            assert "closed by this process" in str(one.error)

    @pytest.mark.parametrize("inside", ["read", "write", "wait"])
    def test_does_not_take_the_descriptor_from_under_a_call(self, inside):
        class Blocking(LinuxKernel):
            def __init__(self):
                super().__init__()
                self.closed = set()
                self.fd = -1
                self.armed = False
                self.inside = threading.Event()
                self.go_on = threading.Event()

            def close(self, fd):
                self.closed.add(fd)
                super().close(fd)

            def _hold(self, way, fds):
                if self.armed and way == inside and self.fd in fds:
                    self.inside.set()
                    assert self.go_on.wait(GUARD)
                    assert self.fd not in self.closed

            def read(self, fd, length):
                self._hold("read", (fd,))
                return super().read(fd, length)

            def write(self, fd, data):
                self._hold("write", (fd,))
                return super().write(fd, data)

            def wait(self, readers, writers=(), timeout=None):
                self._hold("wait", (*readers, *writers))
                return super().wait(readers, writers, timeout)

        kernel = Blocking()
        store, peer = storepeer.connect(kernel)
        kernel.fd = store._connection._transport.descriptor.fd
        kernel.armed = True
        call = Background(store.read, "/a")
        if inside == "read":
            peer.answer(b"v")
        assert kernel.inside.wait(GUARD)
        store.close()
        assert store.closed
        assert kernel.fd not in kernel.closed
        with pytest.raises(ValueError, match="closed"):
            store.read("/b")
        kernel.go_on.set()
        call.wait()
        assert isinstance(call.error, StoreConnectionError)
        until(lambda: kernel.fd in kernel.closed)
        peer.close()

    def test_of_one_that_waits_to_write(self):
        store, peer = storepeer.connect(room=4096)
        calls = [Background(store.write, "/a", b"x" * 4000) for _ in range(50)]
        until(lambda: store._connection._stuck)
        time.sleep(0.05)
        store.close()
        for call in calls:
            call.wait()
            assert isinstance(call.error, StoreConnectionError | ValueError)
        peer.close()

    def test_races_with_everything(self, machine):
        for _ in range(15):
            store = Store.open(kernel=machine.dom0)
            watch = store.watch("/t")

            def work(store=store):
                while True:
                    store.write("/t/x", "1")
                    store.read("/t/x")

            workers = [Background(work) for _ in range(3)]
            workers.append(Background(lambda watch=watch: [None for _ in watch]))
            time.sleep(random.random() / 200)
            store.close()
            for worker in workers:
                worker.wait()
                assert isinstance(worker.error, StoreConnectionError | ValueError)

    def test_an_error_that_is_kept_keeps_no_descriptor(self, wire):
        store, peer = wire
        store.timeout = 0.01
        kept = []
        for call in (lambda: store.read("/a"), lambda: store.wait_for("/a")):
            try:
                call()
            except StoreTimeoutError as error:
                kept.append(error)
        assert len(kept) == 2
        store.close()
        for _ in range(2):
            peer.message()
        with pytest.raises(EOFError):
            peer.message()
