"""What runs inside the box: the contract and the demo, on a real Xen.

    python3 tools/_test/in_box.py RESULTS

Leaves contract.json (test id → outcome) and more in the directory RESULTS.
Standard library and what xenbox put there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Every part in turn, also after one has failed; 0 if all went well."""
    results = Path(sys.argv[1])
    results.mkdir(parents=True, exist_ok=True)
    failed = [part.__name__ for part in (contract, demo, fallback, without_libxen) if not part(results)]
    if failed:
        print(f"in the box, failed: {', '.join(failed)}")
    return 1 if failed else 0


def contract(results: Path) -> bool:
    """The whole suite."""
    return _pytest(results / "contract.json")


def demo(results: Path) -> bool:
    """The demo under strace: it finds the word, by the ioctls that a user would expect."""
    trace = results / "demo.strace"
    command = ["strace", "-f", "-X", "raw", "-e", "trace=ioctl,mmap", "-o", str(trace)]
    command += [sys.executable, "-m", "xensys", "demo"]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    print(shown.stdout, shown.stderr, flush=True)
    text = trace.read_text(errors="replace").lower()
    counts = {
        number: len(re.findall(rf"ioctl\(.*?, {number}", text)) for number in ("0x305000", "0x205004")
    }
    print("ioctls in the trace:", counts, flush=True)
    word = os.environ["XENBOX_WORD"]
    return (
        shown.returncode == 0
        and f"found '{word}'" in shown.stdout
        and "real Xen" in shown.stdout
        and all(counts.values())
    )


def fallback(results: Path) -> bool:
    """The suite again on a kernel that seems to have no buffer device."""
    device = Path("/dev/xen/hypercall")
    kept = device.stat()
    device.unlink()
    try:
        return _pytest(results / "contract-fallback.json", XENSYS_CONTRACT_FALLBACK="1")
    finally:
        os.mknod(device, kept.st_mode, kept.st_rdev)


def without_libxen(results: Path) -> bool:
    """Hypercalls, buffers and maps with Xen's own libraries moved away."""
    away = Path("/tmp/libxen-away")
    away.mkdir()
    moved: list[tuple[Path, Path]] = []
    for library in sorted({*Path("/usr/lib").rglob("libxen*.so*")}):
        place = away / f"{len(moved)}-{library.name}"
        library.rename(place)
        moved.append((library, place))
    print(f"{len(moved)} libxen libraries moved away", flush=True)
    try:
        return bool(moved) and _pytest(
            results / "contract-nolibxen.json", "-m", "not toolstack", XENSYS_CONTRACT_NO_TOOLSTACK="1"
        )
    finally:
        for library, place in moved:
            place.rename(library)


def _pytest(outcomes: Path, *more: str, **env: str) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/contract",
        "--contract-outcomes",
        str(outcomes),
        *more,
    ]
    print("+", *command, *(f"{name}={value}" for name, value in env.items()), flush=True)
    return subprocess.run(command, env={**os.environ, **env}, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
