"""Resources of a domain that are no frames of its memory.

Grant tables, ioreq server pages and trace buffers belong to Xen; a domain that
controls another may map them (XENMEM_acquire_resource, by way of
IOCTL_PRIVCMD_MMAP_RESOURCE; Linux 4.18, the size query 5.11; Xen 4.11).
"""

from __future__ import annotations

from errno import ENOMEM

from xensys.errors import XenInterruptedError, error_from
from xensys.memory.areas import Area
from xensys.memory.foreign import FRAME_SIZE
from xensys.memory.living import Living
from xensys.memory.mapping import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xensys.devices.privcmd import Privcmd
    from xensys.kernel import Kernel


# Xen before 4.20 takes the -EOPNOTSUPP of an unknown kind for a number of
# frames, and says that it is there (resource_max_frames() in xen/common/memory.c).
_ERRNO_TAKEN_FOR_A_SIZE = (1 << 32) - 4095


class ResourceMapping(Mapping):
    """Frames of a resource, mapped.

    Attributes:
        domid: whose resource.
        kind: XENMEM_resource_*.
        ident: which one of that kind.
        first: the first frame mapped.
    """

    __slots__ = ("domid", "first", "ident", "kind")

    def __init__(
        self, kernel: Kernel, area: Area, count: int, domid: int, kind: int, ident: int, first: int
    ) -> None:
        self.domid = domid
        self.kind = kind
        self.ident = ident
        self.first = first
        super().__init__(kernel, area, count * FRAME_SIZE)

    def _what(self) -> str:
        return f"domain {self.domid}, resource type {self.kind} id {self.ident}"


class Resources:
    """Maps resources of other domains; `xen.resources`."""

    __slots__ = ("_kernel", "_living", "_privcmd")

    def __init__(self, kernel: Kernel, privcmd: Callable[[], Privcmd]) -> None:
        self._kernel = kernel
        self._privcmd = privcmd
        self._living = Living()

    def maps(self) -> Iterator[ResourceMapping]:
        """Every mapping that `map` has made and that is still open."""
        return iter(self._living)  # type: ignore[arg-type]  # only such are added

    def size(self, domid: int, kind: int, ident: int = 0) -> int:
        """How large a resource is (XENMEM_acquire_resource without a list).

        Args:
            domid: another domain; one's own is refused.
            kind: XENMEM_resource_ioreq_server 0, _grant_table 1, _vmtrace_buf 2.
            ident: ioreq server id; 0 shared or 1 status frames; vCPU.
        Returns:
            4 KiB frames. Before Xen 4.15 the answer is always 32.
        Raises:
            NoSuchDomainError: ESRCH; also for DOMID_SELF.
            XenPermissionError: EPERM, one's own domid or no privilege; EACCES,
                this caller may not map resources.
            XenNotFoundError: ENOENT, no such ioreq server or vCPU.
            NotSupportedError: EOPNOTSUPP, no such kind, before Xen 4.20.
            XenError: EINVAL, no such kind or id; also a kernel before 5.11.
        """
        privcmd = self._privcmd()
        size = privcmd.mmap_resource(domid, kind, ident, 0, 0, 0)
        if size >= _ERRNO_TAKEN_FOR_A_SIZE:
            raise error_from(
                (1 << 32) - size,
                call="IOCTL_PRIVCMD_MMAP_RESOURCE",
                via=privcmd.path,
                domid=domid,
                arguments={"type": kind, "id": ident, "idx": 0, "num": 0},
            )
        return size

    def map(
        self,
        domid: int,
        kind: int,
        ident: int = 0,
        *,
        first: int = 0,
        frames: int | None = None,
        write: bool = False,
    ) -> ResourceMapping:
        """Map a resource, or part of it (IOCTL_PRIVCMD_MMAP_RESOURCE).

        Args:
            domid, kind, ident: as for `size`.
            first: first 4 KiB frame.
            frames: how many; None asks Xen for the size and takes the rest.
            write: map for reading and writing.
        Raises:
            As `size`; E2BIG for more than 32 frames before Xen 4.15; ENOMEM.
        EINTR: undone, and tried again.

        Mapping a grant table makes it grow to cover the frames asked for.
        """
        if first < 0:
            raise ValueError(f"first: {first}")
        count = self.size(domid, kind, ident) - first if frames is None else frames
        if count <= 0:
            raise ValueError(f"nothing to map: {count} frames from frame {first}")
        page = self._kernel.page_size
        length = -(-count * FRAME_SIZE // page) * page
        privcmd = self._privcmd()
        while True:
            try:
                area = Area(self._kernel, length, writable=write)
            except (OSError, OverflowError):
                raise error_from(ENOMEM, call="mmap", arguments={"length": length}) from None
            try:
                privcmd.map_over(area.memory)
                privcmd.mmap_resource(domid, kind, ident, first, count, area.address)
            except XenInterruptedError:
                area.drop()
                continue
            except BaseException:
                area.drop()
                raise
            mapping = ResourceMapping(self._kernel, area, count, domid, kind, ident, first)
            self._living.add(mapping)
            return mapping
