"""What runs inside the box, on a real Xen.

    python3 tools/_test/in_box.py RESULTS PART...

Parts, in an order in which each leaves the box fit for the next:

    tables      whether this Xen knows what the hand-kept tables say it knows
    plain, nolibs, fallback
                the contract: as it is, with libxen moved away, without the buffer device
    full        of the contract, what only a Xen with everything shows
    demo        the demo, under strace
    guest       the tests that run inside a guest: XenStore, and the contract of a translated caller
    store       XenStore's part of the contract, alone
    yardstick   upstream's own test of XenStore beside ours
    campaign    random operations against XenStore, compared with a model
    interop     vchan with C's libxenvchan at the other end
    soak        maps, binds and shares without end: nothing may be left of them, in Xen neither
    oxenstored  the other daemon put in place; then store, yardstick and campaign with it
    watches, kill
                very many watches, and xenstored's death under load

Outcomes of test suites go to RESULTS/contract-PART.json. Standard library and what
xenbox put there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Every part in turn, also after one has failed; 0 if all went well."""
    results, parts = Path(sys.argv[1]), sys.argv[2:]
    results.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for part in parts:
        began = time.monotonic()
        passed = PARTS[part](results)
        print(f"in the box, {part}: {time.monotonic() - began:.0f} s", flush=True)
        if not passed:
            failed.append(part)
    if failed:
        print(f"in the box, failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(*command: str | Path) -> bool:
    """Whether a command ended well; its output streams by."""
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], check=False).returncode == 0


def module(name: str, *arguments: str | Path) -> bool:
    """The same, for one of the project's modules."""
    return run(sys.executable, "-m", name, *arguments)


def contract(results: Path, mode: str) -> bool:
    """The whole suite in one of inbox.sh's modes."""
    outcomes = results / f"contract-{mode}.json"
    return run("sh", "tests/contract/inbox.sh", mode, outcomes)


def guest(results: Path) -> bool:
    """The tests inside a guest."""
    return module("tests.inguest.run", results / "contract-guest.json")


#: Below tests/contract: what targets called -full are for. Also run so on the simulator.
FULL = ("test_argo_*.py", "test_dm_op*.py", "test_hypfs_op.py", "test_ioreq*.py")


def full_files(root: Path = Path()) -> list[str]:
    """The files of `FULL`, each of which must be there."""
    files: list[str] = []
    for pattern in FULL:
        found = sorted(root.glob(f"tests/contract/{pattern}"))
        if not found:
            raise SystemExit(f"there is no tests/contract/{pattern}")
        files += [str(path.relative_to(root)) for path in found]
    return files


def full(results: Path) -> bool:
    """dm_op, ioreq servers, argo_op and hypfs_op."""
    return module("pytest", "-q", "--contract-outcomes", results / "contract-full.json", *full_files())


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


def store(results: Path) -> bool:
    """The contract's files about XenStore."""
    files = sorted(Path("tests/contract").glob("test_store*.py"))
    return module("pytest", "-q", *files)


def campaign(results: Path) -> bool:
    """Random operations, with the model's answers for the daemon that is there."""
    daemon = os.environ.get(DAEMON, "c")
    # oxenstored takes four times as long for each.
    operations = "5000" if daemon == "c" else "1500"
    return module(
        "tests.campaign.store", "--real", "--daemon", daemon, "--as-found", "--operations", operations
    )


def interop(results: Path) -> bool:
    """Against C's libxenvchan; by hand 100 MiB go each way."""
    os.environ["XENSYS_INTEROP_MIB"] = "4"
    return module("pytest", "-q", "tests/interop")


def soak(results: Path) -> bool:
    """As many cycles as half a minute allows; by hand it is five."""
    return module("tests.soak", "--real", "--seconds", "30")


def oxenstored(results: Path) -> bool:
    """Ourselves once more, with the other daemon."""
    os.environ[DAEMON] = "oxenstored"
    again = (sys.executable, __file__, results, "store", "yardstick", "campaign")
    return module("tests.daemons.oxenstored", "--", *again)


#: The environment's word for which daemon serves.
DAEMON = "XENSYS_IN_BOX_DAEMON"
PARTS: dict[str, Callable[[Path], bool]] = {
    "tables": lambda results: module("tests.abi.on_xen"),
    "plain": lambda results: contract(results, "plain"),
    "nolibs": lambda results: contract(results, "nolibs"),
    "fallback": lambda results: contract(results, "fallback"),
    "full": full,
    "demo": demo,
    "guest": guest,
    "store": store,
    "yardstick": lambda results: module("tests.daemons.yardstick"),
    "campaign": campaign,
    "interop": interop,
    "soak": soak,
    "oxenstored": oxenstored,
    "watches": lambda results: module("tests.daemons.watches", "--count", "400"),
    "kill": lambda results: module("tests.daemons.kill", "--rounds", "1"),
}


if __name__ == "__main__":
    sys.exit(main())
