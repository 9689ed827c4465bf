"""What host and box say to each other, from power on to power off."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import tarfile
import termios
import time
import tty
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import channel
from .errors import BootError, BoxError
from .say import say, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .boot import Box

TIMED_OUT = 124
BOX_FAILED = 125
INTERRUPTED = 130

BOOT_PATIENCE = 600  # seconds until the end-of-boot marker
FINISH_PATIENCE = 120  # seconds from a command's end to the end of all talk
OFF_PATIENCE = 20  # seconds for the power to go; after that it is pulled
LEAVE = b"\x1d"  # Ctrl-]: what leaves a shell that answers no more


@dataclass
class Limits:
    """Seconds."""

    command: float
    boot: float = BOOT_PATIENCE
    finish: float = FINISH_PATIENCE


@dataclass
class Collect:
    """One --collect: a path in the box, and where it goes on the host."""

    inside: str
    outside: Path

    @classmethod
    def parse(cls, text: str) -> Collect:
        """From "BOXPATH=HOSTPATH".

        Raises:
            ValueError: no "=", or a side is empty.
        """
        inside, equals, outside = text.partition("=")
        if not (inside and equals and outside):
            raise ValueError(f"{text!r} is not BOXPATH=HOSTPATH")
        return cls(inside, Path(outside).absolute())


@dataclass
class Session:
    """One boot, one command.

    Args:
        stdout, stderr: where the command's output goes.
        collects: in the job's order; unpacked when everything has arrived.
        folder: for what is collected, until then.
        keyboard: descriptor to forward to the command's terminal, or None.
    """

    box: Box
    limits: Limits
    stdout: BinaryIO
    stderr: BinaryIO
    collects: list[Collect]
    folder: Path
    keyboard: int | None = None
    started: Callable[[dict[str, Any]], None] = lambda guests: None
    _encoder: channel.Encoder = field(default_factory=channel.Encoder)
    _decoder: channel.Decoder = field(default_factory=channel.Decoder)
    _exit: dict[str, Any] | None = None
    _booted: bool = False
    _expired: bool = False
    _ended: bool = False
    _began: float = field(default_factory=time.monotonic)

    def run(self) -> int:
        """The exit status for the tool.

        Raises:
            BootError: it ended before its end-of-boot marker.
            BoxError: it ended after that, but before saying that all was said.
        """
        deadline = self._began + self.limits.boot
        while not self._ended:
            booted, exited = self._booted, self._exit is not None
            try:
                alive = self._step(deadline)
            except channel.ChannelError as error:
                raise self._failure(str(error)) from error
            if not alive:
                # QEMU closes the channel as it goes: let it get its words out.
                self.box.wait_off(5)
                if self._expired and not exited:
                    return TIMED_OUT
                raise self._failure("the box ended without its end marker")
            if self._booted and not booted:
                deadline = time.monotonic() + self.limits.command
            if self._exit is not None and not exited:
                deadline = time.monotonic() + self.limits.finish
            if time.monotonic() < deadline:
                continue
            if not self._booted:
                raise self._failure(f"no end-of-boot marker within {self.limits.boot:.0f} s")
            if self._exit is not None:
                raise self._failure(f"no end marker {self.limits.finish:.0f} s after the command's end")
            if self._expired:
                warn("the box did not answer the time-out: nothing was collected")
                return TIMED_OUT
            warn(f"time-out after {self.limits.command:.0f} s: ending the command")
            self._expired = True
            self._send(channel.EXPIRE)
            deadline = time.monotonic() + self.limits.finish
        self._send(channel.END)
        self._unpack()
        if not self.box.wait_off(OFF_PATIENCE):
            say("the box does not power off: killed")
        assert self._exit is not None
        return TIMED_OUT if self._exit["timed_out"] else int(self._exit["status"])

    def _failure(self, why: str) -> BoxError:
        return (BoxError if self._booted else BootError)(why)

    def _step(self, deadline: float) -> bool:
        """Wait for and handle one thing; False once the box has hung up."""
        watched = [self.box.channel.fileno()]
        if self.keyboard is not None and self._booted:
            watched.append(self.keyboard)
        # Short enough for the deadline to be kept and for signals to be seen.
        wait = min(max(deadline - time.monotonic(), 0), 1.0)
        ready, _, _ = select.select(watched, [], [], wait)
        if not ready and self.box.is_dying():
            self.box.kill()
            return False
        if self.keyboard in ready:
            self._type()
        if self.box.channel.fileno() in ready:
            try:
                data = self.box.channel.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                return False
            for frame in self._decoder.feed(data):
                self._handle(frame)
        return True

    def _handle(self, frame: channel.Frame) -> None:
        kind, payload = frame
        if kind == channel.STDOUT:
            self.stdout.write(payload)
            self.stdout.flush()
        elif kind == channel.STDERR:
            self.stderr.write(payload)
            self.stderr.flush()
        elif kind == channel.HELLO:
            say(f"dom0 is up ({payload.decode()} s by its own clock)")
        elif kind == channel.NOTE:
            say(payload.decode())
        elif kind == channel.BOOTED:
            self._booted = True
            say(f"booted in {time.monotonic() - self._began:.1f} s")
            self.started(json.loads(payload))
        elif kind == channel.EXIT:
            self._exit = json.loads(payload)
        elif kind == channel.FILE:
            with open(self._archive(payload[0]), "ab") as file:
                file.write(payload[1:])
        elif kind == channel.MISSING:
            warn(f"not collected: {payload[1:].decode()}")
            self._archive(payload[0]).unlink(missing_ok=True)
        elif kind == channel.FAILED:
            raise self._failure(payload.decode())
        elif kind == channel.END:
            self._ended = True

    def _send(self, kind: int, payload: bytes = b"") -> None:
        with suppress(ConnectionError):  # reading notices the same and says it
            self.box.channel.sendall(self._encoder.encode(kind, payload))

    def _type(self) -> None:
        assert self.keyboard is not None
        typed = os.read(self.keyboard, 4096)
        if LEAVE in typed:
            raise KeyboardInterrupt
        if typed:
            self._send(channel.INPUT, typed)
        else:
            self._send(channel.INPUT, b"\x04")  # end of input, as a terminal has it
            self.keyboard = None

    def resize(self) -> None:
        rows, columns = window()
        self._send(channel.RESIZE, struct.pack("<HH", rows, columns))

    def _archive(self, index: int) -> Path:
        return self.folder / f"collect-{index}.tar"

    def _unpack(self) -> None:
        for index, collect in enumerate(self.collects):
            archive = self._archive(index)
            if archive.exists():
                try:
                    unpack(archive, collect.outside, os.path.basename(collect.inside))
                except (OSError, tarfile.TarError) as error:
                    warn(f"not collected: {collect.inside}: {error}")


def unpack(archive: Path, outside: Path, name: str) -> None:
    """Put the archive's one tree "x" at `outside`, as cp -r would.

    A directory's contents go into `outside`, made if need be; a file becomes
    `outside`, or `outside/name` if that is a directory.
    """
    with tarfile.open(archive) as tar:
        for member in tar:
            below = member.name.removeprefix("x").lstrip("/")
            if below or member.isdir():
                member.name = below or "."
                folder = outside
            else:
                folder, member.name = (
                    (outside, name) if outside.is_dir() else (outside.parent, outside.name)
                )
            folder.mkdir(parents=True, exist_ok=True)
            # Tests run as root in the box, and the tree comes from them: no
            # devices, no links or names that leave the folder.
            tar.extract(member, folder, filter="data")


def window() -> tuple[int, int]:
    """Rows and columns of this terminal; zeros if it is none."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 0, 0
    return size.lines, size.columns


@contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """Every key to the box, Ctrl-C included, until left."""
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def window_changes(handler: Callable[[], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, lambda *_: handler())
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
