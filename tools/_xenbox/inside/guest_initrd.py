"""Compose a Python guest's initrd from what dom0 itself is made of.

    guest_initrd.py FILE

The busybox archive of all guests, then Python with what tests of this project
need of it, then the project. Made once per boot, at the first use; whoever
comes meanwhile waits for it.
"""

from __future__ import annotations

import fcntl
import fnmatch
import os
import struct
import sys
import sysconfig
import time
from typing import Dict, Iterator, List, Optional, Tuple

sys.path.insert(0, "/xenbox")

from _xenbox import cpio

#: Of the standard library and of what pip has installed: all but these.
LEFT_OUT = (
    "test/*", "idlelib/*", "tkinter/*", "turtledemo/*", "ensurepip/*", "lib2to3/*", "pydoc_data/*",
    "distutils/*", "xmlrpc/*", "curses/*", "sqlite3/*", "venv/*", "wsgiref/*", "dbm/*", "_pyrepl/*",
    "turtle.*", "pydoc.*", "config-*", "*/__pycache__/turtle.*", "*/__pycache__/pydoc.*",
    "encodings/cp[1-9]*", "encodings/*/cp[1-9]*", "encodings/mac_*", "encodings/*/mac_*",
    "encodings/iso*", "encodings/*/iso*",
    "lib-dynload/_test*", "lib-dynload/_codecs_*", "lib-dynload/_ssl.*", "lib-dynload/_hashlib.*",
    "lib-dynload/_sqlite3.*", "lib-dynload/_curses*", "lib-dynload/readline.*", "lib-dynload/_xxtest*",
    "lib-dynload/_tkinter*", "lib-dynload/_dbm*", "lib-dynload/_gdbm*", "lib-dynload/nis*",
    "pip/*", "xen", "xen/*", "hypothesis/extra/*", "hypothesis/vendor/tlds*",
    "pygments/styles/[a-ce-z]*", "pygments/formatters/[a-su-z]*",
)  # fmt: skip
#: Pygments is half of what pip has installed, and pytest colours two languages.
LEXERS = ("__init__", "_mapping", "diff", "python")

PROJECT = ("xensys", "tests", "pyproject.toml")
#: What runs on the developer's machine, or in dom0 only.
PROJECT_LEFT_OUT = ("tests/unit/*", "tests/abi/*", "tests/fuzz/*", "tests/campaign/*")
XENBOX = ("channel.py", "guest_link.py", "__init__.py")


def wanted(name: str) -> bool:
    """Whether a file below a folder of modules is taken along."""
    if matches(name, LEFT_OUT):
        return False
    if name.startswith("pygments/lexers/"):
        return os.path.basename(name).partition(".")[0] in LEXERS
    return True


