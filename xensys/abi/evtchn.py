# GENERATED from abi/evtchn.json (evtchn.h, Linux 6.12).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""ioctls of /dev/xen/evtchn: ports bound to an open file, whose events are read from it.

evtchn.h of Linux 6.12, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint16, c_uint32

from ._base import Struct

TYPE_CHECKING = False

# IOCTL_EVTCHN: ioctl request numbers of /dev/xen/evtchn; those that bind return the local port.
IOCTL_EVTCHN_BIND_VIRQ = 0x44500
IOCTL_EVTCHN_BIND_INTERDOMAIN = 0x84501
IOCTL_EVTCHN_BIND_UNBOUND_PORT = 0x44502
IOCTL_EVTCHN_UNBIND = 0x44503
IOCTL_EVTCHN_NOTIFY = 0x44504
IOCTL_EVTCHN_RESET = 0x4505
IOCTL_EVTCHN_RESTRICT_DOMID = 0x24506
IOCTL_EVTCHN_BIND_STATIC = 0x44507  # not in 6.1, 5.10


class ioctl_evtchn_bind_virq(Struct):
    """Binds a virtual interrupt to a new port, on vCPU 0.

    struct ioctl_evtchn_bind_virq; 4 bytes.
    """

    _fields_ = (
        ("virq", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("virq",)

    if TYPE_CHECKING:
        virq: int

        def __init__(self, virq: int = ...) -> None: ...


class ioctl_evtchn_bind_interdomain(Struct):
    """Binds a new port to another domain's.

    struct ioctl_evtchn_bind_interdomain; 8 bytes.
    """

    _fields_ = (
        ("remote_domain", c_uint32),  # @0 unsigned int
        ("remote_port", c_uint32),  # @4 unsigned int
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("remote_domain", "remote_port")

    if TYPE_CHECKING:
        remote_domain: int
        remote_port: int

        def __init__(self, remote_domain: int = ..., remote_port: int = ...) -> None: ...


class ioctl_evtchn_bind_unbound_port(Struct):
    """Opens a new port for another domain to bind to.

    struct ioctl_evtchn_bind_unbound_port; 4 bytes.
    """

    _fields_ = (
        ("remote_domain", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("remote_domain",)

    if TYPE_CHECKING:
        remote_domain: int

        def __init__(self, remote_domain: int = ...) -> None: ...


class ioctl_evtchn_unbind(Struct):
    """Closes a port of this file.

    struct ioctl_evtchn_unbind; 4 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...


class ioctl_evtchn_notify(Struct):
    """Sends an event through a port of this file.

    struct ioctl_evtchn_notify; 4 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...


class ioctl_evtchn_restrict_domid(Struct):
    """Leaves this file nothing to bind but ports of one domain, for good.

    struct ioctl_evtchn_restrict_domid; 2 bytes.
    """

    _fields_ = (
        ("domid", c_uint16),  # @0 domid_t
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("domid",)

    if TYPE_CHECKING:
        domid: int

        def __init__(self, domid: int = ...) -> None: ...


class ioctl_evtchn_bind(Struct):
    """Takes over a port that Xen made at boot; unbinding does not close it.

    struct ioctl_evtchn_bind; 4 bytes. not in 6.1, 5.10.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...
