"""A guest's nodes: its own, dom0's, and how many and how large they may be."""

from __future__ import annotations

import errno
import secrets

import pytest

from tests.inguest.refusals import refused
from tests.inguest.worlds import DEVICE
from xensys.errors import HazardError, NodeNotFoundError, StorePermissionError
from xensys.store import DEVICE_LIMIT, Permission

ALL_BYTES = bytes(range(256))


# Where we are


def test_the_device_is_found_by_itself(world, store):
    # There is no daemon's socket in a guest.
    assert store.path == DEVICE
    assert world.xen().store.path == DEVICE


def test_who_we_are(world, store, dom0):
    assert int(store.read("domid")) == world.domid
    assert store.get_domain_path(world.domid) == world.home
    assert dom0.read(f"{world.home}/domid") == store.read(f"{world.home}/domid")


def test_relative_paths_are_beneath_our_home(world, store, dom0, place):
    store.write(f"{place}/a", b"x")
    assert store.read(f"{world.home}/{place}/a") == b"x"
    assert dom0.read(f"{world.home}/{place}/a") == b"x"
    assert store.directory(place) == ("a",)
    with store.transaction() as t:
        t.write(f"{place}/a", b"y")
        assert t.read(f"{world.home}/{place}/a") == b"y"
    assert store.get_permissions(place) == store.get_permissions(f"{world.home}/{place}")


# Nodes


@pytest.mark.parametrize(
    "value",
    [b"", b"\0", b"text", ALL_BYTES, b"\0" * 300, b"\x0f\n\r\x04\x11\x13", secrets.token_bytes(1500)],
    ids=["empty", "nul", "text", "all-bytes", "nuls", "terminal-controls", "1500"],
)
def test_a_value_comes_back_as_it_was_written(world, store, other, dom0, place, value):
    store.write(place, value)
    assert store.read(place) == value
    assert other.read(place) == value
    assert dom0.read(f"{world.home}/{place}") == value
    dom0.write(f"{world.home}/{place}", value[::-1])
    assert store.read(place) == value[::-1]


def test_mkdir_rm_and_trees(store, place):
    store.mkdir(f"{place}/a/b")
    store.write_tree({"x/y": "1", "z": None}, under=f"{place}/u")
    assert store.read_tree(place) == {
        place: b"",
        f"{place}/a": b"",
        f"{place}/a/b": b"",
        f"{place}/u": b"",
        f"{place}/u/x": b"",
        f"{place}/u/x/y": b"1",
        f"{place}/u/z": b"",
    }
    store.rm(f"{place}/u")
    assert store.directory(place) == ("a",)
    # Of nothing, if its parent is there.
    store.rm(f"{place}/none")
    with refused(errno.ENOENT, NodeNotFoundError):
        store.rm(f"{place}/none/none")
    with refused(errno.ENOENT, NodeNotFoundError):
        store.read(f"{place}/a/none")


def test_as_a_mapping(store, place):
    path = f"{place}/a"
    assert path not in store
    store[path] = b"3"
    assert store[path] == b"3"
    del store[path]
    with refused(errno.ENOENT, NodeNotFoundError):
        del store[path]


@pytest.mark.parametrize("count", [60, 70, 300], ids=["below-4096", "above-4096", "many-parts"])
def test_a_directory_is_read_whole_whatever_its_size(world, store, dom0, theirs, count):
    names = dom0.fill(theirs, count, 60)
    dom0.set_permissions(theirs, ["r0"])
    found = store.directory(theirs)
    assert len(found) == count
    assert set(found) == set(names)
    with store.transaction() as t:
        assert set(t.directory(theirs)) == set(names)


# Permissions


def test_what_we_make_is_ours(world, store, dom0, place):
    store.mkdir(place)
    own = Permission(world.domid)
    assert store.get_permissions(place) == (own,)
    store.set_permissions(place, [own, Permission(0, read=True)])
    assert dom0.get_permissions(f"{world.home}/{place}") == [f"n{world.domid}", "r0"]
    with refused(errno.EPERM, StorePermissionError):
        store.set_permissions(place, ["n0"])
    with refused(errno.ENOENT, NodeNotFoundError):
        store.set_permissions(place, [Permission(0x7FEF)])


