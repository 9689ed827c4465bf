"""dm_op: each sub-operation on a guest, through the ioctl; the hypercall in a fallback run's likeness.

Where this Xen has no ioreq servers (arm64 as Debian builds it) every one is
ENOSYS; operations of the other architecture are EOPNOTSUPP.
"""

from __future__ import annotations

import errno
import struct
from contextlib import contextmanager
from functools import partial

import pytest

import xensys
from tests.contract.worlds import NEVER, PATIENCE, SELF
from xensys.abi.hvm import dm_op as abi
from xensys.abi.hvm.params import HVM_PARAM_BUFIOREQ_PFN, HVM_PARAM_IOREQ_PFN
from xensys.abi.sched import SHUTDOWN_suspend
from xensys.devices.privcmd import Privcmd

RAM_RW, RAM_RO, MMIO_DM, UNUSED, IOREQ = range(5)
#: HVMOP_get_mem_type, and its structure: domid, type, -, -, frame.
GET_MEM_TYPE, MEM_TYPE = 15, struct.Struct("<HHHxxQ")


@contextmanager
def refused(number):
    """The block must fail with this errno."""
    with pytest.raises(xensys.XenError) as caught:
        yield caught
    got = caught.value.errno
    assert got == number, f"{errno.errorcode.get(got, got)}, not {errno.errorcode[number]}"


@contextmanager
def only_where_there_are_ioreq_servers(world):
    """The block, or that this Xen lacks what it does."""
    if world.target.ioreq:
        yield
        return
    with refused(errno.ENOSYS):
        yield


@contextmanager
def x86_only(world):
    """The block, or that arm has no such operation."""
    if world.target.arch == "x86_64":
        yield
        return
    with refused(errno.EOPNOTSUPP if world.target.ioreq else errno.ENOSYS):
        yield


def frame(world, index=0x200):
    """A frame of the paused guest."""
    return world.paused.first + index


# --- the whole call --------------------------------------------------------------


def test_nr_vcpus(world):
    with only_where_there_are_ioreq_servers(world):
        assert world.xen.dm_op.nr_vcpus(world.paused.domid) == 1


@pytest.mark.parametrize(("domid", "number"), [(NEVER, errno.ESRCH), (SELF, errno.ESRCH), (0, errno.EPERM)])
def test_on_whom_it_may_not_be(world, domid, number):
    with refused(number if world.target.ioreq else errno.ENOSYS) as caught:
        world.xen.dm_op.nr_vcpus(domid)
    assert caught.value.call == "dm_op(XEN_DMOP_nr_vcpus)"
    assert caught.value.domid == domid
    assert caught.value.via.startswith("IOCTL_PRIVCMD_DM_OP on ")


@pytest.mark.parametrize(
    ("op", "number"),
    [
        (struct.pack("<II", 21, 0) + bytes(24), errno.EOPNOTSUPP),
        (struct.pack("<II", 0, 0) + bytes(24), errno.EOPNOTSUPP),
        (struct.pack("<II", 20, 1) + bytes(24), errno.EINVAL),
        (bytes(7), errno.EFAULT),
        (struct.pack("<II", 20, 0) + bytes(3), errno.EFAULT),
    ],
    ids=["beyond the last", "zero", "pad", "no header", "short"],
)
def test_bytes_that_are_no_operation(world, op, number):
    with Privcmd.open(world.kernel) as privcmd, refused(number if world.target.ioreq else errno.ENOSYS):
        privcmd.dm_op(world.paused.domid, [bytearray(op)])


def test_three_buffers_are_too_many_for_xen(world):
    number = errno.E2BIG if world.target.ioreq else errno.ENOSYS
    with Privcmd.open(world.kernel) as privcmd, refused(number):
        privcmd.dm_op(world.paused.domid, [bytearray(32) for _ in range(3)])


def test_by_hypercall_the_same(world):
    """What DmOp does where the kernel has no such ioctl."""
    dm_op = world.xen.dm_op
    dm_op._found = world.xen.privcmd, False
    with only_where_there_are_ioreq_servers(world):
        assert dm_op.nr_vcpus(world.paused.domid) == 1
        ident = dm_op.create_ioreq_server(world.paused.domid)
        dm_op.destroy_ioreq_server(world.paused.domid, ident)
    with refused(errno.ESRCH if world.target.ioreq else errno.ENOSYS) as caught:
        dm_op.nr_vcpus(NEVER)
    assert caught.value.via.startswith("IOCTL_PRIVCMD_HYPERCALL on ")


