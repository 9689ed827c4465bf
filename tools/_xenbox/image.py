"""The part of a box that is the same for every run: built once, kept.

An image is a directory: `xen`, `vmlinuz`, `base.cpio` (dom0's user space,
uncompressed: under emulation unpacking costs more than reading) and
`manifest.json` (what it was made of).
"""

from __future__ import annotations

import datetime
import fnmatch
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bytecode, cache, cpio, packages, targets
from .errors import BoxError, Gap
from .packages import Apt, Deb
from .say import say

if TYPE_CHECKING:
    from .targets import Target

HERE = Path(__file__).parent
INSIDE = HERE / "inside"

_DOCUMENTATION = tuple(
    f"usr/share/{name}/"
    for name in ("bash-completion", "bug", "doc", "info", "lintian", "locale", "man", "zoneinfo")
)
_MERGED = ("bin", "sbin", "lib", "lib64")
# Links that some package ships as a directory, which would take their place.
_LINKS = (*_MERGED, "var/run", "var/lock")


# --- where an image is -------------------------------------------------------


def key(target: Target) -> str:
    """Hash of all that defines the image, the code that makes it included.

    Not of package versions: those would need the network at every run.
    """
    digest = hashlib.sha256(
        json.dumps(
            [target.as_dict(), targets.USERLAND, targets.LEFT_OUT, targets.MODULES, targets.PYTHON_PACKAGES]
        ).encode()
    )
    for source in (HERE / "image.py", HERE / "bytecode.py", HERE / "cpio.py", INSIDE / "guest-init"):
        digest.update(source.read_bytes())
    if target.hypervisor:
        digest.update(_built_elsewhere(target).read_bytes())
    return digest.hexdigest()[:12]


def directory(target: Target) -> Path:
    return cache.root() / "images" / f"{target.name}-{key(target)}"


def manifest(target: Target) -> dict[str, Any] | None:
    """What the ready image was made of; None if there is none."""
    try:
        text = (directory(target) / "manifest.json").read_text()
    except OSError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def prepare(target: Target, *, refresh: bool = False) -> Path:
    """The target's image, built if need be (minutes, network).

    Args:
        refresh: build anew from the newest packages even if one is ready.
    Raises:
        Gap: the archive does not have this target.
        BoxError: download or unpacking failed.
    """
    final = directory(target)
    if manifest(target) and not refresh:
        return final
    with cache.lock(final.name):
        if manifest(target) and not refresh:
            return final  # another process was faster
        began = time.monotonic()
        say(f"preparing {target.name}: packages of {target.suite} ({target.arch})")
        with cache.becoming(final) as work:
            made_of = _build(target, work)
            made_of["seconds"] = round(time.monotonic() - began, 1)
            (work / "manifest.json").write_text(json.dumps(made_of, indent=1))
        say(f"prepared {target.name} in {made_of['seconds']} s")
    cache.prune(final, target.name)
    return final


# --- building one ------------------------------------------------------------


def _build(target: Target, work: Path) -> dict[str, Any]:
    userland = [name.format(xen=target.xen, python=target.python) for name in targets.USERLAND]
    debs = _download(target.suite, target.arch, userland, [])
    kernel = _download(
        target.kernel_suite or target.suite, target.arch, [], [target.kernel_package], kernel=True
    )
    made_of = {deb.name: deb.version for deb in (*debs, *kernel)}
    if target.hypervisor:
        source = _built_elsewhere(target)
        made_of["hypervisor"] = str(source)
        (work / "xen").write_bytes(_gunzipped(source.read_bytes()))
    else:
        hypervisor = _download(
            target.hypervisor_suite or target.suite, target.arch, [], [target.hypervisor_package]
        )
        made_of |= {deb.name: deb.version for deb in hypervisor}
        (work / "xen").write_bytes(_hypervisor(target, hypervisor[0]))

    say("unpacking the kernel and its modules")
    vmlinuz, modules, release = _kernel(kernel[0])
    vmlinuz = unpacked_kernel(vmlinuz)
    (work / "vmlinuz").write_bytes(vmlinuz)
    say("unpacking user space")
    with open(work / "base.cpio", "wb") as file:
        out = cpio.Writer(file)
        _skeleton(out)
        contents = [deb for deb in debs if deb.name not in targets.LEFT_OUT]
        busybox = _userland(out, target, contents, work / "modules")
        for number, (name, data) in enumerate(modules):
            out.file(f"xenbox/modules/{number:02}-{name}.ko", data)
        say(f"Python packages: {', '.join(targets.PYTHON_PACKAGES)}")
        wheels = packages.pip_install(
            targets.PYTHON_PACKAGES,
            target.python,
            target.machine.wheel,
            work / "modules" / _dist_packages(target),
        )
        _python_modules(out, target, work / "modules")
        out.file("xenbox/guest-kernel", vmlinuz)
        out.file("xenbox/guest-initrd", guest_initrd(busybox))
        out.close()
    say(f"base archive: {(work / 'base.cpio').stat().st_size >> 20} MiB, Linux {release}")
    return {
        "target": target.as_dict(),
        "packages": made_of,
        "python_packages": wheels,
        "linux": release,
        "prepared": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds"),
    }


