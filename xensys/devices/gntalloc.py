"""/dev/xen/gntalloc: pages of this domain, granted to another.

One method per ioctl, none of them with any policy: see `xensys.memory.grant`.

Rules come from Linux include/uapi/xen/gntalloc.h and drivers/xen/gntalloc.c.
"""

from __future__ import annotations

from struct import Struct

from xensys._packing import check, pack_into, packed
from xensys.devices._device import Device
from xensys.devices._ioctls import GNTALLOC

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap

_ALLOC = Struct("<HHIQ")
_DEALLOC = Struct("<QIxxxx")
_NOTIFY = Struct("<QII")

#: Pages of one request, whatever `limit` is set to: more references than this
#: are refused by the kernel's own allocator (4 MiB).
MOST_PAGES = 1 << 20


class Gntalloc(Device):
    """A handle on the grant allocation device."""

    __slots__ = ()

    PATHS = ("/dev/xen/gntalloc",)
    MISSING_HINT = "this is no Xen domain, or the xen-gntalloc module is not loaded"

    def alloc_gref(self, domid: int, count: int, *, flags: int = 0) -> tuple[int, tuple[int, ...]]:
        """Allocate zeroed pages and grant them at once (IOCTL_GNTALLOC_ALLOC_GREF).

        Args:
            domid: who may map them; DOMID_SELF is nobody.
            count: 4 KiB pages, up to 2**20; none at all are allowed.
            flags: GNTALLOC_FLAG_WRITABLE (1): for writing, too.
        Returns:
            Their offset for `map_over`, in bytes, and their grant references.
        Raises:
            XenError: ENOSPC, more than the module's parameter `limit` (1024)
                for all files of this system together, or the grant table is
                full; ENOMEM.
        EINTR: reported.
        """
        check(count, "ioctl_gntalloc_alloc_gref", "count", 0, MOST_PAGES)
        # Never shorter than its number says: room for two.
        arg = bytearray(_ALLOC.size + 4 * max(count, 2))
        pack_into(
            _ALLOC,
            arg,
            0,
            "ioctl_gntalloc_alloc_gref",
            ("domid", "flags", "count", "index"),
            (domid, flags, count, 0),
        )
        self._ioctl(
            "IOCTL_GNTALLOC_ALLOC_GREF",
            GNTALLOC["alloc_gref"][0],
            arg,
            domid=domid,
            arguments={"flags": flags, "count": count},
        )
        index: int = _ALLOC.unpack_from(arg)[3]
        return index, Struct(f"<{count}I").unpack_from(arg, _ALLOC.size)

    def map_over(self, memory: mmap.mmap, index: int) -> None:
        """Map pages in place of anonymous memory.

        Args:
            memory: a `Kernel.reserve()` as long as what is at `index`; it also
                says whether to map for writing.
            index: offset that `alloc_gref` has returned, bytes.
        Raises:
            XenNotFoundError: ENOENT, no such pages.
            XenError: ENOMEM.
        """
        self._map_over(memory, index)

    def dealloc_gref(self, index: int, count: int) -> None:
        """Give pages up (IOCTL_GNTALLOC_DEALLOC_GREF).

        A grant ends when this was said and no memory of ours shows the page.
        If the peer has it mapped then, the kernel keeps the page until it has not.

        Args:
            index: offset of the first, bytes.
            count: 4 KiB pages.
        Raises:
            XenError: EINVAL, no such pages, or none at all.
        """
        arg = packed(_DEALLOC, "ioctl_gntalloc_dealloc_gref", ("index", "count"), (index, count))
        self._ioctl(
            "IOCTL_GNTALLOC_DEALLOC_GREF",
            GNTALLOC["dealloc_gref"][0],
            arg,
            arguments={"index": index, "count": count},
        )

    def set_unmap_notify(self, index: int, action: int, port: int = 0) -> None:
        """Say what is to happen when a page is given up (IOCTL_GNTALLOC_SET_UNMAP_NOTIFY).

        Replaces what was said before; action 0 says nothing. Each page has an
        order of its own.

        Args:
            index: offset of a byte in the file: the one to clear.
            action: UNMAP_NOTIFY_CLEAR_BYTE (1), UNMAP_NOTIFY_SEND_EVENT (2), or both.
            port: local event channel to signal, bound through /dev/xen/evtchn.
        Raises:
            XenNotFoundError: ENOENT, no such page.
            XenError: EINVAL, an unknown action, or no such port.
        EINTR: retried.
        """
        arg = packed(
            _NOTIFY,
            "ioctl_gntalloc_unmap_notify",
            ("index", "action", "event_channel_port"),
            (index, action, port),
        )
        self._ioctl(
            "IOCTL_GNTALLOC_SET_UNMAP_NOTIFY",
            GNTALLOC["set_unmap_notify"][0],
            arg,
            arguments={"index": index, "action": action, "port": port},
            retry=True,
        )
