"""How long simulated mappings live, and what may be done to their addresses."""

from __future__ import annotations

import ctypes
import os
import signal
from errno import EACCES, EINVAL, ESRCH

import pytest
from simraw import (
    BUFFER,
    PRIVCMD,
    Raw,
    death_of,
    refused,
    revoke,
)

from xensys.kernel.base import (
    MADV_DONTFORK,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import address_of
from xensys.sim import Machine

PAGE = 4096
RW = PROT_READ | PROT_WRITE


class TestLifetime:
    def test_destroyed_without_maps_is_gone(self, machine, guest):
        guest.destroy()
        assert machine.zombies() == []
        assert 1 not in machine.domains

    @pytest.mark.parametrize("end", ["close", "collect", "revoke", "munmap"])
    def test_a_map_keeps_a_zombie(self, machine, raw, guest, end):
        area = raw.map(1, [1, 2])
        twin = raw.map(1, [2])
        assert machine.mapped_frames(guest) == 3
        guest.destroy()
        assert machine.zombies() == [guest]
        assert area[:5] == b"Hello"
        assert raw.batch(1, raw.fresh(1), [1]) == (0, [-EINVAL])
        twin.close()
        assert machine.mapped_frames(guest) == 2
        if end == "close":
            area.close()
        elif end == "collect":
            del area
        elif end == "revoke":
            revoke(raw.kernel, area)
            assert area[:5] == bytes(5)
        else:
            raw.kernel.munmap(address_of(area), 2 * PAGE)
            revoke(raw.kernel, area)  # so that the object owns its addresses again
        assert machine.zombies() == []
        assert raw.batch(1, raw.fresh(1), [1]) == (0, [-ESRCH])

    def test_closing_the_file_ends_no_mapping(self, machine, raw, guest):
        area = raw.map(1, [1])
        raw.kernel.close(raw.fd)
        assert area[:5] == b"Hello"
        assert machine.mapped_frames(guest) == 1

    def test_views_keep_a_collected_mapping(self, machine, raw, guest):
        area = raw.map(1, [1])
        view = memoryview(area)
        del area
        assert machine.mapped_frames(guest) == 1
        assert bytes(view[:5]) == b"Hello"
        view.release()
        del view
        assert machine.mapped_frames(guest) == 0

    def test_a_frame_given_back_stays_with_its_mapper(self, raw, guest):
        area = raw.map(1, [1])
        guest.memory.punch([1])
        guest.memory.populate(1)
        assert area[:5] == b"Hello"
        assert guest.memory.read(PAGE, 5) == bytes(5)
        assert raw.map(1, [1])[:5] == bytes(5)

    def test_reused_addresses_belong_to_the_new_mapping(self, machine, raw, guest):
        for _ in range(20):
            area = raw.map(1, [1])
            area.close()
            assert raw.kernel.reserve(PAGE, writable=True)[0] == 0
        assert machine.mapped_frames(guest) == 0

    def test_no_descriptor_or_mapping_leaks(self):
        import gc

        def use():
            machine = Machine()
            raw = Raw(machine.dom0)
            raw.map(1, [1, 3]).close()
            raw.kernel.close(raw.fd)

        use()
        gc.collect()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            use()
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == before


class TestSplitting:
    @pytest.mark.parametrize(("start", "pages"), [(0, 1), (1, 1), (2, 1), (1, 2)])
    def test_part_of_a_mapping_is_EINVAL(self, raw, start, pages):
        area = raw.map(1, [1, 2, 3])
        at = address_of(area) + start * PAGE
        with refused(EINVAL):
            raw.kernel.munmap(at, pages * PAGE)
        with refused(EINVAL):
            raw.kernel.madvise(at, pages * PAGE, MADV_DONTFORK)
        with refused(EINVAL):
            raw.kernel.mmap(at, pages * PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        assert area[PAGE : PAGE + 9] == b"frame 0x2"

    def test_older_kernels_split(self):
        machine = Machine(splittable=True)
        raw = Raw(machine.dom0)
        area = raw.map(1, [2, 3, 4])
        at = address_of(area) + PAGE
        raw.kernel.mmap(at, PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        assert machine.mapped_frames(machine.domains[1]) == 2
        assert area[PAGE] == 0
        assert area[2 * PAGE : 2 * PAGE + 9] == b"frame 0x4"
        area.close()
        assert machine.mapped_frames(machine.domains[1]) == 0


class TestHypercallDevice:
    def mmap(self, kernel, length=PAGE, prot=RW, flags=MAP_SHARED, mode=os.O_RDWR):
        fd = kernel.open(BUFFER, mode)
        try:
            return kernel.mmap(0, length, prot, flags, fd, 0)
        finally:
            kernel.close(fd)

    def test_gives_zeroed_memory(self, machine):
        at = self.mmap(machine.dom0, 3 * PAGE)
        assert ctypes.string_at(at, 3 * PAGE) == bytes(3 * PAGE)
        machine.dom0.munmap(at, 3 * PAGE)

    def test_private_is_EINVAL(self, machine):
        with refused(EINVAL):
            self.mmap(machine.dom0, flags=MAP_PRIVATE)

    def test_opened_read_only(self, machine):
        with refused(EACCES):
            self.mmap(machine.dom0, mode=os.O_RDONLY)
        with refused(EINVAL):
            self.mmap(machine.dom0, prot=PROT_READ, mode=os.O_RDONLY)

    def test_may_be_unmapped_in_part(self, machine):
        at = self.mmap(machine.dom0, 3 * PAGE)
        machine.dom0.munmap(at + PAGE, PAGE)
        assert ctypes.string_at(at + 2 * PAGE, 1) == b"\0"
        machine.dom0.munmap(at, PAGE)
        machine.dom0.munmap(at + 2 * PAGE, PAGE)

    def test_children_share_it(self, raw):
        def write():
            raw.page[0] = 7

        assert death_of(write) == 0
        assert raw.page[0] == 7

    def test_children_need_not(self, raw):
        raw.kernel.madvise(raw.at, PAGE, MADV_DONTFORK)
        assert death_of(lambda: raw.page[0]) == signal.SIGSEGV

    def test_first_driver_had_a_limit(self):
        kernel = Machine(hypercall_page_limit=64).dom0
        fd = kernel.open(BUFFER, os.O_RDWR)
        at = kernel.mmap(0, 64 * PAGE, RW, MAP_SHARED, fd, 0)
        with refused(EINVAL):
            kernel.mmap(0, PAGE, RW, MAP_SHARED, fd, 0)
        kernel.munmap(at, 64 * PAGE)
        at = kernel.mmap(0, PAGE, RW, MAP_SHARED, fd, 0)
        kernel.munmap(at, PAGE)


def test_mapping_privcmd_needs_write_access_to_write(machine):
    fd = machine.dom0.open(PRIVCMD, os.O_RDONLY)
    with refused(EACCES):
        machine.dom0.mmap(0, PAGE, RW, MAP_SHARED, fd, 0)
    at = machine.dom0.mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0)
    machine.dom0.munmap(at, PAGE)
