"""Where a guest's tests run: in a simulated guest, or in a real one. They cannot tell."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from typing import Any, BinaryIO

import xensys
from tests.contract import worlds as contract
from tests.inguest.dom0 import PATIENCE, Answer, Dom0, Half
from xensys.kernel import Kernel, host
from xensys.store import Store, aio

DEVICE = "/dev/xen/xenbus"


class World:
    """A guest, and dom0 at hand.

    Attributes:
        target: what is under test.
        kernel: the guest's.
        domid: its number.
        home: what its relative paths are relative to.
        dom0: does there what a test asks for.
    """

    target: contract.Target
    kernel: Kernel
    domid: int
    dom0: Dom0

    def __init__(self) -> None:
        self._opened: list[Store | xensys.Xen] = []

    @property
    def home(self) -> str:
        return f"/local/domain/{self.domid}"

    def store(self) -> Store:
        """One more opening of the device; all are closed after the test."""
        store = Store.open(kernel=self.kernel, timeout=PATIENCE)
        self._opened.append(store)
        return store

    def xen(self) -> xensys.Xen:
        """One more; all are closed after the test."""
        xen = xensys.open(kernel=self.kernel)
        self._opened.append(xen)
        return xen

    def aio(self) -> Any:
        """For `async with`."""
        return aio.open(kernel=self.kernel, timeout=PATIENCE)

    def cli(self, *argv: str) -> tuple[int, str]:
        """`python3 -m xensys …` in the guest: its status and all that it said."""
        raise NotImplementedError

    def close(self) -> None:
        """End of the test."""
        for opened in self._opened:
            opened.close()


class SimWorld(World):
    """The running guest of the contract's simulated machine."""

    def __init__(self) -> None:
        super().__init__()
        self._made = made = contract.SimWorld(contract.target(), fallback=False)
        self.target = made.target
        self.domid = made.running.domid
        self.kernel = made.machine.domains[self.domid].kernel(unrestricted=True)
        self._half = Half(
            made.store("socket"),
            self.domid,
            lambda: made.machine.add_domain(paused=True).domid,
            lambda domid: made.machine.domains[domid].destroy(),
        )
        # Through JSON there and back, as between two machines.
        self.dom0 = Dom0(lambda request: json.loads(json.dumps(self._half.answer(request))))

    def cli(self, *argv: str) -> tuple[int, str]:
        import xensys.cli
        from xensys.cli import store as command

        said = io.StringIO()
        known, command.chosen = command.chosen, lambda: self.kernel
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = xensys.cli.main(list(argv))
        finally:
            command.chosen = known
        return status, said.getvalue()

    def close(self) -> None:
        super().close()
        self._half.close()
        self._made.close()


class Pipe:
    """Asks dom0 through two streams; threads wait for each other."""

    def __init__(self, answers: BinaryIO, requests: BinaryIO) -> None:
        self._answers = answers
        self._requests = requests
        self._lock = threading.Lock()

    def ask(self, request: Answer) -> Answer:
        with self._lock:
            self._requests.write(MARK + json.dumps(request).encode() + b"\n")
            self._requests.flush()
            line = self._answers.readline()
        if not line:
            raise SystemExit("dom0's half is gone")
        answer: Answer = json.loads(line)
        return answer


#: Begins a request among what else a process may say there.
MARK = b"@dom0 "

#: Set by inside.py, in a guest of real Xen.
pipe: Pipe | None = None


class RealWorld(World):
    """The guest that this is."""

    def __init__(self) -> None:
        super().__init__()
        assert pipe is not None, "on real Xen: python3 -m tests.inguest.run, in dom0"
        self.target = contract.target()
        self.kernel = host()
        self.dom0 = Dom0(pipe.ask)
        with Store.open(DEVICE) as store:
            self.domid = int(store.read("domid"))

    def cli(self, *argv: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "xensys", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1"},
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def make() -> World:
    """The world of one test."""
    return RealWorld() if contract.is_real() else SimWorld()
