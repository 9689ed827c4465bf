"""xenpmu_op: hardware performance counters of PV domains on x86 (since Xen 4.6).

Without vpmu= on Xen's command line, and for domains with a local APIC (HVM and
PVH), every method raises NotSupportedError (EOPNOTSUPP); on arm64 too (ENOSYS).
Names are those of xen/include/public/pmu.h, less XENPMU_; rests on
xen/arch/x86/cpu/vpmu.c.
"""

from __future__ import annotations

from xensys.abi import pmu as abi
from xensys.abi._base import Packer
from xensys.hypercalls._call import XENPMU_OP, Caller
from xensys.hypercalls._records import Record

_PARAMS = Packer(abi.xen_pmu_params)


class PmuMode(Record):
    """Who may profile what.

    Attributes:
        mode: one of XENPMU_MODE_*; 0 is off.
        version: of the interface, (major, minor).
    """

    __slots__ = ("mode", "version")

    mode: int
    version: tuple[int, int]

    def __init__(self, mode: int, version: tuple[int, int]) -> None:
        super().__init__(mode, version)


class XenpmuOp:
    """The xenpmu_op hypercall; `xen.xenpmu_op`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def mode_get(self) -> PmuMode:
        """Who may profile what, and the interface's version (XENPMU_mode_get).

        Raises:
            NotSupportedError: see above.
            XenPermissionError: EPERM, not dom0.
        EINTR: retried.
        """
        major, minor, mode = self._call("mode_get", repeatable=True)
        return PmuMode(mode, (major, minor))

    def mode_set(self, mode: int, *, hazardous: bool = False) -> None:
        """Set who may profile what (XENPMU_mode_set).

        Args:
            mode: one of XENPMU_MODE_*, or 0 for nobody.
            hazardous: must be True: it is a setting of the whole host.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, not one of these; EBUSY, a counter is in use.
        EINTR: reported.
        """
        self._call("mode_set", val=mode, hazardous=hazardous)

    def feature_get(self) -> int:
        """What of the counters domains get, XENPMU_FEATURE_* (XENPMU_feature_get).

        Raises:
            NotSupportedError: see above.
            XenPermissionError: EPERM, not dom0.
        EINTR: retried.
        """
        return self._call("feature_get", repeatable=True)[2]

    def feature_set(self, features: int, *, hazardous: bool = False) -> None:
        """Set what of the counters domains get (XENPMU_feature_set).

        Args:
            features: bits, XENPMU_FEATURE_*.
            hazardous: must be True: it is a setting of the whole host.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            XenPermissionError: EPERM, not dom0.
            XenError: EINVAL, other bits; EBUSY, a counter is in use.
        EINTR: reported.
        """
        self._call("feature_set", val=features, hazardous=hazardous)

    def init(self, vcpu: int, gfn: int, *, hazardous: bool = False) -> None:
        """Give Xen a page for a vCPU's counters, and start them (XENPMU_init).

        Args:
            vcpu: one of our own.
            gfn: 4 KiB frame of the page, an xen_pmu_data; of a PV domain a machine frame.
            hazardous: must be True: the kernel does this, and Xen writes there from now on.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            XenNotFoundError: ENOENT, the mode gives this vCPU no counters.
            XenError: EINVAL, no such vCPU, or no writable page of ours; EEXIST, it
                has one; ENOMEM.
        EINTR: reported.
        """
        self._call("init", val=gfn, vcpu=vcpu, hazardous=hazardous)

    def finish(self, vcpu: int, *, hazardous: bool = False) -> None:
        """Stop a vCPU's counters, and take their page back (XENPMU_finish).

        A vCPU that does not exist is no error to Xen.

        Args:
            vcpu: one of our own.
            hazardous: must be True: the kernel relies on them.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
        EINTR: reported.
        """
        self._call("finish", vcpu=vcpu, hazardous=hazardous)

    def lvtpc_set(self, *, hazardous: bool = False) -> None:
        """Take over the interrupt setting in the calling vCPU's page (XENPMU_lvtpc_set).

        Args:
            hazardous: must be True: the kernel relies on it, and which vCPU we run on is chance.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            XenError: EINVAL, the vCPU has no page.
        EINTR: reported.
        """
        self._call("lvtpc_set", hazardous=hazardous)

    def flush(self, *, hazardous: bool = False) -> None:
        """Load the counters in the calling vCPU's page into hardware (XENPMU_flush).

        Args:
            hazardous: must be True: the kernel relies on it, and which vCPU we run on is chance.
        Raises:
            HazardError: without the flag.
            NotSupportedError: see above.
            XenError: EINVAL, the vCPU has no page; EIO, values that hardware refuses.
        EINTR: reported.
        """
        self._call("flush", hazardous=hazardous)

    def _call(
        self,
        name: str,
        *,
        val: int = 0,
        vcpu: int = 0,
        repeatable: bool = False,
        hazardous: bool = False,
    ) -> tuple[int, int, int]:
        """Any of these: all take the same argument. Returns major, minor and value."""
        buffers = self._caller.buffers
        slot = buffers.take(_PARAMS.size)
        try:
            _PARAMS.pack_into(
                slot.memory, slot.offset, abi.XENPMU_VER_MAJ, abi.XENPMU_VER_MIN, val, vcpu, 0
            )
            self._caller.call(
                XENPMU_OP,
                f"XENPMU_{name}",
                getattr(abi, f"XENPMU_{name}"),
                slot.address,
                repeatable=repeatable,
                hazardous=hazardous,
                arguments={"val": val, "vcpu": vcpu},
            )
            major, minor, value = _PARAMS.unpack_from(slot.memory, slot.offset)[:3]
            return major, minor, value
        finally:
            buffers.give(slot)
