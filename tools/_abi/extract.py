"""Real headers -> the text of every data file."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from . import checkout, clang, data, fetch
from .headers import HEADERS, Header, exists
from .parse import Parser
from .places import Failure, Tree
from .releases import RELEASES, Release, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Job = tuple[Header, Release]


def _releases(project: str) -> list[Release]:
    return [r for r in RELEASES if r.project == project and fetch.present(r)]


def newest(project: str) -> Release:
    """Return the release that facts come from.

    Raises:
        Failure: its headers are not in the cache.
    """
    release = next(r for r in RELEASES if r.project == project)
    if not fetch.present(release):
        raise Failure(f"{release.name}'s headers are not in the cache: run `tools/abi fetch`")
    return release


def _read(job: Job) -> data.Fact:
    header, release = job
    linux = newest("linux")
    per_arch: dict[str, Any] = {}
    for arch in header.arches:
        if header.project == "linux":
            per_arch[arch] = Parser(header, release, linux, arch, tools=False).facts()
            continue
        tools = Parser(header, release, linux, arch, tools=True).facts()
        plain: data.Fact = {section: {} for section in data.SECTIONS}
        if not header.tools_only:
            plain = Parser(header, release, linux, arch, tools=False).facts()
        per_arch[arch] = data.merge_tools(plain, tools)
    return data.merge_arches(per_arch)


def _read_many(jobs: list[Job]) -> dict[Job, data.Fact]:
    clang.load()  # installs it once, before there are several processes
    with ProcessPoolExecutor() as pool:
        return dict(zip(jobs, pool.map(_read, jobs, chunksize=4), strict=True))


def extract(tree: Tree, later: Sequence[Release] = ()) -> dict[Path, str]:
    """Return the text of every data file that the headers at hand allow.

    A release whose headers are neither in the cache nor among `later` has no entry:
    its file in abi/ stays as it is.
    """
    jobs: list[Job] = []
    for header in HEADERS:
        newest(header.project)
        wanted = [*_releases(header.project), *(r for r in later if r.project == header.project)]
        jobs += [(header, r) for r in wanted if exists(header, r)]
    facts = _read_many(jobs)
    files: dict[Path, str] = {}
    deltas = {release.name: _head(release) for release in later}
    for header in HEADERS:
        first = newest(header.project)
        record: dict[str, Any] = {"header": f"xen/{header.files[0]}", "release": first.name}
        if (header, first) not in facts:  # a later release's header
            record["absent"] = True
        current = facts.get((header, first), {section: {} for section in data.SECTIONS})
        files[data.path(tree, header)] = data.dumps({**record, **current}) + "\n"
        for release in [*_releases(header.project), *later]:
            if release == first or release.project != header.project:
                continue
            delta = deltas.setdefault(release.name, {"release": release.name, "against": first.name})
            if release.tag:
                delta["modules"].append(header.module)
            if (header, release) not in facts:
                delta[header.module] = {"absent": True}
            elif found := data.difference(current, facts[header, release], places=bool(release.tag)):
                delta[header.module] = found
    for name, delta in deltas.items():
        files[data.release_path(tree, name)] = data.dumps(delta) + "\n"
    return files


def _head(release: Release) -> dict[str, Any]:
    source = {
        "project": checkout.PROJECTS[release.project],
        "tag": release.tag,
        "commit": release.commit,
    }
    head = {"release": release.name, "against": newest(release.project).name, "source": source}
    return {**head, "compiled_here": False, "modules": []}


def outdated(tree: Tree) -> list[Path]:
    """Return the files of noted releases that a package has caught up with."""
    found = []
    for path in sorted((tree.data / "releases").glob("*.json")):
        project, _, version = path.stem.partition("-")
        packaged = [r for r in RELEASES if r.project == project]
        if not packaged or path.stem in {r.name for r in packaged}:
            continue
        if ordered(version) <= ordered(packaged[0].version):
            found.append(path)
    return found


def write(files: dict[Path, str]) -> int:
    """Write what differs; return how many files that was."""
    changed = 0
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed += 1
    return changed
