"""pyxs, fetched when it is needed: installed nowhere, and no part of this project.

xen.lowlevel.xs comes with the toolstack of the machine that is measured.
"""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

#: The newest release there is, of 2016; later commits were never released.
PYXS = "pyxs==0.4.1"


def cache() -> Path:
    """Where downloads are kept: beside the images of tools/xenbox."""
    base = os.environ.get("XENSYS_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xensys"


def fetch() -> Path:
    """The wheel of pyxs, by pip.

    Raises:
        OSError: pip could not, and what it said.
    """
    place = cache() / "bench"
    place.mkdir(parents=True, exist_ok=True)
    found = sorted(place.glob("pyxs-*.whl"))
    if not found:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(place),
            PYXS,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = sorted(place.glob("pyxs-*.whl"))
        if done.returncode or not found:
            raise OSError(f"pip download {PYXS}: {done.stderr.strip() or 'no wheel came'}")
    return found[0]


def packed() -> str:
    """The wheel as text, to be handed to a box in an environment variable."""
    return base64.b64encode(fetch().read_bytes()).decode()


def unpack(text: str, into: Path) -> Path:
    """A directory to import from."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as wheel:
        wheel.extractall(into)
    return into
