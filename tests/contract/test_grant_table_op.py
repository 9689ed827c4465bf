"""grant_table_op: query_size."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi import grant_table as abi

GRANT_TABLE_OP = 20


@pytest.mark.parametrize("domid", [SELF, 0])
def test_query_size_of_oneself(world, domid):
    size = world.xen.grant_table_op.query_size(domid)
    assert 0 < size.nr_frames <= size.max_nr_frames


def test_query_size_without_a_domid_is_of_oneself(world):
    assert world.xen.grant_table_op.query_size() == world.xen.grant_table_op.query_size(SELF)


def test_query_size_of_the_running_guest(world):
    size = world.xen.grant_table_op.query_size(world.running.domid)
    assert 0 < size.nr_frames <= size.max_nr_frames


def test_query_size_of_a_domain_that_never_was_is_ESRCH_with_xens_own_word(world):
    with pytest.raises(xensys.NoSuchDomainError) as caught:
        world.xen.grant_table_op.query_size(NEVER)
    assert caught.value.errno == errno.ESRCH
    assert "GNTST_bad_domain" in str(caught.value)
    assert caught.value.domid == NEVER


def test_query_size_of_a_dead_domain_is_ESRCH(world):
    assert world.wait_until_gone(world.dead_domid)
    with pytest.raises(xensys.NoSuchDomainError):
        world.xen.grant_table_op.query_size(world.dead_domid)


def test_query_size_of_a_domid_that_does_not_fit_is_an_overflow(world):
    with pytest.raises(OverflowError, match="gnttab_query_size.dom"):
        world.xen.grant_table_op.query_size(1 << 16)


def test_query_size_of_two_at_once_is_EINVAL(world):
    query = world.xen.buffers.new(abi.gnttab_query_size)
    query.dom = SELF
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(GRANT_TABLE_OP, abi.GNTTABOP_query_size, query, 2)
    assert caught.value.errno == errno.EINVAL


def test_query_size_in_a_structure_built_in_place(world):
    query = world.xen.buffers.new(abi.gnttab_query_size)
    query.dom = world.running.domid
    assert world.xen.hypercall(GRANT_TABLE_OP, abi.GNTTABOP_query_size, query, 1) == 0
    assert query.status == abi.GNTST_okay
    typed = world.xen.grant_table_op.query_size(world.running.domid)
    assert (query.nr_frames, query.max_nr_frames) == (typed.nr_frames, typed.max_nr_frames)


def test_count_of_2_31_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(GRANT_TABLE_OP, abi.GNTTABOP_query_size, None, 1 << 31)
    assert caught.value.errno == errno.EINVAL


def test_dump_table_was_never_implemented(world):
    with world.xen.buffers.alloc(8) as buffer, pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(GRANT_TABLE_OP, abi.GNTTABOP_dump_table, buffer, 1)
    assert caught.value.errno == errno.ENOSYS
