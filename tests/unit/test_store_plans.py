"""What a client's calls do, request by request; the daemons' answers are played."""

from __future__ import annotations

import errno

import pytest
from storeplay import OK, START, Played, Tree

from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    HazardError,
    NodeNotFoundError,
    StoreConnectionError,
    StoreError,
    StoreNotSupportedError,
    StorePermissionError,
    TransactionConflictError,
)
from xensys.store import plans
from xensys.store.permissions import Permission
from xensys.store.plans import drive
from xensys.store.protocol import NAMES, Request

# One request each.

SIMPLE = [
    (plans.read("/a/b", tx=7), abi.XS_READ, b"/a/b\0", 7, b"va\0lue", b"va\0lue"),
    (plans.read(b"name"), abi.XS_READ, b"name\0", 0, b"", b""),
    (plans.write("/a", b"x\0y", tx=7), abi.XS_WRITE, b"/a\0x\0y", 7, OK, None),
    (plans.write("/a", b""), abi.XS_WRITE, b"/a\0", 0, OK, None),
    (plans.write("/a", memoryview(bytearray(b"v"))), abi.XS_WRITE, b"/a\0v", 0, OK, None),
    (plans.mkdir("/a", tx=7), abi.XS_MKDIR, b"/a\0", 7, OK, None),
    (plans.rm("/a", tx=7), abi.XS_RM, b"/a\0", 7, OK, None),
    (plans.rm("/", hazardous=True), abi.XS_RM, b"/\0", 0, OK, None),
    (plans.exists("/a", tx=7), abi.XS_READ, b"/a\0", 7, b"", True),
    (plans.exists("/a"), abi.XS_READ, b"/a\0", 0, "ENOENT", False),
    (plans.directory("/a", tx=7), abi.XS_DIRECTORY, b"/a\0", 7, b"b\0c\0", ("b", "c")),
    (plans.directory("/a"), abi.XS_DIRECTORY, b"/a\0", 0, b"", ()),
    (plans.directory("/a"), abi.XS_DIRECTORY, b"/a\0", 0, b"b\0c", ("b", "c")),
    (
        plans.get_perms("@releaseDomain", tx=7), abi.XS_GET_PERMS, b"@releaseDomain\0", 7, b"n0\0r5\0",
        (Permission(0), Permission(5, read=True)),
    ),
    (
        plans.set_perms("/a", [Permission(1), "b7"], tx=7), abi.XS_SET_PERMS, b"/a\0n1\0b7\0", 7, OK, None,
    ),
    (plans.watch("/a", "tok"), abi.XS_WATCH, b"/a\0tok\0", 0, OK, None),
    (plans.watch("@introduceDomain", b""), abi.XS_WATCH, b"@introduceDomain\0\0", 0, OK, None),
    (plans.watch("/a", "tok", 0), abi.XS_WATCH, b"/a\0tok\x000\0", 0, OK, None),
    (plans.watch("/a", "tök", depth=12), abi.XS_WATCH, "/a\0tök\x0012\0".encode(), 0, OK, None),
    (plans.unwatch("/a", "tok"), abi.XS_UNWATCH, b"/a\0tok\0", 0, OK, None),
    (plans.reset_watches(), abi.XS_RESET_WATCHES, b"\0", 0, OK, None),
    (plans.transaction_start(), abi.XS_TRANSACTION_START, b"\0", 0, b"1\0", 1),
    (plans.transaction_start(), abi.XS_TRANSACTION_START, b"\0", 0, b"4294967295\0", 2**32 - 1),
    (plans.transaction_start(), abi.XS_TRANSACTION_START, b"\0", 0, b"17", 17),
    (plans.transaction_end(9, commit=True), abi.XS_TRANSACTION_END, b"T\0", 9, OK, None),
    (plans.transaction_end(9, commit=False), abi.XS_TRANSACTION_END, b"F\0", 9, OK, None),
    (plans.introduce(5, 0x3FEFE, 1), abi.XS_INTRODUCE, b"5\x00261886\x001\0", 0, OK, None),
    (plans.introduce(5, -1, 1), abi.XS_INTRODUCE, b"5\0-1\x001\0", 0, OK, None),
    (plans.release(5), abi.XS_RELEASE, b"5\0", 0, OK, None),
    (plans.resume(65535), abi.XS_RESUME, b"65535\0", 0, OK, None),
    (plans.set_target(5, 6), abi.XS_SET_TARGET, b"5\x006\0", 0, OK, None),
    (
        plans.get_domain_path(5), abi.XS_GET_DOMAIN_PATH, b"5\0", 0, b"/local/domain/5\0",
        "/local/domain/5",
    ),
    (plans.is_domain_introduced(0), abi.XS_IS_DOMAIN_INTRODUCED, b"0\0", 0, b"T\0", True),
    (plans.is_domain_introduced(5), abi.XS_IS_DOMAIN_INTRODUCED, b"5\0", 0, b"F\0", False),
    (plans.get_feature(0), abi.XS_GET_FEATURE, b"0\0", 0, b"3\0", 3),
    (plans.set_feature(5, 7), abi.XS_SET_FEATURE, b"5\x007\0", 0, OK, None),
    (plans.get_quota("nodes"), abi.XS_GET_QUOTA, b"nodes\0", 0, b"1000\0", 1000),
    (plans.get_quota("nodes", 5), abi.XS_GET_QUOTA, b"5\0nodes\0", 0, b"0\0", 0),
    (plans.set_quota("nodes", 9), abi.XS_SET_QUOTA, b"nodes\x009\0", 0, OK, None),
    (plans.set_quota("nodes", 9, 0), abi.XS_SET_QUOTA, b"0\0nodes\x009\0", 0, OK, None),
    (plans.control("check"), abi.XS_CONTROL, b"check\0", 0, OK, b"OK"),
    (plans.control("trim"), abi.XS_CONTROL, b"trim\0", 0, b"trimmed", b"trimmed"),
    (plans.control("quota", "set", b"nodes"), abi.XS_CONTROL, b"quota\0set\0nodes\0", 0, OK, b"OK"),
    (
        plans.control("live-update", "-d", "3", data=b"\0\1\0"), abi.XS_CONTROL,
        b"live-update\0-d\x003\0\0\1\0", 0, OK, b"OK",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "kind", "payload", "tx", "reply", "result"), SIMPLE)
