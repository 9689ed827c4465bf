"""Two domains: dom0's half is here, the guest's in tests/twodomains.

Each looks with its own eyes: what one has written, the other is asked for.
"""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import FRAME, PATIENCE
from tests.twodomains import devices
from tests.twodomains.peers import PeerError
from xensys.memory.grant_copy import GrantedPage
from xensys.store import connecting, xenbus

ROUNDS = 1000
DOM0 = 0


@pytest.fixture
def peer(world):
    return world.peer()


def bound_pair(world, peer):
    """A port of dom0's, and the guest's handle on the other end; nothing is pending at either."""
    ours = world.xen.events.bind_unbound(peer.domid)
    theirs, _ = peer.bind_interdomain(DOM0, int(ours))
    # Who binds has an event at once.
    assert peer.wait(theirs)
    return ours, theirs


class TestTheGuestShares:
    def test_dom0_reads_what_the_guest_writes_now_and_later(self, world, peer):
        share, refs = peer.share(DOM0)
        peer.write(share, 0, b"first")
        with world.xen.grants.map(peer.domid, refs) as mapping:
            assert mapping[:6] == b"first\0"
            peer.write(share, FRAME - 4, b"last")
            assert mapping[FRAME - 4 :] == b"last"

    def test_dom0_writes_and_the_guest_reads(self, world, peer):
        share, refs = peer.share(DOM0, write=True)
        with world.xen.grants.map(peer.domid, refs, write=True) as mapping:
            mapping[100:105] = b"dom0!"
            assert peer.read(share, 99, 7) == b"\0dom0!\0"
        assert peer.read(share, 100, 5) == b"dom0!"

    def test_read_only_grant_cannot_be_mapped_for_writing(self, world, peer):
        _, refs = peer.share(DOM0)
        with pytest.raises(xensys.GrantMapError) as caught:
            world.xen.grants.map(peer.domid, refs, write=True, diagnose=True)
        assert caught.value.errno == errno.EINVAL
        assert [tuple(entry) for entry in caught.value.failed] == [(0, peer.domid, refs[0])]
        world.xen.grants.map(peer.domid, refs).close()

    def test_read_only_map_of_a_writable_grant_takes_no_write(self, world, peer):
        _, refs = peer.share(DOM0, write=True)
        with world.xen.grants.map(peer.domid, refs) as mapping, pytest.raises(TypeError):
            mapping[0] = 1

    def test_pages_keep_their_order_and_any_other_can_be_asked_for(self, world, peer):
        share, refs = peer.share(DOM0, pages=5)
        for page in range(5):
            peer.write(share, page * FRAME, b"page %d" % page)
        for order in ([0, 1, 2, 3, 4], [4, 2, 0], [1]):
            with world.xen.grants.map(peer.domid, [refs[page] for page in order]) as mapping:
                seen = [mapping[at * FRAME : at * FRAME + 6] for at in range(len(order))]
            assert seen == [b"page %d" % page for page in order]

    def test_one_mapping_of_two_shares(self, world, peer):
        first, refs = peer.share(DOM0)
        second, more = peer.share(DOM0, pages=2)
        peer.write(first, 0, b"1")
        peer.write(second, FRAME, b"3")
        with world.xen.grants.map(peer.domid, [*refs, *more]) as mapping:
            assert (mapping[0:1], mapping[2 * FRAME : 2 * FRAME + 1]) == (b"1", b"3")

    def test_one_mapping_of_two_guests(self, world, peer):
        other = world.restricted_peer()
        (first, refs), (second, more) = peer.share(DOM0), other.share(DOM0)
        peer.write(first, 0, b"peer")
        other.write(second, 0, b"other")
        domids = [other.domid, peer.domid]
        with world.xen.grants.map(domids, [*more, *refs]) as mapping:
            assert mapping[:5] == b"other"
            assert mapping[FRAME : FRAME + 4] == b"peer"

    def test_a_grant_for_another_domain_is_not_dom0s(self, world, peer):
        other = world.restricted_peer()
        _, refs = peer.share(other.domid)
        with pytest.raises(xensys.GrantMapError):
            world.xen.grants.map(peer.domid, refs)

    def test_an_ended_share_stays_mapped_and_cannot_be_mapped_again(self, world, peer):
        share, refs = peer.share(DOM0)
        peer.write(share, 0, b"still")
        with world.xen.grants.map(peer.domid, refs) as mapping:
            peer.release(share)
            assert mapping[:5] == b"still"
        # The kernel there ends it when it finds it unused: when it looks next.
        for _ in range(600):
            peer.release(peer.share(DOM0)[0])
            try:
                world.xen.grants.map(peer.domid, refs).close()
            except xensys.GrantMapError:
                break
            world.kernel.sleep(0.1)
        else:
            pytest.fail("it can still be mapped")


