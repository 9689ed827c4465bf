"""XenStore's messages: bytes, limits, paths, permissions and errors, without I/O."""

from __future__ import annotations

import copy
import errno
import pickle
import struct

import pytest
from test_import import BANNED, loaded_by

import xensys
from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    NodeNotFoundError,
    NotSupportedError,
    StoreConnectionError,
    StoreError,
    StoreNotSupportedError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
    XenNotFoundError,
    XenPermissionError,
    XenTimeoutError,
)
from xensys.store import protocol
from xensys.store.permissions import Permission, format_permissions, parse_permissions
from xensys.store.protocol import (
    DEVICE_LIMIT,
    ERRORS,
    NAMES,
    SOCKET_LIMIT,
    Decoder,
    Message,
    Request,
    checked_path,
    parse_error,
    parse_watch_event,
)

HEADER = struct.Struct("<IIII")


def raw(kind: int, payload: bytes, req_id: int = 0, tx_id: int = 0) -> bytes:
    return HEADER.pack(kind, req_id, tx_id, len(payload)) + payload


# Requests.


def test_every_message_type_of_the_header_has_its_name() -> None:
    others = ("XS_TYPE_COUNT", "XS_INVALID", "XS_DEBUG", "XS_WRITE_", "XS_WATCH_PATH", "XS_WATCH_TOKEN")
    header = {n: v for n, v in vars(abi).items() if n.startswith("XS_") and not n.startswith(others)}
    assert len(header) == 26
    assert {name: number for number, name in NAMES.items()} == header
    assert 20 not in NAMES


def test_a_request_is_four_words_and_its_payload() -> None:
    request = Request(abi.XS_READ, b"name\0", 0x11223344, b"name")
    assert request.encode(0x55667788) == bytes.fromhex("02000000 88776655 44332211 05000000") + b"name\0"


@pytest.mark.parametrize(("limit", "most"), [(SOCKET_LIMIT, 4096), (DEVICE_LIMIT, 4080), (16, 0)])
def test_payload_limit_below_at_and_past(limit: int, most: int) -> None:
    for length in (most - 1, most):
        if length >= 0:
            assert len(Request(abi.XS_WRITE, bytes(length)).encode(0, limit)) == 16 + length <= limit
    with pytest.raises(StoreError, match=f"{most + 1} bytes of payload, and {most} are allowed") as caught:
        Request(abi.XS_WRITE, bytes(most + 1)).encode(0, limit)
    assert (caught.value.errno, caught.value.name) == (errno.E2BIG, "")


def test_what_is_too_long_for_the_device_only_says_so() -> None:
    with pytest.raises(StoreError, match="socket carries up to 4096"):
        Request(abi.XS_WRITE, bytes(4081)).encode(0, DEVICE_LIMIT)
    with pytest.raises(StoreError) as caught:
        Request(abi.XS_WRITE, bytes(4097)).encode(0, DEVICE_LIMIT)
    assert caught.value.hint == ""


@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32 - 1])
def test_ids_use_all_32_bits(value: int) -> None:
    assert HEADER.unpack(Request(abi.XS_RM, b"", value).encode(value)) == (abi.XS_RM, value, value, 0)


@pytest.mark.parametrize("value", [-1, 2**32])
def test_an_id_that_does_not_fit_says_which(value: int) -> None:
    with pytest.raises(OverflowError, match=r"xsd_sockmsg\.tx_id"):
        Request(abi.XS_RM, b"", value).encode(0)
    with pytest.raises(OverflowError, match=r"xsd_sockmsg\.req_id"):
        Request(abi.XS_RM, b"").encode(value)


# The decoder.


def test_messages_come_out_as_they_went_in() -> None:
    stream = raw(2, b"value", 7, 9) + raw(15, b"p\0t\0", 0xFFFFFFFF) + raw(1, b"", 8)
    expected = [Message(2, 7, 9, b"value"), Message(15, 0xFFFFFFFF, 0, b"p\0t\0"), Message(1, 8, 0, b"")]
    assert list(Decoder().feed(stream)) == expected
    decoder = Decoder()
    assert [m for byte in stream for m in decoder.feed(bytes([byte]))] == expected
    assert decoder.pending == 0


def test_bytes_of_any_kind_are_fed_and_copied() -> None:
    data = bytearray(raw(2, b"value"))
    decoder = Decoder()
    [message] = decoder.feed(memoryview(data))
    [again] = decoder.feed(data)
    data[:] = bytes(len(data))
    assert message.payload == again.payload == b"value"
    assert type(message.payload) is type(again.payload) is bytes
    assert list(decoder.feed(b"")) == []
    with pytest.raises(TypeError):
        decoder.feed(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [20, 27, 0xFFFF, 2**32 - 1, abi.XS_ERROR, abi.XS_WATCH_EVENT])
