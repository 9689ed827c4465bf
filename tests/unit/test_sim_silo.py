"""XSM's SILO policy: two guests get nothing from each other, and all they want from dom0.

What Xen says then is in the callers of xen/xsm/silo.c: -EPERM for event channels
and argo, GNTST_permission_denied for grants.
"""

from __future__ import annotations

import errno

import pytest
from simraw import refused

import xensys
from xensys.hypercalls.argo_op import ring_pages
from xensys.hypercalls.grant_table_op import GrantCopy
from xensys.sim import Machine

PERMISSION_DENIED, BAD_DOMAIN, GENERAL_ERROR = -8, -2, -1
SELF = 0x7FF0
ONE, TWO, NEVER = 1, 3, 77
LENGTH = 4096 - 64


class Guests:
    """Two guests of one machine, and dom0, each with a library of its own."""

    def __init__(self, *, silo, **options):
        self.machine = Machine(silo=silo, **options)
        self.machine.add_domain(domid=TWO)
        self.dom0 = xensys.Xen(self.machine.dom0)
        self.one, self.two = (
            xensys.Xen(self.machine.domains[domid].kernel(unrestricted=True)) for domid in (ONE, TWO)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for xen in (self.one, self.two, self.dom0):
            xen.close()


@pytest.fixture
def guests():
    with Guests(silo=True, argo="mac-permissive") as made:
        yield made


@pytest.fixture
def open_guests():
    """The same without the policy: what is refused to `guests` works here."""
    with Guests(silo=False, argo="mac-permissive") as made:
        yield made


def test_is_the_policy_of_arms_builds_alone():
    assert Machine(arch="arm64").silo
    assert not Machine().silo


class TestGrants:
    def test_between_guests_cannot_be_mapped(self, guests):
        with guests.one.grants.share(TWO) as share:
            with pytest.raises(xensys.GrantMapError) as caught:
                guests.two.grants.map(ONE, share.refs, diagnose=True)
            assert caught.value.errno == errno.EINVAL
            share[0:4] = b"kept"

    def test_nor_by_hypercall(self, guests):
        op = guests.two.grant_table_op
        with guests.one.grants.share(TWO) as share:
            ref = share.refs[0]
            # The flags and the domain come first, the reference is not looked at.
            asked = [
                (0, 2, ref, ONE),
                (0, 0, ref, ONE),
                (0, 1, ref, ONE),
                (0, 2, ref, NEVER),
                (0, 2, 1 << 20, ONE),
            ]
            statuses = [one.status for one in op.map_grant_ref(asked, hazardous=True)]
            assert statuses == [PERMISSION_DENIED, -3, GENERAL_ERROR, BAD_DOMAIN, PERMISSION_DENIED]

    def test_between_guests_cannot_be_copied(self, guests):
        with guests.one.grants.share(TWO, write=True) as share:
            for call in (
                lambda: guests.two.grants.copy_from(ONE, share.refs[0], 0, 8),
                lambda: guests.two.grants.copy_to(ONE, share.refs[0], 0, b"x"),
                lambda: guests.two.grants.copy_from(ONE, 1 << 20, 0, 8),
            ):
                with pytest.raises(xensys.GrantCopyError) as caught:
                    call()
                assert caught.value.statuses == (PERMISSION_DENIED,)
            with pytest.raises(xensys.GrantCopyError) as caught:
                guests.two.grants.copy_from(NEVER, 8, 0, 8)
            assert caught.value.statuses == (BAD_DOMAIN,)

    def test_nor_by_hypercall_in_either_direction(self, guests):
        op = guests.two.grant_table_op
        with guests.one.grants.share(TWO, write=True) as share:
            theirs, ours = (ONE, share.refs[0], 0), (SELF, 0x1000, 0)
            copies = [
                GrantCopy(theirs, ours, 8, 1),
                GrantCopy(ours, theirs, 8, 2),
            ]
            assert op.copy(copies, hazardous=True) == [PERMISSION_DENIED] * 2

    def test_pages_are_not_given_away(self, guests):
        machine = guests.machine
        giver = machine.add_domain(kind="pv")
        frame = giver.first_gfn + 5
        with xensys.Xen(giver.kernel(unrestricted=True)) as pv:
            statuses = pv.grant_table_op.transfer(
                [(frame, TWO, 8), (frame + 1, NEVER, 8), (frame + 2, 0, 1 << 20)], hazardous=True
            )
        assert statuses == [PERMISSION_DENIED, BAD_DOMAIN, GENERAL_ERROR]
        # Gone, as on every status but bad_page.
        assert giver.memory.slot(frame) is None

    @pytest.mark.parametrize("other", ["dom0", "one"])
    def test_with_dom0_and_with_oneself_nothing_changes(self, guests, other):
        domid = {"dom0": 0, "one": ONE}[other]
        with guests.one.grants.share(domid, write=True) as share:
            share[0:4] = b"here"
            user = getattr(guests, other)
            with user.grants.map(ONE, share.refs) as mapped:
                assert mapped[0:4] == b"here"
            assert user.grants.copy_from(ONE, share.refs[0], 0, 4) == b"here"
            user.grants.copy_to(ONE, share.refs[0], 0, b"gone")
            assert share[0:4] == b"gone"

    def test_without_the_policy_it_works(self, open_guests):
        with open_guests.one.grants.share(TWO, write=True) as share:
            share[0:4] = b"here"
            with open_guests.two.grants.map(ONE, share.refs) as mapped:
                assert mapped[0:4] == b"here"
            assert open_guests.two.grants.copy_from(ONE, share.refs[0], 0, 4) == b"here"


class TestEventChannels:
    def test_are_not_made_for_another_guest(self, guests):
        for call in (
            lambda: guests.one.events.bind_unbound(TWO),
            lambda: guests.one.event_channel_op.alloc_unbound(TWO, hazardous=True),
        ):
            with refused(errno.EPERM):
                call()
        with refused(errno.ESRCH):
            guests.one.events.bind_unbound(NEVER)
        assert guests.one.events.ports == ()

    def test_nor_bound_where_dom0_has_made_one(self, guests):
        # It may: the control domain asks. Who binds is the guest.
        port = guests.dom0.event_channel_op.alloc_unbound(TWO, domid=ONE)
        for call in (
            lambda: guests.two.events.bind_interdomain(ONE, port),
            lambda: guests.two.event_channel_op.bind_interdomain(ONE, port, hazardous=True),
        ):
            with refused(errno.EPERM):
                call()
        # The port is looked at first.
        with refused(errno.EINVAL):
            guests.two.events.bind_interdomain(ONE, port + 1)
        assert guests.dom0.event_channel_op.status(port, domid=ONE).kind == "unbound"

    def test_without_the_policy_it_works(self, open_guests):
        port = open_guests.one.events.bind_unbound(TWO)
        with open_guests.two.events.bind_interdomain(ONE, port) as far:
            far.notify()
            assert port.wait(5)

    def test_with_dom0_and_with_oneself_nothing_changes(self, guests):
        port = guests.one.events.bind_unbound(0)
        guests.dom0.events.bind_interdomain(ONE, port)
        own = guests.one.events.bind_unbound(SELF)
        guests.one.events.bind_interdomain(SELF, own)


class TestArgo:
    def frames(self, guests, xen, domid):
        pages = ring_pages(LENGTH)
        memory = xen.buffers.alloc(max(pages, 2) * 4096)
        argo, domain = guests.machine.hypervisor.argo, guests.machine.domains[domid]
        frames = [argo.frame_of(domain, memory.address + at * 4096) for at in range(pages)]
        return memory, frames

    def test_a_ring_is_not_for_another_guest(self, guests):
        memory, frames = self.frames(guests, guests.one, ONE)
        with memory:
            with refused(errno.EPERM):
                guests.one.argo_op.register_ring(0x51, TWO, frames, LENGTH, hazardous=True)
            with refused(errno.ESRCH):
                guests.one.argo_op.register_ring(0x51, NEVER, frames, LENGTH, hazardous=True)
            for partner in (0, ONE):
                guests.one.argo_op.register_ring(0x51, partner, frames, LENGTH, hazardous=True)
                guests.one.argo_op.unregister_ring(0x51, partner, hazardous=True)

    def test_nothing_is_sent_to_a_ring_for_all(self, guests):
        memory, frames = self.frames(guests, guests.one, ONE)
        with memory:
            guests.one.argo_op.register_ring(0x51, 0x7FF4, frames, LENGTH, hazardous=True)
            for port in (0x51, 0x52):
                with refused(errno.EPERM):
                    guests.two.argo_op.sendv(ONE, port, [b"hello"])
            assert guests.dom0.argo_op.sendv(ONE, 0x51, [b"hello"]) == 5
            guests.one.argo_op.unregister_ring(0x51, 0x7FF4, hazardous=True)

    def test_nor_is_a_guest_told_of_it(self, guests):
        memory, frames = self.frames(guests, guests.one, ONE)
        with memory:
            guests.one.argo_op.register_ring(0x51, 0x7FF4, frames, LENGTH, hazardous=True)
            for xen, exists in ((guests.two, False), (guests.dom0, True)):
                (said,) = xen.argo_op.notify([(ONE, 0x51, 16)])
                assert said.exists is exists
            guests.one.argo_op.unregister_ring(0x51, 0x7FF4, hazardous=True)

    def test_without_the_policy_it_works(self, open_guests):
        memory, frames = self.frames(open_guests, open_guests.one, ONE)
        with memory:
            open_guests.one.argo_op.register_ring(0x51, TWO, frames, LENGTH, hazardous=True)
            assert open_guests.two.argo_op.sendv(ONE, 0x51, [b"hello"]) == 5
            (said,) = open_guests.two.argo_op.notify([(ONE, 0x51, 16)])
            assert said.exists
            open_guests.one.argo_op.unregister_ring(0x51, TWO, hazardous=True)
