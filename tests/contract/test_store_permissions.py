"""XenStore: permissions, as the control domain has them and as a guest meets them."""

from __future__ import annotations

import errno
import secrets

import pytest

from tests.contract.storekit import ALL_BYTES, SET_PERMS, refused
from tests.contract.worlds import NEVER
from xensys.errors import (
    NodeNotFoundError,
    StorePermissionError,
    TransactionConflictError,
)
from xensys.store import Permission

# Permissions, as the control domain has them


def test_permissions_of_what_we_make_are_ours_and_nobody_elses(store, place):
    store.write(f"{place}/a", b"")
    assert store.get_permissions(f"{place}/a") == (Permission(0),)


def test_permissions_come_back_in_order(world, store, other, place):
    store.mkdir(place)
    running, paused = world.running.domid, world.paused.domid
    wanted = (
        Permission(running, read=True),
        Permission(0, write=True),
        Permission(paused, read=True, write=True),
        Permission(paused),
    )
    store.set_permissions(place, wanted)
    assert other.get_permissions(place) == wanted
    store.set_permissions(place, ["n0"])
    assert other.get_permissions(place) == (Permission(0),)


def test_permissions_are_inherited(world, store, place):
    store.mkdir(place)
    wanted = (Permission(world.running.domid), Permission(world.paused.domid, read=True))
    store.set_permissions(place, wanted)
    store.mkdir(f"{place}/a/b")
    assert store.get_permissions(f"{place}/a") == wanted
    assert store.get_permissions(f"{place}/a/b") == wanted


def test_the_owner_must_exist(store, place, daemon):
    store.mkdir(place)
    if not daemon.says("the-owner-must-exist"):
        store.set_permissions(place, [Permission(NEVER)])
        assert store.get_permissions(place) == (Permission(NEVER),)
        return
    with refused(errno.ENOENT, NodeNotFoundError):
        store.set_permissions(place, [Permission(NEVER)])
    assert store.get_permissions(place) == (Permission(0),)


def test_others_need_not_exist(store, place):
    store.mkdir(place)
    store.set_permissions(place, ["n0", Permission(NEVER, read=True)])
    assert store.get_permissions(place) == (Permission(0), Permission(NEVER, read=True))


def test_special_nodes_have_permissions(world, store):
    if world.target.xen < (4, 18):
        # They can be given, and not be asked for: GET_PERMS looks for an ordinary node.
        store.set_permissions("@introduceDomain", ["n0"])
        with refused(errno.EINVAL):
            store.get_permissions("@introduceDomain")
        return
    if_changed = store.get_permissions("@introduceDomain")
    assert if_changed[0].domid == 0
    store.set_permissions("@introduceDomain", if_changed)
    assert store.get_permissions("@introduceDomain") == if_changed


@pytest.mark.parametrize("entry", [b"", b"x0", b"r", b"rr", b"r1x"], ids=ascii)
def test_raw_permissions_that_are_none(raw, store, place, entry):
    store.mkdir(place)
    assert raw.ask(SET_PERMS, place.encode() + b"\0" + entry + b"\0") == "EINVAL"
    assert raw.ask(SET_PERMS, place.encode() + b"\0") == "EINVAL"
    assert store.get_permissions(place) == (Permission(0),)


# Permissions, as a guest meets them


@pytest.fixture
def talker(world):
    return world.talker()


@pytest.fixture
def dom0(world):
    return world.store("socket")


def test_a_guest_may_do_as_it_likes_where_it_may_write(dom0, talker):
    guest = talker.store
    base = f"data/{secrets.token_hex(6)}"
    try:
        guest.write(f"{base}/a", ALL_BYTES)
        assert guest.read(f"{talker.home}/{base}/a") == ALL_BYTES
        assert dom0.read(f"{talker.home}/{base}/a") == ALL_BYTES
        assert guest.directory(base) == ("a",)
        # It owns what it makes.
        assert guest.get_permissions(base) == (Permission(talker.domid),)
        guest.set_permissions(base, [Permission(talker.domid), Permission(0, read=True)])
        assert dom0.get_permissions(f"{talker.home}/{base}")[1] == Permission(0, read=True)
    finally:
        guest.rm(base)
    assert not dom0.exists(f"{talker.home}/{base}")


