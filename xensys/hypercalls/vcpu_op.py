"""vcpu_op: this domain's virtual processors.

Names are those of xen/include/public/vcpu.h, less VCPUOP_. Every one of them is
about the calling domain; a vCPU that it does not have is ENOENT. All but `is_up`,
`get_runstate_info` and `get_physid` belong to the kernel. On arm there are
`register_vcpu_info` and `register_runstate_memory_area`, and the rest is EINVAL.
"""

from __future__ import annotations

import ctypes
from struct import Struct

from xensys._packing import check
from xensys.abi import vcpu as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import VCPU_OP, Caller, _hold
from xensys.hypercalls._records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from xensys.abi._base import XenMemory

_RUNSTATE = Packer(abi.vcpu_runstate_info)
_PERIODIC = Packer(abi.vcpu_set_periodic_timer)
_SINGLESHOT = Packer(abi.vcpu_set_singleshot_timer)
_VCPU_INFO = Packer(abi.vcpu_register_vcpu_info)
_PHYSID = Packer(abi.vcpu_get_physid)
#: The unions that register an area by address: one word.
_ADDRESS = Struct("<Q")


class RunstateInfo(Record):
    """What a vCPU has spent its time with.

    Attributes:
        state: RUNSTATE_*: 0 running, 1 runnable, 2 blocked, 3 offline.
        state_entry_time: since when, in ns of Xen's system time.
        time: ns spent in each state, by RUNSTATE_*.
    """

    __slots__ = ("state", "state_entry_time", "time")

    state: int
    state_entry_time: int
    time: tuple[int, int, int, int]


