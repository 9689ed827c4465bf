"""The buffer pool against a model: live pieces never overlap, start zeroed, and are not reused too soon."""

from __future__ import annotations

import ctypes
import gc

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import xensys
from xensys.memory.buffers import Buffer
from xensys.sim import Machine

SIZES = st.one_of(
    st.integers(1, 4096), st.integers(4097, 40_000), st.sampled_from([1, 32, 33, 4095, 4096, 4097])
)


class Structure(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint64), ("b", ctypes.c_uint64 * 9))


class Pool(RuleBasedStateMachine):
    buffers = Bundle("buffers")
    views = Bundle("views")
    structures = Bundle("structures")

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine(guests=False)
        self.xen = xensys.open(kernel=self.machine.dom0)
        #: start → (end, the byte it was filled with) of all that may be reached.
        self.live: dict[int, tuple[int, int]] = {}
        self.of_view: dict[int, Buffer] = {}
        self.fill = 0

    def claim(self, address: int, length: int) -> int:
        for start, (end, _) in self.live.items():
            assert address + length <= start or end <= address, "two live pieces overlap"
        if length <= 4096:
            assert address // 4096 == (address + length - 1) // 4096, "crosses a page"
        else:
            assert address % 4096 == 0
        self.fill = self.fill % 255 + 1
        self.live[address] = (address + length, self.fill)
        return self.fill

    @rule(target=buffers, size=SIZES)
    def alloc(self, size: int) -> Buffer:
        buffer = self.xen.buffers.alloc(size)
        assert buffer[:] == bytes(size)
        buffer[:] = bytes([self.claim(buffer.address, size)]) * size
        return buffer

    @rule(target=views, buffer=buffers)
    def view(self, buffer: Buffer) -> memoryview | None:
        if buffer.freed:
            with pytest.raises(ValueError, match="freed"):
                buffer.view()
            return None
        view = buffer.view()
        self.of_view[id(view)] = buffer
        return view

    @rule(view=consumes(views))
    def release(self, view: memoryview | None) -> None:
        if view is not None:
            del self.of_view[id(view)]
            view.release()

    @rule(buffer=buffers)
    def free(self, buffer: Buffer) -> None:
        if buffer.freed:
            with pytest.raises(ValueError, match="freed"):
                buffer.free()
        elif any(other is buffer for other in self.of_view.values()):
            with pytest.raises(BufferError):
                buffer.free()
            assert not buffer.freed
        else:
            del self.live[buffer.address]
            buffer.free()

    @rule(target=structures)
    def new(self) -> Structure:
        made = self.xen.buffers.new(Structure)
        assert bytes(made) == bytes(ctypes.sizeof(Structure))
        fill = self.claim(ctypes.addressof(made), ctypes.sizeof(made))
        ctypes.memset(ctypes.addressof(made), fill, ctypes.sizeof(made))
        return made

    @rule(structure=consumes(structures))
    def drop(self, structure: Structure) -> None:
        del self.live[ctypes.addressof(structure)]

    @rule()
    def hypercall(self) -> None:
        assert self.xen.version() == (4, 20)

    @invariant()
    def nobody_writes_to_anothers(self) -> None:
        for start, (end, fill) in self.live.items():
            assert ctypes.string_at(start, end - start) == bytes([fill]) * (end - start)

    def teardown(self) -> None:
        for view in list(self.of_view):
            del self.of_view[view]
        self.xen.close()
        assert self.machine.violations == []


TestPool = Pool.TestCase
TestPool.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
# A buffer that the machine forgets is a leak, and this is about other things.
TestPool.pytestmark = [pytest.mark.filterwarnings("ignore:buffer never freed:ResourceWarning")]


@pytest.fixture(autouse=True)
def _collect():  # type: ignore[no-untyped-def]
    yield
    gc.collect()
