"""Which releases are read, and which of their headers."""

from __future__ import annotations

from typing import NamedTuple


class Release(NamedTuple):
    """One packaged release of one project's headers."""

    name: str  # "xen-4.20"
    project: str  # "xen" or "linux"
    version: str  # "4.20"
    suite: str
    package: str
    required: bool  # facts come from it; the others only add `since`


# Newest first: facts come from the first of each project.
RELEASES = (
    Release("xen-4.20", "xen", "4.20", "trixie", "libxen-dev", True),
    Release("xen-4.17", "xen", "4.17", "bookworm", "libxen-dev", False),
    Release("xen-4.14", "xen", "4.14", "bullseye", "libxen-dev", False),
    Release("linux-6.12", "linux", "6.12", "trixie", "linux-libc-dev", True),
    Release("linux-6.1", "linux", "6.1", "bookworm", "linux-libc-dev", False),
    Release("linux-5.10", "linux", "5.10", "bullseye", "linux-libc-dev", False),
)