class VcpuOp:
    """The vcpu_op hypercall; `xen.vcpu_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def initialise(self, vcpuid: int, context: XenMemory, *, hazardous: bool = False) -> None:
        """Set the registers with which a vCPU will start (VCPUOP_initialise; x86).

        Args:
            vcpuid: which.
            context: a vcpu_guest_context (PV) or vcpu_hvm_context, made by `buffers.new()`.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EEXIST, initialised already; EINVAL, bad registers, or not x86.
        EINTR: retried.
        """
        held = _hold(context)
        try:
            self._call("VCPUOP_initialise", vcpuid, ctypes.addressof(held), hazardous=hazardous)
        finally:
            # An error keeps this frame, and must not keep the memory.
            del held

    def up(self, vcpuid: int, *, hazardous: bool = False) -> None:
        """Start a vCPU that is initialised (VCPUOP_up; x86).

        Args:
            vcpuid: which.
            hazardous: must be True: see the kernel's /sys/devices/system/cpu instead.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not initialised, or not x86.
        EINTR: retried.
        """
        self._call("VCPUOP_up", vcpuid, hazardous=hazardous)

    def down(self, vcpuid: int, *, hazardous: bool = False) -> None:
        """Stop a vCPU; the last one powers the domain off (VCPUOP_down; x86).

        Args:
            vcpuid: which.
            hazardous: must be True.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not x86.
        EINTR: retried.
        """
        self._call("VCPUOP_down", vcpuid, hazardous=hazardous)

    def is_up(self, vcpuid: int) -> bool:
        """Whether a vCPU has been started (VCPUOP_is_up; x86).

        Raises:
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not x86.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        return bool(self._call("VCPUOP_is_up", vcpuid))

    def get_runstate_info(self, vcpuid: int) -> RunstateInfo:
        """What a vCPU has spent its time with (VCPUOP_get_runstate_info; x86).

        Raises:
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not x86.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_RUNSTATE.size)
        try:
            self._call("VCPUOP_get_runstate_info", vcpuid, slot.address)
            state, since, *times = _RUNSTATE.unpack_from(slot.memory, slot.offset)
            return RunstateInfo(state, since, tuple(times))
        finally:
            buffers.give(slot)

    def register_runstate_memory_area(
        self, vcpuid: int, area: XenMemory | None, *, hazardous: bool = False
    ) -> None:
        """Have Xen keep a vCPU's runstate in memory (VCPUOP_register_runstate_memory_area).

        Xen goes on writing to that *virtual* address, in whatever process the
        vCPU runs. Nothing but a kernel has addresses that are good for this.

        Args:
            vcpuid: which.
            area: a vcpu_runstate_info made by `buffers.new()`, to be kept for
                as long as it is registered; None ends it.
            hazardous: must be True: it takes the place of the kernel's own.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EFAULT.
        EINTR: retried.
        """
        self._register("VCPUOP_register_runstate_memory_area", vcpuid, area, hazardous)

    def set_periodic_timer(self, vcpuid: int, period_ns: int, *, hazardous: bool = False) -> None:
        """Have VIRQ_TIMER raised over and over (VCPUOP_set_periodic_timer; x86).

        Args:
            vcpuid: which.
            period_ns: 1_000_000 or more.
            hazardous: must be True: the kernel's timer is its own.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, below a millisecond, above 2**62 - 1, or not x86.
        EINTR: retried.
        """
        self._packed("VCPUOP_set_periodic_timer", vcpuid, _PERIODIC, (period_ns,), hazardous)

    def stop_periodic_timer(self, vcpuid: int, *, hazardous: bool = False) -> None:
        """End the periodic timer (VCPUOP_stop_periodic_timer; x86).

        Args:
            vcpuid: which.
            hazardous: must be True: the kernel's timer is its own.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not x86.
        EINTR: retried.
        """
        self._call("VCPUOP_stop_periodic_timer", vcpuid, hazardous=hazardous)

    def set_singleshot_timer(
        self, vcpuid: int, timeout_abs_ns: int, flags: int = 0, *, hazardous: bool = False
    ) -> None:
        """Have VIRQ_TIMER raised once (VCPUOP_set_singleshot_timer; x86).

        Args:
            vcpuid: the calling vCPU, and no other.
            timeout_abs_ns: when, in Xen's system time; what is past, at once.
            flags: VCPU_SSHOTTMR_future: up to Xen 4.17, refuse what is past.
            hazardous: must be True: the kernel's timer is its own.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, another vCPU, or not x86; ETIME, see `flags`.
        EINTR: retried.
        """
        values = (timeout_abs_ns, flags)
        self._packed("VCPUOP_set_singleshot_timer", vcpuid, _SINGLESHOT, values, hazardous)

    def stop_singleshot_timer(self, vcpuid: int, *, hazardous: bool = False) -> None:
        """End the single-shot timer (VCPUOP_stop_singleshot_timer; x86).

        Args:
            vcpuid: the calling vCPU, and no other.
            hazardous: must be True: the kernel's timer is its own.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, another vCPU, or not x86.
        EINTR: retried.
        """
        self._call("VCPUOP_stop_singleshot_timer", vcpuid, hazardous=hazardous)

    def register_vcpu_info(self, vcpuid: int, mfn: int, offset: int, *, hazardous: bool = False) -> None:
        """Move a vCPU's vcpu_info out of the shared page (VCPUOP_register_vcpu_info).

        Args:
            vcpuid: which.
            mfn, offset: the frame and where in it; machine frame if PV.
            hazardous: must be True: the kernel takes its events from there.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenPermissionError: EACCES, the page cannot be written (since Xen 4.18).
            XenError: EBUSY, done already (EINVAL up to 4.17); ENXIO, misaligned
                or across pages; EINVAL, no such page.
        EINTR: retried.
        """
        values = (mfn, offset, 0)
        self._packed("VCPUOP_register_vcpu_info", vcpuid, _VCPU_INFO, values, hazardous)

    def send_nmi(self, vcpuid: int, *, hazardous: bool = False) -> None:
        """Send a vCPU an NMI (VCPUOP_send_nmi; x86).

        Args:
            vcpuid: which.
            hazardous: must be True: a kernel may take it for broken hardware.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not x86.
        EINTR: retried.
        """
        self._call("VCPUOP_send_nmi", vcpuid, hazardous=hazardous)

    def get_physid(self, vcpuid: int) -> int:
        """Of what processor a pinned vCPU is (VCPUOP_get_physid; x86).

        Returns:
            APIC id, and ACPI id << 32.
        Raises:
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EINVAL, not a vCPU of the hardware domain that
                dom0_vcpus_pin has pinned, or not x86.
            XenPermissionError: EPERM, the privcmd handle is restricted.
        EINTR: retried.
        """
        buffers = self._caller.buffers
        slot = buffers.take(_PHYSID.size)
        try:
            self._call("VCPUOP_get_physid", vcpuid, slot.address)
            physid: int = _PHYSID.unpack_from(slot.memory, slot.offset)[0]
            return physid
        finally:
            buffers.give(slot)

    def register_vcpu_time_memory_area(
        self, vcpuid: int, area: XenMemory | None, *, hazardous: bool = False
    ) -> None:
        """Have Xen keep a vCPU's time in memory (VCPUOP_register_vcpu_time_memory_area; x86).

        As `register_runstate_memory_area`, with a vcpu_time_info.

        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            XenError: EFAULT; EINVAL, not x86.
        EINTR: retried.
        """
        self._register("VCPUOP_register_vcpu_time_memory_area", vcpuid, area, hazardous)

    def register_runstate_phys_area(
        self, vcpuid: int, address: int | None, *, hazardous: bool = False
    ) -> None:
        """Have Xen keep a vCPU's runstate (VCPUOP_register_runstate_phys_area; since Xen 4.18, x86).

        Args:
            vcpuid: which.
            address: guest-physical, of 48 bytes within a page, aligned to 8;
                None ends it.
            hazardous: must be True: that memory is the kernel's.
        Raises:
            HazardError: without the flag.
            XenNotFoundError: ENOENT, no such vCPU.
            NotSupportedError: ENOSYS, Xen before 4.18.
            XenPermissionError: EACCES, the page cannot be written.
            XenError: ENXIO, misaligned or across pages; EINVAL, no such page, or not x86.
        EINTR: retried.
        """
        self._place("VCPUOP_register_runstate_phys_area", vcpuid, address, hazardous)

    def register_vcpu_time_phys_area(
        self, vcpuid: int, address: int | None, *, hazardous: bool = False
    ) -> None:
        """Have Xen keep a vCPU's time (VCPUOP_register_vcpu_time_phys_area; since Xen 4.18, x86).

        As `register_runstate_phys_area`, with the 32 bytes of a vcpu_time_info.

        Raises:
            As `register_runstate_phys_area`.
        EINTR: retried.
        """
        self._place("VCPUOP_register_vcpu_time_phys_area", vcpuid, address, hazardous)

    def _packed(
        self, name: str, vcpuid: int, layout: Packer, values: tuple[int, ...], hazardous: bool
    ) -> None:
        buffers = self._caller.buffers
        slot = buffers.take(layout.size)
        try:
            layout.pack_into(slot.memory, slot.offset, *values)
            self._call(name, vcpuid, slot.address, hazardous=hazardous)
        finally:
            buffers.give(slot)

    def _register(self, name: str, vcpuid: int, area: XenMemory | None, hazardous: bool) -> None:
        held = _hold(area)
        try:
            self._at(name, vcpuid, 0 if area is None else ctypes.addressof(held), hazardous)
        finally:
            # An error keeps this frame, and must not keep the memory.
            del held

    def _place(self, name: str, vcpuid: int, address: int | None, hazardous: bool) -> None:
        if address is None:
            address = (1 << 64) - 1
        else:
            check(address, name, "address", 0, (1 << 64) - 2)
        self._at(name, vcpuid, address, hazardous)

    def _at(self, name: str, vcpuid: int, address: int, hazardous: bool) -> None:
        buffers = self._caller.buffers
        slot = buffers.take(_ADDRESS.size)
        try:
            _ADDRESS.pack_into(slot.memory, slot.offset, address)
            arguments = {"address": address}
            self._call(name, vcpuid, slot.address, hazardous=hazardous, more=arguments)
        finally:
            buffers.give(slot)

    def _call(
        self,
        name: str,
        vcpuid: int,
        address: int = 0,
        *,
        hazardous: bool = False,
        more: Mapping[str, object] | None = None,
    ) -> int:
        check(vcpuid, "vcpu_op", "vcpuid", 0, 0xFFFF_FFFF)
        return self._caller.call(
            VCPU_OP,
            name,
            getattr(abi, name),
            vcpuid,
            address,
            repeatable=True,
            hazardous=hazardous,
            arguments={"vcpuid": vcpuid, **(more or {})},
        )
