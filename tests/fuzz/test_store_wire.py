"""Whatever bytes come, however they are cut: messages or the documented error, in bounded memory."""

from __future__ import annotations

import contextlib
import errno
import struct
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xensys.abi.io import xs_wire as abi
from xensys.errors import StoreConnectionError, StoreError
from xensys.store import plans, trees
from xensys.store.permissions import Permission, format_permissions, parse_permissions
from xensys.store.protocol import (
    DEVICE_LIMIT,
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
WORD = st.one_of(st.integers(0, 30), st.integers(0, 2**32 - 1), st.sampled_from([0xFFFF, 2**32 - 1]))
PAYLOAD = st.one_of(st.binary(max_size=60), st.integers(4000, 4096).map(bytes))
GOOD = st.builds(Message, WORD, WORD, WORD, PAYLOAD)
HOSTILE = st.builds(
    lambda words, length: HEADER.pack(*words, length),
    st.tuples(WORD, WORD, WORD),
    st.one_of(st.sampled_from([4097, 2**31 - 1, 2**31, 2**32 - 1]), st.integers(4097, 2**32 - 1)),
)
#: Pieces of what a daemon says, and others.
REPLY = st.one_of(
    st.binary(max_size=40),
    st.lists(
        st.sampled_from(
            [b"", b"\0", b"0", b"1", b"7", b"T", b"F", b"OK", b"n0", b"r5", b"b-1", b"a", b"bc",
             b"4294967295", b"/local/domain/5", b"\xff", b"9" * 4000, "²".encode()]
        ),
        max_size=8,
    ).map(b"".join),
    st.lists(st.sampled_from([b"4", b"5", b"name", b"", b"n0", b"x"]), max_size=6).map(b"\0".join),
)  # fmt: skip


def encoded(message: Message) -> bytes:
    return HEADER.pack(message.kind, message.req_id, message.tx_id, len(message.payload)) + message.payload


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def decode(chunks: list[bytes], limit: int = 4096) -> tuple[list[Message], bool, int]:
    """Messages, whether the stream broke, and how many bytes were held at most."""
    decoder = Decoder(limit)
    got: list[Message] = []
    held = 0
    broken: list[int | None] = []
    for chunk in chunks:
        try:
            for message in decoder.feed(chunk):
                assert not broken
                got.append(message)
        except StoreConnectionError as error:
            broken.append(error.errno)
        held = max(held, decoder.pending)
    assert set(broken) <= {errno.EPROTO}
    return got, bool(broken), held


@settings(max_examples=300, deadline=None)
@given(st.lists(GOOD, max_size=6), st.lists(st.integers(0, 2**16), max_size=12))
def test_any_cut_of_good_messages_gives_them_back(messages: list[Message], places: list[int]) -> None:
    got, broke, held = decode(cut(b"".join(map(encoded, messages)), places))
    assert got == messages
    assert not broke
    assert held < SOCKET_LIMIT


@settings(max_examples=300, deadline=None)
@given(
    st.lists(GOOD, max_size=3),
    HOSTILE,
    st.binary(max_size=5000),
    st.lists(st.integers(0, 2**16), max_size=12),
)
def test_a_hostile_header_ends_it_wherever_it_is_cut(
    messages: list[Message], header: bytes, rest: bytes, places: list[int]
) -> None:
    before = b"".join(map(encoded, messages))
    got, broke, held = decode(cut(before + header + rest, places))
    assert got == messages
    assert broke
    assert held < SOCKET_LIMIT
    # At once: the header is enough, not a byte of payload is awaited.
    assert decode([before + header])[1]
    assert not decode([before + header[:-1]])[1]


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8), st.integers(0, 64))
@example(HEADER.pack(0, 0, 0, 2**32 - 1), [15], 64)
def test_any_cut_of_any_bytes_is_the_same(data: bytes, places: list[int], limit: int) -> None:
    whole, broke, _ = decode([data], limit)
    for chunks in (cut(data, places), [bytes([byte]) for byte in data]):
        got, also, held = decode(chunks, limit)
        assert (got, also) == (whole, broke)
        assert held < HEADER.size + limit or held < HEADER.size


@settings(max_examples=300, deadline=None)
@given(WORD, WORD, WORD, st.binary(max_size=60), st.integers(16, 100))
def test_what_is_encoded_is_decoded_or_too_long(
    kind: int, req_id: int, tx_id: int, payload: bytes, limit: int
) -> None:
    request = Request(kind, payload, tx_id)
    if 16 + len(payload) > limit:
        with pytest.raises(StoreError) as caught:
            request.encode(req_id, limit)
        assert caught.value.errno == errno.E2BIG
    else:
        assert list(Decoder().feed(request.encode(req_id, limit))) == [
            Message(kind, req_id, tx_id, payload)
        ]


