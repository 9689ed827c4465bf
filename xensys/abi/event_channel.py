# GENERATED from abi/event_channel.json (event_channel.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Event channels: a port is bound to a peer's port, an interrupt or a vCPU (HYPERVISOR_event_channel_op).

event_channel.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# EVTCHNOP: Commands of event_channel_op; each has a structure of its name.
EVTCHNOP_bind_interdomain = 0
EVTCHNOP_bind_virq = 1
EVTCHNOP_bind_pirq = 2
EVTCHNOP_close = 3
EVTCHNOP_send = 4
EVTCHNOP_status = 5
EVTCHNOP_alloc_unbound = 6
EVTCHNOP_bind_ipi = 7
EVTCHNOP_bind_vcpu = 8
EVTCHNOP_unmask = 9
EVTCHNOP_reset = 10
EVTCHNOP_init_control = 11
EVTCHNOP_expand_array = 12
EVTCHNOP_set_priority = 13

# BIND_PIRQ: WILL_SHARE: other domains may bind the interrupt too.
BIND_PIRQ__WILL_SHARE = 1

# EVTCHNSTAT: What a port is bound to.
EVTCHNSTAT_closed = 0
EVTCHNSTAT_unbound = 1
EVTCHNSTAT_interdomain = 2
EVTCHNSTAT_pirq = 3
EVTCHNSTAT_virq = 4
EVTCHNSTAT_ipi = 5

# EVTCHN_LIMITS: Ports of a domain with the two-level and the FIFO layout, and queues of a vCPU.
EVTCHN_2L_NR_CHANNELS = 0x1000

# EVTCHN_FIFO_PRIORITY: Priorities: the lower the number, the sooner.
EVTCHN_FIFO_PRIORITY_MAX = 0
EVTCHN_FIFO_PRIORITY_DEFAULT = 7
EVTCHN_FIFO_PRIORITY_MIN = 15

# EVTCHN_LIMITS, more
EVTCHN_FIFO_MAX_QUEUES = 16

# EVTCHN_FIFO_BIT: Bits of an event word: pending, masked, in a queue, link being changed.
EVTCHN_FIFO_PENDING = 31
EVTCHN_FIFO_MASKED = 30
EVTCHN_FIFO_LINKED = 29
EVTCHN_FIFO_BUSY = 28

# EVTCHN_FIFO_LINK: Low bits of an event word: the next port in its queue.
EVTCHN_FIFO_LINK_BITS = 17
EVTCHN_FIFO_LINK_MASK = 0x1ffff

# EVTCHN_LIMITS, more
EVTCHN_FIFO_NR_CHANNELS = 0x20000


