# GENERATED from abi/sched.json (sched.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""A vCPU gives up the processor, waits for events, or shuts its domain down (HYPERVISOR_sched_op).

sched.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint16, c_uint32, c_uint64

from ._base import HANDLE, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._base import HandleField, XenMemory

# SCHEDOP: Commands of sched_op; yield and block take no structure.
SCHEDOP_yield = 0
SCHEDOP_block = 1
SCHEDOP_shutdown = 2
SCHEDOP_poll = 3
SCHEDOP_remote_shutdown = 4
SCHEDOP_shutdown_code = 5
SCHEDOP_watchdog = 6
SCHEDOP_pin_override = 7

# SHUTDOWN: Why a domain stopped; Xen keeps the number, and the toolstack acts on it.
SHUTDOWN_poweroff = 0
SHUTDOWN_reboot = 1
SHUTDOWN_suspend = 2
SHUTDOWN_crash = 3
SHUTDOWN_watchdog = 4
SHUTDOWN_soft_reset = 5

SHUTDOWN_MAX = 5  # The highest reason there is


class sched_shutdown(Struct):
    """Why the calling domain stops, now or whenever it comes to it.

    struct sched_shutdown; 4 bytes.
    """

    _fields_ = (
        ("reason", c_uint32),  # @0 unsigned int
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("reason",)

    if TYPE_CHECKING:
        reason: int

        def __init__(self, reason: int = ...) -> None: ...


class sched_poll(Struct):
    """Sleeps until one of these ports is pending, or the time has come.

    struct sched_poll; 24 bytes.
    """

    _fields_ = (
        ("ports", HANDLE),  # @0 XEN_GUEST_HANDLE(evtchn_port_t): ports of the caller
        ("nr_ports", c_uint32),  # @8 unsigned int: at most 128
        ("timeout", c_uint64),  # @16 uint64_t: absolute system time in ns; 0: none
    )
    FORMAT = "<QI4xQ"
    FORMAT_FIELDS = ("ports", "nr_ports", "timeout")

    if TYPE_CHECKING:
        ports: HandleField
        nr_ports: int
        timeout: int

        def __init__(
            self, ports: XenMemory | None = ..., nr_ports: int = ..., timeout: int = ...,
        ) -> None: ...


class sched_remote_shutdown(Struct):
    """Stops another domain for a reason, as its device model or control domain.

    struct sched_remote_shutdown; 8 bytes.
    """

    _fields_ = (
        ("domain_id", c_uint16),  # @0 domid_t
        ("reason", c_uint32),  # @4 unsigned int
    )
    FORMAT = "<H2xI"
    FORMAT_FIELDS = ("domain_id", "reason")

    if TYPE_CHECKING:
        domain_id: int
        reason: int

        def __init__(self, domain_id: int = ..., reason: int = ...) -> None: ...


class sched_watchdog(Struct):
    """Starts, feeds or stops a timer that shuts the domain down when it runs out.

    struct sched_watchdog; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint32),  # @0 uint32_t: 0 starts one, and the call returns its id
        ("timeout", c_uint32),  # @4 uint32_t: seconds from now; 0 stops it
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("id", "timeout")

    if TYPE_CHECKING:
        id: int
        timeout: int

        def __init__(self, id: int = ..., timeout: int = ...) -> None: ...


class sched_pin_override(Struct):
    """Pins the calling vCPU to one physical CPU, or ends that (hardware domain).

    struct sched_pin_override; 4 bytes.
    """

    _fields_ = (
        ("pcpu", c_int32),  # @0 int32_t: physical CPU; negative: end the override
    )
    FORMAT = "<i"
    FORMAT_FIELDS = ("pcpu",)

    if TYPE_CHECKING:
        pcpu: int

        def __init__(self, pcpu: int = ...) -> None: ...


sched_shutdown_t = sched_shutdown
sched_poll_t = sched_poll
sched_remote_shutdown_t = sched_remote_shutdown
sched_watchdog_t = sched_watchdog
sched_pin_override_t = sched_pin_override
