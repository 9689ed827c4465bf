"""What a guest's hypercalls are answered: of itself, and of what is dom0's alone.

With test_translated_*.py the single-domain contract of a caller that is not dom0.
"""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.inguest.translated import world  # noqa: F401

DOM0 = 0
SELF = 0x7FF0
FRAME = 4096


@pytest.fixture
def xen(world):  # noqa: F811
    return world.xen


@pytest.fixture
def own(world):  # noqa: F811
    """Our own number."""
    with world.store("device") as store:
        return int(store.read("domid"))


class TestOfItself:
    def test_features_of_a_translated_domain_that_is_not_dom0(self, xen):
        features = xen.features()
        assert "auto_translated_physmap" in features
        assert "dom0" not in features

    def test_handle_is_the_one_its_toolstack_gave_it(self, xen, own):
        handle = xen.xen_version.guest_handle()
        assert len(handle) == 16
        assert any(handle)

    @pytest.mark.parametrize("name", ["current_reservation", "maximum_reservation", "maximum_gpfn"])
    def test_counts_by_its_own_number_are_those_of_itself(self, xen, own, name):
        method = getattr(xen.memory_op, name)
        assert method(own) == method(SELF) > 0

    def test_it_owns_what_it_may_or_less(self, xen):
        memory_op = xen.memory_op
        assert memory_op.current_reservation() <= memory_op.maximum_reservation()

    def test_grant_table_has_frames(self, xen, own):
        size = xen.grant_table_op.query_size(own)
        assert 1 <= size.nr_frames <= size.max_nr_frames


class TestOfOthers:
    @pytest.mark.parametrize("name", ["current_reservation", "maximum_reservation", "maximum_gpfn"])
    def test_dom0s_counts_are_EPERM(self, xen, name):
        with pytest.raises(xensys.XenPermissionError) as caught:
            getattr(xen.memory_op, name)(DOM0)
        assert caught.value.errno == errno.EPERM

    def test_dom0s_memory_cannot_be_mapped(self, xen):
        with pytest.raises(xensys.XenError) as caught:
            xen.foreign.map(DOM0, range(0x1000, 0x1002))
        assert caught.value.errno == errno.EPERM

    def test_dom0s_grant_table_cannot_be_asked_for(self, xen):
        with pytest.raises(xensys.XenError) as caught:
            xen.grant_table_op.query_size(DOM0)
        assert caught.value.errno == errno.EPERM
        assert "GNTST_permission_denied" in str(caught.value)

    def test_xens_build_is_EPERM(self, xen):
        with pytest.raises(xensys.XenPermissionError) as caught:
            xen.xen_version.build_id()
        assert caught.value.errno == errno.EPERM

    def test_xens_command_line_is_a_word_instead_of_an_error(self, xen):
        assert xen.xen_version.commandline() == "<denied>"

    def test_the_machines_memory_map_is_EPERM_on_x86_else_ENOSYS(self, world, xen):  # noqa: F811
        wanted = errno.EPERM if world.target.arch == "x86_64" else errno.ENOSYS
        with pytest.raises(xensys.XenError) as caught:
            xen.memory_op.machine_memory_map()
        assert caught.value.errno == wanted


class TestItsOwnHypercalls:
    def test_ports_to_itself(self, xen):
        with xen.events.bind_unbound(SELF) as one, xen.events.bind_interdomain(SELF, one) as other:
            # Who binds has an event at once; so may have the one that was bound to.
            assert other.wait(60)
            other.unmask()
            one.wait(0)
            one.unmask()
            other.notify()
            assert one.wait(60)
            assert one.status().kind == "interdomain"

    def test_memory_shared_with_dom0_is_granted_by_frames_of_its_own(self, xen):
        with xen.grants.share(DOM0, 2, write=True) as share:
            share[FRAME : FRAME + 4] = b"mine"
            assert share[FRAME : FRAME + 5] == b"mine\0"
            assert len(set(share.refs)) == 2
