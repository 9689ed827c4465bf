"""tools/abi: what is written down is what the headers say, and checks turn red.

Faults are planted in copies of the tree.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT, digest, run_abi

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def plant(path: Path, old: str, new: str) -> None:
    """Replace one occurrence, which must be there."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new))


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change a data file as an object."""
    facts = json.loads(path.read_text())
    edit(facts)
    path.write_text(json.dumps(facts))


def named(tool: Any, root: Path, *expected: str) -> None:
    """The stages on headers and releases say so; that they turn the check red, others show."""
    tree = tool("places").Tree(root)
    found = "\n".join([*tool("coverage").check_rows(tree)[0], *tool("coverage").check_releases(tree)[0]])
    for text in expected:
        assert text in found, found


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a module of the tool."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return lambda name: importlib.import_module(f"_abi.{name}")


@pytest.fixture
def red(abi: Any) -> Any:
    """Return a function that says whether the quick check of a tree fails, and in these words."""

    def judge(root: Path, *expected: str) -> None:
        done = abi(root, "check", "--quick")
        assert done.returncode == 1, done.stdout
        for text in expected:
            assert text in done.stdout + done.stderr, done.stdout + done.stderr

    return judge


def test_quick_check_is_green() -> None:
    done = run_abi(ROOT, "check", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "0 differences"


def test_generated_is_anew_what_any_file_of_the_data_changes(tree: Path) -> None:
    """No planted fault may get what was generated without it; see the fixture `abi`."""
    data = tree / "abi"
    counts = data / "counts.json"
    kinds = {(path.parent, path.suffix): path for path in data.rglob("*.*") if path != counts}
    changed = [*kinds.values(), data / "headers.toml", data / "macros.toml"]
    assert len(changed) > 12
    seen = [digest(data)]
    for path in changed:
        path.write_text(path.read_text() + "\n")
        seen.append(digest(data))
    (data / "memory.json").rename(data / "other.json")
    seen.append(digest(data))
    assert len(set(seen)) == len(changed) + 2
    counts.unlink()
    assert digest(data) == seen[-1]


def test_generate_leaves_nothing_to_do(tree: Path, abi: Any) -> None:
    before = {p: p.read_bytes() for p in tree.rglob("*.py")}
    done = abi(tree, "generate")
    assert done.stdout.endswith(" 0 changed\n"), done.stdout
    assert {p: p.read_bytes() for p in tree.rglob("*.py")} == before


def test_wrong_offset_in_the_data_turns_check_red(tree: Path, abi: Any) -> None:
    line = '{"name": "gpfn", "code": "u64", "type": "xen_pfn_t", "offset": 16, "size": 8}'
    text = (tree / "abi" / "memory.json").read_text()
    first = text.index('"xen_add_to_physmap": {')
    place = text.index(line, first)
    changed = text[:place] + line.replace("16", "24") + text[place + len(line) :]
    (tree / "abi" / "memory.json").write_text(changed)
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1, done.stdout
    assert "xen_add_to_physmap" in done.stdout + done.stderr


def test_wrong_offset_that_ctypes_can_follow_turns_check_red(tree: Path, abi: Any) -> None:
    """A layout that is possible, so that only the comparison can tell."""
    path = tree / "abi" / "hypfs.json"
    text = path.read_text()
    line = '{"name": "pad", "code": "u16", "type": "uint16_t", "offset": 2, "size": 2}'
    assert line in text
    path.write_text(text.replace(line, line.replace("u16", "s16")))
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1, done.stdout
    assert "xensys/abi/hypfs.py: line" in done.stdout


def test_wrong_offset_in_a_generated_file_turns_check_red(tree: Path) -> None:
    # The field moves: what is compiled from it has another layout.
    plant(
        tree / "xensys/abi/memory.py",
        '        ("space", c_uint32),  # @4 unsigned int\n',
        '        ("space", c_uint64),  # @4 unsigned int\n',
    )
    done = run_abi(tree, "check", "--quick")
    assert done.returncode == 1, done.stdout
    assert "xensys/abi/memory.py: line" in done.stdout
    assert "xensys.abi.memory.xen_add_to_physmap.space: @8, @4 in C" in done.stdout


def test_wrong_constant_in_a_generated_file_turns_check_red(tree: Path, abi: Any) -> None:
    plant(tree / "xensys/abi/version.py", "XENVER_get_features = 6\n", "XENVER_get_features = 7\n")
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "xensys.abi.version.XENVER_get_features: 7, 6" in done.stdout


def test_stale_generated_file_turns_check_red(tree: Path, abi: Any) -> None:
    (tree / "xensys/abi/gone.py").write_text("# GENERATED from abi/gone.json\n")
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "xensys/abi/gone.py: no longer made" in done.stdout


def test_wrong_number_in_a_table_turns_check_red(tree: Path, abi: Any) -> None:
    plant(tree / "abi/tables/grant_table_op.toml", "nr     = 6\n", "nr     = 5\n")
    done = abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "GNTTABOP_query_size: nr 5, 6 in the header" in done.stdout


class TestHeaderFiles:
    """Every public header file is read, or listed with a reason."""

    def files(self, tool: Any, project: str) -> set[str]:
        """Every file that is read or listed."""
        rows = tool("coverage").read(tool("places").Tree())[project]
        read = {n for h in tool("headers").HEADERS if h.project == project for n in h.files}
        return {*rows, *read}

    def test_unlisted_file_is_named(self, tool: Any) -> None:
        unaccounted = tool("coverage").unaccounted
        tree = tool("places").Tree()
        whole = self.files(tool, "xen")
        assert unaccounted(tree, "xen", {"xen-4.20": whole}) == []
        found = unaccounted(tree, "xen", {"xen-4.20": {*whole, "io/newif.h"}, "xen-4.22": whole})
        assert found == ["xen-4.20: xen/io/newif.h is neither read nor listed in headers.toml"]
        linux = self.files(tool, "linux")
        found = unaccounted(tree, "linux", {"linux-6.12": {*linux, "gntdev2.h"}})
        assert found == ["linux-6.12: xen/gntdev2.h is neither read nor listed in headers.toml"]

    def test_row_for_a_file_that_is_gone_is_named(self, tool: Any) -> None:
        whole = self.files(tool, "xen") - {"tmem.h"}
        found = tool("coverage").unaccounted(tool("places").Tree(), "xen", {"xen-4.20": whole})
        assert found == ["headers.toml: xen tmem.h: no such file in xen-4.20"]

    def test_lost_row_is_named(self, tool: Any, tree: Path) -> None:
        whole = self.files(tool, "xen")
        path = tree / "abi" / "headers.toml"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith('"sysctl.h"')))
        found = tool("coverage").unaccounted(tool("places").Tree(tree), "xen", {"xen-4.20": whole})
        assert found == ["xen-4.20: xen/sysctl.h is neither read nor listed in headers.toml"]

    def test_files_of_a_folder(self, tool: Any, tmp_path: Path) -> None:
        for name in ("xen/xen.h", "xen/io/ring.h", "xen/COPYING", "xencall.h"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        assert tool("coverage").files(tmp_path) == {"xen.h", "io/ring.h"}

    def test_file_that_is_read_and_listed_turns_check_red(self, tree: Path, red: Any) -> None:
        plant(tree / "abi/headers.toml", '"tmem.h"      ', '"memory.h"    ')
        red(tree, "headers.toml: xen memory.h is read, by memory")

    def test_reason_from_nowhere_is_named(self, tool: Any, tree: Path) -> None:
        plant(tree / "abi/headers.toml", 'reason = "versioned"', 'reason = "boring"')
        named(tool, tree, "headers.toml: xen sysctl.h: a known reason and a note")

    def test_row_without_a_note_is_named(self, tool: Any, tree: Path) -> None:
        plant(tree / "abi/headers.toml", ', note = "ppc64"', "")
        named(tool, tree, "headers.toml: xen arch-ppc.h: a known reason and a note")


class TestSelection:
    """domctl.h is taken in part."""

    def test_only_the_stable_operation_is_taken(self, facts: dict[str, Any]) -> None:
        own = facts["domctl"]
        assert own["constants"]["XEN_DOMCTL_get_domain_state"]["value"] == 90
        assert len(own["constants"]) == 8
        assert list(own["types"]) == ["xen_domctl_get_domain_state", "xen_domctl_u", "xen_domctl"]
        envelope, union = own["types"]["xen_domctl"], own["types"]["xen_domctl_u"]
        assert envelope["size"] == 144
        places = {f["name"]: f["offset"] for f in envelope["fields"]}
        assert places == {"cmd": 0, "interface_version": 4, "domain": 8, "_pad": 10, "u": 16}
        assert [f["name"] for f in union["fields"]] == ["get_domain_state", "pad"]
        assert union["partial"]

    def test_select_takes_names_and_fields(self, tool: Any) -> None:
        headers = tool("headers")
        header = headers.Header("x", "xen", ("x.h",), select=("X_A*", "u", "u.a", "whole"))
        u = {"kind": "union", "fields": [{"name": "a"}, {"name": "b"}]}
        whole = {"kind": "struct", "fields": [{"name": "a"}]}
        facts = {
            "constants": {"X_A1": {"value": 1}, "X_B": {"value": 2}},
            "types": {"u": u, "whole": whole, "other": whole},
        }
        found = headers.selected(header, facts)
        assert found["constants"] == {"X_A1": {"value": 1}}
        assert found["types"] == {
            "u": {"kind": "union", "fields": [{"name": "a"}], "partial": True},
            "whole": whole,
        }
        assert headers.selected(header._replace(select=()), facts) is facts

    def test_pattern_that_selects_nothing_turns_check_red(
        self, tool: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        coverage, headers = tool("coverage"), tool("headers")
        tree = tool("places").Tree()
        assert coverage.check_rows(tree)[0] == []
        domctl = next(h for h in headers.HEADERS if h.module == "domctl")
        wider = domctl._replace(select=(*domctl.select, "xen_domctl_u.gone"))
        others = tuple(wider if h is domctl else h for h in headers.HEADERS)
        monkeypatch.setattr(coverage, "HEADERS", others)
        assert coverage.check_rows(tree)[0] == [
            "domctl: select has xen_domctl_u.gone, which nothing is called"
        ]

    def test_every_package_of_modules_is_one_of_an_architecture(self) -> None:
        from xensys import abi

        arm = abi.arch("arm64")
        assert arm.xsm.flask_op.FLASK_LOAD == abi.xsm.flask_op.FLASK_LOAD == 1
        assert arm.hvm.ioreq.ioreq is abi.hvm.ioreq.ioreq
        with pytest.raises(AttributeError, match="has no module 'xs'"):
            _ = arm.xs

    def test_structure_of_another_header_is_not_repeated(self, facts: dict[str, Any]) -> None:
        fields = facts["platform"]["types"]["xen_platform_op_u"]["fields"]
        console = next(f for f in fields if f["name"] == "dom0_console")
        assert console["code"] == "struct:dom0_vga_console_info"
        assert not [name for name in facts["platform"]["types"] if "dom0_console" in name]


def struct(*fields: tuple[str, int, int], size: int, kind: str = "struct") -> dict[str, Any]:
    """A type of plain integers: (name, offset, size)."""
    rows = [
        {"name": name, "code": f"u{8 * bytes_}", "type": "t", "offset": offset, "size": bytes_}
        for name, offset, bytes_ in fields
    ]
    return {"kind": kind, "size": size, "align": 4, "fields": rows}


class TestLaterReleases:
    """Releases that no package has: noted as differences, merged with marks."""

    RELEASES = ("xen-4.14", "xen-4.17", "xen-4.21", "xen-4.22")

    @pytest.fixture
    def model(self, tool: Any) -> Any:
        return tool("model").Model(tool("places").Tree())

    @pytest.fixture
    def header(self, tool: Any) -> Callable[[str], Any]:
        return lambda module: next(h for h in tool("headers").HEADERS if h.module == module)

    @pytest.mark.parametrize("name", RELEASES)
    def test_difference_is_the_inverse_of_apply(self, tool: Any, name: str) -> None:
        data, tree = tool("data"), tool("places").Tree()
        delta = data.read_release(tree, name)
        compared = 0
        for header in tool("headers").HEADERS:
            part = delta.get(header.module, {})
            if header.project != "xen" or part.get("absent") is True:
                continue
            newest = data.read(tree, header)
            again = data.difference(newest, data.apply(newest, part), places="source" in delta)
            assert again == part, header.module
            if "source" in delta:  # these keep the header's order too
                assert data.dumps(again) == data.dumps(part), header.module
            compared += 1
        assert compared > 40

    def test_each_names_its_source(self, tool: Any) -> None:
        noted = tool("data").later(tool("places").Tree())
        assert [d["release"] for d in noted] == ["xen-4.21", "xen-4.22"]
        assert [d["source"]["tag"] for d in noted] == ["RELEASE-4.21.0", "RELEASE-4.22.0"]
        for delta in noted:
            assert re.fullmatch(r"[0-9a-f]{40}", delta["source"]["commit"])
            assert delta["source"]["project"] == "Xen, xen.git"
            assert delta["compiled_here"] is False

    def test_marks(self, model: Any, header: Callable[[str], Any]) -> None:
        wire, xen, console = header("io/xs_wire"), header("xen"), header("io/console")
        assert model.since(wire, "constants", "XS_GET_QUOTA") == "4.21"
        assert model.since(wire, "constants", "XENSTORE_SERVER_FEATURE_DOMID_ANY") == "4.22"
        assert model.since(wire, "constants", "XS_DIRECTORY") is None
        assert model.since(header("bootfdt"), "constants", "DOMAIN_CAPS_MASK") == "4.21"
        assert model.noted(wire, "constants", "XS_GET_QUOTA")
        assert not model.noted(wire, "constants", "XS_DIRECTORY")
        assert model.until(wire, "constants", "XS_WRITE_NONE") == "4.21"
        assert model.until(xen, "constants", "VGCF_IN_SYSCALL") == "4.22"
        assert model.until(wire, "constants", "XS_DIRECTORY") is None
        assert model.lacking(wire, "constants", "XS_GET_QUOTA") == ["4.20", "4.17", "4.14"]
        assert model.lacking(wire, "constants", "XS_WRITE_NONE") == []
        ring = "xenstore_domain_interface"
        assert model.since(wire, "types", ring) is None
        assert model.since(wire, "types", ring, "evtchn_port") == "4.21"
        assert model.since(wire, "types", ring, "error") is None
        assert model.noted(wire, "types", ring)
        assert model.noted(wire, "types", ring, "evtchn_port")
        assert not model.noted(wire, "types", ring, "error")
        assert model.sizes(wire, ring) == {"4.20": 2076}
        assert model.sizes(console, "xencons_interface") == {"4.20": 3088}
        assert model.sizes(xen, "start_info") == {}
        assert model.changed(wire, "types", ring) == ["4.20", "4.17", "4.14"]
        assert model.changed(wire, "constants", "XS_TYPE_COUNT") == ["4.22", "4.21"]
        config = ("types", "xen_arch_domainconfig")  # grew on arm64 alone
        assert model.changed(xen, *config, "arm64")[:2] == ["4.21", "4.20"]
        assert not {"4.21", "4.20"} & {*model.changed(xen, *config, "x86_64")}
        assert model.sizes(xen, config[1], "arm64") == {"4.20": 12}
        assert model.sizes(xen, config[1], "x86_64") == {}

    def test_grown_structures_have_the_later_layout(self, facts: dict[str, Any]) -> None:
        ring = facts["io/xs_wire"]["types"]["xenstore_domain_interface"]
        assert (ring["size"], ring["fields"][-1]["name"]) == (2080, "evtchn_port")
        assert ring["fields"][-1]["offset"] == 2076
        assert [f["name"] for f in ring["fields"] if "since" in f] == ["evtchn_port"]
        arm = facts["xen"]["types"]["xen_arch_domainconfig"]["arch"]["arm64"]
        added = [(f["name"], f["since"]) for f in arm["fields"] if "since" in f]
        assert added == [("arm_sci_type", "4.21"), ("v8r_el1_msa", "4.22"), ("pad", "4.22")]
        x86 = facts["xen"]["types"]["xen_arch_domainconfig"]["arch"]["x86_64"]
        assert "sizes" not in x86
        assert (arm["size"], arm["sizes"]) == (16, {"4.20": 12})

    def test_packaged_values_stand(self, facts: dict[str, Any]) -> None:
        assert facts["io/xs_wire"]["constants"]["XS_TYPE_COUNT"]["value"] == 23

    def test_new_names_have_their_places(self, facts: dict[str, Any]) -> None:
        names = list(facts["io/xs_wire"]["constants"])
        assert names[names.index("XS_GET_FEATURE") - 1] == "XS_DIRECTORY_PART"
        assert names[names.index("XS_SET_QUOTA") + 1] == "XS_TYPE_COUNT"

    def test_only_growth_at_the_end_is_taken(self, tool: Any) -> None:
        grown = tool("data").grown
        old = struct(("a", 0, 4), ("b", 4, 4), size=8)
        new = struct(("a", 0, 4), ("b", 4, 4), ("c", 8, 4), size=12)
        found = grown(old, new, "4.21", "4.20")
        assert found["size"] == 12
        assert found["sizes"] == {"4.20": 8}
        assert [f.get("since") for f in found["fields"]] == [None, None, "4.21"]
        third = struct(("a", 0, 4), ("b", 4, 4), ("c", 8, 4), ("d", 12, 4), size=16)
        again = grown(found, third, "4.22", "4.21")
        assert again["sizes"] == {"4.20": 8, "4.21": 12}
        assert [f.get("since") for f in again["fields"]] == [None, None, "4.21", "4.22"]
        others = [
            struct(("a", 0, 4), ("c", 4, 4), ("b", 8, 4), size=12),  # in the middle
            struct(("c", 0, 4), ("a", 4, 4), ("b", 8, 4), size=12),  # in front
            struct(("a", 0, 8), ("b", 8, 4), ("c", 12, 4), size=16),  # a field became wider
            struct(("a", 0, 4), ("c", 4, 4), size=8),  # renamed
            struct(("a", 0, 4), size=4),  # shrunk
            struct(("a", 0, 4), ("b", 4, 4), ("c", 4, 4), size=8),  # laid over another
            struct(("a", 0, 4), ("b", 4, 4), ("c", 0, 4), size=8, kind="union"),
            struct(("a", 0, 4), ("b", 4, 4), size=8),  # the same
        ]
        assert [grown(old, other, "4.21", "4.20") for other in others] == [None] * len(others)

    def test_unions_gain_members_anywhere(self, tool: Any) -> None:
        grown = tool("data").grown
        old = struct(("a", 0, 4), ("pad", 0, 8), size=8, kind="union")
        new = struct(("a", 0, 4), ("b", 0, 8), ("pad", 0, 8), size=8, kind="union")
        found = grown(old, new, "4.21", "4.20")
        assert [(f["name"], f.get("since")) for f in found["fields"]] == [
            ("a", None), ("b", "4.21"), ("pad", None),
        ]  # fmt: skip
        assert "sizes" not in found
        assert grown(new, old, "4.21", "4.20") is None

    def test_what_holds_a_grown_structure_grows_with_it(self, tool: Any) -> None:
        grown = tool("data").grown

        def outer(size: int, *, last: bool) -> dict[str, Any]:
            inner = {"name": "in", "code": "struct:x", "type": "x", "offset": 4, "size": size}
            fact = struct(("a", 0, 4), size=4 + size + (0 if last else 4))
            rest = [] if last else struct(("z", 4 + size, 4), size=4)["fields"]
            return {**fact, "fields": [*fact["fields"], inner, *rest]}

        assert grown(outer(8, last=True), outer(12, last=True), "4.21", "4.20")["sizes"] == {"4.20": 12}
        assert grown(outer(8, last=False), outer(12, last=False), "4.21", "4.20") is None

    def test_name_that_comes_back_is_not_gone(self, tool: Any, header: Callable[[str], Any]) -> None:
        empty: dict[str, Any] = {section: {} for section in tool("data").SECTIONS}
        newest = {**empty, "release": "xen-4.20", "constants": {"A": {"value": 1}, "B": {"value": 2}}}
        later = [
            {"release": "xen-4.21", "errno": {"constants": {"absent": ["A", "B"]}}},
            {"release": "xen-4.22", "errno": {"constants": {"absent": ["B"], "only": {
                "C": {"value": 3, "after": None}}}}},
        ]  # fmt: skip
        merged = tool("data").merge_later(header("errno"), newest, later)
        assert merged["constants"] == {
            "C": {"value": 3, "since": "4.22", "noted": True},
            "A": {"value": 1},
            "B": {"value": 2, "until": "4.21"},
        }
        assert list(merged["constants"]) == ["C", "A", "B"]

    def test_compiled_facts_are_not_the_merged_ones(self, tool: Any) -> None:
        data, check = tool("data"), tool("check")
        tree = tool("places").Tree()
        text = json.dumps([data.read(tree, h) for h in tool("headers").HEADERS])
        assert not re.search(r'"(since|noted|until|sizes)"', text)
        releases = {r.name: r for r in tool("releases").RELEASES}
        wire = next(h for h in tool("headers").HEADERS if h.module == "io/xs_wire")
        for name in ("xen-4.20", "xen-4.17"):
            assert "XS_GET_QUOTA" not in check._older(tree, wire, releases[name])["constants"]
        later = check._older(tree, wire, tool("checkout").known(tree)[1])
        assert later["constants"]["XS_GET_QUOTA"] == {"value": 25, "enum": "xsd_sockmsg_type"}
        assert later["constants"]["XS_TYPE_COUNT"]["value"] == 27

    def test_later_name_that_the_package_has_turns_check_red(self, tree: Path, red: Any) -> None:
        def claim(delta: dict[str, Any]) -> None:
            delta["io/xs_wire"]["constants"]["only"]["XS_READ"] = {"value": 2, "after": None}

        change(tree / "abi/releases/xen-4.22.json", claim)
        red(tree, "xen-4.22 io/xs_wire: XS_READ: only there, which is in the facts")

    def test_packaged_name_claimed_for_later_is_named(self, tool: Any, tree: Path) -> None:
        """XS_GET_QUOTA written into 4.20's facts: 4.21 and 4.22 say that it is theirs."""
        change(
            tree / "abi/io/xs_wire.json",
            lambda facts: facts["constants"].update(XS_GET_QUOTA={"value": 25}),
        )
        named(tool, tree, "xen-4.22 io/xs_wire: XS_GET_QUOTA: only there, which is in the facts")

    def test_gone_name_that_never_was_is_named(self, tool: Any, tree: Path) -> None:
        change(
            tree / "abi/releases/xen-4.21.json",
            lambda delta: delta["io/xs_wire"]["constants"]["absent"].append("XS_NEVER"),
        )
        named(tool, tree, "xen-4.21 io/xs_wire: XS_NEVER: absent, which is not in the facts")

    def test_undecided_change_is_named(self, tool: Any, tree: Path) -> None:
        def alter(delta: dict[str, Any]) -> None:
            delta["io/xs_wire"]["constants"]["otherwise"]["XS_READ"] = {"value": 99}

        change(tree / "abi/releases/xen-4.22.json", alter)
        named(tool, tree, "io/xs_wire.XS_READ: a later release has it otherwise; not decided")

    def test_structure_changed_in_the_middle_is_named(self, tool: Any, tree: Path) -> None:
        """It is not merged, and nobody has decided what is to be done."""

        def alter(delta: dict[str, Any]) -> None:
            ring = delta["io/xs_wire"]["types"]["otherwise"]["xenstore_domain_interface"]
            ring["fields"][6]["name"] = "features"

        change(tree / "abi/releases/xen-4.22.json", alter)
        named(tool, tree, "io/xs_wire.xenstore_domain_interface: a later release has it otherwise")

    def test_grown_structure_merged_wrongly_turns_check_red(self, tree: Path, red: Any) -> None:
        """Both releases with the field 4 bytes further on: only the generated file can tell."""

        def alter(delta: dict[str, Any]) -> None:
            ring = delta["io/xs_wire"]["types"]["otherwise"]["xenstore_domain_interface"]
            ring["fields"][-1]["offset"] += 4
            ring["size"] += 4

        for name in ("xen-4.21", "xen-4.22"):
            change(tree / f"abi/releases/{name}.json", alter)
        red(tree, "xensys/abi/io/xs_wire.py: line", "xenstore_domain_interface.evtchn_port: @2076, @2080")

    def test_decision_about_nothing_is_named(self, tool: Any, tree: Path) -> None:
        path = tree / "abi/headers.toml"
        path.write_text(path.read_text() + '"memory.XENMEM_exchange" = "Why not."\n')
        named(tool, tree, "headers.toml: stands: memory.XENMEM_exchange is not otherwise in any later")

    def test_module_that_was_never_looked_for_is_named(self, tool: Any, tree: Path) -> None:
        change(tree / "abi/releases/xen-4.22.json", lambda delta: delta["modules"].remove("io/tpmif"))
        named(tool, tree, "xen-4.22: io/tpmif was never looked for in it")

    @pytest.mark.parametrize("mark", [{"compiled_here": True}, {"source": None}])
    def test_release_without_a_source_is_refused(self, tool: Any, tree: Path, mark: dict[str, Any]) -> None:
        change(tree / "abi/releases/xen-4.22.json", lambda delta: delta.update(mark))
        with pytest.raises(tool("places").Failure, match="neither packaged nor with a source"):
            tool("data").later(tool("places").Tree(tree))

    def test_release_that_a_package_caught_up_with_is_refused(
        self, tree: Path, tool: Any, red: Any
    ) -> None:
        folder = tree / "abi/releases"
        delta = json.loads((folder / "xen-4.21.json").read_text())
        (folder / "xen-4.19.json").write_text(json.dumps({**delta, "release": "xen-4.19"}))
        red(tree, "xen-4.19: not later than xen-4.20; remove its file")
        outdated = tool("extract").outdated(tool("places").Tree(tree))
        assert [path.name for path in outdated] == ["xen-4.19.json"]

    def test_releases_are_in_order_of_number(self, tree: Path, tool: Any) -> None:
        folder = tree / "abi/releases"
        delta = json.loads((folder / "xen-4.22.json").read_text())
        (folder / "xen-4.100.json").write_text(json.dumps({**delta, "release": "xen-4.100"}))
        later = tool("data").later(tool("places").Tree(tree))
        assert [d["release"] for d in later] == ["xen-4.21", "xen-4.22", "xen-4.100"]


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity and nobody's configuration."""
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": "/usr/bin:/bin"}
    who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**own, **who},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def repository(folder: Path, tag: str) -> str:
    """Make a repository of a folder, tag it and return the commit."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


class TestCheckout:
    """Where the headers of a release that no package has come from."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        for name in ("xen/include/public/xen.h", "tools/include/xen-sys/Linux/xenbus_dev.h"):
            path = tmp_path / "xen.git" / name
            path.parent.mkdir(parents=True)
            path.write_text("/* tagged */\n")
        return tmp_path / "xen.git"

    def test_tag_is_read_whatever_the_working_tree_holds(self, tool: Any, source: Path) -> None:
        commit = repository(source, "RELEASE-4.99.0")
        (source / "xen/include/public/xen.h").write_text("/* changed since */\n")
        with tool("checkout").opened(tool("places").Tree(), {"xen-4.99": source}) as (release,):
            assert (release.name, release.version, release.commit) == ("xen-4.99", "4.99", commit)
            include = tool("fetch").include(release)
            assert (include / "xen/xen.h").read_text() == "/* tagged */\n"
            assert (include / "xen/sys/xenbus_dev.h").is_file()
            assert tool("fetch").present(release)
        assert not include.exists()

    def test_other_commit_than_the_noted_one_is_refused(self, tool: Any, source: Path) -> None:
        repository(source, "RELEASE-4.22.0")
        opened = tool("checkout").opened(tool("places").Tree(), {"xen-4.22": source})
        with pytest.raises(
            tool("places").Failure, match="noted is d45d5687f1441495f4ee20d5e9940066c5fa5beb"
        ):
            opened.__enter__()

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("xen-4.20", "xen-4.20 is packaged; only later releases are noted"),
            ("xen-4.9", "xen-4.20 is packaged"),
            ("xen-4.98", "no tag RELEASE-4.98.0"),
        ],
    )
    def test_refuses(self, tool: Any, source: Path, name: str, says: str) -> None:
        repository(source, "RELEASE-4.99.0")
        with pytest.raises(tool("places").Failure, match=says):
            tool("checkout").opened(tool("places").Tree(), {name: source}).__enter__()

    def test_folder_is_believed_for_a_noted_release_alone(self, tool: Any, source: Path) -> None:
        tree, opened = tool("places").Tree(), tool("checkout").opened
        with opened(tree, {"xen-4.22": source}) as (release,):
            assert release.tag == "RELEASE-4.22.0"
            assert (release.include / "xen/xen.h").is_file()
        installed = source.parent / "installed"
        (installed / "usr/include/xen").mkdir(parents=True)
        (installed / "usr/include/xen/xen.h").touch()
        with opened(tree, {"xen-4.22": installed}) as (release,):
            assert release.include == installed / "usr/include"
        with pytest.raises(tool("places").Failure, match="is nothing that git reads"):
            opened(tree, {"xen-4.99": installed}).__enter__()
        with pytest.raises(tool("places").Failure, match="neither"):
            opened(tree, {"xen-4.22": source / "tools"}).__enter__()

    @pytest.mark.parametrize("text", ["xen-4.22", "xen-4.22=", "linux-7.0=/x", "xen-4=/x", "4.22=/x"])
    def test_argument_of_another_form_is_refused(self, tool: Any, text: str) -> None:
        with pytest.raises(ValueError, match=re.escape(text)):
            tool("checkout").argument(text)
        done = run_abi(ROOT, "extract", "--headers", text)
        assert done.returncode == 2
        assert "--headers" in done.stderr

    def test_quick_check_refuses_headers(self) -> None:
        done = run_abi(ROOT, "check", "--quick", "--headers", "xen-4.22=/nowhere")
        assert done.returncode == 1
        assert "--headers compiles, --quick does not" in done.stderr


