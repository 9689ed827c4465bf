"""probe(): what is here, without opening anything."""

from __future__ import annotations

import gc
import os

import xensys


def test_probe_finds_xen_and_its_release(world):
    found = xensys.probe(world.kernel)
    assert found.xen
    assert found.version.startswith("{}.{}".format(*world.target.xen))
    assert found.version == str(world.xen.version())
    assert found.architecture == world.target.arch


def test_probe_knows_dom0_and_that_it_is_not_restricted(world):
    found = xensys.probe(world.kernel)
    assert found.initial_domain is True
    assert found.restricted is False


def test_probe_tells_which_devices_can_be_used(world):
    found = xensys.probe(world.kernel)
    assert found.device("privcmd").usable
    assert found.device("hypercall").usable is not world.fallback
    if world.fallback:
        assert "module" in found.device("hypercall").advice


def test_probe_opens_nothing(world):
    gc.collect()
    before = os.listdir("/proc/self/fd")
    xensys.probe(world.kernel)
    assert os.listdir("/proc/self/fd") == before
