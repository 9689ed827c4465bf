"""The buffer pool: what only a simulated kernel, or a look inside, can show."""

from __future__ import annotations

import ctypes
import errno
import gc
import random
import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import xensys
from xensys.abi import version
from xensys.memory.buffers import BufferPool
from xensys.sim import Machine

PAGE = 4096


def pool_of(machine, *, device: bool = True) -> BufferPool:
    from xensys.devices.hypercall import HypercallMemory

    return BufferPool(machine.dom0, lambda: HypercallMemory.open(machine.dom0) if device else None)


@pytest.fixture
def pool():
    made = pool_of(Machine())
    yield made
    made.close()


def idle_pages(pool) -> int:
    """Pages that are free, whole or cut."""
    return (
        sum(slab.idle for slab in pool._slabs)
        + sum(slot.size for slots in pool._free for slot in slots) // PAGE
    )


def all_pages(pool) -> int:
    return sum(slab.pages for slab in pool._slabs)


def test_buffer_collected_while_the_pool_is_locked_is_no_deadlock(pool):
    """A collection can start anywhere, also where this very thread holds the lock."""
    cycle: list[object] = [pool.alloc(64), pool.alloc(3 * PAGE)]
    cycle[0].view().release()  # one of them has an export
    cycle.append(cycle)
    done = threading.Event()

    def work():
        with pytest.warns(ResourceWarning, match="never freed"), pool.lock:  # noqa: PT031
            cycle_of_this_thread.clear()
            gc.collect()
        done.set()

    cycle_of_this_thread = [cycle]
    del cycle
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert done.wait(20), "dead-locked"
    thread.join()
    with pool.alloc(3 * PAGE), pool.alloc(64):
        pass


def test_forgotten_buffers_come_back(pool):
    for size in (64, PAGE, 3 * PAGE):
        for exported in (False, True):
            buffer = pool.alloc(size)
            address = buffer.address
            if exported:
                buffer.view().release()
            with pytest.warns(ResourceWarning, match="never freed"):
                del buffer
            others = [pool.alloc(size) for _ in range(70)]
            assert address in {other.address for other in others}
            for other in others:
                other.free()


def test_forgotten_buffer_with_a_view_comes_back_with_the_view(pool):
    for size in (64, 3 * PAGE):
        buffer = pool.alloc(size)
        address = buffer.address
        view = buffer.view()
        with pytest.warns(ResourceWarning, match="never freed"):
            del buffer
        others = [pool.alloc(size) for _ in range(70)]
        assert address not in {other.address for other in others}
        del view
        others += [pool.alloc(size) for _ in range(70)]
        assert address in {other.address for other in others}
        for other in others:
            other.free()


def test_may_fault_after_close_opens_nothing(pool):
    pool.alloc(16).free()
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        _ = pool.may_fault
    assert pool._device is None


def test_device_is_opened_once_whoever_asks_first():
    machine = Machine()
    opened = []
    barrier = threading.Barrier(4)

    def open_device():
        from xensys.devices.hypercall import HypercallMemory

        opened.append(1)
        threading.Event().wait(0.02)
        return HypercallMemory.open(machine.dom0)

    pool = BufferPool(machine.dom0, open_device)

    def work(ask):
        barrier.wait()
        ask()

    asks = [lambda: pool.may_fault, lambda: pool.alloc(16).free()] * 2
    threads = [threading.Thread(target=work, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    pool.close()


@pytest.mark.parametrize("first", [True, False], ids=["first-slab", "later-slab"])
@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EINVAL])
def test_device_that_gives_no_more_is_an_error_and_the_pool_lives_on(pool, number, first):
    if not first:
        pool.alloc(16).free()
    pool._kernel.faults.fail("mmap", number, device="hypercall", times=2)
    with pytest.raises(xensys.XenError) as caught:
        pool.alloc(100 * PAGE)
    assert caught.value.errno == number
    pool._kernel.faults.clear()
    with pool.alloc(100 * PAGE) as buffer:
        assert buffer[:] == bytes(100 * PAGE)


