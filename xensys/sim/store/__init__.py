"""XenStore of the simulated machine: `machine.store`.

Example:
    >>> from xensys.sim import Machine
    >>> store = Machine().store
    >>> store.read("/local/domain/1/name")
    b'demo'
    >>> store.write("/local/domain/1/data/greeting", "hello")
    >>> store.permissions("/local/domain/1/data")
    ['n1']

A model of the C daemon (tools/xenstored), as far as a client can see it. Start
at `daemon.Store`; `requests`, `watches`, `transactions`, `domains` and
`control` hold one request each per function, `access` what they share.
"""

from __future__ import annotations

from xensys.sim.store.connection import Connection
from xensys.sim.store.daemon import Store

__all__ = ["Connection", "Store"]
