"""A domain's grant table: its entries in real frames, and what Xen keeps beside them.

Entries lie in the pages `domain.grant_slots` (and, version 2, their status
words in `domain.status_slots`), so that a map of the grant table as a resource
shows them and may change them. Two parties use them here: the domain's own
kernel, which gives and ends grants, and Xen, which maps them for others.

Rules come from xen/common/grant_table.c and Linux drivers/xen/grant-table.c.
"""

from __future__ import annotations

import os
import struct
from errno import ENOMEM, ENOSPC

from xensys.sim.guestmemory import FRAME
from xensys.sim.silo import keeps_apart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain

RESERVED_ENTRIES = 8

GTF_PERMIT_ACCESS, GTF_ACCEPT_TRANSFER, GTF_TRANSITIVE = 1, 2, 3
GTF_TYPE_MASK, GTF_READONLY, GTF_READING, GTF_WRITING = 3, 4, 8, 16
GTF_SUB_PAGE = 256

OKAY = 0
GENERAL_ERROR = -1
BAD_DOMAIN = -2
BAD_GNTREF = -3
BAD_HANDLE = -4
BAD_VIRT_ADDR = -5
BAD_DEV_ADDR = -6
PERMISSION_DENIED = -8
BAD_PAGE = -9
BAD_COPY_ARG = -10
EAGAIN = -12
NO_SPACE = -13

MAP_DEVICE, MAP_HOST, MAP_READONLY, MAP_APPLICATION, MAP_CONTAINS_PTE = 1, 2, 4, 8, 16

_V1 = struct.Struct("<HHI")
_V2 = struct.Struct("<HHHHQ")
_STATUS = struct.Struct("<H")
# GNTPIN_*: a byte counts each kind of pin, its top bit is for the overflow check.
_MOST_PINS = 255
#: The frames that a kernel takes for its own shared pages lie above this many.
_LEFT_ALONE = 256


class Entry:
    """An entry as it stands in the table now.

    Attributes:
        flags: GTF_*, without the status bits of version 2.
        domid: who may use it.
        frame: whose place it is in the domain's memory.
        offset, length: of a sub-page grant.
        trans_domid, trans_ref: of a transitive one.
    """

    __slots__ = ("domid", "flags", "frame", "length", "offset", "trans_domid", "trans_ref")

    def __init__(self, flags: int, domid: int, frame: int, offset: int = 0, length: int = FRAME) -> None:
        self.flags = flags
        self.domid = domid
        self.frame = frame
        self.offset = offset
        self.length = length
        self.trans_domid = offset
        self.trans_ref = frame & 0xFFFF_FFFF


class Active:
    """What Xen knows of a grant in use: struct active_grant_entry."""

    __slots__ = ("domid", "readers", "slot", "sub_page", "writers")

    def __init__(self, domid: int, slot: int, *, sub_page: bool) -> None:
        self.domid = domid
        self.slot = slot
        self.sub_page = sub_page
        self.readers = 0
        self.writers = 0


class Handle:
    """A mapping that the mapper's Xen handle stands for: struct grant_mapping.

    Attributes:
        number: the handle.
        granter, ref: what is mapped.
        slot: the page.
        readonly: how.
        flags: GNTMAP_*.
        host_addr: where, if it was mapped by hypercall.
    """

    __slots__ = ("flags", "granter", "host_addr", "number", "readonly", "ref", "slot")

    def __init__(self, number: int, granter: Domain, ref: int, slot: int, flags: int) -> None:
        self.number = number
        self.granter = granter
        self.ref = ref
        self.slot = slot
        self.readonly = bool(flags & MAP_READONLY)
        self.flags = flags
        self.host_addr = 0


