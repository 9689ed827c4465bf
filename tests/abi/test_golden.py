"""Numbers from elsewhere than our own pipeline: Xen's golden sizes, published tables."""

from __future__ import annotations

from ctypes import sizeof
from typing import Any

import pytest

from xensys import abi
from xensys.abi import evtchn, gntalloc, gntdev, privcmd, xenbus_dev
from xensys.abi._base import offset_of

# Xen's tools/include/xen-foreign/reference.size; None: not on that architecture.
GOLDEN = {
    "start_info": (1168, None),
    "trap_info": (16, None),
    "cpu_user_regs": (200, None),
    "vcpu_guest_core_regs": (None, 312),
    "vcpu_guest_context": (5168, 352),
    "arch_vcpu_info": (16, 0),
    "vcpu_time_info": (32, 32),
    "vcpu_info": (64, 48),
    "arch_shared_info": (48, 0),
    "shared_info": (3136, 1088),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_size(name: str) -> None:
    for arch, size in zip(("x86_64", "arm64"), GOLDEN[name], strict=True):
        if size is not None:
            assert sizeof(getattr(abi.arch(arch).xen, name)) == size


# 64-bit ioctl numbers, from compiling Linux's headers apart from this project.
IOCTLS = [
    (privcmd, "IOCTL_PRIVCMD_HYPERCALL", 0x00305000, "privcmd_hypercall"),
    (privcmd, "IOCTL_PRIVCMD_MMAP", 0x00105002, "privcmd_mmap"),
    (privcmd, "IOCTL_PRIVCMD_MMAPBATCH", 0x00185003, "privcmd_mmapbatch"),
    (privcmd, "IOCTL_PRIVCMD_MMAPBATCH_V2", 0x00205004, "privcmd_mmapbatch_v2"),
    (privcmd, "IOCTL_PRIVCMD_DM_OP", 0x00105005, "privcmd_dm_op"),
    (privcmd, "IOCTL_PRIVCMD_RESTRICT", 0x00025006, None),
    (privcmd, "IOCTL_PRIVCMD_MMAP_RESOURCE", 0x00205007, "privcmd_mmap_resource"),
    (privcmd, "IOCTL_PRIVCMD_IRQFD", 0x40185008, "privcmd_irqfd"),
    (privcmd, "IOCTL_PRIVCMD_IOEVENTFD", 0x40305009, "privcmd_ioeventfd"),
    (privcmd, "IOCTL_PRIVCMD_PCIDEV_GET_GSI", 0x0008500A, "privcmd_pcidev_get_gsi"),
    (evtchn, "IOCTL_EVTCHN_BIND_VIRQ", 0x00044500, "ioctl_evtchn_bind_virq"),
    (evtchn, "IOCTL_EVTCHN_BIND_INTERDOMAIN", 0x00084501, "ioctl_evtchn_bind_interdomain"),
    (evtchn, "IOCTL_EVTCHN_BIND_UNBOUND_PORT", 0x00044502, "ioctl_evtchn_bind_unbound_port"),
    (evtchn, "IOCTL_EVTCHN_UNBIND", 0x00044503, "ioctl_evtchn_unbind"),
    (evtchn, "IOCTL_EVTCHN_NOTIFY", 0x00044504, "ioctl_evtchn_notify"),
    (evtchn, "IOCTL_EVTCHN_RESET", 0x00004505, None),
    (evtchn, "IOCTL_EVTCHN_RESTRICT_DOMID", 0x00024506, "ioctl_evtchn_restrict_domid"),
    (evtchn, "IOCTL_EVTCHN_BIND_STATIC", 0x00044507, "ioctl_evtchn_bind"),
    (gntdev, "IOCTL_GNTDEV_MAP_GRANT_REF", 0x00184700, "ioctl_gntdev_map_grant_ref"),
    (gntdev, "IOCTL_GNTDEV_UNMAP_GRANT_REF", 0x00104701, "ioctl_gntdev_unmap_grant_ref"),
    (gntdev, "IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR", 0x00184702, None),
    (gntdev, "IOCTL_GNTDEV_SET_MAX_GRANTS", 0x00044703, "ioctl_gntdev_set_max_grants"),
    (gntdev, "IOCTL_GNTDEV_SET_UNMAP_NOTIFY", 0x00104707, "ioctl_gntdev_unmap_notify"),
    (gntdev, "IOCTL_GNTDEV_GRANT_COPY", 0x00104708, "ioctl_gntdev_grant_copy"),
    (gntdev, "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS", 0x00144709, None),
    (gntdev, "IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED", 0x0008470A, None),
    (gntdev, "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS", 0x0014470B, None),
    (gntdev, "IOCTL_GNTDEV_DMABUF_IMP_RELEASE", 0x0008470C, None),
    (gntalloc, "IOCTL_GNTALLOC_ALLOC_GREF", 0x00184705, "ioctl_gntalloc_alloc_gref"),
    (gntalloc, "IOCTL_GNTALLOC_DEALLOC_GREF", 0x00104706, "ioctl_gntalloc_dealloc_gref"),
    (gntalloc, "IOCTL_GNTALLOC_SET_UNMAP_NOTIFY", 0x00104707, "ioctl_gntalloc_unmap_notify"),
    (xenbus_dev, "IOCTL_XENBUS_BACKEND_EVTCHN", 0x00004200, None),
    (xenbus_dev, "IOCTL_XENBUS_BACKEND_SETUP", 0x00004201, None),
]


@pytest.mark.parametrize(("module", "name", "number", "structure"), IOCTLS)
def test_ioctl_number_and_size(module: Any, name: str, number: int, structure: str | None) -> None:
    assert getattr(module, name) == number
    if structure is not None:
        assert sizeof(getattr(module, structure)) == number >> 16 & 0x3FFF


def test_every_ioctl_is_listed() -> None:
    listed = {name for _, name, _, _ in IOCTLS}
    for module in (privcmd, evtchn, gntdev, gntalloc, xenbus_dev):
        own = {name for name in vars(module) if name.startswith("IOCTL_")}
        assert own <= listed


# (module, structure, size, {field: offset}); both architectures.
LAYOUTS: list[tuple[str, str, int, dict[str, int]]] = [
    ("memory", "xen_memory_reservation", 32,
     {"extent_start": 0, "nr_extents": 8, "extent_order": 16, "mem_flags": 20, "domid": 24}),
    ("memory", "xen_memory_exchange", 72, {"in_": 0, "out": 32, "nr_exchanged": 64}),
    ("memory", "xen_memory_domain", 2, {"domid": 0}),
    ("memory", "xen_machphys_mfn_list", 24, {"max_extents": 0, "extent_start": 8, "nr_extents": 16}),
    ("memory", "xen_add_to_physmap", 24, {"domid": 0, "size": 2, "space": 4, "idx": 8, "gpfn": 16}),
    ("memory", "xen_add_to_physmap_batch", 32,
     {"domid": 0, "space": 2, "size": 4, "u": 6, "idxs": 8, "gpfns": 16, "errs": 24}),
    ("memory", "xen_remove_from_physmap", 16, {"domid": 0, "gpfn": 8}),
    ("memory", "xen_memory_map", 16, {"nr_entries": 0, "buffer": 8}),
    ("memory", "xen_pod_target", 40, {"target_pages": 0, "pod_entries": 24, "domid": 32}),
    ("memory", "xen_reserved_device_memory_map", 24,
     {"flags": 0, "nr_entries": 4, "buffer": 8, "dev": 16}),
    ("memory", "xen_mem_acquire_resource", 32,
     {"domid": 0, "type": 2, "id": 4, "nr_frames": 8, "pad": 12, "frame": 16, "frame_list": 24}),
    ("memory", "xen_vnuma_topology_info", 40,
     {"domid": 0, "nr_vnodes": 4, "nr_vcpus": 8, "nr_vmemranges": 12, "vdistance": 16,
      "vcpu_to_vnode": 24, "vmemrange": 32}),
    ("grant_table", "gnttab_map_grant_ref", 32,
     {"host_addr": 0, "flags": 8, "ref": 12, "dom": 16, "status": 18, "handle": 20,
      "dev_bus_addr": 24}),
    ("grant_table", "gnttab_setup_table", 24, {"dom": 0, "nr_frames": 4, "status": 8, "frame_list": 16}),
    ("grant_table", "gnttab_copy", 40, {"source": 0, "dest": 16, "len": 32, "flags": 34, "status": 36}),
    ("grant_table", "gnttab_query_size", 16,
     {"dom": 0, "nr_frames": 4, "max_nr_frames": 8, "status": 12}),
    ("grant_table", "grant_entry_v2", 16, {"full_page": 0, "transitive": 0, "spacer": 0}),
    ("version", "xen_compile_info", 144,
     {"compiler": 0, "compile_by": 64, "compile_domain": 80, "compile_date": 112}),
    ("version", "xen_feature_info", 8, {"submap_idx": 0, "submap": 4}),
    ("version", "xen_varbuf", 4, {"len": 0, "buf": 4}),
    ("hvm.hvm_op", "xen_hvm_param", 16, {"domid": 0, "pad": 2, "index": 4, "value": 8}),
    ("hvm.hvm_op", "xen_hvm_altp2m_op", 80, {"version": 0, "cmd": 4, "domain": 8, "u": 16}),
    ("hvm.dm_op", "xen_dm_op", 32, {"op": 0, "pad": 4, "u": 8}),
    ("hvm.ioreq", "buffered_iopage", 4096, {"read_pointer": 0, "write_pointer": 4, "buf_ioreq": 8}),
    ("event_channel", "evtchn_status", 24, {"dom": 0, "port": 4, "status": 8, "vcpu": 12, "u": 16}),
    ("sched", "sched_poll", 24, {"ports": 0, "nr_ports": 8, "timeout": 16}),
    ("vcpu", "vcpu_register_vcpu_info", 16, {"mfn": 0, "offset": 8, "rsvd": 12}),
    ("physdev", "physdev_map_pirq", 40, {"domid": 0, "type": 4, "entry_nr": 24, "table_base": 32}),
    ("argo", "xen_argo_ring_message_header", 16, {"len": 0, "source": 4, "message_type": 12, "data": 16}),
    ("hypfs", "xen_hypfs_dirlistentry", 16, {"e": 0, "off_next": 12, "name": 14}),
    ("xen", "multicall_entry", 64, {"op": 0, "result": 8, "args": 16}),
    ("io.xs_wire", "xsd_sockmsg", 16, {"type": 0, "req_id": 4, "tx_id": 8, "len": 12}),
    ("io.xs_wire", "xenstore_domain_interface", 2080,  # 2076 before 4.21
     {"req": 0, "rsp": 1024, "req_cons": 2048, "error": 2072, "evtchn_port": 2076}),
    ("io.console", "xencons_interface", 3092,  # 3088 before 4.21
     {"in_": 0, "out": 1024, "in_cons": 3072, "out_prod": 3084, "connection": 3088}),
    ("domctl", "xen_domctl", 144, {"cmd": 0, "interface_version": 4, "domain": 8, "u": 16}),
    ("domctl", "xen_domctl_get_domain_state", 16,
     {"state": 0, "caps": 2, "pad0": 4, "unique_id": 8}),
    ("hvm.start_info", "hvm_start_info", 56, {"magic": 0, "modlist_paddr": 16, "memmap_entries": 48}),
    ("privcmd", "privcmd_hypercall", 48, {"op": 0, "arg": 8}),
    ("privcmd", "privcmd_mmapbatch_v2", 32, {"num": 0, "dom": 4, "addr": 8, "arr": 16, "err": 24}),
    ("privcmd", "privcmd_mmap_resource", 32,
     {"dom": 0, "type": 4, "id": 8, "idx": 12, "num": 16, "addr": 24}),
    ("privcmd", "privcmd_ioeventfd", 48,
     {"ioreq": 0, "ports": 8, "addr": 16, "addr_len": 24, "event_fd": 28, "vcpus": 32, "vq": 36,
      "flags": 40, "dom": 44}),
    ("gntdev", "gntdev_grant_copy_segment", 24,
     {"source": 0, "dest": 8, "len": 16, "flags": 18, "status": 20}),
]  # fmt: skip


@pytest.mark.parametrize("arch", abi.ARCHES)
@pytest.mark.parametrize(("module", "name", "size", "offsets"), LAYOUTS)
def test_layout(arch: str, module: str, name: str, size: int, offsets: dict[str, int]) -> None:
    found: Any = abi.arch(arch)
    for part in module.split("."):
        found = getattr(found, part)
    cls = getattr(found, name)
    assert sizeof(cls) == size
    assert {field: offset_of(cls, field) for field in offsets} == offsets


def test_errno_is_asm_generic() -> None:
    import errno

    from xensys.abi import errno as xen_errno

    names = [name for name in vars(xen_errno) if name.startswith("XEN_E")]
    assert len(names) >= 49
    for name in names:
        assert getattr(xen_errno, name) == getattr(errno, name[4:])


def test_mangled_names_exist_plainly() -> None:
    from xensys.abi import xen

    assert xen.HYPERVISOR_memory_op == getattr(xen, "__HYPERVISOR_memory_op") == 12
