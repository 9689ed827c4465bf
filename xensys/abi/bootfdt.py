# GENERATED from abi/bootfdt.json (bootfdt.h, Xen 4.21).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What the device tree that Xen boots with says of the domains that Xen starts itself.

bootfdt.h of Xen 4.21, x86_64 and arm64.
"""

from __future__ import annotations

# DOMAIN_CAPS: A domain's capabilities property: which of dom0's parts it plays.
DOMAIN_CAPS_CONTROL = 1  # since 4.21, not compiled here
DOMAIN_CAPS_HARDWARE = 2  # since 4.21, not compiled here
DOMAIN_CAPS_XENSTORE = 4  # since 4.21, not compiled here

DOMAIN_CAPS_MASK = 7  # All capabilities that there are; since 4.21, not compiled here
