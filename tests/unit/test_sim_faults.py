"""Faults on demand, virtual time, and the ways into the caller's memory."""

from __future__ import annotations

import ctypes
import os
import threading
from errno import (
    EFAULT,
    EINTR,
    EINVAL,
    EIO,
    ENODEV,
    ENOMEM,
    EPERM,
    ESRCH,
)

import pytest
from simraw import BUFFER, PRIVCMD, RESTRICT, Raw, refused

from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import address_of
from xensys.sim import Machine
from xensys.sim.usermemory import UserMemory

PAGE = 4096
RW = PROT_READ | PROT_WRITE


class TestOpenThatWaits:
    def test_waits_until_told(self):
        kernel = Machine().dom0
        gate = kernel.hold_open()
        got = []
        thread = threading.Thread(target=lambda: got.append(kernel.open(PRIVCMD, os.O_RDWR)))
        thread.start()
        assert gate.wait_for_waiter()
        assert got == []
        assert kernel.open(BUFFER, os.O_RDWR) >= 0  # the rest of the machine goes on
        gate.release()
        thread.join(10)
        assert len(got) == 1
        assert gate.waiting == 0
        kernel.open(PRIVCMD, os.O_RDWR)

    def test_fails_when_told(self):
        kernel = Machine().dom0
        kernel.hold_open().release(ENODEV)
        with refused(ENODEV):
            kernel.open(PRIVCMD, os.O_RDWR)


class TestFaults:
    @pytest.fixture
    def raw(self):
        return Raw(Machine().dom0)

    def test_nth_and_times(self, raw):
        fault = raw.kernel.faults.fail("ioctl", EINTR, nth=2, times=2, request="HYPERCALL")
        outcomes = []
        for _ in range(5):
            try:
                outcomes.append(raw.call(17, 0) > 0)
            except OSError as error:
                outcomes.append(error.errno)
        assert outcomes == [True, EINTR, EINTR, True, True]
        assert (fault.seen, fault.fired) == (5, 2)

    def test_without_a_name_it_counts_each_call_once(self, raw):
        raw.kernel.faults.fail("ioctl", EIO, nth=2)
        assert raw.call(17, 0) > 0
        with refused(EIO):
            raw.call(17, 0)

    def test_by_number(self, raw):
        raw.kernel.faults.fail("ioctl", EIO, request=RESTRICT)
        assert raw.call(17, 0) > 0
        with refused(EIO):
            raw.ioctl(RESTRICT, bytearray(2))

    def test_hypercalls(self, raw):
        raw.kernel.faults.fail("hypercall", EFAULT, op="xen_version", cmd=1)
        assert raw.call(17, 0) > 0
        with refused(EFAULT):
            raw.call(17, 1, raw.at)
        assert raw.call(17, 1, raw.at) == 0

    @pytest.mark.parametrize("kind", ["reserve", "mmap", "munmap", "madvise", "close", "sleep"])
    def test_memory(self, raw, kind):
        calls = {
            "reserve": lambda: raw.kernel.reserve(PAGE, writable=True),
            "mmap": lambda: raw.kernel.mmap(0, PAGE, RW, MAP_SHARED, raw.fd, 0),
            "munmap": lambda: raw.kernel.munmap(raw.at, PAGE),
            "madvise": lambda: raw.kernel.madvise(raw.at, PAGE, 10),
            "close": lambda: raw.kernel.close(raw.fd),
            "sleep": lambda: raw.kernel.sleep(1),
        }
        raw.kernel.faults.fail(kind, ENOMEM)
        with refused(ENOMEM):
            calls[kind]()
        raw.page[0] = 1
        os.fstat(raw.fd)

    def test_frames(self, raw):
        raw.kernel.faults.fail("frame", EIO, gfn=3, times=None)
        area = raw.area(3)
        assert raw.batch(1, address_of(area), [2, 3, 4]) == (0, [0, -EIO, 0])

    def test_guest_dies_in_between(self, raw):
        guest = raw.kernel.xen_machine.domains[1]
        raw.kernel.faults.do("frame", guest.destroy, nth=3)
        area = raw.area(4)
        assert raw.batch(1, address_of(area), [1, 2, 3, 4]) == (0, [0, 0, -EINVAL, -EINVAL])
        assert raw.kernel.xen_machine.zombies() == [guest]

    def test_guest_dies_before(self, raw):
        raw.kernel.faults.do("ioctl", raw.kernel.xen_machine.domains[1].destroy, request="MMAPBATCH_V2")
        area = raw.area(2)
        assert raw.batch(1, address_of(area), [1, 2]) == (0, [-ESRCH, -ESRCH])

    def test_guest_dies_after(self, raw):
        machine = raw.kernel.xen_machine
        guest = machine.domains[1]
        raw.kernel.faults.do("ioctl", guest.destroy, after=True, request="MMAPBATCH_V2")
        area = raw.area(2)
        assert raw.batch(1, address_of(area), [1, 2]) == (0, [0, 0])
        assert machine.zombies() == [guest]
        assert area[:5] == b"Hello"

    def test_mistakes(self, raw):
        with pytest.raises(ValueError, match="no such kind"):
            raw.kernel.faults.fail("iocl", EIO)
        with pytest.raises(ValueError, match="oops"):
            raw.kernel.faults.fail("ioctl", EIO, oops=1)

    def test_removed(self, raw):
        fault = raw.kernel.faults.fail("ioctl", EIO, times=None)
        raw.kernel.faults.remove(fault)
        raw.kernel.faults.fail("ioctl", EIO, times=None)
        raw.kernel.faults.clear()
        assert raw.call(17, 0) > 0


