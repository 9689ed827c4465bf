"""`xen.domains.aio(store)`: the synchronous face's tests through a loop in a thread, and its own."""

from __future__ import annotations

import asyncio
import inspect

import pytest
import test_domains as tests
from aiopeer import looped
from test_store_aio_shared import Bridged, Loop

import xensys
from xensys import domains as sync
from xensys.domains import aio
from xensys.errors import NoSuchDomainError, StoreError, StoreTimeoutError
from xensys.sim import Machine
from xensys.store import aio as store_aio


class BridgedDomains(Bridged):
    """Domains, or a watch of theirs."""

    def watch(self, **options):
        async def boxed():
            return [await self._thing.watch(**options)]

        return BridgedDomains(self._loop, self._loop.run(boxed)[0])

    def scan(self, *args):
        return self._loop.iterate(self._thing.scan(*args))

    def __iter__(self):
        return self if isinstance(self._thing, aio.DomainWatch) else self._loop.iterate(aiter(self._thing))

    def __getitem__(self, domid):
        found = self.get(domid)
        if found is None:
            raise NoSuchDomainError(3, domid=domid)
        return found

    def __contains__(self, domid):
        return self.get(domid) is not None


class BridgedXen:
    """A Xen whose store and domains are asyncio's."""

    def __init__(self, loop, xen):
        self._xen = xen
        self.store = loop.run(lambda: store_aio.open(kernel=xen.kernel))
        self.domains = BridgedDomains(loop, xen.domains.aio(self.store._thing))

    def __getattr__(self, name):
        return getattr(self._xen, name)


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(params=[(4, 20), (4, 22)], ids=["before", "with-domctl"])
def any_machine(request):
    return Machine(xen=request.param)


def opened(machine, loop):
    with xensys.open(machine.dom0) as xen:
        bridged = BridgedXen(loop, xen)
        with bridged.store:
            yield bridged
    assert machine.violations == []


@pytest.fixture(name="xen")
def _xen(any_machine, loop):
    yield from opened(any_machine, loop)


@pytest.fixture(name="new")
def _new(loop):
    machine = Machine(xen=(4, 22))
    for xen in opened(machine, loop):
        yield machine, xen


@pytest.fixture(name="old")
def _old(loop):
    machine = Machine(xen=(4, 20))
    for xen in opened(machine, loop):
        yield machine, xen


class TestList(tests.TestList):
    # `[]` could not be awaited: there is none.
    test_one_that_cannot_be = None


class TestWatch(tests.TestWatch):
    # The loop has a clock of its own; a fork of the bridge is none of the client; see below for the others.
    test_timeout = None
    test_forked = None
    test_a_look_that_fails_loses_nothing = None
    test_a_domain_that_is_gone_when_it_is_looked_up_still_comes_and_goes = None


def test_the_faces_have_the_same_names():
    for one, two in ((sync.Domains, aio.Domains), (sync.DomainWatch, aio.DomainWatch)):
        names, others = ({name for name in dir(kind) if name[0] != "_"} for kind in (one, two))
        assert names - others == ({"aio"} if one is sync.Domains else set())
        assert others <= names
        for name in others:
            value, other = getattr(one, name), getattr(two, name)
            if callable(value):
                parameters, others_ = (
                    inspect.signature(each).parameters.values() for each in (value, other)
                )
                assert [(p.name, p.kind, p.default) for p in parameters] == [
                    (p.name, p.kind, p.default) for p in others_
                ]


class TestWatching:
    @looped
    async def test_a_time_that_is_up(self, machine):
        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store, xen.domains.aio(store).watch() as watch:
                for timeout in (0, 0.01):
                    with pytest.raises(StoreTimeoutError, match="came or went"):
                        await watch.get(timeout)
                # Also while another task waits.
                other = asyncio.create_task(watch.get())
                await asyncio.sleep(0)
                for timeout in (0, 0.01):
                    with pytest.raises(StoreTimeoutError, match="came or went"):
                        await watch.get(timeout)
                machine.add_domain(domid=7)
                assert (await other).domid == 7

    @looped
    async def test_cancelled_takes_no_event(self, machine):
        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store, xen.domains.aio(store).watch() as watch:
                for turns in range(12):
                    waiting = [asyncio.create_task(watch.get()) for _ in range(2)]
                    await asyncio.sleep(0)
                    machine.add_domain(domid=20 + turns, memory=1 << 20)
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    waiting[0].cancel()
                    done, _ = await asyncio.wait(waiting, timeout=20, return_when="ALL_COMPLETED")
                    told = [task.result().domid for task in done if not task.cancelled()]
                    assert told == [20 + turns] if waiting[0].cancelled() else told[0] == 20 + turns
                    if not waiting[0].cancelled():
                        break

    @looped
    async def test_a_look_that_fails_loses_nothing(self, machine, monkeypatch):
        real = store_aio.Store.is_introduced

        async def failing(store, domid):
            if domid == 7:
                raise StoreError(12)
            return await real(store, domid)

        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store, xen.domains.aio(store).watch() as watch:
                machine.add_domain(domid=7)
                with monkeypatch.context() as patch:
                    patch.setattr(store_aio.Store, "is_introduced", failing)
                    for _ in range(2):
                        with pytest.raises(StoreError):
                            await watch.get(5)
                assert (await watch.get(5)).domid == 7

    @looped
    async def test_cancelled_while_it_is_set_up_leaves_nothing(self, machine):
        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store:
                for turns in range(0, 60, 3):

                    async def use():
                        async with xen.domains.aio(store).watch() as watch:
                            await watch.get()

                    task = asyncio.create_task(use())
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    for _ in range(3):
                        await store.get_domain_path(1)
                        await asyncio.sleep(0)
                    assert not any(conn.watches for conn in machine.store.connections)

    @looped
    async def test_never_closed_is_a_warning(self, machine):
        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store:
                watch = await xen.domains.aio(store).watch()
                with pytest.warns(ResourceWarning, match="never closed"):
                    del watch
                for _ in range(3):
                    await store.get_domain_path(1)
                assert not any(conn.watches for conn in machine.store.connections)

    @looped
    async def test_a_scan_lets_others_run(self, machine):
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        with xensys.open(machine.dom0) as xen:
            async with store_aio.open(kernel=xen.kernel) as store:
                counting = asyncio.create_task(count())
                found = [domain.domid async for domain in xen.domains.aio(store).scan(range(640))]
                counting.cancel()
                await asyncio.wait([counting])
                assert found == [0, 1, 2]
                assert turns >= 10
