# GENERATED from abi/features.json (features.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""What the hypervisor offers this guest, or a kernel says it can do: one bit per feature (XENVER_get_features).

features.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# XENFEAT: Features, numbered by their bit: n is bit n % 32 of submap n / 32.
XENFEAT_writable_page_tables = 0
XENFEAT_writable_descriptor_tables = 1
XENFEAT_auto_translated_physmap = 2
XENFEAT_supervisor_mode_kernel = 3
XENFEAT_pae_pgdir_above_4gb = 4
XENFEAT_mmu_pt_update_preserve_ad = 5
XENFEAT_highmem_assist = 6
XENFEAT_gnttab_map_avail_bits = 7
XENFEAT_hvm_callback_vector = 8
XENFEAT_hvm_safe_pvclock = 9
XENFEAT_hvm_pirqs = 10
XENFEAT_dom0 = 11
XENFEAT_memory_op_vnode_supported = 13
XENFEAT_ARM_SMCCC_supported = 14
XENFEAT_linux_rsdp_unrestricted = 15
XENFEAT_not_direct_mapped = 16  # not in 4.14
XENFEAT_direct_mapped = 17  # not in 4.14
XENFEAT_runstate_phys_area = 18  # not in 4.17, 4.14
XENFEAT_vcpu_time_phys_area = 19  # not in 4.17, 4.14
XENFEAT_dm_msix_all_writes = 20  # not in 4.17, 4.14

XENFEAT_NR_SUBMAPS = 1  # How many 32-bit submaps there are to ask for
