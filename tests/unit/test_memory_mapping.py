"""Mappings and their addresses: failures half-way, forks, and what is left behind."""

from __future__ import annotations

import errno
import gc
import subprocess
import sys

import pytest

import xensys
from xensys.memory import areas
from xensys.sim import Machine

FRAME = 4096


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def xen(machine):
    with xensys.open(kernel=machine.dom0) as made:
        yield made


def test_nothing_is_remembered_of_areas_that_are_gone(xen):
    gc.collect()
    before = len(areas._records)
    for _ in range(20):
        xen.foreign.map(1, range(4)).close()
        mapping = xen.foreign.map(1, range(4))
        view = mapping.view()
        mapping.close(revoke=True)
        del view
        with pytest.raises(xensys.ForeignMapError):
            xen.foreign.map(1, [1 << 40])
    del mapping
    gc.collect()
    assert len(areas._records) == before


def test_revoke_that_the_kernel_refuses_is_an_error_of_ours_and_changes_nothing(machine, xen):
    mapping = xen.foreign.map(1, range(1, 3), write=True)
    view = mapping.view()
    machine.dom0.faults.fail("mmap", errno.ENOMEM, device=None, fixed=True)
    with pytest.raises(xensys.XenError) as caught:
        mapping.close(revoke=True)
    assert caught.value.errno == errno.ENOMEM
    assert not mapping.closed
    assert bytes(view[0:5]) == b"Hello"
    mapping.close(revoke=True)
    assert bytes(view[0:5]) == bytes(5)


def test_mapping_cannot_be_written_when_read_only_by_any_export(xen):
    import ctypes

    with xen.foreign.map(1, [1]) as mapping:
        view = mapping.view()
        for attempt in (
            lambda: ctypes.c_char.from_buffer(view),
            lambda: view.__setitem__(0, 1),
            lambda: memoryview(view).cast("B").__setitem__(0, 1),
        ):
            with pytest.raises(TypeError):
                attempt()
        view.release()


def test_repr_says_whose_and_where(xen):
    with xen.foreign.map(1, range(0x10, 0x14), write=True) as mapping:
        text = repr(mapping)
        for word in ("ForeignMapping", "domain 1", "0x10", "16384 bytes", "writable"):
            assert word in text
    with xen.resources.map(1, 1, frames=2) as table:
        assert "domain 1, resource type 1 id 0" in repr(table)


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, check=False
    )


def test_fork_hook_that_took_the_addresses_first_keeps_its_memory():
    """The one thing that must not happen: our zero pages over somebody else's mapping."""
    program = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
taken = []

def hook():
    # Registered before xensys is imported, so it runs first in the child.
    for address, length in taken:
        got = libc.mmap(address, length, 3, 0x100022, -1, 0)
        assert got == address, hex(got or 0)
        ctypes.memset(address, 0x55, length)

os.register_at_fork(after_in_child=hook)
import xensys
from xensys.sim import Machine
machine = Machine()
xen = xensys.open(kernel=machine.dom0)
mapping = xen.foreign.map(1, range(1, 5))
view = mapping.view()
taken.append((mapping.address, len(mapping)))
child = os.fork()
if child == 0:
    address, length = taken[0]
    assert ctypes.string_at(address, length) == b"\\x55" * length
    del view, mapping
    import gc
    gc.collect()
    # Not unmapped either, when all of ours is gone.
    assert ctypes.string_at(address, length) == b"\\x55" * length
    os._exit(0)
_, status = os.waitpid(child, 0)
view.release()
mapping.close()
xen.close()
print(os.waitstatus_to_exitcode(status))
"""
    done = run(program)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_child_that_ends_normally_is_silent():
    program = """
import os, sys
import xensys
from xensys.sim import Machine
machine = Machine()
xen = xensys.open(kernel=machine.dom0)
mapping = xen.foreign.map(1, range(1, 5))
view = mapping.view()
buffer = xen.buffers.alloc(64)
structure = xen.buffers.new(xensys.abi.version.xen_feature_info)
child = os.fork()
if child == 0:
    sys.exit(0)
_, status = os.waitpid(child, 0)
view.release()
mapping.close()
buffer.free()
xen.close()
print(os.waitstatus_to_exitcode(status))
"""
    done = run(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_crash_in_a_thread_of_the_parent_while_forking_is_none():
    """Maps are made and dropped in threads while the process forks again and again."""
    program = """
import os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import xensys
from xensys.sim import Machine
machine = Machine()
xen = xensys.open(kernel=machine.dom0)
xen.version()
stop = threading.Event()

def work():
    while not stop.is_set():
        with xen.foreign.map(1, range(1, 20)) as mapping:
            view = mapping.view()
            bytes(view)
            view.release()
        with xen.buffers.alloc(5000) as buffer:
            buffer[:] = bytes(5000)

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
statuses = set()
for _ in range(60):
    child = os.fork()
    if child == 0:
        try:
            try:
                xen.buffers.alloc(16)
            except xensys.ForkedError:
                os._exit(0)
        finally:
            os._exit(1)
    statuses.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
xen.close()
print(statuses)
"""
    done = run(program)
    assert (done.stdout, done.stderr) == ("{0}\n", "")
