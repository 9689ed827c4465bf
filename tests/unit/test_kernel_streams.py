"""connect, read, write, wait and eventfd: of Linux, and of the simulator where it passes them on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from errno import EAGAIN, EBADF, ECONNREFUSED, EINVAL, ENAMETOOLONG, ENOENT, EPIPE
from pathlib import Path

import pytest
from simraw import refused

from xensys.kernel import host
from xensys.sim import Machine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["linux", "sim"])
def kernel(request):
    """What both must do with descriptors that are none of the simulator's."""
    return host() if request.param == "linux" else Machine(real_time=True).dom0


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        path = str(tmp_path / "socket")
        listening.bind(path)
        listening.listen()
        yield path, listening


class TestConnect:
    def test_descriptor(self, listener):
        path, listening = listener
        fd = host().connect(path)
        peer, _ = listening.accept()
        with peer:
            assert not os.get_inheritable(fd)
            assert os.get_blocking(fd)
            assert host().write(fd, b"hello") == 5
            assert peer.recv(9) == b"hello"
            peer.send(b"bye")
            assert host().read(fd, 9) == b"bye"
        assert host().read(fd, 9) == b""
        host().close(fd)

    def test_default_timeout_is_not_ours(self, listener):
        path, listening = listener
        socket.setdefaulttimeout(0)
        try:
            fd = host().connect(path)
        finally:
            socket.setdefaulttimeout(None)
        listening.accept()[0].close()
        assert os.get_blocking(fd)
        host().close(fd)

    def test_nobody_listens(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path)
        with refused(ECONNREFUSED):
            host().connect(path)
        (tmp_path / "file").write_bytes(b"")
        with refused(ECONNREFUSED):
            host().connect(str(tmp_path / "file"))
        with refused(ENOENT):
            host().connect(str(tmp_path / "nothing"))
        with refused(ENAMETOOLONG):
            host().connect("/" + "x" * 200)

    def test_leaks_nothing(self, tmp_path):
        before = os.listdir("/proc/self/fd")
        for _ in range(3):
            with refused(ENOENT):
                host().connect(str(tmp_path / "nothing"))
        assert os.listdir("/proc/self/fd") == before

    def test_is_socket(self, listener, tmp_path):
        assert host().is_socket(listener[0])
        assert not host().is_socket("/dev/null")
        with refused(ENOENT):
            host().is_socket(str(tmp_path / "nothing"))

    def test_socket_is_imported_only_then(self):
        code = (
            "import sys, xensys.kernel as k; host = k.host(); fd = host.eventfd();"
            "host.wait([fd], [], 0); assert 'socket' not in sys.modules, 'too early';"
            "assert 'selectors' not in sys.modules"
        )
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
            check=True,
        )


def fill(kernel, fd):
    """Write until there is no room; how much there was."""
    total = 0
    try:
        while total < 100_000_000:
            total += kernel.write(fd, b"x" * 100_000)
    except BlockingIOError:
        return total
    raise AssertionError("no end of room")


class TestReadAndWrite:
    def test_part(self, kernel, pair):
        ours, theirs = pair
        ours.setblocking(False)
        assert 0 < kernel.write(ours.fileno(), bytes(50 << 20)) < 50 << 20
        assert kernel.read(theirs.fileno(), 10) == bytes(10)

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_buffers_with_nuls(self, kernel, pair, kind):
        ours, theirs = pair
        assert kernel.write(ours.fileno(), kind(b"a\0b\0")) == 4
        assert kernel.read(theirs.fileno(), 10) == b"a\0b\0"

    def test_peer_gone_is_EPIPE_and_never_a_signal(self):
        code = (
            "import errno, signal, socket, sys;"
            "from xensys.kernel import host;"
            "signal.signal(signal.SIGPIPE, signal.SIG_DFL);"
            "a, b = socket.socketpair(); b.close();\n"
            "try: host().write(a.fileno(), b'x')\n"
            "except BrokenPipeError: sys.exit(7)"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
            check=False,
        )
        assert done.returncode == 7

    def test_peer_gone(self, kernel, pair):
        ours, theirs = pair
        theirs.close()
        with refused(EPIPE):
            kernel.write(ours.fileno(), b"x")
        assert kernel.read(ours.fileno(), 1) == b""

    def test_other_files(self, kernel, tmp_path):
        fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        assert kernel.write(fd, b"abc") == 3
        assert os.pread(fd, 9, 0) == b"abc"
        os.close(fd)

    def test_not_open(self, kernel):
        fd = os.open("/dev/null", os.O_RDONLY)
        os.close(fd)
        for call in (lambda: kernel.read(fd, 1), lambda: kernel.write(fd, b"x"), lambda: kernel.wait([fd])):
            with refused(EBADF):
                call()
        with refused(EBADF):
            kernel.wait([-1], (), 0)

    def test_signal_while_writing(self, pair):
        ours, theirs = pair
        seen = []
        old = signal.signal(signal.SIGALRM, lambda *_: (seen.append(1), theirs.recv(1 << 20)))
        try:
            ours.setblocking(False)
            fill(host(), ours.fileno())
            ours.setblocking(True)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert host().write(ours.fileno(), b"y") == 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        assert seen

    def test_signal_that_raises(self, pair):
        def stop(*_):
            raise KeyboardInterrupt

        old = signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                host().read(pair[0].fileno(), 1)
        finally:
            signal.signal(signal.SIGALRM, old)


