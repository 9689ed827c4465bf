"""What the simulated kernel's device drivers have in common."""

from __future__ import annotations

import os
from errno import ENODEV, ENOTTY

from xensys.sim.errors import SimulatorMisuse
from xensys.sim.files import DOMID_INVALID, OpenFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from xensys.kernel.base import WritableBuffer
    from xensys.sim.kernel import SimKernel
    from xensys.sim.vmas import Vma


class Driver:
    """A driver: what the kernel asks of it when its device is used.

    Attributes:
        name: of its device, as traces and fault plans have it.
        paths: the nodes that lead to it.
        ioctls: number → name, for traces and fault plans. A number may mean
            something else to another driver.
    """

    name: str
    paths: tuple[str, ...]
    ioctls: Mapping[int, str] = {}

    def present(self, kernel: SimKernel) -> bool:
        """Whether the driver is at home in this kernel, on a machine with Xen."""
        return True

    def open(self, kernel: SimKernel, path: str, flags: int) -> int:
        """open(2) of a node that is there and may be opened; returns a real descriptor."""
        return kernel.xen_machine.open_files.open(OpenFile(self.name, path, flags, DOMID_INVALID))

    def ioctl(self, kernel: SimKernel, file: OpenFile, request: int, arg: WritableBuffer) -> int:
        """The driver's answer, as the kernel returns it (64 bits); OSError for -errno."""
        raise OSError(ENOTTY, os.strerror(ENOTTY))

    def ioctl_number(self, kernel: SimKernel, file: OpenFile, request: int, arg: int) -> int:
        """The same where the argument is a number; a real kernel may take that for a pointer."""
        name = self.ioctls.get(request, f"{request:#x}")
        raise SimulatorMisuse(f"{name} takes a pointer, and would take {arg:#x} for one")

    def check_argument(self, request: int, arg: WritableBuffer) -> None:
        """Insist on as many bytes as the ioctl's number says; a real kernel reads on."""
        size = request >> 16 & 0x3FFF
        if len(arg) < size:
            name = self.ioctls.get(request, f"{request:#x}")
            raise SimulatorMisuse(f"{name} takes {size} bytes, the buffer has {len(arg)}")

    def mmap(
        self,
        kernel: SimKernel,
        file: OpenFile,
        address: int,
        length: int,
        prot: int,
        flags: int,
        offset: int,
    ) -> Vma:
        """Map at `address`; `length` is whole pages, and the file allows `prot`.

        The kernel adds the result to the machine's table of mappings.
        """
        raise OSError(ENODEV, os.strerror(ENODEV))
