"""A machine, dom0's library and a guest, for the tests of device models."""

from __future__ import annotations

import gc
import os

import xensys
from xensys.sim import Machine

NOTHING = (1 << 64) - 1
BASE = 0x200_0000


class Setup:
    """A machine, dom0's library, and a guest."""

    def __init__(self, *, vcpus=1, **personality):
        self.machine = Machine(trace=True, guests=False, **personality)
        self.guest = self.machine.add_domain(vcpus=vcpus)
        self.xen = xensys.open(kernel=self.machine.dom0)
        self.model = self.xen.device_model(self.guest.domid)
        self.faults = self.machine.dom0.faults

    def server(self, **how):
        server = self.model.create_ioreq_server(**how)
        server.map_io_range("memory", BASE, BASE + 0xFFF)
        server.enable()
        return server

    def mapped(self):
        """Lines of this process's maps that are the guest's."""
        inode = os.fstat(self.guest.memory.fd).st_ino
        with open("/proc/self/maps") as file:
            return [line for line in file if line.split()[4] == str(inode)]

    def poke(self, server, offset, data):
        """Write to the synchronous page, as nobody should."""
        slot = self.guest.ioreq_servers[server.id].ioreq_slot
        os.pwrite(self.guest.memory.fd, data, slot * 4096 + offset)


def descriptors():
    """Those of this process, once earlier tests' machines have gone."""
    gc.collect()
    return sorted(os.listdir("/proc/self/fd"))
