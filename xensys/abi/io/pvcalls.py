# GENERATED from abi/io/pvcalls.json (io/pvcalls.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""POSIX sockets of the back end's network for a guest: calls on one ring, data on a ring per connection.

io/pvcalls.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_int32, c_uint8, c_uint32, c_uint64

from .._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import IntArray, IntArrayField, StructArray, StructArrayField

# PVCALLS: What is called: POSIX's function of that name; release is close.
PVCALLS_SOCKET = 0
PVCALLS_CONNECT = 1
PVCALLS_RELEASE = 2
PVCALLS_BIND = 3
PVCALLS_LISTEN = 4
PVCALLS_ACCEPT = 5
PVCALLS_POLL = 6


class pvcalls_data_intf(Struct):
    """The page that describes a connection's data ring: indexes, errors, grants.

    struct pvcalls_data_intf; 132 bytes.
    """

    _fields_ = (
        ("in_cons", c_uint32),  # @0 RING_IDX: bytes the front end has read, free-running
        ("in_prod", c_uint32),  # @4 RING_IDX: bytes the back end has written, free-running
        ("in_error", c_uint32),  # @8 RING_IDX: 0, or a negated errno as int32; -107: the peer is done
        ("pad1", arr(c_uint8, 52)),  # @12 uint8_t
        ("out_cons", c_uint32),  # @64 RING_IDX: bytes the back end has read, free-running
        ("out_prod", c_uint32),  # @68 RING_IDX: bytes the front end has written, free-running
        ("out_error", c_uint32),  # @72 RING_IDX: 0, or a negated errno as int32
        ("pad2", arr(c_uint8, 52)),  # @76 uint8_t
        ("ring_order", c_uint32),  # @128 RING_IDX: log2 of the 4 KiB data pages; each half has half of them
        ("ref", arr(c_uint32, 0)),  # @132 grant_ref_t: grants of the data pages, 1 << ring_order of them
    )

    if TYPE_CHECKING:
        in_cons: int
        in_prod: int
        in_error: int
        pad1: IntArrayField
        out_cons: int
        out_prod: int
        out_error: int
        pad2: IntArrayField
        ring_order: int
        ref: IntArrayField

        def __init__(
            self, in_cons: int = ..., in_prod: int = ..., in_error: int = ...,
            pad1: Sequence[int] | IntArray = ..., out_cons: int = ..., out_prod: int = ...,
            out_error: int = ..., pad2: Sequence[int] | IntArray = ..., ring_order: int = ...,
            ref: Sequence[int] | IntArray = ...,
        ) -> None: ...


