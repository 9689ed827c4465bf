"""What a toolstack makes in XenStore for a device of a guest's."""

from __future__ import annotations

from xensys.store import Store


def make_device(store: Store, guest: int, device: str, index: int) -> None:
    """Both ends' directories, as libxl makes them: neither end has said anything yet."""
    front, back = _directories(guest, device, index)
    with store.transaction() as t:
        for path, entries in ((front, [f"n{guest}", "r0"]), (back, ["n0", f"r{guest}"])):
            t.mkdir(path)
            t.set_permissions(path, entries)
        t.write(f"{front}/backend", back)
        t.write(f"{front}/backend-id", "0")
        t.write(f"{front}/state", "1")
        t.write(f"{back}/frontend", front)
        t.write(f"{back}/frontend-id", f"{guest}")
        t.write(f"{back}/state", "1")


def remove_device(store: Store, guest: int, device: str, index: int) -> None:
    """It is gone."""
    for path in _directories(guest, device, index):
        store.rm(path)


def _directories(guest: int, device: str, index: int) -> tuple[str, str]:
    return (
        f"/local/domain/{guest}/device/{device}/{index}",
        f"/local/domain/0/backend/{device}/{guest}/{index}",
    )
