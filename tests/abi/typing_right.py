"""Right uses of the generated modules: both checkers must accept every line."""

from __future__ import annotations

import ctypes

from xensys import abi
from xensys.abi import grant_table, io, memory, privcmd, version, xen
from xensys.abi._base import Packer, Struct, offset_of
from xensys.abi.hvm import ioreq, params


class Buffer:
    """As xensys' own: memory that Xen may touch."""

    def _xen_export_(self) -> ctypes.Array[ctypes.c_char]:
        return (ctypes.c_char * 8)()


def fields() -> int:
    arg = memory.xen_add_to_physmap(domid=5, space=memory.XENMAPSPACE_gmfn, idx=1, gpfn=2)
    arg.size = 3
    arg.gpfn = arg.idx + params.HVM_PARAM_STORE_PFN
    total: int = arg.domid + arg.space
    return total


def positional() -> memory.xen_add_to_physmap:
    return memory.xen_add_to_physmap(5, 0, memory.XENMAPSPACE_gmfn)


def handles(buffer: Buffer) -> int | None:
    arg = memory.xen_memory_reservation(extent_start=buffer, nr_extents=1)
    arg.extent_start = None
    arg.extent_start = buffer
    arg.extent_start = grant_table.gnttab_query_size()
    address: int | None = arg.extent_start
    return address


def nested() -> int:
    arg = memory.xen_memory_exchange(in_=memory.xen_memory_reservation(domid=1))
    arg.out.nr_extents = 4
    vnuma = memory.xen_vnuma_topology_info()
    vnuma.vdistance.h = None
    return arg.in_.domid + vnuma.vdistance.pad


def arrays() -> list[int]:
    call = privcmd.privcmd_hypercall(op=xen.HYPERVISOR_memory_op, arg=(1, 2, 3))
    call.arg[0] = 5
    call.arg[1:3] = [1, 2]
    call.arg = [0] * 5
    first: int = call.arg[0]
    return [first, *call.arg[1:], *call.arg]


def text() -> bytes:
    info = version.xen_compile_info(compiler=b"gcc")
    info.compile_by = b"me"
    return info.compiler + info.compile_by


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
    return raw


def ctypes_still_work(value: Struct) -> int:
    same = memory.xen_add_to_physmap.from_buffer_copy(bytes(24))
    return ctypes.sizeof(value) + ctypes.addressof(same) + offset_of(type(same), "idx")


def lazily() -> int:
    message = abi.io.xs_wire.xsd_sockmsg(type=io.xs_wire.XS_READ, len=1)
    other = abi.arch("arm64").xen.vcpu_info()
    return message.len + abi.memory.XENMEM_maximum_ram_page + ctypes.sizeof(other)
