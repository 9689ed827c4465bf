"""vchan in the simulator: what takes two domains, faults, forks, signals or a dead guest."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from vchanfaults import FAULTS, NAMES, belongings

import xensys
from xensys.memory.byterings import ByteReader
from xensys.sim import Machine
from xensys.sim.clock import RealClock
from xensys.store.permissions import Permission
from xensys.vchan import Vchan, VchanClosedError, VchanTimeoutError, _blocking

PATH = "/local/domain/0/data/pipe"
PATIENCE = 60.0
SHORT = 0.2


@pytest.fixture
def machine():
    made = Machine()
    # Threads wait for each other here: no time may pass at once.
    made.clock = RealClock()
    return made


@pytest.fixture
def dom0(machine):
    with xensys.open(kernel=machine.dom0) as xen:
        yield xen


@pytest.fixture
def domu(machine):
    with xensys.open(kernel=machine.domains[1].kernel(unrestricted=True)) as xen:
        yield xen


@pytest.fixture
def pair(dom0, domu):
    """(a server in dom0, a client in domain 1)"""
    with Vchan.listen(dom0, 1, PATH) as server, Vchan.connect(domu, 0, PATH, timeout=PATIENCE) as client:
        server.accept(timeout=PATIENCE)
        yield server, client


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run it; its result or its exception goes into the list."""
    out: list[Any] = []

    def run() -> None:
        try:
            out.append(work())
        except BaseException as error:
            out.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, out


# --- two domains ---


@pytest.mark.parametrize("size", [1024, 4096, 100_000])
def test_two_domains(dom0, domu, size):
    dom0.store.write("/local/domain/1/data/theirs", b"")
    dom0.store.set_permissions("/local/domain/1/data/theirs", [Permission(1)])
    for serving, client_xen, peer, own, path in (
        (dom0, domu, 1, 0, PATH),
        (domu, dom0, 0, 1, "/local/domain/1/data/theirs"),
    ):
        with Vchan.listen(serving, peer, path, read_size=size, write_size=2 * size) as server:
            assert serving.store.get_permissions(f"{path}/ring-ref") == (
                Permission(own),
                Permission(peer, read=True),
            )
            with Vchan.connect(client_xen, own, path, timeout=PATIENCE) as client:
                server.accept(timeout=PATIENCE)
                for one, other in ((server, client), (client, server)):
                    data = os.urandom(5 * size)
                    thread, out = in_thread(lambda e=one, d=data: e.write(d, timeout=PATIENCE))
                    got = b""
                    while len(got) < len(data):
                        got += other.read(size, timeout=PATIENCE)
                    thread.join()
                    assert out == [len(data)]
                    assert got == data


def test_another_domain_cannot_connect(machine, dom0):
    other = machine.add_domain(name="other")
    with xensys.open(kernel=other.kernel(unrestricted=True)) as xen, Vchan.listen(dom0, 1, PATH):
        with pytest.raises(xensys.StorePermissionError):
            Vchan.connect(xen, 0, PATH, timeout=SHORT)
        # Nor if it knows the numbers.
        dom0.store.set_permissions(f"{PATH}/ring-ref", [Permission(0, read=True)])
        dom0.store.set_permissions(f"{PATH}/event-channel", [Permission(0, read=True)])
        with pytest.raises(xensys.XenError) as error:
            Vchan.connect(xen, 0, PATH, timeout=SHORT)
        assert error.value.errno == errno.EINVAL


def test_a_domain_without_its_domid_in_xenstore(dom0, domu):
    dom0.store.rm("/local/domain/1/domid")
    dom0.store.write("/local/domain/1/data/theirs", b"")
    dom0.store.set_permissions("/local/domain/1/data/theirs", [Permission(1)])
    with Vchan.listen(domu, 0, "data/theirs"):
        assert dom0.store.get_permissions("/local/domain/1/data/theirs/ring-ref") == (
            Permission(1),
            Permission(0, read=True),
        )


