"""Wrong uses of the generated modules: both checkers must refuse every marked line."""

from __future__ import annotations

import ctypes

from xensys import abi
from xensys.abi import memory, privcmd, version, xen
from xensys.abi._base import Packer
from xensys.abi.hvm import ioreq

arg = memory.xen_add_to_physmap(domid=5)
arg.gpnf = 1  # wrong: misspelt, written
print(arg.gpnf)  # wrong: misspelt, read
arg.idx = "1"  # wrong: a text for an integer
arg.idx = 1.5  # wrong: a float for an integer
arg.idx = None  # wrong: None for an integer
arg.idx = ctypes.c_uint64(1)  # wrong: ctypes' own integer
name: str = arg.idx  # wrong: reading gives an integer
memory.xen_add_to_physmap(gpnf=1)  # wrong: misspelt by keyword
memory.xen_add_to_physmap(domid="5")  # wrong: a text by keyword
memory.xen_add_to_physmap(1, 2, 3, 4, 5, 6)  # wrong: too many
memory.xen_add_to_phsymap()  # wrong: no such structure
print(memory.XENMEM_add_to_phsymap)  # wrong: no such constant
print(abi.memroy)  # wrong: no such module

reservation = memory.xen_memory_reservation()
reservation.extent_start = 0x1000  # wrong: an address for a handle
reservation.extent_start = b"1234"  # wrong: bytes for a handle
reservation.extent_start = bytearray(8)  # wrong: ordinary memory for a handle
memory.xen_memory_reservation(extent_start=0x1000)  # wrong: an address by keyword
start: int = reservation.extent_start  # wrong: may be None
exchange = memory.xen_memory_exchange()
exchange.in_.domdi = 1  # wrong: misspelt in a nested structure
exchange.in_ = 5  # wrong: an integer for a structure
exchange.out = memory.xen_memory_map()  # wrong: another structure
exchange.in_.extent_start = 5  # wrong: an address for a nested handle

call = privcmd.privcmd_hypercall()
call.arg = 5  # wrong: an integer for an array
call.arg = ["1"]  # wrong: texts for integers
call.arg[0] = "1"  # wrong: a text for an item
call.arg[0:2] = ["1", "2"]  # wrong: texts for a slice
item: str = call.arg[0]  # wrong: an item is an integer
privcmd.privcmd_hypercall(arg=5)  # wrong: an integer for an array, by keyword

info = version.xen_compile_info()
info.compiler = "gcc"  # wrong: a text for a char array
info.compiler = 5  # wrong: an integer for a char array

request = ioreq.ioreq()
request.stat = 1  # wrong: a misspelt bit-field
request.state = "1"  # wrong: a text for a bit-field
ioreq.ioreq(1, 2)  # wrong: by position past bit-fields
page = ioreq.buffered_iopage()
page.buf_ioreq[0].adr = 1  # wrong: misspelt in an array's item
text: str = page.buf_ioreq[0].addr  # wrong: an item's field is an integer

xen.vcpu_info().time = 5  # wrong: an integer for a structure
Packer(5)  # wrong: not a structure
Packer(memory.xen_add_to_physmap).pack_into(bytearray(24), 0, "1")  # wrong: a text packed
print(xen.vcpu_info().arch.cr3)  # wrong: misspelt in a structure of this architecture
abi.arch(64)  # wrong: not a name
