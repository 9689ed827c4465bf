# GENERATED from abi/xen.json (xen.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What every guest shares with Xen: hypercall numbers, domain ids, time, shared info, start of day.

xen.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_char, c_int8, c_uint8, c_uint16, c_uint32, c_uint64

from .._base import HANDLE, Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base import HandleField, IntArray, IntArrayField, XenMemory

# XEN_INTERFACE_VERSION: The newest interface these headers describe, and the one they were read
# with: 0x41300 is 4.19.
__XEN_LATEST_INTERFACE_VERSION__ = 0x41300  # otherwise in 4.17, 4.14
XEN_LATEST_INTERFACE_VERSION__ = __XEN_LATEST_INTERFACE_VERSION__
__XEN_INTERFACE_VERSION__ = 0x41300  # __XEN_TOOLS__; otherwise in 4.17, 4.14
XEN_INTERFACE_VERSION__ = __XEN_INTERFACE_VERSION__

XEN_HYPERCALL_TAG = 0xea1  # Immediate of the Arm instruction HVC that makes a hypercall; arm64 only

# FLAT: Selectors of flat segments that Xen keeps in every PV guest's GDT; kernel and user share
# them.
FLAT_RING3_CS32 = 0xe023  # x86_64 only
FLAT_RING3_CS64 = 0xe033  # x86_64 only
FLAT_RING3_DS32 = 0xe02b  # x86_64 only
FLAT_RING3_DS64 = 0  # x86_64 only
FLAT_RING3_SS32 = 0xe02b  # x86_64 only
FLAT_RING3_SS64 = 0xe02b  # x86_64 only
FLAT_KERNEL_DS64 = 0  # x86_64 only
FLAT_KERNEL_DS32 = 0xe02b  # x86_64 only
FLAT_KERNEL_DS = 0  # x86_64 only
FLAT_KERNEL_CS64 = 0xe033  # x86_64 only
FLAT_KERNEL_CS32 = 0xe023  # x86_64 only
FLAT_KERNEL_CS = 0xe033  # x86_64 only
FLAT_KERNEL_SS64 = 0xe02b  # x86_64 only
FLAT_KERNEL_SS32 = 0xe02b  # x86_64 only
FLAT_KERNEL_SS = 0xe02b  # x86_64 only
FLAT_USER_DS64 = 0  # x86_64 only
FLAT_USER_DS32 = 0xe02b  # x86_64 only
FLAT_USER_DS = 0  # x86_64 only
FLAT_USER_CS64 = 0xe033  # x86_64 only
FLAT_USER_CS32 = 0xe023  # x86_64 only
FLAT_USER_CS = 0xe033  # x86_64 only
FLAT_USER_SS64 = 0xe02b  # x86_64 only
FLAT_USER_SS32 = 0xe02b  # x86_64 only
FLAT_USER_SS = 0xe02b  # x86_64 only

# HYPERVISOR_VIRT: Virtual addresses that Xen keeps for itself in a 64-bit PV guest: first, and past
# the last.
__HYPERVISOR_VIRT_START = 0xffff800000000000  # x86_64 only
__HYPERVISOR_VIRT_END = 0xffff880000000000  # x86_64 only

# MACH2PHYS: Virtual addresses of the machine-to-physical table in a 64-bit PV guest, and entries it
# has room for.
__MACH2PHYS_VIRT_START = 0xffff800000000000  # x86_64 only
__MACH2PHYS_VIRT_END = 0xffff804000000000  # x86_64 only

# HYPERVISOR_VIRT, more
HYPERVISOR_VIRT_START = 0xffff800000000000  # x86_64 only
HYPERVISOR_VIRT_END = 0xffff880000000000  # x86_64 only

# MACH2PHYS, more
MACH2PHYS_VIRT_START = 0xffff800000000000  # x86_64 only
MACH2PHYS_VIRT_END = 0xffff804000000000  # x86_64 only
MACH2PHYS_NR_ENTRIES = 0x800000000  # x86_64 only

# SEGBASE: Which base set_segment_base sets; GS_USER_SEL takes a selector.
SEGBASE_FS = 0  # x86_64 only
SEGBASE_GS_USER = 1  # x86_64 only
SEGBASE_GS_KERNEL = 2  # x86_64 only
SEGBASE_GS_USER_SEL = 3  # x86_64 only
_VGCF_in_syscall = 8  # x86_64 only

# VGCF: State of an x86 vCPU: FPU registers are valid, in the kernel, which handlers mask events, in
# a syscall.
VGCF_in_syscall = 256  # x86_64 only
VGCF_IN_SYSCALL = 256  # x86_64 only; gone in 4.22

# PRI: How C prints the type.
PRI_xen_pfn = "lx"  # x86_64 only
PRIu_xen_pfn = "lu"  # x86_64 only

# XEN_HAVE: What this architecture has: a start_info page, and an event mask in vcpu_info.
XEN_HAVE_PV_GUEST_ENTRY = 1  # x86_64 only
XEN_HAVE_PV_UPCALL_MASK = 1  # x86_64 only

# FIRST_RESERVED_GDT: Where Xen's part of a PV guest's GDT begins: in pages, in bytes, in
# descriptors.
FIRST_RESERVED_GDT_PAGE = 14  # x86_64 only
FIRST_RESERVED_GDT_BYTE = 0xe000  # x86_64 only
FIRST_RESERVED_GDT_ENTRY = 0x1c00  # x86_64 only

# PRI, more
PRI_xen_ulong = "lx"  # x86_64 only

# VGCF, more
VGCF_I387_VALID = 1  # x86_64 only; gone in 4.22
VGCF_IN_KERNEL = 4  # x86_64 only; gone in 4.22
_VGCF_i387_valid = 0  # x86_64 only
VGCF_i387_valid = 1  # x86_64 only
_VGCF_in_kernel = 2  # x86_64 only
VGCF_in_kernel = 4  # x86_64 only
_VGCF_failsafe_disables_events = 3  # x86_64 only
VGCF_failsafe_disables_events = 8  # x86_64 only
_VGCF_syscall_disables_events = 4  # x86_64 only
VGCF_syscall_disables_events = 16  # x86_64 only

# XEN_DOMCTL_CONFIG_GIC: Which interrupt controller a guest sees; NATIVE: what the host has.
XEN_DOMCTL_CONFIG_GIC_NATIVE = 0  # __XEN_TOOLS__; arm64 only
XEN_DOMCTL_CONFIG_GIC_V2 = 1  # __XEN_TOOLS__; arm64 only
XEN_DOMCTL_CONFIG_GIC_V3 = 2  # __XEN_TOOLS__; arm64 only

# XEN_DOMCTL_CONFIG_TEE: Which trusted execution environment Xen mediates for a guest.
XEN_DOMCTL_CONFIG_TEE_NONE = 0  # __XEN_TOOLS__; arm64 only
XEN_DOMCTL_CONFIG_TEE_OPTEE = 1  # __XEN_TOOLS__; arm64 only
XEN_DOMCTL_CONFIG_TEE_FFA = 2  # __XEN_TOOLS__; arm64 only; not in 4.17, 4.14

# XEN_DOMCTL_CONFIG_ARM_SCI: By what a guest controls clocks, power and resets: not at all, or
# firmware's SCMI through SMC.
XEN_DOMCTL_CONFIG_ARM_SCI_NONE = 0  # __XEN_TOOLS__; arm64 only; since 4.21, not compiled here
XEN_DOMCTL_CONFIG_ARM_SCI_SCMI_SMC = 1  # __XEN_TOOLS__; arm64 only; since 4.21, not compiled here

# XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA: Memory system of a guest's EL1 on Armv8-R: PMSA has protection
# regions, VMSA page tables.
XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_NONE = 0  # __XEN_TOOLS__; arm64 only; since 4.22, not compiled here
XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_PMSA = 1  # __XEN_TOOLS__; arm64 only; since 4.22, not compiled here
XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_VMSA = 2  # __XEN_TOOLS__; arm64 only; since 4.22, not compiled here

# PSR: Arm processor state: masked interrupts, instruction set, condition, and the mode in bits 4:0.
PSR_THUMB = 32  # __XEN_TOOLS__; arm64 only
PSR_FIQ_MASK = 64  # __XEN_TOOLS__; arm64 only
PSR_IRQ_MASK = 128  # __XEN_TOOLS__; arm64 only
PSR_ABT_MASK = 256  # __XEN_TOOLS__; arm64 only

PSR_BIG_ENDIAN = 512  # In a 32-bit mode bit 9: data is big-endian. In a 64-bit mode it is PSR_DBG_MASK; __XEN_TOOLS__; arm64 only

# PSR, more
PSR_DBG_MASK = 512  # __XEN_TOOLS__; arm64 only

PSR_IT_MASK = 0x600fc00  # Bits of Thumb's if-then state; __XEN_TOOLS__; arm64 only

# PSR, more
PSR_JAZELLE = 0x1000000  # __XEN_TOOLS__; arm64 only
PSR_Z = 0x40000000  # __XEN_TOOLS__; arm64 only; not in 4.14
PSR_MODE_USR = 16  # __XEN_TOOLS__; arm64 only
PSR_MODE_FIQ = 17  # __XEN_TOOLS__; arm64 only
PSR_MODE_IRQ = 18  # __XEN_TOOLS__; arm64 only
PSR_MODE_SVC = 19  # __XEN_TOOLS__; arm64 only
PSR_MODE_MON = 22  # __XEN_TOOLS__; arm64 only
PSR_MODE_ABT = 23  # __XEN_TOOLS__; arm64 only
PSR_MODE_HYP = 26  # __XEN_TOOLS__; arm64 only
PSR_MODE_UND = 27  # __XEN_TOOLS__; arm64 only
PSR_MODE_SYS = 31  # __XEN_TOOLS__; arm64 only

PSR_MODE_BIT = 16  # Set in every 32-bit mode, and in no 64-bit one; __XEN_TOOLS__; arm64 only

# PSR, more
PSR_MODE_EL3h = 13  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL3t = 12  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL2h = 9  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL2t = 8  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL1h = 5  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL1t = 4  # __XEN_TOOLS__; arm64 only
PSR_MODE_EL0t = 0  # __XEN_TOOLS__; arm64 only

# PSR_INIT: Processor state and system control register that a new vCPU starts with.
PSR_GUEST32_INIT = 0x400001d3  # __XEN_TOOLS__; arm64 only; otherwise in 4.14
PSR_GUEST64_INIT = 965  # __XEN_TOOLS__; arm64 only; otherwise in 4.22, 4.21, 4.17, 4.14
SCTLR_GUEST_INIT = 0xc50078  # __XEN_TOOLS__; arm64 only

# GUEST_MAP: Guest-physical addresses and sizes in bytes of what Arm guests have; a guest reads them
# in its device tree.
GUEST_VIRTIO_MMIO_BASE = 0x2000000  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_VIRTIO_MMIO_SIZE = 1048576  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_GICD_BASE = 0x3001000  # __XEN_TOOLS__; arm64 only
GUEST_GICD_SIZE = 4096  # __XEN_TOOLS__; arm64 only
GUEST_GICC_BASE = 0x3002000  # __XEN_TOOLS__; arm64 only
GUEST_GICC_SIZE = 8192  # __XEN_TOOLS__; arm64 only
GUEST_GICV3_GICD_BASE = 0x3001000  # __XEN_TOOLS__; arm64 only
GUEST_GICV3_GICD_SIZE = 65536  # __XEN_TOOLS__; arm64 only

# GUEST_COUNT: How many vCPUs, banks of memory and regions of redistributors an Arm guest has at
# most.
GUEST_GICV3_RDIST_REGIONS = 1  # __XEN_TOOLS__; arm64 only

# GUEST_MAP, more
GUEST_GICV3_GICR0_BASE = 0x3020000  # __XEN_TOOLS__; arm64 only
GUEST_GICV3_GICR0_SIZE = 16777216  # __XEN_TOOLS__; arm64 only
GUEST_VPCI_ECAM_BASE = 0x10000000  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_VPCI_ECAM_SIZE = 268435456  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_ACPI_BASE = 0x20000000  # __XEN_TOOLS__; arm64 only
GUEST_ACPI_SIZE = 33554432  # __XEN_TOOLS__; arm64 only
GUEST_PL011_BASE = 0x22000000  # __XEN_TOOLS__; arm64 only
GUEST_PL011_SIZE = 4096  # __XEN_TOOLS__; arm64 only

# GUEST_VPCI_ADDR_TYPE: Kinds of memory in the ranges of a virtual PCI host bridge's device tree
# node.
GUEST_VPCI_ADDR_TYPE_MEM = 0x2000000  # __XEN_TOOLS__; arm64 only; not in 4.14

