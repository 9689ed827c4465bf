"""One QEMU with Xen in it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import BoxError

if TYPE_CHECKING:
    from pathlib import Path

    from .targets import Target

MEMORY = 4096  # MiB for the whole machine
DOM0_MEMORY = 1536  # MiB; the initramfs and all it unpacks are in there
#: Of the machine, and of dom0.
PROCESSORS = {
    "amd64": 2,
    # Two would each be a thread here, and to wake the other one takes 25 to 50 ms: each
    # request to XenStore does, and with one processor that is 5 to 7.
    "arm64": 1,
}
CLOCK_SHIFT = 1  # an instruction takes 2**CLOCK_SHIFT ns of the box's time

# Where QEMU's arm board has room between its own device tree (128 MiB into
# memory) and the end.
_ARM_KERNEL = 0x4900_0000


# How the box's clock runs.
_CLOCK = {
    # It counts instructions, with both processors on one thread. By the host's
    # clock, a busy host leaves a guest under two hypervisors (nested paging, each
    # exit a flush of QEMU's translations) no time between two ticks: seen as
    # boots that took 400 s or never ended, in place of 70.
    "amd64": ("-accel", "tcg,thread=single,tb-size=512", "-icount", f"shift={CLOCK_SHIFT}"),
    # With counted instructions Xen hangs in its start here, after "P2M: 4 levels".
    "arm64": ("-accel", "tcg,thread=multi,tb-size=512"),
}


@dataclass
class Options:
    """What a caller may add to a boot."""

    xen_args: list[str] = field(default_factory=list)
    kernel_args: list[str] = field(default_factory=list)
    hypervisor: Path | None = None


def arguments(
    target: Target, image: Path, initrd: Path, console: Path, channel_fd: int, options: Options
) -> list[str]:
    """QEMU's command line.

    The channel is a virtio port on an inherited descriptor; the console (Xen's,
    dom0 kernel's and guests' messages) goes to a file.
    """
    xen = options.hypervisor or image / "xen"
    kernel = image / "vmlinuz"
    # No `noreboot`: after a panic the reboot ends QEMU instead of hanging.
    xen_line = [
        f"dom0_mem={DOM0_MEMORY}M,max:{DOM0_MEMORY}M",
        f"dom0_max_vcpus={PROCESSORS[target.arch]}",
        "loglvl=all",
        "guest_loglvl=all",
        # QEMU's memory is zeros already; touching it all takes seconds.
        "bootscrub=0",
    ]
    kernel_line = ["console=hvc0", "quiet", "panic=-1", "rdinit=/init", *options.kernel_args]
    common = [
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-monitor",
        "none",
        "-no-reboot",
        "-m",
        str(MEMORY),
        "-smp",
        str(PROCESSORS[target.arch]),
        # Never hardware virtualisation: where it seems to be there it may abort,
        # and outcomes must not depend on the host.
        *_CLOCK[target.arch],
        "-chardev",
        f"file,id=console,path={_comma(console)},append=on",
        "-serial",
        "chardev:console",
        "-chardev",
        f"socket,id=channel,fd={channel_fd}",
    ]
    port = ["-device", "virtserialport,chardev=channel,name=xenbox"]
    if target.arch == "amd64":
        line = ["console=com1", "com1=115200,8n1", "dom0=pv", *xen_line, *options.xen_args]
        return [
            "qemu-system-x86_64",
            *common,
            # Nested paging gives Xen HVM and PVH guests.
            "-cpu",
            "qemu64,+svm,+npt",
            "-device",
            "virtio-serial-pci",
            *port,
            "-kernel",
            str(xen),
            "-append",
            " ".join(line),
            # Multiboot modules: file, then its command line.
            "-initrd",
            f"{_comma(kernel)} {_comma(' '.join(kernel_line))},{_comma(initrd)}",
        ]
    line = ["console=dtuart", "dtuart=/pl011@9000000", *xen_line, *options.xen_args]
    initrd_at = _ARM_KERNEL + (kernel.stat().st_size + 0x3F_FFFF & ~0x1F_FFFF)
    return [
        "qemu-system-aarch64",
        *common,
        "-machine",
        "virt,virtualization=on,gic-version=2",
        "-cpu",
        "cortex-a57",
        # Memory-mapped: Xen hides from dom0 what PCI would interrupt through.
        "-global",
        "virtio-mmio.force-legacy=false",
        "-device",
        "virtio-serial-device",
        *port,
        "-kernel",
        str(xen),
        "-append",
        " ".join(line),
        "-device",
        f"guest-loader,addr={_ARM_KERNEL:#x},kernel={_comma(kernel)},"
        f"bootargs={_comma(' '.join(kernel_line))}",
        "-device",
        f"guest-loader,addr={initrd_at:#x},initrd={_comma(initrd)}",
    ]


def _comma(value: object) -> str:
    """QEMU's way to put a comma into an option's value."""
    return str(value).replace(",", ",,")


class Box:
    """A running QEMU; leaving the `with` kills it, whatever happened."""

    def __init__(self, target: Target, image: Path, initrd: Path, console: Path, options: Options) -> None:
        self.console = console
        # What stands there already is of an earlier boot.
        self._read_to = console.stat().st_size if console.exists() else 0
        self._said = ""
        self.channel, theirs = socket.socketpair()
        with theirs:
            argv = arguments(target, image, initrd, console, theirs.fileno(), options)
            try:
                # Its own session: Ctrl-C is ours to handle. setpriv: it must not
                # outlive us even if we are killed and cannot.
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                self.channel.close()
                raise BoxError(f"cannot start {argv[0]}: {error.strerror}") from error

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.channel.close()
        if self.process.stderr and not self.process.stderr.closed:
            self._said = self.process.stderr.read().decode(errors="replace").strip()
            self.process.stderr.close()

    def wait_off(self, seconds: float) -> bool:
        """True if QEMU ended by itself within the time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def is_dying(self) -> bool:
        """Whether Xen has announced its end since this was last asked.

        It then counts five seconds before it reboots, in a loop that takes
        minutes of real time where QEMU counts instructions.
        """
        with contextlib.suppress(FileNotFoundError), open(self.console, "rb") as file:
            file.seek(self._read_to)
            said = file.read()
            # The last line may be half there: it is read again.
            self._read_to += said.rfind(b"\n") + 1
            return any(words in said for words in _LAST_WORDS)
        return False

    def last_words(self, lines: int = 40) -> str:
        """The console's end, and what QEMU itself said if it has been killed."""
        text = ""
        with contextlib.suppress(OSError), open(self.console, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
            text = printable(file.read())
        tail = text.splitlines()[-lines:] or ["(the console stayed empty)"]
        tail += [f"qemu: {line}" for line in self._said.splitlines()]
        return "\n".join("  | " + line for line in tail)


# xen/common/shutdown.c hwdom_shutdown() and xen/drivers/char/console.c panic().
_LAST_WORDS = (
    b"(XEN) Hardware Dom0 crashed",
    b"(XEN) Hardware Dom0 shutdown: watchdog",
    b"(XEN) Panic on CPU",
)

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def printable(console: bytes) -> str:
    """Console bytes without what could move a terminal's cursor."""
    return _ESCAPES.sub(b"", console).decode(errors="replace")
