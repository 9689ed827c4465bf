"""Headers of releases that no package has: from Xen's git, or from a folder.

    tools/abi extract --headers xen-4.22=DIR
    tools/abi check --headers xen-4.22=DIR

A git repository (a checkout or a bare one) is read at the release's tag, whatever
its working tree holds. A folder is believed: it is compared with the facts, but new
facts are not taken from it, as it cannot say which commit it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import data
from .places import Failure, Tree
from .releases import RELEASES, Release, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECTS = {"xen": "Xen, xen.git"}
_PUBLIC = "xen/include/public"
_SYS = "tools/include/xen-sys/Linux"  # installed as xen/sys


def argument(text: str) -> tuple[str, Path]:
    """Return (release, place) of a --headers argument, "xen-4.22=DIR".

    Raises:
        ValueError: it has another form.
    """
    name, _, place = text.partition("=")
    if not re.fullmatch(r"xen-\d+\.\d+", name) or not place:
        raise ValueError(text)
    return name, Path(place)


def known(tree: Tree) -> list[Release]:
    """Return the releases that abi/releases/ has and no package has, in order."""
    return [_release(delta["release"], delta["source"]) for delta in data.later(tree)]


def _release(name: str, source: dict[str, str]) -> Release:
    project, _, version = name.partition("-")
    return Release(name, project, version, tag=source["tag"], commit=source["commit"])


def _git(place: Path, *arguments: str) -> bytes | None:
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", "-C", str(place), *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


@contextmanager
def opened(tree: Tree, places: dict[str, Path]) -> Iterator[list[Release]]:
    """Yield the named releases with their headers in place, in order of release.

    Raises:
        Failure: a place holds no headers, or not those of the noted commit.
    """
    before = {release.name: release for release in known(tree)}
    with ExitStack() as stack:
        found = []
        for name, place in places.items():
            newest = next(r for r in RELEASES if name.startswith(f"{r.project}-"))
            if ordered(name.partition("-")[2]) <= ordered(newest.version):
                raise Failure(f"{name}: {newest.name} is packaged; only later releases are noted")
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xensys-abi-")))
            found.append(_open(name, before.get(name), place, work))
        yield sorted(found, key=lambda release: ordered(release.version))


def _open(name: str, noted: Release | None, place: Path, work: Path) -> Release:
    tag = noted.tag if noted else f"RELEASE-{name.partition('-')[2]}.0"
    found = _git(place, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    if found is not None:
        commit = found.decode().strip()
        if noted and noted.commit != commit:
            raise Failure(f"{name}: {tag} is {commit} in {place}, noted is {noted.commit}")
        archive = _git(place, "archive", "--format=tar", commit, _PUBLIC, _SYS)
        if archive is None:
            raise Failure(f"{name}: {place} has {tag}, but not its {_PUBLIC}")
        (work / "git").mkdir()
        subprocess.run(["tar", "-x", "-C", str(work / "git")], input=archive, check=True)
        include = _installed(work / "git", work)
        return _release(name, {"tag": tag, "commit": commit})._replace(include=include)
    if _git(place, "rev-parse", "--git-dir") is not None and not (place / "xen" / "xen.h").is_file():
        raise Failure(f"{name}: no tag {tag} in {place}")
    if noted is None:
        raise Failure(f"{name}: {place} is nothing that git reads; first facts come from a tag")
    for folder in (place, place / "usr" / "include", place / "include"):
        if (folder / "xen" / "xen.h").is_file():
            return noted._replace(include=folder.resolve())
    if (place / _PUBLIC / "xen.h").is_file():
        return noted._replace(include=_installed(place.resolve(), work))
    raise Failure(f"{name}: neither {place}/xen/xen.h nor {place}/{_PUBLIC}/xen.h")


def _installed(source: Path, work: Path) -> Path:
    """Lay a source tree's headers out as they are installed; return the include folder."""
    include = work / "include"
    shutil.copytree(source / _PUBLIC, include / "xen")
    shutil.copytree(source / _SYS, include / "xen" / "sys")
    return include
