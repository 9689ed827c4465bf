"""What each call of a XenStore client does, as generators.

A plan yields requests. For each it gets the reply's payload sent in, or the
error thrown in; what it returns is the result of the call. So there is one
logic for the synchronous client, the asyncio one and transactions; only who
drives differs, as `drive()` does here. Nothing waits or tells the time.

Arguments common to many plans:

    path   absolute, relative to one's own /local/domain/<domid>, or in some
           plans special ("@releaseDomain"); str, or bytes as they travel
    tx     the transaction it is part of; 0 for none

Errors common to them all, and not repeated below (EAGAIN, ENOMEM, EIO and an
odd reply may come from any of them):

    NodeNotFoundError       ENOENT, no such node. In a transaction: or no such transaction
    StorePermissionError    EACCES. A guest that may not read the parent gets it for ENOENT too
    StoreError              EINVAL, no path (see `protocol`); E2BIG, does not fit in a message
    StoreConnectionError    the session's, when the connection ends
"""

from __future__ import annotations

from errno import E2BIG, EAGAIN, EINVAL, ENOSYS, EPERM

from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
    StoreConnectionError,
    StoreError,
    StoreNotSupportedError,
    TransactionConflictError,
)
from xensys.store.permissions import Permission, format_permissions, parse_permissions
from xensys.store.protocol import Request, checked_path, ranged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import TypeAlias, TypeVar

    _T = TypeVar("_T")
    Plan: TypeAlias = Generator[Request, bytes, _T]
    Path: TypeAlias = str | bytes
    ReadableBuffer: TypeAlias = bytes | bytearray | memoryview

__all__ = [
    "control",
    "directory",
    "drive",
    "exists",
    "get_domain_path",
    "get_feature",
    "get_perms",
    "get_quota",
    "in_transaction",
    "introduce",
    "is_domain_introduced",
    "mkdir",
    "quota_names",
    "read",
    "release",
    "reset_watches",
    "resume",
    "rm",
    "set_feature",
    "set_perms",
    "set_quota",
    "set_target",
    "transaction_end",
    "transaction_start",
    "unwatch",
    "watch",
    "write",
]

#: How often a directory is read anew because it changed meanwhile.
_RESTARTS = 32
#: How often a transaction of ours is begun if others get in its way.
ATTEMPTS = 16

_U32 = 0xFFFF_FFFF


def drive(plan: Plan[_T], exchange: Callable[[Request], bytes]) -> _T:
    """Carry out a plan.

    Args:
        plan: a generator that has not been started.
        exchange: sends a request, waits for its reply, and returns the payload
            or raises. What it raises goes through the plan: even when
            interrupted, a plan gives its transaction back.
    """
    try:
        request = next(plan)
        while True:
            try:
                payload = exchange(request)
            except BaseException as error:
                request = plan.throw(error)
            else:
                request = plan.send(payload)
    except StopIteration as end:
        result: _T = end.value
        return result


# Nodes.


def read(path: Path, *, tx: int = 0) -> Plan[bytes]:
    """The value of a node (XS_READ)."""
    raw = checked_path(path, abi.XS_READ, tx_id=tx)
    return (yield Request(abi.XS_READ, raw + b"\0", tx, raw))


def write(path: Path, value: ReadableBuffer, *, tx: int = 0) -> Plan[None]:
    """Set the value of a node, and make it and its parents if need be (XS_WRITE).

    Args:
        value: bytes, of any content; path, NUL and value fit in one message.
    Raises:
        StoreError: ENOSPC or E2BIG, a quota. E2BIG without a `name` is the message's limit.
    """
    raw = checked_path(path, abi.XS_WRITE, tx_id=tx)
    # join() takes all that is like bytes, and neither str nor a number.
    yield Request(abi.XS_WRITE, b"".join((raw, b"\0", value)), tx, raw)


def mkdir(path: Path, *, tx: int = 0) -> Plan[None]:
    """Make a node with an empty value, and its parents, if it is not there (XS_MKDIR)."""
    raw = checked_path(path, abi.XS_MKDIR, tx_id=tx)
    yield Request(abi.XS_MKDIR, raw + b"\0", tx, raw)


