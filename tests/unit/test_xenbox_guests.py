"""Python guests of tools/xenbox without Xen: agent, broker and client over a console of terminals."""

import importlib
import io
import os
import select
import stat
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from _xenbox import channel, cpio, guest_link, overlay  # noqa: E402


class TestGuestLink:
    def test_a_frame_says_which_command_it_is_about(self):
        encoder, decoder = guest_link.Encoder(), channel.Decoder()
        (frame,) = decoder.feed(encoder.encode(guest_link.STDOUT, 70_000, b"x\0y"))
        assert frame.kind == guest_link.STDOUT
        assert guest_link.split(frame.payload) == (70_000, b"x\0y")

    def test_a_frame_about_nothing_is_refused(self):
        with pytest.raises(channel.ChannelError):
            guest_link.split(b"abc")

    def test_the_sysrq_key_is_doubled(self):
        assert guest_link.to_console(b"a\x0fb\x0f\x0f") == b"a\x0f\x0fb\x0f\x0f\x0f\x0f"


INSIDE = TOOLS / "_xenbox" / "inside"

#: guest_agent.py, guest_broker.py and guest_run.py as they are, with the places of this machine.
_START = """
import os, sys
sys.path[:0] = [{inside!r}, {tools!r}]
from _xenbox import guest_link
guest_link.RUN = {run!r}
import guest_agent, guest_broker, guest_run
guest_agent.CONSOLE = {console!r}
guest_agent.say_alive = lambda: None
guest_run.FOLDER = {run!r}
sys.argv = {argv!r}
sys.exit({module}.main())
"""


class Console:
    """A guest's console: two terminals, joined as xenconsoled and Linux's hvc driver join them."""

    def __init__(self):
        self.dom0, self._dom0_name = self._terminal()
        self.guest, self._guest_name = self._terminal()
        self.names = self._dom0_name, self._guest_name
        self._ended, self._end = os.pipe()
        self.lost = bytearray()
        self.from_dom0 = 0
        self._thread = threading.Thread(target=self._join, daemon=True)
        self._thread.start()

    @staticmethod
    def _terminal():
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        name = os.ttyname(theirs)
        # Held open, as xenconsoled does: no hang-up while nobody else has it.
        return (ours, theirs), name

    def _join(self):
        sysrq = False
        pairs = {self.dom0[0]: self.guest[0], self.guest[0]: self.dom0[0]}
        # Not select(): descriptors of a whole run go beyond its 1023.
        poll = select.poll()
        for fd in (*pairs, self._ended):
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._ended:
                    return
                data = os.read(fd, 256)
                if fd == self.dom0[0]:
                    self.from_dom0 += len(data)
                    kept = bytearray()
                    for byte in data:
                        if byte == 0x0F:
                            sysrq = not sysrq
                            if sysrq:
                                continue
                        elif sysrq:
                            self.lost.append(byte)
                            sysrq = False
                            continue
                        kept.append(byte)
                    data = bytes(kept)
                while data:
                    data = data[os.write(pairs[fd], data) :]

    def say(self, text):
        """The guest's kernel speaks."""
        os.write(self.dom0[0], text)

    def close(self):
        os.write(self._end, b"x")
        self._thread.join()
        for fd in (*self.dom0, *self.guest, self._ended, self._end):
            os.close(fd)


@pytest.fixture
def console():
    made = Console()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path, console):
    """Start one of the three, as (module, arguments, …); all are ended after the test."""
    running = []

    def start(module, *argv, **options):
        source = _START.format(
            inside=str(INSIDE),
            tools=str(TOOLS),
            run=str(tmp_path),
            console=console.names[1],
            argv=[module, *map(str, argv)],
            module=module,
        )
        process = subprocess.Popen([sys.executable, "-I", "-S", "-c", source], **options)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


@pytest.fixture
def broker(start, console, tmp_path):
    """dom0's end, before the guest is up."""
    console.dom0_end = start("guest_broker", "g", 5, console.names[0], stdout=subprocess.PIPE)
    assert console.dom0_end.stdout.readline().startswith(b"domain 5")
    return console.dom0_end


@pytest.fixture
def run(start, broker):
    """Begin a command in the guest."""

    def run(*argv, timeout=60, env="", **options):
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        return start("guest_run", "g", timeout, env, *argv, **options)

    return run


@pytest.fixture
def agent(start, console, broker):
    """The guest is up; its kernel has said something before."""
    console.say(b"[ 0.1] a kernel's words, and half a frame: XBx1")
    return start("guest_agent")


def ended(process, *, given=None):
    out, err = process.communicate(given, timeout=60)
    return process.returncode, out, err


