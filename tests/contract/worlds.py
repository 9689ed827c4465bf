"""The two worlds the contract tests run in: a simulated machine, and real Xen in QEMU.

A test gets a `World` and cannot tell which one it is. Real Xen is the one that
is right: where the two differ, the simulator or the test is at fault.

    XENBOX_TARGET              set by tools/xenbox: real Xen, that target
    XENSYS_CONTRACT_TARGET     the target to simulate, else (default amd64-4.20)
    XENSYS_CONTRACT_FALLBACK   1: there is no /dev/xen/hypercall (on real Xen
                               the runner has removed it)
    XENSYS_CONTRACT_LIBXEN     where the runner has moved Xen's libraries to:
                               the guest helper, and nothing else, is told
"""

from __future__ import annotations

import os
import secrets
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import xensys
from tests.contract import realguests
from tests.contract.realguests import FRAME, PATIENCE, PAUSED_MEMORY
from tests.twodomains.peers import Peer, RealPeer, SimPeer
from xensys.kernel import Kernel, host
from xensys.store import Store

#: The ways from dom0 to XenStore, and where each is.
WAYS = {"socket": "/run/xenstored/socket", "device": "/dev/xen/xenbus"}
#: A domid that never was (the last one that is no reserved one).
NEVER = 0x7FEF
SELF = 0x7FF0


@dataclass(frozen=True)
class Target:
    """What is under test, in either world.

    Attributes:
        name: as in tools/xenbox.
        arch: "x86_64" or "arm64".
        xen, linux: releases.
        translated: whether dom0's frame numbers are its own (all but PV).
        ioreq: whether this Xen has ioreq servers, and with them all of dm_op.
        argo: whether it has argo_op, and a ring without a named partner is given to all.
    """

    name: str
    arch: str
    xen: tuple[int, int]
    linux: tuple[int, int]
    translated: bool
    ioreq: bool
    argo: bool = False

    @property
    def silo(self) -> bool:
        """Whether XSM keeps guests apart (its SILO policy), as Xen's default build for arm does."""
        return self.arch == "arm64"


TARGETS = {
    target.name: target
    for target in (
        Target("amd64-4.20", "x86_64", (4, 20), (6, 12), translated=False, ioreq=True),
        Target("arm64-4.20", "arm64", (4, 20), (6, 12), translated=True, ioreq=False),
        Target("amd64-4.17", "x86_64", (4, 17), (6, 1), translated=False, ioreq=True),
        Target("amd64-4.20-full", "x86_64", (4, 20), (6, 12), translated=False, ioreq=True, argo=True),
        Target("arm64-4.20-full", "arm64", (4, 20), (6, 12), translated=True, ioreq=True, argo=True),
    )
}


@dataclass
class Guest:
    """A domain other than our own.

    Attributes:
        domid: its number.
        first, populated: its longest run of frames that are there.
        word: bytes that lie in its memory, page-aligned, more than once.
    """

    domid: int
    first: int
    populated: int
    word: bytes = b""

    #: A frame number that is surely not populated: 1 TiB into its memory.
    HOLE = 1 << 28

    @property
    def hole(self) -> int:
        """A frame that is not there."""
        return self.HOLE

    def frames(self, count: int) -> range:
        """Frames that are there, in a row."""
        assert count <= self.populated, f"{self} has not {count} frames in a row"
        return range(self.first, self.first + count)

    def many(self, count: int) -> Sequence[int]:
        """As `frames`, over and over if the guest has not that many."""
        if count <= self.populated:
            return self.frames(count)
        return [self.first + index % self.populated for index in range(count)]


@dataclass
class Throwaway(Guest):
    """A domain that the test may do anything to."""

    def destroy(self) -> None:
        """Kill it; what we map of it keeps it a zombie."""
        raise NotImplementedError


@dataclass
class Talker:
    """A guest that asks XenStore what a test wants it to ask.

    Attributes:
        domid: its number.
        store: its own connection. Not to be closed, and for one request at a time; no
            request that its kernel refuses (a watch too many): no answer would come.
    """

    domid: int
    store: Store

    @property
    def home(self) -> str:
        """What its relative paths are relative to."""
        return f"/local/domain/{self.domid}"