def matches(name: str, patterns: Tuple[str, ...]) -> bool:
    """Whether one of the patterns is right; * crosses slashes."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def tree(top: str) -> Iterator[str]:
    """Paths of all files below a folder, relative to it."""
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top)


def compiled(name: str) -> str:
    """Where Python keeps the bytecode of a module."""
    folder, _, base = name.rpartition("/")
    tag = sys.implementation.cache_tag
    return os.path.join(folder, "__pycache__", f"{base[:-3]}.{tag}.pyc")


class Elf:
    """What the loader wants of a 64-bit little-endian ELF file."""

    def __init__(self, data: bytes) -> None:
        self.interpreter = ""
        self.needed: List[str] = []
        if data[:6] != b"\x7fELF\x02\x01":
            return
        at, size, count = struct.unpack_from("<Q", data, 32) + struct.unpack_from("<HH", data, 54)
        dynamic: Optional[Tuple[int, int]] = None
        loads = []
        for index in range(count):
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at + index * size)
            if kind == 1:
                loads.append((address, offset, length))
            elif kind == 2:
                dynamic = offset, length
            elif kind == 3:
                self.interpreter = data[offset : offset + length].rstrip(b"\0").decode()
        if dynamic is None:
            return
        names, strings = [], 0
        for entry in range(dynamic[0], sum(dynamic), 16):
            tag, value = struct.unpack_from("<QQ", data, entry)
            if tag == 0:
                break
            if tag == 1:
                names.append(value)
            elif tag == 5:
                strings = next(value - a + o for a, o, n in loads if a <= value < a + n)
        self.needed = [data[strings + name : data.index(b"\0", strings + name)].decode() for name in names]


class Composer:
    """Collects files, with the libraries that they need, and writes them."""

    def __init__(self, out: cpio.Writer) -> None:
        self._out = out
        self._libraries: Dict[str, str] = {}
        triplet = sysconfig.get_config_var("MULTIARCH")
        self._folder = f"/usr/lib/{triplet}"

    def file(self, path: str, name: str = "") -> None:
        """A file of ours under its own name, or another one."""
        with open(path, "rb") as file:
            data = file.read()
            status = os.fstat(file.fileno())
        self._out.file((name or path).lstrip("/"), data, status.st_mode, int(status.st_mtime))
        if data[:4] == b"\x7fELF":
            self._needs(Elf(data))

    def _needs(self, elf: Elf) -> None:
        if elf.interpreter and elf.interpreter not in self._libraries:
            self._libraries[elf.interpreter] = ""
            # Through the links of a merged /usr, which are made there, too.
            self.file(os.path.realpath(elf.interpreter), "usr" + elf.interpreter)
        for name in elf.needed:
            path = f"{self._folder}/{name}"
            if name not in self._libraries:
                self._libraries[name] = path
                self.file(path)

    def folder(self, top: str) -> None:
        """All that is wanted below a folder of Python modules: bytecode where there is some."""
        names = {name for name in tree(top) if wanted(name)}
        for name in sorted(names):
            path = os.path.join(top, name)
            if name.endswith(".py") and compiled(name) in names:
                # Half the size. The image has compiled them, and never looks at the source.
                self.file(os.path.join(top, compiled(name)), path + "c")
            elif not name.endswith(".pyc") or "__pycache__" not in name:
                self.file(path)


def compose(path: str) -> None:
    """Write the archive."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    with open(path, "wb") as file:
        with open("/xenbox/guest-initrd", "rb") as base:
            file.write(base.read())
        out = cpio.Writer(file)
        for name in ("lib", "lib64"):
            out.directory(f"usr/{name}")
            out.symlink(name, f"usr/{name}")
        out.chardev("dev/null", 1, 3, 0o666)
        out.symlink("usr/bin/env", "/bin/busybox")
        out.symlink("usr/bin/python3", version)
        out.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        out.file("etc/group", b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")
        out.file("etc/hosts", b"127.0.0.1 localhost\n")
        take = Composer(out)
        take.file(f"/usr/bin/{version}")
        take.folder(f"/usr/lib/{version}")
        take.folder(f"/usr/local/lib/{version}/dist-packages")
        for name in XENBOX:
            take.file(f"/xenbox/_xenbox/{name}")
        take.file("/xenbox/guest_agent.py")
        take.file("/xenbox/guest-python-init", "python-init")
        for name in sorted(os.listdir("/xenbox/modules")):
            # virtio is the box's own.
            if "virtio" not in name:
                take.file(f"/xenbox/modules/{name}")
        for name in sorted(tree("/project")):
            if name.split("/")[0] in PROJECT and not matches(name, PROJECT_LEFT_OUT):
                take.file(f"/project/{name}")
        out.close()


def main() -> None:
    path = sys.argv[1]
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return
        began = time.monotonic()
        compose(path + ".new")
        os.rename(path + ".new", path)
        size = os.path.getsize(path)
        print("%.1f MB in %.1f s" % (size / 1e6, time.monotonic() - began), file=sys.stderr)


if __name__ == "__main__":
    main()
