"""`store`: XenStore's nodes listed, read, written, removed, watched.

Values are bytes. Shown, all that is not printable is escaped as in C
(backslash, n, r, t, xHH), and `write` takes that form, so that what was shown
can be written again. With --raw bytes go through as they are.
"""

from __future__ import annotations

import os
import re
import sys
from errno import ENOENT
from typing import TYPE_CHECKING, Any

import xensys
from xensys.errors import NodeNotFoundError, StorePermissionError
from xensys.kernel import chosen
from xensys.store import Store
from xensys.store.transports import DEVICE_PATHS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from xensys.kernel import Kernel
    from xensys.store import Node, Permission

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"'}
_UNESCAPES = {"\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t", '"': b'"'}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_KNOWN = r"\\ \" \n \r \t and \xHH"

#: Names longer than this do not move the column of all values to the right.
_NAME_COLUMN, _PERMISSION_COLUMN = 44, 24


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "store",
        help="XenStore: ls, read, write, rm, watch, tree",
        description=(__doc__ or "").partition("\n")[0],
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(
        name: str, function: Callable[[Store, argparse.Namespace], int], text: str, *, shows: bool = True
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        if shows:
            added.add_argument("--json", action="store_true", help="for programs")
        where = added.add_mutually_exclusive_group()
        where.add_argument("--socket", metavar="PATH", help="connect to this socket")
        where.add_argument(
            "--device", nargs="?", const="", metavar="PATH", help="go through this domain's kernel"
        )
        added.add_argument("--sim", action="store_true", help="ask a simulated machine")
        added.set_defaults(run=run, function=function)
        return added

    listing = verb("ls", _ls, "the names beneath a node")
    tree = verb("tree", _tree, "a node and all beneath it, with values")
    for added in (listing, tree):
        added.add_argument("paths", nargs="*", default=["/"], metavar="PATH")
        added.add_argument("-p", "--permissions", action="store_true", help="who may do what, too")
    reading = verb("read", _read, "the values of nodes")
    reading.add_argument("paths", nargs="+", metavar="PATH")
    reading.add_argument("-R", "--raw", action="store_true", help="bytes as they are, nothing else")
    writing = verb("write", _write, "set values, all of them or none", shows=False)
    writing.add_argument("values", nargs="+", metavar="PATH VALUE")
    writing.add_argument("-R", "--raw", action="store_true", help="no escapes in values")
    removing = verb("rm", _rm, "remove nodes with all beneath them", shows=False)
    removing.add_argument("paths", nargs="+", metavar="PATH")
    removing.add_argument("-f", "--force", action="store_true", help="nodes need not be there")
    watching = verb("watch", _watch, "print the path of each change, until Ctrl-C")
    watching.add_argument("paths", nargs="+", metavar="PATH", help="also @introduceDomain, @releaseDomain")
    watching.add_argument("--count", type=int, metavar="N", help="end after N events; one comes at once")
    watching.add_argument("--timeout", type=float, metavar="S", help="end after S seconds")


def run(arguments: argparse.Namespace) -> int:
    """Connect and do it; 1 if a node is missing or may not be used."""
    kernel = xensys.sim.Machine().dom0 if arguments.sim else chosen()
    path: str | None = arguments.socket
    if arguments.device is not None:
        path = arguments.device or _device(kernel)
    with Store.open(path, kernel=kernel) as store:
        status: int = arguments.function(store, arguments)
    return status


def _device(kernel: Kernel) -> str:
    """Where this machine has the device; the first place if nowhere, for the error."""
    there = (path for path in DEVICE_PATHS if kernel.access(path) != ENOENT)
    return next(there, DEVICE_PATHS[0])


# -- text and values -----------------------------------------------------------


def escaped(value: bytes, *, plain_ascii: bool = False) -> str:
    """A value as a line of text that `unescaped` takes.

    What is not printable is escaped: a guest's value can neither move the
    cursor nor turn the reading direction.

    Args:
        plain_ascii: for a terminal that can show nothing else.
    """
    shown = []
    for character in value.decode("utf-8", "surrogateescape"):
        if character in _ESCAPES:
            shown.append(_ESCAPES[character])
        elif character.isprintable() and (not plain_ascii or character.isascii()):
            shown.append(character)
        else:
            shown += [f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape")]
    return "".join(shown)


def unescaped(text: str) -> bytes:
    """The value that `escaped` has shown.

    Raises:
        ValueError: an escape that is none.
    """
    parts: list[bytes] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        parts.append(os.fsencode(text[at : found.start()]))
        at = found.end()
        code = found[1]
        if len(code) == 3:
            parts.append(bytes((int(code[1:], 16),)))
        elif code in _UNESCAPES:
            parts.append(_UNESCAPES[code])
        else:
            raise ValueError(
                f"{found[0]} in {text!r} is no escape; those are {_KNOWN}, "
                "and --raw takes backslashes as they are"
            )
    parts.append(os.fsencode(text[at:]))
    return b"".join(parts)


def _shown(value: bytes) -> str:
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "").replace("_", "")
    return escaped(value, plain_ascii=encoding != "utf8")


def _shown_text(text: str) -> str:
    return _shown(text.encode("utf-8", "surrogateescape"))


def _as_json(node: Node) -> dict[str, Any]:
    """A node; its value is text if it is UTF-8, and neither key is there if it may not be read."""
    found: dict[str, Any] = {"path": node.path}
    if node.value is not None:
        try:
            found["value"] = node.value.decode("utf-8")
        except UnicodeDecodeError:
            from base64 import b64encode

            found["base64"] = b64encode(node.value).decode("ascii")
    if node.permissions is not None:
        found["permissions"] = [str(entry) for entry in node.permissions]
    return found


def _print_json(found: object) -> None:
    import json

    print(json.dumps(found, indent=2))


def _complain(error: NodeNotFoundError | StorePermissionError, path: str) -> None:
    # What was printed before comes before.
    sys.stdout.flush()
    if isinstance(error, NodeNotFoundError):
        print(f"xensys: no such node: {error.path or path}", file=sys.stderr)
    else:
        print(f"xensys: {error}", file=sys.stderr)


class _Each:
    """Does something for each path, and goes on after one that is not there."""

    def __init__(self) -> None:
        self.status = 0

    def of(self, paths: list[str]) -> Iterator[_Attempt]:
        for path in paths:
            yield _Attempt(self, path)


class _Attempt:
    """One path: a missing node ends the `with` and not the program."""

    def __init__(self, each: _Each, path: str) -> None:
        self._each = each
        self.path = path

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, NodeNotFoundError | StorePermissionError):
            return False
        _complain(error, self.path)
        self._each.status = 1
        return True