class TestCounts:
    """Nothing is lost unseen."""

    def test_lost_constant_turns_check_red(self, tree: Path, red: Callable[..., None], abi: Any) -> None:
        abi(tree, "check", "--quick", "--counts")
        least = json.loads((tree / "abi/counts.json").read_text())["abi: constants"]
        change(tree / "abi/io/fbif.json", lambda facts: facts["constants"].popitem())
        red(tree, f"abi: constants: {least - 1}, were {least}")

    def test_fallen_count_turns_check_red(self, tree: Path, red: Any) -> None:
        change(tree / "abi/counts.json", lambda counts: counts.update({"tables: rows": 1 << 20}))
        red(tree, "tables: rows: ", f"were {1 << 20}")

    def test_count_that_nobody_wrote_down_turns_check_red(self, tree: Path, red: Any) -> None:
        change(tree / "abi/counts.json", lambda counts: counts.pop("layout: fields"))
        red(tree, "layout: fields: not in abi/counts.json")

    def test_missing_file_turns_check_red(self, tree: Path, red: Any) -> None:
        (tree / "abi/counts.json").unlink()
        red(tree, "counts.json")

    def test_higher_count_asks_to_be_raised(self, tree: Path, abi: Any) -> None:
        change(tree / "abi/counts.json", lambda counts: counts.update({"abi: headers": 1}))
        done = abi(tree, "check", "--quick")
        assert done.returncode == 0, done.stdout
        assert "raise them, `tools/abi check --counts`" in done.stdout
        compiled = json.loads((tree / "abi/counts.json").read_text())["compiler: fields"]
        abi(tree, "check", "--quick", "--counts")
        rows = json.loads((tree / "abi/counts.json").read_text())
        assert rows["abi: headers"] > 50
        assert rows["compiler: fields"] == compiled  # not counted by this check: kept

    def test_every_watched_number_is_written_down(self, tool: Any) -> None:
        rows = json.loads((ROOT / "abi/counts.json").read_text())
        watched = tool("counts").WATCHED
        assert set(rows) == {f"{stage}: {noun}" for stage, nouns in watched.items() for noun in nouns}

    def test_stage_that_no_longer_counts_turns_check_red(self, tool: Any) -> None:
        found, unsaid = tool("counts").numbers({"tables": "319 rows of 27 families"})
        assert found == {"tables: rows": 319}
        assert unsaid == ["tables counts no hypercall numbers: 319 rows of 27 families"]


