"""The synchronous client: its verbs, transactions, the mapping, opening."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import storepeer
from storepeer import Background, Peer

import xensys
from xensys import store as store_package
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
    NoXenError,
    StoreConnectionError,
    StoreError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
    XenPermissionError,
)
from xensys.kernel.linux import LinuxKernel
from xensys.store import Permission, Store, transports
from xensys.store.transports import DEVICE_TIMEOUT

ROOT = Path(__file__).resolve().parents[2]
READ, WATCH, START, END, WRITE, ERROR = 2, 4, 6, 7, 11, 16


@pytest.fixture
def other(machine):
    """Somebody else, on a connection of their own."""
    with Store.open(kernel=machine.dom0) as store:
        yield store


class TestVerbs:
    def test_write_makes_what_read_gives_back(self, xs):
        xs.write("/t/bytes", b"\x00\xff\x00")
        xs.write(b"/t/text", "žluť")
        xs.write("/t/view", memoryview(b"abc")[1:])
        assert xs.read("/t/bytes") == b"\x00\xff\x00"
        assert xs.read_text(b"/t/text") == "žluť"
        assert xs.read("/t/text") == "žluť".encode()
        assert xs.read("/t/view") == b"bc"

    def test_text_is_strict_unless_told_otherwise(self, xs):
        xs.write("/t", b"a\xff")
        with pytest.raises(UnicodeDecodeError):
            xs.read_text("/t")
        assert xs.read_text("/t", "replace") == "a�"

    def test_directory_however_large(self, xs):
        names = [f"a-rather-long-name-{n:04}" for n in range(500)]
        with xs.transaction() as t:
            for name in names:
                t.mkdir(f"/t/{name}")
        assert sorted(xs.directory("/t")) == names
        assert xs.directory(f"/t/{names[0]}") == ()

    def test_mkdir_rm_exists(self, xs):
        xs.mkdir("/t/a/b")
        assert xs.exists("/t/a/b")
        assert xs.read("/t/a/b") == b""
        xs.rm("/t/a")
        assert not xs.exists("/t/a/b")
        xs.rm("/t/a")
        with pytest.raises(HazardError):
            xs.rm("/")

    def test_what_is_not_there_is_a_file_not_found_and_a_key_error(self, xs):
        for call in (xs.read, xs.directory, xs.get_permissions):
            with pytest.raises(NodeNotFoundError) as caught:
                call("/t/none")
            assert isinstance(caught.value, FileNotFoundError)
            assert isinstance(caught.value, KeyError)
            assert caught.value.path == "/t/none"

    def test_permissions(self, xs):
        xs.mkdir("/t")
        xs.set_permissions("/t", ["n0", Permission(1, read=True)])
        assert xs.get_permissions("/t") == (Permission(0), Permission(1, read=True))

    def test_trees(self, xs):
        tree = {"/t": b"", "/t/a": b"1", "/t/a/b": b"2", "/t/c": "3"}
        xs.write_tree(tree)
        assert xs.read_tree("/t") == {"/t": b"", "/t/a": b"1", "/t/a/b": b"2", "/t/c": b"3"}
        xs.write_tree({"x/y": "1", "z": None}, under="/u", permissions=["r0"])
        assert [(n.path, n.value, n.permissions) for n in xs.walk("/u", permissions=True)] == [
            (path, value, (Permission(0, read=True),))
            for path, value in (("/u", b""), ("/u/x", b""), ("/u/x/y", b"1"), ("/u/z", b""))
        ]

    def test_a_guest_has_its_own_home_and_no_more(self, machine):
        with Store.open(kernel=machine.domains[1].kernel()) as guest:
            assert guest.get_domain_path(1) == "/local/domain/1"
            guest.write("data/x", "y")
            assert guest.read("/local/domain/1/data/x") == b"y"
            with pytest.raises(StorePermissionError):
                guest.write("/tool/x", "y")

    def test_domains_and_the_daemon(self, xs):
        assert xs.is_introduced(1)
        assert not xs.is_introduced(99)
        assert xs.control("help")
        for verb, arguments in (("release", (99,)), ("resume", (99,)), ("set_target", (99, 1))):
            with pytest.raises(StoreError) as caught:
                getattr(xs, verb)(*arguments)
            assert caught.value.errno in (errno.ENOENT, errno.EINVAL)

    @pytest.mark.parametrize(
        ("verb", "arguments", "kind", "payload", "reply", "result"),
        [
            ("introduce", (5, 7, 9), 8, b"5\x007\x009\0", b"OK\0", None),
            ("release", (5,), 9, b"5\0", b"OK\0", None),
            ("resume", (5,), 18, b"5\0", b"OK\0", None),
            ("set_target", (5, 6), 19, b"5\x006\0", b"OK\0", None),
            ("get_feature", (5,), 23, b"5\0", b"7\0", 7),
            ("set_feature", (5, 3), 24, b"5\x003\0", b"OK\0", None),
            ("get_quota", ("nodes", 5), 25, b"5\0nodes\0", b"10\0", 10),
            ("set_quota", ("nodes", 8), 26, b"nodes\x008\0", b"OK\0", None),
            ("control", ("log", "on"), 0, b"log\0on\0", b"OK\0", b"OK"),
        ],
    )
    def test_rare_ones_say_this(self, wire, verb, arguments, kind, payload, reply, result):
        store, peer = wire
        call = Background(getattr(store, verb), *arguments)
        request = peer.answer(reply)
        assert (request[0], request[3]) == (kind, payload)
        assert call.result() == result


class TestTransactions:
    def test_are_all_or_nothing(self, xs, other):
        with xs.transaction() as t:
            t.write("/t/a", "1")
            assert t.read("/t/a") == b"1"
            assert not other.exists("/t/a")
        assert other.read("/t/a") == b"1"

        def fail():
            with xs.transaction() as t:
                begun.append(t)
                t.write("/t/a", "2")
                raise ZeroDivisionError

        begun = []
        with pytest.raises(ZeroDivisionError):
            fail()
        assert begun[0].ended
        assert xs.read("/t/a") == b"1"

    def test_conflict(self, xs, other):
        xs.write("/t/a", "1")
        t = xs.transaction()
        t.write("/t/a", t.read("/t/a") + b"+")
        other.write("/t/a", "other")
        with pytest.raises(TransactionConflictError), t:
            pass
        assert t.conflicted
        assert xs.read("/t/a") == b"other"

    def test_cannot_be_used_after_their_end(self, xs):
        t = xs.transaction()
        t.commit()
        for call in (t.commit, t.abort, lambda: t.read("/"), lambda: "/" in t, lambda: list(t)):
            with pytest.raises(ValueError, match="ended"):
                call()

    def test_may_be_ended_within(self, xs):
        with xs.transaction() as t:
            t.write("/t/a", "1")
            t.abort()
        assert not xs.exists("/t/a")

    def test_attempts_begin_again_until_one_is_committed(self, xs, other):
        xs.write("/t/n", "0")
        rounds = []
        for t in xs.attempts():
            with t:
                rounds.append(t.id)
                value = int(t.read("/t/n"))
                if len(rounds) < 3:
                    other.write("/t/n", str(value + 100))
                t.write("/t/n", str(value + 1))
        assert len(rounds) == 3
        assert xs.read("/t/n") == b"201"

    def test_attempts_end_with_the_last(self, xs, other):
        def collide(t):
            t.write("/t/n", t.get("/t/n", b""))
            other.write("/t/n", "x")
            calls.append(1)

        calls = []
        with pytest.raises(TransactionConflictError):
            xs.in_transaction(collide, count=3)
        assert len(calls) == 3
        calls.clear()
        with pytest.raises(TransactionConflictError):
            xs.in_transaction(collide, timeout=0)
        assert len(calls) == 1

    def test_in_transaction_returns_what_the_function_did_and_passes_its_error_on(self, xs):
        assert xs.in_transaction(lambda t: t.exists("/tool")) is True
        with pytest.raises(NodeNotFoundError):
            xs.in_transaction(lambda t: t.read("/none"))

    def test_attempts_without_a_with_are_a_mistake_that_is_told(self, xs):
        attempts = xs.attempts()
        next(attempts).write("/t/x", "1")
        with pytest.raises(RuntimeError, match="with"):
            next(attempts)
        assert not xs.exists("/t/x")

    def test_threads_that_count_lose_nothing(self, machine):
        with Store.open(kernel=machine.dom0) as xs:
            xs.write("/n", "0")

            def count():
                for _ in range(10):
                    xs.in_transaction(lambda t: t.write("/n", str(int(t.read("/n")) + 1)), count=1000)

            for call in [Background(count) for _ in range(4)]:
                call.result()
            assert xs.read("/n") == b"40"

    def test_one_that_is_forgotten_is_undone_with_the_next_request(self, wire):
        store, peer = wire
        call = Background(store.transaction)
        peer.answer(b"9\0")
        call.result()
        with pytest.warns(ResourceWarning, match="never ended"):
            call.value = None
        call = Background(store.read, "/a")
        assert (request := peer.answer())[0::2] == (END, 9)
        assert request[3] == b"F\0"
        assert peer.answer(b"v")[0] == READ
        assert call.result() == b"v"

    def test_no_daemons_transaction_0(self, wire):
        store, peer = wire
        call = Background(store.transaction)
        peer.answer(b"0\0")
        with pytest.raises(StoreError, match="no sense"):
            call.result()


class TestMapping:
    def test_items(self, xs):
        xs["/t/a"] = "1"
        assert xs["/t/a"] == b"1"
        assert "/t/a" in xs
        assert "/t/b" not in xs
        with pytest.raises(KeyError):
            xs["/t/b"]
        assert xs.get("/t/b") is None
        assert xs.get("/t/b", 7) == 7
        del xs["/t/a"]
        with pytest.raises(KeyError):
            del xs["/t/a"]
        with pytest.raises(TypeError):
            len(xs)

    def test_iteration_gives_every_path_parents_first(self, xs):
        xs.update({"/t/a/b": "1", "/t/c": "2"})
        paths = list(xs)
        assert paths[0] == "/"
        assert [path for path in paths if path.startswith("/t/") or path == "/t"] == [
            "/t", "/t/a", "/t/a/b", "/t/c",
        ]  # fmt: skip

    def test_pop_and_setdefault(self, xs):
        assert xs.setdefault("/t/a", "1") == b"1"
        assert xs.setdefault("/t/a", "2") == b"1"
        assert xs.pop("/t/a") == b"1"
        assert xs.pop("/t/a", b"none") == b"none"
        assert xs.pop("/t/a", None) is None
        with pytest.raises(KeyError):
            xs.pop("/t/a")

    def test_setdefault_of_many_threads_makes_one(self, machine):
        with Store.open(kernel=machine.dom0) as xs:
            calls = [Background(xs.setdefault, "/t/one", str(n)) for n in range(8)]
            assert {call.result() for call in calls} == {xs["/t/one"]}

    def test_within_a_transaction_is_part_of_it(self, xs):
        with xs.transaction() as t:
            t["/t/a"] = "1"
            assert t.setdefault("/t/a", "2") == b"1"
            assert t.pop("/t/a") == b"1"
            t.update({"/t/x": "9"})
            assert "/t/x" not in xs
            assert "/t/x" in t
            assert "/t/x" in list(t)
        assert xs["/t/x"] == b"9"


class TestWaitFor:
    def test_there_already(self, xs):
        xs.write("/t/s", "4")
        assert xs.wait_for("/t/s", timeout=5) == b"4"
        assert xs.wait_for("/t/s", lambda value: value == b"4", timeout=5) == b"4"

    def test_comes_and_goes(self, machine, xs):
        def steps():
            with Store.open(kernel=machine.dom0) as other:
                assert other.wait_for("/t/go") == b"1"
                other.write("/t/s", "1")
                other.write("/t/s", "4")

        worker = Background(steps)
        xs.write("/t/go", "1")
        assert xs.wait_for("/t/s", lambda value: value == b"4") == b"4"
        worker.result()
        xs.rm("/t/s")
        assert xs.wait_for("/t/s", lambda value: value is None) is None

    def test_not_in_time(self, xs):
        with pytest.raises(StoreTimeoutError, match="/t/none") as caught:
            xs.wait_for("/t/none", timeout=0.05)
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.path == "/t/none"
        assert xs._connection._session.queues == {}

    @pytest.mark.parametrize("answers", [0, 1])
    def test_a_daemon_that_hangs_meanwhile_does_not_outlast_the_time(self, wire, answers):
        store, peer = wire
        call = Background(lambda: store.wait_for("/a", timeout=0.1))
        if answers:
            token = peer.answer()[3].split(b"\0")[1]
            peer.event(b"/a", token)
        with pytest.raises(StoreTimeoutError, match="not as wished"):
            call.result()
        assert store._connection._session.queues == {}
        assert peer.message()[0] == (READ if answers else WATCH)

    def test_its_watch_ends_with_the_next_request(self, machine):
        with Store.open(kernel=machine.dom0) as xs:
            xs.write("/t", "1")
            for _ in range(3):
                assert xs.wait_for("/t") == b"1"
            xs.read("/t")
            xs.write("/t", "2")
            assert xs._connection._session.undo == []
            assert xs._connection._session.strays == 0

    def test_what_the_predicate_raises_ends_it(self, xs):
        with pytest.raises(ZeroDivisionError):
            xs.wait_for("/t", lambda value: 1 / 0)
        assert xs._connection._session.queues == {}


class TestTimeouts:
    def test_are_of_the_request_and_the_reply_may_be_late(self, wire):
        store, peer = wire
        store.timeout = 0.05
        with pytest.raises(StoreTimeoutError, match="may have been carried out.*"):
            store.read("/a")
        late = peer.message()
        store.timeout = None
        call = Background(store.read, "/b")
        request = peer.message()
        peer.send(READ, late[1], b"late")
        peer.send(READ, request[1], b"right")
        assert call.result() == b"right"
        assert store.connected

    def test_of_a_transaction_to_be_leave_none_behind(self, wire):
        store, peer = wire
        store.timeout = 0.05
        with pytest.raises(StoreTimeoutError):
            store.transaction()
        late = peer.message()
        store.timeout = None
        call = Background(store.read, "/b")
        request = peer.message()
        peer.send(START, late[1], b"12\0")
        peer.send(READ, request[1], b"v")
        call.result()
        call = Background(store.read, "/c")
        assert peer.answer()[::2] == (END, 12)
        peer.answer(b"v")
        call.result()

    @pytest.mark.parametrize("timeout", [0, -1, 1e-9])
    def test_that_are_over_at_once(self, wire, timeout):
        store, _ = wire
        store.timeout = timeout
        with pytest.raises(StoreTimeoutError):
            store.read("/a")

    def test_without_end(self, wire):
        store, peer = wire
        store.timeout = float("inf")
        call = Background(store.read, "/a")
        peer.answer(b"v")
        assert call.result() == b"v"

    def test_a_device_has_one_by_itself_and_a_socket_none(self, machine):
        with Store.open(kernel=machine.domains[1].kernel()) as guest:
            assert guest.timeout == DEVICE_TIMEOUT
        with Store.open(kernel=machine.domains[1].kernel(), timeout=None) as guest:
            assert guest.timeout is None
        with Store.open(kernel=machine.dom0) as xs:
            assert xs.timeout is None
        with Store.open(kernel=machine.dom0, timeout=3) as xs:
            assert xs.timeout == 3


class TestOpening:
    @pytest.fixture
    def server(self, tmp_path):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket"))
            server.listen()
            server.settimeout(storepeer.GUARD)
            yield server

    @pytest.fixture(autouse=True)
    def nothing_here(self, monkeypatch, tmp_path):
        monkeypatch.delenv("XENSTORED_PATH", raising=False)
        monkeypatch.delenv("XENSTORED_RUNDIR", raising=False)
        monkeypatch.setattr(transports, "SOCKET_PATHS", (str(tmp_path / "none"), str(tmp_path / "later")))
        monkeypatch.setattr(transports, "DEVICE_PATHS", (str(tmp_path / "no-device"),))

    def talk(self, store, server):
        with store:
            accepted, _ = server.accept()
            peer = Peer(accepted)
            call = Background(store.read, "/a")
            peer.answer(b"v")
            assert call.result() == b"v"
            peer.close()

    def test_a_path(self, server, tmp_path):
        store = store_package.open(str(tmp_path / "socket"))
        assert repr(store) == f"<Store {tmp_path}/socket, open>"
        assert not os.get_blocking(store._connection._transport.descriptor.fd)
        assert not os.get_inheritable(store._connection._transport.descriptor.fd)
        self.talk(store, server)

    @pytest.mark.parametrize(("name", "value"), [("XENSTORED_PATH", "socket"), ("XENSTORED_RUNDIR", "")])
    def test_the_environment(self, server, tmp_path, monkeypatch, name, value):
        monkeypatch.setenv(name, str(tmp_path / value))
        self.talk(Store.open(), server)

    def test_the_usual_places_in_order(self, server, tmp_path, monkeypatch):
        os.rename(tmp_path / "socket", tmp_path / "later")
        self.talk(Store.open(), server)

    def test_nothing_there(self):
        with pytest.raises(NoXenError, match="no-device"):
            Store.open()

    def test_nobody_listens(self, server, tmp_path):
        os.rename(tmp_path / "socket", tmp_path / "later")
        server.close()
        with pytest.raises(StoreConnectionError, match="not running") as caught:
            Store.open()
        assert caught.value.errno == errno.ECONNREFUSED

    def test_not_allowed(self, tmp_path):
        class Strict(LinuxKernel):
            def connect(self, path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        with pytest.raises(XenPermissionError, match="root") as caught:
            Store.open(kernel=Strict())
        assert caught.value.errno == errno.EACCES

    def test_a_path_that_is_no_socket_is_opened(self, tmp_path):
        (tmp_path / "device").touch()
        with Store.open(str(tmp_path / "device")) as store:
            assert type(store._connection._transport) is transports.DeviceTransport

    def test_adopted_ones_keep_their_flags(self):
        ours, theirs = socket.socketpair()
        peer = Peer(theirs)
        with ours, theirs:
            store = Store.adopt(ours.fileno(), close=False)
            call = Background(store.read, "/a")
            peer.answer(b"v")
            assert call.result() == b"v"
            assert os.get_blocking(ours.fileno())
            store.close()
            os.fstat(ours.fileno())
        with pytest.raises(ValueError, match="-1"):
            Store.adopt(-1)


class TestOfAXen:
    def test_is_lazy_and_needs_no_privcmd(self, machine):
        kernel = machine.domains[1].kernel()
        with xensys.open(kernel=kernel) as xen:
            assert xen.store is xen.store
            xen.store.write("data", "x")
            store = xen.store
            assert xen._privcmd is None
        assert store.closed
        with pytest.raises(ValueError, match="closed"):
            _ = xen.store

    def test_many_threads_ask_for_it_at_once_and_get_one(self, machine):
        with xensys.open(kernel=machine.dom0) as xen:
            calls = [Background(lambda: xen.store) for _ in range(8)]
            assert {id(call.result()) for call in calls} == {id(xen.store)}


class TestPackage:
    def test_loads_next_to_nothing(self):
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "import xensys.store.client, xensys.store.watches\n"
            "print(*sorted(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-ISc", code], capture_output=True, text=True, check=True)
        banned = {
            "enum", "typing", "dataclasses", "logging", "asyncio", "pathlib", "contextlib", "threading",
            "socket", "selectors", "select", "signal", "collections", "functools", "re",
        }  # fmt: skip
        # ctypes has its own needs.
        base = subprocess.run(
            [sys.executable, "-ISc", "import sys, ctypes; print(*sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert banned & set(done.stdout.split()) <= set(base.stdout.split())

    def test_everything_in_all_is_there(self):
        for name in store_package.__all__:
            assert getattr(store_package, name) is not None
        assert set(store_package.__all__) <= set(dir(store_package))
