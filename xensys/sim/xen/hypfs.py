"""hypfs_op (42): Xen's file tree. xen/common/hypfs.c, kernel.c and the parameters' own files.

The tree is that of Debian's builds. A parameter keeps what is written to it, and
nothing else comes of it.
"""

from __future__ import annotations

import gzip
import struct
from errno import (
    EACCES,
    EBUSY,
    EDOM,
    EINVAL,
    ENOBUFS,
    ENOENT,
    ENOSPC,
    EOPNOTSUPP,
    EPERM,
    ERANGE,
)

from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.sim.machine import Machine
    from xensys.sim.xen.access import Caller

GET_VERSION, READ, WRITE = 0, 1, 2
DIR, BLOB, STRING, UINT, INT, BOOL = range(6)
PLAIN, GZIP = 0, 1
_PATH_MAX, _PARAM_MAX = 1024, 128
_ENTRY = struct.Struct("<BBHII")
_LISTED = struct.Struct("<BBHIIH")
_LEVELS = ("none", "error", "warning", "info", "debug", "all")
_SHOWN = ("none", "error", "warning", "info", "all", "all")


class Leaf:
    """An entry with content.

    Attributes:
        kind, encoding: of the content.
        content: bytes; strings end with a NUL.
        room: bytes that may be written; 0: read-only.
        write: does that, and refuses what does not fit.
    """

    __slots__ = ("content", "encoding", "kind", "room", "write")

    def __init__(
        self,
        kind: int,
        content: bytes,
        *,
        room: int = 0,
        write: _Write | None = None,
        encoding: int = PLAIN,
    ) -> None:
        self.kind = kind
        self.content = content
        self.room = room
        self.encoding = encoding
        self.write = write or (_leaf if room else _deny)


if TYPE_CHECKING:
    _Write: TypeAlias = Callable[[Leaf, Caller, int, int], None]
    _Tree: TypeAlias = "dict[str, Leaf | _Tree]"


