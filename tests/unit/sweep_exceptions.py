"""What tests/unit/test_sweep.py lets pass, each for a reason."""

from __future__ import annotations

import ctypes
from typing import Any

#: Class → the states it can be in, where these are not all four.
STATES: dict[str, tuple[str, ...]] = {
    # Memory that is there is there: no descriptor is asked for it.
    "*Mapping": ("closed", "forked"),
    "Share": ("closed", "forked"),
    "Buffer": ("closed", "forked"),
    "BufferPool": ("closed", "forked"),
    # Views of memory, like memoryviews: in a forked child they see zero pages.
    "*Ring": ("closed",),
    # Who adopts a descriptor that is none is told so at once: see test_bad_descriptor_is_not_adopted.
    "Events": ("closed", "restricted", "forked"),
    # On a connection or file that these do not open themselves.
    "Transaction": ("closed", "restricted", "forked"),
    "Watch": ("closed", "restricted", "forked"),
    "DomainWatch": ("closed", "restricted", "forked"),
    "Port": ("closed", "restricted", "forked"),
    "IoreqServer": ("closed", "forked"),
    "Frontend": ("closed", "restricted", "forked"),
    "Backend": ("closed", "restricted", "forked"),
}

_ALL = "closed fd restricted forked"
_KNOWN = "known without asking anybody"
_INNER = "for our own layers: no check on the hot path"
_MAKES = "makes an object, and asks nobody"
_STAYS = "what there was stays as it was"

#: Pattern of Class.method, states, and why it may be otherwise than the rest there.
EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    ("*.close", _ALL, "what ends things ends them in any state"),
    ("Port.unbind", _ALL.replace(" fd", ""), "another name of close"),
    ("Buffer.free", "forked", "what ends things ends them in any state"),
    ("*.closed", _ALL, _KNOWN),
    ("*.freed", "closed forked", _KNOWN),
    ("*.kernel", _ALL, _KNOWN),
    ("*.path", _ALL, _KNOWN),
    ("*.restricted_to", _ALL, _KNOWN),
    ("Evtchn.owned", _ALL, _KNOWN),
    ("*.restrict", "restricted", "EINVAL: restricted to another domain already, and the hint says so"),
    # Devices
    ("*.fileno", "fd", "the number, whatever it is good for"),
    ("Evtchn.fileno", "restricted", _STAYS),
    ("Evtchn.notify", "restricted", _STAYS),
    ("Ev*.bind_static", "restricted", "Linux does not look at the restriction here (drivers/xen/evtchn.c)"),
    ("Evtchn.reset", "restricted", _STAYS),
    ("Evtchn.unbind", "restricted", _STAYS),
    ("Evtchn.unmask", "restricted", _STAYS),
    ("Privcmd.fileno", "restricted", _STAYS),
    ("Privcmd.hypercall*", "restricted", "a plain OSError, EPERM: the families say more"),
    ("Privcmd.allows", "restricted", "says no"),
    ("Privcmd.restricted", "restricted", "says yes"),
    ("*.irqfd", "restricted", "EOPNOTSUPP: this kernel is without it, and says so first"),
    ("Privcmd.ioeventfd", "restricted", "EOPNOTSUPP: this kernel is without it, and says so first"),
    ("Privcmd.map_over", "restricted", "an empty range, which the other calls may fill or not"),
    ("Privcmd.pcidev_get_gsi", "restricted", "Linux does not look at the restriction here"),
    # Hypercalls
    ("Batch.add", _ALL, "keeps it for run()"),
    ("Batch.clear", _ALL, "of what was kept"),
    ("BufferPool.give", "closed forked", _INNER),
    ("BufferPool.lend", "closed forked", _INNER),
    ("BufferPool.holds", "closed forked", _INNER),
    ("BufferPool.lock", "closed forked", _INNER),
    ("BufferPool.may_fault", "forked", _KNOWN),
    ("BufferPool.restrict", "closed", "there is no device to restrict"),
    ("HvmOp.altp2m", _ALL, _MAKES),
    ("HypfsOp.tree", _ALL, _MAKES),
    ("KexecOp.*load_v1", "closed", "TypeError: the structure's memory has ended with the pool"),
    # Memory
    ("PartialMapping.errors", "closed forked", _KNOWN),
    ("*Ring.dead", "closed", _KNOWN),
    ("*Ring.unanswered", "closed", _KNOWN),
    ("*Ring.free_requests", "closed", _KNOWN),
    ("*Ring.full", "closed", _KNOWN),
    ("*Ring.outstanding", "closed", _KNOWN),
    ("Grants.maps", _ALL, _KNOWN),
    ("ForeignMemory.maps", _ALL, _KNOWN),
    ("Resources.maps", _ALL, _KNOWN),
    ("Xen.maps_of", "fd restricted", _KNOWN),
    ("Xen.release", "fd restricted", "lets go of what is mapped, which can be done in any state"),
    ("Grants.gnt*", "fd restricted forked", "the handle, which raises by itself"),
    # Events
    ("Events.ports", "closed restricted forked", _KNOWN),
    ("Events.fileno", "restricted", _STAYS),
    ("Events.reset", "restricted", _STAYS),
    ("Events.unmask", "restricted", _STAYS),
    ("Events.wait", "restricted", _STAYS),
    ("Port.notify", "restricted", _STAYS),
    ("Port.unmask", "restricted", _STAYS),
    ("Port.wait", "restricted", _STAYS),
    # XenStore
    ("Store.connected", _ALL, _KNOWN),
    ("Store.deadline", _ALL, _MAKES),
    ("Store.timeout", _ALL, _KNOWN),
    ("Transaction.abort", "restricted forked", "ended already, by the commit before"),
    ("Transaction.id", "closed restricted forked", _KNOWN),
    ("Watch.dropped", "closed restricted forked", _KNOWN),
    ("Watch.merged", "closed restricted forked", _KNOWN),
    ("Watch.pending", "closed restricted forked", _KNOWN),
    ("Domains.aio", _ALL, _MAKES),
    ("Domains.get", "fd", "asks XenStore too"),
    ("Domains.watch", "fd", "asks XenStore, not privcmd"),
    # Xen: its parts raise by themselves
    ("Xen.restriction", _ALL, _KNOWN),
    ("Xen.simulated", _ALL, _KNOWN),
    *((f"Xen.{part}", "fd restricted", _MAKES) for part in (
        "*_op", "domctl", "console_io", "multicall", "hypfs", "xen_version", "foreign", "resources",
        "device_model", "domains", "buffers", "events", "grants", "privcmd", "store",
    )),
    *((f"Xen.{part}", "forked", "there already, and raises by itself") for part in (
        "buffers", "events", "grants", "privcmd", "store", "xen_version",
    )),
)  # fmt: skip


