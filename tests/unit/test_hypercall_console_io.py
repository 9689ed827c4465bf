"""console_io: what ends up where, and who may."""

from __future__ import annotations

import errno

import pytest
from simraw import BAD, Raw, refused

import xensys
from xensys.sim import Machine


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


def test_what_is_written_is_on_the_console(machine, xen):
    for text in ("grüß\r\n", b"\0\xff", bytearray(b"x" * 10_000), memoryview(b"abcd")[::-1]):
        xen.console_io.write(text)
    assert bytes(machine.console) == "grüß\r\n".encode() + b"\0\xff" + b"x" * 10_000 + b"dcba"


def test_what_was_typed_is_taken_once_and_in_order(machine, xen):
    machine.console_input += bytes(range(200))
    assert xen.console_io.read(3, hazardous=True) == b"\0\1\2"
    assert xen.console_io.read(hazardous=True) == bytes(range(3, 131))
    assert xen.console_io.read(1 << 33, hazardous=True) == bytes(range(131, 200))
    assert xen.console_io.read(hazardous=True) == b""


def test_nothing_is_taken_without_the_flag(machine, xen):
    machine.console_input += b"secret"
    with pytest.raises(xensys.HazardError):
        xen.console_io.read()
    assert machine.console_input == b"secret"


def test_a_count_below_nothing(xen):
    with pytest.raises(ValueError, match="count"):
        xen.console_io.read(-1, hazardous=True)


def test_what_comes_before_a_fault_has_been_written():
    # Not strict: what follows the page is memory of somebody's, until it ends.
    machine = Machine(strict=False)
    raw = Raw(machine.dom0)
    raw.page[:] = b"y" * len(raw.page)
    with refused(errno.EFAULT):
        raw.call(18, 0, (1 << 32) - 1, raw.at)
    assert bytes(machine.console).startswith(b"y" * len(raw.page))


def test_input_that_cannot_be_stored_stays(machine, raw):
    machine.console_input += b"typed"
    with refused(errno.EFAULT):
        raw.call(18, 1, 5, BAD)
    assert machine.console_input == b"typed"


def test_others_may_not(machine):
    domu = Raw(machine.domains[1].kernel(unrestricted=True))
    for cmd in (0, 1, 2):
        with refused(errno.EPERM):
            domu.call(18, cmd, 1 << 31, domu.at)


def test_EINTR_is_reported(machine, xen):
    for cmd, call in (
        (0, lambda: xen.console_io.write("x")),
        (1, lambda: xen.console_io.read(hazardous=True)),
    ):
        machine.dom0.faults.fail("hypercall", op="console_io", cmd=cmd, errno=errno.EINTR)
        with pytest.raises(xensys.XenInterruptedError):
            call()


def test_closed():
    xen = xensys.Xen(Machine().dom0)
    family = xen.console_io
    xen.close()
    with pytest.raises(ValueError, match="closed"):
        family.write("x")
