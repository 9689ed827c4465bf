"""Numbers by their C names: xensys.abi.decode, and what repr shows."""

from __future__ import annotations

from typing import Any

import pytest

from xensys import abi
from xensys.abi._names import FIELDS, GROUPS


def module(dotted: str, arch: str = "x86_64") -> Any:
    found: Any = abi.arch(arch)
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(
    ("group", "value", "text"),
    [
        ("memory:XENMAPSPACE", 2, "XENMAPSPACE_gmfn"),
        ("memory:XENMAPSPACE", 77, "77"),
        ("xen:DOMID", 0x7FF0, "DOMID_SELF"),
        ("xen:DOMID", 5, "5"),
        ("grant_table:GNTST", -1, "GNTST_general_error"),
        ("grant_table:GNTMAP", 0, "0"),
        ("grant_table:GNTMAP", 6, "GNTMAP_host_map|GNTMAP_readonly"),
        ("grant_table:GNTMAP", 0x106, "GNTMAP_host_map|GNTMAP_readonly|0x100"),
        ("grant_table:GNTMAP", 1 << 31, "0x80000000"),
        ("grant_table:GTF", 0, "GTF_invalid"),
        ("grant_table:GTF", 5, "GTF_permit_access|GTF_readonly"),
        ("grant_table:GTF", 0x19, "GTF_permit_access|GTF_reading|GTF_writing"),
    ],
)
def test_decode(group: str, value: int, text: str) -> None:
    assert abi.decode(group, value) == text


def test_a_negative_union_of_flags_stays_a_number() -> None:
    assert abi.decode("grant_table:GNTMAP", -6) == "-6"


def test_unknown_group() -> None:
    with pytest.raises(KeyError):
        abi.decode("memory:NOSUCH", 1)


def test_repr_names_values_and_flags() -> None:
    arg = abi.memory.xen_add_to_physmap(domid=0x7FF0, space=1, idx=3, gpfn=0x1000)
    assert repr(arg) == (
        "xen_add_to_physmap(domid=DOMID_SELF, size=0, space=XENMAPSPACE_grant_table, idx=3, gpfn=0x1000)"
    )
    grant = abi.grant_table.gnttab_map_grant_ref(flags=6, dom=7, status=-3)
    assert "flags=GNTMAP_host_map|GNTMAP_readonly," in repr(grant)
    assert "status=GNTST_bad_gntref" in repr(grant)
    assert "dom=7," in repr(grant)


def test_repr_names_bit_fields_and_what_anonymous_members_hold() -> None:
    request = abi.hvm.ioreq.ioreq(state=1, dir=1, type=0)
    assert "state=STATE_IOREQ_READY" in repr(request)
    assert "type=IOREQ_TYPE_PIO" in repr(request)


def test_parts_of_a_split_module_share_names() -> None:
    for arch in ("x86_64", "arm64"):
        entry = module("xen", arch).multicall_entry(op=12)
        assert "op=__HYPERVISOR_memory_op" in repr(entry)


def test_every_name_of_every_group_has_that_value() -> None:
    checked = 0
    for group, (kind, *tables) in GROUPS.items():
        dotted = group.partition(":")[0]
        own = {**vars(module(dotted, "arm64")), **vars(module(dotted))}
        pairs = list(tables[0].items()) if kind == "values" else list(tables[0])
        inside = [pair for _, table in tables[1] for pair in table.items()] if len(tables) > 1 else []
        assert pairs or inside, group
        for value, name in pairs:
            assert value == (1 << own[name] if kind == "bits" else own[name]), name
            if kind == "values":
                assert abi.decode(group, value) == name
        for value, name in inside:
            assert value in [own[name] << shift for shift in range(64)], name
            assert name in abi.decode(group, value).split("|")
        checked += len(pairs) + len(inside)
    assert checked > 1400


def test_every_named_field_exists() -> None:
    checked = 0
    for structure, fields in FIELDS.items():
        dotted, _, name = structure.rpartition(".")
        classes = [getattr(module(dotted, arch), name, None) for arch in ("x86_64", "arm64")]
        assert any(classes), structure
        for field, group in fields.items():
            assert group in GROUPS
            assert any(cls is not None and field in cls._shown_ for cls in classes), f"{structure}.{field}"
            checked += 1
    assert checked >= 287
