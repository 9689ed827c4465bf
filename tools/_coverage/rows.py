"""What there is to cover, and the method that each row has.

Rows: every sub-operation that abi/tables calls stable, of the families that have a
class in xensys/hypercalls, and every ioctl of xensys/devices/_ioctls.py. A method is
found by its name (Xen's, without the prefix, in lower case), or else by the C name in
its docstring.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from xensys.abi._operations import FAMILIES, OPERATIONS
from xensys.devices import _ioctls
from xensys.devices._device import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Family of the tables → the module of xensys.hypercalls whose class has it.
MODULES = {"hvm_altp2m": "hvm_altp2m"}
#: How a program reaches a family's class, where not as `xen.<module>`.
REACHED = {"hvm_altp2m": "xen.hvm_op.altp2m"}
#: What the names of a family's sub-operations begin with.
PREFIXES = {
    "argo_op": "XEN_ARGO_OP_",
    "console_io": "CONSOLEIO_",
    "dm_op": "XEN_DMOP_",
    "domctl": "XEN_DOMCTL_",
    "event_channel_op": "EVTCHNOP_",
    "grant_table_op": "GNTTABOP_",
    "hvm_altp2m": "HVMOP_altp2m_",
    "hvm_op": "HVMOP_",
    "hypfs_op": "XEN_HYPFS_OP_",
    "kexec_op": "KEXEC_CMD_",
    "memory_op": "XENMEM_",
    "physdev_op": "PHYSDEVOP_",
    "sched_op": "SCHEDOP_",
    "vcpu_op": "VCPUOP_",
    "xen_version": "XENVER_",
    "xenpmu_op": "XENPMU_",
}
#: What else may carry out a family's sub-operations: (module, class, how a program reaches it).
ELSEWHERE = {
    "memory_op": (("xensys.memory.resource", "Resources", "xen.resources"),),
    "hvm_op": (),
}
#: Dictionary of _ioctls → (header, device class's module and name).
DEVICES = {
    "PRIVCMD": ("privcmd", "xensys.devices.privcmd"),
    "EVTCHN": ("evtchn", "xensys.devices.evtchn"),
    "GNTDEV": ("gntdev", "xensys.devices.gntdev"),
    "GNTALLOC": ("gntalloc", "xensys.devices.gntalloc"),
    "XENBUS_BACKEND": ("", "xensys.devices.xenbus_backend"),
}


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        group: a hypercall family, or the device of an ioctl.
        name: in C.
        facts: the tables' row; empty for an ioctl.
        methods: how a program reaches it; empty if it cannot.
        documented: every errno that the tables or a method's docstring name.
    """

    group: str
    name: str
    facts: dict[str, Any]
    methods: tuple[str, ...]
    documented: frozenset[str]

    @property
    def answers(self) -> bool:
        """Whether a success gives something back: then having got it is the effect."""
        facts = self.facts
        if facts.get("result") not in ("zero", "extents-done", "does-not-return", None):
            return True
        parts = (facts, *facts.get("args", ()), *facts.get("arrays", ()))
        return any(part.get("dir") in ("out", "inout") for part in parts if isinstance(part, dict))


@cache
def rows() -> tuple[Row, ...]:
    """Everything there is to cover."""
    return (*_operations(), *_all_ioctls())


def left_out() -> dict[str, tuple[str, ...]]:
    """Families without a class → their stable sub-operations: for the raw door."""
    return {
        family: names
        for family in FAMILIES
        if family not in PREFIXES and (names := _stable(family)) and family != "hvm_params"
    }


def _stable(family: str) -> tuple[str, ...]:
    return tuple(name for name, row in OPERATIONS[family].items() if row.get("status") == "stable")


def _operations() -> Iterator[Row]:
    for family, prefix in PREFIXES.items():
        for name in _stable(family):
            facts = OPERATIONS[family][name]
            stem = name.removeprefix(prefix).lower()
            if family == "kexec_op":  # KEXEC_CMD_kexec_status; one is KEXEC_CMD_kexec itself
                stem = stem.removeprefix("kexec_")
            found = _find(family, name, stem)
            # Everything answers so to an address that it may not touch.
            documented = {"EFAULT", *facts.get("errors", ()), *_errnos(method for _, method in found)}
            if facts.get("config") or len(facts.get("arch", ())) == 1 or facts.get("guests") != "any":
                documented |= {"ENOSYS", "EOPNOTSUPP"}  # where it is not, as the tables say
            yield Row(family, name, facts, tuple(path for path, _ in found), frozenset(documented))


def family_class(family: str) -> type | None:
    """The class of a hypercall family; None if there is none yet."""
    module = MODULES.get(family, family)
    if find_spec(f"xensys.hypercalls.{module}") is None:
        return None
    name = "".join(part.capitalize() for part in module.split("_"))
    kind: type | None = getattr(import_module(f"xensys.hypercalls.{module}"), name, None)
    return kind


def public_methods(kind: type) -> dict[str, Any]:
    """Name → function of what a class offers, inherited ones and properties' included."""
    return {
        name: member.fget if isinstance(member, property) else member
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }


def _find(family: str, name: str, stem: str) -> list[tuple[str, Any]]:
    kind = family_class(family)
    places: list[tuple[type, str]] = []
    if kind is not None:
        places.append((kind, REACHED.get(family, f"xen.{family}")))
    for module, cls, path in ELSEWHERE.get(family, ()):
        places.append((getattr(import_module(module), cls), path))
    found: list[tuple[str, Any]] = []
    for kind, path in places:
        methods = public_methods(kind)
        mentioned = [m for m, f in methods.items() if re.search(rf"\b{name}\b", _summary(f))]
        # A keyword gets an underscore.
        names = [each for each in (stem, f"{stem}_") if each in methods] or mentioned
        found += [(f"{path}.{each}", methods[each]) for each in names]
    return found


def _summary(method: Any) -> str:
    """The first paragraph of a docstring: later ones may mention other operations."""
    return (inspect.getdoc(method) or "").partition("\n\n")[0]


def _errnos(methods: Iterator[Any]) -> set[str]:
    return {
        word
        for method in methods
        for word in re.findall(r"\bE[A-Z0-9]{3,}\b", inspect.getdoc(method) or "")
    }


def _all_ioctls() -> Iterator[Row]:
    for name, (header, module) in DEVICES.items():
        table: dict[str, tuple[int, int]] | None = getattr(_ioctls, name, None)
        if table is None or find_spec(module) is None:
            continue
        kind = _device(module)
        methods = public_methods(kind)
        c_names = _c_names(header) if header else {}
        for key, (number, _) in table.items():
            c_name = c_names.get(number, f"IOCTL_{name}_{key.upper()}")
            found = [key] if key in methods else []
            found += [
                m for m, f in methods.items() if re.search(rf"\b{c_name}\b", _summary(f)) and m != key
            ]
            documented = _errnos(methods[each] for each in found)
            yield Row(
                name.lower(),
                c_name,
                {},
                tuple(f"{kind.__name__}.{m}" for m in found),
                frozenset(documented),
            )


def _device(module: str) -> type[Device]:
    loaded = import_module(module)
    kinds = [
        kind
        for kind in vars(loaded).values()
        if isinstance(kind, type) and issubclass(kind, Device) and kind.__module__ == module
    ]
    (kind,) = kinds
    return kind


@cache
def _c_names(header: str) -> dict[int, str]:
    module = import_module(f"xensys.abi.{header}")
    return {
        value: name
        for name, value in vars(module).items()
        if name.startswith("IOCTL_") and isinstance(value, int)
    }
