"""XENFEAT_*, as xen/common/kernel.c puts them together."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain
    from xensys.sim.machine import Machine

# xen/include/public/features.h
_WRITABLE_PAGE_TABLES = 1 << 0
_AUTO_TRANSLATED_PHYSMAP = 1 << 2
_PAE_PGDIR_ABOVE_4GB = 1 << 4
_MMU_PT_UPDATE_PRESERVE_AD = 1 << 5
_HIGHMEM_ASSIST = 1 << 6
_GNTTAB_MAP_AVAIL_BITS = 1 << 7
_HVM_CALLBACK_VECTOR = 1 << 8
_HVM_SAFE_PVCLOCK = 1 << 9
_HVM_PIRQS = 1 << 10
_DOM0 = 1 << 11
_MEMORY_OP_VNODE_SUPPORTED = 1 << 13
_ARM_SMCCC_SUPPORTED = 1 << 14
_NOT_DIRECT_MAPPED = 1 << 16
_DIRECT_MAPPED = 1 << 17
_RUNSTATE_PHYS_AREA = 1 << 18
_VCPU_TIME_PHYS_AREA = 1 << 19
_DM_MSIX_ALL_WRITES = 1 << 20


def features(machine: Machine, domain: Domain) -> int:
    """Submap 0 of what a domain is told."""
    xen = machine.xen
    arm = domain.kind == "arm"
    bits = _MEMORY_OP_VNODE_SUPPORTED
    if xen >= (4, 18):
        bits |= _RUNSTATE_PHYS_AREA
        if not arm:
            bits |= _VCPU_TIME_PHYS_AREA
    if domain.translated:
        bits |= _WRITABLE_PAGE_TABLES | _AUTO_TRANSLATED_PHYSMAP
    else:
        # VMASST_TYPE_pae_extended_cr3, which 64-bit Linux always has.
        bits |= _PAE_PGDIR_ABOVE_4GB
    if domain.domid == 0:
        bits |= _DOM0
    if arm:
        bits |= _ARM_SMCCC_SUPPORTED
    elif domain.kind == "pv":
        bits |= _MMU_PT_UPDATE_PRESERVE_AD | _HIGHMEM_ASSIST | _GNTTAB_MAP_AVAIL_BITS
    else:
        bits |= _HVM_SAFE_PVCLOCK | _HVM_CALLBACK_VECTOR
        if domain.kind == "hvm" or domain.domid == 0:
            bits |= _HVM_PIRQS
    if not arm and xen >= (4, 19):
        bits |= _DM_MSIX_ALL_WRITES
    if xen >= (4, 16):
        # An arm dom0 has its memory at its machine addresses.
        direct = not domain.translated or (arm and domain.domid == 0)
        bits |= _DIRECT_MAPPED if direct else _NOT_DIRECT_MAPPED
    return bits
