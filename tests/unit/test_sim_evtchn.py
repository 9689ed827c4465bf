"""The simulator's event channels: the driver, and what only it can provoke."""

from __future__ import annotations

import errno
import os
import select
import struct
import threading
from contextlib import contextmanager

import pytest

from xensys.sim import Machine, SimulatorMisuse
from xensys.sim import evtchn as driver

SELF = 0x7FF0


@contextmanager
def refused(number):
    with pytest.raises(OSError) as caught:
        yield
    assert caught.value.errno == number


class File:
    """One open evtchn file, by its bytes."""

    def __init__(self, kernel, flags=os.O_RDWR):
        self.kernel = kernel
        self.fd = kernel.open("/dev/xen/evtchn", flags)
        kernel.set_blocking(self.fd, False)

    def do(self, request, *values, layout="I"):
        return self.kernel.ioctl(
            self.fd, request, bytearray(struct.pack(f"={len(values)}{layout}", *values))
        )

    def pair(self):
        one = self.do(driver.BIND_UNBOUND_PORT, SELF)
        return one, self.do(driver.BIND_INTERDOMAIN, SELF, one)

    def read(self, length=4096):
        return [port for (port,) in struct.iter_unpack("=I", self.kernel.read(self.fd, length))]

    def unmask(self, *ports):
        return self.kernel.write(self.fd, struct.pack(f"={len(ports)}I", *ports))

    def poll(self):
        poller = select.poll()
        poller.register(self.fd, select.POLLIN | select.POLLOUT)
        return sum(events for _, events in poller.poll(0))

    def close(self):
        self.kernel.close(self.fd)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def file(machine):
    return File(machine.dom0)


def status(machine, port, domid=0):
    channel = machine.event_channels.status(machine.domains[domid], port)
    return None if channel is None else channel.state


def test_poll_is_out_always_and_in_when_there_is_something(file):
    assert file.poll() == select.POLLOUT
    _, two = file.pair()
    assert file.poll() == select.POLLIN | select.POLLOUT
    assert file.read() == [two]
    assert file.poll() == select.POLLOUT


def test_reads_are_of_whole_ports_in_order(file):
    twos = [file.pair()[1] for _ in range(5)]
    assert file.kernel.read(file.fd, 0) == b""
    assert file.kernel.read(file.fd, 3) == b""
    assert file.read(7) == twos[:1]
    assert file.read(8) == twos[1:3]
    assert file.poll() & select.POLLIN
    assert file.read() == twos[3:]
    with refused(errno.EAGAIN):
        file.read()


def test_a_read_and_a_write_is_a_page_at_most(file):
    file.kernel.domain.max_event_port = 5000
    twos = [file.pair()[1] for _ in range(1030)]
    assert file.read(1 << 16) == twos[:1024]
    assert file.read() == twos[1024:]
    assert file.unmask(*twos) == 4096
    assert file.kernel.write(file.fd, b"12345") == 4
    assert file.kernel.write(file.fd, b"123") == 0


def test_a_blocking_read_waits(file):
    one, two = file.pair()
    file.read()
    file.kernel.set_blocking(file.fd, True)
    thread = threading.Thread(target=lambda: file.do(driver.NOTIFY, two))
    thread.start()
    assert file.read() == [one]
    thread.join()


def test_a_port_is_masked_until_written(file):
    one, two = file.pair()
    file.read()
    for _ in range(3):
        file.do(driver.NOTIFY, two)
    assert file.read() == [one]
    file.do(driver.NOTIFY, two)
    assert file.poll() == select.POLLOUT
    file.unmask(one)
    assert file.read() == [one]
    file.unmask(one, one, 0, 0xFFFF_FFFF)
    assert file.poll() == select.POLLOUT


def test_the_ring_grows_with_the_ports(file, machine):
    def size():
        return machine.open_files.find(file.fd).ring_size

    assert size() == 0
    ports = [file.do(driver.BIND_UNBOUND_PORT, 1) for _ in range(64)]
    assert size() == 64
    file.do(driver.BIND_UNBOUND_PORT, 1)
    assert size() == 128
    for port in ports:
        file.do(driver.UNBIND, port)
    assert size() == 128


