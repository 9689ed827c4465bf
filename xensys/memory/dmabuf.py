"""dma-bufs made of grants, and grants made of dma-bufs.

Since Linux 4.19, where built with CONFIG_XEN_GNTDEV_DMABUF. A descriptor of a
dma-buf is the caller's, to pass on and to close.

Rules come from Linux drivers/xen/gntdev-dmabuf.c.
"""

from __future__ import annotations

from errno import ENOENT

from xensys._lifetime import OneOfAKind
from xensys.errors import XenNotFoundError, XenTimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from xensys.devices.gntdev import Gntdev


def wait_released(gntdev: Gntdev, fd: int, timeout: float) -> bool:
    """Whether an exported dma-buf was let go of within `timeout` seconds."""
    if not timeout >= 0:
        raise ValueError(f"timeout: {timeout}")
    try:
        gntdev.dmabuf_exp_wait_released(fd, min(int(timeout * 1000), 0xFFFF_FFFF))
    except XenTimeoutError:
        return False
    except XenNotFoundError as error:
        # It is gone already, as libxengnttab takes it, too.
        if error.errno != ENOENT:
            raise
    return True


class ImportedDmabuf(OneOfAKind):
    """Grants of a dma-buf's pages. A context manager.

    Attributes:
        fd: the dma-buf, as it was given.
        domid: who may map them.
        refs: grant references, one for each 4 KiB page.
    """

    __slots__ = ("_gntdev", "domid", "fd", "refs")

    def __init__(self, gntdev: Gntdev, fd: int, domid: int, refs: tuple[int, ...]) -> None:
        self._gntdev: Gntdev | None = gntdev
        self.fd = fd
        self.domid = domid
        self.refs = refs

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._gntdev is None

    def close(self) -> None:
        """End the grants (IOCTL_GNTDEV_DMABUF_IMP_RELEASE); a second call does nothing."""
        gntdev, self._gntdev = self._gntdev, None
        if gntdev is not None and not gntdev.closed:
            gntdev.dmabuf_imp_release(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{len(self.refs)} grant(s) for domain {self.domid}"
        return f"<ImportedDmabuf {self.fd}, {state}>"
