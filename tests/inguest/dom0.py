"""dom0's half of the tests: what a guest's test has done there, on either side of a pipe.

A request is a JSON object {"do": verb, "with": arguments}; the answer is
{"result": …} or {"error": text}. Bytes travel as {"hex": …}.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.twodomains import devices
from xensys.store import Store, xenbus

#: Seconds after which something that must happen has not: all is emulated, and the host busy.
PATIENCE = 300.0

Answer = dict[str, Any]


def packed(value: Any) -> Any:
    """Something JSON can carry."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list | tuple):
        return [packed(item) for item in value]
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given; tuples have become lists."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value


class Half:
    """Does what is asked; of one guest."""

    def __init__(
        self, store: Store, domid: int, create: Callable[[], int], destroy: Callable[[int], None]
    ) -> None:
        self._store = store
        self._domid = domid
        self._create = create
        self._destroy = destroy
        self._backend: _BackendThread | None = None
        self._made: list[int] = []

    def answer(self, request: Answer) -> Answer:
        """One request; its failure is the test's business."""
        try:
            found = getattr(self, f"do_{request['do']}")(*map(unpacked, request["with"]))
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"result": packed(found)}

    def close(self) -> None:
        """What tests have left goes."""
        for domid in self._made:
            self._destroy(domid)
        self._store.close()

    # Nodes

    def do_write(self, path: str, value: bytes) -> None:
        self._store.write(path, value)

    def do_read(self, path: str) -> bytes:
        return self._store.read(path)

    def do_exists(self, path: str) -> bool:
        return self._store.exists(path)

    def do_rm(self, path: str) -> None:
        self._store.rm(path)

    def do_directory(self, path: str) -> list[str]:
        return list(self._store.directory(path))

    def do_get_permissions(self, path: str) -> list[str]:
        return [str(entry) for entry in self._store.get_permissions(path)]

    def do_set_permissions(self, path: str, entries: list[str]) -> None:
        self._store.set_permissions(path, entries)

    def do_fill(self, path: str, count: int, length: int) -> list[str]:
        """Many children with long names."""
        names = [f"{number}-".ljust(length, "n") for number in range(count)]
        with self._store.transaction() as t:
            for name in names:
                t.mkdir(f"{path}/{name}")
        return names

    # Other domains

    def do_create_domain(self) -> int:
        domid = self._create()
        self._made.append(domid)
        return domid

    def do_destroy_domain(self, domid: int) -> None:
        self._made.remove(domid)
        self._destroy(domid)
        deadline = time.monotonic() + PATIENCE
        while self._store.is_introduced(domid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"domain {domid} is still introduced")
            time.sleep(0.05)

    # A back end

    def do_make_device(self, device: str, index: int) -> None:
        devices.make_device(self._store, self._domid, device, index)

    def do_remove_device(self, device: str, index: int) -> None:
        devices.remove_device(self._store, self._domid, device, index)

    def do_serve(self, device: str, index: int, rounds: int) -> None:
        """Accept and connect, so many times; in the background."""
        backend = xenbus.Backend(self._store, device, self._domid, index)
        self._backend = _BackendThread(backend, rounds)
        self._backend.start()

    def do_served(self) -> list[Any]:
        """What the frontend published in each round, once all are over."""
        thread, self._backend = self._backend, None
        assert thread is not None
        thread.join(PATIENCE)
        if thread.is_alive():
            raise TimeoutError("the back end is still at it")
        if thread.error is not None:
            raise thread.error
        return thread.offers


class _BackendThread(threading.Thread):
    """A driver's life."""

    def __init__(self, backend: xenbus.Backend, rounds: int) -> None:
        super().__init__(daemon=True)
        self._end = backend
        self._rounds = rounds
        self.offers: list[Any] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for _ in range(self._rounds):
                offer = self._end.accept({"feature-contract": 1}, timeout=PATIENCE)
                self.offers.append([list(offer.ring_refs), offer.port, offer.protocol])
                self._end.connected()
                self._end.wait_while(xenbus.INITIALISED, xenbus.CONNECTED, timeout=PATIENCE)
                self._end.close(timeout=PATIENCE)
        except Exception as error:
            self.error = error


class Dom0:
    """The guest's face of it: methods are Half's verbs.

    Raises:
        AssertionError: what was asked for failed there; the text says how.
    """

    def __init__(self, ask: Callable[[Answer], Answer]) -> None:
        self._ask = ask

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            answer = self._ask({"do": verb, "with": packed(arguments)})
            assert "error" not in answer, f"dom0: {verb}{arguments}: {answer['error']}"
            return unpacked(answer["result"])

        return call


def create_paused() -> int:
    """A domain that never runs, on real Xen."""
    name = f"inguest-{time.monotonic_ns()}"
    return int(helper("create", name, "--memory", "96", "--paused"))


def destroy(domid: int) -> None:
    """End it."""
    helper("destroy", str(domid))


def helper(*argv: str) -> str:
    """xenbox's guest helper; what it said."""
    done = subprocess.run(["/xenbox/guest", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"guest {' '.join(argv)}: {done.stdout}{done.stderr}")
    return done.stdout
