"""dom0's end of a Python guest's console: any number of clients, one command each.

    guest_broker.py NAME DOMID TERMINAL

Reads the console all the time (xenconsoled forgets what nobody reads) and
listens at guest_link's socket for NAME. Ends with the guest. Started by
/xenbox/guest; what it says goes to a file beside the socket.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
import time
import tty
from collections import deque
from typing import Deque, Dict, Optional, Tuple

sys.path.insert(0, "/xenbox")

from _xenbox import channel, guest_link

TAIL = 1000  # bytes of a console that are worth seeing


class Client:
    """Somebody who wants a command run."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.number = number
        self.encoder = guest_link.Encoder()
        self.decoder = channel.Decoder()
        # Unbounded: a client that does not read must not hold up the others.
        self.out = bytearray()
        self.started = False
        self.ended = False


class Broker:
    """One loop over the console, the listener and the clients."""

    def __init__(self, name: str, terminal: str) -> None:
        self._terminal = os.open(terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._terminal)
        self._path = guest_link.socket_path(name)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._listener.bind(self._path)
        self._listener.listen(16)
        self._encoder = guest_link.Encoder()
        self._decoder = channel.Decoder()
        # Its console carries frames; it takes commands.
        self._framed = self._up = False
        self._before = b""
        self._last = b""
        self._out: Deque[bytes] = deque()
        self._waiting: Deque[Tuple[int, int, bytes]] = deque()
        self._clients: Dict[int, Client] = {}
        self._numbers = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._terminal, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def run(self) -> str:
        """Until the guest ends; why."""
        try:
            while True:
                for ready, events in self._selector.select():
                    if ready.fileobj is self._listener:
                        self._accept()
                    elif ready.fd == self._terminal:
                        self._on_terminal(events)
                    elif ready.data.number in self._clients:
                        self._on_client(ready.data, events)
        except (EOFError, channel.ChannelError) as error:
            tail = (self._before + self._last)[-TAIL:]
            return "%s; its console's end: %s" % (error, ascii(tail.decode("utf-8", "replace")))
        finally:
            os.unlink(self._path)
            self._listener.close()

    def farewell(self, why: str) -> None:
        """What clients that wait get for an answer."""
        said = json.dumps({"lost": why}).encode()
        for client in self._clients.values():
            self._answer(client, guest_link.EXIT, said)
            client.sock.settimeout(5)
            with contextlib.suppress(OSError):
                client.sock.sendall(client.out)
            client.sock.close()

    # The console

    def _on_terminal(self, events: int) -> None:
        if events & selectors.EVENT_READ:
            try:
                data = os.read(self._terminal, 65536)
            except BlockingIOError:
                data = None
            except OSError as error:
                raise EOFError("the guest has ended (%s)" % error.strerror) from None
            if data is not None:
                self._from_guest(data)
        if events & selectors.EVENT_WRITE:
            self._flush()

    def _from_guest(self, data: bytes) -> None:
        if not data:
            raise EOFError("the guest has ended")
        if self._framed:
            self._last = (self._last + data)[-TAIL:]
        else:
            # What came before is its kernel's.
            self._before += data
            said, begin, data = self._before.partition(guest_link.BEGIN)
            if not begin:
                return
            self._before = said
            self._framed = True
        for kind, payload in self._decoder.feed(data):
            number, rest = guest_link.split(payload)
            if kind == guest_link.READY:
                print("ready:", rest.decode(), flush=True)
                self._up = True
                while self._waiting:
                    self._send(*self._waiting.popleft())
                continue
            client = self._clients.get(number)
            if client is not None:
                self._answer(client, kind, rest)
                client.ended = client.ended or kind == guest_link.EXIT

    def _to_guest(self, kind: int, number: int, payload: bytes) -> None:
        if not self._up:
            self._waiting.append((kind, number, payload))
        else:
            self._send(kind, number, payload)

    def _send(self, kind: int, number: int, payload: bytes) -> None:
        self._out.append(guest_link.to_console(self._encoder.encode(kind, number, payload)))
        self._flush()

    def _flush(self) -> None:
        while self._out:
            try:
                written = os.write(self._terminal, self._out[0])
            except BlockingIOError:
                written = 0
            if written < len(self._out[0]):
                self._out[0] = self._out[0][written:]
                break
            self._out.popleft()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        self._selector.modify(self._terminal, events)

    # Clients

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        self._numbers += 1
        client = self._clients[self._numbers] = Client(sock, self._numbers)
        self._selector.register(sock, selectors.EVENT_READ, client)

    def _on_client(self, client: Client, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._push(client)
        if not events & selectors.EVENT_READ or client.number not in self._clients:
            return
        data: Optional[bytes] = b""
        try:
            data = client.sock.recv(65536)
            frames = client.decoder.feed(data) if data else []
        except BlockingIOError:
            return
        except (OSError, channel.ChannelError) as error:
            print("client %d: %s" % (client.number, error), flush=True)
            data, frames = b"", []
        for kind, payload in frames:
            client.started = client.started or kind == guest_link.START
            self._to_guest(kind, client.number, guest_link.split(payload)[1])
        if not data:
            self._drop(client)

    def _answer(self, client: Client, kind: int, payload: bytes) -> None:
        client.out += client.encoder.encode(kind, 0, payload)
        self._push(client)

    def _push(self, client: Client) -> None:
        try:
            sent = client.sock.send(client.out) if client.out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            # It has gone: reading says so, too.
            sent = len(client.out)
        del client.out[:sent]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.out else 0)
        self._selector.modify(client.sock, events, client)

    def _drop(self, client: Client) -> None:
        if client.started and not client.ended:
            self._to_guest(guest_link.KILL, client.number, b"")
        del self._clients[client.number]
        self._selector.unregister(client.sock)
        client.sock.close()


def main() -> None:
    name, domid, terminal = sys.argv[1:]
    began = time.monotonic()
    broker = Broker(name, terminal)
    print("domain %s, %s" % (domid, terminal), flush=True)
    why = broker.run()
    print("after %.0f s: %s" % (time.monotonic() - began, why), flush=True)
    broker.farewell(why)


if __name__ == "__main__":
    main()
