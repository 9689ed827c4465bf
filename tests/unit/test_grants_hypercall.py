"""grant_table_op on the simulator: as a PVH guest has it, with version 2, and without the flag."""

from __future__ import annotations

import errno

import pytest

import xensys
from xensys.hypercalls.grant_table_op import GrantCopy


@pytest.fixture
def xen(machine):
    with xensys.open(kernel=machine.dom0) as opened:
        yield opened


@pytest.fixture
def peer(guest):
    """The guest's own library."""
    with xensys.Xen(guest.kernel(unrestricted=True)) as opened:
        yield opened


class TestByHypercall:
    """What a PVH guest's own grant_table_op is refused, and what it may do."""

    def test_what_is_for_pv_alone(self, peer):
        op = peer.grant_table_op
        for call in (
            lambda: op.get_status_frames(0),
            lambda: op.transfer([(0, 0, 0)], hazardous=True),
            lambda: op.unmap_and_replace([(0, 0, 0)], hazardous=True),
            lambda: op.cache_flush([], hazardous=True),
        ):
            with pytest.raises(xensys.NotSupportedError) as caught:
                call()
            assert caught.value.errno == errno.ENOSYS

    def test_of_others_it_may_know_nothing(self, peer):
        op = peer.grant_table_op
        for call in (lambda: op.query_size(2), lambda: op.setup_table(1, 2), lambda: op.get_version(2)):
            with pytest.raises(xensys.XenPermissionError):
                call()

    def test_nothing_is_sent_without_the_flag(self, machine, xen):
        op = xen.grant_table_op
        xen.version()
        machine.trace = True
        for call in (
            lambda: op.map_grant_ref([(0, 2, 8, 1)]),
            lambda: op.unmap_grant_ref([(0, 0, 1)]),
            lambda: op.setup_table(1),
            lambda: op.transfer([]),
            lambda: op.copy([]),
            lambda: op.unmap_and_replace([(0, 0, 1)]),
            lambda: op.set_version(2),
            lambda: op.swap_grant_ref([(8, 9)]),
            lambda: op.cache_flush([(0, 0, 1, 1)]),
        ):
            with pytest.raises(xensys.HazardError):
                call()
        assert not [c for c in machine.log if c.kind == "hypercall" and c.details["op"] != "xen_version"]

    def test_what_does_not_fit(self, xen):
        op = xen.grant_table_op
        for call, match in (
            (lambda: op.map_grant_ref([(0, 1 << 32, 8, 1)], hazardous=True), "gnttab_map_grant_ref.flags"),
            (lambda: op.swap_grant_ref([(0, -1)], hazardous=True), "gnttab_swap_grant_ref.ref_b"),
            (lambda: op.set_version(1 << 32, hazardous=True), "gnttab_set_version.version"),
            (lambda: op.setup_table(1 << 32, 1), "gnttab_setup_table.nr_frames"),
            (lambda: op.copy([GrantCopy((0, 1, 0), (0, 1 << 32, 0), 1, 3)], hazardous=True), "ref"),
        ):
            with pytest.raises(OverflowError, match=match):
                call()

    def test_version_2_and_its_status_frames(self, machine):
        guest = machine.add_domain(kind="pv", name="pv")
        with xensys.Xen(guest.kernel(unrestricted=True)) as peer, xensys.open(kernel=machine.dom0) as xen:
            op = peer.grant_table_op
            assert op.set_version(2, hazardous=True) == 2
            assert len(op.get_status_frames(1)) == 1
            with pytest.raises(xensys.XenError, match="GNTST_general_error"):
                op.get_status_frames(2)
            with peer.grants.share(0) as share:
                share[0] = 3
                with xen.grants.map(guest.domid, share.refs) as m:
                    assert m[0] == 3
                first, second = share.refs[0], share.refs[0] + 1
                assert op.swap_grant_ref([(first, second)], hazardous=True) == [0]
                assert xen.grants.copy_from(guest.domid, second, 0, 1) == b"\3"
                assert op.swap_grant_ref([(first, second)], hazardous=True) == [0]
            with xen.resources.map(guest.domid, 1, 1, frames=1) as status:
                assert status[:16] == bytes(16)
