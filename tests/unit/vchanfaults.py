"""What the tests of vchan's two faces share: what may fail, and what must not be left."""

from __future__ import annotations

import gc
import os

from xensys.sim import Machine


def belongings(machine: Machine) -> tuple[object, ...]:
    """Descriptors, maps, ports, grants: what an end is made of."""
    gc.collect()
    with open("/proc/self/maps") as file:
        maps = [line for line in file if "xensim" in line]
    ports = {
        domid: [p for p in range(64) if (c := machine.event_channels.status(domain, p)) and c.state]
        for domid, domain in machine.domains.items()
    }
    return len(os.listdir("/proc/self/fd")), len(maps), ports


FAULTS = [
    ("open", {"path": "/dev/xen/evtchn"}),
    ("ioctl", {"device": "evtchn", "request": "BIND_UNBOUND_PORT"}),
    ("ioctl", {"device": "evtchn", "request": "BIND_INTERDOMAIN"}),
    ("ioctl", {"device": "evtchn", "request": "NOTIFY"}),
    ("ioctl", {"device": "gntalloc", "request": "ALLOC_GREF"}),
    ("ioctl", {"device": "gntalloc", "request": "SET_UNMAP_NOTIFY"}),
    ("ioctl", {"device": "gntdev", "request": "MAP_GRANT_REF"}),
    ("ioctl", {"device": "gntdev", "request": "SET_UNMAP_NOTIFY"}),
    ("mmap", {"device": "gntalloc"}),
    ("mmap", {"device": "gntdev"}),
    ("reserve", {}),
    ("madvise", {}),
    ("write", {"device": "xenstored"}),
]


NAMES = ["-".join((kind, *match.values())).replace("/", "_") for kind, match in FAULTS]