def test_on_a_restricted_handle_for_that_domain_alone(world):
    with xensys.xen.Xen(world.kernel, privcmd=Privcmd.open(world.kernel)) as xen:
        xen.privcmd.restrict(world.paused.domid)
        with only_where_there_are_ioreq_servers(world):
            assert xen.dm_op.nr_vcpus(world.paused.domid) == 1
        with pytest.raises(xensys.XenPermissionError) as caught:
            xen.dm_op.nr_vcpus(world.running.domid)
        assert caught.value.errno == errno.EPERM
        assert caught.value.via.startswith("IOCTL_PRIVCMD_DM_OP on ")


# --- ioreq servers by number -----------------------------------------------------


@pytest.fixture
def server(world):
    """An ioreq server of the paused guest, where there can be one."""
    if not world.target.ioreq:
        yield 0
        return
    ident = world.xen.dm_op.create_ioreq_server(world.paused.domid)
    yield ident
    world.xen.dm_op.destroy_ioreq_server(world.paused.domid, ident)


def test_eight_servers_and_no_more(world):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with only_where_there_are_ioreq_servers(world):
        made = [dm_op.create_ioreq_server(domid) for _ in range(8)]
        try:
            assert sorted(made) == list(range(8))
            with refused(errno.ENOSPC):
                dm_op.create_ioreq_server(domid)
            dm_op.destroy_ioreq_server(domid, 5)
            assert dm_op.create_ioreq_server(domid) == 5
        finally:
            for ident in made:
                dm_op.destroy_ioreq_server(domid, ident)
    with refused(errno.ENOENT if world.target.ioreq else errno.ENOSYS):
        dm_op.destroy_ioreq_server(domid, 5)


@pytest.mark.parametrize("handling", [0, 1, 2, 3])
def test_ways_to_handle_the_buffered_ring(world, handling):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    known = 3 if world.target.arch == "x86_64" else 1
    if world.target.ioreq and handling >= known:
        with refused(errno.EINVAL):
            dm_op.create_ioreq_server(domid, handling)
        return
    with only_where_there_are_ioreq_servers(world):
        ident = dm_op.create_ioreq_server(domid, handling)
        try:
            info = dm_op.get_ioreq_server_info(domid, ident)
            assert (info.bufioreq_port > 0) == (handling > 0)
            assert (info.ioreq_gfn, info.bufioreq_gfn) == (None, None)
        finally:
            dm_op.destroy_ioreq_server(domid, ident)


def test_pages_in_the_guests_memory(world):
    """Two frames that every x86 toolstack sets aside for that."""
    dm_op, hvm_op = world.xen.dm_op, world.xen.hvm_op
    with world.throwaway() as guest, x86_only(world):
        first, second = dm_op.create_ioreq_server(guest.domid), dm_op.create_ioreq_server(guest.domid)
        info = partial(dm_op.get_ioreq_server_info, guest.domid, gfns=True)
        if world.target.xen < (4, 20):
            # Fixed in 4.20.2: they were not to be had as long as they were free.
            with refused(errno.ENOMEM):
                info(first)
        gfn = info(first).ioreq_gfn
        assert gfn == hvm_op.get_param(guest.domid, HVM_PARAM_IOREQ_PFN)
        assert info(first).bufioreq_gfn is None
        if world.target.xen >= (4, 20):
            assert info(second).ioreq_gfn == hvm_op.get_param(guest.domid, HVM_PARAM_BUFIOREQ_PFN)
            with refused(errno.ENOMEM):
                info(dm_op.create_ioreq_server(guest.domid))
        with world.xen.foreign.map(guest.domid, [gfn], write=True) as page:
            page[:4] = b"mine"
            dm_op.set_ioreq_server_state(guest.domid, first, True)
            # It has left the guest's memory, and was cleared but for its vCPU's port.
            with pytest.raises(xensys.ForeignMapError):
                world.xen.foreign.map(guest.domid, [gfn])
            assert page[:4] == bytes(4)
            assert int.from_bytes(page[24:28], "little") > 0
            dm_op.set_ioreq_server_state(guest.domid, first, False)
            assert page[24:28] == bytes(4)
        world.xen.foreign.map(guest.domid, [gfn]).close()
        dm_op.destroy_ioreq_server(guest.domid, first)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_ranges(world, server, kind):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with only_where_there_are_ioreq_servers(world):
        dm_op.map_io_range_to_ioreq_server(domid, server, kind, 0x100, 0x107)
        for first, last in [(0x100, 0x100), (0x107, 0x107), (0xFF, 0x108)]:
            with refused(errno.EEXIST):
                dm_op.map_io_range_to_ioreq_server(domid, server, kind, first, last)
        with refused(errno.ENOENT):
            dm_op.unmap_io_range_from_ioreq_server(domid, server, kind, 0x100, 0x108)
        dm_op.unmap_io_range_from_ioreq_server(domid, server, kind, 0x102, 0x103)
        with refused(errno.ENOENT):
            dm_op.unmap_io_range_from_ioreq_server(domid, server, kind, 0x100, 0x107)
        dm_op.map_io_range_to_ioreq_server(domid, server, kind, 0x102, 0x103)
        dm_op.unmap_io_range_from_ioreq_server(domid, server, kind, 0x100, 0x107)


