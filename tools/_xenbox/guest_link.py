"""What dom0 and a Python guest say to each other over the guest's console.

No I/O here. The same file runs in dom0 and in the guest, under the oldest
target's Python (3.9): no newer syntax. Frames are channel.py's; the payload
begins with the number of the command that it is about.

In dom0 the broker (inside/guest_broker.py) owns the console and passes frames
on between it and any number of clients (inside/guest_run.py), which speak the
same frames to it over a Unix socket, each about a command 0 of its own.
"""

from __future__ import annotations

import struct

from . import channel

#: Ends what the guest's kernel may have said; frames follow.
BEGIN = b"\nxenbox guest: python\n"

# Guest to dom0.
READY = 1  # JSON: what runs there; once, of no command
STDOUT = 2
STDERR = 3
EXIT = 4  # JSON {"status": n}, or {"error": text} if it could not be started

# dom0 to guest.
START = 16  # JSON {"argv": […], "env": {…}, "cwd": path}
INPUT = 17  # bytes for its stdin; none: that was all
KILL = 18  # SIGKILL to all that it has started

#: Bytes of a stream in one frame: small, so that two commands share the console.
PIECE = 4096

RUN = "/run/xenbox"

_NUMBER = struct.Struct("<I")


class Encoder:
    """Frames of one direction."""

    def __init__(self) -> None:
        self._frames = channel.Encoder()

    def encode(self, kind: int, number: int, payload: bytes = b"") -> bytes:
        return self._frames.encode(kind, _NUMBER.pack(number) + payload)


def split(payload: bytes) -> tuple[int, bytes]:
    """A frame's payload: the command's number, and the rest.

    Raises:
        channel.ChannelError: too short to hold one.
    """
    if len(payload) < _NUMBER.size:
        raise channel.ChannelError("a frame about no command")
    return _NUMBER.unpack_from(payload)[0], payload[_NUMBER.size :]


def to_console(data: bytes) -> bytes:
    """Bytes as they must be written to reach a guest's hvc console whole.

    To Linux's hvc driver ^O is the SysRq key, and twice ^O is ^O.
    """
    return data.replace(b"\x0f", b"\x0f\x0f")


def socket_path(name: str) -> str:
    """Where in dom0 the broker of a guest listens."""
    return f"{RUN}/{name}.socket"
