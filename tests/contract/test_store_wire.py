"""XenStore: the wire, domains and the daemon."""

from __future__ import annotations

import errno

import pytest

from tests.contract.storekit import (
    DIRECTORY,
    DIRECTORY_PART,
    GET_PERMS,
    HEADER,
    MKDIR,
    READ,
    RM,
    UNWATCH,
    WATCH,
    WRITE,
    Raw,
    refused,
    write_fails,
)
from tests.contract.worlds import NEVER
from xensys.errors import (
    StoreError,
    StoreNotSupportedError,
)

# The wire


@pytest.mark.parametrize("kind", [20, 27, 99, 0x7FFF_FFFF], ids=str)
def test_raw_an_unknown_request_is_ENOSYS(raw, kind):
    assert raw.ask(kind, b"x\0") == "ENOSYS"


@pytest.mark.parametrize("kind", [READ, DIRECTORY, GET_PERMS, MKDIR, RM, WRITE, DIRECTORY_PART], ids=str)
@pytest.mark.parametrize("payload", [b"", b"/tool"], ids=["nothing", "no-nul"])
def test_raw_a_request_without_its_strings_is_EINVAL(world, raw, kind, payload, daemon):
    if world.target.xen < (4, 18):
        # That one's answer is the error its last call left, and there is no answer if that is none.
        assert raw.ask(READ, b"/tool/nothing-of-this-name\0") == "ENOENT"
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