# GUEST_MAP, more
GUEST_VPCI_MEM_ADDR = 0x23000000  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_VPCI_MEM_SIZE = 268435456  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_GNTTAB_BASE = 0x38000000  # __XEN_TOOLS__; arm64 only
GUEST_GNTTAB_SIZE = 16777216  # __XEN_TOOLS__; arm64 only
GUEST_MAGIC_BASE = 0x39000000  # __XEN_TOOLS__; arm64 only
GUEST_MAGIC_SIZE = 16777216  # __XEN_TOOLS__; arm64 only

# GUEST_COUNT, more
GUEST_RAM_BANKS = 2  # __XEN_TOOLS__; arm64 only

# GUEST_MAP, more
GUEST_RAM0_BASE = 0x40000000  # __XEN_TOOLS__; arm64 only
GUEST_RAM0_SIZE = 3221225472  # __XEN_TOOLS__; arm64 only

# GUEST_VPCI_ADDR_TYPE, more
GUEST_VPCI_ADDR_TYPE_PREFETCH_MEM = 0x43000000  # __XEN_TOOLS__; arm64 only; not in 4.14; otherwise in 4.17

# GUEST_MAP, more
GUEST_VPCI_PREFETCH_MEM_ADDR = 0x100000000  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_VPCI_PREFETCH_MEM_SIZE = 4294967296  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_RAM1_BASE = 0x200000000  # __XEN_TOOLS__; arm64 only
GUEST_RAM1_SIZE = 1090921693184  # __XEN_TOOLS__; arm64 only
GUEST_RAM_BASE = 0x40000000  # __XEN_TOOLS__; arm64 only
GUEST_RAM_MAX = 1094142918656  # __XEN_TOOLS__; arm64 only

# GUEST_COUNT, more
GUEST_MAX_VCPUS = 128  # __XEN_TOOLS__; arm64 only

# GUEST_IRQ: Interrupts of Arm guests, in the controller's numbering: timers, events, serial port,
# virtio, FF-A.
GUEST_TIMER_VIRT_PPI = 27  # __XEN_TOOLS__; arm64 only
GUEST_TIMER_PHYS_S_PPI = 29  # __XEN_TOOLS__; arm64 only
GUEST_TIMER_PHYS_NS_PPI = 30  # __XEN_TOOLS__; arm64 only
GUEST_EVTCHN_PPI = 31  # __XEN_TOOLS__; arm64 only
GUEST_VPL011_SPI = 32  # __XEN_TOOLS__; arm64 only
GUEST_VIRTIO_MMIO_SPI_FIRST = 33  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_VIRTIO_MMIO_SPI_LAST = 43  # __XEN_TOOLS__; arm64 only; not in 4.14
GUEST_FFA_NOTIF_PEND_INTR_ID = 8  # __XEN_TOOLS__; arm64 only; not in 4.17, 4.14
GUEST_FFA_SCHEDULE_RECV_INTR_ID = 9  # __XEN_TOOLS__; arm64 only; not in 4.17, 4.14

# PSCI: Functions of PSCI 0.1, which starts and stops an Arm guest's vCPUs.
PSCI_cpu_suspend = 0  # __XEN_TOOLS__; arm64 only
PSCI_cpu_off = 1  # __XEN_TOOLS__; arm64 only
PSCI_cpu_on = 2  # __XEN_TOOLS__; arm64 only
PSCI_migrate = 3  # __XEN_TOOLS__; arm64 only
_XEN_X86_EMU_LAPIC = 0  # __XEN_TOOLS__; x86_64 only

# XEN_X86_EMU: Devices emulated for a domain: PV has at most the PIT, a PVH guest the LAPIC, HVM all
# but VPCI.
XEN_X86_EMU_LAPIC = 1  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_HPET = 1  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_HPET = 2  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_PM = 2  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_PM = 4  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_RTC = 3  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_RTC = 8  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_IOAPIC = 4  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_IOAPIC = 16  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_PIC = 5  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_PIC = 32  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_VGA = 6  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_VGA = 64  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_IOMMU = 7  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_IOMMU = 128  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_PIT = 8  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_PIT = 256  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_USE_PIRQ = 9  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_USE_PIRQ = 512  # __XEN_TOOLS__; x86_64 only
_XEN_X86_EMU_VPCI = 10  # __XEN_TOOLS__; x86_64 only
XEN_X86_EMU_VPCI = 0x400  # __XEN_TOOLS__; x86_64 only

XEN_X86_EMU_ALL = 0x7ff  # All devices that Xen emulates; __XEN_TOOLS__; x86_64 only

# XEN_X86_MISC: MSR_RELAXED: no fault for an MSR of the host that Xen does not handle; it reads 0,
# writes are dropped.
XEN_X86_MSR_RELAXED = 1  # __XEN_TOOLS__; x86_64 only; not in 4.14

XEN_X86_MISC_FLAGS_MAX = 1  # The highest bit of misc_flags there is; __XEN_TOOLS__; x86_64 only; not in 4.14

# XEN_CPUID_SUBLEAF: In place of a subleaf: the leaf has none.
XEN_CPUID_NO_SUBLEAF = 0xffffffff  # x86_64 only

XEN_EMULATE_PREFIX = ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "  # Assembler for a prefix that has Xen emulate the next instruction; x86_64 only
XEN_CPUID = ".byte 0x0f,0x0b,0x78,0x65,0x6e ; cpuid"  # Assembler for CPUID as Xen answers it, for PV guests; x86_64 only
XEN_HVM_DEBUGCONS_IOPORT = 233  # I/O port at which an HVM guest writes characters to Xen's console; x86_64 only

# HYPERVISOR: Hypercalls, by number.
__HYPERVISOR_set_trap_table = 0
HYPERVISOR_set_trap_table = __HYPERVISOR_set_trap_table
__HYPERVISOR_mmu_update = 1
HYPERVISOR_mmu_update = __HYPERVISOR_mmu_update
__HYPERVISOR_set_gdt = 2
HYPERVISOR_set_gdt = __HYPERVISOR_set_gdt
__HYPERVISOR_stack_switch = 3
HYPERVISOR_stack_switch = __HYPERVISOR_stack_switch
__HYPERVISOR_set_callbacks = 4
HYPERVISOR_set_callbacks = __HYPERVISOR_set_callbacks
__HYPERVISOR_fpu_taskswitch = 5
HYPERVISOR_fpu_taskswitch = __HYPERVISOR_fpu_taskswitch
__HYPERVISOR_sched_op_compat = 6
HYPERVISOR_sched_op_compat = __HYPERVISOR_sched_op_compat
__HYPERVISOR_platform_op = 7
HYPERVISOR_platform_op = __HYPERVISOR_platform_op
__HYPERVISOR_set_debugreg = 8
HYPERVISOR_set_debugreg = __HYPERVISOR_set_debugreg
__HYPERVISOR_get_debugreg = 9
HYPERVISOR_get_debugreg = __HYPERVISOR_get_debugreg
__HYPERVISOR_update_descriptor = 10
HYPERVISOR_update_descriptor = __HYPERVISOR_update_descriptor
__HYPERVISOR_memory_op = 12
HYPERVISOR_memory_op = __HYPERVISOR_memory_op
__HYPERVISOR_multicall = 13
HYPERVISOR_multicall = __HYPERVISOR_multicall
__HYPERVISOR_update_va_mapping = 14
HYPERVISOR_update_va_mapping = __HYPERVISOR_update_va_mapping
__HYPERVISOR_set_timer_op = 15
HYPERVISOR_set_timer_op = __HYPERVISOR_set_timer_op
__HYPERVISOR_event_channel_op_compat = 16
HYPERVISOR_event_channel_op_compat = __HYPERVISOR_event_channel_op_compat
__HYPERVISOR_xen_version = 17
HYPERVISOR_xen_version = __HYPERVISOR_xen_version
__HYPERVISOR_console_io = 18
HYPERVISOR_console_io = __HYPERVISOR_console_io
__HYPERVISOR_physdev_op_compat = 19
HYPERVISOR_physdev_op_compat = __HYPERVISOR_physdev_op_compat
__HYPERVISOR_grant_table_op = 20
HYPERVISOR_grant_table_op = __HYPERVISOR_grant_table_op
__HYPERVISOR_vm_assist = 21
HYPERVISOR_vm_assist = __HYPERVISOR_vm_assist
__HYPERVISOR_update_va_mapping_otherdomain = 22
HYPERVISOR_update_va_mapping_otherdomain = __HYPERVISOR_update_va_mapping_otherdomain
__HYPERVISOR_iret = 23
HYPERVISOR_iret = __HYPERVISOR_iret
__HYPERVISOR_vcpu_op = 24
HYPERVISOR_vcpu_op = __HYPERVISOR_vcpu_op
__HYPERVISOR_set_segment_base = 25
HYPERVISOR_set_segment_base = __HYPERVISOR_set_segment_base
__HYPERVISOR_mmuext_op = 26
HYPERVISOR_mmuext_op = __HYPERVISOR_mmuext_op
__HYPERVISOR_xsm_op = 27
HYPERVISOR_xsm_op = __HYPERVISOR_xsm_op
__HYPERVISOR_nmi_op = 28
HYPERVISOR_nmi_op = __HYPERVISOR_nmi_op
__HYPERVISOR_sched_op = 29
HYPERVISOR_sched_op = __HYPERVISOR_sched_op
__HYPERVISOR_callback_op = 30
HYPERVISOR_callback_op = __HYPERVISOR_callback_op
__HYPERVISOR_xenoprof_op = 31
HYPERVISOR_xenoprof_op = __HYPERVISOR_xenoprof_op
__HYPERVISOR_event_channel_op = 32
HYPERVISOR_event_channel_op = __HYPERVISOR_event_channel_op
__HYPERVISOR_physdev_op = 33
HYPERVISOR_physdev_op = __HYPERVISOR_physdev_op
__HYPERVISOR_hvm_op = 34
HYPERVISOR_hvm_op = __HYPERVISOR_hvm_op
__HYPERVISOR_sysctl = 35
HYPERVISOR_sysctl = __HYPERVISOR_sysctl
__HYPERVISOR_domctl = 36
HYPERVISOR_domctl = __HYPERVISOR_domctl
__HYPERVISOR_kexec_op = 37
HYPERVISOR_kexec_op = __HYPERVISOR_kexec_op
__HYPERVISOR_tmem_op = 38
HYPERVISOR_tmem_op = __HYPERVISOR_tmem_op
__HYPERVISOR_argo_op = 39
HYPERVISOR_argo_op = __HYPERVISOR_argo_op
__HYPERVISOR_xenpmu_op = 40
HYPERVISOR_xenpmu_op = __HYPERVISOR_xenpmu_op
__HYPERVISOR_dm_op = 41
HYPERVISOR_dm_op = __HYPERVISOR_dm_op
__HYPERVISOR_hypfs_op = 42
HYPERVISOR_hypfs_op = __HYPERVISOR_hypfs_op
__HYPERVISOR_arch_0 = 48
HYPERVISOR_arch_0 = __HYPERVISOR_arch_0
__HYPERVISOR_arch_1 = 49
HYPERVISOR_arch_1 = __HYPERVISOR_arch_1
__HYPERVISOR_arch_2 = 50
HYPERVISOR_arch_2 = __HYPERVISOR_arch_2
__HYPERVISOR_arch_3 = 51
HYPERVISOR_arch_3 = __HYPERVISOR_arch_3
__HYPERVISOR_arch_4 = 52
HYPERVISOR_arch_4 = __HYPERVISOR_arch_4
__HYPERVISOR_arch_5 = 53
HYPERVISOR_arch_5 = __HYPERVISOR_arch_5
__HYPERVISOR_arch_6 = 54
HYPERVISOR_arch_6 = __HYPERVISOR_arch_6
__HYPERVISOR_arch_7 = 55
HYPERVISOR_arch_7 = __HYPERVISOR_arch_7

# VIRQ: Virtual interrupts: TIMER, DEBUG, XENOPROF and XENPMU are a vCPU's, the rest a domain's;
# ARCH_0 is x86's MCA.
VIRQ_TIMER = 0
VIRQ_DEBUG = 1
VIRQ_CONSOLE = 2
VIRQ_DOM_EXC = 3
VIRQ_TBUF = 4
VIRQ_DEBUGGER = 6
VIRQ_XENOPROF = 7
VIRQ_CON_RING = 8
VIRQ_PCPU_STATE = 9
VIRQ_MEM_EVENT = 10
VIRQ_ARGO = 11
VIRQ_ENOMEM = 12
VIRQ_XENPMU = 13
VIRQ_ARCH_0 = 16
VIRQ_ARCH_1 = 17
VIRQ_ARCH_2 = 18
VIRQ_ARCH_3 = 19
VIRQ_ARCH_4 = 20
VIRQ_ARCH_5 = 21
VIRQ_ARCH_6 = 22
VIRQ_ARCH_7 = 23

