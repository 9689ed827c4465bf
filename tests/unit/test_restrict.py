"""Restriction: what only the simulator can provoke. What both worlds show is in tests/contract."""

from __future__ import annotations

import errno
import gc
import os
import threading

import pytest

import xensys
from xensys.devices.gntdev import Gntdev
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd
from xensys.sim import Machine
from xensys.store import Store
from xensys.xen import Xen

DOMID_IDLE = 0x7FFF


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def xen(machine):
    with xensys.open(kernel=machine.dom0) as made:
        yield made


def test_linux_without_restrict_refuses_and_nothing_has_changed():
    machine = Machine(linux=(4, 10), hypercall_device=False)
    with xensys.open(kernel=machine.dom0) as xen:
        xen.version()
        with pytest.raises(xensys.NotSupportedError) as caught:
            xen.restrict(1)
        assert caught.value.errno == errno.ENOTTY
        assert xen.restriction is None
        assert xen.version() == (4, 20)


def test_linux_without_restrict_and_privcmd_opened_later_leaves_nothing_open():
    machine = Machine(linux=(4, 10), hypercall_device=False)
    with xensys.open(kernel=machine.dom0) as xen:
        assert xen.restrict(1).devices["privcmd"] == "restricted when opened"
        gc.collect()  # what earlier tests have left is not to go meanwhile
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(xensys.NotSupportedError):
                xen.foreign.map(1, range(1))
        assert len(os.listdir("/proc/self/fd")) == before


def test_evtchn_that_refuses_is_closed_and_reported(machine, xen):
    xen.version()
    port = xen.events.bind_unbound(1)
    fds = len(os.listdir("/proc/self/fd"))
    machine.dom0.faults.fail("ioctl", errno.ENOMEM, request="RESTRICT_DOMID")
    said = xen.restrict(1)
    assert said.devices["evtchn"] == "lost"
    assert said.errors == {"evtchn": errno.ENOMEM}
    assert len(os.listdir("/proc/self/fd")) < fds
    with pytest.raises(xensys.XenPermissionError, match="which this device refused"):
        xen.events.bind_unbound(1)
    with pytest.raises(ValueError, match="closed"):
        port.notify()
    assert said.devices["privcmd"] == "restricted"


def test_evtchn_that_refuses_when_opened_later_is_closed_too(machine, xen):
    xen.restrict(1)
    machine.dom0.faults.fail("ioctl", errno.ENOMEM, request="RESTRICT_DOMID")
    with pytest.raises(xensys.XenError) as caught:
        xen.events.bind_unbound(1)
    assert caught.value.errno == errno.ENOMEM
    assert xen.restriction.devices["evtchn"] == "lost"
    with pytest.raises(xensys.XenPermissionError, match="which this device refused"):
        xen.events.wait(0)
    # The error's frames hold the handle.
    del caught
    gc.collect()
    assert [file.device for file in machine.open_files.open_now()] == []


def test_own_descriptor_that_cannot_be_replaced_is_closed(machine):
    handle = HypercallMemory.open(machine.dom0)
    fd = handle.fileno()
    machine.dom0.faults.fail("open", errno.EMFILE, path="/dev/null")
    handle.restrict(1)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)
    with pytest.raises(xensys.XenPermissionError):
        handle.fileno()


def test_borrowed_descriptor_that_cannot_be_replaced_is_said_to_be_as_it_was(machine):
    owner = Gntdev.open(machine.dom0)
    borrowed = Gntdev.adopt(owner.fileno(), machine.dom0, close=False)
    machine.dom0.faults.fail("open", errno.EMFILE, path="/dev/null")
    with pytest.raises(xensys.XenError, match="somebody else's") as caught:
        borrowed.restrict(1)
    assert caught.value.errno == errno.EMFILE
    with pytest.raises(xensys.XenPermissionError):
        borrowed.fileno()
    owner.unmap_grant_ref(owner.map_grant_ref([(1, 0)]), 1)
    owner.close()


def test_a_call_that_has_the_number_already_meets_dev_null_and_says_restricted(machine):
    """A thread between taking the descriptor's number and the system call."""
    handle = Gntdev.open(machine.dom0)
    index = handle.map_grant_ref([(1, 0)])
    kernel, inside = handle.kernel, threading.Event()
    go_on = threading.Event()

    class Slow:
        def __getattr__(self, name):
            return getattr(kernel, name)

        def ioctl(self, fd, request, arg):
            inside.set()
            assert go_on.wait(30)
            return kernel.ioctl(fd, request, arg)

    handle._kernel = Slow()
    caught: list[BaseException] = []

    def work():
        try:
            handle.unmap_grant_ref(index, 1)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(30)
    handle.restrict(1)
    go_on.set()
    thread.join()
    (error,) = caught
    assert isinstance(error, xensys.XenPermissionError)
    assert "restricted to domain 1" in error.hint
    handle.close()


