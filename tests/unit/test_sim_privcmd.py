"""The privcmd driver's rules, checked on the simulator with raw bytes."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from errno import E2BIG, EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSYS, ENOTTY, EPERM, ESRCH

import pytest
from simraw import (
    BAD,
    BUFFER,
    DM_OP,
    DOMID_INVALID,
    DOMID_SELF,
    HYPERCALL,
    MMAP,
    MMAPBATCH,
    PRIVCMD,
    RESTRICT,
    Raw,
    death_of,
    refused,
)

from xensys.kernel.base import (
    PROT_READ,
    PROT_WRITE,
)
from xensys.kernel.pointers import address_of
from xensys.sim import Machine, SimulatorMisuse

PAGE = 4096
HOLE = 0x9_9999
RW = PROT_READ | PROT_WRITE


@pytest.fixture(params=["pv", "pvh", "arm"])
def any_raw(request):
    """dom0 of each kind."""
    kind = request.param
    machine = Machine(arch="arm64") if kind == "arm" else Machine(dom0=kind)
    return Raw(machine.dom0)


def first_gfn(raw):
    return raw.kernel.xen_machine.domains[1].first_gfn


class TestDescriptors:
    def test_are_real_and_selectable(self, machine):
        import select

        fd = machine.dom0.open(PRIVCMD, os.O_RDWR)
        assert not os.get_inheritable(fd)
        assert select.select([fd], [fd], [], 0) == ([fd], [fd], [])
        machine.dom0.close(fd)
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    def test_closed_behind_our_back_is_EBADF(self, machine):
        fd = machine.dom0.open(PRIVCMD, os.O_RDWR)
        os.close(fd)
        with refused(EBADF):
            machine.dom0.ioctl(fd, HYPERCALL, bytearray(48))

    def test_number_reused_by_another_file_is_ENOTTY(self, machine):
        fd = machine.dom0.open(PRIVCMD, os.O_RDWR)
        os.close(fd)
        other = os.open("/dev/null", os.O_RDWR)
        assert other == fd
        with refused(ENOTTY):
            machine.dom0.ioctl(fd, HYPERCALL, bytearray(48))
        os.close(other)

    def test_duplicate_shares_the_restriction(self, raw):
        twin = os.dup(raw.fd)
        raw.ioctl(RESTRICT, bytearray(struct.pack("<H", 1)))
        with refused(EPERM):
            raw.kernel.ioctl(twin, HYPERCALL, bytearray(48))
        os.close(twin)

    def test_unknown_ioctl(self, raw):
        with refused(ENOTTY):
            raw.ioctl(0x50FF, bytearray())
        with refused(ENOTTY):
            raw.ioctl(0x4500, bytearray(4))

    def test_number_is_not_looked_up_without_the_device(self, machine):
        fd = machine.dom0.open(BUFFER, os.O_RDWR)
        with refused(ENOTTY):
            machine.dom0.ioctl(fd, HYPERCALL, bytearray(48))

    def test_short_argument_is_a_mistake_said_aloud(self, raw):
        with pytest.raises(SimulatorMisuse, match="48 bytes"):
            raw.ioctl(HYPERCALL, bytearray(47))

    def test_open_files_lists_what_is_open(self, machine):
        fd = machine.dom0.open(PRIVCMD, os.O_RDWR)
        assert [file.device for file in machine.open_files.open_now()] == ["privcmd"]
        machine.dom0.close(fd)
        assert machine.open_files.open_now() == []


class TestRestrict:
    def restrict(self, raw, domid):
        return raw.ioctl(RESTRICT, bytearray(struct.pack("<H", domid)))

    def test_is_once_and_for_all(self, raw):
        assert self.restrict(raw, DOMID_INVALID) == 0
        assert raw.call(17, 0) > 0
        assert self.restrict(raw, 1) == 0
        assert self.restrict(raw, 1) == 0
        with refused(EINVAL):
            self.restrict(raw, 2)
        with refused(EPERM):
            raw.call(17, 0)

    def test_maps_only_that_domain(self, raw):
        area = raw.area(1)
        self.restrict(raw, 1)
        assert raw.batch(2, address_of(area), [1])[0] == EPERM
        assert raw.batch(1, address_of(area), [1]) == (0, [0])

    def test_domain_is_checked_before_the_count(self, raw):
        area = raw.area(1)
        self.restrict(raw, 1)
        assert raw.batch(2, address_of(area), [], num=0)[0] == EPERM
        assert raw.batch(1, address_of(area), [], num=0)[0] == EINVAL

    def test_another_open_is_free(self, raw):
        self.restrict(raw, 1)
        assert Raw(raw.kernel).call(17, 0) > 0

    @pytest.mark.parametrize("request_number", [MMAP, DM_OP])
    def test_others(self, raw, request_number):
        self.restrict(raw, 1)
        layout = "<iHxxQ" if request_number == MMAP else "<HHxxxxQ"
        values = (0, 2, 0) if request_number == MMAP else (2, 0, 0)
        with refused(EPERM):
            raw.ioctl(request_number, bytearray(struct.pack(layout, *values)))


class TestDmOp:
    def dm_op(self, raw, domid, num, ubufs):
        return raw.ioctl(DM_OP, bytearray(struct.pack("<HHxxxxQ", domid, num, ubufs)))

    def test_nothing_to_do_is_no_question_of_the_domain(self, raw):
        assert self.dm_op(raw, DOMID_INVALID, 0, BAD) == 0

    def test_too_many_buffers(self, raw):
        with refused(E2BIG):
            self.dm_op(raw, 1, 17, BAD)

    def test_bad_array(self, raw):
        with refused(EFAULT):
            self.dm_op(raw, 1, 1, BAD)

    def test_too_long_buffer(self, raw):
        vector = ctypes.create_string_buffer(struct.pack("<QQ", BAD, 4097))
        with refused(E2BIG):
            self.dm_op(raw, 1, 1, ctypes.addressof(vector))

    def test_hypercall_memory_cannot_be_pinned(self, raw):
        vector = ctypes.create_string_buffer(struct.pack("<QQ", raw.at, 32))
        with refused(EFAULT):
            self.dm_op(raw, 1, 1, ctypes.addressof(vector))


class TestBatchChecks:
    def test_bad_frame_array(self, any_raw):
        area = any_raw.area(1)
        assert any_raw.batch(1, address_of(area), [1], arr=BAD)[0] == EFAULT

    def test_bad_error_array(self, any_raw):
        area = any_raw.area(1)
        assert any_raw.batch(1, address_of(area), [1], err=BAD)[0] == EFAULT

    def test_kernel_pointer_is_refused_before_the_domain_is_checked(self, raw):
        area = raw.area(1)
        raw.ioctl(RESTRICT, bytearray(struct.pack("<H", 1)))
        assert raw.batch(2, address_of(area), [1], err=1 << 63)[0] == EFAULT

    def test_nothing_to_map(self, any_raw):
        area = any_raw.area(1)
        assert any_raw.batch(1, address_of(area), [], num=0)[0] == EINVAL

    def test_absurd_count_ends_at_the_end_of_the_array(self, raw):
        area = raw.area(1)
        arr = address_of(raw.page)
        assert raw.batch(1, address_of(area), [1], num=0x8000_0000, arr=arr)[0] == EFAULT

    def test_array_is_read_before_the_address_is_looked_at(self, raw):
        assert raw.batch(1, BAD, [1], arr=BAD)[0] == EFAULT
        assert raw.batch(1, BAD, [1])[0] == EINVAL

    def test_errors_are_cleared_first(self, raw):
        result, errors = raw.batch(1, BAD, [1, 2])
        assert (result, errors) == (EINVAL, [0, 0])

    def test_other_memory_is_not_a_mapping(self, raw):
        assert raw.batch(1, raw.at, [1])[0] == EINVAL
        plain = raw.kernel.reserve(PAGE, writable=True)
        assert raw.batch(1, address_of(plain), [1])[0] == EINVAL

    @pytest.mark.parametrize(("offset", "count"), [(0, 3), (0, 5), (PAGE, 3), (PAGE, 4)])
    def test_first_use_must_fill_it(self, any_raw, offset, count):
        area = any_raw.area(4)
        gfns = range(first_gfn(any_raw) + 1, first_gfn(any_raw) + 1 + count)
        assert any_raw.batch(1, address_of(area) + offset, gfns)[0] == EINVAL
        assert any_raw.batch(1, address_of(area), [first_gfn(any_raw) + 2] * 4)[0] == 0

    def test_mapped_pages_are_not_mapped_again(self, any_raw):
        gfn = first_gfn(any_raw) + 1
        area = any_raw.map(1, [gfn, gfn + 1])
        assert any_raw.batch(1, address_of(area), [gfn, gfn + 1])[0] == EINVAL
        assert any_raw.batch(1, address_of(area) + PAGE, [gfn])[0] == EINVAL

    def test_later_use_must_stay_inside(self, raw):
        area = raw.area(2)
        assert raw.batch(1, address_of(area), [HOLE, HOLE]) == (0, [-EINVAL] * 2)
        assert raw.batch(1, address_of(area) + PAGE, [1, 2])[0] == EINVAL
        assert raw.batch(1, address_of(area) + PAGE, [1]) == (0, [0])


class TestBatchResults:
    def test_content(self, raw, guest):
        area = raw.map(1, [1, 2, 3])
        assert area[:5] == b"Hello"
        assert area[PAGE : PAGE + 17] == b"frame 0x2 of demo"
        area[PAGE : PAGE + 5] = b"FRAME"
        assert guest.memory.read(2 * PAGE, 7) == b"FRAME 0"
        guest.memory.write(PAGE, b"Howdy")
        assert area[:5] == b"Howdy"

    @pytest.mark.parametrize(
        "gfns",
        [
            pytest.param([9, 8, 7, 6], id="reversed"),
            pytest.param([5, 5, 5], id="repeated"),
            pytest.param([40, 3, 17, 2, 3], id="scattered"),
            pytest.param(list(range(2, 62)), id="contiguous"),
        ],
    )
    def test_order(self, any_raw, gfns):
        base = first_gfn(any_raw)
        area = any_raw.map(1, [base + gfn for gfn in gfns])
        for index, gfn in enumerate(gfns):
            text = f"frame {gfn:#x} of demo".encode()
            assert area[index * PAGE : index * PAGE + len(text)] == text

    def test_success_says_nothing_of_the_frames(self, any_raw):
        base = first_gfn(any_raw)
        area = any_raw.area(3)
        result = any_raw.batch(1, address_of(area), [base + 1, HOLE, base + 2])
        assert result == (0, [0, -EINVAL, 0])
        assert area[2 * PAGE : 2 * PAGE + 17] == b"frame 0x2 of demo"

    def test_touching_a_hole_is_SIGBUS(self, any_raw):
        base = first_gfn(any_raw)
        area = any_raw.area(2)
        any_raw.batch(1, address_of(area), [base + 1, HOLE])

        def touch():
            # Not inherited: a mapping of the child's own.
            mine = any_raw.area(2)
            any_raw.batch(1, address_of(mine), [base + 1, HOLE])
            assert mine[0] == ord("H")
            mine[PAGE]

        assert death_of(touch) == signal.SIGBUS
        assert area[0] == ord("H")

    def test_touching_an_empty_mapping_is_SIGBUS(self, raw):
        assert death_of(lambda: raw.area(1)[0]) == signal.SIGBUS

    def test_a_child_has_no_mapping(self, raw):
        area = raw.map(1, [1])
        assert death_of(lambda: area[0]) == signal.SIGSEGV
        assert area[0] == ord("H")

    def test_writing_to_a_read_only_mapping_is_fatal(self, raw):
        def write():
            area = raw.map(1, [1], writable=False)
            assert area[0] == ord("H")
            ctypes.memmove(address_of(area), b"x", 1)

        assert death_of(write) == signal.SIGSEGV

    def test_no_such_domain(self, any_raw):
        area = any_raw.area(2)
        assert any_raw.batch(77, address_of(area), [1, 2]) == (0, [-ESRCH] * 2)

    def test_oneself_on_a_pv_domain(self, raw):
        area = raw.area(1)
        assert raw.batch(0, address_of(area), [1]) == (0, [-ESRCH])
        assert raw.batch(DOMID_SELF, address_of(area), [1]) == (0, [0])

    def test_oneself_on_a_translated_domain(self):
        raw = Raw(Machine(dom0="pvh").dom0)
        assert raw.batch(0, raw.fresh(1), [1]) == (0, [-EPERM])
        assert raw.batch(DOMID_SELF, raw.fresh(1), [1]) == (0, [-ESRCH])

    def test_an_unprivileged_domain_maps_none(self, machine):
        domu = machine.add_domain(kind="pv", memory=PAGE)
        raw = Raw(domu.kernel(unrestricted=True))
        assert raw.batch(1, raw.fresh(1), [1]) == (0, [-EPERM])
        domu.target = 1
        assert raw.batch(1, raw.fresh(1), [1]) == (0, [0])

    def test_many_scattered_frames_run_out_of_mappings(self):
        machine = Machine(guests=False)
        guest = machine.add_domain(memory=65536 * PAGE)
        raw = Raw(machine.dom0)
        area = raw.area(65536)
        result, _ = raw.batch(guest.domid, address_of(area), range(65535, -1, -1))
        assert result == ENOMEM
        other = raw.map(guest.domid, range(65536))
        assert len(other) == 65536 * PAGE


class TestVersion1:
    def batch(self, raw, domid, area, gfns):
        frames = (ctypes.c_uint64 * len(gfns))(*gfns)
        arg = struct.pack("<IHxxQQ", len(gfns), domid, address_of(area), ctypes.addressof(frames))
        try:
            raw.ioctl(MMAPBATCH, bytearray(arg))
        except OSError as error:
            return error.errno, list(frames)
        return 0, list(frames)

    def test_marks_what_failed(self, raw, guest):
        area = raw.area(3)
        guest.page_out([2])
        assert self.batch(raw, 1, area, [1, 2, HOLE]) == (0, [1, 0x8000_0002, HOLE | 0xF000_0000])

    def test_paged_out(self, raw, guest):
        guest.page_out([2])
        assert self.batch(raw, 1, raw.area(2), [1, 2]) == (ENOENT, [1, 0x8000_0002])


class TestPaging:
    def test_last_frame_makes_the_call_fail(self, raw, guest):
        guest.page_out([3])
        area = raw.area(3)
        assert raw.batch(1, address_of(area), [1, 2, 3]) == (ENOENT, [0, 0, -ENOENT])

    def test_an_earlier_frame_does_not(self, raw, guest):
        # xen_remap_pfn() returns the error of a block's last frame only.
        guest.page_out([2])
        area = raw.area(3)
        assert raw.batch(1, address_of(area), [1, 2, 3]) == (0, [0, -ENOENT, 0])

    def test_last_of_any_block_of_512_does(self, raw, guest):
        guest.page_out([511])
        area = raw.area(600)
        result, errors = raw.batch(1, address_of(area), range(600))
        assert (result, errors[511], sum(map(bool, errors))) == (ENOENT, -ENOENT, 1)

    def test_retry_of_the_hole(self, raw, guest):
        guest.page_out([3], for_calls=2)
        area = raw.area(3)
        assert raw.batch(1, address_of(area), [2, 3, 4])[1] == [0, -ENOENT, 0]
        assert raw.batch(1, address_of(area) + PAGE, [3]) == (ENOENT, [-ENOENT])
        assert raw.batch(1, address_of(area) + PAGE, [3]) == (0, [0])
        assert area[PAGE : PAGE + 9] == b"frame 0x3"
        assert area[:9] == b"frame 0x2"

    def test_until_a_time(self, raw, guest):
        machine = guest.machine
        guest.page_out([2], until=machine.clock.now() + 5)
        area = raw.area(1)
        assert raw.batch(1, address_of(area), [2])[0] == ENOENT
        machine.dom0.sleep(5)
        assert raw.batch(1, address_of(area), [2]) == (0, [0])

    def test_page_in(self, raw, guest):
        guest.page_out([2])
        area = raw.area(1)
        assert raw.batch(1, address_of(area), [2])[0] == ENOENT
        guest.page_in([2])
        assert raw.batch(1, address_of(area), [2]) == (0, [0])

    def test_a_translated_domain_sees_no_page_and_may_not_retry(self):
        machine = Machine(dom0="pvh")
        raw = Raw(machine.dom0)
        machine.domains[1].page_out([2], for_calls=1)
        area = raw.area(2)
        assert raw.batch(1, address_of(area), [1, 2]) == (0, [0, -EINVAL])
        assert raw.batch(1, address_of(area) + PAGE, [2])[0] == EINVAL

    def test_a_translated_retry_maps_the_wrong_pages(self):
        """The driver counts pages from 0 again: the upstream bug behind P3's rule."""
        machine = Machine(dom0="pvh", paged_is_enoent=True)
        raw = Raw(machine.dom0)
        machine.domains[1].page_out([4], for_calls=1)
        area = raw.area(3)
        assert raw.batch(1, address_of(area), [2, 3, 4]) == (0, [0, 0, -ENOENT])
        assert area[:9] == b"frame 0x2"
        assert raw.batch(1, address_of(area) + 2 * PAGE, [4]) == (0, [0])
        assert area[2 * PAGE : 2 * PAGE + 9] == b"frame 0x4"
        assert area[PAGE : PAGE + 9] == b"frame 0x3"
        assert area[:9] == b"frame 0x4"


