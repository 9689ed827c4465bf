"""The two ways to the simulated xenstored: faults on demand, what is outstanding, forks, threads."""

from __future__ import annotations

import gc
import os
import struct
import threading
import warnings
from errno import (
    EINTR,
    EIO,
    ENOMEM,
)

import pytest
from simraw import death_of, refused
from storeraw import (
    READ,
    SOCKET,
    UNWATCH,
    WATCH,
    WRITE,
    XENBUS,
    Client,
    guest_of,
    packed,
    says,
    unpacked,
)

from xensys.sim import Machine, SimulatorGap, SimulatorMisuse

OK = b"OK\0"


class TestFaults:
    def test_errors(self, machine, either):
        kernel = machine.dom0
        device = machine.open_files.find(either.fd).device
        kernel.faults.fail("write", ENOMEM, device=device)
        with refused(ENOMEM):
            kernel.write(either.fd, packed(READ, b"domid\0"))
        assert either.read("domid") == b"0"
        either.raw(packed(READ, b"domid\0"))
        kernel.faults.fail("read", EINTR, device=device)
        with refused(EINTR):
            kernel.read(either.fd, 100)
        assert len(either.messages()) == 1

    def test_connect(self, machine):
        machine.dom0.faults.fail("connect", EIO, path=SOCKET)
        with refused(EIO):
            machine.dom0.connect(SOCKET)
        machine.dom0.faults.fail("eventfd", ENOMEM)
        with refused(ENOMEM):
            machine.dom0.eventfd()
        machine.dom0.faults.fail("wait", ENOMEM)
        with refused(ENOMEM):
            machine.dom0.wait([], [], 0)

    def test_short_transfers(self, machine, either):
        kernel = machine.dom0
        kernel.faults.shorten("write", 5, times=None)
        kernel.faults.shorten("read", 7, times=None)
        message = packed(READ, b"/local/domain/0/name\0", req=1)
        while message:
            done = kernel.write(either.fd, message)
            assert 0 < done <= 5
            message = message[done:]
        data = b""
        while either.ready():
            piece = kernel.read(either.fd, 100)
            assert 0 < len(piece) <= 7
            data += piece
        assert unpacked(data) == ([(READ, 1, 0, b"Domain-0")], b"")
        with pytest.raises(ValueError, match="short"):
            kernel.faults.shorten("open", 1)

    @pytest.mark.parametrize("after", range(1, 25))
    def test_dropped_in_the_middle(self, machine, dom0, after):
        machine.dom0.drop_connection(dom0.fd, after=after)
        machine.dom0.write(dom0.fd, packed(READ, b"name\0", req=1))
        data = b""
        while piece := machine.dom0.read(dom0.fd, 100):
            data += piece
        assert data == packed(READ, b"Domain-0", req=1)[:after]

    def test_dropped_at_once(self, machine, dom0):
        machine.dom0.drop_connection(dom0.fd)
        assert machine.dom0.read(dom0.fd, 1) == b""
        other = Client(machine.dom0)
        machine.dom0.drop_connection(other.fd, reset=True)
        with pytest.raises(ConnectionResetError):
            machine.dom0.read(other.fd, 1)
        with pytest.raises(SimulatorMisuse):
            machine.dom0.drop_connection(Client(machine.dom0, XENBUS).fd)

    def test_a_reply_to_nobody(self, machine, dom0, bus):
        def foreign(connection, message):
            kind, req, tx, length = struct.unpack_from("<4I", message)
            return struct.pack("<4I", kind, req ^ 0x8000_0000, tx, length) + message[16:]

        machine.store.tamper = foreign
        dom0.raw(packed(READ, b"domid\0", req=1))
        assert dom0.messages() == [(READ, 0x8000_0001, 0, b"0")]
        # The kernel drops what it did not ask for.
        bus.raw(packed(READ, b"domid\0", req=1))
        assert bus.messages() == []
        assert machine.xenbus(0).unanswered == 1
        machine.store.tamper = None

    def test_kept_back(self, machine, either):
        machine.store.hold()
        either.raw(packed(WRITE, b"/x\0v", req=1))
        assert not either.ready()
        assert machine.store.read("/x") == b"v"
        machine.store.let_go()
        assert either.messages() == [(WRITE, 1, 0, OK)]

    def test_a_watch_on_xenbus_does_not_return_meanwhile(self, machine, bus):
        bus.watch("/x", "t")
        machine.store.hold()
        for kind, path in ((WATCH, b"/y"), (UNWATCH, b"/x")):
            with pytest.raises(SimulatorGap):
                bus.raw(packed(kind, path + b"\0t\0"))
        machine.store.let_go()
        bus.watch("/y", "t")

    def test_actions(self, machine, dom0):
        machine.dom0.faults.do("write", machine.domains[1].destroy, after=True, device="xenstored")
        assert dom0.read("/local/domain/1/name") == b"demo"
        with says("ENOENT"):
            dom0.read("/local/domain/1/name")


