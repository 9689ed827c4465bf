"""Run one command in a Python guest, as if it ran here: `guest run`; see inside/guest.

    guest_run.py NAME TIMEOUT ENV COMMAND…

ENV: lines of NAME=VALUE.

Streams pass as they are, both ways. The exit status is the command's; 124 its
time is up, 125 the guest was lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
import time
from typing import NoReturn

sys.path.insert(0, "/xenbox")

from _xenbox import channel, guest_link

TIMED_OUT, LOST = 124, 125
FOLDER = "/project"
#: What a command there is told of the box, as commands in dom0 are.
PASSED_ON = ("XENBOX_TARGET", "XENBOX_BOOT_ID", "PYTHONUNBUFFERED", "PYTHONPATH")


def lost(why: str) -> NoReturn:
    print("guest: " + why, file=sys.stderr)
    sys.exit(LOST)


def put(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def main() -> int:
    name, timeout = sys.argv[1], float(sys.argv[2])
    env = dict(line.partition("=")[::2] for line in sys.argv[3].splitlines())
    argv = sys.argv[4:]
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(guest_link.socket_path(name))
    except OSError as error:
        lost("%s is no Python guest, or has ended: %s" % (name, error.strerror))
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    start = {"argv": argv, "env": {**environment, "XENBOX_GUEST": name, **env}, "cwd": FOLDER}
    encoder, decoder = guest_link.Encoder(), channel.Decoder()
    sock.sendall(encoder.encode(guest_link.START, 0, json.dumps(start).encode()))
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ)
    # A plain file cannot be polled, and need not be.
    own_input = None
    try:
        selector.register(0, selectors.EVENT_READ)
    except (PermissionError, ValueError):
        own_input = 0
    deadline = time.monotonic() + timeout
    while True:
        if own_input is not None:
            data = os.read(own_input, guest_link.PIECE)
            sock.sendall(encoder.encode(guest_link.INPUT, 0, data))
            own_input = own_input if data else None
        left = deadline - time.monotonic()
        if left <= 0:
            print("guest: %s took over %g s" % (argv[0], timeout), file=sys.stderr)
            return TIMED_OUT
        wait = 0.0 if own_input is not None else min(left, 3600)
        for ready, _ in selector.select(wait):
            if ready.fd == 0:
                data = os.read(0, guest_link.PIECE)
                # Nothing of it is left when the other end has gone; the answer tells why.
                with contextlib.suppress(BrokenPipeError):
                    sock.sendall(encoder.encode(guest_link.INPUT, 0, data))
                if not data:
                    selector.unregister(0)
                continue
            data = sock.recv(65536)
            if not data:
                lost("the broker of %s has died; see /run/xenbox/%s.broker" % (name, name))
            for kind, payload in decoder.feed(data):
                rest = guest_link.split(payload)[1]
                if kind == guest_link.STDOUT:
                    put(1, rest)
                elif kind == guest_link.STDERR:
                    put(2, rest)
                elif kind == guest_link.EXIT:
                    said = json.loads(rest)
                    if "lost" in said:
                        lost("%s: %s" % (name, said["lost"]))
                    if "error" in said:
                        print("guest: " + said["error"], file=sys.stderr)
                    return int(said["status"])


if __name__ == "__main__":
    sys.exit(main())
