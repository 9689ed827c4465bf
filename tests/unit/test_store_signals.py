"""One connection, and signal handlers that interrupt it. Guards are for hangs only."""

from __future__ import annotations

import signal
import socket

import pytest
import storepeer
from storepeer import Alarm, Background, idle, until

from xensys.errors import StoreConnectionError
from xensys.kernel.linux import LinuxKernel
from xensys.store import Store

READ, WATCH, TRANSACTION_END, WRITE, EVENT = 2, 4, 7, 11, 15


@pytest.fixture
def on_alarm():
    """Have a function called in a signal handler, in a while or again and again."""

    def arm(function, after=0.05, every=0.0):
        signal.signal(signal.SIGALRM, lambda *_: function())
        signal.setitimer(signal.ITIMER_REAL, after, every)

    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


class TestSignals:
    def test_a_handler_that_raises_ends_the_call_and_not_the_connection(self, wire, on_alarm):
        def fail():
            raise Alarm

        store, peer = wire
        on_alarm(fail)
        with pytest.raises(Alarm):
            store.read("/a")
        assert idle(store)
        late = peer.message()
        peer.send(READ, late[1], b"late")
        call = Background(store.read, "/b")
        peer.answer(b"v")
        assert call.result() == b"v"

    def test_a_handler_that_raises_in_a_sleeper_hands_on(self, wire, on_alarm):
        def fail():
            raise Alarm

        store, peer = wire
        leader = Background(store.read, "/leader")
        request = peer.message()
        until(lambda: store._connection._leader is not None)
        on_alarm(fail)
        with pytest.raises(Alarm):
            store.read("/a")
        peer.send(READ, request[1], b"v")
        assert leader.result() == b"v"
        assert idle(store)

    def test_many_signals_change_nothing(self, machine, on_alarm):
        ticks = []
        with Store.open(kernel=machine.dom0) as store:
            on_alarm(lambda: ticks.append(1), 0.0005, 0.0005)
            for n in range(300):
                store.write("/t", str(n))
                assert store.read("/t") == str(n).encode()
        assert ticks

    def test_a_handler_may_use_the_store_while_its_thread_waits(self, wire, on_alarm):
        store, peer = wire
        seen = []

        def serve():
            outer = peer.message()
            inner = peer.answer(b"inner")
            # The outer reply comes while the handler reads: it must not be lost on the one it interrupts.
            second = peer.message()
            peer.send(READ, outer[1], b"outer")
            peer.send(READ, second[1], b"second")
            return outer[3], inner[3]

        serving = Background(serve)
        on_alarm(lambda: seen.extend((store.read("/inner"), store.read("/second"))))
        assert store.read("/outer") == b"outer"
        assert seen == [b"inner", b"second"]
        assert serving.result() == (b"/outer\0", b"/inner\0")
        assert idle(store)

    def test_a_handler_that_reads_just_after_the_wait_leaves_nothing_to_read(self):
        """And the descriptor, an adopted one, would block."""

        class Interrupted(LinuxKernel):
            handler = None

            def wait(self, readers, writers=(), timeout=None):
                found = super().wait(readers, writers, timeout)
                handler = self.handler
                if handler is not None and found[0]:
                    self.handler = None
                    handler()
                return found

        kernel = Interrupted()
        ours, theirs = socket.socketpair()
        peer = storepeer.Peer(theirs)
        with Store.adopt(ours.detach(), kernel=kernel) as store:
            seen = []
            outer = Background(store.read, "/outer")
            first = peer.message()
            until(lambda: store._connection._leader is not None and store._connection._leader.parked)
            kernel.handler = lambda: seen.append(store.read("/inner"))
            peer.send(READ, first[1], b"outer")
            peer.answer(b"inner")
            assert outer.result() == b"outer"
            assert seen == [b"inner"]
            assert idle(store)
        peer.close()

    def test_a_handler_that_comes_in_between_is_told(self, wire):
        store, _ = wire
        with store._connection._lock, pytest.raises(RuntimeError, match="reentrant"):
            store.read("/a")
        assert idle(store)

    def test_handlers_that_use_the_store_at_any_time(self, wire):
        store, peer = wire
        told = []

        def serve():
            while True:
                try:
                    kind, req_id, _, payload = peer.message()
                except EOFError:
                    return
                peer.send(kind, req_id, payload)

        def use():
            try:
                told.append(store.read("/inner"))
            except RuntimeError as error:
                told.append(error)
            # Not from a timer that goes on: handlers would pile up on top of each other.
            signal.setitimer(signal.ITIMER_REAL, 0.0001 + len(told) % 7 * 0.0001)

        serving = Background(serve)
        signal.signal(signal.SIGALRM, lambda *_: use())
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        try:
            for n in range(2000):
                assert store.read(f"/{n}") == b"/%d\0" % n
        finally:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_REAL, 0)
        assert told.count(b"/inner\0") > 10
        assert all(one == b"/inner\0" or isinstance(one, RuntimeError) for one in told)
        assert idle(store)
        store.close()
        serving.wait()

    def test_bytes_that_a_handlers_exception_may_have_lost_end_the_connection(self):
        class Interrupted(LinuxKernel):
            armed = False

            def read(self, fd, length):
                data = super().read(fd, length)
                if self.armed and length != 8:
                    raise Alarm
                return data

        kernel = Interrupted()
        store, peer = storepeer.connect(kernel)
        with store:
            kernel.armed = True
            call = Background(store.read, "/a")
            peer.answer(b"v")
            with pytest.raises(Alarm):
                call.result()
            with pytest.raises(StoreConnectionError, match="interrupted"):
                store.read("/b")
            assert idle(store)
        peer.close()
