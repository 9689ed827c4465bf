"""multicall as the simulator shows it: what goes wrong in the middle of one."""

from __future__ import annotations

import errno
import struct
import threading

import pytest
from simraw import refused

import xensys
from xensys.abi import memory
from xensys.sim import Machine

MULTICALL, XEN_VERSION, MEMORY_OP = 13, 17, 12


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


def entry(op, *words):
    return struct.pack("<8Q", op, 0, *words, *[0] * (6 - len(words)))


def test_results_are_64_bits_wide():
    with xensys.Xen(Machine(machine_memory=(1 << 33 | 5) << 12).dom0) as xen:
        batch = xen.multicall.batch()
        batch.add(MEMORY_OP, memory.XENMEM_maximum_ram_page)
        assert batch.run(hazardous=True) == [1 << 33 | 5]


def test_an_effect_is_there(machine, xen):
    batch = xen.multicall.batch()
    extent = xen.buffers.alloc(8)
    extent[:] = struct.pack("<Q", 1 << 20)
    request = xen.buffers.new(memory.xen_memory_reservation)
    request.extent_start = extent
    request.nr_extents, request.domid = 1, 1
    batch.add(MEMORY_OP, memory.XENMEM_populate_physmap, request)
    assert batch.run(hazardous=True) == [1]
    assert machine.domains[1].memory.slot(1 << 20) is not None
    request.extent_start = None
    extent.free()


def test_what_was_made_before_a_failure_is_told(machine, xen):
    def interrupt():
        raise InterruptedError(errno.EINTR, "interrupted")

    machine.dom0.faults.do("hypercall", interrupt, after=True, op="multicall")
    batch = xen.multicall.batch()
    batch.add(XEN_VERSION, 0)
    batch.add(63)
    with pytest.raises(xensys.XenInterruptedError) as caught:
        batch.run(hazardous=True)
    number, missing = caught.value.arguments["results"]
    assert number == 4 << 16 | 20
    assert missing.errno == errno.ENOSYS


def test_what_was_not_made_has_no_result(machine, xen):
    fault = machine.dom0.faults.fail("hypercall", errno.EFAULT, op="multicall")
    batch = xen.multicall.batch()
    batch.add(XEN_VERSION, 0)
    with pytest.raises(xensys.XenError) as caught:
        batch.run(hazardous=True)
    assert fault.fired == 1
    assert caught.value.errno == errno.EFAULT
    assert caught.value.arguments == {"nr_calls": 1}


def test_errors_pickle_and_say_what_it_was(xen):
    import pickle

    batch = xen.multicall.batch()
    batch.add(XEN_VERSION, 6, 0x10)
    (error,) = batch.run(hazardous=True)
    assert "entry 0 of a multicall" in str(error)
    assert error.arguments == {"a1": 6, "a2": 0x10}
    assert pickle.loads(pickle.dumps(error)).errno == errno.EFAULT


def test_nested_and_then_anew(raw):
    raw.page[:128] = entry(MULTICALL, raw.at, 1) + entry(XEN_VERSION, 0)
    assert raw.call(MULTICALL, raw.at, 2) == 0
    assert struct.unpack_from("<q", raw.page, 8)[0] == -errno.EINVAL
    assert struct.unpack_from("<q", raw.page, 72)[0] == 4 << 16 | 20
    assert raw.call(MULTICALL, raw.at + 64, 1) == 0


def test_arrays_that_are_not_there(raw):
    with refused(errno.EFAULT):
        raw.call(MULTICALL, 0x10, 1)
    for address, count in ((1 << 47, 1), (raw.at, 1 << 58), ((1 << 64) - 64, 1)):
        with refused(errno.EFAULT):
            raw.call(MULTICALL, address, count)
    assert raw.call(MULTICALL, raw.at, 0) == 0


def test_from_many_threads(xen):
    wrong = []

    def work():
        for _ in range(50):
            batch = xen.multicall.batch()
            for _ in range(5):
                batch.add(XEN_VERSION, 0)
            results = batch.run(hazardous=True)
            if results != [4 << 16 | 20] * 5:
                wrong.append(results)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_restricted_and_closed(machine):
    xen = xensys.Xen(machine.domains[1].kernel())
    family = xen.multicall
    batch = family.batch()
    batch.add(XEN_VERSION, 0)
    with pytest.raises(xensys.XenPermissionError) as caught:
        batch.run(hazardous=True)
    assert "restricted" in caught.value.hint
    batch.add(XEN_VERSION, 0)
    xen.close()
    with pytest.raises(ValueError):
        batch.run(hazardous=True)


def test_repr(xen):
    batch = xen.multicall.batch()
    batch.add(XEN_VERSION, 0)
    assert repr(batch) == "<Batch of 1 hypercalls>"
