"""Run in a box: a thousand watches, a slow consumer, one that dies; on a real daemon.

    tools/xenbox run --target arm64-4.20 --no-guests -- python3 -m tests.daemons.watches [--count N]

One line for each claim, with its numbers; exit status 1 if one does not hold.
Through the socket and through Linux's device, which keeps watches of its own
for us. dom0 has no quota for them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.daemons.kill import DEVICE, GUARD, SLACK, SOCKET, Claims
from xensys import store
from xensys.errors import StoreTimeoutError
from xensys.store import aio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xensys.store import Watch

BASE = "/tool/watches"
#: Of a slow consumer: events its queue holds, different paths that change, and changes.
HELD, PATHS, CHANGES = 64, 100, 1500
#: Bytes that a process may grow by while a slow consumer's events come: those held, and no more.
GROWTH = 4 << 20
#: Seconds that events which must not come are waited for.
QUIET = 0.5


def taken(watch: Watch) -> list[str]:
    """All events that are there, and the one that is waited for."""
    paths = [watch.get(GUARD).path]
    while watch.pending:
        paths.append(watch.get(0).path)
    return paths


def nothing_more(watches: list[Watch]) -> list[str]:
    """Events that are there though they should not be."""
    with contextlib.suppress(StoreTimeoutError):
        watches[0].get(QUIET)
        return [watches[0].path]
    return [watch.path for watch in watches if watch.pending]


@contextlib.contextmanager
def nodes(count: int) -> Iterator[list[str]]:
    """Nodes to be watched, by another connection."""
    paths = [f"{BASE}/node/{number}" for number in range(count)]
    with store.open(SOCKET) as xs:
        for path in paths:
            xs.write(path, "0")
        try:
            yield paths
        finally:
            xs.rm(BASE)


def change(paths: list[str], value: str) -> list[float]:
    """Write each of them, by another connection; the seconds each took."""
    took = []
    with store.open(SOCKET) as xs:
        for path in paths:
            begun = time.monotonic()
            xs.write(path, value)
            took.append(time.monotonic() - begun)
    return took


def milliseconds(took: list[float]) -> str:
    """Median and largest."""
    return f"{1000 * statistics.median(took):.1f} ms (largest {1000 * max(took):.0f} ms)"


def many(claims: Claims, place: str, count: int) -> None:
    """Each watch sees each change of its own node, once, and nothing else."""
    name = Path(place).name
    with nodes(count) as paths, store.open(place) as xs:
        begun = time.monotonic()
        watches = [xs.watch(path) for path in paths]
        took = time.monotonic() - begun
        first = [taken(watch) for watch in watches]
        claims.check(
            f"{name}: {count} watches on one connection, each with its first event",
            first == [[path] for path in paths] and not nothing_more(watches),
            f"{sum(map(len, first))} events; set up in {took:.1f} s",
        )
        begun = time.monotonic()
        change(paths, "1")
        seen = [taken(watch) for watch in watches]
        took = time.monotonic() - begun
        more = nothing_more(watches)
        claims.check(
            f"{name}: each of {count} changes is seen once, by its own watch",
            seen == [[path] for path in paths] and not more,
            f"{sum(map(len, seen))} events, {len(more)} too many, in {took:.1f} s",
        )
        ended, rest = watches[::2], watches[1::2]
        for watch in ended:
            watch.close()
        change(paths, "2")
        seen = [taken(watch) for watch in rest]
        more = nothing_more(rest)
        session = xs._connection._session
        claims.check(
            f"{name}: after {len(ended)} have ended the others see theirs, and none goes astray",
            seen == [[path] for path in paths[1::2]] and not more and not session.strays,
            f"{sum(map(len, seen))} events, {len(more)} too many, {session.strays} strays",
        )
        begun = time.monotonic()
    took = time.monotonic() - begun
    claims.check(
        f"{name}: close() with {len(rest)} watches",
        took < SLACK,
        f"{took:.2f} s, the nodes' removal included",
    )


def many_tasks(claims: Claims, place: str, count: int) -> None:
    """The same under asyncio, each watch waited for by a task of its own."""

    async def run(paths: list[str]) -> tuple[list[str], float]:
        async with aio.open(place) as xs:
            watches = [await xs.watch(path) for path in paths]
            for watch in watches:
                await watch.get(GUARD)
            tasks = [asyncio.ensure_future(watch.get(GUARD)) for watch in watches]
            begun = time.monotonic()
            await asyncio.get_running_loop().run_in_executor(None, change, paths, "1")
            return [event.path for event in await asyncio.gather(*tasks)], time.monotonic() - begun

    with nodes(count) as paths:
        seen, took = asyncio.run(run(paths))
    claims.check(
        f"{Path(place).name}: {count} tasks, each with a watch of its own, see their changes",
        seen == paths,
        f"{len(seen)} events in {took:.1f} s",
    )


def memory() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def slow(claims: Claims, place: str) -> None:
    """Nobody takes one watch's events; others on the same connection do not notice."""
    name = Path(place).name
    with nodes(PATHS) as paths, store.open(place) as xs:
        neglected = xs.watch(f"{BASE}/node", limit=HELD)
        lively = xs.watch(f"{BASE}/lively")
        lively.get(GUARD)
        delays: list[float] = []
        sent: list[float] = []
        stop = threading.Event()

        def writer() -> None:
            with store.open(SOCKET) as other:
                while not stop.is_set():
                    sent.append(time.monotonic())
                    other.write(f"{BASE}/lively", str(len(sent)))
                    time.sleep(0.02)

        def reader() -> None:
            while not stop.is_set():
                with contextlib.suppress(StoreTimeoutError):
                    lively.get(0.5)
                    delays.append(time.monotonic() - sent[-1])

        threads = [threading.Thread(target=run, daemon=True) for run in (writer, reader)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        calm = list(delays)
        # What the process needs once is there before it is measured.
        change(paths, "0")
        before = memory()
        took = change([paths[number % PATHS] for number in range(CHANGES)], "1")
        busy = delays[len(calm) :]
        grown = memory() - before
        # An answer comes after all events that were sent before it.
        xs.exists(BASE)
        stop.set()
        for thread in threads:
            thread.join(GUARD)
        happened = 1 + PATHS + CHANGES
        counted = neglected.pending + neglected.dropped + neglected.merged
        claims.check(
            f"{name}: of a neglected watch each event is counted, and {HELD} are held",
            neglected.pending == HELD and counted == happened,
            f"{happened} events: {neglected.pending} held, {neglected.merged} merged,"
            f" {neglected.dropped} dropped; the process grew by {grown >> 10} KiB",
        )
        claims.check(f"{name}: memory is bounded", grown < GROWTH, f"{grown >> 10} KiB")
        claims.check(
            f"{name}: nobody else is delayed by it",
            bool(calm) and bool(busy) and max(busy) < SLACK and max(took) < SLACK,
            f"another watch's events come after {milliseconds(busy)}, before {milliseconds(calm)};"
            f" writes take {milliseconds(took)}",
        )
        # The latest news are those that are kept.
        last = [neglected.get(0).path for _ in range(HELD)]
        wanted = [paths[number % PATHS] for number in range(CHANGES - HELD, CHANGES)]
        claims.check(
            f"{name}: the latest events are those that are held", last == wanted, f"{len(last)} events"
        )


def asleep(claims: Claims, place: str) -> None:
    """A process makes no call at all while its events come; others go on, and it catches up."""
    name = Path(place).name
    with nodes(PATHS) as paths, store.open(place) as xs:
        watch = xs.watch(f"{BASE}/node")
        watch.get(GUARD)
        took = change([paths[number % PATHS] for number in range(CHANGES)], "1")
        begun = time.monotonic()
        xs.exists(BASE)
        late = time.monotonic() - begun
        # The C daemon drops an event that it has not sent yet and that another one equals.
        seen = [watch.get(0).path for _ in range(watch.pending)]
        with contextlib.suppress(StoreTimeoutError):
            while True:
                seen.append(watch.get(QUIET).path)
        claims.check(
            f"{name}: who sleeps during {CHANGES} changes delays nobody, and hears of each node later",
            set(seen) == set(paths) and len(seen) <= CHANGES and not watch.dropped and max(took) < SLACK,
            f"writes take {milliseconds(took)}; the first answer {late:.2f} s; {len(seen)} events of"
            f" {len(set(seen))} nodes, {watch.merged} merged here",
        )


_DOOMED = """
from xensys import store
xs = store.open({place!r})
watches = [xs.watch(path) for path in {paths!r}]
print("ready", flush=True)
while True:
    watches[0].get()
"""


def dies(claims: Claims, place: str, count: int) -> None:
    """A process with many watches is killed while events come to it."""
    name = Path(place).name
    with nodes(count) as paths:
        alone = change(paths, "1")
        doomed = subprocess.Popen(
            [sys.executable, "-c", _DOOMED.format(place=place, paths=paths)], stdout=subprocess.PIPE
        )
        assert doomed.stdout is not None
        doomed.stdout.readline()
        watched: list[float] = []
        changing = threading.Thread(target=lambda: watched.extend(change(paths * 2, "2")), daemon=True)
        changing.start()
        time.sleep(0.2)
        doomed.send_signal(signal.SIGKILL)
        begun = time.monotonic()
        status = doomed.wait(GUARD)
        gone = time.monotonic() - begun
        doomed.stdout.close()
        changing.join(GUARD)
        after = change(paths, "3")
        claims.check(
            f"{name}: a consumer with {count} watches is killed; nobody else is delayed",
            status == -signal.SIGKILL and len(watched) == 2 * count and max(watched + after) < SLACK,
            f"it is gone after {gone:.2f} s; writes take {milliseconds(alone)} before,"
            f" {milliseconds(watched)} meanwhile, {milliseconds(after)} afterwards",
        )


def main() -> int:
    """All of it; the exit status."""
    parser = argparse.ArgumentParser(prog="watches", description="Many watches, slow and dying consumers.")
    parser.add_argument("--count", type=int, default=1000, help="watches on one connection (default 1000)")
    count: int = parser.parse_args().count
    claims = Claims()
    for place in (SOCKET, DEVICE):
        many(claims, place, count)
        many_tasks(claims, place, count)
        slow(claims, place)
        asleep(claims, place)
        dies(claims, place, count)
    return claims.status()


if __name__ == "__main__":
    sys.exit(main())
