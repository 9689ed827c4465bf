"""Open device files, and the small files that tell what machine this is."""

from __future__ import annotations

import os
from errno import EACCES, EBADF, ENOENT, ENOTTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.kernel import SimKernel

DOMID_INVALID = 0x7FF4


class OpenFile:
    """The state of one open() of a device; duplicates of its descriptor share it.

    Attributes:
        device: "privcmd", "hypercall", "xenbus", or "xenstored" for its socket.
        path: as opened.
        flags: as opened.
        restricted: privcmd: the only domain it may touch; DOMID_INVALID if any.
    """

    def __init__(self, device: str, path: str, flags: int, restricted: int) -> None:
        self.device = device
        self.path = path
        self.flags = flags
        self.restricted = restricted

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.flags & os.O_ACCMODE != os.O_RDONLY


class FileTable:
    """Finds the open file behind a descriptor.

    A descriptor's file is known by its inode and not by its number: numbers
    are duplicated, and reused after a close() that nobody told us of.
    """

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], OpenFile] = {}

    def open(self, file: OpenFile) -> int:
        """A new, real descriptor; like privcmd's it can be selected on but not epolled."""
        fd = os.memfd_create(f"xensim:{file.device}", os.MFD_CLOEXEC)
        self.add(fd, file)
        return fd

    def add(self, fd: int, file: OpenFile) -> None:
        """Make a descriptor known that is there already."""
        if len(self._files) >= 1024:
            self._prune()
        stat = os.fstat(fd)
        self._files[stat.st_dev, stat.st_ino] = file

    def find(self, fd: int) -> OpenFile:
        """The open file.

        Raises:
            OSError: EBADF, not a descriptor; ENOTTY, not one of ours.
        """
        if fd < 0:
            raise OSError(EBADF, os.strerror(EBADF))
        stat = os.fstat(fd)
        file = self._files.get((stat.st_dev, stat.st_ino))
        if file is None:
            raise OSError(ENOTTY, os.strerror(ENOTTY))
        return file

    def known(self) -> list[OpenFile]:
        """Every file opened that has not been found closed."""
        return list(self._files.values())

    def open_now(self) -> list[OpenFile]:
        """Every file that some descriptor of this process still refers to."""
        self._prune()
        return list(self._files.values())

    def _prune(self) -> None:
        seen: set[tuple[int, int]] = set()
        for name in os.listdir("/proc/self/fd"):
            try:
                stat = os.fstat(int(name))
            except OSError:  # the directory's own descriptor, gone by now
                continue
            seen.add((stat.st_dev, stat.st_ino))
        self._files = {key: file for key, file in self._files.items() if key in seen}


def node_errno(kernel: SimKernel, path: str) -> int:
    """0 if a device node can be opened, else why not."""
    override = kernel.node_errors.get(path)
    if override is not None:
        return override
    if path not in kernel.nodes:
        return ENOENT
    return 0 if kernel.root else EACCES


def content(kernel: SimKernel, path: str) -> bytes:
    """What a small file says; OSError as open() would raise it."""
    own = kernel.files.get(path)
    if own is not None:
        return own
    text = _generated(kernel).get(path)
    if text is None:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    return text.encode()


def known(kernel: SimKernel, path: str) -> bool:
    """Whether there is such a small file."""
    return path in kernel.files or path in _generated(kernel)


def _generated(kernel: SimKernel) -> dict[str, str]:
    """Files that follow from the personality, as Linux's drivers word them.

    drivers/xen/xenfs/super.c, drivers/xen/sys-hypervisor.c.
    """
    files = {
        "/proc/sys/kernel/osrelease": f"{kernel.linux[0]}.{kernel.linux[1]}.0-sim\n",
        # The host's: simulated maps are real ones.
        "/proc/sys/vm/max_map_count": _host("/proc/sys/vm/max_map_count"),
    }
    machine = kernel.xen_machine
    if not machine.has_xen:
        return files
    domain = kernel.domain
    initial = domain.domid == 0
    release = machine.xen
    kind = {"pv": "PV", "hvm": "HVM", "pvh": "PVH", "arm": "HVM"}[domain.kind]
    files["/proc/xen/capabilities"] = "control_d\n" if initial else ""
    base = "/sys/hypervisor/"
    denied = "<denied>"
    files.update(
        {
            base + "type": "xen\n",
            base + "uuid": f"{_uuid(domain.uuid)}\n",
            base + "guest_type": f"{kind}\n",
            base + "version/major": f"{release[0]}\n",
            base + "version/minor": f"{release[1]}\n",
            base + "version/extra": f"{machine.extraversion}\n",
            base + "properties/capabilities": f"{machine.capabilities}\n",
            base + "properties/changeset": f"{machine.changeset}\n",
            base + "properties/features": f"{machine.features_of(domain):08x}\n",
            base + "properties/pagesize": "4096\n",
            base + "properties/buildid": (machine.build_id.hex() if initial else denied) + "\n",
            base + "compilation/compiler": f"{machine.compiler}\n",
            base + "compilation/compiled_by": f"{machine.compile_by}\n",
            base + "compilation/compile_date": f"{machine.compile_date}\n",
        }
    )
    return files


def _uuid(handle: bytes) -> str:
    text = handle.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _host(path: str) -> str:
    with open(path) as file:
        return file.read()
