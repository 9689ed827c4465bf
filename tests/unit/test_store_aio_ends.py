"""The asynchronous client: death, reconnection, close."""

from __future__ import annotations

import asyncio
import copy
import errno
import gc
import os
import pickle
import socket

import pytest
from aiopeer import (
    END,
    ERROR,
    HEADER,
    READ,
    UNWATCH,
    WATCH,
    Pair,
    Peer,
    cancelled,
    cancelled_or_done,
    in_thread,
    looped,
    start,
)

from xensys.errors import (
    StoreConnectionError,
    StorePermissionError,
)
from xensys.store import aio, plans


class TestDeath:
    @pytest.mark.parametrize(
        ("what", "text"),
        [
            (b"", "xenstored closed the connection"),
            (b"\x02\0\0", "3 bytes into a message"),
            (HEADER.pack(READ, 1, 0, 1 << 30), "announced"),
            (HEADER.pack(READ, 77, 0, 0), "never used"),
        ],
    )
    @looped
    async def test_wakes_every_task_with_the_cause(self, what, text):
        async with (pair := Pair()) as (store, peer):
            watch, _ = await pair.watch()
            tasks = [
                start(store.read("/a")),
                start(store.transaction()),
                start(watch.get()),
                start(watch.get()),
            ]
            for _ in range(2):
                await peer.message()
            peer.sock.send(what)
            peer.close()
            for task in tasks:
                with pytest.raises(StoreConnectionError, match=text):
                    await task
            assert not store.connected
            assert "disconnected" in repr(store)
            with pytest.raises(StoreConnectionError, match=text):
                await store.read("/b")
            with pytest.raises(StoreConnectionError):
                await store.reconnect()
            await watch.close()

    @looped
    async def test_events_from_before_are_not_lost(self):
        async with (pair := Pair()) as (_, peer):
            watch, token = await pair.watch()
            for n in range(3):
                peer.event(b"/w/%d" % n, token)
            peer.close()
            seen = []

            async def loop():
                async for event in watch:
                    seen.append(event.path)

            with pytest.raises(StoreConnectionError):
                await loop()
            assert seen == ["/w/0", "/w/1", "/w/2"]
            await watch.close()

    @pytest.mark.parametrize("reset", [False, True])
    @looped
    async def test_of_the_simulated_daemon_and_its_return(self, machine, reset):
        async with aio.open(kernel=machine.dom0) as store:
            async with store.watch("/t") as watch:
                await watch.get()
                transaction = await store.transaction()
                waiting = start(watch.get())
                await asyncio.sleep(0)
                machine.store.kill(reset=reset)
                with pytest.raises(StoreConnectionError):
                    await waiting
                with pytest.raises(StoreConnectionError):
                    await store.reconnect()
                machine.store.restart()
                assert await store.reconnect() is True
                assert await store.reconnect() is False
                assert await watch.get(5) == ("/t", "/t")
                await store.write("/t/x", "1")
                assert await watch.get(5) == ("/t/x", "/t")
                with pytest.raises(StoreConnectionError, match="lost"):
                    await transaction.commit()
            assert store.connected


