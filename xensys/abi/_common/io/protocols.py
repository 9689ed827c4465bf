# GENERATED from abi/io/protocols.json (io/protocols.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Names of structure layouts, in a front end's node protocol.

io/protocols.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# XEN_IO_PROTO_ABI: Whose layout the front end's rings have; none given: the back end's own
# (NATIVE).
XEN_IO_PROTO_ABI_X86_32 = "x86_32-abi"
XEN_IO_PROTO_ABI_X86_64 = "x86_64-abi"
XEN_IO_PROTO_ABI_ARM = "arm-abi"

__all__ = ["XEN_IO_PROTO_ABI_ARM", "XEN_IO_PROTO_ABI_X86_32", "XEN_IO_PROTO_ABI_X86_64"]
