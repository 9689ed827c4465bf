"""What must be after a soak as it was before: descriptors, mappings, ports, grants."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xensys

if TYPE_CHECKING:
    from xensys.xen import Xen

_PORTS = 1024
_DEVICE = re.compile(r"/dev/xen/\S+|/memfd:xensim:\S+")


def snapshot(xen: Xen, grants: Any) -> dict[str, Any]:
    """The state, part by part.

    Args:
        grants: gives the grant tables, as whatever can be compared.
    """
    return {
        "descriptors": _descriptors(),
        "mappings": _mappings(),
        "ports": _ports(xen),
        "grants": grants(),
        "maps": len(xen.maps_of(0)),
        "buffers": sum(slab.pages for slab in xen.buffers._slabs),
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is not as it was."""
    return [
        f"{part}: was {_short(before[part], after[part])}" for part in before if before[part] != after[part]
    ]


def _short(before: Any, after: Any) -> str:
    if isinstance(before, Counter):
        return f"less {dict(before - after)}, more {dict(after - before)}"
    if isinstance(before, dict):
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        return ", ".join(f"{key}: {before.get(key)} -> {after.get(key)}" for key in sorted(changed)[:10])
    return f"{before!r}, is {after!r}"


def _descriptors() -> Counter[str]:
    names: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        try:
            names[re.sub(r"\d{3,}", "N", os.readlink(f"/proc/self/fd/{name}"))] += 1
        except OSError:
            continue  # the directory's own
    return names


def _mappings() -> Counter[str]:
    with open("/proc/self/maps") as maps:
        return Counter(match[0] for line in maps if (match := _DEVICE.search(line)))


def _ports(xen: Xen) -> dict[int, str]:
    """Port → its status, as Xen has it, of every one that is not closed."""
    found: dict[int, str] = {}
    for port in range(_PORTS):
        try:
            status = xen.event_channel_op.status(port)
        except xensys.XenError as error:
            if error.errno == errno.EINVAL:
                break  # beyond those that this domain has
            raise
        if status.kind != "closed":
            found[port] = repr(status)
    return found


#: An entry of the dump: reference, domain, machine frame, pins, domain, frame, flags.
_ENTRY = re.compile(r"\[0x\w+\]\s+(\d+) 0x\w+ (0x\w+)\s+(\d+) 0x\w+ (0x\w+)")


def xens_dump() -> Counter[str]:
    """Xen's own word on all grant tables: `xl debug-keys g`, `xl dmesg`."""
    xl = shutil.which("xl", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or _found_xl()
    subprocess.run([xl, "dmesg", "-c"], check=True, capture_output=True)
    subprocess.run([xl, "debug-keys", "g"], check=True)
    said = subprocess.run(
        [xl, "dmesg"], check=True, capture_output=True, text=True, errors="replace"
    ).stdout
    return read_dump(said)


def read_dump(said: str) -> Counter[str]:
    """What gnttab_usage_print_all() has printed (xen/common/grant_table.c).

    References and frames of what is given back and taken again are others: how
    many entries there are, whose, how pinned and with which flags must not be.
    """
    begun, _, rest = said.rpartition("gnttab_usage_print_all [")
    body, ended, _ = rest.partition("gnttab_usage_print_all ] done")
    assert begun or body, f"Xen has said nothing of grants: {said[-500:]!r}"
    assert ended, f"Xen's console lost the end of it: {said[-500:]!r}"
    lines: Counter[str] = Counter()
    for line in body.splitlines()[1:]:
        entry = _ENTRY.search(line)
        if entry is not None:
            lines["entry of d{}, pins {}, for d{}, flags {}".format(*entry.groups())] += 1
        else:
            lines[re.sub(r"^\(XEN\)\s*(\[[^]]*\])?\s*", "", line).strip()] += 1
    return lines


def _found_xl() -> str:
    """Debian keeps it with its release of Xen."""
    (path, *_) = sorted(Path("/usr/lib").glob("xen-*/bin/xl"))
    return str(path)


def simulated_dump(machine: Any) -> dict[int, tuple[int, int, int]]:
    """Domain → entries of its grant table that are in use, those that others have pinned, its handles."""
    return {
        domid: (
            sum(1 for ref in range(domain.grants.entries) if domain.grants.entry(ref).flags),
            len(domain.grants.active),
            len(domain.grants.handles),
        )
        for domid, domain in machine.domains.items()
    }
