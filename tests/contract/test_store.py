"""XenStore: what each request does and refuses, over the socket and over the device."""

from __future__ import annotations

import errno
import gc
import os
import re
import secrets
import struct
import threading
from contextlib import contextmanager, suppress

import pytest

import xensys
from tests.contract.worlds import NEVER, PATIENCE, WAYS
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
    StoreConnectionError,
    StoreError,
    StoreNotSupportedError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
)
from xensys.store import DEVICE_LIMIT, SOCKET_LIMIT, Permission

DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, START, END = range(1, 8)
WRITE, MKDIR, RM, SET_PERMS, EVENT, ERROR = range(11, 17)
RESET_WATCHES, DIRECTORY_PART = 21, 22

HEADER = struct.Struct("<4I")
#: Bytes of payload that one message may have.
ROOM = {"socket": SOCKET_LIMIT - HEADER.size, "device": DEVICE_LIMIT - HEADER.size}

ALL_BYTES = bytes(range(256))


@contextmanager
def refused(number, kind=StoreError, *, name=None):
    """The block must get this errno from the daemon, as exactly this class."""
    with pytest.raises(StoreError) as caught:
        yield caught
    error = caught.value
    assert (errno.errorcode[error.errno], type(error)) == (errno.errorcode[number], kind)
    assert error.name == (errno.errorcode[number] if name is None else name)


def written(store, path, value, daemon):
    """Write what may be longer than the daemon allows; whether it is there."""
    if len(value) <= daemon.says("value-limit"):
        store.write(path, value)
        return True
    with refused(errno.E2BIG):
        store.write(path, value)
    return False


@contextmanager
def write_fails(number):
    """The block's write must fail so: the kernel's own refusal."""
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as caught:
        yield
    assert caught.value.errno == number


class Threads:
    """Calls, each in a thread of its own; the first error is raised at the end."""

    def __init__(self):
        self._threads = []
        self._errors = []
        self.results = []

    def start(self, call, *args, **options):
        thread = threading.Thread(target=self._run, args=(call, args, options), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, call, args, options):
        try:
            self.results.append(call(*args, **options))
        except BaseException as error:
            self._errors.append(error)

    def finish(self):
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "hung"
        if self._errors:
            raise self._errors[0]
        return self.results


class Raw:
    """Bytes to the daemon and from it, as no client of ours would send them."""

    def __init__(self, world, way):
        self._kernel = world.kernel
        path = WAYS[way]
        opened = self._kernel.connect(path) if way == "socket" else self._kernel.open(path, os.O_RDWR)
        self._fd = opened
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._kernel.close(self._fd)

    def send(self, data):
        assert self._kernel.write(self._fd, data) == len(data)

    def receive(self):
        """The next message: type, id, transaction, payload; None at the end of the stream."""
        while True:
            if len(self._rest) >= HEADER.size:
                kind, req_id, tx, length = HEADER.unpack_from(self._rest)
                end = HEADER.size + length
                if len(self._rest) >= end:
                    payload, self._rest = self._rest[HEADER.size : end], self._rest[end:]
                    return kind, req_id, tx, payload
            assert self._kernel.wait((self._fd,), (), PATIENCE)[0], "no answer"
            data = self._kernel.read(self._fd, 65536)
            if not data:
                assert not self._rest
                return None
            self._rest += data

    def ask(self, kind, payload=b"", *, tx=0, req=77):
        """The answer: its payload, or the name of an error as text."""
        self.send(HEADER.pack(kind, req, tx, len(payload)) + payload)
        while True:
            message = self.receive()
            assert message is not None, "the connection has ended"
            if message[0] != EVENT:
                break
        got, got_req, got_tx, answer = message
        assert (got_req, got_tx) == (req, tx)
        if got == ERROR:
            assert answer.endswith(b"\0")
            return answer[:-1].decode()
        assert got == kind
        return answer


@pytest.fixture
def raw(world, way):
    with Raw(world, way) as client:
        yield client


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


# Transactions


