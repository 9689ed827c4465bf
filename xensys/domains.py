"""The domains that there are, as far as the stable interfaces tell.

Start at `Domains` (`xen.domains`). What is known comes from three places:

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
from errno import EACCES, EPERM, ESRCH, ETIMEDOUT

from xensys._lifetime import OneOfAKind, watch_fork
from xensys._packing import check
from xensys.errors import (
    NodeNotFoundError,
    NoSuchDomainError,
    NoXenError,
    StoreConnectionError,
    StorePermissionError,
    StoreTimeoutError,
    XenError,
)
from xensys.hypercalls._records import Record
from xensys.store._joined import JoinedWatches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterable, Iterator
    from typing import Self

    from xensys.store import Store
    from xensys.xen import Xen
else:
    from _collections import deque

__all__ = ["DOMIDS", "Domain", "DomainEvent", "DomainWatch", "Domains"]

#: Numbers that a domain can have (below DOMID_FIRST_RESERVED).
DOMIDS = range(0x7FF0)

_HOME = "/local/domain"
_INTRODUCE, _RELEASE = "@introduceDomain", "@releaseDomain"
_HEX = frozenset("0123456789abcdefABCDEF")


class Domain(Record):
    """A domain, as it was when it was looked up.

    Attributes:
        domid: its number.
        name: as its toolstack calls it. What is not UTF-8 shows as backslash escapes.
        uuid: its toolstack's, as text.
        state: "alive" (running or not), "shutdown" (its guest has ended),
            "dying", or "dead": somebody still holds its memory.
        roles: of "control", "hardware" and "xenstore", those that it has.
        unique_id: differs between all domains since the host was booted.
        reservation: 4 KiB pages that it has.
        maximum: 4 KiB pages that it may have; `NO_LIMIT` for any number.
        unknown: name of an attribute that is None → why.
    """

    __slots__ = (
        "domid", "maximum", "name", "reservation", "roles", "state", "unique_id", "unknown", "uuid",
    )  # fmt: skip

    #: What Xen says of a domain without a limit.
    NO_LIMIT = 0xFFFF_FFFF

    domid: int
    name: str | None
    uuid: str | None
    state: str | None
    roles: frozenset[str] | None
    unique_id: int | None
    reservation: int | None
    maximum: int | None
    unknown: dict[str, str]

    def __init__(self, domid: int) -> None:
        super().__init__(domid, None, None, None, None, None, None, {}, None)

    def __repr__(self) -> str:
        known = [f"{name}={getattr(self, name)!r}" for name in ("name", "state") if getattr(self, name)]
        return f"<{' '.join([f'Domain {self.domid}', *known])}>"


class DomainEvent(Record):
    """A domain came or went.

    Attributes:
        kind: "arrived" or "died".
        domain: as it was looked up on arrival; also for a death.
    """

    __slots__ = ("domain", "kind")

    kind: str
    domain: Domain

    def __init__(self, kind: str, domain: Domain) -> None:
        super().__init__(domain, kind)

    @property
    def domid(self) -> int:
        """Its number."""
        return self.domain.domid


class Domains:
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

    __slots__ = ("_xen",)

    def __init__(self, xen: Xen) -> None:
        self._xen = xen

    def __iter__(self) -> Iterator[Domain]:
        """Each domain that XenStore knows and Xen has.

        Raises:
            StorePermissionError: EACCES, a guest may not list domains.
        """
        for domid in self._listed():
            domain = self._look_up(domid, listed=True)
            if domain is not None:
                yield domain

    def __getitem__(self, domid: int) -> Domain:
        """A domain by its number.

        Raises:
            NoSuchDomainError: ESRCH, there is none.
            XenError: whether there is one cannot be known; the first reason that was met.
        """
        check(domid, "Domains", "domid", DOMIDS[0], DOMIDS[-1])
        domain = self._look_up(domid)
        if domain is None:
            raise NoSuchDomainError(ESRCH, call="domains", domid=domid)
        return domain

    def __contains__(self, domid: int) -> bool:
        """Whether there is a domain with this number."""
        return self.get(domid) is not None

    def get(self, domid: int | None = None, *, name: str | None = None) -> Domain | None:
        """A domain by its number or name; None if there is none.

        Args:
            domid: its number; or
            name: its name in XenStore. Of several the lowest number.
        """
        if (domid is None) == (name is None):
            raise TypeError("either a domid or a name is needed")
        if name is None:
            try:
                return self[domid]  # type: ignore[index]  # one of them is given
            except NoSuchDomainError:
                return None
        wanted = name.encode()
        store = self._xen.store
        for number in self._listed():
            if store.get(f"{_HOME}/{number}/name") == wanted:
                domain = self._look_up(number, listed=True)
                if domain is not None:
                    return domain
        return None

    def scan(self, domids: Iterable[int] = DOMIDS) -> Iterator[Domain]:
        """Each domain that Xen has, whether XenStore knows it or not: asks for every number.

        That is some ten thousand hypercalls.

        Args:
            domids: which numbers to ask for.
        Raises:
            XenPermissionError: EPERM, Xen does not answer us.
        """
        for domid in domids:
            check(domid, "Domains", "domid", DOMIDS[0], DOMIDS[-1])
            domain = Domain(domid)
            answered = self._ask_xen(domain)
            if answered is None:
                self._xen.memory_op.current_reservation(domid)  # raises why
            if answered:
                self._ask_store(domain)
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

    def __repr__(self) -> str:
        return f"<Domains of {self._xen!r}>"

    # Inside

    def _listed(self) -> list[int]:
        """The numbers that XenStore has a home for."""
        try:
            names = self._xen.store.directory(_HOME)
        except NodeNotFoundError:
            return []
        # No other name can be a domain's, whoever wrote it.
        numbers = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= 5}
        return sorted(number for number in numbers if number in DOMIDS)

    def _look_up(self, domid: int, *, listed: bool = False, insist: bool = False) -> Domain | None:
        """A domain with all that is known; None if there is none.

        Args:
            listed: XenStore knows it.
            insist: it is there, though Xen may say otherwise by now.
        """
        domain = Domain(domid)
        there = self._ask_xen(domain)
        if there is False:
            if not insist:
                return None
            for name in ("state", "roles", "unique_id", "reservation", "maximum"):
                domain.unknown[name] = "it was gone when Xen was asked"
        if there is None and not listed and not self._has_home(domid):
            return None
        self._ask_store(domain)
        return domain

    def _has_home(self, domid: int) -> bool:
        return self._xen.store.exists(f"{_HOME}/{domid}")

    def _ask_xen(self, domain: Domain) -> bool | None:
        """Fill in what Xen tells. Whether it has the domain; None if it does not say."""
        there = None
        memory = self._xen.memory_op
        # First, as every release has it: numbers that are nobody's cost one hypercall.
        for name, ask in (
            ("reservation", memory.current_reservation),
            ("maximum", memory.maximum_reservation),
        ):
            try:
                setattr(domain, name, ask(domain.domid))
            except NoSuchDomainError:
                return False
            except XenError as error:
                domain.unknown[name] = _reason(error)
            else:
                there = True
        state = self._ask_state(domain)
        return there if state is None else state

    def _ask_state(self, domain: Domain) -> bool | None:
        from xensys.abi import domctl as abi

        try:
            state, caps, _, unique_id = self._get_domain_state(domain.domid)
        except NoSuchDomainError:
            return False
        except XenError as error:
            reason = _reason(error)
            if error.errno == EACCES:
                # The version of the interface; the domain's number is not even looked at.
                reason = "Xen tells it from 4.21 on, and this one refuses to (EACCES)"
            for name in ("state", "roles", "unique_id"):
                domain.unknown[name] = reason
            return None
        if not state & abi.XEN_DOMCTL_GETDOMSTATE_STATE_EXIST:
            return False
        domain.state = next((word for bit, word in _states() if state & bit), "alive")
        domain.roles = frozenset(word for bit, word in _roles() if caps & bit)
        domain.unique_id = unique_id
        return True

    def _get_domain_state(self, domid: int) -> tuple[int, ...]:
        """XEN_DOMCTL_get_domain_state. Never of DOMID_INVALID, which takes what xenstored waits for."""
        from ctypes import sizeof
        from struct import pack_into, unpack_from

        from xensys.abi import domctl as abi
        from xensys.abi.xen import HYPERVISOR_domctl

        xen = self._xen
        # Opened before a buffer is taken: that may fail, too.
        caller = xen._caller()
        slot = xen.buffers.take(sizeof(abi.xen_domctl))
        try:
            # Stable sub-operations have interface version 0.
            pack_into("<IIH", slot.memory, slot.offset, abi.XEN_DOMCTL_get_domain_state, 0, domid)
            name = "XEN_DOMCTL_get_domain_state"
            caller.call(HYPERVISOR_domctl, name, slot.address, repeatable=True, domid=domid)
            at = slot.offset + sizeof(abi.xen_domctl) - sizeof(abi.xen_domctl_u)
            found: tuple[int, ...] = unpack_from(abi.xen_domctl_get_domain_state.FORMAT, slot.memory, at)
            return found
        finally:
            xen.buffers.give(slot)

    def _ask_store(self, domain: Domain) -> None:
        """Fill in what XenStore tells."""
        for name, node in (("name", "name"), ("uuid", "vm")):
            path = f"{_HOME}/{domain.domid}/{node}"
            try:
                value = self._xen.store.read(path)
            except NodeNotFoundError:
                domain.unknown[name] = f"XenStore has no {path}"
            except StorePermissionError:
                domain.unknown[name] = f"XenStore's {path} may not be read"
            except (NoXenError, StoreConnectionError) as error:
                domain.unknown[name] = f"XenStore cannot be reached: {error.strerror}"
            else:
                if name == "name":
                    domain.name = value.decode("utf-8", "backslashreplace")
                    continue
                domain.uuid = _uuid(value)
                if domain.uuid is None:
                    domain.unknown[name] = f"XenStore's {path} does not end in one"


class DomainWatch(OneOfAKind):
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

    __slots__ = ("__weakref__", "_found", "_known", "_lock", "_of", "_stale", "_watches", "domains")

    def __init__(self, of: Domains, store: Store, *, existing: bool = False) -> None:
        self._of = of
        self._lock = allocate_lock()
        self._found: deque[DomainEvent] = deque()
        self.domains: dict[int, Domain] = {}
        #: As was seen; `domains` follows as events are taken.
        self._known: dict[int, Domain] = {}
        #: What has changed since the last look that succeeded.
        self._stale: set[str] = set()
        # Watches first: what comes while we look is told of.
        self._watches = JoinedWatches(store, _RELEASE, _INTRODUCE)
        try:
            self._look()
        except BaseException:
            self._watches.close()
            raise
        if not existing:
            self._found.clear()
            self.domains = dict(self._known)
        watch_fork(self)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._watches.closed

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
        now = self._of._xen.kernel.monotonic
        deadline = None if timeout is None else now() + timeout
        # One at a time: what the other's look finds may be for us.
        if not self._lock.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
            raise _no_event(timeout)
        try:
            while not self._found:
                if not self._stale:
                    left = None if deadline is None else max(deadline - now(), 0.0)
                    try:
                        self._stale.add(self._watches.get(left)[0])
                    except StoreTimeoutError:
                        raise _no_event(timeout) from None
                while self._watches.pending:
                    self._stale.add(self._watches.get(0)[0])
                self._look()
            event = self._found.popleft()
            if event.kind == "arrived":
                self.domains[event.domid] = event.domain
            else:
                self.domains.pop(event.domid, None)
            return event
        finally:
            self._lock.release()

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

    def __repr__(self) -> str:
        return f"<DomainWatch, {'closed' if self.closed else f'{len(self.domains)} domains'}>"

    def _forked(self) -> None:
        # A thread that is no more may have held it; the store raises by itself.
        self._lock = allocate_lock()

    def _look(self) -> None:
        """Compare; all that is found is kept, or on an error nothing."""
        of = self._of
        store = of._xen.store
        now = {domid for domid in of._listed() if store.is_introduced(domid)}
        known = dict(self._known)
        found: list[DomainEvent] = []
        for domid in sorted(known.keys() - now):
            found.append(DomainEvent("died", known.pop(domid)))
        # Only who was introduced since can be another one.
        again = now if _INTRODUCE in self._stale else now - known.keys()
        for domid in sorted(again):
            domain = of._look_up(domid, listed=True, insist=True)
            assert domain is not None
            before = known.get(domid)
            if before is not None:
                if not _differ(before, domain):
                    continue
                found.append(DomainEvent("died", before))
            known[domid] = domain
            found.append(DomainEvent("arrived", domain))
        self._known = known
        self._found += found
        self._stale.clear()


def _differ(before: Domain, now: Domain) -> bool:
    """Whether they are two domains with one number."""
    for name in ("unique_id", "uuid"):
        one, other = getattr(before, name), getattr(now, name)
        if one is not None and other is not None:
            return bool(one != other)
    return False


def _states() -> tuple[tuple[int, str], ...]:
    from xensys.abi import domctl as abi

    return (
        (abi.XEN_DOMCTL_GETDOMSTATE_STATE_DEAD, "dead"),
        (abi.XEN_DOMCTL_GETDOMSTATE_STATE_DYING, "dying"),
        (abi.XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN, "shutdown"),
    )


def _roles() -> tuple[tuple[int, str], ...]:
    from xensys.abi import domctl as abi

    return (
        (abi.XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL, "control"),
        (abi.XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE, "hardware"),
        (abi.XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE, "xenstore"),
    )


def _reason(error: XenError) -> str:
    text = f"{error.strerror}: {error.call}" if error.call else str(error.strerror)
    if error.errno == EPERM and not error.hint:
        return f"{text}; this domain may not ask about it"
    return f"{text}; {error.hint}" if error.hint else text


def _uuid(vm: bytes) -> str | None:
    """The UUID that a path "/vm/<uuid>" ends in."""
    text = vm.rpartition(b"/")[2].decode("ascii", "replace")
    groups = text.split("-")
    if [len(group) for group in groups] != [8, 4, 4, 4, 12] or not _HEX.issuperset("".join(groups)):
        return None
    return text.lower()


def _no_event(timeout: float | None) -> StoreTimeoutError:
    return StoreTimeoutError(ETIMEDOUT, f"no domain came or went within {timeout} s")
