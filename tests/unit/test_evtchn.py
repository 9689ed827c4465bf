"""The event channel device: its ioctls' numbers, bytes and errors."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

import pytest

import xensys
from xensys.abi import evtchn as abi
from xensys.devices._ioctls import EVTCHN
from xensys.devices.evtchn import Evtchn
from xensys.kernel import host
from xensys.sim import Machine

SELF = 0x7FF0

#: name in the table: (number, structure, name in the header)
HEADER = {
    "bind_virq": (0, abi.ioctl_evtchn_bind_virq, "BIND_VIRQ"),
    "bind_interdomain": (1, abi.ioctl_evtchn_bind_interdomain, "BIND_INTERDOMAIN"),
    "bind_unbound_port": (2, abi.ioctl_evtchn_bind_unbound_port, "BIND_UNBOUND_PORT"),
    "unbind": (3, abi.ioctl_evtchn_unbind, "UNBIND"),
    "notify": (4, abi.ioctl_evtchn_notify, "NOTIFY"),
    "reset": (5, None, "RESET"),
    "restrict_domid": (6, abi.ioctl_evtchn_restrict_domid, "RESTRICT_DOMID"),
    "bind_static": (7, abi.ioctl_evtchn_bind, "BIND_STATIC"),
}


def test_table_names_every_ioctl_of_the_header():
    known = {name.removeprefix("IOCTL_EVTCHN_") for name in vars(abi) if name.startswith("IOCTL_")}
    assert {name for *_, name in HEADER.values()} == known
    assert EVTCHN.keys() == HEADER.keys()


@pytest.mark.parametrize("method", EVTCHN)
def test_number_is_the_generated_one_and_can_be_rebuilt(method):
    number, structure, name = HEADER[method]
    size = ctypes.sizeof(structure) if structure else 0
    assert EVTCHN[method] == (size << 16 | ord("E") << 8 | number, size)
    assert EVTCHN[method][0] == getattr(abi, f"IOCTL_EVTCHN_{name}")


#: Each method with arguments, and the bytes that Linux has to get.
CALLS = {
    "bind_virq": (lambda d: d.bind_virq(3), struct.pack("<I", 3)),
    "bind_interdomain": (lambda d: d.bind_interdomain(5, 6), struct.pack("<II", 5, 6)),
    "bind_unbound_port": (lambda d: d.bind_unbound_port(SELF), struct.pack("<I", SELF)),
    "unbind": (lambda d: d.unbind(7), struct.pack("<I", 7)),
    "notify": (lambda d: d.notify(0x0102_0304), struct.pack("<I", 0x0102_0304)),
    "reset": (lambda d: d.reset(), b"\0"),
    "restrict_domid": (lambda d: d.restrict_domid(9), struct.pack("<H", 9)),
    "bind_static": (lambda d: d.bind_static(10), struct.pack("<I", 10)),
}
FILE_CALLS = {"read": lambda d: d.read(), "unmask": lambda d: d.unmask([1])}


def test_every_ioctl_is_tried():
    assert CALLS.keys() == EVTCHN.keys()


class Recorder:
    """A kernel that writes down what it is asked, and answers 77 after failing as often as told."""

    simulated, machine, page_size = True, "x86_64", 4096

    def __init__(self, *errors: int) -> None:
        self.seen: list[tuple[int, bytes]] = []
        self.errors = list(errors)

    def close(self, fd):
        pass

    def _answer(self, what, data):
        self.seen.append((what, bytes(data)))
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))

    def ioctl(self, fd, request, arg):
        self._answer(request, arg)
        return 77

    def read(self, fd, length):
        self._answer(-1, b"")
        return struct.pack("<3I", 4, 5, 6)[:length]

    def write(self, fd, data):
        self._answer(-2, data)
        return min(len(data), 10)


@pytest.mark.parametrize("name", CALLS)
def test_linux_gets_these_bytes(name):
    kernel = Recorder()
    call, expected = CALLS[name]
    result = call(Evtchn.adopt(3, kernel, close=False))
    assert kernel.seen == [(EVTCHN[name][0], expected)]
    # Linux gives no port for a static one.
    assert result == (77 if name.startswith("bind") and name != "bind_static" else None)


@pytest.mark.parametrize("name", CALLS)
def test_eintr_is_retried_only_where_that_does_nothing_twice(name):
    kernel = Recorder(errno.EINTR)
    call, _ = CALLS[name]
    device = Evtchn.adopt(3, kernel, close=False)
    if name in ("notify", "reset"):
        call(device)
        assert len(kernel.seen) == 2
    else:
        with pytest.raises(xensys.XenInterruptedError):
            call(device)
        assert len(kernel.seen) == 1


def test_ports_are_read_in_order_and_no_more_than_asked_for():
    device = Evtchn.adopt(3, Recorder(errno.EINTR), close=False)
    assert device.read() == [4, 5, 6]
    assert device.read(2) == [4, 5]
    assert device.read(1) == [4]
    assert Evtchn.adopt(3, Recorder(errno.EAGAIN), close=False).read() == []


def test_unmask_goes_on_after_whole_ports():
    kernel = Recorder(errno.EINTR)
    Evtchn.adopt(3, kernel, close=False).unmask(range(1, 5))
    whole = struct.pack("<4I", 1, 2, 3, 4)
    # 10 bytes were taken, which is two ports.
    assert kernel.seen == [(-2, whole), (-2, whole), (-2, whole[8:])]


def test_unmask_of_none_asks_nothing():
    kernel = Recorder()
    Evtchn.adopt(3, kernel, close=False).unmask([])
    assert kernel.seen == []


@pytest.mark.parametrize("name", [*CALLS, *FILE_CALLS])
def test_on_a_descriptor_that_is_not_open_is_EBADF(name):
    device = Evtchn.adopt(1_000_000, host(), close=False)
    call = FILE_CALLS.get(name) or CALLS[name][0]
    with pytest.raises(xensys.XenError) as caught:
        call(device)
    assert caught.value.errno == errno.EBADF
    assert caught.value.via == device.path


@pytest.mark.parametrize("name", CALLS)
def test_on_another_file_is_ENOTTY(name):
    with Evtchn.adopt(os.open("/dev/null", os.O_RDWR), host()) as device:
        with pytest.raises(xensys.NotSupportedError) as caught:
            CALLS[name][0](device)
        assert caught.value.errno == errno.ENOTTY
        assert caught.value.call == f"IOCTL_EVTCHN_{HEADER[name][2]}"


@pytest.mark.parametrize("name", [*CALLS, *FILE_CALLS])
def test_on_a_closed_handle_is_ValueError(name):
    device = Evtchn.open(Machine().dom0)
    device.close()
    with pytest.raises(ValueError, match="closed"):
        (FILE_CALLS.get(name) or CALLS[name][0])(device)


def test_an_overflow_says_what_to_do():
    with pytest.raises(xensys.EventOverflowError) as caught:
        Evtchn.adopt(3, Recorder(errno.EFBIG), close=False).read()
    assert "reset()" in str(caught.value)
    assert "read" in str(caught.value)


def test_without_the_node_there_is_no_xen():
    kernel = Machine().dom0
    kernel.nodes.discard("/dev/xen/evtchn")
    with pytest.raises(xensys.NoXenError, match="xen-evtchn"):
        Evtchn.open(kernel)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda d: d.bind_virq(-1), "ioctl_evtchn_bind_virq.virq"),
        (lambda d: d.bind_interdomain(1 << 16, 0), "ioctl_evtchn_bind_interdomain.remote_domain"),
        (lambda d: d.bind_interdomain(0, 1 << 32), "ioctl_evtchn_bind_interdomain.remote_port"),
        (lambda d: d.bind_unbound_port(1 << 16), "ioctl_evtchn_bind_unbound_port.remote_domain"),
        (lambda d: d.unbind(1 << 32), "ioctl_evtchn_unbind.port"),
        (lambda d: d.notify(1 << 32), "ioctl_evtchn_notify.port"),
        (lambda d: d.restrict_domid(1 << 16), "ioctl_evtchn_restrict_domid.domid"),
        (lambda d: d.bind_static(1 << 32), "ioctl_evtchn_bind.port"),
        (lambda d: d.unmask([1, 1 << 32]), "evtchn write.port"),
    ],
)
def test_what_does_not_fit_is_an_overflow_that_names_it(call, field):
    kernel = Recorder()
    with pytest.raises(OverflowError, match=field):
        call(Evtchn.adopt(3, kernel, close=False))
    assert kernel.seen == []
