# GENERATED from abi/privcmd.json (privcmd.h, Linux 6.12).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""privcmd.h of Linux 6.12, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from ._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

PRIVCMD_MMAPBATCH_MFN_ERROR = 0xf0000000
PRIVCMD_MMAPBATCH_PAGED_ERROR = 0x80000000
PRIVCMD_IRQFD_FLAG_DEASSIGN = 1  # not in 6.1, 5.10
PRIVCMD_IOEVENTFD_FLAG_DEASSIGN = 1  # not in 6.1, 5.10
IOCTL_PRIVCMD_HYPERCALL = 0x305000
IOCTL_PRIVCMD_MMAP = 0x105002
IOCTL_PRIVCMD_MMAPBATCH = 0x185003
IOCTL_PRIVCMD_MMAPBATCH_V2 = 0x205004
IOCTL_PRIVCMD_DM_OP = 0x105005
IOCTL_PRIVCMD_RESTRICT = 0x25006
IOCTL_PRIVCMD_MMAP_RESOURCE = 0x205007
IOCTL_PRIVCMD_IRQFD = 0x40185008  # not in 6.1, 5.10
IOCTL_PRIVCMD_IOEVENTFD = 0x40305009  # not in 6.1, 5.10
IOCTL_PRIVCMD_PCIDEV_GET_GSI = 0x8500a  # not in 6.1, 5.10


class privcmd_hypercall(Struct):
    """struct privcmd_hypercall; 48 bytes."""

    _fields_ = (
        ("op", c_uint64),  # @0 __u64
        ("arg", arr(c_uint64, 5)),  # @8 __u64
    )
    FORMAT = "<QQQQQQ"
    FORMAT_FIELDS = ("op", "arg[0]", "arg[1]", "arg[2]", "arg[3]", "arg[4]")

    if TYPE_CHECKING:
        op: int
        arg: IntArrayField

        def __init__(self, op: int = ..., arg: Sequence[int] | IntArray = ...) -> None: ...