class TestOutstanding:
    def test_a_guest_waits_for_those_it_told(self, machine, dom0):
        """At most 20 requests, until their events have been taken."""
        inside = guest_of(machine)
        dom0.watch("/local/domain/1/data", "t")
        dom0.take()
        machine.store.hold()
        for number in range(30):
            inside.raw(packed(WRITE, f"data/{number}\0".encode(), req=number))
        domain = machine.store.domains[1]
        assert domain.outstanding == 20
        assert len(machine.store.ls("/local/domain/1/data")) == 20
        machine.store.let_go()
        assert len(machine.store.ls("/local/domain/1/data")) == 30
        assert domain.outstanding == 0
        assert [message[1] for message in inside.messages()] == list(range(30))
        assert len(dom0.take()) == 30

    def test_a_reader_that_does_not_read(self, machine):
        inside = guest_of(machine)
        lazy = Client(machine.dom0)
        for number in range(50):
            lazy.watch("/local/domain/1/data", f"{number}-" + "t" * 1000)
        lazy.take()
        for number in range(200):
            inside.raw(packed(WRITE, b"data/%d\0" % number, req=number))
        done = len(inside.messages())
        assert 20 <= done < 200
        assert len(lazy.take()) == 200 * 50
        assert done + len(inside.messages()) == 200

    def test_dom0_does_not(self, machine, dom0):
        machine.store.hold()
        for number in range(50):
            dom0.raw(packed(WRITE, f"/x/{number}\0".encode()))
        assert len(machine.store.ls("/x")) == 50
        machine.store.let_go()


class TestProcess:
    def test_in_a_forked_child(self, machine, either):
        either.watch("/x", "t")
        either.take()

        def child():
            with pytest.raises(SimulatorGap):
                machine.dom0.write(either.fd, packed(READ, b"domid\0"))
            with pytest.raises(SimulatorGap):
                machine.dom0.read(either.fd, 1)
            machine.dom0.close(either.fd)
            # Opened anew, in the child's own copy of the machine.
            for path in (SOCKET, XENBUS):
                new = Client(machine.dom0, path)
                new.write("/x", b"child's")
                assert new.read("/x") == b"child's"
                new.watch("/x", "mine")
                assert new.take() == ["/x mine"]
            machine.domains[1].destroy()
            machine.store.check()

        assert death_of(child) == 0
        # Nothing of that reached the parent.
        assert either.read("/local/domain/1/name") == b"demo"
        either.write("/x")
        assert either.take() == ["/x t"]

    def test_death_of_the_daemon_is_seen_although_a_child_lives(self, machine, dom0):
        read, write = os.pipe()
        with warnings.catch_warnings():
            # From Python 3.12 on, for forking with threads about.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        try:
            machine.store.kill()
            assert machine.dom0.read(dom0.fd, 1) == b""
            machine.store.restart()
        finally:
            os.close(write)
            os.close(read)
            os.waitpid(pid, 0)

    def test_nothing_leaks(self):
        gc.collect()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            machine = Machine()
            clients = [Client(machine.dom0), Client(machine.dom0, XENBUS)]
            clients[0].watch("/", "t")
            clients[1].watch("/", "t")
            for client in clients:
                client.close()
            Client(machine.dom0).close()
            orphan = Client(machine.dom0)
            os.close(orphan.fd)
            del machine, clients, orphan, client
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == before

    def test_many_opens(self, machine):
        for _ in range(1100):
            machine.dom0.close(machine.dom0.open(XENBUS, os.O_RDWR))
        assert len(machine.open_files.known()) <= 1024

    def test_threads(self, machine):
        def work(number):
            client = Client(machine.dom0, (SOCKET, XENBUS)[number % 2])
            for turn in range(50):
                client.write(f"/t{number}/{turn}", b"%d" % turn)
                assert client.read(f"/t{number}/{turn}") == b"%d" % turn
            done.append(number)

        done = []
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(done) == [0, 1, 2, 3]
        machine.store.check()

    def test_waiting_takes_virtual_time(self, machine, dom0):
        kernel = machine.dom0
        start = kernel.monotonic()
        assert kernel.wait([dom0.fd], (), 3600) == ([], [])
        assert 3600 <= kernel.monotonic() - start < 3601
        dom0.raw(packed(READ, b"domid\0"))
        start = kernel.monotonic()
        assert kernel.wait([dom0.fd], (), 3600) == ([dom0.fd], [])
        assert kernel.monotonic() - start < 1

    def test_trace(self):
        machine = Machine(trace=True)
        client = Client(machine.dom0)
        client.read("domid")
        assert [call.kind for call in machine.log] == ["connect", "write", "wait", "read", "wait"]
        assert machine.log[1].details["device"] == "xenstored"
        assert machine.log[3].result == packed(READ, b"0", req=101)
