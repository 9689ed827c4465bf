# GENERATED from abi/kexec.json (kexec.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Loading another kernel, and jumping to it at reboot or crash (HYPERVISOR_kexec_op).

kexec.h of Xen 4.20, arm64. What is alike elsewhere is in _common.kexec.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint64

from .._base import Struct
from .._common import kexec as _common
from .._common.kexec import *

TYPE_CHECKING = False

class xen_kexec_image(Struct):
    """Image of the first load interface: pages of the old kernel's control code.

    struct xen_kexec_image; 16 bytes.
    """

    _fields_ = (
        ("indirection_page", c_uint64),  # @0 unsigned long: machine address of the list of pages to copy
        ("start_address", c_uint64),  # @8 unsigned long: machine address of the entry point
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("indirection_page", "start_address")

    if TYPE_CHECKING:
        indirection_page: int
        start_address: int

        def __init__(self, indirection_page: int = ..., start_address: int = ...) -> None: ...


class xen_kexec_load_v1(Struct):
    """Loads or unloads an image through the first interface, obsolete since 4.4.

    struct xen_kexec_load_v1; 24 bytes.
    """

    _fields_ = (
        ("type", c_int32),  # @0 int
        ("image", xen_kexec_image),  # @8 xen_kexec_image_t
    )
    FORMAT = "<i4xQQ"
    FORMAT_FIELDS = ("type", "image.indirection_page", "image.start_address")

    if TYPE_CHECKING:
        type: int
        image: xen_kexec_image

        def __init__(self, type: int = ..., image: xen_kexec_image = ...) -> None: ...


xen_kexec_image_t = xen_kexec_image
xen_kexec_load_v1_t = xen_kexec_load_v1

__all__ = ["xen_kexec_image", "xen_kexec_image_t", "xen_kexec_load_v1", "xen_kexec_load_v1_t"]
__all__ += _common.__all__
