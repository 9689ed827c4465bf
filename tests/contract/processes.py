"""Code in a forked child, whose end the parent can tell from a crash."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

_PATIENCE = 60.0


def in_child(work: Callable[[], object]) -> None:
    """Fork, do `work` there, and fail unless it ends well.

    Raises:
        AssertionError: it raised (its traceback is the text), was killed by a
            signal, or did not end.
    """
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(ours)
            work()
            status = 0
        except BaseException:
            os.write(theirs, traceback.format_exc().encode()[-4000:])
        finally:
            # No pytest, no atexit, no finalizers: this is only half a process.
            os._exit(status)
    os.close(theirs)
    try:
        said = _wait_for(child, ours)
    finally:
        os.close(ours)
    code, text = said
    assert code == 0, f"child ended with {code}\n{text}"


def _wait_for(child: int, pipe: int) -> tuple[int, str]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -1, f"did not end within {_PATIENCE} s"
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(status), os.read(pipe, 8192).decode(errors="replace")
