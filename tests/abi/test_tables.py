"""The hand-kept tables against the extracted data."""

from __future__ import annotations

import copy
import re
import shutil
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TABLES = sorted((ROOT / "abi" / "tables").glob("*.toml"))


def judge(root: Path, facts: dict[str, Any]) -> tuple[list[str], str]:
    """Return what the pipeline has against a tree's tables, and what it counted."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from _abi import tables
        from _abi.places import Tree

        return tables.check(Tree(root), facts)
    finally:
        sys.path.remove(str(ROOT / "tools"))


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {
        f"{family}.{name}": row
        for family, table in tomllib.loads(path.read_text()).items()
        if family not in ("family", "exclude")
        for name, row in table.items()
    }


def plant(tree: Path, table: str, old: str, new: str) -> None:
    """Replace the first `old`; keys may be aligned, their `=` is found all the same."""
    path = tree / f"abi/tables/{table}.toml"
    pattern = re.sub(r"(?m)^(\w+)\\ =", r"\1 +=", re.escape(old).replace("\\\n", "\n"))
    text, done = re.subn(pattern, lambda _: new, path.read_text(), count=1)
    assert done, f"{table}.toml has no {old!r}: plant another fault"
    path.write_text(text)


def without_row(tree: Path, table: str, name: str) -> None:
    """Take a row and its errors away."""
    path = tree / f"abi/tables/{table}.toml"
    text, taken = re.subn(rf"\n\[{table}\.{name}(\.errors)?\]\n(?:(?!\[).*\n)*", "", path.read_text())
    assert taken
    path.write_text(text)


# -- the real tables ----------------------------------------------------------


def test_rows_hold(facts: dict[str, Any]) -> None:
    assert judge(ROOT, facts)[0] == []


def test_what_is_counted(facts: dict[str, Any]) -> None:
    counted = judge(ROOT, facts)[1]
    found = re.fullmatch(
        r"(\d+) rows of (\d+) families, (\d+) hypercall numbers; "
        r"constants: (\d+) rows, (\d+) values, (\d+) excluded \(at most (\d+)\)",
        counted,
    )
    assert found, counted
    total, families, numbers, own, values, excluded, cap = map(int, found.groups())
    special = ("hypercalls", "exclusions")
    assert total == own == sum(len(rows(path)) for path in TABLES if path.stem not in special)
    assert families == len([path for path in TABLES if path.stem not in special])
    assert numbers == len(rows(ROOT / "abi/tables/hypercalls.toml"))
    assert values
    assert 0 < excluded <= cap <= excluded + 2, "the cap is just above what is needed"


def test_no_row_gets_lost() -> None:
    counts = {path.stem: len(rows(path)) for path in TABLES}
    assert counts["memory_op"] == 28  # 0 to 28; 8 was translate_gpfn_list
    assert counts["memory_op_sharing"] == 10
    assert counts["xen_version"] == 15
    assert counts["event_channel_op"] == 14
    assert counts["vcpu_op"] == 16
    assert counts["hypercalls"] == 50


# What the source says against "safe": each has been called that, or is easily taken for it.
@pytest.mark.parametrize(
    ("row", "side", "hazard"),
    [
        ("hvm_op.HVMOP_guest_request_vm_event", "self", "stops-the-machine"),  # monitor_traps(sync)
        ("hvm_op.HVMOP_set_param", "other", "stops-the-machine"),  # HVM_PARAM_ACPI_S_STATE
        ("memory_op_sharing.XENMEM_sharing_op_fork", "other", "stops-the-machine"),  # domain_pause(parent)
        ("memory_op_sharing.XENMEM_sharing_op_share", "other", "kernel-owned"),
        ("memory_op.XENMEM_add_to_physmap", "other", "kernel-owned"),  # gmfn moves a frame
        ("memory_op.XENMEM_decrease_reservation", "other", "kernel-owned"),
        ("memory_op.XENMEM_remove_from_physmap", "other", "kernel-owned"),
        ("kexec_op.KEXEC_CMD_kexec_unload", "self", "kernel-owned"),
        ("domctl.XEN_DOMCTL_get_domain_state", "self", "kernel-owned"),  # DOMID_INVALID
        ("dm_op.XEN_DMOP_inject_event", "other", "kernel-owned"),
        ("hypercalls.__HYPERVISOR_multicall", "self", "stops-the-machine"),  # any call may be in it
        ("sched_op.SCHEDOP_block", "self", "stops-the-machine"),
        ("sched_op.SCHEDOP_poll", "self", "stops-the-machine"),
        ("vcpu_op.VCPUOP_down", "self", "stops-the-machine"),
    ],
)
def test_hazard_is_not_played_down(row: str, side: str, hazard: str) -> None:
    own = rows(ROOT / f"abi/tables/{row.partition('.')[0]}.toml")[row]["hazard"]
    assert (own[side] if isinstance(own, dict) else own) == hazard


# -- planted faults -----------------------------------------------------------

# Table, then what is replaced (spaces before = as in the file), by what, and what has to be said.
_FAULTS = {
    "memory_op": [
        ("nr = 3", "nr = 13", "nr 13, 3 in the header"),
        ('"xen_memory_domain"', '"xen_memory_domian"', "no structure or typedef"),
        ('field = "frame_list"', 'field = "frames"', "has no field frames"),
        ('field = "frame_list"', 'field = "frame"', "xen_mem_acquire_resource.frame is no handle"),
        ('count = "nr_vcpus"', 'count = "nr_cpus"', "has no field nr_cpus"),
        ('count = "nr_vcpus"', 'count = "vmemrange"', "vmemrange is no number"),
        ('count = "max_extents"', 'count = "max_extents/x"', "array count = 'max_extents/x'"),
        ('field = "idxs", count', 'field = "idxs", number', "array of ['dir', 'field', 'number']"),
        ('dir = "inout" }', 'dir = "both" }', "array dir = 'both' is not in the vocabulary"),
        (
            'arg = "xen_memory_domain"\ndir = "in"\n', 'arg = "xen_memory_domain"\n',
            "an argument without dir",
        ),
        ('arg = "none"\n', 'arg = "none"\ndir = "in"\n', "dir without an argument"),
        ('arg = "none"\n', "", "without arg or args"),
        ('who = "TARGET"', 'who = "root"', "who = 'root' is not in the vocabulary"),
        ("width = 64", "width = 48", "width = 48 is not in the vocabulary"),
        ('result = "pages"', 'result = "sheets"', "result = 'sheets' is not in the vocabulary"),
        ('hazard = "safe"', 'hazard = "none"', "hazard 'none'"),
        (
            'hazard = { self = "kernel-owned", other = "safe" }', 'hazard = { self = "kernel-owned" }',
            "hazard of ['self']",
        ),
        ('since = "4.11"', 'since = "new"', "since = 'new'"),
        ("null = false", 'null = "no"', "null = 'no' is not true or false"),
        ("idempotent = true\n", "", "without ['idempotent']"),
        ("idempotent = true\n", "idempotent = 1\n", "idempotent = 1 is not true or false"),
        ('arch = ["x86_64"]', 'arch = ["x86"]', "arch = ['x86']"),
        ('source = "xen/common/memory.c do_memory_op()"', 'source = ""', "a claim without a source"),
        ('status = "stable"', 'status = "stable"\ncolour = "red"', "unknown keys ['colour']"),
        ('who = "DM_PRIV"', 'who = ["DM_PRIV"]', "who = ['DM_PRIV'] is not in the vocabulary"),
        ('does = "Gives extents', 'does = "gives extents', "is not a sentence"),
        ('does = "Gives extents', 'does = "' + 15 * "Gives ", "is not a sentence"),
        ("ENOENT", "ENOTHERE", "errors: Xen has no ENOTHERE"),
        ('"no vNUMA"', '""', "errors: EOPNOTSUPP = ''"),
        ('since = "4.11"', 'since = "4.16"', "since 4.16, and in 4.14's header"),
        ("IOCTL_PRIVCMD_MMAP_RESOURCE", "IOCTL_PRIVCMD_RESOURCE", "no Linux header has"),
        ('result = "pages"\nwidth = 64', 'result = "pages"\nwidth = 32', "width 32 with result 'pages'"),
        ("[memory_op.XENMEM_maximum_gpfn]", "[memory_op.XENMEM_max_gpfn]", "has no 'XENMEM_max_gpfn'"),
        (
            'arg = "xen_pod_target"', 'arg = "xen_pod_target"\nmember = "u.pod"',
            "a member, and no structure that it is in",
        ),
        ('selector = "cmd"', 'selector = "op"', "selector: no argument 'op'"),
        ('{ name = "cmd", type = "u32" }', '{ name = "cmd", type = "int" }', "no type int"),
        ('{ name = "arg", type', '{ name = "argument", type', "in hypercalls.toml"),
        ('selector = "cmd"', 'selector = "cmd"\npartial = true', "unknown keys ['partial']"),
        ('header = "memory"', 'header = "memories"', "no header 'memories'"),
        ('prefix = "XENMEM_"\n', "", "family without prefix"),
    ],
    "dm_op": [
        ("buffer = 1", "buffer = 0", "array: buffer = 0"),
        ('type = "u8", count = "nr/8"', 'type = "u9", count = "nr/8"', "array: no type u9"),
        ('selector = "xen_dm_op.op"', 'selector = "xen_dm_op.cmd"', "selector: no field 'xen_dm_op.cmd'"),
    ],
    "xen_version": [
        ('errors = { EINVAL = "submap_idx is not 0" }', 'errors = "EINVAL"', "errors = 'EINVAL'"),
        ('since = "4.20"', 'since = "4.17"', "since 4.17, and not in 4.17's header"),
        ("width = 32", "width = 64", "width 64 with result 'version'"),
    ],
    "domctl": [
        ('since = "4.21"', 'since = "4.22"', "since 4.22, 4.21 in the headers"),
    ],
    "hypercalls": [
        ("[hypercalls.__HYPERVISOR_tmem_op]", "[calls.__HYPERVISOR_tmem_op]", "unknown tables ['calls']"),
        ("__HYPERVISOR_tmem_op", "__HYPERVISOR_VIRT_START", "no hypercall '__HYPERVISOR_VIRT_START'"),
        ('{ name = "pte", type = "u64" }', '{ name = "pte", type = "pte" }', "args: no type pte"),
        ("args = []", f"args = [{6 * '{}, '}]", "6 arguments; a hypercall has five"),
        (
            'pv = true\nhvm = true\narm = false\nclass = "pv-kernel"',
            'pv = false\nhvm = true\narm = false\nclass = "pv-kernel"',
            "pv-kernel, and not answered for PV",
        ),
        (
            'result = "per-operation"\nwidth = 64', 'result = "per-operation"\nwidth = 32',
            "width 32, 64 in its table",
        ),
        ("nr = 12\n", "nr = 11\n", "nr 11, 12 in the header"),
        ('class = "stable"', 'class = "solid"', "class = 'solid' is not in the vocabulary"),
        ("pv = true", 'pv = "yes"', "pv = 'yes' is not true or false"),
        ('family = "memory_op"', 'family = "sched_op"', "family 'sched_op' is not this hypercall's"),
        ('family = "memory_op"\n', "", "hypercalls.toml gives __HYPERVISOR_memory_op the family None"),
        ('family = "memory_op"\n', "", "sub-operations without a table"),
        ('family = "memory_op"', 'family = "memory_op"\nhazard = "safe"', "family and hazard"),
        ('hazard = "kernel-owned"\n', "", "without family or hazard"),
        ('args = [{ name = "op", type = "handle" }]', 'args = [{ name = "op" }]', "args: keys ['name']"),
        (
            'pv = false\nhvm = false\narm = false\nclass = "removed"',
            'pv = true\nhvm = false\narm = false\nclass = "removed"',
            "removed, and answered for ['pv']",
        ),
    ],
    "sched_op": [
        ("__HYPERVISOR_sched_op", "__HYPERVISOR_shed_op", "hypercalls.toml has no '__HYPERVISOR_shed_op'"),
        ("[sched_op.SCHEDOP_yield]", "[sched_op.SHUTDOWN_poweroff]", "without the prefix ['SCHEDOP_']"),
        ("[sched_op.SCHEDOP_yield]", "[shed_op.SCHEDOP_yield]", "unknown tables ['shed_op']"),
    ],
    "grant_table_op": [
        ('count = "count"', 'count = "number"', "the hypercall has no argument 'number'"),
        ('count = "count"', 'count = "cmd"', "the hypercall has no argument 'cmd'"),
    ],
    "memory_op_sharing": [
        ('member = "u.share"', 'member = "u.range"', "u.range is a mem_sharing_op_range, not a"),
        ('member = "u.share"', 'member = "u.fair"', "xen_mem_sharing_op has no field u.fair"),
        ('member = "u.share"\n', "", "is neither a member nor xen_mem_sharing_op"),
        (
            'arg = "mem_sharing_op_share"\ndir = "in"\nmember = "u.share"',
            'arg = "u16"\ndir = "in"\nmember = "domain"',
            "xen_mem_sharing_op.domain is in no union",
        ),
    ],
    "argo_op": [
        ('field = "iovs.', 'field = "iov.', "are not in one argument"),
    ],
    "hypfs_op": [
        ('"path", type = "char", dir = "in"', '"path", type = "char", dir = "up"', "dir = 'up'"),
        ('"path", type = "char", dir = "in"', '"path", type = "char"', "an array without dir"),
        ('"path", type = "char"', '"path", kind = "char"', "'path': keys ["),
        (
            '{ name = "path", type = "char"',
            6 * '{ name = "x", type = "u8" }, ' + '{ name = "path", type = "u8"',
            "10 args, the hypercall has 4 without cmd",
        ),
        ('count = "pathlen"', 'count = "length"', "no argument 'length'"),
        ('type = "char", dir = "in"', 'type = "text", dir = "in"', "no type text"),
        ('args = [\n    { name = "path"', 'arg = "none"\nargs = [{ name = "path"', "arg beside args"),
    ],
    "memory_op_paging": [
        (
            'hazard = "kernel-owned"', 'hazard = "stops-the-machine"',
            "XENMEM_paging_op_evict is stops-the-machine (self), memory_op.XENMEM_paging_op only",
        ),
    ],
    "hvm_altp2m": [
        (
            'hazard = { self = "kernel-owned", other = "safe" }', 'hazard = "kernel-owned"',
            "is kernel-owned (other), hvm_op.HVMOP_altp2m only safe",
        ),
    ],
    "memory_op_access": [
        ('selector = "op"', 'selector = "op"\nargs = []', "args are for a hypercall's own table"),
        (
            'within = "memory_op.XENMEM_access_op"', 'within = "memory_op.XENMEM_no_op"',
            "within = 'memory_op.XENMEM_no_op' is no row with a structure",
        ),
        (
            'within = "memory_op.XENMEM_access_op"', 'within = "memory_op.XENMEM_maximum_ram_page"',
            "is no row with a structure",
        ),
        (
            'within = "memory_op.XENMEM_access_op"', 'within = "memory_op.XENMEM_paging_op"',
            "is neither a member nor xen_mem_paging_op",
        ),
        ('selector = "op"', 'selector = "cmd"', "selector: xen_mem_access_op has no field 'cmd'"),
        ('within = "memory_op.XENMEM_access_op"\n', "", "either hypercall or within"),
        (
            'prefix = "XENMEM_access_op_"', 'prefix = "XENMEM_paging_op_"',
            "has the prefix XENMEM_paging_op_ too",
        ),
    ],
    "hvm_params": [
        ('kind = "parameters"', 'kind = "settings"', "kind = 'settings'"),
        ('selector = "index"', 'selector = "number"', "xen_hvm_param has no field 'number'"),
        ('guest = "read-write"', 'guest = "write"', "guest = 'write' is not in the vocabulary"),
        ('type = "port"', 'type = "door"', "type = 'door' is not in the vocabulary"),
        ('guest = "read-write"\n', "", "without ['guest']"),
    ],
    "exclusions": [
        ('source = "xen/arch/x86/mm.c do_mmuext_op()"', 'source = ""', "a claim without a source"),
        ('reason = "removed"', 'reason = "boring"', "reason = 'boring' is not in the vocabulary"),
        ('header = "memory"\n', "", "keys ['name', 'reason', 'source']"),
        ('"GNTTABOP_dump_table"', '"GNTTABOP_dumb_table"', "exclusions.GNTTABOP_dumb_table: hides nothing"),
        (
            '"GNTTABOP_dump_table"', '"GNTTABOP_dumb_table"',
            "grant_table_op: no row for GNTTABOP_dump_table",
        ),
        ('"GNTTABOP_dump_table"', '"GNTTABOP_*"', "GNTTABOP_copy is row and excluded"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "old", "new", "complaint"),
    [(table, *fault) for table, faults in _FAULTS.items() for fault in faults],
)
def test_planted_fault_is_found(
    tables: Path, facts: dict[str, Any], table: str, old: str, new: str, complaint: str
) -> None:
    plant(tables, table, old, new)
    found, _ = judge(tables, facts)
    assert any(complaint in line for line in found), found


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the data alone, which is all that this stage reads."""
    for part in ("tables", "releases"):
        shutil.copytree(ROOT / "abi" / part, tmp_path / "abi" / part, copy_function=shutil.copyfile)
    return tmp_path


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("xen_version", "XENVER_changeset"),
        ("memory_op", "XENMEM_get_vnumainfo"),
        ("memory_op_paging", "XENMEM_paging_op_prep"),
        ("hvm_params", "HVM_PARAM_CALLBACK_IRQ"),
        ("hypercalls", "__HYPERVISOR_tmem_op"),
    ],
)
def test_missing_row_is_found(tables: Path, facts: dict[str, Any], table: str, name: str) -> None:
    without_row(tables, table, name)
    assert judge(tables, facts)[0] == [f"{table}: no row for {name}"]


