# GENERATED from abi/io/xenbus.json (io/xenbus.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""How the two ends of a device tell each other where they are, in their xenstore nodes state.

io/xenbus.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint32

TYPE_CHECKING = False

# xenbus_state: An end's state, written as a decimal; a missing node reads as Unknown.
XenbusStateUnknown = 0
XenbusStateInitialising = 1
XenbusStateInitWait = 2
XenbusStateInitialised = 3
XenbusStateConnected = 4
XenbusStateClosing = 5
XenbusStateClosed = 6
XenbusStateReconfiguring = 7
XenbusStateReconfigured = 8


XenbusState = c_uint32
