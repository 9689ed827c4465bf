"""/dev/xen/hypercall: memory that Xen may read and write at any moment.

The device does one thing: map pages that Linux will not move, share or swap.
`xensys.memory.buffers` makes an allocator of it.

Rules come from Linux drivers/xen/privcmd-buf.c (since Linux 4.18).
"""

from __future__ import annotations

from xensys.devices._device import Device

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap


class HypercallMemory(Device):
    """A handle on the hypercall buffer device."""

    __slots__ = ()

    PATHS = ("/dev/xen/hypercall",)
    MISSING_HINT = "load the xen-privcmd module (Linux 4.18 or later)"

    def map_over(self, memory: mmap.mmap) -> None:
        """Map zeroed pages in place of anonymous memory.

        Args:
            memory: a writable `Kernel.reserve()`; its views see the pages from then on.
        Raises:
            XenError: ENOMEM, or EINVAL beyond 64 pages of one handle with the
                driver's first version.
        """
        self._map_over(memory)