def test_a_transaction_is_seen_by_nobody_until_its_end(store, other, place):
    store.write(f"{place}/old", b"1")
    store.write(f"{place}/gone", b"")
    with store.transaction() as t:
        t.write(f"{place}/old", b"2")
        t.write(f"{place}/new", b"3")
        t.rm(f"{place}/gone")
        t.set_permissions(f"{place}/old", ["r0"])
        assert t.read_tree(place) == {place: b"", f"{place}/old": b"2", f"{place}/new": b"3"}
        for outside in (store, other):
            assert outside.read_tree(place) == {place: b"", f"{place}/old": b"1", f"{place}/gone": b""}
            assert outside.get_permissions(f"{place}/old") == (Permission(0),)
    assert other.read_tree(place) == {place: b"", f"{place}/old": b"2", f"{place}/new": b"3"}
    assert other.get_permissions(f"{place}/old") == (Permission(0, read=True),)


@pytest.mark.parametrize("how", ["abort", "exception"])
def test_an_undone_transaction_leaves_nothing(store, other, place, how):
    store.write(place, b"1")
    t = store.transaction()
    if how == "abort":
        t.write(place, b"2")
        t.write(f"{place}/new", b"")
        t.abort()
    else:

        def fail():
            with t:
                t.write(place, b"2")
                t.write(f"{place}/new", b"")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
    assert t.ended
    assert other.read_tree(place) == {place: b"1"}


def test_a_transaction_sees_the_moment_at_which_it_first_looked(store, other, place):
    store.write(f"{place}/a", b"1")
    t = store.transaction()
    assert t.read(f"{place}/a") == b"1"
    other.write(f"{place}/a", b"2")
    assert t.read(f"{place}/a") == b"1"
    assert store.read(f"{place}/a") == b"2"
    t.abort()


CONFLICTS = {
    "both-write": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/a", b"o")),
    "it-read": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.write(f"{p}/a", b"o")),
    "same-value": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.write(f"{p}/a", o.read(f"{p}/a"))),
    "it-read-what-was-removed": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.rm(f"{p}/a")),
    "it-found-nothing": (lambda t, p: t.exists(f"{p}/none"), lambda o, p: o.write(f"{p}/none", b"")),
    "it-listed": (lambda t, p: t.directory(p), lambda o, p: o.mkdir(f"{p}/none")),
    "both-make-children": (lambda t, p: t.mkdir(f"{p}/x"), lambda o, p: o.mkdir(f"{p}/y")),
    "it-removed-above": (lambda t, p: t.rm(f"{p}/a"), lambda o, p: o.write(f"{p}/a/c", b"o")),
    "permissions": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.set_permissions(f"{p}/a", ["r0"])),
}


@pytest.mark.parametrize("case", sorted(CONFLICTS))
def test_a_transaction_conflicts_with_what_others_do(store, other, place, case, daemon):
    inside, outside = CONFLICTS[case]
    store.write(f"{place}/a/b", b"")
    store.write(f"{place}/a", b"0")
    t = store.transaction()
    inside(t, place)
    t.write(f"{place}/a/b", b"t")
    outside(other, place)
    after = other.read_tree(place)
    if case not in daemon.says("conflicts"):
        t.commit()
        assert not t.conflicted
        assert other.read(f"{place}/a/b") == b"t"
        return
    with refused(errno.EAGAIN, TransactionConflictError):
        t.commit()
    assert t.ended
    assert t.conflicted
    assert other.read_tree(place) == after
    with pytest.raises(ValueError, match="ended"):
        t.read(place)


HARMONIES = {
    "others-read": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.read(f"{p}/a")),
    "elsewhere": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/b", b"o")),
    "below": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(f"{p}/a/c", b"o")),
    "above": (lambda t, p: t.write(f"{p}/a", b"t"), lambda o, p: o.write(p, b"o")),
    "mkdir-of-what-is-there": (lambda t, p: t.read(f"{p}/a"), lambda o, p: o.mkdir(f"{p}/a")),
}


@pytest.mark.parametrize("case", sorted(HARMONIES))
def test_a_transaction_does_not_conflict_with_what_is_not_its_own(store, other, place, case):
    inside, outside = HARMONIES[case]
    for path in ("a", "a/c", "b"):
        store.write(f"{place}/{path}", b"0")
    with store.transaction() as t:
        inside(t, place)
        outside(other, place)
    assert t.ended
    assert not t.conflicted


