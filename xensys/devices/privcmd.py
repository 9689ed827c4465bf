"""/dev/xen/privcmd: hypercalls, and other domains' memory.

One method per ioctl, none of them with any policy: mapping memory so that it
stays safe to touch is `xensys.memory`'s work, typed hypercalls are in
`xensys.hypercalls`.

Arrays are Python buffers; they are pinned for the length of the call. Addresses
(`address=`) are plain numbers: the driver answers EFAULT or EINVAL to bad ones.

Rules come from Linux include/uapi/xen/privcmd.h and drivers/xen/privcmd.c.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from _warnings import warn
from errno import EPERM, ETIMEDOUT
from struct import Struct
from struct import error as StructError

from xensys._packing import check, pack_into, packed
from xensys.devices._device import Device
from xensys.devices._ioctls import PRIVCMD
from xensys.errors import HazardError, XenError, XenPermissionError, XenTimeoutError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from mmap import mmap as AnonymousMemory
    from typing import Self, TypeVar

    from _typeshed import ReadableBuffer, WriteableBuffer

    from xensys.kernel import Kernel

    _T = TypeVar("_T", bound="Privcmd")

_HYPERCALL = Struct("<6Q")
_MMAP = Struct("<iHxxQ")
_MMAP_ENTRY = Struct("<QQQ")
_MMAPBATCH = Struct("<iHxxQQ")
_MMAPBATCH_V2 = Struct("<IHxxQQQ")
_DM_OP = Struct("<HHxxxxQ")
_DM_OP_BUF = Struct("<QQ")
_RESTRICT = Struct("<H")
_MMAP_RESOURCE = Struct("<HxxIIIQQ")
_IRQFD = Struct("<QIIIHxx")
_IOEVENTFD = Struct("<QQQIIIIIHxx")
_PCIDEV_GET_GSI = Struct("<II")

_HYPERCALL_NUMBER = PRIVCMD["hypercall"][0]
_XEN_VERSION = 17
_DOMID_INVALID = 0x7FF4
_MASK = 0xFFFF_FFFF_FFFF_FFFF

#: Seconds after which an open that still waits is worth a word.
_NOTICE_AFTER = 5.0


class Privcmd(Device):
    """A handle on the privileged command device."""

    __slots__ = ()

    PATHS = ("/dev/xen/privcmd", "/proc/xen/privcmd")
    MISSING_HINT = "this is no Xen domain, or the xen-privcmd module is not loaded"

    @classmethod
    def open(cls, kernel: Kernel | None = None, *, timeout: float | None = None) -> Self:
        """Open privcmd, or its twin in /proc/xen on old systems.

        In a domU of a kernel with XSA-482's fix the driver makes open() wait
        until XenStore answers. If that takes more than a few seconds, a
        RuntimeWarning says so and the wait goes on.

        Args:
            kernel: whose device; this machine's if None.
            timeout: seconds to wait; None waits.
        Raises:
            NoXenError: there is no such device.
            XenPermissionError: EACCES or EPERM, not for this user.
            XenTimeoutError: it still waits; should it ever succeed, the
                descriptor is closed at once.
        EINTR: retried once signal handlers have run.
        """
        if kernel is None:
            from xensys.kernel import host

            kernel = host()
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout: {timeout}")
        if _opens_at_once(kernel):
            return super().open(kernel)
        return cls._open_in_thread(kernel, timeout)

    @classmethod
    def _open_in_thread(cls, kernel: Kernel, timeout: float | None) -> Self:
        done = allocate_lock()
        done.acquire()
        # The first to pop decides what becomes of the result.
        waiting = [True]
        result: list[Self | BaseException] = []
        opened = super().open

        def work() -> None:
            outcome: Self | BaseException
            try:
                outcome = opened(kernel)
            except BaseException as error:
                outcome = error
            try:
                waiting.pop()
            except IndexError:
                if isinstance(outcome, Device):
                    outcome.close()
                return
            result.append(outcome)
            done.release()

        start_new_thread(work, ())
        try:
            first = _NOTICE_AFTER if timeout is None else min(timeout, _NOTICE_AFTER)
            if not done.acquire(timeout=first):
                if timeout is None or timeout > _NOTICE_AFTER:
                    warn(
                        f"opening {cls.PATHS[0]} waits: in a domU the driver waits for XenStore",
                        RuntimeWarning,
                        4,
                    )
                rest = -1 if timeout is None else max(timeout - first, 0)
                if not done.acquire(timeout=rest):
                    raise _Abandon
        except BaseException as error:
            try:
                waiting.pop()
            except IndexError:
                # The thread was quicker: its result is there, or about to be.
                while not result:
                    kernel.sleep(0.001)
                if isinstance(error, _Abandon):
                    return _unwrap(result[0])
                if isinstance(result[0], Device):
                    result[0].close()
            if isinstance(error, _Abandon):
                raise XenTimeoutError(
                    ETIMEDOUT,
                    call=f"open({cls.PATHS[0]})",
                    hint="the driver waits for XenStore: is xenstored running, and this domain introduced?",
                ) from None
            raise
        return _unwrap(result[0])

    def hypercall(self, op: int, a1: int = 0, a2: int = 0, a3: int = 0, a4: int = 0, a5: int = 0) -> int:
        """Issue a hypercall (IOCTL_PRIVCMD_HYPERCALL) whose result fits a C int.

        Args:
            op: hypercall number; a1…a5: its arguments, 64-bit words.
        Returns:
            What Xen returned, cut to 32 bits; `hypercall_long` cuts nothing.
        Raises:
            OSError: plain, with Xen's or the driver's errno. Callers know what
                the words mean and turn it into a XenError; EPERM is also the
                answer of a restricted handle.
        EINTR: reported.
        """
        arg = bytearray(48)
        try:
            _HYPERCALL.pack_into(arg, 0, op, a1, a2, a3, a4, a5)
        except StructError:
            _pack_signed(arg, op, a1, a2, a3, a4, a5)
        descriptor = self._descriptor  # held: see _device
        return self._kernel.ioctl(descriptor.fd, _HYPERCALL_NUMBER, arg)

    def hypercall_long(
        self, op: int, a1: int = 0, a2: int = 0, a3: int = 0, a4: int = 0, a5: int = 0
    ) -> int:
        """Issue a hypercall whose result may need 64 bits; else as `hypercall`."""
        arg = bytearray(48)
        try:
            _HYPERCALL.pack_into(arg, 0, op, a1, a2, a3, a4, a5)
        except StructError:
            _pack_signed(arg, op, a1, a2, a3, a4, a5)
        descriptor = self._descriptor  # held: see _device
        return self._kernel.ioctl_long(descriptor.fd, _HYPERCALL_NUMBER, arg)

    def map_over(self, memory: AnonymousMemory) -> None:
        """Map the device in place of anonymous memory.

        The result is an empty range for one of the mapping ioctls to fill. To
        touch it before that is SIGBUS: `xensys.memory.foreign` never lets you.

        Args:
            memory: a `Kernel.reserve()`, which also says whether to map for writing.
        Raises:
            XenError: ENOMEM, too many mappings (vm.max_map_count).
        """
        self._map_over(memory)

    def mmap(self, domid: int, entries: Sequence[tuple[int, int, int]]) -> None:
        """Map machine frames into a fresh mapping of this device (IOCTL_PRIVCMD_MMAP).

        Legacy; x86 PV only. No entries at all are a question: is this domain PV?

        Args:
            domid: whose frames.
            entries: (address, first mfn, 4 KiB pages), contiguous in address.
        Raises:
            NotSupportedError: ENOSYS, the calling domain is auto-translated.
            XenPermissionError: EPERM, the handle is restricted to another domain.
            XenError: EINVAL for the wrong addresses.
        """
        from xensys.kernel.pointers import Pin

        array = bytearray(24 * len(entries))
        for i, entry in enumerate(entries):
            pack_into(_MMAP_ENTRY, array, 24 * i, "privcmd_mmap_entry", ("va", "mfn", "npages"), entry)
        with Pin(array) as pin:
            arg = packed(_MMAP, "privcmd_mmap", ("num", "dom", "entry"), (len(entries), domid, pin.address))
            self._ioctl("IOCTL_PRIVCMD_MMAP", PRIVCMD["mmap"][0], arg, domid=domid)

    def mmapbatch(self, domid: int, address: int, frames: WriteableBuffer) -> None:
        """Map frames, the old way (IOCTL_PRIVCMD_MMAPBATCH).

        The result is ambiguous: a failed frame has bits set that may also be
        part of a frame number. Use `mmapbatch_v2`.

        Args:
            domid: whose frames.
            address: start of a fresh mapping of this device that has room for exactly them.
            frames: unsigned 64-bit frame numbers, as a buffer; those that
                failed come back with 0xF0000000 (or, paged out, 0x80000000) or-ed in.
        Raises:
            XenNotFoundError: ENOENT, some frames are paged out.
            XenError: EINVAL, not a fresh mapping of the right length.
        EINTR: reported; some frames may be mapped.
        """
        from xensys.kernel.pointers import Pin

        with Pin(frames, writable=True) as pin:
            num = _items(pin.length, 8, "frames")
            arg = packed(
                _MMAPBATCH,
                "privcmd_mmapbatch",
                ("num", "dom", "addr", "arr"),
                (num, domid, address, pin.address),
            )
            self._ioctl(
                "IOCTL_PRIVCMD_MMAPBATCH",
                PRIVCMD["mmapbatch"][0],
                arg,
                domid=domid,
                arguments={"num": num, "addr": address},
            )

    def mmapbatch_v2(
        self, domid: int, address: int, frames: ReadableBuffer, errors: WriteableBuffer
    ) -> None:
        """Map frames and say of each whether it worked (IOCTL_PRIVCMD_MMAPBATCH_V2).

        Success of the call says nothing of the frames: read `errors`. The first
        use of a mapping must fill it from start to end; later ones may only
        touch what is still empty.

        Args:
            domid: whose frames.
            address: where in a mapping of this device.
            frames: unsigned 64-bit frame numbers, as a buffer. In a PV domain numbers from
                2**40 on give other frames: the kernel makes page table entries of them.
            errors: as many signed 32-bit numbers; each becomes 0 or a negative errno.
        Raises:
            XenNotFoundError: ENOENT, some frames are paged out; `errors` is valid.
            XenPermissionError: EPERM, the handle is restricted to another domain.
            XenError: EINVAL, address and length do not fit the mapping; ENOMEM.
        EINTR: reported; some frames may be mapped.
        """
        from xensys.kernel.pointers import Pin

        with Pin(frames) as arr, Pin(errors, writable=True) as err:
            num = _items(arr.length, 8, "frames")
            if _items(err.length, 4, "errors") != num:
                # The driver clears 4 * num bytes there before it does anything else.
                raise ValueError(f"{num} frames need {4 * num} bytes of errors, not {err.length}")
            arg = packed(
                _MMAPBATCH_V2,
                "privcmd_mmapbatch_v2",
                ("num", "dom", "addr", "arr", "err"),
                (num, domid, address, arr.address, err.address),
            )
            self._ioctl(
                "IOCTL_PRIVCMD_MMAPBATCH_V2",
                PRIVCMD["mmapbatch_v2"][0],
                arg,
                domid=domid,
                arguments={"num": num, "addr": address},
            )

    def dm_op(self, domid: int, buffers: Sequence[WriteableBuffer]) -> int:
        """Issue a device-model operation on ordinary memory (IOCTL_PRIVCMD_DM_OP).

        Since Linux 4.11. The kernel pins the buffers, writable, so they are
        ordinary Python memory and never hypercall or foreign memory.

        Args:
            domid: the domain under device-model control.
            buffers: the first holds a xen_dm_op; Linux allows 16 of at most
                4096 bytes each, Xen no more than two.
        Returns:
            Xen's result; 0 for no buffers at all, if the handle may act on `domid`.
        """
        from xensys.kernel.pointers import Pin

        pins = [Pin(buffer, writable=True) for buffer in buffers]
        array = bytearray(16 * len(pins))
        for i, pin in enumerate(pins):
            _DM_OP_BUF.pack_into(array, 16 * i, pin.address, pin.length)
        with Pin(array) as ubufs:
            arg = packed(
                _DM_OP, "privcmd_dm_op", ("dom", "num", "ubufs"), (domid, len(pins), ubufs.address)
            )
            return self._ioctl("IOCTL_PRIVCMD_DM_OP", PRIVCMD["dm_op"][0], arg, domid=domid)

    def restrict(self, domid: int) -> None:
        """Give up everything but one domain, for good (IOCTL_PRIVCMD_RESTRICT).

        Since Linux 4.11. Holds for the open file: duplicated and inherited
        descriptors are restricted too. Afterwards hypercalls answer EPERM, and
        the other calls work for `domid` alone.

        Raises:
            XenError: EINVAL, restricted to another domain already.
        """
        arg = packed(_RESTRICT, "restrict", ("domid",), (domid,))
        self._ioctl("IOCTL_PRIVCMD_RESTRICT", PRIVCMD["restrict"][0], arg, domid=domid, retry=True)
        if domid != _DOMID_INVALID:  # which the driver takes for "not restricted"
            self._only = domid

    @property
    def restricted(self) -> bool:
        """Whether it may make no hypercalls. Asks the driver, with one that Xen lets everybody make.

        So after `restrict()`, by whoever holds the file; and so is every handle
        of a domU unless the administrator has said otherwise (XSA-482).
        """
        if self._only is None or self.closed:
            try:
                self.hypercall(_XEN_VERSION, 0)
            except XenError:  # ForkedError
                raise
            except OSError as error:
                if error.errno == EPERM:
                    return True
                raise error_from(error.errno or 0, call="IOCTL_PRIVCMD_HYPERCALL", via=self._path) from None
            return False
        return True

    def allows(self, domid: int) -> bool:
        """Whether the driver lets this handle act on a domain: a dm_op of nothing at all asks.

        Since Linux 4.11. What Xen thinks of it is another matter. A domU's
        handle that is bound to nothing allows DOMID_IDLE (0x7FFF) alone.
        """
        try:
            self.dm_op(domid, ())
        except XenPermissionError:
            return False
        return True

    def mmap_resource(self, domid: int, kind: int, ident: int, index: int, num: int, address: int) -> int:
        """Map a resource of a domain, or ask for its size (IOCTL_PRIVCMD_MMAP_RESOURCE).

        Since Linux 4.18; the size query since 5.11 (Xen answers it rightly since 4.15).

        Args:
            domid: another domain.
            kind: XENMEM_resource_*.
            ident: ioreq server id, vCPU, or which half of the grant table.
            index: first frame of the resource.
            num: 4 KiB frames; 0 together with `address` 0 asks for the size.
            address: start of a fresh mapping of this device, of that length.
        Returns:
            `num`, or the size in 4 KiB frames if asked for.
        Raises:
            XenError: EINVAL, exactly one of `num` and `address` is 0, the
                address is in no mapping of the device, or Xen knows no such kind;
                ESRCH, EPERM, EACCES, ENOENT, E2BIG as XENMEM_acquire_resource.
        EINTR: reported.
        """
        arg = packed(
            _MMAP_RESOURCE,
            "privcmd_mmap_resource",
            ("dom", "type", "id", "idx", "num", "addr"),
            (domid, kind, ident, index, num, address),
        )
        self._ioctl(
            "IOCTL_PRIVCMD_MMAP_RESOURCE",
            PRIVCMD["mmap_resource"][0],
            arg,
            domid=domid,
            arguments={"type": kind, "id": ident, "idx": index, "num": num},
        )
        size: int = _MMAP_RESOURCE.unpack(arg)[4]
        return size

    def irqfd(self, domid: int, fd: int, dm_op: ReadableBuffer, *, flags: int = 0) -> None:
        """Have a device-model operation issued whenever an eventfd is signalled (IOCTL_PRIVCMD_IRQFD).

        Since Linux 6.6.

        Args:
            domid: the domain the operation is for.
            fd: an eventfd.
            dm_op: a xen_dm_op; the kernel copies it.
            flags: 1 (PRIVCMD_IRQFD_FLAG_DEASSIGN) ends it.
        Raises:
            NotSupportedError: ENOTTY or EOPNOTSUPP, not in this kernel.
            XenError: EBADF, EINVAL (no eventfd, unknown flag), EBUSY (in use).
        """
        from xensys.kernel.pointers import Pin

        with Pin(dm_op) as pin:
            arg = packed(
                _IRQFD,
                "privcmd_irqfd",
                ("dm_op", "size", "fd", "flags", "dom"),
                (pin.address, pin.length, fd, flags, domid),
            )
            self._ioctl("IOCTL_PRIVCMD_IRQFD", PRIVCMD["irqfd"][0], arg, domid=domid)

    def ioeventfd(
        self,
        domid: int,
        fd: int,
        *,
        ioreq: int,
        ports: ReadableBuffer,
        address: int,
        length: int,
        queue: int,
        flags: int = 0,
        hazardous: bool = False,
    ) -> None:
        """Have an eventfd signalled by a guest's queue notifications (IOCTL_PRIVCMD_IOEVENTFD).

        Since Linux 6.7. The driver follows `ioreq` without a check: anything
        but the address of a live ioreq resource of one's own, mapped on a
        translated domain, can take the kernel down.

        Args:
            domid: the guest.
            fd: an eventfd.
            ioreq: address where the ioreq server's page is mapped.
            ports: unsigned 32-bit event ports, one per vCPU of the guest.
            address, length: guest-physical address of the virtio-mmio device;
                length 1, 2, 4 or 8.
            queue: virtqueue index.
            flags: 1 (PRIVCMD_IOEVENTFD_FLAG_DEASSIGN) ends it.
            hazardous: must be True.
        Raises:
            HazardError: not `hazardous`.
            NotSupportedError: ENOTTY or EOPNOTSUPP, not in this kernel.
        """
        from xensys.kernel.pointers import Pin

        if not hazardous:
            raise HazardError(
                EPERM,
                call="IOCTL_PRIVCMD_IOEVENTFD",
                domid=domid,
                hint="the kernel follows `ioreq` unchecked; pass hazardous=True if it is yours",
            )
        with Pin(ports) as pin:
            vcpus = _items(pin.length, 4, "ports")
            arg = packed(
                _IOEVENTFD,
                "privcmd_ioeventfd",
                ("ioreq", "ports", "addr", "addr_len", "event_fd", "vcpus", "vq", "flags", "dom"),
                (ioreq, pin.address, address, length, fd, vcpus, queue, flags, domid),
            )
            self._ioctl("IOCTL_PRIVCMD_IOEVENTFD", PRIVCMD["ioeventfd"][0], arg, domid=domid)

    def pcidev_get_gsi(self, sbdf: int) -> int:
        """The interrupt of a PCI device held by pciback (IOCTL_PRIVCMD_PCIDEV_GET_GSI).

        Since Linux 6.13.

        Args:
            sbdf: segment, bus, device and function in one number.
        Returns:
            The global system interrupt.
        Raises:
            NotSupportedError: ENOTTY, not in this kernel; EOPNOTSUPP, pciback is not loaded.
            XenError: EINVAL, no ACPI support (arm); ENODEV, not a pciback device; ENOENT, it
                has no such interrupt.
        """
        arg = packed(_PCIDEV_GET_GSI, "privcmd_pcidev_get_gsi", ("sbdf", "gsi"), (sbdf, 0))
        self._ioctl(
            "IOCTL_PRIVCMD_PCIDEV_GET_GSI",
            PRIVCMD["pcidev_get_gsi"][0],
            arg,
            arguments={"sbdf": sbdf},
            retry=True,
        )
        gsi: int = _PCIDEV_GET_GSI.unpack(arg)[1]
        return gsi


def _pack_signed(arg: bytearray, *words: int) -> None:
    """The words of a hypercall, of which some may be negative: C passes longs."""
    for name, word in zip(("op", "arg[0]", "arg[1]", "arg[2]", "arg[3]", "arg[4]"), words, strict=True):
        check(word, "privcmd_hypercall", name, -(1 << 63), _MASK)
    _HYPERCALL.pack_into(arg, 0, *(word & _MASK for word in words))


class _Abandon(Exception):
    """The wait for an open has lasted long enough."""


def _unwrap(outcome: _T | BaseException) -> _T:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _opens_at_once(kernel: Kernel) -> bool:
    """Whether this is the initial domain, whose privcmd never waits."""
    try:
        return b"control_d" in kernel.read_file("/proc/xen/capabilities")
    except OSError:
        # No xenfs: it cannot be told, so act as if it might wait.
        return False


def _items(length: int, size: int, what: str) -> int:
    count, rest = divmod(length, size)
    if rest:
        raise ValueError(f"{what}: {length} bytes is no multiple of {size}")
    return count
