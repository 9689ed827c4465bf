"""Copies to and from granted pages, without mapping them.

The driver pins what is ours (IOCTL_GNTDEV_GRANT_COPY), which it cannot do with
memory of a device. So only memory that is surely ordinary, that of Python's
own bytes, bytearray and array, is given to it; anything else by a bounce.

Rules come from Linux drivers/xen/gntdev.c (gntdev_grant_copy_seg).
"""

from __future__ import annotations

from struct import Struct

from xensys._packing import pack_into
from xensys.devices.gntdev import SEGMENT_SIZE
from xensys.errors import ForkedError, GrantCopyError, XenError
from xensys.kernel.pointers import Pin
from xensys.memory.foreign import FRAME_SIZE
from xensys.memory.grant_status import meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from _typeshed import ReadableBuffer

    from xensys.devices.gntdev import Gntdev

    Side: TypeAlias = "GrantedPage | ReadableBuffer"
    Segment: TypeAlias = tuple[Side, Side, int | None]

_SOURCE_GREF, _DEST_GREF = 1, 2
_FOREIGN = Struct("<IHH")
_VIRT = Struct("<Q")
_REST = Struct("<HHh")
#: What no status is: the driver has not come to this segment.
_UNTOUCHED = 1


class GrantedPage:
    """A place in a page that a domain has granted.

    Attributes:
        domid: who granted it.
        ref: the grant reference.
        offset: byte in the page.
    """

    __slots__ = ("domid", "offset", "ref")

    def __init__(self, domid: int, ref: int, offset: int = 0) -> None:
        self.domid = domid
        self.ref = ref
        self.offset = offset

    def __repr__(self) -> str:
        return f"GrantedPage({self.domid}, {self.ref}, {self.offset})"


class _Local:
    """Memory of ours, pinned, or what stands for it."""

    __slots__ = ("_back", "_bounce", "_pin")

    def __init__(self, buffer: Any, length: int, *, write: bool) -> None:
        self._back: memoryview | None = None
        self._bounce: bytearray | None = None
        if _ordinary(buffer):
            self._pin = Pin(buffer, writable=write)
            return
        view = _view(buffer).cast("B")
        if write:
            if view.readonly:
                raise TypeError(f"{type(buffer).__name__}: read-only")
            self._back = view[:length]
        self._bounce = bytearray(view[:length])
        self._pin = Pin(self._bounce, writable=write)

    @property
    def address(self) -> int:
        return self._pin.address

    def finish(self, *, good: bool) -> None:
        """Let go; what was copied goes where it was meant to go."""
        self._pin.release()
        if self._back is not None:
            if good and self._bounce is not None:
                self._back[:] = self._bounce
            self._back.release()


def copy(gntdev: Gntdev, segments: Sequence[Segment]) -> None:
    """Copy all segments; see `Grants.copy`."""
    count = len(segments)
    if not count:
        return
    raw = bytearray(SEGMENT_SIZE * count)
    locals_: list[tuple[int, _Local]] = []
    statuses: tuple[int | None, ...] = (None,) * count
    try:
        for number, (source, dest, wanted) in enumerate(segments):
            at = SEGMENT_SIZE * number
            length = _length(number, source, dest, wanted)
            flags = 0
            for side, bit, place in ((source, _SOURCE_GREF, at), (dest, _DEST_GREF, at + 8)):
                if isinstance(side, GrantedPage):
                    flags |= bit
                    name = f"gntdev_grant_copy_segment[{number}]"
                    values = (side.ref, side.offset, side.domid)
                    pack_into(_FOREIGN, raw, place, name, ("ref", "offset", "domid"), values)
                else:
                    local = _Local(side, length, write=bit == _DEST_GREF)
                    locals_.append((number, local))
                    _VIRT.pack_into(raw, place, local.address)
            _REST.pack_into(raw, at + 16, length, flags, _UNTOUCHED)
        try:
            gntdev.grant_copy(raw)
        except XenError as error:
            if isinstance(error, ForkedError) or gntdev.restricted_to is not None:
                raise  # not asked at all
            found = _statuses(raw)
            # A status is written as a segment is begun: of 0 it is not known
            # whether Xen was asked already.
            statuses = tuple(status if status < 0 else None for status in found)
            raise GrantCopyError(
                error.errno or 0,
                statuses=statuses,
                call=error.call,
                via=error.via,
                arguments={"n_segments": count},
                hint="segments before the one that was refused may have been copied",
            ) from None
        statuses = tuple(_statuses(raw))
    finally:
        for number, local in locals_:
            local.finish(good=statuses[number] == 0)
    bad = next((status for status in statuses if status), None)
    if bad is not None:
        errno, name = meaning(bad)
        raise GrantCopyError(
            errno,
            statuses=statuses,
            call="IOCTL_GNTDEV_GRANT_COPY",
            via=gntdev.path,
            arguments={"n_segments": count, "status": name},
        )


def _statuses(raw: bytearray) -> list[int]:
    return [_REST.unpack_from(raw, at + 16)[2] for at in range(0, len(raw), SEGMENT_SIZE)]


def _length(number: int, source: Side, dest: Side, wanted: int | None) -> int:
    """How much a segment copies, once it is known to make sense."""
    pages = [side for side in (source, dest) if isinstance(side, GrantedPage)]
    if not pages:
        raise ValueError(f"segments[{number}]: neither side is a GrantedPage")
    length = wanted
    for side in (source, dest):
        if not isinstance(side, GrantedPage):
            with _view(side) as view:
                size = view.nbytes
            if length is None:
                length = size
            elif length > size:
                raise ValueError(f"segments[{number}]: {length} bytes, the buffer has {size}")
    if length is None:
        raise ValueError(f"segments[{number}]: between two grants the length must be given")
    if length < 0:
        raise ValueError(f"segments[{number}]: {length} bytes")
    for page in pages:
        if not 0 <= page.offset <= FRAME_SIZE or page.offset + length > FRAME_SIZE:
            raise ValueError(
                f"segments[{number}]: {length} bytes at {page.offset} are not inside a page of {FRAME_SIZE}"
            )
    return length


def _view(buffer: Any) -> memoryview:
    """A buffer's bytes; of mappings and buffers of ours also before Python 3.12."""
    try:
        return memoryview(buffer)
    except TypeError:
        view = getattr(buffer, "view", None)
        if view is None:
            raise
        made: memoryview = view()
        return made


def _ordinary(buffer: object) -> bool:
    """Whether this is memory that Python itself has allocated."""
    if type(buffer) is memoryview:
        # A slice of something that is not contiguous cannot be pinned, nor given to the driver.
        return buffer.contiguous and _ordinary(buffer.obj)
    kind = type(buffer)
    return kind in (bytes, bytearray) or (kind.__module__ == "array" and kind.__name__ == "array")
