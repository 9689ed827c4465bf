"""The domains that there are, as far as the stable interfaces tell.

Start at `Domains` (`xen.domains`); with asyncio at `xen.domains.aio(store)`.
What is known comes from three places:

    XenStore                         number, name, UUID; and that it is served there
    XENMEM_current_reservation, …    that it exists; its memory, in pages of 4 KiB
    domctl get_domain_state          its state, its roles, a number that is never used again
                                     (Xen 4.21 and later)

What cannot be known on this release, or by this domain, is None, and
`Domain.unknown` says why. Whether a domain runs, is blocked or paused, its
CPU time and its vCPUs are told by no stable interface.
"""

from __future__ import annotations

from _thread import allocate_lock

from xensys._lifetime import watch_fork
from xensys.domains._looking import DOMIDS, Domain, DomainEvent, Looking, Watching, no_event
from xensys.errors import StoreTimeoutError
from xensys.store._joined import JoinedWatches
from xensys.store._scripts import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from xensys.domains import aio
    from xensys.store import Store
    from xensys.store import aio as aio_store

__all__ = ["DOMIDS", "Domain", "DomainEvent", "DomainWatch", "Domains"]


class Domains(Looking):
    """The domains there are; `xen.domains`.

    Iterating goes through those that XenStore knows and Xen has, in the order
    of their numbers, each looked up when the loop comes to it. Where Xen does
    not answer us (in a guest; privcmd restricted or not there) XenStore's word
    is taken, and `unknown` tells so. Domains that XenStore does not know
    (zombies, half-built ones, those without a toolstack) are found by `scan()`.

    Example:
        >>> for domain in xen.domains:
        ...     print(domain.domid, domain.name, domain.reservation)
    """

    __slots__ = ()

    @property
    def _store(self) -> Store:
        return self._xen.store

    def __iter__(self) -> Iterator[Domain]:
        """Each domain that XenStore knows and Xen has.

        Raises:
            StorePermissionError: EACCES, a guest may not list domains.
        """
        for domid in run(self._listed()):
            domain = run(self._look_up(domid, listed=True))
            if domain is not None:
                yield domain

    def __getitem__(self, domid: int) -> Domain:
        """A domain by its number.

        Raises:
            NoSuchDomainError: ESRCH, there is none.
            XenError: whether there is one cannot be known; the first reason that was met.
        """
        return run(self._one(domid))

    def __contains__(self, domid: int) -> bool:
        """Whether there is a domain with this number."""
        return self.get(domid) is not None

    def get(self, domid: int | None = None, *, name: str | None = None) -> Domain | None:
        """A domain by its number or name; None if there is none.

        Args:
            domid: its number; or
            name: its name in XenStore. Of several the lowest number.
        """
        return run(self._any(domid, name))

    def scan(self, domids: Iterable[int] = DOMIDS) -> Iterator[Domain]:
        """Each domain that Xen has, whether XenStore knows it or not: asks for every number.

        That is some ten thousand hypercalls.

        Args:
            domids: which numbers to ask for.
        Raises:
            XenPermissionError: EPERM, Xen does not answer us.
        """
        for domid in domids:
            domain = run(self._scanned(domid))
            if domain is not None:
                yield domain

    def watch(self, *, existing: bool = False) -> DomainWatch:
        """Be told of domains that come and go; for the control domain.

        A domain has come once it is introduced to XenStore, and gone once it is
        not served any more, which is when it dies, also as a zombie.

        Args:
            existing: whether those that are there count as arrivals.
        Raises:
            StorePermissionError: EACCES, not for guests.

        Example:
            >>> with xen.domains.watch() as watch:
            ...     for event in watch:
            ...         print(event.kind, event.domid, event.domain.name)
        """
        return DomainWatch(self, self._xen.store, existing=existing)

    def aio(self, store: aio_store.Store) -> aio.Domains:
        """The same for asyncio, through a store of `xensys.store.aio`.

        Example:
            >>> async with xensys.store.aio.open() as store:
            ...     async with xen.domains.aio(store).watch() as watch:
            ...         async for event in watch:
            ...             print(event.kind, event.domid)
        """
        from xensys.domains.aio import Domains as AsyncDomains

        return AsyncDomains(self._xen, store)

    def __repr__(self) -> str:
        return f"<Domains of {self._xen!r}>"


class DomainWatch(Watching):
    """Domains that come and go: an iterator of `DomainEvent`. Made by `Domains.watch()`.

    It compares who was there before with who is there now, each time XenStore
    tells that something changed. So a domain that comes and goes between two
    looks is not told of; all else is, once. A number that is used again between
    two looks is a death and an arrival, if UUID or unique number differ.

    May be used from many threads: each event goes to one of them. A context
    manager. With selectors: `xen.store.fileno()` and `.dispatch()`, then `get(0)`.

    Attributes:
        domains: domid → Domain, those that are there as far as was told.
    """

    __slots__ = ("_lock",)

    def __init__(self, of: Domains, store: Store, *, existing: bool = False) -> None:
        super().__init__(of, JoinedWatches(store))
        self._lock = allocate_lock()
        try:
            run(self._begin(existing))
        except BaseException:
            self._watches.close()
            raise
        watch_fork(self)

    def get(self, timeout: float | None = None) -> DomainEvent:
        """The next arrival or death; waits for it.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Raises:
            StoreTimeoutError: there was none in time.
            StoreConnectionError: the connection has ended. After `xen.store.reconnect()`
                what happened meanwhile is told.
            StoreError: looking failed; the next call looks again.
        """
        deadline = None if timeout is None else self._now() + timeout
        # One at a time: what the other's look finds may be for us.
        if not self._lock.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
            raise no_event(timeout)
        try:
            return run(self._next(timeout, deadline))
        finally:
            self._lock.release()

    def release_dead(self, timeout: float | None = 0) -> dict[int, int]:
        """Let go of what is mapped of domains that have died: `xen.release()` for each.

        Takes the events that there are, arrivals as well; whoever wants those
        uses `get()`, and releases by itself.

        Args:
            timeout: seconds to wait for a first event; None waits, 0 only looks.
        Returns:
            domid → how many mappings were let go.
        Raises:
            As `get`, but for StoreTimeoutError.
        """
        released: dict[int, int] = {}
        while True:
            try:
                event = self.get(timeout)
            except StoreTimeoutError:
                return released
            timeout = 0
            if event.kind == "died":
                released[event.domid] = self._of._xen.release(event.domid)

    def close(self) -> None:
        """End the watch; a second call does nothing. Waiting threads end with an error."""
        self._watches.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> DomainEvent:
        try:
            return self.get()
        except ValueError:
            if self.closed:
                raise StopIteration from None
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forked(self) -> None:
        # A thread that is no more may have held it; the store raises by itself.
        self._lock = allocate_lock()
