"""Talks to a SimKernel with the bytes that a driver would get, and nothing of xensys' upper layers."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import os
import signal
import struct
import traceback
import warnings
from contextlib import contextmanager

import pytest

from xensys.kernel.base import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from xensys.kernel.pointers import address_of

HYPERCALL = 0x00305000
MMAP = 0x00105002
MMAPBATCH = 0x00185003
MMAPBATCH_V2 = 0x00205004
DM_OP = 0x00105005
RESTRICT = 0x00025006
MMAP_RESOURCE = 0x00205007

DOMID_SELF = 0x7FF0
DOMID_INVALID = 0x7FF4
DOMID_IDLE = 0x7FFF
PRIVCMD = "/dev/xen/privcmd"
BUFFER = "/dev/xen/hypercall"
# Below the first mappable address: a pointer that is always bad.
BAD = 0x10


@contextmanager
def refused(number):
    """The block must fail with this errno."""
    with pytest.raises(OSError) as caught:
        yield
    got = caught.value.errno
    assert got == number, f"{errno.errorcode.get(got, got)}, not {errno.errorcode[number]}"


class Raw:
    """A privcmd file, and a page of hypercall memory."""

    def __init__(self, kernel, *, buffers=True):
        self.kernel = kernel
        self._kept = []
        self.fd = kernel.open(PRIVCMD, os.O_RDWR)
        self.page = self.buffer() if buffers else None

    def buffer(self, length=None, *, write=True):
        """Memory of the hypercall device, every page of it written."""
        length = length or self.kernel.page_size
        fd = self.kernel.open(BUFFER, os.O_RDWR)
        memory = self.kernel.reserve(length, writable=True)
        self.kernel.mmap(address_of(memory), length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0)
        self.kernel.close(fd)
        if write:
            memory[:] = bytes(length)
        return memory

    @property
    def at(self):
        return address_of(self.page)

    def ioctl(self, request, arg):
        return self.kernel.ioctl(self.fd, request, arg)

    def call(self, op, *args, long=True):
        words = bytearray(struct.pack("<6Q", op, *args, *[0] * (5 - len(args))))
        ioctl = self.kernel.ioctl_long if long else self.kernel.ioctl
        return ioctl(self.fd, HYPERCALL, words)

    def struct(self, layout, *values):
        """Put a structure at the start of the page; returns its address."""
        struct.pack_into(layout, self.page, 0, *values)
        return self.at

    def area(self, frames, *, writable=True):
        """A fresh privcmd mapping with room for this many frames."""
        kernel = self.kernel
        per_page = kernel.page_size // 4096
        length = -(-frames // per_page) * kernel.page_size
        memory = kernel.reserve(length, writable=writable)
        prot = PROT_READ | PROT_WRITE if writable else PROT_READ
        kernel.mmap(address_of(memory), length, prot, MAP_SHARED | MAP_FIXED, self.fd, 0)
        return memory

    def fresh(self, frames):
        """The address of a fresh mapping that lives as long as this object."""
        self._kept.append(self.area(frames))
        return address_of(self._kept[-1])

    def batch(self, domid, address, gfns, *, num=None, arr=None, err=None):
        """MMAPBATCH_V2; returns (errno of the ioctl, per-frame errors)."""
        frames = (ctypes.c_uint64 * max(len(gfns), 1))(*gfns)
        errors = (ctypes.c_int32 * max(len(gfns), 1))(*[77] * max(len(gfns), 1))
        arg = bytearray(
            struct.pack(
                "<IHxxQQQ",
                len(gfns) if num is None else num,
                domid,
                address,
                ctypes.addressof(frames) if arr is None else arr,
                ctypes.addressof(errors) if err is None else err,
            )
        )
        try:
            assert self.ioctl(MMAPBATCH_V2, arg) == 0
        except OSError as error:
            return error.errno, list(errors)
        return 0, list(errors)

    def map(self, domid, gfns, *, writable=True):
        """Map all of these frames, or fail the test."""
        memory = self.area(len(gfns), writable=writable)
        result, errors = self.batch(domid, address_of(memory), gfns)
        assert (result, set(errors)) == (0, {0})
        return memory

    def resource(self, domid, kind, number, idx, num, address):
        """MMAP_RESOURCE; returns num as the driver left it."""
        arg = bytearray(struct.pack("<HxxIIIQQ", domid, kind, number, idx, num, address))
        assert self.ioctl(MMAP_RESOURCE, arg) == 0
        return struct.unpack_from("<Q", arg, 16)[0]


def revoke(kernel, memory):
    """Zero pages in place of a mapping."""
    kernel.mmap(
        address_of(memory),
        len(memory),
        PROT_READ | PROT_WRITE,
        MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
        -1,
        0,
    )


def death_of(work):
    """The signal that ends a forked child doing `work`; 0 if it survives, -1 if it raises."""
    with warnings.catch_warnings():
        # From Python 3.12 on, for forking with threads about; that is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        faulthandler.disable()
        signal.alarm(30)  # a child that hangs is no reason for the test to
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)
