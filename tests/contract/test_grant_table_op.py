"""grant_table_op: every sub-operation, as far as it does this dom0 no harm."""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import NEVER, SELF
from xensys.abi import grant_table as abi
from xensys.hypercalls.grant_table_op import GrantCopy

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


# Everything but query_size. What only the kernel may do is asked with
# arguments that Xen refuses, or that change nothing.

BAD_REF = 64 * 512 * 64
BAD_HANDLE = 0xFFFF_FFFE
BAD_FRAME = (1 << 40) - 1


@pytest.fixture
def family(world):
    return world.xen.grant_table_op


#: Each method that needs the flag, harmless even so.
HAZARDS = {
    "map_grant_ref": lambda op, flag: op.map_grant_ref([(0, 0, 8, 0)], **flag),
    "unmap_grant_ref": lambda op, flag: op.unmap_grant_ref([(0, 0, BAD_HANDLE)], **flag),
    "setup_table": lambda op, flag: op.setup_table(0, **flag),
    "transfer": lambda op, flag: op.transfer([(BAD_FRAME, NEVER, 0)], **flag),
    "copy": lambda op, flag: op.copy([GrantCopy((NEVER, 8, 0), (NEVER, 8, 0), 1, 3)], **flag),
    "unmap_and_replace": lambda op, flag: op.unmap_and_replace([(0, 0, BAD_HANDLE)], **flag),
    "set_version": lambda op, flag: op.set_version(op.get_version(), **flag),
    "swap_grant_ref": lambda op, flag: op.swap_grant_ref([(BAD_REF, BAD_REF)], **flag),
    "cache_flush": lambda op, flag: op.cache_flush([(0, 0, 0, 1)], **flag),
}


@pytest.mark.parametrize("method", HAZARDS)
def test_what_the_kernel_relies_on_needs_the_flag(family, method):
    with pytest.raises(xensys.HazardError) as caught:
        HAZARDS[method](family, {})
    assert caught.value.call == f"grant_table_op(GNTTABOP_{method})"


def test_map_grant_ref_says_why_not(family):
    answers = family.map_grant_ref(
        [
            (0, 0, 8, 0),  # neither kind of mapping
            (0, abi.GNTMAP_host_map, 8, NEVER),
            (0, abi.GNTMAP_host_map, BAD_REF, 0),
        ],
        hazardous=True,
    )
    assert [answer.status for answer in answers] == [
        abi.GNTST_bad_gntref,
        abi.GNTST_bad_domain,
        abi.GNTST_bad_gntref,
    ]


def test_unmap_grant_ref_of_a_handle_that_is_none(family):
    assert family.unmap_grant_ref([(0, 0, BAD_HANDLE)] * 3, hazardous=True) == [-4] * 3


def test_unmap_and_replace_of_a_handle_that_is_none(family):
    assert family.unmap_and_replace([(0, 0, BAD_HANDLE)], hazardous=True) == [-4]


def test_no_entries_are_no_call(family):
    assert family.map_grant_ref([], hazardous=True) == []
    assert family.copy([], hazardous=True) == []


def test_setup_table_of_a_guest_makes_it_grow(world, family):
    with world.throwaway() as guest:
        size = family.query_size(guest.domid)
        frames = family.setup_table(size.nr_frames + 1, guest.domid)
        assert len(frames) == size.nr_frames + 1
        assert family.query_size(guest.domid).nr_frames == size.nr_frames + 1
        # Longer than asked for, it stays so.
        assert len(family.setup_table(1, guest.domid)) == 1
        with pytest.raises(xensys.XenError, match="GNTST_general_error") as caught:
            family.setup_table(size.max_nr_frames + 1, guest.domid)
        assert caught.value.errno == errno.EIO


def test_setup_table_of_oneself_as_long_as_it_is(family):
    now = family.query_size().nr_frames
    assert len(family.setup_table(now, hazardous=True)) == now
    assert family.query_size().nr_frames == now


def test_setup_table_of_nobody(family):
    with pytest.raises(xensys.NoSuchDomainError):
        family.setup_table(1, NEVER)


def test_transfer_of_a_frame_that_is_none(world, family):
    if world.target.arch == "arm64":
        # Xen without CONFIG_PV has no transfers.
        with pytest.raises(xensys.NotSupportedError) as caught:
            family.transfer([(BAD_FRAME, NEVER, 0)], hazardous=True)
        assert caught.value.errno == errno.EOPNOTSUPP
        return
    assert family.transfer([(BAD_FRAME, NEVER, 0)], hazardous=True) == [abi.GNTST_bad_page]


