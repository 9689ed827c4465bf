"""What is left where a device was to be mapped, and Linux or its driver refused.

What a MAP_FIXED mapping replaces is unmapped before the driver is asked, and a
gap stays if it refuses (Linux mm/vma.c, vms_abort_munmap_vmas()). Another
thread may be given those addresses at once; the object that reserved them must
not unmap them later, nor may a forked child fill them.
"""

from __future__ import annotations

import contextlib
import errno
import gc

import pytest
from simraw import death_of, refused

import xensys
from xensys.devices.gntdev import Gntdev
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd
from xensys.devices.xenbus_backend import XenbusBackend
from xensys.kernel.base import MAP_ANONYMOUS, MAP_FIXED, MAP_LOCKED, MAP_PRIVATE, PROT_READ, PROT_WRITE
from xensys.kernel.pointers import address_of
from xensys.sim import Machine

PAGE = 4096


class Refusing:
    """Lets a kernel refuse the next mapping in place of another as Linux does: with a gap.

    Attributes:
        gaps: (address, length) of each.
        taken: what another thread was given there.
    """

    def __init__(self, kernel, number, *, thief, flags=0):
        self.kernel, self.number, self.thief, self.flags = kernel, number, thief, flags
        self.gaps, self.taken = [], []
        self._mmap = kernel.mmap

    def __enter__(self):
        self.kernel.mmap = self
        return self

    def __exit__(self, *_):
        del self.kernel.mmap
        assert self.gaps, "nothing was to be mapped"

    def __call__(self, address, length, prot, flags, fd, offset):
        ours = flags & MAP_FIXED and (fd >= 0 or flags & self.flags) and not self.gaps
        if not ours:
            return self._mmap(address, length, prot, flags, fd, offset)
        self.gaps.append((address, length))
        self.kernel.munmap(address, length)
        if self.thief:
            anonymous = MAP_PRIVATE | MAP_ANONYMOUS
            self.taken.append(self._mmap(address, length, PROT_READ | PROT_WRITE, anonymous, -1, 0))
        raise OSError(self.number, "refused")


def over(kind):
    """The device's own method, on memory of the caller's."""

    def use(machine):
        kernel = machine.dom0
        with kind.open(kernel) as device:
            memory = kernel.reserve(PAGE, writable=True)
            arguments = (memory, 0) if kind is Gntdev else (memory,)
            try:
                device.map_over(*arguments)
            finally:
                # It may be somebody else's: what is asked here.
                with contextlib.suppress(BufferError):
                    memory.close()

    return use


def library(call):
    def use(machine):
        with xensys.open(kernel=machine.dom0) as xen:
            call(xen)

    return use


USES = {
    "privcmd": over(Privcmd),
    "hypercall": over(HypercallMemory),
    "gntdev": over(Gntdev),
    "xenbus_backend": over(XenbusBackend),
    "foreign": library(lambda xen: xen.foreign.map(1, [0])),
    "partial": library(lambda xen: xen.foreign.map(1, [0, 1 << 40], partial=True)),
    "resource": library(lambda xen: xen.resources.map(1, 1, 0, frames=1)),
    "buffers": library(lambda xen: xen.buffers.alloc(64)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EINVAL])
def test_what_another_thread_was_given_meanwhile_stays(machine, use, number):
    kernel = machine.dom0
    with Refusing(kernel, number, thief=True) as refusing, pytest.raises(xensys.XenError) as caught:
        use(machine)
    assert caught.value.errno == number
    del caught  # and with it the frames of its traceback
    ((address, length),) = refusing.gaps
    assert refusing.taken == [address]
    gc.collect()
    assert machine.user.read(address, length) == bytes(length)
    # Nor does a child touch it: it has what its parent has.
    machine.user.write(address, b"theirs")
    assert death_of(lambda: assert_equal(machine.user.read(address, 6), b"theirs")) == 0
    kernel.munmap(address, length)


def assert_equal(got, wanted):
    assert got == wanted


@pytest.mark.parametrize("kind", [Privcmd, HypercallMemory, Gntdev, XenbusBackend])
@pytest.mark.parametrize("writable", [True, False])
def test_the_gap_is_filled_again(machine, kind, writable):
    kernel = machine.dom0
    memory = kernel.reserve(2 * PAGE, writable=writable)
    index = (0,) if kind is Gntdev else ()
    refusing = Refusing(kernel, errno.ENOMEM, thief=False)
    with refusing, kind.open(kernel) as device, pytest.raises(xensys.XenError):
        device.map_over(memory, *index)
    ((address, length),) = refusing.gaps
    assert (address, length) == (address_of(memory), 2 * PAGE)
    assert machine.user.read(address, length) == bytes(length)
    if writable:
        memory[:4] = b"ours"
    memory.close()
    with pytest.raises(OSError):
        machine.user.read(address, 1)


