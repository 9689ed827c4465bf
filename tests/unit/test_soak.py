"""The soak, short; and that it finds what is left behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.soak.run import simulated
from tests.soak.state import read_dump

CYCLES = 200


def test_nothing_is_left_behind():
    outcome = simulated(CYCLES)
    assert outcome.cycles == CYCLES
    assert len(outcome.parts) == 10
    assert outcome.left == []


def test_a_number_of_seconds_is_kept():
    outcome = simulated(0, 0.5)
    assert outcome.cycles > 0
    assert outcome.left == []


_kept: list[object] = []


@pytest.mark.parametrize(
    ("part", "leak"),
    [
        ("descriptors", lambda work: _kept.append(os.open("/dev/null", os.O_RDONLY))),
        ("mappings", lambda work: _kept.append(work.xen.foreign.map(work.domid, work.frames[:1]))),
        ("ports", lambda work: _kept.append(work.xen.events.bind_unbound(work.domid))),
        ("grants", lambda work: _kept.append(work.xen.grants.share(work.domid))),
    ],
)
def test_what_is_left_behind_is_found(part, leak):
    outcome = simulated(5, plant=leak)
    assert [line.partition(":")[0] for line in outcome.left if line.startswith(part)] == [part]
    thing = _kept.pop()
    if isinstance(thing, int):
        os.close(thing)
    else:
        thing.close()


#: As Xen 4.20 prints it; the frames are made up.
DUMP = """\
(XEN) [  12.3] gnttab_usage_print_all [ key 'g' pressed
(XEN) [  12.3]       -------- active --------       -------- shared --------
(XEN) [  12.3] [ref] localdom mfn      pin          localdom gmfn     flags
(XEN) [  12.3] grant-table for remote d0 (v1)
(XEN) [  12.3]   2 frames (64 max), 1 maptrack frames (1024 max)
(XEN) [  12.3] [0x008]      0 0x03f6c1 0x00000002          0 0x03f6c1 0x19
(XEN) [  12.3] gnttab_usage_print_all ] done
"""


def test_xens_dump_is_compared_without_what_changes_anyhow():
    before = read_dump(DUMP)
    assert before["entry of d0, pins 0x00000002, for d0, flags 0x19"] == 1
    assert before["2 frames (64 max), 1 maptrack frames (1024 max)"] == 1
    other = DUMP.replace("[0x008]", "[0x00a]").replace("03f6c1", "012345").replace("12.3", "99.9")
    assert read_dump(other) == before
    assert read_dump(DUMP.replace("0x19", "0x1f")) != before
    assert read_dump("\n".join(line for line in DUMP.splitlines() if "[0x008]" not in line)) != before
    with pytest.raises(AssertionError, match="lost the end"):
        read_dump(DUMP.partition("] done")[0])
