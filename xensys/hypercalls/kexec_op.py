"""kexec_op: the image that is started after a crash, or in place of all this.

For a PV dom0 on x86; all other domains, and arm64, get NotSupportedError
(ENOSYS). Names are those of xen/include/public/kexec.h, less KEXEC_CMD_ and
"kexec_"; rests on xen/common/kexec.c.

All methods raise XenPermissionError (EPERM) in a PV domain that is not dom0.
"""

from __future__ import annotations

from ctypes import addressof, sizeof

from xensys.abi import kexec as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import KEXEC_OP, Caller
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer

_EXEC = Packer(abi.xen_kexec_exec)
_RANGE = Packer(abi.xen_kexec_range)
_UNLOAD = Packer(abi.xen_kexec_unload)
_STATUS = Packer(abi.xen_kexec_status)


# These have unions, so that the generator gives them no format.
class xen_kexec_load(abi.xen_kexec_load):  # by that name errors call it
    FORMAT = "<BBHIQQ"
    FORMAT_FIELDS = ("type", "_pad", "arch", "nr_segments", "segments.h", "entry_maddr")


class xen_kexec_segment(abi.xen_kexec_segment):
    FORMAT = "<QQQQ"
    FORMAT_FIELDS = ("buf.h", "buf_size", "dest_maddr", "dest_size")


_LOAD = Packer(xen_kexec_load)
_SEGMENT = Packer(xen_kexec_segment)


class KexecRange(Record):
    """An area of machine memory.

    Attributes:
        start: machine address in bytes; 0 if there is no such area.
        size: bytes.
    """

    __slots__ = ("size", "start")

    start: int
    size: int

    def __init__(self, start: int, size: int) -> None:
        super().__init__(size, start)


class KexecSegment(Record):
    """A piece of an image to load.

    Attributes:
        dest_maddr: machine address of its destination, in bytes; a multiple of 4096.
        dest_size: bytes there, a multiple of 4096; what the data does not fill is zeroed.
        data: its content; None to have the destination mapped for the image only.
    """

    __slots__ = ("data", "dest_maddr", "dest_size")

    dest_maddr: int
    dest_size: int
    data: ReadableBuffer | None

    def __init__(self, dest_maddr: int, dest_size: int, data: ReadableBuffer | None = None) -> None:
        super().__init__(data, dest_maddr, dest_size)


