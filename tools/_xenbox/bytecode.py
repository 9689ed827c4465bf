"""Python modules compiled ahead: under emulation, compiling the standard library
and pytest at their first import would cost every boot half a minute.

Bytecode depends on the minor version and not on the architecture, so the
suite's interpreter for the *host's* architecture does it, unpacked beside the
host's own files and started through its own loader.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from .errors import BoxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .packages import Deb

INTERPRETER = ("python3-minimal", "libpython3-stdlib")


def compile_tree(tree: Path, python: str, interpreter: list[Deb], work: Path) -> None:
    """Put __pycache__ beside every module below `tree`.

    Args:
        tree: holds paths as they will be in the box, so that tracebacks there
            name them rightly.
        interpreter: INTERPRETER and its dependencies, for the host.
        work: an empty directory for them.
    Raises:
        BoxError: that interpreter does not run here.
    """
    for deb in interpreter:
        done = subprocess.run(
            ["dpkg-deb", "-x", str(deb.path), str(work)], stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise BoxError(f"{deb.path.name}: {done.stderr.strip()}")
    loader = _one(work, "ld-linux-*.so.*", os.path.exists)
    libraries = {str(path.parent) for path in work.rglob("lib*.so*")}
    # Modules change only with the image: nothing needs checking at import, and
    # time stamps may not survive the archive. Files that do not compile (other
    # versions' syntax, on purpose) are no failure, so the status says nothing.
    # One process: its children would be started without the loader.
    done = subprocess.run(
        [
            str(loader),
            "--library-path",
            ":".join(sorted(libraries)),
            str(_one(work, f"python{python}", os.path.isfile)),
            "-s",
            "-m",
            "compileall",
            "-qq",
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            str(tree),
            "-p",
            "/",
            str(tree),
        ],
        env={"PYTHONHOME": str(work / "usr"), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if not next(tree.rglob("*.pyc"), None):
        raise BoxError(
            f"Debian's python{python} does not run on this host "
            f"(status {done.returncode}): {done.stderr.strip()[-500:]}"
        )


def _one(folder: Path, pattern: str, good: Callable[[Path], bool]) -> Path:
    for path in sorted(folder.rglob(pattern)):
        if good(path):
            return path
    raise BoxError(f"no {pattern} among the interpreter's packages")
