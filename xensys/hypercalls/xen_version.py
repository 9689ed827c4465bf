"""xen_version: what this hypervisor is.

Names are those of xen/include/public/version.h, less XENVER_. Xen answers
"<denied>" where a domain may not know (xen/common/kernel.c). Every method may
be repeated, so EINTR is retried.

A restricted privcmd handle gets EPERM from all of them, the version included.
"""

from __future__ import annotations

from ctypes import sizeof
from errno import ENOBUFS
from struct import Struct

from xensys.abi import version as abi
from xensys.abi._base import Packer
from xensys.errors import XenError
from xensys.hypercalls._call import XEN_VERSION, Caller
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_FEATURE_INFO = Packer(abi.xen_feature_info)
_PLATFORM_PARAMETERS = Packer(abi.xen_platform_parameters)
_COMPILE_INFO = abi.xen_compile_info
# xen_varbuf: the length, then as many bytes.
_VARBUF_HEADER = Struct("<I")

# Lengths of the fixed text forms, which the header gives as array typedefs:
# xen_extraversion_t, xen_capabilities_info_t, xen_changeset_info_t,
# xen_commandline_t and xen_domain_handle_t.
_EXTRAVERSION = 16
_CAPABILITIES = 1024
_CHANGESET = 64
_COMMANDLINE = 1024
_GUEST_HANDLE = 16


class Version(tuple[int, int]):
    """A Xen release: compares as (major, minor), prints in full.

    Attributes:
        extra: what follows, e.g. ".4-pre"; "<denied>" where Xen will not tell.
    """

    extra: str

    def __new__(cls, major: int, minor: int, extra: str = "") -> Self:
        made = super().__new__(cls, (major, minor))
        made.extra = extra
        return made

    @property
    def major(self) -> int:
        """4, for some time now."""
        return self[0]

    @property
    def minor(self) -> int:
        """The release."""
        return self[1]

    def __str__(self) -> str:
        extra = "" if self.extra.startswith("<") else self.extra
        return f"{self[0]}.{self[1]}{extra}"

    def __repr__(self) -> str:
        return f"Version({self[0]}, {self[1]}, {self.extra!r})"

    def __getnewargs__(self) -> tuple[int, int, str]:
        return self[0], self[1], self.extra


class CompileInfo(Record):
    """Who built this hypervisor, when and with what."""

    __slots__ = ("compile_by", "compile_date", "compile_domain", "compiler")

    compiler: str
    compile_by: str
    compile_domain: str
    compile_date: str

    def __init__(self, compile_by: str, compile_date: str, compile_domain: str, compiler: str) -> None:
        super().__init__(compile_by, compile_date, compile_domain, compiler)


