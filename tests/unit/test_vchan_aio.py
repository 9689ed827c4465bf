"""vchan's asyncio face in the simulator."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress

import pytest
from vchanfaults import FAULTS, NAMES, belongings

import xensys
from xensys.sim import Machine
from xensys.sim.clock import RealClock
from xensys.vchan import Vchan, VchanTimeoutError, aio

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


def test_asyncio_in_two_domains(dom0, domu):
    async def main() -> None:
        async with (
            await aio.Vchan.listen(dom0, 1, PATH) as server,
            await aio.Vchan.connect(domu, 0, PATH, timeout=PATIENCE) as client,
        ):
            await server.accept(timeout=PATIENCE)
            data = os.urandom(50_000)
            task = asyncio.create_task(server.write(data))
            got = b""
            while len(got) < len(data):
                got += await client.read(3000, timeout=PATIENCE)
            assert await task == len(data)
            assert got == data

    asyncio.run(main())


def test_asyncio_readers_take_turns(dom0):
    async def main() -> None:
        async with (
            await aio.Vchan.listen(dom0, 0, PATH) as server,
            await aio.Vchan.connect(dom0, 0, PATH, timeout=PATIENCE) as client,
        ):
            first = asyncio.create_task(server.recv(4))
            second = asyncio.create_task(server.recv(2))
            await asyncio.sleep(SHORT)
            with pytest.raises(VchanTimeoutError):
                await server.read(1, timeout=SHORT)
            await client.write(b"fo")
            assert server.try_read(1) is None
            assert server.data_ready() == 0
            await client.write(b"urto")
            assert await first == b"four"
            assert await second == b"to"

    asyncio.run(main())


def test_asyncio_cancelling_takes_nothing(dom0):
    async def main() -> None:
        async with (
            await aio.Vchan.listen(dom0, 0, PATH) as server,
            await aio.Vchan.connect(dom0, 0, PATH, timeout=PATIENCE) as client,
        ):
            reads = [asyncio.create_task(server.read(10)) for _ in range(3)]
            waits = asyncio.create_task(server.wait())
            await asyncio.sleep(SHORT)
            for task in (reads[0], reads[1], waits):
                task.cancel()
            await asyncio.sleep(0)
            await client.send(b"x")
            assert await asyncio.wait_for(reads[2], PATIENCE) == b"x"
            assert reads[0].cancelled()
            assert reads[1].cancelled()
            write = asyncio.create_task(server.write(bytes(5000)))
            await asyncio.sleep(SHORT)
            write.cancel()
            await asyncio.sleep(0)
            assert await client.read(10_000) == bytes(4096)

    asyncio.run(main())


def test_asyncio_closing_ends_waits(dom0):
    async def main() -> None:
        server = await aio.Vchan.listen(dom0, 0, PATH)
        tasks = [
            asyncio.create_task(work)
            for work in (server.read(1), server.read(2), server.write(bytes(5000)), server.wait())
        ]
        await asyncio.sleep(SHORT)
        await server.close()
        await server.close()
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)
        assert [type(result) for result in results[:3]] == [ValueError] * 3
        with pytest.raises(ValueError, match="closed vchan"):
            await server.read(1)
        with pytest.raises(ValueError, match="closed vchan"):
            server.try_read(1)

    asyncio.run(main())
    assert not dom0.store.exists(PATH)


def test_asyncio_belongs_to_its_loop(dom0):
    async def make() -> aio.Vchan:
        return await aio.Vchan.listen(dom0, 0, PATH)

    with asyncio.Runner() as first:
        server = first.run(make())
        with asyncio.Runner() as second, pytest.raises(RuntimeError, match="event loop"):
            second.run(server.read(1))
        first.run(server.close())


def test_asyncio_with_a_store_of_the_callers(dom0, machine):
    from xensys.store import aio as store_aio

    async def main() -> None:
        async with store_aio.open(kernel=machine.dom0) as store:
            server = await aio.Vchan.listen(dom0, 0, PATH, store=store)
            client = await aio.Vchan.connect(dom0, 0, PATH, timeout=PATIENCE, store=store)
            await client.close()
            await server.close()
            assert not await store.exists(PATH)

    asyncio.run(main())


def test_asyncio_a_domain_that_is_destroyed(machine, dom0, domu, monkeypatch):
    monkeypatch.setattr(aio, "ALIVE", 0.05)

    async def main() -> None:
        async with await aio.Vchan.listen(dom0, 1, PATH) as server:
            client = Vchan.connect(domu, 0, PATH, timeout=PATIENCE)
            await server.accept(timeout=PATIENCE)
            task = asyncio.create_task(server.read(1))
            await asyncio.sleep(SHORT)
            assert not task.done()
            machine.domains[1].destroy()
            assert await asyncio.wait_for(task, PATIENCE) == b""
            client.close()

    asyncio.run(main())


@pytest.mark.parametrize(("kind", "match"), FAULTS[:-1], ids=NAMES[:-1])
def test_asyncio_whatever_fails_nothing_is_left(machine, dom0, kind, match):
    async def attempt() -> None:
        async with (
            await aio.Vchan.listen(dom0, 0, PATH, read_size=8192),
            await aio.Vchan.connect(dom0, 0, PATH, timeout=PATIENCE),
        ):
            pass

    asyncio.run(attempt())
    before = belongings(machine)
    fired = 0
    for nth in range(1, 40):
        fault = machine.dom0.faults.fail(kind, errno.ENOMEM, nth=nth, **match)
        with suppress(OSError):
            asyncio.run(attempt())
        machine.dom0.faults.clear()
        if not fault.fired:
            break
        fired += 1
        assert belongings(machine) == before, (kind, match, nth)
    assert fired


def test_asyncio_events_without_end_do_not_hold_up_a_deadline(dom0, monkeypatch):
    async def at_once(*_: object) -> bool:
        return True

    monkeypatch.setattr(aio.Vchan, "_pause", at_once)

    async def main() -> None:
        async with await aio.Vchan.listen(dom0, 0, PATH) as server:
            with pytest.raises(VchanTimeoutError):
                await server.read(1, timeout=SHORT)

    asyncio.run(main())