def test_by_a_driver_that_really_refuses():
    # The first version of the driver: 64 pages of one handle.
    machine = Machine(linux=(4, 18), hypercall_page_limit=64)
    kernel = machine.dom0
    with HypercallMemory.open(kernel) as device:
        memory = kernel.reserve(65 * PAGE, writable=True)
        with pytest.raises(xensys.XenError) as caught:
            device.map_over(memory)
        assert caught.value.errno == errno.EINVAL
    assert machine.user.read(address_of(memory), 65 * PAGE) == bytes(65 * PAGE)
    memory.close()


@pytest.mark.parametrize("number", [errno.EEXIST, errno.ENOMEM])
def test_what_cannot_be_mended_is_kept_for_good(machine, number):
    kernel = machine.dom0
    with Refusing(kernel, errno.EINVAL, thief=False) as refusing:
        kernel.faults.fail("mmap", number, device=None)
        memory = kernel.reserve(PAGE, writable=True)
        with pytest.raises(xensys.XenError), HypercallMemory.open(kernel) as device:
            device.map_over(memory)
    with pytest.raises(BufferError):
        memory.close()
    ((address, _),) = refusing.gaps
    assert refusing._mmap(address, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == address
    del memory
    gc.collect()
    assert machine.user.read(address, 1) == b"\0"
    kernel.munmap(address, PAGE)


def test_a_flag_taken_for_a_hint_is_given_back(machine):
    # Linux before 4.17 does not know MAP_FIXED_NOREPLACE, and maps elsewhere.
    kernel = machine.dom0
    elsewhere = []
    with Refusing(kernel, errno.EINVAL, thief=True) as refusing:

        def old(address, length, prot, flags, fd, offset):
            if refusing.gaps and not elsewhere:
                elsewhere.append(refusing._mmap(0, length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
                return elsewhere[0]
            return refusing(address, length, prot, flags, fd, offset)

        kernel.mmap = old
        memory = kernel.reserve(PAGE, writable=True)
        with pytest.raises(xensys.XenError), HypercallMemory.open(kernel) as device:
            device.map_over(memory)
        kernel.mmap = refusing
    assert elsewhere != refusing.taken
    with pytest.raises(OSError):
        machine.user.read(elsewhere[0], 1)
    with pytest.raises(BufferError):
        memory.close()
    kernel.munmap(refusing.taken[0], PAGE)


def test_locked_memory_where_there_is_no_buffer_device():
    machine = Machine(hypercall_device=False)
    kernel = machine.dom0
    refusing = Refusing(kernel, errno.ENOMEM, thief=True, flags=MAP_LOCKED)
    with refusing, pytest.raises(xensys.XenError), xensys.open(kernel=kernel) as xen:
        xen.buffers.alloc(64)
    ((address, length),) = refusing.gaps
    assert refusing.taken == [address]
    gc.collect()
    assert machine.user.read(address, length) == bytes(length)
    kernel.munmap(address, length)


@pytest.mark.parametrize(
    ("number", "locked"),
    [
        (errno.EAGAIN, True),
        (errno.EPERM, True),
        (errno.EACCES, False),
        (errno.ENODEV, False),
        (errno.EBADF, False),
    ],
)
def test_refused_before_anything_is_unmapped_it_is_ours_still(number, locked):
    machine = Machine(hypercall_device=not locked)
    kernel = machine.dom0
    fault = kernel.faults.fail("mmap", number, times=200, fixed=True)
    before = pages_of_this_process()
    with xensys.open(kernel=kernel) as xen:
        for _ in range(200):
            with refused(number):
                xen.buffers.alloc(64)
    gc.collect()
    assert fault.fired == 200
    # Kept for good they would be 16 pages each.
    assert pages_of_this_process() - before < 1600


def pages_of_this_process():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0])


def test_the_refusal_is_what_is_said(machine):
    kernel = machine.dom0
    with Refusing(kernel, errno.EINVAL, thief=False), Gntdev.open(kernel) as device:
        memory = kernel.reserve(PAGE, writable=False)
        with pytest.raises(xensys.XenError) as caught:
            device.map_over(memory, 0x5000)
    assert (caught.value.call, caught.value.via) == ("mmap", "/dev/xen/gntdev")
    assert caught.value.arguments == {"length": PAGE, "index": 0x5000}
    memory.close()
