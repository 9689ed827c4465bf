"""Watches: events, queues, many of them, slow and dead readers, selectors, reconnection."""

from __future__ import annotations

import errno
import gc
import os
import select
import socket
import time

import pytest
import storepeer
from storepeer import Background, Peer

from xensys.errors import (
    NodeNotFoundError,
    NoXenError,
    StoreConnectionError,
    StoreError,
    StorePermissionError,
    StoreTimeoutError,
)
from xensys.store import Store

READ, WATCH, UNWATCH, START, GET_DOMAIN_PATH, ERROR = 2, 4, 5, 6, 10, 16


def watch(store, peer, path="/w", **options):
    """A watch that the peer has granted, and its token."""
    call = Background(lambda: store.watch(path, **options))
    request = peer.answer()
    assert request[0] == WATCH
    return call.result(), request[3].split(b"\0")[1]


def close(watch, peer):
    call = Background(watch.close)
    assert peer.answer()[0] == UNWATCH
    call.result()


class TestEvents:
    def test_one_at_once_then_of_what_changes_beneath(self, xs):
        with xs.watch("/t") as watch:
            assert watch.get(1) == ("/t", "/t")
            xs.write("/t/a", "1")
            event = watch.get(1)
            assert (event.path, event.watched) == ("/t/a", "/t")
            xs.write("/elsewhere", "1")
            with pytest.raises(StoreTimeoutError) as caught:
                watch.get(0)
            assert caught.value.path == "/t"
            assert (watch.pending, watch.dropped, watch.merged) == (0, 0, 0)

    def test_of_special_paths(self, xs):
        with xs.watch("@releaseDomain") as watch:
            assert watch.get(1).path == "@releaseDomain"

    def test_are_relative_if_the_path_was(self, machine):
        with Store.open(kernel=machine.domains[1].kernel()) as guest, guest.watch("data") as watch:
            assert watch.get(1).path == "data"
            guest.write("data/x", "1")
            assert watch.get(1) == ("data/x", "data")

    def test_may_come_before_the_reply(self, wire):
        store, peer = wire
        call = Background(store.watch, "/w")
        kind, req_id, _, payload = peer.message()
        peer.event(b"/w", payload.split(b"\0")[1])
        peer.send(kind, req_id, b"OK\0")
        made = call.result()
        assert made.pending == 1
        assert made.get(0).path == "/w"
        close(made, peer)

    def test_two_watches_of_one_path_have_two_tokens(self, xs):
        with xs.watch("/t") as one, xs.watch("/t") as two:
            one.get(1), two.get(1)
            xs.write("/t", "1")
            assert one.get(1) == two.get(1)

    def test_a_refused_watch_leaves_nothing(self, wire):
        store, peer = wire
        call = Background(store.watch, "/w")
        _, req_id, _, _ = peer.message()
        peer.send(ERROR, req_id, b"E2BIG\0")
        with pytest.raises(StoreError) as caught:
            call.result()
        assert caught.value.errno == errno.E2BIG
        assert store._connection._session.queues == {}

    def test_a_depth_goes_to_the_daemon(self, wire):
        store, peer = wire
        call = Background(lambda: store.watch("/w", depth=2))
        assert peer.answer()[3].split(b"\0")[2] == b"2"
        close(call.result(), peer)

    def test_for_an_unknown_token_or_without_sense_harm_nothing(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        peer.event(b"/w", b"who?")
        peer.send(15, 1, b"")
        peer.send(15, 1, b"\xff" * 4096)
        peer.event(b"/w/x", token)
        assert made.get().path == "/w/x"
        assert store._connection._session.strays == 3
        close(made, peer)

    def test_the_reply_without_an_id_of_an_old_linux(self):
        store, peer = storepeer.connect(device=True, timeout=storepeer.GUARD)
        with store:
            call = Background(store.watch, "/w")
            assert peer.answer(b"/local/domain/0\0")[0] == GET_DOMAIN_PATH
            assert peer.message()[0] == WATCH
            peer.send(WATCH, 0, b"OK\0")
            made = call.result()
            call = Background(made.close)
            assert peer.answer(b"/local/domain/0\0")[0] == GET_DOMAIN_PATH
            assert peer.message()[0] == UNWATCH
            peer.send(UNWATCH, 0, b"OK\0")
            call.result()
        peer.close()


class TestClosing:
    def test_says_path_then_token(self, wire):
        store, peer = wire
        made, token = watch(store, peer, "/some/path")
        call = Background(made.close)
        assert peer.answer()[3] == b"/some/path\0" + token + b"\0"
        call.result()
        made.close()
        assert made.closed
        assert "closed" in repr(made)
        with pytest.raises(ValueError, match="closed"):
            made.get()
        assert list(made) == []

    def test_ends_those_who_wait(self, wire):
        store, peer = wire
        made, _ = watch(store, peer)
        getter, looper = Background(made.get), Background(lambda: list(made))
        while storepeer.sleepers(store) < 2:
            time.sleep(0.001)
        closing = Background(made.close)
        # Both at once, whether the daemon answers or not.
        with pytest.raises(ValueError, match="closed"):
            getter.result()
        assert looper.result() == []
        assert closing.running
        assert peer.answer()[0] == UNWATCH
        closing.result()

    @pytest.mark.parametrize("answer", [b"ENOENT\0", b"EINVAL\0"])
    def test_of_one_the_daemon_has_forgotten_is_no_error(self, wire, answer):
        store, peer = wire
        made, _ = watch(store, peer)
        call = Background(made.close)
        peer.send(ERROR, peer.message()[1], answer)
        call.result()

    def test_after_the_connections_end_is_no_error(self, wire):
        store, peer = wire
        made, _ = watch(store, peer)
        peer.close()
        with pytest.raises(StoreConnectionError):
            made.get()
        made.close()
        assert made.closed

    def test_one_that_is_forgotten_is_a_warning_and_ended_with_the_next_request(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        with pytest.warns(ResourceWarning, match="watch never closed: <Watch '/w'"):
            del made
        call = Background(store.read, "/a")
        request = peer.answer()
        assert (request[0], request[3]) == (UNWATCH, b"/w\0" + token + b"\0")
        peer.answer(b"v")
        assert call.result() == b"v"
        assert store._connection._session.queues == {}

    def test_a_watch_keeps_its_store(self, machine):
        watch = Store.open(kernel=machine.dom0).watch("/t")
        gc.collect()
        assert watch.get(1).path == "/t"
        watch.close()
        with pytest.warns(ResourceWarning, match="unclosed <Store"):
            del watch


class TestReaders:
    def test_a_slow_one_loses_old_events_and_is_told(self, wire):
        store, peer = wire
        slow, slow_token = watch(store, peer, "/slow", limit=10)
        quick, quick_token = watch(store, peer, "/quick")

        def flood():
            for n in range(1000):
                peer.event(b"/slow/%d" % n, slow_token)
                peer.event(b"/slow/same", slow_token)
                if n % 100 == 0:
                    peer.event(b"/quick/%d" % n, quick_token)

        flooding = Background(flood)
        assert [quick.get().path for _ in range(10)] == [f"/quick/{n * 100}" for n in range(10)]
        call = Background(store.read, "/a")
        flooding.result()
        peer.answer(b"v")
        call.result()
        assert slow.pending <= 10
        assert slow.dropped + slow.merged + slow.pending == 2000
        assert slow.dropped > 900
        paths = [slow.get(0).path for _ in range(slow.pending)]
        assert "/slow/same" in paths
        assert paths[-1] == "/slow/999" or paths[-2] == "/slow/999"
        close(slow, peer)
        close(quick, peer)

    def test_one_that_dies_harms_no_other(self, xs):
        with xs.watch("/t") as watch:

            def die():
                for _ in watch:
                    raise ZeroDivisionError

            dead = Background(die)
            with pytest.raises(ZeroDivisionError):
                dead.result()
            xs.write("/t/a", "1")
            assert watch.get(1).path == "/t/a"

    def test_many_share_one_and_each_event_goes_to_one_of_them(self, xs):
        count = 200
        with xs.watch("/t", limit=1000) as watch:
            readers = [Background(lambda: [event.path for event in watch]) for _ in range(4)]
            for n in range(count):
                xs.write(f"/t/{n}", "x")
            # The last one wakes all: what is queued has gone by then.
            while watch.pending:
                time.sleep(0.001)
            watch.close()
            seen = [path for reader in readers for path in reader.result()]
        assert sorted(seen) == sorted(["/t", *(f"/t/{n}" for n in range(count))])

    def test_iteration_gives_what_came_before_the_end_then_its_cause(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        for n in range(3):
            peer.event(b"/w/%d" % n, token)
        peer.close()
        seen = []

        def loop():
            for event in made:
                seen.append(event.path)

        with pytest.raises(StoreConnectionError, match="closed the connection"):
            loop()
        assert seen == ["/w/0", "/w/1", "/w/2"]
        made.close()

    def test_events_before_the_end_are_not_lost(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        for n in range(3):
            peer.event(b"/w/%d" % n, token)
        peer.close()
        assert [made.get().path for _ in range(3)] == ["/w/0", "/w/1", "/w/2"]
        for _ in range(2):
            with pytest.raises(StoreConnectionError, match="closed the connection"):
                made.get()
        made.close()

    def test_a_thousand(self, machine):
        with Store.open(kernel=machine.dom0) as xs, Store.open(kernel=machine.dom0) as other:
            with other.transaction() as t:
                for n in range(1000):
                    t.mkdir(f"/t/{n}")
            watches = [xs.watch(f"/t/{n}") for n in range(1000)]
            for made in watches:
                made.get(1)
            for n in (0, 500, 999):
                other.write(f"/t/{n}/x", "1")
                assert watches[n].get(1).path == f"/t/{n}/x"
            assert sum(made.pending for made in watches) == 0
            other.rm("/t")
            assert {made.get(1).path for made in watches} == {f"/t/{n}" for n in range(1000)}


class TestSelectors:
    def ready(self, store, timeout=0):
        return bool(select.select([store], [], [], timeout)[0])

    def test_a_descriptor_tells_when_to_dispatch(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        assert not self.ready(store)
        peer.event(b"/w/x", token)
        assert self.ready(store, storepeer.GUARD)
        assert store.dispatch() == 1
        assert made.pending == 1
        assert made.get(0).path == "/w/x"
        assert store.dispatch() == 0
        assert not self.ready(store)
        close(made, peer)

    def test_another_call_cannot_take_the_wake_up_away(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        store.fileno()
        call = Background(store.read, "/a")
        _, req_id, _, _ = peer.message()
        peer.event(b"/w/x", token)
        peer.send(READ, req_id, b"v")
        call.result()
        assert self.ready(store)
        assert store.dispatch() == 1
        assert not self.ready(store)
        assert made.get(0).path == "/w/x"
        close(made, peer)

    def test_events_from_before_it_was_asked_for_count(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        peer.event(b"/w", token)
        call = Background(store.read, "/a")
        peer.answer(b"v")
        call.result()
        assert made.pending == 1
        assert self.ready(store)
        close(made, peer)

    def test_the_end_is_told(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        store.fileno()
        peer.event(b"/w", token)
        peer.close()
        assert self.ready(store, storepeer.GUARD)
        while not store.dispatch():
            pass
        assert made.get(0).path == "/w"
        assert self.ready(store)
        with pytest.raises(StoreConnectionError):
            store.dispatch()
        made.close()

    def test_endless_data_does_not_keep_dispatch(self, wire):
        store, peer = wire
        made, token = watch(store, peer, limit=10)
        stop = []

        def flood():
            while not stop:
                try:
                    peer.event(b"/w/x", token)
                except OSError:
                    return

        flooding = Background(flood)
        for _ in range(50):
            store.dispatch()
        # Nor a call with a deadline.
        store.timeout = 0.05
        with pytest.raises(StoreTimeoutError):
            store.read("/a")
        store.close()
        stop.append(1)
        flooding.wait()
        assert made.dropped == 0
        assert made.merged > 0

    def test_epoll_takes_it_too(self, wire):
        store, peer = wire
        made, token = watch(store, peer)
        with select.epoll() as poller:
            poller.register(store, select.EPOLLIN)
            assert poller.poll(0) == []
            peer.event(b"/w", token)
            assert poller.poll(storepeer.GUARD)
            store.dispatch()
            assert poller.poll(0) == []
        close(made, peer)


class TestReconnection:
    @pytest.fixture
    def daemon(self, tmp_path):
        path = str(tmp_path / "socket")

        class Daemon:
            def start(self):
                self.server = socket.socket(socket.AF_UNIX)
                self.server.bind(path)
                self.server.listen()
                self.server.settimeout(storepeer.GUARD)

            def accept(self):
                return Peer(self.server.accept()[0])

            def stop(self):
                self.server.close()
                os.unlink(path)

        made = Daemon()
        made.path = path
        made.start()
        yield made
        made.server.close()

    def test_sets_up_watches_again_and_loses_transactions(self, daemon):
        with Store.open(daemon.path) as store:
            peer = daemon.accept()
            assert store.reconnect() is False
            one, token = watch(store, peer, "/one", depth=1)
            two, _ = watch(store, peer, "/two")
            call = Background(store.transaction)
            peer.answer(b"5\0")
            lost = call.result()
            waiting = Background(one.get)
            fileno = store.fileno()
            daemon.stop()
            peer.close()
            with pytest.raises(StoreConnectionError, match="reconnect"):
                waiting.result()
            assert not store.connected
            assert "disconnected" in repr(store)
            with pytest.raises(NoXenError):
                store.reconnect()
            daemon.start()

            call = Background(store.reconnect)
            peer = daemon.accept()
            request = peer.answer()
            assert (request[0], request[3]) == (WATCH, b"/one\0" + token + b"\x001\0")
            peer.event(b"/one", token)
            request = peer.answer()
            assert (request[0], request[3].split(b"\0")[0]) == (WATCH, b"/two")
            assert call.result() is True
            assert store.connected
            assert store.fileno() == fileno
            assert select.select([store], [], [], storepeer.GUARD)[0]
            assert one.get(1).path == "/one"

            # Its id may be another's by now: nothing of it is sent.
            with pytest.raises(StoreConnectionError, match="lost"):
                lost.read("/x")
            with pytest.raises(StoreConnectionError, match="lost"):
                lost.commit()
            call = Background(store.read, "/a")
            assert peer.answer(b"v")[0] == READ
            call.result()
            close(one, peer)
            close(two, peer)
            peer.close()

    def test_a_watch_that_is_refused_then_raises_when_asked(self, daemon):
        with Store.open(daemon.path) as store:
            peer = daemon.accept()
            made, _ = watch(store, peer, "/one")
            peer.close()
            with pytest.raises(StoreConnectionError):
                made.get()
            call = Background(store.reconnect)
            peer = daemon.accept()
            peer.send(ERROR, peer.message()[1], b"EACCES\0")
            assert call.result() is True
            for _ in range(2):
                with pytest.raises(StorePermissionError) as caught:
                    made.get(5)
                assert caught.value.path == "/one"
            made.close()
            call = Background(store.read, "/a")
            assert peer.answer(b"v")[0] == READ
            call.result()
            peer.close()

    def test_of_many_threads_at_once_is_one(self, daemon):
        with Store.open(daemon.path) as store:
            daemon.accept().close()
            with pytest.raises(StoreConnectionError):
                store.read("/a")
            calls = [Background(store.reconnect) for _ in range(4)]
            results = [call.result() for call in calls]
            assert results.count(True) == 1
            peers = []
            daemon.server.setblocking(False)
            while True:
                try:
                    peers.append(daemon.accept())
                except BlockingIOError:
                    break
            call = Background(store.read, "/a")
            live = [peer for peer in peers if select.select([peer.sock], [], [], 1)[0]]
            for peer in live:
                try:
                    peer.answer(b"v")
                except EOFError:
                    continue
            assert call.result() == b"v"
            for peer in peers:
                peer.close()

    def test_an_adopted_descriptor_cannot(self):
        ours, theirs = socket.socketpair()
        with Store.adopt(ours.detach()) as store:
            theirs.close()
            with pytest.raises(StoreConnectionError):
                store.read("/a")
            with pytest.raises(StoreConnectionError):
                store.reconnect()

    def test_the_not_found_of_one_node_is_not_an_end(self, xs):
        with pytest.raises(NodeNotFoundError):
            xs.read("/none")
        assert xs.connected