# -- verbs ---------------------------------------------------------------------


def _ls(store: Store, arguments: argparse.Namespace) -> int:
    each = _Each()
    found: dict[str, list[Any]] = {}
    for attempt in each.of(arguments.paths):
        with attempt as path:
            names = sorted(store.directory(path))
            if not arguments.permissions:
                found[path] = names
                continue
            rows: list[Any] = []
            for name in names:
                permissions = _permissions_of(store, f"{'' if path == '/' else path}/{name}")
                if permissions is not None:
                    rows.append({"name": name, "permissions": permissions})
            found[path] = rows
    if arguments.json:
        _print_json(found)
        return each.status
    for number, (path, rows) in enumerate(found.items()):
        if len(arguments.paths) > 1:
            print("\n" * bool(number) + f"{_shown_text(path)}:")
        if not arguments.permissions:
            print("".join(f"{_shown_text(name)}\n" for name in rows), end="")
            continue
        width = max((len(",".join(row["permissions"])) for row in rows), default=0)
        for row in rows:
            print(f"{','.join(row['permissions']):<{width}}  {_shown_text(row['name'])}")
    return each.status


def _permissions_of(store: Store, path: str) -> list[str] | None:
    """Of a child that was listed; None if it is gone."""
    try:
        return [str(entry) for entry in store.get_permissions(path)]
    except NodeNotFoundError:
        return None
    except StorePermissionError:
        return ["?"]


