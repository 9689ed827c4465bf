"""Device models: ioreq servers, interrupts and the guest's memory types.

    with xen.device_model(domid).create_ioreq_server() as server:
        server.map_io_range("port", 0x500, 0x507)
        server.enable()
        while True:
            for port in xen.events.wait():
                for request in server.requests():
                    server.answer(request, 0x55 if request.reads else 0)
                port.unmask()

A server's requests come from Xen, and what they say from the guest. Each is
copied once, then checked, then handed out; see `xensys.ioreq.requests`.
"""

from __future__ import annotations

from xensys.ioreq.eventfds import Ioeventfd, Irqfd
from xensys.ioreq.model import DeviceModel
from xensys.ioreq.requests import BufferedIoreq, Ioreq, sbdf
from xensys.ioreq.server import IoreqServer

__all__ = ["BufferedIoreq", "DeviceModel", "Ioeventfd", "Ioreq", "IoreqServer", "Irqfd", "sbdf"]