class XenVersion:
    """The xen_version hypercall; `xen.xen_version`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def version(self) -> tuple[int, int]:
        """Major and minor release (XENVER_version)."""
        number = self._caller.call(XEN_VERSION, "XENVER_version", abi.XENVER_version, repeatable=True)
        return number >> 16, number & 0xFFFF

    def extraversion(self) -> str:
        """What follows "major.minor" in the release, at most 15 characters (XENVER_extraversion)."""
        return _text(self._bytes("XENVER_extraversion", _EXTRAVERSION))

    def compile_info(self) -> CompileInfo:
        """Who built it, when and with what (XENVER_compile_info)."""
        raw = self._bytes("XENVER_compile_info", sizeof(_COMPILE_INFO))
        info = _COMPILE_INFO.from_buffer_copy(raw)
        return CompileInfo(
            compiler=_text(info.compiler),
            compile_by=_text(info.compile_by),
            compile_domain=_text(info.compile_domain),
            compile_date=_text(info.compile_date),
        )

    def capabilities(self) -> tuple[str, ...]:
        """The kinds of guest it runs, e.g. "hvm-3.0-x86_64" (XENVER_capabilities)."""
        return tuple(_text(self._bytes("XENVER_capabilities", _CAPABILITIES)).split())

    def changeset(self) -> str:
        """The source it was built from, at most 63 characters (XENVER_changeset)."""
        return _text(self._bytes("XENVER_changeset", _CHANGESET))

    def platform_parameters(self) -> int:
        """Start of Xen's own addresses (XENVER_platform_parameters); of use to 32-bit PV only."""
        raw = self._bytes("XENVER_platform_parameters", _PLATFORM_PARAMETERS.size)
        (start,) = _PLATFORM_PARAMETERS.unpack_from(raw)
        assert isinstance(start, int)
        return start

    def get_features(self, submap_idx: int = 0) -> int:
        """One 32-bit word of XENFEAT_* bits (XENVER_get_features).

        Args:
            submap_idx: which word; Xen has only 0.
        Raises:
            XenError: EINVAL, no such word.
        """
        slot = self._caller.buffers.take(_FEATURE_INFO.size)
        try:
            _FEATURE_INFO.pack_into(slot.memory, slot.offset, submap_idx, 0)
            self._caller.call(
                XEN_VERSION,
                "XENVER_get_features",
                abi.XENVER_get_features,
                slot.address,
                repeatable=True,
                arguments={"submap_idx": submap_idx},
            )
            submap: int = _FEATURE_INFO.unpack_from(slot.memory, slot.offset)[1]
            return submap
        finally:
            self._caller.buffers.give(slot)

    def pagesize(self) -> int:
        """Bytes per page of Xen (XENVER_pagesize)."""
        return self._caller.call(XEN_VERSION, "XENVER_pagesize", abi.XENVER_pagesize, repeatable=True)

    def guest_handle(self) -> bytes:
        """This domain's UUID, 16 bytes (XENVER_guest_handle)."""
        return self._bytes("XENVER_guest_handle", _GUEST_HANDLE)

    def commandline(self) -> str:
        """Xen's command line, at most 1023 characters (XENVER_commandline)."""
        return _text(self._bytes("XENVER_commandline", _COMMANDLINE))

    def build_id(self) -> bytes:
        """The linker's build id (XENVER_build_id; since Xen 4.7).

        Raises:
            XenPermissionError: EPERM, for privileged domains only.
            XenError: ENODATA, built without one.
        """
        return self._varbuf("XENVER_build_id")

    def extraversion2(self) -> str:
        """As `extraversion`, in full (XENVER_extraversion2; since Xen 4.20).

        Raises:
            NotSupportedError: ENOSYS, older Xen.
        """
        return _text(self._varbuf("XENVER_extraversion2"))

    def capabilities2(self) -> tuple[str, ...]:
        """As `capabilities`, in full (XENVER_capabilities2; since Xen 4.20).

        Raises:
            NotSupportedError: ENOSYS, older Xen.
        """
        return tuple(_text(self._varbuf("XENVER_capabilities2")).split())

    def changeset2(self) -> str:
        """As `changeset`, in full (XENVER_changeset2; since Xen 4.20).

        Raises:
            NotSupportedError: ENOSYS, older Xen.
        """
        return _text(self._varbuf("XENVER_changeset2"))

    def commandline2(self) -> str:
        """As `commandline`, in full (XENVER_commandline2; since Xen 4.20).

        Raises:
            NotSupportedError: ENOSYS, older Xen.
        """
        return _text(self._varbuf("XENVER_commandline2"))

    def _bytes(self, name: str, size: int) -> bytes:
        buffers = self._caller.buffers
        slot = buffers.take(size)
        try:
            self._caller.call(XEN_VERSION, name, getattr(abi, name), slot.address, repeatable=True)
            return slot.memory[slot.offset : slot.offset + size]
        finally:
            buffers.give(slot)

    def _varbuf(self, name: str) -> bytes:
        """A result of any length: asked for its size first, then for itself."""
        cmd = getattr(abi, name)
        buffers = self._caller.buffers
        size = self._caller.call(XEN_VERSION, name, cmd, repeatable=True)
        while True:
            slot = buffers.take(_VARBUF_HEADER.size + size)
            try:
                _VARBUF_HEADER.pack_into(slot.memory, slot.offset, size)
                got = self._caller.call(XEN_VERSION, name, cmd, slot.address, repeatable=True)
                start = slot.offset + _VARBUF_HEADER.size
                return slot.memory[start : start + min(got, size)]
            except XenError as error:
                # It has grown since it was measured: a live patch changes the build id.
                if error.errno != ENOBUFS:
                    raise
                larger = self._caller.call(XEN_VERSION, name, cmd, repeatable=True)
                if larger <= size:
                    raise
                size = larger
            finally:
                buffers.give(slot)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")