def test_request_and_result(plan, kind, payload, tx, reply, result) -> None:  # type: ignore[no-untyped-def]
    assert Played((kind, payload, tx, reply)).run(plan) == result


def test_each_message_type_that_can_be_asked_has_been() -> None:
    # The two others are what comes back, and DIRECTORY_PART is below.
    assert {kind for _, kind, *_ in SIMPLE} == set(NAMES) - {
        abi.XS_WATCH_EVENT,
        abi.XS_ERROR,
        abi.XS_DIRECTORY_PART,
    }


_PAYLOADLESS = [
    (plans.get_feature, abi.XS_GET_FEATURE, b"15\0", 15),
    (plans.quota_names, abi.XS_GET_QUOTA, b"nodes soft-memory\0", ("nodes", "soft-memory")),
    (plans.quota_names, abi.XS_GET_QUOTA, b"\0", ()),
]


@pytest.mark.parametrize(("plan", "kind", "reply", "result"), _PAYLOADLESS)
@pytest.mark.parametrize("first", [b"3\0", "EACCES", "ENOENT"])
def test_without_a_payload_only_a_daemon_that_knows_is_asked(plan, kind, reply, result, first) -> None:  # type: ignore[no-untyped-def]
    played = Played((abi.XS_GET_FEATURE, b"0\0", 0, first), (kind, b"", 0, reply))
    assert played.run(plan()) == result


@pytest.mark.parametrize("plan", [plans.get_feature, plans.quota_names])
def test_oxenstored_is_never_asked_without_a_payload(plan) -> None:  # type: ignore[no-untyped-def]
    """Older ones on a socket wait for more, and never answer."""
    with pytest.raises(StoreNotSupportedError):
        Played((abi.XS_GET_FEATURE, b"0\0", 0, "ENOSYS")).run(plan())


