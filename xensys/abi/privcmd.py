# GENERATED from abi/privcmd.json (privcmd.h, Linux 6.12).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""ioctls of /dev/xen/privcmd: hypercalls, mappings of other domains' memory, device model operations.

privcmd.h of Linux 6.12, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint16, c_uint32, c_uint64

from ._base import Struct, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# PRIVCMD_MMAPBATCH_ERROR: Marks put over frame numbers that could not be mapped: not there, or
# paged out.
PRIVCMD_MMAPBATCH_MFN_ERROR = 0xf0000000
PRIVCMD_MMAPBATCH_PAGED_ERROR = 0x80000000

# PRIVCMD_IRQFD_FLAG: Whether the eventfd is taken away instead of added.
PRIVCMD_IRQFD_FLAG_DEASSIGN = 1  # not in 6.1, 5.10

# PRIVCMD_IOEVENTFD_FLAG: Whether the eventfd is taken away instead of added.
PRIVCMD_IOEVENTFD_FLAG_DEASSIGN = 1  # not in 6.1, 5.10

# IOCTL_PRIVCMD: ioctl request numbers of /dev/xen/privcmd.
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
    """Any hypercall, its arguments passed on as they are.

    struct privcmd_hypercall; 48 bytes.
    """

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
    """One run of frames and where it is to be mapped.

    struct privcmd_mmap_entry; 24 bytes.
    """

    _fields_ = (
        ("va", c_uint64),  # @0 __u64: virtual address, bytes
        ("mfn", c_uint64),  # @8 __u64: first 4 KiB frame of the domain
        ("npages", c_uint64),  # @16 __u64: 4 KiB frames
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("va", "mfn", "npages")

    if TYPE_CHECKING:
        va: int
        mfn: int
        npages: int

        def __init__(self, va: int = ..., mfn: int = ..., npages: int = ...) -> None: ...


class privcmd_mmap(Struct):
    """Maps runs of a domain's frames; for PV kernels alone.

    struct privcmd_mmap; 16 bytes.
    """

    _fields_ = (
        ("num", c_int32),  # @0 int: runs
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
    """Maps frames of a domain and marks failures in the frame numbers themselves.

    struct privcmd_mmapbatch; 24 bytes.
    """

    _fields_ = (
        ("num", c_int32),  # @0 int: 4 KiB frames
        ("dom", c_uint16),  # @4 domid_t
        ("addr", c_uint64),  # @8 __u64: virtual address of the mapping, bytes
        ("arr", c_uint64),  # @16 xen_pfn_t *: frame numbers; failures are marked with PRIVCMD_MMAPBATCH_*_ERROR
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
    """Maps frames of a domain, with an error for each of them.

    struct privcmd_mmapbatch_v2; 32 bytes.
    """

    _fields_ = (
        ("num", c_uint32),  # @0 unsigned int: 4 KiB frames
        ("dom", c_uint16),  # @4 domid_t
        ("addr", c_uint64),  # @8 __u64: virtual address of the mapping, bytes
        ("arr", c_uint64),  # @16 const xen_pfn_t *
        ("err", c_uint64),  # @24 int *: for each frame 0 or a negative errno
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
    """One buffer of a device model operation, in ordinary memory.

    struct privcmd_dm_op_buf; 16 bytes.
    """

    _fields_ = (
        ("uptr", c_uint64),  # @0 void *
        ("size", c_uint64),  # @8 size_t: bytes
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("uptr", "size")

    if TYPE_CHECKING:
        uptr: int
        size: int

        def __init__(self, uptr: int = ..., size: int = ...) -> None: ...


class privcmd_dm_op(Struct):
    """A device model operation whose buffers the kernel pins.

    struct privcmd_dm_op; 16 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("num", c_uint16),  # @2 __u16: buffers: Linux takes 16 as a rule, Xen 2
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
    """Maps a resource of a domain, or asks for its size if num and addr are 0.

    struct privcmd_mmap_resource; 32 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("type", c_uint32),  # @4 __u32
        ("id", c_uint32),  # @8 __u32: which of the type: ioreq server, grant table's half, vCPU
        ("idx", c_uint32),  # @12 __u32: first 4 KiB frame of the resource
        ("num", c_uint64),  # @16 __u64: 4 KiB frames; with addr 0 the answer
        ("addr", c_uint64),  # @24 __u64: virtual address of the mapping, bytes
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
    """Has a device model operation done at every signal of an eventfd, or ends that.

    struct privcmd_irqfd; 24 bytes. not in 6.1, 5.10.
    """

    _fields_ = (
        ("dm_op", c_uint64),  # @0 __u64: address of the operation, of which the kernel keeps a copy
        ("size", c_uint32),  # @8 __u32: bytes of the operation
        ("fd", c_uint32),  # @12 __u32: file descriptor of the eventfd
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
    """Signals an eventfd when the guest notifies a virtio queue, or ends that.

    struct privcmd_ioeventfd; 48 bytes. not in 6.1, 5.10.
    """

    _fields_ = (
        ("ioreq", c_uint64),  # @0 __u64: address at which the ioreq server's synchronous page is mapped
        ("ports", c_uint64),  # @8 __u64: address of one event channel port (u32) for each vCPU
        ("addr", c_uint64),  # @16 __u64: guest-physical address of the virtio-mmio device
        ("addr_len", c_uint32),  # @24 __u32: bytes of the register: 1, 2, 4 or 8
        ("event_fd", c_uint32),  # @28 __u32: file descriptor of the eventfd
        ("vcpus", c_uint32),  # @32 __u32: vCPUs of the guest, at most 4096
        ("vq", c_uint32),  # @36 __u32: number of the queue
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
    """Asks for the GSI of a PCI device that pciback owns.

    struct privcmd_pcidev_get_gsi; 8 bytes. not in 6.1, 5.10.
    """

    _fields_ = (
        ("sbdf", c_uint32),  # @0 __u32: segment<<16|bus<<8|device<<3|function
        ("gsi", c_uint32),  # @4 __u32
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("sbdf", "gsi")

    if TYPE_CHECKING:
        sbdf: int
        gsi: int

        def __init__(self, sbdf: int = ..., gsi: int = ...) -> None: ...