class TestDom0Shares:
    def test_the_guest_reads_what_dom0_writes(self, world, peer):
        with world.xen.grants.share(peer.domid, 3) as share:
            share[2 * FRAME : 2 * FRAME + 5] = b"hello"
            mapping = peer.map(DOM0, share.refs)
            assert peer.read(mapping, 2 * FRAME, 6) == b"hello\0"
            share[0:5] = b"later"
            assert peer.read(mapping, 0, 5) == b"later"
            peer.release(mapping)

    def test_the_guest_writes_and_dom0_reads(self, world, peer):
        with world.xen.grants.share(peer.domid, write=True) as share:
            mapping = peer.map(DOM0, share.refs, write=True)
            peer.write(mapping, FRAME - 5, b"guest")
            assert share[FRAME - 5 :] == b"guest"
            peer.release(mapping)

    def test_the_guest_cannot_map_a_read_only_grant_for_writing(self, world, peer):
        with world.xen.grants.share(peer.domid) as share:
            with pytest.raises(PeerError) as caught:
                peer.map(DOM0, share.refs, write=True)
            assert (caught.value.type, caught.value.errno) == ("GrantMapError", errno.EINVAL)

    def test_a_restricted_guest_maps_and_signals_all_the_same(self, world):
        guest = world.restricted_peer()
        with world.xen.grants.share(guest.domid, write=True) as share:
            share[:4] = b"seen"
            mapping = guest.map(DOM0, share.refs, write=True)
            assert guest.read(mapping, 0, 4) == b"seen"
            ours, theirs = bound_pair(world, guest)
            guest.notify(theirs)
            assert ours.wait(PATIENCE)
            guest.release(mapping)


class TestCopy:
    def test_out_of_a_guests_page(self, world, peer):
        share, (ref,) = peer.share(DOM0)
        peer.write(share, 1000, b"copied")
        assert world.xen.grants.copy_from(peer.domid, ref, 999, 8) == b"\0copied\0"
        assert len(world.xen.grants.copy_from(peer.domid, ref)) == FRAME

    def test_into_a_guests_page(self, world, peer):
        share, (ref,) = peer.share(DOM0, write=True)
        world.xen.grants.copy_to(peer.domid, ref, FRAME - 3, b"end")
        assert peer.read(share, FRAME - 4, 4) == b"\0end"

    def test_local_memory_that_crosses_pages(self, world, peer):
        share, refs = peer.share(DOM0, pages=3, write=True)
        wanted = bytes(index * 7 % 251 for index in range(3 * FRAME))
        # Wherever a buffer this long begins, it crosses pages in the middle of a segment.
        for shift in (0, 1, 2047):
            local = bytearray(shift) + wanted
            view = memoryview(local)[shift:]
            world.xen.grants.copy(
                [
                    (view[page * FRAME : (page + 1) * FRAME], GrantedPage(peer.domid, ref), None)
                    for page, ref in enumerate(refs)
                ]
            )
            assert peer.read(share, 0, 3 * FRAME) == wanted
            back = bytearray(shift + 3 * FRAME)
            target = memoryview(back)[shift:]
            world.xen.grants.copy(
                [
                    (GrantedPage(peer.domid, ref), target[page * FRAME : (page + 1) * FRAME], None)
                    for page, ref in enumerate(refs)
                ]
            )
            assert bytes(target) == wanted
            peer.write(share, 0, bytes(3 * FRAME))

    def test_between_two_grants(self, world, peer):
        first, (source,) = peer.share(DOM0)
        second, (target,) = peer.share(DOM0, write=True)
        peer.write(first, 16, b"from one to the other")
        where = (GrantedPage(peer.domid, source, 16), GrantedPage(peer.domid, target, 0), 21)
        world.xen.grants.copy([where])
        assert peer.read(second, 0, 21) == b"from one to the other"

    def test_each_segment_has_its_own_status(self, world, peer):
        share, (good,) = peer.share(DOM0, write=True)
        _, (read_only,) = peer.share(DOM0)
        with pytest.raises(xensys.GrantCopyError) as caught:
            world.xen.grants.copy(
                [
                    (b"one", GrantedPage(peer.domid, good, 0), None),
                    (b"two", GrantedPage(peer.domid, read_only, 0), None),
                    (b"three", GrantedPage(peer.domid, good, 8), None),
                ]
            )
        first, second, third = caught.value.statuses
        assert (first, third) == (0, 0)
        assert second < 0
        assert peer.read(share, 0, 13) == b"one\0\0\0\0\0three"

    def test_the_guest_copies_both_ways(self, world, peer):
        with world.xen.grants.share(peer.domid, write=True) as share:
            share[50:54] = b"dom0"
            assert peer.copy_from(DOM0, share.refs[0], 50, 4) == b"dom0"
            peer.copy_to(DOM0, share.refs[0], 4090, b"guest!")
            assert share[4090:] == b"guest!"


