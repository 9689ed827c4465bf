"""Memory for argo's rings: pages of this process's, with their frame numbers."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager

from tests.contract import worlds

_PAGE = 4096


def is_built(world):
    """Whether this Xen has argo, and was booted with argo=1."""
    return world.target.argo


def has_frames(world):
    """Whether a process can learn Xen's numbers of its frames: not in a PV domain."""
    return world.target.translated


@contextmanager
def ring(world, length):
    """(a buffer for a ring of this length, its frames); the memory stays in place."""
    pages = -(-(length + 64) // _PAGE)
    with world.xen.buffers.alloc(max(pages, 2) * _PAGE) as buffer:
        yield buffer, [_frame(world, buffer.address + at * _PAGE) for at in range(pages)]


def _frame(world, address):
    if not worlds.is_real():
        machine = world.machine
        return machine.hypervisor.argo.frame_of(machine.domains[0], address)
    fd = os.open("/proc/self/pagemap", os.O_RDONLY)
    try:
        (entry,) = struct.unpack("<Q", os.pread(fd, 8, address // os.sysconf("SC_PAGE_SIZE") * 8))
    finally:
        os.close(fd)
    frame = entry & (1 << 55) - 1
    assert entry >> 63, "not present"
    assert frame, "root only"
    return frame
