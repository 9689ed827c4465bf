"""Real headers -> the text of every data file."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from . import clang, data, fetch
from .headers import HEADERS, Header, exists
from .parse import Parser
from .places import Failure, Tree
from .releases import RELEASES, Release

if TYPE_CHECKING:
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
        plain = Parser(header, release, linux, arch, tools=False).facts()
        per_arch[arch] = data.merge_tools(plain, tools)
    return data.merge_arches(per_arch)


def _read_many(jobs: list[Job]) -> dict[Job, data.Fact]:
    clang.load()  # installs it once, before there are several processes
    with ProcessPoolExecutor() as pool:
        return dict(zip(jobs, pool.map(_read, jobs, chunksize=4), strict=True))


def extract(tree: Tree) -> dict[Path, str]:
    """Return the text of every data file that the headers in the cache allow.

    A release that is not in the cache has no entry: its file in abi/ stays as
    it is, and check names it as a gap.
    """
    jobs: list[Job] = []
    for header in HEADERS:
        newest(header.project)
        jobs += [(header, r) for r in _releases(header.project) if exists(header, r)]
    facts = _read_many(jobs)
    files: dict[Path, str] = {}
    deltas: dict[str, dict[str, Any]] = {}
    for header in HEADERS:
        first = newest(header.project)
        current = facts[header, first]
        record = {"header": f"xen/{header.files[0]}", "release": first.name, **current}
        files[data.path(tree, header)] = data.dumps(record) + "\n"
        for release in _releases(header.project):
            if release == first:
                continue
            delta = deltas.setdefault(release.name, {"release": release.name, "against": first.name})
            if (header, release) not in facts:
                delta[header.module] = {"absent": True}
            elif found := data.difference(current, facts[header, release]):
                delta[header.module] = found
    for name, delta in deltas.items():
        files[data.release_path(tree, name)] = data.dumps(delta) + "\n"
    return files


def write(files: dict[Path, str]) -> int:
    """Write what differs; return how many files that was."""
    changed = 0
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed += 1
    return changed