def _image(world: Any) -> Any:
    from xensys.abi import kexec

    return world.xen.buffers.new(kexec.xen_kexec_load_v1)


def _segments(world: Any) -> Any:
    from xensys.memory.grant_copy import GrantedPage

    return [(GrantedPage(2, 8, 0), bytearray(16), 16)]


def _copies(world: Any) -> Any:
    from xensys.hypercalls.grant_table_op import GrantCopy

    return [GrantCopy((2, 8, 0), (0x7FF0, 1, 0), 16, 1)]


def _state(world: Any) -> Any:
    from xensys.store.xenbus import CONNECTED

    return CONNECTED


#: Not called at all: (Class.method, state).
WAITS = {("Evtchn.read", "restricted")}

#: Class.method → parameter → argument, or a function of the world.
SPECIAL: dict[str, dict[str, Any]] = {
    "Backend.switch": {"state": _state},
    "Frontend.switch": {"state": _state},
    "BufferPool.new": {"kind": lambda world: ctypes.c_uint32},
    "BufferPool.give": {"slot": lambda world: world.xen.buffers.take(16)},
    "BufferPool.lend": {
        "slot": lambda world: world.xen.buffers.take(16),
        "export": lambda world: (ctypes.c_char * 16)(),
    },
    "DeviceModel.inject_msi": {"data": 0},
    "DmOp.inject_msi": {"data": 0},
    "DeviceModel.irqfd": {"irq": 5},
    "Domains.get": {"domid": 2},
    "Events.bind_static": {"port": 60},
    "Evtchn.bind_static": {"port": 60},
    "GrantTableOp.map_grant_ref": {"grants": [(2, 8, 2, 0)]},
    "GrantTableOp.unmap_grant_ref": {"grants": [(0, 0, 0)]},
    "GrantTableOp.unmap_and_replace": {"grants": [(0, 0, 0)]},
    "GrantTableOp.transfer": {"pages": [(1, 2, 8)]},
    "Gntdev.grant_copy": {"segments": bytearray(24)},
    "Grants.copy": {"segments": _segments},
    "HvmAltp2m.set_mem_access_multi": {"access": [0]},
    "KexecOp.load_v1": {"image": _image},
    "KexecOp.unload_v1": {"image": _image},
    "Store.write": {"value": b"x"},
    "Transaction.write": {"value": b"x"},
    "Transaction.update": {"values": {"x": b"y"}},
    "Transaction.write_tree": {"values": {"x": b"y"}},
    "KexecOp.get_range": {"area": 0},
    "GrantTableOp.copy": {"copies": _copies},
    "VcpuOp.initialise": {"context": lambda world: world.xen.buffers.alloc(4096)},
    "IoreqServer.map_io_range": {"kind": "memory"},
    "IoreqServer.unmap_io_range": {"kind": "memory"},
}
