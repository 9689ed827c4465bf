"""A domain's grant table as a resource, after upstream's tools/tests/resource/test-resource.c.

Its steps are the ones that it takes with a domain of its own: here it is one
that was created and never started, so nobody else writes to its table.
"""

from __future__ import annotations

import errno
import struct

import pytest

import xensys
from tests.contract.worlds import FRAME
from xensys.abi import grant_table as abi
from xensys.abi import memory as memory_abi

GRANT_TABLE = memory_abi.XENMEM_resource_grant_table
SHARED = memory_abi.XENMEM_resource_grant_table_id_shared
STATUS = memory_abi.XENMEM_resource_grant_table_id_status
PER_FRAME = FRAME // 8


def test_entries_written_through_the_resource_are_grants(world):
    xen = world.xen
    with world.throwaway() as guest:
        limit = xen.resources.size(guest.domid, GRANT_TABLE, SHARED)
        # 32 is what Xen before 4.15 says of any.
        assert limit == xen.grant_table_op.query_size(guest.domid).max_nr_frames != 32
        gfn = guest.first
        with xen.foreign.map(guest.domid, [gfn], write=True) as page:
            page[:8] = b"granted!"
        # An entry in each frame, and in each another one: proves their order.
        refs = [frame * PER_FRAME + max(frame, abi.GNTTAB_NR_RESERVED_ENTRIES) for frame in range(limit)]
        with xen.resources.map(guest.domid, GRANT_TABLE, SHARED, write=True) as table:
            assert len(table) == limit * FRAME
            for ref in refs:
                table[8 * ref + 2 : 8 * ref + 8] = struct.pack("<HI", 0, gfn)
                table[8 * ref : 8 * ref + 2] = struct.pack("<H", abi.GTF_permit_access)
            with xen.grants.map(guest.domid, refs, write=True) as mapped:
                assert len(mapped) == limit * FRAME
                assert all(mapped[at : at + 8] == b"granted!" for at in range(0, len(mapped), FRAME))
                # Xen marks what is in use, where the granter can see it.
                flags = [struct.unpack("<H", table[8 * ref : 8 * ref + 2])[0] for ref in refs]
                assert set(flags) == {abi.GTF_permit_access | abi.GTF_reading | abi.GTF_writing}
                mapped[FRAME - 4 : FRAME] = b"back"
                assert mapped[2 * FRAME - 4 : 2 * FRAME] == b"back"
            xen.grant_table_op.query_size(guest.domid)
            flags = [struct.unpack("<H", table[8 * ref : 8 * ref + 2])[0] for ref in refs]
            assert set(flags) == {abi.GTF_permit_access}
        assert xen.grants.copy_from(guest.domid, refs[-1], 0, 8) == b"granted!"


def test_status_frames_of_a_version_1_table_cannot_be_mapped(world):
    with world.throwaway() as guest:
        assert world.xen.grant_table_op.get_version(guest.domid) == 1
        with pytest.raises(xensys.XenError) as caught:
            world.xen.resources.map(guest.domid, GRANT_TABLE, STATUS, frames=1)
        assert caught.value.errno == errno.EINVAL


def test_an_unknown_kind_of_resource_has_no_size(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.resources.size(world.paused.domid, 3)
    assert caught.value.errno in (errno.EINVAL, errno.EOPNOTSUPP)


def test_a_dead_granter_stays_until_it_is_let_go(world):
    xen = world.xen
    with world.throwaway() as guest:
        ref = abi.GNTTAB_NR_RESERVED_ENTRIES
        with xen.resources.map(guest.domid, GRANT_TABLE, SHARED, frames=1, write=True) as table:
            table[8 * ref : 8 * ref + 8] = struct.pack("<HHI", abi.GTF_permit_access, 0, guest.first)
        mapped = xen.grants.map(guest.domid, [ref], write=True)
        mapped[:4] = b"dead"
        guest.destroy()
        assert [m.domids for m in xen.grants.maps()] == [(guest.domid,)]
        assert mapped[:4] == b"dead"
        # Gone from the map of its memory, but still a domain to Xen.
        assert xen.memory_op.current_reservation(guest.domid) >= 0
        with pytest.raises(xensys.GrantMapError):
            xen.grants.map(guest.domid, [ref + 1])
        mapped.close()
        assert world.wait_until_gone(guest.domid)
