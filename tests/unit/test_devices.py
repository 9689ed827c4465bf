"""Device handles: opening, closing, and what a closed or forked one does."""

from __future__ import annotations

import errno
import gc
import os
import threading
import time
import warnings

import pytest

import xensys
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd
from xensys.sim import Machine
from xensys.xen import Xen

DEV, PROC = "/dev/xen/privcmd", "/proc/xen/privcmd"


class Blocking:
    """A kernel whose ioctls wait, and which knows what is open."""

    simulated = True
    machine = "x86_64"
    page_size = 4096

    def __init__(self):
        self.open_fds = {7}
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def close(self, fd):
        self.open_fds.remove(fd)

    def ioctl(self, fd, request, arg):
        assert fd in self.open_fds
        self.inside.set()
        assert self.go_on.wait(30)
        # Still ours: no other file can have been given that number.
        assert fd in self.open_fds
        return 4

    ioctl_long = ioctl


@pytest.mark.parametrize("name", ["hypercall", "hypercall_long", "restrict", "mmap_resource"])
def test_close_waits_for_calls_in_flight_and_not_for_the_closer(name):
    kernel = Blocking()
    handle = Privcmd.adopt(7, kernel)
    call = {
        "hypercall": lambda: handle.hypercall(17),
        "hypercall_long": lambda: handle.hypercall_long(17),
        "restrict": lambda: handle.restrict(1),
        "mmap_resource": lambda: handle.mmap_resource(1, 1, 0, 0, 0, 0),
    }[name]
    failed: list[BaseException] = []

    def work():
        try:
            call()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert kernel.inside.wait(30)
    handle.close()
    assert handle.closed
    assert kernel.open_fds == {7}
    with pytest.raises(ValueError, match="closed"):
        call()
    kernel.go_on.set()
    thread.join()
    assert failed == []
    assert kernel.open_fds == set()


def test_second_close_closes_nothing_again():
    kernel = Blocking()
    handle = Privcmd.adopt(7, kernel)
    handle.close()
    handle.close()
    assert kernel.open_fds == set()


@pytest.mark.parametrize("missing", [errno.ENOENT, errno.ENXIO, errno.ENODEV])
def test_proc_is_the_way_where_dev_has_no_driver(missing):
    machine = Machine(node_errors={DEV: missing})
    with Privcmd.open(machine.dom0) as handle:
        assert handle.path == PROC
        assert handle.hypercall(17, 0) > 0


@pytest.mark.parametrize("refusal", [errno.EACCES, errno.EPERM, errno.EBUSY, errno.EMFILE])
def test_any_other_refusal_is_final(refusal):
    machine = Machine(node_errors={DEV: refusal})
    with pytest.raises(xensys.XenError) as caught:
        Privcmd.open(machine.dom0)
    assert caught.value.errno == refusal
    assert caught.value.call == f"open({DEV})"
    assert ("root" in caught.value.hint) is (refusal in (errno.EACCES, errno.EPERM))


def test_no_node_at_all_is_no_xen():
    machine = Machine(privcmd_nodes=())
    with pytest.raises(xensys.NoXenError) as caught:
        Privcmd.open(machine.dom0)
    assert caught.value.errno == errno.ENOENT
    assert DEV in caught.value.call
    assert PROC in caught.value.call


def test_open_xen_where_there_is_none():
    with pytest.raises(xensys.NoXenError) as caught:
        xensys.open(kernel=Machine(xen=None).dom0)
    assert "doctor" in caught.value.hint


def test_buffer_device_that_is_refused_is_an_error_and_not_the_fallback():
    machine = Machine(node_errors={"/dev/xen/hypercall": errno.EACCES})
    with xensys.open(kernel=machine.dom0) as xen, pytest.raises(xensys.XenPermissionError):
        xen.buffers.alloc(16)


@pytest.mark.parametrize("missing", [errno.ENXIO, errno.ENODEV])
def test_buffer_device_without_a_driver_is_an_error_and_not_the_fallback(missing):
    machine = Machine(node_errors={"/dev/xen/hypercall": missing})
    with xensys.open(kernel=machine.dom0) as xen, pytest.raises(xensys.NoXenError) as caught:
        xen.buffers.alloc(16)
    assert caught.value.errno == missing


def test_buffers_where_there_is_no_privcmd_either_say_so():
    machine = Machine(privcmd_nodes=(), hypercall_device=False, files={"/dev/xen/xenbus": b""})
    with Xen(machine.dom0) as xen, pytest.raises(xensys.NoXenError) as caught:
        xen.buffers.alloc(16)
    assert DEV in caught.value.call


# --- a domU's privcmd, which opens only when XenStore answers -------------------


def domu(**personality):
    machine = Machine()
    return machine.domains[1].kernel(**personality)


