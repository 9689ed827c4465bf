"""A guest's access to what a device model emulates, in either world.

On arm a word of memory, on x86 a byte of an I/O port: what Linux lets a
program of root's reach (/dev/mem, /dev/port) without a driver.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.contract.worlds import PATIENCE, World

#: Where nothing else is: (kind of range, first, bytes of an access).
PLACES = {"x86_64": ("port", 0x500, 1), "arm64": ("memory", 0x0B00_0000, 4)}

_PORT = """
import os, sys
address, size, value = map(int, sys.argv[1:])
device = os.open("/dev/port", os.O_RDWR)
if value < 0:
    print(int.from_bytes(os.pread(device, size, address), "little"))
else:
    os.pwrite(device, value.to_bytes(size, "little"), address)
    print(value)
"""
_MEMORY = """
import ctypes, mmap, os, sys
address, size, value = map(int, sys.argv[1:])
device = os.open("/dev/mem", os.O_RDWR | os.O_SYNC)
page = mmap.mmap(device, 4096, offset=address & ~4095)
word = ctypes.c_uint32.from_buffer(page, address & 4095)
if value < 0:
    print(word.value)
else:
    word.value = value
    print(value)
"""


class Guests:
    """A guest whose accesses a test begins; `Access.result` waits for their end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._peer: Any = world.peer()
        self.domid: int = self._peer.domid
        self.kind, self.first, self.size = PLACES[world.target.arch]

    def begin(self, offset: int, value: int | None = None) -> Access:
        """Read, or write `value`; whoever emulates it has yet to answer."""
        address = self.first + offset
        machine = getattr(self._world, "machine", None)
        if machine is not None:
            domain = machine.domains[self.domid]
            return _Simulated(domain.io(self.kind, address, self.size, value), value)
        script = _PORT if self.kind == "port" else _MEMORY
        asked = [str(address), str(self.size), str(-1 if value is None else value)]
        command = ["/xenbox/guest", "run", self._peer._name, "--timeout", str(int(PATIENCE)), "--"]
        return _Real([*command, "python3", "-c", script, *asked])


class Access:
    """One access."""

    @property
    def done(self) -> bool:
        """Whether the guest goes on."""
        raise NotImplementedError

    def result(self) -> int:
        """What it read, or wrote."""
        raise NotImplementedError


class _Simulated(Access):
    def __init__(self, access: Any, wrote: int | None) -> None:
        self._access = access
        self._wrote = wrote

    @property
    def done(self) -> bool:
        return bool(self._access.done)

    def result(self) -> int:
        value = int(self._access.value)
        return value if self._wrote is None else self._wrote


class _Real(Access):
    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)

    @property
    def done(self) -> bool:
        return self._process.poll() is not None

    def result(self) -> int:
        said, _ = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, f"the guest said {said!r}"
        return int(said)
