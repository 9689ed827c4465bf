"""/dev/xen/gntdev: memory that other domains have granted to this one.

One method per ioctl, none of them with any policy: mapping grants so that they
stay safe to touch is `xensys.memory.grant`'s work.

Rules come from Linux include/uapi/xen/gntdev.h, drivers/xen/gntdev.c and
gntdev-dmabuf.c.
"""

from __future__ import annotations

from struct import Struct

from xensys._packing import check, pack_into, packed
from xensys.devices._device import Device
from xensys.devices._ioctls import GNTDEV

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence

    from _typeshed import WriteableBuffer

_MAP = Struct("<IxxxxQ")
_GRANT = Struct("<II")
_UNMAP = Struct("<QIxxxx")
_OFFSET = Struct("<QQIxxxx")
_MAX_GRANTS = Struct("<I")
_NOTIFY = Struct("<QII")
_COPY = Struct("<IxxxxQ")
_EXPORT = Struct("<IIII")
_WAIT = Struct("<II")
_IMPORT = Struct("<IIII")
_U32 = 0xFFFF_FFFF
#: Bytes of a struct gntdev_grant_copy_segment.
SEGMENT_SIZE = 24


class Gntdev(Device):
    """A handle on the grant mapping device."""

    __slots__ = ()

    PATHS = ("/dev/xen/gntdev",)
    MISSING_HINT = "this is no Xen domain, or the xen-gntdev module is not loaded"

    def map_grant_ref(self, grants: Sequence[tuple[int, int]]) -> int:
        """Reserve a place in the file for grants (IOCTL_GNTDEV_MAP_GRANT_REF).

        Nothing is asked of Xen: whether the grants are good, `map_over` tells.

        Args:
            grants: (domid, grant reference) of each.
        Returns:
            The place's offset, for `map_over`; bytes.
        Raises:
            XenError: EINVAL, none at all or more than the module's parameter
                `limit` (65536); ENOMEM.
        EINTR: retried.
        """
        arg = bytearray(_MAP.size + _GRANT.size * len(grants))
        # Never shorter than its number says.
        arg.extend(bytes(max(GNTDEV["map_grant_ref"][1] - len(arg), 0)))
        pack_into(_MAP, arg, 0, "ioctl_gntdev_map_grant_ref", ("count", "index"), (len(grants), 0))
        for number, grant in enumerate(grants):
            name = f"ioctl_gntdev_map_grant_ref.refs[{number}]"
            pack_into(_GRANT, arg, _MAP.size + _GRANT.size * number, name, ("domid", "ref"), grant)
        self._ioctl(
            "IOCTL_GNTDEV_MAP_GRANT_REF",
            GNTDEV["map_grant_ref"][0],
            arg,
            arguments={"count": len(grants)},
            retry=True,
        )
        index: int = _MAP.unpack_from(arg)[1]
        return index

    def map_over(self, memory: mmap.mmap, index: int) -> None:
        """Map grants in place of anonymous memory.

        Args:
            memory: a `Kernel.reserve()` as long as what is at `index`; it also
                says whether to map for writing.
            index: offset that `map_grant_ref` has returned, bytes.
        Raises:
            XenError: EINVAL, a grant that Xen refuses, or no such place; ENOMEM.
                What was mapped of the others is not any more.
        """
        self._map_over(memory, index)

    def unmap_grant_ref(self, index: int, count: int) -> None:
        """Give such a place up (IOCTL_GNTDEV_UNMAP_GRANT_REF).

        The grants stay mapped for as long as their memory is.

        Args:
            index: the place's offset, bytes.
            count: grants, as reserved; 0 stands for any number.
        Raises:
            XenNotFoundError: ENOENT, no such place.
        """
        arg = packed(_UNMAP, "ioctl_gntdev_unmap_grant_ref", ("index", "count"), (index, count))
        self._ioctl(
            "IOCTL_GNTDEV_UNMAP_GRANT_REF",
            GNTDEV["unmap_grant_ref"][0],
            arg,
            arguments={"index": index, "count": count},
        )

    def get_offset_for_vaddr(self, address: int) -> tuple[int, int]:
        """The place that an address is mapped from (IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR).

        Returns:
            Offset in bytes and number of grants, of the whole place.
        Raises:
            XenError: EINVAL, not an address of this device's.
        EINTR: retried.
        """
        arg = packed(
            _OFFSET, "ioctl_gntdev_get_offset_for_vaddr", ("vaddr", "offset", "count"), (address, 0, 0)
        )
        self._ioctl(
            "IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR",
            GNTDEV["get_offset_for_vaddr"][0],
            arg,
            arguments={"vaddr": address},
            retry=True,
        )
        _, offset, count = _OFFSET.unpack(arg)
        return offset, count

    def set_max_grants(self, count: int) -> None:
        """Limit the grants of this file (IOCTL_GNTDEV_SET_MAX_GRANTS).

        Raises:
            NotSupportedError: ENOTTY: no Linux of this age has it.
        """
        arg = packed(_MAX_GRANTS, "ioctl_gntdev_set_max_grants", ("count",), (count,))
        self._ioctl("IOCTL_GNTDEV_SET_MAX_GRANTS", GNTDEV["set_max_grants"][0], arg, retry=True)

    def set_unmap_notify(self, index: int, action: int, port: int = 0) -> None:
        """Say what is to happen when a place is unmapped (IOCTL_GNTDEV_SET_UNMAP_NOTIFY).

        Replaces what was said before; action 0 says nothing.

        Args:
            index: offset of a byte in the place: the one to clear.
            action: UNMAP_NOTIFY_CLEAR_BYTE (1), UNMAP_NOTIFY_SEND_EVENT (2), or both.
            port: local event channel to signal, bound through /dev/xen/evtchn.
        Raises:
            XenNotFoundError: ENOENT, the offset is in no place.
            XenError: EINVAL, an unknown action, no such port, or a byte to
                clear in what is mapped read-only.
        EINTR: retried.
        """
        arg = packed(
            _NOTIFY,
            "ioctl_gntdev_unmap_notify",
            ("index", "action", "event_channel_port"),
            (index, action, port),
        )
        self._ioctl(
            "IOCTL_GNTDEV_SET_UNMAP_NOTIFY",
            GNTDEV["set_unmap_notify"][0],
            arg,
            arguments={"index": index, "action": action, "port": port},
            retry=True,
        )

    def grant_copy(self, segments: WriteableBuffer) -> None:
        """Copy to and from granted pages (IOCTL_GNTDEV_GRANT_COPY). Since Linux 4.8.

        Success of the call says nothing of the copies: read each `status`.

        Args:
            segments: structs gntdev_grant_copy_segment in a row. The memory
                they point to must stay, and be ordinary memory.
        Raises:
            XenError: EINVAL, a segment without a grant, or one that leaves a
                granted page; EFAULT, memory that the kernel cannot pin. Earlier
                segments may have been copied.
            NotSupportedError: ENOTTY, an older kernel.
        EINTR: reported; segments may have been copied.
        """
        from xensys.kernel.pointers import Pin

        with Pin(segments, writable=True) as pin:
            count, rest = divmod(pin.length, SEGMENT_SIZE)
            if rest:
                raise ValueError(f"segments: {pin.length} bytes is no multiple of {SEGMENT_SIZE}")
            arg = packed(_COPY, "ioctl_gntdev_grant_copy", ("count", "segments"), (count, pin.address))
            self._ioctl("IOCTL_GNTDEV_GRANT_COPY", GNTDEV["grant_copy"][0], arg, arguments={"count": count})

    def dmabuf_exp_from_refs(self, domid: int, refs: Sequence[int], *, flags: int = 0) -> int:
        """Make a dma-buf of a domain's grants (IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS).

        Since Linux 4.19, if built with CONFIG_XEN_GNTDEV_DMABUF.

        Args:
            domid: who grants.
            refs: grant references.
            flags: GNTDEV_DMA_FLAG_WC (1) or GNTDEV_DMA_FLAG_COHERENT (2), or neither.
        Returns:
            The dma-buf: a descriptor, the caller's to close.
        Raises:
            NotSupportedError: ENOTTY, not in this kernel.
            XenError: EINVAL, on a PV domain, for both flags, for no refs or
                too many, and for bad ones.
        EINTR: reported.
        """
        arg = self._with_refs(
            _EXPORT,
            "ioctl_gntdev_dmabuf_exp_from_refs",
            ("flags", "count", "fd", "domid"),
            (flags, len(refs), 0, domid),
            refs,
        )
        self._ioctl(
            "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS",
            GNTDEV["dmabuf_exp_from_refs"][0],
            arg,
            domid=domid,
            arguments={"flags": flags, "count": len(refs)},
        )
        fd: int = _EXPORT.unpack_from(arg)[2]
        return fd

    def dmabuf_exp_wait_released(self, fd: int, timeout_ms: int) -> None:
        """Wait until such a dma-buf is used no more (IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED).

        Args:
            fd: the number that `dmabuf_exp_from_refs` returned; closed by now.
            timeout_ms: milliseconds.
        Raises:
            XenTimeoutError: ETIMEDOUT.
            XenNotFoundError: ENOENT, no such dma-buf, or it is gone already.
            NotSupportedError: ENOTTY, not in this kernel.
        EINTR: reported.
        """
        arg = packed(
            _WAIT,
            "ioctl_gntdev_dmabuf_exp_wait_released",
            ("fd", "wait_to_ms"),
            (fd, timeout_ms),
        )
        self._ioctl(
            "IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED",
            GNTDEV["dmabuf_exp_wait_released"][0],
            arg,
            arguments={"n_fd": fd, "n_wait_to_ms": timeout_ms},
        )

    def dmabuf_imp_to_refs(self, fd: int, count: int, domid: int) -> tuple[int, ...]:
        """Grant the pages of a dma-buf to a domain (IOCTL_GNTDEV_DMABUF_IMP_TO_REFS).

        Since Linux 4.19, if built with CONFIG_XEN_GNTDEV_DMABUF.

        Args:
            fd: a dma-buf.
            count: its pages, 4 KiB each; all of them.
            domid: who may map them.
        Returns:
            A grant reference for each.
        Raises:
            NotSupportedError: ENOTTY, not in this kernel.
            XenError: EINVAL, not a dma-buf, or not of that length; ENOMEM, ENOSPC.
        EINTR: reported.
        """
        check(count, "ioctl_gntdev_dmabuf_imp_to_refs", "count", 0, 1 << 24)
        arg = self._with_refs(
            _IMPORT,
            "ioctl_gntdev_dmabuf_imp_to_refs",
            ("fd", "count", "domid", "reserved"),
            (fd, count, domid, 0),
            [0] * count,
        )
        self._ioctl(
            "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS",
            GNTDEV["dmabuf_imp_to_refs"][0],
            arg,
            domid=domid,
            arguments={"n_fd": fd, "count": count},
        )
        return Struct(f"<{count}I").unpack_from(arg, _IMPORT.size)

    def dmabuf_imp_release(self, fd: int) -> None:
        """End those grants (IOCTL_GNTDEV_DMABUF_IMP_RELEASE).

        Args:
            fd: the number that `dmabuf_imp_to_refs` was given.
        Raises:
            XenNotFoundError: ENOENT, nothing was imported from it.
            NotSupportedError: ENOTTY, not in this kernel.
        """
        arg = packed(_WAIT, "ioctl_gntdev_dmabuf_imp_release", ("fd", "reserved"), (fd, 0))
        self._ioctl(
            "IOCTL_GNTDEV_DMABUF_IMP_RELEASE",
            GNTDEV["dmabuf_imp_release"][0],
            arg,
            arguments={"n_fd": fd},
        )

    @staticmethod
    def _with_refs(
        layout: Struct, name: str, fields: tuple[str, ...], values: tuple[int, ...], refs: Sequence[int]
    ) -> bytearray:
        """A structure that ends in an array of references, of which it has room for one."""
        arg = bytearray(layout.size + 4 * max(len(refs), 1))
        pack_into(layout, arg, 0, name, fields, values)
        for number, ref in enumerate(refs):
            check(ref, name, f"refs[{number}]", 0, _U32)
            arg[layout.size + 4 * number : layout.size + 4 * number + 4] = int(ref).to_bytes(4, "little")
        return arg