@pytest.mark.parametrize(
    ("others", "ours", "reads", "writes"),
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
def test_we_may_do_what_the_permissions_say(world, store, dom0, theirs, others, ours, reads, writes):
    path = f"{theirs}/node"
    dom0.write(f"{path}/child", b"")
    dom0.write(path, b"value")
    dom0.set_permissions(path, [f"{others}0", *([] if ours is None else [f"{ours}{world.domid}"])])
    for verb, result in (("read", b"value"), ("directory", ("child",)), ("get_permissions", None)):
        if reads:
            assert result in (getattr(store, verb)(path), None)
        else:
            with refused(errno.EACCES, StorePermissionError):
                getattr(store, verb)(path)
    if writes:
        store.write(path, b"changed")
        store.mkdir(f"{path}/new")
        assert dom0.read(path) == b"changed"
        assert dom0.get_permissions(f"{path}/new")[0] == f"{others}{world.domid}"
    else:
        for call in (lambda: store.write(path, b"changed"), lambda: store.mkdir(f"{path}/new")):
            with refused(errno.EACCES, StorePermissionError):
                call()
        assert dom0.read(path) == b"value"
        assert dom0.directory(path) == ["child"]
    with refused(errno.EACCES, StorePermissionError):
        store.set_permissions(path, [f"b{world.domid}"])


def test_we_are_not_told_whether_what_we_may_not_see_is_there(store, dom0, theirs):
    dom0.write(f"{theirs}/there", b"")
    for path in (f"{theirs}/there", f"{theirs}/none", f"{theirs}/none/none"):
        with refused(errno.EACCES, StorePermissionError):
            store.read(path)
        with refused(errno.EACCES, StorePermissionError):
            store.exists(path)
    dom0.set_permissions(theirs, ["r0"])
    with refused(errno.ENOENT, NodeNotFoundError):
        store.read(f"{theirs}/none")
    assert not store.exists(f"{theirs}/none/none")


def test_what_is_for_the_control_domain_only(world, store):
    domid = world.domid
    for call in (
        lambda: store.control("help"),
        lambda: store.is_introduced(domid),
        lambda: store.is_introduced(0),
        lambda: store.release(domid),
        lambda: store.resume(domid),
        lambda: store.introduce(domid, 1, 1),
        lambda: store.set_target(domid, 0),
        lambda: store.write("/tool/contract", b""),
        lambda: store.write("domid", b"0"),
        lambda: store.mkdir("device/contract/0"),
        lambda: store.rm(f"/local/domain/{domid}"),
        lambda: store.write("/local/domain/0/contract", b""),
        lambda: store.set_permissions("@releaseDomain", ["r0"]),
    ):
        with refused(errno.EACCES, StorePermissionError):
            call()
    with pytest.raises(HazardError):
        store.rm("/")
    # Of any number, there or not.
    assert store.get_domain_path(0x7FEF) == "/local/domain/32751"


# How much


def test_a_message_as_long_as_the_device_takes(store, dom0, theirs):
    # The header is in the device's 4096 bytes, and 2048 are all that a guest's own node may have.
    dom0.set_permissions(theirs, ["b0"])
    with refused(errno.E2BIG):
        store.write(theirs, bytes(DEVICE_LIMIT - 16 - len(theirs)))
    with refused(errno.ENOSPC):
        store.write(theirs, bytes(DEVICE_LIMIT - 16 - len(theirs) - 1))
    assert store.read(theirs) == b"theirs"
    value = secrets.token_bytes(4000)
    dom0.write(theirs, value)
    assert store.read(theirs) == value


def test_a_node_has_2048_bytes(store, place):
    store.write(place, bytes(1900))
    for size in (2048, 4000):
        with refused(errno.ENOSPC):
            store.write(place, bytes(size))
    assert store.read(place) == bytes(1900)
    # Its children's names count, too.
    with refused(errno.ENOSPC):
        for number in range(40):
            store.mkdir(f"{place}/{number}-a-name")
    made = store.directory(place)
    assert 2 <= len(made) <= 20
    assert made == tuple(f"{number}-a-name" for number in range(len(made)))


def test_permissions_are_five_at_most(world, store, place):
    store.mkdir(place)
    own = Permission(world.domid)
    store.set_permissions(place, [own] + [Permission(0, read=True)] * 4)
    with refused(errno.ENOSPC):
        store.set_permissions(place, [own] + [Permission(0, read=True)] * 5)
    assert len(store.get_permissions(place)) == 5


def test_a_path_has_2048_bytes(world, store):
    # Neither what a relative path is relative to counts, nor that part of an absolute one.
    for base in ("data/", f"{world.home}/data/"):
        name = "n" * (2048 - len("data/"))
        assert not store.exists(base + name)
        with refused(errno.EINVAL):
            store.read(f"{base}{name}n")


def test_a_guest_has_a_thousand_nodes(store, place):
    made = 0
    with refused(errno.ENOSPC):
        for group in range(12):
            for number in range(100):
                store.mkdir(f"{place}/{group}/{number}")
                made += 1
    # Others of its nodes are there, too, and the groups.
    assert 900 < made < 1000
    # What is there can still be written, and what has gone makes room.
    store.write(f"{place}/0/0", b"x")
    with refused(errno.ENOSPC):
        store.write(f"{place}/more", b"")
    store.rm(f"{place}/0/0")
    store.write(f"{place}/more", b"")
    assert store.exists(f"{place}/more")
