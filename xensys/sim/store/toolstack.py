"""What a toolstack leaves in the store: modestly, after libxl's libxl__domain_make() and xen-init-dom0."""

from __future__ import annotations

from xensys.sim.store.nodes import NONE, READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain
    from xensys.sim.store.daemon import Store
    from xensys.sim.store.nodes import Permissions

# Directories that a guest may read, and nodes that are the guest's own.
_READABLE = ("cpu", "memory", "device", "control")
_OWN = (
    "control/shutdown", "control/feature-poweroff", "control/feature-reboot", "control/feature-suspend",
    "control/sysrq", "data", "drivers", "feature", "attr", "error",
)  # fmt: skip


def create(store: Store, domain: Domain) -> None:
    """A domain's nodes, before it is introduced."""
    base = f"/local/domain/{domain.domid}"
    kib = str(domain.memory.total * 4)
    if domain.domid == 0:
        _put(store, f"{base}/domid", "0")
        _put(store, f"{base}/name", domain.name)
        _put(store, f"{base}/memory/target", kib)
        _put(store, f"{base}/memory/static-max", kib)
        return
    domid = domain.domid
    uuid = _uuid(domain.uuid)
    readable: Permissions = ((0, NONE), (domid, READ))
    own: Permissions = ((domid, NONE),)
    store.accounted(domid)
    _put(store, base, "", readable)
    _put(store, f"/vm/{uuid}", "", readable)
    _put(store, f"/libxl/{domid}", "", ((0, NONE),))
    _put(store, f"{base}/vm", f"/vm/{uuid}")
    _put(store, f"{base}/name", domain.name)
    for name in _READABLE:
        _put(store, f"{base}/{name}", "", readable)
    for name in _OWN:
        _put(store, f"{base}/{name}", "", own)
    _put(store, f"/vm/{uuid}/uuid", uuid)
    _put(store, f"/vm/{uuid}/name", domain.name)
    _put(store, f"{base}/control/platform-feature-multiprocessor-suspend", "1")
    _put(store, f"{base}/control/platform-feature-xs_reset_watches", "1")
    _put(store, f"/libxl/{domid}/type", domain.kind)
    _put(store, f"{base}/memory/static-max", kib)
    _put(store, f"{base}/memory/target", kib)
    _put(store, f"{base}/memory/videoram", "0")
    _put(store, f"{base}/domid", str(domid))
    _put(store, f"{base}/store/port", "1")
    _put(store, f"{base}/store/ring-ref", "1")
    for vcpu in range(domain.vcpus):
        _put(store, f"{base}/cpu/{vcpu}/availability", "online")


def remove(store: Store, domid: int, uuid: bytes) -> None:
    """What `xl destroy` removes, in its order."""
    for path in (f"/vm/{_uuid(uuid)}", f"/local/domain/{domid}", f"/libxl/{domid}"):
        if path.encode() in store.nodes:
            store.remove_node(path)


def _put(store: Store, path: str, value: str, permissions: Permissions | None = None) -> None:
    store.put_node(path, value, permissions)


def _uuid(handle: bytes) -> str:
    text = handle.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