def rm(path: Path, *, tx: int = 0, hazardous: bool = False) -> Plan[None]:
    """Remove a node and all beneath it (XS_RM).

    That it is not there is no error, if its parent is.

    Args:
        hazardous: needed for "/", which oxenstored obeys; C xenstored says EINVAL.
    Raises:
        HazardError: "/" without the flag.
        NodeNotFoundError: ENOENT, no parent either.
    """
    raw = checked_path(path, abi.XS_RM, tx_id=tx)
    if raw == b"/" and not hazardous:
        raise HazardError(
            EPERM,
            "this removes all of XenStore",
            call="XS_RM('/')",
            hint="if that is meant, pass hazardous=True",
        )
    yield Request(abi.XS_RM, raw + b"\0", tx, raw)


def exists(path: Path, *, tx: int = 0) -> Plan[bool]:
    """Whether there is such a node.

    Raises:
        StorePermissionError: EACCES, it may not be known.
    """
    try:
        yield from read(path, tx=tx)
    except NodeNotFoundError:
        return False
    return True


def directory(path: Path, *, tx: int = 0) -> Plan[tuple[str, ...]]:
    """The names of a node's children, in the daemon's order (XS_DIRECTORY, XS_DIRECTORY_PART).

    A list that does not fit in a message is read in parts, and anew if the
    node changes meanwhile.

    Raises:
        StoreError: E2BIG, it does not fit, and the daemon gives no parts
            (oxenstored; C before Xen 4.9).
        TransactionConflictError: EAGAIN, the node changed each time.
    """
    raw = checked_path(path, abi.XS_DIRECTORY, tx_id=tx)
    try:
        payload = yield Request(abi.XS_DIRECTORY, raw + b"\0", tx, raw)
    except StoreError as error:
        # Without a name it is our own: the request did not fit, nor will the next.
        if error.errno != E2BIG or not error.name:
            raise
        too_big = error
    else:
        return _names(payload)
    for _ in range(_RESTARTS):
        whole = yield from _parts(raw, tx, too_big)
        if whole is not None:
            return _names(whole)
    raise Request(abi.XS_DIRECTORY_PART, b"", tx, raw).refusal(
        EAGAIN, f"the directory changed {_RESTARTS} times while it was read"
    )


def _parts(raw: bytes, tx: int, too_big: StoreError) -> Plan[bytes | None]:
    """A directory in parts; None if it changed between two of them.

    A part is the node's generation, then whole names, each with its NUL, from
    the offset on. Past the last name there is one NUL more: the empty name
    that ends the list. It is all there is of a list without names, or asked
    for at its end. The generation is per node, also within transactions.
    """
    names = bytearray()
    generation = None
    while True:
        request = Request(abi.XS_DIRECTORY_PART, b"%b\0%d\0" % (raw, len(names)), tx, raw)
        try:
            payload = yield request
        except StoreError as error:
            if error.errno != ENOSYS:
                raise
            too_big.hint = "this daemon gives directories in one message only (no XS_DIRECTORY_PART)"
            raise too_big from None
        now, nul, part = payload.partition(b"\0")
        if not nul:
            raise request.nonsense(payload)
        if generation is None:
            generation = now
        elif now != generation:
            return None
        if not part:
            # The next request would be the same.
            raise request.nonsense(payload)
        names += part
        if names == b"\0" or names.endswith(b"\0\0"):
            return bytes(names)


def _names(payload: bytes) -> tuple[str, ...]:
    # Node names are ASCII; were one not, it must not be what stops us.
    return tuple(name for name in payload.decode("ascii", "surrogateescape").split("\0") if name)


def get_perms(path: Path, *, tx: int = 0) -> Plan[tuple[Permission, ...]]:
    """Who may do what; the first entry has the owner (XS_GET_PERMS).

    Args:
        path: special ones too ("@releaseDomain"; C xenstored from 4.18 on).
    """
    raw = checked_path(path, abi.XS_GET_PERMS, tx_id=tx)
    request = Request(abi.XS_GET_PERMS, raw + b"\0", tx, raw)
    payload = yield request
    try:
        return parse_permissions(payload)
    except ValueError:
        raise request.nonsense(payload) from None