def test_types_nobody_asked_for_are_the_sessions_business(kind: int) -> None:
    [message] = Decoder().feed(raw(kind, b"?", 12345, 6))
    assert (message.kind, message.req_id, message.tx_id, message.payload) == (kind, 12345, 6, b"?")
    assert str(kind) in repr(message) or NAMES[kind] in repr(message)


@pytest.mark.parametrize("length", [4095, 4096])
def test_a_payload_within_the_limit_is_awaited(length: int) -> None:
    decoder = Decoder()
    assert list(decoder.feed(HEADER.pack(2, 0, 0, length))) == []
    assert list(decoder.feed(bytes(length - 1))) == []
    assert decoder.pending == 16 + length - 1
    [message] = decoder.feed(b"x")
    assert len(message.payload) == length


@pytest.mark.parametrize("length", [4097, 2**31, 2**32 - 1])
def test_a_payload_past_the_limit_is_refused_at_its_header(length: int) -> None:
    decoder = Decoder()
    assert list(decoder.feed(HEADER.pack(2, 0, 0, length)[:15])) == []
    broken = decoder.feed(HEADER.pack(2, 0, 0, length)[15:])
    with pytest.raises(StoreConnectionError, match=f"{length} bytes was announced") as caught:
        list(broken)
    assert caught.value.errno == errno.EPROTO
    assert decoder.pending == 0
    # For good, and without keeping what comes.
    with pytest.raises(StoreConnectionError):
        decoder.feed(raw(2, b"fine"))
    assert decoder.pending == 0


def test_messages_before_a_broken_header_are_not_lost() -> None:
    decoder = Decoder()
    broken = HEADER.pack(2, 0, 0, 4097)
    messages = iter(decoder.feed(raw(2, b"a") + raw(2, b"b") + broken + raw(2, b"c")))
    got = [next(messages).payload, next(messages).payload]
    with pytest.raises(StoreConnectionError):
        next(messages)
    assert got == [b"a", b"b"]


def test_the_limit_can_be_raised_for_oxenstoreds_socket() -> None:
    [message] = Decoder(limit=1 << 20).feed(raw(1, bytes(1 << 20)))
    assert len(message.payload) == 1 << 20
    with pytest.raises(StoreConnectionError):
        list(Decoder(limit=1 << 20).feed(HEADER.pack(1, 0, 0, (1 << 20) + 1)))


# Errors by name.

#: xsd_errors of io/xs_wire.h, in its order, with Linux's numbers.
WIRE = {
    "EINVAL": 22, "EACCES": 13, "EEXIST": 17, "EISDIR": 21, "ENOENT": 2, "ENOMEM": 12, "ENOSPC": 28,
    "EIO": 5, "ENOTEMPTY": 39, "ENOSYS": 38, "EROFS": 30, "EBUSY": 16, "EAGAIN": 11, "EISCONN": 106,
    "E2BIG": 7, "EPERM": 1,
}  # fmt: skip


def test_the_names_of_errors_are_the_headers() -> None:
    assert {name: number for name, number in ERRORS.items() if name != "EQUOTA"} == WIRE


@pytest.mark.parametrize("name", sorted(WIRE))
@pytest.mark.parametrize("nul", [b"\0", b"", b"\0rest\0"])
def test_each_name_gives_its_errno_and_is_kept(name: str, nul: bytes) -> None:
    error = Request(abi.XS_WRITE, b"/a\0", 3, b"/a").error(name.encode() + nul)
    assert (error.errno, error.name, error.path, error.transaction) == (WIRE[name], name, "/a", 3)
    assert "the daemon said" not in str(error)


def test_oxenstoreds_quota_is_told_apart_and_means_the_same() -> None:
    error = Request(abi.XS_WRITE, b"").error(b"EQUOTA\0")
    assert (error.errno, error.name) == (errno.ENOSPC, "EQUOTA")
    assert "(the daemon said EQUOTA)" in str(error)