class World:
    """Where a test runs.

    Attributes:
        target: what is under test.
        fallback: whether there is no hypercall buffer device.
        kernel: what to hand to `xensys.open`.
        running: a guest that runs and holds a word in its memory.
        paused: a guest that was never started: its memory changes only by us.
    """

    target: Target
    fallback: bool
    kernel: Kernel
    running: Guest
    paused: Guest
    features: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._opened: list[xensys.Xen | Store] = []
        self._peers: list[SimPeer | RealPeer] = []

    def has(self, feature: str) -> bool:
        """Whether this world can show something; see skips.toml."""
        assert feature in FEATURES, feature
        return feature in self.features

    @cached_property
    def xen(self) -> xensys.Xen:
        """An open Xen of the test's own."""
        return self.open()

    def open(self) -> xensys.Xen:
        """One more; all are closed after the test."""
        xen = xensys.open(kernel=self.kernel)
        self._opened.append(xen)
        return xen

    def store(self, way: str) -> Store:
        """One more connection to XenStore; all are closed after the test.

        Args:
            way: a key of `WAYS`.
        """
        store = Store.open(WAYS[way], kernel=self.kernel, timeout=PATIENCE)
        self._opened.append(store)
        return store

    def talker(self) -> Talker:
        """A guest that talks to XenStore; on real Xen the same one for all tests."""
        raise NotImplementedError

    def peer(self) -> Peer:
        """A guest whose Python process does what the test asks; its kernel lets any hypercall pass.

        On real Xen the same guest for all tests, whose process has let go of all that an
        earlier one had it do.
        """
        raise NotImplementedError

    def restricted_peer(self) -> Peer:
        """Another one, whose kernel lets no hypercall pass, as is the default since XSA-482."""
        raise NotImplementedError

    def throwaway_peer(self) -> Peer:
        """One of the test's own, to be destroyed; expensive on real Xen."""
        raise NotImplementedError

    @property
    def dead_domid(self) -> int:
        """A domain that lived once."""
        raise NotImplementedError

    def throwaway(self) -> Any:
        """A context manager that gives a `Throwaway`; expensive on real Xen."""
        raise NotImplementedError

    def page_out(self, guest: Guest, gfns: Sequence[int], *, for_calls: int) -> None:
        """Have frames found paged out, so many times. Feature "paging"."""
        raise NotImplementedError

    def let_deliver(self) -> None:
        """Give Xen and the kernel the time to deliver an event."""
        raise NotImplementedError

    def raise_debug_virq(self) -> None:
        """Have Xen raise VIRQ_DEBUG for every vCPU of every domain."""
        raise NotImplementedError

    def mapped_ranges(self) -> list[str]:
        """The lines of /proc/self/maps that are other domains' memory, or would be."""
        raise NotImplementedError

    def wait_until_gone(self, domid: int) -> bool:
        """Give Xen a few seconds to let go of a dead domain that nobody maps."""
        return realguests.wait_until_gone(self.xen, domid)

    def close(self) -> None:
        """End of the test."""
        for opened in self._opened:
            opened.close()
        for peer in self._peers:
            peer.close()

    def misdeeds(self) -> list[str]:
        """What the test has done that it must not, seen after its end."""
        return [f"still mapped: {line}" for line in self.mapped_ranges()]


#: What tests may say they need. Everything not named here all worlds have.
FEATURES = {
    "paging": "frames that are paged out and come back",
    "scattered-65536": "as many mappings in one process as that takes",
}


# --- the simulated machine ----------------------------------------------------

_RUNNING_MEMORY = 300 << 20
_PEER_MEMORY = 64 << 20