class pvcalls_data(Struct):
    """Where one end has mapped the two halves of a data ring; not shared.

    struct pvcalls_data; 16 bytes.
    """

    _fields_ = (
        ("in_", c_uint64),  # @0 unsigned char *: first half: received data
        ("out", c_uint64),  # @8 unsigned char *: second half: data to send
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("in_", "out")

    if TYPE_CHECKING:
        in_: int
        out: int

        def __init__(self, in_: int = ..., out: int = ...) -> None: ...


class xen_pvcalls_socket(Struct):
    """Makes a socket; only TCP over IPv4 need be supported.

    struct xen_pvcalls_socket; 24 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
        ("domain", c_uint32),  # @8 uint32_t: AF_INET (2)
        ("type", c_uint32),  # @12 uint32_t: SOCK_STREAM (1)
        ("protocol", c_uint32),  # @16 uint32_t: 0
        ("pad", arr(c_uint8, 4)),  # @20 uint8_t
    )
    FORMAT = "<QIIIBBBB"
    FORMAT_FIELDS = ("id", "domain", "type", "protocol", "pad[0]", "pad[1]", "pad[2]", "pad[3]")

    if TYPE_CHECKING:
        id: int
        domain: int
        type: int
        protocol: int
        pad: IntArrayField

        def __init__(
            self, id: int = ..., domain: int = ..., type: int = ..., protocol: int = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pvcalls_connect(Struct):
    """Connects a socket and hands over its data ring.

    struct xen_pvcalls_connect; 56 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
        ("addr", arr(c_uint8, 28)),  # @8 uint8_t: a sockaddr_in, port and address in network order
        ("len", c_uint32),  # @36 uint32_t: bytes of addr in use
        ("flags", c_uint32),  # @40 uint32_t: none defined
        ("ref", c_uint32),  # @44 grant_ref_t: grant of the pvcalls_data_intf page
        ("evtchn", c_uint32),  # @48 uint32_t: the front end's port for this data ring
        ("pad", arr(c_uint8, 4)),  # @52 uint8_t
    )
    FORMAT = "<QBBBBBBBBBBBBBBBBBBBBBBBBBBBBIIIIBBBB"
    FORMAT_FIELDS = (
        "id", "addr[0]", "addr[1]", "addr[2]", "addr[3]", "addr[4]", "addr[5]", "addr[6]",
        "addr[7]", "addr[8]", "addr[9]", "addr[10]", "addr[11]", "addr[12]", "addr[13]", "addr[14]",
        "addr[15]", "addr[16]", "addr[17]", "addr[18]", "addr[19]", "addr[20]", "addr[21]",
        "addr[22]", "addr[23]", "addr[24]", "addr[25]", "addr[26]", "addr[27]", "len", "flags",
        "ref", "evtchn", "pad[0]", "pad[1]", "pad[2]", "pad[3]",
    )

    if TYPE_CHECKING:
        id: int
        addr: IntArrayField
        len: int
        flags: int
        ref: int
        evtchn: int
        pad: IntArrayField

        def __init__(
            self, id: int = ..., addr: Sequence[int] | IntArray = ..., len: int = ...,
            flags: int = ..., ref: int = ..., evtchn: int = ...,
            pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pvcalls_release(Struct):
    """Closes a socket, and unmaps its data ring if it has one.

    struct xen_pvcalls_release; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
        ("reuse", c_uint8),  # @8 uint8_t: 1: the same pages and port will serve another socket
        ("pad", arr(c_uint8, 7)),  # @9 uint8_t
    )
    FORMAT = "<QBBBBBBBB"
    FORMAT_FIELDS = (
        "id", "reuse", "pad[0]", "pad[1]", "pad[2]", "pad[3]", "pad[4]", "pad[5]", "pad[6]",
    )

    if TYPE_CHECKING:
        id: int
        reuse: int
        pad: IntArrayField

        def __init__(
            self, id: int = ..., reuse: int = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pvcalls_bind(Struct):
    """Gives a socket its address.

    struct xen_pvcalls_bind; 40 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
        ("addr", arr(c_uint8, 28)),  # @8 uint8_t: a sockaddr_in, port and address in network order
        ("len", c_uint32),  # @36 uint32_t: bytes of addr in use
    )
    FORMAT = "<QBBBBBBBBBBBBBBBBBBBBBBBBBBBBI"
    FORMAT_FIELDS = (
        "id", "addr[0]", "addr[1]", "addr[2]", "addr[3]", "addr[4]", "addr[5]", "addr[6]",
        "addr[7]", "addr[8]", "addr[9]", "addr[10]", "addr[11]", "addr[12]", "addr[13]", "addr[14]",
        "addr[15]", "addr[16]", "addr[17]", "addr[18]", "addr[19]", "addr[20]", "addr[21]",
        "addr[22]", "addr[23]", "addr[24]", "addr[25]", "addr[26]", "addr[27]", "len",
    )

    if TYPE_CHECKING:
        id: int
        addr: IntArrayField
        len: int

        def __init__(
            self, id: int = ..., addr: Sequence[int] | IntArray = ..., len: int = ...,
        ) -> None: ...


