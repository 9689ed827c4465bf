"""memory_op: how much memory, and where.

The part of it that only asks; what changes something is in the base class. Names
are those of xen/include/public/memory.h, less XENMEM_. Every method here may be
repeated, so EINTR is retried.
"""

from __future__ import annotations

import ctypes
from errno import ENOBUFS

from xensys.abi import memory as abi
from xensys.abi._base import Packer
from xensys.errors import XenError
from xensys.hypercalls._call import DOMID_SELF, MEMORY_OP
from xensys.hypercalls._records import Record
from xensys.hypercalls.memory_op_changing import Extents, MemoryOpChanging, PodTarget

__all__ = [
    "E820Entry",
    "Extents",
    "MachphysMapping",
    "MemoryOp",
    "PodTarget",
    "ReservedDeviceMemory",
    "VnumaTopology",
]

_DOMAIN = Packer(abi.xen_memory_domain)
_MEMORY_MAP = Packer(abi.xen_memory_map)
_MFN_LIST = Packer(abi.xen_machphys_mfn_list)
_MAPPING = Packer(abi.xen_machphys_mapping)
_POD_TARGET = Packer(abi.xen_pod_target)

#: Bytes of an entry of an e820 map: two u64 and a u32, unpadded (xen/include/asm-x86/e820.h).
_E820_ENTRY = 20


class E820Entry(Record):
    """A range of physical addresses, and what is there."""

    __slots__ = ("addr", "size", "type")

    addr: int
    size: int
    #: 1 RAM, 2 reserved, 3 ACPI, 4 ACPI NVS, 5 unusable.
    type: int


class MachphysMapping(Record):
    """Where Xen maps its machine-to-physical table for PV guests."""

    __slots__ = ("max_mfn", "v_end", "v_start")

    def __init__(self, v_start: int, v_end: int, max_mfn: int) -> None:
        super().__init__(max_mfn, v_end, v_start)

    v_start: int
    v_end: int
    max_mfn: int


class ReservedDeviceMemory(Record):
    """A range that a device needs identity-mapped (RMRR)."""

    __slots__ = ("nr_pages", "start_pfn")

    def __init__(self, start_pfn: int, nr_pages: int) -> None:
        super().__init__(nr_pages, start_pfn)

    start_pfn: int
    nr_pages: int


class VnumaTopology(Record):
    """The virtual NUMA topology of a domain.

    Attributes:
        distances: row by row, from each node to each.
        vcpu_to_vnode: the node of each vCPU.
        ranges: (start, end, flags, node) of each range of memory, in bytes.
    """

    __slots__ = ("distances", "ranges", "vcpu_to_vnode")

    def __init__(
        self,
        distances: tuple[tuple[int, ...], ...],
        vcpu_to_vnode: tuple[int, ...],
        ranges: tuple[tuple[int, int, int, int], ...],
    ) -> None:
        super().__init__(distances, ranges, vcpu_to_vnode)

    distances: tuple[tuple[int, ...], ...]
    vcpu_to_vnode: tuple[int, ...]
    ranges: tuple[tuple[int, int, int, int], ...]


