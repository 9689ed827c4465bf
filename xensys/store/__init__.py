"""XenStore: the tree of small values that domains and their toolstack share.

    protocol     messages as bytes, without I/O: requests, the decoder, limits, errors by name
    permissions  who may read and write a node
    plans, trees what each call does, as generators that a client drives
    session      one connection without I/O: which reply is whose, which event
    watches      the queue of a watch's events, and the watch that waits for them
    transports   socket and device: how bytes travel, and where to find them
    connection   transport and session, for many threads
    mapping      paths to values
    client, transactions, verbs   `open()`, `Store`, `Transaction`
    pyxs         the client of pyxs, for programs that use that
    xenbus       the two ends of a device: states, hand-shake
    aio, aio_xenbus   `client` and `xenbus` for asyncio, which they load; the other aio_… are parts of `aio`

Names are resolved on first use.

Rules come from Xen's docs/misc/xenstore.txt; where the two daemons differ from
it or from each other (tools/xenstored, in C; tools/ocaml/xenstored,
"oxenstored"), it is said at the place.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.store import aio as aio
    from xensys.store import aio_xenbus as aio_xenbus
    from xensys.store import pyxs as pyxs
    from xensys.store import xenbus as xenbus
    from xensys.store.client import Store, open
    from xensys.store.permissions import Permission
    from xensys.store.protocol import DEVICE_LIMIT, SOCKET_LIMIT, Decoder, Message, Request
    from xensys.store.transactions import Transaction
    from xensys.store.trees import Node, Walk
    from xensys.store.watches import Event, Watch

__all__ = [
    "DEVICE_LIMIT",
    "SOCKET_LIMIT",
    "Decoder",
    "Event",
    "Message",
    "Node",
    "Permission",
    "Request",
    "Store",
    "Transaction",
    "Walk",
    "Watch",
    "open",
]

_HOME = {
    "Event": "watches",
    "Node": "trees",
    "Permission": "permissions",
    "Store": "client",
    "Transaction": "transactions",
    "Walk": "trees",
    "Watch": "watches",
    "open": "client",
}
_MODULES = frozenset(
    (
        "aio",
        "aio_xenbus",
        "client",
        "connection",
        "mapping",
        "permissions",
        "plans",
        "protocol",
        "pyxs",
        "session",
        "transactions",
        "transports",
        "trees",
        "watches",
        "xenbus",
    )
)


def __getattr__(name: str) -> object:
    # import_module() would load importlib; this is what it comes down to.
    from sys import modules

    if name in _MODULES:
        __import__(f"{__name__}.{name}")
        return modules[f"{__name__}.{name}"]
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = f"{__name__}.{_HOME.get(name, 'protocol')}"
    __import__(home)
    value = getattr(modules[home], name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
