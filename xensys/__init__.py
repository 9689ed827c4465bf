"""Xen's stable hypercall ABI on Linux, in pure Python.

    import xensys

    with xensys.open() as xen:
        print(xen.version())

`open()` is this machine's Xen; `xensys.sim` a simulated one, for tests and for
machines without Xen. `probe()` tells what is here without opening anything.
`xensys.abi` holds Xen's structures and numbers under their C names.

Importing this package opens nothing and loads next to nothing: every name
below is resolved on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys import abi, sim, store, testing
    from xensys._probe import Probe, probe
    from xensys.errors import (
        EntryNotFoundError,
        EventOverflowError,
        ForeignMapError,
        ForkedError,
        GrantCopyError,
        GrantMapError,
        HazardError,
        NodeNotFoundError,
        NoSuchDomainError,
        NotSupportedError,
        NoXenError,
        StoreConnectionError,
        StoreError,
        StoreNotSupportedError,
        StorePermissionError,
        StoreTimeoutError,
        TransactionConflictError,
        XenError,
        XenInterruptedError,
        XenNotFoundError,
        XenPermissionError,
        XenTimeoutError,
    )
    from xensys.hypercalls.xen_version import Version
    from xensys.xen import Xen, open

__version__ = "0.1.0"

__all__ = [
    "EntryNotFoundError",
    "EventOverflowError",
    "ForeignMapError",
    "ForkedError",
    "GrantCopyError",
    "GrantMapError",
    "HazardError",
    "NoSuchDomainError",
    "NoXenError",
    "NodeNotFoundError",
    "NotSupportedError",
    "Probe",
    "StoreConnectionError",
    "StoreError",
    "StoreNotSupportedError",
    "StorePermissionError",
    "StoreTimeoutError",
    "TransactionConflictError",
    "Version",
    "Xen",
    "XenError",
    "XenInterruptedError",
    "XenNotFoundError",
    "XenPermissionError",
    "XenTimeoutError",
    "__version__",
    "abi",
    "open",
    "probe",
    "sim",
    "store",
    "testing",
]

_HOME = {
    "Probe": "xensys._probe",
    "Version": "xensys.hypercalls.xen_version",
    "Xen": "xensys.xen",
    "open": "xensys.xen",
    "probe": "xensys._probe",
}
_PACKAGES = frozenset(("abi", "sim", "store", "testing"))


if not TYPE_CHECKING:  # checkers would take any name for one of ours

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # import_module() would load importlib; this is what it comes down to.
        from sys import modules

        if name in _PACKAGES:
            __import__(f"xensys.{name}")
            return modules[f"xensys.{name}"]
        home = _HOME.get(name, "xensys.errors")
        __import__(home)
        value = getattr(modules[home], name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