def test_first_version_of_the_device_gives_64_pages_for_each_open():
    machine = Machine(hypercall_page_limit=64)
    pool = pool_of(machine)
    held = [pool.alloc(PAGE) for _ in range(200)]
    for buffer in held:
        buffer[:] = b"\xff" * PAGE
    for buffer in held:
        buffer.free()
    with pytest.raises(xensys.XenError) as caught:
        pool.alloc(65 * PAGE)
    assert caught.value.errno == errno.EINVAL
    pool.close()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EPERM, errno.ENOMEM])
def test_memory_that_may_not_be_locked_says_what_to_do(number):
    machine = Machine(hypercall_device=False)
    pool = pool_of(machine, device=False)
    machine.dom0.faults.fail("mmap", number, device=None)
    with pytest.raises(xensys.XenError) as caught:
        pool.alloc(16)
    assert caught.value.errno == number
    assert "RLIMIT_MEMLOCK" in caught.value.hint
    pool.alloc(16).free()
    pool.close()


def test_madvise_that_fails_is_an_error_and_nothing_is_handed_out(pool):
    pool._kernel.faults.fail("madvise", errno.EINVAL)
    with pytest.raises(xensys.XenError) as caught:
        pool.alloc(16)
    assert caught.value.errno == errno.EINVAL
    assert pool._slabs == []
    pool.alloc(16).free()


def test_idle_memory_goes_back_to_the_kernel(pool):
    held = [pool.alloc(64 * PAGE) for _ in range(20)]
    for buffer in held:
        buffer.free()
    assert all_pages(pool) <= 256 + 64
    held = [pool.alloc(PAGE) for _ in range(2000)]
    for buffer in held:
        buffer.free()
    gc.collect()
    assert all_pages(pool) <= 2 * 256 + 64


def test_idle_small_slots_are_bounded_too(pool):
    held = [pool.alloc(32) for _ in range(200_000)]
    for buffer in held:
        buffer.free()
    assert idle_pages(pool) <= 2 * 256 + 64


def test_structures_in_a_slab_that_went_back_are_still_good(pool):
    keep = pool.new(version.xen_compile_info)
    keep.compiler = b"still here"
    held = [pool.alloc(64 * PAGE) for _ in range(20)]
    for buffer in held:
        buffer.free()
    del held
    pool.close()
    gc.collect()
    assert keep.compiler == b"still here"


def test_large_structures_come_back_even_if_no_page_is_asked_for_again(pool):
    kind = ctypes.c_char * (64 * PAGE)
    for _ in range(40):
        pool.new(kind)
    assert all_pages(pool) <= 400