@pytest.mark.parametrize(
    ("payload", "number"),
    [
        (b"EFOO\0", errno.EINVAL),
        (b"", errno.EINVAL),
        (b"\0", errno.EINVAL),
        (b"errorcode\0", errno.EINVAL),
        (b"E\xff\xfe\0", errno.EINVAL),
        (b"E" * 4096, errno.EINVAL),
        (b"enoent\0", errno.EINVAL),
        (b"ENOTCONN\0", errno.ENOTCONN),  # the list grows with releases
    ],
)
def test_names_not_in_the_list(payload: bytes, number: int) -> None:
    assert parse_error(payload)[0] == number
    error = Request(abi.XS_READ, b"").error(payload)
    assert error.errno == number
    assert "the daemon said b" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("name", "kind", "expected", "builtin"),
    [
        ("ENOENT", abi.XS_READ, NodeNotFoundError, FileNotFoundError),
        ("ENOENT", abi.XS_DIRECTORY_PART, NodeNotFoundError, KeyError),
        ("ENOENT", abi.XS_SET_PERMS, NodeNotFoundError, XenNotFoundError),
        ("ENOENT", abi.XS_UNWATCH, StoreError, OSError),
        ("ENOENT", abi.XS_TRANSACTION_END, StoreError, OSError),
        ("ENOENT", abi.XS_RELEASE, StoreError, OSError),
        ("EACCES", abi.XS_READ, StorePermissionError, PermissionError),
        ("EPERM", abi.XS_SET_PERMS, StorePermissionError, XenPermissionError),
        ("EAGAIN", abi.XS_TRANSACTION_END, TransactionConflictError, OSError),
        ("ENOSYS", abi.XS_GET_QUOTA, StoreNotSupportedError, NotSupportedError),
        ("ENOSPC", abi.XS_WRITE, StoreError, OSError),
    ],
)
def test_the_class_says_what_the_caller_can_do(
    name: str, kind: int, expected: type[StoreError], builtin: type[Exception]
) -> None:
    error = Request(kind, b"").error(name.encode() + b"\0")
    assert type(error) is expected
    assert isinstance(error, builtin)
    assert isinstance(error, xensys.XenError)


def test_connection_and_time_resemble_their_built_ins() -> None:
    assert issubclass(StoreConnectionError, ConnectionError)
    assert issubclass(StoreTimeoutError, XenTimeoutError)
    assert issubclass(StoreTimeoutError, TimeoutError)


