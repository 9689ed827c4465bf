"""The host's hand in dom0: brings up guests, runs the command, says all of it.

Runs under the target's own Python (3.9 or later). Everything goes through one
virtio port in the frames of channel.py; the console is left to Xen and Linux.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import io
import json
import os
import pty
import selectors
import signal
import struct
import subprocess
import tarfile
import termios
import time
from typing import Any, Dict, List, Optional

from _xenbox import channel

PORT_NAME = "xenbox"
PIECE = 32 << 10  # what the virtio port takes in one write
GUEST_PATIENCE = 300  # seconds for a guest's boot, under emulation
LINGER = 2.0  # seconds that output may trail the command's exit


class BoxFailed(Exception):
    """The box is unusable; the command must not start."""


class Port:
    """The virtio port as a stream of frames."""

    def __init__(self) -> None:
        self.fd = os.open(self._path(), os.O_RDWR)
        self._encoder = channel.Encoder()
        self._decoder = channel.Decoder()

    @staticmethod
    def _path() -> str:
        for name_file in glob.glob("/sys/class/virtio-ports/*/name"):
            with open(name_file) as file:
                if file.read().strip() == PORT_NAME:
                    return "/dev/" + name_file.split("/")[-2]
        raise BoxFailed("no virtio port called " + PORT_NAME)

    def send(self, kind: int, payload: bytes = b"") -> None:
        data = memoryview(self._encoder.encode(kind, payload))
        while data:
            data = data[os.write(self.fd, data[:PIECE]) :]

    def receive(self) -> List[channel.Frame]:
        """What the host said; the host is gone if nothing can be read."""
        data = os.read(self.fd, PIECE)
        if not data:
            raise SystemExit("the host is gone")
        return self._decoder.feed(data)


def run_quietly(*argv: str, timeout: float) -> str:
    """Output of a helper.

    Raises:
        BoxFailed: it failed or took too long; with its words.
    """
    # A file and not a pipe: daemons it starts may keep the other end open.
    with open("/tmp/helper", "w+") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            status = -1
        out.seek(0)
        text = out.read()
    if status:
        raise BoxFailed(
            "{}: {}\n{}".format(
                " ".join(argv), "took over %d s" % timeout if status == -1 else "status %d" % status, text
            )
        )
    return text


def start_guests(port: Port, word: str) -> Dict[str, int]:
    """One running guest that holds the word, one paused."""
    guest = "/xenbox/guest"
    port.send(channel.NOTE, b"starting the guests")
    running = int(run_quietly(guest, "create", "running", "--memory", "128", "--word", word, timeout=120))
    paused = int(run_quietly(guest, "create", "paused", "--memory", "96", "--paused", timeout=120))
    try:
        run_quietly(guest, "wait", "running", str(GUEST_PATIENCE), timeout=GUEST_PATIENCE + 30)
    except BoxFailed as failure:
        logs = []
        for path in sorted(glob.glob("/var/log/xen/**/*.log", recursive=True)):
            with open(path, errors="replace") as file:
                logs.append("--- %s\n%s" % (path, file.read()[-4000:]))
        raise BoxFailed("%s\n%s" % (failure, "\n".join(logs))) from failure
    return {"running": running, "paused": paused}


def environment(job: Dict[str, Any], guests: Dict[str, int]) -> Dict[str, str]:
    values = {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "TERM": job["term"],
        "SHELL": "/bin/bash",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "/project",
        # A live stream, and nothing lost when the interpreter is killed.
        "PYTHONUNBUFFERED": "1",
        "XENBOX_TARGET": job["target"],
        "XENBOX_BOOT_ID": job["boot_id"],
    }
    if guests:
        values["XENBOX_WORD"] = job["word"]
        values["XENBOX_RUNNING_DOMID"] = str(guests["running"])
        values["XENBOX_PAUSED_DOMID"] = str(guests["paused"])
    values.update(job["env"])
    return values


class Command:
    """One command, its output and its end."""

    def __init__(self, port: Port, job: Dict[str, Any], env: Dict[str, str]) -> None:
        self._port = port
        self._timed_out = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(port.fd, selectors.EVENT_READ)
        self._outputs = 0
        self._terminal: Optional[int] = None
        self.process: "Optional[subprocess.Popen[bytes]]" = None
        self.status = 0
        try:
            if job["shell"]:
                self._start_on_terminal(job, env)
            else:
                self._start_on_pipes(job, env)
        except OSError as error:
            port.send(channel.STDERR, "xenbox: {}: {}\n".format(job["argv"][0], error.strerror).encode())
            # As a shell says it.
            self.status = 127 if isinstance(error, FileNotFoundError) else 126

    def _start_on_pipes(self, job: Dict[str, Any], env: Dict[str, str]) -> None:
        self.process = subprocess.Popen(
            job["argv"],
            cwd="/project",
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout
        assert self.process.stderr
        self._watch(self.process.stdout.fileno(), channel.STDOUT)
        self._watch(self.process.stderr.fileno(), channel.STDERR)

    def _start_on_terminal(self, job: Dict[str, Any], env: Dict[str, str]) -> None:
        ours, theirs = pty.openpty()
        self._terminal = ours
        self._resize(*job["window"])

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            job["argv"],
            cwd="/project",
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=take_terminal,
        )
        os.close(theirs)
        self._watch(ours, channel.STDOUT)

    def _watch(self, fd: int, kind: int) -> None:
        self._selector.register(fd, selectors.EVENT_READ, kind)
        self._outputs += 1

    def _resize(self, rows: int, columns: int) -> None:
        if self._terminal is not None and rows and columns:
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("<HHHH", rows, columns, 0, 0))

    def follow(self) -> None:
        """Pass output on until the command and its output have ended."""
        if self.process is None:
            return
        ended_at: Optional[float] = None
        while self._outputs or ended_at is None:
            for ready, _ in self._selector.select(0.2):
                if ready.fd == self._port.fd:
                    self._obey()
                else:
                    self._pass_on(ready)
                    if ended_at is not None:
                        ended_at = time.monotonic()
            if ended_at is None and self.process.poll() is not None:
                ended_at = time.monotonic()
            # Something it left behind holds the pipe: not waited for.
            if ended_at is not None and time.monotonic() - ended_at > LINGER:
                break
        self.status = channel.shell_status(self.process.returncode)

    def _pass_on(self, ready: selectors.SelectorKey) -> None:
        try:
            data = os.read(ready.fd, PIECE)
        except OSError:  # EIO: a terminal whose last user left
            data = b""
        if data:
            self._port.send(ready.data, data)
        else:
            self._selector.unregister(ready.fileobj)
            self._outputs -= 1

    def _obey(self) -> None:
        for kind, payload in self._port.receive():
            if kind == channel.EXPIRE:
                self._timed_out = True
                self._kill()
            elif kind == channel.INPUT and self._terminal is not None:
                os.write(self._terminal, payload)
            elif kind == channel.RESIZE:
                self._resize(*struct.unpack("<HH", payload))

    def _kill(self) -> None:
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def report(self) -> None:
        self._port.send(
            channel.EXIT, json.dumps({"status": self.status, "timed_out": self._timed_out}).encode()
        )


class Pieces(io.RawIOBase):
    """A file that sends what is written to it as FILE frames."""

    def __init__(self, port: Port, index: int) -> None:
        self._port, self._index = port, bytes([index])

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._port.send(channel.FILE, self._index + bytes(data))
        return len(data)


def collect(port: Port, paths: List[str]) -> None:
    for index, path in enumerate(paths):
        full = os.path.join("/project", path)
        try:
            with (
                io.BufferedWriter(Pieces(port, index), PIECE) as out,
                tarfile.open(fileobj=out, mode="w|") as tar,
            ):
                tar.add(full, arcname="x")
        except OSError as error:
            port.send(channel.MISSING, bytes([index]) + str(error).encode())


def main() -> None:
    port = Port()
    with open("/proc/uptime") as file:
        port.send(channel.HELLO, file.read().split()[0].encode())
    with open("/xenbox/job.json") as file:
        job = json.load(file)
    try:
        port.send(channel.NOTE, b"starting the toolstack")
        run_quietly("/xenbox/toolstack", timeout=120)
        guests = start_guests(port, job["word"]) if job["guests"] else {}
    except BoxFailed as failure:
        port.send(channel.FAILED, str(failure).encode())
        return
    port.send(channel.BOOTED, json.dumps(guests).encode())
    command = Command(port, job, environment(job, guests))
    command.follow()
    command.report()
    collect(port, job["collect"])
    port.send(channel.END)
    # The power must not go before the host has the last frame.
    os.read(port.fd, 1)


if __name__ == "__main__":
    main()
