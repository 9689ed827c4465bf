"""Defects that a review proved; each script ended badly before its fix."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import ctypes, gc, os, signal, time, warnings
import xensys
from xensys.sim import Machine
machine = Machine()
guest = machine.add_domain(memory=8 << 20)
xen = xensys.open(kernel=machine.dom0)

def in_child(check):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            check()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")

class Loop:
    def __init__(self, last):
        self.last, self.loop = last, self
    def __del__(self):
        self.last(self)
"""

SCRIPTS = {
    # The guard imported its kernel in the child, into the addresses it was to fill.
    "child_of_a_simulated_machine_sees_zero_pages": """
buffer = xen.buffers.alloc(4096)
view = buffer.view()
view[0] = 7
def check():
    assert view[0] == 0
    view[0] = 9
    assert xensys.open(kernel=machine.dom0).version() >= (4, 17)
in_child(check)
assert view[0] == 7
view.release()
buffer.free()
""",
    "child_cannot_lend_a_parents_structure": """
lent = xen.buffers.new(ctypes.c_char * 1024)
in_child(lambda: raises(TypeError, lambda: xensys.open(kernel=machine.dom0).hypercall(17, 3, lent)))
""",
    # A collection clears weak references first; then a finalizer brings the thing back.
    "mapping_kept_by_its_own_warning_is_still_guarded": """
mapping = xen.foreign.map(guest.domid, range(4))
loop = Loop(lambda self: None)
loop.mapping = mapping
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    del mapping, loop
    gc.collect()
kept, = [one.source for one in seen if isinstance(one.source, xensys.memory.mapping.Mapping)]
view = kept.view()
def check():
    assert view[0] == 0
    raises(xensys.ForkedError, lambda: kept[0])
in_child(check)
view.release()
kept.close()
""",
    "slot_of_a_structure_that_a_finalizer_keeps_is_not_reused": """
kept = []
loop = Loop(lambda self: kept.append(self.structure))
loop.structure = xen.buffers.new(ctypes.c_uint64)
address = ctypes.addressof(loop.structure)
del loop
gc.collect()
others = [xen.buffers.new(ctypes.c_uint64) for _ in range(200)]
assert ctypes.addressof(kept[0]) == address
assert address not in map(ctypes.addressof, others)
""",
    # From Python 3.12 on a collection may start between any two instructions.
    "pool_and_mapping_used_by_finalizers_do_not_hang": """
signal.alarm(20)
import sys
sys.unraisablehook = lambda seen: None
warnings.simplefilter("ignore")
maps = [xen.foreign.map(guest.domid, range(4)) for _ in range(50)]
gc.set_threshold(1)
for mapping in maps:
    Loop(lambda self: xen.buffers.alloc(5000).free())
    xen.buffers.alloc(9000).free()
    Loop(lambda self, mapping=mapping: mapping.close())
    try:
        mapping.view().release()
    except ValueError:
        pass
""",
    "pool_used_by_a_signal_handler_does_not_hang": """
refused = []
def handler(*_):
    try:
        xen.buffers.alloc(5000).free()
    except RuntimeError as error:
        refused.append(error)
with xen.buffers.lock:
    raises(RuntimeError, lambda: xen.buffers.alloc(5000))
    handler()
assert refused
xen.buffers.alloc(5000).free()
""",
    "revoke_after_an_interrupted_close_spares_the_addresses_new_owner": """
mapping = xen.foreign.map(guest.domid, [0])
address = mapping.address
mapping._area.memory.close()  # and then a KeyboardInterrupt
from xensys.kernel import host
assert host().mmap(address, 4096, 3, 0x100022, -1, 0) == address
ctypes.memset(address, 0x55, 4096)
mapping.close(revoke=True)
assert ctypes.string_at(address, 1) == b"U"
assert mapping.closed
""",
    "efault_is_not_hidden_by_a_buffer_device_that_is_refused": """
xen.privcmd
opened = xen.kernel.open
def deny(path, flags):
    if path == "/dev/xen/hypercall":
        raise PermissionError(13, "Permission denied")
    return opened(path, flags)
xen.kernel.open = deny
assert raises(xensys.XenError, lambda: xen.hypercall(17, 3, 0x1000)).errno == 14
""",
    "fork_hook_interrupted_by_a_signal_still_tells_the_rest": """
from xensys._lifetime import watch_fork
class Once:
    told = 0
    def _forked(self):
        self.told += 1
        if self.told == 1:
            raise KeyboardInterrupt
once = Once()
watch_fork(once)
mapping = xen.foreign.map(guest.domid, [0])
def check():
    assert once.told == 2
    raises(xensys.ForkedError, lambda: mapping[0])
in_child(check)
mapping.close()
""",
    "negative_open_timeout_is_refused_and_does_not_wait_for_ever": """
signal.alarm(10)
raises(ValueError, lambda: xensys.open(kernel=machine.dom0, timeout=-1).privcmd)
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_proved_by_script(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", HEAD + SCRIPTS[name]],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
