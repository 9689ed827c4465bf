"""Mapped memory of other domains: access and lifetime.

Always true here:

* A mapping is handed out only when every page of it can be touched.
* It is unmapped whole, never in part: newer kernels refuse to split one
  (Linux drivers/xen/privcmd.c, `may_split`).
* After `close()` every access raises; no view of it can ever fault.
"""

from __future__ import annotations

from _thread import RLock
from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting, watch_fork
from xensys._typing import overload
from xensys.errors import ForkedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from typing import Self

    from _typeshed import ReadableBuffer

    from xensys.kernel import Kernel
    from xensys.memory.areas import Area


class Mapping(OneOfAKind):
    """Memory of another domain (or of Xen), mapped into this process.

    Slices copy: `m[0:64]` is bytes, `m[8:16] = data` writes. `view()` copies
    nothing; `memoryview(m)` is the same from Python 3.12 on.

    The other domain can change this memory at any time: copy, then check, then
    use. It stays readable when that domain dies, and keeps it from going away
    until the mapping is closed.
    """

    __slots__ = ("__weakref__", "_area", "_forked_away", "_kernel", "_length", "_lock")

    def __init__(self, kernel: Kernel, area: Area, length: int) -> None:
        self._kernel = kernel
        self._area: Area | None = area
        self._length = length
        # A finalizer or a signal handler may cut in and close.
        self._lock = RLock()
        self._forked_away = False
        watch_fork(self)

    @property
    def address(self) -> int:
        """Where it is mapped, for as long as it is open."""
        return self._live().address

    @property
    def writable(self) -> bool:
        """Whether it was mapped for writing."""
        return self._live().writable

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._area is None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: int | slice) -> int | bytes:
        """Copy bytes out."""
        memory = self._live().memory
        if isinstance(key, slice):
            return memory[self._bounded(key)]
        return memory[self._index(key)]

    @overload
    def __setitem__(self, key: int, value: int) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: ReadableBuffer) -> None: ...

    def __setitem__(self, key: int | slice, value: int | ReadableBuffer) -> None:
        """Copy bytes in; a slice must be as long as what it is given.

        Raises:
            TypeError: the mapping is read-only.
            ValueError: another length, or the mapping is closed.
        """
        memory = self._live_writable()
        if isinstance(key, slice):
            part = self._bounded(key)
            try:
                memory[part] = value  # type: ignore[assignment]  # a slice takes a buffer
            except IndexError:
                # What mmap says, where bytearrays and memoryviews say ValueError.
                raise ValueError("a slice must be as long as what it is given") from None
        else:
            memory[self._index(key)] = value  # type: ignore[assignment]  # mmap checks it

    def view(self, offset: int = 0, length: int | None = None) -> memoryview:
        """The memory itself, without a copy.

        While views live, `close()` refuses; `close(revoke=True)` puts zero pages
        under them.

        Args:
            offset: of the first byte.
            length: bytes; None goes to the end.
        Raises:
            IndexError: not inside the mapping.
        """
        end = self._length if length is None else offset + length
        if not 0 <= offset <= end <= self._length:
            raise IndexError(f"{offset}..{end} is not inside 0..{self._length}")
        # Under the lock, so that a close in another thread comes before or after.
        with self._lock, memoryview(self._live().memory) as whole:
            return whole[offset:end]

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.view()

    def find(self, data: ReadableBuffer, start: int = 0, end: int | None = None) -> int:
        """The offset of the first occurrence of `data` in start..end, or -1."""
        # Not left to mmap, which would count from the end of a kernel's page.
        begin, stop, _ = slice(start, end).indices(self._length)
        return self._live().memory.find(data, begin, stop)

    def close(self, *, revoke: bool = False) -> None:
        """Unmap; a second call does nothing.

        Args:
            revoke: also if there are views; they see zero pages from then on,
                and their addresses are freed with the last of them.
        Raises:
            BufferError: there are views, and not `revoke`; the mapping stays open.
        """
        with self._lock:
            area = self._area
            if area is None:
                return
            if revoke:
                # Gives the memory back now; Python unmaps the range once the
                # last view lets go of `area.memory`.
                area.revoke(self._kernel)
            else:
                try:
                    area.memory.close()
                except BufferError:
                    raise BufferError(
                        f"{self!r} has live views; release them or close(revoke=True)"
                    ) from None
            self._area = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # The frame that failed often still holds a view: a BufferError here
        # would hide its exception, and leave us the other domain's memory.
        self.close(revoke=kind is not None)

    def __del__(self) -> None:
        if getattr(self, "_area", None) is not None and not is_exiting():
            # A warning's recorder may keep us, and collections end weak references first.
            watch_fork(self)
            # Views stay valid, and unmap with the last of them.
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        area = self._area
        where = "closed" if area is None else f"at {area.address:#x}"
        if area is not None and area.writable:
            where += ", writable"
        return f"<{type(self).__name__} {self._what()}, {self._length} bytes, {where}>"

    def _what(self) -> str:
        """Whose memory, for the repr."""
        return "memory"

    def _live(self) -> Area:
        area = self._area
        if area is None:
            if self._forked_away:
                raise ForkedError
            raise ValueError(f"{type(self).__name__} is closed")
        return area

    def _live_writable(self) -> mmap.mmap:
        area = self._live()
        if not area.writable:
            raise TypeError(f"{self!r} is read-only; map it with write=True")
        return area.memory

    def _bounded(self, key: slice) -> slice:
        # A mapping may be longer than its frames: kernels with 64 KiB pages.
        start, stop, step = key.indices(self._length)
        return slice(start, None if stop < 0 else stop, step)

    def _index(self, key: int) -> int:
        index = key.__index__()
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError(f"{key} is not inside 0..{self._length}")
        return index

    def _forked(self) -> None:
        self._forked_away = self._area is not None
        self._area = None
        # A thread that is no more may have held it.
        self._lock = RLock()
