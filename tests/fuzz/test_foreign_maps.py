"""Foreign maps against a model: any frames, any holes, some of them paged out for a while."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xensys
from xensys.memory.foreign import FRAME_SIZE
from xensys.sim import Machine

FIRST, COUNT = 0x100, 48
FRAMES = st.lists(
    st.one_of(st.integers(FIRST, FIRST + COUNT + 8), st.just((1 << 64) - 1)), min_size=1, max_size=90
)


def machine(dom0: str, holes: set[int]) -> tuple[Machine, int]:
    made = Machine(guests=False, dom0=dom0)
    guest = made.add_domain(memory=0, maximum=1 << 20)
    guest.memory.populate(FIRST, COUNT)
    for gfn in range(FIRST, FIRST + COUNT):
        guest.memory.write(gfn * FRAME_SIZE, gfn.to_bytes(8, "little") * 2)
    guest.memory.punch(sorted(holes))
    return made, guest.domid


def mapped_lines() -> int:
    with open("/proc/self/maps") as maps:
        return sum("xensim" in line for line in maps)


@settings(max_examples=150, deadline=None)
@given(
    frames=FRAMES,
    holes=st.sets(st.integers(FIRST, FIRST + COUNT - 1), max_size=12),
    paged=st.sets(st.integers(FIRST, FIRST + COUNT - 1), max_size=6),
    dom0=st.sampled_from(["pv", "pvh"]),
)
def test_all_or_nothing_and_partial_agree_with_the_model(
    frames: list[int], holes: set[int], paged: set[int], dom0: str
) -> None:
    made, domid = machine(dom0, holes)
    guest = made.domains[domid]
    if dom0 == "pv" and paged - holes:
        guest.page_out(sorted(paged - holes), for_calls=2)
    there = {gfn for gfn in range(FIRST, FIRST + COUNT) if gfn not in holes}
    missing = [(index, gfn) for index, gfn in enumerate(frames) if gfn not in there]
    before = mapped_lines()
    with xensys.open(kernel=made.dom0) as xen:
        if missing:
            with pytest.raises(xensys.ForeignMapError) as raised:
                xen.foreign.map(domid, frames)
            assert {index for index, _ in missing} <= {index for index, _, _ in raised.value.failed}
        else:
            with xen.foreign.map(domid, frames) as whole:
                assert mapped_lines() > before
                for index, gfn in enumerate(frames):
                    assert whole[index * FRAME_SIZE : index * FRAME_SIZE + 8] == gfn.to_bytes(8, "little")
        assert mapped_lines() == before

        with xen.foreign.map(domid, frames, partial=True, write=True) as part:
            assert [(index, gfn) for index, gfn, _ in part.failed] == missing
            assert all(number == errno.EINVAL for number in part.errors.values())
            assert sum(len(run.frames) for _, run in part.runs) == len(frames) - len(missing)
            for index, gfn in enumerate(frames):
                at = index * FRAME_SIZE
                if gfn in there:
                    assert part[at : at + 16] == gfn.to_bytes(8, "little") * 2
                    part[at + 64 : at + 72] = os.urandom(8)
                else:
                    with pytest.raises(xensys.ForeignMapError):
                        part[at]
        assert mapped_lines() == before
    assert made.violations == []


@settings(max_examples=200, deadline=None)
@given(
    offset=st.integers(-5, 5 * FRAME_SIZE), length=st.integers(-5, 5 * FRAME_SIZE), hole=st.integers(0, 3)
)
def test_partial_access_never_reaches_a_hole(offset: int, length: int, hole: int) -> None:
    made, domid = machine("pv", {FIRST + hole})
    with (
        xensys.open(kernel=made.dom0) as xen,
        xen.foreign.map(domid, range(FIRST, FIRST + 4), partial=True) as part,
    ):
        end = offset + length
        reaches = max(offset, hole * FRAME_SIZE) < min(end, (hole + 1) * FRAME_SIZE)
        try:
            with part.view(offset, length) as view:
                assert bytes(view) == part[offset:end]
                assert not reaches
        except xensys.ForeignMapError:
            assert reaches
        except IndexError:
            assert not 0 <= offset <= end <= 4 * FRAME_SIZE