class TestReconnection:
    @pytest.fixture
    def path(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as self.server:
            self.server.bind(path)
            self.server.listen()
            self.server.setblocking(False)
            yield path

    async def accept(self):
        return Peer((await asyncio.get_running_loop().sock_accept(self.server))[0])

    @looped
    async def test_sets_up_watches_again_and_keeps_their_errors(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            watches = []
            for n in range(3):
                made = start(store.watch(f"/{n}", depth=n or None))
                request = await peer.answer()
                watches.append((await made, request[3]))
            waiting = start(watches[0][0].get())
            await asyncio.sleep(0)
            peer.close()
            with pytest.raises(StoreConnectionError, match="reconnect"):
                await waiting
            again = start(store.reconnect())
            peer = await self.accept()
            assert (await peer.answer())[3] == watches[0][1]
            request = await peer.message()
            assert request[3] == watches[1][1]
            peer.send(ERROR, request[1], b"EACCES\0")
            # One that is closed meanwhile is taken back.
            request = await peer.message()
            assert request[3] == watches[2][1]
            await cancelled_or_done(start(watches[2][0].close()), peer)
            peer.send(WATCH, request[1], b"OK\0")
            assert await again is True
            assert (await peer.answer())[0] == UNWATCH
            for _ in range(2):
                with pytest.raises(StorePermissionError):
                    await watches[1][0].get()
            for watch, _ in watches:
                await cancelled_or_done(start(watch.close()), peer)
            peer.close()

    @looped
    async def test_interrupted_is_to_be_done_again(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            made = start(store.watch("/w"))
            token = (await peer.answer())[3].split(b"\0")[1]
            watch = await made
            peer.close()
            with pytest.raises(StoreConnectionError):
                await watch.get()
            again = start(store.reconnect())
            peer = await self.accept()
            await peer.message()
            await cancelled(again)
            assert not store.connected
            with pytest.raises(StoreConnectionError, match="interrupted"):
                await watch.get()
            peer.close()
            again = start(store.reconnect())
            peer = await self.accept()
            await peer.answer()
            assert await again is True
            peer.event(b"/w", token)
            assert (await watch.get()).path == "/w"
            await cancelled_or_done(start(watch.close()), peer)
            peer.close()

    @looped
    async def test_what_comes_of_the_old_connection_does_not_reach_the_new_one(self, path):
        async with aio.open(path) as store:
            peer = await self.accept()
            connection = store._connection
            running = start(connection.run(plans.in_transaction(lambda tx: plans.write("/a", b"1", tx=tx))))
            begun = start(store.transaction())
            for tx in (b"3\0", b"4\0"):
                await peer.answer(tx)
            # All this before those two can run again.
            connection._readable()
            connection._finish(errno.ECONNRESET, "gone")
            with pytest.raises(StopIteration):
                store.reconnect().send(None)
            begun.cancel()
            with pytest.raises(StoreConnectionError, match="it was begun on"):
                await running
            with pytest.raises(asyncio.CancelledError):
                await begun
            replaced = await self.accept()
            assert await replaced.silent()
            peer.close()
            replaced.close()


class TestClosing:
    @looped
    async def test_ends_what_others_wait_for(self):
        async with (pair := Pair()) as (store, _):
            watch, _ = await pair.watch()

            async def loop():
                async for _ in watch:
                    pass

            tasks = [start(store.read("/a")), start(watch.get()), start(loop())]
            for _ in range(3):
                await asyncio.sleep(0)
            await store.close()
            for task in tasks:
                with pytest.raises(StoreConnectionError, match="closed by this process") as caught:
                    await task
                assert caught.value.errno == errno.ECONNABORTED

    @looped
    async def test_of_a_watch_ends_those_who_wait_for_it(self):
        async with (pair := Pair()) as (_, peer):
            watch, _ = await pair.watch()

            async def loop():
                return [event async for event in watch]

            getting, looping = start(watch.get()), start(loop())
            await asyncio.sleep(0)
            closing = start(watch.close())
            assert (await peer.answer())[0] == UNWATCH
            await closing
            await watch.close()
            with pytest.raises(ValueError, match="closed"):
                await getting
            assert await looping == []
            assert "closed" in repr(watch)

    @looped
    async def test_twice_does_nothing_and_use_raises(self, machine):
        store = await aio.open(kernel=machine.dom0)
        watch = await store.watch("/tool")
        transaction = await store.transaction()
        await store.close()
        await store.close()
        assert store.closed
        assert not store.connected
        for call in (
            lambda: store.read("/"), lambda: store.watch("/"), store.transaction, store.reconnect,
            watch.get, lambda: anext(watch), transaction.commit, transaction.commit,
        ):  # fmt: skip
            with pytest.raises(ValueError, match="closed|ended"):
                await call()
        await watch.close()
        assert repr(store) == "<Store /run/xenstored/socket, closed>"

    def test_leaves_no_descriptor_and_none_in_the_loop(self, machine):
        @looped
        async def use(way):
            loop = asyncio.get_running_loop()
            before = set(loop._selector.get_map())
            store = await aio.open(kernel=machine.dom0)
            tasks = [start(store.read("/tool"))]
            await asyncio.gather(*tasks, return_exceptions=True)
            assert set(loop._selector.get_map()) != before
            if way == "close":
                await store.close()
            elif way == "forget":
                with pytest.warns(ResourceWarning, match="unclosed <Store"):
                    del store
                await asyncio.sleep(0)
            elif way == "death":
                machine.store.kill()
                with pytest.raises(StoreConnectionError):
                    await store.read("/")
                machine.store.restart()
                assert set(loop._selector.get_map()) == before
                await store.close()
            assert set(loop._selector.get_map()) == before

        def count():
            gc.collect()
            return len(os.listdir("/proc/self/fd"))

        use("close")
        before = count()
        for way in ("close", "forget", "death"):
            use(way)
            assert count() == before

    @looped
    async def test_forgotten_watches_and_transactions_are_undone_soon(self):
        async with (pair := Pair()) as (store, peer):
            watch, token = await pair.watch()
            await asyncio.sleep(0)  # until then the loop refers to the task that made it
            with pytest.warns(ResourceWarning, match="watch never closed: <Watch '/w'"):
                del watch
            assert (await peer.answer())[::3] == (UNWATCH, b"/w\0" + token + b"\0")
            begun = start(store.transaction())
            await peer.answer(b"4\0")
            await begun
            await asyncio.sleep(0)
            with pytest.warns(ResourceWarning, match="transaction never ended"):
                del begun
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 4, b"F\0")
            # In another thread.
            watch, token = await pair.watch()
            await asyncio.sleep(0)
            box = [watch]
            del watch
            with pytest.warns(ResourceWarning, match="never closed"):
                in_thread(box.clear)
            assert (await peer.answer())[0] == UNWATCH

    def test_forgotten_by_a_loop_that_has_ended(self, machine):
        kept = []

        async def main():
            kept.append(await aio.open(kernel=machine.dom0))

        asyncio.run(main(), debug=True)
        fd = kept[0]._connection._transport.descriptor.fd
        with pytest.warns(ResourceWarning, match="unclosed <Store"):
            kept.clear()
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    def test_after_its_loop_has_ended_works_from_anywhere(self, machine):
        async def main():
            store = await aio.open(kernel=machine.dom0)
            return store, await store.watch("/tool")

        store, watch = asyncio.run(main())
        asyncio.run(store.close())
        assert store.closed
        watch._queue.closed = True

    @looped
    async def test_cannot_be_copied(self, machine):
        async with aio.open(kernel=machine.dom0) as store, store.transaction() as t, store.watch("/t") as w:
            for thing in (store, t, w):
                for way in (copy.copy, copy.deepcopy, pickle.dumps):
                    with pytest.raises(TypeError):
                        way(thing)