class evtchn_alloc_unbound(Struct):
    """Opens a port that one other domain may bind to.

    struct evtchn_alloc_unbound; 8 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t: whose port
        ("remote_dom", c_uint16),  # @2 domid_t: who may bind to it
        ("port", c_uint32),  # @4 evtchn_port_t: out: local
    )
    FORMAT = "<HHI"
    FORMAT_FIELDS = ("dom", "remote_dom", "port")

    if TYPE_CHECKING:
        dom: int
        remote_dom: int
        port: int

        def __init__(self, dom: int = ..., remote_dom: int = ..., port: int = ...) -> None: ...


class evtchn_bind_interdomain(Struct):
    """Connects a new port of the caller to a port waiting in another domain.

    struct evtchn_bind_interdomain; 12 bytes.
    """

    _fields_ = (
        ("remote_dom", c_uint16),  # @0 domid_t
        ("remote_port", c_uint32),  # @4 evtchn_port_t
        ("local_port", c_uint32),  # @8 evtchn_port_t: out; pending at once
    )
    FORMAT = "<H2xII"
    FORMAT_FIELDS = ("remote_dom", "remote_port", "local_port")

    if TYPE_CHECKING:
        remote_dom: int
        remote_port: int
        local_port: int

        def __init__(
            self, remote_dom: int = ..., remote_port: int = ..., local_port: int = ...,
        ) -> None: ...


class evtchn_bind_virq(Struct):
    """Delivers a virtual interrupt on a new port.

    struct evtchn_bind_virq; 12 bytes.
    """

    _fields_ = (
        ("virq", c_uint32),  # @0 uint32_t
        ("vcpu", c_uint32),  # @4 uint32_t: 0 for a global virtual interrupt; bind_vcpu may move it later
        ("port", c_uint32),  # @8 evtchn_port_t: out: local
    )
    FORMAT = "<III"
    FORMAT_FIELDS = ("virq", "vcpu", "port")

    if TYPE_CHECKING:
        virq: int
        vcpu: int
        port: int

        def __init__(self, virq: int = ..., vcpu: int = ..., port: int = ...) -> None: ...


class evtchn_bind_pirq(Struct):
    """Delivers a physical interrupt on a new port.

    struct evtchn_bind_pirq; 12 bytes.
    """

    _fields_ = (
        ("pirq", c_uint32),  # @0 uint32_t
        ("flags", c_uint32),  # @4 uint32_t
        ("port", c_uint32),  # @8 evtchn_port_t: out: local
    )
    FORMAT = "<III"
    FORMAT_FIELDS = ("pirq", "flags", "port")

    if TYPE_CHECKING:
        pirq: int
        flags: int
        port: int

        def __init__(self, pirq: int = ..., flags: int = ..., port: int = ...) -> None: ...


class evtchn_bind_ipi(Struct):
    """Opens a port by which the domain interrupts one vCPU of its own.

    struct evtchn_bind_ipi; 8 bytes.
    """

    _fields_ = (
        ("vcpu", c_uint32),  # @0 uint32_t
        ("port", c_uint32),  # @4 evtchn_port_t: out: local
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("vcpu", "port")

    if TYPE_CHECKING:
        vcpu: int
        port: int

        def __init__(self, vcpu: int = ..., port: int = ...) -> None: ...


class evtchn_close(Struct):
    """Frees a port; the peer's end waits for the domain to bind again.

    struct evtchn_close; 4 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 evtchn_port_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...


class evtchn_send(Struct):
    """Makes the port at the other end pending.

    struct evtchn_send; 4 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 evtchn_port_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...


class evtchn_status_u_unbound(Struct):
    """struct evtchn_status_u_unbound; 2 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t: who may bind
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("dom",)

    if TYPE_CHECKING:
        dom: int

        def __init__(self, dom: int = ...) -> None: ...


class evtchn_status_u_interdomain(Struct):
    """struct evtchn_status_u_interdomain; 8 bytes."""

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t: peer
        ("port", c_uint32),  # @4 evtchn_port_t: peer's port
    )
    FORMAT = "<H2xI"
    FORMAT_FIELDS = ("dom", "port")

    if TYPE_CHECKING:
        dom: int
        port: int

        def __init__(self, dom: int = ..., port: int = ...) -> None: ...


