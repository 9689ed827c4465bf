"""tools/abi: releases that no package has are noted as differences, and merged with marks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from .faults import change, named, struct

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
