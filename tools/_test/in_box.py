"""What runs inside the box: the contract and the demo, on a real Xen.

    python3 tools/_test/in_box.py RESULTS PART...

Parts: tables, plain, demo, nolibs, fallback; in an order in which each leaves
the box fit for the next. Outcomes of the contract go to RESULTS/contract-PART.json.
Standard library and what xenbox put there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Every part in turn, also after one has failed; 0 if all went well."""
    results, parts = Path(sys.argv[1]), sys.argv[2:]
    results.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for part in parts:
        began = time.monotonic()
        if part == "demo":
            passed = demo(results)
        elif part == "tables":
            passed = tables()
        else:
            passed = contract(results, part)
        print(f"in the box, {part}: {time.monotonic() - began:.0f} s", flush=True)
        if not passed:
            failed.append(part)
    if failed:
        print(f"in the box, failed: {', '.join(failed)}")
    return 1 if failed else 0


def contract(results: Path, mode: str) -> bool:
    """The whole suite; as it is, without the buffer device, or with libxen moved away."""
    command = ["sh", "tests/contract/inbox.sh", mode, str(results / f"contract-{mode}.json")]
    print("+", *command, flush=True)
    return subprocess.run(command, check=False).returncode == 0


def tables() -> bool:
    """Whether this Xen knows what the hand-kept tables say it knows."""
    command = [sys.executable, "-m", "tests.abi.on_xen"]
    print("+", *command, flush=True)
    return subprocess.run(command, check=False).returncode == 0


def demo(results: Path) -> bool:
    """The demo under strace: it finds the word, by the ioctls that a user would expect."""
    trace = results / "demo.strace"
    command = ["strace", "-f", "-X", "raw", "-e", "trace=ioctl,mmap", "-o", str(trace)]
    command += [sys.executable, "-m", "xensys", "demo"]
    print("+", *command, flush=True)
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    print(shown.stdout, shown.stderr, flush=True)
    text = trace.read_text(errors="replace").lower()
    trace.unlink()
    counts = {
        number: len(re.findall(rf"ioctl\(.*?, {number}", text)) for number in ("0x305000", "0x205004")
    }
    print("ioctls in the trace:", counts, flush=True)
    word = os.environ["XENBOX_WORD"]
    return (
        shown.returncode == 0
        and "This is a real Xen." in shown.stdout
        and f"found '{word}'" in shown.stdout
        and all(counts.values())
    )


if __name__ == "__main__":
    sys.exit(main())
