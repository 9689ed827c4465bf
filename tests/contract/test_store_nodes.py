"""XenStore: nodes, directories of any size, and limits, over the socket and over the device."""

from __future__ import annotations

import errno
import secrets
import threading
from contextlib import suppress

import pytest

from tests.contract.storekit import (
    ALL_BYTES,
    DIRECTORY,
    DIRECTORY_PART,
    ERROR,
    GET_PERMS,
    HEADER,
    MKDIR,
    READ,
    RM,
    ROOM,
    WRITE,
    Raw,
    Threads,
    refused,
    write_fails,
    written,
)
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
)
from xensys.store import Permission

# Nodes


@pytest.mark.parametrize(
    "value",
    [b"", b"\0", b"text", ALL_BYTES, b"\0" * 300, b"\x0f\n\r\x04\x11\x13", secrets.token_bytes(3000)],
    ids=["empty", "nul", "text", "all-bytes", "nuls", "terminal-controls", "3000"],
)
def test_a_value_comes_back_as_it_was_written(store, other, place, value, daemon):
    if written(store, place, value, daemon):
        assert store.read(place) == value
        assert other.read(place) == value


def test_a_value_is_replaced_as_a_whole(store, place):
    for value in (b"long" * 500, b"s", b"", b"longer"):
        store.write(place, value)
        assert store.read(place) == value


def test_text_is_utf8(store, place):
    store.write(place, "žluť")
    assert store.read(place) == "žluť".encode()
    assert store.read_text(place) == "žluť"


def test_write_makes_the_parents_which_are_empty(store, place):
    store.write(f"{place}/a/b/c", b"x")
    assert store.read_tree(place) == {
        place: b"",
        f"{place}/a": b"",
        f"{place}/a/b": b"",
        f"{place}/a/b/c": b"x",
    }


def test_mkdir_makes_the_parents_and_keeps_what_is_there(store, place):
    store.mkdir(f"{place}/a/b")
    assert store.read(f"{place}/a/b") == b""
    store.write(f"{place}/a", b"kept")
    store.mkdir(f"{place}/a")
    assert store.read(f"{place}/a") == b"kept"
    assert store.directory(f"{place}/a") == ("b",)


def test_rm_takes_all_beneath(store, other, place):
    for path in ("a/b/c", "a/b/d", "a/e", "f"):
        store.write(f"{place}/{path}", path)
    store.rm(f"{place}/a")
    assert other.directory(place) == ("f",)
    for path in ("a", "a/b", "a/b/c", "a/e"):
        assert not other.exists(f"{place}/{path}")
    # It begins anew.
    store.write(f"{place}/a", b"")
    assert store.directory(f"{place}/a") == ()


def test_rm_of_nothing_is_fine_if_its_parent_is_there(store, place):
    store.mkdir(place)
    store.rm(f"{place}/none")
    with refused(errno.ENOENT, NodeNotFoundError):
        store.rm(f"{place}/none/none")


def test_rm_of_everything_needs_the_flag(store):
    with pytest.raises(HazardError):
        store.rm("/")
    assert store.exists("/")


@pytest.mark.parametrize("verb", ["read", "directory", "get_permissions"])
def test_of_nothing_is_ENOENT(store, place, verb):
    with refused(errno.ENOENT, NodeNotFoundError) as caught:
        getattr(store, verb)(f"{place}/none")
    assert caught.value.path == f"{place}/none"
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, KeyError)


def test_permissions_of_nothing_cannot_be_set(store, place):
    with refused(errno.ENOENT, NodeNotFoundError):
        store.set_permissions(place, ["n0"])
    assert not store.exists(place)


def test_exists(store, place):
    assert not store.exists(place)
    store.mkdir(place)
    assert store.exists(place)


def test_the_root_is_a_node(store):
    assert {"tool", "local"} <= set(store.directory("/"))
    assert store.exists("/")


def test_paths_may_have_all_their_characters(store, place):
    name = "ABCXYZabcxyz0189-_@"
    store.write(f"{place}/{name}", b"x")
    assert store.directory(place) == (name,)


@pytest.mark.parametrize(
    "path",
    ["", "a//b", "/a/", "a/", "/a b", "/a.b", "/ž", "/a\0b", "/a:b"],
    ids=ascii,
)
def test_what_is_no_path_is_refused_before_it_is_sent(store, raw, path):
    for verb in (store.read, store.mkdir, store.rm, store.directory, store.get_permissions):
        with refused(errno.EINVAL, name=""):
            verb(path)
    # And the daemon would refuse it: but for a NUL, which ends it.
    if "\0" not in path:
        for kind in (READ, MKDIR, RM, DIRECTORY, GET_PERMS):
            assert raw.ask(kind, path.encode() + b"\0") == "EINVAL"
        assert raw.ask(WRITE, path.encode() + b"\0value") == "EINVAL"


