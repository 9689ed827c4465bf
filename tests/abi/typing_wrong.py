"""Wrong uses of the installed package: both checkers must refuse every marked line, and no other."""

from __future__ import annotations

import ctypes

import xensys
from xensys import abi
from xensys.abi import (
    event_channel,
    evtchn,
    gntdev,
    grant_table,
    memory,
    physdev,
    privcmd,
    sched,
    vcpu,
    version,
    vm_event,
    xen,
)
from xensys.abi._base import Packer, offset_of
from xensys.abi.hvm import dm_op, hvm_op, ioreq, params
from xensys.abi.io import blkif, netif, xs_wire

arg = memory.xen_add_to_physmap(domid=5)
arg.gpnf = 1  # wrong: misspelt, written
print(arg.gpnf)  # wrong: misspelt, read
arg.idx = "1"  # wrong: a text for an integer
arg.idx = b"1"  # wrong: bytes for an integer
arg.idx = 1.5  # wrong: a float for an integer
arg.idx = None  # wrong: None for an integer
arg.idx = [1]  # wrong: a list for an integer
arg.idx = ctypes.c_uint64(1)  # wrong: ctypes' own integer
arg.idx += 0.5  # wrong: a float added
name: str = arg.idx  # wrong: reading gives an integer
memory.xen_add_to_physmap(gpnf=1)  # wrong: misspelt by keyword
memory.xen_add_to_physmap(domid="5")  # wrong: a text by keyword
memory.xen_add_to_physmap("5")  # wrong: a text by position
memory.xen_add_to_physmap(1, 2, 3, 4, 5, 6)  # wrong: too many
memory.xen_add_to_physmap(1, domid=1)  # wrong: twice
memory.xen_add_to_phsymap()  # wrong: no such structure
print(memory.XENMEM_add_to_phsymap)  # wrong: no such constant
print(params.HVM_PARAM_STORE_PNF)  # wrong: no such constant in a module below hvm
constant: str = memory.XENMEM_add_to_physmap  # wrong: a constant is an integer
print(abi.memroy)  # wrong: no such module
print(abi.hvm.ioreqs)  # wrong: no such module below hvm
print(abi.io.xswire)  # wrong: no such module below io
print(abi.xsm.flask)  # wrong: no such module below xsm

reservation = memory.xen_memory_reservation()
reservation.extent_start = 0x1000  # wrong: an address for a handle
reservation.extent_start = b"1234"  # wrong: bytes for a handle
reservation.extent_start = bytearray(8)  # wrong: ordinary memory for a handle
reservation.extent_start = memoryview(b"1234")  # wrong: a view of ordinary memory
reservation.extent_start = "1234"  # wrong: a text for a handle
reservation.extent_start = ctypes.c_uint64()  # wrong: a plain ctypes integer for a handle
reservation.extent_start = reservation.extent_start  # wrong: what it reads as is an address
memory.xen_memory_reservation(extent_start=0x1000)  # wrong: an address by keyword
memory.xen_memory_reservation(0x1000)  # wrong: an address by position
sched.sched_poll(ports=[1, 2])  # wrong: a list for a handle
start: int = reservation.extent_start  # wrong: may be None
print(reservation.extent_start + 1)  # wrong: may be None, added to

exchange = memory.xen_memory_exchange()
exchange.in_.domdi = 1  # wrong: misspelt in a nested structure
exchange.in_ = 5  # wrong: an integer for a structure
exchange.in_ = None  # wrong: None for a structure
exchange.out = memory.xen_memory_map()  # wrong: another structure
exchange.in_.extent_start = 5  # wrong: an address for a nested handle
memory.xen_memory_exchange(in_=memory.xen_memory_map())  # wrong: another structure by keyword

status = event_channel.evtchn_status()
status.u.interdomain.prot = 1  # wrong: misspelt in a structure in a union
status.u.virq = "1"  # wrong: a text for a union's member
status.u = status  # wrong: a structure for a union
status.u.interdomain = status.u  # wrong: a union for a structure
print(hvm_op.xen_hvm_altp2m_op().u.domain_stat)  # wrong: misspelt member of a union
dm_op.xen_dm_op().u.create_ioreq_server.id = None  # wrong: None deep below
vnuma = memory.xen_vnuma_topology_info()
vnuma.vdistance.h = 0x1000  # wrong: an address for a handle in a union

call = privcmd.privcmd_hypercall()
call.arg = 5  # wrong: an integer for an array
call.arg = ["1"]  # wrong: texts for integers
call.arg = {1, 2}  # wrong: no order
call.arg = iter([1, 2])  # wrong: no length
call.arg = "12"  # wrong: a text for an array of integers
call.arg[0] = "1"  # wrong: a text for an item
call.arg[0] = 1.5  # wrong: a float for an item
call.arg[0] = None  # wrong: None for an item
call.arg[0:2] = ["1", "2"]  # wrong: texts for a slice
call.arg[0:2] = 5  # wrong: an integer for a slice
call.arg["0"] = 1  # wrong: a text for an index
item: str = call.arg[0]  # wrong: an item is an integer
items: int = call.arg[1:]  # wrong: a slice is a list
privcmd.privcmd_hypercall(arg=5)  # wrong: an integer for an array, by keyword
privcmd.privcmd_hypercall(op="1")  # wrong: a text by keyword, in an ioctl
privcmd.privcmd_hypercall().argument = 1  # wrong: misspelt in an ioctl

