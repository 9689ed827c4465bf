"""Machines, their personalities, and what is simulated whatever the call."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
from errno import (
    EACCES,
    EFAULT,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
)

import pytest
from simraw import BUFFER, DOMID_IDLE, HYPERCALL, PRIVCMD, RESTRICT, Raw, death_of, refused

from xensys.kernel.base import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_LOCKED,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
    Kernel,
)
from xensys.kernel.pointers import address_of
from xensys.sim import Machine, SimulatorGap, SimulatorMisuse, default_machine

PAGE = 4096
RW = PROT_READ | PROT_WRITE


class TestDefault:
    def test_is_useful(self):
        machine = Machine()
        assert isinstance(machine.dom0, Kernel)
        assert machine.dom0.simulated
        assert (machine.dom0.machine, machine.dom0.page_size) == ("x86_64", 4096)
        assert [d.name for d in machine.domains.values()] == ["Domain-0", "demo", "paused"]
        assert machine.domains[2].paused
        assert machine.domains[1].memory.read(PAGE, 5) == b"Hello"

    def test_default_machine_is_one(self):
        assert default_machine() is default_machine()

    def test_two_machines_are_two(self):
        one, two = Raw(Machine().dom0), Raw(Machine().dom0)
        one.map(1, [1])[:5] = b"Howdy"
        assert two.map(1, [1])[:5] == b"Hello"
        with refused(ENOTTY):
            one.kernel.ioctl(two.fd, RESTRICT, bytearray(2))

    def test_import_needs_no_upper_layer(self):
        code = (
            "import sys, xensys.sim; xensys.sim.Machine();"
            "bad = [m for m in sys.modules if m.startswith(('xensys.devices', 'xensys.memory',"
            " 'xensys.hypercalls', 'xensys.xen'))]; assert not bad, bad"
        )
        subprocess.run(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"], check=True
        )


class TestGuestMemory:
    @pytest.fixture
    def memory(self):
        return Machine().domains[2].memory

    def test_across_frames(self, memory):
        memory.write(PAGE - 2, b"abcd")
        assert memory.read(PAGE - 3, 6) == b"\0abcd\0"

    def test_holes(self, memory):
        memory.write(5 * PAGE, b"gone")
        memory.punch([5, 6])
        assert sorted(set(range(1024)) - set(memory.populated())) == [5, 6]
        assert memory.total == 1022
        with pytest.raises(SimulatorMisuse, match="0x5"):
            memory.read(5 * PAGE, 1)
        with pytest.raises(SimulatorMisuse):
            memory.punch([5])
        memory.populate(5)
        assert memory.read(5 * PAGE, 4) == bytes(4)
        assert list(memory.populated())[:7] == [0, 1, 2, 3, 4, 5, 7]

    def test_extended(self, memory):
        memory.populate(1024, 4)
        memory.populate(0x8_0000)
        assert memory.highest() == 0x8_0000
        assert list(memory.populated())[-2:] == [1027, 0x8_0000]
        memory.punch([0x8_0000])
        assert memory.highest() == 1027

    def test_remapped_frames_are_no_run(self, memory):
        raw = Raw(Machine().dom0)
        memory = raw.kernel.xen_machine.domains[1].memory
        memory.punch([3])
        memory.populate(3)
        memory.write(3 * PAGE, b"new")
        area = raw.map(1, range(2, 6))
        assert area[PAGE : PAGE + 3] == b"new"
        assert area[2 * PAGE : 2 * PAGE + 9] == b"frame 0x4"


class TestPersonalities:
    def test_no_xen(self):
        kernel = Machine(xen=None).dom0
        for path in (PRIVCMD, BUFFER, "/proc/xen/privcmd"):
            with refused(ENOENT):
                kernel.open(path, os.O_RDWR)
            assert kernel.access(path) == ENOENT
        with refused(ENOENT):
            kernel.read_file("/sys/hypervisor/type")

    def test_no_hypercall_device(self):
        kernel = Machine(hypercall_device=False).dom0
        with refused(ENOENT):
            kernel.open(BUFFER, os.O_RDWR)
        raw = Raw(kernel, buffers=False)
        memory = kernel.reserve(PAGE, writable=True)
        flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED
        kernel.mmap(address_of(memory), PAGE, RW, flags, -1, 0)
        assert raw.call(17, 1, address_of(memory)) == 0
        assert memory[:4] == b".0-s"
        assert kernel.xen_machine.violations == []

    def test_only_the_old_node(self):
        kernel = Machine(privcmd_nodes=["/proc/xen/privcmd"]).dom0
        with refused(ENOENT):
            kernel.open(PRIVCMD, os.O_RDWR)
        fd = kernel.open("/proc/xen/privcmd", os.O_RDWR)
        assert kernel.ioctl(fd, HYPERCALL, bytearray(struct.pack("<6Q", 17, *[0] * 5))) == 0x40014

    def test_not_root(self):
        kernel = Machine(root=False).dom0
        with refused(EACCES):
            kernel.open(PRIVCMD, os.O_RDWR)
        assert kernel.access(PRIVCMD) == EACCES
        assert kernel.read_file("/proc/xen/capabilities") == b"control_d\n"

    def test_node_errors(self):
        kernel = Machine(node_errors={PRIVCMD: ENODEV}).dom0
        with refused(ENODEV):
            kernel.open(PRIVCMD, os.O_RDWR)

    def test_a_driver_that_is_not_loaded(self):
        kernel = Machine().dom0
        for path in ("/dev/xen/evtchn", "/dev/xen/gntdev", "/dev/xen/gntalloc"):
            assert kernel.access(path) == 0
            kernel.nodes.discard(path)
            assert kernel.access(path) == ENOENT
            with refused(ENOENT):
                kernel.open(path, os.O_RDWR)

    def test_other_files_are_a_gap(self):
        with pytest.raises(SimulatorGap):
            Machine().dom0.open("/etc/passwd", os.O_RDONLY)

    def test_files(self):
        machine = Machine(xen=(4, 17), extraversion=".3", files={"/etc/hostname": b"sim\n"})
        read = machine.dom0.read_file
        assert read("/sys/hypervisor/type") == b"xen\n"
        assert read("/sys/hypervisor/guest_type") == b"PV\n"
        assert read("/sys/hypervisor/version/minor") == b"17\n"
        assert read("/sys/hypervisor/version/extra") == b".3\n"
        assert read("/etc/hostname") == b"sim\n"
        inside = machine.domains[1].kernel().read_file
        assert inside("/proc/xen/capabilities") == b""
        assert inside("/sys/hypervisor/guest_type") == b"PVH\n"
        assert inside("/sys/hypervisor/properties/buildid") == b"<denied>\n"

    @pytest.mark.parametrize(("target", "pinned"), [(None, DOMID_IDLE), (2, 2)])
    def test_domu_is_restricted(self, target, pinned):
        raw = Raw(Machine().domains[1].kernel(target=target))
        with refused(EPERM):
            raw.call(17, 0)
        assert raw.ioctl(RESTRICT, bytearray(struct.pack("<H", pinned))) == 0
        with refused(EINVAL):
            raw.ioctl(RESTRICT, bytearray(struct.pack("<H", 1)))

    def test_domu_unrestricted(self):
        assert Raw(Machine().domains[1].kernel(unrestricted=True)).call(17, 0) == 0x40014

    @pytest.mark.parametrize(
        ("linux", "missing"),
        [
            ((4, 10), {0x0010_5005, 0x0002_5006, 0x0020_5007, 0x4018_5008, 0x4030_5009, 0x0008_500A}),
            ((6, 5), {0x4018_5008, 0x4030_5009, 0x0008_500A}),
            ((6, 13), set()),
        ],
    )
    def test_ioctls_by_release(self, linux, missing):
        raw = Raw(Machine(linux=linux, unknown_ioctl=EINVAL if linux < (4, 11) else ENOTTY).dom0)
        for request in (0x0010_5005, 0x0002_5006, 0x0020_5007, 0x4018_5008, 0x4030_5009, 0x0008_500A):
            try:
                raw.ioctl(request, bytearray(64))
                answer = 0
            except OSError as error:
                answer = error.errno
            if request in missing:
                assert answer == (EINVAL if linux < (4, 11) else ENOTTY)
            else:
                assert answer in {0, EOPNOTSUPP, EINVAL, EPERM}

    def test_no_size_query_before_5_11(self):
        raw = Raw(Machine(linux=(5, 10)).dom0)
        with refused(EINVAL):
            raw.resource(1, 1, 0, 0, 0, 0)
        raw.resource(1, 1, 0, 0, 1, raw.fresh(1))

    def test_64_KiB_pages(self):
        machine = Machine(arch="arm64", page_size=65536)
        raw = Raw(machine.dom0)
        base = machine.domains[1].first_gfn
        area = raw.area(17)
        assert len(area) == 2 * 65536
        assert address_of(area) % 65536 == 0
        gfns = [base + 2 + i for i in range(17)]
        assert raw.batch(1, address_of(area), gfns[:16])[0] == EINVAL
        assert raw.batch(1, address_of(area), gfns) == (0, [0] * 17)
        assert area[16 * PAGE : 16 * PAGE + 10] == b"frame 0x12"
        with refused(EINVAL):
            raw.kernel.munmap(address_of(area) + PAGE, PAGE)

        def touch():
            mine = raw.area(17)
            raw.batch(1, address_of(mine), gfns)
            mine[17 * PAGE]

        assert death_of(touch) == signal.SIGBUS

    def test_page_size_needs_its_architecture(self):
        with pytest.raises(SimulatorMisuse):
            Machine(page_size=65536)
        with pytest.raises(SimulatorMisuse):
            Machine(arch="arm64", page_size=16384)

    def test_kinds_need_their_architecture(self):
        with pytest.raises(SimulatorMisuse):
            Machine().add_domain(kind="arm")


class TestArm64UnwrittenPages:
    """Xen cannot write to a page that was never written: EFAULT, as seen on real Xen."""

    @pytest.fixture
    def raw(self):
        return Raw(Machine(arch="arm64").dom0)

    def test_fresh(self, raw):
        page = raw.buffer(write=False)
        with refused(EFAULT):
            raw.call(17, 3, address_of(page))

    def test_only_read(self, raw):
        page = raw.buffer(write=False)
        assert page[:] == bytes(PAGE)
        with refused(EFAULT):
            raw.call(17, 3, address_of(page))

    def test_written(self, raw):
        page = raw.buffer(write=False)
        page[7] = 0
        assert raw.call(17, 3, address_of(page)) == 0
        assert page[:19] == b"xen-3.0-aarch64 xen"

    def test_each_page_counts(self, raw):
        pages = raw.buffer(2 * PAGE, write=False)
        pages[0] = 0
        with refused(EFAULT):
            raw.call(17, 3, address_of(pages) + PAGE - 512)
        pages[PAGE] = 0
        assert raw.call(17, 3, address_of(pages) + PAGE - 512) == 0

    def test_not_on_x86(self):
        raw = Raw(Machine().dom0)
        assert raw.call(17, 3, address_of(raw.buffer(write=False))) == 0


def test_log():
    machine = Machine(trace=True)
    raw = Raw(machine.dom0)
    machine.log.clear()
    raw.call(17, 0)
    with refused(ENOTTY):
        raw.ioctl(0x50FF, bytearray(1))
    ioctl, hypercall, unknown = machine.log
    assert (ioctl.kind, ioctl.details["request"], ioctl.result) == ("ioctl", "HYPERCALL", 0x40014)
    assert (hypercall.kind, hypercall.details["op"]) == ("hypercall", "xen_version")
    assert unknown.error == ENOTTY
    assert Machine().log == []


def test_fork_leaves_the_parent_alone():
    machine = Machine()
    raw = Raw(machine.dom0)
    area = raw.map(1, [1])
    busy = threading.Event()
    stop = threading.Event()

    def hold():
        with machine.traced("nothing"):
            busy.set()
            stop.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    busy.wait(10)

    def child():
        # The lock's holder is no more, and this must not wait for it.
        machine.dom0.close(machine.dom0.open(PRIVCMD, os.O_RDWR))
        machine.domains[1].destroy()

    assert death_of(child) == 0
    stop.set()
    holder.join()
    assert machine.zombies() == []
    assert machine.mapped_frames(machine.domains[1]) == 1
    assert area[:5] == b"Hello"


def test_threads():
    raw = Raw(Machine().dom0)
    failures = []

    def work():
        try:
            for _ in range(100):
                area = raw.map(1, [1, 2, 5])
                assert area[:5] == b"Hello"
                assert raw.call(17, 0) == 0x40014
                area.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert raw.kernel.xen_machine.mapped_frames(raw.kernel.xen_machine.domains[1]) == 0