class SimWorld(World):
    """A simulated machine that looks like xenbox's."""

    def __init__(self, target: Target, *, fallback: bool) -> None:
        super().__init__()
        from xensys.sim import Machine

        self.target = target
        self.fallback = fallback
        self.machine = Machine(
            xen=target.xen,
            arch=target.arch,
            dom0="pvh" if target.translated else "pv",
            guests=False,
            linux=target.linux,
            hypercall_device=not fallback,
            ioreq_server=target.ioreq,
            argo="mac-permissive" if target.argo else None,
        )
        self.kernel = self.machine.dom0
        if not target.translated:
            self.features = frozenset({"paging"})
        running = self.machine.add_domain(name="running", memory=_RUNNING_MEMORY)
        word = f"sim-{secrets.token_hex(12)}".encode()
        for page in range(64):
            gfn = running.first_gfn + 0x1234 + page
            running.memory.write(gfn * FRAME, word)
        _grant_rings(running)
        self.running = Guest(running.domid, running.first_gfn, _RUNNING_MEMORY // FRAME, word)
        paused = self.machine.add_domain(name="paused", memory=PAUSED_MEMORY, paused=True)
        self.paused = Guest(paused.domid, paused.first_gfn, PAUSED_MEMORY // FRAME)

    def store(self, way: str) -> Store:
        from xensys.sim.clock import RealClock

        # Threads of such a test wait for each other: no time may pass at once.
        self.machine.clock = RealClock()
        return super().store(way)

    def talker(self) -> Talker:
        kernel = self.machine.domains[self.running.domid].kernel()
        store = Store.open(WAYS["device"], kernel=kernel, timeout=PATIENCE)
        self._opened.append(store)
        return Talker(self.running.domid, store)

    def _new_peer(self, *, unrestricted: bool = True) -> SimPeer:
        from xensys.sim.clock import RealClock

        # Two threads that wait for each other: no time may pass at once.
        self.machine.clock = RealClock()
        domain = self.machine.add_domain(memory=_PEER_MEMORY)
        peer = SimPeer(domain, domain.kernel(unrestricted=unrestricted))
        self._peers.append(peer)
        return peer

    @cached_property
    def _usual_peer(self) -> SimPeer:
        return self._new_peer()

    @cached_property
    def _restricted_peer(self) -> SimPeer:
        return self._new_peer(unrestricted=False)

    def peer(self) -> Peer:
        return self._usual_peer

    def restricted_peer(self) -> Peer:
        return self._restricted_peer

    def throwaway_peer(self) -> Peer:
        return self._new_peer()

    @cached_property
    def dead_domid(self) -> int:
        domain = self.machine.add_domain()
        domain.destroy()
        return domain.domid

    @contextmanager
    def throwaway(self) -> Iterator[Throwaway]:
        machine = self.machine
        domain = machine.add_domain(memory=PAUSED_MEMORY, paused=True)
        _special_pages(domain)

        class SimThrowaway(Throwaway):
            def destroy(self) -> None:
                if domain.domid in machine.domains:
                    domain.destroy()

        guest = SimThrowaway(domain.domid, domain.first_gfn, PAUSED_MEMORY // FRAME)
        try:
            yield guest
        finally:
            guest.destroy()

    def page_out(self, guest: Guest, gfns: Sequence[int], *, for_calls: int) -> None:
        self.machine.domains[guest.domid].page_out(gfns, for_calls=for_calls)

    def let_deliver(self) -> None:
        """Nothing to wait for: it is delivered before the call returns."""

    def raise_debug_virq(self) -> None:
        for domain in self.machine.domains.values():
            self.machine.event_channels.raise_virq(domain, 1)

    def mapped_ranges(self) -> list[str]:
        return _maps(("/memfd:xensim:domain-", "/memfd:xensim:sigbus"))

    def misdeeds(self) -> list[str]:
        bad = [f"memory that Xen must not be given: {v}" for v in self.machine.violations]
        return super().misdeeds() + bad


def _special_pages(domain: Any) -> None:
    """What an x86 toolstack sets aside for ioreq servers' pages, and tells Xen that it is free."""
    if domain.kind != "arm":
        for param, gfn in ((5, 0xFEFFD), (6, 0xFEFFB)):
            domain.memory.place(gfn, domain.memory.new_slot())
            domain.hvm_params[param] = gfn
            domain.old_ioreq_pages.add(param)


def _grant_rings(domain: Any) -> None:
    """What a toolstack puts into a guest's grant table: its console and XenStore rings."""
    for entry, param in ((0, 17), (1, 1)):
        raw = struct.pack("<HHI", 1, 0, domain.hvm_params[param])
        os.pwrite(domain.memory.fd, raw, domain.grant_slots[0] * FRAME + 8 * entry)


# --- real Xen -----------------------------------------------------------------


class RealWorld(World):
    """Dom0 of a real Xen, in tools/xenbox."""

    features = frozenset({"scattered-65536"})

    def __init__(self, target: Target, *, fallback: bool) -> None:
        super().__init__()
        self.target = target
        self.fallback = fallback
        self.kernel = host()

    # Looked at when a test asks: a box may have been started without guests.

    @cached_property
    def running(self) -> Guest:  # type: ignore[override]
        domid = int(os.environ["XENBOX_RUNNING_DOMID"])
        run = realguests.longest_run(domid, self.target.arch, 128 << 20)
        return Guest(domid, *run, os.environ["XENBOX_WORD"].encode())

    @cached_property
    def paused(self) -> Guest:  # type: ignore[override]
        domid = int(os.environ["XENBOX_PAUSED_DOMID"])
        return Guest(domid, *realguests.longest_run(domid, self.target.arch, PAUSED_MEMORY))

    def talker(self) -> Talker:
        talker = Talker(*realguests.talker())
        if not talker.store.connected:
            # A failed test has left it so; the next one shall not fail for that.
            talker.store.close()
            realguests.talker.cache_clear()
            talker = Talker(*realguests.talker())
        return talker

    def peer(self) -> Peer:
        return self._with(realguests.peer("peer", unrestricted=True))

    def restricted_peer(self) -> Peer:
        return self._with(realguests.peer("restricted", unrestricted=False))

    def throwaway_peer(self) -> Peer:
        return self._with(realguests.throwaway_peer())

    def _with(self, peer: RealPeer) -> Peer:
        self._peers.append(peer)
        return peer

    @property
    def dead_domid(self) -> int:
        return realguests.dead_domid()

    @contextmanager
    def throwaway(self) -> Iterator[Throwaway]:
        domid = realguests.create()
        # Created as the paused guest was: the same frames are there.
        guest = RealThrowaway(domid, self.paused.first, self.paused.populated)
        try:
            yield guest
        finally:
            guest.destroy()

    def let_deliver(self) -> None:
        time.sleep(0.003)

    def raise_debug_virq(self) -> None:
        # What the 'q' key of Xen's console does, besides printing.
        subprocess.run(["xl", "debug-keys", "q"], env=realguests.toolstack_environment(), check=True)

    def mapped_ranges(self) -> list[str]:
        return _maps(("/dev/xen/privcmd", "/proc/xen/privcmd", "/dev/xen/gntdev", "/dev/xen/gntalloc"))


class RealThrowaway(Throwaway):
    """Destroyed by the toolstack, at most once."""

    _gone = False

    def destroy(self) -> None:
        if not self._gone:
            self._gone = True
            realguests.helper("destroy", str(self.domid))


# --- which --------------------------------------------------------------------


def is_real() -> bool:
    """Whether we run on real Xen."""
    return "XENBOX_TARGET" in os.environ


def target() -> Target:
    """What is under test."""
    if is_real():
        return TARGETS[os.environ["XENBOX_TARGET"]]
    return TARGETS[os.environ.get("XENSYS_CONTRACT_TARGET", "amd64-4.20")]


def is_fallback() -> bool:
    """Whether the run is one without the buffer device."""
    return os.environ.get("XENSYS_CONTRACT_FALLBACK", "") not in ("", "0")


def make() -> World:
    """The world of one test."""
    kind = RealWorld if is_real() else SimWorld
    return kind(target(), fallback=is_fallback())


def _maps(names: tuple[str, ...]) -> list[str]:
    with open("/proc/self/maps") as maps:
        return [line.rstrip() for line in maps if any(name in line for name in names)]