def test_missing_table_is_found(tables: Path, facts: dict[str, Any]) -> None:
    (tables / "abi/tables/sched_op.toml").unlink()
    found, _ = judge(tables, facts)
    assert found == ["hypercalls.__HYPERVISOR_sched_op: family 'sched_op' is not this hypercall's"]


def test_table_without_the_row_it_is_within_is_found(tables: Path, facts: dict[str, Any]) -> None:
    without_row(tables, "memory_op", "XENMEM_paging_op")
    found, _ = judge(tables, facts)
    assert "memory_op: no row for XENMEM_paging_op" in found
    assert "memory_op_paging: within = 'memory_op.XENMEM_paging_op' is no row with a structure" in found


# -- constants: a row, a value or excluded ------------------------------------


def exclusion(header: str, name: str) -> str:
    return f'\n[[exclude]]\nheader = "{header}"\nname = "{name}"\nreason = "removed"\nsource = "none"\n'


def test_new_constant_of_a_header_is_found(facts: dict[str, Any]) -> None:
    more = copy.deepcopy(facts)
    more["memory"]["constants"]["XENMEM_new_op"] = {"value": 99}
    more["memory"]["constants"]["XENMEM_paging_op_new"] = {"arch": {"arm64": {"value": 99}}}
    more["xen"]["constants"]["__HYPERVISOR_new_op"] = {"value": 43}
    assert judge(ROOT, more)[0] == [
        "hypercalls: no row for __HYPERVISOR_new_op",
        "memory_op: no row for XENMEM_new_op",
        "memory_op_paging: no row for XENMEM_paging_op_new",  # the longer prefix has it
    ]


