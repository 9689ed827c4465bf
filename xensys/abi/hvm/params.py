# GENERATED from abi/hvm/params.json (hvm/params.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Parameters of HVM guests, and of arm's: where rings and ports are, what the platform looks like.

hvm/params.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# HVM_PARAM: Index of a parameter in HVMOP_set_param and HVMOP_get_param.
HVM_PARAM_PAE_ENABLED = 4  # __XEN_TOOLS__
HVM_PARAM_DM_DOMAIN = 13  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_CR0 = 20  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_CR3 = 21  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_CR4 = 22  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_INT3 = 23  # __XEN_TOOLS__
HVM_PARAM_NESTEDHVM = 24  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_SINGLE_STEP = 25  # __XEN_TOOLS__
HVM_PARAM_BUFIOREQ_EVTCHN = 26  # __XEN_TOOLS__
HVM_PARAM_MEMORY_EVENT_MSR = 30  # __XEN_TOOLS__
HVM_PARAM_CALLBACK_IRQ = 0

HVM_PARAM_CALLBACK_IRQ_TYPE_MASK = 0xff00000000000000  # Bits of HVM_PARAM_CALLBACK_IRQ that hold the type

# HVM_PARAM_CALLBACK_TYPE: How event channel upcalls arrive: bits 63:56 of HVM_PARAM_CALLBACK_IRQ,
# where 0 as a whole means not at all.
HVM_PARAM_CALLBACK_TYPE_GSI = 0
HVM_PARAM_CALLBACK_TYPE_PCI_INTX = 1
HVM_PARAM_CALLBACK_TYPE_PPI = 2  # arm64 only

HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_MASK = 0xff00  # Bits of a PPI callback that say how the interrupt is triggered; arm64 only
HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL = 2  # Active-low level interrupt, as the byte under the PPI flag mask; arm64 only

# HVM_PARAM_CALLBACK_TYPE, more
HVM_PARAM_CALLBACK_TYPE_VECTOR = 2  # x86_64 only

# HVM_PARAM, more
HVM_PARAM_STORE_PFN = 1
HVM_PARAM_STORE_EVTCHN = 2
HVM_PARAM_IOREQ_PFN = 5
HVM_PARAM_BUFIOREQ_PFN = 6
HVM_PARAM_VIRIDIAN = 9  # x86_64 only
_HVMPV_base_freq = 0  # x86_64 only

# HVMPV: Hyper-V enlightenments in HVM_PARAM_VIRIDIAN; any of them needs HVMPV_base_freq.
HVMPV_base_freq = 1  # x86_64 only
_HVMPV_no_freq = 1  # x86_64 only
HVMPV_no_freq = 2  # x86_64 only
_HVMPV_time_ref_count = 2  # x86_64 only
HVMPV_time_ref_count = 4  # x86_64 only
_HVMPV_reference_tsc = 3  # x86_64 only
HVMPV_reference_tsc = 8  # x86_64 only
_HVMPV_hcall_remote_tlb_flush = 4  # x86_64 only
HVMPV_hcall_remote_tlb_flush = 16  # x86_64 only
_HVMPV_apic_assist = 5  # x86_64 only
HVMPV_apic_assist = 32  # x86_64 only
_HVMPV_crash_ctl = 6  # x86_64 only
HVMPV_crash_ctl = 64  # x86_64 only
_HVMPV_synic = 7  # x86_64 only
HVMPV_synic = 128  # x86_64 only
_HVMPV_stimer = 8  # x86_64 only
HVMPV_stimer = 256  # x86_64 only
_HVMPV_hcall_ipi = 9  # x86_64 only
HVMPV_hcall_ipi = 512  # x86_64 only
_HVMPV_ex_processor_masks = 10  # x86_64 only; not in 4.14
HVMPV_ex_processor_masks = 0x400  # x86_64 only; not in 4.14
_HVMPV_no_vp_limit = 11  # x86_64 only; not in 4.14
HVMPV_no_vp_limit = 0x800  # x86_64 only; not in 4.14
_HVMPV_cpu_hotplug = 12  # x86_64 only; not in 4.14
HVMPV_cpu_hotplug = 0x1000  # x86_64 only; not in 4.14

HVMPV_feature_mask = 0x1fff  # Every enlightenment that HVM_PARAM_VIRIDIAN takes; other bits give EINVAL; x86_64 only; otherwise in 4.14

# HVM_PARAM, more
HVM_PARAM_TIMER_MODE = 10

# HVMPTM: What becomes of timer ticks missed while a vCPU did not run: HVM_PARAM_TIMER_MODE.
HVMPTM_delay_for_missed_ticks = 0
HVMPTM_no_delay_for_missed_ticks = 1
HVMPTM_no_missed_ticks_pending = 2
HVMPTM_one_missed_tick_pending = 3

# HVM_PARAM, more
HVM_PARAM_HPET_ENABLED = 11
HVM_PARAM_IDENT_PT = 12
HVM_PARAM_ACPI_S_STATE = 14
HVM_PARAM_VM86_TSS = 15
HVM_PARAM_VPT_ALIGN = 16
HVM_PARAM_CONSOLE_PFN = 17
HVM_PARAM_CONSOLE_EVTCHN = 18
HVM_PARAM_ACPI_IOPORTS_LOCATION = 19
HVM_PARAM_PAGING_RING_PFN = 27
HVM_PARAM_MONITOR_RING_PFN = 28
HVM_PARAM_SHARING_RING_PFN = 29
HVM_PARAM_TRIPLE_FAULT_REASON = 31
HVM_PARAM_IOREQ_SERVER_PFN = 32
HVM_PARAM_NR_IOREQ_SERVER_PAGES = 33
HVM_PARAM_VM_GENERATION_ID_ADDR = 34
HVM_PARAM_ALTP2M = 35

# XEN_ALTP2M: Who may use alternate p2m views of the domain: HVM_PARAM_ALTP2M.
XEN_ALTP2M_disabled = 0
XEN_ALTP2M_mixed = 1
XEN_ALTP2M_external = 2
XEN_ALTP2M_limited = 3

# HVM_PARAM, more
HVM_PARAM_X87_FIP_WIDTH = 36
HVM_PARAM_VM86_TSS_SIZED = 37
HVM_PARAM_MCA_CAP = 38

# XEN_HVM_MCA_CAP: Machine check capabilities shown to the guest: HVM_PARAM_MCA_CAP.
XEN_HVM_MCA_CAP_LMCE = 1

XEN_HVM_MCA_CAP_MASK = 1  # Every bit that HVM_PARAM_MCA_CAP takes
HVM_NR_PARAMS = 39  # Number of parameters: the first index that gives EINVAL
