"""Hypervisors built from the distribution's source package, with options its own builds lack.

Only the hypervisor is built: kernel and user space are the image of the target it is
like, in whose place it boots. A ready one is a directory `hypervisors/NAME-KEY` with
`xen` and `manifest.json`, as images are.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cache, image, packages
from .errors import BoxError
from .say import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .targets import Build, Target

SOURCE = "xen"
#: Below the source tree: what QEMU loads (amd64: multiboot, no EFI around it).
BINARY = "xen/xen"
#: What a build needs of the host, whatever it builds for; command or file to its package.
TOOLS = {
    "make": "make",
    "gcc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "ld": "binutils",
    "flex": "flex",
    "bison": "bison",
    "python3": "python3",
    "gzip": "gzip",
    "cmp": "diffutils",
}


def needs(target: Target, host: str) -> dict[str, str]:
    """Commands that building for a target takes on a host of that architecture, to their packages."""
    found = dict(TOOLS)
    if host != target.arch:
        cross = target.machine.triplet
        found[f"{cross}-gcc"] = "gcc-" + cross.replace("_", "-")
    return found


def key(target: Target) -> str:
    """Hash of what defines the binary: the release's version, the options, and what make is told.

    The version is that of the packaged hypervisor in the image: known without network,
    and a refreshed image brings a new build.
    """
    build = _build_of(target)
    told = command(target, Path(), target.arch, "")
    made_of = [build.options, _packaged(target), told, BINARY]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]


def directory(target: Target) -> Path:
    """Where it is or will be; the image must be ready."""
    return cache.root() / "hypervisors" / f"{target.name}-{key(target)}"


def manifest(target: Target) -> dict[str, Any] | None:
    """What it was made of; None if there is none, or no image yet that it could belong to."""
    if not image.manifest(target.image):
        return None
    try:
        text = (directory(target) / "manifest.json").read_text()
    except OSError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def prepare(target: Target, *, refresh: bool = False) -> Path:
    """The hypervisor's file, built if need be (minutes, network).

    Raises:
        Gap: the archive has no such source.
        BoxError: a tool is missing, or the build failed; its last words.
    """
    final = directory(target)
    if manifest(target) and not refresh:
        return final / "xen"
    with cache.lock(final.name):
        if manifest(target) and not refresh:
            return final / "xen"  # another process was faster
        began = time.monotonic()
        host = packages.architecture()
        packages.require_on_host(needs(target, host))
        version, archive = _source(target)
        with cache.becoming(final) as work:
            with cache.run_directory() as place:
                _unpack(archive, place)
                options = _configure(target, place, host)
                say(f"building {target.name}: Xen {version}, {' '.join(_build_of(target).options)}")
                _make(target, place, host, f"-j{os.cpu_count() or 1}")
                shutil.copyfile(place / BINARY, work / "xen")
            made_of = {
                "source": version,
                "packaged": _packaged(target),
                "options": options,
                "prepared": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds"),
                "seconds": round(time.monotonic() - began, 1),
            }
            (work / "manifest.json").write_text(json.dumps(made_of, indent=1))
        say(f"built {target.name} in {made_of['seconds']} s")
    cache.prune(final, target.name)
    return final / "xen"


def _build_of(target: Target) -> Build:
    assert target.built, target.name
    return target.built


def _packaged(target: Target) -> str:
    """The version of the hypervisor that came with the image."""
    made_of = image.manifest(target.image)
    if not made_of:
        raise BoxError(f"{target.name} needs the image of {target.image.name}")
    version: str = made_of["packages"][target.image.hypervisor_package]
    return version


def _source(target: Target) -> tuple[str, Path]:
    """Version and upstream archive of the suite's source package.

    Of its patches only one is about the hypervisor, and that one prints Debian's
    version; the .dsc, which the archive has not always got, is not needed either:
    apt checks the archive against the signed list.
    """
    suite = target.image.hypervisor_suite or target.image.suite
    name = f"{suite}-source"
    with cache.lock(f"apt-{name}"):
        apt = packages.Apt(cache.root() / "apt" / name, suite, target.arch, kind="deb-src")
        apt.update()
        return apt.upstream(SOURCE)


def _unpack(archive: Path, into: Path) -> None:
    """The archive without its top directory."""
    with tarfile.open(archive) as tar:
        for member in tar:
            _top, _, member.name = member.name.removeprefix("./").partition("/")
            if member.name:
                if member.islnk():
                    member.linkname = member.linkname.removeprefix("./").partition("/")[2]
                tar.extract(member, into, filter="data")


def _configure(target: Target, place: Path, host: str) -> list[str]:
    """Write .config; the options as they were asked for, all of them taken.

    Raises:
        BoxError: this release does not know one, or it depends on another.
    """
    _make(target, place, host, "defconfig")
    with open(place / "xen/.config", "a") as file:
        file.write("\n".join(_build_of(target).options) + "\n")
    _make(target, place, host, "olddefconfig")
    refused = not_taken(_build_of(target).options, (place / "xen/.config").read_text())
    if refused:
        raise BoxError(f"{target.name}: Xen's configuration does not take {', '.join(refused)}")
    return list(_build_of(target).options)


def not_taken(options: tuple[str, ...], config: str) -> list[str]:
    """Those of the options ("NAME=y" or "NAME=n") that a .config does not have so."""
    lines = set(config.splitlines())
    refused = []
    for option in options:
        name, _, value = option.partition("=")
        taken = not any(line.startswith(f"{name}=") for line in lines) if value == "n" else option in lines
        if not taken:
            refused.append(option)
    return refused


def command(target: Target, place: Path, host: str, goal: str) -> list[str]:
    """What make is called with."""
    argv = ["make", "-s", "-C", str(place / "xen"), f"XEN_TARGET_ARCH={target.machine.xen_arch}"]
    if host != target.arch:
        argv.append(f"CROSS_COMPILE={target.machine.triplet}-")
    if target.arch == "amd64":
        # No xen.efi: linking it, several times, takes long, and no box boots it.
        argv.append("XEN_BUILD_PE=n")
    return [*argv, goal]


def _make(target: Target, place: Path, host: str, goal: str) -> None:
    argv = command(target, place, host, goal)
    done = subprocess.run(
        argv,
        env=clean(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        # With several at a time the error is not last.
        errors = [line for line in done.stdout.splitlines() if re.search(r"error|Error|\*\*\*", line)]
        said = errors[:10] + done.stdout.splitlines()[-10:]
        raise BoxError("\n    ".join([f"{' '.join(argv)}: exit {done.returncode}", *said]))


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which make does only what it is told here."""
    meant_for_others = re.compile(r"MAKE|CFLAGS|CPPFLAGS|LDFLAGS|CROSS_COMPILE|ARCH$|CC$|LD$|KCONFIG|XEN_")
    return {name: value for name, value in environment.items() if not meant_for_others.search(name)} | {
        "LC_ALL": "C"
    }
