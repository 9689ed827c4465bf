"""The domains that there are, and who comes and goes, for asyncio.

    async with xensys.store.aio.open(kernel=xen.kernel) as store:
        domains = xen.domains.aio(store)
        async for domain in domains:
            print(domain.domid, domain.name)
        async with domains.watch() as watch:
            async for event in watch:
                print(event.kind, event.domid)

Names, arguments, results and errors are those of `xensys.domains`. The store
is the caller's, who closes it. Hypercalls are made in the event loop's thread:
each takes some microseconds, but the first opens privcmd, which in a domU may
wait for XenStore (`xen.privcmd` does that beforehand).
"""

from __future__ import annotations

import asyncio

from xensys.domains._looking import DOMIDS, Domain, DomainEvent, Looking, Watching, no_event
from xensys.errors import StoreTimeoutError
from xensys.store._scripts import run_async
from xensys.store.aio_joined import JoinedWatches
from xensys.store.aio_opening import Opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from typing import Self

    from xensys.store.aio import Store
    from xensys.xen import Xen

__all__ = ["Domain", "DomainEvent", "DomainWatch", "Domains"]

#: Numbers that `scan` asks for before it lets other tasks run.
_TURN = 64


class Domains(Looking):
    """The domains there are; made by `xen.domains.aio(store)`. See `xensys.domains.Domains`."""

    __slots__ = ("_given",)

    def __init__(self, xen: Xen, store: Store) -> None:
        super().__init__(xen)
        self._given = store

    @property
    def _store(self) -> Store:
        return self._given

    async def __aiter__(self) -> AsyncIterator[Domain]:
        """Each domain that XenStore knows and Xen has."""
        for domid in await run_async(self._listed()):
            domain = await run_async(self._look_up(domid, listed=True))
            if domain is not None:
                yield domain

    async def get(self, domid: int | None = None, *, name: str | None = None) -> Domain | None:
        """A domain by its number or name; None if there is none."""
        return await run_async(self._any(domid, name))

    async def scan(self, domids: Iterable[int] = DOMIDS) -> AsyncIterator[Domain]:
        """Each domain that Xen has, whether XenStore knows it or not: asks for every number."""
        for turn, domid in enumerate(domids, 1):
            domain = await run_async(self._scanned(domid))
            if domain is not None:
                yield domain
            if turn % _TURN == 0:
                await asyncio.sleep(0)

    def watch(self, *, existing: bool = False) -> Opening[DomainWatch]:
        """Be told of domains that come and go; to be awaited, or used in `async with`."""

        async def make() -> DomainWatch:
            made = DomainWatch(self, JoinedWatches(self._given))
            try:
                await run_async(made._begin(existing))
            except BaseException:
                made._watches.discard()
                raise
            return made

        return Opening("watch()", make)

    def __repr__(self) -> str:
        return f"<Domains of {self._xen!r}>"


class DomainWatch(Watching):
    """Domains that come and go: an async iterator of `DomainEvent`. Made by `Domains.watch()`.

    For any number of tasks: each event goes to one of them.
    """

    __slots__ = ("_lock",)

    def __init__(self, of: Domains, watches: JoinedWatches) -> None:
        super().__init__(of, watches)
        self._lock = asyncio.Lock()

    async def get(self, timeout: float | None = None) -> DomainEvent:
        """The next arrival or death; waits for it. Cancelled, it takes none."""
        deadline = None if timeout is None else self._now() + timeout
        # One at a time: what the other's look finds may be for us.
        if self._lock.locked() and timeout is not None:
            try:
                await asyncio.wait_for(self._lock.acquire(), max(timeout, 0))
            except TimeoutError:
                raise no_event(timeout) from None
        else:
            await self._lock.acquire()
        try:
            return await run_async(self._next(timeout, deadline))
        finally:
            self._lock.release()

    async def release_dead(self, timeout: float | None = 0) -> dict[int, int]:
        """Let go of what is mapped of domains that have died; see `xensys.domains.DomainWatch`."""
        released: dict[int, int] = {}
        while True:
            try:
                event = await self.get(timeout)
            except StoreTimeoutError:
                return released
            timeout = 0
            if event.kind == "died":
                released[event.domid] = self._of._xen.release(event.domid)

    async def close(self) -> None:
        """End the watch; a second call does nothing. Waiting tasks end with an error."""
        await self._watches.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DomainEvent:
        try:
            return await self.get()
        except ValueError:
            if self.closed:
                raise StopAsyncIteration from None
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit):
            self._watches.discard()
        else:
            await self.close()