class evtchn_status_u(Union):
    """What the port is bound to, by status.

    union evtchn_status_u; 8 bytes.
    """

    _fields_ = (
        ("unbound", evtchn_status_u_unbound),  # @0 struct
        ("interdomain", evtchn_status_u_interdomain),  # @0 struct
        ("pirq", c_uint32),  # @0 uint32_t
        ("virq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        unbound: evtchn_status_u_unbound
        interdomain: evtchn_status_u_interdomain
        pirq: int
        virq: int

        def __init__(
            self, unbound: evtchn_status_u_unbound = ...,
            interdomain: evtchn_status_u_interdomain = ..., pirq: int = ..., virq: int = ...,
        ) -> None: ...


class evtchn_status(Struct):
    """What a port is bound to, and which vCPU it notifies.

    struct evtchn_status; 24 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
        ("port", c_uint32),  # @4 evtchn_port_t
        ("status", c_uint32),  # @8 uint32_t
        ("vcpu", c_uint32),  # @12 uint32_t: whom it notifies
        ("u", evtchn_status_u),  # @16 union
    )

    if TYPE_CHECKING:
        dom: int
        port: int
        status: int
        vcpu: int
        u: evtchn_status_u

        def __init__(
            self, dom: int = ..., port: int = ..., status: int = ..., vcpu: int = ...,
            u: evtchn_status_u = ...,
        ) -> None: ...


class evtchn_bind_vcpu(Struct):
    """Chooses the vCPU that a port notifies; not for IPIs and per-vCPU virtual interrupts.

    struct evtchn_bind_vcpu; 8 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 evtchn_port_t
        ("vcpu", c_uint32),  # @4 uint32_t
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("port", "vcpu")

    if TYPE_CHECKING:
        port: int
        vcpu: int

        def __init__(self, port: int = ..., vcpu: int = ...) -> None: ...


class evtchn_unmask(Struct):
    """Unmasks a port, and notifies if an event is pending.

    struct evtchn_unmask; 4 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 evtchn_port_t
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("port",)

    if TYPE_CHECKING:
        port: int

        def __init__(self, port: int = ...) -> None: ...


class evtchn_reset(Struct):
    """Closes all ports of a domain, and leaves the FIFO layout.

    struct evtchn_reset; 2 bytes.
    """

    _fields_ = (
        ("dom", c_uint16),  # @0 domid_t
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("dom",)

    if TYPE_CHECKING:
        dom: int

        def __init__(self, dom: int = ...) -> None: ...


class evtchn_init_control(Struct):
    """Gives a vCPU's FIFO control block; the first call turns the FIFO layout on.

    struct evtchn_init_control; 24 bytes.
    """

    _fields_ = (
        ("control_gfn", c_uint64),  # @0 uint64_t: frame of the control block
        ("offset", c_uint32),  # @8 uint32_t: bytes into the frame, a multiple of 8
        ("vcpu", c_uint32),  # @12 uint32_t
        ("link_bits", c_uint8),  # @16 uint8_t: out: width of an event word's link
        ("_pad", arr(c_uint8, 7)),  # @17 uint8_t
    )
    FORMAT = "<QIIBBBBBBBB"
    FORMAT_FIELDS = (
        "control_gfn", "offset", "vcpu", "link_bits", "_pad[0]", "_pad[1]", "_pad[2]", "_pad[3]",
        "_pad[4]", "_pad[5]", "_pad[6]",
    )

    if TYPE_CHECKING:
        control_gfn: int
        offset: int
        vcpu: int
        link_bits: int
        _pad: IntArrayField

        def __init__(
            self, control_gfn: int = ..., offset: int = ..., vcpu: int = ..., link_bits: int = ...,
            _pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class evtchn_expand_array(Struct):
    """Adds a page of 1024 event words to the FIFO event array.

    struct evtchn_expand_array; 8 bytes.
    """

    _fields_ = (
        ("array_gfn", c_uint64),  # @0 uint64_t: frame; stays Xen's until a reset
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("array_gfn",)

    if TYPE_CHECKING:
        array_gfn: int

        def __init__(self, array_gfn: int = ...) -> None: ...


class evtchn_set_priority(Struct):
    """Chooses the FIFO queue that a port's events go to.

    struct evtchn_set_priority; 8 bytes.
    """

    _fields_ = (
        ("port", c_uint32),  # @0 evtchn_port_t
        ("priority", c_uint32),  # @4 uint32_t: 0 first, 15 last
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("port", "priority")

    if TYPE_CHECKING:
        port: int
        priority: int

        def __init__(self, port: int = ..., priority: int = ...) -> None: ...


class evtchn_op_u(Union):
    """union evtchn_op_u; 24 bytes."""

    _fields_ = (
        ("alloc_unbound", evtchn_alloc_unbound),  # @0 evtchn_alloc_unbound_t
        ("bind_interdomain", evtchn_bind_interdomain),  # @0 evtchn_bind_interdomain_t
        ("bind_virq", evtchn_bind_virq),  # @0 evtchn_bind_virq_t
        ("bind_pirq", evtchn_bind_pirq),  # @0 evtchn_bind_pirq_t
        ("bind_ipi", evtchn_bind_ipi),  # @0 evtchn_bind_ipi_t
        ("close", evtchn_close),  # @0 evtchn_close_t
        ("send", evtchn_send),  # @0 evtchn_send_t
        ("status", evtchn_status),  # @0 evtchn_status_t
        ("bind_vcpu", evtchn_bind_vcpu),  # @0 evtchn_bind_vcpu_t
        ("unmask", evtchn_unmask),  # @0 evtchn_unmask_t
    )

    if TYPE_CHECKING:
        alloc_unbound: evtchn_alloc_unbound
        bind_interdomain: evtchn_bind_interdomain
        bind_virq: evtchn_bind_virq
        bind_pirq: evtchn_bind_pirq
        bind_ipi: evtchn_bind_ipi
        close: evtchn_close
        send: evtchn_send
        status: evtchn_status
        bind_vcpu: evtchn_bind_vcpu
        unmask: evtchn_unmask

        def __init__(
            self, alloc_unbound: evtchn_alloc_unbound = ...,
            bind_interdomain: evtchn_bind_interdomain = ..., bind_virq: evtchn_bind_virq = ...,
            bind_pirq: evtchn_bind_pirq = ..., bind_ipi: evtchn_bind_ipi = ...,
            close: evtchn_close = ..., send: evtchn_send = ..., status: evtchn_status = ...,
            bind_vcpu: evtchn_bind_vcpu = ..., unmask: evtchn_unmask = ...,
        ) -> None: ...


class evtchn_op(Struct):
    """Command and argument of the old one-argument hypercall.

    struct evtchn_op; 28 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("u", evtchn_op_u),  # @4 union
    )

    if TYPE_CHECKING:
        cmd: int
        u: evtchn_op_u

        def __init__(self, cmd: int = ..., u: evtchn_op_u = ...) -> None: ...


class evtchn_fifo_control_block(Struct):
    """A vCPU's queues of pending ports, one for each priority.

    struct evtchn_fifo_control_block; 72 bytes.
    """

    _fields_ = (
        ("ready", c_uint32),  # @0 uint32_t: bit n: queue of priority n has events
        ("_rsvd", c_uint32),  # @4 uint32_t
        ("head", arr(c_uint32, 16)),  # @8 uint32_t: first port of each queue
    )
    FORMAT = "<IIIIIIIIIIIIIIIIII"
    FORMAT_FIELDS = (
        "ready", "_rsvd", "head[0]", "head[1]", "head[2]", "head[3]", "head[4]", "head[5]",
        "head[6]", "head[7]", "head[8]", "head[9]", "head[10]", "head[11]", "head[12]", "head[13]",
        "head[14]", "head[15]",
    )

    if TYPE_CHECKING:
        ready: int
        _rsvd: int
        head: IntArrayField

        def __init__(
            self, ready: int = ..., _rsvd: int = ..., head: Sequence[int] | IntArray = ...,
        ) -> None: ...


evtchn_port_t = c_uint32
evtchn_alloc_unbound_t = evtchn_alloc_unbound
evtchn_bind_interdomain_t = evtchn_bind_interdomain
evtchn_bind_virq_t = evtchn_bind_virq
evtchn_bind_pirq_t = evtchn_bind_pirq
evtchn_bind_ipi_t = evtchn_bind_ipi
evtchn_close_t = evtchn_close
evtchn_send_t = evtchn_send
evtchn_status_t = evtchn_status
evtchn_bind_vcpu_t = evtchn_bind_vcpu
evtchn_unmask_t = evtchn_unmask
evtchn_reset_t = evtchn_reset
evtchn_init_control_t = evtchn_init_control
evtchn_expand_array_t = evtchn_expand_array
evtchn_set_priority_t = evtchn_set_priority
evtchn_op_t = evtchn_op
event_word_t = c_uint32
evtchn_fifo_control_block_t = evtchn_fifo_control_block