def test_a_transaction_conflicts_across_the_two_ways(world, place):
    for mine, others in (("socket", "device"), ("device", "socket")):
        store, other = world.store(mine), world.store(others)
        store.write(place, b"0")
        t = store.transaction()
        assert t.read(place) == b"0"
        t.write(place, b"1")
        other.write(place, b"2")
        with refused(errno.EAGAIN, TransactionConflictError):
            t.commit()
        assert store.read(place) == b"2"


def test_of_two_transactions_the_first_to_end_wins(store, other, place):
    store.write(place, b"0")
    first, second = store.transaction(), other.transaction()
    for t in (first, second):
        assert t.read(place) == b"0"
    first.write(place, b"1")
    second.write(place, b"2")
    second.commit()
    with refused(errno.EAGAIN, TransactionConflictError):
        first.commit()
    assert store.read(place) == b"2"


def test_many_transactions_of_one_connection(store, place):
    store.write(place, b"")
    begun = [store.transaction() for _ in range(30)]
    assert len({t.id for t in begun}) == 30
    for number, t in enumerate(begun):
        assert t.read(place) == b""
        t.write(place, f"{number}")
    assert [t.read(place) for t in begun] == [f"{number}".encode() for number in range(30)]
    begun[17].commit()
    for t in (*begun[:17], *begun[18:]):
        with refused(errno.EAGAIN, TransactionConflictError):
            t.commit()
    assert store.read(place) == b"17"


def test_attempts_go_on_until_one_succeeds(store, other, place):
    store.write(place, b"0")
    seen = []
    for t in store.attempts():
        with t:
            seen.append(t.read(place))
            if len(seen) < 3:
                other.write(place, f"{len(seen)}")
            t.write(place, b"done")
    assert seen == [b"0", b"1", b"2"]
    assert other.read(place) == b"done"


def test_attempts_give_up_in_the_end(store, other, place):
    count = iter(range(10))

    def touch(t):
        t.read(place)
        t.write(place, b"mine")
        other.write(place, f"theirs {next(count)}")

    store.write(place, b"")
    with refused(errno.EAGAIN, TransactionConflictError):
        store.in_transaction(touch, count=3)
    assert store.read(place) == b"theirs 2"


@pytest.mark.parametrize("shared", [True, False], ids=["one-connection", "each-its-own"])
def test_threads_that_count_lose_nothing(world, way, place, shared):
    each, many = 5, 4
    first = world.store(way)
    stores = [first if shared else world.store(way) for _ in range(many)]
    first.write(place, b"0")

    def count(store):
        for _ in range(each):
            store.in_transaction(lambda t: t.write(place, str(int(t.read(place)) + 1)), count=200)

    threads = Threads()
    for store in stores:
        threads.start(count, store)
    threads.finish()
    assert first.read(place) == f"{each * many}".encode()


def test_an_open_transaction_ends_with_its_connection(world, way, other, place):
    store = world.store(way)
    other.write(place, b"1")
    t = store.transaction()
    t.write(place, b"2")
    store.close()
    assert other.read(place) == b"1"
    with other.transaction() as again:
        again.write(place, b"3")
    assert other.read(place) == b"3"
    with pytest.raises(ValueError, match="closed"):
        t.commit()


def test_raw_a_transaction_that_is_none(raw, way, place, daemon):
    path = place.encode() + b"\0"
    # Linux knows its own.
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    for kind, payload in (
        (READ, path),
        (WRITE, path + b"v"),
        (DIRECTORY, path),
        (END, b"T\0"),
        (END, b"F\0"),
    ):
        assert raw.ask(kind, payload, tx=0x7777_7777) == unknown


def test_raw_the_end_of_a_transaction_says_T_or_F(raw, store, way, place, daemon):
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    assert raw.ask(WRITE, place.encode() + b"\0v", tx=tx) == b"OK\0"
    for verdict in (b"X\0", b"TT\0", b"\0", b""):
        assert raw.ask(END, verdict, tx=tx) == "EINVAL"
    # It is still there. Linux lets no other than the two pass.
    if way == "socket" and daemon.says("a-T-without-its-NUL") == "OK":
        assert raw.ask(END, b"T", tx=tx) == b"OK\0"
    else:
        assert raw.ask(END, b"T", tx=tx) == "EINVAL"
        assert raw.ask(END, b"T\0", tx=tx) == b"OK\0"
    assert store.read(place) == b"v"
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    assert raw.ask(END, b"T\0", tx=tx) == unknown


