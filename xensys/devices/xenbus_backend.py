"""/dev/xen/xenbus_backend: how a xenstored in user space meets dom0's kernel.

In the initial domain only. xenstored maps the page that is its ring with
dom0's kernel, and binds the port; SETUP gives both to a XenStore domain instead.

Rules come from Linux drivers/xen/xenbus/xenbus_dev_backend.c.
"""

from __future__ import annotations

from errno import EPERM

from xensys._packing import check
from xensys.devices._device import Device
from xensys.devices._ioctls import XENBUS_BACKEND
from xensys.errors import HazardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap


class XenbusBackend(Device):
    """A handle on the XenStore side of dom0's XenBus. Needs CAP_SYS_ADMIN for everything."""

    __slots__ = ()

    PATHS = ("/dev/xen/xenbus_backend",)
    MISSING_HINT = "only the initial domain has it"

    def evtchn(self) -> int:
        """The port of dom0 that is bound to XenStore (IOCTL_XENBUS_BACKEND_EVTCHN).

        Raises:
            XenError: ENODEV, there is none yet.
        """
        return self._ioctl(
            "IOCTL_XENBUS_BACKEND_EVTCHN", XENBUS_BACKEND["evtchn"][0], bytearray(), retry=True
        )

    def setup(self, domid: int, *, hazardous: bool = False) -> int:
        """Give dom0's ring to a XenStore domain (IOCTL_XENBUS_BACKEND_SETUP).

        Grants the page as reference GNTTAB_RESERVED_XENSTORE, and makes a new port for
        that domain to bind.

        Args:
            domid: the domain that xenstored is to run in.
            hazardous: must be True: all of dom0's XenStore comes from there from now on.
        Returns:
            The new port.
        Raises:
            HazardError: not `hazardous`.
            XenError: EEXIST, dom0 has talked to a xenstored already.
        EINTR: reported.
        """
        check(domid, "IOCTL_XENBUS_BACKEND_SETUP", "domid", 0, 0xFFFF)
        if not hazardous:
            raise HazardError(
                EPERM,
                call="IOCTL_XENBUS_BACKEND_SETUP",
                domid=domid,
                hint="dom0's XenStore comes from that domain for good; pass hazardous=True if it is to",
            )
        return self._ioctl(
            "IOCTL_XENBUS_BACKEND_SETUP",
            XENBUS_BACKEND["setup"][0],
            domid,  # the number itself
            domid=domid,
        )

    def map_over(self, memory: mmap.mmap) -> None:
        """Map the ring, one page, in place of anonymous memory.

        The kernel and xenstored talk through it: to write there confuses both.

        Args:
            memory: a `Kernel.reserve()` of one page, which also says whether to map for writing.
        Raises:
            XenError: EINVAL, more than a page.
        """
        self._map_over(memory)