def test_threads_hammer(pool):
    wrong: list[object] = []

    def work(seed):
        random_ = random.Random(seed)
        try:
            held = []
            for _ in range(400):
                if held and random_.random() < 0.5:
                    buffer, mark = held.pop(random_.randrange(len(held)))
                    if buffer[:] != bytes([mark]) * len(buffer):
                        wrong.append("overwritten")
                    buffer.free()
                else:
                    buffer = pool.alloc(random_.choice((16, 64, 1000, 4096, 5000, 40_000)))
                    if any(buffer[:]):
                        wrong.append("not zero")
                    mark = random_.randrange(1, 256)
                    buffer[:] = bytes([mark]) * len(buffer)
                    held.append((buffer, mark))
            for buffer, _ in held:
                buffer.free()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Allocations(RuleBasedStateMachine):
    """Buffers, views and structures in any order: no two share a byte."""

    def __init__(self):
        super().__init__()
        self.pool = pool_of(Machine(guests=False))
        self.buffers: list[tuple[object, int]] = []
        self.views: list[tuple[memoryview, int]] = []
        self.structures: list[object] = []
        self.next = 1

    def mark(self) -> int:
        self.next = self.next % 255 + 1
        return self.next

    @rule(size=st.sampled_from([1, 16, 33, 100, 2048, 4096, 4097, 9000, 70_000]))
    def alloc(self, size):
        buffer = self.pool.alloc(size)
        assert buffer[:] == bytes(size)
        mark = self.mark()
        buffer[:] = bytes([mark]) * size
        self.buffers.append((buffer, mark))

    @rule(data=st.data())
    def view(self, data):
        if self.buffers:
            buffer, mark = data.draw(st.sampled_from(self.buffers))
            self.views.append((buffer.view(), mark))

    @rule(data=st.data())
    def drop_view(self, data):
        if self.views:
            self.views.pop(data.draw(st.integers(0, len(self.views) - 1)))

    @rule(data=st.data())
    def free(self, data):
        if not self.buffers:
            return
        at = data.draw(st.integers(0, len(self.buffers) - 1))
        buffer, _ = self.buffers[at]
        address = buffer.address
        viewed = any(
            address <= ctypes.addressof(ctypes.c_char.from_buffer(view)) < address + len(buffer)
            for view, _ in self.views
        )
        if viewed:
            with pytest.raises(BufferError):
                buffer.free()
            return
        buffer.free()
        self.buffers.pop(at)

    @rule(data=st.data())
    def leave_by_an_exception(self, data):
        if self.buffers:
            buffer, _ = self.buffers.pop(data.draw(st.integers(0, len(self.buffers) - 1)))
            buffer.__exit__(KeyError, None, None)

    @rule()
    def new(self):
        made = self.pool.new(version.xen_feature_info)
        assert bytes(made) == bytes(8)
        made.submap_idx = 0xA5A5A5A5
        self.structures.append(made)

    @rule(data=st.data())
    def drop_structure(self, data):
        if self.structures:
            self.structures.pop(data.draw(st.integers(0, len(self.structures) - 1)))

    @invariant()
    def everything_is_as_it_was_left(self):
        for buffer, mark in self.buffers:
            assert buffer[:] == bytes([mark]) * len(buffer)
        for view, mark in self.views:
            assert view.tobytes() == bytes([mark]) * len(view)
        for structure in self.structures:
            assert structure.submap_idx == 0xA5A5A5A5

    def teardown(self):
        self.views.clear()
        for buffer, _ in self.buffers:
            buffer.free()
        self.structures.clear()
        self.pool.close()


Allocations.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAllocations = Allocations.TestCase


def test_pool_that_was_never_closed_leaves_no_claim_on_its_addresses():
    """Its memory goes with it; the next one may well be mapped at the same place."""
    from xensys.abi._base import in_hypercall_memory
    from xensys.memory.slabs import Slab

    machine = Machine(guests=False)
    slab = Slab(machine.dom0, None, 8)
    address, length = slab.address, slab.pages * PAGE
    assert in_hypercall_memory(address, length)
    del slab
    gc.collect()
    # As many as it takes to be given the same addresses again.
    others = [Slab(machine.dom0, None, 8) for _ in range(50)]
    assert any(address <= other.address < address + length for other in others) or not (
        in_hypercall_memory(address, length)
    )
    for other in others:
        other.retire()
    del others, other
    gc.collect()
    assert not in_hypercall_memory(address, length)


def test_retired_slab_is_no_hypercall_memory_from_then_on():
    from xensys.abi._base import in_hypercall_memory
    from xensys.memory.slabs import Slab

    machine = Machine(guests=False)
    slab = Slab(machine.dom0, None, 8)
    memory = slab.memory
    slab.retire()
    assert not in_hypercall_memory(slab.address, PAGE)
    again = Slab(machine.dom0, None, 8)
    del slab, memory
    gc.collect()
    third = Slab(machine.dom0, None, 8)
    assert in_hypercall_memory(again.address, 8 * PAGE)
    assert in_hypercall_memory(third.address, 8 * PAGE)
    again.retire()
    third.retire()


def test_child_that_lets_its_parents_pool_go_can_have_its_addresses():
    from tests.contract.processes import in_child

    machine = Machine()
    holder = [xensys.open(kernel=machine.dom0)]
    holder[0].version()

    def child():
        holder.clear()
        gc.collect()
        for _ in range(20):
            with xensys.open(kernel=machine.dom0) as xen:
                assert xen.version() == (4, 20)

    in_child(child)
    holder[0].close()