def test_raw_a_transaction_belongs_to_its_connection(world, way, raw, place, daemon):
    unknown = daemon.says("no-such-transaction") if way == "socket" else "ENOENT"
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    with Raw(world, way) as stranger:
        assert stranger.ask(END, b"F\0", tx=tx) == unknown
    assert raw.ask(END, b"F\0", tx=tx) == b"OK\0"


def test_raw_a_transaction_within_a_transaction(raw):
    tx = int(raw.ask(START, b"\0").rstrip(b"\0"))
    assert raw.ask(START, b"\0", tx=tx) == "EBUSY"
    assert raw.ask(END, b"F\0", tx=tx) == b"OK\0"


# The wire


@pytest.mark.parametrize("kind", [20, 27, 99, 0x7FFF_FFFF], ids=str)
def test_raw_an_unknown_request_is_ENOSYS(raw, kind):
    assert raw.ask(kind, b"x\0") == "ENOSYS"


@pytest.mark.parametrize("kind", [READ, DIRECTORY, GET_PERMS, MKDIR, RM, WRITE, DIRECTORY_PART], ids=str)
@pytest.mark.parametrize("payload", [b"", b"/tool"], ids=["nothing", "no-nul"])
def test_raw_a_request_without_its_strings_is_EINVAL(world, raw, kind, payload, daemon):
    expect_no_path(world, daemon, kind, raw.ask(kind, payload))


def expect_no_path(world, daemon, kind, answer):
    if kind == DIRECTORY_PART and not daemon.says("gives-directories-in-parts"):
        assert answer == "ENOSYS"
    elif world.target.xen < (4, 18) and kind not in (WRITE, DIRECTORY_PART):
        # Whatever error its last system call left: canonicalize(NULL) sets none there.
        assert isinstance(answer, str)
    else:
        assert answer == "EINVAL"


def test_raw_a_string_too_many_is_EINVAL(world, raw, daemon):
    for kind in (READ, DIRECTORY, GET_PERMS, MKDIR, RM):
        expect_no_path(world, daemon, kind, raw.ask(kind, b"/tool\0more\0"))
    expect_no_path(world, daemon, DIRECTORY_PART, raw.ask(DIRECTORY_PART, b"/tool\x000\0more\0"))


def test_raw_an_id_comes_back_whatever_it_is(raw):
    for req in (0, 1, 0xFFFF_FFFF, 0x8000_0000, 77):
        assert raw.ask(READ, b"/none-such\0", req=req) == "ENOENT"
        assert raw.ask(DIRECTORY, b"/\0", req=req)


def test_raw_a_message_may_come_in_pieces(raw, place):
    payload = place.encode() + b"\0in pieces"
    message = HEADER.pack(WRITE, 5, 0, len(payload)) + payload
    for at in range(len(message)):
        raw.send(message[at : at + 1])
    assert raw.receive() == (WRITE, 5, 0, b"OK\0")
    assert raw.ask(READ, place.encode() + b"\0") == b"in pieces"


def test_raw_what_follows_a_message_in_the_same_write(raw, way):
    one, two = (HEADER.pack(DIRECTORY, req, 0, 7) + b"/local\0" for req in (1, 2))
    raw.send(one + two)
    assert raw.receive()[:2] == (DIRECTORY, 1)
    # The daemon takes it; Linux's driver looks at one message only.
    if way == "socket":
        assert raw.receive()[:2] == (DIRECTORY, 2)
    raw.ask(DIRECTORY, b"/local\0", req=3)


def test_raw_watches(raw, way, place):
    path = place.encode() + b"\0"
    assert raw.ask(WATCH, path) == "EINVAL"
    assert raw.ask(WATCH, b"/a//b\0token\0") == "EINVAL" if way == "socket" else True
    assert raw.ask(WATCH, path + b"token\0") == b"OK\0"
    assert raw.ask(UNWATCH, path) == "EINVAL"
    # Linux answers UNWATCH by itself.
    unknown = "ENOENT" if way == "socket" else b"OK\0"
    assert raw.ask(UNWATCH, path + b"another\0") == unknown
    assert raw.ask(UNWATCH, path + b"token\0") == b"OK\0"
    assert raw.ask(UNWATCH, path + b"token\0") == unknown


