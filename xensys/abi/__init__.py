"""Xen's public headers and Linux's Xen ioctls, as generated ctypes under their C names.

Start at a header's module: `from xensys.abi import memory`, then
`memory.xen_add_to_physmap`, `memory.XENMEM_add_to_physmap`. A C name that is a
Python keyword gets a trailing underscore, and each `__NAME` is also NAME.
Layouts are this machine's (x86_64's where it is neither); `arch("arm64")` has
another's. Modules are loaded when first named.

Pointers in Linux's ioctl structures are plain integers here: addresses of
ordinary memory, which the driver reads itself. Guest handles are not: they
take hypercall memory or None (see `_base`).
"""

from __future__ import annotations

from ._index import ALL_MODULES, MODULES, SPLIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._index import *

ARCHES = ("x86_64", "arm64")


class Arch:
    """The modules as one architecture has them: `arch("arm64").xen.vcpu_info`."""

    __slots__ = ("_below", "name")

    def __init__(self, name: str, below: str = "") -> None:
        self.name = name
        self._below = below

    def __getattr__(self, module: str) -> Any:
        from ._base import load

        dotted = f"{self._below}{module}"
        if not module.startswith("_") or module[1:2].isdigit():
            if dotted in SPLIT:
                return load(f"{__name__}._{self.name}.{dotted}")
            if not self._below and any(name.startswith(f"{module}.") for name in ALL_MODULES):
                return Arch(self.name, f"{module}.")
            if self._below or module in MODULES:
                try:
                    return load(f"{__name__}.{dotted}")
                except ModuleNotFoundError:
                    pass
        raise AttributeError(f"{self!r} has no module {module!r}")

    def __repr__(self) -> str:
        return f"xensys.abi.arch({self.name!r})"


def arch(name: str) -> Arch:
    """Return the modules of one architecture, whatever this machine is.

    Args:
        name: "x86_64" or "arm64".
    Raises:
        ValueError: another name.
    """
    if name not in ARCHES:
        raise ValueError(f"no layouts for {name!r}; there are: {', '.join(ARCHES)}")
    return Arch(name)


def decode(group: str, value: int) -> str:
    """Return what a number is called in C: `decode("memory:XENMAPSPACE", 2)`.

    Args:
        group: module and group of constants ("grant_table:GTF"), as
            `python3 -m xensys abi NAME` shows them.
        value: one of the group's values, or a union of its flags.
    Returns:
        Names joined by "|"; what has no name stays a number.
    Raises:
        KeyError: no such group.
    """
    from . import _base

    return _base.decode(group, value)


if not TYPE_CHECKING:  # checkers would take any name for a module

    def __getattr__(name):
        if name in MODULES:
            from ._base import load

            return load(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
