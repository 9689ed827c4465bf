"""Device models: ioreq servers and their pages, a live guest's accesses, eventfds, XenStore's back door.

Where this Xen has no ioreq servers, every test of one asserts ENOSYS and no more.
"""

from __future__ import annotations

import errno
import gc
import os

import pytest

import xensys
from tests.contract.accesses import Guests, serve
from tests.contract.worlds import NEVER, PATIENCE
from xensys.devices.xenbus_backend import XenbusBackend
from xensys.ioreq import sbdf


def lacks_ioreq_servers(world):
    """Whether that is so; it is asserted, then."""
    if world.target.ioreq:
        return False
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.device_model(world.paused.domid).create_ioreq_server()
    assert caught.value.errno == errno.ENOSYS
    return True


def descriptors():
    gc.collect()  # an earlier test's machine must not go in between
    return set(os.listdir("/proc/self/fd"))


# --- servers -----------------------------------------------------------------------


def test_create_map_enable_destroy(world):
    if lacks_ioreq_servers(world):
        return
    model = world.xen.device_model(world.paused.domid)
    assert model.nr_vcpus() == 1
    with model.create_ioreq_server() as server:
        assert (server.domid, server.closed, server.ports) == (world.paused.domid, False, ())
        for kind in ("port", "memory", "pci"):
            server.map_io_range(kind, 0x100, 0x107)
            with pytest.raises(xensys.XenError) as caught:
                server.map_io_range(kind, 0x107, 0x108)
            assert caught.value.errno == errno.EEXIST
            server.unmap_io_range(kind, 0x100, 0x107)
        server.map_io_range("pci", sbdf(0, 0, 5, 0), sbdf(0, 0, 5, 7))
        server.enable()
        (port,) = server.ports
        assert (port.kind, port.domid) == ("interdomain", world.paused.domid)
        assert port.remote_port > 0
        # Bound just now: one event, and no request.
        assert world.xen.events.wait(PATIENCE) == [port]
        assert server.requests() == []
        server.disable()
        server.enable()
        assert server.ports == (port,)
    assert server.closed
    assert port.closed
    assert world.mapped_ranges() == []
    with pytest.raises(xensys.XenNotFoundError):
        model.destroy_ioreq_server(server.id)


def test_server_with_a_buffered_ring(world):
    if lacks_ioreq_servers(world):
        return
    model = world.xen.device_model(world.paused.domid)
    if world.target.arch != "x86_64":
        with pytest.raises(xensys.XenError) as caught:
            model.create_ioreq_server(buffered=True)
        assert caught.value.errno == errno.EINVAL
        return
    with model.create_ioreq_server(buffered=True) as server:
        assert server.buffered_requests() == []
        server.enable()
        assert server.buffered_port.remote_port == model.get_ioreq_server_info(server.id).bufioreq_port
        assert server.buffered_port.remote_port != server.ports[0].remote_port


def test_pages_that_are_mapped_are_for_nobody_elses_memory(world):
    if lacks_ioreq_servers(world):
        return
    model = world.xen.device_model(world.paused.domid)
    with model.create_ioreq_server() as server, pytest.raises(xensys.XenError) as caught:
        model.get_ioreq_server_info(server.id, gfns=True)
    expected = errno.EPERM if world.target.arch == "x86_64" else errno.EOPNOTSUPP
    assert caught.value.errno == expected


def test_a_hundred_servers_leave_nothing(world):
    if lacks_ioreq_servers(world):
        return
    model = world.xen.device_model(world.paused.domid)
    model.create_ioreq_server().close()
    with model.create_ioreq_server() as server:
        server.enable()
        number = server.ports[0].remote_port
    before = descriptors()
    for _ in range(100):
        with model.create_ioreq_server() as server:
            server.enable()
            assert (server.id, server.ports[0].remote_port) == (0, number)
    assert descriptors() == before
    assert world.mapped_ranges() == []


