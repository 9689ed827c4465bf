"""A virtual environment with the development tools, made once and kept outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cache() -> Path:
    """Where everything is kept that can be made again ($XENSYS_CACHE, else XDG's place)."""
    own = os.environ.get("XENSYS_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xensys"


def requirements(group: str = "dev") -> list[str]:
    """The requirements of a group of pyproject.toml (PEP 735), with those it includes."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    found: list[str] = []
    for entry in groups[group]:
        found += requirements(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


def ensure() -> Path:
    """The environment's bin directory; made first if it is not there.

    Raises:
        SystemExit: pip failed; what it said has been printed.
    """
    wanted = requirements()
    key = hashlib.sha256("\n".join([sys.version, sys.executable, *wanted]).encode()).hexdigest()[:12]
    place = cache() / f"venv-{sys.version_info.major}.{sys.version_info.minor}-{key}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The mark is written last: an interrupted install is begun anew.
        if not (place / "complete").exists():
            print(f"installing {', '.join(wanted)} into {place}", flush=True)
            shutil.rmtree(place, ignore_errors=True)
            _venv(place)
            python = place / "bin" / "python"
            if subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=False).returncode:
                sys.exit("tools/test: pip could not install the development tools")
            (place / "complete").touch()
    return place / "bin"


def _venv(place: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", place], check=False, capture_output=True, text=True
    )
    if made.returncode == 0:
        return
    # Debian's python3 leaves venv to a package of its own.
    if os.geteuid() == 0 and shutil.which("apt-get"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-qy", f"python{version}-venv"], check=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        return
    sys.exit(
        f"tools/test: `{sys.executable} -m venv` failed: install python3-venv\n{made.stdout}{made.stderr}"
    )
