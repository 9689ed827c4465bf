"""The one door to the operating system.

Everything xensys asks of Linux goes through a `Kernel` object: `LinuxKernel`
for the machine we run on, `xensys.sim` for a simulated one, `xensys.trace`
around either. Nothing above this package calls `os`, `fcntl` or libc for
device work, so a test can replace all of it by one object.

Kernels raise plain `OSError` with an errno. Saying what was asked of whom is
the business of the layers above (`xensys.errors`).
"""

from xensys.kernel.base import Kernel

__all__ = ["Kernel", "host"]

_host: Kernel | None = None


def host() -> Kernel:
    """The kernel of the machine we run on; the same object every time."""
    global _host
    if _host is None:
        from xensys.kernel.linux import LinuxKernel

        _host = LinuxKernel()
    return _host
