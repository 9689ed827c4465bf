"""Which daemon serves XenStore: seen from the process behind the socket.

Standard library only, and nothing of xensys: what tells the daemons apart must
not be what is tested on them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

SOCKET = "/run/xenstored/socket"
#: The C daemon, and the one in OCaml: the names of their programs.
XENSTORED, OXENSTORED = "xenstored", "oxenstored"
#: __SO_ACCEPTCON in /proc/net/unix: a socket that listens.
_LISTENS = 0x10000


class Server(NamedTuple):
    """A process that listens at the socket.

    Attributes:
        pid: its number.
        program: the path of what it runs.
    """

    pid: int
    program: str

    @property
    def name(self) -> str:
        """One of `XENSTORED`, `OXENSTORED`, or of a daemon that nobody told us of."""
        return os.path.basename(self.program)


def servers(path: str = SOCKET) -> list[Server]:
    """The processes that listen there; more than one after a fork, or none."""
    listening = set(_inodes(path))
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if any(link in listening for link in _links(process / "fd")):
            found.append(Server(int(process.name), os.readlink(process / "exe")))
    return found


def daemon(path: str = SOCKET) -> str:
    """Its name.

    Raises:
        LookupError: there is none, or not one alone.
    """
    names = {server.name for server in servers(path)}
    if len(names) != 1:
        raise LookupError(f"behind {path}: {sorted(names) or 'no process'}")
    return names.pop()


def _inodes(path: str) -> list[str]:
    """What /proc/PID/fd calls the sockets that listen there."""
    found = []
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        # Num RefCount Protocol Flags Type St Inode Path
        fields = line.split(maxsplit=7)
        # The daemon's own word for the path: oxenstored says /var/run.
        if len(fields) == 8 and int(fields[3], 16) & _LISTENS and _same(fields[7], path):
            found.append(f"socket:[{fields[6]}]")
    return found


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _links(directory: Path) -> list[str]:
    """Where a process's descriptors lead; none if it has just ended."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, ProcessLookupError):
        return []
    links = []
    for name in names:
        try:
            links.append(os.readlink(directory / name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # closed since
    return links
