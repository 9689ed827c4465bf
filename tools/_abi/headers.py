"""The headers that are read, the module each becomes, and how to compile them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import fetch

if TYPE_CHECKING:
    from .releases import Release

ARCHES = ("x86_64", "arm64")
TRIPLES = {"x86_64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
_SHIM = Path(__file__).resolve().parent / "shim"


class Header(NamedTuple):
    """One generated module and the header files whose names it holds."""

    module: str  # "hvm/params"
    project: str  # "xen" or "linux"
    files: tuple[str, ...]  # under usr/include/xen; the first is the one included
    arches: tuple[str, ...] = ARCHES
    tools_only: bool = False  # refuses to compile without __XEN_TOOLS__
    select: tuple[str, ...] = ()  # shell patterns: names, and TYPE.FIELD; empty takes all
    # Structures of another header that are repeated here under the field's name: this
    # module has one of the same name on the other architecture.
    copies: tuple[str, ...] = ()


def _xen(module: str, *more: str, arches: tuple[str, ...] = ARCHES) -> Header:
    return Header(module, "xen", (f"{module}.h", *more), arches)


# The one operation of domctl.h that a later release cannot change (interface_version
# is 0 for it), and the envelope that it travels in.
_STABLE_DOMCTL = (
    "XEN_DOMCTL_get_domain_state",
    "XEN_DOMCTL_GETDOMSTATE_*",
    "xen_domctl_get_domain_state",
    "xen_domctl",
    "xen_domctl_t",
    "xen_domctl_u",
    "xen_domctl_u.get_domain_state",
    "xen_domctl_u.pad",
)


# In the order in which they are listed, printed and checked.
HEADERS = (
    _xen(
        "xen",
        "xen-compat.h",
        "arch-x86_64.h",
        "arch-x86/xen.h",
        "arch-x86/xen-x86_64.h",
        "arch-arm.h",
    ),
    _xen("errno"),
    _xen("features"),
    _xen("version"),
    _xen("memory"),
    _xen("grant_table"),
    _xen("event_channel"),
    _xen("sched"),
    _xen("vcpu"),
    _xen("physdev"),
    _xen("callback"),
    _xen("nmi"),
    _xen("argo"),
    _xen("hypfs"),
    _xen("pmu", "arch-x86/pmu.h")._replace(copies=("xen_pmu_arch",)),
    _xen("kexec"),
    _xen("elfnote"),
    _xen("trace"),
    _xen("vm_event"),
    _xen("device_tree_defs"),
    _xen("bootfdt"),
    _xen("platform"),
    Header("domctl", "xen", ("domctl.h",), tools_only=True, select=_STABLE_DOMCTL),
    _xen("xsm/flask_op"),
    Header("mca", "xen", ("arch-x86/xen-mca.h",), ("x86_64",)),
    Header("guest_acpi", "xen", ("arch-x86/guest-acpi.h",), ("x86_64",)),
    Header("smccc", "xen", ("arch-arm/smccc.h",), ("arm64",)),
    _xen("hvm/hvm_op"),
    _xen("hvm/params"),
    _xen("hvm/dm_op"),
    _xen("hvm/ioreq"),
    _xen("hvm/e820"),
    _xen("hvm/hvm_vcpu"),
    _xen("hvm/hvm_info_table"),
    _xen("hvm/hvm_xs_strings"),
    Header("hvm/start_info", "xen", ("arch-x86/hvm/start_info.h",)),
    Header("cpuid", "xen", ("arch-x86/cpuid.h",)),
    _xen("io/ring"),
    _xen("io/protocols"),
    _xen("io/xs_wire"),
    _xen("io/xenbus"),
    _xen("io/console"),
    _xen("io/libxenvchan"),
    _xen("io/blkif"),
    _xen("io/netif"),
    _xen("io/kbdif"),
    _xen("io/fbif"),
    _xen("io/displif"),
    _xen("io/sndif"),
    _xen("io/pciif"),
    _xen("io/usbif"),
    _xen("io/vscsiif"),
    _xen("io/9pfs"),
    _xen("io/pvcalls"),
    _xen("io/tpmif"),
    _xen("io/cameraif"),
    Header("xenbus_dev", "xen", ("sys/xenbus_dev.h",)),
    Header("privcmd", "linux", ("privcmd.h",)),
    Header("evtchn", "linux", ("evtchn.h",)),
    Header("gntdev", "linux", ("gntdev.h",)),
    Header("gntalloc", "linux", ("gntalloc.h",)),
)


def python_module(header: Header) -> str:
    """Return the dotted module under xensys.abi ("io/9pfs" -> "io._9pfs")."""
    *packages, last = header.module.split("/")
    return ".".join([*packages, f"_{last}" if last[0].isdigit() else last])


def sources(header: Header, release: Release) -> list[Path]:
    """Return the header's files that this release has."""
    folder = fetch.include(release) / "xen"
    return [folder / name for name in header.files if (folder / name).is_file()]


def exists(header: Header, release: Release) -> bool:
    """Tell whether this release has the header."""
    return (fetch.include(release) / "xen" / header.files[0]).is_file()


def selected(header: Header, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that the header's `select` takes.

    A type that loses fields says so: `"partial": true`.
    """
    if not header.select:
        return facts

    def taken(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in header.select)

    found = {section: {n: f for n, f in part.items() if taken(n)} for section, part in facts.items()}
    chosen = {pattern.partition(".")[0] for pattern in header.select if "." in pattern}
    for name in chosen & found["types"].keys():
        fact = found["types"][name]
        fields = [field for field in fact["fields"] if taken(f"{name}.{field['name']}")]
        if len(fields) < len(fact["fields"]):
            found["types"][name] = {**fact, "fields": fields, "partial": True}
    return found


def prelude(header: Header) -> str:
    """Return the lines that include the header as the real ones expect it."""
    lines = ["#include <stdint.h>", "#include <stddef.h>"]
    if header.project == "linux":
        lines += ["#include <xen/interface/xen.h>", "#include <linux/ioctl.h>"]
    elif header.module.startswith("io/") or header.module.startswith("hvm/"):
        lines += ["#include <string.h>", "#include <xen/xen.h>", "#include <xen/grant_table.h>"]
        lines += ["#include <xen/event_channel.h>"]
    elif header.module != "xenbus_dev":
        lines += ["#include <xen/xen.h>"]
    if header.module == "guest_acpi":
        lines += ["#include <xen/hvm/hvm_info_table.h>"]
    return "\n".join([*lines, f"#include <xen/{header.files[0]}>", ""])


def flags(header: Header, release: Release, linux: Release, *, tools: bool) -> list[str]:
    """Return the compiler flags, alike for clang and gcc, except the target."""
    found = ["-std=gnu11", "-ffreestanding", "-nostdinc", f"-I{_SHIM / 'freestanding'}"]
    found += [f"-I{_SHIM / 'linux'}", f"-isystem{fetch.include(release)}"]
    if header.module == "xenbus_dev":  # Xen's copy, which needs Linux's <linux/ioctl.h>
        found += [f"-isystem{fetch.include(linux)}"]
    if header.project == "xen":
        found += ["-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__"]
        if tools:
            found += ["-D__XEN_TOOLS__"]
    return found
