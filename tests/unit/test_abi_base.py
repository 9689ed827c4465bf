"""xensys.abi._base: handles, regions, text, nesting, packing; and the lazy packages."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xensys import abi
from xensys.abi import _base, event_channel, grant_table, memory, privcmd, version
from xensys.abi.hvm import ioreq

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAVY = {
    *("enum", "typing", "dataclasses", "logging", "asyncio", "pathlib", "contextlib", "threading"),
    *("socket", "selectors", "signal", "collections", "functools", "re"),
}


class Buffer:
    """Hypercall memory as the memory layer hands it out."""

    def __init__(self, size: int = 64) -> None:
        self.memory = (ctypes.c_char * size)()

    def _xen_export_(self) -> ctypes.Array[ctypes.c_char]:
        return self.memory


@pytest.fixture
def hypercall_memory() -> Iterator[Any]:
    """A page registered as hypercall memory."""
    page = (ctypes.c_char * 4096)()
    _base.add_region(ctypes.addressof(page), 4096)
    yield page
    _base.remove_region(ctypes.addressof(page))


class TestHandle:
    def test_takes_a_buffer_and_reads_as_its_address(self) -> None:
        buffer = Buffer()
        arg = memory.xen_memory_reservation(extent_start=buffer)
        assert arg.extent_start == ctypes.addressof(buffer.memory)
        assert bytes(arg)[:8] == ctypes.addressof(buffer.memory).to_bytes(8, "little")

    def test_none_is_null(self) -> None:
        arg = memory.xen_memory_reservation(extent_start=Buffer())
        arg.extent_start = None
        assert arg.extent_start is None
        assert bytes(arg)[:8] == bytes(8)

    @pytest.mark.parametrize(
        "value", [0, 0x1000, b"12345678", bytearray(8), memoryview(b"12345678"), "x", 1.5, object()]
    )
    def test_refuses_what_is_not_hypercall_memory(self, value: Any) -> None:
        arg = memory.xen_memory_reservation()
        with pytest.raises(TypeError, match=r"xen_memory_reservation.extent_start: .*buffers"):
            arg.extent_start = value
        with pytest.raises(TypeError, match=r"xen\.buffers\."):
            memory.xen_memory_reservation(extent_start=value)
        with pytest.raises(TypeError, match=r"xen\.buffers\."):
            memory.xen_memory_reservation(value)
        assert arg.extent_start is None

    @pytest.mark.parametrize("value", [(ctypes.c_uint64 * 4)(), grant_table.gnttab_query_size()])
    def test_refuses_ordinary_ctypes_objects(self, value: Any) -> None:
        with pytest.raises(TypeError, match=r"not in hypercall memory; .*xen\.buffers\.new"):
            memory.xen_memory_reservation(extent_start=value)

    def test_takes_what_was_built_in_hypercall_memory(self, hypercall_memory: Any) -> None:
        array = (ctypes.c_uint64 * 4).from_buffer(hypercall_memory, 64)
        arg = memory.xen_memory_reservation(extent_start=array)
        assert arg.extent_start == ctypes.addressof(hypercall_memory) + 64

    def test_refuses_what_is_only_partly_in_hypercall_memory(self) -> None:
        page = (ctypes.c_char * 4096)()
        _base.add_region(ctypes.addressof(page), 16)
        try:
            with pytest.raises(TypeError, match="not in hypercall memory"):
                memory.xen_memory_reservation(extent_start=(ctypes.c_uint64 * 3).from_buffer(page))
        finally:
            _base.remove_region(ctypes.addressof(page))

    @pytest.mark.parametrize("nested", [False, True])
    def test_keeps_the_memory_alive(self, nested: bool) -> None:
        exchange = memory.xen_memory_exchange()
        arg = exchange.in_ if nested else memory.xen_memory_reservation()
        buffer = Buffer()
        seen = weakref.ref(buffer.memory)
        arg.extent_start = buffer
        del buffer
        gc.collect()
        assert seen() is not None
        arg.extent_start = None
        gc.collect()
        assert seen() is None

    def test_outlives_the_view_it_was_set_through(self) -> None:
        exchange = memory.xen_memory_exchange()
        buffer = Buffer()
        seen = weakref.ref(buffer.memory)
        exchange.in_.extent_start = buffer
        del buffer
        gc.collect()
        assert seen() is not None
        del exchange
        gc.collect()
        assert seen() is None

    def test_another_value_lets_the_first_go(self) -> None:
        arg = memory.xen_memory_reservation()
        first = Buffer()
        seen = weakref.ref(first.memory)
        arg.extent_start = first
        arg.extent_start = Buffer()
        del first
        gc.collect()
        assert seen() is None

    def test_refuses_a_wrong_export(self) -> None:
        class Wrong:
            def _xen_export_(self) -> bytes:
                return b"12345678"

        with pytest.raises(TypeError, match="returned bytes, not a c_char array"):
            memory.xen_memory_reservation(extent_start=Wrong())  # type: ignore[arg-type]

    def test_in_a_union(self) -> None:
        arg = memory.xen_vnuma_topology_info()
        with pytest.raises(TypeError, match=r"vdistance\.h: a guest handle"):
            arg.vdistance.h = 5  # type: ignore[assignment]
        arg.vdistance.h = Buffer()
        assert arg.vdistance.pad == arg.vdistance.h

    def test_linux_pointers_are_plain_addresses(self) -> None:
        call = privcmd.privcmd_mmapbatch_v2(arr=0x7000_0000_0000, err=1)
        assert call.arr == 0x7000_0000_0000
        with pytest.raises(OverflowError, match=r"privcmd_mmapbatch_v2\.err: -1 "):
            call.err = -1


class TestRegions:
    def test_whole_range_must_lie_in_one(self, hypercall_memory: Any) -> None:
        start = ctypes.addressof(hypercall_memory)
        assert _base.in_hypercall_memory(start, 4096)
        assert _base.in_hypercall_memory(start + 4095, 1)
        assert not _base.in_hypercall_memory(start, 4097)
        assert not _base.in_hypercall_memory(start - 1, 2)
        assert not _base.in_hypercall_memory(start + 4096, 1)
        assert not _base.in_hypercall_memory(start - 1, 1)

    def test_overlap_is_refused(self, hypercall_memory: Any) -> None:
        start = ctypes.addressof(hypercall_memory)
        for address, length in ((start, 1), (start + 4095, 10), (start - 5, 6), (start - 1, 9000)):
            with pytest.raises(ValueError, match="overlaps"):
                _base.add_region(address, length)

    def test_empty_and_unknown_are_refused(self) -> None:
        with pytest.raises(ValueError, match="region of 0 bytes"):
            _base.add_region(1 << 70, 0)
        with pytest.raises(ValueError, match="no region starts"):
            _base.remove_region(1 << 70)

    @given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=20))
    def test_agrees_with_a_plain_model(self, wanted: list[tuple[int, int]]) -> None:
        base = 1 << 72  # nobody's address
        model: list[tuple[int, int]] = []
        try:
            for start, length in wanted:
                free = all(start + length <= s or s + n <= start for s, n in model)
                if free:
                    _base.add_region(base + start, length)
                    model.append((start, length))
                else:
                    with pytest.raises(ValueError, match="overlaps"):
                        _base.add_region(base + start, length)
            for start in range(0, 245, 3):
                inside = any(s <= start and start + 2 <= s + n for s, n in model)
                assert _base.in_hypercall_memory(base + start, 2) == inside
        finally:
            for start, _ in model:
                _base.remove_region(base + start)


class TestFields:
    def test_message_names_structure_field_and_range(self) -> None:
        with pytest.raises(OverflowError) as error:
            memory.xen_add_to_physmap(space=1 << 32)
        assert str(error.value) == (
            "xen_add_to_physmap.space: 4294967296 does not fit in 0..4294967295 (unsigned int)"
        )

    def test_by_position(self) -> None:
        assert memory.xen_add_to_physmap(5, 1, 2, 3, 4).gpfn == 4
        with pytest.raises(OverflowError, match=r"xen_add_to_physmap\.size: 65536"):
            memory.xen_add_to_physmap(5, 65536)

    def test_takes_index(self) -> None:
        class Frame:
            def __index__(self) -> int:
                return 7

        arg = memory.xen_add_to_physmap(gpfn=Frame())  # type: ignore[arg-type]
        assert arg.gpfn == 7

    def test_nested_by_tuple_is_checked(self) -> None:
        with pytest.raises(OverflowError, match=r"xen_memory_reservation\.domid: 65536"):
            memory.xen_memory_exchange(in_=(None, 1, 0, 0, 65536))  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="guest handle"):
            memory.xen_memory_exchange(in_=(4096, 1))  # type: ignore[arg-type]

    def test_array_of_structures_by_tuple_is_checked(self) -> None:
        argument: Any = ioreq.buffered_iopage()
        with pytest.raises(TypeError, match="by name only"):
            argument.buf_ioreq[0] = (1, 2)
        status: Any = event_channel.evtchn_status()
        status.u.interdomain = (5, 6)
        assert status.u.interdomain.port == 6
        with pytest.raises(OverflowError, match=r"interdomain\.dom: 65536"):
            status.u.interdomain = (65536, 6)

    def test_text(self) -> None:
        info = version.xen_compile_info(compile_by=b"0123456789abcdef")
        assert info.compile_by == b"0123456789abcdef"
        info.compile_by = b"me"
        assert bytes(info)[64:80] == b"me" + bytes(14)  # nothing of the longer text stays
        info.compile_by = b"a\0b"
        assert bytes(info)[64:67] == b"a\0b"
        assert info.compile_by == b"a\0b"  # rings and register areas are char arrays too
        info.compile_by = b"a\0\0"
        assert info.compile_by == b"a"
        with pytest.raises(OverflowError, match=r"compile_by: 17 bytes do not fit in 16"):
            info.compile_by = b"x" * 17
        with pytest.raises(TypeError, match=r"compile_by: bytes are needed, not str"):
            info.compile_by = "me"  # type: ignore[assignment]

    def test_shorter_sequence_leaves_zeros(self) -> None:
        call = privcmd.privcmd_hypercall(arg=(1, 2, 3, 4, 5))
        call.arg = (9,)
        assert list(call.arg) == [9, 0, 0, 0, 0]

    def test_slice_of_another_length_is_refused(self) -> None:
        call = privcmd.privcmd_hypercall()
        with pytest.raises(ValueError, match="shorter|longer"):
            call.arg[0:2] = [1, 2, 3]

    def test_bit_fields_share_their_bytes(self) -> None:
        request = ioreq.ioreq(state=5, dir=1)
        request.df = 1
        assert (request.state, request.dir, request.df, request.data_is_ptr) == (5, 1, 1, 0)
        with pytest.raises(OverflowError, match=r"ioreq\.state: 16 does not fit in 0\.\.15"):
            request.state = 16
        assert request.state == 5

    def test_bit_field_structures_refuse_positions(self) -> None:
        with pytest.raises(TypeError, match="by name only"):
            ioreq.ioreq(1)  # type: ignore[call-arg]

    def test_repr_names_fields(self) -> None:
        arg = memory.xen_memory_reservation(nr_extents=3, domid=5, mem_flags=0x10000)
        assert repr(arg) == (
            "xen_memory_reservation(extent_start=None, nr_extents=3, extent_order=0, "
            "mem_flags=XENMEMF_populate_on_demand, domid=5)"
        )
        assert "gpfn=0x1000" in repr(memory.xen_add_to_physmap(gpfn=0x1000))

    def test_equality_is_by_bytes(self) -> None:
        assert memory.xen_add_to_physmap(idx=1) == memory.xen_add_to_physmap(idx=1)
        assert memory.xen_add_to_physmap(idx=1) != memory.xen_add_to_physmap(idx=2)
        other: Any = version.xen_feature_info()
        assert memory.xen_memory_domain() != other
        with pytest.raises(TypeError, match="unhashable"):
            hash(memory.xen_memory_domain())

    def test_keyword_and_dunder_names(self) -> None:
        assert _base.offset_of(memory.xen_memory_exchange, "in_") == 0
        entry = grant_table.grant_entry_v2(spacer=(1, 2, 3, 4))
        assert getattr(entry, "__spacer")[3] == 4


class TestPacker:
    packer = _base.Packer(memory.xen_add_to_physmap)

    def test_packs_as_the_structure_lies(self) -> None:
        raw = bytearray(b"\xff" * 24)
        self.packer.pack_into(raw, 0, 1, 2, 3, 4, 5)
        assert bytes(raw) == bytes(memory.xen_add_to_physmap(1, 2, 3, 4, 5))

    def test_refuses_what_does_not_fit(self) -> None:
        with pytest.raises(OverflowError) as error:
            self.packer.pack_into(bytearray(24), 0, 1, 2, 1 << 32, 4, 5)
        assert str(error.value) == (
            "xen_add_to_physmap.space: 4294967296 does not fit in 0..4294967295 (unsigned int)"
        )

    def test_refuses_other_types_and_counts(self) -> None:
        with pytest.raises(TypeError, match=r"xen_add_to_physmap\.gpfn: an integer is needed"):
            self.packer.pack_into(bytearray(24), 0, 1, 2, 3, 4, "5")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="5 values are needed, not 4"):
            self.packer.pack_into(bytearray(24), 0, 1, 2, 3, 4)

    def test_refuses_a_small_buffer(self) -> None:
        with pytest.raises(ValueError, match="at least 24 bytes"):
            self.packer.pack_into(bytearray(23), 0, 1, 2, 3, 4, 5)


class TestPackages:
    def test_arch_has_each_architectures_layouts(self) -> None:
        assert ctypes.sizeof(abi.arch("arm64").xen.vcpu_info) == 48
        assert ctypes.sizeof(abi.arch("x86_64").xen.vcpu_info) == 64
        assert abi.arch("arm64").memory is memory
        assert abi.arch("arm64").hvm.ioreq is ioreq
        assert abi.arch("arm64").io.protocols.XEN_IO_PROTO_ABI_NATIVE == "arm-abi"

    @pytest.mark.parametrize("name", ["nosuch", "_base", "_index", "_x86_64"])
    def test_arch_has_nothing_else(self, name: str) -> None:
        with pytest.raises(AttributeError):
            getattr(abi.arch("arm64"), name)
        with pytest.raises(AttributeError):
            getattr(abi.arch("arm64").hvm, "nosuch")  # noqa: B009

    def test_unknown_arch(self) -> None:
        with pytest.raises(ValueError, match="no layouts for 'riscv64'"):
            abi.arch("riscv64")

    def test_dir_lists_modules(self) -> None:
        assert {"memory", "hvm", "io", "privcmd"} <= set(dir(abi))
        assert {"params", "dm_op"} <= set(dir(abi.hvm))

    def test_nothing_heavy_is_loaded(self) -> None:
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); import ctypes; before = set(sys.modules)\n"
            "import importlib, xensys.abi\n"
            "assert 'xensys.abi.memory' not in sys.modules\n"
            "for name in xensys.abi._index.ALL_MODULES:\n"
            "    importlib.import_module('xensys.abi.' + name)\n"
            "print(*sorted(set(sys.modules) - before))\n"
        )
        root = str(Path(abi.__file__).resolve().parents[2])
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program, root],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded = set(done.stdout.split())
        assert "xensys.abi.memory" in loaded
        assert loaded.isdisjoint(HEAVY), loaded & HEAVY

    @pytest.mark.parametrize("machine", ["aarch64", "riscv64", "i686"])
    def test_imports_on_other_machines(self, machine: str) -> None:
        program = (
            "import os, sys; sys.path.insert(0, sys.argv[1]); real = os.uname()\n"
            "class Fake: machine = sys.argv[2]\n"
            "os.uname = lambda: Fake\n"
            "import ctypes, xensys.abi.xen as xen, xensys.abi.pmu, xensys.abi.kexec\n"
            "print(ctypes.sizeof(xen.vcpu_info))\n"
        )
        root = str(Path(abi.__file__).resolve().parents[2])
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program, root, machine],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert int(done.stdout) == (48 if machine == "aarch64" else 64)
