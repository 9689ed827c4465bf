"""Granted memory, with one domain: dom0 grants to itself, and maps that.

What needs a second domain is in the two-domain suite.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

import pytest

import xensys
from tests.contract.processes import in_child
from tests.contract.worlds import FRAME, NEVER, SELF
from xensys.abi import gntdev as abi
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.memory.grant_copy import GrantedPage

LIMIT = 1024
#: No reference of this number is ever in use: the last one of the largest table there is.
BAD_REF = 64 * 512 * 64


@contextlib.contextmanager
def refused(number, kind=xensys.XenError):
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.errno == number, errno.errorcode.get(caught.value.errno)


@pytest.fixture
def grants(world):
    return world.xen.grants


@pytest.fixture
def gntdev(world):
    with Gntdev.open(world.kernel) as handle:
        yield handle


@pytest.fixture
def gntalloc(world):
    with Gntalloc.open(world.kernel) as handle:
        yield handle


def no_longer_granted(grants, ref):
    """Whether a reference of ours cannot be mapped any more.

    Not at once: Linux unmaps for us when nobody holds the page, and ends what
    was mapped by a timer.
    """
    for _ in range(50):
        try:
            grants.map(0, [ref]).close()
        except xensys.GrantMapError:
            return True
        time.sleep(0.1)
    return False


class TestShareAndMap:
    def test_pages_start_as_zeros_and_are_ours_to_write(self, grants):
        with grants.share(0, 2) as share:
            assert len(share) == 2 * FRAME
            assert share[:] == bytes(2 * FRAME)
            assert (share.domid, len(set(share.refs))) == (0, 2)
            share[:5] = b"Hello"
            assert share[:5] == b"Hello"

    def test_both_sides_see_the_same(self, grants):
        with grants.share(0, 3, write=True) as share, grants.map(0, share.refs, write=True) as m:
            assert (m.domids, m.refs) == ((0, 0, 0), share.refs)
            share[FRAME : FRAME + 5] = b"there"
            assert m[FRAME : FRAME + 5] == b"there"
            m[2 * FRAME : 2 * FRAME + 4] = b"back"
            assert share[2 * FRAME : 2 * FRAME + 4] == b"back"

    def test_in_the_order_asked_for(self, grants):
        with grants.share(0, 3) as share:
            for page in range(3):
                share[page * FRAME] = 10 + page
            with grants.map([0, 0], [share.refs[2], share.refs[0]]) as m:
                assert (m[0], m[FRAME]) == (12, 10)

    def test_one_grant_twice(self, grants):
        with grants.share(0, 1) as share, grants.map(0, [share.refs[0]] * 2) as m:
            share[7] = 7
            assert (m[7], m[FRAME + 7]) == (7, 7)

    def test_is_read_only_unless_asked(self, grants):
        with grants.share(0, 1, write=True) as share, grants.map(0, share.refs) as m:
            assert not m.writable
            with pytest.raises(TypeError):
                m[0] = 1

    def test_what_is_granted_for_reading_cannot_be_mapped_for_writing(self, grants):
        with grants.share(0, 1) as share:
            with refused(errno.EINVAL, xensys.GrantMapError):
                grants.map(0, share.refs, write=True)
            grants.map(0, share.refs).close()

    @pytest.mark.parametrize("domid", [0, NEVER])
    def test_a_bad_reference_or_domain_is_EINVAL(self, grants, domid):
        with refused(errno.EINVAL, xensys.GrantMapError) as caught:
            grants.map(domid, [BAD_REF])
        assert caught.value.failed == ()
        assert "diagnose=True" in str(caught.value)

    def test_all_or_nothing_and_who_is_to_blame(self, world, grants):
        with grants.share(0, 3) as share:
            a, b, c = share.refs
            with refused(errno.EINVAL, xensys.GrantMapError) as caught:
                grants.map([0, 0, 0, NEVER, 0], [a, BAD_REF, b, c, c], diagnose=True)
            assert caught.value.failed == ((1, 0, BAD_REF), (3, NEVER, c))
            assert caught.value.requested == 5
            assert list(grants.maps()) == []
            # Nothing stays mapped: all of them can be ended, and are.
        assert no_longer_granted(grants, a)

    def test_a_refused_map_leaves_neither_memory_nor_a_gap(self, world, grants):
        def fail(times):
            for _ in range(times):
                with refused(errno.EINVAL, xensys.GrantMapError):
                    grants.map(0, [BAD_REF] * 3)
            return mappings()

        assert fail(200) <= fail(20) + 20
        with grants.share(0) as share, grants.map(0, share.refs) as m:
            # At the first offset: nothing is left in the file.
            assert grants.gntdev.get_offset_for_vaddr(m.address) == (0, 1)

    def test_for_somebody_else_it_cannot_be_mapped_by_us(self, grants):
        with grants.share(SELF) as share, refused(errno.EINVAL):
            grants.map(0, share.refs)

    def test_no_refs_at_all(self, grants):
        with pytest.raises(ValueError, match="none given"):
            grants.map(0, [])
        with pytest.raises(ValueError, match="2 domids for 1 refs"):
            grants.map([0, 0], [8])

    def test_what_does_not_fit_is_an_overflow(self, grants):
        with pytest.raises(OverflowError, match=r"refs\[1\].ref"):
            grants.map(0, [8, 1 << 32])
        with pytest.raises(OverflowError, match="alloc_gref.domid"):
            grants.share(1 << 16)

    def test_many(self, grants):
        with grants.share(0, 200, write=True) as share, grants.map(0, share.refs, write=True) as m:
            for page in range(200):
                share[page * FRAME + page] = page
            assert all(m[page * FRAME + page] == page for page in range(200))


class TestLimits:
    def test_one_share_more_than_the_system_allows_is_ENOSPC(self, grants, gntalloc):
        with refused(errno.ENOSPC):
            gntalloc.alloc_gref(0, LIMIT + 1)
        index, refs = gntalloc.alloc_gref(0, LIMIT)
        assert len(set(refs)) == LIMIT
        # For all files together.
        with refused(errno.ENOSPC):
            grants.share(0)
        gntalloc.dealloc_gref(index, LIMIT)
        grants.share(0).close()

    def test_more_grants_in_one_map_than_the_driver_allows_is_EINVAL(self, gntdev):
        with refused(errno.EINVAL):
            gntdev.map_grant_ref([(0, 8)] * (64 * 1024 + 1))

    def test_none_at_all(self, gntdev, gntalloc):
        with refused(errno.EINVAL):
            gntdev.map_grant_ref([])
        assert gntalloc.alloc_gref(0, 0)[1] == ()
        with refused(errno.EINVAL):
            gntalloc.dealloc_gref(0, 0)


class TestTheDriversOwnRules:
    def test_offsets_are_first_fit_in_larger_gaps(self, gntdev):
        places = [gntdev.map_grant_ref([(0, 8)] * count) for count in (1, 3, 2)]
        assert places == [0, FRAME, 4 * FRAME]
        gntdev.unmap_grant_ref(FRAME, 3)
        # The gap must be larger than what goes there.
        assert gntdev.map_grant_ref([(0, 8)] * 3) == 6 * FRAME
        assert gntdev.map_grant_ref([(0, 8)] * 2) == FRAME

    def test_a_place_is_given_up_as_it_was_reserved(self, gntdev):
        place = gntdev.map_grant_ref([(0, 8)] * 2)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntdev.unmap_grant_ref(place, 1)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntdev.unmap_grant_ref(place + FRAME, 1)
        gntdev.unmap_grant_ref(place, 2)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntdev.unmap_grant_ref(place, 2)

    @pytest.mark.parametrize("pages", [1, 3])
    def test_another_length_cannot_be_mapped(self, world, gntdev, pages):
        place = gntdev.map_grant_ref([(0, 8)] * 2)
        memory = world.kernel.reserve(pages * FRAME, writable=False)
        with refused(errno.EINVAL):
            gntdev.map_over(memory, place)
        # It is memory again.
        assert memory[:4] == bytes(4)
        memory.close()

    def test_a_place_is_mapped_once_in_its_life(self, world, gntdev, grants):
        with grants.share(0) as share:
            place = gntdev.map_grant_ref([(0, share.refs[0])])
            memory = world.kernel.reserve(FRAME, writable=False)
            gntdev.map_over(memory, place)
            memory.close()
            again = world.kernel.reserve(FRAME, writable=False)
            with refused(errno.EINVAL):
                gntdev.map_over(again, place)
            again.close()
            gntdev.unmap_grant_ref(place, 1)

    def test_the_place_of_an_address(self, gntdev, grants):
        with grants.share(0, 3) as share, grants.map(0, share.refs) as m:
            assert gntdev.get_offset_for_vaddr(m.address + 2 * FRAME + 5) == (0, 3)
            with refused(errno.EINVAL):
                gntdev.get_offset_for_vaddr(share.address)

    def test_set_max_grants_is_not_implemented(self, gntdev):
        with refused(errno.ENOTTY, xensys.NotSupportedError):
            gntdev.set_max_grants(5)

    def test_offsets_of_shares_grow(self, gntalloc):
        first, _ = gntalloc.alloc_gref(0, 2)
        gntalloc.dealloc_gref(first, 2)
        second, _ = gntalloc.alloc_gref(0, 1)
        assert (first, second) == (0, 2 * FRAME)

    def test_shares_that_are_not_there(self, world, gntalloc):
        index, _ = gntalloc.alloc_gref(0, 2)
        memory = world.kernel.reserve(3 * FRAME, writable=True)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntalloc.map_over(memory, index)
        memory.close()
        with refused(errno.EINVAL):
            gntalloc.dealloc_gref(index, 3)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntalloc.set_unmap_notify(index + 2 * FRAME, abi.UNMAP_NOTIFY_CLEAR_BYTE)


class TestEnd:
    def test_a_share_ends_with_its_memory(self, grants):
        share = grants.share(0)
        (ref,) = share.refs
        share.close()
        share.close()
        assert no_longer_granted(grants, ref)
        with pytest.raises(ValueError, match="closed"):
            share[0]

    def test_views_keep_a_mapping_open(self, grants):
        with grants.share(0) as share:
            share[0] = 65
            m = grants.map(0, share.refs)
            view = m.view()
            with pytest.raises(BufferError):
                m.close()
            assert m[0] == 65
            m.close(revoke=True)
            assert view[0] == 0
            view.release()

    def test_views_keep_a_share_open(self, grants):
        share = grants.share(0)
        share[0] = 65
        view = share.view()
        with pytest.raises(BufferError):
            share.close()
        share.close(revoke=True)
        assert view[0] == 0
        view[0] = 66
        assert no_longer_granted(grants, share.refs[0])
        view.release()

    def test_a_share_that_is_still_mapped_ends_later(self, grants):
        share = grants.share(0)
        share[0] = 65
        m = grants.map(0, share.refs)
        share.close()
        assert m[0] == 65
        m.close()

    def test_mappings_outlive_the_devices(self, world):
        grants = world.open().grants
        share = grants.share(0, write=True)
        m = grants.map(0, share.refs, write=True)
        grants.close()
        m[0] = 66
        assert share[0] == 66
        with pytest.raises(ValueError, match="closed"):
            grants.map(0, share.refs)
        with pytest.raises(ValueError, match="closed"):
            m.set_notify()
        m.close()
        share.close()

    def test_one_that_is_dropped_is_unmapped_with_a_warning(self, grants):
        with grants.share(0) as share:
            with pytest.warns(ResourceWarning, match="unclosed <GrantMapping"):
                grants.map(0, share.refs)
            with grants.map(0, share.refs) as m:
                assert grants.gntdev.get_offset_for_vaddr(m.address) == (0, 1)

    def test_maps_lists_what_is_mapped(self, grants):
        with grants.share(0) as share:
            with grants.map(0, share.refs) as m:
                assert list(grants.maps()) == [m]
            assert list(grants.maps()) == []


class TestNotify:
    def test_a_byte_is_cleared_when_a_mapping_ends(self, grants):
        with grants.share(0, 2, write=True) as share:
            share[FRAME + 3] = 7
            m = grants.map(0, share.refs, write=True, notify_byte=FRAME + 3)
            assert share[FRAME + 3] == 7
            m.close()
            world_call(grants)
            assert share[FRAME + 3] == 0

    def test_a_byte_is_cleared_when_a_share_ends(self, grants):
        share = grants.share(0, notify_byte=9)
        share[9] = 7
        m = grants.map(0, share.refs)
        share.close()
        world_call(grants)
        assert m[9] == 0
        m.close()

    def test_not_in_what_is_mapped_read_only(self, grants):
        with grants.share(0, write=True) as share:
            with refused(errno.EINVAL):
                grants.map(0, share.refs, notify_byte=3)
            assert list(grants.maps()) == []

    def test_cancelled(self, grants):
        with grants.share(0, write=True) as share:
            share[3] = 7
            with grants.map(0, share.refs, write=True, notify_byte=3) as m:
                m.set_notify()
            world_call(grants)
            assert share[3] == 7

    def test_replaced(self, grants):
        with grants.share(0, write=True) as share:
            share[3:5] = b"ab"
            with grants.map(0, share.refs, write=True, notify_byte=3) as m:
                m.set_notify(byte=4)
            world_call(grants)
            assert share[3:5] == b"a\0"

    @pytest.mark.parametrize("side", ["map", "share"])
    def test_an_event_is_sent(self, world, grants, side):
        events = world.xen.events
        ours = events.bind_unbound(0)
        peer = events.bind_interdomain(0, ours.port)
        drain(events)
        share = grants.share(0, notify_port=peer if side == "share" else None)
        m = grants.map(0, share.refs, notify_port=peer if side == "map" else None)
        assert events.wait(0) == []
        (m if side == "map" else share).close()
        assert [port.port for port in events.wait(10)] == [ours.port]
        m.close()
        share.close()

    @pytest.mark.parametrize("side", ["map", "share"])
    def test_a_port_that_is_none_is_EINVAL(self, grants, side):
        with grants.share(0) as share:
            with refused(errno.EINVAL):
                if side == "map":
                    grants.map(0, share.refs, notify_port=4000)
                else:
                    grants.share(0, notify_port=4000)
            assert list(grants.maps()) == []

    def test_bad_actions_are_EINVAL(self, gntdev, gntalloc):
        place = gntdev.map_grant_ref([(0, 8)])
        with refused(errno.EINVAL):
            gntdev.set_unmap_notify(place, 4)
        with refused(errno.ENOENT, xensys.XenNotFoundError):
            gntdev.set_unmap_notify(place + FRAME, 0)
        index, _ = gntalloc.alloc_gref(0, 1)
        with refused(errno.EINVAL):
            gntalloc.set_unmap_notify(index, 4)

    def test_a_byte_outside_is_no_question_of_the_kernel(self, grants):
        with grants.share(0, write=True) as share, pytest.raises(IndexError):
            grants.map(0, share.refs, write=True, notify_byte=FRAME)


class TestCopy:
    def test_out_of_a_page(self, grants):
        with grants.share(0) as share:
            share[100:105] = b"Hello"
            assert grants.copy_from(0, share.refs[0], 100, 5) == b"Hello"
            assert len(grants.copy_from(0, share.refs[0])) == FRAME

    def test_into_a_page(self, grants):
        with grants.share(0, write=True) as share:
            grants.copy_to(0, share.refs[0], FRAME - 3, b"end")
            assert share[FRAME - 3 : FRAME] == b"end"

    def test_a_whole_page_wherever_our_memory_lies(self, grants):
        data = bytearray(os.urandom(3 * FRAME))
        with grants.share(0, write=True) as share:
            for start in (0, 1, 17, 4095):
                part = memoryview(data)[start : start + FRAME]
                grants.copy_to(0, share.refs[0], 0, part)
                assert share[:] == part
                back = bytearray(2 * FRAME)
                target = memoryview(back)[start % 100 : start % 100 + FRAME]
                grants.copy([(GrantedPage(0, share.refs[0]), target, FRAME)])
                assert target == part

    def test_from_grant_to_grant(self, grants):
        with grants.share(0, 2, write=True) as share:
            share[:5] = b"Hello"
            a, b = share.refs
            grants.copy([(GrantedPage(0, a), GrantedPage(0, b, 7), 5)])
            assert share[FRAME + 7 : FRAME + 12] == b"Hello"

    def test_device_memory_goes_by_a_bounce(self, world, grants):
        with (
            grants.share(0, write=True) as share,
            grants.share(0) as other,
            world.xen.buffers.alloc(FRAME) as buffer,
            grants.map(0, other.refs) as m,
        ):
            other[:3] = b"map"
            grants.copy([(m.view(0, 3), GrantedPage(0, share.refs[0]), None)])
            assert share[:3] == b"map"
            grants.copy([(GrantedPage(0, share.refs[0]), buffer, 3)])
            assert buffer[:3] == b"map"
            grants.copy([(GrantedPage(0, share.refs[0]), other.view(10, 3), 3)])
            assert other[10:13] == b"map"

    def test_each_segment_has_its_status(self, grants):
        good = bytearray(4)
        with grants.share(0) as share:
            share[:4] = b"good"
            with pytest.raises(xensys.GrantCopyError) as caught:
                grants.copy(
                    [
                        (GrantedPage(0, share.refs[0]), bytearray(4), 4),
                        (GrantedPage(0, BAD_REF), bytearray(4), 4),
                        (b"no", GrantedPage(0, share.refs[0]), None),
                        (GrantedPage(NEVER, 8), bytearray(4), 4),
                        (GrantedPage(0, share.refs[0]), good, 4),
                    ]
                )
        assert caught.value.statuses == (0, -3, -1, -2, 0)
        assert caught.value.errno == errno.ENOENT
        assert "GNTST_bad_gntref" in str(caught.value)
        assert good == b"good"

    def test_more_segments_than_the_driver_has_in_hand(self, grants):
        with grants.share(0) as share:
            share[:] = bytes(range(256)) * 16
            targets = [bytearray(3) for _ in range(100)]
            grants.copy([(GrantedPage(0, share.refs[0], at), t, 3) for at, t in enumerate(targets)])
            assert all(t == bytes([at, at + 1, at + 2]) for at, t in enumerate(targets))

    def test_nothing_at_all(self, grants):
        grants.copy([])
        grants.copy([(GrantedPage(0, BAD_REF), bytearray(0), None)])

    def test_what_makes_no_sense_is_not_asked(self, grants):
        page = GrantedPage(0, 8)
        for segment, match in (
            ((b"a", bytearray(1), 1), "neither side"),
            ((page, page, None), "must be given"),
            ((page, bytearray(4), 5), "the buffer has 4"),
            ((GrantedPage(0, 8, FRAME - 1), bytearray(4), 2), "inside a page"),
        ):
            with pytest.raises(ValueError, match=match):
                grants.copy([segment])
        with pytest.raises(BufferError):
            grants.copy([(page, b"read-only", 4)])

    def test_a_segment_that_the_driver_refuses(self, gntdev):
        segment = abi.gntdev_grant_copy_segment(len=4)
        with refused(errno.EINVAL):
            gntdev.grant_copy(bytearray(segment))
        segment.flags = 1
        segment.source.foreign.offset = FRAME - 2
        with refused(errno.EINVAL):
            gntdev.grant_copy(bytearray(segment))

    def test_the_driver_is_given_a_bad_address(self, gntdev, grants):
        with grants.share(0) as share:
            segment = abi.gntdev_grant_copy_segment(len=4, flags=1)
            segment.source.foreign.ref = share.refs[0]
            segment.dest.virt = 0x10
            with refused(errno.EFAULT):
                gntdev.grant_copy(bytearray(segment))


class TestFork:
    def test_a_child_has_neither_mappings_nor_shares(self, world, grants):
        with grants.share(0, write=True) as share, grants.map(0, share.refs, write=True) as m:
            share[0] = 65
            view = m.view()

            def child():
                assert view[0] == 0
                view[0] = 66  # zero pages of its own
                for use in (
                    lambda: m[0],
                    lambda: share[0],
                    lambda: m.set_notify(),
                    lambda: grants.map(0, share.refs),
                    lambda: grants.share(0),
                ):
                    with pytest.raises(xensys.ForkedError):
                        use()
                m.close()
                share.close()

            in_child(child)
            assert m[0] == 65
            view.release()

    def test_a_child_does_not_keep_a_grant_mapped(self, grants):
        share = grants.share(0, write=True, notify_byte=3)
        share[3] = 7
        m = grants.map(0, share.refs)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        try:
            os.close(reader)
            share.close()
            world_call(grants)
            assert m[3] == 0
        finally:
            os.close(writer)
            os.waitpid(pid, 0)
            m.close()


class TestDmabuf:
    def test_export_is_refused_as_documented(self, world, grants):
        with grants.share(0, write=True) as share, pytest.raises(xensys.XenError) as caught:
            grants.export_dmabuf(0, share.refs)
        # Linux built without CONFIG_XEN_GNTDEV_DMABUF has none of these ioctls.
        assert caught.value.errno == errno.ENOTTY

    def test_the_others_too(self, grants):
        for call in (
            lambda: grants.import_dmabuf(0, 1, 0),
            lambda: grants.wait_dmabuf_released(0, 0.001),
            lambda: grants.gntdev.dmabuf_imp_release(0),
        ):
            with refused(errno.ENOTTY, xensys.NotSupportedError):
                call()


def mappings():
    """How many this process has."""
    with open("/proc/self/maps") as maps:
        return len(maps.readlines())


def world_call(grants):
    """Some call of the kernel's: the simulator sees a closed mapping at the next one."""
    grants.gntdev.kernel.access("/dev/null")


def drain(events):
    """Take what is pending from the start: a new interdomain channel is."""
    for port in events.wait(1):
        port.unmask()
    assert events.wait(0) == []