class xen_pvcalls_listen(Struct):
    """Makes a bound socket wait for connections.

    struct xen_pvcalls_listen; 16 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
        ("backlog", c_uint32),  # @8 uint32_t: connections that may wait
        ("pad", arr(c_uint8, 4)),  # @12 uint8_t
    )
    FORMAT = "<QIBBBB"
    FORMAT_FIELDS = ("id", "backlog", "pad[0]", "pad[1]", "pad[2]", "pad[3]")

    if TYPE_CHECKING:
        id: int
        backlog: int
        pad: IntArrayField

        def __init__(
            self, id: int = ..., backlog: int = ..., pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pvcalls_accept(Struct):
    """Takes a connection when there is one; answered then, not before.

    struct xen_pvcalls_accept; 24 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the listening socket
        ("id_new", c_uint64),  # @8 uint64_t: the front end's name for the new socket
        ("ref", c_uint32),  # @16 grant_ref_t: grant of the pvcalls_data_intf page
        ("evtchn", c_uint32),  # @20 uint32_t: the front end's port for this data ring
    )
    FORMAT = "<QQII"
    FORMAT_FIELDS = ("id", "id_new", "ref", "evtchn")

    if TYPE_CHECKING:
        id: int
        id_new: int
        ref: int
        evtchn: int

        def __init__(
            self, id: int = ..., id_new: int = ..., ref: int = ..., evtchn: int = ...,
        ) -> None: ...


class xen_pvcalls_poll(Struct):
    """Asks to be answered when a listening socket has a connection to accept.

    struct xen_pvcalls_poll; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class xen_pvcalls_dummy(Struct):
    """Keeps requests of one size on every architecture.

    struct xen_pvcalls_dummy; 56 bytes.
    """

    _fields_ = (
        ("dummy", arr(c_uint8, 56)),  # @0 uint8_t
    )
    FORMAT = "<BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
    FORMAT_FIELDS = (
        "dummy[0]", "dummy[1]", "dummy[2]", "dummy[3]", "dummy[4]", "dummy[5]", "dummy[6]",
        "dummy[7]", "dummy[8]", "dummy[9]", "dummy[10]", "dummy[11]", "dummy[12]", "dummy[13]",
        "dummy[14]", "dummy[15]", "dummy[16]", "dummy[17]", "dummy[18]", "dummy[19]", "dummy[20]",
        "dummy[21]", "dummy[22]", "dummy[23]", "dummy[24]", "dummy[25]", "dummy[26]", "dummy[27]",
        "dummy[28]", "dummy[29]", "dummy[30]", "dummy[31]", "dummy[32]", "dummy[33]", "dummy[34]",
        "dummy[35]", "dummy[36]", "dummy[37]", "dummy[38]", "dummy[39]", "dummy[40]", "dummy[41]",
        "dummy[42]", "dummy[43]", "dummy[44]", "dummy[45]", "dummy[46]", "dummy[47]", "dummy[48]",
        "dummy[49]", "dummy[50]", "dummy[51]", "dummy[52]", "dummy[53]", "dummy[54]", "dummy[55]",
    )

    if TYPE_CHECKING:
        dummy: IntArrayField

        def __init__(self, dummy: Sequence[int] | IntArray = ...) -> None: ...


class xen_pvcalls_request_u(Union):
    """union xen_pvcalls_request_u; 56 bytes."""

    _fields_ = (
        ("socket", xen_pvcalls_socket),  # @0 xen_pvcalls_socket
        ("connect", xen_pvcalls_connect),  # @0 xen_pvcalls_connect
        ("release", xen_pvcalls_release),  # @0 xen_pvcalls_release
        ("bind", xen_pvcalls_bind),  # @0 xen_pvcalls_bind
        ("listen", xen_pvcalls_listen),  # @0 xen_pvcalls_listen
        ("accept", xen_pvcalls_accept),  # @0 xen_pvcalls_accept
        ("poll", xen_pvcalls_poll),  # @0 xen_pvcalls_poll
        ("dummy", xen_pvcalls_dummy),  # @0 xen_pvcalls_dummy
    )

    if TYPE_CHECKING:
        socket: xen_pvcalls_socket
        connect: xen_pvcalls_connect
        release: xen_pvcalls_release
        bind: xen_pvcalls_bind
        listen: xen_pvcalls_listen
        accept: xen_pvcalls_accept
        poll: xen_pvcalls_poll
        dummy: xen_pvcalls_dummy

        def __init__(
            self, socket: xen_pvcalls_socket = ..., connect: xen_pvcalls_connect = ...,
            release: xen_pvcalls_release = ..., bind: xen_pvcalls_bind = ...,
            listen: xen_pvcalls_listen = ..., accept: xen_pvcalls_accept = ...,
            poll: xen_pvcalls_poll = ..., dummy: xen_pvcalls_dummy = ...,
        ) -> None: ...


class xen_pvcalls_request(Struct):
    """One call, 64 bytes.

    struct xen_pvcalls_request; 64 bytes.
    """

    _fields_ = (
        ("req_id", c_uint32),  # @0 uint32_t: the front end's, one per call; the response repeats it
        ("cmd", c_uint32),  # @4 uint32_t
        ("u", xen_pvcalls_request_u),  # @8 union
    )

    if TYPE_CHECKING:
        req_id: int
        cmd: int
        u: xen_pvcalls_request_u

        def __init__(
            self, req_id: int = ..., cmd: int = ..., u: xen_pvcalls_request_u = ...,
        ) -> None: ...


class _xen_pvcalls_socket(Struct):
    """Which socket it was.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_connect(Struct):
    """Which socket was connected.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_release(Struct):
    """Which socket was closed.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_bind(Struct):
    """Which socket was bound.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_listen(Struct):
    """Which socket listens.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_accept(Struct):
    """Which listening socket got the connection.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_poll(Struct):
    """Which listening socket has a connection waiting.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("id", c_uint64),  # @0 uint64_t: the front end's name for the socket
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("id",)

    if TYPE_CHECKING:
        id: int

        def __init__(self, id: int = ...) -> None: ...


