"""XenStore's messages, without I/O.

A request becomes bytes in `Request.encode()`; bytes that came become messages
in `Decoder.feed()`. Which reply belongs to which request is a session's
business, and so is a reply that nobody waits for or that has the wrong type:
the decoder hands on every message that is whole.

What is refused here is what every xenstored refuses, or what would mean
something else once sent:

    too long a message   the daemon drops the connection; Linux's device says EINVAL or E2BIG
    a path with a NUL    it would end there
    an empty path, one with "//", with a "/" at its end or with another
    character than A-Z a-z 0-9 - / _ @
                         EINVAL from both daemons, in all releases since 4.14
    "@introduceDomain" and its like, but for watches and permissions
                         EINVAL from the C daemon. oxenstored takes it for a child of the
                         root, which "/@introduceDomain" says as well

Not refused here, for there are daemons that take it:

    long paths           since Xen 4.15 no daemon knows XENSTORE_ABS_PATH_MAX. Guests may have
                         XENSTORE_REL_PATH_MAX bytes, not counting /local/domain/<domid>/, or
                         what the administrator said (the C daemon from 4.22 on: one less);
                         dom0 has the C daemon's word for as many as fit in a message, from
                         4.18 on. Too long is EINVAL, and the error gets a hint
    odd "@" paths        oxenstored, and the C daemon before 4.18, watch them all
    relative paths       a socket's are dom0's, or (C, from 4.21 on) beneath /local/domain/65535
"""

from __future__ import annotations

import errno as _errno
from os import strerror
from struct import Struct
from struct import error as StructError