class TestMmapIoctl:
    def mmap(self, raw, domid, *entries, num=None, pointer=None):
        array = ctypes.create_string_buffer(b"".join(struct.pack("<3Q", *e) for e in entries) or b"\0")
        where = ctypes.addressof(array) if pointer is None else pointer
        count = len(entries) if num is None else num
        return raw.ioctl(MMAP, bytearray(struct.pack("<iHxxQ", count, domid, where)))

    def test_translated_domains_lack_it(self):
        raw = Raw(Machine(dom0="pvh").dom0)
        with refused(ENOSYS):
            self.mmap(raw, 1)

    def test_nothing(self, raw):
        assert self.mmap(raw, 1) == 0

    def test_maps_chunks(self, raw):
        area = raw.area(3)
        at = address_of(area)
        assert self.mmap(raw, 1, (at, 2, 2), (at + 2 * PAGE, 7, 1)) == 0
        assert area[PAGE : PAGE + 9] == b"frame 0x3"
        assert area[2 * PAGE : 2 * PAGE + 9] == b"frame 0x7"
        with refused(EINVAL):
            self.mmap(raw, 1, (at, 2, 3))

    def test_refusals(self, raw):
        area = raw.area(3)
        at = address_of(area)
        with refused(EFAULT):
            self.mmap(raw, 1, num=1, pointer=BAD)
        with refused(EINVAL):
            self.mmap(raw, 1, (at + PAGE, 2, 1))
        with refused(EINVAL):
            self.mmap(raw, 1, (at, 2, 1), (at + 2 * PAGE, 7, 1))
        fresh = raw.area(1)
        with refused(EINVAL):
            self.mmap(raw, 1, (address_of(fresh), 2, 2))
        fresh = raw.area(1)
        with refused(EINVAL):
            self.mmap(raw, 1, (address_of(fresh), HOLE, 1))
