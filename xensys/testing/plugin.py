"""pytest fixtures: a simulated machine for each test.

pytest imports this in every run of everybody who has xensys installed, so
nothing of xensys is imported before a test asks for it.

Example:
    def test_reads_the_greeting(xensys_xen):
        with xensys_xen.foreign.map(1, [1]) as page:
            assert page[0:5] == b"Hello"
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from xensys.sim import Machine, SimKernel
    from xensys.xen import Xen


@pytest.fixture
def xensys_machine() -> Machine:
    """A fresh simulated machine: Xen 4.20, a PV dom0, two guests (see xensys.sim.Machine)."""
    from xensys.sim import Machine

    return Machine()


@pytest.fixture
def xensys_kernel(xensys_machine: Machine) -> SimKernel:
    """The kernel of that machine's dom0, for `xensys.open(kernel=…)`."""
    return xensys_machine.dom0


@pytest.fixture
def xensys_xen(xensys_kernel: SimKernel) -> Iterator[Xen]:
    """That machine's Xen, open; closed after the test."""
    import xensys

    with xensys.open(kernel=xensys_kernel) as xen:
        yield xen
