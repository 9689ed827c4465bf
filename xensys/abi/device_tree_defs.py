# GENERATED from abi/device_tree_defs.json (device_tree_defs.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Numbers in the device trees that the toolstack and Xen make for Arm guests.

device_tree_defs.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# GUEST_PHANDLE: Handles of nodes in a guest's tree, high so that dtc's own do not meet them.
GUEST_PHANDLE_GIC = 0xfde8  # __XEN_TOOLS__
GUEST_PHANDLE_IOMMU = 0xfde9  # __XEN_TOOLS__; not in 4.14

# GUEST_ROOT_CELLS: 32-bit cells of an address and of a size below the root of a guest's tree.
GUEST_ROOT_ADDRESS_CELLS = 2  # __XEN_TOOLS__
GUEST_ROOT_SIZE_CELLS = 2  # __XEN_TOOLS__

# DT_IRQ_TYPE: How an interrupt is signalled, as device trees say it; INVALID: not known yet.
DT_IRQ_TYPE_NONE = 0  # __XEN_TOOLS__
DT_IRQ_TYPE_EDGE_RISING = 1  # __XEN_TOOLS__
DT_IRQ_TYPE_EDGE_FALLING = 2  # __XEN_TOOLS__
DT_IRQ_TYPE_EDGE_BOTH = 3  # __XEN_TOOLS__
DT_IRQ_TYPE_LEVEL_HIGH = 4  # __XEN_TOOLS__
DT_IRQ_TYPE_LEVEL_LOW = 8  # __XEN_TOOLS__

# DT_IRQ_TYPE_MASK: The bits of the level types, and of all types.
DT_IRQ_TYPE_LEVEL_MASK = 12  # __XEN_TOOLS__
DT_IRQ_TYPE_SENSE_MASK = 15  # __XEN_TOOLS__

# DT_IRQ_TYPE, more
DT_IRQ_TYPE_INVALID = 16  # __XEN_TOOLS__
