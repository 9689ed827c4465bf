"""Event channels for asyncio."""

from __future__ import annotations

import asyncio
import errno
import threading

import pytest

import xensys
from tests.contract.worlds import PATIENCE, SELF
from xensys.devices.evtchn import Evtchn
from xensys.events import Events
from xensys.events.aio import AsyncEvents


@pytest.fixture
def events(world):
    return AsyncEvents(world.xen.events)


def run(work):
    """Run a test's coroutine; everything it starts has to end."""

    async def limited():
        await asyncio.wait_for(work, PATIENCE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left over: {left}"

    asyncio.run(limited())


async def quiet_pair(events):
    one = events.bind_unbound(SELF)
    two = events.bind_interdomain(SELF, one)
    assert await events.wait() == [two]
    two.unmask()
    return one, two


async def settled(task):
    """Let a task get to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()


def test_async_for_gives_ports_one_at_a_time(events):
    async def work():
        ones = [events.bind_unbound(SELF) for _ in range(10)]
        twos = [events.bind_interdomain(SELF, one) for one in ones]
        found = []
        async for port in events:
            found.append(port)
            port.unmask()
            if len(found) == 10:
                break
        assert set(found) == set(twos)
        twos[3].notify()
        assert await anext(events) is ones[3]
        assert await events.wait(0) == []

    run(work())


def test_wait_for_waits_for_its_port_alone(events):
    async def work():
        one, two = await quiet_pair(events)
        for_one, for_two = (asyncio.create_task(events.wait_for(port)) for port in (one, two))
        rest = asyncio.create_task(anext(events))
        await settled(for_one)
        one.notify()
        assert await for_two
        assert not for_one.done()
        assert not rest.done()
        two.notify()
        assert await for_one
        one.unmask()
        two.notify()
        assert await rest is one
        assert not await events.wait_for(one, 0)
        assert not await events.wait_for(one, 0.02)
        assert await events.wait(0.02) == []
        with pytest.raises(ValueError, match="timeout"):
            await events.wait(-1)

    run(work())


def test_two_tasks_that_ping_each_other(events):
    async def work():
        one, two = await quiet_pair(events)

        async def side(port, first):
            if first:
                port.notify()
            for turn in range(50):
                assert await events.wait_for(port)
                port.unmask()
                if not first or turn < 49:
                    port.notify()

        await asyncio.gather(side(one, True), side(two, False))

    run(work())


def test_cancelled_it_takes_nothing(events):
    async def work():
        one, two = await quiet_pair(events)
        for wait in (lambda: events.wait_for(one), lambda: anext(events), lambda: events.wait()):
            task = asyncio.create_task(wait())
            await settled(task)
            two.notify()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await events.wait() == [one]
            one.unmask()

    run(work())


def test_threads_and_tasks_wait_side_by_side(world, events):
    machine = getattr(world, "machine", None)
    if machine is not None:
        from xensys.sim.clock import RealClock

        machine.clock = RealClock()

    async def work():
        one, two = await quiet_pair(events)
        got = []
        thread = threading.Thread(target=lambda: got.append(one.wait(PATIENCE)))
        thread.start()
        task = asyncio.create_task(events.wait_for(two))
        while not one._waiting:
            await asyncio.sleep(0.001)
        await settled(task)
        one.notify()
        assert await task
        two.notify()
        await asyncio.get_running_loop().run_in_executor(None, thread.join)
        assert got == [True]

    run(work())


def test_a_port_that_is_closed_ends_its_waits(events):
    async def work():
        one, _ = await quiet_pair(events)
        task = asyncio.create_task(events.wait_for(one))
        await settled(task)
        one.close()
        with pytest.raises(ValueError, match="closed"):
            await task
        with pytest.raises(ValueError, match="closed"):
            await events.wait_for(one)

    run(work())


@pytest.mark.parametrize("thread", [False, True])
def test_close_ends_iteration_and_waits(events, thread):
    async def work():
        one, _ = await quiet_pair(events)

        async def collect():
            return [port async for port in events]

        iteration = asyncio.create_task(collect())
        waits = [asyncio.create_task(events.wait_for(one)), asyncio.create_task(events.wait())]
        await settled(iteration)
        if thread:
            await asyncio.get_running_loop().run_in_executor(None, events.events.close)
        else:
            events.close()
        assert await iteration == []
        for wait in waits:
            with pytest.raises(ValueError, match="closed"):
                await wait

    run(work())


def test_an_overflow_reaches_everybody_who_waits(world):
    async def work():
        with Evtchn.open(world.kernel) as device:
            kept = device.bind_unbound_port(SELF)
            with Events.adopt(device.fileno(), world.kernel, ports=[kept], close=False) as adopted:
                events = AsyncEvents(adopted)
                tasks = [
                    asyncio.create_task(events.wait()),
                    asyncio.create_task(events.wait_for(*adopted.ports)),
                ]
                await settled(tasks[0])
                for _ in range(300):
                    one = device.bind_unbound_port(SELF)
                    two = device.bind_interdomain(SELF, one)
                    world.let_deliver()
                    device.unbind(two)
                    device.unbind(one)
                for task in tasks:
                    with pytest.raises(xensys.EventOverflowError) as caught:
                        await task
                    assert caught.value.errno == errno.EFBIG
                events.reset()
                assert [port.port for port in await events.wait()] == [kept]

    run(work())


def test_another_loop_later(events):
    async def first():
        await quiet_pair(events)

    async def second():
        one, two = events.events.ports
        two.notify()
        assert await events.wait_for(one)

    run(first())
    run(second())


def test_as_a_context_manager_it_closes(world):
    async def work():
        async with AsyncEvents(world.xen.events) as events:
            assert events.bind_unbound(0).status().kind == "unbound"
            assert "AsyncEvents" in repr(events)
        assert events.events.closed

    run(work())