@pytest.mark.parametrize(
    ("others", "its", "reads", "writes"),
    [
        ("n", None, False, False),
        ("r", None, True, False),
        ("w", None, False, True),
        ("b", None, True, True),
        ("n", "r", True, False),
        ("n", "w", False, True),
        ("n", "b", True, True),
        ("b", "n", False, False),
        ("r", "w", False, True),
    ],
    ids=lambda value: str(value),
)
def test_a_guest_may_do_what_the_permissions_say(dom0, talker, place, others, its, reads, writes, daemon):
    guest = talker.store
    path = f"{place}/node"
    dom0.write(path, b"value")
    dom0.write(f"{path}/child", b"")
    entry = [] if its is None else [f"{its}{talker.domid}"]
    dom0.set_permissions(path, [f"{others}0", *entry])
    for verb, result in (("read", b"value"), ("directory", ("child",)), ("get_permissions", None)):
        if reads:
            assert getattr(guest, verb)(path) == result or result is None
        else:
            with refused(errno.EACCES, StorePermissionError):
                getattr(guest, verb)(path)
    if writes:
        guest.write(path, b"changed")
        guest.mkdir(f"{path}/new")
        assert dom0.read(path) == b"changed"
        # New ones are the guest's own, and have the parent's words for everybody else.
        first, *rest = dom0.get_permissions(f"{path}/new")
        owner = talker.domid if daemon.says("a-new-node-is-its-makers") else 0
        assert (first.domid, f"{first}"[0]) == (owner, others)
        assert tuple(map(str, rest)) == tuple(entry)
    else:
        for call in (lambda: guest.write(path, b"changed"), lambda: guest.mkdir(f"{path}/new")):
            with refused(errno.EACCES, StorePermissionError):
                call()
        assert dom0.read(path) == b"value"
        assert dom0.directory(path) == ("child",)
    # Only the owner says who may do what.
    with refused(errno.EACCES, StorePermissionError):
        guest.set_permissions(path, [f"b{talker.domid}"])


def test_the_first_entry_for_a_guest_counts(dom0, talker, place):
    dom0.write(place, b"value")
    dom0.set_permissions(place, ["n0", f"r{talker.domid}", f"b{talker.domid}"])
    assert talker.store.read(place) == b"value"
    with refused(errno.EACCES, StorePermissionError):
        talker.store.write(place, b"")


def test_an_owner_may_do_everything_but_give_it_away(dom0, talker, place, daemon):
    guest = talker.store
    dom0.write(place, b"value")
    dom0.set_permissions(place, [Permission(talker.domid)])
    assert guest.read(place) == b"value"
    guest.write(place, b"changed")
    guest.set_permissions(place, [Permission(talker.domid, read=True)])
    with refused(getattr(errno, daemon.says("giving-away")), StorePermissionError):
        guest.set_permissions(place, ["n0"])
    assert dom0.get_permissions(place) == (Permission(talker.domid, read=True),)


def test_a_guest_is_not_told_whether_what_it_may_not_see_is_there(dom0, talker, place, daemon):
    guest = talker.store
    dom0.write(f"{place}/there", b"")
    none = (f"{place}/none", f"{place}/none/none")
    if daemon.says("hidden-absence") == "ENOENT":
        for path in none:
            with refused(errno.ENOENT, NodeNotFoundError):
                guest.read(path)
            assert not guest.exists(path)
        none = ()
    for path in (f"{place}/there", *none):
        with refused(errno.EACCES, StorePermissionError):
            guest.read(path)
        with refused(errno.EACCES, StorePermissionError):
            guest.exists(path)
    dom0.set_permissions(place, ["r0"])
    with refused(errno.ENOENT, NodeNotFoundError):
        guest.read(f"{place}/none")
    assert not guest.exists(f"{place}/none/none")


