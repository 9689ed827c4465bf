"""Granted memory on the simulator: two domains, and what only it can provoke."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from simraw import death_of

import xensys
from xensys.kernel.base import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ
from xensys.memory.grant_copy import GrantedPage
from xensys.sim import Machine
from xensys.sim.clock import RealClock
from xensys.sim.grants import Entry

FRAME = 4096
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def guest(machine):
    return machine.domains[1]


@pytest.fixture
def xen(machine):
    with xensys.open(kernel=machine.dom0) as opened:
        yield opened


@pytest.fixture
def peer(guest):
    """The guest's own library."""
    with xensys.Xen(guest.kernel(unrestricted=True)) as opened:
        yield opened


def settle(machine):
    """Any call: the simulator looks for mappings that are gone."""
    machine.dom0.access("/dev/null")


def refuses(number, kind=xensys.XenError):
    return pytest.raises(kind, match=rf"\[Errno {number}\]")


class TestTwoDomains:
    def test_a_guest_shares_and_dom0_maps(self, xen, peer, guest):
        with peer.grants.share(0, 2, write=True) as share, xen.grants.map(1, share.refs, write=True) as m:
            share[:5] = b"Hello"
            assert m[:5] == b"Hello"
            m[FRAME] = 7
            assert share[FRAME] == 7
            assert guest.grants.status(share.refs[0]) == 8 | 16

    def test_nobody_else_can_map_it(self, machine, peer):
        third = xensys.Xen(machine.domains[2].kernel(unrestricted=True))
        with peer.grants.share(0) as share, refuses(errno.EINVAL):
            third.grants.map(1, share.refs)
        third.close()

    def test_notify_when_the_peer_unmaps(self, machine, xen, peer):
        ours = peer.events.bind_unbound(0)
        theirs = xen.events.bind_interdomain(1, ours.port)
        for port in peer.events.wait(0):
            port.unmask()
        with peer.grants.share(0, write=True) as share:
            share[5] = 1
            m = xen.grants.map(1, share.refs, write=True, notify_byte=5, notify_port=theirs)
            m.close()
            assert [p.port for p in peer.events.wait(1)] == [ours.port]
            assert share[5] == 0

    def test_notify_though_its_port_is_closed_first(self, machine, xen, peer):
        # As it happens when a process dies: files are closed in the order of their numbers.
        ours = peer.events.bind_unbound(0)
        theirs = xen.events.bind_interdomain(1, ours.port)
        for port in peer.events.wait(0):
            port.unmask()
        with peer.grants.share(0) as share:
            m = xen.grants.map(1, share.refs, notify_port=theirs)
            theirs.close()
            assert peer.events.wait(0) == []
            m.close()
            assert [p.port for p in peer.events.wait(1)] == [ours.port]

    def test_notify_wakes_a_thread_that_waits_already(self, machine, xen, peer):
        machine.clock = RealClock()
        ours = peer.events.bind_unbound(0)
        theirs = xen.events.bind_interdomain(1, ours.port)
        for port in peer.events.wait(0):
            port.unmask()
        with peer.grants.share(0) as share:
            m = xen.grants.map(1, share.refs, notify_port=theirs)
            got = []
            machine.trace = True
            waiter = threading.Thread(target=lambda: got.extend(peer.events.wait(30)))
            waiter.start()
            while not any(call.kind == "wait" for call in tuple(machine.log)):
                time.sleep(0.001)
            # Unmapped by no call of the kernel's interface: munmap(2) in mmap.close().
            m.close()
            waiter.join(20)
            assert [p.port for p in got] == [ours.port]

    def test_a_dead_granter_is_a_zombie_until_let_go(self, machine, xen, peer, guest):
        share = peer.grants.share(0)
        share[:3] = b"old"
        m = xen.grants.map(1, share.refs)
        guest.destroy()
        assert m[:3] == b"old"
        assert machine.zombies() == [guest]
        with refuses(errno.EINVAL, xensys.GrantMapError):
            xen.grants.map(1, [share.refs[0] + 1])
        m.close()
        assert machine.zombies() == []
        share.close()

    def test_a_dead_mapper_gives_back(self, machine, xen, peer, guest):
        with xen.grants.share(1, write=True) as share:
            m = peer.grants.map(0, share.refs)
            table = machine.domains[0].grants
            assert table.status(share.refs[0]) == 8
            guest.destroy()
            assert table.status(share.refs[0]) == 0
            m.close()

    def test_a_share_ends_once_the_peer_has_let_go(self, machine, xen, peer, guest):
        share = peer.grants.share(0)
        (ref,) = share.refs
        share[0] = 9
        m = xen.grants.map(1, [ref])
        share.close()
        settle(machine)
        assert guest.grants.entry(ref).flags & 1
        assert m[0] == 9
        m.close()
        settle(machine)
        peer.grants.share(0).close()
        settle(machine)
        assert guest.grants.entry(ref).flags == 0

    def test_copies_both_ways(self, xen, peer):
        with peer.grants.share(0, write=True) as share:
            share[:5] = b"guest"
            assert xen.grants.copy_from(1, share.refs[0], 0, 5) == b"guest"
            xen.grants.copy_to(1, share.refs[0], 2, b"xy")
            assert share[:5] == b"guxyt"

    def test_the_caller_is_never_told_of_addresses(self, machine, xen, peer):
        with peer.grants.share(0, write=True) as share:
            xen.grants.copy_to(1, share.refs[0], 0, os.urandom(FRAME))
        assert machine.violations == []


