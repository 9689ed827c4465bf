"""Run in a box of its own: xenstored dies, or hangs, under load.

    tools/xenbox run --target arm64-4.20 --no-guests -- python3 -m tests.daemons.kill [--rounds N]

Processes of `load` keep the daemon busy: threads over one connection, watches
that nobody writes to, wait_for, transactions, asyncio tasks. It is killed
(SIGKILL) or stopped (SIGSTOP) at a moment left to chance, and the processes
tell how each of their calls ended. Then it is started again, or goes on.

One line for each claim, with its numbers; exit status 1 if one does not hold.
No time is asserted tightly: GUARD is for hangs. What Linux does and the library
cannot change is a claim as well ("Linux: …"), so that we hear when it changes.

The C daemon loses its state with its life. No xen-init-dom0 is needed for what
is claimed here: xenstored takes over dom0's ring itself when it starts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xensys import store
from xensys.errors import StoreError, XenError
from xensys.store.protocol import Request
from xensys.store.transports import DEVICE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET, DEVICE = "/run/xenstored/socket", "/dev/xen/xenbus"
#: Seconds after which something hangs.
GUARD = 60.0
#: Seconds a request may take where the daemon's end is not told.
SHORT = 8.0
#: What may be late beyond a deadline: an emulated machine with two busy processors.
SLACK = 15.0
#: Part of a processor that a process may use while all it does is wait.
IDLE = 0.35

#: A transaction whose request has failed is dropped as it is.
UNENDED = "ignore:transaction never ended:ResourceWarning"
XS_WATCH = 4


class Claims:
    """What was claimed, and whether it held."""

    def __init__(self) -> None:
        self.failed = 0
        self.made = 0

    def check(self, claim: str, holds: object, numbers: str) -> None:
        """One line."""
        self.made += 1
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {claim}: {' '.join(numbers.split())}", flush=True)

    def attempt(self, claim: str, call: Callable[[], str]) -> None:
        """A claim that holds if this call returns its numbers."""
        try:
            numbers = call()
        except (OSError, AssertionError, ValueError, TimeoutError) as error:
            self.check(claim, False, f"{type(error).__name__}: {error}")
        else:
            self.check(claim, True, numbers)

    def status(self) -> int:
        """The exit status, after a last line."""
        print(f"{self.made - self.failed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.made else 0


class Daemon:
    """The box's C xenstored."""

    COMMAND = ("xenstored", "--pid-file", "/run/xen/xenstored.pid")

    @property
    def pid(self) -> int:
        """Its process.

        Raises:
            ProcessLookupError: there is none.
        """
        for comm in Path("/proc").glob("[0-9]*/comm"):
            try:
                state = (comm.parent / "stat").read_text().rpartition(")")[2].split()[0]
                if comm.read_text() == "xenstored\n" and state != "Z":
                    return int(comm.parent.name)
            except FileNotFoundError:
                continue  # it has just ended
        raise ProcessLookupError("no xenstored")

    def signal(self, number: int) -> float:
        """Send a signal; when that was done."""
        pid = self.pid
        now = time.monotonic()
        os.kill(pid, number)
        return now

    def start(self) -> float:
        """Start it again; seconds until it answered."""
        begun = time.monotonic()
        subprocess.run(self.COMMAND, check=True, timeout=GUARD, stdin=subprocess.DEVNULL)
        while True:
            try:
                with store.open(SOCKET, timeout=SHORT) as xs:
                    xs.directory("/")
                    return time.monotonic() - begun
            except XenError:
                if time.monotonic() - begun > GUARD:
                    raise
                time.sleep(0.05)


