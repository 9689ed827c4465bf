"""What is here: Xen, its devices, and what stands in their way.

Opens no device, makes no hypercall, needs no privilege and never blocks: all
it reads are nodes' permissions and a few small files.

Sources: Linux drivers/xen/sys-hypervisor.c, drivers/xen/xenfs/super.c.
"""

from __future__ import annotations

from errno import EACCES, ENOENT, EPERM, errorcode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.kernel import Kernel

#: The nodes, with the module behind each.
DEVICES = {
    "/dev/xen/privcmd": "xen-privcmd",
    "/dev/xen/hypercall": "xen-privcmd",
    "/dev/xen/evtchn": "xen-evtchn",
    "/dev/xen/gntdev": "xen-gntdev",
    "/dev/xen/gntalloc": "xen-gntalloc",
    "/dev/xen/xenbus": "xenfs",
    "/dev/xen/xenbus_backend": "xenfs",
}


class Device:
    """One device node.

    Attributes:
        path: where it should be.
        module: the kernel module behind it.
        errno: 0 if it may be opened, else why not.
    """

    __slots__ = ("errno", "module", "path")

    def __init__(self, path: str, module: str, errno: int) -> None:
        self.path = path
        self.module = module
        self.errno = errno

    @property
    def usable(self) -> bool:
        """Whether this process may open it for reading and writing."""
        return self.errno == 0

    @property
    def advice(self) -> str:
        """What to do if it is not usable; else empty."""
        if self.errno == 0:
            return ""
        if self.errno == ENOENT:
            return f"not there: load the module ({self.module}), or this is no Xen domain"
        if self.errno in (EACCES, EPERM):
            return "not for this user: run as root, or have a descriptor passed in"
        return errorcode.get(self.errno, str(self.errno))

    def __repr__(self) -> str:
        return f"<{self.path}: {self.advice or 'usable'}>"


class Probe:
    """What `probe()` found.

    Attributes:
        simulated: whether the kernel asked is a simulated one.
        architecture: "x86_64", "arm64" or what else uname says.
        xen: whether a hypervisor called Xen runs below us.
        version: its release as text, e.g. "4.20.4-pre"; empty if unknown.
        guest_type: "PV", "PVH" or "HVM"; empty if unknown.
        initial_domain: whether this is dom0; None if it cannot be told.
        devices: the nodes.
        restricted: whether privcmd is bound to make no hypercalls (XSA-482);
            None if it cannot be told without opening it.
    """

    __slots__ = (
        "architecture",
        "devices",
        "guest_type",
        "initial_domain",
        "restricted",
        "simulated",
        "version",
        "xen",
    )

    simulated: bool
    architecture: str
    xen: bool
    version: str
    guest_type: str
    initial_domain: bool | None
    restricted: bool | None
    devices: tuple[Device, ...]

    def device(self, name: str) -> Device:
        """A node by the last part of its path, e.g. "privcmd".

        Raises:
            KeyError: there is no such device.
        """
        for device in self.devices:
            if device.path.rpartition("/")[2] == name:
                return device
        raise KeyError(name)

    def __repr__(self) -> str:
        what = f"Xen {self.version}".rstrip() if self.xen else "no Xen"
        usable = sum(device.usable for device in self.devices)
        return f"<Probe {what}, {usable} of {len(self.devices)} devices usable>"


def probe(kernel: Kernel | None = None) -> Probe:
    """Look at what is here, without opening anything.

    Args:
        kernel: another kernel, e.g. a simulated one.
    """
    if kernel is None:
        from xensys.kernel import host

        kernel = host()
    found = Probe()
    found.simulated = kernel.simulated
    found.architecture = kernel.machine
    found.xen = _read(kernel, "/sys/hypervisor/type") == "xen"
    found.version = _version(kernel)
    found.guest_type = _read(kernel, "/sys/hypervisor/guest_type") or ""
    capabilities = _read(kernel, "/proc/xen/capabilities")
    found.initial_domain = None if capabilities is None else "control_d" in capabilities
    found.devices = tuple(Device(path, module, kernel.access(path)) for path, module in DEVICES.items())
    found.xen = found.xen or any(device.errno != ENOENT for device in found.devices)
    found.restricted = _restricted(kernel, found.initial_domain)
    return found


def _restricted(kernel: Kernel, initial_domain: bool | None) -> bool | None:
    if initial_domain is not False:
        return False if initial_domain else None
    # The parameter exists since the fix; a kernel without it restricts nobody.
    value = _read(kernel, "/sys/module/xen_privcmd/parameters/unrestricted")
    if value is not None:
        return value not in ("Y", "1")
    return None


def _version(kernel: Kernel) -> str:
    parts = [_read(kernel, f"/sys/hypervisor/version/{part}") for part in ("major", "minor", "extra")]
    if parts[0] is None or parts[1] is None:
        return ""
    extra = parts[2] or ""
    return f"{parts[0]}.{parts[1]}{'' if extra.startswith('<') else extra}"


def _read(kernel: Kernel, path: str) -> str | None:
    try:
        return kernel.read_file(path).decode("utf-8", "backslashreplace").strip()
    except OSError:
        return None