info = version.xen_compile_info()
info.compiler = "gcc"  # wrong: a text for a char array
info.compiler = 5  # wrong: an integer for a char array
info.compiler = None  # wrong: None for a char array
version.xen_compile_info(compiler="gcc")  # wrong: a text for a char array, by keyword
shown: str = info.compile_by  # wrong: a char array reads as bytes
xs_wire.xenstore_domain_interface().req = [1]  # wrong: a list for a ring

request = ioreq.ioreq()
request.stat = 1  # wrong: a misspelt bit-field
request.state = "1"  # wrong: a text for a bit-field
request.state = 1.5  # wrong: a float for a bit-field
ioreq.ioreq(1, 2)  # wrong: by position past bit-fields
ioreq.ioreq(stat=1)  # wrong: a misspelt bit-field by keyword
bit: bytes = request.df  # wrong: a bit-field is an integer

page = ioreq.buffered_iopage()
page.buf_ioreq[0].adr = 1  # wrong: misspelt in an array's item
page.buf_ioreq[0].addr = "1"  # wrong: a text in an array's item
page.buf_ioreq[0] = 5  # wrong: an integer for an item
page.buf_ioreq[0] = memory.xen_memory_map()  # wrong: another structure for an item
page.buf_ioreq[0:1] = [5]  # wrong: integers for a slice of structures
page.buf_ioreq = 5  # wrong: an integer for an array of structures
page.buf_ioreq = [5]  # wrong: integers for structures
page.buf_ioreq = [memory.xen_memory_map()]  # wrong: other structures
text: str = page.buf_ioreq[0].addr  # wrong: an item's field is an integer
other: memory.xen_memory_map = page.buf_ioreq[0]  # wrong: an item is a structure of its own

regs = xen.cpu_user_regs()
regs.raxx = 1  # wrong: misspelt in an anonymous union
regs.eax = "1"  # wrong: a text in an anonymous union
xen.cpu_user_regs(1)  # wrong: by position where unions are anonymous
xen.vcpu_info().time = 5  # wrong: an integer for a structure
print(xen.vcpu_info().arch.cr3)  # wrong: misspelt in a structure of this architecture
grant_table.gnttab_copy().source.u.ref = "1"  # wrong: a text three levels down
evtchn.ioctl_evtchn_notify(prot=1)  # wrong: misspelt in an event channel ioctl
gntdev.ioctl_gntdev_map_grant_ref().refs[0].refs = 1  # wrong: misspelt in an array of one
physdev.physdev_pci_device(devfn=None)  # wrong: None by keyword
vcpu.vcpu_runstate_info().time = 5  # wrong: an integer for an array of times
vm_event.vm_event_st().data = 5  # wrong: an integer for a union
blkif.blkif_request().sectors = 1  # wrong: misspelt in a ring's request
netif.netif_tx_request(gref="1")  # wrong: a text in a ring's request

Packer(5)  # wrong: not a structure
Packer(arg)  # wrong: a structure, not its class
Packer(memory.xen_add_to_physmap).pack_into(bytearray(24), 0, "1")  # wrong: a text packed
Packer(memory.xen_add_to_physmap).pack_into("buffer", 0, 1)  # wrong: a text to pack into
offset_of(memory.xen_add_to_physmap, 1)  # wrong: an index for a field's name
offset_of(5, "idx")  # wrong: not a structure
abi.arch(64)  # wrong: not a name

machine = xensys.open("dom0")  # wrong: not a kernel
xensys.open(timeout="1")  # wrong: a text for seconds
print(machine.verison())  # wrong: misspelt method
machine.memory_op.current_reservation("1")  # wrong: a text for a domid
machine.memory_op.maximum_ram_pages()  # wrong: misspelt hypercall
machine.hvm_op.set_param(1, params.HVM_PARAM_STORE_PFN)  # wrong: no value
machine.hvm_op.set_param(1, 1, 1, True)  # wrong: a hazard by position
machine.foreign.map(1, 5)  # wrong: one frame, not several
machine.foreign.map(1, [1], True)  # wrong: write by position
machine.foreign.map(1, [1], write=False)[0] = b"1"  # wrong: bytes for one byte
machine.buffers.alloc("64")  # wrong: a text for a size
machine.buffers.new(arg)  # wrong: a structure, not its class
machine.hypercall("memory_op")  # wrong: a name for a number
machine.hypercall(12, b"1234")  # wrong: bytes for a word
release: tuple[str, str] = machine.version()  # wrong: numbers
