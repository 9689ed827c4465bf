"""pyxs's client on our store, and the page that says what becomes what."""

from __future__ import annotations

import copy
import errno
import gc
import pickle
import re
import threading
from pathlib import Path

import pytest
from storepeer import Background, sleepers

import xensys
from xensys import domains, errors, store
from xensys.store import Permission, Store, client, pyxs, watches
from xensys.store.pyxs import Client, Event, PyXSError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "porting.md"


@pytest.fixture
def c(xs):
    with Client(store=xs) as made:
        yield made


def number_of(call, *args):
    with pytest.raises(PyXSError) as caught:
        call(*args)
    assert caught.value.args[0] == caught.value.errno
    return caught.value.args[0]


class TestNodes:
    def test_read_and_write(self, c):
        c.write(b"/t/a", b"1")
        c[b"/t/b"] = b"\xff\0"
        assert (c.read(b"/t/a"), c[b"/t/b"]) == (b"1", b"\xff\0")
        assert number_of(c.read, b"/t/none") == errno.ENOENT
        assert c.read(b"/t/none", b"default") == b"default"
        assert c.read(b"/t/none", default=b"") == b""

    def test_list_exists_mkdir_delete(self, c):
        c.mkdir(b"/t/a/b")
        assert c.list(b"/t") == [b"a"]
        assert c.list(b"/t/a/b") == []
        assert c.exists(b"/t/a/b")
        assert not c.exists(b"/t/b")
        c.delete(b"/t/a/b")
        c.delete(b"/t/a/b")
        del c[b"/t/a"]
        assert c.list(b"/t") == []
        assert number_of(c.delete, b"/none/at/all") == errno.ENOENT
        assert number_of(c.delete, b"/") == errno.EPERM
        assert number_of(c.list, b"/none") == errno.ENOENT

    def test_permissions(self, c):
        c.mkdir(b"/t")
        c.set_perms(b"/t", [b"b0", b"r1"])
        assert c.get_perms(b"/t") == [b"b0", b"r1"]
        for wrong in ([b"x0"], [b"r"], [b"\xff"], []):
            with pytest.raises(pyxs.InvalidPermission) as caught:
                c.set_perms(b"/t", wrong)
            assert isinstance(caught.value, ValueError)
            assert isinstance(caught.value, PyXSError)

    @pytest.mark.parametrize("path", [b"", b"/t/", b"/t//a", b"/t b", b"\xff", b"/t\0", b"@releaseDomain"])
    def test_bad_paths(self, c, path):
        for call in (c.read, c.list, c.mkdir, c.delete, c.exists, lambda p: c.write(p, b"")):
            with pytest.raises(pyxs.InvalidPath) as caught:
                call(path)
            assert isinstance(caught.value, ValueError)
            assert caught.value.args[0] == errno.EINVAL
            again = pickle.loads(pickle.dumps(caught.value))
            assert (type(again), str(again)) == (pyxs.InvalidPath, str(caught.value))

    def test_text_is_refused(self, c):
        for call in (
            lambda: c.read("/t"), lambda: c.write(b"/t", "1"), lambda: c.set_perms(b"/t", ["r0"]),
            lambda: c.monitor().watch("/t", b"x"), lambda: c.monitor().watch(b"/t", "x"), lambda: c["/t"],
        ):  # fmt: skip
            with pytest.raises(TypeError, match="is bytes here, not str"):
                call()

    def test_walk(self, c):
        for path in (b"/t/a/x", b"/t/a/y", b"/t/ab", b"/t/b/z/deep"):
            c.write(path, path[-1:])
        down = list(c.walk(b"/t"))
        assert [path for path, _, _ in down] == [
            b"/t", b"/t/a", b"/t/a/x", b"/t/a/y", b"/t/ab", b"/t/b", b"/t/b/z", b"/t/b/z/deep",
        ]  # fmt: skip
        assert down[0] == (b"/t", b"", [b"a", b"ab", b"b"])
        up = list(c.walk(b"/t", topdown=False))
        assert [path for path, _, _ in up] == [
            b"/t/a/x", b"/t/a/y", b"/t/a", b"/t/ab", b"/t/b/z/deep", b"/t/b/z", b"/t/b", b"/t",
        ]  # fmt: skip
        assert sorted(up) == sorted(down)
        assert next(iter(c.walk(b"/")))[0] == b"/"
        assert list(c.walk(b"/", False))[-1][0] == b"/"

    def test_walk_of_a_deep_tree(self, c):
        deep = b"/t" + b"/d" * 1400
        c.write(deep, b"1")
        assert next(c.walk(b"/t", topdown=False))[0] == deep

    def test_domains(self, c, machine):
        assert c.get_domain_path(3) == b"/local/domain/3"
        assert c.is_domain_introduced(1) is True
        assert c.is_domain_introduced(9) is False
        c.release_domain(1)
        assert not c.is_domain_introduced(1)
        c.introduce_domain(1, 1, 1)
        assert c.is_domain_introduced(1)
        c.resume_domain(1)
        c.set_target(1, 2)
        with pytest.raises(ValueError, match="domain 0"):
            c.introduce_domain(0, 1, 1)
        assert c.SU is True
        with Store.open(kernel=machine.domains[2].kernel()) as inside:
            guest = Client(store=inside)
            assert guest.SU is False
            assert number_of(guest.release_domain, 1) == errno.EACCES


