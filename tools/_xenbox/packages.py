"""Where the bytes come from: apt without touching the host's own, and pip.

No archive's address is written here: it is read from the host's apt
configuration, and only the suite and architecture are changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .errors import BoxError, Gap
from .say import say

if TYPE_CHECKING:
    from collections.abc import Iterable

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_VARIABLE = "XENSYS_DEBIAN_MIRROR"


class Deb(NamedTuple):
    name: str
    version: str
    path: Path


# --- what the host must have -------------------------------------------------


def require_on_host(commands: dict[str, str]) -> None:
    """See that commands exist, installing what is missing where root may.

    Args:
        commands: command to the package that brings it; a command that begins
            with "/" is a file that must exist.
    Raises:
        BoxError: something is missing and cannot be installed; says what to type.
    """

    def missing() -> list[str]:
        return sorted(
            {
                package
                for command, package in commands.items()
                if not (os.path.exists(command) if command[0] == "/" else shutil.which(command))
            }
        )

    packages = missing()
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    typed = f"apt-get update && {' '.join(install)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BoxError(f"missing on this host: {', '.join(packages)}; as root: {typed}")
    say(f"installing {', '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # Refused lists of some other archive must not stop an install that needs
    # only Debian's: the install itself decides.
    _run(["apt-get", "-qq", "update"], env=environment, check=False)
    done = _run(install, env=environment, check=False)
    if packages := missing():
        raise BoxError(f"could not install {', '.join(packages)}: tried {typed}\n" + _tail(done.stdout))


def _run(
    argv: list[str], *, env: dict[str, str] | None = None, check: bool = True, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if check and done.returncode:
        raise BoxError(f"{' '.join(argv)}: exit {done.returncode}\n{_tail(done.stdout)}")
    return done


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])


# --- apt ---------------------------------------------------------------------


def mirror() -> str:
    """The archive this host gets Debian from.

    Raises:
        BoxError: the host's apt knows no Debian archive.
    """
    if said := os.environ.get(MIRROR_VARIABLE):
        return said
    form = "$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    for update in (False, True):
        if update:  # without lists apt does not know whose archive is whose
            _run(["apt-get", "-qq", "update"], check=False)
        for line in _run(["apt-get", "indextargets", "--format", form]).stdout.splitlines():
            created_by, origin, label, uri = line.split("|")
            if (created_by, origin, label) == ("Packages", "Debian", "Debian"):
                return uri
        if os.geteuid() != 0:
            break
    raise BoxError(
        "this host's apt has no Debian archive (or no lists yet: "
        f"apt-get update); name one in {MIRROR_VARIABLE}"
    )


def architecture() -> str:
    """Debian's name for what this host is."""
    return _run(["dpkg", "--print-architecture"]).stdout.strip()