def test_ranges_that_are_none(world, server):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    for change in (dm_op.map_io_range_to_ioreq_server, dm_op.unmap_io_range_from_ioreq_server):
        for arguments, number in [
            ((server, 3, 1, 2), errno.EINVAL),
            ((server, 0, 2, 1), errno.EINVAL),
            ((7, 0, 1, 2), errno.ENOENT),
            ((99, 3, 1, 2), errno.ENOENT),
        ]:
            with refused(number if world.target.ioreq else errno.ENOSYS):
                change(domid, *arguments)


def test_256_ranges_and_no_more(world, server):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with only_where_there_are_ioreq_servers(world):
        for index in range(256):
            dm_op.map_io_range_to_ioreq_server(domid, server, 1, 16 * index, 16 * index + 7)
        with refused(errno.ENOMEM):
            dm_op.map_io_range_to_ioreq_server(domid, server, 1, 1 << 20, 1 << 20)
        dm_op.map_io_range_to_ioreq_server(domid, server, 1, 8, 9)
        with refused(errno.ENOMEM):
            dm_op.unmap_io_range_from_ioreq_server(domid, server, 1, 3, 4)
        dm_op.map_io_range_to_ioreq_server(domid, server, 0, 1, 1)


def test_state(world, server):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with only_where_there_are_ioreq_servers(world):
        for enabled in (True, True, False, False):
            dm_op.set_ioreq_server_state(domid, server, enabled)
    with refused(errno.ENOENT if world.target.ioreq else errno.ENOSYS):
        dm_op.set_ioreq_server_state(domid, 7, True)


# --- memory ------------------------------------------------------------------------


def mem_type(world, domid, gfn):
    """HVMOP_get_mem_type."""
    with world.xen.buffers.alloc(MEM_TYPE.size) as buffer:
        buffer[:] = MEM_TYPE.pack(domid, 0, 0, gfn)
        world.xen.hypercall(34, GET_MEM_TYPE, buffer)
        return MEM_TYPE.unpack(buffer[:])[1]


def test_set_mem_type_and_back(world):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    gfn = frame(world)
    with x86_only(world):
        dm_op.set_mem_type(domid, RAM_RO, gfn, 2)
        assert [mem_type(world, domid, gfn + index) for index in range(3)] == [RAM_RO, RAM_RO, RAM_RW]
        dm_op.set_mem_type(domid, RAM_RW, gfn, 2)
        assert mem_type(world, domid, gfn) == RAM_RW


def test_an_emulated_frame_is_no_memory_and_stays_so(world):
    gfn = frame(world)
    with world.throwaway() as guest, x86_only(world):
        world.xen.dm_op.set_mem_type(guest.domid, MMIO_DM, gfn)
        with pytest.raises(xensys.ForeignMapError) as caught:
            world.xen.foreign.map(guest.domid, [gfn])
        assert dict(caught.value.errors) == {gfn: errno.EINVAL}
        with refused(errno.EINVAL):
            world.xen.dm_op.set_mem_type(guest.domid, RAM_RW, gfn)
        world.xen.foreign.map(guest.domid, [gfn + 1]).close()