class Load:
    """One process of tests.daemons.load, and how its calls ended.

    Attributes:
        name: for the claims.
        ends: of each call that ended: role, error, errno, at, took.
    """

    def __init__(self, place: str, *options: str) -> None:
        self.name = f"{os.path.basename(place)} {' '.join(options)}".strip()
        self.ends: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-W", UNENDED, "-m", "tests.daemons.load", place, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def hear(self, word: str, timeout: float = 3 * GUARD) -> dict[str, Any]:
        """The next line, which must begin with this word; what it says."""
        out = self.process.stdout
        assert out is not None
        # Unbuffered as to select(): each line is read only when it was asked for.
        if not select.select([out], [], [], timeout)[0]:
            raise TimeoutError(f"{self.name}: nothing within {timeout} s; expected {word!r}")
        line = out.readline().decode()
        first, _, rest = line.partition(" ")
        if first != word:
            raise AssertionError(f"{self.name}: expected {word!r}, it said {line!r}")
        said: dict[str, Any] = json.loads(rest)
        return said

    def tell(self, word: str) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()

    def ask(self, word: str) -> dict[str, Any]:
        """Let it go on, and hear what came of that."""
        self.tell(word)
        return self.hear(word)

    def leave(self) -> float:
        """Let it end; seconds that took."""
        begun = time.monotonic()
        self.tell("leave")
        status = self.process.wait(GUARD)
        if status:
            raise AssertionError(f"{self.name}: exit status {status}")
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        return time.monotonic() - begun

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def crowd(*kinds: tuple[str, ...]) -> list[Load]:
    """Processes of these kinds, all of them busy."""
    loads = [Load(*kind) for kind in kinds]
    for load in loads:
        load.hear("busy")
    time.sleep(0.5 + random.random())
    return loads


def idleness(loads: list[Load], seconds: float) -> float:
    """The largest part of a processor that one of them uses in this time."""
    before = [load.cpu() for load in loads]
    begun = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begun
    return max((load.cpu() - cpu) / passed for load, cpu in zip(loads, before, strict=True))


def count(ends: list[dict[str, Any]], key: str) -> str:
    """How often each value comes: "3 × a, 2 × b"."""
    values = [str(end[key]) for end in ends]
    return ", ".join(f"{values.count(value)} × {value}" for value in sorted(set(values)))


def check_ends(claims: Claims, claim: str, loads: list[Load], error: str, since: float | None) -> None:
    """Every call ended, with this error.

    Args:
        since: when it was caused; None if each has its own deadline.
    """
    for load in loads:
        load.tell("now")
    for load in loads:
        said = load.hear("ended")
        ends, stuck = said["ends"], said["stuck"]
        load.ends = ends
        if since is None:
            delays = [end["took"] - SHORT for end in ends]
            in_time = all(-0.01 <= delay < SLACK for delay in delays)
        else:
            delays = [end["at"] - since for end in ends]
            in_time = all(delay < SLACK for delay in delays)
        right = all(end["error"] == error for end in ends)
        rounds = said["rounds"]
        numbers = f"{min(rounds)} to {max(rounds)} rounds each before; {len(ends)} ended:"
        numbers += f" {count(ends, 'error')}"
        if delays:
            after = "their deadlines" if since is None else "it"
            numbers += (
                f"; after {after} by {1000 * statistics.median(delays):.0f} ms (median),"
                f" {1000 * max(delays):.0f} ms (largest)"
            )
        if stuck:
            numbers += f"; STUCK: {', '.join(stuck)}"
        wrong = {end["text"] for end in ends if end["error"] != error}
        if wrong:
            numbers += f"; {sorted(wrong)[:3]}"
        holds = ends and right and in_time and not stuck and len(ends) == said["expected"]
        claims.check(f"{claim} ({load.name})", holds, numbers)


