"""XenBus with asyncio: the synchronous face's tests through a loop in a thread, and cancellation."""

from __future__ import annotations

import asyncio
import inspect

import pytest
import test_store_xenbus as xenbus_tests
from aiopeer import looped
from test_store_aio_shared import Bridged, Loop
from test_store_xenbus import BACK, FRONT, plug, put

from xensys.sim import Machine
from xensys.store import aio, aio_xenbus, xenbus

PAIRS = [(getattr(xenbus, name), getattr(aio_xenbus, name)) for name in ("End", "Frontend", "Backend")]


class BridgedEnd(Bridged):
    """An end whose attributes are awaited."""

    def __getattr__(self, name):
        if inspect.isdatadescriptor(getattr(type(self._thing), name, None)) and name in (
            "state", "peer_state", "peer_path", "peer_domid",
        ):  # fmt: skip
            return self._loop.run(lambda: getattr(self._thing, name))
        return super().__getattr__(name)


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(autouse=True)
def bridge(loop, monkeypatch):
    """Have the tests' module find the asyncio face."""

    def ends(kind):
        def made(store, *args, **options):
            return BridgedEnd(loop, kind(store._thing, *args, **options))

        def find(store, *args, **options):
            for end in loop.iterate(kind.find(store._thing, *args, **options)):
                yield BridgedEnd(loop, end)

        made.find = find
        return made

    class Store:
        @staticmethod
        def open(**options):
            return loop.run(lambda: aio.open(**options))

    monkeypatch.setattr(xenbus_tests, "Store", Store)
    for kind in (aio_xenbus.Backend, aio_xenbus.Frontend):
        monkeypatch.setattr(xenbus_tests, kind.__name__, ends(kind))


@pytest.fixture
def machine():
    made = Machine(real_time=True)
    plug(made)
    return made


@pytest.fixture(name="back")
def _back(machine, bridge):
    with xenbus_tests.Store.open(kernel=machine.dom0) as store:
        yield xenbus_tests.Backend(store, "vbd", 1, 51712)


@pytest.fixture(name="front")
def _front(machine, bridge):
    with xenbus_tests.Store.open(kernel=machine.domains[1].kernel()) as store:
        yield xenbus_tests.Frontend(store, "vbd", 51712)


class TestNodes(xenbus_tests.TestNodes):
    pass


class TestHandshake(xenbus_tests.TestHandshake):
    pass


class TestHostile(xenbus_tests.TestHostile):
    pass


class TestTwins:
    @pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind.__name__)
    def test_have_the_same_names_and_parameters(self, one, two):
        names = {name for name in dir(one) if not name.startswith("_")}
        assert names == {name for name in dir(two) if not name.startswith("_")}
        for name in [*names, "__init__"]:
            value, other = getattr(one, name), getattr(two, name)
            if callable(value):
                assert [
                    (p.name, p.kind, p.default) for p in inspect.signature(value).parameters.values()
                ] == [(p.name, p.kind, p.default) for p in inspect.signature(other).parameters.values()]
                assert inspect.iscoroutinefunction(other) == (name not in ("__init__", "find")), name
            else:
                assert isinstance(value, property) == isinstance(other, property), name

    def test_have_the_same_public_names(self):
        assert xenbus.__all__ == aio_xenbus.__all__
        for name in xenbus.__all__:
            if name not in ("End", "Frontend", "Backend"):
                assert getattr(xenbus, name) is getattr(aio_xenbus, name)


class TestCancellation:
    @pytest.mark.parametrize("face", ["accept", "connect"])
    @looped
    async def test_at_any_moment_leaves_no_watch_and_no_transaction(self, face):
        """Cancelled after each number of the loop's turns."""
        reached = set()
        for turns in range(0, 120, 4):
            machine = Machine(guests=False)
            machine.add_domain(domid=1, memory=1 << 20)
            plug(machine)
            if face == "connect":
                machine.store.write(f"{BACK}/state", "2")
            kernel = machine.dom0 if face == "accept" else machine.domains[1].kernel()
            async with aio.open(kernel=kernel) as store:
                if face == "accept":
                    call = aio_xenbus.Backend(store, "vbd", 1, 51712).accept({"x": 1})
                else:
                    values = {"ring-ref": 1, "event-channel": 2}
                    call = aio_xenbus.Frontend(store, "vbd", 51712).connect(values)
                task = asyncio.create_task(call)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                # What is undone is undone soon; and nothing hangs.
                for _ in range(3):
                    await store.get_domain_path(1)
                    await asyncio.sleep(0)
                for connection in machine.store.connections:
                    assert not connection.watches
                    assert not connection.transactions
            reached.add(machine.store.read(f"{BACK if face == 'accept' else FRONT}/state"))
        assert reached == ({b"1", b"2"} if face == "accept" else {b"1", b"3"})

    @looped
    async def test_of_one_task_is_none_of_another(self):
        machine = Machine()
        plug(machine)
        async with aio.open(kernel=machine.dom0) as store:
            back = aio_xenbus.Backend(store, "vbd", 1, 51712)
            tasks = [asyncio.create_task(back.wait_for_peer(xenbus.INITIALISED)) for _ in range(3)]
            await asyncio.sleep(0.01)
            tasks[0].cancel()
            put(machine, "state", "3")
            assert await asyncio.wait_for(tasks[1], 20) == xenbus.INITIALISED
            assert await asyncio.wait_for(tasks[2], 20) == xenbus.INITIALISED
            assert tasks[0].cancelled()

    @looped
    async def test_the_end_of_the_connection_ends_who_waits(self):
        machine = Machine()
        plug(machine)
        async with aio.open(kernel=machine.dom0) as store:
            back = aio_xenbus.Backend(store, "vbd", 1, 51712)
            task = asyncio.create_task(back.wait_while(xenbus.INITIALISING))
            await asyncio.sleep(0.01)
            machine.store.kill()
            with pytest.raises(ConnectionError):
                await task
