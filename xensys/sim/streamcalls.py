"""The simulated kernel's system calls for descriptors that are read, written and waited for.

The simulator's own are its store's socket and xenbus; all others are passed
on to the kernel of the machine we run on.
"""

from __future__ import annotations

import os
from errno import EACCES, EBADF, ECONNREFUSED, EINVAL, ENAMETOOLONG, ENOENT, ENOTTY

from xensys.kernel import host
from xensys.kernel.base import Kernel
from xensys.kernel.linux import poll
from xensys.sim.errors import SimulatorGap, SimulatorMisuse
from xensys.sim.store.socket import StoreSocket
from xensys.sim.streams import StreamFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from xensys.kernel.base import ReadableBuffer
    from xensys.sim.faults import FaultPlan
    from xensys.sim.files import OpenFile
    from xensys.sim.machine import Machine

# sizeof(sun_path), less the nul that the daemon's own address keeps.
_SOCKET_PATH_MAX = 107

#: On a virtual clock a wait that will not end by itself gives other threads so
#: long, in real seconds, before its whole timeout has passed at once.
GRACE = 0.05


class StreamCalls(Kernel):
    """Part of `SimKernel`."""

    xen_machine: Machine
    faults: FaultPlan
    nodes: set[str]
    node_errors: dict[str, int]
    store_sockets: set[str]
    root: bool

    def connect(self, path: str) -> int:
        machine = self.xen_machine
        with machine.traced("connect", path=path) as call:
            later = self.faults.before("connect", path=path)
            if len(os.fsencode(path)) > _SOCKET_PATH_MAX:
                raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG), path)
            refusal = self.node_errors.get(path, 0)
            if path not in self.store_sockets and path not in self.nodes:
                refusal = refusal or ENOENT
            elif not self.root:
                refusal = refusal or EACCES
            elif path in self.nodes or not machine.store.alive:
                refusal = refusal or ECONNREFUSED
            if refusal:
                raise OSError(refusal, os.strerror(refusal), path)
            file = StoreSocket(machine.store, path)
            machine.open_files.add(file.stream.fd, file)
            call.result = file.stream.fd
            self.faults.after(later)
            return file.stream.fd

    def is_socket(self, path: str) -> bool:
        with self.xen_machine.traced("is_socket", path=path):
            if path in self.store_sockets:
                return True
            if path in self.nodes or self._has_file(path):
                return False
            raise OSError(ENOENT, os.strerror(ENOENT), path)

    def read(self, fd: int, length: int) -> bytes:
        machine = self.xen_machine
        with machine.traced("read", fd=fd, length=length) as call:
            file = self._find(fd)
            device = call.details["device"] = None if file is None else file.device
            later = self.faults.before("read", device=device)
            length = self.faults.at_most(later, length)
            if file is not None:
                if file.flags & os.O_ACCMODE == os.O_WRONLY:
                    raise OSError(EBADF, os.strerror(EBADF))
                self._stream(file).check_read(
                    length, blocking=os.get_blocking(fd), readable=bool(poll((fd,), (), 0)[0])
                )
            data = file.read(fd, length) if isinstance(file, StreamFile) else None
            if data is None:
                with machine.unlocked():
                    data = os.read(fd, length)
            if isinstance(file, StreamFile):
                file.pump()
            call.result = data
            self.faults.after(later)
            return data

    def write(self, fd: int, data: ReadableBuffer) -> int:
        machine = self.xen_machine
        raw = bytes(data)
        with machine.traced("write", fd=fd, data=raw) as call:
            file = self._find(fd)
            device = call.details["device"] = None if file is None else file.device
            later = self.faults.before("write", device=device)
            raw = raw[: self.faults.at_most(later, len(raw))]
            if file is not None:
                if not file.writable:
                    raise OSError(EBADF, os.strerror(EBADF))
                result = self._stream(file).write(raw, fd)
            else:
                with machine.unlocked():
                    result = host().write(fd, raw)
            call.result = result
            self.faults.after(later)
            return result

    def wait(
        self, readers: Iterable[int], writers: Iterable[int] = (), timeout: float | None = None
    ) -> tuple[list[int], list[int]]:
        """As `Kernel.wait`; on a virtual clock what would last takes no more than `GRACE` real seconds."""
        machine = self.xen_machine
        readers, writers = list(readers), list(writers)
        with machine.traced("wait", readers=readers, writers=writers, timeout=timeout) as call:
            later = self.faults.before("wait", timeout=timeout)
            machine.pump()
            with machine.unlocked():
                ready = poll(readers, writers, machine.clock.patience(timeout, GRACE))
            if timeout is not None and not any(ready):
                machine.clock.waited(timeout)
            call.result = ready
            self.faults.after(later)
            return ready

    def eventfd(self) -> int:
        with self.xen_machine.traced("eventfd") as call:
            later = self.faults.before("eventfd")
            call.result = fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self.faults.after(later)
            return fd

    def get_blocking(self, fd: int) -> bool:
        return os.get_blocking(fd)

    def set_blocking(self, fd: int, blocking: bool) -> None:
        with self.xen_machine.traced("set_blocking", fd=fd, blocking=blocking):
            os.set_blocking(fd, blocking)

    def drop_connection(self, fd: int, *, after: int = 0, reset: bool = False) -> None:
        """Let xenstored close a socket of this kernel's.

        Args:
            after: bytes that it still sends.
            reset: the client finds ECONNRESET, else the end of the stream;
                not together with `after`.
        """
        with self.xen_machine.traced("drop_connection", fd=fd):
            file = self._find(fd)
            if not isinstance(file, StoreSocket) or (after and reset):
                raise SimulatorMisuse("only a socket can be dropped, and reset only at once")
            if after:
                file.connection.fuse = after
            else:
                self.xen_machine.store.drop(file.connection, reset=reset)

    def _find(self, fd: int) -> OpenFile | None:
        """One of our files; None if the descriptor is somebody else's."""
        try:
            return self.xen_machine.open_files.find(fd)
        except OSError as error:
            if error.errno != ENOTTY:
                raise
            return None

    def _stream(self, file: OpenFile) -> StreamFile:
        if not isinstance(file, StreamFile):
            # The drivers of the others have neither a read nor a write method.
            raise OSError(EINVAL, os.strerror(EINVAL))
        if file.forked:
            raise SimulatorGap(f"{file.device} of a parent process used in its forked child")
        return file

    def _has_file(self, path: str) -> bool:
        """Whether there is such a small file."""
        raise NotImplementedError