@pytest.mark.parametrize("name", ["EACCES", "EINVAL", "EIO", "ENOSYS", "EQUOTA", "EFOO"])
def test_a_refusal_comes_out_of_the_plan(name: str) -> None:
    with pytest.raises(StoreError) as caught:
        Played((abi.XS_READ, b"/a\0", 3, name)).run(plans.read("/a", tx=3))
    assert (caught.value.name, caught.value.path, caught.value.transaction) == (name, "/a", 3)


def test_a_missing_key_is_a_key_error_and_a_file_not_found_error() -> None:
    for kind in (KeyError, FileNotFoundError, NodeNotFoundError):
        with pytest.raises(kind):
            Played((abi.XS_READ, b"/a\0", 0, "ENOENT")).run(plans.read("/a"))


@pytest.mark.parametrize(
    ("plan", "kind", "payload", "reply"),
    [
        *(
            (plans.transaction_start, abi.XS_TRANSACTION_START, b"\0", reply)
            for reply in (
                b"", b"\0", b"0\0", b"-1\0", b"4294967296\0", b"1x\0", b" 1\0", b"1\x002\0", b"0x1\0",
                b"1_0\0", b"9" * 4096, "\u00b2".encode() + b"\0",
            )
        ),
        *(
            (lambda: plans.is_domain_introduced(5), abi.XS_IS_DOMAIN_INTRODUCED, b"5\0", reply)
            for reply in (b"", b"\0", b"t\0", b"TF\0", b"T\0\0", OK)
        ),
        *((lambda: plans.get_perms("/a"), abi.XS_GET_PERMS, b"/a\0", reply) for reply in (b"", b"x5\0")),
        *(
            (lambda: plans.get_feature(0), abi.XS_GET_FEATURE, b"0\0", reply)
            for reply in (b"", OK, b"-1\0")
        ),
        *((lambda: plans.get_quota("n"), abi.XS_GET_QUOTA, b"n\0", reply) for reply in (b"", b"n\0")),
    ],
)  # fmt: skip
def test_a_reply_without_sense_is_a_store_error(plan, kind, payload, reply) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StoreError, match="makes no sense") as caught:
        Played((kind, payload, 0, reply)).run(plan())
    assert caught.value.errno == errno.EPROTO
    assert not isinstance(caught.value, StoreConnectionError)


def test_names_that_are_not_ascii_come_through_and_go_back() -> None:
    assert Played((abi.XS_DIRECTORY, b"/\0", 0, b"a\xff\0")).run(plans.directory("/")) == ("a\udcff",)
    path = Played((abi.XS_GET_DOMAIN_PATH, b"5\0", 0, b"/\xff\0")).run(plans.get_domain_path(5))
    assert path == "/\udcff"


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (plans.introduce(65536, 1, 1), OverflowError),
        (plans.introduce(-1, 1, 1), OverflowError),
        (plans.introduce(1, 1 << 64, 1), OverflowError),
        (plans.introduce(1, 1, 1 << 32), OverflowError),
        (plans.release(65536), OverflowError),
        (plans.set_target(1, 65536), OverflowError),
        (plans.get_domain_path(-1), OverflowError),
        (plans.set_feature(1, 1 << 32), OverflowError),
        (plans.set_quota("nodes", -1), OverflowError),
        (plans.watch("/a", "t", -1), OverflowError),
        (plans.in_transaction(lambda tx: plans.read("/a", tx=tx), attempts=0), OverflowError),
        (plans.release("5"), TypeError),
        (plans.write("/a", "text"), TypeError),
        (plans.write("/a", 5), TypeError),
        (plans.watch("/a", 5), TypeError),
        (plans.control("print", "x", data="text"), TypeError),
        (plans.set_perms("/a", []), ValueError),
        (plans.set_perms("/a", ["z9"]), ValueError),
        (plans.read("/a//b"), StoreError),
        (plans.read("@introduceDomain"), StoreError),
        (plans.write("@introduceDomain", b""), StoreError),
        (plans.watch("/a/", "t"), StoreError),
        (plans.watch("/a", "t\0x"), StoreError),
        (plans.unwatch("/a", b"t\0x"), StoreError),
        (plans.control("quota", "a\0b"), StoreError),
        (plans.get_quota("a\0b"), StoreError),
        (plans.rm("/"), HazardError),
        (plans.rm(b"/"), HazardError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(plan, error) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error) as caught:
        Played().run(plan)
    if error is StoreError:
        assert caught.value.errno == errno.EINVAL