@pytest.mark.parametrize("persist", [False, True])
def test_a_domain_that_is_destroyed(machine, dom0, domu, monkeypatch, persist):
    """Xen closes its ports and tells nobody; its byte in the page stays as it was."""
    monkeypatch.setattr(_blocking, "ALIVE", 0.05)
    with Vchan.listen(dom0, 1, PATH, persist=persist) as server:
        client = Vchan.connect(domu, 0, PATH, timeout=PATIENCE)
        server.accept(timeout=PATIENCE)
        client.write(b"last words")
        reading, read = in_thread(lambda: [server.read(100, timeout=None), server.read(100)])
        writing, wrote = in_thread(lambda: server.write(bytes(10_000)))
        time.sleep(SHORT)
        assert server.connected
        assert (read, wrote) == ([], [])
        machine.domains[1].destroy()
        deadline = time.monotonic() + PATIENCE
        while server.connected and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.connected
        if persist:
            # Another one may come: they wait for it.
            assert reading.is_alive()
            assert writing.is_alive()
            server.close()
        reading.join(PATIENCE)
        writing.join(PATIENCE)
        if persist:
            assert [type(error) for error in read + wrote] == [ValueError, ValueError]
        else:
            assert read == [[b"last words", b""]]
            assert isinstance(wrote[0], VchanClosedError)
    client.close()


def test_a_living_peer_that_says_nothing_is_not_buried(pair, monkeypatch):
    monkeypatch.setattr(_blocking, "ALIVE", 0.02)
    for end in pair:
        with pytest.raises(VchanTimeoutError):
            end.read(1, timeout=SHORT)
        assert end.connected
        assert end.is_open


def test_without_hypercalls_nobody_looks(machine, pair, monkeypatch):
    monkeypatch.setattr(_blocking, "ALIVE", 0.02)
    server, _ = pair
    fault = machine.dom0.faults.fail("hypercall", errno.EPERM, times=None, op="event_channel_op")
    with pytest.raises(VchanTimeoutError):
        server.read(1, timeout=SHORT)
    assert fault.fired == 1, "it was not asked again"
    assert server.connected


# --- nothing is left ---


def use(xen: xensys.Xen) -> None:
    """A vchan comes and goes; the first time, what is opened then stays open."""
    with Vchan.listen(xen, 0, PATH, read_size=8192), Vchan.connect(xen, 0, PATH, timeout=PATIENCE):
        pass


@pytest.mark.parametrize(("kind", "match"), FAULTS, ids=NAMES)
@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EMFILE])
def test_whatever_fails_nothing_is_left(machine, dom0, kind, match, number):
    use(dom0)
    before = belongings(machine)
    fired = 0
    for nth in range(1, 40):
        fault = machine.dom0.faults.fail(kind, number, nth=nth, **match)
        raised: list[OSError] = []
        try:
            use(dom0)
        except OSError as error:
            raised.append(error)
        machine.dom0.faults.clear()
        if kind == "write" and raised:
            dom0.store.reconnect()
            dom0.store.rm(PATH)
        if not fault.fired:
            break
        fired += 1
        raised.clear()
        assert belongings(machine) == before, (kind, match, nth)
    assert fired, "it was never hit"
    assert not dom0.store.exists(PATH)


def test_a_thousand_times(machine, dom0):
    use(dom0)
    before = belongings(machine)
    for number in range(300):
        with Vchan.listen(dom0, 0, PATH, read_size=[1024, 4096, 8192][number % 3]) as server:
            client = Vchan.connect(dom0, 0, PATH, timeout=PATIENCE)
            client.write(b"x")
            if number % 2:
                assert server.read(1) == b"x"
                client.close()
        client.close()
    assert belongings(machine) == before


def test_a_drop_is_a_warning(dom0):
    server = Vchan.listen(dom0, 1, PATH)
    own = server._own
    with pytest.warns(ResourceWarning, match="unclosed <Vchan server, domain 1"):
        server = None
    own.release()


# --- closed, forked, restricted ---


def calls(end: Vchan) -> dict[str, Callable[[], object]]:
    return {
        "accept": end.accept,
        "read": lambda: end.read(1),
        "readinto": lambda: end.readinto(bytearray(1)),
        "recv": lambda: end.recv(1),
        "write": lambda: end.write(b"x"),
        "send": lambda: end.send(b"x"),
        "wait": lambda: end.wait(0),
        "try_read": lambda: end.try_read(1),
        "try_readinto": lambda: end.try_readinto(bytearray(1)),
        "try_recv": lambda: end.try_recv(1),
        "try_write": lambda: end.try_write(b"x"),
        "try_send": lambda: end.try_send(b"x"),
        "data_ready": end.data_ready,
        "buffer_space": end.buffer_space,
        "fileno": end.fileno,
        "is_open": lambda: end.is_open,
        "connected": lambda: end.connected,
        "read_size": lambda: end.read_size,
        "write_size": lambda: end.write_size,
        "port": lambda: end.port,
        "iter": lambda: next(iter(end)),
    }


