# GENERATED from abi/smccc.json (arch-arm/smccc.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Versions that Xen answers to an arm guest's SMC and HVC service queries.

arch-arm/smccc.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# XEN_SMCCC: Revision of Xen's hypervisor services, not of Xen.
XEN_SMCCC_MAJOR_REVISION = 0  # arm64 only; not in 4.14
XEN_SMCCC_MINOR_REVISION = 1  # arm64 only; not in 4.14

# SSSC_SMCCC: Revision of the standard secure services (PSCI) that Xen provides.
SSSC_SMCCC_MAJOR_REVISION = 0  # arm64 only; not in 4.14
SSSC_SMCCC_MINOR_REVISION = 1  # arm64 only; not in 4.14
