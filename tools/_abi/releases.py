"""Which releases are packaged.

Releases that no package has are not here: abi/releases/ says which they are and
which commit they were read from (`data.later`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Release(NamedTuple):
    """One release of one project's headers."""

    name: str  # "xen-4.20"
    project: str  # "xen" or "linux"
    version: str  # "4.20"
    suite: str = ""
    package: str = ""
    required: bool = False  # facts come from it; the others only add what they lack
    include: Path | None = None  # its headers, if they are not in the cache
    tag: str = ""  # in the project's git, if no package has it
    commit: str = ""


def ordered(version: str) -> tuple[int, ...]:
    """Return a version as numbers, to compare."""
    return tuple(int(part) for part in version.split("."))


# Newest first: facts come from the first of each project.
RELEASES = (
    Release("xen-4.20", "xen", "4.20", "trixie", "libxen-dev", True),
    Release("xen-4.17", "xen", "4.17", "bookworm", "libxen-dev", False),
    Release("xen-4.14", "xen", "4.14", "bullseye", "libxen-dev", False),
    Release("linux-6.12", "linux", "6.12", "trixie", "linux-libc-dev", True),
    Release("linux-6.1", "linux", "6.1", "bookworm", "linux-libc-dev", False),
    Release("linux-5.10", "linux", "5.10", "bullseye", "linux-libc-dev", False),
)
