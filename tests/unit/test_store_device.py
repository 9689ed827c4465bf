"""Linux's xenbus device as the simulator has it: one buffer per open file."""

from __future__ import annotations

import asyncio
import os
import struct

import pytest

from xensys.errors import StoreTimeoutError
from xensys.sim import Machine
from xensys.store import Store, aio
from xensys.store.protocol import Request
from xensys.store.transports import DeviceTransport

READ, WATCH, UNWATCH, START, END = 2, 4, 5, 6, 7
DEVICE = "/dev/xen/xenbus"


def message(kind, payload, req_id=1, tx=0):
    return struct.pack("<4I", kind, req_id, tx, len(payload)) + payload


@pytest.fixture
def file(machine):
    kernel = machine.dom0
    fd = kernel.open(DEVICE, os.O_RDWR)
    yield kernel, fd
    kernel.close(fd)


class TestOneBuffer:
    @pytest.mark.parametrize("part", [1, 16, 100])
    def test_what_is_written_before_the_reply_was_read_is_a_misdeed(self, machine, file, part):
        kernel, fd = file
        kernel.write(fd, message(READ, b"/local\0"))
        assert machine.violations == []
        kernel.write(fd, message(READ, b"/tool\0")[:part])
        (misdeed,) = machine.violations
        assert (misdeed.path, misdeed.kind) == (DEVICE, READ)
        assert misdeed.data == message(READ, b"/tool\0")[:part]
        assert "not answered yet" in repr(misdeed)

    def test_half_a_reply_is_not_enough(self, machine, file):
        kernel, fd = file
        kernel.write(fd, message(START, b"\0"))
        kernel.read(fd, 16)
        kernel.write(fd, message(READ, b"/tool\0"))
        assert len(machine.violations) == 1

    def test_neither_is_an_event(self, machine, file):
        kernel, fd = file
        kernel.write(fd, message(WATCH, b"/tool\0t\0"))
        kernel.read(fd, 4096)
        machine.store.hold()
        kernel.write(fd, message(READ, b"/local\0"))
        machine.store.write("/tool/x", "1")
        kernel.write(fd, message(READ, b"/tool\0"))
        assert len(machine.violations) == 1

    def test_one_after_the_other_is_right(self, machine, file):
        kernel, fd = file
        for kind, payload, tx in (
            (READ, b"/local\0", 0), (READ, b"/none\0", 0), (END, b"F\0", 99), (END, b"x\0", 0),
        ):  # fmt: skip
            raw = message(kind, payload, tx=tx)
            kernel.write(fd, raw[:5])
            kernel.write(fd, raw[5:])
            assert len(kernel.read(fd, 4096)) >= 16
        assert machine.violations == []

    def test_watches_are_set_and_ended_within_the_write(self, machine, file):
        kernel, fd = file
        for n in range(5):
            kernel.write(fd, message(WATCH, b"/tool\0%d\0" % n))
        for n in range(5):
            kernel.write(fd, message(UNWATCH, b"/tool\0%d\0" % n))
        kernel.write(fd, message(READ, b"/local\0"))
        assert machine.violations == []

    def test_files_have_each_their_own(self, machine, file):
        kernel, fd = file
        other = kernel.open(DEVICE, os.O_RDWR)
        kernel.write(fd, message(READ, b"/local\0"))
        kernel.write(other, message(READ, b"/local\0"))
        assert machine.violations == []
        kernel.close(other)

    def test_who_does_not_want_to_know_is_not_told(self):
        machine = Machine(strict=False)
        fd = machine.dom0.open(DEVICE, os.O_RDWR)
        for _ in range(3):
            machine.dom0.write(fd, message(READ, b"/local\0"))
        assert machine.violations == []
        machine.dom0.close(fd)


class TestTheClient:
    def test_keeps_to_it(self, machine):
        with Store.open(DEVICE, kernel=machine.dom0) as store:
            for n in range(5):
                store.transaction().__exit__(ValueError, None, None)
                store.write(f"/t/{n}", "1")
            store.read_tree("/t")
        assert machine.violations == []

    def test_would_be_found_out(self, machine, monkeypatch):
        """The rule broken on purpose: a request given up, and the next one sent."""
        monkeypatch.setattr(DeviceTransport, "serial", False)
        with Store.open(DEVICE, kernel=machine.dom0) as store:
            machine.store.hold()
            with pytest.raises(StoreTimeoutError):
                store._connection.exchange(Request(READ, b"/a\0"), 0)
            with pytest.raises(StoreTimeoutError):
                store._connection.exchange(Request(READ, b"/b\0"), 0)
        assert len(machine.violations) == 1

    def test_does_not_begin_what_cannot_be_given_up_before_the_daemon_has_answered(self, machine):
        """Linux sets and ends watches within write(2), where neither a deadline nor SIGKILL counts.

        The simulator knows no such write that returns: it raises SimulatorGap.
        """
        with Store.open(DEVICE, kernel=machine.dom0, timeout=1) as store:
            watch = store.watch("/tool")
            machine.store.hold()
            with pytest.raises(StoreTimeoutError):
                store.watch("/local")
            with pytest.raises(StoreTimeoutError):
                watch.close()
            machine.store.let_go()
            store.write("/tool", "1")
            assert machine.store.domains[0].watches == 0

    def test_nor_under_asyncio(self, machine):
        async def main():
            async with await aio.open(DEVICE, kernel=machine.dom0, timeout=0.05) as store:
                watch = await store.watch("/tool")
                machine.store.hold()
                with pytest.raises(StoreTimeoutError):
                    await store.watch("/local")
                with pytest.raises(StoreTimeoutError):
                    await watch.close()

        asyncio.run(main())

    def test_connects_anew_where_an_overdue_reply_is_in_the_way(self, machine):
        with Store.open(DEVICE, kernel=machine.dom0, timeout=1) as store:
            watch = store.watch("/tool")
            assert watch.get(timeout=1).path == "/tool"
            assert store.reconnect() is False
            machine.store.kill()
            with pytest.raises(StoreTimeoutError, match="no reply"):
                store.read("/tool")
            with pytest.raises(StoreTimeoutError, match="others are still"):
                store.read("/tool")
            machine.store.restart(keep=True)
            assert store.reconnect() is True
            assert store.exists("/tool")
            assert watch.get(timeout=1).path == "/tool"
            assert store.reconnect() is False


def test_the_end_of_no_transaction_is_never_answered(machine, file):
    kernel, fd = file
    kernel.write(fd, message(END, b"T\0"))
    assert kernel.wait((fd,), (), 0) == ([], [])
