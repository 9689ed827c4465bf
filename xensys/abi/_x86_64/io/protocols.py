# GENERATED from abi/io/protocols.json (io/protocols.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Names of structure layouts, in a front end's node protocol.

io/protocols.h of Xen 4.20, x86_64. What is alike elsewhere is in _common.io.protocols.
"""

from __future__ import annotations

from ..._common.io import protocols as _common
from ..._common.io.protocols import *

# XEN_IO_PROTO_ABI: Whose layout the front end's rings have; none given: the back end's own
# (NATIVE).
XEN_IO_PROTO_ABI_NATIVE = "x86_64-abi"

__all__ = ["XEN_IO_PROTO_ABI_NATIVE"]
__all__ += _common.__all__
