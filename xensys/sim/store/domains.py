"""Requests about domains, and the daemon's record of each.

Rules from tools/xenstored/domain.c: do_introduce, do_release, do_set_target,
do_resume, do_get_domain_path, do_is_domain_introduced, do_reset_watches; from
4.21 on do_get_feature and do_set_feature, from 4.22 on do_get_quota and do_set_quota.
"""

from __future__ import annotations

import re
from errno import EACCES, EBUSY, EINVAL, ENOENT

from xensys.sim.errors import SimulatorGap
from xensys.sim.store import watches
from xensys.sim.store.wire import Refused, atoi, one, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store

DOMID_SELF = 0x7FF0

# XENSTORE_SERVER_FEATURE_ERROR; 4.22 adds WATCHDEPTH and DOMID_ANY.
_FEATURES_4_21, _FEATURES_4_22 = 2, 2 | 4 | 8


class StoreDomain:
    """What the daemon knows of a domain: one that is introduced, or that a node's permissions name.

    Attributes:
        generation: the store's count when it was first heard of; permissions
            written before are somebody else's.
        introduced: whether its ring is served.
        connection: its ring.
        shutdown: it has been told of once.
        entries, watches, transactions, outstanding: what it uses.
        quotas: limits of its own, from 4.22 on.
    """

    def __init__(self, domid: int, generation: int, features: int) -> None:
        self.domid = domid
        self.generation = generation
        self.features = features
        self.introduced = False
        self.connection: Connection | None = None
        self.shutdown = False
        self.entries = 0
        self.watches = 0
        self.transactions = 0
        self.outstanding = 0
        self.quotas: dict[str, int] = {}


def features_of(release: tuple[int, int]) -> int:
    """The features of a release's daemon."""
    return _FEATURES_4_22 if release >= (4, 22) else _FEATURES_4_21


def _domid(store: Store, text: bytes) -> int:
    """Before 4.22 nothing is wrong with a number that is none."""
    if store.release < (4, 22):
        return atoi(text)
    # strtoul takes blanks, a sign, and nothing at all for 0.
    if not re.fullmatch(rb"(?:[ \t\n\v\f\r]*\+?\d+)?", text) or int(text or b"0") > 65535:
        raise Refused(EINVAL)
    return int(text or b"0")


def _connected(store: Store, domid: int) -> StoreDomain:
    domain = store.domains.get(domid)
    if domain is None or not domain.introduced:
        raise Refused(ENOENT)
    return domain


def _other(store: Store, payload: bytes) -> StoreDomain:
    domid = _domid(store, one(payload))
    if domid == 0:
        raise Refused(EINVAL)
    return _connected(store, domid)


def introduce(store: Store, conn: Connection, payload: bytes) -> None:
    """INTRODUCE: the frame is ignored; a domain known already loses its watches and transactions."""
    given = strings(payload)
    if len(given) < 3:
        raise Refused(EINVAL)
    domid, port = _domid(store, given[0]), atoi(given[2])
    if port == 0:
        raise Refused(EINVAL)
    store.introduce(domid)
    conn.reply_ok()


def release(store: Store, conn: Connection, payload: bytes) -> None:
    """RELEASE: the domain's nodes go, too."""
    store.release_domain(_other(store, payload).domid)
    conn.reply_ok()


def resume(store: Store, conn: Connection, payload: bytes) -> None:
    """RESUME: its next shutdown is told of again."""
    _other(store, payload).shutdown = False
    conn.reply_ok()


def set_target(store: Store, conn: Connection, payload: bytes) -> None:
    """SET_TARGET."""
    given = strings(payload)
    if len(given) < 2:
        raise Refused(EINVAL)
    domid, target = (_domid(store, text) for text in given[:2])
    domain, other = _connected(store, domid), _connected(store, target)
    assert domain.connection is not None
    domain.connection.target = other.connection
    conn.reply_ok()