def _download(
    suite: str, arch: str, with_dependencies: list[str], alone: list[str], *, kernel: bool = False
) -> list[Deb]:
    """Packages by private apt. `kernel`: follow the metapackages in `alone`."""
    name = f"{suite}-{arch}"
    with cache.lock(f"apt-{name}"):
        apt = Apt(cache.root() / "apt" / name, suite, arch)
        apt.update()
        if kernel:
            alone = [apt.depends(meta, "linux-image-") for meta in alone]
        say(f"downloading for {name}: {', '.join(with_dependencies + alone)}")
        debs = apt.with_dependencies(with_dependencies) if with_dependencies else []
        return debs + (apt.alone(alone) if alone else [])


def _members(deb: Deb) -> tarfile.TarFile:
    """A package's data as a seekable tar."""
    out = tempfile.TemporaryFile()  # noqa: SIM115  (the tar closes with its user)
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb.path)], stdout=out, stderr=subprocess.PIPE)
    if done.returncode:
        # A broken download must not be found again by the next try.
        deb.path.unlink(missing_ok=True)
        raise BoxError(f"{deb.path.name}: {done.stderr.decode(errors='replace').strip()}")
    out.seek(0)
    return tarfile.open(fileobj=out)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)  # follows hard links
    return file.read() if file else b""


