"""What can be booted: one row each.

A row names where the hypervisor, the dom0 kernel and the user space come from;
they are separate files and can be mixed, as long as the toolstack (user space)
matches the hypervisor.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What an architecture changes, whatever the release."""

    qemu: str
    qemu_package: str
    triplet: str  # Debian's name for the library directory
    wheel: str  # the architecture in a wheel's platform tag
    xen_file: str  # pattern inside the hypervisor package
    xen_arch: str  # the architecture to Xen's own build


MACHINES = {
    "amd64": Machine(
        "qemu-system-x86_64",
        "qemu-system-x86",
        "x86_64-linux-gnu",
        "x86_64",
        "boot/xen-*-amd64.gz",
        "x86_64",
    ),
    "arm64": Machine(
        "qemu-system-aarch64",
        "qemu-system-arm",
        "aarch64-linux-gnu",
        "aarch64",
        "boot/xen-*-arm64",
        "arm64",
    ),
}


@dataclass(frozen=True)
class Build:
    """A hypervisor that prepare builds from the suite's source package.

    `like` is the target whose image boots under it; `options` are lines of Xen's
    .config that its default lacks; `xen_args` go onto Xen's command line.
    """

    like: str
    options: tuple[str, ...]
    xen_args: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """One bootable combination.

    `kernel_suite` and `hypervisor_suite` are for mixed targets; empty means
    the user space's own suite. `hypervisor` empty means the package of release
    `xen`; a path (absolute, or below the cache directory) means a binary built
    elsewhere, which prepare checks but never builds. One with `built` has no image
    of its own.
    """

    name: str
    arch: str
    suite: str
    xen: str
    python: str
    kernel_suite: str = ""
    hypervisor_suite: str = ""
    hypervisor: str = ""
    built: Build | None = None

    @property
    def image(self) -> Target:
        """The target whose kernel and user space this one boots."""
        return find(self.built.like) if self.built else self

    @property
    def machine(self) -> Machine:
        return MACHINES[self.arch]

    @property
    def hypervisor_package(self) -> str:
        return f"xen-hypervisor-{self.xen}-{self.arch}"

    @property
    def kernel_package(self) -> str:
        """The metapackage; the *cloud* flavour has no dom0 support."""
        return f"linux-image-{self.arch}"

    def as_dict(self) -> dict[str, str]:
        """What decides about an image."""
        fields = dataclasses.asdict(self)
        del fields["built"]
        return fields


# Every stable hypercall that Debian's builds leave out. The rest is off only because it
# costs minutes of building, and nothing that a caller can tell depends on it.
FULL = (
    "CONFIG_EXPERT=y",
    "CONFIG_UNSUPPORTED=y",
    "CONFIG_IOREQ_SERVER=y",
    "CONFIG_ARGO=y",
    "CONFIG_HYPFS=y",
    "CONFIG_HYPFS_CONFIG=y",
    "CONFIG_DEBUG_INFO=n",
    "CONFIG_LIVEPATCH=n",
)


def _full(like: str) -> Build:
    # mac-permissive: a ring without a named partner is given to all.
    return Build(like, FULL, ("argo=1,mac-permissive=1",))


#         name          arch     suite      xen     python
TARGETS = (
    Target("amd64-4.20", "amd64", "trixie", "4.20", "3.13"),
    Target("arm64-4.20", "arm64", "trixie", "4.20", "3.13"),
    Target("amd64-4.17", "amd64", "bookworm", "4.17", "3.11"),
    Target("amd64-4.20-full", "amd64", "trixie", "4.20", "3.13", built=_full("amd64-4.20")),
    Target("arm64-4.20-full", "arm64", "trixie", "4.20", "3.13", built=_full("arm64-4.20")),
)

# dom0's user space. {xen} and {python} are the row's. `shell tools` come from
# busybox where no package here brings the real one.
USERLAND = (
    "python3",
    "python3-minimal",
    "libpython3-stdlib",
    "bash",
    "coreutils",
    "busybox-static",
    "strace",
    "kmod",
    "procps",
    "xen-utils-{xen}",
    "xenstore-utils",
    "libxencall1",
    "libxendevicemodel1",
    "libxenevtchn1",
    "libxenforeignmemory1",
    "libxengnttab1",
    "libxenstore4",
    "libxentoolcore1",
    "libxentoollog1",
    "libxenmisc{xen}",
)

# Dependencies of the above that nothing in the box runs: a boot under
# emulation pays for every megabyte.
LEFT_OUT = (
    "adduser",
    "cpio",
    "debconf",
    "dpkg",
    "init-system-helpers",
    "initramfs-tools",
    "initramfs-tools-core",
    "klibc-utils",
    "libklibc",
    "libdb5.3",
    "libdb5.3t64",
    "libsystemd-shared",
    "libpam-modules",
    "libpam-modules-bin",
    "libtext-charwidth-perl",
    "libtext-wrapi18n-perl",
    "linux-base",
    "logsave",
    "openssl-provider-legacy",
    "passwd",
    "perl-base",
    "sensible-utils",
    "systemd",
    "sysvinit-utils",
    "tar",
    "tzdata",
    "ucf",
    "udev",
)

# Loaded at boot, in dependency order, if the kernel does not have them built
# in. virtio carries the channel.
MODULES = (
    "xen-privcmd",
    "xen-evtchn",
    "xen-gntdev",
    "xen-gntalloc",
    "xenfs",
    "virtio_pci",
    "virtio_mmio",
    "virtio_console",
)

# What the tests import, for the target's own Python and architecture.
PYTHON_PACKAGES = ("pytest>=8.3", "hypothesis")


def find(name: str) -> Target:
    """The row called `name`.

    Raises:
        KeyError: no such row.
    """
    for target in TARGETS:
        if target.name == name:
            return target
    raise KeyError(name)