@pytest.mark.parametrize(
    "kind",
    [
        StoreError, NodeNotFoundError, StorePermissionError, StoreNotSupportedError, StoreTimeoutError,
        TransactionConflictError, StoreConnectionError,
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_errors_survive_a_copy(kind, how) -> None:  # type: ignore[no-untyped-def]
    error = kind(5, "text", name="EIO", path="/a", transaction=12, call="XS_READ('/a')", hint="h")
    again = how(error)
    assert type(again) is kind
    assert (again.errno, str(again), vars(again)) == (5, str(error), vars(error))
    assert (again.name, again.path, again.transaction) == ("EIO", "/a", 12)


def test_the_text_says_operation_path_and_transaction() -> None:
    error = Request(abi.XS_READ, b"", 12, b"/local/domain/5/name").error(b"ENOENT\0")
    assert str(error) == (
        "[Errno 2] No such file or directory: XS_READ('/local/domain/5/name')\n"
        "  with transaction=12\n"
        "  hint: an unknown transaction gets the same answer as a missing node"
    )
    assert str(Request(abi.XS_RESET_WATCHES, b"").error(b"EIO\0")) == (
        "[Errno 5] Input/output error: XS_RESET_WATCHES()"
    )


def test_a_long_path_is_shortened_in_the_text_only() -> None:
    path = b"/start/" + b"x" * 3000 + b"/end"
    error = Request(abi.XS_READ, b"", 0, path).error(b"ENOENT\0")
    assert error.path == path.decode()
    text = str(error)
    assert len(text) < 200
    assert "/start/x" in text
    assert "x/end" in text


@pytest.mark.parametrize(
    ("path", "hinted"),
    [
        (b"/" + b"a" * 2046, False),  # 2047: allowed by all
        (b"/" + b"a" * 2047, True),  # 2048: not by C xenstored 4.22
        (b"/" + b"a" * 2048, True),
        (b"/local/domain/12345/" + b"a" * 2047, False),
        (b"/local/domain/12345/" + b"a" * 2048, True),
        (b"/local/domain/123456/" + b"a" * 2027, True),  # no domid: all of it counts
        (b"a" * 2047, False),
        (b"a" * 2048, True),
    ],
)
def test_einval_for_a_long_path_has_a_hint(path: bytes, hinted: bool) -> None:
    assert checked_path(path, abi.XS_READ) == path, "the daemon decides"
    error = Request(abi.XS_READ, path + b"\0", 0, path).error(b"EINVAL\0")
    assert ("2048 is the most for a guest" in error.hint) is hinted
    assert Request(abi.XS_READ, path + b"\0", 0, path).error(b"EIO\0").hint == ""


@pytest.mark.parametrize(
    ("kind", "name", "tx", "hint"),
    [
        (abi.XS_TRANSACTION_END, "ENOENT", 5, "does not know this transaction"),
        (abi.XS_SET_PERMS, "ENOENT", 0, "new owner"),
        (abi.XS_GET_FEATURE, "ENOSYS", 0, "4.21"),
        (abi.XS_INTRODUCE, "EACCES", 0, "control domain"),
        (abi.XS_WATCH, "E2BIG", 0, "as many watches"),
        (abi.XS_READ, "ENOENT", 0, ""),
        (abi.XS_READ, "EACCES", 0, ""),
        (abi.XS_DIRECTORY, "ENOSYS", 0, ""),
    ],
)
def test_hints_stand_where_the_evidence_is(kind: int, name: str, tx: int, hint: str) -> None:
    found = Request(kind, b"", tx).error(name.encode()).hint
    assert hint in found
    assert bool(found) is bool(hint)


# Paths.

EVERYTHING = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@"
SPECIAL_KINDS = (abi.XS_WATCH, abi.XS_UNWATCH, abi.XS_GET_PERMS, abi.XS_SET_PERMS)
PLAIN_KINDS = (
    abi.XS_DIRECTORY, abi.XS_READ, abi.XS_WRITE, abi.XS_MKDIR, abi.XS_RM, abi.XS_DIRECTORY_PART,
)  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "a", "name", "/local/domain/0/name", "-", "/@a", "a@", "/a@", f"/{EVERYTHING}", "a" * 4095],
)
@pytest.mark.parametrize("kind", [*PLAIN_KINDS, *SPECIAL_KINDS])
def test_good_paths(path: str, kind: int) -> None:
    assert checked_path(path, kind) == checked_path(path.encode(), kind) == path.encode()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("//", "// in it"),
        ("/a//b", "// in it"),
        ("a//b", "// in it"),
        ("/a/", "/ at its end"),
        ("a/", "/ at its end"),
        ("/a\0b", "x00"),
        ("\0", "x00"),
        ("/a b", "' ' in it"),
        ("/a.b", "'.' in it"),
        ("/a:b", "':' in it"),
        ("/ä", "xc3"),
        ("/\udc80", "in it"),
        ("/a\n", "in it"),
        ("/a~", "'~' in it"),
    ],
)
@pytest.mark.parametrize("kind", [*PLAIN_KINDS, *SPECIAL_KINDS])
def test_bad_paths_are_the_daemons_einval(path: str, why: str, kind: int) -> None:
    for form in (path, path.encode("utf-8", "surrogatepass")):
        with pytest.raises(StoreError, match="not a path of XenStore's") as caught:
            checked_path(form, kind, tx_id=4)
        assert (caught.value.errno, caught.value.name, caught.value.transaction) == (errno.EINVAL, "", 4)
        assert why in str(caught.value)
        assert NAMES[kind] in str(caught.value)


def test_each_other_byte_is_refused() -> None:
    allowed = {*EVERYTHING.encode(), ord("/")}
    for byte in range(256):
        path = b"/a" + bytes([byte]) + b"b"
        if byte in allowed:
            assert checked_path(path, abi.XS_READ) == path
        else:
            with pytest.raises(StoreError):
                checked_path(path, abi.XS_READ)


@pytest.mark.parametrize(
    "path", ["@introduceDomain", "@releaseDomain", "@releaseDomain/5", "@", "@any.thing//at all/"]
)
def test_special_paths_only_where_they_mean_something(path: str) -> None:
    for kind in SPECIAL_KINDS:
        assert checked_path(path, kind) == path.encode()
    for kind in PLAIN_KINDS:
        with pytest.raises(StoreError, match="for watches and permissions only|in it|its end"):
            checked_path(path, kind)


def test_a_special_path_ends_at_a_nul_all_the_same() -> None:
    with pytest.raises(StoreError, match="a NUL in it"):
        checked_path("@introduceDomain\0x", abi.XS_WATCH)


@pytest.mark.parametrize("path", [None, 5, ["a"], bytearray(b"/a")])
def test_a_path_is_str_or_bytes(path: object) -> None:
    with pytest.raises(TypeError, match="str or bytes"):
        checked_path(path, abi.XS_READ)  # type: ignore[arg-type]


