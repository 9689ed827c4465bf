"""Get the header packages by apt, without touching the host's own apt state.

The mirror's address is read from the host's apt sources at run time and only
the suite is changed, so no address is written down here. Everything apt
writes (lists, archives, status) goes into a private folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .places import Failure, cache
from .releases import RELEASES, Release

_LAYOUT = 1  # raise when the cache's form changes: old entries are then ignored


def folder(release: Release) -> Path:
    """Return where `release`'s headers are, or would be."""
    return cache() / "headers" / f"{release.name}-v{_LAYOUT}"


def include(release: Release) -> Path:
    """Return the folder that holds `xen/…` for `#include`."""
    if release.include is not None:
        return release.include
    return folder(release) / "usr" / "include"


def present(release: Release) -> bool:
    """Tell whether `release`'s headers are in the cache."""
    return (include(release) / "xen").is_dir()


def _run(command: list[str], cwd: Path, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise Failure(f"{' '.join(command[:1] + command[-3:])}: exit {done.returncode}\n{tail}")
    return done.stdout


_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def _mirrors() -> list[str]:
    """Return the addresses of the host's Debian archives, the main one first."""
    if shutil.which("apt-get") is None:
        raise Failure("apt-get is not here: the header packages come from Debian by apt")
    found: set[str] = set()
    for update in (False, True):
        if update:  # a new machine may never have asked its archives for their lists
            subprocess.run(["apt-get", "-qq", "update"], stdout=subprocess.DEVNULL, check=False)
        listing = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        kinds = ("debian", "debian-security")
        found = {line.strip() for line in listing.splitlines()}
        found = {address for address in found if address.rstrip("/").rsplit("/", 1)[-1] in kinds}
        if found:
            break
    if not found:
        raise Failure("no Debian archive among this host's apt sources; is this Debian?")
    return sorted(found, key=lambda address: ("security" in address, address))


def _sources(suite: str) -> str:
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    return "".join(
        f"deb {signed}{address} {suite}{'-security' if 'security' in address else ''} main\n"
        for address in _mirrors()
    )


def _download(suite: str, package: str, work: Path) -> Path:
    """Download one package of `suite` into `work` and return the archive."""
    (work / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (work / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    (work / "sources.list").write_text(_sources(suite))
    options = {
        "Dir::Etc::sourcelist": f"{work}/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::State": str(work),
        "Dir::State::lists": f"{work}/lists",
        "Dir::State::status": f"{work}/status",
        "Dir::Cache": str(work),
        "Dir::Cache::archives": f"{work}/archives",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Check-Valid-Until": "false",  # an archived suite's Release has expired
    }
    flags = [flag for key, value in options.items() for flag in ("-o", f"{key}={value}")]
    env = {**os.environ, "LC_ALL": "C"}
    if not any((work / "lists").glob("*_Packages*")):
        # A missing security part is no reason to give up the suite.
        _run(["apt-get", *flags, "-q", "update"], work, env)
    _run(["apt-get", *flags, "-q", "download", package], work, env)
    archives = sorted(work.glob(f"{package}_*.deb"))
    if len(archives) != 1:
        raise Failure(f"{suite}: expected one archive of {package}, got {len(archives)}")
    return archives[0]


def fetch(release: Release, work: Path) -> str:
    """Put `release`'s headers into the cache; return "package version"."""
    archive = _download(release.suite, release.package, work)
    version = _run(["dpkg-deb", "-f", str(archive), "Version"], work, dict(os.environ)).strip()
    target = folder(release)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Unpacked beside its place and renamed: a reader sees all of it or nothing.
    fresh = Path(tempfile.mkdtemp(prefix=f".{release.name}-", dir=target.parent))
    try:
        fresh.chmod(0o755)
        _run(["dpkg-deb", "-x", str(archive), str(fresh)], work, dict(os.environ))
        if not (fresh / "usr" / "include" / "xen").is_dir():
            raise Failure(f"{release.package} {version} holds no usr/include/xen")
        (fresh / "package.json").write_text(
            json.dumps({"package": release.package, "version": version, "suite": release.suite})
        )
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return f"{release.package} {version}"


def resolved(release: Release) -> str:
    """Return "package version" of what the cache holds."""
    record = json.loads((folder(release) / "package.json").read_text())
    return f"{record['package']} {record['version']}"


def fetch_all(*, refresh: bool = False) -> list[tuple[Release, str]]:
    """Fetch every release; return the gaps as (release, reason).

    Raises:
        Failure: a release that the data rests on (the newest) cannot be had.
    """
    gaps: list[tuple[Release, str]] = []
    with tempfile.TemporaryDirectory(prefix="xensys-abi-") as folder_name:
        for release in RELEASES:
            if present(release) and not refresh:
                print(f"{release.name}: {resolved(release)} (cached)")
                continue
            try:
                print(f"{release.name}: {fetch(release, Path(folder_name) / release.suite)}")
            except Failure as failure:
                if release.required:
                    raise
                print(f"{release.name}: GAP, not fetched: {failure}")
                gaps.append((release, str(failure)))
    return gaps
