"""Plans for whole trees, request by request; the daemons' answers are played."""

from __future__ import annotations

import errno
from collections.abc import Iterable

import pytest
from storeplay import OK, START, Played, Tree

from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    NodeNotFoundError,
    StoreError,
    StorePermissionError,
)
from xensys.store import trees
from xensys.store.permissions import Permission
from xensys.store.plans import drive
from xensys.store.protocol import Request
from xensys.store.trees import Node, Walk, drive_walk


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (trees.write_tree({"a": b""}, permissions=["n0"]), ValueError),
        (trees.write_tree({"/a": b""}, under="/b"), ValueError),
        (trees.write_tree({"a": b"", "b//c": b""}, under="/b"), StoreError),
        (trees.write_tree({"": b""}, under="/b"), StoreError),
        (trees.write_tree({"a": "text"}, under="/b"), TypeError),
        (trees.write_tree({"a": b""}, under="/b", permissions=[]), ValueError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(plan, error) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error) as caught:
        Played().run(plan)
    if error is StoreError:
        assert caught.value.errno == errno.EINVAL


def test_a_tree_is_written_in_order_in_one_transaction() -> None:
    def script(tx: int, end: object) -> Iterable[tuple[int, bytes, int, object]]:
        yield (*START, b"%d\0" % tx)
        yield abi.XS_MKDIR, b"/l/5\0", tx, OK
        yield abi.XS_SET_PERMS, b"/l/5\0n5\0r0\0", tx, OK
        yield abi.XS_WRITE, b"/l/5/b\0x", tx, OK
        yield abi.XS_WRITE, b"/l/5/a/c\0\0", tx, OK
        yield abi.XS_MKDIR, b"/l/5/d\0", tx, OK
        yield abi.XS_TRANSACTION_END, b"T\0", tx, end

    plan = trees.write_tree(
        {"b": b"x", "a/c": b"\0", "d": None},
        under="/l/5",
        permissions=iter(["n5", Permission(0, read=True)]),
    )
    # Twice the same, though the permissions were an iterator.
    Played(*script(8, "EAGAIN"), *script(9, OK)).run(plan)


def test_a_tree_in_a_transaction_of_the_callers() -> None:
    played = Played((abi.XS_WRITE, b"/a\0x", 4, OK), (abi.XS_WRITE, b"b\0y", 4, OK))
    played.run(trees.write_tree({"/a": b"x", "b": b"y"}, tx=4))


@pytest.mark.parametrize(("under", "path"), [("/", b"/a\0"), ("device", b"device/a\0"), (b"/l", b"/l/a\0")])
def test_what_a_tree_is_relative_to(under: str, path: bytes) -> None:
    Played((abi.XS_WRITE, path, 4, OK)).run(trees.write_tree({"a": b""}, under=under, tx=4))


def walked(tree: Tree, path: str, **options: bool) -> list[str]:
    return [node.path for node in drive_walk(Walk(path, **options), tree)]


NODES = {
    "/": b"", "/a": b"1", "/a/x": b"2", "/a/x/deep": b"3", "/a/y": b"4", "/b": b"5",
}  # fmt: skip


def test_a_walk_sees_all_parents_first() -> None:
    nodes = list(drive_walk(Walk("/"), Tree(NODES)))
    assert {node.path: node.value for node in nodes} == NODES
    assert [node.path for node in nodes] == list(NODES)
    assert nodes[0] == Node("/", b"", ("a", "b"))
    assert nodes[1] == Node("/a", b"1", ("x", "y"))


def test_a_walk_from_within_and_by_relative_path() -> None:
    assert walked(Tree(NODES), "/a/x") == ["/a/x", "/a/x/deep"]
    assert walked(Tree({"data": b"", "data/k": b""}), "data") == ["data", "data/k"]


def test_a_walk_asks_for_permissions_only_on_demand() -> None:
    tree = Tree(NODES)
    walked(tree, "/a")
    assert not any("PERMS" in asked for asked in tree.asked)
    [node] = drive_walk(Walk("/b", permissions=True), Tree(NODES))
    assert node == Node("/b", b"5", (), (Permission(0),))


def test_a_walk_is_in_its_transaction() -> None:
    played = Played(
        (abi.XS_READ, b"/a\0", 6, b""),
        (abi.XS_GET_PERMS, b"/a\0", 6, b"n0\0"),
        (abi.XS_DIRECTORY, b"/a\0", 6, b""),
    )
    assert len(list(drive_walk(Walk("/a", permissions=True, tx=6), played))) == 1


def test_a_walk_asks_when_it_is_asked() -> None:
    tree = Tree(NODES)
    nodes = drive_walk(Walk("/"), tree)
    next(nodes)
    assert tree.asked == ["XS_READ /", "XS_DIRECTORY /"]


@pytest.mark.parametrize("when", [abi.XS_READ, abi.XS_GET_PERMS, abi.XS_DIRECTORY])
@pytest.mark.parametrize("victim", ["/a/x", "/a/x/deep", "/a/y", "/a"])
def test_a_node_may_vanish_at_any_moment(victim: str, when: int) -> None:
    tree = Tree(dict(NODES))

    def vanish(request: Request) -> None:
        if request.kind == when and request.path == victim.encode():
            for path in [p for p in tree.nodes if p == victim or p.startswith(victim + "/")]:
                del tree.nodes[path]

    tree.before = vanish
    gone = {p for p in NODES if p == victim or p.startswith(victim + "/")}
    assert walked(tree, "/", permissions=True) == [p for p in NODES if p not in gone]


def test_the_first_node_must_be_there() -> None:
    with pytest.raises(NodeNotFoundError):
        walked(Tree(NODES), "/none")
    tree = Tree(NODES)
    tree.unreadable = {"/a"}
    with pytest.raises(StorePermissionError):
        walked(tree, "/a")


def test_what_may_not_be_read_is_seen_without_its_value() -> None:
    tree = Tree(NODES)
    tree.unreadable = {"/a"}
    assert list(drive_walk(Walk("/"), tree)) == [
        Node("/", b"", ("a", "b")),
        Node("/a", None, ()),
        Node("/b", b"5", ()),
    ]


def test_a_walk_can_go_on_after_an_error() -> None:
    tree = Tree(NODES)
    walk = Walk("/")

    def fail(request: Request) -> None:
        if request.path == b"/a":
            raise request.error(b"EIO\0")

    tree.before = fail
    seen: list[str] = []
    errors = 0
    while True:
        try:
            node = drive(walk.step(), tree)
        except StoreError:
            errors += 1
            continue
        if node is None:
            break
        seen.append(node.path)
    assert (seen, errors) == (["/", "/b"], 1)
    assert drive(walk.step(), tree) is None


def test_a_walk_checks_where_it_begins() -> None:
    for path in ("", "/a/", "@releaseDomain"):
        with pytest.raises(StoreError):
            Walk(path)


def test_a_walk_is_not_bounded_by_pythons_stack() -> None:
    def exchange(request: Request) -> bytes:
        if request.kind == abi.XS_READ:
            return b""
        return b"a\0" if len(request.path) < 6000 else b""

    assert sum(1 for _ in drive_walk(Walk("/a"), exchange)) == 3000
