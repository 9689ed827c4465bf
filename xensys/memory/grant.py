"""Memory that domains have granted each other.

Start at `Grants`, which is `xen.grants`: `map` what others granted, `share`
pages of one's own, `copy` without mapping anything.

Always true here:

* Either all grants of a mapping are mapped, or none is.
* A mapping keeps its granter a zombie if that dies: `maps()` lists them.
* What lies in shared memory was written by somebody else, perhaps just now:
  copy, then check, then use.

Rules come from Linux drivers/xen/gntdev.c and gntalloc.c.
"""

from __future__ import annotations

from _thread import RLock
from _weakref import ref
from errno import EAGAIN, EINVAL, EOPNOTSUPP

from xensys._lifetime import OneOfAKind, watch_fork
from xensys.devices._device import check_domid, restricted
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.errors import ForkedError, GrantMapError, XenError, XenInterruptedError, error_from
from xensys.memory.foreign import FRAME_SIZE, PAGING_TIMEOUT
from xensys.memory.granted import GrantedMemory, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self, SupportsIndex, TypeVar

    from _typeshed import ReadableBuffer

    from xensys.devices._device import Device
    from xensys.kernel import Kernel
    from xensys.memory.areas import Area
    from xensys.memory.dmabuf import ImportedDmabuf
    from xensys.memory.grant_copy import Segment

    _Handle = TypeVar("_Handle", Gntdev, Gntalloc)

_WRITABLE = 1
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


class GrantMapping(GrantedMemory):
    """Pages that other domains have granted, mapped; made by `Grants.map`.

    Attributes:
        domids: who granted them, one for each page.
        refs: their grant references.
    """

    __slots__ = ("domids",)

    def __init__(
        self, kernel: Kernel, area: Area, place: Place, domids: tuple[int, ...], refs: tuple[int, ...]
    ) -> None:
        self.domids = domids
        super().__init__(kernel, area, place, refs)

    def _what(self) -> str:
        domids = sorted(set(self.domids))
        whose = f"domain {domids[0]}" if len(domids) == 1 else f"{len(domids)} domains"
        return f"of {whose}, {len(self.refs)} grant(s) from {self.refs[0]}"


class Share(GrantedMemory):
    """Pages of our own that another domain may map; made by `Grants.share`.

    They start as zeros. When this is closed and the peer still has some of
    them mapped, they remain its until it unmaps them; the kernel sees to that.

    Attributes:
        domid: who may map them.
        refs: grant references, for the peer: one for each page.
    """

    __slots__ = ("domid",)

    def __init__(self, kernel: Kernel, area: Area, place: Place, domid: int, refs: tuple[int, ...]) -> None:
        self.domid = domid
        super().__init__(kernel, area, place, refs)

    def _what(self) -> str:
        return f"for domain {self.domid}, {len(self.refs)} grant(s) from {self.refs[0]}"


