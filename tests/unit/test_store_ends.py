"""The synchronous client's end: closed, forked, left alone; and a daemon that ends first."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import storepeer
from storepeer import Background

from xensys import store as store_package
from xensys.errors import (
    ForkedError,
    StoreConnectionError,
)
from xensys.sim import Machine
from xensys.store import Store

ROOT = Path(__file__).resolve().parents[2]
READ, WATCH, START, END, WRITE, ERROR = 2, 4, 6, 7, 11, 16


class TestClosing:
    def test_twice_does_nothing_and_use_raises(self, machine):
        store = Store.open(kernel=machine.dom0)
        watch = store.watch("/tool")
        transaction = store.transaction()
        store.close()
        store.close()
        assert store.closed
        assert not store.connected
        for call in (
            lambda: store.read("/"), lambda: store.watch("/"), store.transaction, store.fileno,
            store.dispatch, store.reconnect, watch.get, lambda: next(watch), transaction.commit,
        ):  # fmt: skip
            with pytest.raises(ValueError, match="closed|ended"):
                call()
        watch.close()
        assert repr(store) == "<Store /run/xenstored/socket, closed>"

    def test_forgotten_is_a_warning(self, machine):
        store = Store.open(kernel=machine.dom0)
        with pytest.warns(ResourceWarning, match="unclosed <Store"):
            del store

    def test_leaves_no_descriptor(self, machine):
        def count():
            return len(os.listdir("/proc/self/fd"))

        before = count()
        for _ in range(3):
            store, peer = storepeer.connect()
            with store:
                store.fileno()
            peer.close()
        assert count() == before

    def test_cannot_be_copied(self, xs):
        with xs.transaction() as t, xs.watch("/tool") as w:
            for thing in (xs, t, w):
                for way in (copy.copy, copy.deepcopy, pickle.dumps):
                    with pytest.raises(TypeError):
                        way(thing)

    def test_a_forked_child_may_not_use_it_and_does_no_harm(self, wire):
        store, peer = wire
        call = Background(store.watch, "/w")
        peer.answer()
        watch = call.result()
        call = Background(store.transaction)
        peer.answer(b"3\0")
        transaction = call.result()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                for use in (
                    lambda: store.read("/"), store.transaction, watch.get, store.fileno, store.dispatch,
                    store.reconnect, transaction.commit, lambda: store.watch("/"),
                ):  # fmt: skip
                    try:
                        use()
                    except ForkedError:
                        pass
                    else:
                        os._exit(2)
                watch.close()
                store.close()
                status = 0 if store.closed else 3
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        call = Background(transaction.abort)
        assert peer.answer()[0] == END  # and nothing from the child before it
        call.result()
        call = Background(watch.close)
        peer.answer()
        call.result()

    def test_fork_while_another_thread_holds_the_lock(self, wire):
        store, _ = wire
        held, let_go = threading.Event(), threading.Event()

        def hold():
            with store._connection._lock:
                held.set()
                let_go.wait(storepeer.GUARD)

        holder = Background(hold)
        assert held.wait(storepeer.GUARD)
        pid = os.fork()
        if not pid:
            signal.alarm(storepeer.GUARD)
            try:
                store.read("/a")
            except ForkedError:
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        let_go.set()
        holder.result()
        assert status == 0

    def test_fork_while_others_wait_and_hold_locks(self, machine):
        with Store.open(kernel=machine.dom0) as xs, xs.watch("/t") as watch:
            stop = threading.Event()
            watch.get(1)

            def work():
                while not stop.is_set():
                    xs.read("/tool")

            workers = [Background(work), Background(work), Background(watch.get)]
            codes = []
            for _ in range(10):
                pid = os.fork()
                if not pid:
                    try:
                        xs.read("/tool")
                    except ForkedError:
                        os._exit(0)
                    finally:
                        os._exit(1)
                codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            stop.set()
            xs.write("/t", "x")
            for worker in workers:
                worker.result()
            assert codes == [0] * 10


class TestDeadDaemonOfDom0:
    """The device is there and opens, but nobody would answer: the socket's refusal is the answer."""

    def test_open_is_refused_at_once(self) -> None:
        machine = Machine()
        machine.store.kill()
        with pytest.raises(StoreConnectionError) as caught:
            store_package.open(kernel=machine.dom0)
        assert caught.value.errno == errno.ECONNREFUSED

    def test_reconnect_goes_where_it_was(self) -> None:
        machine = Machine()
        with store_package.open(kernel=machine.dom0) as opened:
            where = opened.path
            machine.store.kill()
            with pytest.raises(StoreConnectionError):
                opened.read("/local")
            with pytest.raises(StoreConnectionError):
                opened.reconnect()
            machine.store.restart(keep=True)
            assert opened.reconnect()
            assert opened.path == where
            assert "local" in opened.directory("/")


class TestEnvironment:
    """XENSYS_KERNEL: as for `xensys.open()`."""

    def run(self, code, **environment):
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
            timeout=storepeer.GUARD, check=False,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "opened",
        [
            "import xensys.store; s = xensys.store.open()",
            "from xensys.store import Store; s = Store.open()",
            "from xensys.store import pyxs; c = pyxs.Client(); c.connect(); s = c.router.store",
        ],
    )
    def test_selects_the_simulator_and_warns_once_at_the_callers_line(self, opened):
        code = f"{opened}\nassert s.kernel.simulated\nassert s.directory('/local/domain')\ns.close()\n"
        code += "import xensys; xensys.open().close()"
        done = self.run(code, XENSYS_KERNEL="sim")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("this is a simulated Xen") == 1
        assert "<string>:1: RuntimeWarning" in done.stderr

    def test_and_for_asyncio(self):
        code = (
            "import asyncio\nfrom xensys.store import aio\n"
            "async def main():\n"
            "    async with aio.open() as s:\n"
            "        assert s.kernel.simulated and await s.directory('/local/domain')\n"
            "asyncio.run(main())"
        )
        done = self.run(code, XENSYS_KERNEL="sim")
        assert done.returncode == 0, done.stderr
        assert "<string>:4: RuntimeWarning" in done.stderr
        assert done.stderr.count("this is a simulated Xen") == 1

    def test_an_unknown_one_is_refused(self):
        done = self.run("import xensys.store; xensys.store.open()", XENSYS_KERNEL="smi")
        assert "XENSYS_KERNEL=smi" in done.stderr
        assert done.returncode == 1

    def test_linux_is_this_machine(self):
        code = "import xensys.store\ntry: xensys.store.open('/none')\nexcept xensys.NoXenError: print('no')"
        assert self.run(code, XENSYS_KERNEL="linux").stdout == "no\n"