# Watch events.


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (b"/a\0token\0", (b"/a", b"token")),
        (b"a/b\0\0", (b"a/b", b"")),
        (b"@releaseDomain\0t\0", (b"@releaseDomain", b"t")),
        (b"/a\0t\0more\0than this", (b"/a", b"t")),
        (b"\0\0", (b"", b"")),
    ],
)
def test_watch_events(payload: bytes, event: tuple[bytes, bytes]) -> None:
    assert parse_watch_event(payload) == event


@pytest.mark.parametrize("payload", [b"", b"\0", b"/a", b"/a\0", b"/a\0token"])
def test_watch_events_that_are_none(payload: bytes) -> None:
    with pytest.raises(StoreError, match="makes no sense") as caught:
        parse_watch_event(payload)
    assert caught.value.errno == errno.EPROTO


# Permissions.


@pytest.mark.parametrize(
    ("text", "read", "write"),
    [("n0", False, False), ("r5", True, False), ("w65535", False, True), ("b7", True, True)],
)
def test_a_permission_and_its_text(text: str, read: bool, write: bool) -> None:
    permission = Permission(int(text[1:]), read=read, write=write)
    assert str(permission) == text
    assert Permission.parse(text) == permission
    assert (permission.domid, permission.read, permission.write) == (int(text[1:]), read, write)
    assert eval(repr(permission)) == permission
    assert hash(permission) == hash(Permission.parse(text))
    for again in (copy.copy(permission), copy.deepcopy(permission), pickle.loads(pickle.dumps(permission))):
        assert again == permission
        assert type(again) is Permission
    with pytest.raises(AttributeError):
        permission.read = True  # type: ignore[misc]


@pytest.mark.parametrize("domid", [-1, 65536, 2**32])
def test_a_permission_is_for_a_domid(domid: int) -> None:
    with pytest.raises(OverflowError, match=r"Permission\.domid"):
        Permission(domid)


@pytest.mark.parametrize("text", ["r-1", "r70000", "b4294967295", "n-2147483648", "r9223372036854775807"])
def test_what_a_guest_wrote_is_read_and_can_be_written_back(text: str) -> None:
    permission = Permission.parse(text)
    assert permission.domid == int(text[1:])
    assert format_permissions([permission]) == text.encode() + b"\0"
    assert pickle.loads(pickle.dumps(permission)) == permission


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r",
        "r-",
        "r--1",
        "x5",
        "R5",
        "5",
        "r5 ",
        "r 5",
        "r0x5",
        "r5\0",
        "r+5",
        "r1_0",
        "r²",
        "rw5",
        "r" + "1" * 21,
    ],
)
def test_what_is_no_permission(text: str) -> None:
    with pytest.raises(ValueError, match="not a permission") as caught:
        Permission.parse(text)
    assert len(str(caught.value)) < 120


def test_a_list_of_any_length() -> None:
    many = [Permission(n, read=True) for n in range(5000)]
    payload = format_permissions(many)
    assert parse_permissions(payload) == tuple(many)
    assert parse_permissions(payload[:-1]) == tuple(many)
    assert format_permissions(iter(["n0", Permission(5, write=True)])) == b"n0\0w5\0"


def test_a_list_has_an_owner() -> None:
    with pytest.raises(ValueError, match="owner"):
        format_permissions([])
    for payload in (b"", b"\0", b"n0\0\0", b"\0n0\0", b"n0\0\xff\0"):
        with pytest.raises(ValueError, match="not a permission"):
            parse_permissions(payload)


@pytest.mark.parametrize("one", ["n0", Permission(0)])
def test_one_permission_is_no_list(one: object) -> None:
    with pytest.raises(TypeError, match="a list"):
        format_permissions(one)  # type: ignore[arg-type]


# The package.


def test_the_package_is_lazy_and_nothing_in_it_loads_what_is_banned() -> None:
    assert loaded_by("import xensys.store") == {"xensys", "xensys.store", "__future__"}
    loaded = loaded_by("from xensys.store import plans, protocol, permissions")
    assert BANNED.isdisjoint(loaded)


def test_all_names_are_there_and_documented() -> None:
    from xensys import store
    from xensys.store import permissions, plans

    for module in (store, protocol, plans, permissions):
        for name in module.__all__:
            value = getattr(module, name)
            assert isinstance(value, int | dict) or (value.__doc__ or "").strip(), name
    assert set(store.__all__) <= set(dir(store))
    with pytest.raises(AttributeError):
        _ = store.nothing  # type: ignore[attr-defined]
