"""Our vchan with C libxenvchan at the other end, both roles, both faces; all within dom0."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import xensys
from tests.interop.conftest import PATIENCE
from tests.interop.cvchan import C, checksum, stream
from xensys.vchan import Vchan, VchanClosedError, VchanTimeoutError, aio

OURSELVES = 0
MIB = int(os.environ.get("XENSYS_INTEROP_MIB", "100"))
TOTAL = MIB << 20
SHORT = 0.5
ROLES = ["our-server", "our-client"]


@contextmanager
def pair(
    xen: xensys.Xen,
    place: str,
    role: str,
    c: C,
    ours: int = 4096,
    theirs: int = 4096,
    blocking: bool = True,
) -> Iterator[Vchan]:
    """Our end, with C's connected.

    Args:
        ours, theirs: bytes of the ring that we read, and that C reads, at least.
    """
    if role == "our-server":
        end = Vchan.listen(xen, OURSELVES, place, read_size=ours, write_size=theirs)
    else:
        c.serve(OURSELVES, place, theirs, ours, blocking=blocking)
        end = Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
    with end:
        if role == "our-server":
            c.connect(OURSELVES, place, blocking=blocking)
            end.accept(timeout=PATIENCE)
        yield end


@pytest.fixture
def c() -> Iterator[C]:
    with C() as process:
        yield process


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("ours", "theirs"), [(1024, 2048), (2048, 1024), (2048, 4096), (8192, 100), (65536, 4096)]
)
def test_all_layouts_of_rings(xen: xensys.Xen, place: str, c: C, role: str, ours: int, theirs: int) -> None:
    with pair(xen, place, role, c, ours, theirs) as end:
        assert c.do("is_open") == 1
        assert end.connected
        assert c.do("buffer_space") == end.read_size >= ours
        assert end.buffer_space() == end.write_size >= theirs
        for number in range(5):
            data = os.urandom(end.write_size - number)
            assert end.send(data, timeout=PATIENCE) == len(data)
            assert c.do("data_ready") == len(data)
            assert c.recv(len(data)) == (len(data), data)
            data = os.urandom(end.read_size - number)
            assert c.send(data) == len(data)
            assert end.data_ready() == len(data)
            assert end.recv(len(data), timeout=PATIENCE) == data


@pytest.mark.parametrize("role", ROLES)
def test_a_long_stream_each_way(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c, 1 << 20, 1 << 20) as end:
        began = time.monotonic()
        c.begin("drain", TOTAL, 1 << 20)
        for data in stream("there", TOTAL):
            assert end.write(data, timeout=PATIENCE) == len(data)
        assert c.answer() == checksum("there", TOTAL)
        there = time.monotonic() - began
        began = time.monotonic()
        c.begin("pour", "back", TOTAL, 1 << 20)
        digest, left = hashlib.sha256(), TOTAL
        buffer = bytearray(1 << 20)
        with memoryview(buffer) as view:
            while left:
                got = end.readinto(view[: min(left, len(buffer))], timeout=PATIENCE)
                assert got
                digest.update(view[:got])
                left -= got
        assert c.answer() == TOTAL
        assert digest.hexdigest() == checksum("back", TOTAL)
        back = time.monotonic() - began
        print(f"{role}: {MIB} MiB to C in {there:.1f} s ({MIB / there:.1f} MiB/s), ", end="")
        print(f"from C in {back:.1f} s ({MIB / back:.1f} MiB/s), checksums included")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("size", [1024, 4096])
def test_small_rings_and_odd_pieces(xen: xensys.Xen, place: str, c: C, role: str, size: int) -> None:
    """Every wait on both ends: each piece is longer than the ring, or nearly so."""
    total = 300_000
    with pair(xen, place, role, c, size, size) as end:
        c.begin("drain", total, 997)
        for data in stream("there", total, 3001):
            end.write(data, timeout=PATIENCE)
        assert c.answer() == checksum("there", total, 3001)
        c.begin("pour", "back", total, 3001)
        digest, left = hashlib.sha256(), total
        while left:
            data = end.read(min(left, 997), timeout=PATIENCE)
            digest.update(data)
            left -= len(data)
        assert c.answer() == total
        assert digest.hexdigest() == checksum("back", total, 3001)


@pytest.mark.parametrize("role", ROLES)
def test_question_and_answer(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c) as end:
        for number in range(50):
            c.begin("recv", 100)
            if number % 5 == 0:
                time.sleep(0.02)  # C waits already
            question = os.urandom(100)
            end.send(question, timeout=PATIENCE)
            assert c.bytes_of(c.answer()) == (100, question)
            answer: list[bytes] = []
            thread = threading.Thread(target=lambda a=answer: a.append(end.recv(64, timeout=PATIENCE)))
            thread.start()
            if number % 5 == 0:
                time.sleep(0.02)  # we wait already
            raw = os.urandom(64)
            assert c.send(raw) == 64
            thread.join(PATIENCE)
            assert answer == [raw]


@pytest.mark.parametrize("role", ROLES)
def test_a_C_end_that_does_not_block(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c, 1024, 2048, blocking=False) as end:
        assert c.read(10) == (0, b"")
        assert c.recv(10) == (0, b"")
        c.begin("wait")
        while True:  # the events of setting it up come first
            try:
                c.answer(timeout=SHORT)
            except AssertionError:
                break
            assert c.read(10) == (0, b"")
            c.begin("wait")
        end.write(b"12345", timeout=PATIENCE)
        assert c.answer() == 0
        assert c.recv(6) == (0, b"")
        assert c.recv(5) == (5, b"12345")
        assert c.write(b"x" * 5000) == end.read_size
        assert c.send(b"y") == 0
        c.begin("wait")
        assert end.recv(end.read_size, timeout=PATIENCE) == b"x" * end.read_size
        assert c.answer() == 0
        assert c.do("buffer_space") == end.read_size


@pytest.mark.parametrize("role", ROLES)
def test_C_closes(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c) as end:
        c.write(b"last words")
        got: list[bytes] = []
        thread = threading.Thread(
            target=lambda: got.extend(iter(lambda: end.read(100, timeout=PATIENCE), b""))
        )
        thread.start()
        time.sleep(SHORT)
        c.do("close")
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert b"".join(got) == b"last words"
        assert not end.is_open
        with pytest.raises(VchanClosedError):
            end.write(b"x")


@pytest.mark.parametrize("role", ROLES)
def test_Cs_process_dies(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c) as end:
        c.write(b"last words")
        got: list[object] = []

        def write() -> None:
            try:
                end.write(bytes(100_000), timeout=PATIENCE)
            except VchanClosedError as error:
                got.append(error.done)

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(SHORT)
        c.kill()
        thread.join(PATIENCE)
        assert got == [end.write_size]
        assert end.read(100, timeout=PATIENCE) == b"last words"
        assert end.read(100, timeout=PATIENCE) == b""


@pytest.mark.parametrize("role", ROLES)
def test_we_close(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    with pair(xen, place, role, c) as end:
        end.write(b"last words")
        assert c.read(4) == (4, b"last")
        end.close()
        assert c.read(100) == (6, b" words")
        assert c.read(100)[0] == -1
        assert c.do("is_open") == 0
        assert c.write(b"x") == -1


def test_we_close_while_C_waits(xen: xensys.Xen, place: str, c: C) -> None:
    with pair(xen, place, "our-server", c) as end:
        c.begin("read", 100)
        time.sleep(SHORT)
        end.close()
        assert c.answer()[0] == -1


def test_our_server_persists(xen: xensys.Xen, place: str) -> None:
    with Vchan.listen(xen, OURSELVES, place, persist=True) as server:
        for number in range(3):
            with C() as c:
                c.connect(OURSELVES, place)
                server.accept(timeout=PATIENCE)
                c.write(b"client %d" % number)
                assert server.recv(8, timeout=PATIENCE) == b"client %d" % number
                server.send(b"welcome", timeout=PATIENCE)
                assert c.recv(7) == (7, b"welcome")
                if number % 2:
                    c.do("close")
                else:
                    c.kill()
            deadline = time.monotonic() + PATIENCE
            while server.connected and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not server.connected
            with pytest.raises(VchanTimeoutError):
                server.read(1, timeout=SHORT)


def test_Cs_server_persists(xen: xensys.Xen, place: str, c: C) -> None:
    c.serve(OURSELVES, place, 4096, 4096, persist=True)
    for number in range(3):
        with Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE) as client:
            c.begin("recv", 8)
            client.write(b"client %d" % number, timeout=PATIENCE)
            assert c.bytes_of(c.answer()) == (8, b"client %d" % number)
            assert c.write(b"welcome") == 7
            assert client.recv(7, timeout=PATIENCE) == b"welcome"
    c.do("close")
    assert not xen.store.exists(place)


@pytest.mark.parametrize("role", ROLES)
def test_asyncio(xen: xensys.Xen, place: str, c: C, role: str) -> None:
    total = min(TOTAL, 8 << 20)

    async def main() -> Any:
        if role == "our-server":
            end = await aio.Vchan.listen(xen, OURSELVES, place, read_size=1 << 18, write_size=1 << 18)
            await asyncio.to_thread(c.connect, OURSELVES, place)
            await end.accept(timeout=PATIENCE)
        else:
            await asyncio.to_thread(c.serve, OURSELVES, place, 1 << 18, 1 << 18)
            end = await aio.Vchan.connect(xen, OURSELVES, place, timeout=PATIENCE)
        async with end:
            c.begin("drain", total, 1 << 17)
            for data in stream("there", total):
                await end.write(data, timeout=PATIENCE)
            assert await asyncio.to_thread(c.answer) == checksum("there", total)
            c.begin("pour", "back", total, 1 << 17)
            digest, left = hashlib.sha256(), total
            while left:
                data = await end.read(min(left, 1 << 17), timeout=PATIENCE)
                digest.update(data)
                left -= len(data)
            assert await asyncio.to_thread(c.answer) == total
            assert digest.hexdigest() == checksum("back", total, 1 << 17)
            await asyncio.to_thread(c.do, "close")
            assert await end.read(1, timeout=PATIENCE) == b""

    asyncio.run(main())
