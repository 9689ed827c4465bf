"""What the process has become; conftest puts this after all other contract tests."""

from __future__ import annotations

import sys


def test_no_library_of_xens_is_in_the_process():
    with open("/proc/self/maps") as maps:
        assert [line for line in maps if "libxen" in line] == []


def test_nothing_of_any_guest_is_mapped():
    with open("/proc/self/maps") as maps:
        assert [line for line in maps if "/xen/privcmd" in line] == []


def test_no_compiled_binding_was_imported():
    assert [name for name in sys.modules if name.split(".")[0] == "xen"] == []
