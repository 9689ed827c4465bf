"""Messages of the XenStore protocol, as bytes: for the simulator alone.

Nothing of xensys.store is used here, so that a mistake made there cannot
answer itself. Numbers from Xen's public io/xs_wire.h; how strings are taken
apart, from tools/xenstored (get_strings, onearg) and the C library it calls.
"""

from __future__ import annotations

import errno as _errno
import re
import struct

CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END = range(8)
INTRODUCE, RELEASE, GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR = range(8, 17)
IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET = 17, 18, 19
RESET_WATCHES, DIRECTORY_PART, GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA = range(21, 27)

#: type, req_id, tx_id, length of the payload.
HEADER = struct.Struct("<4I")
PAYLOAD_MAX = 4096
REL_PATH_MAX = 2048

#: The errors that have a name on the wire; every other one is told as EINVAL.
ERRORS = (
    "EINVAL", "EACCES", "EEXIST", "EISDIR", "ENOENT", "ENOMEM", "ENOSPC", "EIO", "ENOTEMPTY",
    "ENOSYS", "EROFS", "EBUSY", "EAGAIN", "EISCONN", "E2BIG", "EPERM",
)  # fmt: skip

_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?\d+)")
# strtol with base 0: "0x" counts as hexadecimal only before a hexadecimal digit.
_ANY_BASE = re.compile(rb"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


def message(kind: int, req_id: int, tx_id: int, payload: bytes) -> bytes:
    """One message."""
    return HEADER.pack(kind, req_id, tx_id, len(payload)) + payload


def error_name(errno: int) -> bytes:
    """What an error is called on the wire, with its nul."""
    name = _errno.errorcode.get(errno, "")
    return (name if name in ERRORS else "EINVAL").encode() + b"\0"


def errno_of(payload: bytes) -> int:
    """The error that a reply names."""
    number: int = getattr(_errno, payload.split(b"\0")[0].decode(), _errno.EINVAL)
    return number


def strings(payload: bytes) -> list[bytes]:
    """The nul-terminated strings; what follows the last nul is ignored."""
    return payload.split(b"\0")[:-1]


def one(payload: bytes) -> bytes:
    """The only string: exactly one nul, at the end."""
    if not payload or payload.find(b"\0") != len(payload) - 1:
        raise Refused(_errno.EINVAL)
    return payload[:-1]


def atoi(text: bytes) -> int:
    """C's atoi, stored in an unsigned int: garbage is 0, and nothing is out of range."""
    found = _NUMBER.match(text)
    if found is None:
        return 0
    # strtol saturates at 64 bits, and the cast keeps the low 32.
    return max(-(1 << 63), min(int(found[1]), (1 << 63) - 1)) & 0xFFFF_FFFF


def whole_number(text: bytes) -> int | None:
    """C's strtol with base 0, stored in an unsigned int; None unless it is all of `text`."""
    found = _ANY_BASE.fullmatch(text)
    if found is None:
        return None
    digits = found[2]
    base = 16 if digits[1:2] in (b"x", b"X") else 8 if digits[:1] == b"0" else 10
    value = int(digits, base) * (-1 if found[1] == b"-" else 1)
    return max(-(1 << 63), min(value, (1 << 63) - 1)) & 0xFFFF_FFFF


def signed(number: int) -> int:
    """An unsigned int printed with %i."""
    return number - (1 << 32) if number >> 31 else number