from xensys._packing import explain
from xensys.abi.io import xs_wire as abi
from xensys.errors import (
    NodeNotFoundError,
    StoreConnectionError,
    StoreError,
    StoreNotSupportedError,
    StorePermissionError,
    StoreTimeoutError,
    TransactionConflictError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import SupportsIndex

    ReadableBuffer = bytes | bytearray | memoryview

__all__ = [
    "DEVICE_LIMIT",
    "ERRORS",
    "HEADER_SIZE",
    "NAMES",
    "SOCKET_LIMIT",
    "Decoder",
    "Message",
    "Request",
    "checked_path",
    "parse_error",
    "parse_watch_event",
]

_HEADER = Struct(abi.xsd_sockmsg.FORMAT)
_pack = _HEADER.pack
_unpack_from = _HEADER.unpack_from

#: Bytes of the header, `xsd_sockmsg`.
HEADER_SIZE = _HEADER.size
#: Bytes of the longest message, header included, that a socket or a ring carries.
SOCKET_LIMIT = HEADER_SIZE + abi.XENSTORE_PAYLOAD_MAX
#: The same of Linux's /dev/xen/xenbus, whose buffer holds the header as well.
DEVICE_LIMIT = abi.XENSTORE_PAYLOAD_MAX

#: Message type → its name in C. 20, which was RESTRICT, is nobody's.
NAMES = {
    abi.XS_CONTROL: "XS_CONTROL",
    abi.XS_DIRECTORY: "XS_DIRECTORY",
    abi.XS_READ: "XS_READ",
    abi.XS_GET_PERMS: "XS_GET_PERMS",
    abi.XS_WATCH: "XS_WATCH",
    abi.XS_UNWATCH: "XS_UNWATCH",
    abi.XS_TRANSACTION_START: "XS_TRANSACTION_START",
    abi.XS_TRANSACTION_END: "XS_TRANSACTION_END",
    abi.XS_INTRODUCE: "XS_INTRODUCE",
    abi.XS_RELEASE: "XS_RELEASE",
    abi.XS_GET_DOMAIN_PATH: "XS_GET_DOMAIN_PATH",
    abi.XS_WRITE: "XS_WRITE",
    abi.XS_MKDIR: "XS_MKDIR",
    abi.XS_RM: "XS_RM",
    abi.XS_SET_PERMS: "XS_SET_PERMS",
    abi.XS_WATCH_EVENT: "XS_WATCH_EVENT",
    abi.XS_ERROR: "XS_ERROR",
    abi.XS_IS_DOMAIN_INTRODUCED: "XS_IS_DOMAIN_INTRODUCED",
    abi.XS_RESUME: "XS_RESUME",
    abi.XS_SET_TARGET: "XS_SET_TARGET",
    abi.XS_RESET_WATCHES: "XS_RESET_WATCHES",
    abi.XS_DIRECTORY_PART: "XS_DIRECTORY_PART",
    abi.XS_GET_FEATURE: "XS_GET_FEATURE",
    abi.XS_SET_FEATURE: "XS_SET_FEATURE",
    abi.XS_GET_QUOTA: "XS_GET_QUOTA",
    abi.XS_SET_QUOTA: "XS_SET_QUOTA",
}

#: Name of an error on the wire → errno: those of the header's xsd_errors, then
#: oxenstored's own word for a full quota, for which the C daemon says ENOSPC.
ERRORS = {
    name: getattr(_errno, name)
    for name in (
        "EINVAL", "EACCES", "EEXIST", "EISDIR", "ENOENT", "ENOMEM", "ENOSPC", "EIO",
        "ENOTEMPTY", "ENOSYS", "EROFS", "EBUSY", "EAGAIN", "EISCONN", "E2BIG", "EPERM",
    )
} | {"EQUOTA": _errno.ENOSPC}  # fmt: skip

#: Requests about a node: their ENOENT is that node's.
_ABOUT_NODES = frozenset(
    (
        abi.XS_DIRECTORY, abi.XS_READ, abi.XS_GET_PERMS, abi.XS_WRITE, abi.XS_MKDIR, abi.XS_RM,
        abi.XS_SET_PERMS, abi.XS_DIRECTORY_PART,
    )
)  # fmt: skip
_SINCE_4_21 = frozenset((abi.XS_GET_FEATURE, abi.XS_SET_FEATURE, abi.XS_GET_QUOTA, abi.XS_SET_QUOTA))
_PRIVILEGED = _SINCE_4_21 | {
    abi.XS_CONTROL, abi.XS_INTRODUCE, abi.XS_RELEASE, abi.XS_IS_DOMAIN_INTRODUCED, abi.XS_RESUME,
    abi.XS_SET_TARGET,
}  # fmt: skip

_CLASSES: dict[int, type[StoreError]] = {
    _errno.EACCES: StorePermissionError,
    _errno.EPERM: StorePermissionError,
    _errno.ENOSYS: StoreNotSupportedError,
    _errno.EAGAIN: TransactionConflictError,
    _errno.ETIMEDOUT: StoreTimeoutError,
}

_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@"
_HOMES = b"/local/domain/"
#: Bytes of a path or a reply that an error's text shows.
_SHOWN = 72


class Message:
    """One message that came: a reply, a watch event, or something unheard-of.

    Attributes:
        kind: its type, a key of `NAMES` or not.
        req_id: that of the request, in a reply. No use in a watch event:
            Linux's device leaves it as it finds it.
        tx_id: transaction.
        payload: bytes.
    """

    __slots__ = ("kind", "payload", "req_id", "tx_id")

    def __init__(self, kind: int, req_id: int, tx_id: int, payload: bytes) -> None:
        self.kind = kind
        self.req_id = req_id
        self.tx_id = tx_id
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # mutable, as it has slots

    def __repr__(self) -> str:
        name = NAMES.get(self.kind, self.kind)
        return f"<Message {name}, id {self.req_id}, tx {self.tx_id}: {_shown(self.payload)}>"


class Request:
    """One request, yet without an id.

    Attributes:
        kind: message type (XS_READ …).
        payload: bytes, as they travel.
        tx_id: transaction, 0..2**32-1; 0 for none.
        path: the node it is about, for errors; empty if none.
    """

    __slots__ = ("kind", "path", "payload", "tx_id")

    def __init__(self, kind: int, payload: bytes, tx_id: int = 0, path: bytes = b"") -> None:
        self.kind = kind
        self.payload = payload
        self.tx_id = tx_id
        self.path = path

    def encode(self, req_id: int, limit: int = SOCKET_LIMIT) -> bytes:
        """The whole message.

        Args:
            req_id: 0..2**32-1; the reply repeats it.
            limit: most bytes with header: SOCKET_LIMIT or DEVICE_LIMIT.
        Raises:
            StoreError: E2BIG, longer than the limit.
        """
        payload = self.payload
        length = len(payload)
        if length + HEADER_SIZE > limit:
            raise self._too_long(limit)
        try:
            return _pack(self.kind, req_id, self.tx_id, length) + payload
        except StructError:
            values = (self.kind, req_id, self.tx_id, length)
            explain(_HEADER.format, "xsd_sockmsg", abi.xsd_sockmsg.FORMAT_FIELDS, values)
            raise  # not a matter of range

    def error(self, payload: bytes) -> StoreError:
        """What an XS_ERROR in reply to this request says.

        ENOENT is a NodeNotFoundError where the request is about a node;
        elsewhere a domain, a watch or the transaction is unknown.
        """
        number, name = parse_error(payload)
        message = None
        if name not in ERRORS:
            message = f"{strerror(number)} (the daemon said {_shown(payload)})"
        elif ERRORS[name] != getattr(_errno, name, None):
            message = f"{strerror(number)} (the daemon said {name})"
        return self._error(number, message, name=name, hint=self._hint(number))

    def nonsense(self, payload: bytes) -> StoreError:
        """The error for a reply of the right type that cannot be understood (EPROTO)."""
        return self._error(_errno.EPROTO, f"the daemon's reply makes no sense: {_shown(payload)}")

    def refusal(self, number: int, message: str | None = None, *, hint: str = "") -> StoreError:
        """An error of ours about this request: not sent, or given up."""
        return self._error(number, message, hint=hint)

    def _error(self, number: int, message: str | None, *, name: str = "", hint: str = "") -> StoreError:
        if number == _errno.ENOENT and self.kind in _ABOUT_NODES:
            kind: type[StoreError] = NodeNotFoundError
        else:
            kind = _CLASSES.get(number, StoreError)
        return kind(
            number,
            message,
            name=name,
            path=self.path.decode("ascii", "surrogateescape"),
            transaction=self.tx_id,
            call=f"{NAMES.get(self.kind, self.kind)}({_short(self.path)})",
            arguments={"transaction": self.tx_id} if self.tx_id else None,
            hint=hint,
        )

    def _too_long(self, limit: int) -> StoreError:
        length, most = len(self.payload), limit - HEADER_SIZE
        hint = ""
        if self.kind == abi.XS_SET_PERMS:
            hint = "a list of permissions travels in one message; nothing can send it in parts"
        elif length + HEADER_SIZE <= SOCKET_LIMIT:
            hint = f"the daemon's socket carries up to {abi.XENSTORE_PAYLOAD_MAX} bytes"
        return self.refusal(_errno.E2BIG, f"{length} bytes of payload, and {most} are allowed", hint=hint)

    def _hint(self, number: int) -> str:
        kind = self.kind
        if number == _errno.EINVAL and self.path:
            length = _counted_length(self.path)
            if length >= abi.XENSTORE_REL_PATH_MAX:
                return (
                    f"the path has {length} bytes, not counting /local/domain/<domid>/; "
                    f"{abi.XENSTORE_REL_PATH_MAX} is the most for a guest, in Xen 4.22 one less"
                )
        elif number == _errno.ENOENT and self.tx_id:
            if kind == abi.XS_TRANSACTION_END:
                return "the daemon does not know this transaction; was it ended, or the daemon restarted?"
            return "an unknown transaction gets the same answer as a missing node"
        elif number == _errno.ENOENT and kind == abi.XS_SET_PERMS:
            return "a new owner who does not exist gets the same answer as a missing node"
        elif number == _errno.ENOSYS and kind in _SINCE_4_21:
            return "only Xen 4.21's C xenstored and later ones know it"
        elif number == _errno.EACCES and kind in _PRIVILEGED:
            return "this is for the control domain only"
        elif number == _errno.E2BIG and kind == abi.XS_WATCH:
            return "this domain has as many watches as the daemon allows"
        return ""

    def __repr__(self) -> str:
        name = NAMES.get(self.kind, self.kind)
        return f"<Request {name}, tx {self.tx_id}: {_shown(self.payload)}>"


class Decoder:
    """Turns a stream of bytes into messages, wherever it was cut.

    Holds less than one message: a header that announces more than the limit
    is refused as soon as it is whole. Not for use from several threads at a
    time.

    Args:
        limit: most bytes of payload. A larger one is of use on oxenstored's
            socket only: that daemon keeps to the limit on rings, and sends a
            directory of any size through a socket.

    Example:
        >>> decoder = Decoder()
        >>> list(decoder.feed(Request(2, b"name").encode(7)))
        [<Message XS_READ, id 7, tx 0: b'name'>]
    """

    __slots__ = ("_broken", "_limit", "_rest")

    def __init__(self, limit: int = abi.XENSTORE_PAYLOAD_MAX) -> None:
        self._limit = limit
        self._rest = bytearray()
        #: What a header announced that broke the connection; 0 if none did.
        self._broken = 0

    @property
    def pending(self) -> int:
        """Bytes that have come of a message that is not whole yet."""
        return len(self._rest)

    def feed(self, data: ReadableBuffer) -> Iterable[Message]:
        """Take bytes, and give the messages that are whole now.

        Args:
            data: any number of bytes, none too.
        Returns:
            The messages. Going through them raises at a header that cannot be,
            after the messages before that.
        Raises:
            StoreConnectionError: EPROTO, a message longer than the limit. Nothing
                that follows can be understood; every later call raises it at once.
        """
        if self._broken:
            raise self._error()
        if type(data) is not bytes:
            data = memoryview(data).tobytes()
        rest = self._rest
        if rest:
            rest += data
            data = rest
        found: list[Message] = []
        at, size = 0, len(data)
        while size - at >= HEADER_SIZE:
            kind, req_id, tx_id, length = _unpack_from(data, at)
            # Judged before it is awaited: a peer must not choose how much we hold.
            if length > self._limit:
                self._broken = length
                rest.clear()
                return self._to_the_end(found)
            start = at + HEADER_SIZE
            end = start + length
            if end > size:
                break
            found.append(Message(kind, req_id, tx_id, bytes(data[start:end])))
            at = end
        if data is rest:
            del rest[:at]
        elif at < size:
            rest += data[at:]
        return found

    def _to_the_end(self, found: list[Message]) -> Iterator[Message]:
        yield from found
        raise self._error()

    def _error(self) -> StoreConnectionError:
        return StoreConnectionError(
            _errno.EPROTO,
            f"a message of {self._broken} bytes was announced, and {self._limit} are allowed",
            hint="the stream cannot be followed any further: close it and connect anew",
        )


def checked_path(path: str | bytes, kind: int, *, tx_id: int = 0) -> bytes:
    """A path as it travels, without its NUL.

    Args:
        path: absolute, or relative to /local/domain/<own domid>; for watches
            and permissions also a special one ("@releaseDomain").
        kind: the request it is for, a key of `NAMES`.
        tx_id: its transaction, for the error.
    Raises:
        StoreError: EINVAL, every daemon would refuse it (see above).
    """
    if isinstance(path, str):
        # What is not ASCII becomes something that is refused below.
        raw = path.encode() if path.isascii() else path.encode("utf-8", "surrogatepass")
    elif isinstance(path, bytes):
        raw = path
    else:
        raise TypeError(f"a path is str or bytes, not {type(path).__name__}")
    if raw[:1] == b"@":
        wrong = ("a NUL in it" if b"\0" in raw else "") if kind in _SPECIAL_FOR else _WRONG_PLACE
    elif raw.translate(None, _CHARACTERS) or b"//" in raw or raw[-1:] in b"/":  # b"" too is in b"/"
        wrong = _what_is_wrong(raw)
    else:
        return raw
    if wrong:
        raise Request(kind, b"", tx_id, raw).refusal(_errno.EINVAL, f"not a path of XenStore's: {wrong}")
    return raw


#: Requests that may be about "@introduceDomain" and its like.
_SPECIAL_FOR = frozenset((abi.XS_WATCH, abi.XS_UNWATCH, abi.XS_GET_PERMS, abi.XS_SET_PERMS))
_WRONG_PLACE = "those with @ in front are for watches and permissions only"


def _what_is_wrong(raw: bytes) -> str:
    if not raw:
        return "it is empty"
    odd = raw.translate(None, _CHARACTERS)
    if odd:
        return f"{_short(odd[:1])} in it; the characters are A-Z a-z 0-9 - / _ @"
    if b"//" in raw:
        return "// in it"
    return "" if raw == b"/" else "/ at its end"


def parse_error(payload: bytes) -> tuple[int, str]:
    """What an XS_ERROR's payload means.

    Returns:
        The errno, and the name as it came. A name that neither the protocol
        nor this machine's errno.h has is EINVAL, as libxenstore has it; so is
        an empty one.
    """
    # As C reads it: up to the NUL, if there is one.
    name = payload.partition(b"\0")[0].decode("ascii", "backslashreplace")
    number = ERRORS.get(name)
    if number is None:
        # The list grows with releases, and Linux's numbers are Xen's.
        found = getattr(_errno, name, None) if name[:1] == "E" else None
        number = found if isinstance(found, int) else _errno.EINVAL
    return number, name


def parse_watch_event(payload: bytes) -> tuple[bytes, bytes]:
    """Path and token of an XS_WATCH_EVENT; what follows them is ignored.

    The path is relative if the watch's was. "@introduceDomain" and its like
    come under their names, and with a depth of 1 as "@introduceDomain/<domid>".

    Raises:
        StoreError: EPROTO, there are no two strings. The stream is not harmed.
    """
    parts = payload.split(b"\0", 2)
    if len(parts) < 3:
        raise Request(abi.XS_WATCH_EVENT, b"").nonsense(payload)
    return parts[0], parts[1]


def _counted_length(path: bytes) -> int:
    """Bytes of a path as daemons count them: what follows /local/domain/<domid>/."""
    if path.startswith(_HOMES):
        domid, slash, rest = path[len(_HOMES) :].partition(b"/")
        if slash and domid.isdigit() and len(domid) <= 5:
            return len(rest)
    return len(path)


def _short(path: bytes) -> str:
    """A path for an error's text, cut in the middle if it is long."""
    text = path.decode("utf-8", "backslashreplace")
    if len(text) > _SHOWN:
        text = f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 2 :]}"
    return repr(text) if text else ""


def _shown(payload: bytes) -> str:
    return repr(payload) if len(payload) <= _SHOWN else f"{payload[:_SHOWN]!r}… ({len(payload)} bytes)"


def ranged(value: SupportsIndex, name: str, low: int, high: int) -> int:
    """An argument that has a range; anything else is an OverflowError that says so."""
    from xensys._packing import check

    check(value, "XenStore", name, low, high)
    return value.__index__()
