"""What the tool tells a person: lines on stderr, with seconds since start."""

from __future__ import annotations

import sys
import time

_START = time.monotonic()
quiet = False


def say(text: str) -> None:
    """Progress; silenced by --quiet."""
    if not quiet:
        warn(text)


def warn(text: str) -> None:
    """Something the person must see."""
    print(f"xenbox [{time.monotonic() - _START:6.1f} s] {text}", file=sys.stderr, flush=True)
