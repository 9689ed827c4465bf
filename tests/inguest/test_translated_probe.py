"""tests/contract/test_probe.py inside a guest; see translated.py."""

from tests.contract.test_probe import *  # noqa: F403
from tests.inguest.translated import world  # noqa: F401

# Dom0's answers, of which a guest has others.
del test_probe_knows_dom0_and_that_it_is_not_restricted  # noqa: F821