def test_unlisted_value_is_found(tables: Path, facts: dict[str, Any]) -> None:
    plant(tables, "memory_op", ', "XENMEM_RDM_ALL"', "")
    assert judge(tables, facts)[0] == ["memory_op: no row for XENMEM_RDM_ALL"]


def test_pattern_of_values_that_names_nothing_is_found(tables: Path, facts: dict[str, Any]) -> None:
    plant(tables, "memory_op", '"XENMEM_RDM_ALL"', '"XENMEM_RDM_ALL", "XENMEM_colour_*"')
    assert judge(tables, facts)[0] == ["memory_op: values: XENMEM_colour_* names no constant"]


def test_pattern_of_values_that_names_a_row_is_found(tables: Path, facts: dict[str, Any]) -> None:
    plant(tables, "memory_op", '"!XENMEM_access_op", ', "")
    assert judge(tables, facts)[0] == ["memory_op: XENMEM_access_op is row and value"]


def test_exclusion_of_a_value_is_found(tables: Path, facts: dict[str, Any]) -> None:
    path = tables / "abi/tables/exclusions.toml"
    path.write_text(path.read_text() + exclusion("memory", "XENMEM_RDM_ALL"))
    assert judge(tables, facts)[0] == [
        "memory_op: XENMEM_RDM_ALL is value and excluded",
        "exclusions.XENMEM_RDM_ALL: hides nothing",
    ]


