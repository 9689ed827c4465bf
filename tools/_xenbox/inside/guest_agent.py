"""dom0's hand in a guest: runs commands that come over the console, any number at a time.

Runs under the target's own Python (3.9 or later). See guest_link.py for what is said.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections import deque
from typing import Any, Callable, Deque, Dict, Optional

sys.path.insert(0, "/xenbox")

from _xenbox import channel, guest_link

CONSOLE = "/dev/hvc0"
PAGE = 4096
WORDS = 64
LINGER = 2.0  # seconds that output may trail a command's exit


def hold_word(word: bytes) -> mmap.mmap:
    """Page-aligned copies of a word, for who looks for it in our memory."""
    pages = mmap.mmap(-1, WORDS * PAGE)
    for page in range(WORDS):
        pages[page * PAGE : page * PAGE + len(word)] = word
    return pages


def say_alive() -> None:
    """As inside/guest-init does: XS_WRITE of our own data/xenbox, by hand."""
    body = b"data/xenbox\0alive"
    fd = os.open("/dev/xen/xenbus", os.O_RDWR)
    os.write(fd, struct.pack("<4I", 11, 0, 0, len(body)) + body)
    os.read(fd, PAGE)
    os.close(fd)


class Console:
    """The console as a stream of frames."""

    def __init__(self) -> None:
        self.fd = os.open(CONSOLE, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd, termios.TCSANOW)
        self._encoder = guest_link.Encoder()
        self._decoder = channel.Decoder()
        self._write(guest_link.BEGIN)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    def send(self, kind: int, number: int, payload: bytes = b"") -> None:
        self._write(self._encoder.encode(kind, number, payload))

    def receive(self) -> Any:
        return self._decoder.feed(os.read(self.fd, 65536))


class Command:
    """One command, its streams and its end."""

    def __init__(self, agent: Agent, number: int, start: Dict[str, Any]) -> None:
        self._agent = agent
        self._number = number
        self._input: Deque[bytes] = deque()
        self._streams = 0
        self._exited: Optional[float] = None
        self.process = subprocess.Popen(
            start["argv"],
            cwd=start["cwd"],
            env={**os.environ, **start["env"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self._stdin: Optional[int] = self.process.stdin.fileno()
        os.set_blocking(self._stdin, False)
        self._pidfd = os.pidfd_open(self.process.pid)
        agent.watch(self._pidfd, self._ended)
        for pipe, kind in (
            (self.process.stdout, guest_link.STDOUT),
            (self.process.stderr, guest_link.STDERR),
        ):
            self._streams += 1
            agent.watch(pipe.fileno(), self._reader(pipe.fileno(), kind))

    def _reader(self, fd: int, kind: int) -> Callable[[], None]:
        def read() -> None:
            data = os.read(fd, guest_link.PIECE)
            if data:
                self._agent.console.send(kind, self._number, data)
                return
            self._agent.unwatch(fd)
            self._streams -= 1
            self.finish()

        return read

    def _ended(self) -> None:
        self._agent.unwatch(self._pidfd)
        os.close(self._pidfd)
        self.process.wait()
        self._exited = time.monotonic()
        self.finish()

    def finish(self) -> bool:
        """Report the end, if this is it; something left behind may hold the pipes: not waited for."""
        if self._exited is None or (self._streams and time.monotonic() < self._exited + LINGER):
            return False
        if self._number not in self._agent.commands:
            return True
        status = channel.shell_status(self.process.returncode)
        self._agent.console.send(guest_link.EXIT, self._number, json.dumps({"status": status}).encode())
        self._close_stdin()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe
            self._agent.unwatch(pipe.fileno())
            pipe.close()
        del self._agent.commands[self._number]
        return True

    @property
    def lingers(self) -> bool:
        """Whether it has ended, and its output has not."""
        return self._exited is not None

    def feed(self, data: bytes) -> None:
        """For its stdin; b"" is the end of it."""
        if self._stdin is None:
            return
        if not self._input:
            self._agent.watch(self._stdin, self._write, selectors.EVENT_WRITE)
        self._input.append(data)

    def _write(self) -> None:
        assert self._stdin is not None
        data = self._input[0]
        try:
            written = os.write(self._stdin, data) if data else 0
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It does not want to know.
            self._close_stdin()
            return
        if not data:
            self._close_stdin()
        elif written < len(data):
            self._input[0] = data[written:]
        else:
            self._input.popleft()
            if not self._input:
                self._agent.unwatch(self._stdin)

    def _close_stdin(self) -> None:
        if self._stdin is not None:
            self._agent.unwatch(self._stdin)
            self._input.clear()
            self._stdin = None
            assert self.process.stdin
            self.process.stdin.close()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Agent:
    """All commands, in one loop."""

    def __init__(self) -> None:
        self.console = Console()
        self.commands: Dict[int, Command] = {}
        self._selector = selectors.DefaultSelector()
        self.watch(self.console.fd, self._obey)

    def watch(self, fd: int, call: Callable[[], None], events: int = selectors.EVENT_READ) -> None:
        self._selector.register(fd, events, call)

    def unwatch(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def run(self) -> None:
        while True:
            lingering = [command for command in self.commands.values() if command.lingers]
            for ready, _ in self._selector.select(0.2 if lingering else None):
                # One of this batch may have ended another's watch.
                if ready.fd in self._selector.get_map():
                    ready.data()
            for command in lingering:
                command.finish()

    def _obey(self) -> None:
        for kind, payload in self.console.receive():
            number, rest = guest_link.split(payload)
            command = self.commands.get(number)
            if kind == guest_link.START:
                self._start(number, json.loads(rest))
            elif command is not None and kind == guest_link.INPUT:
                command.feed(rest)
            elif command is not None and kind == guest_link.KILL:
                command.kill()

    def _start(self, number: int, start: Dict[str, Any]) -> None:
        try:
            self.commands[number] = Command(self, number, start)
        except OSError as error:
            # As a shell says it.
            status = 127 if isinstance(error, FileNotFoundError) else 126
            said = {"status": status, "error": "%s: %s" % (start["argv"][0], error.strerror)}
            self.console.send(guest_link.EXIT, number, json.dumps(said).encode())


def main() -> None:
    with open("/proc/cmdline") as file:
        line = dict(part.partition("=")[::2] for part in file.read().split())
    word = hold_word(line.get("xenbox.word", "").encode())
    agent = Agent()
    say_alive()
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    ready = {"uptime": uptime, "python": sys.version.split()[0], "release": os.uname().release}
    agent.console.send(guest_link.READY, 0, json.dumps(ready).encode())
    try:
        agent.run()
    finally:
        word.close()


if __name__ == "__main__":
    main()
