"""The one door to the operating system.

Everything xensys asks of Linux goes through a `Kernel` object: `LinuxKernel`
for the machine we run on, `xensys.sim` for a simulated one, `xensys.trace`
around either. Nothing above this package calls `os`, `fcntl` or libc for
device work, so a test can replace all of it by one object.

Kernels raise plain `OSError` with an errno. Saying what was asked of whom is
the business of the layers above (`xensys.errors`).
"""

from __future__ import annotations

from xensys.kernel.base import Kernel

__all__ = ["Kernel", "chosen", "host"]

_ENVIRONMENT = "XENSYS_KERNEL"

_host: Kernel | None = None
_warned = False


def host() -> Kernel:
    """The kernel of the machine we run on; the same object every time."""
    global _host
    if _host is None:
        from xensys.kernel.linux import LinuxKernel

        _host = LinuxKernel()
    return _host


def chosen() -> Kernel:
    """What is used where a program names no kernel: this machine's, or what XENSYS_KERNEL says.

    "sim" is a simulated machine, for programs that cannot be changed. It warns
    once, at the line that called into xensys.

    Raises:
        ValueError: XENSYS_KERNEL is neither "sim" nor "linux".
    """
    global _warned
    from os import environ

    wanted = environ.get(_ENVIRONMENT, "")
    if wanted in ("", "linux"):
        return host()
    if wanted != "sim":
        raise ValueError(f"{_ENVIRONMENT}={wanted}: 'sim' or 'linux' is needed")
    # Not an import statement: nothing but this may know the simulator, as a user's wish names it.
    __import__("xensys.sim")
    from sys import modules

    if not _warned:
        _warned = True
        from _warnings import warn

        warn(f"{_ENVIRONMENT}=sim: this is a simulated Xen", RuntimeWarning, _depth())
    simulated: Kernel = modules["xensys.sim"].default_machine().dom0
    return simulated


def _depth() -> int:
    """How far up from our caller the first frame is that is not ours."""
    from sys import _getframe

    depth, frame = 1, _getframe(1).f_back
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "xensys":
        depth += 1
        frame = frame.f_back
    return depth + 1