@pytest.mark.parametrize(
    ("kind", "offset", "count"),
    [(UNUSED, 0, 1), (5, 0, 1), (RAM_RW, 0, 0), (RAM_RW, 1 << 28, 1), (IOREQ, 0, 1)],
    ids=["unused", "unknown", "none", "beyond the last", "nobody's"],
)
def test_set_mem_type_refused(world, kind, offset, count):
    number = errno.EINVAL if world.target.arch == "x86_64" else errno.EOPNOTSUPP
    with refused(number if world.target.ioreq else errno.ENOSYS):
        world.xen.dm_op.set_mem_type(world.paused.domid, kind, frame(world, offset), count)


def test_type_of_an_ioreq_server(world, server):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    gfn = frame(world)
    with x86_only(world):
        dm_op.map_mem_type_to_ioreq_server(domid, server, IOREQ, 2)
        with refused(errno.EBUSY):
            dm_op.map_mem_type_to_ioreq_server(domid, server, IOREQ, 2)
        dm_op.set_mem_type(domid, IOREQ, gfn)
        with refused(errno.EINVAL):
            dm_op.set_mem_type(domid, RAM_RO, gfn)
        dm_op.set_mem_type(domid, RAM_RW, gfn)
        dm_op.map_mem_type_to_ioreq_server(domid, server, IOREQ, 0)
        for arguments in [(server, IOREQ, 0), (server, RAM_RO, 2), (server, IOREQ, 1)]:
            with refused(errno.EINVAL):
                dm_op.map_mem_type_to_ioreq_server(domid, *arguments)


def test_track_dirty_vram(world):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with x86_only(world):
        # Of a new range all is dirty, and of a guest that does not run nothing afterwards.
        assert dm_op.track_dirty_vram(domid, frame(world), 12) == b"\xff\xff"
        assert dm_op.track_dirty_vram(domid, frame(world), 12) == b"\0\0"
        assert dm_op.track_dirty_vram(domid, frame(world), 11) == b"\xff\xff"
        assert dm_op.track_dirty_vram(domid, 0, 0) == b""
        with refused(errno.EINVAL):
            dm_op.track_dirty_vram(domid, 0, (1 << 18) + 1)


def test_track_dirty_vram_that_linux_takes_no_bitmap_for(world):
    dm_op, domid = world.xen.dm_op, world.paused.domid
    with x86_only(world):
        assert dm_op.track_dirty_vram(domid, 0, 32769)[:4096] == b"\xff" * 4096
        dm_op.track_dirty_vram(domid, 0, 0)


def test_modified_memory_while_nobody_migrates(world):
    with x86_only(world):
        world.xen.dm_op.modified_memory(world.paused.domid, [(frame(world), 1)] * 300)
        world.xen.dm_op.modified_memory(world.paused.domid, [])


def test_relocate_memory(world):
    dm_op, gfn = world.xen.dm_op, frame(world)
    with world.throwaway() as guest, x86_only(world):
        with world.xen.foreign.map(guest.domid, [gfn], write=True) as page:
            page[:5] = b"moves"
        with pytest.raises(xensys.HazardError):
            dm_op.relocate_memory(guest.domid, gfn, gfn + 1, 1)
        dm_op.relocate_memory(guest.domid, gfn, gfn + 1, 1, hazardous=True)
        with world.xen.foreign.map(guest.domid, [gfn + 1]) as page:
            assert page[:5] == b"moves"
        with pytest.raises(xensys.ForeignMapError):
            world.xen.foreign.map(guest.domid, [gfn])
        # What is no memory cannot be moved; later ones ask for ordinary memory.
        with refused(errno.EACCES if world.target.xen >= (4, 20) else errno.EINVAL):
            dm_op.relocate_memory(guest.domid, gfn, gfn + 1, 1, hazardous=True)