class TestWait:
    def test_ready(self, kernel, pair):
        one, two = (end.fileno() for end in pair)
        assert kernel.wait([one, two], (), 0) == ([], [])
        assert kernel.wait([one], [two, one], 0) == ([], [two, one])
        kernel.write(one, b"x")
        assert kernel.wait([one, two], [one], None) == ([two], [one])
        assert kernel.wait(iter([two]), iter([two])) == ([two], [two])

    def test_order_is_the_callers(self, kernel):
        fds = [kernel.eventfd() for _ in range(3)]
        for fd in fds:
            kernel.write(fd, (1).to_bytes(8, sys.byteorder))
        assert kernel.wait(reversed(fds))[0] == fds[::-1]
        for fd in fds:
            kernel.close(fd)

    def test_peer_gone_is_ready(self, kernel, pair):
        ours, theirs = pair
        theirs.close()
        assert kernel.wait([ours.fileno()], [ours.fileno()], 1) == ([ours.fileno()], [ours.fileno()])
        read, write = os.pipe()
        os.close(read)
        assert kernel.wait([], [write], 1) == ([], [write])
        os.close(write)

    def test_timeout(self, kernel, pair):
        fd = pair[0].fileno()
        start = time.monotonic()
        assert kernel.wait([fd], (), 0.03) == ([], [])
        assert 0.03 <= time.monotonic() - start < 5
        assert kernel.wait([fd], (), -1) == ([], [])
        # Less than poll(2) can say is rounded up, not down.
        start = time.monotonic()
        assert kernel.wait([fd], (), 0.0001) == ([], [])
        assert time.monotonic() - start >= 0.0001

    def test_nothing_to_wait_for(self, kernel):
        assert kernel.wait([], [], 0.001) == ([], [])

    def test_another_thread(self, kernel, pair):
        ours, theirs = pair
        timer = threading.Timer(0.05, theirs.send, [b"x"])
        timer.start()
        assert kernel.wait([ours.fileno()], (), 20)[0] == [ours.fileno()]
        timer.join()

    def test_signal_does_not_end_it(self, pair):
        seen = []
        old = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            start = time.monotonic()
            assert host().wait([pair[0].fileno()], (), 0.1) == ([], [])
            assert time.monotonic() - start >= 0.1
        finally:
            signal.signal(signal.SIGALRM, old)
        assert seen

    def test_longest(self, kernel, pair):
        kernel.write(pair[0].fileno(), b"x")
        assert kernel.wait([pair[1].fileno()], (), 1e12)[0]


class TestEventfd:
    def test_counts(self, kernel):
        fd = kernel.eventfd()
        assert not os.get_inheritable(fd)
        assert not kernel.get_blocking(fd)
        with refused(EAGAIN):
            kernel.read(fd, 8)
        for number in (1, 2):
            assert kernel.write(fd, number.to_bytes(8, sys.byteorder)) == 8
        assert kernel.wait([fd], [fd], 0) == ([fd], [fd])
        assert kernel.read(fd, 8) == (3).to_bytes(8, sys.byteorder)
        assert kernel.wait([fd], (), 0) == ([], [])
        with refused(EINVAL):
            kernel.write(fd, b"short")
        kernel.close(fd)


def test_blocking(kernel, pair):
    fd = pair[0].fileno()
    assert kernel.get_blocking(fd)
    kernel.set_blocking(fd, False)
    assert not kernel.get_blocking(fd)
    assert not os.get_blocking(fd)
    with refused(EAGAIN):
        kernel.read(fd, 1)
    kernel.set_blocking(fd, True)
    assert kernel.get_blocking(fd)


def test_a_socket_is_told_by_what_it_is_and_not_by_its_number(kernel):
    """No ENOTSOCK for a number that was a socket's and is a pipe's now."""
    read, write = os.pipe()
    one, two = socket.socketpair()
    with one, two:
        number = os.dup(one.fileno())
        kernel.write(number, b"x")
        os.dup2(write, number)
        assert kernel.write(number, b"y") == 1
        assert os.read(read, 9) == b"y"
    for fd in (read, write, number):
        os.close(fd)
