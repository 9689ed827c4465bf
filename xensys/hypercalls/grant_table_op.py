"""grant_table_op: the tables behind shared pages.

Names are those of xen/include/public/grant_table.h, less GNTTABOP_. Xen
answers per entry, by a status of its own (GNTST_*). Where an operation is about
one entry, a bad status is an exception like any other; where it takes many, the
statuses are the result, and nothing of them is dropped.

To map and share memory use `xen.grants`: most of what is here changes things
that the running kernel relies on, and needs hazardous=True.
"""

from __future__ import annotations

from xensys._packing import check
from xensys.abi import grant_table as abi
from xensys.abi._base import Packer
from xensys.errors import error_from
from xensys.hypercalls._call import DOMID_SELF, GRANT_TABLE_OP, Caller
from xensys.hypercalls._records import Record
from xensys.memory.grant_status import meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    _T = TypeVar("_T")

_MAP = Packer(abi.gnttab_map_grant_ref)
_UNMAP = Packer(abi.gnttab_unmap_grant_ref)
_SETUP_TABLE = Packer(abi.gnttab_setup_table)
_TRANSFER = Packer(abi.gnttab_transfer)
_QUERY_SIZE = Packer(abi.gnttab_query_size)
_REPLACE = Packer(abi.gnttab_unmap_and_replace)
_SET_VERSION = Packer(abi.gnttab_set_version)
_STATUS_FRAMES = Packer(abi.gnttab_get_status_frames)
_GET_VERSION = Packer(abi.gnttab_get_version)
_SWAP = Packer(abi.gnttab_swap_grant_ref)
_U32 = (1 << 32) - 1


class GrantTableSize(Record):
    """4 KiB frames of a domain's grant table.

    Attributes:
        nr_frames: how many it has now.
        max_nr_frames: how many it may have.
    """

    __slots__ = ("max_nr_frames", "nr_frames")

    nr_frames: int
    max_nr_frames: int

    def __init__(self, nr_frames: int, max_nr_frames: int) -> None:
        super().__init__(max_nr_frames, nr_frames)


class MappedGrant(Record):
    """What Xen says of a grant that it was to map.

    Attributes:
        status: GNTST_*; 0 if it is mapped.
        handle: to unmap it with.
        dev_bus_addr: machine address of the page.
    """

    __slots__ = ("dev_bus_addr", "handle", "status")

    status: int
    handle: int
    dev_bus_addr: int

    def __init__(self, status: int, handle: int, dev_bus_addr: int) -> None:
        super().__init__(dev_bus_addr, handle, status)


class GrantCopy:
    """One copy of GNTTABOP_copy.

    A side is (domid, number, offset): a grant reference if so flagged, else a
    frame number of one's own, and then domid is DOMID_SELF.

    Attributes:
        source, dest: the sides.
        length: bytes; neither page may be left.
        flags: GNTCOPY_source_gref (1), GNTCOPY_dest_gref (2).
    """

    __slots__ = ("dest", "flags", "length", "source")

    def __init__(
        self, source: tuple[int, int, int], dest: tuple[int, int, int], length: int, flags: int
    ) -> None:
        self.source = source
        self.dest = dest
        self.length = length
        self.flags = flags