def test_the_calls_are_all_there(pair):
    public = {name for name in dir(pair[0]) if not name.startswith("_")}
    others = {"close", "closed", "connect", "domid", "listen", "path", "server"}
    assert public - others == set(calls(pair[0])) - {"iter"}


def test_a_closed_end(pair):
    server, client = pair
    for end in pair:
        end.close()
        end.close()
        assert end.closed
        assert "closed" in repr(end)
        for name, call in calls(end).items():
            with pytest.raises(ValueError, match="closed vchan"):
                print(name, call())
    assert server.path == client.path == PATH


@pytest.mark.parametrize("how", ["read", "try_read"])
def test_an_end_that_is_closed_in_the_middle_of_a_read(pair, monkeypatch, how):
    """Zeros in place of the bytes are nothing to hand out."""
    server, client = pair
    client.write(b"bytes")
    take = ByteReader.take

    def closing(reader: ByteReader, length: int) -> bytes:
        server.close()
        return take(reader, length)

    monkeypatch.setattr(ByteReader, "take", closing)
    with pytest.raises(ValueError, match="closed vchan"):
        getattr(server, how)(10)


def test_a_forked_end(pair):
    server, client = pair
    client.write(b"before")
    said, say = os.pipe()
    pid = os.fork()
    if not pid:
        wrong = []
        for end in pair:
            for name, call in calls(end).items():
                try:
                    call()
                    wrong.append(name)
                except xensys.ForkedError:
                    pass
                except BaseException as error:
                    wrong.append(f"{name}: {error!r}")
            end.close()
            if not end.closed:
                wrong.append("close")
        os.write(say, repr(wrong).encode())
        os._exit(0)
    os.close(say)
    os.waitpid(pid, 0)
    with open(said, "rb") as file:
        assert file.read() == b"[]"
    # The parent's is as it was: the child has told nobody anything.
    assert server.connected
    assert client.connected
    assert server.read(100, timeout=PATIENCE) == b"before"
    server.write(b"after")
    assert client.read(100, timeout=PATIENCE) == b"after"


def test_a_restricted_xen_makes_no_vchan(machine, dom0):
    before = dom0.store.exists(PATH)
    dom0.restrict(1)
    with pytest.raises(xensys.XenPermissionError):
        Vchan.listen(dom0, 1, PATH)
    with pytest.raises(xensys.XenPermissionError):
        Vchan.connect(dom0, 1, PATH, timeout=SHORT)
    assert not before


def test_closing_after_its_xen(machine):
    xen = xensys.open(kernel=machine.dom0)
    server = Vchan.listen(xen, 1, PATH)
    xen.close()
    with pytest.raises(ValueError, match="closed"):
        server.close()
    # Everything is given back, but for the nodes.
    assert server.closed
    assert not [p for p in range(64) if machine.event_channels.status(machine.domains[0], p) is server]
    with xensys.open(kernel=machine.dom0) as again:
        assert again.store.exists(f"{PATH}/ring-ref")


# --- threads and signals ---


def test_readers_take_turns_and_keep_their_time(pair):
    server, client = pair
    first, got = in_thread(lambda: server.recv(4, timeout=PATIENCE))
    time.sleep(SHORT)
    before = time.monotonic()
    with pytest.raises(VchanTimeoutError):
        server.read(1, timeout=SHORT)
    assert time.monotonic() - before < PATIENCE / 2
    # What comes is for who was first.
    client.write(b"fo")
    assert server.try_read(1) is None
    assert server.data_ready() == 0
    client.write(b"ur")
    first.join(PATIENCE)
    assert got == [b"four"]


def test_a_reader_does_not_hold_up_a_writer(pair):
    server, client = pair
    thread, got = in_thread(lambda: server.read(1, timeout=PATIENCE))
    time.sleep(SHORT)
    assert server.write(b"x" * 4096) == 4096
    writer, wrote = in_thread(lambda: server.write(b"y" * 10, timeout=PATIENCE))
    time.sleep(SHORT)
    assert wrote == []
    # Each of the two waits for its own.
    assert client.read(100) == b"x" * 100
    writer.join(PATIENCE)
    assert wrote == [10]
    assert got == []
    client.write(b"!")
    thread.join(PATIENCE)
    assert got == [b"!"]


