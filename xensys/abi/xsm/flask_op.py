# GENERATED from abi/xsm/flask_op.json (xsm/flask_op.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""FLASK, Xen's mandatory access control: its policy, labels and decisions (HYPERVISOR_xsm_op).

xsm/flask_op.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint32, c_uint64

from .._base import HANDLE, Struct, Union

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base import HandleField, XenMemory

XEN_FLASK_INTERFACE_VERSION = 1  # What version has to be in every FLASK operation, else ENOSYS

# FLASK: Sub-operations of HYPERVISOR_xsm_op; USER and DISABLE are gone and give ENOSYS.
FLASK_LOAD = 1
FLASK_GETENFORCE = 2
FLASK_SETENFORCE = 3
FLASK_CONTEXT_TO_SID = 4
FLASK_SID_TO_CONTEXT = 5
FLASK_ACCESS = 6
FLASK_CREATE = 7
FLASK_RELABEL = 8
FLASK_USER = 9
FLASK_POLICYVERS = 10
FLASK_GETBOOL = 11
FLASK_SETBOOL = 12
FLASK_COMMITBOOLS = 13
FLASK_MLS = 14
FLASK_DISABLE = 15
FLASK_GETAVC_THRESHOLD = 16
FLASK_SETAVC_THRESHOLD = 17
FLASK_AVC_HASHSTATS = 18
FLASK_AVC_CACHESTATS = 19
FLASK_MEMBER = 20
FLASK_ADD_OCONTEXT = 21
FLASK_DEL_OCONTEXT = 22
FLASK_GET_PEER_SID = 23
FLASK_RELABEL_DOMAIN = 24
FLASK_DEVICETREE_LABEL = 25