class TestTransactions:
    def test_commit(self, c, xs):
        tx = c.transaction()
        assert tx == c.tx_id != 0
        c[b"/t"] = b"1"
        assert c.exists(b"/t")
        assert not xs.exists("/t")
        assert c.commit() is True
        assert c.tx_id == 0
        assert xs.read("/t") == b"1"

    def test_rollback_and_one_at_a_time(self, c, xs):
        c.transaction()
        assert number_of(c.transaction) == errno.EALREADY
        c[b"/t"] = b"1"
        c.rollback()
        assert not xs.exists("/t")
        assert number_of(c.rollback) == errno.ENOENT
        assert number_of(c.commit) == errno.ENOENT

    def test_a_conflict_is_false(self, c, machine):
        c.write(b"/t", b"0")
        c.transaction()
        c.write(b"/t", c.read(b"/t") + b"1")
        machine.store.write("/t", "2")
        assert c.commit() is False
        assert c.tx_id == 0
        c.transaction()
        assert c.commit() is True

    def test_an_uncommitted_one_is_undone_and_told_of(self, xs):
        def leave(*errors):
            with Client(store=xs) as c:
                c.transaction()
                c[b"/t"] = b"1"
                for error in errors:
                    raise error

        with pytest.raises(PyXSError, match="uncommitted transaction"):
            leave()
        assert not xs.exists("/t")
        with pytest.raises(ZeroDivisionError):
            leave(ZeroDivisionError())
        gc.collect()  # no ResourceWarning

    def test_copies_share_the_connection_and_not_the_transaction(self, c):
        other = copy.copy(c)
        assert other.router is c.router
        c.transaction()
        other.transaction()
        assert c.tx_id != other.tx_id
        c[b"/t/c"] = b"1"
        other[b"/t/other"] = b"1"
        assert not c.exists(b"/t/other")
        c.commit()
        other.rollback()


class TestMonitor:
    def test_events_have_path_and_token(self, c):
        with c.monitor() as m:
            m.watch(b"/t", b"token one")
            m.watch(b"/u", b"two")
            events = m.wait()
            assert next(events) == Event(b"/t", b"token one")
            assert next(events) == (b"/u", b"two")
            c.write(b"/u/x", b"1")
            path, token = event = next(events)
            assert (path, token) == (event.path, event.token) == (b"/u/x", b"two")
            assert repr(event) == "Event(b'/u/x', b'two')"
            assert m.watched == {b"/t", b"/u"}

    def test_one_path_with_two_tokens(self, c):
        with c.monitor() as m:
            m.watch(b"/t", b"1")
            m.watch(b"/t", b"2")
            assert number_of(m.watch, b"/t", b"2") == errno.EEXIST
            events = m.wait()
            assert {next(events).token, next(events).token} == {b"1", b"2"}
            m.unwatch(b"/t", b"1")
            assert m.watched == {b"/t"}
            c.write(b"/t", b"")
            assert next(events).token == b"2"
            assert number_of(m.unwatch, b"/t", b"1") == errno.ENOENT

    def test_events_of_a_watch_that_has_ended_do_not_come(self, c):
        with c.monitor() as m:
            m.watch(b"/t", b"1")
            m.watch(b"/u", b"2")
            c.write(b"/t", b"")
            m.unwatch(b"/t", b"1")
            assert next(m.wait()) == (b"/u", b"2")

    def test_special_paths(self, c, machine):
        with c.monitor() as m:
            m.watch(b"@releaseDomain", b"r")
            events = m.wait()
            next(events)
            machine.domains[1].destroy()
            assert next(events) == (b"@releaseDomain", b"r")
            with pytest.raises(pyxs.InvalidPath):
                m.watch(b"a b", b"")

    def test_waiting_in_a_thread_before_anything_is_watched(self, c):
        m = c.monitor()
        call = Background(lambda: next(m.wait()))
        threading.Timer(0.2, lambda: m.watch(b"/t", b"x")).start()
        assert call.result() == (b"/t", b"x")
        m.close()

    def test_an_event_that_another_thread_reads_wakes_the_one_it_is_for(self, c, xs):
        with xs.watch("/other") as watch, c.monitor() as m:
            m.watch(b"/t", b"x")
            events = m.wait()
            next(events)
            watch.get(0)
            first = Background(watch.get)
            while not sleepers(xs):
                pass
            second = Background(next, events)
            while sleepers(xs) < 2:
                pass
            with Store.open(kernel=xs.kernel) as other:
                other.write("/t", "1")
                assert second.result() == (b"/t", b"x")
                assert first.running
                other.write("/other", "1")
            first.result()

    def test_close_ends_a_wait_and_takes_watches_back(self, c, machine):
        m = c.monitor()
        m.watch(b"/t", b"x")
        events = m.wait()
        next(events)
        call = Background(next, events)
        closing = threading.Timer(0.2, m.close)
        closing.start()
        assert isinstance(call.wait().error, ValueError)
        closing.join()
        m.close()
        assert not any(conn.watches for conn in machine.store.connections)

    def test_over_xenbus(self, machine):
        with Store.open("/dev/xen/xenbus", kernel=machine.domains[1].kernel()) as inside:
            c = Client(store=inside)
            with c.monitor() as m:
                m.watch(b"data", b"x")
                events = m.wait()
                assert next(events) == (b"data", b"x")
                c[b"data/y"] = b"1"
                assert next(events) == (b"data/y", b"x")

    def test_the_end_of_the_connection(self, c, machine):
        with c.monitor() as m:
            m.watch(b"/t", b"x")
            events = m.wait()
            next(events)
            machine.store.kill()
            with pytest.raises(pyxs.ConnectionError):
                next(events)

    def test_one_that_is_dropped_warns_and_is_ended(self, c, machine):
        m = c.monitor()
        m.watch(b"/t", b"x")
        with pytest.warns(ResourceWarning, match="watches never closed"):  # noqa: PT031  # dropped, then found
            del m
            gc.collect()
        c.exists(b"/t")
        assert not any(conn.watches for conn in machine.store.connections)

    def test_a_full_queue_merges_only_its_own(self, xs):
        from xensys.store._joined import JoinedWatches

        with JoinedWatches(xs, "/t", "/u", limit=2) as joined:
            for _ in range(5):
                xs.write("/t", "1")
                xs.write("/u", "1")
            xs.exists("/")
            found = [joined.get(0)[1].watched for _ in range(joined.pending)]
            assert sorted(found) == ["/t", "/u"]


