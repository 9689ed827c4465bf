"""The contract's `world` inside a guest: hypercalls by a caller whose frame numbers are its own.

On amd64 dom0 is PV, and so are all callers of tests/contract; here the caller is a PVH
guest. The test files of this folder that are called test_translated_* take a file of the
contract as it is, and delete from it, each with its reason, what only dom0 can do or what
is about a domain that a guest does not know: there is no `running`, no `paused`.

The guest's kernel has xen_privcmd.unrestricted=1 (XSA-482).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from tests.contract import worlds
from xensys.kernel import host


class World(worlds.World):
    """A guest; `running`, `paused` and all that is made from them are not there."""

    def __init__(self) -> None:
        super().__init__()
        self.target = dataclasses.replace(worlds.target(), translated=True)
        self.fallback = False
        self._machine: worlds.SimWorld | None = None
        if worlds.is_real():
            self.kernel = host()
        else:
            self._machine = made = worlds.SimWorld(worlds.target(), fallback=False)
            domain = made.machine.domains[made.running.domid]
            self.kernel = domain.kernel(unrestricted=True, linux=self.target.linux)

    def mapped_ranges(self) -> list[str]:
        kind = worlds.SimWorld if self._machine else worlds.RealWorld
        return kind.mapped_ranges(self)  # type: ignore[arg-type]  # uses nothing of it

    def misdeeds(self) -> list[str]:
        bad = super().misdeeds()
        if self._machine is not None:
            bad += [f"memory that Xen must not be given: {v}" for v in self._machine.machine.violations]
        return bad


@pytest.fixture
def world() -> Iterator[World]:
    """Takes the place of the contract's."""
    made = World()
    yield made
    made.close()
    assert made.misdeeds() == []
