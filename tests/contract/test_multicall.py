"""multicall: many hypercalls in one."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER
from xensys.abi import memory, version

XEN_VERSION, MEMORY_OP, MULTICALL = 17, 12, 13


def test_each_entry_has_its_result(world):
    xen = world.xen
    batch = xen.multicall.batch()
    info = xen.buffers.new(version.xen_feature_info)
    assert batch.add(XEN_VERSION, version.XENVER_version) == 0
    assert batch.add(XEN_VERSION, version.XENVER_get_features, info) == 1
    assert batch.add(MEMORY_OP, memory.XENMEM_maximum_ram_page, None) == 2
    assert len(batch) == 3
    number, features, pages = batch.run(hazardous=True)
    assert (number >> 16, number & 0xFFFF) == world.target.xen
    assert features == 0
    assert info.submap == xen.xen_version.get_features()
    assert pages == xen.memory_op.maximum_ram_page()
    assert len(batch) == 0


def test_an_entry_that_fails_is_an_error_in_its_place(world):
    xen = world.xen
    batch = xen.multicall.batch()
    domain = xen.buffers.new(memory.xen_memory_domain)
    domain.domid = NEVER
    batch.add(MEMORY_OP, memory.XENMEM_current_reservation, domain)
    batch.add(63)
    batch.add(XEN_VERSION, version.XENVER_version)
    gone, missing, number = batch.run(hazardous=True)
    assert isinstance(gone, xensys.NoSuchDomainError)
    assert (gone.call, gone.via) == ("memory_op", "entry 0 of a multicall")
    assert isinstance(missing, xensys.NotSupportedError)
    assert (missing.errno, missing.call) == (errno.ENOSYS, "hypercall 63")
    assert number >> 16 == world.target.xen[0]


def test_a_multicall_in_a_multicall_is_EINVAL(world):
    batch = world.xen.multicall.batch()
    batch.add(MULTICALL, None, 0)
    batch.add(XEN_VERSION, version.XENVER_version)
    nested, number = batch.run(hazardous=True)
    assert isinstance(nested, xensys.XenError)
    assert nested.errno == errno.EINVAL
    assert number >> 16 == world.target.xen[0]


def test_many_entries_cross_pages(world):
    batch = world.xen.multicall.batch()
    for _ in range(200):
        batch.add(XEN_VERSION, version.XENVER_version)
    assert len(set(batch.run(hazardous=True))) == 1


def test_nothing_queued_is_nothing_done(world):
    assert world.xen.multicall.batch().run(hazardous=True) == []


def test_a_batch_is_not_run_without_the_flag(world):
    batch = world.xen.multicall.batch()
    batch.add(XEN_VERSION, version.XENVER_version)
    with pytest.raises(xensys.HazardError) as caught:
        batch.run()
    assert caught.value.call == "multicall(HYPERVISOR_multicall)"
    assert caught.value.arguments == {"nr_calls": 1}
    # It is as it was.
    assert len(batch.run(hazardous=True)) == 1


def test_buffers_are_kept_until_it_has_run(world):
    xen = world.xen
    batch = xen.multicall.batch()
    buffer = xen.buffers.alloc(1024)
    batch.add(XEN_VERSION, version.XENVER_capabilities, buffer)
    with pytest.raises(BufferError):
        buffer.free()
    assert batch.run(hazardous=True) == [0]
    assert buffer[:4] == b"xen-"
    buffer.free()


def test_cleared_it_lets_them_go(world):
    batch = world.xen.multicall.batch()
    buffer = world.xen.buffers.alloc(1024)
    batch.add(XEN_VERSION, version.XENVER_capabilities, buffer)
    batch.clear()
    buffer.free()
    assert batch.run(hazardous=True) == []


@pytest.mark.parametrize("word", [b"12345678", "8", 1.5])
def test_memory_that_is_no_buffer_is_refused(world, word):
    with pytest.raises(TypeError):
        world.xen.multicall.batch().add(XEN_VERSION, 0, word)


def test_words_that_do_not_fit_are_overflows(world):
    batch = world.xen.multicall.batch()
    for op, words in ((1 << 64, ()), (-1, ()), (17, (1 << 64,)), (17, (0, -1))):
        with pytest.raises(OverflowError, match="multicall_entry"):
            batch.add(op, *words)
    with pytest.raises(TypeError, match="at most 5"):
        batch.add(17, 1, 2, 3, 4, 5, 6)
    assert len(batch) == 0
