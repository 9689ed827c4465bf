"""Writing and reading newc cpio archives, as the kernel's initramfs wants them.

Written here rather than by cpio(1), because a writer that takes members from
anywhere needs neither root (device nodes) nor a directory on disk.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELDS = 13
_HEADER = 6 + 8 * _FIELDS


class Member(NamedTuple):
    name: str
    mode: int
    data: bytes
    rdev: tuple[int, int]


class Writer:
    """Appends members; everything belongs to root.

    Parents are made as needed: the kernel creates none. A later file of the
    same name replaces an earlier one when unpacked; a repeated directory is
    written once.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._ino = 0
        self._at = 0
        self._dirs: set[str] = set()

    def file(self, name: str, data: bytes, mode: int = 0o644, mtime: int = 0) -> None:
        self._parents(name)
        self._member(name, stat.S_IFREG | mode & 0o7777, data, mtime)

    def directory(self, name: str, mode: int = 0o755) -> None:
        name = name.strip("/")
        if name and name not in self._dirs:
            self._parents(name)
            self._dirs.add(name)
            self._member(name, stat.S_IFDIR | mode & 0o7777, b"")

    def symlink(self, name: str, target: str) -> None:
        self._parents(name)
        self._member(name, stat.S_IFLNK | 0o777, target.encode())

    def chardev(self, name: str, major: int, minor: int, mode: int = 0o600) -> None:
        self._parents(name)
        self._member(name, stat.S_IFCHR | mode, b"", rdev=(major, minor))

    def close(self) -> None:
        """Write the trailer, padded so that another archive may follow."""
        self._member("TRAILER!!!", 0, b"")
        self._pad(512)

    def _parents(self, name: str) -> None:
        parent = name.strip("/").rpartition("/")[0]
        if parent:
            self.directory(parent)

    def _member(
        self, name: str, mode: int, data: bytes, mtime: int = 0, rdev: tuple[int, int] = (0, 0)
    ) -> None:
        self._ino += 1
        # One link always: the kernel joins members of equal inode otherwise,
        # and two archives in a row number theirs alike.
        path = name.strip("/").encode() + b"\0"
        fields = (self._ino, mode, 0, 0, 1, mtime & 0xFFFFFFFF, len(data), 0, 0, *rdev, len(path), 0)
        self._put(b"070701" + b"".join(b"%08x" % f for f in fields) + path)
        self._pad(4)
        self._put(data)
        self._pad(4)

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)

    def _pad(self, to: int) -> None:
        self._put(b"\0" * (-self._at % to))


def read(data: bytes) -> Iterator[Member]:
    """Members of one or more archives back to back.

    Raises:
        ValueError: not a newc archive, or cut short.
    """
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        if data[at : at + 6] != b"070701" or at + _HEADER > len(data):
            raise ValueError(f"no newc header at byte {at}")
        field = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(_FIELDS)]
        size, name_size = field[6], field[11]
        start = at + _HEADER
        name = data[start : start + name_size - 1].decode()
        body = (start + name_size + 3) & ~3
        if body + size > len(data):
            raise ValueError(f"{name!r} is cut short")
        at = (body + size + 3) & ~3
        if name != "TRAILER!!!":
            yield Member(name, field[1], data[body : body + size], (field[9], field[10]))
