"""Foreign maps when things go wrong half-way: what only faults on demand can show."""

from __future__ import annotations

import errno
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xensys
from xensys.sim import Machine

FRAME = 4096


def mapped() -> list[str]:
    with open("/proc/self/maps") as maps:
        return [line for line in maps if "/memfd:xensim:domain-" in line or "sigbus" in line]


def machine_with_stamps(**personality):
    """A machine whose domain 1 holds in each frame its number, and an open Xen."""
    machine = Machine(**personality)
    guest = machine.domains[1]
    for frame in range(guest.first_gfn, guest.first_gfn + 200):
        guest.memory.write(frame * FRAME, frame.to_bytes(8, "little"))
    return machine, xensys.open(kernel=machine.dom0)


@pytest.fixture
def box():
    machine, xen = machine_with_stamps()
    yield machine, xen
    xen.close()
    assert mapped() == []
    assert machine.violations == []


def check(mapping, frames) -> None:
    got = [int.from_bytes(mapping[at : at + 8], "little") for at in range(0, len(mapping), FRAME)]
    assert got == list(frames)


def test_eintr_is_undone_and_tried_again(box):
    machine, xen = box
    fault = machine.dom0.faults.fail("ioctl", errno.EINTR, request="MMAPBATCH_V2", times=3)
    with xen.foreign.map(1, range(10, 20)) as mapping:
        check(mapping, range(10, 20))
    assert fault.fired == 3


def test_eintr_of_a_resource_is_undone_and_tried_again(box):
    machine, xen = box
    fault = machine.dom0.faults.fail("ioctl", errno.EINTR, request="MMAP_RESOURCE", nth=2, times=2)
    with xen.resources.map(1, 1) as mapping:
        assert len(mapping) == 64 * FRAME
    assert fault.fired == 2


def test_eintr_of_restrict_is_tried_again(box):
    machine, xen = box
    machine.dom0.faults.fail("ioctl", errno.EINTR, request="RESTRICT", times=2)
    xen.privcmd.restrict(1)


def test_eintr_of_a_hypercall_is_tried_again_where_it_may_be_repeated(box):
    machine, xen = box
    machine.dom0.faults.fail("hypercall", errno.EINTR, op="xen_version", times=3)
    machine.dom0.faults.fail("hypercall", errno.EINTR, op="memory_op", times=3)
    machine.dom0.faults.fail("hypercall", errno.EINTR, op="grant_table_op", times=3)
    assert xen.version() == (4, 20)
    assert xen.memory_op.current_reservation(1) > 0
    assert xen.grant_table_op.query_size(1).nr_frames > 0


def test_eintr_is_reported_where_it_may_not(box):
    machine, xen = box
    for call in (
        lambda: xen.hvm_op.set_param(1, 2, 5),
        lambda: xen.hypercall(34, 0, None),
    ):
        machine.dom0.faults.clear()
        fault = machine.dom0.faults.fail("hypercall", errno.EINTR, op="hvm_op")
        with pytest.raises(xensys.XenInterruptedError):
            call()
        assert fault.fired == 1


def test_efault_is_final_where_there_is_a_buffer_device(box):
    machine, xen = box
    fault = machine.dom0.faults.fail("hypercall", errno.EFAULT, op="memory_op")
    with pytest.raises(xensys.XenError) as caught:
        xen.memory_op.current_reservation(1)
    assert caught.value.errno == errno.EFAULT
    assert (fault.fired, caught.value.hint) == (1, "")


def test_passing_efault_is_tried_again_without_a_buffer_device():
    machine, xen = machine_with_stamps(hypercall_device=False)
    with xen:
        fault = machine.dom0.faults.fail("hypercall", errno.EFAULT, op="memory_op", times=3)
        assert xen.memory_op.current_reservation(1) > 0
        assert fault.fired == 3


