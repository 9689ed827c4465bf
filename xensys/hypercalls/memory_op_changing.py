"""memory_op: the part of it that changes who has what memory, and where.

`MemoryOp` builds on this. Names are those of xen/include/public/memory.h, less
XENMEM_. Nothing here is repeated after EINTR, but for what says so.
"""

from __future__ import annotations

from struct import Struct

from xensys._packing import check, packed
from xensys.abi import memory as abi
from xensys.abi._base import Packer
from xensys.errors import XenError, error_from
from xensys.hypercalls._call import MEMORY_OP, Caller
from xensys.hypercalls._records import Record
from xensys.memory.frames import as_frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping

    from xensys.memory.buffers import Slot
    from xensys.memory.frames import Frames

_RESERVATION = Packer(abi.xen_memory_reservation)
_EXCHANGE = Packer(abi.xen_memory_exchange)
_ADD = Packer(abi.xen_add_to_physmap)
_REMOVE = Packer(abi.xen_remove_from_physmap)
_POD_TARGET = Packer(abi.xen_pod_target)
_FOREIGN_MAP = Packer(abi.xen_foreign_memory_map)
_RESOURCE = Packer(abi.xen_mem_acquire_resource)
# xen_add_to_physmap_batch has a union in it, which a Packer does not take.
_BATCH = Struct("<HHHH")
_BATCH_HANDLES = Struct("<QQQ")

#: Extents that one call can do: Xen keeps where it was in the 26 upper bits of the command.
_EXTENT_LIMIT = (1 << 26) - 1
#: Before Xen 4.20 an unknown kind of resource is as large as -EOPNOTSUPP, unsigned.
_ERRNO_TAKEN_FOR_A_SIZE = (1 << 32) - 4095
#: What no errno is: an entry of a batch that Xen did not get to.
_UNTOUCHED = 0x7FFF_FFFF


class Extents(Record):
    """How far a reservation call got.

    Attributes:
        done: extents done, counted from the front. Fewer than asked for is
            Xen's only sign of a failure: no errno says why (no memory, over the
            domain's maximum, no such domain, no privilege, bad order or frame).
        frames: the first frame of each extent that was done, as Xen left it: a
            machine frame if the domain is PV and was given memory, else what
            was passed in.
    """

    __slots__ = ("done", "frames")

    done: int
    frames: tuple[int, ...]

    def __init__(self, done: int, frames: tuple[int, ...]) -> None:
        super().__init__(done, frames)


class PodTarget(Record):
    """Populate-on-demand figures of a domain, in 4 KiB pages."""

    __slots__ = ("pod_cache_pages", "pod_entries", "tot_pages")

    def __init__(self, tot_pages: int, pod_cache_pages: int, pod_entries: int) -> None:
        super().__init__(pod_cache_pages, pod_entries, tot_pages)

    tot_pages: int
    pod_cache_pages: int
    pod_entries: int