class MemoryOp(MemoryOpChanging):
    """The memory_op hypercall; `xen.memory_op`."""

    __slots__ = ()

    def maximum_ram_page(self) -> int:
        """Highest machine frame with memory, plus one (XENMEM_maximum_ram_page). Cannot fail."""
        return self._count("XENMEM_maximum_ram_page")

    def current_reservation(self, domid: int = DOMID_SELF) -> int:
        """4 KiB pages that a domain has (XENMEM_current_reservation).

        Raises:
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, another's, without the privilege.
        """
        return self._of_domain("XENMEM_current_reservation", domid)

    def maximum_reservation(self, domid: int = DOMID_SELF) -> int:
        """4 KiB pages that a domain may have (XENMEM_maximum_reservation).

        Raises:
            As `current_reservation`.
        """
        return self._of_domain("XENMEM_maximum_reservation", domid)

    def maximum_gpfn(self, domid: int = DOMID_SELF) -> int:
        """Highest guest frame in use by a domain (XENMEM_maximum_gpfn).

        Raises:
            As `current_reservation`.
        """
        return self._of_domain("XENMEM_maximum_gpfn", domid)

    def get_sharing_freed_pages(self) -> int:
        """Pages saved by sharing, on the whole machine (XENMEM_get_sharing_freed_pages)."""
        return self._count("XENMEM_get_sharing_freed_pages")

    def get_sharing_shared_pages(self) -> int:
        """Pages that are shared, on the whole machine (XENMEM_get_sharing_shared_pages)."""
        return self._count("XENMEM_get_sharing_shared_pages")

    def memory_map(self) -> tuple[E820Entry, ...]:
        """This domain's memory map, as its toolstack set it (XENMEM_memory_map; x86).

        Raises:
            NotSupportedError: ENOSYS, none was set.
        """
        return self._e820("XENMEM_memory_map")

    def machine_memory_map(self) -> tuple[E820Entry, ...]:
        """The machine's memory map (XENMEM_machine_memory_map; x86).

        Raises:
            XenPermissionError: EPERM, for the control domain only.
        """
        return self._e820("XENMEM_machine_memory_map")

    def machphys_mfn_list(self, max_extents: int = 512) -> tuple[int, ...]:
        """Machine frames of the machine-to-physical table, one per 2 MiB (XENMEM_machphys_mfn_list; x86).

        Args:
            max_extents: how many to ask for at most.
        """
        return self._mfn_list("XENMEM_machphys_mfn_list", max_extents)

    def machphys_compat_mfn_list(self, max_extents: int = 16) -> tuple[int, ...]:
        """The same of the table for 32-bit guests (XENMEM_machphys_compat_mfn_list; x86, since Xen 4.5)."""
        return self._mfn_list("XENMEM_machphys_compat_mfn_list", max_extents)

    def machphys_mapping(self) -> MachphysMapping:
        """Where the machine-to-physical table is mapped (XENMEM_machphys_mapping; x86 PV).

        Raises:
            NotSupportedError: ENOSYS, HVM, PVH or arm.
        """
        slot = self._caller.buffers.take(_MAPPING.size)
        try:
            self._call("XENMEM_machphys_mapping", slot.address)
            return MachphysMapping(*_MAPPING.unpack_from(slot.memory, slot.offset))
        finally:
            self._caller.buffers.give(slot)

    def get_pod_target(self, domid: int) -> PodTarget:
        """Populate-on-demand figures of an HVM domain (XENMEM_get_pod_target; x86).

        Raises:
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, for the control domain only.
            XenError: EINVAL, not HVM.
        """
        slot = self._caller.buffers.take(_POD_TARGET.size)
        try:
            _POD_TARGET.pack_into(slot.memory, slot.offset, 0, 0, 0, 0, domid)
            self._call("XENMEM_get_pod_target", slot.address, domid=domid)
            _, *figures, _ = _POD_TARGET.unpack_from(slot.memory, slot.offset)
            return PodTarget(*figures)
        finally:
            self._caller.buffers.give(slot)

    def reserved_device_memory_map(self, sbdf: int | None = None) -> tuple[ReservedDeviceMemory, ...]:
        """Ranges that devices need identity-mapped (XENMEM_reserved_device_memory_map; since Xen 4.6).

        Args:
            sbdf: segment << 16 | bus << 8 | device << 3 | function; None means
                all devices.
        Raises:
            NotSupportedError: ENOSYS or EOPNOTSUPP, no IOMMU code in this Xen.
        """
        buffers = self._caller.buffers
        request = buffers.new(abi.xen_reserved_device_memory_map)
        room = 0
        while True:
            if sbdf is None:
                request.flags = abi.XENMEM_RDM_ALL
            else:
                request.dev.pci.seg = sbdf >> 16
                request.dev.pci.bus = sbdf >> 8 & 0xFF
                request.dev.pci.devfn = sbdf & 0xFF
            request.nr_entries = room
            entries = buffers.new(abi.xen_reserved_device_memory * max(room, 1))
            request.buffer = entries
            try:
                self._call("XENMEM_reserved_device_memory_map", ctypes.addressof(request))
            except XenError as error:
                # The header's comment says ERANGE; Xen's code says ENOBUFS.
                if error.errno != ENOBUFS or request.nr_entries <= room:
                    raise
                room = request.nr_entries
                continue
            return tuple(
                ReservedDeviceMemory(entry.start_pfn, entry.nr_pages)
                for entry in entries[: request.nr_entries]
            )

    def get_vnumainfo(self, domid: int = DOMID_SELF) -> VnumaTopology:
        """The virtual NUMA topology of a domain (XENMEM_get_vnumainfo; since Xen 4.5).

        Raises:
            NotSupportedError: EOPNOTSUPP, it has none.
            NoSuchDomainError: ESRCH.
            XenPermissionError: EPERM, another's, without the privilege.
        """
        buffers = self._caller.buffers
        nodes = vcpus = ranges = 1
        while True:
            info = buffers.new(abi.xen_vnuma_topology_info)
            distance = buffers.new(ctypes.c_uint32 * (nodes * nodes))
            vnode = buffers.new(ctypes.c_uint32 * vcpus)
            memory = buffers.new(abi.xen_vmemrange * ranges)
            info.domid = domid
            info.nr_vnodes, info.nr_vcpus, info.nr_vmemranges = nodes, vcpus, ranges
            info.vdistance.h = distance
            info.vcpu_to_vnode.h = vnode
            info.vmemrange.h = memory
            try:
                self._call("XENMEM_get_vnumainfo", ctypes.addressof(info), domid=domid)
            except XenError as error:
                needed = (info.nr_vnodes, info.nr_vcpus, info.nr_vmemranges)
                if error.errno != ENOBUFS or needed == (nodes, vcpus, ranges):
                    raise
                nodes, vcpus, ranges = needed
                continue
            nodes = info.nr_vnodes
            return VnumaTopology(
                tuple(tuple(distance[row : row + nodes]) for row in range(0, nodes * nodes, nodes)),
                tuple(vnode[: info.nr_vcpus]),
                tuple((r.start, r.end, r.flags, r.nid) for r in memory[: info.nr_vmemranges]),
            )

    def _call(self, name: str, address: int = 0, domid: int | None = None) -> int:
        return self._caller.call(
            MEMORY_OP,
            name,
            getattr(abi, name),
            address,
            wide=True,
            repeatable=True,
            domid=domid,
        )

    def _count(self, name: str) -> int:
        return self._call(name)

    def _of_domain(self, name: str, domid: int) -> int:
        slot = self._caller.buffers.take(_DOMAIN.size)
        try:
            _DOMAIN.pack_into(slot.memory, slot.offset, domid)
            return self._call(name, slot.address, domid)
        finally:
            self._caller.buffers.give(slot)

    def _e820(self, name: str) -> tuple[E820Entry, ...]:
        import struct

        buffers = self._caller.buffers
        room = 128  # what Xen itself keeps at most (E820MAX before 4.20: 128, then 1024)
        while True:
            slot = buffers.take(_MEMORY_MAP.size)
            table = buffers.take(room * _E820_ENTRY)
            try:
                _MEMORY_MAP.pack_into(slot.memory, slot.offset, room, table.address)
                self._call(name, slot.address)
                count: int = _MEMORY_MAP.unpack_from(slot.memory, slot.offset)[0]
                if count < room:
                    raw = table.memory[table.offset : table.offset + count * _E820_ENTRY]
                    return tuple(E820Entry(*entry) for entry in struct.iter_unpack("<QQI", raw))
            finally:
                buffers.give(table)
                buffers.give(slot)
            # Filled to the brim: Xen cuts silently, so there may be more.
            room *= 2

    def _mfn_list(self, name: str, max_extents: int) -> tuple[int, ...]:
        import struct

        buffers = self._caller.buffers
        slot = buffers.take(_MFN_LIST.size)
        table = buffers.take(8 * max(max_extents, 1))
        try:
            _MFN_LIST.pack_into(slot.memory, slot.offset, max_extents, table.address, 0)
            self._call(name, slot.address)
            count: int = _MFN_LIST.unpack_from(slot.memory, slot.offset)[2]
            return struct.unpack_from(f"<{count}Q", table.memory, table.offset)
        finally:
            buffers.give(table)
            buffers.give(slot)