NR_VIRQS = 24  # Virtual interrupts are below this number

# MMU: What mmu_update writes: the two lowest bits of ptr.
MMU_NORMAL_PT_UPDATE = 0
MMU_MACHPHYS_UPDATE = 1
MMU_PT_UPDATE_PRESERVE_AD = 2
MMU_PT_UPDATE_NO_TRANSLATE = 3

# MMUEXT: Commands of mmuext_op.
MMUEXT_PIN_L1_TABLE = 0
MMUEXT_PIN_L2_TABLE = 1
MMUEXT_PIN_L3_TABLE = 2
MMUEXT_PIN_L4_TABLE = 3
MMUEXT_UNPIN_TABLE = 4
MMUEXT_NEW_BASEPTR = 5
MMUEXT_TLB_FLUSH_LOCAL = 6
MMUEXT_INVLPG_LOCAL = 7
MMUEXT_TLB_FLUSH_MULTI = 8
MMUEXT_INVLPG_MULTI = 9
MMUEXT_TLB_FLUSH_ALL = 10
MMUEXT_INVLPG_ALL = 11
MMUEXT_FLUSH_CACHE = 12
MMUEXT_SET_LDT = 13
MMUEXT_NEW_USER_BASEPTR = 15
MMUEXT_CLEAR_PAGE = 16
MMUEXT_COPY_PAGE = 17
MMUEXT_FLUSH_CACHE_GLOBAL = 18
MMUEXT_MARK_SUPER = 19
MMUEXT_UNMARK_SUPER = 20

# UVMF: What update_va_mapping flushes: nothing, the TLB or one address, on one vCPU or on all.
UVMF_NONE = 0
UVMF_TLB_FLUSH = 1
UVMF_INVLPG = 2

UVMF_FLUSHTYPE_MASK = 3  # What is flushed: NONE, TLB_FLUSH or INVLPG
UVMF_MULTI = 0  # Flush vCPUs of a bitmap; its address is added to the flags
UVMF_LOCAL = 0  # Flush only the physical CPU that the caller is on

# UVMF, more
UVMF_ALL = 4

# CONSOLEIO: Commands of console_io.
CONSOLEIO_write = 0
CONSOLEIO_read = 1

# VMASST_CMD: Commands of vm_assist.
VMASST_CMD_enable = 0
VMASST_CMD_disable = 1

# VMASST_TYPE: Deviations from Xen's default that a guest may ask for, numbered by their bit in
# vm_assist.
VMASST_TYPE_4gb_segments = 0
VMASST_TYPE_4gb_segments_notify = 1
VMASST_TYPE_writable_pagetables = 2
VMASST_TYPE_pae_extended_cr3 = 3
VMASST_TYPE_architectural_iopl = 4
VMASST_TYPE_runstate_update_flag = 5
VMASST_TYPE_m2p_strict = 32

DOMID_FIRST_RESERVED = 0x7ff0  # Ids of ordinary domains are below this

# DOMID: Ids that are no domain's own: oneself; owners of device, Xen's and shared pages; nobody,
# anybody; idle.
DOMID_SELF = 0x7ff0
DOMID_IO = 0x7ff1
DOMID_XEN = 0x7ff2
DOMID_COW = 0x7ff3
DOMID_INVALID = 0x7ff4
DOMID_ANY = 0x7ff5  # since 4.22, not compiled here
DOMID_IDLE = 0x7fff

DOMID_MASK = 0x7fff  # Bits of a domain id

# XEN_PVCLOCK: About a vCPU's clock: time-stamps agree between vCPUs, and the guest was stopped (Xen
# never says so).
XEN_PVCLOCK_TSC_STABLE_BIT = 1
XEN_PVCLOCK_GUEST_STOPPED = 2

MAX_GUEST_CMDLINE = 0x400  # Bytes of a PV guest's command line, its NUL included; x86_64 only

# SIF: What a PV guest is, what its ramdisk is, and whether the tools know a linear p2m.
SIF_PRIVILEGED = 1
SIF_INITDOMAIN = 2
SIF_MULTIBOOT_MOD = 4
SIF_MOD_START_PFN = 8
SIF_VIRT_P2M_4TOOLS = 16

SIF_PM_MASK = 0xff00  # Power management options of Xen's command line, in a hardware domain's flags

# XEN_VGATYPE: Kinds of video mode; the last two have a linear frame buffer.
XEN_VGATYPE_TEXT_MODE_3 = 3
XEN_VGATYPE_VESA_LFB = 35
XEN_VGATYPE_EFI_LFB = 112


