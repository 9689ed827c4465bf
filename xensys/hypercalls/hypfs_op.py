"""hypfs_op: Xen's own file tree, by whole paths (since Xen 4.14).

How it was built, its parameters, its CPU pools. `HypfsOp.tree()` makes a mapping
of it, with values instead of bytes; see `hypfs`.

Names are those of xen/include/public/hypfs.h, less XEN_HYPFS_OP_; rests on
xen/common/hypfs.c. For the control domain; a Xen built without CONFIG_HYPFS
raises NotSupportedError (ENOSYS).
"""

from __future__ import annotations

from errno import EBADMSG, ENAMETOOLONG, ENOBUFS, ENOENT, EOPNOTSUPP

from xensys.abi import hypfs as abi
from xensys.abi._base import Packer
from xensys.errors import EntryNotFoundError, XenError, error_from
from xensys.hypercalls._call import HYPFS_OP, Caller
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from xensys.hypercalls.hypfs import Hypfs
    from xensys.memory.buffers import Slot

_ENTRY = Packer(abi.xen_hypfs_direntry)
#: What is asked for at first, as most entries are short; the same as in libxenhypfs.
_FIRST = 4096
#: No entry is as large: a config, the largest there is, has some 10 KiB.
_LARGEST = 64 << 20


class HypfsEntry(Record):
    """What an entry is, and what is in it.

    Attributes:
        type: XEN_HYPFS_TYPE_*.
        encoding: XEN_HYPFS_ENC_PLAIN or XEN_HYPFS_ENC_GZIP, of the content.
        content_len: bytes of the content, as encoded.
        max_write_len: bytes that may be written; 0 if it is read-only.
        content: these bytes; None if only the entry itself was asked for.
    """

    __slots__ = ("content", "content_len", "encoding", "max_write_len", "type")

    type: int
    encoding: int
    content_len: int
    max_write_len: int
    content: bytes | None

    def __init__(
        self, type: int, encoding: int, content_len: int, max_write_len: int, content: bytes | None
    ) -> None:
        super().__init__(content, content_len, encoding, max_write_len, type)


