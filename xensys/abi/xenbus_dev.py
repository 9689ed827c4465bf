# GENERATED from abi/xenbus_dev.json (sys/xenbus_dev.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""ioctls of /dev/xen/xenbus_backend: a xenstored attaches to the kernel's own ring.

sys/xenbus_dev.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# IOCTL_XENBUS_BACKEND: ioctl request numbers; both return the ring's port, SETUP takes the daemon's
# domid as its argument.
IOCTL_XENBUS_BACKEND_EVTCHN = 0x4200
IOCTL_XENBUS_BACKEND_SETUP = 0x4201
