"""What one cycle of the soak does: each thing is taken, used and given back.

The same on the simulator and on real Xen, from dom0 alone: it is its own peer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.xen import Xen

SELF = 0x7FF0
FRAME = 4096


class Soak:
    """Cycles on one `Xen`.

    Attributes:
        domid, frames: a guest, and frames of it that are there.
    """

    def __init__(self, xen: Xen, domid: int, frames: range) -> None:
        self.xen = xen
        self.domid = domid
        self.frames = frames
        self.done = 0
        self._parts: tuple[Callable[[], None], ...] = (
            self.foreign, self.partial, self.resource, self.share_and_map, self.copy, self.ports,
            self.virtual, self.watch, self.transaction, self.buffers,
        )  # fmt: skip

    @property
    def parts(self) -> tuple[str, ...]:
        """What there is to do in a cycle."""
        return tuple(part.__name__ for part in self._parts)

    def cycle(self) -> None:
        """One of each."""
        for part in self._parts:
            part()
        self.done += 1

    def foreign(self) -> None:
        """Map, write and unmap; with a view that is revoked."""
        with self.xen.foreign.map(self.domid, self.frames[:2], write=True) as mapping:
            mapping[8:16] = self.done.to_bytes(8, "little")
            assert int.from_bytes(mapping[8:16], "little") == self.done
        mapping = self.xen.foreign.map(self.domid, self.frames[:1])
        view = mapping.view(0, 8)
        assert self.xen.release(self.domid) == 1
        assert bytes(view) == bytes(8)
        view.release()

    def partial(self) -> None:
        """Frames of which one is not there."""
        wanted = [self.frames[0], 1 << 40, self.frames[1]]
        with self.xen.foreign.map(self.domid, wanted, partial=True) as found:
            assert len(found.runs) == 2

    def resource(self) -> None:
        """The guest's grant table."""
        with self.xen.resources.map(self.domid, 1, frames=1) as table:
            assert len(table) == FRAME

    def share_and_map(self) -> None:
        """Grant oneself a page, map it, see the one through the other; with a byte cleared at the end."""
        grants = self.xen.grants
        with grants.share(0, 2, write=True) as share:
            with grants.map(0, list(share.refs), write=True, notify_byte=4) as mapping:
                share[0:8] = b"soaking!"
                assert mapping[0:8] == b"soaking!"
            assert share[4] == 0

    def copy(self) -> None:
        """Copy from a page that is granted, and to it."""
        grants = self.xen.grants
        with grants.share(0, write=True) as share:
            grants.copy_to(0, share.refs[0], 16, b"copied")
            assert grants.copy_from(0, share.refs[0], 16, 6) == b"copied"

    def ports(self) -> None:
        """Two ports of one's own, bound to each other; an event; both unbound."""
        events = self.xen.events
        with events.bind_unbound(SELF) as far, events.bind_interdomain(SELF, far) as near:
            assert near.wait(5)  # the event that a new port has
            near.unmask()
            near.notify()
            assert far.wait(5)
            far.unmask()

    def virtual(self) -> None:
        """A port that nobody binds to."""
        self.xen.events.bind_unbound(self.domid).close()

    def watch(self) -> None:
        """A watch with its first event, and one more."""
        store = self.xen.store
        with store.watch("/soak") as watch:
            watch.get(60)
            store.write("/soak/n", str(self.done))
            watch.get(60)
        store.rm("/soak")

    def transaction(self) -> None:
        """One that is committed, and one that is not."""
        store = self.xen.store
        with store.transaction() as change:
            change.write("/soak/t", b"x")
        change = store.transaction()
        change.abort()
        store.rm("/soak")

    def buffers(self) -> None:
        """Small and large ones."""
        with self.xen.buffers.alloc(64) as small, self.xen.buffers.alloc(3 * FRAME) as large:
            small[0:2] = large[0:2]
        assert self.xen.memory_op.current_reservation(self.domid) > 0
