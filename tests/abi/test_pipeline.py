"""tools/abi: what is written down is what the headers say, and checks turn red.

Faults are planted in copies of the tree.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import ROOT, run_abi

if TYPE_CHECKING:
    from pathlib import Path


def plant(path: Path, old: str, new: str) -> None:
    """Replace one occurrence, which must be there."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new))


def test_quick_check_is_green() -> None:
    done = run_abi(ROOT, "check", "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "0 differences"


def test_quick_check_counts_do_not_fall() -> None:
    done = run_abi(ROOT, "check", "--quick")
    first = done.stdout.splitlines()[0]
    counts = [int(n) for n in re.findall(r"(\d+) (?:headers|structures|fields|constants)", first)]
    for found, least in zip(counts, (54, 587, 2144, 1813), strict=True):
        assert found >= least, first


def test_generate_leaves_nothing_to_do(tree: Path) -> None:
    before = {p: p.read_bytes() for p in tree.rglob("*.py")}
    done = run_abi(tree, "generate")
    assert done.stdout.endswith(" 0 changed\n"), done.stdout
    assert {p: p.read_bytes() for p in tree.rglob("*.py")} == before


def test_wrong_offset_in_the_data_turns_check_red(tree: Path) -> None:
    line = '{"name": "gpfn", "code": "u64", "type": "xen_pfn_t", "offset": 16, "size": 8}'
    text = (tree / "abi" / "memory.json").read_text()
    first = text.index('"xen_add_to_physmap": {')
    place = text.index(line, first)
    changed = text[:place] + line.replace("16", "24") + text[place + len(line) :]
    (tree / "abi" / "memory.json").write_text(changed)
    done = run_abi(tree, "check", "--quick")
    assert done.returncode == 1, done.stdout
    assert "xen_add_to_physmap" in done.stdout + done.stderr


def test_wrong_offset_that_ctypes_can_follow_turns_check_red(tree: Path) -> None:
    """A layout that is possible, so that only the comparison can tell."""
    path = tree / "abi" / "hypfs.json"
    text = path.read_text()
    line = '{"name": "pad", "code": "u16", "type": "uint16_t", "offset": 2, "size": 2}'
    assert line in text
    path.write_text(text.replace(line, line.replace("u16", "s16")))
    done = run_abi(tree, "check", "--quick")
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


def test_wrong_constant_in_a_generated_file_turns_check_red(tree: Path) -> None:
    plant(tree / "xensys/abi/version.py", "XENVER_get_features = 6\n", "XENVER_get_features = 7\n")
    done = run_abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "xensys.abi.version.XENVER_get_features: 7, 6" in done.stdout


def test_stale_generated_file_turns_check_red(tree: Path) -> None:
    (tree / "xensys/abi/gone.py").write_text("# GENERATED from abi/gone.json\n")
    done = run_abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "xensys/abi/gone.py: no longer made" in done.stdout


def test_wrong_number_in_a_table_turns_check_red(tree: Path) -> None:
    plant(tree / "abi/tables/grant_table_op.toml", "nr     = 6\n", "nr     = 5\n")
    done = run_abi(tree, "check", "--quick")
    assert done.returncode == 1
    assert "GNTTABOP_query_size: nr 5, 6 in the header" in done.stdout


@pytest.mark.network
def test_full_check_is_green() -> None:
    done = run_abi(ROOT, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"compiler +(\d+) structures, (\d+) fields, (\d+) constants", done.stdout)
    assert counted is not None, done.stdout
    gaps = [line for line in done.stdout.splitlines() if line.startswith("gap")]
    if not gaps:
        for found, least in zip(map(int, counted.groups()), (5596, 20786, 18605), strict=True):
            assert found >= least, counted[0]
    assert done.stdout.splitlines()[-1] == "0 differences"


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