def get_domain_path(store: Store, conn: Connection, payload: bytes) -> None:
    """GET_DOMAIN_PATH: of any number."""
    conn.reply(b"/local/domain/%d\0" % _domid(store, one(payload)))


def is_domain_introduced(store: Store, conn: Connection, payload: bytes) -> None:
    """IS_DOMAIN_INTRODUCED."""
    domid = _domid(store, one(payload))
    domain = store.domains.get(domid)
    there = domid == DOMID_SELF or (domain is not None and domain.introduced)
    conn.reply(b"T\0" if there else b"F\0")


def reset_watches(store: Store, conn: Connection, payload: bytes) -> None:
    """RESET_WATCHES: of this connection, with its transactions."""
    if conn.transaction is not None and store.release < (4, 22):
        raise SimulatorGap("RESET_WATCHES inside a transaction: an assertion ends the daemon before 4.22")
    conn.transaction = None
    watches.delete_all(store, conn)
    store.delete_transactions(conn)
    conn.reply_ok()


def get_feature(store: Store, conn: Connection, payload: bytes) -> None:
    """GET_FEATURE."""
    given = strings(payload)
    if store.release >= (4, 22) and not given:
        own = conn.domain
        conn.reply(b"%d\0" % (features_of(store.release) if own is None else own.features))
        return
    if conn.unprivileged:
        raise Refused(EACCES)
    if len(given) > 1:
        raise Refused(EINVAL)
    features = features_of(store.release)
    if given:
        features = _existing(store, given[0]).features
    conn.reply(b"%d\0" % features)


def set_feature(store: Store, conn: Connection, payload: bytes) -> None:
    """SET_FEATURE: before the domain is introduced."""
    given = strings(payload)
    if len(given) != 2:
        raise Refused(EINVAL)
    domain, features = _existing(store, given[0]), atoi(given[1])
    if domain.introduced:
        raise Refused(EBUSY)
    if features & ~features_of(store.release):
        raise Refused(EINVAL)
    domain.features = features
    conn.reply_ok()


def get_quota(store: Store, conn: Connection, payload: bytes) -> None:
    """GET_QUOTA (4.22)."""
    given = strings(payload)
    quotas = store.quotas
    if len(given) > 2:
        raise Refused(EINVAL)
    if not given:
        names: list[str] = []
        for name in quotas.hard:
            names += [name, f"soft-{name}"] if name in quotas.soft else [name]
        conn.reply(" ".join(names).encode() + b"\0")
        return
    domain = _existing(store, given[0]) if len(given) == 2 else None
    name = given[-1].decode("ascii", "replace")
    soft = name.removeprefix("soft-") if name.startswith("soft-") else None
    if soft is not None and soft in quotas.soft:
        value = quotas.soft[soft]
        if domain is not None:
            value = domain.quotas.get(name, value)
    elif name in quotas.hard:
        value = quotas.of(domain, name)
    else:
        raise Refused(EINVAL)
    conn.reply(b"%d\0" % value)


def set_quota(store: Store, conn: Connection, payload: bytes) -> None:
    """SET_QUOTA (4.22): of new domains, or of one."""
    given = strings(payload)
    quotas = store.quotas
    if not 2 <= len(given) <= 3:
        raise Refused(EINVAL)
    domain = _existing(store, given[0]) if len(given) == 3 else None
    name, value = given[-2].decode("ascii", "replace"), atoi(given[-1])
    soft = name.removeprefix("soft-") if name.startswith("soft-") else None
    if value == 0xFFFF_FFFF or not (soft in quotas.soft if soft is not None else name in quotas.hard):
        raise Refused(EINVAL)
    if domain is not None:
        domain.quotas[name] = value
    elif soft is not None:
        quotas.soft[soft] = value
    else:
        quotas.hard[name] = value
    conn.reply_ok()


def _existing(store: Store, text: bytes) -> StoreDomain:
    domid = _domid(store, text)
    if not store.refers_to(domid):
        raise Refused(ENOENT)
    return store.accounted(domid)
