"""`demo`: the main job, shown on what is there.

On a Xen host it uses the real thing, elsewhere a simulated machine, and says
which.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import xensys
from xensys.errors import ForeignMapError, NoSuchDomainError, NoXenError, XenError
from xensys.memory.foreign import FRAME_SIZE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from xensys.memory.foreign import PartialMapping

#: What the simulated guest has in its memory.
_SIMULATED_WORD = "Hello from a simulated guest."

#: Frames looked at one by one before it is decided whether to map their neighbours.
_STRIDE = 512

#: Frames mapped at once.
_CHUNK = 2048

#: Domids tried, as there is no stable hypercall that lists them before Xen 4.21.
_DOMIDS = range(1, 128)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo",
        help="version, a guest's memory mapped and searched, a partial map, a buffer's life",
    )
    parser.add_argument("--sim", action="store_true", help="use a simulated machine even on a Xen host")
    parser.add_argument(
        "--domid",
        type=int,
        default=_from_environment("XENBOX_RUNNING_DOMID"),
        help="the guest to look at (default: the first there is)",
    )
    parser.add_argument(
        "--find",
        metavar="WORD",
        default=os.environ.get("XENBOX_WORD"),
        help="what to search its memory for",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show it all, on the machine that is there."""
    why = "as asked"
    try:
        xen = xensys.open(xensys.sim.Machine().dom0 if arguments.sim else None)
    except NoXenError:
        why = "there is no Xen here"
        xen = xensys.open(xensys.sim.Machine().dom0)
    with xen:
        if xen.simulated:
            print(f"This is a SIMULATED machine ({why}): a model of Xen within this process.")
            arguments.find = _SIMULATED_WORD
            arguments.domid = None
        else:
            print("This is a real Xen.")
        _show_version(xen)
        _show_buffer(xen)
        domid = arguments.domid if arguments.domid is not None else _first_guest(xen)
        if domid is None:
            print("\nNo guest runs here: no foreign memory to show.")
            return 0
        found = _show_search(xen, domid, arguments.find)
        _show_partial(xen, domid)
    return 0 if found else 1


def _show_version(xen: xensys.Xen) -> None:
    print(f"\nxen.version()               {xen.version()}")
    print(f"  .version() >= (4, 17)     {xen.version() >= (4, 17)}")
    print(f"xen.features()              {', '.join(sorted(xen.features()))}")
    print(f"xen.xen_version.changeset() {xen.xen_version.changeset()}")
    own = xen.memory_op.current_reservation()
    print(f"xen.memory_op.current_reservation() {own} pages of 4 KiB, this domain's")


def _show_buffer(xen: xensys.Xen) -> None:
    source = "anonymous, locked memory" if xen.buffers.may_fault else "/dev/xen/hypercall"
    print(f"\nA hypercall buffer (memory from {source}):")
    buffer = xen.buffers.alloc(1024)
    length = xen.hypercall(17, 3, buffer)  # xen_version(XENVER_capabilities)
    text = buffer[:].partition(b"\0")[0].decode()
    print(f"  at {buffer.address:#x}; capabilities through the raw door: {text.strip()!r} ({length})")
    view = buffer.view()
    try:
        buffer.free()
    except BufferError as refusal:
        print(f"  free() under a live view: BufferError: {refusal}")
    view.release()
    buffer.free()
    print("  view released: freed")


def _show_search(xen: xensys.Xen, domid: int, word: str | None) -> bool:
    print(f"\nThe memory of domain {domid}:")
    pages = xen.memory_op.current_reservation(domid)
    last = xen.memory_op.maximum_gpfn(domid)
    print(f"  {pages} pages, frames up to {last:#x}")
    mapped = 0
    first: tuple[int, bytes] | None = None
    hits = 0
    wanted = word.encode() if word else None
    for part in _populated(xen, domid, last):
        mapped += len(part.frames) - len(part.failed)
        if wanted is None:
            continue
        at = part.find(wanted)
        while at >= 0:
            hits += 1
            if first is None:
                first = part.frames[at // FRAME_SIZE], _around(part, at, len(wanted))
            at = part.find(wanted, at + 1)
    print(f"  {mapped} frames mapped and read")
    if wanted is None:
        print("  (--find WORD searches them)")
        return True
    if first is None:
        print(f"  {word!r} was not found")
        return False
    print(f"  found {word!r} {hits} time(s), first in frame {first[0]:#x}: {first[1]!r}")
    return True


def _populated(xen: xensys.Xen, domid: int, last: int) -> Iterator[PartialMapping]:
    """The guest's memory, part by part, with the large holes left out."""
    with xen.foreign.map(domid, range(0, last + 1, _STRIDE), partial=True) as samples:
        there = [frame for frame in samples.frames if frame not in samples.errors]
    for at in range(0, len(there), _CHUNK // _STRIDE):
        starts = there[at : at + _CHUNK // _STRIDE]
        frames = [frame for start in starts for frame in range(start, min(start + _STRIDE, last + 1))]
        with xen.foreign.map(domid, frames, partial=True) as part:
            yield part


def _around(part: PartialMapping, at: int, length: int) -> bytes:
    page = at // FRAME_SIZE * FRAME_SIZE
    return part[max(page, at - 8) : min(page + FRAME_SIZE, at + length + 8)]


def _show_partial(xen: xensys.Xen, domid: int) -> None:
    beyond = xen.memory_op.maximum_gpfn(domid) + 0x1000
    with xen.foreign.map(domid, range(0, beyond, _STRIDE), partial=True) as samples:
        good = next((frame for frame in samples.frames if frame not in samples.errors), None)
    if good is None:
        print("\nNone of its frames can be mapped: no partial map to show.")
        return
    frames = [good, beyond, good]
    print(f"\nFrames {', '.join(map(hex, frames))} of it, of which one is not there:")
    try:
        xen.foreign.map(domid, frames)
    except ForeignMapError as error:
        print("  all or nothing: " + str(error).replace("\n", "\n    "))
    with xen.foreign.map(domid, frames, partial=True) as part:
        for frame, number in part.errors.items():
            print(f"  partial: {frame:#x} → {errno.errorcode[number]}; runs: {len(part.runs)}")
        try:
            part[FRAME_SIZE]
        except ForeignMapError as error:
            print(f"  reading where it is not: {type(error).__name__}, and no SIGBUS")


def _first_guest(xen: xensys.Xen) -> int | None:
    for domid in _DOMIDS:
        try:
            xen.memory_op.current_reservation(domid)
        except NoSuchDomainError:
            continue
        except XenError:
            return None
        return domid
    return None


def _from_environment(name: str) -> int | None:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else None
