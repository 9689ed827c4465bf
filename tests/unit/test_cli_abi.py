"""`python3 -m xensys abi`: names and numbers are found, in words and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from ctypes import sizeof
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xensys import abi
from xensys.abi._operations import OPERATIONS
from xensys.cli import abi_lookup, main

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    # Or argparse looks for a translation of each of its words on the disk, a hundred times per call.
    monkeypatch.setenv("LANGUAGE", "C")

    def run(*arguments: str, status: int = 0) -> str:
        assert main(["abi", *arguments]) == status
        out, err = capsys.readouterr()
        return err if status else out

    return run


def test_structure(ask: Callable[..., str]) -> None:
    text = ask("xen_add_to_physmap")
    assert "24 bytes, aligned to 8, x86_64 and arm64" in text
    rows = [line.split()[:4] for line in text.splitlines()]
    assert ["4", "4", "unsigned", "int"] in rows
    assert ["16", "8", "xen_pfn_t", "gpfn"] in rows
    used = text[text.index("used by") :]
    assert "XENMEM_add_to_physmap " in used
    assert "memory_op" in used


def test_holes_and_members_in_place(ask: Callable[..., str]) -> None:
    rows = [line.split() for line in ask("evtchn_status").splitlines()]
    assert ["2", "2", "(hole)"] in rows
    assert ["18", "2", "(hole)"] in rows
    assert ["20", "4", "evtchn_port_t", "port"] in [row[:4] for row in rows]


def test_bit_fields(ask: Callable[..., str]) -> None:
    rows = [line.split() for line in ask("ioreq").splitlines()]
    assert ["30.5", "1", "bits", "uint8_t", "dir"] in [row[:5] for row in rows]


def test_sub_operation(ask: Callable[..., str]) -> None:
    text = ask("XENMEM_add_to_physmap")
    assert text.startswith("XENMEM_add_to_physmap = 7   sub-operation of memory_op")
    for word in ("since", "who", "TARGET", "hazard", "kernel-owned", "struct xen_add_to_physmap"):
        assert word in text


def test_ioctl_by_number(ask: Callable[..., str]) -> None:
    text = ask("0x305000")
    assert "IOCTL_PRIVCMD_HYPERCALL" in text
    assert "type 'P', nr 0, 48 bytes" in text
    assert "struct privcmd_hypercall" in text
    assert ask(str(0x305000)) == text


def test_number_that_two_drivers_share(ask: Callable[..., str]) -> None:
    text = ask("0x104707")
    assert "IOCTL_GNTALLOC_SET_UNMAP_NOTIFY" in text
    assert "IOCTL_GNTDEV_SET_UNMAP_NOTIFY" in text


def test_hypercall_by_number(ask: Callable[..., str]) -> None:
    assert "HYPERVISOR_memory_op = 12" in ask("12")


def test_group_and_module_and_pattern(ask: Callable[..., str]) -> None:
    assert "held by xen_add_to_physmap.space" in ask("memory:XENMAPSPACE")
    assert "XENMAPSPACE_gmfn" in ask("memory:XENMAPSPACE")
    assert "memory:XENMAPSPACE" in ask("memory")
    assert ask("memory") == ask("xen/memory.h")
    assert "xen_remove_from_physmap" in ask("*physmap*")


def test_underscored_names_go_by_both(ask: Callable[..., str]) -> None:
    assert ask("__HYPERVISOR_memory_op") == ask("HYPERVISOR_memory_op")


def test_other_architecture(ask: Callable[..., str]) -> None:
    assert "64 bytes" in ask("vcpu_info", "--arch", "x86_64")
    assert "48 bytes" in ask("vcpu_info", "--arch", "arm64")
    # Only there: shown all the same.
    assert "x86_64" in ask("hvm_start_info", "--arch", "arm64") or "arm64" in ask("hvm_start_info")


def test_what_the_other_architecture_has_is_shown_whole(ask: Callable[..., str]) -> None:
    """Members in unions without a tag were left out, as if the structure were full of holes."""
    assert ask("cpu_user_regs", "--arch", "arm64") == ask("cpu_user_regs", "--arch", "x86_64")
    assert " rip" in ask("cpu_user_regs", "--arch", "arm64")


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_every_byte_of_a_structure_is_shown(arch: str) -> None:
    checked = 0
    for entry in every("structure"):
        for answer in abi_lookup.find(entry["name"], arch):
            if answer["kind"] != "structure" or answer["record"] != "struct":
                continue
            left = set(range(8 * answer["size"]))
            for field in answer["fields"]:
                start = 8 * field["offset"] + field.get("bit", 0)
                width = field["bits"] if "bits" in field else 8 * field["size"]
                left -= set(range(start, start + width))
            assert len(left) < 8, (answer["name"], sorted(left))
            checked += 1
    assert checked > 400


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("struct xen_add_to_physmap", "xen_add_to_physmap"),
        ("hvm/params", "hvm.params"),
        ("hvm/hvm_op:HVMMEM", "hvm.hvm_op:HVMMEM"),
        ("XENMAPSPACE", "memory:XENMAPSPACE"),
    ],
)
def test_other_spellings(ask: Callable[..., str], said: str, meant: str) -> None:
    assert ask(said) == ask(meant)


def test_group_name_of_two_headers(ask: Callable[..., str]) -> None:
    text = ask("UNMAP_NOTIFY")
    assert "group gntdev:UNMAP_NOTIFY" in text
    assert "group gntalloc:UNMAP_NOTIFY" in text


def test_ioctl_by_name_has_its_structure_too(ask: Callable[..., str]) -> None:
    assert ask("IOCTL_PRIVCMD_MMAP_RESOURCE") == ask("0x205007")


def test_numbers_are_called_values(ask: Callable[..., str]) -> None:
    assert ask("-5").startswith("2 names of value -5\n")
    assert ask("0x7ff1").startswith("1 name of value 32753 = 0x7ff1\n")
    assert ask(str(2**64), status=1) == f"xensys: nothing in the ABI is called '{2**64}'\n"
    assert "called ''" in ask("", status=1)


def test_no_arguments_and_many_holders(ask: Callable[..., str]) -> None:
    assert "args    none" in ask("HYPERVISOR_iret")
    (line,) = [line for line in ask("DOMID_SELF").splitlines() if line.startswith("held by")]
    assert line.endswith(" more")
    assert len(line) < 500


def test_misspelt(ask: Callable[..., str]) -> None:
    said = ask("xen_add_to_phsymap", status=1)
    assert "xen_add_to_physmap" in said
    assert json.loads("[]") == abi_lookup.find("xen_add_to_phsymap", "x86_64")
    assert "no" not in ask("xqzzz", status=1).split()


def test_json_is_what_the_text_is_made_from(ask: Callable[..., str]) -> None:
    (answer,) = json.loads(ask("xen_add_to_physmap", "--json"))
    assert answer["kind"] == "structure"
    assert [f["offset"] for f in answer["fields"]] == [0, 2, 4, 8, 16]
    assert {row["name"] for row in answer["used_by"]} == {"XENMEM_add_to_physmap"}
    assert json.loads(ask("0x305000", "--json"))[0]["ioctl"]["size"] == 48


LEAST = {"header": 54, "structure": 600, "constant": 1900, "typedef": 300, "macro": 40}


def every(kind: str) -> list[dict[str, Any]]:
    return [entry for entry in abi_lookup._everything() if entry["kind"] == kind]


@pytest.mark.parametrize("kind", LEAST)
def test_everything_can_be_printed(ask: Callable[..., str], kind: str) -> None:
    entries = every(kind)
    assert len(entries) >= LEAST[kind]
    step = max(1, len(entries) // 150)
    for entry in entries[::step]:
        assert entry["name"] in ask(entry["name"])


def test_every_sub_operation_can_be_printed(ask: Callable[..., str]) -> None:
    names = [name for rows in OPERATIONS.values() for name in rows]
    assert len(names) > 200
    for name in names[::3]:
        assert f"{name} = " in ask(name)


def getattr_path(module: str) -> Any:
    """Return a module as x86_64 has it."""
    found: Any = abi.arch("x86_64")
    for part in module.split("."):
        found = getattr(found, part)
    return found


def test_layouts_are_those_of_the_classes() -> None:
    """What is printed and what is used come from the same data; here they meet."""
    checked = 0
    for entry in every("structure"):
        for answer in abi_lookup.find(entry["name"], "x86_64"):
            if answer["kind"] != "structure" or answer["on"] == "arm64":
                continue
            cls = getattr(getattr_path(answer["module"]), answer["name"])
            assert sizeof(cls) == answer["size"]
            for field in answer["fields"]:
                if field["depth"] == 0 and "bits" not in field and field["name"] != "(hole)":
                    own = getattr(cls, field["name"])
                    assert getattr(own, "offset", field["offset"]) == field["offset"], field
            checked += 1
    assert checked > 550


def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xensys", "abi", "ioreq"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.startswith("xensys: [Errno 28]")
    assert "Traceback" not in done.stderr
