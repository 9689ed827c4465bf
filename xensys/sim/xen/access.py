"""Who calls, and how Xen reaches the caller's memory."""

from __future__ import annotations

import os
from errno import EFAULT, EPERM, ESRCH

from xensys.sim.silo import keeps_apart
from xensys.sim.usermemory import written_pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Protocol

    from xensys.sim.domain import Domain
    from xensys.sim.kernel import SimKernel
    from xensys.sim.machine import Machine

    class Memory(Protocol):
        """Where a hypercall's argument structures are."""

        def read(self, address: int, length: int) -> bytes: ...

        def write(self, address: int, data: bytes) -> None: ...


DOMID_SELF = 0x7FF0


class Caller:
    """One hypercall's view of its caller.

    Attributes:
        kernel, domain, machine: who calls.
        name: of the hypercall, for records.
    """

    __slots__ = ("_memory", "domain", "kernel", "machine", "name")

    def __init__(self, kernel: SimKernel, memory: Memory | None, name: str) -> None:
        self.kernel = kernel
        self.domain: Domain = kernel.domain
        self.machine: Machine = kernel.xen_machine
        self.name = name
        self._memory: Memory = ProcessMemory(self) if memory is None else memory

    def read(self, address: int, length: int) -> bytes:
        """copy_from_guest(); OSError(EFAULT)."""
        return self._memory.read(address, length)

    def write(self, address: int, data: bytes) -> None:
        """copy_to_guest(); OSError(EFAULT)."""
        self._memory.write(address, data)

    def any_domain(self, domid: int) -> Domain:
        """rcu_lock_domain_by_any_id(); OSError(ESRCH)."""
        if domid == DOMID_SELF:
            return self.domain
        domain = self.machine.find(domid)
        if domain is None:
            refuse(ESRCH)
        return domain

    def remote_domain(self, domid: int) -> Domain:
        """rcu_lock_remote_domain_by_id(); OSError(ESRCH), or EPERM for oneself."""
        domain = self.machine.find(domid)
        if domain is None:
            refuse(ESRCH)
        if domain is self.domain:
            refuse(EPERM)
        return domain

    def is_device_model_of(self, domain: Domain) -> bool:
        """XSM_DM_PRIV."""
        return self.domain.privileged or self.domain.target == domain.domid

    def require_target(self, domain: Domain) -> None:
        """XSM_TARGET: the domain itself, its device model, or the control domain."""
        if domain is not self.domain and not self.is_device_model_of(domain):
            refuse(EPERM)


class ProcessMemory:
    """Hypercall arguments by address in the calling process."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def read(self, address: int, length: int) -> bytes:
        self._check(address, length, write=False)
        return self._caller.machine.user.read(address, length)

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data), write=True)
        self._caller.machine.user.write(address, data)

    def _check(self, address: int, length: int, *, write: bool) -> None:
        """Record memory that Xen must not be given; fault where arm64 would."""
        caller = self._caller
        machine = caller.machine
        if not length or not address:
            return
        at, end = address, address + length
        while at < end:
            vma = machine.vmas.containing(at)
            if vma is None or vma.kind in ("privcmd", "gntdev", "gntalloc"):
                # A bad address is the caller's own affair: Xen says EFAULT.
                if machine.strict and self._readable(at, end - at):
                    from xensys.sim.machine import Violation

                    machine.violations.append(Violation(caller.name, address, length, write=write))
                return
            until = min(end, vma.end)
            if vma.private and not all(written_pages(at, until - at)):
                refuse(EFAULT)
            at = until

    def _readable(self, address: int, length: int) -> bool:
        try:
            self._caller.machine.user.read(address, length)
        except OSError:
            return False
        return True


class KernelMemory:
    """Arguments that a kernel built in memory of its own: nothing to check."""

    __slots__ = ("_kernel",)

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel

    def read(self, address: int, length: int) -> bytes:
        return self._kernel.xen_machine.user.read(address, length)

    def write(self, address: int, data: bytes) -> None:
        self._kernel.xen_machine.user.write(address, data)


def refusal(errno: int) -> OSError:
    """What to raise to return -errno."""
    return OSError(errno, os.strerror(errno))


def refuse(errno: int) -> NoReturn:
    """Return -errno."""
    raise refusal(errno)


def check_silo(caller: Domain, one: Domain, other: Domain | None) -> None:
    """XSM's SILO policy, as a hypercall's result. OSError: ESRCH, no other one; EPERM, two guests."""
    if other is None:
        if caller.machine.silo:
            refuse(ESRCH)
    elif keeps_apart(caller, one, other):
        refuse(EPERM)
