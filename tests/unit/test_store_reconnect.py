"""The synchronous client interrupted, reconnecting, out of descriptors. Guards are for hangs only."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import select
import socket
import threading

import pytest
import storepeer
from aiopeer import looped
from storepeer import GUARD, Alarm, Background, idle, until

from xensys.errors import StoreConnectionError, StoreTimeoutError, XenError
from xensys.kernel.linux import LinuxKernel
from xensys.store import Store, aio
from xensys.store.protocol import Request

READ, WATCH, TRANSACTION_END = 2, 4, 7


class Interrupting(LinuxKernel):
    """Raises at its n-th system call, before or after it."""

    def __init__(self):
        super().__init__()
        self.left = None
        self.after = False
        self.calls = 0

    def _hook(self, name, *args):
        self.calls += 1
        fire = False
        if self.left is not None:
            self.left -= 1
            fire = self.left == 0
        if fire and not self.after:
            raise Alarm
        result = getattr(super(), name)(*args)
        if fire:
            if name in ("connect", "eventfd"):
                self.close(result)  # as it would be lost
            raise Alarm
        return result

    def connect(self, *args):
        return self._hook("connect", *args)

    def eventfd(self):
        return self._hook("eventfd")

    def set_blocking(self, *args):
        return self._hook("set_blocking", *args)

    def read(self, *args):
        return self._hook("read", *args)

    def write(self, *args):
        return self._hook("write", *args)

    def wait(self, readers, writers=(), timeout=None):
        return self._hook("wait", readers, writers, timeout)


class Daemon:
    """Grants everything, and tells a new watch that something happened."""

    def __init__(self, path):
        self.path = str(path)
        self.held = None
        self.start()

    def start(self):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        self.peers = []
        self.threads = []
        self.accepting = Background(self._accept, self.server)

    def _accept(self, server):
        while True:
            try:
                peer = storepeer.Peer(server.accept()[0])
            except OSError:
                return
            self.peers.append(peer)
            self.threads.append(Background(self._serve, peer))

    def _serve(self, peer):
        try:
            while True:
                kind, req_id, _, payload = peer.message()
                peer.send(kind, req_id, b"OK\0" if kind == WATCH else payload)
                if kind == WATCH:
                    peer.event(*payload.split(b"\0")[:2])
        except (EOFError, OSError):
            return

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        # A connection that waited to be accepted is a peer by then.
        self.accepting.wait()
        self.server.close()
        os.unlink(self.path)
        for peer in self.peers:
            peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.wait()
        for peer in self.peers:
            peer.close()


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path / "socket")
    yield daemon
    daemon.stop()


def died(store, daemon):
    """Have the daemon die and another one start; the connection has ended."""
    daemon.stop()
    with pytest.raises(StoreConnectionError):
        store.read("/a")
    daemon.start()


class TestReconnecting:
    @pytest.mark.parametrize("selected", [False, True])
    @pytest.mark.parametrize("after", [False, True])
    def test_interrupted_anywhere_can_be_done_again(self, daemon, after, selected):
        gc.collect()  # descriptors are counted, and others may have left some in cycles
        kernel = Interrupting()
        with Store.open(daemon.path, kernel=kernel) as store:
            kernel.after = after
            watches = [store.watch(f"/{n}") for n in range(3)]
            if selected:
                store.fileno()
            for watch in watches:
                watch.get(GUARD)
            n = interrupted = 0
            counts = set()
            while True:
                n += 1
                died(store, daemon)
                waiting = [Background(watch.get) for watch in watches]
                for one in waiting:
                    one.wait()
                kernel.left = n
                try:
                    assert store.reconnect()
                except Alarm:
                    interrupted += 1
                reached, kernel.left = kernel.left, None
                assert idle(store)
                if store.connected:
                    assert store.reconnect() is False
                else:
                    for watch in watches:
                        while watch.pending:  # one that was set up already may have its event
                            watch.get(0)
                    with pytest.raises(StoreConnectionError):
                        watches[0].get(0)
                    assert store.reconnect() is True
                assert [watch.get(GUARD).path for watch in watches] == ["/0", "/1", "/2"]
                assert store.read("/a") == b"/a\0"
                for watch in watches:
                    while watch.pending:
                        watch.get(0)
                if selected:
                    store.dispatch()
                    assert select.select([store], [], [], 0)[0] == []
                counts.add(len(os.listdir("/proc/self/fd")) - len(daemon.peers))
                if reached > 0:
                    break
            assert interrupted >= 8
            assert len(counts) == 1
            for watch in watches:
                watch.close()

    def test_an_interruption_wakes_who_waits_for_the_new_one(self, daemon):
        kernel = Interrupting()
        with Store.open(daemon.path, kernel=kernel) as store:
            watches = [store.watch(f"/{n}") for n in range(3)]
            for watch in watches:
                watch.get(GUARD)
            died(store, daemon)
            waiting = []

            def write(fd, data, write=kernel.write):
                if len(data) > 8 and b"/2" in bytes(data):
                    waiting.extend(Background(watch.get) for watch in watches[:1] for _ in range(3))
                    until(
                        lambda: sum(one.running for one in waiting) == 2 and storepeer.sleepers(store) == 2
                    )
                    raise Alarm
                return write(fd, data)

            kernel.write = write
            with pytest.raises(Alarm):
                store.reconnect()
            del kernel.write
            for one in waiting:
                one.wait()
            told = [one for one in waiting if one.error is not None]
            assert len(told) == 2
            assert all("interrupted" in str(one.error) for one in told)
            assert idle(store)
            assert store.reconnect()
            for watch in watches:
                watch.close()

    def test_no_descriptors_left_is_an_error_and_no_more(self, daemon):
        kernel = Interrupting()
        with Store.open(daemon.path, kernel=kernel) as store, store.watch("/w") as watch:
            watch.get(GUARD)
            store.fileno()
            died(store, daemon)
            for name in ("connect", "eventfd"):

                def full(*_):
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

                setattr(kernel, name, full)
                gc.collect()
                before = len(os.listdir("/proc/self/fd")) - len(daemon.peers)
                with pytest.raises(OSError, match="Too many open files"):
                    store.reconnect()
                # The daemon's end is there when its thread has accepted it.
                until(lambda n=before: len(os.listdir("/proc/self/fd")) - len(daemon.peers) == n)
                delattr(kernel, name)
            assert store.reconnect()
            assert watch.get(GUARD).path == "/w"

    def test_nor_is_it_for_selectors(self, daemon, monkeypatch):
        kernel = Interrupting()

        def full(*_):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        with Store.open(daemon.path, kernel=kernel) as store:
            monkeypatch.setattr(kernel, "eventfd", full)
            with pytest.raises(XenError, match="Too many open files"):
                store.fileno()
            with pytest.raises(XenError, match="Too many open files"):
                Store.open(daemon.path, kernel=kernel)
            monkeypatch.undo()
            monkeypatch.setattr(select, "epoll", full)
            with pytest.raises(XenError, match="Too many open files"):
                store.fileno()
            monkeypatch.undo()
            assert select.select([store], [], [], 0)[0] == []
            assert store.read("/a") == b"/a\0"

    def test_a_daemon_that_answers_no_more_is_waited_for_once(self, wire, tmp_path):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / "socket"))
        server.listen()
        with Store.open(str(tmp_path / "socket"), timeout=GUARD) as store:
            peer = storepeer.Peer(server.accept()[0])
            for n in range(3):
                call = Background(store.watch, f"/{n}")
                peer.answer()
                call.result()._queue.closed = True
            peer.close()
            with pytest.raises(StoreConnectionError):
                store.read("/a")
            store.timeout = 0.05
            with pytest.raises(StoreTimeoutError, match="XS_WATCH"):
                store.reconnect()
            assert not store.connected
            silent = storepeer.Peer(server.accept()[0])
            silent.message()
            assert silent.quiet()
            silent.close()
        server.close()

    def test_the_end_of_the_one_before_is_none_of_the_new_one(self, daemon):
        """A writer finds its connection dead when another thread has made a new one already."""
        kernel = Interrupting()
        with Store.open(daemon.path, kernel=kernel) as store:
            inside, go_on = threading.Event(), threading.Event()

            def write(fd, data, write=kernel.write):
                if b"/slow" in bytes(data):
                    inside.set()
                    go_on.wait(GUARD)
                    try:
                        return write(fd, data)
                    finally:
                        del kernel.write
                return write(fd, data)

            kernel.write = write
            slow = Background(store.read, "/slow")
            inside.wait(GUARD)
            daemon.stop()
            with pytest.raises(StoreTimeoutError):
                store._connection.exchange(Request(READ, b"/a\0", 0, b"/a"), 0.05)
            store.fileno()
            with pytest.raises(StoreConnectionError):
                store.dispatch()
            assert not store.connected
            daemon.start()
            assert store.reconnect()
            go_on.set()
            slow.wait()
            assert isinstance(slow.error, StoreConnectionError)
            assert store.connected
            assert store.read("/a") == b"/a\0"
            assert idle(store)


class TestReconnectingInALoop:
    @looped
    async def test_what_the_loop_cannot_wait_for_is_an_error_and_no_hang(self, daemon, monkeypatch):
        async with aio.open(daemon.path) as store, store.watch("/w") as watch:
            await watch.get(GUARD)
            daemon.stop()
            with pytest.raises(StoreConnectionError):
                await store.read("/a")
            daemon.start()

            def full(*_):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            with monkeypatch.context() as patch:
                patch.setattr(asyncio.get_running_loop(), "add_reader", full)
                with pytest.raises(XenError, match="No space left"):
                    await store.reconnect()
            assert not store.connected
            with pytest.raises(StoreConnectionError):
                await store.read("/a")
            assert await store.reconnect()
            assert (await watch.get(GUARD)).path == "/w"
            assert await store.read("/a") == b"/a\0"


class TestUndoing:
    def test_what_could_not_be_sent_is_sent_later(self):
        store, peer = storepeer.connect(room=4096)
        with store:
            begun = []
            for tx in (b"5\0", b"6\0"):
                call = Background(store.transaction)
                peer.answer(tx)
                begun.append(call.result())
            del call
            store.timeout = 0.01
            text = ""
            while "not sent" not in text:
                with pytest.raises(StoreTimeoutError) as caught:
                    store.write("/fill", b"x" * 1000)
                text = str(caught.value)
            del caught
            for _ in range(2):
                with pytest.warns(ResourceWarning):
                    del begun[0]
            for _ in range(2):
                with pytest.raises(StoreTimeoutError, match="no more bytes"):
                    store.read("/no-room")
            assert store.connected
            store.timeout = GUARD
            reading = Background(store.read, "/room")
            seen = []
            while not seen or seen[-1][3] != b"/room\0":
                seen.append(peer.answer(b"v"))
            assert reading.result() == b"v"
            ends = [(kind, tx, payload) for kind, _, tx, payload in seen if kind == TRANSACTION_END]
            assert ends == [(TRANSACTION_END, 5, b"F\0"), (TRANSACTION_END, 6, b"F\0")]
            assert all(payload != b"/no-room\0" for _, _, _, payload in seen)
            assert idle(store)
        peer.close()
