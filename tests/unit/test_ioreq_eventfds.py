"""Irqfds and ioeventfds on the simulator: what they do, what would crash a kernel, lifetimes."""

from __future__ import annotations

import errno
import os
import struct

import pytest
from modelled import BASE, Setup, descriptors
from simraw import death_of

import xensys
from xensys.ioreq import Ioeventfd, Irqfd
from xensys.sim import SimulatorMisuse


@pytest.fixture
def x86():
    setup = Setup()
    with setup.xen:
        yield setup
    assert setup.machine.violations == []


@pytest.fixture
def arm():
    setup = Setup(arch="arm64", ioreq_server=True)
    setup.machine.privcmd_eventfd = True
    setup.guest.spis = 32
    with setup.xen:
        yield setup
    assert setup.machine.violations == []


class TestIrqfd:
    def test_each_signal_is_an_interrupt(self, arm):
        with arm.model.irqfd(irq=33) as irqfd:
            assert isinstance(irqfd, Irqfd)
            irqfd.signal()
            assert arm.guest.interrupts == [("spi", 33, 1)]
            os.eventfd_write(irqfd.fileno(), 5)
            assert arm.guest.interrupts == [("spi", 33, 1)] * 2
            assert len(arm.machine.irqfds) == 1
        assert irqfd.closed
        assert len(arm.machine.irqfds) == 0

    def test_x86(self):
        setup = Setup()
        setup.machine.privcmd_eventfd = True
        with setup.xen:
            with (
                setup.model.irqfd(isa_irq=5, level=False, hazardous=True) as line,
                setup.model.irqfd(msi=(0xFEE00000, 0x31)) as message,
            ):
                line.signal()
                assert setup.guest.interrupts == [("isa", 5, 0)]
                message.signal()
            assert setup.guest.interrupts == [("isa", 5, 0), ("msi", 0xFEE00000, 0x31)]

    def test_what_xen_refuses_nobody_is_told(self, arm):
        with arm.model.irqfd(irq=16) as irqfd:
            irqfd.signal()
            assert arm.guest.interrupts == []
            assert arm.machine.irqfds.failed == 1

    def test_ones_own_eventfd_stays(self, arm):
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        os.eventfd_write(fd, 1)  # what is there already counts
        with arm.model.irqfd(irq=33, eventfd=fd):
            assert arm.guest.interrupts == [("spi", 33, 1)]
            with pytest.raises(xensys.XenError) as caught:
                arm.model.irqfd(irq=34, eventfd=fd)
            assert caught.value.errno == errno.EBUSY
            twin = os.dup(fd)
            with pytest.raises(xensys.XenError) as caught:
                arm.model.irqfd(irq=34, eventfd=twin)
            assert caught.value.errno == errno.EBUSY
            os.close(twin)
        os.eventfd_write(fd, 1)
        assert len(arm.guest.interrupts) == 1
        os.close(fd)

    def test_what_is_no_eventfd(self, arm):
        with open("/dev/null") as file, pytest.raises(xensys.XenError) as caught:
            arm.model.irqfd(irq=33, eventfd=file.fileno())
        assert caught.value.errno == errno.EINVAL
        with pytest.raises(xensys.XenError) as caught:
            arm.model.irqfd(irq=33, eventfd=999)
        assert caught.value.errno == errno.EBADF

    def test_on_a_restricted_handle(self, arm):
        other = arm.machine.add_domain()
        arm.xen.privcmd.restrict(other.domid)
        before = descriptors()
        with pytest.raises(xensys.XenPermissionError):
            arm.model.irqfd(irq=33)
        assert descriptors() == before
        arm.xen.device_model(other.domid).irqfd(irq=33).close()

    def test_whose_descriptors_are_all_closed_is_over(self, arm):
        fd = os.eventfd(0)
        irqfd = arm.model.irqfd(irq=33, eventfd=fd)
        os.close(fd)
        assert len(arm.machine.irqfds) == 0
        with pytest.raises(xensys.XenError) as caught:
            irqfd.close()
        assert caught.value.errno == errno.EBADF
        assert irqfd.closed

    @pytest.mark.parametrize(
        "which", [{}, {"irq": 33, "isa_irq": 5}, {"irq": 1, "isa_irq": 2, "msi": (3, 4)}]
    )
    def test_exactly_one(self, arm, which):
        with pytest.raises(TypeError, match="exactly one"):
            arm.model.irqfd(**which)

    def test_closed_and_forked(self, arm):
        irqfd = arm.model.irqfd(irq=33)

        def child():
            for call in (irqfd.signal, irqfd.fileno):
                with pytest.raises(xensys.ForkedError):
                    call()
            irqfd.close()

        assert death_of(child) == 0
        irqfd.signal()
        assert arm.guest.interrupts == [("spi", 33, 1)]
        irqfd.close()
        for call in (irqfd.signal, irqfd.fileno):
            with pytest.raises(ValueError, match="closed"):
                call()

    def test_a_leak_is_a_warning_and_ends(self, arm):
        irqfd = arm.model.irqfd(irq=33)
        leaked = [irqfd]
        del irqfd
        with pytest.warns(ResourceWarning, match="unclosed <Irqfd"):
            leaked.clear()
        assert len(arm.machine.irqfds) == 0

    def test_a_kernel_built_without(self, arm):
        arm.machine.privcmd_eventfd = False
        with pytest.raises(xensys.NotSupportedError) as caught:
            arm.model.irqfd(irq=33)
        assert caught.value.errno == errno.EOPNOTSUPP