class TestTime:
    def test_is_virtual(self):
        kernel = Machine().dom0
        start = kernel.monotonic()
        kernel.sleep(3600)
        assert 3600 <= kernel.monotonic() - start < 3601

    def test_a_loop_without_sleep_ends(self):
        kernel = Machine().dom0
        deadline = kernel.monotonic() + 0.01
        while kernel.monotonic() < deadline:
            pass

    def test_real(self):
        import time

        kernel = Machine(real_time=True).dom0
        before = time.monotonic()
        kernel.sleep(0.01)
        assert kernel.monotonic() - before >= 0.01


@pytest.mark.parametrize("via_proc", [False, True], ids=["process_vm", "proc_mem"])
class TestUserMemory:
    @pytest.fixture
    def user(self, via_proc):
        return UserMemory(via_proc=via_proc)

    def test_read_and_write(self, user, via_proc):
        memory = ctypes.create_string_buffer(b"abcdef", 8)
        at = ctypes.addressof(memory)
        assert user.read(at + 1, 3) == b"bcd"
        user.write(at + 2, b"XY")
        assert memory.value == b"abXYef"
        assert user.read(0, 0) == b""
        assert user.via_proc is via_proc

    @pytest.mark.parametrize("address", [0, 1, 0x10, 1 << 46, 1 << 63, (1 << 64) - 1])
    def test_bad(self, user, address):
        with refused(EFAULT):
            user.read(address, 1)
        with refused(EFAULT):
            user.write(address, b"x")

    def test_runs_into_a_hole(self, user):
        kernel = Machine().dom0
        at = kernel.mmap(0, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        kernel.munmap(at + PAGE, PAGE)
        with refused(EFAULT):
            user.read(at + PAGE - 2, 4)
        with refused(EFAULT):
            user.write(at + PAGE - 2, b"abcd")
        assert user.read(at + PAGE - 2, 2) is not None
        kernel.munmap(at, PAGE)

    def test_read_only(self, user):
        kernel = Machine().dom0
        at = kernel.mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        assert user.read(at, 2) == b"\0\0"
        with refused(EFAULT):
            user.write(at, b"x")
        kernel.munmap(at, PAGE)

    def test_a_hole_in_a_foreign_map(self, user):
        raw = Raw(Machine().dom0)
        area = raw.area(1)
        with refused(EFAULT):
            user.read(address_of(area), 1)

    def test_a_whole_machine(self, user, via_proc):
        raw = Raw(Machine(via_proc=via_proc).dom0)
        assert raw.call(17, 1, raw.at) == 0
        assert raw.map(1, [1])[:5] == b"Hello"
        with refused(EFAULT):
            raw.call(17, 1, 0x10)


def test_forbidden_system_call_falls_back(monkeypatch):
    from xensys.sim import usermemory

    def forbidden(*_):
        ctypes.set_errno(EPERM)
        return -1

    monkeypatch.setattr(usermemory, "_readv", forbidden)
    user = UserMemory()
    memory = ctypes.create_string_buffer(b"abc")
    assert user.read(ctypes.addressof(memory), 3) == b"abc"
    assert user.via_proc
