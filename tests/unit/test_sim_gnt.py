"""The simulated gntdev and gntalloc, by the bytes their drivers get: each refusal, in order."""

from __future__ import annotations

import errno
import gc
import os
import struct
from contextlib import contextmanager

import pytest
from simraw import BAD, DOMID_SELF, Raw, refused

from xensys.devices._placing import place
from xensys.kernel.base import MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE
from xensys.kernel.pointers import address_of
from xensys.sim import Machine, gntalloc, gntdev
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.grants import Entry

FRAME = 4096
RW = PROT_READ | PROT_WRITE


class Files:
    """Both devices of a kernel, and what is mapped from them."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.dev = kernel.open("/dev/xen/gntdev", os.O_RDWR)
        self.alloc = kernel.open("/dev/xen/gntalloc", os.O_RDWR)

    def ask(self, fd, request, layout, *values, extra=b""):
        arg = bytearray(struct.pack(layout, *values) + extra)
        arg += bytes(max((request >> 16) - len(arg), 0))
        assert self.kernel.ioctl(fd, request, arg) == 0
        return arg

    def reserve_grants(self, *grants):
        extra = b"".join(struct.pack("<II", *grant) for grant in grants)
        arg = self.ask(self.dev, gntdev.MAP_GRANT_REF, "<IIQ", len(grants), 0, 77, extra=extra)
        return struct.unpack_from("<Q", arg, 8)[0]

    def unmap(self, index, count):
        self.ask(self.dev, gntdev.UNMAP_GRANT_REF, "<QII", index, count, 0)

    def share(self, count=1, *, domid=0, flags=1):
        extra = bytes(4 * count)
        arg = self.ask(self.alloc, gntalloc.ALLOC_GREF, "<HHIQ", domid, flags, count, 77, extra=extra)
        return struct.unpack_from("<Q", arg, 8)[0], struct.unpack_from(f"<{count}I", arg, 16)

    def end(self, index, count=1):
        self.ask(self.alloc, gntalloc.DEALLOC_GREF, "<QII", index, count, 0)

    def mmap(self, fd, pages, offset, *, prot=RW, flags=MAP_SHARED):
        memory = self.kernel.reserve(pages * FRAME, writable=bool(prot & PROT_WRITE))
        # Refused, it leaves no gap: `memory` would unmap what later tests have there.
        place(self.kernel, memory, flags, fd, offset)
        return memory

    def settle(self):
        self.kernel.access("/dev/null")


@pytest.fixture
def dom0(machine):
    return Files(machine.dom0)


@pytest.fixture
def peer(machine):
    return Files(machine.domains[1].kernel(unrestricted=True))


@contextmanager
def mapped(files, fd, pages, offset, **how):
    memory = files.mmap(fd, pages, offset, **how)
    yield memory
    memory.close()


class TestGntdev:
    def test_unknown_ioctls_are_ENOTTY(self, dom0):
        for request in (gntdev.SET_MAX_GRANTS, gntdev.DMABUF_EXP_FROM_REFS, 0x0010_4799):
            with refused(errno.ENOTTY):
                dom0.kernel.ioctl(dom0.dev, request, bytearray(64))
        old = Files(Machine(linux=(4, 4)).dom0)
        with refused(errno.ENOTTY):
            old.ask(old.dev, gntdev.GRANT_COPY, "<IIQ", 0, 0, 0)

    def test_one_number_means_two_things(self, dom0, peer):
        # SET_UNMAP_NOTIFY is the same number for both devices.
        assert gntdev.SET_UNMAP_NOTIFY == gntalloc.SET_UNMAP_NOTIFY
        index, _ = peer.share()
        peer.ask(peer.alloc, gntalloc.SET_UNMAP_NOTIFY, "<QII", index, 1, 0)
        with refused(errno.ENOENT):
            peer.ask(peer.dev, gntdev.SET_UNMAP_NOTIFY, "<QII", index, 1, 0)

    @pytest.mark.parametrize("count", [0, gntdev.LIMIT + 1])
    def test_counts(self, dom0, count):
        with refused(errno.EINVAL):
            dom0.ask(dom0.dev, gntdev.MAP_GRANT_REF, "<IIQ", count, 0, 0)

    def test_a_buffer_too_short_is_said_aloud(self, dom0):
        with pytest.raises(SimulatorMisuse, match="3 grants"):
            dom0.ask(dom0.dev, gntdev.MAP_GRANT_REF, "<IIQ", 3, 0, 0)
        with pytest.raises(SimulatorMisuse, match="16 bytes"):
            dom0.kernel.ioctl(dom0.dev, gntdev.UNMAP_GRANT_REF, bytearray(15))

    def test_references_are_not_looked_at_before_mmap(self, dom0):
        index = dom0.reserve_grants((0x7FEF, 1 << 31))
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 1, index)

    def test_a_private_mapping_may_only_read(self, dom0, peer):
        _, refs = peer.share()
        index = dom0.reserve_grants((1, refs[0]))
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 1, index, flags=MAP_PRIVATE)
        with mapped(dom0, dom0.dev, 1, index, prot=PROT_READ, flags=MAP_PRIVATE):
            pass

    def test_one_bad_grant_spoils_all(self, machine, dom0, peer):
        _, refs = peer.share()
        index = dom0.reserve_grants((1, refs[0]), (1, 500))
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 2, index)
        assert machine.domains[0].grants.handles == {}
        # It was used, if in vain.
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 2, index)

    def test_on_a_translated_domain_the_good_ones_wait_for_the_unmap(self):
        machine = Machine(dom0="pvh")
        dom0, peer = Files(machine.dom0), Files(machine.domains[1].kernel())
        _, refs = peer.share()
        index = dom0.reserve_grants((1, refs[0]), (1, 500))
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 2, index)
        assert len(machine.domains[0].grants.handles) == 1
        dom0.unmap(index, 2)
        assert machine.domains[0].grants.handles == {}

    def test_a_mapping_outlives_its_place_and_its_file(self, machine, dom0, peer):
        _, refs = peer.share()
        index = dom0.reserve_grants((1, refs[0]))
        memory = dom0.mmap(dom0.dev, 1, index)
        dom0.unmap(index, 1)
        dom0.settle()
        assert machine.domains[1].grants.status(refs[0]) == 24
        dom0.kernel.close(dom0.dev)
        memory[0] = 5
        memory.close()
        dom0.settle()
        assert machine.domains[1].grants.status(refs[0]) == 0

    @pytest.mark.parametrize("kind", ["pv", "pvh"])
    def test_unmapped_in_part(self, kind):
        machine = Machine(dom0=kind)
        dom0, peer = Files(machine.dom0), Files(machine.domains[1].kernel())
        _, refs = peer.share(3)
        table = machine.domains[1].grants
        index = dom0.reserve_grants(*((1, ref) for ref in refs))
        memory = dom0.mmap(dom0.dev, 3, index)
        dom0.kernel.munmap(address_of(memory) + FRAME, FRAME)
        dom0.settle()
        # A PV kernel learns of it and unmaps; another waits for the last mapping, and the place.
        at_once = kind == "pv"
        assert [table.status(ref) for ref in refs] == [24, 0 if at_once else 24, 24]
        memory.close()
        dom0.settle()
        assert [table.status(ref) for ref in refs] == [0 if at_once else 24] * 3
        dom0.unmap(index, 3)
        assert [table.status(ref) for ref in refs] == [0, 0, 0]

    def test_whose_address(self, dom0, peer):
        index, refs = peer.share(2)
        place = dom0.reserve_grants((1, refs[0]), (1, refs[1]))
        with mapped(dom0, dom0.dev, 2, place) as memory, mapped(peer, peer.alloc, 2, index) as own:
            arg = dom0.ask(
                dom0.dev, gntdev.GET_OFFSET_FOR_VADDR, "<QQII", address_of(memory) + 5000, 0, 0, 0
            )
            assert struct.unpack_from("<QI", arg, 8) == (place, 2)
            for address in (BAD, address_of(own), address_of(memory) + 2 * FRAME):
                with refused(errno.EINVAL):
                    dom0.ask(dom0.dev, gntdev.GET_OFFSET_FOR_VADDR, "<QQII", address, 0, 0, 0)

    def test_notify_is_checked_in_the_drivers_order(self, dom0):
        def notify(index, action, port):
            dom0.ask(dom0.dev, gntdev.SET_UNMAP_NOTIFY, "<QII", index, action, port)

        with refused(errno.EINVAL):  # the action before the place
            notify(0, 4, 0)
        with refused(errno.EINVAL):  # the port before the place
            notify(0, 2, 3000)
        with refused(errno.ENOENT):
            notify(0, 1, 0)

    def test_a_pages_of_64_KiB_kernel_is_a_gap(self):
        files = Files(Machine(arch="arm64", page_size=65536).dom0)
        with pytest.raises(SimulatorGap):
            files.reserve_grants((1, 8))
        with pytest.raises(SimulatorGap):
            files.share()

    def test_memory_of_a_device_cannot_be_pinned(self, machine, dom0, peer):
        _, refs = peer.share(2)
        index = dom0.reserve_grants((1, refs[1]))
        with mapped(dom0, dom0.dev, 1, index) as memory:
            segment = bytearray(struct.pack("<IHHQHHh2x", refs[0], 0, 1, address_of(memory), 4, 1, 0))
            with refused(errno.EFAULT):
                dom0.ask(dom0.dev, gntdev.GRANT_COPY, "<IIQ", 1, 0, address_of(segment))

    def test_hypercall_arguments_in_shared_memory_are_a_violation(self, machine, dom0, peer):
        raw = Raw(machine.dom0)
        index, _ = dom0.share()
        with mapped(dom0, dom0.alloc, 1, index) as memory:
            assert raw.call(20, 6, address_of(memory), 1) == 0
        # Read once, written once.
        assert [violation.write for violation in machine.violations] == [False, True]


class TestGntalloc:
    def test_limits(self, dom0):
        with refused(errno.ENOMEM):
            dom0.ask(dom0.alloc, gntalloc.ALLOC_GREF, "<HHIQ", 0, 0, (1 << 20) + 1, 0)
        with refused(errno.ENOSPC):
            dom0.ask(dom0.alloc, gntalloc.ALLOC_GREF, "<HHIQ", 0, 0, gntalloc.LIMIT + 1, 0)

    def test_the_limit_is_the_kernels_not_the_machines(self, dom0, peer):
        dom0.share(gntalloc.LIMIT)
        with refused(errno.ENOSPC):
            dom0.share()
        peer.share()

    def test_a_closed_file_gives_back(self, machine, dom0):
        _, refs = dom0.share(gntalloc.LIMIT)
        dom0.kernel.close(dom0.alloc)
        dom0.alloc = dom0.kernel.open("/dev/xen/gntalloc", os.O_RDWR)
        assert not machine.domains[0].grants.entry(refs[0]).flags
        dom0.share(gntalloc.LIMIT)

    def test_memory_of_a_closed_file_stays(self, machine, dom0):
        index, refs = dom0.share()
        with mapped(dom0, dom0.alloc, 1, index) as memory:
            dom0.kernel.close(dom0.alloc)
            dom0.settle()
            memory[0] = 5
            assert machine.domains[0].grants.entry(refs[0]).flags
        dom0.settle()
        assert not machine.domains[0].grants.entry(refs[0]).flags

    def test_what_is_in_the_entry(self, machine, dom0):
        index, refs = dom0.share(2, domid=1, flags=0)
        entry = machine.domains[0].grants.entry(refs[1])
        assert (entry.flags, entry.domid) == (1 | 4, 1)
        with mapped(dom0, dom0.alloc, 2, index) as memory:
            memory[FRAME] = 9
            assert machine.domains[0].memory.read(entry.frame * FRAME, 1) == b"\x09"

    def test_mmap(self, dom0):
        index, _ = dom0.share(3)
        with refused(errno.EINVAL):
            dom0.mmap(dom0.alloc, 1, index, flags=MAP_PRIVATE)
        for pages, offset in ((4, index), (1, index + 3 * FRAME)):
            with refused(errno.ENOENT):
                dom0.mmap(dom0.alloc, pages, offset)
        # In parts, and more than once.
        with (
            mapped(dom0, dom0.alloc, 2, index + FRAME) as one,
            mapped(dom0, dom0.alloc, 1, index + FRAME) as two,
        ):
            one[0] = 3
            assert two[0] == 3
        dom0.end(index + FRAME)
        with refused(errno.ENOENT):
            dom0.mmap(dom0.alloc, 3, index)
        with refused(errno.EINVAL):
            dom0.end(index, 3)

    def test_end_while_mapped_by_ourselves(self, machine, dom0):
        index, refs = dom0.share()
        with mapped(dom0, dom0.alloc, 1, index) as memory:
            dom0.end(index)
            dom0.settle()
            assert machine.domains[0].grants.entry(refs[0]).flags
            memory[0] = 1
        dom0.settle()
        assert not machine.domains[0].grants.entry(refs[0]).flags

    def test_a_page_is_clean_when_it_comes_again(self, dom0):
        index, refs = dom0.share()
        with mapped(dom0, dom0.alloc, 1, index) as memory:
            memory[:] = b"x" * FRAME
        dom0.end(index)
        dom0.settle()
        index, again = dom0.share()
        assert again == refs
        with mapped(dom0, dom0.alloc, 1, index) as memory:
            assert memory[:] == bytes(FRAME)

    def test_its_object_collected_is_its_end(self, machine, dom0):
        index, refs = dom0.share()
        memory = dom0.mmap(dom0.alloc, 1, index)
        dom0.end(index)
        del memory
        gc.collect()
        # Without any further call: a finalizer has told.
        assert not machine.domains[0].grants.entry(refs[0]).flags


class TestTable:
    def test_entries_written_from_outside_are_not_given_again(self, machine):
        table = machine.domains[1].grants
        table.write(8, Entry(1, 0, 5))
        assert table.give(0, 6) == 9

    def test_one_domain_at_a_time_may_use_a_grant(self, machine, peer):
        table = machine.domains[0].grants
        ref = table.give(1, 300)
        _ = peer.reserve_grants((0, ref))
        handle = machine.domains[1].grants.map(machine.domains[0], ref, 2)
        # Re-written under the mapping: Xen goes by what it noted.
        table.write(ref, Entry(1, 2, 300))
        from xensys.sim.grants import Refused

        with pytest.raises(Refused) as caught:
            machine.domains[2].grants.map(machine.domains[0], ref, 2)
        assert caught.value.status == -1
        machine.domains[1].grants.unmap(handle.number)
        machine.domains[2].grants.map(machine.domains[0], ref, 2)

    def test_a_granted_page_that_is_taken_away(self, machine, dom0):
        guest = machine.domains[1]
        ref = guest.grants.give(0, 300)
        guest.memory.punch([300])
        index = dom0.reserve_grants((1, ref))
        with refused(errno.EINVAL):
            dom0.mmap(dom0.dev, 1, index)

    def test_a_page_taken_away_while_it_is_mapped(self, machine, dom0):
        guest = machine.domains[1]
        guest.memory.write(300 * FRAME, b"kept")
        index = dom0.reserve_grants((1, guest.grants.give(0, 300)))
        with mapped(dom0, dom0.dev, 1, index) as memory:
            guest.memory.punch([300])
            assert memory[:4] == b"kept"


class TestTransfer:
    GIVE = "<QHxxIhxxxxxx"

    def give(self, machine, raw, gfn, domid, ref):
        assert raw.call(20, 4, raw.struct(self.GIVE, gfn, domid, ref, 77), 1) == 0
        return struct.unpack_from("<h", raw.page, 16)[0]

    def test_to_a_domain_that_accepts(self, machine, raw):
        guest = machine.domains[1]
        guest.grants.write(9, Entry(2, 0, 0x8000))
        own = machine.domains[0].memory
        own.write(1000 * FRAME, b"a gift")
        assert self.give(machine, raw, 1000, 1, 9) == 0
        assert guest.memory.read(0x8000 * FRAME, 6) == b"a gift"
        assert guest.grants.entry(9).flags == 2 | 4 | 8
        assert own.slot(1000) is None

    def test_the_page_is_lost_if_nobody_takes_it(self, machine, raw):
        own = machine.domains[0].memory
        assert self.give(machine, raw, 1 << 40, 1, 9) == -9
        for gfn, domid, ref, status in ((1000, 99, 9, -2), (1001, 1, 9, -1), (1002, 1, 9999, -1)):
            assert self.give(machine, raw, gfn, domid, ref) == status
            assert own.slot(gfn) is None


class TestByHypercall:
    def test_a_translated_domain_maps_and_unmaps(self, machine, domu):
        table = machine.domains[2].grants
        ref = table.give(1, 500)
        at = domu.struct("<QIIHhIQ", 0x5000, 2, ref, 2, 77, 0, 0)
        assert domu.call(20, 0, at, 1) == 0
        status, handle = struct.unpack_from("<hI", domu.page, 18)
        assert (status, table.status(ref)) == (0, 24)

        def unmap(address, number):
            domu.call(20, 1, domu.struct("<QQIhxx", address, 0, number, 77), 1)
            return struct.unpack_from("<h", domu.page, 20)[0]

        assert unmap(0x6000, handle) == -1
        assert unmap(0, handle) == 0  # leaves it
        assert table.status(ref) == 24
        assert unmap(0x5000, handle) == 0
        assert table.status(ref) == 0
        assert unmap(0x5000, handle) == -4

    def test_device_mappings_are_for_pv_domains(self, machine, domu, raw):
        ref = machine.domains[2].grants.give(1, 500)
        domu.call(20, 0, domu.struct("<QIIHhIQ", 0, 1 | 2, ref, 2, 77, 0, 0), 1)
        assert struct.unpack_from("<h", domu.page, 18)[0] == -1
        ref = machine.domains[2].grants.give(0, 501)
        raw.call(20, 0, raw.struct("<QIIHhIQ", 0, 1, ref, 2, 77, 0, 0), 1)
        status, handle, bus = struct.unpack_from("<hIQ", raw.page, 18)
        assert status == 0
        for address, answer in ((bus + FRAME, -6), (bus, 0), (bus, -4)):
            raw.call(20, 1, raw.struct("<QQIhxx", 0, address, handle, 77), 1)
            assert struct.unpack_from("<h", raw.page, 20)[0] == answer

    def test_into_a_page_table_is_a_gap(self, machine, raw):
        ref = machine.domains[2].grants.give(0, 501)
        with pytest.raises(SimulatorGap, match="page tables"):
            raw.call(20, 0, raw.struct("<QIIHhIQ", 0x1000, 2, ref, 2, 0, 0, 0), 1)
        assert machine.domains[2].grants.active == {}

    def test_own_frames_can_be_copied(self, machine, raw):
        memory = machine.domains[0].memory
        memory.write(700 * FRAME, b"frame")
        ref = machine.domains[0].grants.give(0, 701)
        segment = struct.pack("<QHHxxxxQHHxxxxHHhxx", 700, DOMID_SELF, 0, ref, 0, 3, 5, 2, 77)
        assert raw.call(20, 5, raw.struct("40s", segment), 1) == 0
        assert struct.unpack_from("<h", raw.page, 36)[0] == 0
        assert memory.read(701 * FRAME + 3, 5) == b"frame"

    def test_setup_table_in_bad_memory(self, machine, raw):
        raw.call(20, 2, raw.struct("<HxxIhxxxxxxQ", DOMID_SELF, 1, 77, BAD), 1)
        assert struct.unpack_from("<h", raw.page, 8)[0] == -5

    def test_arrays_beyond_all_addresses(self, raw):
        with refused(errno.EFAULT):
            raw.call(20, 1, (1 << 63) - 8, 1)

    def test_version_2_is_not_for_arm(self, arm):
        with refused(errno.ENOSYS):
            arm.call(20, 8, arm.struct("<I", 2), 1)