def set_perms(path: Path, permissions: Iterable[Permission | str], *, tx: int = 0) -> Plan[None]:
    """Say who may do what (XS_SET_PERMS).

    Args:
        path: special ones too ("@releaseDomain").
        permissions: any number, at least the owner's; see `format_permissions`.
    Raises:
        ValueError: no entry.
        NodeNotFoundError: ENOENT, no such node, or no such new owner.
        StorePermissionError: EACCES, not the owner; EPERM, guests cannot give a node away.
        StoreError: ENOSPC, more entries than a guest may set. E2BIG without a
            `name`, more than fit in a message.
    """
    raw = checked_path(path, abi.XS_SET_PERMS, tx_id=tx)
    yield Request(abi.XS_SET_PERMS, raw + b"\0" + format_permissions(permissions), tx, raw)


# Watches.


def watch(path: Path, token: str | bytes, depth: int | None = None) -> Plan[None]:
    """Ask to be told of changes at a node and beneath it (XS_WATCH).

    One event comes at once. An event that does not fit in a message is never
    sent, so leave room for the longest path beside the token.

    Args:
        path: or "@introduceDomain", "@releaseDomain".
        token: comes with each event; any text without a NUL.
        depth: how many levels beneath the node count, 0 for none. For daemons
            with XENSTORE_SERVER_FEATURE_WATCHDEPTH (see `get_feature`); others say
            EINVAL, and Linux's device drops it silently.
    Raises:
        StoreError: EEXIST, the same path and token again; ENOSPC or E2BIG, too many watches.
    """
    raw = checked_path(path, abi.XS_WATCH)
    parts = [raw, _string(token, abi.XS_WATCH)]
    if depth is not None:
        parts.append(b"%d" % ranged(depth, "depth", 0, 0x7FFF_FFFF))
    yield Request(abi.XS_WATCH, _strings(*parts), 0, raw)


def unwatch(path: Path, token: str | bytes) -> Plan[None]:
    """End a watch (XS_UNWATCH). Events that are on their way still come.

    Raises:
        StoreError: ENOENT, there is no such watch (Linux's device says nothing).
    """
    raw = checked_path(path, abi.XS_UNWATCH)
    yield Request(abi.XS_UNWATCH, _strings(raw, _string(token, abi.XS_UNWATCH)), 0, raw)


def reset_watches() -> Plan[None]:
    """End all watches and all transactions of this connection (XS_RESET_WATCHES).

    Through Linux's device that means the kernel's own too: not to be used there.
    """
    yield Request(abi.XS_RESET_WATCHES, b"\0")


# Transactions.


def transaction_start() -> Plan[int]:
    """Begin a transaction; its id goes into the plans' `tx` (XS_TRANSACTION_START).

    Raises:
        StoreError: ENOSPC, a guest has too many.
    """
    request = Request(abi.XS_TRANSACTION_START, b"\0")
    payload = yield request
    tx = _number(request, payload)
    if not tx:
        # No daemon gives it: all that followed would happen outside of any transaction.
        raise request.nonsense(payload)
    return tx


def transaction_end(tx: int, *, commit: bool) -> Plan[None]:
    """End a transaction; its id is no good afterwards, even on error (XS_TRANSACTION_END).

    Args:
        commit: carry it out; else undo it.
    Raises:
        TransactionConflictError: EAGAIN, nothing was done; begin again.
        StoreError: ENOENT, unknown. ENOSPC, ENOMEM: nothing was done.
    """
    yield Request(abi.XS_TRANSACTION_END, b"T\0" if commit else b"F\0", tx)