class _xen_pvcalls_dummy(Struct):
    """Keeps responses of one size on every architecture.

    an anonymous struct; 8 bytes.
    """

    _fields_ = (
        ("dummy", arr(c_uint8, 8)),  # @0 uint8_t
    )
    FORMAT = "<BBBBBBBB"
    FORMAT_FIELDS = (
        "dummy[0]", "dummy[1]", "dummy[2]", "dummy[3]", "dummy[4]", "dummy[5]", "dummy[6]",
        "dummy[7]",
    )

    if TYPE_CHECKING:
        dummy: IntArrayField

        def __init__(self, dummy: Sequence[int] | IntArray = ...) -> None: ...


class xen_pvcalls_response_u(Union):
    """union xen_pvcalls_response_u; 8 bytes."""

    _fields_ = (
        ("socket", _xen_pvcalls_socket),  # @0 _xen_pvcalls_socket
        ("connect", _xen_pvcalls_connect),  # @0 _xen_pvcalls_connect
        ("release", _xen_pvcalls_release),  # @0 _xen_pvcalls_release
        ("bind", _xen_pvcalls_bind),  # @0 _xen_pvcalls_bind
        ("listen", _xen_pvcalls_listen),  # @0 _xen_pvcalls_listen
        ("accept", _xen_pvcalls_accept),  # @0 _xen_pvcalls_accept
        ("poll", _xen_pvcalls_poll),  # @0 _xen_pvcalls_poll
        ("dummy", _xen_pvcalls_dummy),  # @0 _xen_pvcalls_dummy
    )

    if TYPE_CHECKING:
        socket: _xen_pvcalls_socket
        connect: _xen_pvcalls_connect
        release: _xen_pvcalls_release
        bind: _xen_pvcalls_bind
        listen: _xen_pvcalls_listen
        accept: _xen_pvcalls_accept
        poll: _xen_pvcalls_poll
        dummy: _xen_pvcalls_dummy

        def __init__(
            self, socket: _xen_pvcalls_socket = ..., connect: _xen_pvcalls_connect = ...,
            release: _xen_pvcalls_release = ..., bind: _xen_pvcalls_bind = ...,
            listen: _xen_pvcalls_listen = ..., accept: _xen_pvcalls_accept = ...,
            poll: _xen_pvcalls_poll = ..., dummy: _xen_pvcalls_dummy = ...,
        ) -> None: ...


