# GENERATED from abi/version.json (version.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Xen's version and build, what it offers, and the caller's UUID (HYPERVISOR_xen_version).

version.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint32, c_uint64

from ._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# XENVER: Commands of xen_version; those ending in 2 and build_id take a xen_varbuf, and NULL asks
# for the length.
XENVER_version = 0
XENVER_extraversion = 1

# XENVER_LEN: Bytes of the fixed buffers of the older commands.
XEN_EXTRAVERSION_LEN = 16

# XENVER, more
XENVER_compile_info = 2
XENVER_capabilities = 3

# XENVER_LEN, more
XEN_CAPABILITIES_INFO_LEN = 1024

# XENVER, more
XENVER_changeset = 4

# XENVER_LEN, more
XEN_CHANGESET_INFO_LEN = 64

# XENVER, more
XENVER_platform_parameters = 5
XENVER_get_features = 6
XENVER_pagesize = 7
XENVER_guest_handle = 8
XENVER_commandline = 9
XENVER_build_id = 10
XENVER_extraversion2 = 11  # not in 4.17, 4.14
XENVER_capabilities2 = 12  # not in 4.17, 4.14
XENVER_changeset2 = 13  # not in 4.17, 4.14
XENVER_commandline2 = 14  # not in 4.17, 4.14


class xen_compile_info(Struct):
    """Who built Xen, where, when and with what: four fixed fields, cut if too long.

    struct xen_compile_info; 144 bytes.
    """

    _fields_ = (
        ("compiler", arr(c_char, 64)),  # @0 char: text, NUL within the field
        ("compile_by", arr(c_char, 16)),  # @64 char: text, NUL within the field
        ("compile_domain", arr(c_char, 32)),  # @80 char: text, NUL within the field
        ("compile_date", arr(c_char, 32)),  # @112 char: text, NUL within the field
    )

    if TYPE_CHECKING:
        compiler: bytes
        compile_by: bytes
        compile_domain: bytes
        compile_date: bytes

        def __init__(
            self, compiler: bytes = ..., compile_by: bytes = ..., compile_domain: bytes = ...,
            compile_date: bytes = ...,
        ) -> None: ...


class xen_platform_parameters(Struct):
    """Where a 32-bit PV guest's address space ends and Xen's begins.

    struct xen_platform_parameters; 8 bytes.
    """

    _fields_ = (
        ("virt_start", c_uint64),  # @0 xen_ulong_t: virtual address; 0: no such border for this guest
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("virt_start",)

    if TYPE_CHECKING:
        virt_start: int

        def __init__(self, virt_start: int = ...) -> None: ...


class xen_feature_info(Struct):
    """One word of the feature bits that the caller has.

    struct xen_feature_info; 8 bytes.
    """

    _fields_ = (
        ("submap_idx", c_uint32),  # @0 uint32_t: in: which 32 features
        ("submap", c_uint32),  # @4 uint32_t: out: bit n is feature 32 * submap_idx + n (XENFEAT_*)
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("submap_idx", "submap")

    if TYPE_CHECKING:
        submap_idx: int
        submap: int

        def __init__(self, submap_idx: int = ..., submap: int = ...) -> None: ...


class xen_build_id(Struct):
    """The linker's build id of Xen; an older form of xen_varbuf.

    struct xen_build_id; 4 bytes.
    """

    _fields_ = (
        ("len", c_uint32),  # @0 uint32_t: in: bytes of buf
        ("buf", arr(c_uint8, 0)),  # @4 unsigned char: out: binary; the call returns how many bytes
    )

    if TYPE_CHECKING:
        len: int
        buf: IntArrayField

        def __init__(self, len: int = ..., buf: Sequence[int] | IntArray = ...) -> None: ...


class xen_varbuf(Struct):
    """A buffer for a result of any length, the length before it.

    struct xen_varbuf; 4 bytes. not in 4.17, 4.14.
    """

    _fields_ = (
        ("len", c_uint32),  # @0 uint32_t: in: bytes of buf; too few is ENOBUFS
        ("buf", arr(c_uint8, 0)),  # @4 unsigned char: out: text without a NUL, or binary; the call returns how many bytes
    )

    if TYPE_CHECKING:
        len: int
        buf: IntArrayField

        def __init__(self, len: int = ..., buf: Sequence[int] | IntArray = ...) -> None: ...


xen_extraversion_t = arr(c_char, 16)
xen_compile_info_t = xen_compile_info
xen_capabilities_info_t = arr(c_char, 1024)
xen_changeset_info_t = arr(c_char, 64)
xen_platform_parameters_t = xen_platform_parameters
xen_feature_info_t = xen_feature_info
xen_commandline_t = arr(c_char, 1024)
xen_build_id_t = xen_build_id
xen_varbuf_t = xen_varbuf