def killed(claims: Claims, daemon: Daemon) -> None:
    """SIGKILL: a socket ends, the device is silent."""
    over_socket = crowd((SOCKET,), (SOCKET,), (SOCKET, "--aio"))
    over_device = crowd((DEVICE, "--timeout", str(SHORT)), (DEVICE, "--aio", "--timeout", str(SHORT)))
    everybody = over_socket + over_device
    died = daemon.signal(signal.SIGKILL)
    check_ends(claims, "socket, SIGKILL: every wait ends with the cause", over_socket,
               "StoreConnectionError", died)  # fmt: skip
    check_ends(claims, "device, SIGKILL: every request ends at its deadline", over_device,
               "StoreTimeoutError", None)  # fmt: skip
    used = idleness(everybody, 2.0)
    claims.check("SIGKILL: who waits uses no processor time", used < IDLE, f"{100 * used:.0f} % at most")
    for load in over_socket:
        said = load.ask("refused")
        claims.check(
            f"socket, SIGKILL: reconnect() without a daemon says so ({load.name})",
            said["error"] == "StoreConnectionError",
            said["text"],
        )
    device_gone(claims, over_device)
    took = daemon.start()
    print(f"     xenstored answers {took:.1f} s after its start", flush=True)
    for load in over_socket:
        said = load.ask("reconnect")
        holds = said["reconnected"] and not said["again"] and said["events"] == said["watches"]
        numbers = (
            f"{said['events']} of {said['watches']} watches saw an event, {said['news']} a change after it;"
            f" {said['calls']} calls; the old transaction: {said['transaction']}"
        )
        holds = holds and said["news"] == said["watches"] and said["calls"] > 0
        holds = holds and said["transaction"] == "StoreConnectionError"
        claims.check(f"socket: reconnect() to the new daemon ({load.name})", holds, numbers)
    for load in over_socket:
        claims.attempt(f"the process ends ({load.name})", lambda load=load: f"{load.leave():.2f} s")
    claims.attempt("device: a new open() works with the new daemon, without xen-init-dom0", device_again)


def device_gone(claims: Claims, loads: list[Load]) -> None:
    """The load's processes close and end, with nobody to answer the kernel."""
    for load in loads:
        said = load.ask("close")
        claims.check(
            f"device, nobody answers: close() ends what waits ({load.name})",
            not said["stuck"] and said["took"] < SLACK and set(said["errors"]) == {"StoreConnectionError"},
            f"{said['took']:.3f} s, {len(said['errors'])} waits",
        )
        claims.attempt(
            f"device, nobody answers: the process ends ({load.name})",
            lambda load=load: f"{load.leave():.2f} s",
        )


def device_again() -> str:
    """Read, write and watch through the device."""
    with store.open(DEVICE, timeout=GUARD) as xs:
        xs.write("/tool/kill/device", "1")
        assert xs.read("/tool/kill/device") == b"1"
        with xs.watch("/tool/kill/device") as watch:
            watch.get(GUARD)
            xs.write("/tool/kill/device", "2")
            watch.get(GUARD)
    return "written, read and watched"


def stopped(claims: Claims, daemon: Daemon) -> None:
    """SIGSTOP: neither socket nor device tell; deadlines hold, and nothing is lost."""
    kinds = [
        (place, *how, "--timeout", str(SHORT)) for place in (SOCKET, DEVICE) for how in ((), ("--aio",))
    ]
    loads = crowd(*kinds)
    daemon.signal(signal.SIGSTOP)
    try:
        used = idleness(loads, SHORT / 2)
        claims.check(
            "SIGSTOP: who waits uses no processor time", used < IDLE, f"{100 * used:.0f} % at most"
        )
        check_ends(claims, "SIGSTOP: every request ends at its deadline", loads, "StoreTimeoutError", None)
    finally:
        daemon.signal(signal.SIGCONT)
    for load in loads:
        said = load.ask("resume")
        claims.check(
            f"after SIGCONT the same connection goes on ({load.name})",
            said["connected"] and said["news"] == said["watches"] and said["calls"] > 0,
            f"{said['news']} of {said['watches']} watches saw a change, {said['calls']} calls,"
            f" {said['late']} late replies dropped",
        )
        claims.attempt(f"the process ends ({load.name})", lambda load=load: f"{load.leave():.2f} s")


def default_deadline(claims: Claims, daemon: Daemon) -> None:
    """The device's own deadline."""
    with store.open(DEVICE) as xs:
        xs.exists("/tool")
        daemon.signal(signal.SIGSTOP)
        begun = time.monotonic()
        try:
            xs.exists("/tool")
            said = "an answer"
        except StoreError as error:
            said = type(error).__name__
        finally:
            took = time.monotonic() - begun
            daemon.signal(signal.SIGCONT)
        claims.check(
            "device, SIGSTOP: the default deadline",
            said == "StoreTimeoutError" and DEVICE_TIMEOUT <= took < DEVICE_TIMEOUT + SLACK,
            f"{said} after {took:.1f} s; documented: {DEVICE_TIMEOUT:.0f} s",
        )