class MemoryOpChanging:
    """What of memory_op changes something."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def increase_reservation(
        self, domid: int, count: int, *, order: int = 0, mem_flags: int = 0, hazardous: bool = False
    ) -> Extents:
        """Give a domain memory that is nowhere in its address space yet (XENMEM_increase_reservation).

        Only a PV domain can use it: it maps machine frames. Of a translated one
        it just counts; see `populate_physmap`.

        Args:
            domid: whom.
            count: extents, up to 2**26 - 1.
            order: an extent is 2**order pages of 4 KiB.
            mem_flags: XENMEMF_* bits.
            hazardous: must be True for oneself: the kernel keeps its own accounts.
        Returns:
            `Extents`; for a translated domain the frames are all 0.
        Raises:
            HazardError: oneself without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: reported; extents may have been done.
        """
        check(count, "xen_memory_reservation", "nr_extents", 0, _EXTENT_LIMIT)
        return self._reserve("XENMEM_increase_reservation", domid, count, None, order, mem_flags, hazardous)

    def decrease_reservation(
        self, domid: int, frames: Frames, *, order: int = 0, hazardous: bool = False
    ) -> Extents:
        """Take memory from a domain, and free it (XENMEM_decrease_reservation).

        Pages that somebody maps are freed when that ends.

        Args:
            domid: whose.
            frames: the first 4 KiB frame of each extent: of its own numbers if
                the domain is translated, else machine frames.
            order: an extent is 2**order frames; one that is half done is not counted.
            hazardous: must be True: whoever uses these frames loses them.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: reported; extents may have been done.
        """
        given = as_frames(frames)
        return self._reserve("XENMEM_decrease_reservation", domid, len(given), given, order, 0, hazardous)

    def populate_physmap(
        self,
        domid: int,
        frames: Frames,
        *,
        order: int = 0,
        mem_flags: int = 0,
        hazardous: bool = False,
    ) -> Extents:
        """Back guest frames with new memory (XENMEM_populate_physmap).

        A page that was at one of these frames stays the domain's, and is nowhere any more.

        Args:
            domid: whose; oneself is kernel-owned and needs hazardous=True.
            frames: the first 4 KiB frame of each extent, up to 2**26 - 1 extents.
            order: an extent is 2**order frames, aligned to its size.
            mem_flags: XENMEMF_* bits.
            hazardous: must be True for oneself.
        Raises:
            HazardError: oneself without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: reported; extents may have been done.

        Example:
            >>> xen.memory_op.populate_physmap(5, range(0x1000, 0x1010)).done
            16
        """
        given = as_frames(frames)
        return self._reserve(
            "XENMEM_populate_physmap", domid, len(given), given, order, mem_flags, hazardous
        )

    def exchange(
        self,
        domid: int,
        frames: Frames,
        new_frames: Frames,
        *,
        order: int = 0,
        new_order: int = 0,
        mem_flags: int = 0,
        hazardous: bool = False,
    ) -> Extents:
        """Swap a PV domain's pages for others, e.g. contiguous ones (XENMEM_exchange; x86).

        Args:
            domid: whose.
            frames: the first machine frame of each extent given back.
            new_frames: the first frame number of each extent wanted.
            order, new_order: sizes of both, 2**order frames; the totals must agree.
            mem_flags: XENMEMF_* bits for the new ones.
            hazardous: must be True: the kernel keeps its own accounts.
        Returns:
            `Extents`: how many of `frames` were exchanged (all), and the machine frames got.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            NotSupportedError: EOPNOTSUPP, the domain is translated.
            XenPermissionError: EPERM, order above what the caller may have, or no privilege.
            XenError: EINVAL, totals differ or a page is in use; ENOMEM. Its
                `arguments["nr_exchanged"]` says how many of `frames` are gone already.
        EINTR: reported, as errors are.
        """
        old, new = as_frames(frames), as_frames(new_frames)
        # Both are compared shifted: what does not fit 64 bits Xen refuses as EINVAL.
        buffers = self._caller.buffers
        slot = buffers.take(_EXCHANGE.size)
        given = self._array(old)
        wanted = self._array(new)
        arguments: dict[str, object] = {"nr_in": len(old), "nr_out": len(new)}
        try:
            _EXCHANGE.pack_into(
                slot.memory,
                slot.offset,
                *(given.address, len(old), order, 0, domid),
                *(wanted.address, len(new), new_order, mem_flags, domid),
                0,
            )
            try:
                self._change("XENMEM_exchange", slot.address, domid, hazardous, arguments)
            except XenError as error:
                done = _EXCHANGE.unpack_from(slot.memory, slot.offset)[10]
                error.arguments = {**error.arguments, "nr_exchanged": done}
                raise
            done = _EXCHANGE.unpack_from(slot.memory, slot.offset)[10]
            return Extents(done, _words(wanted, len(new)))
        finally:
            buffers.give(wanted)
            buffers.give(given)
            buffers.give(slot)

    def add_to_physmap(
        self,
        domid: int,
        space: int,
        idx: int,
        gpfn: int,
        *,
        size: int = 0,
        hazardous: bool = False,
    ) -> None:
        """Put a page at a frame number of a translated domain (XENMEM_add_to_physmap).

        What was there before is freed on x86 if it was the domain's own page.

        Args:
            domid: whose.
            space: XENMAPSPACE_*: where the page comes from: shared_info,
                grant_table, gmfn or gmfn_range (moved from frame `idx`; x86),
                dev_mmio (arm, hardware domain for itself). Not gmfn_foreign,
                see `add_to_physmap_batch`.
            idx: which page of that space; for a grant table's status frames
                | XENMAPIDX_grant_table_status.
            gpfn: where it shall appear.
            size: how many frames in a row; for gmfn_range only.
            hazardous: must be True: the domain's kernel does not know of it.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EACCES, the domain is PV, or dev_mmio for others;
                EPERM, no privilege.
            NotSupportedError: ENOSYS, gmfn_foreign, or a space that arm does not have.
            XenError: EINVAL, no such page, or gpfn is all ones; EXDEV (x86), the
                page is elsewhere; EBUSY (arm), it is somewhere already; EOVERFLOW.
        EINTR: reported; of a range, part may be done.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_ADD.size)
        try:
            _ADD.pack_into(slot.memory, slot.offset, domid, size, space, idx, gpfn)
            arguments = {"space": space, "idx": idx, "gpfn": gpfn, "size": size}
            self._change("XENMEM_add_to_physmap", slot.address, domid, hazardous, arguments)
        finally:
            buffers.give(slot)

    def add_to_physmap_batch(
        self,
        domid: int,
        space: int,
        idxs: Frames,
        gpfns: Frames,
        *,
        foreign_domid: int = 0,
        hazardous: bool = False,
    ) -> tuple[int, ...]:
        """Put pages at frame numbers of a translated domain (XENMEM_add_to_physmap_batch; since Xen 4.4).

        Args:
            domid: whose.
            space: XENMAPSPACE_*, but not gmfn_range.
            idxs: which page of that space, for each entry; for gmfn_foreign
                frame numbers of `foreign_domid`.
            gpfns: where each shall appear; as many, up to 65535.
            foreign_domid: for gmfn_foreign, else 0.
            hazardous: must be True: the domain's kernel does not know of it.
        Returns:
            The errno of each entry, 0 for one that is done: the call succeeds
            even if every entry failed.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH, `domid`.
            XenPermissionError: EACCES, the domain is PV, or dev_mmio for others;
                EPERM, no privilege.
            NotSupportedError: EOPNOTSUPP, gmfn_range.
            XenError: EINVAL, a gpfn is all ones. Its `arguments["errs"]` has the
                errnos of the entries before it, as above.
        EINTR: reported, with `errs` too.
        """
        wanted, places = as_frames(idxs), as_frames(gpfns)
        count = len(wanted)
        if len(places) != count:
            raise ValueError(f"{count} idxs, and {len(places)} gpfns")
        check(count, "xen_add_to_physmap_batch", "size", 0, 0xFFFF)
        fields = ("domid", "space", "size", "u.foreign_domid")
        head = packed(_BATCH, "xen_add_to_physmap_batch", fields, (domid, space, count, foreign_domid))
        buffers = self._caller.buffers
        slot = buffers.take(_BATCH.size + _BATCH_HANDLES.size)
        given, where = self._array(wanted), self._array(places)
        errs = buffers.take(4 * count)
        layout = Struct(f"<{count}i")
        arguments: dict[str, object] = {
            "space": space,
            "n_entries": count,
            "foreign_domid": foreign_domid,
        }
        try:
            slot.memory[slot.offset : slot.offset + _BATCH.size] = bytes(head)
            _BATCH_HANDLES.pack_into(
                slot.memory, slot.offset + _BATCH.size, given.address, where.address, errs.address
            )
            layout.pack_into(errs.memory, errs.offset, *[_UNTOUCHED] * count)
            try:
                self._change("XENMEM_add_to_physmap_batch", slot.address, domid, hazardous, arguments)
            except XenError as error:
                found = layout.unpack_from(errs.memory, errs.offset)
                tried = tuple(-number for number in found if number != _UNTOUCHED)
                if tried:
                    error.arguments = {**error.arguments, "errs": tried}
                raise
            return tuple(-number for number in layout.unpack_from(errs.memory, errs.offset))
        finally:
            for taken in (errs, where, given, slot):
                buffers.give(taken)

    def remove_from_physmap(self, domid: int, gpfn: int, *, hazardous: bool = False) -> None:
        """Take the page away that is at a frame number (XENMEM_remove_from_physmap; since Xen 4.2).

        The page stays the domain's; it is just nowhere any more.

        Args:
            domid: a translated domain.
            gpfn: the frame number.
            hazardous: must be True: the domain's kernel does not know of it.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EACCES, the domain is PV; EPERM, no privilege.
            XenNotFoundError: ENOENT, no page there.
        EINTR: reported.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_REMOVE.size)
        try:
            _REMOVE.pack_into(slot.memory, slot.offset, domid, gpfn)
            self._change("XENMEM_remove_from_physmap", slot.address, domid, hazardous, {"gpfn": gpfn})
        finally:
            buffers.give(slot)

    def set_memory_map(
        self, domid: int, entries: Iterable[tuple[int, int, int]], *, hazardous: bool = False
    ) -> None:
        """Set what a domain is told of its memory (XENMEM_set_memory_map; x86).

        It is told by XENMEM_memory_map; the memory itself stays as it is.

        Args:
            domid: whose map.
            entries: (address, size, type) of each range, in bytes and as e820 types.
            hazardous: must be True for oneself.
        Raises:
            HazardError: oneself without the flag.
            NoSuchDomainError: ESRCH.
            NotSupportedError: ENOSYS, not x86.
            XenPermissionError: EPERM, no privilege.
            XenError: EINVAL, more than 1024 entries; ENOMEM.
        EINTR: retried.
        """
        import struct

        rows = [struct.pack("<QQI", *entry) for entry in entries]
        buffers = self._caller.buffers
        slot = buffers.take(_FOREIGN_MAP.size)
        raw = b"".join(rows)
        table = buffers.take(max(len(raw), 1))
        try:
            table.memory[table.offset : table.offset + len(raw)] = raw
            _FOREIGN_MAP.pack_into(slot.memory, slot.offset, domid, len(rows), table.address)
            arguments = {"nr_entries": len(rows)}
            self._change(
                "XENMEM_set_memory_map", slot.address, domid, hazardous, arguments, repeatable=True
            )
        finally:
            buffers.give(table)
            buffers.give(slot)

    def set_pod_target(self, domid: int, target_pages: int, *, hazardous: bool = False) -> PodTarget:
        """Set how much memory a populate-on-demand domain has in all (XENMEM_set_pod_target; x86).

        Without populate-on-demand entries nothing changes.

        Args:
            domid: an HVM or PVH domain.
            target_pages: 4 KiB pages.
            hazardous: must be True: below what is in use, the domain crashes.
        Returns:
            The figures after it.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH.
            NotSupportedError: ENOSYS, not x86.
            XenPermissionError: EPERM, for the control domain only.
            XenError: EINVAL, not HVM, or above the domain's maximum; ENOMEM.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_POD_TARGET.size)
        try:
            _POD_TARGET.pack_into(slot.memory, slot.offset, target_pages, 0, 0, 0, domid)
            arguments = {"target_pages": target_pages}
            self._change(
                "XENMEM_set_pod_target", slot.address, domid, hazardous, arguments, repeatable=True
            )
            _, *figures, _ = _POD_TARGET.unpack_from(slot.memory, slot.offset)
            return PodTarget(*figures)
        finally:
            buffers.give(slot)

    def acquire_resource_size(self, domid: int, kind: int, ident: int = 0) -> int:
        """How many frames a resource has (XENMEM_acquire_resource without a list; since Xen 4.11).

        Up to Xen 4.14 the answer is always 32.

        Args:
            domid: whose; not oneself.
            kind, ident: as for `acquire_resource`.
        Raises:
            As `acquire_resource`, but for HazardError: asking changes nothing.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_RESOURCE.size)
        try:
            _RESOURCE.pack_into(slot.memory, slot.offset, domid, kind, ident, 0, 0, 0, 0)
            arguments = {"type": kind, "id": ident}
            self._change(
                "XENMEM_acquire_resource",
                slot.address,
                domid,
                # Without a list nothing is acquired, and no table grows.
                True,
                arguments,
                repeatable=True,
            )
            size: int = _RESOURCE.unpack_from(slot.memory, slot.offset)[3]
            if size >= _ERRNO_TAKEN_FOR_A_SIZE:
                raise error_from(
                    (1 << 32) - size,
                    call="memory_op(XENMEM_acquire_resource)",
                    domid=domid,
                    arguments=arguments,
                )
            return size
        finally:
            buffers.give(slot)

    def acquire_resource(
        self,
        domid: int,
        kind: int,
        ident: int,
        frame: int,
        frames: int | Frames,
        *,
        hazardous: bool = False,
    ) -> tuple[int, ...]:
        """The frames of part of a resource (XENMEM_acquire_resource; since Xen 4.11).

        To map one use `xen.resources`: there it is the kernel that calls, and
        knows of it.

        Args:
            domid: whose; not oneself.
            kind: XENMEM_resource_*: ioreq_server, grant_table, vmtrace_buf.
            ident: of the server; 0 shared or 1 status frames; of the vCPU.
            frame: the first one wanted.
            frames: how many, if we are PV: their machine frames are returned.
                If we are translated: the frame numbers of ours where they
                shall appear, and what is there now is lost.
            hazardous: must be True: a grant table grows to what is asked of
                it, and frames of ours are the kernel's.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH, also for DOMID_SELF.
            XenPermissionError: EPERM, our own number, no privilege, or another
                domain's ioreq server; EACCES, we may not map resources.
            XenNotFoundError: ENOENT, no such ioreq server or vCPU.
            XenError: EINVAL, no such resource or not as large; E2BIG, above 32
                frames up to Xen 4.14; EIO, part of it was done.
        EINTR: retried.
        """
        if isinstance(frames, int):
            from array import array

            check(frames, "xen_mem_acquire_resource", "nr_frames", 1, _EXTENT_LIMIT)
            given = array("Q", bytes(8 * frames))
        else:
            given = as_frames(frames)
        buffers = self._caller.buffers
        slot = buffers.take(_RESOURCE.size)
        table = self._array(given)
        try:
            _RESOURCE.pack_into(
                slot.memory, slot.offset, domid, kind, ident, len(given), 0, frame, table.address
            )
            arguments = {"type": kind, "id": ident, "frame": frame, "nr_frames": len(given)}
            self._change(
                "XENMEM_acquire_resource", slot.address, domid, hazardous, arguments, repeatable=True
            )
            return _words(table, len(given))
        finally:
            buffers.give(table)
            buffers.give(slot)

    def _reserve(
        self,
        name: str,
        domid: int,
        count: int,
        given: array[int] | None,
        order: int,
        mem_flags: int,
        hazardous: bool,
    ) -> Extents:
        check(count, "xen_memory_reservation", "nr_extents", 0, _EXTENT_LIMIT)
        buffers = self._caller.buffers
        slot = buffers.take(_RESERVATION.size)
        table = buffers.take(8 * max(count, 1)) if given is None else self._array(given)
        try:
            _RESERVATION.pack_into(slot.memory, slot.offset, table.address, count, order, mem_flags, domid)
            arguments = {"nr_extents": count, "order": order, "mem_flags": mem_flags}
            done = self._change(name, slot.address, domid, hazardous, arguments)
            return Extents(done, _words(table, done))
        finally:
            buffers.give(table)
            buffers.give(slot)

    def _change(
        self,
        name: str,
        address: int,
        domid: int,
        hazardous: bool,
        arguments: Mapping[str, object],
        *,
        repeatable: bool = False,
    ) -> int:
        return self._caller.call(
            MEMORY_OP,
            name,
            getattr(abi, name),
            address,
            wide=True,
            repeatable=repeatable,
            hazardous=hazardous,
            domid=domid,
            arguments=arguments,
        )

    def _array(self, words: array[int]) -> Slot:
        raw = words.tobytes()
        slot = self._caller.buffers.take(len(raw))
        slot.memory[slot.offset : slot.offset + len(raw)] = raw
        return slot


def _words(table: Slot, count: int) -> tuple[int, ...]:
    import struct

    return struct.unpack_from(f"<{count}Q", table.memory, table.offset)