class TestPythonGuest:
    @pytest.mark.parametrize("status", [0, 1, 7, 255])
    def test_the_exit_status_comes_back(self, run, agent, status):
        assert ended(run("sh", "-c", f"exit {status}")) == (status, b"", b"")

    def test_a_signal_is_as_a_shell_says_it(self, run, agent):
        assert ended(run("sh", "-c", "kill -9 $$"))[0] == 137

    def test_what_cannot_be_started(self, run, agent):
        status, out, err = ended(run("/no-such-program"))
        assert (status, out) == (127, b"")
        assert b"/no-such-program: No such file" in err
        assert ended(run("/dev/null"))[0] == 126

    def test_two_streams_and_the_environment(self, run, agent):
        process = run("sh", "-c", 'echo "$A"; echo "$XENBOX_GUEST" >&2; pwd', env="A=b c=d\n")
        status, out, err = ended(process)
        assert status == 0
        assert out.splitlines()[0] == b"b c=d"
        assert err == b"g\n"

    def test_every_byte_passes_both_ways(self, run, agent, console):
        data = bytes(range(256)) * 200 + b"\x0f" * 33 + os.urandom(20_000)
        assert ended(run("cat", stdin=subprocess.PIPE), given=data) == (0, data, b"")
        assert not console.lost

    def test_a_command_started_early_waits_for_the_guest(self, run, start, console):
        process = run("echo", "up")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        # A kernel that boots would echo it, or lose it.
        assert console.from_dom0 == 0
        start("guest_agent")
        assert ended(process) == (0, b"up\n", b"")

    def test_commands_run_side_by_side(self, run, agent):
        slow = run("sh", "-c", "read x; echo slow $x", stdin=subprocess.PIPE)
        for number in range(3):
            assert ended(run("echo", str(number)))[1] == f"{number}\n".encode()
        assert ended(slow, given=b"now\n") == (0, b"slow now\n", b"")

    def test_a_conversation(self, run, agent):
        process = run("sh", "-c", "while read x; do echo got $x; done", stdin=subprocess.PIPE)
        for word in (b"a", b"b"):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"got " + word + b"\n"
        assert ended(process)[0] == 0

    def test_a_time_out_ends_the_command(self, run, agent, tmp_path):
        status, _, err = ended(run("sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 100", timeout=1))
        assert status == 124
        assert b"took over 1 s" in err
        self.wait_until_gone(int((tmp_path / "pid").read_text()))

    def test_who_goes_takes_the_command_along(self, run, agent):
        process = run("sh", "-c", "echo $$; exec sleep 100")
        pid = int(process.stdout.readline())
        process.kill()
        self.wait_until_gone(pid)
        assert ended(run("echo", "on"))[1] == b"on\n"

    @staticmethod
    def wait_until_gone(pid):
        deadline = time.monotonic() + 20
        while os.path.exists(f"/proc/{pid}"):
            assert time.monotonic() < deadline, "the command is still there"
            time.sleep(0.02)

    def test_what_a_command_leaves_behind_is_not_waited_for(self, run, agent):
        status, out, _ = ended(run("sh", "-c", "sleep 100 & echo done", timeout=20))
        assert (status, out) == (0, b"done\n")

    def test_a_dying_kernels_words_reach_those_who_wait(self, run, agent, console, broker):
        process = run("sh", "-c", "echo on; exec sleep 100")
        assert process.stdout.readline() == b"on\n"
        console.say(b"[ 9.9] Kernel panic - not syncing: Oh dear.............................")
        status, _, err = ended(process)
        assert status == 125
        assert b"Kernel panic - not syncing: Oh dear" in err
        broker.wait(20)
        status, _, err = ended(run("true"))
        assert status == 125
        assert b"no Python guest, or has ended" in err


class TestGuestInitrd:
    @pytest.fixture
    def made(self, monkeypatch):
        monkeypatch.syspath_prepend(str(INSIDE))
        return importlib.import_module("guest_initrd")

    def test_libraries_are_found_as_the_loader_finds_them(self, made):
        elf = made.Elf(Path("/bin/sh").resolve().read_bytes())
        assert "libc.so.6" in elf.needed
        assert os.path.exists(elf.interpreter)
        none = made.Elf(b"#!/bin/sh\n")
        assert (none.needed, none.interpreter) == ([], "")

    def test_what_is_left_out(self, made):
        for name in (
            "test/support/__init__.py",
            "tkinter/x.py",
            "pip/_internal/a.py",
            "xen/lowlevel/xs.so",
        ):
            assert not made.wanted(name)
        assert not made.wanted("pygments/lexers/ruby.py")
        for name in ("pygments/lexers/python.py", "asyncio/base_events.py", "_pytest/python.py", "os.py"):
            assert made.wanted(name)

    def test_bytecode_takes_its_sources_place(self, made, tmp_path, monkeypatch):
        tag = sys.implementation.cache_tag
        cached = tmp_path / "p" / "__pycache__"
        cached.mkdir(parents=True)
        (tmp_path / "p" / "a.py").write_bytes(b"source a")
        (tmp_path / "p" / "b.py").write_bytes(b"source b")
        (cached / f"a.{tag}.pyc").write_bytes(b"bytecode a")
        (cached / f"a.{tag}-pytest.pyc").write_bytes(b"another")
        out = io.BytesIO()
        made.Composer(made.cpio.Writer(out)).folder(str(tmp_path))
        found = {m.name: m.data for m in cpio.read(out.getvalue()) if stat.S_ISREG(m.mode)}
        top = str(tmp_path).lstrip("/")
        assert found == {f"{top}/p/a.pyc": b"bytecode a", f"{top}/p/b.py": b"source b"}


def test_every_script_goes_into_the_box_and_can_be_read_by_its_interpreter():
    assert {path.name for path in INSIDE.iterdir() if path.is_file()} == {*overlay.INSIDE, "guest-init"}
    for name in overlay.INSIDE:
        data = (INSIDE / name).read_bytes()
        if data.startswith(b"#!/bin/sh"):
            subprocess.run(["sh", "-n", str(INSIDE / name)], check=True)
        else:
            compile(data, name, "exec")