class Hypfs:
    """The tree of one machine.

    Attributes:
        params: what is in /params, by name.
        extra: more entries of the root, for tests: name → `Leaf` or dict.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.params = _params(machine)
        self.extra: _Tree = {}

    def tree(self) -> _Tree:
        """All of it, by name."""
        machine = self._machine
        config = f"CONFIG_{'X86' if machine.arch == 'x86_64' else 'ARM'}_64=y\nCONFIG_HYPFS=y\n"
        built: _Tree = {
            "changeset": _text(machine.changeset),
            "compileinfo": {
                "compile_by": _text(machine.compile_by),
                "compile_date": _text(machine.compile_date),
                "compile_domain": _text(machine.compile_domain),
                "compiler": _text(machine.compiler),
            },
            "config": Leaf(STRING, gzip.compress(config.encode(), mtime=0), encoding=GZIP),
            "version": {
                "extra": _text(machine.extraversion),
                "major": Leaf(UINT, struct.pack("<I", machine.xen[0])),
                "minor": Leaf(UINT, struct.pack("<I", machine.xen[1])),
            },
        }
        pools: _Tree = {"0": {"sched-gran": Leaf(STRING, b"cpu\0", room=8, write=_granularity)}}
        params: _Tree = dict(self.params)
        return {"buildinfo": built, "cpupool": pools, "params": params, **self.extra}


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """hypfs_op(cmd, path, pathlen, buf, buflen)."""
    cmd, path, length, buf, size = args[0] & 0xFFFF_FFFF, *args[1:5]
    if not caller.domain.privileged:
        refuse(EPERM)
    if cmd == GET_VERSION:
        if path or length or buf or size:
            refuse(EINVAL)
        return 1
    if length > _PATH_MAX:
        refuse(EINVAL)
    raw = caller.read(path, length)
    if raw.find(b"\0") != length - 1 or not length:
        refuse(EINVAL)
    node = _find(caller.machine.hypervisor.hypfs.tree(), raw[:-1])
    if cmd == READ:
        _read(caller, node, buf, size)
    elif cmd == WRITE:
        if not isinstance(node, Leaf):
            refuse(EACCES)
        node.write(node, caller, buf, size)
    else:
        refuse(EOPNOTSUPP)
    return 0


def _find(tree: _Tree, path: bytes) -> Leaf | _Tree:
    if path[:1] != b"/":
        refuse(EINVAL)
    node: Leaf | _Tree = tree
    rest = path[1:].decode("utf-8", "surrogateescape")
    while True:
        # A leaf in the middle of a path, or with a slash behind it, is not found either.
        if isinstance(node, Leaf):
            refuse(ENOENT)
        if not rest:
            return node
        name, slash, rest = rest.partition("/")
        if node is tree.get("cpupool") and name.isdigit():
            name = str(int(name))
        found = node.get(name)
        if found is None:
            refuse(ENOENT)
        if not slash:
            return found
        node = found


def _read(caller: Caller, node: Leaf | _Tree, buf: int, size: int) -> None:
    if size < _ENTRY.size:
        refuse(EINVAL)
    content = node.content if isinstance(node, Leaf) else _listing(node)
    caller.write(buf, _ENTRY.pack(*_head(node)))
    if size < len(content) + _ENTRY.size:
        refuse(ENOBUFS)
    caller.write(buf + _ENTRY.size, content)


def _head(node: Leaf | _Tree) -> tuple[int, int, int, int, int]:
    if isinstance(node, Leaf):
        return node.kind, node.encoding, 0, len(node.content), node.room
    return DIR, PLAIN, 0, len(_listing(node)), 0


def _listing(tree: _Tree) -> bytes:
    out = bytearray()
    for at, (name, node) in enumerate(sorted(tree.items()), 1):
        raw = name.encode() + b"\0"
        length = _LISTED.size + -(-len(raw) // 4) * 4
        out += _LISTED.pack(*_head(node), length if at < len(tree) else 0)
        out += raw.ljust(length - _LISTED.size, b"\0")
    return bytes(out)


def _deny(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
    refuse(EACCES)


def _leaf(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
    """hypfs_write_leaf()."""
    if size > leaf.room:
        refuse(ENOSPC)
    if leaf.kind not in (STRING, BLOB) and size != len(leaf.content):
        refuse(EDOM)
    data = caller.read(buf, size)
    if leaf.kind == STRING and not _is_text(data):
        refuse(EINVAL)
    leaf.content = data


def _bool(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
    """hypfs_write_bool()."""
    if size != leaf.room:
        refuse(EDOM)
    leaf.content = caller.read(buf, size)


def _custom(parse: Callable[[Leaf, str], int]) -> _Write:
    """hypfs_write_custom() for a parameter; `parse` returns an errno or 0."""

    def write(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
        if size > _PARAM_MAX:
            refuse(ENOSPC)
        data = caller.read(buf, size)
        if not _is_text(data):
            refuse(EDOM)
        errno = parse(leaf, data[:-1].decode("latin-1"))
        if errno:
            refuse(errno)

    return write


def _granularity(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
    """cpupool_gran_write(); pool 0 always has CPUs."""
    if size > leaf.room:
        refuse(ENOSPC)
    data = caller.read(buf, size)
    if not _is_text(data) or data[:-1] not in _granularities(caller.machine):
        refuse(EINVAL)
    refuse(EBUSY)


def _granularities(machine: Machine) -> tuple[bytes, ...]:
    # Without CONFIG_HAS_SCHED_GRANULARITY there is not even a word for the one there is.
    return (b"cpu", b"core", b"socket") if machine.arch == "x86_64" else ()


def _loglvl(leaf: Leaf, text: str) -> int:
    """_parse_loglvl(): what it does not understand is "warning", taken over before it complains."""
    lower, rest = _level(text)
    upper = lower
    if rest.startswith("/"):
        upper, rest = _level(rest[1:])
    upper = max(lower, upper)
    leaf.content = f"{_SHOWN[lower]}/{_SHOWN[upper]}\0".encode()
    return EINVAL if rest else 0


def _level(text: str) -> tuple[int, str]:
    for number, name in enumerate(_LEVELS):
        if text.startswith(name):
            return min(number, 4), text[len(name) :]
    return 2, text


def _limit(leaf: Leaf, text: str) -> int:
    """parse_gnttab_limit(): simple_strtoul() with base 0."""
    base = 16 if text[:2].lower() == "0x" else 8 if text[:1] == "0" else 10
    digits = text[2:] if base == 16 else text
    try:
        number = int(digits or "0", base)
    except ValueError:
        return EINVAL
    if number > 0x7FFF_FFFF:
        return ERANGE
    leaf.content = b"%d\0" % number
    return 0


def _timestamps(leaf: Leaf, text: str) -> int:
    if text in ("0", "no", "off", "false", "disable"):
        text = "none"
    elif text in ("", "1", "yes", "on", "true", "enable"):
        text = "date"
    if text not in ("none", "date", "datems", "boot", "raw"):
        return EINVAL
    leaf.content = text.encode() + b"\0"
    return 0


def _unmodelled(leaf: Leaf, caller: Caller, buf: int, size: int) -> None:
    from xensys.sim.errors import SimulatorGap

    raise SimulatorGap("a write to this parameter")


def _is_text(data: bytes) -> bool:
    return data.find(b"\0") == len(data) - 1 and bool(data)


def _text(text: str) -> Leaf:
    return Leaf(STRING, text.encode() + b"\0")


def _params(machine: Machine) -> dict[str, Leaf]:
    def text(content: str, room: int, write: _Write | None = None) -> Leaf:
        return Leaf(STRING, content.encode() + b"\0", room=room, write=write)

    found = {f"crash-debug-{name}": text("", 32) for name in ("debugkey", "hwdom", "panic", "watchdog")}
    found["console_timestamps"] = text("none", 7, _custom(_timestamps))
    found["conswitch"] = text("a", 3)
    found["gnttab_max_frames"] = text("64", 12, _custom(_limit))
    found["gnttab_max_maptrack_frames"] = text("1024", 12, _custom(_limit))
    for name in ("guest_loglvl", "loglvl"):
        found[name] = text("all/all", 16, _custom(_loglvl))
    if machine.arch == "x86_64":
        found["crash-debug-kexeccmd"] = text("", 32)
        found["ept"] = text("", 10, _unmodelled)
        found["pcid"] = text("xpti", 7, _unmodelled)
        found["global-pages"] = Leaf(BOOL, b"\0", room=1, write=_bool)
    return found
