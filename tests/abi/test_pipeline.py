"""tools/abi: what is written down is what the headers say, and checks turn red.

Faults are planted in copies of the tree.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT, digest, run_abi
from .faults import change, named, plant, repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