class xen_flask_load(Struct):
    """Replaces the policy.

    struct xen_flask_load; 16 bytes.
    """

    _fields_ = (
        ("buffer", HANDLE),  # @0 XEN_GUEST_HANDLE(char)
        ("size", c_uint32),  # @8 uint32_t: bytes of the compiled policy
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("buffer", "size")

    if TYPE_CHECKING:
        buffer: HandleField
        size: int

        def __init__(self, buffer: XenMemory | None = ..., size: int = ...) -> None: ...


class xen_flask_setenforce(Struct):
    """Switches between refusing what the policy forbids and merely logging it.

    struct xen_flask_setenforce; 4 bytes.
    """

    _fields_ = (
        ("enforcing", c_uint32),  # @0 uint32_t: 0 permissive, else enforcing
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("enforcing",)

    if TYPE_CHECKING:
        enforcing: int

        def __init__(self, enforcing: int = ...) -> None: ...


class xen_flask_sid_context(Struct):
    """Translates between a label's text and its number (SID).

    struct xen_flask_sid_context; 16 bytes.
    """

    _fields_ = (
        ("sid", c_uint32),  # @0 uint32_t: number of a label
        ("size", c_uint32),  # @4 uint32_t: bytes of context; then what was needed (ERANGE if too few)
        ("context", HANDLE),  # @8 XEN_GUEST_HANDLE(char)
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("sid", "size", "context")

    if TYPE_CHECKING:
        sid: int
        size: int
        context: HandleField

        def __init__(
            self, sid: int = ..., size: int = ..., context: XenMemory | None = ...,
        ) -> None: ...


class xen_flask_access(Struct):
    """Asks what the policy allows one label to do to another.

    struct xen_flask_access; 32 bytes.
    """

    _fields_ = (
        ("ssid", c_uint32),  # @0 uint32_t: label of the subject
        ("tsid", c_uint32),  # @4 uint32_t: label of the object
        ("tclass", c_uint32),  # @8 uint32_t: class of the object, a number of the policy
        ("req", c_uint32),  # @12 uint32_t: permissions asked about, bits of the class
        ("allowed", c_uint32),  # @16 uint32_t: permissions that the policy grants
        ("audit_allow", c_uint32),  # @20 uint32_t: permissions whose use is logged
        ("audit_deny", c_uint32),  # @24 uint32_t: permissions whose use is logged
        ("seqno", c_uint32),  # @28 uint32_t: number of the policy that decided
    )
    FORMAT = "<IIIIIIII"
    FORMAT_FIELDS = (
        "ssid", "tsid", "tclass", "req", "allowed", "audit_allow", "audit_deny", "seqno",
    )

    if TYPE_CHECKING:
        ssid: int
        tsid: int
        tclass: int
        req: int
        allowed: int
        audit_allow: int
        audit_deny: int
        seqno: int

        def __init__(
            self, ssid: int = ..., tsid: int = ..., tclass: int = ..., req: int = ...,
            allowed: int = ..., audit_allow: int = ..., audit_deny: int = ..., seqno: int = ...,
        ) -> None: ...


class xen_flask_transition(Struct):
    """Asks for the label that an object gets: made, relabelled, or as a member.

    struct xen_flask_transition; 16 bytes.
    """

    _fields_ = (
        ("ssid", c_uint32),  # @0 uint32_t: label of the subject
        ("tsid", c_uint32),  # @4 uint32_t: label of the object
        ("tclass", c_uint32),  # @8 uint32_t: class of the object, a number of the policy
        ("newsid", c_uint32),  # @12 uint32_t: label that the object gets
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("ssid", "tsid", "tclass", "newsid")

    if TYPE_CHECKING:
        ssid: int
        tsid: int
        tclass: int
        newsid: int

        def __init__(
            self, ssid: int = ..., tsid: int = ..., tclass: int = ..., newsid: int = ...,
        ) -> None: ...


class xen_flask_boolean(Struct):
    """Reads or sets one of the policy's booleans, by number or name.

    struct xen_flask_boolean; 24 bytes.
    """

    _fields_ = (
        ("bool_id", c_uint32),  # @0 uint32_t: all ones: go by name, and fill this in
        ("enforcing", c_uint8),  # @4 uint8_t: value in force
        ("pending", c_uint8),  # @5 uint8_t: value that FLASK_COMMITBOOLS would put in force
        ("new_value", c_uint8),  # @6 uint8_t
        ("commit", c_uint8),  # @7 uint8_t: 1: in force at once
        ("size", c_uint32),  # @8 uint32_t: bytes of name
        ("name", HANDLE),  # @16 XEN_GUEST_HANDLE(char)
    )
    FORMAT = "<IBBBBI4xQ"
    FORMAT_FIELDS = ("bool_id", "enforcing", "pending", "new_value", "commit", "size", "name")

    if TYPE_CHECKING:
        bool_id: int
        enforcing: int
        pending: int
        new_value: int
        commit: int
        size: int
        name: HandleField

        def __init__(
            self, bool_id: int = ..., enforcing: int = ..., pending: int = ...,
            new_value: int = ..., commit: int = ..., size: int = ..., name: XenMemory | None = ...,
        ) -> None: ...


class xen_flask_setavc_threshold(Struct):
    """Sets how many decisions the cache may hold before it drops old ones.

    struct xen_flask_setavc_threshold; 4 bytes.
    """

    _fields_ = (
        ("threshold", c_uint32),  # @0 uint32_t: decisions
    )
    FORMAT = "<I"
    FORMAT_FIELDS = ("threshold",)

    if TYPE_CHECKING:
        threshold: int

        def __init__(self, threshold: int = ...) -> None: ...


class xen_flask_hash_stats(Struct):
    """How full the hash table of cached decisions is.

    struct xen_flask_hash_stats; 16 bytes.
    """

    _fields_ = (
        ("entries", c_uint32),  # @0 uint32_t
        ("buckets_used", c_uint32),  # @4 uint32_t
        ("buckets_total", c_uint32),  # @8 uint32_t
        ("max_chain_len", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("entries", "buckets_used", "buckets_total", "max_chain_len")

    if TYPE_CHECKING:
        entries: int
        buckets_used: int
        buckets_total: int
        max_chain_len: int

        def __init__(
            self, entries: int = ..., buckets_used: int = ..., buckets_total: int = ...,
            max_chain_len: int = ...,
        ) -> None: ...


class xen_flask_cache_stats(Struct):
    """How often one CPU found decisions in the cache.

    struct xen_flask_cache_stats; 28 bytes.
    """

    _fields_ = (
        ("cpu", c_uint32),  # @0 uint32_t: Xen's number of the CPU
        ("lookups", c_uint32),  # @4 uint32_t
        ("hits", c_uint32),  # @8 uint32_t
        ("misses", c_uint32),  # @12 uint32_t
        ("allocations", c_uint32),  # @16 uint32_t
        ("reclaims", c_uint32),  # @20 uint32_t
        ("frees", c_uint32),  # @24 uint32_t
    )
    FORMAT = "<IIIIIII"
    FORMAT_FIELDS = ("cpu", "lookups", "hits", "misses", "allocations", "reclaims", "frees")

    if TYPE_CHECKING:
        cpu: int
        lookups: int
        hits: int
        misses: int
        allocations: int
        reclaims: int
        frees: int

        def __init__(
            self, cpu: int = ..., lookups: int = ..., hits: int = ..., misses: int = ...,
            allocations: int = ..., reclaims: int = ..., frees: int = ...,
        ) -> None: ...


class xen_flask_ocontext(Struct):
    """Labels a range of interrupts, ports, memory or devices, or takes the label away.

    struct xen_flask_ocontext; 24 bytes.
    """

    _fields_ = (
        ("ocon", c_uint32),  # @0 uint32_t: 1 interrupts, 2 I/O ports, 3 machine frames, 4 PCI devices
        ("sid", c_uint32),  # @4 uint32_t: number of a label
        ("low", c_uint64),  # @8 uint64_t: first of the range
        ("high", c_uint64),  # @16 uint64_t: last of the range, inclusive; interrupts and devices go one at a time
    )
    FORMAT = "<IIQQ"
    FORMAT_FIELDS = ("ocon", "sid", "low", "high")

    if TYPE_CHECKING:
        ocon: int
        sid: int
        low: int
        high: int

        def __init__(
            self, ocon: int = ..., sid: int = ..., low: int = ..., high: int = ...,
        ) -> None: ...


class xen_flask_peersid(Struct):
    """Asks for the label of the domain at a port's other end.

    struct xen_flask_peersid; 8 bytes.
    """

    _fields_ = (
        ("evtchn", c_uint32),  # @0 evtchn_port_t: local port, bound interdomain
        ("sid", c_uint32),  # @4 uint32_t: number of a label
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("evtchn", "sid")

    if TYPE_CHECKING:
        evtchn: int
        sid: int

        def __init__(self, evtchn: int = ..., sid: int = ...) -> None: ...


class xen_flask_relabel(Struct):
    """Gives a domain another label.

    struct xen_flask_relabel; 8 bytes.
    """

    _fields_ = (
        ("domid", c_uint32),  # @0 uint32_t
        ("sid", c_uint32),  # @4 uint32_t: number of a label
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("domid", "sid")

    if TYPE_CHECKING:
        domid: int
        sid: int

        def __init__(self, domid: int = ..., sid: int = ...) -> None: ...


class xen_flask_devicetree_label(Struct):
    """Labels a node of the device tree, or takes its label away with SID 0.

    struct xen_flask_devicetree_label; 16 bytes.
    """

    _fields_ = (
        ("sid", c_uint32),  # @0 uint32_t: number of a label
        ("length", c_uint32),  # @4 uint32_t: bytes of path
        ("path", HANDLE),  # @8 XEN_GUEST_HANDLE(char)
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("sid", "length", "path")

    if TYPE_CHECKING:
        sid: int
        length: int
        path: HandleField

        def __init__(
            self, sid: int = ..., length: int = ..., path: XenMemory | None = ...,
        ) -> None: ...


class xen_flask_op_u(Union):
    """union xen_flask_op_u; 32 bytes."""

    _fields_ = (
        ("load", xen_flask_load),  # @0 xen_flask_load_t
        ("enforce", xen_flask_setenforce),  # @0 xen_flask_setenforce_t
        ("sid_context", xen_flask_sid_context),  # @0 xen_flask_sid_context_t
        ("access", xen_flask_access),  # @0 xen_flask_access_t
        ("transition", xen_flask_transition),  # @0 xen_flask_transition_t
        ("boolean", xen_flask_boolean),  # @0 xen_flask_boolean_t
        ("setavc_threshold", xen_flask_setavc_threshold),  # @0 xen_flask_setavc_threshold_t
        ("hash_stats", xen_flask_hash_stats),  # @0 xen_flask_hash_stats_t
        ("cache_stats", xen_flask_cache_stats),  # @0 xen_flask_cache_stats_t
        ("ocontext", xen_flask_ocontext),  # @0 xen_flask_ocontext_t
        ("peersid", xen_flask_peersid),  # @0 xen_flask_peersid_t
        ("relabel", xen_flask_relabel),  # @0 xen_flask_relabel_t
        ("devicetree_label", xen_flask_devicetree_label),  # @0 xen_flask_devicetree_label_t
    )

    if TYPE_CHECKING:
        load: xen_flask_load
        enforce: xen_flask_setenforce
        sid_context: xen_flask_sid_context
        access: xen_flask_access
        transition: xen_flask_transition
        boolean: xen_flask_boolean
        setavc_threshold: xen_flask_setavc_threshold
        hash_stats: xen_flask_hash_stats
        cache_stats: xen_flask_cache_stats
        ocontext: xen_flask_ocontext
        peersid: xen_flask_peersid
        relabel: xen_flask_relabel
        devicetree_label: xen_flask_devicetree_label

        def __init__(
            self, load: xen_flask_load = ..., enforce: xen_flask_setenforce = ...,
            sid_context: xen_flask_sid_context = ..., access: xen_flask_access = ...,
            transition: xen_flask_transition = ..., boolean: xen_flask_boolean = ...,
            setavc_threshold: xen_flask_setavc_threshold = ...,
            hash_stats: xen_flask_hash_stats = ..., cache_stats: xen_flask_cache_stats = ...,
            ocontext: xen_flask_ocontext = ..., peersid: xen_flask_peersid = ...,
            relabel: xen_flask_relabel = ..., devicetree_label: xen_flask_devicetree_label = ...,
        ) -> None: ...


class xen_flask_op(Struct):
    """A FLASK operation, selected by cmd.

    struct xen_flask_op; 40 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 uint32_t
        ("interface_version", c_uint32),  # @4 uint32_t: XEN_FLASK_INTERFACE_VERSION
        ("u", xen_flask_op_u),  # @8 union
    )

    if TYPE_CHECKING:
        cmd: int
        interface_version: int
        u: xen_flask_op_u

        def __init__(
            self, cmd: int = ..., interface_version: int = ..., u: xen_flask_op_u = ...,
        ) -> None: ...


xen_flask_load_t = xen_flask_load
xen_flask_setenforce_t = xen_flask_setenforce
xen_flask_sid_context_t = xen_flask_sid_context
xen_flask_access_t = xen_flask_access
xen_flask_transition_t = xen_flask_transition
xen_flask_boolean_t = xen_flask_boolean
xen_flask_setavc_threshold_t = xen_flask_setavc_threshold
xen_flask_hash_stats_t = xen_flask_hash_stats
xen_flask_cache_stats_t = xen_flask_cache_stats
xen_flask_ocontext_t = xen_flask_ocontext
xen_flask_peersid_t = xen_flask_peersid
xen_flask_relabel_t = xen_flask_relabel
xen_flask_devicetree_label_t = xen_flask_devicetree_label
xen_flask_op_t = xen_flask_op
