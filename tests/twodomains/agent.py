"""What runs in the guest: operations by name, done with the library under test.

A request is a JSON object {"do": operation, "with": arguments}, the answer
{"result": …} or {"error": {"type", "errno", "text"}}. Bytes travel as {"hex": …};
what an operation opens stays open, under a number, until it is closed.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

import xensys
from xensys.hypercalls.argo_op import ArgoRing, ring_pages
from xensys.kernel import Kernel, host
from xensys.store import Store, connecting, xenbus

FRAME = 4096
#: Seconds that a wait may take unless told otherwise.
PATIENCE = 120.0

Message = dict[str, Any]


def packed(value: Any) -> Any:
    """Something JSON can carry."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list | tuple | range):
        return [packed(item) for item in value]
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given; sequences have become lists."""
    if isinstance(value, dict) and set(value) == {"hex"}:
        return bytes.fromhex(value["hex"])
    if isinstance(value, dict):
        return {name: unpacked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value


def frame_of(address: int) -> int:
    """Which frame of the guest's is at an address of this process."""
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        (entry,) = struct.unpack("<Q", os.pread(file.fileno(), 8, address // FRAME * 8))
    # Linux Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 0 to 54 the frame.
    assert entry >> 63, f"{entry:#x}: the page is not there"
    frame = int(entry & (1 << 55) - 1)
    assert frame, "this kernel tells no frame numbers"
    return frame


class Page:
    """A page of this process's ordinary memory, and which frame of the guest's it is."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, FRAME, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory[:] = bytes(FRAME)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(FRAME)):
            raise OSError(ctypes.get_errno(), "mlock")
        self.gfn = frame_of(address)

    def read(self, offset: int, length: int) -> bytes:
        return self._memory[offset : offset + length]

    def write(self, offset: int, data: bytes) -> None:
        self._memory[offset : offset + len(data)] = data

    def write_word(self, offset: int, value: int) -> None:
        """In one access."""
        ctypes.c_uint32.from_buffer(self._memory, offset).value = value

    def close(self, *, revoke: bool = False) -> None:
        """The memory goes with the object; ctypes still looks at it."""


class Ring:
    """An argo ring of this domain's, in memory of the library's that stays in place."""

    def __init__(
        self, xen: xensys.Xen, frame_of: Callable[[int], int], port: int, partner: int, length: int
    ) -> None:
        self._op = xen.argo_op
        self._name = port, partner
        pages = ring_pages(length)
        self._buffer = xen.buffers.alloc(pages * FRAME)
        try:
            frames = [frame_of(self._buffer.address + at * FRAME) for at in range(pages)]
            self._op.register_ring(port, partner, frames, length, fail_exist=True, hazardous=True)
        except BaseException:
            self._buffer.free()
            raise
        self._reader = ArgoRing(self._buffer, length)

    def receive(self) -> tuple[int, int, int, bytes] | None:
        """(domid, port, type, data) of the next message, whose room is free then."""
        message = self._reader.receive()
        if message is None:
            return None
        return message.domid, message.port, message.message_type, message.data

    def close(self) -> None:
        self._op.unregister_ring(*self._name, hazardous=True)
        self._reader.close()
        self._buffer.free()


class Agent:
    """The operations; one process's worth of handles.

    Args:
        kernel: the guest's.
        page: makes a page whose frame number is known.
        frame_of: tells that number, for memory of the hypercall device.
    """

    def __init__(
        self,
        kernel: Kernel,
        page: Callable[[], Any] = Page,
        frame_of: Callable[[int], int] = frame_of,
    ) -> None:
        self._kernel = kernel
        self._page = page
        self._frame_of = frame_of
        self._xen: xensys.Xen | None = None
        self._held: dict[int, Any] = {}
        self._next = 1

    @property
    def xen(self) -> xensys.Xen:
        """The guest's Xen; opened at first use."""
        if self._xen is None:
            self._xen = xensys.open(kernel=self._kernel)
        return self._xen

    def answer(self, request: Message) -> Message:
        """One request; its failure is the test's business."""
        try:
            method = getattr(self, f"do_{request['do']}")
            found = method(*map(unpacked, request["with"]), **unpacked(request.get("named", {})))
        except Exception as error:
            return {
                "error": {
                    "type": type(error).__name__,
                    "errno": getattr(error, "errno", None),
                    "text": str(error),
                }
            }
        return {"result": packed(found)}

    def _hold(self, thing: Any) -> int:
        number, self._next = self._next, self._next + 1
        self._held[number] = thing
        return number

    # The process

    def do_ping(self) -> str:
        return "pong"

    def do_own_domid(self) -> int:
        with Store.open("/dev/xen/xenbus", kernel=self._kernel, timeout=PATIENCE) as store:
            return int(store.read("domid"))

    def do_release(self, number: int) -> None:
        self._held.pop(number).close()

    def do_reset(self) -> int:
        """Let go of everything that a test has left; how much that was."""
        left, self._held = self._held, {}
        for thing in reversed(left.values()):
            thing.close()
        if self._xen is not None:
            self._xen.close()
            self._xen = None
        return len(left)

    # Memory

    def do_share(self, domid: int, pages: int = 1, **how: Any) -> tuple[int, list[int]]:
        if "notify_port" in how:
            how["notify_port"] = self._held[how["notify_port"]]
        share = self.xen.grants.share(domid, pages, **how)
        return self._hold(share), list(share.refs)

    def do_map(self, domid: int, refs: list[int], **how: Any) -> int:
        if "notify_port" in how:
            how["notify_port"] = self._held[how["notify_port"]]
        return self._hold(self.xen.grants.map(domid, refs, **how))

    def do_live_page(self) -> tuple[int, int]:
        page = self._page()
        return self._hold(page), page.gfn

    def do_read(self, number: int, offset: int, length: int) -> bytes:
        thing = self._held[number]
        if hasattr(thing, "read"):
            return bytes(thing.read(offset, length))
        return bytes(thing[offset : offset + length])

    def do_write(self, number: int, offset: int, data: bytes) -> None:
        thing = self._held[number]
        if hasattr(thing, "write"):
            thing.write(offset, data)
        else:
            thing[offset : offset + len(data)] = data

    def do_access(self, kind: str, place: int, size: int, value: int | None) -> int:
        """Access what a device model emulates; what was read, or written.

        Args:
            kind: "port"; "memory", a word that is nobody's; "page", a word of a page held.
            place: the port, its address, or the page's number.
            size: bytes of the access to a port; where in the page.
            value: to be written; None reads.
        """
        if kind == "port":
            device = os.open("/dev/port", os.O_RDWR)
            try:
                if value is None:
                    return int.from_bytes(os.pread(device, size, place), "little")
                os.pwrite(device, value.to_bytes(size, "little"), place)
                return value
            finally:
                os.close(device)
        if kind == "page":
            assert value is not None
            self._held[place].write_word(size, value)
            return value
        device = os.open("/dev/mem", os.O_RDWR | os.O_SYNC)
        page = mmap.mmap(device, FRAME, offset=place & -FRAME)
        os.close(device)
        # One access of the whole word, which slices do not promise.
        word = ctypes.c_uint32.from_buffer(page, place & FRAME - 1)
        if value is None:
            return word.value
        word.value = value
        return value

    def do_interrupts(self, row: str) -> int:
        """How many there were of one kind."""
        with open("/proc/interrupts") as file:
            counted = next(line for line in file if line.split()[:1] == [f"{row}:"])
        return sum(int(word) for word in counted.split()[1:] if word.isdigit())

    def do_copy_from(self, domid: int, ref: int, offset: int, length: int) -> bytes:
        return bytes(self.xen.grants.copy_from(domid, ref, offset, length))

    def do_copy_to(self, domid: int, ref: int, offset: int, data: bytes) -> None:
        self.xen.grants.copy_to(domid, ref, offset, data)

    # Events

    def do_bind_unbound(self, domid: int) -> tuple[int, int]:
        port = self.xen.events.bind_unbound(domid)
        return self._hold(port), int(port.port)

    def do_bind_interdomain(self, domid: int, remote: int) -> tuple[int, int]:
        port = self.xen.events.bind_interdomain(domid, remote)
        return self._hold(port), int(port.port)

    def do_bind_virq(self, virq: int) -> tuple[int, int]:
        port = self.xen.events.bind_virq(virq)
        return self._hold(port), int(port.port)

    def do_notify(self, number: int) -> None:
        self._held[number].notify()

    def do_wait(self, number: int, timeout: float = PATIENCE) -> bool:
        """Whether there was an event; the port is unmasked then."""
        port = self._held[number]
        came = bool(port.wait(timeout))
        if came:
            port.unmask()
        return came

    def do_echo(self, number: int, rounds: int) -> int:
        """Answer each event with one; how many there were until nothing came."""
        port = self._held[number]
        for done in range(rounds):
            if not port.wait(PATIENCE):
                return done
            port.unmask()
            port.notify()
        return rounds

    # Devices

    def do_connect(self, device: str, pages: int) -> tuple[int, int, int]:
        """Be a device's front end: the channel, its memory and its port, once there is a back end."""
        frontend = xenbus.Frontend(self.xen.store, device, 0)
        channel = connecting.connect(
            frontend, self.xen.grants, self.xen.events, pages=pages, timeout=PATIENCE
        )
        return self._hold(channel), self._hold(channel.memory), self._hold(channel.port)

    # Messages

    def do_argo_ring(self, port: int, partner: int, length: int) -> int:
        return self._hold(Ring(self.xen, self._frame_of, port, partner, length))

    def do_argo_receive(self, number: int) -> tuple[int, int, int, bytes] | None:
        found: tuple[int, int, int, bytes] | None = self._held[number].receive()
        return found

    def do_argo_send(self, domid: int, port: int, pieces: list[bytes], **how: int) -> int:
        return self.xen.argo_op.sendv(domid, port, pieces, **how)

    def do_argo_notify(self, rings: list[tuple[int, int, int]]) -> list[tuple[bool, bool, bool, int]]:
        """(exists, empty, sufficient, largest message) of each."""
        return [
            (known.exists, known.empty, known.sufficient, known.max_message_size)
            for known in self.xen.argo_op.notify(rings)
        ]

    # What this caller is

    def do_version(self) -> str:
        return str(self.xen.version())

    def do_foreign_map(self, domid: int, gfn: int) -> bytes:
        """The first bytes of another domain's frame."""
        with self.xen.foreign.map(domid, [gfn]) as mapping:
            return bytes(mapping[:16])


def main() -> int:
    """In a real guest: answer what comes, until nothing more does or we are told to die."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What anything here prints must not end up among the answers.
    os.dup2(2, 1)
    agent = Agent(host())
    for line in requests:
        request = json.loads(line)
        if request["do"] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        answers.write(json.dumps(agent.answer(request)).encode() + b"\n")
        answers.flush()
    agent.do_reset()
    return 0


if __name__ == "__main__":
    sys.exit(main())
