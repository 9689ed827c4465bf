"""The asynchronous client: loops, threads and forks."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from aiopeer import END, Pair, in_thread, looped, start

from xensys.errors import (
    ForkedError,
)
from xensys.kernel.linux import LinuxKernel
from xensys.store import aio


class TestLoops:
    def test_another_one_or_none_or_another_thread_is_an_error(self, machine):
        async def use(store, watch, transaction):
            for call in (
                lambda: store.read("/tool"), store.transaction, lambda: store.watch("/"), store.reconnect,
                watch.get, lambda: anext(watch), transaction.abort, store.close, watch.close,
            ):  # fmt: skip
                with pytest.raises(RuntimeError, match="another event loop"):
                    await call()
            return True

        @looped
        async def main():
            async with (
                aio.open(kernel=machine.dom0) as store,
                store.watch("/tool") as watch,
            ):
                results = []
                transactions = [await store.transaction() for _ in range(2)]
                in_thread(lambda: results.append(asyncio.run(use(store, watch, transactions[0]))))
                assert results == [True]
                reading = store.read("/tool")
                errors = []

                def without_loop():
                    try:
                        reading.send(None)
                    except RuntimeError as error:
                        errors.append(error)

                in_thread(without_loop)
                assert "another event loop" in str(errors[0])
                assert (await store.exists("/tool")) is True
                await transactions[1].abort()
                # commit() and abort() have ended it, even so.
                assert transactions[0].ended

        main()

    def test_open_needs_one(self, machine):
        opening = aio.open(kernel=machine.dom0)
        with pytest.raises(RuntimeError, match="no running event loop"):
            opening.__await__().send(None)


class TestFork:
    def test_a_child_may_not_use_it_and_does_no_harm(self, machine):
        @looped
        async def main():
            async with (pair := Pair()) as (store, peer):
                watch, token = await pair.watch()
                begun = start(store.transaction())
                await peer.answer(b"3\0")
                transaction = await begun
                waiting = start(watch.get())
                await asyncio.sleep(0)
                pid = os.fork()
                if not pid:
                    status = 1
                    try:
                        status = child(store, watch, transaction)
                    finally:
                        os._exit(status)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                # Nothing was sent, and the loop still reads.
                peer.event(b"/w/x", token)
                assert (await waiting).path == "/w/x"
                ending = start(transaction.abort())
                assert (await peer.answer())[0] == END
                await ending
                closing = start(watch.close())
                await peer.answer()
                await closing

        def step(awaitable):
            steps = awaitable.__await__() if hasattr(awaitable, "__await__") else awaitable
            steps.send(None)

        def child(store, watch, transaction):
            for use in (
                lambda: store.read("/"), store.transaction, watch.get, store.reconnect, transaction.commit,
                lambda: store.watch("/"), lambda: anext(watch),
            ):  # fmt: skip
                try:
                    step(use())
                except ForkedError:
                    continue
                return 2
            for end in (watch.close, store.close):
                try:
                    step(end())
                except StopIteration:
                    continue
                return 3
            return 0 if store.closed else 4

        main()

    def test_a_new_loop_in_the_child_has_its_own(self, tmp_path):
        async def main():
            async with aio.open(kernel=LinuxKernel(), path=path) as store:
                pid = os.fork()
                if not pid:
                    os._exit(0 if in_child(store) else 1)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                assert store.connected

        def in_child(store):
            async def inside():
                with pytest.raises(ForkedError):
                    await store.read("/")
                await store.close()
                async with aio.open(kernel=LinuxKernel(), path=path) as own:
                    return own.connected

            asyncio._set_running_loop(None)
            return asyncio.run(inside())

        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(4)
            asyncio.run(main())
