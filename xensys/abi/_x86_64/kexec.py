# GENERATED from abi/kexec.json (kexec.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Loading another kernel, and jumping to it at reboot or crash (HYPERVISOR_kexec_op).

kexec.h of Xen 4.20, x86_64. What is alike elsewhere is in _common.kexec.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint64

from .._base import Struct, arr
from .._common import kexec as _common
from .._common.kexec import *

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

class xen_kexec_image(Struct):
    """Image of the first load interface: pages of the old kernel's control code.

    struct xen_kexec_image; 152 bytes.
    """

    _fields_ = (
        ("page_list", arr(c_uint64, 17)),  # @0 unsigned long: machine addresses
        ("indirection_page", c_uint64),  # @136 unsigned long: machine address of the list of pages to copy
        ("start_address", c_uint64),  # @144 unsigned long: machine address of the entry point
    )
    FORMAT = "<QQQQQQQQQQQQQQQQQQQ"
    FORMAT_FIELDS = (
        "page_list[0]", "page_list[1]", "page_list[2]", "page_list[3]", "page_list[4]",
        "page_list[5]", "page_list[6]", "page_list[7]", "page_list[8]", "page_list[9]",
        "page_list[10]", "page_list[11]", "page_list[12]", "page_list[13]", "page_list[14]",
        "page_list[15]", "page_list[16]", "indirection_page", "start_address",
    )

    if TYPE_CHECKING:
        page_list: IntArrayField
        indirection_page: int
        start_address: int

        def __init__(
            self, page_list: Sequence[int] | IntArray = ..., indirection_page: int = ...,
            start_address: int = ...,
        ) -> None: ...


class xen_kexec_load_v1(Struct):
    """Loads or unloads an image through the first interface, obsolete since 4.4.

    struct xen_kexec_load_v1; 160 bytes.
    """

    _fields_ = (
        ("type", c_int32),  # @0 int
        ("image", xen_kexec_image),  # @8 xen_kexec_image_t
    )
    FORMAT = "<i4xQQQQQQQQQQQQQQQQQQQ"
    FORMAT_FIELDS = (
        "type", "image.page_list[0]", "image.page_list[1]", "image.page_list[2]",
        "image.page_list[3]", "image.page_list[4]", "image.page_list[5]", "image.page_list[6]",
        "image.page_list[7]", "image.page_list[8]", "image.page_list[9]", "image.page_list[10]",
        "image.page_list[11]", "image.page_list[12]", "image.page_list[13]", "image.page_list[14]",
        "image.page_list[15]", "image.page_list[16]", "image.indirection_page",
        "image.start_address",
    )

    if TYPE_CHECKING:
        type: int
        image: xen_kexec_image

        def __init__(self, type: int = ..., image: xen_kexec_image = ...) -> None: ...


xen_kexec_image_t = xen_kexec_image
xen_kexec_load_v1_t = xen_kexec_load_v1

__all__ = ["xen_kexec_image", "xen_kexec_image_t", "xen_kexec_load_v1", "xen_kexec_load_v1_t"]
__all__ += _common.__all__
