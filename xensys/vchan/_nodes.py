"""Where the ends of a vchan find each other: two nodes in XenStore.

Scripts (see `xensys.store._scripts`), for both faces: over a transaction.
"""

from __future__ import annotations

from xensys.errors import NodeNotFoundError
from xensys.store._handshake import _number
from xensys.store.permissions import Permission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xensys.store._scripts import Script

REF, PORT = "ring-ref", "event-channel"
_U32 = 0xFFFF_FFFF


def publishing(t: Any, path: str, domid: int, ref: int, port: int) -> Script[bool]:
    """Write both nodes, for `domid` to read; whether there was such a directory before."""
    existed: bool = yield t.exists(path)
    owner = -1
    try:  # noqa: SIM105  # contextlib is not loaded for this
        owner = yield from _number(t, "domid", 0, 0x7FEF)
    except NodeNotFoundError:
        pass  # whoever built this domain has not written it: the daemon's own choice
    for name, value in ((REF, ref), (PORT, port)):
        node = f"{path}/{name}"
        yield t.write(node, b"%d" % value)
        if owner < 0:
            owner = (yield t.get_permissions(node))[0].domid
        yield t.set_permissions(node, [Permission(owner), Permission(domid, read=True)])
    return existed


def looking_up(t: Any, path: str) -> Script[tuple[int, int]]:
    """(grant reference of the page, port) that a server has published.

    Raises:
        PeerError: EPROTO, what is there makes no sense.
    """
    ref = yield from _number(t, f"{path}/{REF}", 1, _U32)
    port = yield from _number(t, f"{path}/{PORT}", 1, _U32)
    return ref, port


def withdrawing(t: Any, path: str, ref: int, port: int, *, directory: bool) -> Script[None]:
    """Remove the nodes, unless another server has put its own there by now.

    Args:
        directory: remove that as well, if nothing else is in it.
    """
    for name, value in ((REF, ref), (PORT, port)):
        try:
            found: bytes = yield t.read(f"{path}/{name}")
        except NodeNotFoundError:
            return  # somebody has tidied up
        if found != b"%d" % value:
            return
    for name in (REF, PORT):
        yield t.rm(f"{path}/{name}")
    if directory and not (yield t.directory(path)):
        yield t.rm(path)
