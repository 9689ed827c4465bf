"""What mappings of the two grant devices have in common: a place in the device's file.

The order at the end is the drivers': memory first, then the place. What was
asked for with `set_notify` happens once both are gone (drivers/xen/gntdev.c,
gntalloc.c), and so never while views of the memory live.
"""

from __future__ import annotations

from xensys._lifetime import is_exiting
from xensys.errors import XenError, XenPermissionError, error_from
from xensys.kernel.base import MADV_DONTFORK
from xensys.memory.areas import Area
from xensys.memory.foreign import FRAME_SIZE
from xensys.memory.mapping import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import SupportsIndex

    from xensys.devices.gntalloc import Gntalloc
    from xensys.devices.gntdev import Gntdev
    from xensys.kernel import Kernel

CLEAR_BYTE, SEND_EVENT = 1, 2


class Place:
    """Pages of a grant device's file, ours until given up.

    Attributes:
        device: the handle.
        index: offset in the file, bytes.
        count: 4 KiB pages.
    """

    __slots__ = ("count", "device", "give_up", "index")

    def __init__(
        self,
        device: Gntdev | Gntalloc,
        index: int,
        count: int,
        give_up: Callable[[int, int], None],
    ) -> None:
        self.device = device
        self.index = index
        self.count = count
        self.give_up = give_up

    def end(self) -> None:
        """Give it up; if the device is closed, or was in a restriction, that has done so."""
        try:
            self.give_up(self.index, self.count)
        except (ValueError, XenPermissionError):
            if not self.device.closed and self.device.restricted_to is None:
                raise

    def notify(self, byte: int | None, port: SupportsIndex | None) -> None:
        """Say what is to happen at the end."""
        action = 0
        index = self.index
        if byte is not None:
            if not 0 <= byte < self.count * FRAME_SIZE:
                raise IndexError(f"byte {byte} is not inside 0..{self.count * FRAME_SIZE}")
            action |= CLEAR_BYTE
            index += byte
        number = 0
        if port is not None:
            action |= SEND_EVENT
            number = port.__index__()
        self.device.set_unmap_notify(index, action, number)

    def area(self, kernel: Kernel, *, writable: bool) -> Area:
        """Map it; kept out of forked children, on every kind of domain."""
        length = self.count * FRAME_SIZE
        try:
            area = Area(kernel, length, writable=writable)
        except OSError as error:
            raise error_from(error.errno or 0, call="mmap", arguments={"length": length}) from None
        try:
            self.device.map_over(area.memory, self.index)
            try:
                # PV domains' gntdev does so by itself; elsewhere a child would
                # keep the grants mapped after we have closed them.
                kernel.madvise(area.address, length, MADV_DONTFORK)
            except XenError:
                raise
            except OSError as error:
                raise error_from(error.errno or 0, call="madvise", arguments={"length": length}) from None
        except BaseException:
            area.drop()
            raise
        return area


class GrantedMemory(Mapping):
    """Memory shared by grants; see `GrantMapping` and `Share`.

    Attributes:
        refs: the grant references, one for each 4 KiB.
    """

    __slots__ = ("_place", "refs")

    def __init__(self, kernel: Kernel, area: Area, place: Place, refs: tuple[int, ...]) -> None:
        self._place: Place | None = place
        self.refs = refs
        super().__init__(kernel, area, len(refs) * FRAME_SIZE)

    def set_notify(self, *, byte: int | None = None, port: SupportsIndex | None = None) -> None:
        """Say what is to happen when this memory is unmapped, however that comes about.

        Replaces what was said before; without arguments nothing is to happen.

        Args:
            byte: offset of one to set to 0.
            port: an event channel of ours to signal (a `Port`, or its number),
                bound through /dev/xen/evtchn; it stays open for this.
        Raises:
            XenError: EINVAL, no such port; or, mapped read-only, a byte to clear.
            IndexError: the byte is not in this memory.
            ValueError: the mapping, or the device, is closed.
        EINTR: retried.
        """
        with self._lock:
            self._live()
            place = self._place
            if place is None:
                raise ValueError(f"{type(self).__name__} is closed")
            place.notify(byte, port)

    def close(self, *, revoke: bool = False) -> None:
        """Unmap, then give the grants up; a second call does nothing.

        Args:
            revoke: also if there are views; they see zero pages from then on,
                and their addresses are freed with the last of them.
        Raises:
            BufferError: there are views, and not `revoke`; the mapping stays open.
        """
        super().close(revoke=revoke)
        self._give_up()

    def __del__(self) -> None:
        try:
            super().__del__()
        finally:
            if not is_exiting():
                # Views keep the memory, and with it the grants.
                self._give_up()

    def _give_up(self) -> None:
        place = getattr(self, "_place", None)
        if place is not None:
            with self._lock:
                place, self._place = self._place, None
            if place is not None:
                place.end()

    def _forked(self) -> None:
        super()._forked()
        # The parent's: the open file is the same.
        self._place = None
