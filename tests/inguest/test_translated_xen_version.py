"""tests/contract/test_xen_version.py inside a guest; see translated.py."""

from tests.contract.test_xen_version import *  # noqa: F403
from tests.inguest.translated import world  # noqa: F401

# About dom0, or for it alone: see test_caller.py.
del test_get_features_says_dom0_and_how_its_memory_is_translated  # noqa: F821
del test_get_features_word_0_has_bit_11_for_dom0  # noqa: F821
del test_guest_handle_of_dom0_is_all_zero  # noqa: F821
del test_commandline_tells_dom0_its_memory  # noqa: F821
del test_build_id_is_a_sha1  # noqa: F821
del test_build_id_into_too_small_a_buffer_is_ENOBUFS  # noqa: F821
del test_long_form_agrees_with_the_short_one_since_4_20_else_is_not_supported  # noqa: F821
