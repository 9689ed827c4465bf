"""What is known of domains and how that is found out, for both faces; see `xensys.domains`.

Scripts (see `xensys.store._scripts`): hypercalls are made there and then, as
they take no time; what asks XenStore is yielded.
"""

from __future__ import annotations

from errno import EACCES, EPERM, ESRCH, ETIMEDOUT

from xensys._lifetime import OneOfAKind
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Any

    from xensys.store._scripts import Script
    from xensys.xen import Xen
else:
    from _collections import deque

#: Numbers that a domain can have (below DOMID_FIRST_RESERVED).
DOMIDS = range(0x7FF0)

_HOME = "/local/domain"
INTRODUCE, RELEASE = "@introduceDomain", "@releaseDomain"
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


class Looking:
    """Looking domains up."""

    __slots__ = ("_xen",)

    def __init__(self, xen: Xen) -> None:
        self._xen = xen

    @property
    def _store(self) -> Any:
        """Either store; not to be asked for before it is needed."""
        raise NotImplementedError

    def _one(self, domid: int) -> Script[Domain]:
        check(domid, "Domains", "domid", DOMIDS[0], DOMIDS[-1])
        domain = yield from self._look_up(domid)
        if domain is None:
            raise NoSuchDomainError(ESRCH, call="domains", domid=domid)
        return domain

    def _any(self, domid: int | None, name: str | None) -> Script[Domain | None]:
        if (domid is None) == (name is None):
            raise TypeError("either a domid or a name is needed")
        if domid is not None:
            try:
                return (yield from self._one(domid))
            except NoSuchDomainError:
                return None
        assert name is not None
        wanted = name.encode()
        for number in (yield from self._listed()):
            if (yield self._store.get(f"{_HOME}/{number}/name")) == wanted:
                domain = yield from self._look_up(number, listed=True)
                if domain is not None:
                    return domain
        return None

    def _scanned(self, domid: int) -> Script[Domain | None]:
        check(domid, "Domains", "domid", DOMIDS[0], DOMIDS[-1])
        domain = Domain(domid)
        answered = self._ask_xen(domain)
        if answered is None:
            self._xen.memory_op.current_reservation(domid)  # raises why
        if not answered:
            return None
        yield from self._ask_store(domain)
        return domain

    def _listed(self) -> Script[list[int]]:
        """The numbers that XenStore has a home for."""
        try:
            names = yield self._store.directory(_HOME)
        except NodeNotFoundError:
            return []
        # No other name can be a domain's, whoever wrote it.
        numbers = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= 5}
        return sorted(number for number in numbers if number in DOMIDS)

    def _look_up(self, domid: int, *, listed: bool = False, insist: bool = False) -> Script[Domain | None]:
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
        if there is None and not listed and not (yield self._store.exists(f"{_HOME}/{domid}")):
            return None
        yield from self._ask_store(domain)
        return domain

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
            found = self._xen.domctl.get_domain_state(domain.domid)
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
        if not found.state & abi.XEN_DOMCTL_GETDOMSTATE_STATE_EXIST:
            return False
        domain.state = next((word for bit, word in _states() if found.state & bit), "alive")
        domain.roles = frozenset(word for bit, word in _roles() if found.caps & bit)
        domain.unique_id = found.unique_id
        return True

    def _ask_store(self, domain: Domain) -> Script[None]:
        """Fill in what XenStore tells."""
        for name, node in (("name", "name"), ("uuid", "vm")):
            path = f"{_HOME}/{domain.domid}/{node}"
            try:
                value: bytes = yield self._store.read(path)
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


class Watching(OneOfAKind):
    """Noticing who comes and goes.

    Attributes:
        domains: domid → Domain, those that are there as far as was told.
    """

    __slots__ = ("__weakref__", "_found", "_known", "_of", "_stale", "_watches", "domains")

    def __init__(self, of: Looking, watches: Any) -> None:
        self._of = of
        self._watches = watches
        self._found: deque[DomainEvent] = deque()
        self.domains: dict[int, Domain] = {}
        #: As was seen; `domains` follows as events are taken.
        self._known: dict[int, Domain] = {}
        #: What has changed since the last look that succeeded.
        self._stale: set[str] = set()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        closed: bool = self._watches.closed
        return closed

    def _now(self) -> float:
        now: float = self._watches._now()
        return now

    def _begin(self, existing: bool) -> Script[None]:
        # Watches first: what comes while we look is told of.
        for path in (RELEASE, INTRODUCE):
            yield self._watches.add(path)
        yield from self._look()
        if not existing:
            self._found.clear()
            self.domains = dict(self._known)

    def _next(self, timeout: float | None, deadline: float | None) -> Script[DomainEvent]:
        """The next event; one at a time."""
        watches = self._watches
        while not self._found:
            if not self._stale:
                left = None if deadline is None else max(deadline - self._now(), 0.0)
                try:
                    self._stale.add((yield watches.get(left))[0])
                except StoreTimeoutError:
                    raise no_event(timeout) from None
            while watches.pending:
                self._stale.add((yield watches.get(0))[0])
            yield from self._look()
        event = self._found.popleft()
        if event.kind == "arrived":
            self.domains[event.domid] = event.domain
        else:
            self.domains.pop(event.domid, None)
        return event

    def __repr__(self) -> str:
        return f"<DomainWatch, {'closed' if self.closed else f'{len(self.domains)} domains'}>"

    def _look(self) -> Script[None]:
        """Compare; all that is found is kept, or on an error nothing."""
        of = self._of
        now = set()
        for domid in (yield from of._listed()):
            if (yield of._store.is_introduced(domid)):
                now.add(domid)
        known = dict(self._known)
        found: list[DomainEvent] = []
        for domid in sorted(known.keys() - now):
            found.append(DomainEvent("died", known.pop(domid)))
        # Only who was introduced since can be another one.
        again = now if INTRODUCE in self._stale else now - known.keys()
        for domid in sorted(again):
            domain = yield from of._look_up(domid, listed=True, insist=True)
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


def no_event(timeout: float | None) -> StoreTimeoutError:
    return StoreTimeoutError(ETIMEDOUT, f"no domain came or went within {timeout} s")