def in_transaction(body: Callable[[int], Plan[_T]], *, attempts: int = ATTEMPTS) -> Plan[_T]:
    """Carry out a plan as one transaction: all of it or, on any error, nothing.

    Args:
        body: makes the plan, given `tx`; once for each attempt.
        attempts: how often at most, if others get in the way. There is no pause
            between them: a client that wants one asks for a single attempt.
    Returns:
        What the plan of the attempt that succeeded returned.
    Raises:
        TransactionConflictError: EAGAIN, the last attempt failed as well.
    """
    ranged(attempts, "attempts", 1, _U32)
    while True:
        tx = yield from transaction_start()
        try:
            result = yield from body(tx)
        except (GeneratorExit, StoreConnectionError):
            # Nobody is there to take the request.
            raise
        except BaseException:
            try:  # noqa: SIM105  # contextlib is not loaded for this
                yield from transaction_end(tx, commit=False)
            except StoreError:
                pass  # the first error is the one to know about
            raise
        try:
            yield from transaction_end(tx, commit=True)
        except TransactionConflictError:
            attempts -= 1
            if not attempts:
                raise
        else:
            return result


# Domains.


def introduce(domid: int, gfn: int, evtchn: int) -> Plan[None]:
    """Tell xenstored to serve a domain (XS_INTRODUCE).

    Args:
        gfn: frame of its ring, which only oxenstored reads (signed, 64 bits);
            the C daemon takes grant 1.
        evtchn: the domain's unbound port for xenstored.
    """
    yield _about_domain(
        abi.XS_INTRODUCE,
        domid,
        b"%d" % ranged(gfn, "gfn", -1 << 63, (1 << 64) - 1),
        b"%d" % ranged(evtchn, "evtchn", 0, _U32),
    )


def release(domid: int) -> Plan[None]:
    """Tell xenstored not to serve a domain any more (XS_RELEASE).

    Raises:
        StoreError: ENOENT or EINVAL, it does not. EINVAL for dom0, without asking:
            oxenstored obeys, and little is left of XenStore.
    """
    request = _about_domain(abi.XS_RELEASE, domid)
    if domid == 0:
        raise request.refusal(EINVAL, hint="dom0 is always served; this was not sent")
    yield request


def resume(domid: int) -> Plan[None]:
    """Have @releaseDomain fire again when a domain that was shut down is so again (XS_RESUME).

    Raises:
        StoreError: ENOENT or EINVAL, xenstored does not serve it.
    """
    yield _about_domain(abi.XS_RESUME, domid)


def set_target(domid: int, target: int) -> Plan[None]:
    """Give a domain the rights of another, as its device model has (XS_SET_TARGET).

    Raises:
        StoreError: ENOENT or EINVAL, xenstored does not serve one of them.
    """
    yield _about_domain(abi.XS_SET_TARGET, domid, _domid(target, "target"))


def get_domain_path(domid: int) -> Plan[str]:
    """A domain's home, to which its relative paths are relative (XS_GET_DOMAIN_PATH).

    Says nothing of whether there is such a domain.
    """
    payload = yield _about_domain(abi.XS_GET_DOMAIN_PATH, domid)
    return payload.removesuffix(b"\0").decode("ascii", "surrogateescape")


def is_domain_introduced(domid: int) -> Plan[bool]:
    """Whether xenstored serves a domain (XS_IS_DOMAIN_INTRODUCED)."""
    request = _about_domain(abi.XS_IS_DOMAIN_INTRODUCED, domid)
    payload = yield request
    answer = {b"T": True, b"F": False}.get(payload.removesuffix(b"\0"))
    if answer is None:
        raise request.nonsense(payload)
    return answer


def get_feature(domid: int | None = None) -> Plan[int]:
    """What xenstored offers: XENSTORE_SERVER_FEATURE_* (XS_GET_FEATURE; C, since Xen 4.21).

    Args:
        domid: to whom; None means to this connection.
    Raises:
        StoreNotSupportedError: ENOSYS, an older one, or oxenstored.
        StoreError: ENOENT, no such domain.
    """
    if domid is None:
        yield from _features_are_known()
        # Not even a NUL: that would be an empty domid, which the daemon reads as 0.
        request = Request(abi.XS_GET_FEATURE, b"")
    else:
        request = _about_domain(abi.XS_GET_FEATURE, domid)
    return _number(request, (yield request))