class HypfsOp:
    """The hypfs_op hypercall; `xen.hypfs_op`."""

    __slots__ = ("_caller", "_checked")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._checked = False

    def tree(self, *, hazardous: bool = False) -> Hypfs:
        """All of it as a mapping.

        Args:
            hazardous: whether its items may be assigned to: they are settings of
                the whole host.

        Example:
            >>> xen.hypfs_op.tree()["buildinfo/version/major"]
            4
        """
        from xensys.hypercalls.hypfs import Hypfs

        return Hypfs(self, "/", hazardous=hazardous)

    def get_version(self) -> int:
        """The newest version of the interface that Xen has (XEN_HYPFS_OP_get_version).

        Raises:
            NotSupportedError: ENOSYS, no CONFIG_HYPFS, or older Xen.
            XenPermissionError: EPERM, not the control domain.
        EINTR: retried.
        """
        return self._caller.call(
            HYPFS_OP, "XEN_HYPFS_OP_get_version", abi.XEN_HYPFS_OP_get_version, repeatable=True
        )

    def read(self, path: str) -> HypfsEntry:
        """An entry and its content, as encoded (XEN_HYPFS_OP_read).

        Args:
            path: from the root, e.g. "/buildinfo/config"; "/" is the root.
        Raises:
            EntryNotFoundError: ENOENT; also KeyError.
            XenError: ENAMETOOLONG, above 1023 bytes; EINVAL, no "/" in front;
                EBADMSG, an answer that contradicts itself.
            NotSupportedError, XenPermissionError: as `get_version`.
        EINTR: retried.
        """
        size = _FIRST
        while True:
            entry = self._read(path, size)
            if entry.content is not None:
                return entry
            if size >= entry.content_len + _ENTRY.size:
                # Room enough, and yet none: growing would not end.
                raise self._broken(path, f"{entry.content_len} bytes do not fit in {size}")
            size = entry.content_len + _ENTRY.size

    def read_entry(self, path: str) -> HypfsEntry:
        """An entry without its content (XEN_HYPFS_OP_read with no room for that).

        Args, Raises, EINTR: as `read`.
        """
        entry = self._read(path, _ENTRY.size)
        entry.content = None
        return entry

    def write_contents(self, path: str, data: ReadableBuffer, *, hazardous: bool = False) -> None:
        """Write an entry's content (XEN_HYPFS_OP_write_contents).

        Args:
            path: as for `read`.
            data: bytes as Xen keeps them: of a string with its NUL, of a number
                as many as it has. `tree()` knows how.
            hazardous: must be True: these are settings of the whole host.
        Raises:
            HazardError: without the flag.
            EntryNotFoundError: ENOENT; also KeyError.
            XenPermissionError: EACCES, read-only; EPERM, not the control domain.
            XenError: ENAMETOOLONG; EINVAL, a string without NUL at its end, or
                a value that the parameter does not take; EDOM, not as many bytes
                as the number has, or a parameter's text without NUL; ENOSPC, too
                long; EBUSY, a CPU pool that is in use.
            NotSupportedError: as `get_version`.
        EINTR: reported.
        """
        data = memoryview(data).tobytes()
        self._check_version()
        buffers = self._caller.buffers
        where, length = self._take_path(path)
        try:
            slot = buffers.take(max(len(data), 1))
            try:
                slot.memory[slot.offset : slot.offset + len(data)] = data
                self._caller.call(
                    HYPFS_OP,
                    "XEN_HYPFS_OP_write_contents",
                    abi.XEN_HYPFS_OP_write_contents,
                    where.address,
                    length,
                    slot.address,
                    len(data),
                    hazardous=hazardous,
                    arguments={"path": path, "nbytes": len(data)},
                )
            except XenError as error:
                raise _translated(error) from None
            finally:
                buffers.give(slot)
        finally:
            buffers.give(where)

    def _read(self, path: str, size: int) -> HypfsEntry:
        """One try; without its content if that is longer than `size` allows."""
        self._check_version()
        if size > _LARGEST:
            raise self._broken(path, f"it says that it has {size - _ENTRY.size} bytes")
        buffers = self._caller.buffers
        where, length = self._take_path(path)
        try:
            slot = buffers.take(size)
            try:
                try:
                    self._caller.call(
                        HYPFS_OP,
                        "XEN_HYPFS_OP_read",
                        abi.XEN_HYPFS_OP_read,
                        where.address,
                        length,
                        slot.address,
                        size,
                        repeatable=True,
                        arguments={"path": path},
                    )
                    fits = True
                except XenError as error:
                    if error.errno != ENOBUFS:
                        raise _translated(error) from None
                    fits = False
                kind, encoding, _, filled, writable = _ENTRY.unpack_from(slot.memory, slot.offset)
                content = None
                if fits:
                    start = slot.offset + _ENTRY.size
                    content = slot.memory[start : start + min(filled, size - _ENTRY.size)]
                    if len(content) != filled:
                        raise self._broken(path, f"{filled} bytes were put into {size}")
                return HypfsEntry(kind, encoding, filled, writable, content)
            finally:
                buffers.give(slot)
        finally:
            buffers.give(where)

    def _take_path(self, path: str) -> tuple[Slot, int]:
        """A path in hypercall memory, and its length with the NUL."""
        raw = path.encode()
        if b"\0" in raw:
            raise ValueError(f"a path without NUL characters is needed, not {path!r}")
        if len(raw) >= abi.XEN_HYPFS_MAX_PATHLEN:
            raise error_from(
                ENAMETOOLONG,
                call="hypfs_op",
                arguments={"path": path},
                hint=f"not asked of Xen: a path has at most {abi.XEN_HYPFS_MAX_PATHLEN - 1} bytes",
            )
        slot = self._caller.buffers.take(len(raw) + 1)
        slot.memory[slot.offset : slot.offset + len(raw)] = raw
        return slot, len(raw) + 1

    def _check_version(self) -> None:
        """Make sure, once, that Xen knows the version this module knows."""
        if self._checked:
            return
        version = self.get_version()
        # What it returns is the newest one; those before it stay.
        if version < abi.XEN_HYPFS_VERSION:
            raise error_from(
                EOPNOTSUPP,
                call="hypfs_op(XEN_HYPFS_OP_get_version)",
                hint=f"Xen has version {version} of the interface, this library {abi.XEN_HYPFS_VERSION}",
            )
        self._checked = True

    @staticmethod
    def _broken(path: str, why: str) -> XenError:
        return error_from(
            EBADMSG,
            call="hypfs_op(XEN_HYPFS_OP_read)",
            arguments={"path": path},
            hint=f"Xen's answer: {why}",
        )


def _translated(error: XenError) -> XenError:
    """The same error, of the class that also is a KeyError if there is no such entry."""
    if error.errno != ENOENT:
        return error
    return EntryNotFoundError(
        ENOENT, call=error.call, via=error.via, arguments=error.arguments, hint=error.hint
    )
