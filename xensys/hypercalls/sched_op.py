"""sched_op: give way, wait, stop, and watchdogs.

Names are those of xen/include/public/sched.h, less SCHEDOP_; `yield_` is spelt
as Python needs it. Most of it is a kernel's: a process of its own accord may
give way, and a toolstack may shut others down.
"""

from __future__ import annotations

from struct import Struct

from xensys._packing import check
from xensys.abi import sched as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import SCHED_OP, Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import SupportsIndex

_SHUTDOWN = Packer(abi.sched_shutdown)
_POLL = Packer(abi.sched_poll)
_REMOTE_SHUTDOWN = Packer(abi.sched_remote_shutdown)
_WATCHDOG = Packer(abi.sched_watchdog)
_PIN_OVERRIDE = Packer(abi.sched_pin_override)


class SchedOp:
    """The sched_op hypercall; `xen.sched_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def yield_(self) -> None:
        """Let other vCPUs run first (SCHEDOP_yield).

        Raises:
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        self._plain("SCHEDOP_yield")

    def block(self, *, hazardous: bool = False) -> None:
        """Put this vCPU to sleep until an event comes (SCHEDOP_block).

        The kernel's idle loop does this; below a process it may sleep with what
        else it runs.

        Args:
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        self._plain("SCHEDOP_block", hazardous=hazardous)

    def shutdown(self, reason: int, *, hazardous: bool = False) -> None:
        """Stop this domain at once (SCHEDOP_shutdown).

        Nothing is written to disk, nothing is told; from the hardware domain it
        is the whole machine that stops. Does not return, but for SHUTDOWN_suspend
        once the domain is resumed.

        Args:
            reason: SHUTDOWN_*; 8 bits of it count.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        self._packed("SCHEDOP_shutdown", _SHUTDOWN, (reason,), {"reason": reason}, hazardous=hazardous)

    def shutdown_code(self, reason: int, *, hazardous: bool = False) -> None:
        """Say why this domain will have stopped, for when it does (SCHEDOP_shutdown_code; since Xen 4.1).

        The first code stays.

        Args:
            reason: SHUTDOWN_*.
            hazardous: must be True: what the kernel says later is not heard.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        arguments = {"reason": reason}
        self._packed("SCHEDOP_shutdown_code", _SHUTDOWN, (reason,), arguments, hazardous=hazardous)

    def poll(
        self, ports: Sequence[SupportsIndex], *, until: int | None = None, hazardous: bool = False
    ) -> None:
        """Sleep until one of these ports is pending (SCHEDOP_poll).

        The whole vCPU sleeps, with all that it runs, if the ports are masked. For
        waiting see `xen.events`.

        Args:
            ports: at most 128 of this domain.
            until: Xen's system time in ns (HVMOP_get_time) at which to give up;
                None: never.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
            XenError: EINVAL, more than 128 ports, or no such port.
        EINTR: retried.
        """
        numbers = [port.__index__() for port in ports]
        for number in numbers:
            check(number, "sched_poll", "ports", 0, 0xFFFF_FFFF)
        arguments: dict[str, object] = {"nr_ports": len(numbers), "timeout": until or 0}
        buffers = self._caller.buffers
        slot = buffers.take(_POLL.size)
        array = buffers.take(4 * max(len(numbers), 1))
        try:
            Struct(f"<{len(numbers)}I").pack_into(array.memory, array.offset, *numbers)
            _POLL.pack_into(slot.memory, slot.offset, array.address, len(numbers), until or 0)
            self._call("SCHEDOP_poll", slot.address, arguments=arguments, hazardous=hazardous)
        finally:
            buffers.give(array)
            buffers.give(slot)

    def remote_shutdown(self, domid: int, reason: int, *, hazardous: bool = False) -> None:
        """Stop a domain at once (SCHEDOP_remote_shutdown).

        Its toolstack is told, and does what it would if the domain itself had
        shut down for this reason. One that is shutting down already stays as it is.

        Args:
            domid: which; for the hardware domain it is the machine that stops.
            reason: SHUTDOWN_*; 8 bits of it count.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            NoSuchDomainError: ESRCH, also for DOMID_SELF.
            XenPermissionError: EPERM, neither control domain nor its device model.
        EINTR: retried.
        """
        self._packed(
            "SCHEDOP_remote_shutdown",
            _REMOTE_SHUTDOWN,
            (domid, reason),
            {"reason": reason},
            domid=domid,
            hazardous=hazardous,
        )

    def watchdog(self, id: int, timeout: int, *, hazardous: bool = False) -> int:
        """Start, feed or stop a timer that stops this domain (SCHEDOP_watchdog; since Xen 4.1).

        It outlives the process. From the hardware domain the machine restarts.

        Args:
            id: 0 starts one; else which one, as returned.
            timeout: seconds from now on, 32 bits. 0 stops it; but with `id` 0 it
                starts one that runs out at once.
            hazardous: must be True.
        Returns:
            The id of the one started, else 0.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, the privcmd handle is restricted.
            XenError: EINVAL, none of this id is running; ENOSPC, both are in use.
        EINTR: retried, but for starting one: reported.
        """
        return self._packed(
            "SCHEDOP_watchdog",
            _WATCHDOG,
            (id, timeout),
            {"id": id, "timeout": timeout},
            hazardous=hazardous,
            # A second try would start a second one.
            repeatable=id != 0,
        )

    def pin_override(self, pcpu: int, *, hazardous: bool = False) -> None:
        """Pin the calling vCPU to a processor (SCHEDOP_pin_override; since Xen 4.7).

        For the sake of hardware that can be reached from there only.

        Which vCPU that is, is the kernel's choice unless the process is pinned to one.

        Args:
            pcpu: which processor; a negative number ends it.
            hazardous: must be True: the kernel uses this itself.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, for the hardware domain only.
            XenError: EINVAL, no such processor, or no override to end; EBUSY,
                overridden already.
        EINTR: reported: a second try would be EBUSY.
        """
        self._packed(
            "SCHEDOP_pin_override",
            _PIN_OVERRIDE,
            (pcpu,),
            {"pcpu": pcpu},
            hazardous=hazardous,
            repeatable=False,
        )

    def _plain(self, name: str, *, hazardous: bool = False) -> None:
        self._call(name, 0, hazardous=hazardous)

    def _packed(
        self,
        name: str,
        layout: Packer,
        values: tuple[int, ...],
        arguments: Mapping[str, object],
        *,
        domid: int | None = None,
        hazardous: bool,
        repeatable: bool = True,
    ) -> int:
        buffers = self._caller.buffers
        slot = buffers.take(layout.size)
        try:
            layout.pack_into(slot.memory, slot.offset, *values)
            return self._call(
                name,
                slot.address,
                domid=domid,
                arguments=arguments,
                hazardous=hazardous,
                repeatable=repeatable,
            )
        finally:
            buffers.give(slot)

    def _call(
        self,
        name: str,
        address: int,
        *,
        domid: int | None = None,
        arguments: Mapping[str, object] | None = None,
        hazardous: bool = False,
        repeatable: bool = True,
    ) -> int:
        return self._caller.call(
            SCHED_OP,
            name,
            getattr(abi, name),
            address,
            repeatable=repeatable,
            hazardous=hazardous,
            domid=domid,
            arguments=arguments,
        )
