"""Nodes, their paths and permissions.

Rules from tools/xenstored/core.c: canonicalize(), calc_node_acc_size(), and
tools/include/xen-tools/xenstore-common.h for permissions as strings.
"""

from __future__ import annotations

import re
from errno import EINVAL

from xensys.sim.store.wire import Refused, signed, whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    #: (domid, bits) of each entry; the first is the owner and the default.
    Permissions: TypeAlias = tuple[tuple[int, int], ...]

NONE, READ, WRITE, OWNER, IGNORE = 0, 1, 2, 8, 16
ALL = READ | WRITE | OWNER
_LETTERS = {b"n": NONE, b"r": READ, b"w": WRITE, b"b": READ | WRITE}
_NAMES = {bits: letter for letter, bits in _LETTERS.items()}

#: The generation of a node that is not there.
NO_GENERATION = (1 << 64) - 1

_VALID = re.compile(rb"[A-Za-z0-9/_@-]*")
# sscanf("/local/domain/%5u/%n"): the width counts the sign.
_OF_A_DOMAIN = re.compile(rb"/local/domain/(?:\d{1,5}|-\d{1,4})/")

# struct node_hdr and struct xs_permissions in the daemon's data base.
_NODE_HEADER, _PERMISSION = 16, 8


class Node:
    """A node: what the data base holds, or a working copy of it.

    Attributes:
        name: full path.
        generation: the store's count when it was last written.
        permissions: owner and default first.
        data: value.
        children: last components, oldest first.
        parent: of a working copy, its parent's working copy where that is at hand.
    """

    __slots__ = ("children", "data", "generation", "name", "parent", "permissions")

    def __init__(
        self, name: bytes, generation: int, permissions: Permissions, data: bytes, children: list[bytes]
    ) -> None:
        self.name = name
        self.generation = generation
        self.permissions = permissions
        self.data = data
        self.children = children
        self.parent: Node | None = None

    @property
    def owner(self) -> int:
        """Domid of the owner."""
        return self.permissions[0][0]

    @property
    def size(self) -> int:
        """Bytes, as the quota "node-size" counts them."""
        names = sum(map(len, self.children)) + len(self.children)
        return _NODE_HEADER + _PERMISSION * len(self.permissions) + len(self.data) + names

    def child_list(self) -> bytes:
        """The children's names as DIRECTORY sends them."""
        return b"".join(name + b"\0" for name in self.children)

    def copy(self) -> Node:
        """A working copy."""
        return Node(self.name, self.generation, self.permissions, self.data, self.children.copy())

    def __repr__(self) -> str:
        return f"<Node {self.name.decode()} @{self.generation}>"


def parent_of(path: bytes) -> bytes:
    """The path one up; that of "/" and of "@…" is "/"."""
    slash = path.rfind(b"/", 1)
    return path[:slash] if slash > 0 else b"/"


def base_of(path: bytes) -> bytes:
    """Last component."""
    return path[path.rfind(b"/") + 1 :]


def join(path: bytes, child: bytes) -> bytes:
    """A child's path."""
    return (b"" if path == b"/" else path) + b"/" + child


def canonical(path: bytes, base: bytes, *, special: bool) -> tuple[bytes, int]:
    """A request's path made absolute, and the length that the quota "path-max" looks at.

    Args:
        base: what a relative one is relative to.
        special: whether "@…" is allowed.
    """
    if not _VALID.fullmatch(path) or (path.startswith(b"@") and not special):
        raise Refused(EINVAL)
    if not path.startswith((b"/", b"@")):
        path = base + b"/" + path
    if (path.endswith(b"/") and path != b"/") or b"//" in path:
        raise Refused(EINVAL)
    local = _OF_A_DOMAIN.match(path)
    return path, len(path) - (local.end() if local else 0)


def is_child(child: bytes, parent: bytes) -> bool:
    """Whether a path is at or below another."""
    return parent == b"/" or child == parent or child.startswith(parent + b"/")


def parse_permissions(texts: list[bytes]) -> Permissions:
    """["n0", "r5"] as entries; EINVAL."""
    entries: list[tuple[int, int]] = []
    for text in texts:
        bits = _LETTERS.get(text[:1])
        domid = whole_number(text[1:])
        if bits is None or domid is None:
            raise Refused(EINVAL)
        entries.append((domid, bits))
    return tuple(entries)


def permission_strings(permissions: Permissions) -> bytes:
    """As GET_PERMS sends them."""
    return b"".join(_NAMES[bits & ~IGNORE] + b"%d\0" % signed(domid) for domid, bits in permissions)
