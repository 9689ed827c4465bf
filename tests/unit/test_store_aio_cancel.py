"""The asynchronous client: cancelled at any moment."""

from __future__ import annotations

import asyncio
import random

import pytest
from aiopeer import (
    END,
    GUARD,
    READ,
    START,
    UNWATCH,
    WATCH,
    Narrow,
    Pair,
    cancelled,
    drain,
    fill,
    looped,
    start,
)

from xensys.errors import (
    StoreTimeoutError,
)
from xensys.store import aio, plans


class TestCancellation:
    @looped
    async def test_drops_the_reply_when_it_comes(self):
        async with Pair() as (store, peer):
            task = start(store.read("/a"))
            late = await peer.message()
            await cancelled(task)
            reading = start(store.read("/b"))
            request = await peer.message()
            peer.send(READ, late[1], b"late")
            peer.send(READ, request[1], b"right")
            assert await reading == b"right"
            assert store._connection._session.late == 1

    @looped
    async def test_together_with_the_reply(self):
        async with Pair() as (store, peer):
            task = start(store.read("/a"))
            await peer.answer(b"v")
            store._connection._readable()
            await cancelled(task)
            task = start(store.transaction())
            await peer.answer(b"7\0")
            store._connection._readable()
            await cancelled(task)
            assert (await peer.answer())[::2] == (END, 7)

    @looped
    async def test_takes_back_what_was_not_begun_and_finishes_what_was(self):
        kernel = Narrow()
        async with Pair(kernel=kernel) as (store, peer):
            kernel.room = 20
            tasks = [start(store.write(f"/{n}", b"x" * n)) for n in range(4)]
            await asyncio.sleep(0)
            outbox = store._connection._outbox
            assert [out.begun for out in outbox] == [True, False, False]
            await cancelled(tasks[1])
            await cancelled(tasks[2])
            kernel.room = 1000
            assert (await peer.answer())[3] == b"/0\0"
            assert (await peer.answer())[3] == b"/1\0x"
            assert (await peer.answer())[3] == b"/3\0xxx"
            await tasks[0]
            await tasks[3]
            assert store._connection._session.late == 1
            assert store._connection._session._calls == {}

    @looped
    async def test_of_a_transactions_begin_undoes_it(self):
        async with Pair() as (store, peer):
            task = start(store.transaction())
            _, req_id, _, _ = await peer.message()
            await cancelled(task)
            assert await peer.silent()
            peer.send(START, req_id, b"12\0")
            assert (await peer.answer())[::2] == (END, 12)

    @pytest.mark.parametrize("how", ["write_tree", "setdefault", "pop", "update"])
    @looped
    async def test_gives_a_plans_transaction_back_without_waiting(self, how):
        arguments = {
            "write_tree": ({"/a": "1"},),
            "update": ({"/a": "1"},),
            "pop": ("/a",),
            "setdefault": ("/a", "1"),
        }
        async with Pair() as (store, peer):
            task = start(getattr(store, how)(*arguments[how]))
            await peer.answer(b"5\0")
            await peer.message()
            await cancelled(task)
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 5, b"F\0")
            assert await peer.silent()

    @looped
    async def test_within_a_transaction_undoes_it_without_waiting(self):
        async with Pair() as (store, peer):
            inside = asyncio.Event()

            async def work():
                async with store.transaction():
                    inside.set()
                    await asyncio.sleep(GUARD)

            task = start(work())
            await peer.answer(b"9\0")
            await inside.wait()
            await cancelled(task)
            request = await peer.message()
            assert (request[0], request[2], request[3]) == (END, 9, b"F\0")

    @looped
    async def test_of_a_commit(self):
        async with Pair(room=4096) as (store, peer):
            for full in (False, True):
                begun = start(store.transaction())
                await peer.answer(b"9\0")
                transaction = await begun
                tasks = await fill(store) if full else []
                task = start(transaction.commit())
                await asyncio.sleep(0)
                await cancelled(task)
                await drain(peer, tasks)
                # It was on its way; or it was not, and is taken back for good.
                request = await peer.answer()
                assert (request[0], request[2], request[3]) == (END, 9, b"F\0" if full else b"T\0")
                assert await peer.silent()
                assert transaction.ended

    @looped
    async def test_of_a_watch_to_be_ends_it(self):
        async with Pair() as (store, peer):
            task = start(store.watch("/w"))
            _, req_id, _, payload = await peer.message()
            await cancelled(task)
            assert store._connection._session.queues == {}
            peer.send(WATCH, req_id, b"OK\0")
            assert (await peer.answer())[::3] == (UNWATCH, payload)

    @looped
    async def test_within_a_watch_ends_it_without_waiting(self):
        async with Pair() as (store, peer):

            async def work():
                async with store.watch("/w") as watch:
                    async for _ in watch:
                        pass

            task = start(work())
            await peer.answer()
            await asyncio.sleep(0)
            await cancelled(task)
            assert (await peer.answer())[0] == UNWATCH
            assert store._connection._session.queues == {}

    @looped
    async def test_of_a_watchs_end_ends_it(self):
        async with (pair := Pair(room=4096)) as (store, peer):
            watch, token = await pair.watch()
            tasks = await fill(store)
            closing = start(watch.close())
            await asyncio.sleep(0)
            await cancelled(closing)
            await drain(peer, tasks)
            assert (await peer.answer())[::3] == (UNWATCH, b"/w\0" + token + b"\0")

    @looped
    async def test_takes_no_event(self):
        async with (pair := Pair()) as (store, peer):
            watch, token = await pair.watch()
            one, two = start(watch.get()), start(watch.get())
            await asyncio.sleep(0)
            peer.event(b"/w/x", token)
            store._connection._readable()
            await cancelled(one)
            assert (await two).path == "/w/x"
            third = start(watch.get())
            await asyncio.sleep(0)
            peer.event(b"/w/y", token)
            store._connection._readable()
            await cancelled(third)
            assert (await watch.get(0)).path == "/w/y"
            watch._queue.closed = True

    @looped
    async def test_of_wait_for_leaves_nothing(self):
        async with Pair() as (store, peer):
            task = start(store.wait_for("/a"))
            token = (await peer.answer())[3].split(b"\0")[1]
            peer.event(b"/a", token)
            assert (await peer.message())[0] == READ
            await cancelled(task)
            assert (await peer.answer())[0] == UNWATCH
            assert store._connection._session.queues == {}

    @looped
    async def test_asyncios_own_deadlines_do(self):
        async with Pair() as (store, _):
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.01):
                    await store.read("/a")
            assert not isinstance(caught.value, StoreTimeoutError)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.wait_for("/b"), 0.01)
            assert store.connected

    @looped
    async def test_a_coroutine_that_is_thrown_away_does_no_harm(self):
        async with Pair() as (store, peer):
            coroutine = store.write_tree({"/a": "1"})
            task = asyncio.create_task(coroutine)
            await peer.answer(b"5\0")
            await peer.message()
            coroutine.close()  # as when its loop ends without it
            request = await peer.answer()
            assert (request[0], request[2], request[3]) == (END, 5, b"F\0")
            task.cancel()
            with pytest.raises((RuntimeError, asyncio.CancelledError)):
                await task
            coroutine = store._connection.run(plans.transaction_start())
            task = asyncio.create_task(coroutine)
            _, req_id, _, _ = await peer.message()
            coroutine.close()
            await asyncio.sleep(0)
            peer.send(START, req_id, b"8\0")
            assert (await peer.answer())[::2] == (END, 8)
            task.cancel()
            with pytest.raises((RuntimeError, asyncio.CancelledError)):
                await task

    @pytest.mark.parametrize("device", [False, True])
    @pytest.mark.parametrize("seed", range(4))
    @looped
    async def test_at_any_moment_leaves_nothing_in_the_daemon(self, machine, device, seed):
        chance = random.Random(seed)
        kernel = machine.domains[1].kernel() if device else machine.dom0
        home = "data" if device else "/t"
        before = machine.store.ring(1).watches[:] if device else []
        async with aio.open(kernel=kernel) as store:

            async def work():
                path = f"{home}/{chance.randrange(5)}"
                match chance.randrange(6 if not device else 5):
                    case 0:
                        await store.write_tree({path: "1", path + "/b": "2"})
                    case 1:
                        await store.in_transaction(lambda t: t.setdefault(path, "1"))
                    case 2:
                        async with store.transaction() as t:
                            await t.write(path, "2")
                            await asyncio.sleep(0)
                            await t.read(path)
                    case 3:
                        await store.pop(path, None)
                    case 4:
                        await store.read_tree(home)
                    case 5:
                        async with store.watch(path) as watch:
                            await watch.get()
                            await watch.get()

            await store.write(home, "")
            for _ in range(30):
                if not device and chance.random() < 0.5:
                    machine.store.hold()
                tasks = [start(work()) for _ in range(5)]
                for _ in range(chance.randrange(6)):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=GUARD)
                machine.store.let_go()
            # What was thrown away comes back and is undone.
            while store._connection._session._calls or store._connection._session.undo:
                await store.exists(home)
            session = store._connection._session
            assert (session.queues, session.outstanding, session.strays >= 0) == ({}, 0, True)
            for connection in machine.store.connections:
                assert connection.transactions == {}
            left = machine.store.ring(1).watches if device else [
                watch for connection in machine.store.connections if connection.domain is None
                for watch in connection.watches
            ]  # fmt: skip
            assert list(left) == before
        machine.store.check()