@pytest.mark.network
class TestNewRelease:
    """A release that is no package's, from its git tag to the generated file."""

    def source(self, tool: Any, folder: Path) -> Path:
        """Xen 4.20's headers as Xen 4.99: a field, a constant and a header more, one less."""
        fetch = tool("fetch")
        fetch.fetch_all()
        headers = fetch.include(tool("releases").RELEASES[0]) / "xen"
        public = folder / "xen/include/public"
        shutil.copytree(headers, public)
        (folder / "tools/include/xen-sys").mkdir(parents=True)
        (public / "sys").rename(folder / "tools/include/xen-sys/Linux")
        plant(public / "io/xs_wire.h", "    uint32_t error;\n", "    uint32_t error, planted;\n")
        plant(public / "io/xs_wire.h", '#define XS_WRITE_NONE "NONE"\n', "#define XS_PLANTED 7\n")
        (public / "io/plantedif.h").write_text("#define PLANTED 1\n")
        repository(folder, "RELEASE-4.99.0")
        return folder

    def test_from_tag_to_generated_file(self, tool: Any, tree: Path, tmp_path: Path) -> None:
        source = self.source(tool, tmp_path / "xen.git")
        for name in ("xen-4.21", "xen-4.22"):  # this one's differences alone
            (tree / f"abi/releases/{name}.json").unlink()
        done = run_abi(tree, "extract", "--headers", f"xen-4.99={source}")
        assert done.returncode == 0, done.stdout + done.stderr
        delta = json.loads((tree / "abi/releases/xen-4.99.json").read_text())
        assert [key for key in delta if key not in ("release", "against", "source", "modules")] == [
            "compiled_here", "bootfdt", "io/xs_wire",
        ]  # fmt: skip
        assert delta["bootfdt"] == {"absent": True}  # a file of 4.21, which 4.20 has not
        wire = delta["io/xs_wire"]
        assert wire["constants"] == {
            "absent": ["XS_WRITE_NONE"],
            "only": {"XS_PLANTED": {"value": 7, "after": "XS_DEBUG"}},
        }
        assert list(wire["types"]["otherwise"]) == ["xenstore_domain_interface"]

        places, headers, check = tool("places").Tree(tree), tool("headers").HEADERS, tool("check")
        header = next(h for h in headers if h.module == "io/xs_wire")
        ring = tool("data").read_all(places)["io/xs_wire"]["types"]["xenstore_domain_interface"]
        assert (ring["size"], ring["sizes"]) == (2080, {"4.20": 2076})
        with tool("checkout").opened(places, {"xen-4.99": source}) as (release,):
            assert tool("coverage").unaccounted(
                places, "xen", {"xen-4.99": tool("coverage").files(release.include)}
            )[:1] == ["xen-4.99: xen/io/plantedif.h is neither read nor listed in headers.toml"]

            def judge() -> list[str]:
                then = check._older(places, header, release)
                return list(tool("oracle").compare(header, release, then, "arm64", tools=False)[1])

            assert judge() == []
            wire["types"]["otherwise"]["xenstore_domain_interface"]["fields"][-1]["offset"] = 2080
            wire["constants"]["only"]["XS_PLANTED"]["value"] = 8
            wire["constants"]["only"]["XS_NEVER"] = {"value": 1}
            (tree / "abi/releases/xen-4.99.json").write_text(json.dumps(delta))
            assert judge() == [
                "xen-4.99 io/xs_wire arm64: XS_PLANTED == 8",
                "xen-4.99 io/xs_wire arm64: struct xenstore_domain_interface.planted @2080",
                "xen-4.99 io/xs_wire arm64: 'XS_NEVER' undeclared here (not in a function)",
            ]

    def test_another_clang_is_not_used(
        self, tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A distribution's own would spell types in its way."""
        clang = tool("clang")
        (tmp_path / "clang").mkdir()
        for name in ("__init__.py", "cindex.py"):
            (tmp_path / "clang" / name).write_text("raise RuntimeError('the wrong clang')\n")
        for name in [name for name in sys.modules if name.partition(".")[0] == "clang"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        monkeypatch.setattr(clang, "_pinned", lambda: False)
        assert "18.1.1" in clang.load().__file__


@pytest.mark.network
def test_full_check_is_green() -> None:
    done = run_abi(ROOT, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    counted = re.search(r"^counts +(\d+) compared: 0 differences$", done.stdout, re.MULTILINE)
    assert counted is not None, done.stdout
    if not any(line.startswith("gap") for line in lines):
        rows = json.loads((ROOT / "abi" / "counts.json").read_text())
        assert int(counted[1]) == len(rows), counted[0]
    assert any(line.startswith("noted      xen-4.22: ") for line in lines)
    assert lines[-1] == "0 differences"


@pytest.mark.network
class TestCompilerIsTheJudge:
    """Faults that agree with each other: only the real headers can tell."""

    def judge(self, root: Path, module: str) -> list[str]:
        sys.path.insert(0, str(ROOT / "tools"))
        try:
            from _abi import data, extract, fetch, oracle
            from _abi.headers import HEADERS
            from _abi.places import Tree

            fetch.fetch_all()
            header = next(h for h in HEADERS if h.module == module)
            facts = data.read(Tree(root), header)
            release = extract.newest(header.project)
            found: list[str] = []
            for arch in header.arches:
                found += oracle.compare(header, release, facts, arch, tools=True)[1]
            return found
        finally:
            sys.path.remove(str(ROOT / "tools"))

    @pytest.mark.parametrize("module", ["memory", "version", "hvm/ioreq", "xen"])
    def test_agrees_with_the_data(self, module: str) -> None:
        assert self.judge(ROOT, module) == []

    def change(self, root: Path, module: str, structure: str, **values: object) -> None:
        path = root / "abi" / f"{module}.json"
        facts = json.loads(path.read_text())
        field = values.pop("field")
        for entry in facts["types"][structure]["fields"]:
            if entry["name"] == field:
                entry.update(values)
        path.write_text(json.dumps(facts))

    def test_refuses_a_wrong_offset(self, tree: Path) -> None:
        self.change(tree, "memory", "xen_add_to_physmap", field="idx", offset=16)
        found = self.judge(tree, "memory")
        assert len(found) == 2, found  # both architectures
        assert "struct xen_add_to_physmap.idx @16" in found[0]

    def test_refuses_a_wrong_sign(self, tree: Path) -> None:
        self.change(tree, "memory", "xen_memory_reservation", field="domid", code="s16")
        assert any("domid: is s16" in line for line in self.judge(tree, "memory"))

    def test_refuses_a_wrong_bit(self, tree: Path) -> None:
        self.change(tree, "hvm/ioreq", "ioreq", field="df", bits=[246, 2])
        assert any("ioreq.df: not bits" in line for line in self.judge(tree, "hvm/ioreq"))

    @pytest.mark.parametrize("value", [7, -6, 6 + (1 << 32)])
    def test_refuses_a_wrong_constant(self, tree: Path, value: int) -> None:
        path = tree / "abi" / "version.json"
        facts = json.loads(path.read_text())
        facts["constants"]["XENVER_get_features"]["value"] = value
        path.write_text(json.dumps(facts))
        assert any("XENVER_get_features" in line for line in self.judge(tree, "version"))

    def test_refuses_minus_one_for_all_ones(self, tree: Path) -> None:
        """-1 == 0xFFFFFFFFU holds in C: signs are compared too."""
        path = tree / "abi" / "grant_table.json"
        facts = json.loads(path.read_text())
        assert facts["constants"]["GNTST_general_error"]["value"] == -1
        facts["constants"]["GNTST_general_error"]["value"] = (1 << 64) - 1
        path.write_text(json.dumps(facts))
        assert any("GNTST_general_error" in line for line in self.judge(tree, "grant_table"))

    def test_parser_errors_are_fatal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing include once parsed with a structure of size 1."""
        sys.path.insert(0, str(ROOT / "tools"))
        try:
            from _abi import extract, fetch, parse
            from _abi.headers import HEADERS
            from _abi.places import Failure

            fetch.fetch_all()
            header = next(h for h in HEADERS if h.module == "memory")
            xen, linux = extract.newest("xen"), extract.newest("linux")
            reader = parse.Parser(header, xen, linux, "arm64", tools=False)
            reader.text = "#include <nosuch.h>\n" + reader.text
            with pytest.raises(Failure, match="'nosuch.h' file not found"):
                reader.facts()
        finally:
            sys.path.remove(str(ROOT / "tools"))


@pytest.mark.network
class TestFetch:
    def test_a_suite_that_is_gone_is_a_named_gap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        monkeypatch.syspath_prepend(str(ROOT / "tools"))
        from _abi import fetch
        from _abi.places import Failure
        from _abi.releases import Release

        gone = Release("xen-0.1", "xen", "0.1", "nosuchsuite", "libxen-dev", required=False)
        monkeypatch.setattr(fetch, "RELEASES", (gone,))
        assert [release for release, _ in fetch.fetch_all()] == [gone]
        assert "xen-0.1: GAP, not fetched: " in capsys.readouterr().out
        assert not fetch.present(gone)
        monkeypatch.setattr(fetch, "RELEASES", (gone._replace(required=True),))
        with pytest.raises(Failure):
            fetch.fetch_all()

    def test_fetches_into_an_empty_cache_and_leaves_the_host_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        monkeypatch.syspath_prepend(str(ROOT / "tools"))
        from pathlib import Path as P

        from _abi import fetch
        from _abi.releases import RELEASES

        watched = [P("/var/lib/apt/lists"), P("/etc/apt"), P("/var/cache/apt/archives")]
        before = {p: p.stat().st_mtime_ns for top in watched for p in (top, *top.rglob("*"))}
        monkeypatch.setattr(fetch, "RELEASES", RELEASES[:1])
        assert fetch.fetch_all() == []
        assert (fetch.include(RELEASES[0]) / "xen" / "memory.h").is_file()
        assert fetch.resolved(RELEASES[0]).startswith("libxen-dev 4.20")
        assert [p.name for p in fetch.folder(RELEASES[0]).parent.iterdir()] == ["xen-4.20-v1"]
        after = {p: p.stat().st_mtime_ns for top in watched for p in (top, *top.rglob("*"))}
        assert after == before