class _vcpu_guest_core_regs_anon0(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x0", c_uint64),  # @0 uint64_t
        ("r0_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x0: int
        r0_usr: int

        def __init__(self, x0: int = ..., r0_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon1(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x1", c_uint64),  # @0 uint64_t
        ("r1_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x1: int
        r1_usr: int

        def __init__(self, x1: int = ..., r1_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon2(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x2", c_uint64),  # @0 uint64_t
        ("r2_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x2: int
        r2_usr: int

        def __init__(self, x2: int = ..., r2_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon3(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x3", c_uint64),  # @0 uint64_t
        ("r3_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x3: int
        r3_usr: int

        def __init__(self, x3: int = ..., r3_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon4(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x4", c_uint64),  # @0 uint64_t
        ("r4_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x4: int
        r4_usr: int

        def __init__(self, x4: int = ..., r4_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon5(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x5", c_uint64),  # @0 uint64_t
        ("r5_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x5: int
        r5_usr: int

        def __init__(self, x5: int = ..., r5_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon6(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x6", c_uint64),  # @0 uint64_t
        ("r6_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x6: int
        r6_usr: int

        def __init__(self, x6: int = ..., r6_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon7(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x7", c_uint64),  # @0 uint64_t
        ("r7_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x7: int
        r7_usr: int

        def __init__(self, x7: int = ..., r7_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon8(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x8", c_uint64),  # @0 uint64_t
        ("r8_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x8: int
        r8_usr: int

        def __init__(self, x8: int = ..., r8_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon9(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x9", c_uint64),  # @0 uint64_t
        ("r9_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x9: int
        r9_usr: int

        def __init__(self, x9: int = ..., r9_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon10(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x10", c_uint64),  # @0 uint64_t
        ("r10_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x10: int
        r10_usr: int

        def __init__(self, x10: int = ..., r10_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon11(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x11", c_uint64),  # @0 uint64_t
        ("r11_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x11: int
        r11_usr: int

        def __init__(self, x11: int = ..., r11_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon12(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x12", c_uint64),  # @0 uint64_t
        ("r12_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x12: int
        r12_usr: int

        def __init__(self, x12: int = ..., r12_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon13(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x13", c_uint64),  # @0 uint64_t
        ("sp_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x13: int
        sp_usr: int

        def __init__(self, x13: int = ..., sp_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon14(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x14", c_uint64),  # @0 uint64_t
        ("lr_usr", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x14: int
        lr_usr: int

        def __init__(self, x14: int = ..., lr_usr: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon15(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x15", c_uint64),  # @0 uint64_t
        ("__unused_sp_hyp", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x15: int
        unused_sp_hyp: int

        def __init__(self, x15: int = ..., unused_sp_hyp: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon16(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x16", c_uint64),  # @0 uint64_t
        ("lr_irq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x16: int
        lr_irq: int

        def __init__(self, x16: int = ..., lr_irq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon17(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x17", c_uint64),  # @0 uint64_t
        ("sp_irq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x17: int
        sp_irq: int

        def __init__(self, x17: int = ..., sp_irq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon18(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x18", c_uint64),  # @0 uint64_t
        ("lr_svc", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x18: int
        lr_svc: int

        def __init__(self, x18: int = ..., lr_svc: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon19(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x19", c_uint64),  # @0 uint64_t
        ("sp_svc", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x19: int
        sp_svc: int

        def __init__(self, x19: int = ..., sp_svc: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon20(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x20", c_uint64),  # @0 uint64_t
        ("lr_abt", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x20: int
        lr_abt: int

        def __init__(self, x20: int = ..., lr_abt: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon21(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x21", c_uint64),  # @0 uint64_t
        ("sp_abt", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x21: int
        sp_abt: int

        def __init__(self, x21: int = ..., sp_abt: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon22(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x22", c_uint64),  # @0 uint64_t
        ("lr_und", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x22: int
        lr_und: int

        def __init__(self, x22: int = ..., lr_und: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon23(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x23", c_uint64),  # @0 uint64_t
        ("sp_und", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x23: int
        sp_und: int

        def __init__(self, x23: int = ..., sp_und: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon24(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x24", c_uint64),  # @0 uint64_t
        ("r8_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x24: int
        r8_fiq: int

        def __init__(self, x24: int = ..., r8_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon25(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x25", c_uint64),  # @0 uint64_t
        ("r9_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x25: int
        r9_fiq: int

        def __init__(self, x25: int = ..., r9_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon26(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x26", c_uint64),  # @0 uint64_t
        ("r10_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x26: int
        r10_fiq: int

        def __init__(self, x26: int = ..., r10_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon27(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x27", c_uint64),  # @0 uint64_t
        ("r11_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x27: int
        r11_fiq: int

        def __init__(self, x27: int = ..., r11_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon28(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x28", c_uint64),  # @0 uint64_t
        ("r12_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x28: int
        r12_fiq: int

        def __init__(self, x28: int = ..., r12_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon29(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x29", c_uint64),  # @0 uint64_t
        ("sp_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x29: int
        sp_fiq: int

        def __init__(self, x29: int = ..., sp_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon30(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("x30", c_uint64),  # @0 uint64_t
        ("lr_fiq", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        x30: int
        lr_fiq: int

        def __init__(self, x30: int = ..., lr_fiq: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon31(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only."""

    _fields_ = (
        ("pc64", c_uint64),  # @0 uint64_t
        ("pc32", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        pc64: int
        pc32: int

        def __init__(self, pc64: int = ..., pc32: int = ...) -> None: ...


class _vcpu_guest_core_regs_anon32(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; arm64 only; otherwise in 4.14."""

    _fields_ = (
        ("spsr_el1", c_uint64),  # @0 uint64_t
        ("spsr_svc", c_uint32),  # @0 uint32_t
    )

    if TYPE_CHECKING:
        spsr_el1: int
        spsr_svc: int

        def __init__(self, spsr_el1: int = ..., spsr_svc: int = ...) -> None: ...


class vcpu_guest_core_regs(Struct):
    """Registers of an Arm vCPU, each under its 64-bit and its 32-bit name.

    struct vcpu_guest_core_regs; 312 bytes. __XEN_TOOLS__; arm64 only; otherwise in 4.14.
    """

    _fields_ = (
        ("_anon0", _vcpu_guest_core_regs_anon0),  # @0 union
        ("_anon1", _vcpu_guest_core_regs_anon1),  # @8 union
        ("_anon2", _vcpu_guest_core_regs_anon2),  # @16 union
        ("_anon3", _vcpu_guest_core_regs_anon3),  # @24 union
        ("_anon4", _vcpu_guest_core_regs_anon4),  # @32 union
        ("_anon5", _vcpu_guest_core_regs_anon5),  # @40 union
        ("_anon6", _vcpu_guest_core_regs_anon6),  # @48 union
        ("_anon7", _vcpu_guest_core_regs_anon7),  # @56 union
        ("_anon8", _vcpu_guest_core_regs_anon8),  # @64 union
        ("_anon9", _vcpu_guest_core_regs_anon9),  # @72 union
        ("_anon10", _vcpu_guest_core_regs_anon10),  # @80 union
        ("_anon11", _vcpu_guest_core_regs_anon11),  # @88 union
        ("_anon12", _vcpu_guest_core_regs_anon12),  # @96 union
        ("_anon13", _vcpu_guest_core_regs_anon13),  # @104 union
        ("_anon14", _vcpu_guest_core_regs_anon14),  # @112 union
        ("_anon15", _vcpu_guest_core_regs_anon15),  # @120 union
        ("_anon16", _vcpu_guest_core_regs_anon16),  # @128 union
        ("_anon17", _vcpu_guest_core_regs_anon17),  # @136 union
        ("_anon18", _vcpu_guest_core_regs_anon18),  # @144 union
        ("_anon19", _vcpu_guest_core_regs_anon19),  # @152 union
        ("_anon20", _vcpu_guest_core_regs_anon20),  # @160 union
        ("_anon21", _vcpu_guest_core_regs_anon21),  # @168 union
        ("_anon22", _vcpu_guest_core_regs_anon22),  # @176 union
        ("_anon23", _vcpu_guest_core_regs_anon23),  # @184 union
        ("_anon24", _vcpu_guest_core_regs_anon24),  # @192 union
        ("_anon25", _vcpu_guest_core_regs_anon25),  # @200 union
        ("_anon26", _vcpu_guest_core_regs_anon26),  # @208 union
        ("_anon27", _vcpu_guest_core_regs_anon27),  # @216 union
        ("_anon28", _vcpu_guest_core_regs_anon28),  # @224 union
        ("_anon29", _vcpu_guest_core_regs_anon29),  # @232 union
        ("_anon30", _vcpu_guest_core_regs_anon30),  # @240 union
        ("_anon31", _vcpu_guest_core_regs_anon31),  # @248 union
        ("cpsr", c_uint64),  # @256 uint64_t
        ("_anon32", _vcpu_guest_core_regs_anon32),  # @264 union
        ("spsr_fiq", c_uint32),  # @272 uint32_t
        ("spsr_irq", c_uint32),  # @276 uint32_t
        ("spsr_und", c_uint32),  # @280 uint32_t
        ("spsr_abt", c_uint32),  # @284 uint32_t
        ("sp_el0", c_uint64),  # @288 uint64_t
        ("sp_el1", c_uint64),  # @296 uint64_t
        ("elr_el1", c_uint64),  # @304 uint64_t
    )
    _anon_ = ("_anon0", "_anon1", "_anon2", "_anon3", "_anon4", "_anon5", "_anon6", "_anon7", "_anon8", "_anon9", "_anon10", "_anon11", "_anon12", "_anon13", "_anon14", "_anon15", "_anon16", "_anon17", "_anon18", "_anon19", "_anon20", "_anon21", "_anon22", "_anon23", "_anon24", "_anon25", "_anon26", "_anon27", "_anon28", "_anon29", "_anon30", "_anon31", "_anon32",)

    if TYPE_CHECKING:
        x0: int
        r0_usr: int
        x1: int
        r1_usr: int
        x2: int
        r2_usr: int
        x3: int
        r3_usr: int
        x4: int
        r4_usr: int
        x5: int
        r5_usr: int
        x6: int
        r6_usr: int
        x7: int
        r7_usr: int
        x8: int
        r8_usr: int
        x9: int
        r9_usr: int
        x10: int
        r10_usr: int
        x11: int
        r11_usr: int
        x12: int
        r12_usr: int
        x13: int
        sp_usr: int
        x14: int
        lr_usr: int
        x15: int
        unused_sp_hyp: int
        x16: int
        lr_irq: int
        x17: int
        sp_irq: int
        x18: int
        lr_svc: int
        x19: int
        sp_svc: int
        x20: int
        lr_abt: int
        x21: int
        sp_abt: int
        x22: int
        lr_und: int
        x23: int
        sp_und: int
        x24: int
        r8_fiq: int
        x25: int
        r9_fiq: int
        x26: int
        r10_fiq: int
        x27: int
        r11_fiq: int
        x28: int
        r12_fiq: int
        x29: int
        sp_fiq: int
        x30: int
        lr_fiq: int
        pc64: int
        pc32: int
        cpsr: int
        spsr_el1: int
        spsr_svc: int
        spsr_fiq: int
        spsr_irq: int
        spsr_und: int
        spsr_abt: int
        sp_el0: int
        sp_el1: int
        elr_el1: int

        def __init__(
            self, *, x0: int = ..., r0_usr: int = ..., x1: int = ..., r1_usr: int = ...,
            x2: int = ..., r2_usr: int = ..., x3: int = ..., r3_usr: int = ..., x4: int = ...,
            r4_usr: int = ..., x5: int = ..., r5_usr: int = ..., x6: int = ..., r6_usr: int = ...,
            x7: int = ..., r7_usr: int = ..., x8: int = ..., r8_usr: int = ..., x9: int = ...,
            r9_usr: int = ..., x10: int = ..., r10_usr: int = ..., x11: int = ...,
            r11_usr: int = ..., x12: int = ..., r12_usr: int = ..., x13: int = ...,
            sp_usr: int = ..., x14: int = ..., lr_usr: int = ..., x15: int = ...,
            unused_sp_hyp: int = ..., x16: int = ..., lr_irq: int = ..., x17: int = ...,
            sp_irq: int = ..., x18: int = ..., lr_svc: int = ..., x19: int = ..., sp_svc: int = ...,
            x20: int = ..., lr_abt: int = ..., x21: int = ..., sp_abt: int = ..., x22: int = ...,
            lr_und: int = ..., x23: int = ..., sp_und: int = ..., x24: int = ..., r8_fiq: int = ...,
            x25: int = ..., r9_fiq: int = ..., x26: int = ..., r10_fiq: int = ..., x27: int = ...,
            r11_fiq: int = ..., x28: int = ..., r12_fiq: int = ..., x29: int = ...,
            sp_fiq: int = ..., x30: int = ..., lr_fiq: int = ..., pc64: int = ..., pc32: int = ...,
            cpsr: int = ..., spsr_el1: int = ..., spsr_svc: int = ..., spsr_fiq: int = ...,
            spsr_irq: int = ..., spsr_und: int = ..., spsr_abt: int = ..., sp_el0: int = ...,
            sp_el1: int = ..., elr_el1: int = ...,
        ) -> None: ...


class iret_context(Struct):
    """What a 64-bit PV kernel puts on its stack for the iret hypercall.

    struct iret_context; 72 bytes. x86_64 only.
    """

    _fields_ = (
        ("rax", c_uint64),  # @0 uint64_t
        ("r11", c_uint64),  # @8 uint64_t
        ("rcx", c_uint64),  # @16 uint64_t
        ("flags", c_uint64),  # @24 uint64_t
        ("rip", c_uint64),  # @32 uint64_t
        ("cs", c_uint64),  # @40 uint64_t
        ("rflags", c_uint64),  # @48 uint64_t
        ("rsp", c_uint64),  # @56 uint64_t
        ("ss", c_uint64),  # @64 uint64_t
    )
    FORMAT = "<QQQQQQQQQ"
    FORMAT_FIELDS = ("rax", "r11", "rcx", "flags", "rip", "cs", "rflags", "rsp", "ss")

    if TYPE_CHECKING:
        rax: int
        r11: int
        rcx: int
        flags: int
        rip: int
        cs: int
        rflags: int
        rsp: int
        ss: int

        def __init__(
            self, rax: int = ..., r11: int = ..., rcx: int = ..., flags: int = ..., rip: int = ...,
            cs: int = ..., rflags: int = ..., rsp: int = ..., ss: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon0(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r15", c_uint64),  # @0 uint64_t
        ("r15d", c_uint32),  # @0 uint32_t
        ("r15w", c_uint16),  # @0 uint16_t
        ("r15b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r15: int
        r15d: int
        r15w: int
        r15b: int

        def __init__(
            self, r15: int = ..., r15d: int = ..., r15w: int = ..., r15b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon1(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r14", c_uint64),  # @0 uint64_t
        ("r14d", c_uint32),  # @0 uint32_t
        ("r14w", c_uint16),  # @0 uint16_t
        ("r14b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r14: int
        r14d: int
        r14w: int
        r14b: int

        def __init__(
            self, r14: int = ..., r14d: int = ..., r14w: int = ..., r14b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon2(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r13", c_uint64),  # @0 uint64_t
        ("r13d", c_uint32),  # @0 uint32_t
        ("r13w", c_uint16),  # @0 uint16_t
        ("r13b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r13: int
        r13d: int
        r13w: int
        r13b: int

        def __init__(
            self, r13: int = ..., r13d: int = ..., r13w: int = ..., r13b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon3(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r12", c_uint64),  # @0 uint64_t
        ("r12d", c_uint32),  # @0 uint32_t
        ("r12w", c_uint16),  # @0 uint16_t
        ("r12b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r12: int
        r12d: int
        r12w: int
        r12b: int

        def __init__(
            self, r12: int = ..., r12d: int = ..., r12w: int = ..., r12b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon4(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("rbp", c_uint64),  # @0 uint64_t
        ("ebp", c_uint32),  # @0 uint32_t
        ("bp", c_uint16),  # @0 uint16_t
        ("bpl", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        rbp: int
        ebp: int
        bp: int
        bpl: int

        def __init__(
            self, rbp: int = ..., ebp: int = ..., bp: int = ..., bpl: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon5_anon0(Struct):
    """an anonymous struct; 2 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("bl", c_uint8),  # @0 uint8_t
        ("bh", c_uint8),  # @1 uint8_t
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("bl", "bh")

    if TYPE_CHECKING:
        bl: int
        bh: int

        def __init__(self, bl: int = ..., bh: int = ...) -> None: ...


class _cpu_user_regs_anon5(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("rbx", c_uint64),  # @0 uint64_t
        ("ebx", c_uint32),  # @0 uint32_t
        ("bx", c_uint16),  # @0 uint16_t
        ("_anon0", _cpu_user_regs_anon5_anon0),  # @0 struct
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        rbx: int
        ebx: int
        bx: int
        bl: int
        bh: int

        def __init__(
            self, *, rbx: int = ..., ebx: int = ..., bx: int = ..., bl: int = ..., bh: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon6(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r11", c_uint64),  # @0 uint64_t
        ("r11d", c_uint32),  # @0 uint32_t
        ("r11w", c_uint16),  # @0 uint16_t
        ("r11b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r11: int
        r11d: int
        r11w: int
        r11b: int

        def __init__(
            self, r11: int = ..., r11d: int = ..., r11w: int = ..., r11b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon7(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r10", c_uint64),  # @0 uint64_t
        ("r10d", c_uint32),  # @0 uint32_t
        ("r10w", c_uint16),  # @0 uint16_t
        ("r10b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r10: int
        r10d: int
        r10w: int
        r10b: int

        def __init__(
            self, r10: int = ..., r10d: int = ..., r10w: int = ..., r10b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon8(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r9", c_uint64),  # @0 uint64_t
        ("r9d", c_uint32),  # @0 uint32_t
        ("r9w", c_uint16),  # @0 uint16_t
        ("r9b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r9: int
        r9d: int
        r9w: int
        r9b: int

        def __init__(
            self, r9: int = ..., r9d: int = ..., r9w: int = ..., r9b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon9(Union):
    """an anonymous union; 8 bytes. x86_64 only."""

    _fields_ = (
        ("r8", c_uint64),  # @0 uint64_t
        ("r8d", c_uint32),  # @0 uint32_t
        ("r8w", c_uint16),  # @0 uint16_t
        ("r8b", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        r8: int
        r8d: int
        r8w: int
        r8b: int

        def __init__(
            self, r8: int = ..., r8d: int = ..., r8w: int = ..., r8b: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon10_anon0(Struct):
    """an anonymous struct; 2 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("al", c_uint8),  # @0 uint8_t
        ("ah", c_uint8),  # @1 uint8_t
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("al", "ah")

    if TYPE_CHECKING:
        al: int
        ah: int

        def __init__(self, al: int = ..., ah: int = ...) -> None: ...


class _cpu_user_regs_anon10(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rax", c_uint64),  # @0 uint64_t
        ("eax", c_uint32),  # @0 uint32_t
        ("ax", c_uint16),  # @0 uint16_t
        ("_anon0", _cpu_user_regs_anon10_anon0),  # @0 struct
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        rax: int
        eax: int
        ax: int
        al: int
        ah: int

        def __init__(
            self, *, rax: int = ..., eax: int = ..., ax: int = ..., al: int = ..., ah: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon11_anon0(Struct):
    """an anonymous struct; 2 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("cl", c_uint8),  # @0 uint8_t
        ("ch", c_uint8),  # @1 uint8_t
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("cl", "ch")

    if TYPE_CHECKING:
        cl: int
        ch: int

        def __init__(self, cl: int = ..., ch: int = ...) -> None: ...


class _cpu_user_regs_anon11(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rcx", c_uint64),  # @0 uint64_t
        ("ecx", c_uint32),  # @0 uint32_t
        ("cx", c_uint16),  # @0 uint16_t
        ("_anon0", _cpu_user_regs_anon11_anon0),  # @0 struct
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        rcx: int
        ecx: int
        cx: int
        cl: int
        ch: int

        def __init__(
            self, *, rcx: int = ..., ecx: int = ..., cx: int = ..., cl: int = ..., ch: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon12_anon0(Struct):
    """an anonymous struct; 2 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("dl", c_uint8),  # @0 uint8_t
        ("dh", c_uint8),  # @1 uint8_t
    )
    FORMAT = "<BB"
    FORMAT_FIELDS = ("dl", "dh")

    if TYPE_CHECKING:
        dl: int
        dh: int

        def __init__(self, dl: int = ..., dh: int = ...) -> None: ...


class _cpu_user_regs_anon12(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rdx", c_uint64),  # @0 uint64_t
        ("edx", c_uint32),  # @0 uint32_t
        ("dx", c_uint16),  # @0 uint16_t
        ("_anon0", _cpu_user_regs_anon12_anon0),  # @0 struct
    )
    _anon_ = ("_anon0",)

    if TYPE_CHECKING:
        rdx: int
        edx: int
        dx: int
        dl: int
        dh: int

        def __init__(
            self, *, rdx: int = ..., edx: int = ..., dx: int = ..., dl: int = ..., dh: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon13(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rsi", c_uint64),  # @0 uint64_t
        ("esi", c_uint32),  # @0 uint32_t
        ("si", c_uint16),  # @0 uint16_t
        ("sil", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        rsi: int
        esi: int
        si: int
        sil: int

        def __init__(
            self, rsi: int = ..., esi: int = ..., si: int = ..., sil: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon14(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rdi", c_uint64),  # @0 uint64_t
        ("edi", c_uint32),  # @0 uint32_t
        ("di", c_uint16),  # @0 uint16_t
        ("dil", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        rdi: int
        edi: int
        di: int
        dil: int

        def __init__(
            self, rdi: int = ..., edi: int = ..., di: int = ..., dil: int = ...,
        ) -> None: ...


class _cpu_user_regs_anon15(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rip", c_uint64),  # @0 uint64_t
        ("eip", c_uint32),  # @0 uint32_t
        ("ip", c_uint16),  # @0 uint16_t
    )

    if TYPE_CHECKING:
        rip: int
        eip: int
        ip: int

        def __init__(self, rip: int = ..., eip: int = ..., ip: int = ...) -> None: ...


class _cpu_user_regs_anon16(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rflags", c_uint64),  # @0 uint64_t
        ("eflags", c_uint32),  # @0 uint32_t
        ("flags", c_uint16),  # @0 uint16_t
    )

    if TYPE_CHECKING:
        rflags: int
        eflags: int
        flags: int

        def __init__(self, rflags: int = ..., eflags: int = ..., flags: int = ...) -> None: ...


class _cpu_user_regs_anon17(Union):
    """an anonymous union; 8 bytes. __XEN_TOOLS__; x86_64 only."""

    _fields_ = (
        ("rsp", c_uint64),  # @0 uint64_t
        ("esp", c_uint32),  # @0 uint32_t
        ("sp", c_uint16),  # @0 uint16_t
        ("spl", c_uint8),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        rsp: int
        esp: int
        sp: int
        spl: int

        def __init__(
            self, rsp: int = ..., esp: int = ..., sp: int = ..., spl: int = ...,
        ) -> None: ...


class cpu_user_regs(Struct):
    """Registers of an x86 vCPU, in the order Xen saves them.

    struct cpu_user_regs; 200 bytes. x86_64 only.
    """

    _fields_ = (
        ("_anon0", _cpu_user_regs_anon0),  # @0 union
        ("_anon1", _cpu_user_regs_anon1),  # @8 union
        ("_anon2", _cpu_user_regs_anon2),  # @16 union
        ("_anon3", _cpu_user_regs_anon3),  # @24 union
        ("_anon4", _cpu_user_regs_anon4),  # @32 union
        ("_anon5", _cpu_user_regs_anon5),  # @40 union
        ("_anon6", _cpu_user_regs_anon6),  # @48 union
        ("_anon7", _cpu_user_regs_anon7),  # @56 union
        ("_anon8", _cpu_user_regs_anon8),  # @64 union
        ("_anon9", _cpu_user_regs_anon9),  # @72 union
        ("_anon10", _cpu_user_regs_anon10),  # @80 union
        ("_anon11", _cpu_user_regs_anon11),  # @88 union
        ("_anon12", _cpu_user_regs_anon12),  # @96 union
        ("_anon13", _cpu_user_regs_anon13),  # @104 union
        ("_anon14", _cpu_user_regs_anon14),  # @112 union
        ("error_code", c_uint32),  # @120 uint32_t: Xen's own
        ("entry_vector", c_uint32),  # @124 uint32_t: Xen's own
        ("_anon15", _cpu_user_regs_anon15),  # @128 union
        ("cs", c_uint16),  # @136 uint16_t
        ("_pad0", arr(c_uint16, 1)),  # @138 uint16_t
        ("saved_upcall_mask", c_uint8),  # @140 uint8_t: PV: events were masked
        ("_pad1", arr(c_uint8, 3)),  # @141 uint8_t
        ("_anon16", _cpu_user_regs_anon16),  # @144 union
        ("_anon17", _cpu_user_regs_anon17),  # @152 union
        ("ss", c_uint16),  # @160 uint16_t
        ("_pad2", arr(c_uint16, 3)),  # @162 uint16_t
        ("es", c_uint16),  # @168 uint16_t
        ("_pad3", arr(c_uint16, 3)),  # @170 uint16_t
        ("ds", c_uint16),  # @176 uint16_t
        ("_pad4", arr(c_uint16, 3)),  # @178 uint16_t
        ("fs", c_uint16),  # @184 uint16_t
        ("_pad5", arr(c_uint16, 3)),  # @186 uint16_t
        ("gs", c_uint16),  # @192 uint16_t
        ("_pad6", arr(c_uint16, 3)),  # @194 uint16_t
    )
    _anon_ = ("_anon0", "_anon1", "_anon2", "_anon3", "_anon4", "_anon5", "_anon6", "_anon7", "_anon8", "_anon9", "_anon10", "_anon11", "_anon12", "_anon13", "_anon14", "_anon15", "_anon16", "_anon17",)

    if TYPE_CHECKING:
        r15: int
        r15d: int
        r15w: int
        r15b: int
        r14: int
        r14d: int
        r14w: int
        r14b: int
        r13: int
        r13d: int
        r13w: int
        r13b: int
        r12: int
        r12d: int
        r12w: int
        r12b: int
        rbp: int
        ebp: int
        bp: int
        bpl: int
        rbx: int
        ebx: int
        bx: int
        bl: int
        bh: int
        r11: int
        r11d: int
        r11w: int
        r11b: int
        r10: int
        r10d: int
        r10w: int
        r10b: int
        r9: int
        r9d: int
        r9w: int
        r9b: int
        r8: int
        r8d: int
        r8w: int
        r8b: int
        rax: int
        eax: int
        ax: int
        al: int
        ah: int
        rcx: int
        ecx: int
        cx: int
        cl: int
        ch: int
        rdx: int
        edx: int
        dx: int
        dl: int
        dh: int
        rsi: int
        esi: int
        si: int
        sil: int
        rdi: int
        edi: int
        di: int
        dil: int
        error_code: int
        entry_vector: int
        rip: int
        eip: int
        ip: int
        cs: int
        _pad0: IntArrayField
        saved_upcall_mask: int
        _pad1: IntArrayField
        rflags: int
        eflags: int
        flags: int
        rsp: int
        esp: int
        sp: int
        spl: int
        ss: int
        _pad2: IntArrayField
        es: int
        _pad3: IntArrayField
        ds: int
        _pad4: IntArrayField
        fs: int
        _pad5: IntArrayField
        gs: int
        _pad6: IntArrayField

        def __init__(
            self, *, r15: int = ..., r15d: int = ..., r15w: int = ..., r15b: int = ...,
            r14: int = ..., r14d: int = ..., r14w: int = ..., r14b: int = ..., r13: int = ...,
            r13d: int = ..., r13w: int = ..., r13b: int = ..., r12: int = ..., r12d: int = ...,
            r12w: int = ..., r12b: int = ..., rbp: int = ..., ebp: int = ..., bp: int = ...,
            bpl: int = ..., rbx: int = ..., ebx: int = ..., bx: int = ..., bl: int = ...,
            bh: int = ..., r11: int = ..., r11d: int = ..., r11w: int = ..., r11b: int = ...,
            r10: int = ..., r10d: int = ..., r10w: int = ..., r10b: int = ..., r9: int = ...,
            r9d: int = ..., r9w: int = ..., r9b: int = ..., r8: int = ..., r8d: int = ...,
            r8w: int = ..., r8b: int = ..., rax: int = ..., eax: int = ..., ax: int = ...,
            al: int = ..., ah: int = ..., rcx: int = ..., ecx: int = ..., cx: int = ...,
            cl: int = ..., ch: int = ..., rdx: int = ..., edx: int = ..., dx: int = ...,
            dl: int = ..., dh: int = ..., rsi: int = ..., esi: int = ..., si: int = ...,
            sil: int = ..., rdi: int = ..., edi: int = ..., di: int = ..., dil: int = ...,
            error_code: int = ..., entry_vector: int = ..., rip: int = ..., eip: int = ...,
            ip: int = ..., cs: int = ..., _pad0: Sequence[int] | IntArray = ...,
            saved_upcall_mask: int = ..., _pad1: Sequence[int] | IntArray = ..., rflags: int = ...,
            eflags: int = ..., flags: int = ..., rsp: int = ..., esp: int = ..., sp: int = ...,
            spl: int = ..., ss: int = ..., _pad2: Sequence[int] | IntArray = ..., es: int = ...,
            _pad3: Sequence[int] | IntArray = ..., ds: int = ...,
            _pad4: Sequence[int] | IntArray = ..., fs: int = ...,
            _pad5: Sequence[int] | IntArray = ..., gs: int = ...,
            _pad6: Sequence[int] | IntArray = ...,
        ) -> None: ...


class trap_info(Struct):
    """A PV kernel's handler of one exception; address 0 ends a table.

    struct trap_info; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("vector", c_uint8),  # @0 uint8_t
        ("flags", c_uint8),  # @1 uint8_t: bits 1:0: least privileged ring that may raise it; bit 2: events are masked
        ("cs", c_uint16),  # @2 uint16_t: selector
        ("address", c_uint64),  # @8 unsigned long: virtual address of the handler
    )
    FORMAT = "<BBH4xQ"
    FORMAT_FIELDS = ("vector", "flags", "cs", "address")

    if TYPE_CHECKING:
        vector: int
        flags: int
        cs: int
        address: int

        def __init__(
            self, vector: int = ..., flags: int = ..., cs: int = ..., address: int = ...,
        ) -> None: ...


class vcpu_guest_context_fpu_ctxt(Struct):
    """struct vcpu_guest_context_fpu_ctxt; 512 bytes. x86_64 only."""

    _fields_ = (
        ("x", arr(c_char, 512)),  # @0 char
    )

    if TYPE_CHECKING:
        x: bytes

        def __init__(self, x: bytes = ...) -> None: ...


class xen_pmu_arch(Struct):
    """Arm has no shared PMU data: a placeholder.

    struct xen_pmu_arch; 1 bytes. arm64 only.
    """

    _fields_ = (
        ("dummy", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("dummy",)

    if TYPE_CHECKING:
        dummy: int

        def __init__(self, dummy: int = ...) -> None: ...


class xen_cpuid_leaf(Struct):
    """Answers of one CPUID leaf, in a domain's CPU policy.

    struct xen_cpuid_leaf; 24 bytes. x86_64 only.
    """

    _fields_ = (
        ("leaf", c_uint32),  # @0 uint32_t
        ("subleaf", c_uint32),  # @4 uint32_t
        ("a", c_uint32),  # @8 uint32_t: EAX
        ("b", c_uint32),  # @12 uint32_t: EBX
        ("c", c_uint32),  # @16 uint32_t: ECX
        ("d", c_uint32),  # @20 uint32_t: EDX
    )
    FORMAT = "<IIIIII"
    FORMAT_FIELDS = ("leaf", "subleaf", "a", "b", "c", "d")

    if TYPE_CHECKING:
        leaf: int
        subleaf: int
        a: int
        b: int
        c: int
        d: int

        def __init__(
            self, leaf: int = ..., subleaf: int = ..., a: int = ..., b: int = ..., c: int = ...,
            d: int = ...,
        ) -> None: ...


class xen_msr_entry(Struct):
    """Value of one MSR, in a domain's CPU policy.

    struct xen_msr_entry; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("idx", c_uint32),  # @0 uint32_t: number of the MSR
        ("flags", c_uint32),  # @4 uint32_t: 0: none is defined
        ("val", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("idx", "flags", "val")

    if TYPE_CHECKING:
        idx: int
        flags: int
        val: int

        def __init__(self, idx: int = ..., flags: int = ..., val: int = ...) -> None: ...


class mmuext_op_arg1(Union):
    """union mmuext_op_arg1; 8 bytes."""

    _fields_ = (
        ("mfn", c_uint64),  # @0 xen_pfn_t: machine frame: a page table, or a page to write
        ("linear_addr", c_uint64),  # @0 unsigned long: virtual address: to flush, or of the LDT
    )

    if TYPE_CHECKING:
        mfn: int
        linear_addr: int

        def __init__(self, mfn: int = ..., linear_addr: int = ...) -> None: ...


class mmuext_op_arg2(Union):
    """union mmuext_op_arg2; 8 bytes."""

    _fields_ = (
        ("nr_ents", c_uint32),  # @0 unsigned int: SET_LDT: descriptors
        ("vcpumask", HANDLE),  # @0 XEN_GUEST_HANDLE(const_void): MULTI commands: bitmap of vCPUs
        ("src_mfn", c_uint64),  # @0 xen_pfn_t: COPY_PAGE: machine frame
    )

    if TYPE_CHECKING:
        nr_ents: int
        vcpumask: HandleField
        src_mfn: int

        def __init__(
            self, nr_ents: int = ..., vcpumask: XenMemory | None = ..., src_mfn: int = ...,
        ) -> None: ...


class mmuext_op(Struct):
    """One page table, TLB, cache or descriptor table operation of a PV guest.

    struct mmuext_op; 24 bytes.
    """

    _fields_ = (
        ("cmd", c_uint32),  # @0 unsigned int
        ("arg1", mmuext_op_arg1),  # @8 union
        ("arg2", mmuext_op_arg2),  # @16 union
    )

    if TYPE_CHECKING:
        cmd: int
        arg1: mmuext_op_arg1
        arg2: mmuext_op_arg2

        def __init__(
            self, cmd: int = ..., arg1: mmuext_op_arg1 = ..., arg2: mmuext_op_arg2 = ...,
        ) -> None: ...


class mmu_update(Struct):
    """A new value for one page table entry, or for one machine-to-physical entry.

    struct mmu_update; 16 bytes.
    """

    _fields_ = (
        ("ptr", c_uint64),  # @0 uint64_t: machine address of the entry, or in the frame; bits 1:0 MMU_*
        ("val", c_uint64),  # @8 uint64_t: page table entry, or guest frame
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("ptr", "val")

    if TYPE_CHECKING:
        ptr: int
        val: int

        def __init__(self, ptr: int = ..., val: int = ...) -> None: ...


class multicall_entry(Struct):
    """One hypercall of several made at once; Xen writes its result here.

    struct multicall_entry; 64 bytes.
    """

    _fields_ = (
        ("op", c_uint64),  # @0 xen_ulong_t
        ("result", c_uint64),  # @8 xen_ulong_t: out: what that hypercall returned
        ("args", arr(c_uint64, 6)),  # @16 xen_ulong_t: no hypercall takes the sixth
    )
    FORMAT = "<QQQQQQQQ"
    FORMAT_FIELDS = (
        "op", "result", "args[0]", "args[1]", "args[2]", "args[3]", "args[4]", "args[5]",
    )

    if TYPE_CHECKING:
        op: int
        result: int
        args: IntArrayField

        def __init__(
            self, op: int = ..., result: int = ..., args: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vcpu_time_info(Struct):
    """From which time-stamp to which system time, and how fast: a vCPU's clock.

    struct vcpu_time_info; 32 bytes.
    """

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t: odd while Xen writes
        ("pad0", c_uint32),  # @4 uint32_t
        ("tsc_timestamp", c_uint64),  # @8 uint64_t: time-stamp counter at system_time
        ("system_time", c_uint64),  # @16 uint64_t: ns
        ("tsc_to_system_mul", c_uint32),  # @24 uint32_t: 2**-32 ns per shifted tick
        ("tsc_shift", c_int8),  # @28 int8_t: shifts ticks left, or right if negative
        ("flags", c_uint8),  # @29 uint8_t
        ("pad1", arr(c_uint8, 2)),  # @30 uint8_t
    )
    FORMAT = "<IIQQIbBBB"
    FORMAT_FIELDS = (
        "version", "pad0", "tsc_timestamp", "system_time", "tsc_to_system_mul", "tsc_shift",
        "flags", "pad1[0]", "pad1[1]",
    )

    if TYPE_CHECKING:
        version: int
        pad0: int
        tsc_timestamp: int
        system_time: int
        tsc_to_system_mul: int
        tsc_shift: int
        flags: int
        pad1: IntArrayField

        def __init__(
            self, version: int = ..., pad0: int = ..., tsc_timestamp: int = ...,
            system_time: int = ..., tsc_to_system_mul: int = ..., tsc_shift: int = ...,
            flags: int = ..., pad1: Sequence[int] | IntArray = ...,
        ) -> None: ...


class start_info_console_domU(Struct):
    """The console ring of a guest.

    struct start_info_console_domU; 16 bytes. x86_64 only.
    """

    _fields_ = (
        ("mfn", c_uint64),  # @0 xen_pfn_t: machine frame of the console's ring
        ("evtchn", c_uint32),  # @8 uint32_t: port of the console's ring
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("mfn", "evtchn")

    if TYPE_CHECKING:
        mfn: int
        evtchn: int

        def __init__(self, mfn: int = ..., evtchn: int = ...) -> None: ...


class start_info_console_dom0(Struct):
    """Where in this page the VGA console's description lies.

    struct start_info_console_dom0; 8 bytes. x86_64 only.
    """

    _fields_ = (
        ("info_off", c_uint32),  # @0 uint32_t: bytes: dom0_vga_console_info in start_info's page
        ("info_size", c_uint32),  # @4 uint32_t: bytes: dom0_vga_console_info in start_info's page
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("info_off", "info_size")

    if TYPE_CHECKING:
        info_off: int
        info_size: int

        def __init__(self, info_off: int = ..., info_size: int = ...) -> None: ...


class start_info_console(Union):
    """union start_info_console; 16 bytes. x86_64 only."""

    _fields_ = (
        ("domU", start_info_console_domU),  # @0 struct
        ("dom0", start_info_console_dom0),  # @0 struct
    )

    if TYPE_CHECKING:
        domU: start_info_console_domU
        dom0: start_info_console_dom0

        def __init__(
            self, domU: start_info_console_domU = ..., dom0: start_info_console_dom0 = ...,
        ) -> None: ...


class start_info(Struct):
    """What a PV guest is given at boot and at resume.

    struct start_info; 1168 bytes. x86_64 only.
    """

    _fields_ = (
        ("magic", arr(c_char, 32)),  # @0 char: xen-VERSION-PLATFORM, ends with a NUL
        ("nr_pages", c_uint64),  # @32 unsigned long: 4 KiB pages of the domain
        ("shared_info", c_uint64),  # @40 unsigned long: machine address
        ("flags", c_uint32),  # @48 uint32_t
        ("store_mfn", c_uint64),  # @56 xen_pfn_t: machine frame of xenstore's ring
        ("store_evtchn", c_uint32),  # @64 uint32_t: port of xenstore's ring
        ("console", start_info_console),  # @72 union
        ("pt_base", c_uint64),  # @88 unsigned long: virtual address of the top page table
        ("nr_pt_frames", c_uint64),  # @96 unsigned long: 4 KiB frames of page tables
        ("mfn_list", c_uint64),  # @104 unsigned long: virtual address of the p2m
        ("mod_start", c_uint64),  # @112 unsigned long: virtual address of the ramdisk; with MOD_START_PFN its frame
        ("mod_len", c_uint64),  # @120 unsigned long: bytes
        ("cmd_line", arr(c_int8, 1024)),  # @128 int8_t
        ("first_p2m_pfn", c_uint64),  # @1152 unsigned long: first frame of the p2m and its page tables
        ("nr_p2m_frames", c_uint64),  # @1160 unsigned long: 4 KiB frames
    )

    if TYPE_CHECKING:
        magic: bytes
        nr_pages: int
        shared_info: int
        flags: int
        store_mfn: int
        store_evtchn: int
        console: start_info_console
        pt_base: int
        nr_pt_frames: int
        mfn_list: int
        mod_start: int
        mod_len: int
        cmd_line: IntArrayField
        first_p2m_pfn: int
        nr_p2m_frames: int

        def __init__(
            self, magic: bytes = ..., nr_pages: int = ..., shared_info: int = ..., flags: int = ...,
            store_mfn: int = ..., store_evtchn: int = ..., console: start_info_console = ...,
            pt_base: int = ..., nr_pt_frames: int = ..., mfn_list: int = ..., mod_start: int = ...,
            mod_len: int = ..., cmd_line: Sequence[int] | IntArray = ..., first_p2m_pfn: int = ...,
            nr_p2m_frames: int = ...,
        ) -> None: ...


class xen_multiboot_mod_list(Struct):
    """One module of several in what a PV kernel got as its initial ramdisk.

    struct xen_multiboot_mod_list; 16 bytes.
    """

    _fields_ = (
        ("mod_start", c_uint32),  # @0 uint32_t: bytes from the first descriptor; 0 ends the list
        ("mod_end", c_uint32),  # @4 uint32_t: bytes from the first descriptor, inclusive
        ("cmdline", c_uint32),  # @8 uint32_t: bytes from the first descriptor to a text with a NUL
        ("pad", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("mod_start", "mod_end", "cmdline", "pad")

    if TYPE_CHECKING:
        mod_start: int
        mod_end: int
        cmdline: int
        pad: int

        def __init__(
            self, mod_start: int = ..., mod_end: int = ..., cmdline: int = ..., pad: int = ...,
        ) -> None: ...


class dom0_vga_console_info_u_text_mode_3(Struct):
    """A text screen.

    struct dom0_vga_console_info_u_text_mode_3; 10 bytes.
    """

    _fields_ = (
        ("font_height", c_uint16),  # @0 uint16_t: pixels
        ("cursor_x", c_uint16),  # @2 uint16_t: characters
        ("cursor_y", c_uint16),  # @4 uint16_t: characters
        ("rows", c_uint16),  # @6 uint16_t: characters
        ("columns", c_uint16),  # @8 uint16_t: characters
    )
    FORMAT = "<HHHHH"
    FORMAT_FIELDS = ("font_height", "cursor_x", "cursor_y", "rows", "columns")

    if TYPE_CHECKING:
        font_height: int
        cursor_x: int
        cursor_y: int
        rows: int
        columns: int

        def __init__(
            self, font_height: int = ..., cursor_x: int = ..., cursor_y: int = ..., rows: int = ...,
            columns: int = ...,
        ) -> None: ...


class dom0_vga_console_info_u_vesa_lfb(Struct):
    """A linear frame buffer, from VESA or EFI.

    struct dom0_vga_console_info_u_vesa_lfb; 36 bytes.
    """

    _fields_ = (
        ("width", c_uint16),  # @0 uint16_t: pixels
        ("height", c_uint16),  # @2 uint16_t: pixels
        ("bytes_per_line", c_uint16),  # @4 uint16_t
        ("bits_per_pixel", c_uint16),  # @6 uint16_t
        ("lfb_base", c_uint32),  # @8 uint32_t: physical address, low half
        ("lfb_size", c_uint32),  # @12 uint32_t: in 64 KiB
        ("red_pos", c_uint8),  # @16 uint8_t: lowest bit of the colour
        ("red_size", c_uint8),  # @17 uint8_t: bits of the colour
        ("green_pos", c_uint8),  # @18 uint8_t: lowest bit of the colour
        ("green_size", c_uint8),  # @19 uint8_t: bits of the colour
        ("blue_pos", c_uint8),  # @20 uint8_t: lowest bit of the colour
        ("blue_size", c_uint8),  # @21 uint8_t: bits of the colour
        ("rsvd_pos", c_uint8),  # @22 uint8_t: lowest bit of the colour
        ("rsvd_size", c_uint8),  # @23 uint8_t: bits of the colour
        ("gbl_caps", c_uint32),  # @24 uint32_t: capabilities from VBE function 0
        ("mode_attrs", c_uint16),  # @28 uint16_t: mode attributes from VBE function 1
        ("pad", c_uint16),  # @30 uint16_t
        ("ext_lfb_base", c_uint32),  # @32 uint32_t: high half of lfb_base
    )
    FORMAT = "<HHHHIIBBBBBBBBIHHI"
    FORMAT_FIELDS = (
        "width", "height", "bytes_per_line", "bits_per_pixel", "lfb_base", "lfb_size", "red_pos",
        "red_size", "green_pos", "green_size", "blue_pos", "blue_size", "rsvd_pos", "rsvd_size",
        "gbl_caps", "mode_attrs", "pad", "ext_lfb_base",
    )

    if TYPE_CHECKING:
        width: int
        height: int
        bytes_per_line: int
        bits_per_pixel: int
        lfb_base: int
        lfb_size: int
        red_pos: int
        red_size: int
        green_pos: int
        green_size: int
        blue_pos: int
        blue_size: int
        rsvd_pos: int
        rsvd_size: int
        gbl_caps: int
        mode_attrs: int
        pad: int
        ext_lfb_base: int

        def __init__(
            self, width: int = ..., height: int = ..., bytes_per_line: int = ...,
            bits_per_pixel: int = ..., lfb_base: int = ..., lfb_size: int = ..., red_pos: int = ...,
            red_size: int = ..., green_pos: int = ..., green_size: int = ..., blue_pos: int = ...,
            blue_size: int = ..., rsvd_pos: int = ..., rsvd_size: int = ..., gbl_caps: int = ...,
            mode_attrs: int = ..., pad: int = ..., ext_lfb_base: int = ...,
        ) -> None: ...


class dom0_vga_console_info_u(Union):
    """union dom0_vga_console_info_u; 36 bytes."""

    _fields_ = (
        ("text_mode_3", dom0_vga_console_info_u_text_mode_3),  # @0 struct
        ("vesa_lfb", dom0_vga_console_info_u_vesa_lfb),  # @0 struct
    )

    if TYPE_CHECKING:
        text_mode_3: dom0_vga_console_info_u_text_mode_3
        vesa_lfb: dom0_vga_console_info_u_vesa_lfb

        def __init__(
            self, text_mode_3: dom0_vga_console_info_u_text_mode_3 = ...,
            vesa_lfb: dom0_vga_console_info_u_vesa_lfb = ...,
        ) -> None: ...


class dom0_vga_console_info(Struct):
    """The video mode that Xen leaves to the hardware domain.

    struct dom0_vga_console_info; 40 bytes.
    """

    _fields_ = (
        ("video_type", c_uint8),  # @0 uint8_t
        ("u", dom0_vga_console_info_u),  # @4 union
    )

    if TYPE_CHECKING:
        video_type: int
        u: dom0_vga_console_info_u

        def __init__(self, video_type: int = ..., u: dom0_vga_console_info_u = ...) -> None: ...


class xen_uuid_t(Struct):
    """A UUID, its bytes as they are written.

    struct xen_uuid_t; 16 bytes.
    """

    _fields_ = (
        ("a", arr(c_uint8, 16)),  # @0 uint8_t
    )
    FORMAT = "<BBBBBBBBBBBBBBBB"
    FORMAT_FIELDS = (
        "a[0]", "a[1]", "a[2]", "a[3]", "a[4]", "a[5]", "a[6]", "a[7]", "a[8]", "a[9]", "a[10]",
        "a[11]", "a[12]", "a[13]", "a[14]", "a[15]",
    )

    if TYPE_CHECKING:
        a: IntArrayField

        def __init__(self, a: Sequence[int] | IntArray = ...) -> None: ...


class xenctl_bitmap(Struct):
    """A bitmap of any length in the caller's memory: CPUs, nodes.

    struct xenctl_bitmap; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("bitmap", HANDLE),  # @0 XEN_GUEST_HANDLE(uint8): bytes, lowest bit first
        ("nr_bits", c_uint32),  # @8 uint32_t: bits there is room for
    )
    FORMAT = "<QI4x"
    FORMAT_FIELDS = ("bitmap", "nr_bits")

    if TYPE_CHECKING:
        bitmap: HandleField
        nr_bits: int

        def __init__(self, bitmap: XenMemory | None = ..., nr_bits: int = ...) -> None: ...


cpu_user_regs_t = cpu_user_regs
xen_callback_t = c_uint64
xen_pmu_arch_t = xen_pmu_arch
xen_pfn_t = c_uint64
xen_ulong_t = c_uint64
vcpu_guest_core_regs_t = vcpu_guest_core_regs
trap_info_t = trap_info
tsc_timestamp_t = c_uint64
xen_cpuid_leaf_t = xen_cpuid_leaf
xen_msr_entry_t = xen_msr_entry
mmuext_op_t = mmuext_op
domid_t = c_uint16
mmu_update_t = mmu_update
multicall_entry_t = multicall_entry
vcpu_time_info_t = vcpu_time_info
start_info_t = start_info
dom0_vga_console_info_t = dom0_vga_console_info
xen_domain_handle_t = arr(c_uint8, 16)
xenctl_bitmap_t = xenctl_bitmap


def xen_pfn_to_cr3(pfn: int) -> int:
    """The CR3 value for a page directory's frame.

    Macro xen_pfn_to_cr3; pfn in 0..0xfffffffffffff.
    """
    pfn = fitting(pfn, 0, 0xfffffffffffff, "xen_pfn_to_cr3(pfn)")
    return pfn << 12


def xen_cr3_to_pfn(cr3: int) -> int:
    """The page directory's frame in a CR3 value.

    Macro xen_cr3_to_pfn; cr3 in 0..0xffffffffffffffff.
    """
    cr3 = fitting(cr3, 0, 0xffffffffffffffff, "xen_cr3_to_pfn(cr3)")
    return cr3 >> 12

__all__ = [
    "DOMID_ANY", "DOMID_COW", "DOMID_FIRST_RESERVED", "DOMID_IDLE", "DOMID_INVALID", "DOMID_IO",
    "DOMID_MASK", "DOMID_SELF", "DOMID_XEN", "FIRST_RESERVED_GDT_BYTE", "FIRST_RESERVED_GDT_ENTRY",
    "FIRST_RESERVED_GDT_PAGE", "FLAT_KERNEL_CS", "FLAT_KERNEL_CS32", "FLAT_KERNEL_CS64",
    "FLAT_KERNEL_DS", "FLAT_KERNEL_DS32", "FLAT_KERNEL_DS64", "FLAT_KERNEL_SS", "FLAT_KERNEL_SS32",
    "FLAT_KERNEL_SS64", "FLAT_RING3_CS32", "FLAT_RING3_CS64", "FLAT_RING3_DS32", "FLAT_RING3_DS64",
    "FLAT_RING3_SS32", "FLAT_RING3_SS64", "FLAT_USER_CS", "FLAT_USER_CS32", "FLAT_USER_CS64",
    "FLAT_USER_DS", "FLAT_USER_DS32", "FLAT_USER_DS64", "FLAT_USER_SS", "FLAT_USER_SS32",
    "FLAT_USER_SS64", "GUEST_ACPI_BASE", "GUEST_ACPI_SIZE", "GUEST_EVTCHN_PPI",
    "GUEST_FFA_NOTIF_PEND_INTR_ID", "GUEST_FFA_SCHEDULE_RECV_INTR_ID", "GUEST_GICC_BASE",
    "GUEST_GICC_SIZE", "GUEST_GICD_BASE", "GUEST_GICD_SIZE", "GUEST_GICV3_GICD_BASE",
    "GUEST_GICV3_GICD_SIZE", "GUEST_GICV3_GICR0_BASE", "GUEST_GICV3_GICR0_SIZE",
    "GUEST_GICV3_RDIST_REGIONS", "GUEST_GNTTAB_BASE", "GUEST_GNTTAB_SIZE", "GUEST_MAGIC_BASE",
    "GUEST_MAGIC_SIZE", "GUEST_MAX_VCPUS", "GUEST_PL011_BASE", "GUEST_PL011_SIZE",
    "GUEST_RAM0_BASE", "GUEST_RAM0_SIZE", "GUEST_RAM1_BASE", "GUEST_RAM1_SIZE", "GUEST_RAM_BANKS",
    "GUEST_RAM_BASE", "GUEST_RAM_MAX", "GUEST_TIMER_PHYS_NS_PPI", "GUEST_TIMER_PHYS_S_PPI",
    "GUEST_TIMER_VIRT_PPI", "GUEST_VIRTIO_MMIO_BASE", "GUEST_VIRTIO_MMIO_SIZE",
    "GUEST_VIRTIO_MMIO_SPI_FIRST", "GUEST_VIRTIO_MMIO_SPI_LAST", "GUEST_VPCI_ADDR_TYPE_MEM",
    "GUEST_VPCI_ADDR_TYPE_PREFETCH_MEM", "GUEST_VPCI_ECAM_BASE", "GUEST_VPCI_ECAM_SIZE",
    "GUEST_VPCI_MEM_ADDR", "GUEST_VPCI_MEM_SIZE", "GUEST_VPCI_PREFETCH_MEM_ADDR",
    "GUEST_VPCI_PREFETCH_MEM_SIZE", "GUEST_VPL011_SPI", "HYPERVISOR_VIRT_END",
    "HYPERVISOR_VIRT_START", "MACH2PHYS_NR_ENTRIES", "MACH2PHYS_VIRT_END", "MACH2PHYS_VIRT_START",
    "MAX_GUEST_CMDLINE", "MMUEXT_CLEAR_PAGE", "MMUEXT_COPY_PAGE", "MMUEXT_FLUSH_CACHE",
    "MMUEXT_FLUSH_CACHE_GLOBAL", "MMUEXT_INVLPG_ALL", "MMUEXT_INVLPG_LOCAL", "MMUEXT_INVLPG_MULTI",
    "MMUEXT_MARK_SUPER", "MMUEXT_NEW_BASEPTR", "MMUEXT_NEW_USER_BASEPTR", "MMUEXT_PIN_L1_TABLE",
    "MMUEXT_PIN_L2_TABLE", "MMUEXT_PIN_L3_TABLE", "MMUEXT_PIN_L4_TABLE", "MMUEXT_SET_LDT",
    "MMUEXT_TLB_FLUSH_ALL", "MMUEXT_TLB_FLUSH_LOCAL", "MMUEXT_TLB_FLUSH_MULTI",
    "MMUEXT_UNMARK_SUPER", "MMUEXT_UNPIN_TABLE", "MMU_MACHPHYS_UPDATE", "MMU_NORMAL_PT_UPDATE",
    "MMU_PT_UPDATE_NO_TRANSLATE", "MMU_PT_UPDATE_PRESERVE_AD", "NR_VIRQS", "PSR_ABT_MASK",
    "PSR_BIG_ENDIAN", "PSR_DBG_MASK", "PSR_FIQ_MASK", "PSR_GUEST32_INIT", "PSR_GUEST64_INIT",
    "PSR_IRQ_MASK", "PSR_IT_MASK", "PSR_JAZELLE", "PSR_MODE_ABT", "PSR_MODE_BIT", "PSR_MODE_FIQ",
    "PSR_MODE_HYP", "PSR_MODE_IRQ", "PSR_MODE_MON", "PSR_MODE_SVC", "PSR_MODE_SYS", "PSR_MODE_UND",
    "PSR_MODE_USR", "PSR_THUMB", "PSR_Z", "SCTLR_GUEST_INIT", "SEGBASE_FS", "SEGBASE_GS_KERNEL",
    "SEGBASE_GS_USER", "SEGBASE_GS_USER_SEL", "SIF_INITDOMAIN", "SIF_MOD_START_PFN",
    "SIF_MULTIBOOT_MOD", "SIF_PM_MASK", "SIF_PRIVILEGED", "SIF_VIRT_P2M_4TOOLS", "UVMF_ALL",
    "UVMF_FLUSHTYPE_MASK", "UVMF_INVLPG", "UVMF_LOCAL", "UVMF_MULTI", "UVMF_NONE", "UVMF_TLB_FLUSH",
    "VGCF_I387_VALID", "VGCF_IN_KERNEL", "VGCF_IN_SYSCALL", "VIRQ_ARCH_0", "VIRQ_ARCH_1",
    "VIRQ_ARCH_2", "VIRQ_ARCH_3", "VIRQ_ARCH_4", "VIRQ_ARCH_5", "VIRQ_ARCH_6", "VIRQ_ARCH_7",
    "VIRQ_ARGO", "VIRQ_CONSOLE", "VIRQ_CON_RING", "VIRQ_DEBUG", "VIRQ_DEBUGGER", "VIRQ_DOM_EXC",
    "VIRQ_ENOMEM", "VIRQ_MEM_EVENT", "VIRQ_PCPU_STATE", "VIRQ_TBUF", "VIRQ_TIMER", "VIRQ_XENOPROF",
    "VIRQ_XENPMU", "XEN_CPUID", "XEN_CPUID_NO_SUBLEAF", "XEN_DOMCTL_CONFIG_ARM_SCI_NONE",
    "XEN_DOMCTL_CONFIG_ARM_SCI_SCMI_SMC", "XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_NONE",
    "XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_PMSA", "XEN_DOMCTL_CONFIG_ARM_V8R_EL1_MSA_VMSA",
    "XEN_DOMCTL_CONFIG_GIC_NATIVE", "XEN_DOMCTL_CONFIG_GIC_V2", "XEN_DOMCTL_CONFIG_GIC_V3",
    "XEN_DOMCTL_CONFIG_TEE_FFA", "XEN_DOMCTL_CONFIG_TEE_NONE", "XEN_DOMCTL_CONFIG_TEE_OPTEE",
    "XEN_EMULATE_PREFIX", "XEN_HAVE_PV_GUEST_ENTRY", "XEN_HAVE_PV_UPCALL_MASK",
    "XEN_HVM_DEBUGCONS_IOPORT", "XEN_HYPERCALL_TAG", "XEN_INTERFACE_VERSION__",
    "XEN_LATEST_INTERFACE_VERSION__", "XEN_PVCLOCK_GUEST_STOPPED", "XEN_PVCLOCK_TSC_STABLE_BIT",
    "XEN_VGATYPE_EFI_LFB", "XEN_VGATYPE_TEXT_MODE_3", "XEN_VGATYPE_VESA_LFB", "XEN_X86_EMU_ALL",
    "XEN_X86_EMU_HPET", "XEN_X86_EMU_IOAPIC", "XEN_X86_EMU_IOMMU", "XEN_X86_EMU_LAPIC",
    "XEN_X86_EMU_PIC", "XEN_X86_EMU_PIT", "XEN_X86_EMU_PM", "XEN_X86_EMU_RTC",
    "XEN_X86_EMU_USE_PIRQ", "XEN_X86_EMU_VGA", "XEN_X86_EMU_VPCI", "XEN_X86_MISC_FLAGS_MAX",
    "XEN_X86_MSR_RELAXED", "_XEN_X86_EMU_HPET", "_XEN_X86_EMU_IOAPIC", "_XEN_X86_EMU_IOMMU",
    "_XEN_X86_EMU_LAPIC", "_XEN_X86_EMU_PIC", "_XEN_X86_EMU_PIT", "_XEN_X86_EMU_PM",
    "_XEN_X86_EMU_RTC", "_XEN_X86_EMU_USE_PIRQ", "_XEN_X86_EMU_VGA", "_XEN_X86_EMU_VPCI",
    "__HYPERVISOR_VIRT_END", "__HYPERVISOR_VIRT_START", "__MACH2PHYS_VIRT_END",
    "__MACH2PHYS_VIRT_START", "__XEN_INTERFACE_VERSION__", "__XEN_LATEST_INTERFACE_VERSION__",
    "CONSOLEIO_read", "CONSOLEIO_write", "HYPERVISOR_arch_0", "HYPERVISOR_arch_1",
    "HYPERVISOR_arch_2", "HYPERVISOR_arch_3", "HYPERVISOR_arch_4", "HYPERVISOR_arch_5",
    "HYPERVISOR_arch_6", "HYPERVISOR_arch_7", "HYPERVISOR_argo_op", "HYPERVISOR_callback_op",
    "HYPERVISOR_console_io", "HYPERVISOR_dm_op", "HYPERVISOR_domctl", "HYPERVISOR_event_channel_op",
    "HYPERVISOR_event_channel_op_compat", "HYPERVISOR_fpu_taskswitch", "HYPERVISOR_get_debugreg",
    "HYPERVISOR_grant_table_op", "HYPERVISOR_hvm_op", "HYPERVISOR_hypfs_op", "HYPERVISOR_iret",
    "HYPERVISOR_kexec_op", "HYPERVISOR_memory_op", "HYPERVISOR_mmu_update", "HYPERVISOR_mmuext_op",
    "HYPERVISOR_multicall", "HYPERVISOR_nmi_op", "HYPERVISOR_physdev_op",
    "HYPERVISOR_physdev_op_compat", "HYPERVISOR_platform_op", "HYPERVISOR_sched_op",
    "HYPERVISOR_sched_op_compat", "HYPERVISOR_set_callbacks", "HYPERVISOR_set_debugreg",
    "HYPERVISOR_set_gdt", "HYPERVISOR_set_segment_base", "HYPERVISOR_set_timer_op",
    "HYPERVISOR_set_trap_table", "HYPERVISOR_stack_switch", "HYPERVISOR_sysctl",
    "HYPERVISOR_tmem_op", "HYPERVISOR_update_descriptor", "HYPERVISOR_update_va_mapping",
    "HYPERVISOR_update_va_mapping_otherdomain", "HYPERVISOR_vcpu_op", "HYPERVISOR_vm_assist",
    "HYPERVISOR_xen_version", "HYPERVISOR_xenoprof_op", "HYPERVISOR_xenpmu_op", "HYPERVISOR_xsm_op",
    "PRI_xen_pfn", "PRI_xen_ulong", "PRIu_xen_pfn", "PSCI_cpu_off", "PSCI_cpu_on",
    "PSCI_cpu_suspend", "PSCI_migrate", "PSR_MODE_EL0t", "PSR_MODE_EL1h", "PSR_MODE_EL1t",
    "PSR_MODE_EL2h", "PSR_MODE_EL2t", "PSR_MODE_EL3h", "PSR_MODE_EL3t",
    "VGCF_failsafe_disables_events", "VGCF_i387_valid", "VGCF_in_kernel", "VGCF_in_syscall",
    "VGCF_syscall_disables_events", "VMASST_CMD_disable", "VMASST_CMD_enable",
    "VMASST_TYPE_4gb_segments", "VMASST_TYPE_4gb_segments_notify", "VMASST_TYPE_architectural_iopl",
    "VMASST_TYPE_m2p_strict", "VMASST_TYPE_pae_extended_cr3", "VMASST_TYPE_runstate_update_flag",
    "VMASST_TYPE_writable_pagetables", "_VGCF_failsafe_disables_events", "_VGCF_i387_valid",
    "_VGCF_in_kernel", "_VGCF_in_syscall", "_VGCF_syscall_disables_events", "__HYPERVISOR_arch_0",
    "__HYPERVISOR_arch_1", "__HYPERVISOR_arch_2", "__HYPERVISOR_arch_3", "__HYPERVISOR_arch_4",
    "__HYPERVISOR_arch_5", "__HYPERVISOR_arch_6", "__HYPERVISOR_arch_7", "__HYPERVISOR_argo_op",
    "__HYPERVISOR_callback_op", "__HYPERVISOR_console_io", "__HYPERVISOR_dm_op",
    "__HYPERVISOR_domctl", "__HYPERVISOR_event_channel_op", "__HYPERVISOR_event_channel_op_compat",
    "__HYPERVISOR_fpu_taskswitch", "__HYPERVISOR_get_debugreg", "__HYPERVISOR_grant_table_op",
    "__HYPERVISOR_hvm_op", "__HYPERVISOR_hypfs_op", "__HYPERVISOR_iret", "__HYPERVISOR_kexec_op",
    "__HYPERVISOR_memory_op", "__HYPERVISOR_mmu_update", "__HYPERVISOR_mmuext_op",
    "__HYPERVISOR_multicall", "__HYPERVISOR_nmi_op", "__HYPERVISOR_physdev_op",
    "__HYPERVISOR_physdev_op_compat", "__HYPERVISOR_platform_op", "__HYPERVISOR_sched_op",
    "__HYPERVISOR_sched_op_compat", "__HYPERVISOR_set_callbacks", "__HYPERVISOR_set_debugreg",
    "__HYPERVISOR_set_gdt", "__HYPERVISOR_set_segment_base", "__HYPERVISOR_set_timer_op",
    "__HYPERVISOR_set_trap_table", "__HYPERVISOR_stack_switch", "__HYPERVISOR_sysctl",
    "__HYPERVISOR_tmem_op", "__HYPERVISOR_update_descriptor", "__HYPERVISOR_update_va_mapping",
    "__HYPERVISOR_update_va_mapping_otherdomain", "__HYPERVISOR_vcpu_op", "__HYPERVISOR_vm_assist",
    "__HYPERVISOR_xen_version", "__HYPERVISOR_xenoprof_op", "__HYPERVISOR_xenpmu_op",
    "__HYPERVISOR_xsm_op", "_cpu_user_regs_anon0", "_cpu_user_regs_anon1", "_cpu_user_regs_anon2",
    "_cpu_user_regs_anon3", "_cpu_user_regs_anon4", "_cpu_user_regs_anon5",
    "_cpu_user_regs_anon5_anon0", "_cpu_user_regs_anon6", "_cpu_user_regs_anon7",
    "_cpu_user_regs_anon8", "_cpu_user_regs_anon9", "_cpu_user_regs_anon10",
    "_cpu_user_regs_anon10_anon0", "_cpu_user_regs_anon11", "_cpu_user_regs_anon11_anon0",
    "_cpu_user_regs_anon12", "_cpu_user_regs_anon12_anon0", "_cpu_user_regs_anon13",
    "_cpu_user_regs_anon14", "_cpu_user_regs_anon15", "_cpu_user_regs_anon16",
    "_cpu_user_regs_anon17", "_vcpu_guest_core_regs_anon0", "_vcpu_guest_core_regs_anon1",
    "_vcpu_guest_core_regs_anon2", "_vcpu_guest_core_regs_anon3", "_vcpu_guest_core_regs_anon4",
    "_vcpu_guest_core_regs_anon5", "_vcpu_guest_core_regs_anon6", "_vcpu_guest_core_regs_anon7",
    "_vcpu_guest_core_regs_anon8", "_vcpu_guest_core_regs_anon9", "_vcpu_guest_core_regs_anon10",
    "_vcpu_guest_core_regs_anon11", "_vcpu_guest_core_regs_anon12", "_vcpu_guest_core_regs_anon13",
    "_vcpu_guest_core_regs_anon14", "_vcpu_guest_core_regs_anon15", "_vcpu_guest_core_regs_anon16",
    "_vcpu_guest_core_regs_anon17", "_vcpu_guest_core_regs_anon18", "_vcpu_guest_core_regs_anon19",
    "_vcpu_guest_core_regs_anon20", "_vcpu_guest_core_regs_anon21", "_vcpu_guest_core_regs_anon22",
    "_vcpu_guest_core_regs_anon23", "_vcpu_guest_core_regs_anon24", "_vcpu_guest_core_regs_anon25",
    "_vcpu_guest_core_regs_anon26", "_vcpu_guest_core_regs_anon27", "_vcpu_guest_core_regs_anon28",
    "_vcpu_guest_core_regs_anon29", "_vcpu_guest_core_regs_anon30", "_vcpu_guest_core_regs_anon31",
    "_vcpu_guest_core_regs_anon32", "cpu_user_regs", "cpu_user_regs_t", "dom0_vga_console_info",
    "dom0_vga_console_info_t", "dom0_vga_console_info_u", "dom0_vga_console_info_u_text_mode_3",
    "dom0_vga_console_info_u_vesa_lfb", "domid_t", "iret_context", "mmu_update", "mmu_update_t",
    "mmuext_op", "mmuext_op_arg1", "mmuext_op_arg2", "mmuext_op_t", "multicall_entry",
    "multicall_entry_t", "start_info", "start_info_console", "start_info_console_dom0",
    "start_info_console_domU", "start_info_t", "trap_info", "trap_info_t", "tsc_timestamp_t",
    "vcpu_guest_context_fpu_ctxt", "vcpu_guest_core_regs", "vcpu_guest_core_regs_t",
    "vcpu_time_info", "vcpu_time_info_t", "xen_callback_t", "xen_cpuid_leaf", "xen_cpuid_leaf_t",
    "xen_cr3_to_pfn", "xen_domain_handle_t", "xen_msr_entry", "xen_msr_entry_t",
    "xen_multiboot_mod_list", "xen_pfn_t", "xen_pfn_to_cr3", "xen_pmu_arch", "xen_pmu_arch_t",
    "xen_ulong_t", "xen_uuid_t", "xenctl_bitmap", "xenctl_bitmap_t",
]