def test_cap_of_exclusions_is_kept(tables: Path, facts: dict[str, Any]) -> None:
    """One pattern may not hide a family, however short it is to write."""
    (tables / "abi/tables/vcpu_op.toml").write_text(
        '[family]\nhypercall = "__HYPERVISOR_vcpu_op"\nheader = "vcpu"\nprefix = "VCPUOP_"\n'
    )
    path = tables / "abi/tables/exclusions.toml"
    path.write_text(path.read_text() + exclusion("vcpu", "VCPUOP_*"))
    found, _ = judge(tables, facts)
    assert any(re.fullmatch(r"exclusions: 26 constants, at most \d+", line) for line in found), found
    assert "vcpu_op: no rows" in found


def test_row_of_an_architecture_that_lacks_the_constant_is_found(facts: dict[str, Any]) -> None:
    less = copy.deepcopy(facts)
    own = less["memory"]["constants"]
    own["XENMEM_maximum_gpfn"] = {"arch": {"x86_64": own["XENMEM_maximum_gpfn"]}}
    assert judge(ROOT, less)[0] == ["memory_op.XENMEM_maximum_gpfn: arch: no ['arm64'] in the header"]


def test_typedef_is_as_good_as_its_structure(tables: Path, facts: dict[str, Any]) -> None:
    plant(tables, "memory_op", '"xen_memory_reservation"', '"xen_memory_reservation_t"')
    assert judge(tables, facts)[0] == []
    plant(tables, "memory_op", '"xen_memory_reservation_t"', '"xen_pfn_t"')
    lacks = "memory_op.XENMEM_increase_reservation: xen_pfn_t has no field"
    assert judge(tables, facts)[0] == [f"{lacks} extent_start", f"{lacks} nr_extents"]


def test_field_of_an_anonymous_member_is_found(facts: dict[str, Any]) -> None:
    other = copy.deepcopy(facts)
    types = other["memory"]["types"]
    types["inner"] = types["xen_memory_reservation"]
    inner = {"name": "", "code": "struct:inner", "type": "struct", "offset": 0, "anonymous": True}
    types["xen_memory_reservation"] = {**types["inner"], "fields": [inner]}
    assert judge(ROOT, other)[0] == []


def test_structure_that_one_architecture_has_otherwise_is_found(facts: dict[str, Any]) -> None:
    other = copy.deepcopy(facts)
    types = other["memory"]["types"]
    old = types["xen_memory_reservation"]
    fields = [f for f in old["fields"] if f["name"] != "extent_start"]
    types["xen_memory_reservation"] = {"arch": {"x86_64": old, "arm64": {**old, "fields": fields}}}
    found, _ = judge(ROOT, other)
    lacks = "xen_memory_reservation has no field extent_start"
    assert f"memory_op.XENMEM_populate_physmap: {lacks}" in found
    assert not any("XENMEM_exchange" in line for line in found), "a row of x86_64 alone"