class GrantTableOp:
    """The grant_table_op hypercall; `xen.grant_table_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def map_grant_ref(
        self, grants: Sequence[tuple[int, int, int, int]], *, hazardous: bool = False
    ) -> list[MappedGrant]:
        """Map pages that other domains grant (GNTTABOP_map_grant_ref).

        Args:
            grants: (host_addr, flags, ref, domid) of each: where to map it
                (guest-physical address; of a PV domain, virtual, or machine
                address of a page table entry), GNTMAP_*, and what.
            hazardous: must be True: the kernel's own memory map is changed.
        Returns:
            What became of each.
        Raises:
            HazardError: without the flag.
            XenError: EFAULT.
        EINTR: reported; some may be mapped.
        """
        return self._each(
            "GNTTABOP_map_grant_ref",
            abi.GNTTABOP_map_grant_ref,
            _MAP,
            [(address, flags, ref, domid, 0, 0, 0) for address, flags, ref, domid in grants],
            lambda values: MappedGrant(values[4], values[5], values[6]),
            hazardous,
        )

    def unmap_grant_ref(
        self, grants: Sequence[tuple[int, int, int]], *, hazardous: bool = False
    ) -> list[int]:
        """Unmap granted pages (GNTTABOP_unmap_grant_ref).

        Args:
            grants: (host_addr, dev_bus_addr, handle) of each; an address of 0
                leaves that mapping.
            hazardous: must be True: a handle may be one of the kernel's.
        Returns:
            GNTST_* of each.
        Raises:
            HazardError: without the flag.
            XenError: EFAULT.
        EINTR: reported; some may be unmapped.
        """
        return self._each(
            "GNTTABOP_unmap_grant_ref",
            abi.GNTTABOP_unmap_grant_ref,
            _UNMAP,
            [(address, bus, handle, 0) for address, bus, handle in grants],
            lambda values: values[3],
            hazardous,
        )

    def setup_table(
        self, nr_frames: int, domid: int = DOMID_SELF, *, hazardous: bool = False
    ) -> tuple[int, ...]:
        """Make a grant table as long as that, and tell its frames (GNTTABOP_setup_table).

        Args:
            nr_frames: 4 KiB frames wanted; a longer table stays so.
            domid: whose.
            hazardous: must be True for oneself: the kernel would not know of
                the new frames.
        Returns:
            Frame numbers; all ones where a translated domain has given them no place.
        Raises:
            HazardError: oneself without the flag.
            NoSuchDomainError: ESRCH, for GNTST_bad_domain.
            XenPermissionError: EPERM, for GNTST_permission_denied.
            XenError: EIO, for GNTST_general_error: more than the domain may have.
        EINTR: retried.
        """
        name = "GNTTABOP_setup_table"
        check(nr_frames, "gnttab_setup_table", "nr_frames", 0, _U32)
        if not hazardous:
            self._caller.refuse_harm(GRANT_TABLE_OP, name, domid, {"nr_frames": nr_frames})
        # Before room is made for the answer to a question that is none.
        limit = self.query_size(domid).max_nr_frames
        return self._frames(
            name,
            abi.GNTTABOP_setup_table,
            _SETUP_TABLE,
            lambda array: (domid, nr_frames, 0, array),
            2,
            min(nr_frames, limit + 1),
            domid,
            nr_frames,
        )

    def transfer(self, pages: Sequence[tuple[int, int, int]], *, hazardous: bool = False) -> list[int]:
        """Give pages away to domains that accept them (GNTTABOP_transfer). PV only.

        Args:
            pages: (frame, domid, ref) of each: the frame is gone on any status
                but GNTST_bad_page.
            hazardous: must be True: they are the kernel's pages.
        Returns:
            GNTST_* of each.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, an HVM or PVH caller; EOPNOTSUPP, gnttab=no-transfer.
        EINTR: reported; some may be gone.
        """
        return self._each(
            "GNTTABOP_transfer",
            abi.GNTTABOP_transfer,
            _TRANSFER,
            [(frame, domid, ref, 0) for frame, domid, ref in pages],
            lambda values: values[3],
            hazardous,
        )

    def copy(self, copies: Sequence[GrantCopy], *, hazardous: bool = False) -> list[int]:
        """Copy between frames of one's own and granted pages (GNTTABOP_copy).

        `xen.grants.copy` does that for a program's memory, safely.

        Args:
            copies: what; see `GrantCopy`.
            hazardous: must be True: frames are taken as they are.
        Returns:
            GNTST_* of each.
        Raises:
            HazardError: without the flag.
            XenError: EFAULT.
        EINTR: retried.
        """
        name = "GNTTABOP_copy"
        if not hazardous:
            self._caller.refuse_harm(GRANT_TABLE_OP, name, None, {"n_copies": len(copies)})
        if not copies:
            return []
        array = self._caller.buffers.new(abi.gnttab_copy * len(copies))
        for copy, slot in zip(copies, array, strict=True):
            for side, (domid, number, offset), bit in (
                (slot.source, copy.source, abi.GNTCOPY_source_gref),
                (slot.dest, copy.dest, abi.GNTCOPY_dest_gref),
            ):
                if copy.flags & bit:
                    side.u.ref = number
                else:
                    side.u.gmfn = number
                side.domid = domid
                side.offset = offset
            slot.len = copy.length
            slot.flags = copy.flags
        self._caller.call(
            GRANT_TABLE_OP,
            name,
            abi.GNTTABOP_copy,
            _address(array),
            len(copies),
            repeatable=True,
            hazardous=True,
        )
        return [slot.status for slot in array]

    def query_size(self, domid: int = DOMID_SELF) -> GrantTableSize:
        """How large a domain's grant table is, and may become (GNTTABOP_query_size).

        Raises:
            NoSuchDomainError: ESRCH, for GNTST_bad_domain.
            XenPermissionError: EPERM, for GNTST_permission_denied.
        EINTR: retried.
        """
        name = "GNTTABOP_query_size"
        _, now, limit, status = self._one(
            name, abi.GNTTABOP_query_size, _QUERY_SIZE, (domid, 0, 0, 0), repeatable=True, domid=domid
        )
        if status:
            raise_status(name, status, domid)
        return GrantTableSize(now, limit)

    def unmap_and_replace(
        self, grants: Sequence[tuple[int, int, int]], *, hazardous: bool = False
    ) -> list[int]:
        """Unmap granted pages and put other mappings there (GNTTABOP_unmap_and_replace). PV only.

        Args:
            grants: (host_addr, new_addr, handle) of each: virtual addresses.
            hazardous: must be True: the kernel's own page tables are changed.
        Returns:
            GNTST_* of each.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, an HVM or PVH caller.
        EINTR: reported; some may be replaced.
        """
        return self._each(
            "GNTTABOP_unmap_and_replace",
            abi.GNTTABOP_unmap_and_replace,
            _REPLACE,
            [(address, new, handle, 0) for address, new, handle in grants],
            lambda values: values[3],
            hazardous,
        )

    def set_version(self, version: int, *, hazardous: bool = False) -> int:
        """Switch one's own table to another layout of entries (GNTTABOP_set_version).

        Args:
            version: 1 or 2.
            hazardous: must be True: the kernel's grants are lost, and it goes
                on writing the old layout.
        Returns:
            The version in force.
        Raises:
            HazardError: without the flag.
            NotSupportedError: ENOSYS, 2 is not for this domain (never on arm).
            XenError: EINVAL, neither; EBUSY, grants are in use; ERANGE, a
                reserved entry has no form in version 1.
        EINTR: retried.
        """
        (now,) = self._one(
            "GNTTABOP_set_version",
            abi.GNTTABOP_set_version,
            _SET_VERSION,
            (version,),
            repeatable=True,
            hazardous=hazardous,
            arguments={"n_version": version},
        )
        return now

    def get_status_frames(self, nr_frames: int, domid: int = DOMID_SELF) -> tuple[int, ...]:
        """Frames of a version 2 table's status words (GNTTABOP_get_status_frames).

        Args:
            nr_frames: how many of them.
            domid: whose.
        Returns:
            Frame numbers.
        Raises:
            NoSuchDomainError: ESRCH, for GNTST_bad_domain.
            XenPermissionError: EPERM, for GNTST_permission_denied.
            NotSupportedError: ENOSYS, an HVM or PVH caller.
            XenError: EIO, for GNTST_general_error: it has not that many
                (none at all with version 1).
        EINTR: retried.
        """
        check(nr_frames, "gnttab_get_status_frames", "nr_frames", 0, _U32)
        # Status words fill fewer frames than entries do.
        limit = self.query_size(domid).max_nr_frames
        return self._frames(
            "GNTTABOP_get_status_frames",
            abi.GNTTABOP_get_status_frames,
            _STATUS_FRAMES,
            lambda array: (nr_frames, domid, 0, array),
            2,
            min(nr_frames, limit + 1),
            domid,
            nr_frames,
        )

    def get_version(self, domid: int = DOMID_SELF) -> int:
        """Which layout of entries a domain's table has: 1 or 2 (GNTTABOP_get_version).

        Raises:
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, not one's own and no privilege.
        EINTR: retried.
        """
        values = self._one(
            "GNTTABOP_get_version",
            abi.GNTTABOP_get_version,
            _GET_VERSION,
            (domid, 0, 0),
            repeatable=True,
            domid=domid,
        )
        return values[2]

    def swap_grant_ref(self, pairs: Sequence[tuple[int, int]], *, hazardous: bool = False) -> list[int]:
        """Swap entries of one's own table (GNTTABOP_swap_grant_ref).

        Args:
            pairs: two grant references each.
            hazardous: must be True: the kernel does not learn of it.
        Returns:
            GNTST_* of each; GNTST_eagain if one of the two is in use.
        Raises:
            HazardError: without the flag.
        EINTR: reported; some may be swapped.
        """
        return self._each(
            "GNTTABOP_swap_grant_ref",
            abi.GNTTABOP_swap_grant_ref,
            _SWAP,
            [(first, second, 0) for first, second in pairs],
            lambda values: values[2],
            hazardous,
        )

    def cache_flush(self, ranges: Sequence[tuple[int, int, int, int]], *, hazardous: bool = False) -> None:
        """Clean or invalidate data caches (GNTTABOP_cache_flush). arm and PV; since Xen 4.5.

        Args:
            ranges: (dev_bus_addr, offset, length, op) of each: machine address
                of a page of one's own, or mapped from a grant; bytes in it;
                GNTTAB_CACHE_CLEAN (1), GNTTAB_CACHE_INVAL (2).
            hazardous: must be True: invalidating loses what was written.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, not within one page, a bad operation or address.
            XenPermissionError: EPERM, the page is not one's own and not mapped.
            NotSupportedError: EOPNOTSUPP, x86 and invalidate alone; ENOSYS, HVM and PVH.
        EINTR: retried.
        """
        name = "GNTTABOP_cache_flush"
        if not hazardous:
            self._caller.refuse_harm(GRANT_TABLE_OP, name, None, {"n_ranges": len(ranges)})
        array = self._caller.buffers.new(abi.gnttab_cache_flush * max(len(ranges), 1))
        for slot, (address, offset, length, op) in zip(array, ranges, strict=False):
            slot.a.dev_bus_addr = address
            slot.offset = offset
            slot.length = length
            slot.op = op
        self._caller.call(
            GRANT_TABLE_OP,
            name,
            abi.GNTTABOP_cache_flush,
            _address(array),
            len(ranges),
            repeatable=True,
            hazardous=True,
            arguments={"n_ranges": len(ranges)},
        )

    def _one(
        self,
        name: str,
        number: int,
        layout: Packer,
        values: tuple[int, ...],
        *,
        repeatable: bool = False,
        hazardous: bool = False,
        domid: int | None = None,
        arguments: dict[str, object] | None = None,
    ) -> tuple[int, ...]:
        """One structure there and back."""
        buffers = self._caller.buffers
        slot = buffers.take(layout.size)
        try:
            layout.pack_into(slot.memory, slot.offset, *values)
            self._caller.call(
                GRANT_TABLE_OP,
                name,
                number,
                slot.address,
                1,
                repeatable=repeatable,
                hazardous=hazardous,
                domid=domid,
                arguments=arguments,
            )
            result: tuple[int, ...] = layout.unpack_from(slot.memory, slot.offset)
            return result
        finally:
            buffers.give(slot)

    def _each(
        self,
        name: str,
        number: int,
        layout: Packer,
        entries: Sequence[tuple[int, ...]],
        result: Callable[[tuple[int, ...]], _T],
        hazardous: bool,
    ) -> list[_T]:
        """An array of structures there and back."""
        if not hazardous:
            self._caller.refuse_harm(GRANT_TABLE_OP, name, None, {"n_entries": len(entries)})
        if not entries:
            return []
        buffers = self._caller.buffers
        slot = buffers.take(layout.size * len(entries))
        try:
            for index, values in enumerate(entries):
                layout.pack_into(slot.memory, slot.offset + layout.size * index, *values)
            self._caller.call(
                GRANT_TABLE_OP,
                name,
                number,
                slot.address,
                len(entries),
                hazardous=True,
                arguments={"n_entries": len(entries)},
            )
            return [
                result(layout.unpack_from(slot.memory, slot.offset + layout.size * index))
                for index in range(len(entries))
            ]
        finally:
            buffers.give(slot)

    def _frames(
        self,
        name: str,
        number: int,
        layout: Packer,
        values: Callable[[int], tuple[int, ...]],
        status_at: int,
        room: int,
        domid: int,
        asked: int,
    ) -> tuple[int, ...]:
        """A question whose answer is an array of frames."""
        buffers = self._caller.buffers
        array = buffers.take(8 * max(room, 1))
        slot = buffers.take(layout.size)
        try:
            layout.pack_into(slot.memory, slot.offset, *values(array.address))
            self._caller.call(
                GRANT_TABLE_OP,
                name,
                number,
                slot.address,
                1,
                repeatable=True,
                hazardous=True,
                domid=domid,
                arguments={"nr_frames": asked},
            )
            status = layout.unpack_from(slot.memory, slot.offset)[status_at]
            if status:
                raise_status(name, status, domid)
            raw = array.memory[array.offset : array.offset + 8 * asked]
        finally:
            buffers.give(slot)
            buffers.give(array)
        return tuple(memoryview(raw).cast("Q"))


def raise_status(name: str, status: int, domid: int | None) -> None:
    """Raise what a GNTST_* status other than okay means."""
    errno, xen_name = meaning(status)
    raise error_from(errno, call=f"grant_table_op({name})", domid=domid, arguments={"status": xen_name})


def _address(array: object) -> int:
    from ctypes import addressof

    return addressof(array)  # type: ignore[arg-type]  # made by `buffers.new`: a ctypes array
