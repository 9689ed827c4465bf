"""tests/contract/test_buffers.py inside a guest; see translated.py."""

from tests.contract.test_buffers import *  # noqa: F403
from tests.inguest.translated import world  # noqa: F401

# A foreign mapping.
del test_handle_field_refuses_a_foreign_mapping  # noqa: F821

# Maps a guest on the way.
del test_everything_is_closed_by_close  # noqa: F821
