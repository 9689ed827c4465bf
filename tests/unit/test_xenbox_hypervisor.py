"""tools/xenbox's hypervisors built from source, with a source that builds in no time."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from _xenbox import cache, cli, hypervisor, image, packages, targets  # noqa: E402
from _xenbox.errors import BoxError, Gap  # noqa: E402

FULL = [target for target in targets.TARGETS if target.built]
AMD64, ARM64 = (targets.find(f"{arch}-4.20-full") for arch in ("amd64", "arm64"))

#: Knows two options, says what it was built with, and fails where told to.
MAKEFILE = """\
all:
\t@grep -q BROKEN .config && { echo 'x.c:1: error: broken'; exit 1; } || true
\tcp .config xen
\techo "$(XEN_TARGET_ARCH) $(CROSS_COMPILE) $(CFLAGS)" >>xen
defconfig:
\techo CONFIG_DEFAULT=y >.config
olddefconfig:
\tgrep -E 'DEFAULT|KNOWN|BROKEN' .config >new || true
\tmv new .config
"""


def source(path, makefile=MAKEFILE):
    with tarfile.open(path, "w") as tar:
        for name, text in (("xen-1/xen/Makefile", makefile), ("xen-1/README", "1")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


class Place:
    """A cache with an image of the right release, and a source."""

    def __init__(self, folder, monkeypatch, options=("CONFIG_KNOWN=y",)):
        self.fetched = 0
        self.version = "4.20.1-1"
        self.target = targets.Target(
            "amd64-1-full", "amd64", "s", "4.20", "3.13",
            built=targets.Build("amd64-4.20", options, ("argo=1",)),
        )  # fmt: skip
        archive = source(folder / "orig.tar")
        monkeypatch.setenv("XENSYS_CACHE", str(folder / "cache"))
        monkeypatch.setattr(packages, "architecture", lambda: "amd64")
        monkeypatch.setattr(packages, "require_on_host", lambda needed: None)
        package = self.target.image.hypervisor_package
        monkeypatch.setattr(image, "manifest", lambda target: {"packages": {package: self.version}})

        def fetch(target):
            self.fetched += 1
            return "4.20.1-1", archive

        monkeypatch.setattr(hypervisor, "_source", fetch)

    def left(self):
        root = cache.root()
        return sorted(path.name for path in (root / "hypervisors").iterdir()) + sorted(
            path.name for path in (root / "runs").iterdir()
        )


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


class TestTargets:
    def test_both_architectures_have_one_with_everything(self):
        assert {target.name for target in FULL} == {"amd64-4.20-full", "arm64-4.20-full"}

    @pytest.mark.parametrize("target", FULL, ids=lambda target: target.name)
    def test_it_boots_the_image_of_another(self, target):
        like = target.image
        assert like.built is None
        assert (like.arch, like.suite, like.xen, like.python) == (
            target.arch, target.suite, target.xen, target.python,
        )  # fmt: skip

    @pytest.mark.parametrize("target", FULL, ids=lambda target: target.name)
    def test_ioreq_servers_and_argo_are_in_and_argo_is_switched_on(self, target):
        assert {"CONFIG_IOREQ_SERVER=y", "CONFIG_ARGO=y", "CONFIG_HYPFS=y"} <= set(target.built.options)
        assert any(argument.startswith("argo=1") for argument in target.built.xen_args)

    def test_what_it_is_built_with_does_not_touch_the_image(self):
        assert "built" not in targets.TARGETS[0].as_dict()


class TestBuild:
    def test_made_once_and_found_again(self, place):
        first = hypervisor.prepare(place.target)
        assert first.read_text().startswith("CONFIG_DEFAULT=y\nCONFIG_KNOWN=y\nx86_64")
        assert hypervisor.prepare(place.target) == first
        assert place.fetched == 1
        made_of = hypervisor.manifest(place.target)
        assert (made_of["source"], made_of["options"]) == ("4.20.1-1", ["CONFIG_KNOWN=y"])
        assert place.left() == [first.parent.name]

    def test_made_anew_when_asked(self, place):
        hypervisor.prepare(place.target)
        hypervisor.prepare(place.target, refresh=True)
        assert place.fetched == 2

    def test_another_version_of_the_image_is_another_build(self, place):
        first = hypervisor.directory(place.target)
        place.version = "4.20.2-1"
        assert hypervisor.directory(place.target) != first

    def test_other_options_are_another_build(self, tmp_path, monkeypatch):
        keys = {
            hypervisor.key(Place(tmp_path, monkeypatch, options).target)
            for options in (("CONFIG_KNOWN=y",), ("CONFIG_KNOWN=n",))
        }
        assert len(keys) == 2

    def test_an_option_that_this_xen_does_not_take_is_said(self, tmp_path, monkeypatch):
        place = Place(tmp_path, monkeypatch, ("CONFIG_KNOWN=y", "CONFIG_NEW=y"))
        with pytest.raises(BoxError, match="does not take CONFIG_NEW=y"):
            hypervisor.prepare(place.target)
        assert place.left() == []

    def test_a_build_that_fails_leaves_nothing_and_says_the_compilers_words(self, tmp_path, monkeypatch):
        place = Place(tmp_path, monkeypatch, ("CONFIG_BROKEN=y",))
        with pytest.raises(BoxError, match=r"x\.c:1: error: broken"):
            hypervisor.prepare(place.target)
        assert place.left() == []
        assert hypervisor.manifest(place.target) is None

    def test_settings_for_other_builds_do_not_come_in(self, place, monkeypatch):
        for name in ("CFLAGS", "MAKEFLAGS", "CROSS_COMPILE"):
            monkeypatch.setenv(name, "-n")
        assert hypervisor.prepare(place.target).read_text().endswith("x86_64  \n")

    def test_no_image_no_build(self, place, monkeypatch):
        monkeypatch.setattr(image, "manifest", lambda target: None)
        assert hypervisor.manifest(place.target) is None
        with pytest.raises(BoxError, match=r"needs the image of amd64-4\.20"):
            hypervisor.prepare(place.target)


class TestCommand:
    def test_cross_compiler_where_the_host_is_another(self):
        there = hypervisor.command(ARM64, Path("/s"), "amd64", "defconfig")
        assert "CROSS_COMPILE=aarch64-linux-gnu-" in there
        assert "XEN_TARGET_ARCH=arm64" in there
        assert there[-1] == "defconfig"
        here = hypervisor.command(ARM64, Path("/s"), "arm64", "defconfig")
        assert not any(word.startswith("CROSS_COMPILE") for word in here)

    def test_what_the_host_must_have(self):
        assert hypervisor.needs(ARM64, "amd64")["aarch64-linux-gnu-gcc"] == "gcc-aarch64-linux-gnu"
        assert hypervisor.needs(AMD64, "arm64")["x86_64-linux-gnu-gcc"] == "gcc-x86-64-linux-gnu"
        assert "aarch64-linux-gnu-gcc" not in hypervisor.needs(ARM64, "arm64")
        assert {"flex", "bison", "make"} <= set(hypervisor.needs(AMD64, "amd64"))

    @pytest.mark.parametrize(
        ("option", "config", "taken"),
        [
            ("CONFIG_A=y", "CONFIG_A=y", True),
            ("CONFIG_A=y", "# CONFIG_A is not set", False),
            ("CONFIG_A=y", "CONFIG_AB=y", False),
            ("CONFIG_A=n", "# CONFIG_A is not set", True),
            ("CONFIG_A=n", "CONFIG_AB=y", True),
            ("CONFIG_A=n", "CONFIG_A=y", False),
            ("CONFIG_A=n", "CONFIG_A=m", False),
        ],
    )
    def test_taken_options(self, option, config, taken):
        assert (hypervisor.not_taken((option,), f"CONFIG_X=y\n{config}\n") == []) is taken


class TestSource:
    FILES = ("xen_4.20.3+1-1.dsc", "xen_4.20.3+1.orig.tar.xz", "xen_4.20.3+1-1.debian.tar.xz")

    def test_version_and_archive(self):
        assert packages.source_files("xen", self.FILES) == ("4.20.3+1-1", "xen_4.20.3+1.orig.tar.xz")

    @pytest.mark.parametrize("missing", [0, 1])
    def test_none_is_a_gap(self, missing):
        files = [file for index, file in enumerate(self.FILES) if index != missing]
        with pytest.raises(Gap, match="one version and one upstream archive"):
            packages.source_files("xen", files)

    def test_names_that_leave_the_folder_are_refused(self, tmp_path):
        with tarfile.open(tmp_path / "a.tar", "w") as tar:
            tar.addfile(tarfile.TarInfo("top/../../evil"), io.BytesIO())
        with pytest.raises(tarfile.OutsideDestinationError):
            hypervisor._unpack(tmp_path / "a.tar", tmp_path / "in")
        assert not (tmp_path / "evil").exists()


class TestPrune:
    def test_old_builds_of_this_name_go_and_no_others(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        for name in ("a-4.20-111", "a-4.20-222", "a-4.20-full-333", "b-4.20-444"):
            (tmp_path / "h" / name).mkdir(parents=True)
        cache.prune(tmp_path / "h" / "a-4.20-111", "a-4.20", days=-1)
        left = {path.name for path in (tmp_path / "h").iterdir()}
        assert left == {"a-4.20-111", "a-4.20-full-333", "b-4.20-444"}

    def test_a_recent_one_and_one_in_use_stay(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        for name in ("a-1", "a-2"):
            (tmp_path / "h" / name).mkdir(parents=True)
        cache.prune(tmp_path / "h" / "a-1", "a")
        with cache.lock("a-2"):
            cache.prune(tmp_path / "h" / "a-1", "a", days=-1)
        assert (tmp_path / "h" / "a-2").exists()


def test_list_tells_whether_it_is_there(place, capsys, monkeypatch):
    made_of = image.manifest(place.target) | {"prepared": "today", "python_packages": {}}
    monkeypatch.setattr(image, "manifest", lambda target: made_of)
    monkeypatch.setattr(image, "directory", lambda target: TOOLS)
    monkeypatch.setattr(targets, "TARGETS", (place.target, place.target.image))
    cli.main(["list"])
    said = capsys.readouterr().out.partition("amd64-4.20: ")[0]
    assert "not prepared" in said
    hypervisor.prepare(place.target)
    cli.main(["list"])
    said = capsys.readouterr().out.partition("amd64-4.20: ")[0]
    assert "xen, built here: 4.20.1-1 (CONFIG_KNOWN=y)" in said
    # Its image's own Xen is not what it boots.
    assert "xen-hypervisor-" not in said


def test_manifest_is_readable_json(place):
    file = hypervisor.prepare(place.target).with_name("manifest.json")
    assert set(json.loads(file.read_text())) == {"source", "packaged", "options", "prepared", "seconds"}
