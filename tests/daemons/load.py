"""One process that keeps xenstored busy, for `kill`, which tells it what to do.

    python3 -m tests.daemons.load PLACE [--aio] [--timeout SECONDS]

Two sorts of threads (tasks, with --aio) use one connection. Requesters go on
until a call fails, and tell how it ended; waiters wait for what never comes.
With a deadline only requesters end by themselves: waiters have none. Talk, one
line each, words in, "word JSON" out:

            → busy        everything goes on
    now     → ended       every requester (without a deadline: and waiter) has ended
    refused → refused     reconnect() with no daemon there
    reconnect, resume → … on the same store: each watch sees a change, requests go on
    close   → close       what still waits ends
    leave                 the process ends
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from xensys import store
from xensys.store import aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GUARD = 60.0
REQUESTERS = ("write", "write", "write", "read", "read", "directory", "transaction")
WATCHES = 6
#: Of these so many are waited for by get(), the others by going through their events.
BY_GET = 4
WAIT_FOR = 2


class WrongAnswer(Exception):
    """What came was another request's answer, or an old one."""


def say(word: str, **what: object) -> None:
    print(word, json.dumps(what), flush=True)


class Ends:
    """How calls ended, and how many did not fail."""

    def __init__(self) -> None:
        self.calls = 0
        #: Of each requester: rounds that did not fail.
        self.rounds = [0] * len(REQUESTERS)
        self._ends: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, role: str, begun: float, error: BaseException) -> None:
        now = time.monotonic()
        end = {"role": role, "error": type(error).__name__, "text": f"{role}: {error}"[:300]}
        with self._lock:
            self._ends.append(end | {"at": now, "took": now - begun})

    def take(self) -> list[dict[str, Any]]:
        with self._lock:
            ends, self._ends = self._ends, []
        return ends


def expect(got: object, wanted: object) -> None:
    if got != wanted:
        raise WrongAnswer(f"{got!r} in place of {wanted!r}")


def base() -> str:
    return f"/tool/kill/{os.getpid()}"


class Threads:
    """The synchronous client."""

    def __init__(self, place: str, timeout: float | None) -> None:
        # The deadline proper comes when all is set up and busy.
        self.store = store.open(place, timeout=GUARD if timeout else None)
        self.ends = Ends()
        for number in range(WATCHES):
            self.store.write(f"{base()}/watched/{number}", "0")
        self.watches = [self.store.watch(f"{base()}/watched/{number}") for number in range(WATCHES)]
        for watch in self.watches:
            watch.get(GUARD)
        self.transaction = self.store.transaction()
        self.transaction.write(f"{base()}/open", "1")
        self.requesters: list[threading.Thread] = []
        self.waiters: list[threading.Thread] = []

    def request(self, role: str, number: int) -> None:
        """Until it fails."""
        path, turn = f"{base()}/{number}", 0
        while True:
            turn += 1
            value = b"%d of %d" % (turn, number)
            begun = time.monotonic()
            try:
                if role == "transaction":
                    transaction = self.store.transaction()
                    begun = time.monotonic()
                    transaction.write(path, value)
                    begun = time.monotonic()
                    expect(transaction.read(path), value)
                    begun = time.monotonic()
                    transaction.abort()
                elif role == "directory":
                    expect(len(self.store.directory(f"{base()}/watched")), WATCHES)
                elif role == "read":
                    expect(self.store.read(f"{base()}/watched/{turn % WATCHES}")[:1].isdigit(), True)
                else:
                    self.store.write(path, value)
                    begun = time.monotonic()
                    expect(self.store.read(path), value)
            except Exception as error:
                self.ends.add(role, begun, error)
                return
            self.ends.calls += 1
            self.ends.rounds[number] += 1

    def wait(self, role: str, number: int) -> None:
        """Until it fails."""
        begun = time.monotonic()
        try:
            if role == "get":
                self.watches[number].get()
            elif role == "events":
                for _ in self.watches[number]:
                    break
            else:
                self.store.wait_for(f"{base()}/never/{number}")
            raise WrongAnswer("an event that nobody caused")
        except Exception as error:
            self.ends.add(role, begun, error)

    def begin(self) -> None:
        def thread(call: Callable[[str, int], None], role: str, number: int) -> threading.Thread:
            new = threading.Thread(target=call, args=(role, number), name=f"{role} {number}", daemon=True)
            new.start()
            return new

        for number in range(WATCHES):
            self.waiters.append(thread(self.wait, "get" if number < BY_GET else "events", number))
        for number in range(WAIT_FOR):
            self.waiters.append(thread(self.wait, "wait_for", number))
        self.requesters += [thread(self.request, role, number) for number, role in enumerate(REQUESTERS)]
        self.settle()

    def settle(self) -> None:
        """Until each requester has done two rounds more."""
        goal = [rounds + 2 for rounds in self.ends.rounds]
        while any(rounds < wanted for rounds, wanted in zip(self.ends.rounds, goal, strict=True)):
            time.sleep(0.02)
            assert all(thread.is_alive() for thread in self.requesters), self.ends.take()

    def join(self, threads: list[threading.Thread]) -> list[str]:
        """Those that have not ended."""
        deadline = time.monotonic() + GUARD
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return [thread.name for thread in threads if thread.is_alive()]

    def end(self, waiters_too: bool) -> list[str]:
        return self.join(self.requesters + (self.waiters if waiters_too else []))

    def reconnect(self) -> bool:
        return self.store.reconnect()

    def refused(self) -> BaseException | None:
        try:
            self.store.reconnect()
        except Exception as error:
            return error
        return None

    def end_transaction(self) -> str:
        try:
            self.transaction.abort()
        except Exception as error:
            return type(error).__name__
        return "went on"

    def go_on(self, waiting: bool) -> dict[str, object]:
        """Each watch's first event, then one of a change; some requests.

        Args:
            waiting: the waiters still wait, so theirs are the events.
        """
        events = news = calls = 0
        if not waiting:
            for watch in self.watches:
                watch.get(GUARD)
                events += 1
        for number, watch in enumerate(self.watches):
            self.store.write(f"{base()}/watched/{number}", "1")
            if not waiting:
                while watch.get(GUARD).path != watch.path:
                    pass
                news += 1
        if waiting:
            left = self.join([waiter for waiter in self.waiters if not waiter.name.startswith("wait_for")])
            news = WATCHES - len(left)
        for turn in range(50):
            self.store.write(f"{base()}/after", str(turn))
            expect(self.store.read_text(f"{base()}/after"), str(turn))
            calls += 2
        return {"events": events, "news": news, "calls": calls, "watches": WATCHES}

    def close(self) -> list[str]:
        self.store.close()
        return self.join(self.requesters + self.waiters)

    @property
    def connected(self) -> bool:
        return self.store.connected

    @property
    def late(self) -> int:
        return self.store._connection._session.late