class Refused(Exception):
    """Xen's answer to one entry is not GNTST_okay.

    Attributes:
        status: GNTST_*.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class GrantTable:
    """`domain.grants`: the grants a domain gives, and those it has mapped.

    Example:
        >>> from xensys.sim import Machine
        >>> guest = Machine().domains[1]
        >>> ref = guest.grants.give(0, 0x1000)
        >>> guest.grants.entry(ref).frame
        4096
        >>> guest.grants.end(ref)
        True
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.active: dict[int, Active] = {}
        self.handles: dict[int, Handle] = {}
        #: Grants that were to end while a peer still had them mapped, and their frames.
        self.deferred: list[tuple[int, int | None]] = []
        self._free_refs: list[int] = []
        self._next_ref = RESERVED_ENTRIES
        self._free_handles: list[int] = []
        self._free_pages: list[int] = []
        self._next_page: int | None = None

    # What the domain's kernel does

    def give(self, domid: int, gfn: int, *, readonly: bool = False) -> int:
        """Grant a frame of the domain to another; returns the reference.

        Raises:
            OSError: ENOSPC, the table is full and may not grow.
        """
        ref = self._free_ref()
        self.write(ref, Entry(GTF_PERMIT_ACCESS | (GTF_READONLY if readonly else 0), domid, gfn))
        return ref

    def end(self, ref: int) -> bool:
        """End a grant; False if it is still mapped, and left as it is."""
        if self.status(ref) & (GTF_READING | GTF_WRITING):
            return False
        self.write(ref, Entry(0, 0, 0, 0, 0))
        if ref >= RESERVED_ENTRIES:
            self._free_refs.append(ref)
        return True

    def end_when_unused(self, ref: int, gfn: int | None) -> None:
        """End a grant and free its page: now, or when the peer has unmapped it."""
        if self.end(ref):
            if gfn is not None:
                self.free_page(gfn)
        else:
            self.deferred.append((ref, gfn))

    def retry_deferred(self) -> None:
        """What Linux's timer does: end what could not be ended before."""
        if self.deferred:
            waiting, self.deferred = self.deferred, []
            for ref, gfn in waiting:
                self.end_when_unused(ref, gfn)

    def take_page(self) -> int:
        """A zeroed frame of the kernel's own, from the top of the domain's memory.

        Raises:
            OSError: ENOMEM.
        """
        memory = self.domain.memory
        gfn = self._free_pages.pop() if self._free_pages else None
        if gfn is None:
            at = memory.highest() if self._next_page is None else self._next_page
            while at >= self.domain.first_gfn + _LEFT_ALONE and memory.slot(at) is None:
                at -= 1
            if at < self.domain.first_gfn + _LEFT_ALONE:
                raise OSError(ENOMEM, os.strerror(ENOMEM))
            self._next_page = at - 1
            gfn = at
        memory.write(gfn * FRAME, bytes(FRAME))
        return gfn

    def free_page(self, gfn: int) -> None:
        """Give such a frame back."""
        self._free_pages.append(gfn)

    # The table itself

    @property
    def entries(self) -> int:
        """How many entries the table has now (nr_grant_entries())."""
        return len(self.domain.grant_slots) * self._per_frame

    @property
    def _per_frame(self) -> int:
        return 512 if self.domain.grant_version == 1 else 256

    def grow(self, frames: int) -> None:
        """Make the table this many frames long, if it is shorter (gnttab_grow_table())."""
        domain = self.domain
        while len(domain.grant_slots) < frames:
            domain.grant_slots.append(domain.memory.new_slot())
        if domain.grant_version == 2:
            self.grow_status()

    def grow_status(self) -> None:
        """Have a status word for each entry."""
        domain = self.domain
        while len(domain.status_slots) < -(-len(domain.grant_slots) * 256 * 2 // FRAME):
            domain.status_slots.append(domain.memory.new_slot())

    def entry(self, ref: int) -> Entry:
        """An entry, as it stands in the table."""
        if self.domain.grant_version == 1:
            return Entry(*_V1.unpack(self._read(ref, _V1.size)))
        flags, domid, offset, length, frame = _V2.unpack(self._read(ref, _V2.size))
        entry = Entry(flags, domid, frame, offset, length)
        if flags & GTF_TYPE_MASK != GTF_TRANSITIVE and not flags & GTF_SUB_PAGE:
            entry.offset, entry.length = 0, FRAME
        return entry

    def write(self, ref: int, entry: Entry) -> None:
        """Write an entry, as the domain's kernel does."""
        if self.domain.grant_version == 1:
            raw = _V1.pack(entry.flags, entry.domid, entry.frame & 0xFFFF_FFFF)
        else:
            sub = entry.flags & GTF_SUB_PAGE
            raw = _V2.pack(
                entry.flags,
                entry.domid,
                entry.offset if sub else 0,
                entry.length if sub else 0,
                entry.frame,
            )
            self.set_status(ref, 0)
        self._write(ref, raw)

    def status(self, ref: int) -> int:
        """GTF_reading and GTF_writing, where Xen shows them."""
        if self.domain.grant_version == 1:
            return self.entry(ref).flags & (GTF_READING | GTF_WRITING)
        slot, offset = self._status_place(ref)
        (word,) = _STATUS.unpack(os.pread(self.domain.memory.fd, 2, slot * FRAME + offset))
        return int(word)

    def set_status(self, ref: int, bits: int) -> None:
        """Set those bits, and clear the other one."""
        fd = self.domain.memory.fd
        if self.domain.grant_version == 1:
            (flags,) = _STATUS.unpack(self._read(ref, 2))
            flags = flags & ~(GTF_READING | GTF_WRITING) | bits
            self._write(ref, _STATUS.pack(flags))
            return
        slot, offset = self._status_place(ref)
        os.pwrite(fd, _STATUS.pack(bits), slot * FRAME + offset)

    def raw(self, ref: int) -> tuple[bytes, int]:
        """An entry's bytes, and its status word."""
        size = FRAME // self._per_frame
        return self._read(ref, size), 0 if self.domain.grant_version == 1 else self.status(ref)

    def put_raw(self, ref: int, entry: tuple[bytes, int]) -> None:
        """Put them elsewhere."""
        self._write(ref, entry[0])
        if self.domain.grant_version == 2:
            self.set_status(ref, entry[1])

    # What Xen does for others

    def map(self, granter: Domain | None, ref: int, flags: int) -> Handle:
        """Map a grant for this domain (map_grant_ref()).

        Raises:
            Refused: with GNTST_*.
        """
        if not flags & (MAP_DEVICE | MAP_HOST):
            raise Refused(BAD_GNTREF)
        external = self.domain.translated
        if external and flags & (MAP_DEVICE | MAP_APPLICATION | MAP_CONTAINS_PTE):
            raise Refused(GENERAL_ERROR)
        if granter is None:
            raise Refused(BAD_DOMAIN)
        if keeps_apart(self.domain, self.domain, granter):
            raise Refused(PERMISSION_DENIED)
        readonly = bool(flags & MAP_READONLY)
        active = granter.grants.pin(ref, self.domain.domid, readonly=readonly, mapping=True)
        handle = Handle(self._free_handle(), granter, ref, active.slot, flags)
        self.handles[handle.number] = handle
        return handle

    def unmap(self, number: int) -> Handle:
        """End such a mapping (unmap_common()).

        Raises:
            Refused: GNTST_bad_handle.
        """
        handle = self.handles.pop(number, None)
        if handle is None:
            raise Refused(BAD_HANDLE)
        self._free_handles.append(number)
        handle.granter.grants.unpin(handle.ref, readonly=handle.readonly)
        return handle

    def release_all(self) -> None:
        """End all that this domain has mapped, as it dies (gnttab_release_mappings())."""
        for number in tuple(self.handles):
            self.unmap(number)

    def pin(self, ref: int, user: int, *, readonly: bool, mapping: bool) -> Active:
        """Take a grant into use, for one mapping or copy.

        Raises:
            Refused: with GNTST_*.
        """
        if ref >= self.entries:
            raise Refused(BAD_GNTREF)
        active = self.active.get(ref)
        if active is not None:
            pins = active.readers if readonly else active.writers
            if active.domid != user or pins >= _MOST_PINS or (mapping and active.sub_page):
                raise Refused(GENERAL_ERROR)
        if active is None or (not readonly and not active.writers):
            self._check(ref, user, active, readonly=readonly, mapping=mapping)
        if active is None:
            entry = self.entry(ref)
            slot = self.granted_slot(entry.frame)
            sub_page = self.domain.grant_version == 2 and bool(entry.flags & GTF_SUB_PAGE)
            active = self.active[ref] = Active(user, slot, sub_page=sub_page)
        if readonly:
            active.readers += 1
        else:
            active.writers += 1
        self._show_status(ref, active)
        return active

    def unpin(self, ref: int, *, readonly: bool) -> None:
        """Give back what `pin` took."""
        active = self.active[ref]
        if readonly:
            active.readers -= 1
        else:
            active.writers -= 1
        if not active.readers and not active.writers:
            del self.active[ref]
        if self.domain.memory.fd >= 0:
            self._show_status(ref, active)

    def granted_slot(self, gfn: int) -> int:
        """The page behind a frame number (get_paged_frame())."""
        domain = self.domain
        slot = None if domain.dying else domain.memory.slot(gfn)
        if slot is None:
            raise Refused(BAD_PAGE)
        if domain.is_paged(gfn):
            raise Refused(EAGAIN)
        return slot

    # Inside

    def _check(self, ref: int, user: int, active: Active | None, *, readonly: bool, mapping: bool) -> None:
        """_set_status(): whether the entry allows this."""
        entry = self.entry(ref)
        mask = GTF_TYPE_MASK | (GTF_SUB_PAGE if mapping else 0)
        if active is None and (entry.flags & mask != GTF_PERMIT_ACCESS or entry.domid != user):
            raise Refused(GENERAL_ERROR)
        if not readonly and entry.flags & GTF_READONLY:
            raise Refused(GENERAL_ERROR)

    def _show_status(self, ref: int, active: Active) -> None:
        bits = 0
        if active.readers or active.writers:
            bits = GTF_READING
        if active.writers:
            bits |= GTF_WRITING
        self.set_status(ref, bits)

    def _free_ref(self) -> int:
        while self._free_refs:
            ref = self._free_refs.pop()
            if ref < self.entries and not self.entry(ref).flags:
                return ref
        while True:
            ref = self._next_ref
            if ref >= self.entries:
                if len(self.domain.grant_slots) >= self.domain.max_grant_frames:
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                self.grow(len(self.domain.grant_slots) + 1)
            self._next_ref += 1
            # Somebody may have written entries from outside, as a toolstack does.
            if not self.entry(ref).flags:
                return ref

    def _free_handle(self) -> int:
        if self._free_handles:
            return self._free_handles.pop()
        return len(self.handles)

    def _place(self, ref: int) -> int:
        frame, index = divmod(ref, self._per_frame)
        return self.domain.grant_slots[frame] * FRAME + index * (FRAME // self._per_frame)

    def _read(self, ref: int, size: int) -> bytes:
        return os.pread(self.domain.memory.fd, size, self._place(ref))

    def _write(self, ref: int, raw: bytes) -> None:
        os.pwrite(self.domain.memory.fd, raw, self._place(ref))

    def _status_place(self, ref: int) -> tuple[int, int]:
        frame, index = divmod(ref, FRAME // 2)
        self.grow_status()
        return self.domain.status_slots[frame], 2 * index
