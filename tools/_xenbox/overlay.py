"""The part of a box that differs from run to run: project, scripts, job."""

from __future__ import annotations

import json
import secrets
import shutil
import string
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import cpio
from .errors import BoxError

if TYPE_CHECKING:
    from .targets import Target

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent

INSIDE = (
    "init",
    "toolstack",
    "agent.py",
    "guest",
    "guest-python-init",
    "guest_agent.py",
    "guest_broker.py",
    "guest_initrd.py",
    "guest_run.py",
)
SHARED = ("channel.py", "cpio.py", "guest_link.py")


def new_word() -> str:
    """A word that is in no memory by accident."""
    letters = string.ascii_letters + string.digits
    return "xenbox-" + "".join(secrets.choice(letters) for _ in range(24))


def project_files(root: Path) -> list[str]:
    """Paths git tracks or would: uncommitted work included, ignored files not.

    Raises:
        BoxError: git's own words.
    """
    # The tree may belong to another user than the one who boots it.
    done = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "-C",
            str(root),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
    )
    if done.returncode:
        raise BoxError(f"git ls-files in {root}: {done.stderr.decode().strip()}")
    return sorted({name for name in done.stdout.decode().split("\0") if name})


def add_tree(out: cpio.Writer, root: Path, names: list[str], to: str) -> None:
    """Copy files into the archive; those deleted meanwhile are left out."""
    for name in names:
        path = root / name
        try:
            if path.is_symlink():
                out.symlink(f"{to}/{name}", str(path.readlink()))
            elif path.is_file():
                status = path.stat()
                out.file(f"{to}/{name}", path.read_bytes(), status.st_mode, int(status.st_mtime))
        except FileNotFoundError:
            continue


def write(out_file: BinaryIO, target: Target, job: dict[str, Any]) -> None:
    out = cpio.Writer(out_file)
    for name in INSIDE:
        place = "init" if name == "init" else f"xenbox/{name}"
        out.file(place, (HERE / "inside" / name).read_bytes(), 0o755)
    # What both ends share, under the names it has here.
    out.file("xenbox/_xenbox/__init__.py", b"")
    for name in SHARED:
        out.file(f"xenbox/_xenbox/{name}", (HERE / name).read_bytes())
    out.file("xenbox/xen-version", target.xen.encode() + b"\n")
    out.file("xenbox/job.json", json.dumps(job).encode())
    add_tree(out, PROJECT, project_files(PROJECT), "project")
    out.close()


def combine(image: Path, target: Target, job: dict[str, Any], into: Path) -> None:
    """The whole initramfs: the kernel unpacks archives one after the other."""
    with open(into, "wb") as out, open(image / "base.cpio", "rb") as base:
        shutil.copyfileobj(base, out, 1 << 20)
        write(out, target, job)
