"""Random operations through the public client, compared with a model; and what the comparison finds.

More of them: `python3 -m tests.campaign.store`.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings

from tests.campaign.faults import FAULTS
from tests.campaign.machine import SETTINGS
from tests.campaign.play import Different
from tests.campaign.store import main, run
from tests.campaign.worlds import SimWorld, rules_of

#: To find something is enough here; nobody looks for the shortest way to it.
FINDS = settings(SETTINGS, phases=(Phase.generate,))
SEED = 1
#: Operations within which each planted fault must have been found.
BOUND = 8000

#: What can be asked of the simulator, which is like the C daemon. How many events a commit or
#: a removal is, is asked only where transactions are oxenstored's.
SWITCHES = sorted(set(rules_of("c")) - {"commit-events", "removal"})


@pytest.mark.parametrize("release", [(4, 17), (4, 20)], ids=str)
def test_as_the_model_says(release):
    tally = run(SimWorld(release), 1500, SEED)
    assert tally.done == 1500
    assert tally.committed > 10
    assert tally.conflicts > 5
    assert tally.events > 200


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(monkeypatch, fault):
    FAULTS[fault](monkeypatch)
    with pytest.raises(Different):
        run(SimWorld(), BOUND, SEED, options=FINDS)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_difference_that_is_none_is_found(name):
    """The model with oxenstored's word in one respect, against a daemon that has C's."""
    rules = {**rules_of("c"), name: rules_of("oxenstored")[name]}
    with pytest.raises(Different):
        run(SimWorld(rules=rules), BOUND, SEED, options=FINDS)


def test_the_command_says_what_it_did(capfd):
    assert main(["--operations", "100", "--seed", "7"]) == 0
    said = capfd.readouterr().out
    assert said.startswith("seed 7\n")
    assert "\n100 operations compared in " in said


def test_the_command_shows_what_is_different(monkeypatch, capfd):
    FAULTS["inherited_owner"](monkeypatch)
    assert main(["--operations", "5000", "--seed", "1", "--as-found"]) == 1
    said = capfd.readouterr()
    assert "the model says" in said.err
    assert "reproduce_failure(" in said.out + said.err
    assert said.out.endswith("--seed 1 finds it again\n")
