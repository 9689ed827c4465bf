"""Inside a guest: XenStore over its own /dev/xen/xenbus, and hypercalls of a translated caller.

The tests of this folder are the guest's half and run in it; dom0's half (dom0.py)
does in dom0 what a test asks for. On the simulator both are in one process, the
guest being `machine.domains[domid].kernel()`:

    python3 -m pytest tests/inguest                     (XENSYS_CONTRACT_TARGET as in tests/contract)

On real Xen, in dom0 of tools/xenbox, which starts a Python guest for it:

    python3 -m tests.inguest.run OUTCOMES.json [PYTEST-ARGUMENT…]

Hypercalls (test_translated_*.py, test_caller.py) need nobody in dom0; see translated.py.

They are apart from tests/contract because that one's world is dom0, which may do
everything: what it asks of a guest goes through one relay, one request at a time.
Outcomes have the same form, for tests.contract.compare. Nothing here is skipped.
"""
