"""What is kept between runs, and who may use it at the same time.

Layout of the cache directory:
    apt/SUITE-ARCH/    a private apt: lists and downloaded packages
    images/NAME-KEY/   a ready image; exists whole or not at all
    hypervisors/NAME-KEY/  the same for a hypervisor built from source
    locks/             one file per apt, image and hypervisor
    runs/              one directory per running box, removed after it
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .say import say

if TYPE_CHECKING:
    from collections.abc import Iterator


def root() -> Path:
    """$XENSYS_CACHE, else $XDG_CACHE_HOME/xensys, else ~/.cache/xensys."""
    if said := os.environ.get("XENSYS_CACHE"):
        return Path(said).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).absolute() if base else Path.home() / ".cache") / "xensys"


@contextlib.contextmanager
def lock(name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a named lock against other processes; they go with the process."""
    path = root() / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another xenbox ({name})")
            fcntl.flock(file, how)
        yield


def try_lock(name: str) -> contextlib.AbstractContextManager[bool]:
    """Like lock(), but says False at once where another process holds it."""

    @contextlib.contextmanager
    def attempt() -> Iterator[bool]:
        path = root() / "locks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    return attempt()


@contextlib.contextmanager
def becoming(final: Path) -> Iterator[Path]:
    """A directory to fill, which takes the name `final` only if all went well.

    A `final` that is there already is replaced. The caller holds its lock.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    try:
        yield work
        if final.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{final.name}.old.", dir=final.parent))
            os.rename(final, old / "x")
            os.rename(work, final)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(work, final)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def prune(kept: Path, name: str, *, days: float = 7) -> None:
    """Remove other directories beside `kept` that are called `name`-KEY, unused for that long."""
    for other in kept.parent.glob(f"{name}-*"):
        key = other.name.removeprefix(f"{name}-")
        # Another name may begin with this one.
        if other == kept or "-" in key or time.time() - other.stat().st_mtime < days * 86400:
            continue
        with try_lock(other.name) as ours:
            if ours:
                shutil.rmtree(other, ignore_errors=True)


@contextlib.contextmanager
def run_directory() -> Iterator[Path]:
    """A private directory for one box, removed afterwards.

    In the cache and not in /tmp: the combined initramfs is over 100 MB, and
    /tmp may be memory.
    """
    runs = root() / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}.", dir=runs) as path:
        yield Path(path)
