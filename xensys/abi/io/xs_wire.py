# GENERATED from abi/io/xs_wire.json (io/xs_wire.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/xs_wire.h of Xen 4.20, x86_64 and arm64."""

from __future__ import annotations

from ctypes import c_char, c_int32, c_uint32, c_uint64

from .._base import Struct, arr

TYPE_CHECKING = False

# enum xsd_sockmsg_type
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
XS_TYPE_COUNT = 23
XS_INVALID = 0xffff
# enum xs_watch_type
XS_WATCH_PATH = 0
XS_WATCH_TOKEN = 1
XS_DEBUG = 0
XS_WRITE_NONE = "NONE"
XS_WRITE_CREATE = "CREATE"
XS_WRITE_CREATE_EXCL = "CREATE|EXCL"
XENSTORE_RING_SIZE = 1024
XENSTORE_PAYLOAD_MAX = 4096
XENSTORE_ABS_PATH_MAX = 3072
XENSTORE_REL_PATH_MAX = 2048
XENSTORE_SERVER_FEATURE_RECONNECTION = 1
XENSTORE_SERVER_FEATURE_ERROR = 2  # not in 4.14
XENSTORE_CONNECTED = 0
XENSTORE_RECONNECT = 1
XENSTORE_ERROR_NONE = 0  # not in 4.14
XENSTORE_ERROR_COMM = 1  # not in 4.14
XENSTORE_ERROR_RINGIDX = 2  # not in 4.14
XENSTORE_ERROR_PROTO = 3  # not in 4.14


class xsd_errors(Struct):
    """struct xsd_errors; 16 bytes."""

    _fields_ = (
        ("errnum", c_int32),  # @0 int
        ("errstring", c_uint64),  # @8 const char *
    )
    FORMAT = "<i4xQ"
    FORMAT_FIELDS = ("errnum", "errstring")

    if TYPE_CHECKING:
        errnum: int
        errstring: int

        def __init__(self, errnum: int = ..., errstring: int = ...) -> None: ...


class xsd_sockmsg(Struct):
    """struct xsd_sockmsg; 16 bytes."""

    _fields_ = (
        ("type", c_uint32),  # @0 uint32_t
        ("req_id", c_uint32),  # @4 uint32_t
        ("tx_id", c_uint32),  # @8 uint32_t
        ("len", c_uint32),  # @12 uint32_t
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
    """struct xenstore_domain_interface; 2076 bytes. otherwise in 4.14."""

    _fields_ = (
        ("req", arr(c_char, 1024)),  # @0 char
        ("rsp", arr(c_char, 1024)),  # @1024 char
        ("req_cons", c_uint32),  # @2048 XENSTORE_RING_IDX
        ("req_prod", c_uint32),  # @2052 XENSTORE_RING_IDX
        ("rsp_cons", c_uint32),  # @2056 XENSTORE_RING_IDX
        ("rsp_prod", c_uint32),  # @2060 XENSTORE_RING_IDX
        ("server_features", c_uint32),  # @2064 uint32_t
        ("connection", c_uint32),  # @2068 uint32_t
        ("error", c_uint32),  # @2072 uint32_t
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

        def __init__(
            self, req: bytes = ..., rsp: bytes = ..., req_cons: int = ..., req_prod: int = ...,
            rsp_cons: int = ..., rsp_prod: int = ..., server_features: int = ...,
            connection: int = ..., error: int = ...,
        ) -> None: ...


XENSTORE_RING_IDX = c_uint32