def full(claims: Claims, daemon: Daemon) -> None:
    """More is sent to a stopped daemon than fits in the socket."""
    ended: list[str] = []
    with store.open(SOCKET, timeout=SHORT) as xs:
        xs.exists("/tool")
        daemon.signal(signal.SIGSTOP)
        try:

            def send(number: int) -> None:
                try:
                    while True:
                        xs.write(f"/tool/kill/full/{number}", bytes(4000))
                except StoreError as error:
                    ended.append(type(error).__name__)

            threads = [threading.Thread(target=send, args=(n,), daemon=True) for n in range(150)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(GUARD)
            stuck = sum(thread.is_alive() for thread in threads)
        finally:
            daemon.signal(signal.SIGCONT)
        alive = xs.connected
        if not alive:
            xs.reconnect()
        xs.timeout = None
        xs.write("/tool/kill/full/after", "1")
        xs.rm("/tool/kill/full")
    said = ", ".join(f"{ended.count(name)} × {name}" for name in sorted(set(ended)))
    claims.check(
        "socket, SIGSTOP: a full socket holds nobody longer than the deadline",
        not stuck
        and len(ended) == len(threads)
        and set(ended) <= {"StoreTimeoutError", "StoreConnectionError"},
        f"{said}; {stuck} stuck; the connection {'went on' if alive else 'was finished, and reconnected'}",
    )


def watches_through_the_device(claims: Claims, daemon: Daemon) -> None:
    """WATCH and UNWATCH, which Linux carries out within write(2)."""
    keeper = store.open(DEVICE, timeout=SHORT)
    kept = keeper.watch("/tool")
    other = store.open(DEVICE, timeout=SHORT)
    daemon.signal(signal.SIGSTOP)
    raw = raw_watch()
    try:
        for name, call in (("watch()", lambda: other.watch("/tool")), ("Watch.close()", kept.close)):
            took = timed(call)
            claims.check(
                f"device, nobody answers: {name} ends at its deadline",
                took is not None and took < SHORT + SLACK,
                "never" if took is None else f"{took:.2f} s",
            )
        raw.kill()
        ended = wait_for_end(raw, 2.0)
        claims.check(
            "Linux: a WATCH that nobody answers cannot be interrupted, and its process not be killed",
            not ended,
            "it ended: say so in xensys.store.transports" if ended else "still there 2 s after SIGKILL",
        )
    finally:
        daemon.signal(signal.SIGCONT)
    claims.check("Linux: it ends when the daemon answers", wait_for_end(raw, GUARD), "ended")
    for xs in (keeper, other):
        xs.close()
    if raw.stdout is not None:
        raw.stdout.close()


def timed(call: Callable[[], object]) -> float | None:
    """Seconds until a call has ended, however it did; None if it does not."""
    ended: list[float] = []

    def run() -> None:
        with contextlib.suppress(StoreError):  # how it ends depends on how far it got
            call()
        ended.append(time.monotonic())

    begun = time.monotonic()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SHORT + SLACK)
    return ended[0] - begun if ended else None


def raw_watch() -> subprocess.Popen[bytes]:
    """A process, without any of ours, that writes a WATCH to the device."""
    message = Request(XS_WATCH, b"/tool\0raw\0").encode(1)
    code = f"import os; print(flush=True); os.write(os.open({DEVICE!r}, os.O_RDWR), {message!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    return process


def wait_for_end(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it ends within this time."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def main() -> int:
    """All of it; the exit status."""
    parser = argparse.ArgumentParser(prog="kill", description="xenstored dies and hangs under load.")
    parser.add_argument("--rounds", type=int, default=2, help="how often it is killed (default 2)")
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFF)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    claims, daemon = Claims(), Daemon()
    print(f"xenstored is process {daemon.pid}; seed {arguments.seed}", flush=True)
    stopped(claims, daemon)
    full(claims, daemon)
    default_deadline(claims, daemon)
    watches_through_the_device(claims, daemon)
    for number in range(arguments.rounds):
        print(f"-- SIGKILL, {number + 1} of {arguments.rounds}", flush=True)
        killed(claims, daemon)
    return claims.status()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # A thread that hangs in the kernel has been reported; it must not keep the report from ending.
    os._exit(status)