def test_copy_by_the_hypercall(world, family):
    with world.xen.grants.share(0, 2, write=True) as share:
        share[:5] = b"Hello"
        a, b = share.refs
        both = abi.GNTCOPY_source_gref | abi.GNTCOPY_dest_gref
        statuses = family.copy(
            [
                GrantCopy((0, a, 0), (0, b, 3), 5, both),
                GrantCopy((SELF, a, 0), (SELF, b, 10), 5, both),
                GrantCopy((NEVER, a, 0), (0, b, 0), 5, both),
                GrantCopy((0, BAD_REF, 0), (0, b, 0), 5, both),
                GrantCopy((0, a, 4095), (0, b, 0), 2, both),
                GrantCopy((NEVER, a, 0), (0, b, 0), 0, both),
            ],
            hazardous=True,
        )
        assert statuses == [
            abi.GNTST_okay,
            abi.GNTST_okay,
            abi.GNTST_bad_domain,
            abi.GNTST_bad_gntref,
            abi.GNTST_bad_copy_arg,
            # Nothing to do is no question of who, since 4.19.
            abi.GNTST_okay if world.target.xen >= (4, 19) else abi.GNTST_bad_domain,
        ]
        assert share[4096 + 3 : 4096 + 15] == b"Hello\0\0Hello"
        # In a call of its own: Xen does not look again at who it is, after an entry
        # between the same two domains.
        by_frame = GrantCopy((0, a, 0), (0, 0, 0), 5, abi.GNTCOPY_source_gref)
        assert family.copy([by_frame], hazardous=True) == [abi.GNTST_permission_denied]


def test_set_version_to_what_it_is(family):
    assert family.set_version(family.get_version(), hazardous=True) == family.get_version()


@pytest.mark.parametrize("version", [0, 3])
def test_set_version_to_what_there_is_not(family, version):
    with pytest.raises(xensys.XenError) as caught:
        family.set_version(version, hazardous=True)
    assert caught.value.errno == errno.EINVAL


def test_get_version(world, family):
    assert family.get_version() == family.get_version(0) == 1
    assert family.get_version(world.running.domid) in (1, 2)
    with pytest.raises(xensys.NoSuchDomainError):
        family.get_version(NEVER)


def test_get_status_frames_of_a_version_1_table(world, family):
    assert family.get_status_frames(0) == ()
    with pytest.raises(xensys.XenError, match="GNTST_general_error"):
        family.get_status_frames(1)
    with pytest.raises(xensys.XenError, match="GNTST_general_error"):
        family.get_status_frames(1, world.paused.domid)
    with pytest.raises(xensys.NoSuchDomainError):
        family.get_status_frames(1, NEVER)


def test_swap_grant_ref(world, family):
    with world.xen.grants.share(0, 2) as share:
        share[0], share[4096] = 1, 2
        a, b = share.refs
        statuses = family.swap_grant_ref([(a, b), (a, a), (BAD_REF, a), (a, BAD_REF)], hazardous=True)
        assert statuses == [0, 0, abi.GNTST_bad_gntref, abi.GNTST_bad_gntref]
        with world.xen.grants.map(0, [a, b]) as m:
            assert (m[0], m[4096]) == (2, 1)
            # In use: not now.
            assert family.swap_grant_ref([(a, b)], hazardous=True) == [abi.GNTST_eagain]
        # As they were, for the kernel to end.
        assert family.swap_grant_ref([(a, b)], hazardous=True) == [0]


def test_cache_flush(family):
    clean = abi.GNTTAB_CACHE_CLEAN
    family.cache_flush([], hazardous=True)
    family.cache_flush([(0, 0, 0, clean), (0, 0, 4096, 0)], hazardous=True)
    for bad in ((0, 4096, 0, clean), (0, 1, 4096, clean), (0, 0, 1, 8), (BAD_FRAME << 12, 0, 1, clean)):
        with pytest.raises(xensys.XenError) as caught:
            family.cache_flush([bad], hazardous=True)
        assert caught.value.errno == errno.EINVAL


def test_a_bad_array_is_EFAULT(world):
    for cmd in (0, 1, 5, 11):
        with pytest.raises(xensys.XenError) as caught:
            world.xen.hypercall(GRANT_TABLE_OP, cmd, 0, 1)
        assert caught.value.errno == errno.EFAULT