def test_raw_the_same_watch_twice(raw, way, place):
    path = place.encode() + b"\0token\0"
    assert raw.ask(WATCH, path) == b"OK\0"
    # The kernel's tokens are its own: to the daemon these are two.
    assert raw.ask(WATCH, path) == ("EEXIST" if way == "socket" else b"OK\0")


def test_raw_a_watch_the_daemon_refuses_is_an_error_of_the_write(world):
    with Raw(world, "device") as raw:
        with write_fails(errno.EINVAL):
            raw.ask(WATCH, b"/a//b\0token\0")
        assert raw.ask(READ, b"/none-such\0") == "ENOENT"


# Domains and the daemon


def test_domains(world, store):
    assert store.is_introduced(0)
    assert store.is_introduced(world.running.domid)
    assert store.is_introduced(world.paused.domid)
    assert not store.is_introduced(NEVER)
    assert not store.is_introduced(world.dead_domid)
    assert store.get_domain_path(world.running.domid) == f"/local/domain/{world.running.domid}"
    # Of any, there or not.
    assert store.get_domain_path(NEVER) == f"/local/domain/{NEVER}"


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("release", (NEVER,)), ("resume", (NEVER,)), ("set_target", (NEVER, 0))],
    ids=["release", "resume", "set_target"],
)
def test_domains_that_are_not_there_are_ENOENT(store, verb, arguments, daemon):
    number = errno.ENOENT if verb == "set_target" else getattr(errno, daemon.says("no-such-domain"))
    with refused(number):
        getattr(store, verb)(*arguments)


def test_a_domain_that_is_not_there_cannot_be_introduced(store):
    with pytest.raises(StoreError):
        store.introduce(NEVER, 1, 1)
    assert not store.is_introduced(NEVER)


def test_dom0_is_neither_released_nor_resumed(store, daemon):
    # Not sent: with oxenstored its nodes would go, which is nearly all, and its ring.
    with refused(errno.EINVAL, name=""):
        store.release(0)
    if daemon.says("dom0-can-be-released"):
        store.resume(0)
    else:
        with refused(errno.EINVAL):
            store.resume(0)
    assert store.is_introduced(0)


def test_what_later_releases_know_is_ENOSYS_before(world, store):
    assert world.target.xen < (4, 21), "say here what this one does"
    for call in (
        lambda: store.get_feature(),
        lambda: store.get_feature(world.running.domid),
        lambda: store.set_feature(world.paused.domid, 0),
        lambda: store.quota_names(),
        lambda: store.get_quota("nodes"),
        lambda: store.set_quota("nodes", 1000),
    ):
        with refused(errno.ENOSYS, StoreNotSupportedError):
            call()


def test_control(store, daemon):
    if daemon.says("no-such-control") == "OK":
        assert store.control("no-such-command") == b"OK"
        assert store.control("quota", "0").startswith(b"dom0 quota: ")
        return
    said = store.control("help").rstrip(b"\0").decode()
    assert "log" in said
    for words in (("no-such-command",), ("print",), ("help", "too", "many")):
        with refused(errno.EINVAL):
            store.control(*words)


def test_control_checks_its_data_base(store):
    assert store.control("check").startswith(b"OK")


# Waiting


def test_wait_for_what_is_there(store, place):
    store.write(place, b"x")
    assert store.wait_for(place, timeout=PATIENCE) == b"x"
    assert store.wait_for(place, lambda value: value == b"x", timeout=PATIENCE) == b"x"


def test_wait_for_what_comes_and_goes(store, other, place):
    threads = Threads()
    step = threading.Event()

    def act():
        assert step.wait(PATIENCE)
        for value in (b"1", b"2", b"3"):
            other.write(f"{place}/a", value)
        assert other.wait_for(f"{place}/seen", timeout=PATIENCE) == b""
        other.rm(f"{place}/a")

    threads.start(act)
    asked = []

    def third(value):
        asked.append(value)
        step.set()
        return value == b"3"

    assert store.wait_for(f"{place}/a", third, timeout=PATIENCE) == b"3"
    assert asked[0] is None
    store.mkdir(f"{place}/seen")
    assert store.wait_for(f"{place}/a", lambda value: value is None, timeout=PATIENCE) is None
    threads.finish()


