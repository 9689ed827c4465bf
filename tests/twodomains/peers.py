"""dom0's end of a guest's half: the same methods, whichever world it is in.

`peer.NAME(…)` is the agent's `do_NAME` and waits for its answer; `peer.begin("NAME", …)`
only starts it, for what dom0 must have its part in.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from tests.twodomains.agent import Agent, Message, packed, unpacked

#: Seconds for an answer, the start of the guest included: all is emulated, and the host busy.
PATIENCE = 600.0


class PeerError(Exception):
    """What an operation raised in the guest.

    Attributes:
        type: the class's name there.
        errno: its errno, or None.
    """

    def __init__(self, said: Message) -> None:
        super().__init__(f"{said['type']} in the guest: {said['text']}")
        self.type: str = said["type"]
        self.errno: int | None = said["errno"]


class Pending:
    """An operation that is under way."""

    def __init__(self, finish: Callable[[], Message]) -> None:
        self._finish = finish

    def result(self) -> Any:
        """What it returned.

        Raises:
            PeerError: what it raised.
        """
        answer = self._finish()
        if "error" in answer:
            raise PeerError(answer["error"])
        return unpacked(answer["result"])


class Peer:
    """A guest, with a process in it.

    Attributes:
        domid: its number.
    """

    domid: int

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(*arguments: Any, **named: Any) -> Any:
            return self.begin(operation, *arguments, **named).result()

        return call

    def begin(self, operation: str, *arguments: Any, **named: Any) -> Pending:
        """Start an operation."""
        # Through JSON also where both are in one process: no test sees more than the other.
        return self._send(json.dumps({"do": operation, "with": packed(arguments), "named": named}))

    def _send(self, request: str) -> Pending:
        raise NotImplementedError

    def die(self) -> None:
        """Its process is killed; the next operation has a new one, which holds nothing."""
        raise NotImplementedError

    def destroy(self) -> None:
        """The domain is destroyed, with all that its process holds."""
        raise NotImplementedError

    def close(self) -> None:
        """End of the test: what it has left is let go."""
        raise NotImplementedError


class SimPeer(Peer):
    """In this process.

    Args:
        domain: of the simulated machine.
        kernel: its kernel.
    """

    def __init__(self, domain: Any, kernel: Any) -> None:
        self.domid = domain.domid
        self._domain = domain
        self._kernel = kernel
        self._agent = Agent(kernel, self._page, self._frame_of)
        # Not the last frames: rings and what was granted may be there.
        self._gfns = iter(range(domain.first_gfn + 0x800, domain.first_gfn + 0xC00))

    def _page(self) -> SimPage:
        return SimPage(self._domain, next(self._gfns))

    def _frame_of(self, address: int) -> int:
        number: int = self._domain.machine.hypervisor.argo.frame_of(self._domain, address)
        return number

    def _send(self, request: str) -> Pending:
        answers: list[str] = []
        agent = self._agent
        thread = threading.Thread(
            target=lambda: answers.append(json.dumps(agent.answer(json.loads(request)))), daemon=True
        )
        thread.start()

        def finish() -> Message:
            thread.join(PATIENCE)
            assert answers, f"no answer to {request}"
            answer: Message = json.loads(answers[0])
            return answer

        return Pending(finish)

    def die(self) -> None:
        # To a kernel a process's death is the end of its maps and files, which is all that
        # close() does of them.
        self._agent.do_reset()
        self._agent = Agent(self._kernel, self._page, self._frame_of)

    def destroy(self) -> None:
        if self.domid in self._domain.machine.domains:
            self._domain.destroy()

    def close(self) -> None:
        self._agent.do_reset()


class SimPage:
    """A page of a simulated guest's own."""

    def __init__(self, domain: Any, gfn: int) -> None:
        self._memory = domain.memory
        self.gfn = gfn

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._memory.read(self.gfn * 4096 + offset, length))

    def write(self, offset: int, data: bytes) -> None:
        self._memory.write(self.gfn * 4096 + offset, data)

    def close(self) -> None:
        pass


class RealPeer(Peer):
    """A Python guest of tools/xenbox.

    Args:
        name: not in use.
        helper: runs /xenbox/guest with arguments; gives what it printed.
        environment: what that program needs.
        unrestricted: whether its privcmd takes any hypercall (XSA-482).
        throwaway: it ends with its test.
    """

    def __init__(
        self,
        name: str,
        helper: Callable[..., str],
        environment: dict[str, str],
        *,
        unrestricted: bool = True,
        throwaway: bool = False,
    ) -> None:
        self._throwaway = throwaway
        self._name = name
        self._helper = helper
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._alive = True
        extra = ["--extra", "xen_privcmd.unrestricted=1"] if unrestricted else []
        self.domid = int(helper("create", name, "--python", *extra))

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._alive, f"{self._name} was destroyed"
        if self._process is None:
            command = ["/xenbox/guest", "run", self._name, "--timeout", "86400", "--"]
            self._process = subprocess.Popen(
                [*command, "python3", "-m", "tests.twodomains.agent"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
                bufsize=0,
            )
        return self._process

    def _send(self, request: str) -> Pending:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request.encode() + b"\n")
        answers = process.stdout

        def finish() -> Message:
            answer: Message = json.loads(_line(answers, request))
            return answer

        return Pending(finish)

    def die(self) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(b'{"do": "die", "with": []}\n')
        status = process.wait(PATIENCE)
        assert status == 137, f"the agent's status is {status}"
        self._forget()

    def destroy(self) -> None:
        if not self._alive:
            return
        self._alive = False
        self._helper("destroy", str(self.domid))
        if self._process is not None:
            # The broker has seen its end.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            self._process.kill()
            self._process.wait()
            self._forget()

    def close(self) -> None:
        if self._throwaway:
            self.destroy()
        if self._process is None:
            return
        try:
            self.reset()
        except (PeerError, EOFError, TimeoutError):
            self._process.kill()
            self._process.wait()
            self._forget()
            raise

    def _forget(self) -> None:
        process, self._process = self._process, None
        assert process is not None
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def _line(stream: IO[bytes], request: str) -> bytes:
    """One line, which must come."""
    line = b""
    deadline = time.monotonic() + PATIENCE
    ready = select.poll()  # select() takes no descriptor beyond 1023
    ready.register(stream, select.POLLIN)
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not ready.poll(left * 1000):
            raise TimeoutError(f"the guest does not answer {request}: {line!r}")
        data = os.read(stream.fileno(), 65536)
        if not data:
            raise EOFError(f"the guest's process ended at {request}: {line!r}")
        line += data
    return line