class Grants(OneOfAKind):
    """Granted memory; `xen.grants`. Thread-safe; a context manager.

    The devices are opened on first use.
    """

    __slots__ = ("__weakref__", "_gntalloc", "_gntdev", "_kernel", "_lock", "_maps", "_only", "_state")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._gntdev: Gntdev | None = None
        self._gntalloc: Gntalloc | None = None
        self._maps: dict[int, ref[GrantMapping]] = {}
        self._lock = RLock()
        self._only: int | None = None
        self._state = "open"
        watch_fork(self)

    @property
    def gntdev(self) -> Gntdev:
        """The handle that maps and copies; opened now if it was not yet."""
        handle = self._gntdev
        return self._keep("_gntdev", Gntdev) if handle is None else handle

    @property
    def gntalloc(self) -> Gntalloc:
        """The handle that shares; opened now if it was not yet."""
        handle = self._gntalloc
        return self._keep("_gntalloc", Gntalloc) if handle is None else handle

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._state == "closed"

    def map(
        self,
        domid: int | Sequence[int],
        refs: Sequence[int],
        *,
        write: bool = False,
        notify_byte: int | None = None,
        notify_port: SupportsIndex | None = None,
        diagnose: bool = False,
        timeout: float | None = PAGING_TIMEOUT,
    ) -> GrantMapping:
        """Map pages that other domains have granted (IOCTL_GNTDEV_MAP_GRANT_REF, mmap).

        Args:
            domid: who granted them; or a sequence as long as `refs`.
            refs: grant references, in the order they are to be mapped in.
            write: map for reading and writing.
            notify_byte, notify_port: see `GrantedMemory.set_notify`.
            diagnose: if it fails, try each grant by itself to find the culprits.
            timeout: seconds to try again while the driver says EAGAIN; None waits.
        Raises:
            GrantMapError: EINVAL, a grant cannot be mapped, for whatever
                reason; EAGAIN, still so at the end of `timeout`. Nothing stays mapped.
            XenError: EINVAL, more grants than the driver's `limit` (65536), or
                a `notify_port` that is none; ENOMEM.
            NotSupportedError: EOPNOTSUPP, a kernel whose pages are not 4 KiB.
        EINTR: what was mapped is undone, and the map tried again.

        Example:
            >>> with xen.grants.map(1, [8]) as m:  # doctest: +SKIP
            ...     m[:5]
            b'Hello'
        """
        wanted = _pairs(domid, refs)
        gntdev = self.gntdev
        _check_pages(self._kernel, gntdev.path)
        deadline = None if timeout is None else self._kernel.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                mapping = self._map_once(gntdev, wanted, write, notify_byte, notify_port)
            except _Refused as refused:
                error = refused.error
            else:
                self._remember(mapping)
                return mapping
            if isinstance(error, XenInterruptedError):
                continue
            if error.errno == EAGAIN:
                # A map can be tried once in its life, so it is made anew each time.
                left = None if deadline is None else deadline - self._kernel.monotonic()
                if left is None or left > 0:
                    self._kernel.sleep(pause if left is None else min(pause, left))
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
            elif error.errno != EINVAL:
                raise error
            failed = self._culprits(gntdev, wanted, write) if diagnose else ()
            raise self._map_error(error, wanted, failed, diagnose)

    def share(
        self,
        domid: int,
        pages: int = 1,
        *,
        write: bool = False,
        notify_byte: int | None = None,
        notify_port: SupportsIndex | None = None,
    ) -> Share:
        """Grant zeroed pages to another domain (IOCTL_GNTALLOC_ALLOC_GREF, mmap).

        Args:
            domid: who may map them.
            pages: how many, 4 KiB each.
            write: the peer may write to them; we may in any case.
            notify_byte, notify_port: see `GrantedMemory.set_notify`.
        Raises:
            XenError: ENOSPC, more than the driver's `limit` (1024) for the
                whole system, or no room in the grant table; ENOMEM; EINVAL, a
                `notify_port` that is none.
            NotSupportedError: EOPNOTSUPP, a kernel whose pages are not 4 KiB.
        EINTR: reported.

        Example:
            >>> with xen.grants.share(1) as share:  # doctest: +SKIP
            ...     share[:5] = b"Hello"
            ...     share.refs
            (8,)
        """
        if pages < 1:
            raise ValueError(f"pages: {pages}")
        gntalloc = self.gntalloc
        _check_pages(self._kernel, gntalloc.path)
        index, refs = gntalloc.alloc_gref(domid, pages, flags=_WRITABLE if write else 0)
        place = Place(gntalloc, index, pages, gntalloc.dealloc_gref)
        area: Area | None = None
        try:
            area = place.area(self._kernel, writable=True)
            if notify_byte is not None or notify_port is not None:
                place.notify(notify_byte, notify_port)
            return Share(self._kernel, area, place, domid, refs)
        except BaseException:
            if area is not None:
                area.memory.close()
            place.end()
            raise

    def copy(self, segments: Sequence[Segment]) -> None:
        """Copy between our memory and granted pages (IOCTL_GNTDEV_GRANT_COPY).

        Nothing is mapped. Since Linux 4.8.

        Args:
            segments: (source, destination, length) of each, in bytes. A side
                is a `GrantedPage`, or a buffer; at least one is a
                `GrantedPage`, and does not leave its page. For a buffer
                `length` may be None: all of it.
        Raises:
            GrantCopyError: some were not copied; it says which.
            ValueError: no side is granted, a copy leaves its page, or a buffer is shorter.
        EINTR: reported as a GrantCopyError.
        """
        from xensys.memory.grant_copy import copy

        copy(self.gntdev, segments)

    def copy_from(self, domid: int, ref: int, offset: int = 0, length: int | None = None) -> bytes:
        """Copy out of a page that a domain has granted; see `copy`.

        Args:
            offset, length: bytes, inside the page; None: all the rest of it.
        """
        from xensys.memory.grant_copy import GrantedPage

        data = bytearray(FRAME_SIZE - offset if length is None else length)
        if data:
            self.copy([(GrantedPage(domid, ref, offset), data, len(data))])
        return bytes(data)

    def copy_to(self, domid: int, ref: int, offset: int, data: ReadableBuffer) -> None:
        """Copy into a page that a domain has granted for writing; see `copy`.

        Args:
            offset: byte in the page.
            data: fits into the rest of it.
        """
        from xensys.memory.grant_copy import GrantedPage

        self.copy([(data, GrantedPage(domid, ref, offset), None)])

    def export_dmabuf(self, domid: int, refs: Sequence[int], *, flags: int = 0) -> int:
        """Make a dma-buf of a domain's grants; see `Gntdev.dmabuf_exp_from_refs`."""
        return self.gntdev.dmabuf_exp_from_refs(domid, refs, flags=flags)

    def wait_dmabuf_released(self, fd: int, timeout: float) -> bool:
        """Wait until an exported dma-buf is used by nobody.

        Args:
            fd: as `export_dmabuf` returned it; closed by now.
            timeout: seconds, to the millisecond.
        Returns:
            Whether it is.
        Raises:
            NotSupportedError: ENOTTY, not in this kernel.
        """
        from xensys.memory.dmabuf import wait_released

        return wait_released(self.gntdev, fd, timeout)

    def import_dmabuf(self, fd: int, pages: int, domid: int) -> ImportedDmabuf:
        """Grant the pages of a dma-buf to a domain; see `Gntdev.dmabuf_imp_to_refs`."""
        from xensys.memory.dmabuf import ImportedDmabuf

        gntdev = self.gntdev
        return ImportedDmabuf(gntdev, fd, domid, gntdev.dmabuf_imp_to_refs(fd, pages, domid))

    def maps(self) -> Iterator[GrantMapping]:
        """Every mapping that `map` has made and that is still open."""
        for reference in tuple(self._maps.values()):
            mapping = reference()
            if mapping is not None and not mapping.closed:
                yield mapping

    def restrict(self, domid: int) -> None:
        """Give both devices up, for good: they cannot be restricted to one domain. See `Device.restrict`.

        Mappings and shares stay until they are closed; nothing new can be mapped, shared or copied.

        Args:
            domid: in whose favour, for the error: 0 … 0x7FEF.
        Raises:
            XenError: EINVAL, restricted to another domain already.
        """
        check_domid(domid)
        with self._lock:
            self._check_open()
            if self._only is None:
                self._only = domid
            for handle in (self._gntdev, self._gntalloc):
                if handle is not None:
                    handle.restrict(domid)

    def close(self) -> None:
        """Close the devices; a second call does nothing. Mappings and shares stay."""
        with self._lock:
            if self._state == "closed":
                return
            self._state = "closed"
            handles = (self._gntdev, self._gntalloc)
            self._gntdev = self._gntalloc = None
        for handle in handles:
            if handle is not None:
                handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Grants, {self._state}, {sum(1 for _ in self.maps())} mapped>"

    def _map_once(
        self,
        gntdev: Gntdev,
        wanted: list[tuple[int, int]],
        write: bool,
        notify_byte: int | None,
        notify_port: SupportsIndex | None,
    ) -> GrantMapping:
        index = gntdev.map_grant_ref(wanted)
        place = Place(gntdev, index, len(wanted), gntdev.unmap_grant_ref)
        area: Area | None = None
        try:
            try:
                area = place.area(self._kernel, writable=write)
            except XenError as error:
                if error.call != "mmap" or not error.via:
                    raise
                raise _Refused(error) from None
            if notify_byte is not None or notify_port is not None:
                place.notify(notify_byte, notify_port)
            domids, refs = zip(*wanted, strict=True)
            return GrantMapping(self._kernel, area, place, domids, refs)
        except BaseException:
            # In this order, as always: what is to happen at the unmap then does.
            if area is not None:
                area.memory.close()
            place.end()
            raise

    def _culprits(
        self, gntdev: Gntdev, wanted: list[tuple[int, int]], write: bool
    ) -> tuple[tuple[int, int, int], ...]:
        """Which of these grants cannot be mapped, each tried by itself."""
        failed: list[tuple[int, int, int]] = []
        for number, (domid, grant) in enumerate(wanted):
            try:
                self._map_once(gntdev, [(domid, grant)], write, None, None).close()
            except _Refused:
                failed.append((number, domid, grant))
        return tuple(failed)

    def _map_error(
        self,
        error: XenError,
        wanted: list[tuple[int, int]],
        failed: tuple[tuple[int, int, int], ...],
        diagnosed: bool,
    ) -> GrantMapError:
        domids = {domid for domid, _ in wanted}
        if error.errno == EAGAIN:
            hint = "the granter's memory is paged out, or a former mapping is still being undone"
        elif diagnosed and not failed:
            hint = "each grant by itself could be mapped a moment later"
        elif diagnosed:
            hint = ""
        else:
            hint = "Linux does not say which grant is bad; diagnose=True finds out"
        return GrantMapError(
            error.errno or 0,
            failed=failed,
            requested=len(wanted),
            call="mmap",
            via=error.via,
            domid=domids.pop() if len(domids) == 1 else None,
            arguments={"n_refs": len(wanted), "first_ref": wanted[0][1]},
            hint=hint,
        )

    def _remember(self, mapping: GrantMapping) -> None:
        key = id(mapping)
        maps = self._maps

        def forget(dead: ref[GrantMapping]) -> None:
            # An id is reused only once this has run.
            if maps.get(key) is dead:
                maps.pop(key, None)

        maps[key] = ref(mapping, forget)

    def _keep(self, name: str, device: type[_Handle]) -> _Handle:
        """Open a device; the first one opened by any thread is everybody's."""
        self._check_open()
        self._check_unrestricted(device)
        opened = device.open(self._kernel)
        with self._lock:
            if self._state == "open" and self._only is None and getattr(self, name) is None:
                setattr(self, name, opened)
            handle: _Handle | None = getattr(self, name)
        if handle is not opened:
            # Another thread was quicker, to open, to close or to restrict.
            opened.close()
        if handle is None:
            self._check_open()
            self._check_unrestricted(device)
            raise AssertionError
        return handle

    def _check_unrestricted(self, device: type[Device]) -> None:
        if self._only is not None:
            raise restricted(self._only, device.PATHS[0])

    def _check_open(self) -> None:
        if self._state == "forked":
            raise ForkedError
        if self._state == "closed":
            raise ValueError("these Grants are closed")

    def _forked(self) -> None:
        if self._state == "open":
            self._state = "forked"
        # The handles and mappings raise by themselves; a thread that is no more may have held this.
        self._lock = RLock()


class _Refused(Exception):
    """The driver would not map a place."""

    def __init__(self, error: XenError) -> None:
        super().__init__(error)
        self.error = error


def _pairs(domid: int | Sequence[int], refs: Sequence[int]) -> list[tuple[int, int]]:
    grants = list(refs)
    if not grants:
        raise ValueError("refs: none given")
    if isinstance(domid, int):
        return [(domid, grant) for grant in grants]
    domids = list(domid)
    if len(domids) != len(grants):
        raise ValueError(f"{len(domids)} domids for {len(grants)} refs")
    return list(zip(domids, grants, strict=True))


def _check_pages(kernel: Kernel, path: str) -> None:
    if kernel.page_size != FRAME_SIZE:
        raise error_from(
            EOPNOTSUPP,
            call="mmap",
            via=path,
            arguments={"page_size": kernel.page_size},
            hint="a grant is 4 KiB; how this kernel lays them out in larger pages was never tried",
        )