class Tasks:
    """The asyncio client, with its loop in a thread of its own."""

    def __init__(self, place: str, timeout: float | None) -> None:
        self.loop = asyncio.new_event_loop()
        self.ends = Ends()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.requesters: list[asyncio.Task[None]] = []
        self.waiters: list[asyncio.Task[None]] = []
        self.run(self._open(place, timeout))

    def run(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(3 * GUARD)

    async def _open(self, place: str, timeout: float | None) -> None:
        self.store = await aio.open(place, timeout=GUARD if timeout else None)
        for number in range(WATCHES):
            await self.store.write(f"{base()}/watched/{number}", "0")
        self.watches = [await self.store.watch(f"{base()}/watched/{number}") for number in range(WATCHES)]
        for watch in self.watches:
            await watch.get(GUARD)
        self.transaction = await self.store.transaction()
        await self.transaction.write(f"{base()}/open", "1")

    async def _request(self, role: str, number: int) -> None:
        path, turn = f"{base()}/{number}", 0
        while True:
            turn += 1
            value = b"%d of %d" % (turn, number)
            begun = time.monotonic()
            try:
                if role == "transaction":
                    transaction = await self.store.transaction()
                    begun = time.monotonic()
                    await transaction.write(path, value)
                    begun = time.monotonic()
                    expect(await transaction.read(path), value)
                    begun = time.monotonic()
                    await transaction.abort()
                elif role == "directory":
                    expect(len(await self.store.directory(f"{base()}/watched")), WATCHES)
                elif role == "read":
                    expect(
                        (await self.store.read(f"{base()}/watched/{turn % WATCHES}"))[:1].isdigit(), True
                    )
                else:
                    await self.store.write(path, value)
                    begun = time.monotonic()
                    expect(await self.store.read(path), value)
            except Exception as error:
                self.ends.add(role, begun, error)
                return
            self.ends.calls += 1
            self.ends.rounds[number] += 1

    async def _wait(self, role: str, number: int) -> None:
        begun = time.monotonic()
        try:
            if role == "get":
                await self.watches[number].get()
            elif role == "events":
                async for _ in self.watches[number]:
                    break
            else:
                await self.store.wait_for(f"{base()}/never/{number}")
            raise WrongAnswer("an event that nobody caused")
        except Exception as error:
            self.ends.add(role, begun, error)

    def begin(self) -> None:
        self.run(self._begin())
        self.settle()

    async def _begin(self) -> None:
        def task(what: Awaitable[None], name: str) -> asyncio.Task[None]:
            new: asyncio.Task[None] = asyncio.ensure_future(what)  # type: ignore[assignment]
            new.set_name(name)
            return new

        for number in range(WATCHES):
            role = "get" if number < BY_GET else "events"
            self.waiters.append(task(self._wait(role, number), f"{role} {number}"))
        for number in range(WAIT_FOR):
            self.waiters.append(task(self._wait("wait_for", number), f"wait_for {number}"))
        for number, role in enumerate(REQUESTERS):
            self.requesters.append(task(self._request(role, number), f"{role} {number}"))

    def settle(self) -> None:
        """Until each requester has done two rounds more."""
        goal = [rounds + 2 for rounds in self.ends.rounds]
        while any(rounds < wanted for rounds, wanted in zip(self.ends.rounds, goal, strict=True)):
            time.sleep(0.02)
            assert not any(task.done() for task in self.requesters), self.ends.take()

    async def _join(self, tasks: list[asyncio.Task[None]]) -> list[str]:
        if tasks:
            await asyncio.wait(tasks, timeout=GUARD)
        return [task.get_name() for task in tasks if not task.done()]

    def end(self, waiters_too: bool) -> list[str]:
        left: list[str] = self.run(self._join(self.requesters + (self.waiters if waiters_too else [])))
        return left

    def reconnect(self) -> bool:
        done: bool = self.run(self.store.reconnect())
        return done

    def refused(self) -> BaseException | None:
        try:
            self.run(self.store.reconnect())
        except Exception as error:
            return error
        return None

    def end_transaction(self) -> str:
        try:
            self.run(self.transaction.abort())
        except Exception as error:
            return type(error).__name__
        return "went on"

    def go_on(self, waiting: bool) -> dict[str, object]:
        said: dict[str, object] = self.run(self._go_on(waiting))
        return said

    async def _go_on(self, waiting: bool) -> dict[str, object]:
        events = news = calls = 0
        if not waiting:
            for watch in self.watches:
                await watch.get(GUARD)
                events += 1
        for number, watch in enumerate(self.watches):
            await self.store.write(f"{base()}/watched/{number}", "1")
            if not waiting:
                while (await watch.get(GUARD)).path != watch.path:
                    pass
                news += 1
        if waiting:
            left = await self._join([task for task in self.waiters if "wait_for" not in task.get_name()])
            news = WATCHES - len(left)
        for turn in range(50):
            await self.store.write(f"{base()}/after", str(turn))
            expect(await self.store.read_text(f"{base()}/after"), str(turn))
            calls += 2
        return {"events": events, "news": news, "calls": calls, "watches": WATCHES}

    def close(self) -> list[str]:
        return self.run(self._close())  # type: ignore[no-any-return]

    async def _close(self) -> list[str]:
        await self.store.close()
        return await self._join(self.requesters + self.waiters)

    @property
    def connected(self) -> bool:
        return self.store.connected

    @property
    def late(self) -> int:
        return self.store._connection._session.late


def obey(load: Threads | Tasks) -> None:
    """What `kill` says, until it says leave."""
    for line in sys.stdin:
        word = line.strip()
        if word == "refused":
            error = load.refused()
            say(word, error=type(error).__name__, text=str(error))
        elif word == "reconnect":
            transaction = load.end_transaction()
            say(word, reconnected=load.reconnect(), again=load.reconnect(), transaction=transaction,
                **load.go_on(waiting=False))  # fmt: skip
        elif word == "resume":
            say(word, **load.go_on(waiting=True), connected=load.connected, late=load.late)
        elif word == "close":
            load.ends.take()
            begun = time.monotonic()
            stuck = load.close()
            took = time.monotonic() - begun
            say(word, stuck=stuck, took=took, errors=[end["error"] for end in load.ends.take()])
        elif word == "leave":
            return
        else:
            raise ValueError(f"{word!r}?")


def main() -> None:
    parser = argparse.ArgumentParser(prog="load")
    parser.add_argument("place")
    parser.add_argument("--aio", action="store_true")
    parser.add_argument("--timeout", type=float)
    arguments = parser.parse_args()
    kind = Tasks if arguments.aio else Threads
    load = kind(arguments.place, arguments.timeout)
    load.begin()
    load.store.timeout = arguments.timeout
    load.settle()
    say("busy")
    # How long the others take to be busy, too, is no hang.
    expect(sys.stdin.readline(), "now\n")
    waiters_too = arguments.timeout is None
    stuck = load.end(waiters_too)
    expected = len(REQUESTERS) + (WATCHES + WAIT_FOR if waiters_too else 0)
    say("ended", ends=load.ends.take(), stuck=stuck, expected=expected, rounds=load.ends.rounds)
    obey(load)
    load.close()


if __name__ == "__main__":
    main()