class KexecOp:
    """The kexec_op hypercall; `xen.kexec_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_range(self, area: int, nr: int = 0) -> KexecRange:
        """Where something is that a crash kernel must know (KEXEC_CMD_kexec_get_range).

        Args:
            area: KEXEC_RANGE_MA_CRASH (what the crashkernel= option of Xen set aside),
                _XEN, _CPU (a CPU's crash notes) or _VMCOREINFO.
            nr: which CPU, for _CPU.
        Raises:
            XenError: EINVAL, another area, or no crash notes; ERANGE, no such CPU.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_RANGE.size)
        try:
            _RANGE.pack_into(slot.memory, slot.offset, area, nr, 0, 0)
            self._caller.call(
                KEXEC_OP,
                "KEXEC_CMD_kexec_get_range",
                abi.KEXEC_CMD_kexec_get_range,
                slot.address,
                repeatable=True,
                arguments={"range": area, "nr": nr},
            )
            size, start = _RANGE.unpack_from(slot.memory, slot.offset)[2:4]
            return KexecRange(start, size)
        finally:
            buffers.give(slot)

    def status(self, kind: int) -> bool:
        """Whether an image is loaded (KEXEC_CMD_kexec_status; since Xen 4.9).

        Xen looks at which of two places comes next, and not at what is in it:
        one load says yes and its unload no again, but after a second load in a
        row, or an unload of nothing, the answer is wrong until the next one.

        Args:
            kind: KEXEC_TYPE_DEFAULT or KEXEC_TYPE_CRASH.
        Raises:
            XenError: EINVAL, another kind.
        EINTR: retried.
        """
        return bool(self._about(_STATUS, "status", kind, repeatable=True))

    def kexec(self, kind: int, *, hazardous: bool = False) -> None:
        """Start a loaded image in place of Xen and all domains (KEXEC_CMD_kexec).

        It does not return.

        Args:
            kind: KEXEC_TYPE_DEFAULT, or KEXEC_TYPE_CRASH: as if Xen had crashed.
            hazardous: must be True: this ends every domain at once.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such image is loaded.
            XenError: EINVAL, another kind.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_EXEC.size)
        try:
            _EXEC.pack_into(slot.memory, slot.offset, kind)
            self._caller.call(
                KEXEC_OP,
                "KEXEC_CMD_kexec",
                abi.KEXEC_CMD_kexec,
                slot.address,
                hazardous=hazardous,
                arguments={"type": kind},
            )
        finally:
            buffers.give(slot)

    def load(
        self,
        kind: int,
        segments: Sequence[KexecSegment],
        entry_maddr: int,
        *,
        arch: int = 62,
        hazardous: bool = False,
    ) -> None:
        """Load an image, replacing the one there is (KEXEC_CMD_kexec_load; since Xen 4.4).

        Args:
            kind: KEXEC_TYPE_DEFAULT or KEXEC_TYPE_CRASH.
            segments: at most 15, whose destinations do not overlap. A crash image's
                are inside the range KEXEC_RANGE_MA_CRASH.
            entry_maddr: machine address of its first instruction, in one of them.
            arch: ELF machine it starts as: 62 (x86_64) or 3 (i386).
            hazardous: must be True: this replaces what the host runs in a crash.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, another kind or arch, too many segments, or one that
                overlaps, is misaligned or longer than its destination;
                EADDRNOTAVAIL, a destination outside the crash area or an entry
                outside the image; ENOMEM; EBUSY, an image is being started.
        EINTR: reported.
        """
        buffers = self._caller.buffers
        taken = [buffers.take(_LOAD.size), buffers.take(max(len(segments), 1) * _SEGMENT.size)]
        load, table = taken
        try:
            for at, segment in enumerate(segments):
                address = size = 0
                if segment.data is not None:
                    data = memoryview(segment.data).tobytes()
                    source = buffers.take(max(len(data), 1))
                    taken.append(source)
                    source.memory[source.offset : source.offset + len(data)] = data
                    address, size = source.address, len(data)
                values = (address, size, segment.dest_maddr, segment.dest_size)
                _SEGMENT.pack_into(table.memory, table.offset + at * _SEGMENT.size, *values)
            head = (kind, 0, arch, len(segments), table.address, entry_maddr)
            _LOAD.pack_into(load.memory, load.offset, *head)
            self._caller.call(
                KEXEC_OP,
                "KEXEC_CMD_kexec_load",
                abi.KEXEC_CMD_kexec_load,
                load.address,
                hazardous=hazardous,
                arguments={"type": kind, "nr_segments": len(segments), "entry_maddr": entry_maddr},
            )
        finally:
            for slot in taken:
                buffers.give(slot)

    def unload(self, kind: int, *, hazardous: bool = False) -> None:
        """Forget a loaded image (KEXEC_CMD_kexec_unload; since Xen 4.4).

        Xen does not mind if there is none, but see `status`.

        Args:
            kind: KEXEC_TYPE_DEFAULT or KEXEC_TYPE_CRASH.
            hazardous: must be True: a crash would then start nothing.
        Raises:
            HazardError: without the flag.
            XenError: EINVAL, another kind; EBUSY, an image is being started.
        EINTR: reported.
        """
        self._about(_UNLOAD, "unload", kind, hazardous=hazardous)

    def load_v1(self, image: abi.xen_kexec_load_v1, *, hazardous: bool = False) -> None:
        """Load an image whose pieces are in memory already (KEXEC_CMD_kexec_load_v1; obsolete).

        Args:
            image: in hypercall memory, as `buffers.new` makes it. Its addresses are of
                the machine's memory, and what is there lists where what goes.
            hazardous: must be True: this replaces what the host runs in a crash, by
                whatever is at these addresses.
        Raises, EINTR: as `load`.
        """
        self._v1("load", image, hazardous=hazardous)

    def unload_v1(self, image: abi.xen_kexec_load_v1, *, hazardous: bool = False) -> None:
        """Forget a loaded image (KEXEC_CMD_kexec_unload_v1; obsolete).

        Args:
            image: in hypercall memory, as `buffers.new` makes it; its type alone counts.
            hazardous: must be True, as for `unload`.
        Raises, EINTR: as `unload`.
        """
        self._v1("unload", image, hazardous=hazardous)

    def _v1(self, name: str, image: abi.xen_kexec_load_v1, *, hazardous: bool) -> None:
        address = addressof(image)
        if not self._caller.buffers.holds(address, sizeof(image)):
            raise TypeError("image: a structure in hypercall memory is needed, from buffers.new()")
        self._caller.call(
            KEXEC_OP,
            f"KEXEC_CMD_kexec_{name}_v1",
            getattr(abi, f"KEXEC_CMD_kexec_{name}_v1"),
            address,
            hazardous=hazardous,
            arguments={"type": image.type},
        )

    def _about(
        self, packer: Packer, name: str, kind: int, *, repeatable: bool = False, hazardous: bool = False
    ) -> int:
        """A call whose argument is nothing but an image's kind."""
        buffers = self._caller.buffers
        slot = buffers.take(packer.size)
        try:
            packer.pack_into(slot.memory, slot.offset, kind)
            return self._caller.call(
                KEXEC_OP,
                f"KEXEC_CMD_kexec_{name}",
                getattr(abi, f"KEXEC_CMD_kexec_{name}"),
                slot.address,
                repeatable=repeatable,
                hazardous=hazardous,
                arguments={"type": kind},
            )
        finally:
            buffers.give(slot)