def _features_are_known() -> Plan[None]:
    """Before a request without a payload: StoreNotSupportedError from a daemon that would not know it.

    oxenstored on a socket waits for more after such a header (until 2025), and
    would never answer. This one it answers.
    """
    try:
        yield _about_domain(abi.XS_GET_FEATURE, 0)
    except StoreError as error:
        # Any other answer comes from a daemon that knows; what we did not get from it is not asked for.
        if isinstance(error, StoreNotSupportedError) or not error.name:
            raise


def set_feature(domid: int, features: int) -> Plan[None]:
    """Say what a domain that is being built shall be offered (XS_SET_FEATURE; C, since Xen 4.21).

    Raises:
        StoreNotSupportedError: ENOSYS, an older one, or oxenstored.
        StoreError: EBUSY, already introduced; EINVAL, no such feature; ENOENT, no such domain.
    """
    yield _about_domain(abi.XS_SET_FEATURE, domid, b"%d" % ranged(features, "features", 0, _U32))


def quota_names() -> Plan[tuple[str, ...]]:
    """The quotas there are (XS_GET_QUOTA; C, since Xen 4.21).

    Raises:
        StoreNotSupportedError: ENOSYS, an older one, or oxenstored.
    """
    yield from _features_are_known()
    payload = yield Request(abi.XS_GET_QUOTA, b"")
    return tuple(payload.removesuffix(b"\0").decode("ascii", "surrogateescape").split())


def get_quota(name: str, domid: int | None = None) -> Plan[int]:
    """A quota; 0 means no limit (XS_GET_QUOTA; C, since Xen 4.21).

    Args:
        name: one of `quota_names()`.
        domid: whose; None means that of new domains.
    Raises:
        StoreNotSupportedError: ENOSYS, an older one, or oxenstored.
        StoreError: EINVAL, no such quota; ENOENT, no such domain.
    """
    request = _quota(abi.XS_GET_QUOTA, domid, name)
    return _number(request, (yield request))


def set_quota(name: str, value: int, domid: int | None = None) -> Plan[None]:
    """Set a quota (XS_SET_QUOTA; C, since Xen 4.21).

    Args:
        name: one of `quota_names()`.
        value: 0 for no limit.
        domid: whose; None means that of new domains.
    Raises:
        As `get_quota`.
    """
    yield _quota(abi.XS_SET_QUOTA, domid, name, b"%d" % ranged(value, "value", 0, _U32))


# The daemon.


def control(command: str | bytes, *words: str | bytes, data: ReadableBuffer = b"") -> Plan[bytes]:
    """Give the daemon a command (XS_CONTROL). Which there are depends on daemon and release.

    Args:
        command: "help" lists them (C xenstored).
        words: its parameters.
        data: follows them as it is, without a NUL ("live-update" "-d" wants that).
    Returns:
        What the daemon said, without its NUL; "OK" where it has nothing to say.
    Raises:
        StoreError: EINVAL, no such command or not so (oxenstored says "OK").
    """
    strings = _strings(*(_string(word, abi.XS_CONTROL) for word in (command, *words)))
    payload = yield Request(abi.XS_CONTROL, strings + data)
    return payload.removesuffix(b"\0")


def _about_domain(kind: int, domid: int, *more: bytes) -> Request:
    return Request(kind, _strings(_domid(domid), *more))


def _quota(kind: int, domid: int | None, name: str, *more: bytes) -> Request:
    whose = [] if domid is None else [_domid(domid)]
    return Request(kind, _strings(*whose, _string(name, kind), *more))


def _domid(domid: int, name: str = "domid") -> bytes:
    # What is above is no domid_t. Older C daemons would cut it.
    return b"%d" % ranged(domid, name, 0, 0xFFFF)


def _string(text: str | bytes, kind: int) -> bytes:
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else b"".join((text,))
    if b"\0" in raw:
        raise Request(kind, b"").refusal(EINVAL, f"a NUL in {text!r}, which would end it there")
    return raw


def _strings(*parts: bytes) -> bytes:
    return b"\0".join(parts) + b"\0"


def _number(request: Request, payload: bytes) -> int:
    """A reply that is an unsigned 32-bit number in decimal."""
    digits = payload.removesuffix(b"\0")
    if not digits.isdigit() or len(digits) > 10 or (value := int(digits)) > _U32:
        raise request.nonsense(payload)
    return value
