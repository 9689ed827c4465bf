"""Where things are: the project's tree and the cache outside it."""

from __future__ import annotations

import os
from pathlib import Path


class Failure(Exception):
    """Something a person has to know; printed without a traceback."""


ROOT = Path(__file__).resolve().parents[2]


def cache() -> Path:
    """Return the cache folder: $XENSYS_CACHE, $XDG_CACHE_HOME/xensys, ~/.cache/xensys."""
    if own := os.environ.get("XENSYS_CACHE"):
        return Path(own)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "xensys"
    return Path.home() / ".cache" / "xensys"


class Tree:
    """One copy of the project: its data and its generated modules.

    Tests point `root` at a copy, so that a planted fault never touches the
    real files.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.data = root / "abi"
        self.generated = root / "xensys" / "abi"
