"""The hand-kept tables against the extracted data."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TABLES = sorted((ROOT / "abi" / "tables").glob("*.toml"))


def judge(root: Path, facts: dict[str, Any]) -> list[str]:
    """Return what the pipeline has against a tree's tables."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import tables
        from _abi.places import Tree

        return tables.check(Tree(root), facts)[0]
    finally:
        sys.path.remove(str(ROOT / "tools"))


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {
        f"{family}.{name}": row
        for family, table in tomllib.loads(path.read_text()).items()
        if family != "family"
        for name, row in table.items()
    }


def test_rows_hold(facts: dict[str, Any]) -> None:
    assert judge(ROOT, facts) == []


def test_families_of_the_core_are_there() -> None:
    assert {path.stem for path in TABLES} >= {
        "xen_version",
        "memory_op",
        "grant_table_op",
        "hvm_op",
    }
    assert len(rows(ROOT / "abi/tables/xen_version.toml")) == 15


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_wide_results_are_those_that_can_pass_31_bits(path: Path) -> None:
    for where, row in rows(path).items():
        wide = row["result"] in ("pages", "page-number", "extents-done")
        assert row["width"] == (64 if wide else 32), where


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("nr     = 3", "nr     = 13", "nr 13, 3 in the header"),
        ('"xen_memory_domain"', '"xen_memory_domian"', "no structure or typedef"),
        ('who    = "TARGET"', 'who    = "root"', "not in the vocabulary"),
        ('field = "frame_list"', 'field = "frames"', "has no field frames"),
        ('count = "nr_vcpus"', 'count = "nr_cpus"', "has no field nr_cpus"),
        ("width  = 64", "width  = 48", "not in the vocabulary"),
        ('since  = "4.11"', 'since  = "new"', "since = 'new'"),
        ("IOCTL_PRIVCMD_MMAP_RESOURCE", "IOCTL_PRIVCMD_RESOURCE", "privcmd.h has no"),
        ("[memory_op.XENMEM_maximum_gpfn]", "[memory_op.XENMEM_max_gpfn]", "has no 'XENMEM_max_gpfn'"),
        ('hazard = "safe"', 'hazard = "none"', "hazard 'none'"),
    ],
)
def test_planted_fault_is_found(
    tree: Path, facts: dict[str, Any], old: str, new: str, complaint: str
) -> None:
    path = tree / "abi/tables/memory_op.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = judge(tree, facts)
    assert any(complaint in line for line in found), found


def test_missing_row_of_a_whole_family_is_found(tree: Path, facts: dict[str, Any]) -> None:
    path = tree / "abi/tables/xen_version.toml"
    text = path.read_text()
    first = text.index("[xen_version.XENVER_changeset]")
    path.write_text(text[:first] + text[text.index("[xen_version.XENVER_platform") :])
    assert judge(tree, facts) == ["xen_version: no row for XENVER_changeset"]
