"""Where a campaign takes place: a simulated machine, or the daemon of this one."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.daemons import serving
from xensys.kernel import Kernel, host
from xensys.sim import Machine
from xensys.store import Store

__all__ = ["Place", "RealWorld", "SimWorld", "World", "rules_of"]

DIFFERENCES = Path(__file__).parents[1] / "daemons" / "differences.toml"
WAYS = {"socket": "/run/xenstored/socket", "device": "/dev/xen/xenbus"}
#: Seconds for what must happen; dom0 is emulated, and its host busy.
PATIENCE = 30.0


def rules_of(daemon: str) -> dict[str, Any]:
    """What a daemon does wherever the two differ.

    Args:
        daemon: "c" or "oxenstored".
    """
    with DIFFERENCES.open("rb") as file:
        return {entry["name"]: entry[daemon] for entry in tomllib.load(file)["campaign"]}


class Place(NamedTuple):
    """Where a connection is made from.

    Attributes:
        way: a key of `WAYS`.
        domid: the domain.
    """

    way: str
    domid: int


class World:
    """What is under test.

    Attributes:
        rules: see `rules_of`.
        release: the daemon's.
        places: of its connections.
        real: whether other things happen on it too.
    """

    rules: Mapping[str, Any]
    release: tuple[int, int]
    places: list[Place]
    real = False

    def fresh(self, late_events: bool) -> None:
        """Before each game."""

    def connect(self, place: Place) -> Store:
        """A new connection."""
        raise NotImplementedError

    def check(self) -> None:
        """At the end of each game."""

    def top(self) -> str:
        """A path that nobody else uses, in dom0's home: relative paths reach it too."""
        return f"/local/domain/0/campaign-{secrets.token_hex(4)}"

    def known(self) -> tuple[frozenset[int], Mapping[int, int]]:
        """The domains there are, and how many nodes each owns."""
        with self.connect(self.places[0]) as store:
            nodes = store.walk("/", permissions=True)
            owned = Counter(node.permissions[0].domid for node in nodes if node.permissions)
            return frozenset(domid for domid in range(16) if store.is_introduced(domid)), owned


class SimWorld(World):
    """A simulated machine, a new one for each game: dom0 on both ways, and two guests.

    Attributes:
        machine: of the game that goes on.
    """

    def __init__(
        self,
        release: tuple[int, int] = (4, 20),
        way: str | None = None,
        *,
        rules: Mapping[str, Any] | None = None,
    ) -> None:
        self.release = release
        self.rules = rules or rules_of("c")
        self.places = [Place(name, 0) for name in ("socket", "device") if way in (None, name)] * 2
        # 4.17's daemon can be ended by what guests do in transactions.
        if release >= (4, 18):
            self.places += [Place("device", 1), Place("device", 2)]
        self.machine = Machine(xen=release)
        self._known = super().known()

    def fresh(self, late_events: bool) -> None:
        self.machine = Machine(xen=self.release)
        for place in self.places:
            self.machine.xenbus(place.domid).late_events = late_events

    def connect(self, place: Place) -> Store:
        machine = self.machine
        kernel: Kernel = machine.domains[place.domid].kernel() if place.domid else machine.dom0
        return Store.open(WAYS[place.way], kernel=kernel, timeout=PATIENCE)

    def check(self) -> None:
        self.machine.store.check()
        assert self.machine.violations == []

    def top(self) -> str:
        return "/local/domain/0/campaign"

    def known(self) -> tuple[frozenset[int], Mapping[int, int]]:
        # All these machines are alike.
        return self._known


class RealWorld(World):
    """The daemon of the machine that this runs on, from dom0."""

    real = True

    def __init__(self, daemon: str | None = None, way: str | None = None) -> None:
        found = {serving.XENSTORED: "c", serving.OXENSTORED: "oxenstored"}[serving.daemon()]
        if daemon not in (None, found):
            raise LookupError(f"the daemon here is {found}, not {daemon}")
        self.daemon = found
        self.rules = rules_of(found)
        release = os.environ["XENBOX_TARGET"].rpartition("-")[2].split(".")
        self.release = (int(release[0]), int(release[1]))
        self.places = [Place(name, 0) for name in WAYS if way in (None, name)] * 2
        self._known = super().known()

    def known(self) -> tuple[frozenset[int], Mapping[int, int]]:
        # Nothing comes or goes meanwhile, and a whole tree takes seconds.
        return self._known

    def connect(self, place: Place) -> Store:
        return Store.open(WAYS[place.way], kernel=host(), timeout=PATIENCE)
