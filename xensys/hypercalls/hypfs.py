"""Xen's file tree as a mapping: names and paths to values.

Start at `xen.hypfs`, or `xen.hypfs_op.tree(hazardous=True)` to write.

    xen.hypfs["buildinfo/version/extra"]     a leaf: int, bool, str or bytes
    xen.hypfs["params"]                      a directory: a mapping again
    for path, value in xen.hypfs.walk(): …   every leaf there is

Values are read from Xen each time. What a value is says Xen's type of the entry;
text that Xen keeps compressed (its .config) is inflated.
"""

from __future__ import annotations

from _operator import index
from errno import EACCES, EBADMSG, EDOM, EISDIR, ENOTDIR, ERANGE
from struct import Struct

from xensys.abi import hypfs as abi
from xensys.errors import EntryNotFoundError, XenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias, TypeVar

    from xensys.hypercalls.hypfs_op import HypfsEntry, HypfsOp

    Value: TypeAlias = "int | bool | str | bytes"
    _Default = TypeVar("_Default")

_LISTED = Struct("<BBHIIH")
_NUMBERS = (abi.XEN_HYPFS_TYPE_UINT, abi.XEN_HYPFS_TYPE_INT, abi.XEN_HYPFS_TYPE_BOOL)
#: Words for truth values, as libxenhypfs takes them.
_TRUE = frozenset(("1", "on", "yes", "true", "enable"))
_FALSE = frozenset(("0", "off", "no", "false", "disable"))
#: What a compressed entry may become: much more than any .config.
_LARGEST = 64 << 20


