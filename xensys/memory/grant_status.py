"""GNTST_*: what Xen answers to each entry of a grant operation (xen/include/public/grant_table.h)."""

from __future__ import annotations

from errno import EAGAIN, EFAULT, EINVAL, EIO, ENOENT, ENOSPC, EPERM, ERANGE, ESRCH

OKAY = 0

#: Status → the errno that says most nearly the same, and what Xen calls it.
STATUS = {
    -1: (EIO, "GNTST_general_error"),
    -2: (ESRCH, "GNTST_bad_domain"),
    -3: (ENOENT, "GNTST_bad_gntref"),
    -4: (EINVAL, "GNTST_bad_handle"),
    -5: (EFAULT, "GNTST_bad_virt_addr"),
    -6: (EFAULT, "GNTST_bad_dev_addr"),
    -7: (ENOSPC, "GNTST_no_device_space"),
    -8: (EPERM, "GNTST_permission_denied"),
    -9: (EINVAL, "GNTST_bad_page"),
    -10: (EINVAL, "GNTST_bad_copy_arg"),
    -11: (ERANGE, "GNTST_address_too_big"),
    -12: (EAGAIN, "GNTST_eagain"),
    -13: (ENOSPC, "GNTST_no_space"),  # since Xen 4.16
}


def meaning(status: int) -> tuple[int, str]:
    """The errno and name of a status; EIO for one that nobody knows."""
    return STATUS.get(status, (EIO, f"status {status}"))
