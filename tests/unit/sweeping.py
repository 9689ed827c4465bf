"""What tests/unit/test_sweep.py goes through: who holds a handle or a mapping, and how to make and call it.

Classes and methods are found by introspection. What cannot be found is here:
how to make one of each, and an argument for each parameter's name. A class or
parameter that is not known fails the sweep, so a new one cannot be missed.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import xensys
from xensys.devices.evtchn import Evtchn
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.devices.hypercall import HypercallMemory
from xensys.devices.privcmd import Privcmd
from xensys.devices.xenbus_backend import XenbusBackend
from xensys.memory.rings import BackRing, FrontRing
from xensys.sim import Machine
from xensys.store import Store
from xensys.store.xenbus import Backend, Frontend
from xensys.xen import Xen

#: A number that no process here has for a descriptor.
BAD = 1_000_000
#: Restrictions are to this domain, and what is asked is about the other.
OURS, OTHER = 1, 2

FAMILIES = {
    "ArgoOp": "argo_op",
    "ConsoleIo": "console_io",
    "DmOp": "dm_op",
    "Domctl": "domctl",
    "EventChannelOp": "event_channel_op",
    "GrantTableOp": "grant_table_op",
    "HvmOp": "hvm_op",
    "HypfsOp": "hypfs_op",
    "KexecOp": "kexec_op",
    "MemoryOp": "memory_op",
    "PhysdevOp": "physdev_op",
    "SchedOp": "sched_op",
    "VcpuOp": "vcpu_op",
    "XenVersion": "xen_version",
    "XenpmuOp": "xenpmu_op",
}
DEVICES = {
    kind.__name__: kind for kind in (Evtchn, Gntalloc, Gntdev, HypercallMemory, Privcmd, XenbusBackend)
}

#: Classes that hold nothing of their own, or are not for users: pattern of module.name → why.
NOT_SWEPT = {
    "_probe.*": "opens nothing",
    "devices._device.*": "bases of the devices",
    "devices._wakeups.*": "inner",
    "domains._looking.*": "bases and records",
    "domains.aio.*": "asyncio's twin, on the same handles: tests/unit/test_domains_aio.py",
    "events.aio.*": "asyncio's twin, on the same handle",
    "hypercalls._call.Caller": "inner",
    "hypercalls.memory_op_changing.MemoryOpChanging": "MemoryOp's base",
    "hypercalls.physdev_op_pci.*": "inner, and PhysdevOp's base",
    "hypercalls.multicall.Multicall": "makes a Batch, which is swept",
    "hypercalls.argo_op.ArgoRing": "memory of its own; its hypercalls are ArgoOp's",
    "ioreq.eventfds.*": "a request that the driver keeps; tests/contract/test_ioreq*.py",
    "memory.dmabuf.*": "gntdev's, which is swept; tests/unit/test_grants.py",
    "kernel.*": "below all handles",
    "memory.areas.*": "inner",
    "memory.granted.*": "inner, and a base of what is swept",
    "memory.living.*": "lists of mappings, which are swept",
    "store.connecting.*": "a port and a mapping, which are swept",
    "memory.mapping.Mapping": "a base of what is swept",
    "memory.slabs.*": "inner",
    "memory.byterings.*": "vchan's rings, on its memory: swept with vchan",
    "store._*": "inner, and bases",
    "store.aio*": "asyncio's twin: tests/unit/test_store_aio*.py",
    "store.connection.*": "inner",
    "store.mapping.*": "a base of what is swept",
    "store.permissions.*": "values",
    "store.protocol.*": "no I/O",
    "store.pyxs.*": "another library's names for the same handles: tests/unit/test_store_pyxs.py",
    "store.session.*": "no I/O",
    "store.trees.*": "no I/O",
    "store.transports.*": "inner",
    "store.verbs.*": "a base of what is swept",
    "store.xenbus.End": "a base of what is swept",
    "store.watches.Event": "a value",
    "store.watches.EventQueue": "inner",
    "vchan._*": "inner; Vchan is tests/unit/test_vchan*.py's, being two ends in two domains",
    "vchan.aio.*": "asyncio's twin",
    "hypercalls.xen_version.Version": "a value",
}


def classes() -> Iterator[tuple[str, type]]:
    """(module less "xensys.", class) of every public class with methods, but records and errors."""
    from xensys.hypercalls._records import Record

    for info in pkgutil.walk_packages(xensys.__path__, "xensys."):
        name = info.name.removeprefix("xensys.")
        if name.partition(".")[0] in ("abi", "sim", "testing", "cli", "trace", "__main__", "_typing"):
            continue
        module = importlib.import_module(info.name)
        for kind in vars(module).values():
            if (
                isinstance(kind, type)
                and kind.__module__ == info.name
                and not kind.__name__.startswith("_")
                and not issubclass(kind, (BaseException, Record))
                and not hasattr(kind, "FORMAT")  # a generated structure
                and members(kind)
            ):
                yield name, kind


def members(kind: type) -> dict[str, Any]:
    """Name → function or property of what a class offers, inherited or not."""
    return {
        name: member
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }


# --- one of each ----------------------------------------------------------------


class Worlds:
    """A simulated machine and a Xen on it, whose privcmd may be a descriptor that is none.

    Attributes:
        machine, kernel: the machine, and dom0's kernel.
        xen: with every device open.
    """

    def __init__(self) -> None:
        self.machine = Machine()
        self.kernel = self.machine.dom0
        self.xen = xensys.open(kernel=self.kernel)
        self.xen.version()
        self.xen.events.wait(0)
        assert self.xen.grants.gntdev
        assert self.xen.grants.gntalloc
        self.xen.store.write("/sweep", "here")
        self.kept: list[Any] = []

    def make(self, name: str) -> Any:
        """An instance of a class, that works."""
        if name in FAMILIES:
            return getattr(self.xen, FAMILIES[name])
        if name in DEVICES:
            return DEVICES[name].open(self.kernel)
        return MAKERS[name](self)

    def close(self) -> None:
        """End it all, whatever became of it."""
        self.xen.close()
        for thing in self.kept:
            if isinstance(thing, Xen):
                thing.close()

    def keep(self, thing: Any) -> Any:
        """Something that must outlive what is made with it."""
        self.kept.append(thing)
        return thing


def _grant(world: Worlds) -> int:
    guest = world.machine.domains[OTHER]
    return int(guest.grants.give(0, guest.first_gfn))


def _ring(world: Worlds, kind: Any) -> Any:
    share = world.keep(world.xen.grants.share(OTHER, write=True))
    front = FrontRing.init(share, 16, 16)
    return front if kind is FrontRing else BackRing(share, 16, 16)


def _batch(world: Worlds) -> Any:
    batch = world.xen.multicall.batch()
    batch.add(17, 0)
    return batch


def _device_nodes(world: Worlds) -> None:
    with Store.open(kernel=world.kernel) as store:
        here, there = "/local/domain/0/backend/vbd/2/1", "/local/domain/2/device/vbd/1"
        for node, value in (
            (f"{here}/frontend", there), (f"{here}/frontend-id", "2"), (f"{here}/state", "1"),
            (f"{there}/backend", here), (f"{there}/backend-id", "0"), (f"{there}/state", "1"),
        ):  # fmt: skip
            store.write(node, value)


def _end(world: Worlds, kind: Any) -> Any:
    _device_nodes(world)
    if kind is Backend:
        return Backend(world.xen.store, "vbd", 2, 1)
    if kind is Frontend:
        return Frontend(world.xen.store, "vbd", 1, domid=2)
    raise AssertionError(kind)


#: How to make one.
MAKERS: dict[str, Callable[[Worlds], Any]] = {
    "Batch": lambda w: _batch(w),
    "Buffer": lambda w: w.xen.buffers.alloc(64),
    "BufferPool": lambda w: w.xen.buffers,
    "BackRing": lambda w: _ring(w, BackRing),
    "Backend": lambda w: _end(w, Backend),
    "DeviceModel": lambda w: w.xen.device_model(OTHER),
    "Domains": lambda w: w.xen.domains,
    "DomainWatch": lambda w: w.xen.domains.watch(),
    "Events": lambda w: w.xen.events,
    "ForeignMapping": lambda w: w.xen.foreign.map(OTHER, range(2), write=True),
    "ForeignMemory": lambda w: w.xen.foreign,
    "FrontRing": lambda w: _ring(w, FrontRing),
    "Frontend": lambda w: _end(w, Frontend),
    "GrantMapping": lambda w: w.xen.grants.map(OTHER, [_grant(w)], write=True),
    "Grants": lambda w: w.xen.grants,
    "HvmAltp2m": lambda w: w.xen.hvm_op.altp2m,
    "IoreqServer": lambda w: w.xen.device_model(OTHER).create_ioreq_server(),
    "Hypfs": lambda w: w.xen.hypfs_op.tree(),
    "PartialMapping": lambda w: w.xen.foreign.map(OTHER, [0, 1 << 40], partial=True, write=True),
    "Port": lambda w: w.xen.events.bind_unbound(OTHER),
    "ResourceMapping": lambda w: w.xen.resources.map(OTHER, 1, write=True),
    "Resources": lambda w: w.xen.resources,
    "Share": lambda w: w.xen.grants.share(OTHER, write=True),
    "Store": lambda w: w.xen.store,
    "Transaction": lambda w: w.xen.store.transaction(),
    "Watch": lambda w: w.xen.store.watch("/sweep"),
    "Xen": lambda w: w.xen,
}

#: Parameter → an argument that does no harm where it is taken.
ARGUMENTS: dict[str, Any] = {
    "address": 0x1000, "apic_physbase": 0, "area": None, "array_gfn": 1, "buffers": (), "bus": 0,
    "command": "help", "count": 1, "data": b"12345678", "depth": None, "device": 1, "devfn": 0,
    "domid": OTHER, "domids": (OTHER,), "dst_gfn": 1, "enabled": True, "end": 1, "end_bus": 0,
    "entries": ((0, 4096, 1),), "entry_maddr": 0, "errors": bytearray(4), "event": 0, "evtchn": 1,
    "extents": ((1, 1),), "fd": 0, "features": 0, "first": 0, "first_gfn": 1, "first_pfn": 1, "flags": 0,
    "frame": 0, "frames": array("Q", [1]), "frontend_domid": 2, "function": lambda t: None, "gfn": 1,
    "gfns": array("Q", [1]), "gmfn": 1, "gpa": 0, "gpfn": 1, "gpfns": array("Q", [1]), "gsi": 1,
    "ident": 0, "idx": 0, "idxs": array("Q", [1]), "index": 0, "intx": 0, "ioreq": 0, "iopl": 1, "irq": 5,
    "isa_irq": 5, "key": "x", "last": 0, "last_gfn": 1, "length": 4096, "level": True, "limit": None,
    "link": 0, "low": 0, "mem_type": 0, "mfn": 1, "mode": 0, "name": "state", "names": ("state",),
    "new_frames": array("Q", [2]), "new_gfn": 2, "nr": 8, "nr_frames": 1, "nr_ports": 0, "num": 1,
    "old_gfn": 1, "offset": 0, "op": 17, "pages": 1, "partner": OTHER, "path": "/sweep",
    "pcpu": 0, "period_ns": 2_000_000, "pfn": 1, "pieces": (b"x",), "pirq": 1, "polarity": 0, "port": 1,
    "ports": array("I", [1]), "priority": 0, "queue": 0, "reason": 0, "ref": 8, "refs": (8,), "reg": 0,
    "remote_domid": OTHER, "remote_port": 1, "request": None, "sbdf": 0, "segment": 0, "segments": (),
    "seconds": 1, "size": 16, "space": 0, "src_gfn": 1, "start": 0, "start_bus": 0, "state": True,
    "states": (), "suppress": True, "target": OTHER, "target_pages": 1, "text": "x", "timeout": 0,
    "timeout_abs_ns": 1, "timeout_ms": 0, "triggering": 0, "value": 0, "values": {}, "vcpu": 0,
    "vcpu_id": 0, "vcpuid": 0, "vector": 0x20, "version": 1, "view": 1, "virq": 1, "visible": True,
    "words": (), "access": 0, "action": 0, "control_gfn": 1, "id": 0, "kind": 0, "number": 0,
    "slot": None, "export": None, "ranges": ((0, 0, 16, 1),), "bitmap": None, "dm_op": bytes(32),
    "copies": (), "pairs": ((1, 2),),
    "permissions": ((0, "r"),), "event_channel": 1, "predicate": None, "store": None,
    "grants": ((OTHER, 8),),
}  # fmt: skip


def _anonymous() -> Any:
    import mmap

    return mmap.mmap(-1, 4096)


#: Class.method → parameter → argument, where the name alone is not enough.
SPECIAL: dict[str, dict[str, Any]] = {}


def arguments(world: Worlds, name: str, method: str, function: Any) -> dict[str, Any]:
    """Keyword arguments for what has no default, and "hazardous"."""
    special = SPECIAL.get(f"{name}.{method}", {})
    given: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name == "hazardous":
            given["hazardous"] = True
        elif parameter.name == "timeout":
            given["timeout"] = 0  # that it waits is not wanted
        elif parameter.name in special:
            value = special[parameter.name]
            given[parameter.name] = value(world) if callable(value) else value
        elif parameter.default is parameter.empty:
            if parameter.name == "memory":
                given["memory"] = world.keep(_anonymous())
            elif parameter.name not in ARGUMENTS:
                raise LookupError(f"sweeping.ARGUMENTS has no {parameter.name!r} ({name}.{method})")
            else:
                given[parameter.name] = ARGUMENTS[parameter.name]
    return given


def call(thing: Any, name: str, member: Any, given: dict[str, Any]) -> Any:
    """Use a method or property, and what it returns if that does its work later."""
    if isinstance(member, property):
        return getattr(thing, name)
    result = getattr(thing, name)(**given)
    if inspect.isgenerator(result):
        return list(result)
    return result


def outcome(work: Callable[[], Any]) -> str:
    """What came of a call: "" or the error, with its class and errno."""
    try:
        work()
    except BaseException as error:
        return describe(error)
    return ""


def describe(error: BaseException) -> str:
    """Every class that an error is one of, with its errno and text."""
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    number = getattr(error, "errno", None)
    return f"{kinds} errno={number} hint={getattr(error, 'hint', '')!r}: {error}"