class TestConnecting:
    def test_a_client_opens_and_closes_its_own(self, machine, monkeypatch):
        opened = []

        def connect(path=None, **_):
            opened.append(path)
            return real(kernel=machine.dom0) if path is None else real(path, kernel=machine.dom0)

        real = Store.open
        monkeypatch.setattr(pyxs.Store, "open", connect)
        with Client() as c:
            c.connect()
            assert c.router.is_connected
            assert c.exists(b"/local")
        assert not c.router.is_connected
        with pytest.raises(pyxs.ConnectionError):
            c.read(b"/local")
        with Client(xen_bus_path="/dev/xen/xenbus") as c:
            assert c.exists(b"/local")
        router = pyxs.Router(pyxs.XenBusConnection())
        with Client(router=router) as c:
            assert c.exists(b"/local")
        assert opened == [None, "/dev/xen/xenbus", "/dev/xen/xenbus"]

    def test_what_is_not_there_is_a_connection_error(self, tmp_path):
        c = Client(str(tmp_path / "none"))
        with pytest.raises(pyxs.ConnectionError) as caught:
            c.connect()
        assert isinstance(caught.value, PyXSError)
        assert caught.value.args[0] == errno.ENOENT

    def test_a_store_that_was_given_stays_open(self, xs):
        with Client(store=xs):
            pass
        assert xs.connected
        c = Client(store=xs)
        xs.close()
        with pytest.raises(pyxs.ConnectionError):
            c.connect()


class TestPage:
    TEXT = PAGE.read_text()

    def test_every_name_of_ours_is_there(self):
        classes = {
            "Store": Store, "Transaction": client.Transaction, "Watch": watches.Watch,
            "Permission": Permission, "Domains": domains.Domains, "Domain": domains.Domain,
        }  # fmt: skip
        dotted = re.findall(r"`([A-Z]\w+)\.(\w+)(?:\(\w*\))?`", self.TEXT)
        assert len(dotted) > 40
        for owner, name in dotted:
            assert hasattr(classes[owner], name), f"{owner}.{name}"
        ours = set(re.findall(r"`([A-Z]\w+Error)`", self.TEXT)) - {"PyXSError", "ConnectionError"}
        assert len(ours) > 5
        for name in ours - {"FileNotFoundError", "KeyError"}:
            assert hasattr(errors, name), name
        for name in re.findall(r"`xensys\.([\w.]+)`", self.TEXT):
            assert hasattr(store, name.removeprefix("store.")), name
        assert hasattr(xensys.Xen, "domains")

    def test_every_call_of_theirs_is_on_the_page(self):
        # xs: METH_* of tools/python/xen/lowlevel/xs/xs.c.
        for name in (
            "read", "write", "ls", "mkdir", "rm", "get_permissions", "set_permissions", "watch",
            "read_watch", "check_watch", "unwatch", "transaction_start", "transaction_end",
            "introduce_domain", "set_target", "resume_domain", "release_domain", "close",
            "get_domain_path", "fileno",
        ):  # fmt: skip
            assert f"| `xs.{name}(" in self.TEXT, name
        rest = ("connect", "close", "tx_id", "router", "SU")
        for name in [name for name in dir(Client(store=None)) if not name.startswith("_")]:
            assert name in rest or f"`client.{name}(" in self.TEXT, name

    def test_what_the_page_says_of_values(self, xs):
        xs.write("/t", "é")
        assert xs.read_text("/t") == "é"
        assert xs.get("/none") is None
        with pytest.raises(KeyError):
            xs.read("/none")