def test_lasting_efault_ends_without_a_buffer_device():
    machine, xen = machine_with_stamps(hypercall_device=False)
    with xen:
        machine.dom0.faults.fail("hypercall", errno.EFAULT, op="memory_op", times=None)
        with pytest.raises(xensys.XenError) as caught:
            xen.memory_op.current_reservation(1)
        assert caught.value.errno == errno.EFAULT
        assert "/dev/xen/hypercall" in caught.value.hint
        machine.dom0.faults.clear()
        fault = machine.dom0.faults.fail("hypercall", errno.EFAULT, op="hvm_op")
        with pytest.raises(xensys.XenError):
            xen.hvm_op.set_param(1, 2, 5)
        assert fault.fired == 1


@pytest.mark.parametrize("kind", ["reserve", "mmap"])
@pytest.mark.parametrize("partial", [False, True], ids=["all", "partial"])
def test_enomem_says_what_to_do_and_leaves_nothing(box, kind, partial):
    machine, xen = box
    xen.foreign.map(1, [1]).close()
    machine.dom0.faults.fail(kind, errno.ENOMEM)
    with pytest.raises(xensys.XenError) as caught:
        xen.foreign.map(1, range(10), partial=partial)
    assert caught.value.errno == errno.ENOMEM
    assert "max_map_count" in caught.value.hint
    assert mapped() == []
    with xen.foreign.map(1, range(10, 20)) as mapping:
        check(mapping, range(10, 20))


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EFAULT, errno.EPERM, errno.ENOENT])
@pytest.mark.parametrize("partial", [False, True], ids=["all", "partial"])
def test_refused_ioctl_leaves_nothing(box, number, partial):
    machine, xen = box
    machine.dom0.faults.fail("ioctl", number, request="MMAPBATCH_V2")
    with pytest.raises(xensys.XenError) as caught:
        xen.foreign.map(1, range(10), partial=partial)
    assert caught.value.errno == number
    assert not isinstance(caught.value, xensys.ForeignMapError)
    assert mapped() == []


@pytest.mark.parametrize("which", range(1, 6))
def test_partial_map_that_fails_at_a_later_run_lets_the_earlier_ones_go(box, which):
    machine, xen = box
    frames = list(range(10, 20))
    frames[2] = frames[5] = frames[7] = 1 << 40
    machine.dom0.faults.fail("ioctl", errno.ENOMEM, request="MMAPBATCH_V2", nth=which)
    with pytest.raises(xensys.XenError) as caught:
        xen.foreign.map(1, frames, partial=True)
    assert caught.value.errno == errno.ENOMEM
    assert mapped() == []


@pytest.mark.parametrize("which", range(1, 12))
def test_guest_that_dies_in_between(box, which):
    machine, xen = box
    guest = machine.domains[1]
    machine.dom0.faults.do("frame", guest.destroy, domid=1, nth=which)
    with pytest.raises(xensys.ForeignMapError) as caught:
        xen.foreign.map(1, range(10, 22))
    assert set(caught.value.errors) == set(range(10 + which - 1, 22))
    assert mapped() == []