def test_many_threads(pair):
    """Each packet arrives once and whole, whoever sends and whoever takes it."""
    server, client = pair
    count, width = 60, 16

    def send(number: int) -> None:
        for one in range(count):
            client.send(b"%08d%08d" % (number, one), timeout=PATIENCE)

    taken: list[bytes] = []

    def take() -> None:
        while True:
            packet = server.recv(width, timeout=PATIENCE)
            if packet == b"." * width:
                return
            taken.append(packet)

    senders = [in_thread(lambda n=n: send(n)) for n in range(4)]
    takers = [in_thread(take) for _ in range(3)]
    for thread, out in senders:
        thread.join(PATIENCE)
        assert out == [None]
    for _ in takers:
        client.send(b"." * width, timeout=PATIENCE)
    for thread, out in takers:
        thread.join(PATIENCE)
        assert out == [None]
    assert sorted(taken) == [b"%08d%08d" % (n, one) for n in range(4) for one in range(count)]


def test_events_without_end_do_not_hold_up_a_deadline(pair, monkeypatch):
    monkeypatch.setattr(Vchan, "_pause", lambda *_: True)
    for call in (pair[0].read, pair[0].recv):
        with pytest.raises(VchanTimeoutError):
            call(1, timeout=SHORT)


def test_a_signal_handler_may_do_the_other_thing(pair):
    server, client = pair
    said: list[object] = []

    def handler(*_: object) -> None:
        said.append(server.write(b"from the handler"))
        with pytest.raises(RuntimeError, match="reentrant"):
            server.read(1)
        with pytest.raises(RuntimeError, match="reentrant"):
            server.data_ready()
        client.write(b"done")

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, SHORT)
    try:
        assert server.read(100, timeout=PATIENCE) == b"done"
    finally:
        signal.signal(signal.SIGALRM, old)
    assert said == [16]
    assert client.read(100) == b"from the handler"


def test_a_signal_handler_that_raises_takes_nothing_away(pair):
    server, client = pair

    class Stop(Exception):
        pass

    def handler(*_: object) -> None:
        raise Stop

    old = signal.signal(signal.SIGALRM, handler)
    try:
        for work in (lambda: server.read(1), lambda: server.recv(3), server.wait):
            while server.wait(0):
                pass
            signal.setitimer(signal.ITIMER_REAL, SHORT)
            with pytest.raises(Stop):
                work()
        signal.setitimer(signal.ITIMER_REAL, SHORT)
        with pytest.raises(Stop):
            server.write(bytes(5000))
    finally:
        signal.signal(signal.SIGALRM, old)
    client.write(b"abc")
    assert server.recv(3, timeout=PATIENCE) == b"abc"
    assert client.recv(4096, timeout=PATIENCE) == bytes(4096)
    assert server.write(b"x") == 1


def test_a_leader_that_leaves_makes_another_lead(pair):
    server, client = pair
    # The one that waits first waits for the descriptor; it leaves when it has its four bytes.
    reader, got = in_thread(lambda: server.recv(4, timeout=PATIENCE))
    time.sleep(SHORT)
    server.write(bytes(4096))
    writer, wrote = in_thread(lambda: server.write(b"x", timeout=PATIENCE))
    waiter, waited = in_thread(lambda: server.wait(PATIENCE))
    time.sleep(SHORT)
    client.write(b"four")
    reader.join(PATIENCE)
    waiter.join(PATIENCE)
    assert (got, waited) == ([b"four"], [True])
    assert wrote == []
    client.read(1)
    writer.join(PATIENCE)
    assert wrote == [1]


def test_eintr_and_failing_waits(machine, pair):
    server, client = pair
    fault = machine.dom0.faults.fail("wait", errno.EINTR, times=3)
    thread, got = in_thread(lambda: server.read(1, timeout=PATIENCE))
    time.sleep(SHORT)
    assert fault.fired == 3
    client.write(b"x")
    thread.join(PATIENCE)
    assert got == [b"x"]
    machine.dom0.faults.fail("wait", errno.ENOMEM)
    with pytest.raises(xensys.XenError) as error:
        server.read(1, timeout=PATIENCE)
    assert error.value.errno == errno.ENOMEM
    client.write(b"y")
    assert server.read(1, timeout=PATIENCE) == b"y"


# --- light ---


def test_importing_it_loads_nothing_heavy():
    heavy = (
        "asyncio", "threading", "selectors", "contextlib", "collections", "functools", "re",
        "enum", "typing", "dataclasses", "logging", "socket", "signal",
    )  # fmt: skip
    code = f"import sys, xensys.vchan; print([n for n in {heavy} if n in sys.modules])"
    path = os.path.dirname(os.path.dirname(xensys.__file__))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
