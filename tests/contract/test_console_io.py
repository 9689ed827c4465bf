"""console_io: Xen's console."""

from __future__ import annotations

import errno

import pytest

import xensys

OP = 18


@pytest.mark.parametrize(
    "text",
    [
        "",
        "contract: a line\r\n",
        b"contract: bytes\r\n",
        bytearray(b"\xffcontract\r\n"),
        "contract: 127\r\n" * 9,
    ],
    ids=["nothing", "string", "bytes", "bytearray", "longer-than-Xen-copies-at-a-time"],
)
def test_write_is_taken(world, text):
    assert world.xen.console_io.write(text) is None


def test_read_needs_the_flag(world):
    with pytest.raises(xensys.HazardError) as caught:
        world.xen.console_io.read()
    assert caught.value.via == ""
    assert "hazardous=True" in caught.value.hint


def test_read_does_not_wait_and_gives_what_was_typed(world):
    # Nobody types here.
    assert world.xen.console_io.read(hazardous=True) == b""
    assert world.xen.console_io.read(0, hazardous=True) == b""
    assert world.xen.console_io.read(1 << 40, hazardous=True) == b""


@pytest.mark.parametrize("count", [1 << 31, (1 << 32) - 1])
def test_read_of_2_GiB_is_E2BIG(world, count):
    with world.xen.buffers.alloc(64) as buffer, pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(OP, 1, count, buffer)
    assert caught.value.errno == errno.E2BIG


def test_unknown_command_is_ENOSYS(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(OP, 2, 0, 0)
    assert caught.value.errno == errno.ENOSYS


def test_write_from_nowhere_is_EFAULT(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(OP, 0, 5, 0)
    assert caught.value.errno == errno.EFAULT