def test_special_paths_are_no_nodes(store, raw, daemon):
    for verb in (store.read, store.mkdir, store.rm, store.directory):
        with refused(errno.EINVAL, name=""):
            verb("@releaseDomain")
    if daemon.says("special-paths-are-nodes"):
        # Not RM: nobody would hear of a domain's end any more.
        assert [raw.ask(kind, b"@releaseDomain\0") for kind in (READ, DIRECTORY)] == [b"", b""]
        return
    for kind in (READ, MKDIR, RM, DIRECTORY, WRITE):
        assert raw.ask(kind, b"@releaseDomain\0") == "EINVAL"


def test_relative_paths_are_beneath_our_home(world, store, other):
    name = f"contract-{secrets.token_hex(6)}"
    try:
        store.write(f"{name}/a", b"x")
        assert other.read(f"/local/domain/0/{name}/a") == b"x"
        assert other.directory(name) == ("a",)
        with store.transaction() as t:
            t.write(f"{name}/a", b"y")
            assert t.read(f"/local/domain/0/{name}/a") == b"y"
        assert store.get_permissions(name) == store.get_permissions(f"/local/domain/0/{name}")
    finally:
        store.rm(name)
    assert not store.exists(f"/local/domain/0/{name}")


def test_trees(store, other, place):
    tree = {place: b"top", f"{place}/a": b"\0", f"{place}/a/b": b"2", f"{place}/c": b"3"}
    store.write_tree(tree)
    assert other.read_tree(place) == tree
    other.write_tree({"x/y": "1", "z": None}, under=f"{place}/u", permissions=["r0"])
    found = {node.path: node.permissions for node in store.walk(f"{place}/u", permissions=True)}
    everybody = (Permission(0, read=True),)
    assert found == {f"{place}/u{rest}": everybody for rest in ("", "/x", "/x/y", "/z")}


def test_as_a_mapping(store, place):
    path = f"{place}/a"
    assert path not in store
    assert store.get(path) is None
    assert store.setdefault(path, b"1") == b"1"
    assert store.setdefault(path, b"2") == b"1"
    store[path] = b"3"
    assert store[path] == b"3"
    assert path in store
    store.update({f"{place}/b": b"x", f"{place}/c": "y"})
    assert store.pop(f"{place}/b") == b"x"
    assert store.pop(f"{place}/b", None) is None
    del store[path]
    with refused(errno.ENOENT, NodeNotFoundError):
        del store[path]
    assert store.directory(place) == ("c",)


# Directories of any size


def fill(store, place, names):
    """Make children, without an event or a look for each."""
    names = list(names)
    for start in range(0, len(names), 250):
        with store.transaction() as t:
            for name in names[start : start + 250]:
                t.mkdir(f"{place}/{name}")


@pytest.mark.parametrize("bytes_of_names", [0, 4095, 4096, 4097, 8181, 8192, 12345])
def test_a_directory_is_read_whole_whatever_its_size(store, other, place, bytes_of_names):
    store.mkdir(place)
    names = []
    left = bytes_of_names
    # Each takes its length and a NUL; the last one is as long as it must be.
    while left:
        length = 60 if left > 130 else left - 1
        names.append(f"{len(names):x}-".ljust(length, "n")[:length])
        left -= length + 1
    assert sum(len(name) + 1 for name in names) == bytes_of_names
    fill(store, place, names)
    found = other.directory(place)
    assert len(found) == len(names)
    assert set(found) == set(names)


def test_a_directory_of_thousands(store, place):
    names = {f"a-name-of-some-length-{number}" for number in range(2000)}
    fill(store, place, names)
    found = store.directory(place)
    assert len(found) == len(names)
    assert set(found) == names


def test_names_as_long_as_they_may_be(world, store, place, daemon):
    # 4.17 allows a path of 3072 bytes to nobody, dom0 included.
    longest = min(2000, daemon.says("path-limit") - len(place) - 1)
    names = {letter * longest for letter in "abcde"}
    for name in names:
        store.mkdir(f"{place}/{name}")
    assert set(store.directory(place)) == names


def test_a_large_directory_within_a_transaction(store, other, place):
    names = {f"a-name-of-some-length-{number}" for number in range(300)}
    store.mkdir(place)
    with store.transaction() as t:
        for name in names:
            t.mkdir(f"{place}/{name}")
        assert set(t.directory(place)) == names
        assert other.directory(place) == ()
    assert set(other.directory(place)) == names


