"""Foreign maps of frames that are paged out (feature "paging"; never run on real Xen).

Rests on: Linux drivers/xen/privcmd.c (mmap_batch_fn, alloc_empty_pages), Xen
xen/arch/x86/mm/p2m.c (p2m_mem_paging_populate gives -ENOENT until it is back).
"""

from __future__ import annotations

import errno

import pytest

import xensys
from tests.contract.worlds import FRAME

pytestmark = pytest.mark.needs("paging")


def stamped(world, count: int) -> list[int]:
    frames = list(world.paused.frames(count))
    with world.xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
        for index, frame in enumerate(frames):
            mapping[index * FRAME : index * FRAME + 8] = frame.to_bytes(8, "little")
    return frames


def check(mapping, frames) -> None:
    for index, frame in enumerate(frames):
        assert int.from_bytes(mapping[index * FRAME : index * FRAME + 8], "little") == frame


WHERE = {
    "first": (0,),
    "middle": (4,),
    "last": (9,),
    "run": (3, 4, 5),
    "run-to-the-end": (7, 8, 9),
    "two-runs": (1, 2, 6, 7),
    "all": tuple(range(10)),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("calls", [1, 3])
def test_paged_frames_are_waited_for(world, where, calls):
    frames = stamped(world, 10)
    world.page_out(world.paused, [frames[index] for index in WHERE[where]], for_calls=calls)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)


@pytest.mark.parametrize("where", WHERE)
def test_paged_frames_are_waited_for_in_a_partial_map(world, where):
    frames = stamped(world, 10)
    world.page_out(world.paused, [frames[index] for index in WHERE[where]], for_calls=2)
    with world.xen.foreign.map(world.paused.domid, frames, partial=True) as found:
        assert found.errors == {}
        check(found, frames)


def test_paged_frames_in_a_large_map(world):
    frames = stamped(world, 1500)
    world.page_out(world.paused, frames[500:520] + frames[1023:1025], for_calls=2)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)


def test_frames_that_stay_out_are_ENOENT_at_the_deadline_and_nothing_stays_mapped(world):
    frames = stamped(world, 10)
    world.page_out(world.paused, frames[3:5], for_calls=1 << 30)
    before = world.kernel.monotonic()
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames, timeout=0.5)
    assert caught.value.errors == dict.fromkeys(frames[3:5], errno.ENOENT)
    assert caught.value.errno == errno.ENOENT
    assert "paged out" in caught.value.hint
    assert 0.5 <= world.kernel.monotonic() - before < 2
    assert world.mapped_ranges() == []


def test_frames_that_stay_out_are_holes_of_a_partial_map(world):
    frames = stamped(world, 10)
    world.page_out(world.paused, frames[3:5], for_calls=1 << 30)
    with world.xen.foreign.map(world.paused.domid, frames, partial=True, timeout=0.2) as found:
        assert found.errors == dict.fromkeys(frames[3:5], errno.ENOENT)
        assert [index for index, _ in found.runs] == [0, 5]
        with pytest.raises(xensys.ForeignMapError) as caught:
            found[3 * FRAME]
        assert caught.value.errno == errno.ENOENT


def test_hole_and_paged_frames_fail_at_once_unless_partial(world):
    frames = stamped(world, 10)
    frames[8] = world.paused.hole
    world.page_out(world.paused, frames[3:5], for_calls=1 << 30)
    before = world.kernel.monotonic()
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames, timeout=60)
    # No pager can bring the hole back: waiting would be for nothing.
    assert world.kernel.monotonic() - before < 1
    assert caught.value.errno == errno.EINVAL
    assert caught.value.errors[world.paused.hole] == errno.EINVAL
    assert world.mapped_ranges() == []


def test_timeout_0_does_not_wait(world):
    frames = stamped(world, 3)
    world.page_out(world.paused, frames[1:2], for_calls=1 << 30)
    before = world.kernel.monotonic()
    with pytest.raises(xensys.ForeignMapError):
        world.xen.foreign.map(world.paused.domid, frames, timeout=0)
    assert world.kernel.monotonic() - before < 0.001
