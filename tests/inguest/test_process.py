"""One device, many users: threads, openings, deadlines, children, asyncio."""

from __future__ import annotations

import asyncio
import gc
import os

import pytest

from tests.contract.processes import in_child
from tests.inguest.dom0 import PATIENCE
from tests.inguest.refusals import Threads
from xensys.errors import (
    ForkedError,
    NodeNotFoundError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
)
from xensys.store import Store


@pytest.mark.parametrize("shared", [True, False], ids=["one-opening", "each-its-own"])
def test_many_threads(world, store, place, shared):
    # Linux uses one buffer per opening, also after the write that filled it: a reply to
    # another's request would show here.
    def work(number, mine):
        where = f"{place}/{number}"
        for turn in range(20):
            value = f"{number}.{turn}".encode() * (number + 1)
            mine.write(f"{where}/value", value)
            assert mine.read(f"{where}/value") == value
            assert mine.directory(where) == ("value",)
            with pytest.raises(NodeNotFoundError) as caught:
                mine.read(f"{where}/none-{turn}")
            assert caught.value.path == f"{where}/none-{turn}"
        return number

    threads = Threads()
    for number in range(6):
        store.mkdir(f"{place}/{number}")
        threads.start(work, number, store if shared else world.store())
    assert sorted(threads.finish()) == list(range(6))


def test_a_deadline(store, place):
    with pytest.raises(StoreTimeoutError), store.deadline(0.3):
        store.wait_for(place)
    with store.deadline(PATIENCE):
        store.write(place, b"x")
    assert store.read(place) == b"x"


def test_a_child_opens_its_own(world, store, place):
    store.write(place, b"parent")
    t = store.transaction()
    watch = store.watch(place)

    def child():
        for call in (lambda: store.read(place), lambda: t.read(place), lambda: watch.get(0)):
            with pytest.raises(ForkedError):
                call()
        store.close()

    in_child(child)
    # What it closed was its own.
    assert watch.get(PATIENCE).path == place
    assert t.read(place) == b"parent"
    t.write(place, b"done")
    t.commit()
    assert watch.get(PATIENCE).path == place
    watch.close()
    assert store.read(place) == b"done"


def test_a_child_may_use_the_device(world, store, place):
    store.write(place, b"parent")

    def child():
        with Store.open(kernel=world.kernel, timeout=PATIENCE) as own:
            assert own.read(place) == b"parent"

    in_child(child)
    assert store.read(place) == b"parent"


def test_close_leaves_no_descriptor(world, store):
    def descriptors():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    store.exists("domid")
    before = descriptors()
    for _ in range(3):
        with Store.open(kernel=world.kernel, timeout=PATIENCE) as own:
            kept = own.watch("data"), own.transaction()
        del kept
    assert descriptors() == before


# asyncio


def test_aio_nodes_and_permissions(world, dom0, place, theirs):
    async def main():
        async with world.aio() as store:
            await store.write(f"{place}/a", b"x")
            assert await store.read(f"{place}/a") == b"x"
            assert await store.directory(place) == ("a",)
            with pytest.raises(StorePermissionError):
                await store.read(theirs)
            with pytest.raises(StorePermissionError):
                await store.is_introduced(0)
            many = [store.read_text("domid") for _ in range(20)]
            assert set(await asyncio.gather(*many)) == {str(world.domid)}

    asyncio.run(main())
    assert dom0.read(f"{world.home}/{place}/a") == b"x"


def test_aio_transactions(world, dom0, place):
    async def main():
        async with world.aio() as store:
            await store.write(place, b"0")
            t = await store.transaction()
            await t.write(place, b"1")
            dom0.write(f"{world.home}/{place}", b"2")
            with pytest.raises(TransactionConflictError):
                await t.commit()
            async with store.transaction() as t:
                assert await t.read(place) == b"2"
                await t.write(place, b"3")

    asyncio.run(main())
    assert dom0.read(f"{world.home}/{place}") == b"3"


def test_aio_watches_and_waiting(world, dom0, place):
    async def main():
        async with world.aio() as store:
            await store.mkdir(place)
            async with store.watch(place) as watch:
                assert (await watch.get(PATIENCE)).path == place
                waiting = asyncio.create_task(store.wait_for(f"{place}/b", timeout=PATIENCE))
                dom0.write(f"{world.home}/{place}/a", b"")
                assert (await watch.get(PATIENCE)).path == f"{place}/a"
                dom0.write(f"{world.home}/{place}/b", b"come")
                assert await waiting == b"come"
            with pytest.raises(StoreTimeoutError):
                await store.wait_for(f"{place}/none", timeout=0.3)

    asyncio.run(main())