def test_overflow_is_EFBIG_until_a_reset(file):
    keep, far = file.pair()
    for turn in range(100):
        one, two = file.pair()
        file.do(driver.UNBIND, two)
        file.do(driver.UNBIND, one)
        if turn == 62:
            assert file.poll() == select.POLLIN | select.POLLOUT
            assert len(file.kernel.wait([file.fd], [], 0)[0]) == 1
    for _ in range(2):
        with refused(errno.EFBIG):
            file.read()
    assert file.kernel.read(file.fd, 3) == b"", "Linux looks at the length first"
    assert file.kernel.wait([file.fd], [file.fd], 0) == ([file.fd], [file.fd])
    file.do(driver.RESET)
    with refused(errno.EAGAIN):
        file.read()
    file.do(driver.NOTIFY, keep)
    assert file.poll() == select.POLLOUT, "a reset unmasks nothing"
    file.unmask(far)
    assert file.read() == [far]


def test_what_an_unbound_port_leaves_is_read_all_the_same(file):
    _, two = file.pair()
    file.do(driver.UNBIND, two)
    assert file.read() == [two]


def test_closing_the_last_descriptor_closes_the_ports(file, machine):
    one, two = file.pair()
    again = os.dup(file.fd)
    file.close()
    assert status(machine, one) is not None
    machine.dom0.close(again)
    assert status(machine, one) is None
    assert status(machine, two) is None
    assert machine.domains[0].event_users == {}


def test_unbind_looks_at_the_range_first(file):
    with refused(errno.ENOTCONN):
        file.do(driver.UNBIND, 1023)
    with refused(errno.EINVAL):
        file.do(driver.UNBIND, 1024)
    with refused(errno.ENOTCONN):
        file.do(driver.NOTIFY, 1024)


def test_restriction_is_looked_at_before_anything_else(file, machine):
    far = machine.event_channels.alloc_unbound(machine.domains[1], 0)
    for bad in (0, SELF, 0xFFFF):
        with refused(errno.EINVAL):
            file.do(driver.RESTRICT_DOMID, bad, layout="H")
    file.do(driver.RESTRICT_DOMID, 1, layout="H")
    for request, values in (
        (driver.BIND_VIRQ, (99,)),
        (driver.BIND_UNBOUND_PORT, (1,)),
        (driver.BIND_INTERDOMAIN, (2, 99)),
        # The whole 32 bits are compared, though Xen gets the lower 16.
        (driver.BIND_INTERDOMAIN, (0x1_0001, far)),
    ):
        with refused(errno.EACCES):
            file.do(request, *values)
    with refused(errno.EACCES):
        file.do(driver.RESTRICT_DOMID, 1, layout="H")
    assert file.do(driver.BIND_INTERDOMAIN, 1, far) > 0


def test_unknown_ioctls_are_ENOSYS_and_static_ports_since_6_7():
    kernel = Machine(linux=(6, 6)).dom0
    for request in (driver.BIND_STATIC, 0x45FF, 0x0030_5000):
        with refused(errno.ENOSYS):
            File(kernel).do(request, 0, 0)
    file = File(Machine(linux=(6, 7)).dom0)
    file.do(driver.RESTRICT_DOMID, 1, layout="H")
    assert file.do(driver.BIND_STATIC, 40) == 0
    with refused(errno.EISCONN):
        file.do(driver.BIND_STATIC, 40)
    with refused(errno.ENOMEM):
        file.do(driver.BIND_STATIC, 1 << 17)


def test_a_static_port_that_is_somebodys_is_misuse(file, machine):
    other = File(machine.dom0)
    with pytest.raises(SimulatorMisuse, match="another file"):
        other.do(driver.BIND_STATIC, file.pair()[0])
    with pytest.raises(SimulatorMisuse, match="kernel itself"):
        other.do(driver.BIND_STATIC, 1)


def test_ports_run_out(file, machine):
    domain = machine.domains[0]
    highest = max(machine.event_channels._tables[domain].ports)
    domain.max_event_port = highest + 2
    one, two = file.pair()
    for request, values in (
        (driver.BIND_UNBOUND_PORT, (1,)),
        (driver.BIND_INTERDOMAIN, (SELF, one)),
        (driver.BIND_VIRQ, (1,)),
    ):
        with refused(errno.ENOSPC):
            file.do(request, *values)
    file.do(driver.UNBIND, two)
    assert file.do(driver.BIND_VIRQ, 1) == two


