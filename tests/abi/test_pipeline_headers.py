"""tools/abi with the real headers, which are fetched: new releases, compilers, what may be fetched."""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT, run_abi
from .faults import plant, repository

if TYPE_CHECKING:
    from pathlib import Path


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