def test_a_guest_removes_what_it_may_write(dom0, talker, place):
    guest = talker.store
    dom0.write(f"{place}/a", b"")
    dom0.set_permissions(f"{place}/a", ["r0"])
    with refused(errno.EACCES, StorePermissionError):
        guest.rm(f"{place}/a")
    dom0.set_permissions(f"{place}/a", ["n0", f"w{talker.domid}"])
    guest.rm(f"{place}/a")
    assert dom0.directory(place) == ()


def test_a_guests_transaction(dom0, talker):
    guest = talker.store
    base = f"data/{secrets.token_hex(6)}"
    try:
        guest.write(base, b"0")
        with guest.transaction() as t:
            t.write(base, b"1")
            t.write(f"{base}/new", b"")
            assert dom0.read(f"{talker.home}/{base}") == b"0"
        assert dom0.read_tree(f"{talker.home}/{base}") == {
            f"{talker.home}/{base}": b"1",
            f"{talker.home}/{base}/new": b"",
        }
        t = guest.transaction()
        assert t.read(base) == b"1"
        t.write(base, b"2")
        dom0.write(f"{talker.home}/{base}", b"3")
        with refused(errno.EAGAIN, TransactionConflictError):
            t.commit()
        assert guest.read(base) == b"3"
    finally:
        guest.rm(base)


def test_what_is_for_the_control_domain_only(talker, daemon):
    guest, domid = talker.store, talker.domid
    if daemon.says("a-guests-control") == "OK":
        assert guest.control("quota", "0") == b"OK"
    else:
        with refused(errno.EACCES, StorePermissionError):
            guest.control("help")
    for call in (
        lambda: guest.is_introduced(domid),
        lambda: guest.release(domid),
        lambda: guest.resume(domid),
        lambda: guest.introduce(domid, 1, 1),
        lambda: guest.set_target(domid, 0),
        lambda: guest.write("/tool/contract", b""),
        lambda: guest.write("domid", b"0"),
        lambda: guest.set_permissions("@releaseDomain", ["r0"]),
    ):
        with refused(errno.EACCES, StorePermissionError):
            call()
    assert guest.get_domain_path(domid) == talker.home


def test_a_guests_node_of_2048_bytes_and_more(talker, daemon):
    guest = talker.store
    path = f"data/{secrets.token_hex(6)}"
    try:
        guest.write(path, bytes(1900))
        with refused(getattr(errno, daemon.says("a-guests-value-too-long"))):
            guest.write(path, bytes(2049))
        assert guest.read(path) == bytes(1900)
    finally:
        guest.rm(path)


def test_a_guests_permissions_are_five_at_most(talker, daemon):
    guest = talker.store
    path = f"data/{secrets.token_hex(6)}"
    own = Permission(talker.domid)
    try:
        guest.mkdir(path)
        guest.set_permissions(path, [own] + [Permission(0, read=True)] * 4)
        if not daemon.says("a-guests-permissions"):
            guest.set_permissions(path, [own] + [Permission(0, read=True)] * 500)
            assert len(guest.get_permissions(path)) == 501
            return
        with refused(errno.ENOSPC):
            guest.set_permissions(path, [own] + [Permission(0, read=True)] * 5)
        assert len(guest.get_permissions(path)) == 5
    finally:
        guest.rm(path)


def test_a_guests_path_as_long_as_it_may_be_and_one_more(dom0, talker, daemon):
    guest, longest = talker.store, daemon.says("a-guests-path-limit")
    # Neither what a relative path is relative to counts, nor that part of an absolute one.
    for base in ("data/", f"{talker.home}/data/"):
        name = secrets.token_hex(6) + "n" * (longest - 12 - len("data/"))
        assert not guest.exists(base + name)
        with refused(errno.EINVAL):
            guest.read(base + name + "n")


def test_a_guests_transactions_are_some_ten(talker, daemon):
    guest = talker.store
    begun = []
    try:
        with refused(errno.ENOSPC, name=daemon.says("a-quota-is-reached")):
            for _ in range(20):
                begun.append(guest.transaction())
        assert 10 <= len(begun) <= 11
    finally:
        for transaction in begun:
            transaction.abort()
    guest.transaction().abort()