class Apt:
    """An apt of its own for one suite and architecture; `kind`: "deb", or "deb-src" for sources.

    Its lists, status and downloads live under `root`; the host's configuration
    and installed packages play no part. Not for two processes at once: the
    caller holds a lock.
    """

    def __init__(self, root: Path, suite: str, arch: str, *, kind: str = "deb") -> None:
        self.suite, self.arch = suite, arch
        self._archives, self._nothing = root / "archives", root / "nothing"
        for folder in ("lists/partial", "archives/partial", "nothing/partial", "etc/parts", "etc/sources"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "status").write_text("")
        (root / "sources.list").write_text(f"{kind} [signed-by={KEYRING}] {mirror()} {suite} main\n")
        # Read before the host's apt.conf.d, whose proxies and time-outs stay
        # in force; its sources and preferences do not.
        (root / "apt.conf").write_text(
            "".join(
                f'{key} {{ "{value}"; }};\n' if key == "APT::Architectures" else f'{key} "{value}";\n'
                for key, value in {
                    "Dir::Etc::sourcelist": root / "sources.list",
                    "Dir::Etc::sourceparts": root / "etc/sources",
                    "Dir::Etc::preferences": root / "etc/preferences",
                    "Dir::Etc::preferencesparts": root / "etc/parts",
                    "Dir::State": root,
                    "Dir::State::lists": root / "lists",
                    "Dir::State::status": root / "status",
                    "Dir::Cache": root,
                    "Dir::Cache::archives": self._archives,
                    "APT::Architecture": arch,
                    "APT::Architectures": arch,
                    "APT::Install-Recommends": "false",
                    # The cache is in somebody's home, which apt's own user cannot read.
                    "APT::Sandbox::User": "root",
                    "Acquire::Languages": "none",
                    "Acquire::Retries": "3",
                }.items()
            )
        )
        self._env = os.environ | {"APT_CONFIG": str(root / "apt.conf"), "LC_ALL": "C"}

    def update(self) -> None:
        """Fetch the suite's lists.

        Raises:
            Gap: the archive has no such suite any more.
            BoxError: apt's own words.
        """
        done = _run(
            ["apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any"], env=self._env, check=False
        )
        if done.returncode == 0:
            return
        if re.search(r"does not have a Release file|404 +Not Found", done.stdout):
            raise Gap(f"suite {self.suite} has left the archive ({mirror()}), or has no {self.arch}")
        raise BoxError(f"apt-get update for {self.suite} {self.arch}:\n{_tail(done.stdout)}")

    def with_dependencies(self, names: Iterable[str]) -> list[Deb]:
        """Download packages and all they depend on.

        Raises:
            Gap: the suite lacks one of them.
        """
        return self._get(["install", "-y"], names)

    def alone(self, names: Iterable[str]) -> list[Deb]:
        """Download packages without dependencies."""
        return self._get(["download"], names)

    def depends(self, name: str, prefix: str) -> str:
        """The dependency of `name` that begins with `prefix`."""
        done = _run(["apt-cache", "depends", name], env=self._env, check=False)
        for line in done.stdout.splitlines():
            kind, _, package = line.strip().partition(": ")
            if kind == "Depends" and package.startswith(prefix):
                return package
        raise Gap(f"{name} of {self.suite} {self.arch} names no {prefix}*")

    def _get(self, how: list[str], names: Iterable[str]) -> list[Deb]:
        wanted = list(names)
        # Asked with an empty store: it names only what is not there yet.
        listed = _run(
            [
                "apt-get",
                "-qq",
                "--print-uris",
                "-o",
                f"Dir::Cache::archives={self._nothing}",
                *how,
                *wanted,
            ],
            env=self._env,
            check=False,
        )
        if listed.returncode:
            raise Gap(f"{self.suite} {self.arch} cannot give {' '.join(wanted)}:\n" + _tail(listed.stdout))
        files = [line.split()[1] for line in listed.stdout.splitlines() if line.startswith("'")]
        if not all((self._archives / file).exists() for file in files):
            only = ["--download-only"] if how[0] == "install" else []
            _run(["apt-get", "-qq", *only, *how, *wanted], env=self._env, cwd=self._archives)
        debs = []
        for file in files:
            name, version, _ = file.split("_")
            debs.append(Deb(name, version.replace("%3a", ":"), self._archives / file))
        return debs

    def upstream(self, name: str) -> tuple[str, Path]:
        """Download the upstream archive of a source package: its Debian version, and where it is.

        Raises:
            Gap: the suite has no such source.
        """
        how = ["apt-get", "-qq", "source", "--print-uris", name]
        listed = _run(how, env=self._env, check=False)
        if listed.returncode:
            raise Gap(f"{self.suite} cannot give the source of {name}:\n{_tail(listed.stdout)}")
        files = [line.split()[1] for line in listed.stdout.splitlines() if line.startswith("'")]
        version, archive = source_files(name, files)
        # Of several files the one that is wanted, checked by apt; the others may be missing.
        how = ["apt-get", "-qq", "source", "--download-only", "--tar-only", f"{name}={version}"]
        _run(how, env=self._env, cwd=self._archives)
        return version, self._archives / archive

    def forget_others(self, kept: Iterable[Deb]) -> None:
        """Delete downloads that nobody named: versions since replaced."""
        paths = {deb.path for deb in kept}
        for path in self._archives.glob("*.deb"):
            if path not in paths:
                path.unlink()


def source_files(name: str, files: Iterable[str]) -> tuple[str, str]:
    """Of a source package's file names: the version, and the upstream archive.

    Raises:
        Gap: there is no such file among them.
    """
    found = list(files)
    versions = [file[len(name) + 1 : -4] for file in found if re.fullmatch(rf"{name}_.+\.dsc", file)]
    archives = [file for file in found if re.fullmatch(rf"{name}_.+\.orig\.tar\.\w+", file)]
    if len(versions) != 1 or len(archives) != 1:
        raise Gap(f"source of {name}: one version and one upstream archive wanted, there are {found}")
    return versions[0], archives[0]


# --- pip ---------------------------------------------------------------------


def pip_install(names: Iterable[str], python: str, wheel_arch: str, into: Path) -> dict[str, str]:
    """Unpack wheels for another Python and architecture; what came, by version.

    Raises:
        BoxError: pip's own words.
    """
    # A tag means "needs at most this glibc", and pip does not infer the lower
    # ones; Debian 11, the oldest target thought of, has 2.31.
    platforms = [f"--platform=manylinux_2_{minor}_{wheel_arch}" for minor in (31, 28, 17)]
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--target",
            str(into),
            "--python-version",
            python,
            "--implementation=cp",
            *platforms,
            f"--platform=manylinux2014_{wheel_arch}",
            "--only-binary=:all:",
            *names,
        ]
    )
    found = {}
    for info in into.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[name] = version
    return found