# Directories of any size.


def test_parts_as_the_daemon_gives_them() -> None:
    names = plans.directory("/a", tx=3)
    assert Played(
        (abi.XS_DIRECTORY, b"/a\0", 3, "E2BIG"),
        (abi.XS_DIRECTORY_PART, b"/a\x000\0", 3, b"18446744073709551615\0b\0cc\0"),
        (abi.XS_DIRECTORY_PART, b"/a\x005\0", 3, b"18446744073709551615\0d\0\0"),
    ).run(names) == ("b", "cc", "d")


def test_the_end_may_come_alone() -> None:
    played = Played(
        (abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"),
        (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, b"4\0b\0"),
        (abi.XS_DIRECTORY_PART, b"/a\x002\0", 0, b"4\0\0"),
    )
    assert played.run(plans.directory("/a")) == ("b",)


def test_a_directory_that_has_become_empty() -> None:
    played = Played(
        (abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"), (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, b"4\0\0")
    )
    assert played.run(plans.directory("/a")) == ()


def test_it_begins_anew_when_the_generation_changes() -> None:
    played = Played(
        (abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"),
        (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, b"4\0old\0"),
        (abi.XS_DIRECTORY_PART, b"/a\x004\0", 0, b"5\0\0"),
        (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, b"5\0new\0"),
        (abi.XS_DIRECTORY_PART, b"/a\x004\0", 0, b"5\0er\0\0"),
    )
    assert played.run(plans.directory("/a")) == ("new", "er")


def test_it_does_not_begin_anew_forever() -> None:
    tree = Tree({"/a": b""} | {f"/a/{n:04}": b"" for n in range(2000)})

    def change(_: Request) -> None:
        tree.generation += 1
        assert len(tree.asked) < 1000

    tree.before = change
    with pytest.raises(TransactionConflictError, match="32 times") as caught:
        drive(plans.directory("/a"), tree)
    assert (caught.value.errno, caught.value.path) == (errno.EAGAIN, "/a")


@pytest.mark.parametrize("reply", [b"", b"4", b"4\0"])
def test_a_part_that_leads_nowhere_ends_it(reply: bytes) -> None:
    played = Played(
        (abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"), (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, reply)
    )
    with pytest.raises(StoreError, match="makes no sense"):
        played.run(plans.directory("/a"))


def test_a_daemon_without_parts_means_e2big() -> None:
    played = Played(
        (abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"), (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, "ENOSYS")
    )
    with pytest.raises(StoreError, match="one message only") as caught:
        played.run(plans.directory("/a"))
    assert caught.value.errno == errno.E2BIG
    assert not isinstance(caught.value, StoreNotSupportedError)
    assert "XS_DIRECTORY(" in str(caught.value)


@pytest.mark.parametrize("name", ["ENOENT", "EACCES", "ENOMEM"])
def test_other_errors_within_parts_are_errors(name: str) -> None:
    played = Played((abi.XS_DIRECTORY, b"/a\0", 0, "E2BIG"), (abi.XS_DIRECTORY_PART, b"/a\x000\0", 0, name))
    with pytest.raises(StoreError) as caught:
        played.run(plans.directory("/a"))
    assert caught.value.name == name


def test_a_request_of_ours_that_is_too_long_is_not_tried_in_parts() -> None:
    def exchange(request: Request) -> bytes:
        assert request.kind == abi.XS_DIRECTORY
        request.encode(0)
        raise AssertionError

    with pytest.raises(StoreError, match="4097 bytes of payload") as caught:
        drive(plans.directory("/" + "a" * 4095), exchange)
    assert caught.value.errno == errno.E2BIG


@pytest.mark.parametrize("count", [0, 1, 2, 6, 7, 8, 9, 818, 819, 820, 821, 1638])
@pytest.mark.parametrize("payload_max", [40, 41, 42, 43, 44, 45, 4096])
def test_all_sizes_against_the_daemons_own_way(count: int, payload_max: int) -> None:
    tree = Tree({"/a": b""} | {f"/a/{n:04}": b"" for n in range(count)}, payload_max=payload_max)
    assert drive(plans.directory("/a"), tree) == tuple(f"{n:04}" for n in range(count))
    # 5 bytes each: 819 names are 4095, the last that fit.
    assert ("XS_DIRECTORY_PART /a" in tree.asked) is (5 * count > payload_max)


# Transactions.


def body(tx: int) -> plans.Plan[bytes]:
    value = yield from plans.read("/a", tx=tx)
    yield from plans.write("/b", value, tx=tx)
    return value


def attempt(tx: int, end: object) -> list[tuple[int, bytes, int, object]]:
    return [
        (*START, b"%d\0" % tx),
        (abi.XS_READ, b"/a\0", tx, b"v"),
        (abi.XS_WRITE, b"/b\0v", tx, OK),
        (abi.XS_TRANSACTION_END, b"T\0", tx, end),
    ]


def test_a_transaction_is_begun_and_committed() -> None:
    assert Played(*attempt(2**32 - 1, OK)).run(plans.in_transaction(body)) == b"v"


def test_a_conflict_begins_it_anew_with_a_new_id() -> None:
    played = Played(*attempt(5, "EAGAIN"), *attempt(6, "EAGAIN"), *attempt(7, OK))
    assert played.run(plans.in_transaction(body)) == b"v"


def test_the_last_attempts_conflict_is_reported() -> None:
    with pytest.raises(TransactionConflictError) as caught:
        Played(*attempt(5, "EAGAIN"), *attempt(6, "EAGAIN")).run(plans.in_transaction(body, attempts=2))
    assert (caught.value.transaction, caught.value.name) == (6, "EAGAIN")


@pytest.mark.parametrize("name", ["ENOSPC", "ENOMEM", "ENOENT", "EIO"])
def test_another_error_at_the_end_is_not_tried_again(name: str) -> None:
    with pytest.raises(StoreError) as caught:
        Played(*attempt(5, name)).run(plans.in_transaction(body))
    assert caught.value.name == name
    assert not isinstance(caught.value, NodeNotFoundError)


@pytest.mark.parametrize("end", [OK, "ENOENT"])
def test_an_error_within_gives_the_transaction_back(end: object) -> None:
    played = Played(
        (*START, b"5\0"),
        (abi.XS_READ, b"/a\0", 5, "EACCES"),
        (abi.XS_TRANSACTION_END, b"F\0", 5, end),
    )
    with pytest.raises(StorePermissionError):
        played.run(plans.in_transaction(body))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TimeoutError(), ZeroDivisionError()])
def test_so_does_an_interruption_while_it_waits(error: BaseException) -> None:
    played = Played(
        (*START, b"5\0"),
        (abi.XS_READ, b"/a\0", 5, error),
        (abi.XS_TRANSACTION_END, b"F\0", 5, OK),
    )
    with pytest.raises(type(error)):
        played.run(plans.in_transaction(body))


def test_and_an_exception_of_the_callers() -> None:
    def failing(tx: int) -> plans.Plan[None]:
        yield from plans.write("/b", b"", tx=tx)
        raise ZeroDivisionError

    played = Played(
        (*START, b"5\0"), (abi.XS_WRITE, b"/b\0", 5, OK), (abi.XS_TRANSACTION_END, b"F\0", 5, OK)
    )
    with pytest.raises(ZeroDivisionError):
        played.run(plans.in_transaction(failing))


def test_but_not_a_connection_that_is_gone() -> None:
    gone = StoreConnectionError(errno.ECONNRESET)
    with pytest.raises(StoreConnectionError):
        Played((*START, b"5\0"), (abi.XS_READ, b"/a\0", 5, gone)).run(plans.in_transaction(body))


def test_a_plan_that_is_dropped_says_nothing() -> None:
    plan = plans.in_transaction(body)
    assert next(plan).kind == abi.XS_TRANSACTION_START
    assert plan.send(b"5\0").kind == abi.XS_READ
    plan.close()