@pytest.mark.parametrize("which", [1, 5, 12, 13, 14, 20])
def test_partial_map_of_a_guest_that_dies_in_between(box, which):
    machine, xen = box
    guest = machine.domains[1]
    frames = list(range(10, 22))
    frames[6] = 1 << 40
    machine.dom0.faults.do("frame", guest.destroy, domid=1, nth=which)
    with xen.foreign.map(1, frames, partial=True) as found:
        # Whatever it managed to map is what it says: the rest is an error.
        covered = set()
        for index, run in found.runs:
            check(run, frames[index : index + len(run) // FRAME])
            covered.update(range(index, index + len(run) // FRAME))
        assert covered | {index for index, _, _ in found.failed} == set(range(12))
        assert not covered & {index for index, _, _ in found.failed}


def test_frames_that_vanish_between_two_calls_are_holes(box):
    machine, xen = box
    frames = list(range(10, 22))
    frames[6] = 1 << 40
    # The first call covers all; the second the first run, where one more is gone.
    machine.dom0.faults.fail("frame", errno.EINVAL, domid=1, gfn=12, nth=2)
    with xen.foreign.map(1, frames, partial=True) as found:
        assert found.errors == {12: errno.EINVAL, 1 << 40: errno.EINVAL}
        assert [index for index, _ in found.runs] == [0, 3, 7]


def test_handle_closed_by_another_thread_half_way(box):
    machine, xen = box
    machine.dom0.faults.do("ioctl", xen.close, request="MMAPBATCH_V2", after=True)
    frames = list(range(10, 22))
    frames[6] = 1 << 40
    with pytest.raises(ValueError, match="closed"):
        xen.foreign.map(1, frames, partial=True)
    assert mapped() == []


# --- paging -------------------------------------------------------------------


def test_waits_grow_and_end_at_the_deadline(box):
    machine, xen = box
    machine.domains[1].page_out([12])
    pauses = []
    machine.dom0.faults.do("sleep", lambda: pauses.append(machine.dom0.monotonic()), times=None, after=True)
    before = machine.dom0.monotonic()
    with pytest.raises(xensys.ForeignMapError) as caught:
        xen.foreign.map(1, range(10, 20), timeout=1.0)
    assert caught.value.errors == {12: errno.ENOENT}
    assert machine.dom0.monotonic() - before == pytest.approx(1.0, abs=0.01)
    # Not a busy loop, and not a few long sleeps either.
    assert 20 < len(pauses) < 60


def test_timeout_none_waits_until_it_is_there(box):
    machine, xen = box
    machine.domains[1].page_out([12], until=machine.dom0.monotonic() + 60)
    with xen.foreign.map(1, range(10, 20), timeout=None) as mapping:
        check(mapping, range(10, 20))


def test_only_what_is_missing_is_asked_for_again_on_pv():
    machine, xen = machine_with_stamps(trace=True)
    with xen:
        machine.domains[1].page_out([19], for_calls=2)
        with xen.foreign.map(1, range(10, 20)) as mapping:
            check(mapping, range(10, 20))
        tries = [call for call in machine.log if call.details.get("request") == "MMAPBATCH_V2"]
        assert len(tries) == 3
        # One mapping of the device, filled in three calls.
        maps = [c for c in machine.log if c.kind == "mmap" and c.details["device"] == "privcmd"]
        assert len(maps) == 1


@pytest.mark.parametrize("paged", [(12,), (10,), (19,), (11, 12, 15), tuple(range(10, 20))])
def test_retry_trap_of_translated_domains_is_avoided(paged):
    """Linux counts pages from 0 again in a second call there: contents would be swapped."""
    machine, xen = machine_with_stamps(dom0="pvh", paged_is_enoent=True)
    with xen:
        machine.domains[1].page_out(paged, for_calls=2)
        with xen.foreign.map(1, range(10, 20)) as mapping:
            check(mapping, range(10, 20))


def test_the_retry_trap_is_real_in_the_simulator():
    """Or the test above shows nothing."""
    from array import array

    from xensys.devices.privcmd import Privcmd
    from xensys.kernel.pointers import address_of

    machine, xen = machine_with_stamps(dom0="pvh", paged_is_enoent=True)
    with xen, Privcmd.open(machine.dom0) as privcmd:
        machine.domains[1].page_out([13], for_calls=1)
        memory = machine.dom0.reserve(10 * FRAME, writable=False)
        address = address_of(memory)
        privcmd.map_over(memory)
        errors = array("i", [0] * 10)
        # ENOENT only if the last of its blocks is one of them.
        with suppress(xensys.XenNotFoundError):
            privcmd.mmapbatch_v2(1, address, array("Q", range(10, 20)), errors)
        assert errors[3] == -errno.ENOENT
        again = array("i", [0])
        privcmd.mmapbatch_v2(1, address + 3 * FRAME, array("Q", [13]), again)
        assert list(again) == [0]
        got = [int.from_bytes(memory[at : at + 8], "little") for at in range(0, 10 * FRAME, FRAME)]
        memory.close()
        assert got != list(range(10, 20))


# --- kernels with 64 KiB pages --------------------------------------------------


@pytest.mark.parametrize("count", [1, 15, 16, 17, 32, 33])
def test_large_pages(count):
    machine, xen = machine_with_stamps(arch="arm64", page_size=65536)
    first = machine.domains[1].first_gfn
    with xen:
        frames = range(first, first + count)
        with xen.foreign.map(1, frames, write=True) as mapping:
            assert len(mapping) == count * FRAME
            check(mapping, frames)
            assert len(mapping[:]) == count * FRAME
            with pytest.raises(IndexError):
                mapping[count * FRAME]
            with mapping.view() as view:
                assert len(view) == count * FRAME
            assert mapping[-8:] == bytes(8)
            mapping[-4:] = b"end."
            assert mapping.find(b"end.", -4) == count * FRAME - 4
            assert mapping.find(b"nd.", -2) == -1
        shuffled = list(frames)
        random.Random(count).shuffle(shuffled)
        with xen.foreign.map(1, shuffled) as mapping:
            check(mapping, shuffled)
    assert mapped() == []


def test_large_pages_with_holes():
    machine, xen = machine_with_stamps(arch="arm64", page_size=65536)
    first = machine.domains[1].first_gfn
    frames = list(range(first, first + 40))
    frames[20] = 1 << 40
    with xen:
        with pytest.raises(xensys.ForeignMapError) as caught:
            xen.foreign.map(1, frames)
        assert caught.value.errors == {1 << 40: errno.EINVAL}
        with xen.foreign.map(1, frames, partial=True) as found:
            assert [index for index, _ in found.runs] == [0, 21]
            check(found.runs[0][1], frames[:20])
            check(found.runs[1][1], frames[21:])
    assert mapped() == []


# --- any mixture ----------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    frames=st.lists(st.integers(0, 30), min_size=1, max_size=24),
    holes=st.sets(st.integers(0, 30), max_size=8),
    paged=st.sets(st.integers(0, 30), max_size=8),
    calls=st.integers(1, 3),
    dom0=st.sampled_from(["pv", "pvh", "enoent"]),
)
def test_partial_map_of_any_mixture(frames, holes, paged, calls, dom0):
    machine, xen = machine_with_stamps(
        dom0="pv" if dom0 == "pv" else "pvh", paged_is_enoent=dom0 == "enoent"
    )
    guest = machine.domains[1]
    guest.memory.punch(holes)
    out = paged - holes if dom0 != "pvh" else set()
    guest.page_out(out, for_calls=calls)
    bad = {index for index, frame in enumerate(frames) if frame in holes}
    with xen:
        with xen.foreign.map(1, frames, partial=True) as found:
            assert {index for index, _, _ in found.failed} == bad
            covered = []
            for index, run in found.runs:
                part = frames[index : index + len(run) // FRAME]
                check(run, part)
                covered += range(index, index + len(part))
            assert covered == [index for index in range(len(frames)) if index not in bad]
            for index, frame in enumerate(frames):
                at = index * FRAME
                if index in bad:
                    with pytest.raises(xensys.ForeignMapError) as caught:
                        found[at : at + 8]
                    assert caught.value.errors == {frame: errno.EINVAL}
                else:
                    assert int.from_bytes(found[at : at + 8], "little") == frame
        if bad:
            with pytest.raises(xensys.ForeignMapError) as caught:
                xen.foreign.map(1, frames)
            assert {index for index, _, number in caught.value.failed if number == errno.EINVAL} == bad
        else:
            with xen.foreign.map(1, frames) as mapping:
                check(mapping, frames)
    assert mapped() == []