def _gunzipped(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def unpacked_kernel(data: bytes) -> bytes:
    """What an x86 kernel has packed with xz; any other image as it is.

    Unpacked for each guest that is made, by an emulated processor, that takes longer than
    all else; Xen and libxl take the ELF file as well. Linux Documentation/arch/x86/boot.rst.
    """
    if data[0x202:0x206] != b"HdrS":
        return data
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = ((data[0x1F1] or 4) + 1) * 512 + offset
    payload = data[start : start + length]
    # Its length follows, which is not xz's.
    return lzma.LZMADecompressor().decompress(payload) if payload[:6] == b"\xfd7zXZ\0" else data


def _built_elsewhere(target: Target) -> Path:
    path = cache.root() / target.hypervisor
    if not path.is_file():
        raise Gap(f"{target.name}: no hypervisor built at {path}")
    return path


def _hypervisor(target: Target, deb: Deb) -> bytes:
    with _members(deb) as tar:
        for member in tar:
            if fnmatch.fnmatch(member.name.removeprefix("./"), target.machine.xen_file):
                return _gunzipped(_content(tar, member))
    raise BoxError(f"{deb.path.name} holds no {target.machine.xen_file}")


def _kernel(deb: Deb) -> tuple[bytes, list[tuple[str, bytes]], str]:
    """The kernel image, its modules in loading order, and its release.

    Dependencies come from the modules themselves: modules.dep is only made
    when a kernel is installed.
    """
    with _members(deb) as tar:
        vmlinuz, release, built_in = b"", "", set[str]()
        files: dict[str, tarfile.TarInfo] = {}
        for member in tar:
            _folder, _, name = member.name.rpartition("/")
            stem = name.partition(".ko")[0].replace("-", "_")
            if name.startswith("vmlinuz-"):
                vmlinuz, release = _content(tar, member), name.removeprefix("vmlinuz-")
            elif name == "modules.builtin":
                built_in = {
                    os.path.basename(line).removesuffix(".ko").replace("-", "_")
                    for line in _content(tar, member).decode().split()
                }
            elif ".ko" in name:
                files[stem] = member
        if not vmlinuz:
            raise BoxError(f"{deb.path.name} holds no vmlinuz")
        ordered: dict[str, bytes] = {}

        def add(name: str) -> None:
            name = name.replace("-", "_")
            if name in ordered or name in built_in:
                return
            if name not in files:
                raise BoxError(f"{deb.path.name} has no module {name}")
            data = _content(tar, files[name])
            if files[name].name.endswith(".xz"):
                data = lzma.decompress(data)
            for needed in _module_depends(data):
                add(needed)
            ordered[name] = data

        for name in targets.MODULES:
            add(name)
    return vmlinuz, list(ordered.items()), release


def _module_depends(module: bytes) -> list[str]:
    """The `depends=` entry of a module's .modinfo, a list of C strings."""
    at = module.find(b"\0depends=")
    if at < 0:
        return []
    value = module[at + 9 : module.index(b"\0", at + 9)]
    return [name for name in value.decode().split(",") if name]


def _skeleton(out: cpio.Writer) -> None:
    """What maintainer scripts, base-files and base-passwd would have made."""
    for name in _MERGED:
        out.directory(f"usr/{name}")
        out.symlink(name, f"usr/{name}")
    for name in (
        "dev",
        "proc",
        "sys",
        "run",
        "tmp",
        "root",
        "var/log",
        "var/lib",
        "var/tmp",
        "etc",
        "project",
    ):
        out.directory(name)
    out.symlink("var/run", "../run")
    out.symlink("var/lock", "../run/lock")
    out.chardev("dev/console", 5, 1)
    out.chardev("dev/null", 1, 3, 0o666)
    out.file("etc/passwd", b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    out.file("etc/group", b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")
    out.file("etc/hosts", b"127.0.0.1 localhost xenbox\n")
    out.file("etc/hostname", b"xenbox\n")
    out.file("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files\n")


def _userland(out: cpio.Writer, target: Target, debs: list[Deb], modules: Path) -> bytes:
    """Unpack packages into the archive; busybox's bytes.

    Python modules go below `modules` instead.
    """
    private = f"usr/lib/xen-{target.xen}/lib"
    busybox = b""
    for deb in debs:
        with _members(deb) as tar:
            for member in tar:
                name = _merged(member.name.removeprefix("./").strip("/"))
                if not name or name in _LINKS or name.startswith(_DOCUMENTATION):
                    continue
                if member.isdir():
                    out.directory(name, member.mode)
                elif member.issym():
                    out.symlink(name, member.linkname)
                elif member.isreg() or member.islnk():
                    data = _content(tar, member)
                    if name.endswith(".py"):
                        (modules / name).parent.mkdir(parents=True, exist_ok=True)
                        (modules / name).write_bytes(data)
                        (modules / name).chmod(member.mode)
                        continue
                    out.file(name, data, member.mode, int(member.mtime))
                    if name == "usr/bin/busybox":
                        busybox = data
                # The toolstack's own libraries, where every loader looks
                # without an environment variable.
                libraries = f"{private}/{target.machine.triplet}/"
                if name.startswith(libraries) and ".so" in name:
                    out.symlink(
                        f"usr/lib/{target.machine.triplet}/" + name.removeprefix(libraries), "/" + name
                    )
    if not busybox:
        raise BoxError("busybox-static holds no usr/bin/busybox")
    out.symlink("usr/bin/sh", "busybox")
    out.symlink(_dist_packages(target) + "/xen", f"/{private}/python/xen")
    return busybox


def _merged(name: str) -> str:
    """Where a path of a package lies on a merged-/usr system."""
    head, slash, _ = name.partition("/")
    return "usr/" + name if slash and head in _MERGED else name


def _dist_packages(target: Target) -> str:
    """On Debian's default module path: seen even by `python3 -I`."""
    return f"usr/local/lib/python{target.python}/dist-packages"


def _python_modules(out: cpio.Writer, target: Target, tree: Path) -> None:
    """Every Python module of the box, with its bytecode."""
    say("compiling Python modules")
    host = subprocess.run(
        ["dpkg", "--print-architecture"], text=True, stdout=subprocess.PIPE, check=True
    ).stdout.strip()
    try:
        interpreter = _download(target.suite, host, list(bytecode.INTERPRETER), [])
        with tempfile.TemporaryDirectory() as work:
            bytecode.compile_tree(tree, target.python, interpreter, Path(work))
    except BoxError as error:
        say(f"left uncompiled, imports in the box will be slow: {error}")
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            out.file(path.relative_to(tree).as_posix(), path.read_bytes(), path.stat().st_mode)
    shutil.rmtree(tree)


def guest_initrd(busybox: bytes) -> bytes:
    """A guest's whole user space: busybox and inside/guest-init.

    Python inside guests would come in here: a second, larger archive beside
    this one, chosen by `/xenbox/guest create --initrd`.
    """
    buffer = io.BytesIO()
    out = cpio.Writer(buffer)
    for name in ("proc", "sys", "dev", "words"):
        out.directory(name)
    out.chardev("dev/console", 5, 1)
    out.file("bin/busybox", busybox, 0o755)
    out.symlink("bin/sh", "busybox")
    out.file("init", (INSIDE / "guest-init").read_bytes(), 0o755)
    out.close()
    return buffer.getvalue()