class TestPaging:
    def test_the_kernel_waits_for_a_page(self, machine, xen, peer, guest):
        with peer.grants.share(0) as share:
            gfn = guest.grants.entry(share.refs[0]).frame
            guest.page_out([gfn], for_calls=3)
            with xen.grants.map(1, share.refs) as m:
                assert m[0] == 0

    def test_but_not_for_ever(self, machine, xen, peer, guest):
        with peer.grants.share(0) as share:
            gfn = guest.grants.entry(share.refs[0]).frame
            guest.page_out([gfn])
            with refuses(errno.EINVAL, xensys.GrantMapError):
                xen.grants.map(1, share.refs)
            with pytest.raises(xensys.GrantCopyError, match="GNTST_bad_page") as caught:
                xen.grants.copy_from(1, share.refs[0])
            assert caught.value.statuses == (-9,)
            guest.page_in([gfn])
            xen.grants.map(1, share.refs).close()

    def test_EAGAIN_is_tried_again_until_the_deadline(self, machine, xen, peer):
        with peer.grants.share(0) as share:
            machine.dom0.faults.fail("mmap", errno.EAGAIN, device="gntdev", times=4)
            with xen.grants.map(1, share.refs) as m:
                # Each try is of a place of its own: one can be mapped once in its life.
                assert xen.grants.gntdev.get_offset_for_vaddr(m.address) == (0, 1)
            machine.dom0.faults.clear()
            fault = machine.dom0.faults.fail("mmap", errno.EAGAIN, device="gntdev", times=None)
            start = machine.clock.now()
            with refuses(errno.EAGAIN, xensys.GrantMapError):
                xen.grants.map(1, share.refs, timeout=2.0)
            assert 2.0 <= machine.clock.now() - start < 2.2
            assert 20 < fault.fired < 200
            with refuses(errno.EAGAIN, xensys.GrantMapError):
                xen.grants.map(1, share.refs, timeout=0)


