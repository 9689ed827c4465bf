"""GNTTABOP_copy between two places: xen/common/grant_table.c gnttab_copy_one()."""

from __future__ import annotations

import os

from xensys.sim.grants import (
    BAD_COPY_ARG,
    BAD_DOMAIN,
    GENERAL_ERROR,
    GTF_TRANSITIVE,
    GTF_TYPE_MASK,
    PERMISSION_DENIED,
    Refused,
)
from xensys.sim.guestmemory import FRAME
from xensys.sim.silo import keeps_apart
from xensys.sim.xen.access import DOMID_SELF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain
    from xensys.sim.kernel import SimKernel


class Copier:
    """One side of a copy: a grant, a frame of the caller's, or its process' memory."""

    __slots__ = ("_gfn", "_pinned", "_ref", "address", "domain", "domid", "kernel", "offset", "slot")

    def __init__(self, kernel: SimKernel, offset: int) -> None:
        self.kernel = kernel
        self.offset = offset
        self.domid = DOMID_SELF
        self.address: int | None = None
        self.slot = 0
        self.domain: Domain = kernel.domain
        self._ref: int | None = None
        self._gfn = 0
        self._pinned: list[tuple[Domain, int, bool]] = []

    @classmethod
    def of_grant(cls, kernel: SimKernel, domid: int, ref: int, offset: int) -> Copier:
        """Part of a granted page."""
        made = cls(kernel, offset)
        made.domid, made._ref = domid, ref
        return made

    @classmethod
    def of_frame(cls, kernel: SimKernel, domid: int, gfn: int, offset: int) -> Copier:
        """Part of a frame, which must be the caller's."""
        made = cls(kernel, offset)
        made.domid, made._gfn = domid, gfn
        return made

    @classmethod
    def of_process(cls, kernel: SimKernel, address: int) -> Copier:
        """Memory that the caller's kernel has pinned, not across pages."""
        made = cls(kernel, address % FRAME)
        made.address = address
        return made

    @classmethod
    def copy(cls, source: Copier, dest: Copier, length: int) -> int:
        """Do it; returns GNTST_*."""
        if not length and source.kernel.xen_machine.xen >= (4, 19):
            return 0
        try:
            source._lock_domain()
            dest._lock_domain()
            if keeps_apart(source.kernel.domain, source.domain, dest.domain):
                raise Refused(PERMISSION_DENIED)
            low, high = source._claim(readonly=True)
            dest_low, dest_high = dest._claim(readonly=False)
            if source.offset + length > FRAME or dest.offset + length > FRAME:
                raise Refused(BAD_COPY_ARG)
            if source.offset < low or source.offset + length > high:
                raise Refused(GENERAL_ERROR)
            if dest.offset < dest_low or dest.offset + length > dest_high:
                raise Refused(GENERAL_ERROR)
            dest._write(source._read(length))
        except Refused as refused:
            return refused.status
        finally:
            source._release()
            dest._release()
        return 0

    def _lock_domain(self) -> None:
        if self.address is not None:
            return
        if self._ref is None and self.domid != DOMID_SELF:
            raise Refused(PERMISSION_DENIED)
        if self.domid != DOMID_SELF:
            found = self.kernel.xen_machine.find(self.domid)
            if found is None:
                raise Refused(BAD_DOMAIN)
            self.domain = found

    def _claim(self, *, readonly: bool) -> tuple[int, int]:
        """gnttab_copy_claim_buf(): the first byte that may be used, and the end."""
        if self.address is not None:
            return 0, FRAME
        if self._ref is None:
            self.slot = self.domain.grants.granted_slot(self._gfn)
            return 0, FRAME
        return self._acquire(self.domain, self._ref, self.kernel.domain.domid, readonly, transitive=True)

    def _acquire(
        self, domain: Domain, ref: int, user: int, readonly: bool, *, transitive: bool
    ) -> tuple[int, int]:
        """acquire_grant_for_copy()."""
        table = domain.grants
        if domain.grant_version == 2 and ref < table.entries:
            entry = table.entry(ref)
            if entry.flags & GTF_TYPE_MASK == GTF_TRANSITIVE:
                if entry.domid != user or not transitive or entry.trans_domid == domain.domid:
                    raise Refused(GENERAL_ERROR)
                further = self.kernel.xen_machine.find(entry.trans_domid)
                if further is None:
                    raise Refused(GENERAL_ERROR)
                return self._acquire(further, entry.trans_ref, domain.domid, readonly, transitive=False)
        active = table.pin(ref, user, readonly=readonly, mapping=False)
        self._pinned.append((domain, ref, readonly))
        self.domain, self.slot = domain, active.slot
        entry = table.entry(ref)
        if active.sub_page:
            return entry.offset, entry.offset + entry.length
        return 0, FRAME

    def _release(self) -> None:
        while self._pinned:
            domain, ref, readonly = self._pinned.pop()
            domain.grants.unpin(ref, readonly=readonly)

    def _read(self, length: int) -> bytes:
        if self.address is not None:
            return self.kernel.xen_machine.user.read(self.address, length)
        return os.pread(self.domain.memory.fd, length, self.slot * FRAME + self.offset)

    def _write(self, data: bytes) -> None:
        if self.address is not None:
            self.kernel.xen_machine.user.write(self.address, data)
        else:
            os.pwrite(self.domain.memory.fd, data, self.slot * FRAME + self.offset)