def _read(store: Store, arguments: argparse.Namespace) -> int:
    from xensys.store import Node

    each = _Each()
    nodes = []
    for attempt in each.of(arguments.paths):
        with attempt as path:
            value = store.read(path)
            if arguments.json:
                nodes.append(_as_json(Node(path, value)))
            elif arguments.raw:
                sys.stdout.flush()
                sys.stdout.buffer.write(value)
            else:
                print(_shown(value))
    if arguments.json:
        _print_json(nodes)
    return each.status


def _write(store: Store, arguments: argparse.Namespace) -> int:
    given: list[str] = arguments.values
    if len(given) % 2:
        raise ValueError(f"a path and a value are needed each time, and {given[-1]!r} has no value")
    convert = os.fsencode if arguments.raw else unescaped
    paths, values = given[::2], given[1::2]
    with_values = dict(zip(paths, map(convert, values), strict=True))
    if len(with_values) < len(paths):
        raise ValueError("a path is given twice")
    store.write_tree(with_values)
    return 0


def _rm(store: Store, arguments: argparse.Namespace) -> int:
    each = _Each()
    for attempt in each.of(arguments.paths):
        with attempt as path:
            if path == "/":
                raise ValueError("rm / would remove all of XenStore: name what is beneath it")
            if not arguments.force:
                del store[path]
                continue
            try:  # noqa: SIM105  # which error is meant is the point
                store.rm(path)
            except NodeNotFoundError:
                pass  # nor is its parent there
    return each.status


def _tree(store: Store, arguments: argparse.Namespace) -> int:
    each = _Each()
    found: list[list[Node]] = []
    for attempt in each.of(arguments.paths):
        with attempt as path:
            found.append(list(store.walk(path, permissions=arguments.permissions)))
    if arguments.json:
        _print_json([_as_json(node) for nodes in found for node in nodes])
        return each.status
    rows = [row for nodes in found for row in _rows(nodes)]
    right = max((len(name) for name, _, _ in rows if len(name) <= _NAME_COLUMN), default=0)
    left = max((len(who) for _, _, who in rows if len(who) <= _PERMISSION_COLUMN), default=0)
    for name, value, who in rows:
        front = f"{who:<{left}}  " if arguments.permissions else ""
        print(front + (f"{name:<{right}} {value}" if value else name))
    return each.status


def _rows(nodes: list[Node]) -> Iterator[tuple[str, str, str]]:
    """Name, value and permissions of each node of a tree, as shown."""
    top = nodes[0].path
    above = top.rstrip("/").count("/")
    for node in nodes:
        depth = 0 if node.path == top else node.path.count("/") - above
        name = node.path if not depth else node.path.rpartition("/")[2]
        if node.value is None:
            value = "(may not be read)"
        elif node.value or not node.children:
            value = f'= "{_shown(node.value)}"'
        else:
            value = ""
        yield "  " * depth + _shown_text(name), value, _who(node.permissions)


def _who(permissions: tuple[Permission, ...] | None) -> str:
    return "?" if permissions is None else ",".join(map(str, permissions))


def _watch(store: Store, arguments: argparse.Namespace) -> int:
    count: int | None = arguments.count
    if count is not None and count < 1:
        raise ValueError(f"--count {count}: one event at least")
    kernel = store.kernel
    deadline = None if arguments.timeout is None else kernel.monotonic() + arguments.timeout
    watches = []
    seen = 0
    try:
        for path in arguments.paths:
            watches.append(store.watch(path))
        while True:
            store.dispatch()
            for watch in watches:
                while watch.pending:
                    event = watch.get(0)
                    if arguments.json:
                        import json

                        line = json.dumps({"path": event.path, "watched": event.watched})
                    else:
                        line = _shown_text(event.path)
                    print(line, flush=True)
                    seen += 1
                    if seen == count:
                        return 0
            left = None if deadline is None else deadline - kernel.monotonic()
            if left is not None and left <= 0:
                if count is None:
                    return 0
                print(f"xensys: {seen} of {count} events in {arguments.timeout} s", file=sys.stderr)
                return 1
            kernel.wait((store.fileno(),), (), left)
    except KeyboardInterrupt:
        return 0  # as the help says, that is how it ends
    finally:
        for watch in watches:
            if store.connected:
                watch.close()
