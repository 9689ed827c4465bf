# GENERATED from abi/version.json (version.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""version.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint32, c_uint64

from ._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

XENVER_version = 0
XENVER_extraversion = 1
XEN_EXTRAVERSION_LEN = 16
XENVER_compile_info = 2
XENVER_capabilities = 3
XEN_CAPABILITIES_INFO_LEN = 1024
XENVER_changeset = 4
XEN_CHANGESET_INFO_LEN = 64
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
    """struct xen_compile_info; 144 bytes."""

    _fields_ = (
        ("compiler", arr(c_char, 64)),  # @0 char
        ("compile_by", arr(c_char, 16)),  # @64 char
        ("compile_domain", arr(c_char, 32)),  # @80 char
        ("compile_date", arr(c_char, 32)),  # @112 char
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
    """struct xen_platform_parameters; 8 bytes."""

    _fields_ = (
        ("virt_start", c_uint64),  # @0 xen_ulong_t
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("virt_start",)

    if TYPE_CHECKING:
        virt_start: int

        def __init__(self, virt_start: int = ...) -> None: ...


class xen_feature_info(Struct):
    """struct xen_feature_info; 8 bytes."""

    _fields_ = (
        ("submap_idx", c_uint32),  # @0 uint32_t
        ("submap", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("submap_idx", "submap")

    if TYPE_CHECKING:
        submap_idx: int
        submap: int

        def __init__(self, submap_idx: int = ..., submap: int = ...) -> None: ...


class xen_build_id(Struct):
    """struct xen_build_id; 4 bytes."""

    _fields_ = (
        ("len", c_uint32),  # @0 uint32_t
        ("buf", arr(c_uint8, 0)),  # @4 unsigned char
    )

    if TYPE_CHECKING:
        len: int
        buf: IntArrayField

        def __init__(self, len: int = ..., buf: Sequence[int] | IntArray = ...) -> None: ...


class xen_varbuf(Struct):
    """struct xen_varbuf; 4 bytes. not in 4.17, 4.14."""

    _fields_ = (
        ("len", c_uint32),  # @0 uint32_t
        ("buf", arr(c_uint8, 0)),  # @4 unsigned char
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
