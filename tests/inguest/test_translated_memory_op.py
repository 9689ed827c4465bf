"""tests/contract/test_memory_op.py inside a guest; see translated.py."""

from tests.contract.test_memory_op import *  # noqa: F403
from tests.inguest.translated import world  # noqa: F401

# Another domain's counts are not a guest's to know.
del test_maximum_ram_page_is_more_than_dom0_has  # noqa: F821
del test_count_of_dom0_by_number_is_that_of_oneself  # noqa: F821
del test_count_of_a_guest_is_positive  # noqa: F821
del test_count_of_a_dead_domain_is_ESRCH  # noqa: F821
del test_a_guest_has_no_more_than_it_may  # noqa: F821
del test_maximum_gpfn_of_a_guest_is_no_less_than_its_frames  # noqa: F821
del test_pod_target_of_a_guest_without_pod_has_no_entries  # noqa: F821

# Test_caller.py says what a guest gets.
del test_memory_map_of_dom0_is_ENOSYS_as_no_toolstack_set_one  # noqa: F821
del test_machine_memory_map_starts_with_ram_at_0_on_x86_else_is_ENOSYS  # noqa: F821