def test_pin_memory_cacheattr(world):
    dm_op, domid, gfn = world.xen.dm_op, world.paused.domid, frame(world)
    wb, delete = abi.XEN_DMOP_MEM_CACHEATTR_WB, abi.XEN_DMOP_DELETE_MEM_CACHEATTR
    with x86_only(world):
        dm_op.pin_memory_cacheattr(domid, gfn, gfn + 7, wb)
        with refused(errno.EBUSY):
            dm_op.pin_memory_cacheattr(domid, gfn + 7, gfn + 8, wb)
        dm_op.pin_memory_cacheattr(domid, gfn, gfn + 7, delete)
        with refused(errno.ENOENT):
            dm_op.pin_memory_cacheattr(domid, gfn, gfn + 7, delete)
        for arguments in [(gfn, gfn - 1, wb), (gfn, gfn, 2)]:
            with refused(errno.EINVAL):
                dm_op.pin_memory_cacheattr(domid, *arguments)


# --- interrupts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [
        ("set_pci_intx_level", [(3, 0, True), (3, 0, False)], [(32, 0, True), (3, 4, True), (3, 0, 2)]),
        ("set_pci_link_route", [(1, 0)], [(4, 0)]),
        ("inject_msi", [(0xFEE00000, 0x4031)], [(0xFEE00000, 0x231)]),
    ],
)
def test_lines_and_messages(world, method, good, bad):
    call = getattr(world.xen.dm_op, method)
    with x86_only(world):
        for arguments in good:
            call(world.paused.domid, *arguments)
        for arguments in bad:
            with refused(errno.EINVAL):
                call(world.paused.domid, *arguments)


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [("set_isa_irq_level", (5, True), (16, True)), ("set_pci_link_route", (1, 5), (1, 16))],
)
def test_isa_lines_need_the_flag_and_are_sixteen(world, method, good, bad):
    """None is driven: raising one of a PVH guest's is the end of Xen up to 4.20."""
    call = getattr(world.xen.dm_op, method)
    with pytest.raises(xensys.HazardError):
        call(world.paused.domid, *good)
    wrong = errno.EINVAL
    if world.target.arch != "x86_64":
        wrong = errno.EOPNOTSUPP if world.target.ioreq else errno.ENOSYS
    with refused(wrong):
        call(world.paused.domid, *bad, hazardous=True)


def test_msi_without_vector_and_pirq(world):
    number = errno.ERANGE if world.target.arch == "x86_64" else errno.EOPNOTSUPP
    with refused(number if world.target.ioreq else errno.ENOSYS):
        world.xen.dm_op.inject_msi(world.paused.domid, 0xFEE00000, 0)


@pytest.mark.parametrize("irq", [16, 31, 32, 1019])
def test_spis_of_a_guest_that_has_none(world, irq):
    number = errno.EINVAL if world.target.arch != "x86_64" else errno.EOPNOTSUPP
    with refused(number if world.target.ioreq else errno.ENOSYS):
        world.xen.dm_op.set_irq_level(world.paused.domid, irq, True)


def test_inject_event_once_while_the_vcpu_does_not_run(world):
    dm_op = world.xen.dm_op
    with pytest.raises(xensys.HazardError):
        dm_op.inject_event(world.paused.domid, 0, 0x21, abi.XEN_DMOP_EVENT_ext_int)
    with world.throwaway() as guest, x86_only(world):
        dm_op.inject_event(guest.domid, 0, 0x21, abi.XEN_DMOP_EVENT_ext_int, hazardous=True)
        with refused(errno.EBUSY):
            dm_op.inject_event(guest.domid, 0, 0x21, abi.XEN_DMOP_EVENT_ext_int, hazardous=True)
        with refused(errno.EINVAL):
            dm_op.inject_event(guest.domid, 1, 0x21, abi.XEN_DMOP_EVENT_ext_int, hazardous=True)


def test_remote_shutdown(world):
    dm_op = world.xen.dm_op
    with pytest.raises(xensys.HazardError):
        dm_op.remote_shutdown(world.paused.domid, 0)
    # Suspended, as then nobody destroys it.
    with world.throwaway() as guest, x86_only(world):
        with world.store("socket").watch("@releaseDomain") as released:
            assert released.get(PATIENCE).path == "@releaseDomain"
            dm_op.remote_shutdown(guest.domid, SHUTDOWN_suspend, hazardous=True)
            assert released.get(PATIENCE).path == "@releaseDomain"
        assert dm_op.nr_vcpus(guest.domid) == 1
