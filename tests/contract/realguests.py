"""Guests of real Xen, for tests: made by the box's own helper, /xenbox/guest.

Whoever wants one asks the `World`; see worlds.
"""

from __future__ import annotations

import atexit
import itertools
import os
import select
import socket
import subprocess
import threading
import time
import tty
from functools import cache

import xensys
from tests.twodomains.peers import RealPeer
from xensys.store import Store

FRAME = 4096
#: Seconds after which something that must happen has not: dom0 is emulated, and its host busy.
PATIENCE = 300.0
#: Of the box's paused guest, and of those made here: the same frames are there in all.
PAUSED_MEMORY = 96 << 20


@cache
def longest_run(domid: int, arch: str, memory: int) -> tuple[int, int]:
    """(first, count) of the guest's longest run of frames that can be mapped."""
    base = 0x40000 if arch == "arm64" else 0
    frames = range(base, base + memory // FRAME)
    with xensys.open() as xen, xen.foreign.map(domid, frames, partial=True) as found:
        index, mapping = max(found.runs, key=lambda run: len(run[1]))
        return base + index, len(mapping) // FRAME


_numbers = itertools.count()


def create(*argv: str) -> int:
    """Create a guest, by default one that is never started; its domid.

    Args:
        argv: for the helper, in place of --paused.
    """
    name = f"contract-{os.getpid()}-{next(_numbers)}"
    memory = str(PAUSED_MEMORY >> 20)
    return int(helper("create", name, "--memory", memory, *(argv or ("--paused",))))


def wait_until_gone(xen: xensys.Xen, domid: int) -> bool:
    """Give Xen a few seconds to let go of a dead domain that nobody maps."""
    for _ in range(100):
        try:
            xen.memory_op.current_reservation(domid)
        except xensys.NoSuchDomainError:
            return True
        time.sleep(0.1)
    return False


@cache
def dead_domid() -> int:
    """A domain that lived once."""
    domid = create()
    helper("destroy", str(domid))
    with xensys.open() as xen:
        # For a moment it is dying, and still found.
        assert wait_until_gone(xen, domid), f"domain {domid} stays"
    return domid


@cache
def peer(name: str, *, unrestricted: bool) -> RealPeer:
    """Made at the first use; gone when the tests are over, as the next ones need its memory."""
    pid = os.getpid()
    made = RealPeer(f"{name}-{pid}", helper, toolstack_environment(), unrestricted=unrestricted)
    atexit.register(lambda: made.destroy() if os.getpid() == pid else None)
    return made


def throwaway_peer() -> RealPeer:
    """One that a test may end."""
    name = f"throwaway-{next(_numbers)}-{os.getpid()}"
    return RealPeer(name, helper, toolstack_environment(), throwaway=True)


#: A guest's only process: passes bytes between its console and its XenStore device.
#: Whatever else might write there must be silent. cat ends when the device refuses something.
_TALK = b"""#!/bin/busybox sh
/bin/busybox mkdir -p /applets /dev
/bin/busybox --install -s /applets
export PATH=/applets
mount -t devtmpfs devtmpfs /dev
dmesg -n 1
stty raw -echo
exec 3<>/dev/xen/xenbus
printf 'ready\\n'
exec 2>/dev/null
cat <&3 &
while :; do cat >&3; done
"""


@cache
def talker() -> tuple[int, Store]:
    """A guest's domid, and its XenStore device as ours."""
    initrd = f"/run/xenbox/talk-{os.getpid()}.initrd"
    with open("/xenbox/guest-initrd", "rb") as base, open(initrd, "wb") as file:
        data = base.read()
        # Linux takes several archives, one after the other.
        file.write(data + bytes(-len(data) % 4) + _archived("talk", _TALK) + _archived("TRAILER!!!", b""))
    domid = create("--initrd", initrd, "--extra", "rdinit=/talk loglevel=0")
    with Store.open() as store:
        # xenconsoled makes it when it has found the guest.
        console = store.wait_for(f"/local/domain/{domid}/console/tty", bool, timeout=PATIENCE)
    assert console is not None
    terminal = os.open(console, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(terminal)
    said = b""
    while not said.endswith(b"ready\n"):
        assert select.select([terminal], [], [], 2 * PATIENCE)[0], f"the guest did not start: {said!r}"
        said += os.read(terminal, 4096)
    ours, theirs = socket.socketpair()
    threading.Thread(target=_relay, args=(theirs, terminal), daemon=True).start()
    store = Store.adopt(ours.detach(), device=True, timeout=PATIENCE)
    return domid, store


def _relay(sock: socket.socket, terminal: int) -> None:
    """Pass bytes on for as long as the process lives."""
    while True:
        for ready in select.select([sock.fileno(), terminal], [], [])[0]:
            if ready != terminal:
                data = sock.recv(4096)
                if not data:
                    return
                # To Linux's hvc console ^O is the SysRq key, and twice ^O is ^O.
                data = data.replace(b"\x0f", b"\x0f\x0f")
                while data:
                    data = data[os.write(terminal, data) :]
            else:
                sock.sendall(os.read(terminal, 4096))


def _archived(name: str, data: bytes) -> bytes:
    """A file of a cpio archive ("newc")."""
    path = name.encode() + b"\0"
    fields = (0, 0o100755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def toolstack_environment() -> dict[str, str]:
    """This process's; with Xen's libraries, where they have been moved away."""
    environment = dict(os.environ)
    moved = environment.get("XENSYS_CONTRACT_LIBXEN")
    if moved:
        environment["LD_LIBRARY_PATH"] = moved
    return environment


def helper(*argv: str) -> str:
    """What /xenbox/guest says; RuntimeError if it fails."""
    done = subprocess.run(
        ["/xenbox/guest", *argv],
        env=toolstack_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"guest {' '.join(argv)}: {done.stdout}{done.stderr}")
    return done.stdout
