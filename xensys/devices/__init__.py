"""The device files: one class each, one method per ioctl.

The numbers are in `_ioctls`. Methods take and give what the drivers do and
add nothing but checks of range and errors that say what was asked; policy
(retries, lifetimes, fallbacks) is the business of `xensys.memory` and above.

Rules come from Linux drivers/xen/*.c.
"""
