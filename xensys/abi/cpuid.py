# GENERATED from abi/cpuid.json (arch-x86/cpuid.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Xen's CPUID leaves, from 0x40000000, or 0x40000100 behind Hyper-V's.

arch-x86/cpuid.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ._base import fitting

TYPE_CHECKING = False

XEN_CPUID_FIRST_LEAF = 0x40000000  # Leaf with the signature, unless the domain has Hyper-V's leaves there

# XEN_CPUID_SIGNATURE: The signature XenVMMXenVMM in three registers of the first leaf.
XEN_CPUID_SIGNATURE_EBX = 0x566e6558
XEN_CPUID_SIGNATURE_ECX = 0x65584d4d
XEN_CPUID_SIGNATURE_EDX = 0x4d4d566e
_XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD = 0  # Bit number of that feature

# XEN_CPUID_FEAT1: Features in ecx of the third leaf.
XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD = 1

# XEN_CPUID_TSC: What a guest can expect of the TSC: eax of the fourth leaf, sub-leaf 0.
XEN_CPUID_TSC_EMULATED = 1  # not in 4.17, 4.14
XEN_CPUID_HOST_TSC_RELIABLE = 2  # not in 4.17, 4.14
XEN_CPUID_RDTSCP_INSTR_AVAIL = 4  # not in 4.17, 4.14

# XEN_CPUID_TSC_MODE: When the guest's TSC reads are emulated: ebx of the fourth leaf, sub-leaf 0.
XEN_CPUID_TSC_MODE_DEFAULT = 0  # not in 4.17, 4.14
XEN_CPUID_TSC_MODE_ALWAYS_EMULATE = 1  # not in 4.17, 4.14
XEN_CPUID_TSC_MODE_NEVER_EMULATE = 2  # not in 4.17, 4.14
XEN_CPUID_TSC_MODE_PVRDTSCP = 3  # not in 4.17, 4.14

# XEN_HVM_CPUID: What an HVM guest has: eax of the fifth leaf; ids are in ebx (vCPU) and ecx
# (domain).
XEN_HVM_CPUID_APIC_ACCESS_VIRT = 1
XEN_HVM_CPUID_X2APIC_VIRT = 2
XEN_HVM_CPUID_IOMMU_MAPPINGS = 4
XEN_HVM_CPUID_VCPU_ID_PRESENT = 8
XEN_HVM_CPUID_DOMID_PRESENT = 16
XEN_HVM_CPUID_EXT_DEST_ID = 32  # not in 4.14
XEN_HVM_CPUID_UPCALL_VECTOR = 64  # not in 4.14

XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK = 255  # Bits of ebx in a PV guest's sixth leaf: width of machine addresses, in bits
XEN_CPUID_MAX_NUM_LEAVES = 5  # Last leaf, counted from the first


def XEN_CPUID_LEAF(i: int) -> int:
    """The number of Xen's i-th CPUID leaf, where Viridian has not moved them.

    Macro XEN_CPUID_LEAF; i in 0..255.
    """
    i = fitting(i, 0, 255, "XEN_CPUID_LEAF(i)")
    return XEN_CPUID_FIRST_LEAF + i
