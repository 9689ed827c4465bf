# GENERATED from abi/hypfs.json (hypfs.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Xen's own file tree: build configuration, boot parameters, CPU pools (HYPERVISOR_hypfs_op).

hypfs.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_uint8, c_uint16, c_uint32

from ._base import Struct, arr

TYPE_CHECKING = False

XEN_HYPFS_VERSION = 1  # The interface's version; get_version returns it
XEN_HYPFS_MAX_PATHLEN = 0x400  # Longest path in bytes, its NUL included

# XEN_HYPFS_TYPE: What a node's content is; numbers and booleans are binary, in the host's byte
# order.
XEN_HYPFS_TYPE_DIR = 0
XEN_HYPFS_TYPE_BLOB = 1
XEN_HYPFS_TYPE_STRING = 2
XEN_HYPFS_TYPE_UINT = 3
XEN_HYPFS_TYPE_INT = 4
XEN_HYPFS_TYPE_BOOL = 5

# XEN_HYPFS_ENC: How a node's content is packed.
XEN_HYPFS_ENC_PLAIN = 0
XEN_HYPFS_ENC_GZIP = 1

# XEN_HYPFS_OP: Commands of hypfs_op.
XEN_HYPFS_OP_get_version = 0
XEN_HYPFS_OP_read = 1
XEN_HYPFS_OP_write_contents = 2


class xen_hypfs_direntry(Struct):
    """What a node is and how long its content is; the content follows it.

    struct xen_hypfs_direntry; 12 bytes.
    """

    _fields_ = (
        ("type", c_uint8),  # @0 uint8_t
        ("encoding", c_uint8),  # @1 uint8_t
        ("pad", c_uint16),  # @2 uint16_t
        ("content_len", c_uint32),  # @4 uint32_t: bytes, as encoded
        ("max_write_len", c_uint32),  # @8 uint32_t: bytes one may write; 0: read-only
    )
    FORMAT = "<BBHII"
    FORMAT_FIELDS = ("type", "encoding", "pad", "content_len", "max_write_len")

    if TYPE_CHECKING:
        type: int
        encoding: int
        pad: int
        content_len: int
        max_write_len: int

        def __init__(
            self, type: int = ..., encoding: int = ..., pad: int = ..., content_len: int = ...,
            max_write_len: int = ...,
        ) -> None: ...


class xen_hypfs_dirlistentry(Struct):
    """One child in a directory's content.

    struct xen_hypfs_dirlistentry; 16 bytes.
    """

    _fields_ = (
        ("e", xen_hypfs_direntry),  # @0 xen_hypfs_direntry_t
        ("off_next", c_uint16),  # @12 uint16_t: bytes from this entry to the next; 0: last
        ("name", arr(c_char, 0)),  # @14 char: ends with a NUL; padding may follow
    )

    if TYPE_CHECKING:
        e: xen_hypfs_direntry
        off_next: int
        name: bytes

        def __init__(
            self, e: xen_hypfs_direntry = ..., off_next: int = ..., name: bytes = ...,
        ) -> None: ...


xen_hypfs_direntry_t = xen_hypfs_direntry
