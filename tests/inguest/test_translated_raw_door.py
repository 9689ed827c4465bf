"""tests/contract/test_raw_door.py inside a guest; see translated.py."""

from tests.contract.test_raw_door import *  # noqa: F403
from tests.inguest.translated import world  # noqa: F401