def test_two_domains(machine, file):
    guest = File(machine.domains[1].kernel())
    port = file.do(driver.BIND_UNBOUND_PORT, 1)
    with refused(errno.EINVAL):
        File(machine.domains[2].kernel()).do(driver.BIND_INTERDOMAIN, 0, port)
    far = guest.do(driver.BIND_INTERDOMAIN, 0, port)
    assert guest.read() == [far]
    guest.unmask(far)
    guest.do(driver.NOTIFY, far)
    assert file.read() == [port]
    file.do(driver.NOTIFY, port)
    assert guest.read() == [far]
    machine.domains[1].destroy()
    channel = machine.event_channels.status(machine.domains[0], port)
    assert (channel.state, channel.remote_domid) == (1, 1)
    file.do(driver.NOTIFY, port)


def test_a_dead_guest_leaves_dom0s_daemons_no_ports(machine):
    before = set(machine.event_channels._tables[machine.domains[0]].ports)
    domain = machine.add_domain()
    assert set(machine.event_channels._tables[machine.domains[0]].ports) > before
    domain.destroy()
    assert set(machine.event_channels._tables[machine.domains[0]].ports) == before


def test_a_dying_domain_gets_no_ports(machine, file):
    domain = machine.add_domain()
    far = machine.event_channels.alloc_unbound(domain, 0)
    domain.dying = True
    with refused(errno.EINVAL):
        machine.event_channels.alloc_unbound(domain, 0)
    domain.dying = False
    assert file.do(driver.BIND_INTERDOMAIN, domain.domid, far)


def test_global_virqs_have_one_owner_since_4_21():
    for xen, number in (((4, 20), None), ((4, 21), errno.EBUSY)):
        machine = Machine(xen=xen)
        guest = File(machine.domains[1].kernel())
        if number is None:
            assert guest.do(driver.BIND_VIRQ, 3) > 0
        else:
            with refused(number):
                guest.do(driver.BIND_VIRQ, 3)
        # Nobody else's: a vCPU's, and a domain's.
        assert guest.do(driver.BIND_VIRQ, 1) > 0
        assert guest.do(driver.BIND_VIRQ, 11) > 0


def test_xens_own_ends(machine, file):
    seen = []
    domain, channels = machine.domains[1], machine.event_channels
    port = channels.alloc_for_xen(domain, 0, lambda: seen.append("event"))
    local = file.do(driver.BIND_INTERDOMAIN, 1, port)
    file.read()
    file.do(driver.NOTIFY, local)
    assert seen == ["event"]
    file.unmask(local)
    channels.notify_from_xen(domain, port)
    assert file.read() == [local]
    for refused_to_the_guest in (channels.close, channels.send):
        with refused(errno.EINVAL):
            refused_to_the_guest(domain, port)
    with refused(errno.EINVAL):
        channels.bind_vcpu(domain, port, 0)
    channels.free_from_xen(domain, port)
    assert channels.status(domain, port) is None


def test_a_held_port_stays_open_until_it_is_released(machine, file):
    channels, dom0 = machine.event_channels, machine.domains[0]
    one, two = file.pair()
    for bad, number in ((1, errno.EINVAL), (500, errno.ENOENT), (1 << 17, errno.EINVAL)):
        with refused(number):
            channels.hold(dom0, bad)
    channels.hold(dom0, one)
    channels.hold(dom0, one)
    file.do(driver.UNBIND, one)
    channels.release(dom0, one)
    assert channels.status(dom0, two).state == 2
    channels.release(dom0, one)
    assert channels.status(dom0, one) is None
    with pytest.raises(SimulatorMisuse):
        channels.release(dom0, one)


def test_a_port_that_xen_closed_past_linux_and_gave_again_is_misuse(machine, file):
    one = file.do(driver.BIND_UNBOUND_PORT, 1)
    machine.event_channels.close(machine.domains[0], one)
    with pytest.raises(SimulatorMisuse, match="unbeknown"):
        file.do(driver.BIND_UNBOUND_PORT, 1)


def test_a_file_opened_for_reading_cannot_unmask(machine):
    file = File(machine.dom0, os.O_RDONLY)
    with refused(errno.EBADF):
        file.unmask(1)


def test_an_argument_that_is_too_short_is_misuse(file):
    with pytest.raises(SimulatorMisuse, match="takes 8 bytes"):
        file.do(driver.BIND_INTERDOMAIN, 1)


def test_faults_meet_its_calls(machine, file):
    machine.dom0.faults.fail("ioctl", errno.ENOMEM, request="BIND_UNBOUND_PORT")
    with refused(errno.ENOMEM):
        file.pair()
    machine.dom0.faults.fail("read", errno.EINTR, device="evtchn")
    with refused(errno.EINTR):
        file.read()