class privcmd_mmap_entry(Struct):
    """struct privcmd_mmap_entry; 24 bytes."""

    _fields_ = (
        ("va", c_uint64),  # @0 __u64
        ("mfn", c_uint64),  # @8 __u64
        ("npages", c_uint64),  # @16 __u64
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("va", "mfn", "npages")

    if TYPE_CHECKING:
        va: int
        mfn: int
        npages: int

        def __init__(self, va: int = ..., mfn: int = ..., npages: int = ...) -> None: ...


class privcmd_mmap(Struct):
    """struct privcmd_mmap; 16 bytes."""

    _fields_ = (
        ("num", c_int32),  # @0 int
        ("dom", c_uint16),  # @4 domid_t
        ("entry", c_uint64),  # @8 privcmd_mmap_entry *
    )
    FORMAT = "<iH2xQ"
    FORMAT_FIELDS = ("num", "dom", "entry")

    if TYPE_CHECKING:
        num: int
        dom: int
        entry: int

        def __init__(self, num: int = ..., dom: int = ..., entry: int = ...) -> None: ...


class privcmd_mmapbatch(Struct):
    """struct privcmd_mmapbatch; 24 bytes."""

    _fields_ = (
        ("num", c_int32),  # @0 int
        ("dom", c_uint16),  # @4 domid_t
        ("addr", c_uint64),  # @8 __u64
        ("arr", c_uint64),  # @16 xen_pfn_t *
    )
    FORMAT = "<iH2xQQ"
    FORMAT_FIELDS = ("num", "dom", "addr", "arr")

    if TYPE_CHECKING:
        num: int
        dom: int
        addr: int
        arr: int

        def __init__(
            self, num: int = ..., dom: int = ..., addr: int = ..., arr: int = ...,
        ) -> None: ...


class privcmd_mmapbatch_v2(Struct):
    """struct privcmd_mmapbatch_v2; 32 bytes."""

    _fields_ = (
        ("num", c_uint32),  # @0 unsigned int
        ("dom", c_uint16),  # @4 domid_t
        ("addr", c_uint64),  # @8 __u64
        ("arr", c_uint64),  # @16 const xen_pfn_t *
        ("err", c_uint64),  # @24 int *
    )
    FORMAT = "<IH2xQQQ"
    FORMAT_FIELDS = ("num", "dom", "addr", "arr", "err")

    if TYPE_CHECKING:
        num: int
        dom: int
        addr: int
        arr: int
        err: int

        def __init__(
            self, num: int = ..., dom: int = ..., addr: int = ..., arr: int = ..., err: int = ...,
        ) -> None: ...


class privcmd_dm_op_buf(Struct):
    """struct privcmd_dm_op_buf; 16 bytes."""

    _fields_ = (
        ("uptr", c_uint64),  # @0 void *
        ("size", c_uint64),  # @8 size_t
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("uptr", "size")

    if TYPE_CHECKING:
        uptr: int
        size: int

        def __init__(self, uptr: int = ..., size: int = ...) -> None: ...


class privcmd_dm_op(Struct):
    """struct privcmd_dm_op; 16 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("num", c_uint16),  # @2 __u16
        ("ubufs", c_uint64),  # @8 const privcmd_dm_op_buf *
    )
    FORMAT = "<HH4xQ"
    FORMAT_FIELDS = ("dom", "num", "ubufs")

    if TYPE_CHECKING:
        dom: int
        num: int
        ubufs: int

        def __init__(self, dom: int = ..., num: int = ..., ubufs: int = ...) -> None: ...


class privcmd_mmap_resource(Struct):
    """struct privcmd_mmap_resource; 32 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("type", c_uint32),  # @4 __u32
        ("id", c_uint32),  # @8 __u32
        ("idx", c_uint32),  # @12 __u32
        ("num", c_uint64),  # @16 __u64
        ("addr", c_uint64),  # @24 __u64
    )
    FORMAT = "<H2xIIIQQ"
    FORMAT_FIELDS = ("dom", "type", "id", "idx", "num", "addr")

    if TYPE_CHECKING:
        dom: int
        type: int
        id: int
        idx: int
        num: int
        addr: int

        def __init__(
            self, dom: int = ..., type: int = ..., id: int = ..., idx: int = ..., num: int = ...,
            addr: int = ...,
        ) -> None: ...


class privcmd_irqfd(Struct):
    """struct privcmd_irqfd; 24 bytes. not in 6.1, 5.10."""

    _fields_ = (
        ("dm_op", c_uint64),  # @0 __u64
        ("size", c_uint32),  # @8 __u32
        ("fd", c_uint32),  # @12 __u32
        ("flags", c_uint32),  # @16 __u32
        ("dom", c_uint16),  # @20 domid_t
        ("pad", arr(c_uint8, 2)),  # @22 __u8
    )
    FORMAT = "<QIIIHBB"
    FORMAT_FIELDS = ("dm_op", "size", "fd", "flags", "dom", "pad[0]", "pad[1]")

    if TYPE_CHECKING:
        dm_op: int
        size: int
        fd: int
        flags: int
        dom: int
        pad: IntArrayField

        def __init__(
            self, dm_op: int = ..., size: int = ..., fd: int = ..., flags: int = ...,
            dom: int = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class privcmd_ioeventfd(Struct):
    """struct privcmd_ioeventfd; 48 bytes. not in 6.1, 5.10."""

    _fields_ = (
        ("ioreq", c_uint64),  # @0 __u64
        ("ports", c_uint64),  # @8 __u64
        ("addr", c_uint64),  # @16 __u64
        ("addr_len", c_uint32),  # @24 __u32
        ("event_fd", c_uint32),  # @28 __u32
        ("vcpus", c_uint32),  # @32 __u32
        ("vq", c_uint32),  # @36 __u32
        ("flags", c_uint32),  # @40 __u32
        ("dom", c_uint16),  # @44 domid_t
        ("pad", arr(c_uint8, 2)),  # @46 __u8
    )
    FORMAT = "<QQQIIIIIHBB"
    FORMAT_FIELDS = (
        "ioreq", "ports", "addr", "addr_len", "event_fd", "vcpus", "vq", "flags", "dom", "pad[0]",
        "pad[1]",
    )

    if TYPE_CHECKING:
        ioreq: int
        ports: int
        addr: int
        addr_len: int
        event_fd: int
        vcpus: int
        vq: int
        flags: int
        dom: int
        pad: IntArrayField

        def __init__(
            self, ioreq: int = ..., ports: int = ..., addr: int = ..., addr_len: int = ...,
            event_fd: int = ..., vcpus: int = ..., vq: int = ..., flags: int = ..., dom: int = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class privcmd_pcidev_get_gsi(Struct):
    """struct privcmd_pcidev_get_gsi; 8 bytes. not in 6.1, 5.10."""

    _fields_ = (
        ("sbdf", c_uint32),  # @0 __u32
        ("gsi", c_uint32),  # @4 __u32
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("sbdf", "gsi")

    if TYPE_CHECKING:
        sbdf: int
        gsi: int

        def __init__(self, sbdf: int = ..., gsi: int = ...) -> None: ...