def test_threads_that_restrict_to_the_same_domain_agree(machine, xen):
    xen.version()
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(xen.restrict(1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(said is results[0] for said in results)


@pytest.mark.parametrize("part", ["privcmd", "buffers", "events", "grants", "store"])
def test_no_thread_ever_gets_an_unrestricted_device(machine, part):
    """Opening and restricting at the same time, many times: whoever is first, nothing stays open."""
    domid = 1
    for _ in range(30):
        with xensys.open(kernel=machine.dom0) as xen:

            def use(xen=xen):
                try:
                    got = getattr(xen, part)
                    if part == "buffers":
                        got.alloc(4096 * 8).free()
                    if part == "grants":
                        assert got.gntdev
                except xensys.XenPermissionError:
                    pass

            threads = [threading.Thread(target=use), threading.Thread(target=xen.restrict, args=(domid,))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            loose = {
                file.device
                for file in machine.open_files.open_now()
                if file.device in ("hypercall", "gntdev", "gntalloc", "xenbus", "xenstored")
                or (file.device == "privcmd" and file.restricted != domid)
            }
            assert loose == set()


def test_xen_that_is_closed_or_forked_says_so(xen):
    xen.close()
    with pytest.raises(ValueError, match="closed"):
        xen.restrict(1)


def test_restriction_in_a_forked_child(machine):
    with xensys.open(kernel=machine.dom0) as xen:
        xen.version()
        pid = os.fork()
        if pid == 0:
            try:
                xen.restrict(1)
            except xensys.ForkedError:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert xen.restriction is None
        assert xen.version() == (4, 20)


def test_store_that_waits_in_a_thread_ends_with_an_error(machine):
    from xensys.sim.clock import RealClock

    machine.clock = RealClock()
    store = Store.open(kernel=machine.dom0)
    watch = store.watch("/nothing")
    watch.get(5)
    ended: list[BaseException] = []

    def wait():
        try:
            watch.get(60)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not store._connection._leader:
        pass
    store.restrict(1)
    thread.join(30)
    assert not thread.is_alive()
    assert [isinstance(error, xensys.XenError) for error in ended] == [True]
    with pytest.raises(xensys.StorePermissionError, match="restricted to domain 1"):
        store.read("/")
    store.restrict(1)
    store.close()


def test_adopted_store_leaves_dev_null_behind(machine):
    owner = machine.dom0.connect("/run/xenstored/socket")
    store = Store.adopt(owner, kernel=machine.dom0, close=False)
    assert store.directory("/")
    store.restrict(1)
    assert os.path.samestat(os.fstat(owner), os.stat("/dev/null"))
    os.close(owner)


# --- a domU's privcmd, restricted by its kernel (XSA-482) -----------------------


def test_a_domus_privcmd_is_recognised(machine):
    guest = machine.domains[1]
    with xensys.open(kernel=guest.kernel()) as xen:
        assert xen.privcmd.restricted
        assert xen.privcmd.restricted_to is None
        assert xen.privcmd.allows(DOMID_IDLE)
        assert not xen.privcmd.allows(0)
        with pytest.raises(xensys.XenPermissionError) as caught:
            xen.version()
        assert "XSA-482" in caught.value.hint
    with xensys.open(kernel=guest.kernel(unrestricted=True)) as xen:
        assert not xen.privcmd.restricted
        assert xen.privcmd.allows(0)


def test_a_stub_domains_privcmd_can_be_restricted_to_its_target_alone(machine):
    stub = machine.add_domain(name="stub")
    with xensys.open(kernel=stub.kernel(target=1)) as xen:
        assert xen.privcmd.allows(1)
        with pytest.raises(xensys.XenError) as caught:
            xen.restrict(2)
        assert caught.value.errno == errno.EINVAL
        assert xen.restriction is None
        assert xen.restrict(1).devices["privcmd"] == "restricted"


def test_restricted_asks_the_driver_and_tells_of_what_is_no_restriction(machine):
    handle = Privcmd.open(machine.dom0)
    machine.dom0.faults.fail("ioctl", errno.EIO, request="HYPERCALL")
    with pytest.raises(xensys.XenError) as caught:
        _ = handle.restricted
    assert caught.value.errno == errno.EIO
    handle.restrict(1)
    handle.close()
    with pytest.raises(ValueError, match="closed"):
        _ = handle.restricted


def test_close_after_restriction_is_silent_and_leaves_nothing(machine):
    before = len(os.listdir("/proc/self/fd"))
    with Xen(machine.dom0) as xen:
        xen.version()
        xen.events.bind_unbound(1)
        share = xen.grants.share(1)
        assert xen.store.directory("/")
        xen.restrict(1)
    share.close()
    assert len(os.listdir("/proc/self/fd")) == before