def test_wait_for_is_over_in_time(store, place):
    with pytest.raises(StoreTimeoutError):
        store.wait_for(place, timeout=0.3)
    store.write(place, b"x")
    with pytest.raises(StoreTimeoutError):
        store.wait_for(place, lambda value: value == b"y", timeout=0.3)
    # Nothing of it is left.
    assert store.read(place) == b"x"


def test_wait_for_a_whole_removed_tree(store, other, place):
    store.write(f"{place}/a/b", b"x")
    threads = Threads()
    threads.start(store.wait_for, f"{place}/a/b", lambda value: value is None, timeout=PATIENCE)
    other.rm(f"{place}/a")
    assert threads.finish() == [None]


# Threads


def test_many_threads_use_one_connection(store, place):
    def work(number):
        mine = f"{place}/{number}"
        for turn in range(25):
            value = f"{number}.{turn}".encode() * (number + 1)
            store.write(f"{mine}/value", value)
            assert store.read(f"{mine}/value") == value
            assert store.directory(mine) == ("value",)
            with pytest.raises(NodeNotFoundError) as caught:
                store.read(f"{mine}/none-{turn}")
            assert caught.value.path == f"{mine}/none-{turn}"
        with store.transaction() as t:
            t.write(f"{mine}/value", b"done")
        return number

    threads = Threads()
    # Together in the same directory, before: or making it would be a conflict.
    for number in range(8):
        store.mkdir(f"{place}/{number}")
        threads.start(work, number)
    assert sorted(threads.finish()) == list(range(8))
    assert {store.read(f"{place}/{number}/value") for number in range(8)} == {b"done"}


def test_threads_wait_while_others_work(store, place):
    threads = Threads()
    for number in range(8):
        threads.start(store.wait_for, f"{place}/{number}", bool, timeout=PATIENCE)
    for number in range(8):
        for _ in range(5):
            store.write(f"{place}/other", b"")
        store.write(f"{place}/{number}", f"{number}")
    assert sorted(threads.finish()) == [f"{number}".encode() for number in range(8)]


# Use after close


def test_after_close_every_verb_is_a_ValueError(world, store, place):
    t = store.transaction()
    watch = store.watch(place)
    store.close()
    store.close()
    assert store.closed
    assert not store.connected
    for call in (
        lambda: store.read(place),
        lambda: store.write(place, b""),
        lambda: store.mkdir(place),
        lambda: store.rm(place),
        lambda: store.exists(place),
        lambda: store.directory(place),
        lambda: store.get_permissions(place),
        lambda: store.set_permissions(place, ["n0"]),
        lambda: list(store.walk(place)),
        lambda: store.write_tree({place: b""}),
        lambda: store.transaction(),
        lambda: store.watch(place),
        lambda: store.wait_for(place),
        lambda: store.is_introduced(0),
        lambda: store.control("help"),
        lambda: store.fileno(),
        lambda: store.dispatch(),
        lambda: store.reconnect(),
        lambda: t.read(place),
        lambda: t.commit(),
        lambda: watch.get(0),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    watch.close()


def test_close_ends_the_calls_of_other_threads(world, way, place):
    store = world.store(way)
    started = threading.Barrier(5)

    def wait(number):
        with store.watch(f"{place}/{number}") as watch:
            watch.get(PATIENCE)
            started.wait(PATIENCE)
            watch.get()

    failures = []

    def fails(number):
        try:
            wait(number)
        except (StoreConnectionError, ValueError) as error:
            failures.append(type(error))

    threads = Threads()
    for number in range(4):
        threads.start(fails, number)
    started.wait(PATIENCE)
    store.close()
    threads.finish()
    assert len(failures) == 4


def test_close_leaves_no_descriptor(world, way, place):
    def descriptors():
        gc.collect()  # of tests that failed before
        return len(os.listdir("/proc/self/fd"))

    world.store(way).close()
    before = descriptors()
    for _ in range(3):
        store = world.store(way)
        store.fileno()
        kept = store.watch(place), store.transaction()
        store.close()
        del kept
    assert descriptors() == before


def test_of_a_xen(world, place):
    with xensys.open(kernel=world.kernel) as xen:
        xen.store.write(place, b"x")
        assert xen.store.read(place) == b"x"
        assert xen.store.path == WAYS["socket"]
