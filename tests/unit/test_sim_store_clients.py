"""The two ways to the simulated xenstored, its socket and xenbus; faults on demand, forks, threads."""

from __future__ import annotations

import asyncio
import os
import select
import struct
import threading
from errno import (
    E2BIG,
    EACCES,
    EAGAIN,
    EBADF,
    ECONNREFUSED,
    EINVAL,
    ENAMETOOLONG,
    ENOENT,
    EPIPE,
)

import pytest
from simraw import refused
from storeraw import (
    DIRECTORY,
    END,
    ERROR,
    EVENT,
    READ,
    SOCKET,
    START,
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

from xensys.sim import Machine, SimulatorGap

OK = b"OK\0"


class TestConnecting:
    def test_paths(self, machine):
        for path in ("/run/xenstored/socket", "/var/run/xenstored/socket"):
            assert machine.dom0.is_socket(path)
            assert machine.dom0.access(path) == 0
            assert Client(machine.dom0, path).read("domid") == b"0"
        for path in ("/dev/xen/xenbus", "/proc/xen/xenbus"):
            assert not machine.dom0.is_socket(path)
            assert machine.dom0.access(path) == 0
            assert Client(machine.dom0, path).read("domid") == b"0"

    def test_refusals(self, machine):
        kernel = machine.dom0
        for path, errno in (
            ("/run/other", ENOENT),
            ("/dev/xen/xenbus", ECONNREFUSED),
            ("/" + "x" * 107, ENAMETOOLONG),
            ("/" + "x" * 106, ENOENT),
        ):
            with refused(errno):
                kernel.connect(path)
        with refused(ENOENT):
            kernel.is_socket("/run/other")

    def test_guests_have_xenbus_only(self, machine):
        kernel = machine.domains[1].kernel()
        assert kernel.access(SOCKET) == ENOENT
        with refused(ENOENT):
            kernel.connect(SOCKET)
        assert Client(kernel, "/proc/xen/xenbus").read("domid") == b"1"

    def test_not_root(self):
        kernel = Machine(root=False).dom0
        assert kernel.access(SOCKET) == EACCES
        with refused(EACCES):
            kernel.connect(SOCKET)
        with refused(EACCES):
            kernel.open(XENBUS, os.O_RDWR)

    def test_no_xen(self):
        kernel = Machine(xen=None).dom0
        with refused(ENOENT):
            kernel.connect(SOCKET)
        with refused(ENOENT):
            kernel.open(XENBUS, os.O_RDWR)

    def test_personalities(self):
        kernel = Machine(
            store_sockets=["/custom/socket"],
            xenbus_nodes=["/proc/xen/xenbus"],
            node_errors={"/proc/xen/xenbus": ENOENT},
        ).dom0
        assert Client(kernel, "/custom/socket").read("domid") == b"0"
        with refused(ENOENT):
            kernel.connect(SOCKET)
        for path in (XENBUS, "/proc/xen/xenbus"):
            with refused(ENOENT):
                kernel.open(path, os.O_RDWR)

    def test_descriptors(self, machine, either):
        assert not os.get_inheritable(either.fd)
        assert machine.dom0.get_blocking(either.fd)
        fd = machine.dom0.open(XENBUS, os.O_RDWR | os.O_NONBLOCK)
        assert not machine.dom0.get_blocking(fd)
        machine.dom0.close(fd)

    def test_as_it_was_opened(self, machine):
        for flags, call in (
            (os.O_RDONLY, lambda fd: machine.dom0.write(fd, b"x")),
            (os.O_WRONLY, lambda fd: machine.dom0.read(fd, 1)),
        ):
            fd = machine.dom0.open(XENBUS, flags)
            with refused(EBADF):
                call(fd)
            machine.dom0.close(fd)

    def test_drivers_without_read_and_write(self, machine):
        fd = machine.dom0.open("/dev/xen/privcmd", os.O_RDWR)
        with refused(EINVAL):
            machine.dom0.read(fd, 1)
        with refused(EINVAL):
            machine.dom0.write(fd, b"x")


class TestBytes:
    def test_a_request_in_pieces(self, either):
        message = packed(READ, b"/local/domain/0/domid\0", req=3)
        for at in range(len(message)):
            assert not either.ready()
            either.raw(message[at : at + 1])
        assert either.messages() == [(READ, 3, 0, b"0")]

    def test_replies_in_pieces(self, either):
        either.raw(packed(READ, b"/local/domain/0/name\0", req=3))
        data = b""
        while either.ready():
            data += either.kernel.read(either.fd, 3)
        assert unpacked(data) == ([(READ, 3, 0, b"Domain-0")], b"")

    def test_many_requests_in_one_write(self, dom0):
        dom0.raw(b"".join(packed(READ, b"domid\0", req=number) for number in range(50)))
        assert [message[1] for message in dom0.messages()] == list(range(50))

    def test_more_than_a_socket_holds(self, machine, dom0):
        dom0.write("/x", b"v" * 4000)
        for number in range(500):
            dom0.raw(packed(READ, b"/x\0", req=number))
        assert machine.store.connections[-1].queued > 0
        messages = dom0.messages()
        assert [message[1] for message in messages] == list(range(500))
        assert {len(message[3]) for message in messages} == {4000}

    def test_more_than_a_pipe_holds(self, machine, bus):
        bus.write("/x", b"v" * 4000)
        for number in range(500):
            bus.raw(packed(READ, b"/x\0", req=number))
        assert [message[1] for message in bus.messages()] == list(range(500))

    def test_the_longest_payload(self, dom0):
        dom0.write("/x", b"v" * 4093)
        assert len(dom0.read("/x")) == 4093

    def test_too_long_a_payload_is_the_end(self, machine, dom0):
        dom0.raw(packed(READ, b"domid\0") + struct.pack("<4I", READ, 1, 0, 4097))
        # What was sent before can still be read.
        assert machine.dom0.read(dom0.fd, 100) == packed(READ, b"0")
        assert machine.dom0.read(dom0.fd, 10) == b""
        with refused(EPIPE):
            machine.dom0.write(dom0.fd, b"x")

    def test_with_more_unread_it_is_a_reset(self, machine, dom0):
        machine.dom0.write(dom0.fd, struct.pack("<4I", READ, 1, 0, 4097) + bytes(100))
        with pytest.raises(ConnectionResetError):
            machine.dom0.read(dom0.fd, 10)
        assert machine.dom0.read(dom0.fd, 10) == b""

    def test_only_the_culprits(self, machine, dom0):
        other = Client(machine.dom0)
        other.raw(struct.pack("<4I", READ, 1, 0, 1 << 31))
        assert dom0.read("domid") == b"0"

    def test_closed(self, machine, either):
        either.close()
        for call in (lambda: machine.dom0.read(either.fd, 1), lambda: machine.dom0.write(either.fd, b"x")):
            with refused(EBADF):
                call()

    def test_a_duplicate_keeps_it_open(self, machine, either):
        again = os.dup(either.fd)
        connections = len(machine.store.connections)
        either.close()
        either.fd = again
        assert either.read("domid") == b"0"
        assert len(machine.store.connections) == connections
        either.close()

    def test_readiness(self, machine, dom0, bus):
        kernel = machine.dom0
        both = [dom0.fd, bus.fd]
        # xenbus is never ready for writing.
        assert kernel.wait(both, both, 0) == ([], [dom0.fd])
        for client in (dom0, bus):
            client.raw(packed(READ, b"domid\0"))
        assert kernel.wait(both, both, 0) == (both, [dom0.fd])
        assert kernel.wait((), [bus.fd], 0) == ([], [])
        poller = select.epoll()
        poller.register(bus.fd, select.EPOLLIN)
        assert poller.poll(0) == [(bus.fd, select.EPOLLIN)]
        poller.close()

    def test_asyncio(self, either):
        async def body():
            loop = asyncio.get_running_loop()
            arrived = asyncio.Event()
            loop.add_reader(either.fd, arrived.set)
            either.raw(packed(READ, b"domid\0", req=8))
            await asyncio.wait_for(arrived.wait(), 10)
            loop.remove_reader(either.fd)
            return either.messages()

        assert asyncio.run(body()) == [(READ, 8, 0, b"0")]

    def test_nonblocking(self, machine, either):
        machine.dom0.set_blocking(either.fd, False)
        with refused(EAGAIN):
            machine.dom0.read(either.fd, 10)

    def test_a_blocked_read_ends_with_a_reply_to_another_thread(self, either):
        got = []
        thread = threading.Thread(target=lambda: got.append(either.kernel.read(either.fd, 100)))
        thread.start()
        either.raw(packed(READ, b"domid\0", req=8))
        thread.join(10)
        assert got == [packed(READ, b"0", req=8)]


class TestXenbus:
    def test_4096_bytes_with_the_header(self, machine, bus):
        bus.write("/x", b"v" * (4096 - 16 - 3))
        assert len(bus.read("/x")) == 4077
        with refused(EINVAL):
            machine.dom0.write(bus.fd, packed(WRITE, b"/x\0" + b"v" * 4078))

    def test_too_many_bytes_drop_what_was_there(self, machine, bus):
        bus.raw(packed(READ, b"/local\0")[:17])
        with refused(EINVAL):
            machine.dom0.write(bus.fd, bytes(4080))
        assert bus.read("domid") == b"0"

    def test_too_long_by_its_header(self, machine, bus):
        with refused(E2BIG):
            machine.dom0.write(bus.fd, struct.pack("<4I", READ, 1, 0, 4081))
        bus.raw(struct.pack("<2I", READ, 1))
        with refused(E2BIG):
            machine.dom0.write(bus.fd, struct.pack("<2I", 0, 0xFFFF_FFFF))
        assert bus.read("domid") == b"0"

    def test_what_follows_a_message_in_its_write_is_lost(self, bus):
        bus.raw(packed(READ, b"domid\0", req=1) + packed(READ, b"name\0", req=2) + b"junk")
        assert bus.messages() == [(READ, 1, 0, b"0")]
        assert bus.read("name") == b"Domain-0"

    def test_nothing_written(self, machine, bus):
        assert machine.dom0.write(bus.fd, b"") == 0

    def test_read_of_nothing(self, machine, bus):
        with pytest.raises(SimulatorGap, match="never returns"):
            machine.dom0.read(bus.fd, 0)
        machine.dom0.set_blocking(bus.fd, False)
        with refused(EAGAIN):
            machine.dom0.read(bus.fd, 0)
        bus.raw(packed(READ, b"domid\0"))
        with pytest.raises(SimulatorGap, match="never returns"):
            machine.dom0.read(bus.fd, 0)

    def test_request_ids_and_errors_come_back(self, bus):
        bus.raw(packed(READ, b"/nothing\0", req=0xFFFF_FFFF))
        bus.raw(packed(READ, b"domid\0", req=0))
        assert bus.messages() == [(ERROR, 0xFFFF_FFFF, 0, b"ENOENT\0"), (READ, 0, 0, b"0")]

    def test_files_do_not_hear_each_other(self, machine, bus):
        other = Client(machine.dom0, XENBUS)
        other.watch("/x", "mine")
        other.take()
        bus.watch("/x", "mine")
        bus.take()
        bus.write("/x/y")
        assert bus.take() == ["/x/y mine"]
        assert other.take() == ["/x/y mine"]
        other.raw(packed(READ, b"name\0", req=1))
        assert bus.messages() == []
        assert other.messages() == [(READ, 1, 0, b"Domain-0")]


class TestXenbusWatches:
    def test_are_the_kernels(self, machine, bus):
        bus.watch("/x", "tok")
        (watch,) = (w for conn in machine.store.connections for w in conn.watches)
        assert watch.name == b"/x"
        assert int(watch.token, 16) > 0
        assert bus.take() == ["/x tok"]

    def test_reply_is_synthetic(self, bus):
        bus.raw(packed(WATCH, b"/x\0t\0", req=6, tx=99))
        assert bus.messages() == [(WATCH, 6, 99, OK), (EVENT, 0, 0, b"/x\0t\0")]
        bus.raw(packed(UNWATCH, b"/x\0t\0", req=7, tx=99))
        assert bus.messages() == [(UNWATCH, 7, 99, OK)]

    @pytest.mark.parametrize("kind", [WATCH, UNWATCH])
    @pytest.mark.parametrize("payload", [b"", b"/x", b"/x\0", b"/x\0t"])
    def test_malformed(self, bus, kind, payload):
        bus.raw(packed(kind, payload, req=4))
        assert bus.messages() == [(ERROR, 4, 0, b"EINVAL\0")]

    def test_more_strings_do_not_matter(self, bus):
        bus.raw(packed(WATCH, b"/x\0t\0more\0", req=4))
        assert [message[0] for message in bus.messages()] == [WATCH, EVENT]

    def test_what_the_daemon_refuses_is_the_writes_error(self, machine, bus):
        with refused(EINVAL):
            machine.dom0.write(bus.fd, packed(WATCH, b"/x y\0t\0"))
        assert not bus.ready()
        assert bus.read("domid") == b"0"

    def test_the_same_twice_is_twice(self, bus):
        for _ in range(2):
            bus.watch("/x", "t")
        bus.take()
        bus.write("/x")
        assert bus.take() == ["/x t", "/x t"]
        assert bus.ask(UNWATCH, "/x", "t") == OK
        bus.write("/x")
        assert bus.take() == ["/x t"]

    def test_unknown_to_take_back(self, bus):
        assert bus.ask(UNWATCH, "/never", "t") == OK
        bus.watch("/x", "t")
        assert bus.ask(UNWATCH, "/x", "u") == OK
        bus.take()
        bus.write("/x")
        assert bus.take() == ["/x t"]

    def test_end_with_the_last_descriptor(self, machine, bus):
        bus.watch("/x", "t")
        again = os.dup(bus.fd)
        bus.close()
        ring = machine.store.ring(0)
        assert len(ring.watches) == 1
        os.close(again)
        Client(machine.dom0).close()
        assert ring.watches == []

    def test_relative(self, machine):
        inside = guest_of(machine)
        inside.watch("data", "t")
        assert inside.take() == ["data t"]

    def test_other_order(self, machine, bus):
        machine.xenbus(0).late_events = True
        bus.raw(packed(WATCH, b"/x\0t\0", req=6))
        assert [message[0] for message in bus.messages()] == [EVENT, WATCH]
        bus.raw(packed(WRITE, b"/x\0", req=7))
        assert [message[0] for message in bus.messages()] == [WRITE, EVENT]

    def test_headers_of_events_are_garbage(self, machine, bus):
        machine.xenbus(0).event_header = (0xAAAA_AAAA, 0x5555_5555)
        bus.raw(packed(WATCH, b"/x\0t\0", req=6))
        assert bus.messages()[1] == (EVENT, 0xAAAA_AAAA, 0x5555_5555, b"/x\0t\0")


class TestXenbusTransactions:
    def test_are_the_files(self, machine, bus):
        tx = bus.start()
        other = Client(machine.dom0, XENBUS)
        with says("ENOENT"):
            other.read("/", tx=tx)
        assert other.start() != tx
        bus.write("/x", b"1", tx=tx)
        bus.end(tx)
        assert other.read("/x") == b"1"
        with says("ENOENT"):
            bus.read("/", tx=tx)

    @pytest.mark.parametrize("payload", [b"", b"T", b"X\0", b"TT\0", b"T\0\0"])
    def test_end(self, bus, payload):
        tx = bus.start()
        with says("EINVAL"):
            bus.transact(END, payload, tx=tx)
        bus.end(tx)

    def test_unknown_comes_first(self, bus):
        with says("ENOENT"):
            bus.transact(END, b"X\0", tx=77)

    def test_end_of_none(self, bus):
        with says("EINVAL"):
            bus.transact(END, b"X\0")
        # Linux loses the reply.
        bus.raw(packed(END, b"T\0"))
        assert bus.messages() == []

    def test_a_refused_start_leaves_nothing(self, bus):
        tx = bus.start()
        with says("EBUSY"):
            bus.ask(START, "", tx=tx)
        bus.end(tx)

    def test_conflict(self, machine, bus):
        tx = bus.start()
        bus.write("/x", b"1", tx=tx)
        machine.store.write("/x", "2")
        with says("EAGAIN"):
            bus.end(tx)
        with says("ENOENT"):
            bus.end(tx)

    def test_given_up_at_the_end(self, machine, bus):
        bus.start()
        ring = machine.store.ring(0)
        assert len(ring.transactions) == 1
        bus.close()
        assert not ring.transactions

    def test_save_and_restore(self, machine):
        inside = guest_of(machine)
        one, two = inside.start(), inside.start()
        inside.watch("data", "t")
        inside.take()
        machine.xenbus(1).save_and_restore()
        assert inside.take() == ["data t"]
        with says("EAGAIN"):
            inside.end(one)
        inside.end(two, "F")
        machine.store.write("/local/domain/1/data")
        assert inside.take() == ["data t"]


def test_directory_over_xenbus_is_as_long_as_a_reply(bus):
    """The 4096 bytes of the driver's buffer limit requests, not replies."""
    for number in range(16):
        bus.write(f"/full/{number:0255}")
    assert len(bus.transact(DIRECTORY, b"/full\0")) == 4096
