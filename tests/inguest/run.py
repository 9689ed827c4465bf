"""In dom0 of tools/xenbox: run the tests in a guest, and do what they ask for.

    python3 -m tests.inguest.run OUTCOMES.json [PYTEST-ARGUMENT…]

The exit status is pytest's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.inguest.dom0 import PATIENCE, Half, create_paused, destroy, helper
from tests.inguest.worlds import MARK
from xensys.store import Store

GUEST = "inguest"
#: Seconds for all tests.
LIMIT = 1800
_THERE = "/tmp/outcomes.json"


def main(argv: list[str]) -> int:
    if not argv:
        print(__doc__, file=sys.stderr)
        return 2
    outcomes, *arguments = argv
    Path(outcomes).parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    domid = int(helper("create", GUEST, "--python", "--extra", "xen_privcmd.unrestricted=1"))
    try:
        print(f"guest {domid} is there after {time.monotonic() - began:.1f} s", flush=True)
        first = helper("run", GUEST, "--", "python3", "-c", "print('Python')")
        assert first == "Python\n", first
        print(f"Python's first line after {time.monotonic() - began:.1f} s", flush=True)
        status = _tests(domid, arguments or ["-q", "tests/inguest"])
        Path(outcomes).write_text(helper("run", GUEST, "--", "cat", _THERE))
        print(f"inside the guest: {time.monotonic() - began:.1f} s, status {status}", flush=True)
        return status
    finally:
        helper("destroy", GUEST)


def _tests(domid: int, arguments: list[str]) -> int:
    command = ["/xenbox/guest", "run", GUEST, "--timeout", f"{LIMIT}", "--", "python3", "-m"]
    command += ["tests.inguest.inside", "--contract-outcomes", _THERE, *arguments]
    half = Half(Store.open(timeout=PATIENCE), domid, create_paused, destroy)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as tests:
        assert tests.stdin is not None
        assert tests.stderr is not None
        for line in tests.stderr:
            if not line.startswith(MARK):
                sys.stderr.buffer.write(line)
                sys.stderr.flush()
                continue
            answer = half.answer(json.loads(line.removeprefix(MARK)))
            tests.stdin.write(json.dumps(answer).encode() + b"\n")
            tests.stdin.flush()
    half.close()
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