class TestNotifyOnUnmap:
    def test_dom0s_unmap_clears_a_byte_of_the_guests(self, world, peer):
        share, refs = peer.share(DOM0, write=True)
        peer.write(share, 40, b"\1\1\1")
        with world.xen.grants.map(peer.domid, refs, write=True, notify_byte=41):
            assert peer.read(share, 40, 3) == b"\1\1\1"
        assert peer.read(share, 40, 3) == b"\1\0\1"

    def test_dom0s_unmap_signals_the_guest(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        _, refs = peer.share(DOM0)
        with world.xen.grants.map(peer.domid, refs, notify_port=ours):
            assert not peer.wait(theirs, 0)
        assert peer.wait(theirs)

    def test_the_guests_process_is_killed(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        with world.xen.grants.share(peer.domid, write=True) as share:
            share[:3] = b"\7\7\7"
            peer.map(DOM0, share.refs, write=True, notify_byte=1, notify_port=theirs)
            assert not ours.wait(0)
            peer.die()
            assert ours.wait(PATIENCE)
            assert share[:3] == b"\7\0\7"
        # Its kernel goes on, and so do we with it.
        assert peer.ping() == "pong"

    def test_the_process_that_shared_is_killed(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        share, refs = peer.share(DOM0, write=True, notify_byte=9, notify_port=theirs)
        peer.write(share, 8, b"\5\5\5")
        with world.xen.grants.map(peer.domid, refs) as mapping:
            peer.die()
            assert ours.wait(PATIENCE)
            assert mapping[8:11] == b"\5\0\5"

    def test_whatever_was_replaced_does_not_happen(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        share, refs = peer.share(DOM0, write=True)
        peer.write(share, 0, b"\1\1")
        with world.xen.grants.map(peer.domid, refs, write=True, notify_byte=0, notify_port=ours) as mapping:
            mapping.set_notify(byte=1)
        assert peer.read(share, 0, 2) == b"\1\0"
        assert not peer.wait(theirs, 0)


class TestEvents:
    def test_ping_pong(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        echo = peer.begin("echo", theirs, ROUNDS)
        for number in range(ROUNDS):
            ours.notify()
            assert ours.wait(PATIENCE), f"no answer to {number}"
            ours.unmask()
        assert echo.result() == ROUNDS
        assert not ours.wait(0)

    def test_dom0_binds_to_the_guests_port(self, world, peer):
        theirs, number = peer.bind_unbound(DOM0)
        with world.xen.events.bind_interdomain(peer.domid, number) as ours:
            assert ours.wait(PATIENCE), "who binds has an event at once"
            ours.unmask()
            assert (ours.domid, ours.remote_port) == (peer.domid, number)
            # The guest's end may have one of binding's own; ours comes on top.
            peer.wait(theirs, 0)
            ours.notify()
            assert peer.wait(theirs)
            peer.notify(theirs)
            assert ours.wait(PATIENCE)

    def test_a_port_kept_for_another_domain_cannot_be_bound(self, world, peer):
        # For itself: under SILO, arm64's default policy, no guest may keep one for another guest.
        _, number = peer.bind_unbound(peer.domid)
        with pytest.raises(xensys.XenError) as caught:
            world.xen.events.bind_interdomain(peer.domid, number)
        assert caught.value.errno == errno.EINVAL

    def test_events_of_a_masked_port_become_one(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        for _ in range(5):
            peer.notify(theirs)
        # The first came and masked the port.
        for _ in range(2):
            assert ours.wait(PATIENCE)
            ours.unmask()
        assert not ours.wait(0.2)

    def test_the_guests_end_is_closed_and_ours_waits_again(self, world, peer):
        ours, theirs = bound_pair(world, peer)
        assert ours.status().kind == "interdomain"
        peer.release(theirs)
        assert ours.status().kind == "unbound"
        ours.notify()  # Nobody is there, and that is no error.
        again, _ = peer.bind_interdomain(DOM0, int(ours))
        assert peer.wait(again)
        peer.notify(again)
        assert ours.wait(PATIENCE)


class TestADevice:
    """The XenBus hand-shake, with what it is for."""

    @pytest.mark.parametrize("pages", [1, 4])
    def test_its_ends_share_memory_and_ports(self, world, peer, pages):
        store, name = world.xen.store, f"contract-{pages}"
        devices.make_device(store, peer.domid, name, 0)
        try:
            frontend = peer.begin("connect", name, pages)
            backend = xenbus.Backend(store, name, peer.domid, 0)
            with connecting.accept(
                backend, world.xen.grants, world.xen.events, timeout=PATIENCE
            ) as channel:
                theirs, memory, port = frontend.result()
                assert backend.state == backend.peer_state == xenbus.CONNECTED
                assert len(channel.memory) == pages * FRAME
                peer.write(memory, 0, b"from the front end")
                assert channel.memory[:18] == b"from the front end"
                channel.memory[-8:] = b"and back"
                assert peer.read(memory, pages * FRAME - 8, 8) == b"and back"
                # Who binds has an event at once.
                assert channel.port.wait(PATIENCE)
                channel.port.unmask()
                peer.notify(port)
                assert channel.port.wait(PATIENCE)
                channel.port.notify()
                assert peer.wait(port)
            assert world.xen.maps_of(peer.domid) == ()
            peer.release(theirs)
        finally:
            devices.remove_device(store, peer.domid, name, 0)

    def test_pages_that_are_no_grants_of_the_front_ends(self, world, peer):
        store, name = world.xen.store, "contract-false"
        devices.make_device(store, peer.domid, name, 0)
        try:
            front = f"/local/domain/{peer.domid}/device/{name}/0"
            store.write(f"{front}/ring-ref", "100000")
            store.write(f"{front}/event-channel", "1")
            store.write(f"{front}/state", "3")
            backend = xenbus.Backend(store, name, peer.domid, 0)
            with pytest.raises(xensys.GrantMapError):
                connecting.accept(backend, world.xen.grants, world.xen.events, timeout=PATIENCE)
            assert backend.state != xenbus.CONNECTED
            assert world.xen.maps_of(peer.domid) == ()
        finally:
            devices.remove_device(store, peer.domid, name, 0)


class TestForeign:
    def test_the_guests_live_page(self, world, peer):
        page, gfn = peer.live_page()
        peer.write(page, 0, b"where I say")
        with world.xen.foreign.map(peer.domid, [gfn], write=True) as mapping:
            assert mapping[:12] == b"where I say\0"
            peer.write(page, 6, b"it is")
            assert mapping[:11] == b"where it is"
            mapping[4000:4004] = b"dom0"
            assert peer.read(page, 3999, 6) == b"\0dom0\0"


class TestTheGuestAsACaller:
    def test_unrestricted(self, world, peer):
        assert peer.version() == str(world.xen.version())

    def test_restricted_kernel_refuses_hypercalls(self, world):
        guest = world.restricted_peer()
        with pytest.raises(PeerError) as caught:
            guest.version()
        assert (caught.value.type, caught.value.errno) == ("XenPermissionError", errno.EPERM)

    def test_it_may_not_map_dom0s_memory(self, world, peer):
        with pytest.raises(PeerError) as caught:
            peer.foreign_map(DOM0, 0x1000)
        assert caught.value.errno == errno.EPERM

    def test_it_is_who_it_is(self, world, peer):
        assert peer.own_domid() == peer.domid


class TestTheGuestIsDestroyed:
    def test_what_dom0_maps_keeps_it_a_zombie_until_let_go(self, world):
        guest = world.throwaway_peer()
        ours, _theirs = bound_pair(world, guest)
        share, refs = guest.share(DOM0, write=True)
        guest.write(share, 0, b"grant")
        page, gfn = guest.live_page()
        guest.write(page, 0, b"foreign")
        granted = world.xen.grants.map(guest.domid, refs, write=True, notify_byte=0, notify_port=ours)
        foreign = world.xen.foreign.map(guest.domid, [gfn])

        guest.destroy()

        assert granted[:5] == b"grant"
        assert foreign[:7] == b"foreign"
        assert len(world.xen.maps_of(guest.domid)) == 2
        foreign.close()
        assert len(world.xen.maps_of(guest.domid)) == 1
        # Xen takes its time over a domain's death, and may not be over with the rest.
        for _ in range(5):
            world.kernel.sleep(0.1)
            world.xen.memory_op.current_reservation(guest.domid)
        # A byte in a page that only we see any more, and an event for nobody: no error.
        granted.close()
        assert world.wait_until_gone(guest.domid)
        assert ours.status().kind == "unbound"

    def test_it_had_mapped_dom0s_share(self, world):
        guest = world.throwaway_peer()
        ours, theirs = bound_pair(world, guest)
        with world.xen.grants.share(guest.domid, write=True) as share:
            share[:3] = b"\7\7\7"
            guest.map(DOM0, share.refs, write=True, notify_byte=1, notify_port=theirs)

            guest.destroy()

            assert world.wait_until_gone(guest.domid)
            # Notifying is its kernel's work, which is no more: whoever needs to know of a
            # domain's death must look for it elsewhere (XenStore).
            assert share[:3] == b"\7\7\7"
            assert not ours.wait(0)
            assert ours.status().kind == "unbound"
            share[:3] = b"own"
            assert share[:3] == b"own"
