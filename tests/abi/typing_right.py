"""Right uses of the installed package: both checkers must accept every line."""

from __future__ import annotations

import ctypes

import xensys
from xensys import abi
from xensys.abi import (
    argo,
    callback,
    domctl,
    event_channel,
    evtchn,
    features,
    gntalloc,
    gntdev,
    grant_table,
    hypfs,
    io,
    kexec,
    memory,
    physdev,
    platform,
    pmu,
    privcmd,
    sched,
    trace,
    vcpu,
    version,
    vm_event,
    xen,
    xenbus_dev,
    xsm,
)
from xensys.abi import errno as xen_errno
from xensys.abi._base import Field, Packer, Struct, offset_of
from xensys.abi._x86_64 import xen as xen_x86_64
from xensys.abi.hvm import dm_op, hvm_op, hvm_vcpu, ioreq, params, start_info
from xensys.abi.io import blkif, console, netif, xs_wire
from xensys.memory.buffers import Buffer as HypercallBuffer
from xensys.memory.foreign import ForeignMapping, PartialMapping
from xensys.memory.resource import ResourceMapping


class Buffer:
    """As xensys' own: memory that Xen may touch."""

    def _xen_export_(self) -> ctypes.Array[ctypes.c_char]:
        return (ctypes.c_char * 8)()


class Frame:
    """What operator.index() takes."""

    def __index__(self) -> int:
        return 1


def fields() -> int:
    arg = memory.xen_add_to_physmap(domid=5, space=memory.XENMAPSPACE_gmfn, idx=1, gpfn=2)
    arg.size = 3
    arg.gpfn = arg.idx + params.HVM_PARAM_STORE_PFN
    arg.idx += 1
    arg.domid = True
    total: int = arg.domid + arg.space
    return total


def positional() -> memory.xen_add_to_physmap:
    return memory.xen_add_to_physmap(5, 0, memory.XENMAPSPACE_gmfn)


def handles(buffer: Buffer, real: HypercallBuffer) -> int | None:
    arg = memory.xen_memory_reservation(extent_start=buffer, nr_extents=1)
    arg.extent_start = None
    arg.extent_start = buffer
    arg.extent_start = real
    arg.extent_start = grant_table.gnttab_query_size()
    arg.extent_start = (ctypes.c_uint64 * 4)()
    memory.xen_memory_reservation(real)
    address: int | None = arg.extent_start
    return address


def nested() -> int:
    arg = memory.xen_memory_exchange(in_=memory.xen_memory_reservation(domid=1))
    arg.out.nr_extents = 4
    arg.out = arg.in_
    vnuma = memory.xen_vnuma_topology_info()
    vnuma.vdistance.h = None
    return arg.in_.domid + vnuma.vdistance.pad


def unions() -> int:
    status = event_channel.evtchn_status(dom=1, port=2)
    status.u.interdomain.port = 5
    inner: event_channel.evtchn_status_u = status.u
    call = dm_op.xen_dm_op(op=dm_op.XEN_DMOP_create_ioreq_server)
    call.u.create_ioreq_server.handle_bufioreq = 1
    op = hvm_op.xen_hvm_altp2m_op()
    op.u.domain_state.state = 1
    return inner.virq + call.u.create_ioreq_server.id


def anonymous() -> int:
    regs = xen.cpu_user_regs(rax=1, rbx=2)
    regs.eax = regs.rax & 0xFFFF_FFFF
    refs = gntalloc.ioctl_gntalloc_alloc_gref(domid=1, count=1)
    return regs.al + refs.gref_ids[0]


def arrays() -> list[int]:
    call = privcmd.privcmd_hypercall(op=xen.HYPERVISOR_memory_op, arg=(1, 2, 3))
    call.arg[0] = 5
    call.arg[1] = Frame()
    call.arg[1:3] = [1, 2]
    call.arg = [0] * 5
    call.arg = range(5)
    call.arg = call.arg
    first: int = call.arg[0]
    last: list[int] = call.arg[1:]
    return [first, *last, *call.arg, len(call.arg)]


def arrays_of_structures() -> int:
    page = ioreq.buffered_iopage()
    page.buf_ioreq[0] = ioreq.buf_ioreq(addr=1)
    page.buf_ioreq[0].addr = 2
    some: list[ioreq.buf_ioreq] = page.buf_ioreq[1:3]
    page.buf_ioreq = some
    page.buf_ioreq = page.buf_ioreq
    each: list[ioreq.buf_ioreq] = list(page.buf_ioreq)
    context = xen_x86_64.vcpu_guest_context()
    context.trap_ctxt[0].vector = 3
    return each[0].addr + context.gdt_frames[0]


def text() -> bytes:
    info = version.xen_compile_info(compiler=b"gcc")
    info.compile_by = b"me"
    ring = xs_wire.xenstore_domain_interface(req=b"\0" * 16)
    return info.compiler + info.compile_by + ring.req + console.xencons_interface().out


def bits() -> int:
    request = ioreq.ioreq(state=ioreq.STATE_IOREQ_READY, dir=1)
    request.df = 0
    page = ioreq.buffered_iopage()
    slot: ioreq.buf_ioreq = page.buf_ioreq[3]
    return request.state + slot.addr + page.buf_ioreq[0].type


def packing() -> bytearray:
    packer = Packer(memory.xen_add_to_physmap)
    raw = bytearray(packer.size)
    packer.pack_into(raw, 0, 1, 2, 3, 4, 5)
    packer.pack_into(memoryview(raw), 0, Frame(), 2, 3, 4, 5)
    values: tuple[int, ...] = packer.unpack_from(raw, 0)
    size: int = packer.size + len(packer.name) + len(values)
    return raw * size


