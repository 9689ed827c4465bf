"""Mapped resources, after upstream's tools/tests/resource/test-resource.c.

What of that needs a domain created by domctl is done with a guest that was
never started; its grant table is used by nobody.
"""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import FRAME, NEVER, SELF
from xensys.abi import memory as abi

GRANT_TABLE = abi.XENMEM_resource_grant_table
IOREQ_SERVER = abi.XENMEM_resource_ioreq_server
SHARED = abi.XENMEM_resource_grant_table_id_shared
STATUS = abi.XENMEM_resource_grant_table_id_status


def test_size_of_a_grant_table_is_what_it_may_become(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    assert size == world.xen.grant_table_op.query_size(domid).max_nr_frames
    # 32 is the answer of Xen before 4.15, whatever the size.
    assert size != 32


def test_size_of_the_status_frames_follows_from_that_and_there_are_none_on_arm(world):
    domid = world.paused.domid
    if world.target.arch != "x86_64":
        # Xen on arm knows no grant tables of version 2 (GNTTAB_MAX_VERSION).
        with pytest.raises(xensys.XenError) as caught:
            world.xen.resources.size(domid, GRANT_TABLE, STATUS)
        assert caught.value.errno == errno.EINVAL
        return
    shared = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    # 256 entries a frame, two bytes of status each.
    assert world.xen.resources.size(domid, GRANT_TABLE, STATUS) == -(-shared * 256 * 2 // FRAME)


def test_map_all_shared_frames(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    with world.xen.resources.map(domid, GRANT_TABLE, SHARED, write=True) as table:
        assert len(table) == size * FRAME
        assert len(table[::FRAME]) == size
        assert (table.domid, table.kind, table.ident, table.first) == (domid, 1, 0, 0)
    assert world.mapped_ranges() == []


def test_mapping_a_grant_table_makes_it_grow(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    world.xen.resources.map(domid, GRANT_TABLE, SHARED).close()
    assert world.xen.grant_table_op.query_size(domid).nr_frames == size


def test_what_is_written_to_a_grant_table_is_there_in_order(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    # The last entry of each frame: flags stay 0, so it grants nothing.
    offsets = [(index + 1) * FRAME - 4 for index in range(size)]
    with world.xen.resources.map(domid, GRANT_TABLE, SHARED, write=True) as table:
        try:
            for index, at in enumerate(offsets):
                table[at : at + 4] = (0xC0DE_0000 + index).to_bytes(4, "little")
            for index in range(size):
                with world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=index, frames=1) as one:
                    assert one[FRAME - 4 :] == (0xC0DE_0000 + index).to_bytes(4, "little")
        finally:
            for at in offsets:
                table[at : at + 4] = bytes(4)


def test_map_part_of_a_grant_table(world):
    domid = world.paused.domid
    with world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=2, frames=3) as part:
        assert len(part) == 3 * FRAME
        assert part.first == 2
        assert part[:] == bytes(3 * FRAME)


def test_map_from_a_frame_to_the_end(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    with world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=size - 1) as part:
        assert len(part) == FRAME


def test_grant_table_of_a_running_guest_has_its_console_and_store_grants(world):
    # Entries 0 and 1 are reserved for them; flags 1: access permitted, to dom0.
    with world.xen.resources.map(world.running.domid, GRANT_TABLE, SHARED, frames=1) as table:
        for entry in (0, 1):
            flags = int.from_bytes(table[8 * entry : 8 * entry + 2], "little")
            domid = int.from_bytes(table[8 * entry + 2 : 8 * entry + 4], "little")
            frame = int.from_bytes(table[8 * entry + 4 : 8 * entry + 8], "little")
            assert (flags & 3, domid) == (1, 0)
            assert frame > 0


def test_read_only_resource_refuses_writes(world):
    with world.xen.resources.map(world.paused.domid, GRANT_TABLE, SHARED, frames=1) as table:
        with pytest.raises(TypeError, match="read-only"):
            table[0:2] = b"no"
        with table.view() as view:
            assert view.readonly


def test_frames_beyond_the_end_are_EINVAL(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=size, frames=1)
    assert caught.value.errno == errno.EINVAL
    assert world.mapped_ranges() == []


def test_nothing_left_to_map_is_a_value_error(world):
    domid = world.paused.domid
    size = world.xen.resources.size(domid, GRANT_TABLE, SHARED)
    with pytest.raises(ValueError, match="nothing to map"):
        world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=size)
    with pytest.raises(ValueError, match="nothing to map"):
        world.xen.resources.map(domid, GRANT_TABLE, SHARED, frames=0)
    with pytest.raises(ValueError, match="first"):
        world.xen.resources.map(domid, GRANT_TABLE, SHARED, first=-1)


def test_map_status_frames_of_a_version_1_table_is_EINVAL(world):
    for first in (0, 1):
        with pytest.raises(xensys.XenError) as caught:
            world.xen.resources.map(world.paused.domid, GRANT_TABLE, STATUS, first=first, frames=1)
        assert caught.value.errno == errno.EINVAL
        assert caught.value.call == "IOCTL_PRIVCMD_MMAP_RESOURCE"
    assert world.mapped_ranges() == []


@pytest.mark.parametrize("kind", [3, 0xFFFF])
def test_unknown_type_is_EINVAL_and_EOPNOTSUPP_before_4_20(world, kind):
    expected = errno.EINVAL if world.target.xen >= (4, 20) else errno.EOPNOTSUPP
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.size(world.paused.domid, kind)
    assert caught.value.errno == expected
    assert caught.value.arguments["type"] == kind
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.map(world.paused.domid, kind, frames=1)
    assert caught.value.errno == expected
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.map(world.paused.domid, kind)
    assert caught.value.errno == expected


def test_unknown_type_has_an_errno_for_a_size_before_4_20(world):
    # What the ioctl itself says; -EOPNOTSUPP in an unsigned int.
    privcmd = world.xen.privcmd
    if world.target.xen >= (4, 20):
        with pytest.raises(xensys.XenError) as caught:
            privcmd.mmap_resource(world.paused.domid, 3, 0, 0, 0, 0)
        assert caught.value.errno == errno.EINVAL
        return
    size = privcmd.mmap_resource(world.paused.domid, 3, 0, 0, 0, 0)
    assert size == (1 << 32) - errno.EOPNOTSUPP


def test_unknown_id_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.size(world.paused.domid, GRANT_TABLE, 2)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.arguments["id"] == 2


@pytest.mark.parametrize("how", ["size", "map"])
@pytest.mark.parametrize(
    ("domid", "expected"),
    [(0, errno.EPERM), (SELF, errno.ESRCH), (NEVER, errno.ESRCH)],
    ids=["own-number", "self", "never-was"],
)
def test_domain_that_cannot_be_asked(world, how, domid, expected):
    with pytest.raises(xensys.XenError) as caught:  # noqa: PT012
        if how == "size":
            world.xen.resources.size(domid, GRANT_TABLE)
        else:
            world.xen.resources.map(domid, GRANT_TABLE, frames=1)
    assert caught.value.errno == expected
    assert caught.value.domid == domid
    assert world.mapped_ranges() == []


def test_dead_domain_is_ESRCH(world):
    assert world.wait_until_gone(world.dead_domid)
    with pytest.raises(xensys.NoSuchDomainError):
        world.xen.resources.size(world.dead_domid, GRANT_TABLE)


def test_ioreq_server_that_is_not_there(world):
    # Without CONFIG_IOREQ_SERVER (Debian's arm64 build) Xen knows no such type.
    expected = errno.ENOENT if world.target.ioreq else errno.EINVAL
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.map(world.paused.domid, IOREQ_SERVER, 0, first=1, frames=1)
    assert caught.value.errno == expected
    assert world.mapped_ranges() == []


def test_size_of_ioreq_servers_needs_no_server(world):
    if world.target.ioreq:
        assert world.xen.resources.size(world.paused.domid, IOREQ_SERVER, 0) == 2
        return
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.size(world.paused.domid, IOREQ_SERVER, 0)
    assert caught.value.errno == errno.EINVAL


def test_guest_without_vmtrace_has_no_buffer(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.size(world.paused.domid, abi.XENMEM_resource_vmtrace_buf, 0)
    assert caught.value.errno == errno.EINVAL


def test_resource_close_under_a_view_and_revoke(world):
    table = world.xen.resources.map(world.paused.domid, GRANT_TABLE, SHARED, frames=2)
    view = table.view()
    with pytest.raises(BufferError):
        table.close()
    table.close(revoke=True)
    assert world.mapped_ranges() == []
    assert view.tobytes() == bytes(2 * FRAME)


def test_values_that_do_not_fit_are_overflows(world):
    resources, domid = world.xen.resources, world.paused.domid
    with pytest.raises(OverflowError, match=r"privcmd_mmap_resource\.dom"):
        resources.size(1 << 16, GRANT_TABLE)
    with pytest.raises(OverflowError, match=r"privcmd_mmap_resource\.id"):
        resources.size(domid, GRANT_TABLE, 1 << 32)
    with pytest.raises(OverflowError, match=r"privcmd_mmap_resource\.idx"):
        resources.map(domid, GRANT_TABLE, first=1 << 32, frames=1)
    with pytest.raises(xensys.XenError) as caught:
        resources.map(domid, GRANT_TABLE, frames=1 << 50)
    assert caught.value.errno == errno.ENOMEM
    assert world.mapped_ranges() == []