class Hypfs:
    """A directory of Xen's file tree, with all that is below it.

    A key is a name, or a path below this directory; with "/" in front, a path
    from the root. Iteration gives the names of what is directly in it. Numbers
    are int, truth values bool, strings str, blobs bytes, directories `Hypfs`.
    """

    __slots__ = ("_hazardous", "_op", "path")

    def __init__(self, op: HypfsOp, path: str, *, hazardous: bool) -> None:
        self._op = op
        self._hazardous = hazardous
        #: Where it is, from the root.
        self.path = path

    def __getitem__(self, key: str) -> Value | Hypfs:
        """A leaf's value, or a directory.

        Raises:
            EntryNotFoundError: ENOENT; also KeyError.
            XenError: EDOM, of no type that is known; EBADMSG, an answer that
                makes no sense; others as `HypfsOp.read`.
        """
        path = self._at(key)
        entry = self._op.read(path)
        if entry.type == abi.XEN_HYPFS_TYPE_DIR:
            return Hypfs(self._op, path, hazardous=self._hazardous)
        return _value(path, entry)

    def __setitem__(self, key: str, value: Value) -> None:
        """Write a leaf; as `write`, but only a tree that was made hazardous does."""
        self.write(key, value, hazardous=self._hazardous)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._listing()])

    def __len__(self) -> int:
        return len(self._listing())

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        try:
            self._op.read_entry(self._at(key))
        except EntryNotFoundError:
            return False
        return True

    def get(self, key: str, default: _Default | None = None) -> Value | Hypfs | _Default | None:
        """As `tree[key]`, but `default` if there is no such entry."""
        try:
            return self[key]
        except EntryNotFoundError:
            return default

    def keys(self) -> tuple[str, ...]:
        """The names of what is directly in this directory, in Xen's order."""
        return tuple(self)

    def values(self) -> tuple[Value | Hypfs, ...]:
        """What is directly in this directory, read now."""
        return tuple(value for _, value in self.items())

    def items(self) -> tuple[tuple[str, Value | Hypfs], ...]:
        """(name, value) of what is directly in this directory, read now.

        An entry that is gone since the directory was read (a CPU pool) is left out.
        """
        found: list[tuple[str, Value | Hypfs]] = []
        for name, kind in self._listing():
            if kind == abi.XEN_HYPFS_TYPE_DIR:
                found.append((name, Hypfs(self._op, _joined(self.path, name), hazardous=self._hazardous)))
                continue
            try:
                found.append((name, self[name]))
            except EntryNotFoundError:
                continue
        return tuple(found)

    def walk(self) -> Iterator[tuple[str, Value]]:
        """(path from the root, value) of every leaf below this directory."""
        for name, value in self.items():
            if not isinstance(value, Hypfs):
                yield _joined(self.path, name), value
                continue
            try:
                yield from value.walk()
            except EntryNotFoundError:
                continue

    def entry(self, key: str = "") -> HypfsEntry:
        """What an entry is: type, size, and how much may be written to it.

        Args:
            key: a name or path; "" is this directory.
        Raises:
            EntryNotFoundError: ENOENT; also KeyError.
        """
        return self._op.read_entry(self._at(key))

    def write(self, key: str, value: Value, *, hazardous: bool = False) -> None:
        """Write a leaf.

        Args:
            key: a name or path.
            value: for a number an int, or a string with one as Python writes them
                ("10", "0x10"); for a truth value a bool or one of the words 1, on,
                yes, true, enable and 0, off, no, false, disable; for a string a str;
                for a blob bytes.
            hazardous: must be True: these are settings of the whole host.
        Raises:
            HazardError: without the flag.
            EntryNotFoundError: ENOENT; also KeyError.
            XenPermissionError: EACCES, read-only; EPERM, not the control domain.
            XenError: ERANGE, a number that does not fit; EDOM, no such word, or
                compressed; EISDIR, a directory; EINVAL, nothing that this
                parameter takes; ENOSPC, too long; EBUSY, a CPU pool that is in use.
            TypeError: nothing that this entry can hold.
        EINTR: reported.
        """
        path = self._at(key)
        # As in libxenhypfs: what cannot be is refused before it is tried.
        entry = self._op.read_entry(path)
        if entry.type == abi.XEN_HYPFS_TYPE_DIR:
            raise _refused(EISDIR, path, "it is a directory")
        if not entry.max_write_len:
            raise _refused(EACCES, path, "it is read-only")
        if entry.encoding != abi.XEN_HYPFS_ENC_PLAIN:
            raise _refused(EDOM, path, "it is compressed")
        self._op.write_contents(path, _packed(path, entry, value), hazardous=hazardous)

    def __repr__(self) -> str:
        return f"<Hypfs {self.path!r}>"

    def _at(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(f"a name or path is needed, not {type(key).__name__}")
        if key.startswith("/"):
            return key
        return _joined(self.path, key) if key else self.path

    def _listing(self) -> list[tuple[str, int]]:
        """(name, type) of each entry in this directory."""
        entry = self._op.read(self.path)
        if entry.type != abi.XEN_HYPFS_TYPE_DIR or entry.encoding != abi.XEN_HYPFS_ENC_PLAIN:
            raise _refused(ENOTDIR, self.path, "it is no directory any more")
        content = entry.content or b""
        found: list[tuple[str, int]] = []
        at = 0
        while at < len(content):
            start = at + _LISTED.size
            end = content.find(b"\0", start)
            if end < 0:
                raise _broken(self.path, f"an entry at byte {at} that has no end")
            kind, _, _, _, _, off_next = _LISTED.unpack_from(content, at)
            found.append((content[start:end].decode("utf-8", "backslashreplace"), kind))
            if not off_next:
                break
            if at + off_next <= end:
                # Back into itself: a list that goes on for ever, or in pieces of names.
                raise _broken(self.path, f"an entry at byte {at}, and the next {off_next} bytes on")
            at += off_next
        else:
            if content:
                raise _broken(self.path, f"{len(content)} bytes, and an entry at byte {at}")
        return found


def _joined(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"


def _value(path: str, entry: HypfsEntry) -> Value:
    """A leaf's content as what it is."""
    content = entry.content or b""
    if entry.encoding == abi.XEN_HYPFS_ENC_GZIP:
        content = _inflated(path, content)
    elif entry.encoding != abi.XEN_HYPFS_ENC_PLAIN:
        raise _refused(EDOM, path, f"unknown encoding {entry.encoding}")
    if entry.type == abi.XEN_HYPFS_TYPE_STRING:
        return content.partition(b"\0")[0].decode("utf-8", "backslashreplace")
    if entry.type == abi.XEN_HYPFS_TYPE_BLOB:
        return content
    if entry.type not in _NUMBERS:
        raise _refused(EDOM, path, f"unknown type {entry.type}")
    if len(content) not in (1, 2, 4, 8):
        raise _refused(EDOM, path, f"a number of {len(content)} bytes")
    number = int.from_bytes(content, "little", signed=entry.type == abi.XEN_HYPFS_TYPE_INT)
    return bool(number) if entry.type == abi.XEN_HYPFS_TYPE_BOOL else number


def _inflated(path: str, content: bytes) -> bytes:
    # Only who reads such an entry pays for it.
    import zlib

    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        result = inflate.decompress(content, _LARGEST)
    except zlib.error as error:
        raise _broken(path, f"no gzip data: {error}") from None
    if not inflate.eof:
        raise _broken(path, "gzip data without an end")
    return result


def _packed(path: str, entry: HypfsEntry, value: Value) -> bytes:
    """A value as the bytes that this entry takes."""
    kind, size = entry.type, entry.content_len
    if kind == abi.XEN_HYPFS_TYPE_STRING:
        if not isinstance(value, str):
            raise TypeError(f"{path}: a str is needed, not {type(value).__name__}")
        if "\0" in value:
            raise ValueError(f"{path}: a string without NUL characters is needed, not {value!r}")
        return value.encode() + b"\0"
    if kind == abi.XEN_HYPFS_TYPE_BLOB:
        return memoryview(value).tobytes()  # type: ignore[arg-type]  # which says so itself
    if kind not in _NUMBERS:
        raise _refused(EDOM, path, f"unknown type {kind}")
    if size not in (1, 2, 4, 8):
        raise _refused(EDOM, path, f"a number of {size} bytes")
    number = _truth(path, value) if kind == abi.XEN_HYPFS_TYPE_BOOL else _number(path, value)
    signed = kind == abi.XEN_HYPFS_TYPE_INT
    try:
        return number.to_bytes(size, "little", signed=signed)
    except OverflowError:
        raise _refused(ERANGE, path, f"{number} does not fit in {size} bytes") from None


def _number(path: str, value: Value) -> int:
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            raise ValueError(f"{path}: a number is needed, not {value!r}") from None
    return index(value)  # type: ignore[arg-type]  # which says so itself


def _truth(path: str, value: Value) -> int:
    if isinstance(value, str):
        if value in _TRUE:
            return 1
        if value in _FALSE:
            return 0
        raise _refused(EDOM, path, f"{value!r} is no truth value")
    if value not in (0, 1):
        raise _refused(EDOM, path, f"{value!r} is no truth value")
    return int(value)


def _refused(errno: int, path: str, why: str) -> XenError:
    return error_from(errno, call="hypfs", arguments={"path": path}, hint=why)


def _broken(path: str, why: str) -> XenError:
    return _refused(EBADMSG, path, f"Xen's answer makes no sense: {why}")