def test_of_a_domain_that_never_was(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.device_model(NEVER).create_ioreq_server()
    assert caught.value.errno == (errno.ESRCH if world.target.ioreq else errno.ENOSYS)


def test_a_domain_takes_its_servers_along(world):
    if lacks_ioreq_servers(world):
        return
    with world.throwaway() as guest:
        server = world.xen.device_model(guest.domid).create_ioreq_server()
        server.enable()
        guest.destroy()
        server.close()
        assert server.closed
    assert world.mapped_ranges() == []
    assert world.wait_until_gone(guest.domid)


# --- a live guest -------------------------------------------------------------------


@pytest.fixture
def guest(world):
    return Guests(world) if world.target.ioreq else None


@pytest.fixture
def server(world, guest):
    if guest is None:
        yield None
        return
    with world.xen.device_model(guest.domid).create_ioreq_server() as made:
        made.map_io_range(guest.kind, guest.first, guest.first + 7)
        made.enable()
        yield made


def test_a_read_reaches_the_server_and_gets_its_answer(world, guest, server):
    if lacks_ioreq_servers(world):
        return
    access = guest.begin(4)
    (request,) = serve(world, server, 1)
    assert request.kind == {"port": 0, "memory": 1}[guest.kind]
    assert (request.address, request.size, request.count) == (guest.first + 4, guest.size, 1)
    assert (request.reads, request.data_is_pointer) == (True, False)
    assert not access.done
    server.answer(request, 0x5A)
    assert access.result() == 0x5A
    assert server.requests() == []


def test_a_write_reaches_the_server(world, guest, server):
    if lacks_ioreq_servers(world):
        return
    access = guest.begin(0, 0xA5)
    (request,) = serve(world, server, 1)
    assert (request.address, request.reads, request.data) == (guest.first, False, 0xA5)
    server.answer(request)
    assert access.result() == 0xA5
    with pytest.raises(ValueError, match="waits for this server's answer"):
        server.answer(request)


def test_a_guest_that_waits_goes_on_when_the_server_is_no_more(world, guest, server):
    if lacks_ioreq_servers(world):
        return
    access = guest.begin(4)
    serve(world, server, 1)
    server.close()
    mask = (1 << 8 * guest.size) - 1
    assert access.result() & mask == mask


def test_what_is_no_servers_reads_as_all_ones(world, guest, server):
    if lacks_ioreq_servers(world) or guest.kind == "memory":
        # Memory that is nobody's is a fault to an arm guest.
        return
    access = guest.begin(8)
    assert access.result() & 0xFF == 0xFF
    assert server.requests() == []


# --- eventfds ------------------------------------------------------------------------


@pytest.mark.parametrize("which", [{"irq": 33}, {"isa_irq": 5}, {"msi": (0xFEE0_0000, 0x4031)}])
def test_irqfd_in_a_kernel_built_without_it(world, which):
    before = descriptors()
    with pytest.raises(xensys.NotSupportedError) as caught:
        # The flag is for what a signal would do; this kernel takes none.
        world.xen.device_model(world.paused.domid).irqfd(**which, hazardous=True)
    # Debian 12's kernel does not know the ioctl, Debian 13's was built without it.
    assert caught.value.errno == (errno.EOPNOTSUPP if world.target.linux >= (6, 6) else errno.ENOTTY)
    assert world.xen.privcmd
    assert descriptors() == {*before, str(world.xen.privcmd.fileno())}


def test_ioeventfd_is_not_asked_of_a_pv_kernel(world):
    if lacks_ioreq_servers(world):
        return
    with world.xen.device_model(world.paused.domid).create_ioreq_server() as server:
        server.enable()
        with pytest.raises(xensys.HazardError):
            server.ioeventfd(0x200_0000, 0)
        with pytest.raises(xensys.NotSupportedError) as caught:
            server.ioeventfd(0x200_0000, 0, hazardous=True)
    assert caught.value.errno == errno.EOPNOTSUPP
    assert ("not asked" in caught.value.hint) == (not world.target.translated)


def test_gsi_of_a_device_that_pciback_has_not(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.privcmd.pcidev_get_gsi(sbdf(0, 0, 31, 7))
    if world.target.linux < (6, 12):
        expected = errno.ENOTTY
    else:
        # pciback is a module on x86, which nobody has loaded; arm's kernel has no such thing.
        expected = errno.EOPNOTSUPP if world.target.arch == "x86_64" else errno.EINVAL
    assert caught.value.errno == expected


# --- xenbus_backend --------------------------------------------------------------------


def test_xenbus_backend_has_dom0s_port_and_ring(world):
    with XenbusBackend.open(world.kernel) as backend:
        port = backend.evtchn()
        assert port > 0
        memory = world.kernel.reserve(world.kernel.page_size, writable=False)
        backend.map_over(memory)
        assert len(memory[:]) == world.kernel.page_size
        memory.close()


def test_xenbus_backend_setup_is_too_late(world):
    with XenbusBackend.open(world.kernel) as backend:
        with pytest.raises(xensys.HazardError):
            backend.setup(world.paused.domid)
        with pytest.raises(xensys.XenError) as caught:
            backend.setup(world.paused.domid, hazardous=True)
        assert caught.value.errno == errno.EEXIST


def test_xenbus_backend_has_one_page(world):
    with XenbusBackend.open(world.kernel) as backend:
        memory = world.kernel.reserve(2 * world.kernel.page_size, writable=False)
        with pytest.raises(xensys.XenError) as caught:
            backend.map_over(memory)
        assert caught.value.errno == errno.EINVAL