def places() -> int:
    place: int = offset_of(memory.xen_add_to_physmap, "idx")
    union: int = offset_of(event_channel.evtchn_status_u, "virq")
    field: Field | None = None
    return place + union + (field.offset + field.size if field is not None else 0)


def ctypes_still_work(value: Struct) -> int:
    same = memory.xen_add_to_physmap.from_buffer_copy(bytes(24))
    shared = memory.xen_add_to_physmap.from_buffer(bytearray(24))
    equal: bool = same == shared
    return ctypes.sizeof(value) + ctypes.addressof(same) + offset_of(type(same), "idx") + equal


def lazily() -> int:
    message = abi.io.xs_wire.xsd_sockmsg(type=io.xs_wire.XS_READ, len=1)
    other = abi.arch("arm64").xen.vcpu_info()
    names: tuple[str, ...] = abi.ARCHES
    arch: str = abi.arch("x86_64").name
    return message.len + abi.memory.XENMEM_maximum_ram_page + ctypes.sizeof(other) + len(names) + len(arch)


def every_family(buffer: Buffer) -> list[int]:
    """One structure or number of each module that a hypercall or device has."""
    op = domctl.xen_domctl() if hasattr(domctl, "xen_domctl") else None
    return [
        argo.xen_argo_addr(domain_id=1, aport=2).aport,
        callback.CALLBACKOP_register,
        event_channel.evtchn_alloc_unbound(dom=1, remote_dom=2).port,
        evtchn.ioctl_evtchn_notify(port=1).port,
        features.XENFEAT_dom0,
        gntdev.ioctl_gntdev_map_grant_ref(count=1).count,
        grant_table.gnttab_copy(len=4, flags=grant_table.GNTCOPY_source_gref).status,
        hypfs.xen_hypfs_direntry(type=1).type,
        kexec.KEXEC_CMD_kexec,
        physdev.physdev_pci_device(seg=1, bus=2, devfn=3).devfn,
        platform.XENPF_settime64,
        pmu.xen_pmu_params(vcpu=1).vcpu,
        privcmd.IOCTL_PRIVCMD_HYPERCALL,
        sched.sched_shutdown(reason=sched.SHUTDOWN_poweroff).reason,
        trace.TRC_GEN,
        vcpu.vcpu_runstate_info(state=vcpu.RUNSTATE_running).state,
        vm_event.vm_event_st(reason=1).reason,
        xen_errno.XEN_ENOSYS,
        xenbus_dev.IOCTL_XENBUS_BACKEND_EVTCHN,
        xsm.flask_op.FLASK_ACCESS,
        hvm_vcpu.vcpu_hvm_context(mode=1).mode,
        start_info.hvm_start_info(nr_modules=1).nr_modules,
        blkif.blkif_request(operation=blkif.BLKIF_OP_READ).operation,
        netif.netif_tx_request(gref=1).gref,
        sched.sched_poll(ports=buffer, nr_ports=1).nr_ports,
        0 if op is None else 1,
    ]


def use(xen: xensys.Xen) -> list[object]:
    release: xensys.Version = xen.version()
    seen: frozenset[str] = xen.features()
    pages: int = xen.memory_op.maximum_ram_page() + xen.memory_op.current_reservation(1)
    value: int = xen.hvm_op.get_param(1, params.HVM_PARAM_STORE_PFN)
    frames: int = xen.grant_table_op.query_size(1).nr_frames
    words: int = xen.xen_version.get_features()
    return [release >= (4, 17), release.major, str(release), "dom0" in seen, pages, value, frames, words]


def foreign(xen: xensys.Xen) -> bytes:
    with xen.foreign.map(1, range(0x100, 0x104), write=True) as mapping:
        whole: ForeignMapping = mapping
        whole[0:4] = b"data"
        byte: int = whole[0]
        head: bytes = whole[0:4]
        with whole.view(0, 16) as view:
            head += bytes(view)
    with xen.foreign.map(1, [1, 2, 3], partial=True, timeout=None) as some:
        partial: PartialMapping = some
        head += partial[0:1]
    table: ResourceMapping = xen.resources.map(1, memory.XENMEM_resource_grant_table)
    table.close()
    return head + bytes([byte])


def buffers(xen: xensys.Xen) -> int:
    buffer = xen.buffers.alloc(64)
    arg = xen.buffers.new(memory.xen_memory_reservation)
    arg.extent_start = buffer
    array = xen.buffers.new(ctypes.c_uint64 * 4)
    arg.extent_start = array
    result: int = xen.hypercall(abi.xen.HYPERVISOR_memory_op, memory.XENMEM_populate_physmap, arg, 0)
    return result + buffer.address


def errors(xen: xensys.Xen) -> int | None:
    try:
        xen.hypercall(1, 2, 3, 4, 5, 6)
    except xensys.XenPermissionError as error:
        as_builtin: PermissionError = error
        return as_builtin.errno
    except xensys.ForeignMapError as error:
        return error.errno
    except xensys.XenError as error:
        number: int | None = error.errno
        return number
    return None


def main() -> None:
    with xensys.open(kernel=xensys.sim.Machine().dom0, timeout=1.0) as xen:
        print(use(xen), foreign(xen), buffers(xen), errors(xen), xen.simulated)
    probe: xensys.Probe = xensys.probe()
    print(probe, xensys.__version__)
