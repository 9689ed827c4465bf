"""/dev/xen/xenbus_backend: the device class, and the simulated driver."""

from __future__ import annotations

import ctypes
import errno
import os

import pytest
from simraw import Raw, death_of, refused

import xensys
from xensys.abi import xenbus_dev as abi
from xensys.devices._ioctls import XENBUS_BACKEND
from xensys.devices.xenbus_backend import XenbusBackend
from xensys.kernel import host
from xensys.sim import Machine, SimulatorMisuse

PATH = "/dev/xen/xenbus_backend"


@pytest.fixture
def backend(machine):
    with XenbusBackend.open(machine.dom0) as handle:
        yield handle


def test_numbers_are_the_headers():
    known = {name.removeprefix("IOCTL_XENBUS_BACKEND_") for name in vars(abi) if "IOCTL" in name}
    assert {name.upper() for name in XENBUS_BACKEND} == known
    for name, (number, size) in XENBUS_BACKEND.items():
        assert (number, size) == (getattr(abi, f"IOCTL_XENBUS_BACKEND_{name.upper()}"), 0)


def test_is_dom0s_alone(machine):
    with pytest.raises(xensys.NoXenError, match="initial domain"):
        XenbusBackend.open(machine.domains[1].kernel())
    assert Machine(xen=None).dom0.access(PATH) == errno.ENOENT


def test_evtchn_is_the_port_that_dom0_has_with_itself(backend, machine):
    port = backend.evtchn()
    channels, dom0 = machine.event_channels, machine.domains[0]
    assert channels.status(dom0, port).remote is dom0
    assert channels.is_kernels(dom0, port)
    assert backend.evtchn() == port


def test_setup_needs_the_flag(backend, machine):
    machine.trace = True
    with pytest.raises(xensys.HazardError) as caught:
        backend.setup(1)
    assert caught.value.domid == 1
    assert machine.log == []


def test_setup_when_xenstored_has_talked_is_EEXIST(backend):
    with pytest.raises(xensys.XenError) as caught:
        backend.setup(1, hazardous=True)
    assert caught.value.errno == errno.EEXIST
    assert caught.value.call == "IOCTL_XENBUS_BACKEND_SETUP"


def test_setup_before_that_gives_a_port_for_the_other_domain():
    machine = Machine(store_sockets=())
    with XenbusBackend.open(machine.dom0) as backend:
        before = backend.evtchn()
        port = backend.setup(2, hazardous=True)
        assert port != before
        assert backend.evtchn() == port
        channel = machine.event_channels.status(machine.domains[0], port)
        assert channel.remote_domid == 2


@pytest.mark.parametrize("domid", [-1, 1 << 16])
def test_a_domid_that_does_not_fit(backend, domid):
    with pytest.raises(OverflowError, match="domid"):
        backend.setup(domid, hazardous=True)


def test_the_argument_is_the_number_itself_on_linux():
    # A pointer to it would be taken for a domid; /dev/null takes neither.
    with XenbusBackend.adopt(os.open("/dev/null", os.O_RDWR), host()) as backend:
        for call in (backend.evtchn, lambda: backend.setup(1, hazardous=True)):
            with pytest.raises(xensys.NotSupportedError) as caught:
                call()
            assert caught.value.errno == errno.ENOTTY


def test_a_pointer_is_said_aloud(machine):
    fd = machine.dom0.open(PATH, os.O_RDWR)
    with pytest.raises(SimulatorMisuse, match="number"):
        machine.dom0.ioctl(fd, 0x4201, bytearray(4))
    with refused(errno.ENOTTY):
        machine.dom0.ioctl(fd, 0x4202, bytearray(4))
    os.close(fd)


@pytest.mark.parametrize("path", [PATH, "/dev/xen/privcmd", "/dev/xen/evtchn"])
def test_a_number_where_a_pointer_belongs_is_said_aloud(machine, path):
    fd = machine.dom0.open(path, os.O_RDWR)
    with pytest.raises(SimulatorMisuse, match="pointer"):
        machine.dom0.ioctl(fd, 0x4500, 7)
    os.close(fd)


class TestRing:
    def test_is_one_page_that_all_share(self, backend, machine):
        first, second = (machine.dom0.reserve(4096, writable=True) for _ in range(2))
        backend.map_over(first)
        backend.map_over(second)
        first[2048:2052] = b"ring"
        assert second[2048:2052] == b"ring"

    def test_more_is_EINVAL(self, backend, machine):
        memory = machine.dom0.reserve(8192, writable=True)
        with pytest.raises(xensys.XenError) as caught:
            backend.map_over(memory)
        assert caught.value.errno == errno.EINVAL

    def test_another_offset_is_EINVAL(self, machine):
        from xensys.kernel.base import MAP_SHARED, PROT_READ

        fd = machine.dom0.open(PATH, os.O_RDWR)
        with refused(errno.EINVAL):
            machine.dom0.mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 4096)
        os.close(fd)

    def test_read_only(self, backend, machine):
        memory = machine.dom0.reserve(4096, writable=False)
        backend.map_over(memory)
        with pytest.raises(TypeError):
            memory[0] = 1


class TestHandle:
    def test_closed(self, backend):
        backend.close()
        for call in (backend.evtchn, lambda: backend.setup(1, hazardous=True)):
            with pytest.raises(ValueError, match="closed"):
                call()

    def test_forked(self, backend):
        def child():
            for call in (backend.evtchn, lambda: backend.setup(1, hazardous=True)):
                with pytest.raises(xensys.ForkedError):
                    call()

        assert death_of(child) == 0

    def test_evtchn_is_retried_and_setup_is_not(self, machine):
        faults = machine.dom0.faults
        with XenbusBackend.open(machine.dom0) as backend:
            faults.fail("ioctl", errno.EINTR, device="xenbus_backend", nth=1)
            assert backend.evtchn() > 0
            faults.fail("ioctl", errno.EINTR, device="xenbus_backend", nth=1)
            with pytest.raises(xensys.XenInterruptedError):
                backend.setup(1, hazardous=True)


def test_privcmd_is_not_its_device(machine):
    raw = Raw(machine.dom0)
    with refused(errno.ENOTTY):
        raw.ioctl(0x4200, bytearray(ctypes.sizeof(ctypes.c_int)))
