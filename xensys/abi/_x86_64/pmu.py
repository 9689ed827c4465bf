# GENERATED from abi/pmu.json (pmu.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Performance counters of PV and PVH guests (HYPERVISOR_xenpmu_op).

pmu.h of Xen 4.20, x86_64. What is alike elsewhere is in _common.pmu.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32

from .._base import Struct, arr
from .._common import pmu as _common
from .._common.pmu import *

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField

class xen_pmu_data(Struct):
    """Page that Xen fills at a counter interrupt, one for each vCPU.

    struct xen_pmu_data; 224 bytes.
    """

    _fields_ = (
        ("vcpu_id", c_uint32),  # @0 uint32_t: vCPU that was interrupted
        ("pcpu_id", c_uint32),  # @4 uint32_t: CPU it ran on; for an unprivileged guest its vCPU again
        ("domain_id", c_uint16),  # @8 domid_t: domain that was interrupted
        ("pad", arr(c_uint8, 6)),  # @10 uint8_t
        ("pmu", xen_pmu_arch),  # @16 xen_pmu_arch_t
    )

    if TYPE_CHECKING:
        vcpu_id: int
        pcpu_id: int
        domain_id: int
        pad: IntArrayField
        pmu: xen_pmu_arch

        def __init__(
            self, vcpu_id: int = ..., pcpu_id: int = ..., domain_id: int = ...,
            pad: Sequence[int] | IntArray = ..., pmu: xen_pmu_arch = ...,
        ) -> None: ...

__all__ = ["xen_pmu_data"]
__all__ += _common.__all__