def test_a_large_directory_tells_when_it_changes_between_two_parts(raw, store, place):
    fill(store, place, (f"a-name-of-some-length-{number}" for number in range(300)))
    assert raw.ask(DIRECTORY, place.encode() + b"\0") == "E2BIG"

    def part(offset):
        answer = raw.ask(DIRECTORY_PART, b"%b\0%d\0" % (place.encode(), offset))
        assert isinstance(answer, bytes), answer
        generation, nul, names = answer.partition(b"\0")
        assert nul
        return generation, names

    generation, names = part(0)
    assert names.endswith(b"\0")
    assert part(len(names))[0] == generation
    store.write(f"{place}/a-name-of-some-length-7/beneath", b"")
    assert part(len(names))[0] == generation
    store.mkdir(f"{place}/new")
    assert part(len(names))[0] != generation


def test_a_large_directory_is_right_while_others_change_it(store, other, place):
    steady = {f"a-name-of-some-length-{number}" for number in range(300)}
    fill(store, place, steady)
    done = threading.Event()

    def change():
        for number in range(40):
            other.mkdir(f"{place}/new-{number}")
            other.rm(f"{place}/new-{number}")
            # Now and then: one who gets in each time gets EAGAIN in the end.
            if done.wait(0.05):
                break

    threads = Threads()
    threads.start(change)
    try:
        for _ in range(5):
            found = store.directory(place)
            assert len(found) == len(set(found))
            assert steady <= set(found)
            assert len(set(found) - steady) <= 1
    finally:
        done.set()
        threads.finish()


# Limits: the payload is 4096 bytes for a socket, and 4096 with its header for the device


@pytest.mark.parametrize("spare", [1, 0], ids=["one-below", "at"])
def test_a_message_as_long_as_it_may_be(store, other, way, place, spare, daemon):
    value = secrets.token_bytes(ROOM[way] - len(place) - 1 - spare)
    if written(store, place, value, daemon):
        # A reply has no header to share with: 4096 bytes come back on either way.
        assert store.read(place) == value
        assert other.read(place) == value


def test_a_message_one_byte_too_long_is_E2BIG_and_not_sent(store, way, place):
    store.write(place, b"before")
    with refused(errno.E2BIG, name=""):
        store.write(place, bytes(ROOM[way] - len(place)))
    assert store.read(place) == b"before"


def test_a_value_that_came_by_socket_can_be_read_through_the_device(world, place, daemon):
    value = secrets.token_bytes(ROOM["socket"] - len(place) - 1)
    if written(world.store("socket"), place, value, daemon):
        assert world.store("device").read(place) == value


def test_raw_a_payload_of_4096_bytes_and_one_more(world, place, daemon):
    path = place.encode() + b"\0"
    full, fits = path.ljust(4096, b"v"), 4096 - len(path) <= daemon.says("value-limit")
    with Raw(world, "socket") as raw:
        assert raw.ask(WRITE, full) == (b"OK\0" if fits else "E2BIG")
        raw.send(HEADER.pack(WRITE, 1, 0, 4097) + path.ljust(4097, b"w"))
        if daemon.says("too-long-a-message") == "ends the connection":
            # Some of it was not read: that may be a reset.
            with suppress(ConnectionResetError):
                assert raw.receive() is None
        else:
            # Taken without its last byte, which is the next message's first.
            assert raw.receive() == (ERROR, 1, 0, b"E2BIG\0")
    if fits:
        assert world.store("socket").read(place) == full[len(path) :]


def test_raw_a_message_of_4096_bytes_and_one_more(world, place, daemon):
    with Raw(world, "device") as raw:
        path = place.encode() + b"\0"
        length = min(4080, len(path) + daemon.says("value-limit"))
        assert raw.ask(WRITE, path.ljust(length, b"v")) == b"OK\0"
        # More than fit; and a header that announces it.
        with write_fails(errno.EINVAL):
            raw.send(HEADER.pack(WRITE, 1, 0, 4081) + path.ljust(4081, b"w"))
        with write_fails(errno.E2BIG):
            raw.send(HEADER.pack(WRITE, 1, 0, 4081))
        # It has forgotten these, and goes on.
        assert raw.ask(READ, path) == b"v" * (length - len(path))


def test_too_many_permissions_for_a_message_are_E2BIG(store, way, place):
    store.mkdir(place)
    entries = ["n0"] + [f"r{domid}" for domid in range(1000, 2000)]
    room = (ROOM[way] - len(place) - 1 - 3) // 6
    with refused(errno.E2BIG, name=""):
        store.set_permissions(place, entries[: room + 2])
    store.set_permissions(place, entries[: room + 1])
    assert len(store.get_permissions(place)) == room + 1