class TestWhatGoesWrong:
    def everything_is_back(self, machine, guest):
        settle(machine)
        assert guest.grants.active == {}
        assert machine.domains[0].grants.handles == {}
        assert not [vma for vma in machine.vmas.live() if vma.kind in ("gntdev", "gntalloc")]

    @pytest.mark.parametrize(
        ("kind", "match"),
        [
            ("ioctl", {"request": "MAP_GRANT_REF"}),
            ("reserve", {}),
            ("mmap", {"device": "gntdev"}),
            ("madvise", {}),
            ("ioctl", {"request": "SET_UNMAP_NOTIFY"}),
        ],
    )
    def test_ENOMEM_anywhere_in_a_map_leaves_nothing(self, machine, xen, peer, guest, kind, match):
        with peer.grants.share(0, write=True) as share:
            machine.dom0.faults.fail(kind, errno.ENOMEM, **match)
            with refuses(errno.ENOMEM):
                xen.grants.map(1, share.refs, write=True, notify_byte=0)
            assert machine.dom0.faults._faults[0].fired == 1
            with xen.grants.map(1, share.refs) as m:
                assert xen.grants.gntdev.get_offset_for_vaddr(m.address) == (0, 1)
            gc.collect()
        self.everything_is_back(machine, guest)

    @pytest.mark.parametrize(
        ("kind", "match"),
        [
            ("ioctl", {"request": "ALLOC_GREF"}),
            ("reserve", {}),
            ("mmap", {"device": "gntalloc"}),
            ("madvise", {}),
            ("ioctl", {"request": "SET_UNMAP_NOTIFY"}),
        ],
    )
    def test_ENOMEM_anywhere_in_a_share_leaves_nothing(self, machine, xen, kind, match):
        machine.dom0.faults.fail(kind, errno.ENOMEM, **match)
        with refuses(errno.ENOMEM):
            xen.grants.share(1, notify_byte=0)
        settle(machine)
        assert machine.domains[0].grants.entry(8).flags == 0
        xen.grants.share(1).close()

    @pytest.mark.parametrize("path", ["/dev/xen/gntdev", "/dev/xen/gntalloc"])
    def test_no_more_descriptors(self, machine, xen, path):
        machine.dom0.faults.fail("open", errno.EMFILE, path=path)
        with refuses(errno.EMFILE):
            _ = xen.grants.gntdev if path.endswith("gntdev") else xen.grants.gntalloc
        xen.grants.gntdev.fileno()
        xen.grants.gntalloc.fileno()

    def test_without_the_module(self, machine, xen):
        machine.dom0.nodes.discard("/dev/xen/gntdev")
        with pytest.raises(xensys.NoXenError, match="xen-gntdev module"):
            xen.grants.map(1, [8])

    def test_an_interrupted_map_is_tried_again(self, machine, xen, peer):
        with peer.grants.share(0) as share:
            fault = machine.dom0.faults.fail("mmap", errno.EINTR, device="gntdev", times=2)
            xen.grants.map(1, share.refs).close()
            assert fault.fired == 2

    def test_interrupted_ioctls_that_may_be_repeated_are(self, machine, xen, peer):
        with peer.grants.share(0, write=True) as share:
            for request in ("MAP_GRANT_REF", "SET_UNMAP_NOTIFY"):
                fault = machine.dom0.faults.fail("ioctl", errno.EINTR, request=request, times=2)
                xen.grants.map(1, share.refs, write=True, notify_byte=1).close()
                assert fault.fired == 2
        fault = machine.dom0.faults.fail("ioctl", errno.EINTR, request="ALLOC_GREF")
        with pytest.raises(xensys.XenInterruptedError):
            xen.grants.share(1)

    def test_an_interrupted_copy_is_reported(self, machine, xen, peer):
        with peer.grants.share(0) as share:
            machine.dom0.faults.fail("ioctl", errno.EINTR, request="GRANT_COPY")
            with pytest.raises(xensys.GrantCopyError) as caught:
                xen.grants.copy_from(1, share.refs[0])
            assert (caught.value.errno, caught.value.statuses) == (errno.EINTR, (None,))

    def test_a_copy_that_ends_early_says_what_is_not_known(self, machine, xen, peer):
        # 16 go to Xen together: those of the second batch were not asked any more.
        with peer.grants.share(0) as share:
            page = GrantedPage(1, share.refs[0])
            segments = [(page, bytearray(1), 1) for _ in range(20)]
            segments[2] = (GrantedPage(1, 99999), bytearray(1), 1)
            bad = memoryview(bytearray(1))
            segments[18] = (page, bad, 1)
            user, reads = machine.user, []
            whole = user.read

            def read(address, length):
                reads.append(length)
                if length == 24 and reads.count(24) == 19:
                    raise OSError(errno.EFAULT, "bad")
                return whole(address, length)

            user.read = read
            try:
                with pytest.raises(xensys.GrantCopyError) as caught:
                    xen.grants.copy(segments)
            finally:
                user.read = whole
        assert caught.value.errno == errno.EFAULT
        assert caught.value.statuses[2] == -3
        assert set(caught.value.statuses) == {None, -3}
        assert "may have been copied" in str(caught.value)

    def test_a_refused_map_leaves_no_gap_for_others_to_fall_into(self, machine, xen):
        # The range is unmapped before the driver refuses: another thread gets those addresses.
        kernel = machine.dom0
        taken = []
        real = kernel.mmap

        def mmap(address, length, prot, flags, fd, offset):
            try:
                return real(address, length, prot, flags, fd, offset)
            except OSError:
                if fd >= 0:
                    got = real(address, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                    taken.append((address, got))
                raise

        kernel.mmap = mmap
        with refuses(errno.EINVAL, xensys.GrantMapError):
            xen.grants.map(1, [9999])
        ((address, got),) = taken
        assert address == got
        kernel.mmap = real
        gc.collect()
        # Still theirs; and a child has what they have.
        assert machine.user.read(address, 1) == b"\0"
        assert death_of(lambda: machine.user.read(address, 1)) == 0
        kernel.munmap(address, FRAME)

    def test_a_machine_with_large_pages_is_said_aloud(self):
        machine = Machine(arch="arm64", page_size=65536)
        with xensys.open(kernel=machine.dom0) as xen:
            for call in (lambda: xen.grants.map(1, [8]), lambda: xen.grants.share(1)):
                with pytest.raises(xensys.NotSupportedError, match="4 KiB"):
                    call()


class TestLimits:
    def test_a_full_grant_table_is_ENOSPC(self, machine):
        guest = machine.add_domain(memory=16 << 20, grant_frames=1)
        with xensys.Xen(guest.kernel(unrestricted=True)) as peer:
            # 512 entries, 8 of them reserved.
            share = peer.grants.share(0, 504)
            with refuses(errno.ENOSPC):
                peer.grants.share(0)
            share.close()
            peer.grants.share(0, 504).close()

    def test_a_domain_without_memory_is_ENOMEM(self, machine):
        guest = machine.add_domain(memory=1 << 20)
        with xensys.Xen(guest.kernel(unrestricted=True)) as peer, refuses(errno.ENOMEM):
            peer.grants.share(0)

    def test_memory_is_taken_and_given_back(self, machine, peer, guest):
        for _ in range(1000):
            peer.grants.share(0, 4).close()
        with peer.grants.share(0) as share:
            assert share.refs[0] < 20


class TestErrors:
    def test_pickle(self):
        error = xensys.GrantMapError(errno.EINVAL, failed=((0, 1, 8),), requested=3, domid=1)
        again = pickle.loads(pickle.dumps(error))
        assert (again.errno, again.failed, again.requested) == (errno.EINVAL, ((0, 1, 8),), 3)
        assert str(again) == str(error)
        assert "1 of 3 grants failed (8 of domain 1)" in str(error)
        copy = xensys.GrantCopyError(errno.EIO, statuses=(0, -1, None))
        again = pickle.loads(pickle.dumps(copy))
        assert again.statuses == (0, -1, None)
        assert "1 of 3 segments failed (GNTST 1: -1)" in str(again)


class TestLife:
    def test_everything_says_what_it_is(self, xen, peer):
        assert repr(xen.grants) == "<Grants, open, 0 mapped>"
        with peer.grants.share(0) as share, xen.grants.map(1, share.refs) as m:
            assert "for domain 0, 1 grant(s) from 8" in repr(share)
            assert "of domain 1, 1 grant(s) from 8" in repr(m)
            assert "1 mapped" in repr(xen.grants)

    def test_used_after_close(self, xen, peer):
        share = peer.grants.share(0)
        m = xen.grants.map(1, share.refs)
        for thing in (m, share):
            thing.close()
            for use in (lambda t=thing: t[0], lambda t=thing: t.view(), lambda t=thing: t.set_notify()):
                with pytest.raises(ValueError, match="closed"):
                    use()
        grants = xen.grants
        xen.close()
        for use in (
            lambda: grants.map(1, [8]),
            lambda: grants.share(1),
            lambda: grants.copy_from(1, 8),
            lambda: grants.gntdev,
            lambda: grants.gntalloc,
        ):
            with pytest.raises(ValueError, match="closed"):
                use()
        grants.close()

    @pytest.mark.parametrize("dom0", ["pv", "pvh"])
    def test_a_child_has_zero_pages(self, dom0):
        machine = Machine(dom0=dom0)
        with (
            xensys.open(kernel=machine.dom0) as xen,
            xen.grants.share(0, write=True) as share,
            xen.grants.map(0, share.refs, write=True) as m,
        ):
            share[0] = 65
            views = m.view(), share.view()

            def child():
                assert [view[0] for view in views] == [0, 0]
                views[0][0] = views[1][0] = 1
                with pytest.raises(xensys.ForkedError):
                    _ = m[0]
                # Freed without harm, and without a word to the parent's file.
                m.close()
                share.close()

            assert death_of(child) == 0
            assert m[0] == 65
            for view in views:
                view.release()

    def test_a_child_sends_no_notification(self, machine, xen):
        with xen.grants.share(0, write=True) as share:
            share[3] = 7
            m = xen.grants.map(0, share.refs, write=True, notify_byte=3)

            def child():
                m.close()
                gc.collect()
                machine.dom0.access("/dev/null")

            assert death_of(child) == 0
            assert share[3] == 7
            m.close()
            settle(machine)
            assert share[3] == 0

    @pytest.mark.parametrize("first", ["xensys.sim", "xensys.store"])
    def test_whatever_is_imported_first(self, first):
        # A forked child's mappings end, and its simulated machine must know before that it is a child.
        code = (
            f"import {first}, os, xensys\n"
            "from xensys.sim import Machine\n"
            "machine = Machine()\n"
            "with xensys.open(kernel=machine.dom0) as xen, xen.grants.share(0, write=True) as share:\n"
            "    share[3] = 7\n"
            "    with xen.grants.map(0, share.refs, write=True, notify_byte=3) as m:\n"
            "        pid = os.fork()\n"
            "        if not pid:\n"
            "            m.close()\n"
            "            machine.dom0.access('/dev/null')\n"
            "            os._exit(0)\n"
            "        assert os.waitpid(pid, 0)[1] == 0\n"
            "        assert share[3] == 7\n"
        )
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

    def test_dropped_while_views_live(self, machine, xen, peer, guest):
        share = peer.grants.share(0)
        share[0] = 9
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            view = xen.grants.map(1, share.refs).view()
            gc.collect()
        assert [w.category for w in seen] == [ResourceWarning]
        seen.clear()
        assert view[0] == 9
        assert guest.grants.status(share.refs[0])
        view.release()
        del view
        settle(machine)
        assert guest.grants.status(share.refs[0]) == 0
        share.close()

    def test_close_while_others_map(self, machine, xen, peer):
        grants = xen.grants
        share = peer.grants.share(0, 2)
        errors = []

        def work():
            try:
                while True:
                    grants.map(1, share.refs).close()
            except ValueError:
                pass
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            grants.map(1, share.refs).close()
        grants.close()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert errors == []
        share.close()

    def test_a_soak_leaves_everything_as_it_was(self, machine, xen, peer, guest):
        def state():
            settle(machine)
            gc.collect()
            with open("/proc/self/maps") as maps:
                mapped = len(maps.readlines())
            return len(os.listdir("/proc/self/fd")), guest.grants.active, mapped

        with peer.grants.share(0, 4, write=True) as share:
            for _ in range(20):
                xen.grants.map(1, share.refs, write=True, notify_byte=1).close()
            fds, active, mapped = state()
            for _ in range(2000):
                xen.grants.map(1, share.refs, write=True, notify_byte=1).close()
            assert state()[:2] == (fds, active) == (fds, {})
            assert state()[2] <= mapped + 5


class TestVersion2:
    @pytest.fixture
    def guest(self, machine):
        return machine.add_domain(name="v2", grant_version=2)

    def test_a_table_of_version_2(self, xen, peer, guest):
        with peer.grants.share(0, 300) as share:
            share[299 * FRAME] = 7
            with xen.grants.map(guest.domid, share.refs) as m:
                assert m[299 * FRAME] == 7
                assert guest.grants.status(share.refs[299]) == 8
                assert guest.grants.entry(share.refs[299]).flags == 1 | 4
            assert len(guest.grant_slots) == 2

    def test_part_of_a_page_is_for_copies_only(self, xen, guest):
        ref = guest.grants.give(0, 300)
        guest.grants.write(ref, Entry(1 | 256, 0, 300, offset=100, length=8))
        guest.memory.write(300 * FRAME + 100, b"sub-page")
        assert xen.grants.copy_from(guest.domid, ref, 100, 8) == b"sub-page"
        for offset, length in ((99, 2), (107, 2)):
            with pytest.raises(xensys.GrantCopyError, match="GNTST_general_error"):
                xen.grants.copy_from(guest.domid, ref, offset, length)
        with pytest.raises(xensys.GrantMapError):
            xen.grants.map(guest.domid, [ref])

    def test_a_transitive_grant(self, machine, xen, guest):
        further = machine.domains[1]
        further.memory.write(5 * FRAME, b"far away")
        inner = further.grants.give(guest.domid, 5, readonly=True)
        outer = guest.grants.give(0, 1)
        guest.grants.write(outer, Entry(3, 0, inner, offset=1))
        raw, status = guest.grants.raw(outer)
        # trans_domid lies where a sub-page's offset does.
        guest.grants.put_raw(outer, (raw[:4] + (1).to_bytes(2, "little") + raw[6:], status))
        assert xen.grants.copy_from(guest.domid, outer, 0, 8) == b"far away"
        with pytest.raises(xensys.GrantMapError):
            xen.grants.map(guest.domid, [outer])
        assert further.grants.active == {}

    def test_back_to_version_1(self, peer, guest, machine):
        op = peer.grant_table_op
        assert op.get_version() == 2
        share = peer.grants.share(0)
        with xensys.open(kernel=machine.dom0) as xen:
            m = xen.grants.map(guest.domid, share.refs)
            with refuses(errno.EBUSY):
                op.set_version(1, hazardous=True)
            m.close()
        assert op.set_version(1, hazardous=True) == 1
        assert guest.grants.entry(share.refs[0]).flags == 0
        share.close()