def test_domu_opens_once_xenstore_answers():
    kernel = domu(unrestricted=True)
    gate = kernel.hold_open(DEV)
    threading.Timer(0.05, gate.release).start()
    with Privcmd.open(kernel) as handle:
        assert handle.hypercall(17, 0) > 0


def test_domu_open_gives_up_at_the_timeout_and_closes_what_comes_later():
    kernel = domu()
    gate = kernel.hold_open(DEV)
    before = time.monotonic()
    with pytest.raises(xensys.XenTimeoutError) as caught:
        Privcmd.open(kernel, timeout=0.1)
    assert time.monotonic() - before < 5
    assert "XenStore" in caught.value.hint
    assert isinstance(caught.value, TimeoutError)
    fds = len(os.listdir("/proc/self/fd"))
    gate.release()
    deadline = time.monotonic() + 10
    while gate.waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= fds


def test_domu_open_that_waits_long_says_so(monkeypatch):
    from xensys.devices import privcmd

    monkeypatch.setattr(privcmd, "_NOTICE_AFTER", 0.05)
    kernel = domu()
    gate = kernel.hold_open(DEV)
    threading.Timer(0.3, gate.release).start()
    with pytest.warns(RuntimeWarning, match="XenStore"):
        Privcmd.open(kernel).close()


def test_close_does_not_wait_for_an_open_that_waits():
    kernel = domu(unrestricted=True)
    gate = kernel.hold_open(DEV)
    xen = xensys.open(kernel=kernel)
    ended: list[BaseException] = []

    def work():
        try:
            xen.version()
        except BaseException as error:
            ended.append(error)

    gc.collect()
    fds = len(os.listdir("/proc/self/fd"))
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert gate.wait_for_waiter()
    closer = threading.Thread(target=xen.close, daemon=True)
    closer.start()
    closer.join(10)
    assert xen.closed
    gate.release()
    thread.join(10)
    assert [type(error) for error in ended] == [ValueError]
    assert len(os.listdir("/proc/self/fd")) == fds


def test_handle_is_opened_once_for_all_threads():
    kernel = domu(unrestricted=True)
    gate = kernel.hold_open(DEV)
    with xensys.open(kernel=kernel) as xen:
        got: list[object] = []
        threads = [threading.Thread(target=lambda: got.append(xen.privcmd)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert gate.wait_for_waiter()
        gate.release()
        for thread in threads:
            thread.join()
        assert len(got) == 4
        assert set(got) == {xen.privcmd}
        assert xen.version() == (4, 20)


def test_domu_open_that_fails_raises_in_the_caller():
    kernel = domu(node_errors={DEV: errno.EACCES})
    with pytest.raises(xensys.XenPermissionError):
        Privcmd.open(kernel)


def test_domu_is_restricted_and_its_errors_say_why():
    with xensys.open(kernel=domu()) as xen, pytest.raises(xensys.XenPermissionError) as caught:
        xen.version()
    assert "XSA-482" in caught.value.hint
    assert "xen_privcmd.unrestricted=1" in caught.value.hint


def test_eperm_of_xen_itself_is_not_called_a_restriction():
    kernel = domu(unrestricted=True)
    with xensys.open(kernel=kernel) as xen, pytest.raises(xensys.XenPermissionError) as caught:
        xen.memory_op.current_reservation(2)
    assert caught.value.errno == errno.EPERM
    assert caught.value.hint == ""


def test_forgotten_handle_warns_and_closes():
    machine = Machine()
    handle = HypercallMemory.open(machine.dom0)
    fd = handle.fileno()
    with pytest.warns(ResourceWarning, match="unclosed <HypercallMemory"):
        del handle
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)


def test_adopted_and_not_owned_handle_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Privcmd.adopt(7, Blocking(), close=False)
        gc.collect()


def test_handles_that_are_gone_are_not_watched_for_forks():
    from xensys import _lifetime

    gc.collect()
    before = len(_lifetime._watched)
    for _ in range(20):
        Privcmd.adopt(7, Blocking(), close=False).close()
    gc.collect()
    assert len(_lifetime._watched) == before


def test_exit_with_everything_open_is_silent(tmp_path):
    import subprocess
    import sys

    program = """
import xensys
from xensys.sim import Machine
machine = Machine()
xen = xensys.open(kernel=machine.dom0)
xen.version()
mapping = xen.foreign.map(1, range(4))
view = mapping.view()
buffer = xen.buffers.alloc(100)
structure = xen.buffers.new(xensys.abi.version.xen_compile_info)
partial = xen.foreign.map(1, [1, 1 << 40], partial=True)
table = xen.resources.map(1, 1)
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_results_of_64_bits_keep_them_all():
    machine = Machine(machine_memory=1 << 60)
    with xensys.open(kernel=machine.dom0) as xen:
        assert xen.memory_op.maximum_ram_page() == 1 << 48
        assert xen.hypercall(12, 2, None) == 1 << 48