class xen_pvcalls_response(Struct):
    """What a call returned.

    struct xen_pvcalls_response; 24 bytes.
    """

    _fields_ = (
        ("req_id", c_uint32),  # @0 uint32_t: the front end's, one per call; the response repeats it
        ("cmd", c_uint32),  # @4 uint32_t
        ("ret", c_int32),  # @8 int32_t: 0 or a negated errno; -524: no such call, family or type
        ("pad", c_uint32),  # @12 uint32_t
        ("u", xen_pvcalls_response_u),  # @16 union
    )

    if TYPE_CHECKING:
        req_id: int
        cmd: int
        ret: int
        pad: int
        u: xen_pvcalls_response_u

        def __init__(
            self, req_id: int = ..., cmd: int = ..., ret: int = ..., pad: int = ...,
            u: xen_pvcalls_response_u = ...,
        ) -> None: ...


class xen_pvcalls_sring_entry(Union):
    """A slot of the command ring: a request, or the response that took its place.

    union xen_pvcalls_sring_entry; 64 bytes.
    """

    _fields_ = (
        ("req", xen_pvcalls_request),  # @0 xen_pvcalls_request
        ("rsp", xen_pvcalls_response),  # @0 xen_pvcalls_response
    )

    if TYPE_CHECKING:
        req: xen_pvcalls_request
        rsp: xen_pvcalls_response

        def __init__(
            self, req: xen_pvcalls_request = ..., rsp: xen_pvcalls_response = ...,
        ) -> None: ...


class xen_pvcalls_sring_pvt_netif(Struct):
    """struct xen_pvcalls_sring_pvt_netif; 1 bytes."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class xen_pvcalls_sring_pvt_tapif_user(Struct):
    """struct xen_pvcalls_sring_pvt_tapif_user; 1 bytes."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class xen_pvcalls_sring_pvt(Union):
    """union xen_pvcalls_sring_pvt; 4 bytes."""

    _fields_ = (
        ("netif", xen_pvcalls_sring_pvt_netif),  # @0 struct
        ("tapif_user", xen_pvcalls_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: xen_pvcalls_sring_pvt_netif
        tapif_user: xen_pvcalls_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: xen_pvcalls_sring_pvt_netif = ...,
            tapif_user: xen_pvcalls_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class xen_pvcalls_sring(Struct):
    """The shared command ring: indexes, then slots up to the end of the last page.

    struct xen_pvcalls_sring; 64 bytes. otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests published, free-running
        ("req_event", c_uint32),  # @4 RING_IDX: back end wants an event when req_prod gets here
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses published, free-running
        ("rsp_event", c_uint32),  # @12 RING_IDX: front end wants an event when rsp_prod gets here
        ("pvt", xen_pvcalls_sring_pvt),  # @16 union: of early network drivers; zero
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(xen_pvcalls_sring_entry, 0)),  # @64 xen_pvcalls_sring_entry: slots, power of two
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: xen_pvcalls_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[xen_pvcalls_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: xen_pvcalls_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[xen_pvcalls_sring_entry] | StructArray[xen_pvcalls_sring_entry] = ...,
        ) -> None: ...


class xen_pvcalls_front_ring(Struct):
    """What the front end keeps of the command ring for itself; not shared.

    struct xen_pvcalls_front_ring; 24 bytes.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_pvcalls_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("req_prod_pvt", "rsp_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        req_prod_pvt: int
        rsp_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, req_prod_pvt: int = ..., rsp_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class xen_pvcalls_back_ring(Struct):
    """What the back end keeps of the command ring for itself; not shared.

    struct xen_pvcalls_back_ring; 24 bytes.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests taken
        ("nr_ents", c_uint32),  # @8 unsigned int: slots, power of two
        ("sring", c_uint64),  # @16 xen_pvcalls_sring *: the shared ring, as mapped here
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("rsp_prod_pvt", "req_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        rsp_prod_pvt: int
        req_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, rsp_prod_pvt: int = ..., req_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


xen_pvcalls_sring_t = xen_pvcalls_sring
xen_pvcalls_front_ring_t = xen_pvcalls_front_ring
xen_pvcalls_back_ring_t = xen_pvcalls_back_ring
