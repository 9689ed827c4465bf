"""grant_table_op: the tables behind shared pages.

Names are those of xen/include/public/grant_table.h, less GNTTABOP_. Xen
answers per entry, by a status of its own (GNTST_*); here that becomes an
exception like any other.
"""

from __future__ import annotations

from errno import EAGAIN, EFAULT, EINVAL, EIO, ENOENT, ENOSPC, EPERM, ERANGE, ESRCH

from xensys.abi import grant_table as abi
from xensys.abi._base import Packer
from xensys.errors import error_from
from xensys.hypercalls._call import DOMID_SELF, GRANT_TABLE_OP, Caller
from xensys.hypercalls._records import Record

_QUERY_SIZE = Packer(abi.gnttab_query_size)

# The errno that says most nearly the same, and what Xen calls it.
_STATUS = {
    abi.GNTST_general_error: (EIO, "GNTST_general_error"),
    abi.GNTST_bad_domain: (ESRCH, "GNTST_bad_domain"),
    abi.GNTST_bad_gntref: (ENOENT, "GNTST_bad_gntref"),
    abi.GNTST_bad_handle: (EINVAL, "GNTST_bad_handle"),
    abi.GNTST_bad_virt_addr: (EFAULT, "GNTST_bad_virt_addr"),
    abi.GNTST_bad_dev_addr: (EFAULT, "GNTST_bad_dev_addr"),
    abi.GNTST_no_device_space: (ENOSPC, "GNTST_no_device_space"),
    abi.GNTST_permission_denied: (EPERM, "GNTST_permission_denied"),
    abi.GNTST_bad_page: (EINVAL, "GNTST_bad_page"),
    abi.GNTST_bad_copy_arg: (EINVAL, "GNTST_bad_copy_arg"),
    abi.GNTST_address_too_big: (ERANGE, "GNTST_address_too_big"),
    abi.GNTST_eagain: (EAGAIN, "GNTST_eagain"),
    -13: (ENOSPC, "GNTST_no_space"),  # since Xen 4.16
}


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


class GrantTableOp:
    """The grant_table_op hypercall; `xen.grant_table_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def query_size(self, domid: int = DOMID_SELF) -> GrantTableSize:
        """How large a domain's grant table is, and may become (GNTTABOP_query_size).

        Raises:
            NoSuchDomainError: ESRCH, for GNTST_bad_domain.
            XenPermissionError: EPERM, for GNTST_permission_denied.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_QUERY_SIZE.size)
        try:
            _QUERY_SIZE.pack_into(slot.memory, slot.offset, domid, 0, 0, 0)
            self._caller.call(
                GRANT_TABLE_OP,
                "GNTTABOP_query_size",
                abi.GNTTABOP_query_size,
                slot.address,
                1,
                repeatable=True,
                domid=domid,
            )
            _, now, limit, status = _QUERY_SIZE.unpack_from(slot.memory, slot.offset)
        finally:
            buffers.give(slot)
        if status:
            raise_status("GNTTABOP_query_size", status, domid)
        return GrantTableSize(now, limit)


def raise_status(name: str, status: int, domid: int | None) -> None:
    """Raise what a GNTST_* status other than okay means."""
    errno, xen_name = _STATUS.get(status, (EIO, f"status {status}"))
    raise error_from(errno, call=f"grant_table_op({name})", domid=domid, arguments={"status": xen_name})
