# GENERATED from abi/domctl.json (domctl.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""The stable part of HYPERVISOR_domctl: the state of a domain, for xenstored.

domctl.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# XEN_DOMCTL_GETDOMSTATE_STATE: How far a domain's life has got.
XEN_DOMCTL_GETDOMSTATE_STATE_EXIST = 1  # __XEN_TOOLS__; since 4.21, not compiled here
XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN = 2  # __XEN_TOOLS__; since 4.21, not compiled here
XEN_DOMCTL_GETDOMSTATE_STATE_DYING = 4  # __XEN_TOOLS__; since 4.21, not compiled here
XEN_DOMCTL_GETDOMSTATE_STATE_DEAD = 8  # __XEN_TOOLS__; since 4.21, not compiled here

# XEN_DOMCTL_GETDOMSTATE_CAP: What a domain is to the host.
XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL = 1  # __XEN_TOOLS__; since 4.21, not compiled here
XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE = 2  # __XEN_TOOLS__; since 4.21, not compiled here
XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE = 4  # __XEN_TOOLS__; since 4.21, not compiled here

# XEN_DOMCTL: Sub-operations of HYPERVISOR_domctl that are stable.
XEN_DOMCTL_get_domain_state = 90  # __XEN_TOOLS__; since 4.21, not compiled here


class xen_domctl_get_domain_state(Struct):
    """Asks whether a domain lives, and what it is; or which domain changed.

    struct xen_domctl_get_domain_state; 16 bytes. __XEN_TOOLS__; since 4.21, not compiled here.
    """

    _fields_ = (
        ("state", c_uint16),  # @0 uint16_t
        ("caps", c_uint16),  # @2 uint16_t
        ("pad0", c_uint32),  # @4 uint32_t: must be 0
        ("unique_id", c_uint64),  # @8 uint64_t: never given to another domain while the host is up
    )
    FORMAT = "<HHIQ"
    FORMAT_FIELDS = ("state", "caps", "pad0", "unique_id")

    if TYPE_CHECKING:
        state: int
        caps: int
        pad0: int
        unique_id: int

        def __init__(
            self, state: int = ..., caps: int = ..., pad0: int = ..., unique_id: int = ...,
        ) -> None: ...


class xen_domctl_u(Union):
    """union xen_domctl_u; 128 bytes. the stable members only; __XEN_TOOLS__; otherwise in 4.20, 4.17, 4.14."""

    _fields_ = (
        ("get_domain_state", xen_domctl_get_domain_state),  # @0 xen_domctl_get_domain_state; since 4.21
        ("pad", arr(c_uint8, 128)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        get_domain_state: xen_domctl_get_domain_state
        pad: IntArrayField

        def __init__(
            self, get_domain_state: xen_domctl_get_domain_state = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_domctl(Struct):
    """A domain control operation; stable ones have interface version 0.

    struct xen_domctl; 144 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("interface_version", c_uint32),  # @4 uint32_t: 0: any other gives EACCES
        ("domain", c_uint16),  # @8 domid_t: DOMID_INVALID: one that changed, whose id comes back
        ("_pad", arr(c_uint16, 3)),  # @10 uint16_t
        ("u", xen_domctl_u),  # @16 union
    )

    if TYPE_CHECKING:
        cmd: int
        interface_version: int
        domain: int
        _pad: IntArrayField
        u: xen_domctl_u

        def __init__(
            self, cmd: int = ..., interface_version: int = ..., domain: int = ...,
            _pad: Sequence[int] | IntArray = ..., u: xen_domctl_u = ...,
        ) -> None: ...


xen_domctl_t = xen_domctl
