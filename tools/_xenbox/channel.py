"""Frames between the host and the box: one byte stream, both directions.

No I/O here. The same file runs on the host and, copied into the box, under the
oldest target's Python (3.9): no newer syntax.

A frame is a header (magic, kind, sequence number, length, CRC-32) and its
payload. The virtio port under it loses nothing; the checks are there so that a
broken box is reported as one and never as a test's outcome.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

HEADER = struct.Struct("<4sBxHII")
MAGIC = b"XBx1"
PAYLOAD_MAX = 1 << 20

# Box to host, in the order of a normal run.
HELLO = 1  # the agent is up; text
NOTE = 2  # progress while booting; text
BOOTED = 3  # the end-of-boot marker; JSON: guests and times
STDOUT = 4
STDERR = 5
EXIT = 6  # JSON {"status": n, "timed_out": bool}
FILE = 7  # one byte: index of --collect; then a piece of its tar stream
MISSING = 8  # one byte: index of --collect; then why, text
END = 9  # everything was said; the box powers off
FAILED = 10  # the box cannot go on; text

# Host to box.
EXPIRE = 32  # the command's time is up: kill it, collect, end
INPUT = 33  # shell only: bytes typed
RESIZE = 34  # shell only: two bytes-pairs, rows and columns, "<HH"


class ChannelError(Exception):
    """The stream is not a sequence of whole, ordered frames."""


class Frame(NamedTuple):
    kind: int
    payload: bytes


class Encoder:
    """Numbers the frames of one direction."""

    def __init__(self) -> None:
        self._seq = 0

    def encode(self, kind: int, payload: bytes = b"") -> bytes:
        """One frame.

        Raises:
            ValueError: payload over PAYLOAD_MAX bytes.
        """
        if len(payload) > PAYLOAD_MAX:
            raise ValueError(f"{len(payload)} bytes, limit {PAYLOAD_MAX}")
        seq, self._seq = self._seq, (self._seq + 1) & 0xFFFF
        return HEADER.pack(MAGIC, kind, seq, len(payload), _crc(kind, seq, payload)) + payload


class Decoder:
    """Bytes in any pieces to whole frames.

    After a ChannelError every later feed() raises it again: nothing behind a
    bad byte can be believed.
    """

    def __init__(self) -> None:
        self._in = bytearray()
        self._seq = 0
        self._broken = ""

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._in)

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`.

        Raises:
            ChannelError: wrong magic, length, number or checksum.
        """
        if self._broken:
            raise ChannelError(self._broken)
        self._in += data
        frames = []
        while len(self._in) >= HEADER.size:
            magic, kind, seq, length, crc = HEADER.unpack_from(self._in)
            # Judged before it is awaited: a stray length would hold us forever.
            if magic != MAGIC:
                raise self._break(f"bytes {magic.hex()} where a frame begins")
            if length > PAYLOAD_MAX:
                raise self._break(f"frame of {length} bytes")
            if len(self._in) < HEADER.size + length:
                break
            payload = bytes(self._in[HEADER.size : HEADER.size + length])
            if crc != _crc(kind, seq, payload):
                raise self._break(f"frame {seq}: checksum")
            if seq != self._seq:
                raise self._break(f"frame {seq} where {self._seq} was due")
            self._seq = (seq + 1) & 0xFFFF
            del self._in[: HEADER.size + length]
            frames.append(Frame(kind, payload))
        return frames

    def _break(self, why: str) -> ChannelError:
        self._broken = "channel broken: " + why
        return ChannelError(self._broken)


def _crc(kind: int, seq: int, payload: bytes) -> int:
    return zlib.crc32(payload, kind << 16 | seq)


def shell_status(returncode: int) -> int:
    """The number a shell would give for subprocess's `returncode`."""
    return 128 - returncode if returncode < 0 else returncode