class TestIoeventfd:
    def test_takes_its_queues_notices_and_no_others(self, arm):
        with arm.server() as server, server.ioeventfd(BASE, 3, hazardous=True) as notices:
            assert isinstance(notices, Ioeventfd)
            assert arm.guest.io("memory", BASE + 0x50, 4, 3).done
            assert arm.guest.io("memory", BASE + 0x50, 4, 3).done
            assert notices.wait(1) == 2
            assert notices.read() == 0
            assert server.requests() == []
            for offset, size, value in [(0x50, 4, 2), (0x54, 4, 3), (0x50, 2, 3)]:
                access = arm.guest.io("memory", BASE + offset, size, value)
                server.answer(server.requests()[0])
                assert access.done
            access = arm.guest.io("memory", BASE + 0x50, 4)
            server.answer(server.requests()[0], 9)
            assert access.value == 9
            assert notices.read() == 0

    def test_ends_with_close_and_with_its_server(self, arm):
        server = arm.server()
        first = server.ioeventfd(BASE, 0, hazardous=True)
        second = server.ioeventfd(BASE, 1, hazardous=True)
        first.close()
        assert not arm.guest.io("memory", BASE + 0x50, 4, 0).done
        server.answer(server.requests()[0])
        server.close()
        assert second.closed
        assert len(arm.machine.ioeventfds) == 0

    def test_needs_the_flag(self, arm):
        with arm.server() as server, pytest.raises(xensys.HazardError, match="hazardous"):
            server.ioeventfd(BASE, 0)
        assert not [call for call in arm.machine.log if call.details.get("request") == "IOEVENTFD"]

    def test_on_a_pv_domain_is_not_asked(self, x86):
        x86.machine.privcmd_eventfd = True
        with x86.server() as server, pytest.raises(xensys.NotSupportedError, match="not asked"):
            server.ioeventfd(BASE, 0, hazardous=True)
        assert not [call for call in x86.machine.log if call.details.get("request") == "IOEVENTFD"]

    def test_before_the_server_is_enabled(self, arm):
        with arm.model.create_ioreq_server() as server, pytest.raises(ValueError, match="never enabled"):
            server.ioeventfd(BASE, 0, hazardous=True)

    def test_refusals(self, arm):
        with arm.server() as server:
            with pytest.raises(xensys.XenError) as caught:
                server.ioeventfd(BASE, 0, length=3, hazardous=True)
            assert caught.value.errno == errno.EINVAL
            with pytest.raises(xensys.XenError) as caught:
                server.ioeventfd((1 << 64) - 2, 0, hazardous=True)
            assert caught.value.errno == errno.EINVAL
            with pytest.raises(OverflowError, match="addr"):
                server.ioeventfd(1 << 64, 0, hazardous=True)
            with server.ioeventfd(BASE, 0, hazardous=True) as notices:
                with pytest.raises(xensys.XenError) as caught:
                    server.ioeventfd(BASE, 1, eventfd=notices.fileno(), hazardous=True)
                assert caught.value.errno == errno.EBUSY

    @pytest.mark.parametrize("what", ["nowhere", "elsewhere", "foreign", "gone"])
    def test_hostile_addresses_are_what_would_crash_a_kernel(self, arm, what):
        import ctypes

        own = ctypes.create_string_buffer(64)
        frame = arm.guest.first_gfn
        with arm.server() as server, arm.xen.foreign.map(arm.guest.domid, [frame]) as foreign:
            gone = server._page.address
            address = {"nowhere": 0x10, "elsewhere": ctypes.addressof(own)}.get(what, foreign.address)
            if what == "gone":
                server.close()
                address = gone
            ports = struct.pack("<I", 9)
            expected = OSError if what in ("nowhere", "gone") else SimulatorMisuse
            with pytest.raises(expected) as caught:
                arm.xen.privcmd.ioeventfd(
                    arm.guest.domid,
                    os_eventfd(),
                    ioreq=address,
                    ports=ports,
                    address=BASE,
                    length=4,
                    queue=0,
                    hazardous=True,
                )
            if expected is OSError:
                assert caught.value.errno == errno.EFAULT

    def test_of_a_pv_kernel_is_said_aloud(self, x86):
        x86.machine.privcmd_eventfd = True
        with x86.server() as server, pytest.raises(SimulatorMisuse, match="PV"):
            x86.xen.privcmd.ioeventfd(
                x86.guest.domid,
                os_eventfd(),
                ioreq=server._page.address,
                ports=struct.pack("<I", server.ports[0].port),
                address=BASE,
                length=4,
                queue=0,
                hazardous=True,
            )


_kept = []


def os_eventfd():
    """An eventfd that goes with the test run."""
    if not _kept:
        _kept.append(os.eventfd(0, os.EFD_CLOEXEC))
    return _kept[0]