@settings(max_examples=300, deadline=None)
@given(REPLY, WORD, WORD, st.binary(max_size=200))
@example(b"ENOENT", abi.XS_READ, 0, b"")
@example(b"__name__\0", abi.XS_READ, 0, b"")
@example(b"\xff" * 4096, 2**32 - 1, 1, b"\xff" * 200)
def test_any_error_payload_is_an_error(payload: bytes, kind: int, tx_id: int, path: bytes) -> None:
    number, name = parse_error(payload)
    assert number > 0
    assert "\0" not in name
    error = Request(kind, b"", tx_id, path).error(payload)
    assert isinstance(error, StoreError)
    assert error.errno == number
    assert len(str(error)) < 2000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_watch_event_is_two_strings_or_an_error(payload: bytes) -> None:
    if payload.count(b"\0") < 2:
        with pytest.raises(StoreError):
            parse_watch_event(payload)
    else:
        path, token = parse_watch_event(payload)
        assert payload.startswith(path + b"\0" + token + b"\0")
        assert b"\0" not in path + token


def refused_by_all(path: bytes, *, special: bool) -> bool:
    """What canonicalize() of tools/xenstored/core.c and oxenstored's Path.of_string have in common."""
    if path.startswith(b"@"):
        return not special or b"\0" in path
    odd = any(
        chr(byte) not in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/_@"
        for byte in path
    )
    return odd or not path or b"//" in path or (path.endswith(b"/") and path != b"/")


@settings(max_examples=1000, deadline=None)
@given(
    st.one_of(st.binary(max_size=20), st.text("/@a-_Z9.\0", max_size=12).map(str.encode)),
    st.sampled_from(sorted(NAMES)),
)
def test_a_path_is_refused_here_exactly_if_all_daemons_would(path: bytes, kind: int) -> None:
    special = NAMES[kind] in ("XS_WATCH", "XS_UNWATCH", "XS_GET_PERMS", "XS_SET_PERMS")
    if refused_by_all(path, special=special):
        with pytest.raises(StoreError) as caught:
            checked_path(path, kind)
        assert caught.value.errno == errno.EINVAL
    else:
        assert checked_path(path, kind) == path


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds(Permission, st.integers(0, 65535), st.booleans(), st.booleans()), min_size=1))
def test_permissions_come_back(permissions: list[Permission]) -> None:
    assert parse_permissions(format_permissions(permissions)) == tuple(permissions)


PLANS = {
    "read": lambda: plans.read("/a"),
    "exists": lambda: plans.exists("/a"),
    "directory": lambda: plans.directory("/a"),
    "get_perms": lambda: plans.get_perms("/a"),
    "write": lambda: plans.write("/a", b""),
    "transaction_start": plans.transaction_start,
    "in_transaction": lambda: plans.in_transaction(lambda tx: plans.directory("/a", tx=tx)),
    "write_tree": lambda: trees.write_tree({"/a": b""}),
    "walk": lambda: trees.Walk("/a", permissions=True).step(),
    "get_domain_path": lambda: plans.get_domain_path(5),
    "is_domain_introduced": lambda: plans.is_domain_introduced(5),
    "get_feature": plans.get_feature,
    "quota_names": plans.quota_names,
    "get_quota": lambda: plans.get_quota("nodes", 5),
    "control": lambda: plans.control("help"),
}


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from(sorted(PLANS)),
    st.lists(
        st.one_of(REPLY, st.sampled_from(["ENOENT", "E2BIG", "ENOSYS", "EAGAIN", "EACCES", "EFOO"])),
        min_size=1,
        max_size=8,
    ),
)
@example("directory", ["E2BIG", b"4\0a\0", b"5\0"])
@example("directory", ["E2BIG", b"4\0"])
def test_no_reply_makes_a_plan_raise_what_is_not_documented_or_go_on_forever(
    name: str, replies: list[bytes | str]
) -> None:
    asked = 0

    def exchange(request: Request) -> bytes:
        nonlocal asked
        assert len(request.encode(0, DEVICE_LIMIT)) < DEVICE_LIMIT
        reply = replies[asked % len(replies)]
        asked += 1
        # An endless list of names is the one thing that a daemon may make us take.
        if asked > 5000:
            raise StoreConnectionError(errno.ECONNRESET)
        if isinstance(reply, str):
            raise request.error(reply.encode() + b"\0")
        return reply

    with contextlib.suppress(StoreError):
        plans.drive(PLANS[name](), exchange)
    assert asked <= 200 or name in ("directory", "in_transaction", "walk")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("abcXYZ-_@0", min_size=1, max_size=300), max_size=60, unique=True),
    st.integers(330, 700),
)
def test_any_directory_in_any_parts(names: list[str], payload_max: int) -> None:
    """Against the daemon's way to cut it (send_directory_part() of tools/xenstored/core.c)."""
    children = b"".join(name.encode() + b"\0" for name in names)
    generation = b"12345"

    def exchange(request: Request) -> bytes:
        if request.kind == abi.XS_DIRECTORY:
            raise request.error(b"E2BIG\0")
        offset = int(request.payload.split(b"\0")[1])
        head = generation + b"\0"
        if offset >= len(children):
            return head + b"\0"
        room = payload_max - len(head) - 1
        end = offset
        while True:
            size = children.index(b"\0", end) - end
            if end - offset + size >= room:
                break
            end += size + 1
            if end == len(children):
                return head + children[offset:] + b"\0"
        return head + children[offset:end]

    assert plans.drive(plans.directory("/a"), exchange) == tuple(names)
