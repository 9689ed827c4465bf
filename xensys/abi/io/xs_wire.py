# GENERATED from abi/io/xs_wire.json (io/xs_wire.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Xenstore's messages, and the page that carries them between a domain and the daemon.

io/xs_wire.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int32, c_uint32, c_uint64

from .._base import Struct, arr, fitting

TYPE_CHECKING = False

# xsd_sockmsg_type: Messages. A reply has its request's type, or XS_ERROR; XS_WATCH_EVENT comes
# unasked.
XS_CONTROL = 0
XS_DIRECTORY = 1
XS_READ = 2
XS_GET_PERMS = 3
XS_WATCH = 4
XS_UNWATCH = 5
XS_TRANSACTION_START = 6
XS_TRANSACTION_END = 7
XS_INTRODUCE = 8
XS_RELEASE = 9
XS_GET_DOMAIN_PATH = 10
XS_WRITE = 11
XS_MKDIR = 12
XS_RM = 13
XS_SET_PERMS = 14
XS_WATCH_EVENT = 15
XS_ERROR = 16
XS_IS_DOMAIN_INTRODUCED = 17
XS_RESUME = 18
XS_SET_TARGET = 19
XS_RESET_WATCHES = 21
XS_DIRECTORY_PART = 22
XS_GET_FEATURE = 23  # since 4.21, not compiled here
XS_SET_FEATURE = 24  # since 4.21, not compiled here
XS_GET_QUOTA = 25  # since 4.21, not compiled here
XS_SET_QUOTA = 26  # since 4.21, not compiled here

XS_TYPE_COUNT = 23  # One more than the highest message type; grows with releases; otherwise in 4.22, 4.21

# xsd_sockmsg_type, more
XS_INVALID = 0xffff

# xs_watch_type: Which string of a watch event is what.
XS_WATCH_PATH = 0
XS_WATCH_TOKEN = 1

# xsd_sockmsg_type, more
XS_DEBUG = 0

# XS_WRITE: Words of a form of XS_WRITE long gone; no message has them.
XS_WRITE_NONE = "NONE"  # gone in 4.21
XS_WRITE_CREATE = "CREATE"  # gone in 4.21
XS_WRITE_CREATE_EXCL = "CREATE|EXCL"  # gone in 4.21

XENSTORE_RING_SIZE = 1024  # Bytes of each ring; a byte lies at its index modulo this

# XENSTORE_MAX: Longest payload (more closes the connection) and paths (more is an error), in bytes.
XENSTORE_PAYLOAD_MAX = 4096
XENSTORE_ABS_PATH_MAX = 3072
XENSTORE_REL_PATH_MAX = 2048

# XENSTORE_SERVER_FEATURE: What the daemon offers on this connection; bits are never taken back.
XENSTORE_SERVER_FEATURE_RECONNECTION = 1
XENSTORE_SERVER_FEATURE_ERROR = 2  # not in 4.14
XENSTORE_SERVER_FEATURE_WATCHDEPTH = 4  # since 4.22, not compiled here
XENSTORE_SERVER_FEATURE_DOMID_ANY = 8  # since 4.22, not compiled here

# XENSTORE_CONNECTION: The guest sets RECONNECT to start afresh, the daemon CONNECTED when that is
# done.
XENSTORE_CONNECTED = 0
XENSTORE_RECONNECT = 1

# XENSTORE_ERROR: Why the daemon stopped serving this page; for diagnosis, others may come.
XENSTORE_ERROR_NONE = 0  # not in 4.14
XENSTORE_ERROR_COMM = 1  # not in 4.14
XENSTORE_ERROR_RINGIDX = 2  # not in 4.14
XENSTORE_ERROR_PROTO = 3  # not in 4.14


class xsd_errors(Struct):
    """A row of the header's table of error names; errors travel as names (EINVAL).

    struct xsd_errors; 16 bytes.
    """

    _fields_ = (
        ("errnum", c_int32),  # @0 int: the C library's number on the machine that compiled it
        ("errstring", c_uint64),  # @8 const char *: what is sent
    )
    FORMAT = "<i4xQ"
    FORMAT_FIELDS = ("errnum", "errstring")

    if TYPE_CHECKING:
        errnum: int
        errstring: int

        def __init__(self, errnum: int = ..., errstring: int = ...) -> None: ...


class xsd_sockmsg(Struct):
    """Head of every message; the payload follows.

    struct xsd_sockmsg; 16 bytes.
    """

    _fields_ = (
        ("type", c_uint32),  # @0 uint32_t
        ("req_id", c_uint32),  # @4 uint32_t: the sender's; replies repeat it, watch events have 0
        ("tx_id", c_uint32),  # @8 uint32_t: transaction; 0: none
        ("len", c_uint32),  # @12 uint32_t: bytes of payload, at most XENSTORE_PAYLOAD_MAX
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("type", "req_id", "tx_id", "len")

    if TYPE_CHECKING:
        type: int
        req_id: int
        tx_id: int
        len: int

        def __init__(
            self, type: int = ..., req_id: int = ..., tx_id: int = ..., len: int = ...,
        ) -> None: ...


class xenstore_domain_interface(Struct):
    """The xenstore page: two rings of bytes, then what the daemon and the guest negotiate.

    struct xenstore_domain_interface; 2080 bytes. otherwise in 4.20, 4.17, 4.14; 2076 bytes up to 4.20.
    """

    _fields_ = (
        ("req", arr(c_char, 1024)),  # @0 char: guest to daemon
        ("rsp", arr(c_char, 1024)),  # @1024 char: daemon to guest: replies and watch events
        ("req_cons", c_uint32),  # @2048 XENSTORE_RING_IDX: bytes the daemon has read, free-running
        ("req_prod", c_uint32),  # @2052 XENSTORE_RING_IDX: bytes the guest has written, free-running
        ("rsp_cons", c_uint32),  # @2056 XENSTORE_RING_IDX: bytes the guest has read, free-running
        ("rsp_prod", c_uint32),  # @2060 XENSTORE_RING_IDX: bytes the daemon has written, free-running
        ("server_features", c_uint32),  # @2064 uint32_t
        ("connection", c_uint32),  # @2068 uint32_t: if RECONNECTION is offered
        ("error", c_uint32),  # @2072 uint32_t: if ERROR is offered
        ("evtchn_port", c_uint32),  # @2076 uint32_t; if not 0, used over XS_INTRODUCE's; since 4.21
    )

    if TYPE_CHECKING:
        req: bytes
        rsp: bytes
        req_cons: int
        req_prod: int
        rsp_cons: int
        rsp_prod: int
        server_features: int
        connection: int
        error: int
        evtchn_port: int

        def __init__(
            self, req: bytes = ..., rsp: bytes = ..., req_cons: int = ..., req_prod: int = ...,
            rsp_cons: int = ..., rsp_prod: int = ..., server_features: int = ...,
            connection: int = ..., error: int = ..., evtchn_port: int = ...,
        ) -> None: ...


XENSTORE_RING_IDX = c_uint32


def MASK_XENSTORE_IDX(idx: int) -> int:
    """The place in the XenStore ring that a free-running index stands for.

    Macro MASK_XENSTORE_IDX; idx in 0..0xffffffff.
    """
    idx = fitting(idx, 0, 0xffffffff, "MASK_XENSTORE_IDX(idx)")
    return idx & XENSTORE_RING_SIZE - 1
