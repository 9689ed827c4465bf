# GENERATED from abi/guest_acpi.json (arch-x86/guest-acpi.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""How an x86 guest's ACPI tables find out which vCPUs are online.

arch-x86/guest-acpi.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

XEN_ACPI_CPU_MAP = 0xaf00  # First I/O port of the bitmap of online vCPUs; __XEN_TOOLS__; x86_64 only; not in 4.14
XEN_ACPI_CPU_MAP_LEN = 16  # Ports of the bitmap, eight vCPUs each; __XEN_TOOLS__; x86_64 only; not in 4.14
XEN_ACPI_GPE0_CPUHP_BIT = 2  # Bit of general purpose event block 0 that says the bitmap changed; __XEN_TOOLS__; x86_64 only; not in 4.14
